/* SPDX-License-Identifier: MIT */
/* background.h - one piece of work that the other harts do while hart 0 has the prompt. */
#ifndef ACRE_SELFTEST_BACKGROUND_H
#define ACRE_SELFTEST_BACKGROUND_H

#include <stdbool.h>

/*
 * background_start - let a hart call @work, which may call other harts but hart 0. False: no hart
 * can. Pre: !background_runs().
 * background_runs - has it not ended yet? Called by hart 0 before it gives work to harts itself.
 */
bool background_start(void (*work)(void));
bool background_runs(void);

#endif
