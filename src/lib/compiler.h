/* SPDX-License-Identifier: MIT */
/*
 * compiler.h - short words that C17 lacks, for our own .c files and internal headers. A public
 * header does not include this: every kernel has a likely() and an ARRAY_SIZE() of its own.
 */
#ifndef ACRE_LIB_COMPILER_H
#define ACRE_LIB_COMPILER_H

#define likely(x)    __builtin_expect(!!(x), 1)
#define unlikely(x)  __builtin_expect(!!(x), 0)
#define never_inline __attribute__((__noinline__))

/*
 * For paths where a call costs too much; who compiles for size has decided otherwise. Not
 * always_inline, since picolibc's headers ask whether there is an attribute of that name.
 */
#ifdef ACRE_FOR_SIZE
#define force_inline inline
#else
#define force_inline inline __attribute__((__always_inline__))
#endif

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/*
 * store_plain - one plain store of a whole object that other harts read or change at the same time:
 * what a relaxed atomic store should be, which gcc before version 14 makes an AMO on RISC-V. The
 * thread sanitizer takes it for a race, so a function that does it is marked racy_stores: its plain
 * accesses are not checked, its atomic operations still are.
 * store_once - the same for a 64-bit word. racy_reads - marks a function that reads what other
 * harts write to, several pieces at the same time, and only to decide where to look.
 */
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a type is none */
#define store_plain(at, type, value) ((void)(*(volatile type *)(at) = (value)))
#define store_once(at, word)         store_plain(at, uint64_t, word)
#define racy_stores                  __attribute__((__no_sanitize__("thread")))
#define racy_reads                   never_inline racy_stores

#endif
