/* SPDX-License-Identifier: MIT */
/*
 * context.h - setjmp and longjmp for the self-tests: callee-saved registers only.
 */
#ifndef ACRE_SELFTEST_CONTEXT_H
#define ACRE_SELFTEST_CONTEXT_H

#include <stdint.h>

#include "lib/attributes.h"

/* ra, sp, s0..s11: context.S has them at 8 * n. */
#define CONTEXT_REGISTERS 14

struct context {
	uint64_t reg[CONTEXT_REGISTERS];
};

/*
 * context_save - remember where we are. Returns 0 now, and once more with the value given to
 * context_restore(). The function that called it must not have returned by then. Interrupt state is
 * not part of the context.
 */
__attribute__((returns_twice)) int context_save(struct context *context);

/* context_restore - go back to where @context was saved; there the result is @value, not 0. */
acre_noreturn void context_restore(const struct context *context, int value);

#endif
