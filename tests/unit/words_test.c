/* SPDX-License-Identifier: MIT */
#include "kernel/words.h"

#include "lib/string.h"
#include "tests/support/ktest.h"

static unsigned count_words(const char *text, size_t len)
{
	struct word word;
	unsigned n = 0;

	for (size_t at = 0; word_next(text, len, &at, &word); n++)
		EXPECT(word.len != 0);
	return n;
}

KTEST(words, are_cut_at_blanks_and_control_characters)
{
	static const char line[] = "  one\ttwo\r\nthree\0four ";
	static const char *const want[] = { "one", "two", "three", "four" };
	struct word word;
	size_t at = 0;

	for (unsigned i = 0; i < 4; i++) {
		REQUIRE(word_next(line, sizeof(line) - 1, &at, &word));
		EXPECT(word_is(word.text, word.len, want[i]));
	}
	EXPECT(!word_next(line, sizeof(line) - 1, &at, &word));
	EXPECT_EQ(count_words("", 0), 0);
	EXPECT_EQ(count_words("   ", 3), 0);
	EXPECT_EQ(count_words("ab", 1), 1);
}

KTEST(words, name_is_all_of_the_word)
{
	EXPECT(word_is("test", 4, "test"));
	EXPECT(!word_is("test", 3, "test"));
	EXPECT(!word_is("test", 4, "tes"));
	EXPECT(word_is("x", 0, ""));
}

static bool reads_as(const char *text, uint64_t want)
{
	uint64_t number = 0;

	return word_to_number(text, strlen(text), &number) && number == want;
}

static bool is_refused(const char *text)
{
	uint64_t number = 77;

	return !word_to_number(text, strlen(text), &number) && number == 77;
}

KTEST(words, numbers_decimal_and_hexadecimal)
{
	EXPECT(reads_as("0", 0));
	EXPECT(reads_as("007", 7));
	EXPECT(reads_as("18446744073709551615", UINT64_MAX));
	EXPECT(reads_as("0xffffffffffffffff", UINT64_MAX));
	EXPECT(reads_as("0Xa0", 160));
	EXPECT(is_refused(""));
	EXPECT(is_refused("0x"));
	EXPECT(is_refused("-1"));
	EXPECT(is_refused("12a"));
	EXPECT(is_refused("0xfg"));
	EXPECT(is_refused("18446744073709551616"));
	EXPECT(is_refused("0x10000000000000000"));
}

KTEST(words, bytes_with_a_suffix)
{
	static const struct {
		const char *text;
		uint64_t want; /* 0: refused */
	} trial[] = {
		{ "1", 1 },
		{ "1k", 1ull << 10 },
		{ "3M", 3ull << 20 },
		{ "0x10g", 16ull << 30 },
		{ "8T", 8ull << 40 },
		{ "16777215T", 16777215ull << 40 },
		{ "16777216T", 0 },
		{ "18446744073709551615", UINT64_MAX },
		{ "18446744073709551615k", 0 },
		{ "", 0 },
		{ "K", 0 },
		{ "1KB", 0 },
		{ "1 K", 0 },
		{ "1P", 0 },
		{ "1+", 0 },
		{ "1\013", 0 }, /* 'k' without its case bits */
	};

	for (unsigned i = 0; i < sizeof(trial) / sizeof(trial[0]); i++) {
		uint64_t bytes = 0;
		bool ok = word_to_bytes(trial[i].text, strlen(trial[i].text), &bytes);
		EXPECT_EQ(ok, trial[i].want != 0);
		EXPECT_EQ(bytes, trial[i].want);
	}
}

KTEST(words, a_glob_matches_what_it_says)
{
	EXPECT(word_matches("", ""));
	EXPECT(!word_matches("", "a"));
	EXPECT(word_matches("*", "") && word_matches("*", "abc") && word_matches("**", "a"));
	EXPECT(word_matches("frame.*", "frame.pair") && !word_matches("frame.*", "frames.pair"));
	EXPECT(word_matches("a?c", "abc") && !word_matches("a?c", "ac"));
	EXPECT(word_matches("*ab*ab", "xabyababab") && !word_matches("*ab*ab", "xabya"));
}
