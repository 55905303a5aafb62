/* SPDX-License-Identifier: MIT */
/*
 * bitmap_tree_contracts.h - the static functions of bitmap_tree.c, each with its contract
 * (docs/proof.md). What each is for stands at its definition.
 */
#ifndef ACRE_LIB_BITMAP_TREE_CONTRACTS_H
#define ACRE_LIB_BITMAP_TREE_CONTRACTS_H

#include "lib/bitmap_tree.h"

/*@
	assigns \nothing;
	ensures \result == (n == 1 ? 0 : words_for(n));
	ensures n > 0 ==> words_from(n) == n + words_from(\result) && n + 2 * \result <= 2 * n;
*/
static inline uint64_t words_above(uint64_t n);

/*@
	requires \valid(words + (0 .. n - 1));
	assigns words[0 .. n - 1];
	ensures \forall integer a; 0 <= a < n ==> words[a] == 0;
*/
static inline void wipe(uint64_t *words, uint64_t n);

/*@
	// T1 for the first @n levels, each with a bit at least.
	predicate is_level(integer bits, integer words) =
		words == words_for(bits) && 0 < bits <= 64 * words;
	predicate has_levels(struct bitmap_tree *t, integer n) =
		n <= 6 && t->start[0] == 0 && \forall integer k; 0 <= k < n ==>
			is_level(level_bits(t, k), level_words(t, k));

	// Are @n words what comes above the levels so far?
	predicate is_next_level(struct bitmap_tree *t, integer n) =
		t->nlevels > 0 ==> n == (level_words(t, t->nlevels - 1) == 1 ? 0 :
			words_for(level_words(t, t->nlevels - 1)));

	// Of 64^6 bits, or fewer, level @k has @n words.
	predicate fits_level(integer k, integer n) =
		n == 0 && k <= 6 || k == 0 && n <= 0x40000000 || k == 1 && n <= 0x1000000 ||
		k == 2 && n <= 0x40000 || k == 3 && n <= 0x1000 || k == 4 && n <= 0x40 ||
		k == 5 && n <= 1;

	// Of a tree of @nbits, the levels so far are all below the one of @n words.
	predicate has_words_below(struct bitmap_tree *t, integer nbits, integer n) =
		t->start[t->nlevels] + words_from(n) == words_from(words_for(nbits)) &&
		t->start[t->nlevels] + 2 * n <= 2 * words_for(nbits) &&
		(t->nlevels == 0 ==> n == words_for(nbits)) &&
		(t->nlevels > 0 ==> nbits > 0 && t->start[1] == words_for(nbits));
*/

/* Level @k, of @n words, is one more. */
/*@ ghost
	/@
		requires has_levels(tree, k) && 0 <= k < 6 && 0 < n;
		requires tree->start[k + 1] == tree->start[k] + n;
		requires k > 0 ==> n == words_for(level_words(tree, k - 1));
		assigns \nothing;
		exits \false;
		ensures has_levels(tree, k + 1);
	@/
	static void has_one_more(const struct bitmap_tree *tree, unsigned k, uint64_t n)
	{
		/@ assert k > 0 ==> level_bits(tree, k) == level_words(tree, k - 1); @/
		/@ assert is_level(level_bits(tree, k), level_words(tree, k)); @/
	}
*/

/*@
	requires \valid(tree) && tree->nlevels < 6;
	requires 0 < n && tree->start[tree->nlevels] + n <= UINT32_MAX;
	assigns tree->nlevels, tree->start[tree->nlevels + 1];
	ensures tree->nlevels == \old(tree->nlevels) + 1;
	ensures level_words(tree, tree->nlevels - 1) == n;
	ensures \forall integer k; 0 <= k < tree->nlevels ==>
		tree->start[k] == \old(tree->start[k]);
	ensures \forall integer k; 0 <= k < \old(tree->nlevels) ==>
		level_words(tree, k) == \old(level_words(tree, k)) &&
		level_bits(tree, k) == \old(level_bits(tree, k));
*/
static inline void add_level(struct bitmap_tree *tree, uint64_t n);

/* Levels of words that are all zero are a tree, in which each bit is clear. */
/*@ ghost
	/@
		requires \valid(tree) && has_levels(tree, tree->nlevels);
		requires tree->nlevels > 0 ==> level_words(tree, tree->nlevels - 1) == 1;
		requires \valid(tree->words + (0 .. tree->start[tree->nlevels] - 1));
		requires \separated(tree, tree->words + (0 .. tree->start[tree->nlevels] - 1));
		requires \forall integer a; 0 <= a < tree->start[tree->nlevels] ==>
			tree->words[a] == 0;
		assigns \nothing;
		exits \false;
		ensures is_tree(tree);
		ensures \forall integer i; has_index(tree, i) ==> !tree_bit(tree, i);
	@/
	static void zeros_make_a_tree(const struct bitmap_tree *tree)
	{
		/@
			loop invariant 0 <= k <= tree->nlevels;
			loop invariant \forall integer i, j; 0 <= i <= j <= k ==>
				tree->start[i] <= tree->start[j];
			loop assigns k;
			loop variant tree->nlevels - k;
		@/
		for (unsigned k = 0; k < tree->nlevels; k++)
			/@ assert is_level(level_bits(tree, k), level_words(tree, k)); @/;
		/@ assert \forall integer k; 0 <= k < tree->nlevels ==>
			is_level(level_bits(tree, k), level_words(tree, k)); @/
		/@ assert \forall integer k; 0 <= k < tree->nlevels ==>
			0 < level_bits(tree, k) <= 64 * level_words(tree, k); @/
		/@ assert has_least_levels(tree); @/
		/@ assert is_sound(tree); @/
		/@ assert \forall integer k, w; 0 <= k < tree->nlevels &&
			0 <= w < level_words(tree, k) ==> word_of(tree, k, w) == 0; @/
		/@ assert \forall integer k, i; 0 <= k < tree->nlevels &&
			0 <= i < 64 * level_words(tree, k) ==>
			word_of(tree, k, i / 64) == 0 && !level_bit(tree, k, i); @/
		/@ assert agrees_but(tree, 0, 0, 0); @/
	}
*/

/*@
	requires is_sound(tree) && k < tree->nlevels && w < level_words(tree, k);
	assigns \nothing;
	ensures \result == word_of(tree, k, w);
*/
static inline uint64_t tree_word(const struct bitmap_tree *tree, unsigned k, uint64_t w);

/*@
	predicate agrees_on(struct bitmap_tree *t, integer k) =
		\forall integer i; is_summary(t, k, i) ==> agrees_at(t, k, i);
	predicate agrees_on_but(struct bitmap_tree *t, integer k, integer first, integer last) =
		\forall integer i; is_summary(t, k, i) && !(first <= i <= last) ==>
			agrees_at(t, k, i);
	predicate agrees_elsewhere(struct bitmap_tree *t, integer k) =
		\forall integer l, i; is_summary(t, l, i) && l != k && l != k + 1 ==>
			agrees_at(t, l, i);
	// Word @w of level @k matters to two bits only: to those in it, and to its own above.
	predicate agrees_kept{A, B}(struct bitmap_tree *t, integer k, integer w) =
		\forall integer l, i; \at(is_summary(t, l, i), A) && l != k &&
			!(l == k + 1 && i == w) && \at(agrees_at(t, l, i), A) ==>
			\at(agrees_at(t, l, i), B);
*/

/*@
	requires is_sound(tree) && k < tree->nlevels && w < level_words(tree, k);
	assigns tree->words[tree->start[k] + w];
	ensures only_level{Pre, Post}(tree, k);
	ensures word_of(tree, k, w) == word;
	ensures \forall integer v; 0 <= v < level_words(tree, k) && v != w ==>
		word_of(tree, k, v) == \old(word_of(tree, k, v));
	ensures \forall integer i; 0 <= i < 64 * level_words(tree, k) && i / 64 != w ==>
		(level_bit(tree, k, i) <==> \old(level_bit(tree, k, i)));
	ensures agrees_kept{Pre, Post}(tree, k, w);
*/
static inline void set_tree_word(struct bitmap_tree *tree, unsigned k, uint64_t w, uint64_t word);

/* Level @k agrees, and so does the one above, except in bits @first to @last. */
/*@ ghost
	/@
		requires agrees_on(tree, k);
		requires agrees_on_but(tree, k + 1, first, last);
		requires agrees_elsewhere(tree, k);
		assigns \nothing;
		exits \false;
		ensures agrees_but(tree, k + 1, first, last + 1);
	@/
	static void agrees_but_above(const struct bitmap_tree *tree, unsigned k, uint64_t first,
				     uint64_t last)
	{
		/@ assert \forall integer l, i; is_summary(tree, l, i) && l != k && l != k + 1 ==>
			agrees_at(tree, l, i); @/
		/@ assert \forall integer l, i; is_summary(tree, l, i) &&
			!(l == k + 1 && first <= i < last + 1) ==> agrees_at(tree, l, i); @/
	}
*/

/*@
	// Bits @first to @end - 1 of level @k are in it, and each has a word below.
	predicate is_part(struct bitmap_tree *t, integer k, integer first, integer end) =
		first <= end &&
		(k < t->nlevels && first < end ==> end <= level_bits(t, k)) &&
		(k > 0 ==> end <= level_words(t, k - 1));

	// Of the bits of the tree bit @i has become set; the @n bits from @first have become clear.
	predicate set_one{A, B}(struct bitmap_tree *t, integer i) =
		\forall integer j; \at(has_index(t, j), B) ==>
			(\at(tree_bit(t, j), B) <==> j == i || \at(tree_bit(t, j), A));
	predicate cleared{A, B}(struct bitmap_tree *t, integer first, integer n) =
		\forall integer j; \at(has_index(t, j), B) ==>
			(\at(tree_bit(t, j), B) <==>
				\at(tree_bit(t, j), A) && !(first <= j < first + n));
*/

/*@
	requires is_sound(tree) && k < tree->nlevels && i < level_bits(tree, k);
	requires agrees_but(tree, k, i, i + 1) && has_clear_tails(tree);
	requires k > 0 ==> word_of(tree, k - 1, i) != 0;
	assigns tree->words[tree->start[k] + i / 64];
	ensures only_level{Pre, Post}(tree, k) && has_clear_tails(tree);
	ensures agrees_but(tree, k + 1, i / 64, i / 64 + 1);
	ensures \result != 0 ==> agrees_but(tree, 0, 0, 0);
	ensures \result == 0 ==> word_of(tree, k, i / 64) != 0;
	ensures \forall integer j; 0 <= j < level_bits(tree, k) ==>
		(level_bit(tree, k, j) <==> j == i || \old(level_bit(tree, k, j)));
*/
static inline uint64_t set_in_level(struct bitmap_tree *tree, unsigned k, uint64_t i);

/*@
	requires is_sound(tree) && k < tree->nlevels && i < level_bits(tree, k);
	requires agrees_but(tree, k, i, i + 1) && has_clear_tails(tree);
	requires k > 0 ==> word_of(tree, k - 1, i) == 0;
	assigns tree->words[tree->start[k] + i / 64];
	ensures only_level{Pre, Post}(tree, k) && has_clear_tails(tree);
	ensures agrees_but(tree, k + 1, i / 64, i / 64 + 1);
	ensures \result != 0 ==> agrees_but(tree, 0, 0, 0);
	ensures \result == 0 ==> word_of(tree, k, i / 64) == 0;
	ensures \forall integer j; 0 <= j < level_bits(tree, k) ==>
		(level_bit(tree, k, j) <==> j != i && \old(level_bit(tree, k, j)));
*/
static inline uint64_t clear_in_level(struct bitmap_tree *tree, unsigned k, uint64_t i);

/*@
	// Are words @from to @end - 1 of level @k zero?
	predicate is_zero(struct bitmap_tree *t, integer k, integer from, integer end) =
		\forall integer w; from <= w < end ==> word_of(t, k, w) == 0;

	// Bits @first to @last of level @k are being cleared. What has become of its bits, and of
	// its words, if that is done up to word @w; and what of the words that are cleared whole?
	predicate cleared_in{A, B}(struct bitmap_tree *t, integer k, integer first, integer last,
				   integer w) =
		\forall integer i; 0 <= i < 64 * \at(level_words(t, k), B) ==>
			(\at(level_bit(t, k, i), B) <==> \at(level_bit(t, k, i), A) &&
				!(first <= i <= last && i / 64 < w));
	predicate fewer_words{A, B}(struct bitmap_tree *t, integer k, integer from, integer w) =
		(\forall integer v; 0 <= v < \at(level_words(t, k), B) ==>
			(\at(word_of(t, k, v), B) != 0 ==> \at(word_of(t, k, v), A) != 0)) &&
		(\forall integer v; 0 <= v < \at(level_words(t, k), B) && !(from <= v < w) ==>
			\at(word_of(t, k, v), B) == \at(word_of(t, k, v), A));
	predicate is_zero_between(struct bitmap_tree *t, integer k, integer first, integer last,
				  integer w) =
		\forall integer v; first < v < w && v < last ==> word_of(t, k, v) == 0;
*/

/*@
	requires is_sound(tree) && k < tree->nlevels && first <= last < level_bits(tree, k);
	requires agrees_but(tree, k, first, last + 1) && has_clear_tails(tree);
	requires k > 0 ==> \forall integer w; first <= w <= last ==> word_of(tree, k - 1, w) == 0;
	assigns tree->words[tree->start[k] + first / 64 .. tree->start[k] + last / 64];
	ensures only_level{Pre, Post}(tree, k) && has_clear_tails(tree);
	ensures agrees_but(tree, k + 1, first / 64, last / 64 + 1);
	ensures k + 1 < tree->nlevels ==> \forall integer w; first / 64 <= w <= last / 64 &&
		word_of(tree, k, w) != 0 ==> agrees_at(tree, k + 1, w);
	ensures \forall integer i; 0 <= i < 64 * level_words(tree, k) ==>
		(level_bit(tree, k, i) <==> \old(level_bit(tree, k, i)) && !(first <= i <= last));
	ensures \forall integer w; 0 <= w < level_words(tree, k) ==>
		(word_of(tree, k, w) != 0 ==> \old(word_of(tree, k, w)) != 0);
	ensures \forall integer w; 0 <= w < level_words(tree, k) &&
		!(first / 64 <= w <= last / 64) ==>
		word_of(tree, k, w) == \old(word_of(tree, k, w));
	ensures \forall integer w; first / 64 < w < last / 64 ==> word_of(tree, k, w) == 0;
*/
static void clear_level(struct bitmap_tree *tree, unsigned k, uint64_t first, uint64_t last);

/*@
	requires word != 0 && w <= UINT64_MAX / 64;
	assigns \nothing;
	ensures \result / 64 == w && has_bit(word, \result % 64);
	ensures 64 * w <= \result < 64 * w + 64;
	ensures \forall integer j; 64 * w <= j < \result ==> !has_bit(word, j % 64);
*/
static inline uint64_t lowest_in(uint64_t word, uint64_t w);

/*@
	// Is @found the lowest set bit of level @k at @i or after, BITMAP_NONE being none?
	predicate is_lowest(struct bitmap_tree *t, integer k, integer i, integer found) =
		(found != UINT64_MAX ==> i <= found < level_bits(t, k) && level_bit(t, k, found)) &&
		(\forall integer j; i <= j < found && j < 64 * level_words(t, k) ==>
			!level_bit(t, k, j));

	// Is there nothing from @i to the end of its word?
	predicate rest_is_clear(struct bitmap_tree *t, integer k, integer i) =
		\forall integer j; i <= j < 64 * (i / 64) + 64 && j < 64 * level_words(t, k) ==>
			!level_bit(t, k, j);

	// Where a search that has found nothing goes on: on level @k after the word below.
	logic integer place(integer from, integer k) =
		k <= 0 ? from : place(from, k - 1) / 64 + 1;
*/

/*@
	requires is_tree(tree) && k < tree->nlevels && i / 64 < level_words(tree, k);
	assigns \nothing;
	ensures \result != BITMAP_NONE ==> is_lowest(tree, k, i, \result);
	ensures \result == BITMAP_NONE ==> rest_is_clear(tree, k, i);
*/
static inline uint64_t look_in_word(const struct bitmap_tree *tree, unsigned k, uint64_t i);

/* Where a bit of level @k + 1 is clear, all bits of its word are. */
/*@ ghost
	/@
		requires is_tree(tree) && k + 1 < tree->nlevels;
		assigns \nothing;
		exits \false;
		ensures \forall integer j; 0 <= j < 64 * level_words(tree, k) &&
			!level_bit(tree, k + 1, j / 64) ==> !level_bit(tree, k, j);
		ensures \forall integer v; is_summary(tree, k + 1, v) ==> agrees_at(tree, k + 1, v);
	@/
	static void clear_below(const struct bitmap_tree *tree, unsigned k)
	{
		/@ assert \forall integer v; is_summary(tree, k + 1, v) ==>
			agrees_at(tree, k + 1, v); @/
		/@ assert \forall integer v; is_summary(tree, k + 1, v) &&
			!level_bit(tree, k + 1, v) ==>
			agrees_at(tree, k + 1, v) && word_of(tree, k, v) == 0; @/
	}
*/

/*@
	requires is_tree(tree) && k + 1 < tree->nlevels;
	requires up < level_bits(tree, k + 1) && level_bit(tree, k + 1, up);
	assigns \nothing;
	ensures \result != BITMAP_NONE;
	ensures \forall integer i; 0 <= i && rest_is_clear(tree, k, i) &&
		is_lowest(tree, k + 1, i / 64 + 1, up) ==> is_lowest(tree, k, i, \result);
*/
static inline uint64_t look_below(const struct bitmap_tree *tree, unsigned k, uint64_t up);

/*@
	// Has a search from @from been on all levels below @k, and found nothing there?
	predicate has_climbed(struct bitmap_tree *t, integer from, integer k) =
		\forall integer l; 0 <= l < k ==>
			0 <= place(from, l) && rest_is_clear(t, l, place(from, l));
*/

/*@
	requires is_tree(tree) && k < tree->nlevels && i != BITMAP_NONE;
	requires has_climbed(tree, from, k) && is_lowest(tree, k, place(from, k), i);
	assigns \nothing;
	ensures \result != BITMAP_NONE && is_lowest(tree, 0, from, \result);
*/
static inline uint64_t descend(const struct bitmap_tree *tree, unsigned k,
			       uint64_t i) /*@ ghost (uint64_t from) */;

/*
 * The same where nothing was found: level @k has nothing from where the search looked, so level
 * 0 has nothing from @from on. Only the proof goes down again.
 */
/*@ ghost
	/@
		requires is_tree(tree) && k < tree->nlevels;
		requires has_climbed(tree, from, k);
		requires is_lowest(tree, k, place(from, k), BITMAP_NONE);
		assigns \nothing;
		ensures is_lowest(tree, 0, from, BITMAP_NONE);
	@/
	static void nothing_below(const struct bitmap_tree *tree, unsigned k, uint64_t from)
	{
		/@
			loop invariant 0 <= k <= \at(k, Pre);
			loop invariant is_lowest(tree, k, place(from, k), BITMAP_NONE);
			loop assigns k;
			loop variant k;
		@/
		while (k > 0) {
			k--;
			/@ assert place(from, k + 1) == place(from, k) / 64 + 1; @/
			/@ assert 0 <= place(from, k) && rest_is_clear(tree, k, place(from, k)); @/
			/@ assert \forall integer v; is_summary(tree, k + 1, v) ==>
				agrees_at(tree, k + 1, v); @/
			/@ assert \forall integer v;
				is_summary(tree, k + 1, v) && !level_bit(tree, k + 1, v) ==>
				agrees_at(tree, k + 1, v) && word_of(tree, k, v) == 0; @/
			/@ assert \forall integer j; 0 <= j < 64 * level_words(tree, k) &&
				!level_bit(tree, k + 1, j / 64) ==> !level_bit(tree, k, j); @/
		}
	}
*/

#endif
