/* SPDX-License-Identifier: MIT */
/* acre.c - the frame pool and the heap of this project behind the tables of peers.h. */
#include <stdlib.h>

#include "bench/peers/peers.h"
#include "lib/platform.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "mm/heap/heap.h"
#include "tests/support/frame_room.h"

static void enter(unsigned thread)
{
	host_hart = thread;
}

struct pool {
	struct frame_pool frames;
	struct frame_room room;
	void *metadata;
};

static void *pool_create(uint64_t first, uint64_t nframes)
{
	size_t bytes = frame_metadata_bytes(nframes);
	struct pool *p = aligned_alloc(TICKET_LOCK_LINE, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->metadata = malloc(bytes);
	if (p->metadata == NULL || frame_pool_init_in(&p->frames, 0, &p->room) != ACRE_OK ||
	    frame_pool_add_bank(&p->frames, first, nframes, p->metadata, bytes) != ACRE_OK ||
	    frame_insert(&p->frames, first, nframes) != ACRE_OK) {
		free(p->metadata);
		free(p);
		return NULL;
	}
	return p;
}

static void pool_destroy(void *pool)
{
	struct pool *p = pool;

	if (frame_validate(&p->frames) != NULL)
		abort();
	free(p->metadata);
	free(p);
}

static uint64_t pool_alloc(void *pool)
{
	return frame_alloc(&((struct pool *)pool)->frames);
}

static bool pool_free(void *pool, uint64_t pfn)
{
	return frame_free(&((struct pool *)pool)->frames, pfn) == ACRE_OK;
}

static uint64_t pool_run_alloc(void *pool, uint64_t n, uint64_t align)
{
	return frame_alloc_range(&((struct pool *)pool)->frames, n, align << FRAME_SHIFT);
}

static bool pool_run_free(void *pool, uint64_t pfn, uint64_t n)
{
	return frame_free_range(&((struct pool *)pool)->frames, pfn, n) == ACRE_OK;
}

const struct peer_frames PEER_FRAMES_ACRE = {
	.name = "acre",
	.note = "lock and checks included",
	.shared = true,
	.enter = enter,
	.create = pool_create,
	.destroy = pool_destroy,
	.alloc = pool_alloc,
	.free = pool_free,
	.run_alloc = pool_run_alloc,
	.run_free = pool_run_free,
};

/* Each thread has a stock, in lines of its own, as each hart of the kernel has. */
struct heap_of_threads {
	struct heap h; /* first: what the others call takes it for the heap */
	struct {
		_Alignas(TICKET_LOCK_LINE) struct slab_stock stock;
	} slot[PEER_THREADS];
};

static void *create(uint8_t *arena, size_t size)
{
	struct heap_of_threads *made = aligned_alloc(TICKET_LOCK_LINE, sizeof(*made));

	if (made == NULL)
		return NULL;
	const struct hart_slots slots =
		hart_slots_array(made->slot, sizeof(made->slot[0]), PEER_THREADS);
	heap_init(&made->h);
	heap_use_stocks(&made->h, &slots);
	if (heap_add_region_self(&made->h, arena, size) != ACRE_OK) {
		free(made);
		return NULL;
	}
	return made;
}

static void destroy(void *heap)
{
	if (heap_validate(heap) != NULL)
		abort();
	free(heap);
}

static void *alloc(void *heap, size_t size, size_t align)
{
	return align <= HEAP_MIN_ALIGN ? heap_alloc(heap, size, NULL)
				       : heap_alloc_aligned(heap, size, align, NULL);
}

static void give_back(void *heap, void *block, size_t size, size_t align)
{
	(void)size;
	(void)align;
	heap_free(heap, block, NULL);
}

static void *resize(void *heap, void *block, size_t size, size_t align, size_t new_size)
{
	(void)size;
	(void)align;
	return heap_realloc(heap, block, new_size, NULL);
}

const struct peer_heap PEER_HEAP_ACRE = {
	.name = "acre",
	.note = "lock and checks included",
	.shared = true,
	.enter = enter,
	.create = create,
	.destroy = destroy,
	.alloc = alloc,
	.free = give_back,
	.realloc = resize,
};
