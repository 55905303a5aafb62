/* SPDX-License-Identifier: MIT */
/*
 * compiler.h - the few words that C17 lacks and that gcc, clang and the analysers all understand.
 */
#ifndef ACRE_LIB_COMPILER_H
#define ACRE_LIB_COMPILER_H

#define acre_nodiscard               __attribute__((warn_unused_result))
#define acre_noreturn                __attribute__((noreturn))
#define acre_printf_like(fmt, first) __attribute__((format(printf, fmt, first)))
#define likely(x)                    __builtin_expect(!!(x), 1)
#define unlikely(x)                  __builtin_expect(!!(x), 0)
#define acre_aligned_to(n)           __attribute__((aligned(n)))
#define never_inline                 __attribute__((noinline))
#define always_inline                inline __attribute__((always_inline))

/*
 * store_plain - one plain store of a whole object, for others to read or change at once: what a
 * relaxed atomic store should be, which gcc makes an AMO on RISC-V before version 14. The thread
 * sanitizer takes it for a race; functions that do it are marked, racy_stores. store_once - that
 * of a 64-bit word. racy_reads - marks a function that reads what others write to, several pieces at
 * once, and only to decide where to look.
 */
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a type is none */
#define store_plain(at, type, value) ((void)(*(volatile type *)(at) = (value)))
#define store_once(at, word)         store_plain(at, uint64_t, word)
#define racy_stores                  never_inline __attribute__((no_sanitize("thread")))
#define racy_reads                   racy_stores

/*
 * For allocators. acre_allocates: what is returned is new memory, which nothing else points to.
 * acre_sized_by(n): argument n says how many bytes it has (acre_sized_by(n, m): n * m). acre_released_by(fn, n):
 * argument n of fn takes it back; gcc's -fanalyzer then finds leaks, double frees and uses after
 * free. clang does not know the last one.
 */
#define acre_allocates     __attribute__((malloc))
#define acre_sized_by(...) __attribute__((alloc_size(__VA_ARGS__)))
#define acre_never_null    __attribute__((returns_nonnull))
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#define acre_released_by(fn, n) __attribute__((malloc(fn, n)))
#else
#define acre_released_by(fn, n)
#endif

/* Where the current function was called from: what a report names as the culprit. */
#define CALLER() __builtin_return_address(0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
