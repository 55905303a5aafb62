/* SPDX-License-Identifier: MIT */
/* chunk_validate.c - the walk over a whole chunk_tree; chunk_tree.c numbers what it checks. */
#include "mm/index/chunk_tree.h"
#include "mm/index/chunk_tree_internal.h"

/* Are the 2^@order bits from @bit set, and inside? Slow and plain on purpose. */
static bool is_run(const struct chunk_tree *tree, uint64_t bit, unsigned order)
{
	uint64_t end = bit + ((uint64_t)1 << order);

	return end <= tree->nchunks * CHUNK_BITS &&
	       bitmap_atomic_next_clear(tree->words, bit, end) == BITMAP_NONE;
}

/* The byte of chunks [first, end), which is what lies below one node, CHUNK_WHOLE left out. */
static unsigned best_below(const struct chunk_tree *tree, uint64_t first, uint64_t end)
{
	unsigned order = 0;

	if (bitmap_atomic_next_set(tree->words, first * CHUNK_BITS, end * CHUNK_BITS) ==
	    BITMAP_NONE)
		return CHUNK_NONE;
	for (;; order++) {
		uint64_t step = (uint64_t)2 << order;
		/* Number of a bit: that of node 0 is 0, chunk 0 is node lead. */
		uint64_t from = (tree->lead + first) * CHUNK_BITS;
		uint64_t to = (tree->lead + end) * CHUNK_BITS;
		bool found = false;

		for (uint64_t at = (from + step - 1) / step * step; !found && at + step <= to;
		     at += step)
			found = is_run(tree, at - tree->lead * CHUNK_BITS, order + 1);
		if (!found)
			return order + 2;
	}
}

/* Should @byte, of @node, be marked whole? */
static bool is_whole(const struct chunk_tree *tree, unsigned k, uint64_t node, unsigned byte)
{
	uint64_t child = node * CHUNK_GROUP;
	uint64_t end = child + CHUNK_GROUP;

	if (k == 0)
		return byte == CHUNK_EMPTY || byte == CHUNK_FULL;
	while (child < end && (node_byte(tree, k - 1, child) & CHUNK_WHOLE) != 0)
		child++;
	return child == end;
}

/* The byte of @node, which stands for chunks [@first, @end). */
static const char *check_byte(const struct chunk_tree *tree, unsigned k, uint64_t node,
			      uint64_t first, uint64_t end)
{
	unsigned byte = node_byte(tree, k, node);

	if (first == end)
		return byte == CHUNK_EMPTY ? NULL : "C3: bytes that stand for no chunk say so";
	if (((byte & CHUNK_WHOLE) != 0) != is_whole(tree, k, node, byte))
		return "C4: a byte is whole if and only if all below it are";
	if (chunk_byte_best(byte) == CHUNK_STALE) {
		bool known = k + 1 < tree->nlevels &&
			     chunk_byte_best(node_byte(tree, k + 1, node / 8)) != CHUNK_STALE;
		return known ? "C2: above a stale byte all are stale" : NULL;
	}
	return chunk_byte_best(byte) == best_below(tree, first, end)
		       ? NULL
		       : "C1: a byte that is not stale is the best order below it, plus 2";
}

static const char *check_chunks(const struct chunk_tree *tree)
{
	uint64_t nfull = 0;

	for (uint64_t c = 0; c < tree->nchunks; c++) {
		unsigned byte = node_byte(tree, 0, tree->lead + c);

		nfull += byte == CHUNK_FULL;
		if (c < tree->full_from && byte == CHUNK_FULL)
			return "C7: below full_from no chunk is known to be full";
		for (unsigned k = 0; k <= CHUNK_ORDER; k++) {
			if (c < tree->start[k] &&
			    (byte == CHUNK_STALE || chunk_byte_best(byte) >= k + 2))
				return "C6: below start[k] no chunk may have an order of k";
		}
	}
	return nfull == tree->nfull ? NULL : "C5: nfull counts the full chunks";
}

/* Bit by bit: are these the lengths of chunks [@first, @end)? */
static bool runs_are_right(const struct chunk_tree *tree, struct chunk_runs runs, uint64_t first,
			   uint64_t end)
{
	struct chunk_runs want = { 0, 0, 0 };
	bool broken = false;

	for (uint64_t bit = first * CHUNK_BITS; bit < end * CHUNK_BITS; bit++) {
		want.tail = bitmap_atomic_test(tree->words, bit) ? want.tail + 1 : 0;
		broken |= want.tail == 0;
		if (!broken)
			want.head = want.tail;
		if (want.tail > want.best)
			want.best = want.tail;
	}
	return runs.head == want.head && runs.best == want.best && runs.tail == want.tail;
}

/* The runs of @node. */
static const char *check_runs(const struct chunk_tree *tree, unsigned k, uint64_t node,
			      uint64_t first, uint64_t end)
{
	struct chunk_runs runs = runs_of(tree, k, node);

	if (runs.best == RUNS_UNKNOWN) {
		bool known = k + 1 < tree->nlevels &&
			     runs_of(tree, k + 1, node / 8).best != RUNS_UNKNOWN;
		return known ? "R2: above runs that are not known none are" : NULL;
	}
	if (k == 0 && node_byte(tree, k, node) == CHUNK_STALE)
		return "R3: no runs of a stale chunk are known";
	return runs_are_right(tree, runs, first, end) ? NULL : "R1: runs that are known are right";
}

static const char *check_node(const struct chunk_tree *tree, unsigned k, uint64_t node)
{
	uint64_t first = chunk_level_chunk(tree, k, node);
	uint64_t end = chunk_level_chunk(tree, k, node + 1);
	const char *wrong = check_byte(tree, k, node, first, end);

	if (wrong == NULL && first != end)
		wrong = check_runs(tree, k, node, first, end);
	return wrong;
}

const char *chunk_tree_validate(const struct chunk_tree *tree)
{
	const char *wrong = check_chunks(tree);

	for (unsigned k = 0; wrong == NULL && k < tree->nlevels; k++) {
		uint64_t last = chunk_level_node(tree->lead + tree->nchunks - 1, k) | 7;
		for (uint64_t node = chunk_level_node(tree->lead, k) & ~(uint64_t)7;
		     wrong == NULL && node <= last; node++)
			wrong = check_node(tree, k, node);
	}
	return wrong;
}
