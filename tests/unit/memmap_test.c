/* SPDX-License-Identifier: MIT */
/*
 * memmap_test.c (cases) - the region algebra, drawn. A column of a picture is 1 KiB, so four are a
 * frame; every picture is tried at address 0, in the middle and at the very end of the address
 * space.
 */
#include "mm/map/memmap.h"

#include "lib/compiler.h"
#include "lib/string.h"
#include "tests/support/ktest.h"
#include "tests/support/map_room.h"

#define COLUMN   1024ull
#define COLUMNS  32u
#define MAX_LINE 5u

/* A letter for each kind, in the order of enum memmap_kind; '.' is no RAM. */
static const char letters[MEMMAP_KIND_COUNT + 1] = "+-Mulovridkfn";

/* What is drawn and what must come out: a digit is RAM of that node, a letter a reservation. */
struct picture {
	const char *what;
	const char *bank[MAX_LINE];
	const char *reserved[MAX_LINE];
	const char *want;
};

static const struct picture pictures[] = {
	{ "nothing reserved",
	  { "00000000000000000000000000000000" },
	  { NULL },
	  "++++++++++++++++++++++++++++++++" },
	{ "no memory",
	  { NULL },
	  { "....rrrr........................" },
	  "................................" },
	{ "memory is rounded inward",
	  { "...0000000000000000000000000...." },
	  { NULL },
	  "...-++++++++++++++++++++++++...." },
	{ "a bank without a whole frame",
	  { ".000000.........................", "..........0.....................",
	    "...............000..............", ".....................000000....." },
	  { NULL },
	  ".------...-....---...------....." },
	{ "banks that share a frame and do not touch",
	  { "000000..........................", ".......000000000................" },
	  { NULL },
	  "++++--.-++++++++................" },
	{ "banks that share a frame and touch are one",
	  { "000000..........................", "......0000000000................" },
	  { NULL },
	  "++++++++++++++++................" },
	{ "banks of different nodes that share a frame",
	  { "000000..........................", "......1111111111................" },
	  { NULL },
	  "++++----++++++++................" },
	{ "banks in reverse order",
	  { ".........................1111111", "............000000000000........",
	    "00000000........................" },
	  { NULL },
	  "++++++++....++++++++++++.---++++" },
	{ "the same bank twice",
	  { "....00000000000.................", "....00000000000................." },
	  { NULL },
	  "....++++++++---................." },
	{ "banks overlap",
	  { "....00000000000.................", "..........000000000000.........." },
	  { NULL },
	  "....++++++++++++++++--.........." },
	{ "bank inside bank",
	  { "0000000000000000000000..........", "......0000......................" },
	  { NULL },
	  "++++++++++++++++++++--.........." },
	{ "a bank of another node, added first, cuts the one around it",
	  { "......1111111...................", "0000000000000000000000.........." },
	  { NULL },
	  "++++----++++----++++--.........." },
	{ "reservation in the middle, aligned",
	  { "00000000000000000000000000000000" },
	  { "........rrrrrrrr................" },
	  "++++++++rrrrrrrr++++++++++++++++" },
	{ "reservations are rounded outward",
	  { "00000000000000000000000000000000" },
	  { ".........rrrrrrrr..............." },
	  "++++++++-rrrrrrrr---++++++++++++" },
	{ "reservation inside one frame",
	  { "00000000000000000000000000000000" },
	  { ".........r......................" },
	  "++++++++-r--++++++++++++++++++++" },
	{ "at the start, at the end",
	  { "00000000000000000000000000000000" },
	  { "rrrrr...........................", "..............................rr" },
	  "rrrrr---++++++++++++++++++++--rr" },
	{ "everything",
	  { "..0000000000000000000000........" },
	  { "dddddddddddddddddddddddddddddddd" },
	  "..dddddddddddddddddddddd........" },
	{ "exactly the bank",
	  { "..0000000000000000000000........" },
	  { "..dddddddddddddddddddddd........" },
	  "..dddddddddddddddddddddd........" },
	{ "two that touch",
	  { "00000000000000000000000000000000" },
	  { "......rrrr......................", "..........dddd.................." },
	  "++++--rrrrdddd--++++++++++++++++" },
	{ "two of a kind that touch are one",
	  { "00000000000000000000000000000000" },
	  { "......rrrr......................", "..........rrrr.................." },
	  "++++--rrrrrrrr--++++++++++++++++" },
	{ "two in one frame",
	  { "00000000000000000000000000000000" },
	  { "........r.......................", "..........d....................." },
	  "++++++++r-d-++++++++++++++++++++" },
	{ "two that leave less than a frame between them",
	  { "00000000000000000000000000000000" },
	  { ".....rrrr.......................", "...............ddd.............." },
	  "++++-rrrr------ddd--++++++++++++" },
	{ "two that leave just a frame between them",
	  { "00000000000000000000000000000000" },
	  { ".....rrr........................", "............dddd................" },
	  "++++-rrr++++dddd++++++++++++++++" },
	{ "overlap: the more restrictive wins, whichever came first",
	  { "00000000000000000000000000000000" },
	  { "....rrrrrrrr....................", "........nnnnnnnn................",
	    "............rrrrrrrr............" },
	  "++++rrrrnnnnnnnnrrrr++++++++++++" },
	{ "nested, the inner one stronger",
	  { "00000000000000000000000000000000" },
	  { "....rrrrrrrrrrrrrrrr............", "........ffff...................." },
	  "++++rrrrffffrrrrrrrr++++++++++++" },
	{ "nested, the outer one stronger",
	  { "00000000000000000000000000000000" },
	  { "........rrrr....................", "....ffffffffffffffff............" },
	  "++++ffffffffffffffff++++++++++++" },
	{ "identical",
	  { "00000000000000000000000000000000" },
	  { "....iiiiiiii....................", "....kkkkkkkk....................",
	    "....uuuuuuuu...................." },
	  "++++kkkkkkkk++++++++++++++++++++" },
	{ "five deep",
	  { "00000000000000000000000000000000" },
	  { "..uuuuuuuuuuuuuuuuuuuuuuuuuu....", "....rrrrrrrrrrrrrrrrrrrrrr......",
	    ".......ddddddddddddddd..........", ".........ffffffffff.............",
	    "............nnn................." },
	  "--uurrrddfffnnnffffdddrrrruu++++" },
	{ "one end in common",
	  { "00000000000000000000000000000000" },
	  { "....rrrrrrrr....................", "....ffff........................",
	    "................ffff............", "............rrrrrrrr............" },
	  "++++ffffrrrrrrrrffff++++++++++++" },
	{ "across two banks and the hole between them",
	  { "00000000000.....................", "...............00000000000000000" },
	  { ".........rrrrrrrrr.............." },
	  "++++++++-rr....rrr--++++++++++++" },
	{ "across three banks",
	  { "00000000........................", "..........1111..................",
	    "................0000000000000000" },
	  { "......dddddddddddd.............." },
	  "++++--dd..dddd..dd--++++++++++++" },
	{ "across the border of two nodes",
	  { "0000000000000000................", "................1111111111111111" },
	  { "..............dddd.............." },
	  "++++++++++++--dddd--++++++++++++" },
	{ "wholly in a hole, and touching RAM from outside",
	  { "00000000........................", "................0000000000000000" },
	  { "..........rrrr..................", "........d.......................",
	    "...............k................" },
	  "++++++++........++++++++++++++++" },
	{ "partly outside",
	  { "........0000000000000000........" },
	  { "......rrrr......................", "......................dddd......" },
	  "........rr--++++++++--dd........" },
	{ "one reservation, two banks inside it, usable memory around",
	  { "00000000........................", "........11111111................",
	    "................0000000000000000" },
	  { "......ffffffffffff.............." },
	  "++++--ffffffffffff--++++++++++++" },
};

static enum acre_status resolve(struct memmap *map)
{
	enum acre_status status = memmap_resolve(map);

	if (status == ACRE_OK)
		REQUIRE_VALID(memmap_validate(map));
	return status;
}

static enum memmap_kind kind_of(char letter)
{
	unsigned kind = 0;

	while (kind < MEMMAP_KIND_COUNT && letters[kind] != letter)
		kind++;
	return (enum memmap_kind)kind;
}

/* The only run of anything but '.' in @line. */
static struct acre_range drawn(const char *line, acre_paddr_t base)
{
	uint32_t start = 0;
	uint32_t end;

	while (line[start] == '.')
		start++;
	for (end = start; line[end] != '.' && line[end] != '\0'; end++)
		;
	return (struct acre_range){ base + start * COLUMN, base + end * COLUMN };
}

static char drawn_letter(const char *line)
{
	while (*line == '.')
		line++;
	return *line;
}

static void enter_picture(struct memmap *map, const struct picture *p, acre_paddr_t base)
{
	for (uint32_t i = 0; i < MAX_LINE && p->bank[i] != NULL; i++)
		REQUIRE_EQ(memmap_add_bank(map, drawn(p->bank[i], base),
					   (uint32_t)(drawn_letter(p->bank[i]) - '0'), "bank"),
			   ACRE_OK);
	for (uint32_t i = 0; i < MAX_LINE && p->reserved[i] != NULL; i++)
		REQUIRE_EQ(memmap_reserve(map, drawn(p->reserved[i], base),
					  kind_of(drawn_letter(p->reserved[i])), "owner"),
			   ACRE_OK);
}

static void draw(const struct memmap *map, acre_paddr_t base, char got[COLUMNS + 1])
{
	for (uint32_t i = 0; i < COLUMNS; i++) {
		const struct memmap_region *low = memmap_find(map, base + i * COLUMN);
		const struct memmap_region *high = memmap_find(map, base + i * COLUMN + COLUMN - 1);
		REQUIRE(low == high);
		got[i] = '.';
		if (low != NULL)
			got[i] = letters[low->kind];
	}
	got[COLUMNS] = '\0';
}

static uint64_t columns_of(const char *want, char letter)
{
	uint64_t n = 0;

	for (; *want != '\0'; want++)
		n += *want == letter;
	return n;
}

static void try_picture(struct memmap *map, const struct picture *p, acre_paddr_t base)
{
	char got[COLUMNS + 1];
	uint64_t ram = 0;

	empty_map(map);
	enter_picture(map, p, base);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	draw(map, base, got);
	if (!EXPECT_STR(got, p->want))
		ktest_note("in the picture '%s' at %#llx", p->what, (unsigned long long)base);
	for (unsigned kind = 0; kind < MEMMAP_KIND_COUNT; kind++) {
		uint64_t bytes = columns_of(p->want, letters[kind]) * COLUMN;
		EXPECT_EQ(memmap_bytes(map, (enum memmap_kind)kind), bytes);
		ram += bytes;
	}
	EXPECT_EQ(memmap_ram_bytes(map), ram);
}

KTEST(memmap, pictures_come_out_as_drawn)
{
	static const acre_paddr_t base[] = { 0, 0x80000000, ACRE_PADDR_LIMIT - COLUMNS * COLUMN };
	struct memmap *map = new_map();

	for (uint32_t i = 0; i < ARRAY_SIZE(pictures); i++) {
		REQUIRE_EQ(strlen(pictures[i].want), COLUMNS);
		for (uint32_t j = 0; j < ARRAY_SIZE(base); j++)
			try_picture(map, &pictures[i], base[j]);
	}
}

/*
 *	first    |=====a=====|
 *	second         |=====b=====|      for every pair of kinds and both orders
 *	         a     ?     b
 */
KTEST(memmap, the_more_restrictive_of_each_pair_of_kinds_wins)
{
	struct memmap *map = new_map();

	for (unsigned a = MEMMAP_METADATA; a < MEMMAP_KIND_COUNT; a++) {
		for (unsigned b = MEMMAP_METADATA; b < MEMMAP_KIND_COUNT; b++) {
			if (a == MEMMAP_LENT || b == MEMMAP_LENT)
				continue; /* nothing is so from the start */
			empty_map(map);
			struct acre_range ram = { 0x10000, 0x20000 };
			struct acre_range first = { 0x12000, 0x15000 };
			struct acre_range second = { 0x14000, 0x17000 };
			REQUIRE_EQ(memmap_add_bank(map, ram, 0, "ram"), ACRE_OK);
			REQUIRE_EQ(memmap_reserve(map, first, (enum memmap_kind)a, "a"), ACRE_OK);
			REQUIRE_EQ(memmap_reserve(map, second, (enum memmap_kind)b, "b"), ACRE_OK);
			REQUIRE_EQ(resolve(map), ACRE_OK);
			EXPECT_EQ(memmap_find(map, 0x13fff)->kind, a);
			EXPECT_EQ(memmap_find(map, 0x14000)->kind, a > b ? a : b);
			EXPECT_STR(memmap_find(map, 0x14fff)->name, b > a ? "b" : "a");
			EXPECT_EQ(memmap_find(map, 0x15000)->kind, b);
			EXPECT_EQ(memmap_find(map, 0x17000)->kind, MEMMAP_USABLE);
		}
	}
}

KTEST(memmap, every_kind_has_a_name_of_its_own)
{
	for (unsigned a = 0; a < MEMMAP_KIND_COUNT; a++) {
		for (unsigned b = 0; b < a; b++)
			EXPECT(strcmp(memmap_kind_str((enum memmap_kind)a),
				      memmap_kind_str((enum memmap_kind)b)) != 0);
	}
	EXPECT_STR(memmap_kind_str(MEMMAP_KIND_COUNT), "unknown kind");
}

/* ---- names, nodes, banks --------------------------------------------------------------------- */

KTEST(memmap, touching_regions_of_one_kind_join_only_under_one_name)
{
	static const char same[] = "one"; /* the same text at another address */
	struct memmap *map = new_map();

	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0, 0x8000 }, 0, "ram"), ACRE_OK);
	REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ 0x1000, 0x2000 }, MEMMAP_RESERVED,
				  "one"),
		   ACRE_OK);
	REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ 0x2000, 0x3000 }, MEMMAP_RESERVED,
				  same),
		   ACRE_OK);
	REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ 0x3000, 0x4000 }, MEMMAP_RESERVED,
				  "two"),
		   ACRE_OK);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	REQUIRE_EQ(map->nregions, 4);
	EXPECT_EQ(map->region[1].range.end, 0x3000);
	EXPECT_STR(map->region[1].name, "one");
	EXPECT_STR(map->region[2].name, "two");
	EXPECT_STR(map->region[0].name, "");
}

KTEST(memmap, a_name_of_null_is_no_name)
{
	struct memmap *map = new_map();

	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0, 0x8000 }, 0, NULL), ACRE_OK);
	REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ 0, 0x1000 }, MEMMAP_DTB, NULL),
		   ACRE_OK);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	EXPECT_STR(map->bank[0].name, "");
	EXPECT_STR(map->region[0].name, "");
}

/*
 *	declared 0          |==node 1==|
 *	declared 1     |=========node 2=========|
 *	declared 2                      |==========node 2===|
 *	bank           | 2  |     1    |     2              |
 */
KTEST(memmap, the_first_added_bank_keeps_its_node)
{
	struct memmap *map = new_map();

	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x4000, 0x8000 }, 1, "a"), ACRE_OK);
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x1000, 0xa000 }, 2, "b"), ACRE_OK);
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x9000, 0xf000 }, 2, "c"), ACRE_OK);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	REQUIRE_EQ(map->nbanks, 3);
	EXPECT_EQ(map->bank[0].range.start, 0x1000);
	EXPECT_EQ(map->bank[0].numa_node, 2);
	EXPECT_EQ(map->bank[1].range.start, 0x4000);
	EXPECT_EQ(map->bank[1].numa_node, 1);
	EXPECT_EQ(map->bank[2].range.start, 0x8000);
	EXPECT_EQ(map->bank[2].range.end, 0xf000);
	EXPECT_STR(map->bank[2].name, "b");
	const struct memmap_region *region = memmap_find(map, 0x5000);
	EXPECT_EQ(region->bank, 1);
	EXPECT_EQ(region->numa_node, 1);
	EXPECT_EQ(region->range.start, 0x4000);
	EXPECT_EQ(region->range.end, 0x8000);
}

KTEST(memmap, banks_without_a_node_join_too)
{
	struct memmap *map = new_map();

	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x4000, 0x8000 }, MEMMAP_NO_NODE, "a"),
		   ACRE_OK);
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x1000, 0x4000 }, MEMMAP_NO_NODE, "b"),
		   ACRE_OK);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	REQUIRE_EQ(map->nbanks, 1);
	EXPECT_STR(map->bank[0].name, "b");
	EXPECT_EQ(map->nregions, 1);
}

/* ---- the edges of arithmetic ----------------------------------------------------------------- */

/*
 *	RAM        |......|......|......|      one byte at 0x2000 and one at 0x3fff
 *	reserved          ^            ^
 */
KTEST(memmap, one_byte_costs_its_frame)
{
	struct memmap *map = new_map();

	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x1000, 0x5001 }, 0, "ram"), ACRE_OK);
	REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ 0x2000, 0x2001 }, MEMMAP_DTB, "low"),
		   ACRE_OK);
	REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ 0x3fff, 0x4000 }, MEMMAP_DTB, "high"),
		   ACRE_OK);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	EXPECT_EQ(memmap_bytes(map, MEMMAP_DTB), 2);
	EXPECT_EQ(memmap_bytes(map, MEMMAP_SLACK), 2 * 0xfff + 1);
	EXPECT_EQ(memmap_bytes(map, MEMMAP_USABLE), 2 * FRAME_SIZE);
	EXPECT_EQ(memmap_find(map, 0x2000)->kind, MEMMAP_DTB);
	EXPECT_EQ(memmap_find(map, 0x2001)->kind, MEMMAP_SLACK);
	EXPECT_EQ(memmap_find(map, 0x3ffe)->kind, MEMMAP_SLACK);
	EXPECT_EQ(memmap_find(map, 0x3fff)->kind, MEMMAP_DTB);
	EXPECT_EQ(memmap_find(map, 0x4000)->kind, MEMMAP_USABLE);
	EXPECT_EQ(memmap_find(map, 0x5000)->kind, MEMMAP_SLACK);
	EXPECT(memmap_find(map, 0x5001) == NULL);
	EXPECT(memmap_find(map, 0xfff) == NULL);
}

KTEST(memmap, ram_may_fill_the_address_space)
{
	struct memmap *map = new_map();

	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0, ACRE_PADDR_LIMIT }, 0, "all"),
		   ACRE_OK);
	REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ 0, 1 }, MEMMAP_NO_MAP, "first"),
		   ACRE_OK);
	REQUIRE_EQ(memmap_reserve(map,
				  (struct acre_range){ ACRE_PADDR_LIMIT - 1, ACRE_PADDR_LIMIT },
				  MEMMAP_FIRMWARE, "last"),
		   ACRE_OK);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	EXPECT_EQ(memmap_ram_bytes(map), ACRE_PADDR_LIMIT);
	EXPECT_EQ(memmap_bytes(map, MEMMAP_USABLE), ACRE_PADDR_LIMIT - 2 * FRAME_SIZE);
	EXPECT_EQ(memmap_find(map, 0)->kind, MEMMAP_NO_MAP);
	EXPECT_EQ(memmap_find(map, ACRE_PADDR_LIMIT - 1)->kind, MEMMAP_FIRMWARE);
	EXPECT(memmap_find(map, ACRE_PADDR_LIMIT) == NULL);
	EXPECT(memmap_find(map, UINT64_MAX) == NULL);
}

KTEST(memmap, an_empty_range_adds_nothing)
{
	static const acre_paddr_t at[] = { 0, 1, 0x1800, 0x4000, ACRE_PADDR_LIMIT };
	struct memmap *map = new_map();

	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0, 0x4000 }, 0, "ram"), ACRE_OK);
	for (uint32_t i = 0; i < ARRAY_SIZE(at); i++) {
		struct acre_range empty = { at[i], at[i] };
		EXPECT_EQ(memmap_add_bank(map, empty, 1, "none"), ACRE_OK);
		EXPECT_EQ(memmap_reserve(map, empty, MEMMAP_NO_MAP, "none"), ACRE_OK);
	}
	EXPECT_EQ(map->ndeclared, 1);
	EXPECT_EQ(map->nreservations, 0);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	EXPECT_EQ(map->nregions, 1);
	EXPECT_EQ(memmap_bytes(map, MEMMAP_USABLE), 0x4000);
}

KTEST(memmap, refuses_what_is_no_range)
{
	static const struct acre_range bad[] = {
		{ 1, 0 },
		{ 0x2000, 0x1000 },
		{ 0, ACRE_PADDR_LIMIT + 1 },
		{ ACRE_PADDR_LIMIT, ACRE_PADDR_LIMIT + 1 },
		{ 0, UINT64_MAX },
		{ UINT64_MAX, UINT64_MAX },
		{ ACRE_PADDR_LIMIT + 1, ACRE_PADDR_LIMIT + 1 },
	};
	struct memmap *map = new_map();

	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(memmap_add_bank(map, bad[i], 0, "bad"), ACRE_ERR_RANGE);
		EXPECT_EQ(memmap_reserve(map, bad[i], MEMMAP_DTB, "bad"), ACRE_ERR_RANGE);
	}
	EXPECT_EQ(map->ndeclared, 0);
	EXPECT_EQ(map->nreservations, 0);
}

KTEST(memmap, refuses_to_reserve_as_a_kind_that_reserves_nothing)
{
	static const enum memmap_kind bad[] = { MEMMAP_USABLE, MEMMAP_SLACK, MEMMAP_LENT,
						MEMMAP_KIND_COUNT, (enum memmap_kind) - 1 };
	struct acre_range range = { 0x1000, 0x2000 };
	struct memmap *map = new_map();

	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0, 0x4000 }, 0, "ram"), ACRE_OK);
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(memmap_reserve(map, range, bad[i], "bad"), ACRE_ERR_INVALID);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(memmap_claim(map, range, bad[i], "bad"), ACRE_ERR_INVALID);
	REQUIRE_VALID(memmap_validate(map));
	EXPECT_EQ(map->nregions, 1);
}

KTEST(memmap, is_closed_once_it_is_resolved)
{
	struct acre_range range = { 0x1000, 0x2000 };
	struct memmap *map = new_map();

	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0, 0x4000 }, 0, "ram"), ACRE_OK);
	EXPECT_STR(memmap_validate(map), "the map is not resolved");
	EXPECT(memmap_find(map, 0x1000) == NULL);
	EXPECT_EQ(memmap_claim(map, range, MEMMAP_METADATA, "early"), ACRE_ERR_NOT_FOUND);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	EXPECT_EQ(memmap_add_bank(map, (struct acre_range){ 0x4000, 0x8000 }, 0, "late"),
		  ACRE_ERR_INVALID);
	EXPECT_EQ(memmap_reserve(map, range, MEMMAP_DTB, "late"), ACRE_ERR_INVALID);
	EXPECT_EQ(memmap_resolve(map), ACRE_ERR_INVALID);
	REQUIRE_VALID(memmap_validate(map));
	EXPECT_EQ(memmap_bytes(map, MEMMAP_USABLE), 0x4000);
}

/* ---- what lies outside RAM ------------------------------------------------------------------- */

/*
 *	bank             |===0===|===1===|       |===0===|
 *	reserved 0    |=================================|
 *	outside 0     |==|               |=======|
 *	reserved 1                         |==|
 *	outside 1                          |==|
 *	reserved 2         |=====|
 *	reserved 3                                          |=======|
 *	outside 3                                        (from the end of RAM)
 */
KTEST(memmap, parts_outside_ram_are_listed_and_not_summed)
{
	static const struct memmap_region want[] = {
		{ .range = { 0x0800, 0x2000 }, .kind = MEMMAP_RESERVED, .name = "wide" },
		{ .range = { 0x6000, 0x8000 }, .kind = MEMMAP_RESERVED, .name = "wide" },
		{ .range = { 0x6800, 0x7001 }, .kind = MEMMAP_NO_MAP, .name = "hole" },
		{ .range = { 0xa000, ACRE_PADDR_LIMIT }, .kind = MEMMAP_DTB, .name = "far" },
	};
	struct memmap_outside_cursor cursor = { 0, 0 };
	struct memmap *map = new_map();
	struct memmap_region part;

	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x2000, 0x4000 }, 0, "a"), ACRE_OK);
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x4000, 0x6000 }, 1, "b"), ACRE_OK);
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x8000, 0xa000 }, 0, "c"), ACRE_OK);
	REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ 0x0800, 0x9800 }, MEMMAP_RESERVED,
				  "wide"),
		   ACRE_OK);
	REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ 0x6800, 0x7001 }, MEMMAP_NO_MAP,
				  "hole"),
		   ACRE_OK);
	REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ 0x3000, 0x4000 }, MEMMAP_DTB, "inside"),
		   ACRE_OK);
	REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ 0x9900, ACRE_PADDR_LIMIT }, MEMMAP_DTB,
				  "far"),
		   ACRE_OK);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	for (uint32_t i = 0; i < ARRAY_SIZE(want); i++) {
		REQUIRE(memmap_outside(map, &cursor, &part));
		EXPECT_EQ(part.range.start, want[i].range.start);
		EXPECT_EQ(part.range.end, want[i].range.end);
		EXPECT_EQ(part.kind, want[i].kind);
		EXPECT_STR(part.name, want[i].name);
		EXPECT_EQ(part.bank, MEMMAP_NO_BANK);
	}
	EXPECT(!memmap_outside(map, &cursor, &part));
	EXPECT(!memmap_outside(map, &cursor, &part));
	EXPECT_EQ(memmap_bytes(map, MEMMAP_NO_MAP), 0);
	EXPECT_EQ(memmap_ram_bytes(map), 0x6000);
}

KTEST(memmap, without_ram_every_reservation_is_outside)
{
	struct memmap_outside_cursor cursor = { 0, 0 };
	struct memmap *map = new_map();
	struct memmap_region part;

	REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ 0, 0x1000 }, MEMMAP_DTB, "dtb"),
		   ACRE_OK);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	EXPECT_EQ(map->nregions, 0);
	EXPECT_EQ(memmap_ram_bytes(map), 0);
	REQUIRE(memmap_outside(map, &cursor, &part));
	EXPECT_EQ(part.range.end, 0x1000);
	EXPECT(!memmap_outside(map, &cursor, &part));
	EXPECT(memmap_find(map, 0) == NULL);
}

/* ---- claims ---------------------------------------------------------------------------------- */

/* RAM 0x10000 .. 0x20000, the device tree in 0x14000 .. 0x14800, so slack up to 0x15000. */
static void start_claiming(struct memmap *map)
{
	empty_map(map);
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x10000, 0x20000 }, 3, "ram"),
		   ACRE_OK);
	REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ 0x14000, 0x14800 }, MEMMAP_DTB, "dtb"),
		   ACRE_OK);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	REQUIRE_EQ(map->nregions, 4);
}

KTEST(memmap, claims_at_the_start_middle_end_and_of_the_whole)
{
	static const struct {
		const char *what;
		struct acre_range range;
		uint32_t regions; /* there are 4 before */
	} claim[] = {
		{ "start", { 0x15000, 0x16000 }, 5 },  { "middle", { 0x18000, 0x1a000 }, 6 },
		{ "end", { 0x1f000, 0x20000 }, 5 },    { "whole", { 0x15000, 0x20000 }, 4 },
		{ "lowest", { 0x10000, 0x11000 }, 5 }, { "below the dtb", { 0x13000, 0x14000 }, 5 },
	};

	struct memmap *map = new_map();

	for (uint32_t i = 0; i < ARRAY_SIZE(claim); i++) {
		start_claiming(map);
		uint64_t usable = memmap_bytes(map, MEMMAP_USABLE);
		REQUIRE_EQ(memmap_claim(map, claim[i].range, MEMMAP_METADATA, "pool"), ACRE_OK);
		REQUIRE_VALID(memmap_validate(map));
		if (!EXPECT_EQ(map->nregions, claim[i].regions))
			ktest_note("claim of the %s", claim[i].what);
		EXPECT_EQ(memmap_bytes(map, MEMMAP_METADATA), acre_range_size(claim[i].range));
		EXPECT_EQ(memmap_bytes(map, MEMMAP_USABLE),
			  usable - acre_range_size(claim[i].range));
		const struct memmap_region *got = memmap_find(map, claim[i].range.start);
		EXPECT_EQ(got->range.start, claim[i].range.start);
		EXPECT_EQ(got->range.end, claim[i].range.end);
		EXPECT_STR(got->name, "pool");
		EXPECT_EQ(got->numa_node, 3);
		EXPECT_EQ(got->bank, 0);
	}
}

KTEST(memmap, refused_claims_change_nothing)
{
	static const struct {
		struct acre_range range;
		enum acre_status want;
	} claim[] = {
		{ { 0x15000, 0x21000 }, ACRE_ERR_NOT_FOUND },  /* past the end of RAM */
		{ { 0xf000, 0x11000 }, ACRE_ERR_NOT_FOUND },   /* begins before RAM */
		{ { 0x13000, 0x15000 }, ACRE_ERR_NOT_FOUND },  /* reaches into the device tree */
		{ { 0x14000, 0x15000 }, ACRE_ERR_NOT_FOUND },  /* is the device tree */
		{ { 0x13000, 0x16000 }, ACRE_ERR_NOT_FOUND },  /* across it */
		{ { 0x30000, 0x31000 }, ACRE_ERR_NOT_FOUND },  /* no RAM at all */
		{ { 0, 0x1000 }, ACRE_ERR_NOT_FOUND },         /* below all RAM */
		{ { 0x15800, 0x17000 }, ACRE_ERR_MISALIGNED }, /* */
		{ { 0x15000, 0x16001 }, ACRE_ERR_MISALIGNED }, /* */
		{ { 0x16000, 0x16000 }, ACRE_ERR_INVALID },    /* empty */
		{ { 0x17000, 0x16000 }, ACRE_ERR_INVALID },    /* backwards */
		{ { 0x15000, UINT64_MAX & ~0xfffull }, ACRE_ERR_NOT_FOUND },
	};
	struct memmap *map = new_map();

	start_claiming(map);
	for (uint32_t i = 0; i < ARRAY_SIZE(claim); i++) {
		EXPECT_EQ(memmap_claim(map, claim[i].range, MEMMAP_METADATA, "pool"),
			  claim[i].want);
		REQUIRE_VALID(memmap_validate(map));
		EXPECT_EQ(map->nregions, 4);
		EXPECT_EQ(memmap_bytes(map, MEMMAP_METADATA), 0);
	}
}

/*
 *	claims      |aa|  |cc|        then |bb| between them under the same name
 *	becomes     |aabbcc|
 */
KTEST(memmap, a_claim_joins_the_same_thing_beside_it)
{
	struct memmap *map = new_map();

	start_claiming(map);
	REQUIRE_EQ(memmap_claim(map, (struct acre_range){ 0x16000, 0x17000 }, MEMMAP_METADATA,
				"pool"),
		   ACRE_OK);
	REQUIRE_EQ(memmap_claim(map, (struct acre_range){ 0x18000, 0x19000 }, MEMMAP_METADATA,
				"pool"),
		   ACRE_OK);
	REQUIRE_VALID(memmap_validate(map));
	EXPECT_EQ(map->nregions, 8);
	REQUIRE_EQ(memmap_claim(map, (struct acre_range){ 0x17000, 0x18000 }, MEMMAP_METADATA,
				"pool"),
		   ACRE_OK);
	REQUIRE_VALID(memmap_validate(map));
	EXPECT_EQ(map->nregions, 6);
	EXPECT_EQ(memmap_find(map, 0x17000)->range.start, 0x16000);
	EXPECT_EQ(memmap_find(map, 0x17000)->range.end, 0x19000);
	REQUIRE_EQ(memmap_claim(map, (struct acre_range){ 0x19000, 0x1a000 }, MEMMAP_METADATA,
				"other"),
		   ACRE_OK);
	REQUIRE_VALID(memmap_validate(map));
	EXPECT_EQ(map->nregions, 7);
}

KTEST(memmap, a_claim_joins_the_lowest_and_the_highest_region)
{
	struct memmap *map = new_map();

	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0, 0x4000 }, 0, "ram"), ACRE_OK);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	REQUIRE_EQ(memmap_claim(map, (struct acre_range){ 0, 0x1000 }, MEMMAP_METADATA, "m"),
		   ACRE_OK);
	REQUIRE_EQ(memmap_claim(map, (struct acre_range){ 0x3000, 0x4000 }, MEMMAP_METADATA, "m"),
		   ACRE_OK);
	EXPECT_EQ(map->nregions, 3);
	REQUIRE_EQ(memmap_claim(map, (struct acre_range){ 0x1000, 0x2000 }, MEMMAP_METADATA, "m"),
		   ACRE_OK);
	REQUIRE_VALID(memmap_validate(map));
	EXPECT_EQ(map->nregions, 3);
	REQUIRE_EQ(memmap_claim(map, (struct acre_range){ 0x2000, 0x3000 }, MEMMAP_METADATA, "m"),
		   ACRE_OK);
	REQUIRE_VALID(memmap_validate(map));
	EXPECT_EQ(map->nregions, 1);
	EXPECT_EQ(map->region[0].range.end, 0x4000);
}

/* Claims far below the end of a long table, with other regions on both sides. */
KTEST(memmap, a_claim_moves_what_is_above_it)
{
	struct memmap *map = new_map();
	const uint64_t n = 60;

	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0, n * 0x8000 }, 0, "ram"), ACRE_OK);
	for (uint64_t i = 0; i < n; i++)
		REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ i * 0x8000, i * 0x8000 + 1 },
					  MEMMAP_RESERVED, "r"),
			   ACRE_OK);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	EXPECT_EQ(map->nregions, 3 * n);
	for (uint64_t i = 0; i < n; i++) {
		/* 7 and 60 have no common divisor: each stretch comes once. */
		acre_paddr_t at = i * 7 % n * 0x8000 + 0x3000;
		REQUIRE_EQ(memmap_claim(map, (struct acre_range){ at, at + 0x1000 },
					MEMMAP_METADATA, "m"),
			   ACRE_OK);
		REQUIRE_VALID(memmap_validate(map));
		EXPECT_EQ(map->nregions, 3 * n + 2 * (i + 1));
		EXPECT_EQ(memmap_find(map, at)->range.start, at);
	}
	EXPECT_EQ(memmap_bytes(map, MEMMAP_RESERVED), n);
	EXPECT_EQ(memmap_bytes(map, MEMMAP_METADATA), n * 0x1000);
}

KTEST(memmap, next_walks_the_regions_of_one_kind_in_order)
{
	struct memmap *map = new_map();
	uint32_t cursor = 0;

	start_claiming(map);
	EXPECT_EQ(memmap_next(map, MEMMAP_USABLE, &cursor)->range.start, 0x10000);
	EXPECT_EQ(memmap_next(map, MEMMAP_USABLE, &cursor)->range.start, 0x15000);
	EXPECT(memmap_next(map, MEMMAP_USABLE, &cursor) == NULL);
	EXPECT(memmap_next(map, MEMMAP_USABLE, &cursor) == NULL);
	cursor = 0;
	EXPECT(memmap_next(map, MEMMAP_NO_MAP, &cursor) == NULL);
}

/* ---- indices --------------------------------------------------------------------------------- */

KTEST(memmap, an_index_tells_things_of_one_name_apart)
{
	struct memmap *map = new_map();
	char name[MEMMAP_NAME_LEN];

	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0, 0x8000 }, 0, "ram"), ACRE_OK);
	for (uint32_t i = 0; i < 2; i++) {
		struct acre_range range = { 0x1000 + i * 0x800, 0x1800 + i * 0x800 };
		REQUIRE_EQ(memmap_reserve_nth(map, range, MEMMAP_MEMRESERVE, "entry", i), ACRE_OK);
	}
	REQUIRE_EQ(resolve(map), ACRE_OK);
	EXPECT_EQ(memmap_find(map, 0x17ff)->range.end, 0x1800);
	EXPECT_STR(memmap_name(name, memmap_find(map, 0x17ff)), "entry 0");
	EXPECT_STR(memmap_name(name, memmap_find(map, 0x1800)), "entry 1");
	for (uint32_t i = 0; i < 2; i++) {
		struct acre_range range = { 0x4000 + i * 0x1000, 0x5000 + i * 0x1000 };
		REQUIRE_EQ(memmap_claim_nth(map, range, MEMMAP_METADATA, "tables", 7 * i), ACRE_OK);
		REQUIRE_VALID(memmap_validate(map));
	}
	EXPECT_STR(memmap_name(name, memmap_find(map, 0x4000)), "tables 0");
	EXPECT_STR(memmap_name(name, memmap_find(map, 0x5000)), "tables 7");
	REQUIRE_EQ(memmap_claim(map, (struct acre_range){ 0x6000, 0x7000 }, MEMMAP_METADATA,
				"tables"),
		   ACRE_OK);
	EXPECT_STR(memmap_name(name, memmap_find(map, 0x6000)), "tables");
	REQUIRE_VALID(memmap_validate(map));
}

/* ---- a limit --------------------------------------------------------------------------------- */

/*
 *	declared   |==========|           |====|====|     two of them overlap
 *	                 |========|
 *	first n    |>>>>>>>>>>>>>>|       |>>>>|>>
 */
KTEST(memmap, a_limit_counts_ram_once_from_below)
{
	static const struct {
		uint64_t bytes;
		uint64_t left_out;
		uint64_t slack;
	} trial[] = {
		{ 1, 0x9fff, 1 },          { 0x1000, 0x9000, 0 },
		{ 0x5800, 0x4800, 0x800 }, { 0x6000, 0x4000, 0 }, /* all below the hole */
		{ 0x6001, 0x3fff, 1 },     { 0x9fff, 1, 0xfff },
		{ 0xa000, 0, 0 },          { UINT64_MAX, 0, 0 },
	};
	struct memmap *map = new_map();
	struct memmap_outside_cursor cursor;
	struct memmap_region part;

	for (uint32_t i = 0; i < ARRAY_SIZE(trial); i++) {
		empty_map(map);
		REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x22000, 0x24000 }, 0, "d"),
			   ACRE_OK);
		REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x12000, 0x16000 }, 0, "b"),
			   ACRE_OK);
		REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x10000, 0x14000 }, 0, "a"),
			   ACRE_OK);
		REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x20000, 0x22000 }, 0, "c"),
			   ACRE_OK);
		REQUIRE_EQ(memmap_limit(map, trial[i].bytes, "mem="), ACRE_OK);
		REQUIRE_EQ(resolve(map), ACRE_OK);
		EXPECT_EQ(memmap_ram_bytes(map), 0xa000);
		EXPECT_EQ(memmap_bytes(map, MEMMAP_LEFT_OUT), trial[i].left_out);
		EXPECT_EQ(memmap_bytes(map, MEMMAP_SLACK), trial[i].slack);
		cursor = (struct memmap_outside_cursor){ 0 };
		EXPECT(!memmap_outside(map, &cursor, &part)); /* the hole is no loss */
	}
	EXPECT_EQ(memmap_limit(map, 5, "late"), ACRE_ERR_INVALID);
	empty_map(map);
	EXPECT_EQ(memmap_limit(map, 0, "none"), ACRE_ERR_INVALID);
	EXPECT_EQ(memmap_limit(map, 1, "no ram"), ACRE_OK);
	EXPECT_EQ(map->nreservations, 0);
}

/* ---- places ---------------------------------------------------------------------------------- */

/* RAM [0x10000, 0x20000) of which [0x18000, 0x18800) is reserved, and another bank behind it. */
static void start_placing(struct memmap *map)
{
	empty_map(map);
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x10000, 0x20000 }, 0, "ram"),
		   ACRE_OK);
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x20000, 0x24000 }, 1, "ram"),
		   ACRE_OK);
	REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ 0x18000, 0x18800 }, MEMMAP_RESERVED,
				  "r"),
		   ACRE_OK);
	REQUIRE_EQ(resolve(map), ACRE_OK);
}

#define ANYWHERE                                                                                   \
	{                                                                                          \
		0, ACRE_PADDR_LIMIT                                                                \
	}

KTEST(memmap, places_at_the_highest_suitable_address)
{
	static const struct {
		uint64_t size, align;
		struct acre_range window;
		acre_paddr_t want; /* 0: none */
	} trial[] = {
		{ 0x1000, 0, ANYWHERE, 0x23000 },
		{ 1, 0, ANYWHERE, 0x23000 },
		{ 0x1001, 0, ANYWHERE, 0x22000 },
		{ 0x4000, 0x1000, ANYWHERE, 0x20000 },
		{ 0x4001, 0x1000, ANYWHERE, 0x1b000 }, /* not across the banks */
		{ 0x1000, 0x10000, ANYWHERE, 0x20000 },
		{ 0x5000, 0x8000, ANYWHERE, 0x10000 },
		{ 0x1000, 0x20000, ANYWHERE, 0x20000 },
		{ 0x1000, 0x40000, ANYWHERE, 0 },
		{ 0x7001, 0, ANYWHERE, 0x10000 },
		{ 0x8000, 0, ANYWHERE, 0x10000 },
		{ 0x8001, 0, ANYWHERE, 0 },
		{ 0x1000, 0, { 0x10000, 0x1a000 }, 0x19000 },
		{ 0x1000, 0, { 0x18000, 0x19000 }, 0 },      /* the rest of a frame is slack */
		{ 0x800, 0, { 0x1a000, 0x1a800 }, 0x1a000 }, /* the window counts to the byte */
		{ 0x801, 0, { 0x1a000, 0x1a800 }, 0 },
		{ 0x800, 0, { 0x1a001, 0x1a801 }, 0 },
		{ 0x1000, 0, { 0x24000, 0x30000 }, 0 },
		{ 0x1000, 0, { 0x30000, 0x10000 }, 0 },
		{ UINT64_MAX, 0, ANYWHERE, 0 },
		{ 1, 1ull << 63, ANYWHERE, 0 },
	};

	struct memmap *map = new_map();

	for (uint32_t i = 0; i < ARRAY_SIZE(trial); i++) {
		start_placing(map);
		uint64_t usable = memmap_bytes(map, MEMMAP_USABLE);
		struct memmap_request request = { trial[i].size, trial[i].align, trial[i].window,
						  MEMMAP_NO_MAP, "placed" };
		struct acre_range placed = { 7, 7 };
		bool found = trial[i].want != 0;

		if (!EXPECT_EQ(memmap_place(map, &request, &placed),
			       found ? ACRE_OK : ACRE_ERR_NOT_FOUND))
			ktest_note("trial %u", i);
		REQUIRE_VALID(memmap_validate(map));
		EXPECT_EQ(placed.start, found ? trial[i].want : 7);
		EXPECT_EQ(map->nreservations, found ? 2 : 1);
		if (!found) {
			EXPECT_EQ(memmap_bytes(map, MEMMAP_USABLE), usable);
			continue;
		}
		EXPECT_EQ(acre_range_size(placed), trial[i].size);
		EXPECT_EQ(memmap_bytes(map, MEMMAP_NO_MAP), trial[i].size);
		EXPECT_STR(memmap_find(map, placed.start)->name, "placed");
		EXPECT_EQ(memmap_bytes(map, MEMMAP_USABLE),
			  usable - ((trial[i].size + 0xfff) & ~0xfffull));
	}
}

KTEST(memmap, refuses_to_place_what_makes_no_sense)
{
	static const struct memmap_request bad[] = {
		{ 0, 0, ANYWHERE, MEMMAP_RESERVED, "nothing" },
		{ 0x1000, 3, ANYWHERE, MEMMAP_RESERVED, "crooked" },
		{ 0x1000, 0, ANYWHERE, MEMMAP_USABLE, "usable" },
		{ 0x1000, 0, ANYWHERE, MEMMAP_SLACK, "slack" },
	};
	static const struct memmap_request good = { 0x1000, 0, ANYWHERE, MEMMAP_RESERVED, "g" };
	struct memmap *map = new_map();
	struct acre_range placed;

	start_placing(map);
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(memmap_place(map, &bad[i], &placed), ACRE_ERR_INVALID);
	empty_map(map);
	EXPECT_EQ(memmap_place(map, &good, &placed), ACRE_ERR_INVALID); /* not resolved */
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0, 0x10000 }, 0, "ram"), ACRE_OK);
	for (uint32_t i = 0; i < MAP_RESERVATIONS; i++)
		REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ i, i + 1 }, MEMMAP_RESERVED,
					  "r"),
			   ACRE_OK);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	EXPECT_EQ(memmap_place(map, &good, &placed), ACRE_ERR_FULL);
	REQUIRE_VALID(memmap_validate(map));
	EXPECT_EQ(memmap_bytes(map, MEMMAP_RESERVED), MAP_RESERVATIONS);
}

KTEST(memmap, recasts_and_joins_again)
{
	struct acre_range part = { 0x12000, 0x14000 };
	struct memmap *map = new_map();

	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x10000, 0x20000 }, 0, "ram"),
		   ACRE_OK);
	REQUIRE_EQ(memmap_reserve_nth(map, (struct acre_range){ 0x11000, 0x15000 }, MEMMAP_REUSABLE,
				      "c", 4),
		   ACRE_OK);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	EXPECT_EQ(memmap_recast(map, part, MEMMAP_LENT, MEMMAP_REUSABLE), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(memmap_recast(map, part, MEMMAP_REUSABLE, MEMMAP_KIND_COUNT), ACRE_ERR_INVALID);
	EXPECT_EQ(memmap_recast(map, (struct acre_range){ 0x12000, 0x12800 }, MEMMAP_REUSABLE,
				MEMMAP_LENT),
		  ACRE_ERR_MISALIGNED);
	EXPECT_EQ(map->nregions, 3);
	REQUIRE_EQ(memmap_recast(map, part, MEMMAP_REUSABLE, MEMMAP_LENT), ACRE_OK);
	REQUIRE_VALID(memmap_validate(map));
	EXPECT_EQ(map->nregions, 5);
	EXPECT_EQ(memmap_find(map, 0x12000)->kind, MEMMAP_LENT);
	EXPECT_EQ(memmap_find(map, 0x12000)->index, 4);
	EXPECT_STR(memmap_find(map, 0x12000)->name, "c");
	REQUIRE_EQ(memmap_recast(map, part, MEMMAP_LENT, MEMMAP_REUSABLE), ACRE_OK);
	REQUIRE_VALID(memmap_validate(map));
	EXPECT_EQ(map->nregions, 3);
	REQUIRE_EQ(memmap_recast(map, part, MEMMAP_REUSABLE, MEMMAP_USABLE), ACRE_OK);
	EXPECT_STR(memmap_validate(map), "I9: reserved memory is in a less restrictive region");
}

/* ---- the tables full ------------------------------------------------------------------------- */

#define BANK_STRIDE 0x100000ull
#define BANK_SIZE   (1000ull * 1024 + 1)

/* Every bank a MiB apart and 1000 KiB + 1 byte long, at an odd address. */
static void fill_banks(struct memmap *map)
{
	for (uint64_t i = 0; i < MAP_BANKS; i++) {
		struct acre_range range = { i * BANK_STRIDE + 3, i * BANK_STRIDE + 3 + BANK_SIZE };
		REQUIRE_EQ(memmap_add_bank(map, range, (uint32_t)i % 4, "bank"), ACRE_OK);
	}
}

/* Each bank has eight reservations of three bytes, one of them at the border of two frames. */
static void fill_reservations(struct memmap *map)
{
	for (uint64_t i = 0; i < MAP_RESERVATIONS; i++) {
		acre_paddr_t at = i % MAP_BANKS * BANK_STRIDE + 0x1fff + i / MAP_BANKS * 0x3001;
		REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ at, at + 3 }, MEMMAP_RESERVED,
					  "r"),
			   ACRE_OK);
	}
}

KTEST(memmap, holds_the_stated_number_of_banks_and_reservations_and_not_one_more)
{
	struct memmap *map = new_map();
	struct acre_range one_more = { MAP_BANKS * BANK_STRIDE, ACRE_PADDR_LIMIT };
	uint64_t ram = MAP_BANKS * BANK_SIZE;

	fill_banks(map);
	EXPECT_EQ(memmap_add_bank(map, one_more, 0, "too many"), ACRE_ERR_FULL);
	EXPECT_EQ(map->ndeclared, MAP_BANKS);
	EXPECT_EQ(memmap_add_bank(map, (struct acre_range){ 7, 7 }, 0, "empty"), ACRE_OK);
	fill_reservations(map);
	EXPECT_EQ(memmap_reserve(map, one_more, MEMMAP_NO_MAP, "too many"), ACRE_ERR_FULL);
	EXPECT_EQ(map->nreservations, MAP_RESERVATIONS);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	EXPECT_EQ(map->nbanks, MAP_BANKS);
	EXPECT_EQ(memmap_ram_bytes(map), ram);
	EXPECT_EQ(memmap_bytes(map, MEMMAP_RESERVED), MAP_RESERVATIONS * 3ull);
	EXPECT_EQ(memmap_bytes(map, MEMMAP_NO_MAP), 0);
	EXPECT_EQ(memmap_bytes(map, MEMMAP_USABLE) + memmap_bytes(map, MEMMAP_SLACK) +
			  MAP_RESERVATIONS * 3ull,
		  ram);
}

/* All reservations inside one another, like an onion, and each of another kind than its shell. */
KTEST(memmap, survives_a_thousand_nested_reservations)
{
	struct memmap *map = new_map();
	const uint64_t n = MAP_RESERVATIONS;

	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0, 4 * n }, 0, "ram"), ACRE_OK);
	for (uint64_t i = 0; i < n; i++)
		REQUIRE_EQ(memmap_reserve(map, (struct acre_range){ i, 4 * n - i },
					  i < n / 2 ? MEMMAP_RESERVED : MEMMAP_FIRMWARE, "shell"),
			   ACRE_OK);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	EXPECT_EQ(map->nregions, 3);
	EXPECT_EQ(memmap_bytes(map, MEMMAP_RESERVED), n);
	EXPECT_EQ(memmap_bytes(map, MEMMAP_FIRMWARE), 3 * n);
}

/*
 * The worst case for bank[]: one bank of one node around all others of another node, added last.
 *
 *	declared    |=1=|  |=1=|  |=1=|          ... 127 of them
 *	last     |=========0===================
 *	bank     | 0|1  | 0|1  | 0|1  |  0         255
 */
KTEST(memmap, cuts_banks_as_often_as_can_be)
{
	struct memmap *map = new_map();
	const uint64_t n = MAP_BANKS - 1;

	for (uint64_t i = 0; i < n; i++)
		REQUIRE_EQ(memmap_add_bank(
				   map, (struct acre_range){ i * 0x2000 + 1, i * 0x2000 + 0x1001 },
				   1, "inner"),
			   ACRE_OK);
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0, n * 0x2000 }, 0, "outer"), ACRE_OK);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	EXPECT_EQ(map->nbanks, 2 * n + 1);
	EXPECT_EQ(memmap_ram_bytes(map), n * 0x2000);
	EXPECT_EQ(memmap_bytes(map, MEMMAP_USABLE), 0);
}

/*
 * A thousand free pieces with slack on both sides, then a long free stretch: claims of every second
 * frame of it fit until the table is full, and the one after that changes nothing.
 */
KTEST(memmap, claims_until_the_table_is_full)
{
	struct memmap *map = new_map();
	const uint64_t n = MAP_RESERVATIONS;
	const acre_paddr_t stretch = n * 0x4000;
	const uint64_t most = map->max_regions;
	const acre_paddr_t end = stretch + most * 2 * FRAME_SIZE;
	uint64_t claims = 0;
	enum acre_status status = ACRE_OK;

	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0, end }, 0, "ram"), ACRE_OK);
	for (uint64_t i = 0; i < n; i++)
		REQUIRE_EQ(memmap_reserve(map,
					  (struct acre_range){ i * 0x4000 + 1, i * 0x4000 + 2 },
					  MEMMAP_RESERVED, "r"),
			   ACRE_OK);
	REQUIRE_EQ(resolve(map), ACRE_OK);
	EXPECT_EQ(map->nregions, 4 * n);
	for (acre_paddr_t at = stretch + FRAME_SIZE; status == ACRE_OK; at += 2 * FRAME_SIZE) {
		status = memmap_claim(map, (struct acre_range){ at, at + FRAME_SIZE },
				      MEMMAP_METADATA, "m");
		claims += status == ACRE_OK;
	}
	EXPECT_EQ(status, ACRE_ERR_FULL);
	EXPECT_EQ(claims, (most - 4 * n) / 2);
	EXPECT_EQ(map->nregions, most);
	EXPECT_EQ(memmap_bytes(map, MEMMAP_METADATA), claims * FRAME_SIZE);
	REQUIRE_VALID(memmap_validate(map));
	/* What needs no further place still fits: it joins the claim below it. */
	acre_paddr_t joins = stretch + 2 * FRAME_SIZE;
	EXPECT_EQ(memmap_claim(map, (struct acre_range){ joins, joins + FRAME_SIZE },
			       MEMMAP_METADATA, "m"),
		  ACRE_OK);
	REQUIRE_VALID(memmap_validate(map));
}
