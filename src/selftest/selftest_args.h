/* SPDX-License-Identifier: MIT */
/*
 * selftest_args.h - the boot arguments that a kernel with self-tests has beside the kernel's own
 * (kernel/bootargs.h).
 */
#ifndef ACRE_SELFTEST_SELFTEST_ARGS_H
#define ACRE_SELFTEST_SELFTEST_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/bootargs.h"
#include "selftest/irq_stress.h"

#define SELFTEST_GLOB_SIZE 64

/* All zero: none was given. */
struct selftest_args {
	bool test;                          /* test: run the self-tests */
	char test_glob[SELFTEST_GLOB_SIZE]; /* test=GLOB: tests that match, "" for all */
	bool has_seed;
	uint64_t seed;                 /* seed=: of the self-tests' random numbers */
	struct irq_stress_rates rates; /* tick=, ipi= */
};

#define SELFTEST_ARGUMENTS 4u

/* Each writes to a struct selftest_args. */
extern const struct boot_argument selftest_argument[SELFTEST_ARGUMENTS];

#endif
