/* SPDX-License-Identifier: MIT */
/*
 * empty_call.h - the place where a call would be, empty: CALL_1(x) and so on declare the registers
 * of its arguments, @a to @e; @a has the answer afterwards.
 */
#ifndef BENCH_EMPTY_CALL_H
#define BENCH_EMPTY_CALL_H

#include <stdint.h>

#ifdef __riscv
#define CALL_IN(name, reg) register uint64_t name __asm__(#reg)
#define CALL_CLOBBERS      "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a5", "a6", "a7", "memory"
#define CALL(...)          __asm__ volatile("" : __VA_ARGS__ : : CALL_CLOBBERS)
#else
#define CALL_IN(name, reg) uint64_t name
#define CALL(...)          __asm__ volatile("" : __VA_ARGS__ : : "memory")
#endif

/*
 * Five arguments at the most; one that a call does not have holds nothing, and setting it up
 * costs nothing.
 */
#define CALL_1(x)                                                                                  \
	CALL_IN(a, a0) = (x);                                                                      \
	CALL_IN(b, a1);                                                                            \
	CALL_IN(c, a2);                                                                            \
	CALL_IN(d, a3);                                                                            \
	CALL_IN(e, a4);                                                                            \
	CALL("+r"(a), "=r"(b), "=r"(c), "=r"(d), "=r"(e))
#define CALL_2(x, y)                                                                               \
	CALL_IN(a, a0) = (x);                                                                      \
	CALL_IN(b, a1) = (y);                                                                      \
	CALL_IN(c, a2);                                                                            \
	CALL_IN(d, a3);                                                                            \
	CALL_IN(e, a4);                                                                            \
	CALL("+r"(a), "+r"(b), "=r"(c), "=r"(d), "=r"(e))
#define CALL_3(x, y, z)                                                                            \
	CALL_IN(a, a0) = (x);                                                                      \
	CALL_IN(b, a1) = (y);                                                                      \
	CALL_IN(c, a2) = (z);                                                                      \
	CALL_IN(d, a3);                                                                            \
	CALL_IN(e, a4);                                                                            \
	CALL("+r"(a), "+r"(b), "+r"(c), "=r"(d), "=r"(e))
#define CALL_4(x, y, z, u)                                                                         \
	CALL_IN(a, a0) = (x);                                                                      \
	CALL_IN(b, a1) = (y);                                                                      \
	CALL_IN(c, a2) = (z);                                                                      \
	CALL_IN(d, a3) = (u);                                                                      \
	CALL_IN(e, a4);                                                                            \
	CALL("+r"(a), "+r"(b), "+r"(c), "+r"(d), "=r"(e))
#define CALL_5(x, y, z, u, v)                                                                      \
	CALL_IN(a, a0) = (x);                                                                      \
	CALL_IN(b, a1) = (y);                                                                      \
	CALL_IN(c, a2) = (z);                                                                      \
	CALL_IN(d, a3) = (u);                                                                      \
	CALL_IN(e, a4) = (v);                                                                      \
	CALL("+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e))

#endif
