/* SPDX-License-Identifier: MIT */
/*
 * runs.h - runs: granules of 512 bytes side by side, of any number, at any alignment.
 *
 * A pool of runs takes spans from a buddy structure and cuts them; what is wholly free goes back
 * there. runs.c explains how it works and numbers its invariants. It touches side tables only, never
 * the memory itself.
 *
 * All functions may be called on any hart, in any interrupt state; each takes the pool's lock and
 * drops it. A caller may hold the lock of a class of slabs (docs/locking.md), not the pool's. A
 * zeroed pool is a valid one without memory.
 */
#ifndef ACRE_MM_RUNS_H
#define ACRE_MM_RUNS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "lib/bitmap_tree.h"
#include "lib/lock.h"
#include "lib/status.h"
#include "mm/heap/buddy.h"

#define RUN_GRANULE_ORDER 9u
#define RUN_GRANULE       ((size_t)1 << RUN_GRANULE_ORDER)

/* A region has less than 64 GiB. */
#define RUN_MAX_REGION ((((size_t)1 << 27) - 2) * RUN_GRANULE)

/* The shortest run that is handed out: a free one needs four entries. */
#define RUN_MIN_GRANULES 4u

/* A span is this part of all memory, a power of two, but not of a lower order than that. */
#define RUN_SPANS          16u
#define RUN_MIN_SPAN_ORDER 12u

/* What the granules of a run are. */
enum run_kind {
	RUN_ABSENT, /* a free block of the buddy structure */
	RUN_FREE,
	RUN_BLOCK, /* a block, of the owner that asked for it */
	RUN_SLAB,  /* a slab */
	RUN_TABLE, /* tables of the heap, never given back */
};

struct run {
	uint8_t *start;
	size_t bytes;
	enum run_kind kind;
};

struct run_pool;

/* run_pool_init - a pool without memory. Pre: no other hart knows @pool yet. */
void run_pool_init(struct run_pool *pool);

/* run_table_bytes - how large a table describes a region of @size bytes at any base. */
size_t run_table_bytes(size_t size);

/*
 * run_pool_add_region - give the pool [@base, @base + @size), of any alignment, and @table, of
 * @table_bytes and aligned to 8, to describe it; both permanently.
 * Result: as buddy_add_region(); ACRE_ERR_RANGE for a region of 64 GiB and more.
 * Cost:   clears the table with the lock held: for start-up.
 *
 * run_pool_add_free_region - the same for a region that is wanted now: it is one free run, where the
 * other leaves all of it to the buddy structure.
 */
acre_nodiscard enum acre_status run_pool_add_region(struct run_pool *pool, uint8_t *base,
						    size_t size, void *table, size_t table_bytes);
acre_nodiscard enum acre_status run_pool_add_free_region(struct run_pool *pool, uint8_t *base,
							 size_t size, void *table,
							 size_t table_bytes);

/*
 * run_pool_remove_region - region @i (its number in the buddy structure), of which no run is used, is
 * the caller's again, and so is its table.
 * Result: ACRE_OK; ACRE_ERR_NOT_FOUND if there is no such region; ACRE_ERR_BUSY if a run is used.
 *         Nothing has changed after an error.
 * Cost:   the runs of the region, up to the first that is used; then O(orders) of them, each taken
 *         off its list or out of the buddy structure.
 */
acre_nodiscard enum acre_status run_pool_remove_region(struct run_pool *pool, uint32_t i);

/*
 * run_alloc - a run of @bytes, rounded up to granules, at a multiple of @align, a power of two.
 * Result: its first byte, or NULL where there is no such run in the pool or in the buddy structure,
 *         and the pool does not grow.
 * Cost:   bounded: docs/heap.md has the formula.
 * run_alloc_no_grow - the same where the pool may not grow.
 */
acre_nodiscard void *run_alloc(struct run_pool *pool, size_t bytes, size_t align,
			       enum run_kind kind);
acre_nodiscard void *run_alloc_no_grow(struct run_pool *pool, size_t bytes, size_t align,
				       enum run_kind kind);

/*
 * run_free - take back the run that starts at @ptr, if it is of @kind and, unless @said is 0, as
 * long as a run of @said bytes.
 * Result: ACRE_OK; ACRE_ERR_RANGE if no region has @ptr; ACRE_ERR_NOT_ALLOCATED if no run of @kind
 *         starts there; ACRE_ERR_INVALID for another length. Nothing has changed after an error.
 * Cost:   bounded, as run_alloc().
 */
acre_nodiscard enum acre_status run_free(struct run_pool *pool, void *ptr, enum run_kind kind,
					 size_t said);

/*
 * run_take, run_give - run_alloc() and run_free() for a caller that holds the lock; run_take() does
 * not let it grow.
 * run_pool_grow - without it: run_take() of that found no run, when there were @added regions. Has
 * the pool got one meanwhile?
 */
acre_nodiscard void *run_take(struct run_pool *pool, size_t bytes, size_t align,
			      enum run_kind kind);
acre_nodiscard enum acre_status run_give(struct run_pool *pool, void *ptr, enum run_kind kind,
					 size_t said);
acre_nodiscard bool run_pool_grow(struct run_pool *pool, size_t bytes, size_t align,
				  uint64_t added);

/*
 * run_resize - make the block at @ptr one of @bytes, rounded up to granules, where it stands.
 * Result: ACRE_OK; ACRE_ERR_NOT_ALLOCATED if no block starts there; ACRE_ERR_NOMEM if what follows
 *         is not free, or not enough. Nothing has changed after an error. Never ACRE_ERR_NOMEM
 *         where it does not grow.
 */
acre_nodiscard enum acre_status run_resize(struct run_pool *pool, void *ptr, size_t bytes);

/*
 * run_mark_table - the block at @ptr is a table of the heap from now on, if all of [@ptr, @ptr +
 * @bytes) is in it: it is never taken back. Result: ACRE_OK; ACRE_ERR_NOT_ALLOCATED.
 */
acre_nodiscard enum acre_status run_mark_table(struct run_pool *pool, const void *ptr,
					       size_t bytes);

/*
 * run_of - the run that has the byte at @addr, as it is at the moment of asking.
 * Result: ACRE_OK and *@run; ACRE_ERR_RANGE if no region has it. Cost: O(regions + levels).
 */
acre_nodiscard enum acre_status run_of(struct run_pool *pool, const void *addr, struct run *run);

struct run_stats {
	size_t total_bytes;  /* in all regions */
	size_t used_bytes;   /* in blocks, slabs and tables */
	size_t block_bytes;  /* of those, in blocks */
	size_t blocks;       /* so many */
	size_t slab_bytes;   /* in slabs */
	size_t table_bytes;  /* in tables that were cut out of the memory itself */
	size_t span_bytes;   /* taken from the buddy structure */
	size_t largest_free; /* the longest stretch that is not used */
	size_t peak_bytes;   /* the most that was used at one time */
	uint32_t regions;
};

/*
 * run_pool_is_scarce - is less than half of the memory unused, and can there be no more? A hint,
 * without the lock.
 */
static inline bool run_pool_is_scarce(const struct run_pool *pool);

/* run_pool_free_bytes - what is in no block, slab or table. */
size_t run_pool_free_bytes(struct run_pool *pool);

/* run_pool_stats - all figures of one moment. Cost: a walk over all runs, with the lock. */
void run_pool_stats(struct run_pool *pool, struct run_stats *stats);

/*
 * run_pool_validate - does the pool keep its invariants (runs.c and buddy.c number them)? NULL if
 * so, else the sentence that is broken. Holds the lock for a walk over all of it. In
 * runs_validate.c.
 */
const char *run_pool_validate(struct run_pool *pool);

/* ---- the structures ------------------------------------------------------------------------ */

/* Lengths below RUN_EXACT granules, 256 KiB, have a list each; then there are 16 a doubling. */
#define RUN_EXACT_ORDER 9u
#define RUN_EXACT       (1u << RUN_EXACT_ORDER)
#define RUN_BINS        (RUN_EXACT + 16 * (27 - RUN_EXACT_ORDER))
#define RUN_BIN_WORDS   (RUN_BINS / 64 + 1)

struct run_region {
	uint32_t *entry; /* in the table: one a granule, and one at each end */
	uint8_t *base;
	uint32_t ngranules;        /* 2^27 - 2 at most */
	uint32_t number;           /* region * 2^27 + 1: that of granule 0 as a run */
	struct bitmap_tree starts; /* in the table: where runs start, counted from the end */
};

struct run_pool {
	struct ticket_lock lock;
	/*
	 * grow - a run of @bytes at a multiple of @align does not fit: add a region for it, unless
	 * `added` is not @added any more. Was one added? NULL: none can be. No lock is held.
	 */
	bool (*grow)(void *context, size_t bytes, size_t align, uint64_t added);
	void *context;
	uint64_t added; /* regions, so far */
	struct buddy buddy;
	unsigned span_order;
	_Atomic size_t large; /* more bytes are too much for a new region; written with the lock */
	_Atomic size_t used_bytes; /* in blocks, slabs and tables; written with the lock */
	_Atomic size_t plenty;     /* where no more are used there is enough; the same */
	size_t peak_bytes;
	uint64_t words; /* bit w: nonempty[w] is not 0 */
	uint64_t nonempty[RUN_BIN_WORDS];
	uint32_t bin[RUN_BINS]; /* the first free run of each list, as its number */
	struct run_region region[BUDDY_MAX_REGIONS];
};

static inline bool run_pool_is_scarce(const struct run_pool *pool)
{
	return pool->grow == NULL &&
	       atomic_load_explicit(&pool->used_bytes, memory_order_relaxed) >
		       atomic_load_explicit(&pool->plenty, memory_order_relaxed);
}

#endif
