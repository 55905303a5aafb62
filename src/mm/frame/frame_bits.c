/* SPDX-License-Identifier: MIT */
/*
 * frame_bits.c - taking and freeing the bits of a run: what is too rare, or too long, to be inline.
 */
#include "mm/frame/frame_bits_internal.h"

#include "lib/compiler.h"

/* The bank that has all of [@pfn, @pfn + @nframes), and the index of @pfn in it. */
enum acre_status frame_locate(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
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
 * [@index, @index + @n) has changed: mark the chunks stale that it covers in part. Of more than a
 * chunk the tree knows the whole chunks already (chunk_tree_begin_fill()); to mark a chunk stale
 * costs less than to fill it. The fence makes the change to the bits precede the read of the bytes.
 */
void frame_mark_ends_stale(struct frame_bank *bank, uint64_t index, frame_count_t n)
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

/*
 * frame_take_bits(), where there may be whole chunks. The bytes above them change after the bits.
 */
bool frame_take_chunks(struct frame_bank *bank, uint64_t index, frame_count_t n)
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

/* frame_free_bits(), where there may be whole chunks. */
bool frame_free_chunks(struct frame_bank *bank, uint64_t index, frame_count_t n)
{
	chunk_tree_begin_fill(&bank->chunks, index, n, true);
	bool ok = bitmap_atomic_put(bank->free, index, n);
	chunk_tree_end_fill(&bank->chunks, index, n, true);
	frame_mark_ends_stale(bank, index, n);
	return ok;
}

/* Take [@index, @index + @n), or say why not, as frame_alloc_at() does, and change nothing. */
enum acre_status frame_take_exactly(struct frame_bank *bank, uint64_t index, frame_count_t n)
{
	if (bitmap_atomic_next_clear(bank->inserted, index, index + n) != BITMAP_NONE)
		return ACRE_ERR_NOT_FOUND;
	if (bitmap_atomic_next_clear(bank->free, index, index + n) != BITMAP_NONE)
		return ACRE_ERR_OVERLAP;
	return frame_take_bits(bank, index, n) ? ACRE_OK : ACRE_ERR_OVERLAP;
}
