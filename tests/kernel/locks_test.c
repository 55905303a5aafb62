/* SPDX-License-Identifier: MIT */
/* The ticket lock on all harts at once: nobody is overtaken. */
#include "kernel/monitor/lock_report.h"

#include "kernel/hart/hart_life.h"
#include "kernel/hart/harts.h"
#include "kernel/machine.h"
#include "kernel/memory/kernel_heap.h"
#include "lib/fmt.h"
#include "lib/lock_internal.h"
#include "lib/print.h"
#include "lib/string.h"
#include "tests/support/ktest.h"

/*
 * Of all harts together: where there are more of them than the emulator has processors to run them on, a turn
 * may have to wait for the host's scheduler.
 */
#define TURNS 480u

struct race {
	struct ticket_lock lock;
	unsigned nplayers;
	_Atomic uint32_t arrived;
	/* guarded by the lock: */
	uint32_t log[TURNS + PLATFORM_MAX_HARTS];
	unsigned logged;
	unsigned waited;
	uint32_t most_grants;
};

static unsigned turns(void)
{
	return 1 + TURNS / harts_count();
}

static void race_on(void *arg)
{
	struct race *race = arg;
	struct ticket_lock_turn turn;

	atomic_fetch_add(&race->arrived, 1);
	while (atomic_load(&race->arrived) < race->nplayers)
		platform_relax();
	for (unsigned i = 0; i < turns(); i++) {
		unsigned long irq = ticket_lock_acquire_turn(&race->lock, &turn);
		race->log[race->logged++] = turn.ticket;
		race->waited += turn.grants != 0;
		if (turn.grants > race->most_grants)
			race->most_grants = turn.grants;
		ticket_lock_release(&race->lock, irq);
	}
}

static unsigned count_players(void)
{
	unsigned n = 1;

	for (unsigned i = 1; i < harts_count(); i++)
		n += atomic_load(&hart_at(i)->state) != HART_LOST;
	return n;
}

KTEST(locks, overtake_no_hart)
{
	struct race *race = ktest_alloc(sizeof(*race), TICKET_LOCK_LINE);
	const uint32_t first = UINT32_MAX - TURNS / 2; /* the tickets start over on the way */
	struct ticket_lock_stats stats;

	memset(race, 0, sizeof(*race));
	ticket_lock_init(&race->lock, "race");
	race->lock.next = race->lock.serving = first;
	race->nplayers = count_players();
	for (unsigned i = 1; i < harts_count(); i++) {
		if (atomic_load(&hart_at(i)->state) != HART_LOST)
			REQUIRE_EQ(hart_run(i, race_on, race), ACRE_OK);
	}
	race_on(race);
	for (unsigned i = 1; i < harts_count(); i++) {
		if (atomic_load(&hart_at(i)->state) != HART_LOST)
			REQUIRE_EQ(hart_join(i, 20000), ACRE_OK);
	}
	REQUIRE_EQ(race->logged, race->nplayers * turns());
	unsigned overtaken = 0;
	for (uint32_t k = 0; k < race->logged; k++)
		overtaken += race->log[k] != first + k;
	EXPECT_EQ(overtaken, 0);
	EXPECT(race->most_grants <= race->nplayers - 1);
	ticket_lock_look(&race->lock, &stats);
	EXPECT(stats.exact);
	EXPECT_EQ(stats.contended, race->waited);
	EXPECT_EQ(stats.most_grants, race->most_grants);
}

/* ---- the command ------------------------------------------------------------------------------- */

static bool ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), t = strlen(tail);

	return n >= t && strcmp(s + n - t, tail) == 0;
}

KTEST(locks, are_described_in_a_line)
{
	char line[LOCKS_SENTENCE_LEN];
	char want[64];
	struct ticket_lock lock;
	struct ticket_lock_stats stats;

	ticket_lock_init(&lock, "it");
	unsigned long irq = ticket_lock_acquire(&lock);
	ticket_lock_look(&lock, &stats);
	locks_sentence(line, sizeof(line), "it", &stats);
	EXPECT(strncmp(line, "it                        1          0            0        0  hart ",
		       66) == 0);
	fmt_buffer(want, sizeof(want), " %s, 0 waiting (a glance)", __func__);
	EXPECT(ends_with(line, want));
	ticket_lock_release(&lock, irq);
	ticket_lock_look(&lock, &stats);
	locks_sentence(line, sizeof(line), "it", &stats);
	EXPECT_STR(line, "it                        1          0            0        0  free");
	lock.next++; /* somebody has drawn, and has not written down that it holds */
	ticket_lock_look(&lock, &stats);
	locks_sentence(line, sizeof(line), "it", &stats);
	EXPECT(ends_with(line, " changing hands (a glance)"));
}

/* ---- which there are ---------------------------------------------------------------------------- */

/* How often @lock is listed. */
static unsigned times_listed(const struct ticket_lock *lock)
{
	const struct ticket_lock *listed;
	char name[LOCKS_NAME_LEN];
	unsigned times = 0;

	for (unsigned i = 0; (listed = locks_at(i, name, sizeof(name))) != NULL; i++)
		times += listed == lock;
	return times;
}

/* tests/boot/prompt.t looks for locks in the sources that are not named here. */
KTEST(locks, are_each_listed_once)
{
	for (unsigned class = 1; class <= SLAB_LARGE; class ++)
		EXPECT_EQ(times_listed(&kernel_heap.slabs.class[class].lock), 1);
	EXPECT_EQ(times_listed(&kernel_heap.lock), 1);
	EXPECT_EQ(times_listed(&kernel_heap.runs.lock), 1);
	EXPECT_EQ(times_listed(&machine.frames.lock), 1);
	EXPECT_EQ(times_listed(&machine.reclaim.lock), 1);
	EXPECT_EQ(times_listed(acre_print_lock()), 1);
}

KTEST(locks, are_listed_in_the_order_in_which_they_may_be_held)
{
	const struct ticket_lock *lock;
	char name[LOCKS_NAME_LEN];
	enum ticket_lock_level level = TICKET_LOCK_HEAP;

	for (unsigned i = 0; (lock = locks_at(i, name, sizeof(name))) != NULL; i++) {
		EXPECT(lock->level >= level);
		level = lock->level;
		EXPECT(strncmp(name, ticket_lock_name(lock), strlen(ticket_lock_name(lock))) == 0);
	}
	EXPECT_EQ(level, TICKET_LOCK_PRINT);
}

#ifdef ACRE_DEBUG

static void take_and_drop(void *lock)
{
	unsigned long irq = ticket_lock_acquire(lock);

	ticket_lock_release(lock, irq);
}

/* Nothing is printed with a lock held: it may be the console's. */
static unsigned wrong_answers(struct ticket_lock *held)
{
	const struct ticket_lock *wanted;
	char name[LOCKS_NAME_LEN];
	unsigned wrong = 0;
	unsigned long irq = ticket_lock_acquire(held);

	for (unsigned i = 0; (wanted = locks_at(i, name, sizeof(name))) != NULL; i++)
		wrong += ktest_panics(take_and_drop, (void *)(uintptr_t)wanted) !=
			 (held->level >= wanted->level);
	ticket_lock_release(held, irq);
	return wrong;
}

/* Every pair of locks that the kernel has, each way round. */
KTEST(locks, of_the_kernel_are_taken_in_their_order_or_panic)
{
	const struct ticket_lock *lock;
	char name[LOCKS_NAME_LEN];

	for (unsigned i = 0; (lock = locks_at(i, name, sizeof(name))) != NULL; i++)
		EXPECT_EQ(wrong_answers((struct ticket_lock *)(uintptr_t)lock), 0);
}

#endif
