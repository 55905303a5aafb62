/* SPDX-License-Identifier: MIT */
/*
 * entry.S - the first instructions.
 *
 * The firmware enters _start in S-mode with a0 = hart id, a1 = device tree, satp = 0, on any hart.
 * Nothing else is known, nor where the image is: code finds everything relative to itself, and the
 * pointers in .rodata are stored here, base + offset, from the table that scripts/gen-relocations
 * makes.
 *
 * The same entry is used when one hart hands over to another (boothart=): so it relies on nothing
 * but the image's read-only parts, storing the pointers again changes nothing, and the image has no
 * initialised writable data but one word, boot_taken: which hart came first.
 *
 * It has to be known, since a hart that is started elsewhere may come in here. OpenSBI before 1.3
 * lets a hart go before it has written down where to: a hart that is just awake then goes where it
 * would have gone after reset, and that is _start. It is sent back; hart_life.c sees that and
 * starts it again.
 */
#include "boot/boot_abi.h"
#include "boot/image.h"
#include "sbi/sbi_abi.h"

#define FDT_MAGIC_OFFSET 0
#define FDT_MAGIC_SWAPPED 0xedfe0dd0
#define FDT_TOTALSIZE_OFFSET 4

#define FRAME_SHIFT 12

#define SSTATUS_SIE 2
#define SSTATUS_FS 0x6000

	.section .head, "ax"
	.option push
	.option norvc
	.globl _start
_start:
	j	boot_hart_start
	.word	0
	.dword	IMAGE_TEXT_OFFSET
	.dword	image_size
	.dword	IMAGE_FLAGS
	.word	IMAGE_VERSION
	.word	0
	.dword	0
	.dword	IMAGE_MAGIC
	.word	IMAGE_MAGIC2
	.word	0
	.option pop

/*
 * Not in BSS, which is not zero before we clear it: in the image, so that every loader sets it to 0. The
 * boot hart writes it with paging off, so that it may be among the code.
 */
	.balign 4
boot_taken:
	.word	0

	.section .text.boot, "ax"

/*
 * What every hart does first: quiet, no floating point, global pointer, what it lacks to run C (isa.S; into
 * a0), trap vector. Clobbers ra, t0, t1, t2.
 */
	.macro hart_prologue
	csrw	sie, zero
	csrci	sstatus, SSTATUS_SIE
	li	t0, SSTATUS_FS
	csrc	sstatus, t0
	.option push
	.option norelax
	la	gp, __global_pointer$
	.option pop
	call	isa_lacking
	la	t0, trap_entry
	csrw	stvec, t0
	.endm

	.globl boot_hart_start
	.type boot_hart_start, @function
boot_hart_start:
	la	t0, _start
	slli	t0, t0, 64 - FRAME_SHIFT
	bnez	t0, boot_image_misaligned
	la	t0, boot_taken
	li	t1, 1
	amoswap.w.aq t1, t1, (t0)
	bnez	t1, hart_send_back
	rdtime	s2
	mv	s0, a0
	mv	s1, a1

	/* Firmware may keep the count of instructions to itself: then this traps, to the next line. */
	la	t0, 1f
	csrw	stvec, t0
	li	s3, NO_INSTRUCTION_COUNT
	rdinstret s3

	/*
	 * Does the tree, [a1, a1 + totalsize), meet the image with its BSS? What is cleared below would be
	 * part of it. kernel_main() reports a tree that cannot be read, or is none.
	 */
	.balign 4
1:	la	t0, 2f
	csrw	stvec, t0
	lwu	t0, FDT_MAGIC_OFFSET(s1)
	li	t1, FDT_MAGIC_SWAPPED
	bne	t0, t1, 2f
	lbu	t0, FDT_TOTALSIZE_OFFSET(s1)
	slli	t0, t0, 8
	lbu	t1, FDT_TOTALSIZE_OFFSET + 1(s1)
	or	t0, t0, t1
	slli	t0, t0, 8
	lbu	t1, FDT_TOTALSIZE_OFFSET + 2(s1)
	or	t0, t0, t1
	slli	t0, t0, 8
	lbu	t1, FDT_TOTALSIZE_OFFSET + 3(s1)
	or	t0, t0, t1
	add	t0, t0, s1
	la	t1, bss_end
	bgeu	s1, t1, 2f
	la	t1, _start
	bgtu	t0, t1, boot_tree_in_image

	/* The pointers of the image: where each is, and what it points to. */
	.balign 4
2:	la	t0, relocations_start
	la	t1, relocations_end
	la	t2, _start
	j	2f
1:	lwu	t3, 0(t0)
	lwu	t4, 4(t0)
	add	t3, t3, t2
	add	t4, t4, t2
	sd	t4, 0(t3)
	addi	t0, t0, 8
2:	bltu	t0, t1, 1b

	hart_prologue
	bnez	a0, boot_hart_unfit

	/* Clear BSS: kernel.ld keeps both ends at multiples of 64. */
	la	t0, bss_start
	la	t1, bss_end
1:	sd	zero, 0(t0)
	sd	zero, 8(t0)
	sd	zero, 16(t0)
	sd	zero, 24(t0)
	sd	zero, 32(t0)
	sd	zero, 40(t0)
	sd	zero, 48(t0)
	sd	zero, 56(t0)
	addi	t0, t0, 64
	bltu	t0, t1, 1b

	/* The boot hart's record, at the end of its area. */
	la	t0, boot_hart_area
	li	t1, HART_RECORD_OFFSET
	add	tp, t0, t1
	csrw	sscratch, tp
	li	t1, HART_EMERGENCY_SIZE
	add	t1, t0, t1
	sd	t1, HART_EMERGENCY_HIGH(tp)
	li	t1, HART_EMERGENCY_SIZE + HART_GUARD_SIZE
	add	t1, t0, t1
	sd	t1, HART_STACK_LOW(tp)
	sd	tp, HART_STACK_HIGH(tp)
	sd	s0, HART_ID(tp)
	mv	sp, tp

	mv	a0, s0
	mv	a1, s1
	mv	a2, s2
	mv	a3, s3
	li	s0, 0			/* the end of every backtrace */
	li	ra, 0
	call	kernel_main
	unimp				/* it does not return */
	.size boot_hart_start, . - boot_hart_start

/* Nothing was written, so that a debugger finds all of it. One line, and the hart stops. */
	.type boot_image_misaligned, @function
boot_image_misaligned:
	la	s0, boot_misaligned_message
	j	boot_refuse
	.size boot_image_misaligned, . - boot_image_misaligned

	.type boot_tree_in_image, @function
boot_tree_in_image:
	la	s0, boot_tree_message
	.size boot_tree_in_image, . - boot_tree_in_image

/* s0: the line. By the console of SBI 2.0, or, where that is not, by the one before. */
	.type boot_refuse, @function
boot_refuse:
	lbu	a0, 0(s0)
	beqz	a0, hart_send_back
	mv	s1, a0
	li	a6, SBI_DBCN_WRITE_BYTE
	li	a7, SBI_EID_DBCN
	ecall
	beqz	a0, 1f
	mv	a0, s1
	li	a7, SBI_EID_LEGACY_CONSOLE_PUTCHAR
	ecall
1:	addi	s0, s0, 1
	j	boot_refuse
	.size boot_refuse, . - boot_refuse

/* It says why, on a stack in memory that was not cleared, and a trap just ends it. */
	.type boot_hart_unfit, @function
boot_hart_unfit:
	la	t0, hart_park
	csrw	stvec, t0
	la	t0, boot_hart_area
	li	t1, HART_AREA_SIZE
	add	sp, t0, t1
	mv	a1, a0
	mv	a0, s0
	call	isa_refuse
	unimp
	.size boot_hart_unfit, . - boot_hart_unfit

/* Another hart, started through HSM: a0 = hart id, a1 = its record, filled in by harts.c. */
	.globl hart_start_entry
	.type hart_start_entry, @function
hart_start_entry:
	mv	tp, a1
	hart_prologue
	bnez	a0, hart_unfit
	csrw	sscratch, tp
	ld	sp, HART_STACK_HIGH(tp)
	li	s0, 0
	li	ra, 0
	mv	a0, tp
	call	hart_main
	unimp
	.size hart_start_entry, . - hart_start_entry

/* The hart that waits for it finds this, and that it has stopped. */
	.type hart_unfit, @function
hart_unfit:
	sd	a0, HART_LACKING(tp)
	fence	rw, w
	j	hart_send_back
	.size hart_unfit, . - hart_unfit

/*
 * long boot_handover(uint64_t hart_id, const void *dtb)
 *
 * Start over at _start on another hart and stop this one. Returns an SBI error if that hart cannot be
 * started. Uses no stack: the other hart clears it under our feet.
 */
	.globl boot_handover
	.type boot_handover, @function
boot_handover:
	csrci	sstatus, SSTATUS_SIE
	la	t0, boot_taken
	fence	rw, w
	sw	zero, 0(t0)
	mv	a2, a1
	la	a1, _start
	li	a6, SBI_HSM_HART_START
	li	a7, SBI_EID_HSM
	ecall
	beqz	a0, hart_send_back
	la	t0, boot_taken		/* a call of the firmware keeps a0 and a1 alone */
	li	t1, 1
	sw	t1, 0(t0)
	ret
	.size boot_handover, . - boot_handover

/* Back into the firmware's hands. */
	.type hart_send_back, @function
hart_send_back:
	li	a6, SBI_HSM_HART_STOP
	li	a7, SBI_EID_HSM
	ecall
	.balign 4
hart_park:
	wfi
	j	hart_park
	.size hart_send_back, . - hart_send_back

	.section .rodata, "a"
boot_misaligned_message:
	.asciz	"\r\nacre: the kernel lies at an address that is no multiple of 4096: load it elsewhere\r\n"
boot_tree_message:
	.asciz	"\r\nacre: the device tree lies in the memory of the kernel: load it elsewhere\r\n"

	.section .bss.boot_hart_area, "aw", @nobits
	.balign 4096
	.globl boot_hart_area
boot_hart_area:
	.zero	HART_AREA_SIZE

	.section .note.GNU-stack, "", @progbits
