/* SPDX-License-Identifier: MIT */
/*
 * bitmap_tree.h - a bitmap that finds its set bits without looking at the clear ones, over the
 * indices [0, nbits). It knows no addresses, takes no lock, allocates nothing: the caller passes the
 * storage and serialises the calls. bitmap_tree.c draws it.
 */
#ifndef MM_BITMAP_TREE_H
#define MM_BITMAP_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "lib/status.h"
#include "mm/bitmap.h"

/* 64^6 bits: as many as there are pieces of 2 MiB in 2^57 bytes. */
#define BITMAP_TREE_MAX_LEVELS 6u
#define BITMAP_TREE_MAX_BITS   ((uint64_t)1 << (6 * BITMAP_TREE_MAX_LEVELS))

/* The tree points into the storage, never into itself: it may be copied and moved. */
struct bitmap_tree {
	uint64_t *words; /* all levels, one after another */
	uint64_t nbits;
	unsigned nlevels; /* 0 only when nbits is 0 */
	/* Level k is words[start[k]] up to words[start[k + 1] - 1]; level 0 holds the bits. */
	uint32_t start[BITMAP_TREE_MAX_LEVELS + 1];
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
 * bitmap_tree_set_bit, bitmap_tree_clear_bit - make bit @i one or zero, whatever it was.
 * Pre: @i < nbits. Cost: stops at the first level that does not change.
 */
void bitmap_tree_set_bit(struct bitmap_tree *tree, uint64_t i);
void bitmap_tree_clear_bit(struct bitmap_tree *tree, uint64_t i);

/*
 * bitmap_tree_clear - make the @n bits from @first zero, whatever they were.
 * Pre: @first + @n <= nbits; @n may be 0. Cost: n / 64 words, and 1/64 as many on each level above.
 */
void bitmap_tree_clear(struct bitmap_tree *tree, uint64_t first, uint64_t n);

/* bitmap_tree_test - is bit @i set? Pre: @i < nbits. */
static inline bool bitmap_tree_test(const struct bitmap_tree *tree, uint64_t i)
{
	return bitmap_test(tree->words, i);
}

/*
 * bitmap_tree_next_set - the lowest set bit at @from or after, BITMAP_NONE if there is none. Any
 * @from. Cost: O(levels), one word if the answer is in the word of @from.
 */
uint64_t bitmap_tree_next_set(const struct bitmap_tree *tree, uint64_t from);

/*
 * bitmap_tree_validate - walk everything: NULL if the invariants of bitmap_tree.c hold, else the
 * sentence that is broken.
 */
const char *bitmap_tree_validate(const struct bitmap_tree *tree);

#endif
