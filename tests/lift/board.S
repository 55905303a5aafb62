/* SPDX-License-Identifier: MIT */
/* board.S - the compiled tree of board.dts, for any processor. */
	.section .rodata
	.balign	8
	.globl	lift_dtb, lift_dtb_end
lift_dtb:
	.incbin	"board.dtb"
lift_dtb_end:
	.section .note.GNU-stack, "", %progbits
