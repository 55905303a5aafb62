/* SPDX-License-Identifier: MIT */
/*
 * explore.h - what a scenario is, and what its code may ask the scheduler (explore.c).
 *
 * A scenario is some activities, each on a hart: what the hart does, or a handler that interrupts it
 * once, anywhere where its interrupts are on. The scheduler runs them in each order that there is, up to a
 * number of switches away from an activity that could have gone on.
 */
#ifndef TESTS_EXPLORE_H
#define TESTS_EXPLORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "lib/compiler.h"

#define EXPLORE_MAX_ACTIVITIES 6u

struct explore_activity {
	void (*run)(void);
	unsigned hart;
	bool is_handler;
};

struct explore_scenario {
	const char *name;
	unsigned switches; /* at most so many */
	unsigned delays;   /* so many relaxed stores may be seen late by other harts */
	/* Once; what it keeps (explore_keep()) is as it left it when the activities begin. */
	void (*setup)(void);
	/* All have ended. */
	void (*check)(void);
	/* Memory has changed. May be NULL. */
	void (*wrote)(const volatile void *at);
	struct explore_activity activity[EXPLORE_MAX_ACTIVITIES]; /* up to one without .run */
};

/* The lists end with one without a name. */
extern const struct explore_scenario explore_lock_scenarios[];
extern const struct explore_scenario explore_frame_scenarios[];

/* explore_keep - [@at, @at + @bytes) is restored before each run. Called by setup. @name: for traces. */
void explore_keep(void *at, size_t bytes, const char *name);

/* explore_as - setup and check call what follows on @hart. */
void explore_as(unsigned hart);

/* explore_me - the index of the activity that runs; EXPLORE_MAX_ACTIVITIES in setup and check. */
unsigned explore_me(void);

/* explore_interrupts_on - are they, on this hart? */
bool explore_interrupts_on(void);

/* explore_fail - this run is wrong: report it, with the schedule that leads to it. */
noreturn void explore_fail(const char *format, ...) printf_like(1, 2);

#define EXPLORE_CHECK(condition, ...)                                                              \
	do {                                                                                       \
		if (!(condition))                                                                  \
			explore_fail(__VA_ARGS__);                                                 \
	} while (0)

/* explore_refused - how many frees were refused so far in this run. */
unsigned explore_refused(void);

#endif
