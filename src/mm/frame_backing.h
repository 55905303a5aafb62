/* SPDX-License-Identifier: MIT */
/* frame_backing.h - the frames of a pool as the memory that a heap grows by. */
#ifndef ACRE_MM_FRAME_BACKING_H
#define ACRE_MM_FRAME_BACKING_H

#include "mm/frame/frame.h"
#include "mm/heap/backing.h"
#include "mm/map/memmap.h"

struct frame_backing {
	struct heap_backing backing; /* for heap_set_backing(), which copies it */
	struct frame_pool *pool;
	const struct memmap *map; /* which memory is of which NUMA node; NULL: all is of none */
};

/*
 * frame_backing_init - a heap may grow by frames of @pool; @map, if it is not NULL, is what the
 * pool was made from. Both, and @frames, stay as long as the heap.
 * The heap is told of the banks from the lowest on, as far as its root for them (page_map.h) is
 * less than a 1,024th of the memory in them: a bank far above the others may be small.
 * Pre: the pool has a bank.
 */
void frame_backing_init(struct frame_backing *frames, struct frame_pool *pool,
			const struct memmap *map);

#endif
