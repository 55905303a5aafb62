/* SPDX-License-Identifier: MIT */
/*
 * frame_zero_threads.c - threads that play harts share one small pool, take and give frames by every verb, zeroed
 * ones and runs included, and give back what others took. Who has a frame writes its mark all over it.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "tests/support/frame_room.h"
#include "tests/support/ktest.h"

#define THREADS 4
#define SLOTS   32
#define ROUNDS  3000
#define FIRST   0x51f0u /* two chunks */
#define FRAMES  48u
#define WORDS   (FRAME_SIZE / sizeof(uint64_t))

struct arena {
	struct frame_pool pool;
	_Atomic frame_nr_t slot
		[SLOTS]; /* frames that any thread may give back, each with its number all over */
	atomic_uint damaged;
	atomic_uint not_zero;
	atomic_uint refused;
};

struct thread {
	pthread_t id;
	unsigned hart;
	struct arena *arena;
};

static bool is_all(const uint64_t *words, uint64_t value)
{
	for (unsigned i = 0; i < WORDS; i++) {
		if (words[i] != value)
			return false;
	}
	return true;
}

static void mark(struct arena *a, frame_nr_t pfn, bool zeroed)
{
	uint64_t *words = frame_ptr(&a->pool, pfn);

	if (zeroed && !is_all(words, 0))
		atomic_fetch_add(&a->not_zero, 1);
	for (unsigned i = 0; i < WORDS; i++)
		words[i] = pfn;
}

static void drop(struct arena *a, frame_nr_t pfn)
{
	if (!is_all(frame_ptr(&a->pool, pfn), pfn))
		atomic_fetch_add(&a->damaged, 1);
	if (frame_free(&a->pool, pfn) != ACRE_OK)
		atomic_fetch_add(&a->refused, 1);
}

static void run_and_back(struct arena *a, frame_count_t n, bool zeroed)
{
	frame_nr_t pfn = zeroed ? frame_alloc_range_zeroed(&a->pool, n, FRAME_SIZE)
				: frame_alloc_range(&a->pool, n, n * FRAME_SIZE);

	if (pfn == FRAME_NONE)
		return;
	for (frame_count_t i = 0; i < n; i++)
		mark(a, pfn + i, zeroed);
	for (frame_count_t i = 0; i < n; i++) {
		if (!is_all(frame_ptr(&a->pool, pfn + i), pfn + i))
			atomic_fetch_add(&a->damaged, 1);
	}
	if (frame_free_range(&a->pool, pfn, n) != ACRE_OK)
		atomic_fetch_add(&a->refused, 1);
}

static void *work(void *arg)
{
	struct thread *t = arg;
	struct arena *a = t->arena;
	uint64_t random = 0x9e3779b97f4a7c15ull * (t->hart + 1);

	host_hart = t->hart;
	for (unsigned round = 0; round < ROUNDS; round++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		bool zeroed = (random >> 40 & 1) != 0;
		if (random % 8 == 1)
			run_and_back(a, 4, zeroed);
		frame_nr_t pfn = random % 3 == 0 ? FRAME_NONE
				 : zeroed        ? frame_alloc_zeroed(&a->pool)
						 : frame_alloc(&a->pool);
		if (pfn != FRAME_NONE)
			mark(a, pfn, zeroed);
		pfn = atomic_exchange(&a->slot[random >> 32 & (SLOTS - 1)], pfn);
		if (pfn != FRAME_NONE)
			drop(a, pfn);
	}
	return NULL;
}

static struct arena *arena_of(bool debug)
{
	struct arena *a = ktest_alloc(sizeof(*a), 64);
	uint8_t *ram = ktest_alloc(FRAMES * FRAME_SIZE, FRAME_SIZE);
	size_t bytes = frame_metadata_bytes(FRAMES);
	size_t records = frame_record_bytes(FRAMES);

	memset(a, 0, sizeof(*a));
	memset(ram, 0xa5, FRAMES * FRAME_SIZE);
	for (unsigned i = 0; i < SLOTS; i++)
		a->slot[i] = FRAME_NONE;
	REQUIRE_EQ(frame_pool_init_in(&a->pool, (uint64_t)(uintptr_t)ram - FIRST * FRAME_SIZE,
				      ktest_alloc(sizeof(struct frame_room), 64)),
		   ACRE_OK);
	REQUIRE_EQ(frame_pool_add_bank(&a->pool, FIRST, FRAMES, ktest_alloc(bytes, 8), bytes),
		   ACRE_OK);
	if (debug)
		REQUIRE_EQ(frame_pool_debug(&a->pool, FIRST, ktest_alloc(records, 8), records),
			   ACRE_OK);
	REQUIRE_EQ(frame_insert(&a->pool, FIRST, FRAMES), ACRE_OK);
	return a;
}

static void share(bool debug)
{
	struct arena *a = arena_of(debug);
	struct thread thread[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		thread[i] = (struct thread){ .hart = i + 1, .arena = a };
		REQUIRE_EQ(pthread_create(&thread[i].id, NULL, work, &thread[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		REQUIRE_EQ(pthread_join(thread[i].id, NULL), 0);
	REQUIRE_VALID(frame_validate(&a->pool));
	for (unsigned i = 0; i < SLOTS; i++) {
		if (a->slot[i] != FRAME_NONE)
			drop(a, a->slot[i]);
	}
	EXPECT_EQ(a->damaged, 0);
	EXPECT_EQ(a->not_zero, 0);
	EXPECT_EQ(a->refused, 0);
	EXPECT_EQ(ktest_bad_frees(), 0);
	EXPECT_EQ(frame_free_count(&a->pool), FRAMES);
	REQUIRE_VALID(frame_validate(&a->pool));
	/* And every one of them can be had, once. */
	for (unsigned i = 0; i < FRAMES; i++)
		REQUIRE(frame_alloc(&a->pool) != FRAME_NONE);
	EXPECT_EQ(frame_alloc(&a->pool), FRAME_NONE);
}

KTEST(frame_zero_threads, harts_share_frames_that_are_cleared)
{
	share(false);
}

KTEST(frame_zero_threads, and_in_the_debug_mode)
{
	share(true);
}
