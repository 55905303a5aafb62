/* SPDX-License-Identifier: MIT */
/*
 * isa.S - does this hart have what the kernel was compiled for?
 *
 * Once -march names an extension, the compiler may use it in any line of C. So the question is asked
 * before the first one, and by trying: an instruction of each extension is run with the trap vector on
 * the line after it. That needs no device tree and no memory, it is true of the very hart that asks
 * (not all harts of a machine need be alike, and a tree can be wrong), and firmware that emulates an
 * instruction is counted as having it. In a build for the base alone nothing is left of it.
 *
 * A hart need not trap on an encoding that it does not know: it counts only if the result is right. The
 * instructions are such as the scalar cryptography's Zbkb and Zbkc do not have too.
 */
#include "boot/isa_bits.h"

	/* \instruction must put \result into t0, from 2 in t2; else \bit is set in a0. */
	.macro must_have bit, result, instruction:vararg
	la	t1, .Lbehind\@
	csrw	stvec, t1
	li	t0, -1
	li	t1, \result
	\instruction
	.balign 4
.Lbehind\@:
	beq	t0, t1, .Lthere\@
	ori	a0, a0, \bit
.Lthere\@:
	.endm

	.section .text.boot, "ax"

/*
 * In a0 the bits of what is lacking, 0 if nothing. Pre: interrupts are off. No stack; clobbers t0, t1, t2
 * and stvec.
 */
	.globl isa_lacking
	.type isa_lacking, @function
isa_lacking:
	li	a0, 0
	li	t2, 2
#ifdef __riscv_zba
	must_have ISA_ZBA, 6, sh1add t0, t2, t2
#endif
#ifdef __riscv_zbb
	must_have ISA_ZBB, 1, ctz t0, t2
#endif
#ifdef __riscv_zbc
	must_have ISA_ZBC, 0, clmulr t0, t2, t2
#endif
#ifdef __riscv_zbs
	must_have ISA_ZBS, 6, bset t0, t2, t2
#endif
	ret
	.size isa_lacking, . - isa_lacking

	.section .note.GNU-stack, "", @progbits
