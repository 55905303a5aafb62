/* SPDX-License-Identifier: MIT */
/*
 * memmap_paint.c - a sweep over the edges of the inputs, with a tournament between the inputs that
 * the sweep is inside of. The essay of memmap.c says what for, and how the tournament goes.
 *
 * WHY IT IS RIGHT, in the words of the contracts:
 *
 *  - Sorting keeps the edges (kept_edges): each input still begins and ends somewhere.
 *  - Who is seated has begun (begun), and its end is still to come (not_ended).
 *  - Each match was won by one of its two players (played_but), so the input that wins over all
 *    sits in a leaf (champion) and is seated.
 *  - So the piece up to the next edge lies inside its winner (sweep), and pieces come in order.
 *
 * That the winner is the strongest of the seated inputs is not in the contracts; the tests see
 * to it.
 */
#include "mm/map/memmap_paint_contracts.h"
#include "mm/map/memmap_paint_internal.h"

/* ---- sorting edges: heapsort, since it needs neither recursion nor room ---------------------- */

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
	//@ assert swapped{Pre, Here}(edge, a, b);
}

/* The greater of the children of edge[at]; there is one. */
static uint32_t greater_child(const struct memmap_edge *edge, uint32_t at, uint32_t count)
{
	uint32_t child = 2 * at + 1;

	return child + 1 < count && edge[child].at < edge[child + 1].at ? child + 1 : child;
}

/* Make a max-heap of edge[root .. count), which is one except for edge[root]. */
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
		loop invariant parted(edge, last, count);
		loop invariant kept_edges{Pre, Here}(edge, count);
		loop invariant kept_edges{Here, Pre}(edge, count);
		loop assigns last, edge[0 .. count - 1];
		loop variant last;
	*/
	for (uint32_t last = count; last > 1; last--) {
		/* The first of a heap is the greatest. */
		//@ ghost first_is_greatest(edge, last);
		swap_edges(edge, 0, last - 1, last);
		//@ assert all_below(edge, last - 1, edge[last - 1].at);
		sift_down(edge, 0, last - 1);
	}
}

/* The two edges of input @i. */
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
static void collect_edges(struct memmap_edge *edge, const struct memmap_region *input,
			  uint32_t count)
{
	/*@
		loop invariant 0 <= i <= count;
		loop invariant true_edges(edge, 2 * i, input, count);
		loop invariant ends_set(edge, input, i);
		loop assigns i, edge[0 .. 2 * count - 1];
		loop variant count - i;
	*/
	for (uint32_t i = 0; i < count; i++)
		set_edges(edge, input, i);
}

static void sort_edges(struct memmap_edge *edge, const struct memmap_region *input, uint32_t count)
{
	(void)input; /* the contract needs it */
	heapsort(edge, 2 * count);
	//@ ghost edges_are_named(edge, 2 * count);
	//@ assert named_before{Pre, Here}(edge, 2 * count);
}

/* ---- the tournament -------------------------------------------------------------------------- */

static uint32_t stronger(const struct memmap_region *input, uint32_t a, uint32_t b)
{
	if (a == NO_INPUT || b == NO_INPUT)
		return a == NO_INPUT ? b : a;
	if (input[a].kind != input[b].kind)
		return input[a].kind > input[b].kind ? a : b;
	return a < b ? a : b;
}

/* Seat @entrant (input @i, or NO_INPUT for its seat left empty) and replay its path to the top. */
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
static uint32_t champion(const uint32_t *winner, uint32_t count)
{
	(void)count; /* the contract needs it */
	//@ ghost winners_are_seated(winner, count);
	return winner[1];
}

/* ---- painting -------------------------------------------------------------------------------- */

/* Apply edge @first and all others at its address. Result: the first one after it. */
static uint32_t apply_edges(const struct memmap_edge *edge, uint32_t *winner,
			    const struct memmap_region *input, uint32_t count, uint32_t first)
{
	uint32_t next = first;

	/*@
		loop invariant first <= next <= 2 * count && all_at(edge, first, next);
		loop invariant good_edges(edge, input, count);
		loop invariant good_tournament(winner, count);
		loop invariant begun(winner, input, count, edge[first].at);
		loop invariant not_ended(edge, winner, count, next);
		loop assigns next, winner[0 .. 2 * count - 1];
		loop variant 2 * count - next;
	*/
	for (; next < 2 * count && edge[next].at == edge[first].at; next++) {
		uint32_t owner = edge[next].owner;
		seat(winner, input, count, owner, edge[next].begins ? owner : NO_INPUT);
	}
	return next;
}

/* Add the piece @range, if an input has won it. Result: how many pieces there are now. */
static uint32_t append_piece(struct memmap_piece *piece, uint32_t npieces, struct acre_range range,
			     uint32_t owner) /*@ ghost (const uint32_t *winner,
	const struct memmap_region *input, uint32_t count) */
{
	if (owner == NO_INPUT)
		return npieces;
	piece[npieces].range.start = range.start;
	piece[npieces].range.end = range.end;
	piece[npieces].owner = owner;
	return npieces + 1;
}

/*
 * Between two neighbouring edge addresses nothing begins or ends, so one winner holds for all of
 * it. All edges of one address are applied before the winner is asked, so their order is no matter.
 */
static uint32_t sweep(const struct memmap_edge *edge, struct memmap_piece *piece, uint32_t *winner,
		      const struct memmap_region *input, uint32_t count)
{
	uint32_t npieces = 0;
	uint32_t next = 0;
	acre_paddr_t from = 0;

	/*@
		loop invariant from_before(edge, winner, count, npieces, next, from);
		loop invariant same_inputs{Pre, Here}(input, count);
		loop invariant same_edges{Pre, Here}(edge, 2 * count);
		loop invariant good_sweep(edge, winner, input, count, from, next);
		loop invariant good_pieces(piece, npieces, input, count);
		loop invariant pieces_end_by(piece, npieces, from);
		loop assigns npieces, next, from, piece[0 .. 2 * count - 1], winner[0 .. 2 * count - 1];
		loop variant 2 * count - next;
	*/
	while (next < 2 * count) {
		uint32_t owner = champion(winner, count);
		acre_paddr_t to = edge[next].at;
		//@ assert is_won(input, owner, from, to);
		npieces = append_piece(piece, npieces, (struct acre_range){ from, to }, owner)
			/*@ ghost (winner, input, count) */;
		//@ assert same_edges{LoopCurrent, Here}(edge, 2 * count);
		next = apply_edges(edge, winner, input, count, next);
		from = to;
	}
	return npieces;
}

uint32_t memmap_paint(const struct memmap_scratch *scratch, const struct memmap_region *input,
		      uint32_t count)
{
	struct memmap_edge *edge = scratch->edge;
	uint32_t *winner = scratch->winner;

	/*@
		loop invariant 0 <= k <= 2 * count;
		loop invariant all_empty(winner, k);
		loop assigns k, winner[0 .. 2 * count - 1];
		loop variant 2 * count - k;
	*/
	for (uint32_t k = 0; k < 2 * count; k++)
		winner[k] = NO_INPUT;
	collect_edges(edge, input, count);
	sort_edges(edge, input, count);
	return sweep(edge, scratch->piece, winner, input, count);
}
