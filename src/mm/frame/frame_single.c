/* SPDX-License-Identifier: MIT */
/*
 * frame_single.c - one frame at a time: one atomic instruction each, no lock, interrupts as they
 * are.
 *
 * Taking:  an amoand clears the lowest bit of the word that is this hart's stock (frame_stock.c),
 *          and says whether it was still set. No bit? The next word of the chunk; then another
 *          chunk (frame_choose.c).
 * Freeing: an amoor sets the bit, and says whether it was set before: then it is a double free.
 * After both: is the chunk stale (chunk_tree.c)? Nearly always it is. If not, mark it stale, with
 * the lock.
 */
#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/lock_scoped.h"
#include "lib/platform.h"
#include "lib/reclaim.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_internal.h"

/* Lock held. */
static void mark_stale_locked(struct frame_pool *pool, frame_nr_t pfn)
{
	struct frame_bank *bank = frame_bank_of(pool, pfn);

	if (bank != NULL)
		chunk_tree_mark_stale(&bank->chunks, pfn - bank->base, 1);
}

static never_inline frame_nr_t mark_stale(struct frame_pool *pool, frame_nr_t pfn)
{
	LOCK_SCOPED(held, &pool->lock);

	mark_stale_locked(pool, pfn);
	return pfn;
}

/* ---- taking ---------------------------------------------------------------------------------- */

/* Is the chunk of @pfn, which @stock was just taken from, stale? */
static bool stock_is_stale(const struct frame_stock *stock, frame_nr_t pfn)
{
	const struct frame_bank *bank = frame_stock_bank(stock);

	return chunk_is_stale(&bank->chunks.leaf[(pfn - bank->base) / CHUNK_BITS]);
}

/* From a chunk of its own, without the lock. FRAME_NONE also where the hart has no stock. */
static frame_nr_t take_own(struct frame_pool *pool)
{
	unsigned long irq = platform_irq_save();
	struct frame_stock *stock = frame_stock_here(pool);
	frame_nr_t pfn = FRAME_NONE;
	bool stale = true;

	if (likely(stock != &pool->shared)) {
		pfn = frame_stock_take_nearby(stock);
		if (pfn == FRAME_NONE)
			pfn = frame_choose_own(pool, stock);
		if (pfn != FRAME_NONE)
			stale = stock_is_stale(stock, pfn);
	}
	platform_irq_restore(irq);
	if (unlikely(!stale))
		mark_stale(pool, pfn);
	return pfn;
}

/* From any chunk. Lock held. */
static frame_nr_t take_any(struct frame_pool *pool, struct frame_search *search)
{
	struct frame_stock *stock = frame_stock_here(pool);

	if (unlikely(stock == &pool->shared)) {
		frame_nr_t pfn = frame_stock_take_nearby(stock);
		if (pfn != FRAME_NONE) {
			if (!stock_is_stale(stock, pfn))
				mark_stale_locked(pool, pfn);
			return pfn;
		}
	}
	return frame_choose_any(pool, stock, search);
}

static frame_nr_t search_any(struct frame_pool *pool)
{
	struct frame_search search = FRAME_SEARCH;

	return frame_search(pool, take_any, &search);
}

/* There was none: those are asked who may give frames back. */
static never_inline frame_nr_t reclaim_one(struct frame_pool *pool)
{
	struct reclaim_hook *asked = NULL;
	frame_nr_t pfn = FRAME_NONE;

	while (pfn == FRAME_NONE && reclaim_more(pool->reclaim, &asked, FRAME_SIZE))
		pfn = search_any(pool);
	return pfn;
}

static never_inline frame_nr_t alloc_slow(struct frame_pool *pool, const void *caller)
{
	frame_nr_t pfn = take_own(pool);

	if (pfn == FRAME_NONE)
		pfn = search_any(pool);
	if (unlikely(pfn == FRAME_NONE) && pool->reclaim != NULL)
		pfn = reclaim_one(pool);
	if (unlikely(pool->watched))
		frame_watch_taken(pool, pfn, 1, caller);
	return pfn;
}

/* The word at @index, which is a multiple of 64: one shift. */
static force_inline bitmap_word *word_of_stock(const struct frame_bank *bank, uint64_t index)
{
	return (bitmap_word *)((uintptr_t)bank->free + index / 8);
}

static force_inline frame_nr_t alloc(struct frame_pool *pool, const void *caller)
{
	const struct frame_stock *stock = hart_slots_own(&pool->stocks);
	const struct frame_bank *bank = frame_stock_bank(stock);
	frame_nr_t base = frame_stock_base(stock);
	uint64_t index = base - bank->base;

	if (unlikely(index >= bank->fast_nbits))
		return alloc_slow(pool, caller);
	unsigned i;
	if (unlikely(!frame_take_lowest(word_of_stock(bank, index), &i)))
		return alloc_slow(pool, caller);
	frame_nr_t pfn = base + i;
	if (unlikely(!chunk_is_stale(&bank->chunks.leaf[index / CHUNK_BITS]))) {
		pfn = mark_stale(pool, pfn);
		/* An ordinary call: a jump would make the compiler save ra on the fast path too. */
		atomic_signal_fence(memory_order_relaxed);
	}
	return pfn;
}

frame_nr_t frame_alloc(struct frame_pool *pool)
{
	return alloc(pool, acre_caller());
}

frame_nr_t frame_alloc_from(struct frame_pool *pool, const void *caller)
{
	return alloc(pool, caller);
}

frame_nr_t frame_alloc_zeroed(struct frame_pool *pool)
{
	return frame_cleared(pool, alloc(pool, acre_caller()), 1);
}

void *frame_alloc_ptr(struct frame_pool *pool)
{
	frame_nr_t pfn = alloc(pool, acre_caller());

	return pfn != FRAME_NONE ? frame_ptr(pool, pfn) : NULL;
}

void frame_leave(struct frame_pool *pool)
{
	unsigned long irq = platform_irq_save();

	frame_stock_leave(hart_slots_own(&pool->stocks), pool);
	platform_irq_restore(irq);
}

/* ---- freeing --------------------------------------------------------------------------------- */

/*
 * @pfn has a bit in @bank. What the one atomic instruction says is the answer: to try again would
 * free the frame of another hart, if that took it meanwhile. False, and nothing has changed, if the
 * frame is not inserted there.
 */
static force_inline bool free_fast(struct frame_pool *pool, struct frame_bank *bank, frame_nr_t pfn,
				   const void *caller, enum acre_status *status)
{
	uint64_t index = pfn - bank->base;
	uint64_t bit = bitmap_bit(index);

	*status = ACRE_OK;
	if (unlikely(!bitmap_atomic_test(bank->inserted, index)))
		return false;
	if (unlikely((bitmap_atomic_set(&bank->free[index / BITS_PER_WORD], bit) & bit) != 0))
		*status = frame_refuse_free_one(pfn, caller);
	else if (unlikely(!chunk_is_stale(&bank->chunks.leaf[index / CHUNK_BITS])))
		mark_stale(pool, pfn);
	return true;
}

static force_inline bool free_among(struct frame_pool *pool, frame_nr_t pfn, const void *caller,
				    enum acre_status *status)
{
	struct frame_bank *bank = frame_bank_among(pool, pfn);

	return likely(bank != NULL) && likely(free_fast(pool, bank, pfn, caller, status));
}

/* A watched pool, and what is not inserted. */
static never_inline enum acre_status free_watched(struct frame_pool *pool, frame_nr_t pfn,
						  const void *caller)
{
	enum acre_status status;

	if (pool->watched) {
		frame_watch_freeing(pool, pfn, 1, caller);
		if (!pool->debug && free_among(pool, pfn, caller, &status))
			return status;
	}
	return frame_free_one(pool, pfn, caller);
}

/* Other banks. */
static never_inline enum acre_status free_slow(struct frame_pool *pool, frame_nr_t pfn,
					       const void *caller)
{
	enum acre_status status;

	if (likely(!pool->watched) && free_among(pool, pfn, caller, &status))
		return status;
	return free_watched(pool, pfn, caller);
}

static force_inline enum acre_status free_frame(struct frame_pool *pool, frame_nr_t pfn,
						const void *caller)
{
	struct frame_bank *bank = pool->bank;
	enum acre_status status;

	/*
	 * A bank that begins in the middle of a chunk shares it: then the bit is not inserted here.
	 */
	if (likely(pfn - bank->base < bank->fast_nbits) &&
	    likely(free_fast(pool, bank, pfn, caller, &status)))
		return status;
	return free_slow(pool, pfn, caller);
}

enum acre_status frame_free(struct frame_pool *pool, frame_nr_t pfn)
{
	return free_frame(pool, pfn, acre_caller());
}

enum acre_status frame_free_from(struct frame_pool *pool, frame_nr_t pfn, const void *caller)
{
	return free_frame(pool, pfn, caller);
}

static force_inline enum acre_status free_address(struct frame_pool *pool, acre_paddr_t addr,
						  const void *caller)
{
	return likely(is_aligned(addr, FRAME_SIZE))
		       ? free_frame(pool, frame_from_paddr(addr), caller)
		       : frame_refuse_misaligned(addr, caller);
}

enum acre_status frame_free_address(struct frame_pool *pool, acre_paddr_t addr)
{
	return free_address(pool, addr, acre_caller());
}

enum acre_status frame_free_ptr(struct frame_pool *pool, void *ptr)
{
	return free_address(pool, (uint64_t)(uintptr_t)ptr - pool->offset, acre_caller());
}
