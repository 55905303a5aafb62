/* SPDX-License-Identifier: MIT */
/*
 * explore.h - what a scenario is, and what its code may ask the scheduler (explore.c).
 *
 * A scenario is some activities, each on a hart: what the hart does, or a handler that interrupts it
 * once, anywhere where its interrupts are on. The scheduler runs them in each order that there is, up to a
 * number of switches away from an activity that could have gone on.
 *
 * In a scenario with migrations each activity that is not a handler is a thread of a preemptive kernel: several may
 * share a hart, and where its interrupts are on a thread may be preempted, or go on with the number of another
 * hart. A thread that has turned interrupts off is alone on its hart, and stays there, until they are on again.
 */
#ifndef TESTS_EXPLORE_H
#define TESTS_EXPLORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"

#define EXPLORE_MAX_ACTIVITIES 6u

struct explore_activity {
	void (*run)(void);
	unsigned hart;
	bool is_handler;
};

struct explore_scenario {
	const char *name;
	unsigned switches; /* at most so many */
	/* Again, with so many, a stale read, and a look for races (weak.c). 0: not. */
	unsigned weak_switches;
	/* Once more, with one switch and two stale reads; where weak_switches is 2 or more that is so anyhow. */
	bool weaker;
	/* Threads go on on another hart at most so often, each time on one of harts 0 to .harts - 1. 0: no threads. */
	unsigned migrations, harts;
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
extern const struct explore_scenario explore_heap_scenarios[];
extern const struct explore_scenario explore_heap_grow_scenarios[];

/* explore_keep - [@at, @at + @bytes) is restored before each run. Called by setup. @name: for traces. */
void explore_keep(void *at, size_t bytes, const char *name);

/* explore_as - setup and check call what follows on @hart. */
void explore_as(unsigned hart);

/* explore_me - the index of the activity that runs; EXPLORE_MAX_ACTIVITIES in setup and check. */
unsigned explore_me(void);

/* explore_is_handler - is activity @who one? */
bool explore_is_handler(unsigned who);

/* explore_interrupts_on - are they, on this hart? */
bool explore_interrupts_on(void);

/*
 * In scenarios with stale reads, what one hart has done another need not know. explore_now - the moment until
 * which this hart has done what it has. explore_knows - has all of that happened before, for the hart that asks?
 * explore_surely - the bits that it sees set at @at, where @newest stands, whatever it reads. Else it knows everything.
 */
struct explore_moment {
	unsigned hart;
	uint32_t time;
};
#define EXPLORE_NEVER UINT32_MAX
struct explore_moment explore_now(void);
bool explore_knows(struct explore_moment moment);
uint64_t explore_surely(const volatile void *at, uint64_t newest);

/* explore_fail - this run is wrong: report it, with the schedule that leads to it. */
acre_noreturn void explore_fail(const char *format, ...) acre_printf_like(1, 2);

#define EXPLORE_CHECK(condition, ...)                                                              \
	do {                                                                                       \
		if (!(condition))                                                                  \
			explore_fail(__VA_ARGS__);                                                 \
	} while (0)

/* explore_refused - how many frees were refused so far in this run; explore_refused_by_me - of this activity. */
unsigned explore_refused(void);
unsigned explore_refused_by_me(void);

/* explore_use - as if the activity wrote to [@at, @at + @bytes) by plain stores: does that race? */
void explore_use(void *at, size_t bytes);

#endif
