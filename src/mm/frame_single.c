/* SPDX-License-Identifier: MIT */
/*
 * frame_single.c - one frame at a time: one atomic instruction each, no lock, interrupts as they are.
 *
 * Each hart has a stock: a word of 64 frames in some chunk, from which it takes. The frames in it are
 * not the hart's. They are free, in plain sight, and anybody may take them; only that nobody else does
 * so without need, since harts choose chunks that no other one uses. That is why so little has to be
 * said about it:
 *
 *   - a handler that interrupts any instruction below may take and give frames: two atomic
 *     instructions on one word do not meet;
 *   - a frame may be given back on any hart: it is the same bit;
 *   - nothing has to be taken back from an idle or a dead hart: it has nothing;
 *   - a frame that lies in a stock is free, so giving it back again is refused like any other;
 *   - an allocation fails only where every bit was clear when it was looked at.
 *
 *	 stock of hart 0 --+                +-- stock of hart 1
 *	                   v                v
 *	chunk 7  |00000000|..#.##..| ...    |  chunk 9  |........|#.#...
 *	          used up   next frame: the lowest bit
 *
 * Taking:  the lowest bit of the word, cleared by an amoand that says whether it was still set.
 *          No bit? The next word of the chunk; then, with the lock, another chunk.
 * Giving:  the bit set by an amoor that says whether it was set before: then it is a double free.
 * Both, behind it: does the tree know that something has changed in this chunk (chunk_tree.c)? It nearly
 * always does; if not, tell it, with the lock.
 */
#include "lib/align.h"
#include "lib/lock_scoped.h"
#include "lib/platform.h"
#include "mm/frame.h"
#include "mm/frame_internal.h"

/* ---- single frames --------------------------------------------------------------------------- */

/* Lock held. */
static void touch_locked(struct frame_pool *pool, pfn_t pfn)
{
	struct frame_bank *bank = frame_bank_of(pool, pfn);

	if (bank != NULL)
		chunk_tree_touch(&bank->chunks, pfn - bank->base, 1);
}

static never_inline void touch(struct frame_pool *pool, pfn_t pfn)
{
	LOCK_SCOPED(held, &pool->lock);

	touch_locked(pool, pfn);
}

static never_inline pfn_t touched(struct frame_pool *pool, pfn_t pfn)
{
	touch(pool, pfn);
	return pfn;
}

/* The lowest set bit of @word, now clear and ours; 0 if there is none. */
static inline uint64_t take_bit(atomic_word *word)
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

/* Only this hart writes to its stock, with interrupts off; its handlers see by the count that it has moved. */
static inline void move_stock(struct frame_stock *stock, atomic_word *word, pfn_t base,
			      chunk_byte *leaf)
{
	atomic_store_explicit(&stock->word, word, memory_order_relaxed);
	atomic_store_explicit(&stock->base, base, memory_order_relaxed);
	atomic_store_explicit(&stock->leaf, leaf, memory_order_relaxed);
	atomic_store_explicit(&stock->moves,
			      atomic_load_explicit(&stock->moves, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

/* Take a frame of chunk @c for the stock of this hart, which stays there. Interrupts are off. */
static pfn_t take_from_chunk(struct frame_stock *stock, atomic_word *words, chunk_byte *leaf,
			     pfn_t base)
{
	for (uint64_t w = 0; w < CHUNK_WORDS; w++) {
		uint64_t bit = take_bit(&words[w]);
		if (bit == 0)
			continue;
		pfn_t first = base + w * BITS_PER_WORD;
		move_stock(stock, &words[w], first, leaf);
		return first + bits_ctz(bit);
	}
	return PFN_NONE;
}

/* Only this hart writes to its stock: so the others need not be asked. */
void frame_leave(struct frame_pool *pool)
{
	struct frame_stock *stock = &pool->stock[platform_hart()];
	unsigned long irq = platform_irq_save();

	move_stock(stock, &pool->nothing, PFN_NONE, &pool->nowhere);
	for (unsigned i = 0; i < FRAME_CHUNKS_LEFT; i++)
		atomic_store_explicit(&stock->left[i], 0, memory_order_relaxed);
	platform_irq_restore(irq);
}

/* The word of this hart is empty: the rest of its chunk, without the lock. */
static pfn_t take_nearby(struct frame_stock *stock)
{
	pfn_t base = atomic_load_explicit(&stock->base, memory_order_relaxed);

	if (base == PFN_NONE)
		return PFN_NONE;
	atomic_word *word = atomic_load_explicit(&stock->word, memory_order_relaxed);
	return take_from_chunk(stock, word - base % CHUNK_BITS / BITS_PER_WORD,
			       atomic_load_explicit(&stock->leaf, memory_order_relaxed),
			       align_down(base, CHUNK_BITS));
}

/*
 * The chunks that a hart has taken from are left to it for a while: it still has frames there, and when it gives
 * them back it writes to the words that another would take from meanwhile. A hint, like all that is known of
 * stocks, and no more than its low bits of a chunk's number: what looks left to another is taken a little later.
 */
static uint32_t left_name(pfn_t pfn)
{
	return (uint32_t)(pfn / CHUNK_BITS) + 1;
}

/* Lock held. */
static void leave_chunk(struct frame_stock *stock, pfn_t base)
{
	uint32_t i = stock->next_left;

	stock->next_left = i + 1 < FRAME_CHUNKS_LEFT ? i + 1 : 0;
	atomic_store_explicit(&stock->left[i], left_name(base), memory_order_relaxed);
}

static bool is_of(const struct frame_stock *stock, pfn_t base)
{
	bool is = atomic_load_explicit(&stock->base, memory_order_relaxed) - base < CHUNK_BITS;

	for (unsigned i = 0; i < FRAME_CHUNKS_LEFT; i++)
		is |= atomic_load_explicit(&stock->left[i], memory_order_relaxed) ==
		      left_name(base);
	return is;
}

/* Does another hart take its frames from the chunk that begins at @base, or has it done so lately? */
static bool is_elsewhere(const struct frame_pool *pool, pfn_t base)
{
	const struct frame_stock *own = &pool->stock[platform_hart()];
	const struct frame_stock *end = &pool->stock[pool->nstocks];

	for (const struct frame_stock *stock = pool->stock; stock < end; stock++) {
		if (stock != own && is_of(stock, base))
			return true;
	}
	return false;
}

/* Chunk @c of @bank, which may have something. If it has not, the tree knows then. Lock held. */
static pfn_t try_chunk(struct frame_bank *bank, uint64_t c, struct frame_stock *stock)
{
	pfn_t base = bank->base + c * CHUNK_BITS;
	pfn_t pfn =
		take_from_chunk(stock, &bank->free[c * CHUNK_WORDS], &bank->chunks.leaf[c], base);

	if (pfn == PFN_NONE) {
		chunk_tree_look(&bank->chunks, c);
		return pfn;
	}
	leave_chunk(stock, base);
	if (!frame_is_known(&bank->chunks.leaf[c]))
		chunk_tree_touch(&bank->chunks, pfn - bank->base, 1);
	return pfn;
}

/* ---- which chunk ----------------------------------------------------------------------------- */

/*
 * Whole chunks are for those who need 2 MiB, so single frames come out of broken ones. But one that has
 * only a few left is soon used up, and finding the next one takes some hundred instructions. So: the
 * next broken chunk that has ENOUGH, if one of the next SAMPLES has; else a whole one; and what
 * little the others have only when there is no whole one left.
 */
#define ENOUGH  32u
#define SAMPLES 4u

/* Goes through the broken chunks of all banks, from behind the last one of a hart and around. */
struct broken_cursor {
	uint32_t bank;
	uint64_t c;
	uint32_t banks_left; /* ends of banks to come, the first bank counted twice */
	uint64_t end;        /* where the second visit of the first bank ends */
};

static struct broken_cursor behind(struct frame_pool *pool, const struct frame_stock *stock)
{
	pfn_t last = atomic_load_explicit(&stock->base, memory_order_relaxed);
	struct broken_cursor at = { .banks_left = pool->nbanks };

	for (uint32_t b = 0; b < pool->nbanks; b++) {
		uint64_t index = last - pool->bank[b].base;
		if (index < pool->bank[b].nbits)
			at = (struct broken_cursor){ b, index / CHUNK_BITS + 1, pool->nbanks,
						     index / CHUNK_BITS + 1 };
	}
	return at;
}

/* The next one, or NULL; @at->c is its chunk then. */
static struct frame_bank *next_broken(struct frame_pool *pool, struct broken_cursor *at)
{
	if (pool->nbanks == 0)
		return NULL;
	for (;; at->c = 0, at->banks_left--) {
		struct frame_bank *bank = &pool->bank[at->bank];

		at->c = chunk_tree_next_broken(&bank->chunks, at->c);
		if (at->c != BITMAP_NONE && (at->banks_left != 0 || at->c < at->end))
			return bank;
		if (at->banks_left == 0)
			return NULL;
		at->bank = at->bank + 1 < pool->nbanks ? at->bank + 1 : 0;
	}
}

/*
 * From a broken chunk: the first of the next few that has enough. What is stale counts as broken, so
 * some of them turn out to be whole, or empty: then the tree learns that.
 */
static pfn_t take_enough(struct frame_pool *pool, struct frame_stock *stock)
{
	struct broken_cursor at = behind(pool, stock);
	struct frame_bank *bank;
	unsigned samples = 0;

	for (unsigned seen = 0; seen < 4 * SAMPLES && samples < SAMPLES; seen++, at.c++) {
		bank = next_broken(pool, &at);
		if (bank == NULL)
			break;
		if (is_elsewhere(pool, bank->base + at.c * CHUNK_BITS))
			continue;
		uint64_t free = bitmap_atomic_count(bank->free, at.c * CHUNK_BITS, CHUNK_BITS);
		if (free == 0 || free == CHUNK_BITS) {
			chunk_tree_look(&bank->chunks, at.c);
			continue;
		}
		samples++;
		pfn_t pfn = free >= ENOUGH ? try_chunk(bank, at.c, stock) : PFN_NONE;
		if (pfn != PFN_NONE)
			return pfn;
	}
	return PFN_NONE;
}

/*
 * From any broken chunk; another hart's only if @shared. Each that turns out to have nothing is broken no
 * more, so the next portion does not meet it again.
 */
static pfn_t take_little(struct frame_pool *pool, struct frame_stock *stock, bool shared,
			 struct frame_search *search)
{
	struct broken_cursor at = behind(pool, stock);
	struct frame_bank *bank;

	for (; (bank = next_broken(pool, &at)) != NULL; at.c++) {
		if (!chunk_tree_spend(&search->looks, 1))
			return PFN_LATER;
		if (!shared && is_elsewhere(pool, bank->base + at.c * CHUNK_BITS))
			continue;
		pfn_t pfn = try_chunk(bank, at.c, stock);
		if (pfn != PFN_NONE)
			return pfn;
	}
	return PFN_NONE;
}

static pfn_t take_whole(struct frame_bank *bank, struct frame_stock *stock,
			struct frame_search *search)
{
	uint64_t index;

	while ((index = chunk_tree_find_within(&bank->chunks, CHUNK_ORDER, &search->looks)) <
	       CHUNK_TREE_LATER) {
		pfn_t pfn = try_chunk(bank, index / CHUNK_BITS, stock);
		if (pfn != PFN_NONE)
			return pfn;
		if (!chunk_tree_spend(&search->looks, 1))
			return PFN_LATER;
	}
	return index == BITMAP_NONE ? PFN_NONE : PFN_LATER;
}

/*
 * A frame out of a new chunk for this hart. Lock held. Chunks of other harts are passed over by a portion that can
 * do it to the end; they are no reason to go on for ever.
 */
static pfn_t take_from_pool(struct frame_pool *pool, struct frame_stock *stock,
			    struct frame_search *search)
{
	pfn_t pfn = search->spent == 0 ? take_enough(pool, stock) : PFN_NONE;

	for (uint32_t b = 0; pfn == PFN_NONE && b < pool->nbanks; b++)
		pfn = take_whole(&pool->bank[b], stock, search);
	if (pfn == PFN_NONE && !search->shared) {
		pfn = take_little(pool, stock, false, search);
		search->shared = pfn == PFN_LATER;
	}
	return pfn != PFN_NONE ? pfn : take_little(pool, stock, true, search);
}

/* Or one that is known to be zero. Lock held. */
static pfn_t take_any(struct frame_pool *pool, struct frame_stock *stock,
		      struct frame_search *search)
{
	pfn_t pfn = take_from_pool(pool, stock, search);

	return likely(pfn != PFN_NONE) ? pfn : frame_zeroed_flush_some(pool, search);
}

static pfn_t try_recorded(struct frame_pool *pool, struct frame_search *search)
{
	LOCK_SCOPED(held, &pool->lock);
	pfn_t pfn = take_nearby(&pool->recorded);

	if (pfn == PFN_NONE)
		return take_any(pool, &pool->recorded, search);
	if (!frame_is_known(pool->recorded.leaf))
		touch_locked(pool, pfn);
	return pfn;
}

pfn_t frame_alloc_recorded(struct frame_pool *pool, const void *caller)
{
	struct frame_search search = frame_search();
	pfn_t pfn;

	do {
		pfn = try_recorded(pool, &search);
	} while (frame_search_on(pool, &search, pfn));
	frame_debug_take(pool, pfn, 1, caller);
	return pfn;
}

static pfn_t try_pool(struct frame_pool *pool, struct frame_stock *stock,
		      struct frame_search *search)
{
	LOCK_SCOPED(held, &pool->lock);

	if (platform_hart() >= pool->nstocks)
		pool->nstocks = platform_hart() + 1;
	return take_any(pool, stock, search);
}

static pfn_t alloc_from_pool(struct frame_pool *pool, struct frame_stock *stock)
{
	struct frame_search search = frame_search();
	pfn_t pfn;

	do {
		pfn = try_pool(pool, stock, &search);
	} while (frame_search_on(pool, &search, pfn));
	return pfn;
}

/* A call that is the last thing that frame_alloc() does is a jump: then CALLER() is its caller. */
static never_inline pfn_t alloc_slowly(struct frame_pool *pool)
{
	if (unlikely(pool->debug))
		return frame_alloc_recorded(pool, CALLER());
	struct frame_stock *stock = &pool->stock[platform_hart()];
	unsigned long irq = platform_irq_save();
	pfn_t pfn = take_nearby(stock);

	if (pfn != PFN_NONE) {
		bool known =
			frame_is_known(atomic_load_explicit(&stock->leaf, memory_order_relaxed));
		platform_irq_restore(irq);
		return likely(known) ? pfn : touched(pool, pfn);
	}
	platform_irq_restore(irq);
	return alloc_from_pool(pool, stock);
}

pfn_t frame_alloc(struct frame_pool *pool)
{
	struct frame_stock *stock = &pool->stock[platform_hart()];
	uint64_t moves = atomic_load_explicit(&stock->moves, memory_order_relaxed);

	/*
	 * Handlers may come in between and move the stock, also back to where it was: then these three
	 * do not belong together. They have all run to their end, so that counting the moves is enough.
	 */
	atomic_signal_fence(memory_order_seq_cst);
	atomic_word *word = atomic_load_explicit(&stock->word, memory_order_relaxed);
	pfn_t base = atomic_load_explicit(&stock->base, memory_order_relaxed);
	chunk_byte *leaf = atomic_load_explicit(&stock->leaf, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	if (unlikely(moves != atomic_load_explicit(&stock->moves, memory_order_relaxed)))
		return alloc_slowly(pool);
	uint64_t bit = take_bit(word);
	if (unlikely(bit == 0))
		return alloc_slowly(pool);
	pfn_t pfn = base + bits_ctz(bit);
	return frame_is_known(leaf) ? pfn : touched(pool, pfn);
}

/* Nearly every free there is: one that is right. False, and nothing has changed, if it is not. */
static inline bool free_rightly(struct frame_pool *pool, struct frame_bank *bank, pfn_t pfn)
{
	uint64_t index = pfn - bank->base;
	uint64_t bit = bitmap_bit(index);

	if (unlikely(!bitmap_atomic_test(bank->inserted, index)) ||
	    unlikely((atomic_fetch_or_explicit(&bank->free[index / BITS_PER_WORD], bit,
					       memory_order_release) &
		      bit) != 0))
		return false;
	if (unlikely(!frame_is_known(&bank->chunks.leaf[index / CHUNK_BITS])))
		touch(pool, pfn);
	return true;
}

/* All but the first bank. */
static never_inline enum status free_elsewhere(struct frame_pool *pool, pfn_t pfn,
					       const void *caller)
{
	if (unlikely(pool->debug))
		return frame_free_one(pool, pfn, caller);
	struct frame_bank *bank = frame_bank_among(pool, pfn);

	if (likely(bank != NULL) && likely(free_rightly(pool, bank, pfn)))
		return STATUS_OK;
	return frame_free_one(pool, pfn, caller);
}

enum status frame_free(struct frame_pool *pool, pfn_t pfn)
{
	struct frame_bank *bank = &pool->bank[0];

	/* A bank that begins in the middle of a chunk shares it: then the bit is not inserted here. */
	if (unlikely(pfn - bank->base >= pool->quick_nbits) ||
	    unlikely(!free_rightly(pool, bank, pfn)))
		return free_elsewhere(pool, pfn, CALLER());
	return STATUS_OK;
}
