/* SPDX-License-Identifier: MIT */
/*
 * platform_arch.h (RV64) - the inline half of the seam in S-mode. tp points to the hart's record,
 * whose first word is the hart's dense index (see boot/boot_abi.h).
 */
#ifndef ACRE_PLATFORM_ARCH_H
#define ACRE_PLATFORM_ARCH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __riscv_zbb
#define PLATFORM_HAS_CTZ 1
#else
#define PLATFORM_HAS_CTZ 0
#endif

#define PLATFORM_MAX_HARTS 512

#define PLATFORM_SSTATUS_SIE 2ul

/* Set once, by the first hart that panics; read by every loop that waits. */
extern volatile bool platform_panic_flag;

/* Stop this hart, unless it is the one that panics. */
bool platform_panic_stop(void);

static inline unsigned long platform_irq_save(void)
{
	unsigned long state;

	__asm__ volatile("csrrci %0, sstatus, 2" : "=r"(state)::"memory");
	return state & PLATFORM_SSTATUS_SIE;
}

static inline void platform_irq_restore(unsigned long state)
{
	__asm__ volatile("csrs sstatus, %0" ::"r"(state) : "memory");
}

static inline unsigned platform_hart(void)
{
	const uint32_t *record;

	__asm__("mv %0, tp" : "=r"(record));
	return *record;
}

static inline void platform_relax(void)
{
	/* pause (Zihintpause); elsewhere the same encoding is a harmless fence. */
	__asm__ volatile(".4byte 0x0100000f" ::: "memory");
}

static inline bool platform_panicking(void)
{
	return __builtin_expect(platform_panic_flag, 0) && platform_panic_stop();
}

#endif
