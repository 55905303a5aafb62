/* SPDX-License-Identifier: MIT */
/*
 * console.h - bytes to and from the firmware's console, by DBCN or by the legacy calls.
 *
 * The choice is made once, by sbi_probe(). Nothing is translated: '\n' goes out as '\n'. Addresses
 * are passed as the physical addresses that DBCN wants: paging is off, or maps the buffer 1:1.
 */
#ifndef ACRE_SBI_CONSOLE_H
#define ACRE_SBI_CONSOLE_H

#include <stddef.h>

#include "sbi/sbi.h"

/* A way to carry bytes. */
struct sbi_console {
	const char *name; /* "DBCN", "legacy", "none" */
	size_t (*write)(const struct sbi *sbi, const char *text, size_t len);
	int (*getc)(const struct sbi *sbi);
};

/* sbi_console_name - which one is in use: "DBCN", "legacy" or "none". */
const char *sbi_console_name(const struct sbi *sbi);

/*
 * sbi_console_write - put out @len bytes of @text, in order.
 *         A write that the firmware takes in part is continued; a write of which it takes
 *         nothing goes on with the call that waits (one byte); a failed one goes on with legacy
 *         putchar where there is one, else byte by byte.
 * Result: the bytes that the firmware took: @len, or less when every way failed.
 * Cost:   DBCN: one call for all at best; legacy: a call for each byte.
 * Source: SBI v3.0 sections 12.1, 12.3, 5.2.
 */
size_t sbi_console_write(const struct sbi *sbi, const char *text, size_t len);

/*
 * sbi_console_getc - the next byte of input, 0 to 255; -1 when there is none now, or no console.
 *         Does not wait.
 * Source: SBI v3.0 sections 12.2, 5.3.
 */
int sbi_console_getc(const struct sbi *sbi);

#endif
