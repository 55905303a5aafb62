/* SPDX-License-Identifier: MIT */
/*
 * attributes.h - what a declaration says to the compiler beyond C17: for public headers, so every
 * name has our prefix, and attributes are written with underscores: a program may have a macro
 * noreturn or always_inline. The short words that our own .c files use are in compiler.h.
 */
#ifndef ACRE_LIB_ATTRIBUTES_H
#define ACRE_LIB_ATTRIBUTES_H

#define acre_nodiscard               __attribute__((__warn_unused_result__))
#define acre_noreturn                __attribute__((__noreturn__))
#define acre_printf_like(fmt, first) __attribute__((__format__(__printf__, fmt, first)))
#define acre_aligned_to(n)           __attribute__((__aligned__(n)))
#define acre_always_inline           inline __attribute__((__always_inline__))

/*
 * For allocators. acre_allocates: what is returned is new memory, which nothing else points to.
 * acre_sized_by(n): argument n says how many bytes it has; acre_sized_by(n, m): n * m.
 * acre_released_by(fn, n): argument n of fn takes it back; gcc's -fanalyzer then finds leaks,
 * double frees and uses after free. clang does not know the last one.
 */
#define acre_allocates     __attribute__((__malloc__))
#define acre_sized_by(...) __attribute__((__alloc_size__(__VA_ARGS__)))
#define acre_never_null    __attribute__((__returns_nonnull__))
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#define acre_released_by(fn, n) __attribute__((__malloc__(fn, n)))
#else
#define acre_released_by(fn, n)
#endif

/* acre_caller - where the current function was called from: what a report names as the culprit. */
#define acre_caller() __builtin_return_address(0)

/*
 * acre_order_of_address - the order of a load of an address that another hart wrote by a release, for
 * a reader who only goes on from that address: on RISC-V a load from it comes after it anyhow. C11
 * has no word for this that costs nothing. The thread sanitizer and the explorer, which look for
 * races, do not know it, and see an acquire.
 */
#ifdef ACRE_SEES_RACES
#define acre_order_of_address memory_order_acquire
#else
#define acre_order_of_address memory_order_relaxed
#endif

#endif
