/* SPDX-License-Identifier: MIT */
/* frame_query.c - questions: is a frame free, how many are. */
#include "lib/compiler.h"
#include "lib/lock_scoped.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_internal.h"

bool frame_is_free(struct frame_pool *pool, frame_nr_t pfn)
{
	LOCK_SCOPED(held, &pool->lock);
	const struct frame_bank *bank = frame_bank_of(pool, pfn);

	return bank != NULL && bitmap_atomic_test(bank->free, pfn - bank->base);
}

bool frame_is_managed(struct frame_pool *pool, frame_nr_t pfn)
{
	LOCK_SCOPED(held, &pool->lock);
	const struct frame_bank *bank = frame_bank_of(pool, pfn);

	return bank != NULL && bitmap_atomic_test(bank->inserted, pfn - bank->base);
}

/* A question that goes through all chunks drops the lock after so many. */
#define CHUNKS_ASKED 512u

/*
 * All banks in one hold of the lock, if few chunks are broken; else false, and @count is of no use.
 */
static bool count_in_one_hold(struct frame_pool *pool, frame_count_t *count)
{
	LOCK_SCOPED(held, &pool->lock);
	unsigned budget = FRAME_BATCH;

	*count = 0;
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
	*count += chunk_tree_count_some(chunks, c, CHUNKS_ASKED, FRAME_BATCH);
	if (*c == chunks->nchunks) {
		*c = 0;
		++*b;
	}
	return true;
}

frame_count_t frame_free_count(struct frame_pool *pool)
{
	frame_count_t count;
	uint32_t b = 0;
	uint64_t c = 0;

	if (likely(count_in_one_hold(pool, &count)))
		return count;
	count = 0;
	while (count_some(pool, &b, &c, &count))
		;
	return count;
}

frame_count_t frame_managed_count(struct frame_pool *pool)
{
	LOCK_SCOPED(held, &pool->lock);

	return pool->managed;
}

bool frame_pool_is_empty(struct frame_pool *pool)
{
	struct frame_search search = FRAME_SEARCH;

	return frame_search(pool, frame_search_lowest, &search) == FRAME_NONE;
}
