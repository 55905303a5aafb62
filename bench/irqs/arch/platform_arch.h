/* SPDX-License-Identifier: MIT */
/*
 * platform_arch.h (bench/irqs) - the kernel's own seam, and each stretch with interrupts off is measured: from
 * where they go off to where they come back on.
 */
#ifndef BENCH_IRQS_PLATFORM_ARCH_H
#define BENCH_IRQS_PLATFORM_ARCH_H

#include "bench/irqs/watch.h"
#include "lib/compiler.h"

#define platform_irq_save    platform_irq_save_unwatched
#define platform_irq_restore platform_irq_restore_unwatched
#include "kernel/rv64/platform_arch.h"
#undef platform_irq_save
#undef platform_irq_restore

static force_inline unsigned long platform_irq_save(void)
{
	unsigned long state = platform_irq_save_unwatched();

	if (state != 0)
		irqs_watch_off(__builtin_return_address(0));
	return state;
}

static force_inline void platform_irq_restore(unsigned long state)
{
	if (state != 0)
		irqs_watch_on();
	platform_irq_restore_unwatched(state);
}

#endif
