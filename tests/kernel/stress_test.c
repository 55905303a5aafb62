/* SPDX-License-Identifier: MIT */
/* All harts of this machine use both allocators at once, with timers that tick: selftest/stress.h. */
#include "kernel/machine.h"
#include "selftest/stress.h"

#include "tests/support/ktest.h"

/*
 * Few: this runs on each machine that is tried. tests/boot/stress.t does many. In debug mode each takes the
 * lock, and where harts outnumber the host's cores a wait may take a time slice.
 */
#define OPERATIONS       100000u
#define OPERATIONS_DEBUG 3000u

KTEST(stress, harts_and_handlers_leave_nothing_behind)
{
	const uint64_t operations = machine.frames.debug ? OPERATIONS_DEBUG : OPERATIONS;
	struct stress_phase total = { 0 };

	EXPECT(stress_machine(operations, ktest_random(), &total, ktest_note));
	EXPECT(total.operations >= operations);
}
