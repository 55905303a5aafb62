/* SPDX-License-Identifier: MIT */
/*
 * platform_arch.h (tests/preload) - the inline half of the seam where the heap is the malloc() of a
 * process. A thread plays the hart whose slot it has (slots.h). There are no interrupts; what the
 * heap wants of them, that nobody else is this hart meanwhile, holds for all of a call.
 */
#ifndef PLATFORM_ARCH_H
#define PLATFORM_ARCH_H

#include <sched.h>
#include <stdbool.h>

#define PLATFORM_HAS_CTZ         1
#define PLATFORM_MAX_HARTS       9 /* PRELOAD_SLOTS, and the one that the others share */
#define PLATFORM_HAS_HART_RECORD 0

extern _Thread_local unsigned preload_hart;
extern _Thread_local unsigned long preload_irqs_on;

static inline unsigned long platform_irq_save(void)
{
	unsigned long state = preload_irqs_on;

	preload_irqs_on = 0;
	return state;
}

static inline void platform_irq_restore(unsigned long state)
{
	preload_irqs_on = state;
}

static inline bool platform_may_wait(void)
{
	return preload_irqs_on != 0;
}

static inline unsigned platform_hart(void)
{
	return preload_hart;
}

/* There may be fewer processors than threads. */
static inline void platform_relax(void)
{
	sched_yield();
}

static inline bool platform_panicking(void)
{
	return false;
}

#endif
