/* SPDX-License-Identifier: MIT */
/*
 * chunk_find_run.c - the lowest run of any length and alignment, by the three lengths that
 * chunk_runs.c draws.
 *
 * A search carries along how many set bits end where it has got to:
 *
 *	- with the head of this node, is that enough? Then it begins there, and nothing lower does.
 *	- is best enough? Then it is inside: go down.
 *	- else pass over the node: what ends here now is its tail, or all of it if all is set.
 *
 * A node that is not known is walked through, child by child, and is known when that is done. So,
 * as in chunk_tree.c, a search does the work, once for each chunk that has changed.
 *
 * If the run must be aligned, 'enough' counts from the first multiple on. Across chunks the lengths
 * tell that; inside of a chunk the bits are searched. The result is not remembered, so such a
 * search does not begin anew but goes on where it was: bits below do not count, and nodes that lie
 * below are passed over.
 */
#include "mm/index/chunk_tree.h"

#include "lib/align.h"
#include "mm/index/chunk_levels.h"
#include "mm/index/chunk_runs.h"

#define LEAF_BITS 10u
#define LEAF_MASK ((1u << LEAF_BITS) - 1)
#define UNKNOWN   UINT64_MAX
#define SUM_COST  2u /* of summing up eight nodes (chunk_tree.h) */

/* ---- nodes ----------------------------------------------------------------------------------- */

static struct chunk_run_node node_at(const struct chunk_runs *runs, unsigned k, uint64_t node)
{
	if (k != 0)
		return runs->level[k][node];
	uint32_t leaf = runs->leaf[node];
	if (leaf == UINT32_MAX)
		return (struct chunk_run_node){ UNKNOWN, UNKNOWN, UNKNOWN };
	return (struct chunk_run_node){ leaf & LEAF_MASK, leaf >> LEAF_BITS & LEAF_MASK,
					leaf >> 2 * LEAF_BITS };
}

/* How many bits there are below @node. */
static uint64_t span_bits(const struct chunk_runs *runs, unsigned k, uint64_t node)
{
	uint64_t first = chunk_level_first(node, k);
	uint64_t end = chunk_level_first(node + 1, k);

	return ((end < runs->nchunks ? end : runs->nchunks) - first) * CHUNK_BITS;
}

/* @sum, of @width bits, and after it @next, of @span. */
static struct chunk_run_node join(struct chunk_run_node sum, uint64_t width,
				  struct chunk_run_node next, uint64_t span)
{
	uint64_t middle = sum.tail + next.head;
	struct chunk_run_node both = {
		.head = sum.head == width ? width + next.head : sum.head,
		.best = sum.best > next.best ? sum.best : next.best,
		.tail = next.tail == span ? sum.tail + span : next.tail,
	};

	if (middle > both.best)
		both.best = middle;
	return both;
}

/* Unless one of the children is not known. */
static void sum_children(struct chunk_runs *runs, unsigned k, uint64_t node)
{
	uint64_t child = node * CHUNK_GROUP;
	uint64_t end = child + CHUNK_GROUP;
	uint64_t width = span_bits(runs, k - 1, child);
	struct chunk_run_node sum = node_at(runs, k - 1, child);

	if (end > chunk_level_nodes(runs->nchunks, k - 1))
		end = chunk_level_nodes(runs->nchunks, k - 1);
	while (sum.best != UNKNOWN && ++child < end) {
		uint64_t span = span_bits(runs, k - 1, child);
		struct chunk_run_node next = node_at(runs, k - 1, child);
		if (next.best == UNKNOWN)
			return;
		sum = join(sum, width, next, span);
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

static struct chunk_run_node word_node(uint64_t word)
{
	if (word == UINT64_MAX)
		return (struct chunk_run_node){ BITS_PER_WORD, BITS_PER_WORD, BITS_PER_WORD };
	return (struct chunk_run_node){ bits_ctz(~word), longest_in(word),
					BITS_PER_WORD - 1 - bits_log2(~word) };
}

/* Scan chunk @c for its runs: after its byte, which must not be stale (R3). */
static void refresh_runs(struct chunk_tree *tree, uint64_t c)
{
	struct chunk_run_node sum = { 0, 0, 0 };

	if (chunk_tree_is_stale(tree, c))
		chunk_tree_refresh(tree, c);
	for (uint64_t w = 0; w < CHUNK_WORDS; w++) {
		uint64_t word = bitmap_atomic_word(&tree->words[c * CHUNK_WORDS + w]);
		sum = join(sum, w * BITS_PER_WORD, word_node(word), BITS_PER_WORD);
	}
	tree->runs.leaf[c] =
		(uint32_t)(sum.head | sum.best << LEAF_BITS | sum.tail << 2 * LEAF_BITS);
}

/* ---- in a chunk ------------------------------------------------------------------------------ */

/* The lowest bit >= @bit whose number is a multiple of what @run asks for. */
static uint64_t align_up_bit(const struct chunk_tree *tree, const struct chunk_run *run,
			     uint64_t bit)
{
	return bit + (-(tree->number * CHUNK_BITS + bit) & (run->align - 1));
}

/*
 * Bits [@first, @end) are set: where among them does @run begin? The range may be empty, or
 * negative.
 */
static uint64_t place_run(const struct chunk_tree *tree, const struct chunk_run *run,
			  uint64_t first, uint64_t end)
{
	if (end < first || end - first < run->n)
		return BITMAP_NONE;
	uint64_t at = align_up_bit(tree, run, first);
	return at <= end - run->n ? at : BITMAP_NONE;
}

/* Those bits of @word from which @n are set, that one counted. */
static uint64_t starts_in(uint64_t word, uint64_t n)
{
	if (n > BITS_PER_WORD)
		return 0;
	for (uint64_t have = 1; have < n && word != 0;) {
		uint64_t more = have < n - have ? have : n - have;
		word &= word >> more;
		have += more;
	}
	return word;
}

/* The bits of a word whose numbers are multiples of @align, if that of bit 0 is. */
static uint64_t multiples_of(uint64_t align)
{
	uint64_t mask = 1;

	for (uint64_t shift = align; shift < BITS_PER_WORD; shift *= 2)
		mask |= mask << shift;
	return mask;
}

/*
 * The lowest @run that lies in chunk @c; BITMAP_NONE also if bits have changed meanwhile. At most
 * one run a word goes over its end; the runs inside of a word are found for all its bits at a time.
 */
static uint64_t find_in_chunk(const struct chunk_tree *tree, const struct chunk_run *run,
			      uint64_t c)
{
	uint64_t first = c * CHUNK_BITS;
	uint64_t end = first + CHUNK_BITS;
	uint64_t multiples = multiples_of(run->align);
	uint64_t tail = first; /* all is set from there to the word */

	if (tail < run->from) {
		tail = run->from;
		first = align_down(tail, BITS_PER_WORD);
	}
	for (; first < end; first += BITS_PER_WORD) {
		uint64_t word = bitmap_atomic_word(&tree->words[first / BITS_PER_WORD]);
		if (first < tail) /* only the first one, if the search begins inside of it */
			word &= bitmap_from(tail);
		if (word == UINT64_MAX)
			continue;
		if (word == 0 && tail == first) {
			tail += BITS_PER_WORD;
			continue;
		}
		uint64_t found = place_run(tree, run, tail, first + bits_ctz(~word));
		if (found != BITMAP_NONE)
			return found;
		uint64_t starts = starts_in(word, run->n) & multiples;
		if (starts != 0 &&
		    is_aligned(tree->number * CHUNK_BITS + first + bits_ctz(starts), run->align))
			return first + bits_ctz(starts);
		tail = first + bits_log2(~word) + 1;
	}
	return place_run(tree, run, tail, end);
}

/* ---- finding --------------------------------------------------------------------------------- */

/* Where a search is, and how many set bits end there. */
struct walk {
	unsigned k;
	uint64_t node;
	uint64_t run;
};

/*
 * Go to the next node. Parents that have been walked through are summed up, also if that costs more
 * than the budget: the next search goes on after them, and would not sum them up.
 */
static void step(struct chunk_runs *runs, struct walk *at, unsigned *budget)
{
	at->node++;
	while (at->k + 1 < runs->nlevels && (at->node % CHUNK_GROUP == 0 ||
					     at->node == chunk_level_nodes(runs->nchunks, at->k))) {
		uint64_t parent = (at->node - 1) / CHUNK_GROUP;
		at->k++;
		if (runs->level[at->k][parent].best == UNKNOWN) {
			(void)!chunk_tree_spend(budget, SUM_COST);
			sum_children(runs, at->k, parent);
		}
		at->node = parent + 1;
	}
}

/* What a search does at a node, and what that costs. */
enum visit { PASS_OVER, GO_DOWN, GO_ON, LEARN, TRY };

static const unsigned visit_cost[] = {
	[PASS_OVER] = 0,          [GO_DOWN] = 2,          [GO_ON] = 1, /* to where the search was */
	[LEARN] = CHUNK_RUN_COST, [TRY] = CHUNK_TRY_COST,
};

static enum visit visit_for(const struct chunk_run *run, unsigned k, struct chunk_run_node node,
			    uint64_t first, uint64_t end)
{
	if (end <= run->from)
		return PASS_OVER;
	if (k != 0 && first < run->from)
		return GO_ON;
	if (node.best == UNKNOWN)
		return k == 0 ? LEARN : GO_DOWN;
	if (node.best < run->n || end - run->from < run->n)
		return PASS_OVER;
	return k == 0 ? TRY : GO_DOWN;
}

/* How many set bits end where a node of @span bits ends, at @end: of those from @from on. */
static uint64_t run_after(const struct walk *at, struct chunk_run_node node, uint64_t span,
			  uint64_t end, uint64_t from)
{
	uint64_t run = node.head == span ? at->run + span : node.tail;
	uint64_t most = end > from ? end - from : 0;

	return run < most ? run : most;
}

/*
 * Visit the node of the @span bits from @first on. What it finds is the lowest run, perhaps not
 * below @run->to.
 */
static uint64_t visit(struct chunk_tree *tree, const struct chunk_run *run, struct walk *at,
		      uint64_t first, uint64_t span, unsigned *budget)
{
	struct chunk_run_node node = node_at(&tree->runs, at->k, at->node);
	uint64_t found = BITMAP_NONE;

	if (first >= run->from && node.best != UNKNOWN)
		found = place_run(tree, run, first - at->run, first + node.head);
	if (found != BITMAP_NONE)
		return found;
	enum visit what = visit_for(run, at->k, node, first, first + span);
	if (!chunk_tree_spend(budget, visit_cost[what]))
		return CHUNK_TREE_LATER;
	if (what == LEARN) {
		refresh_runs(tree, at->node);
	} else if (what == GO_DOWN) {
		at->k--;
		at->node *= CHUNK_GROUP;
	} else if (what == GO_ON) {
		at->node = chunk_level_node(run->from / CHUNK_BITS * CHUNK_GROUP, at->k);
		at->k--;
	} else {
		if (what == TRY)
			found = find_in_chunk(tree, run, at->node);
		at->run = run_after(at, node, span, first + span, run->from);
		step(&tree->runs, at, budget);
	}
	return found;
}

uint64_t chunk_tree_find_run_bounded(struct chunk_tree *tree, struct chunk_run *run,
				     unsigned *budget)
{
	struct chunk_runs *runs = &tree->runs;
	struct walk at = { .k = runs->nlevels - 1 };

	while (at.node < chunk_level_nodes(runs->nchunks, at.k)) {
		uint64_t first = chunk_level_first(at.node, at.k) * CHUNK_BITS;
		uint64_t span = span_bits(runs, at.k, at.node);
		uint64_t begins = first - at.run;

		if (begins >= run->to)
			break;
		uint64_t found = visit(tree, run, &at, first, span, budget);
		if (found == CHUNK_TREE_LATER) {
			if (begins > run->from)
				run->from = align_up_bit(tree, run, begins);
			return found;
		}
		if (found != BITMAP_NONE)
			return found < run->to ? found : BITMAP_NONE;
	}
	return BITMAP_NONE;
}
