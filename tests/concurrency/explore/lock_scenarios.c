/* SPDX-License-Identifier: MIT */
/*
 * lock_scenarios.c - harts, handlers and threads that want one lock. In each: one holder at a time; they hold it
 * in the order in which they drew; nobody waits for ever; what one has written under it the next sees; the
 * interrupts are as they were.
 */
#include "lib/lock.h"
#include "lib/platform.h"
#include "tests/concurrency/explore/explore.h"

#define MAX_DRAWS 16u

static struct shared {
	struct ticket_lock lock;
	/* As if it were plain: each access is relaxed, and no change is one step. */
	_Atomic uint32_t counter;
	unsigned inside;
	unsigned drew[MAX_DRAWS]; /* who, in that order */
	unsigned draws, grants;
	uint32_t first; /* ticket */
} shared;

static void new_lock(uint32_t first)
{
	ticket_lock_init(&shared.lock, "explored");
	shared.first = first;
	atomic_init(&shared.lock.next, first);
	atomic_init(&shared.lock.serving, first);
	shared.draws = shared.grants = shared.inside = 0;
	atomic_init(&shared.counter, 0);
	explore_keep(&shared, sizeof(shared), "lock");
}

static void setup(void)
{
	new_lock(0);
}

/* The tickets go from the highest number to 0. */
static void setup_at_wrap(void)
{
	new_lock(UINT32_MAX);
}

/* Who changes the number of the next ticket has drawn one. */
static void drawn(const volatile void *at)
{
	if (at != &shared.lock.next)
		return;
	EXPLORE_CHECK(shared.draws < MAX_DRAWS, "more tickets than there are calls");
	shared.drew[shared.draws++] = explore_me();
}

static void enter(void)
{
	EXPLORE_CHECK(shared.inside++ == 0, "two hold the lock");
	EXPLORE_CHECK(shared.grants < shared.draws, "held without a ticket");
	EXPLORE_CHECK(shared.drew[shared.grants] == explore_me(),
		      "overtaken: %u held it, %u drew first", explore_me(),
		      shared.drew[shared.grants]);
	shared.grants++;
	EXPLORE_CHECK(ticket_lock_held(&shared.lock), "the holder is not known");
	EXPLORE_CHECK(!explore_interrupts_on(), "held with interrupts on");
}

static void count(void)
{
	uint32_t n = atomic_load_explicit(&shared.counter, memory_order_relaxed);

	atomic_store_explicit(&shared.counter, n + 1, memory_order_relaxed);
}

static void hold(void)
{
	bool on = explore_interrupts_on();
	unsigned long irq = ticket_lock_acquire(&shared.lock);

	enter();
	count();
	shared.inside--;
	ticket_lock_release(&shared.lock, irq);
	EXPLORE_CHECK(explore_interrupts_on() == on, "interrupts are not as they were");
}

static void hold_twice(void)
{
	hold();
	hold();
}

static void check(void)
{
	unsigned held = atomic_load_explicit(&shared.counter, memory_order_relaxed);

	EXPLORE_CHECK(held == shared.grants, "%u times held, %u counted", shared.grants, held);
	EXPLORE_CHECK(shared.draws == shared.grants, "a ticket that was not served");
	EXPLORE_CHECK(shared.lock.next == shared.first + shared.draws &&
			      shared.lock.serving == shared.lock.next,
		      "not free in the end");
	explore_as(0);
	EXPLORE_CHECK(atomic_load_explicit(&shared.lock.holder, memory_order_relaxed) == 0,
		      "somebody is still said to hold it");
}

const struct explore_scenario explore_lock_scenarios[] = {
	{ .name = "lock.two_harts_twice_each",
	  .switches = 4,
	  .weak_switches = 3,
	  .setup = setup,
	  .check = check,
	  .wrote = drawn,
	  .activity = { { hold_twice, 0, false }, { hold_twice, 1, false } } },
	{ .name = "lock.three_harts",
	  .switches = 3,
	  .weak_switches = 2,
	  .setup = setup,
	  .check = check,
	  .wrote = drawn,
	  .activity = { { hold, 0, false }, { hold, 1, false }, { hold, 2, false } } },
	{ .name = "lock.two_harts_with_a_handler_each",
	  .switches = 3,
	  .weak_switches = 2,
	  .setup = setup,
	  .check = check,
	  .wrote = drawn,
	  .activity = { { hold, 0, false },
			{ hold, 1, false },
			{ hold, 0, true },
			{ hold, 1, true } } },
	{ .name = "lock.threads_that_migrate",
	  .switches = 2,
	  .weak_switches = 1,
	  .migrations = 2,
	  .harts = 3,
	  .setup = setup,
	  .check = check,
	  .wrote = drawn,
	  .activity = { { hold_twice, 0, false }, { hold, 0, false }, { hold, 1, false } } },
	{ .name = "lock.three_harts_with_a_handler_each",
	  .switches = 1,
	  .setup = setup,
	  .check = check,
	  .wrote = drawn,
	  .activity = { { hold, 0, false },
			{ hold, 1, false },
			{ hold, 2, false },
			{ hold, 0, true },
			{ hold, 1, true },
			{ hold, 2, true } } },
	{ .name = "lock.numbers_wrap",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = setup_at_wrap,
	  .check = check,
	  .wrote = drawn,
	  .activity = { { hold, 0, false }, { hold, 1, false }, { hold, 2, false } } },
	{ .name = "lock.what_was_written_is_seen",
	  .switches = 2,
	  .weak_switches = 2,
	  .setup = setup,
	  .check = check,
	  .wrote = drawn,
	  .activity = { { hold_twice, 0, false }, { hold, 1, false }, { hold, 1, true } } },
	{ .name = NULL },
};
