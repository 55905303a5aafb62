/* SPDX-License-Identifier: MIT */
/*
 * bitmap_tree.c - the hierarchical bitmap.
 *
 * Level 0 holds the bits themselves. Each level above has one bit for each word of the level below:
 * set when that word has any bit set. The topmost level is one word. With 4,200 bits:
 *
 *	level 2   1 word     bit 0 . bit 1
 *	                       |       |
 *	level 1   2 words    [ 64 bits ][ 2 bits ]
 *	                       |  |  |      |  |
 *	level 0  66 words    [64][64] ... [64][40]      bit i: word i / 64, bit i % 64
 *
 * To find the lowest set bit, take the lowest bit of the topmost word; its index is the index of a
 * word one level down that is not zero; and so on. To go on from a place, look at the rest of its
 * word; if there is nothing, go up one level and look behind the bit of that word; where something
 * is found, go down again. To set a bit is to set the bit of its word above. To clear bits is to
 * clear the bits of those words above that have become zero.
 *
 * The levels lie one after another in the caller's storage, level 0 first: start[k] is where.
 *
 * Invariants (bitmap_tree_validate() checks them by these numbers):
 *   T1  level k has ceil(n / 64) words, n being nbits for k = 0, else the words of level k - 1; the
 *       last level has exactly one word; no bits, no levels.
 *   T2  the bits of a level's last word that stand for nothing are clear.
 *   T3  bit w of level k + 1 is set if and only if word w of level k is not zero.
 *
 * Costs: 1 + 1/64 + 1/4096 + ... < 1.016 bits a bit. Find: one word a level down, at most two a
 * level up. Clearing a run: its words, 1/64 as many above, and so on.
 */
#include "mm/bitmap_tree.h"

/* The words of the level above one of @n words; there is none above one word. */
static inline uint64_t words_above(uint64_t n)
{
	return n == 1 ? 0 : bitmap_words(n);
}

size_t bitmap_tree_words(uint64_t nbits)
{
	size_t total = 0;

	for (uint64_t n = bitmap_words(nbits); n != 0; n = words_above(n))
		total += n;
	return total;
}

enum status bitmap_tree_init(struct bitmap_tree *tree, uint64_t *words, uint64_t nbits)
{
	uint32_t end = 0;

	if (nbits > BITMAP_TREE_MAX_BITS)
		return ERR_RANGE;
	tree->words = words;
	tree->nbits = nbits;
	tree->nlevels = 0;
	tree->start[0] = 0;
	for (uint64_t n = bitmap_words(nbits); n != 0; n = words_above(n)) {
		end += (uint32_t)n;
		tree->nlevels++;
		tree->start[tree->nlevels] = end;
	}
	for (uint32_t at = 0; at < end; at++)
		words[at] = 0;
	return STATUS_OK;
}

void bitmap_tree_set_bit(struct bitmap_tree *tree, uint64_t i)
{
	for (unsigned k = 0; k < tree->nlevels; k++) {
		uint64_t at = tree->start[k] + i / BITS_PER_WORD;
		uint64_t old = tree->words[at];

		tree->words[at] = bitmap_with(old, i);
		if (old != 0)
			return;
		i /= BITS_PER_WORD;
	}
}

void bitmap_tree_clear_bit(struct bitmap_tree *tree, uint64_t i)
{
	for (unsigned k = 0; k < tree->nlevels; k++) {
		uint64_t at = tree->start[k] + i / BITS_PER_WORD;
		uint64_t left = bitmap_without(tree->words[at], i);

		tree->words[at] = left;
		if (left != 0)
			return;
		i /= BITS_PER_WORD;
	}
}

/* Clear bits @first to @last of level @k, and leave the levels above to the caller. */
static void clear_level(struct bitmap_tree *tree, unsigned k, uint64_t first, uint64_t last)
{
	for (uint64_t w = first / BITS_PER_WORD; w <= last / BITS_PER_WORD; w++) {
		uint64_t low = w == first / BITS_PER_WORD ? first % BITS_PER_WORD : 0;
		uint64_t high =
			w == last / BITS_PER_WORD ? last % BITS_PER_WORD : BITS_PER_WORD - 1;
		uint64_t at = tree->start[k] + w;

		tree->words[at] = bitmap_outside(tree->words[at], low, high);
	}
}

void bitmap_tree_clear(struct bitmap_tree *tree, uint64_t first, uint64_t n)
{
	uint64_t end = first + n;

	for (unsigned k = 0; k < tree->nlevels && first < end; k++) {
		clear_level(tree, k, first, end - 1);
		/* The bits of words that are zero now; only the first and the last may be not. */
		first = first / BITS_PER_WORD;
		end = (end - 1) / BITS_PER_WORD + 1;
		if (tree->words[tree->start[k] + first] != 0)
			first++;
		if (first < end && tree->words[tree->start[k] + end - 1] != 0)
			end--;
	}
}

/* The lowest set bit of level 0 under bit @i of level @k, which is set. */
static uint64_t descend(const struct bitmap_tree *tree, unsigned k, uint64_t i)
{
	while (k > 0) {
		k--;
		i = i * BITS_PER_WORD + bits_ctz(tree->words[tree->start[k] + i]);
	}
	return i;
}

uint64_t bitmap_tree_next_set(const struct bitmap_tree *tree, uint64_t from)
{
	uint64_t i = from;

	for (unsigned k = 0; k < tree->nlevels; k++) {
		uint64_t w = i / BITS_PER_WORD;

		if (w >= tree->start[k + 1] - tree->start[k])
			return BITMAP_NONE;
		uint64_t rest = bitmap_rest(tree->words[tree->start[k] + w], i);
		if (rest != 0)
			return descend(tree, k, w * BITS_PER_WORD + bits_ctz(rest));
		i = w + 1; /* the word behind this one, as a bit of the level above */
	}
	return BITMAP_NONE;
}
