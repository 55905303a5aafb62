/* SPDX-License-Identifier: MIT */
/*
 * sbi_console.c (host) - both consoles with all that can go wrong. The firmware that QEMU 7.2
 * brings has no DBCN, so this is where that path is tested.
 */
#include "sbi/console.h"

#include <string.h>

#include "lib/compiler.h"
#include "tests/host/fake_ecall.h"
#include "tests/support/ktest.h"

static const char text[] = "A line of forty bytes, give or take one\n";
#define LEN (sizeof(text) - 1)

static bool came_out(const char *want, size_t len)
{
	return fake.out_len == len && memcmp(fake.out, want, len) == 0;
}

/* Probes the firmware that the test described and forgets the calls that this took. */
static struct sbi probed(void)
{
	struct sbi sbi;

	sbi_probe(&sbi);
	fake_forget_calls();
	return sbi;
}

static struct sbi only_dbcn(void)
{
	fake_reset();
	fake_add(SBI_EID_DBCN);
	return probed();
}

static struct sbi dbcn_and_legacy(void)
{
	fake_like_opensbi_1_3();
	return probed();
}

static struct sbi only_legacy(void)
{
	fake_like_opensbi_1_1();
	return probed();
}

static void input(const char *bytes, size_t len)
{
	fake.in = bytes;
	fake.in_len = len;
}

KTEST(sbi_console, is_chosen_by_what_is_there)
{
	struct sbi sbi = dbcn_and_legacy();

	EXPECT_STR(sbi_console_name(&sbi), "DBCN");
	sbi = only_dbcn();
	EXPECT_STR(sbi_console_name(&sbi), "DBCN");
	sbi = only_legacy();
	EXPECT_STR(sbi_console_name(&sbi), "legacy");
	fake_reset();
	sbi = probed();
	EXPECT_STR(sbi_console_name(&sbi), "none");
}

KTEST(sbi_console, dbcn_writes_all_in_one_call)
{
	struct sbi sbi = dbcn_and_legacy();

	EXPECT_EQ(sbi_console_write(&sbi, text, LEN), LEN);
	EXPECT(came_out(text, LEN));
	EXPECT_EQ(fake.ncalls, 1);
	EXPECT_EQ(fake_last()->fid, SBI_DBCN_WRITE);
	EXPECT_EQ(fake_last()->arg[0], LEN);
	EXPECT_EQ(fake_last()->arg[1], (uintptr_t)text);
	EXPECT_EQ(fake_last()->arg[2], 0); /* the upper half of the address */
}

KTEST(sbi_console, nothing_to_write_is_no_call)
{
	struct sbi sbi = dbcn_and_legacy();

	EXPECT_EQ(sbi_console_write(&sbi, text, 0), 0);
	sbi = only_legacy();
	EXPECT_EQ(sbi_console_write(&sbi, text, 0), 0);
	EXPECT_EQ(fake.ncalls, 0);
}

KTEST(sbi_console, dbcn_write_in_pieces_is_continued)
{
	for (size_t chunk = 1; chunk <= LEN; chunk++) {
		struct sbi sbi = dbcn_and_legacy();
		fake.chunk = chunk;
		EXPECT_EQ(sbi_console_write(&sbi, text, LEN), LEN);
		EXPECT(came_out(text, LEN));
		EXPECT_EQ(fake.ncalls, (LEN + chunk - 1) / chunk);
		EXPECT_EQ(fake_count(SBI_EID_DBCN, SBI_DBCN_WRITE), fake.ncalls);
	}
}

KTEST(sbi_console, dbcn_that_takes_nothing_is_waited_for_in_the_firmware)
{
	struct sbi sbi = dbcn_and_legacy();

	fake.chunk = 0;
	EXPECT_EQ(sbi_console_write(&sbi, text, LEN), LEN);
	EXPECT(came_out(text, LEN));
	EXPECT_EQ(fake_count(SBI_EID_DBCN, SBI_DBCN_WRITE_BYTE), LEN);
	EXPECT_EQ(fake_count(SBI_EID_LEGACY_CONSOLE_PUTCHAR, 0), 0);
}

KTEST(sbi_console, dbcn_error_anywhere_goes_on_with_putchar)
{
	static const long error[] = { SBI_ERR_FAILED, SBI_ERR_INVALID_PARAM, SBI_ERR_DENIED,
				      SBI_ERR_NOT_SUPPORTED, -99 };

	for (size_t i = 0; i < ARRAY_SIZE(error); i++) {
		for (size_t at = 0; at <= LEN; at++) {
			struct sbi sbi = dbcn_and_legacy();
			fake.write_error = error[i];
			fake.fails_at = at;
			EXPECT_EQ(sbi_console_write(&sbi, text, LEN), LEN);
			EXPECT(came_out(text, LEN));
			EXPECT_EQ(fake_count(SBI_EID_LEGACY_CONSOLE_PUTCHAR, 0), LEN - at);
		}
	}
}

KTEST(sbi_console, dbcn_error_without_putchar_goes_on_byte_by_byte)
{
	for (size_t at = 0; at < LEN; at++) {
		struct sbi sbi = only_dbcn();
		fake.write_error = SBI_ERR_FAILED;
		fake.fails_at = at;
		EXPECT_EQ(sbi_console_write(&sbi, text, LEN), LEN);
		EXPECT(came_out(text, LEN));
		EXPECT_EQ(fake_count(SBI_EID_DBCN, SBI_DBCN_WRITE_BYTE), LEN - at);
	}
}

KTEST(sbi_console, text_in_firmware_memory_still_comes_out)
{
	struct sbi sbi = dbcn_and_legacy();

	fake.secret = (uintptr_t)text + 7;
	fake.secret_len = 1;
	EXPECT_EQ(sbi_console_write(&sbi, text, LEN), LEN);
	EXPECT(came_out(text, LEN));
	sbi = only_dbcn();
	fake.secret = (uintptr_t)text;
	fake.secret_len = LEN;
	EXPECT_EQ(sbi_console_write(&sbi, text, LEN), LEN);
	EXPECT(came_out(text, LEN));
}

KTEST(sbi_console, write_tells_how_much_came_out_when_every_way_fails)
{
	struct sbi sbi = dbcn_and_legacy();

	fake.write_error = SBI_ERR_FAILED;
	fake.fails_at = 5;
	fake.putchar_result = SBI_ERR_NOT_SUPPORTED;
	fake.byte_error = SBI_ERR_FAILED;
	EXPECT_EQ(sbi_console_write(&sbi, text, LEN), 5);
	EXPECT(came_out(text, 5));
	sbi = only_dbcn();
	fake.chunk = 0;
	fake.byte_error = SBI_ERR_DENIED;
	EXPECT_EQ(sbi_console_write(&sbi, text, LEN), 0);
	EXPECT_EQ(fake.out_len, 0);
}

KTEST(sbi_console, dbcn_that_claims_too_much_is_not_believed)
{
	struct sbi sbi = dbcn_and_legacy();

	fake.overstates = true;
	EXPECT_EQ(sbi_console_write(&sbi, text, LEN), LEN);
	EXPECT(came_out(text, LEN));
	EXPECT_EQ(fake_count(SBI_EID_LEGACY_CONSOLE_PUTCHAR, 0), LEN);
}

KTEST(sbi_console, newline_goes_out_as_it_is)
{
	struct sbi sbi = only_legacy();

	EXPECT_EQ(sbi_console_write(&sbi, "\n\r\n", 3), 3);
	EXPECT(came_out("\n\r\n", 3));
	sbi = only_dbcn();
	EXPECT_EQ(sbi_console_write(&sbi, "\n\r\n", 3), 3);
	EXPECT(came_out("\n\r\n", 3));
}

KTEST(sbi_console, putchar_passes_bytes_not_negative_numbers)
{
	static const char bytes[] = { (char)0x80, (char)0xff, 0 };
	struct sbi sbi = only_legacy();

	EXPECT_EQ(sbi_console_write(&sbi, bytes, 3), 3);
	EXPECT_EQ(fake.call[0].arg[0], 0x80);
	EXPECT_EQ(fake.call[1].arg[0], 0xff);
	EXPECT_EQ(fake.call[2].arg[0], 0);
	sbi = only_dbcn();
	fake.chunk = 0;
	EXPECT_EQ(sbi_console_write(&sbi, bytes, 3), 3);
	EXPECT_EQ(fake.call[1].arg[0], 0x80);
	EXPECT_EQ(fake.call[3].arg[0], 0xff);
}

KTEST(sbi_console, putchar_of_the_first_specification_may_return_anything)
{
	struct sbi sbi = only_legacy();

	fake.putchar_result = 'A'; /* 0.1 called it void: a0 as it was */
	EXPECT_EQ(sbi_console_write(&sbi, text, LEN), LEN);
	EXPECT(came_out(text, LEN));
}

KTEST(sbi_console, before_the_probe_is_legacy)
{
	struct sbi sbi = { 0 };

	fake_like_0_1();
	EXPECT_STR(sbi_console_name(&sbi), "legacy");
	EXPECT_EQ(sbi_console_write(&sbi, text, LEN), LEN);
	EXPECT(came_out(text, LEN));
	input("x", 1);
	EXPECT_EQ(sbi_console_getc(&sbi), 'x');
	fake_reset(); /* ... and harmless where there is no such call */
	EXPECT_EQ(sbi_console_write(&sbi, text, LEN), 0);
	EXPECT_EQ(sbi_console_getc(&sbi), -1);
}

KTEST(sbi_console, without_any_nothing_is_called)
{
	fake_reset();
	struct sbi sbi = probed();

	EXPECT_EQ(sbi_console_write(&sbi, text, LEN), 0);
	EXPECT_EQ(sbi_console_getc(&sbi), -1);
	EXPECT_EQ(fake.ncalls, 0);
}

static void expect_every_byte(struct sbi *sbi)
{
	char bytes[256];

	for (unsigned i = 0; i < 256; i++)
		bytes[i] = (char)i;
	input(bytes, 256);
	for (int i = 0; i < 256; i++)
		EXPECT_EQ(sbi_console_getc(sbi), i);
	EXPECT_EQ(sbi_console_getc(sbi), -1);
	EXPECT_EQ(sbi_console_getc(sbi), -1);
}

KTEST(sbi_console, getc_gives_every_byte_and_then_nothing)
{
	struct sbi sbi = only_dbcn();

	expect_every_byte(&sbi);
	EXPECT_EQ(fake_count(SBI_EID_DBCN, SBI_DBCN_READ), 258);
	sbi = only_legacy();
	expect_every_byte(&sbi);
}

KTEST(sbi_console, dbcn_read_asks_for_one_byte)
{
	struct sbi sbi = dbcn_and_legacy();

	input("ab", 2);
	EXPECT_EQ(sbi_console_getc(&sbi), 'a');
	EXPECT_EQ(fake_last()->eid, SBI_EID_DBCN);
	EXPECT_EQ(fake_last()->fid, SBI_DBCN_READ);
	EXPECT_EQ(fake_last()->arg[0], 1);
	EXPECT_EQ(fake_last()->arg[2], 0);
	EXPECT_EQ(sbi_console_getc(&sbi), 'b');
	EXPECT_EQ(sbi_console_getc(&sbi), -1); /* error 0, length 0 */
	EXPECT_EQ(fake.ncalls, 3);
}

KTEST(sbi_console, dbcn_read_error_goes_on_with_getchar)
{
	struct sbi sbi = dbcn_and_legacy();

	fake.read_error = SBI_ERR_INVALID_PARAM;
	input("c", 1);
	EXPECT_EQ(sbi_console_getc(&sbi), 'c');
	EXPECT_EQ(fake_last()->eid, SBI_EID_LEGACY_CONSOLE_GETCHAR);
	EXPECT_EQ(sbi_console_getc(&sbi), -1);
	sbi = only_dbcn();
	fake.read_error = SBI_ERR_FAILED;
	input("c", 1);
	EXPECT_EQ(sbi_console_getc(&sbi), -1);
}
