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
 * is found, go down again. To set bits is to set the bits of their words above. To clear bits is to
 * clear the bits of those words above that have become zero.
 *
 * The levels lie one after another in the caller's storage, level 0 first.
 *
 * Invariants (bitmap_tree_validate() checks them by these numbers):
 *   T1  level k has ceil(n / 64) words, n being nbits for k = 0, else the words of level k - 1; the
 *       last level has exactly one word; no bits, no levels.
 *   T2  the bits of a level's last word that stand for nothing are clear.
 *   T3  bit w of level k + 1 is set if and only if word w of level k is not zero.
 *
 * Costs: 1 + 1/64 + 1/4096 + ... < 1.016 bits a bit. Find: one word a level down, at most two a
 * level up. Marking a run: its words, 1/64 as many above, and so on.
 */
#include "mm/bitmap_tree.h"

#include "lib/align.h"
#include "lib/string.h"

size_t bitmap_tree_words(uint64_t nbits)
{
	size_t total = 0;

	for (uint64_t n = bitmap_words(nbits); n != 0; n = n == 1 ? 0 : bitmap_words(n))
		total += n;
	return total;
}

enum status bitmap_tree_init(struct bitmap_tree *tree, uint64_t *words, uint64_t nbits)
{
	if (nbits > BITMAP_TREE_MAX_BITS)
		return ERR_RANGE;
	*tree = (struct bitmap_tree){ .nbits = nbits };
	uint64_t *at = words;
	for (uint64_t n = bitmap_words(nbits); n != 0; n = n == 1 ? 0 : bitmap_words(n)) {
		tree->level[tree->nlevels++] = (struct bitmap_level){ .words = at, .nwords = n };
		at += n;
	}
	if (nbits != 0)
		memset(words, 0, (size_t)(at - words) * sizeof(words[0]));
	return STATUS_OK;
}

void bitmap_tree_set(struct bitmap_tree *tree, uint64_t first, uint64_t n)
{
	if (n == 0)
		return;
	/* Every word that got a bit is not zero now, so its bit above is to be set: the same again.
	 */
	uint64_t last = first + n - 1;
	for (unsigned k = 0; k < tree->nlevels; k++) {
		bitmap_set(tree->level[k].words, first, last - first + 1);
		first /= BITS_PER_WORD;
		last /= BITS_PER_WORD;
	}
}

void bitmap_tree_clear(struct bitmap_tree *tree, uint64_t first, uint64_t n)
{
	if (n == 0)
		return;
	uint64_t last = first + n - 1;
	for (unsigned k = 0; k < tree->nlevels; k++) {
		const uint64_t *words = tree->level[k].words;

		bitmap_clear(tree->level[k].words, first, last - first + 1);
		/* Words inside the run are zero now; only the first and the last may be not. */
		first /= BITS_PER_WORD;
		last /= BITS_PER_WORD;
		bool keep_first = words[first] != 0;
		bool keep_last = words[last] != 0;
		if (last - first + 1 <= (uint64_t)keep_first + keep_last)
			return;
		first += keep_first;
		last -= keep_last;
	}
}

void bitmap_tree_set_bit(struct bitmap_tree *tree, uint64_t i)
{
	for (unsigned k = 0; k < tree->nlevels; k++) {
		uint64_t *word = &tree->level[k].words[i / BITS_PER_WORD];
		uint64_t old = *word;

		*word = old | bitmap_bit(i);
		if (old != 0)
			return;
		i /= BITS_PER_WORD;
	}
}

void bitmap_tree_clear_bit(struct bitmap_tree *tree, uint64_t i)
{
	for (unsigned k = 0; k < tree->nlevels; k++) {
		uint64_t *word = &tree->level[k].words[i / BITS_PER_WORD];

		*word &= ~bitmap_bit(i);
		if (*word != 0)
			return;
		i /= BITS_PER_WORD;
	}
}

bool bitmap_tree_all_set(const struct bitmap_tree *tree, uint64_t first, uint64_t n)
{
	return n == 0 || bitmap_next_clear(tree->level[0].words, first, first + n) == BITMAP_NONE;
}

bool bitmap_tree_all_clear(const struct bitmap_tree *tree, uint64_t first, uint64_t n)
{
	return bitmap_tree_next_set(tree, first) >= first + n;
}

/* The lowest set bit of level 0 under bit @i of level @k, which is set. */
static uint64_t descend(const struct bitmap_tree *tree, unsigned k, uint64_t i)
{
	while (k-- > 0)
		i = i * BITS_PER_WORD + bits_ctz(tree->level[k].words[i]);
	return i;
}

uint64_t bitmap_tree_next_set(const struct bitmap_tree *tree, uint64_t from)
{
	uint64_t i = from;

	for (unsigned k = 0; k < tree->nlevels; k++) {
		uint64_t at = i / BITS_PER_WORD;

		if (at >= tree->level[k].nwords)
			return BITMAP_NONE;
		uint64_t rest = tree->level[k].words[at] & bitmap_from(i);
		if (rest != 0)
			return descend(tree, k, at * BITS_PER_WORD + bits_ctz(rest));
		i = at + 1; /* the word behind this one, as a bit of the level above */
	}
	return BITMAP_NONE;
}

uint64_t bitmap_tree_lowest(const struct bitmap_tree *tree)
{
	if (tree->nlevels == 0 || tree->level[tree->nlevels - 1].words[0] == 0)
		return BITMAP_NONE;
	return descend(tree, tree->nlevels, 0);
}

/* The lowest j >= @i with j + @bias a multiple of @align, or BITMAP_NONE if that wraps. */
static uint64_t align_index(uint64_t i, uint64_t align, uint64_t bias)
{
	uint64_t up;

	if (!add_checked(i, bias, &up) || !align_up_checked(up, align, &up))
		return BITMAP_NONE;
	return up - bias;
}

uint64_t bitmap_tree_first_run(const struct bitmap_tree *tree, uint64_t from, uint64_t len,
			       uint64_t align, uint64_t bias)
{
	uint64_t i = from;
	uint64_t known = 0; /* all bits of [i, known) are set: they were looked at before */

	if (len == 0)
		return BITMAP_NONE;
	for (;;) {
		i = bitmap_tree_next_set(tree, i);
		if (i == BITMAP_NONE)
			return BITMAP_NONE;
		i = align_index(i, align, bias);
		if (i >= tree->nbits || len > tree->nbits - i)
			return BITMAP_NONE;
		/* The LAST clear bit: no run that starts at it or before it can be long enough. */
		uint64_t hole =
			bitmap_last_clear(tree->level[0].words, known > i ? known : i, i + len);
		if (hole == BITMAP_NONE)
			return i;
		known = i + len;
		i = hole + 1;
	}
}

uint64_t bitmap_tree_count(const struct bitmap_tree *tree, uint64_t first, uint64_t n)
{
	return bitmap_count(tree->level[0].words, first, n);
}
