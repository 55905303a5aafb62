/* SPDX-License-Identifier: MIT */
/* Random trees, good and slightly broken ones, read by src/fdt and by libfdt. */
#include <string.h>

#include "fdt/fdt_token_internal.h"
#include "lib/compiler.h"
#include "tests/host/fdt_compare.h"
#include "tests/support/fdt_exercise.h"
#include "tests/support/fdt_tree.h"
#include "tests/support/ktest.h"

static const char *random_of(const char *const name[], size_t count)
{
	return name[ktest_below(count)];
}

static const char *random_node_name(void)
{
	static const char *const name[] = { "memory",
					    "memory@80000000",
					    "reserved-memory",
					    "chosen",
					    "cpus",
					    "cpu@0",
					    "soc",
					    "a",
					    "a@1",
					    "a@2",
					    "serial@10000000",
					    "",
					    "long-name-with,commas.and_more+@0,0" };

	return random_of(name, ARRAY_SIZE(name));
}

static const char *random_property_name(void)
{
	static const char *const name[] = {
		"reg",
		"status",
		"device_type",
		"#address-cells",
		"#size-cells",
		"ranges",
		"linux,initrd-start",
		"linux,initrd-end",
		"numa-node-id",
		"size",
		"alignment",
		"no-map",
		"compatible",
		"riscv,isa",
		"reusable",
		"x",
		"interrupts-ex",
		"timebase-frequency",
	};

	return random_of(name, ARRAY_SIZE(name));
}

static void random_property(struct fdt_builder *b)
{
	static const char *const text[] = { "okay", "disabled", "memory", "cpu", "sifive,test1" };
	const char *name = random_property_name();
	uint8_t value[48];

	switch (ktest_below(4)) {
	case 0:
		fdt_build_u32(b, name, (uint32_t)ktest_below(5));
		break;
	case 1:
		fdt_build_string(b, name, random_of(text, ARRAY_SIZE(text)));
		break;
	case 2:
		fdt_build_u64(b, name, ktest_random());
		break;
	default:
		for (size_t i = 0; i < sizeof(value); i++)
			value[i] = (uint8_t)ktest_below(3);
		fdt_build_prop(b, name, value, ktest_below(sizeof(value) + 1));
	}
}

static void random_nops(struct fdt_builder *b)
{
	while (ktest_below(8) == 0)
		fdt_build_token(b, FDT_TOKEN_NOP);
}

/* A tree of some @nodes nodes. */
static struct fdt_tree *random_tree(unsigned nodes)
{
	struct fdt_tree *t = fdt_tree_new(65536);
	struct fdt_builder *b = &t->b;
	unsigned open = 1;

	for (uint64_t n = ktest_below(4); n > 0; n--)
		fdt_build_memreserve(b, ktest_random() | 1, ktest_random());
	fdt_build_begin(b, "");
	while (nodes-- > 0) {
		for (uint64_t n = ktest_below(6); n > 0; n--) {
			random_nops(b);
			random_property(b);
		}
		random_nops(b);
		/* Some nodes end before the next begins; the root stays. */
		for (; open > 1 && (open > 20 || ktest_below(2) == 0); open--)
			fdt_build_end(b);
		random_nops(b);
		fdt_build_begin(b, random_node_name());
		open++;
	}
	for (; open > 0; open--) {
		fdt_build_end(b);
		random_nops(b);
	}
	fdt_tree_seal(t);
	return t;
}

/* libfdt wants its blob aligned to 8: the front of the tree's buffer, which the seal has left. */
static uint8_t *aligned_copy(const struct fdt_tree *t)
{
	uint8_t *copy = ktest_alloc(t->size, 8);

	memcpy(copy, t->blob, t->size);
	return copy;
}

static void compare_some(unsigned nodes)
{
	for (unsigned i = 0; i < 10; i++) {
		struct fdt_tree *t = random_tree(nodes);
		enum acre_status opened;

		REQUIRE_VALID(fdt_exercise(t->blob, t->size, &opened));
		EXPECT_EQ(opened, ACRE_OK);
		REQUIRE_VALID(fdt_compare(aligned_copy(t), t->size));
	}
}

KTEST(fdt_oracle, libfdt_sees_the_same_in_small_trees)
{
	compare_some(3);
}

KTEST(fdt_oracle, libfdt_sees_the_same_in_middling_trees)
{
	compare_some(40);
}

KTEST(fdt_oracle, libfdt_sees_the_same_in_large_trees)
{
	compare_some(300);
}

KTEST(fdt_oracle, libfdt_sees_the_same_in_the_sample)
{
	struct fdt_tree *t = fdt_tree_sample();

	fdt_tree_seal(t);
	REQUIRE_VALID(fdt_compare(aligned_copy(t), t->size));
}

/* The blob with one byte changed: either both take it or the reason is known. */
static void compare_changed(const struct fdt_tree *t, uint8_t *copy, size_t at, uint8_t byte)
{
	enum acre_status opened;
	uint8_t was = copy[at];

	copy[at] = byte;
	REQUIRE_VALID(fdt_exercise(copy, t->size, &opened));
	REQUIRE_VALID(fdt_compare(copy, t->size));
	copy[at] = was;
}

KTEST(fdt_oracle, libfdt_agrees_on_every_byte_of_the_sample_changed)
{
	static const uint8_t mask[] = { 0x01, 0x02, 0x08, 0x80, 0xff };
	struct fdt_tree *t = fdt_tree_sample();

	fdt_tree_seal(t);
	uint8_t *copy = aligned_copy(t);
	for (size_t at = 0; at < t->size; at++) {
		for (size_t i = 0; i < ARRAY_SIZE(mask); i++)
			compare_changed(t, copy, at, copy[at] ^ mask[i]);
		compare_changed(t, copy, at, 0);
	}
}

KTEST(fdt_oracle, libfdt_agrees_on_random_trees_with_a_few_bytes_changed)
{
	for (unsigned i = 0; i < 10; i++) {
		struct fdt_tree *t = random_tree(10);
		uint8_t *copy = aligned_copy(t);

		for (unsigned round = 0; round < 300; round++) {
			memcpy(copy, t->blob, t->size);
			for (uint64_t n = ktest_below(3); n > 0; n--)
				copy[ktest_below(t->size)] = (uint8_t)ktest_below(12);
			compare_changed(t, copy, ktest_below(t->size), (uint8_t)ktest_random());
		}
	}
}
