/* SPDX-License-Identifier: MIT */
/*
 * work.h - the work queue: run a function on chosen harts and collect what it returns.
 *
 *	struct hart_set all = hart_set_of_all();
 *	uint64_t stolen[PLATFORM_MAX_HARTS];
 *	enum acre_status s = work_run(&all, count_what_i_stole, &books, stolen);
 *
 * The kernel gives no work yet. The queue is here for paging: a mapping is gone after every hart
 * that may have used it has confirmed it. The hart that removes the mapping asks the set of all
 * harts without itself.
 */
#ifndef ACRE_KERNEL_WORK_H
#define ACRE_KERNEL_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "lib/platform.h"
#include "lib/status.h"

struct hart;

/* Harts by index: bit i % 64 of word i / 64. All zero: none. */
struct hart_set {
	uint64_t word[(PLATFORM_MAX_HARTS + 63) / 64];
};

/* hart_set_add, hart_set_remove, hart_set_has - hart @index. Pre: @index < PLATFORM_MAX_HARTS. */
void hart_set_add(struct hart_set *set, unsigned index);
void hart_set_remove(struct hart_set *set, unsigned index);
bool hart_set_has(const struct hart_set *set, unsigned index);

/*
 * hart_set_of_all - every hart that has answered and was not stopped since, the one that asks
 * included.
 */
struct hart_set hart_set_of_all(void);

/*
 * work_run - run function(argument) on each hart of @set, all at the same time, with interrupts on,
 * and wait until all have returned. What it returned on hart i is in @result[i] then; @result has
 * an element for each of harts_count() harts, or is NULL; elements of other harts are left alone.
 *
 * The hart that asks may be in the set, and runs its share while the others run theirs. Those
 * others must be available: parked, or waiting in hart_join() or in here. If several ask at the
 * same time, they are served one after the other in the order in which they came.
 * Pre:    interrupts are on, no lock is held.
 * Result: ACRE_OK; ACRE_ERR_INVALID for an empty set, one with a hart that is none, from inside of
 *         such a function or from a handler; ACRE_ERR_BUSY if a hart of the set is not available.
 *         After an error it has run nowhere.
 * Cost:   an interrupt sent to each hart, and one back. A hart that waits for its turn looks every
 *         millisecond.
 */
acre_nodiscard enum acre_status work_run(const struct hart_set *set, uint64_t (*function)(void *),
					 void *argument, uint64_t *result);

/* ---- for a hart that waits: hart_life.c ------------------------------------------------------ */

/*
 * work_open - from now on @self, the hart that asks, is available: it must call work_serve() until
 * work_close() has succeeded. False, and nothing has changed, if it is so already, or does work.
 * work_close - not any more. False if another hart is about to give it work: serve, and try again.
 */
bool work_open(struct hart *self);
bool work_close(struct hart *self);

/* work_is_given - is there work for @self to do? */
bool work_is_given(const struct hart *self);

/* work_is_served - is @hart, any one, doing some, or about to? A hint. */
bool work_is_served(const struct hart *hart);

/* work_serve - do it, if there is any. Result: was there? */
bool work_serve(struct hart *self);

#endif
