/* SPDX-License-Identifier: MIT */
/* memmap_validate_test.c (cases) - a map broken on purpose is called broken, by the right sentence. */
#include "lib/string.h"
#include "mm/map/memmap.h"
#include "tests/support/ktest.h"
#include "tests/support/map_room.h"

/*
 *	bank       |=========node 0=========|        |==node 1==|==node 2==|
 *	reserved           |dtb|                     |k|
 *	region     |.usable|dtb|s|..usable..|        |k|s|usable|..usable..|
 *	index       0       1   2 3                   4 5 6      7
 */
static void make_good(struct memmap *map)
{
	empty_map(map);
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x10000, 0x20000 }, 0, "a"), ACRE_OK);
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x30000, 0x34000 }, 1, "b"), ACRE_OK);
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x34000, 0x38000 }, 2, "c"), ACRE_OK);
	REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ 0x14000, 0x14800 }, MEMMAP_DTB, "dtb"),
		   ACRE_OK);
	REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ 0x30000, 0x30010 }, MEMMAP_KERNEL, "k"),
		   ACRE_OK);
	REQUIRE_EQ(memmap_resolve(map), ACRE_OK);
	REQUIRE_VALID(memmap_validate(map));
	REQUIRE_EQ(map->nregions, 8);
}

/* The map is broken, @sentence says how; then make it good for the next one. */
static void expect_broken(struct memmap *map, const char *sentence)
{
	EXPECT_STR(memmap_validate(map), sentence);
	make_good(map);
}

KTEST(memmap_validate, names_the_broken_invariant)
{
	struct memmap *map = new_map();

	make_good(map);
	map->bank[1].range.end = 0x30000;
	expect_broken(map, "I1: a bank is empty");
	map->bank[2].range.end = ACRE_PADDR_LIMIT + 1;
	expect_broken(map, "I1: a bank ends past the greatest physical address");
	map->bank[1].range.start = 0x1f000;
	expect_broken(map, "I1: banks are out of order or overlap");
	map->bank[2].numa_node = 1;
	expect_broken(map, "I1: two banks of one node touch");
	map->bank[1].range.end = 0x33fff;
	expect_broken(map, "I2: declared memory is in no bank");
	map->nbanks = 2;
	expect_broken(map, "I2: declared memory is in no bank");
	map->bank[0].range.end = 0x20001;
	expect_broken(map, "I2: a bank has memory that is not declared");
	map->region[1].range.end = 0x14000;
	expect_broken(map, "I3: a region is empty");
	map->region[1].kind = MEMMAP_KIND_COUNT;
	expect_broken(map, "I3: a region is of no known kind");
	map->region[3].name = NULL;
	expect_broken(map, "I3: a region has no name");
	map->region[2].range.start = 0x14400;
	expect_broken(map, "I3: regions are out of order or overlap");
	map->region[1].range.start = 0x13fff;
	expect_broken(map, "I3: regions are out of order or overlap");
	map->region[7].bank = 3;
	expect_broken(map, "I4: a region is in a bank that does not exist");
	map->region[7].bank = 1;
	expect_broken(map, "I4: a region is not inside its bank");
	map->region[3].range.end = 0x20001;
	expect_broken(map, "I4: a region is not inside its bank");
	map->region[0].range.start = 0xf000;
	expect_broken(map, "I4: a region is not inside its bank");
	map->region[7].numa_node = 0;
	expect_broken(map, "I4: a region has not the node of its bank");
	map->region[2].range.start = 0x14801;
	expect_broken(map, "I5: memory of a bank is in no region");
	map->nregions = 7;
	expect_broken(map, "I5: the bytes of all kinds are not the bytes of RAM");
	map->region[0].range.start = 0x11000;
	expect_broken(map, "I5: the bytes of all kinds are not the bytes of RAM");
	map->region[0].range.start = 0x10001;
	expect_broken(map, "I6: a usable region is not made of whole frames");
	map->region[3].kind = MEMMAP_SLACK;
	expect_broken(map, "I7: a whole frame is lost as rounding slack");
	map->region[4].kind = MEMMAP_SLACK;
	map->region[4].name = "";
	expect_broken(map, "I8: two regions of one kind and name touch");
	map->region[1].kind = MEMMAP_RESERVED;
	expect_broken(map, "I9: reserved memory is in a less restrictive region");
	map->nregions = map->max_regions + 1;
	expect_broken(map, "I10: a count is past the end of its table");
	map->nbanks = map->max_banks + 1;
	expect_broken(map, "I10: a count is past the end of its table");
	map->resolved = false;
	expect_broken(map, "the map is not resolved");
}
