/* SPDX-License-Identifier: MIT */
/* selftest.h - the self-tests that may be linked into the kernel (tests/kernel), or not (selftest_none.c). */
#ifndef ACRE_SELFTEST_SELFTEST_H
#define ACRE_SELFTEST_SELFTEST_H

#include <stdint.h>

/* selftest_run - run the cases that match @glob (NULL: all) and print the verdict. Result: failures. */
unsigned selftest_run(const char *glob, uint64_t seed);

/* selftest_list - print the cases' names, a line each. */
void selftest_list(void);

#endif
