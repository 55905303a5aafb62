/* SPDX-License-Identifier: MIT */
/*
 * compiler.h - the few words that C17 lacks and that gcc, clang and the analysers all understand.
 */
#ifndef LIB_COMPILER_H
#define LIB_COMPILER_H

#define nodiscard               __attribute__((warn_unused_result))
#define printf_like(fmt, first) __attribute__((format(printf, fmt, first)))
#define likely(x)               __builtin_expect(!!(x), 1)
#define unlikely(x)             __builtin_expect(!!(x), 0)
#define aligned_to(n)           __attribute__((aligned(n)))
#define noinline                __attribute__((noinline))
#define always_inline           inline __attribute__((always_inline))

/* Where the current function was called from: what a report names as the culprit. */
#define CALLER() __builtin_return_address(0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
