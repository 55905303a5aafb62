/* SPDX-License-Identifier: MIT */
/*
 * frame_search.c - searches that may take long, in steps between which the lock is free.
 *
 * A search may have to scan every chunk, if all have changed since the last search. No hart should
 * have interrupts off, or wait, for so long. So:
 *
 *	budget  what a search of a tree may still cost (chunk_tree.h: a scan of a chunk is 1). A tree
 *	        that would spend more says 'later'.
 *	batch   the budget of one step. A step takes the lock, goes as far as its batch allows, and
 *	        drops the lock. Its answer is a frame, FRAME_NONE, or FRAME_LATER.
 *	search  step after step, until one has an answer.
 *
 * Where the next step goes on. A search for one frame, or for 2^k at a multiple of 2^k, begins
 * again with each step. That is no loss: a chunk that was scanned is not stale afterwards, and the
 * summary over it says what it has. So the next step passes over it. A step says 'none' only if it
 * got to the end in one hold of the lock, so that was true then.
 *
 * A search for a run of any other length or alignment cannot begin again: the tree does not store
 * whether a chunk has a run at some alignment, so the search would look at the same chunks again.
 * It keeps a place, `next`, and searches again what has changed below it. The trees number each
 * change to a chunk that was not stale, and keep the last few (struct chunk_changes). All that a
 * search has passed over rests on chunks that are not stale (chunk_tree_find_run_bounded()), so
 * nothing is missed. The search has taken the changes before number `seen` into account. So no such
 * run begins
 *	below next,
 *	except in [again, again_end), which holds all that has changed and is not yet searched again.
 * If, in one hold of the lock, no change is left and next is the end, then there is no such run. If
 * more has changed than is kept, the search does begin again.
 *
 * A search in a part of memory keeps to the runs that begin in [low, end).
 *
 * The answer 'none' for all of memory is remembered: pool->none. A later search for a run that is
 * at least as long, at a multiple of that alignment, begins at the end, and searches again what has
 * changed since.
 *
 * A search ends. A hart makes at most a few chunks stale in one hold (those of a run, at most), and
 * each other hart has at most one hold while this one waits for its turn: the lock is first come,
 * first served. As long as that costs less than a batch, more chunks are scanned than become stale.
 * With more harts, a search that has spent two full scans doubles its batch until one is enough: at
 * most as many times as the number of chunks has bits.
 */

#include "lib/compiler.h"
#include "lib/lock_scoped.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_bits_internal.h"
#include "mm/frame/frame_internal.h"

/* ---- any search ------------------------------------------------------------------------------ */

/* The batch was not enough: the next one. Lock held. */
static void begin_next_batch(const struct frame_pool *pool, struct frame_search *search)
{
	/* Two full scans for a run. A bank may begin and end inside of a chunk. */
	uint64_t nchunks = pool->managed / CHUNK_BITS + 2ull * pool->nbanks;

	search->spent += search->batch;
	if (search->spent > 2ull * (CHUNK_RUN_COST + CHUNK_TRY_COST) * nchunks &&
	    search->batch <= ~0U / 2)
		search->batch *= 2;
	search->budget = search->batch;
}

static frame_nr_t take_step(struct frame_pool *pool, frame_search_step *step,
			    struct frame_search *search)
{
	LOCK_SCOPED(held, &pool->lock);
	frame_nr_t found = step(pool, search);

	if (unlikely(found == FRAME_LATER))
		begin_next_batch(pool, search);
	return found;
}

frame_nr_t frame_search(struct frame_pool *pool, frame_search_step *step,
			struct frame_search *search)
{
	frame_nr_t found;

	do {
		found = take_step(pool, step, search);
	} while (unlikely(found == FRAME_LATER));
	return found;
}

frame_nr_t frame_search_lowest(struct frame_pool *pool, struct frame_search *search)
{
	for (uint32_t b = 0; b < pool->nbanks; b++) {
		struct frame_bank *bank = &pool->bank[b];
		if (chunk_tree_has_none(&bank->chunks, 0))
			continue;
		uint64_t index = chunk_tree_find_bounded(&bank->chunks, 0, &search->budget);

		if (index == CHUNK_TREE_LATER)
			return FRAME_LATER;
		if (index != BITMAP_NONE)
			return bank->base + index;
	}
	return FRAME_NONE;
}

/* ---- 2^k frames at a multiple of 2^k --------------------------------------------------------- */

static frame_nr_t take_natural(struct frame_pool *pool, struct frame_search *search)
{
	unsigned order = bits_ctz(search->n);

	for (uint32_t b = 0; b < pool->nbanks; b++) {
		struct frame_bank *bank = &pool->bank[b];
		uint64_t index;

		if (chunk_tree_has_none(&bank->chunks, order)) /* of many banks most, in the end */
			continue;
		while ((index = chunk_tree_find_bounded(&bank->chunks, order, &search->budget)) <
		       CHUNK_TREE_LATER) {
			if (likely(frame_take_bits(bank, index, search->n)))
				return bank->base + index;
			if (!chunk_tree_spend(&search->budget, 1))
				return FRAME_LATER;
		}
		if (unlikely(index == CHUNK_TREE_LATER))
			return FRAME_LATER;
	}
	return FRAME_NONE;
}

/* ---- runs of any other length or alignment --------------------------------------------------- */

/* Is it remembered that there was no such run? */
static bool was_none(const struct frame_pool *pool, const struct frame_search *search)
{
	const struct frame_none *none = &pool->none;

	return none->n != 0 && search->n >= none->n && search->align % none->align == 0;
}

/* There is none. What is remembered stays if it says more. */
static void remember_none(struct frame_pool *pool, const struct frame_search *search)
{
	if (!was_none(pool, search) || pool->none.changes != pool->changes.count)
		pool->none = (struct frame_none){ search->n, search->align, pool->changes.count };
}

/* Must something below @search->next be searched again? Then it is [again, again_end). */
static bool has_changed(const struct frame_pool *pool, struct frame_search *search)
{
	const struct chunk_changes *changes = &pool->changes;

	if (search->next <= search->low || changes->count - search->seen > CHUNK_CHANGES) {
		search->next = search->low;
		search->again = search->again_end = 0;
		search->seen = changes->count;
	}
	for (; search->seen != changes->count; search->seen++) {
		const struct chunk_change *change = &changes->last[search->seen % CHUNK_CHANGES];
		frame_nr_t first = change->first * CHUNK_BITS; /* runs from below reach it */
		frame_nr_t end = change->end * CHUNK_BITS;

		first = first >= search->n ? first - search->n + 1 : 0;
		if (first < search->low)
			first = search->low;
		if (first >= search->next)
			continue;
		if (search->again == search->again_end || first < search->again)
			search->again = first;
		if (end > search->again_end)
			search->again_end = end;
	}
	if (search->again_end > search->next)
		search->again_end = search->next;
	return search->again < search->again_end;
}

/*
 * The lowest run that begins in [*@from, @to). FRAME_LATER: go on at *@from; FRAME_NONE: it is
 * @to.
 */
static frame_nr_t take_between(struct frame_pool *pool, struct frame_search *search,
			       frame_nr_t *from, frame_nr_t to)
{
	const struct frame_bank *end = pool->bank + pool->nbanks;

	for (struct frame_bank *bank = frame_bank_below(pool, *from); bank < end; bank++) {
		if (bank->first >= to || search->n > bank->nframes)
			continue;
		struct chunk_run wanted = { search->n, search->align,
					    *from > bank->base ? *from - bank->base : 0,
					    to - bank->base };
		uint64_t index;
		while ((index = chunk_tree_find_run_bounded(&bank->chunks, &wanted,
							    &search->budget)) < CHUNK_TREE_LATER) {
			if (frame_take_bits(bank, index, search->n))
				return bank->base + index;
			if (!chunk_tree_spend(&search->budget, 1))
				break;
		}
		if (index != BITMAP_NONE) {
			*from = bank->base + wanted.from;
			return FRAME_LATER;
		}
	}
	*from = to;
	return FRAME_NONE;
}

static frame_nr_t take_any_run(struct frame_pool *pool, struct frame_search *search)
{
	frame_nr_t pfn = FRAME_NONE;

	if (search->spent == 0 && was_none(pool, search)) { /* only what has changed since */
		search->next = search->end;
		search->seen = pool->none.changes;
	}
	do {
		while (pfn == FRAME_NONE && has_changed(pool, search))
			pfn = take_between(pool, search, &search->again, search->again_end);
		if (pfn == FRAME_NONE && search->next < search->end)
			pfn = take_between(pool, search, &search->next, search->end);
		/* A run that could not be taken makes its chunks stale: a change of our own. */
	} while (pfn == FRAME_NONE && search->seen != pool->changes.count);
	if (pfn == FRAME_NONE && search->low == 0 && search->end == FRAME_LIMIT)
		remember_none(pool, search);
	return pfn;
}

frame_nr_t frame_search_run(struct frame_pool *pool, frame_count_t n, frame_count_t align)
{
	struct frame_search search = FRAME_SEARCH;

	search.n = n;
	search.align = align;
	return frame_search(pool, n == align ? take_natural : take_any_run, &search);
}

frame_nr_t frame_search_run_in(struct frame_pool *pool, frame_count_t n, frame_count_t align,
			       frame_nr_t low, frame_nr_t high)
{
	struct frame_search search = FRAME_SEARCH;

	if (high < n || low > high - n)
		return FRAME_NONE;
	search.n = n;
	search.align = align;
	search.low = low;
	search.end = high - n + 1;
	return frame_search(pool, take_any_run, &search);
}
