/* SPDX-License-Identifier: MIT */
/*
 * heap_grow_scenarios.c - harts and handlers that share a heap which grows and gives back: its
 * arena of two frames is full, and it has a backing of a few frames, so that nearly each call takes
 * a region or lets one go.
 *
 *	memory   | arena | frame 0 | 1 | 2 | ...      | frames of the backing: a bit each
 *	           full    root, leaf, descriptors, regions of two frames
 *
 * A slab has two objects of 1 KiB here, or four of 512 bytes, and what is longer is a run. All of
 * that is below 32 KiB: so a slab has the same part of the memory however many regions there are.
 *
 * What is checked: no block is handed out twice, or given to the backing. What was written to one
 * stays. NULL is said only where the backing has no more. The backing gets back what it gave, each
 * piece once, with no lock held, and its free frames are not written to. In the end the heap is
 * valid, and the frames that the backing lacks are those that the heap says it has; when all is
 * freed and the heap has shrunk these are page map and descriptors.
 */
#include "mm/heap/heap.h"

#include <string.h>

#include "lib/align.h"
#include "lib/attributes.h"
#include "lib/compiler.h"
#include "lib/reclaim.h"
#include "mm/heap/heap_bulk.h"
#include "mm/heap/heap_cache.h"
#include "mm/heap/heap_internal.h"
#include "tests/concurrency/explore/explore.h"
#include "tests/concurrency/explore/owners.h"
#include "tests/support/frame_room.h"

#define FRAME  PAGE_MAP_FRAME
#define ARENA  (2 * FRAME)
#define FRAMES 14u
#define OBJECT 1024u /* two in a slab, which has 2 KiB */
#define OTHER  512u  /* four in one */
#define RUN    3072u
#define LONGER 4096u
#define MOST   7168u  /* of a region: there is no room for two of them */
#define LARGE  16385u /* so large that it may have a place: five frames */
#define PIECE  2u     /* frames that the heap takes for one of these */
#define MINE   explore_me()
#define SHARED EXPLORE_MAX_ACTIVITIES
#define STAYS  (EXPLORE_MAX_ACTIVITIES - 2) /* its block and the next one stay to the end */

static struct heap heap;
static uint8_t memory[ARENA + FRAMES * FRAME] acre_aligned_to(65536);
static uint8_t table[HEAP_TABLE_BYTES(ARENA)] acre_aligned_to(128);
static struct frame_pool pool;
static struct frame_room room;
static uint64_t metadata[256];
static struct reclaim_list reclaim;
static struct reclaim_slot reclaim_slots[PLATFORM_MAX_HARTS];
static struct reclaim_hook hook;

static const struct heap_place any_place = { UINT64_MAX, HEAP_ANY_NODE };
static struct heap_cache cache;

static struct heap_grow_world {
	struct owners owners;
	_Atomic uint64_t free;  /* bit i: frame i is the backing's */
	_Atomic uint32_t fails; /* the backing has nothing any more */
	size_t taken[FRAMES];   /* the bytes that start there; 0: none */
	size_t taken_bytes;
	uint8_t *block[EXPLORE_MAX_ACTIVITIES + 1];
	size_t size[EXPLORE_MAX_ACTIVITIES + 1];
	void *nonsense;                           /* no block */
	void *rest;                               /* of the arena */
	frame_nr_t frame[EXPLORE_MAX_ACTIVITIES]; /* a run of PIECE; 0: none */
	unsigned refusals, rights, nones;
	bool may_fail;
	bool may_pass; /* a second free of a block that was handed out again */
} world;

/* ---- the backing ----------------------------------------------------------------------------- */

/* The lowest @n frames of @free at a multiple of @align; FRAMES if there are none. */
static unsigned lowest_run(uint64_t free, size_t n, size_t align)
{
	for (unsigned i = 0; i + n <= FRAMES; i++) {
		const uint64_t bits = bitmap_upto(n - 1) << i;
		if ((free & bits) == bits &&
		    is_aligned((uintptr_t)memory + ARENA + i * FRAME, align))
			return i;
	}
	return FRAMES;
}

/* What was given back, or was never taken, has one value in all of its bytes. */
static bool is_untouched(const uint8_t *start, size_t bytes)
{
	return memcmp(start, start + 1, bytes - 1) == 0;
}

static void *take_frames(void *context, size_t bytes, size_t align,
			 const struct heap_place *anywhere)
{
	(void)anywhere;
	const size_t n = bytes / FRAME;

	(void)context;
	EXPLORE_CHECK(!explore_interrupts_on(), "the backing is asked with interrupts on");
	EXPLORE_CHECK(bytes != 0 && bytes % FRAME == 0 && is_power_of_two(align) && align >= FRAME,
		      "the backing is asked for what it cannot have");
	if (n > FRAMES)
		return NULL;
	uint64_t free = atomic_load_explicit(&world.free, memory_order_relaxed);
	unsigned i;
	do {
		i = lowest_run(free, n, align);
		if (i == FRAMES || atomic_load_explicit(&world.fails, memory_order_relaxed) != 0)
			return NULL;
	} while (!atomic_compare_exchange_strong_explicit(
		&world.free, &free, free & ~(bitmap_upto(n - 1) << i), memory_order_acquire,
		memory_order_relaxed));
	uint8_t *start = memory + ARENA + i * FRAME;
	for (size_t at = 0; at < bytes; at += FRAME)
		EXPLORE_CHECK(is_untouched(start + at, FRAME), "a free frame was written to");
	world.taken[i] = bytes;
	world.taken_bytes += bytes;
	return start;
}

static void give_frames(void *context, void *start, size_t bytes)
{
	const size_t at = (size_t)((uint8_t *)start - memory) - ARENA;
	const size_t n = bytes / FRAME;

	(void)context;
	EXPLORE_CHECK(MINE == SHARED || explore_is_handler(MINE) || explore_interrupts_on(),
		      "frames are given with a lock held");
	EXPLORE_CHECK(at % FRAME == 0 && at / FRAME < FRAMES && bytes != 0 &&
			      world.taken[at / FRAME] == bytes,
		      "frames are given that were not taken");
	EXPLORE_CHECK(world.may_pass || owners_has_none(&world.owners, start, bytes),
		      "a live block is given away");
	explore_use(start, bytes);
	memset(start, 0xe5, bytes);
	world.taken[at / FRAME] = 0;
	world.taken_bytes -= bytes;
	(void)atomic_fetch_or_explicit(&world.free, bitmap_upto(n - 1) << at / FRAME,
				       memory_order_release);
}

/* Frames of a pool, which asks hooks where it is asked with interrupts on. */
static void *take_of_pool(void *context, size_t bytes, size_t align,
			  const struct heap_place *anywhere)
{
	(void)anywhere;
	(void)context;
	EXPLORE_CHECK(!explore_interrupts_on(), "the pool is asked with interrupts on");
	const frame_nr_t pfn = frame_alloc_range(&pool, bytes / FRAME, align);
	return pfn != FRAME_NONE ? frame_ptr(&pool, pfn) : NULL;
}

static void give_to_pool(void *context, void *start, size_t bytes)
{
	(void)context;
	EXPLORE_CHECK(MINE == SHARED || explore_interrupts_on(),
		      "frames are given with a lock held");
	EXPLORE_CHECK(owners_has_none(&world.owners, start, bytes), "a live block is given away");
	memset(start, 0xe5, bytes);
	EXPLORE_CHECK(frame_free_range(&pool, frame_of_ptr(&pool, start), bytes / FRAME) == ACRE_OK,
		      "frames are given that were not taken");
}

/* ---- what activities do ---------------------------------------------------------------------- */

static uint8_t *keep(uint8_t *block, size_t size)
{
	world.block[MINE] = block;
	world.size[MINE] = size;
	if (block != NULL)
		owners_take(&world.owners, block, size);
	else
		world.nones++;
	return block;
}

static void take(size_t size)
{
	(void)keep(heap_alloc(&heap, size, acre_caller()), size);
}

static void let_go(void)
{
	uint8_t *block = world.block[MINE];

	if (block == NULL)
		return;
	world.block[MINE] = NULL;
	owners_give(&world.owners, block, world.size[MINE]);
	heap_free(&heap, block, acre_caller());
}

static void take_object(void)
{
	take(OBJECT);
}

static void take_run(void)
{
	take(RUN);
}

static void take_and_free(void)
{
	take(OBJECT);
	let_go();
}

static void take_and_free_run(void)
{
	take(RUN);
	let_go();
}

static void take_most(void)
{
	take(MOST);
}

static void take_and_free_most(void)
{
	take(MOST);
	let_go();
}

/* What setup has left for this activity. */
static void free_mine(void)
{
	owners_inherit(&world.owners, world.block[MINE], world.size[MINE]);
	let_go();
}

static void free_mine_and_take(void)
{
	free_mine();
	take(OBJECT);
}

/* The run of this activity becomes longer, where it stands or elsewhere, and keeps what is in it. */
static void resize_mine(void)
{
	uint8_t *block = world.block[MINE];

	owners_inherit(&world.owners, block, world.size[MINE]);
	owners_give(&world.owners, block, world.size[MINE]);
	const uint8_t was = block[0];
	uint8_t *moved = heap_realloc(&heap, block, LONGER, acre_caller());
	if (moved == NULL) {
		world.nones++;
		owners_take(&world.owners, block, world.size[MINE]);
		return;
	}
	EXPLORE_CHECK(moved[0] == was, "what was in it is not there any more");
	(void)keep(moved, LONGER);
}

static void take_and_free_two(void)
{
	void *two[2];

	if (!heap_alloc_bulk(&heap, OBJECT, 2, two, acre_caller())) {
		world.nones++;
		return;
	}
	for (unsigned i = 0; i < 2; i++)
		owners_take(&world.owners, two[i], OBJECT);
	for (unsigned i = 0; i < 2; i++)
		owners_give(&world.owners, two[i], OBJECT);
	heap_free_bulk(&heap, 2, two, acre_caller());
}

static void shrink(void)
{
	(void)heap_shrink(&heap);
}

/* The region goes, and its frames come again, with the same descriptor for another class. */
static void shrink_and_take_other(void)
{
	(void)heap_shrink(&heap);
	take(OTHER);
}

static void free_mine_shrink_and_take_other(void)
{
	free_mine();
	shrink_and_take_other();
}

/* Two have the same block, and both give it back. */
static void free_the_same(void)
{
	const unsigned before = explore_refused_by_me();

	heap_free(&heap, world.block[SHARED], acre_caller());
	if (explore_refused_by_me() != before)
		world.refusals++;
	else
		world.rights++;
}

static void free_the_same_shrink_and_take_other(void)
{
	free_the_same();
	shrink_and_take_other();
}

static void free_nonsense(void)
{
	heap_free(&heap, world.nonsense, acre_caller());
	world.refusals++;
}

/* A large block: frames of its own, and the descriptor of a slab of one object. */
static void *alloc_large_block(void)
{
	const struct heap_request request = { .size = LARGE, .place = &any_place };
	void *block;

	(void)!heap_alloc_request(&heap, &request, &block, acre_caller());
	return block;
}

static void take_large(void)
{
	(void)keep(alloc_large_block(), LARGE);
}

static void take_and_free_large(void)
{
	take_large();
	let_go();
}

static void free_the_same_and_take_large(void)
{
	free_the_same();
	take_large();
}

/* An object of a cache, of one frame: it comes as it was constructed, and goes like that. */
static void construct_cached(void *object, void *context)
{
	(void)context;
	((uint8_t *)object)[FRAME / 2] = 0xc0;
}

static void take_cached(void)
{
	uint8_t *object = keep(heap_cache_alloc(&cache, acre_caller()), FRAME);

	EXPLORE_CHECK(object == NULL || object[FRAME / 2] == 0xc0, "it was not constructed");
}

static void free_cached_mine(void)
{
	uint8_t *object = world.block[MINE];

	if (object == NULL)
		return;
	world.block[MINE] = NULL;
	owners_give(&world.owners, object, FRAME);
	heap_cache_free(&cache, object, acre_caller());
}

static void take_and_free_cached(void)
{
	take_cached();
	free_cached_mine();
}

static void take_and_free_cached_and_shrink(void)
{
	take_and_free_cached();
	shrink();
}

/* The pool has none, unless the heap gives some back. */
static void take_frames_of_pool(void)
{
	const frame_nr_t pfn = frame_alloc_range(&pool, PIECE, FRAME);

	if (pfn == FRAME_NONE)
		return;
	uint8_t *start = frame_ptr(&pool, pfn);
	world.frame[MINE] = pfn;
	owners_take(&world.owners, start, PIECE * FRAME);
}

static void take_and_free_frames_of_pool(void)
{
	take_frames_of_pool();
	if (world.frame[MINE] == 0)
		return;
	owners_give(&world.owners, frame_ptr(&pool, world.frame[MINE]), PIECE * FRAME);
	EXPLORE_CHECK(frame_free_range(&pool, world.frame[MINE], PIECE) == ACRE_OK, "refused");
	world.frame[MINE] = 0;
}

static void let_the_backing_fail(void)
{
	atomic_store_explicit(&world.fails, 1, memory_order_relaxed);
}

/* ---- worlds ---------------------------------------------------------------------------------- */

static bool shrink_for_hook(void *context, size_t bytes)
{
	(void)context;
	(void)bytes;
	return heap_shrink(&heap) != 0;
}

/* A heap with nothing in its arena, whose frames come by @take and go by @give. */
static void new_heap_of(void *(*take_them)(void *, size_t, size_t, const struct heap_place *),
			void (*give_them)(void *, void *, size_t))
{
	const struct heap_backing backing = { .take = take_them,
					      .give = give_them,
					      .low = (uintptr_t)memory + ARENA,
					      .high = (uintptr_t)memory + sizeof(memory) };

	heap_init(&heap);
	EXPLORE_CHECK(heap_add_region(&heap, memory, ARENA, table, sizeof(table)) == ACRE_OK,
		      "no heap");
	EXPLORE_CHECK(heap_set_backing(&heap, &backing) == ACRE_OK, "no backing");
	explore_keep(&heap, sizeof(heap), "heap");
	explore_keep(memory, sizeof(memory), "memory");
	explore_keep(table, sizeof(table), "table");
	explore_keep(&world, sizeof(world), "world");
}

static void new_world(void)
{
	memset(&world, 0, sizeof(world));
	memset(memory, 0xff, sizeof(memory)); /* it may hold anything */
	memset(table, 0xff, sizeof(table));
	owners_reset(&world.owners, memory, sizeof(memory));
	atomic_init(&world.free, bitmap_upto(FRAMES - 1));
	world.nonsense = memory + ARENA + 8 * FRAME + 8;
}

static void new_heap(void)
{
	new_world();
	new_heap_of(take_frames, give_frames);
}

/* The rest of the arena is a run that stays. */
static void fill_arena(void)
{
	struct heap_stats stats;

	heap_set_limits(&heap, 0, 0);
	heap_stats(&heap, &stats);
	world.rest = heap_alloc(&heap, stats.largest_free, NULL);
	EXPLORE_CHECK(world.rest != NULL, "no arena");
	heap_stats(&heap, &stats);
	EXPLORE_CHECK(stats.free_bytes == 0, "the arena is not full");
	heap_set_limits(&heap, SIZE_MAX, 0);
}

static void set_block(unsigned who, size_t size)
{
	world.block[who] = heap_alloc(&heap, size, NULL);
	world.size[who] = size;
	EXPLORE_CHECK(world.block[who] != NULL, "setup has no block");
}

/* It is full, and the heap had never more. */
static void full_arena(void)
{
	new_heap();
	fill_arena();
}

/* ... and activity 1 has one of the two objects of the slab in it. */
static void full_arena_with_a_slab(void)
{
	new_heap();
	set_block(1, OBJECT);
	heap_free(&heap, heap_alloc(&heap, OBJECT, NULL), NULL);
	fill_arena();
}

/* It had a region once: leaf and descriptors are there. The arena has a slab that is full. */
static void had_a_region(void)
{
	new_heap();
	for (unsigned i = 0; i < 2; i++)
		set_block(STAYS + i, OBJECT);
	fill_arena();
	heap_free(&heap, heap_alloc(&heap, OBJECT, NULL), NULL);
	EXPLORE_CHECK(heap_shrink(&heap) != 0, "there was no region");
}

/* ... and activity 1 has a run in the arena. */
static void had_a_region_and_has_a_run(void)
{
	new_heap();
	set_block(1, RUN);
	fill_arena();
	heap_free(&heap, heap_alloc(&heap, OBJECT, NULL), NULL);
	EXPLORE_CHECK(heap_shrink(&heap) != 0, "there was no region");
}

/* Of the backing there are so many frames left. */
static void leave_frames(unsigned n)
{
	const unsigned first =
		lowest_run(atomic_load_explicit(&world.free, memory_order_relaxed), n, FRAME);

	EXPLORE_CHECK(first != FRAMES, "there are no frames to be left");
	atomic_store_explicit(&world.free, bitmap_upto(n - 1) << first, memory_order_relaxed);
}

static void had_a_region_and_gets_one(void)
{
	had_a_region();
	leave_frames(PIECE);
}

/* A region in which nothing is used. */
static void empty_region(void)
{
	had_a_region();
	heap_free(&heap, heap_alloc(&heap, RUN, NULL), NULL);
	EXPLORE_CHECK(heap.grown.bytes == PIECE * FRAME, "a region of another size");
}

/* A region with a slab in it, of which activity 0 has an object; the other is free. */
static void region_with_an_object(void)
{
	had_a_region();
	set_block(0, OBJECT);
}

/* The same, both free: it is the stock. */
static void region_with_an_empty_slab(void)
{
	had_a_region();
	heap_free(&heap, heap_alloc(&heap, OBJECT, NULL), NULL);
}

/* Activities 0 and 1 have both objects. */
static void region_with_two_objects(void)
{
	had_a_region();
	set_block(0, OBJECT);
	set_block(1, OBJECT);
}

/* Activity 0 has a run, which is all that is used of the region. */
static void region_with_a_run(void)
{
	had_a_region();
	set_block(0, RUN);
}

/* The run of activity 0 begins in the frame of a slab, of which activity 1 has an object. */
static void region_with_an_object_and_a_run(void)
{
	had_a_region();
	set_block(1, OBJECT);
	set_block(0, RUN);
	EXPLORE_CHECK((uintptr_t)world.block[0] / FRAME == (uintptr_t)world.block[1] / FRAME,
		      "the run has a frame of its own");
}

/* One object, which two think is theirs. */
static void region_with_an_object_of_two(void)
{
	had_a_region();
	set_block(SHARED, OBJECT);
}

/* For two large blocks, and no region beside them. */
static void too_few_frames_for_all(void)
{
	had_a_region();
	world.may_fail = true;
}

/* A large block, which two think is theirs. */
static void large_block_of_two(void)
{
	had_a_region();
	world.may_pass = true;
	world.block[SHARED] = alloc_large_block();
	world.size[SHARED] = LARGE;
	EXPLORE_CHECK(world.block[SHARED] != NULL, "setup has no block");
}

static void had_a_cached_object(void)
{
	const struct heap_cache_kind kind = {
		.name = "frames", .size = FRAME, .align = FRAME, .construct = construct_cached
	};

	had_a_region();
	cache = (struct heap_cache){ 0 };
	EXPLORE_CHECK(heap_cache_create(&cache, &heap, &kind) == ACRE_OK, "no cache");
	explore_keep(&cache, sizeof(cache), "cache");
}

static void may_fail(void)
{
	region_with_an_object();
	world.may_fail = true;
}

static void never_had_a_region_and_may_fail(void)
{
	full_arena_with_a_slab();
	world.may_fail = true;
}

/* The heap is one that may be asked. */
static void add_hook(void)
{
	const struct hart_slots slots =
		hart_slots_array(reclaim_slots, sizeof(reclaim_slots[0]), PLATFORM_MAX_HARTS);

	memset(reclaim_slots, 0, sizeof(reclaim_slots));
	reclaim_init(&reclaim, &slots);
	hook = (struct reclaim_hook){ .name = "heap", .give = shrink_for_hook };
	reclaim_add(&reclaim, &hook);
	heap_set_reclaim(&heap, &reclaim);
	explore_keep(&reclaim, sizeof(reclaim), "reclaim");
	explore_keep(&hook, sizeof(hook), "hook");
	explore_keep(reclaim_slots, sizeof(reclaim_slots), "slots");
}

/* Where nothing is left the heap asks a hook, which is its own: what is given back comes again. */
static void with_a_hook(void)
{
	had_a_region();
	set_block(0, MOST);
	atomic_store_explicit(&world.free, 0, memory_order_relaxed);
	world.may_fail = true;
	add_hook();
}

/* A pool that has nothing, but the heap has a region of which nothing is used. */
static void short_pool(void)
{
	const frame_nr_t first = frame_from_paddr((uintptr_t)memory + ARENA);

	new_world();
	EXPLORE_CHECK(frame_pool_init_in(&pool, 0, &room) == ACRE_OK &&
			      frame_pool_add_bank(&pool, first, FRAMES, metadata,
						  sizeof(metadata)) == ACRE_OK &&
			      frame_insert(&pool, first, FRAMES) == ACRE_OK,
		      "no pool");
	explore_keep(&pool, sizeof(pool), "pool");
	explore_keep(&room, sizeof(room), "room");
	explore_keep(metadata, sizeof(metadata), "metadata");
	new_heap_of(take_of_pool, give_to_pool);
	fill_arena();
	heap_free(&heap, heap_alloc(&heap, OBJECT, NULL), NULL);
	(void)heap_shrink(&heap);
	heap_free(&heap, heap_alloc(&heap, RUN, NULL), NULL);
	world.taken_bytes = 0;
	while (frame_alloc(&pool) != FRAME_NONE)
		world.taken_bytes += FRAME;
	world.may_fail = true;
	add_hook();
	frame_pool_reclaim(&pool, &reclaim);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static struct heap_stats check_heap(void)
{
	const char *broken = heap_validate(&heap);
	struct heap_stats stats;

	EXPLORE_CHECK(broken == NULL, "invalid: %s", broken);
	heap_stats(&heap, &stats);
	EXPLORE_CHECK(stats.count.failures == world.nones, "%u times none, %u counted", world.nones,
		      (unsigned)stats.count.failures);
	return stats;
}

/* Frames that the backing lacks are those that the heap says it has. */
static struct heap_stats check_frames(void)
{
	const struct heap_stats stats = check_heap();

	EXPLORE_CHECK(
		stats.grown_bytes + stats.placed_bytes + stats.backed_bytes == world.taken_bytes,
		"the heap says that it has %zu bytes of frames, and %zu for good; it took %zu",
		stats.grown_bytes + stats.placed_bytes, stats.backed_bytes, world.taken_bytes);
	return stats;
}

/* ... and so it is with a pool, of which setup took what was left, and activities have some. */
static void check_pool(void)
{
	const char *broken = frame_validate(&pool);
	const struct heap_stats stats = check_heap();
	size_t taken =
		world.taken_bytes + stats.grown_bytes + stats.placed_bytes + stats.backed_bytes;

	EXPLORE_CHECK(broken == NULL, "invalid: %s", broken);
	for (unsigned i = 0; i < EXPLORE_MAX_ACTIVITIES; i++)
		taken += world.frame[i] != 0 ? PIECE * FRAME : 0;
	EXPLORE_CHECK(taken == (FRAMES - frame_free_count(&pool)) * FRAME,
		      "%zu bytes of frames have an owner, and %u frames are free", taken,
		      (unsigned)frame_free_count(&pool));
	EXPLORE_CHECK(reclaim_slots[0].busy == 0 && reclaim_slots[1].busy == 0, "a hook runs yet");
}

/* All is freed, and the heap shrinks. */
static void check_the_end(void)
{
	for (unsigned i = 0; i <= EXPLORE_MAX_ACTIVITIES; i++) {
		if (world.block[i] != NULL)
			owners_check(&world.owners, world.block[i], world.size[i]);
	}
	owners_reset(&world.owners, memory, sizeof(memory));
	for (unsigned i = 0; i <= EXPLORE_MAX_ACTIVITIES; i++)
		heap_free(&heap, world.block[i], NULL);
	(void)heap_shrink(&heap);
	const struct heap_stats stats = check_frames();
	/* Descriptors for which there was no frame lie in a region, which stays. */
	EXPLORE_CHECK(stats.slab_bytes == 0 && (stats.grown_bytes == 0 || stats.table_bytes != 0),
		      "it is not whole again: %zu in slabs, %zu in regions", stats.slab_bytes,
		      stats.grown_bytes);
	for (unsigned i = 0; i < FRAMES; i++)
		EXPLORE_CHECK(page_map_find(&heap.map, (uintptr_t)memory + ARENA + i * FRAME) ==
				      NULL,
			      "frame %u is no slab's, but leads to one", i);
}

static void check(void)
{
	const struct heap_stats stats = check_frames();

	EXPLORE_CHECK(world.may_fail || world.nones == 0, "none, but there was enough for all");
	EXPLORE_CHECK(stats.count.refusals == world.refusals && explore_refused() == world.refusals,
		      "%u to be refused, %u counted, %u reported", world.refusals,
		      (unsigned)stats.count.refusals, explore_refused());
	check_the_end();
}

/* What all have taken fits into one region: no hart takes another. */
static void check_one_region(void)
{
	EXPLORE_CHECK(heap.grown.bytes == PIECE * FRAME, "%zu bytes in regions", heap.grown.bytes);
	check();
}

/*
 * Two activities have freed one object, and its slab may have become another one in between. Then
 * one of them is told, or the one that starts the slab, or it has passed: and an object is free that
 * should not be (docs/heap.md).
 */
static void check_double(void)
{
	EXPLORE_CHECK(world.rights + world.refusals == 2 && explore_refused() <= 1 &&
			      world.refusals <= explore_refused(),
		      "freed twice: %u right, %u refused, %u reported", world.rights,
		      world.refusals, explore_refused());
	world.block[SHARED] = NULL;
	if (explore_refused() == 0) {
		EXPLORE_CHECK(heap_usable_size(&heap, world.block[1]) == 0, "what was freed?");
		world.block[1] = NULL;
	}
	check_the_end();
}

/* A descriptor that is spare may have a stray bit, of which the hart is told that uses it next. */
static void check_double_large(void)
{
	void *block = heap_alloc(&heap, OTHER, NULL);

	EXPLORE_CHECK(block != NULL, "none, but there was enough for all");
	heap_free(&heap, block, NULL);
	check_double();
}

/* ---- scenarios ------------------------------------------------------------------------------- */

const struct explore_scenario explore_heap_grow_scenarios[] = {
	{ .name = "grow.two_harts_grow",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = had_a_region,
	  .check = check,
	  .activity = { { take_object, 0, false },
			{ take_run, 1, false },
			{ take_object, 1, true } } },
	{ .name = "grow.two_harts_want_one_region",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = had_a_region_and_gets_one,
	  .check = check,
	  .activity = { { take_run, 0, false }, { take_run, 1, false } } },
	{ .name = "grow.two_harts_share_one_region",
	  .switches = 2,
	  .setup = had_a_region,
	  .check = check_one_region,
	  .activity = { { take_run, 0, false }, { take_run, 1, false } } },
	{ .name = "large.taken_and_freed_by_two",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = too_few_frames_for_all,
	  .check = check,
	  .activity = { { take_and_free_large, 0, false }, { take_and_free_large, 1, false } } },
	{ .name = "large.freed_twice",
	  .switches = 2,
	  .setup = large_block_of_two,
	  .check = check_double_large,
	  .activity = { { free_the_same, 0, false }, { free_the_same_and_take_large, 1, false } } },
	{ .name = "cache.one_object_a_slab",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = had_a_cached_object,
	  .check = check,
	  .activity = { { take_and_free_cached, 0, false },
			{ take_and_free_cached_and_shrink, 1, false } } },
	{ .name = "grow.freed_while_another_grows",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = had_a_region_and_has_a_run,
	  .check = check,
	  .activity = { { take_run, 0, false },
			{ free_mine_and_take, 1, false },
			{ take_and_free, 0, true } } },
	{ .name = "grow.a_handler_takes_while_its_hart_grows",
	  .switches = 3,
	  .weak_switches = 2,
	  .setup = had_a_region,
	  .check = check,
	  .activity = { { take_run, 0, false }, { take_run, 0, true } } },
	{ .name = "grow.several_are_taken_while_another_grows",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = had_a_region,
	  .check = check,
	  .activity = { { take_and_free_two, 0, false }, { take_and_free_two, 1, false } } },
	{ .name = "grow.refused_while_the_first_leaf_comes",
	  .switches = 2,
	  .weak_switches = 2,
	  .setup = full_arena,
	  .check = check,
	  .activity = { { take_object, 0, false }, { free_nonsense, 1, false } } },
	{ .name = "grow.the_backing_fails_at_any_moment",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = never_had_a_region_and_may_fail,
	  .check = check,
	  .activity = { { take_and_free_run, 0, false },
			{ free_mine_and_take, 1, false },
			{ let_the_backing_fail, 2, false } } },
	{ .name = "grow.shrinks_and_the_backing_fails_at_any_moment",
	  .switches = 1,
	  .setup = may_fail,
	  .check = check,
	  .activity = { { free_mine_shrink_and_take_other, 0, false },
			{ take_and_free_run, 1, false },
			{ let_the_backing_fail, 2, false } } },
	{ .name = "shrink.taken_from_the_region_that_goes",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = empty_region,
	  .check = check,
	  .activity = { { shrink, 0, false }, { take_object, 1, false } } },
	{ .name = "shrink.a_handler_takes_from_the_region_that_goes",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = empty_region,
	  .check = check,
	  .activity = { { shrink, 0, false }, { take_run, 0, true } } },
	{ .name = "shrink.several_are_taken",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = region_with_an_empty_slab,
	  .check = check,
	  .activity = { { take_and_free_two, 0, false }, { shrink, 1, false } } },
	{ .name = "shrink.an_object_is_freed",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = region_with_an_object,
	  .check = check,
	  .activity = { { free_mine, 0, false },
			{ shrink, 1, false },
			{ take_and_free, 1, true } } },
	{ .name = "shrink.a_run_is_freed",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = region_with_a_run,
	  .check = check,
	  .activity = { { free_mine, 0, false },
			{ shrink, 1, false },
			{ take_and_free_run, 1, true } } },
	{ .name = "shrink.a_run_is_freed_whose_frame_becomes_another_slabs",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = region_with_an_object_and_a_run,
	  .check = check,
	  .activity = { { free_mine, 0, false }, { free_mine_shrink_and_take_other, 1, false } } },
	{ .name = "shrink.a_run_is_resized",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = region_with_a_run,
	  .check = check,
	  .activity = { { resize_mine, 0, false },
			{ shrink, 1, false },
			{ take_and_free, 1, true } } },
	{ .name = "shrink.two_shrink",
	  .switches = 1,
	  .weak_switches = 1,
	  .setup = empty_region,
	  .check = check,
	  .activity = { { shrink, 0, false }, { shrink, 1, false } } },
	{ .name = "shrink.the_stock_of_a_hart_goes",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = region_with_an_empty_slab,
	  .check = check,
	  .activity = { { take_object, 0, false }, { shrink_and_take_other, 1, false } } },
	{ .name = "shrink.freed_while_the_region_comes_again_for_another_class",
	  .switches = 3,
	  .weak_switches = 1,
	  .setup = region_with_two_objects,
	  .check = check,
	  .activity = { { free_mine, 0, false }, { free_mine_shrink_and_take_other, 1, false } } },
	{ .name = "shrink.a_handler_lets_the_region_come_again",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = region_with_two_objects,
	  .check = check,
	  .activity = { { free_mine_and_take, 0, false },
			{ free_mine, 1, false },
			{ shrink_and_take_other, 0, true } } },
	{ .name = "shrink.freed_twice_and_the_region_comes_again",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = region_with_an_object_of_two,
	  .check = check_double,
	  .activity = { { free_the_same, 0, false },
			{ free_the_same_shrink_and_take_other, 1, false } } },
	{ .name = "shrink.harts_ask_a_hook",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = with_a_hook,
	  .check = check,
	  .activity = { { free_mine, 0, false }, { take_and_free_most, 1, false } } },
	{ .name = "shrink.frames_ask_the_heap_which_asks_for_frames",
	  .switches = 1,
	  .setup = short_pool,
	  .check = check_pool,
	  .activity = { { take_frames_of_pool, 0, false }, { take_and_free_run, 1, false } } },
	{ .name = "shrink.both_ask_the_heap",
	  .switches = 1,
	  .setup = short_pool,
	  .check = check_pool,
	  .activity = { { take_and_free_frames_of_pool, 0, false }, { take_most, 1, false } } },
	{ .name = "shrink.threads_move",
	  .switches = 1,
	  .migrations = 1,
	  .harts = 2,
	  .setup = region_with_an_object,
	  .check = check,
	  .activity = { { free_mine_shrink_and_take_other, 0, false },
			{ take_and_free_run, 1, false } } },
	{ .name = NULL },
};
