/* SPDX-License-Identifier: MIT */
/*
 * platform_arch.h (host) - the inline half of the seam for tests on the developer's machine. A
 * thread plays a hart: it sets host_hart; interrupts are a counter that tests can look at.
 */
#ifndef PLATFORM_ARCH_H
#define PLATFORM_ARCH_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define PLATFORM_HAS_CTZ         1
#define PLATFORM_MAX_HARTS       64
#define PLATFORM_HAS_HART_RECORD 0

extern _Thread_local unsigned host_hart;
extern _Thread_local unsigned long host_irq_enabled;
extern atomic_bool host_panicking;      /* set by tests: another hart panics */
extern void (*host_irqs_on_hook)(void); /* by tests of one thread: interrupts have come on */
extern void (*host_write_hook)(const char *text, size_t len); /* by tests: gets what is printed */

static inline unsigned long platform_irq_save(void)
{
	unsigned long state = host_irq_enabled;

	host_irq_enabled = 0;
	return state;
}

static inline void platform_irq_restore(unsigned long state)
{
	host_irq_enabled = state;
	if (state != 0 && host_irqs_on_hook != NULL)
		host_irqs_on_hook();
}

static inline bool platform_may_wait(void)
{
	return host_irq_enabled != 0;
}

static inline unsigned platform_hart(void)
{
	return host_hart;
}

static inline void platform_relax(void)
{
	sched_yield(); /* there may be fewer processors than harts */
}

static inline bool platform_panicking(void)
{
	return atomic_load(&host_panicking);
}

#endif
