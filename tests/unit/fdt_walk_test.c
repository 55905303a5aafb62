/* SPDX-License-Identifier: MIT */
/* Walking a tree, finding in it, and reading values. */
#include "fdt/fdt.h"

#include "lib/compiler.h"
#include "lib/string.h"
#include "tests/support/fdt_tree.h"
#include "tests/support/ktest.h"

KTEST(fdt_walk, shows_every_node_and_property_in_order)
{
	struct fdt_tree *t = fdt_tree_new(1024);
	struct fdt_builder *b = &t->b;
	struct fdt_cursor cursor;
	struct fdt_event event;

	fdt_build_begin(b, "");
	fdt_build_string(b, "one", "abc");
	fdt_build_begin(b, "a@1");
	fdt_build_empty(b, "two");
	fdt_build_end(b);
	fdt_build_end(b);
	fdt_walk(&cursor, fdt_tree_open(t));

	REQUIRE_EQ(fdt_next(&cursor, &event), ACRE_OK);
	EXPECT_EQ(event.kind, FDT_EVENT_NODE);
	EXPECT_EQ(event.depth, 0);
	EXPECT_STR(event.node.name, "");
	REQUIRE_EQ(fdt_next(&cursor, &event), ACRE_OK);
	EXPECT_EQ(event.kind, FDT_EVENT_PROPERTY);
	EXPECT_EQ(event.depth, 0);
	EXPECT_STR(event.property.name, "one");
	EXPECT_EQ(event.property.length, 4);
	REQUIRE_EQ(fdt_next(&cursor, &event), ACRE_OK);
	EXPECT_EQ(event.kind, FDT_EVENT_NODE);
	EXPECT_EQ(event.depth, 1);
	EXPECT_STR(event.node.name, "a@1");
	EXPECT_EQ(event.node.name_length, 3);
	REQUIRE_EQ(fdt_next(&cursor, &event), ACRE_OK);
	EXPECT_EQ(event.kind, FDT_EVENT_PROPERTY);
	EXPECT_EQ(event.depth, 1);
	EXPECT_STR(event.property.name, "two");
	EXPECT_EQ(event.property.length, 0);
	REQUIRE_EQ(fdt_next(&cursor, &event), ACRE_OK);
	EXPECT_EQ(event.kind, FDT_EVENT_NODE_END);
	EXPECT_EQ(event.depth, 1);
	REQUIRE_EQ(fdt_next(&cursor, &event), ACRE_OK);
	EXPECT_EQ(event.kind, FDT_EVENT_NODE_END);
	EXPECT_EQ(event.depth, 0);
	EXPECT_EQ(fdt_next(&cursor, &event), ACRE_ERR_END);
	EXPECT_EQ(fdt_next(&cursor, &event), ACRE_ERR_END);
}

KTEST(fdt_walk, of_a_node_stays_inside_it)
{
	const struct fdt *fdt = fdt_tree_open(fdt_tree_sample());
	struct fdt_node cpus;
	struct fdt_cursor cursor;
	struct fdt_event event;
	unsigned nodes = 0, ends = 0;
	enum acre_status s;

	REQUIRE_EQ(fdt_find(fdt, "/cpus", &cpus), ACRE_OK);
	fdt_walk_node(&cursor, fdt, &cpus);
	while ((s = fdt_next(&cursor, &event)) == ACRE_OK) {
		nodes += event.kind == FDT_EVENT_NODE;
		ends += event.kind == FDT_EVENT_NODE_END;
		EXPECT(event.depth >= cpus.depth);
	}
	EXPECT_EQ(s, ACRE_ERR_END);
	EXPECT_EQ(fdt_next(&cursor, &event), ACRE_ERR_END);
	EXPECT_EQ(nodes, 6);
	EXPECT_EQ(ends, 6);
}

/* A cursor set on what is no node any more says so and stays inside. */
KTEST(fdt_walk, of_a_made_up_node_stays_inside_the_blob)
{
	const struct fdt *fdt = fdt_tree_open(fdt_tree_sample());
	static const uint32_t body[] = { 1, 0xfffffffc, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(body); i++) {
		struct fdt_node node = { .offset = body[i], .body = body[i], .depth = UINT32_MAX };
		struct fdt_property p;

		EXPECT(fdt_find_property(fdt, &node, "reg", &p) != ACRE_OK);
		EXPECT(!fdt_node_is_named(fdt, &node, "x"));
	}
}

/* ---- finding --------------------------------------------------------------------------------- */

static const struct fdt *tree_of_names(void)
{
	struct fdt_tree *t = fdt_tree_new(1024);
	struct fdt_builder *b = &t->b;

	fdt_build_begin(b, "");
	fdt_build_begin(b, "serial-port@1");
	fdt_build_end(b);
	fdt_build_begin(b, "a@1");
	fdt_build_begin(b, "leaf");
	fdt_build_u32(b, "id", 1);
	fdt_build_end(b);
	fdt_build_end(b);
	fdt_build_begin(b, "a@2");
	fdt_build_begin(b, "leaf");
	fdt_build_u32(b, "id", 2);
	fdt_build_end(b);
	fdt_build_begin(b, "only@2");
	fdt_build_u32(b, "id", 3);
	fdt_build_end(b);
	fdt_build_end(b);
	fdt_build_begin(b, "leaf");
	fdt_build_u32(b, "id", 4);
	fdt_build_end(b);
	fdt_build_begin(b, "c@1@2");
	fdt_build_end(b);
	fdt_build_end(b);
	return fdt_tree_open(t);
}

/* The `id` of the node at @path, or 0 and *@s. */
static uint32_t id_at(const struct fdt *fdt, const char *path, enum acre_status *s)
{
	struct fdt_node node;
	struct fdt_property p;
	uint32_t id = 0;

	*s = fdt_find(fdt, path, &node);
	if (*s == ACRE_OK)
		*s = fdt_find_property(fdt, &node, "id", &p);
	if (*s == ACRE_OK)
		*s = fdt_read_u32(fdt, &p, &id);
	return id;
}

KTEST(fdt_walk, finds_nodes_by_path)
{
	const struct fdt *fdt = tree_of_names();
	struct fdt_node node;
	enum acre_status s;

	EXPECT_EQ(id_at(fdt, "/a@1/leaf", &s), 1);
	EXPECT_EQ(id_at(fdt, "/a@2/leaf", &s), 2);
	EXPECT_EQ(id_at(fdt, "/a/leaf", &s), 1); /* the first a, whatever its unit address */
	EXPECT_EQ(id_at(fdt, "/a@2/only", &s), 3);
	EXPECT_EQ(id_at(fdt, "/leaf", &s), 4);
	EXPECT_EQ(id_at(fdt, "//a@2///leaf//", &s), 2);
	EXPECT_EQ(fdt_find(fdt, "/", &node), ACRE_OK);
	EXPECT_EQ(node.depth, 0);
	EXPECT_EQ(fdt_find(fdt, "/serial-port", &node), ACRE_OK);
	EXPECT_EQ(node.depth, 1);
}

KTEST(fdt_walk, does_not_find_what_is_not_there)
{
	const struct fdt *fdt = tree_of_names();
	struct fdt_node node;

	EXPECT_EQ(fdt_find(fdt, "/a/only", &node), ACRE_ERR_NOT_FOUND); /* the first a has none */
	EXPECT_EQ(fdt_find(fdt, "/serial", &node), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(fdt_find(fdt, "/serial@1", &node), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(fdt_find(fdt, "/a@", &node), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(fdt_find(fdt, "/a@11", &node), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(fdt_find(fdt, "/c@1", &node), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(fdt_find(fdt, "/leaf@0", &node), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(fdt_find(fdt, "/leaf/leaf", &node), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(fdt_find(fdt, "/only@2", &node), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(fdt_find(fdt, "leaf", &node), ACRE_ERR_INVALID);
	EXPECT_EQ(fdt_find(fdt, "", &node), ACRE_ERR_INVALID);
}

KTEST(fdt_walk, knows_a_node_by_its_name_with_or_without_unit_address)
{
	const struct fdt *fdt = tree_of_names();
	struct fdt_node node;

	REQUIRE_EQ(fdt_find(fdt, "/c", &node), ACRE_OK);
	EXPECT(fdt_node_is_named(fdt, &node, "c"));
	EXPECT(fdt_node_is_named(fdt, &node, "c@1@2"));
	EXPECT(!fdt_node_is_named(fdt, &node, "c@1"));
	EXPECT(!fdt_node_is_named(fdt, &node, "c@"));
	EXPECT(!fdt_node_is_named(fdt, &node, ""));
	fdt_root(fdt, &node);
	EXPECT(fdt_node_is_named(fdt, &node, ""));
	EXPECT(!fdt_node_is_named(fdt, &node, "c"));
}

KTEST(fdt_walk, finds_a_nodes_own_properties_only_and_the_first_of_two)
{
	struct fdt_tree *t = fdt_tree_new(1024);
	struct fdt_builder *b = &t->b;
	struct fdt_property p;
	struct fdt_node root;
	uint32_t value;

	fdt_build_begin(b, "");
	fdt_build_u32(b, "twice", 1);
	fdt_build_u32(b, "other", 5);
	fdt_build_u32(b, "twice", 2);
	fdt_build_begin(b, "child");
	fdt_build_u32(b, "inner", 3);
	fdt_build_end(b);
	fdt_build_end(b);
	const struct fdt *fdt = fdt_tree_open(t);
	fdt_root(fdt, &root);
	REQUIRE_EQ(fdt_find_property(fdt, &root, "twice", &p), ACRE_OK);
	EXPECT_EQ(fdt_read_u32(fdt, &p, &value), ACRE_OK);
	EXPECT_EQ(value, 1);
	EXPECT_EQ(fdt_find_property(fdt, &root, "inner", &p), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(fdt_find_property(fdt, &root, "twic", &p), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(fdt_find_property(fdt, &root, "twicer", &p), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(fdt_find_property(fdt, &root, "", &p), ACRE_ERR_NOT_FOUND);
}

/* ---- values ---------------------------------------------------------------------------------- */

/* A tree with one property `p`; *@p is where it is. */
static const struct fdt *one_property(const void *value, size_t length, struct fdt_property *p)
{
	struct fdt_tree *t = fdt_tree_new(512);
	struct fdt_node root;

	fdt_build_begin(&t->b, "");
	fdt_build_prop(&t->b, "p", value, length);
	fdt_build_end(&t->b);
	const struct fdt *fdt = fdt_tree_open(t);
	fdt_root(fdt, &root);
	REQUIRE_EQ(fdt_find_property(fdt, &root, "p", p), ACRE_OK);
	return fdt;
}

static const uint8_t counting[16] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
				      0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10 };

KTEST(fdt_walk, reads_numbers_of_their_exact_length)
{
	for (size_t length = 0; length <= 12; length++) {
		struct fdt_property p;
		const struct fdt *fdt = one_property(counting, length, &p);
		uint32_t cell = 77;
		uint64_t wide = 77, number = 77;

		EXPECT_EQ(fdt_read_u32(fdt, &p, &cell), length == 4 ? ACRE_OK : ACRE_ERR_MALFORMED);
		EXPECT_EQ(cell, length == 4 ? 0x01020304 : 77);
		EXPECT_EQ(fdt_read_u64(fdt, &p, &wide), length == 8 ? ACRE_OK : ACRE_ERR_MALFORMED);
		EXPECT_EQ(wide, length == 8 ? 0x0102030405060708 : 77);
		EXPECT_EQ(fdt_read_number(fdt, &p, &number),
			  length == 4 || length == 8 ? ACRE_OK : ACRE_ERR_MALFORMED);
		EXPECT_EQ(number, length == 4 ? 0x01020304 : length == 8 ? 0x0102030405060708 : 77);
	}
}

KTEST(fdt_walk, reads_cells)
{
	static const uint8_t value[] = { 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9 };
	struct fdt_property p;
	const struct fdt *fdt = one_property(value, sizeof(value), &p);
	uint64_t v = 77;

	EXPECT_EQ(fdt_read_cells(fdt, &p, 3, 1, &v), ACRE_OK);
	EXPECT_EQ(v, 3);
	EXPECT_EQ(fdt_read_cells(fdt, &p, 1, 2, &v), ACRE_OK);
	EXPECT_EQ(v, 0x100000002);
	EXPECT_EQ(fdt_read_cells(fdt, &p, 0, 3, &v), ACRE_OK); /* the high cell is zero */
	EXPECT_EQ(v, 0x100000002);
	EXPECT_EQ(fdt_read_cells(fdt, &p, 2, 0, &v), ACRE_OK);
	EXPECT_EQ(v, 0);
	v = 77;
	EXPECT_EQ(fdt_read_cells(fdt, &p, 1, 3, &v), ACRE_ERR_OVERFLOW);
	EXPECT_EQ(fdt_read_cells(fdt, &p, 0, 4, &v), ACRE_ERR_UNSUPPORTED);
	EXPECT_EQ(fdt_read_cells(fdt, &p, 4, 1, &v),
		  ACRE_ERR_TRUNCATED); /* two bytes are no cell */
	EXPECT_EQ(fdt_read_cells(fdt, &p, 3, 2, &v), ACRE_ERR_TRUNCATED);
	EXPECT_EQ(fdt_read_cells(fdt, &p, UINT32_MAX, 1, &v), ACRE_ERR_TRUNCATED);
	EXPECT_EQ(fdt_read_cells(fdt, &p, UINT32_MAX, 3, &v), ACRE_ERR_TRUNCATED);
	EXPECT_EQ(v, 77);
}

KTEST(fdt_walk, reads_strings_that_end_inside_their_value)
{
	struct fdt_property p;
	const char *text = "untouched";
	const struct fdt *fdt = one_property("abc", 4, &p);

	EXPECT_EQ(fdt_read_string(fdt, &p, &text), ACRE_OK);
	EXPECT_STR(text, "abc");
	text = "untouched";
	fdt = one_property("abc", 3, &p); /* the padding is not part of it */
	EXPECT_EQ(fdt_read_string(fdt, &p, &text), ACRE_ERR_MALFORMED);
	fdt = one_property("", 0, &p);
	EXPECT_EQ(fdt_read_string(fdt, &p, &text), ACRE_ERR_MALFORMED);
	EXPECT_STR(text, "untouched");
	fdt = one_property("", 1, &p);
	EXPECT_EQ(fdt_read_string(fdt, &p, &text), ACRE_OK);
	EXPECT_STR(text, "");
}

KTEST(fdt_walk, reads_lists_of_strings)
{
	struct fdt_property p;
	const struct fdt *fdt = one_property("one\0\0three\0tail", 14, &p);
	static const char *const want[] = { "one", "", "three" };
	uint32_t position = 0;
	const char *text;

	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		REQUIRE_EQ(fdt_next_string(fdt, &p, &position, &text), ACRE_OK);
		EXPECT_STR(text, want[i]);
	}
	EXPECT_EQ(fdt_next_string(fdt, &p, &position, &text), ACRE_ERR_MALFORMED);
	EXPECT(fdt_has_string(fdt, &p, "one"));
	EXPECT(fdt_has_string(fdt, &p, "three"));
	EXPECT(!fdt_has_string(fdt, &p, "tail"));
	EXPECT(!fdt_has_string(fdt, &p, "thre"));
	EXPECT(!fdt_has_string(fdt, &p, "hree"));
	fdt = one_property("one\0two", 8, &p);
	position = 0;
	EXPECT_EQ(fdt_next_string(fdt, &p, &position, &text), ACRE_OK);
	EXPECT_EQ(fdt_next_string(fdt, &p, &position, &text), ACRE_OK);
	EXPECT_STR(text, "two");
	EXPECT_EQ(fdt_next_string(fdt, &p, &position, &text), ACRE_ERR_END);
}

KTEST(fdt_walk, takes_okay_and_ok_for_enabled)
{
	static const struct {
		const char *value;
		size_t length;
		enum acre_status status;
		enum fdt_state state;
	} c[] = {
		{ "okay", 5, ACRE_OK, FDT_STATE_OKAY },
		{ "ok", 3, ACRE_OK, FDT_STATE_OKAY },
		{ "disabled", 9, ACRE_OK, FDT_STATE_OFF },
		{ "fail", 5, ACRE_OK, FDT_STATE_OFF },
		{ "fail-", 6, ACRE_OK, FDT_STATE_OFF },
		{ "fail-ecc", 9, ACRE_OK, FDT_STATE_OFF },
		{ "reserved", 9, ACRE_OK, FDT_STATE_OTHER },
		{ "failed", 7, ACRE_OK, FDT_STATE_OTHER },
		{ "fai", 4, ACRE_OK, FDT_STATE_OTHER },
		{ "disabled2", 10, ACRE_OK, FDT_STATE_OTHER },
		{ "okay2", 6, ACRE_OK, FDT_STATE_OTHER },
		{ "OKAY", 5, ACRE_OK, FDT_STATE_OTHER },
		{ "", 1, ACRE_OK, FDT_STATE_OTHER },
		{ "okay", 4, ACRE_ERR_MALFORMED, FDT_STATE_OTHER },
		{ "", 0, ACRE_ERR_MALFORMED, FDT_STATE_OTHER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(c); i++) {
		struct fdt_property p;
		const struct fdt *fdt = one_property(c[i].value, c[i].length, &p);
		enum fdt_state state = FDT_STATE_OTHER;

		EXPECT_EQ(fdt_read_status(fdt, &p, &state), c[i].status);
		EXPECT_EQ(state, c[i].state);
	}
}

KTEST(fdt_walk, stays_inside_the_blob_for_a_made_up_property)
{
	const struct fdt *fdt = fdt_tree_open(fdt_tree_sample());
	static const uint32_t made_up[][2] = {
		{ 0xfffffffc, 4 },
		{ 0xfffffff8, 8 },
		{ 0xfffffffc, 0xfffffffc },
		{ 4, 0xfffffffc },
	};

	for (size_t i = 0; i < ARRAY_SIZE(made_up); i++) {
		struct fdt_property p = { .value = made_up[i][0], .length = made_up[i][1] };
		uint32_t cell;
		uint64_t number;
		const char *text;

		EXPECT_EQ(fdt_read_u32(fdt, &p, &cell), ACRE_ERR_MALFORMED);
		EXPECT_EQ(fdt_read_number(fdt, &p, &number), ACRE_ERR_MALFORMED);
		EXPECT(fdt_read_cells(fdt, &p, 0x3ffffffd, 1, &number) != ACRE_OK);
		if (p.value != 4)
			EXPECT_EQ(fdt_read_string(fdt, &p, &text), ACRE_ERR_MALFORMED);
	}
}

KTEST(fdt_walk, tells_what_can_be_printed)
{
	EXPECT(fdt_text_is_printable("memory@80000000", 31));
	EXPECT(fdt_text_is_printable("~ ", 2));
	EXPECT(!fdt_text_is_printable("abc", 2));
	EXPECT(!fdt_text_is_printable("", 31));
	EXPECT(!fdt_text_is_printable(NULL, 31));
	EXPECT(!fdt_text_is_printable("a\033[2J", 31));
	EXPECT(!fdt_text_is_printable("a\n", 31));
	EXPECT(!fdt_text_is_printable("\177", 31));
	EXPECT(!fdt_text_is_printable("\xc3\xa4", 31));
	EXPECT(!fdt_text_is_printable("a", 0));
}
