/* SPDX-License-Identifier: MIT */
/* Cases for mm/buddy: white-box where a table byte or a link has to be damaged. */
#include "mm/heap/buddy.h"

#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/heap/buddy_internal.h"
#include "tests/support/ktest.h"

/* An instance over @size bytes that start @offset behind a multiple of @align. */
struct fixture {
	struct buddy b;
	uint8_t *memory;
	uint8_t *table;
	size_t size;
};

static struct fixture *make(size_t size, size_t align, size_t offset, unsigned max_order)
{
	struct fixture *f = ktest_alloc(sizeof(*f), 16);

	f->size = size;
	f->memory = (uint8_t *)ktest_alloc(size + offset, align) + offset;
	f->table = ktest_alloc(BUDDY_TABLE_SIZE(size), 8);
	buddy_init(&f->b, max_order);
	REQUIRE_EQ(buddy_add_region(&f->b, f->memory, size, f->table, BUDDY_TABLE_SIZE(size)),
		   ACRE_OK);
	REQUIRE_VALID(buddy_validate(&f->b));
	return f;
}

/* Byte for byte, padding as well: both sides were copied with it. */
static bool same_bytes(const void *a, const void *b, size_t size)
{
	return memcmp(a, b, size) == 0;
}

/* All that a refused call must leave alone. */
struct snapshot {
	struct buddy b;
	uint8_t *table;
	uint8_t *memory;
};

static struct snapshot *take_snapshot(const struct fixture *f)
{
	struct snapshot *s = ktest_alloc(sizeof(*s), 16);

	s->table = ktest_alloc(BUDDY_TABLE_SIZE(f->size), 8);
	s->memory = ktest_alloc(f->size, 8);
	memcpy(&s->b, &f->b, sizeof(s->b));
	memcpy(s->table, f->table, BUDDY_TABLE_SIZE(f->size));
	memcpy(s->memory, f->memory, f->size);
	return s;
}

static bool same(const struct snapshot *s, const struct fixture *f)
{
	return same_bytes(&s->b, &f->b, sizeof(s->b)) &&
	       same_bytes(s->table, f->table, BUDDY_TABLE_SIZE(f->size)) &&
	       same_bytes(s->memory, f->memory, f->size);
}

/* Free the block that starts at @ptr, if one does; what buddy_live() said. */
static enum acre_status free_at(struct buddy *b, void *ptr)
{
	struct buddy_block block;
	enum acre_status status = buddy_live(b, ptr, &block);

	if (status == ACRE_OK)
		buddy_release(b, &block);
	return status;
}

/* ---- regions ----------------------------------------------------------------------------- */

KTEST(buddy, a_zeroed_instance_refuses_everything)
{
	struct buddy *b = ktest_alloc(sizeof(*b), 16);
	struct buddy_block block;
	uint8_t memory[64];
	uint8_t table[4];

	memset(b, 0, sizeof(*b));
	EXPECT(buddy_alloc(b, 4, 0) == NULL);
	EXPECT_EQ(free_at(b, memory), ACRE_ERR_RANGE);
	EXPECT_EQ(buddy_block_of(b, memory, &block), ACRE_ERR_RANGE);
	EXPECT_EQ(buddy_add_region(b, memory, sizeof(memory), table, sizeof(table)),
		  ACRE_ERR_INVALID);
	EXPECT_EQ(buddy_largest_free(b), 0);
	REQUIRE_VALID(buddy_validate(b));
}

static void init_with_order(void *arg)
{
	struct buddy b;

	buddy_init(&b, *(unsigned *)arg);
}

KTEST(buddy, orders_outside_4_to_31_panic)
{
	unsigned low = 3, high = 32;

	EXPECT(ktest_panics(init_with_order, &low));
	EXPECT_STR(ktest_panic_message(), "buddy_init: order 3 is not in 4..31");
	EXPECT(ktest_panics(init_with_order, &high));
	EXPECT_STR(ktest_panic_message(), "buddy_init: order 32 is not in 4..31");
}

/* Every base and every size over a few granules: what is managed is what lies inside. */
KTEST(buddy, rounds_any_region_inward)
{
	struct buddy *b = ktest_alloc(sizeof(*b), 16);
	uint8_t *memory = ktest_alloc(256, 256);
	uint8_t table[16];

	for (size_t offset = 0; offset < 20; offset++) {
		for (size_t size = 0; size <= 200; size += 1 + size / 40) {
			uintptr_t start = ((uintptr_t)memory + offset + 15) & ~(uintptr_t)15;
			uintptr_t end = ((uintptr_t)memory + offset + size) & ~(uintptr_t)15;
			size_t want = end > start ? end - start : 0;

			buddy_init(b, 31);
			enum acre_status s =
				buddy_add_region(b, memory + offset, size, table, sizeof(table));
			EXPECT_EQ(s, want != 0 ? ACRE_OK : ACRE_ERR_INVALID);
			EXPECT_EQ(b->total_bytes, want);
			EXPECT_EQ(b->free_bytes, want);
			if (want != 0)
				EXPECT_EQ((uintptr_t)b->region[0].base, start);
			REQUIRE_VALID(buddy_validate(b));
		}
	}
}

/*
 *	offset  +16   +32       +64              +128                  +256    +272
 *	         | 16  |   32    |      64        |        128          |  16   |
 */
KTEST(buddy, cuts_a_region_into_the_largest_aligned_blocks)
{
	struct fixture *f = make(256, 256, 16, 31);

	EXPECT_EQ(f->table[0], buddy_head_free(4));
	EXPECT_EQ(f->table[1], buddy_head_free(5));
	EXPECT_EQ(f->table[3], buddy_head_free(6));
	EXPECT_EQ(f->table[7], buddy_head_free(7));
	EXPECT_EQ(f->table[15], buddy_head_free(4));
	EXPECT_EQ(f->b.nonempty, 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7);
	EXPECT_EQ(buddy_largest_free(&f->b), 128);
}

KTEST(buddy, refuses_regions_that_overlap)
{
	uint8_t *memory = ktest_alloc(1024, 1024);
	uint8_t *table = ktest_alloc(64, 16);
	uint8_t *other = ktest_alloc(64, 16);
	struct buddy *b = ktest_alloc(sizeof(*b), 16);
	struct buddy *before = ktest_alloc(sizeof(*before), 16);

	buddy_init(b, 31);
	REQUIRE_EQ(buddy_add_region(b, memory + 256, 512, table, 32), ACRE_OK);
	memset(other, 0xa5, 64);
	memcpy(before, b, sizeof(*b));

	/* memory and memory: the same, inside, around, from below, from above, by one granule */
	EXPECT_EQ(buddy_add_region(b, memory + 256, 512, other, 64), ACRE_ERR_OVERLAP);
	EXPECT_EQ(buddy_add_region(b, memory + 400, 32, other, 64), ACRE_ERR_OVERLAP);
	EXPECT_EQ(buddy_add_region(b, memory, 1024, other, 64), ACRE_ERR_OVERLAP);
	EXPECT_EQ(buddy_add_region(b, memory, 272, other, 64), ACRE_ERR_OVERLAP);
	EXPECT_EQ(buddy_add_region(b, memory + 752, 272, other, 64), ACRE_ERR_OVERLAP);
	/* memory and a table in use, a table and a table in use, a table and memory of both */
	EXPECT_EQ(buddy_add_region(b, table, 32, other, 64), ACRE_ERR_OVERLAP);
	EXPECT_EQ(buddy_add_region(b, memory, 256, table + 31, 16), ACRE_ERR_OVERLAP);
	EXPECT_EQ(buddy_add_region(b, memory, 256, memory + 767, 16), ACRE_ERR_OVERLAP);
	EXPECT_EQ(buddy_add_region(b, memory, 256, memory + 255, 16), ACRE_ERR_OVERLAP);

	EXPECT(same_bytes(before, b, sizeof(*b)));
	for (size_t i = 0; i < 64; i++)
		EXPECT_EQ(other[i], 0xa5);
	REQUIRE_VALID(buddy_validate(b));
	/* What only touches is welcome. */
	EXPECT_EQ(buddy_add_region(b, memory, 256, other, 16), ACRE_OK);
	EXPECT_EQ(buddy_add_region(b, memory + 768, 256, other + 16, 16), ACRE_OK);
	REQUIRE_VALID(buddy_validate(b));
}

KTEST(buddy, refuses_a_table_that_is_missing_or_short)
{
	struct buddy *b = ktest_alloc(sizeof(*b), 16);
	uint8_t *memory = ktest_alloc(256, 16);
	uint8_t table[16];

	buddy_init(b, 31);
	EXPECT_EQ(buddy_add_region(b, memory, 256, NULL, 16), ACRE_ERR_INVALID);
	EXPECT_EQ(buddy_add_region(b, memory, 256, table, 15), ACRE_ERR_INVALID);
	EXPECT_EQ(b->nregions, 0);
	/* A misaligned base has a granule less, and needs an entry less. */
	EXPECT_EQ(buddy_add_region(b, memory + 1, 255, table, 15), ACRE_OK);
	REQUIRE_VALID(buddy_validate(b));
}

KTEST(buddy, refuses_regions_that_wrap_or_hold_address_0)
{
	struct buddy *b = ktest_alloc(sizeof(*b), 16);
	uint8_t *memory = ktest_alloc(256, 16);
	uint8_t table[16];

	buddy_init(b, 31);
	EXPECT_EQ(buddy_add_region(b, memory, SIZE_MAX, table, sizeof(table)), ACRE_ERR_OVERFLOW);
	EXPECT_EQ(buddy_add_region(b, memory, SIZE_MAX - (uintptr_t)memory + 1, table, 16),
		  ACRE_ERR_OVERFLOW);
	EXPECT_EQ(buddy_add_region(b, NULL, 256, table, sizeof(table)), ACRE_ERR_INVALID);
	EXPECT_EQ(buddy_add_region(b, (void *)(UINTPTR_MAX - 6), 3, table, 16), ACRE_ERR_OVERFLOW);
	EXPECT_EQ(buddy_add_region(b, memory, 256, (uint8_t *)(UINTPTR_MAX - 6), 16),
		  ACRE_ERR_OVERFLOW);
	EXPECT_EQ(b->nregions, 0);
}

/* Regions come in any order; each knows its blocks; the last one too many is refused. */
KTEST(buddy, takes_32_regions_in_any_order)
{
	struct buddy *b = ktest_alloc(sizeof(*b), 16);
	uint8_t *memory = ktest_alloc((size_t)128 * 33, 128);
	uint8_t *table = ktest_alloc((size_t)8 * 33, 8);
	void *block[BUDDY_MAX_REGIONS];
	struct buddy_block found;

	buddy_init(b, 31);
	for (size_t i = 0; i < BUDDY_MAX_REGIONS; i++) {
		size_t at = i * 7 % 32; /* every one of them, mixed */
		REQUIRE_EQ(buddy_add_region(b, memory + at * 128, 64, table + at * 8, 8), ACRE_OK);
		REQUIRE_VALID(buddy_validate(b));
	}
	EXPECT_EQ(buddy_add_region(b, memory + (size_t)32 * 128, 64, table + (size_t)32 * 8, 8),
		  ACRE_ERR_FULL);
	for (size_t i = 0; i < BUDDY_MAX_REGIONS; i++) {
		block[i] = buddy_alloc(b, 6, 0);
		REQUIRE(block[i] != NULL);
		EXPECT_EQ(buddy_block_of(b, (uint8_t *)block[i] + 63, &found), ACRE_OK);
		EXPECT(found.start == block[i]);
		EXPECT_EQ(buddy_block_of(b, (uint8_t *)block[i] + 64, &found), ACRE_ERR_RANGE);
	}
	EXPECT(buddy_alloc(b, 4, 0) == NULL);
	for (size_t i = 0; i < BUDDY_MAX_REGIONS; i++) {
		EXPECT_EQ(free_at(b, block[i]), ACRE_OK);
		REQUIRE_VALID(buddy_validate(b));
	}
	EXPECT_EQ(b->free_bytes, 32 * 64);
}

KTEST(buddy, never_merges_across_regions_that_touch)
{
	struct buddy *b = ktest_alloc(sizeof(*b), 16);
	uint8_t *memory = ktest_alloc(256, 256);
	uint8_t table[16];

	buddy_init(b, 31);
	REQUIRE_EQ(buddy_add_region(b, memory, 128, table, 8), ACRE_OK);
	REQUIRE_EQ(buddy_add_region(b, memory + 128, 128, table + 8, 8), ACRE_OK);
	void *x = buddy_alloc(b, 7, 0);
	void *y = buddy_alloc(b, 7, 0);
	EXPECT_EQ(free_at(b, x), ACRE_OK);
	EXPECT_EQ(free_at(b, y), ACRE_OK);
	EXPECT_EQ(buddy_largest_free(b), 128);
	REQUIRE_VALID(buddy_validate(b));
}

/* The table of a second region may come out of the first, but only out of a block in use. */
KTEST(buddy, a_table_may_be_a_live_block)
{
	struct fixture *f = make(256, 256, 0, 31);
	uint8_t *memory = ktest_alloc(1024, 16);

	uint8_t *table = buddy_alloc(&f->b, 6, 0);
	REQUIRE(table != NULL);
	EXPECT_EQ(buddy_add_region(&f->b, memory, 1024, table + 1, 64), ACRE_ERR_OVERLAP);
	EXPECT_EQ(buddy_add_region(&f->b, memory, 1024, table + 64, 64), ACRE_ERR_OVERLAP);
	EXPECT_EQ(buddy_add_region(&f->b, memory, 1024, table, 64), ACRE_OK);
	EXPECT_EQ(f->b.total_bytes, 256 + 1024);
	REQUIRE_VALID(buddy_validate(&f->b));
}

/* ---- taking and giving back -------------------------------------------------------------- */

KTEST(buddy, splits_down_and_merges_up_through_all_orders)
{
	struct fixture *f = make(4096, 4096, 0, 31);

	EXPECT_EQ(f->b.nonempty, 1u << 12);
	void *block = buddy_alloc(&f->b, 0, 0);
	EXPECT(block == f->memory);
	/* One buddy of each order stays behind. */
	EXPECT_EQ(f->b.nonempty, 0xff0);
	EXPECT_EQ(f->b.free_bytes, 4096 - 16);
	REQUIRE_VALID(buddy_validate(&f->b));
	EXPECT_EQ(free_at(&f->b, block), ACRE_OK);
	EXPECT_EQ(f->b.nonempty, 1u << 12);
	REQUIRE_VALID(buddy_validate(&f->b));
}

KTEST(buddy, hands_out_each_order_aligned_to_its_size)
{
	struct fixture *f = make(64 << 10, 4096, 48, 31);

	for (unsigned order = 0; order <= 15; order++) {
		uint8_t *block = buddy_alloc(&f->b, order, 0);
		size_t bytes = buddy_bytes(order < 4 ? 4 : order);
		if (block == NULL) {
			EXPECT(buddy_largest_free(&f->b) < bytes);
			continue;
		}
		EXPECT(is_aligned((uintptr_t)block, bytes));
		EXPECT(block >= f->memory && block + bytes <= f->memory + f->size);
		REQUIRE_VALID(buddy_validate(&f->b));
	}
	EXPECT(buddy_alloc(&f->b, 16, 0) == NULL);
	EXPECT(buddy_alloc(&f->b, 31, 0) == NULL);
	EXPECT(buddy_alloc(&f->b, 32, 0) == NULL);
	EXPECT(buddy_alloc(&f->b, UINT32_MAX, 0) == NULL);
	REQUIRE_VALID(buddy_validate(&f->b));
}

/* Two free buddies of the largest order are not merged, and neither is lost. */
KTEST(buddy, keeps_both_free_buddies_of_the_largest_order)
{
	struct fixture *f = make(1024, 1024, 0, 8);
	void *block[4];

	EXPECT_EQ(buddy_largest_free(&f->b), 256);
	EXPECT(buddy_alloc(&f->b, 9, 0) == NULL);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 4; i++) {
			block[i] = buddy_alloc(&f->b, 8, 0);
			REQUIRE(block[i] != NULL);
		}
		EXPECT(buddy_alloc(&f->b, 4, 0) == NULL);
		for (unsigned i = 0; i < 4; i++) {
			EXPECT_EQ(free_at(&f->b, block[i ^ round]), ACRE_OK);
			REQUIRE_VALID(buddy_validate(&f->b));
		}
		EXPECT_EQ(f->b.free_bytes, 1024);
	}
}

/* All orders in which 5 blocks can be freed: the last always leaves one block. */
static void free_in_order(struct fixture *f, const unsigned order[5], unsigned permutation)
{
	void *block[5];
	unsigned left = 5;

	for (unsigned i = 0; i < 5; i++) {
		block[i] = buddy_alloc(&f->b, order[i], 0);
		REQUIRE(block[i] != NULL);
	}
	for (; left > 0; permutation /= left, left--) {
		unsigned pick = permutation % left;
		EXPECT_EQ(free_at(&f->b, block[pick]), ACRE_OK);
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
	struct fixture *f = make(1024, 1024, 0, 31);

	for (unsigned i = 0; i < ARRAY_SIZE(orders); i++) {
		for (unsigned permutation = 0; permutation < 120; permutation++)
			free_in_order(f, orders[i], permutation);
	}
}

KTEST(buddy, exhausts_and_recovers)
{
	struct fixture *f = make(8192 + 100, 8192, 4, 31);
	size_t granules = f->b.total_bytes / 16;
	uint32_t nonempty = f->b.nonempty;
	void **block = ktest_alloc(granules * sizeof(*block), 8);

	for (size_t i = 0; i < granules; i++) {
		block[i] = buddy_alloc(&f->b, 4, 0);
		REQUIRE(block[i] != NULL);
	}
	EXPECT(buddy_alloc(&f->b, 4, 0) == NULL);
	EXPECT_EQ(f->b.free_bytes, 0);
	EXPECT_EQ(buddy_largest_free(&f->b), 0);
	REQUIRE_VALID(buddy_validate(&f->b));
	for (size_t left = granules; left > 0; left--) {
		size_t pick = ktest_below(left);
		EXPECT_EQ(free_at(&f->b, block[pick]), ACRE_OK);
		block[pick] = block[left - 1];
		REQUIRE_VALID(buddy_validate(&f->b));
	}
	EXPECT_EQ(f->b.free_bytes, f->b.total_bytes);
	EXPECT_EQ(f->b.nonempty, nonempty);
}

KTEST(buddy, keeps_a_tag_with_each_live_block)
{
	struct fixture *f = make(1024, 1024, 0, 31);
	struct buddy_block found;

	for (unsigned tag = 0; tag <= BUDDY_MAX_TAG; tag++) {
		void *block = buddy_alloc(&f->b, 5, tag);
		REQUIRE(block != NULL);
		EXPECT_EQ(buddy_live(&f->b, block, &found), ACRE_OK);
		EXPECT_EQ(found.tag, tag);
		EXPECT_EQ(found.order, 5);
		EXPECT(found.live);
		REQUIRE_VALID(buddy_validate(&f->b));
	}
}

/* ---- refusals and questions -------------------------------------------------------------- */

KTEST(buddy, refuses_every_address_that_is_no_live_block)
{
	struct fixture *f = make(512, 512, 0, 31);
	uint8_t *a = buddy_alloc(&f->b, 6, 0);
	uint8_t *b = buddy_alloc(&f->b, 7, 0);
	struct snapshot *s = take_snapshot(f);

	REQUIRE(a != NULL && b != NULL);
	for (size_t i = 0; i < 512; i++) {
		if (f->memory + i == a || f->memory + i == b)
			continue;
		EXPECT_EQ(free_at(&f->b, f->memory + i), ACRE_ERR_NOT_ALLOCATED);
		REQUIRE(same(s, f));
	}
	EXPECT_EQ(free_at(&f->b, f->memory + 512), ACRE_ERR_RANGE);
	EXPECT_EQ(free_at(&f->b, f->memory - 1), ACRE_ERR_RANGE);
	EXPECT_EQ(free_at(&f->b, NULL), ACRE_ERR_RANGE);
	EXPECT_EQ(free_at(&f->b, f), ACRE_ERR_RANGE);
	EXPECT(same(s, f));
	EXPECT_EQ(free_at(&f->b, a), ACRE_OK);
	EXPECT_EQ(free_at(&f->b, a), ACRE_ERR_NOT_ALLOCATED);
	REQUIRE_VALID(buddy_validate(&f->b));
}

/* The head found for each byte is that of the only block around it. */
KTEST(buddy, says_which_block_any_byte_belongs_to)
{
	struct fixture *f = make(4096 + 64, 4096, 32, 31);
	struct buddy_block found;

	for (unsigned i = 0; i < 12; i++)
		(void)!buddy_alloc(&f->b, 4 + (unsigned)ktest_below(6), 0);
	uint8_t *start = f->memory;
	while (start < f->memory + f->size) {
		REQUIRE_EQ(buddy_block_of(&f->b, start, &found), ACRE_OK);
		REQUIRE(found.start == start);
		unsigned order = found.order;
		uint8_t entry = f->table[(size_t)(start - f->memory) / 16];
		EXPECT_EQ(entry, found.live ? buddy_head_live(order, 0) : buddy_head_free(order));
		for (size_t i = 0; i < buddy_bytes(order); i++) {
			REQUIRE_EQ(buddy_block_of(&f->b, start + i, &found), ACRE_OK);
			REQUIRE(found.start == start && found.order == order);
		}
		start += buddy_bytes(order);
	}
	EXPECT(start == f->memory + f->size);
	EXPECT_EQ(buddy_block_of(&f->b, start, &found), ACRE_ERR_RANGE);
}

/* ---- resizing in place ------------------------------------------------------------------- */

KTEST(buddy, shrinks_in_place_to_every_order)
{
	struct fixture *f = make(4096, 4096, 0, 31);
	struct buddy_block block;

	for (unsigned from = 4; from <= 12; from++) {
		for (unsigned to = 4; to <= from; to++) {
			void *p = buddy_alloc(&f->b, from, 1);
			REQUIRE_EQ(buddy_live(&f->b, p, &block), ACRE_OK);
			EXPECT(buddy_resize(&f->b, &block, to, 2));
			REQUIRE_VALID(buddy_validate(&f->b));
			EXPECT_EQ(f->b.free_bytes, 4096 - buddy_bytes(to));
			REQUIRE_EQ(buddy_live(&f->b, p, &block), ACRE_OK);
			EXPECT_EQ(block.order, to);
			EXPECT_EQ(block.tag, 2);
			EXPECT_EQ(free_at(&f->b, p), ACRE_OK);
			EXPECT_EQ(f->b.nonempty, 1u << 12);
		}
	}
}

KTEST(buddy, grows_in_place_when_what_lies_above_is_free)
{
	struct fixture *f = make(4096, 4096, 0, 12);
	struct buddy_block block;

	for (unsigned from = 4; from <= 12; from++) {
		for (unsigned to = from; to <= 12; to++) {
			void *p = buddy_alloc(&f->b, from, 0);
			REQUIRE_EQ(buddy_live(&f->b, p, &block), ACRE_OK);
			EXPECT(buddy_resize(&f->b, &block, to, 0));
			REQUIRE_VALID(buddy_validate(&f->b));
			EXPECT_EQ(f->b.free_bytes, 4096 - buddy_bytes(to));
			EXPECT(!buddy_resize(&f->b, &block, 13, 0));
			EXPECT(!buddy_resize(&f->b, &block, 32, 0));
			EXPECT(to > 4 || buddy_resize(&f->b, &block, 0, 0)); /* 0 means 4 */
			EXPECT_EQ(free_at(&f->b, p), ACRE_OK);
		}
	}
}

KTEST(buddy, does_not_grow_over_a_live_block_nor_downward_nor_out_of_the_region)
{
	struct fixture *f = make(1024, 2048, 0, 31);
	struct buddy_block block;
	uint8_t *a = buddy_alloc(&f->b, 5, 0);
	uint8_t *b = buddy_alloc(&f->b, 5, 0);
	uint8_t *c = buddy_alloc(&f->b, 7, 0);
	struct snapshot *s = take_snapshot(f);

	REQUIRE(a == f->memory && b == a + 32 && c == a + 128);
	REQUIRE_EQ(buddy_live(&f->b, a, &block), ACRE_OK);
	EXPECT(!buddy_resize(&f->b, &block, 6, 0)); /* b lies there */
	REQUIRE_EQ(buddy_live(&f->b, b, &block), ACRE_OK);
	EXPECT(!buddy_resize(&f->b, &block, 6, 0)); /* b is an upper half */
	EXPECT(same(s, f));
	EXPECT_EQ(free_at(&f->b, b), ACRE_OK);
	REQUIRE_EQ(buddy_live(&f->b, a, &block), ACRE_OK);
	EXPECT(!buddy_resize(&f->b, &block, 8, 0)); /* orders 5 and 6 are free, then c */
	EXPECT_EQ(block.order, 5);
	REQUIRE_VALID(buddy_validate(&f->b));
	EXPECT(buddy_resize(&f->b, &block, 7, 0));
	EXPECT_EQ(free_at(&f->b, c), ACRE_OK);
	EXPECT(!buddy_resize(&f->b, &block, 11, 0)); /* the region ends at order 10 */
	EXPECT(buddy_resize(&f->b, &block, 10, 0));
	EXPECT_EQ(f->b.free_bytes, 0);
	REQUIRE_VALID(buddy_validate(&f->b));
}

/* ---- damage ------------------------------------------------------------------------------ */

static void alloc_granule(void *arg)
{
	(void)!buddy_alloc(arg, 4, 0);
}

struct block_of {
	struct buddy *b;
	void *block;
};

static void free_block(void *arg)
{
	struct block_of *of = arg;

	(void)!free_at(of->b, of->block);
}

/* Write into free memory: the next call that would use the links panics, for each wrong value. */
KTEST(buddy, panics_when_free_memory_was_written)
{
	struct fixture *f = make(256, 256, 0, 31);
	void *block[4];

	for (unsigned i = 0; i < 4; i++)
		block[i] = buddy_alloc(&f->b, 4, 0);
	EXPECT_EQ(free_at(&f->b, block[0]), ACRE_OK);
	EXPECT_EQ(free_at(&f->b, block[2]), ACRE_OK);
	struct buddy_link *first = block[2];
	struct buddy_link good = *first;
	const uintptr_t wrong[] = {
		1,  0xa5a5a5a5a5a5a5a5,  (uintptr_t)f, (uintptr_t)block[0] + 8,
		16, (uintptr_t)block[1], UINTPTR_MAX,  (uintptr_t)block[2],
	};
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		memcpy(&first->next, &wrong[i], sizeof(wrong[i]));
		EXPECT(ktest_panics(alloc_granule, &f->b));
		EXPECT(strncmp(ktest_panic_message(), "use after free: ", 16) == 0);
		EXPECT(buddy_validate(&f->b) != NULL);
		*first = good;
		memcpy(&first->prev, &wrong[i], sizeof(wrong[i]));
		EXPECT(ktest_panics(alloc_granule, &f->b));
		EXPECT(buddy_validate(&f->b) != NULL);
		*first = good;
		REQUIRE_VALID(buddy_validate(&f->b));
	}
	/* A block that is not the first, with prev = NULL: its buddy must not merge with it. */
	struct buddy_link *second = block[0];
	second->prev = NULL;
	struct block_of neighbour = { &f->b, block[1] };
	EXPECT(ktest_panics(free_block, &neighbour));
}

/* The instance itself overwritten, and a table without a head: no going on. */
static void ask_what_it_is(void *arg)
{
	struct block_of *of = arg;
	struct buddy_block found;

	(void)!buddy_block_of(of->b, of->block, &found);
}

KTEST(buddy, panics_when_the_instance_or_the_table_was_written)
{
	struct fixture *f = make(256, 512, 16, 31);
	struct block_of middle = { &f->b, f->memory + 100 };
	struct buddy_link *good = f->b.free[4];

	f->b.free[4] = (struct buddy_link *)(void *)f;
	EXPECT(ktest_panics(alloc_granule, &f->b));
	f->b.free[4] = good;
	REQUIRE_VALID(buddy_validate(&f->b));
	memset(f->table, BUDDY_INTERIOR, 16);
	EXPECT(ktest_panics(ask_what_it_is, &middle));
	EXPECT(strncmp(ktest_panic_message(), "the heap's table is damaged: ", 29) == 0);
}

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

KTEST(buddy, validate_sees_each_kind_of_damage)
{
	struct fixture *f = make(256, 256, 0, 10);
	void *a = buddy_alloc(&f->b, 5, 0); /* L5 . F5 . F6 . . . F7 ... */
	struct buddy *b = &f->b;

	REQUIRE(a == f->memory);
	expect_broken(f, &b->region[0].size, 8, "I1");
	expect_broken(f, (uint8_t *)&b->region[0].size + 1, 0, "I1");
	expect_broken(f, &b->nregions, 2, "I1");
	expect_broken(f, &b->nregions, 33, "I1");
	expect_broken(f, &b->max_order, 32, "I1");
	expect_broken(f, &f->table[0], 0, "I2");
	expect_broken(f, &f->table[1], buddy_head_free(4), "I2");
	expect_broken(f, &f->table[9], buddy_head_live(4, 0), "I2");
	for (unsigned i = 9; i < 16; i++) /* each of the odd entries at either end of the words */
		expect_broken(f, &f->table[i], 1, "I2");
	expect_broken(f, &f->table[8], buddy_head_free(8), "I3");
	expect_broken(f, &f->table[8], buddy_head_free(11), "I3");
	expect_broken(f, &f->table[8], buddy_head_free(3), "I3");
	expect_broken(f, &f->table[0], buddy_head_free(5), "I4");
	expect_broken(f, &f->table[0], buddy_head_live(6, 0), "I2");
	expect_broken(f, &f->table[8], buddy_head_live(7, 0), "I7");
	expect_broken(f, &b->nonempty, 0, "I6");
	expect_broken(f, &b->total_bytes, 1, "I7");
	expect_broken(f, &b->free_bytes, 1, "I7");
	expect_broken(f, &b->free[5], 0, "I5");
	b->free[3] = b->free[5];
	EXPECT_STR(buddy_validate(b), "I6: an order that does not exist has a list");
	b->free[3] = NULL;
	struct buddy_link *first = b->free[5];
	b->free[5] = NULL;
	b->nonempty &= ~(1u << 5);
	EXPECT_STR(buddy_validate(b), "I5: a free block is on no list");
	b->free[5] = first;
	b->nonempty |= 1u << 5;
	REQUIRE_VALID(buddy_validate(b));
	first->next = first;
	EXPECT_STR(buddy_validate(b), "I5: a free block does not link back");
	first->next = NULL;
	REQUIRE_VALID(buddy_validate(b));
}

KTEST(buddy, validate_sees_regions_and_blocks_that_run_into_each_other)
{
	struct fixture *f = make(192, 256, 0, 10); /* F7 ... F6 ... */
	struct buddy *b = &f->b;

	b->region[1] = b->region[0];
	b->nregions = 2;
	EXPECT_STR(buddy_validate(b), "I1: regions are not sorted and disjoint");
	b->nregions = 1;
	REQUIRE_VALID(buddy_validate(b));
	b->region[0].size = SIZE_MAX - 15;
	EXPECT_STR(buddy_validate(b), "I1: a region wraps");
	b->region[0].size = 192;
	f->table[8] = 0;
	f->table[0] = buddy_head_free(8);
	EXPECT_STR(buddy_validate(b), "I2: a block passes the end of its region");
	f->table[0] = buddy_head_free(7);
	f->table[8] = buddy_head_free(6);
	REQUIRE_VALID(buddy_validate(b));
}

/* ---- at random --------------------------------------------------------------------------- */

/* Against a plain map of who owns each granule: 0 nobody, else the block's number. */
static void random_rounds(struct fixture *f, unsigned rounds)
{
	size_t granules = f->size / 16;
	uint16_t *owner = ktest_alloc(granules * sizeof(*owner), 8);
	void *block[96] = { 0 };
	size_t bytes[96];
	size_t live = 0;

	memset(owner, 0, granules * sizeof(*owner));
	for (unsigned round = 0; round < rounds; round++) {
		size_t i = ktest_below(ARRAY_SIZE(block));
		size_t largest = buddy_largest_free(&f->b);
		bool taking = block[i] == NULL;
		unsigned order = 4 + (unsigned)ktest_below(1 + ktest_below(9));

		if (taking) {
			block[i] = buddy_alloc(&f->b, order, 0);
			bytes[i] = buddy_bytes(order);
			EXPECT_EQ(block[i] != NULL, bytes[i] <= largest);
		} else {
			EXPECT_EQ(free_at(&f->b, block[i]), ACRE_OK);
		}
		REQUIRE_VALID(buddy_validate(&f->b));
		if (block[i] == NULL)
			continue;
		size_t first = (size_t)((uint8_t *)block[i] - f->b.region[0].base) / 16;
		for (size_t g = first; g < first + bytes[i] / 16; g++) {
			REQUIRE_EQ(owner[g], taking ? 0 : i + 1);
			owner[g] = taking ? (uint16_t)(i + 1) : 0;
		}
		live = taking ? live + bytes[i] : live - bytes[i];
		if (!taking)
			block[i] = NULL;
		EXPECT_EQ(f->b.total_bytes - f->b.free_bytes, live);
	}
}

KTEST(buddy, agrees_with_a_map_of_owners)
{
	random_rounds(make(16 << 10, 16 << 10, 0, 31), 600);
	random_rounds(make((16 << 10) + 123, 4096, 1001, 31), 600);
	random_rounds(make(8 << 10, 8 << 10, 16, 9), 600);
}
