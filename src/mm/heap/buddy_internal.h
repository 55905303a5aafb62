/* SPDX-License-Identifier: MIT */
/*
 * buddy_internal.h - the table byte and the links of buddy.c: for its validate and white-box tests.
 *
 *	  7     5 4        0
 *	+--------+----------+
 *	|  kind  |  order   |     kind 0: no head; then the order is 0 as well
 *	+--------+----------+     kind 1: head of a free block
 *				  kind 2 + t: head of a live block with tag t
 */
#ifndef ACRE_MM_BUDDY_INTERNAL_H
#define ACRE_MM_BUDDY_INTERNAL_H

#include "mm/heap/buddy.h"

#define BUDDY_KIND_SHIFT 5u
#define BUDDY_ORDER_MASK 0x1fu

#define BUDDY_INTERIOR  0u
#define BUDDY_KIND_FREE 1u
#define BUDDY_KIND_LIVE 2u

_Static_assert(BUDDY_MAX_ORDER <= BUDDY_ORDER_MASK, "an order must fit in its bits");
_Static_assert(BUDDY_KIND_LIVE + BUDDY_MAX_TAG <= 0xffu >> BUDDY_KIND_SHIFT,
	       "a kind must fit in its bits");

/* What the first granule of a free block holds. It may alias whatever its last owner kept there. */
struct buddy_link {
	struct buddy_link *next;
	struct buddy_link *prev;
} __attribute__((may_alias));

_Static_assert(sizeof(struct buddy_link) <= BUDDY_GRANULE, "the links must fit in a granule");

static inline uint8_t buddy_head_free(unsigned order)
{
	return (uint8_t)(BUDDY_KIND_FREE << BUDDY_KIND_SHIFT | order);
}

static inline uint8_t buddy_head_live(unsigned order, unsigned tag)
{
	return (uint8_t)((BUDDY_KIND_LIVE + tag) << BUDDY_KIND_SHIFT | order);
}

static inline unsigned buddy_kind(uint8_t entry)
{
	return (unsigned)entry >> BUDDY_KIND_SHIFT;
}

static inline unsigned buddy_order(uint8_t entry)
{
	return entry & BUDDY_ORDER_MASK;
}

/* The table byte of the granule that contains @addr. Pre: @r contains it. */
static inline uint8_t *buddy_entry(const struct buddy_region *r, uintptr_t addr)
{
	return &r->table[(addr - (uintptr_t)r->base) >> BUDDY_MIN_ORDER];
}

static inline bool buddy_region_contains(const struct buddy_region *r, uintptr_t addr)
{
	return addr - (uintptr_t)r->base < r->size;
}

/* buddy_region_of - the region that contains @addr, or NULL. O(log regions). */
static inline const struct buddy_region *buddy_region_of(const struct buddy *b, uintptr_t addr)
{
	const struct buddy_region *r = b->region;

	/* The last region that starts at or below @addr, if any, is among the @n from @r on. */
	for (uint32_t n = b->nregions; n > 1;) {
		uint32_t half = n / 2;

		if ((uintptr_t)r[half].base <= addr)
			r += half;
		n -= half;
	}
	/* Without regions this is a zeroed one, which contains nothing. */
	return buddy_region_contains(r, addr) ? r : NULL;
}

#endif
