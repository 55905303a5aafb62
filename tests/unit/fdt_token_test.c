/* SPDX-License-Identifier: MIT */
/* The one layer that loads bytes: each answer at the edges of its block. */
#include "fdt/fdt_token_internal.h"

#include "lib/string.h"
#include "tests/support/ktest.h"

/* @size bytes at the end of a block of memory: one past them is one that the sanitizer sees. */
static struct fdt_block block_of(const void *bytes, uint32_t size)
{
	uint8_t *copy = ktest_alloc(size, 1);

	memcpy(copy, bytes, size);
	return (struct fdt_block){ .base = copy, .size = size };
}

KTEST(fdt_token, loads_cells_that_lie_inside)
{
	struct fdt_block block = block_of("\1\2\3\4\5\6", 6);
	uint32_t value = 77;

	for (uint32_t size = 0; size < 4; size++) {
		struct fdt_block small = { block.base, size };
		EXPECT(!fdt_block_cell(&small, 0, &value));
	}
	EXPECT(!fdt_block_cell(&block, 3, &value));
	EXPECT(!fdt_block_cell(&block, 6, &value));
	EXPECT(!fdt_block_cell(&block, UINT32_MAX, &value));
	EXPECT(!fdt_block_cell(&block, UINT32_MAX - 3, &value));
	EXPECT_EQ(value, 77);
	EXPECT(fdt_block_cell(&block, 0, &value));
	EXPECT_EQ(value, 0x01020304);
	EXPECT(fdt_block_cell(&block, 2, &value));
	EXPECT_EQ(value, 0x03040506);
}

KTEST(fdt_token, measures_strings_that_end_inside)
{
	struct fdt_block block = block_of("ab\0cd", 5);
	uint32_t length = 77;

	EXPECT(!fdt_block_string(&block, 0, 2, &length));
	EXPECT(!fdt_block_string(&block, 3, 5, &length));
	EXPECT(!fdt_block_string(&block, 3, UINT32_MAX, &length));
	EXPECT(!fdt_block_string(&block, 5, 5, &length));
	EXPECT(!fdt_block_string(&block, UINT32_MAX, UINT32_MAX, &length));
	EXPECT(!fdt_block_string(&block, 2, 1, &length));
	EXPECT_EQ(length, 77);
	EXPECT(fdt_block_string(&block, 0, 3, &length));
	EXPECT_EQ(length, 2);
	EXPECT(fdt_block_string(&block, 2, 5, &length));
	EXPECT_EQ(length, 0);
}

KTEST(fdt_token, compares_inside_the_block)
{
	struct fdt_block block = block_of("ab\0ab", 5);

	EXPECT(fdt_block_equals(&block, 0, "ab"));
	EXPECT(fdt_block_equals(&block, 1, "b"));
	EXPECT(fdt_block_equals(&block, 2, ""));
	EXPECT(!fdt_block_equals(&block, 0, "a"));
	EXPECT(!fdt_block_equals(&block, 0, "abc"));
	EXPECT(!fdt_block_equals(&block, 3, "ab")); /* has no end */
	EXPECT(!fdt_block_equals(&block, 5, ""));
	EXPECT(!fdt_block_equals(&block, UINT32_MAX, ""));
}

KTEST(fdt_token, compares_beginnings_inside_the_block)
{
	struct fdt_block block = block_of("abc", 3);
	uint8_t following = 0;

	EXPECT(fdt_block_starts_with(&block, 0, "ab", 2, &following));
	EXPECT_EQ(following, 'c');
	EXPECT(fdt_block_starts_with(&block, 0, "", 0, &following));
	EXPECT_EQ(following, 'a');
	EXPECT(fdt_block_starts_with(&block, 2, "", 0, &following));
	EXPECT_EQ(following, 'c');
	EXPECT(!fdt_block_starts_with(&block, 0, "ac", 2, &following));
	EXPECT(!fdt_block_starts_with(&block, 0, "abc", 3, &following)); /* nothing follows */
	EXPECT(!fdt_block_starts_with(&block, 3, "", 0, &following));
	EXPECT(!fdt_block_starts_with(&block, UINT32_MAX, "", 0, &following));
	EXPECT(!fdt_block_starts_with(&block, 0, "abc", UINT32_MAX, &following));
}

KTEST(fdt_token, picks_a_name_from_a_list)
{
	static const char *const names[] = { "reg", "ranges", "r", "" };
	struct fdt_block block = block_of("ranges\0r\0x\0re", 13);

	EXPECT_EQ(fdt_block_index(&block, 0, names, 4), 1);
	EXPECT_EQ(fdt_block_index(&block, 7, names, 4), 2);
	EXPECT_EQ(fdt_block_index(&block, 8, names, 4), 3);
	EXPECT_EQ(fdt_block_index(&block, 9, names, 4), 4);
	EXPECT_EQ(fdt_block_index(&block, 11, names, 4), 4);
	EXPECT_EQ(fdt_block_index(&block, 13, names, 4), 4);
	EXPECT_EQ(fdt_block_index(&block, 0, names, 1), 1);
	EXPECT_EQ(fdt_block_index(&block, 0, names, 0), 0);
}

KTEST(fdt_token, finds_the_last_nul)
{
	struct fdt_block block = block_of("\0ab\0cd", 6);
	uint32_t at = 77;

	EXPECT(fdt_block_last_nul(&block, &at));
	EXPECT_EQ(at, 3);
	block.size = 3;
	EXPECT(fdt_block_last_nul(&block, &at));
	EXPECT_EQ(at, 0);
	block.base++;
	block.size = 2;
	at = 77;
	EXPECT(!fdt_block_last_nul(&block, &at));
	block.size = 0;
	EXPECT(!fdt_block_last_nul(&block, &at));
	EXPECT_EQ(at, 77);
}

/* A node, a property of five bytes, and the three bare tokens. */
static const uint8_t tokens[] = {
	0, 0, 0, 1, 'a', 'b', 'c', 0,                                     /* 0 */
	0, 0, 0, 3, 0,   0,   0,   5, 0, 0, 0, 9, 1, 2, 3, 4, 5, 0, 0, 0, /* 8 */
	0, 0, 0, 4, 0,   0,   0,   2, 0, 0, 0, 9,                         /* 28 */
};

KTEST(fdt_token, reads_each_kind)
{
	struct fdt_block block = block_of(tokens, sizeof(tokens));
	struct fdt_token t;

	REQUIRE_EQ(fdt_token_read(&block, 0, &t), ACRE_OK);
	EXPECT_EQ(t.kind, FDT_TOKEN_BEGIN_NODE);
	EXPECT_EQ(t.offset, 0);
	EXPECT_EQ(t.data, 4);
	EXPECT_EQ(t.length, 3);
	EXPECT_EQ(t.next, 8);
	REQUIRE_EQ(fdt_token_read(&block, 8, &t), ACRE_OK);
	EXPECT_EQ(t.kind, FDT_TOKEN_PROP);
	EXPECT_EQ(t.offset, 8);
	EXPECT_EQ(t.data, 20);
	EXPECT_EQ(t.length, 5);
	EXPECT_EQ(t.name, 9);
	EXPECT_EQ(t.next, 28);
	REQUIRE_EQ(fdt_token_read(&block, 28, &t), ACRE_OK);
	EXPECT_EQ(t.kind, FDT_TOKEN_NOP);
	EXPECT_EQ(t.next, 32);
	REQUIRE_EQ(fdt_token_read(&block, 32, &t), ACRE_OK);
	EXPECT_EQ(t.kind, FDT_TOKEN_END_NODE);
	EXPECT_EQ(t.next, 36);
	REQUIRE_EQ(fdt_token_read(&block, 36, &t), ACRE_OK);
	EXPECT_EQ(t.kind, FDT_TOKEN_END);
	EXPECT_EQ(t.next, 40);
	EXPECT_EQ(fdt_token_read(&block, 40, &t), ACRE_ERR_TRUNCATED);
	EXPECT_EQ(fdt_token_read(&block, 2, &t), ACRE_ERR_MISALIGNED);
	EXPECT_EQ(fdt_token_read(&block, UINT32_MAX, &t), ACRE_ERR_MISALIGNED);
	EXPECT_EQ(fdt_token_read(&block, UINT32_MAX - 3, &t), ACRE_ERR_TRUNCATED);
	EXPECT_EQ(fdt_token_read(&block, 4, &t), ACRE_ERR_MALFORMED); /* "abc" */
}

KTEST(fdt_token, ends_inside_the_block_or_is_truncated)
{
	struct fdt_token t;

	for (uint32_t size = 0; size < sizeof(tokens); size++) {
		struct fdt_block block = block_of(tokens, size);

		EXPECT_EQ(fdt_token_read(&block, 0, &t), size < 8 ? ACRE_ERR_TRUNCATED : ACRE_OK);
		EXPECT_EQ(fdt_token_read(&block, 8, &t), size < 28 ? ACRE_ERR_TRUNCATED : ACRE_OK);
		EXPECT_EQ(fdt_token_read(&block, 28, &t), size < 32 ? ACRE_ERR_TRUNCATED : ACRE_OK);
	}
}
