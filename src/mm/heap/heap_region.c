/* SPDX-License-Identifier: MIT */
/*
 * heap_region.c - memory for a heap: a region, and the table that describes it, cut into the tables
 * of slabs, runs and page map.
 *
 *	table   | < 128 | descriptors of slabs | runs, with those of the buddy | page map | rest |
 *
 * A region of n frames comes with n / 16 descriptors: enough where slabs are long; more are cut out
 * of the memory when they are needed (slab.c). All together is 1/80 of the memory.
 */
#include "mm/heap/heap.h"
#include "mm/heap/heap_internal.h"

#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/lock_scoped.h"

#define FRAMES_A_DESCRIPTOR 16u

static size_t descriptors_for(size_t size)
{
	return size / (FRAMES_A_DESCRIPTOR * PAGE_MAP_FRAME) + 1;
}

size_t heap_table_bytes(size_t size)
{
	return SLAB_ALIGN - 1 + descriptors_for(size) * sizeof(struct slab) +
	       align_down(run_table_bytes(size) + 7, 8) + page_map_bytes(size);
}

/* Where each table is in [@table, @table + heap_table_bytes(@size)). */
struct layout {
	struct slab *descriptor;
	void *runs;
	size_t runs_bytes;
	page_map_owner *owner;
};

static struct layout lay_out_tables(uint8_t *table, size_t size)
{
	struct layout l;
	size_t skip = -(uintptr_t)table % SLAB_ALIGN;

	l.descriptor = (struct slab *)(void *)(table + skip);
	l.runs = l.descriptor + descriptors_for(size);
	l.runs_bytes = align_down(run_table_bytes(size) + 7, 8);
	l.owner = (page_map_owner *)(void *)((uint8_t *)l.runs + l.runs_bytes);
	return l;
}

/* ---- what may be given ------------------------------------------------------------------------ */

static bool overlap(uintptr_t a, size_t a_size, uintptr_t b, size_t b_size)
{
	return a < b + b_size && b < a + a_size; /* neither wraps */
}

/* A table may lie in a live block of the heap that is a run: then it is marked afterwards. */
static bool lies_in_a_block(struct heap *h, const uint8_t *table, size_t bytes)
{
	struct run run;

	return run_of(&h->runs, table, &run) == ACRE_OK && run.kind == RUN_BLOCK &&
	       bytes <= run.bytes - (size_t)(table - run.start);
}

static bool collides(struct heap *h, uintptr_t base, size_t size, const uint8_t *table,
		     size_t bytes)
{
	uintptr_t start = (uintptr_t)table;

	if (overlap(base, size, start, bytes))
		return true;
	if (page_map_find(&h->map, start) !=
	    NULL) /* an object, or a large block: it can be freed */
		return true;
	for (uint32_t i = 0; i < h->runs.buddy.nregions; i++) {
		const struct buddy_region *r = &h->runs.buddy.region[i];
		if (overlap(base, size, r->base, r->size) ||
		    overlap(base, size, h->table[i].start, h->table[i].bytes) ||
		    overlap(start, bytes, h->table[i].start, h->table[i].bytes))
			return true;
		if (overlap(start, bytes, r->base, r->size) && !lies_in_a_block(h, table, bytes))
			return true;
	}
	return false;
}

/* The granules of [*@base, *@base + *@size), which may be none. */
static enum acre_status round_to_granules(uint8_t **base, size_t *size)
{
	uintptr_t start, end;

	if (!add_checked((uintptr_t)*base, *size, &end) ||
	    !align_up_checked((uintptr_t)*base, RUN_GRANULE, &start))
		return ACRE_ERR_OVERFLOW;
	end = align_down(end, RUN_GRANULE);
	if (start == 0 || start >= end)
		return ACRE_ERR_INVALID;
	*base += start - (uintptr_t)*base;
	*size = end - start;
	return ACRE_OK;
}

static enum acre_status check_new_region(struct heap *h, const uint8_t *base, size_t size,
					 const uint8_t *table, size_t table_size)
{
	size_t bytes = heap_table_bytes(size);
	uintptr_t end;

	if (h->object_limit == 0 || table == NULL)
		return ACRE_ERR_INVALID;
	if (size > RUN_MAX_REGION)
		return ACRE_ERR_RANGE;
	if (table_size < bytes)
		return ACRE_ERR_NOMEM;
	if (!add_checked((uintptr_t)table, bytes, &end))
		return ACRE_ERR_OVERFLOW;
	if (collides(h, (uintptr_t)base, size, table, bytes))
		return ACRE_ERR_OVERLAP;
	return buddy_next_region(&h->runs.buddy) < BUDDY_MAX_REGIONS ? ACRE_OK : ACRE_ERR_FULL;
}

/* ---- giving ------------------------------------------------------------------------------------ */

/* The page map first: as soon as the runs have the memory, a slab may lie there. */
static enum acre_status add_checked_region(struct heap *h, uint8_t *base, size_t size,
					   uint8_t *table)
{
	uint32_t i = buddy_next_region(&h->runs.buddy);
	const struct layout l = lay_out_tables(table, size);

	h->table[i].start = (uintptr_t)table;
	h->table[i].bytes = heap_table_bytes(size);
	(void)!run_mark_table(&h->runs, table, h->table[i].bytes); /* if it lies in a block */
	slab_pool_grow(&h->slabs, h->runs.buddy.total_bytes + size, l.descriptor,
		       descriptors_for(size));
	page_map_add_region(&h->map, (uintptr_t)base, size, l.owner);
	return run_pool_add_region(&h->runs, base, size, l.runs, l.runs_bytes);
}

enum acre_status heap_add_region(struct heap *h, void *base, size_t size, void *table,
				 size_t table_size)
{
	LOCK_SCOPED(held, &h->lock);
	uint8_t *first = base;
	enum acre_status s = round_to_granules(&first, &size);

	if (s == ACRE_OK)
		s = check_new_region(h, first, size, table, table_size);
	return s == ACRE_OK ? add_checked_region(h, first, size, table) : s;
}

/* The table goes last, so that a well-aligned base gives well-aligned blocks. */
enum acre_status heap_add_region_self(struct heap *h, void *base, size_t size)
{
	size_t table = heap_table_bytes(size);
	uintptr_t end;

	if (!add_checked((uintptr_t)base, size, &end))
		return ACRE_ERR_OVERFLOW;
	if (size < table + RUN_GRANULE)
		return ACRE_ERR_INVALID;
	return heap_add_region(h, base, size - table, (uint8_t *)base + size - table, table);
}
