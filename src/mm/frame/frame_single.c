/* SPDX-License-Identifier: MIT */
/*
 * frame_single.c - one frame at a time: one atomic instruction each, no lock, interrupts as they
 * are.
 *
 * Each hart has a stock: a word of 64 frames in some chunk, from which it takes. The frames in it
 * are not the hart's. They are free, and any hart may take them; but harts choose chunks that no
 * other hart uses, so another hart takes them only when memory is short. This has simple
 * consequences:
 *
 *   - a handler that interrupts any instruction below may take and free frames: two atomic
 *     instructions on one word do not meet;
 *   - a frame may be freed on any hart: it is the same bit;
 *   - an idle or a dead hart holds no frames back;
 *   - a frame in a stock is free, so a second free of it is refused like any other;
 *   - an allocation fails only if every bit was clear when it was read.
 *
 *	 stock of hart 0 --+                +-- stock of hart 1
 *	                   v                v
 *	chunk 7  |00000000|..#.##..| ...    |  chunk 9  |........|#.#...
 *	          used up   next frame: the lowest bit
 *
 * Taking:  an amoand clears the lowest bit of the word, and says whether it was still set.
 *          No bit? The next word of the chunk; then another chunk (frame_choose.c).
 * Freeing: an amoor sets the bit, and says whether it was set before: then it is a double free.
 * After both: is the chunk stale (chunk_tree.c)? Nearly always it is. If not, mark it stale, with
 * the lock.
 */
#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/lock_scoped.h"
#include "lib/platform.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_internal.h"

/* Lock held. */
static void mark_stale_locked(struct frame_pool *pool, frame_nr_t pfn)
{
	struct frame_bank *bank = frame_bank_of(pool, pfn);

	if (bank != NULL)
		chunk_tree_mark_stale(&bank->chunks, pfn - bank->base, 1);
}

static never_inline void mark_stale(struct frame_pool *pool, frame_nr_t pfn)
{
	LOCK_SCOPED(held, &pool->lock);

	mark_stale_locked(pool, pfn);
}

static never_inline frame_nr_t mark_stale_and_return(struct frame_pool *pool, frame_nr_t pfn)
{
	mark_stale(pool, pfn);
	return pfn;
}

/* The lowest set bit of @word, which is clear now and the caller's; 0 if there is none. */
static inline uint64_t take_bit(bitmap_word *word)
{
	for (;;) {
		uint64_t bits = bitmap_atomic_word(word);
		uint64_t bit = bits & -bits;

		if (bit == 0 ||
		    likely((atomic_fetch_and_explicit(word, ~bit, memory_order_acquire) & bit) !=
			   0))
			return bit;
	}
}

/*
 * Only this hart writes to its stock, with interrupts off; @moves tells its handlers that it has
 * moved.
 */
static inline void move_stock(struct frame_stock *stock, bitmap_word *word, frame_nr_t base,
			      chunk_byte *leaf)
{
	atomic_store_explicit(&stock->word, word, memory_order_relaxed);
	atomic_store_explicit(&stock->base, base, memory_order_relaxed);
	atomic_store_explicit(&stock->leaf, leaf, memory_order_relaxed);
	atomic_store_explicit(&stock->moves,
			      atomic_load_explicit(&stock->moves, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

frame_nr_t frame_take_from_chunk(struct frame_stock *stock, bitmap_word *words, chunk_byte *leaf,
				 frame_nr_t base)
{
	for (uint64_t w = 0; w < CHUNK_WORDS; w++) {
		uint64_t bit = take_bit(&words[w]);
		if (bit == 0)
			continue;
		frame_nr_t first = base + w * BITS_PER_WORD;
		move_stock(stock, &words[w], first, leaf);
		return first + bits_ctz(bit);
	}
	return FRAME_NONE;
}

/* Only this hart writes to its stock, so no lock is needed. */
void frame_leave(struct frame_pool *pool)
{
	struct frame_stock *stock = &pool->stock[platform_hart()];
	unsigned long irq = platform_irq_save();

	move_stock(stock, &pool->empty_word, FRAME_NONE, &pool->dummy_leaf);
	for (unsigned i = 0; i < FRAME_RECENT_CHUNKS; i++)
		atomic_store_explicit(&stock->recent[i], 0, memory_order_relaxed);
	platform_irq_restore(irq);
}

/* The word of this hart is empty: the rest of its chunk, without the lock. */
static frame_nr_t take_nearby(struct frame_stock *stock)
{
	frame_nr_t base = atomic_load_explicit(&stock->base, memory_order_relaxed);

	if (base == FRAME_NONE)
		return FRAME_NONE;
	bitmap_word *word = atomic_load_explicit(&stock->word, memory_order_relaxed);
	return frame_take_from_chunk(stock, word - base % CHUNK_BITS / BITS_PER_WORD,
				     atomic_load_explicit(&stock->leaf, memory_order_relaxed),
				     align_down(base, CHUNK_BITS));
}

/* A frame from any chunk, or else from the list of zeroed frames. Lock held. */
static frame_nr_t take_any(struct frame_pool *pool, struct frame_stock *stock,
			   struct frame_search *search)
{
	frame_nr_t pfn = frame_choose_any(pool, stock, search);

	return likely(pfn != FRAME_NONE) ? pfn : frame_zeroed_flush_some(pool, search);
}

static frame_nr_t try_recorded(struct frame_pool *pool, struct frame_search *search)
{
	LOCK_SCOPED(held, &pool->lock);
	frame_nr_t pfn = take_nearby(&pool->debug_stock);

	if (pfn == FRAME_NONE)
		return take_any(pool, &pool->debug_stock, search);
	if (!chunk_is_stale(pool->debug_stock.leaf))
		mark_stale_locked(pool, pfn);
	return pfn;
}

frame_nr_t frame_alloc_recorded(struct frame_pool *pool, const void *caller)
{
	struct frame_search search = frame_search();
	frame_nr_t pfn;

	do {
		pfn = try_recorded(pool, &search);
	} while (frame_search_retry(pool, &search, pfn));
	frame_debug_take(pool, pfn, 1, caller);
	return pfn;
}

static frame_nr_t try_pool(struct frame_pool *pool, struct frame_stock *stock,
			   struct frame_search *search)
{
	LOCK_SCOPED(held, &pool->lock);

	if (platform_hart() >= pool->nstocks)
		pool->nstocks = platform_hart() + 1;
	return take_any(pool, stock, search);
}

static frame_nr_t alloc_from_pool(struct frame_pool *pool, struct frame_stock *stock)
{
	struct frame_search search = frame_search();
	frame_nr_t pfn;

	do {
		pfn = try_pool(pool, stock, &search);
	} while (frame_search_retry(pool, &search, pfn));
	return pfn;
}

/* The last call in frame_alloc() is a jump: in the function called, acre_caller() is its caller. */
static never_inline frame_nr_t alloc_slow(struct frame_pool *pool)
{
	if (unlikely(pool->debug))
		return frame_alloc_recorded(pool, acre_caller());
	struct frame_stock *stock = &pool->stock[platform_hart()];
	unsigned long irq = platform_irq_save();
	frame_nr_t pfn = take_nearby(stock);

	if (pfn == FRAME_NONE)
		pfn = frame_choose_own(pool, stock);
	if (pfn != FRAME_NONE) {
		bool stale =
			chunk_is_stale(atomic_load_explicit(&stock->leaf, memory_order_relaxed));
		platform_irq_restore(irq);
		return likely(stale) ? pfn : mark_stale_and_return(pool, pfn);
	}
	platform_irq_restore(irq);
	return alloc_from_pool(pool, stock);
}

frame_nr_t frame_alloc(struct frame_pool *pool)
{
	struct frame_stock *stock = &pool->stock[platform_hart()];
	uint64_t moves = atomic_load_explicit(&stock->moves, memory_order_relaxed);

	/*
	 * A handler may come in between and move the stock, also back to where it was: then these
	 * three do not belong together. A handler has always run to its end, so counting the moves
	 * is enough.
	 */
	atomic_signal_fence(memory_order_seq_cst);
	bitmap_word *word = atomic_load_explicit(&stock->word, memory_order_relaxed);
	frame_nr_t base = atomic_load_explicit(&stock->base, memory_order_relaxed);
	chunk_byte *leaf = atomic_load_explicit(&stock->leaf, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	if (unlikely(moves != atomic_load_explicit(&stock->moves, memory_order_relaxed)))
		return alloc_slow(pool);
	uint64_t bit = take_bit(word);
	if (unlikely(bit == 0))
		return alloc_slow(pool);
	frame_nr_t pfn = base + bits_ctz(bit);
	return chunk_is_stale(leaf) ? pfn : mark_stale_and_return(pool, pfn);
}

/* A free that is right, as nearly all are. False, and nothing has changed, if it is not. */
static inline bool free_fast(struct frame_pool *pool, struct frame_bank *bank, frame_nr_t pfn)
{
	uint64_t index = pfn - bank->base;
	uint64_t bit = bitmap_bit(index);

	if (unlikely(!bitmap_atomic_test(bank->inserted, index)) ||
	    unlikely((atomic_fetch_or_explicit(&bank->free[index / BITS_PER_WORD], bit,
					       memory_order_release) &
		      bit) != 0))
		return false;
	if (unlikely(!chunk_is_stale(&bank->chunks.leaf[index / CHUNK_BITS])))
		mark_stale(pool, pfn);
	return true;
}

/* Debug mode, other banks, and what the fast path has refused. */
static never_inline enum acre_status free_slow(struct frame_pool *pool, frame_nr_t pfn,
					       const void *caller)
{
	if (unlikely(pool->debug))
		return frame_free_one(pool, pfn, caller);
	struct frame_bank *bank = frame_bank_among(pool, pfn);

	if (likely(bank != NULL) && likely(free_fast(pool, bank, pfn)))
		return ACRE_OK;
	return frame_free_one(pool, pfn, caller);
}

enum acre_status frame_free(struct frame_pool *pool, frame_nr_t pfn)
{
	struct frame_bank *bank = &pool->bank[0];

	/*
	 * A bank that begins in the middle of a chunk shares it: then the bit is not inserted here.
	 */
	if (unlikely(pfn - bank->base >= pool->fast_nbits) || unlikely(!free_fast(pool, bank, pfn)))
		return free_slow(pool, pfn, acre_caller());
	return ACRE_OK;
}
