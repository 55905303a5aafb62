/* SPDX-License-Identifier: MIT */
/*
 * heap_cache.h - a cache: objects of one kind, under a name.
 *
 *	static struct heap_cache threads;
 *
 *	const struct heap_cache_kind kind = { .name = "threads", .size = sizeof(struct thread) };
 *	if (heap_cache_create(&threads, &heap, &kind) != ACRE_OK)
 *		...
 *	struct thread *t = heap_cache_alloc(&threads, acre_caller());
 *	...
 *	heap_cache_free(&threads, t, acre_caller());
 *
 * A cache has a class of its own: its slabs have no other objects, exact to the size, at any
 * alignment. It counts live objects, and at its end reports objects that were not freed. An object
 * can be constructed once for many lives: the caller frees it in the state of a new one, and it is
 * handed out again in that state. When a slab without live objects goes back, no destructor is
 * called: so a constructor must not acquire anything. All that heap.h says of blocks is true of
 * these objects: one atomic instruction takes or frees one, on any hart, in any handler; no data of
 * the heap lies in them; a wrong free is refused. heap_free() accepts them too; heap_realloc() and
 * heap_free_sized() refuse them.
 */
#ifndef ACRE_MM_HEAP_CACHE_H
#define ACRE_MM_HEAP_CACHE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "lib/status.h"
#include "mm/heap/backing.h"
#include "mm/heap/slab.h"

struct heap;

/* Caches that a heap has at one time. */
#define HEAP_MAX_CACHES SLAB_CACHES

struct heap_cache_kind {
	const char *name; /* kept, not copied */
	size_t size;      /* 1 to HEAP_MAX_SIZE */
	size_t align;     /* a power of two up to HEAP_MAX_SIZE; 0 is HEAP_MIN_ALIGN */
	/*
	 * construct - if it is not NULL: called once for each object, before it is handed out first. No
	 * lock is held; the interrupt state is that of the call of heap_cache_alloc() which found no
	 * object that was free. It must not use this cache.
	 */
	void (*construct)(void *object, void *context);
	void *context;
	const struct heap_place *place; /* where all objects have to lie, or NULL; copied */
};

/* The owner's storage; the functions below fill it in. All bytes 0: no cache. */
struct heap_cache {
	struct heap *heap;
	unsigned class;
	_Atomic uint64_t failures; /* requests that could not be met */
};

/*
 * heap_cache_create - make @cache a cache of @kind. It has no memory yet.
 * Pre:    @cache is not in use; it stays where it is until heap_cache_destroy().
 * Result: ACRE_OK; ACRE_ERR_INVALID for no name or a size of 0; ACRE_ERR_MISALIGNED for an alignment
 *         that is no power of two; ACRE_ERR_RANGE for a size or an alignment above HEAP_MAX_SIZE;
 *         ACRE_ERR_UNSUPPORTED for a place where the heap has no backing; ACRE_ERR_FULL past
 *         HEAP_MAX_CACHES. Nothing has changed on failure.
 */
acre_nodiscard enum acre_status heap_cache_create(struct heap_cache *cache, struct heap *h,
						  const struct heap_cache_kind *kind);

/*
 * heap_cache_destroy - end @cache, and give its memory back.
 * Pre:    no other call on it is under way.
 * Result: ACRE_OK; ACRE_ERR_BUSY while objects are live: a warning says how many and where the first
 *         ones are, and the cache stays as it is.
 */
acre_nodiscard enum acre_status heap_cache_destroy(struct heap_cache *cache);

/*
 * heap_cache_alloc - an object, the caller's to free; NULL when there is none, also after the hooks
 * were asked. Cost: as heap_alloc() of an object.
 * heap_cache_free - take it back; NULL is nothing. What is no live object of this cache is refused
 * and reported.
 */
acre_nodiscard void *heap_cache_alloc(struct heap_cache *cache, const void *caller);
void heap_cache_free(struct heap_cache *cache, void *object, const void *caller);

/* heap_cache_stats - the figures of a moment, as slab_class_stats(). */
void heap_cache_stats(const struct heap_cache *cache, struct slab_stats *stats);

#endif
