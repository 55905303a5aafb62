/* SPDX-License-Identifier: MIT */
/*
 * buddy.c - the buddy system (Knowlton 1965; Knuth, The Art of Computer Programming 1, 2.5), with
 * its bookkeeping in bitmaps beside the memory.
 *
 * A block of order n has 2^n bytes and an address that is a multiple of 2^n. Its buddy is the other
 * half of the block of order n + 1 that both make: its address differs in bit n alone, so
 *
 *	buddy = address ^ 2^n
 *
 * Each order of a region has a hierarchical bitmap (lib/bitmap_tree.c) with one bit for each place
 * where a block of that order can lie: 1 if a free block lies there. A free block has one bit, that
 * of its own order. A region of 16 granules, of which the first three and the sixth are handed out:
 *
 *	granule    0   1   2   3   4   5   6   7   8   9  10  11  12  13  14  15
 *	memory   |  handed out   | f4| f4| h.|  free 5  |          free 7          |
 *	order 4    0   0   0   1   1   0   0   0   0   0   0   0   0   0   0   0
 *	order 5      0       0       0       1       0       0       0       0
 *	order 6          0               0               0               0
 *	order 7                  0                               1
 *
 * To take a block: find the lowest bit of its order, or of the next order that has one, and clear
 * it. A caller that wants less gives the rest back: so a block is split. To give a block back: look
 * at the bit of its buddy. If it is 1, clear it, and give back the block of the next order instead.
 *
 * There are only these bits. No data lies in a block, so no write of an owner, right or wrong, can
 * break the structure. Of a block that is handed out the structure knows only that it is not free,
 * so it may come back in parts. buddy_check() finds what is free already, as part of a larger block
 * or in parts.
 *
 * A region starts and ends anywhere. A block that would reach outside does not exist, so the bit of
 * its place stays 0, and a block whose buddy reaches outside is never merged. Regions never merge
 * with each other.
 *
 * Invariants, between calls (buddy_validate.c checks them, and names them):
 *
 *   I1  Regions are disjoint, not empty, and made of whole granules.
 *   I2  A bit that is set stands for a block that lies wholly in its region, and the trees keep
 *       their own invariants.
 *   I3  Free blocks do not overlap.
 *   I4  No two free buddies of one region exist below max_order.
 *   I5  Bit r of where[n] says whether region r has a free block of order n, bit n of nonempty
 *       whether any has.
 *   I6  total_bytes and free_bytes are the sums of regions and of free blocks.
 *
 * Costs: take changes one bit, release at most one for each order; each is O(levels of a tree).
 * Space: 1 + 1/2 + 1/4 ... bits a granule, times 1.016 for the trees.
 */
#include "mm/heap/buddy.h"

#include "lib/align.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/compiler.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/heap/buddy_internal.h"

/* ---- bits --------------------------------------------------------------------------------- */

/* @tree is that of @order; a caller that goes from one order to the next has it. */
static void set_free(struct buddy *b, const struct buddy_region *r, struct bitmap_tree *tree,
		     uintptr_t addr, unsigned order)
{
	bitmap_tree_set_bit(tree, buddy_index(r, addr, order));
	b->where[order] |= (uint32_t)1 << (r - b->region);
	b->nonempty |= (uint32_t)1 << order;
}

static inline void clear_free(struct buddy *b, const struct buddy_region *r,
			      struct bitmap_tree *tree, uintptr_t addr, unsigned order)
{
	bitmap_tree_clear_bit(tree, buddy_index(r, addr, order));
	if (!buddy_tree_is_empty(tree))
		return;
	b->where[order] &= ~((uint32_t)1 << (r - b->region));
	if (b->where[order] == 0)
		b->nonempty &= ~((uint32_t)1 << order);
}

/* ---- regions ------------------------------------------------------------------------------ */

void buddy_init(struct buddy *b, unsigned granule_order, unsigned max_order)
{
	if (granule_order < BUDDY_MIN_ORDER || max_order > BUDDY_MAX_ORDER ||
	    granule_order > max_order)
		acre_panic_from(acre_caller(), "buddy_init: orders %u to %u are not in %u to %u",
				granule_order, max_order, BUDDY_MIN_ORDER, BUDDY_MAX_ORDER);
	*b = (struct buddy){ .granule_order = granule_order, .max_order = max_order };
}

/* The largest order of which a block fits into @size bytes, and no more than @max. */
static unsigned top_order(size_t size, unsigned max)
{
	unsigned top = bits_log2(size);

	return top < max ? top : max;
}

size_t buddy_table_bytes(unsigned granule_order, unsigned max_order, size_t size)
{
	size_t bytes = 0;

	if (size < buddy_bytes(granule_order))
		return 0;
	for (unsigned n = granule_order; n <= top_order(size, max_order); n++) {
		uint64_t places = (size >> n) + 2; /* one more at each end than fit, at most */
		size_t words = places > BITS_PER_WORD ? bitmap_tree_words(places) : 1;
		bytes += sizeof(struct bitmap_tree) + words * sizeof(uint64_t);
	}
	return bytes;
}

static bool overlaps_a_region(const struct buddy *b, const struct buddy_region *new)
{
	for (uint32_t i = 0; i < b->nregions; i++) {
		const struct buddy_region *r = &b->region[i];
		if (new->base < r->base + r->size && r->base < new->base + new->size)
			return true;
	}
	return false;
}

/* The granules of [@base, @base + @size), which may be none. */
static enum acre_status round_inward(const struct buddy *b, struct buddy_region *r, uintptr_t base,
				     size_t size)
{
	size_t granule = buddy_bytes(b->granule_order);
	uintptr_t end, start;

	if (!add_checked(base, size, &end) || !align_up_checked(base, granule, &start))
		return ACRE_ERR_OVERFLOW;
	end = align_down(end, granule);
	if (start == 0 || start >= end)
		return ACRE_ERR_INVALID;
	r->base = start;
	r->size = end - start;
	r->norders = top_order(end - start, b->max_order) - b->granule_order + 1;
	return ACRE_OK;
}

/* The trees first, then the words of each. */
static void lay_out(const struct buddy *b, struct buddy_region *r, void *table)
{
	uintptr_t last = r->base + r->size - 1;
	struct bitmap_tree *tree = table;
	uint64_t *words = (uint64_t *)(tree + r->norders);

	r->free = tree;
	for (unsigned i = 0; i < r->norders; i++) {
		uint64_t places = buddy_index(r, last, b->granule_order + i) + 1;
		(void)!bitmap_tree_init(&tree[i], words, places); /* far fewer than its limit */
		words += tree[i].start[tree[i].nlevels];
	}
}

static void cut_into_blocks(struct buddy *b, const struct buddy_region *r)
{
	uintptr_t end = r->base + r->size;

	for (uintptr_t addr = r->base; addr < end;) {
		unsigned order = buddy_order_at(addr, end, b->max_order);
		set_free(b, r, buddy_tree(b, r, order), addr, order);
		addr += buddy_bytes(order);
	}
}

enum acre_status buddy_add_taken_region(struct buddy *b, uintptr_t base, size_t size, void *table,
					size_t table_bytes)
{
	struct buddy_region new = { 0 };

	if (b->max_order == 0 || table == NULL)
		return ACRE_ERR_INVALID;
	enum acre_status s = round_inward(b, &new, base, size);
	if (s != ACRE_OK)
		return s;
	if (!is_aligned((uintptr_t)table, _Alignof(struct bitmap_tree)))
		return ACRE_ERR_MISALIGNED;
	if (table_bytes < buddy_table_bytes(b->granule_order, b->max_order, new.size))
		return ACRE_ERR_NOMEM;
	if (overlaps_a_region(b, &new))
		return ACRE_ERR_OVERLAP;
	uint32_t i = buddy_next_region(b);
	if (i == BUDDY_MAX_REGIONS)
		return ACRE_ERR_FULL;
	lay_out(b, &new, table);
	b->region[i] = new;
	if (i == b->nregions)
		b->nregions++;
	b->total_bytes += new.size;
	return ACRE_OK;
}

enum acre_status buddy_add_region(struct buddy *b, uintptr_t base, size_t size, void *table,
				  size_t table_bytes)
{
	uint32_t i = buddy_next_region(b);
	enum acre_status s = buddy_add_taken_region(b, base, size, table, table_bytes);

	if (s == ACRE_OK) {
		cut_into_blocks(b, &b->region[i]);
		b->free_bytes += b->region[i].size;
	}
	return s;
}

uint32_t buddy_next_region(const struct buddy *b)
{
	uint32_t i = 0;

	while (i < b->nregions && b->region[i].size != 0)
		i++;
	return i;
}

/* Has region @i a free block? */
static bool has_free_block(const struct buddy *b, uint32_t i)
{
	for (uint32_t rest = b->nonempty; rest != 0; rest &= rest - 1) {
		if ((b->where[bits_ctz(rest)] >> i & 1) != 0)
			return true;
	}
	return false;
}

enum acre_status buddy_remove_region(struct buddy *b, uint32_t i)
{
	if (i >= b->nregions || b->region[i].size == 0)
		return ACRE_ERR_NOT_FOUND;
	if (has_free_block(b, i))
		return ACRE_ERR_BUSY;
	b->total_bytes -= b->region[i].size;
	b->region[i] = (struct buddy_region){ 0 };
	while (b->nregions > 0 && b->region[b->nregions - 1].size == 0)
		b->nregions--;
	return ACRE_OK;
}

/* ---- blocks ------------------------------------------------------------------------------- */

/* The lowest free block of @order of @r, which has one: the lowest bit, from the top word down. */
static uint64_t lowest_free(const struct buddy *b, const struct buddy_region *r, unsigned order)
{
	const struct bitmap_tree *tree = buddy_tree(b, r, order);
	uint64_t i = 0;

	for (unsigned k = tree->nlevels; k-- > 0;)
		i = i * BITS_PER_WORD + bits_ctz(tree->words[tree->start[k] + i]);
	return i;
}

enum acre_status buddy_find(const struct buddy *b, unsigned order, struct buddy_block *block)
{
	uint32_t fit = order > b->max_order ? 0 : b->nonempty & (UINT32_MAX << order);

	if (fit == 0)
		return ACRE_ERR_NOT_FOUND;
	unsigned found = bits_ctz(fit);
	uint32_t i = bits_ctz(b->where[found]);
	const struct buddy_region *r = &b->region[i];
	*block = (struct buddy_block){ buddy_addr(r, lowest_free(b, r, found), found), found, i };
	return ACRE_OK;
}

void buddy_take(struct buddy *b, const struct buddy_block *block)
{
	const struct buddy_region *r = &b->region[block->region];

	clear_free(b, r, buddy_tree(b, r, block->order), block->start, block->order);
	b->free_bytes -= buddy_bytes(block->order);
}

/* Is any of the block of @order at @addr free: as part of a larger one, as it is, or in parts? */
static bool is_partly_free(const struct buddy *b, const struct buddy_region *r, uintptr_t addr,
			   unsigned order)
{
	for (unsigned n = order; buddy_has_order(b, r, n); n++) {
		if (buddy_is_free(b, r, addr, n))
			return true;
	}
	for (unsigned n = b->granule_order; n < order; n++) {
		uint64_t first = buddy_index(r, addr, n);
		uint64_t next = bitmap_tree_next_set(buddy_tree(b, r, n), first);
		if (next - first < (uint64_t)1 << (order - n)) /* BITMAP_NONE is far off */
			return true;
	}
	return false;
}

enum acre_status buddy_check(const struct buddy *b, uintptr_t addr, unsigned order)
{
	const struct buddy_region *r = buddy_region_of(b, addr);

	if (order < b->granule_order || order > b->max_order)
		return ACRE_ERR_INVALID;
	if (!is_aligned(addr, buddy_bytes(order)))
		return ACRE_ERR_MISALIGNED;
	if (r == NULL || buddy_bytes(order) > r->size - (addr - r->base))
		return ACRE_ERR_RANGE;
	return is_partly_free(b, r, addr, order) ? ACRE_ERR_NOT_ALLOCATED : ACRE_OK;
}

struct buddy_block buddy_release(struct buddy *b, uintptr_t addr, unsigned order)
{
	const struct buddy_region *r = buddy_region_of(b, addr);

	ASSERT(r != NULL && buddy_check(b, addr, order) == ACRE_OK);
	struct bitmap_tree *tree = buddy_tree(b, r, order);

	b->free_bytes += buddy_bytes(order);
	for (; order < b->max_order; order++, tree++) {
		uintptr_t buddy = addr ^ buddy_bytes(order);
		/* Of the largest order of @r none has a buddy that is free. */
		if (!buddy_region_contains(r, buddy) ||
		    !bitmap_test(tree->words, buddy_index(r, buddy, order)))
			break;
		clear_free(b, r, tree, buddy, order);
		addr &= buddy; /* the lower of the two */
	}
	set_free(b, r, tree, addr, order);
	return (struct buddy_block){ addr, order, (uint32_t)(r - b->region) };
}

/* ---- questions ---------------------------------------------------------------------------- */

enum acre_status buddy_free_block_of(const struct buddy *b, uintptr_t addr,
				     struct buddy_block *block)
{
	const struct buddy_region *r = buddy_region_of(b, addr);

	if (r == NULL)
		return ACRE_ERR_RANGE;
	for (unsigned n = b->granule_order; buddy_has_order(b, r, n); n++) {
		if (buddy_is_free(b, r, addr, n)) {
			*block = (struct buddy_block){ align_down(addr, buddy_bytes(n)), n,
						       (uint32_t)(r - b->region) };
			return ACRE_OK;
		}
	}
	return ACRE_ERR_NOT_FOUND;
}

size_t buddy_largest_free(const struct buddy *b)
{
	return b->nonempty == 0 ? 0 : buddy_bytes(bits_log2(b->nonempty));
}
