/* SPDX-License-Identifier: MIT */
/* memmap_internal.h - questions about regions, for memmap.c and memmap_conflict.c. */
#ifndef ACRE_MM_MEMMAP_INTERNAL_H
#define ACRE_MM_MEMMAP_INTERNAL_H

#include "mm/map/memmap_types.h"

/* memmap_intersection - what is in both ranges; empty if nothing is. */
/*@
	assigns \nothing;
	ensures \result.start == \max(a.start, b.start) && \result.end == \min(a.end, b.end);
*/
struct acre_range memmap_intersection(struct acre_range a, struct acre_range b);

/* memmap_same_owner - have the two one kind, name and index? */
/*@
	requires \valid_read(a) && \valid_read(b);
	assigns \nothing;
	ensures \result ==> a->kind == b->kind && a->index == b->index;
*/
bool memmap_same_owner(const struct memmap_region *a, const struct memmap_region *b);

/*
 * memmap_first_above - index of the first in @list that ends above @addr; @count if none does.
 * Pre: @list is sorted, and no two entries overlap. Binary search.
 */
/*@
	requires \valid_read(list + (0 .. count - 1)) && sorted_list(list, count);
	assigns \nothing;
	ensures \result <= count;
	ensures \result < count ==> list[\result].range.end > addr;
	ensures \forall integer i; 0 <= i < \result ==> list[i].range.end <= addr;
*/
uint32_t memmap_first_above(const struct memmap_region *list, uint32_t count, acre_paddr_t addr);

#endif
