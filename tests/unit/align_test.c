/* SPDX-License-Identifier: MIT */
/* align_test.c (cases) - rounding and checked arithmetic at the edges of 64 bits. */
#include "lib/align.h"

#include "tests/support/ktest.h"

#define TOP UINT64_MAX

KTEST(align, powers_of_two_are_known)
{
	EXPECT(!is_power_of_two(0));
	for (unsigned i = 0; i < 64; i++) {
		EXPECT(is_power_of_two(1ull << i));
		if (i >= 2) {
			EXPECT(!is_power_of_two((1ull << i) - 1));
			EXPECT(!is_power_of_two((1ull << i) + 1));
		}
	}
	EXPECT(!is_power_of_two(TOP));
}

KTEST(align, rounding_agrees_with_division)
{
	for (unsigned round = 0; round < 2000; round++) {
		uint64_t align = 1ull << ktest_below(40);
		uint64_t x = ktest_random() >> ktest_below(64);
		uint64_t down = x / align * align;
		uint64_t up = 0;
		EXPECT_EQ(align_down(x, align), down);
		EXPECT_EQ(is_aligned(x, align), x % align == 0);
		if (down == x || down <= TOP - align) {
			EXPECT(align_up_checked(x, align, &up));
			EXPECT_EQ(up, down == x ? x : down + align);
		} else {
			EXPECT(!align_up_checked(x, align, &up));
		}
	}
}

KTEST(align, everything_is_a_multiple_of_one)
{
	uint64_t up = 0;

	EXPECT(is_aligned(TOP, 1));
	EXPECT_EQ(align_down(TOP, 1), TOP);
	EXPECT(align_up_checked(TOP, 1, &up));
	EXPECT_EQ(up, TOP);
}

KTEST(align, rounding_up_stops_short_of_2_to_the_64)
{
	for (unsigned i = 1; i < 64; i++) {
		uint64_t align = 1ull << i;
		uint64_t last = 0 - align; /* the largest multiple */
		uint64_t up = 7;
		EXPECT_EQ(align_down(TOP, align), last);
		EXPECT(align_up_checked(last, align, &up));
		EXPECT_EQ(up, last);
		EXPECT(align_up_checked(last - 1, align, &up));
		EXPECT_EQ(up, last);
		up = 7;
		EXPECT(!align_up_checked(last + 1, align, &up));
		EXPECT(!align_up_checked(TOP, align, &up));
		EXPECT_EQ(up, 7); /* untouched */
	}
}

KTEST(align, zero_is_a_multiple_of_everything)
{
	for (unsigned i = 0; i < 64; i++) {
		uint64_t up = 7;
		EXPECT(is_aligned(0, 1ull << i));
		EXPECT_EQ(align_down(0, 1ull << i), 0);
		EXPECT(align_up_checked(0, 1ull << i, &up));
		EXPECT_EQ(up, 0);
	}
}

KTEST(align, sums_that_do_not_fit_are_refused)
{
	uint64_t sum = 7;

	EXPECT(!add_checked(TOP, 1, &sum));
	EXPECT(!add_checked(1, TOP, &sum));
	EXPECT(!add_checked(TOP, TOP, &sum));
	EXPECT(!add_checked(1ull << 63, 1ull << 63, &sum));
	EXPECT_EQ(sum, 7);
	EXPECT(add_checked(TOP, 0, &sum));
	EXPECT_EQ(sum, TOP);
	EXPECT(add_checked(TOP - 1, 1, &sum));
	EXPECT_EQ(sum, TOP);
	EXPECT(add_checked(0, 0, &sum));
	EXPECT_EQ(sum, 0);
}

KTEST(align, products_that_do_not_fit_are_refused)
{
	uint64_t product = 7;

	EXPECT(!mul_checked(TOP, 2, &product));
	EXPECT(!mul_checked(2, TOP, &product));
	EXPECT(!mul_checked(1ull << 32, 1ull << 32, &product));
	EXPECT(!mul_checked(TOP, TOP, &product));
	EXPECT(!mul_checked(3, 0x5555555555555556, &product));
	EXPECT_EQ(product, 7);
	EXPECT(mul_checked(3, 0x5555555555555555, &product));
	EXPECT_EQ(product, TOP);
	EXPECT(mul_checked(1ull << 32, UINT32_MAX, &product));
	EXPECT_EQ(product, 0xffffffff00000000);
	EXPECT(mul_checked(0, TOP, &product));
	EXPECT_EQ(product, 0);
	EXPECT(mul_checked(TOP, 0, &product));
	EXPECT_EQ(product, 0);
	EXPECT(mul_checked(TOP, 1, &product));
	EXPECT_EQ(product, TOP);
}
