/* SPDX-License-Identifier: MIT */
/* lock_threads.c (host) - threads play harts: exclusion, order of service, holders. */
#include <pthread.h>
#include <sched.h>

#include "lib/lock_internal.h"
#include "lib/platform.h"
#include "tests/support/ktest.h"

#define THREADS 4u
#define ROUNDS  5000u

struct shared {
	struct ticket_lock lock;
	unsigned long counter; /* plain: only the lock guards it */
	unsigned order[THREADS + 1];
	unsigned served;
};

struct player {
	pthread_t thread;
	struct shared *shared;
	unsigned hart;
	bool irq_kept;
	bool holder_known;
};

static void *count_up(void *arg)
{
	struct player *me = arg;
	struct ticket_lock *lock = &me->shared->lock;

	host_hart = me->hart;
	me->irq_kept = me->holder_known = true;
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned long irq = ticket_lock_acquire(lock);
		me->irq_kept &= irq == 1 && host_irq_enabled == 0;
		me->holder_known &= ticket_lock_held(lock);
		me->shared->counter++;
		ticket_lock_release(lock, irq);
		me->irq_kept &= host_irq_enabled == 1;
		me->holder_known &= !ticket_lock_held(lock);
	}
	return NULL;
}

static void start(struct player *p, struct shared *shared, unsigned hart, void *(*run)(void *))
{
	*p = (struct player){ .shared = shared, .hart = hart };
	REQUIRE_EQ(pthread_create(&p->thread, NULL, run, p), 0);
}

KTEST(lock, lets_one_hart_in_at_a_time)
{
	struct shared shared = { 0 };
	struct player player[THREADS];

	ticket_lock_init(&shared.lock, "counter");
	for (unsigned i = 0; i < THREADS; i++)
		start(&player[i], &shared, i, count_up);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(player[i].thread, NULL);
	EXPECT_EQ(shared.counter, THREADS * ROUNDS);
	EXPECT_EQ(shared.lock.next, THREADS * ROUNDS);
	EXPECT_EQ(shared.lock.serving, THREADS * ROUNDS);
	for (unsigned i = 0; i < THREADS; i++) {
		EXPECT(player[i].irq_kept);
		EXPECT(player[i].holder_known);
	}
}

static void *sign_up(void *arg)
{
	struct player *me = arg;

	host_hart = me->hart;
	unsigned long irq = ticket_lock_acquire(&me->shared->lock);
	me->shared->order[me->shared->served++] = me->hart;
	ticket_lock_release(&me->shared->lock, irq);
	return NULL;
}

/* ---- fairness ---------------------------------------------------------------------------------- */

/*
 * Each turn writes down its ticket, in the order of holding. Tickets come out of one atomic counter, so
 * their order is that of drawing: the k-th hold has the k-th ticket, or somebody was overtaken.
 */
#define TURNS 2000u

struct race {
	struct ticket_lock lock;
	unsigned nplayers;
	atomic_uint arrived;
	uint32_t log[8 * TURNS]; /* guarded by the lock, as is: */
	unsigned logged;
};

struct racer {
	pthread_t thread;
	struct race *race;
	unsigned hart;
	uint32_t most_grants;
	uint64_t waited;
};

static void note(struct racer *me, const struct ticket_lock_turn *turn)
{
	me->race->log[me->race->logged++] = turn->ticket;
	if (turn->grants > me->most_grants)
		me->most_grants = turn->grants;
	me->waited += turn->grants != 0;
}

static void *race_on(void *arg)
{
	struct racer *me = arg;
	struct race *race = me->race;
	struct ticket_lock_turn turn;

	host_hart = me->hart;
	atomic_fetch_add(&race->arrived, 1);
	while (atomic_load(&race->arrived) != race->nplayers)
		platform_relax();
	for (unsigned i = 0; i < TURNS; i++) {
		unsigned long irq = ticket_lock_acquire_turn(&race->lock, &turn);

		note(me, &turn);
		if (i % 16 == me->hart)
			platform_relax(); /* on a host with few processors, so that a queue forms */
		ticket_lock_release(&race->lock, irq);
	}
	return NULL;
}

/* From @first on, which may be just below the end of the numbers. */
static void run_race(unsigned n, uint32_t first)
{
	struct race *race = ktest_alloc(sizeof(*race), 64);
	struct racer racer[8];
	struct ticket_lock_stats stats;
	uint64_t waited = 0;
	uint32_t most = 0;

	*race = (struct race){ .nplayers = n };
	ticket_lock_init(&race->lock, "race");
	race->lock.next = race->lock.serving = first;
	for (unsigned i = 0; i < n; i++) {
		racer[i] = (struct racer){ .race = race, .hart = i };
		REQUIRE_EQ(pthread_create(&racer[i].thread, NULL, race_on, &racer[i]), 0);
	}
	for (unsigned i = 0; i < n; i++) {
		pthread_join(racer[i].thread, NULL);
		EXPECT(racer[i].most_grants <= n - 1);
		waited += racer[i].waited;
		if (racer[i].most_grants > most)
			most = racer[i].most_grants;
	}
	REQUIRE_EQ(race->logged, n * TURNS);
	unsigned overtaken = 0;
	for (uint32_t k = 0; k < n * TURNS; k++)
		overtaken += race->log[k] != first + k;
	EXPECT_EQ(overtaken, 0);
	ticket_lock_look(&race->lock, &stats);
	EXPECT(stats.exact);
	EXPECT_EQ((uint32_t)stats.holds, first + n * TURNS);
	EXPECT_EQ(stats.contended, waited);
	EXPECT_EQ(stats.most_grants, most);
	EXPECT(stats.spins >= stats.contended);
}

KTEST(lock, overtakes_nobody_with_2_harts)
{
	run_race(2, 0);
}

KTEST(lock, overtakes_nobody_with_8_harts)
{
	run_race(8, 0);
}

KTEST(lock, overtakes_nobody_where_the_tickets_start_over)
{
	run_race(4, UINT32_MAX - 2 * TURNS);
}

/* ---- queues that are made ------------------------------------------------------------------------ */

KTEST(lock, serves_in_the_order_of_arrival)
{
	struct shared shared = { 0 };
	struct player player[THREADS];

	ticket_lock_init(&shared.lock, "queue");
	unsigned long irq = ticket_lock_acquire(&shared.lock);
	for (unsigned i = 0; i < THREADS; i++) {
		/* Harts arrive in an order that is not that of their numbers. */
		start(&player[i], &shared, 1 + (i * 3 + 2) % THREADS, sign_up);
		while (shared.lock.next != i + 2)
			sched_yield();
	}
	EXPECT_EQ(shared.served, 0);
	ticket_lock_release(&shared.lock, irq);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(player[i].thread, NULL);
	EXPECT_EQ(shared.served, THREADS);
	for (unsigned i = 0; i < THREADS; i++)
		EXPECT_EQ(shared.order[i], player[i].hart);
}

KTEST(lock, lets_nobody_in_who_waited_while_another_panics)
{
	struct shared shared = { 0 };
	struct player player;

	ticket_lock_init(&shared.lock, "torn");
	unsigned long irq = ticket_lock_acquire(&shared.lock);
	start(&player, &shared, 1, sign_up);
	while (shared.lock.next != 2)
		sched_yield();
	atomic_store(&host_panicking, true);
	ticket_lock_release(&shared.lock, irq);
	for (unsigned i = 0; i < 1000; i++)
		sched_yield();
	bool got_in = shared.lock.serving != 1 || shared.lock.holder != 0;
	atomic_store(&host_panicking, false); /* while it is set nothing is printed either */
	EXPECT(!got_in);
	pthread_join(player.thread, NULL);
	EXPECT_EQ(shared.served, 1);
}

static void release_as_another(void *lock)
{
	host_hart = 1;
	ticket_lock_release(lock, 0);
}

KTEST(lock, released_by_another_hart_panics)
{
	struct ticket_lock lock;

	ticket_lock_init(&lock, "mine");
	unsigned long irq = ticket_lock_acquire(&lock);
	EXPECT(ktest_panics(release_as_another, &lock));
	EXPECT(!ticket_lock_held(&lock)); /* as hart 1 sees it */
	host_hart = 0;
	EXPECT(ticket_lock_held(&lock));
	ticket_lock_release(&lock, irq);
}
