/* SPDX-License-Identifier: MIT */
/*
 * frame_bits_internal.h - taking and freeing the bits of a run, and the notices for the tree.
 * Inline where all of it lies in few words, as nearly all runs do. Lock held.
 */
#ifndef ACRE_MM_FRAME_BITS_INTERNAL_H
#define ACRE_MM_FRAME_BITS_INTERNAL_H

#include "mm/frame/frame_internal.h"

#include "lib/compiler.h"

/* frame_locate - the bank that has all of [@pfn, @pfn + @nframes), and the index of @pfn in it. */
enum acre_status frame_locate(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
			      struct frame_bank **bank, uint64_t *index);

/* frame_take_exactly - take [@index, @index + @n), or say why not, as frame_alloc_at() does. */
enum acre_status frame_take_exactly(struct frame_bank *bank, uint64_t index, frame_count_t n);

/*
 * frame_take_chunks, frame_free_chunks - frame_take_bits() and frame_free_bits() for whole chunks.
 */
bool frame_take_chunks(struct frame_bank *bank, uint64_t index, frame_count_t n);
bool frame_free_chunks(struct frame_bank *bank, uint64_t index, frame_count_t n);

/*
 * frame_mark_ends_stale - after [@index, @index + @n) has changed: its first and last chunk, if in
 * part.
 */
void frame_mark_ends_stale(struct frame_bank *bank, uint64_t index, frame_count_t n);

/* frame_take_bits(), where all of it lies in one word. */
static inline bool frame_take_in_word(struct frame_bank *bank, uint64_t index, frame_count_t n)
{
	bitmap_word *word = &bank->free[index / BITS_PER_WORD];
	uint64_t mask = bits_mask(index % BITS_PER_WORD, (unsigned)n);
	uint64_t had = atomic_fetch_and_explicit(word, ~mask, memory_order_acquire) & mask;

	if (unlikely(had != mask) && had != 0)
		(void)bitmap_atomic_set(word, had);
	if (!chunk_is_stale(&bank->chunks.leaf[index / CHUNK_BITS]))
		chunk_tree_mark_stale(&bank->chunks, index, 1);
	return likely(had == mask);
}

/*
 * [@index, @index + @n) seems to be free: take it. False, and nothing has changed, if another hart
 * took one of them first.
 */
static inline bool frame_take_bits(struct frame_bank *bank, uint64_t index, frame_count_t n)
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

/*
 * [@index, @index + @n) is inserted and not free, and is free now. False if another hart freed one
 * of them at the same time, which is a mistake of that hart or of the caller.
 */
static inline bool frame_free_bits(struct frame_bank *bank, uint64_t index, frame_count_t n)
{
	if (n > CHUNK_BITS)
		return frame_free_chunks(bank, index, n);
	bool ok = bitmap_atomic_put(bank->free, index, n);
	frame_mark_ends_stale(bank, index, n);
	return ok;
}

#endif
