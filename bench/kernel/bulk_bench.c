/* SPDX-License-Identifier: MIT */
/* bulk_bench.c - what a block costs that is taken and given back with 15 others, by one call each. */
#include "bench/kernel/kernel_bench.h"
#include "lib/panic.h"
#include "mm/heap/heap.h"
#include "mm/heap/heap_bulk.h"
#include "mm/types.h"

#define ARENA  ((uint64_t)1 << 20)
#define BULK   16u
#define ROUNDS 20000u
#define BLOCK  32u

static struct bench_pass measured;
static void *block[BULK];

void bench_bulk(void)
{
	struct heap *heap = bench_new_heap();
	struct bench_run *r = &measured.run;
	void *arena = bench_memory(ARENA, FRAME_SIZE);
	struct heap_stats stats;
	bool all = true;

	if (heap_add_region_self(heap, arena, ARENA) != ACRE_OK)
		acre_panic("the benchmark's heap cannot be made");
	*r = (struct bench_run){ 0 };
	bench_begin_pass(&measured);
	bench_open(r);
	for (unsigned i = 0; i < ROUNDS; i++) {
		all = heap_alloc_bulk(heap, BLOCK, BULK, block, NULL) && all;
		heap_free_bulk(heap, BULK, block, NULL);
	}
	bench_close(r, (uint64_t)ROUNDS * BULK);
	bench_end_pass(&measured);
	heap_stats(heap, &stats);
	bench_must(r, all, "there were no blocks");
	bench_must(r, stats.used_bytes == 0 && stats.count.refusals == 0,
		   "not every block came back");
	bench_must(r, heap_validate(heap) == NULL, "the heap is broken");
	bench_row("heap.bulk16", "", &measured, NULL, NULL, 2);
	bench_drop(arena, ARENA);
}
