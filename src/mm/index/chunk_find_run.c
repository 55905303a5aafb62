/* SPDX-License-Identifier: MIT */
/*
 * chunk_find_run.c - the lowest run of any length and alignment, by three lengths for each chunk,
 * for each eight chunks, and so on (Go's page allocator keeps the same three).
 *
 *	bits of a node       ####....##.#######...##########.....#######
 *	                     |__|                 |________|     |_____|
 *	                     head 4               best 10        tail 7
 *
 * The lengths of a node follow from the lengths of its children, left to right: the tail of one
 * child and the head of the next are one run. A search carries the number of set bits that end
 * where it is:
 *
 *	- with the head of this node, is that enough? Then the run begins there; none is lower.
 *	- is best enough? Then the run is inside: go down.
 *	- else pass over the node: now its tail ends here, or all of it if all is set.
 *
 * A node whose lengths are not known is walked through, child by child; then they are known. So, as
 * in chunk_tree.c, a search does the work, once for each chunk that has changed.
 *
 * If the run must be aligned, 'enough' counts from the first multiple on. Across chunks the lengths
 * tell that; inside of a chunk the bits are searched. The result is not remembered, so such a
 * search does not begin again but goes on where it was: bits and nodes below that place do not
 * count.
 *
 * Invariants (chunk_tree_validate() checks them by these numbers):
 *   R1  lengths that are known are right.
 *   R2  above a node whose lengths are not known no lengths are known.
 *   R3  the lengths of a chunk are known only if its byte is not stale: only then a hart gives
 *       notice of a change to its bits.
 */
#include "mm/index/chunk_tree.h"

#include "lib/align.h"
#include "mm/index/chunk_tree_internal.h"

#define SUM_COST 2u /* of summing up eight nodes (chunk_tree.h) */

/* ---- nodes ----------------------------------------------------------------------------------- */

/* The first bit below @node, or the next that there is. */
static uint64_t first_bit(const struct chunk_tree *tree, unsigned k, uint64_t node)
{
	return chunk_level_chunk(tree, k, node) * CHUNK_BITS;
}

/* @sum, of @width bits, and after it @next, of @span. */
static struct chunk_runs join(struct chunk_runs sum, uint64_t width, struct chunk_runs next,
			      uint64_t span)
{
	uint64_t middle = sum.tail + next.head;
	struct chunk_runs both = {
		.head = sum.head == width ? width + next.head : sum.head,
		.best = sum.best > next.best ? sum.best : next.best,
		.tail = next.tail == span ? sum.tail + span : next.tail,
	};

	if (middle > both.best)
		both.best = middle;
	return both;
}

/* Unless one of the children is not known. */
static void sum_children(struct chunk_tree *tree, unsigned k, uint64_t node)
{
	const uint64_t first = first_bit(tree, k, node);
	const uint64_t last = first_bit(tree, k, node + 1);
	uint64_t child = chunk_level_node(tree->lead + first / CHUNK_BITS, k - 1);
	struct chunk_runs sum = { 0, 0, 0 };

	for (uint64_t at = first; at < last; child++) {
		uint64_t end = first_bit(tree, k - 1, child + 1);
		struct chunk_runs next = runs_of(tree, k - 1, child);
		if (next.best == RUNS_UNKNOWN)
			return;
		sum = join(sum, at - first, next, end - at);
		at = end;
	}
	*node_runs(tree, k, node) = sum;
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

static struct chunk_runs word_node(uint64_t word)
{
	if (word == UINT64_MAX)
		return (struct chunk_runs){ BITS_PER_WORD, BITS_PER_WORD, BITS_PER_WORD };
	return (struct chunk_runs){ bits_ctz(~word), longest_in(word),
				    BITS_PER_WORD - 1 - bits_log2(~word) };
}

/* Scan chunk @c for its runs: after its byte, which must not be stale (R3). */
static void refresh_runs(struct chunk_tree *tree, uint64_t c)
{
	struct chunk_runs sum = { 0, 0, 0 };

	if (chunk_tree_is_stale(tree, c))
		chunk_tree_refresh(tree, c);
	for (uint64_t w = 0; w < CHUNK_WORDS; w++) {
		uint64_t word = bitmap_atomic_word(&tree->words[c * CHUNK_WORDS + w]);
		sum = join(sum, w * BITS_PER_WORD, word_node(word), BITS_PER_WORD);
	}
	*leaf_runs(tree, tree->lead + c) =
		(uint32_t)(sum.head | sum.best << LEAF_RUN_BITS | sum.tail << 2 * LEAF_RUN_BITS);
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

/* Where a search is: at a node, the bits of which begin at @first, where @run set bits end. */
struct walk {
	unsigned k;
	uint64_t node;
	uint64_t first;
	uint64_t run;
};

/*
 * Go to the next node, of bits from @first on. Parents that have been walked through are summed up,
 * also if that costs more than the budget: the next search goes on after them, and would not sum
 * them up.
 */
static void step(struct chunk_tree *tree, struct walk *at, uint64_t first, unsigned *budget)
{
	at->first = first;
	at->node++;
	while (at->k + 1 < tree->nlevels &&
	       (at->node % CHUNK_GROUP == 0 || first == tree->nchunks * CHUNK_BITS)) {
		uint64_t parent = (at->node - 1) / CHUNK_GROUP;
		at->k++;
		if (runs_of(tree, at->k, parent).best == RUNS_UNKNOWN) {
			(void)!chunk_tree_spend(budget, SUM_COST);
			sum_children(tree, at->k, parent);
		}
		at->node = parent + 1;
	}
}

/* Go down to the child that has @bit, which is below the node. */
static void go_down(const struct chunk_tree *tree, struct walk *at, uint64_t bit)
{
	at->k--;
	at->node = chunk_level_node(tree->lead + bit / CHUNK_BITS, at->k);
	at->first = first_bit(tree, at->k, at->node);
}

/* What a search does at a node, and what that costs. */
enum visit { PASS_OVER, GO_DOWN, GO_ON, LEARN, TRY };

static const unsigned visit_cost[] = {
	[PASS_OVER] = 0,          [GO_DOWN] = 2,          [GO_ON] = 1, /* to where the search was */
	[LEARN] = CHUNK_RUN_COST, [TRY] = CHUNK_TRY_COST,
};

static enum visit visit_for(const struct chunk_run *run, unsigned k, struct chunk_runs node,
			    uint64_t first, uint64_t end)
{
	if (end <= run->from)
		return PASS_OVER;
	if (k != 0 && first < run->from)
		return GO_ON;
	if (node.best == RUNS_UNKNOWN)
		return k == 0 ? LEARN : GO_DOWN;
	if (node.best < run->n || end - run->from < run->n)
		return PASS_OVER;
	return k == 0 ? TRY : GO_DOWN;
}

/* How many set bits end where the node ends, at @end: of those from @from on. */
static uint64_t run_after(const struct walk *at, struct chunk_runs node, uint64_t end,
			  uint64_t from)
{
	uint64_t span = end - at->first;
	uint64_t run = node.head == span ? at->run + span : node.tail;
	uint64_t most = end > from ? end - from : 0;

	return run < most ? run : most;
}

/*
 * Visit the node, of bits up to @end. What it finds is the lowest run, perhaps not below @run->to.
 */
static uint64_t visit(struct chunk_tree *tree, const struct chunk_run *run, struct walk *at,
		      uint64_t end, unsigned *budget)
{
	struct chunk_runs node = runs_of(tree, at->k, at->node);
	uint64_t found = BITMAP_NONE;

	if (at->first >= run->from && node.best != RUNS_UNKNOWN)
		found = place_run(tree, run, at->first - at->run, at->first + node.head);
	if (found != BITMAP_NONE)
		return found;
	enum visit what = visit_for(run, at->k, node, at->first, end);
	if (!chunk_tree_spend(budget, visit_cost[what]))
		return CHUNK_TREE_LATER;
	if (what == LEARN) {
		refresh_runs(tree, at->node - tree->lead);
	} else if (what == GO_DOWN) {
		go_down(tree, at, at->first);
	} else if (what == GO_ON) {
		go_down(tree, at, run->from);
	} else {
		if (what == TRY)
			found = find_in_chunk(tree, run, at->node - tree->lead);
		at->run = run_after(at, node, end, run->from);
		step(tree, at, end, budget);
	}
	return found;
}

uint64_t chunk_tree_find_run_bounded(struct chunk_tree *tree, struct chunk_run *run,
				     unsigned *budget)
{
	const unsigned top = tree->nlevels - 1;
	struct walk at = { .k = top, .node = chunk_level_node(tree->lead, top) };
	uint64_t found = BITMAP_NONE;

	while (found == BITMAP_NONE && at.first < tree->nchunks * CHUNK_BITS) {
		uint64_t begins = at.first - at.run;

		if (begins >= run->to)
			break;
		found = visit(tree, run, &at, first_bit(tree, at.k, at.node + 1), budget);
		if (found == CHUNK_TREE_LATER) {
			if (begins > run->from)
				run->from = align_up_bit(tree, run, begins);
			return found;
		}
	}
	return found < run->to ? found : BITMAP_NONE;
}
