/* SPDX-License-Identifier: MIT */
/* hart_slots_host.c - each hart of an array finds its own slot, and those past it the spare one. */
#include "lib/hart_slots.h"

#include "tests/support/ktest.h"

#define COUNT 5u

KTEST(hart_slots, that_a_hart_finds_are_its_own)
{
	uint64_t array[COUNT][3];
	uint64_t spare;
	struct hart_slots slots = hart_slots_array(array, sizeof(array[0]), COUNT);

	slots.spare = &spare;
	for (host_hart = 0; host_hart < COUNT; host_hart++) {
		EXPECT(hart_slots_own(&slots) == array[host_hart]);
		EXPECT(hart_slots_own(&slots) == hart_slots_of(&slots, host_hart));
	}
	for (; host_hart < PLATFORM_MAX_HARTS; host_hart++)
		EXPECT(hart_slots_own(&slots) == &spare);
	host_hart = 0;
}
