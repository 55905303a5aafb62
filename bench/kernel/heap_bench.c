/* SPDX-License-Identifier: MIT */
/* heap_bench.c - the rows about blocks: a heap of its own for each, in an arena of real memory. */
#include "bench/heap_workloads.h"
#include "bench/kernel/kernel_bench.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/heap/heap.h"
#include "mm/types.h"

#define ARENA      ((uint64_t)64 << 20)
#define BIG_ARENA  (2 * ARENA)
#define FEW_BLOCKS 200000u
#define SEEDS      5u /* how much fits depends on the numbers drawn: the mean of some */

enum { RANDOM200, REALLOC3000 = 3, FREE_SMALL, FREE_SMALL_1K, FREE_SMALL_1M, EFFICIENCY };

_Static_assert(EFFICIENCY + 1 == HEAP_WORKLOADS, "heap_workloads.c has them in this order");

static struct heap heap;
static struct bench_pass measured;
static struct bench_pass overhead;
static struct bench_pass checked;
static uint64_t worst;

static void make_run(struct bench_run *r, uint64_t seed, uint64_t arena, uint64_t blocks)
{
	*r = (struct bench_run){
		.seed = seed, .arena_bytes = arena, .given_bytes = arena, .max_blocks = blocks
	};
	r->arena = bench_memory(arena, arena);
	r->taken = bench_memory(arena / 64, FRAME_SIZE);
	r->block = bench_memory(blocks * sizeof(r->block[0]), FRAME_SIZE);
}

static void drop_run(struct bench_run *r)
{
	bench_drop(r->arena, r->arena_bytes);
	bench_drop(r->taken, r->arena_bytes / 64);
	bench_drop(r->block, r->max_blocks * sizeof(r->block[0]));
}

/* All that the heap gets, tables included, is the arena. */
static void run_acre(struct bench_pass *pass, const struct bench_run *input,
		     const struct bench_workload *w)
{
	struct bench_run *r = &pass->run;
	struct heap_stats stats;

	heap_init(&heap);
	if (heap_add_region_self(&heap, input->arena, input->arena_bytes) != ACRE_OK)
		acre_panic("the benchmark's heap cannot be made");
	*r = *input;
	r->heap = (struct bench_heap *)&heap;
	bench_begin_pass(pass);
	w->run(r);
	bench_end_pass(pass);
	heap_stats(&heap, &stats);
	bench_must(r, stats.used_bytes == 0, "not every block came back");
	bench_must(r, heap_validate(&heap) == NULL, "the heap is broken");
}

static void row(const struct bench_run *input, unsigned i)
{
	run_acre(&measured, input, &heap_workloads_acre[i]);
	overhead.run = *input;
	overhead.run.heap = (struct bench_heap *)&heap;
	bench_begin_pass(&overhead);
	heap_workloads_standin[i].run(&overhead.run);
	bench_end_pass(&overhead);
	run_acre(&checked, input, &heap_workloads_acre_checked[i]);
	if (checked.run.worst > worst)
		worst = checked.run.worst;
	bench_row(heap_workloads_acre[i].name, "", &measured, &overhead, &checked, 2);
}

static void row_efficiency(const struct bench_run *input)
{
	struct bench_run seeded = *input;
	uint64_t sum = 0;
	const char *broken = NULL;

	for (unsigned i = 0; i < SEEDS; i++) {
		seeded.seed = input->seed + i;
		run_acre(&checked, &seeded, &heap_workloads_acre_checked[EFFICIENCY]);
		sum += checked.run.per_mille;
		if (broken == NULL)
			broken = checked.run.broken;
	}
	bench_row_figure(heap_workloads_acre[EFFICIENCY].name, "",
			 (struct bench_figure){ (sum + SEEDS / 2) / SEEDS, 1, "percent" }, broken);
}

void bench_heap(uint64_t seed)
{
	struct bench_run input;

	make_run(&input, seed, ARENA, FEW_BLOCKS);
	for (unsigned i = RANDOM200; i <= FREE_SMALL_1K; i++)
		row(&input, i);
	row_efficiency(&input);
	drop_run(&input);
	make_run(&input, seed, BIG_ARENA, HEAP_MOST_BLOCKS);
	row(&input, FREE_SMALL_1M);
	drop_run(&input);
	bench_row_figure("heap.worst", "", (struct bench_figure){ worst, 0, "instr" }, NULL);
}
