/* SPDX-License-Identifier: MIT */
/* frame_run.c - runs of frames: the lowest of a length and an alignment, or exactly these. */
#include "lib/align.h"
#include "lib/lock_scoped.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_bits_internal.h"
#include "mm/frame/frame_internal.h"

/* Lock held. */
static frame_nr_t take_natural(struct frame_pool *pool, unsigned order, struct frame_search *search)
{
	frame_count_t n = (frame_count_t)1 << order;

	for (uint32_t b = 0; b < pool->nbanks; b++) {
		struct frame_bank *bank = &pool->bank[b];
		uint64_t index;

		if (chunk_tree_has_none(&bank->chunks, order)) /* of many banks most, in the end */
			continue;
		while ((index = chunk_tree_find_bounded(&bank->chunks, order, &search->budget)) <
		       CHUNK_TREE_LATER) {
			if (likely(frame_take_bits(bank, index, n)))
				return bank->base + index;
			if (!chunk_tree_spend(&search->budget, 1))
				return FRAME_LATER;
		}
		if (unlikely(index == CHUNK_TREE_LATER))
			return FRAME_LATER;
	}
	return FRAME_NONE;
}

/*
 * If there are none, then perhaps with those that are known to be zero. Also if there are none of those any
 * more: another hart may have made them free since the trees were asked without the lock.
 */
static frame_nr_t try_natural(struct frame_pool *pool, unsigned order, struct frame_search *search)
{
	LOCK_SCOPED(held, &pool->lock);
	frame_nr_t pfn = take_natural(pool, order, search);

	return pfn != FRAME_NONE ? pfn : frame_zeroed_flush_some(pool, search);
}

static never_inline frame_nr_t alloc_natural_slow(struct frame_pool *pool, unsigned order)
{
	struct frame_search search = frame_search();
	frame_nr_t pfn;

	do {
		pfn = try_natural(pool, order, &search);
	} while (frame_search_retry(pool, &search, pfn));
	return pfn;
}

/* In @bank. Nearly always that is all there is to it: else all is looked at, in portions. */
static never_inline frame_nr_t alloc_natural_from(struct frame_pool *pool, struct frame_bank *bank,
						  unsigned order)
{
	{
		LOCK_SCOPED(held, &pool->lock);
		unsigned budget = FRAME_BATCH;
		uint64_t index = chunk_tree_find_bounded(&bank->chunks, order, &budget);

		if (likely(index < CHUNK_TREE_LATER) &&
		    likely(frame_take_bits(bank, index, (frame_count_t)1 << order)))
			return bank->base + index;
	}
	return alloc_natural_slow(pool, order);
}

/* The lowest 2^@order frames at their natural alignment: what the trees know. */
static always_inline frame_nr_t alloc_natural(struct frame_pool *pool, unsigned order)
{
	struct frame_bank *bank = pool->bank;
	struct frame_bank *end = bank + pool->nbanks;

	/*
	 * Where it is known that there are none, the lock is not needed to know it. Frames that are known to be
	 * zero are asked for first: when they are counted no more, the trees are stale already.
	 */
	uint32_t nzeroed = frame_zeroed_count(pool);
	atomic_thread_fence(memory_order_acquire);
	while (bank < end && chunk_tree_has_none(&bank->chunks, order))
		bank++;
	if (bank == end)
		return likely(nzeroed == 0) ? FRAME_NONE : alloc_natural_slow(pool, order);
	return alloc_natural_from(pool, bank, order);
}

/*
 * Where a search for a run of any length and alignment is. It does not begin anew with each portion, since what it has
 * seen of a chunk is not all remembered: it goes on at @next. What has changed behind it meanwhile is known from the
 * pool's changes, and is looked at again first. So none of the pool is missed: no such run begins
 *	below next,		as far as the changes before number @seen go,
 *	but perhaps in [again, again_end), which one of those has to do with.
 * If there are none left of either, then there is no such run, with the lock held. If more has changed than the pool
 * remembers, it does begin anew.
 */
struct run_search {
	frame_count_t n;
	frame_count_t align;
	frame_nr_t next;
	frame_nr_t again;
	frame_nr_t again_end;
	uint64_t seen;
};

/* Is there something behind the search to be looked at again? Then it is [again, again_end). Lock held. */
static bool run_search_again(const struct frame_pool *pool, struct run_search *run)
{
	const struct chunk_changes *changes = &pool->changes;

	if (run->next == 0 || changes->count - run->seen > CHUNK_CHANGES) {
		run->next = 0;
		run->again = run->again_end = 0;
		run->seen = changes->count;
	}
	while (run->again == run->again_end && run->seen != changes->count) {
		const struct chunk_change *change = &changes->last[run->seen++ % CHUNK_CHANGES];
		frame_nr_t first = change->first * CHUNK_BITS; /* runs from below reach it */
		frame_nr_t end = change->end * CHUNK_BITS;

		run->again_end = end < run->next ? end : run->next;
		run->again = first >= run->n ? first - run->n + 1 : 0;
		if (run->again > run->again_end)
			run->again = run->again_end;
	}
	return run->again != run->again_end;
}

/* The lowest that begins in [*@from, @to). FRAME_LATER: *@from is where to go on; FRAME_NONE: it is @to. Lock held. */
static frame_nr_t take_between(struct frame_pool *pool, const struct run_search *run,
			       frame_nr_t *from, frame_nr_t to, struct frame_search *search)
{
	uint32_t upto = frame_banks_upto(pool, *from);

	for (uint32_t b = upto != 0 ? upto - 1 : 0; b < pool->nbanks; b++) {
		struct frame_bank *bank = &pool->bank[b];
		if (bank->first >= to || run->n > bank->nframes)
			continue;
		struct chunk_run wanted = { run->n, run->align,
					    *from > bank->base ? *from - bank->base : 0,
					    to - bank->base };
		uint64_t index;
		while ((index = chunk_tree_find_run_bounded(&bank->chunks, &wanted,
							    &search->budget)) < CHUNK_TREE_LATER) {
			if (frame_take_bits(bank, index, run->n))
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

static frame_nr_t try_any_run(struct frame_pool *pool, struct run_search *run,
			      struct frame_search *search)
{
	LOCK_SCOPED(held, &pool->lock);
	frame_nr_t pfn = FRAME_NONE;

	while (pfn == FRAME_NONE && run_search_again(pool, run))
		pfn = take_between(pool, run, &run->again, run->again_end, search);
	if (pfn == FRAME_NONE)
		pfn = take_between(pool, run, &run->next, FRAME_LIMIT, search);
	return pfn != FRAME_NONE ? pfn : frame_zeroed_flush_some(pool, search);
}

/* The lowest run of any length and alignment, in frames. */
static never_inline frame_nr_t alloc_any_run(struct frame_pool *pool, frame_count_t n,
					     frame_count_t align)
{
	struct run_search run = { .n = n, .align = align };
	struct frame_search search = frame_search();
	frame_nr_t pfn;

	do {
		pfn = try_any_run(pool, &run, &search);
	} while (frame_search_retry(pool, &search, pfn));
	return pfn;
}

static always_inline frame_nr_t alloc_range(struct frame_pool *pool, frame_count_t nframes,
					    frame_count_t align)
{
	return nframes == align ? alloc_natural(pool, bits_ctz(align))
				: alloc_any_run(pool, nframes, align);
}

frame_nr_t frame_alloc_range_recorded(struct frame_pool *pool, frame_count_t nframes,
				      uint64_t align_bytes, const void *caller)
{
	if (nframes == 0 || !is_power_of_two(align_bytes) || align_bytes < FRAME_SIZE)
		return FRAME_NONE;
	frame_nr_t pfn = alloc_range(pool, nframes, align_bytes >> FRAME_SHIFT);
	frame_debug_take(pool, pfn, nframes, caller);
	return pfn;
}

/* A call that is the last thing that frame_alloc_range() does is a jump: then CALLER() is its caller. */
static never_inline frame_nr_t alloc_range_slow(struct frame_pool *pool, frame_count_t nframes,
						uint64_t align_bytes)
{
	return likely(!pool->debug)
		       ? FRAME_NONE
		       : frame_alloc_range_recorded(pool, nframes, align_bytes, CALLER());
}

frame_nr_t frame_alloc_range(struct frame_pool *pool, frame_count_t nframes, uint64_t align_bytes)
{
	/* fast_min_align: in the debug tier nothing is aligned enough for the quick way. */
	if (nframes == 0 || !is_power_of_two(align_bytes) || align_bytes < pool->fast_min_align)
		return alloc_range_slow(pool, nframes, align_bytes);
	return alloc_range(pool, nframes, align_bytes >> FRAME_SHIFT);
}

static enum acre_status alloc_at(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes)
{
	struct frame_bank *bank;
	uint64_t index;
	LOCK_SCOPED(held, &pool->lock);
	enum acre_status status = frame_locate(pool, pfn, nframes, &bank, &index);

	if (status != ACRE_OK)
		return status;
	frame_zeroed_flush(pool, pfn, nframes);
	return frame_take_exactly(bank, index, nframes);
}

enum acre_status frame_alloc_at(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes)
{
	enum acre_status status = alloc_at(pool, pfn, nframes);

	if (unlikely(pool->debug) && status == ACRE_OK)
		frame_debug_take(pool, pfn, nframes, CALLER());
	return status;
}
