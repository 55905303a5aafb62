/* SPDX-License-Identifier: MIT */
/*
 * heap.h - memory of any size and alignment: objects in slabs, runs of granules, figures.
 *
 * This is true of all functions:
 *   - Every block is aligned to at least HEAP_MIN_ALIGN. A request of 0 bytes is one of 1 byte, for
 *     every function: it gives a block of its own, which has to be freed.
 *   - A request that cannot be met returns NULL, is counted, and changes nothing else.
 *   - A pointer that is not the start of a live block is refused: only the count of refusals
 *     changes, and platform_bad_free() is told once, with no lock held, what the pointer really is.
 *   - Nothing of the heap lies in a block, live or free: no write of an owner can break it.
 *   - Any hart, any interrupt state, also a handler that interrupted one of these functions, but
 *     not one that may have interrupted platform_bad_free(). No lock is held while memory is
 *     cleared or copied. A caller may go on as another hart anywhere in them.
 *   - @caller is the code that asks, for reports: acre_caller() in a wrapper.
 *
 * A zeroed struct heap is a valid one without memory; heap_init() makes it useful. docs/heap.md has
 * the drawings and the costs.
 */
#ifndef ACRE_MM_HEAP_H
#define ACRE_MM_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "lib/lock.h"
#include "lib/reclaim.h"
#include "lib/status.h"
#include "mm/heap/backing.h"
#include "mm/heap/page_map.h"
#include "mm/heap/runs.h"
#include "mm/heap/slab.h"

#define HEAP_MIN_ALIGN  SLAB_UNIT
#define HEAP_MAX_SIZE   ((size_t)1 << BUDDY_MAX_ORDER)
#define HEAP_MAX_OBJECT SLAB_MAX_SIZE /* what is larger is a run, exact to RUN_GRANULE, or frames */

struct heap;
struct heap_stats;

/* ---- setting up --------------------------------------------------------------------------- */

/* heap_init - an empty heap. Pre: no other hart knows @h yet. */
void heap_init(struct heap *h);

/*
 * heap_use_stocks - from now on harts take objects from stocks of their own: each slot of @slots is
 * a struct slab_stock, which the heap keeps. Harts without a slot share one stock, which is slower
 * if several use it.
 * Pre:    no other hart uses @h now.
 *
 * heap_stock_init - for a slot that is created later. heap_stock_leave - the hart of @slot, which
 * calls this with interrupts off, will stop.
 */
void heap_use_stocks(struct heap *h, const struct hart_slots *slots);
void heap_stock_init(void *slot, void *heap);
void heap_stock_leave(void *slot, void *heap);

/*
 * heap_table_bytes - the size of a table, at any address, that describes a region of @size bytes at
 * any base. HEAP_TABLE_BYTES - a constant that is enough: below 1/64 of a region of 2 MiB or more.
 */
size_t heap_table_bytes(size_t size);
#define HEAP_TABLE_BYTES(size) ((size_t)(size) / 79 + 3072)

/*
 * heap_add_region - give the heap [@base, @base + @size), of any alignment, and @table of
 * @table_size bytes, of any alignment too, to describe it. The heap keeps both. At any time.
 * Pre:    the memory and the table are the caller's to give. The table may lie in a live block of
 *         this heap that is a run, which cannot be freed then; not in an object, and not in a large
 *         block that has frames of its own.
 * Result: ACRE_OK; ACRE_ERR_INVALID when no granule of RUN_GRANULE bytes fits, the region holds
 *         address 0, or there is no table; ACRE_ERR_NOMEM when the table is shorter than
 *         heap_table_bytes(); ACRE_ERR_OVERFLOW when the region or the table wraps;
 *         ACRE_ERR_RANGE for 64 GiB and more; ACRE_ERR_OVERLAP when memory or table collides with
 *         what the heap has, or with each other; ACRE_ERR_FULL past BUDDY_MAX_REGIONS. On failure
 *         the heap, the memory and the table are as before.
 * Cost:   clears the table: for start-up.
 */
acre_nodiscard enum acre_status heap_add_region(struct heap *h, void *base, size_t size,
						void *table, size_t table_size);

/*
 * heap_add_region_self - heap_add_region() with the table taken from the end of the region.
 * Result: as heap_add_region(); ACRE_ERR_INVALID where the table leaves no granule.
 */
acre_nodiscard enum acre_status heap_add_region_self(struct heap *h, void *base, size_t size);

/* ---- memory that comes and goes ------------------------------------------------------------ */

/*
 * heap_set_backing - from now on the heap takes regions from @backing when its own do not suffice,
 * and tables of its own. It keeps @backing, and memory of it that it never gives back: a root of 8
 * bytes for each 2 MiB of its range; a leaf of 4 KiB for each 2 MiB in which it has had a region;
 * descriptors of slabs.
 * Pre:    the heap has a region; no other hart uses it; no backing was set before.
 * Result: ACRE_OK; ACRE_ERR_INVALID for an empty range; ACRE_ERR_NOMEM if @backing has no memory
 *         for the root.
 */
acre_nodiscard enum acre_status heap_set_backing(struct heap *h,
						 const struct heap_backing *backing);

/*
 * heap_set_limits - the heap takes at most @most bytes for blocks from its backing, and
 * heap_shrink() leaves @keep bytes of free memory in it, if it has as much. At first they are
 * SIZE_MAX and 0. The call itself gives no memory back.
 */
void heap_set_limits(struct heap *h, size_t most, size_t keep);

/*
 * heap_shrink - give back the slabs and regions in which nothing is live. Any hart, any interrupt
 * state.
 * Result: how many bytes went back to the backing.
 * Cost:   a look at each slab; for each region that of its runs, up to the first that is used.
 */
size_t heap_shrink(struct heap *h);

/*
 * heap_backed_bytes - what the heap has of the backing now: regions, and what it never gives back.
 * O(1).
 */
size_t heap_backed_bytes(struct heap *h);

/*
 * heap_set_reclaim - before an allocation fails, @reclaim is asked (lib/reclaim.h). NULL: no hook
 * is.
 * Pre: no other hart uses the heap.
 */
void heap_set_reclaim(struct heap *h, struct reclaim_list *reclaim);

/* ---- giving back -------------------------------------------------------------------------- */

/*
 * heap_free - take back the block @ptr; NULL is nothing. No size is needed.
 * Cost:   of an object one atomic instruction and no lock, in most cases; else docs/heap.md.
 */
void heap_free(struct heap *h, void *ptr, const void *caller);

/*
 * heap_free_sized - heap_free() with a check: a @size that could not have made this block is
 * refused like a pointer that is no block. State the size of the last request that made or resized
 * the block. For an object whose alignment was more than its size, or that shrank where it is, any
 * size of a lower class is accepted.
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
 * Cost:   up to HEAP_MAX_OBJECT one atomic instruction and no lock, in most cases; else docs/heap.md.
 */
HEAP_NEW acre_sized_by(2) void *heap_alloc(struct heap *h, size_t size, const void *caller);

/*
 * heap_alloc_aligned - heap_alloc() at a multiple of @align, any power of two up to HEAP_MAX_SIZE.
 * Result: NULL also when @align is no power of two; heap_stats() counts that as a bad alignment,
 *         not as a failure for lack of memory.
 */
HEAP_NEW acre_sized_by(2) void *heap_alloc_aligned(struct heap *h, size_t size, size_t align,
						   const void *caller);

/* heap_zalloc - heap_alloc() and clear the @size bytes. */
HEAP_NEW acre_sized_by(2) void *heap_zalloc(struct heap *h, size_t size, const void *caller);

/* heap_calloc - heap_zalloc() of @n elements of @size bytes. NULL also if @n * @size overflows. */
HEAP_NEW acre_sized_by(2, 3) void *heap_calloc(struct heap *h, size_t n, size_t size,
					       const void *caller);

/*
 * heap_realloc - make the block @ptr one for @size bytes; NULL is heap_alloc(). An object stays
 * where it is if it has room and shrinks by half at most. A run stays if it shrinks, or if the
 * memory after it is free. Otherwise the contents are copied to a new block and @ptr is freed. If
 * there is no new block, a block that should shrink stays. Contents are kept as far as both sizes
 * reach. An alignment beyond HEAP_MIN_ALIGN is kept only if the block stays.
 * Result: the block, or NULL: then @ptr is still the caller's and as it was. Never NULL where the
 *         block should shrink.
 */
acre_nodiscard acre_sized_by(3) void *heap_realloc(struct heap *h, void *ptr, size_t size,
						   const void *caller);

/* What is asked for beyond a size. */
struct heap_request {
	size_t size;
	size_t align; /* a power of two up to HEAP_MAX_SIZE; 0 is HEAP_MIN_ALIGN */
	unsigned flags;
	const struct heap_place *place; /* where it has to lie; NULL: anywhere */
};

enum {
	HEAP_NO_GROW = 1, /* only of what the heap has: neither backing nor hooks are asked */
	HEAP_ZERO = 2,    /* all @size bytes 0 */
};

/*
 * heap_alloc_request - a block for @request. A block that has to lie at a place gets frames of its
 * own from the backing: so it has more than HEAP_MAX_OBJECT bytes, and it is exact to a frame.
 * Objects of caches can have a place too, whatever their size (heap_cache.h).
 * Result: ACRE_OK, and *@block is the caller's to free, by any way; else *@block is NULL:
 *         ACRE_ERR_NOMEM; ACRE_ERR_MISALIGNED for an alignment that is none; ACRE_ERR_INVALID for
 *         unknown flags, and for a place with HEAP_NO_GROW or with HEAP_MAX_OBJECT bytes or less;
 *         ACRE_ERR_UNSUPPORTED for a place where the heap has no backing. The first two are counted
 *         as by heap_alloc_aligned().
 */
acre_nodiscard enum acre_status heap_alloc_request(struct heap *h,
						   const struct heap_request *request, void **block,
						   const void *caller);

/*
 * heap_alloc_or_panic - heap_alloc_aligned(), but never NULL: panics on behalf of
 * @caller with the request and the state of the heap. For start-up, and for what a kernel cannot go
 * on without.
 */
HEAP_NEW acre_never_null acre_sized_by(2) void *heap_alloc_or_panic(struct heap *h, size_t size,
								    size_t align,
								    const void *caller);

#undef HEAP_NEW

/* ---- questions ---------------------------------------------------------------------------- */

/*
 * heap_usable_size - the bytes that the block @ptr has; 0 for NULL and for what is no block. Bytes
 * past the size that was asked for belong to the caller too, but compilers know that size: from gcc
 * 14 on a build with -fsanitize=undefined traps where they are used.
 */
size_t heap_usable_size(struct heap *h, const void *ptr);

/* What a byte belongs to. */
enum heap_what {
	HEAP_OBJECT,    /* an object of a slab, live or free */
	HEAP_SLAB_REST, /* what is left of a slab after its objects */
	HEAP_RUN,       /* a live block that has its own run, or its own frames */
	HEAP_FREE_RUN,  /* free, in a span */
	HEAP_FREE,      /* free, in no span */
	HEAP_TABLE,     /* a table of the heap */
};

struct heap_block {
	enum heap_what what;
	bool live;
	uint8_t *start;
	size_t bytes;
	uint32_t index;    /* of an object */
	const char *cache; /* ... and the name of its cache, or NULL */
};

/*
 * heap_block_of - what the byte at @addr, any address, belongs to; true at the moment of asking.
 * Result: ACRE_OK and *@block; ACRE_ERR_RANGE when it is not in the heap. Cost: O(regions + levels).
 */
acre_nodiscard enum acre_status heap_block_of(struct heap *h, const void *addr,
					      struct heap_block *block);

/*
 * heap_stats - all figures. They are of one moment if no other hart uses the heap. Cost: a walk
 * over all runs and slabs.
 */
void heap_stats(struct heap *h, struct heap_stats *stats);

/*
 * heap_validate - does the heap keep its invariants (heap.c, slab.c, runs.c and buddy.c number
 * them)? NULL if so, else the sentence that is broken. Walks all of it: for tests and for a
 * debugger at a prompt. Other harts may use @h a little: a change under way may look like damage,
 * so it looks several times. In heap_validate.c.
 */
const char *heap_validate(struct heap *h);

/* ---- the structures ------------------------------------------------------------------------ */

/* The last request that could not be met. */
struct heap_failure {
	size_t size;
	size_t align;
	const void *caller; /* NULL: none yet */
};

struct heap_counters {
	uint64_t failures;       /* requests that could not be met */
	uint64_t bad_alignments; /* requests for an alignment that is none */
	uint64_t refusals;       /* pointers that were no block */
};

/* What comes from the backing. */
struct heap_grown {
	struct heap_backing backing; /* take is NULL: there is none */
	size_t most;                 /* bytes in regions and placed */
	size_t keep;                 /* free bytes that stay when the heap shrinks */
	size_t bytes;                /* in regions, with their tables, now */
	size_t placed_bytes;         /* in slabs that have frames of their own, now */
	size_t table_bytes;          /* never given back: root and leaves */
	uint64_t grows;
	uint64_t shrinks;
	struct heap_piece {
		void *start;
		size_t bytes; /* 0: region i is not of the backing */
	} piece[BUDDY_MAX_REGIONS];
};

/* Sizes are in units of SLAB_UNIT, rounded up, where a table is asked for their class. */
#define HEAP_SIZES (HEAP_MAX_OBJECT / SLAB_UNIT + 1)

struct heap {
	struct ticket_lock lock; /* guards the counters, and adding a region */
	/* What each call needs lies in the first 2 KiB, which an instruction reaches. */
	size_t fast_limit;   /* HEAP_MAX_OBJECT + 1 where a fast path can be gone, else 0 */
	size_t object_limit; /* HEAP_MAX_OBJECT + 1; 0 in a zeroed heap */
	_Atomic uint8_t serving[HEAP_SIZES]; /* the class that serves a size now */
	struct page_map map;
	struct slab_pool slabs;
	struct run_pool runs;
	struct heap_counters count;
	struct heap_failure last_failure;
	struct reclaim_list *reclaim; /* asked before an allocation fails, or NULL */
	struct heap_grown grown;
	struct {
		uintptr_t start;
		size_t bytes;
	} table[BUDDY_MAX_REGIONS];
	uint8_t class_of[HEAP_SIZES]; /* the smallest class that has a size */
};

struct heap_stats {
	struct heap_counters count;
	struct heap_failure last_failure;
	size_t total_bytes;  /* in all regions, without the tables that were lent */
	size_t used_bytes;   /* in live blocks, as heap_usable_size() says */
	size_t free_bytes;   /* in no block, slab or table */
	size_t slab_bytes;   /* in slabs, live or free */
	size_t object_bytes; /* of those, in live objects */
	size_t run_bytes;    /* in runs that are live blocks */
	size_t table_bytes;  /* in tables that were cut out of the memory itself */
	size_t peak_bytes;   /* the most that was in runs, slabs and tables at one time */
	size_t largest_free; /* the largest run that can be had now */
	size_t grown_bytes;  /* taken from the backing: in regions, with their tables, */
	size_t placed_bytes; /* ... for large blocks and for slabs that lie where they must, */
	size_t backed_bytes; /* ... and never given back: page map and descriptors */
	uint64_t grows;      /* regions that were taken from the backing, */
	uint64_t shrinks;    /* ... and given back */
	uint64_t live_blocks;
	uint32_t regions;
};

#endif
