/* SPDX-License-Identifier: MIT */
/*
 * bits.h - find, count and mask bits in a 64-bit word.
 *
 * RV64GC has no count-trailing-zeros instruction, and the compiler's substitute is a call into its
 * support library. Where the seam says that the target lacks one (PLATFORM_HAS_CTZ is 0), the
 * multiply-and-look-up method is inlined instead (Leiserson, Prokop, Randall 1998, 'Using de Bruijn
 * Sequences to Index a 1 in a Computer Word').
 */
#ifndef ACRE_LIB_BITS_H
#define ACRE_LIB_BITS_H

#include <stdint.h>

#include "lib/platform.h"

#define BITS_PER_WORD 64u

/*@
	// Is bit @i of @word set? scripts/prove-words knows its meaning; elsewhere it is a name.
	axiomatic word_bits {
		predicate has_bit(integer word, integer i);
		axiom zero_has_no_bit: \forall integer i; !has_bit(0, i);
	}
*/

/* bits_ctz - index of the lowest set bit of @x. Pre: @x != 0. */
/*@
	requires x != 0;
	assigns \nothing;
	ensures \result < 64 && has_bit(x, \result);
	ensures \forall integer j; 0 <= j < \result ==> !has_bit(x, j);
*/
static inline unsigned bits_ctz(uint64_t x);

/* bits_log2 - index of the highest set bit of @x. Pre: @x != 0. */
/*@
	requires x != 0;
	assigns \nothing;
	ensures \result < 64 && has_bit(x, \result);
	ensures \forall integer j; \result < j < 64 ==> !has_bit(x, j);
*/
static inline unsigned bits_log2(uint64_t x);

/* bits_lowest - the lowest set bit of @x, alone, and its index. Pre: @x != 0. */
static inline uint64_t bits_lowest(uint64_t x, unsigned *index);

#if PLATFORM_HAS_CTZ

static inline unsigned bits_ctz(uint64_t x)
{
	return (unsigned)__builtin_ctzll(x);
}

static inline uint64_t bits_lowest(uint64_t x, unsigned *index)
{
	*index = bits_ctz(x);
	return (uint64_t)1 << *index;
}

static inline unsigned bits_log2(uint64_t x)
{
	return 63u - (unsigned)__builtin_clzll(x);
}

/* bits_count - how many bits of @x are set. */
static inline unsigned bits_count(uint64_t x)
{
	return (unsigned)__builtin_popcountll(x);
}

#else

#define BITS_DE_BRUIJN 0x03f79d71b4cb0a89ull

extern const uint8_t bits_de_bruijn_index[64];

static inline unsigned bits_ctz(uint64_t x)
{
	return bits_de_bruijn_index[((x & -x) * BITS_DE_BRUIJN) >> 58];
}

static inline uint64_t bits_lowest(uint64_t x, unsigned *index)
{
	uint64_t bit = x & -x;

	*index = bits_de_bruijn_index[(bit * BITS_DE_BRUIJN) >> 58];
	return bit;
}

/* The highest set bit spreads down to bit 0, and then stands alone for the same look-up. */
static inline unsigned bits_log2(uint64_t x)
{
	x |= x >> 1;
	x |= x >> 2;
	x |= x >> 4;
	x |= x >> 8;
	x |= x >> 16;
	x |= x >> 32;
	x ^= x >> 1;
	return bits_de_bruijn_index[(x * BITS_DE_BRUIJN) >> 58];
}

static inline unsigned bits_count(uint64_t x)
{
	x -= (x >> 1) & 0x5555555555555555ull;
	x = (x & 0x3333333333333333ull) + ((x >> 2) & 0x3333333333333333ull);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return (unsigned)((x * 0x0101010101010101ull) >> 56);
}

#endif

/* bits_mask - @count set bits starting at bit @first. Pre: @first < 64, @first + @count <= 64. */
/*@
	requires first < 64 && first + count <= 64;
	assigns \nothing;
	ensures \forall integer j; 0 <= j < 64 ==>
		(has_bit(\result, j) <==> first <= j < first + count);
*/
static inline uint64_t bits_mask(unsigned first, unsigned count)
{
	if (count == 0)
		return 0;
	return (UINT64_MAX >> (BITS_PER_WORD - count)) << first;
}

/* bits_log2_ceil - the smallest n with 2^n >= @x. Pre: 0 < @x <= 2^63. */
static inline unsigned bits_log2_ceil(uint64_t x)
{
	return x == 1 ? 0 : bits_log2(x - 1) + 1;
}

#endif
