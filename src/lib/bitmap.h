/* SPDX-License-Identifier: MIT */
/*
 * bitmap.h - bits in an array of words: bit i is bit i % 64 of word i / 64.
 *
 * The functions on one word take an index and use what of it counts in a word. bitmap_tree.h and
 * bitmap_atomic.h stand on this.
 */
#ifndef ACRE_LIB_BITMAP_H
#define ACRE_LIB_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bits.h"

/* No bit. Larger than any index. */
#define BITMAP_NONE UINT64_MAX

/*@
	// How many words hold @n bits.
	logic integer words_for(integer n) = (n + 63) / 64;
*/

/* bitmap_words - how many words hold @nbits bits. */
/*@
	assigns \nothing;
	ensures \result == words_for(nbits);
*/
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

/* bitmap_has - is the bit of index @i set in @word? */
/*@
	assigns \nothing;
	ensures \result <==> has_bit(word, i % 64);
*/
static inline bool bitmap_has(uint64_t word, uint64_t i)
{
	return (word & bitmap_bit(i)) != 0;
}

/* bitmap_test - is bit @i set? */
/*@
	requires \valid_read(&words[i / 64]);
	assigns \nothing;
	ensures \result <==> has_bit(words[i / 64], i % 64);
*/
static inline bool bitmap_test(const uint64_t *words, uint64_t i)
{
	return bitmap_has(words[i / BITS_PER_WORD], i);
}

/* bitmap_with, bitmap_without - @word with the bit of index @i set, or clear. */
/*@
	assigns \nothing;
	ensures \result != 0;
	ensures \forall integer j; 0 <= j < 64 ==>
		(has_bit(\result, j) <==> has_bit(word, j) || j == i % 64);
*/
static inline uint64_t bitmap_with(uint64_t word, uint64_t i)
{
	return word | bitmap_bit(i);
}

/*@
	assigns \nothing;
	ensures \result != 0 ==> word != 0;
	ensures \forall integer j; 0 <= j < 64 ==>
		(has_bit(\result, j) <==> has_bit(word, j) && j != i % 64);
*/
static inline uint64_t bitmap_without(uint64_t word, uint64_t i)
{
	return word & ~bitmap_bit(i);
}

/* bitmap_rest - of @word the bit of index @i and those after it. */
/*@
	assigns \nothing;
	ensures \forall integer j; 0 <= j < 64 ==>
		(has_bit(\result, j) <==> has_bit(word, j) && j >= i % 64);
*/
static inline uint64_t bitmap_rest(uint64_t word, uint64_t i)
{
	return word & bitmap_from(i);
}

/* bitmap_outside - @word with bits @low to @high clear. Pre: @low <= @high < 64. */
/*@
	requires low <= high < 64;
	assigns \nothing;
	ensures \result != 0 ==> word != 0;
	ensures low == 0 && high == 63 ==> \result == 0;
	ensures \forall integer j; 0 <= j < 64 ==>
		(has_bit(\result, j) <==> has_bit(word, j) && !(low <= j <= high));
*/
static inline uint64_t bitmap_outside(uint64_t word, uint64_t low, uint64_t high)
{
	return word & ~(bitmap_from(low) & bitmap_upto(high));
}

#endif
