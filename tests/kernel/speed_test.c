/* SPDX-License-Identifier: MIT */
/*
 * What reading a large device tree costs, in retired instructions. Only under an emulator that counts them
 * (-icount) do the figures mean anything: tests/boot/speed.t boots it so, and judges; here the work is
 * checked and the figures are noted.
 */
#include "fdt/fdt_harts.h"
#include "fdt/fdt_info.h"
#include "kernel/hart/clock.h"
#include "mm/map/memmap_fdt.h"
#include "tests/support/fdt_builder.h"
#include "tests/support/ktest.h"
#include "tests/support/map_room.h"

#define NODES     10700u
#define BLOB_SIZE (1u << 20)
#define RAM       0x1000000000ull /* nothing of it is touched */

struct tree {
	void *blob;
	size_t size;
	struct fdt fdt;
	struct memmap *map;
};

static char *append_hex(char *at, uint64_t value)
{
	unsigned shift = 28;

	while (shift > 0 && value >> shift == 0)
		shift -= 4;
	for (;; shift -= 4) {
		*at++ = "0123456789abcdef"[value >> shift & 15];
		if (shift == 0)
			return at;
	}
}

/* "device@1a2b", or with another stem. */
static void begin_device(struct fdt_builder *b, const char *stem, uint64_t unit)
{
	char name[32];
	char *at = name;

	while (*stem != '\0')
		*at++ = *stem++;
	*at++ = '@';
	*append_hex(at, unit) = '\0';
	fdt_build_begin(b, name);
}

static void build_reservations(struct fdt_builder *b, unsigned n)
{
	fdt_build_begin(b, "reserved-memory");
	fdt_build_u32(b, "#address-cells", 2);
	fdt_build_u32(b, "#size-cells", 2);
	fdt_build_empty(b, "ranges");
	for (unsigned i = 0; i < n; i++) {
		uint32_t low = i * 0x10000;
		begin_device(b, "kept", RAM + low);
		FDT_BUILD_CELLS(b, "reg", RAM >> 32, low, 0, 0x1000);
		fdt_build_end(b);
	}
	fdt_build_end(b);
}

/* @nodes devices on a bus, as a real tree has them, and behind them one that is looked for. */
static void build(struct tree *t, unsigned nodes, unsigned reservations, size_t capacity)
{
	struct fdt_builder b;

	t->blob = ktest_alloc(capacity, 8);
	fdt_build(&b, t->blob, capacity);
	fdt_build_begin(&b, "");
	fdt_build_u32(&b, "#address-cells", 2);
	fdt_build_u32(&b, "#size-cells", 2);
	fdt_build_string(&b, "model", "a large machine");
	begin_device(&b, "memory", RAM);
	fdt_build_string(&b, "device_type", "memory");
	FDT_BUILD_CELLS(&b, "reg", RAM >> 32, 0, 4, 0);
	fdt_build_end(&b);
	build_reservations(&b, reservations);
	fdt_build_begin(&b, "soc");
	fdt_build_u32(&b, "#address-cells", 2);
	fdt_build_u32(&b, "#size-cells", 2);
	fdt_build_empty(&b, "ranges");
	for (unsigned i = 0; i < nodes; i++) {
		begin_device(&b, "device", i);
		fdt_build_string(&b, "compatible", "acre,some-device");
		FDT_BUILD_CELLS(&b, "reg", 0, i << 12, 0, 0x1000);
		fdt_build_u32(&b, "phandle", i + 1);
		fdt_build_end(&b);
	}
	begin_device(&b, "last", 0);
	fdt_build_string(&b, "compatible", "acre,the-last");
	FDT_BUILD_CELLS(&b, "reg", 0, 0x7000, 0, 0x1000);
	fdt_build_end(&b);
	fdt_build_end(&b);
	fdt_build_end(&b);
	t->size = fdt_build_finish(&b);
	REQUIRE(t->size != 0);
	t->map = new_map();
}

/* Instructions so far; 0 where nobody counts them, and then nothing is noted. */
static uint64_t count(void)
{
	uint64_t instructions = 0;

	return clock_instructions_since_entry(&instructions) ? instructions : 0;
}

static void note(const char *what, const struct tree *t, uint64_t instructions)
{
	uint64_t x100 = instructions * 100 / t->size;

	if (instructions == 0)
		return;
	ktest_note("speed %s: %zu bytes, %llu instructions, %llu.%02llu a byte", what, t->size,
		   (unsigned long long)instructions, (unsigned long long)(x100 / 100),
		   (unsigned long long)(x100 % 100));
}

/* Parsing and mapping: what has to be done before there is any memory to hand out. */
static void map_memory(struct tree *t)
{
	static const struct memmap_boot nothing;
	static const struct memmap_reporter nobody;
	uint64_t start = count();

	REQUIRE_EQ(fdt_open(&t->fdt, t->blob, t->size), ACRE_OK);
	uint64_t open = count();
	empty_map(t->map);
	REQUIRE_EQ(memmap_from_fdt(t->map, &t->fdt, &nothing, &nobody), ACRE_OK);
	REQUIRE_EQ(memmap_resolve(t->map), ACRE_OK);
	uint64_t end = count();
	note("fdt_open", t, open - start);
	note("fdt_open and memory map", t, end - start);
}

/* Single questions, each a walk; the worst is one about what stands last. */
static void ask(struct tree *t)
{
	struct fdt_hart_cursor harts;
	struct fdt_hart hart;
	struct fdt_device device;
	uint64_t start = count();

	fdt_harts_begin(&harts, &t->fdt);
	REQUIRE_EQ(fdt_harts_next(&harts, &hart), ACRE_ERR_END);
	uint64_t asked = count();
	REQUIRE_EQ(fdt_find_compatible(&t->fdt, "acre,the-last", &device), ACRE_OK);
	uint64_t end = count();
	note("harts", t, asked - start);
	note("find compatible", t, end - asked);
}

KTEST(speed, a_tree_of_ten_thousand_nodes)
{
	struct tree t;

	build(&t, NODES, 500, BLOB_SIZE + BLOB_SIZE / 2);
	EXPECT(t.size >= BLOB_SIZE);
	map_memory(&t);
	ask(&t);
	EXPECT_EQ(memmap_bytes(t.map, MEMMAP_RESERVED), 500 * 0x1000ull);
	REQUIRE_VALID(memmap_validate(t.map));
}

KTEST(speed, a_tenth_of_it_for_comparison)
{
	struct tree t;

	build(&t, NODES / 10, 50, BLOB_SIZE / 4);
	map_memory(&t);
	EXPECT_EQ(memmap_bytes(t.map, MEMMAP_RESERVED), 50 * 0x1000ull);
}
