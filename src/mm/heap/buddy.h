/* SPDX-License-Identifier: MIT */
/*
 * buddy.h - blocks of 2^order bytes out of regions of memory, merged in pairs.
 *
 * This is the structure only: it takes no lock, and it never touches the memory that it manages, so
 * a block is an address and an order. Bits in tables that the caller lends say what is free.
 * buddy.c explains how it works and numbers its invariants. It records nothing of a block that is
 * handed out: the caller says its order when it frees it, and may free it in parts.
 *
 * A zeroed struct buddy is a valid one without memory and without orders: it refuses everything.
 */
#ifndef ACRE_MM_BUDDY_H
#define ACRE_MM_BUDDY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "lib/bits.h"
#include "lib/status.h"

struct bitmap_tree;

/* Order n is a block of 2^n bytes. The smallest block of an instance is its granule. */
#define BUDDY_MIN_ORDER 4u
#define BUDDY_MAX_ORDER 31u
#define BUDDY_ORDERS    (BUDDY_MAX_ORDER + 1)

struct buddy;

static inline size_t buddy_bytes(unsigned order)
{
	return (size_t)1 << order;
}

/*
 * buddy_init - an instance without memory, whose blocks have @granule_order to @max_order.
 * Pre:    BUDDY_MIN_ORDER <= @granule_order <= @max_order <= BUDDY_MAX_ORDER, or this panics.
 */
void buddy_init(struct buddy *b, unsigned granule_order, unsigned max_order);

/*
 * buddy_table_bytes - how large a table describes a region of @size bytes at any base, for an
 * instance with these orders: 2.04 bits a granule, and less than a kilobyte and a half.
 */
size_t buddy_table_bytes(unsigned granule_order, unsigned max_order, size_t size);

/*
 * buddy_add_region - give [@base, @base + @size) to @b, and @table, of @table_bytes and aligned to
 * 8, to describe it. Any base and size: what is left after rounding inward to granules is cut into
 * the largest blocks that are aligned to their size in address. Blocks are never merged across
 * regions, touching ones neither.
 * Pre:    the memory and the table are the caller's to give, permanently. They do not overlap.
 * Result: ACRE_OK; ACRE_ERR_INVALID when no granule fits, the region holds address 0, or there is
 *         no table; ACRE_ERR_MISALIGNED for the table; ACRE_ERR_NOMEM when it is too small;
 *         ACRE_ERR_OVERFLOW when the region wraps; ACRE_ERR_OVERLAP with another region;
 *         ACRE_ERR_FULL past BUDDY_MAX_REGIONS. Nothing is written on failure.
 * Cost:   clears the table; makes at most 2 * max_order + size / 2^max_order blocks.
 *
 * buddy_add_taken_region - a region of which all is handed out: no block is made.
 */
acre_nodiscard enum acre_status buddy_add_region(struct buddy *b, uintptr_t base, size_t size,
						 void *table, size_t table_bytes);
acre_nodiscard enum acre_status buddy_add_taken_region(struct buddy *b, uintptr_t base, size_t size,
						       void *table, size_t table_bytes);

/* A block. */
struct buddy_block {
	uintptr_t start;
	unsigned order;
	uint32_t region; /* its number */
};

/*
 * buddy_order_at - the order of the largest block that starts at @addr, does not pass @end and is of
 * no order above @max. A region is cut into these, from its start on. Pre: 0 < @addr < @end.
 */
static inline unsigned buddy_order_at(uintptr_t addr, uintptr_t end, unsigned max)
{
	unsigned by_align = bits_ctz(addr);
	unsigned by_size = bits_log2(end - addr);
	unsigned order = by_align < by_size ? by_align : by_size;

	return order < max ? order : max;
}

/*
 * buddy_next_region - the number that the next region will get: the lowest one that is of none.
 * BUDDY_MAX_REGIONS if there is no room for another.
 */
uint32_t buddy_next_region(const struct buddy *b);

/*
 * buddy_remove_region - region @i, all of which is handed out, is the caller's again, and so is its
 * table: the caller has taken what was free of it.
 * Result: ACRE_OK; ACRE_ERR_NOT_FOUND if there is no such region; ACRE_ERR_BUSY if any of it is
 *         free. Nothing has changed after an error.
 * Cost:   O(orders).
 */
acre_nodiscard enum acre_status buddy_remove_region(struct buddy *b, uint32_t i);

/*
 * buddy_find - the smallest free block of @order or above: the lowest one of its region. Any
 * @order. A caller that wants less takes it, and releases the rest in parts.
 * Result: ACRE_OK and *@block; ACRE_ERR_NOT_FOUND.
 * Cost:   O(levels of a tree).
 */
acre_nodiscard enum acre_status buddy_find(const struct buddy *b, unsigned order,
					   struct buddy_block *block);

/*
 * buddy_check - may the block of @order at @addr be given back: was it handed out as such, as part of
 * a larger one, or as several smaller ones?
 * Result: ACRE_OK; ACRE_ERR_INVALID for an order that is none; ACRE_ERR_MISALIGNED if @addr is no
 *         multiple of the size; ACRE_ERR_RANGE if no region has all of it; ACRE_ERR_NOT_ALLOCATED
 *         if any of it is free.
 * Cost:   O(orders), and O(regions) to find the region.
 */
acre_nodiscard enum acre_status buddy_check(const struct buddy *b, uintptr_t addr, unsigned order);

/*
 * buddy_release - take back the block of @order at @addr, and merge it with its buddy as long as
 * that is free.
 * Result: the free block that it is in now.
 * Pre:    buddy_check() is ACRE_OK: checked in debug builds.
 * Cost:   O(orders), and O(regions) to find the region.
 */
struct buddy_block buddy_release(struct buddy *b, uintptr_t addr, unsigned order);

/*
 * buddy_free_block_of - the free block that has the byte at @addr.
 * Result: ACRE_OK and *@block; ACRE_ERR_RANGE when no region has it; ACRE_ERR_NOT_FOUND when it is
 *         handed out.
 * Cost:   O(regions + orders).
 */
acre_nodiscard enum acre_status buddy_free_block_of(const struct buddy *b, uintptr_t addr,
						    struct buddy_block *block);

/*
 * buddy_take - take @block, which was found free, and @b has not changed since. Cost: one bit.
 */
void buddy_take(struct buddy *b, const struct buddy_block *block);

/* buddy_largest_free - bytes of the largest free block, 0 if there is none. O(1). */
size_t buddy_largest_free(const struct buddy *b);

/*
 * buddy_validate - does @b keep its invariants (buddy.c numbers them)? NULL if so, else the
 * sentence that is broken. Reads only. Cost: O(granules). In buddy_validate.c.
 */
const char *buddy_validate(const struct buddy *b);

/* ---- the structure ------------------------------------------------------------------------- */

/* Raise this, up to 32, and nothing else, for memory in more pieces. */
#define BUDDY_MAX_REGIONS 32u

struct buddy_region {
	uintptr_t base; /* the first granule */
	size_t size;    /* bytes, a multiple of the granule */
	/* In the table: the free blocks of each order from the granule's on, @norders of them. */
	struct bitmap_tree *free;
	unsigned norders;
};

/* An instance. Its members are for buddy.c and its validate. */
struct buddy {
	unsigned granule_order;
	unsigned max_order; /* blocks of this order are never merged */
	uint32_t nregions;  /* no number from this on is of a region */
	uint32_t nonempty;  /* bit n: some region has a free block of order n */
	size_t total_bytes;
	size_t free_bytes;
	uint32_t where[BUDDY_ORDERS]; /* bit r of where[n]: region r has a free block of order n */
	struct buddy_region region[BUDDY_MAX_REGIONS]; /* by their numbers; all 0: there is none */
};

#endif
