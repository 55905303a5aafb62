/* SPDX-License-Identifier: MIT */
/*
 * heap.c - sizes to orders, the lock, the figures and the reports around a struct buddy.
 *
 *	request:  size, align --> order = log2 of max(size, align, 16), rounded up
 *	free:     pointer ------> the table says which block, or what else it is
 *
 * Each live block carries one of two tags in its table byte, so that a sized free can be checked
 * exactly, though nothing of the request is kept:
 *
 *	TAG_EXACT     the size alone made this order
 *	TAG_ALIGNED   the alignment made it; the size was of a smaller order
 *
 * Invariants, with the lock free (heap_validate.c checks them):
 *
 *   H1  The buddy structure keeps its own (buddy.c), and its largest order is BUDDY_MAX_ORDER.
 *   H2  allocations - frees live blocks exist, each tagged TAG_EXACT or TAG_ALIGNED.
 *   H3  The peak is between what is handed out now and the total.
 *
 * Costs: the lock, and O(orders) under it. What is linear in the request, clearing and copying, is
 * done with the lock free.
 */
#include "mm/heap/heap.h"

#include "lib/align.h"
#include "lib/bits.h"
#include "lib/compiler.h"
#include "lib/fmt.h"
#include "lib/lock_scoped.h"
#include "lib/panic.h"
#include "lib/platform.h"
#include "lib/string.h"
#include "mm/heap/heap_internal.h"

/* No block has this order: a request that is too large ends here. */
#define ORDER_NONE (BUDDY_MAX_ORDER + 1)

/* ---- sizes and orders --------------------------------------------------------------------- */

static inline unsigned order_for(size_t size, size_t align)
{
	size_t least = size > align ? size : align;

	if (least <= BUDDY_GRANULE)
		return BUDDY_MIN_ORDER;
	return least <= HEAP_MAX_SIZE ? bits_log2_ceil(least) : ORDER_NONE;
}

static inline bool could_have_made(size_t size, const struct buddy_block *block)
{
	unsigned order = order_for(size, HEAP_MIN_ALIGN);

	return block->tag == HEAP_TAG_EXACT ? order == block->order : order < block->order;
}

/* ---- under the lock ----------------------------------------------------------------------- */

static size_t used_bytes(const struct heap *h)
{
	return h->buddy.total_bytes - h->buddy.free_bytes;
}

static inline void note_success(struct heap *h, size_t size)
{
	h->count.requested_bytes += size;
	if (used_bytes(h) > h->count.peak_bytes)
		h->count.peak_bytes = used_bytes(h);
}

static void note_failure(struct heap *h, size_t size, size_t align, const void *caller)
{
	h->count.failures++;
	h->last_failure = (struct heap_failure){ size, align, caller };
}

static void *alloc_block(struct heap *h, size_t size, size_t align, const void *caller)
{
	/* More than half of the alignment rounds up to it, if no further. */
	bool exact = align <= HEAP_MIN_ALIGN || size > align / 2;
	void *block = NULL;

	if (likely(is_power_of_two(align)))
		block = buddy_alloc(&h->buddy, order_for(size, align),
				    exact ? HEAP_TAG_EXACT : HEAP_TAG_ALIGNED);
	if (unlikely(block == NULL)) {
		note_failure(h, size, align, caller);
		return NULL;
	}
	h->count.allocations++;
	note_success(h, size);
	return block;
}

static inline void release_block(struct heap *h, const struct buddy_block *block)
{
	buddy_release(&h->buddy, block);
	h->count.frees++;
}

/* What a refused pointer really is, in the words of a report. */
static const char *what_it_is(const struct buddy_block *block, const void *ptr)
{
	bool aligned = is_aligned((uintptr_t)ptr, BUDDY_GRANULE);

	if (block->live && block->start == ptr)
		return "a live block of another size";
	if (block->live)
		return aligned ? "inside a live block" : "misaligned, inside a live block";
	if (block->start == ptr)
		return "free already";
	return aligned ? "free already, inside a free block" : "misaligned, inside a free block";
}

/* refuse_free - count it, and write down for report() what @ptr is while that cannot change. */
static void refuse_free(struct heap *h, const void *ptr, size_t size, const void *caller,
			struct platform_bad_free *report)
{
	struct buddy_block block;

	h->count.refusals++;
	*report = (struct platform_bad_free){
		.allocator = "heap",
		.address = (uintptr_t)ptr,
		.size = size,
		.caller = caller,
		.what = "not in the heap",
		.actual_start = (uintptr_t)ptr,
	};
	if (buddy_block_of(&h->buddy, ptr, &block) != ACRE_OK)
		return;
	report->what = what_it_is(&block, ptr);
	report->actual_start = (uintptr_t)block.start;
	report->actual_size = buddy_bytes(block.order);
}

/* ---- setting up --------------------------------------------------------------------------- */

void heap_init(struct heap *h)
{
	*h = (struct heap){ 0 };
	ticket_lock_init_level(&h->lock, "heap", TICKET_LOCK_HEAP);
	buddy_init(&h->buddy, BUDDY_MAX_ORDER);
}

enum acre_status heap_add_region(struct heap *h, void *base, size_t size, uint8_t *table,
				 size_t table_size)
{
	LOCK_SCOPED(held, &h->lock);

	return buddy_add_region(&h->buddy, base, size, table, table_size);
}

/*
 *	base                                                     base + size
 *	 | < 16 | 16 bytes for each of n granules | n table bytes | < 17 |
 *
 * The table goes last, so that a well-aligned base gives well-aligned blocks.
 */
enum acre_status heap_add_region_self(struct heap *h, void *base, size_t size)
{
	uintptr_t start, end;

	if (!add_checked((uintptr_t)base, size, &end) ||
	    !align_up_checked((uintptr_t)base, BUDDY_GRANULE, &start))
		return ACRE_ERR_OVERFLOW;
	if (start >= end)
		return ACRE_ERR_INVALID;
	size_t granules = (end - start) / (BUDDY_GRANULE + 1);
	uint8_t *first = (uint8_t *)base + (start - (uintptr_t)base);
	size_t bytes = granules * BUDDY_GRANULE;
	return heap_add_region(h, first, bytes, first + bytes, granules);
}

/* ---- giving back -------------------------------------------------------------------------- */

/* Give back @ptr, or write down why not. */
static always_inline bool free_block(struct heap *h, void *ptr, const void *caller,
				     struct platform_bad_free *report)
{
	LOCK_SCOPED(held, &h->lock);
	struct buddy_block block;

	if (unlikely(buddy_live(&h->buddy, ptr, &block) != ACRE_OK)) {
		refuse_free(h, ptr, 0, caller, report);
		return false;
	}
	release_block(h, &block);
	return true;
}

static always_inline bool free_block_sized(struct heap *h, void *ptr, size_t size,
					   const void *caller, struct platform_bad_free *report)
{
	LOCK_SCOPED(held, &h->lock);
	struct buddy_block block;

	if (unlikely(buddy_live(&h->buddy, ptr, &block) != ACRE_OK) ||
	    unlikely(!could_have_made(size, &block))) {
		refuse_free(h, ptr, size, caller, report);
		return false;
	}
	release_block(h, &block);
	return true;
}

void heap_free(struct heap *h, void *ptr, const void *caller)
{
	struct platform_bad_free report;

	if (ptr != NULL && unlikely(!free_block(h, ptr, caller, &report)))
		platform_bad_free(&report);
}

void heap_free_sized(struct heap *h, void *ptr, size_t size, const void *caller)
{
	struct platform_bad_free report;

	if (ptr != NULL && unlikely(!free_block_sized(h, ptr, size, caller, &report)))
		platform_bad_free(&report);
}

/*
 * ---- taking -------------------------------------------------------------------------------
 *
 * The public functions call these two and not each other: gcc's analyser takes a call of a function
 * that heap.h declares as an allocator for one more allocation.
 */

static void *allocate(struct heap *h, size_t size, size_t align, const void *caller)
{
	LOCK_SCOPED(held, &h->lock);

	return alloc_block(h, size, align, caller);
}

static void *allocate_cleared(struct heap *h, size_t size, const void *caller)
{
	void *block = allocate(h, size, HEAP_MIN_ALIGN, caller);

	if (likely(block != NULL))
		memset(block, 0, size);
	return block;
}

void *heap_alloc(struct heap *h, size_t size, const void *caller)
{
	return allocate(h, size, HEAP_MIN_ALIGN, caller);
}

void *heap_alloc_aligned(struct heap *h, size_t size, size_t align, const void *caller)
{
	return allocate(h, size, align, caller);
}

void *heap_zalloc(struct heap *h, size_t size, const void *caller)
{
	return allocate_cleared(h, size, caller);
}

/* The product, or SIZE_MAX, which no heap can meet, if there is none. */
static size_t saturating_product(size_t n, size_t size)
{
	uint64_t product = SIZE_MAX;

	return mul_checked(n, size, &product) ? product : SIZE_MAX;
}

void *heap_calloc(struct heap *h, size_t n, size_t size, const void *caller)
{
	return allocate_cleared(h, saturating_product(n, size), caller);
}

/*
 * resize_or_alloc - the half of heap_realloc() that takes the lock. *@block is what @ptr is; *@out
 * is @ptr if that could be resized, else a new block to copy to, else NULL.
 * Result: ACRE_OK; ACRE_ERR_NOMEM; ACRE_ERR_NOT_ALLOCATED, with *@report to be passed on.
 */
static enum acre_status resize_or_alloc(struct heap *h, void *ptr, size_t size, const void *caller,
					struct buddy_block *block, void **out,
					struct platform_bad_free *report)
{
	LOCK_SCOPED(held, &h->lock);
	unsigned order = order_for(size, HEAP_MIN_ALIGN);

	*out = NULL;
	if (buddy_live(&h->buddy, ptr, block) != ACRE_OK) {
		refuse_free(h, ptr, 0, caller, report);
		return ACRE_ERR_NOT_ALLOCATED;
	}
	struct buddy_block resized = *block;
	if (buddy_resize(&h->buddy, &resized, order, HEAP_TAG_EXACT)) {
		h->count.resizes++;
		note_success(h, size);
		*out = ptr;
		return ACRE_OK;
	}
	*out = alloc_block(h, size, HEAP_MIN_ALIGN, caller);
	return *out != NULL ? ACRE_OK : ACRE_ERR_NOMEM;
}

void *heap_realloc(struct heap *h, void *ptr, size_t size, const void *caller)
{
	struct buddy_block block;
	struct platform_bad_free report;
	void *out;

	if (ptr == NULL)
		return allocate(h, size, HEAP_MIN_ALIGN, caller);
	enum acre_status s = resize_or_alloc(h, ptr, size, caller, &block, &out, &report);
	if (s == ACRE_ERR_NOT_ALLOCATED)
		platform_bad_free(&report);
	if (s == ACRE_OK && out != ptr) {
		/* It moved because it grew: all of the old block fits. Both are the caller's. */
		memcpy(out, ptr, buddy_bytes(block.order));
		heap_free(h, ptr, caller);
	}
	return out;
}

/* ---- or panic ----------------------------------------------------------------------------- */

/* Panics on behalf of @caller with the request and the state of the heap in one sentence. */
static acre_noreturn void alloc_error(struct heap *h, size_t size, size_t align, const void *caller)
{
	struct heap_stats s;
	char used[FMT_SIZE_LEN], total[FMT_SIZE_LEN], peak[FMT_SIZE_LEN], largest[FMT_SIZE_LEN];

	heap_stats(h, &s);
	acre_panic_from(
		caller,
		"out of memory: %zu bytes aligned to %zu for %p: the heap has handed out %s of %s "
		"(peak %s) in %llu blocks, its largest free block is %s, %llu requests failed",
		size, align, caller, fmt_size(used, s.used_bytes), fmt_size(total, s.total_bytes),
		fmt_size(peak, s.count.peak_bytes), (unsigned long long)s.live_blocks,
		fmt_size(largest, s.largest_free), (unsigned long long)s.count.failures);
}

void *heap_alloc_or_panic(struct heap *h, size_t size, size_t align, const void *caller)
{
	void *block = allocate(h, size, align, caller);

	if (unlikely(block == NULL))
		alloc_error(h, size, align, caller);
	return block;
}

/* ---- questions ---------------------------------------------------------------------------- */

size_t heap_usable_size(struct heap *h, const void *ptr)
{
	LOCK_SCOPED(held, &h->lock);
	struct buddy_block block;

	return buddy_live(&h->buddy, ptr, &block) == ACRE_OK ? buddy_bytes(block.order) : 0;
}

enum acre_status heap_block_of(struct heap *h, const void *addr, struct buddy_block *block)
{
	LOCK_SCOPED(held, &h->lock);

	return buddy_block_of(&h->buddy, addr, block);
}

void heap_stats(struct heap *h, struct heap_stats *stats)
{
	LOCK_SCOPED(held, &h->lock);

	*stats = (struct heap_stats){
		.count = h->count,
		.last_failure = h->last_failure,
		.total_bytes = h->buddy.total_bytes,
		.used_bytes = used_bytes(h),
		.free_bytes = h->buddy.free_bytes,
		.largest_free = buddy_largest_free(&h->buddy),
		.live_blocks = h->count.allocations - h->count.frees,
		.regions = h->buddy.nregions,
	};
}
