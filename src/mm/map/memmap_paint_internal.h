/* SPDX-License-Identifier: MIT */
/*
 * memmap_paint_internal.h - cut intervals that overlap in any way into pieces that do not, each
 * with the one input that wins there. For memmap.c, whose essay says what it is good for.
 */
#ifndef ACRE_MM_MEMMAP_PAINT_INTERNAL_H
#define ACRE_MM_MEMMAP_PAINT_INTERNAL_H

#include "lib/attributes.h"
#include "mm/map/memmap_types.h"

/*@
	// Each piece lies inside the input that won it; all are sorted, disjoint and not empty.
	predicate good_pieces(struct memmap_piece *piece, integer npieces,
		struct memmap_region *input, integer count) =
		(\forall integer p; 0 <= p < npieces ==> piece[p].owner < count &&
			input[piece[p].owner].range.start <= piece[p].range.start <
			piece[p].range.end <= input[piece[p].owner].range.end) &&
		(\forall integer p, q; 0 <= p < q < npieces ==>
			piece[p].range.end <= piece[q].range.start);
*/

/*
 * memmap_paint - cut the union of @count inputs (none empty) into scratch->piece[]: sorted,
 * disjoint, each with the strongest of the inputs that cover it: the greatest kind, then the first.
 * The first 2 * count entries of each table of @scratch are overwritten.
 * Result: how many pieces, at most 2 * count - 1. Pieces of one owner may touch: the caller
 *         joins pieces that belong together.
 * Cost:   O(n log n).
 */
/*@
	requires \valid_read(scratch) && good_scratch(scratch) && count <= scratch->max_inputs;
	requires \valid_read(input + (0 .. count - 1)) && good_inputs(input, count);
	requires \separated(scratch, scratch->edge + (0 .. 2 * scratch->max_inputs - 1),
		scratch->piece + (0 .. 2 * scratch->max_inputs - 1),
		scratch->winner + (0 .. 2 * scratch->max_inputs - 1));
	requires \separated(input + (0 .. count - 1),
		scratch->edge + (0 .. 2 * scratch->max_inputs - 1),
		scratch->piece + (0 .. 2 * scratch->max_inputs - 1),
		scratch->winner + (0 .. 2 * scratch->max_inputs - 1));
	assigns scratch->edge[0 .. 2 * count - 1], scratch->piece[0 .. 2 * count - 1],
		scratch->winner[0 .. 2 * count - 1];
	ensures \result <= (count == 0 ? 0 : 2 * count - 1);
	ensures good_pieces(scratch->piece, \result, input, count);
*/
acre_nodiscard uint32_t memmap_paint(const struct memmap_scratch *scratch,
				     const struct memmap_region *input, uint32_t count);

#endif
