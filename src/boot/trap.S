/* SPDX-License-Identifier: MIT */
/*
 * trap.S - save everything, call trap_handle(), restore everything.
 *
 * Trusts sscratch (the hart's record) and nothing else: sp, tp and gp may be wrong, that may be why
 * we are here. If sp is not inside the hart's stack with room for a report, the emergency stack is used.
 */
#include "boot/boot_abi.h"

	.section .text.boot, "ax"
	.balign 4
	.globl trap_entry
	.type trap_entry, @function
trap_entry:
	csrrw	t0, sscratch, t0		/* t0 = record */
	sd	sp, HART_TRAP_SP(t0)
	sd	t1, HART_TRAP_T1(t0)
	ld	t1, HART_STACK_HIGH(t0)
	bgtu	sp, t1, 1f
	ld	t1, HART_STACK_LOW(t0)
	addi	t1, t1, TRAP_ROOM
	bgeu	sp, t1, 2f
1:	ld	sp, HART_EMERGENCY_HIGH(t0)
2:	addi	sp, sp, -TRAP_FRAME_SIZE
	andi	sp, sp, -16

	sd	ra, 8*1(sp)
	ld	t1, HART_TRAP_SP(t0)
	sd	t1, 8*2(sp)
	sd	gp, 8*3(sp)
	sd	tp, 8*4(sp)
	csrrw	t1, sscratch, t0		/* the record back, the caller's t0 out */
	sd	t1, 8*5(sp)
	ld	t1, HART_TRAP_T1(t0)
	sd	t1, 8*6(sp)
	.irp n, 7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	sd	x\n, 8*\n(sp)
	.endr
	csrr	t1, sepc
	sd	t1, TRAP_FRAME_SEPC(sp)
	csrr	t1, sstatus
	sd	t1, TRAP_FRAME_SSTATUS(sp)
	csrr	t1, scause
	sd	t1, TRAP_FRAME_SCAUSE(sp)
	csrr	t1, stval
	sd	t1, TRAP_FRAME_STVAL(sp)

	mv	tp, t0
	.option push
	.option norelax
	la	gp, __global_pointer$
	.option pop
	mv	a0, sp
	call	trap_handle

	ld	t1, TRAP_FRAME_SEPC(sp)
	csrw	sepc, t1
	ld	t1, TRAP_FRAME_SSTATUS(sp)
	csrw	sstatus, t1
	.irp n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	ld	x\n, 8*\n(sp)
	.endr
	ld	sp, 8*2(sp)
	sret
	.size trap_entry, . - trap_entry

	.section .note.GNU-stack, "", @progbits
