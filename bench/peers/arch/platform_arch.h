/* SPDX-License-Identifier: MIT */
/*
 * platform_arch.h (bench/peers) - the inline half of the seam for a benchmark on the host: a thread
 * plays a hart. As on the kernel's side each of these is an instruction or two, so that what is
 * measured is the allocator.
 */
#ifndef PLATFORM_ARCH_H
#define PLATFORM_ARCH_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#define PLATFORM_HAS_CTZ         1
#define PLATFORM_MAX_HARTS       64
#define PLATFORM_HAS_HART_RECORD 0

extern _Thread_local unsigned host_hart;
extern _Thread_local unsigned long host_irq_enabled;
extern atomic_bool host_panicking;

static inline unsigned long platform_irq_save(void)
{
	unsigned long state = host_irq_enabled;

	host_irq_enabled = 0;
	return state;
}

static inline void platform_irq_restore(unsigned long state)
{
	host_irq_enabled = state;
}

static inline bool platform_may_wait(void)
{
	return host_irq_enabled != 0;
}

static inline unsigned platform_hart(void)
{
	return host_hart;
}

/* A hart has its processor to itself and a thread has not: the holder may be off it. */
static inline void platform_relax(void)
{
	static _Thread_local unsigned waits;

#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
	if (++waits % 256 == 0)
		sched_yield();
}

static inline bool platform_panicking(void)
{
	return atomic_load_explicit(&host_panicking, memory_order_relaxed);
}

#endif
