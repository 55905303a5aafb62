/* SPDX-License-Identifier: MIT */
/* fmt_test.c (cases) - the formatter against strings written down here; fmt_oracle.c has the random
 * ones. */
#include "lib/fmt.h"

#include <stdint.h>

#include "lib/string.h"
#include "tests/support/ktest.h"

/* Without the compiler's check, so that a case may pass what no caller should. */
static size_t format(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	size_t len = fmt_vbuffer(buf, size, fmt, args);
	va_end(args);
	return len;
}

#define EXPECT_FMT(want, ...)                                                                      \
	do {                                                                                       \
		char text_[128];                                                                   \
		EXPECT_EQ(format(text_, sizeof(text_), __VA_ARGS__), strlen(want));                \
		EXPECT_STR(text_, want);                                                           \
	} while (0)

KTEST(fmt, text_passes_unchanged)
{
	EXPECT_FMT("", "%s", "");
	EXPECT_FMT("", "");
	EXPECT_FMT("no conversion \n\t\x80", "no conversion \n\t\x80");
	EXPECT_FMT("100%", "100%%");
	EXPECT_FMT("%%", "%%%%");
}

KTEST(fmt, decimal_of_every_length)
{
	EXPECT_FMT("0", "%d", 0);
	EXPECT_FMT("-1", "%d", -1);
	EXPECT_FMT("42", "%i", 42);
	EXPECT_FMT("-2147483648", "%d", INT32_MIN);
	EXPECT_FMT("4294967295", "%u", UINT32_MAX);
	EXPECT_FMT("-1", "%hhd", 255);
	EXPECT_FMT("255", "%hhu", 511);
	EXPECT_FMT("-1", "%hd", 65535);
	EXPECT_FMT("1", "%hu", 65537);
	EXPECT_FMT("-9223372036854775808", "%ld", INT64_MIN);
	EXPECT_FMT("9223372036854775807", "%lld", (long long)INT64_MAX);
	EXPECT_FMT("18446744073709551615", "%lu", UINT64_MAX);
	EXPECT_FMT("18446744073709551615", "%llu", (unsigned long long)UINT64_MAX);
	EXPECT_FMT("18446744073709551615", "%zu", SIZE_MAX);
	EXPECT_FMT("18446744073709551615", "%ju", UINTMAX_MAX);
	EXPECT_FMT("-9", "%td", (ptrdiff_t)-9);
}

KTEST(fmt, hexadecimal)
{
	EXPECT_FMT("0", "%x", 0u);
	EXPECT_FMT("deadbeef", "%x", 0xdeadbeefu);
	EXPECT_FMT("DEADBEEF", "%X", 0xdeadbeefu);
	EXPECT_FMT("0xff", "%#x", 255u);
	EXPECT_FMT("0XFF", "%#X", 255u);
	EXPECT_FMT("0", "%#x", 0u); /* C: no prefix on zero */
	EXPECT_FMT("ffffffffffffffff", "%lx", UINT64_MAX);
	EXPECT_FMT("f0", "%hhx", 0xabf0u);
}

KTEST(fmt, characters_strings_pointers)
{
	EXPECT_FMT("x", "%c", 'x');
	EXPECT_FMT("  x|", "%3c|", 'x');
	EXPECT_FMT("x  |", "%-3c|", 'x');
	EXPECT_FMT("abc", "%s", "abc");
	EXPECT_FMT("(null)", "%s", (const char *)NULL);
	EXPECT_FMT("  abc|", "%5s|", "abc");
	EXPECT_FMT("abc  |", "%-5s|", "abc");
	EXPECT_FMT("ab|", "%.2s|", "abc");
	EXPECT_FMT("|", "%.0s|", "abc");
	EXPECT_FMT("0x0", "%p", (void *)0);
	EXPECT_FMT("0x80200000", "%p", (void *)0x80200000ul);
	EXPECT_FMT("0xffffffffffffffff", "%p", (void *)UINTPTR_MAX);
	EXPECT_FMT("   0x10|", "%7p|", (void *)16);
}

KTEST(fmt, a_zero_character_is_a_character)
{
	char text[8];

	EXPECT_EQ(fmt_buffer(text, sizeof(text), "a%cb", '\0'), 3);
	EXPECT_EQ(memcmp(text, "a\0b", 4), 0);
}

KTEST(fmt, string_with_a_precision_needs_no_end)
{
	static const char unterminated[3] = { 'a', 'b', 'c' };

	EXPECT_FMT("abc", "%.3s", unterminated);
	EXPECT_FMT("ab", "%.*s", 2, unterminated);
}

KTEST(fmt, width_and_flags)
{
	EXPECT_FMT("   42|", "%5d|", 42);
	EXPECT_FMT("42   |", "%-5d|", 42);
	EXPECT_FMT("00042|", "%05d|", 42);
	EXPECT_FMT("-0042|", "%05d|", -42);
	EXPECT_FMT("42   |", "%-05d|", 42); /* '-' beats '0' */
	EXPECT_FMT("+42", "%+d", 42);
	EXPECT_FMT(" 42", "% d", 42);
	EXPECT_FMT("+42", "%+ d", 42); /* '+' beats ' ' */
	EXPECT_FMT("-42", "%+d", -42);
	EXPECT_FMT("0x00ff", "%#06x", 255u);
	EXPECT_FMT("  0xff", "%#6x", 255u);
	EXPECT_FMT("123456", "%3d", 123456);
	EXPECT_FMT("   42|", "%*d|", 5, 42);
	EXPECT_FMT("42   |", "%*d|", -5, 42);
}

KTEST(fmt, precision_of_numbers)
{
	EXPECT_FMT("007", "%.3d", 7);
	EXPECT_FMT("-007", "%.3d", -7);
	EXPECT_FMT("  007|", "%5.3d|", 7);
	EXPECT_FMT("  007|", "%05.3d|", 7); /* a precision beats '0' */
	EXPECT_FMT("", "%.0d", 0);
	EXPECT_FMT("   |", "%3.0d|", 0);
	EXPECT_FMT("+", "%+.0d", 0);
	EXPECT_FMT("", "%#.0x", 0u);
	EXPECT_FMT("0x007", "%#.3x", 7u);
	EXPECT_FMT("007", "%.*d", 3, 7);
	EXPECT_FMT("7", "%.*d", -3, 7); /* negative: as if not given */
	EXPECT_FMT("7", "%.d", 7);
	EXPECT_FMT("00000000000000000000000000000007", "%.32d", 7);
}

KTEST(fmt, unknown_conversions_stand_as_they_are)
{
	EXPECT_FMT("%y", "%y");
	EXPECT_FMT("a%-5.3lqb", "a%-5.3lqb");
	EXPECT_FMT("%f 7", "%f %d", 7);
	EXPECT_FMT("%", "%");
	EXPECT_FMT("a%-3", "a%-3");
	EXPECT_FMT("%l", "%l");
}

static void count(void *ctx, const char *text, size_t len)
{
	(void)text;
	*(size_t *)ctx += len;
}

static size_t format_to_counter(size_t *counted, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	size_t len = fmt_vformat(count, counted, fmt, args);
	va_end(args);
	return len;
}

KTEST(fmt, hostile_widths_are_bounded)
{
	size_t counted = 0;

	EXPECT_EQ(format_to_counter(&counted, "%99999999999999999999999d", 1), 4096);
	EXPECT_EQ(format_to_counter(&counted, "%.99999999999999999999999d", 1), 4096);
	EXPECT_EQ(format_to_counter(&counted, "%*d", INT32_MIN, 1), 4096);
	EXPECT_EQ(format_to_counter(&counted, "%*d", INT32_MAX, 1), 4096);
	EXPECT_EQ(counted, 4 * 4096);
}

KTEST(fmt, the_sink_gets_as_much_as_is_said)
{
	size_t counted = 0;
	size_t said = format_to_counter(&counted, "%5d %-8s|%#lx%%%c", 3, "abc", 77ul, 'x');

	EXPECT_EQ(counted, said);
	EXPECT_EQ(said, strlen("    3 abc     |0x4d%x"));
}

KTEST(fmt, a_buffer_too_small_is_cut_and_terminated)
{
	char text[16];

	for (size_t size = 1; size <= 10; size++) {
		memset(text, '#', sizeof(text));
		EXPECT_EQ(fmt_buffer(text, size, "%s%d", "abcde", 1234), 9);
		size_t kept = size - 1 < 9 ? size - 1 : 9;
		EXPECT_EQ(memcmp(text, "abcde1234", kept), 0);
		EXPECT_EQ(text[kept], '\0');
		for (size_t i = size; i < sizeof(text); i++)
			EXPECT_EQ(text[i], '#');
	}
}

KTEST(fmt, no_buffer_at_all_still_measures)
{
	char untouched = '#';

	EXPECT_EQ(fmt_buffer(NULL, 0, "%s%d", "abcde", 1234), 9);
	EXPECT_EQ(fmt_buffer(&untouched, 0, "%d", 7), 1);
	EXPECT_EQ(untouched, '#');
}

#define EXPECT_SIZE(bytes, want)                                                                   \
	do {                                                                                       \
		char text_[FMT_SIZE_LEN];                                                          \
		EXPECT_STR(fmt_size(text_, bytes), want);                                          \
	} while (0)

#define KIB 1024ull
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

KTEST(fmt, sizes_that_a_unit_states_exactly)
{
	EXPECT_SIZE(0, "0 B");
	EXPECT_SIZE(12, "12 B");
	EXPECT_SIZE(1023, "1023 B");
	EXPECT_SIZE(KIB, "1 KiB");
	EXPECT_SIZE(1025, "1025 B");
	EXPECT_SIZE(9999, "9999 B");
	EXPECT_SIZE(500 * KIB, "500 KiB");
	EXPECT_SIZE(128 * MIB, "128 MiB");
	EXPECT_SIZE(3 * GIB + MIB, "3073 MiB");
	EXPECT_SIZE(9999 * GIB, "9999 GiB");
	EXPECT_SIZE(1ull << 40, "1 TiB");
	EXPECT_SIZE(1ull << 50, "1 PiB");
	EXPECT_SIZE(1ull << 63, "8 EiB");
}

KTEST(fmt, sizes_that_are_rounded_say_so)
{
	EXPECT_SIZE(10000, "~9.77 KiB");
	EXPECT_SIZE(2 * MIB - 31 * KIB - 1, "~1.97 MiB");
	EXPECT_SIZE(10240 + 128, "~10.13 KiB"); /* 10.125: a half goes up */
	EXPECT_SIZE(10240 + 127, "~10.12 KiB");
	EXPECT_SIZE(10 * GIB + 1, "~10.00 GiB");
	EXPECT_SIZE(10001 * KIB, "~9.77 MiB");
}

KTEST(fmt, sizes_that_round_up_to_the_next_unit)
{
	EXPECT_SIZE(MIB - 1, "~1.00 MiB");
	EXPECT_SIZE(GIB - 1, "~1.00 GiB");
	EXPECT_SIZE(UINT64_MAX, "~16.00 EiB"); /* there is no next one */
	EXPECT_SIZE(100 * GIB - 1, "~100.00 GiB");
}
