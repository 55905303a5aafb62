/* SPDX-License-Identifier: MIT */
/*
 * boot_abi.h - what assembler and C must agree on: offsets into the per-hart record and the trap
 * frame, sizes of stacks. Numbers only; kernel/hart/hart.h and kernel/trap/trap_frame.h pin them by
 * static asserts.
 */
#ifndef ACRE_BOOT_BOOT_ABI_H
#define ACRE_BOOT_BOOT_ABI_H

/*
 * Memory of one hart, lowest address first. The boot hart's is in BSS, the others' come from the
 * frame pool:
 *
 *   | emergency stack | guard | stack .............. | record |
 *   0                 8 K     12 K                   28 K     32 K
 *
 * The guard is a frame of a known pattern. Without paging nothing faults on it, so it is looked at
 * whenever a hart traps, panics, stops or ends a command. The emergency stack is what a trap runs
 * on when the stack pointer has left the stack.
 */
#define HART_EMERGENCY_SIZE 0x2000
#define HART_GUARD_SIZE     0x1000
#define HART_STACK_SIZE     0x4000
#define HART_RECORD_SIZE    0x1000
#define HART_RECORD_OFFSET  (HART_EMERGENCY_SIZE + HART_GUARD_SIZE + HART_STACK_SIZE)
#define HART_AREA_SIZE      (HART_RECORD_OFFSET + HART_RECORD_SIZE)

/* struct hart; tp and sscratch point to it. platform_hart() reads the first word. */
#define HART_INDEX          0
#define HART_TRAP_SP        8
#define HART_TRAP_T1        16
#define HART_STACK_LOW      24
#define HART_STACK_HIGH     32
#define HART_EMERGENCY_HIGH 40
#define HART_ID             48
#define HART_LACKING        56

/* struct trap_frame: x1..x31 at 8 * n (slot 0 is not used), then the CSRs. */
#define TRAP_FRAME_SEPC    256
#define TRAP_FRAME_SSTATUS 264
#define TRAP_FRAME_SCAUSE  272
#define TRAP_FRAME_STVAL   280
#define TRAP_FRAME_SIZE    288

/*
 * What a trap must find free of the stack: the frame and all that the report of a panic calls,
 * which takes some 1.5 KiB. With less it runs on the emergency stack, since the report would run
 * over the end itself, and blame whom it reports. Not above 2047: it is an immediate operand.
 */
#define TRAP_ROOM 2032

/* What kernel_main() gets when instructions cannot be counted: no counter comes so far. */
#define NO_INSTRUCTION_COUNT (-1)

#endif
