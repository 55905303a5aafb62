/* SPDX-License-Identifier: MIT */
/*
 * Runs of bits in words that others change: every range of three words, against one bit at a time. That
 * nothing is lost between harts is shown by frame_threads.c and tests/kernel/frame_irq_stress_test.c.
 */
#include "lib/bitmap_atomic.h"

#include "lib/compiler.h"
#include "lib/string.h"
#include "tests/support/ktest.h"

#define WORDS 3u
#define BITS  (WORDS * BITS_PER_WORD)

static const uint64_t patterns[][WORDS] = {
	{ 0, 0, 0 },
	{ UINT64_MAX, UINT64_MAX, UINT64_MAX },
	{ 0xaaaaaaaaaaaaaaaaull, 0x5555555555555555ull, 0xaaaaaaaaaaaaaaaaull },
	{ 1ull << 63, UINT64_MAX, 1 },
	{ 0, UINT64_MAX, 0 },
	{ UINT64_MAX, 1, UINT64_MAX },
	{ 0x8000000000000001ull, 0, 0x00ff00000000ff00ull },
};

static void load(bitmap_word *words, const uint64_t *from)
{
	for (unsigned w = 0; w < WORDS; w++)
		words[w] = from[w];
}

static bool same(const bitmap_word *words, const uint64_t *as)
{
	for (unsigned w = 0; w < WORDS; w++) {
		if (words[w] != as[w])
			return false;
	}
	return true;
}

static bool model_test(const uint64_t *words, uint64_t i)
{
	return (words[i / 64] >> i % 64 & 1) != 0;
}

static void model_put(uint64_t *words, uint64_t first, uint64_t n, bool set)
{
	for (uint64_t i = first; i < first + n; i++) {
		uint64_t bit = 1ull << i % 64;
		words[i / 64] = set ? words[i / 64] | bit : words[i / 64] & ~bit;
	}
}

static uint64_t model_count(const uint64_t *words, uint64_t first, uint64_t n)
{
	uint64_t count = 0;

	for (uint64_t i = first; i < first + n; i++)
		count += model_test(words, i);
	return count;
}

static uint64_t model_next(const uint64_t *words, uint64_t first, uint64_t end, bool set)
{
	for (uint64_t i = first; i < end; i++) {
		if (model_test(words, i) == set)
			return i;
	}
	return BITMAP_NONE;
}

/* What changes bits, on one range of one pattern. */
static void try_changes(bitmap_word *words, const uint64_t *pattern, uint64_t first, uint64_t n)
{
	uint64_t want[WORDS];
	uint64_t count = model_count(pattern, first, n);

	load(words, pattern);
	memcpy(want, pattern, sizeof(want));
	REQUIRE_EQ(bitmap_atomic_take(words, first, n), count == n);
	if (count == n)
		model_put(want, first, n, false);
	REQUIRE(same(words, want)); /* as they were, if not all were set */

	load(words, pattern);
	memcpy(want, pattern, sizeof(want));
	model_put(want, first, n, true);
	REQUIRE_EQ(bitmap_atomic_put(words, first, n), count == 0);
	REQUIRE(same(words, want));

	load(words, pattern);
	bitmap_atomic_fill(words, first, n);
	REQUIRE(same(words, want));
}

static void try_questions(const bitmap_word *words, const uint64_t *pattern, uint64_t first,
			  uint64_t n)
{
	REQUIRE_EQ(bitmap_atomic_next_set(words, first, first + n),
		   model_next(pattern, first, first + n, true));
	REQUIRE_EQ(bitmap_atomic_next_clear(words, first, first + n),
		   model_next(pattern, first, first + n, false));
	REQUIRE_EQ(bitmap_atomic_count(words, first, n), model_count(pattern, first, n));
}

/* All 18,721 of them, each with one pattern, the next one with the next. */
static void each_range(void (*try)(bitmap_word *, const uint64_t *, uint64_t, uint64_t))
{
	/* The words end where the block ends, so that a step too far is seen. */
	bitmap_word *words = ktest_alloc(WORDS * sizeof(*words), 8);
	unsigned turn = 0;

	for (uint64_t first = 0; first <= BITS; first++) {
		for (uint64_t n = 0; n <= BITS - first; n++) {
			const uint64_t *pattern = patterns[turn++ % ARRAY_SIZE(patterns)];
			load(words, pattern);
			try(words, pattern, first, n);
		}
	}
}

static void ask(bitmap_word *words, const uint64_t *pattern, uint64_t first, uint64_t n)
{
	try_questions(words, pattern, first, n);
}

KTEST(bitmap_atomic, changes_every_range_of_three_words)
{
	each_range(try_changes);
}

KTEST(bitmap_atomic, answers_for_every_range_of_three_words)
{
	each_range(ask);
}

/* One clear bit anywhere in it, or one set bit: it is seen, and nothing is left changed. */
KTEST(bitmap_atomic, a_take_is_refused_for_each_single_bit_and_restores_all)
{
	bitmap_word words[WORDS];
	uint64_t pattern[WORDS];
	static const uint64_t ranges[][2] = { { 0, 192 }, { 1, 190 },  { 63, 66 }, { 64, 64 },
					      { 63, 2 },  { 64, 128 }, { 5, 50 },  { 127, 65 } };

	for (unsigned r = 0; r < ARRAY_SIZE(ranges); r++) {
		uint64_t first = ranges[r][0], n = ranges[r][1];
		for (uint64_t i = 0; i < BITS; i++) {
			bool inside = i >= first && i < first + n;
			memset(pattern, 0xff, sizeof(pattern));
			model_put(pattern, i, 1, false);
			load(words, pattern);
			REQUIRE_EQ(bitmap_atomic_take(words, first, n), !inside);
			REQUIRE_EQ(same(words, pattern), inside);
			memset(pattern, 0, sizeof(pattern));
			model_put(pattern, i, 1, true);
			load(words, pattern);
			REQUIRE_EQ(bitmap_atomic_put(words, first, n), !inside);
		}
	}
}

/* Many words are filled by other means than a few. */
KTEST(bitmap_atomic, fills_any_number_of_words_and_no_other)
{
	enum { MANY = 140 };
	bitmap_word *words = ktest_alloc(MANY * sizeof(*words), 8);

	for (unsigned n = 1; n <= MANY - 2; n++) {
		for (unsigned w = 0; w < MANY; w++)
			words[w] = 0;
		bitmap_atomic_fill(words, 65, n * BITS_PER_WORD - 2); /* all of them but two bits */
		REQUIRE_EQ(words[0], 0);
		REQUIRE_EQ(words[n + 1], 0);
		for (unsigned w = 1; w <= n; w++) {
			uint64_t want = UINT64_MAX;
			want &= w == 1 ? ~1ull : UINT64_MAX;
			want &= w == n ? UINT64_MAX >> 1 : UINT64_MAX;
			REQUIRE_EQ(words[w], want);
		}
	}
}

/* The answer is cut off at the end of the range, also in the middle of a word. */
KTEST(bitmap_atomic, looks_no_further_than_the_range)
{
	bitmap_word words[WORDS] = { 0, 1ull << 10, 0 };

	EXPECT_EQ(bitmap_atomic_next_set(words, 0, 74), BITMAP_NONE);
	EXPECT_EQ(bitmap_atomic_next_set(words, 0, 75), 74);
	EXPECT_EQ(bitmap_atomic_next_set(words, 74, 75), 74);
	EXPECT_EQ(bitmap_atomic_next_set(words, 75, BITS), BITMAP_NONE);
	EXPECT_EQ(bitmap_atomic_next_set(words, 80, 70), BITMAP_NONE); /* no range */
	EXPECT_EQ(bitmap_atomic_next_clear(words, 74, 75), BITMAP_NONE);
	EXPECT_EQ(bitmap_atomic_next_clear(words, 80, 70), BITMAP_NONE);
	EXPECT(bitmap_atomic_test(words, 74) && !bitmap_atomic_test(words, 75));
	EXPECT_EQ(bitmap_atomic_word(&words[1]), 1ull << 10);
}

KTEST(bitmap_atomic, a_range_of_nothing_is_always_there)
{
	bitmap_word words[1] = { 5 };

	for (uint64_t first = 0; first < 64; first++) {
		EXPECT(bitmap_atomic_take(words, first, 0));
		EXPECT(bitmap_atomic_put(words, first, 0));
		bitmap_atomic_fill(words, first, 0);
		EXPECT_EQ(bitmap_atomic_count(words, first, 0), 0);
	}
	EXPECT_EQ(words[0], 5);
}
