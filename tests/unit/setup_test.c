/* SPDX-License-Identifier: MIT */
/*
 * From a map to a pool. Only as many bytes of the pretended RAM exist as the tables need: the first
 * BACKED frames at @base. A table that is put elsewhere is a wild write, which the sanitizers see.
 */
#include "mm/setup.h"

#include "lib/align.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "tests/support/frame_ask.h"
#include "tests/support/ktest.h"
#include "tests/support/map_room.h"

#define BACKED 48u
#define KIB    ((uint64_t)1 << 10)
#define MIB    ((uint64_t)1 << 20)

struct rig {
	struct memmap *map;
	struct frame_pool *pool;
	uint64_t offset;
	void *ram;
};

/* Single frames are taken with the lock. */
static const struct hart_slots no_stocks;

static struct acre_range bytes_at(acre_paddr_t start, uint64_t size)
{
	return (struct acre_range){ start, start + size };
}

/* An empty map of a machine whose backed frames begin at @base. */
static void rig_restart(struct rig *r, acre_paddr_t base)
{
	r->offset = (uint64_t)(uintptr_t)r->ram - align_down(base, FRAME_SIZE);
	memset(r->ram, 0xee, BACKED * FRAME_SIZE);
	empty_map(r->map);
}

static void rig_init(struct rig *r, acre_paddr_t base)
{
	r->ram = ktest_alloc(BACKED * FRAME_SIZE, FRAME_SIZE);
	r->map = new_map();
	r->pool = ktest_alloc(sizeof(*r->pool), 64);
	rig_restart(r, base);
}

static void add_bank(struct rig *r, acre_paddr_t start, uint64_t size)
{
	REQUIRE_EQ(memmap_add_bank(r->map, bytes_at(start, size), 0, "ram"), ACRE_OK);
}

static void reserve(struct rig *r, acre_paddr_t start, uint64_t size)
{
	REQUIRE_EQ(memmap_reserve(r->map, bytes_at(start, size), MEMMAP_RESERVED, "x"), ACRE_OK);
}

/* Reserve all of [start, start + size) but the frame at @keep. */
static void reserve_but(struct rig *r, acre_paddr_t start, uint64_t size, acre_paddr_t keep)
{
	reserve(r, start, keep - start);
	reserve(r, keep + FRAME_SIZE, start + size - keep - FRAME_SIZE);
}

/* The pool has exactly the usable frames of the map, all free. */
static void compare(const struct rig *r)
{
	const struct memmap_region *region;
	frame_nr_t next = 0;
	uint32_t cursor = 0;

	REQUIRE_VALID(memmap_validate(r->map));
	REQUIRE_VALID(frame_validate(r->pool));
	EXPECT_EQ(frame_managed_count(r->pool) * FRAME_SIZE, memmap_bytes(r->map, MEMMAP_USABLE));
	EXPECT_EQ(frame_free_count(r->pool), frame_managed_count(r->pool));
	while ((region = memmap_next(r->map, MEMMAP_USABLE, &cursor)) != NULL) {
		next = ask_next_free(r->pool, next);
		EXPECT_EQ(next, frame_from_paddr(region->range.start));
		next = frame_from_paddr(region->range.end);
		EXPECT(frame_is_free(r->pool, next - 1));
	}
	EXPECT_EQ(ask_next_free(r->pool, next), FRAME_NONE);
}

static void init_ok(struct rig *r)
{
	REQUIRE_EQ(memmap_resolve(r->map), ACRE_OK);
	uint64_t ram = memmap_ram_bytes(r->map);
	REQUIRE_EQ(mm_init_frames(r->pool, r->map, r->offset, &no_stocks), ACRE_OK);
	EXPECT_EQ(memmap_ram_bytes(r->map), ram);
	compare(r);
}

static uint64_t whole_frames(uint64_t bytes)
{
	return (bytes + FRAME_SIZE - 1) / FRAME_SIZE * FRAME_SIZE;
}

static void one_whole_bank(struct rig *r, acre_paddr_t base)
{
	rig_restart(r, base);
	add_bank(r, base, 64 * MIB);
	init_ok(r);
	uint64_t tables = whole_frames(frame_metadata_bytes(16384));
	const struct memmap_region *region = memmap_find(r->map, base);
	REQUIRE(region != NULL);
	EXPECT_EQ(region->kind, MEMMAP_METADATA);
	EXPECT_STR(region->name, "frame tables of bank");
	EXPECT_EQ(region->index, 0);
	EXPECT_EQ(acre_range_size(region->range), tables);
	EXPECT_EQ(frame_managed_count(r->pool), 16384 - tables / FRAME_SIZE);
	EXPECT_EQ(r->pool->nbanks, 1);
	EXPECT_EQ(r->pool->bank[0].nframes, frame_managed_count(r->pool));
}

KTEST(mm_init, takes_the_tables_from_the_bank_and_frees_the_rest)
{
	struct rig r;

	rig_init(&r, 0);
	one_whole_bank(&r, 0x80000000);
	one_whole_bank(&r, 0);
	one_whole_bank(&r, 0x80203000);
	one_whole_bank(&r, 1ull << 55);
	one_whole_bank(&r, ACRE_PADDR_LIMIT - 64 * MIB);
}

KTEST(mm_init, a_bank_of_a_gibibyte_costs_two_bits_a_frame)
{
	struct rig r;

	rig_init(&r, 0x80000000);
	add_bank(&r, 0x80000000, 1024 * MIB);
	init_ok(&r);
	EXPECT_EQ(memmap_bytes(r.map, MEMMAP_METADATA), 18 * FRAME_SIZE); /* of 262,144 */
}

KTEST(mm_init, keeps_off_what_is_reserved)
{
	struct rig r;
	const acre_paddr_t base = 0x80000000;

	rig_init(&r, base);
	add_bank(&r, base - 17, 4 * MIB + 1000); /* odd at both ends */
	reserve(&r, base, 3 * FRAME_SIZE - 5);
	reserve(&r, base + 20 * FRAME_SIZE + 1, 1);
	reserve(&r, base + MIB, 5 * FRAME_SIZE);
	reserve(&r, base + 4 * MIB - FRAME_SIZE, FRAME_SIZE + 5000);
	init_ok(&r);
	EXPECT_EQ(memmap_find(r.map, base + 3 * FRAME_SIZE)->kind, MEMMAP_METADATA);
	EXPECT(!frame_is_managed(r.pool, frame_from_paddr(base)));
	EXPECT(!frame_is_managed(r.pool, frame_from_paddr(base) + 2));
	EXPECT(!frame_is_managed(r.pool, frame_from_paddr(base) + 3));
	EXPECT(frame_is_free(r.pool, frame_from_paddr(base) + 4));
	EXPECT(!frame_is_managed(r.pool, frame_from_paddr(base) + 20));
	/* The pool's bank begins behind the tables and ends at the last usable frame. */
	EXPECT_EQ(r.pool->bank[0].first, frame_from_paddr(base) + 4);
	EXPECT_EQ(r.pool->bank[0].nframes, 1024 - 4 - 1);
}

KTEST(mm_init, a_first_region_that_is_too_small_is_passed_over)
{
	struct rig r;
	const acre_paddr_t base = 0x80000000;

	rig_init(&r, base);
	add_bank(&r, base, 256 * MIB); /* 5 frames of tables */
	reserve(&r, base + 4 * FRAME_SIZE, FRAME_SIZE);
	init_ok(&r);
	EXPECT_EQ(memmap_find(r.map, base)->kind, MEMMAP_USABLE);
	EXPECT_EQ(memmap_find(r.map, base + 5 * FRAME_SIZE)->kind, MEMMAP_METADATA);
	EXPECT(frame_is_free(r.pool, frame_from_paddr(base)));
}

KTEST(mm_init, holes_between_banks_cost_nothing)
{
	struct rig r;
	const acre_paddr_t base = 0x80000000;

	rig_init(&r, base);
	for (unsigned i = 0; i < 4; i++) /* in the backed frames, far from each other */
		add_bank(&r, base + i * 11ull * FRAME_SIZE, 5 * FRAME_SIZE);
	init_ok(&r);
	EXPECT_EQ(r.pool->nbanks, 4);
	EXPECT_EQ(frame_managed_count(r.pool), 16);
	for (unsigned i = 0; i < 4; i++)
		EXPECT_EQ(r.pool->bank[i].nframes, 4);
	EXPECT_STR(memmap_find(r.map, base + 33 * FRAME_SIZE)->name, "frame tables of bank");
	EXPECT_EQ(memmap_find(r.map, base + 33 * FRAME_SIZE)->index, 3);
}

KTEST(mm_init, tables_go_to_another_bank_when_no_piece_of_their_own_is_large_enough)
{
	struct rig r;
	const acre_paddr_t base = 0x80000000, far = 1ull << 40;

	rig_init(&r, base);
	add_bank(&r, base, 16 * FRAME_SIZE);
	/* 20,000 frames need two frames of tables; three are usable, each by itself. */
	add_bank(&r, far, 20000 * FRAME_SIZE);
	reserve(&r, far + FRAME_SIZE, 9999 * FRAME_SIZE);
	reserve(&r, far + 10001 * FRAME_SIZE, 9998 * FRAME_SIZE);
	init_ok(&r);
	EXPECT_EQ(memmap_bytes(r.map, MEMMAP_METADATA), 3 * FRAME_SIZE);
	EXPECT_STR(memmap_find(r.map, base + FRAME_SIZE)->name, "frame tables of bank");
	EXPECT_EQ(memmap_find(r.map, base + FRAME_SIZE)->index, 1);
	EXPECT_EQ(frame_managed_count(r.pool), 13 + 3);
	EXPECT(frame_is_free(r.pool, frame_from_paddr(far) + 19999));
}

KTEST(mm_init, tables_for_the_first_bank_may_come_from_a_later_one)
{
	struct rig r;
	const acre_paddr_t base = 0x80000000, low = 0x1000;

	rig_init(&r, base);
	add_bank(&r, low, 20000 * FRAME_SIZE);
	reserve(&r, low + FRAME_SIZE, 9999 * FRAME_SIZE);
	reserve(&r, low + 10001 * FRAME_SIZE, 9998 * FRAME_SIZE);
	add_bank(&r, base, 16 * FRAME_SIZE);
	init_ok(&r);
	EXPECT_STR(memmap_find(r.map, base)->name, "frame tables of bank");
	EXPECT_EQ(memmap_find(r.map, base)->index, 0);
	EXPECT_STR(memmap_find(r.map, base + 2 * FRAME_SIZE)->name, "frame tables of bank");
	EXPECT_EQ(memmap_find(r.map, base + 2 * FRAME_SIZE)->index, 1);
	EXPECT_EQ(frame_managed_count(r.pool), 13 + 3);
}

KTEST(mm_init, a_bank_that_is_not_worth_its_tables_is_left_out)
{
	struct rig r;
	const acre_paddr_t base = 0x80000000, far = 1ull << 40;

	rig_init(&r, base);
	add_bank(&r, base, 16 * FRAME_SIZE);
	add_bank(&r, far, 1024 * MIB);
	reserve_but(&r, far, 1024 * MIB, far + 512 * MIB);
	init_ok(&r);
	EXPECT_EQ(r.pool->nbanks, 1);
	EXPECT_EQ(frame_managed_count(r.pool), 15);
	EXPECT_EQ(memmap_bytes(r.map, MEMMAP_METADATA), FRAME_SIZE);
	const struct memmap_region *lost = memmap_find(r.map, far + 512 * MIB);
	EXPECT_EQ(lost->kind, MEMMAP_LEFT_OUT);
	EXPECT_STR(lost->name, "not worth its frame tables");
}

KTEST(mm_init, a_bank_is_cut_at_its_widest_gap)
{
	struct rig r;
	const acre_paddr_t base = 0x80000000;
	const acre_paddr_t end = base + 1024 * MIB;

	/* 8 frames at the start, 5 and 1 at the end of 1 GiB: 17 frames of tables for 14 in one piece. */
	rig_init(&r, base);
	add_bank(&r, base, 1024 * MIB);
	reserve(&r, base + 8 * FRAME_SIZE, 1024 * MIB - 18 * FRAME_SIZE);
	reserve(&r, end - 5 * FRAME_SIZE, 4 * FRAME_SIZE);
	init_ok(&r);
	EXPECT_EQ(r.pool->nbanks, 2);
	EXPECT_EQ(frame_managed_count(r.pool), 12);
	EXPECT_EQ(memmap_find(r.map, base)->kind, MEMMAP_METADATA);
	EXPECT_EQ(memmap_bytes(r.map, MEMMAP_METADATA), 2 * FRAME_SIZE);
	EXPECT(frame_is_free(r.pool, frame_from_paddr(end - FRAME_SIZE)));
	EXPECT(frame_is_free(r.pool, frame_from_paddr(end - 10 * FRAME_SIZE)));
}

/* Each smaller than the tables of the whole bank would be. */
KTEST(mm_init, islands_in_a_reserved_bank_have_tables_each_for_itself)
{
	enum { ISLANDS = 12 };
	struct rig r;
	const acre_paddr_t base = 0x80000000;
	acre_paddr_t end = base + 64 * FRAME_SIZE;

	rig_init(&r, base);
	add_bank(&r, base, (ISLANDS + 1) * 1024 * MIB);
	for (unsigned i = 1; i <= ISLANDS; i++) {
		const acre_paddr_t island = base + i * 1024 * MIB;
		reserve(&r, end, island - end);
		end = island + 8 * FRAME_SIZE;
	}
	reserve(&r, end, base + (ISLANDS + 1) * 1024 * MIB - end);
	init_ok(&r);
	EXPECT_EQ(r.pool->nbanks, ISLANDS + 1);
	EXPECT_EQ(memmap_bytes(r.map, MEMMAP_LEFT_OUT), 0);
	/* A frame of tables for each; and the table of banks. */
	EXPECT(memmap_bytes(r.map, MEMMAP_METADATA) <= (ISLANDS + 3) * FRAME_SIZE);
}

KTEST(mm_init, banks_of_two_nodes_stay_two_where_they_touch)
{
	struct rig r;
	const acre_paddr_t base = 0x80000000;

	rig_init(&r, base);
	REQUIRE_EQ(memmap_add_bank(r.map, bytes_at(base, 64 * KIB), 0, "a"), ACRE_OK);
	REQUIRE_EQ(memmap_add_bank(r.map, bytes_at(base + 64 * KIB, 64 * KIB), 1, "b"), ACRE_OK);
	init_ok(&r);
	EXPECT_EQ(r.pool->nbanks, 2);
	EXPECT_EQ(frame_managed_count(r.pool), 30);
	EXPECT_EQ(frame_alloc_range(r.pool, 16, FRAME_SIZE), FRAME_NONE);
	EXPECT_EQ(memmap_find(r.map, base + 64 * KIB)->kind, MEMMAP_METADATA);
	EXPECT_EQ(memmap_find(r.map, base + 64 * KIB)->numa_node, 1);
}

KTEST(mm_init, refuses_what_it_cannot_use)
{
	struct rig r;

	rig_init(&r, 0x80000000);
	add_bank(&r, 0x80000000, FRAME_SIZE); /* one frame: not worth its table */
	EXPECT_EQ(mm_init_frames(r.pool, r.map, r.offset, &no_stocks),
		  ACRE_ERR_INVALID); /* not resolved */
	REQUIRE_EQ(memmap_resolve(r.map), ACRE_OK);
	EXPECT_EQ(mm_init_frames(r.pool, r.map, r.offset + 8, &no_stocks), ACRE_ERR_MISALIGNED);
	EXPECT_EQ(memmap_bytes(r.map, MEMMAP_USABLE), FRAME_SIZE);
	EXPECT_EQ(mm_init_frames(r.pool, r.map, r.offset, &no_stocks), ACRE_ERR_NOMEM);
	REQUIRE_VALID(memmap_validate(r.map));

	empty_map(r.map);
	REQUIRE_EQ(memmap_resolve(r.map), ACRE_OK);
	EXPECT_EQ(mm_init_frames(r.pool, r.map, r.offset, &no_stocks),
		  ACRE_ERR_NOMEM); /* no memory at all */

	empty_map(r.map);
	add_bank(&r, 0x80000000, 2 * FRAME_SIZE);
	REQUIRE_EQ(memmap_resolve(r.map), ACRE_OK);
	EXPECT_EQ(mm_init_frames(r.pool, r.map, r.offset, &no_stocks),
		  ACRE_OK); /* the smallest machine */
	EXPECT_EQ(frame_free_count(r.pool), 1);
}

static uint64_t banks_with_memory(const struct memmap *map)
{
	const struct memmap_region *region;
	uint32_t cursor = 0, last = MEMMAP_NO_BANK;
	uint64_t n = 0;

	for (; (region = memmap_next(map, MEMMAP_USABLE, &cursor)) != NULL; last = region->bank)
		n += region->bank != last;
	return n;
}

KTEST(mm_init, agrees_with_the_map_whatever_is_reserved)
{
	struct rig r;
	const acre_paddr_t base = 0x80000000;

	rig_init(&r, base);
	for (unsigned round = 0; round < 60; round++) {
		empty_map(r.map);
		for (uint64_t i = ktest_below(3) + 1; i > 0; i--)
			add_bank(&r, base + ktest_below(20) * FRAME_SIZE + ktest_below(3),
				 (ktest_below(24) + 2) * FRAME_SIZE);
		for (uint64_t i = ktest_below(8); i > 0; i--)
			reserve(&r, base + ktest_below(45 * FRAME_SIZE),
				ktest_below(FRAME_SIZE * 2));
		REQUIRE_EQ(memmap_resolve(r.map), ACRE_OK);
		uint64_t usable = memmap_bytes(r.map, MEMMAP_USABLE);
		uint64_t banks = banks_with_memory(r.map);
		enum acre_status status = mm_init_frames(r.pool, r.map, r.offset, &no_stocks);
		if (status == ACRE_ERR_NOMEM) {
			EXPECT_EQ(memmap_bytes(r.map, MEMMAP_USABLE), 0);
			continue;
		}
		REQUIRE_EQ(status, ACRE_OK);
		compare(&r);
		/* A frame of tables a bank; a bank of one frame is not worth it and lost. */
		EXPECT_EQ(usable - memmap_bytes(r.map, MEMMAP_USABLE), banks * FRAME_SIZE);
	}
}

/* ---- reusable reservations ------------------------------------------------------------------- */

/* 4 MiB, of which the second is reusable but for its first and last bytes, and the end too. */
static void init_with_reusable(struct rig *r)
{
	const acre_paddr_t base = 0x80000000;

	rig_init(r, base);
	add_bank(r, base, 4 * MIB);
	REQUIRE_EQ(memmap_reserve(r->map, (struct acre_range){ base + MIB + 1, base + 2 * MIB - 1 },
				  MEMMAP_REUSABLE, "cma"),
		   ACRE_OK);
	REQUIRE_EQ(memmap_reserve(r->map, bytes_at(base + 3 * MIB, MIB), MEMMAP_REUSABLE, "top"),
		   ACRE_OK);
	init_ok(r);
}

KTEST(mm_init, keeps_reusable_memory_out_until_it_is_lent)
{
	const acre_paddr_t base = 0x80000000;
	struct rig r;

	init_with_reusable(&r);
	compare(&r);
	frame_count_t before = frame_managed_count(r.pool);
	uint64_t usable = memmap_bytes(r.map, MEMMAP_USABLE);
	EXPECT_EQ(mm_lend_reusable(r.pool, r.map, base + 2 * MIB), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(mm_take_back_reusable(r.pool, r.map, base + MIB + 5), ACRE_ERR_NOT_FOUND);
	REQUIRE_EQ(mm_lend_reusable(r.pool, r.map, base + MIB + 5), ACRE_OK);
	REQUIRE_VALID(memmap_validate(r.map));
	REQUIRE_VALID(frame_validate(r.pool));
	/* The two frames at its ends are partly slack. */
	EXPECT_EQ(frame_managed_count(r.pool), before + 254);
	EXPECT_EQ(memmap_bytes(r.map, MEMMAP_LENT), 254 * FRAME_SIZE);
	EXPECT_EQ(memmap_bytes(r.map, MEMMAP_REUSABLE), MIB + 2 * (FRAME_SIZE - 1));
	EXPECT_EQ(memmap_bytes(r.map, MEMMAP_USABLE), usable);
	EXPECT(frame_is_free(r.pool, frame_from_paddr(base + MIB) + 1));
	EXPECT_EQ(mm_lend_reusable(r.pool, r.map, base + MIB + FRAME_SIZE), ACRE_ERR_NOT_FOUND);
	REQUIRE_EQ(mm_lend_reusable(r.pool, r.map, base + 4 * MIB - 1), ACRE_OK);
	EXPECT_EQ(frame_managed_count(r.pool), before + 254 + 256);
	REQUIRE_VALID(memmap_validate(r.map));
}

KTEST(mm_init, takes_lent_memory_back_once_it_is_free)
{
	const acre_paddr_t at = 0x80000000 + MIB + FRAME_SIZE;
	struct rig r;

	init_with_reusable(&r);
	frame_count_t before = frame_managed_count(r.pool);
	uint32_t regions = r.map->nregions;
	REQUIRE_EQ(mm_lend_reusable(r.pool, r.map, at), ACRE_OK);
	REQUIRE_EQ(frame_alloc_at(r.pool, frame_from_paddr(at) + 100, 1), ACRE_OK);
	EXPECT_EQ(mm_take_back_reusable(r.pool, r.map, at), ACRE_ERR_OVERLAP);
	EXPECT_EQ(frame_managed_count(r.pool), before + 254);
	EXPECT_EQ(memmap_bytes(r.map, MEMMAP_LENT), 254 * FRAME_SIZE);
	REQUIRE_EQ(frame_free(r.pool, frame_from_paddr(at) + 100), ACRE_OK);
	REQUIRE_EQ(mm_take_back_reusable(r.pool, r.map, at), ACRE_OK);
	EXPECT_EQ(r.map->nregions, regions);
	EXPECT_EQ(frame_managed_count(r.pool), before);
	EXPECT_EQ(memmap_bytes(r.map, MEMMAP_LENT), 0);
	compare(&r);
	EXPECT_EQ(mm_take_back_reusable(r.pool, r.map, at), ACRE_ERR_NOT_FOUND);
	REQUIRE_EQ(mm_lend_reusable(r.pool, r.map, at), ACRE_OK); /* and again */
}

/* Tables for a GiB that may never be lent would take half of what is usable. */
KTEST(mm_init, makes_no_tables_for_reusable_memory_that_dwarfs_the_rest)
{
	const acre_paddr_t base = 0x80000000;
	struct rig r;

	rig_init(&r, base);
	add_bank(&r, base, 1024 * MIB);
	REQUIRE_EQ(memmap_reserve(r.map, bytes_at(base + 128 * KIB, 1024 * MIB - 128 * KIB),
				  MEMMAP_REUSABLE, "huge"),
		   ACRE_OK);
	init_ok(&r);
	EXPECT_EQ(memmap_bytes(r.map, MEMMAP_METADATA), FRAME_SIZE);
	uint32_t regions = r.map->nregions;
	EXPECT_EQ(mm_lend_reusable(r.pool, r.map, base + MIB), ACRE_ERR_RANGE);
	EXPECT_EQ(r.map->nregions, regions);
	EXPECT_EQ(memmap_bytes(r.map, MEMMAP_LENT), 0);
	compare(&r);
}

KTEST(mm_init, does_not_lend_less_than_a_frame)
{
	const acre_paddr_t base = 0x80000000;
	struct rig r;

	rig_init(&r, base);
	add_bank(&r, base, MIB);
	REQUIRE_EQ(memmap_reserve(r.map, bytes_at(base + 0x8800, FRAME_SIZE), MEMMAP_REUSABLE, "s"),
		   ACRE_OK);
	init_ok(&r);
	EXPECT_EQ(mm_lend_reusable(r.pool, r.map, base + 0x8800), ACRE_ERR_NOT_FOUND);
	compare(&r);
}

KTEST(mm_init, the_table_of_many_small_banks_has_a_place_of_its_own)
{
	struct rig r;
	const acre_paddr_t base = 0x80000000;

	rig_init(&r, base);
	for (unsigned b = 0; b < 9; b++)
		add_bank(&r, base + b * 5 * FRAME_SIZE, (b == 0 ? 2 : 4) * FRAME_SIZE);
	REQUIRE_EQ(memmap_resolve(r.map), ACRE_OK);
	REQUIRE_EQ(mm_init_frames(r.pool, r.map, r.offset, &no_stocks), ACRE_OK);
	compare(&r);
	/* It takes the two frames of the first bank; each other keeps all but one. */
	EXPECT_EQ(r.pool->nbanks, 8);
	EXPECT_EQ(frame_managed_count(r.pool), 8 * 3);
}

KTEST(mm_init, a_table_of_banks_that_fits_into_no_piece_is_made_smaller)
{
	struct rig r;
	const acre_paddr_t base = 0x80000000;

	rig_init(&r, base);
	for (unsigned b = 0; b < 17; b++)
		add_bank(&r, base + b * 3 * FRAME_SIZE, 2 * FRAME_SIZE);
	REQUIRE_EQ(memmap_resolve(r.map), ACRE_OK);
	REQUIRE_EQ(mm_init_frames(r.pool, r.map, r.offset, &no_stocks), ACRE_OK);
	compare(&r);
	/* 17 banks want three frames in one piece, 8 of them want one. */
	EXPECT_EQ(r.pool->nbanks, 8);
	EXPECT_EQ(frame_managed_count(r.pool), 8);
	EXPECT_EQ(memmap_bytes(r.map, MEMMAP_METADATA), (1 + 8) * FRAME_SIZE);
}
