/* SPDX-License-Identifier: MIT */
/* chunk_validate.c - the walk over a whole chunk_tree; chunk_tree.c numbers what it checks. */
#include "mm/index/chunk_levels.h"
#include "mm/index/chunk_tree.h"

static unsigned byte_at(const struct chunk_tree *tree, unsigned k, uint64_t node)
{
	return atomic_load_explicit(&tree->level[k].at[node - tree->level[k].origin],
				    memory_order_relaxed);
}

/* Are the 2^@order bits from @bit set, and inside? Slow and plain on purpose. */
static bool is_run(const struct chunk_tree *tree, uint64_t bit, unsigned order)
{
	uint64_t end = bit + ((uint64_t)1 << order);

	return end <= tree->nchunks * CHUNK_BITS &&
	       bitmap_atomic_next_clear(tree->words, bit, end) == BITMAP_NONE;
}

/* The byte of chunks [first, end), which is what lies below one node. */
static unsigned best_below(const struct chunk_tree *tree, uint64_t first, uint64_t end)
{
	unsigned order = 0;

	if (bitmap_atomic_next_set(tree->words, first * CHUNK_BITS, end * CHUNK_BITS) ==
	    BITMAP_NONE)
		return CHUNK_EMPTY;
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

static const char *check_node(const struct chunk_tree *tree, unsigned k, uint64_t node)
{
	uint64_t below = chunk_level_first(node, k);
	uint64_t above = chunk_level_first(node + 1, k);
	uint64_t end = tree->lead + tree->nchunks;
	unsigned byte = byte_at(tree, k, node);

	if (above <= tree->lead || below >= end)
		return byte == CHUNK_EMPTY ? NULL : "C3: bytes that stand for no chunk say so";
	if (byte == CHUNK_STALE) {
		bool known = k + 1 < tree->nlevels && byte_at(tree, k + 1, node / 8) != CHUNK_STALE;
		return known ? "C2: above a stale byte all are stale" : NULL;
	}
	below = below > tree->lead ? below - tree->lead : 0;
	above = (above < end ? above : end) - tree->lead;
	return byte == best_below(tree, below, above)
		       ? NULL
		       : "C1: a byte that is not stale is the best order below it, plus 2";
}

static const char *check_chunks(const struct chunk_tree *tree)
{
	uint64_t nfull = 0;

	for (uint64_t c = 0; c < tree->nchunks; c++) {
		unsigned byte = byte_at(tree, 0, tree->lead + c);
		bool broken = byte != CHUNK_EMPTY && byte != CHUNK_FULL;

		nfull += byte == CHUNK_FULL;
		if (c < tree->full_from && byte == CHUNK_FULL)
			return "C7: below full_from no chunk is known to be full";
		for (unsigned k = 0; k <= CHUNK_ORDER; k++) {
			if (c < tree->start[k] && (byte == CHUNK_STALE || byte >= k + 2))
				return "C6: below start[k] no chunk may have an order of k";
		}
		if (bitmap_tree_test(&tree->broken, c) != broken)
			return "C4: broken has the chunks that are stale or partly set";
	}
	return nfull == tree->nfull ? NULL : "C5: nfull counts the full chunks";
}

static bool runs_are_known(const struct chunk_runs *runs, unsigned k, uint64_t node)
{
	return k == 0 ? runs->leaf[node] != UINT32_MAX : runs->level[k][node].best != UINT64_MAX;
}

/* Bit by bit: what the lengths of @node must be. */
static bool runs_are_right(const struct chunk_tree *tree, unsigned k, uint64_t node)
{
	const struct chunk_runs *runs = &tree->runs;
	uint64_t first = chunk_level_first(node, k) * CHUNK_BITS;
	uint64_t end = chunk_level_first(node + 1, k) * CHUNK_BITS;
	struct chunk_run_node want = { 0, 0, 0 };
	bool broken = false;

	if (end > tree->nchunks * CHUNK_BITS)
		end = tree->nchunks * CHUNK_BITS;
	for (uint64_t bit = first; bit < end; bit++) {
		want.tail = bitmap_atomic_test(tree->words, bit) ? want.tail + 1 : 0;
		broken |= want.tail == 0;
		if (!broken)
			want.head = want.tail;
		if (want.tail > want.best)
			want.best = want.tail;
	}
	if (k == 0)
		return runs->leaf[node] == (want.head | want.best << 10 | want.tail << 20);
	return runs->level[k][node].head == want.head && runs->level[k][node].best == want.best &&
	       runs->level[k][node].tail == want.tail;
}

static const char *check_runs(const struct chunk_tree *tree)
{
	const struct chunk_runs *runs = &tree->runs;

	for (unsigned k = 0; k < runs->nlevels; k++) {
		for (uint64_t node = 0; node < chunk_level_nodes(runs->nchunks, k); node++) {
			if (!runs_are_known(runs, k, node)) {
				if (k + 1 < runs->nlevels && runs_are_known(runs, k + 1, node / 8))
					return "R2: above runs that are not known none are";
				continue;
			}
			if (!runs_are_right(tree, k, node))
				return "R1: runs that are known are right";
			if (k == 0 && chunk_tree_is_stale(tree, node))
				return "R3: no runs of a stale chunk are known";
		}
	}
	return NULL;
}

const char *chunk_tree_validate(const struct chunk_tree *tree)
{
	const char *wrong = bitmap_tree_validate(&tree->broken, tree->nchunks);

	if (wrong == NULL)
		wrong = check_chunks(tree);
	if (wrong == NULL)
		wrong = check_runs(tree);
	for (unsigned k = 0; wrong == NULL && k < tree->nlevels; k++) {
		uint64_t last = chunk_level_node(tree->lead + tree->nchunks - 1, k) | 7;
		for (uint64_t node = tree->level[k].origin; wrong == NULL && node <= last; node++)
			wrong = check_node(tree, k, node);
	}
	return wrong;
}
