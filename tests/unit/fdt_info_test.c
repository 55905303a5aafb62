/* SPDX-License-Identifier: MIT */
/* Single answers: the machine, its arguments, its devices. */
#include "fdt/fdt_info.h"

#include "fdt/fdt_ranges.h"
#include "lib/compiler.h"
#include "tests/support/fdt_tree.h"
#include "tests/support/ktest.h"

KTEST(fdt_info, names_the_machine_and_its_arguments)
{
	const struct fdt *fdt = fdt_tree_open(fdt_tree_sample());
	const char *text;

	EXPECT_EQ(fdt_model(fdt, &text), ACRE_OK);
	EXPECT_STR(text, "sample,board");
	EXPECT_EQ(fdt_compatible(fdt, &text), ACRE_OK);
	EXPECT_STR(text, "sample,board");
	EXPECT_EQ(fdt_bootargs(fdt, &text), ACRE_OK);
	EXPECT_STR(text, "test poweroff");
}

KTEST(fdt_info, tells_absent_from_malformed)
{
	struct fdt_tree *t = fdt_tree_new(512);
	const char *text = "untouched";

	fdt_build_begin(&t->b, "");
	fdt_build_prop(&t->b, "model", "abc", 3);
	fdt_build_end(&t->b);
	const struct fdt *fdt = fdt_tree_open(t);
	EXPECT_EQ(fdt_model(fdt, &text), ACRE_ERR_MALFORMED);
	EXPECT_EQ(fdt_compatible(fdt, &text), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(fdt_bootargs(fdt, &text), ACRE_ERR_NOT_FOUND);
	EXPECT_STR(text, "untouched");
}

/* ---- distances ------------------------------------------------------------------------------- */

static const struct fdt *distance_map(const char *compatible, const uint32_t *cell, size_t count)
{
	struct fdt_tree *t = fdt_tree_new(1024);

	fdt_build_begin(&t->b, "");
	fdt_build_begin(&t->b, "distance-map");
	fdt_build_string(&t->b, "compatible", compatible);
	fdt_build_cells(&t->b, "distance-matrix", cell, count);
	fdt_build_end(&t->b);
	fdt_build_end(&t->b);
	return fdt_tree_open(t);
}

KTEST(fdt_info, distances_are_read_entry_by_entry)
{
	static const uint32_t cell[] = { 0, 0, 10, 0, 1, 20, 1, 0xffffffff, 7, 9 };
	const struct fdt *fdt = distance_map("numa-distance-map-v1", cell, 9);
	struct fdt_property matrix;
	struct fdt_distance d;

	REQUIRE_EQ(fdt_find_distances(fdt, &matrix), ACRE_OK);
	for (uint32_t i = 0; i < 3; i++) {
		REQUIRE_EQ(fdt_read_distance(fdt, &matrix, i, &d), ACRE_OK);
		EXPECT(d.from == cell[3 * i] && d.to == cell[3 * i + 1]);
		EXPECT_EQ(d.distance, cell[3 * i + 2]);
	}
	EXPECT_EQ(fdt_read_distance(fdt, &matrix, 3, &d), ACRE_ERR_END);
	EXPECT_EQ(fdt_read_distance(fdt, &matrix, UINT32_MAX, &d), ACRE_ERR_END);
	fdt = distance_map("numa-distance-map-v1", cell, 0);
	REQUIRE_EQ(fdt_find_distances(fdt, &matrix), ACRE_OK);
	EXPECT_EQ(fdt_read_distance(fdt, &matrix, 0, &d), ACRE_ERR_END);
	EXPECT_EQ(fdt_find_distances(distance_map("numa-distance-map-v1", cell, 10), &matrix),
		  ACRE_ERR_MALFORMED);
	EXPECT_EQ(fdt_find_distances(distance_map("numa-distance-map-v2", cell, 9), &matrix),
		  ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(fdt_find_distances(fdt_tree_open(fdt_tree_sample()), &matrix),
		  ACRE_ERR_NOT_FOUND);
}

/* ---- devices --------------------------------------------------------------------------------- */

static void cells(struct fdt_tree *t, uint32_t address, uint32_t size)
{
	fdt_build_u32(&t->b, "#address-cells", address);
	fdt_build_u32(&t->b, "#size-cells", size);
}

static const struct fdt *seal(struct fdt_tree *t, unsigned open)
{
	while (open-- > 0)
		fdt_build_end(&t->b);
	return fdt_tree_open(t);
}

/* A device `x` with one pair of one cell each; left open. */
static void device(struct fdt_tree *t, const char *name, uint32_t base, uint32_t size)
{
	fdt_build_begin(&t->b, name);
	fdt_build_string(&t->b, "compatible", "x");
	FDT_BUILD_CELLS(&t->b, "reg", base, size);
}

KTEST(fdt_info, boot_arguments_without_an_end_are_copied)
{
	struct fdt_tree *t = fdt_tree_new(512);
	char buf[8] = "nothing";

	fdt_build_begin(&t->b, "");
	EXPECT_EQ(fdt_copy_bootargs(fdt_tree_open(fdt_tree_sample()), buf, sizeof(buf)),
		  ACRE_ERR_FULL);
	fdt_build_begin(&t->b, "chosen");
	fdt_build_prop(&t->b, "bootargs", "mem=64M", 7);
	fdt_build_end(&t->b);
	fdt_build_end(&t->b);
	const struct fdt *fdt = fdt_tree_open(t);
	const char *text = "untouched";
	EXPECT_EQ(fdt_bootargs(fdt, &text), ACRE_ERR_MALFORMED);
	EXPECT_STR(text, "untouched");
	EXPECT_EQ(fdt_copy_bootargs(fdt, buf, sizeof(buf)), ACRE_OK);
	EXPECT_STR(buf, "mem=64M");
	EXPECT_EQ(fdt_copy_bootargs(fdt, buf, 7), ACRE_ERR_FULL);
	EXPECT_STR(buf, "mem=64");
}

KTEST(fdt_info, finds_a_device_on_a_bus_by_any_of_its_names)
{
	const struct fdt *fdt = fdt_tree_open(fdt_tree_sample());
	static const char *const name[] = { "sifive,test1", "sifive,test0", "syscon" };
	struct fdt_device found;

	for (size_t i = 0; i < ARRAY_SIZE(name); i++) {
		EXPECT_EQ(fdt_find_compatible(fdt, name[i], &found), ACRE_OK);
		EXPECT_EQ(found.base, 0x100000);
		EXPECT_EQ(found.size, 0x1000);
		EXPECT_STR(found.node.name, "test@100000");
	}
	EXPECT_EQ(fdt_find_compatible(fdt, "sifive,test", &found), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(fdt_find_compatible(fdt, "simple-bus", &found), ACRE_ERR_NOT_FOUND); /* no reg */
}

KTEST(fdt_info, finds_a_device_at_the_root)
{
	struct fdt_tree *t = fdt_tree_new(1024);
	struct fdt_device found;

	fdt_build_begin(&t->b, "");
	cells(t, 1, 1);
	device(t, "x@1000", 0x1000, 0x10);
	EXPECT_EQ(fdt_find_compatible(seal(t, 2), "x", &found), ACRE_OK);
	EXPECT_EQ(found.base, 0x1000);
	EXPECT_EQ(found.size, 0x10);
}

KTEST(fdt_info, translates_through_every_bus_above)
{
	struct fdt_tree *t = fdt_tree_new(1024);
	struct fdt_device found;

	fdt_build_begin(&t->b, "");
	cells(t, 2, 2);
	fdt_build_begin(&t->b, "soc");
	FDT_BUILD_CELLS(&t->b, "ranges", 0x40000000, 1, 0x10000000, 0x1000000);
	cells(t, 1, 1);
	fdt_build_begin(&t->b, "same");
	fdt_build_empty(&t->b, "ranges");
	cells(t, 1, 1);
	fdt_build_begin(&t->b, "inner");
	cells(t, 1, 1);
	FDT_BUILD_CELLS(&t->b, "ranges", 0x100, 0x9000000, 0x100, 0, 0x40002000, 0x100);
	device(t, "x@20", 0x20, 0x10);
	EXPECT_EQ(fdt_find_compatible(seal(t, 5), "x", &found), ACRE_OK);
	EXPECT_EQ(found.base, 0x110002020);
	EXPECT_EQ(found.size, 0x10);
}

KTEST(fdt_info, passes_over_devices_without_a_physical_address)
{
	struct fdt_tree *t = fdt_tree_new(2048);
	struct fdt_device found;

	fdt_build_begin(&t->b, "");
	cells(t, 1, 1);
	fdt_build_begin(&t->b, "i2c"); /* no ranges: not memory mapped */
	cells(t, 1, 1);
	device(t, "x@1", 1, 1);
	fdt_build_end(&t->b);
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "narrow"); /* the device is not in the window */
	cells(t, 1, 1);
	FDT_BUILD_CELLS(&t->b, "ranges", 0, 0, 0x100);
	device(t, "x@2", 0xf8, 0x10);
	fdt_build_end(&t->b);
	fdt_build_end(&t->b);
	device(t, "x@3", 0x3000, 0x10);
	EXPECT_EQ(fdt_find_compatible(seal(t, 2), "x", &found), ACRE_OK);
	EXPECT_STR(found.node.name, "x@3");
	EXPECT_EQ(found.base, 0x3000);
}

KTEST(fdt_info, passes_over_devices_that_are_switched_off)
{
	struct fdt_tree *t = fdt_tree_new(2048);
	struct fdt_device found;

	fdt_build_begin(&t->b, "");
	cells(t, 1, 1);
	device(t, "x@1", 0x1000, 0x10);
	fdt_build_string(&t->b, "status", "disabled");
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "off"); /* what is below a bus that is off is off too */
	cells(t, 1, 1);
	fdt_build_empty(&t->b, "ranges");
	fdt_build_string(&t->b, "status", "disabled");
	device(t, "x@2", 0x2000, 0x10);
	fdt_build_string(&t->b, "status", "okay");
	fdt_build_end(&t->b);
	fdt_build_end(&t->b);
	device(t, "x@3", 0x3000, 0x10);
	fdt_build_string(&t->b, "status", "okay");
	EXPECT_EQ(fdt_find_compatible(seal(t, 2), "x", &found), ACRE_OK);
	EXPECT_EQ(found.base, 0x3000);
}

KTEST(fdt_info, refuses_a_device_whose_end_does_not_fit)
{
	for (uint32_t extra = 0; extra < 2; extra++) {
		struct fdt_tree *t = fdt_tree_new(1024);
		struct fdt_device found;

		fdt_build_begin(&t->b, "");
		cells(t, 2, 2);
		fdt_build_begin(&t->b, "x");
		fdt_build_string(&t->b, "compatible", "x");
		FDT_BUILD_CELLS(&t->b, "reg", 0xffffffff, 0xfffff000, 0, 0xfff + extra);
		EXPECT_EQ(fdt_find_compatible(seal(t, 2), "x", &found),
			  extra == 0 ? ACRE_OK : ACRE_ERR_NOT_FOUND);
	}
}

KTEST(fdt_info, takes_the_cells_of_the_parent_not_its_own)
{
	struct fdt_tree *t = fdt_tree_new(1024);
	struct fdt_device found;

	fdt_build_begin(&t->b, "");
	cells(t, 1, 1);
	device(t, "x@1000", 0x1000, 0x10);
	cells(t, 2, 3);
	EXPECT_EQ(fdt_find_compatible(seal(t, 2), "x", &found), ACRE_OK);
	EXPECT_EQ(found.base, 0x1000);
}

KTEST(fdt_info, looks_as_deep_as_a_tree_may_be)
{
	struct fdt_tree *t = fdt_tree_new(8192);
	struct fdt_device found;

	for (unsigned i = 0; i + 1 < FDT_MAX_DEPTH; i++) {
		fdt_build_begin(&t->b, i == 0 ? "" : "bus");
		cells(t, 1, 1);
		fdt_build_empty(&t->b, "ranges");
	}
	device(t, "x@1000", 0x1000, 0x10);
	EXPECT_EQ(fdt_find_compatible(seal(t, FDT_MAX_DEPTH), "x", &found), ACRE_OK);
	EXPECT_EQ(found.base, 0x1000);
	EXPECT_EQ(found.node.depth, FDT_MAX_DEPTH - 1);
}
