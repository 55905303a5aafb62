/* SPDX-License-Identifier: MIT */
/* background.c - a hart is given to the work, and taken back when it is asked about. */
#include "selftest/background.h"

#include <stdatomic.h>

#include "kernel/hart/hart_life.h"
#include "kernel/hart/harts.h"

#define HART_MS 20000u

static void (*work_of_worker)(void);
static unsigned worker;
static bool was_started;
static _Atomic bool has_ended;

static void work_here(void *unused)
{
	(void)unused;
	work_of_worker();
	atomic_store(&has_ended, true);
}

bool background_start(void (*work)(void))
{
	work_of_worker = work;
	atomic_store(&has_ended, false);
	for (worker = 1; worker < harts_count(); worker++) {
		was_started = hart_run(worker, work_here, NULL) == ACRE_OK;
		if (was_started)
			return true;
	}
	return false;
}

bool background_runs(void)
{
	if (was_started && atomic_load(&has_ended))
		was_started = hart_join(worker, HART_MS) != ACRE_OK;
	return was_started;
}
