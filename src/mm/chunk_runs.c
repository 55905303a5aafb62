/* SPDX-License-Identifier: MIT */
/*
 * chunk_runs.c - three lengths for each chunk, for each eight chunks, and so on.
 *
 *	bits of a node       ####....##.#######...##########.....#######
 *	                     |__|                 |________|     |_____|
 *	                     head 4               best 10        tail 7
 *
 * Those of a node follow from those of its children, left to right: what ends one child goes on in the
 * next one's head. A search carries along how many set bits end where it has got to:
 *
 *	- with the head of this node, is that enough? Then it begins there, and nothing lower does.
 *	- is best enough? Then it is inside: go down.
 *	- else pass over the node: what ends here now is its tail, or more of the same if all is set.
 *
 * A node that is not known is walked through, child by child, and is known when that is done. So, as in
 * chunk_tree.c, the work is done by those who search, once for each chunk that has changed.
 *
 * Invariants (chunk_tree_validate() checks them by these numbers):
 *   R1  what is known is right.
 *   R2  above a node that is not known nothing is known.
 *   R3  the runs of a chunk are known only where its byte in the chunk_tree is not stale: only then
 *       does whoever changes a bit say so.
 */
#include "mm/chunk_runs.h"

#include <limits.h>

#include "lib/string.h"
#include "mm/chunk_tree.h"

#define GROUP       8u
#define GROUP_SHIFT 3u
#define LEAF_BITS   10u
#define LEAF_MASK   ((1u << LEAF_BITS) - 1)
#define UNKNOWN     UINT64_MAX
#define SUM_LOOKS   2u   /* summing up eight nodes, in looks (chunk_tree.h) */
#define ALL_ONES    0xff /* memset() with it forgets leaves and nodes alike */

/* Nodes of level @k. */
static uint64_t nodes_of(uint64_t nchunks, unsigned k)
{
	return ((nchunks - 1) >> (GROUP_SHIFT * k)) + 1;
}

static uint64_t leaf_bytes(uint64_t nchunks)
{
	return (nchunks + 1) / 2 * 2 * sizeof(uint32_t);
}

size_t chunk_runs_bytes(uint64_t nchunks)
{
	if (nchunks == 0)
		return 0;
	uint64_t bytes = leaf_bytes(nchunks);
	for (unsigned k = 1; nodes_of(nchunks, k - 1) > 1; k++)
		bytes += nodes_of(nchunks, k) * sizeof(struct run_node);
	return bytes;
}

void chunk_runs_init(struct chunk_runs *runs, uint64_t nchunks, void *storage)
{
	char *at = storage;

	memset(storage, ALL_ONES, chunk_runs_bytes(nchunks));
	*runs = (struct chunk_runs){ .nchunks = nchunks, .leaf = storage, .nlevels = 1 };
	at += leaf_bytes(nchunks);
	for (; nodes_of(nchunks, runs->nlevels - 1) > 1; runs->nlevels++) {
		runs->level[runs->nlevels] = (struct run_node *)(void *)at;
		at += nodes_of(nchunks, runs->nlevels) * sizeof(struct run_node);
	}
}

void chunk_runs_forget(struct chunk_runs *runs, uint64_t c, uint64_t n)
{
	uint64_t last = c + n - 1;

	if (n == 1 && runs->leaf[c] == UINT32_MAX)
		return; /* R2 */
	memset(&runs->leaf[c], ALL_ONES, n * sizeof(runs->leaf[0]));
	for (unsigned k = 1; k < runs->nlevels; k++) {
		c >>= GROUP_SHIFT;
		last >>= GROUP_SHIFT;
		memset(&runs->level[k][c], ALL_ONES, (last - c + 1) * sizeof(struct run_node));
	}
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static struct run_node node_at(const struct chunk_runs *runs, unsigned k, uint64_t node)
{
	if (k != 0)
		return runs->level[k][node];
	uint32_t leaf = runs->leaf[node];
	if (leaf == UINT32_MAX)
		return (struct run_node){ UNKNOWN, UNKNOWN, UNKNOWN };
	return (struct run_node){ leaf & LEAF_MASK, leaf >> LEAF_BITS & LEAF_MASK,
				  leaf >> 2 * LEAF_BITS };
}

/* How many bits there are below @node. */
static uint64_t span_of(const struct chunk_runs *runs, unsigned k, uint64_t node)
{
	uint64_t first = node << (GROUP_SHIFT * k);
	uint64_t end = (node + 1) << (GROUP_SHIFT * k);

	return ((end < runs->nchunks ? end : runs->nchunks) - first) * CHUNK_BITS;
}

/* @sum, of @width bits, and behind it @next, of @span. */
static struct run_node join(struct run_node sum, uint64_t width, struct run_node next,
			    uint64_t span)
{
	uint64_t middle = sum.tail + next.head;
	struct run_node both = {
		.head = sum.head == width ? width + next.head : sum.head,
		.best = sum.best > next.best ? sum.best : next.best,
		.tail = next.tail == span ? sum.tail + span : next.tail,
	};

	if (middle > both.best)
		both.best = middle;
	return both;
}

static void sum_up(struct chunk_runs *runs, unsigned k, uint64_t node)
{
	uint64_t child = node * GROUP;
	uint64_t end = child + GROUP;
	uint64_t width = span_of(runs, k - 1, child);
	struct run_node sum = node_at(runs, k - 1, child);

	if (end > nodes_of(runs->nchunks, k - 1))
		end = nodes_of(runs->nchunks, k - 1);
	while (++child < end) {
		uint64_t span = span_of(runs, k - 1, child);
		sum = join(sum, width, node_at(runs, k - 1, child), span);
		width += span;
	}
	runs->level[k][node] = sum;
}

/* ---- chunks ---------------------------------------------------------------------------------- */

/* How many ones there are in a row, at most. Each round takes one off every row. */
static uint64_t longest_in(uint64_t x)
{
	uint64_t n = 0;

	for (; x != 0; x &= x >> 1)
		n++;
	return n;
}

static struct run_node word_node(uint64_t word)
{
	if (word == UINT64_MAX)
		return (struct run_node){ BITS_PER_WORD, BITS_PER_WORD, BITS_PER_WORD };
	return (struct run_node){ bits_ctz(~word), longest_in(word),
				  BITS_PER_WORD - 1 - bits_log2(~word) };
}

/* Make the runs of chunk @c known: its byte first (R3). */
static void look(struct chunk_tree *tree, uint64_t c)
{
	struct run_node sum = { 0, 0, 0 };

	if (chunk_tree_is_stale(tree, c))
		chunk_tree_look(tree, c);
	for (uint64_t w = 0; w < CHUNK_WORDS; w++) {
		uint64_t word = bitmap_atomic_word(&tree->words[c * CHUNK_WORDS + w]);
		sum = join(sum, w * BITS_PER_WORD, word_node(word), BITS_PER_WORD);
	}
	tree->runs.leaf[c] =
		(uint32_t)(sum.head | sum.best << LEAF_BITS | sum.tail << 2 * LEAF_BITS);
}

/* The first of @n set bits in a row in chunk @c; BITMAP_NONE if bits have changed meanwhile. */
static uint64_t find_in_chunk(const struct chunk_tree *tree, uint64_t c, uint64_t n)
{
	uint64_t end = (c + 1) * CHUNK_BITS;
	uint64_t from = c * CHUNK_BITS;

	while ((from = bitmap_atomic_next_set(tree->words, from, end)) != BITMAP_NONE) {
		uint64_t clear = bitmap_atomic_next_clear(tree->words, from, end);
		if ((clear == BITMAP_NONE ? end : clear) - from >= n)
			return from;
		if (clear == BITMAP_NONE)
			return BITMAP_NONE;
		from = clear;
	}
	return BITMAP_NONE;
}

/* ---- finding --------------------------------------------------------------------------------- */

/* Where a search is, and how many set bits end there. */
struct walk {
	unsigned k;
	uint64_t node;
	uint64_t run;
};

/* To what lies behind the node. Parents that have been walked through are known now; false: LATER. */
static bool step(struct chunk_runs *runs, struct walk *at, unsigned *looks)
{
	at->node++;
	while (at->k + 1 < runs->nlevels &&
	       (at->node % GROUP == 0 || at->node == nodes_of(runs->nchunks, at->k))) {
		uint64_t parent = (at->node - 1) / GROUP;
		at->k++;
		if (runs->level[at->k][parent].best == UNKNOWN) {
			if (!chunk_tree_spend(looks, SUM_LOOKS))
				return false;
			sum_up(runs, at->k, parent);
		}
		at->node = parent + 1;
	}
	return true;
}

/*
 * The first of @n set bits in a row in chunk @c, which is known to have them. If it has not, then another
 * hart that changed it is about to say so: we do.
 */
static uint64_t find_known(struct chunk_tree *tree, uint64_t c, uint64_t n)
{
	uint64_t found = find_in_chunk(tree, c, n);

	if (found == BITMAP_NONE)
		chunk_tree_touch(tree, c * CHUNK_BITS, 1);
	return found;
}

uint64_t chunk_tree_find_run_within(struct chunk_tree *tree, uint64_t n, unsigned *looks)
{
	struct chunk_runs *runs = &tree->runs;
	struct walk at = { .k = runs->nlevels - 1 };

	while (at.node < nodes_of(runs->nchunks, at.k)) {
		struct run_node node = node_at(runs, at.k, at.node);
		uint64_t first = (at.node << (GROUP_SHIFT * at.k)) * CHUNK_BITS;
		uint64_t span = span_of(runs, at.k, at.node);

		if (node.best == UNKNOWN && at.k == 0) {
			if (!chunk_tree_spend(looks, CHUNK_RUN_LOOKS))
				return CHUNK_TREE_LATER;
			look(tree, at.node);
			continue;
		}
		if (node.best != UNKNOWN && at.run + node.head >= n)
			return first - at.run;
		if (node.best >= n && at.k != 0) { /* or not known */
			at.k--;
			at.node *= GROUP;
			continue;
		}
		if (node.best >= n) {
			uint64_t found = find_known(tree, at.node, n);
			if (found != BITMAP_NONE)
				return found;
			continue;
		}
		at.run = node.head == span ? at.run + span : node.tail;
		if (!step(runs, &at, looks))
			return CHUNK_TREE_LATER;
	}
	return BITMAP_NONE;
}

uint64_t chunk_tree_find_run(struct chunk_tree *tree, uint64_t n)
{
	uint64_t found;
	unsigned looks;

	do {
		looks = UINT_MAX;
		found = chunk_tree_find_run_within(tree, n, &looks);
	} while (unlikely(found == CHUNK_TREE_LATER));
	return found;
}
