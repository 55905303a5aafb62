/* SPDX-License-Identifier: MIT */
/* compiler.h (explore) - that of src/lib, but a plain store for others to see is a step as well. */
#ifndef EXPLORE_COMPILER_H
#define EXPLORE_COMPILER_H

#include <stdatomic.h>

#include_next "lib/compiler.h"

#undef store_plain
#define store_plain(at, type, value)                                                               \
	explore_store((at), sizeof(type), (uint64_t)(type)(value), memory_order_relaxed)

/* A plain read of bytes that this hart may have stored late: no step of its own. */
#define __builtin_memcpy(to, from, n) explore_copy((to), (from), (n))

#endif
