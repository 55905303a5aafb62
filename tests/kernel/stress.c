/* SPDX-License-Identifier: MIT */
/* All harts of this machine use both allocators at once, with timers that tick: kernel/stress.h. */
#include "kernel/stress.h"

#include "tests/ktest.h"

/* Few: this runs on each machine that is tried. tests/qemu/stress.t does many. */
#define OPERATIONS 100000u

KTEST(stress, harts_and_handlers_leave_nothing_behind)
{
	struct stress_phase total = { 0 };

	EXPECT(stress_machine(OPERATIONS, ktest_random(), &total, ktest_note));
	EXPECT(total.operations >= OPERATIONS);
}
