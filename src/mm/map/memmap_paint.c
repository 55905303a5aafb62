/* SPDX-License-Identifier: MIT */
/*
 * memmap_paint.c - a sweep over the edges of the inputs, with a tournament between those that the
 * sweep is inside of. The essay of memmap.c says what for, and how the tournament goes.
 *
 * WHY IT IS RIGHT, in the words of the contracts:
 *
 *  - Sorting keeps the edges (kept_edges): each input still begins and ends somewhere.
 *  - Who is seated has begun (begun), and its end is still to come (not_ended).
 *  - Each match was won by one of its two players (played_but), so the input that wins over all
 *    sits in a leaf (champion) and is seated.
 *  - Hence the piece up to the next edge lies inside its winner (sweep), and pieces come in order.
 *
 * That the winner is the strongest of the seated inputs is not in the contracts; the tests see
 * to it.
 */
#include "mm/map/memmap_paint_internal.h"

#define NO_INPUT UINT32_MAX

/* ---- sorting edges: heapsort, since it needs neither recursion nor room ---------------------- */

/*@
	predicate is_edge(struct memmap_edge *edge, integer i, integer at, integer owner,
			  integer begins) =
		edge[i].at == at && edge[i].owner == owner && edge[i].begins == begins;
	predicate has_edge(struct memmap_edge *edge, integer count, integer at, integer owner,
			   integer begins) =
		\exists integer i; 0 <= i < count && is_edge(edge, i, at, owner, begins);

	// What was there is there still, and nothing else is.
	predicate kept_edges{L1, L2}(struct memmap_edge *edge, integer count) =
		\forall integer n, at, owner, begins; n >= count ==>
			\at(has_edge(edge, n, at, owner, begins), L1) ==>
			\at(has_edge(edge, n, at, owner, begins), L2);

	predicate all_below(struct memmap_edge *edge, integer count, integer limit) =
		\forall integer i; 0 <= i < count ==> edge[i].at <= limit;
	predicate kept_below{L1, L2}(struct memmap_edge *edge, integer count) =
		\forall integer limit; \at(all_below(edge, count, limit), L1) ==>
			\at(all_below(edge, count, limit), L2);

	// No parent from @from on, @hole left out, is below a child of it.
	predicate is_child(integer p, integer c) = c == 2 * p + 1 || c == 2 * p + 2;
	predicate heap_but(struct memmap_edge *edge, integer from, integer hole, integer count) =
		\forall integer p, c; from <= p && p != hole && c < count && is_child(p, c) ==>
			edge[c].at <= edge[p].at;
	predicate heap(struct memmap_edge *edge, integer from, integer count) =
		\forall integer p, c; from <= p && c < count && is_child(p, c) ==>
			edge[c].at <= edge[p].at;
	// Nor is the parent of @hole below a child of @hole.
	predicate heap_around(struct memmap_edge *edge, integer from, integer hole, integer count) =
		\forall integer p, c; from <= p && is_child(p, hole) && c < count &&
			is_child(hole, c) ==> edge[c].at <= edge[p].at;

	predicate sorted_edges(struct memmap_edge *edge, integer from, integer count) =
		\forall integer i, j; from <= i < j < count ==> edge[i].at <= edge[j].at;
*/

/*@
	requires \valid(edge + a) && \valid(edge + b) && a < count && b < count;
	assigns edge[a].at, edge[a].owner, edge[a].begins;
	assigns edge[b].at, edge[b].owner, edge[b].begins;
	ensures edge[a].at == \old(edge[b].at) && edge[b].at == \old(edge[a].at);
	ensures \forall integer i; i != a && i != b ==> edge[i].at == \old(edge[i].at);
	ensures kept_edges{Pre, Post}(edge, count);
	ensures kept_edges{Post, Pre}(edge, count);
	ensures kept_below{Pre, Post}(edge, count);
*/
static void swap_edges(struct memmap_edge *edge, uint32_t a, uint32_t b, uint32_t count)
{
	acre_paddr_t at = edge[a].at;
	uint32_t owner = edge[a].owner;
	bool begins = edge[a].begins;

	(void)count; /* the contract needs it */
	edge[a].at = edge[b].at;
	edge[a].owner = edge[b].owner;
	edge[a].begins = edge[b].begins;
	edge[b].at = at;
	edge[b].owner = owner;
	edge[b].begins = begins;
	/*@ assert \forall integer i, x, o, y; i != a && i != b ==>
		(is_edge(edge, i, x, o, y) <==> \at(is_edge(edge, i, x, o, y), Pre)); */
	/*@ assert \forall integer x, o, y; is_edge(edge, a, x, o, y) <==>
		\at(is_edge(edge, b, x, o, y), Pre); */
	/*@ assert \forall integer x, o, y; is_edge(edge, b, x, o, y) <==>
		\at(is_edge(edge, a, x, o, y), Pre); */
}

/* The greater of the children of edge[at]; there is one. */
/*@
	requires 2 * at + 1 < count <= 2 * MEMMAP_MAX_INPUTS && \valid(edge + (0 .. count - 1));
	assigns \nothing;
	ensures is_child(at, \result) && \result < count;
	ensures \forall integer c; is_child(at, c) && c < count ==>
		edge[c].at <= edge[\result].at;
*/
static uint32_t greater_child(const struct memmap_edge *edge, uint32_t at, uint32_t count)
{
	uint32_t child = 2 * at + 1;

	return child + 1 < count && edge[child].at < edge[child + 1].at ? child + 1 : child;
}

/* Make a max-heap of edge[root .. count), which is one but for edge[root]. */
/*@
	requires \valid(edge + (0 .. count - 1)) && count <= 2 * MEMMAP_MAX_INPUTS;
	requires root < count && heap(edge, root + 1, count);
	assigns edge[0 .. count - 1];
	ensures heap(edge, root, count);
	ensures kept_edges{Pre, Post}(edge, count);
	ensures kept_edges{Post, Pre}(edge, count);
	ensures kept_below{Pre, Post}(edge, count);
*/
static void sift_down(struct memmap_edge *edge, uint32_t root, uint32_t count)
{
	uint32_t at = root;

	/*@
		loop invariant root <= at < count;
		loop invariant heap_but(edge, root, at, count);
		loop invariant heap_around(edge, root, at, count);
		loop invariant kept_edges{Pre, Here}(edge, count);
		loop invariant kept_edges{Here, Pre}(edge, count);
		loop invariant kept_below{Pre, Here}(edge, count);
		loop assigns at, edge[0 .. count - 1];
		loop variant count - at;
	*/
	while (2 * at + 1 < count) {
		uint32_t child = greater_child(edge, at, count);
		if (edge[child].at <= edge[at].at)
			break;
		swap_edges(edge, at, child, count);
		at = child;
	}
}

/*@
	requires \valid(edge + (0 .. count - 1)) && count <= 2 * MEMMAP_MAX_INPUTS;
	assigns edge[0 .. count - 1];
	ensures sorted_edges(edge, 0, count);
	ensures kept_edges{Pre, Post}(edge, count);
	ensures kept_edges{Post, Pre}(edge, count);
*/
static void heapsort(struct memmap_edge *edge, uint32_t count)
{
	/*@
		loop invariant 0 <= i <= count / 2;
		loop invariant heap(edge, i, count);
		loop invariant kept_edges{Pre, Here}(edge, count);
		loop invariant kept_edges{Here, Pre}(edge, count);
		loop assigns i, edge[0 .. count - 1];
		loop variant i;
	*/
	for (uint32_t i = count / 2; i > 0; i--)
		sift_down(edge, i - 1, count);
	/*@
		loop invariant 0 <= last <= count && (last == 0 ==> count == 0);
		loop invariant heap(edge, 0, last);
		loop invariant sorted_edges(edge, last, count);
		loop invariant \forall integer i, j; 0 <= i < last <= j < count ==>
			edge[i].at <= edge[j].at;
		loop invariant kept_edges{Pre, Here}(edge, count);
		loop invariant kept_edges{Here, Pre}(edge, count);
		loop assigns last, edge[0 .. count - 1];
		loop variant last;
	*/
	for (uint32_t last = count; last > 1; last--) {
		/* The first of a heap is the greatest. */
		/*@ ghost
			/@
				loop invariant 1 <= k <= last;
				loop invariant \forall integer i; 0 <= i < k ==>
					edge[i].at <= edge[0].at;
				loop assigns k;
				loop variant last - k;
			@/
			for (uint32_t k = 1; k < last; k++)
				/@ assert is_child((k - 1) / 2, k) &&
					edge[k].at <= edge[(k - 1) / 2].at; @/;
		*/
		swap_edges(edge, 0, last - 1, last);
		/*@ assert all_below(edge, last - 1, edge[last - 1].at); */
		sift_down(edge, 0, last - 1);
	}
}

/*@
	// Each edge is one of an input, and says where that is.
	predicate true_edges(struct memmap_edge *edge, integer nedges, struct memmap_region *input,
			     integer count) =
		\forall integer k; 0 <= k < nedges ==> edge[k].owner < count &&
			edge[k].at == (edge[k].begins ? input[edge[k].owner].range.start :
							input[edge[k].owner].range.end);
	predicate same_inputs{L1, L2}(struct memmap_region *input, integer count) =
		\forall integer i; 0 <= i < count ==>
			\at(input[i].range.start, L1) == \at(input[i].range.start, L2) &&
			\at(input[i].range.end, L1) == \at(input[i].range.end, L2);

	// The end of each input is among the edges; ends_from: at or after edge @from.
	predicate ends_from(struct memmap_edge *edge, integer from, integer nedges, integer owner) =
		\exists integer k; from <= k < nedges && edge[k].owner == owner && !edge[k].begins;
	predicate all_end(struct memmap_edge *edge, integer nedges, integer count) =
		\forall integer i; 0 <= i < count ==> ends_from(edge, 0, nedges, i);
	predicate all_listed(struct memmap_edge *edge, integer nedges, struct memmap_region *input,
			     integer count) =
		\forall integer i; 0 <= i < count ==>
			has_edge(edge, nedges, input[i].range.end, i, 0);
	predicate all_named(struct memmap_edge *edge, integer nedges) =
		\forall integer k; 0 <= k < nedges ==>
			has_edge(edge, nedges, edge[k].at, edge[k].owner, edge[k].begins);
*/

/* The two edges of input @i. */
/*@
	requires \valid(edge + (0 .. 2 * i + 1)) && \valid_read(input + i);
	requires i < MEMMAP_MAX_INPUTS;
	assigns edge[2 * i].at, edge[2 * i].owner, edge[2 * i].begins;
	assigns edge[2 * i + 1].at, edge[2 * i + 1].owner, edge[2 * i + 1].begins;
	ensures is_edge(edge, 2 * i, \old(input[i].range.start), i, 1);
	ensures is_edge(edge, 2 * i + 1, \old(input[i].range.end), i, 0);
	ensures \forall integer k; 0 <= k < 2 * i ==> edge[k].at == \old(edge[k].at) &&
		edge[k].owner == \old(edge[k].owner) && edge[k].begins == \old(edge[k].begins);
*/
static void set_edges(struct memmap_edge *edge, const struct memmap_region *input, uint32_t i)
{
	const uint32_t first = 2 * i;
	struct memmap_edge *begin = &edge[first];
	struct memmap_edge *end = &edge[first + 1];
	struct acre_range range = input[i].range;

	begin->at = range.start;
	begin->owner = i;
	begin->begins = true;
	end->at = range.end;
	end->owner = i;
	end->begins = false;
}

/* Two edges for each of @count inputs, in no order. */
/*@
	requires \valid(edge + (0 .. 2 * count - 1)) && \valid_read(input + (0 .. count - 1));
	requires \separated(edge + (0 .. 2 * count - 1), input + (0 .. count - 1));
	requires count <= MEMMAP_MAX_INPUTS;
	assigns edge[0 .. 2 * count - 1];
	ensures true_edges(edge, 2 * count, input, count);
	ensures all_listed(edge, 2 * count, input, count);
*/
static void collect_edges(struct memmap_edge *edge, const struct memmap_region *input,
			  uint32_t count)
{
	/*@
		loop invariant 0 <= i <= count;
		loop invariant same_inputs{Pre, Here}(input, count);
		loop invariant \forall integer k; 0 <= k < 2 * i && k % 2 == 0 ==>
			edge[k].owner == k / 2 && edge[k].begins == 1;
		loop invariant \forall integer k; 0 <= k < 2 * i && k % 2 == 1 ==>
			edge[k].owner == k / 2 && edge[k].begins == 0;
		loop invariant \forall integer k; 0 <= k < 2 * i && k % 2 == 0 ==>
			edge[k].at == input[k / 2].range.start;
		loop invariant \forall integer k; 0 <= k < 2 * i && k % 2 == 1 ==>
			edge[k].at == input[k / 2].range.end;
		loop assigns i, edge[0 .. 2 * count - 1];
		loop variant count - i;
	*/
	for (uint32_t i = 0; i < count; i++)
		set_edges(edge, input, i);
	/*@ assert \forall integer j; 0 <= j < count ==>
		is_edge(edge, 2 * j + 1, input[j].range.end, j, 0); */
	/*@ assert all_listed(edge, 2 * count, input, count); */
}

/*@
	requires \valid(edge + (0 .. 2 * count - 1)) && \valid_read(input + (0 .. count - 1));
	requires \separated(edge + (0 .. 2 * count - 1), input + (0 .. count - 1));
	requires count <= MEMMAP_MAX_INPUTS;
	requires true_edges(edge, 2 * count, input, count);
	requires all_listed(edge, 2 * count, input, count);
	assigns edge[0 .. 2 * count - 1];
	ensures sorted_edges(edge, 0, 2 * count);
	ensures true_edges(edge, 2 * count, input, count);
	ensures all_end(edge, 2 * count, count);
*/
static void sort_edges(struct memmap_edge *edge, const struct memmap_region *input, uint32_t count)
{
	(void)input;
	heapsort(edge, 2 * count);
	/*@ assert same_inputs{Pre, Here}(input, count); */
	/*@ assert all_listed(edge, 2 * count, input, count); */
	/*@ assert \forall integer k;
		is_edge(edge, k, edge[k].at, edge[k].owner, edge[k].begins); */
	/*@ assert all_named(edge, 2 * count); */
	/*@ assert \forall integer i; 0 <= i < count ==>
		has_edge(edge, 2 * count, input[i].range.end, i, 0) ==>
		ends_from(edge, 0, 2 * count, i); */
	/*@ assert \forall integer k, n; 0 <= k < n && n == 2 * count ==> \at(
		has_edge(edge, n, \at(edge[k].at, Here), \at(edge[k].owner, Here),
			 \at(edge[k].begins, Here)), Pre); */
}

/* ---- the tournament -------------------------------------------------------------------------- */

/*@
	// @who is an input, or NO_INPUT.
	predicate is_entrant(integer who, integer count) = who == NO_INPUT || who < count;

	// Leaf @i is for input @i only.
	predicate good_seats(uint32_t *winner, integer count) =
		\forall integer k; count <= k < 2 * count ==>
			(winner[k] == NO_INPUT || winner[k] == k - count);
	predicate all_entrants(uint32_t *winner, integer count) =
		\forall integer k; 1 <= k < 2 * count ==> is_entrant(winner[k], count);
	// Each match but one was won by one of the two who played it.
	predicate played_but(uint32_t *winner, integer count, integer match) =
		\forall integer k; 1 <= k < count && k != match ==>
			(winner[k] == winner[2 * k] || winner[k] == winner[2 * k + 1]);
	predicate good_tournament(uint32_t *winner, integer count) =
		good_seats(winner, count) && all_entrants(winner, count) &&
		played_but(winner, count, 0);
	predicate is_seated(uint32_t *winner, integer count, integer i) =
		winner[count + i] == i;
*/

/*@
	requires a == NO_INPUT || \valid_read(input + a);
	requires b == NO_INPUT || \valid_read(input + b);
	assigns \nothing;
	exits \false;
	ensures \result == a || \result == b;
	ensures \result == NO_INPUT ==> a == NO_INPUT && b == NO_INPUT;
*/
static uint32_t stronger(const struct memmap_region *input, uint32_t a, uint32_t b)
{
	if (a == NO_INPUT || b == NO_INPUT)
		return a == NO_INPUT ? b : a;
	if (input[a].kind != input[b].kind)
		return input[a].kind > input[b].kind ? a : b;
	return a < b ? a : b;
}

/* Seat @entrant (input @i, or NO_INPUT for its seat left empty) and replay its path to the top. */
/*@
	requires \valid(winner + (0 .. 2 * count - 1)) && \valid_read(input + (0 .. count - 1));
	requires \separated(winner + (0 .. 2 * count - 1), input + (0 .. count - 1));
	requires i < count <= MEMMAP_MAX_INPUTS && (entrant == NO_INPUT || entrant == i);
	requires good_tournament(winner, count);
	assigns winner[0 .. 2 * count - 1];
	exits \false;
	ensures good_tournament(winner, count);
	ensures winner[count + i] == entrant;
	ensures \forall integer k; count <= k < 2 * count && k != count + i ==>
		winner[k] == \old(winner[k]);
*/
static void seat(uint32_t *winner, const struct memmap_region *input, uint32_t count, uint32_t i,
		 uint32_t entrant)
{
	uint32_t at = count + i;

	winner[at] = entrant;
	/*@
		loop invariant 1 <= at < 2 * count;
		loop invariant good_seats(winner, count) && all_entrants(winner, count);
		loop invariant played_but(winner, count, at / 2);
		loop invariant winner[count + i] == entrant;
		loop invariant \forall integer k; count <= k < 2 * count && k != count + i ==>
			winner[k] == \at(winner[k], Pre);
		loop assigns at, winner[0 .. 2 * count - 1];
		loop variant at;
	*/
	while (at > 1) {
		uint32_t match = at / 2;
		uint32_t left = winner[(size_t)2 * match];
		uint32_t right = winner[(size_t)2 * match + 1];
		winner[match] = stronger(input, left, right);
		at = match;
	}
}

/* The input that won over all, NO_INPUT if no input plays. */
/*@
	requires \valid_read(winner + (0 .. 2 * count - 1)) && 0 < count <= MEMMAP_MAX_INPUTS;
	requires good_tournament(winner, count);
	assigns \nothing;
	exits \false;
	ensures \result == winner[1];
	ensures \result == NO_INPUT || (\result < count && winner[count + \result] == \result);
*/
static uint32_t champion(const uint32_t *winner, uint32_t count)
{
	(void)count; /* the contract needs it */
	/* The winner of a match sits in a leaf: from the last node down to the first. */
	/*@ ghost
		/@
			loop invariant 0 <= k < 2 * count;
			loop invariant \forall integer j; k < j < 2 * count ==>
				winner[j] == NO_INPUT || winner[count + winner[j]] == winner[j];
			loop assigns k;
			loop variant k;
		@/
		for (uint32_t k = 2 * count - 1; k > 0; k--)
			/@ assert k < count ==> winner[k] == winner[2 * k] ||
					winner[k] == winner[2 * k + 1]; @/
			/@ assert k >= count ==>
				winner[k] == NO_INPUT || count + winner[k] == k; @/;
	*/
	return winner[1];
}

/* ---- painting -------------------------------------------------------------------------------- */

/*@
	predicate same_list{L1, L2}(struct memmap_edge *edge, integer nedges) =
		\forall integer k; 0 <= k < nedges ==>
			\at(edge[k].at, L1) == \at(edge[k].at, L2) &&
			\at(edge[k].owner, L1) == \at(edge[k].owner, L2) &&
			\at(edge[k].begins, L1) == \at(edge[k].begins, L2);

	predicate same_ends{L1, L2}(struct memmap_edge *edge, integer nedges) =
		\forall integer from, n, owner; 0 <= from && n <= nedges ==>
			(\at(ends_from(edge, from, n, owner), L1) <==>
			 \at(ends_from(edge, from, n, owner), L2));
	predicate same_winners{L1, L2}(uint32_t *winner, integer count) =
		\forall integer k; 1 <= k < 2 * count ==>
			\at(winner[k], L1) == \at(winner[k], L2);

	// Who is seated began at @here at the latest, and does not end before edge @next.
	predicate begun(uint32_t *winner, struct memmap_region *input, integer count,
		integer here) =
		\forall integer k; count <= k < 2 * count && winner[k] != NO_INPUT ==>
			input[winner[k]].range.start <= here;
	predicate not_ended(struct memmap_edge *edge, uint32_t *winner, integer count,
			    integer next) =
		\forall integer k; count <= k < 2 * count && winner[k] != NO_INPUT ==>
			ends_from(edge, next, 2 * count, winner[k]);
*/

/* Apply edge @first and all others at its address. Result: the first one after it. */
/*@
	requires \valid(scratch) && \valid_read(input + (0 .. count - 1));
	requires \separated(scratch, input + (0 .. count - 1));
	requires first < 2 * count <= 2 * MEMMAP_MAX_INPUTS && good_inputs(input, count);
	requires sorted_edges(&scratch->edge[0], 0, 2 * count);
	requires true_edges(&scratch->edge[0], 2 * count, input, count);
	requires all_end(&scratch->edge[0], 2 * count, count);
	requires good_tournament(&scratch->winner[0], count);
	requires begun(&scratch->winner[0], input, count, scratch->edge[first].at);
	requires not_ended(&scratch->edge[0], &scratch->winner[0], count, first);
	assigns scratch->winner[0 .. 2 * count - 1];
	ensures first < \result <= 2 * count;
	exits \false;
	ensures \forall integer n; n <= 2 * count &&
		\at(good_pieces(&scratch->piece[0], n, input, count), Pre) ==>
		good_pieces(&scratch->piece[0], n, input, count);
	ensures same_pieces{Pre, Post}(&scratch->piece[0], 2 * count);
	ensures same_list{Pre, Post}(&scratch->edge[0], 2 * count);
	ensures same_ends{Pre, Post}(&scratch->edge[0], 2 * count);
	ensures \result < 2 * count ==> scratch->edge[first].at < scratch->edge[\result].at;
	ensures sorted_edges(&scratch->edge[0], 0, 2 * count);
	ensures true_edges(&scratch->edge[0], 2 * count, input, count);
	ensures all_end(&scratch->edge[0], 2 * count, count);
	ensures good_tournament(&scratch->winner[0], count);
	ensures begun(&scratch->winner[0], input, count, scratch->edge[first].at);
	ensures not_ended(&scratch->edge[0], &scratch->winner[0], count, \result);
*/
static uint32_t apply_edges(struct memmap_scratch *scratch, const struct memmap_region *input,
			    uint32_t count, uint32_t first)
{
	const struct memmap_edge *edge = scratch->edge;
	uint32_t next = first;

	/*@
		loop invariant first <= next <= 2 * count;
		loop invariant same_pieces{Pre, Here}(&scratch->piece[0], 2 * count);
		loop invariant \forall integer k; first <= k < next ==>
			edge[k].at == edge[first].at;
		loop invariant same_list{Pre, Here}(&scratch->edge[0], 2 * count);
		loop invariant same_ends{Pre, Here}(&scratch->edge[0], 2 * count);
		loop invariant sorted_edges(&scratch->edge[0], 0, 2 * count);
		loop invariant true_edges(&scratch->edge[0], 2 * count, input, count);
		loop invariant all_end(&scratch->edge[0], 2 * count, count);
		loop invariant good_tournament(&scratch->winner[0], count);
		loop invariant begun(&scratch->winner[0], input, count, edge[first].at);
		loop invariant not_ended(&scratch->edge[0], &scratch->winner[0], count, next);
		loop assigns next, scratch->winner[0 .. 2 * count - 1];
		loop variant 2 * count - next;
	*/
	for (; next < 2 * count && edge[next].at == edge[first].at; next++) {
		uint32_t owner = edge[next].owner;
		/*@ assert ends_from(&scratch->edge[0], 0, 2 * count, owner); */
		/*@ assert edge[next].begins ==>
			ends_from(&scratch->edge[0], next + 1, 2 * count, owner); */
		/*@ assert \forall integer k; count <= k < 2 * count && k != count + owner &&
			scratch->winner[k] != NO_INPUT ==>
			ends_from(&scratch->edge[0], next + 1, 2 * count, scratch->winner[k]); */
		seat(scratch->winner, input, count, owner, edge[next].begins ? owner : NO_INPUT);
	}
	return next;
}

/* Set piece[npieces] to @range, which @owner has won. */
/*@
	requires \valid(scratch) && \valid_read(input + (0 .. count - 1));
	requires \separated(scratch, input + (0 .. count - 1));
	requires owner < count <= MEMMAP_MAX_INPUTS && npieces < 2 * count;
	requires input[owner].range.start <= range.start < range.end <= input[owner].range.end;
	requires sorted_edges(&scratch->edge[0], 0, 2 * count);
	requires true_edges(&scratch->edge[0], 2 * count, input, count);
	requires all_end(&scratch->edge[0], 2 * count, count);
	requires good_tournament(&scratch->winner[0], count);
	requires good_pieces(&scratch->piece[0], npieces, input, count);
	requires good_inputs(input, count);
	requires \forall integer p; 0 <= p < npieces ==> scratch->piece[p].range.end <= range.start;
	assigns scratch->piece[0 .. 2 * count - 1];
	exits \false;
	ensures good_pieces(&scratch->piece[0], npieces + 1, input, count);
	ensures \forall integer p; 0 <= p < npieces + 1 ==>
		scratch->piece[p].range.end <= range.end;
	ensures good_inputs(input, count);
	ensures same_inputs{Pre, Post}(input, count);
	ensures same_list{Pre, Post}(&scratch->edge[0], 2 * count);
	ensures same_ends{Pre, Post}(&scratch->edge[0], 2 * count);
	ensures same_winners{Pre, Post}(&scratch->winner[0], count);
	ensures sorted_edges(&scratch->edge[0], 0, 2 * count);
	ensures true_edges(&scratch->edge[0], 2 * count, input, count);
	ensures all_end(&scratch->edge[0], 2 * count, count);
	ensures good_tournament(&scratch->winner[0], count);
	ensures \forall integer here; \at(begun(&scratch->winner[0], input, count, here), Pre) ==>
		begun(&scratch->winner[0], input, count, here);
	ensures \forall integer next; 0 <= next &&
		\at(not_ended(&scratch->edge[0], &scratch->winner[0], count, next), Pre) ==>
		not_ended(&scratch->edge[0], &scratch->winner[0], count, next);
*/
static void set_piece(struct memmap_scratch *scratch, const struct memmap_region *input,
		      uint32_t count, uint32_t npieces, struct acre_range range, uint32_t owner)
{
	struct memmap_piece *piece = &scratch->piece[npieces];

	(void)input;
	(void)count;
	piece->range.start = range.start;
	piece->range.end = range.end;
	piece->owner = owner;
	/*@ assert same_pieces{Pre, Here}(&scratch->piece[0], npieces); */
	/*@ assert same_inputs{Pre, Here}(input, count); */
	/*@ assert \forall integer k; count <= k < 2 * count ==>
		scratch->winner[k] == NO_INPUT || scratch->winner[k] == k - count; */
	/*@ assert same_ends{Pre, Here}(&scratch->edge[0], 2 * count); */
	/*@ assert \forall integer k; count <= k < 2 * count && scratch->winner[k] != NO_INPUT ==>
		input[scratch->winner[k]].range.start ==
		\at(input[scratch->winner[k]].range.start, Pre); */
}

/*
 * Between two neighbouring edge addresses nothing begins or ends, so one winner holds for all of
 * it. All edges of one address are applied before the winner is asked, so their order is no matter.
 */
/*@
	requires \valid(scratch) && \valid_read(input + (0 .. count - 1));
	requires \separated(scratch, input + (0 .. count - 1));
	requires 0 < count <= MEMMAP_MAX_INPUTS && good_inputs(input, count);
	requires sorted_edges(&scratch->edge[0], 0, 2 * count);
	requires true_edges(&scratch->edge[0], 2 * count, input, count);
	requires all_end(&scratch->edge[0], 2 * count, count);
	requires good_tournament(&scratch->winner[0], count);
	requires \forall integer k; 1 <= k < 2 * count ==> scratch->winner[k] == NO_INPUT;
	assigns scratch->winner[0 .. 2 * count - 1], scratch->piece[0 .. 2 * count - 1];
	ensures \result <= 2 * count - 1;
	ensures good_pieces(&scratch->piece[0], \result, input, count);
*/
static uint32_t sweep(struct memmap_scratch *scratch, const struct memmap_region *input,
		      uint32_t count)
{
	uint32_t npieces = 0;
	uint32_t next = 0;
	acre_paddr_t from = 0;

	/*@
		loop invariant 0 <= next <= 2 * count;
		loop invariant npieces == 0 || npieces < next;
		loop invariant next == 0 ==>
			npieces == 0 && from == 0 && scratch->winner[1] == NO_INPUT;
		loop invariant 0 < next < 2 * count ==> from < scratch->edge[next].at;
		loop invariant same_inputs{Pre, Here}(input, count);
		loop invariant good_inputs(input, count);
		loop invariant sorted_edges(&scratch->edge[0], 0, 2 * count);
		loop invariant true_edges(&scratch->edge[0], 2 * count, input, count);
		loop invariant all_end(&scratch->edge[0], 2 * count, count);
		loop invariant good_tournament(&scratch->winner[0], count);
		loop invariant begun(&scratch->winner[0], input, count, from);
		loop invariant not_ended(&scratch->edge[0], &scratch->winner[0], count, next);
		loop invariant good_pieces(&scratch->piece[0], npieces, input, count);
		loop invariant \forall integer p; 0 <= p < npieces ==>
			scratch->piece[p].range.end <= from;
		loop assigns npieces, next, from, scratch->winner[0 .. 2 * count - 1],
			scratch->piece[0 .. 2 * count - 1];
		loop variant 2 * count - next;
	*/
	while (next < 2 * count) {
		uint32_t owner = champion(scratch->winner, count);
		acre_paddr_t to = scratch->edge[next].at;
		/*@ assert begun(&scratch->winner[0], input, count, to); */
		/*@ assert npieces < 2 * count; */
		if (owner != NO_INPUT) {
			/*@ assert ends_from(&scratch->edge[0], next, 2 * count, owner); */
			/*@ assert input[owner].range.start <= from &&
				to <= input[owner].range.end; */
			set_piece(scratch, input, count, npieces, (struct acre_range){ from, to },
				  owner);
			npieces++;
		}
		next = apply_edges(scratch, input, count, next);
		from = to;
	}
	return npieces;
}

uint32_t memmap_paint(struct memmap_scratch *scratch, const struct memmap_region *input,
		      uint32_t count)
{
	/*@
		loop invariant 0 <= k <= 2 * count;
		loop invariant \forall integer j; 0 <= j < k ==> scratch->winner[j] == NO_INPUT;
		loop assigns k, scratch->winner[0 .. 2 * count - 1];
		loop variant 2 * count - k;
	*/
	for (uint32_t k = 0; k < 2 * count; k++)
		scratch->winner[k] = NO_INPUT;
	collect_edges(scratch->edge, input, count);
	sort_edges(scratch->edge, input, count);
	return count > 0 ? sweep(scratch, input, count) : 0;
}
