/* SPDX-License-Identifier: MIT */
/*
 * frame_choose.c - which chunk a hart takes its single frames from next, when the last one is used
 * up.
 *
 * All that is known here about harts and chunks are hints, which may be old or wrong: where each
 * hart takes from (frame_stock.c), and which hart entered a chunk last (frame_bank.taker). They
 * decide where to look; the bits say what can be taken.
 *
 * Whole chunks are for callers who need 2 MiB, so single frames come out of broken ones. But a
 * chunk that has only a few frames left is soon used up, and finding the next one takes some
 * hundred instructions. And a chunk from which two harts take costs both of them a cache line that
 * goes back and forth. A hart has frames in each chunk that it has entered, and when it frees them
 * it writes to the words from which another hart would take meanwhile. So a chunk is used by the
 * hart that entered it last, as long as that hart has a stock (it gives it up when it stops). The
 * order is:
 *
 *	a broken chunk that this hart entered last, with ENOUGH frames      no lock
 *	of the next SAMPLES, a chunk that no other hart uses, with ENOUGH   from here on the lock
 *	a chunk that is known to be full
 *	a broken chunk that no other hart uses, even if it has only one frame
 *	any chunk
 */
#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/platform.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_internal.h"

#define ENOUGH  32u /* frames */
#define SAMPLES 4u  /* chunks whose frames are counted before the next choice is tried */

/* ---- which hart uses a chunk ---------------------------------------------------------------- */

/* What stands for this hart in frame_bank.taker; 0 is no hart. Harts so far apart share a tag. */
#define HART_TAGS 128u

static unsigned hart_tag(void)
{
	return platform_hart() % HART_TAGS + 1;
}

/*
 * The next search among this hart's chunks begins after chunk @c: any frame of it that is in the
 * bank will do.
 */
static void seek_from(struct frame_stock *stock, const struct frame_bank *bank, uint64_t c)
{
	frame_nr_t last = bank->base + c * CHUNK_BITS + CHUNK_BITS - 1;
	frame_nr_t end = bank->first + bank->nframes - 1;

	stock->seek = last < end ? last : end;
}

/* This hart takes from chunk @c now. Lock held. */
static void note_taken_chunk(struct frame_bank *bank, uint64_t c, struct frame_stock *stock)
{
	atomic_store_explicit(&bank->taker[c], (uint8_t)hart_tag(), memory_order_relaxed);
	if (stock->seek == FRAME_NONE)
		seek_from(stock, bank, c);
}

/* Did another hart enter chunk @c last, and has it still a stock? */
static bool other_hart_uses(const struct frame_pool *pool, const struct frame_bank *bank,
			    uint64_t c)
{
	unsigned tag = atomic_load_explicit(&bank->taker[c], memory_order_relaxed);

	if (tag == 0)
		return false;
	for (unsigned hart = tag - 1; hart < pool->nstocks; hart += HART_TAGS) {
		if (hart == platform_hart())
			continue;
		const struct frame_stock *stock = hart_slots_of(&pool->stocks, hart);
		if (stock != NULL && frame_stock_base(stock) != FRAME_NONE)
			return true;
	}
	return false;
}

/* ---- a hart's own chunks, without the lock -------------------------------------------------- */

/*
 * A hart's own chunks are the chunks that it entered last: it writes there anyway when it frees
 * frames. In a pool that is nearly full each hart goes round among its own, and neither cache lines
 * nor the lock go back and forth.
 *
 * The search reads eight chunks at a time, and so many of these groups. A group that is all empty
 * or all full counts as three: a hart that uses up memory chunk by chunk must not search for long
 * what it has used up.
 */
#define OWN_GROUPS 36u

/* A place among the chunks of a bank, and how much of the search is left. */
struct own_cursor {
	struct frame_bank *bank;
	uint64_t c;
	unsigned groups; /* so many are left */
};

/*
 * The next chunk whose tag is @tag and which may be broken, or BITMAP_NONE; @from is after it
 * then.
 */
static racy_reads uint64_t next_own(struct frame_pool *pool, struct own_cursor *from, unsigned tag)
{
	struct own_cursor at = *from;
	uint64_t found = BITMAP_NONE;

	while (found == BITMAP_NONE && at.groups >= 3) {
		if (at.c >= at.bank->chunks.nchunks) {
			bool last = at.bank + 1 == &pool->bank[pool->nbanks];
			at.bank = last ? pool->bank : at.bank + 1;
			at.c = 0;
		}
		uint64_t leaves = chunk_byte_group_of(&at.bank->chunks.leaf[at.c]);
		unsigned skip = (uintptr_t)&at.bank->taker[at.c] % 8;
		uint64_t own = 0;

		if (leaves == CHUNK_EVERY_BYTE * CHUNK_EMPTY ||
		    leaves == CHUNK_EVERY_BYTE * CHUNK_FULL) {
			at.groups -= 3;
		} else {
			own = chunk_bytes_equal(chunk_byte_group_of(&at.bank->taker[at.c]), tag) &
			      ~chunk_bytes_equal(leaves, CHUNK_EMPTY) &
			      ~chunk_bytes_equal(leaves, CHUNK_FULL);
			own >>= 8 * skip;
			at.groups--;
		}
		if (own != 0)
			found = at.c + bits_ctz(own) / 8;
		at.c = own != 0 ? found + 1 : at.c + 8 - skip;
	}
	*from = at;
	return found;
}

/* Interrupts are off. */
frame_nr_t frame_choose_own(struct frame_pool *pool, struct frame_stock *stock)
{
	struct own_cursor at = { .bank = frame_bank_of(pool, stock->seek), .groups = OWN_GROUPS };
	const unsigned tag = hart_tag();
	frame_nr_t pfn = FRAME_NONE;

	if (at.bank == NULL)
		return FRAME_NONE;
	at.c = (stock->seek - at.bank->base) / CHUNK_BITS + 1;
	for (unsigned samples = 0; pfn == FRAME_NONE && samples < SAMPLES; samples++) {
		uint64_t c = next_own(pool, &at, tag);
		if (c == BITMAP_NONE)
			break;
		uint64_t free = bitmap_atomic_count(at.bank->free, c * CHUNK_BITS, CHUNK_BITS);
		if (free == CHUNK_BITS)
			break; /* the tree must learn that it is full, which takes the lock */
		if (free >= ENOUGH)
			pfn = frame_stock_take_from(stock, at.bank, c);
	}
	seek_from(stock, at.bank, at.c - 1);
	return pfn;
}

/* ---- with the lock -------------------------------------------------------------------------- */

/*
 * Take from chunk @c of @bank, which may have a frame. FRAME_NONE: it has none, and its byte says
 * so. FRAME_LATER: it had none, and then another hart freed one. Lock held.
 */
static frame_nr_t enter_chunk(struct frame_bank *bank, uint64_t c, struct frame_stock *stock)
{
	frame_nr_t pfn = frame_stock_take_from(stock, bank, c);

	if (pfn == FRAME_NONE) {
		chunk_tree_refresh(&bank->chunks, c);
		return chunk_tree_is_empty(&bank->chunks, c) ? FRAME_NONE : FRAME_LATER;
	}
	note_taken_chunk(bank, c, stock);
	if (!chunk_is_stale(&bank->chunks.leaf[c]))
		chunk_tree_mark_stale(&bank->chunks, pfn - bank->base, 1);
	return pfn;
}

/*
 * Goes through the broken chunks of all banks, beginning after the chunk of a hart's stock, and
 * around.
 */
struct broken_cursor {
	uint32_t bank;
	uint64_t c;
	uint32_t banks_left; /* how many ends of banks are to come, the first bank counted twice */
	uint64_t end;        /* where the second visit of the first bank ends */
};

static struct broken_cursor cursor_after_stock(struct frame_pool *pool,
					       const struct frame_stock *stock)
{
	frame_nr_t last = frame_stock_base(stock);
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
 * From a broken chunk: the first of the next few that has enough. A stale chunk counts as broken,
 * so some of them turn out to be full, or empty: those are refreshed.
 */
static frame_nr_t take_enough(struct frame_pool *pool, struct frame_stock *stock,
			      struct frame_search *search)
{
	struct broken_cursor at = cursor_after_stock(pool, stock);
	struct frame_bank *bank;
	unsigned samples = 0;

	for (unsigned seen = 0; seen < 4 * SAMPLES && samples < SAMPLES; seen++, at.c++) {
		(void)chunk_tree_spend(&search->budget, 1); /* a batch has more */
		bank = next_broken(pool, &at);
		if (bank == NULL)
			break;
		if (other_hart_uses(pool, bank, at.c))
			continue;
		uint64_t free = bitmap_atomic_count(bank->free, at.c * CHUNK_BITS, CHUNK_BITS);
		if (free == 0 || free == CHUNK_BITS) {
			chunk_tree_refresh(&bank->chunks, at.c);
			continue;
		}
		samples++;
		frame_nr_t pfn = free >= ENOUGH ? enter_chunk(bank, at.c, stock) : FRAME_NONE;
		if (pfn != FRAME_NONE)
			return pfn;
	}
	return FRAME_NONE;
}

/*
 * From any broken chunk; from a chunk that another hart uses only if @shared. A chunk that turns
 * out to be empty is broken no more, so the next batch does not meet it again.
 */
static frame_nr_t take_little(struct frame_pool *pool, struct frame_stock *stock, bool shared,
			      struct frame_search *search)
{
	struct broken_cursor at = cursor_after_stock(pool, stock);
	struct frame_bank *bank;

	for (; (bank = next_broken(pool, &at)) != NULL; at.c++) {
		if (!chunk_tree_spend(&search->budget, 1))
			return FRAME_LATER;
		if (!shared && other_hart_uses(pool, bank, at.c))
			continue;
		if (!chunk_tree_spend(&search->budget, 2))
			return FRAME_LATER;
		frame_nr_t pfn = enter_chunk(bank, at.c, stock);
		if (pfn != FRAME_NONE)
			return pfn;
	}
	return FRAME_NONE;
}

static frame_nr_t take_whole(struct frame_bank *bank, struct frame_stock *stock,
			     struct frame_search *search)
{
	uint64_t c;

	while ((c = chunk_tree_find_full_bounded(&bank->chunks, &search->budget)) <
	       CHUNK_TREE_LATER) {
		frame_nr_t pfn = enter_chunk(bank, c, stock);
		if (pfn != FRAME_NONE)
			return pfn;
	}
	return c == BITMAP_NONE ? FRAME_NONE : FRAME_LATER;
}

/*
 * A frame out of a new chunk for this hart. Lock held. The chunks of other harts are passed over
 * only as long as one batch gets to the end: the search does not go on for ever because of them.
 */
frame_nr_t frame_choose_any(struct frame_pool *pool, struct frame_stock *stock,
			    struct frame_search *search)
{
	frame_nr_t pfn = search->spent == 0 ? take_enough(pool, stock, search) : FRAME_NONE;

	if (platform_hart() >= pool->nstocks)
		pool->nstocks = platform_hart() + 1;

	for (uint32_t b = 0; pfn == FRAME_NONE && b < pool->nbanks; b++)
		pfn = take_whole(&pool->bank[b], stock, search);
	if (pfn == FRAME_NONE && !search->shared) {
		pfn = take_little(pool, stock, false, search);
		search->shared = pfn == FRAME_LATER;
	}
	return pfn != FRAME_NONE ? pfn : take_little(pool, stock, true, search);
}
