/* SPDX-License-Identifier: MIT */
/* weak.h - what a hart may read: between the scheduler (explore.c) and the orders of memory (weak.c). */
#ifndef TESTS_EXPLORE_WEAK_H
#define TESTS_EXPLORE_WEAK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/concurrency/explore/explore.h"

/* weak_forget - another scenario. weak_reset - another run of it. */
void weak_forget(void);
void weak_reset(void);

/*
 * weak_load - what the hart that runs reads at @at, where @newest stands. weak_store, weak_change - it has
 * written @value there, in place of @was; the second in one with reading that. weak_fence.
 */
uint64_t weak_load(const volatile void *at, size_t size, uint64_t newest, memory_order order);
void weak_store(const volatile void *at, size_t size, uint64_t was, uint64_t value,
		memory_order order);
void weak_change(const volatile void *at, size_t size, uint64_t was, uint64_t value,
		 memory_order order);
void weak_fence(memory_order order);

/* weak_move - what runs on hart @from goes on on hart @to: the kernel has ordered the two. */
void weak_move(unsigned from, unsigned to);

/* weak_plain_copy - it reads @n bytes from @at by plain loads: nothing of that may be new to it. */
void weak_plain_copy(const volatile void *at, size_t n);

/* ---- what weak.c asks the scheduler ------------------------------------------------------------ */

/* explore_older - a choice: how many values back from the newest, 0 to @most? */
unsigned explore_older(unsigned most);

/* explore_hart - on which hart is that? */
unsigned explore_hart(void);

/*
 * explore_most_stale - so many reads may be of what was there before; 0: memory is sequentially
 * consistent.
 */
extern unsigned explore_most_stale;

/*
 * explore_is_watched - does an activity run, and in a scenario with stale reads? Asked at each
 * plain access.
 */
static inline bool explore_is_watched(void)
{
	return explore_most_stale != 0 && explore_me() != EXPLORE_MAX_ACTIVITIES;
}

/* explore_on_stack - is @at on that of an activity? */
bool explore_on_stack(const volatile void *at);

#endif
