/* SPDX-License-Identifier: MIT */
/* heap_internal.h - sizes to classes: for heap.c, its validate and white-box tests. */
#ifndef ACRE_MM_HEAP_INTERNAL_H
#define ACRE_MM_HEAP_INTERNAL_H

#include "lib/atomic_store.h"
#include "mm/heap/heap.h"

/* Where the tables have @size bytes. */
static inline size_t heap_size_index(size_t size)
{
	return (size + SLAB_UNIT - 1) / SLAB_UNIT;
}

/* The smallest class for @size bytes, at no particular alignment; 0 if none is. */
static inline unsigned heap_class_of(const struct heap *h, size_t size)
{
	return size < h->object_limit ? h->class_of[heap_size_index(size)] : 0;
}

/*
 * The class that serves @size bytes, HEAP_MAX_OBJECT at most, now: the smallest, or a shared one.
 */
static inline uint64_t heap_serving(const struct heap *h, size_t size)
{
	return load_narrow(&h->serving[heap_size_index(size)]);
}

/* The same for any size; 0 if none does. */
static inline unsigned heap_class_now(const struct heap *h, size_t size)
{
	return size < h->object_limit ? (unsigned)heap_serving(h, size) : 0;
}

/*
 * heap_grown_table_of - is @addr in a table that came from the backing: of a piece, the root, a leaf?
 * Not in one of descriptors. In heap_grow.c. Cost: O(regions + windows).
 */
bool heap_grown_table_of(struct heap *h, uintptr_t addr, uint8_t **start, size_t *bytes);

/* heap_take - heap_alloc(), for the other files: gcc's analyser would take that for one more. */
void *heap_take(struct heap *h, size_t size, const void *caller);

/*
 * heap_alloc_any - what no stock is asked for: an object, a run, frames. @grow: the heap may take
 * memory from its backing. NULL: there is none, and nothing is counted.
 */
void *heap_alloc_any(struct heap *h, size_t size, size_t align, bool grow);

/*
 * heap_note_failure - count a request that cannot be met. Result: NULL.
 * heap_refuse_pointer - count what is no block of @caller's, and say what @ptr is. @size: as it
 * said, or 0. @what: what is known already, or NULL.
 */
void *heap_note_failure(struct heap *h, size_t size, size_t align, const void *caller);
void heap_refuse_pointer(struct heap *h, const void *ptr, size_t size, const void *caller,
			 const char *what);

/* heap_grown_stats - what @stats says of the backing. In heap_grow.c. */
void heap_grown_stats(struct heap *h, struct heap_stats *stats);

#endif
