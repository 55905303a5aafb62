/* SPDX-License-Identifier: MIT */
/*
 * atomic_store.h - atomic stores that cost a store: gcc before version 14 makes each of them an AMO
 * on RISC-V, which silicon takes ten times as long for. And an atomic load of what is narrow that
 * costs a load, since gcc extends it once more: its caller must not mind if it is loaded twice.
 * Where the seam says that a plain store of an aligned object of up to 64 bits is whole, these are
 * plain; elsewhere they are C's, which the thread sanitizer and the explorer know.
 */
#ifndef ACRE_LIB_ATOMIC_STORE_H
#define ACRE_LIB_ATOMIC_STORE_H

#include <stdatomic.h>

#include "lib/platform.h"

#ifdef PLATFORM_HAS_PLAIN_STORE
/* The comma leaves out what qualifies the type. */
#define store_relaxed(at, value) ((void)(*(volatile __typeof__(((void)0, *(at))) *)(at) = (value)))
#define store_release(at, value)                                                                   \
	(atomic_thread_fence(memory_order_release), store_relaxed(at, value))
#define load_narrow(at) (*(const __typeof__(((void)0, *(at))) *)(at))
#else
#define store_relaxed(at, value) atomic_store_explicit(at, value, memory_order_relaxed)
#define store_release(at, value) atomic_store_explicit(at, value, memory_order_release)
#define load_narrow(at)          atomic_load_explicit(at, memory_order_relaxed)
#endif

#endif
