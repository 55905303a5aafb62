/* SPDX-License-Identifier: MIT */
/* frame_observer_test.c - who hears of what is taken and freed, once each, alone and beside debug mode. */
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "tests/support/frame_room.h"
#include "tests/support/ktest.h"

#define FIRST  ((frame_nr_t)0x80000)
#define FRAMES 96u

struct heard {
	frame_nr_t pfn;
	frame_count_t nframes;
	const void *caller;
	unsigned taken;
	unsigned freeing;
	bool was_ours; /* the frame was not free when it was told */
};

struct rig {
	struct frame_pool *pool;
	struct frame_observer observer;
	struct heard heard;
};

static void note(struct rig *r, frame_nr_t pfn, frame_count_t nframes, const void *caller)
{
	r->heard.pfn = pfn;
	r->heard.nframes = nframes;
	r->heard.caller = caller;
	r->heard.was_ours = !frame_is_free(r->pool, pfn);
}

static void hear_taken(void *context, frame_nr_t pfn, frame_count_t nframes, const void *caller)
{
	struct rig *r = context;

	note(r, pfn, nframes, caller);
	r->heard.taken++;
}

static void hear_freeing(void *context, frame_nr_t pfn, frame_count_t nframes, const void *caller)
{
	struct rig *r = context;

	note(r, pfn, nframes, caller);
	r->heard.freeing++;
}

static void rig_init(struct rig *r, bool debug)
{
	uint8_t *ram = ktest_alloc(FRAMES * FRAME_SIZE, FRAME_SIZE);
	size_t bytes = frame_metadata_bytes(FRAMES);
	size_t records = frame_record_bytes(FRAMES);

	memset(r, 0, sizeof(*r));
	r->pool = ktest_alloc(sizeof(*r->pool), 64);
	REQUIRE_EQ(frame_pool_init_in(r->pool, (uint64_t)(uintptr_t)ram - FIRST * FRAME_SIZE,
				      ktest_alloc(sizeof(struct frame_room), 64)),
		   ACRE_OK);
	REQUIRE_EQ(frame_pool_add_bank(r->pool, FIRST, FRAMES, ktest_alloc(bytes, 8), bytes),
		   ACRE_OK);
	if (debug)
		REQUIRE_EQ(frame_pool_debug(r->pool, FIRST, ktest_alloc(records, 8), records),
			   ACRE_OK);
	REQUIRE_EQ(frame_insert(r->pool, FIRST, FRAMES), ACRE_OK);
	r->observer = (struct frame_observer){ hear_taken, hear_freeing, r };
}

static void observe(struct rig *r, bool on)
{
	frame_pool_observe(r->pool, on ? &r->observer : NULL);
	REQUIRE_VALID(frame_validate(r->pool));
}

/* One call was heard, of @nframes frames from @pfn on, from somewhere in the caller; then forget it. */
static void expect_heard(struct rig *r, unsigned taken, frame_nr_t pfn, frame_count_t nframes)
{
	EXPECT_EQ(r->heard.taken, taken);
	EXPECT_EQ(r->heard.freeing, 1 - taken);
	EXPECT_EQ(r->heard.pfn, pfn);
	EXPECT_EQ(r->heard.nframes, nframes);
	EXPECT(r->heard.caller != NULL);
	EXPECT(pfn == FRAME_NONE || r->heard.was_ours);
	memset(&r->heard, 0, sizeof(r->heard));
	REQUIRE_VALID(frame_validate(r->pool));
}

static void expect_silence(const struct rig *r)
{
	EXPECT_EQ(r->heard.taken + r->heard.freeing, 0);
}

static void single_frames_are_heard(struct rig *r)
{
	frame_nr_t pfn = frame_alloc(r->pool);

	expect_heard(r, 1, pfn, 1);
	EXPECT_EQ(frame_free(r->pool, pfn), ACRE_OK);
	expect_heard(r, 0, pfn, 1);
	pfn = frame_alloc_zeroed(r->pool);
	expect_heard(r, 1, pfn, 1);
	EXPECT_EQ(frame_free_address(r->pool, frame_to_paddr(pfn)), ACRE_OK);
	expect_heard(r, 0, pfn, 1);
	void *ptr = frame_alloc_ptr(r->pool);
	expect_heard(r, 1, frame_of_ptr(r->pool, ptr), 1);
	EXPECT_EQ(frame_free_ptr(r->pool, ptr), ACRE_OK);
	expect_heard(r, 0, frame_of_ptr(r->pool, ptr), 1);
	pfn = frame_alloc_from(r->pool, r);
	EXPECT_EQ((uintptr_t)r->heard.caller, (uintptr_t)r);
	expect_heard(r, 1, pfn, 1);
	EXPECT_EQ(frame_free_from(r->pool, pfn, &r->pool), ACRE_OK);
	EXPECT_EQ((uintptr_t)r->heard.caller, (uintptr_t)&r->pool);
	expect_heard(r, 0, pfn, 1);
}

static void runs_are_heard(struct rig *r)
{
	frame_nr_t pfn = frame_alloc_range(r->pool, 5, FRAME_SIZE);

	expect_heard(r, 1, pfn, 5);
	EXPECT_EQ(frame_free_range(r->pool, pfn + 1, 3), ACRE_OK);
	expect_heard(r, 0, pfn + 1, 3);
	EXPECT_EQ(frame_alloc_at(r->pool, pfn + 1, 2), ACRE_OK);
	expect_heard(r, 1, pfn + 1, 2);
	EXPECT_EQ(frame_free_range_from(r->pool, pfn, 3, r), ACRE_OK);
	expect_heard(r, 0, pfn, 3);
	EXPECT_EQ(frame_free(r->pool, pfn + 4), ACRE_OK);
	expect_heard(r, 0, pfn + 4, 1);
	pfn = frame_alloc_range_zeroed(r->pool, 8, 8 * FRAME_SIZE);
	expect_heard(r, 1, pfn, 8);
	EXPECT_EQ(frame_free_range(r->pool, pfn, 8), ACRE_OK);
	expect_heard(r, 0, pfn, 8);
	pfn = frame_alloc_range_in(r->pool, 4, FRAME_SIZE, FIRST + 50, FIRST + 60);
	expect_heard(r, 1, pfn, 4);
	EXPECT_EQ(frame_free_range(r->pool, pfn, 4), ACRE_OK);
	expect_heard(r, 0, pfn, 4);
}

/* What there is not, and what is refused. */
static void failures_are_heard(struct rig *r)
{
	EXPECT_EQ(frame_alloc_range(r->pool, FRAMES + 1, FRAME_SIZE), FRAME_NONE);
	expect_heard(r, 1, FRAME_NONE, FRAMES + 1);
	EXPECT_EQ(frame_alloc_range(r->pool, 0, FRAME_SIZE), FRAME_NONE);
	EXPECT(frame_alloc_at(r->pool, FIRST + FRAMES, 1) != ACRE_OK);
	expect_silence(r);

	frame_nr_t pfn = frame_alloc(r->pool);
	EXPECT_EQ(frame_free(r->pool, pfn), ACRE_OK);
	memset(&r->heard, 0, sizeof(r->heard));
	EXPECT(frame_free(r->pool, pfn) != ACRE_OK);
	EXPECT_EQ(r->heard.freeing, 1);
	EXPECT_EQ(r->heard.pfn, pfn);
	EXPECT(frame_free(r->pool, FIRST + FRAMES) != ACRE_OK);
	EXPECT_EQ(r->heard.freeing, 2);
	EXPECT_EQ(ktest_bad_frees(), 2);
	memset(&r->heard, 0, sizeof(r->heard));
}

KTEST(frame_observer, hears_of_every_way_to_take_and_to_free)
{
	struct rig r;

	for (unsigned debug = 0; debug < 2; debug++) {
		rig_init(&r, debug != 0);
		observe(&r, true);
		single_frames_are_heard(&r);
		runs_are_heard(&r);
		failures_are_heard(&r);
		EXPECT_EQ(frame_free_count(r.pool), FRAMES);
	}
}

KTEST(frame_observer, leaves_debug_mode_as_it_is)
{
	struct rig r;
	struct frame_past past = { .what = NULL };

	rig_init(&r, true);
	observe(&r, true);
	frame_nr_t pfn = frame_alloc(r.pool);
	EXPECT(frame_past(r.pool, pfn, &past));
	EXPECT_STR(past.what, "taken");
	EXPECT_EQ((uintptr_t)past.caller, (uintptr_t)r.heard.caller);
	observe(&r, false);
	EXPECT_EQ(frame_free(r.pool, pfn), ACRE_OK);
	EXPECT(frame_past(r.pool, pfn, &past));
	EXPECT_STR(past.what, "freed");
	EXPECT_EQ(r.heard.freeing, 0);
}

KTEST(frame_observer, comes_and_goes_while_frames_are_out)
{
	struct rig r;

	rig_init(&r, false);
	frame_nr_t before = frame_alloc(r.pool);
	expect_silence(&r);
	observe(&r, true);
	EXPECT_EQ(frame_free(r.pool, before), ACRE_OK);
	expect_heard(&r, 0, before, 1);
	frame_nr_t during = frame_alloc(r.pool);
	expect_heard(&r, 1, during, 1);
	observe(&r, false);
	EXPECT_EQ(frame_free(r.pool, during), ACRE_OK);
	expect_silence(&r);
	EXPECT_EQ(frame_free_count(r.pool), FRAMES);
}

KTEST(frame_observer, sees_a_bank_that_is_added_later)
{
	struct rig r;
	size_t bytes = frame_metadata_bytes(64);

	rig_init(&r, false);
	observe(&r, true);
	REQUIRE_EQ(frame_pool_add_bank(r.pool, FIRST + 0x1000, 64, ktest_alloc(bytes, 8), bytes),
		   ACRE_OK);
	REQUIRE_EQ(frame_insert(r.pool, FIRST + 0x1000, 64), ACRE_OK);
	REQUIRE_VALID(frame_validate(r.pool));
	EXPECT_EQ(frame_alloc_at(r.pool, FIRST + 0x1000, 1), ACRE_OK);
	expect_heard(&r, 1, FIRST + 0x1000, 1);
	EXPECT_EQ(frame_free(r.pool, FIRST + 0x1000), ACRE_OK);
	expect_heard(&r, 0, FIRST + 0x1000, 1);
}

/* White box: a pool that is watched by nobody, and one that is observed and not watched. */
KTEST(frame_observer, validate_sees_a_watch_that_is_wrong)
{
	struct rig r;

	rig_init(&r, false);
	r.pool->watched = true;
	EXPECT_STR(frame_validate(r.pool),
		   "F6: a pool is watched in debug mode and where it has an observer");
	observe(&r, true);
	r.pool->watched = false;
	EXPECT_STR(frame_validate(r.pool),
		   "F6: a pool is watched in debug mode and where it has an observer");
	observe(&r, false);
}
