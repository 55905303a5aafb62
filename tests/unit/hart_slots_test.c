/* SPDX-License-Identifier: MIT */
/*
 * hart_slots_test.c (cases) - slots in an array, as one hart sees them. What other harts get is in
 * tests/host/hart_slots_host.c.
 */
#include "lib/hart_slots.h"

#include "tests/support/ktest.h"

#define COUNT 4u

struct slot {
	uint64_t word[5];
};

KTEST(hart_slots, of_an_array_lie_a_stride_apart)
{
	struct slot array[COUNT];
	struct hart_slots slots = hart_slots_array(array, sizeof(struct slot), COUNT);

	for (unsigned hart = 0; hart < COUNT; hart++)
		EXPECT(hart_slots_of(&slots, hart) == &array[hart]);
	slots = hart_slots_array(array, 2 * sizeof(struct slot), COUNT / 2);
	for (unsigned hart = 0; hart < COUNT / 2; hart++)
		EXPECT(hart_slots_of(&slots, hart) == &array[2 * hart]);
}

KTEST(hart_slots, past_the_array_are_none)
{
	struct slot array[COUNT];
	struct slot spare;
	struct hart_slots slots = hart_slots_array(array, sizeof(struct slot), COUNT);

	EXPECT(hart_slots_of(&slots, COUNT) == NULL);
	EXPECT(hart_slots_of(&slots, UINT32_MAX) == NULL);
	slots.spare = &spare;
	EXPECT(hart_slots_of(&slots, COUNT) == NULL);
	EXPECT(hart_slots_of(&slots, UINT32_MAX) == NULL);
}

KTEST(hart_slots, of_an_instance_are_its_own)
{
	struct slot a[COUNT];
	struct slot b[COUNT];
	struct hart_slots of_a = hart_slots_array(a, sizeof(struct slot), COUNT);
	struct hart_slots of_b = hart_slots_array(b, sizeof(struct slot), COUNT);

	EXPECT(hart_slots_own(&of_a) == &a[platform_hart()]);
	EXPECT(hart_slots_own(&of_b) == &b[platform_hart()]);
	EXPECT(hart_slots_are_near(&of_a) == !PLATFORM_HAS_HART_RECORD);
	if (hart_slots_are_near(&of_a))
		EXPECT(hart_slots_near(&of_a) == &a[platform_hart()]);
}

KTEST(hart_slots, without_an_array_the_spare_is_everyones)
{
	struct slot spare;
	struct hart_slots slots = hart_slots_array(NULL, 0, 0);

	slots.spare = &spare;
	EXPECT(hart_slots_own(&slots) == &spare);
	EXPECT(hart_slots_of(&slots, platform_hart()) == NULL);
}
