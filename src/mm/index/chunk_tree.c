/* SPDX-License-Identifier: MIT */
/*
 * chunk_tree.c - a byte for each chunk of 512 bits, a byte for each eight of those, and so on.
 *
 * The byte of a node is the best order below it, plus 2: the largest k for which 2^k set bits stand
 * side by side at a multiple of 2^k. 1: no bit is set. 0: stale, nothing is known. (chunk_bytes.h)
 *
 *	level 2                              [ 0 ]
 *	                     _________________/  \___________________
 *	level 1             [ 13 ]                                  [ 0 ]
 *	          ___________/  \____________            ____________/  \___
 *	level 0  [11][11][11][11][ 4][ 1][ 8][11]       [ 1][ 0][ 1][11] . .
 *	          |               |                         |    |
 *	 words    8 full words    fours, no eights          none stale
 *
 *	11: a full chunk, order 9. 13 on level 1: 4 full children at a multiple of 4, order 11.
 *
 * Eight children lie in one 64-bit word. The lowest child that will do is found by one subtraction
 * for all eight, and that is one step of the way down. A stale child will do as well: it may hold
 * anything. The words of a stale chunk are scanned. If they do not have the run, the byte of the
 * chunk is written, and those of its parents on the way back up. So a search does the work of
 * keeping the tree, once for each chunk that has changed, and freeing a frame costs one look at one
 * byte.
 *
 * Nodes are grouped by chunk NUMBER and not by index, so that a full node is aligned in physical
 * memory. `lead` is the number of chunk 0 modulo a power of 8 that is at least nchunks: the fewest
 * levels in which numbers can be told apart.
 *
 * Invariants (chunk_tree_validate() checks them by these numbers):
 *   C1  a byte that is not stale is the best order of the bits below it, plus 2, or 1.
 *   C2  above a stale byte all bytes are stale.
 *   C3  bytes that stand for no chunk say that it is empty.
 *   C4  `broken` has the bit of each chunk that is stale or neither empty nor full, and no other.
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
 * chunks that are filled change only after the bits have: a hart that does not get the many chunks
 * that it wants has not let the root say 'none' for a moment.
 */
#include "mm/index/chunk_tree.h"

#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/index/chunk_levels.h"

/* The byte of a node of level @k all of whose bits are set. */
static inline unsigned full_byte(unsigned k)
{
	return CHUNK_FULL + CHUNK_GROUP_SHIFT * k;
}

static inline chunk_byte *byte_of(const struct chunk_tree *tree, unsigned k, uint64_t node)
{
	return &tree->level[k].at[node - tree->level[k].origin];
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

/* Bytes of level @k, wherever the first node is: @n chunks touch at most this many groups. */
static uint64_t level_bytes(uint64_t n, unsigned k)
{
	uint64_t nodes = chunk_level_nodes(n, k) + 1;

	return (nodes + CHUNK_GROUP - 2) / CHUNK_GROUP * CHUNK_GROUP + CHUNK_GROUP;
}

/* How many levels at most: two of the topmost may be needed, and one more to join them. */
static unsigned level_count(uint64_t n)
{
	return levels_for(n) + 2;
}

size_t chunk_tree_bytes(uint64_t nchunks)
{
	uint64_t bytes = 0;

	if (nchunks == 0)
		return 0;
	for (unsigned k = 0; k < level_count(nchunks); k++)
		bytes += level_bytes(nchunks, k);
	return bytes + bitmap_tree_words(nchunks) * sizeof(uint64_t) + chunk_runs_bytes(nchunks);
}

void chunk_tree_init(struct chunk_tree *tree, bitmap_word *words, uint64_t first_chunk,
		     uint64_t nchunks, void *storage, struct chunk_changes *changes)
{
	uint8_t *at = storage;

	*tree = (struct chunk_tree){
		.words = words, .nchunks = nchunks, .number = first_chunk, .changes = changes
	};
	tree->lead = first_chunk % (chunk_level_first(1, levels_for(nchunks)));
	tree->nlevels = 2; /* a chunk has a parent */
	while (chunk_level_node(tree->lead, tree->nlevels - 1) !=
	       chunk_level_node(tree->lead + nchunks - 1, tree->nlevels - 1))
		tree->nlevels++;
	for (unsigned k = 0; k < tree->nlevels; k++) {
		tree->level[k].at = (chunk_byte *)at;
		tree->level[k].origin = align_down(chunk_level_node(tree->lead, k), CHUNK_GROUP);
		memset(at, CHUNK_EMPTY, level_bytes(nchunks, k));
		at += level_bytes(nchunks, k);
	}
	tree->leaf = tree->level[0].at + (tree->lead - tree->level[0].origin);
	tree->root =
		byte_of(tree, tree->nlevels - 1, chunk_level_node(tree->lead, tree->nlevels - 1));
	/* Below 2^48 bits, and NULL is not among the storage: it cannot fail. */
	(void)!bitmap_tree_init(&tree->broken, (uint64_t *)(void *)at, nchunks);
	at += bitmap_tree_words(nchunks) * sizeof(uint64_t);
	chunk_runs_init(&tree->runs, nchunks, at);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static inline unsigned node_byte(const struct chunk_tree *tree, unsigned k, uint64_t node)
{
	return atomic_load_explicit(byte_of(tree, k, node), memory_order_relaxed);
}

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

/* Of eight bits, those from which 2^@order, at a multiple of that, are set. */
static unsigned aligned_in(unsigned mask, unsigned order)
{
	if (order >= 1)
		mask &= mask >> 1 & 0x55;
	if (order >= 2)
		mask &= mask >> 2 & 0x11;
	if (order >= 3)
		mask &= mask >> 4 & 0x01;
	return mask;
}

/* What the byte of a node is whose children, of level @k - 1, are @group. */
static unsigned parent_byte(uint64_t group, unsigned k)
{
	unsigned full = full_byte(k - 1);
	unsigned best = CHUNK_EMPTY;

	if (chunk_bytes_stale(group) != 0)
		return CHUNK_STALE;
	for (uint64_t rest = group; rest != 0; rest >>= 8) {
		if ((rest & 0xff) > best)
			best = rest & 0xff;
	}
	if (best == full) {
		unsigned mask = chunk_bytes_packed(chunk_bytes_equal(group, full));
		for (unsigned order = 1; order <= CHUNK_GROUP_SHIFT && aligned_in(mask, order);
		     order++)
			best++;
	}
	return best;
}

/* Compute the byte of a node. Out of line: the way down needs it rarely. */
static never_inline void refresh_node(const struct chunk_tree *tree, unsigned k, uint64_t node)
{
	set_node_byte(tree, k, node, parent_byte(children(tree, k, node), k));
}

/* ---- chunks ---------------------------------------------------------------------------------- */

/* What a chunk has to offer: an aligned run of the order asked for, or, failing that, its byte. */
struct offer {
	uint64_t at; /* index in the chunk; CHUNK_BITS: no such run */
	unsigned byte;
};

/* @full has a bit for each word that is full: runs of those are orders 6 to 9. */
static never_inline struct offer scan_full(unsigned full, unsigned order)
{
	unsigned best = 6;

	if (order <= CHUNK_ORDER && aligned_in(full, order - 6) != 0)
		return (struct offer){
			(uint64_t)bits_ctz(aligned_in(full, order - 6)) * BITS_PER_WORD, 0
		};
	while (best < CHUNK_ORDER && aligned_in(full, best + 1 - 6) != 0)
		best++;
	return (struct offer){ CHUNK_BITS, best + 2 };
}

/* Multiples of 2^k. */
static const uint64_t aligned[] = {
	0xffffffffffffffff, 0x5555555555555555, 0x1111111111111111, 0x0101010101010101,
	0x0001000100010001, 0x0000000100000001, 0x0000000000000001,
};

/* Those bits of @x, at a multiple of 2^@order, from which so many are set. @order is a constant. */
static always_inline uint64_t runs_in(uint64_t x, unsigned order)
{
	for (unsigned k = 0; k < 6; k++) {
		if (k < order)
			x &= x >> (1u << k);
	}
	return x & aligned[order];
}

static always_inline uint64_t try_order(const bitmap_word *words, unsigned order)
{
	for (unsigned w = 0; w < CHUNK_WORDS; w++) {
		uint64_t runs = runs_in(bitmap_atomic_word(&words[w]), order);
		if (runs != 0)
			return w * BITS_PER_WORD + bits_ctz(runs);
	}
	return CHUNK_BITS;
}

static uint64_t try_full(const bitmap_word *words, unsigned order)
{
	unsigned step = 1u << (order - 6);

	for (uint64_t w = 0; w < CHUNK_WORDS; w += step) {
		uint64_t all = UINT64_MAX;
		for (unsigned i = 0; i < step; i++)
			all &= bitmap_atomic_word(&words[w + i]);
		if (all == UINT64_MAX)
			return w * BITS_PER_WORD;
	}
	return CHUNK_BITS;
}

/* The lowest aligned 2^@order bits of a chunk, word by word: the fastest way if they are there. */
static uint64_t find_in_words(const bitmap_word *words, unsigned order)
{
	switch (order) {
	case 0:
		return try_order(words, 0);
	case 1:
		return try_order(words, 1);
	case 2:
		return try_order(words, 2);
	case 3:
		return try_order(words, 3);
	case 4:
		return try_order(words, 4);
	case 5:
		return try_order(words, 5);
	case 6:
		return try_order(words, 6);
	default:
		return try_full(words, order);
	}
}

/* A statement for each of the eight words, so that they live in registers. */
#define EACH_WORD(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7)
#define LOAD(w)      uint64_t x##w = bitmap_atomic_word(&words[w]);
#define AND(w)       &x##w
#define OR(w)        | x##w
#define FULL(w)      | (unsigned)(x##w & 1) << (w)
#define LOWEST(w)                                                                                  \
	if ((x##w & mask) != 0)                                                                    \
		return (struct offer){ (w)*BITS_PER_WORD + bits_ctz(x##w & mask), 0 };
#define DOUBLE(w) x##w &= x##w >> shift;

/*
 * One round: x has the bits from which 2^k are set. Is one at a multiple of that? Then go on with
 * those from which twice as many are.
 */
#define ROUND(k)                                                                                   \
	do {                                                                                       \
		const uint64_t mask = aligned[k];                                                  \
		const unsigned shift = 1u << (k);                                                  \
		if (((0 EACH_WORD(OR)) & mask) == 0)                                               \
			return (struct offer){ CHUNK_BITS, (k) + 1 };                              \
		if (order == (k)) {                                                                \
			EACH_WORD(LOWEST)                                                          \
		}                                                                                  \
		EACH_WORD(DOUBLE)                                                                  \
	} while (0)

/*
 * The lowest aligned 2^@order bits of a chunk, or its byte: all words at a time, the fastest way if
 * they are not there.
 */
/* NOLINTNEXTLINE(readability-function-size): it is short before the macros */
static always_inline struct offer scan_chunk(const bitmap_word *words, unsigned order)
{
	EACH_WORD(LOAD)
	if ((UINT64_MAX EACH_WORD(AND)) == UINT64_MAX)
		return order <= CHUNK_ORDER ? (struct offer){ 0, 0 }
					    : (struct offer){ CHUNK_BITS, CHUNK_FULL };
	ROUND(0);
	ROUND(1);
	ROUND(2);
	ROUND(3);
	ROUND(4);
	ROUND(5);
	if (((0 EACH_WORD(OR)) & 1) == 0)
		return (struct offer){ CHUNK_BITS, 5 + 2 };
	return scan_full(0 EACH_WORD(FULL), order);
}

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
	if (byte == CHUNK_EMPTY || byte == CHUNK_FULL)
		bitmap_tree_clear_bit(&tree->broken, c);
	else if (before != CHUNK_STALE) /* C4 */
		bitmap_tree_set_bit(&tree->broken, c);
}

/*
 * Look for aligned 2^@order bits in chunk @c: first write a byte that is not stale, then scan. If
 * they are not there, the byte is what the scan says afterwards; else it is as it was.
 */
static always_inline uint64_t search_chunk(struct chunk_tree *tree, uint64_t c, unsigned order)
{
	unsigned before = atomic_load_explicit(&tree->leaf[c], memory_order_relaxed);

	atomic_store_explicit(&tree->leaf[c], CHUNK_EMPTY, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	struct offer offer = scan_chunk(chunk_words(tree, c), order);
	if (offer.at != CHUNK_BITS) {
		atomic_store_explicit(&tree->leaf[c], (uint8_t)before, memory_order_relaxed);
		return c * CHUNK_BITS + offer.at;
	}
	if (before == CHUNK_STALE && offer.byte != CHUNK_EMPTY && offer.byte != CHUNK_FULL)
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

static void mark_chunk_stale(struct chunk_tree *tree, uint64_t c)
{
	uint64_t node = tree->lead + c;

	note_change(tree, c, c + 1);
	tree->nfull -= node_byte(tree, 0, node) == CHUNK_FULL;
	bitmap_tree_set_bit(&tree->broken, c);
	chunk_runs_forget(&tree->runs, c, 1);
	lower_start(tree, c);
	for (unsigned k = 1; k < tree->nlevels; k++) {
		node /= CHUNK_GROUP;
		if (node_byte(tree, k, node) == CHUNK_STALE)
			break; /* C2 */
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
	bitmap_tree_clear(&tree->broken, c, end - c);
	chunk_runs_forget(&tree->runs, c, end - c);
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
			set_node_byte(tree, k, node,
				      !whole ? parent_byte(children(tree, k, node), k)
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
	mask = aligned_in(mask, order + 2 - full_byte(k - 1));
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
			chunk_bytes_at_least(children(tree, 1, node / CHUNK_GROUP), CHUNK_FULL) >>
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

uint64_t chunk_tree_count_bounded(const struct chunk_tree *tree, unsigned *budget)
{
	uint64_t count = tree->nfull * CHUNK_BITS;

	for (uint64_t c = bitmap_tree_next_set(&tree->broken, 0); c != BITMAP_NONE;
	     c = bitmap_tree_next_set(&tree->broken, c + 1)) {
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
