/* SPDX-License-Identifier: MIT */
/*
 * nothing.c - peers that do nothing: their figures are the cost of the workloads and of the calls, which is
 * subtracted from all others. Their answers are wrong, and nobody looks at them.
 */
#include <stdlib.h>

#include "bench/peers/peers.h"

static void *pool_create(uint64_t first, uint64_t nframes)
{
	uint64_t *p = malloc(sizeof(*p));

	(void)nframes;
	if (p != NULL)
		*p = first;
	return p;
}

static uint64_t pool_alloc(void *pool)
{
	return *(uint64_t *)pool;
}

static bool pool_free(void *pool, uint64_t pfn)
{
	(void)pool;
	(void)pfn;
	return true;
}

static uint64_t pool_run_alloc(void *pool, uint64_t n, uint64_t align)
{
	(void)n;
	(void)align;
	return *(uint64_t *)pool;
}

static bool pool_run_free(void *pool, uint64_t pfn, uint64_t n)
{
	(void)pool;
	(void)pfn;
	(void)n;
	return true;
}

const struct peer_frames PEER_FRAMES_NOTHING = {
	.name = "nothing",
	.note = "",
	.shared = true,
	.create = pool_create,
	.destroy = free,
	.alloc = pool_alloc,
	.free = pool_free,
	.run_alloc = pool_run_alloc,
	.run_free = pool_run_free,
};

static void *create(uint8_t *arena, size_t size)
{
	(void)size;
	return arena;
}

static void destroy(void *heap)
{
	(void)heap;
}

static void *alloc(void *heap, size_t size, size_t align)
{
	(void)size;
	(void)align;
	return heap;
}

static void give_back(void *heap, void *block, size_t size, size_t align)
{
	(void)heap;
	(void)block;
	(void)size;
	(void)align;
}

static void *resize(void *heap, void *block, size_t size, size_t align, size_t new_size)
{
	(void)heap;
	(void)size;
	(void)align;
	(void)new_size;
	return block;
}

const struct peer_heap PEER_HEAP_NOTHING = {
	.name = "nothing",
	.note = "",
	.shared = true,
	.create = create,
	.destroy = destroy,
	.alloc = alloc,
	.free = give_back,
	.realloc = resize,
};
