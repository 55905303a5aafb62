/* SPDX-License-Identifier: MIT */
/*
 * chunk_tree.h - what is known about the set bits of a bitmap, chunk by chunk: where the lowest
 * aligned run of 2^k bits is, which chunks are partly set, how many bits are set.
 *
 * A chunk is 512 bits, eight words: 2 MiB of frames, and one cache line. The bits themselves belong
 * to others, who change them at any time, without a lock, and say afterwards that they have
 * (chunk_tree_mark_stale(), under the lock, and only where chunk_tree_is_stale() does not say that it is
 * known already). What is known is therefore lazy: stale until somebody asks, and looked up then.
 * chunk_tree.c draws it.
 *
 * No addresses, no lock, no memory of its own: the caller serialises the calls, and lends storage.
 * Bit 0 is the first bit of a chunk, and its number, divided by 512, is @first_chunk: alignment is
 * that of the numbers, not of the indices.
 */
#ifndef ACRE_MM_CHUNK_TREE_H
#define ACRE_MM_CHUNK_TREE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bitmap_atomic.h"
#include "lib/bitmap_tree.h"
#include "lib/compiler.h"
#include "mm/index/chunk_bytes.h"
#include "mm/index/chunk_runs.h"

#define CHUNK_WORDS (CHUNK_BITS / BITS_PER_WORD)

/* 8^12 chunks and one level more to join two of the topmost: more than 2^56 bytes have. */
#define CHUNK_TREE_MAX_LEVELS 14u

/*
 * Which chunks have changed, or become full, that were known: the last few, of all trees of one owner. For
 * searches that go on where they were, so that they know where they must look again.
 */
#define CHUNK_CHANGES 64u

struct chunk_changes {
	uint64_t count; /* that there ever were; number i is last[i % CHUNK_CHANGES] */
	struct chunk_change {
		uint64_t first; /* chunks [first, end), by number and not by index */
		uint64_t end;
	} last[CHUNK_CHANGES];
};

struct chunk_tree {
	bitmap_word *words; /* the bits, CHUNK_WORDS a chunk; not ours */
	chunk_byte *leaf;   /* leaf[c]: the byte of chunk c */
	chunk_byte *root;   /* the byte of all */
	uint64_t nchunks;
	uint64_t nfull;  /* chunks that are known to have all bits set */
	uint64_t number; /* of chunk 0 */
	uint64_t lead;   /* chunk 0 is node lead of level 0 */
	struct chunk_changes *changes;
	unsigned nlevels;
	struct chunk_level {
		chunk_byte *at;  /* a byte for each node, groups of eight aligned to 8 */
		uint64_t origin; /* the node that at[0] stands for, a multiple of 8 */
	} level[CHUNK_TREE_MAX_LEVELS];
	struct bitmap_tree broken; /* chunks that may be partly set: stale, or known to be */
	struct chunk_runs runs;
	/* [k]: the lowest chunk that may have an order of k, or one below it */
	uint64_t start[CHUNK_ORDER + 1];
	uint64_t full_from; /* below this chunk none is known to be full */
};

/* chunk_tree_bytes - how much storage @nchunks need, wherever they begin. 0 for none. */
size_t chunk_tree_bytes(uint64_t nchunks);

/*
 * chunk_tree_init - a tree over @words, all clear, the first of which is chunk @first_chunk.
 * @storage: chunk_tree_bytes(@nchunks), aligned to 8. @changes: the caller's, who keeps it and may read it with
 * the lock that serialises the calls; several trees may have the same. Pre: @nchunks > 0, below 2^36.
 * Cost: fills the storage.
 */
void chunk_tree_init(struct chunk_tree *tree, bitmap_word *words, uint64_t first_chunk,
		     uint64_t nchunks, void *storage, struct chunk_changes *changes);

/* chunk_tree_is_stale - need a change to chunk @c not be announced? May be asked without the lock. */
static inline bool chunk_tree_is_stale(const struct chunk_tree *tree, uint64_t c)
{
	return atomic_load_explicit(&tree->leaf[c], memory_order_relaxed) == CHUNK_STALE;
}

/*
 * chunk_tree_mark_stale - some of the @n > 0 bits from @bit have changed. Call it behind the change and a
 * full fence. Cost: a byte a level for one chunk, until one is stale already.
 */
void chunk_tree_mark_stale(struct chunk_tree *tree, uint64_t bit, uint64_t n);

/*
 * chunk_tree_begin_fill - all of the @n bits from @bit are about to be @set, or clear. What lies in whole
 * chunks is known without looking. Call it before the change, and behind it chunk_tree_end_fill(), and
 * chunk_tree_mark_stale() for those ends that are no whole chunks; if it turns out otherwise, chunk_tree_mark_stale()
 * for all, and nothing else.
 * Cost: a byte and a word of the runs for each chunk.
 *
 * chunk_tree_end_fill - now they are: what is above those chunks follows. Cost: a byte for each eight chunks.
 */
void chunk_tree_begin_fill(struct chunk_tree *tree, uint64_t bit, uint64_t n, bool set);
void chunk_tree_end_fill(struct chunk_tree *tree, uint64_t bit, uint64_t n, bool set);

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
 * Searches that end after a while. A look is what a search does with one chunk, or with eight nodes, that is
 * stale; looking for a run costs CHUNK_RUN_COST for a chunk, and CHUNK_TRY_COST more if its bits are looked at.
 * They say CHUNK_TREE_LATER where they would take more than *@looks, which says afterwards what is left of them.
 * Each look makes something known that was not.
 */
#define CHUNK_TREE_LATER (BITMAP_NONE - 1)
#define CHUNK_RUN_COST   8u
#define CHUNK_TRY_COST   3u

/* chunk_tree_spend - @n of *@looks less to go; false, and none, if there are not so many left. */
static inline bool chunk_tree_spend(unsigned *budget, unsigned n)
{
	if (unlikely(*budget < n)) {
		*budget = 0;
		return false;
	}
	*budget -= n;
	return true;
}

/*
 * chunk_tree_find_bounded - the lowest 2^@order set bits whose number is a multiple of 2^@order.
 * Result: the index of the first, BITMAP_NONE when there are none, or CHUNK_TREE_LATER: a search that is begun
 *         anew gets further, unless others make as many chunks stale meanwhile.
 * Cost:   O(levels) where nothing is stale. Each stale chunk is looked at until one will do: once,
 *         and then it is not stale.
 */
uint64_t chunk_tree_find_bounded(struct chunk_tree *tree, unsigned order, unsigned *budget);

/* @n > 0 set bits in a row, the first of which has a number that is a multiple of @align, and its index in [from, to). */
struct chunk_run {
	uint64_t n;
	uint64_t align; /* a power of two */
	uint64_t from;
	uint64_t to;
};

/*
 * chunk_tree_find_run_bounded - the lowest @run.
 * Result: the index of the first bit, BITMAP_NONE when there is none, or CHUNK_TREE_LATER: then there is none that
 *         begins below @run->from, which has moved. What was looked at to say so of a chunk, and of those that runs from
 *         there would reach, is known: if that is true no longer, it is among the changes.
 * Cost:   O(levels) where everything is known and the first run that is long enough lies right; each chunk that
 *         has changed since it was last asked about is looked at once, and each that has such a run, but not
 *         aligned, is looked at bit by bit, in order of address.
 */
uint64_t chunk_tree_find_run_bounded(struct chunk_tree *tree, struct chunk_run *run,
				     unsigned *budget);

/* chunk_tree_next_broken - the lowest chunk >= @c that may be partly set, or BITMAP_NONE. */
static inline uint64_t chunk_tree_next_broken(const struct chunk_tree *tree, uint64_t c)
{
	return bitmap_tree_next_set(&tree->broken, c);
}

/*
 * chunk_tree_find_full_bounded - the lowest chunk that is known to be full, or BITMAP_NONE; CHUNK_TREE_LATER as above.
 * What is stale stays so: nobody has to announce a change to it because of this. Cost: eight chunks are one word,
 * and 64 are one look; what was passed over is not looked at again until there is a full one among it.
 */
uint64_t chunk_tree_find_full_bounded(struct chunk_tree *tree, unsigned *budget);

/* chunk_tree_refresh - make what is known about chunk @c true. Cost: its eight words. */
void chunk_tree_refresh(struct chunk_tree *tree, uint64_t c);

/*
 * chunk_tree_count_bounded - how many bits are set; CHUNK_TREE_LATER if there are more than *@looks chunks that
 * may be partly set. *@looks is how many more it might have looked at then. Cost: the words of each of those.
 */
uint64_t chunk_tree_count_bounded(const struct chunk_tree *tree, unsigned *budget);

/*
 * chunk_tree_count_some - how many bits are set in chunk *@c and those behind it, until @nchunks were counted,
 * or @looks of them that may be partly set, or the last; *@c is behind those then. Pre: neither is 0.
 */
uint64_t chunk_tree_count_some(const struct chunk_tree *tree, uint64_t *c, uint64_t nchunks,
			       unsigned budget);

/*
 * chunk_tree_validate - walk everything: NULL if the invariants of chunk_tree.c hold, else the
 * sentence that is broken. Nobody may change bits meanwhile.
 */
const char *chunk_tree_validate(const struct chunk_tree *tree);

#endif
