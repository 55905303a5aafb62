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
 * word; if there is nothing, go up one level and look after the bit of that word; where something
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
#include "lib/bitmap_tree.h"

/* The words of the level above one of @n words; there is none above one word. */
/*@
	assigns \nothing;
	ensures \result == (n == 1 ? 0 : words_for(n));
	ensures n > 0 ==> words_from(n) == n + words_from(\result) && n + 2 * \result <= 2 * n;
*/
static inline uint64_t words_above(uint64_t n)
{
	return n == 1 ? 0 : bitmap_words(n);
}

size_t bitmap_tree_words(uint64_t nbits)
{
	size_t total = 0;

	/*@
		loop invariant total + words_from(n) == words_from(words_for(nbits));
		loop invariant total + 2 * n <= 2 * words_for(nbits);
		loop assigns total, n;
		loop variant n;
	*/
	for (uint64_t n = bitmap_words(nbits); n != 0; n = words_above(n))
		total += n;
	return total;
}

/*@
	requires \valid(words + (0 .. n - 1));
	assigns words[0 .. n - 1];
	ensures \forall integer a; 0 <= a < n ==> words[a] == 0;
*/
static inline void wipe(uint64_t *words, uint64_t n)
{
	/*@
		loop invariant at <= n;
		loop invariant \forall integer a; 0 <= a < at ==> words[a] == 0;
		loop assigns at, words[0 .. n - 1];
		loop variant n - at;
	*/
	for (uint64_t at = 0; at < n; at++)
		words[at] = 0;
}

enum acre_status bitmap_tree_init(struct bitmap_tree *tree, uint64_t *words, uint64_t nbits)
{
	uint64_t end = 0;
	unsigned k = 0;

	//@ assert words_from(0) == 0;
	if (nbits > BITMAP_TREE_MAX_BITS)
		return ACRE_ERR_RANGE;
	tree->words = words;
	tree->start[0] = 0;
	/*@
		loop invariant n == 0 && k <= 6 || k == 0 && n <= 0x40000000 ||
			k == 1 && n <= 0x1000000 || k == 2 && n <= 0x40000 ||
			k == 3 && n <= 0x1000 || k == 4 && n <= 0x40 || k == 5 && n <= 1;
		loop invariant end + words_from(n) == words_from(words_for(nbits));
		loop invariant end + 2 * n <= 2 * words_for(nbits);
		loop invariant k == 0 ==> n == words_for(nbits) && end == 0;
		loop invariant k > 0 ==> nbits > 0 && tree->start[1] == words_for(nbits);
		loop invariant k > 0 ==> n == (level_words(tree, k - 1) == 1 ? 0 :
			words_for(level_words(tree, k - 1)));
		loop invariant tree->start[0] == 0 && tree->start[k] == end;
		loop invariant \forall integer l; 0 <= l < k ==> level_words(tree, l) > 0;
		loop invariant \forall integer l; 0 <= l < k ==>
			level_words(tree, l) == words_for(level_bits(tree, l));
		loop invariant \forall integer j, l; 0 <= j <= l <= k ==>
			tree->start[j] <= tree->start[l];
		loop assigns n, end, k, tree->start[0 .. 6];
		loop variant n;
	*/
	for (uint64_t n = bitmap_words(nbits); n != 0; n = words_above(n)) {
		end += n;
		k++;
		tree->start[k] = (uint32_t)end;
		//@ assert level_words(tree, k - 1) == n;
		//@ assert k > 1 ==> level_bits(tree, k - 1) == level_words(tree, k - 2);
		//@ assert n == words_for(level_bits(tree, k - 1));
		//@ assert \forall integer j; 0 <= j < k ==> tree->start[j] <= tree->start[k];
	}
	//@ assert end == words_from(words_for(nbits));
	//@ ghost counted:;
	tree->nlevels = k;
	/*@ assert \forall integer l; 0 <= l <= k ==>
		tree->start[l] == \at(tree->start[l], counted); */
	/*@ assert \forall integer l; 0 <= l < k ==>
		level_words(tree, l) == \at(level_words(tree, l), counted) &&
		level_bits(tree, l) == \at(level_bits(tree, l), counted); */
	/*@ assert \forall integer l; 0 <= l < k ==>
		level_words(tree, l) == words_for(level_bits(tree, l)) &&
		0 < level_bits(tree, l) <= 64 * level_words(tree, l); */
	//@ assert \forall integer j, l; 0 <= j <= l <= k ==> tree->start[j] <= tree->start[l];
	//@ assert k > 0 ==> level_words(tree, k - 1) == 1;
	wipe(words, end);
	//@ assert is_sound(tree);
	//@ assert has_least_levels(tree);
	/*@ assert \forall integer l, w; 0 <= l < k && 0 <= w < level_words(tree, l) ==>
		word_of(tree, l, w) == 0; */
	/*@ assert \forall integer l, i; 0 <= l < k && 0 <= i < 64 * level_words(tree, l) ==>
		word_of(tree, l, i / 64) == 0 && !level_bit(tree, l, i); */
	//@ assert agrees_but(tree, 0, 0, 0);
	return ACRE_OK;
}

/* Word @w of level @k. */
/*@
	requires is_sound(tree) && k < tree->nlevels && w < level_words(tree, k);
	assigns \nothing;
	ensures \result == word_of(tree, k, w);
*/
static inline uint64_t tree_word(const struct bitmap_tree *tree, unsigned k, uint64_t w)
{
	return (tree->words + tree->start[k])[w];
}

/*@
	requires is_sound(tree) && k < tree->nlevels && w < level_words(tree, k);
	assigns tree->words[tree->start[k] + w];
	ensures only_level{Pre, Post}(tree, k);
	ensures word_of(tree, k, w) == word;
	ensures \forall integer v; 0 <= v < level_words(tree, k) && v != w ==>
		word_of(tree, k, v) == \old(word_of(tree, k, v));
	ensures \forall integer i; 0 <= i < 64 * level_words(tree, k) && i / 64 != w ==>
		(level_bit(tree, k, i) <==> \old(level_bit(tree, k, i)));
*/
static inline void set_tree_word(struct bitmap_tree *tree, unsigned k, uint64_t w, uint64_t word)
{
	(tree->words + tree->start[k])[w] = word;
}

/*
 * Set bit @i of level @k: its word below has become other than zero.
 * Result: what its word was. Zero: go on with the bit of that word.
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
static inline uint64_t set_in_level(struct bitmap_tree *tree, unsigned k, uint64_t i)
{
	uint64_t old = tree_word(tree, k, i / BITS_PER_WORD);

	set_tree_word(tree, k, i / BITS_PER_WORD, bitmap_with(old, i));
	/*@ assert \forall integer l, j; is_summary(tree, l, j) && l == k ==>
		agrees_at(tree, l, j); */
	/*@ assert \forall integer l, j; is_summary(tree, l, j) && l == k + 1 && j != i / 64 ==>
		agrees_at(tree, l, j); */
	/*@ assert \forall integer l, j; is_summary(tree, l, j) && l != k && l != k + 1 ==>
		agrees_at(tree, l, j); */
	//@ assert agrees_but(tree, k + 1, i / 64, i / 64 + 1);
	return old;
}

/*
 * Clear bit @i of level @k: its word below has become zero.
 * Result: what is left of its word. Zero: go on with the bit of that word.
 */
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
static inline uint64_t clear_in_level(struct bitmap_tree *tree, unsigned k, uint64_t i)
{
	uint64_t left = bitmap_without(tree_word(tree, k, i / BITS_PER_WORD), i);

	set_tree_word(tree, k, i / BITS_PER_WORD, left);
	/*@ assert \forall integer l, j; is_summary(tree, l, j) && l == k ==>
		agrees_at(tree, l, j); */
	/*@ assert \forall integer l, j; is_summary(tree, l, j) && l == k + 1 && j != i / 64 ==>
		agrees_at(tree, l, j); */
	/*@ assert \forall integer l, j; is_summary(tree, l, j) && l != k && l != k + 1 ==>
		agrees_at(tree, l, j); */
	//@ assert agrees_but(tree, k + 1, i / 64, i / 64 + 1);
	return left;
}

void bitmap_tree_set_bit(struct bitmap_tree *tree, uint64_t i)
{
	/*@
		loop invariant k <= tree->nlevels;
		loop invariant k == 0 ==> i == \at(i, Pre);
		loop invariant k < tree->nlevels ==> i < level_bits(tree, k);
		loop invariant k > 0 ==> i < level_words(tree, k - 1);
		loop invariant k > 0 ==> word_of(tree, k - 1, i) != 0;
		loop invariant agrees_but(tree, k, i, i + 1);
		loop invariant has_clear_tails(tree);
		loop invariant k == 0 ==> \forall integer j; has_index(tree, j) ==>
			(tree_bit(tree, j) <==> \at(tree_bit(tree, j), Pre));
		loop invariant k > 0 ==> \forall integer j; has_index(tree, j) ==>
			(tree_bit(tree, j) <==>
				j == \at(i, Pre) || \at(tree_bit(tree, j), Pre));
		loop assigns k, i, tree->words[0 .. tree->start[tree->nlevels] - 1];
		loop variant tree->nlevels - k;
	*/
	for (unsigned k = 0; k < tree->nlevels; k++) {
		if (set_in_level(tree, k, i) != 0)
			return;
		i /= BITS_PER_WORD;
	}
}

void bitmap_tree_clear_bit(struct bitmap_tree *tree, uint64_t i)
{
	/*@
		loop invariant k <= tree->nlevels;
		loop invariant k == 0 ==> i == \at(i, Pre);
		loop invariant k < tree->nlevels ==> i < level_bits(tree, k);
		loop invariant k > 0 ==> i < level_words(tree, k - 1);
		loop invariant k > 0 ==> word_of(tree, k - 1, i) == 0;
		loop invariant agrees_but(tree, k, i, i + 1);
		loop invariant has_clear_tails(tree);
		loop invariant k == 0 ==> \forall integer j; has_index(tree, j) ==>
			(tree_bit(tree, j) <==> \at(tree_bit(tree, j), Pre));
		loop invariant k > 0 ==> \forall integer j; has_index(tree, j) ==>
			(tree_bit(tree, j) <==>
				j != \at(i, Pre) && \at(tree_bit(tree, j), Pre));
		loop assigns k, i, tree->words[0 .. tree->start[tree->nlevels] - 1];
		loop variant tree->nlevels - k;
	*/
	for (unsigned k = 0; k < tree->nlevels; k++) {
		if (clear_in_level(tree, k, i) != 0)
			return;
		i /= BITS_PER_WORD;
	}
}

/* Clear bits @first to @last of level @k, and no more. */
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
static void clear_level(struct bitmap_tree *tree, unsigned k, uint64_t first, uint64_t last)
{
	/*@
		loop invariant first / 64 <= w <= last / 64 + 1;
		loop invariant only_level{Pre, Here}(tree, k);
		loop invariant \forall integer i; 0 <= i < 64 * level_words(tree, k) ==>
			(level_bit(tree, k, i) <==> \at(level_bit(tree, k, i), Pre) &&
				!(first <= i <= last && i / 64 < w));
		loop invariant \forall integer v; 0 <= v < level_words(tree, k) ==>
			(word_of(tree, k, v) != 0 ==> \at(word_of(tree, k, v), Pre) != 0);
		loop invariant \forall integer v; 0 <= v < level_words(tree, k) &&
			!(first / 64 <= v < w) ==>
			word_of(tree, k, v) == \at(word_of(tree, k, v), Pre);
		loop invariant \forall integer v; first / 64 < v < w && v < last / 64 ==>
			word_of(tree, k, v) == 0;
		loop assigns w,
			tree->words[tree->start[k] + first / 64 .. tree->start[k] + last / 64];
		loop variant last / 64 - w;
	*/
	for (uint64_t w = first / BITS_PER_WORD; w <= last / BITS_PER_WORD; w++) {
		uint64_t low = w == first / BITS_PER_WORD ? first % BITS_PER_WORD : 0;
		uint64_t high =
			w == last / BITS_PER_WORD ? last % BITS_PER_WORD : BITS_PER_WORD - 1;

		set_tree_word(tree, k, w, bitmap_outside(tree_word(tree, k, w), low, high));
	}
	/*@ assert \forall integer l, j; is_summary(tree, l, j) && l == k ==>
		agrees_at(tree, l, j); */
	/*@ assert \forall integer l, j; is_summary(tree, l, j) && l == k + 1 &&
		!(first / 64 <= j <= last / 64) ==> agrees_at(tree, l, j); */
	/*@ assert \forall integer l, j; is_summary(tree, l, j) && l != k && l != k + 1 ==>
		agrees_at(tree, l, j); */
	//@ assert agrees_but(tree, k + 1, first / 64, last / 64 + 1);
}

void bitmap_tree_clear(struct bitmap_tree *tree, uint64_t first, uint64_t n)
{
	uint64_t end = first + n;

	/*@
		loop invariant k <= tree->nlevels && first <= end;
		loop invariant k < tree->nlevels && first < end ==> end <= level_bits(tree, k);
		loop invariant k == 0 ==> first == \at(first, Pre) && end == \at(first + n, Pre);
		loop invariant k > 0 ==> end <= level_words(tree, k - 1);
		loop invariant k > 0 ==> \forall integer w; first <= w < end ==>
			word_of(tree, k - 1, w) == 0;
		loop invariant agrees_but(tree, k, first, end);
		loop invariant has_clear_tails(tree);
		loop invariant k == 0 ==> \forall integer j; has_index(tree, j) ==>
			(tree_bit(tree, j) <==> \at(tree_bit(tree, j), Pre));
		loop invariant k > 0 ==> \forall integer j; has_index(tree, j) ==>
			(tree_bit(tree, j) <==> \at(tree_bit(tree, j), Pre) &&
				!(\at(first, Pre) <= j < \at(first + n, Pre)));
		loop assigns k, first, end, tree->words[0 .. tree->start[tree->nlevels] - 1];
		loop variant tree->nlevels - k;
	*/
	for (unsigned k = 0; k < tree->nlevels && first < end; k++) {
		clear_level(tree, k, first, end - 1);
		/* The bits of words that are zero now; only the first and the last may be not. */
		first = first / BITS_PER_WORD;
		end = (end - 1) / BITS_PER_WORD + 1;
		if (tree_word(tree, k, first) != 0)
			first++;
		//@ assert agrees_but(tree, k + 1, first, end);
		if (first < end && tree_word(tree, k, end - 1) != 0)
			end--;
		//@ assert agrees_but(tree, k + 1, first, end);
	}
}

/* The index of the lowest set bit of @word, which is word @w of its level. */
/*@
	requires word != 0 && w <= UINT64_MAX / 64;
	assigns \nothing;
	ensures \result / 64 == w && has_bit(word, \result % 64);
	ensures 64 * w <= \result < 64 * w + 64;
	ensures \forall integer j; 64 * w <= j < \result ==> !has_bit(word, j % 64);
*/
static inline uint64_t lowest_in(uint64_t word, uint64_t w)
{
	return w * BITS_PER_WORD + bits_ctz(word);
}

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

/* The lowest set bit of level @k at @i or after, in the word of @i, which must be there. */
/*@
	requires is_tree(tree) && k < tree->nlevels && i / 64 < level_words(tree, k);
	assigns \nothing;
	ensures \result != BITMAP_NONE ==> is_lowest(tree, k, i, \result);
	ensures \result == BITMAP_NONE ==> rest_is_clear(tree, k, i);
*/
static inline uint64_t look_in_word(const struct bitmap_tree *tree, unsigned k, uint64_t i)
{
	uint64_t w = i / BITS_PER_WORD;
	uint64_t rest = bitmap_rest(tree_word(tree, k, w), i);

	//@ assert rest == 0 ==> rest_is_clear(tree, k, i);
	if (rest == 0)
		return BITMAP_NONE;
	uint64_t found = lowest_in(rest, w);
	//@ assert i <= found < 64 * level_words(tree, k) && level_bit(tree, k, found);
	//@ assert \forall integer j; i <= j < found ==> j / 64 == w && !level_bit(tree, k, j);
	return found;
}

/* The lowest set bit of the word of level @k that bit @up of the level above stands for. */
/*@
	requires is_tree(tree) && k + 1 < tree->nlevels;
	requires up < level_bits(tree, k + 1) && level_bit(tree, k + 1, up);
	assigns \nothing;
	ensures \result != BITMAP_NONE;
	ensures \forall integer i; 0 <= i && rest_is_clear(tree, k, i) &&
		is_lowest(tree, k + 1, i / 64 + 1, up) ==> is_lowest(tree, k, i, \result);
*/
static inline uint64_t look_below(const struct bitmap_tree *tree, unsigned k, uint64_t up)
{
	//@ assert \forall integer v; is_summary(tree, k + 1, v) ==> agrees_at(tree, k + 1, v);
	/*@ assert \forall integer v; is_summary(tree, k + 1, v) && !level_bit(tree, k + 1, v) ==>
		agrees_at(tree, k + 1, v) && word_of(tree, k, v) == 0; */
	/*@ assert \forall integer j; 0 <= j < 64 * level_words(tree, k) &&
		!level_bit(tree, k + 1, j / 64) ==> !level_bit(tree, k, j); */
	return lowest_in(tree_word(tree, k, up), up);
}

/*@
	// Has a search from @from been on all levels below @k, and found nothing there?
	predicate has_climbed(struct bitmap_tree *t, integer from, integer k) =
		\forall integer l; 0 <= l < k ==>
			0 <= place(from, l) && rest_is_clear(t, l, place(from, l));
*/

/* The lowest set bit of level 0 under bit @i of level @k, which is set. */
/*@
	requires is_tree(tree) && k < tree->nlevels && i != BITMAP_NONE;
	requires has_climbed(tree, from, k) && is_lowest(tree, k, place(from, k), i);
	assigns \nothing;
	ensures \result != BITMAP_NONE && is_lowest(tree, 0, from, \result);
*/
static inline uint64_t descend(const struct bitmap_tree *tree, unsigned k,
			       uint64_t i) /*@ ghost (uint64_t from) */
{
	/*@
		loop invariant 0 <= k <= \at(k, Pre);
		loop invariant i != BITMAP_NONE && is_lowest(tree, k, place(from, k), i);
		loop assigns k, i;
		loop variant k;
	*/
	while (k > 0) {
		k--;
		//@ assert place(from, k + 1) == place(from, k) / 64 + 1;
		//@ assert 0 <= place(from, k) && rest_is_clear(tree, k, place(from, k));
		i = look_below(tree, k, i);
	}
	return i;
}

/*
 * The same where nothing was found: level @k has nothing from where the search looked, hence level
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

uint64_t bitmap_tree_next_set(const struct bitmap_tree *tree, uint64_t from)
{
	uint64_t i = from;

	/*@
		loop invariant k <= tree->nlevels && i == place(from, k);
		loop invariant has_climbed(tree, from, k);
		loop assigns i, k;
		loop variant tree->nlevels - k;
	*/
	for (unsigned k = 0; k < tree->nlevels; k++) {
		if (i / BITS_PER_WORD >= tree->start[k + 1] - tree->start[k]) {
			//@ ghost nothing_below(tree, k, from);
			return BITMAP_NONE;
		}
		uint64_t found = look_in_word(tree, k, i);
		if (found != BITMAP_NONE)
			return descend(tree, k, found) /*@ ghost (from) */;
		i = i / BITS_PER_WORD + 1; /* the next word, as a bit of the level above */
	}
	//@ ghost if (tree->nlevels > 0) nothing_below(tree, tree->nlevels - 1, from);
	return BITMAP_NONE;
}
