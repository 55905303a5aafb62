/* SPDX-License-Identifier: MIT */
/*
 * buddy.h - blocks of 2^order bytes out of regions of memory, split and merged in pairs.
 *
 * The structure only: it takes no lock and keeps no statistics beyond what it needs (heap.h does
 * both). It writes to free blocks and to the tables, never to live blocks. buddy.c explains how it
 * works and numbers its invariants.
 *
 * A zeroed struct buddy is a valid one without memory and without orders: it refuses everything.
 */
#ifndef ACRE_MM_BUDDY_H
#define ACRE_MM_BUDDY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "lib/status.h"

/* Order n is a block of 2^n bytes. Two links must fit in the smallest: a granule, 16 bytes. */
#define BUDDY_MIN_ORDER 4u
#define BUDDY_MAX_ORDER 31u
#define BUDDY_ORDERS    (BUDDY_MAX_ORDER + 1)
#define BUDDY_GRANULE   ((size_t)1 << BUDDY_MIN_ORDER)

/* Table bytes that are enough for a region of @size bytes at any base. */
#define BUDDY_TABLE_SIZE(size) ((size_t)(size) / BUDDY_GRANULE)

/*
 * A tag is a small number, 0 .. BUDDY_MAX_TAG, that the owner keeps with a live block at no cost.
 */
#define BUDDY_MAX_TAG 5u

struct buddy;

/* What buddy_live() and buddy_block_of() found. Valid until the next change of the instance. */
struct buddy_block {
	void *start;
	unsigned order;
	unsigned tag; /* 0 if the block is free */
	bool live;
	const struct buddy_region *region;
};

static inline size_t buddy_bytes(unsigned order)
{
	return (size_t)1 << order;
}

/*
 * buddy_init - an instance without memory whose largest block has @max_order.
 * Pre:    BUDDY_MIN_ORDER <= @max_order <= BUDDY_MAX_ORDER, or this panics.
 */
void buddy_init(struct buddy *b, unsigned max_order);

/*
 * buddy_add_region - give [@base, @base + @size) to @b, and @table to describe it. Any base and
 * size: what is left after rounding inward to granules is cut into the largest blocks that are
 * aligned to their size in address. Blocks are never merged across regions, touching ones neither.
 * Pre:    the memory and the table are the caller's to give, for good. The table overlaps neither
 *         the region nor what @b has; only a table that lies in a live block of @b is welcome.
 * Result: ACRE_OK; ACRE_ERR_INVALID when no granule fits, the region holds address 0, or the table
 *         has fewer bytes than there are granules (BUDDY_TABLE_SIZE() is enough); ACRE_ERR_OVERFLOW
 *         when the region or the table wraps; ACRE_ERR_OVERLAP when memory or table collides with
 *         what @b has, or with each other; ACRE_ERR_FULL past BUDDY_MAX_REGIONS. Nothing is written
 *         on failure.
 * Cost:   clears the table, a byte for each 16; makes at most 2 * max_order + size / 2^max_order
 *         blocks.
 */
acre_nodiscard enum acre_status buddy_add_region(struct buddy *b, void *base, size_t size,
						 uint8_t *table, size_t table_size);

/*
 * buddy_alloc - take a block of @order (less than BUDDY_MIN_ORDER means that) and tag it. Its
 * address is a multiple of its size. Contents are whatever they were.
 * Pre:    @tag <= BUDDY_MAX_TAG.
 * Result: the block, or NULL when none of this order or above is free, or @order is above
 *         max_order; nothing changed then. Panics if someone wrote to a free block (buddy.c, I5).
 * Cost:   O(orders): one split for each order between the block found and @order; no list is
 *         walked.
 */
acre_nodiscard void *buddy_alloc(struct buddy *b, unsigned order, unsigned tag);

/*
 * buddy_live - is @ptr the start of a live block, and of which?
 * Result: ACRE_OK and *@block; ACRE_ERR_RANGE when no region contains it; ACRE_ERR_NOT_ALLOCATED
 *         when it is anything else than such a start (buddy_block_of() says what).
 * Cost:   O(log regions).
 */
acre_nodiscard enum acre_status buddy_live(const struct buddy *b, const void *ptr,
					   struct buddy_block *block);

/*
 * buddy_release - take back @block and merge it with its buddy as long as that is free.
 * Pre:    @block is what buddy_live() gave, and @b has not been changed since.
 *         Panics if someone wrote to a free block.
 * Cost:   O(orders). No list is walked.
 */
void buddy_release(struct buddy *b, const struct buddy_block *block);

/*
 * buddy_resize - make @block one of @order where it stands, with @tag: the upper halves are given
 * back, or the free buddies above it are taken in.
 * Pre:    as buddy_release(); @tag <= BUDDY_MAX_TAG.
 * Result: true, and *@block is the block as it is now; false, and nothing changed, when what lies
 *         above is not free, or @order is above max_order. Never false for @order <= block->order.
 *         Panics if someone wrote to a free block.
 * Cost:   O(orders).
 */
acre_nodiscard bool buddy_resize(struct buddy *b, struct buddy_block *block, unsigned order,
				 unsigned tag);

/*
 * buddy_block_of - what the byte at @addr belongs to: *@block is the free or live block around it.
 * Result: ACRE_OK, or ACRE_ERR_RANGE when no region contains it.
 * Cost:   O(log regions + orders).
 */
acre_nodiscard enum acre_status buddy_block_of(const struct buddy *b, const void *addr,
					       struct buddy_block *block);

/* buddy_largest_free - bytes of the largest free block, 0 if there is none. O(1). */
size_t buddy_largest_free(const struct buddy *b);

/*
 * buddy_validate - does @b keep its invariants (buddy.c numbers them)? NULL if so, else the
 * sentence that is broken. Reads only, and never reads through a link before the table vouches for
 * it. Cost: O(granules / 8 + blocks). In buddy_validate.c.
 */
const char *buddy_validate(const struct buddy *b);

/* ---- the structure ------------------------------------------------------------------------- */

/* Raise this, and nothing else, for memory in more pieces. */
#define BUDDY_MAX_REGIONS 32u

struct buddy_region {
	uint8_t *base;  /* the first granule */
	size_t size;    /* bytes, a multiple of the granule */
	uint8_t *table; /* a byte for each granule */
};

struct buddy_link;

/* An instance. Its members are for buddy.c and its validate. */
struct buddy {
	uint32_t nonempty;  /* bit n: free[n] is not empty */
	uint32_t max_order; /* blocks of this order are never merged */
	uint32_t nregions;
	size_t total_bytes;
	size_t free_bytes;
	struct buddy_link *free[BUDDY_ORDERS];
	struct buddy_region region[BUDDY_MAX_REGIONS]; /* sorted by base */
};

#endif
