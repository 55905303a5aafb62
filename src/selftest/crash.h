/* SPDX-License-Identifier: MIT */
/*
 * crash.h - ways to end badly on purpose, at the prompt: to see what the reports look like, and for the
 * tests that check them from outside.
 */
#ifndef ACRE_SELFTEST_CRASH_H
#define ACRE_SELFTEST_CRASH_H

/* crash_on_purpose - @way is one of those that crash.c lists; any other prints the list and returns. */
void crash_on_purpose(const char *way);

#endif
