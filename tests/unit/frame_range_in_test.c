/* SPDX-License-Identifier: MIT */
/* Runs in a part of memory: the lowest that fits there, as a look at each frame says. */
#include "lib/align.h"
#include "lib/compiler.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "tests/support/frame_room.h"
#include "tests/support/ktest.h"

#define BANKS 3u

static const frame_nr_t bank_first[BANKS] = { 0, 0x300, 0xa11 };
static const frame_count_t bank_frames[BANKS] = { 0x2f7, 0x711, 0x400 };

static struct frame_pool *three_banks(void)
{
	struct frame_pool *pool = ktest_alloc(sizeof(*pool), 64);

	REQUIRE_EQ(frame_pool_init_in(pool, 0, ktest_alloc(sizeof(struct frame_room), 64)),
		   ACRE_OK);
	for (unsigned b = 0; b < BANKS; b++) {
		size_t bytes = frame_metadata_bytes(bank_frames[b]);
		REQUIRE_EQ(frame_pool_add_bank(pool, bank_first[b], bank_frames[b],
					       ktest_alloc(bytes, 8), bytes),
			   ACRE_OK);
		REQUIRE_EQ(frame_insert(pool, bank_first[b], bank_frames[b]), ACRE_OK);
	}
	return pool;
}

static bool is_run(struct frame_pool *pool, frame_nr_t pfn, frame_count_t n)
{
	for (unsigned b = 0; b < BANKS; b++) {
		if (pfn < bank_first[b] || pfn + n > bank_first[b] + bank_frames[b])
			continue;
		for (frame_count_t i = 0; i < n; i++) {
			if (!frame_is_free(pool, pfn + i))
				return false;
		}
		return true;
	}
	return false;
}

static frame_nr_t lowest_run(struct frame_pool *pool, frame_count_t n, frame_count_t align,
			     frame_nr_t low, frame_nr_t high)
{
	for (frame_nr_t pfn = low + (-low & (align - 1)); pfn + n <= high; pfn += align) {
		if (is_run(pool, pfn, n))
			return pfn;
	}
	return FRAME_NONE;
}

static frame_nr_t range_in(struct frame_pool *pool, frame_count_t n, frame_count_t align,
			   frame_nr_t low, frame_nr_t high)
{
	return frame_alloc_range_in(pool, n, align << FRAME_SHIFT, low, high);
}

KTEST(frame_range_in, takes_the_lowest_run_of_its_part)
{
	struct frame_pool *pool = three_banks();
	unsigned found = 0;

	for (unsigned i = 0; i < 2000; i++) {
		frame_nr_t low = ktest_random() % 0xf00;
		frame_nr_t high = low + ktest_random() % 0x800;
		frame_count_t n = 1 + ktest_random() % (i % 2 != 0 ? 9 : 700);
		frame_count_t align = (frame_count_t)1 << ktest_random() % 7;
		frame_nr_t wanted = lowest_run(pool, n, align, low, high);
		frame_nr_t pfn = range_in(pool, n, align, low, high);

		REQUIRE_EQ(pfn, wanted);
		found += pfn != FRAME_NONE;
		if (pfn != FRAME_NONE && ktest_random() % 4 != 0)
			REQUIRE_EQ(frame_free_range(pool, pfn + n / 4, n - n / 4), ACRE_OK);
	}
	EXPECT(found > 500);
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame_range_in, that_there_is_none_says_nothing_of_other_parts)
{
	struct frame_pool *pool = three_banks();

	EXPECT_EQ(range_in(pool, 10, 1, 0, 9), FRAME_NONE);
	EXPECT_EQ(range_in(pool, 10, 1, 0x2f0, 0x309), FRAME_NONE);
	EXPECT_EQ(range_in(pool, 10, 1, 5, 5), FRAME_NONE);
	EXPECT_EQ(range_in(pool, 10, 1, 0x5000, FRAME_LIMIT), FRAME_NONE);
	EXPECT_EQ(range_in(pool, 10, 1, FRAME_LIMIT - 3, FRAME_LIMIT), FRAME_NONE);
	EXPECT_EQ(range_in(pool, 3, 1, 7, FRAME_LIMIT), 7);
	EXPECT_EQ(frame_alloc_range(pool, 3, FRAME_SIZE), 0);
	EXPECT_EQ(range_in(pool, 10, 1, 0, 10), FRAME_NONE);
	EXPECT_EQ(range_in(pool, 10, 1, 0, 20), 10);
}

KTEST(frame_range_in, of_all_of_memory_is_any_run)
{
	struct frame_pool *pool = three_banks();

	EXPECT_EQ(range_in(pool, 0x712, 1, 0, FRAME_LIMIT), FRAME_NONE);
	EXPECT_EQ(range_in(pool, 0x711, 1, 0, FRAME_LIMIT), 0x300);
	EXPECT_EQ(range_in(pool, 0x100, 0x100, 0, FRAME_LIMIT), 0);
	EXPECT_EQ(frame_alloc_range(pool, 0x200, FRAME_SIZE), 0xa11);
}

KTEST(frame_range_in, refuses_what_has_no_meaning)
{
	struct frame_pool *pool = three_banks();

	EXPECT_EQ(range_in(pool, 0, 1, 0, FRAME_LIMIT), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range_in(pool, 1, 0, 0, FRAME_LIMIT), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range_in(pool, 1, 512, 0, FRAME_LIMIT), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range_in(pool, 1, 3 * FRAME_SIZE, 0, FRAME_LIMIT), FRAME_NONE);
	EXPECT_EQ(range_in(pool, UINT64_MAX, 1, 0, FRAME_LIMIT), FRAME_NONE);
	EXPECT_EQ(range_in(pool, 1, 1, 10, 5), FRAME_NONE);
	EXPECT_EQ(frame_free_count(pool), frame_managed_count(pool));
}
