// SPDX-License-Identifier: MIT
/*
 * blocks.c - kmalloc(), by the loops over blocks, and a cache of objects, by those of
 * bench/kernel/cache_bench.c and bulk_bench.c.
 */
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "bench/linux/acre_bench.h"

#define ROUNDS 20000u
#define LIVE   64u
#define SIZE   32u
#define BULK   16u

/*
 * ---- kmalloc
 * ------------------------------------------------------------------------------------
 */

static struct bench_run run_blocks(const struct bench_run *input, const struct bench_workload *w)
{
	struct bench_run r = *input;

	bench_start(&r);
	w->run(&r);
	return r;
}

/*
 * Each answer is checked in a run of its own: blocks of Linux lie in the memory that is mapped
 * as it is.
 */
static void block_row(const struct bench_run *input, unsigned int i, uint64_t *worst)
{
	struct bench_run measured = run_blocks(input, &heap_workloads_linux[i]);
	struct bench_run empty = run_blocks(input, &heap_workloads_linux_empty[i]);
	struct bench_run checked;

	memset(input->taken, 0, input->arena_bytes / 64);
	checked = run_blocks(input, &heap_workloads_linux_checked[i]);
	if (measured.broken == NULL)
		measured.broken = checked.broken;
	if (checked.worst > *worst)
		*worst = checked.worst;
	bench_row("kmalloc", heap_workloads_linux[i].name, &measured, &empty);
}

void __init bench_blocks(void)
{
	uint64_t bytes = memblock_end_of_DRAM() - memblock_start_of_DRAM();
	struct bench_run input = {
		.seed = BENCH_SEED,
		.block = bench_memory(HEAP_MOST_BLOCKS * sizeof(struct bench_block)),
		.max_blocks = HEAP_MOST_BLOCKS,
		.arena = __va(memblock_start_of_DRAM()),
		.arena_bytes = bytes,
		.given_bytes = bytes,
		.taken = bench_memory(bytes / 64),
	};
	uint64_t worst = 0;

	/* How much fits would be all memory of the machine, the kernel's own included. */
	for (unsigned int i = 0; i < HEAP_WORKLOADS; i++) {
		if (!bench_is(&heap_workloads_linux[i], "heap.efficiency"))
			block_row(&input, i, &worst);
	}
	pr_emerg("acre: peer kmalloc heap.worst %llu instr\n", worst);
	vfree(input.block);
	vfree(input.taken);
}

/*
 * ---- a cache of objects
 * -------------------------------------------------------------------------
 */

static void cache_pairs(struct kmem_cache *cache)
{
	struct bench_run r = { .seed = BENCH_SEED };
	void *live[LIVE];
	bool all = true;

	for (unsigned int i = 0; i < LIVE; i++) {
		live[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		all = live[i] != NULL && all;
	}
	bench_start(&r);
	bench_open(&r);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		void *object = kmem_cache_alloc(cache, GFP_KERNEL);
		all = object != NULL && all;
		kmem_cache_free(cache, object);
	}
	bench_close(&r, ROUNDS);
	for (unsigned int i = 0; i < LIVE; i++)
		kmem_cache_free(cache, live[i]);
	bench_must(&r, all, "there was no object");
	bench_row("kmem_cache", "heap.cache_pair", &r, NULL);
}

static void bulks(struct kmem_cache *cache)
{
	struct bench_run r = { .seed = BENCH_SEED };
	void *object[BULK];
	bool all = true;

	bench_start(&r);
	bench_open(&r);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		bool taken = kmem_cache_alloc_bulk(cache, GFP_KERNEL, BULK, object) == BULK;
		all = taken && all;
		if (taken)
			kmem_cache_free_bulk(cache, BULK, object);
	}
	bench_close(&r, (uint64_t)ROUNDS * BULK);
	bench_must(&r, all, "there were no objects");
	bench_row("kmem_cache", "heap.bulk16", &r, NULL);
}

void bench_objects(void)
{
	struct kmem_cache *cache = kmem_cache_create("acre_bench", SIZE, 0, SLAB_NO_MERGE, NULL);

	if (cache == NULL)
		panic("acre: no cache can be made\n");
	cache_pairs(cache);
	bulks(cache);
	kmem_cache_destroy(cache);
}
