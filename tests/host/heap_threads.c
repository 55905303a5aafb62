/* SPDX-License-Identifier: MIT */
/*
 * heap_threads.c - threads that play harts share one heap, and free each other's blocks. Some of
 * these heaps grow and shrink, beside a frame pool that the threads use too.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "mm/heap/heap.h"
#include "tests/support/frame_room.h"
#include "tests/support/ktest.h"

#define THREADS 4
#define SLOTS   64
#define ROUNDS  4000

struct arena {
	struct heap h;
	uint8_t *_Atomic slot[SLOTS]; /* blocks that any thread may take and free */
	atomic_uint damaged;
};

struct thread {
	pthread_t id;
	unsigned hart;
	unsigned round;
	struct arena *arena;
};

/* The first 8 bytes say how many there are, and all the rest is that number's low byte. */
static uint8_t *make_block(struct heap *h, uint64_t size)
{
	uint8_t *p = heap_alloc(h, size, NULL);

	if (p == NULL)
		return NULL;
	memset(p, (int)(size & 0xff), size);
	memcpy(p, &size, sizeof(size));
	return p;
}

static void drop_block(struct arena *a, uint8_t *p)
{
	uint64_t size;
	bool good = true;

	memcpy(&size, p, sizeof(size));
	for (uint64_t i = sizeof(size); i < size; i++)
		good &= p[i] == (size & 0xff);
	if (!good)
		atomic_fetch_add(&a->damaged, 1);
	heap_free_sized(&a->h, p, size, NULL);
}

static void *work(void *arg)
{
	struct thread *t = arg;
	uint64_t random = 0x9e3779b97f4a7c15ull * (t->hart + 1);

	host_hart = t->hart;
	for (unsigned round = 0; round < ROUNDS; round++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		uint64_t most = random >> 48 & 31 ? 500 : 30000; /* some are runs */
		uint8_t *p = make_block(&t->arena->h, 8 + random % most);
		p = atomic_exchange(&t->arena->slot[random >> 32 & (SLOTS - 1)], p);
		if (p != NULL)
			drop_block(t->arena, p);
	}
	return NULL;
}

static void share(bool own_stocks, size_t size)
{
	struct arena *a = ktest_alloc(sizeof(*a), 64);
	struct slab_stock *stock = ktest_alloc((THREADS + 1) * sizeof(*stock), 8);
	uint8_t *memory = ktest_alloc(size, 16);
	struct thread thread[THREADS];

	memset(a, 0, sizeof(*a));
	heap_init(&a->h);
	if (own_stocks) {
		const struct hart_slots slots =
			hart_slots_array(stock, sizeof(*stock), THREADS + 1);
		heap_use_stocks(&a->h, &slots);
	}
	REQUIRE_EQ(heap_add_region_self(&a->h, memory, size), ACRE_OK);
	for (unsigned i = 0; i < THREADS; i++) {
		thread[i] = (struct thread){ .hart = i + 1, .arena = a };
		REQUIRE_EQ(pthread_create(&thread[i].id, NULL, work, &thread[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		REQUIRE_EQ(pthread_join(thread[i].id, NULL), 0);
	for (unsigned i = 0; i < SLOTS; i++) {
		if (a->slot[i] != NULL)
			drop_block(a, a->slot[i]);
	}
	EXPECT_EQ(a->damaged, 0);
	EXPECT_EQ(a->h.count.refusals, 0);
	struct heap_stats stats;
	heap_stats(&a->h, &stats);
	EXPECT_EQ(stats.used_bytes, 0);
	EXPECT_EQ(stats.live_blocks, 0);
	REQUIRE_VALID(heap_validate(&a->h));
}

/* Of 64 KiB nothing is left again and again: slabs are retired and started all the time. */
KTEST(heap_threads, harts_free_the_blocks_of_others)
{
	share(false, 64 << 10);
	share(false, 1 << 20);
}

KTEST(heap_threads, harts_with_stocks_of_their_own_free_the_blocks_of_others)
{
	share(true, 64 << 10);
	share(true, 1 << 20);
}

#define CLASS                                                                                      \
	3u /* of 48 bytes; slab_alloc() has no attribute that lets an analyser miss the frees */

/* Also where the one block that each has comes and goes, so that all their slabs are empty between. */
KTEST(heap_threads, harts_with_a_block_each_have_a_slab_each)
{
	struct arena *a = ktest_alloc(sizeof(*a), 64);
	struct slab_stock *stock = ktest_alloc(THREADS * sizeof(*stock), 8);
	const struct hart_slots slots = hart_slots_array(stock, sizeof(*stock), THREADS);
	uint8_t *memory = ktest_alloc(1 << 20, 4096);
	void *block[THREADS];
	struct slab_stats stats;

	heap_init(&a->h);
	heap_use_stocks(&a->h, &slots);
	REQUIRE_EQ(heap_add_region_self(&a->h, memory, 1 << 20), ACRE_OK);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < THREADS; i++) {
			host_hart = i;
			block[i] = slab_alloc(&a->h.slabs, CLASS);
			for (unsigned k = 0; k < i; k++)
				EXPECT((uintptr_t)block[i] / 4096 != (uintptr_t)block[k] / 4096);
		}
		for (unsigned i = 0; i < THREADS; i++) {
			host_hart = i;
			heap_free(&a->h, block[i], NULL);
		}
		REQUIRE_VALID(heap_validate(&a->h));
	}
	slab_class_stats(&a->h.slabs, CLASS, &stats);
	EXPECT_EQ(stats.starts, THREADS);
	for (unsigned i = 0; i < THREADS; i++) { /* who stops has none */
		host_hart = i;
		heap_stock_leave(&stock[i], &a->h);
	}
	slab_class_stats(&a->h.slabs, CLASS, &stats);
	EXPECT_EQ(stats.slabs, 1); /* the only one that is listed */
	host_hart = 0;
	REQUIRE_VALID(heap_validate(&a->h));
}

/* Harts take from slabs of their own while there is memory, and from any when there is none. */
KTEST(heap_threads, harts_keep_away_from_the_slabs_of_others)
{
	struct arena *a = ktest_alloc(sizeof(*a), 64);
	struct slab_stock *stock = ktest_alloc((THREADS + 1) * sizeof(*stock), 8);
	const struct hart_slots slots = hart_slots_array(stock, sizeof(*stock), THREADS + 1);
	uint8_t *memory = ktest_alloc(1 << 20, 4096);
	void *block[THREADS];

	heap_init(&a->h);
	heap_use_stocks(&a->h, &slots);
	REQUIRE_EQ(heap_add_region_self(&a->h, memory, 1 << 20), ACRE_OK);
	for (unsigned i = 0; i < THREADS; i++) {
		host_hart = i;
		block[i] = slab_alloc(&a->h.slabs, CLASS);
		heap_free(&a->h, slab_alloc(&a->h.slabs, CLASS), NULL);
		for (unsigned k = 0; k < i; k++)
			EXPECT((uintptr_t)block[i] / 4096 != (uintptr_t)block[k] / 4096);
	}
	REQUIRE_VALID(heap_validate(&a->h));
	/* One that has stopped keeps nobody away. */
	host_hart = 0;
	heap_stock_leave(&stock[0], &a->h);
	host_hart = THREADS;
	void *same = slab_alloc(&a->h.slabs, CLASS);
	EXPECT_EQ((uintptr_t)same / 4096, (uintptr_t)block[0] / 4096);
	/* Where memory is short all that is free is anybody's. */
	size_t n = 0;
	while (slab_alloc(&a->h.slabs, CLASS) != NULL)
		n++;
	struct heap_stats stats;
	heap_stats(&a->h, &stats);
	EXPECT_EQ(stats.live_blocks, n + THREADS + 1);
	EXPECT(stats.largest_free < 4096);
	REQUIRE_VALID(heap_validate(&a->h));
	host_hart = 0;
}

/* ---- heaps that grow and shrink ---------------------------------------------------------------- */

#define FRAMES      320u /* so few that they are used up again and again */
#define RUN_FRAMES  24u
#define GROW_STEPS  250u
#define GROWN_TIMES 6u /* the threads meet as often, and nothing is left but an arena */

struct grow_arena {
	struct arena blocks;
	struct frame_pool pool;
	struct frame_room room;
	struct reclaim_list reclaim;
	struct reclaim_slot slot[THREADS + 1];
	struct reclaim_hook hook;
	_Atomic uint64_t kept[SLOTS]; /* runs of frames that any thread may free: pfn, 0 for none */
	atomic_uint wrong;
};

static void *take_frames(void *context, size_t bytes, size_t align,
			 const struct heap_place *anywhere)
{
	(void)anywhere;
	struct grow_arena *a = context;
	frame_nr_t pfn = frame_alloc_range(&a->pool, bytes / FRAME_SIZE, align);

	return pfn != FRAME_NONE ? frame_ptr(&a->pool, pfn) : NULL;
}

static void give_frames(void *context, void *start, size_t bytes)
{
	struct grow_arena *a = context;

	memset(start, 0xe5, bytes);
	if (frame_free_range(&a->pool, frame_of_ptr(&a->pool, start), bytes / FRAME_SIZE) !=
	    ACRE_OK)
		atomic_fetch_add(&a->wrong, 1);
}

static bool shrink(void *context, size_t bytes)
{
	(void)bytes;
	return heap_shrink(&((struct grow_arena *)context)->blocks.h) != 0;
}

/* Plain words: a frame that has two owners is a race. */
static void own_frames(struct grow_arena *a, frame_nr_t pfn)
{
	for (unsigned i = 0; i < RUN_FRAMES; i++)
		*(uint64_t *)frame_ptr(&a->pool, pfn + i) = pfn + i;
}

static void free_frames(struct grow_arena *a, frame_nr_t pfn)
{
	for (unsigned i = 0; i < RUN_FRAMES; i++) {
		if (*(uint64_t *)frame_ptr(&a->pool, pfn + i) != pfn + i)
			atomic_fetch_add(&a->wrong, 1);
	}
	if (frame_free_range(&a->pool, pfn, RUN_FRAMES) != ACRE_OK)
		atomic_fetch_add(&a->wrong, 1);
}

static void take_and_free_some_frames(struct grow_arena *a, uint64_t random)
{
	frame_nr_t pfn =
		random & 1 ? frame_alloc_range(&a->pool, RUN_FRAMES, FRAME_SIZE) : FRAME_NONE;

	if (pfn != FRAME_NONE)
		own_frames(a, pfn);
	pfn = atomic_exchange(&a->kept[random >> 8 & 7], pfn != FRAME_NONE ? pfn : 0);
	if (pfn != 0)
		free_frames(a, pfn);
}

static void take_and_free_some_block(struct arena *a, uint64_t random)
{
	const uint64_t most = random >> 48 & 7 ? 3000 : 200000;
	/* Half of the time the slot is emptied, so that regions become empty too. */
	uint8_t *p = random >> 47 & 1 ? make_block(&a->h, 8 + random % most) : NULL;

	p = atomic_exchange(&a->slot[random >> 32 & (SLOTS - 1)], p);
	if (p != NULL)
		drop_block(a, p);
}

static void *work_and_grow(void *arg)
{
	struct thread *t = arg;
	struct grow_arena *a = (struct grow_arena *)t->arena;
	uint64_t random = 0x9e3779b97f4a7c15ull * (t->hart + 1 + THREADS * t->round);

	host_hart = t->hart;
	for (unsigned step = 0; step < GROW_STEPS; step++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		if ((random >> 56 & 15) == 0)
			take_and_free_some_frames(a, random);
		else if ((random >> 56 & 63) == 1)
			(void)heap_shrink(&a->blocks.h);
		else
			take_and_free_some_block(&a->blocks, random);
	}
	return NULL;
}

/* An arena of 64 KiB, a pool of FRAMES, and hooks of both: the heap that shrinks. */
static struct grow_arena *grow_arena_of(bool own_stocks)
{
	const size_t size = 64 << 10;
	const size_t metadata = frame_metadata_bytes(FRAMES);
	struct grow_arena *a = ktest_alloc(sizeof(*a), 64);
	struct slab_stock *stock = ktest_alloc((THREADS + 1) * sizeof(*stock), 8);
	uint8_t *memory = ktest_alloc(FRAMES * FRAME_SIZE, 64 << 10);
	const frame_nr_t first = frame_from_paddr((uintptr_t)memory);
	const struct hart_slots stocks = hart_slots_array(stock, sizeof(*stock), THREADS + 1);
	const struct heap_backing backing = { .take = take_frames,
					      .give = give_frames,
					      .context = a,
					      .low = (uintptr_t)memory,
					      .high = (uintptr_t)memory + FRAMES * FRAME_SIZE };

	memset(a, 0, sizeof(*a));
	REQUIRE_EQ(frame_pool_init_in(&a->pool, 0, &a->room), ACRE_OK);
	REQUIRE_EQ(frame_pool_add_bank(&a->pool, first, FRAMES, ktest_alloc(metadata, 8), metadata),
		   ACRE_OK);
	REQUIRE_EQ(frame_insert(&a->pool, first, FRAMES), ACRE_OK);
	heap_init(&a->blocks.h);
	if (own_stocks)
		heap_use_stocks(&a->blocks.h, &stocks);
	REQUIRE_EQ(heap_add_region_self(&a->blocks.h, ktest_alloc(size, 4096), size), ACRE_OK);
	REQUIRE_EQ(heap_set_backing(&a->blocks.h, &backing), ACRE_OK);
	const struct hart_slots slots = hart_slots_array(a->slot, sizeof(a->slot[0]), THREADS + 1);
	reclaim_init(&a->reclaim, &slots);
	a->hook = (struct reclaim_hook){ .name = "heap", .give = shrink, .context = a };
	reclaim_add(&a->reclaim, &a->hook);
	heap_set_reclaim(&a->blocks.h, &a->reclaim);
	frame_pool_reclaim(&a->pool, &a->reclaim);
	return a;
}

/* All is freed, the heap shrinks, and the pool has all frames but those that are for good. */
static void expect_frames_back(struct grow_arena *a)
{
	struct heap_stats stats;

	for (unsigned i = 0; i < SLOTS; i++) {
		uint8_t *block = atomic_exchange(&a->blocks.slot[i], NULL);
		if (block != NULL)
			drop_block(&a->blocks, block);
		frame_nr_t pfn = atomic_exchange(&a->kept[i], 0);
		if (pfn != 0)
			free_frames(a, pfn);
	}
	heap_shrink(&a->blocks.h);
	heap_stats(&a->blocks.h, &stats);
	EXPECT_EQ(a->blocks.damaged, 0);
	EXPECT_EQ(a->wrong, 0);
	EXPECT_EQ(stats.count.refusals, 0);
	EXPECT_EQ(stats.live_blocks, 0);
	EXPECT_EQ(stats.slab_bytes, 0);
	/* Descriptors for which there was no frame lie in a region, which stays. */
	EXPECT(stats.grown_bytes == 0 || stats.table_bytes != 0);
	EXPECT_EQ((FRAMES - frame_free_count(&a->pool)) * FRAME_SIZE,
		  stats.grown_bytes + stats.backed_bytes);
	REQUIRE_VALID(heap_validate(&a->blocks.h));
	REQUIRE_VALID(frame_validate(&a->pool));
}

static void share_and_grow(bool own_stocks)
{
	struct grow_arena *a = grow_arena_of(own_stocks);
	struct thread thread[THREADS];
	struct heap_stats stats;

	for (unsigned round = 0; round < GROWN_TIMES; round++) {
		for (unsigned i = 0; i < THREADS; i++) {
			thread[i] = (struct thread){ .hart = i + 1,
						     .round = round,
						     .arena = &a->blocks };
			REQUIRE_EQ(pthread_create(&thread[i].id, NULL, work_and_grow, &thread[i]),
				   0);
		}
		for (unsigned i = 0; i < THREADS; i++)
			REQUIRE_EQ(pthread_join(thread[i].id, NULL), 0);
		expect_frames_back(a);
	}
	heap_stats(&a->blocks.h, &stats);
	EXPECT(stats.grows >= GROWN_TIMES && stats.shrinks > 0);
	EXPECT(a->hook.asked > 0);
	ktest_note("%u times grown, %u times given back; asked %u times, gave %u times",
		   (unsigned)stats.grows, (unsigned)stats.shrinks, (unsigned)a->hook.asked,
		   (unsigned)a->hook.gave);
}

KTEST(heap_threads, the_heap_grows_and_shrinks_beside_the_frames_of_others)
{
	share_and_grow(false);
}

KTEST(heap_threads, harts_with_stocks_grow_and_shrink_the_heap)
{
	share_and_grow(true);
}
