/* SPDX-License-Identifier: MIT */
/* free_list_peer.c - bench/free_list.c behind the table: what one frame at a time costs at the least. */
#include "bench/free_list.h"

#include <stdlib.h>

#include "bench/bench.h"
#include "bench/peers/peers.h"

struct pool {
	struct free_list list;
	uint64_t first;
};

static void *create(uint64_t first, uint64_t nframes)
{
	struct pool *p = malloc(sizeof(*p));
	int32_t *next = nframes <= INT32_MAX ? malloc(nframes * sizeof(*next)) : NULL;

	if (p == NULL || next == NULL) {
		free(p);
		free(next);
		return NULL;
	}
	p->first = first;
	free_list_init(&p->list, (uint32_t)nframes, next);
	return p;
}

static void destroy(void *pool)
{
	free(((struct pool *)pool)->list.next);
	free(pool);
}

static uint64_t alloc(void *pool)
{
	struct pool *p = pool;
	int64_t frame = free_list_alloc(&p->list);

	return frame < 0 ? BENCH_NONE : p->first + (uint64_t)frame;
}

static bool give_back(void *pool, uint64_t frame)
{
	struct pool *p = pool;

	free_list_free(&p->list, (int64_t)(frame - p->first));
	return true;
}

const struct peer_frames PEER_FRAMES_FREE_LIST = {
	.name = "free list",
	.note = "no lock, no check, no runs",
	.create = create,
	.destroy = destroy,
	.alloc = alloc,
	.free = give_back,
};
