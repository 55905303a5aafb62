/* SPDX-License-Identifier: MIT */
/*
 * bitmap_tree.h - a bitmap that finds its set bits without looking at the clear ones, over the
 * indices [0, nbits). It knows no addresses, takes no lock, allocates nothing: the caller passes
 * the storage and serialises the calls. bitmap_tree.c draws it.
 */
#ifndef ACRE_LIB_BITMAP_TREE_H
#define ACRE_LIB_BITMAP_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "lib/bitmap.h"
#include "lib/status.h"

/* 64^6 bits: as many as there are pieces of 2 MiB in 2^57 bytes. */
#define BITMAP_TREE_MAX_LEVELS 6u
#define BITMAP_TREE_MAX_BITS   ((uint64_t)1 << (6 * BITMAP_TREE_MAX_LEVELS))

/* The tree points into the storage, never into itself: it may be copied and moved. */
struct bitmap_tree {
	uint64_t *words;  /* all levels, one after another */
	unsigned nlevels; /* 0: it has no bits */
	/* Level k is words[start[k]] up to words[start[k + 1] - 1]; level 0 holds the bits. */
	uint32_t start[BITMAP_TREE_MAX_LEVELS + 1];
};

/*@
	// Words of a level of @n words and of all levels above it.
	logic integer words_from(integer n) =
		n <= 0 ? 0 : n == 1 ? 1 : n + words_from(words_for(n));

	// Level @k has so many words, which have a meaning for so many bits.
	logic integer level_words(struct bitmap_tree *t, integer k) = t->start[k + 1] - t->start[k];
	logic integer level_bits(struct bitmap_tree *t, integer k) =
		k == 0 ? 64 * t->start[1] : t->start[k] - t->start[k - 1];

	// T1: as many words as it takes.
	predicate has_least_levels(struct bitmap_tree *t) = \forall integer k;
		0 <= k < t->nlevels ==> level_words(t, k) == words_for(level_bits(t, k));

	// What it takes not to stray: enough words, levels that do not overlap, one word on top.
	predicate is_sound(struct bitmap_tree *t) =
		\valid(t) && t->nlevels <= 6 && t->start[0] == 0 &&
		(\forall integer k; 0 <= k < t->nlevels ==>
			0 < level_bits(t, k) <= 64 * level_words(t, k)) &&
		(\forall integer j, k; 0 <= j <= k <= t->nlevels ==> t->start[j] <= t->start[k]) &&
		(t->nlevels > 0 ==> level_words(t, t->nlevels - 1) == 1) &&
		\valid(t->words + (0 .. t->start[t->nlevels] - 1)) &&
		\separated(t, t->words + (0 .. t->start[t->nlevels] - 1));

	// Word @w and bit @i of level @k.
	logic integer word_of(struct bitmap_tree *t, integer k, integer w) =
		(t->words + t->start[k])[w];
	predicate level_bit(struct bitmap_tree *t, integer k, integer i) =
		has_bit(word_of(t, k, i / 64), i % 64);

	// T2, but on level 0, of which the caller knows how many bits there are.
	predicate has_clear_tails(struct bitmap_tree *t) = \forall integer k, i;
		1 <= k < t->nlevels && level_bits(t, k) <= i < 64 * level_words(t, k) ==>
		!level_bit(t, k, i);

	// Bits above level 0, and whether one says what it should of the word below?
	predicate is_summary(struct bitmap_tree *t, integer k, integer i) =
		1 <= k < t->nlevels && 0 <= i < level_bits(t, k);
	predicate agrees_at(struct bitmap_tree *t, integer k, integer i) =
		level_bit(t, k, i) <==> word_of(t, k - 1, i) != 0;
	// T3, but for bits @from to @end - 1 of level @but.
	predicate agrees_but(struct bitmap_tree *t, integer but, integer from, integer end) =
		\forall integer k, i; is_summary(t, k, i) && !(k == but && from <= i < end) ==>
			agrees_at(t, k, i);

	predicate is_tree(struct bitmap_tree *t) =
		is_sound(t) && has_least_levels(t) && has_clear_tails(t) && agrees_but(t, 0, 0, 0);

	predicate has_index(struct bitmap_tree *t, integer i) =
		t->nlevels > 0 && 0 <= i < level_bits(t, 0);
	predicate tree_bit(struct bitmap_tree *t, integer i) = level_bit(t, 0, i);

	// Words and bits of levels other than @k are at @B what they were at @A.
	predicate only_level{A, B}(struct bitmap_tree *t, integer k) =
		(\forall integer l, w; 0 <= l < \at(t->nlevels, A) && l != k &&
			0 <= w < \at(level_words(t, l), A) ==>
			\at(word_of(t, l, w), B) == \at(word_of(t, l, w), A)) &&
		(\forall integer l, i; 0 <= l < \at(t->nlevels, A) && l != k &&
			0 <= i < 64 * \at(level_words(t, l), A) ==>
			(\at(level_bit(t, l, i), B) <==> \at(level_bit(t, l, i), A)));
*/

/*
 * bitmap_tree_words - how many 64-bit words of storage a tree of @nbits needs, summaries included:
 * below 1.016 bits a bit, plus a word a level. Any @nbits.
 */
/*@
	assigns \nothing;
	ensures \result == words_from(words_for(nbits));
*/
size_t bitmap_tree_words(uint64_t nbits);

/*
 * bitmap_tree_init - a tree of @nbits clear bits in @words, which the caller lends for the life of
 * the tree: bitmap_tree_words(@nbits) words (NULL will do for none).
 * Result: ACRE_OK; ACRE_ERR_RANGE, and nothing written, past BITMAP_TREE_MAX_BITS.
 * Cost:   fills the storage.
 */
/*@
	requires \valid(tree) && \valid(words + (0 .. words_from(words_for(nbits)) - 1));
	requires \separated(tree, words + (0 .. words_from(words_for(nbits)) - 1));
	assigns *tree, words[0 .. words_from(words_for(nbits)) - 1];
	ensures \result == ACRE_OK || \result == ACRE_ERR_RANGE;
	ensures \result == ACRE_OK <==> nbits <= BITMAP_TREE_MAX_BITS;
	ensures \result == ACRE_OK ==> is_tree(tree);
	ensures \result == ACRE_OK ==> tree->words == words &&
		tree->start[tree->nlevels] == words_from(words_for(nbits));
	ensures \result == ACRE_OK && nbits > 0 ==> level_words(tree, 0) == words_for(nbits);
	ensures \result == ACRE_OK ==>
		\forall integer i; has_index(tree, i) ==> !tree_bit(tree, i);
	ensures \result != ACRE_OK ==> *tree == \old(*tree);
	ensures \result != ACRE_OK ==>
		\forall integer a; 0 <= a < words_from(words_for(nbits)) ==>
			words[a] == \old(words[a]);
*/
acre_nodiscard enum acre_status bitmap_tree_init(struct bitmap_tree *tree, uint64_t *words,
						 uint64_t nbits);

/*
 * bitmap_tree_set_bit, bitmap_tree_clear_bit - make bit @i one or zero, whatever it was.
 * Pre: @i < nbits. Cost: stops at the first level that does not change.
 */
/*@
	requires is_tree(tree) && has_index(tree, i);
	assigns tree->words[0 .. tree->start[tree->nlevels] - 1];
	ensures is_tree(tree);
	ensures \forall integer j; has_index(tree, j) ==>
		(tree_bit(tree, j) <==> j == \old(i) || \old(tree_bit(tree, j)));
*/
void bitmap_tree_set_bit(struct bitmap_tree *tree, uint64_t i);
/*@
	requires is_tree(tree) && has_index(tree, i);
	assigns tree->words[0 .. tree->start[tree->nlevels] - 1];
	ensures is_tree(tree);
	ensures \forall integer j; has_index(tree, j) ==>
		(tree_bit(tree, j) <==> j != \old(i) && \old(tree_bit(tree, j)));
*/
void bitmap_tree_clear_bit(struct bitmap_tree *tree, uint64_t i);

/*
 * bitmap_tree_clear - make the @n bits from @first zero, whatever they were.
 * Pre: @first + @n <= nbits; @n may be 0. Cost: n / 64 words, and 1/64 as many on each level above.
 */
/*@
	requires is_tree(tree) && first + n <= UINT64_MAX;
	requires n > 0 ==> has_index(tree, first + n - 1);
	assigns tree->words[0 .. tree->start[tree->nlevels] - 1];
	ensures is_tree(tree);
	ensures \forall integer j; has_index(tree, j) ==>
		(tree_bit(tree, j) <==>
			\old(tree_bit(tree, j)) && !(\old(first) <= j < \old(first) + n));
*/
void bitmap_tree_clear(struct bitmap_tree *tree, uint64_t first, uint64_t n);

/* bitmap_tree_test - is bit @i set? Pre: @i < nbits. */
/*@
	requires is_tree(tree) && has_index(tree, i);
	assigns \nothing;
	ensures \result <==> tree_bit(tree, i);
*/
static inline bool bitmap_tree_test(const struct bitmap_tree *tree, uint64_t i)
{
	//@ assert tree->start[0] == 0;
	return bitmap_test(tree->words, i);
}

/*
 * bitmap_tree_next_set - the lowest set bit at @from or after, BITMAP_NONE if there is none. Any
 * @from. Cost: O(levels), one word if the answer is in the word of @from.
 */
/*@
	requires is_tree(tree);
	assigns \nothing;
	ensures \result != BITMAP_NONE ==>
		from <= \result && has_index(tree, \result) && tree_bit(tree, \result);
	ensures \forall integer j; from <= j < \result && has_index(tree, j) ==> !tree_bit(tree, j);
*/
uint64_t bitmap_tree_next_set(const struct bitmap_tree *tree, uint64_t from);

/*
 * bitmap_tree_validate - walk everything: NULL if the invariants of bitmap_tree.c hold for a tree
 * of @nbits, else the sentence that is broken.
 */
const char *bitmap_tree_validate(const struct bitmap_tree *tree, uint64_t nbits);

#endif
