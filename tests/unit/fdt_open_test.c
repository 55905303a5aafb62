/* SPDX-License-Identifier: MIT */
/* What fdt_open() lets in and what it does not. */
#include "fdt/fdt.h"
#include "fdt/fdt_token_internal.h"
#include "lib/compiler.h"

#include "lib/string.h"
#include "tests/support/fdt_exercise.h"
#include "tests/support/fdt_tree.h"
#include "tests/support/ktest.h"

/* Open what stands at the end of the tree's block, and do everything with it. */
static enum acre_status exercise(const void *blob, size_t limit)
{
	enum acre_status opened;

	REQUIRE_VALID(fdt_exercise(blob, limit, &opened));
	return opened;
}

static struct fdt_tree *sealed_sample(void)
{
	struct fdt_tree *t = fdt_tree_sample();

	fdt_tree_seal(t);
	REQUIRE_EQ(exercise(t->blob, t->size), ACRE_OK);
	return t;
}

KTEST(fdt_open, takes_a_good_tree_and_says_its_size)
{
	struct fdt_tree *t = fdt_tree_sample();
	const struct fdt *fdt = fdt_tree_open(t);

	EXPECT_EQ(fdt_total_size(fdt), t->size);
	EXPECT_EQ(fdt_boot_hart(fdt), 0);
	EXPECT_STR(fdt->problem, "");
	EXPECT_EQ(fdt->version, 17);
}

KTEST(fdt_open, takes_a_blob_at_any_address)
{
	struct fdt_tree *t = fdt_tree_sample();

	fdt_tree_seal(t);
	for (unsigned shift = 0; shift < 8; shift++) {
		memmove(t->blob - 1, t->blob, t->size);
		t->blob--;
		EXPECT_EQ(exercise(t->blob, t->size), ACRE_OK);
	}
}

KTEST(fdt_open, does_not_read_past_its_limit)
{
	struct fdt_tree *t = sealed_sample();
	uint8_t *end = t->blob + t->size;

	/* The front part of the blob, at the end of the block: one byte more would be seen. */
	for (size_t limit = t->size; limit-- > 0;) {
		memmove(end - limit, end - limit - 1, limit);
		EXPECT_EQ(exercise(end - limit, limit), ACRE_ERR_TRUNCATED);
	}
}

KTEST(fdt_open, finds_a_structure_cut_at_any_token)
{
	struct fdt_tree *t = sealed_sample();
	uint32_t size = fdt_build_get(t->blob, FDT_BUILD_STRUCT_SIZE);

	for (uint32_t cut = 0; cut < size; cut++) {
		fdt_build_set(t->blob, FDT_BUILD_STRUCT_SIZE, cut);
		EXPECT_EQ(exercise(t->blob, t->size), ACRE_ERR_TRUNCATED);
	}
}

KTEST(fdt_open, finds_a_blob_that_ends_inside_its_structure)
{
	struct fdt_tree *t = sealed_sample();
	uint32_t start = fdt_build_get(t->blob, FDT_BUILD_STRUCT);
	uint32_t size = fdt_build_get(t->blob, FDT_BUILD_STRUCT_SIZE);
	uint8_t *end = t->blob + t->size;

	/* No property has a name then, but what the tokens say is what is asked for. */
	for (uint32_t cut = start + size; cut-- > start;) {
		uint8_t *blob = end - cut;

		memmove(blob, t->blob, cut);
		t->blob = blob;
		fdt_build_set(blob, FDT_BUILD_TOTAL, cut);
		fdt_build_set(blob, FDT_BUILD_STRINGS, cut);
		fdt_build_set(blob, FDT_BUILD_STRINGS_SIZE, 0);
		fdt_build_set(blob, FDT_BUILD_STRUCT_SIZE, cut - start);
		EXPECT(exercise(blob, cut) != ACRE_OK);
	}
}

KTEST(fdt_open, survives_any_byte_changed)
{
	struct fdt_tree *t = sealed_sample();

	for (unsigned round = 0; round < 100; round++) {
		size_t at = ktest_below(t->size);
		uint8_t was = t->blob[at];

		t->blob[at] ^= (uint8_t)(1 + ktest_below(255));
		exercise(t->blob, t->size);
		t->blob[at] = was;
	}
	EXPECT_EQ(exercise(t->blob, t->size), ACRE_OK);
}

KTEST(fdt_open, survives_any_cell_of_the_structure_changed)
{
	static const uint32_t value[] = { 0, 1,          2,          3,          4,
					  9, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff };
	struct fdt_tree *t = sealed_sample();
	uint32_t start = fdt_build_get(t->blob, FDT_BUILD_STRUCT);
	uint32_t cells = fdt_build_get(t->blob, FDT_BUILD_STRUCT_SIZE) / 4;

	for (unsigned round = 0; round < 100; round++) {
		uint32_t at = start + 4 * (uint32_t)ktest_below(cells);
		uint32_t was = fdt_build_get(t->blob, at);

		fdt_build_set(t->blob, at, value[ktest_below(ARRAY_SIZE(value))]);
		exercise(t->blob, t->size);
		fdt_build_set(t->blob, at, was);
	}
}

/* ---- the header ------------------------------------------------------------------------------ */

struct change {
	uint32_t at;
	uint32_t value;
	enum acre_status want;
};

static void expect_each(struct fdt_tree *t, const struct change *change, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct change *c = &change[i];
		uint32_t was = fdt_build_get(t->blob, c->at);
		struct fdt fdt;

		fdt_build_set(t->blob, c->at, c->value);
		if (!EXPECT_EQ(exercise(t->blob, t->size), c->want))
			ktest_note("field %u = 0x%x", c->at, c->value);
		enum acre_status s = fdt_open(&fdt, t->blob, t->size);
		if (s != ACRE_OK)
			EXPECT(fdt.problem_at < t->size);
		fdt_build_set(t->blob, c->at, was);
	}
}

KTEST(fdt_open, checks_magic_size_and_version)
{
	struct fdt_tree *t = sealed_sample();
	uint32_t size = (uint32_t)t->size;
	const struct change change[] = {
		{ FDT_BUILD_MAGIC, 0, ACRE_ERR_MALFORMED },
		{ FDT_BUILD_MAGIC, 0xedfe0dd0, ACRE_ERR_MALFORMED },
		{ FDT_BUILD_TOTAL, 0, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_TOTAL, 35, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_TOTAL, 39, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_TOTAL, size - 1, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_TOTAL, size + 1, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_TOTAL, UINT32_MAX, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_VERSION, 0, ACRE_ERR_UNSUPPORTED },
		{ FDT_BUILD_VERSION, 15, ACRE_ERR_UNSUPPORTED },
		{ FDT_BUILD_VERSION, 16, ACRE_OK },
		{ FDT_BUILD_VERSION, 18, ACRE_OK },
		{ FDT_BUILD_VERSION, UINT32_MAX, ACRE_OK },
		{ FDT_BUILD_LAST_COMPATIBLE, 2, ACRE_OK },
		{ FDT_BUILD_LAST_COMPATIBLE, 17, ACRE_OK },
		{ FDT_BUILD_LAST_COMPATIBLE, 18, ACRE_ERR_MALFORMED },
		{ FDT_BUILD_BOOT_HART, 5, ACRE_OK },
	};

	expect_each(t, change, ARRAY_SIZE(change));
	fdt_build_set(t->blob, FDT_BUILD_VERSION, 18);
	fdt_build_set(t->blob, FDT_BUILD_LAST_COMPATIBLE, 18);
	EXPECT_EQ(exercise(t->blob, t->size), ACRE_ERR_UNSUPPORTED);
}

KTEST(fdt_open, checks_where_the_blocks_are)
{
	struct fdt_tree *t = sealed_sample();
	uint32_t size = (uint32_t)t->size;
	uint32_t structure = fdt_build_get(t->blob, FDT_BUILD_STRUCT);
	uint32_t strings = fdt_build_get(t->blob, FDT_BUILD_STRINGS);
	uint32_t length = fdt_build_get(t->blob, FDT_BUILD_STRUCT_SIZE);
	uint32_t names = fdt_build_get(t->blob, FDT_BUILD_STRINGS_SIZE);
	const struct change change[] = {
		{ FDT_BUILD_RESERVE, 41, ACRE_ERR_MISALIGNED },
		{ FDT_BUILD_RESERVE, 44, ACRE_ERR_MISALIGNED },
		{ FDT_BUILD_RESERVE, 0, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_RESERVE, 32, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_RESERVE, structure, ACRE_ERR_OVERLAP },
		{ FDT_BUILD_RESERVE, 0xfffffff8, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_STRUCT, structure + 1, ACRE_ERR_MISALIGNED },
		{ FDT_BUILD_STRUCT, structure + 2, ACRE_ERR_MISALIGNED },
		{ FDT_BUILD_STRUCT, 0, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_STRUCT, 36, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_STRUCT, FDT_BUILD_HEADER_SIZE, ACRE_ERR_OVERLAP },
		{ FDT_BUILD_STRUCT, structure + 4, ACRE_ERR_OVERLAP },
		{ FDT_BUILD_STRUCT, 0xfffffffc, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_STRUCT_SIZE, length + 1, ACRE_ERR_OVERLAP },
		{ FDT_BUILD_STRUCT_SIZE, size - structure + 1, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_STRUCT_SIZE, UINT32_MAX, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_STRINGS, 0, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_STRINGS, strings - 1, ACRE_ERR_OVERLAP },
		{ FDT_BUILD_STRINGS, strings + 1, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_STRINGS, UINT32_MAX, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_STRINGS_SIZE, names + 1, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_STRINGS_SIZE, UINT32_MAX, ACRE_ERR_TRUNCATED },
		{ FDT_BUILD_STRINGS_SIZE, names - 1,
		  ACRE_ERR_MALFORMED }, /* the last name has no end */
		{ FDT_BUILD_STRINGS_SIZE, 0, ACRE_ERR_MALFORMED },
	};

	expect_each(t, change, ARRAY_SIZE(change));
}

/* The blocks of @t in another order: strings, structure, reservations. */
static size_t reorder(const struct fdt_tree *t, uint8_t *to)
{
	uint32_t reserve = fdt_build_get(t->blob, FDT_BUILD_RESERVE);
	uint32_t structure = fdt_build_get(t->blob, FDT_BUILD_STRUCT);
	uint32_t strings = fdt_build_get(t->blob, FDT_BUILD_STRINGS);
	size_t at = FDT_BUILD_HEADER_SIZE;

	memcpy(to, t->blob, at);
	fdt_build_set(to, FDT_BUILD_STRINGS, (uint32_t)at);
	memcpy(to + at, t->blob + strings, t->size - strings);
	at = (at + t->size - strings + 3) & ~(size_t)3;
	fdt_build_set(to, FDT_BUILD_STRUCT, (uint32_t)at);
	memcpy(to + at, t->blob + structure, strings - structure);
	at = (at + strings - structure + 7) & ~(size_t)7;
	fdt_build_set(to, FDT_BUILD_RESERVE, (uint32_t)at);
	memcpy(to + at, t->blob + reserve, structure - reserve);
	at += structure - reserve;
	fdt_build_set(to, FDT_BUILD_TOTAL, (uint32_t)at);
	return at;
}

KTEST(fdt_open, takes_blocks_in_any_order_and_gaps_between)
{
	struct fdt_tree *t = sealed_sample();
	uint8_t *other = ktest_alloc(t->size + 16, 8);

	memset(other, 0xa5, t->size + 16);
	size_t size = reorder(t, other);
	EXPECT_EQ(exercise(other, size), ACRE_OK);
	uint32_t length = fdt_build_get(other, FDT_BUILD_STRUCT_SIZE);
	uint32_t gap = fdt_build_get(other, FDT_BUILD_RESERVE) -
		       fdt_build_get(other, FDT_BUILD_STRUCT) - length;
	fdt_build_set(other, FDT_BUILD_STRUCT_SIZE, length + gap);
	EXPECT_EQ(exercise(other, size), ACRE_OK);
	fdt_build_set(other, FDT_BUILD_STRUCT_SIZE, length + gap + 1);
	EXPECT_EQ(exercise(other, size), ACRE_ERR_OVERLAP);
	fdt_build_set(other, FDT_BUILD_VERSION, 16); /* the structure ends where the next begins */
	EXPECT_EQ(exercise(other, size), ACRE_OK);
}

KTEST(fdt_open, takes_version_16_which_has_a_shorter_header)
{
	struct fdt_tree *t = fdt_tree_new(256);
	uint8_t *blob = t->buffer;

	/* 36 bytes of header, 4 of gap, reservations, then the structure to the end. */
	fdt_build_begin(&t->b, "");
	fdt_build_end(&t->b);
	fdt_tree_seal(t);
	memmove(blob, t->blob, t->size);
	fdt_build_set(blob, FDT_BUILD_VERSION, 16);
	fdt_build_set(blob, FDT_BUILD_STRUCT_SIZE, 0xffffffff);
	fdt_build_set(blob, FDT_BUILD_STRINGS_SIZE, 0);
	EXPECT_EQ(exercise(blob, t->size), ACRE_OK);
	fdt_build_set(blob, FDT_BUILD_VERSION, 17);
	EXPECT_EQ(exercise(blob, t->size), ACRE_ERR_TRUNCATED);
}

KTEST(fdt_open, wants_an_end_of_the_reservation_block)
{
	struct fdt_tree *t = sealed_sample();
	uint32_t structure = fdt_build_get(t->blob, FDT_BUILD_STRUCT);
	uint64_t address, size;
	struct fdt fdt;

	REQUIRE_EQ(fdt_open(&fdt, t->blob, t->size), ACRE_OK);
	fdt_build_set(t->blob, structure - 4, 1); /* the terminator is an entry of one byte now */
	EXPECT_EQ(exercise(t->blob, t->size), ACRE_ERR_TRUNCATED);
	/* Also a blob that changes after it was opened is not read past the block. */
	EXPECT_EQ(fdt_reserve_entry(&fdt, 2, &address, &size), ACRE_OK);
	EXPECT_EQ(fdt_reserve_entry(&fdt, 3, &address, &size), ACRE_ERR_TRUNCATED);
	EXPECT_EQ(fdt_reserve_entry(&fdt, UINT32_MAX, &address, &size), ACRE_ERR_TRUNCATED);
}

KTEST(fdt_open, reads_the_reservation_block)
{
	const struct fdt *fdt = fdt_tree_open(fdt_tree_sample());
	uint64_t address, size;

	EXPECT_EQ(fdt_reserve_entry(fdt, 0, &address, &size), ACRE_OK);
	EXPECT_EQ(address, 0x80100000);
	EXPECT_EQ(size, 0x1000);
	EXPECT_EQ(fdt_reserve_entry(fdt, 1, &address, &size), ACRE_OK);
	EXPECT_EQ(address, 0x80200000);
	EXPECT_EQ(size, 0x2000);
	EXPECT_EQ(fdt_reserve_entry(fdt, 2, &address, &size), ACRE_ERR_END);
}

/* ---- the structure --------------------------------------------------------------------------- */

static enum acre_status open_raw(struct fdt_tree *t)
{
	t->size = fdt_build_finish_raw(&t->b);
	REQUIRE(t->size != 0);
	t->blob = t->buffer + t->capacity - t->size;
	memmove(t->blob, t->buffer, t->size);
	return exercise(t->blob, t->size);
}

/* The tokens of a structure block, without names: 1 is a node called "". */
static enum acre_status open_tokens(const uint32_t *token, size_t count)
{
	struct fdt_tree *t = fdt_tree_new(512);

	for (size_t i = 0; i < count; i++) {
		if (token[i] == FDT_TOKEN_BEGIN_NODE)
			fdt_build_begin(&t->b, "");
		else if (token[i] == FDT_TOKEN_PROP)
			fdt_build_u32(&t->b, "p", 1);
		else
			fdt_build_token(&t->b, token[i]);
	}
	return open_raw(t);
}

#define OPEN_TOKENS(...)                                                                           \
	open_tokens((const uint32_t[]){ __VA_ARGS__ },                                             \
		    sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

KTEST(fdt_open, knows_a_tree_when_it_sees_one)
{
	EXPECT_EQ(OPEN_TOKENS(1, 2, 9), ACRE_OK);
	EXPECT_EQ(OPEN_TOKENS(4, 1, 4, 3, 4, 1, 4, 2, 4, 2, 4, 9), ACRE_OK);
	EXPECT_EQ(OPEN_TOKENS(1, 3, 3, 1, 3, 2, 1, 2, 2, 9), ACRE_OK);
	EXPECT_EQ(OPEN_TOKENS(1, 2, 9, 7, 7), ACRE_OK);            /* behind FDT_END nobody looks */
	EXPECT_EQ(OPEN_TOKENS(9), ACRE_ERR_MALFORMED);             /* no root */
	EXPECT_EQ(OPEN_TOKENS(4, 4, 9), ACRE_ERR_MALFORMED);       /* no root */
	EXPECT_EQ(OPEN_TOKENS(2, 9), ACRE_ERR_MALFORMED);          /* ends before it begins */
	EXPECT_EQ(OPEN_TOKENS(3, 1, 2, 9), ACRE_ERR_MALFORMED);    /* a property of nobody */
	EXPECT_EQ(OPEN_TOKENS(1, 2, 3, 9), ACRE_ERR_MALFORMED);    /* a property of nobody */
	EXPECT_EQ(OPEN_TOKENS(1, 2, 2, 9), ACRE_ERR_MALFORMED);    /* ends twice */
	EXPECT_EQ(OPEN_TOKENS(1, 1, 2, 9), ACRE_ERR_MALFORMED);    /* FDT_END inside a node */
	EXPECT_EQ(OPEN_TOKENS(1, 2, 1, 2, 9), ACRE_ERR_MALFORMED); /* two roots */
	EXPECT_EQ(OPEN_TOKENS(1, 1, 2, 3, 2, 9),
		  ACRE_ERR_MALFORMED); /* a property after a subnode */
	EXPECT_EQ(OPEN_TOKENS(1, 0, 2, 9), ACRE_ERR_MALFORMED);
	EXPECT_EQ(OPEN_TOKENS(1, 5, 2, 9), ACRE_ERR_MALFORMED);
	EXPECT_EQ(OPEN_TOKENS(1, 0x01000000, 2, 9), ACRE_ERR_MALFORMED);
	EXPECT_EQ(OPEN_TOKENS(1, 2), ACRE_ERR_TRUNCATED);
	EXPECT_EQ(OPEN_TOKENS(1, 2, 4), ACRE_ERR_TRUNCATED);
}

KTEST(fdt_open, wants_a_root_without_a_name)
{
	struct fdt_tree *t = fdt_tree_new(256);

	fdt_build_begin(&t->b, "root");
	fdt_build_end(&t->b);
	fdt_build_token(&t->b, FDT_TOKEN_END);
	EXPECT_EQ(open_raw(t), ACRE_ERR_MALFORMED);
}

static enum acre_status open_nested(uint32_t depth)
{
	struct fdt_tree *t = fdt_tree_new(16384);

	for (uint32_t i = 0; i < depth; i++)
		fdt_build_begin(&t->b, i == 0 ? "" : "n");
	for (uint32_t i = 0; i < depth; i++)
		fdt_build_end(&t->b);
	fdt_build_token(&t->b, FDT_TOKEN_END);
	return open_raw(t);
}

KTEST(fdt_open, bounds_the_depth)
{
	EXPECT_EQ(open_nested(FDT_MAX_DEPTH), ACRE_OK);
	EXPECT_EQ(open_nested(FDT_MAX_DEPTH + 1), ACRE_ERR_TOO_DEEP);
	EXPECT_EQ(open_nested(500), ACRE_ERR_TOO_DEEP);
}

KTEST(fdt_open, bounds_names_and_values_by_their_blocks)
{
	struct fdt_tree *t = fdt_tree_new(512);
	struct fdt_builder *b = &t->b;

	fdt_build_begin(b, "");
	fdt_build_u32(b, "p", 1);
	fdt_build_end(b);
	fdt_tree_seal(t);
	uint32_t length = fdt_build_get(t->blob, FDT_BUILD_STRUCT) + 8 + 4;
	const struct change change[] = {
		{ length, 0xffffffff, ACRE_ERR_TRUNCATED },
		{ length, 0xfffffff0, ACRE_ERR_TRUNCATED },
		{ length, 0x7fffffff, ACRE_ERR_TRUNCATED },
		{ length, 13, ACRE_ERR_TRUNCATED }, /* one byte more than the block has */
		{ length, 12, ACRE_ERR_TRUNCATED }, /* all that is left: no FDT_END */
		{ length, 4, ACRE_OK },
		{ length, 3, ACRE_OK },            /* padding is not looked at */
		{ length, 0, ACRE_ERR_MALFORMED }, /* the value is taken for a token */
		{ length + 4, 1, ACRE_OK },        /* "" is a name */
		{ length + 4, 2, ACRE_ERR_MALFORMED },
		{ length + 4, 0xffffffff, ACRE_ERR_MALFORMED },
	};
	expect_each(t, change, ARRAY_SIZE(change));
}

KTEST(fdt_open, takes_names_only_from_strings_that_end)
{
	struct fdt_tree *t = fdt_tree_new(512);

	fdt_build_begin(&t->b, "");
	fdt_build_u32(&t->b, "p", 1);
	fdt_build_end(&t->b);
	fdt_tree_seal(t);
	uint32_t strings = fdt_build_get(t->blob, FDT_BUILD_STRINGS);
	uint32_t offset = fdt_build_get(t->blob, FDT_BUILD_STRUCT) + 8 + 8;
	memcpy(t->blob + strings, "pq", 2); /* no NUL at all */
	EXPECT_EQ(exercise(t->blob, t->size), ACRE_ERR_MALFORMED);
	memcpy(t->blob + strings, "\0q", 2); /* "" and what has no end */
	EXPECT_EQ(exercise(t->blob, t->size), ACRE_OK);
	fdt_build_set(t->blob, offset, 1);
	EXPECT_EQ(exercise(t->blob, t->size), ACRE_ERR_MALFORMED);
}

KTEST(fdt_open, says_what_is_broken_and_where)
{
	struct fdt_tree *t = fdt_tree_new(512);
	struct fdt fdt;

	fdt_build_begin(&t->b, "");
	fdt_build_begin(&t->b, "a");
	fdt_build_end(&t->b);
	fdt_build_u32(&t->b, "late", 1);
	fdt_build_end(&t->b);
	fdt_tree_seal(t);
	EXPECT_EQ(fdt_open(&fdt, t->blob, t->size), ACRE_ERR_MALFORMED);
	EXPECT_STR(fdt.problem, "a property after a subnode");
	EXPECT_EQ(fdt_build_get(t->blob, fdt.problem_at), FDT_TOKEN_PROP);
}
