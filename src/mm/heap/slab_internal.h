/* SPDX-License-Identifier: MIT */
/*
 * slab_internal.h - the fast paths of slabs, inline, for heap.c; and what slab.c shares with its
 * validate and white-box tests. slab.c explains both.
 */
#ifndef ACRE_MM_SLAB_INTERNAL_H
#define ACRE_MM_SLAB_INTERNAL_H

#include "lib/align.h"
#include "lib/attributes.h"
#include "lib/compiler.h"
#include "mm/heap/slab.h"

/* Loads of what changes under others: true of the time of some start of this descriptor. */
#define SLAB_READ(slab, member) atomic_load_explicit(&(slab)->member, memory_order_relaxed)

/* The objects that exist of word @w, where a slab has @count. */
static inline uint64_t slab_mask(uint64_t count, uint64_t w)
{
	uint64_t first = w * BITS_PER_WORD;

	if (first + BITS_PER_WORD <= count)
		return UINT64_MAX;
	return first < count ? bitmap_upto(count - first - 1) : 0;
}

/* Has the slab no object that is handed out, just now? */
static inline bool slab_is_empty(const struct slab *slab)
{
	uint64_t count = SLAB_READ(slab, count);

	for (uint64_t w = 0; w * BITS_PER_WORD < count; w++) {
		if (bitmap_atomic_word(&slab->free[w]) != slab_mask(count, w))
			return false;
	}
	return true;
}

/* ---- taking (rule 2) ---------------------------------------------------------------------- */

/* The slow paths, in slab.c: from the list; and of a bit that was set, what its slab needs. */
void *slab_alloc_slow(struct slab_pool *pool, unsigned class);
void slab_settle(struct slab_pool *pool, struct slab *slab);
/* slab_put_back - what was taken of another class. */
void slab_put_back(struct slab_pool *pool, bitmap_word *word, unsigned bit);

static acre_always_inline struct slab *slab_of_word(bitmap_word *word)
{
	return (struct slab *)(void *)((char *)word - ((uintptr_t)word & (SLAB_ALIGN - 1)));
}

/* The object of bit @bit of @word. Pre: the caller has the bit, so the slab stays what it is. */
static acre_always_inline void *slab_object(bitmap_word *word, unsigned bit)
{
	const struct slab *slab = slab_of_word(word);
	uint64_t index = (uintptr_t)word % SLAB_ALIGN / sizeof(*word) * BITS_PER_WORD + bit;

	return SLAB_READ(slab, base) + index * SLAB_READ(slab, size);
}

/*
 * After @bit was set in a word of @slab that had @old: does the slab need to be looked at? (Rule 3) It
 * was full; or it may be wholly free: all free bits lie side by side from the lowest on, and object
 * 0 is free.
 */
static acre_always_inline bool slab_may_change(const struct slab *slab, uint64_t old, uint64_t bit)
{
	uint64_t now = old | bit;

	return old == 0 ||
	       ((now & (now + 1)) == 0 && (bitmap_atomic_word(&slab->free[0]) & 1) != 0);
}

/*
 * The fast path, in steps, so that what follows a step that fails is its caller's last call:
 *
 *	word = slab_stock_word(pool, class)
 *	bits = bitmap_atomic_word(word)             0: slab_alloc_slow() may have one
 *	slab_take_lowest(word, bits, &bit)          no: the same
 *	slab_has_class(word, class)                 no: it was retired meanwhile; slab_put_back()
 *	slab_object(word, bit)
 */

/* slab_stock_word - where this hart takes objects of @class from. Pre: stocks are near. */
static acre_always_inline bitmap_word *slab_stock_word(const struct slab_pool *pool, uint64_t class)
{
	const struct slab_stock *stock = hart_slots_near(&pool->stocks);

	return atomic_load_explicit(&stock->word[class], acre_order_of_address);
}

/*
 * slab_take_lowest - the lowest of @bits, which are those of @word and not 0, is clear now and the
 * caller's: *@bit. False if another was faster.
 */
static acre_always_inline bool slab_take_lowest(bitmap_word *word, uint64_t bits, unsigned *bit)
{
	uint64_t lowest = bits_lowest(bits, bit);

	return (atomic_fetch_and_explicit(word, ~lowest, memory_order_acquire) & lowest) != 0;
}

static acre_always_inline bool slab_has_class(bitmap_word *word, uint64_t class)
{
	return SLAB_READ(slab_of_word(word), class) == class;
}

/* slab_mark_loose - the object of bit @bit of @word, which the caller has, was asked for as less. */
static inline void slab_mark_loose(bitmap_word *word, unsigned bit)
{
	bitmap_word *loose = word + SLAB_WORDS;

	if ((bitmap_atomic_word(loose) & bitmap_bit(bit)) ==
	    0) /* as its last owner may have left it */
		(void)atomic_fetch_or_explicit(loose, bitmap_bit(bit), memory_order_relaxed);
}

/* ---- freeing (rule 3) --------------------------------------------------------------------- */

struct slab_quotient {
	uint64_t index;
	bool exact; /* no remainder */
};

/*
 * slab_quotient_of - @offset by the size of an object, of which @reciprocal is R: two
 * multiplications. slab_divide - the same for an object of @slab.
 * What lies between the true quotient and that of R is below 2^-64 * offset, so the index is right
 * for every offset of a slab; the lower half of the product is below R if and only if there is no
 * remainder (Lemire, Kaser, Kurz 2019, 'Faster Remainder by Direct Computation'). Of an offset that
 * is of no slab the index is too large.
 */
static acre_always_inline struct slab_quotient slab_quotient_of(uint64_t offset,
								uint64_t reciprocal)
{
	unsigned __int128 product = (unsigned __int128)offset * reciprocal;

	return (struct slab_quotient){ (uint64_t)(product >> 64), (uint64_t)product < reciprocal };
}

static acre_always_inline struct slab_quotient slab_divide(const struct slab *slab, uint64_t offset)
{
	return slab_quotient_of(offset, SLAB_READ(slab, reciprocal));
}

/*
 * slab_free_fast - free the object at @ptr of @slab. *@settle: the slab needs to be looked at now, by
 * slab_settle().
 */
static acre_always_inline enum slab_found slab_free_fast(struct slab *slab, void *ptr, bool *settle)
{
	uint64_t offset = (uint64_t)((uint8_t *)ptr - SLAB_READ(slab, base));
	struct slab_quotient q = slab_divide(slab, offset);

	*settle = false;
	if (unlikely(q.index >= SLAB_READ(slab, count)) || unlikely(!q.exact))
		return SLAB_NO_OBJECT;
	uint64_t bit = bitmap_bit(q.index);
	uint64_t old = bitmap_atomic_set(&slab->free[q.index / BITS_PER_WORD], bit);
	if (unlikely((old & bit) != 0))
		return SLAB_FREE_ALREADY;
	*settle = slab_may_change(slab, old, bit);
	return SLAB_FREED;
}

#endif
