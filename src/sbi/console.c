/* SPDX-License-Identifier: MIT */
/* console.c - the three consoles of console.h. */
#include "sbi/console.h"

#include "sbi/ecall.h"

static size_t legacy_write(const struct sbi *sbi, const char *text, size_t len)
{
	(void)sbi;
	for (size_t i = 0; i < len; i++) {
		long error = sbi_ecall_legacy(SBI_EID_LEGACY_CONSOLE_PUTCHAR,
					      (unsigned char)text[i], 0, 0, 0);
		if (error == SBI_ERR_NOT_SUPPORTED)
			return i;
		/* Any other result is of the implementation's choice: 0.1 did not define one. */
	}
	return len;
}

static int legacy_getc(const struct sbi *sbi)
{
	(void)sbi;
	long c = sbi_ecall_legacy(SBI_EID_LEGACY_CONSOLE_GETCHAR, 0, 0, 0, 0);

	return c < 0 ? -1 : (int)(c & 0xff);
}

/* The call that waits until the console has room: for one byte. */
static bool dbcn_write_byte(char c)
{
	return sbi_ecall(SBI_EID_DBCN, SBI_DBCN_WRITE_BYTE, (unsigned char)c, 0, 0, 0, 0, 0)
		       .error == SBI_SUCCESS;
}

static size_t dbcn_write_bytes(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!dbcn_write_byte(text[i]))
			return i;
	}
	return len;
}

static size_t dbcn_write(const struct sbi *sbi, const char *text, size_t len)
{
	size_t done = 0;

	while (done < len) {
		struct sbi_ret ret = sbi_ecall(SBI_EID_DBCN, SBI_DBCN_WRITE, len - done,
					       (uintptr_t)(text + done), 0, 0, 0, 0);
		if (ret.error != SBI_SUCCESS || ret.value > len - done)
			break;
		done += ret.value;
		if (ret.value != 0)
			continue;
		/* Allowed: the console is busy. Let the firmware wait, not us. */
		if (!dbcn_write_byte(text[done]))
			break;
		done++;
	}
	if (done == len)
		return len;
	if (sbi_has(sbi, SBI_EXT_LEGACY_CONSOLE_PUTCHAR))
		done += legacy_write(sbi, text + done, len - done);
	return done + dbcn_write_bytes(text + done, len - done);
}

static int dbcn_getc(const struct sbi *sbi)
{
	unsigned char c = 0;
	struct sbi_ret ret = sbi_ecall(SBI_EID_DBCN, SBI_DBCN_READ, 1, (uintptr_t)&c, 0, 0, 0, 0);

	if (ret.error == SBI_SUCCESS)
		return ret.value == 1 ? c : -1;
	return sbi_has(sbi, SBI_EXT_LEGACY_CONSOLE_GETCHAR) ? legacy_getc(sbi) : -1;
}

static size_t none_write(const struct sbi *sbi, const char *text, size_t len)
{
	(void)sbi;
	(void)text;
	(void)len;
	return 0;
}

static int none_getc(const struct sbi *sbi)
{
	(void)sbi;
	return -1;
}

static const struct sbi_console dbcn_console = { "DBCN", dbcn_write, dbcn_getc };
static const struct sbi_console legacy_console = { "legacy", legacy_write, legacy_getc };
static const struct sbi_console none_console = { "none", none_write, none_getc };

const struct sbi_console *sbi_console_choose(const struct sbi *sbi)
{
	if (sbi_has(sbi, SBI_EXT_DBCN))
		return &dbcn_console;
	if (sbi_has(sbi, SBI_EXT_LEGACY_CONSOLE_PUTCHAR))
		return &legacy_console;
	return &none_console;
}

static const struct sbi_console *in_use(const struct sbi *sbi)
{
	return sbi->console != NULL ? sbi->console : &legacy_console;
}

const char *sbi_console_name(const struct sbi *sbi)
{
	return in_use(sbi)->name;
}

size_t sbi_console_write(const struct sbi *sbi, const char *text, size_t len)
{
	return in_use(sbi)->write(sbi, text, len);
}

int sbi_console_getc(const struct sbi *sbi)
{
	return in_use(sbi)->getc(sbi);
}
