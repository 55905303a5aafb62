/* SPDX-License-Identifier: MIT */
/* frame_run.c - runs of frames: the lowest of a length and an alignment, or exactly these. */
#include "lib/align.h"
#include "lib/compiler.h"
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
 * If there is no such run, then perhaps with the zeroed frames. The trees are searched also if the
 * list is empty by now: another hart may have freed those frames since the trees were asked without
 * the lock.
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

/* In @bank. Nearly always that succeeds; if not, all banks are searched, in batches. */
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
	 * The answer 'none' of a tree needs no lock. The zeroed frames are counted first: a frame
	 * leaves the list only after its tree is stale.
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
 * The state of a search for a run of any length and alignment. It does not begin anew with each
 * batch, since not all that it has seen of a chunk is remembered: it goes on at @next. The pool's
 * changes tell what has changed below @next meanwhile, and that is searched again first. So nothing
 * is missed. After the changes before number @seen, no such run begins
 *	below next,
 *	except perhaps in [again, again_end), which one of those changes concerns.
 * If there is no change left and next is the end, then there is no such run, with the lock held. If
 * more has changed than the pool remembers, the search does begin anew.
 */
struct run_search {
	frame_count_t n;
	frame_count_t align;
	frame_nr_t next;
	frame_nr_t again;
	frame_nr_t again_end;
	uint64_t seen;
};

/* Must something below @run->next be searched again? Then it is [again, again_end). Lock held. */
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

/*
 * The lowest run that begins in [*@from, @to). FRAME_LATER: go on at *@from; FRAME_NONE: it is @to.
 * Lock held.
 */
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

/*
 * A call that is the last thing that frame_alloc_range() does is a jump: then acre_caller() is its
 * caller.
 */
static never_inline frame_nr_t alloc_range_slow(struct frame_pool *pool, frame_count_t nframes,
						uint64_t align_bytes)
{
	return likely(!pool->debug)
		       ? FRAME_NONE
		       : frame_alloc_range_recorded(pool, nframes, align_bytes, acre_caller());
}

frame_nr_t frame_alloc_range(struct frame_pool *pool, frame_count_t nframes, uint64_t align_bytes)
{
	/* In debug mode no alignment is enough for the fast path. */
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
		frame_debug_take(pool, pfn, nframes, acre_caller());
	return status;
}
