/* SPDX-License-Identifier: MIT */
/*
 * panic.h - stop with a sentence. Never allocates, never takes a lock.
 */
#ifndef ACRE_LIB_PANIC_H
#define ACRE_LIB_PANIC_H

#include <stdarg.h>

#include "lib/attributes.h"

#define ACRE_PANIC_MESSAGE_SIZE 384

/*
 * acre_panic - format a sentence (fmt.h says which conversions there are; cut at
 * ACRE_PANIC_MESSAGE_SIZE - 1 bytes) and hand it to platform_panic() with the caller's address. Any
 * hart, any lock, any interrupt state.
 */
acre_noreturn void acre_panic(const char *format, ...) acre_printf_like(1, 2);

/* acre_panic_from - the same on behalf of @caller, for a function whose caller made the mistake. */
acre_noreturn void acre_panic_from(const void *caller, const char *format, ...)
	acre_printf_like(2, 3);

#endif
