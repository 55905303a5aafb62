/* SPDX-License-Identifier: MIT */
/*
 * frame.c - the frame pool: banks, each with two bits a frame, and what is done under the lock: setting
 * up, runs, ranges, refusals, questions. frame_single.c has the single frames, without the lock.
 *
 * A bank is one contiguous piece of RAM. Its metadata, which the caller supplies, is two bitmaps over
 * the same indices, and a tree over the first. Index i stands for frame base + i; base is the bank's
 * first frame rounded down to a chunk of 512 frames, so that chunks are 2 MiB of physical memory:
 *
 *	frame         base        first                            first + nframes - 1
 *	              |           |                                          |
 *	inserted      0 0 0 0 0 0 0 0 1 1 1 1 1 1 1 1 0 0 0 1 1 1 1 1 1 1 1 1 0 0 0 0
 *	free          0 0 0 0 0 0 0 0 0 0 1 1 0 1 1 1 0 0 0 1 1 1 1 1 1 1 1 1 0 0 0 0
 *	                              |_| |_| |
 *	        never inserted     handed  free
 *	       (kernel, tables)      out
 *
 *	metadata of a bank:   | free | inserted | tree over free (chunk_tree.c) | taker |
 *	                        n bits  n bits     n / 8 bits                     n / 64 bits
 *
 * The bits of `free` are the truth, and the only one: nobody keeps a free frame anywhere else, but for a
 * few that are known to be zero (frame_zero.c), whose bits are as if they were never inserted. A free may
 * happen exactly where inserted is 1 and free is 0, and the one atomic instruction that sets the bit says
 * what it was: that is the whole of the check against double and foreign frees.
 *
 * Invariants (frame_validate() checks them by these numbers):
 *   F1  banks are not empty, sorted by address, disjoint, and below FRAME_LIMIT.
 *   F2  a bank's bitmaps are the whole chunks that it touches.
 *   F3  free implies inserted; nothing outside of the bank is inserted.
 *   F4  a bank's managed is the number of its frames that are inserted or known to be zero; the pool's
 *       is the sum of those.
 *   F5  a hart's stock is a word of a bank, with the frames and the chunk that belong to it, or nothing.
 *   F6  the word that stands for nothing is zero.
 *   F7  the frames that are known to be zero are distinct, of a bank, and have no bit set.
 *   F8  the quick ways are open if and only if the debug tier (frame_debug.c) is off; if it is on, no hart
 *       has a stock, and what is free or not inserted is not recorded as taken.
 *   and those of the tree.
 *
 * The lock guards the table of banks, the bits of `inserted`, the trees, and whoever looks for more than
 * one frame. Bits of `free` change without it. So a run that was found may lose a frame before it is
 * taken: then what was taken of it is put back, and the search goes on.
 */
#include "mm/frame/frame.h"

#include <limits.h>

#include "lib/align.h"
#include "lib/lock_scoped.h"
#include "lib/panic.h"
#include "lib/platform.h"
#include "lib/string.h"
#include "mm/frame/frame_internal.h"

/* ---- setting up ------------------------------------------------------------------------------ */

/* How many chunks @nframes frames touch, wherever the first one is. */
static uint64_t chunks_for(frame_count_t nframes)
{
	return nframes == 0 ? 0 : (nframes - 1) / CHUNK_BITS + 2;
}

/* A byte for each chunk, in groups of eight like the leaves of the tree. */
static uint64_t taker_bytes(uint64_t nchunks)
{
	return nchunks == 0 ? 0 : (nchunks + 7 + 7) / 8 * 8;
}

size_t frame_metadata_bytes(frame_count_t nframes)
{
	uint64_t nchunks = chunks_for(nframes);

	return 2 * nchunks * CHUNK_WORDS * sizeof(bitmap_word) + chunk_tree_bytes(nchunks) +
	       taker_bytes(nchunks);
}

enum acre_status frame_pool_init(struct frame_pool *pool, uint64_t offset)
{
	if (!is_aligned(offset, FRAME_SIZE))
		return ACRE_ERR_MISALIGNED;
	memset(pool, 0, sizeof(*pool));
	ticket_lock_init_level(&pool->lock, "frames", TICKET_LOCK_FRAMES);
	pool->offset = offset;
	pool->fast_min_align = FRAME_SIZE;
	atomic_init(&pool->debug_stock.base, FRAME_NONE);
	pool->debug_stock.seek = FRAME_NONE;
	for (unsigned hart = 0; hart < PLATFORM_MAX_HARTS; hart++) {
		atomic_init(&pool->stock[hart].word, &pool->empty_word);
		atomic_init(&pool->stock[hart].base, FRAME_NONE);
		atomic_init(&pool->stock[hart].leaf, &pool->dummy_leaf);
		pool->stock[hart].seek = FRAME_NONE;
	}
	return ACRE_OK;
}

static bool is_frame_range(frame_nr_t first, frame_count_t nframes)
{
	return first < FRAME_LIMIT && nframes <= FRAME_LIMIT - first;
}

/* Where in the table a bank of [@first, @first + @nframes) belongs. */
static enum acre_status find_slot(const struct frame_pool *pool, frame_nr_t first,
				  frame_count_t nframes, uint32_t *slot)
{
	uint32_t at = frame_banks_upto(pool, first);

	if (at > 0 && first - pool->bank[at - 1].first < pool->bank[at - 1].nframes)
		return ACRE_ERR_OVERLAP;
	if (at < pool->nbanks && pool->bank[at].first - first < nframes)
		return ACRE_ERR_OVERLAP;
	if (pool->nbanks == FRAME_MAX_BANKS)
		return ACRE_ERR_FULL;
	*slot = at;
	return ACRE_OK;
}

static void bank_init(struct frame_bank *bank, frame_nr_t first, frame_count_t nframes,
		      void *metadata, struct chunk_changes *changes)
{
	frame_nr_t base = align_down(first, CHUNK_BITS);
	uint64_t nchunks = (first - base + nframes - 1) / CHUNK_BITS + 1;
	uint64_t nwords = nchunks * CHUNK_WORDS;
	bitmap_word *words = metadata;

	uint8_t *storage = (uint8_t *)(words + 2 * nwords);

	memset(metadata, 0, 2 * nwords * sizeof(*words));
	memset(storage + chunk_tree_bytes(nchunks), 0, taker_bytes(nchunks));
	*bank = (struct frame_bank){
		.base = base,
		.nbits = nchunks * CHUNK_BITS,
		.free = words,
		.inserted = words + nwords,
		.first = first,
		.nframes = nframes,
	};
	chunk_tree_init(&bank->chunks, words, base / CHUNK_BITS, nchunks, storage, changes);
	bank->taker = (chunk_byte *)storage + chunk_tree_bytes(nchunks) +
		      (uintptr_t)bank->chunks.leaf % 8;
}

static enum acre_status insert_bank(struct frame_pool *pool, frame_nr_t first,
				    frame_count_t nframes, void *metadata)
{
	uint32_t slot;
	enum acre_status status = find_slot(pool, first, nframes, &slot);

	if (status != ACRE_OK)
		return status;
	memmove(&pool->bank[slot + 1], &pool->bank[slot],
		(pool->nbanks - slot) * sizeof(pool->bank[0]));
	pool->nbanks++;
	bank_init(&pool->bank[slot], first, nframes, metadata, &pool->changes);
	pool->fast_nbits = pool->debug ? 0 : pool->bank[0].nbits;
	return ACRE_OK;
}

enum acre_status frame_pool_add_bank(struct frame_pool *pool, frame_nr_t first,
				     frame_count_t nframes, void *metadata, size_t bytes)
{
	if (nframes == 0 || metadata == NULL)
		return ACRE_ERR_INVALID;
	if (!is_frame_range(first, nframes))
		return ACRE_ERR_RANGE;
	if (!is_aligned((uintptr_t)metadata, sizeof(uint64_t)))
		return ACRE_ERR_MISALIGNED;
	if (bytes < frame_metadata_bytes(nframes))
		return ACRE_ERR_NOMEM;
	LOCK_SCOPED(held, &pool->lock);
	return insert_bank(pool, first, nframes, metadata);
}

/* ---- finding and marking, lock held ---------------------------------------------------------- */

/* The bank that has all of [@pfn, @pfn + @nframes), and the index of @pfn in it. */
static enum acre_status frame_locate(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
				     struct frame_bank **bank, uint64_t *index)
{
	if (nframes == 0)
		return ACRE_ERR_INVALID;
	*bank = frame_bank_of(pool, pfn);
	if (*bank == NULL)
		return ACRE_ERR_RANGE;
	*index = pfn - (*bank)->base;
	return nframes <= (*bank)->first + (*bank)->nframes - pfn ? ACRE_OK : ACRE_ERR_RANGE;
}

/*
 * Tell the tree what has happened to [@index, @index + @n). Of more than a chunk, what lies in whole
 * chunks is known already (chunk_tree_begin_fill()), and telling it of a chunk takes less than filling it.
 * The fence makes the change to the bits precede the look at the bytes.
 */
static void frame_mark_ends_stale(struct frame_bank *bank, uint64_t index, frame_count_t n)
{
	atomic_thread_fence(memory_order_seq_cst);
	uint64_t first = index / CHUNK_BITS;
	uint64_t last = (index + n - 1) / CHUNK_BITS;

	if ((n <= CHUNK_BITS || index % CHUNK_BITS != 0) &&
	    unlikely(!chunk_tree_is_stale(&bank->chunks, first)))
		chunk_tree_mark_stale(&bank->chunks, index, 1);
	if (first != last && (index + n) % CHUNK_BITS != 0)
		chunk_tree_mark_stale(&bank->chunks, index + n - 1, 1);
}

/* take(), where all of it lies in one word. */
static bool frame_take_in_word(struct frame_bank *bank, uint64_t index, frame_count_t n)
{
	bitmap_word *word = &bank->free[index / BITS_PER_WORD];
	uint64_t mask = bits_mask(index % BITS_PER_WORD, (unsigned)n);
	uint64_t had = atomic_fetch_and_explicit(word, ~mask, memory_order_acquire) & mask;

	if (unlikely(had != mask) && had != 0)
		atomic_fetch_or_explicit(word, had, memory_order_release);
	if (!chunk_is_stale(&bank->chunks.leaf[index / CHUNK_BITS]))
		chunk_tree_mark_stale(&bank->chunks, index, 1);
	return likely(had == mask);
}

/* take(), where there may be whole chunks. Their parents learn it once it is true. */
static never_inline bool frame_take_chunks(struct frame_bank *bank, uint64_t index, frame_count_t n)
{
	chunk_tree_begin_fill(&bank->chunks, index, n, false);
	if (likely(bitmap_atomic_take(bank->free, index, n))) {
		chunk_tree_end_fill(&bank->chunks, index, n, false);
		frame_mark_ends_stale(bank, index, n);
		return true;
	}
	atomic_thread_fence(memory_order_seq_cst);
	chunk_tree_mark_stale(&bank->chunks, index, n);
	return false;
}

/*
 * [@index, @index + @n) seems to be free: take it. False, and nothing has changed, if another hart
 * took one of them first.
 */
static bool frame_take_bits(struct frame_bank *bank, uint64_t index, frame_count_t n)
{
	if (n <= BITS_PER_WORD - index % BITS_PER_WORD)
		return frame_take_in_word(bank, index, n);
	if (n > CHUNK_BITS)
		return frame_take_chunks(bank, index, n);
	if (likely(bitmap_atomic_take(bank->free, index, n))) {
		frame_mark_ends_stale(bank, index, n);
		return true;
	}
	atomic_thread_fence(memory_order_seq_cst);
	chunk_tree_mark_stale(&bank->chunks, index, n);
	return false;
}

/* give(), where there may be whole chunks. */
static never_inline bool frame_free_chunks(struct frame_bank *bank, uint64_t index, frame_count_t n)
{
	chunk_tree_begin_fill(&bank->chunks, index, n, true);
	bool ok = bitmap_atomic_give(bank->free, index, n);
	chunk_tree_end_fill(&bank->chunks, index, n, true);
	frame_mark_ends_stale(bank, index, n);
	return ok;
}

/*
 * [@index, @index + @n) is inserted and not free, and is free now. False if another hart gave one of
 * them back at the same time, which it may not.
 */
static bool frame_free_bits(struct frame_bank *bank, uint64_t index, frame_count_t n)
{
	if (n > CHUNK_BITS)
		return frame_free_chunks(bank, index, n);
	bool ok = bitmap_atomic_give(bank->free, index, n);
	frame_mark_ends_stale(bank, index, n);
	return ok;
}

/* Take [@index, @index + @n), or say why not, as frame_alloc_at() does, and change nothing. */
static enum acre_status frame_take_exactly(struct frame_bank *bank, uint64_t index, frame_count_t n)
{
	if (bitmap_atomic_next_clear(bank->inserted, index, index + n) != BITMAP_NONE)
		return ACRE_ERR_NOT_FOUND;
	if (bitmap_atomic_next_clear(bank->free, index, index + n) != BITMAP_NONE)
		return ACRE_ERR_OVERLAP;
	return frame_take_bits(bank, index, n) ? ACRE_OK : ACRE_ERR_OVERLAP;
}

/* ---- inserting and removing ------------------------------------------------------------------ */

/*
 * Never inserted, so nobody else changes these bits: they may be filled. But where frames were removed a
 * hart's stock may still point, and it takes what it sees: there they are set word by word, atomically.
 */
static enum acre_status insert_frames(struct frame_pool *pool, struct frame_bank *bank,
				      uint64_t index, frame_count_t n)
{
	uint64_t end = index + n;

	/* Boot inserts upwards: it need not look whether it does so twice. */
	if (bitmap_atomic_next_set(bank->inserted, index,
				   end < bank->inserted_end ? end : bank->inserted_end) !=
	    BITMAP_NONE)
		return ACRE_ERR_OVERLAP;
	chunk_tree_begin_fill(&bank->chunks, index, n, true);
	if (index >= bank->inserted_end)
		bitmap_atomic_fill(bank->free, index, n);
	else
		(void)!bitmap_atomic_give(bank->free, index, n);
	bitmap_atomic_fill(bank->inserted, index, n);
	if (end > bank->inserted_end)
		bank->inserted_end = end;
	chunk_tree_end_fill(&bank->chunks, index, n, true);
	frame_mark_ends_stale(bank, index, n);
	bank->managed += n;
	pool->managed += n;
	return ACRE_OK;
}

enum acre_status frame_insert(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes)
{
	struct frame_bank *bank;
	uint64_t index;
	LOCK_SCOPED(held, &pool->lock);
	enum acre_status status = frame_locate(pool, pfn, nframes, &bank, &index);

	if (status == ACRE_OK) {
		frame_zeroed_flush(pool, pfn, nframes);
		status = insert_frames(pool, bank, index, nframes);
	}
	return status;
}

enum acre_status frame_remove(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes)
{
	struct frame_bank *bank;
	uint64_t index;
	LOCK_SCOPED(held, &pool->lock);
	enum acre_status status = frame_locate(pool, pfn, nframes, &bank, &index);

	if (status == ACRE_OK) {
		frame_zeroed_flush(pool, pfn, nframes);
		status = frame_take_exactly(bank, index, nframes);
	}
	if (status == ACRE_OK) {
		(void)!bitmap_atomic_take(bank->inserted, index, nframes);
		if (unlikely(pool->debug))
			frame_debug_forget(pool, pfn, nframes);
		bank->managed -= nframes;
		pool->managed -= nframes;
	}
	return status;
}

/* ---- runs ------------------------------------------------------------------------------------ */

bool frame_search_retry(const struct frame_pool *pool, struct frame_search *search,
			frame_nr_t found)
{
	if (likely(found != FRAME_LATER))
		return false;
	search->spent += search->batch;
	/* Looking at all there is for a run, twice. A bank may begin and end inside of a chunk. */
	uint64_t nchunks = pool->managed / CHUNK_BITS + 2ull * pool->nbanks;
	if (search->spent > 2ull * (CHUNK_RUN_COST + CHUNK_TRY_COST) * nchunks &&
	    search->batch <= UINT_MAX / 2)
		search->batch *= 2;
	search->budget = search->batch;
	return true;
}

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

/* ---- giving back ----------------------------------------------------------------------------- */

/* Why a free is refused: the first frame that is not handed out, and what it is instead. */
struct offence {
	enum acre_status status;
	frame_nr_t pfn;
	bool exists; /* it is in a bank */
	const char *what;
	struct frame_past past; /* .what is NULL if it is not recorded */
};

/* A bit for each frame of word @at that is not handed out. */
static inline uint64_t not_handed_out(const struct frame_bank *bank, uint64_t at)
{
	return ~bitmap_atomic_word(&bank->inserted[at]) | bitmap_atomic_word(&bank->free[at]);
}

/* Are all of [@index, @index + @n) handed out? */
static bool are_handed_out(const struct frame_bank *bank, uint64_t index, frame_count_t n)
{
	uint64_t at = index / BITS_PER_WORD;
	uint64_t last = (index + n - 1) / BITS_PER_WORD;
	uint64_t mask = bitmap_from(index);
	uint64_t wrong = 0;

	if (at < last) {
		wrong = not_handed_out(bank, at) & mask;
		while (++at < last)
			wrong |= not_handed_out(bank, at);
		mask = UINT64_MAX;
	}
	return (wrong | (not_handed_out(bank, at) & mask & bitmap_upto(index + n - 1))) == 0;
}

/* The first of [@index, @index + @n) that is not handed out; false if there is none. */
static never_inline bool first_offence(const struct frame_pool *pool, const struct frame_bank *bank,
				       uint64_t index, frame_count_t n, struct offence *offence)
{
	uint64_t missing = bitmap_atomic_next_clear(bank->inserted, index, index + n);
	uint64_t free = bitmap_atomic_next_set(bank->free, index, index + n);
	uint64_t first = missing < free ? missing : free;

	if (first == BITMAP_NONE)
		return false;
	bool is_free = free == first || frame_zeroed_has(pool, bank->base + first);
	*offence = (struct offence){ ACRE_ERR_NOT_ALLOCATED, bank->base + first, true,
				     is_free ? "free already" : "never inserted", .past = { 0 } };
	return true;
}

/* Give back what is all handed out; false, and nothing has changed, if it is not. Lock held. */
static always_inline bool free_checked(struct frame_pool *pool, frame_nr_t pfn,
				       frame_count_t nframes)
{
	struct frame_bank *bank = frame_bank_of(pool, pfn);

	if (unlikely(bank == NULL) || unlikely(nframes == 0) ||
	    unlikely(nframes > bank->first + bank->nframes - pfn))
		return false;
	uint64_t index = pfn - bank->base;
	return likely(are_handed_out(bank, index, nframes)) &&
	       likely(frame_free_bits(bank, index, nframes));
}

/* Why give_back() would not. Lock held. */
static never_inline struct offence explain(struct frame_pool *pool, frame_nr_t pfn,
					   frame_count_t nframes)
{
	struct frame_bank *bank = frame_bank_of(pool, pfn);
	struct offence offence;

	if (nframes == 0)
		return (struct offence){ ACRE_ERR_INVALID, pfn, false, "a range of no frames",
					 .past = { 0 } };
	if (bank == NULL)
		return (struct offence){ ACRE_ERR_RANGE, pfn, false,
					 pfn == FRAME_NONE ? "no frame" : "not in any bank",
					 .past = { 0 } };
	frame_count_t inside = bank->first + bank->nframes - pfn;
	if (first_offence(pool, bank, pfn - bank->base, nframes < inside ? nframes : inside,
			  &offence))
		return offence;
	if (nframes > inside)
		return (struct offence){ ACRE_ERR_RANGE, pfn + inside, false,
					 "past the end of the bank", .past = { 0 } };
	return (struct offence){ ACRE_ERR_NOT_ALLOCATED, pfn, true, "freed by another at once",
				 .past = { 0 } };
}

/* A frame number that no address can have is reported as the highest address. */
static uint64_t address_of(frame_nr_t pfn)
{
	return pfn <= UINT64_MAX >> FRAME_SHIFT ? frame_to_paddr(pfn) : UINT64_MAX;
}

static uint64_t bytes_of(frame_count_t nframes)
{
	return nframes <= UINT64_MAX >> FRAME_SHIFT ? nframes << FRAME_SHIFT : UINT64_MAX;
}

static never_inline enum acre_status report_refusal(const struct offence *offence, frame_nr_t pfn,
						    frame_count_t said, const void *caller)
{
	platform_bad_free(&(struct platform_bad_free){
		.allocator = "frame",
		.address = address_of(pfn),
		.size = bytes_of(said),
		.caller = caller,
		.what = offence->what,
		.actual_start = address_of(offence->pfn),
		.actual_size = offence->exists ? FRAME_SIZE : 0,
		.past = offence->past.what,
		.past_caller = offence->past.caller,
		.past_hart = offence->past.hart,
	});
	return offence->status;
}

/* Why give_back() would not, and what is recorded of it. Lock held. */
static never_inline void explain_fully(struct frame_pool *pool, frame_nr_t pfn,
				       frame_count_t nframes, struct offence *offence)
{
	*offence = explain(pool, pfn, nframes);
	(void)frame_past(pool, offence->pfn, &offence->past);
}

/* In the debug tier. @zeroed: one frame, all zero. */
static bool try_free_recorded(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
			      bool zeroed, const void *caller, struct offence *offence)
{
	bool ok = frame_debug_free(pool, pfn, nframes, zeroed, caller);
	LOCK_SCOPED(held, &pool->lock);

	if (ok && ((zeroed && frame_zeroed_keep(pool, pfn)) || free_checked(pool, pfn, nframes)))
		return true;
	explain_fully(pool, pfn, nframes, offence);
	return false;
}

/* @said: how many frames the caller named, 0 if it did not. */
static never_inline enum acre_status free_recorded(struct frame_pool *pool, frame_nr_t pfn,
						   frame_count_t nframes, frame_count_t said,
						   bool zeroed, const void *caller)
{
	struct offence offence;

	return try_free_recorded(pool, pfn, nframes, zeroed, caller, &offence)
		       ? ACRE_OK
		       : report_refusal(&offence, pfn, said, caller);
}

static always_inline bool try_free(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
				   struct offence *offence)
{
	LOCK_SCOPED(held, &pool->lock);

	if (likely(free_checked(pool, pfn, nframes)))
		return true;
	explain_fully(pool, pfn, nframes, offence);
	return false;
}

static enum acre_status free_frames(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
				    frame_count_t said, const void *caller)
{
	struct offence offence;

	if (unlikely(pool->debug))
		return free_recorded(pool, pfn, nframes, said, false, caller);
	return likely(try_free(pool, pfn, nframes, &offence))
		       ? ACRE_OK
		       : report_refusal(&offence, pfn, said, caller);
}

static bool try_free_zeroed(struct frame_pool *pool, frame_nr_t pfn, struct offence *offence)
{
	LOCK_SCOPED(held, &pool->lock);

	if (likely(frame_zeroed_keep(pool, pfn)) || likely(free_checked(pool, pfn, 1)))
		return true;
	explain_fully(pool, pfn, 1, offence);
	return false;
}

enum acre_status frame_free_one_zeroed(struct frame_pool *pool, frame_nr_t pfn, const void *caller)
{
	struct offence offence;

	if (unlikely(pool->debug))
		return free_recorded(pool, pfn, 1, 0, true, caller);
	return try_free_zeroed(pool, pfn, &offence) ? ACRE_OK
						    : report_refusal(&offence, pfn, 0, caller);
}

enum acre_status frame_free_one(struct frame_pool *pool, frame_nr_t pfn, const void *caller)
{
	return free_frames(pool, pfn, 1, 0, caller);
}

enum acre_status frame_free_range(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes)
{
	return free_frames(pool, pfn, nframes, nframes, CALLER());
}

enum acre_status frame_free_range_from(struct frame_pool *pool, frame_nr_t pfn,
				       frame_count_t nframes, const void *caller)
{
	return free_frames(pool, pfn, nframes, nframes, caller);
}

enum acre_status frame_free_address(struct frame_pool *pool, acre_paddr_t addr)
{
	if (is_aligned(addr, FRAME_SIZE))
		return free_frames(pool, frame_from_paddr(addr), 1, 0, CALLER());
	platform_bad_free(&(struct platform_bad_free){
		.allocator = "frame",
		.address = addr,
		.caller = CALLER(),
		.what = "misaligned",
		.actual_start = align_down(addr, FRAME_SIZE),
		.actual_size = FRAME_SIZE,
	});
	return ACRE_ERR_MISALIGNED;
}

/* ---- asking ---------------------------------------------------------------------------------- */

bool frame_is_free(struct frame_pool *pool, frame_nr_t pfn)
{
	LOCK_SCOPED(held, &pool->lock);
	const struct frame_bank *bank = frame_bank_of(pool, pfn);

	return bank != NULL &&
	       (bitmap_atomic_test(bank->free, pfn - bank->base) || frame_zeroed_has(pool, pfn));
}

bool frame_is_managed(struct frame_pool *pool, frame_nr_t pfn)
{
	LOCK_SCOPED(held, &pool->lock);
	const struct frame_bank *bank = frame_bank_of(pool, pfn);

	return bank != NULL && (bitmap_atomic_test(bank->inserted, pfn - bank->base) ||
				frame_zeroed_has(pool, pfn));
}

/*
 * Questions that go through all chunks do it in portions of so many, with the lock: a look at the words of a
 * chunk, or so many bytes that say that there is none to take.
 */
#define CHUNKS_ASKED 64u

/* The lowest free index >= @from of the next few chunks: FRAME_LATER, and *@from is behind them, if there is none. */
static frame_nr_t next_free_in(const struct frame_bank *bank, uint64_t *from)
{
	uint64_t end = (*from / CHUNK_BITS + CHUNKS_ASKED) * CHUNK_BITS;
	uint64_t index;

	if (end > bank->nbits)
		end = bank->nbits;
	for (uint64_t c = *from / CHUNK_BITS; c < end / CHUNK_BITS; c++) {
		if (chunk_tree_is_empty(&bank->chunks, c))
			continue;
		uint64_t at = c * CHUNK_BITS > *from ? c * CHUNK_BITS : *from;
		index = bitmap_atomic_next_set(bank->free, at, (c + 1) * CHUNK_BITS);
		if (index != BITMAP_NONE)
			return bank->base + index;
	}
	*from = end;
	return end < bank->nbits ? FRAME_LATER : FRAME_NONE;
}

/* Of the bank that *@pfn is in or behind, or the one above. FRAME_LATER: *@pfn is where to go on. */
static frame_nr_t next_free(struct frame_pool *pool, frame_nr_t *pfn)
{
	LOCK_SCOPED(held, &pool->lock);
	uint32_t upto = frame_banks_upto(pool, *pfn);

	for (uint32_t b = upto != 0 ? upto - 1 : 0; b < pool->nbanks; b++) {
		const struct frame_bank *bank = &pool->bank[b];
		uint64_t from = *pfn > bank->base ? *pfn - bank->base : 0;
		if (from >= bank->nbits)
			continue;
		frame_nr_t found = next_free_in(bank, &from);
		if (found == FRAME_NONE)
			continue;
		*pfn = bank->base + from;
		return found;
	}
	return FRAME_NONE;
}

static frame_nr_t next_zeroed(struct frame_pool *pool, frame_nr_t pfn)
{
	LOCK_SCOPED(held, &pool->lock);

	return frame_zeroed_next(pool, pfn);
}

frame_nr_t frame_next_free(struct frame_pool *pool, frame_nr_t pfn)
{
	frame_nr_t zeroed = next_zeroed(pool, pfn);
	frame_nr_t found;

	_Static_assert(FRAME_NONE == UINT64_MAX, "none is more than any");
	do {
		found = next_free(pool, &pfn);
	} while (found == FRAME_LATER);
	return zeroed < found ? zeroed : found;
}

/* All banks under one hold, where few chunks are broken; else false, and @count is of no use. */
static bool count_in_one_hold(struct frame_pool *pool, frame_count_t *count)
{
	LOCK_SCOPED(held, &pool->lock);
	unsigned budget = FRAME_BATCH;

	*count = frame_zeroed_count(pool);
	for (uint32_t b = 0; b < pool->nbanks; b++) {
		uint64_t some = chunk_tree_count_bounded(&pool->bank[b].chunks, &budget);
		if (some == CHUNK_TREE_LATER)
			return false;
		*count += some;
	}
	return true;
}

/* The next few chunks from chunk *@c of bank *@b on; false if there are none. */
static bool count_some(struct frame_pool *pool, uint32_t *b, uint64_t *c, frame_count_t *count)
{
	LOCK_SCOPED(held, &pool->lock);

	if (*b == pool->nbanks)
		return false;
	const struct chunk_tree *chunks = &pool->bank[*b].chunks;
	*count += chunk_tree_count_some(chunks, c, 8ull * CHUNKS_ASKED, FRAME_BATCH);
	if (*c == chunks->nchunks) {
		*c = 0;
		++*b;
	}
	return true;
}

static frame_count_t read_zeroed_count(struct frame_pool *pool)
{
	LOCK_SCOPED(held, &pool->lock);

	return frame_zeroed_count(pool);
}

frame_count_t frame_free_count(struct frame_pool *pool)
{
	frame_count_t count;
	uint32_t b = 0;
	uint64_t c = 0;

	if (likely(count_in_one_hold(pool, &count)))
		return count;
	count = read_zeroed_count(pool);
	while (count_some(pool, &b, &c, &count))
		;
	return count;
}

frame_count_t frame_managed_count(struct frame_pool *pool)
{
	LOCK_SCOPED(held, &pool->lock);

	return pool->managed;
}

frame_nr_t frame_lowest_free(struct frame_pool *pool, struct frame_search *search)
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

/* A free frame, whatever is known of its bytes; FRAME_LATER. */
static frame_nr_t any_free(struct frame_pool *pool, struct frame_search *search)
{
	LOCK_SCOPED(held, &pool->lock);
	frame_nr_t zeroed = frame_zeroed_next(pool, 0);

	return zeroed != FRAME_NONE ? zeroed : frame_lowest_free(pool, search);
}

bool frame_pool_is_empty(struct frame_pool *pool)
{
	struct frame_search search = frame_search();
	frame_nr_t pfn;

	do {
		pfn = any_free(pool, &search);
	} while (frame_search_retry(pool, &search, pfn));
	return pfn == FRAME_NONE;
}
