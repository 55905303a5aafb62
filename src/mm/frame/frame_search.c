/* SPDX-License-Identifier: MIT */
/* frame_search.c - searches in batches, between which the lock is free (frame_internal.h). */
#include <limits.h>

#include "lib/compiler.h"
#include "mm/frame/frame_internal.h"

bool frame_search_retry(const struct frame_pool *pool, struct frame_search *search,
			frame_nr_t found)
{
	if (likely(found != FRAME_LATER))
		return false;
	search->spent += search->batch;
	/* Two full scans for a run. A bank may begin and end inside of a chunk. */
	uint64_t nchunks = pool->managed / CHUNK_BITS + 2ull * pool->nbanks;
	if (search->spent > 2ull * (CHUNK_RUN_COST + CHUNK_TRY_COST) * nchunks &&
	    search->batch <= UINT_MAX / 2)
		search->batch *= 2;
	search->budget = search->batch;
	return true;
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
