/* SPDX-License-Identifier: MIT */
/*
 * buddy_validate.c - walks all of a struct buddy and says which invariant of buddy.c is broken. For
 * tests and for a debugger at a prompt: its time grows with the memory.
 *
 * Regions first, then the blocks of each by the table alone, then the lists against what the table
 * said: a list is never followed further than the table knows free blocks of its order.
 */
#include "lib/align.h"
#include "lib/string.h"
#include "mm/heap/buddy_internal.h"

struct tally {
	size_t total_bytes;
	size_t free_bytes;
	size_t free_blocks[BUDDY_ORDERS];
};

/* ---- regions ------------------------------------------------------------------------------ */

static const char *check_buddy_region(const struct buddy *b, uint32_t i)
{
	const struct buddy_region *r = &b->region[i];

	if (r->base == NULL || r->table == NULL || r->size == 0)
		return "I1: a region has no memory or no table";
	if (!is_aligned((uintptr_t)r->base, BUDDY_GRANULE) || !is_aligned(r->size, BUDDY_GRANULE))
		return "I1: a region is not made of whole granules";
	if (r->size > UINTPTR_MAX - (uintptr_t)r->base)
		return "I1: a region wraps";
	if (i > 0 && (uintptr_t)r->base < (uintptr_t)r[-1].base + r[-1].size)
		return "I1: regions are not sorted and disjoint";
	return NULL;
}

/* ---- blocks ------------------------------------------------------------------------------- */

/* Are the @n table bytes from @entry on all interior? Eight at a time, since most of them are. */
static bool all_interior(const uint8_t *entry, size_t n)
{
	uint64_t word;

	for (; n != 0 && !is_aligned((uintptr_t)entry, sizeof(word)); n--) {
		if (*entry++ != BUDDY_INTERIOR)
			return false;
	}
	for (; n >= sizeof(word); n -= sizeof(word), entry += sizeof(word)) {
		word = *(const uint64_t __attribute__((may_alias)) *)(const void *)entry;
		if (word != 0)
			return false;
	}
	for (; n != 0; n--) {
		if (*entry++ != BUDDY_INTERIOR)
			return false;
	}
	return true;
}

static const char *check_buddy_block(const struct buddy *b, const struct buddy_region *r,
				     uintptr_t addr)
{
	uint8_t *entry = buddy_entry(r, addr);
	unsigned order = buddy_order(*entry);
	uintptr_t buddy = addr ^ buddy_bytes(order);

	if (buddy_kind(*entry) < BUDDY_KIND_FREE)
		return "I2: a granule belongs to no block";
	if (order < BUDDY_MIN_ORDER || order > b->max_order)
		return "I3: a block has an order that does not exist";
	if (!is_aligned(addr, buddy_bytes(order)))
		return "I3: a block is not aligned to its size";
	if (buddy_bytes(order) > (uintptr_t)r->base + r->size - addr)
		return "I2: a block passes the end of its region";
	if (!all_interior(entry + 1, (buddy_bytes(order) >> BUDDY_MIN_ORDER) - 1))
		return "I2: a head lies inside a block";
	if (order < b->max_order && *entry == buddy_head_free(order) &&
	    buddy_region_contains(r, buddy) && *buddy_entry(r, buddy) == *entry)
		return "I4: two free buddies are not merged";
	return NULL;
}

static const char *check_buddy_blocks(const struct buddy *b, const struct buddy_region *r,
				      struct tally *tally)
{
	uintptr_t addr = (uintptr_t)r->base;
	uintptr_t end = addr + r->size;

	while (addr < end) {
		const char *broken = check_buddy_block(b, r, addr);
		if (broken != NULL)
			return broken;
		uint8_t entry = *buddy_entry(r, addr);
		if (buddy_kind(entry) == BUDDY_KIND_FREE) {
			tally->free_blocks[buddy_order(entry)]++;
			tally->free_bytes += buddy_bytes(buddy_order(entry));
		}
		addr += buddy_bytes(buddy_order(entry));
	}
	tally->total_bytes += r->size;
	return NULL;
}

/* ---- lists -------------------------------------------------------------------------------- */

/*
 * @known blocks are free by the table. Each link is a free head and links back to the one before,
 * so that the list has no circle and no block twice; then the same number means the same set.
 */
static const char *check_list(const struct buddy *b, unsigned order, size_t known)
{
	const struct buddy_link *before = NULL;
	size_t n = 0;

	for (const struct buddy_link *l = b->free[order]; l != NULL; l = l->next) {
		uintptr_t addr = (uintptr_t)l;
		const struct buddy_region *r = buddy_region_of(b, addr);

		if (r == NULL || !is_aligned(addr, BUDDY_GRANULE) ||
		    *buddy_entry(r, addr) != buddy_head_free(order))
			return "I5: a list holds something that is no free block of its order";
		if (l->prev != before)
			return "I5: a free block does not link back";
		if (++n > known)
			return "I5: a list holds more than the free blocks of its order";
		before = l;
	}
	return n == known ? NULL : "I5: a free block is on no list";
}

static const char *check_lists(const struct buddy *b, const struct tally *tally)
{
	for (unsigned order = 0; order < BUDDY_ORDERS; order++) {
		bool exists = order >= BUDDY_MIN_ORDER && order <= b->max_order;

		if (!exists && b->free[order] != NULL)
			return "I6: an order that does not exist has a list";
		if ((b->nonempty >> order & 1) != (b->free[order] != NULL))
			return "I6: the bitmap of orders does not agree with the lists";
		const char *broken = check_list(b, order, tally->free_blocks[order]);
		if (broken != NULL)
			return broken;
	}
	return NULL;
}

const char *buddy_validate(const struct buddy *b)
{
	struct tally tally = { 0 };

	if (b->max_order > BUDDY_MAX_ORDER || b->nregions > BUDDY_MAX_REGIONS)
		return "I1: there are more orders or regions than there can be";
	for (uint32_t i = 0; i < b->nregions; i++) {
		const char *broken = check_buddy_region(b, i);
		if (broken == NULL)
			broken = check_buddy_blocks(b, &b->region[i], &tally);
		if (broken != NULL)
			return broken;
	}
	if (tally.total_bytes != b->total_bytes)
		return "I7: total_bytes is not the sum of the regions";
	if (tally.free_bytes != b->free_bytes)
		return "I7: free_bytes is not the sum of the free blocks";
	return check_lists(b, &tally);
}
