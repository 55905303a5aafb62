/* SPDX-License-Identifier: MIT */
/* heap_internal.h - sizes to classes: for heap.c, its validate and white-box tests. */
#ifndef ACRE_MM_HEAP_INTERNAL_H
#define ACRE_MM_HEAP_INTERNAL_H

#include "mm/heap/heap.h"

/* The class for @size bytes, at no particular alignment; 0 if none is. */
static inline unsigned heap_class_of(const struct heap *h, size_t size)
{
	return size < h->object_limit ? h->class_of[(size + SLAB_UNIT - 1) / SLAB_UNIT] : 0;
}

/*
 * heap_grown_table_of - is @addr in a table that came from the backing: of a piece, the root, a leaf?
 * Not in one of descriptors. In heap_grow.c. Cost: O(regions + windows).
 */
bool heap_grown_table_of(struct heap *h, uintptr_t addr, uint8_t **start, size_t *bytes);

/* heap_take - heap_alloc(), for the other files: gcc's analyser would take that for one more. */
void *heap_take(struct heap *h, size_t size, const void *caller);

/* heap_refuse_free_object - @caller freed the object at @ptr, which was free; @size: as it said, or 0. */
void heap_refuse_free_object(struct heap *h, void *ptr, size_t size, const void *caller);

/* heap_grown_stats - what @stats says of the backing. In heap_grow.c. */
void heap_grown_stats(struct heap *h, struct heap_stats *stats);

#endif
