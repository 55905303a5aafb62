/* SPDX-License-Identifier: MIT */
/*
 * panic.h - stop with a sentence. Never allocates, never takes a lock.
 */
#ifndef ACRE_LIB_PANIC_H
#define ACRE_LIB_PANIC_H

#include <stdarg.h>

#include "lib/attributes.h"
#include "lib/compiler.h"

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

/*
 * ASSERT - the middle tier of checks: in debug builds only (-DACRE_DEBUG), and never with a side
 * effect. What untrusted input can cause is never asserted, it is returned.
 */
#ifdef ACRE_DEBUG
#define ASSERT(condition)                                                                          \
	do {                                                                                       \
		if (unlikely(!(condition)))                                                        \
			acre_panic("assertion '%s' failed at %s:%d", #condition, __FILE__,         \
				   __LINE__);                                                      \
	} while (0)
#else
#define ASSERT(condition) ((void)sizeof(!(condition)))
#endif

#endif
