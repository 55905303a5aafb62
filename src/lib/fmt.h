/* SPDX-License-Identifier: MIT */
/*
 * fmt.h - printf-style formatting into a sink. No allocation, no lock, no floating point.
 *
 * Conversions: %d %i %u %x %X %c %s %p %%, lengths hh h l ll z j t, flags '-' '0' '#' '+' ' ',
 * width and precision (also '*'). %p prints 0x and at least one digit. An unknown conversion is
 * printed as it stands.
 */
#ifndef ACRE_LIB_FMT_H
#define ACRE_LIB_FMT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"

/* fmt_sink - receives the text in pieces, in order; @ctx is the caller's. */
typedef void (*fmt_sink)(void *ctx, const char *text, size_t len);

/* fmt_vformat - format to @sink. Result: bytes produced. */
size_t fmt_vformat(fmt_sink sink, void *ctx, const char *format, va_list args);

/*
 * fmt_buffer - format into @buf of @size bytes. The result is always terminated when @size > 0.
 * Result: the length that the whole text has, which may be more than fits (as snprintf).
 */
size_t fmt_buffer(char *buf, size_t size, const char *format, ...) acre_printf_like(3, 4);
size_t fmt_vbuffer(char *buf, size_t size, const char *format, va_list args);

#define FMT_SIZE_LEN 32

/*
 * fmt_size - @bytes in the largest binary unit that states it exactly in at most four digits, else
 * rounded to two decimals and marked with '~': "128 MiB", "500 KiB", "~1.97 MiB", "12 B".
 * Result: @buf, terminated.
 */
const char *fmt_size(char buf[FMT_SIZE_LEN], uint64_t bytes);

#endif
