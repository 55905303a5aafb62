/* SPDX-License-Identifier: MIT */
/* heap_bench.c - the rows about blocks: a heap of its own for each, in an arena of real memory. */
#include "bench/heap_workloads.h"
#include "bench/kernel/kernel_bench.h"
#include "bench/stocks.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/heap/heap.h"
#include "mm/types.h"

#define ARENA      ((uint64_t)64 << 20)
#define BIG_ARENA  (2 * ARENA)
#define FEW_BLOCKS 200000u
#define SEEDS      5u /* how much fits depends on the numbers drawn: the mean of some */

/* Where memory is. Of two regions the first has no whole frame, so nearly all blocks lie elsewhere. */
enum memory { ONE_REGION, TWO_REGIONS, GROWN };
#define FIRST_START  512u
#define FIRST_END    8192u
#define SECOND_START 65536u

enum {
	PAIR32,
	RANDOM30000 = 3,
	FREE_SMALL_1K = 6,
	FREE_SMALL_1M,
	EFFICIENCY,
	POWER_LAW,
	VECTORS = POWER_LAW + 5
};

_Static_assert(VECTORS + 1 == HEAP_WORKLOADS, "heap_workloads.c has them in this order");

static struct heap heap;
static struct bench_pass measured;
static struct bench_pass overhead;
static struct bench_pass checked;
static uint64_t worst;
static uint8_t *rest; /* of the arena, for a heap that grows */
static size_t rest_bytes;

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

static void add_region(const struct bench_run *input, uint64_t from, uint64_t to)
{
	if (heap_add_region_self(&heap, input->arena + from, to - from) != ACRE_OK)
		acre_panic("the benchmark's heap cannot be made");
}

static void *take_rest(void *unused, size_t bytes, size_t align, const struct heap_place *anywhere)
{
	size_t skip = -(uintptr_t)rest % align;
	uint8_t *start = rest + skip;

	(void)unused;
	(void)anywhere;
	if (skip + bytes > rest_bytes)
		return NULL;
	rest += skip + bytes;
	rest_bytes -= skip + bytes;
	return start;
}

static void keep(void *unused, void *start, size_t bytes)
{
	(void)unused;
	(void)start;
	(void)bytes;
}

static void add_backing(const struct bench_run *input)
{
	const struct heap_backing backing = {
		.take = take_rest,
		.give = keep,
		.low = (uintptr_t)input->arena,
		.high = (uintptr_t)input->arena + input->arena_bytes,
	};

	rest = input->arena + SECOND_START;
	rest_bytes = input->arena_bytes - SECOND_START;
	if (heap_set_backing(&heap, &backing) != ACRE_OK)
		acre_panic("the benchmark's heap has no backing");
}

struct heap *bench_new_heap(void)
{
	heap_init(&heap);
	heap_use_stocks(&heap, bench_heap_stocks(&heap));
	return &heap;
}

/* All that the heap gets, tables included, is the arena, but for a gap after a first region. */
static void make_heap(const struct bench_run *input, enum memory memory)
{
	(void)bench_new_heap();
	if (memory != ONE_REGION)
		add_region(input, FIRST_START, FIRST_END);
	if (memory == GROWN)
		add_backing(input);
	else
		add_region(input, memory == TWO_REGIONS ? SECOND_START : 0, input->arena_bytes);
}

static void run_acre(struct bench_pass *pass, const struct bench_run *input, enum memory memory,
		     const struct bench_workload *w)
{
	struct bench_run *r = &pass->run;
	struct heap_stats stats;

	make_heap(input, memory);
	*r = *input;
	r->heap = (struct bench_heap *)&heap;
	bench_begin_pass(pass);
	w->run(r);
	bench_end_pass(pass);
	heap_stats(&heap, &stats);
	bench_must(r, stats.used_bytes == 0, "not every block came back");
	bench_must(r, heap_validate(&heap) == NULL, "the heap is broken");
}

/* What other memory than one region costs is a row of its own, and no part of the worst. */
static void row(const struct bench_run *input, unsigned i, enum memory memory)
{
	static const char suffix[][10] = { "", ".2regions", ".grown" };

	run_acre(&measured, input, memory, &heap_workloads_acre[i]);
	overhead.run = *input;
	overhead.run.heap = (struct bench_heap *)&heap;
	bench_begin_pass(&overhead);
	heap_workloads_standin[i].run(&overhead.run);
	bench_end_pass(&overhead);
	run_acre(&checked, input, memory, &heap_workloads_acre_checked[i]);
	if (memory == ONE_REGION && checked.run.worst > worst)
		worst = checked.run.worst;
	bench_row(heap_workloads_acre[i].name, suffix[memory], &measured, &overhead, &checked, 2);
}

static void row_efficiency(const struct bench_run *input)
{
	struct bench_run seeded = *input;
	uint64_t sum = 0;
	const char *broken = NULL;

	for (unsigned i = 0; i < SEEDS; i++) {
		seeded.seed = input->seed + i;
		run_acre(&checked, &seeded, ONE_REGION, &heap_workloads_acre_checked[EFFICIENCY]);
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
	for (unsigned i = PAIR32; i <= FREE_SMALL_1K; i++)
		row(&input, i, ONE_REGION);
	for (unsigned i = PAIR32; i <= RANDOM30000; i++)
		row(&input, i, TWO_REGIONS);
	for (unsigned i = PAIR32; i <= RANDOM30000; i++)
		row(&input, i, GROWN);
	row_efficiency(&input);
	for (unsigned i = POWER_LAW; i <= VECTORS; i++)
		row(&input, i, ONE_REGION);
	drop_run(&input);
	make_run(&input, seed, BIG_ARENA, HEAP_MOST_BLOCKS);
	row(&input, FREE_SMALL_1M, ONE_REGION);
	drop_run(&input);
	bench_row_figure("heap.worst", "", (struct bench_figure){ worst, 0, "instr" }, NULL);
}
