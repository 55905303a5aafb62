/* SPDX-License-Identifier: MIT */
/*
 * heap.h - memory of any size and alignment: a buddy structure, a ticket lock, and figures.
 *
 * What holds for all of it:
 *   - Every block is aligned to at least HEAP_MIN_ALIGN. A request of 0 bytes is one of 1 byte, for
 *     every function: it gives a block of its own, which has to be freed.
 *   - A request that cannot be met returns NULL, is counted, and changes nothing else.
 *   - A pointer that is not the start of a live block is refused: nothing changes but the count of
 *     refusals, and platform_bad_free() hears once, after the lock is dropped, what it really is.
 *   - Any hart, any interrupt state. The lock is held for O(orders) steps, and never while
 *     memory is cleared or copied. Not from a handler that may have interrupted
 *     platform_bad_free().
 *   - @caller is who asks, for reports: acre_caller() in a wrapper.
 *
 * A zeroed struct heap is a valid one without memory; heap_init() makes it useful. docs/heap.md has
 * the drawings and the costs.
 */
#ifndef ACRE_MM_HEAP_H
#define ACRE_MM_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "lib/lock.h"
#include "lib/status.h"
#include "mm/heap/buddy.h"

#define HEAP_MIN_ALIGN BUDDY_GRANULE
#define HEAP_MAX_SIZE  ((size_t)1 << BUDDY_MAX_ORDER)

struct heap;
struct heap_stats;

/* ---- setting up --------------------------------------------------------------------------- */

/* heap_init - an empty heap. Pre: no other hart knows @h yet. */
void heap_init(struct heap *h);

/*
 * heap_add_region - give the heap [@base, @base + @size), of any alignment, and @table of
 * @table_size bytes to describe it; at any time.
 * Result: as buddy_add_region(). On failure the heap, the memory and the table are as before.
 * Cost:   clears BUDDY_TABLE_SIZE(@size) bytes with the lock held: for start-up.
 */
acre_nodiscard enum acre_status heap_add_region(struct heap *h, void *base, size_t size,
						uint8_t *table, size_t table_size);

/*
 * heap_add_region_self - the same, with the table taken from the end of the region: 16 of 17 bytes
 * are left to hand out.
 * Result: as heap_add_region(); ACRE_ERR_INVALID below 17 bytes and what the base needs for
 *         alignment.
 */
acre_nodiscard enum acre_status heap_add_region_self(struct heap *h, void *base, size_t size);

/* ---- giving back -------------------------------------------------------------------------- */

/* heap_free - take back the block @ptr; NULL is nothing. No size is needed. Cost: O(orders). */
void heap_free(struct heap *h, void *ptr, const void *caller);

/*
 * heap_free_sized - the same with a proof: a @size that could not have made this block is refused
 * like a pointer that is no block. The size to state is that of the last request that made or
 * resized the block. For a block whose alignment was more than its size, any size that rounds up
 * to less than the block could have.
 */
void heap_free_sized(struct heap *h, void *ptr, size_t size, const void *caller);

/* ---- taking ------------------------------------------------------------------------------- */

#define HEAP_NEW                                                                                   \
	acre_nodiscard acre_allocates acre_released_by(heap_free, 2)                               \
		acre_released_by(heap_free_sized, 2)

/*
 * heap_alloc - a block of at least @size bytes; its contents are whatever they were.
 * Result: the block, the caller's to free; NULL when there is none of that size, or @size is above
 *         HEAP_MAX_SIZE.
 * Cost:   O(orders); no list is walked.
 */
HEAP_NEW acre_sized_by(2) void *heap_alloc(struct heap *h, size_t size, const void *caller);

/*
 * heap_alloc_aligned - the same at a multiple of @align, any power of two up to HEAP_MAX_SIZE. A
 * block is aligned to its size, so one of max(@size, @align) bytes serves.
 * Result: NULL also when @align is no power of two.
 */
HEAP_NEW acre_sized_by(2) void *heap_alloc_aligned(struct heap *h, size_t size, size_t align,
						   const void *caller);

/* heap_zalloc - heap_alloc() and clear the @size bytes, outside the lock. */
HEAP_NEW acre_sized_by(2) void *heap_zalloc(struct heap *h, size_t size, const void *caller);

/* heap_calloc - heap_zalloc() of @n elements of @size bytes. NULL also if @n * @size overflows. */
HEAP_NEW acre_sized_by(2, 3) void *heap_calloc(struct heap *h, size_t n, size_t size,
					       const void *caller);

/*
 * heap_realloc - make the block @ptr one for @size bytes; NULL is heap_alloc(). It shrinks where it
 * stands, always; it grows where it stands if what lies above is free, else its contents are copied
 * to a new block and @ptr is freed. Contents are kept as far as both sizes reach. An alignment
 * beyond HEAP_MIN_ALIGN is kept only where the block stays.
 * Result: the block, or NULL: then @ptr is still the caller's and as it was.
 */
acre_nodiscard acre_sized_by(3) void *heap_realloc(struct heap *h, void *ptr, size_t size,
						   const void *caller);

/*
 * heap_alloc_or_panic - the same as heap_alloc_aligned(), but never NULL: panics on behalf of
 * @caller with the request and the state of the heap. For start-up, and for what a kernel cannot go
 * on without.
 */
HEAP_NEW acre_never_null acre_sized_by(2) void *heap_alloc_or_panic(struct heap *h, size_t size,
								    size_t align,
								    const void *caller);

#undef HEAP_NEW

/* ---- questions ---------------------------------------------------------------------------- */

/* heap_usable_size - the bytes that the block @ptr has; 0 for NULL and for what is no block. */
size_t heap_usable_size(struct heap *h, const void *ptr);

/*
 * heap_block_of - what the byte at @addr belongs to, as buddy_block_of(); true at the moment of
 * asking. ACRE_ERR_RANGE when it is not in the heap.
 */
acre_nodiscard enum acre_status heap_block_of(struct heap *h, const void *addr,
					      struct buddy_block *block);

/* heap_stats - all figures of one moment. */
void heap_stats(struct heap *h, struct heap_stats *stats);

/*
 * heap_validate - does the heap keep its invariants (buddy.c and heap.c number them)? NULL if so,
 * else the sentence that is broken. Holds the lock for a walk over all of it: for tests and for a
 * debugger at a prompt. In heap_validate.c.
 */
const char *heap_validate(struct heap *h);

/* ---- the structures ------------------------------------------------------------------------ */

struct heap_counters {
	uint64_t requested_bytes; /* asked for since the start by requests that were met */
	uint64_t allocations;     /* blocks handed out */
	uint64_t frees;           /* blocks taken back */
	uint64_t resizes;         /* blocks that grew or shrank where they stand */
	uint64_t failures;        /* requests that could not be met */
	uint64_t refusals;        /* pointers that were no block */
	size_t peak_bytes;        /* the most that was handed out at one time */
};

/* The last request that could not be met. */
struct heap_failure {
	size_t size;
	size_t align;
	const void *caller; /* NULL: none yet */
};

struct heap {
	struct ticket_lock lock;
	struct buddy buddy;
	struct heap_counters count;
	struct heap_failure last_failure;
};

struct heap_stats {
	struct heap_counters count;
	struct heap_failure last_failure;
	size_t total_bytes;   /* in all regions, without tables */
	size_t used_bytes;    /* in live blocks: what was asked for, rounded up */
	size_t free_bytes;    /* total - used */
	size_t largest_free;  /* the largest block that can be had now */
	uint64_t live_blocks; /* allocations - frees */
	uint32_t regions;
};

#endif
