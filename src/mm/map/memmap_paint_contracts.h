/* SPDX-License-Identifier: MIT */
/*
 * memmap_paint_contracts.h - the static functions of memmap_paint.c, each with its contract
 * (docs/proof.md). What each is for stands at its definition.
 */
#ifndef ACRE_MM_MEMMAP_PAINT_CONTRACTS_H
#define ACRE_MM_MEMMAP_PAINT_CONTRACTS_H

#include "mm/map/memmap_paint_internal.h"

/* The winner where no input plays. */
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

	predicate swapped{L1, L2}(struct memmap_edge *edge, integer a, integer b) =
		(\forall integer i, x, o, y; i != a && i != b ==>
			(\at(is_edge(edge, i, x, o, y), L2) <==>
			 \at(is_edge(edge, i, x, o, y), L1))) &&
		(\forall integer x, o, y; \at(is_edge(edge, a, x, o, y), L2) <==>
			\at(is_edge(edge, b, x, o, y), L1)) &&
		(\forall integer x, o, y; \at(is_edge(edge, b, x, o, y), L2) <==>
			\at(is_edge(edge, a, x, o, y), L1));

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
	// None of the first @last is above one of the others.
	predicate parted(struct memmap_edge *edge, integer last, integer count) =
		\forall integer i, j; 0 <= i < last <= j < count ==> edge[i].at <= edge[j].at;
*/

/* The first of a heap is the greatest. */
/*@ ghost
	/@
		requires \valid_read(edge + (0 .. count - 1)) && heap(edge, 0, count);
		requires 0 < count <= 2 * MEMMAP_MOST_INPUTS;
		assigns \nothing;
		exits \false;
		ensures all_below(edge, count, edge[0].at);
	@/
	static void first_is_greatest(const struct memmap_edge *edge, uint32_t count)
	{
		/@
			loop invariant 1 <= k <= count && all_below(edge, k, edge[0].at);
			loop assigns k;
			loop variant count - k;
		@/
		for (uint32_t k = 1; k < count; k++)
			/@ assert is_child((k - 1) / 2, k) &&
				edge[k].at <= edge[(k - 1) / 2].at; @/;
	}
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
static void swap_edges(struct memmap_edge *edge, uint32_t a, uint32_t b, uint32_t count);

/*@
	requires 2 * at + 1 < count <= 2 * MEMMAP_MOST_INPUTS && \valid(edge + (0 .. count - 1));
	assigns \nothing;
	ensures is_child(at, \result) && \result < count;
	ensures \forall integer c; is_child(at, c) && c < count ==>
		edge[c].at <= edge[\result].at;
*/
static uint32_t greater_child(const struct memmap_edge *edge, uint32_t at, uint32_t count);

/*@
	requires \valid(edge + (0 .. count - 1)) && count <= 2 * MEMMAP_MOST_INPUTS;
	requires root < count && heap(edge, root + 1, count);
	assigns edge[0 .. count - 1];
	ensures heap(edge, root, count);
	ensures kept_edges{Pre, Post}(edge, count);
	ensures kept_edges{Post, Pre}(edge, count);
	ensures kept_below{Pre, Post}(edge, count);
*/
static void sift_down(struct memmap_edge *edge, uint32_t root, uint32_t count);

/*@
	requires \valid(edge + (0 .. count - 1)) && count <= 2 * MEMMAP_MOST_INPUTS;
	assigns edge[0 .. count - 1];
	ensures sorted_edges(edge, 0, count);
	ensures kept_edges{Pre, Post}(edge, count);
	ensures kept_edges{Post, Pre}(edge, count);
*/
static void heapsort(struct memmap_edge *edge, uint32_t count);

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

	// The end of each input is among the edges.
	predicate all_listed(struct memmap_edge *edge, integer nedges, struct memmap_region *input,
			     integer count) =
		\forall integer i; 0 <= i < count ==>
			has_edge(edge, nedges, input[i].range.end, i, 0);
	predicate all_named(struct memmap_edge *edge, integer nedges) =
		\forall integer k; 0 <= k < nedges ==>
			has_edge(edge, nedges, edge[k].at, edge[k].owner, edge[k].begins);
	// All that are among the edges at @L2 were so at @L1.
	predicate named_before{L1, L2}(struct memmap_edge *edge, integer nedges) =
		\forall integer k; 0 <= k < nedges ==>
			\at(has_edge(edge, nedges, \at(edge[k].at, L2), \at(edge[k].owner, L2),
				     \at(edge[k].begins, L2)), L1);

	// The ends of the first @n inputs are where set_edges() puts them.
	predicate ends_set(struct memmap_edge *edge, struct memmap_region *input, integer n) =
		\forall integer i; 0 <= i < n ==>
			is_edge(edge, 2 * i + 1, input[i].range.end, i, 0);
*/

/* Each edge is one of the edges. */
/*@ ghost
	/@
		assigns \nothing;
		exits \false;
		ensures all_named(edge, nedges);
	@/
	static void edges_are_named(const struct memmap_edge *edge, uint32_t nedges)
	{
		/@ assert \forall integer k;
			is_edge(edge, k, edge[k].at, edge[k].owner, edge[k].begins); @/
	}
*/

/*@
	requires \valid(edge + (0 .. 2 * i + 1)) && \valid_read(input + i);
	requires i < MEMMAP_MOST_INPUTS;
	assigns edge[2 * i].at, edge[2 * i].owner, edge[2 * i].begins;
	assigns edge[2 * i + 1].at, edge[2 * i + 1].owner, edge[2 * i + 1].begins;
	ensures is_edge(edge, 2 * i, \old(input[i].range.start), i, 1);
	ensures is_edge(edge, 2 * i + 1, \old(input[i].range.end), i, 0);
*/
static void set_edges(struct memmap_edge *edge, const struct memmap_region *input, uint32_t i);

/*@
	requires \valid(edge + (0 .. 2 * count - 1)) && \valid_read(input + (0 .. count - 1));
	requires \separated(edge + (0 .. 2 * count - 1), input + (0 .. count - 1));
	requires count <= MEMMAP_MOST_INPUTS;
	assigns edge[0 .. 2 * count - 1];
	ensures true_edges(edge, 2 * count, input, count);
	ensures all_listed(edge, 2 * count, input, count);
*/
static void collect_edges(struct memmap_edge *edge, const struct memmap_region *input,
			  uint32_t count);

/*@
	requires \valid(edge + (0 .. 2 * count - 1)) && \valid_read(input + (0 .. count - 1));
	requires \separated(edge + (0 .. 2 * count - 1), input + (0 .. count - 1));
	requires count <= MEMMAP_MOST_INPUTS;
	requires true_edges(edge, 2 * count, input, count);
	requires all_listed(edge, 2 * count, input, count);
	assigns edge[0 .. 2 * count - 1];
	ensures sorted_edges(edge, 0, 2 * count);
	ensures true_edges(edge, 2 * count, input, count);
	ensures all_listed(edge, 2 * count, input, count);
*/
static void sort_edges(struct memmap_edge *edge, const struct memmap_region *input, uint32_t count);

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
	// Each match but one was won by one of the two who played it. Variables stand for these:
	// winner[2 * k] would have the provers go down the tree without end.
	predicate played_but(uint32_t *winner, integer count, integer match) =
		\forall integer k, l, r; 1 <= k < count && k != match &&
			2 * k <= l < r <= 2 * k + 1 ==>
			winner[k] == winner[l] || winner[k] == winner[r];
	predicate good_tournament(uint32_t *winner, integer count) =
		good_seats(winner, count) && all_entrants(winner, count) &&
		played_but(winner, count, 0);
	// Who won a match after @from sits in a leaf.
	predicate all_seated(uint32_t *winner, integer count, integer from) =
		\forall integer k; from < k < 2 * count ==>
			winner[k] == NO_INPUT || winner[count + winner[k]] == winner[k];
*/

/*@
	requires a == NO_INPUT || \valid_read(input + a);
	requires b == NO_INPUT || \valid_read(input + b);
	assigns \nothing;
	exits \false;
	ensures \result == a || \result == b;
	ensures \result == NO_INPUT ==> a == NO_INPUT && b == NO_INPUT;
*/
static uint32_t stronger(const struct memmap_region *input, uint32_t a, uint32_t b);

/*@
	requires \valid(winner + (0 .. 2 * count - 1)) && \valid_read(input + (0 .. count - 1));
	requires \separated(winner + (0 .. 2 * count - 1), input + (0 .. count - 1));
	requires i < count <= MEMMAP_MOST_INPUTS && (entrant == NO_INPUT || entrant == i);
	requires good_tournament(winner, count);
	assigns winner[0 .. 2 * count - 1];
	exits \false;
	ensures good_tournament(winner, count);
	ensures winner[count + i] == entrant;
	ensures \forall integer k; count <= k < 2 * count && k != count + i ==>
		winner[k] == \old(winner[k]);
*/
static void seat(uint32_t *winner, const struct memmap_region *input, uint32_t count, uint32_t i,
		 uint32_t entrant);

/* The winner of a match sits in a leaf: from the last node down to the first. */
/*@ ghost
	/@
		requires \valid_read(winner + (0 .. 2 * count - 1));
		requires 0 < count <= MEMMAP_MOST_INPUTS && good_tournament(winner, count);
		assigns \nothing;
		exits \false;
		ensures all_seated(winner, count, 0);
	@/
	static void winners_are_seated(const uint32_t *winner, uint32_t count)
	{
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
	}
*/

/*@
	requires \valid_read(winner + (0 .. 2 * count - 1)) && 0 < count <= MEMMAP_MOST_INPUTS;
	requires good_tournament(winner, count);
	assigns \nothing;
	exits \false;
	ensures \result == winner[1];
	ensures \result == NO_INPUT || (\result < count && winner[count + \result] == \result);
*/
static uint32_t champion(const uint32_t *winner, uint32_t count);

/* ---- painting -------------------------------------------------------------------------------- */

/*@
	predicate all_empty(uint32_t *winner, integer n) =
		\forall integer k; 0 <= k < n ==> winner[k] == NO_INPUT;
	predicate same_winners{L1, L2}(uint32_t *winner, integer n) =
		\forall integer i; 0 <= i < n ==> \at(winner[i], L1) == \at(winner[i], L2);
	predicate same_edges{L1, L2}(struct memmap_edge *edge, integer nedges) =
		\forall integer k; 0 <= k < nedges ==>
			\at(edge[k].at, L1) == \at(edge[k].at, L2) &&
			\at(edge[k].owner, L1) == \at(edge[k].owner, L2) &&
			\at(edge[k].begins, L1) == \at(edge[k].begins, L2);

	// Who is seated began at @here at the latest, and does not end before edge @next.
	predicate begun(uint32_t *winner, struct memmap_region *input, integer count,
			integer here) =
		\forall integer i; 0 <= i < count && winner[count + i] != NO_INPUT ==>
			input[i].range.start <= here;
	predicate not_ended(struct memmap_edge *edge, uint32_t *winner, integer count,
			    integer next) =
		\forall integer i, k; count <= i < 2 * count && 0 <= k < next &&
			winner[i] == edge[k].owner ==> edge[k].begins;
	predicate good_edges(struct memmap_edge *edge, struct memmap_region *input,
			     integer count) =
		sorted_edges(edge, 0, 2 * count) && true_edges(edge, 2 * count, input, count);
	predicate all_at(struct memmap_edge *edge, integer first, integer end) =
		\forall integer k; first <= k < end ==> edge[k].at == edge[first].at;
	predicate pieces_end_by(struct memmap_piece *piece, integer npieces, integer addr) =
		\forall integer p; 0 <= p < npieces ==> piece[p].range.end <= addr;

	// From @from to @to lies inside @owner, if that is one.
	predicate is_won(struct memmap_region *input, integer owner, integer from, integer to) =
		owner != NO_INPUT ==> input[owner].range.start <= from < to &&
			to <= input[owner].range.end;

	// The sweep is between edge @next and the one before, which is at @here.
	predicate good_sweep(struct memmap_edge *edge, uint32_t *winner,
			     struct memmap_region *input, integer count, integer here,
			     integer next) =
		good_tournament(winner, count) && begun(winner, input, count, here) &&
		not_ended(edge, winner, count, next);
	// A piece begins at @from, if one does; the first edge begins none.
	predicate from_before(struct memmap_edge *edge, uint32_t *winner, integer count,
			      integer npieces, integer next, integer from) =
		0 <= next <= 2 * count && (npieces == 0 || npieces < next) &&
		(next == 0 && count > 0 ==> from == 0 && winner[1] == NO_INPUT) &&
		(0 < next < 2 * count ==> from < edge[next].at);
*/

/*@
	requires \valid_read(edge + (0 .. 2 * count - 1)) && \valid(winner + (0 .. 2 * count - 1));
	requires \valid_read(input + (0 .. count - 1)) && good_inputs(input, count);
	requires \separated(winner + (0 .. 2 * count - 1), edge + (0 .. 2 * count - 1));
	requires \separated(winner + (0 .. 2 * count - 1), input + (0 .. count - 1));
	requires first < 2 * count <= 2 * MEMMAP_MOST_INPUTS && good_edges(edge, input, count);
	requires good_sweep(edge, winner, input, count, edge[first].at, first);
	assigns winner[0 .. 2 * count - 1];
	exits \false;
	ensures first < \result <= 2 * count;
	ensures \result < 2 * count ==> edge[first].at < edge[\result].at;
	ensures good_sweep(edge, winner, input, count, edge[first].at, \result);
*/
static uint32_t apply_edges(const struct memmap_edge *edge, uint32_t *winner,
			    const struct memmap_region *input, uint32_t count, uint32_t first);

/*@
	requires \valid(piece + npieces) && npieces < 2 * count <= 2 * MEMMAP_MOST_INPUTS;
	requires \separated(piece + (0 .. npieces), winner + (0 .. 2 * count - 1));
	requires \separated(piece + (0 .. npieces), input + (0 .. count - 1));
	requires owner == NO_INPUT || owner < count;
	requires is_won(input, owner, range.start, range.end) && range.start <= range.end;
	requires good_pieces(piece, npieces, input, count);
	requires pieces_end_by(piece, npieces, range.start);
	assigns piece[npieces].range.start, piece[npieces].range.end, piece[npieces].owner;
	exits \false;
	ensures \result == npieces + (owner == NO_INPUT ? 0 : 1);
	ensures good_pieces(piece, \result, input, count);
	ensures pieces_end_by(piece, \result, range.end);
	ensures same_inputs{Pre, Post}(input, count);
	ensures same_winners{Pre, Post}(winner, 2 * count);
	ensures \at(good_tournament(winner, count), Pre) ==> good_tournament(winner, count);
*/
static uint32_t append_piece(struct memmap_piece *piece, uint32_t npieces, struct acre_range range,
			     uint32_t owner)
	/*@ ghost (const uint32_t *winner, const struct memmap_region *input, uint32_t count) */;

/*@
	requires \valid_read(edge + (0 .. 2 * count - 1)) && \valid(piece + (0 .. 2 * count - 1));
	requires \valid(winner + (0 .. 2 * count - 1)) && \valid_read(input + (0 .. count - 1));
	requires \separated(edge + (0 .. 2 * count - 1), piece + (0 .. 2 * count - 1),
		winner + (0 .. 2 * count - 1), input + (0 .. count - 1));
	requires count <= MEMMAP_MOST_INPUTS && good_inputs(input, count);
	requires good_edges(edge, input, count) && all_listed(edge, 2 * count, input, count);
	requires all_empty(winner, 2 * count);
	assigns piece[0 .. 2 * count - 1], winner[0 .. 2 * count - 1];
	exits \false;
	ensures \result == 0 || \result < 2 * count;
	ensures good_pieces(piece, \result, input, count);
*/
static uint32_t sweep(const struct memmap_edge *edge, struct memmap_piece *piece, uint32_t *winner,
		      const struct memmap_region *input, uint32_t count);

#endif
