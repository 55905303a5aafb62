/* SPDX-License-Identifier: MIT */
/* Frames that are cleared for their caller. This pool has bytes for its frames. */
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "tests/support/frame_room.h"
#include "tests/support/ktest.h"

#define FIRST  0x1234u /* in the middle of a chunk, and of a word */
#define FRAMES 100u
#define WORDS  (FRAME_SIZE / sizeof(uint64_t))

#define RUBBISH 0xa5a5a5a5a5a5a5a5u

/* A pool of FRAMES frames full of rubbish. */
static struct frame_pool *pool_of_rubbish(void)
{
	size_t bytes = frame_metadata_bytes(FRAMES);
	uint8_t *ram = ktest_alloc(FRAMES * FRAME_SIZE, FRAME_SIZE);
	struct frame_pool *pool = ktest_alloc(sizeof(*pool), 64);

	memset(ram, 0xa5, FRAMES * FRAME_SIZE);
	REQUIRE_EQ(frame_pool_init_in(pool, (uint64_t)(uintptr_t)ram - FIRST * FRAME_SIZE,
				      ktest_alloc(sizeof(struct frame_room), 64)),
		   ACRE_OK);
	REQUIRE_EQ(frame_pool_add_bank(pool, FIRST, FRAMES, ktest_alloc(bytes, 8), bytes), ACRE_OK);
	REQUIRE_EQ(frame_insert(pool, FIRST, FRAMES), ACRE_OK);
	return pool;
}

static uint64_t *words_of(struct frame_pool *pool, frame_nr_t pfn)
{
	return frame_ptr(pool, pfn);
}

static bool is_zero(struct frame_pool *pool, frame_nr_t pfn)
{
	for (unsigned i = 0; i < WORDS; i++) {
		if (words_of(pool, pfn)[i] != 0)
			return false;
	}
	return true;
}

KTEST(frame_zero, a_frame_is_all_zero)
{
	struct frame_pool *pool = pool_of_rubbish();

	for (unsigned i = 0; i < FRAMES; i++) {
		frame_nr_t pfn = frame_alloc_zeroed(pool);
		REQUIRE(pfn != FRAME_NONE);
		EXPECT(is_zero(pool, pfn));
	}
	EXPECT_EQ(frame_alloc_zeroed(pool), FRAME_NONE);
	REQUIRE_VALID(frame_validate(pool));
	EXPECT_EQ(frame_free_range(pool, FIRST, FRAMES), ACRE_OK);
}

KTEST(frame_zero, a_run_is_all_zero_and_what_lies_beside_it_is_not)
{
	struct frame_pool *pool = pool_of_rubbish();
	frame_nr_t pfn = frame_alloc_range_zeroed(pool, 8, 8 * FRAME_SIZE);

	REQUIRE(pfn != FRAME_NONE);
	EXPECT_EQ(pfn % 8, 0);
	for (unsigned i = 0; i < 8; i++)
		EXPECT(is_zero(pool, pfn + i));
	EXPECT_EQ(words_of(pool, pfn - 1)[WORDS - 1], RUBBISH);
	EXPECT_EQ(words_of(pool, pfn + 8)[0], RUBBISH);
	EXPECT_EQ(frame_alloc_range_zeroed(pool, FRAMES, FRAME_SIZE), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range_zeroed(pool, 0, FRAME_SIZE), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range_zeroed(pool, 1, 3), FRAME_NONE);
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame_zero, a_frame_that_was_used_is_zero_again)
{
	struct frame_pool *pool = pool_of_rubbish();

	for (unsigned i = 0; i < 3 * FRAMES; i++) {
		frame_nr_t pfn = frame_alloc_zeroed(pool);
		REQUIRE(is_zero(pool, pfn));
		memset(words_of(pool, pfn), 0x5a, FRAME_SIZE);
		EXPECT_EQ(frame_free(pool, pfn), ACRE_OK);
	}
}
