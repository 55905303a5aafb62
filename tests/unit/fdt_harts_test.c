/* SPDX-License-Identifier: MIT */
/* The harts of /cpus and the timebase. */
#include "fdt/fdt_harts.h"

#include "tests/support/fdt_tree.h"
#include "tests/support/ktest.h"

static struct fdt_tree *begin_cpus(uint32_t address_cells)
{
	struct fdt_tree *t = fdt_tree_new(2048);

	fdt_build_begin(&t->b, "");
	fdt_build_begin(&t->b, "cpus");
	fdt_build_u32(&t->b, "#address-cells", address_cells);
	fdt_build_u32(&t->b, "#size-cells", 0);
	return t;
}

static void seal(struct fdt_tree *t, unsigned open, struct fdt_hart_cursor *cursor)
{
	while (open-- > 0)
		fdt_build_end(&t->b);
	fdt_harts_begin(cursor, fdt_tree_open(t));
}

static struct fdt_hart next(struct fdt_hart_cursor *cursor)
{
	struct fdt_hart hart;

	REQUIRE_EQ(fdt_harts_next(cursor, &hart), ACRE_OK);
	return hart;
}

static void expect_end(struct fdt_hart_cursor *cursor)
{
	struct fdt_hart hart;

	EXPECT_EQ(fdt_harts_next(cursor, &hart), ACRE_ERR_END);
	EXPECT_EQ(fdt_harts_next(cursor, &hart), ACRE_ERR_END);
}

KTEST(fdt_harts, lists_those_of_the_sample)
{
	struct fdt_hart_cursor c;

	fdt_harts_begin(&c, fdt_tree_open(fdt_tree_sample()));
	for (unsigned i = 0; i < 3; i++) {
		struct fdt_hart hart = next(&c);

		EXPECT_EQ(hart.why, ACRE_OK);
		EXPECT_EQ(hart.id, i);
		EXPECT_EQ(hart.enabled, i != 0);
		EXPECT_STR(hart.isa, "rv64imafdc");
		EXPECT_STR(hart.isa_base, NULL);
		EXPECT_STR(hart.mmu_type, "riscv,sv48");
	}
	expect_end(&c);
}

KTEST(fdt_harts, reads_ids_of_one_and_two_cells)
{
	struct fdt_hart_cursor c;
	struct fdt_tree *t = begin_cpus(2);

	fdt_build_begin(&t->b, "cpu@100000002");
	FDT_BUILD_CELLS(&t->b, "reg", 1, 2);
	seal(t, 3, &c);
	EXPECT_EQ(next(&c).id, 0x100000002);
	expect_end(&c);
	t = begin_cpus(1);
	fdt_build_begin(&t->b, "cpu@7");
	fdt_build_u32(&t->b, "reg", 7);
	seal(t, 3, &c);
	EXPECT_EQ(next(&c).id, 7);
	expect_end(&c);
}

KTEST(fdt_harts, counts_each_entry_of_a_nodes_reg)
{
	struct fdt_hart_cursor c;
	struct fdt_tree *t = begin_cpus(1);

	fdt_build_begin(&t->b, "cpu@4");
	FDT_BUILD_CELLS(&t->b, "reg", 4, 5, 6);
	seal(t, 3, &c);
	for (uint64_t id = 4; id <= 6; id++) {
		struct fdt_hart hart = next(&c);

		EXPECT_EQ(hart.id, id);
		EXPECT_STR(hart.name, "cpu@4");
	}
	expect_end(&c);
}

KTEST(fdt_harts, takes_children_of_cpus_by_name_or_type)
{
	struct fdt_hart_cursor c;
	struct fdt_tree *t = begin_cpus(1);

	fdt_build_begin(&t->b, "cpu-map");
	fdt_build_u32(&t->b, "reg", 1);
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "core@2");
	fdt_build_u32(&t->b, "reg", 2);
	fdt_build_string(&t->b, "device_type", "cpu");
	fdt_build_begin(&t->b, "cpu@9"); /* not a child of /cpus */
	fdt_build_u32(&t->b, "reg", 9);
	fdt_build_end(&t->b);
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "cpu@3");
	fdt_build_u32(&t->b, "reg", 3);
	fdt_build_end(&t->b);
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "soc");
	fdt_build_begin(&t->b, "cpu@8");
	fdt_build_u32(&t->b, "reg", 8);
	seal(t, 3, &c);
	EXPECT_EQ(next(&c).id, 2);
	EXPECT_EQ(next(&c).id, 3);
	expect_end(&c);
}

KTEST(fdt_harts, reports_those_whose_id_cannot_be_read)
{
	struct fdt_hart_cursor c;
	struct fdt_tree *t = begin_cpus(3);

	fdt_build_begin(&t->b, "cpu@0");
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "cpu@1");
	fdt_build_u32(&t->b, "reg", 1);
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "cpu@2");
	FDT_BUILD_CELLS(&t->b, "reg", 1, 0, 2);
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "cpu@3");
	FDT_BUILD_CELLS(&t->b, "reg", 0, 0, 3);
	fdt_build_prop(&t->b, "status", "okay", 4); /* no string: not one to be started */
	fdt_build_prop(&t->b, "riscv,isa", "rv64", 4);
	seal(t, 3, &c);
	EXPECT_EQ(next(&c).why, ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(next(&c).why, ACRE_ERR_MALFORMED);
	EXPECT_EQ(next(&c).why, ACRE_ERR_OVERFLOW);
	struct fdt_hart hart = next(&c);
	EXPECT_EQ(hart.why, ACRE_OK);
	EXPECT_EQ(hart.id, 3);
	EXPECT(!hart.enabled);
	EXPECT_STR(hart.isa, NULL);
	expect_end(&c);

	t = begin_cpus(1);
	fdt_build_begin(&t->b, "cpu@0");
	fdt_build_empty(&t->b, "reg");
	seal(t, 3, &c);
	EXPECT_EQ(next(&c).why, ACRE_ERR_MALFORMED);
	expect_end(&c);

	t = begin_cpus(9);
	fdt_build_begin(&t->b, "cpu@0");
	fdt_build_u32(&t->b, "reg", 1);
	seal(t, 3, &c);
	EXPECT_EQ(next(&c).why, ACRE_ERR_UNSUPPORTED);
	expect_end(&c);
}

/* The timebase of a tree that has @in_cpus bytes of it in /cpus and @in_cpu in a cpu. */
static enum acre_status timebase(size_t in_cpus, size_t in_cpu, uint64_t *hz)
{
	static const uint8_t value[12] = { 0, 0, 0, 1, 0, 0, 0, 2 };
	struct fdt_tree *t = begin_cpus(1);

	if (in_cpus != 0)
		fdt_build_prop(&t->b, "timebase-frequency", value, in_cpus);
	fdt_build_u32(&t->b, "other", 88);
	fdt_build_begin(&t->b, "cpu@0");
	if (in_cpu != 0)
		fdt_build_prop(&t->b, "timebase-frequency", value, in_cpu);
	fdt_build_end(&t->b);
	fdt_build_end(&t->b);
	fdt_build_begin(&t->b, "soc");
	fdt_build_u32(&t->b, "timebase-frequency", 99);
	fdt_build_end(&t->b);
	fdt_build_end(&t->b);
	*hz = 77;
	return fdt_timebase(fdt_tree_open(t), hz);
}

KTEST(fdt_harts, finds_the_timebase_in_cpus_or_in_a_cpu)
{
	uint64_t hz;

	EXPECT_EQ(timebase(4, 8, &hz), ACRE_OK);
	EXPECT_EQ(hz, 1);
	EXPECT_EQ(timebase(8, 4, &hz), ACRE_OK);
	EXPECT_EQ(hz, 0x100000002);
	EXPECT_EQ(timebase(0, 4, &hz), ACRE_OK);
	EXPECT_EQ(hz, 1);
	EXPECT_EQ(timebase(0, 8, &hz), ACRE_OK);
	EXPECT_EQ(hz, 0x100000002);
	EXPECT_EQ(timebase(0, 0, &hz), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(timebase(3, 0, &hz), ACRE_ERR_MALFORMED);
	EXPECT_EQ(timebase(12, 4, &hz), ACRE_OK); /* the one of the cpu */
	EXPECT_EQ(hz, 1);
}

KTEST(fdt_harts, finds_no_timebase_outside_cpus)
{
	struct fdt_tree *t = fdt_tree_new(512);
	uint64_t hz;

	fdt_build_begin(&t->b, "");
	fdt_build_u32(&t->b, "timebase-frequency", 1000);
	fdt_build_begin(&t->b, "cpus");
	fdt_build_begin(&t->b, "cpu@0");
	fdt_build_begin(&t->b, "cache");
	fdt_build_u32(&t->b, "timebase-frequency", 1000);
	for (unsigned i = 0; i < 4; i++)
		fdt_build_end(&t->b);
	EXPECT_EQ(fdt_timebase(fdt_tree_open(t), &hz), ACRE_ERR_NOT_FOUND);
}

KTEST(fdt_harts, refuses_a_timebase_of_zero)
{
	struct fdt_tree *t = begin_cpus(1);
	uint64_t hz;

	fdt_build_u32(&t->b, "timebase-frequency", 0);
	fdt_build_end(&t->b);
	fdt_build_end(&t->b);
	EXPECT_EQ(fdt_timebase(fdt_tree_open(t), &hz), ACRE_ERR_MALFORMED);
}
