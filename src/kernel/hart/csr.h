/* SPDX-License-Identifier: MIT */
/*
 * csr.h - supervisor registers and the bits of them that the kernel uses (Privileged Architecture,
 * chapter 'Supervisor-Level ISA').
 */
#ifndef ACRE_KERNEL_CSR_H
#define ACRE_KERNEL_CSR_H

#include <stdint.h>

#define SSTATUS_SIE (1ul << 1)

/* Bits of sie and sip, and the interrupt causes. */
#define IRQ_SOFT     1u
#define IRQ_TIMER    5u
#define IRQ_EXTERNAL 9u

#define SCAUSE_INTERRUPT (1ull << 63)

#define csr_read(name)                                                                             \
	({                                                                                         \
		uint64_t value_;                                                                   \
		__asm__ volatile("csrr %0, " #name : "=r"(value_)::"memory");                      \
		value_;                                                                            \
	})
#define csr_set(name, bits)   __asm__ volatile("csrs " #name ", %0" ::"r"(bits) : "memory")
#define csr_clear(name, bits) __asm__ volatile("csrc " #name ", %0" ::"r"(bits) : "memory")

static inline void wait_for_interrupt(void)
{
	__asm__ volatile("wfi" ::: "memory");
}

#endif
