/* SPDX-License-Identifier: MIT */
/*
 * ecall.h - the one door to the firmware. ecall.c is the only assembler in src/sbi; on the host a
 * fake firmware (tests/host/fake_ecall.c) answers the same two functions.
 */
#ifndef ACRE_SBI_ECALL_H
#define ACRE_SBI_ECALL_H

/* Section 3 passes 64-bit values in one register: this code is for RV64 (and 64-bit hosts). */
_Static_assert(sizeof(long) == 8, "an XLEN of 64 bits is assumed");

/* What a call returns: @error in a0 (SBI_SUCCESS or SBI_ERR_*), @value in a1. */
struct sbi_ret {
	long error;
	unsigned long value;
};

/*
 * sbi_ecall - call function @fid of extension @eid.
 * Result: a0 and a1 as the firmware left them; @value means nothing when @error is not 0, unless
 *         the function's section says so. Any hart, any interrupt state. Memory may have changed.
 * Source: SBI v3.0 chapter 3.
 */
struct sbi_ret sbi_ecall(unsigned long eid, unsigned long fid, unsigned long a0, unsigned long a1,
			 unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);

/*
 * sbi_ecall_legacy - call the legacy extension @eid, which knows neither function ids nor a1.
 * Result: a0: 0 or a negative error of the implementation's choice; getchar: the byte or -1.
 * Source: SBI v3.0 chapter 5.
 */
long sbi_ecall_legacy(unsigned long eid, unsigned long a0, unsigned long a1, unsigned long a2,
		      unsigned long a3);

#endif
