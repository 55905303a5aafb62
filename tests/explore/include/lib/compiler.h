/* SPDX-License-Identifier: MIT */
/* compiler.h (explore) - that of src/lib, but a plain store for others to see is a step as well. */
#ifndef EXPLORE_COMPILER_H
#define EXPLORE_COMPILER_H

#include <stdatomic.h>

#include_next "lib/compiler.h"

#undef store_once
#define store_once(at, word)                                                                       \
	explore_store((volatile uint64_t *)(at), sizeof(uint64_t), (word), memory_order_relaxed)

#endif
