/* SPDX-License-Identifier: MIT */
/*
 * chunk_tree.h - what is known about the set bits of a bitmap, chunk by chunk: where the lowest
 * aligned run of 2^k bits is, which chunks are partly set, how many bits are set.
 *
 * A chunk is 512 bits, eight words: 2 MiB of frames, and one cache line. The bits themselves belong
 * to others, who change them at any time, without a lock, and say afterwards that they have
 * (chunk_tree_touch(), under the lock, and only where chunk_tree_is_stale() does not say that it is
 * known already). What is known is therefore lazy: stale until somebody asks, and looked up then.
 * chunk_tree.c draws it.
 *
 * No addresses, no lock, no memory of its own: the caller serialises the calls, and lends storage.
 * Bit 0 is the first bit of a chunk, and its number, divided by 512, is @first_chunk: alignment is
 * that of the numbers, not of the indices.
 */
#ifndef MM_CHUNK_TREE_H
#define MM_CHUNK_TREE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "mm/bitmap_atomic.h"
#include "mm/bitmap_tree.h"
#include "mm/chunk_runs.h"

#define CHUNK_ORDER 9u
#define CHUNK_BITS  (1u << CHUNK_ORDER)
#define CHUNK_WORDS (CHUNK_BITS / BITS_PER_WORD)

/* 8^12 chunks and one level more to join two of the topmost: more than 2^56 bytes have. */
#define CHUNK_TREE_MAX_LEVELS 14u

/* What a node's byte says: something below has changed; no bit is set; else best order + 2. */
#define CHUNK_STALE 0u
#define CHUNK_EMPTY 1u
#define CHUNK_FULL  (CHUNK_ORDER + 2u)

typedef _Atomic uint8_t chunk_byte;

struct chunk_tree {
	atomic_word *words; /* the bits, CHUNK_WORDS a chunk; not ours */
	chunk_byte *leaf;   /* leaf[c]: the byte of chunk c */
	chunk_byte *root;   /* the byte of all */
	uint64_t nchunks;
	uint64_t nfull; /* chunks that are known to have all bits set */
	uint64_t lead;  /* chunk 0 is node lead of level 0 */
	unsigned nlevels;
	struct chunk_level {
		chunk_byte *at;  /* a byte for each node, groups of eight aligned to 8 */
		uint64_t origin; /* the node that at[0] stands for, a multiple of 8 */
	} level[CHUNK_TREE_MAX_LEVELS];
	struct bitmap_tree broken; /* chunks that may be partly set: stale, or known to be */
	struct chunk_runs runs;
	/* [k]: the lowest chunk that may have an order of k, or one below it */
	uint64_t start[CHUNK_ORDER + 1];
};

/* chunk_tree_bytes - how much storage @nchunks need, wherever they begin. 0 for none. */
size_t chunk_tree_bytes(uint64_t nchunks);

/*
 * chunk_tree_init - a tree over @words, all clear, the first of which is chunk @first_chunk.
 * @storage: chunk_tree_bytes(@nchunks), aligned to 8. Pre: @nchunks > 0, below 2^36.
 * Cost: fills the storage.
 */
void chunk_tree_init(struct chunk_tree *tree, atomic_word *words, uint64_t first_chunk,
		     uint64_t nchunks, void *storage);

/* chunk_tree_is_stale - need a change to chunk @c not be announced? May be asked without the lock. */
static inline bool chunk_tree_is_stale(const struct chunk_tree *tree, uint64_t c)
{
	return atomic_load_explicit(&tree->leaf[c], memory_order_relaxed) == CHUNK_STALE;
}

/* chunk_tree_is_empty - is it known that chunk @c has no bit set? */
static inline bool chunk_tree_is_empty(const struct chunk_tree *tree, uint64_t c)
{
	return atomic_load_explicit(&tree->leaf[c], memory_order_relaxed) == CHUNK_EMPTY;
}

/*
 * chunk_tree_touch - some of the @n > 0 bits from @bit have changed. Call it behind the change and a
 * full fence. Cost: a byte a level for one chunk, until one is stale already.
 */
void chunk_tree_touch(struct chunk_tree *tree, uint64_t bit, uint64_t n);

/*
 * chunk_tree_fill - all of the @n bits from @bit are about to be @set, or clear. What lies in whole
 * chunks is known without looking. Call it before the change, and behind it chunk_tree_filled(), and
 * chunk_tree_touch() for those ends that are no whole chunks; if it turns out otherwise, chunk_tree_touch()
 * for all, and nothing else.
 * Cost: a byte and a word of the runs for each chunk.
 *
 * chunk_tree_filled - now they are: what is above those chunks follows. Cost: a byte for each eight chunks.
 */
void chunk_tree_fill(struct chunk_tree *tree, uint64_t bit, uint64_t n, bool set);
void chunk_tree_filled(struct chunk_tree *tree, uint64_t bit, uint64_t n, bool set);

/*
 * chunk_tree_has_none - is it known that there are no 2^@order set bits at a multiple of 2^@order? May
 * be asked without the lock, behind an acquire fence. Cost: one byte.
 */
static inline bool chunk_tree_has_none(const struct chunk_tree *tree, unsigned order)
{
	unsigned root = atomic_load_explicit(tree->root, memory_order_relaxed);

	return root != CHUNK_STALE && root < order + 2;
}

/*
 * chunk_tree_find - the lowest 2^@order set bits whose number is a multiple of 2^@order.
 * Result: the index of the first, or BITMAP_NONE when there are none.
 * Cost:   O(levels) where nothing is stale. Each stale chunk is looked at until one will do: once,
 *         and then it is not stale.
 */
uint64_t chunk_tree_find(struct chunk_tree *tree, unsigned order);

/*
 * Searches that end after a while. A look is what a search does with one chunk, or with eight nodes, that is
 * stale; looking for a run costs CHUNK_RUN_LOOKS for a chunk. Each makes something known that was not, so a search that is
 * begun anew gets further, unless others make as many chunks stale meanwhile.
 *
 * chunk_tree_find_within, chunk_tree_find_run_within - as chunk_tree_find() and chunk_tree_find_run(), but
 * CHUNK_TREE_LATER where that would take more than *@looks, which says afterwards what is left of them.
 */
#define CHUNK_TREE_LATER (BITMAP_NONE - 1)
#define CHUNK_RUN_LOOKS  8u

/* chunk_tree_spend - @n of *@looks less to go; false, and none, if there are not so many left. */
static inline bool chunk_tree_spend(unsigned *looks, unsigned n)
{
	if (unlikely(*looks < n)) {
		*looks = 0;
		return false;
	}
	*looks -= n;
	return true;
}

uint64_t chunk_tree_find_within(struct chunk_tree *tree, unsigned order, unsigned *looks);
uint64_t chunk_tree_find_run_within(struct chunk_tree *tree, uint64_t n, unsigned *looks);

/*
 * chunk_tree_find_run - the lowest @n > 0 set bits in a row, wherever they begin.
 * Result: the index of the first, or BITMAP_NONE when there are none.
 * Cost:   O(levels) where everything is known; each chunk that has changed since it was last asked
 *         about is looked at once, in order of address, until the run is found.
 */
uint64_t chunk_tree_find_run(struct chunk_tree *tree, uint64_t n);

/* chunk_tree_next_broken - the lowest chunk >= @c that may be partly set, or BITMAP_NONE. */
static inline uint64_t chunk_tree_next_broken(const struct chunk_tree *tree, uint64_t c)
{
	return bitmap_tree_next_set(&tree->broken, c);
}

/* chunk_tree_look - make what is known about chunk @c true. Cost: its eight words. */
void chunk_tree_look(struct chunk_tree *tree, uint64_t c);

/*
 * chunk_tree_next_any - the lowest chunk >= @c that has, or may have, a bit set, or BITMAP_NONE.
 * Cost: a byte for each chunk in between that has none.
 */
uint64_t chunk_tree_next_any(const struct chunk_tree *tree, uint64_t c);

/*
 * chunk_tree_count - how many bits are set. Cost: the words of each chunk that may be partly set.
 * chunk_tree_count_within - the same; CHUNK_TREE_LATER if there are more than *@looks of those. *@looks is how
 * many more it might have looked at then.
 */
uint64_t chunk_tree_count(const struct chunk_tree *tree);
uint64_t chunk_tree_count_within(const struct chunk_tree *tree, unsigned *looks);

/*
 * chunk_tree_count_some - how many bits are set in chunk *@c and those behind it, until @nchunks were counted,
 * or @looks of them that may be partly set, or the last; *@c is behind those then. Pre: neither is 0.
 */
uint64_t chunk_tree_count_some(const struct chunk_tree *tree, uint64_t *c, uint64_t nchunks,
			       unsigned looks);

/*
 * chunk_tree_validate - walk everything: NULL if the invariants of chunk_tree.c hold, else the
 * sentence that is broken. Nobody may change bits meanwhile.
 */
const char *chunk_tree_validate(const struct chunk_tree *tree);

#endif
