/* SPDX-License-Identifier: MIT */
/* buddy_internal.h - which bit is which block: for buddy.c, its validate and white-box tests. */
#ifndef ACRE_MM_BUDDY_INTERNAL_H
#define ACRE_MM_BUDDY_INTERNAL_H

#include "lib/bitmap_tree.h"
#include "mm/heap/buddy.h"

static inline bool buddy_region_contains(const struct buddy_region *r, uintptr_t addr)
{
	return addr - r->base < r->size;
}

/* buddy_region_of - the region that has the byte at @addr, or NULL. O(regions). */
static inline const struct buddy_region *buddy_region_of(const struct buddy *b, uintptr_t addr)
{
	for (uint32_t i = 0; i < b->nregions; i++) {
		if (buddy_region_contains(&b->region[i], addr))
			return &b->region[i];
	}
	return NULL;
}

/* The index of the block of @order around @addr in its tree. Pre: @r has @addr. */
static inline uint64_t buddy_index(const struct buddy_region *r, uintptr_t addr, unsigned order)
{
	return (addr >> order) - (r->base >> order);
}

/* The address of block @i of @order. */
static inline uintptr_t buddy_addr(const struct buddy_region *r, uint64_t i, unsigned order)
{
	return ((r->base >> order) + i) << order;
}

/* The tree of @order. Pre: @r has that order. */
static inline struct bitmap_tree *buddy_tree(const struct buddy *b, const struct buddy_region *r,
					     unsigned order)
{
	return &r->free[order - b->granule_order];
}

/* Are all bits clear? The topmost level is one word. */
static inline bool buddy_tree_is_empty(const struct bitmap_tree *tree)
{
	return tree->words[tree->start[tree->nlevels - 1]] == 0;
}

/* Has @r blocks of @order, free or not? */
static inline bool buddy_has_order(const struct buddy *b, const struct buddy_region *r,
				   unsigned order)
{
	return order - b->granule_order < r->norders;
}

/* Is the block of @order around @addr free, as one? Any @addr and @order. */
static inline bool buddy_is_free(const struct buddy *b, const struct buddy_region *r,
				 uintptr_t addr, unsigned order)
{
	return buddy_region_contains(r, addr) && buddy_has_order(b, r, order) &&
	       bitmap_test(buddy_tree(b, r, order)->words, buddy_index(r, addr, order));
}

#endif
