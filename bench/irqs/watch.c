/* SPDX-License-Identifier: MIT */
/*
 * watch.c - called where interrupts go off and come on: by the seam (arch/platform_arch.h), and by
 * the hart's trap_hook.
 *
 * What is counted besides is this: a call and a return, some ten instructions a stretch.
 */
#include "bench/irqs/watch.h"

#include <stddef.h>

#include "kernel/hart/csr.h"
#include "kernel/hart/hart.h"
#include "kernel/trap/traps.h"
#include "lib/platform.h"

/* trap.S, in and out again, one by one. */
#define TRAP_INSTRUCTIONS 94u

static struct irqs_stretch longest;
static uint64_t since;
static const void *at;
static uint64_t count;

static void note(uint64_t instructions, uint64_t site)
{
	count++;
	if (instructions > longest.instructions)
		longest = (struct irqs_stretch){ .instructions = instructions, .site = site };
}

void irqs_watch_reset(void)
{
	longest = (struct irqs_stretch){ .instructions = 0 };
	count = 0;
}

struct irqs_stretch irqs_watch_longest(void)
{
	longest.count = count;
	return longest;
}

void irqs_watch_off(const void *site)
{
	at = site;
	since = csr_read(instret);
}

void irqs_watch_on(void)
{
	if (at != NULL)
		note(csr_read(instret) - since, (uint64_t)at);
	at = NULL;
}

/*
 * Interrupts come on again after trap_handle() has returned: all that it does is one stretch,
 * whatever is locked in it.
 */
static bool watch_trap(struct trap_frame *frame)
{
	uint64_t began = csr_read(instret);

	hart_self()->trap_hook = NULL;
	trap_handle(frame);
	hart_self()->trap_hook = watch_trap;
	note(csr_read(instret) - began + TRAP_INSTRUCTIONS, frame->sepc);
	return true;
}

void irqs_watch_traps(void)
{
	hart_self()->trap_hook = watch_trap;
}
