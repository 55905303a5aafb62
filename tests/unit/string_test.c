/* SPDX-License-Identifier: MIT */
/* string_test.c (cases) - src/lib/string.c at every alignment, with guards on both sides of each target.
 */
#include "lib/string.h"

#include <stdint.h>

#include "lib/compiler.h"
#include "tests/support/ktest.h"

#define GUARD 16u
#define SPACE 320u

/* Lengths around the steps of the code: a word, sixteen words. */
static const size_t length[] = { 0,  1,  2,  3,  7,  8,  9,  15,  16,  17,  23,  24,  25,  31,
				 33, 47, 63, 64, 65, 71, 73, 127, 128, 129, 135, 136, 256, 263 };

/* A byte that tells where it came from. */
static uint8_t mark(size_t i)
{
	return (uint8_t)(i * 7 + 1);
}

static void fill(uint8_t *p, size_t n, uint8_t salt)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(mark(i) ^ salt);
}

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

/* dest[0 .. n) must hold marks with @salt but for @len bytes at @at, which must be want[0 .. len).
 */
static bool only_changed(const uint8_t *dest, size_t n, uint8_t salt, size_t at, size_t len,
			 const uint8_t *want)
{
	for (size_t i = 0; i < n; i++) {
		bool inside = i >= at && i - at < len;
		if (dest[i] != (inside ? want[i - at] : (uint8_t)(mark(i) ^ salt)))
			return false;
	}
	return true;
}

static bool copies(uint8_t *dest, size_t to, const uint8_t *src, size_t len)
{
	fill(dest, SPACE, 0x55);
	return memcpy(dest + to, src, len) == dest + to &&
	       only_changed(dest, SPACE, 0x55, to, len, src);
}

KTEST(string, memcpy_copies_at_every_alignment_and_nothing_else)
{
	uint8_t *src = ktest_alloc(SPACE, 16);
	uint8_t *dest = ktest_alloc(SPACE, 16);

	fill(src, SPACE, 0);
	for (size_t from = 0; from < 8; from++) {
		for (size_t to = 0; to < 8; to++) {
			for (size_t i = 0; i < ARRAY_SIZE(length); i++)
				EXPECT(copies(dest, GUARD + to, src + from, length[i]));
		}
	}
}

static bool moves(uint8_t *buf, uint8_t *copy, size_t to, size_t from, size_t len)
{
	fill(buf, SPACE, 0);
	fill(copy, SPACE, 0);
	return memmove(buf + to, buf + from, len) == buf + to &&
	       only_changed(buf, SPACE, 0, to, len, copy + from);
}

KTEST(string, memmove_survives_every_overlap)
{
	uint8_t *buf = ktest_alloc(SPACE, 16);
	uint8_t *copy = ktest_alloc(SPACE, 16);

	for (size_t to = 0; to <= 24; to++) {
		for (size_t from = 0; from <= 24; from++) {
			for (size_t i = to % 3; i < ARRAY_SIZE(length); i += 3)
				EXPECT(moves(buf, copy, to, from, length[i]));
		}
	}
}

KTEST(string, memmove_by_less_and_more_than_a_word)
{
	uint8_t *buf = ktest_alloc(SPACE, 16);
	uint8_t *copy = ktest_alloc(SPACE, 16);

	for (size_t by = 0; by <= 64; by++) {
		EXPECT(moves(buf, copy, by, 0, 128));
		EXPECT(moves(buf, copy, 0, by, 128));
	}
}

KTEST(string, memset_fills_at_every_alignment_and_nothing_else)
{
	uint8_t *dest = ktest_alloc(SPACE, 16);
	uint8_t want[263];

	for (size_t to = 0; to < 8; to++) {
		for (size_t i = 0; i < ARRAY_SIZE(length); i++) {
			uint8_t byte = (uint8_t)ktest_random();
			for (size_t j = 0; j < sizeof(want); j++)
				want[j] = byte;
			fill(dest, SPACE, (uint8_t)~byte);
			EXPECT(memset(dest + GUARD + to, byte, length[i]) == dest + GUARD + to);
			EXPECT(only_changed(dest, SPACE, (uint8_t)~byte, GUARD + to, length[i],
					    want));
		}
	}
}

KTEST(string, memset_takes_the_low_byte_of_the_value)
{
	uint8_t dest[24];
	int byte = (int)ktest_below(256);

	memset(dest, 0x100 + byte, sizeof(dest));
	for (size_t i = 0; i < sizeof(dest); i++)
		EXPECT_EQ(dest[i], byte);
	memset(dest, -2, sizeof(dest));
	for (size_t i = 0; i < sizeof(dest); i++)
		EXPECT_EQ(dest[i], 0xfe);
}

KTEST(string, memcmp_finds_a_difference_at_every_place)
{
	uint8_t *a = ktest_alloc(SPACE, 16);
	uint8_t *b = ktest_alloc(SPACE, 16);

	for (size_t to = 0; to < 8; to++) {
		fill(a, SPACE, 0);
		fill(b + to, SPACE - to, 0);
		EXPECT_EQ(memcmp(a, b + to, 100), 0);
		for (size_t i = 0; i < 100; i++) {
			uint8_t kept = b[to + i];
			b[to + i] = (uint8_t)(kept ^ 0x80);
			int want = a[i] < b[to + i] ? -1 : 1;
			EXPECT_EQ(sign(memcmp(a, b + to, 100)), want);
			EXPECT_EQ(sign(memcmp(b + to, a, 100)), -want);
			EXPECT_EQ(memcmp(a, b + to, i), 0);
			b[to + i] = kept;
		}
	}
}

static int order(const char *a, const char *b, size_t len)
{
	return sign(memcmp(a, b, len));
}

KTEST(string, memcmp_compares_unsigned_bytes_and_the_first_decides)
{
	EXPECT_EQ(order("\x7f", "\x80", 1), -1);
	EXPECT_EQ(order("\xff", "\x00", 1), 1);
	EXPECT_EQ(order("ab", "ba", 2), -1);
	EXPECT_EQ(order("b\0a", "b\0b", 3), -1); /* a zero byte is no end */
	EXPECT_EQ(order("a", "b", 0), 0);
}

KTEST(string, strlen_at_every_alignment)
{
	char *text = ktest_alloc(SPACE, 16);

	for (size_t from = 0; from < 8; from++) {
		for (size_t len = 0; len < 64; len++) {
			memset(text, 'x', SPACE);
			text[from + len] = '\0';
			EXPECT_EQ(strlen(text + from), len);
			EXPECT_EQ(strnlen(text + from, SPACE - from), len);
			EXPECT_EQ(strnlen(text + from, len), len);
			EXPECT_EQ(strnlen(text + from, len / 2), len / 2);
		}
	}
}

KTEST(string, strnlen_does_not_look_past_its_bound)
{
	static const char unterminated[3] = { 'a', 'b', 'c' };

	EXPECT_EQ(strnlen(unterminated, 3), 3);
	EXPECT_EQ(strnlen(unterminated, 0), 0);
	EXPECT_EQ(strnlen("", SIZE_MAX), 0);
	EXPECT_EQ(strnlen("ab", SIZE_MAX), 2);
}

/* Both orders, by strcmp and by strncmp with enough and with endless bounds. */
static void expect_order(const char *a, const char *b, int want)
{
	EXPECT_EQ(sign(strcmp(a, b)), want);
	EXPECT_EQ(sign(strcmp(b, a)), -want);
	EXPECT_EQ(sign(strncmp(a, b, strlen(a) + 1)), want);
	EXPECT_EQ(sign(strncmp(a, b, SIZE_MAX)), want);
	EXPECT_EQ(sign(strncmp(b, a, SIZE_MAX)), -want);
}

KTEST(string, strcmp_orders_as_unsigned_bytes)
{
	expect_order("", "", 0);
	expect_order("", "a", -1);
	expect_order("a", "a", 0);
	expect_order("a", "b", -1);
	expect_order("ab", "abc", -1);
	expect_order("abd", "abcz", 1);
	expect_order("\x7f", "\x80", -1);
	expect_order("a\xff", "a", 1);
}

KTEST(string, strncmp_stops_at_its_bound_and_at_the_end)
{
	static const char a[3] = { 'x', 'y', 'z' };
	static const char b[3] = { 'x', 'y', 'Z' };
	static const char ended[] = "ab\0c";

	EXPECT_EQ(strncmp(a, b, 0), 0);
	EXPECT_EQ(strncmp(a, b, 2), 0);
	EXPECT(strncmp(a, b, 3) > 0);
	EXPECT_EQ(strncmp(ended, "ab\0d", 4), 0);
}
