/* SPDX-License-Identifier: MIT */
/*
 * frame_backing.c - runs of frames for a heap: anywhere, below an address, of a NUMA node.
 *
 * A heap knows pointers, and none to address 0. A run that begins there is not for it: its first
 * frame stays taken, the others go back.
 */
#include "mm/frame_backing.h"

#include "lib/panic.h"
#include "mm/frame/frame_types.h"
#include "mm/heap/page_map.h"

/* @n frames that begin in @range, whose end may be past all memory. */
static frame_nr_t take_in(struct frame_pool *pool, frame_count_t n, size_t align,
			  struct acre_range range)
{
	frame_nr_t high = range.end < ACRE_PADDR_LIMIT ? frame_from_paddr(range.end) : FRAME_LIMIT;
	frame_nr_t low = frame_from_paddr(range.start);

	return low < high ? frame_alloc_range_in(pool, n, align, low, high) : FRAME_NONE;
}

/* ... of a NUMA node: in one of its banks. */
static frame_nr_t take_of_node(const struct frame_backing *frames, frame_count_t n, size_t align,
			       const struct heap_place *place)
{
	const struct memmap *map = frames->map;
	frame_nr_t pfn = FRAME_NONE;

	for (uint32_t i = 0; map != NULL && i < map->nbanks && pfn == FRAME_NONE; i++) {
		struct acre_range range = map->bank[i].range;
		if (map->bank[i].numa_node != place->node)
			continue;
		if (range.end > place->below)
			range.end = place->below;
		pfn = take_in(frames->pool, n, align, range);
	}
	return pfn;
}

static frame_nr_t take_at(const struct frame_backing *frames, frame_count_t n, size_t align,
			  const struct heap_place *place)
{
	if (place == NULL)
		return frame_alloc_range(frames->pool, n, align);
	if (place->node != HEAP_ANY_NODE)
		return take_of_node(frames, n, align, place);
	return take_in(frames->pool, n, align, (struct acre_range){ 0, place->below });
}

static void free_backing_run(struct frame_pool *pool, frame_nr_t pfn, frame_count_t n)
{
	if (n > 0 && frame_free_range(pool, pfn, n) != ACRE_OK)
		acre_panic("the heap gave back frames at %p that it did not have",
			   frame_ptr(pool, pfn));
}

static void *take_backing_run(void *context, size_t bytes, size_t align,
			      const struct heap_place *place)
{
	const struct frame_backing *frames = context;
	const frame_count_t n = bytes / FRAME_SIZE;
	frame_nr_t pfn = take_at(frames, n, align, place);

	if (pfn != FRAME_NONE && frame_ptr(frames->pool, pfn) == NULL) {
		free_backing_run(frames->pool, pfn + 1, n - 1);
		pfn = take_at(frames, n, align, place);
	}
	return pfn != FRAME_NONE ? frame_ptr(frames->pool, pfn) : NULL;
}

static void give_backing_run(void *context, void *start, size_t bytes)
{
	struct frame_pool *pool = ((const struct frame_backing *)context)->pool;

	free_backing_run(pool, frame_of_ptr(pool, start), bytes / FRAME_SIZE);
}

static struct acre_range range_of_banks(const struct frame_pool *pool)
{
	struct acre_range range = { frame_to_paddr(pool->bank[0].first), 0 };
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < pool->nbanks; i++) {
		const struct frame_bank *bank = &pool->bank[i];
		uint64_t end = frame_to_paddr(bank->first + bank->nframes);
		bytes += bank->nframes * FRAME_SIZE;
		if (i == 0 || page_map_root_bytes(range.start, end) <= bytes / 1024)
			range.end = end;
	}
	return range;
}

void frame_backing_init(struct frame_backing *frames, struct frame_pool *pool,
			const struct memmap *map)
{
	const struct acre_range range = range_of_banks(pool);

	frames->pool = pool;
	frames->map = map;
	frames->backing = (struct heap_backing){
		.take = take_backing_run,
		.give = give_backing_run,
		.context = frames,
		.low = (uintptr_t)frame_ptr(pool, frame_from_paddr(range.start)),
		.high = (uintptr_t)frame_ptr(pool, frame_from_paddr(range.end)),
	};
}
