/* SPDX-License-Identifier: MIT */
/*
 * chunk_scan_internal.h - what the eight words of a chunk have: its byte, or the lowest aligned run
 * of an order. A part of chunk_tree.c, inline since nearly all of a search's cost is here.
 */
#ifndef ACRE_MM_CHUNK_SCAN_INTERNAL_H
#define ACRE_MM_CHUNK_SCAN_INTERNAL_H

#include <stdint.h>

#include "lib/bitmap_atomic.h"
#include "lib/compiler.h"
#include "mm/index/chunk_bytes.h"

/* Of eight bits, those from which 2^@order, at a multiple of that, are set. */
static inline unsigned aligned_in(unsigned mask, unsigned order)
{
	if (order >= 1)
		mask &= mask >> 1 & 0x55;
	if (order >= 2)
		mask &= mask >> 2 & 0x11;
	if (order >= 3)
		mask &= mask >> 4 & 0x01;
	return mask;
}

/* What a chunk has to offer: an aligned run of the order asked for, or, failing that, its byte. */
struct offer {
	uint64_t at; /* index in the chunk; CHUNK_BITS: no such run */
	unsigned byte;
};

/* @full has a bit for each word that is full: runs of those are orders 6 to 9. */
static never_inline struct offer scan_full(unsigned full, unsigned order)
{
	unsigned best = 6;

	if (order <= CHUNK_ORDER && aligned_in(full, order - 6) != 0)
		return (struct offer){
			(uint64_t)bits_ctz(aligned_in(full, order - 6)) * BITS_PER_WORD, 0
		};
	while (best < CHUNK_ORDER && aligned_in(full, best + 1 - 6) != 0)
		best++;
	return (struct offer){ CHUNK_BITS, best + 2 };
}

/* Multiples of 2^k. */
static const uint64_t aligned[] = {
	0xffffffffffffffff, 0x5555555555555555, 0x1111111111111111, 0x0101010101010101,
	0x0001000100010001, 0x0000000100000001, 0x0000000000000001,
};

/* Those bits of @x, at a multiple of 2^@order, from which so many are set. @order is a constant. */
static force_inline uint64_t runs_in(uint64_t x, unsigned order)
{
	for (unsigned k = 0; k < 6; k++) {
		if (k < order)
			x &= x >> (1u << k);
	}
	return x & aligned[order];
}

static force_inline uint64_t try_order(const bitmap_word *words, unsigned order)
{
	for (unsigned w = 0; w < CHUNK_WORDS; w++) {
		uint64_t runs = runs_in(bitmap_atomic_word(&words[w]), order);
		if (runs != 0)
			return w * BITS_PER_WORD + bits_ctz(runs);
	}
	return CHUNK_BITS;
}

static inline uint64_t try_full(const bitmap_word *words, unsigned order)
{
	unsigned step = 1u << (order - 6);

	for (uint64_t w = 0; w < CHUNK_WORDS; w += step) {
		uint64_t all = UINT64_MAX;
		for (unsigned i = 0; i < step; i++)
			all &= bitmap_atomic_word(&words[w + i]);
		if (all == UINT64_MAX)
			return w * BITS_PER_WORD;
	}
	return CHUNK_BITS;
}

/* The lowest aligned 2^@order bits of a chunk, word by word: the fastest way if they are there. */
static inline uint64_t find_in_words(const bitmap_word *words, unsigned order)
{
	switch (order) {
	case 0:
		return try_order(words, 0);
	case 1:
		return try_order(words, 1);
	case 2:
		return try_order(words, 2);
	case 3:
		return try_order(words, 3);
	case 4:
		return try_order(words, 4);
	case 5:
		return try_order(words, 5);
	case 6:
		return try_order(words, 6);
	default:
		return try_full(words, order);
	}
}

/* A statement for each of the eight words, so that they live in registers. */
#define EACH_WORD(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7)
#define LOAD(w)      uint64_t x##w = bitmap_atomic_word(&words[w]);
#define AND(w)       &x##w
#define OR(w)        | x##w
#define FULL(w)      | (unsigned)(x##w & 1) << (w)
#define LOWEST(w)                                                                                  \
	if ((x##w & mask) != 0)                                                                    \
		return (struct offer){ (w)*BITS_PER_WORD + bits_ctz(x##w & mask), 0 };
#define DOUBLE(w) x##w &= x##w >> shift;

/*
 * One round: x has the bits from which 2^k are set. Is one at a multiple of that? Then go on with
 * those from which twice as many are.
 */
#define ROUND(k)                                                                                   \
	do {                                                                                       \
		const uint64_t mask = aligned[k];                                                  \
		const unsigned shift = 1u << (k);                                                  \
		if (((0 EACH_WORD(OR)) & mask) == 0)                                               \
			return (struct offer){ CHUNK_BITS, (k) == 0 ? CHUNK_EMPTY : (k) + 1 };     \
		if (order == (k)) {                                                                \
			EACH_WORD(LOWEST)                                                          \
		}                                                                                  \
		EACH_WORD(DOUBLE)                                                                  \
	} while (0)

/*
 * The lowest aligned 2^@order bits of a chunk, or its byte: all words at a time, the fastest way if
 * they are not there.
 */
/* NOLINTNEXTLINE(readability-function-size): it is short before the macros */
static force_inline struct offer scan_chunk(const bitmap_word *words, unsigned order)
{
	EACH_WORD(LOAD)
	if ((UINT64_MAX EACH_WORD(AND)) == UINT64_MAX)
		return order <= CHUNK_ORDER ? (struct offer){ 0, 0 }
					    : (struct offer){ CHUNK_BITS, CHUNK_FULL };
	ROUND(0);
	ROUND(1);
	ROUND(2);
	ROUND(3);
	ROUND(4);
	ROUND(5);
	if (((0 EACH_WORD(OR)) & 1) == 0)
		return (struct offer){ CHUNK_BITS, 5 + 2 };
	return scan_full(0 EACH_WORD(FULL), order);
}

#endif
