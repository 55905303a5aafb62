/* SPDX-License-Identifier: MIT */
/*
 * frame_zero.c - frames whose bytes are all 0: cleared now, or known to be 0 already.
 *
 * A pool has a list of a few free frames that are known to be all zero. They are free and managed,
 * but have both bits clear:
 *
 *	                         free  inserted
 *	never inserted            0       0
 *	known to be zero          0       0      and listed in pool->zeroed
 *	free                      1       1
 *	handed out                0       1
 *
 * So no other path can take one, and a free of one is refused by the same check of two bits as any
 * other: neither frame_alloc() nor frame_free() has to know. Putting a frame on the list and taking
 * it off changes one bit, and nothing in the tree of chunks: for the tree it is not free before or
 * after.
 *
 * But it IS free. Before the answer 'none' is given, and before a question about frames by number,
 * the frames on the list become free frames like any other. Their free bit is set before the
 * inserted bit, so that a wrong free never finds one handed out. A hart that takes such a frame in
 * between, and frees it before the inserted bit is set, is refused on the fast path; the slow path
 * takes the lock, and finds both bits as they should be.
 *
 * The list is zeroed[0 .. nzeroed - 1] of the pool, written with the lock held (F7 in
 * frame_pool.c).
 */
#include "lib/compiler.h"
#include "lib/lock_scoped.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_internal.h"

/* ---- the list, lock held -------------------------------------------------------------------- */

static void set_count(struct frame_pool *pool, uint32_t n)
{
	atomic_store_explicit(&pool->nzeroed, n, memory_order_relaxed);
}

frame_nr_t frame_zeroed_next(const struct frame_pool *pool, frame_nr_t pfn)
{
	frame_nr_t lowest = FRAME_NONE;

	for (uint32_t i = 0; i < frame_zeroed_count(pool); i++) {
		if (pool->zeroed[i] >= pfn && pool->zeroed[i] < lowest)
			lowest = pool->zeroed[i];
	}
	return lowest;
}

bool frame_zeroed_has(const struct frame_pool *pool, frame_nr_t pfn)
{
	return pfn != FRAME_NONE && frame_zeroed_next(pool, pfn) == pfn;
}

bool frame_zeroed_keep(struct frame_pool *pool, frame_nr_t pfn)
{
	uint32_t n = frame_zeroed_count(pool);
	struct frame_bank *bank = frame_bank_of(pool, pfn);

	if (n == FRAME_ZEROED_MAX || bank == NULL)
		return false;
	uint64_t index = pfn - bank->base;
	uint64_t bit = bitmap_bit(index);
	bitmap_word *inserted = &bank->inserted[index / BITS_PER_WORD];
	if (bitmap_atomic_test(bank->free, index) ||
	    (atomic_fetch_and_explicit(inserted, ~bit, memory_order_seq_cst) & bit) == 0)
		return false;
	/*
	 * Another hart that frees it at the same moment, a double free, may have seen it inserted.
	 */
	if (unlikely(bitmap_atomic_test(bank->free, index))) {
		atomic_fetch_or_explicit(inserted, bit, memory_order_relaxed);
		return false;
	}
	pool->zeroed[n] = pfn;
	set_count(pool, n + 1);
	return true;
}

/*
 * The frame that was put on last, which is in the cache; FRAME_NONE if there is none. Takes the
 * lock.
 */
static frame_nr_t pop_zeroed(struct frame_pool *pool)
{
	LOCK_SCOPED(held, &pool->lock);
	uint32_t n = frame_zeroed_count(pool);

	if (n == 0)
		return FRAME_NONE;
	frame_nr_t pfn = pool->zeroed[n - 1];
	struct frame_bank *bank = frame_bank_of(pool, pfn);
	if (unlikely(bank == NULL)) /* no: F7 */
		return FRAME_NONE;
	uint64_t index = pfn - bank->base;
	atomic_fetch_or_explicit(&bank->inserted[index / BITS_PER_WORD], bitmap_bit(index),
				 memory_order_relaxed);
	set_count(pool, n - 1);
	return pfn;
}

/* @pfn, which is off the list, becomes a free frame like any other. */
static void make_free(struct frame_pool *pool, frame_nr_t pfn)
{
	struct frame_bank *bank = frame_bank_of(pool, pfn);

	if (unlikely(bank == NULL)) /* no: F7 */
		return;
	uint64_t index = pfn - bank->base;
	uint64_t w = index / BITS_PER_WORD;

	atomic_fetch_or_explicit(&bank->free[w], bitmap_bit(index), memory_order_release);
	atomic_fetch_or_explicit(&bank->inserted[w], bitmap_bit(index), memory_order_release);
	if (!chunk_is_stale(&bank->chunks.leaf[index / CHUNK_BITS]))
		chunk_tree_mark_stale(&bank->chunks, index, 1);
}

/* Frame @i of the list becomes free. The last one takes its place. */
static void flush_at(struct frame_pool *pool, uint32_t i)
{
	uint32_t n = frame_zeroed_count(pool) - 1;
	frame_nr_t pfn = pool->zeroed[i];

	pool->zeroed[i] = pool->zeroed[n];
	make_free(pool, pfn);
	/* After it: at no moment is the frame neither counted nor free. */
	atomic_thread_fence(memory_order_release);
	set_count(pool, n);
}

void frame_zeroed_flush(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes)
{
	for (uint32_t i = frame_zeroed_count(pool); i-- > 0;) {
		if (pool->zeroed[i] - pfn < nframes)
			flush_at(pool, i);
	}
}

/* Each may mark a chunk stale on all levels, which costs as much as some scans. */
frame_nr_t frame_zeroed_flush_some(struct frame_pool *pool, const struct frame_search *search)
{
	uint32_t n = frame_zeroed_count(pool);

	if (n == 0)
		return FRAME_NONE;
	for (unsigned i = 0; n != 0 && i < search->batch / 4; i++)
		flush_at(pool, --n);
	return FRAME_LATER;
}

/* ---- taking and freeing --------------------------------------------------------------------- */

/* The frames are the caller's alone by now: no lock needed. */
static frame_nr_t cleared(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes)
{
	if (pfn != FRAME_NONE)
		memset(frame_ptr(pool, pfn), 0, nframes << FRAME_SHIFT);
	return pfn;
}

frame_nr_t frame_alloc_zeroed(struct frame_pool *pool)
{
	if (frame_zeroed_count(pool) != 0) {
		frame_nr_t pfn = pop_zeroed(pool);

		if (unlikely(pool->debug))
			frame_debug_take(pool, pfn, 1, acre_caller());
		if (likely(pfn != FRAME_NONE))
			return pfn;
	}
	frame_nr_t pfn = likely(!pool->debug) ? frame_alloc(pool)
					      : frame_alloc_recorded(pool, acre_caller());
	return cleared(pool, pfn, 1);
}

frame_nr_t frame_alloc_range_zeroed(struct frame_pool *pool, frame_count_t nframes,
				    uint64_t align_bytes)
{
	frame_nr_t pfn =
		likely(!pool->debug)
			? frame_alloc_range(pool, nframes, align_bytes)
			: frame_alloc_range_recorded(pool, nframes, align_bytes, acre_caller());

	return cleared(pool, pfn, nframes);
}

enum acre_status frame_free_zeroed(struct frame_pool *pool, frame_nr_t pfn)
{
	if (unlikely(pool->debug) && frame_debug_is_lie(pool, pfn)) {
		platform_bad_free(&(struct platform_bad_free){
			.allocator = "frame",
			.address = frame_to_paddr(pfn),
			.caller = acre_caller(),
			.what = "not all zero, as was promised",
			.actual_start = frame_to_paddr(pfn),
			.actual_size = FRAME_SIZE,
		});
		return ACRE_ERR_INVALID;
	}
	return frame_free_one_zeroed(pool, pfn, acre_caller());
}

static frame_nr_t lowest_dirty(struct frame_pool *pool, struct frame_search *search)
{
	LOCK_SCOPED(held, &pool->lock);

	return frame_lowest_free(pool, search);
}

/* Is any frame free that is not on the list? */
static bool is_any_dirty(struct frame_pool *pool)
{
	struct frame_search search = frame_search();
	frame_nr_t pfn;

	do {
		pfn = lowest_dirty(pool, &search);
	} while (frame_search_retry(pool, &search, pfn));
	return pfn != FRAME_NONE;
}

frame_count_t frame_prezero(struct frame_pool *pool, frame_count_t nframes)
{
	/* In debug mode the record of the free would be lost. */
	for (; !pool->debug && nframes != 0 && frame_zeroed_count(pool) < FRAME_ZEROED_MAX;
	     nframes--) {
		/* Otherwise frame_alloc() would take one that is on the list already. */
		frame_nr_t pfn = is_any_dirty(pool) ? frame_alloc(pool) : FRAME_NONE;
		if (pfn == FRAME_NONE)
			break;
		(void)frame_free_zeroed(pool, cleared(pool, pfn, 1));
	}
	return frame_zeroed_count(pool);
}
