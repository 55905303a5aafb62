/* SPDX-License-Identifier: MIT */
/* runs_validate.c - walks a whole pool of runs: which invariant of runs.c or buddy.c is broken? */
#include "lib/lock_scoped.h"
#include "lib/string.h"
#include "mm/heap/runs_internal.h"

struct run_tally {
	size_t used_bytes;
	size_t absent_bytes;
	size_t listed; /* free runs that should be on lists */
};

/* Is each block of @order that is free in region @i part of an absent run? */
static const char *check_absent_order(const struct run_pool *pool, uint32_t i, unsigned order)
{
	const struct buddy_region *has = &pool->buddy.region[i];
	const struct run_region *r = &pool->region[i];
	const struct bitmap_tree *tree = &has->free[order - RUN_GRANULE_ORDER];

	for (uint64_t at = bitmap_tree_next_set(tree, 0); at != BITMAP_NONE;
	     at = bitmap_tree_next_set(tree, at + 1)) {
		uint64_t first = ((has->base >> order) + at) << (order - RUN_GRANULE_ORDER);
		uint64_t g = first - run_first(r);

		if (!run_is_start(r, g) || run_kind_at(r, g) != RUN_ABSENT ||
		    run_length_at(r, g) != buddy_bytes(order) / RUN_GRANULE)
			return "R3: a free block of the buddy structure is no absent run";
	}
	return NULL;
}

static const char *check_one_run(const struct run_region *r, uint64_t g, enum run_kind before)
{
	enum run_kind kind = run_kind_at(r, g);
	uint64_t n = run_length_at(r, g);

	if (kind > RUN_TABLE)
		return "R2: a run is of a kind that does not exist";
	if (n == 0 || n > r->ngranules - g)
		return "R2: a run passes the end of its region";
	if (kind > RUN_FREE && n < RUN_MIN_GRANULES)
		return "R2: a run is shorter than any that is handed out";
	if (kind == before && kind == RUN_FREE)
		return "R4: two free runs touch";
	if (r->entry[g + n - 1] != r->entry[g])
		return "R2: the ends of a run do not agree";
	if (!run_is_start(r, g))
		return "R2: the start of a run has no bit";
	if (g + 1 < r->ngranules && n > 1 && run_start_of(r, g + n - 1) != g)
		return "R2: a bit is set inside of a run";
	return NULL;
}

static const char *check_runs_of(const struct run_region *r, struct run_tally *tally)
{
	enum run_kind before = RUN_TABLE;

	for (uint64_t g = 0; g < r->ngranules;) {
		const char *broken = check_one_run(r, g, before);
		if (broken != NULL)
			return broken;
		size_t bytes = (size_t)run_length_at(r, g) * RUN_GRANULE;
		before = run_kind_at(r, g);
		tally->used_bytes += before > RUN_FREE ? bytes : 0;
		tally->absent_bytes += before == RUN_ABSENT ? bytes : 0;
		tally->listed += before == RUN_FREE && run_length_at(r, g) >= RUN_MIN_GRANULES;
		g += run_length_at(r, g);
	}
	return NULL;
}

static const char *check_run_region(const struct run_pool *pool, uint32_t i,
				    struct run_tally *tally)
{
	const struct buddy_region *has = &pool->buddy.region[i];
	const struct run_region *r = &pool->region[i];
	const char *broken = NULL;

	if (has->size == 0)
		return r->base == NULL ? NULL : "R1: a region is none of the buddy structure";
	if ((uintptr_t)r->base != has->base || (size_t)r->ngranules * RUN_GRANULE != has->size)
		return "R1: a region is not that of the buddy structure";
	if (run_entry_kind(run_entry_before(r, 0)) != RUN_TABLE ||
	    run_kind_at(r, r->ngranules) != RUN_TABLE)
		return "R2: an end of a region is not marked";
	if (bitmap_tree_validate(&r->starts, r->ngranules) != NULL)
		return "R2: the tree of starts is damaged";
	broken = check_runs_of(r, tally);
	for (unsigned k = 0; broken == NULL && k < has->norders; k++)
		broken = check_absent_order(pool, i, RUN_GRANULE_ORDER + k);
	return broken;
}

/* A list is never followed further than there are runs for any list. */
static const char *check_bin(struct run_pool *pool, unsigned bin, size_t known, size_t *listed)
{
	uint32_t prev = RUN_NONE;

	if (bitmap_test(pool->nonempty, bin) != (pool->bin[bin] != RUN_NONE))
		return "R5: which lists are empty is not what their bits say";
	for (uint32_t at = pool->bin[bin]; at != RUN_NONE;) {
		uint64_t g = run_granule_of_number(at);
		const struct run_region *r = run_region_of_number(pool, at);
		if ((at >> RUN_REGION_SHIFT) >= pool->buddy.nregions || g >= r->ngranules ||
		    !run_is_start(r, g) || run_kind_at(r, g) != RUN_FREE)
			return "R5: a list has something that is no free run";
		if (run_length_at(r, g) < RUN_MIN_GRANULES ||
		    run_bin_of(run_length_at(r, g)) != bin)
			return "R5: a free run is on the list of another length";
		if (r->entry[g + RUN_PREV] != prev)
			return "R5: a free run does not link back";
		if (++*listed > known)
			return "R5: lists have more than the free runs";
		prev = at;
		at = r->entry[g + RUN_NEXT];
	}
	return NULL;
}

static const char *check_bins(struct run_pool *pool, const struct run_tally *tally)
{
	size_t listed = 0;

	for (unsigned w = 0; w < BITS_PER_WORD; w++) {
		bool some = w < RUN_BIN_WORDS && pool->nonempty[w] != 0;
		if (bitmap_test(&pool->words, w) != some)
			return "R5: which words of bits are empty is not what their bits say";
	}
	for (unsigned bin = 0; bin < RUN_BINS; bin++) {
		const char *broken = check_bin(pool, bin, tally->listed, &listed);
		if (broken != NULL)
			return broken;
	}
	return listed == tally->listed ? NULL : "R5: a free run is on no list";
}

const char *run_pool_validate(struct run_pool *pool)
{
	LOCK_SCOPED(held, &pool->lock);
	struct run_tally tally = { 0 };
	const char *broken = buddy_validate(&pool->buddy);

	for (uint32_t i = 0; broken == NULL && i < pool->buddy.nregions; i++)
		broken = check_run_region(pool, i, &tally);
	if (broken == NULL && tally.absent_bytes != pool->buddy.free_bytes)
		broken = "R3: what is absent is not what the buddy structure has";
	if (broken == NULL)
		broken = check_bins(pool, &tally);
	if (broken == NULL && tally.used_bytes != pool->used_bytes)
		broken = "R6: used_bytes is not the sum of the runs";
	if (broken == NULL && pool->peak_bytes < pool->used_bytes)
		broken = "R6: the peak is below what is used";
	return broken;
}
