/* SPDX-License-Identifier: MIT */
/*
 * hart_life.h - run a function on another hart, wait for it, stop the hart; and the roll call at
 * boot.
 */
#ifndef ACRE_KERNEL_HART_LIFE_H
#define ACRE_KERNEL_HART_LIFE_H

#include <stdint.h>

#include "kernel/hart/hart.h"
#include "lib/attributes.h"
#include "lib/status.h"

/*
 * hart_run - let hart @index (not 0) call function(argument), with interrupts on, and park: wake it
 * where it is parked, start it through HSM where it is stopped.
 * Result: ACRE_ERR_INVALID for hart 0, an index that is none, a hart that runs already or is lost;
 * ACRE_ERR_BUSY for one that hart_stop() gave up on and that has not stopped since; else what the
 * firmware says.
 */
acre_nodiscard enum acre_status hart_run(unsigned index, void (*function)(void *), void *argument);

/*
 * hart_join - wait until the function that hart_run() gave to hart @index has returned, for at most
 * @ms milliseconds without any sign of that hart. Meanwhile this hart serves the work queue
 * (work.h).
 * Result: ACRE_ERR_INVALID for hart 0 and an index that is none; ACRE_ERR_TIMEOUT if there was
 * none; its record and stack must not be touched then. ACRE_ERR_UNSUPPORTED if it cannot run this
 * kernel (boot/isa.S) and went back to the firmware.
 */
acre_nodiscard enum acre_status hart_join(unsigned index, uint64_t ms);

/*
 * hart_stop - give the parked hart @index back to the firmware, and its stock of frames to the
 * others. hart_run() starts it again. The kernel does not call this yet: it is here for paging,
 * which stops a hart before the page tables that it uses are freed.
 * Result: ACRE_ERR_INVALID if it is not parked; ACRE_ERR_TIMEOUT if the firmware has not got it
 *         after @ms milliseconds: it stops when it can, and can be asked for again by either.
 */
acre_nodiscard enum acre_status hart_stop(unsigned index, uint64_t ms);

/*
 * harts_roll_call - start every hart: it takes a frame, gives it back and parks. Harts that do
 * not answer are reported and lost: hart_run() refuses them. Result: how many answered, this one
 * included.
 */
unsigned harts_roll_call(void);

/* boot_handover, hart_start_entry - entry.S. */
long boot_handover(uint64_t hart_id, const void *dtb);
void hart_start_entry(void);
acre_noreturn void hart_main(struct hart *self);

#endif
