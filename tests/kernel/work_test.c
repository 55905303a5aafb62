/* SPDX-License-Identifier: MIT */
/* The work queue: on all harts, on some, by several callers at once, and what it refuses. */
#include "kernel/hart/work.h"

#include "kernel/hart/clock.h"
#include "kernel/hart/hart_life.h"
#include "kernel/hart/harts.h"
#include "lib/string.h"
#include "tests/support/ktest.h"

#define UNTOUCHED 0xdeadull
#define MAX_MS    10000u

/* Of the harts after the first, at most so many are done one by one. */
#define SOME 8u

static uint64_t results[PLATFORM_MAX_HARTS];

static uint64_t *results_new(void)
{
	for (unsigned i = 0; i < harts_count(); i++)
		results[i] = UNTOUCHED;
	return results;
}

static uint64_t index_plus(void *number)
{
	return hart_self()->index + *(const uint64_t *)number;
}

/* Each hart of @set, and no other, has run it. */
static void expect_run_on(const struct hart_set *set)
{
	uint64_t number = 1 + ktest_below(1000);
	uint64_t *result = results_new();

	EXPECT_EQ(work_run(set, index_plus, &number, result), ACRE_OK);
	for (unsigned i = 0; i < harts_count(); i++)
		EXPECT_EQ(result[i], hart_set_has(set, i) ? i + number : UNTOUCHED);
}

KTEST(work, runs_on_all_harts_and_collects_what_they_return)
{
	struct hart_set all = hart_set_of_all();

	EXPECT(hart_set_has(&all, 0));
	for (unsigned i = 0; i < harts_count(); i++)
		EXPECT_EQ(hart_set_has(&all, i), atomic_load(&hart_at(i)->state) != HART_LOST);
	for (unsigned round = 0; round < 3; round++)
		expect_run_on(&all);
}

KTEST(work, runs_on_one_hart)
{
	struct hart_set all = hart_set_of_all();

	for (unsigned i = 0; i < harts_count() && i < SOME; i++) {
		struct hart_set one = { 0 };
		hart_set_add(&one, i);
		if (hart_set_has(&all, i))
			expect_run_on(&one);
	}
}

KTEST(work, runs_on_sets_with_gaps)
{
	struct hart_set all = hart_set_of_all();

	for (unsigned round = 0; round < 8; round++) {
		struct hart_set some = { 0 };
		uint64_t bits = ktest_random();
		unsigned n = 0;
		for (unsigned i = 0; i < harts_count(); i++) {
			if (!hart_set_has(&all, i) || (bits >> i % 64 & 1) == 0)
				continue;
			hart_set_add(&some, i);
			n++;
		}
		if (n != 0)
			expect_run_on(&some);
	}
}

KTEST(work, keeps_sets_of_harts_that_are_far_apart)
{
	struct hart_set set = { 0 };

	hart_set_add(&set, 0);
	hart_set_add(&set, 63);
	hart_set_add(&set, 64);
	hart_set_add(&set, PLATFORM_MAX_HARTS - 1);
	hart_set_remove(&set, 63);
	for (unsigned i = 0; i < PLATFORM_MAX_HARTS; i++)
		EXPECT_EQ(hart_set_has(&set, i), i == 0 || i == 64 || i == PLATFORM_MAX_HARTS - 1);
}

static uint64_t with_interrupts_on(void *unused)
{
	unsigned long irq = platform_irq_save();

	(void)unused;
	platform_irq_restore(irq);
	return irq != 0;
}

KTEST(work, runs_with_interrupts_on_and_needs_no_room_for_results)
{
	struct hart_set all = hart_set_of_all();
	uint64_t *result = results_new();

	EXPECT_EQ(work_run(&all, with_interrupts_on, NULL, result), ACRE_OK);
	for (unsigned i = 0; i < harts_count(); i++)
		EXPECT(!hart_set_has(&all, i) || result[i] == 1);
	EXPECT_EQ(work_run(&all, with_interrupts_on, NULL, NULL), ACRE_OK);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static uint64_t count(void *counter)
{
	atomic_fetch_add((_Atomic uint32_t *)counter, 1);
	return 0;
}

KTEST(work, refuses_sets_that_are_none)
{
	_Atomic uint32_t ran = 0;
	struct hart_set set = { 0 };

	EXPECT_EQ(work_run(&set, count, (void *)&ran, NULL), ACRE_ERR_INVALID);
	hart_set_add(&set, 0);
	if (harts_count() < PLATFORM_MAX_HARTS) {
		hart_set_add(&set, harts_count());
		EXPECT_EQ(work_run(&set, count, (void *)&ran, NULL), ACRE_ERR_INVALID);
	}
	EXPECT_EQ(ran, 0);
}

static uint64_t ask_for_more(void *unused)
{
	struct hart_set self = { 0 };

	(void)unused;
	hart_set_add(&self, hart_self()->index);
	return (uint64_t)(int64_t)work_run(&self, with_interrupts_on, NULL, NULL);
}

KTEST(work, refuses_to_be_asked_from_inside_of_work)
{
	struct hart_set all = hart_set_of_all();
	uint64_t *result = results_new();

	EXPECT_EQ(work_run(&all, ask_for_more, NULL, result), ACRE_OK);
	for (unsigned i = 0; i < harts_count(); i++)
		EXPECT_EQ(result[i],
			  hart_set_has(&all, i) ? (uint64_t)(int64_t)ACRE_ERR_INVALID : UNTOUCHED);
	/* It has left nothing behind. */
	expect_run_on(&all);
}

KTEST(work, refuses_to_be_asked_by_a_handler)
{
	struct hart_set all = hart_set_of_all();

	hart_self()->in_handler = true;
	EXPECT_EQ(work_run(&all, with_interrupts_on, NULL, NULL), ACRE_ERR_INVALID);
	hart_self()->in_handler = false;
}

static void wait_for_it(void *go)
{
	while (!*(volatile bool *)go)
		clock_nap(1);
}

static void expect_busy(const struct hart_set *set)
{
	_Atomic uint32_t ran = 0;

	EXPECT_EQ(work_run(set, count, (void *)&ran, NULL), ACRE_ERR_BUSY);
	EXPECT_EQ(ran, 0);
}

KTEST(work, runs_nowhere_if_one_hart_is_not_available)
{
	struct hart_set all = hart_set_of_all();

	for (unsigned i = 1; i < harts_count() && i < SOME; i++) {
		bool go = false;
		if (!hart_set_has(&all, i))
			continue;
		REQUIRE_EQ(hart_run(i, wait_for_it, &go), ACRE_OK);
		expect_busy(&all);
		struct hart_set others = all;
		hart_set_remove(&others, i);
		expect_run_on(&others);
		*(volatile bool *)&go = true;
		EXPECT_EQ(hart_join(i, 5000), ACRE_OK);
		expect_run_on(&all);
	}
}

static void nothing(void *unused)
{
	(void)unused;
}

KTEST(work, does_not_start_harts_that_are_stopped)
{
	struct hart_set all = hart_set_of_all();

	for (unsigned i = 1; i < harts_count(); i++) {
		if (!hart_set_has(&all, i))
			continue;
		REQUIRE_EQ(hart_stop(i, 5000), ACRE_OK);
		expect_busy(&all);
		struct hart_set up = hart_set_of_all();
		EXPECT(!hart_set_has(&up, i));
		expect_run_on(&up);
		REQUIRE_EQ(hart_run(i, nothing, NULL), ACRE_OK);
		REQUIRE_EQ(hart_join(i, 5000), ACRE_OK);
		expect_run_on(&all);
		return; /* one says it all; starting takes long */
	}
}

/* ---- several callers ------------------------------------------------------------------------- */

#define CALLERS 3u
#define JOBS    8u

static struct {
	struct hart_set all;
	_Atomic uint32_t running[CALLERS]; /* harts that run a function for this caller */
	_Atomic uint32_t overlaps;
	_Atomic uint32_t ran;
	uint32_t jobs[CALLERS];
} meeting;

static uint64_t look_around(void *caller)
{
	unsigned me = *(const unsigned *)caller;

	atomic_fetch_add(&meeting.running[me], 1);
	for (unsigned i = 0; i < CALLERS; i++) {
		if (i != me && atomic_load(&meeting.running[i]) != 0)
			atomic_fetch_add(&meeting.overlaps, 1);
	}
	atomic_fetch_sub(&meeting.running[me], 1);
	atomic_fetch_add(&meeting.ran, 1);
	return 0;
}

/* Busy is right as long as another caller is between two jobs of his. */
static void call_again_and_again(void *unused)
{
	unsigned me = hart_self()->index;
	const uint64_t end = clock_ticks() + MAX_MS * clock_ticks_per_ms();

	(void)unused;
	while (meeting.jobs[me] < JOBS && clock_ticks() < end)
		meeting.jobs[me] += work_run(&meeting.all, look_around, &me, NULL) == ACRE_OK;
}

/* Each on all harts, the other callers included: they wait for their turn, or for each other. */
KTEST(work, serves_several_callers_one_after_the_other)
{
	unsigned callers = 1;
	unsigned n = 0;

	memset(&meeting, 0, sizeof(meeting));
	meeting.all = hart_set_of_all();
	for (unsigned i = 0; i < harts_count(); i++)
		n += hart_set_has(&meeting.all, i);
	for (unsigned i = 1; i < CALLERS && i < harts_count() && hart_set_has(&meeting.all, i);
	     i++, callers++)
		REQUIRE_EQ(hart_run(i, call_again_and_again, NULL), ACRE_OK);
	call_again_and_again(NULL);
	for (unsigned i = 1; i < callers; i++)
		EXPECT_EQ(hart_join(i, 5000), ACRE_OK);
	for (unsigned i = 0; i < callers; i++)
		EXPECT_EQ(meeting.jobs[i], JOBS);
	EXPECT_EQ(meeting.ran, callers * JOBS * n);
	EXPECT_EQ(meeting.overlaps, 0);
}

static void ask_for_all(void *result)
{
	const uint64_t end = clock_ticks() + MAX_MS * clock_ticks_per_ms();
	uint64_t number = 0;

	meeting.all = hart_set_of_all();
	/* Until the one that has run us waits for us. */
	while (meeting.jobs[0] == 0 && clock_ticks() < end)
		meeting.jobs[0] = work_run(&meeting.all, index_plus, &number, result) == ACRE_OK;
}

KTEST(work, can_be_asked_by_any_hart_while_we_wait_for_it)
{
	for (unsigned h = 1; h < harts_count() && h < 4; h++) {
		uint64_t *result = results_new();
		if (atomic_load(&hart_at(h)->state) == HART_LOST)
			continue;
		memset(&meeting, 0, sizeof(meeting));
		REQUIRE_EQ(hart_run(h, ask_for_all, result), ACRE_OK);
		REQUIRE_EQ(hart_join(h, 5000), ACRE_OK);
		EXPECT_EQ(meeting.jobs[0], 1);
		for (unsigned i = 0; i < harts_count(); i++)
			EXPECT(!hart_set_has(&meeting.all, i) || result[i] == i);
	}
}
