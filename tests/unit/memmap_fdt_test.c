/* SPDX-License-Identifier: MIT */
/* memmap_fdt_test.c (cases) - trees made for the purpose, and the maps and findings that they give. */
#include "mm/map/memmap_fdt.h"

#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/map/memmap_room.h"
#include "tests/support/fdt_builder.h"
#include "tests/support/ktest.h"
#include "tests/support/map_room.h"

#define BLOB_SIZE    65536u
#define MAX_FINDINGS 8u
#define MIB          0x100000ull

/* A tree being built, and what becomes of it. */
struct bench {
	struct fdt_builder tree;
	struct memmap_boot boot;
	struct memmap *map;
	uint8_t *blob;
	uint32_t nfindings;
	enum memmap_severity severity[MAX_FINDINGS];
	char text[MAX_FINDINGS][MEMMAP_FINDING_LEN];
};

/* A root with two cells for an address and two for a size. */
static struct bench *new_bench(void)
{
	struct bench *b = ktest_alloc(sizeof(*b), 16);

	memset(b, 0, sizeof(*b));
	b->map = new_map();
	b->blob = ktest_alloc(BLOB_SIZE, 8);
	fdt_build(&b->tree, b->blob, BLOB_SIZE);
	return b;
}

static void begin_root(struct bench *b)
{
	fdt_build_begin(&b->tree, "");
	fdt_build_u32(&b->tree, "#address-cells", 2);
	fdt_build_u32(&b->tree, "#size-cells", 2);
}

static void begin_reserved(struct bench *b)
{
	fdt_build_begin(&b->tree, "reserved-memory");
	fdt_build_u32(&b->tree, "#address-cells", 2);
	fdt_build_u32(&b->tree, "#size-cells", 2);
	fdt_build_empty(&b->tree, "ranges");
}

/* A node with one pair; @flag is an empty property or NULL. */
static void add_node(struct bench *b, const char *name, uint64_t base, uint64_t size,
		     const char *flag)
{
	fdt_build_begin(&b->tree, name);
	FDT_BUILD_CELLS(&b->tree, "reg", (uint32_t)(base >> 32), (uint32_t)base,
			(uint32_t)(size >> 32), (uint32_t)size);
	if (flag != NULL)
		fdt_build_empty(&b->tree, flag);
	fdt_build_end(&b->tree);
}

static void note_finding(void *ctx, const struct memmap_finding *finding)
{
	struct bench *b = ctx;

	if (b->nfindings < MAX_FINDINGS) {
		b->severity[b->nfindings] = finding->severity;
		memmap_finding_str(b->text[b->nfindings], finding);
	}
	b->nfindings++;
}

static enum acre_status fill(struct bench *b)
{
	struct memmap_reporter reporter = { note_finding, b };
	struct fdt fdt;
	size_t size = fdt_build_finish(&b->tree);

	REQUIRE(size != 0);
	REQUIRE_EQ(fdt_open(&fdt, b->blob, size), ACRE_OK);
	empty_map(b->map);
	return memmap_from_fdt(b->map, &fdt, &b->boot, &reporter);
}

/* Result: how many dynamic reservations have no place. */
static uint32_t place(struct bench *b)
{
	struct memmap_reporter reporter = { note_finding, b };
	struct fdt fdt;

	REQUIRE_EQ(fdt_open(&fdt, b->blob, BLOB_SIZE), ACRE_OK);
	uint32_t unplaced = memmap_place_from_fdt(b->map, &fdt, &reporter);
	REQUIRE_VALID(memmap_validate(b->map));
	return unplaced;
}

static void fill_and_resolve(struct bench *b)
{
	REQUIRE_EQ(fill(b), ACRE_OK);
	REQUIRE_EQ(memmap_resolve(b->map), ACRE_OK);
	REQUIRE_VALID(memmap_validate(b->map));
}

struct want {
	acre_paddr_t start;
	acre_paddr_t end;
	enum memmap_kind kind;
	const char *name;
};

static void expect_regions(const struct bench *b, const struct want *want, uint32_t count)
{
	REQUIRE_EQ(b->map->nregions, count);
	for (uint32_t i = 0; i < count; i++) {
		EXPECT_EQ(b->map->region[i].range.start, want[i].start);
		EXPECT_EQ(b->map->region[i].range.end, want[i].end);
		EXPECT_STR(memmap_kind_str(b->map->region[i].kind), memmap_kind_str(want[i].kind));
		EXPECT_STR(b->map->region[i].name, want[i].name);
	}
}

/* ---- machines as they are -------------------------------------------------------------------- */

/* QEMU virt with 128 MiB, an initrd, and what OpenSBI 1.1 adds, if @with_firmware. */
static struct bench *virt(bool with_firmware)
{
	struct bench *b = new_bench();

	b->boot.image = (struct acre_range){ 0x80200000, 0x80a12345 };
	b->boot.dtb = (struct acre_range){ 0x87e00000, 0x87e014c3 };
	begin_root(b);
	if (with_firmware) {
		begin_reserved(b);
		add_node(b, "mmode_resv0@80000000", 0x80000000, 0x80000, NULL);
		fdt_build_end(&b->tree);
	}
	fdt_build_begin(&b->tree, "chosen");
	fdt_build_u32(&b->tree, "linux,initrd-start", 0x84200000);
	fdt_build_u32(&b->tree, "linux,initrd-end", 0x84300001);
	fdt_build_end(&b->tree);
	add_node(b, "memory@80000000", 0x80000000, 128 * MIB, NULL);
	fdt_build_end(&b->tree);
	return b;
}

KTEST(memmap_fdt, hands_out_the_memory_between_firmware_and_kernel)
{
	static const struct want want[] = {
		{ 0x80000000, 0x80080000, MEMMAP_FIRMWARE, "mmode_resv0@80000000" },
		{ 0x80080000, 0x80200000, MEMMAP_USABLE, "" },
		{ 0x80200000, 0x80a12345, MEMMAP_KERNEL, "kernel image" },
		{ 0x80a12345, 0x80a13000, MEMMAP_SLACK, "" },
		{ 0x80a13000, 0x84200000, MEMMAP_USABLE, "" },
		{ 0x84200000, 0x84300001, MEMMAP_INITRD, "initrd" },
		{ 0x84300001, 0x84301000, MEMMAP_SLACK, "" },
		{ 0x84301000, 0x87e00000, MEMMAP_USABLE, "" },
		{ 0x87e00000, 0x87e014c3, MEMMAP_DTB, "device tree" },
		{ 0x87e014c3, 0x87e02000, MEMMAP_SLACK, "" },
		{ 0x87e02000, 0x88000000, MEMMAP_USABLE, "" },
	};
	struct bench *b = virt(true);

	fill_and_resolve(b);
	EXPECT_EQ(b->nfindings, 0);
	EXPECT_EQ(memmap_ram_bytes(b->map), 128 * MIB);
	expect_regions(b, want, ARRAY_SIZE(want));
	EXPECT_STR(b->map->bank[0].name, "memory@80000000");
	EXPECT_EQ(b->map->bank[0].numa_node, MEMMAP_NO_NODE);
}

KTEST(memmap_fdt, keeps_all_below_the_kernel_when_no_firmware_speaks)
{
	struct bench *b = virt(false);

	fill_and_resolve(b);
	EXPECT_EQ(b->map->region[0].range.start, 0x80000000);
	EXPECT_EQ(b->map->region[0].range.end, 0x80200000);
	EXPECT_EQ(b->map->region[0].kind, MEMMAP_FIRMWARE);
	EXPECT_STR(b->map->region[0].name, "possible firmware");
	REQUIRE_EQ(b->nfindings, 1);
	EXPECT_EQ(b->severity[0], MEMMAP_WARNING);
	EXPECT_STR(b->text[0], "nothing reserves the start of this RAM, where firmware may lie: "
			       "kept out, [0x80000000, 0x80200000)");
}

KTEST(memmap_fdt, believes_the_caller_about_the_firmware)
{
	struct bench *b = virt(false);

	b->boot.firmware = (struct acre_range){ 0x80000000, 0x80040000 };
	fill_and_resolve(b);
	EXPECT_EQ(b->nfindings, 0);
	EXPECT_STR(memmap_find(b->map, 0x8003ffff)->name, "firmware");
	EXPECT_EQ(memmap_find(b->map, 0x80040000)->kind, MEMMAP_USABLE);
}

/*
 *	RAM       |==a==|    |==b==|==c======|     the image is in c
 *	guarded   |=====|    |=========|image|
 */
static struct memmap *three_banks(void)
{
	struct memmap *map = new_map();

	empty_map(map);
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x40000, 0x60000 }, 0, "c"), ACRE_OK);
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0, 0x20000 }, 0, "a"), ACRE_OK);
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ 0x30000, 0x40000 }, 1, "b"), ACRE_OK);
	return map;
}

/* What is guarded is @below and @lowest, and nothing else is firmware's then. */
static void expect_guards(struct memmap *map, struct acre_range image, struct acre_range below,
			  struct acre_range lowest)
{
	const uint64_t known = map->nreservations;
	struct acre_range guarded[MEMMAP_GUARDS];

	REQUIRE_EQ(memmap_guard_firmware(map, image, guarded), ACRE_OK);
	EXPECT_EQ(acre_range_size(guarded[0]), acre_range_size(below));
	EXPECT_EQ(acre_range_size(guarded[1]), acre_range_size(lowest));
	if (!acre_range_is_empty(below))
		EXPECT_EQ(guarded[0].start, below.start);
	if (!acre_range_is_empty(lowest))
		EXPECT_EQ(guarded[1].start, lowest.start);
	EXPECT_EQ(map->nreservations,
		  known + !acre_range_is_empty(below) + !acre_range_is_empty(lowest));
	REQUIRE_EQ(memmap_resolve(map), ACRE_OK);
	REQUIRE_VALID(memmap_validate(map));
}

KTEST(memmap_fdt, guards_the_start_of_the_kernels_ram_and_of_the_lowest)
{
	static const struct {
		struct acre_range image;
		struct acre_range below;
		struct acre_range lowest;
	} trial[] = {
		{ { 0x50000, 0x51000 }, { 0x30000, 0x50000 }, { 0, 0x20000 } },
		{ { 0x40000, 0x41000 }, { 0x30000, 0x40000 }, { 0, 0x20000 } },
		{ { 0x30000, 0x31000 }, { 0, 0 }, { 0, 0x20000 } }, /* at the start of its RAM */
		{ { 0x60000, 0x61000 }, { 0x30000, 0x60000 }, { 0, 0x20000 } }, /* just above RAM */
		{ { 0x70000, 0x71000 }, { 0, 0 }, { 0, 0 } }, /* nowhere near it */
		{ { 0x28000, 0x29000 }, { 0, 0 }, { 0, 0 } }, /* in the hole */
		{ { 0x10000, 0x11000 }, { 0, 0x10000 }, { 0, 0 } },
		{ { 0, 0x1000 }, { 0, 0 }, { 0, 0 } },
		{ { 0x50000, 0x50000 }, { 0, 0 }, { 0, 0 } }, /* no image, no rule */
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(trial); i++) {
		struct memmap *map = three_banks();
		expect_guards(map, trial[i].image, trial[i].below, trial[i].lowest);
		EXPECT_EQ(memmap_bytes(map, MEMMAP_FIRMWARE),
			  acre_range_size(trial[i].below) + acre_range_size(trial[i].lowest));
	}
}

/* A reservation of any kind and name that covers the first byte of one of the two will do. */
KTEST(memmap_fdt, guards_nothing_where_the_start_of_ram_is_reserved)
{
	static const struct acre_range image = { 0x50000, 0x51000 };
	static const struct {
		struct acre_range reserved;
		enum memmap_kind kind;
		struct acre_range below;
		struct acre_range lowest;
	} trial[] = {
		{ { 0x30000, 0x30001 }, MEMMAP_RESERVED, { 0, 0 }, { 0, 0 } },
		{ { 0x2f000, 0x31000 }, MEMMAP_NO_MAP, { 0, 0 }, { 0, 0 } },
		{ { 0, 0x80 }, MEMMAP_MEMRESERVE, { 0, 0 }, { 0, 0 } },
		{ { 0, 0x80 }, MEMMAP_REUSABLE, { 0, 0 }, { 0, 0 } },
		{ { 0x38000, 0x39000 }, MEMMAP_FIRMWARE, { 0x30000, 0x38000 }, { 0, 0x20000 } },
		{ { 0x1000, 0x31000 }, MEMMAP_RESERVED, { 0, 0 }, { 0, 0 } },
		{ { 0x1000, 0x2f000 }, MEMMAP_RESERVED, { 0x30000, 0x50000 }, { 0, 0x1000 } },
		{ { 0x90000, 0xa0000 }, MEMMAP_FIRMWARE, { 0x30000, 0x50000 }, { 0, 0x20000 } },
		{ { 0, 0x60000 }, MEMMAP_LEFT_OUT, { 0x30000, 0x50000 }, { 0, 0x20000 } },
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(trial); i++) {
		struct memmap *map = three_banks();
		REQUIRE_EQ(memmap_reserve(map, trial[i].reserved, trial[i].kind, "first"), ACRE_OK);
		expect_guards(map, image, trial[i].below, trial[i].lowest);
	}
}

/*
 *	RAM       |==a====================|    |==b=====|     the image is in b, and bounds
 *	guarded   |=======|                    |==|image|     what is below it; nothing bounds a
 */
KTEST(memmap_fdt, guards_of_a_large_lowest_ram_what_loaders_leave_below_a_kernel)
{
	static const struct acre_range below = { 0x100000000, 0x104000000 };
	static const struct {
		uint64_t size;
		uint64_t reserved;
		uint64_t guarded;
	} trial[] = {
		{ MEMMAP_GUARD_MOST - 1, 0, MEMMAP_GUARD_MOST - 1 },
		{ MEMMAP_GUARD_MOST, 0, MEMMAP_GUARD_MOST },
		{ MEMMAP_GUARD_MOST + 1, 0, MEMMAP_GUARD_MOST },
		{ 0x40000000, 0, MEMMAP_GUARD_MOST },
		{ 0x40000000, MEMMAP_GUARD_MOST - 1, MEMMAP_GUARD_MOST - 1 },
		{ 0x40000000, MEMMAP_GUARD_MOST, MEMMAP_GUARD_MOST },
		{ 0x40000000, MEMMAP_GUARD_MOST + 1, MEMMAP_GUARD_MOST },
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(trial); i++) {
		const uint64_t base = 0x40000000;
		const struct acre_range a = { base, base + trial[i].size };
		const struct acre_range at = { base + trial[i].reserved, a.end };
		struct memmap *map = new_map();

		empty_map(map);
		REQUIRE_EQ(memmap_add_bank(map, a, 0, "a"), ACRE_OK);
		REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ below.start, 0x110000000 }, 0,
					   "b"),
			   ACRE_OK);
		if (trial[i].reserved != 0)
			REQUIRE_EQ(memmap_reserve(map, at, MEMMAP_RESERVED, "later"), ACRE_OK);
		expect_guards(map, (struct acre_range){ below.end, 0x105000000 }, below,
			      (struct acre_range){ base, base + trial[i].guarded });
	}
}

KTEST(memmap_fdt, says_that_the_kernel_is_not_in_declared_memory)
{
	struct bench *b = virt(true);

	b->boot.image = (struct acre_range){ 0x70000000, 0x70100000 };
	fill_and_resolve(b);
	REQUIRE_EQ(b->nfindings, 1);
	EXPECT_STR(b->text[0], "the running kernel is not in the memory of the device tree: "
			       "[0x70000000, 0x70100000)");
	EXPECT_EQ(memmap_bytes(b->map, MEMMAP_KERNEL), 0);
}

/* ---- what is taken over ---------------------------------------------------------------------- */

KTEST(memmap_fdt, takes_every_memory_node_and_every_pair)
{
	struct bench *b = new_bench();

	begin_root(b);
	fdt_build_begin(&b->tree, "memory@1000000");
	FDT_BUILD_CELLS(&b->tree, "reg", 0, 0x1000000, 0, 0x10000, 0, 0x3000000, 0, 0x20000);
	fdt_build_u32(&b->tree, "numa-node-id", 1);
	fdt_build_end(&b->tree);
	add_node(b, "memory@2000000", 0x2000000, 0x40000, NULL);
	add_node(b, "memory@4000000", 0x4000000, 0, NULL);
	fdt_build_begin(&b->tree, "memory@5000000");
	FDT_BUILD_CELLS(&b->tree, "reg", 0, 0x5000000, 0, 0x10000);
	fdt_build_string(&b->tree, "status", "disabled");
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	fill_and_resolve(b);
	EXPECT_EQ(b->nfindings, 0);
	REQUIRE_EQ(b->map->nbanks, 3);
	EXPECT_EQ(b->map->bank[0].numa_node, 1);
	EXPECT_EQ(b->map->bank[1].numa_node, MEMMAP_NO_NODE);
	EXPECT_EQ(b->map->bank[2].numa_node, 1);
	EXPECT_EQ(b->map->bank[2].range.start, 0x3000000);
	EXPECT_EQ(memmap_ram_bytes(b->map), 0x70000);
}

KTEST(memmap_fdt, gives_each_reservation_its_kind)
{
	static const struct {
		const char *node;
		const char *flag;
		enum memmap_kind kind;
	} trial[] = {
		{ "buffer@10000", NULL, MEMMAP_RESERVED },
		{ "buffer@10000", "no-map", MEMMAP_NO_MAP },
		{ "buffer@10000", "reusable", MEMMAP_REUSABLE },
		{ "mmode_resv0@10000", NULL, MEMMAP_FIRMWARE },
		{ "mmode_resv1@10000", "no-map", MEMMAP_FIRMWARE },
		{ "mmode_pmp0@10000", "no-map", MEMMAP_FIRMWARE },
		{ "mmode_resv", NULL, MEMMAP_FIRMWARE },
		{ "mmode_res@10000", NULL, MEMMAP_RESERVED },
		{ "x_mmode_resv0@10000", "no-map", MEMMAP_NO_MAP },
	};
	struct bench *b = new_bench();

	for (uint32_t i = 0; i < ARRAY_SIZE(trial); i++) {
		fdt_build(&b->tree, b->blob, BLOB_SIZE);
		begin_root(b);
		add_node(b, "memory@0", 0, 0x40000, NULL);
		begin_reserved(b);
		add_node(b, trial[i].node, 0x10000, 0x1000, trial[i].flag);
		fdt_build_end(&b->tree);
		fdt_build_end(&b->tree);
		fill_and_resolve(b);
		EXPECT_EQ(b->nfindings, 0);
		REQUIRE_EQ(b->map->nregions, 3);
		EXPECT_EQ(b->map->region[1].kind, trial[i].kind);
		EXPECT_STR(b->map->region[1].name, trial[i].node);
	}
}

KTEST(memmap_fdt, takes_the_memreserve_block)
{
	static const struct want want[] = {
		{ 0x1000, 0x2000, MEMMAP_USABLE, "" },
		{ 0x2000, 0x2801, MEMMAP_MEMRESERVE, "/memreserve/" }, /* entry 0 */
		{ 0x2801, 0x3000, MEMMAP_SLACK, "" },
		{ 0x3000, 0x8000, MEMMAP_USABLE, "" },
		{ 0x8000, 0x9000, MEMMAP_MEMRESERVE, "/memreserve/" },
	};
	struct bench *b = new_bench();

	fdt_build_memreserve(&b->tree, 0x2000, 0x801);
	fdt_build_memreserve(&b->tree, 0x8000, 0x100000);
	fdt_build_memreserve(&b->tree, 0x5000, 0);
	begin_root(b);
	add_node(b, "memory@1000", 0x1000, 0x8000, NULL);
	fdt_build_end(&b->tree);
	fill_and_resolve(b);
	EXPECT_EQ(b->nfindings, 0);
	expect_regions(b, want, ARRAY_SIZE(want));
}

/* ---- trees that are wrong -------------------------------------------------------------------- */

KTEST(memmap_fdt, leaves_out_memory_that_is_malformed_and_keeps_the_rest)
{
	struct bench *b = new_bench();

	begin_root(b);
	fdt_build_begin(&b->tree, "memory@1000000");
	FDT_BUILD_CELLS(&b->tree, "reg", 0, 0x1000000, 0x10000);
	fdt_build_end(&b->tree);
	add_node(b, "memory@2000000", 0x2000000, 0x40000, NULL);
	add_node(b, "memory@3000000", 0x3000000, UINT64_MAX, NULL);
	add_node(b, "memory@4000000", 0x4000000, ACRE_PADDR_LIMIT, NULL);
	fdt_build_end(&b->tree);
	fill_and_resolve(b);
	EXPECT_EQ(memmap_ram_bytes(b->map), 0x40000);
	REQUIRE_EQ(b->nfindings, 3);
	for (uint32_t i = 0; i < 3; i++)
		EXPECT_EQ(b->severity[i], MEMMAP_WARNING);
	EXPECT_STR(b->text[0], "memory@1000000: reg = <0x0 0x1000000 0x10000>: left out of the "
			       "memory (malformed)");
	EXPECT_STR(b->text[1], "memory@3000000: reg = <0x0 0x3000000 0xffffffff 0xffffffff>: left "
			       "out of the memory (overflow)");
	EXPECT_STR(b->text[2],
		   "memory@4000000: reg = <0x0 0x4000000 0x1000000 0x0>: left out, since it ends "
		   "past the last physical address [0x4000000, 0x100000000000000) (out of range)");
}

KTEST(memmap_fdt, a_bad_node_number_costs_the_number_and_not_the_memory)
{
	struct bench *b = new_bench();

	begin_root(b);
	fdt_build_begin(&b->tree, "memory@1000000");
	FDT_BUILD_CELLS(&b->tree, "reg", 0, 0x1000000, 0, 0x10000);
	fdt_build_u64(&b->tree, "numa-node-id", 1);
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	fill_and_resolve(b);
	EXPECT_EQ(memmap_ram_bytes(b->map), 0x10000);
	EXPECT_EQ(b->map->bank[0].numa_node, MEMMAP_NO_NODE);
	REQUIRE_EQ(b->nfindings, 1);
	EXPECT_STR(b->text[0], "memory@1000000: numa-node-id = <0x0 0x1>: memory taken as of no "
			       "NUMA node (malformed)");
}

KTEST(memmap_fdt, takes_a_malformed_reservation_at_its_widest)
{
	struct bench *b = new_bench();

	fdt_build_memreserve(&b->tree, ACRE_PADDR_LIMIT, UINT64_MAX);
	begin_root(b);
	add_node(b, "memory@1000000", 0x1000000, 0x100000, NULL);
	begin_reserved(b);
	add_node(b, "wraps@1080000", 0x1080000, UINT64_MAX, "reusable");
	fdt_build_begin(&b->tree, "odd@1000000");
	FDT_BUILD_CELLS(&b->tree, "reg", 0, 0x1000000, 0, 0x1000);
	fdt_build_prop(&b->tree, "status", "disabled", 3); /* has no end */
	fdt_build_end(&b->tree);
	add_node(b, "far@1090000", 0x1090000, ACRE_PADDR_LIMIT, "no-map");
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	fill_and_resolve(b);
	EXPECT_EQ(memmap_find(b->map, 0x1000000)->kind, MEMMAP_RESERVED);
	EXPECT_EQ(memmap_find(b->map, 0x1001000)->kind, MEMMAP_USABLE);
	EXPECT_EQ(memmap_find(b->map, 0x1080000)->kind, MEMMAP_RESERVED);
	EXPECT_EQ(memmap_find(b->map, 0x10fffff)->kind, MEMMAP_NO_MAP);
	EXPECT_EQ(memmap_bytes(b->map, MEMMAP_USABLE), 0x7f000);
	REQUIRE_EQ(b->nfindings, 4);
	EXPECT_STR(b->text[0], "/memreserve/: kept out at its widest (overflow)");
	EXPECT_STR(b->text[1],
		   "wraps@1080000: reg = <0x0 0x1080000 0xffffffff 0xffffffff>: kept out at its "
		   "widest [0x1080000, 0x100000000000000) (overflow)");
	EXPECT_STR(b->text[2], "odd@1000000: status = <...> 3 bytes: kept out at its widest "
			       "[0x1000000, 0x1001000) (malformed)");
	EXPECT_EQ(b->severity[3], MEMMAP_NOTE);
}

KTEST(memmap_fdt, fails_where_the_place_of_a_reservation_cannot_be_said)
{
	struct bench *b = new_bench();

	begin_root(b);
	add_node(b, "memory@1000000", 0x1000000, 0x100000, NULL);
	begin_reserved(b);
	fdt_build_begin(&b->tree, "bad@1000000");
	FDT_BUILD_CELLS(&b->tree, "reg", 0, 0x1000000, 0x1000);
	fdt_build_end(&b->tree);
	fdt_build_begin(&b->tree, "worse");
	FDT_BUILD_CELLS(&b->tree, "reg", 0);
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	EXPECT_EQ(fill(b), ACRE_ERR_MALFORMED);
	REQUIRE_EQ(b->nfindings, 2); /* all of them, not only the first */
	EXPECT_EQ(b->severity[0], MEMMAP_ERROR);
	EXPECT_EQ(b->severity[1], MEMMAP_ERROR);
	EXPECT_STR(b->text[0], "bad@1000000: reg = <0x0 0x1000000 0x1000>: reserves memory, but "
			       "no one can say which (malformed)");
}

/* It may have been meant to, but there is nothing that could be kept out. */
KTEST(memmap_fdt, keeps_nothing_out_for_what_names_no_memory)
{
	struct bench *b = new_bench();

	begin_root(b);
	add_node(b, "memory@1000000", 0x1000000, 0x100000, NULL);
	begin_reserved(b);
	fdt_build_begin(&b->tree, "nothing");
	fdt_build_end(&b->tree);
	fdt_build_begin(&b->tree, "empty");
	fdt_build_empty(&b->tree, "reg");
	fdt_build_u64(&b->tree, "size", 0x1000);
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	fdt_build_begin(&b->tree, "chosen");
	fdt_build_u32(&b->tree, "linux,initrd-start", 0x1000000);
	fdt_build_u32(&b->tree, "linux,initrd-end", 0);
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	fill_and_resolve(b);
	EXPECT_EQ(memmap_bytes(b->map, MEMMAP_USABLE), 0x100000);
	REQUIRE_EQ(b->nfindings, 3);
	EXPECT_EQ(b->severity[0], MEMMAP_WARNING);
	EXPECT_STR(b->text[0], "nothing: reg: reserves nothing: it has neither reg nor size");
	EXPECT_STR(b->text[1], "empty: reg: reserves nothing: it has neither reg nor size");
	EXPECT_STR(b->text[2], "chosen: linux,initrd-end = <0x0>: no initrd: it has not both ends");
}

/* Memory and reservations in doubt, by a word that is no status. */
KTEST(memmap_fdt, keeps_out_what_has_an_unknown_status)
{
	struct bench *b = new_bench();

	begin_root(b);
	add_node(b, "memory@1000000", 0x1000000, 0x100000, NULL);
	fdt_build_begin(&b->tree, "memory@2000000");
	FDT_BUILD_CELLS(&b->tree, "reg", 0, 0x2000000, 0, 0x1000);
	fdt_build_string(&b->tree, "status", "reserved");
	fdt_build_end(&b->tree);
	begin_reserved(b);
	fdt_build_begin(&b->tree, "odd@1000000");
	FDT_BUILD_CELLS(&b->tree, "reg", 0, 0x1000000, 0, 0x1000);
	fdt_build_string(&b->tree, "status", "reserved");
	fdt_build_end(&b->tree);
	fdt_build_begin(&b->tree, "off@1001000");
	FDT_BUILD_CELLS(&b->tree, "reg", 0, 0x1001000, 0, 0x1000);
	fdt_build_string(&b->tree, "status", "fail-sss");
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	fill_and_resolve(b);
	EXPECT_EQ(memmap_ram_bytes(b->map), 0x100000);
	EXPECT_EQ(memmap_bytes(b->map, MEMMAP_USABLE), 0xff000);
	EXPECT_EQ(memmap_find(b->map, 0x1000000)->kind, MEMMAP_RESERVED);
	REQUIRE_EQ(b->nfindings, 2);
	EXPECT_STR(b->text[0], "memory@2000000: status = \"reserved\": left out of the memory "
			       "(invalid argument)");
	EXPECT_STR(b->text[1], "odd@1000000: status = \"reserved\": kept out: only disabled and "
			       "fail switch it off [0x1000000, 0x1001000) (invalid argument)");
}

KTEST(memmap_fdt, no_map_beats_reusable_on_one_node)
{
	struct bench *b = new_bench();

	begin_root(b);
	add_node(b, "memory@1000000", 0x1000000, 0x100000, NULL);
	begin_reserved(b);
	fdt_build_begin(&b->tree, "both@1000000");
	FDT_BUILD_CELLS(&b->tree, "reg", 0, 0x1000000, 0, 0x1000);
	fdt_build_empty(&b->tree, "no-map");
	fdt_build_empty(&b->tree, "reusable");
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	fill_and_resolve(b);
	EXPECT_EQ(memmap_bytes(b->map, MEMMAP_NO_MAP), 0x1000);
	REQUIRE_EQ(b->nfindings, 1);
	EXPECT_EQ(b->severity[0], MEMMAP_WARNING);
}

KTEST(memmap_fdt, fails_without_memory)
{
	struct bench *b = new_bench();

	begin_root(b);
	fdt_build_begin(&b->tree, "memory@1000000");
	FDT_BUILD_CELLS(&b->tree, "reg", 0, 0x1000000, 0, 0x10000);
	fdt_build_string(&b->tree, "status", "disabled");
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	EXPECT_EQ(fill(b), ACRE_ERR_NOT_FOUND);
	REQUIRE_EQ(b->nfindings, 1);
	EXPECT_EQ(b->severity[0], MEMMAP_ERROR);
	EXPECT_STR(b->text[0], "the device tree has no enabled memory (not found)");
}

KTEST(memmap_fdt, does_not_print_what_cannot_be_printed)
{
	struct bench *b = new_bench();

	begin_root(b);
	add_node(b, "memory@\x1b[2J", 0x1000000, 0x100000, NULL);
	begin_reserved(b);
	add_node(b, "a-name-that-is-longer-than-what-the-specification-allows-for-any@1000000",
		 0x1000000, 0x1000, NULL);
	fdt_build_begin(&b->tree, "\a");
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	EXPECT_EQ(fill(b), ACRE_OK);
	EXPECT_STR(b->map->declared[0].name, "(unprintable name)");
	EXPECT_STR(b->map->reservation[0].name, "(unprintable name)");
	REQUIRE_EQ(b->nfindings, 1);
	EXPECT_STR(b->text[0], "(unprintable name): reg: reserves nothing: it has neither reg nor "
			       "size");
}

KTEST(memmap_fdt, works_without_a_reporter)
{
	struct memmap_reporter silent = { NULL, NULL };
	struct bench *b = virt(false);
	struct fdt fdt;
	size_t size = fdt_build_finish(&b->tree);

	REQUIRE_EQ(fdt_open(&fdt, b->blob, size), ACRE_OK);
	empty_map(b->map);
	EXPECT_EQ(memmap_from_fdt(b->map, &fdt, &b->boot, NULL), ACRE_OK);
	empty_map(b->map);
	EXPECT_EQ(memmap_from_fdt(b->map, &fdt, &b->boot, &silent), ACRE_OK);
	EXPECT_EQ(b->map->nreservations, 4);
}

/* ---- reservations without a place ------------------------------------------------------------ */

/* RAM [0x1000000, 0x1100000), and a tree that stands in /reserved-memory. */
static struct bench *placing(void)
{
	struct bench *b = new_bench();

	begin_root(b);
	add_node(b, "memory@1000000", 0x1000000, 0x100000, NULL);
	begin_reserved(b);
	return b;
}

static void add_dynamic(struct bench *b, const char *name, uint64_t size, uint64_t alignment,
			const char *flag)
{
	fdt_build_begin(&b->tree, name);
	fdt_build_u64(&b->tree, "size", size);
	if (alignment != 0)
		fdt_build_u64(&b->tree, "alignment", alignment);
	if (flag != NULL)
		fdt_build_empty(&b->tree, flag);
	fdt_build_end(&b->tree);
}

/* Ends /reserved-memory and the root. */
static uint32_t fill_and_place(struct bench *b)
{
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	fill_and_resolve(b);
	return place(b);
}

KTEST(memmap_fdt, places_dynamic_reservations_in_order_from_the_top)
{
	static const struct want want[] = {
		{ 0x1000000, 0x1080000, MEMMAP_USABLE, "" },
		{ 0x1080000, 0x1080001, MEMMAP_REUSABLE, "third" },
		{ 0x1080001, 0x1081000, MEMMAP_SLACK, "" },
		{ 0x1081000, 0x10fa000, MEMMAP_USABLE, "" },
		{ 0x10fa000, 0x10fc000, MEMMAP_NO_MAP, "second" },
		{ 0x10fc000, 0x10fe000, MEMMAP_RESERVED, "first" },
		{ 0x10fe000, 0x10ff000, MEMMAP_RESERVED, "static@10fe000" },
		{ 0x10ff000, 0x1100000, MEMMAP_RESERVED, "fourth" },
	};
	struct bench *b = placing();

	add_dynamic(b, "first", 0x2000, 0, NULL);
	add_dynamic(b, "second", 0x2000, 0x2000, "no-map");
	add_dynamic(b, "third", 1, 0x80000, "reusable");
	add_dynamic(b, "fourth", 0x1000, 8, NULL);
	add_node(b, "static@10fe000", 0x10fe000, 0x1000, NULL); /* stands last, comes first */
	EXPECT_EQ(fill_and_place(b), 0);
	EXPECT_EQ(b->nfindings, 0);
	expect_regions(b, want, ARRAY_SIZE(want));
	EXPECT_EQ(b->map->nreservations, 5);
}

KTEST(memmap_fdt, places_in_the_first_window_that_has_room)
{
	struct bench *b = placing();

	fdt_build_begin(&b->tree, "windowed");
	fdt_build_u64(&b->tree, "size", 0x3000);
	FDT_BUILD_CELLS(&b->tree, "alloc-ranges", 0, 0x2000000, 0, 0x100000, /* no RAM */
			0, 0x1000000, 0, 0x2000,                             /* too small */
			0, 0, 0, 0,                                          /* empty */
			UINT32_MAX, 0, UINT32_MAX, 0,                        /* wraps */
			0, 0x1000000, 0, 0x10000, 0, 0x1080000, 0, 0x10000);
	fdt_build_end(&b->tree);
	fdt_build_begin(&b->tree, "anywhere");
	fdt_build_u64(&b->tree, "size", 0x1000);
	FDT_BUILD_CELLS(&b->tree, "alloc-ranges", 0, 0, UINT32_MAX, UINT32_MAX);
	fdt_build_end(&b->tree);
	EXPECT_EQ(fill_and_place(b), 0);
	EXPECT_EQ(memmap_find(b->map, 0x100d000)->range.start, 0x100d000);
	EXPECT_STR(memmap_find(b->map, 0x100d000)->name, "windowed");
	EXPECT_STR(memmap_find(b->map, 0x10ff000)->name, "anywhere");
	REQUIRE_EQ(b->nfindings, 1);
	EXPECT_EQ(b->severity[0], MEMMAP_WARNING);
	EXPECT_STR(b->text[0],
		   "windowed: alloc-ranges = <0x0 0x2000000 0x0 0x100000 0x0 0x1000000 "
		   "...> 96 bytes: a pair that cannot be is no place to use (overflow)");
}

KTEST(memmap_fdt, names_dynamic_reservations_without_a_place_and_goes_on)
{
	struct bench *b = placing();

	add_dynamic(b, "large", 0x100001, 0, NULL);
	add_dynamic(b, "crooked", 0x1000, 0x3000, NULL);
	fdt_build_begin(&b->tree, "narrow");
	fdt_build_u32(&b->tree, "size", 0x4000);
	fdt_build_end(&b->tree);
	fdt_build_begin(&b->tree, "elsewhere");
	fdt_build_u64(&b->tree, "size", 0x1000);
	FDT_BUILD_CELLS(&b->tree, "alloc-ranges", 0, 0x2000000, 0, 0x100000);
	fdt_build_end(&b->tree);
	fdt_build_begin(&b->tree, "odd");
	fdt_build_u64(&b->tree, "size", 0x1000);
	fdt_build_prop(&b->tree, "status", "okay", 4); /* has no end */
	fdt_build_end(&b->tree);
	add_dynamic(b, "good", 0x1000, 0, NULL);
	EXPECT_EQ(fill_and_place(b), 4);
	EXPECT_STR(memmap_find(b->map, 0x10ff000)->name, "odd");
	EXPECT_STR(memmap_find(b->map, 0x10fe000)->name, "good");
	EXPECT_EQ(memmap_bytes(b->map, MEMMAP_USABLE), 0xfe000);
	REQUIRE_EQ(b->nfindings, 5);
	for (uint32_t i = 0; i < 4; i++)
		EXPECT_EQ(b->severity[i], MEMMAP_ERROR);
	EXPECT_EQ(b->severity[4], MEMMAP_WARNING);
	EXPECT_STR(b->text[0], "large: size = <0x0 0x100001>: no place for it in usable memory: "
			       "ask for less, or lower its alignment (out of memory)");
	EXPECT_STR(b->text[1], "crooked: alignment = <0x0 0x3000>: not placed, since no one can "
			       "say what it asks for (invalid argument)");
	EXPECT_STR(b->text[2], "narrow: size = <0x4000>: not placed, since no one can say what it "
			       "asks for (malformed)");
	EXPECT_STR(b->text[3],
		   "elsewhere: size = <0x0 0x1000>: no place for it in its alloc-ranges: widen "
		   "them, ask for less, or lower its alignment (out of memory)");
	EXPECT_STR(b->text[4], "odd: status = <0x6f6b6179>: placed as if it said okay (malformed)");
}

KTEST(memmap_fdt, does_not_try_more_reservations_than_it_could_hold)
{
	struct bench *b = placing();

	for (uint32_t i = 0; i < MAP_RESERVATIONS + 5; i++)
		add_dynamic(b, "l", ACRE_PADDR_LIMIT, 0, NULL);
	add_dynamic(b, "good", 0x1000, 0, NULL);
	EXPECT_EQ(fill_and_place(b), MAP_RESERVATIONS + 6);
	EXPECT_EQ(b->nfindings, MAP_RESERVATIONS + 1); /* the last one for all others */
	EXPECT_EQ(memmap_bytes(b->map, MEMMAP_USABLE), 0x100000);
}

/* ---- what may be used at all ----------------------------------------------------------------- */

static struct bench *restricted(const uint32_t *cell, size_t count)
{
	struct bench *b = new_bench();

	begin_root(b);
	add_node(b, "memory@1000000", 0x1000000, 0x100000, NULL);
	add_node(b, "memory@2000000", 0x2000000, 0x100000, NULL);
	fdt_build_begin(&b->tree, "chosen");
	fdt_build_cells(&b->tree, "linux,usable-memory-range", cell, count);
	fdt_build_u32(&b->tree, "linux,initrd-start", 0x1001000);
	fdt_build_u32(&b->tree, "linux,initrd-end", 0x1002000);
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	return b;
}

KTEST(memmap_fdt, leaves_out_what_is_outside_the_usable_ranges)
{
	static const uint32_t pairs[] = { 0, 0x2010000, 0, 0x10000, 0, 0x10f0800, 0, 0xf10800,
					  0, 0x1234567, 0, 0,       0, 0x2018000, 0, 0x18001 };
	static const struct want want[] = {
		{ 0x1000000, 0x1001000, MEMMAP_LEFT_OUT, "linux,usable-memory-range" },
		{ 0x1001000, 0x1002000, MEMMAP_INITRD, "initrd" },
		{ 0x1002000, 0x10f0800, MEMMAP_LEFT_OUT, "linux,usable-memory-range" },
		{ 0x10f0800, 0x10f1000, MEMMAP_SLACK, "" },
		{ 0x10f1000, 0x1100000, MEMMAP_USABLE, "" },
		{ 0x2000000, 0x2001000, MEMMAP_USABLE, "" },
		{ 0x2001000, 0x2010000, MEMMAP_LEFT_OUT, "linux,usable-memory-range" },
		{ 0x2010000, 0x2030000, MEMMAP_USABLE, "" },
		{ 0x2030000, 0x2030001, MEMMAP_SLACK, "" },
		{ 0x2030001, 0x2100000, MEMMAP_LEFT_OUT, "linux,usable-memory-range" },
	};
	struct bench *b = restricted(pairs, ARRAY_SIZE(pairs));

	fill_and_resolve(b);
	EXPECT_EQ(b->nfindings, 0);
	EXPECT_EQ(memmap_ram_bytes(b->map), 0x200000);
	expect_regions(b, want, ARRAY_SIZE(want));
}

KTEST(memmap_fdt, leaves_out_what_is_outside_the_usable_ranges_of_any_node)
{
	static const struct want want[] = {
		{ 0x1000000, 0x1040000, MEMMAP_LEFT_OUT, "linux,usable-memory-range" },
		{ 0x1040000, 0x1080000, MEMMAP_USABLE, "" },
		{ 0x1080000, 0x1100000, MEMMAP_LEFT_OUT, "linux,usable-memory-range" },
	};
	struct bench *b = new_bench();

	begin_root(b);
	add_node(b, "memory@1000000", 0x1000000, 0x100000, NULL);
	for (uint32_t i = 0; i < 2; i++) {
		fdt_build_begin(&b->tree, "chosen");
		FDT_BUILD_CELLS(&b->tree, "linux,usable-memory-range", 0, 0x1000000 + i * 0x40000,
				0, 0x80000);
		fdt_build_end(&b->tree);
	}
	fdt_build_end(&b->tree);
	fill_and_resolve(b);
	expect_regions(b, want, ARRAY_SIZE(want));
}

KTEST(memmap_fdt, fails_where_the_usable_ranges_cannot_be_read)
{
	static const uint32_t odd[] = { 0, 0x1000000, 0x100000 };
	static const uint32_t nothing[] = { 0, 0x1000000, 0, 0 };
	static const uint32_t wraps[] = { UINT32_MAX, 0, UINT32_MAX, 0 };
	struct bench *b = restricted(odd, ARRAY_SIZE(odd));

	EXPECT_EQ(fill(b), ACRE_ERR_MALFORMED);
	REQUIRE_EQ(b->nfindings, 1);
	EXPECT_STR(b->text[0], "chosen: linux,usable-memory-range = <0x0 0x1000000 0x100000>: "
			       "forbids memory, but no one can say which (malformed)");
	b = restricted(odd, 0);
	EXPECT_EQ(fill(b), ACRE_ERR_TRUNCATED);
	b = restricted(nothing, ARRAY_SIZE(nothing));
	EXPECT_EQ(fill(b), ACRE_ERR_NOT_FOUND);
	REQUIRE_EQ(b->nfindings, 1);
	EXPECT_STR(b->text[0], "chosen: linux,usable-memory-range leaves no memory to use "
			       "(not found)");
	b = restricted(wraps, ARRAY_SIZE(wraps));
	EXPECT_EQ(fill(b), ACRE_ERR_NOT_FOUND);
	REQUIRE_EQ(b->nfindings, 2);
	EXPECT_EQ(b->severity[0], MEMMAP_WARNING);
}

KTEST(memmap_fdt, an_initrd_that_only_the_caller_knows_is_kept_out)
{
	struct bench *b = virt(true);
	struct memmap_outside_cursor cursor = { 0 };
	struct memmap_conflict conflict;

	b->boot.initrd = (struct acre_range){ 0x86000000, 0x86000001 };
	fill_and_resolve(b);
	EXPECT_EQ(b->nfindings, 0);
	EXPECT_EQ(memmap_find(b->map, 0x86000000)->kind, MEMMAP_INITRD);
	EXPECT_EQ(memmap_find(b->map, 0x86000001)->kind, MEMMAP_SLACK);
	EXPECT_EQ(memmap_bytes(b->map, MEMMAP_INITRD), 0x100002); /* and that of /chosen */
	/* Said twice it is one initrd. */
	b->boot.initrd = (struct acre_range){ 0x84200000, 0x84300001 };
	fill_and_resolve(b);
	EXPECT_EQ(memmap_bytes(b->map, MEMMAP_INITRD), 0x100001);
	EXPECT(!memmap_next_conflict(b->map, &cursor, &conflict));
}

KTEST(memmap_fdt, mem_leaves_out_all_but_the_first_bytes)
{
	struct bench *b = virt(true);

	b->boot.limit = 64 * MIB;
	fill_and_resolve(b);
	EXPECT_EQ(b->nfindings, 0);
	EXPECT_EQ(memmap_ram_bytes(b->map), 128 * MIB);
	EXPECT_EQ(memmap_bytes(b->map, MEMMAP_INITRD), 0x100001); /* above the limit, still its */
	EXPECT_EQ(memmap_find(b->map, 0x83ffffff)->kind, MEMMAP_USABLE);
	EXPECT_EQ(memmap_find(b->map, 0x84000000)->kind, MEMMAP_LEFT_OUT);
	EXPECT_STR(memmap_find(b->map, 0x84000000)->name, "mem=");
	EXPECT_EQ(memmap_find(b->map, 0x87e00000)->kind, MEMMAP_DTB);
	EXPECT_EQ(memmap_find(b->map, 0x87ffffff)->kind, MEMMAP_LEFT_OUT);
}

KTEST(memmap_fdt, the_image_is_named_part_by_part)
{
	static const struct memmap_part part[] = {
		{ { 0x80300000, 0x80301000 }, "heap" },
		{ { 0x80200000, 0x80201234 }, "text" },
		{ { 0x80202000, 0x80202000 }, "data" }, /* empty */
		{ { 0x80202000, 0x80a12345 }, "bss" },
	};
	struct bench *b = virt(true);

	b->boot.part = part;
	b->boot.nparts = ARRAY_SIZE(part);
	fill_and_resolve(b);
	EXPECT_EQ(memmap_bytes(b->map, MEMMAP_KERNEL), 0x812345);
	EXPECT_STR(memmap_find(b->map, 0x80201233)->name, "text");
	EXPECT_STR(memmap_find(b->map, 0x80201234)->name, "kernel padding"); /* between two */
	EXPECT_STR(memmap_find(b->map, 0x80202000)->name, "bss");
	EXPECT_STR(memmap_find(b->map, 0x80300000)->name, "heap");
	EXPECT_STR(memmap_find(b->map, 0x80301000)->name, "bss");
}

/* ---- tables full ----------------------------------------------------------------------------- */

/* A value of @count pairs of 64 KiB, each a MiB from the next, in @name of a node. */
static void add_many(struct bench *b, const char *node, size_t count)
{
	uint32_t *cell = ktest_alloc(count * 4 * sizeof(*cell), 8);

	for (size_t i = 0; i < count; i++) {
		cell[4 * i] = (uint32_t)(i >> 12);
		cell[4 * i + 1] = (uint32_t)(i << 20);
		cell[4 * i + 2] = 0;
		cell[4 * i + 3] = 0x10000;
	}
	fdt_build_begin(&b->tree, node);
	fdt_build_cells(&b->tree, "reg", cell, count * 4);
	fdt_build_end(&b->tree);
}

static struct bench *with_many(uint32_t banks, uint32_t reservations)
{
	struct bench *b = new_bench();

	begin_root(b);
	add_many(b, "memory@0", banks);
	begin_reserved(b);
	add_many(b, "mmode_resv0@0", reservations);
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	return b;
}

KTEST(memmap_fdt, takes_as_many_banks_and_reservations_as_it_says)
{
	struct bench *b = with_many(MAP_BANKS, MAP_RESERVATIONS);

	fill_and_resolve(b);
	EXPECT_EQ(b->nfindings, 0);
	EXPECT_EQ(b->map->nbanks, MAP_BANKS);
	EXPECT_EQ(memmap_bytes(b->map, MEMMAP_FIRMWARE), MAP_BANKS * 0x10000ull);
}

KTEST(memmap_fdt, says_so_when_the_map_was_made_for_fewer_banks)
{
	struct bench *b = with_many(MAP_BANKS + 3, 1);

	EXPECT_EQ(fill(b), ACRE_ERR_FULL);
	REQUIRE_EQ(b->nfindings, 1);
	EXPECT_EQ(b->severity[0], MEMMAP_ERROR);
	EXPECT_STR(
		b->text[0],
		"memory@0: reg = <0x0 0x0 0x0 0x10000 0x0 0x100000 ...> 2096 bytes: more "
		"banks of memory than the map was made for: [0x8000000, 0x8010000) (table full)");
}

KTEST(memmap_fdt, says_so_when_the_map_was_made_for_fewer_reservations)
{
	struct bench *b = with_many(1, MAP_RESERVATIONS + 3);

	EXPECT_EQ(fill(b), ACRE_ERR_FULL);
	REQUIRE_EQ(b->nfindings, 1);
	EXPECT_STR(b->text[0],
		   "mmode_resv0@0: reg = <0x0 0x0 0x0 0x10000 0x0 0x100000 ...> 16432 bytes: more "
		   "reservations than the map was made for: [0x40000000, 0x40010000) "
		   "(table full)");
}

/* The rule about firmware needs a place as well. */
KTEST(memmap_fdt, fails_when_the_guard_has_no_place)
{
	struct bench *b = new_bench();

	b->boot.image = (struct acre_range){ 0x1000008000, 0x1000009000 };
	begin_root(b);
	add_node(b, "memory@1000000000", 0x1000000000, 0x10000, NULL);
	begin_reserved(b);
	add_many(b, "buffer@0", MAP_RESERVATIONS - 1);
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	EXPECT_EQ(fill(b), ACRE_ERR_FULL);
	REQUIRE_EQ(b->nfindings, 1);
	EXPECT_STR(b->text[0], "more reservations than the map was made for: [0x1000000000, "
			       "0x1000008000) (table full)");
}

/* ---- room for tables before there is a map --------------------------------------------------- */

static void open_tree(struct bench *b, struct fdt *fdt)
{
	size_t size = fdt_build_finish(&b->tree);

	REQUIRE(size != 0);
	REQUIRE_EQ(fdt_open(fdt, b->blob, size), ACRE_OK);
}

/* A tree of @n memory nodes and as many reservations fills a map of just the size that is counted. */
static void fill_to_the_last(uint32_t nbanks, uint32_t nreservations, uint32_t ndynamic)
{
	struct bench *b = new_bench();
	struct memmap_need need;
	struct fdt fdt;

	b->boot.image = (struct acre_range){ 0x104000, 0x108000 };
	b->boot.dtb = (struct acre_range){ 0x109000, 0x10a000 };
	b->boot.initrd = (struct acre_range){ 0x10a000, 0x10a001 };
	b->boot.limit = nbanks * 0x10000ull - 0x4000;
	begin_root(b);
	add_many(b, "memory@0", nbanks);
	begin_reserved(b);
	add_many(b, "buffer@0", nreservations);
	for (uint32_t i = 0; i < ndynamic; i++)
		add_dynamic(b, "later", 0x1000, 0, NULL);
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	open_tree(b, &fdt);
	REQUIRE_EQ(memmap_count_from_fdt(&fdt, &b->boot, NULL, &need), ACRE_OK);
	EXPECT_EQ(need.nbanks, nbanks);
	b->map = new_map_for(need.nbanks, need.nreservations);
	REQUIRE_EQ(memmap_from_fdt(b->map, &fdt, &b->boot, NULL), ACRE_OK);
	REQUIRE_EQ(memmap_resolve(b->map), ACRE_OK);
	EXPECT_EQ(memmap_place_from_fdt(b->map, &fdt, NULL), 0);
	REQUIRE_VALID(memmap_validate(b->map));
	/* One slot is for firmware that the caller knows, the others for what may be firmware. */
	EXPECT_EQ(b->map->nreservations, need.nreservations - 1 - MEMMAP_GUARDS);
	EXPECT_EQ(b->map->ndynamic, ndynamic);
}

KTEST(memmap_room, counts_what_fills_a_map)
{
	fill_to_the_last(2, 1, 0);
	fill_to_the_last(3, 1, 2);
	fill_to_the_last(700, 300, 20);
	fill_to_the_last(130, 1100, 0);
}

KTEST(memmap_room, counts_nothing_of_a_tree_whose_reservations_are_unclear)
{
	struct bench *b = placing();
	struct memmap_reporter reporter = { note_finding, b };
	struct memmap_need need;
	struct fdt fdt;

	fdt_build_begin(&b->tree, "lost@0");
	fdt_build_cells(&b->tree, "reg", (const uint32_t[]){ 1 }, 1);
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	open_tree(b, &fdt);
	EXPECT_EQ(memmap_count_from_fdt(&fdt, &b->boot, &reporter, &need), ACRE_ERR_MALFORMED);
	EXPECT_EQ(b->nfindings, 1);
	EXPECT_EQ(b->severity[0], MEMMAP_ERROR);
}

/* What is asked of a tree: room for @bytes begins at @start, 0 for none. */
static void expect_room(struct bench *b, uint64_t bytes, acre_paddr_t start)
{
	const struct acre_range untouched = { 7, 8 };
	struct acre_range room = untouched;
	struct fdt fdt;

	REQUIRE_EQ(fdt_open(&fdt, b->blob, BLOB_SIZE), ACRE_OK);
	EXPECT_EQ(memmap_find_room(&fdt, &b->boot, bytes, &room),
		  start != 0 ? ACRE_OK : ACRE_ERR_NOMEM);
	EXPECT_EQ(room.start, start != 0 ? start : untouched.start);
	EXPECT_EQ(room.end, start != 0 ? start + align_down(bytes + FRAME_SIZE - 1, FRAME_SIZE)
				       : untouched.end);
}

/* Finish a tree in which /reserved-memory is open. */
static void finish(struct bench *b)
{
	fdt_build_end(&b->tree);
	fdt_build_end(&b->tree);
	REQUIRE(fdt_build_finish(&b->tree) != 0);
}

/*
 *	frames of 64 KiB   0       1       2       3       4       5       6       7       8
 *	RAM, from 1 MiB        |===node 1======|===node 0==============|       |=======|
 *	                       firmware|   |..............|image|dtb|
 */
static struct bench *crowded(void)
{
	struct bench *b = new_bench();

	b->boot.image = (struct acre_range){ 0x140000, 0x14c123 };
	b->boot.dtb = (struct acre_range){ 0x14d800, 0x150001 };
	begin_root(b);
	add_node(b, "memory@170000", 0x170000, 0x10000, NULL); /* not in order of address */
	add_node(b, "memory@120800", 0x120800, 0x3f800, NULL);
	add_node(b, "memory@100800", 0x100800, 0x20000, NULL);
	begin_reserved(b);
	add_node(b, "mmode_resv0@110000", 0x110000, 0x4000, NULL);
	add_node(b, "buffer@102000", 0x102000, 0x1001, "no-map");
	add_node(b, "boot@100800", 0x100800, 1, NULL);
	return b;
}

KTEST(memmap_room, is_the_lowest_that_no_one_reserves)
{
	struct bench *b = crowded();

	finish(b);
	expect_room(b, 1, 0x101000); /* RAM begins in the frame before */
	expect_room(b, 0x1001, 0x104000);
	expect_room(b, 0xc000, 0x104000);
	expect_room(b, 0xc001, 0x114000);
	expect_room(b, 0x2c000, 0x114000); /* up to the image, in two nodes that touch */
	expect_room(b, 0x2c001, 0);
	expect_room(b, ACRE_PADDR_LIMIT, 0);
	b->boot.limit = 0x15800; /* up to 0x116000 */
	expect_room(b, 0x2000, 0x104000);
	expect_room(b, 0xc001, 0);
	b->boot.limit = 0x3800;
	expect_room(b, 0x1000, 0x101000);
	expect_room(b, 0x1001, 0);
}

/* Nodes that touch, in each order in which three can stand. */
KTEST(memmap_room, spans_nodes_that_touch_in_any_order)
{
	static const acre_paddr_t order[6][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(order); i++) {
		struct bench *b = new_bench();
		begin_root(b);
		for (unsigned k = 0; k < 3; k++)
			add_node(b,
				 k == 0   ? "memory@a"
				 : k == 1 ? "memory@b"
					  : "memory@c",
				 0x100000 + order[i][k] * 0x2000, 0x2000, NULL);
		begin_reserved(b);
		finish(b);
		expect_room(b, 0x6000, 0x100000);
		expect_room(b, 0x6001, 0);
	}
}

KTEST(memmap_room, is_not_frame_0)
{
	struct bench *b = new_bench();

	begin_root(b);
	add_node(b, "memory@0", 0, 0x3000, NULL);
	begin_reserved(b);
	finish(b);
	expect_room(b, 0x2000, 0x1000);
	expect_room(b, 0x2001, 0);
}

/* What src/kernel/machine.c has in BSS. */
KTEST(memmap_room, of_a_small_machine_is_static)
{
	EXPECT_EQ(memmap_table_bytes(1, 30), 11560);
}

KTEST(memmap_room, is_above_the_image_where_no_firmware_says_where_it_is)
{
	struct bench *b = new_bench();

	b->boot.image = (struct acre_range){ 0x140000, 0x14c123 };
	begin_root(b);
	add_node(b, "memory@100000", 0x100000, 0x80000, NULL);
	begin_reserved(b);
	finish(b);
	expect_room(b, 0x1000, 0x14d000);
	expect_room(b, 0x34000, 0);
}

/* As memmap_guard_firmware() has it. */
KTEST(memmap_room, is_not_in_the_lowest_ram_where_nothing_reserves_its_start)
{
	struct bench *b = new_bench();

	b->boot.image = (struct acre_range){ 0x140000, 0x180000 };
	begin_root(b);
	add_node(b, "memory@100000", 0x100000, 0x20000, NULL);
	add_node(b, "memory@130000", 0x130000, 0x50000, NULL);
	begin_reserved(b);
	add_node(b, "boot@110000", 0x110000, 1, NULL);
	finish(b);
	expect_room(b, 0xf000, 0x111000);
	expect_room(b, 0xf001, 0);
}

KTEST(memmap_room, is_below_the_image_where_the_start_of_ram_is_reserved)
{
	struct bench *b = new_bench();

	b->boot.image = (struct acre_range){ 0x140000, 0x180000 };
	begin_root(b);
	add_node(b, "memory@100000", 0x100000, 0x20000, NULL);
	add_node(b, "memory@130000", 0x130000, 0x50000, NULL);
	begin_reserved(b);
	add_node(b, "boot@100000", 0x100000, 1, NULL);
	finish(b);
	expect_room(b, 0x1f000, 0x101000);
	expect_room(b, 0x1f001, 0);
}

KTEST(memmap_room, leaves_windows_to_a_reservation_of_unreadable_status)
{
	struct bench *b = crowded();

	fdt_build_begin(&b->tree, "later");
	fdt_build_cells(&b->tree, "status", (const uint32_t[]){ 0x6f6b6179 }, 1);
	fdt_build_u64(&b->tree, "size", 0x1000);
	FDT_BUILD_CELLS(&b->tree, "alloc-ranges", 0, 0x100000, 0, 0x8000);
	fdt_build_end(&b->tree);
	finish(b);
	expect_room(b, 0x1000, 0x108000);
}

KTEST(memmap_room, leaves_windows_to_reservations_if_it_can)
{
	struct bench *b = crowded();

	fdt_build_begin(&b->tree, "later");
	fdt_build_u64(&b->tree, "size", 0x1000);
	FDT_BUILD_CELLS(&b->tree, "alloc-ranges", 0, 0x100000, 0, 0x8000, 0, 0x114000, 0, 0x1000);
	fdt_build_end(&b->tree);
	finish(b);
	expect_room(b, 0x1000, 0x108000);
	expect_room(b, 0x8001, 0x115000);
	expect_room(b, 0x2b001, 0x114000); /* only there */
}

KTEST(memmap_room, is_where_memory_may_be_used)
{
	struct bench *b = new_bench();

	begin_root(b);
	add_node(b, "memory@100000", 0x100000, 0x80000, NULL);
	fdt_build_begin(&b->tree, "chosen");
	FDT_BUILD_CELLS(&b->tree, "linux,usable-memory-range", 0, 0x123456, 0, 0x5000);
	fdt_build_end(&b->tree);
	begin_reserved(b);
	finish(b);
	expect_room(b, 0x4000, 0x124000);
	expect_room(b, 0x4001, 0);
}
