/* SPDX-License-Identifier: MIT */
/* frame_validate.c - the walk over a whole frame pool; frame.c numbers what it checks. */
#include "mm/frame.h"

static const char *check_order(const struct frame_pool *pool)
{
	pfn_t end = 0;

	if (pool->nbanks > FRAME_MAX_BANKS)
		return "F1: there are at most FRAME_MAX_BANKS banks";
	for (uint32_t b = 0; b < pool->nbanks; b++) {
		const struct frame_bank *bank = &pool->bank[b];

		if (bank->npages == 0)
			return "F1: no bank is empty";
		if (bank->first >= FRAME_LIMIT || bank->npages > FRAME_LIMIT - bank->first)
			return "F1: banks lie below FRAME_LIMIT";
		if (bank->first < end)
			return "F1: banks are sorted and disjoint";
		end = bank->first + bank->npages;
	}
	return NULL;
}

static const char *check_bits(const struct frame_bank *bank)
{
	uint64_t nwords = bitmap_words(bank->npages);

	for (uint64_t w = 0; w < nwords; w++) {
		if ((bank->tree.level[0].words[w] & ~bank->inserted[w]) != 0)
			return "F3: a free frame was inserted";
	}
	if ((bank->inserted[nwords - 1] & ~bitmap_upto(bank->npages - 1)) != 0)
		return "F3: nothing is inserted behind the end of a bank";
	return NULL;
}

static const char *check_bank(const struct frame_bank *bank)
{
	if (bank->tree.nbits != bank->npages)
		return "F2: the tree of a bank has a bit for each frame";
	const char *broken = bitmap_tree_validate(&bank->tree);
	if (broken == NULL)
		broken = check_bits(bank);
	if (broken != NULL)
		return broken;
	if (bank->free != bitmap_tree_count(&bank->tree, 0, bank->npages))
		return "F4: a bank's free counts its free frames";
	if (bank->managed != bitmap_count(bank->inserted, 0, bank->npages))
		return "F4: a bank's managed counts its inserted frames";
	if (bitmap_tree_lowest(&bank->tree) < bank->lowest)
		return "F5: no frame below a bank's lowest is free";
	if (bank->inserted_end > bank->npages ||
	    bitmap_next_set(bank->inserted, bank->inserted_end, bank->npages) != BITMAP_NONE)
		return "F7: no frame from a bank's inserted_end on is inserted";
	return NULL;
}

static const char *check_pool(const struct frame_pool *pool)
{
	const char *broken = check_order(pool);
	npages_t free = 0;
	npages_t managed = 0;

	for (uint32_t b = 0; broken == NULL && b < pool->nbanks; b++) {
		const struct frame_bank *bank = &pool->bank[b];

		broken = check_bank(bank);
		if (broken == NULL && b < pool->lowest_bank && bank->free != 0)
			broken = "F6: no bank below lowest_bank has a free frame";
		free += bank->free;
		managed += bank->managed;
	}
	if (broken == NULL && (free != pool->free || managed != pool->managed))
		broken = "F4: the pool's counts are the sums of the banks'";
	return broken;
}

const char *frame_validate(struct frame_pool *pool)
{
	unsigned long irq = lock_acquire(&pool->lock);
	const char *broken = check_pool(pool);

	lock_release(&pool->lock, irq);
	return broken;
}
