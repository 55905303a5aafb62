/* SPDX-License-Identifier: MIT */
/*
 * stress.h - the stress of stress_core.h on the harts of this machine, its frame pool and the
 * kernel's heap.
 */
#ifndef ACRE_SELFTEST_STRESS_H
#define ACRE_SELFTEST_STRESS_H

#include <stdint.h>

#include "lib/attributes.h"
#include "selftest/stress_core.h"

/*
 * stress_machine - about @operations on all harts that there are, a timer ticking on each, and a
 * report through line(). *@total, unless it is NULL, is what happened.
 * Pre:    on the boot hart; no other hart runs, and no other code allocates or frees memory.
 *         @operations is at most STRESS_MAX_OPERATIONS.
 * Result: true if nothing was wrong; false too if there is no memory for the players.
 */
acre_nodiscard bool stress_machine(uint64_t operations, uint64_t seed, struct stress_phase *total,
				   void (*line)(const char *format, ...));

#endif
