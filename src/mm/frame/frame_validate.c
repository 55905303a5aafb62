/* SPDX-License-Identifier: MIT */
/* frame_validate.c - the walk over a whole frame pool; frame_pool.c numbers what it checks. */
#include "lib/lock_scoped.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_internal.h"

static const char *check_order(const struct frame_pool *pool)
{
	frame_nr_t end = 0;

	if (pool->nbanks > FRAME_MAX_BANKS)
		return "F1: there are at most FRAME_MAX_BANKS banks";
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

/* How many of the frames that are known to be zero are of @bank; they have no bit set. */
static bool count_zeroed_of(const struct frame_pool *pool, const struct frame_bank *bank,
			    frame_count_t *count)
{
	*count = 0;
	for (uint32_t i = 0; i < pool->nzeroed && i < FRAME_ZEROED_MAX; i++) {
		uint64_t index = pool->zeroed[i] - bank->base;

		if (pool->zeroed[i] - bank->first >= bank->nframes)
			continue;
		if (bitmap_atomic_test(bank->free, index) ||
		    bitmap_atomic_test(bank->inserted, index))
			return false;
		++*count;
	}
	return true;
}

static const char *check_bits(const struct frame_pool *pool, const struct frame_bank *bank)
{
	uint64_t first = bank->first - bank->base;
	frame_count_t zeroed;

	for (uint64_t w = 0; w < bank->nbits / BITS_PER_WORD; w++) {
		if ((bitmap_atomic_word(&bank->free[w]) &
		     ~bitmap_atomic_word(&bank->inserted[w])) != 0)
			return "F3: a free frame was inserted";
	}
	if (bitmap_atomic_next_set(bank->inserted, 0, first) != BITMAP_NONE ||
	    bitmap_atomic_next_set(bank->inserted, first + bank->nframes, bank->nbits) !=
		    BITMAP_NONE)
		return "F3: nothing outside of a bank is inserted";
	if (!count_zeroed_of(pool, bank, &zeroed))
		return "F7: a frame that is known to be zero has no bit set";
	if (bank->managed != bitmap_atomic_count(bank->inserted, 0, bank->nbits) + zeroed)
		return "F4: a bank's managed counts its inserted frames and those known to be zero";
	return NULL;
}

static bool is_taken(const struct frame_record *record)
{
	enum frame_record_state state = frame_record_state(record);

	return state == FRAME_RECORD_TAKEN || state == FRAME_RECORD_FREEING;
}

/*
 * F8. No frame that is free or not inserted is recorded as taken. (A frame that is handed out may
 * be about to be recorded, so its record can say anything.)
 */
static const char *check_debug(const struct frame_pool *pool)
{
	if (pool->fast_nbits != (pool->debug ? 0 : pool->bank[0].nbits) ||
	    pool->fast_min_align != (pool->debug ? UINT64_MAX : FRAME_SIZE))
		return "F8: the fast paths are enabled exactly when debug mode is off";
	for (uint32_t b = 0; b < pool->nbanks; b++) {
		const struct frame_bank *bank = &pool->bank[b];

		for (frame_count_t i = 0; bank->records != NULL && i < bank->nframes; i++) {
			uint64_t index = bank->first + i - bank->base;
			bool is_free = bitmap_atomic_test(bank->free, index);
			bool is_out = !is_free && bitmap_atomic_test(bank->inserted, index);

			if (!is_out && is_taken(&bank->records[i]))
				return "F8: a frame is recorded as taken only where it is";
		}
	}
	return NULL;
}

static const char *check_bank(const struct frame_pool *pool, const struct frame_bank *bank)
{
	const char *broken = check_bank_shape(bank);

	if (broken == NULL)
		broken = check_bits(pool, bank);
	if (broken == NULL)
		broken = chunk_tree_validate(&bank->chunks);
	return broken;
}

/* A stock names a word of a bank and says truly which frames and which chunk those are. */
static const char *check_stock(const struct frame_pool *pool, uint32_t hart)
{
	const struct frame_stock *stock = &pool->stock[hart];
	frame_nr_t base = atomic_load_explicit(&stock->base, memory_order_relaxed);
	const bitmap_word *word = atomic_load_explicit(&stock->word, memory_order_relaxed);
	const chunk_byte *leaf = atomic_load_explicit(&stock->leaf, memory_order_relaxed);

	if (base == FRAME_NONE)
		return word == &pool->empty_word ? NULL
						 : "F5: a hart without a stock has the empty word";
	for (uint32_t b = 0; hart < pool->nstocks && !pool->debug && b < pool->nbanks; b++) {
		const struct frame_bank *bank = &pool->bank[b];
		uint64_t index = base - bank->base;

		if (index < bank->nbits && index % BITS_PER_WORD == 0 &&
		    word == &bank->free[index / BITS_PER_WORD] &&
		    leaf == &bank->chunks.leaf[index / CHUNK_BITS])
			return NULL;
	}
	return "F5: a stock is a word of a bank, its frames and its chunk";
}

static const char *check_zeroed(const struct frame_pool *pool)
{
	if (pool->nzeroed > FRAME_ZEROED_MAX)
		return "F7: at most FRAME_ZEROED_MAX frames are known to be zero";
	for (uint32_t i = 0; i < pool->nzeroed; i++) {
		frame_nr_t pfn = pool->zeroed[i];
		uint32_t b = 0;

		while (b < pool->nbanks && pfn - pool->bank[b].first >= pool->bank[b].nframes)
			b++;
		if (b == pool->nbanks)
			return "F7: a frame that is known to be zero is of a bank";
		for (uint32_t k = 0; k < i; k++) {
			if (pool->zeroed[k] == pfn)
				return "F7: no frame is known to be zero twice";
		}
	}
	return NULL;
}

static const char *check_frame_pool(const struct frame_pool *pool)
{
	const char *broken = check_order(pool);
	frame_count_t managed = 0;

	for (uint32_t b = 0; broken == NULL && b < pool->nbanks; b++) {
		broken = check_bank(pool, &pool->bank[b]);
		managed += pool->bank[b].managed;
	}
	if (broken == NULL && managed != pool->managed)
		broken = "F4: the pool's managed is the sum of the banks'";
	for (uint32_t hart = 0; broken == NULL && hart < PLATFORM_MAX_HARTS; hart++)
		broken = check_stock(pool, hart);
	if (broken == NULL)
		broken = check_zeroed(pool);
	if (broken == NULL)
		broken = check_debug(pool);
	if (broken == NULL && pool->empty_word != 0)
		broken = "F6: the empty word is zero";
	return broken;
}

const char *frame_validate(struct frame_pool *pool)
{
	LOCK_SCOPED(held, &pool->lock);

	return check_frame_pool(pool);
}
