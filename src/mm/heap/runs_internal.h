/* SPDX-License-Identifier: MIT */
/*
 * runs_internal.h - entries, starts and lists: for runs.c, its validate and white-box tests.
 *
 *	31   29 28                     0
 *	+------+------------------------+
 *	| kind |   length in granules   |     the entries of the first and of the last granule of a run
 *	+------+------------------------+
 *
 * The second and the third entry of a listed free run are its links: the next run of the list and
 * the one before, as a run's number, which is region * 2^27 + granule + 1, or RUN_NONE. All other
 * entries mean nothing. Before the first granule of a region and after its last one there is an
 * entry of a table without length: no run merges with that.
 */
#ifndef ACRE_MM_RUNS_INTERNAL_H
#define ACRE_MM_RUNS_INTERNAL_H

#include "lib/bits.h"
#include "lib/compiler.h"
#include "mm/heap/runs.h"

#define RUN_KIND_SHIFT   29u
#define RUN_LENGTH_MASK  (((uint32_t)1 << RUN_KIND_SHIFT) - 1)
#define RUN_REGION_SHIFT 27u
#define RUN_MAX_GRANULES (((uint32_t)1 << RUN_REGION_SHIFT) - 1)
#define RUN_NONE         0u

/* Where the links of a free run are, seen from its first entry. */
#define RUN_NEXT 1u
#define RUN_PREV 2u

static inline uint32_t run_entry(enum run_kind kind, uint64_t n)
{
	return (uint32_t)((uint64_t)kind << RUN_KIND_SHIFT | n);
}

static inline enum run_kind run_entry_kind(uint32_t entry)
{
	return (enum run_kind)(entry >> RUN_KIND_SHIFT);
}

static inline uint64_t run_entry_length(uint32_t entry)
{
	return entry & RUN_LENGTH_MASK;
}

static inline enum run_kind run_kind_at(const struct run_region *r, uint64_t g)
{
	return run_entry_kind(r->entry[g]);
}

static inline uint64_t run_length_at(const struct run_region *r, uint64_t g)
{
	return run_entry_length(r->entry[g]);
}

/* The entry of the last granule of the run before granule @g; @g may be 0. */
static inline uint32_t run_entry_before(const struct run_region *r, uint64_t g)
{
	return (&r->entry[g])[-1];
}

/* Address / RUN_GRANULE of granule 0. */
static inline uint64_t run_first(const struct run_region *r)
{
	return (uintptr_t)r->base / RUN_GRANULE;
}

/* Bytes from the start of @r to @addr; more than it has, for what is not in it. */
static inline uintptr_t run_offset(const struct run_region *r, uintptr_t addr)
{
	return addr - (uintptr_t)r->base;
}

/* The tree finds the next bit upwards, and what is asked for is the start at or before a granule. */
static inline uint64_t run_start_bit(const struct run_region *r, uint64_t g)
{
	return r->ngranules - 1 - g;
}

static inline bool run_is_start(const struct run_region *r, uint64_t g)
{
	return bitmap_test(r->starts.words, run_start_bit(r, g));
}

/* The first granule of the run that has granule @g. */
static inline uint64_t run_start_of(const struct run_region *r, uint64_t g)
{
	return r->ngranules - 1 - bitmap_tree_next_set(&r->starts, run_start_bit(r, g));
}

static inline uint32_t run_number(const struct run_region *r, uint64_t g)
{
	return r->number + (uint32_t)g;
}

static inline struct run_region *run_region_of_number(struct run_pool *pool, uint32_t number)
{
	return &pool->region[number >> RUN_REGION_SHIFT];
}

static inline uint64_t run_granule_of_number(uint32_t number)
{
	return (uint64_t)(number & RUN_MAX_GRANULES) - 1;
}

/* The granules of a span. */
static inline uint64_t run_span(const struct run_pool *pool)
{
	return (uint64_t)1 << (pool->span_order - RUN_GRANULE_ORDER);
}

/* The entries of the run that is @number, its first one first. */
static inline uint32_t *run_entries(struct run_pool *pool, uint32_t number)
{
	return &run_region_of_number(pool, number)->entry[run_granule_of_number(number)];
}

/* The list for free runs of @n granules: n below RUN_EXACT, then 16 lists for each doubling. */
static inline uint64_t run_bin_of(uint64_t n)
{
	if (likely(n < RUN_EXACT))
		return n;
	unsigned shift = bits_log2(n) - 4;
	return RUN_EXACT + 16 * (shift - (RUN_EXACT_ORDER - 4)) + (n >> shift) - 16;
}

#endif
