/* SPDX-License-Identifier: MIT */
/*
 * selftest.h - the payload of a kernel with self-tests, and what tests/kernel/kernel_port.c does
 * for it.
 */
#ifndef ACRE_SELFTEST_SELFTEST_H
#define ACRE_SELFTEST_SELFTEST_H

#include <stddef.h>
#include <stdint.h>

/*
 * selftest_seed - of random numbers, unless a command says another: seed= of the boot arguments, or
 * 1.
 */
uint64_t selftest_seed(void);

struct irq_stress_rates;

/* selftest_rates - of interrupts: tick= and ipi= of the boot arguments. */
const struct irq_stress_rates *selftest_rates(void);

/*
 * selftest_run - run the cases that match @glob (NULL: all) and print the verdict. Result:
 * failures.
 */
unsigned selftest_run(const char *glob, uint64_t seed);

/*
 * selftest_list - print the cases' names, a line each. selftest_name - the @i-th, until the next
 * call; NULL past the last.
 */
void selftest_list(void);
const char *selftest_name(size_t i);

#endif
