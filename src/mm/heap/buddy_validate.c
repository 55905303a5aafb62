/* SPDX-License-Identifier: MIT */
/*
 * buddy_validate.c - walks all of a struct buddy and says which invariant of buddy.c is broken. For
 * tests and for a debugger at a prompt: its time grows with the memory.
 */
#include "lib/align.h"
#include "mm/heap/buddy_internal.h"

static bool is_in_granules(const struct buddy *b, uint64_t x)
{
	return is_aligned(x, buddy_bytes(b->granule_order));
}

static const char *check_buddy_region(const struct buddy *b, uint32_t i)
{
	const struct buddy_region *r = &b->region[i];

	if (r->size == 0 && r->base == 0 && r->free == NULL && r->norders == 0)
		return i + 1 < b->nregions ? NULL : "I1: the last region is none";
	if (r->base == 0 || r->free == NULL || r->size == 0)
		return "I1: a region has no memory or no table";
	if (!is_in_granules(b, r->base) || !is_in_granules(b, r->size))
		return "I1: a region is not made of whole granules";
	if (r->size > UINTPTR_MAX - r->base)
		return "I1: a region wraps";
	if (r->norders == 0 || r->norders > b->max_order - b->granule_order + 1)
		return "I1: a region has orders that do not exist";
	for (uint32_t k = 0; k < i; k++) {
		const struct buddy_region *other = &b->region[k];
		if (r->base < other->base + other->size && other->base < r->base + r->size)
			return "I1: two regions overlap";
	}
	return NULL;
}

/* Any larger block around a block of @order, or any other part of it, that is free as well. */
static bool is_inside_a_free_block(const struct buddy *b, const struct buddy_region *r,
				   uintptr_t addr, unsigned order)
{
	for (unsigned n = order + 1; buddy_has_order(b, r, n); n++) {
		if (buddy_is_free(b, r, addr, n))
			return true;
	}
	return false;
}

static const char *check_free_block(const struct buddy *b, const struct buddy_region *r,
				    uintptr_t addr, unsigned order)
{
	if (addr < r->base || buddy_bytes(order) > r->size - (addr - r->base))
		return "I2: a free block does not lie in its region";
	if (is_inside_a_free_block(b, r, addr, order))
		return "I3: a free block lies in another one";
	if (order < b->max_order && buddy_is_free(b, r, addr ^ buddy_bytes(order), order))
		return "I4: two free buddies are not merged";
	return NULL;
}

/* Adds the free blocks of @order to *@bytes. */
static const char *check_blocks_of(const struct buddy *b, const struct buddy_region *r,
				   unsigned order, size_t *bytes)
{
	const struct bitmap_tree *tree = buddy_tree(b, r, order);
	uint64_t places = buddy_index(r, r->base + r->size - 1, order) + 1;

	if (bitmap_tree_validate(tree, places) != NULL)
		return "I2: the tree of an order is damaged";
	for (uint64_t i = bitmap_tree_next_set(tree, 0); i != BITMAP_NONE;
	     i = bitmap_tree_next_set(tree, i + 1)) {
		const char *broken = check_free_block(b, r, buddy_addr(r, i, order), order);
		if (broken != NULL)
			return broken;
		*bytes += buddy_bytes(order);
	}
	return NULL;
}

static const char *check_where(const struct buddy *b, unsigned order)
{
	uint32_t where = 0;

	for (uint32_t i = 0; i < b->nregions; i++) {
		const struct buddy_region *r = &b->region[i];
		if (buddy_has_order(b, r, order) && !buddy_tree_is_empty(buddy_tree(b, r, order)))
			where |= (uint32_t)1 << i;
	}
	if (b->where[order] != where)
		return "I5: which regions have free blocks of an order is not what their bits say";
	if ((b->nonempty >> order & 1) != (where != 0))
		return "I5: which orders have free blocks is not what the regions say";
	return NULL;
}

const char *buddy_validate(const struct buddy *b)
{
	const char *broken = NULL;
	size_t total = 0;
	size_t free = 0;

	if (b->max_order > BUDDY_MAX_ORDER || b->granule_order > b->max_order ||
	    b->nregions > BUDDY_MAX_REGIONS)
		return "I1: there are more orders or regions than there can be";
	for (uint32_t i = 0; i < b->nregions && broken == NULL; i++) {
		const struct buddy_region *r = &b->region[i];
		broken = check_buddy_region(b, i);
		for (unsigned k = 0; broken == NULL && k < r->norders; k++)
			broken = check_blocks_of(b, r, b->granule_order + k, &free);
		total += r->size;
	}
	for (unsigned n = 0; n < BUDDY_ORDERS && broken == NULL; n++)
		broken = check_where(b, n);
	if (broken == NULL && total != b->total_bytes)
		return "I6: total_bytes is not the sum of the regions";
	if (broken == NULL && free != b->free_bytes)
		return "I6: free_bytes is not the sum of the free blocks";
	return broken;
}
