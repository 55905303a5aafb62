/* SPDX-License-Identifier: MIT */
/*
 * bitmap.c - runs of bits in an array of words.
 *
 * A range of bits is a first word of which the upper part counts, whole words, and a last word of
 * which the lower part counts; first and last may be the same word:
 *
 *	      first                          first + n - 1
 *	........#######|##############|##############|####............
 *	 words[at]      whole words: filled by memset   words[last]
 */
#include "mm/bitmap.h"

#include "lib/string.h"

void bitmap_set(uint64_t *words, uint64_t first, uint64_t n)
{
	if (n == 0)
		return;
	uint64_t at = first / BITS_PER_WORD;
	uint64_t last = (first + n - 1) / BITS_PER_WORD;
	uint64_t head = bitmap_from(first);
	uint64_t tail = bitmap_upto(first + n - 1);

	if (at == last) {
		words[at] |= head & tail;
		return;
	}
	words[at] |= head;
	memset(&words[at + 1], 0xff, (last - at - 1) * sizeof(words[0]));
	words[last] |= tail;
}

void bitmap_clear(uint64_t *words, uint64_t first, uint64_t n)
{
	if (n == 0)
		return;
	uint64_t at = first / BITS_PER_WORD;
	uint64_t last = (first + n - 1) / BITS_PER_WORD;
	uint64_t head = bitmap_from(first);
	uint64_t tail = bitmap_upto(first + n - 1);

	if (at == last) {
		words[at] &= ~(head & tail);
		return;
	}
	words[at] &= ~head;
	memset(&words[at + 1], 0, (last - at - 1) * sizeof(words[0]));
	words[last] &= ~tail;
}

/* The lowest bit of [first, end) that is set once each word is xored with @flip. */
static inline uint64_t next_of(const uint64_t *words, uint64_t first, uint64_t end, uint64_t flip)
{
	if (first >= end)
		return BITMAP_NONE;
	uint64_t at = first / BITS_PER_WORD;
	uint64_t last = (end - 1) / BITS_PER_WORD;
	uint64_t word = (words[at] ^ flip) & bitmap_from(first);

	while (word == 0) {
		if (at == last)
			return BITMAP_NONE;
		word = words[++at] ^ flip;
	}
	uint64_t i = at * BITS_PER_WORD + bits_ctz(word);
	return i < end ? i : BITMAP_NONE;
}

uint64_t bitmap_next_set(const uint64_t *words, uint64_t first, uint64_t end)
{
	return next_of(words, first, end, 0);
}

uint64_t bitmap_next_clear(const uint64_t *words, uint64_t first, uint64_t end)
{
	return next_of(words, first, end, UINT64_MAX);
}

uint64_t bitmap_last_clear(const uint64_t *words, uint64_t first, uint64_t end)
{
	if (first >= end)
		return BITMAP_NONE;
	uint64_t stop = first / BITS_PER_WORD;
	uint64_t at = (end - 1) / BITS_PER_WORD;
	uint64_t word = ~words[at] & bitmap_upto(end - 1);

	while (word == 0) {
		if (at == stop)
			return BITMAP_NONE;
		word = ~words[--at];
	}
	uint64_t i = at * BITS_PER_WORD + bits_log2(word);
	return i >= first ? i : BITMAP_NONE;
}

uint64_t bitmap_count(const uint64_t *words, uint64_t first, uint64_t n)
{
	if (n == 0)
		return 0;
	uint64_t at = first / BITS_PER_WORD;
	uint64_t last = (first + n - 1) / BITS_PER_WORD;
	uint64_t word = words[at] & bitmap_from(first);
	uint64_t count = 0;

	while (at != last) {
		count += bits_count(word);
		word = words[++at];
	}
	return count + bits_count(word & bitmap_upto(first + n - 1));
}
