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
 * word; if there is nothing, go up one level and look after the bit of that word; when a bit is
 * found, go down again. Setting a bit also sets the bit of its word one level up. Clearing bits
 * also clears the bits of words that have become zero.
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
#include "lib/bitmap_tree_contracts.h"

/* The words of the level above one of @n words; there is none above one word. */
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

/* One more level on top, of @n words. */
static inline void add_level(struct bitmap_tree *tree, uint64_t n)
{
	tree->start[tree->nlevels + 1] = tree->start[tree->nlevels] + (uint32_t)n;
	tree->nlevels++;
}

enum acre_status bitmap_tree_init(struct bitmap_tree *tree, uint64_t *words, uint64_t nbits)
{
	if (nbits > BITMAP_TREE_MAX_BITS)
		return ACRE_ERR_RANGE;
	tree->words = words;
	tree->nlevels = 0;
	tree->start[0] = 0;
	/*@
		loop invariant has_levels(tree, tree->nlevels) && is_next_level(tree, n);
		loop invariant fits_level(tree->nlevels, n);
		loop invariant has_words_below(tree, nbits, n);
		loop assigns n, tree->nlevels, tree->start[0 .. 6];
		loop variant n;
	*/
	for (uint64_t n = bitmap_words(nbits); n != 0; n = words_above(n)) {
		add_level(tree, n);
		//@ ghost has_one_more(tree, tree->nlevels - 1, n);
	}
	wipe(words, tree->start[tree->nlevels]);
	//@ ghost zeros_make_a_tree(tree);
	return ACRE_OK;
}

/* Word @w of level @k. */
static inline uint64_t tree_word(const struct bitmap_tree *tree, unsigned k, uint64_t w)
{
	return (tree->words + tree->start[k])[w];
}

static inline void set_tree_word(struct bitmap_tree *tree, unsigned k, uint64_t w, uint64_t word)
{
	(tree->words + tree->start[k])[w] = word;
}

/*
 * Set bit @i of level @k: its word below has become other than zero.
 * Result: what its word was. Zero: go on with the bit of that word.
 */
static inline uint64_t set_in_level(struct bitmap_tree *tree, unsigned k, uint64_t i)
{
	uint64_t old = tree_word(tree, k, i / BITS_PER_WORD);

	set_tree_word(tree, k, i / BITS_PER_WORD, bitmap_with(old, i));
	//@ ghost agrees_but_above(tree, k, i / 64, i / 64);
	return old;
}

/*
 * Clear bit @i of level @k: its word below has become zero.
 * Result: what is left of its word. Zero: go on with the bit of that word.
 */
static inline uint64_t clear_in_level(struct bitmap_tree *tree, unsigned k, uint64_t i)
{
	uint64_t left = bitmap_without(tree_word(tree, k, i / BITS_PER_WORD), i);

	set_tree_word(tree, k, i / BITS_PER_WORD, left);
	//@ ghost agrees_but_above(tree, k, i / 64, i / 64);
	return left;
}

void bitmap_tree_set_bit(struct bitmap_tree *tree, uint64_t i)
{
	/*@
		loop invariant k <= tree->nlevels && is_part(tree, k, i, i + 1);
		loop invariant k == 0 ? i == \at(i, Pre) : word_of(tree, k - 1, i) != 0;
		loop invariant agrees_but(tree, k, i, i + 1) && has_clear_tails(tree);
		loop invariant k == 0 ==> cleared{Pre, Here}(tree, 0, 0);
		loop invariant k > 0 ==> set_one{Pre, Here}(tree, \at(i, Pre));
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
		loop invariant k <= tree->nlevels && is_part(tree, k, i, i + 1);
		loop invariant k == 0 ? i == \at(i, Pre) : word_of(tree, k - 1, i) == 0;
		loop invariant agrees_but(tree, k, i, i + 1) && has_clear_tails(tree);
		loop invariant k == 0 ==> cleared{Pre, Here}(tree, 0, 0);
		loop invariant k > 0 ==> cleared{Pre, Here}(tree, \at(i, Pre), 1);
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
static void clear_level(struct bitmap_tree *tree, unsigned k, uint64_t first, uint64_t last)
{
	/*@
		loop invariant first / 64 <= w <= last / 64 + 1;
		loop invariant only_level{Pre, Here}(tree, k);
		loop invariant cleared_in{Pre, Here}(tree, k, first, last, w);
		loop invariant fewer_words{Pre, Here}(tree, k, first / 64, w);
		loop invariant is_zero_between(tree, k, first / 64, last / 64, w);
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
	//@ ghost agrees_but_above(tree, k, first / 64, last / 64);
}

void bitmap_tree_clear(struct bitmap_tree *tree, uint64_t first, uint64_t n)
{
	uint64_t end = first + n;

	/*@
		loop invariant k <= tree->nlevels && is_part(tree, k, first, end);
		loop invariant k == 0 ==> first == \at(first, Pre) && end == \at(first + n, Pre);
		loop invariant k > 0 ==> is_zero(tree, k - 1, first, end);
		loop invariant agrees_but(tree, k, first, end) && has_clear_tails(tree);
		loop invariant k == 0 ==> cleared{Pre, Here}(tree, 0, 0);
		loop invariant k > 0 ==> cleared{Pre, Here}(tree, \at(first, Pre), n);
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
static inline uint64_t lowest_in(uint64_t word, uint64_t w)
{
	return w * BITS_PER_WORD + bits_ctz(word);
}

/* The lowest set bit of level @k at @i or after, in the word of @i, which must be there. */
static inline uint64_t look_in_word(const struct bitmap_tree *tree, unsigned k, uint64_t i)
{
	uint64_t w = i / BITS_PER_WORD;
	uint64_t rest = bitmap_rest(tree_word(tree, k, w), i);

	if (rest == 0)
		return BITMAP_NONE;
	uint64_t found = lowest_in(rest, w);
	//@ assert \forall integer j; i <= j < found ==> j / 64 == w && !level_bit(tree, k, j);
	return found;
}

/* The lowest set bit of the word of level @k that bit @up of the level above stands for. */
static inline uint64_t look_below(const struct bitmap_tree *tree, unsigned k, uint64_t up)
{
	//@ ghost clear_below(tree, k);
	return lowest_in(tree_word(tree, k, up), up);
}

/* The lowest set bit of level 0 under bit @i of level @k, which is set. */
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
		//@ assert 0 <= place(from, k) && rest_is_clear(tree, k, place(from, k));
		i = look_below(tree, k, i);
	}
	return i;
}

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
