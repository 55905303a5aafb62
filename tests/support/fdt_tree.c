/* SPDX-License-Identifier: MIT */
/* fdt_tree.c - a tree that a case builds, opens and reads. */
#include "tests/support/fdt_tree.h"

#include "fdt/fdt_token_internal.h"
#include "lib/string.h"
#include "tests/support/ktest.h"

struct fdt_tree *fdt_tree_new(size_t capacity)
{
	struct fdt_tree *t = ktest_alloc(sizeof(*t), _Alignof(struct fdt_tree));

	*t = (struct fdt_tree){ .capacity = capacity };
	t->buffer = ktest_alloc(capacity, 8);
	fdt_build(&t->b, t->buffer, capacity);
	return t;
}

void fdt_tree_seal(struct fdt_tree *t)
{
	t->size = fdt_build_finish(&t->b);
	REQUIRE(t->size != 0);
	t->blob = t->buffer + t->capacity - t->size;
	memmove(t->blob, t->buffer, t->size);
}

const struct fdt *fdt_tree_open(struct fdt_tree *t)
{
	fdt_tree_seal(t);
	enum acre_status s = fdt_open(&t->fdt, t->blob, t->size);
	if (s != ACRE_OK)
		ktest_note("%s: %s at %u", acre_status_str(s), t->fdt.problem, t->fdt.problem_at);
	REQUIRE_EQ(s, ACRE_OK);
	return &t->fdt;
}

static void sample_cpus(struct fdt_builder *b)
{
	static const char *const name[] = { "cpu@0", "cpu@1", "cpu@2" };

	fdt_build_begin(b, "cpus");
	fdt_build_u32(b, "#address-cells", 1);
	fdt_build_u32(b, "#size-cells", 0);
	fdt_build_u32(b, "timebase-frequency", 10000000);
	for (uint32_t i = 0; i < 3; i++) {
		fdt_build_begin(b, name[i]);
		fdt_build_string(b, "device_type", "cpu");
		fdt_build_u32(b, "reg", i);
		fdt_build_string(b, "status", i == 0 ? "disabled" : "okay");
		fdt_build_string(b, "riscv,isa", "rv64imafdc");
		fdt_build_string(b, "mmu-type", "riscv,sv48");
		fdt_build_begin(b, "interrupt-controller");
		fdt_build_u32(b, "#interrupt-cells", 1);
		fdt_build_end(b);
		fdt_build_end(b);
	}
	fdt_build_end(b);
}

static void sample_reserved(struct fdt_builder *b)
{
	fdt_build_begin(b, "reserved-memory");
	fdt_build_u32(b, "#address-cells", 2);
	fdt_build_u32(b, "#size-cells", 2);
	fdt_build_empty(b, "ranges");
	fdt_build_begin(b, "mmode_resv0@80000000");
	FDT_BUILD_CELLS(b, "reg", 0, 0x80000000, 0, 0x80000);
	fdt_build_empty(b, "no-map");
	fdt_build_end(b);
	fdt_build_begin(b, "two@81000000");
	FDT_BUILD_CELLS(b, "reg", 0, 0x81000000, 0, 0x1000, 0, 0x82000000, 0, 0x2000);
	fdt_build_empty(b, "reusable");
	fdt_build_end(b);
	fdt_build_begin(b, "off@83000000");
	FDT_BUILD_CELLS(b, "reg", 0, 0x83000000, 0, 0x1000);
	fdt_build_string(b, "status", "disabled");
	fdt_build_end(b);
	fdt_build_begin(b, "pool");
	FDT_BUILD_CELLS(b, "size", 0, 0x400000);
	FDT_BUILD_CELLS(b, "alignment", 0, 0x200000);
	fdt_build_end(b);
	fdt_build_end(b);
}

static void sample_soc(struct fdt_builder *b)
{
	fdt_build_begin(b, "soc");
	fdt_build_u32(b, "#address-cells", 2);
	fdt_build_u32(b, "#size-cells", 2);
	fdt_build_string(b, "compatible", "simple-bus");
	fdt_build_empty(b, "ranges");
	fdt_build_begin(b, "test@100000");
	FDT_BUILD_CELLS(b, "reg", 0, 0x100000, 0, 0x1000);
	fdt_build_prop(b, "compatible", "sifive,test1\0sifive,test0\0syscon", 33);
	fdt_build_end(b);
	fdt_build_end(b);
}

struct fdt_tree *fdt_tree_sample(void)
{
	struct fdt_tree *t = fdt_tree_new(4096);
	struct fdt_builder *b = &t->b;

	fdt_build_memreserve(b, 0x80100000, 0x1000);
	fdt_build_memreserve(b, 0x80200000, 0x2000);
	fdt_build_begin(b, "");
	fdt_build_u32(b, "#address-cells", 2);
	fdt_build_u32(b, "#size-cells", 2);
	fdt_build_string(b, "model", "sample,board");
	fdt_build_prop(b, "compatible", "sample,board\0sample", 20);
	fdt_build_begin(b, "chosen");
	fdt_build_string(b, "bootargs", "test poweroff");
	fdt_build_u32(b, "linux,initrd-start", 0x84000000);
	fdt_build_u64(b, "linux,initrd-end", 0x84100000);
	fdt_build_end(b);
	sample_reserved(b);
	sample_cpus(b);
	fdt_build_begin(b, "memory@80000000");
	fdt_build_string(b, "device_type", "memory");
	FDT_BUILD_CELLS(b, "reg", 0, 0x80000000, 0, 0x8000000, 1, 0, 0, 0x10000000);
	fdt_build_u32(b, "numa-node-id", 0);
	fdt_build_end(b);
	fdt_build_token(b, FDT_TOKEN_NOP);
	fdt_build_begin(b, "ram@200000000");
	FDT_BUILD_CELLS(b, "reg", 2, 0, 1, 0);
	fdt_build_string(b, "device_type", "memory");
	fdt_build_u32(b, "numa-node-id", 1);
	fdt_build_end(b);
	sample_soc(b);
	fdt_build_end(b);
	return t;
}
