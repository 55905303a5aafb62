/* SPDX-License-Identifier: MIT */
/* Cases for mm/heap/buddy: white-box where a bit has to be damaged. */
#include "mm/heap/buddy.h"

#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/heap/buddy_internal.h"
#include "tests/support/ktest.h"

/* The structure touches no memory, so its regions lie anywhere. */
#define BASE ((uintptr_t)0x5500000000)

struct fixture {
	struct buddy b;
	void *table;
	size_t table_bytes;
};

/* An instance with granules of 2^@granule bytes over [@base, @base + @size). */
static struct fixture *make_with(unsigned granule, uintptr_t base, size_t size, unsigned max_order)
{
	struct fixture *f = ktest_alloc(sizeof(*f), 16);

	f->table_bytes = buddy_table_bytes(granule, max_order, size);
	f->table = ktest_alloc(f->table_bytes, 8);
	buddy_init(&f->b, granule, max_order);
	REQUIRE_EQ(buddy_add_region(&f->b, base, size, f->table, f->table_bytes), ACRE_OK);
	REQUIRE_VALID(buddy_validate(&f->b));
	return f;
}

static struct fixture *make(uintptr_t base, size_t size, unsigned max_order)
{
	return make_with(4, base, size, max_order);
}

/* Give it back, if that is right. */
static enum acre_status free_at(struct buddy *b, uintptr_t addr, unsigned order)
{
	enum acre_status s = buddy_check(b, addr, order);

	if (s == ACRE_OK)
		buddy_release(b, addr, order);
	return s;
}

/* Take a block of @order, 0 if there is none: of a larger one the upper halves go back. */
static uintptr_t take_exactly(struct buddy *b, unsigned order)
{
	struct buddy_block block;

	if (order < b->granule_order)
		order = b->granule_order;
	if (buddy_find(b, order, &block) != ACRE_OK)
		return 0;
	buddy_take(b, &block);
	while (block.order > order) {
		block.order--;
		buddy_release(b, block.start + buddy_bytes(block.order), block.order);
	}
	return block.start;
}

static bool is_free_block(const struct fixture *f, uintptr_t addr, unsigned order)
{
	struct buddy_block block;

	return buddy_free_block_of(&f->b, addr, &block) == ACRE_OK && block.start == addr &&
	       block.order == order;
}

/* All that a refused call must leave alone. */
struct snapshot {
	struct buddy b;
	void *table;
};

static struct snapshot *take_snapshot(const struct fixture *f)
{
	struct snapshot *s = ktest_alloc(sizeof(*s), 16);

	s->table = ktest_alloc(f->table_bytes, 8);
	memcpy(&s->b, &f->b, sizeof(s->b));
	memcpy(s->table, f->table, f->table_bytes);
	return s;
}

/* Byte for byte, padding as well: both sides were copied with it. */
static bool same_bytes(const void *a, const void *b, size_t size)
{
	return memcmp(a, b, size) == 0;
}

static bool same(const struct snapshot *s, const struct fixture *f)
{
	return same_bytes(&s->b, &f->b, sizeof(s->b)) &&
	       same_bytes(s->table, f->table, f->table_bytes);
}

/* ---- regions ----------------------------------------------------------------------------- */

KTEST(buddy, a_zeroed_instance_refuses_everything)
{
	struct buddy *b = ktest_alloc(sizeof(*b), 16);
	struct buddy_block block;
	uint64_t table[64];

	memset(b, 0, sizeof(*b));
	EXPECT_EQ(take_exactly(b, 4), 0);
	EXPECT(free_at(b, BASE, 4) != ACRE_OK);
	EXPECT_EQ(buddy_free_block_of(b, BASE, &block), ACRE_ERR_RANGE);
	EXPECT_EQ(buddy_add_region(b, BASE, 64, table, sizeof(table)), ACRE_ERR_INVALID);
	EXPECT_EQ(buddy_largest_free(b), 0);
	REQUIRE_VALID(buddy_validate(b));
}

/* Of 2^4, 2^5, 2^6 and 2^7 bytes one each, lowest first. */
KTEST(buddy, finds_the_smallest_block_that_will_do)
{
	struct fixture *f = make(BASE + 16, 240, 31);
	struct buddy_block block;

	for (unsigned order = 0; order <= 7; order++) {
		unsigned found = order < 4 ? 4 : order;
		REQUIRE_EQ(buddy_find(&f->b, order, &block), ACRE_OK);
		EXPECT_EQ(block.order, found);
		EXPECT_EQ(block.start, BASE + buddy_bytes(found));
	}
	EXPECT_EQ(buddy_find(&f->b, 8, &block), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(buddy_find(&f->b, 64, &block), ACRE_ERR_NOT_FOUND);
	REQUIRE_EQ(buddy_find(&f->b, 5, &block), ACRE_OK);
	buddy_take(&f->b, &block);
	REQUIRE_EQ(buddy_find(&f->b, 5, &block), ACRE_OK);
	EXPECT_EQ(block.start, BASE + 64);
	REQUIRE_VALID(buddy_validate(&f->b));
}

struct orders {
	unsigned granule, max;
};

static void init_with_orders(void *arg)
{
	const struct orders *orders = arg;
	struct buddy b;

	buddy_init(&b, orders->granule, orders->max);
}

KTEST(buddy, orders_outside_4_to_31_panic)
{
	struct orders wrong[] = { { 3, 31 }, { 4, 32 }, { 12, 11 } };
	struct orders right = { 31, 31 };

	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT(ktest_panics(init_with_orders, &wrong[i]));
	EXPECT_STR(ktest_panic_message(), "buddy_init: orders 12 to 11 are not in 4 to 31");
	EXPECT(!ktest_panics(init_with_orders, &right));
}

/* Every base and every size over a few granules: what is managed is what lies inside. */
KTEST(buddy, rounds_any_region_inward)
{
	struct buddy *b = ktest_alloc(sizeof(*b), 16);
	uint64_t table[128];

	for (unsigned granule = 4; granule <= 9; granule += 5) {
		size_t unit = buddy_bytes(granule);
		for (size_t offset = 0; offset < unit + 4; offset++) {
			for (size_t size = 0; size <= 12 * unit; size += 1 + size / 20) {
				uintptr_t start =
					(BASE + offset + unit - 1) & ~(uintptr_t)(unit - 1);
				uintptr_t end = (BASE + offset + size) & ~(uintptr_t)(unit - 1);
				size_t want = end > start ? end - start : 0;

				buddy_init(b, granule, 31);
				EXPECT_EQ(buddy_add_region(b, BASE + offset, size, table,
							   sizeof(table)),
					  want != 0 ? ACRE_OK : ACRE_ERR_INVALID);
				EXPECT_EQ(b->total_bytes, want);
				EXPECT_EQ(b->free_bytes, want);
				REQUIRE_VALID(buddy_validate(b));
			}
		}
	}
}

/*
 *	offset  +16   +32       +64              +128                  +256    +272
 *	         | 16  |   32    |      64        |        128          |  16   |
 */
KTEST(buddy, cuts_a_region_into_the_largest_aligned_blocks)
{
	struct fixture *f = make(BASE + 16, 256, 31);

	EXPECT(is_free_block(f, BASE + 16, 4));
	EXPECT(is_free_block(f, BASE + 32, 5));
	EXPECT(is_free_block(f, BASE + 64, 6));
	EXPECT(is_free_block(f, BASE + 128, 7));
	EXPECT(is_free_block(f, BASE + 256, 4));
	EXPECT_EQ(f->b.nonempty, 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7);
	EXPECT_EQ(buddy_largest_free(&f->b), 128);
}

#define TABLE_ROOM 65536u

static void expect_table_is_enough(uint64_t *table, size_t size, uintptr_t offset)
{
	struct buddy b;
	size_t bytes = buddy_table_bytes(4, 31, size);

	memset(table, 0xa5, TABLE_ROOM);
	buddy_init(&b, 4, 31);
	EXPECT_EQ(buddy_add_region(&b, BASE + offset, size, table, bytes), ACRE_OK);
	REQUIRE_VALID(buddy_validate(&b));
	for (size_t i = bytes / 8; i < bytes / 8 + 16; i++)
		REQUIRE_EQ(table[i], 0xa5a5a5a5a5a5a5a5);
}

KTEST(buddy, a_table_of_the_size_that_is_asked_for_is_enough)
{
	uint64_t *table = ktest_alloc(TABLE_ROOM, 8);

	for (size_t size = 31; size < 40000; size += 1 + size / 3) {
		for (uintptr_t offset = 0; offset < 3 * size; offset += 16 + size / 4)
			expect_table_is_enough(table, size, offset);
	}
	/* It touches 65 places of blocks of 64 bytes, of which 63 are inside: one word more. */
	expect_table_is_enough(table, 16 + 63 * 64 + 16, 48);
	/* 2.04 bits for each of a million granules, and little besides. */
	EXPECT(buddy_table_bytes(9, 31, (size_t)1 << 29) < 204 * ((size_t)1 << 20) / 800 + 1500);
}

KTEST(buddy, refuses_what_is_no_region)
{
	struct buddy *b = ktest_alloc(sizeof(*b), 16);
	struct buddy *before = ktest_alloc(sizeof(*before), 16);
	uint64_t *table = ktest_alloc(2048, 8);

	buddy_init(b, 4, 31);
	REQUIRE_EQ(buddy_add_region(b, BASE + 256, 512, ktest_alloc(2048, 8), 2048), ACRE_OK);
	memset(table, 0xa5, 2048);
	memcpy(before, b, sizeof(*b));
	/* The same, inside, around, from below, from above, by one granule. */
	EXPECT_EQ(buddy_add_region(b, BASE + 256, 512, table, 2048), ACRE_ERR_OVERLAP);
	EXPECT_EQ(buddy_add_region(b, BASE + 400, 32, table, 2048), ACRE_ERR_OVERLAP);
	EXPECT_EQ(buddy_add_region(b, BASE, 1024, table, 2048), ACRE_ERR_OVERLAP);
	EXPECT_EQ(buddy_add_region(b, BASE, 272, table, 2048), ACRE_ERR_OVERLAP);
	EXPECT_EQ(buddy_add_region(b, BASE + 752, 272, table, 2048), ACRE_ERR_OVERLAP);
	/* No table, one that is short, one that is misaligned. */
	EXPECT_EQ(buddy_add_region(b, BASE, 256, NULL, 2048), ACRE_ERR_INVALID);
	EXPECT_EQ(buddy_add_region(b, BASE, 256, table, buddy_table_bytes(4, 31, 256) - 1),
		  ACRE_ERR_NOMEM);
	EXPECT_EQ(buddy_add_region(b, BASE, 256, (uint8_t *)table + 4, 1024), ACRE_ERR_MISALIGNED);
	/* Wraps, or holds address 0. */
	EXPECT_EQ(buddy_add_region(b, BASE, SIZE_MAX, table, 2048), ACRE_ERR_OVERFLOW);
	EXPECT_EQ(buddy_add_region(b, UINTPTR_MAX - 6, 3, table, 2048), ACRE_ERR_OVERFLOW);
	EXPECT_EQ(buddy_add_region(b, 0, 256, table, 2048), ACRE_ERR_INVALID);
	EXPECT(same_bytes(before, b, sizeof(*b)));
	for (size_t i = 0; i < 2048 / 8; i++)
		EXPECT_EQ(table[i], 0xa5a5a5a5a5a5a5a5);
	/* What only touches is welcome. */
	EXPECT_EQ(buddy_add_region(b, BASE, 256, table, 2048), ACRE_OK);
	REQUIRE_VALID(buddy_validate(b));
}

/* Regions come in any order; each knows its blocks; the last one too many is refused. */
KTEST(buddy, takes_32_regions_in_any_order)
{
	struct buddy *b = ktest_alloc(sizeof(*b), 16);
	size_t bytes = buddy_table_bytes(4, 31, 64);
	uint8_t *table = ktest_alloc(bytes * 33, 8);
	uintptr_t block[BUDDY_MAX_REGIONS];

	buddy_init(b, 4, 31);
	for (size_t i = 0; i < BUDDY_MAX_REGIONS; i++) {
		size_t at = i * 7 % 32; /* every one of them, mixed */
		REQUIRE_EQ(buddy_add_region(b, BASE + at * 128, 64, table + at * bytes, bytes),
			   ACRE_OK);
		REQUIRE_VALID(buddy_validate(b));
	}
	EXPECT_EQ(buddy_add_region(b, BASE + (size_t)32 * 128, 64, table + 32 * bytes, bytes),
		  ACRE_ERR_FULL);
	EXPECT_EQ(buddy_check(b, BASE + (size_t)32 * 128, 4), ACRE_ERR_RANGE);
	for (size_t i = 0; i < BUDDY_MAX_REGIONS; i++) {
		block[i] = take_exactly(b, 6);
		REQUIRE(block[i] != 0);
		REQUIRE_VALID(buddy_validate(b));
	}
	EXPECT_EQ(take_exactly(b, 4), 0);
	for (size_t i = 0; i < BUDDY_MAX_REGIONS; i++) {
		EXPECT_EQ(free_at(b, block[i], 6), ACRE_OK);
		REQUIRE_VALID(buddy_validate(b));
	}
	EXPECT_EQ(b->free_bytes, 32 * 64);
}

/* ---- regions that go ---------------------------------------------------------------------- */

/* What is free of region @i is handed out. */
static void take_all_of(struct buddy *b, uint32_t i)
{
	const struct buddy_region r = b->region[i];
	struct buddy_block block;

	for (uintptr_t addr = r.base; addr < r.base + r.size; addr += buddy_bytes(4)) {
		if (buddy_free_block_of(b, addr, &block) == ACRE_OK)
			buddy_take(b, &block);
	}
}

KTEST(buddy, gives_back_a_region_that_is_handed_out)
{
	struct fixture *f = make(BASE, 0x1000, 31);
	const size_t bytes = buddy_table_bytes(4, 31, 0x2340);
	void *table = ktest_alloc(bytes, 8);

	for (unsigned round = 0; round < 3; round++) {
		EXPECT_EQ(buddy_next_region(&f->b), 1);
		REQUIRE_EQ(buddy_add_region(&f->b, BASE + 0x10010, 0x2340, table, bytes), ACRE_OK);
		EXPECT_EQ(buddy_next_region(&f->b), 2);
		EXPECT_EQ(f->b.total_bytes, 0x3340);
		REQUIRE_VALID(buddy_validate(&f->b));
		take_all_of(&f->b, 1);
		REQUIRE_EQ(buddy_remove_region(&f->b, 1), ACRE_OK);
		memset(table, 0xee, bytes);
		REQUIRE_VALID(buddy_validate(&f->b));
		EXPECT_EQ(f->b.total_bytes, 0x1000);
		EXPECT_EQ(f->b.free_bytes, 0x1000);
	}
	EXPECT_EQ(take_exactly(&f->b, 12), BASE);
	EXPECT_EQ(take_exactly(&f->b, 4), 0);
}

KTEST(buddy, keeps_a_region_of_which_anything_is_free)
{
	struct fixture *f = make(BASE, 0x1000, 31);

	EXPECT_EQ(buddy_remove_region(&f->b, 0), ACRE_ERR_BUSY);
	take_all_of(&f->b, 0);
	for (uintptr_t at = BASE; at < BASE + 0x1000; at += 0x110) {
		buddy_release(&f->b, at, 4);
		struct snapshot *s = take_snapshot(f);
		EXPECT_EQ(buddy_remove_region(&f->b, 0), ACRE_ERR_BUSY);
		EXPECT(same(s, f));
		REQUIRE_EQ(take_exactly(&f->b, 4), at);
	}
	EXPECT_EQ(buddy_remove_region(&f->b, 1), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(buddy_remove_region(&f->b, UINT32_MAX), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(buddy_remove_region(&f->b, 0), ACRE_OK);
	EXPECT_EQ(buddy_remove_region(&f->b, 0), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(f->b.nregions, 0);
	REQUIRE_VALID(buddy_validate(&f->b));
}

/* Of odd bounds: what comes back of it merges to what buddy_add_region() would have made. */
KTEST(buddy, takes_a_region_that_is_handed_out)
{
	const size_t bytes = buddy_table_bytes(4, 31, 0x2340);
	struct fixture *f = make(BASE, 0x1000, 31);
	struct fixture *whole = make(BASE + 0x10010, 0x2340, 31);

	REQUIRE_EQ(buddy_add_taken_region(&f->b, BASE + 0x10010, 0x2340, ktest_alloc(bytes, 8),
					  bytes),
		   ACRE_OK);
	REQUIRE_VALID(buddy_validate(&f->b));
	EXPECT_EQ(f->b.total_bytes, 0x3340);
	EXPECT_EQ(f->b.free_bytes, 0x1000);
	for (uintptr_t at = BASE + 0x10010; at < BASE + 0x12350; at += 16) {
		REQUIRE_EQ(free_at(&f->b, at, 4), ACRE_OK);
		REQUIRE_VALID(buddy_validate(&f->b));
	}
	for (uintptr_t at = BASE + 0x10010; at < BASE + 0x12350; at += 16) {
		struct buddy_block mine = { 0 };
		struct buddy_block want = { 0 };
		EXPECT_EQ(buddy_free_block_of(&f->b, at, &mine), ACRE_OK);
		EXPECT_EQ(buddy_free_block_of(&whole->b, at, &want), ACRE_OK);
		EXPECT(mine.start == want.start && mine.order == want.order);
	}
	take_all_of(&f->b, 1);
	EXPECT_EQ(buddy_remove_region(&f->b, 1), ACRE_OK);
	REQUIRE_VALID(buddy_validate(&f->b));
}

/* Its number is free, and those of the others stay. */
KTEST(buddy, fills_the_gap_that_a_region_left)
{
	const size_t bytes = buddy_table_bytes(4, 31, 0x100);
	struct fixture *f = make(BASE, 0x100, 31);
	void *table[4];

	for (unsigned i = 1; i < 4; i++) {
		table[i] = ktest_alloc(bytes, 8);
		REQUIRE_EQ(buddy_add_region(&f->b, BASE + i * 0x1000, 0x100, table[i], bytes),
			   ACRE_OK);
	}
	take_all_of(&f->b, 1);
	REQUIRE_EQ(buddy_remove_region(&f->b, 1), ACRE_OK);
	REQUIRE_VALID(buddy_validate(&f->b));
	EXPECT_EQ(f->b.nregions, 4);
	EXPECT_EQ(buddy_next_region(&f->b), 1);
	EXPECT_EQ(buddy_check(&f->b, BASE + 0x1000, 4), ACRE_ERR_RANGE);
	take_all_of(&f->b, 2);
	REQUIRE_EQ(buddy_remove_region(&f->b, 2), ACRE_OK);
	REQUIRE_EQ(buddy_add_region(&f->b, BASE + 0x8000, 0x100, table[1], bytes), ACRE_OK);
	EXPECT_EQ(f->b.region[1].base, BASE + 0x8000);
	EXPECT_EQ(buddy_next_region(&f->b), 2);
	take_all_of(&f->b, 3);
	REQUIRE_EQ(buddy_remove_region(&f->b, 3), ACRE_OK);
	EXPECT_EQ(f->b.nregions, 2);
	REQUIRE_VALID(buddy_validate(&f->b));
}

KTEST(buddy, never_merges_across_regions_that_touch)
{
	struct buddy *b = ktest_alloc(sizeof(*b), 16);

	buddy_init(b, 4, 31);
	REQUIRE_EQ(buddy_add_region(b, BASE, 128, ktest_alloc(1024, 8), 1024), ACRE_OK);
	REQUIRE_EQ(buddy_add_region(b, BASE + 128, 128, ktest_alloc(1024, 8), 1024), ACRE_OK);
	uintptr_t x = take_exactly(b, 7);
	uintptr_t y = take_exactly(b, 7);
	EXPECT_EQ(free_at(b, x, 8), ACRE_ERR_RANGE);
	EXPECT_EQ(free_at(b, x, 7), ACRE_OK);
	EXPECT_EQ(free_at(b, y, 7), ACRE_OK);
	EXPECT_EQ(buddy_largest_free(b), 128);
	REQUIRE_VALID(buddy_validate(b));
}

/* ---- taking and giving back -------------------------------------------------------------- */

KTEST(buddy, splits_down_and_merges_up_through_all_orders)
{
	struct fixture *f = make(BASE, 4096, 31);

	EXPECT_EQ(f->b.nonempty, 1u << 12);
	EXPECT_EQ(take_exactly(&f->b, 0), BASE);
	/* One buddy of each order stays behind. */
	EXPECT_EQ(f->b.nonempty, 0xff0);
	EXPECT_EQ(f->b.free_bytes, 4096 - 16);
	REQUIRE_VALID(buddy_validate(&f->b));
	EXPECT_EQ(free_at(&f->b, BASE, 4), ACRE_OK);
	EXPECT_EQ(f->b.nonempty, 1u << 12);
	REQUIRE_VALID(buddy_validate(&f->b));
}

/* Orders up to 31 need no memory of that size: three GiB, and two blocks that are buddies. */
KTEST(buddy, has_blocks_of_2_gib)
{
	struct fixture *f = make_with(20, (uintptr_t)5 << 30, (size_t)5 << 30, 31);

	EXPECT_EQ(take_exactly(&f->b, 31), (uintptr_t)6 << 30);
	EXPECT_EQ(take_exactly(&f->b, 31), (uintptr_t)8 << 30);
	EXPECT_EQ(take_exactly(&f->b, 31), 0);
	EXPECT_EQ(take_exactly(&f->b, 30), (uintptr_t)5 << 30);
	EXPECT_EQ(f->b.free_bytes, 0);
	REQUIRE_VALID(buddy_validate(&f->b));
	EXPECT_EQ(free_at(&f->b, (uintptr_t)5 << 30, 30), ACRE_OK);
	EXPECT_EQ(free_at(&f->b, (uintptr_t)6 << 30, 31), ACRE_OK);
	EXPECT_EQ(free_at(&f->b, (uintptr_t)8 << 30, 31), ACRE_OK);
	REQUIRE_VALID(buddy_validate(&f->b));
	EXPECT_EQ(f->b.nonempty, 1u << 31 | 1u << 30);
}

KTEST(buddy, hands_out_each_order_aligned_to_its_size)
{
	struct fixture *f = make(BASE + 48, 64 << 10, 31);

	for (unsigned order = 0; order <= 15; order++) {
		uintptr_t block = take_exactly(&f->b, order);
		size_t bytes = buddy_bytes(order < 4 ? 4 : order);
		if (block == 0) {
			EXPECT(buddy_largest_free(&f->b) < bytes);
			continue;
		}
		EXPECT(is_aligned(block, bytes));
		EXPECT(block >= BASE + 48 && block + bytes <= BASE + 48 + (64 << 10));
		REQUIRE_VALID(buddy_validate(&f->b));
	}
	EXPECT_EQ(take_exactly(&f->b, 16), 0);
	EXPECT_EQ(take_exactly(&f->b, 31), 0);
	EXPECT_EQ(take_exactly(&f->b, 32), 0);
	EXPECT_EQ(take_exactly(&f->b, UINT32_MAX), 0);
	REQUIRE_VALID(buddy_validate(&f->b));
}

/* Two free buddies of the largest order are not merged, and neither is lost. */
KTEST(buddy, keeps_both_free_buddies_of_the_largest_order)
{
	struct fixture *f = make(BASE, 1024, 8);
	uintptr_t block[4];

	EXPECT_EQ(buddy_largest_free(&f->b), 256);
	EXPECT_EQ(take_exactly(&f->b, 9), 0);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 4; i++) {
			block[i] = take_exactly(&f->b, 8);
			REQUIRE(block[i] != 0);
		}
		EXPECT_EQ(take_exactly(&f->b, 4), 0);
		for (unsigned i = 0; i < 4; i++) {
			EXPECT_EQ(free_at(&f->b, block[i ^ round], 8), ACRE_OK);
			REQUIRE_VALID(buddy_validate(&f->b));
		}
		EXPECT_EQ(f->b.free_bytes, 1024);
	}
}

/* All orders in which 5 blocks can be freed: the last always leaves one block. */
static void free_in_order(struct fixture *f, const unsigned order[5], unsigned permutation)
{
	struct buddy_block block[5];
	unsigned left = 5;

	for (unsigned i = 0; i < 5; i++) {
		block[i] = (struct buddy_block){ take_exactly(&f->b, order[i]), order[i], 0 };
		REQUIRE(block[i].start != 0);
	}
	for (; left > 0; permutation /= left, left--) {
		unsigned pick = permutation % left;
		EXPECT_EQ(free_at(&f->b, block[pick].start, block[pick].order), ACRE_OK);
		block[pick] = block[left - 1];
		REQUIRE_VALID(buddy_validate(&f->b));
	}
	EXPECT_EQ(f->b.nonempty, 1u << 10);
	EXPECT_EQ(f->b.free_bytes, 1024);
}

KTEST(buddy, becomes_one_block_again_in_every_order_of_frees)
{
	static const unsigned orders[][5] = {
		{ 4, 4, 4, 4, 4 },
		{ 8, 8, 8, 7, 7 },
		{ 4, 5, 6, 7, 8 },
		{ 9, 4, 8, 5, 4 },
	};
	struct fixture *f = make(BASE, 1024, 31);

	for (unsigned i = 0; i < ARRAY_SIZE(orders); i++) {
		for (unsigned permutation = 0; permutation < 120; permutation++)
			free_in_order(f, orders[i], permutation);
	}
}

KTEST(buddy, takes_blocks_back_in_parts_and_together)
{
	struct fixture *f = make(BASE, 4096, 31);

	EXPECT_EQ(take_exactly(&f->b, 12), BASE);
	for (uintptr_t at = BASE + 256; at < BASE + 4096; at += 256) {
		EXPECT_EQ(free_at(&f->b, at, 8), ACRE_OK);
		REQUIRE_VALID(buddy_validate(&f->b));
	}
	EXPECT_EQ(free_at(&f->b, BASE, 9), ACRE_ERR_NOT_ALLOCATED);
	EXPECT_EQ(free_at(&f->b, BASE, 8), ACRE_OK);
	EXPECT_EQ(f->b.nonempty, 1u << 12);
	for (unsigned i = 0; i < 4; i++)
		EXPECT_EQ(take_exactly(&f->b, 10), BASE + 1024 * i);
	EXPECT_EQ(free_at(&f->b, BASE, 12), ACRE_OK);
	EXPECT_EQ(f->b.free_bytes, 4096);
	REQUIRE_VALID(buddy_validate(&f->b));
}

KTEST(buddy, exhausts_and_recovers)
{
	struct fixture *f = make(BASE + 4, 8192 + 100, 31);
	size_t granules = f->b.total_bytes / 16;
	uint32_t nonempty = f->b.nonempty;
	uintptr_t *block = ktest_alloc(granules * sizeof(*block), 8);

	for (size_t i = 0; i < granules; i++) {
		block[i] = take_exactly(&f->b, 4);
		REQUIRE(block[i] != 0);
	}
	EXPECT_EQ(take_exactly(&f->b, 4), 0);
	EXPECT_EQ(f->b.free_bytes, 0);
	EXPECT_EQ(buddy_largest_free(&f->b), 0);
	REQUIRE_VALID(buddy_validate(&f->b));
	for (size_t left = granules; left > 0; left--) {
		size_t pick = ktest_below(left);
		EXPECT_EQ(free_at(&f->b, block[pick], 4), ACRE_OK);
		block[pick] = block[left - 1];
		REQUIRE_VALID(buddy_validate(&f->b));
	}
	EXPECT_EQ(f->b.free_bytes, f->b.total_bytes);
	EXPECT_EQ(f->b.nonempty, nonempty);
}

/* ---- refusals and questions -------------------------------------------------------------- */

/* Every address and order but those of blocks that are wholly handed out. */
KTEST(buddy, refuses_every_block_of_which_a_part_is_free)
{
	struct fixture *f = make(BASE, 512, 31);
	uintptr_t a = take_exactly(&f->b, 6);
	uintptr_t b = take_exactly(&f->b, 7);
	struct snapshot *s = take_snapshot(f);

	EXPECT_EQ(a, BASE);
	EXPECT_EQ(b, BASE + 128);
	for (unsigned order = 4; order <= 10; order++) {
		for (uintptr_t at = BASE - 64; at < BASE + 600; at++) {
			size_t bytes = buddy_bytes(order);
			bool live = (at >= a && at + bytes <= a + 64) ||
				    (at >= b && at + bytes <= b + 128);
			if (is_aligned(at, bytes) && live)
				continue;
			EXPECT(free_at(&f->b, at, order) != ACRE_OK);
			REQUIRE(same(s, f));
		}
	}
	EXPECT_EQ(free_at(&f->b, a + 1, 4), ACRE_ERR_MISALIGNED);
	EXPECT_EQ(free_at(&f->b, BASE + 512, 4), ACRE_ERR_RANGE);
	EXPECT_EQ(free_at(&f->b, a, 3), ACRE_ERR_INVALID);
	EXPECT_EQ(free_at(&f->b, a, 32), ACRE_ERR_INVALID);
	EXPECT_EQ(free_at(&f->b, a, 6), ACRE_OK);
	EXPECT_EQ(free_at(&f->b, a, 6), ACRE_ERR_NOT_ALLOCATED);
	REQUIRE_VALID(buddy_validate(&f->b));
}

KTEST(buddy, says_which_free_block_any_byte_belongs_to)
{
	struct fixture *f = make(BASE + 32, 4096 + 64, 31);
	size_t free = 0;

	for (unsigned i = 0; i < 12; i++)
		(void)!take_exactly(&f->b, 4 + (unsigned)ktest_below(6));
	for (uintptr_t at = BASE + 32; at < BASE + 32 + 4096 + 64;) {
		struct buddy_block found, again;
		if (buddy_free_block_of(&f->b, at, &found) != ACRE_OK) {
			at++;
			continue;
		}
		REQUIRE_EQ(found.start, at);
		for (size_t i = 0; i < buddy_bytes(found.order); i++) {
			REQUIRE_EQ(buddy_free_block_of(&f->b, at + i, &again), ACRE_OK);
			REQUIRE(again.start == at && again.order == found.order);
		}
		at += buddy_bytes(found.order);
		free += buddy_bytes(found.order);
	}
	EXPECT_EQ(free, f->b.free_bytes);
}

/* ---- damage ------------------------------------------------------------------------------ */

/* validate() must be able to fail: break each thing that it says it looks at. */
static void expect_broken(struct fixture *f, void *at, uint8_t value, const char *invariant)
{
	uint8_t *byte = at;
	uint8_t good = *byte;

	REQUIRE_VALID(buddy_validate(&f->b));
	*byte = value;
	const char *sentence = buddy_validate(&f->b);
	EXPECT(sentence != NULL && strncmp(sentence, invariant, 2) == 0);
	*byte = good;
}

static uint64_t *word_of(struct fixture *f, unsigned order)
{
	return buddy_tree(&f->b, &f->b.region[0], order)->words;
}

KTEST(buddy, validate_sees_each_kind_of_damage)
{
	struct fixture *f = make(BASE, 256, 10);
	struct buddy *b = &f->b;

	EXPECT_EQ(take_exactly(b, 5), BASE); /* free: 5 at 32, 6 at 64, 7 at 128 */
	expect_broken(f, &b->region[0].size, 8, "I1");
	expect_broken(f, (uint8_t *)&b->region[0].size + 1, 0, "I1");
	expect_broken(f, &b->region[0].norders, 9, "I1");
	expect_broken(f, &b->nregions, 33, "I1");
	uintptr_t base = b->region[0].base;
	b->region[0].base = 0;
	EXPECT_STR(buddy_validate(b), "I1: a region has no memory or no table");
	b->region[0].base = base;
	expect_broken(f, &b->max_order, 32, "I1");
	expect_broken(f, word_of(f, 4), 1 << 2, "I3");
	expect_broken(f, word_of(f, 4), 1, "I5");
	expect_broken(f, word_of(f, 4), 3, "I4");
	expect_broken(f, word_of(f, 5), 0, "I5");
	expect_broken(f, word_of(f, 8), 2, "I2");
	expect_broken(f, &b->where[5], 0, "I5");
	expect_broken(f, &b->where[4], 1, "I5");
	expect_broken(f, &b->nonempty, 0, "I5");
	expect_broken(f, &b->total_bytes, 1, "I6");
	expect_broken(f, &b->free_bytes, 1, "I6");
	b->region[1] = b->region[0];
	b->nregions = 2;
	EXPECT_STR(buddy_validate(b), "I1: two regions overlap");
	b->region[1].base += 1 << 20;
	b->region[2] = b->region[1];
	b->nregions = 3;
	EXPECT_STR(buddy_validate(b), "I1: two regions overlap");
	b->nregions = 1;
	REQUIRE_VALID(buddy_validate(b));
}

/* ---- at random --------------------------------------------------------------------------- */

/* Against a plain map of who owns each granule: 0 nobody, else the block's number. */
static void random_rounds(struct fixture *f, unsigned rounds)
{
	size_t unit = buddy_bytes(f->b.granule_order);
	size_t granules = f->b.total_bytes / unit;
	uint16_t *owner = ktest_alloc(granules * sizeof(*owner), 8);
	struct buddy_block block[96] = { 0 };
	size_t live = 0;

	memset(owner, 0, granules * sizeof(*owner));
	for (unsigned round = 0; round < rounds; round++) {
		size_t i = ktest_below(ARRAY_SIZE(block));
		size_t largest = buddy_largest_free(&f->b);
		bool taking = block[i].start == 0;

		if (taking) {
			block[i].order =
				f->b.granule_order + (unsigned)ktest_below(1 + ktest_below(9));
			block[i].start = take_exactly(&f->b, block[i].order);
			EXPECT_EQ(block[i].start != 0, buddy_bytes(block[i].order) <= largest);
		} else {
			EXPECT_EQ(free_at(&f->b, block[i].start, block[i].order), ACRE_OK);
		}
		REQUIRE_VALID(buddy_validate(&f->b));
		if (block[i].start == 0)
			continue;
		size_t bytes = buddy_bytes(block[i].order);
		size_t first = (block[i].start - f->b.region[0].base) / unit;
		for (size_t g = first; g < first + bytes / unit; g++) {
			REQUIRE_EQ(owner[g], taking ? 0 : i + 1);
			owner[g] = taking ? (uint16_t)(i + 1) : 0;
		}
		live = taking ? live + bytes : live - bytes;
		if (!taking)
			block[i].start = 0;
		EXPECT_EQ(f->b.total_bytes - f->b.free_bytes, live);
	}
}

KTEST(buddy, agrees_with_a_map_of_owners)
{
	random_rounds(make(BASE, 16 << 10, 31), 600);
	random_rounds(make(BASE + 1001, (16 << 10) + 123, 31), 600);
	random_rounds(make(BASE + 16, 8 << 10, 9), 600);
	random_rounds(make_with(9, BASE + 4096, 512 << 10, 31), 600);
}
