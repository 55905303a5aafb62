/* SPDX-License-Identifier: MIT */
/* The hierarchical bitmap against an array of booleans that is searched bit by bit. */
#include "lib/bitmap_tree.h"

#include "lib/compiler.h"
#include "lib/string.h"
#include "tests/support/ktest.h"

#define GUARD 0x5aa55aa5c33cc33cull

/* A tree, its storage between two guard words, and the model. */
struct rig {
	struct bitmap_tree tree;
	uint64_t nbits;
	uint64_t *storage;
	size_t nwords;
	bool *model;
};

static void rig_init(struct rig *r, uint64_t nbits)
{
	r->nbits = nbits;
	r->nwords = bitmap_tree_words(nbits);
	r->storage = ktest_alloc((r->nwords + 2) * sizeof(uint64_t), 8);
	memset(r->storage, 0xa7, (r->nwords + 2) * sizeof(uint64_t));
	r->storage[0] = GUARD;
	r->storage[r->nwords + 1] = GUARD;
	r->model = ktest_alloc(nbits + 1, 1);
	memset(r->model, 0, nbits + 1);
	REQUIRE_EQ(bitmap_tree_init(&r->tree, r->storage + 1, nbits), ACRE_OK);
}

static void rig_check(const struct rig *r)
{
	REQUIRE_VALID(bitmap_tree_validate(&r->tree, r->nbits));
	REQUIRE_EQ(r->storage[0], GUARD);
	REQUIRE_EQ(r->storage[r->nwords + 1], GUARD);
}

static void set_run(struct bitmap_tree *tree, uint64_t first, uint64_t n)
{
	for (uint64_t i = first; i < first + n; i++)
		bitmap_tree_set_bit(tree, i);
}

static void rig_set(struct rig *r, uint64_t first, uint64_t n)
{
	memset(r->model + first, true, n);
	set_run(&r->tree, first, n);
}

static void rig_clear(struct rig *r, uint64_t first, uint64_t n)
{
	memset(r->model + first, false, n);
	if (n == 1 && ktest_below(2) == 0)
		bitmap_tree_clear_bit(&r->tree, first);
	else
		bitmap_tree_clear(&r->tree, first, n);
}

static uint64_t model_next(const struct rig *r, uint64_t from)
{
	for (; from < r->nbits; from++) {
		if (r->model[from])
			return from;
	}
	return BITMAP_NONE;
}

/* Every bit of the tree is what the model says, and so are the bits that lead there. */
static void compare_all(const struct rig *r)
{
	uint64_t i = 0;

	rig_check(r);
	for (;;) {
		uint64_t found = bitmap_tree_next_set(&r->tree, i);
		REQUIRE_EQ(found, model_next(r, i));
		if (found == BITMAP_NONE)
			break;
		REQUIRE(bitmap_tree_test(&r->tree, found));
		i = found + 1;
	}
	for (i = 0; i < r->nbits; i++)
		REQUIRE_EQ(bitmap_tree_test(&r->tree, i), r->model[i]);
}

KTEST(bitmap_tree, storage_is_the_bits_and_one_bit_a_word_above)
{
	EXPECT_EQ(bitmap_tree_words(0), 0);
	EXPECT_EQ(bitmap_tree_words(1), 1);
	EXPECT_EQ(bitmap_tree_words(64), 1);
	EXPECT_EQ(bitmap_tree_words(65), 2 + 1);
	EXPECT_EQ(bitmap_tree_words(4096), 64 + 1);
	EXPECT_EQ(bitmap_tree_words(4097), 65 + 2 + 1);
	EXPECT_EQ(bitmap_tree_words(262144), 4096 + 64 + 1);
	EXPECT_EQ(bitmap_tree_words(262145), 4097 + 65 + 2 + 1);
	/* 2^44 bits, more than a tree takes: 1.016 bits each. */
	EXPECT(bitmap_tree_words(1ull << 44) * 64 < (1ull << 44) / 1000 * 1016);
	for (uint64_t n = 64; n < 1ull << 44; n *= 3)
		EXPECT(bitmap_tree_words(n) * 64 < n + n / 60 + 64ull * 2 * BITMAP_TREE_MAX_LEVELS);
}

KTEST(bitmap_tree, a_tree_of_nothing_has_nothing)
{
	struct bitmap_tree tree;

	REQUIRE_EQ(bitmap_tree_init(&tree, NULL, 0), ACRE_OK);
	REQUIRE_VALID(bitmap_tree_validate(&tree, 0));
	bitmap_tree_clear(&tree, 0, 0);
	EXPECT_EQ(bitmap_tree_next_set(&tree, 0), BITMAP_NONE);
	EXPECT_EQ(bitmap_tree_next_set(&tree, UINT64_MAX), BITMAP_NONE);
	REQUIRE_VALID(bitmap_tree_validate(&tree, 0));
}

KTEST(bitmap_tree, refuses_more_bits_than_its_levels_reach)
{
	struct bitmap_tree tree = { .nlevels = 2 };
	uint64_t word = GUARD;

	EXPECT_EQ(bitmap_tree_init(&tree, &word, BITMAP_TREE_MAX_BITS + 1), ACRE_ERR_RANGE);
	EXPECT_EQ(bitmap_tree_init(&tree, &word, UINT64_MAX), ACRE_ERR_RANGE);
	EXPECT_EQ(tree.nlevels, 2);
	EXPECT(tree.words == NULL);
	EXPECT_EQ(word, GUARD);
}

KTEST(bitmap_tree, finds_any_single_bit_in_a_tree_of_any_small_size)
{
	for (uint64_t n = 1; n <= 200; n += n < 70 || n > 120 ? 1 : 13) {
		uint64_t storage[8];
		struct bitmap_tree tree;

		REQUIRE(bitmap_tree_words(n) <= 8);
		REQUIRE_EQ(bitmap_tree_init(&tree, storage, n), ACRE_OK);
		for (uint64_t i = 0; i < n; i++) {
			bitmap_tree_set_bit(&tree, i);
			REQUIRE_VALID(bitmap_tree_validate(&tree, n));
			REQUIRE_EQ(bitmap_tree_next_set(&tree, 0), i);
			REQUIRE_EQ(bitmap_tree_next_set(&tree, i), i);
			REQUIRE_EQ(bitmap_tree_next_set(&tree, i + 1), BITMAP_NONE);
			REQUIRE_EQ(bitmap_tree_next_set(&tree, i + 64), BITMAP_NONE);
			bitmap_tree_clear_bit(&tree, i);
			REQUIRE_VALID(bitmap_tree_validate(&tree, n));
			REQUIRE_EQ(bitmap_tree_next_set(&tree, 0), BITMAP_NONE);
		}
		REQUIRE_EQ(bitmap_tree_next_set(&tree, UINT64_MAX), BITMAP_NONE);
	}
}

/* Set [a, b) in an empty tree and clear it in a full one: exactly that changes. */
static void one_range(struct rig *r, uint64_t a, uint64_t b)
{
	uint64_t n = r->nbits;

	rig_clear(r, 0, n);
	rig_set(r, a, b - a);
	compare_all(r);
	rig_set(r, 0, n);
	rig_clear(r, a, b - a);
	compare_all(r);
}

KTEST(bitmap_tree, sets_and_clears_every_range_of_small_trees)
{
	static const uint8_t size[] = { 1, 2, 63, 64, 65 };

	for (unsigned s = 0; s < ARRAY_SIZE(size); s++) {
		struct rig r;

		rig_init(&r, size[s]);
		for (uint64_t a = 0; a <= size[s]; a++) {
			for (uint64_t b = a; b <= size[s]; b++)
				one_range(&r, a, b);
		}
	}
}

KTEST(bitmap_tree, sets_and_clears_ranges_with_whole_words_inside)
{
	static const uint8_t edge[] = { 0, 1, 62, 63, 64, 65, 127, 128, 129, 191, 192, 193, 199 };
	struct rig r;

	rig_init(&r, 199);
	for (unsigned i = 0; i < ARRAY_SIZE(edge); i++) {
		for (unsigned j = i; j < ARRAY_SIZE(edge); j++)
			one_range(&r, edge[i], edge[j]);
	}
}

KTEST(bitmap_tree, repairs_summaries_at_the_seams_of_every_level)
{
	/* Each side of a word, of a word of words, and so on: from all to all of them. */
	static const uint32_t seam[] = { 0,      1,      63,     64,     65,    4095,
					 4096,   4097,   8191,   8192,   8255,  262143,
					 262144, 262145, 262208, 266240, 266304 };
	struct rig r;

	rig_init(&r, 266305);
	for (unsigned i = 0; i < ARRAY_SIZE(seam); i++) {
		for (unsigned j = i; j < ARRAY_SIZE(seam); j++) {
			for (unsigned s = 0; s < ARRAY_SIZE(seam); s++)
				rig_set(&r, seam[s], 1);
			rig_clear(&r, seam[i], seam[j] - seam[i]);
			for (unsigned s = 0; s < ARRAY_SIZE(seam); s++) {
				unsigned next = s >= i && s < j ? j : s;
				REQUIRE_EQ(bitmap_tree_next_set(&r.tree, seam[s]), seam[next]);
			}
			if (i % 8 == 0 && j % 4 == 0)
				rig_check(&r);
		}
	}
	rig_clear(&r, 0, 266305);
	rig_check(&r);
	EXPECT_EQ(bitmap_tree_next_set(&r.tree, 0), BITMAP_NONE);
}

KTEST(bitmap_tree, finds_scattered_bits_in_trees_of_every_depth)
{
	static const uint32_t size[] = { 64, 65, 4096, 4097, 8191, 262145 };

	for (unsigned s = 0; s < ARRAY_SIZE(size); s++) {
		struct rig r;

		rig_init(&r, size[s]);
		for (unsigned i = 0; i < 40; i++)
			rig_set(&r, ktest_below(size[s]), 1);
		rig_set(&r, size[s] - 1, 1);
		compare_all(&r);
		for (unsigned i = 0; i < 20; i++) {
			uint64_t lowest = bitmap_tree_next_set(&r.tree, 0);
			if (lowest != BITMAP_NONE)
				rig_clear(&r, lowest, 1);
		}
		compare_all(&r);
	}
}

static void random_step(struct rig *r)
{
	uint64_t n = r->nbits;
	uint64_t first = ktest_below(n);
	uint64_t len = ktest_below(4) == 0 ? ktest_below(n - first + 1)
					   : (ktest_below(8) + 1) % (n - first + 1);

	if (ktest_below(2) == 0)
		rig_set(r, first, len);
	else
		rig_clear(r, first, len);
}

KTEST(bitmap_tree, agrees_with_an_array_of_booleans_step_by_step)
{
	static const uint16_t size[] = { 1, 5, 64, 65, 130, 300, 4097 };

	for (unsigned s = 0; s < ARRAY_SIZE(size); s++) {
		unsigned steps = size[s] > 1000 ? 20 : 250;
		struct rig r;

		rig_init(&r, size[s]);
		for (unsigned step = 0; step < steps; step++) {
			random_step(&r);
			rig_check(&r);
			uint64_t at = ktest_below(size[s]);
			REQUIRE_EQ(bitmap_tree_test(&r.tree, at), r.model[at]);
			REQUIRE_EQ(bitmap_tree_next_set(&r.tree, at), model_next(&r, at));
		}
		compare_all(&r);
	}
}

/* The walk must cite the invariant by its number. */
static void expect_broken(const struct rig *r, const char *number)
{
	const char *sentence = bitmap_tree_validate(&r->tree, r->nbits);

	EXPECT(sentence != NULL && strncmp(sentence, number, 2) == 0);
}

KTEST(bitmap_tree, validate_sees_each_broken_invariant)
{
	struct rig r;

	rig_init(&r, 5000);
	rig_set(&r, 100, 1);
	rig_check(&r);

	r.tree.words[3] = 1; /* a word that its summary does not know */
	expect_broken(&r, "T3");
	r.tree.words[3] = 0;
	r.tree.words[r.tree.start[1]] |= 1; /* a summary of nothing */
	expect_broken(&r, "T3");
	r.tree.words[r.tree.start[1]] &= ~1ull;
	rig_check(&r);

	for (unsigned k = 0; k < r.tree.nlevels; k++) { /* a bit behind the end */
		uint64_t *last = &r.tree.words[r.tree.start[k + 1] - 1];
		*last ^= 1ull << 63;
		expect_broken(&r, "T2");
		*last ^= 1ull << 63;
	}
	for (unsigned k = 0; k <= r.tree.nlevels; k++) { /* a level of the wrong length */
		r.tree.start[k]++;
		expect_broken(&r, "T1");
		r.tree.start[k]--;
	}
	r.tree.nlevels--;
	expect_broken(&r, "T1");
	r.tree.nlevels = 0;
	expect_broken(&r, "T1");
	r.tree.nlevels = BITMAP_TREE_MAX_LEVELS + 1;
	expect_broken(&r, "T1");
	r.tree.nlevels = 3;
	r.nbits = 0;
	expect_broken(&r, "T1");
	r.nbits = 5000;
	rig_check(&r);
}
