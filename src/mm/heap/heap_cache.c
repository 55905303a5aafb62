/* SPDX-License-Identifier: MIT */
/*
 * heap_cache.c - caches: a class of slabs for each. slab.c does what an object needs; here are the
 * two fast paths, and the table that says which class belongs to which cache.
 */
#include "mm/heap/heap_cache.h"

#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/fmt.h"
#include "lib/lock_scoped.h"
#include "lib/print.h"
#include "lib/reclaim.h"
#include "mm/heap/heap_internal.h"
#include "mm/heap/slab_internal.h"

/* Objects that a warning names. */
#define LEAKS_TOLD 4u

/* ---- making and ending ---------------------------------------------------------------------- */

static enum acre_status check_kind(const struct heap *h, const struct heap_cache_kind *kind)
{
	if (kind->name == NULL || kind->size == 0)
		return ACRE_ERR_INVALID;
	if (kind->align != 0 && !is_power_of_two(kind->align))
		return ACRE_ERR_MISALIGNED;
	if (kind->size > HEAP_MAX_SIZE || kind->align > HEAP_MAX_SIZE)
		return ACRE_ERR_RANGE;
	return kind->place == NULL || h->slabs.frames.take != NULL ? ACRE_OK : ACRE_ERR_UNSUPPORTED;
}

static struct slab_kind slab_kind_of(const struct heap_cache_kind *kind)
{
	const size_t align = kind->align > HEAP_MIN_ALIGN ? kind->align : HEAP_MIN_ALIGN;
	struct slab_kind slabs = {
		.name = kind->name,
		.size = align_up(kind->size, align),
		.align = align,
		.construct = kind->construct,
		.context = kind->context,
		.placed = kind->place != NULL,
	};

	if (kind->place != NULL)
		slabs.place = *kind->place;
	return slabs;
}

enum acre_status heap_cache_create(struct heap_cache *cache, struct heap *h,
				   const struct heap_cache_kind *kind)
{
	enum acre_status s = check_kind(h, kind);
	const struct slab_kind slabs = slab_kind_of(kind);
	unsigned class = SLAB_CLASSES + 1;

	if (s != ACRE_OK)
		return s;
	LOCK_SCOPED(held, &h->lock);
	while (class < SLAB_LARGE && h->slabs.class[class].kind.name != NULL)
		class ++;
	if (class == SLAB_LARGE)
		return ACRE_ERR_FULL;
	slab_class_open(&h->slabs, class, &slabs);
	cache->heap = h;
	cache->class = class;
	atomic_store_explicit(&cache->failures, 0, memory_order_relaxed);
	return ACRE_OK;
}

static void tell_leaks(const struct heap_cache *cache, const char *name)
{
	const void *object[LEAKS_TOLD];
	size_t n = slab_class_live(&cache->heap->slabs, cache->class, object, LEAKS_TOLD);

	acre_log_warn("cache %s: %zu objects are live\n", name, n);
	for (size_t i = 0; i < n && i < LEAKS_TOLD; i++)
		acre_log_warn("cache %s: ... at %p\n", name, object[i]);
}

static bool close_cache(const struct heap_cache *cache)
{
	struct heap *h = cache->heap;
	LOCK_SCOPED(held, &h->lock);

	return slab_class_close(&h->slabs, cache->class);
}

enum acre_status heap_cache_destroy(struct heap_cache *cache)
{
	struct slab_pool *slabs = &cache->heap->slabs;

	slab_class_clear(slabs, cache->class);
	if (!close_cache(cache)) {
		tell_leaks(cache, slabs->class[cache->class].kind.name);
		return ACRE_ERR_BUSY;
	}
	cache->heap = NULL;
	cache->class = 0;
	return ACRE_OK;
}

/* ---- taking and freeing ------------------------------------------------------------------------ */

/* The stock has none. */
static never_inline void *alloc_cached_slow(struct heap_cache *cache, const void *caller)
{
	struct heap *h = cache->heap;
	const size_t size = h->slabs.class[cache->class].size;
	struct reclaim_hook *asked = NULL;
	void *object;

	do
		object = slab_alloc(&h->slabs, cache->class);
	while (unlikely(object == NULL) && reclaim_more(h->reclaim, &asked, size));
	if (unlikely(object == NULL)) {
		(void)atomic_fetch_add_explicit(&cache->failures, 1, memory_order_relaxed);
		(void)!heap_note_failure(h, size, HEAP_MIN_ALIGN, caller);
	}
	return object;
}

static never_inline void *put_back_and_alloc_cached(struct heap_cache *cache, const void *caller,
						    bitmap_word *word, unsigned bit)
{
	slab_put_back(&cache->heap->slabs, word, bit);
	return alloc_cached_slow(cache, caller);
}

/* The steps of slab_internal.h: each that fails is followed by the last call. */
void *heap_cache_alloc(struct heap_cache *cache, const void *caller)
{
	struct heap *h = cache->heap;
	unsigned bit;

	if (unlikely(h->fast_limit == 0))
		return alloc_cached_slow(cache, caller);
	bitmap_word *word = slab_stock_word(&h->slabs, cache->class);
	uint64_t bits = bitmap_atomic_word(word);
	if (unlikely(bits == 0))
		return alloc_cached_slow(cache, caller);
	if (unlikely(!slab_take_lowest(word, bits, &bit)))
		return alloc_cached_slow(cache, caller);
	if (unlikely(!slab_has_class(word, cache->class)))
		return put_back_and_alloc_cached(cache, caller, word, bit);
	return slab_object(word, bit);
}

static never_inline void refuse_cached(struct heap_cache *cache, const void *object,
				       const void *caller, const char *what)
{
	heap_refuse_pointer(cache->heap, object, 0, caller, what);
}

/* It need not be an object, nor lie in the first region. */
static never_inline void free_cached_slow(struct heap_cache *cache, void *object,
					  const void *caller)
{
	struct heap *h = cache->heap;
	struct slab *slab = page_map_find(&h->map, (uintptr_t)object);
	enum slab_found found = SLAB_NO_OBJECT;

	if (object == NULL)
		return;
	bool ours = slab != NULL && SLAB_READ(slab, class) == cache->class;
	if (ours)
		found = slab_free(&h->slabs, slab, object);
	if (found == SLAB_FREE_ALREADY)
		refuse_cached(cache, object, caller, "free already");
	else if (found == SLAB_NO_OBJECT)
		refuse_cached(cache, object, caller, ours ? NULL : "no object of this cache");
}

static never_inline void settle_cached(struct heap_cache *cache, struct slab *slab)
{
	slab_settle(&cache->heap->slabs, slab);
}

/* First as an object in the first region, where most are. All calls are the last ones. */
void heap_cache_free(struct heap_cache *cache, void *object, const void *caller)
{
	const struct page_map *map = &cache->heap->map;
	struct slab *slab;
	bool settle;

	if (unlikely(!page_map_in_first(map, (uintptr_t)object)) ||
	    unlikely((slab = page_map_look(&map->region[0], (uintptr_t)object)) == NULL) ||
	    unlikely(SLAB_READ(slab, class) != cache->class)) {
		free_cached_slow(cache, object, caller);
		return;
	}
	switch (slab_free_fast(slab, object, &settle)) {
	case SLAB_FREED:
		if (unlikely(settle))
			settle_cached(cache, slab);
		return;
	case SLAB_FREE_ALREADY:
		refuse_cached(cache, object, caller, "free already");
		return;
	default:
		refuse_cached(cache, object, caller, NULL);
	}
}

void heap_cache_stats(const struct heap_cache *cache, struct slab_stats *stats)
{
	slab_class_stats(&cache->heap->slabs, cache->class, stats);
}
