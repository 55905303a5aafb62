/* SPDX-License-Identifier: MIT */
/* frame_run.c - runs of frames: the lowest of a length and an alignment, or exactly these. */
#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/lock_scoped.h"
#include "lib/reclaim.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_bits_internal.h"
#include "mm/frame/frame_internal.h"

/* In all banks, in steps. If there is none, those are asked who may give frames back. */
static never_inline frame_nr_t search_or_reclaim(struct frame_pool *pool, frame_count_t n,
						 frame_count_t align)
{
	struct reclaim_hook *asked = NULL;
	frame_nr_t pfn;

	do
		pfn = frame_search_run(pool, n, align);
	while (pfn == FRAME_NONE && reclaim_more(pool->reclaim, &asked, n << FRAME_SHIFT));
	return pfn;
}

/* In @bank. Nearly always that succeeds; if not, all banks are searched, in steps. */
static never_inline frame_nr_t alloc_natural_from(struct frame_pool *pool, struct frame_bank *bank,
						  unsigned order)
{
	frame_count_t n = (frame_count_t)1 << order;

	{
		LOCK_SCOPED(held, &pool->lock);
		unsigned budget = FRAME_BATCH;
		uint64_t index = chunk_tree_find_bounded(&bank->chunks, order, &budget);

		if (likely(index < CHUNK_TREE_LATER) && likely(frame_take_bits(bank, index, n)))
			return bank->base + index;
	}
	return search_or_reclaim(pool, n, n);
}

/* In the lowest bank that may have them. */
static never_inline frame_nr_t alloc_natural_among(struct frame_pool *pool, unsigned order)
{
	frame_count_t n = (frame_count_t)1 << order;

	for (uint32_t b = 0; b < pool->nbanks; b++) {
		if (!chunk_tree_has_none(&pool->bank[b].chunks, order))
			return alloc_natural_from(pool, &pool->bank[b], order);
	}
	return search_or_reclaim(pool, n, n);
}

/*
 * The lowest 2^@order frames at their natural alignment: what the trees know. The answer 'none' of
 * one tree needs no lock. Those of several would be of several moments.
 */
static force_inline frame_nr_t alloc_natural(struct frame_pool *pool, unsigned order)
{
	atomic_thread_fence(memory_order_acquire);
	if (unlikely(pool->nbanks != 1))
		return alloc_natural_among(pool, order);
	if (chunk_tree_has_none(&pool->bank->chunks, order) && likely(pool->reclaim == NULL))
		return FRAME_NONE;
	return alloc_natural_from(pool, pool->bank, order);
}

static force_inline frame_nr_t take_range(struct frame_pool *pool, frame_count_t nframes,
					  frame_count_t align)
{
	return nframes == align ? alloc_natural(pool, bits_ctz(align))
				: search_or_reclaim(pool, nframes, align);
}

static never_inline frame_nr_t take_range_watched(struct frame_pool *pool, frame_count_t nframes,
						  frame_count_t align, const void *caller)
{
	frame_nr_t pfn = take_range(pool, nframes, align);

	frame_watch_taken(pool, pfn, nframes, caller);
	return pfn;
}

static force_inline frame_nr_t alloc_range(struct frame_pool *pool, frame_count_t nframes,
					   uint64_t align_bytes, const void *caller)
{
	frame_count_t align = align_bytes >> FRAME_SHIFT;

	return likely(!pool->watched) ? take_range(pool, nframes, align)
				      : take_range_watched(pool, nframes, align, caller);
}

static force_inline bool is_alignment(uint64_t bytes)
{
	return is_power_of_two(bytes) && bytes >= FRAME_SIZE;
}

frame_nr_t frame_alloc_range(struct frame_pool *pool, frame_count_t nframes, uint64_t align_bytes)
{
	if (unlikely(nframes == 0) || unlikely(!is_alignment(align_bytes)))
		return FRAME_NONE;
	return alloc_range(pool, nframes, align_bytes, acre_caller());
}

frame_nr_t frame_alloc_range_zeroed(struct frame_pool *pool, frame_count_t nframes,
				    uint64_t align_bytes)
{
	frame_nr_t pfn;

	(void)!frame_alloc_range_from(pool, nframes, align_bytes, &pfn, acre_caller());
	return frame_cleared(pool, pfn, nframes);
}

enum acre_status frame_alloc_range_from(struct frame_pool *pool, frame_count_t nframes,
					uint64_t align_bytes, frame_nr_t *pfn, const void *caller)
{
	*pfn = FRAME_NONE;
	if (nframes == 0)
		return ACRE_ERR_INVALID;
	if (!is_alignment(align_bytes))
		return ACRE_ERR_MISALIGNED;
	*pfn = alloc_range(pool, nframes, align_bytes, caller);
	return *pfn != FRAME_NONE ? ACRE_OK : ACRE_ERR_NOMEM;
}

frame_nr_t frame_alloc_range_in(struct frame_pool *pool, frame_count_t nframes,
				uint64_t align_bytes, frame_nr_t low, frame_nr_t high)
{
	struct reclaim_hook *asked = NULL;
	frame_nr_t pfn;

	if (nframes == 0 || !is_alignment(align_bytes))
		return FRAME_NONE;
	do
		pfn = frame_search_run_in(pool, nframes, align_bytes >> FRAME_SHIFT, low, high);
	while (pfn == FRAME_NONE && reclaim_more(pool->reclaim, &asked, nframes << FRAME_SHIFT));
	if (unlikely(pool->watched))
		frame_watch_taken(pool, pfn, nframes, acre_caller());
	return pfn;
}

static enum acre_status alloc_at(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes)
{
	struct frame_bank *bank;
	uint64_t index;
	LOCK_SCOPED(held, &pool->lock);
	enum acre_status status = frame_locate(pool, pfn, nframes, &bank, &index);

	if (status != ACRE_OK)
		return status;
	return frame_take_exactly(bank, index, nframes);
}

enum acre_status frame_alloc_at_from(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
				     const void *caller)
{
	enum acre_status status = alloc_at(pool, pfn, nframes);

	if (unlikely(pool->watched) && status == ACRE_OK)
		frame_watch_taken(pool, pfn, nframes, caller);
	return status;
}

enum acre_status frame_alloc_at(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes)
{
	return frame_alloc_at_from(pool, pfn, nframes, acre_caller());
}
