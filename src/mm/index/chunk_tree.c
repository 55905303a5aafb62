/* SPDX-License-Identifier: MIT */
/*
 * chunk_tree.c - a byte for each chunk of 512 bits, a byte for each eight of those, and so on.
 *
 * The byte of a node is the best order below it, plus 2: the largest k for which 2^k set bits stand
 * side by side at a multiple of 2^k. 1: no bit is set. 0: stale, nothing is known. A byte is marked
 * (here with a star) if all chunks below are known to be whole: full or empty. (chunk_bytes.h)
 *
 *	level 2                                   [ 0 ]
 *	                        __________________/   \__________________
 *	level 1               [13 ]                                   [ 0 ]
 *	         ______________/ \_______________              ________/ \______
 *	level 0  [11*][11*][11*][11*][ 4 ][ 1*][ 8 ][11*]      [ 1*][ 0 ][ 1*][11*] . .
 *	          |                   |                         |    |
 *	 words    8 full words        fours, no eights          none stale
 *
 *	11: a full chunk, order 9. 13 on level 1: 4 full children at a multiple of 4, order 11.
 *
 * Eight children lie in one 64-bit word. One subtraction for all eight finds the lowest child that
 * is enough; that is one step of the way down. A stale child counts as enough: it may hold
 * anything. The words of a stale chunk are scanned. If they do not have the run, the byte of the
 * chunk is written, and the bytes of its parents on the way back up. So searches keep the tree up
 * to date, once for each chunk that has changed, and freeing a frame costs one look at one byte.
 *
 * Nodes are grouped by chunk NUMBER and not by index, so that a full node is aligned in physical
 * memory. `lead` is the number of chunk 0 modulo a power of 8 that is at least nchunks: the fewest
 * levels in which numbers can be told apart.
 *
 * Invariants (chunk_tree_validate() checks them by these numbers):
 *   C1  a byte that is not stale is the best order of the bits below it, plus 2, or 1.
 *   C2  above a stale byte all bytes are stale.
 *   C3  bytes that stand for no chunk say that it is empty.
 *   C4  the byte of a chunk is marked whole if and only if it says that the chunk is full, or
 *       empty; one above, if and only if all eight below it are marked.
 *   C5  nfull is the number of chunks whose byte is that of a full one.
 *   C6  below chunk start[k] no chunk is stale or has an order of k or more.
 *   C7  below chunk full_from none is known to be full.
 *
 * The order of accesses matters, since bits change without the lock:
 *
 *	a hart that changes a bit               a hart that refreshes the byte, lock held
 *	change the bit                          write a byte that is not stale
 *	full fence                              full fence
 *	read the byte: stale? done              read the words
 *	else take the lock, mark it stale       write what they say
 *
 * One of the two sees the other. Either the words are read with the change in them, or the hart
 * that changed the bit reads a byte that is not stale, and marks it stale once it has the lock. So
 * no byte stays wrong.
 *
 * The root is read without the lock too, for a quick answer 'none'. So the bytes above a chunk are
 * marked stale before its own byte: a hart that has read that its chunk is stale, and gives no
 * notice, reads a stale root afterwards (with an acquire fence in between). And the bytes above
 * chunks that are filled change only after the bits have. Otherwise the root would say 'none' for a
 * moment while a hart tries to take many chunks and does not get them.
 */
#include "mm/index/chunk_tree.h"

#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/index/chunk_scan_internal.h"
#include "mm/index/chunk_tree_internal.h"

#define ALL_ONES 0xff /* memset() with it forgets the runs of chunks and nodes alike */

/* The byte of a node of level @k all of whose bits are set. */
static inline unsigned full_byte(unsigned k)
{
	return CHUNK_FULL + CHUNK_GROUP_SHIFT * k;
}

/* ---- setting up ------------------------------------------------------------------------------ */

/* The smallest power of 8, as an exponent, that is at least @n. */
static unsigned levels_for(uint64_t n)
{
	unsigned k = 0;

	while (chunk_level_node(n - 1, k) != 0)
		k++;
	return k;
}

/* How many groups of eight @n nodes of a level touch at most, wherever the first one is. */
static uint64_t most_groups(uint64_t n)
{
	return (n + CHUNK_GROUP - 2) / CHUNK_GROUP + 1;
}

static uint64_t run_size(unsigned k)
{
	return k == 0 ? sizeof(uint32_t) : sizeof(struct chunk_runs);
}

/* Storage for the runs of @n nodes of level @k. */
static uint64_t run_bytes(uint64_t n, unsigned k)
{
	return (n * run_size(k) + 7) / 8 * 8;
}

size_t chunk_tree_bytes(uint64_t nchunks)
{
	uint64_t bytes = 0;
	uint64_t n = nchunks;

	if (nchunks == 0)
		return 0;
	/* Two of the topmost may be needed, and one more to join them. */
	for (unsigned k = 0; k < levels_for(nchunks) + 2; k++) {
		bytes += run_bytes(n, k);
		n = most_groups(n);
		bytes += n * CHUNK_GROUP;
	}
	return bytes;
}

/* No bit is set; no runs are known. */
static void init_levels(struct chunk_tree *tree, char *at)
{
	uint64_t n = tree->nchunks;

	for (unsigned k = 0; k < tree->nlevels; k++) {
		uint64_t first = chunk_level_node(tree->lead, k);
		tree->runs[k] = (uintptr_t)at - first * run_size(k);
		memset(at, ALL_ONES, run_bytes(n, k));
		at += run_bytes(n, k);
		n = most_groups(n);
		tree->level[k] = (uintptr_t)at - align_down(first, CHUNK_GROUP);
		memset(at, CHUNK_EMPTY, n * CHUNK_GROUP);
		at += n * CHUNK_GROUP;
	}
}

void chunk_tree_init(struct chunk_tree *tree, bitmap_word *words, uint64_t first_chunk,
		     uint64_t nchunks, void *storage, struct chunk_changes *changes)
{
	*tree = (struct chunk_tree){
		.words = words, .nchunks = nchunks, .number = first_chunk, .changes = changes
	};
	tree->lead = first_chunk % (chunk_level_first(1, levels_for(nchunks)));
	tree->nlevels = 2; /* a chunk has a parent */
	while (chunk_level_node(tree->lead, tree->nlevels - 1) !=
	       chunk_level_node(tree->lead + nchunks - 1, tree->nlevels - 1))
		tree->nlevels++;
	init_levels(tree, storage);
	tree->leaf = byte_of(tree, 0, tree->lead);
	tree->root =
		byte_of(tree, tree->nlevels - 1, chunk_level_node(tree->lead, tree->nlevels - 1));
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* Bytes are written with the lock held, and read without it. */
static inline void set_node_byte(const struct chunk_tree *tree, unsigned k, uint64_t node,
				 unsigned byte)
{
	atomic_store_explicit(byte_of(tree, k, node), (uint8_t)byte, memory_order_relaxed);
}

/* set_node_byte() for @n bytes from @at. Not memset(), since other harts read them meanwhile. */
static never_inline racy_stores void set_bytes(chunk_byte *at, uint64_t n, unsigned byte)
{
	for (; n != 0 && (uintptr_t)at % CHUNK_GROUP != 0; at++, n--)
		atomic_store_explicit(at, (uint8_t)byte, memory_order_relaxed);
	for (; n >= CHUNK_GROUP; at += CHUNK_GROUP, n -= CHUNK_GROUP)
		*(volatile chunk_byte_group *)(void *)at = CHUNK_EVERY_BYTE * byte;
	for (; n != 0; at++, n--)
		atomic_store_explicit(at, (uint8_t)byte, memory_order_relaxed);
}

/* The eight children of @node of level @k > 0, the first one in the lowest byte. */
static inline uint64_t children(const struct chunk_tree *tree, unsigned k, uint64_t node)
{
	const chunk_byte *at = byte_of(tree, k - 1, node * CHUNK_GROUP);
	uint64_t group;

	/* Little-endian, as RISC-V is. No byte is written meanwhile: that takes the lock. */
	__builtin_memcpy(&group, __builtin_assume_aligned((const void *)at, 8), sizeof(group));
	return group;
}

/* Which of eight have @order, or may have? */
static inline uint64_t may_fit(uint64_t group, unsigned order)
{
	return chunk_bytes_at_least(group, order + 2) | chunk_bytes_stale(group);
}

/* What the byte of a node is, its mark left out, whose children, of level @k - 1, are @group. */
static unsigned parent_byte(uint64_t group, unsigned k)
{
	unsigned full = full_byte(k - 1);
	unsigned best = CHUNK_NONE;

	if (chunk_bytes_stale(group) != 0)
		return CHUNK_STALE;
	for (uint64_t rest = group & ~CHUNK_EVERY_TOP; rest != 0; rest >>= 8) {
		if ((rest & 0xff) > best)
			best = rest & 0xff;
	}
	if (best == chunk_byte_best(full)) {
		unsigned mask = chunk_bytes_packed(chunk_bytes_equal(group, full));
		for (unsigned order = 1; order <= CHUNK_GROUP_SHIFT && aligned_in(mask, order);
		     order++)
			best++;
	}
	return best;
}

/* Its mark. */
static inline unsigned parent_mark(uint64_t group)
{
	return chunk_bytes_broken(group) == 0 ? CHUNK_WHOLE : 0;
}

/* Compute the byte of a node; its mark is right (C4). Out of line: the way down needs it rarely. */
static never_inline void refresh_node(const struct chunk_tree *tree, unsigned k, uint64_t node)
{
	unsigned mark = node_byte(tree, k, node) & CHUNK_WHOLE;

	set_node_byte(tree, k, node, parent_byte(children(tree, k, node), k) | mark);
}

/* Node @leaf of level 0 was marked whole, or is no longer: the bytes above follow (C4). */
static never_inline void mark_whole(const struct chunk_tree *tree, uint64_t leaf)
{
	for (unsigned k = 1; k < tree->nlevels; k++) {
		leaf /= CHUNK_GROUP;
		unsigned byte = node_byte(tree, k, leaf);
		if ((byte & CHUNK_WHOLE) == parent_mark(children(tree, k, leaf)))
			break;
		set_node_byte(tree, k, leaf, byte ^ CHUNK_WHOLE);
	}
}

/* ---- chunks ---------------------------------------------------------------------------------- */

static inline const bitmap_word *chunk_words(const struct chunk_tree *tree, uint64_t c)
{
	return &tree->words[c * CHUNK_WORDS];
}

/* Chunk @c, and perhaps some after it, are known to be full. */
static inline void lower_full_from(struct chunk_tree *tree, uint64_t c)
{
	if (tree->full_from > c)
		tree->full_from = c;
}

/* The byte of chunk @c was @before, and was EMPTY during the scan; now it is @byte. */
static never_inline void set_leaf(struct chunk_tree *tree, uint64_t c, unsigned before,
				  unsigned byte)
{
	atomic_store_explicit(&tree->leaf[c], (uint8_t)byte, memory_order_relaxed);
	tree->nfull += byte == CHUNK_FULL;
	tree->nfull -= before == CHUNK_FULL;
	if (byte == CHUNK_FULL)
		lower_full_from(tree, c);
	if (((before ^ byte) & CHUNK_WHOLE) != 0)
		mark_whole(tree, tree->lead + c);
}

/*
 * Look for aligned 2^@order bits in chunk @c: first write a byte that is not stale, then scan. If
 * they are not there, the byte is what the scan says afterwards; else it is as it was.
 */
static force_inline uint64_t search_chunk(struct chunk_tree *tree, uint64_t c, unsigned order)
{
	unsigned before = atomic_load_explicit(&tree->leaf[c], memory_order_relaxed);

	atomic_store_explicit(&tree->leaf[c], CHUNK_EMPTY, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	struct offer offer = scan_chunk(chunk_words(tree, c), order);
	if (offer.at != CHUNK_BITS) {
		atomic_store_explicit(&tree->leaf[c], (uint8_t)before, memory_order_relaxed);
		return c * CHUNK_BITS + offer.at;
	}
	if (((before | offer.byte) & CHUNK_WHOLE) == 0)
		atomic_store_explicit(&tree->leaf[c], (uint8_t)offer.byte, memory_order_relaxed);
	else
		set_leaf(tree, c, before, offer.byte);
	return BITMAP_NONE;
}

void chunk_tree_refresh(struct chunk_tree *tree, uint64_t c)
{
	(void)search_chunk(tree, c, CHUNK_ORDER + 1); /* no chunk has as much */
}

/* ---- what has changed ------------------------------------------------------------------------ */

/* Chunk @c may have any order. */
static void lower_start(struct chunk_tree *tree, uint64_t c)
{
	for (unsigned order = 0; order <= CHUNK_ORDER; order++) {
		if (tree->start[order] > c)
			tree->start[order] = c;
	}
}

/* Chunks [c, end) were not stale, and may have more bits than their bytes say. */
static void note_change(const struct chunk_tree *tree, uint64_t c, uint64_t end)
{
	struct chunk_changes *changes = tree->changes;

	changes->last[changes->count++ % CHUNK_CHANGES] =
		(struct chunk_change){ tree->number + c, tree->number + end };
}

/* Nothing is known about the runs of the @n > 0 nodes of level 0 from @node on, and above them. */
static never_inline void forget_runs(const struct chunk_tree *tree, uint64_t node, uint64_t n)
{
	uint64_t last = node + n - 1;

	for (unsigned k = 0; k < tree->nlevels; k++) {
		memset((void *)(tree->runs[k] + node * run_size(k)), ALL_ONES,
		       (last - node + 1) * run_size(k));
		node /= CHUNK_GROUP;
		last /= CHUNK_GROUP;
	}
}

static void mark_chunk_stale(struct chunk_tree *tree, uint64_t c)
{
	uint64_t node = tree->lead + c;

	note_change(tree, c, c + 1);
	tree->nfull -= node_byte(tree, 0, node) == CHUNK_FULL;
	if (*leaf_runs(tree, node) != LEAF_RUNS_UNKNOWN) /* else R2 */
		forget_runs(tree, node, 1);
	lower_start(tree, c);
	for (unsigned k = 1; k < tree->nlevels; k++) {
		node /= CHUNK_GROUP;
		if (node_byte(tree, k, node) == CHUNK_STALE)
			break; /* C2, C4 */
		set_node_byte(tree, k, node, CHUNK_STALE);
	}
	/* Last: a hart that reads this byte after a free must not hear 'none' from the root. */
	atomic_store_explicit(&tree->leaf[c], CHUNK_STALE, memory_order_release);
}

void chunk_tree_mark_stale(struct chunk_tree *tree, uint64_t bit, uint64_t n)
{
	for (uint64_t c = bit / CHUNK_BITS; c <= (bit + n - 1) / CHUNK_BITS; c++) {
		if (!chunk_tree_is_stale(tree, c))
			mark_chunk_stale(tree, c);
	}
}

/* Chunks [c, end) are full or empty: set their bytes. */
static void fill_chunks(struct chunk_tree *tree, uint64_t c, uint64_t end, unsigned byte)
{
	if (byte == CHUNK_FULL) {
		tree->nfull += end - c; /* none was: they had no bit set */
		lower_start(tree, c);
		note_change(tree, c, end);
		lower_full_from(tree, c);
	} else {
		for (uint64_t i = c; i < end; i++)
			tree->nfull -= node_byte(tree, 0, tree->lead + i) == CHUNK_FULL;
	}
	set_bytes(&tree->leaf[c], end - c, byte);
	forget_runs(tree, tree->lead + c, end - c);
}

void chunk_tree_begin_fill(struct chunk_tree *tree, uint64_t bit, uint64_t n, bool set)
{
	uint64_t inner = (bit + CHUNK_BITS - 1) / CHUNK_BITS;
	uint64_t inner_end = (bit + n) / CHUNK_BITS;

	if (inner < inner_end)
		fill_chunks(tree, inner, inner_end, set ? CHUNK_FULL : CHUNK_EMPTY);
}

void chunk_tree_end_fill(struct chunk_tree *tree, uint64_t bit, uint64_t n, bool set)
{
	/* Nodes [from, end) changed; nodes [inner, inner_end) of those are full, or empty. */
	uint64_t inner = tree->lead + (bit + CHUNK_BITS - 1) / CHUNK_BITS;
	uint64_t inner_end = tree->lead + (bit + n) / CHUNK_BITS;
	uint64_t from = inner;
	uint64_t end = inner_end;

	if (inner >= inner_end)
		return;
	for (unsigned k = 1; k < tree->nlevels; k++) {
		inner = (inner + CHUNK_GROUP - 1) / CHUNK_GROUP;
		inner_end = inner_end / CHUNK_GROUP;
		from = from / CHUNK_GROUP;
		end = (end + CHUNK_GROUP - 1) / CHUNK_GROUP;
		for (uint64_t node = from; node < end; node++) {
			bool whole = node >= inner && node < inner_end;
			uint64_t group = children(tree, k, node);
			set_node_byte(tree, k, node,
				      !whole ? parent_byte(group, k) | parent_mark(group)
				      : set  ? full_byte(k)
					     : CHUNK_EMPTY);
		}
	}
}

/* ---- finding --------------------------------------------------------------------------------- */

/*
 * Refresh all that is stale at or below @node of level @level; false if the budget does not
 * suffice.
 */
static bool refresh_below(struct chunk_tree *tree, unsigned level, uint64_t node, unsigned *budget)
{
	for (unsigned k = level;;) {
		if (!chunk_tree_spend(budget, 1))
			return false;
		if (k == 0) {
			chunk_tree_refresh(tree, node - tree->lead);
		} else {
			uint64_t group = children(tree, k, node);
			uint64_t stale = chunk_bytes_stale(group);
			if (stale != 0) {
				node = node * CHUNK_GROUP + chunk_bytes_first(stale);
				k--;
				continue;
			}
			refresh_node(tree, k, node);
		}
		if (k == level)
			return true;
		k++;
		node /= CHUNK_GROUP;
	}
}

/* The lowest aligned 2^@order bits below @node. They take more than one of its children. */
static never_inline uint64_t find_in_full_children(struct chunk_tree *tree, unsigned k,
						   uint64_t node, unsigned order, unsigned *budget)
{
	if (!refresh_below(tree, k, node, budget))
		return CHUNK_TREE_LATER;
	unsigned mask =
		chunk_bytes_packed(chunk_bytes_equal(children(tree, k, node), full_byte(k - 1)));
	mask = aligned_in(mask, order + 2 - chunk_byte_best(full_byte(k - 1)));
	if (mask == 0)
		return BITMAP_NONE;
	node = chunk_level_first(node * CHUNK_GROUP + bits_ctz(mask), k - 1);
	return (node - tree->lead) * CHUNK_BITS;
}

/* The lowest aligned 2^@order bits in one of the chunks below @node of level 1. */
static uint64_t find_in_chunks(struct chunk_tree *tree, uint64_t node, unsigned order,
			       unsigned *budget)
{
	for (uint64_t fit = may_fit(children(tree, 1, node), order); fit != 0; fit &= fit - 1) {
		if (!chunk_tree_spend(budget, 1))
			return CHUNK_TREE_LATER;
		uint64_t found = search_chunk(
			tree, node * CHUNK_GROUP + chunk_bytes_first(fit) - tree->lead, order);
		if (found != BITMAP_NONE)
			return found;
	}
	return BITMAP_NONE;
}

/* From the root. */
static never_inline uint64_t search_from_root(struct chunk_tree *tree, unsigned order,
					      unsigned *budget)
{
	unsigned bottom =
		order <= CHUNK_ORDER ? 1 : (order - CHUNK_ORDER - 1) / CHUNK_GROUP_SHIFT + 1;
	unsigned top = tree->nlevels - 1;
	unsigned k = top;
	uint64_t node = chunk_level_node(tree->lead, top);

	if (bottom > top || chunk_tree_has_none(tree, order))
		return BITMAP_NONE;
	for (;;) {
		if (k == bottom) {
			uint64_t found =
				order <= CHUNK_ORDER
					? find_in_chunks(tree, node, order, budget)
					: find_in_full_children(tree, k, node, order, budget);
			if (found != BITMAP_NONE)
				return found;
		} else {
			unsigned child = chunk_bytes_first(may_fit(children(tree, k, node), order));
			if (child < CHUNK_GROUP) {
				node = node * CHUNK_GROUP + child;
				k--;
				continue;
			}
		}
		refresh_node(tree, k, node);
		if (!chunk_tree_spend(budget, 1)) /* the root's too: there may be many trees */
			return CHUNK_TREE_LATER;
		if (k == top)
			return BITMAP_NONE;
		k++;
		node /= CHUNK_GROUP;
	}
}

uint64_t chunk_tree_find_bounded(struct chunk_tree *tree, unsigned order, unsigned *budget)
{
	if (order > CHUNK_ORDER)
		return search_from_root(tree, order, budget);
	uint64_t c = tree->start[order];
	if (c < tree->nchunks) {
		uint64_t at = find_in_words(chunk_words(tree, c), order);
		if (likely(at != CHUNK_BITS))
			return c * CHUNK_BITS + at;
	}
	uint64_t found = search_from_root(tree, order, budget);
	if (likely(found != CHUNK_TREE_LATER))
		tree->start[order] = found == BITMAP_NONE ? tree->nchunks : found / CHUNK_BITS;
	return found;
}

uint64_t chunk_tree_find_full_bounded(struct chunk_tree *tree, unsigned *budget)
{
	uint64_t node = tree->lead + tree->full_from;
	uint64_t end = tree->lead + tree->nchunks;

	for (unsigned i = 0; tree->nfull != 0 && node < end; i++) {
		if (i % CHUNK_GROUP == 0 && !chunk_tree_spend(budget, 1))
			return CHUNK_TREE_LATER;
		uint64_t full =
			chunk_bytes_equal(children(tree, 1, node / CHUNK_GROUP), CHUNK_FULL) >>
			(8 * (node % CHUNK_GROUP));
		if (full != 0) {
			tree->full_from = node + chunk_bytes_first(full) - tree->lead;
			return tree->full_from;
		}
		node = align_down(node, CHUNK_GROUP) + CHUNK_GROUP;
		tree->full_from = (node < end ? node : end) - tree->lead;
	}
	return BITMAP_NONE;
}

uint64_t chunk_tree_next_broken(const struct chunk_tree *tree, uint64_t c)
{
	uint64_t node = tree->lead + c;
	unsigned k = 1;
	uint64_t broken;

	if (c >= tree->nchunks ||
	    (atomic_load_explicit(tree->root, memory_order_relaxed) & CHUNK_WHOLE) != 0)
		return BITMAP_NONE;
	/* Up, as long as neither @node, of level @k - 1, nor those after it of the eight are broken. */
	while ((broken = chunk_bytes_broken(children(tree, k, node / CHUNK_GROUP)) >>
			 8 * (node % CHUNK_GROUP)) == 0) {
		node = node / CHUNK_GROUP + 1;
		for (k++; node % CHUNK_GROUP == 0; k++)
			node /= CHUNK_GROUP;
		if (k >= tree->nlevels)
			return BITMAP_NONE;
	}
	/* Down to the first. */
	node += chunk_bytes_first(broken);
	while (--k > 0)
		node = node * CHUNK_GROUP +
		       chunk_bytes_first(chunk_bytes_broken(children(tree, k, node)));
	return node - tree->lead;
}

uint64_t chunk_tree_count_bounded(const struct chunk_tree *tree, unsigned *budget)
{
	uint64_t count = tree->nfull * CHUNK_BITS;

	for (uint64_t c = chunk_tree_next_broken(tree, 0); c != BITMAP_NONE;
	     c = chunk_tree_next_broken(tree, c + 1)) {
		if (!chunk_tree_spend(budget, 1))
			return CHUNK_TREE_LATER;
		count += bitmap_atomic_count(chunk_words(tree, c), 0, CHUNK_BITS);
	}
	return count;
}

uint64_t chunk_tree_count_some(const struct chunk_tree *tree, uint64_t *c, uint64_t nchunks,
			       unsigned budget)
{
	uint64_t end = nchunks < tree->nchunks - *c ? *c + nchunks : tree->nchunks;
	uint64_t count = 0;

	for (; *c < end && budget != 0; ++*c) {
		unsigned byte = node_byte(tree, 0, tree->lead + *c);

		if (byte == CHUNK_FULL) {
			count += CHUNK_BITS;
		} else if (byte != CHUNK_EMPTY) {
			count += bitmap_atomic_count(chunk_words(tree, *c), 0, CHUNK_BITS);
			budget--;
		}
	}
	return count;
}
