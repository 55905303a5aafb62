/* SPDX-License-Identifier: MIT */
/*
 * The pool remembers that it has no run of some length and alignment: asked again it looks at no
 * chunk, until something has changed.
 */
#include "lib/compiler.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "tests/support/frame_room.h"
#include "tests/support/ktest.h"

#define FIRST  0x80000u
#define CHUNKS 20u
#define FRAMES (CHUNKS * CHUNK_BITS)

/* Of each eight frames the third and the sixth are taken. */
static bool is_in_pattern(frame_nr_t pfn)
{
	return pfn % 8 == 2 || pfn % 8 == 5;
}

static void add_bank(struct frame_pool *pool, frame_nr_t first, frame_count_t nframes)
{
	size_t bytes = frame_metadata_bytes(nframes);

	REQUIRE_EQ(frame_pool_add_bank(pool, first, nframes, ktest_alloc(bytes, 8), bytes),
		   ACRE_OK);
}

static struct frame_pool *pool_of_nothing(void)
{
	struct frame_pool *pool = ktest_alloc(sizeof(*pool), 64);

	REQUIRE_EQ(frame_pool_init_in(pool, 0, ktest_alloc(sizeof(struct frame_room), 64)),
		   ACRE_OK);
	return pool;
}

/*
 * So that there are two frames at a multiple of four, and three at a multiple of two, and not three
 * at a multiple of four. The last chunk is not inserted.
 */
static struct frame_pool *pool_of_pattern(void)
{
	struct frame_pool *pool = pool_of_nothing();

	add_bank(pool, FIRST, FRAMES);
	REQUIRE_EQ(frame_insert(pool, FIRST, FRAMES - CHUNK_BITS), ACRE_OK);
	for (frame_nr_t pfn = FIRST; pfn < FIRST + FRAMES - CHUNK_BITS; pfn++) {
		if (is_in_pattern(pfn))
			REQUIRE_EQ(frame_alloc_at(pool, pfn, 1), ACRE_OK);
	}
	return pool;
}

static uint64_t holds(struct frame_pool *pool)
{
	struct ticket_lock_stats stats;

	ticket_lock_look(&pool->lock, &stats);
	return stats.holds;
}

/* There is none, and the lock was taken so often until that was clear. */
static uint64_t holds_of_none(struct frame_pool *pool, frame_count_t n, frame_count_t align)
{
	uint64_t before = holds(pool);

	REQUIRE_EQ(frame_alloc_range(pool, n, align << FRAME_SHIFT), FRAME_NONE);
	return holds(pool) - before;
}

/* There is one, at @pfn, which stays free. */
static void expect_run(struct frame_pool *pool, frame_count_t n, frame_count_t align,
		       frame_nr_t pfn)
{
	REQUIRE_EQ(frame_alloc_range(pool, n, align << FRAME_SHIFT), pfn);
	REQUIRE_EQ(frame_free_range(pool, pfn, n), ACRE_OK);
}

KTEST(frame_none, that_there_is_no_run_is_searched_for_once)
{
	struct frame_pool *pool = pool_of_pattern();

	EXPECT(holds_of_none(pool, 3, 4) > 1);
	EXPECT_EQ(holds_of_none(pool, 3, 4), 1);
	/* What follows from it is known as well. */
	EXPECT_EQ(holds_of_none(pool, 5, 4), 1);
	EXPECT_EQ(holds_of_none(pool, 3, 8), 1);
	EXPECT_EQ(holds_of_none(pool, 100, 64), 1);
	EXPECT_EQ(holds_of_none(pool, UINT64_MAX, 4), 1);
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame_none, that_there_is_no_run_says_nothing_of_shorter_ones_and_smaller_alignments)
{
	struct frame_pool *pool = pool_of_pattern();

	REQUIRE(holds_of_none(pool, 3, 4) > 1);
	expect_run(pool, 2, 4, FIRST);
	REQUIRE(holds_of_none(pool, 3, 4) >= 1);
	expect_run(pool, 3, 2, FIRST + 6);
	REQUIRE(holds_of_none(pool, 3, 4) >= 1);
	expect_run(pool, 4, 1, FIRST + 6);
	REQUIRE(holds_of_none(pool, 5, 1) >= 1);
	expect_run(pool, 3, 2, FIRST + 6);
	REQUIRE_VALID(frame_validate(pool));
}

/* What was freed or inserted makes one such run. It is found once, and taken. */
static void expect_one(struct frame_pool *pool, frame_nr_t pfn)
{
	EXPECT_EQ(frame_alloc_range(pool, 3, 4 * FRAME_SIZE), pfn);
	(void)holds_of_none(pool, 3, 4);
	EXPECT_EQ(holds_of_none(pool, 3, 4), 1);
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame_none, that_there_is_no_run_is_forgotten_when_there_is_one)
{
	struct frame_pool *pool = pool_of_pattern();
	const frame_nr_t last = FIRST + FRAMES - CHUNK_BITS;

	(void)holds_of_none(pool, 3, 4);
	EXPECT_EQ(frame_free(pool, FIRST + 7 * CHUNK_BITS + 2), ACRE_OK);
	expect_one(pool, FIRST + 7 * CHUNK_BITS);
	EXPECT_EQ(frame_free_range(pool, FIRST + 98, 1), ACRE_OK);
	expect_one(pool, FIRST + 96);
	REQUIRE_EQ(frame_insert(pool, last + 1, 6), ACRE_OK);
	expect_one(pool, last + 4);
	REQUIRE_EQ(frame_insert(pool, last + 7, CHUNK_BITS - 7), ACRE_OK);
	REQUIRE_EQ(frame_alloc_at(pool, last + 12, CHUNK_BITS - 12), ACRE_OK);
	expect_one(pool, last + 8);
	/* A bank below all others, with less than a chunk, and one of whole chunks. */
	add_bank(pool, FIRST - CHUNK_BITS - 10, 10);
	EXPECT_EQ(holds_of_none(pool, 3, 4), 1);
	REQUIRE_EQ(frame_insert(pool, FIRST - CHUNK_BITS - 4, 3), ACRE_OK);
	expect_one(pool, FIRST - CHUNK_BITS - 4);
	add_bank(pool, FIRST + FRAMES, 2 * CHUNK_BITS);
	REQUIRE_EQ(frame_insert(pool, FIRST + FRAMES, 2 * CHUNK_BITS), ACRE_OK);
	REQUIRE_EQ(frame_alloc_at(pool, FIRST + FRAMES, 2 * CHUNK_BITS - 4), ACRE_OK);
	expect_one(pool, FIRST + FRAMES + 2 * CHUNK_BITS - 4);
	/* Whole chunks come back, and their bytes are set without a scan. */
	EXPECT_EQ(frame_free_range(pool, FIRST + FRAMES, CHUNK_BITS), ACRE_OK);
	expect_run(pool, 3, 4, FIRST + FRAMES);
}

KTEST(frame_none, a_pool_that_had_nothing_has_what_its_first_bank_brings)
{
	struct frame_pool *pool = pool_of_nothing();

	(void)holds_of_none(pool, 3, 4);
	add_bank(pool, FIRST + 3, 20);
	(void)holds_of_none(pool, 3, 4);
	REQUIRE_EQ(frame_insert(pool, FIRST + 3, 5), ACRE_OK);
	expect_run(pool, 3, 4, FIRST + 4);
}

/* ---- by the definition --------------------------------------------------------------------------- */

/* Two banks that share a chunk. */
static const struct {
	frame_nr_t first;
	frame_count_t nframes;
} part[] = { { FIRST + 500, 900 }, { FIRST + 1400, 300 } };

static frame_nr_t lowest_run(struct frame_pool *pool, frame_count_t n, frame_count_t align)
{
	for (unsigned b = 0; b < ARRAY_SIZE(part); b++) {
		const struct frame_bank *bank = &pool->bank[b];
		frame_count_t have = 0;
		frame_nr_t found = FRAME_NONE;

		for (frame_nr_t pfn = bank->first + bank->nframes; pfn-- > bank->first;) {
			have = bitmap_atomic_test(bank->free, pfn - bank->base) ? have + 1 : 0;
			if (have >= n && pfn % align == 0)
				found = pfn;
		}
		if (found != FRAME_NONE)
			return found;
	}
	return FRAME_NONE;
}

/* Something that may bring about a run, or end one. Most of it is refused when the pool is full. */
static void change_something(struct frame_pool *pool)
{
	const unsigned b = (unsigned)ktest_below(ARRAY_SIZE(part));
	frame_nr_t pfn = part[b].first + ktest_below(part[b].nframes);

	switch (ktest_below(8)) {
	case 0:
		(void)!frame_alloc(pool);
		break;
	case 1:
		if (frame_remove(pool, pfn, 1) == ACRE_OK)
			REQUIRE_EQ(frame_insert(pool, pfn, 1), ACRE_OK);
		break;
	case 2:
		(void)!frame_alloc_range(pool, 1 + ktest_below(20), FRAME_SIZE);
		break;
	case 3:
	case 4:
		(void)!frame_alloc_at(pool, pfn, 1);
		break;
	default:
		if (!frame_is_free(pool, pfn))
			REQUIRE_EQ(frame_free(pool, pfn), ACRE_OK);
		break;
	}
}

KTEST(frame_none, the_answer_is_always_what_the_bits_say)
{
	struct frame_pool *pool = pool_of_nothing();
	frame_count_t n = 3, align = 4;
	unsigned nones = 0, runs = 0;

	for (unsigned b = 0; b < ARRAY_SIZE(part); b++) {
		add_bank(pool, part[b].first, part[b].nframes);
		REQUIRE_EQ(frame_insert(pool, part[b].first, part[b].nframes), ACRE_OK);
		REQUIRE_EQ(frame_alloc_at(pool, part[b].first, part[b].nframes), ACRE_OK);
	}
	for (unsigned step = 0; step < 1500; step++) {
		if (ktest_below(3) != 0)
			change_something(pool);
		/* The last question again, or one whose answer may follow from its answer. */
		n = ktest_below(2) == 0 ? n : 1 + ktest_below(6);
		align = ktest_below(2) == 0 ? align : 1ull << ktest_below(4);
		frame_nr_t want = lowest_run(pool, n, align);
		frame_nr_t pfn = frame_alloc_range(pool, n, align << FRAME_SHIFT);
		REQUIRE_EQ(pfn, want);
		if (pfn != FRAME_NONE && ktest_below(2) == 0)
			REQUIRE_EQ(frame_free_range(pool, pfn, n), ACRE_OK);
		nones += pfn == FRAME_NONE;
		runs += pfn != FRAME_NONE;
	}
	EXPECT(nones > 100 && runs > 100);
	REQUIRE_VALID(frame_validate(pool));
}
