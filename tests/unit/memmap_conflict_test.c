/* SPDX-License-Identifier: MIT */
/* Bytes with two owners: who has them, who claims them too. */
#include "lib/compiler.h"
#include "mm/map/memmap.h"
#include "tests/support/ktest.h"
#include "tests/support/map_room.h"

/* RAM in frames 0 to 15 and 32 to 47. */
static void begin_again(struct memmap *map)
{
	empty_map(map);
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0, 0x10000 }, 0, "a"), ACRE_OK);
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x20000, 0x30000 }, 0, "b"), ACRE_OK);
}

static struct memmap *two_pieces(void)
{
	struct memmap *map = new_map();

	begin_again(map);
	return map;
}

static void reserve(struct memmap *map, acre_paddr_t start, acre_paddr_t end, enum memmap_kind kind,
		    const char *name)
{
	REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ start, end }, kind, name), ACRE_OK);
}

/* The next one, a walk that begins with @cursor zero; at the end @start is @end. */
static void expect(const struct memmap *map, struct memmap_outside_cursor *cursor,
		   acre_paddr_t start, acre_paddr_t end, const char *winner, const char *loser)
{
	struct memmap_conflict conflict;

	REQUIRE(memmap_next_conflict(map, cursor, &conflict));
	EXPECT_EQ(conflict.range.start, start);
	EXPECT_EQ(conflict.range.end, end);
	EXPECT_STR(conflict.winner->name, winner);
	EXPECT_STR(conflict.loser->name, loser);
}

static void expect_no_more(const struct memmap *map, struct memmap_outside_cursor *cursor)
{
	struct memmap_conflict conflict;

	EXPECT(!memmap_next_conflict(map, cursor, &conflict));
	EXPECT(!memmap_next_conflict(map, cursor, &conflict));
}

/*
 *	low       |=============|          |==========|
 *	high           |===|                    |==========|
 *	first          |-------------|
 */
KTEST(memmap_conflict, each_part_that_another_has_is_told_to_the_byte)
{
	struct memmap *map = two_pieces();
	struct memmap_outside_cursor cursor = { 0 };

	reserve(map, 0x1000, 0x5001, MEMMAP_RESERVED, "low");
	reserve(map, 0x2003, 0x3000, MEMMAP_NO_MAP, "high");
	reserve(map, 0x2003, 0x7000, MEMMAP_RESERVED, "second");
	reserve(map, 0x8000, 0xa000, MEMMAP_INITRD, "initrd");
	reserve(map, 0x9000, 0xb000, MEMMAP_DTB, "tree");
	REQUIRE_EQ(memmap_resolve(map), ACRE_OK);
	expect(map, &cursor, 0x2003, 0x3000, "high", "low");
	expect(map, &cursor, 0x2003, 0x3000, "high", "second");
	expect(map, &cursor, 0x3000, 0x5001, "low", "second");
	expect(map, &cursor, 0x9000, 0xa000, "tree", "initrd");
	expect_no_more(map, &cursor);
}

KTEST(memmap_conflict, one_owner_on_both_sides_of_a_hole_is_told_twice)
{
	struct memmap *map = two_pieces();
	struct memmap_outside_cursor cursor = { 0 };

	reserve(map, 0xf000, 0x21000, MEMMAP_RESERVED, "long");
	reserve(map, 0xe000, 0x20800, MEMMAP_NO_MAP, "longer");
	REQUIRE_EQ(memmap_resolve(map), ACRE_OK);
	expect(map, &cursor, 0xf000, 0x10000, "longer", "long");
	expect(map, &cursor, 0x20000, 0x20800, "longer", "long");
	expect_no_more(map, &cursor);
}

KTEST(memmap_conflict, what_describes_the_same_is_none)
{
	struct memmap *map = two_pieces();
	struct memmap_outside_cursor cursor = { 0 };

	reserve(map, 0, 0x1000, MEMMAP_FIRMWARE, "mmode_resv0");
	reserve(map, 0, 0x3000, MEMMAP_NO_MAP, "boot"); /* around it */
	reserve(map, 0x800, 0x900, MEMMAP_RESERVED, "inside");
	reserve(map, 0x4000, 0x5000, MEMMAP_KERNEL, "text");
	reserve(map, 0x4000, 0x8000, MEMMAP_KERNEL, "padding");
	reserve(map, 0x9000, 0xa000, MEMMAP_MEMRESERVE, "/memreserve/");
	reserve(map, 0x9000, 0xb000, MEMMAP_INITRD, "initrd");
	reserve(map, 0xc000, 0xd000, MEMMAP_RESERVED, "twice");
	reserve(map, 0xc000, 0xe000, MEMMAP_RESERVED, "twice");
	reserve(map, 0x20000, 0x21000, MEMMAP_RESERVED, "kept");
	reserve(map, 0x20000, 0x30000, MEMMAP_LEFT_OUT, "mem=");
	reserve(map, 0x22000, 0x23000, MEMMAP_LEFT_OUT, "range");
	reserve(map, 0x22000, 0x24000, MEMMAP_REUSABLE, "cma");
	REQUIRE_EQ(memmap_resolve(map), ACRE_OK);
	expect(map, &cursor, 0x800, 0x900, "boot", "inside");
	expect_no_more(map, &cursor);
}

/*
 *	first               |==============|
 *	node        |==============|
 *	node            |===============|
 *	firmware |--------------------|
 */
KTEST(memmap_conflict, firmware_that_overlaps_in_part_with_any_pair_of_a_node_is_one)
{
	struct memmap *map = two_pieces();
	struct memmap_outside_cursor cursor = { 0 };

	reserve(map, 0x3000, 0x8000, MEMMAP_NO_MAP, "first");
	reserve(map, 0x1000, 0x5000, MEMMAP_NO_MAP, "node");
	reserve(map, 0x2000, 0x7000, MEMMAP_NO_MAP, "node");
	reserve(map, 0, 0x6000, MEMMAP_FIRMWARE, "mmode_resv0");
	REQUIRE_EQ(memmap_resolve(map), ACRE_OK);
	expect(map, &cursor, 0x3000, 0x5000, "first", "node");
	expect(map, &cursor, 0x3000, 0x7000, "first", "node");
	expect(map, &cursor, 0x1000, 0x3000, "node", "mmode_resv0");
	expect(map, &cursor, 0x3000, 0x6000, "first", "mmode_resv0");
	expect_no_more(map, &cursor);
}

KTEST(memmap_conflict, firmware_that_overlaps_in_part_is_one)
{
	struct memmap *map = two_pieces();
	struct memmap_outside_cursor cursor = { 0 };

	reserve(map, 0, 0x2000, MEMMAP_FIRMWARE, "mmode_resv0");
	reserve(map, 0x1000, 0x3000, MEMMAP_RESERVED, "buffer");
	reserve(map, 0x5000, 0x9000, MEMMAP_KERNEL, "kernel");
	reserve(map, 0x4000, 0xa000, MEMMAP_FIRMWARE, "mmode_resv1");
	REQUIRE_EQ(memmap_resolve(map), ACRE_OK);
	expect(map, &cursor, 0x1000, 0x2000, "mmode_resv0", "buffer");
	expect(map, &cursor, 0x5000, 0x9000, "mmode_resv1", "kernel");
	expect_no_more(map, &cursor);
}

/* Painted frame by frame: each frame of a reservation that has another owner is in one conflict. */
KTEST(memmap_conflict, agrees_with_a_walk_over_all_frames)
{
	static const char *const name[] = { "a", "b", "c", "d", "e", "f" };
	static const enum memmap_kind kinds[] = { MEMMAP_RESERVED, MEMMAP_REUSABLE, MEMMAP_NO_MAP };

	struct memmap *map = new_map();

	for (unsigned round = 0; round < 200; round++) {
		struct memmap_outside_cursor cursor = { 0 };
		struct memmap_conflict conflict;
		uint64_t told = 0;
		uint64_t wanted = 0;

		begin_again(map);
		for (unsigned i = 0; i < ARRAY_SIZE(name); i++) {
			const acre_paddr_t start = ktest_below(48) * 4096;
			reserve(map, start, start + ktest_below(16) * 4096,
				kinds[ktest_below(ARRAY_SIZE(kinds))], name[i]);
		}
		REQUIRE_EQ(memmap_resolve(map), ACRE_OK);
		while (memmap_next_conflict(map, &cursor, &conflict))
			told += acre_range_size(conflict.range);
		for (uint32_t i = 0; i < map->nreservations; i++) {
			const struct memmap_region *r = &map->reservation[i];
			for (acre_paddr_t at = r->range.start; at < r->range.end; at += 4096) {
				const struct memmap_region *owner = memmap_find(map, at);
				wanted += owner != NULL && owner->name != r->name ? 4096 : 0;
			}
		}
		REQUIRE_EQ(told, wanted);
	}
}
