/* SPDX-License-Identifier: MIT */
/* background.c - hart 1 is given to the work, and taken back when it is asked about. */
#include "selftest/background.h"

#include <stdatomic.h>

#include "kernel/hart/hart_life.h"

#define HART_MS 20000u

static void (*work_of_hart_1)(void);
static bool was_started;
static _Atomic bool has_ended;

static void work_here(void *unused)
{
	(void)unused;
	work_of_hart_1();
	atomic_store(&has_ended, true);
}

bool background_start(void (*work)(void))
{
	work_of_hart_1 = work;
	atomic_store(&has_ended, false);
	was_started = hart_run(1, work_here, NULL) == ACRE_OK;
	return was_started;
}

bool background_runs(void)
{
	if (was_started && atomic_load(&has_ended))
		was_started = hart_join(1, HART_MS) != ACRE_OK;
	return was_started;
}
