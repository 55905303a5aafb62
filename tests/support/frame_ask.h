/* SPDX-License-Identifier: MIT */
/* frame_ask.h - a question that only cases have: where is the next free frame? */
#ifndef FRAME_ASK_H
#define FRAME_ASK_H

#include "mm/frame/frame.h"
#include "mm/frame/frame_internal.h"
#include "mm/frame/frame_types.h"

/* ask_next_free - the lowest free frame that is >= @pfn, or FRAME_NONE: by the bits, not by the tree. */
static inline frame_nr_t ask_next_free(struct frame_pool *pool, frame_nr_t pfn)
{
	frame_nr_t lowest = FRAME_NONE;

	for (uint32_t b = 0; b < pool->nbanks; b++) {
		const struct frame_bank *bank = &pool->bank[b];
		uint64_t from = pfn > bank->base ? pfn - bank->base : 0;
		uint64_t index = from < bank->nbits
					 ? bitmap_atomic_next_set(bank->free, from, bank->nbits)
					 : BITMAP_NONE;

		if (index != BITMAP_NONE && bank->base + index < lowest)
			lowest = bank->base + index;
	}
	return lowest;
}

#endif
