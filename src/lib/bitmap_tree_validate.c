/* SPDX-License-Identifier: MIT */
/* bitmap_tree_validate.c - the walk over a whole tree; bitmap_tree.c numbers what it checks. */
#include "lib/bitmap_tree.h"

static uint64_t words_in_level(const struct bitmap_tree *tree, unsigned k)
{
	return tree->start[k + 1] - tree->start[k];
}

static const char *check_levels(const struct bitmap_tree *tree, uint64_t bits)
{
	if (bits == 0)
		return tree->nlevels == 0 ? NULL : "T1: a tree of no bits has no levels";
	if (tree->nlevels == 0 || tree->nlevels > BITMAP_TREE_MAX_LEVELS)
		return "T1: a tree has between one and BITMAP_TREE_MAX_LEVELS levels";
	if (tree->start[0] != 0)
		return "T1: level 0 begins with the first word";
	for (unsigned k = 0; k < tree->nlevels; k++) {
		if (words_in_level(tree, k) != bitmap_words(bits))
			return "T1: a level has one bit for each bit or word below";
		bits = words_in_level(tree, k);
	}
	return bits == 1 ? NULL : "T1: the topmost level is one word";
}

static const char *check_tails(const struct bitmap_tree *tree, uint64_t bits)
{
	for (unsigned k = 0; k < tree->nlevels; k++) {
		if ((tree->words[tree->start[k + 1] - 1] & ~bitmap_upto(bits - 1)) != 0)
			return "T2: bits after the end of a level are clear";
		bits = words_in_level(tree, k);
	}
	return NULL;
}

static const char *check_summaries(const struct bitmap_tree *tree)
{
	for (unsigned k = 0; k + 1 < tree->nlevels; k++) {
		const uint64_t *below = &tree->words[tree->start[k]];
		const uint64_t *above = &tree->words[tree->start[k + 1]];

		for (uint64_t w = 0; w < words_in_level(tree, k); w++) {
			if (bitmap_test(above, w) != (below[w] != 0))
				return "T3: a summary bit is set "
				       "if and only if its word is not zero";
		}
	}
	return NULL;
}

const char *bitmap_tree_validate(const struct bitmap_tree *tree, uint64_t nbits)
{
	const char *broken = check_levels(tree, nbits);

	if (broken == NULL)
		broken = check_tails(tree, nbits);
	if (broken == NULL)
		broken = check_summaries(tree);
	return broken;
}
