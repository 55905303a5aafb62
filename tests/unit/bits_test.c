/* SPDX-License-Identifier: MIT */
#include "lib/bits.h"

#include "tests/support/ktest.h"

KTEST(bits, ctz_and_log2_find_every_bit)
{
	for (unsigned i = 0; i < 64; i++) {
		EXPECT_EQ(bits_ctz(1ull << i), i);
		EXPECT_EQ(bits_ctz(UINT64_MAX << i), i);
		EXPECT_EQ(bits_log2(1ull << i), i);
		EXPECT_EQ(bits_log2(UINT64_MAX >> i), 63 - i);
	}
}

KTEST(bits, agree_with_a_bit_by_bit_count)
{
	for (unsigned round = 0; round < 1000; round++) {
		uint64_t x = ktest_random();
		unsigned count = 0, lowest = 64, highest = 0;

		x &= ktest_random(); /* fewer bits set, longer runs of zeros */
		if (x == 0)
			continue;
		for (unsigned i = 0; i < 64; i++) {
			if ((x >> i & 1) == 0)
				continue;
			count++;
			highest = i;
			if (lowest == 64)
				lowest = i;
		}
		EXPECT_EQ(bits_count(x), count);
		EXPECT_EQ(bits_ctz(x), lowest);
		EXPECT_EQ(bits_log2(x), highest);
	}
	EXPECT_EQ(bits_count(0), 0);
}

KTEST(bits, mask_of_every_length_at_every_place)
{
	for (unsigned first = 0; first < 64; first++) {
		for (unsigned count = 0; first + count <= 64; count++) {
			uint64_t want = 0;
			for (unsigned i = 0; i < count; i++)
				want |= 1ull << (first + i);
			EXPECT_EQ(bits_mask(first, count), want);
		}
	}
}

KTEST(bits, log2_ceil_rounds_up)
{
	EXPECT_EQ(bits_log2_ceil(1), 0);
	for (unsigned i = 1; i < 63; i++) {
		EXPECT_EQ(bits_log2_ceil(1ull << i), i);
		EXPECT_EQ(bits_log2_ceil((1ull << i) + 1), i + 1);
	}
}
