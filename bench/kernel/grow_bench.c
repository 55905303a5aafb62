/* SPDX-License-Identifier: MIT */
/*
 * grow_bench.c - what it costs that a heap takes a region of 2 MiB from a frame pool, and gives it back: all that is
 * done but for the block itself, which is a run, and costs what a run costs.
 */
#include "bench/kernel/kernel_bench.h"
#include "kernel/machine.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/frame_backing.h"
#include "mm/heap/heap.h"

#define ARENA   ((uint64_t)3 << 19) /* less than a block */
#define REGIONS 7u                  /* with more the regions would become larger */
#define ROUNDS  16u
#define BLOCK   (((size_t)2 << 20) - ((size_t)64 << 10)) /* one to a region */

static struct heap heap;
static struct frame_backing frames;
static struct bench_pass growing;
static struct bench_pass shrinking;
static void *block[REGIONS];

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

/* One @part of it is measured. */
static void grow_round(struct bench_run *r, enum part part)
{
	if (part == GROWING)
		bench_open(r);
	for (unsigned i = 0; i < REGIONS; i++)
		block[i] = heap_alloc(&heap, BLOCK, NULL);
	if (part == GROWING)
		bench_close(r, REGIONS);
	must_have_grown(r, REGIONS);
	for (unsigned i = 0; i < REGIONS; i++) {
		bench_must(r, block[i] != NULL, "there was no block");
		heap_free(&heap, block[i], NULL);
	}
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
