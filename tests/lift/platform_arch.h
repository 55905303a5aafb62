/* SPDX-License-Identifier: MIT */
/*
 * platform_arch.h (lift) - the inline half of the seam for a program with one hart that never turns
 * interrupts on: each function is the least that may be said. docs/porting.md says what they are in
 * a system with more.
 */
#ifndef PLATFORM_ARCH_H
#define PLATFORM_ARCH_H

#include <stdbool.h>

/* 1 is right wherever __builtin_ctzll() is an instruction and no call; 0 works everywhere. */
#define PLATFORM_HAS_CTZ   0
#define PLATFORM_MAX_HARTS 1

/* 1 where each hart has a record with room for slots: lib/hart_slots.h. */
#define PLATFORM_HAS_HART_RECORD 0

static inline unsigned long platform_irq_save(void)
{
	return 0;
}

static inline void platform_irq_restore(unsigned long state)
{
	(void)state;
}

static inline bool platform_may_wait(void)
{
	return true;
}

static inline unsigned platform_hart(void)
{
	return 0;
}

static inline void platform_relax(void)
{
}

static inline bool platform_panicking(void)
{
	return false;
}

#endif
