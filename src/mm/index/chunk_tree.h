/* SPDX-License-Identifier: MIT */
/*
 * chunk_tree.h - what is known about the set bits of a bitmap, chunk by chunk: where the lowest
 * aligned run of 2^k bits is, which chunks are partly set, how many bits are set.
 *
 * A chunk is 512 bits, eight words: 2 MiB of frames, and one cache line. The bits belong to a user,
 * which changes them at any time, without a lock, and gives notice of each change afterwards
 * (chunk_tree_mark_stale(), with the lock). A change needs no notice if the chunk is stale already
 * (chunk_tree_is_stale()). The tree is lazy: a stale chunk stays stale until a search needs
 * it, and is scanned then. chunk_tree.c draws it.
 *
 * The tree knows no addresses, takes no lock and has no memory of its own: the caller serialises
 * the calls, and lends storage. Bit 0 is the first bit of a chunk, and its number, divided by 512,
 * is @first_chunk: alignment is that of the numbers, not of the indices.
 */
#ifndef ACRE_MM_CHUNK_TREE_H
#define ACRE_MM_CHUNK_TREE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bitmap_atomic.h"
#include "mm/index/chunk_bytes.h"

struct chunk_tree;
struct chunk_changes;

/* ---- setting up ------------------------------------------------------------------------------ */

/* chunk_tree_bytes - how much storage @nchunks need, wherever they begin. 0 for none. */
size_t chunk_tree_bytes(uint64_t nchunks);

/*
 * chunk_tree_init - a tree over @words, all clear, the first of which is chunk @first_chunk.
 * @storage: chunk_tree_bytes(@nchunks), aligned to 8. @changes: the caller's, who keeps it and may
 * read it with the lock that serialises the calls; several trees may share it.
 * Pre:    @nchunks > 0, below 2^36.
 * Cost:   fills the storage.
 */
void chunk_tree_init(struct chunk_tree *tree, bitmap_word *words, uint64_t first_chunk,
		     uint64_t nchunks, void *storage, struct chunk_changes *changes);

/* ---- announcing a change --------------------------------------------------------------------- */

/*
 * chunk_tree_is_stale - is chunk @c stale? Then a change needs no notice. Ask after the change and
 * a full fence. Needs no lock.
 */
static inline bool chunk_tree_is_stale(const struct chunk_tree *tree, uint64_t c);

/* chunk_tree_is_empty - is it known that chunk @c has no bit set? */
static inline bool chunk_tree_is_empty(const struct chunk_tree *tree, uint64_t c);

/*
 * chunk_tree_mark_stale - some of the @n > 0 bits from @bit have changed. Call it after the change
 * and a full fence. Cost: a byte a level for one chunk, up to the first that is stale already.
 */
void chunk_tree_mark_stale(struct chunk_tree *tree, uint64_t bit, uint64_t n);

/*
 * chunk_tree_begin_fill - all of the @n bits from @bit are about to be @set, or clear. Whole chunks
 * among them are known from now on, without a scan. Call it before the change. After the change
 * call chunk_tree_end_fill(), and chunk_tree_mark_stale() for ends that are no whole chunks.
 * If the change fails, call chunk_tree_mark_stale() for all of it, and nothing else.
 * Cost: a byte and a word of the runs for each chunk.
 *
 * chunk_tree_end_fill - the bits have changed: the bytes above those chunks follow. Cost: a byte
 * for each eight chunks.
 */
void chunk_tree_begin_fill(struct chunk_tree *tree, uint64_t bit, uint64_t n, bool set);
void chunk_tree_end_fill(struct chunk_tree *tree, uint64_t bit, uint64_t n, bool set);

/* chunk_tree_refresh - scan chunk @c: it is not stale afterwards. Cost: its eight words. */
void chunk_tree_refresh(struct chunk_tree *tree, uint64_t c);

/* ---- searching ------------------------------------------------------------------------------- */

/*
 * A bounded search has a budget, and says CHUNK_TREE_LATER when it would spend more than *@budget,
 * which says afterwards what is left of it. To scan one stale chunk costs 1, and so does reading
 * the bytes of eight nodes. For a run of any length, to scan a stale chunk costs CHUNK_RUN_COST,
 * and to look for the run in the bits of a chunk CHUNK_TRY_COST more. What a search has scanned is
 * not stale afterwards, so the next one gets further.
 */
#define CHUNK_TREE_LATER (BITMAP_NONE - 1)
#define CHUNK_RUN_COST   8u
#define CHUNK_TRY_COST   3u

/* chunk_tree_spend - take @n off *@budget; false, and *@budget is 0, if it has less. */
static inline bool chunk_tree_spend(unsigned *budget, unsigned n)
{
	if (__builtin_expect(*budget < n, 0)) {
		*budget = 0;
		return false;
	}
	*budget -= n;
	return true;
}

/*
 * chunk_tree_has_none - is it known that there are no 2^@order set bits at a multiple of 2^@order?
 * Needs no lock, but an acquire fence before it. Cost: one byte.
 */
static inline bool chunk_tree_has_none(const struct chunk_tree *tree, unsigned order);

/*
 * chunk_tree_find_bounded - the lowest 2^@order set bits whose number is a multiple of 2^@order.
 * Result: the index of the first, BITMAP_NONE when there are none, or CHUNK_TREE_LATER: a search
 *         that is begun again gets further, unless other harts make as many chunks stale meanwhile.
 * Cost:   O(levels) where nothing is stale. Stale chunks are scanned until one has it: each once,
 *         and then it is not stale.
 */
uint64_t chunk_tree_find_bounded(struct chunk_tree *tree, unsigned order, unsigned *budget);

/*
 * @n > 0 set bits in a row, the first of which has a number that is a multiple of @align, and its
 * index in [from, to).
 */
struct chunk_run {
	uint64_t n;
	uint64_t align; /* a power of two */
	uint64_t from;
	uint64_t to;
};

/*
 * chunk_tree_find_run_bounded - the lowest @run.
 * Result: the index of the first bit, BITMAP_NONE when there is none, or CHUNK_TREE_LATER: then
 *         none begins below @run->from, which has moved. All chunks on which this rests are not
 *         stale: if it becomes false, the change is among the changes.
 * Cost:   O(levels) where nothing is stale and the first run that is long enough is aligned. Each
 *         chunk that has changed since the last such search is scanned once. Each chunk that has
 *         such a run, but not aligned, is searched bit by bit, in order of address.
 */
uint64_t chunk_tree_find_run_bounded(struct chunk_tree *tree, struct chunk_run *run,
				     unsigned *budget);

/*
 * chunk_tree_next_broken - the lowest chunk >= @c that may be partly set, or BITMAP_NONE. Any @c.
 * Cost: O(levels).
 */
uint64_t chunk_tree_next_broken(const struct chunk_tree *tree, uint64_t c);

/*
 * chunk_tree_find_full_bounded - the lowest chunk that is known to be full, BITMAP_NONE, or
 * CHUNK_TREE_LATER. Stale chunks are passed over and stay stale, so the search causes no notices
 * later.
 * Cost:   eight chunks are one word, and 64 cost 1. Chunks that were passed over are not read again
 *         until there is a full one among them.
 */
uint64_t chunk_tree_find_full_bounded(struct chunk_tree *tree, unsigned *budget);

/* ---- counting -------------------------------------------------------------------------------- */

/*
 * chunk_tree_count_bounded - how many bits are set; CHUNK_TREE_LATER if there are more than
 * *@budget chunks that may be partly set. *@budget is what is left of it then. Cost: the words of
 * each of those.
 */
uint64_t chunk_tree_count_bounded(const struct chunk_tree *tree, unsigned *budget);

/*
 * chunk_tree_count_some - how many bits are set in chunk *@c and the chunks after it, until
 * @nchunks were counted, or @budget of them that may be partly set, or the last; *@c is the next
 * chunk then. Pre: neither is 0.
 */
uint64_t chunk_tree_count_some(const struct chunk_tree *tree, uint64_t *c, uint64_t nchunks,
			       unsigned budget);

/*
 * chunk_tree_validate - walk everything: NULL if the invariants of chunk_tree.c hold, else the
 * sentence that is broken. Pre: no bit changes meanwhile.
 */
const char *chunk_tree_validate(const struct chunk_tree *tree);

/* ---- what it is made of ---------------------------------------------------------------------- */

/* 8^12 chunks and one level more to join two of the topmost: more than 2^56 bytes have. */
#define CHUNK_TREE_MAX_LEVELS 14u

/*
 * Which chunks were not stale and have changed or become full: the last few, of all trees of one
 * owner. A search that goes on where it was finds here what it must search again.
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
	bitmap_word *words; /* the bits, CHUNK_WORDS a chunk; the user's */
	chunk_byte *leaf;   /* leaf[c]: the byte of chunk c */
	chunk_byte *root;   /* the byte of all */
	uint64_t nchunks;
	uint64_t nfull;  /* chunks that are known to have all bits set */
	uint64_t number; /* of chunk 0 */
	uint64_t lead;   /* chunk 0 is node lead of level 0 */
	struct chunk_changes *changes;
	unsigned nlevels;
	/* [k]: the address of the byte of node 0, were it there; groups of eight are aligned to 8 */
	uintptr_t level[CHUNK_TREE_MAX_LEVELS];
	uintptr_t runs[CHUNK_TREE_MAX_LEVELS]; /* [k]: that of its runs */
	/* [k]: the lowest chunk that may have an order of k, or one below it */
	uint64_t start[CHUNK_ORDER + 1];
	uint64_t full_from; /* below this chunk none is known to be full */
};

static inline bool chunk_tree_is_stale(const struct chunk_tree *tree, uint64_t c)
{
	return atomic_load_explicit(&tree->leaf[c], memory_order_relaxed) == CHUNK_STALE;
}

static inline bool chunk_tree_is_empty(const struct chunk_tree *tree, uint64_t c)
{
	return atomic_load_explicit(&tree->leaf[c], memory_order_relaxed) == CHUNK_EMPTY;
}

static inline bool chunk_tree_has_none(const struct chunk_tree *tree, unsigned order)
{
	unsigned root = atomic_load_explicit(tree->root, memory_order_relaxed);

	return chunk_byte_best(root) - 1 < order + 1; /* CHUNK_STALE - 1 is not */
}

#endif
