/* SPDX-License-Identifier: MIT */
/* Frames that are known to be zero. All of these pools have bytes behind their frames. */
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "tests/support/frame_ask.h"
#include "tests/support/ktest.h"

#define FIRST  0x1234u /* in the middle of a chunk, and of a word */
#define FRAMES 100u    /* more than are known to be zero at once */
#define WORDS  (FRAME_SIZE / sizeof(uint64_t))

struct rig {
	struct frame_pool *pool;
	bool out[FRAMES]; /* handed out, by the model */
};

/* A pool of FRAMES frames full of rubbish, the last @missing of which are not inserted. */
static struct frame_pool *rig_of(struct rig *r, frame_count_t missing)
{
	size_t bytes = frame_metadata_bytes(FRAMES);
	uint8_t *ram = ktest_alloc(FRAMES * FRAME_SIZE, FRAME_SIZE);

	*r = (struct rig){ .pool = ktest_alloc(sizeof(*r->pool), 64) };
	memset(ram, 0xa5, FRAMES * FRAME_SIZE);
	uint64_t offset = (uint64_t)(uintptr_t)ram - FIRST * FRAME_SIZE;
	REQUIRE_EQ(frame_pool_init(r->pool, offset), ACRE_OK);
	REQUIRE_EQ(frame_pool_add_bank(r->pool, FIRST, FRAMES, ktest_alloc(bytes, 8), bytes),
		   ACRE_OK);
	REQUIRE_EQ(frame_insert(r->pool, FIRST, FRAMES - missing), ACRE_OK);
	REQUIRE_VALID(frame_validate(r->pool));
	return r->pool;
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

/* A frame that is known to be zero and that we have marked: who gets it has not cleared it again. */
static frame_nr_t keep_marked(struct frame_pool *pool)
{
	frame_nr_t pfn = frame_alloc_zeroed(pool);

	REQUIRE(pfn != FRAME_NONE);
	REQUIRE_EQ(frame_free_zeroed(pool, pfn), ACRE_OK);
	words_of(pool, pfn)[17] = 0xabcdef;
	REQUIRE_VALID(frame_validate(pool));
	return pfn;
}

static void expect_refused(const char *what, frame_nr_t pfn)
{
	EXPECT_EQ(ktest_bad_frees(), 1);
	EXPECT_STR(ktest_last_bad_free()->what, what);
	EXPECT_EQ(ktest_last_bad_free()->actual_start, frame_to_paddr(pfn));
}

/* ---- taking ------------------------------------------------------------------------------------- */

KTEST(frame_zero, a_frame_is_cleared_where_none_is_known_to_be_zero)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 0);

	EXPECT_EQ(frame_prezero(pool, 0), 0);
	for (unsigned i = 0; i < FRAMES; i++) {
		frame_nr_t pfn = frame_alloc_zeroed(pool);
		REQUIRE(pfn != FRAME_NONE);
		EXPECT(is_zero(pool, pfn));
	}
	EXPECT_EQ(frame_alloc_zeroed(pool), FRAME_NONE);
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame_zero, one_that_is_known_to_be_zero_is_not_cleared_again)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 0);
	frame_nr_t pfn = keep_marked(pool);

	EXPECT_EQ(frame_prezero(pool, 0), 1);
	EXPECT_EQ(frame_alloc_zeroed(pool), pfn);
	EXPECT_EQ(words_of(pool, pfn)[17], 0xabcdef);
	EXPECT_EQ(frame_prezero(pool, 0), 0);
	REQUIRE_VALID(frame_validate(pool));
	EXPECT_EQ(frame_free(pool, pfn), ACRE_OK);
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame_zero, they_are_free_and_managed)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 0);
	frame_nr_t pfn = keep_marked(pool);

	EXPECT(frame_is_free(pool, pfn));
	EXPECT(frame_is_managed(pool, pfn));
	EXPECT_EQ(frame_free_count(pool), FRAMES);
	EXPECT_EQ(frame_managed_count(pool), FRAMES);
	EXPECT_EQ(ask_next_free(pool, pfn), pfn);
	EXPECT_EQ(ask_next_free(pool, 0), FIRST);
	EXPECT_EQ(ask_next_free(pool, FIRST + FRAMES), FRAME_NONE);
	/* All others out: it alone is left. */
	for (unsigned i = 1; i < FRAMES; i++)
		REQUIRE(frame_alloc(pool) != pfn);
	EXPECT(!frame_pool_is_empty(pool));
	EXPECT_EQ(frame_free_count(pool), 1);
	EXPECT_EQ(ask_next_free(pool, 0), pfn);
	EXPECT_EQ(ask_next_free(pool, pfn + 1), FRAME_NONE);
	EXPECT_EQ(frame_prezero(pool, 0), 1);
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame_zero, no_more_are_kept_than_there_is_room_for)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 0);
	frame_nr_t pfn[FRAMES];

	for (unsigned i = 0; i < FRAMES; i++)
		pfn[i] = frame_alloc_zeroed(pool);
	for (unsigned i = 0; i < FRAMES; i++) {
		REQUIRE_EQ(frame_free_zeroed(pool, pfn[i]), ACRE_OK);
		REQUIRE_VALID(frame_validate(pool));
		EXPECT_EQ(frame_free_count(pool), i + 1);
		EXPECT_EQ(frame_prezero(pool, 0), i < FRAME_ZEROED_MAX ? i + 1 : FRAME_ZEROED_MAX);
	}
}

/* ---- ahead of time ------------------------------------------------------------------------------ */

KTEST(frame_zero, frames_are_cleared_ahead_up_to_the_room)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 0);

	EXPECT_EQ(frame_prezero(pool, 1), 1);
	EXPECT_EQ(frame_prezero(pool, 3), 4);
	REQUIRE_VALID(frame_validate(pool));
	EXPECT_EQ(frame_prezero(pool, UINT64_MAX), FRAME_ZEROED_MAX);
	EXPECT_EQ(frame_prezero(pool, 1), FRAME_ZEROED_MAX);
	EXPECT_EQ(frame_free_count(pool), FRAMES);
	REQUIRE_VALID(frame_validate(pool));
	for (unsigned i = 0; i < FRAME_ZEROED_MAX; i++) {
		EXPECT(is_zero(pool, frame_alloc_zeroed(pool)));
		EXPECT_EQ(frame_prezero(pool, 0), FRAME_ZEROED_MAX - 1 - i);
	}
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame_zero, where_all_that_is_free_is_zero_nothing_is_left_to_clear)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, FRAMES - 10);

	EXPECT_EQ(frame_prezero(pool, 1000), 10);
	frame_nr_t marked = keep_marked(pool);
	EXPECT_EQ(frame_prezero(pool, 1000), 10);
	EXPECT_EQ(words_of(pool, marked)[17], 0xabcdef);
	REQUIRE_VALID(frame_validate(pool));
	for (unsigned i = 0; i < 10; i++)
		REQUIRE(frame_alloc(pool) != FRAME_NONE);
	EXPECT_EQ(frame_prezero(pool, 1000), 0);
	EXPECT(frame_pool_is_empty(pool));
}

/* ---- they are given up for whoever needs them -------------------------------------------------- */

KTEST(frame_zero, draining_the_pool_yields_them_too)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 0);

	EXPECT_EQ(frame_prezero(pool, FRAMES), FRAME_ZEROED_MAX);
	for (unsigned i = 0; i < FRAMES; i++) {
		frame_nr_t pfn = frame_alloc(pool);
		REQUIRE(pfn - FIRST < FRAMES);
		EXPECT(!r.out[pfn - FIRST]);
		r.out[pfn - FIRST] = true;
		REQUIRE_VALID(frame_validate(pool));
	}
	EXPECT_EQ(frame_alloc(pool), FRAME_NONE);
}

KTEST(frame_zero, a_run_that_needs_them_gets_them)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 0);

	EXPECT_EQ(frame_prezero(pool, FRAMES), FRAME_ZEROED_MAX);
	EXPECT_EQ(frame_alloc_range(pool, FRAMES + 1, FRAME_SIZE), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range(pool, FRAMES, FRAME_SIZE), FIRST);
	REQUIRE_VALID(frame_validate(pool));
	EXPECT_EQ(frame_free_range(pool, FIRST, FRAMES), ACRE_OK);

	/* 32 at their natural alignment; that there are none is known without the lock by then. */
	const frame_count_t n = 32;
	EXPECT_EQ(frame_prezero(pool, FRAMES), FRAME_ZEROED_MAX);
	for (unsigned i = 0; i < 3; i++) {
		frame_nr_t pfn = frame_alloc_range(pool, n, n * FRAME_SIZE);
		if (i < 2) {
			REQUIRE(pfn != FRAME_NONE && pfn % n == 0);
			continue;
		}
		EXPECT_EQ(pfn, FRAME_NONE);
	}
	REQUIRE_VALID(frame_validate(pool));
	while (frame_alloc(pool) != FRAME_NONE)
		continue;
	EXPECT_EQ(frame_free_range(pool, 0x1240, 64), ACRE_OK);
	EXPECT_EQ(frame_prezero(pool, 64), 64);
	EXPECT_EQ(frame_alloc_range(pool, 64, 64 * FRAME_SIZE), 0x1240);
	REQUIRE_VALID(frame_validate(pool));
	EXPECT_EQ(frame_prezero(pool, 0), 0);
}

KTEST(frame_zero, frames_named_by_number_are_what_they_are)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 0);
	frame_nr_t pfn = keep_marked(pool);
	frame_nr_t other = keep_marked(pool);

	EXPECT_EQ(pfn, other);
	pfn = frame_alloc_zeroed(pool);
	other = frame_alloc_zeroed(pool);
	EXPECT_EQ(frame_free_zeroed(pool, pfn), ACRE_OK);
	EXPECT_EQ(frame_free_zeroed(pool, other), ACRE_OK);
	EXPECT_EQ(frame_insert(pool, pfn, 1), ACRE_ERR_OVERLAP);
	EXPECT_EQ(frame_prezero(pool, 0), 1); /* the other */
	EXPECT_EQ(frame_alloc_at(pool, other, 1), ACRE_OK);
	EXPECT_EQ(frame_prezero(pool, 0), 0);
	REQUIRE_VALID(frame_validate(pool));
	EXPECT_EQ(frame_free_zeroed(pool, other), ACRE_OK);
	EXPECT_EQ(frame_remove(pool, other, 1), ACRE_OK);
	REQUIRE_VALID(frame_validate(pool));
	EXPECT(!frame_is_managed(pool, other) && !frame_is_free(pool, other));
	EXPECT_EQ(frame_managed_count(pool), FRAMES - 1);
	EXPECT_EQ(frame_free_count(pool), FRAMES - 1);
	EXPECT_EQ(frame_insert(pool, other, 1), ACRE_OK);
	REQUIRE_VALID(frame_validate(pool));
	EXPECT_EQ(frame_free_count(pool), FRAMES);
}

/* ---- refusals ----------------------------------------------------------------------------------- */

KTEST(frame_zero, a_double_free_of_one_is_refused)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 0);
	frame_nr_t pfn = keep_marked(pool);

	EXPECT_EQ(frame_free(pool, pfn), ACRE_ERR_NOT_ALLOCATED);
	expect_refused("free already", pfn);
	EXPECT_EQ(frame_free_zeroed(pool, pfn), ACRE_ERR_NOT_ALLOCATED);
	EXPECT_EQ(ktest_last_bad_free()->size, 0); /* the caller named none */
	expect_refused("free already", pfn);
	EXPECT_EQ(frame_free_address(pool, frame_to_paddr(pfn)), ACRE_ERR_NOT_ALLOCATED);
	expect_refused("free already", pfn);
	EXPECT_EQ(frame_free_range(pool, pfn, 1), ACRE_ERR_NOT_ALLOCATED);
	expect_refused("free already", pfn);
	REQUIRE_VALID(frame_validate(pool));
	EXPECT_EQ(frame_prezero(pool, 0), 1);
	EXPECT_EQ(frame_free_count(pool), FRAMES);
}

KTEST(frame_zero, only_what_is_handed_out_is_kept)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 1);

	EXPECT_EQ(frame_free_zeroed(pool, FIRST + 5), ACRE_ERR_NOT_ALLOCATED);
	expect_refused("free already", FIRST + 5);
	EXPECT_EQ(frame_free_zeroed(pool, FIRST + FRAMES - 1), ACRE_ERR_NOT_ALLOCATED);
	expect_refused("never inserted", FIRST + FRAMES - 1);
	EXPECT_EQ(frame_free_zeroed(pool, FIRST + FRAMES), ACRE_ERR_RANGE);
	expect_refused("not in any bank", FIRST + FRAMES);
	EXPECT_EQ(frame_free_zeroed(pool, FRAME_NONE), ACRE_ERR_RANGE);
	EXPECT_EQ(ktest_bad_frees(), 1);
	EXPECT_EQ(frame_prezero(pool, 0), 0);
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame_zero, validate_sees_what_is_wrong_with_them)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 0);
	frame_nr_t pfn = keep_marked(pool);

	pool->zeroed[0] = FIRST + FRAMES;
	EXPECT_STR(frame_validate(pool),
		   "F4: a bank's managed counts its inserted frames and those known to be zero");
	pool->zeroed[0] = pfn == FIRST ? FIRST + 1 : FIRST;
	EXPECT_STR(frame_validate(pool), "F7: a frame that is known to be zero has no bit set");
	pool->zeroed[0] = pfn;
	pool->nzeroed = FRAME_ZEROED_MAX + 1;
	EXPECT(frame_validate(pool) != NULL);
	pool->nzeroed = 2;
	pool->zeroed[1] = pfn;
	EXPECT(frame_validate(pool) != NULL);
	pool->nzeroed = 1;
	REQUIRE_VALID(frame_validate(pool));
}

/* ---- model -------------------------------------------------------------------------------------- */

static frame_nr_t random_out(const struct rig *r)
{
	uint64_t from = ktest_below(FRAMES);

	for (unsigned i = 0; i < FRAMES; i++) {
		if (r->out[(from + i) % FRAMES])
			return FIRST + (from + i) % FRAMES;
	}
	return FRAME_NONE;
}

static void took(struct rig *r, frame_nr_t pfn, frame_count_t n, bool zeroed)
{
	for (frame_count_t i = 0; i < n; i++) {
		REQUIRE(pfn + i - FIRST < FRAMES);
		REQUIRE(!r->out[pfn + i - FIRST]);
		r->out[pfn + i - FIRST] = true;
		if (zeroed)
			REQUIRE(is_zero(r->pool, pfn + i));
		memset(frame_ptr(r->pool, pfn + i), 0x5a, FRAME_SIZE);
	}
}

static void give_one(struct rig *r, bool zeroed)
{
	frame_nr_t pfn = random_out(r);

	if (pfn == FRAME_NONE)
		return;
	r->out[pfn - FIRST] = false;
	if (zeroed)
		memset(frame_ptr(r->pool, pfn), 0, FRAME_SIZE);
	REQUIRE_EQ(zeroed ? frame_free_zeroed(r->pool, pfn) : frame_free(r->pool, pfn), ACRE_OK);
}

static bool longest_is_below(const struct rig *r, frame_count_t n)
{
	frame_count_t run = 0;

	for (unsigned i = 0; i < FRAMES; i++) {
		run = r->out[i] ? 0 : run + 1;
		if (run == n)
			return false;
	}
	return true;
}

static void take_run(struct rig *r)
{
	frame_count_t n = 1 + ktest_below(20);
	bool zeroed = ktest_below(2) == 0;
	frame_nr_t pfn = zeroed ? frame_alloc_range_zeroed(r->pool, n, FRAME_SIZE)
				: frame_alloc_range(r->pool, n, FRAME_SIZE);

	REQUIRE_EQ(pfn == FRAME_NONE, longest_is_below(r, n));
	if (pfn != FRAME_NONE)
		took(r, pfn, n, zeroed);
}

static void step(struct rig *r, frame_count_t nfree)
{
	frame_nr_t pfn;

	switch (ktest_below(8)) {
	case 0:
	case 1:
		pfn = frame_alloc_zeroed(r->pool);
		REQUIRE_EQ(pfn == FRAME_NONE, nfree == 0);
		if (pfn != FRAME_NONE)
			took(r, pfn, 1, true);
		return;
	case 2:
		pfn = frame_alloc(r->pool);
		REQUIRE_EQ(pfn == FRAME_NONE, nfree == 0);
		if (pfn != FRAME_NONE)
			took(r, pfn, 1, false);
		return;
	case 3:
		REQUIRE(frame_prezero(r->pool, ktest_below(4)) <= nfree);
		return;
	case 4:
		take_run(r);
		return;
	default:
		give_one(r, ktest_below(2) == 0);
		give_one(r, ktest_below(2) == 0);
	}
}

KTEST(frame_zero, agrees_with_a_model)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 0);

	for (unsigned i = 0; i < 1500; i++) {
		frame_count_t nfree = 0;
		for (unsigned f = 0; f < FRAMES; f++) {
			nfree += !r.out[f];
			if (i % 16 == 0)
				EXPECT_EQ(frame_is_free(pool, FIRST + f), !r.out[f]);
		}
		REQUIRE_EQ(frame_free_count(pool), nfree);
		step(&r, nfree);
		REQUIRE_VALID(frame_validate(pool));
	}
}
