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

#define PLATFORM_HAS_HART_RECORD 1

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

/* Handlers run with interrupts off. */
static inline bool platform_may_wait(void)
{
	unsigned long state;

	__asm__ volatile("csrr %0, sstatus" : "=r"(state));
	return (state & PLATFORM_SSTATUS_SIE) != 0;
}

static inline void *platform_hart_record(void)
{
	return __builtin_thread_pointer(); /* tp */
}

/* The record of hart @hart; NULL if there is no such hart, or it has none. */
void *platform_hart_record_of(unsigned hart);

static inline unsigned platform_hart(void)
{
	return *(const uint32_t *)platform_hart_record();
}

/* One instruction; gcc 12 puts a fence before it. */
#define PLATFORM_HAS_OR_RELEASE

static inline uint64_t platform_or_release(_Atomic uint64_t *word, uint64_t bits)
{
	uint64_t old;

	__asm__ volatile("amoor.d.rl %0, %2, %1" : "=r"(old), "+A"(*word) : "r"(bits) : "memory");
	return old;
}

/* gcc 12 makes an atomic store an AMO. */
#define PLATFORM_HAS_PLAIN_STORE

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
