/* SPDX-License-Identifier: MIT */
/*
 * harts.h - the harts of the machine: who they are, their records and stacks; starting them, waking them
 * for a function, stopping them.
 */
#ifndef ACRE_KERNEL_HARTS_H
#define ACRE_KERNEL_HARTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/boot_abi.h"
#include "fdt/fdt.h"
#include "lib/compiler.h"
#include "lib/status.h"
#include "mm/types.h"
#include "selftest/irq_stress.h"

struct trap_frame;

/* harts.c has the drawing. */
enum hart_state {
	HART_STOPPED,  /* in the firmware's hands */
	HART_CLAIMED,  /* somebody is about to start or to wake it */
	HART_STARTING, /* asked for, not seen yet */
	HART_CALLED,   /* woken for a function, not seen yet */
	HART_RUNNING,  /* in its function */
	HART_DONE,     /* the function has returned: hart_join() has not yet been told */
	HART_PARKED,   /* waits in wfi */
	HART_STOPPING, /* on its way to the firmware */
	HART_LATE,     /* the same, for longer than hart_stop() was to wait */
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
	_Atomic uint64_t
		lacking; /* boot/isa_bits.h: what it found that it lacks when it was started */

	void (*function)(void *);
	void *argument;
	struct hart *caller; /* who is told that the function has returned */

	_Atomic uint32_t work_box; /* work.c: is this hart available to the work queue? */
	bool in_work;              /* it runs a function for it */

	uint64_t nap_until; /* clock.c: when the timer is wanted for a nap, 0 if it is not */

	struct irq_stress irq_stress;
	uint64_t timer_interrupts;
	uint64_t software_interrupts;
	uint32_t panic_depth;
	bool in_handler;
	_Atomic bool has_stopped; /* for good: another hart panics */
	/* A test that wants a trap: called first, and need not return. True: that was all there is to do. */
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
	struct hart *self;

	__asm__("mv %0, tp" : "=r"(self));
	return self;
}

/* hart_guard_init - fill the guard below the stack of @hart. hart_guard_intact - is it still so? */
void hart_guard_init(struct hart *hart);
acre_nodiscard bool hart_guard_intact(const struct hart *hart);

/* hart_check_guard - panic, naming the hart, if its stack ran over. Cost: 512 loads. */
void hart_check_guard(const struct hart *hart);

/*
 * harts_init - learn from the device tree which harts there are and give each a record and stacks from
 * the frame pool. Hart 0 of the table is the one that runs this. Disabled harts are left out; harts past
 * PLATFORM_MAX_HARTS, or without memory, are left out and named. Boot only.
 */
void harts_init(const struct fdt *fdt);

/* harts_count - harts in the table, boot hart included; harts_disabled - left out by the device tree. */
unsigned harts_count(void);
unsigned harts_disabled(void);

/* hart_at - record of hart @index < harts_count(). */
struct hart *hart_at(unsigned index);

/* harts_enabled_in_tree - does the device tree have an enabled hart @id? */
bool harts_enabled_in_tree(const struct fdt *fdt, uint64_t id);

/* hart_is_up - does @hart execute our code, parked or not, so that an interrupt would reach it? A hint. */
bool hart_is_up(const struct hart *hart);

/* hart_wake - a software interrupt on @hart. Result: what the firmware says. */
long hart_wake(const struct hart *hart);

/*
 * hart_run - let hart @index (not 0) call function(argument), with interrupts on, and park: wake it where
 * it is parked, start it through HSM where it is stopped.
 * Result: ACRE_ERR_INVALID for hart 0, an index that is none, a hart that runs already or is lost; ACRE_ERR_BUSY for one
 * that hart_stop() gave up on and that has not stopped since; else what the firmware says.
 */
acre_nodiscard enum acre_status hart_run(unsigned index, void (*function)(void *), void *argument);

/*
 * hart_join - wait until the function that hart_run() gave to hart @index has returned, for at most @ms
 * milliseconds without any sign of that hart. Meanwhile this hart serves the work queue (work.h).
 * Result: ACRE_ERR_TIMEOUT if there was none; its record and stack must not be touched then. ACRE_ERR_UNSUPPORTED if
 * it cannot run this kernel (boot/isa.S) and went back at once.
 */
acre_nodiscard enum acre_status hart_join(unsigned index, uint64_t ms);

/*
 * hart_stop - give the parked hart @index back to the firmware, and its stock of frames to the others.
 * hart_run() starts it again.
 * Result: ACRE_ERR_INVALID if it is not parked; ACRE_ERR_TIMEOUT if the firmware has not got it after @ms
 * milliseconds: it stops when it can, and can be asked for again by either.
 */
acre_nodiscard enum acre_status hart_stop(unsigned index, uint64_t ms);

/*
 * harts_roll_call - start every hart: it takes a frame, gives it back and parks. Those that do not come
 * are named and lost: hart_run() refuses them. Result: how many answered, this one included.
 */
unsigned harts_roll_call(void);

/* boot_handover, hart_start_entry - entry.S. */
long boot_handover(uint64_t hart_id, const void *dtb);
void hart_start_entry(void);
acre_noreturn void hart_main(struct hart *self);

#endif
