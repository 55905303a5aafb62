/* SPDX-License-Identifier: MIT */
/* start.S - from the firmware to C: a stack and an empty BSS. QEMU starts one hart here. */
	.section .text.start, "ax"
	.globl _start
_start:
	la	sp, lift_stack_top
	la	t0, lift_bss_start
	la	t1, lift_bss_end
1:	bgeu	t0, t1, 2f
	sd	zero, 0(t0)
	addi	t0, t0, 8
	j	1b
2:	tail	lift_start
