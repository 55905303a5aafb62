/* SPDX-License-Identifier: MIT */
/*
 * hart.h - the record of a hart, which tp and sscratch point to, and the states that a hart goes
 * through.
 */
#ifndef ACRE_KERNEL_HART_H
#define ACRE_KERNEL_HART_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/boot_abi.h"
#include "lib/platform.h"

struct trap_frame;

/* hart_life.c has the drawing. */
enum hart_state {
	HART_STOPPED,  /* in the firmware's hands */
	HART_CLAIMED,  /* another hart is about to start or to wake it */
	HART_STARTING, /* asked for, not seen yet */
	HART_CALLED,   /* woken for a function, not seen yet */
	HART_RUNNING,  /* in its function */
	HART_DONE,     /* the function has returned: hart_join() has not yet been told */
	HART_PARKED,   /* waits in wfi */
	HART_STOPPING, /* on its way to the firmware */
	HART_LATE,     /* stopping, for longer than hart_stop() was to wait */
	HART_LOST,     /* did not answer: never started again */
};

/* One frame at the end of the hart's area; tp and sscratch point to it (boot/boot_abi.h). */
struct hart {
	uint32_t index; /* dense: 0 is the boot hart */
	_Atomic uint32_t state;
	uint64_t trap_sp; /* two words for trap.S */
	uint64_t trap_t1;
	uint64_t stack_low;
	uint64_t stack_high;
	uint64_t emergency_high;
	uint64_t id; /* the hart id of the firmware: may be sparse and large */
	/* What this hart found that it lacks when it was started: boot/isa_bits.h. */
	_Atomic uint64_t lacking;

	void (*function)(void *);
	void *argument;
	struct hart *caller; /* who is told that the function has returned */

	_Atomic uint32_t work_box; /* work.c: is this hart available to the work queue? */
	bool in_work;              /* it runs a function for it */

	uint64_t nap_until; /* clock.c: when the timer is wanted for a nap, 0 if it is not */

	uint64_t timer_interrupts;
	uint64_t software_interrupts;
	uint32_t panic_depth;
	bool in_handler;
	_Atomic bool has_stopped; /* permanently: another hart panics */
	/*
	 * A test that wants this hart's traps: called before anything else, and need not return.
	 * True: done.
	 */
	bool (*trap_hook)(struct trap_frame *frame);
};

_Static_assert(offsetof(struct hart, index) == HART_INDEX, "boot_abi.h");
_Static_assert(offsetof(struct hart, trap_sp) == HART_TRAP_SP, "boot_abi.h");
_Static_assert(offsetof(struct hart, trap_t1) == HART_TRAP_T1, "boot_abi.h");
_Static_assert(offsetof(struct hart, stack_low) == HART_STACK_LOW, "boot_abi.h");
_Static_assert(offsetof(struct hart, stack_high) == HART_STACK_HIGH, "boot_abi.h");
_Static_assert(offsetof(struct hart, emergency_high) == HART_EMERGENCY_HIGH, "boot_abi.h");
_Static_assert(offsetof(struct hart, id) == HART_ID, "boot_abi.h");
_Static_assert(offsetof(struct hart, lacking) == HART_LACKING, "boot_abi.h");
_Static_assert(sizeof(struct hart) <= HART_RECORD_SIZE, "boot_abi.h");

/* hart_self - the record of the hart that asks. */
static inline struct hart *hart_self(void)
{
	return platform_hart_record();
}

#endif
