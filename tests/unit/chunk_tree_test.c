/* SPDX-License-Identifier: MIT */
/*
 * What is known about chunks, verb by verb, against the bits themselves: searched one by one, and
 * aligned by the number of the first chunk. chunk_tree_states_test.c goes through every state of tiny
 * trees; here the trees are of all sizes around those where something changes.
 */
#include "mm/index/chunk_tree.h"
#include "mm/index/chunk_tree_internal.h"

#include "lib/compiler.h"
#include "lib/string.h"
#include "tests/support/chunk_tree_ask.h"
#include "tests/support/ktest.h"

#define GUARD      0xa7u
#define GUARD_SIZE 16u
#define MAX_ORDER  16u

struct rig {
	struct chunk_tree tree;
	struct chunk_changes changes;
	bitmap_word *words;
	uint64_t first_chunk;
	uint64_t nbits;
	uint8_t *storage; /* between two guards */
	size_t bytes;
};

/* Its words are all clear; the storage of up to @room chunks can be used again by rig_again(). */
static void rig_alloc(struct rig *r, uint64_t room)
{
	memset(r, 0, sizeof(*r));
	r->words = ktest_alloc(room * CHUNK_WORDS * sizeof(r->words[0]), 64);
	r->storage = ktest_alloc(chunk_tree_bytes(room) + 2 * GUARD_SIZE, 8);
	r->storage += GUARD_SIZE;
}

static void rig_again(struct rig *r, uint64_t first_chunk, uint64_t nchunks)
{
	r->first_chunk = first_chunk;
	r->nbits = nchunks * CHUNK_BITS;
	r->bytes = chunk_tree_bytes(nchunks);
	for (uint64_t w = 0; w < nchunks * CHUNK_WORDS; w++)
		r->words[w] = 0;
	memset(r->storage - GUARD_SIZE, GUARD, r->bytes + 2 * GUARD_SIZE);
	chunk_tree_init(&r->tree, r->words, first_chunk, nchunks, r->storage, &r->changes);
}

static void rig_init(struct rig *r, uint64_t first_chunk, uint64_t nchunks)
{
	rig_alloc(r, nchunks);
	rig_again(r, first_chunk, nchunks);
}

static void rig_check(const struct rig *r)
{
	REQUIRE_VALID(chunk_tree_validate(&r->tree));
	for (unsigned i = 0; i < GUARD_SIZE; i++) {
		REQUIRE_EQ(r->storage[-1 - (int)i], GUARD);
		REQUIRE_EQ(r->storage[r->bytes + i], GUARD);
	}
}

/* The bits change, and the tree is not told. */
static void write_bits(struct rig *r, uint64_t bit, uint64_t n, bool set)
{
	for (uint64_t end = bit + n; bit < end;) {
		uint64_t w = bit / 64;
		uint64_t upto = end < (w + 1) * 64 ? end : (w + 1) * 64;
		uint64_t mask = bits_mask(bit % 64, (unsigned)(upto - bit));
		r->words[w] = set ? r->words[w] | mask : r->words[w] & ~mask;
		bit = upto;
	}
}

/* They change, and the tree is told where it does not know that it does not know. */
static void change(struct rig *r, uint64_t bit, uint64_t n, bool set)
{
	write_bits(r, bit, n, set);
	for (uint64_t c = bit / CHUNK_BITS; c <= (bit + n - 1) / CHUNK_BITS; c++) {
		if (!chunk_tree_is_stale(&r->tree, c))
			chunk_tree_mark_stale(&r->tree, c * CHUNK_BITS, 1);
	}
}

/* As the frame pool changes long runs: fill, change, mark the ends that are no whole chunks. */
static void fill(struct rig *r, uint64_t bit, uint64_t n, bool set)
{
	chunk_tree_begin_fill(&r->tree, bit, n, set);
	write_bits(r, bit, n, set);
	chunk_tree_end_fill(&r->tree, bit, n, set);
	if (bit % CHUNK_BITS != 0 || n < CHUNK_BITS)
		chunk_tree_mark_stale(&r->tree, bit, 1);
	if ((bit + n) % CHUNK_BITS != 0)
		chunk_tree_mark_stale(&r->tree, bit + n - 1, 1);
}

/* ---- the slow answers ------------------------------------------------------------------------ */

static bool is_set(const struct rig *r, uint64_t bit)
{
	return (r->words[bit / 64] >> bit % 64 & 1) != 0;
}

static bool all_set(const struct rig *r, uint64_t bit, uint64_t n)
{
	while (n > 0 && is_set(r, bit)) {
		uint64_t step =
			bit % 64 == 0 && n >= 64 && r->words[bit / 64] == UINT64_MAX ? 64 : 1;
		bit += step;
		n -= step;
	}
	return n == 0;
}

/* The lowest 2^@order set bits whose NUMBER is a multiple of that. */
static uint64_t slow_find(const struct rig *r, unsigned order)
{
	uint64_t n = 1ull << order;
	uint64_t first = r->first_chunk * CHUNK_BITS;

	for (uint64_t at = (first + n - 1) / n * n - first; at + n <= r->nbits; at += n) {
		if (all_set(r, at, n))
			return at;
	}
	return BITMAP_NONE;
}

static uint64_t slow_find_run(const struct rig *r, uint64_t n)
{
	uint64_t have = 0;

	for (uint64_t bit = 0; bit < r->nbits; bit++) {
		have = is_set(r, bit) ? have + 1 : 0;
		if (have == n)
			return bit + 1 - n;
	}
	return BITMAP_NONE;
}

/* The same at a multiple of @align, by number, from @from on. */
static uint64_t slow_find_aligned(const struct rig *r, uint64_t n, uint64_t align, uint64_t from)
{
	uint64_t first = r->first_chunk * CHUNK_BITS;

	for (uint64_t at = (first + from + align - 1) / align * align - first; at + n <= r->nbits;
	     at += align) {
		if (all_set(r, at, n))
			return at;
	}
	return BITMAP_NONE;
}

static uint64_t slow_count(const struct rig *r, uint64_t bit, uint64_t end)
{
	uint64_t count = 0;

	for (; bit < end; bit++)
		count += is_set(r, bit);
	return count;
}

/* Every question, in an order that leaves some of it stale for the next one; and the walk. */
static void compare(struct rig *r)
{
	uint64_t total = slow_count(r, 0, r->nbits);
	unsigned turn = (unsigned)ktest_below(MAX_ORDER);

	REQUIRE_EQ(ask_count(&r->tree), total);
	for (unsigned i = 0; i < MAX_ORDER; i++) {
		unsigned order = (i * 5 + turn) % MAX_ORDER;
		uint64_t want = slow_find(r, order);
		if (chunk_tree_has_none(&r->tree, order))
			REQUIRE_EQ(want, BITMAP_NONE);
		REQUIRE_EQ(ask_order(&r->tree, order), want);
		REQUIRE_EQ(ask_order(&r->tree, order), want);
		/* Where it says so, it knows so: no byte is stale after a search that found nothing. */
		if (want == BITMAP_NONE && order < CHUNK_ORDER + 2)
			REQUIRE(chunk_tree_has_none(&r->tree, order) || total == 0);
	}
	for (unsigned i = 0; i < 4; i++) {
		uint64_t n = 1 + ktest_below(1ull << ktest_below(11));
		uint64_t align = 1ull << ktest_below(12);
		REQUIRE_EQ(ask_aligned_run(&r->tree, n, align), slow_find_aligned(r, n, align, 0));
	}
	REQUIRE_EQ(ask_count(&r->tree), total);
	for (uint64_t c = 0; c < r->nbits / CHUNK_BITS; c++) {
		uint64_t count = slow_count(r, c * CHUNK_BITS, (c + 1) * CHUNK_BITS);
		/* Some of it may be stale still; nothing may be missing. */
		if (count != 0)
			REQUIRE(!ask_is_empty(&r->tree, c));
		if (count != 0 && count != CHUNK_BITS)
			REQUIRE_EQ(chunk_tree_next_broken(&r->tree, c), c);
	}
	rig_check(r);
}

/* ---- storage and shape ----------------------------------------------------------------------- */

static const uint64_t sizes[] = { 1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,  12,  13, 14,
				  15, 16, 17, 18, 19, 20, 63, 64, 65, 66, 511, 512, 513 };
static const uint64_t firsts[] = { 0, 1, 2, 6, 7, 8, 9, 57, 63, 64, 511, 512, (1ull << 35) - 3 };

KTEST(chunk_tree, storage_is_enough_wherever_the_first_chunk_is)
{
	struct rig r;

	EXPECT_EQ(chunk_tree_bytes(0), 0);
	rig_alloc(&r, 513);
	for (unsigned s = 0; s < ARRAY_SIZE(sizes); s++) {
		for (unsigned f = 0; f < ARRAY_SIZE(firsts); f++) {
			uint64_t n = sizes[s];
			rig_again(&r, firsts[f], n);
			/* Write every byte that there is: through the leaves, and up from them. */
			fill(&r, 0, n * CHUNK_BITS, true);
			EXPECT_EQ(ask_order(&r.tree, 0), 0);
			chunk_tree_mark_stale(&r.tree, 0, n * CHUNK_BITS);
			EXPECT_EQ(ask_order(&r.tree, 9), 0);
			EXPECT_EQ(ask_run(&r.tree, n * CHUNK_BITS), 0);
			EXPECT_EQ(ask_run(&r.tree, n * CHUNK_BITS + 1), BITMAP_NONE);
			for (unsigned i = 0; i < GUARD_SIZE; i++) {
				REQUIRE_EQ(r.storage[-1 - (int)i], GUARD);
				REQUIRE_EQ(r.storage[r.bytes + i], GUARD);
			}
		}
	}
}

KTEST(chunk_tree, storage_is_below_half_a_bit_a_bit)
{
	for (uint64_t n = 16; n < 1ull << 36; n = n * 3 + 1)
		EXPECT(chunk_tree_bytes(n) * 8 * 2 < n * CHUNK_BITS);
}

KTEST(chunk_tree, a_new_tree_knows_that_it_has_nothing)
{
	struct rig r;

	rig_alloc(&r, 20);
	for (uint64_t n = 1; n <= 20; n++) {
		for (uint64_t first = 0; first < 9; first++) {
			rig_again(&r, first, n);
			for (unsigned order = 0; order < 50; order++) {
				EXPECT(chunk_tree_has_none(&r.tree, order));
				EXPECT_EQ(ask_order(&r.tree, order), BITMAP_NONE);
			}
			EXPECT_EQ(ask_run(&r.tree, 1), BITMAP_NONE);
			EXPECT_EQ(ask_count(&r.tree), 0);
			EXPECT_EQ(chunk_tree_next_broken(&r.tree, 0), BITMAP_NONE);
			EXPECT(ask_is_empty(&r.tree, 0));
			for (uint64_t c = 0; c < n; c++)
				EXPECT(!chunk_tree_is_stale(&r.tree, c));
		}
		rig_check(&r);
	}
}

/* ---- one run --------------------------------------------------------------------------------- */

/* The only run there is: all orders up to its own begin with it, and no higher one is there. */
static void expect_only(struct rig *r, uint64_t at, unsigned order)
{
	REQUIRE_EQ(ask_order(&r->tree, order + 1), BITMAP_NONE);
	REQUIRE(chunk_tree_has_none(&r->tree, order + 1));
	REQUIRE(!chunk_tree_has_none(&r->tree, order));
	REQUIRE_EQ(ask_order(&r->tree, order), at);
	REQUIRE_EQ(ask_order(&r->tree, (unsigned)ktest_below(order + 1)), at);
}

static void expect_nothing(struct rig *r)
{
	REQUIRE_EQ(ask_order(&r->tree, 0), BITMAP_NONE);
	REQUIRE(chunk_tree_has_none(&r->tree, 0));
	REQUIRE_EQ(ask_count(&r->tree), 0);
}

KTEST(chunk_tree, finds_each_order_at_each_place_of_a_chunk)
{
	struct rig r;

	rig_init(&r, 3, 2);
	for (unsigned order = 0; order <= CHUNK_ORDER; order++) {
		for (uint64_t at = 0; at < CHUNK_BITS; at += 1ull << order) {
			change(&r, CHUNK_BITS + at, 1ull << order, true);
			expect_only(&r, CHUNK_BITS + at, order);
			change(&r, CHUNK_BITS + at, 1ull << order, false);
			expect_nothing(&r);
		}
		rig_check(&r);
	}
}

/* Shifted by one it has the same length, and is aligned to nothing: what is left is inside of it. */
KTEST(chunk_tree, a_run_counts_only_where_it_is_aligned)
{
	struct rig r;

	rig_init(&r, 3, 2);
	for (unsigned order = 1; order <= CHUNK_ORDER; order++) {
		for (uint64_t at = 1; at + (1ull << order) <= 2 * CHUNK_BITS; at += 1ull << order) {
			change(&r, at, 1ull << order, true);
			for (unsigned k = 0; k <= order + 1; k++)
				REQUIRE_EQ(ask_order(&r.tree, k), slow_find(&r, k));
			REQUIRE_EQ(ask_run(&r.tree, 1ull << order), at);
			REQUIRE_EQ(ask_run(&r.tree, (1ull << order) + 1), BITMAP_NONE);
			change(&r, at, 1ull << order, false);
		}
		rig_check(&r);
	}
}

KTEST(chunk_tree, finds_runs_of_chunks_aligned_by_number_and_not_by_index)
{
	struct rig r;

	rig_alloc(&r, 20);
	for (uint64_t first = 0; first < 10; first++) {
		rig_again(&r, first * 7, 20);
		for (unsigned order = 9; order <= 13; order++) {
			uint64_t n = 1ull << (order - 9);
			for (uint64_t c = 0; c + n <= 20; c++) {
				fill(&r, c * CHUNK_BITS, n * CHUNK_BITS, true);
				if ((first * 7 + c) % n == 0)
					expect_only(&r, c * CHUNK_BITS, order);
				else
					REQUIRE_EQ(ask_order(&r.tree, order), BITMAP_NONE);
				REQUIRE_EQ(ask_order(&r.tree, 9), c * CHUNK_BITS);
				fill(&r, c * CHUNK_BITS, n * CHUNK_BITS, false);
				expect_nothing(&r);
			}
		}
		rig_check(&r);
	}
}

/* One bit, wandering over every chunk of trees of two, three and four levels. */
KTEST(chunk_tree, finds_one_bit_in_each_chunk_of_larger_trees)
{
	static const uint64_t larger[] = { 7, 8, 9, 15, 63, 64, 65, 128, 511, 512, 513 };
	struct rig r;

	rig_alloc(&r, 513);
	for (unsigned s = 0; s < ARRAY_SIZE(larger); s++) {
		rig_again(&r, firsts[s], larger[s]);
		for (uint64_t c = 0; c < larger[s]; c++) {
			uint64_t bit = c * CHUNK_BITS + ktest_below(CHUNK_BITS);
			change(&r, bit, 1, true);
			REQUIRE_EQ(ask_order(&r.tree, 0), bit);
			REQUIRE_EQ(ask_order(&r.tree, 9), BITMAP_NONE);
			REQUIRE_EQ(chunk_tree_next_broken(&r.tree, 0), c);
			REQUIRE(!ask_is_empty(&r.tree, c));
			REQUIRE_EQ(ask_count(&r.tree), 1);
			change(&r, bit, 1, false);
		}
		expect_nothing(&r);
	}
	rig_check(&r);
}

/* Two full chunks side by side, over every edge between groups of eight, 64 and 512. */
KTEST(chunk_tree, joins_two_chunks_only_at_an_even_number)
{
	struct rig r;

	rig_alloc(&r, 130);
	for (uint64_t first = 500; first < 515; first++) {
		rig_again(&r, first, 130);
		for (uint64_t c = 0; c + 1 < 130; c += 1 + ktest_below(6)) {
			fill(&r, c * CHUNK_BITS, 2 * CHUNK_BITS, true);
			REQUIRE_EQ(ask_order(&r.tree, 10),
				   (first + c) % 2 == 0 ? c * CHUNK_BITS : BITMAP_NONE);
			REQUIRE_EQ(ask_order(&r.tree, 11), BITMAP_NONE);
			fill(&r, c * CHUNK_BITS, 2 * CHUNK_BITS, false);
		}
		expect_nothing(&r);
	}
}

KTEST(chunk_tree, an_order_that_no_tree_has_is_not_there)
{
	struct rig r;

	rig_init(&r, 0, 16);
	fill(&r, 0, 16 * CHUNK_BITS, true);
	EXPECT_EQ(ask_order(&r.tree, 13), 0);
	for (unsigned order = 14; order < 60; order++) {
		EXPECT_EQ(ask_order(&r.tree, order), BITMAP_NONE);
		EXPECT(chunk_tree_has_none(&r.tree, order));
	}
	chunk_tree_mark_stale(&r.tree, 5000, 1);
	for (unsigned order = 14; order < 60; order++)
		EXPECT_EQ(ask_order(&r.tree, order), BITMAP_NONE);
	rig_check(&r);
}

/* ---- many runs ------------------------------------------------------------------------------- */

/* Bits of which one in 2^@n is set. */
static uint64_t sparse(unsigned n)
{
	uint64_t bits = UINT64_MAX;

	while (n-- > 0)
		bits &= ktest_random();
	return bits;
}

/* What a chunk may look like: whole words, halves, combs, single runs, noise. */
static uint64_t pattern(unsigned kind, uint64_t c, unsigned w)
{
	switch (kind) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return 0xaaaaaaaaaaaaaaaaull;
	case 3:
		return c % 2 == 0 ? UINT64_MAX : 0;
	case 4:
		return w % 2 == 0 ? UINT64_MAX : 0;
	case 5:
		return 0x00ff0ff03c18f7f0ull << (c % 3);
	case 6:
		return w == c % CHUNK_WORDS ? 1ull << (c * 11 % 64) : 0;
	case 7:
		return w >= 4 ? UINT64_MAX : 0;
	case 8:
		return sparse(3);
	case 9:
		return ~sparse(3);
	default:
		return ktest_below(4) == 0 ? ktest_random() : UINT64_MAX;
	}
}

#define PATTERNS 11u

KTEST(chunk_tree, agrees_with_the_bits_on_every_pattern)
{
	static const uint64_t shapes[][2] = { { 0, 1 }, { 5, 2 }, { 7, 3 }, { 6, 4 }, { 61, 5 } };
	struct rig r;

	rig_alloc(&r, 5);
	for (unsigned s = 0; s < ARRAY_SIZE(shapes); s++) {
		uint64_t n = shapes[s][1];
		for (unsigned kind = 0; kind < PATTERNS; kind++) {
			rig_again(&r, shapes[s][0], n);
			for (uint64_t w = 0; w < n * CHUNK_WORDS; w++)
				r.words[w] = pattern(kind, w / CHUNK_WORDS, w % CHUNK_WORDS);
			chunk_tree_mark_stale(&r.tree, 0, n * CHUNK_BITS);
			compare(&r);
			for (unsigned i = 0; i < 8; i++) {
				uint64_t len = 1 + ktest_below(i < 4 ? 64 : n * CHUNK_BITS);
				REQUIRE_EQ(ask_run(&r.tree, len), slow_find_run(&r, len));
			}
		}
		rig_check(&r);
	}
}

KTEST(chunk_tree, agrees_with_the_bits_after_each_of_many_changes)
{
	struct rig r;

	rig_init(&r, 13, 19);
	for (unsigned i = 0; i < 120; i++) {
		uint64_t bit = ktest_below(r.nbits);
		uint64_t room = r.nbits - bit;
		uint64_t n = 1 + ktest_below(i % 3 == 0 ? room : room < 700 ? room : 700);
		change(&r, bit, n, ktest_below(5) < 3);
		for (unsigned order = 0; order < MAX_ORDER; order++) {
			if (ktest_below(4) == 0)
				REQUIRE_EQ(ask_order(&r.tree, order), slow_find(&r, order));
		}
		if (i % 8 == 0)
			REQUIRE_EQ(ask_run(&r.tree, n), slow_find_run(&r, n));
		REQUIRE_EQ(ask_count(&r.tree), slow_count(&r, 0, r.nbits));
	}
	compare(&r);
}

/* ---- telling it ------------------------------------------------------------------------------ */

/* From a chunk up, byte by byte: how many levels are stale. */
static unsigned stale_levels(const struct rig *r, uint64_t c)
{
	unsigned k = 0;
	uint64_t node = r->tree.lead + c;

	while (k < r->tree.nlevels && node_byte(&r->tree, k, node) == CHUNK_STALE) {
		node /= 8;
		k++;
	}
	return k;
}

KTEST(chunk_tree, a_marked_chunk_and_all_above_it_are_stale_and_nothing_else)
{
	struct rig r;

	rig_init(&r, 5, 70);
	REQUIRE_EQ(r.tree.nlevels, 4);
	for (uint64_t c = 0; c < 70; c += 3) {
		chunk_tree_mark_stale(&r.tree, c * CHUNK_BITS + 511, 1);
		for (uint64_t other = 0; other < 70; other++)
			EXPECT_EQ(chunk_tree_is_stale(&r.tree, other), other == c);
		EXPECT_EQ(stale_levels(&r, c), 4);
		EXPECT(!chunk_tree_has_none(&r.tree, 0));
		EXPECT_EQ(chunk_tree_next_broken(&r.tree, 0), c);
		EXPECT_EQ(ask_order(&r.tree, 0), BITMAP_NONE);
		EXPECT_EQ(stale_levels(&r, c), 0);
	}
	rig_check(&r);
	chunk_tree_mark_stale(&r.tree, 3 * CHUNK_BITS - 1,
			      CHUNK_BITS + 2); /* an end of two, and one */
	for (uint64_t other = 0; other < 70; other++)
		EXPECT_EQ(chunk_tree_is_stale(&r.tree, other), other >= 2 && other <= 4);
	rig_check(&r);
}

KTEST(chunk_tree, what_changes_in_a_stale_chunk_need_not_be_told)
{
	struct rig r;

	rig_init(&r, 5, 20);
	for (unsigned i = 0; i < 60; i++) {
		uint64_t c = ktest_below(20);
		chunk_tree_mark_stale(&r.tree, c * CHUNK_BITS, 1);
		for (unsigned k = 0; k < 3; k++) {
			uint64_t bit = c * CHUNK_BITS + ktest_below(CHUNK_BITS - 64);
			write_bits(&r, bit, 1 + ktest_below(64), ktest_below(3) != 0);
		}
		unsigned order = (unsigned)ktest_below(8);
		REQUIRE_EQ(ask_order(&r.tree, order), slow_find(&r, order));
		REQUIRE_EQ(ask_count(&r.tree), slow_count(&r, 0, r.nbits));
	}
	compare(&r);
}

/* A search scans the bits, so what it finds is there; once a chunk is marked stale, it misses nothing. */
KTEST(chunk_tree, what_changes_behind_its_back_is_known_once_it_is_told)
{
	struct rig r;

	rig_init(&r, 2, 9);
	change(&r, 3 * CHUNK_BITS, 64, true);
	change(&r, 8 * CHUNK_BITS, 128, true);
	EXPECT_EQ(ask_order(&r.tree, 6), 3 * CHUNK_BITS);
	EXPECT_EQ(ask_order(&r.tree, 9), BITMAP_NONE); /* all is known now */
	write_bits(&r, 3 * CHUNK_BITS, 1, false);
	EXPECT_EQ(ask_order(&r.tree, 6), 8 * CHUNK_BITS);
	EXPECT_EQ(ask_order(&r.tree, 5), 3 * CHUNK_BITS + 32);
	write_bits(&r, 8 * CHUNK_BITS, 128, false);
	EXPECT_EQ(ask_order(&r.tree, 7), BITMAP_NONE);
	EXPECT_EQ(ask_order(&r.tree, 6), BITMAP_NONE);
	chunk_tree_mark_stale(&r.tree, 3 * CHUNK_BITS, 1);
	chunk_tree_mark_stale(&r.tree, 8 * CHUNK_BITS, 128);
	compare(&r);
	write_bits(&r, 0, 4, true); /* more than it knows of */
	chunk_tree_mark_stale(&r.tree, 0, 4);
	EXPECT_EQ(ask_order(&r.tree, 2), 0);
	compare(&r);
}

KTEST(chunk_tree, a_look_makes_one_chunk_known)
{
	struct rig r;

	rig_init(&r, 1, 10);
	change(&r, 100, 2000, true); /* chunks 0 to 4; 1 to 3 are full */
	EXPECT_EQ(r.tree.nfull, 0);
	for (uint64_t c = 0; c < 10; c++) {
		chunk_tree_refresh(&r.tree, c);
		EXPECT(!chunk_tree_is_stale(&r.tree, c));
		rig_check(&r);
	}
	EXPECT_EQ(r.tree.nfull, 3);
	EXPECT_EQ(chunk_tree_next_broken(&r.tree, 0), 0);
	EXPECT_EQ(chunk_tree_next_broken(&r.tree, 1), 4);
	EXPECT_EQ(chunk_tree_next_broken(&r.tree, 5), BITMAP_NONE);
	EXPECT(!ask_is_empty(&r.tree, 2));
	EXPECT(ask_is_empty(&r.tree, 5));
	EXPECT(ask_is_empty(&r.tree, 9));
	EXPECT_EQ(ask_count(&r.tree), 2000);
	write_bits(&r, CHUNK_BITS, CHUNK_BITS, false); /* full before, and nobody has said so */
	chunk_tree_refresh(&r.tree, 1);
	EXPECT_EQ(r.tree.nfull, 2);
	write_bits(&r, 2 * CHUNK_BITS, 1, false);
	chunk_tree_refresh(&r.tree, 2);
	EXPECT_EQ(r.tree.nfull, 1);
	EXPECT_EQ(chunk_tree_next_broken(&r.tree, 1), 2);
	EXPECT_EQ(ask_count(&r.tree), 2000 - CHUNK_BITS - 1);
}

/* The lowest, and nothing becomes known by it: a chunk that may be full but is stale is not one. */
KTEST(chunk_tree, full_chunks_that_are_known_are_found_without_a_look)
{
	struct rig r;
	unsigned budget = ~0U;

	for (uint64_t first = 0; first < 9; first++) {
		rig_init(&r, first, 300);
		EXPECT_EQ(chunk_tree_find_full_bounded(&r.tree, &budget), BITMAP_NONE);
		change(&r, 0, 2 * CHUNK_BITS, true); /* stale */
		EXPECT_EQ(chunk_tree_find_full_bounded(&r.tree, &budget), BITMAP_NONE);
		fill(&r, 290 * CHUNK_BITS, 2 * CHUNK_BITS, true);
		EXPECT_EQ(chunk_tree_find_full_bounded(&r.tree, &budget), 290);
		EXPECT_EQ(chunk_tree_find_full_bounded(&r.tree, &budget), 290);
		EXPECT(chunk_tree_is_stale(&r.tree, 0));
		chunk_tree_refresh(&r.tree, 1);
		EXPECT_EQ(chunk_tree_find_full_bounded(&r.tree, &budget), 1);
		change(&r, CHUNK_BITS + 7, 1, false);
		EXPECT_EQ(chunk_tree_find_full_bounded(&r.tree, &budget), 290);
		change(&r, 290 * CHUNK_BITS, 2 * CHUNK_BITS, false);
		EXPECT_EQ(chunk_tree_find_full_bounded(&r.tree, &budget), BITMAP_NONE);
		compare(&r);
	}
}

/* 64 chunks are a look. What was passed over is not passed over again. */
KTEST(chunk_tree, a_search_for_a_full_chunk_goes_on_where_it_has_stopped)
{
	struct rig r;
	unsigned budget;

	rig_init(&r, 0, 300);
	fill(&r, 299 * CHUNK_BITS, CHUNK_BITS, true);
	fill(&r, 0, CHUNK_BITS, true);
	fill(&r, 0, CHUNK_BITS, false);
	for (unsigned i = 0; i < 4; i++) {
		budget = 1;
		EXPECT_EQ(chunk_tree_find_full_bounded(&r.tree, &budget), CHUNK_TREE_LATER);
		EXPECT_EQ(budget, 0);
		rig_check(&r);
	}
	budget = 1;
	EXPECT_EQ(chunk_tree_find_full_bounded(&r.tree, &budget), 299);
	budget = 0;
	EXPECT_EQ(chunk_tree_find_full_bounded(&r.tree, &budget), CHUNK_TREE_LATER);
}

/* Or one with many trees would go through all of them with a single look. */
KTEST(chunk_tree, a_look_is_spent_on_a_root_also_where_all_chunks_are_known)
{
	struct rig r;
	unsigned budget = 0;

	rig_init(&r, 0, 3);
	r.words[0] = 1;
	chunk_tree_mark_stale(&r.tree, 0, 1);
	chunk_tree_refresh(&r.tree, 0);
	EXPECT(!chunk_tree_has_none(&r.tree, 1));
	EXPECT_EQ(chunk_tree_find_bounded(&r.tree, 1, &budget), CHUNK_TREE_LATER);
	rig_check(&r);
	EXPECT(chunk_tree_has_none(&r.tree, 1));
	EXPECT_EQ(chunk_tree_find_bounded(&r.tree, 1, &budget), BITMAP_NONE);
}

/* Broken chunks are found past others of all kinds, in trees of two to four levels. */
KTEST(chunk_tree, the_next_broken_chunk_is_found_from_anywhere)
{
	static const uint64_t larger[] = { 7, 8, 9, 63, 64, 65, 511, 512, 513 };
	struct rig r;

	rig_alloc(&r, 513);
	for (unsigned i = 0; i < 9 * ARRAY_SIZE(larger); i++) {
		uint64_t n = larger[i % ARRAY_SIZE(larger)];
		uint64_t want = BITMAP_NONE;

		rig_again(&r, firsts[i % ARRAY_SIZE(firsts)], n);
		for (uint64_t c = ktest_below(2); c < n; c += 1 + ktest_below(3))
			fill(&r, c * CHUNK_BITS, CHUNK_BITS, true);
		for (uint64_t left = ktest_below(6); left != 0; left--) {
			uint64_t c = ktest_below(n);
			change(&r, c * CHUNK_BITS + ktest_below(CHUNK_BITS), 1,
			       ktest_below(2) != 0);
			if (ktest_below(2) != 0)
				chunk_tree_refresh(&r.tree, c);
		}
		REQUIRE_EQ(chunk_tree_next_broken(&r.tree, n), BITMAP_NONE);
		REQUIRE_EQ(chunk_tree_next_broken(&r.tree, n + 1 + ktest_below(1000)), BITMAP_NONE);
		for (uint64_t c = n; c-- > 0;) {
			if (r.tree.leaf[c] != CHUNK_EMPTY && r.tree.leaf[c] != CHUNK_FULL)
				want = c;
			REQUIRE_EQ(chunk_tree_next_broken(&r.tree, c), want);
		}
		if (n < 100)
			rig_check(&r);
	}
}

/* ---- filling --------------------------------------------------------------------------------- */

KTEST(chunk_tree, a_fill_is_known_in_its_whole_chunks_without_a_look)
{
	struct rig r;

	rig_alloc(&r, 12);
	for (uint64_t first = 0; first < 9; first += 3) {
		rig_again(&r, first, 12);
		fill(&r, 300, 9 * CHUNK_BITS, true); /* chunks 1 to 8, and two ends */
		for (uint64_t c = 0; c < 12; c++)
			EXPECT_EQ(r.tree.leaf[c], c == 0 || c == 9   ? CHUNK_STALE
						  : c >= 1 && c <= 8 ? CHUNK_FULL
								     : CHUNK_EMPTY);
		EXPECT_EQ(r.tree.nfull, 8);
		EXPECT_EQ(ask_count(&r.tree), 9 * CHUNK_BITS);
		compare(&r);
		fill(&r, 1000, 5 * CHUNK_BITS, false);
		for (uint64_t c = 2; c < 6; c++)
			EXPECT_EQ(r.tree.leaf[c], CHUNK_EMPTY);
		compare(&r);
	}
}

/* Less than a chunk, or parts of two: nothing is known by it, and nothing is spoilt. */
KTEST(chunk_tree, a_fill_of_no_whole_chunk_is_nothing)
{
	struct rig r;

	rig_init(&r, 2, 3);
	chunk_tree_begin_fill(&r.tree, 0, 511, true);
	chunk_tree_end_fill(&r.tree, 0, 511, true);
	chunk_tree_begin_fill(&r.tree, 1, 511, true);
	chunk_tree_end_fill(&r.tree, 1, 511, true);
	chunk_tree_begin_fill(&r.tree, 300, 700, true);
	chunk_tree_end_fill(&r.tree, 300, 700, true);
	chunk_tree_begin_fill(&r.tree, 512, 0, true);
	chunk_tree_end_fill(&r.tree, 512, 0, true);
	EXPECT_EQ(r.tree.nfull, 0);
	rig_check(&r);
}

KTEST(chunk_tree, every_range_of_chunks_can_be_filled_and_emptied)
{
	struct rig r;

	rig_alloc(&r, 5);
	for (uint64_t first = 0; first < 8; first += 3) {
		for (uint64_t from = 0; from < 5; from++) {
			for (uint64_t end = from + 1; end <= 5; end++) {
				rig_again(&r, first, 5);
				change(&r, 700, 1, true); /* one chunk that is neither, and stale */
				if (from <= 1 && end > 1)
					write_bits(&r, 700, 1, false);
				fill(&r, from * CHUNK_BITS, (end - from) * CHUNK_BITS, true);
				for (unsigned order = 9; order < 13; order++)
					REQUIRE_EQ(ask_order(&r.tree, order), slow_find(&r, order));
				REQUIRE_EQ(ask_count(&r.tree), slow_count(&r, 0, r.nbits));
				fill(&r, from * CHUNK_BITS, CHUNK_BITS, false);
				REQUIRE_EQ(ask_count(&r.tree), slow_count(&r, 0, r.nbits));
				rig_check(&r);
			}
		}
	}
}

/* ---- where searches begin -------------------------------------------------------------------- */

/* A search of each order has gone far up; then something appears below. */
static void expect_lower_is_found(struct rig *r,
				  void (*appear)(struct rig *, uint64_t, uint64_t, bool),
				  uint64_t at, uint64_t n)
{
	rig_again(r, 3, 12);
	change(r, 9 * CHUNK_BITS, 2 * CHUNK_BITS, true);
	for (unsigned order = 0; order <= CHUNK_ORDER; order++)
		REQUIRE_EQ(ask_order(&r->tree, order), 9 * CHUNK_BITS);
	appear(r, at, n, true);
	rig_check(r);
	for (unsigned order = 0; order <= CHUNK_ORDER; order++)
		REQUIRE_EQ(ask_order(&r->tree, order), slow_find(r, order));
	rig_check(r);
	appear(r, at, n, false);
	for (unsigned order = 0; order <= CHUNK_ORDER; order++)
		REQUIRE_EQ(ask_order(&r->tree, order), 9 * CHUNK_BITS);
	rig_check(r);
}

KTEST(chunk_tree, what_appears_below_the_last_find_is_found_first)
{
	struct rig r;

	rig_alloc(&r, 12);
	for (uint64_t c = 0; c < 9; c++) {
		expect_lower_is_found(&r, change, c * CHUNK_BITS + 511, 1);
		expect_lower_is_found(&r, change, c * CHUNK_BITS, CHUNK_BITS);
		expect_lower_is_found(&r, fill, c * CHUNK_BITS, CHUNK_BITS);
	}
	expect_lower_is_found(&r, fill, 2 * CHUNK_BITS, 4 * CHUNK_BITS);
	expect_lower_is_found(&r, fill, 2 * CHUNK_BITS + 100, 4 * CHUNK_BITS);
	expect_lower_is_found(&r, fill, 2 * CHUNK_BITS - 100, 4 * CHUNK_BITS);
}

/* ---- searches in batches --------------------------------------------------------------------- */

/* Batches of @budget, and of more where that is not enough for one step on. */
static uint64_t find_in_batches(struct rig *r, unsigned order, unsigned budget, unsigned *batches)
{
	for (*batches = 1;; ++*batches) {
		unsigned left = budget + *batches / 64;
		uint64_t found = chunk_tree_find_bounded(&r->tree, order, &left);
		if (*batches % 16 == 0)
			rig_check(r);
		if (found != CHUNK_TREE_LATER)
			return found;
		REQUIRE(*batches < 10000);
	}
}

static uint64_t find_run_in_batches(struct rig *r, uint64_t n, uint64_t align, unsigned budget,
				    unsigned *batches)
{
	struct chunk_run run = { n, align, 0, r->nbits };

	for (*batches = 1;; ++*batches) {
		unsigned left = budget + *batches / 64;
		uint64_t found = chunk_tree_find_run_bounded(&r->tree, &run, &left);
		if (*batches % 16 == 0)
			rig_check(r);
		if (found != CHUNK_TREE_LATER)
			return found;
		EXPECT_EQ(left, 0);
		/* What is below that is no longer looked at. Not each time: the slow search is slow. */
		REQUIRE(*batches % 8 != 0 || slow_find_aligned(r, n, align, 0) >= run.from);
		REQUIRE(*batches < 10000);
	}
}

/* Each chunk has changed since it was looked at, and has less than a half of it. */
static void make_stale(struct rig *r, uint64_t nchunks)
{
	rig_again(r, 5, nchunks);
	for (uint64_t c = 0; c < nchunks; c++)
		change(r, c * CHUNK_BITS + 17 * (c % 11), 100 + c % 50, true);
	rig_check(r);
}

KTEST(chunk_tree, a_search_in_portions_ends_with_the_same)
{
	static const uint64_t room[] = { 1, 9, 25 };
	unsigned batches;
	struct rig r;

	rig_alloc(&r, 70);
	for (unsigned i = 0; i < ARRAY_SIZE(room); i++) {
		for (unsigned budget = 1; budget <= 33; budget += 16) {
			for (unsigned order = 5; order <= 12; order += 1 + order / 4) {
				make_stale(&r, room[i]);
				REQUIRE_EQ(find_in_batches(&r, order, budget, &batches),
					   slow_find(&r, order));
			}
			for (uint64_t n = 90; n <= 3 * CHUNK_BITS; n = n * 4 + 5) {
				make_stale(&r, room[i]);
				REQUIRE_EQ(find_run_in_batches(&r, n, 1, budget, &batches),
					   slow_find_run(&r, n));
				make_stale(&r, room[i]);
				REQUIRE_EQ(find_run_in_batches(&r, n, 64, budget, &batches),
					   slow_find_aligned(&r, n, 64, 0));
			}
		}
	}
}

/* Only what begins in a part of the bits, whatever is known of the rest; in batches and in one search. */
KTEST(chunk_tree, a_search_of_a_part_sees_what_begins_there)
{
	struct rig r;

	rig_alloc(&r, 20);
	rig_again(&r, 5, 20);
	for (unsigned i = 0; i < 600; i++) {
		uint64_t bit = ktest_below(r.nbits);
		uint64_t most = r.nbits - bit;
		change(&r, bit, 1 + ktest_below(most < 700 ? most : 700), ktest_below(2) != 0);
		struct chunk_run run = { .n = 1 + ktest_below(1ull << ktest_below(12)),
					 .align = 1ull << ktest_below(11),
					 .from = ktest_below(r.nbits) };
		run.to = run.from + 1 + ktest_below(r.nbits - run.from);
		uint64_t want = slow_find_aligned(&r, run.n, run.align, run.from);
		uint64_t found;
		unsigned budget;
		do {
			budget = 12 + (unsigned)ktest_below(40);
			found = chunk_tree_find_run_bounded(&r.tree, &run, &budget);
		} while (found == CHUNK_TREE_LATER);
		REQUIRE_EQ(found, want < run.to ? want : BITMAP_NONE);
		if (i % 32 == 0)
			rig_check(&r);
	}
}

KTEST(chunk_tree, a_portion_looks_at_no_more_chunks_than_it_may)
{
	unsigned batches;
	struct rig r;

	rig_alloc(&r, 70);
	make_stale(&r, 70);
	EXPECT_EQ(find_in_batches(&r, 9, 10, &batches), BITMAP_NONE);
	/* 70 chunks and about 9 groups of them and one of those; what is known is not looked at again */
	EXPECT(batches >= 8 && batches <= 10);
	EXPECT_EQ(find_in_batches(&r, 9, 0, &batches), BITMAP_NONE);
	EXPECT_EQ(batches, 1);
	make_stale(&r, 70);
	EXPECT_EQ(find_run_in_batches(&r, CHUNK_BITS, 1, 4 * CHUNK_RUN_COST, &batches),
		  BITMAP_NONE);
	EXPECT(batches >= 70 / 4 && batches <= 70 / 2);
	EXPECT_EQ(find_run_in_batches(&r, CHUNK_BITS, 1, 0, &batches), BITMAP_NONE);
	EXPECT_EQ(batches, 1);
}

/* Between two batches another hart takes or frees bits of a chunk that is not stale, and marks it stale. */
KTEST(chunk_tree, a_search_in_portions_sees_what_changes_meanwhile)
{
	struct rig r;

	rig_alloc(&r, 70);
	for (uint64_t at = 0; at < 70; at++) {
		uint64_t found = CHUNK_TREE_LATER;

		make_stale(&r, 70);
		for (unsigned batch = 0; found == CHUNK_TREE_LATER; batch++) {
			unsigned left = 10;
			found = chunk_tree_find_bounded(&r.tree, 9, &left);
			if (batch == 2) /* about 30 chunks are known by now */
				change(&r, at * CHUNK_BITS, CHUNK_BITS, true);
			REQUIRE(batch < 100);
		}
		REQUIRE_EQ(found, at * CHUNK_BITS);
	}
}

/* One of the ways in which bits change, or a chunk becomes known or stale. */
static void disturb(struct rig *r)
{
	uint64_t c = ktest_below(r->nbits / CHUNK_BITS);
	uint64_t n = 1 + ktest_below(r->nbits / CHUNK_BITS - c);
	uint64_t bit = c * CHUNK_BITS + ktest_below(CHUNK_BITS);

	switch (ktest_below(6)) {
	case 0:
		chunk_tree_refresh(&r->tree, c);
		break;
	case 1:
		(void)ask_order(&r->tree, (unsigned)ktest_below(12));
		break;
	case 2: /* one that was all handed out is freed */
		while (c * CHUNK_BITS < r->nbits &&
		       slow_count(r, c * CHUNK_BITS, (c + 1) * CHUNK_BITS) != 0)
			c++;
		if (c * CHUNK_BITS < r->nbits)
			fill(r, c * CHUNK_BITS, CHUNK_BITS, true);
		break;
	case 3: /* chunks are taken, or not since another hart was faster */
		chunk_tree_begin_fill(&r->tree, c * CHUNK_BITS, n * CHUNK_BITS, false);
		if (slow_count(r, c * CHUNK_BITS, (c + n) * CHUNK_BITS) != n * CHUNK_BITS) {
			chunk_tree_mark_stale(&r->tree, c * CHUNK_BITS, n * CHUNK_BITS);
			break;
		}
		write_bits(r, c * CHUNK_BITS, n * CHUNK_BITS, false);
		chunk_tree_end_fill(&r->tree, c * CHUNK_BITS, n * CHUNK_BITS, false);
		break;
	default:
		n = 1 + ktest_below(1ull << ktest_below(13));
		change(r, bit, n < r->nbits - bit ? n : r->nbits - bit, ktest_below(2) != 0);
	}
}

/* That there is no such run is true until the changes say more: also of what was never scanned. */
KTEST(chunk_tree, no_run_is_no_run_until_there_is_a_change)
{
	unsigned batches, kept = 0, silent = 0;
	struct rig r;

	rig_alloc(&r, 20);
	for (unsigned i = 0; i < 1500; i++) {
		if (i % 100 == 0)
			make_stale(&r, 3 + ktest_below(17));
		uint64_t n = 1 + ktest_below(1ull << ktest_below(12));
		uint64_t align = 1ull << ktest_below(14);
		if (find_run_in_batches(&r, n, align, 12 + (unsigned)ktest_below(20), &batches) ==
		    BITMAP_NONE) {
			uint64_t before = r.changes.count;
			uint64_t bits = slow_count(&r, 0, r.nbits);
			for (; r.changes.count == before && kept % 64 != 63; kept++) {
				REQUIRE_EQ(slow_find_aligned(&r, n, align, 0), BITMAP_NONE);
				silent += slow_count(&r, 0, r.nbits) > bits;
				disturb(&r);
			}
			kept++;
		}
		disturb(&r);
		rig_check(&r);
	}
	/* Of the answers some stood while bits were set of which the tree was not told. */
	EXPECT(kept > 500 && silent > 0);
}

KTEST(chunk_tree, counts_in_pieces)
{
	struct rig r;

	rig_alloc(&r, 70);
	make_stale(&r, 70);
	fill(&r, 8 * CHUNK_BITS, 9 * CHUNK_BITS, true);
	fill(&r, 30 * CHUNK_BITS, 9 * CHUNK_BITS, false);
	for (uint64_t nchunks = 1; nchunks < 80; nchunks = nchunks * 2 + 1) {
		for (unsigned budget = 1; budget < 80; budget *= 3) {
			uint64_t count = 0, c = 0;
			while (c != 70) {
				uint64_t before = c;
				count += chunk_tree_count_some(&r.tree, &c, nchunks, budget);
				REQUIRE(c > before && c <= 70 && c - before <= nchunks);
			}
			EXPECT_EQ(count, slow_count(&r, 0, r.nbits));
		}
	}
}

/* ---- the walk -------------------------------------------------------------------------------- */

static struct chunk_tree kept_tree;

/* The walk must cite the invariant by its number; then all is mended again. */
static void expect_broken(struct rig *r, const char *number, const uint8_t *kept)
{
	const char *sentence = chunk_tree_validate(&r->tree);

	if (!EXPECT(sentence != NULL && strncmp(sentence, number, 2) == 0))
		ktest_note("it says '%s', not %s", sentence != NULL ? sentence : "(none)", number);
	memcpy(&r->tree, &kept_tree, sizeof(kept_tree));
	memcpy(r->storage, kept, r->bytes);
	REQUIRE_VALID(chunk_tree_validate(&r->tree));
}

KTEST(chunk_tree, validate_sees_each_broken_invariant)
{
	struct rig r;

	rig_init(&r, 3, 20); /* groups of 5, 8, 7 */
	fill(&r, 2 * CHUNK_BITS, 4 * CHUNK_BITS, true);
	change(&r, 12 * CHUNK_BITS + 40, 8, true);
	EXPECT_EQ(ask_order(&r.tree, 13), BITMAP_NONE);
	EXPECT_EQ(ask_run(&r.tree, r.nbits), BITMAP_NONE);
	EXPECT_EQ(ask_order(&r.tree, 2), 2 * CHUNK_BITS);
	chunk_tree_mark_stale(&r.tree, 18 * CHUNK_BITS, 1);
	rig_check(&r);
	uint8_t *kept = ktest_alloc(r.bytes, 8);
	memcpy(kept, r.storage, r.bytes);
	memcpy(&kept_tree, &r.tree, sizeof(kept_tree));
	chunk_byte *leaf = r.tree.leaf;
	chunk_byte *above = (chunk_byte *)r.tree.level[1]; /* of node 0 */
	uint32_t *runs = leaf_runs(&r.tree, r.tree.lead);

	leaf[12] = 3 + 1; /* order 3, it is */
	expect_broken(&r, "C1", kept);
	leaf[12] = 3 + 3;
	expect_broken(&r, "C1", kept);
	leaf[15] = 5; /* C4 speaks first where it is marked whole */
	above[0] = CHUNK_FULL;
	expect_broken(&r, "C1", kept);
	above[0] = CHUNK_EMPTY;
	expect_broken(&r, "C1", kept);
	leaf[15] = CHUNK_FULL;
	r.tree.nfull++;
	expect_broken(&r, "C1", kept);
	above[2] = 5; /* chunk 18 is stale below it */
	expect_broken(&r, "C2", kept);
	*r.tree.root = 13;
	expect_broken(&r, "C2", kept);
	leaf[-1] = CHUNK_FULL; /* before the first */
	expect_broken(&r, "C3", kept);
	leaf[20] = CHUNK_STALE; /* behind the last */
	expect_broken(&r, "C3", kept);
	above[3] = 0;
	expect_broken(&r, "C3", kept);
	r.tree.nfull--;
	leaf[2] = CHUNK_FULL & 0x7f; /* a full chunk, a broken one, a stale one */
	expect_broken(&r, "C4", kept);
	leaf[12] = leaf[12] | CHUNK_WHOLE;
	expect_broken(&r, "C4", kept);
	leaf[18] = leaf[18] | CHUNK_WHOLE;
	expect_broken(&r, "C4", kept);
	above[0] = (uint8_t)(above[0] & 0x7f); /* none of its chunks is broken */
	expect_broken(&r, "C4", kept);
	above[1] = above[1] | CHUNK_WHOLE; /* chunk 12 is */
	expect_broken(&r, "C4", kept);
	*r.tree.root = *r.tree.root | CHUNK_WHOLE;
	expect_broken(&r, "C4", kept);
	r.tree.nfull++;
	expect_broken(&r, "C5", kept);
	r.tree.nfull--;
	r.tree.nfull--;
	expect_broken(&r, "C5", kept);
	for (unsigned order = 0; order <= CHUNK_ORDER; order++) {
		r.tree.start[order] = 3;
		expect_broken(&r, "C6", kept);
	}
	r.tree.start[9] = 20;
	expect_broken(&r, "C6", kept);
	r.tree.full_from = 20;
	expect_broken(&r, "C7", kept);
	runs[4]++;
	expect_broken(&r, "R1", kept);
	runs[4] = LEAF_RUNS_UNKNOWN;
	expect_broken(&r, "R2", kept);
	runs[18] = 0;
	expect_broken(&r, "R3", kept);
}
