/* SPDX-License-Identifier: MIT */
/* The facts that a tree holds about memory. */
#include "fdt/fdt_memory.h"

#include "lib/compiler.h"
#include "lib/string.h"
#include "tests/support/fdt_tree.h"
#include "tests/support/ktest.h"

/* ---- rigs ------------------------------------------------------------------------------------ */

static struct fdt_tree *begin_root(uint32_t address_cells, uint32_t size_cells)
{
	struct fdt_tree *t = fdt_tree_new(4096);

	fdt_build_begin(&t->b, "");
	fdt_build_u32(&t->b, "#address-cells", address_cells);
	fdt_build_u32(&t->b, "#size-cells", size_cells);
	return t;
}

/* A tree that stands at "/reserved-memory", with cells of its own. */
static struct fdt_tree *begin_reserved(uint32_t address_cells, uint32_t size_cells)
{
	struct fdt_tree *t = begin_root(2, 2);

	fdt_build_begin(&t->b, "reserved-memory");
	fdt_build_u32(&t->b, "#address-cells", address_cells);
	fdt_build_u32(&t->b, "#size-cells", size_cells);
	return t;
}

/* End @open nodes and start reading facts. */
static void seal(struct fdt_tree *t, unsigned open, struct fdt_memory_cursor *cursor)
{
	while (open-- > 0)
		fdt_build_end(&t->b);
	fdt_memory_begin(cursor, fdt_tree_open(t));
}

static struct fdt_memory_fact next(struct fdt_memory_cursor *cursor)
{
	struct fdt_memory_fact fact;

	REQUIRE_EQ(fdt_memory_next(cursor, &fact), ACRE_OK);
	return fact;
}

static void expect_end(struct fdt_memory_cursor *cursor)
{
	struct fdt_memory_fact fact;

	EXPECT_EQ(fdt_memory_next(cursor, &fact), ACRE_ERR_END);
	EXPECT_EQ(fdt_memory_next(cursor, &fact), ACRE_ERR_END);
}

static void expect_range(struct fdt_memory_cursor *cursor, enum fdt_fact_kind kind, uint64_t base,
			 uint64_t size)
{
	struct fdt_memory_fact fact = next(cursor);

	EXPECT_EQ(fact.kind, kind);
	EXPECT(fact.has_range);
	EXPECT_EQ(fact.base, base);
	EXPECT_EQ(fact.size, size);
	EXPECT_EQ(fact.why, ACRE_OK);
}

/* A complaint without a range. */
static struct fdt_memory_fact expect_malformed(struct fdt_memory_cursor *cursor,
					       enum fdt_fact_kind about, const char *name,
					       const char *property, enum acre_status why)
{
	struct fdt_memory_fact fact = next(cursor);

	EXPECT_EQ(fact.kind, FDT_FACT_MALFORMED);
	EXPECT_EQ(fact.about, about);
	EXPECT_STR(fact.name, name);
	EXPECT_STR(fact.property, property);
	EXPECT_EQ(fact.why, why);
	EXPECT(!fact.has_range);
	return fact;
}

/* A complaint with the widest range that can be read. */
static void expect_widest(struct fdt_memory_cursor *cursor, enum fdt_fact_kind about,
			  const char *property, uint64_t base, uint64_t size)
{
	struct fdt_memory_fact fact = next(cursor);

	EXPECT_EQ(fact.kind, FDT_FACT_MALFORMED);
	EXPECT_EQ(fact.about, about);
	EXPECT_STR(fact.property, property);
	EXPECT(fact.has_range);
	EXPECT_EQ(fact.base, base);
	EXPECT_EQ(fact.size, size);
}

/* ---- a whole tree ---------------------------------------------------------------------------- */

KTEST(fdt_memory, tells_all_of_a_sample_in_the_order_of_the_blob)
{
	struct fdt_memory_cursor c;
	struct fdt_memory_fact fact;

	fdt_memory_begin(&c, fdt_tree_open(fdt_tree_sample()));
	expect_range(&c, FDT_FACT_MEMRESERVE, 0x80100000, 0x1000);
	fact = next(&c);
	EXPECT_EQ(fact.kind, FDT_FACT_MEMRESERVE);
	EXPECT_EQ(fact.index, 1);
	EXPECT_STR(fact.name, "");
	expect_range(&c, FDT_FACT_INITRD, 0x84000000, 0x100000);
	fact = next(&c);
	EXPECT_EQ(fact.kind, FDT_FACT_RESERVED);
	EXPECT_STR(fact.name, "mmode_resv0@80000000");
	EXPECT_EQ(fact.base, 0x80000000);
	EXPECT_EQ(fact.size, 0x80000);
	EXPECT(fact.no_map && !fact.reusable);
	fact = next(&c);
	EXPECT_EQ(fact.kind, FDT_FACT_RESERVED);
	EXPECT_STR(fact.name, "two@81000000");
	EXPECT_EQ(fact.index, 0);
	EXPECT(!fact.no_map && fact.reusable);
	fact = next(&c);
	EXPECT_STR(fact.name, "two@81000000");
	EXPECT_EQ(fact.index, 1);
	EXPECT_EQ(fact.base, 0x82000000);
	EXPECT_EQ(fact.size, 0x2000);
	fact = next(&c);
	EXPECT_EQ(fact.kind, FDT_FACT_DYNAMIC);
	EXPECT_STR(fact.name, "pool");
	EXPECT_EQ(fact.size, 0x400000);
	EXPECT_EQ(fact.alignment, 0x200000);
	EXPECT(!fact.has_range);
	fact = next(&c);
	EXPECT_EQ(fact.kind, FDT_FACT_MEMORY);
	EXPECT_STR(fact.name, "memory@80000000");
	EXPECT_EQ(fact.numa_node, 0);
	EXPECT_EQ(fact.base, 0x80000000);
	EXPECT_EQ(fact.size, 0x8000000);
	fact = next(&c);
	EXPECT_EQ(fact.kind, FDT_FACT_MEMORY);
	EXPECT_EQ(fact.index, 1);
	EXPECT_EQ(fact.base, 0x100000000);
	fact = next(&c);
	EXPECT_EQ(fact.kind, FDT_FACT_MEMORY);
	EXPECT_STR(fact.name, "ram@200000000");
	EXPECT_EQ(fact.numa_node, 1);
	EXPECT_EQ(fact.base, 0x200000000);
	EXPECT_EQ(fact.size, 0x100000000);
	expect_end(&c);
}

KTEST(fdt_memory, says_nothing_about_a_tree_that_says_nothing)
{
	struct fdt_memory_cursor c;
	struct fdt_tree *t = fdt_tree_new(512);

	fdt_build_begin(&t->b, "");
	seal(t, 1, &c);
	expect_end(&c);
}

/* ---- memory ---------------------------------------------------------------------------------- */

KTEST(fdt_memory, is_found_by_name_or_by_type)
{
	static const struct {
		const char *name, *type;
		bool is_memory;
	} n[] = {
		{ "memory", NULL, true },
		{ "memory@0", NULL, true },
		{ "memory@0", "memory", true },
		{ "anything@0", "memory", true },
		{ "memory-controller", NULL, false },
		{ "memory-controller@0", NULL, false },
		{ "memor", NULL, false },
		{ "soc", NULL, false },
		{ "soc", "soc", false },
		{ "soc", "memory2", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(n); i++) {
		struct fdt_tree *t = begin_root(1, 1);
		struct fdt_memory_cursor c;

		fdt_build_begin(&t->b, n[i].name);
		FDT_BUILD_CELLS(&t->b, "reg", 0x1000, 0x2000);
		if (n[i].type != NULL)
			fdt_build_string(&t->b, "device_type", n[i].type);
		seal(t, 2, &c);
		if (n[i].is_memory)
			expect_range(&c, FDT_FACT_MEMORY, 0x1000, 0x2000);
		expect_end(&c);
	}
}

KTEST(fdt_memory, is_not_looked_for_below_the_first_level)
{
	struct fdt_tree *t = begin_root(1, 1);
	struct fdt_memory_cursor c;

	fdt_build_begin(&t->b, "soc");
	fdt_build_begin(&t->b, "memory@1000");
	fdt_build_string(&t->b, "device_type", "memory");
	FDT_BUILD_CELLS(&t->b, "reg", 0x1000, 0x2000);
	seal(t, 3, &c);
	expect_end(&c);
}

KTEST(fdt_memory, takes_properties_in_any_order)
{
	struct fdt_tree *t = fdt_tree_new(2048);
	struct fdt_memory_cursor c;

	fdt_build_begin(&t->b, "");
	fdt_build_u32(&t->b, "#size-cells", 1);
	fdt_build_string(&t->b, "model", "x");
	fdt_build_u32(&t->b, "#address-cells", 1);
	fdt_build_begin(&t->b, "a");
	FDT_BUILD_CELLS(&t->b, "reg", 0x1000, 0x2000);
	fdt_build_string(&t->b, "status", "disabled");
	fdt_build_string(&t->b, "device_type", "memory");
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "b");
	fdt_build_u32(&t->b, "numa-node-id", 3);
	FDT_BUILD_CELLS(&t->b, "reg", 0x3000, 0x4000);
	fdt_build_string(&t->b, "device_type", "memory");
	fdt_build_begin(&t->b, "child"); /* its reg is its own */
	FDT_BUILD_CELLS(&t->b, "reg", 0x9000, 0x9000);
	fdt_build_end(&t->b);
	seal(t, 2, &c);
	struct fdt_memory_fact fact = next(&c);
	EXPECT_EQ(fact.kind, FDT_FACT_MEMORY);
	EXPECT_EQ(fact.base, 0x3000);
	EXPECT_EQ(fact.size, 0x4000);
	EXPECT_EQ(fact.numa_node, 3);
	expect_end(&c);
}

KTEST(fdt_memory, takes_the_first_of_two_properties)
{
	struct fdt_tree *t = begin_root(1, 1);
	struct fdt_memory_cursor c;

	fdt_build_u32(&t->b, "#address-cells", 2);
	fdt_build_u32(&t->b, "#size-cells", 9);
	fdt_build_begin(&t->b, "memory");
	FDT_BUILD_CELLS(&t->b, "reg", 0x1000, 0x2000);
	FDT_BUILD_CELLS(&t->b, "reg", 0x5000, 0x6000);
	fdt_build_string(&t->b, "status", "okay");
	fdt_build_string(&t->b, "status", "disabled");
	seal(t, 2, &c);
	expect_range(&c, FDT_FACT_MEMORY, 0x1000, 0x2000);
	expect_end(&c);
}

/* @cells cells that hold @value, the lowest last. */
static size_t put(uint32_t *to, uint32_t cells, uint64_t value)
{
	for (uint32_t i = cells; i-- > 0; value >>= 32)
		to[i] = (uint32_t)value;
	return cells;
}

KTEST(fdt_memory, reads_every_width_of_cells)
{
	for (uint32_t a = 1; a <= 3; a++) {
		for (uint32_t s = 1; s <= 3; s++) {
			struct fdt_tree *t = begin_root(a, s);
			struct fdt_memory_cursor c;
			uint64_t base = a == 1 ? 0x80000000 : 0x1280000000;
			uint64_t size = s == 1 ? 0x40000000 : 0x3440000000;
			uint32_t reg[12];
			size_t n = put(reg, a, base);

			n += put(reg + n, s, size);
			n += put(reg + n, a, base + 8);
			n += put(reg + n, s, size + 16);
			fdt_build_begin(&t->b, "memory");
			fdt_build_cells(&t->b, "reg", reg, n);
			seal(t, 2, &c);
			expect_range(&c, FDT_FACT_MEMORY, base, size);
			expect_range(&c, FDT_FACT_MEMORY, base + 8, size + 16);
			expect_end(&c);
		}
	}
}

KTEST(fdt_memory, assumes_two_cells_and_one_where_the_root_does_not_say)
{
	struct fdt_tree *t = fdt_tree_new(512);
	struct fdt_memory_cursor c;

	fdt_build_begin(&t->b, "");
	fdt_build_begin(&t->b, "memory");
	FDT_BUILD_CELLS(&t->b, "reg", 1, 2, 3, 4, 5, 6);
	seal(t, 2, &c);
	expect_range(&c, FDT_FACT_MEMORY, 0x100000002, 3);
	expect_range(&c, FDT_FACT_MEMORY, 0x400000005, 6);
	expect_end(&c);
}

KTEST(fdt_memory, may_lie_at_either_end_of_the_address_space)
{
	struct fdt_tree *t = begin_root(2, 2);
	struct fdt_memory_cursor c;

	fdt_build_begin(&t->b, "memory");
	FDT_BUILD_CELLS(&t->b, "reg", 0, 0, 0, 0x1000, 0xffffffff, 0xfffff000, 0, 0xfff);
	seal(t, 2, &c);
	expect_range(&c, FDT_FACT_MEMORY, 0, 0x1000);
	expect_range(&c, FDT_FACT_MEMORY, 0xfffffffffffff000, 0xfff);
	expect_end(&c);
}

KTEST(fdt_memory, leaves_out_empty_pairs_without_a_word)
{
	struct fdt_tree *t = begin_root(1, 1);
	struct fdt_memory_cursor c;

	fdt_build_begin(&t->b, "memory");
	FDT_BUILD_CELLS(&t->b, "reg", 0x1000, 0, 0x2000, 0x3000, 0x9000, 0);
	seal(t, 2, &c);
	struct fdt_memory_fact fact = next(&c);
	EXPECT_EQ(fact.base, 0x2000);
	EXPECT_EQ(fact.index, 1);
	expect_end(&c);
}

KTEST(fdt_memory, comes_in_as_many_pairs_and_nodes_as_there_are)
{
	struct fdt_tree *t = fdt_tree_new(65536);
	struct fdt_memory_cursor c;
	uint32_t reg[400];

	fdt_build_begin(&t->b, "");
	fdt_build_u32(&t->b, "#address-cells", 1);
	for (uint32_t node = 0; node < 20; node++) {
		fdt_build_begin(&t->b, "memory");
		for (uint32_t i = 0; i < 200; i++) {
			reg[2 * i] = (200 * node + i) << 12;
			reg[2 * i + 1] = 0x800 + i;
		}
		fdt_build_cells(&t->b, "reg", reg, 400);
		fdt_build_end(&t->b);
	}
	seal(t, 1, &c);
	for (uint32_t i = 0; i < 20 * 200; i++) {
		struct fdt_memory_fact fact = next(&c);

		REQUIRE_EQ(fact.base, (uint64_t)i << 12);
		REQUIRE_EQ(fact.size, 0x800 + i % 200);
		REQUIRE_EQ(fact.index, i % 200);
	}
	expect_end(&c);
}

KTEST(fdt_memory, counts_when_its_status_is_okay_only)
{
	static const struct {
		const char *status;
		bool counts;
	} n[] = { { "okay", true }, { "ok", true }, { "disabled", false }, { "fail", false } };

	for (size_t i = 0; i < ARRAY_SIZE(n); i++) {
		struct fdt_tree *t = begin_root(1, 1);
		struct fdt_memory_cursor c;

		fdt_build_begin(&t->b, "memory");
		fdt_build_string(&t->b, "status", n[i].status);
		FDT_BUILD_CELLS(&t->b, "reg", 0x1000, 0x2000);
		seal(t, 2, &c);
		if (n[i].counts)
			expect_range(&c, FDT_FACT_MEMORY, 0x1000, 0x2000);
		expect_end(&c);
	}
}

/* ---- malformed memory: left out, and named --------------------------------------------------- */

static void one_memory(struct fdt_memory_cursor *c, uint32_t address_cells, uint32_t size_cells,
		       const uint32_t *reg, size_t count)
{
	struct fdt_tree *t = begin_root(address_cells, size_cells);

	fdt_build_begin(&t->b, "memory@1");
	if (reg != NULL)
		fdt_build_cells(&t->b, "reg", reg, count);
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "chosen"); /* the walk goes on behind what is malformed */
	fdt_build_u32(&t->b, "linux,initrd-start", 0x10);
	fdt_build_u32(&t->b, "linux,initrd-end", 0x30);
	seal(t, 2, c);
}

KTEST(fdt_memory, without_reg_is_malformed)
{
	static const uint32_t none[1] = { 0 };
	struct fdt_memory_cursor c;

	one_memory(&c, 1, 1, NULL, 0);
	expect_malformed(&c, FDT_FACT_MEMORY, "memory@1", "reg", ACRE_ERR_NOT_FOUND);
	expect_range(&c, FDT_FACT_INITRD, 0x10, 0x20);
	one_memory(&c, 1, 1, none, 0);
	expect_malformed(&c, FDT_FACT_MEMORY, "memory@1", "reg", ACRE_ERR_TRUNCATED);
	expect_range(&c, FDT_FACT_INITRD, 0x10, 0x20);
	expect_end(&c);
}

KTEST(fdt_memory, whose_reg_is_no_multiple_of_a_pair_is_left_out_whole)
{
	static const uint32_t reg[] = { 0, 0x1000, 0, 0x1000, 0, 0x2000, 0 };
	struct fdt_memory_cursor c;

	for (size_t n = 1; n < 8; n++) {
		if (n % 4 == 0)
			continue;
		one_memory(&c, 2, 2, reg, n);
		struct fdt_memory_fact fact = expect_malformed(&c, FDT_FACT_MEMORY, "memory@1",
							       "reg", ACRE_ERR_MALFORMED);
		EXPECT_EQ(fact.value.length, 4 * n);
		expect_range(&c, FDT_FACT_INITRD, 0x10, 0x20);
		expect_end(&c);
	}
}

KTEST(fdt_memory, that_wraps_is_left_out_pair_by_pair)
{
	static const uint32_t reg[] = {
		0xffffffff, 0xfffff000, 0,          0x1000, /* ends at 2^64 */
		0x80000000, 0,          0x80000000, 1,      0, 0x1000, 0, 0x2000,
	};
	struct fdt_memory_cursor c;
	struct fdt_memory_fact fact;

	one_memory(&c, 2, 2, reg, ARRAY_SIZE(reg));
	fact = expect_malformed(&c, FDT_FACT_MEMORY, "memory@1", "reg", ACRE_ERR_OVERFLOW);
	EXPECT_EQ(fact.index, 0);
	fact = expect_malformed(&c, FDT_FACT_MEMORY, "memory@1", "reg", ACRE_ERR_OVERFLOW);
	EXPECT_EQ(fact.index, 1);
	expect_range(&c, FDT_FACT_MEMORY, 0x1000, 0x2000);
	expect_range(&c, FDT_FACT_INITRD, 0x10, 0x20);
	expect_end(&c);
}

KTEST(fdt_memory, with_a_high_cell_that_is_not_zero_is_left_out)
{
	static const uint32_t reg[] = {
		1, 0, 0x1000, 0, 0, 0x1000, 0, 0, 0x1000, 1, 0, 0x1000, 0, 0, 0x3000, 0, 0, 0x1000,
	};
	struct fdt_memory_cursor c;

	one_memory(&c, 3, 3, reg, ARRAY_SIZE(reg));
	expect_malformed(&c, FDT_FACT_MEMORY, "memory@1", "reg", ACRE_ERR_OVERFLOW);
	expect_malformed(&c, FDT_FACT_MEMORY, "memory@1", "reg", ACRE_ERR_OVERFLOW);
	expect_range(&c, FDT_FACT_MEMORY, 0x3000, 0x1000);
	expect_range(&c, FDT_FACT_INITRD, 0x10, 0x20);
	expect_end(&c);
}

KTEST(fdt_memory, under_cells_of_no_use_is_left_out)
{
	static const struct {
		uint32_t address, size;
		const char *culprit;
		enum acre_status why;
	} n[] = {
		{ 4, 1, "#address-cells", ACRE_ERR_UNSUPPORTED },
		{ 1, 4, "#size-cells", ACRE_ERR_UNSUPPORTED },
		{ 4, 4, "#address-cells", ACRE_ERR_UNSUPPORTED },
		{ 0xffffffff, 1, "#address-cells", ACRE_ERR_UNSUPPORTED },
		{ 0, 1, "#address-cells", ACRE_ERR_INVALID },
		{ 1, 0, "#size-cells", ACRE_ERR_INVALID },
		{ 0, 0, "#address-cells", ACRE_ERR_INVALID },
	};
	static const uint32_t reg[] = { 0, 0, 0, 0x1000, 0, 0, 0, 0x1000 };
	struct fdt_memory_cursor c;

	for (size_t i = 0; i < ARRAY_SIZE(n); i++) {
		one_memory(&c, n[i].address, n[i].size, reg, ARRAY_SIZE(reg));
		expect_malformed(&c, FDT_FACT_MEMORY, "memory@1", n[i].culprit, n[i].why);
		expect_range(&c, FDT_FACT_INITRD, 0x10, 0x20);
		expect_end(&c);
	}
}

KTEST(fdt_memory, under_cells_that_are_no_cell_is_left_out)
{
	struct fdt_tree *t = fdt_tree_new(512);
	struct fdt_memory_cursor c;

	fdt_build_begin(&t->b, "");
	fdt_build_u64(&t->b, "#size-cells", 1);
	fdt_build_u32(&t->b, "#size-cells", 1);
	fdt_build_begin(&t->b, "memory");
	FDT_BUILD_CELLS(&t->b, "reg", 0, 0x1000, 0x1000);
	seal(t, 2, &c);
	expect_malformed(&c, FDT_FACT_MEMORY, "memory", "#size-cells", ACRE_ERR_MALFORMED);
	expect_end(&c);
}

KTEST(fdt_memory, with_a_status_or_a_type_that_makes_no_sense_is_left_out)
{
	struct fdt_tree *t = begin_root(1, 1);
	struct fdt_memory_cursor c;

	fdt_build_begin(&t->b, "memory@1");
	FDT_BUILD_CELLS(&t->b, "reg", 0x1000, 0x1000);
	fdt_build_prop(&t->b, "status", "okay", 4);
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "memory@2");
	FDT_BUILD_CELLS(&t->b, "reg", 0x2000, 0x1000);
	fdt_build_string(&t->b, "device_type", "serial");
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "memory@3");
	FDT_BUILD_CELLS(&t->b, "reg", 0x3000, 0x1000);
	fdt_build_empty(&t->b, "device_type");
	seal(t, 2, &c);
	struct fdt_memory_fact fact =
		expect_malformed(&c, FDT_FACT_MEMORY, "memory@1", "status", ACRE_ERR_MALFORMED);
	EXPECT_EQ(fact.value.length, 4);
	expect_malformed(&c, FDT_FACT_MEMORY, "memory@2", "device_type", ACRE_ERR_MALFORMED);
	expect_malformed(&c, FDT_FACT_MEMORY, "memory@3", "device_type", ACRE_ERR_MALFORMED);
	expect_end(&c);
}

KTEST(fdt_memory, with_a_broken_numa_node_is_memory_of_no_node)
{
	struct fdt_tree *t = begin_root(1, 1);
	struct fdt_memory_cursor c;

	fdt_build_begin(&t->b, "memory@1");
	fdt_build_u64(&t->b, "numa-node-id", 1);
	FDT_BUILD_CELLS(&t->b, "reg", 0x1000, 0x2000);
	seal(t, 2, &c);
	expect_malformed(&c, FDT_FACT_MEMORY, "memory@1", "numa-node-id", ACRE_ERR_MALFORMED);
	struct fdt_memory_fact fact = next(&c);
	EXPECT_EQ(fact.kind, FDT_FACT_MEMORY);
	EXPECT_EQ(fact.numa_node, FDT_NO_NUMA_NODE);
	expect_end(&c);
}

/* ---- reservations ---------------------------------------------------------------------------- */

KTEST(fdt_memory, reads_reservations_with_the_cells_of_their_parent)
{
	struct fdt_tree *t = begin_reserved(1, 1);
	struct fdt_memory_cursor c;

	fdt_build_begin(&t->b, "a");
	FDT_BUILD_CELLS(&t->b, "reg", 0x1000, 0x2000, 0x9000, 0x100);
	fdt_build_begin(&t->b, "below"); /* only children count */
	FDT_BUILD_CELLS(&t->b, "reg", 0x7000, 0x7000);
	fdt_build_end(&t->b);
	fdt_build_end(&t->b);
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "memory");
	FDT_BUILD_CELLS(&t->b, "reg", 0, 0x1000, 0, 0x2000);
	seal(t, 2, &c);
	expect_range(&c, FDT_FACT_RESERVED, 0x1000, 0x2000);
	expect_range(&c, FDT_FACT_RESERVED, 0x9000, 0x100);
	expect_range(&c, FDT_FACT_MEMORY, 0x1000, 0x2000);
	expect_end(&c);
}

KTEST(fdt_memory, honours_flags_status_and_empty_reservations)
{
	struct fdt_tree *t = begin_reserved(2, 2);
	struct fdt_memory_cursor c;
	struct fdt_memory_fact fact;

	fdt_build_string(&t->b, "status", "disabled"); /* of the parent: not looked at */
	fdt_build_begin(&t->b, "off");
	FDT_BUILD_CELLS(&t->b, "reg", 0, 0x1000, 0, 0x2000);
	fdt_build_string(&t->b, "status", "disabled");
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "flags");
	fdt_build_empty(&t->b, "reusable");
	FDT_BUILD_CELLS(&t->b, "reg", 0, 0x1000, 0, 0);
	FDT_BUILD_CELLS(&t->b, "size", 0, 0x5000); /* reg wins */
	fdt_build_empty(&t->b, "no-map");
	seal(t, 3, &c);
	fact = next(&c);
	EXPECT_EQ(fact.kind, FDT_FACT_RESERVED);
	EXPECT_EQ(fact.base, 0x1000);
	EXPECT_EQ(fact.size, 0);
	EXPECT(fact.no_map && fact.reusable);
	expect_end(&c);
}

KTEST(fdt_memory, takes_a_reservation_that_wraps_at_its_widest)
{
	struct fdt_tree *t = begin_reserved(2, 3);
	struct fdt_memory_cursor c;

	fdt_build_begin(&t->b, "a");
	FDT_BUILD_CELLS(&t->b, "reg", 0, 0x1000, 0, 0xffffffff, 0xfffff000, /* ends at 2^64 */
			0, 0x2000, 1, 0, 0,                                 /* size is 2^64 */
			0, 0x3000, 0, 0xffffffff, 0xffffcfff);              /* just fits */
	seal(t, 3, &c);
	expect_widest(&c, FDT_FACT_RESERVED, "reg", 0x1000, UINT64_MAX - 0x1000);
	expect_widest(&c, FDT_FACT_RESERVED, "reg", 0x2000, UINT64_MAX - 0x2000);
	expect_range(&c, FDT_FACT_RESERVED, 0x3000, 0xffffffffffffcfff);
	expect_end(&c);
}

KTEST(fdt_memory, keeps_a_reservation_whose_status_cannot_be_read)
{
	struct fdt_tree *t = begin_reserved(1, 1);
	struct fdt_memory_cursor c;

	fdt_build_begin(&t->b, "a");
	FDT_BUILD_CELLS(&t->b, "reg", 0x1000, 0x2000, 0x5000, 0x6000);
	fdt_build_empty(&t->b, "status");
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "b");
	fdt_build_u32(&t->b, "size", 0x2000);
	fdt_build_empty(&t->b, "status");
	seal(t, 3, &c);
	expect_widest(&c, FDT_FACT_RESERVED, "status", 0x1000, 0x2000);
	expect_widest(&c, FDT_FACT_RESERVED, "status", 0x5000, 0x6000);
	struct fdt_memory_fact fact =
		expect_malformed(&c, FDT_FACT_DYNAMIC, "b", "status", ACRE_ERR_MALFORMED);
	EXPECT_EQ(fact.size, 0x2000);
	expect_end(&c);
}

KTEST(fdt_memory, names_reservations_of_which_nothing_can_be_said)
{
	struct fdt_tree *t = begin_reserved(3, 1);
	struct fdt_memory_cursor c;

	fdt_build_begin(&t->b, "nothing");
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "empty");
	fdt_build_empty(&t->b, "reg");
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "odd");
	FDT_BUILD_CELLS(&t->b, "reg", 0, 0, 0x1000, 0x1000, 0);
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "high");
	FDT_BUILD_CELLS(&t->b, "reg", 1, 0, 0x1000, 0x1000);
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "bytes");
	fdt_build_prop(&t->b, "reg", "abcdefghijklmno", 15);
	seal(t, 3, &c);
	expect_malformed(&c, FDT_FACT_RESERVED, "nothing", "reg", ACRE_ERR_NOT_FOUND);
	expect_malformed(&c, FDT_FACT_RESERVED, "empty", "reg", ACRE_ERR_NOT_FOUND);
	expect_malformed(&c, FDT_FACT_RESERVED, "odd", "reg", ACRE_ERR_MALFORMED);
	expect_malformed(&c, FDT_FACT_RESERVED, "high", "reg", ACRE_ERR_OVERFLOW);
	expect_malformed(&c, FDT_FACT_RESERVED, "bytes", "reg", ACRE_ERR_MALFORMED);
	expect_end(&c);
}

KTEST(fdt_memory, names_reservations_under_cells_of_no_use)
{
	struct fdt_tree *t = begin_reserved(2, 4);
	struct fdt_memory_cursor c;

	fdt_build_begin(&t->b, "a");
	FDT_BUILD_CELLS(&t->b, "reg", 0, 0x1000, 0, 0x1000);
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "b");
	FDT_BUILD_CELLS(&t->b, "size", 0, 0x1000);
	seal(t, 3, &c);
	expect_malformed(&c, FDT_FACT_RESERVED, "a", "#size-cells", ACRE_ERR_UNSUPPORTED);
	expect_malformed(&c, FDT_FACT_DYNAMIC, "b", "#size-cells", ACRE_ERR_UNSUPPORTED);
	expect_end(&c);
}

KTEST(fdt_memory, reads_dynamic_reservations)
{
	struct fdt_tree *t = begin_reserved(2, 2);
	struct fdt_memory_cursor c;
	struct fdt_memory_fact fact;

	fdt_build_begin(&t->b, "plain");
	FDT_BUILD_CELLS(&t->b, "size", 1, 0);
	fdt_build_empty(&t->b, "no-map");
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "narrow");
	fdt_build_u32(&t->b, "size", 0x1000);
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "zero");
	FDT_BUILD_CELLS(&t->b, "size", 0, 0);
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "crooked");
	FDT_BUILD_CELLS(&t->b, "size", 0, 0x1000);
	FDT_BUILD_CELLS(&t->b, "alignment", 0, 0x3000);
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "short");
	FDT_BUILD_CELLS(&t->b, "size", 0, 0x1000);
	FDT_BUILD_CELLS(&t->b, "alignment", 0x1000);
	seal(t, 3, &c);
	fact = next(&c);
	EXPECT_EQ(fact.kind, FDT_FACT_DYNAMIC);
	EXPECT_EQ(fact.size, 0x100000000);
	EXPECT_EQ(fact.alignment, 0);
	EXPECT(fact.no_map && !fact.has_range);
	expect_malformed(&c, FDT_FACT_DYNAMIC, "narrow", "size", ACRE_ERR_MALFORMED);
	expect_malformed(&c, FDT_FACT_DYNAMIC, "zero", "size", ACRE_ERR_INVALID);
	fact = expect_malformed(&c, FDT_FACT_DYNAMIC, "crooked", "alignment", ACRE_ERR_INVALID);
	EXPECT_EQ(fact.size, 0x1000);
	expect_malformed(&c, FDT_FACT_DYNAMIC, "short", "alignment", ACRE_ERR_MALFORMED);
	expect_end(&c);
}

KTEST(fdt_memory, moves_reservations_through_ranges)
{
	struct fdt_tree *t = begin_reserved(1, 1);
	struct fdt_memory_cursor c;

	/* 0x1000 bytes at 0 are at 0x180000000, 0x2000 at 0x8000 are at 0x8000. */
	FDT_BUILD_CELLS(&t->b, "ranges", 0, 1, 0x80000000, 0x1000, 0x8000, 0, 0x8000, 0x2000);
	fdt_build_begin(&t->b, "a");
	FDT_BUILD_CELLS(&t->b, "reg", 0, 0x1000, 0x800, 0x800, 0x9000, 0x1000);
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "b");
	FDT_BUILD_CELLS(&t->b, "reg", 0x800, 0x801, 0x7fff, 1, 0xa000, 1, 0xfffffff, 0xffffffff);
	seal(t, 3, &c);
	expect_range(&c, FDT_FACT_RESERVED, 0x180000000, 0x1000);
	expect_range(&c, FDT_FACT_RESERVED, 0x180000800, 0x800);
	expect_range(&c, FDT_FACT_RESERVED, 0x9000, 0x1000);
	for (unsigned i = 0; i < 4; i++)
		expect_malformed(&c, FDT_FACT_RESERVED, "b", "ranges", ACRE_ERR_RANGE);
	expect_end(&c);
}

KTEST(fdt_memory, needs_the_cells_of_the_root_only_where_it_moves_a_reservation)
{
	for (unsigned moves = 0; moves < 2; moves++) {
		struct fdt_tree *t = fdt_tree_new(1024);
		struct fdt_memory_cursor c;

		fdt_build_begin(&t->b, "");
		fdt_build_u32(&t->b, "#address-cells", 4);
		fdt_build_begin(&t->b, "reserved-memory");
		fdt_build_u32(&t->b, "#address-cells", 1);
		fdt_build_u32(&t->b, "#size-cells", 1);
		FDT_BUILD_CELLS(&t->b, "other", 0, 0, 0);
		if (moves != 0)
			FDT_BUILD_CELLS(&t->b, "ranges", 0, 0, 0x10000);
		fdt_build_begin(&t->b, "a");
		FDT_BUILD_CELLS(&t->b, "reg", 0x1000, 0x1000);
		seal(t, 3, &c);
		if (moves != 0)
			expect_malformed(&c, FDT_FACT_RESERVED, "a", "ranges",
					 ACRE_ERR_UNSUPPORTED);
		else
			expect_range(&c, FDT_FACT_RESERVED, 0x1000, 0x1000);
		expect_end(&c);
	}
}

KTEST(fdt_memory, moves_a_reservation_whose_status_cannot_be_read_too)
{
	struct fdt_tree *t = begin_reserved(1, 1);
	struct fdt_memory_cursor c;

	FDT_BUILD_CELLS(&t->b, "ranges", 0, 1, 0, 0x10000);
	fdt_build_begin(&t->b, "a");
	FDT_BUILD_CELLS(&t->b, "reg", 0x1000, 0x1000, 0x2000, 0xffffffff);
	fdt_build_empty(&t->b, "status");
	seal(t, 3, &c);
	expect_widest(&c, FDT_FACT_RESERVED, "status", 0x100001000, 0x1000);
	expect_malformed(&c, FDT_FACT_RESERVED, "a", "ranges", ACRE_ERR_RANGE);
	expect_end(&c);
}

KTEST(fdt_memory, does_not_guess_the_end_of_a_reservation_that_moves)
{
	struct fdt_tree *t = begin_reserved(1, 3);
	struct fdt_memory_cursor c;

	FDT_BUILD_CELLS(&t->b, "ranges", 0, 1, 0, 0, 0, 0x10000);
	fdt_build_begin(&t->b, "a");
	FDT_BUILD_CELLS(&t->b, "reg", 0x1000, 1, 0, 0);
	seal(t, 3, &c);
	expect_malformed(&c, FDT_FACT_RESERVED, "a", "reg", ACRE_ERR_OVERFLOW);
	expect_end(&c);
}

KTEST(fdt_memory, names_ranges_that_cannot_be_read)
{
	struct fdt_tree *t = begin_reserved(1, 1);
	struct fdt_memory_cursor c;
	uint32_t many[4 * (FDT_MAX_RANGES + 1)];

	FDT_BUILD_CELLS(&t->b, "ranges", 0, 1, 0x80000000);
	fdt_build_begin(&t->b, "a");
	FDT_BUILD_CELLS(&t->b, "reg", 0, 0x1000);
	seal(t, 3, &c);
	expect_malformed(&c, FDT_FACT_RESERVED, "a", "ranges", ACRE_ERR_MALFORMED);
	expect_end(&c);

	t = begin_reserved(1, 1);
	FDT_BUILD_CELLS(&t->b, "ranges", 0, 0xffffffff, 0xfffff000, 0x10000);
	fdt_build_begin(&t->b, "a");
	FDT_BUILD_CELLS(&t->b, "reg", 0, 0x1000);
	seal(t, 3, &c);
	expect_malformed(&c, FDT_FACT_RESERVED, "a", "ranges", ACRE_ERR_OVERFLOW);
	expect_end(&c);

	memset(many, 0, sizeof(many));
	t = begin_reserved(1, 1);
	many[4 * FDT_MAX_RANGES - 1] = 0x1000; /* the last entry that is looked at */
	fdt_build_cells(&t->b, "ranges", many, 4 * FDT_MAX_RANGES);
	fdt_build_begin(&t->b, "a");
	FDT_BUILD_CELLS(&t->b, "reg", 0, 0x1000);
	seal(t, 3, &c);
	expect_range(&c, FDT_FACT_RESERVED, 0, 0x1000);
	expect_end(&c);

	t = begin_reserved(1, 1);
	fdt_build_cells(&t->b, "ranges", many, ARRAY_SIZE(many));
	fdt_build_begin(&t->b, "a");
	FDT_BUILD_CELLS(&t->b, "reg", 0, 0x1000);
	seal(t, 3, &c);
	expect_malformed(&c, FDT_FACT_RESERVED, "a", "ranges", ACRE_ERR_FULL);
	expect_end(&c);
}

KTEST(fdt_memory, keeps_memreserve_entries_that_wrap)
{
	struct fdt_tree *t = fdt_tree_new(512);
	struct fdt_memory_cursor c;

	fdt_build_memreserve(&t->b, 0, 0x1000);
	fdt_build_memreserve(&t->b, 0x2000, 0);
	fdt_build_memreserve(&t->b, 0x1000, UINT64_MAX);
	fdt_build_begin(&t->b, "");
	seal(t, 1, &c);
	expect_range(&c, FDT_FACT_MEMRESERVE, 0, 0x1000);
	expect_range(&c, FDT_FACT_MEMRESERVE, 0x2000, 0);
	expect_widest(&c, FDT_FACT_MEMRESERVE, "", 0x1000, UINT64_MAX - 0x1000);
	expect_end(&c);
}

/* ---- the initrd ------------------------------------------------------------------------------ */

static struct fdt_tree *begin_chosen(void)
{
	struct fdt_tree *t = begin_root(2, 2);

	fdt_build_begin(&t->b, "chosen");
	return t;
}

KTEST(fdt_memory, reads_an_initrd_of_either_width)
{
	for (unsigned i = 0; i < 4; i++) {
		struct fdt_tree *t = begin_chosen();
		struct fdt_memory_cursor c;

		if (i & 1)
			fdt_build_u64(&t->b, "linux,initrd-end", 0x84001000);
		else
			fdt_build_u32(&t->b, "linux,initrd-end", 0x84001000);
		if (i & 2)
			fdt_build_u64(&t->b, "linux,initrd-start", 0x84000000);
		else
			fdt_build_u32(&t->b, "linux,initrd-start", 0x84000000);
		seal(t, 2, &c);
		expect_range(&c, FDT_FACT_INITRD, 0x84000000, 0x1000);
		expect_end(&c);
	}
}

KTEST(fdt_memory, takes_an_empty_initrd_for_none)
{
	struct fdt_tree *t = begin_chosen();
	struct fdt_memory_cursor c;

	fdt_build_u32(&t->b, "linux,initrd-start", 0);
	fdt_build_u32(&t->b, "linux,initrd-end", 0);
	seal(t, 2, &c);
	expect_end(&c);
}

KTEST(fdt_memory, names_what_is_wrong_with_an_initrd)
{
	struct fdt_memory_cursor c;
	struct fdt_tree *t = begin_chosen();

	fdt_build_u32(&t->b, "linux,initrd-start", 0x2000);
	seal(t, 2, &c);
	expect_malformed(&c, FDT_FACT_INITRD, "chosen", "linux,initrd-end", ACRE_ERR_NOT_FOUND);
	t = begin_chosen();
	fdt_build_u32(&t->b, "linux,initrd-end", 0x2000);
	seal(t, 2, &c);
	expect_malformed(&c, FDT_FACT_INITRD, "chosen", "linux,initrd-start", ACRE_ERR_NOT_FOUND);
	t = begin_chosen();
	fdt_build_u32(&t->b, "linux,initrd-start", 0x2000);
	fdt_build_u32(&t->b, "linux,initrd-end", 0x1fff);
	seal(t, 2, &c);
	expect_malformed(&c, FDT_FACT_INITRD, "chosen", "linux,initrd-end", ACRE_ERR_NOT_FOUND);
	t = begin_chosen();
	fdt_build_u32(&t->b, "linux,initrd-start", 0x2000);
	fdt_build_u32(&t->b, "linux,initrd-end", 0);
	seal(t, 2, &c);
	expect_malformed(&c, FDT_FACT_INITRD, "chosen", "linux,initrd-end", ACRE_ERR_NOT_FOUND);
	t = begin_chosen();
	fdt_build_prop(&t->b, "linux,initrd-start", "abc", 3);
	fdt_build_u32(&t->b, "linux,initrd-end", 0x2000);
	seal(t, 2, &c);
	expect_malformed(&c, FDT_FACT_INITRD, "chosen", "linux,initrd-start", ACRE_ERR_MALFORMED);
	t = begin_chosen();
	fdt_build_u32(&t->b, "linux,initrd-start", 0x2000);
	FDT_BUILD_CELLS(&t->b, "linux,initrd-end", 0, 0, 0x3000);
	seal(t, 2, &c);
	expect_malformed(&c, FDT_FACT_INITRD, "chosen", "linux,initrd-end", ACRE_ERR_MALFORMED);
	expect_end(&c);
}

/* The header of a dump comes after the pairs of the same node, with or without others. */
KTEST(fdt_memory, tells_where_another_kernels_dump_begins)
{
	struct fdt_memory_cursor c;
	struct fdt_tree *t = begin_chosen();

	FDT_BUILD_CELLS(&t->b, "linux,elfcorehdr", 0, 0x5000, 0, 0x600);
	seal(t, 2, &c);
	expect_range(&c, FDT_FACT_ELFCOREHDR, 0x5000, 0x600);
	expect_end(&c);
	t = begin_chosen();
	FDT_BUILD_CELLS(&t->b, "linux,elfcorehdr", 0, 0x5000, 0, 0x600);
	FDT_BUILD_CELLS(&t->b, "linux,usable-memory-range", 0, 0x1000, 0, 0x100, 0, 0x2000, 0,
			0x200);
	fdt_build_u32(&t->b, "linux,initrd-start", 0x3000);
	fdt_build_u32(&t->b, "linux,initrd-end", 0x3400);
	seal(t, 2, &c);
	expect_range(&c, FDT_FACT_INITRD, 0x3000, 0x400);
	expect_range(&c, FDT_FACT_USABLE, 0x1000, 0x100);
	expect_range(&c, FDT_FACT_USABLE, 0x2000, 0x200);
	expect_range(&c, FDT_FACT_ELFCOREHDR, 0x5000, 0x600);
	expect_end(&c);
	t = begin_chosen();
	FDT_BUILD_CELLS(&t->b, "linux,elfcorehdr", 0, 0x5000);
	seal(t, 2, &c);
	expect_malformed(&c, FDT_FACT_ELFCOREHDR, "chosen", "linux,elfcorehdr", ACRE_ERR_MALFORMED);
	expect_end(&c);
}

/* ---- where a dynamic reservation may lie ----------------------------------------------------- */

static void expect_window(const struct fdt_memory_cursor *c, uint32_t index, uint64_t base,
			  uint64_t size)
{
	uint64_t got_base = 1, got_size = 1;

	EXPECT_EQ(fdt_alloc_range(c, index, &got_base, &got_size), ACRE_OK);
	EXPECT_EQ(got_base, base);
	EXPECT_EQ(got_size, size);
}

KTEST(fdt_memory, tells_each_window_of_a_dynamic_reservation)
{
	struct fdt_tree *t = begin_reserved(2, 1);
	struct fdt_memory_cursor c;
	struct fdt_memory_fact fact;

	fdt_build_begin(&t->b, "pool");
	fdt_build_u32(&t->b, "size", 0x1000);
	FDT_BUILD_CELLS(&t->b, "alloc-ranges", 1, 0x80000000, 0x2000, 0, 0, 0, 0, 7, UINT32_MAX);
	fdt_build_end(&t->b);
	seal(t, 2, &c);
	fact = next(&c);
	EXPECT_EQ(fact.kind, FDT_FACT_DYNAMIC);
	REQUIRE_EQ(fact.nwindows, 3);
	expect_window(&c, 0, 0x180000000, 0x2000);
	expect_window(&c, 1, 0, 0);
	expect_window(&c, 2, 7, UINT32_MAX);
	expect_end(&c);
}

KTEST(fdt_memory, tells_which_window_is_of_no_use)
{
	struct fdt_tree *t = begin_reserved(2, 2);
	struct fdt_memory_cursor c;
	uint64_t base = 5, size = 6;

	fdt_build_begin(&t->b, "pool");
	fdt_build_u64(&t->b, "size", 0x1000);
	FDT_BUILD_CELLS(&t->b, "alloc-ranges", 1, 0, UINT32_MAX - 1, UINT32_MAX, UINT32_MAX,
			UINT32_MAX, 0, 1, 0, 0x1000, UINT32_MAX, UINT32_MAX);
	fdt_build_end(&t->b);
	seal(t, 2, &c);
	EXPECT_EQ(next(&c).nwindows, 3);
	expect_window(&c, 0, 0x100000000, 0xfffffffeffffffff);
	EXPECT_EQ(fdt_alloc_range(&c, 1, &base, &size), ACRE_ERR_OVERFLOW);
	EXPECT_EQ(fdt_alloc_range(&c, 2, &base, &size), ACRE_ERR_OVERFLOW);
	EXPECT_EQ(base, 5);
	EXPECT_EQ(size, 6);
}

KTEST(fdt_memory, moves_windows_through_ranges)
{
	struct fdt_tree *t = begin_reserved(1, 1);
	struct fdt_memory_cursor c;
	uint64_t base, size;

	FDT_BUILD_CELLS(&t->b, "ranges", 0x1000, 2, 0x8000, 0x4000);
	fdt_build_begin(&t->b, "pool");
	fdt_build_u32(&t->b, "size", 0x1000);
	FDT_BUILD_CELLS(&t->b, "alloc-ranges", 0x2000, 0x3000, 0x2000, 0x3001);
	fdt_build_end(&t->b);
	seal(t, 2, &c);
	EXPECT_EQ(next(&c).nwindows, 2);
	expect_window(&c, 0, 0x200009000, 0x3000);
	EXPECT_EQ(fdt_alloc_range(&c, 1, &base, &size), ACRE_ERR_RANGE);
}

KTEST(fdt_memory, names_windows_that_are_no_pairs)
{
	static const uint32_t cell[3] = { 0 };

	for (size_t count = 0; count <= 3; count++) {
		struct fdt_tree *t = begin_reserved(1, 1);
		struct fdt_memory_cursor c;

		fdt_build_begin(&t->b, "pool");
		fdt_build_u32(&t->b, "size", 0x1000);
		fdt_build_cells(&t->b, "alloc-ranges", cell, count);
		fdt_build_end(&t->b);
		seal(t, 2, &c);
		if (count == 2)
			EXPECT_EQ(next(&c).nwindows, 1);
		else
			expect_malformed(&c, FDT_FACT_DYNAMIC, "pool", "alloc-ranges",
					 count == 0 ? ACRE_ERR_TRUNCATED : ACRE_ERR_MALFORMED);
		expect_end(&c);
	}
}

/* ---- what may be used at all ----------------------------------------------------------------- */

static struct fdt_tree *begin_chosen_under(uint32_t address_cells, uint32_t size_cells)
{
	struct fdt_tree *t = begin_root(address_cells, size_cells);

	fdt_build_begin(&t->b, "chosen");
	return t;
}

KTEST(fdt_memory, reads_the_usable_ranges_behind_the_initrd)
{
	struct fdt_tree *t = begin_chosen_under(2, 1);
	struct fdt_memory_cursor c;

	FDT_BUILD_CELLS(&t->b, "linux,usable-memory-range", 1, 0x1000, 0x2000, 0, 0, 0);
	fdt_build_u32(&t->b, "linux,initrd-start", 0x1000);
	fdt_build_u32(&t->b, "linux,initrd-end", 0x1800);
	seal(t, 2, &c);
	expect_range(&c, FDT_FACT_INITRD, 0x1000, 0x800);
	expect_range(&c, FDT_FACT_USABLE, 0x100001000, 0x2000);
	expect_range(&c, FDT_FACT_USABLE, 0, 0); /* an empty one says that nothing is */
	expect_end(&c);
}

KTEST(fdt_memory, tells_a_bad_pair_from_usable_ranges_that_cannot_be_read)
{
	struct fdt_tree *t = begin_chosen_under(2, 2);
	struct fdt_memory_cursor c;

	FDT_BUILD_CELLS(&t->b, "linux,usable-memory-range", UINT32_MAX, 0, UINT32_MAX, 0, 0, 1, 0,
			2);
	seal(t, 2, &c);
	expect_malformed(&c, FDT_FACT_USABLE, "chosen", "linux,usable-memory-range",
			 ACRE_ERR_OVERFLOW);
	expect_range(&c, FDT_FACT_USABLE, 1, 2);
	expect_end(&c);

	t = begin_chosen_under(2, 2);
	FDT_BUILD_CELLS(&t->b, "linux,usable-memory-range", 0, 1, 0);
	fdt_build_u32(&t->b, "linux,initrd-start", 0x1000);
	seal(t, 2, &c);
	expect_malformed(&c, FDT_FACT_INITRD, "chosen", "linux,initrd-end", ACRE_ERR_NOT_FOUND);
	expect_malformed(&c, FDT_FACT_USABLE, "chosen", "linux,usable-memory-range",
			 ACRE_ERR_MALFORMED);
	expect_end(&c);

	t = begin_chosen_under(2, 2);
	fdt_build_empty(&t->b, "linux,usable-memory-range");
	seal(t, 2, &c);
	expect_malformed(&c, FDT_FACT_USABLE, "chosen", "linux,usable-memory-range",
			 ACRE_ERR_TRUNCATED);
	expect_end(&c);

	t = begin_chosen_under(9, 2);
	FDT_BUILD_CELLS(&t->b, "linux,usable-memory-range", 0, 1, 0);
	seal(t, 2, &c);
	expect_malformed(&c, FDT_FACT_USABLE, "chosen", "#address-cells", ACRE_ERR_UNSUPPORTED);
	expect_end(&c);

	t = begin_chosen_under(2, 0);
	FDT_BUILD_CELLS(&t->b, "linux,usable-memory-range", 0, 1);
	seal(t, 2, &c);
	expect_malformed(&c, FDT_FACT_USABLE, "chosen", "#size-cells", ACRE_ERR_INVALID);
	expect_end(&c);
}
