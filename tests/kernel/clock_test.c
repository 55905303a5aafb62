/* SPDX-License-Identifier: MIT */
/* clock_test.c (kernel) - the counters of time and of instructions. */
#include "kernel/hart/clock.h"

#include "tests/support/ktest.h"

KTEST(clock, goes_forward_while_it_naps)
{
	uint64_t before = clock_ticks();

	clock_nap(2);
	/* Something else may have ended the nap, but not before it began. */
	EXPECT(clock_ticks() > before);
	EXPECT(clock_ticks_per_ms() >= 1);
}

/* Under an emulator that does not count them: never. Where they are counted: always, and exactly. */
KTEST(clock, instructions_are_counted_or_it_says_that_they_are_not)
{
	uint64_t first = 0;
	uint64_t second = 0;
	bool counted = clock_instructions_since_entry(&first);

	for (unsigned i = 0; i < 10; i++) {
		EXPECT_EQ(clock_instructions_since_entry(&second), counted);
		if (counted)
			EXPECT(second > first && second - first < 10000);
		first = second;
	}
}
