/* SPDX-License-Identifier: MIT */
/* frame_validate.c - the walk over a whole frame pool; frame_pool.c numbers what it checks. */
#include "lib/lock_scoped.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_internal.h"

static const char *check_order(const struct frame_pool *pool)
{
	frame_nr_t end = 0;

	if (pool->nbanks > pool->max_banks)
		return "F1: there are no more banks than there is room for";
	for (uint32_t b = 0; b < pool->nbanks; b++) {
		const struct frame_bank *bank = &pool->bank[b];

		if (bank->nframes == 0)
			return "F1: no bank is empty";
		if (bank->first >= FRAME_LIMIT || bank->nframes > FRAME_LIMIT - bank->first)
			return "F1: banks lie below FRAME_LIMIT";
		if (bank->first < end)
			return "F1: banks are sorted and disjoint";
		end = bank->first + bank->nframes;
	}
	return NULL;
}

static const char *check_bank_shape(const struct frame_bank *bank)
{
	if (bank->base % CHUNK_BITS != 0 || bank->nbits % CHUNK_BITS != 0)
		return "F2: a bank's bitmaps are whole chunks";
	if (bank->base > bank->first || bank->first - bank->base >= CHUNK_BITS ||
	    bank->nbits != bank->chunks.nchunks * CHUNK_BITS ||
	    bank->first + bank->nframes > bank->base + bank->nbits)
		return "F2: a bank's bitmaps cover it";
	return NULL;
}

static const char *check_bits(const struct frame_bank *bank)
{
	uint64_t first = bank->first - bank->base;

	for (uint64_t w = 0; w < bank->nbits / BITS_PER_WORD; w++) {
		if ((bitmap_atomic_word(&bank->free[w]) &
		     ~bitmap_atomic_word(&bank->inserted[w])) != 0)
			return "F3: a free frame was inserted";
	}
	if (bitmap_atomic_next_set(bank->inserted, 0, first) != BITMAP_NONE ||
	    bitmap_atomic_next_set(bank->inserted, first + bank->nframes, bank->nbits) !=
		    BITMAP_NONE)
		return "F3: nothing outside of a bank is inserted";
	if (bank->managed != bitmap_atomic_count(bank->inserted, 0, bank->nbits))
		return "F4: a bank's managed counts its inserted frames";
	return NULL;
}

static bool is_taken(const struct frame_record *record)
{
	enum frame_record_state state = frame_record_state(record);

	return state == FRAME_RECORD_TAKEN || state == FRAME_RECORD_FREEING;
}

/*
 * F6. No frame that is free or not inserted is recorded as taken. (A frame that is handed out may
 * be about to be recorded, so its record can say anything.)
 */
static const char *check_debug(const struct frame_pool *pool)
{
	if (pool->watched != (pool->debug || pool->observer != NULL))
		return "F6: a pool is watched in debug mode and where it has an observer";
	for (uint32_t b = 0; b < pool->nbanks; b++) {
		const struct frame_bank *bank = &pool->bank[b];

		if (bank->fast_nbits != (pool->watched ? 0 : bank->nbits))
			return "F6: the fast paths reach all of a bank, and nothing of a watched "
			       "pool";
		for (frame_count_t i = 0; bank->records != NULL && i < bank->nframes; i++) {
			uint64_t index = bank->first + i - bank->base;
			bool is_free = bitmap_atomic_test(bank->free, index);
			bool is_out = !is_free && bitmap_atomic_test(bank->inserted, index);

			if (!is_out && is_taken(&bank->records[i]))
				return "F6: a frame is recorded as taken only where it is";
		}
	}
	return NULL;
}

static const char *check_bank(const struct frame_bank *bank)
{
	const char *broken = check_bank_shape(bank);

	if (broken == NULL)
		broken = check_bits(bank);
	if (broken == NULL)
		broken = chunk_tree_validate(&bank->chunks);
	return broken;
}

static bool is_word(const struct frame_pool *pool, frame_nr_t base)
{
	for (uint32_t b = 0; b < pool->nbanks; b++) {
		uint64_t index = base - pool->bank[b].base;
		if (index < pool->bank[b].nbits && index % BITS_PER_WORD == 0)
			return true;
	}
	return false;
}

/* A hart may move its stock meanwhile: what is read here is of two moments. */
static const char *check_stock(const struct frame_pool *pool, const struct frame_stock *stock)
{
	frame_nr_t base = frame_stock_base(stock);
	const struct frame_bank *bank = frame_stock_bank(stock);

	if (bank < pool->bank || bank >= pool->bank + pool->max_banks)
		return "F5: the bank of a stock is one of the pool's";
	if (base != FRAME_NONE && !is_word(pool, base))
		return "F5: a stock is a word of a bank";
	if (base != FRAME_NONE && pool->debug && stock != &pool->shared)
		return "F6: in debug mode no hart has a stock";
	return NULL;
}

static const char *check_stocks(const struct frame_pool *pool)
{
	const char *broken = check_stock(pool, &pool->shared);

	for (unsigned hart = 0; broken == NULL && hart < pool->nstocks; hart++) {
		const struct frame_stock *stock = hart_slots_of(&pool->stocks, hart);
		if (stock != NULL)
			broken = check_stock(pool, stock);
	}
	return broken;
}

static const char *check_frame_pool(const struct frame_pool *pool)
{
	const char *broken = check_order(pool);
	frame_count_t managed = 0;

	for (uint32_t b = 0; broken == NULL && b < pool->nbanks; b++) {
		broken = check_bank(&pool->bank[b]);
		managed += pool->bank[b].managed;
	}
	if (broken == NULL && managed != pool->managed)
		broken = "F4: the pool's managed is the sum of the banks'";
	if (broken == NULL)
		broken = check_stocks(pool);
	if (broken == NULL)
		broken = check_debug(pool);
	return broken;
}

const char *frame_validate(struct frame_pool *pool)
{
	LOCK_SCOPED(held, &pool->lock);

	return check_frame_pool(pool);
}
