/* SPDX-License-Identifier: MIT */
/*
 * buddy.c - the buddy system (Knowlton 1965; Knuth, The Art of Computer Programming 1, 2.5), with
 * its bookkeeping in a table beside the memory.
 *
 * A block of order n has 2^n bytes and an address that is a multiple of 2^n. Its buddy is the other
 * half of the block of order n + 1 that both make: its address differs in bit n alone, so
 *
 *	buddy = address ^ 2^n
 *
 * Every granule of 16 bytes has a byte in its region's table (buddy_internal.h): it says that a
 * free block of order n starts here, or that a live one does, or that neither does. A region of 256
 * bytes at ...e00, with three live blocks (orders 5, 4, 6) and two free ones (4, 7):
 *
 *	address   e00 e10 e20 e30 e40 e50 e60 e70 e80                         ef0
 *	memory   |live 5 |l 4|f 4|    live 6     |            free 7             |
 *	table     L5  .   L4  F4  L6  .   .   .   F7  .   .   .   .   .   .   .
 *
 * That is all that a free needs: the byte under the pointer says whether it is a live block and of
 * which order, the byte under the buddy says whether that is free and whole. Live blocks hold
 * nothing of ours; a free block's first granule holds the two links of the list of its order:
 *
 *	free[4] -> e30 -> NULL		nonempty = 2^4 | 2^7
 *	free[7] -> e80 -> NULL
 *
 * Freeing the block at e20 merges it with e30 (order 5), which leaves the L5 at e00 as the buddy:
 * live, so it stops there. What was F4 becomes '.'; what was L4 becomes F5.
 *
 * A region starts and ends anywhere, so its edge may cut a block's buddy off; such a block has none
 * and stays as it is. Regions never merge with each other, even where they touch: that keeps a
 * block and its table in one region, and the blocks at the seam are lost to merging only.
 *
 * Invariants, between calls (buddy_validate.c checks them, and names them):
 *
 *   I1  Regions are sorted, disjoint, not empty, and made of whole granules.
 *   I2  Heads cut each region into blocks: the first granule is a head, the block of each head ends
 *       where the next begins or the region ends, and granules between are interior (0).
 *   I3  A block's order is BUDDY_MIN_ORDER .. max_order, and its address is a multiple of its size.
 *   I4  No two free buddies of one region exist below max_order.
 *   I5  Each free block is on the list of its order, once, and nothing else is; prev of next is the
 *       block itself, prev of the first is NULL.
 *   I6  Bit n of nonempty says whether list n has a block; lists below BUDDY_MIN_ORDER and above
 *       max_order are empty.
 *   I7  total_bytes and free_bytes are the sums of regions and of free blocks.
 *
 * I5 can be broken from outside: links lie where a block's last owner may still write. So before a
 * link is used the table must vouch for it: it leads to a free head of the same order, which links
 * back. If not, this is a use after free, and going on would hand out memory twice: panic.
 *
 * Costs: alloc, free and resize do at most one list operation for each order, each of them O(1)
 * plus the search for a link's region, O(log regions). The table takes 1/16 of the memory.
 */
#include "mm/heap/buddy.h"

#include "lib/align.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/compiler.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/heap/buddy_internal.h"

/* Pointers are made from the region's base, never out of a number. */
static inline struct buddy_link *link_at(const struct buddy_region *r, uintptr_t addr)
{
	return (struct buddy_link *)(void *)(r->base + (addr - (uintptr_t)r->base));
}

/* ---- lists -------------------------------------------------------------------------------- */

/* May a link of a free block of @order in @here lead to @link? Most lead to the same region. */
static inline bool is_free_head(const struct buddy *b, const struct buddy_region *here,
				const struct buddy_link *link, unsigned order)
{
	uintptr_t addr = (uintptr_t)link;
	const struct buddy_region *r = here;

	if (unlikely(!buddy_region_contains(r, addr)))
		r = buddy_region_of(b, addr);
	return r != NULL && is_aligned(addr, BUDDY_GRANULE) &&
	       *buddy_entry(r, addr) == buddy_head_free(order);
}

static never_inline acre_noreturn void links_overwritten(const struct buddy_link *link,
							 unsigned order)
{
	acre_panic(
		"use after free: the first bytes of the free block %p (%zu bytes) were overwritten",
		(const void *)link, buddy_bytes(order));
}

/* push - the free block at @addr, whose head is in the table already, onto its list. */
static inline void push(struct buddy *b, const struct buddy_region *r, uintptr_t addr,
			unsigned order)
{
	struct buddy_link *link = link_at(r, addr);
	struct buddy_link *first = b->free[order];

	link->next = first;
	link->prev = NULL;
	if (first != NULL)
		first->prev = link;
	b->free[order] = link;
	b->nonempty |= (uint32_t)1 << order;
}

/* unlink - the free block @link of @r from its list, whose neighbours vouch for it (I5). */
static always_inline void unlink(struct buddy *b, const struct buddy_region *r,
				 struct buddy_link *link, unsigned order)
{
	struct buddy_link *next = link->next;
	struct buddy_link *prev = link->prev;

	if (next != NULL && unlikely(!is_free_head(b, r, next, order) || next->prev != link))
		links_overwritten(link, order);
	if (prev != NULL) {
		if (unlikely(!is_free_head(b, r, prev, order) || prev->next != link))
			links_overwritten(link, order);
		prev->next = next;
	} else {
		if (unlikely(b->free[order] != link))
			links_overwritten(link, order);
		b->free[order] = next;
		if (next == NULL)
			b->nonempty &= ~((uint32_t)1 << order);
	}
	if (next != NULL)
		next->prev = prev;
}

/*
 * split - of the block at @addr, which is the caller's and has order @from, keep the lowest 2^@to
 * bytes and list the rest as free. The buddy of each part listed is what is kept or listed below
 * it, so there is nothing to merge.
 */
static inline void split(struct buddy *b, const struct buddy_region *r, uintptr_t addr,
			 unsigned from, unsigned to)
{
	while (from > to) {
		uintptr_t upper = addr + buddy_bytes(--from);

		*buddy_entry(r, upper) = buddy_head_free(from);
		push(b, r, upper, from);
	}
}

/* ---- regions ------------------------------------------------------------------------------ */

void buddy_init(struct buddy *b, unsigned max_order)
{
	if (max_order < BUDDY_MIN_ORDER || max_order > BUDDY_MAX_ORDER)
		acre_panic_from(acre_caller(), "buddy_init: order %u is not in %u..%u", max_order,
				BUDDY_MIN_ORDER, BUDDY_MAX_ORDER);
	*b = (struct buddy){ .max_order = max_order };
}

static bool overlap(const void *a, size_t a_size, const void *b, size_t b_size)
{
	uintptr_t a_start = (uintptr_t)a;
	uintptr_t b_start = (uintptr_t)b;

	/* Neither wraps: both were checked when they came in. */
	return a_start < b_start + b_size && b_start < a_start + a_size;
}

static size_t granules(const struct buddy_region *r)
{
	return r->size >> BUDDY_MIN_ORDER;
}

/* A table may have been allocated here: then it lies in one live block, all of it. */
static bool inside_a_live_block(const struct buddy *b, const void *start, size_t size)
{
	struct buddy_block block;

	if (buddy_block_of(b, start, &block) != ACRE_OK || !block.live)
		return false;
	return (uintptr_t)start - (uintptr_t)block.start + size <= buddy_bytes(block.order);
}

static bool collides(const struct buddy *b, const struct buddy_region *new)
{
	if (overlap(new->base, new->size, new->table, granules(new)))
		return true;
	for (uint32_t i = 0; i < b->nregions; i++) {
		const struct buddy_region *r = &b->region[i];

		if (overlap(new->base, new->size, r->base, r->size) ||
		    overlap(new->base, new->size, r->table, granules(r)) ||
		    overlap(new->table, granules(new), r->table, granules(r)))
			return true;
		if (overlap(new->table, granules(new), r->base, r->size) &&
		    !inside_a_live_block(b, new->table, granules(new)))
			return true;
	}
	return false;
}

/* The granules of [@base, @base + @size), which may be none. */
static enum acre_status round_inward(struct buddy_region *r, uint8_t *base, size_t size)
{
	uintptr_t end, start;

	if (!add_checked((uintptr_t)base, size, &end) ||
	    !align_up_checked((uintptr_t)base, BUDDY_GRANULE, &start))
		return ACRE_ERR_OVERFLOW;
	end = align_down(end, BUDDY_GRANULE);
	if (start == 0 || start >= end)
		return ACRE_ERR_INVALID;
	r->base = base + (start - (uintptr_t)base);
	r->size = end - start;
	return ACRE_OK;
}

/* The largest order that is aligned at @addr, does not pass @end and is no more than @max. */
static unsigned order_at(uintptr_t addr, uintptr_t end, unsigned max)
{
	unsigned aligned = bits_ctz(addr);
	unsigned fits = bits_log2(end - addr);
	unsigned order = aligned < fits ? aligned : fits;

	return order < max ? order : max;
}

static void cut_into_blocks(struct buddy *b, const struct buddy_region *r)
{
	uintptr_t addr = (uintptr_t)r->base;
	uintptr_t end = addr + r->size;

	while (addr < end) {
		unsigned order = order_at(addr, end, b->max_order);

		*buddy_entry(r, addr) = buddy_head_free(order);
		push(b, r, addr, order);
		addr += buddy_bytes(order);
	}
}

static const struct buddy_region *insert_sorted(struct buddy *b, const struct buddy_region *new)
{
	uint32_t i = b->nregions++;

	for (; i > 0 && (uintptr_t)b->region[i - 1].base > (uintptr_t) new->base; i--)
		b->region[i] = b->region[i - 1];
	b->region[i] = *new;
	return &b->region[i];
}

enum acre_status buddy_add_region(struct buddy *b, void *base, size_t size, uint8_t *table,
				  size_t table_size)
{
	struct buddy_region new;
	uintptr_t table_end;

	enum acre_status s = round_inward(&new, base, size);
	if (s != ACRE_OK)
		return s;
	if (b->max_order == 0 || table == NULL || table_size < granules(&new))
		return ACRE_ERR_INVALID;
	if (!add_checked((uintptr_t)table, granules(&new), &table_end))
		return ACRE_ERR_OVERFLOW;
	new.table = table;
	if (collides(b, &new))
		return ACRE_ERR_OVERLAP;
	if (b->nregions == BUDDY_MAX_REGIONS)
		return ACRE_ERR_FULL;
	memset(table, BUDDY_INTERIOR, granules(&new));
	cut_into_blocks(b, insert_sorted(b, &new));
	b->total_bytes += new.size;
	b->free_bytes += new.size;
	return ACRE_OK;
}

/* ---- blocks ------------------------------------------------------------------------------- */

void *buddy_alloc(struct buddy *b, unsigned order, unsigned tag)
{
	ASSERT(tag <= BUDDY_MAX_TAG);
	if (order < BUDDY_MIN_ORDER)
		order = BUDDY_MIN_ORDER;
	if (order > b->max_order)
		return NULL;
	uint32_t fit = b->nonempty & (UINT32_MAX << order);
	if (fit == 0)
		return NULL;

	unsigned found = bits_ctz(fit);
	struct buddy_link *block = b->free[found];
	uintptr_t addr = (uintptr_t)block;
	const struct buddy_region *r = buddy_region_of(b, addr);

	if (unlikely(r == NULL)) /* then the instance itself was overwritten */
		links_overwritten(block, found);
	unlink(b, r, block, found);
	split(b, r, addr, found, order);
	*buddy_entry(r, addr) = buddy_head_live(order, tag);
	b->free_bytes -= buddy_bytes(order);
	return block;
}

/* What the head at @addr, whose table byte is @entry, says. */
static void describe_block(struct buddy_block *block, const struct buddy_region *r, uintptr_t addr,
			   uint8_t entry)
{
	unsigned kind = buddy_kind(entry);

	block->start = link_at(r, addr);
	block->order = buddy_order(entry);
	block->live = kind >= BUDDY_KIND_LIVE;
	block->tag = block->live ? kind - BUDDY_KIND_LIVE : 0;
	block->region = r;
}

enum acre_status buddy_live(const struct buddy *b, const void *ptr, struct buddy_block *block)
{
	uintptr_t addr = (uintptr_t)ptr;
	const struct buddy_region *r = buddy_region_of(b, addr);

	if (r == NULL)
		return ACRE_ERR_RANGE;
	uint8_t entry = *buddy_entry(r, addr);
	if (!is_aligned(addr, BUDDY_GRANULE) || buddy_kind(entry) < BUDDY_KIND_LIVE)
		return ACRE_ERR_NOT_ALLOCATED;
	describe_block(block, r, addr, entry);
	return ACRE_OK;
}

/* A head of this very order: that the block fits in the region follows from I2. */
static inline bool is_free_in(const struct buddy_region *r, uintptr_t addr, unsigned order)
{
	return buddy_region_contains(r, addr) && *buddy_entry(r, addr) == buddy_head_free(order);
}

void buddy_release(struct buddy *b, const struct buddy_block *block)
{
	const struct buddy_region *r = block->region;
	uintptr_t addr = (uintptr_t)block->start;
	unsigned order = block->order;

	b->free_bytes += buddy_bytes(order);
	for (; order < b->max_order; order++) {
		uintptr_t buddy = addr ^ buddy_bytes(order);

		if (!is_free_in(r, buddy, order))
			break;
		unlink(b, r, link_at(r, buddy), order);
		*buddy_entry(r, addr | buddy) = BUDDY_INTERIOR; /* the upper of the two */
		addr &= buddy;                                  /* the lower */
	}
	*buddy_entry(r, addr) = buddy_head_free(order);
	push(b, r, addr, order);
}

/* May the block at @addr grow from order @from to @to? It must be the lower of each pair. */
static bool can_grow(const struct buddy_region *r, uintptr_t addr, unsigned from, unsigned to)
{
	if (!is_aligned(addr, buddy_bytes(to)))
		return false;
	for (; from < to; from++) {
		if (!is_free_in(r, addr + buddy_bytes(from), from))
			return false;
	}
	return true;
}

static void take_in_upper(struct buddy *b, const struct buddy_region *r, uintptr_t addr,
			  unsigned from, unsigned to)
{
	for (; from < to; from++) {
		uintptr_t upper = addr + buddy_bytes(from);

		unlink(b, r, link_at(r, upper), from);
		*buddy_entry(r, upper) = BUDDY_INTERIOR;
	}
}

bool buddy_resize(struct buddy *b, struct buddy_block *block, unsigned order, unsigned tag)
{
	const struct buddy_region *r = block->region;
	uintptr_t addr = (uintptr_t)block->start;

	ASSERT(tag <= BUDDY_MAX_TAG);
	if (order < BUDDY_MIN_ORDER)
		order = BUDDY_MIN_ORDER;
	if (order > block->order) {
		if (order > b->max_order || !can_grow(r, addr, block->order, order))
			return false;
		take_in_upper(b, r, addr, block->order, order);
	} else {
		split(b, r, addr, block->order, order);
	}
	b->free_bytes += buddy_bytes(block->order); /* in this order it cannot go below 0 */
	b->free_bytes -= buddy_bytes(order);
	*buddy_entry(r, addr) = buddy_head_live(order, tag);
	block->order = order;
	block->tag = tag;
	return true;
}

/* ---- questions ---------------------------------------------------------------------------- */

/*
 * Rounded down to 2^n, an address leads to ever lower granules of its own block until it meets the
 * head, at the latest when n is the block's order (I3); between there are only interior ones (I2).
 */
enum acre_status buddy_block_of(const struct buddy *b, const void *addr, struct buddy_block *block)
{
	uintptr_t at = (uintptr_t)addr;
	const struct buddy_region *r = buddy_region_of(b, at);

	if (r == NULL)
		return ACRE_ERR_RANGE;
	for (unsigned order = BUDDY_MIN_ORDER; order <= b->max_order; order++) {
		uintptr_t start = align_down(at, buddy_bytes(order));
		if (!buddy_region_contains(r, start))
			break;
		uint8_t entry = *buddy_entry(r, start);
		if (entry != BUDDY_INTERIOR) {
			describe_block(block, r, start, entry);
			return ACRE_OK;
		}
	}
	acre_panic_from(acre_caller(), "the heap's table is damaged: no block contains %p", addr);
}

size_t buddy_largest_free(const struct buddy *b)
{
	return b->nonempty == 0 ? 0 : buddy_bytes(bits_log2(b->nonempty));
}
