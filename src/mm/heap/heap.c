/* SPDX-License-Identifier: MIT */
/*
 * heap.c - which part serves a request, which part frees a pointer, and reports of refused frees.
 *
 *	size, align --> class --> an object: slab.c                      up to HEAP_MAX_OBJECT
 *	            \-> a run of its own: runs.c                          larger, or aligned to more
 *	                                                                 than a frame
 *	pointer     --> page map --> a slab: its object --> freed by one atomic instruction
 *	            \-> none, or after its objects: a run --> freed with the lock of the runs
 *
 * The class of a size is the smallest that has it. At first it shares that of the next power of
 * two: of most sizes there are a few blocks, and a slab for each would be nearly empty. Where a
 * hart finds its slab of the shared class full, the size is served by its own class from then on.
 * For an alignment it is the smallest from there whose size is a multiple of it, since slabs start
 * at frames. Where there is no object a small request gets a run of its own too, or what the shared
 * class still has: so a request fails only if there is none of these.
 *
 * An object is marked as loose if its class is neither that of the requested size nor the class
 * that this size shares: because of its alignment, or because it shrank where it is. A sized free
 * of a loose object accepts any smaller size. A free without a size leaves the mark; the next owner
 * of the object may then state too small a size.
 *
 * Invariants, while no call is under way (heap_validate.c checks them):
 *
 *   H1  The parts keep their own (buddy.c, runs.c, slab.c).
 *   H2  Each table lies outside of all regions, or in a run that is a table.
 *   H3  class_of[] has the smallest class for each size; serving[] that, or the one that it shares.
 *
 * Costs: those of the parts. Clearing and copying, which are linear in the request, are done with
 * no lock held.
 */
#include "mm/heap/heap.h"

#include "lib/align.h"
#include "lib/atomic_store.h"
#include "lib/compiler.h"
#include "lib/fmt.h"
#include "lib/lock_scoped.h"
#include "lib/panic.h"
#include "lib/platform.h"
#include "lib/reclaim.h"
#include "lib/string.h"
#include "mm/heap/heap_internal.h"
#include "mm/heap/slab_internal.h"

/* A block that would stay and have more than so many times what is needed moves. */
#define SHRINK 2u

/* Sizes that get a class of their own at one time. */
#define SIDE_BY_SIDE 8u

/* ---- setting up --------------------------------------------------------------------------- */

/* The smallest class for each size, which one that is shared serves at first. */
static void fill_classes(struct heap *h)
{
	unsigned class = 1;

	for (size_t i = 0; i < HEAP_SIZES; i++) {
		while (slab_class_size(class) < i * SLAB_UNIT)
			class ++;
		h->class_of[i] = (uint8_t) class;
		store_relaxed(&h->serving[i], (uint8_t)slab_shared_class(class));
	}
	h->object_limit = HEAP_MAX_OBJECT + 1;
}

/* Where the stock of a hart is not near, all go the slow way. */
static void choose_path(struct heap *h)
{
	h->fast_limit = hart_slots_are_near(&h->slabs.stocks) ? h->object_limit : 0;
}

void heap_init(struct heap *h)
{
	*h = (struct heap){ 0 };
	ticket_lock_init_level(&h->lock, "heap", TICKET_LOCK_HEAP);
	run_pool_init(&h->runs);
	slab_pool_init(&h->slabs, &h->runs, &h->map);
	fill_classes(h);
	choose_path(h);
}

void heap_use_stocks(struct heap *h, const struct hart_slots *slots)
{
	h->slabs.stocks = *slots;
	h->slabs.stocks.spare = &h->slabs.shared;
	for (unsigned hart = 0; hart < PLATFORM_MAX_HARTS; hart++) {
		struct slab_stock *slot = hart_slots_of(&h->slabs.stocks, hart);
		if (slot != NULL)
			slab_stock_init(&h->slabs, slot);
	}
	choose_path(h);
}

void heap_stock_init(void *slot, void *heap)
{
	slab_stock_init(&((struct heap *)heap)->slabs, slot);
}

void heap_stock_leave(void *slot, void *heap)
{
	slab_stock_leave(&((struct heap *)heap)->slabs, slot);
}

/* ---- what did not work ---------------------------------------------------------------------- */

never_inline void *heap_note_failure(struct heap *h, size_t size, size_t align, const void *caller)
{
	LOCK_SCOPED(held, &h->lock);

	if (is_power_of_two(align))
		h->count.failures++;
	else
		h->count.bad_alignments++;
	h->last_failure = (struct heap_failure){ size, align, caller };
	return NULL;
}

/* What a refused pointer really is, in the words of a report. */
static const char *what_it_is(const struct heap_block *block, const void *ptr)
{
	bool aligned = is_aligned((uintptr_t)ptr, HEAP_MIN_ALIGN);

	switch (block->what) {
	case HEAP_TABLE:
		return "in a table of the heap";
	case HEAP_SLAB_REST:
		return "between two blocks";
	default:
		break;
	}
	if (block->live && block->start == ptr)
		return "a live block of another size";
	if (block->live)
		return aligned ? "inside a live block" : "misaligned, inside a live block";
	if (block->start == ptr)
		return "free already";
	return aligned ? "free already, inside a free block" : "misaligned, inside a free block";
}

/* Count it, and say what @ptr is. @what: that is known already, or NULL. */
never_inline void heap_refuse_pointer(struct heap *h, const void *ptr, size_t size,
				      const void *caller, const char *what)
{
	struct heap_block block;
	struct platform_bad_free report = {
		.allocator = "heap",
		.address = (uintptr_t)ptr,
		.size = size,
		.caller = caller,
		.what = "not in the heap",
		.actual_start = (uintptr_t)ptr,
	};

	if (heap_block_of(h, ptr, &block) == ACRE_OK) {
		report.what = what != NULL ? what : what_it_is(&block, ptr);
		report.actual_start = (uintptr_t)block.start;
		report.actual_size = block.bytes;
	}
	{
		LOCK_SCOPED(held, &h->lock);
		h->count.refusals++;
	}
	platform_bad_free(&report);
}

/* ---- giving back -------------------------------------------------------------------------- */

/* What no object starts at: a run, NULL, or a mistake. */
static never_inline void free_as_run(struct heap *h, void *ptr, const void *caller)
{
	if (ptr != NULL && run_free(&h->runs, ptr, RUN_BLOCK, 0) != ACRE_OK)
		heap_refuse_pointer(h, ptr, 0, caller, NULL);
}

/*
 * Of @slab an object was freed, and the slab needs to be looked at. NULL: the object was free. That
 * is an answer: to try again would free the object of another hart, if that took it meanwhile.
 */
static never_inline void finish_free(struct heap *h, void *ptr, const void *caller,
				     struct slab *slab)
{
	if (likely(slab != NULL))
		slab_settle(&h->slabs, slab);
	else
		heap_refuse_pointer(h, ptr, 0, caller, "free already");
}

/* Wherever it lies, and whatever it is. */
static never_inline void free_anywhere(struct heap *h, void *ptr, const void *caller)
{
	struct slab *slab = page_map_find_inline(&h->map, (uintptr_t)ptr);
	enum slab_found found = SLAB_NO_OBJECT;
	bool settle;

	if (unlikely(slab == NULL) ||
	    unlikely((found = slab_free_fast(slab, ptr, &settle)) == SLAB_NO_OBJECT))
		free_as_run(h, ptr, caller);
	else if (unlikely(settle) || unlikely(found == SLAB_FREE_ALREADY))
		finish_free(h, ptr, caller, settle ? slab : NULL);
}

/*
 * First as an object of the first region. All calls in here and above are the last ones and have the
 * same first arguments, so that nothing is saved and nothing is moved where there is none.
 */
static force_inline void free_block(struct heap *h, void *ptr, const void *caller)
{
	enum slab_found found;
	struct slab *slab;
	bool settle;

	if (unlikely(!page_map_in_first(&h->map, (uintptr_t)ptr)) ||
	    unlikely((slab = page_map_look(&h->map.region[0], (uintptr_t)ptr)) == NULL) ||
	    unlikely((found = slab_free_fast(slab, ptr, &settle)) == SLAB_NO_OBJECT))
		free_anywhere(h, ptr, caller);
	else if (unlikely(settle) || unlikely(found == SLAB_FREE_ALREADY))
		finish_free(h, ptr, caller, settle ? slab : NULL);
}

void heap_free(struct heap *h, void *ptr, const void *caller)
{
	free_block(h, ptr, caller);
}

/* The live object that starts at @ptr, if one does. */
static bool find_object(const struct heap *h, const void *ptr, struct slab **slab,
			struct slab_object *object)
{
	*slab = page_map_find(&h->map, (uintptr_t)ptr);
	return *slab != NULL && slab_object_of(*slab, ptr, object) && object->start == ptr &&
	       object->live;
}

/*
 * May an object of @class, not loose, be one for a size of which @smallest is the smallest class?
 * Two classes serve it, one after the other. 0: no class has the size.
 */
static bool is_class_for(unsigned class, unsigned smallest)
{
	return class == smallest || (smallest != 0 && class == slab_shared_class(smallest));
}

/* Could a request for @size bytes have made @object? */
static bool could_have_made(const struct heap *h, size_t size, const struct slab_object *object)
{
	unsigned class = heap_class_of(h, size);

	if (object->class == SLAB_LARGE)
		return size <= object->size &&
		       (object->loose ||
			align_up(size != 0 ? size : 1, PAGE_MAP_FRAME) == object->size);
	if (object->class > SLAB_CLASSES)
		return false;
	return is_class_for(object->class, class) ||
	       (object->loose && class != 0 && class < object->class);
}

void heap_free_sized(struct heap *h, void *ptr, size_t size, const void *caller)
{
	struct slab *slab;
	struct slab_object object;

	if (ptr == NULL)
		return;
	if (find_object(h, ptr, &slab, &object)) {
		if (!could_have_made(h, size, &object)) {
			heap_refuse_pointer(h, ptr, size, caller, NULL);
			return;
		}
		if (object.loose)
			slab_set_loose(slab, &object, false);
		if (slab_free(&h->slabs, slab, ptr) != SLAB_FREED)
			heap_refuse_pointer(h, ptr, size, caller, "free already");
	} else if (run_free(&h->runs, ptr, RUN_BLOCK, size != 0 ? size : 1) != ACRE_OK) {
		heap_refuse_pointer(h, ptr, size, caller, NULL);
	}
}

/*
 * ---- taking -------------------------------------------------------------------------------
 *
 * The public functions call these and not each other: gcc's analyser takes a call of a function
 * that heap.h declares as an allocator for one more allocation.
 */

/*
 * The first class from @class on whose objects lie at multiples of @align, a power of two up to a
 * frame. All classes of a power of two are aligned to it, so the loop ends after eight steps at
 * most.
 */
static inline unsigned aligned_class(const struct heap *h, unsigned class, size_t align)
{
	while (!is_aligned(h->slabs.class[class].size, align))
		class ++;
	return class;
}

/* The class that serves @size bytes at multiples of @align, a power of two, now; 0: none does. */
static inline unsigned class_for(const struct heap *h, size_t size, size_t align)
{
	unsigned class = heap_class_now(h, size > align ? size : align);

	return align > PAGE_MAP_FRAME || class == 0 ? 0 : aligned_class(h, class, align);
}

/* The caller has the object at @ptr: say that it was asked for less than its class says. */
static void mark_loose(struct heap *h, void *ptr)
{
	struct slab *slab;
	struct slab_object object;

	if (find_object(h, ptr, &slab, &object))
		slab_set_loose(slab, &object, true);
}

/*
 * @class serves @size bytes, and shares its slab with the smallest class that has them. Where that
 * slab is full the smallest serves them from now on, and those of its sizes that lie beside, 8 at
 * most. Result: the class that does.
 */
static never_inline unsigned stop_sharing(struct heap *h, size_t size, unsigned class)
{
	const size_t last = align_up(heap_size_index(size), SIDE_BY_SIDE);
	unsigned smallest = heap_class_of(h, size);

	if (!slab_stock_is_used_up(&h->slabs, class))
		return class;
	for (size_t i = last - SIDE_BY_SIDE + 1; i <= last; i++) {
		if (h->class_of[i] == smallest)
			store_relaxed(&h->serving[i], (uint8_t)smallest);
	}
	return smallest;
}

/*
 * The stock of this hart has no object for @size bytes, or was not looked at: the class for them.
 */
static inline unsigned class_after_sharing(struct heap *h, size_t size)
{
	unsigned class = heap_class_now(h, size);

	return likely(class == heap_class_of(h, size)) ? class : stop_sharing(h, size, class);
}

static void *alloc_object(struct heap *h, size_t size, size_t align, bool grow)
{
	unsigned class = class_for(h, size, align);

	if (class == 0)
		return NULL;
	void *ptr = grow ? slab_alloc(&h->slabs, class) : slab_alloc_no_grow(&h->slabs, class);
	if (ptr != NULL && unlikely(!is_class_for(class, heap_class_of(h, size))))
		mark_loose(h, ptr);
	return ptr;
}

/* What is too much for a region, or must not bring one: of what there is, or in its own frames. */
static never_inline void *alloc_large(struct heap *h, size_t size, size_t align, bool grow)
{
	const size_t frame_align = align > PAGE_MAP_FRAME ? align : PAGE_MAP_FRAME;
	void *ptr;

	if (size > HEAP_MAX_SIZE || align > HEAP_MAX_SIZE)
		return NULL;
	do {
		ptr = run_alloc_no_grow(&h->runs, size, align, RUN_BLOCK);
		if (ptr == NULL && grow)
			ptr = slab_alloc_large(&h->slabs, size != 0 ? size : 1, frame_align, NULL);
	} while (ptr == NULL && slab_give_up_empty(&h->slabs));
	return ptr;
}

static force_inline void *alloc_as_run(struct heap *h, size_t size, size_t align, bool grow)
{
	const size_t large = atomic_load_explicit(&h->runs.large, memory_order_relaxed);
	void *ptr;

	if (unlikely(size > large) || unlikely(align > large) || unlikely(!grow))
		return alloc_large(h, size, align, grow);
	do
		ptr = run_alloc(&h->runs, size, align, RUN_BLOCK);
	while (ptr == NULL && slab_give_up_empty(&h->slabs));
	if (likely(ptr != NULL) || h->slabs.frames.take == NULL)
		return ptr;
	return alloc_large(h, size, align, grow); /* no region, but there may be frames for it */
}

/*
 * No slab can be started, and there is no run: what slabs still have of the two classes that may
 * serve such a block, whatever hart they are of.
 */
static never_inline void *alloc_left(struct heap *h, size_t size, size_t align)
{
	const unsigned smallest = heap_class_of(h, size > align ? size : align);

	if (smallest == 0 || align > PAGE_MAP_FRAME)
		return NULL;
	unsigned class = aligned_class(h, smallest, align);
	void *ptr = slab_alloc_left(&h->slabs, class);
	if (ptr == NULL && class != slab_shared_class(smallest)) {
		class = slab_shared_class(smallest);
		ptr = slab_alloc_left(&h->slabs, class);
	}
	if (ptr != NULL && !is_class_for(class, heap_class_of(h, size)))
		mark_loose(h, ptr);
	return ptr;
}

/* A slab has no object, and none can be started. NULL: there is none. */
static force_inline void *alloc_without_slab(struct heap *h, size_t size, size_t align, bool grow)
{
	void *ptr = alloc_as_run(h, size, align, grow);

	return likely(ptr != NULL) ? ptr : alloc_left(h, size, align);
}

/* Where sizes share a class that stays so. @align is a power of two. NULL: there is none. */
static void *alloc_sharing(struct heap *h, size_t size, size_t align, bool grow)
{
	void *ptr = alloc_object(h, size, align, grow);

	return ptr != NULL ? ptr : alloc_without_slab(h, size, align, grow);
}

/*
 * What the stock does not have, or is not asked for. NULL: there is none. A block that is aligned
 * has use for a power of two, so sizes go on sharing.
 */
static never_inline void *alloc_any(struct heap *h, size_t size, size_t align, bool grow)
{
	if (!is_power_of_two(align))
		return NULL;
	if (align <= HEAP_MIN_ALIGN)
		(void)class_after_sharing(h, size);
	return alloc_sharing(h, size, align, grow);
}

void *heap_alloc_any(struct heap *h, size_t size, size_t align, bool grow)
{
	return alloc_any(h, size, align, grow);
}

/* There was none: before it fails those are asked who may give memory back. */
static never_inline void *reclaim_or_fail(struct heap *h, size_t size, size_t align,
					  const void *caller)
{
	struct reclaim_hook *asked = NULL;
	void *ptr = NULL;

	while (ptr == NULL && size <= HEAP_MAX_SIZE && align <= HEAP_MAX_SIZE &&
	       is_power_of_two(align) && reclaim_more(h->reclaim, &asked, size))
		ptr = alloc_any(h, size, align, true);
	return ptr != NULL ? ptr : heap_note_failure(h, size, align, caller);
}

static never_inline void *alloc_or_fail(struct heap *h, size_t size, size_t align,
					const void *caller)
{
	void *ptr = alloc_any(h, size, align, true);

	return likely(ptr != NULL) ? ptr : reclaim_or_fail(h, size, align, caller);
}

/* The stock of this hart has no object of that size, or there are none of it. */
static never_inline void *alloc_slowly(struct heap *h, size_t size, const void *caller)
{
	unsigned class = class_after_sharing(h, size);
	void *ptr = NULL;

	if (likely(size < h->fast_limit))
		ptr = slab_alloc_slow(&h->slabs, class);
	else if (class != 0)
		ptr = slab_alloc(&h->slabs, class);
	if (unlikely(ptr == NULL))
		ptr = alloc_without_slab(h, size, HEAP_MIN_ALIGN, true);
	return likely(ptr != NULL) ? ptr : reclaim_or_fail(h, size, HEAP_MIN_ALIGN, caller);
}

/* The stock of this hart is that of a slab that has become one of another class. */
static never_inline void *put_back_and_alloc(struct heap *h, size_t size, const void *caller,
					     size_t align, bitmap_word *word, unsigned bit)
{
	slab_put_back(&h->slabs, word, bit);
	return alloc_or_fail(h, size, align, caller);
}

/*
 * All calls in here are its last ones, as in free_block(). Each step has a branch of its own: where
 * two share one, gcc 12 moves all arguments away first.
 */
static force_inline void *alloc_block(struct heap *h, size_t size, const void *caller)
{
	unsigned bit;

	if (unlikely(size >= h->fast_limit))
		return alloc_slowly(h, size, caller);
	uint64_t class = heap_serving(h, size);
	bitmap_word *word = slab_stock_word(&h->slabs, class);
	uint64_t bits = bitmap_atomic_word(word);
	if (unlikely(bits == 0))
		return alloc_slowly(h, size, caller);
	if (unlikely(!slab_take_lowest(word, bits, &bit)))
		return alloc_slowly(h, size, caller);
	if (unlikely(!slab_has_class(word, class)))
		return put_back_and_alloc(h, size, caller, HEAP_MIN_ALIGN, word, bit);
	return slab_object(word, bit);
}

/* The same at a multiple of any @align. */
static force_inline void *alloc_aligned(struct heap *h, size_t size, size_t align,
					const void *caller)
{
	unsigned bit;

	if (unlikely(!is_power_of_two(align)) || unlikely(h->fast_limit == 0))
		return alloc_or_fail(h, size, align, caller);
	uint64_t class = class_for(h, size, align);
	if (unlikely(class == 0))
		return alloc_or_fail(h, size, align, caller);
	bitmap_word *word = slab_stock_word(&h->slabs, class);
	uint64_t bits = bitmap_atomic_word(word);
	if (unlikely(bits == 0))
		return alloc_or_fail(h, size, align, caller);
	if (unlikely(!slab_take_lowest(word, bits, &bit)))
		return alloc_or_fail(h, size, align, caller);
	if (unlikely(!slab_has_class(word, class)))
		return put_back_and_alloc(h, size, caller, align, word, bit);
	if (class != heap_class_now(h, size))
		slab_mark_loose(word, bit);
	return slab_object(word, bit);
}

static void *alloc_cleared(struct heap *h, size_t size, const void *caller)
{
	void *block = alloc_block(h, size, caller);

	if (likely(block != NULL))
		memset(block, 0, size);
	return block;
}

void *heap_take(struct heap *h, size_t size, const void *caller)
{
	return alloc_block(h, size, caller);
}

void *heap_alloc(struct heap *h, size_t size, const void *caller)
{
	return alloc_block(h, size, caller);
}

void *heap_alloc_aligned(struct heap *h, size_t size, size_t align, const void *caller)
{
	return alloc_aligned(h, size, align, caller);
}

void *heap_zalloc(struct heap *h, size_t size, const void *caller)
{
	return alloc_cleared(h, size, caller);
}

/* The product, or SIZE_MAX, which no heap can meet, if there is none. */
static size_t saturating_product(size_t n, size_t size)
{
	uint64_t product = SIZE_MAX;

	return mul_checked(n, size, &product) ? product : SIZE_MAX;
}

void *heap_calloc(struct heap *h, size_t n, size_t size, const void *caller)
{
	return alloc_cleared(h, saturating_product(n, size), caller);
}

/* ---- resizing ------------------------------------------------------------------------------- */

/* A live block: an object of @slab, or a run. */
struct live_block {
	size_t bytes; /* 0: there is none */
	struct slab *slab;
	struct slab_object object;
};

static struct live_block find_live(struct heap *h, const void *ptr)
{
	struct live_block live = { 0 };
	struct run run;

	if (find_object(h, ptr, &live.slab, &live.object)) {
		live.bytes = live.object.size;
		return live;
	}
	live.slab = NULL;
	if (run_of(&h->runs, ptr, &run) == ACRE_OK && run.kind == RUN_BLOCK && run.start == ptr)
		live.bytes = run.bytes;
	return live;
}

static bool resize_large(const struct live_block *live, size_t size, bool wasteful)
{
	if (size > live->bytes || (size < live->bytes / SHRINK && !wasteful))
		return false;
	slab_set_loose(live->slab, &live->object,
		       align_up(size, PAGE_MAP_FRAME) != live->object.size);
	return true;
}

/*
 * So many bytes or more were asked for where @object was not loose: half of it where sizes share
 * it.
 */
static size_t least_of_object(const struct slab_object *object)
{
	return slab_shared_class(object->class) == object->class ? object->size / 2 : object->size;
}

/* Can the block at @ptr be one for @size bytes where it stands? @wasteful: also if it is long. */
static bool resize_in_place(struct heap *h, void *ptr, const struct live_block *live, size_t size,
			    bool wasteful)
{
	if (live->slab == NULL) {
		if (size < RUN_MIN_GRANULES * RUN_GRANULE / SHRINK && !wasteful)
			return false;
		return run_resize(&h->runs, ptr, size) == ACRE_OK;
	}
	if (live->object.class == SLAB_LARGE)
		return resize_large(live, size, wasteful);
	unsigned class = heap_class_of(h, size);
	if (class == 0 || class > live->object.class)
		return false;
	if (size < least_of_object(&live->object) / SHRINK && class != live->object.class &&
	    !wasteful)
		return false;
	bool loose = !is_class_for(live->object.class, class);
	if (loose != live->object.loose)
		slab_set_loose(live->slab, &live->object, loose);
	return true;
}

static bool is_of_cache(const struct live_block *live)
{
	return live->slab != NULL && live->object.class > SLAB_CLASSES &&
	       live->object.class != SLAB_LARGE;
}

static void *resize(struct heap *h, void *ptr, size_t size, const void *caller)
{
	const struct live_block live = find_live(h, ptr);

	if (live.bytes == 0 || is_of_cache(&live)) {
		heap_refuse_pointer(h, ptr, 0, caller,
				    live.bytes != 0 ? "an object of a cache" : NULL);
		return NULL;
	}
	if (resize_in_place(h, ptr, &live, size, false))
		return ptr;
	/* What grows may grow again: the room of a shared class is of use to it. */
	void *moved = size > live.bytes ? alloc_sharing(h, size, HEAP_MIN_ALIGN, true)
					: alloc_any(h, size, HEAP_MIN_ALIGN, true);
	if (moved == NULL && size <= live.bytes && resize_in_place(h, ptr, &live, size, true))
		return ptr;
	if (moved == NULL)
		moved = reclaim_or_fail(h, size, HEAP_MIN_ALIGN, caller);
	if (moved == NULL)
		return NULL;
	/* Both are the caller's. */
	memcpy(moved, ptr, size < live.bytes ? size : live.bytes);
	free_block(h, ptr, caller);
	return moved;
}

void *heap_realloc(struct heap *h, void *ptr, size_t size, const void *caller)
{
	return ptr != NULL ? resize(h, ptr, size, caller) : alloc_block(h, size, caller);
}

/* ---- or panic ----------------------------------------------------------------------------- */

/* Panics on behalf of @caller with the request and the state of the heap in one sentence. */
static acre_noreturn void alloc_error(struct heap *h, size_t size, size_t align, const void *caller)
{
	struct heap_stats s;
	char used[FMT_SIZE_LEN], total[FMT_SIZE_LEN], peak[FMT_SIZE_LEN], largest[FMT_SIZE_LEN];

	if (!is_power_of_two(align))
		acre_panic_from(caller, "%zu bytes aligned to %zu for %p: that is no power of two",
				size, align, caller);
	heap_stats(h, &s);
	acre_panic_from(
		caller,
		"out of memory: %zu bytes aligned to %zu for %p: the heap has handed out %s of %s "
		"(peak %s) in %llu blocks, its largest free run is %s, %llu requests failed",
		size, align, caller, fmt_size(used, s.used_bytes), fmt_size(total, s.total_bytes),
		fmt_size(peak, s.peak_bytes), (unsigned long long)s.live_blocks,
		fmt_size(largest, s.largest_free), (unsigned long long)s.count.failures);
}

void *heap_alloc_or_panic(struct heap *h, size_t size, size_t align, const void *caller)
{
	void *block = alloc_or_fail(h, size, align, caller);

	if (unlikely(block == NULL))
		alloc_error(h, size, align, caller);
	return block;
}

/* ---- questions ---------------------------------------------------------------------------- */

size_t heap_usable_size(struct heap *h, const void *ptr)
{
	return find_live(h, ptr).bytes;
}

static struct heap_block block_of_run(const struct run *run)
{
	static const enum heap_what what[] = {
		[RUN_ABSENT] = HEAP_FREE,    [RUN_FREE] = HEAP_FREE_RUN, [RUN_BLOCK] = HEAP_RUN,
		[RUN_SLAB] = HEAP_SLAB_REST, [RUN_TABLE] = HEAP_TABLE,
	};

	return (struct heap_block){ .what = what[run->kind],
				    .live = run->kind == RUN_BLOCK,
				    .start = run->start,
				    .bytes = run->bytes };
}

static struct heap_block block_of_object(const struct heap *h, const struct slab_object *object)
{
	struct heap_block block = { .what = HEAP_OBJECT,
				    .live = object->live,
				    .start = object->start,
				    .bytes = object->size,
				    .index = object->index,
				    .cache = h->slabs.class[object->class].kind.name };

	if (object->class == SLAB_LARGE)
		block.what = object->live ? HEAP_RUN : HEAP_FREE_RUN;
	return block;
}

enum acre_status heap_block_of(struct heap *h, const void *addr, struct heap_block *block)
{
	struct slab *slab = page_map_find(&h->map, (uintptr_t)addr);
	struct slab_object object;
	struct run run;

	if (slab != NULL && slab_object_of(slab, addr, &object)) {
		*block = block_of_object(h, &object);
		return ACRE_OK;
	}
	enum acre_status s = run_of(&h->runs, addr, &run);
	if (s == ACRE_OK) {
		*block = block_of_run(&run);
		return ACRE_OK;
	}
	struct heap_block table = { .what = HEAP_TABLE };
	if (!heap_grown_table_of(h, (uintptr_t)addr, &table.start, &table.bytes))
		return s;
	*block = table;
	return ACRE_OK;
}

static void count_objects(struct heap *h, struct heap_stats *stats)
{
	struct slab_stats s;

	for (unsigned class = 1; class <= SLAB_LARGE; class ++) {
		slab_class_stats(&h->slabs, class, &s);
		stats->object_bytes += s.live_bytes;
		stats->live_blocks += s.live;
	}
}

void heap_stats(struct heap *h, struct heap_stats *stats)
{
	struct run_stats runs;

	run_pool_stats(&h->runs, &runs);
	*stats = (struct heap_stats){
		.total_bytes = runs.total_bytes,
		.free_bytes = runs.total_bytes - runs.used_bytes,
		.slab_bytes = runs.slab_bytes,
		.run_bytes = runs.block_bytes,
		.table_bytes = runs.table_bytes,
		.peak_bytes = runs.peak_bytes,
		.largest_free = runs.largest_free,
		.live_blocks = runs.blocks,
		.regions = runs.regions,
	};
	heap_grown_stats(h, stats);
	stats->total_bytes += stats->placed_bytes;
	stats->slab_bytes += stats->placed_bytes;
	count_objects(h, stats);
	stats->used_bytes = stats->run_bytes + stats->object_bytes;
	LOCK_SCOPED(held, &h->lock);
	stats->count = h->count;
	stats->last_failure = h->last_failure;
}
