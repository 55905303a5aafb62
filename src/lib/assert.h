/* SPDX-License-Identifier: MIT */
/*
 * assert.h - the middle tier of checks, for our own .c files. Like compiler.h, no public header
 * includes it: every kernel has an ASSERT() of its own.
 */
#ifndef ACRE_LIB_ASSERT_H
#define ACRE_LIB_ASSERT_H

#include "lib/compiler.h"
#include "lib/panic.h"

/*
 * ASSERT - a check in debug builds only (-DACRE_DEBUG), and never with a side effect. What untrusted
 * input can cause is never asserted, it is returned.
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
