/* SPDX-License-Identifier: MIT */
/*
 * grow_bench.c - what it costs that a heap takes a region of 2 MiB from a frame pool, and gives it back: all that is
 * done for the block that does not fit any more, a run. Those that fill the regions are not measured.
 */
#include "bench/kernel/kernel_bench.h"
#include "kernel/machine.h"
#include "lib/compiler.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/frame_backing.h"
#include "mm/heap/heap.h"

#define ARENA   ((uint64_t)3 << 19)
#define REGIONS 7u /* with more the regions would become larger */
#define ROUNDS  16u
#define BLOCK   ((size_t)64 << 10) /* a larger one has frames of its own */
#define BLOCKS  (REGIONS << 5)

static struct heap heap;
static struct frame_backing frames;
static struct bench_pass growing;
static struct bench_pass shrinking;
static void *block[BLOCKS + 24]; /* and of the arena */
static unsigned nblocks;

static void make_heap(void *arena)
{
	frame_backing_init(&frames, &machine.frames, NULL);
	heap_init(&heap);
	if (heap_add_region_self(&heap, arena, ARENA) != ACRE_OK ||
	    heap_set_backing(&heap, &frames.backing) != ACRE_OK)
		acre_panic("the benchmark's heap cannot be made");
}

static void must_have_grown(struct bench_run *r, size_t regions)
{
	struct heap_stats stats;

	heap_stats(&heap, &stats);
	bench_must(r, stats.grown_bytes == regions << 21, "the heap did not grow by that");
	bench_must(r, heap_validate(&heap) == NULL, "the heap is broken");
}

enum part { NOTHING, GROWING, SHRINKING };

static void alloc_block(struct bench_run *r)
{
	void *b = heap_alloc(&heap, BLOCK, NULL);

	bench_must(r, b != NULL && nblocks < ARRAY_SIZE(block), "there was no block");
	if (r->broken == NULL)
		block[nblocks++] = b;
}

/* The next block does not fit. */
static void fill_regions(struct bench_run *r)
{
	struct heap_stats stats;

	for (heap_stats(&heap, &stats); stats.largest_free >= BLOCK && r->broken == NULL;
	     heap_stats(&heap, &stats))
		alloc_block(r);
}

static void grow_once(struct bench_run *r, bool measured)
{
	fill_regions(r);
	if (measured)
		bench_open(r);
	alloc_block(r);
	if (measured)
		bench_close(r, 1);
}

/* One @part of it is measured. */
static void grow_round(struct bench_run *r, enum part part)
{
	for (unsigned i = 0; i < REGIONS; i++)
		grow_once(r, part == GROWING);
	must_have_grown(r, REGIONS);
	while (nblocks > 0)
		heap_free(&heap, block[--nblocks], NULL);
	if (part == SHRINKING)
		bench_open(r);
	size_t bytes = heap_shrink(&heap);
	if (part == SHRINKING)
		bench_close(r, REGIONS);
	bench_must(r, bytes == (size_t)REGIONS << 21, "the heap did not give back all");
	must_have_grown(r, 0);
}

static void grow_pass(struct bench_pass *pass, enum part part)
{
	void *arena = bench_memory(ARENA, FRAME_SIZE);

	make_heap(arena);
	memset(&pass->run, 0, sizeof(pass->run));
	grow_round(&pass->run, NOTHING); /* leaves are taken the first time */
	bench_begin_pass(pass);
	for (unsigned i = 0; i < ROUNDS; i++)
		grow_round(&pass->run, part);
	bench_end_pass(pass);
	/* What the heap keeps for good stays with it. */
	bench_drop(arena, ARENA);
}

void bench_growth(void)
{
	grow_pass(&growing, GROWING);
	grow_pass(&shrinking, SHRINKING);
	bench_row("heap.grow", "", &growing, NULL, NULL, 0);
	bench_row("heap.shrink", "", &shrinking, NULL, NULL, 0);
}
