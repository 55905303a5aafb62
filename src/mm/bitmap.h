/* SPDX-License-Identifier: MIT */
/*
 * bitmap.h - runs of bits in an array of words, without summaries.
 *
 * Bit i is bit i % 64 of word i / 64. The caller keeps the array and knows its length; nothing here
 * looks at or changes a bit outside the range that it is given. No addresses, no locks, no state.
 * bitmap_tree.h stands on this, and so does whoever needs plain bits and never searches far.
 */
#ifndef MM_BITMAP_H
#define MM_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bits.h"

/* No bit. Larger than any index. */
#define BITMAP_NONE UINT64_MAX

/* bitmap_words - how many words hold @nbits bits. */
static inline uint64_t bitmap_words(uint64_t nbits)
{
	return nbits / BITS_PER_WORD + (nbits % BITS_PER_WORD != 0);
}

/* bitmap_bit - the word with only the bit of index @i set. */
static inline uint64_t bitmap_bit(uint64_t i)
{
	return (uint64_t)1 << (i % BITS_PER_WORD);
}

/* bitmap_from - the bits of a word that stand for index @i and those after it. */
static inline uint64_t bitmap_from(uint64_t i)
{
	return UINT64_MAX << (i % BITS_PER_WORD);
}

/* bitmap_upto - the bits of a word that stand for index @i and those before it. */
static inline uint64_t bitmap_upto(uint64_t i)
{
	return UINT64_MAX >> (BITS_PER_WORD - 1 - i % BITS_PER_WORD);
}

static inline bool bitmap_test(const uint64_t *words, uint64_t i)
{
	return (words[i / BITS_PER_WORD] & bitmap_bit(i)) != 0;
}

/*
 * bitmap_set, bitmap_clear - make the @n bits from @first one or zero, whatever they were.
 * Pre:  @first + @n does not wrap; @n may be 0. Cost: @n / 64 words.
 */
void bitmap_set(uint64_t *words, uint64_t first, uint64_t n);
void bitmap_clear(uint64_t *words, uint64_t first, uint64_t n);

/*
 * bitmap_next_set, bitmap_next_clear - the lowest set or clear bit in [@first, @end).
 * Result: its index, or BITMAP_NONE; also when the range is empty. Cost: words in between.
 */
uint64_t bitmap_next_set(const uint64_t *words, uint64_t first, uint64_t end);
uint64_t bitmap_next_clear(const uint64_t *words, uint64_t first, uint64_t end);

/* bitmap_last_clear - the highest clear bit in [@first, @end), or BITMAP_NONE. */
uint64_t bitmap_last_clear(const uint64_t *words, uint64_t first, uint64_t end);

/* bitmap_count - how many of the @n bits from @first are set. */
uint64_t bitmap_count(const uint64_t *words, uint64_t first, uint64_t n);

#endif
