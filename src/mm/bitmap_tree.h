/* SPDX-License-Identifier: MIT */
/*
 * bitmap_tree.h - a bitmap that finds its set bits without looking at the clear ones: bits and runs
 * over the indices [0, nbits). It knows no addresses, takes no lock, allocates nothing: the caller
 * passes the storage and serialises the calls. bitmap_tree.c draws it.
 */
#ifndef MM_BITMAP_TREE_H
#define MM_BITMAP_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "lib/status.h"
#include "mm/bitmap.h"

/* 64^8 bits: more than there are frames in 2^56 bytes. */
#define BITMAP_TREE_MAX_LEVELS 8u
#define BITMAP_TREE_MAX_BITS   ((uint64_t)1 << (6 * BITMAP_TREE_MAX_LEVELS))

/* The tree holds pointers into the storage, none into itself: it may be copied and moved. */
struct bitmap_tree {
	uint64_t nbits;
	unsigned nlevels; /* 0 only when nbits is 0 */
	struct bitmap_level {
		uint64_t *words;
		uint64_t nwords;
	} level[BITMAP_TREE_MAX_LEVELS]; /* [0] holds the bits, [nlevels - 1] is one word */
};

/*
 * bitmap_tree_words - how many 64-bit words of storage a tree of @nbits needs, summaries included:
 * below 1.016 bits a bit, plus a word a level. Any @nbits.
 */
size_t bitmap_tree_words(uint64_t nbits);

/*
 * bitmap_tree_init - a tree of @nbits clear bits in @words, which the caller lends for the life of
 * the tree: bitmap_tree_words(@nbits) words (NULL will do for none).
 * Result: STATUS_OK; ERR_RANGE, and nothing written, past BITMAP_TREE_MAX_BITS.
 * Cost:   fills the storage.
 */
nodiscard enum status bitmap_tree_init(struct bitmap_tree *tree, uint64_t *words, uint64_t nbits);

/*
 * bitmap_tree_set, bitmap_tree_clear - make the @n bits from @first one or zero, whatever they
 * were. Pre:  @first + @n <= nbits; @n may be 0. Cost: n / 64 words and the words above them, 1/64
 * as many a level.
 */
void bitmap_tree_set(struct bitmap_tree *tree, uint64_t first, uint64_t n);
void bitmap_tree_clear(struct bitmap_tree *tree, uint64_t first, uint64_t n);

/* The same for one bit: stops at the first level that does not change. Pre: @i < nbits. */
void bitmap_tree_set_bit(struct bitmap_tree *tree, uint64_t i);
void bitmap_tree_clear_bit(struct bitmap_tree *tree, uint64_t i);

/* bitmap_tree_test - is bit @i set? Pre: @i < nbits. */
static inline bool bitmap_tree_test(const struct bitmap_tree *tree, uint64_t i)
{
	return bitmap_test(tree->level[0].words, i);
}

/*
 * bitmap_tree_all_set, bitmap_tree_all_clear - are all @n bits from @first so? True for none.
 * Pre:  @first + @n <= nbits. Cost: n / 64 words for set, O(levels) for clear.
 */
bool bitmap_tree_all_set(const struct bitmap_tree *tree, uint64_t first, uint64_t n);
bool bitmap_tree_all_clear(const struct bitmap_tree *tree, uint64_t first, uint64_t n);

/*
 * bitmap_tree_next_set - the lowest set bit at @from or after, BITMAP_NONE if there is none. Any
 * @from. Cost: O(levels), one word if the answer is in the word of @from.
 */
uint64_t bitmap_tree_next_set(const struct bitmap_tree *tree, uint64_t from);

/* bitmap_tree_lowest - the lowest set bit of all, or BITMAP_NONE. Cost: one word a level. */
uint64_t bitmap_tree_lowest(const struct bitmap_tree *tree);

/*
 * bitmap_tree_first_run - the lowest index i >= @from with @len set bits from it, all inside the
 * tree, and (i + @bias) a multiple of @align. @bias is what bit 0 stands for: a bank that starts at
 * an odd frame aligns its frames and not its indices.
 * Pre:    @align is a power of two. Any @from, @len, @bias.
 * Result: the index, or BITMAP_NONE when there is no such run, and then there is none; always for
 *         @len 0.
 * Cost:   looks at each set stretch once, from its far end: a long run jumps over most of a stretch
 *         that is too short, clear ones are skipped by the summaries. At worst a few steps for each
 *         stretch that is too short or not aligned.
 */
uint64_t bitmap_tree_first_run(const struct bitmap_tree *tree, uint64_t from, uint64_t len,
			       uint64_t align, uint64_t bias);

/* bitmap_tree_count - how many of the @n bits from @first are set. Pre: @first + @n <= nbits. */
uint64_t bitmap_tree_count(const struct bitmap_tree *tree, uint64_t first, uint64_t n);

/*
 * bitmap_tree_validate - walk everything: NULL if the invariants of bitmap_tree.c hold, else the
 * sentence that is broken.
 */
const char *bitmap_tree_validate(const struct bitmap_tree *tree);

#endif
