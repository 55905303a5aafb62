/* SPDX-License-Identifier: MIT */
/*
 * heap_grow_test.c - a heap that takes regions from a frame pool, and gives them back. The pool has
 * real memory, and may fail at any call.
 */
#include "mm/heap/heap.h"

#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "mm/frame_backing.h"
#include "tests/support/frame_room.h"
#include "tests/support/ktest.h"

#define ARENA   ((size_t)64 << 10)
#define FRAMES  512u
#define BLOCKS  1024u
#define HERE    ((const void *)0xca11e4)
#define FOREVER UINT32_MAX

struct rig {
	struct heap heap;
	struct frame_pool pool;
	struct frame_room room;
	struct frame_backing frames;
	struct heap_backing backing;
	struct reclaim_list reclaim;
	struct reclaim_slot slot[PLATFORM_MAX_HARTS];
	struct reclaim_hook hook; /* heap_shrink() */
	uint32_t takes_left;      /* then there is nothing */
	uint32_t with_heap_lock;  /* calls of take() */
	uint32_t with_runs_lock;
	uint32_t gives;
	void *block[BLOCKS];
};

/* ---- the backing ----------------------------------------------------------------------------- */

/* The lock of a class is dropped before a run is asked for, and before one goes back. */
static bool class_lock_is_held(struct rig *r)
{
	for (unsigned class = 1; class <= SLAB_LARGE; class ++) {
		if (ticket_lock_held(&r->heap.slabs.class[class].lock))
			return true;
	}
	return false;
}

static bool any_lock_is_held(struct rig *r)
{
	return class_lock_is_held(r) || ticket_lock_held(&r->heap.lock) ||
	       ticket_lock_held(&r->heap.runs.lock) || ticket_lock_held(&r->pool.lock) ||
	       ticket_lock_held(&r->reclaim.lock);
}

static void *take(void *context, size_t bytes, size_t align, const struct heap_place *place)
{
	struct rig *r = context;
	const bool heap = ticket_lock_held(&r->heap.lock);
	const bool runs = ticket_lock_held(&r->heap.runs.lock);

	EXPECT(!(heap && runs) && !class_lock_is_held(r) && !ticket_lock_held(&r->pool.lock));
	r->with_heap_lock += heap;
	r->with_runs_lock += runs;
	if (r->takes_left == 0)
		return NULL;
	if (r->takes_left != FOREVER)
		r->takes_left--;
	return r->frames.backing.take(&r->frames, bytes, align, place);
}

/* A hart that still uses it notices. */
static void give(void *context, void *start, size_t bytes)
{
	struct rig *r = context;

	EXPECT(!any_lock_is_held(r));
	r->gives++;
	memset(start, 0xe5, bytes);
	r->frames.backing.give(&r->frames, start, bytes);
}

static bool shrink(void *context, size_t bytes)
{
	struct rig *r = context;

	(void)bytes;
	EXPECT(!any_lock_is_held(r));
	return heap_shrink(&r->heap) != 0;
}

/* A heap with an arena, and the @nframes frames from @memory on besides. */
static struct rig *rig_at(uint8_t *memory, frame_count_t nframes)
{
	struct rig *r = ktest_alloc(sizeof(*r), 64);
	const size_t table = heap_table_bytes(ARENA);
	const size_t metadata = frame_metadata_bytes(nframes);
	const frame_nr_t first = frame_from_paddr((uint64_t)(uintptr_t)memory);

	memset(r, 0, sizeof(*r));
	heap_init(&r->heap);
	REQUIRE_EQ(heap_add_region(&r->heap, ktest_alloc(ARENA, FRAME_SIZE), ARENA,
				   ktest_alloc(table, 8), table),
		   ACRE_OK);
	REQUIRE_EQ(frame_pool_init_in(&r->pool, 0, &r->room), ACRE_OK);
	REQUIRE_EQ(frame_pool_add_bank(&r->pool, first, nframes, ktest_alloc(metadata, 8),
				       metadata),
		   ACRE_OK);
	REQUIRE_EQ(frame_insert(&r->pool, first, nframes), ACRE_OK);
	const struct hart_slots slots =
		hart_slots_array(r->slot, sizeof(r->slot[0]), PLATFORM_MAX_HARTS);
	reclaim_init(&r->reclaim, &slots);
	r->hook = (struct reclaim_hook){ .name = "heap", .give = shrink, .context = r };
	r->takes_left = FOREVER;
	frame_backing_init(&r->frames, &r->pool, NULL);
	r->backing = r->frames.backing;
	r->backing.take = take;
	r->backing.give = give;
	r->backing.context = r;
	REQUIRE_EQ(heap_set_backing(&r->heap, &r->backing), ACRE_OK);
	REQUIRE_VALID(heap_validate(&r->heap));
	return r;
}

static struct rig *rig_of(frame_count_t nframes)
{
	return rig_at(ktest_alloc(nframes * FRAME_SIZE, (size_t)64 << 10), nframes);
}

static struct heap_stats stats_of(struct rig *r)
{
	struct heap_stats s;

	heap_stats(&r->heap, &s);
	return s;
}

/* Frames that are not free are those that the heap says it has. */
static void expect_books(struct rig *r)
{
	const struct heap_stats s = stats_of(r);

	REQUIRE_VALID(heap_validate(&r->heap));
	REQUIRE_VALID(frame_validate(&r->pool));
	EXPECT_EQ((frame_managed_count(&r->pool) - frame_free_count(&r->pool)) * FRAME_SIZE,
		  s.grown_bytes + s.placed_bytes + s.backed_bytes);
	EXPECT_EQ(ktest_bad_frees(), 0);
}

static unsigned fill(struct rig *r, unsigned n, size_t size)
{
	unsigned i = 0;

	for (; i < n && (r->block[i] = heap_alloc(&r->heap, size, HERE)) != NULL; i++)
		memset(r->block[i], (int)i + 1, size);
	return i;
}

static void drain(struct rig *r, unsigned n, size_t size)
{
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *byte = r->block[i];
		EXPECT(byte[0] == (uint8_t)(i + 1) && byte[size - 1] == (uint8_t)(i + 1));
		heap_free(&r->heap, r->block[i], HERE);
	}
}

/* ---- growing and shrinking -------------------------------------------------------------------- */

KTEST(heap_grow, takes_frames_only_when_it_must_and_gives_them_back)
{
	static const size_t sizes[] = { 16, 48, 256, 1000, 9000, 16384 };
	struct rig *r = rig_of(FRAMES);

	EXPECT_EQ(stats_of(r).grown_bytes, 0);
	EXPECT_EQ(fill(r, 8, 1000), 8);
	EXPECT_EQ(stats_of(r).grown_bytes, 0);
	drain(r, 8, 1000);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
			size_t most = 3 * (size_t)512 * 1024 / sizes[i];
			unsigned n = (unsigned)(most < BLOCKS ? most : BLOCKS);
			EXPECT_EQ(fill(r, n, sizes[i]), n);
			expect_books(r);
			drain(r, n, sizes[i]);
			heap_shrink(&r->heap);
			expect_books(r);
			EXPECT_EQ(stats_of(r).grown_bytes, 0);
		}
	}
	EXPECT(stats_of(r).grows > 4);
	EXPECT_EQ(stats_of(r).grows, stats_of(r).shrinks);
}

/* Of objects: each slab needs a run, and in the end a frame of descriptors. */
KTEST(heap_grow, asks_the_backing_with_the_lock_of_growth_or_of_the_runs_alone)
{
	struct rig *r = rig_of(FRAMES);
	const unsigned n = fill(r, BLOCKS, 1024);

	EXPECT_EQ(n, BLOCKS);
	drain(r, n, 1024);
	EXPECT(heap_shrink(&r->heap) != 0);
	EXPECT(r->with_heap_lock != 0);
	EXPECT(r->with_runs_lock != 0);
	EXPECT(r->gives != 0);
	expect_books(r);
}

KTEST(heap_grow, takes_nothing_more_for_good_the_second_time)
{
	struct rig *r = rig_of(FRAMES);
	size_t for_good = 0;

	for (unsigned round = 0; round < 3; round++) {
		EXPECT_EQ(fill(r, BLOCKS, 1500), BLOCKS);
		const size_t grown = stats_of(r).grown_bytes;
		EXPECT(grown >= (BLOCKS - 64) * (size_t)1500);
		drain(r, BLOCKS, 1500);
		EXPECT_EQ(heap_shrink(&r->heap), grown);
		EXPECT_EQ(heap_shrink(&r->heap), 0);
		if (round > 0)
			EXPECT_EQ(stats_of(r).backed_bytes, for_good);
		for_good = stats_of(r).backed_bytes;
	}
	expect_books(r);
}

KTEST(heap_grow, a_block_that_stays_holds_its_region_alone)
{
	struct rig *r = rig_of(FRAMES);
	unsigned n = fill(r, BLOCKS, 1500);
	void *last = r->block[n - 1];

	drain(r, n - 1, 1500);
	heap_shrink(&r->heap);
	expect_books(r);
	const size_t held = stats_of(r).grown_bytes;
	EXPECT(held > 0 && held <= (size_t)1 << 20);
	heap_free(&r->heap, last, HERE);
	EXPECT_EQ(heap_shrink(&r->heap), held);
	expect_books(r);
}

KTEST(heap_grow, meets_what_no_usual_region_can)
{
	struct rig *r = rig_of(FRAMES);
	const size_t size = (size_t)1300 << 10; /* no power of two of frames is left for that */
	void *block = heap_alloc(&r->heap, size, HERE);

	REQUIRE(block != NULL);
	memset(block, 0x77, size);
	/* Frames of its own, and nothing else. */
	EXPECT_EQ(stats_of(r).grown_bytes, 0);
	EXPECT_EQ(stats_of(r).placed_bytes, size);
	expect_books(r);
	heap_free(&r->heap, block, HERE);
	EXPECT_EQ(stats_of(r).placed_bytes, 0);
	EXPECT_EQ(heap_shrink(&r->heap), 0);
	block = heap_alloc_aligned(&r->heap, 100, (size_t)256 << 10, HERE);
	REQUIRE(block != NULL);
	EXPECT(is_aligned((uintptr_t)block, (size_t)256 << 10));
	expect_books(r);
	heap_free(&r->heap, block, HERE);
	EXPECT(heap_alloc(&r->heap, FRAMES * FRAME_SIZE, HERE) == NULL);
	if (align_up(r->backing.low, (size_t)64 << 20) >= r->backing.high)
		EXPECT(heap_alloc_aligned(&r->heap, 1, (size_t)64 << 20, HERE) == NULL);
	heap_shrink(&r->heap);
	expect_books(r);
}

KTEST(heap_grow, drains_the_pool_and_is_whole_again)
{
	struct rig *r = rig_of(FRAMES);
	unsigned n = 0;

	while (n < BLOCKS && (r->block[n] = heap_alloc(&r->heap, 16000, HERE)) != NULL)
		n++;
	/* What is left is less than a slab of two, or a run, and its table. */
	EXPECT(frame_free_count(&r->pool) < 16);
	EXPECT(n * (size_t)16000 > FRAMES * FRAME_SIZE * 9 / 10);
	EXPECT_EQ(stats_of(r).count.failures, 1);
	expect_books(r);
	while (n > 0)
		heap_free(&r->heap, r->block[--n], HERE);
	heap_shrink(&r->heap);
	EXPECT_EQ(stats_of(r).grown_bytes, 0);
	expect_books(r);
}

static void expect_table(struct rig *r, uint8_t *start, size_t bytes)
{
	struct heap_block block;

	for (unsigned end = 0; end < 2; end++) {
		REQUIRE_EQ(heap_block_of(&r->heap, start + end * (bytes - 1), &block), ACRE_OK);
		EXPECT_EQ(block.what, HEAP_TABLE);
		EXPECT(block.start == start && block.bytes == bytes);
	}
}

KTEST(heap_grow, knows_its_tables_in_the_frames_that_it_takes)
{
	struct rig *r = rig_at(ktest_alloc(2 * PAGE_MAP_WINDOW, PAGE_MAP_WINDOW),
			       2 * PAGE_MAP_WINDOW / FRAME_SIZE);
	const struct page_map *map = &r->heap.map;
	unsigned n = fill(r, BLOCKS, 3500);

	REQUIRE(map->nwindows == 2);
	expect_table(r, (uint8_t *)map->root, FRAME_SIZE);
	for (size_t w = 0; w < map->nwindows; w++)
		expect_table(r,
			     (uint8_t *)page_map_leaf_of(map, map->windows + w * PAGE_MAP_WINDOW),
			     PAGE_MAP_LEAF * sizeof(page_map_owner));
	unsigned pieces = 0;
	for (unsigned i = 0; i < BUDDY_MAX_REGIONS; i++) {
		if (r->heap.grown.piece[i].bytes == 0)
			continue;
		expect_table(r, (uint8_t *)r->heap.table[i].start, r->heap.table[i].bytes);
		pieces++;
	}
	EXPECT(pieces >= 2);
	drain(r, n, 3500);
	expect_books(r);
}

/* ---- limits ------------------------------------------------------------------------------------ */

KTEST(heap_grow, takes_no_more_than_it_may)
{
	struct rig *r = rig_of(FRAMES);
	const size_t most = (size_t)300 << 10;

	heap_set_limits(&r->heap, most, 0);
	unsigned n = fill(r, BLOCKS, 4000);
	EXPECT(n < BLOCKS);
	EXPECT(stats_of(r).grown_bytes <= most);
	EXPECT(stats_of(r).grown_bytes > most / 2);
	heap_set_limits(&r->heap, 0, 0); /* what it has stays */
	EXPECT(stats_of(r).grown_bytes > most / 2);
	EXPECT(heap_alloc(&r->heap, 4000, HERE) == NULL);
	expect_books(r);
	heap_set_limits(&r->heap, SIZE_MAX, 0);
	void *one_more = heap_alloc(&r->heap, 4000, HERE);
	EXPECT(one_more != NULL);
	heap_free(&r->heap, one_more, HERE);
	drain(r, n, 4000);
	heap_shrink(&r->heap);
	expect_books(r);
	EXPECT_EQ(stats_of(r).grown_bytes, 0);
}

KTEST(heap_grow, keeps_what_it_is_told_to_keep)
{
	struct rig *r = rig_of(FRAMES);
	const size_t keep = (size_t)200 << 10;
	unsigned n = fill(r, BLOCKS, 1500);

	heap_set_limits(&r->heap, SIZE_MAX, keep);
	drain(r, n, 1500);
	heap_shrink(&r->heap);
	EXPECT(stats_of(r).free_bytes >= keep);
	EXPECT(stats_of(r).grown_bytes > 0);
	expect_books(r);
	heap_set_limits(&r->heap, SIZE_MAX, 0);
	heap_shrink(&r->heap);
	EXPECT_EQ(stats_of(r).grown_bytes, 0);
	expect_books(r);
}

KTEST(heap_grow, refuses_a_backing_that_is_none)
{
	struct rig *r = rig_of(FRAMES);
	struct heap *h = ktest_alloc(sizeof(*h), 64);
	struct heap_backing backing = r->backing;

	heap_init(h);
	backing.high = backing.low;
	EXPECT_EQ(heap_set_backing(h, &backing), ACRE_ERR_INVALID);
	backing.high = backing.low + 1;
	r->takes_left = 0;
	EXPECT_EQ(heap_set_backing(h, &backing), ACRE_ERR_NOMEM);
	EXPECT(heap_alloc(h, 1, HERE) == NULL);
	EXPECT_EQ(heap_shrink(h), 0);
}

/* Memory that is not where it was said to be is given back. */
KTEST(heap_grow, keeps_no_memory_from_elsewhere)
{
	struct rig *r = rig_of(FRAMES);

	r->heap.map.nwindows = 0;
	EXPECT(heap_alloc(&r->heap, (size_t)100 << 10, HERE) == NULL);
	EXPECT_EQ(stats_of(r).grown_bytes, 0);
	expect_books(r);
}

/* ---- faults ------------------------------------------------------------------------------------ */

/* Whatever the call of the backing that fails: nothing is lost, and the next time it works. */
KTEST(heap_grow, survives_a_failure_at_each_point)
{
	struct rig *r = rig_of(FRAMES);

	for (uint32_t takes = 0; takes < 24; takes++) {
		r->takes_left = takes;
		unsigned n = fill(r, BLOCKS, 700);
		expect_books(r);
		r->takes_left = FOREVER;
		void *one_more = heap_alloc(&r->heap, 700, HERE);
		EXPECT(one_more != NULL);
		expect_books(r);
		heap_free(&r->heap, one_more, HERE);
		drain(r, n, 700);
		heap_shrink(&r->heap);
		/* Descriptors for which there was no frame lie in a region, which stays. */
		if (stats_of(r).table_bytes == 0)
			EXPECT_EQ(stats_of(r).grown_bytes, 0);
		expect_books(r);
	}
}

/* ---- who asks whom ----------------------------------------------------------------------------- */

KTEST(heap_grow, frames_ask_the_heap)
{
	struct rig *r = rig_of(FRAMES);

	reclaim_add(&r->reclaim, &r->hook);
	frame_pool_reclaim(&r->pool, &r->reclaim);
	unsigned n = fill(r, BLOCKS, 1500);
	const size_t grown = stats_of(r).grown_bytes;
	const frame_count_t free = frame_free_count(&r->pool);
	EXPECT_EQ(frame_alloc_range(&r->pool, free + 1, FRAME_SIZE), FRAME_NONE);
	EXPECT_EQ(stats_of(r).grown_bytes, grown);
	drain(r, n, 1500);
	EXPECT_EQ(stats_of(r).grown_bytes, grown); /* until somebody needs it */
	frame_nr_t run = frame_alloc_range(&r->pool, grown / FRAME_SIZE, FRAME_SIZE);
	EXPECT(run != FRAME_NONE);
	EXPECT_EQ(stats_of(r).grown_bytes, 0);
	EXPECT_EQ(frame_free_range(&r->pool, run, grown / FRAME_SIZE), ACRE_OK);
	expect_books(r);
}

/* Someone who has frames, and gives them back when the heap asks. */
struct hoard {
	struct rig *r;
	frame_nr_t first;
	frame_count_t n;
	bool allocates; /* of the heap, while it is asked */
	unsigned got;
};

static bool give_hoard(void *context, size_t bytes)
{
	struct hoard *hoard = context;

	(void)bytes;
	if (hoard->allocates) {
		void *block = heap_alloc(&hoard->r->heap, 5000, HERE);
		hoard->got += block != NULL;
		heap_free(&hoard->r->heap, block, HERE);
	}
	if (hoard->n == 0)
		return false;
	EXPECT_EQ(frame_free_range(&hoard->r->pool, hoard->first, hoard->n), ACRE_OK);
	hoard->n = 0;
	return true;
}

static struct hoard hoard_all(struct rig *r)
{
	struct hoard hoard = { .r = r, .n = frame_free_count(&r->pool) };

	hoard.first = frame_alloc_range(&r->pool, hoard.n, FRAME_SIZE);
	REQUIRE(hoard.first != FRAME_NONE);
	return hoard;
}

/*
 * Heap asks frames, frames ask hooks: but not while the heap holds its lock. The heap itself asks:
 * the hoard, which uses the heap itself if it @allocates, and its own hook, which is the @first.
 */
static void ask_in_order(bool allocates, bool first)
{
	struct rig *r = rig_of(FRAMES);
	struct hoard hoard = hoard_all(r);
	struct reclaim_hook hook = { .name = "hoard", .give = give_hoard, .context = &hoard };

	hoard.allocates = allocates;
	reclaim_add(&r->reclaim, first ? &r->hook : &hook);
	reclaim_add(&r->reclaim, first ? &hook : &r->hook);
	frame_pool_reclaim(&r->pool, &r->reclaim);
	heap_set_reclaim(&r->heap, &r->reclaim);
	EXPECT_EQ(fill(r, BLOCKS, 1500), BLOCKS);
	EXPECT_EQ(hook.asked, 1);
	EXPECT_EQ(hook.gave, 1);
	EXPECT_EQ(hoard.got, 0); /* it was asked because there was nothing */
	expect_books(r);
	EXPECT_EQ(stats_of(r).count.failures, allocates);
	drain(r, BLOCKS, 1500);
	/* The other way: frames fail, the heap gives its regions, and is asked once. */
	const uint64_t asked = r->hook.asked;
	EXPECT_EQ(frame_alloc_range(&r->pool, FRAMES, FRAME_SIZE), FRAME_NONE);
	EXPECT_EQ(r->hook.asked, asked + 1);
	EXPECT_EQ(stats_of(r).grown_bytes, 0);
	expect_books(r);
}

KTEST(heap_grow, the_heap_asks_others_and_then_itself)
{
	ask_in_order(false, false);
}

KTEST(heap_grow, the_heap_asks_itself_and_then_others)
{
	ask_in_order(false, true);
}

KTEST(heap_grow, who_is_asked_may_use_the_heap)
{
	ask_in_order(true, false);
}

KTEST(heap_grow, who_is_asked_after_the_heap_may_use_it)
{
	ask_in_order(true, true);
}

KTEST(heap_grow, with_interrupts_off_nobody_is_asked)
{
	struct rig *r = rig_of(FRAMES);
	struct hoard hoard = hoard_all(r);
	struct reclaim_hook hook = { .name = "hoard", .give = give_hoard, .context = &hoard };

	reclaim_add(&r->reclaim, &hook);
	heap_set_reclaim(&r->heap, &r->reclaim);
	unsigned long irq = platform_irq_save();
	unsigned n = fill(r, BLOCKS, 1500);
	platform_irq_restore(irq);
	EXPECT(n < 64);
	EXPECT_EQ(hook.asked, 0);
	EXPECT(heap_alloc(&r->heap, 1500, HERE) != NULL);
	EXPECT_EQ(hook.asked, 1);
	REQUIRE_VALID(heap_validate(&r->heap));
}

/* ---- more memory than there is here ------------------------------------------------------------- */

static size_t most_wanted;

static void *want(void *context, size_t bytes, size_t align, const struct heap_place *place)
{
	(void)context;
	(void)place;
	(void)align;
	if (bytes > most_wanted)
		most_wanted = bytes;
	return NULL;
}

/* However large the heap is: a region, a piece without its table, is below 64 GiB. */
KTEST(heap_grow, asks_for_no_more_than_a_region_may_have)
{
	struct rig *r = rig_of(FRAMES);
	const size_t total = r->heap.runs.buddy.total_bytes;
	const size_t size = ARENA * 2 / 3;
	void *first = heap_alloc(&r->heap, size, HERE);

	REQUIRE(first != NULL); /* there is no room for two of them */
	r->heap.grown.backing.take = want;
	most_wanted = 0;
	for (unsigned shift = 30; shift < 43; shift++) {
		r->heap.runs.buddy.total_bytes = (size_t)1 << shift;
		EXPECT(heap_alloc(&r->heap, size, HERE) == NULL);
		EXPECT(most_wanted >= (size_t)1 << (shift < 39 ? shift - 3 : 36));
		EXPECT(most_wanted - run_table_bytes(most_wanted) <= RUN_MAX_REGION);
	}
	r->heap.runs.buddy.total_bytes = total;
	heap_free(&r->heap, first, HERE);
	REQUIRE_VALID(heap_validate(&r->heap));
}

/* ---- at random --------------------------------------------------------------------------------- */

/* An emulated machine takes its time, and runs this each time it is tested. */
#ifdef __riscv
#define STEPS 5000u
#else
#define STEPS 1000000u
#endif
#define LIVE 96u /* few enough that there is always a frame for descriptors */

static uint64_t next_of(uint64_t *random)
{
	*random = *random * 6364136223846793005u + 1442695040888963407u;
	return *random >> 33;
}

static void take_or_free_one(struct rig *r, uint64_t *random)
{
	void **block = &r->block[next_of(random) % LIVE];
	size_t size = 1 + next_of(random) % (1 + next_of(random) % 30000);

	if (*block != NULL) {
		heap_free(&r->heap, *block, HERE);
		*block = NULL;
	} else {
		*block = heap_alloc(&r->heap, size, HERE);
	}
}

/* All is freed after @steps, and the heap shrinks: then, or also @often before. */
static void random_round(struct rig *r, uint64_t random, unsigned steps, unsigned often)
{
	memset(r->block, 0, sizeof(r->block));
	for (unsigned step = 0; step < steps; step++) {
		take_or_free_one(r, &random);
		if (often != 0 && step % (steps / often) == 0) {
			heap_shrink(&r->heap);
			expect_books(r);
		}
	}
	for (unsigned i = 0; i < LIVE; i++)
		heap_free(&r->heap, r->block[i], HERE);
	expect_books(r);
	EXPECT(often != 0 || stats_of(r).grown_bytes != 0);
	heap_shrink(&r->heap);
	EXPECT_EQ(stats_of(r).table_bytes, 0);
	EXPECT_EQ(stats_of(r).grown_bytes, 0);
	expect_books(r);
}

/*
 * Two rounds, the same: the second one takes nothing more for good. No size shares the slab of
 * another: that would end in the first round, and so they would not be the same.
 */
static void random_rounds(unsigned steps, unsigned often)
{
	struct rig *r = rig_of(FRAMES);
	const uint64_t seed = ktest_random();

	for (size_t i = 0; i < HEAP_SIZES; i++)
		r->heap.serving[i] = r->heap.class_of[i];
	random_round(r, seed, steps, often);
	const size_t for_good = stats_of(r).backed_bytes;
	random_round(r, seed, steps, often);
	EXPECT_EQ(stats_of(r).backed_bytes, for_good);
	acre_print("# %u operations, twice: of %u frames %u are the heap's for good\n", steps,
		   FRAMES, (unsigned)(for_good / FRAME_SIZE));
}

KTEST(heap_grow, random_rounds_end_with_all_frames_back)
{
	random_rounds(STEPS, 0);
}

KTEST(heap_grow, random_rounds_that_shrink_end_with_all_frames_back)
{
	random_rounds(STEPS / 4, 20);
}

/* ---- to the last frame ------------------------------------------------------------------------- */

/* Frames that are taken beside the heap: a list, whose links lie in them. */
struct taken {
	frame_nr_t first; /* FRAME_NONE: there is none */
	frame_count_t n;
};

static bool take_a_frame(struct rig *r, struct taken *taken)
{
	const frame_nr_t pfn = frame_alloc(&r->pool);

	if (pfn == FRAME_NONE)
		return false;
	*(frame_nr_t *)frame_ptr(&r->pool, pfn) = taken->first;
	taken->first = pfn;
	taken->n++;
	return true;
}

static void free_frames(struct rig *r, struct taken *taken)
{
	while (taken->first != FRAME_NONE) {
		const frame_nr_t pfn = taken->first;
		taken->first = *(frame_nr_t *)frame_ptr(&r->pool, pfn);
		EXPECT_EQ(frame_free(&r->pool, pfn), ACRE_OK);
	}
	taken->n = 0;
}

/* Blocks of @size, the k-th on the list of k. They are as many as there are. */
static bool take_a_block(struct rig *r, unsigned *n, size_t size)
{
	if (*n == BLOCKS || (r->block[*n] = heap_alloc(&r->heap, size, HERE)) == NULL)
		return false;
	memset(r->block[*n], (int)(*n + 1), size);
	++*n;
	return true;
}

/* What goes first until there is none, and then the other; or they take turns. */
enum drain_order { HEAP_FIRST, FRAMES_FIRST, IN_TURN, DRAIN_ORDERS };

static void drain_both(struct rig *r, enum drain_order order, size_t size, unsigned *n,
		       struct taken *taken)
{
	bool more = true;

	switch (order) {
	case HEAP_FIRST:
		while (take_a_block(r, n, size))
			;
		break;
	case FRAMES_FIRST:
		while (take_a_frame(r, taken))
			;
		break;
	default:
		while (more) {
			more = take_a_block(r, n, size);
			more |= take_a_frame(r, taken);
		}
	}
	while (take_a_frame(r, taken))
		;
	while (take_a_block(r, n, size))
		;
}

/*
 * To the last frame and back, in each order, where each asks the other: the heap for frames, the
 * pool for regions that are empty. Whatever was taken first goes back first, or last.
 */
static void drain_and_fill(struct rig *r, enum drain_order order, bool heap_last, size_t size)
{
	struct taken taken = { .first = FRAME_NONE };
	unsigned n = 0;

	drain_both(r, order, size, &n, &taken);
	EXPECT(n < BLOCKS);
	EXPECT_EQ(frame_free_count(&r->pool), 0);
	EXPECT(!take_a_block(r, &n, size));
	EXPECT_EQ(frame_alloc(&r->pool), FRAME_NONE);
	EXPECT_EQ(stats_of(r).grown_bytes + stats_of(r).placed_bytes + stats_of(r).backed_bytes +
			  taken.n * FRAME_SIZE,
		  FRAMES * FRAME_SIZE);
	REQUIRE_VALID(heap_validate(&r->heap));
	REQUIRE_VALID(frame_validate(&r->pool));
	if (heap_last) {
		free_frames(r, &taken);
		drain(r, n, size);
	} else {
		drain(r, n, size);
		/* Regions that are empty come when frames are asked for; those of large blocks came. */
		const bool free = frame_free_count(&r->pool) != 0;
		const size_t grown = stats_of(r).grown_bytes;
		EXPECT_EQ(take_a_frame(r, &taken), free || grown != 0);
		EXPECT(free || grown == 0 || stats_of(r).grown_bytes == 0);
		free_frames(r, &taken);
	}
	heap_shrink(&r->heap);
	EXPECT_EQ(stats_of(r).live_blocks, 0);
	EXPECT_EQ(stats_of(r).grown_bytes, 0);
	expect_books(r);
}

KTEST(heap_grow, heap_and_frames_go_to_the_last_one_and_back)
{
	static const size_t sizes[] = { 6144, 16000, 20000, 70000 };
	struct rig *r = rig_of(FRAMES);

	reclaim_add(&r->reclaim, &r->hook);
	frame_pool_reclaim(&r->pool, &r->reclaim);
	heap_set_reclaim(&r->heap, &r->reclaim);
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (unsigned order = 0; order < DRAIN_ORDERS; order++) {
			drain_and_fill(r, (enum drain_order)order, false, sizes[i]);
			drain_and_fill(r, (enum drain_order)order, true, sizes[i]);
		}
	}
}
