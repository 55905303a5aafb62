/* SPDX-License-Identifier: MIT */
/*
 * frame_pool.c - the frame pool: its banks, each with two bits a frame; setting up, inserting,
 * removing.
 *
 * A bank is one contiguous piece of RAM. Its metadata, which the caller supplies, is two bitmaps
 * over the same indices, and a tree over the first. Index i stands for frame base + i; base is the
 * bank's first frame rounded down to a chunk of 512 frames, so that chunks are 2 MiB of physical
 * memory:
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
 * The bits of `free` are the only record of free frames. A free is correct exactly if inserted is
 * 1 and free is 0. The one atomic instruction that sets the bit returns its old value: that is the
 * whole check against double and foreign frees.
 *
 * Invariants (frame_validate() checks them by these numbers):
 *   F1  banks are not empty, sorted by address, disjoint, and below FRAME_LIMIT.
 *   F2  a bank's bitmaps are the whole chunks that it touches.
 *   F3  free implies inserted; nothing outside of the bank is inserted.
 *   F4  a bank's managed is the number of its frames that are inserted; the pool's is the sum of
 *       those.
 *   F5  a hart's stock is a word of a bank, or it is FRAME_NONE.
 *   F6  a pool is watched (frame_watch.c) if it is in debug mode or has an observer; the fast paths
 *       reach nothing of it then, else all of each bank; in debug mode (frame_debug.c) no hart has a
 *       stock, and no frame that is free or not inserted is recorded as taken.
 *   The tree has invariants of its own (chunk_tree.c).
 *
 * The lock guards every field except three, which change without it: the bits of `free`, a stock
 * (only its hart writes it), and a record (only the hart that has the frame writes it). So a run
 * that was found may lose a frame before it is taken: then the frames of it that were taken are put
 * back, and the search goes on.
 */
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"

#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/lock_scoped.h"
#include "lib/string.h"
#include "mm/frame/frame_bits_internal.h"
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

/* No hart has a stock. */
static void init_stocks(struct frame_pool *pool)
{
	frame_stock_init(&pool->shared, pool);
	for (unsigned hart = 0; hart < PLATFORM_MAX_HARTS; hart++) {
		struct frame_stock *stock = hart_slots_of(&pool->stocks, hart);
		if (stock != NULL)
			frame_stock_init(stock, pool);
	}
}

enum acre_status frame_pool_init(struct frame_pool *pool, uint64_t offset, struct frame_bank *banks,
				 uint32_t max_banks, const struct hart_slots *stocks)
{
	if (banks == NULL || max_banks == 0)
		return ACRE_ERR_INVALID;
	if (stocks->count != 0 && stocks->stride < sizeof(struct frame_stock))
		return ACRE_ERR_INVALID;
	if (!is_aligned(offset, FRAME_SIZE) ||
	    !is_aligned((uintptr_t)banks, _Alignof(struct frame_bank)) ||
	    !is_aligned((uintptr_t)stocks->first | stocks->stride | stocks->offset,
			_Alignof(struct frame_stock)))
		return ACRE_ERR_MISALIGNED;
	memset(pool, 0, sizeof(*pool));
	memset(banks, 0, max_banks * sizeof(*banks));
	ticket_lock_init_level(&pool->lock, "frames", TICKET_LOCK_FRAMES);
	pool->offset = offset;
	pool->bank = banks;
	pool->max_banks = max_banks;
	pool->stocks = *stocks;
	pool->stocks.spare = &pool->shared;
	init_stocks(pool);
	return ACRE_OK;
}

void frame_pool_reclaim(struct frame_pool *pool, struct reclaim_list *reclaim)
{
	pool->reclaim = reclaim;
}

static bool is_frame_range(frame_nr_t first, frame_count_t nframes)
{
	return first < FRAME_LIMIT && nframes <= FRAME_LIMIT - first;
}

/* Where in the table a bank of [@first, @first + @nframes) belongs. */
static enum acre_status find_place_in_table(const struct frame_pool *pool, frame_nr_t first,
					    frame_count_t nframes, uint32_t *place)
{
	uint32_t at = 0;

	if (frame_bank_among(pool, first) != NULL)
		return ACRE_ERR_OVERLAP;
	while (at < pool->nbanks && pool->bank[at].first < first)
		at++;
	if (at < pool->nbanks && pool->bank[at].first - first < nframes)
		return ACRE_ERR_OVERLAP;
	if (pool->nbanks == pool->max_banks)
		return ACRE_ERR_FULL;
	*place = at;
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
	enum acre_status status = find_place_in_table(pool, first, nframes, &slot);

	if (status != ACRE_OK)
		return status;
	memmove(&pool->bank[slot + 1], &pool->bank[slot],
		(pool->nbanks - slot) * sizeof(pool->bank[0]));
	init_stocks(pool); /* a bank may have moved */
	pool->nbanks++;
	bank_init(&pool->bank[slot], first, nframes, metadata, &pool->changes);
	if (!pool->watched)
		pool->bank[slot].fast_nbits = pool->bank[slot].nbits;
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

/* ---- inserting and removing ------------------------------------------------------------------ */

/*
 * The frames were never inserted, so no other hart changes these bits: they may be filled. But a
 * hart's stock may still point to where frames were removed, and the hart takes what it sees: there
 * the bits are set word by word, atomically.
 */
static enum acre_status insert_frames(struct frame_pool *pool, struct frame_bank *bank,
				      uint64_t index, frame_count_t n)
{
	uint64_t end = index + n;

	/* Boot inserts upwards: nothing above inserted_end needs the check. */
	if (bitmap_atomic_next_set(bank->inserted, index,
				   end < bank->inserted_end ? end : bank->inserted_end) !=
	    BITMAP_NONE)
		return ACRE_ERR_OVERLAP;
	chunk_tree_begin_fill(&bank->chunks, index, n, true);
	if (index >= bank->inserted_end)
		bitmap_atomic_fill(bank->free, index, n);
	else
		(void)!bitmap_atomic_put(bank->free, index, n);
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
