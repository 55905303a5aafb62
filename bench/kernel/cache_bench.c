/* SPDX-License-Identifier: MIT */
/*
 * cache_bench.c - what an object of a cache costs that is taken and given back, beside 64 others; a block that is taken
 * in advance, with 15 others, and used; and a large block, in frames of its own, written down in the page map.
 */
#include "bench/kernel/kernel_bench.h"
#include "kernel/machine.h"
#include "lib/panic.h"
#include "mm/frame_backing.h"
#include "mm/heap/heap.h"
#include "mm/heap/heap_bulk.h"
#include "mm/heap/heap_cache.h"

#define ARENA  ((uint64_t)1 << 20)
#define ROUNDS 20000u
#define LIVE   64u
#define SIZE   32u
#define N      16u
#define LARGE  ((size_t)1 << 20) /* does not fit into the arena */
#define WORD   64u               /* frames of which the bits are one word */

static struct heap *heap;
static struct frame_backing frames;
static struct heap_cache cache;
static struct bench_pass measured;
static void *live[LIVE];
static void *room[N];

static void make_heap(void *arena)
{
	heap = bench_new_heap();
	frame_backing_init(&frames, &machine.frames, NULL);
	if (heap_add_region_self(heap, arena, ARENA) != ACRE_OK ||
	    heap_set_backing(heap, &frames.backing) != ACRE_OK)
		acre_panic("the benchmark's heap cannot be made");
}

static void begin(void)
{
	measured.run = (struct bench_run){ 0 };
	bench_begin_pass(&measured);
}

static void end(const char *name, bool all)
{
	struct bench_run *r = &measured.run;
	struct heap_stats stats;

	bench_end_pass(&measured);
	heap_stats(heap, &stats);
	bench_must(r, all, "there was no block");
	bench_must(r, stats.used_bytes == 0 && stats.placed_bytes == 0,
		   "not every block came back");
	bench_must(r, stats.count.refusals == 0, "a block was refused");
	bench_must(r, heap_validate(heap) == NULL, "the heap is broken");
	bench_row(name, "", &measured, NULL, NULL, 2);
}

static void cache_pairs(void)
{
	const struct heap_cache_kind kind = { .name = "bench", .size = SIZE };
	bool all = heap_cache_create(&cache, heap, &kind) == ACRE_OK;

	for (unsigned i = 0; i < LIVE; i++)
		live[i] = heap_cache_alloc(&cache, NULL);
	begin();
	bench_open(&measured.run);
	for (unsigned i = 0; i < ROUNDS; i++) {
		void *object = heap_cache_alloc(&cache, NULL);
		all = object != NULL && all;
		heap_cache_free(&cache, object, NULL);
	}
	bench_close(&measured.run, ROUNDS);
	for (unsigned i = 0; i < LIVE; i++)
		heap_cache_free(&cache, live[i], NULL);
	all = heap_cache_destroy(&cache) == ACRE_OK && all;
	end("heap.cache_pair", all);
}

static void reserves(void)
{
	struct heap_reserve reserve;
	void *used[N / 2];
	bool all = true;

	begin();
	bench_open(&measured.run);
	for (unsigned i = 0; i < ROUNDS; i++) {
		all = heap_reserve_open(&reserve, heap, SIZE, N, room, NULL) && all;
		for (unsigned k = 0; k < N / 2; k++)
			used[k] = heap_reserve_take(&reserve);
		heap_reserve_close(&reserve, NULL);
		heap_free_bulk(heap, N / 2, used, NULL);
	}
	bench_close(&measured.run, (uint64_t)ROUNDS * N);
	end("heap.reserve16", all);
}

/*
 * Take frames until the lowest run for a large block begins with a word of bits: where that is must
 * not depend on the size of the image. Result: the first of *@n frames.
 */
static frame_nr_t pad_to_word(frame_count_t *n)
{
	frame_nr_t first = frame_alloc_range(&machine.frames, LARGE / FRAME_SIZE, FRAME_SIZE);

	*n = -first % WORD;
	if (first == FRAME_NONE ||
	    frame_free_range(&machine.frames, first, LARGE / FRAME_SIZE) != ACRE_OK ||
	    (*n != 0 && frame_alloc_at(&machine.frames, first, *n) != ACRE_OK))
		acre_panic("the benchmark has no frames");
	return first;
}

static void large_pairs(void)
{
	frame_count_t padding;
	bool all = true;

	begin();
	heap_free(heap, heap_alloc(heap, LARGE, NULL), NULL); /* the leaf comes with the first */
	frame_nr_t first = pad_to_word(&padding);
	bench_open(&measured.run);
	for (unsigned i = 0; i < ROUNDS / N; i++) {
		void *block = heap_alloc(heap, LARGE, NULL);
		all = block != NULL && (uintptr_t)block % (WORD * FRAME_SIZE) == 0 && all;
		heap_free(heap, block, NULL);
	}
	bench_close(&measured.run, ROUNDS / N);
	if (padding != 0)
		all = frame_free_range(&machine.frames, first, padding) == ACRE_OK && all;
	end("heap.large_pair", all);
}

void bench_caches(void)
{
	void *arena = bench_memory(ARENA, FRAME_SIZE);

	make_heap(arena);
	cache_pairs();
	reserves();
	large_pairs();
	bench_drop(arena, ARENA);
}
