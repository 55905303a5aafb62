/* SPDX-License-Identifier: MIT */
/*
 * grown_heap.h - a heap with a small arena that grows by the frames of a pool, which has real memory:
 * two NUMA nodes, of which the upper one has the upper half of the frames.
 */
#ifndef GROWN_HEAP_H
#define GROWN_HEAP_H

#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "mm/frame_backing.h"
#include "mm/heap/heap.h"
#include "tests/support/frame_room.h"
#include "tests/support/ktest.h"

#define GROWN_ARENA  ((size_t)64 << 10)
#define GROWN_FRAMES 1024u /* 4 MiB */
#define GROWN_NODES  2u

struct grown_heap {
	struct heap heap;
	struct frame_pool pool;
	struct frame_room room;
	struct frame_backing frames;
	struct memmap map; /* only its banks */
	struct memmap_region node[GROWN_NODES];
	struct slab_stock stock[PLATFORM_MAX_HARTS];
};

static inline struct acre_range grown_node(const struct grown_heap *g, unsigned node)
{
	return g->node[node].range;
}

/* Each node is a bank of the map and of the pool. */
static inline void grown_add_node(struct grown_heap *g, unsigned i, frame_nr_t first,
				  frame_count_t nframes)
{
	const size_t metadata = frame_metadata_bytes(nframes);

	REQUIRE_EQ(frame_pool_add_bank(&g->pool, first, nframes, ktest_alloc(metadata, 8),
				       metadata),
		   ACRE_OK);
	REQUIRE_EQ(frame_insert(&g->pool, first, nframes), ACRE_OK);
	g->node[i] = (struct memmap_region){
		.range = { frame_to_paddr(first), frame_to_paddr(first + nframes) }, .numa_node = i
	};
}

static inline struct grown_heap *grown_heap_of(const struct hart_slots *stocks)
{
	struct grown_heap *g = ktest_alloc(sizeof(*g), 128);
	const size_t table = heap_table_bytes(GROWN_ARENA);
	uint8_t *memory = ktest_alloc(GROWN_FRAMES * FRAME_SIZE, (size_t)2 << 20);
	const frame_nr_t first = frame_from_paddr((uint64_t)(uintptr_t)memory);

	*g = (struct grown_heap){ 0 };
	heap_init(&g->heap);
	if (stocks != NULL)
		heap_use_stocks(&g->heap, stocks);
	/* Wherever it is, no address in it is a multiple of 128 KiB: what wants one goes elsewhere. */
	uint8_t *arena = ktest_alloc(GROWN_ARENA + FRAME_SIZE, 2 * GROWN_ARENA);
	REQUIRE_EQ(heap_add_region(&g->heap, arena + FRAME_SIZE, GROWN_ARENA, ktest_alloc(table, 8),
				   table),
		   ACRE_OK);
	REQUIRE_EQ(frame_pool_init_in(&g->pool, 0, &g->room), ACRE_OK);
	for (unsigned i = 0; i < GROWN_NODES; i++)
		grown_add_node(g, i, first + i * GROWN_FRAMES / GROWN_NODES,
			       GROWN_FRAMES / GROWN_NODES);
	g->map.bank = g->node;
	g->map.nbanks = GROWN_NODES;
	frame_backing_init(&g->frames, &g->pool, &g->map);
	REQUIRE_EQ(heap_set_backing(&g->heap, &g->frames.backing), ACRE_OK);
	return g;
}

static inline struct grown_heap *grown_heap(void)
{
	return grown_heap_of(NULL);
}

/* hidden - @ptr; the compiler does not know that it is, and warns of no wrong free. */
static inline void *hidden(void *ptr)
{
	void *volatile copy = ptr;

	return copy;
}

static inline struct heap_stats grown_stats(struct grown_heap *g)
{
	struct heap_stats s;

	heap_stats(&g->heap, &s);
	return s;
}

/* Frames that are not free are those that the heap says it has. */
static inline void grown_expect_books(struct grown_heap *g)
{
	const struct heap_stats s = grown_stats(g);

	REQUIRE_VALID(heap_validate(&g->heap));
	REQUIRE_VALID(frame_validate(&g->pool));
	EXPECT_EQ((frame_managed_count(&g->pool) - frame_free_count(&g->pool)) * FRAME_SIZE,
		  s.grown_bytes + s.placed_bytes + s.backed_bytes);
}

#endif
