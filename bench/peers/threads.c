/* SPDX-License-Identifier: MIT */
/*
 * threads.c - threads that share a heap: each takes and frees objects of its own, or one takes what
 * another frees.
 *
 *	own    | take BATCH, free BATCH | ...            each thread, by itself
 *	pass   | take BATCH | take BATCH | ...           a producer, two batches ahead at most
 *	       |            | free BATCH | ...           and its consumer, meanwhile
 *
 * There may be more threads than processors. So what counts is the time that a processor worked for
 * a thread, from the begin of a batch to its end: not that of waiting for a processor or for the
 * other thread. As in heaps.c a round runs all heaps one after the other, and 'nothing' says what the
 * loop costs.
 */
#include "bench/peers/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peers/around.h"
#include "bench/peers/peers.h"
#include "bench/peers/run.h"

#define ARENA   ((size_t)64 << 20)
#define BATCH   1024u
#define BATCHES 200u
#define WARM    20u /* batches that do not count */
#define AHEAD   2u
#define ROUNDS  15u
#define LEAST   16u /* bytes */
#define MOST    200u
#define SEED    88172645463325252u

struct object {
	void *at;
	uint32_t size;
};

/* What a producer has taken, for its consumer; a thread that does both uses one batch. */
struct channel {
	_Alignas(64) atomic_uint taken; /* batches */
	_Alignas(64) atomic_uint freed;
	_Alignas(64) struct object object[AHEAD][BATCH];
};

struct worker {
	_Alignas(64) pthread_t id;
	unsigned number;
	void (*work)(struct worker *);
	const struct peer_heap *peer;
	const struct bench_heap *table;
	struct channel *channel;
	pthread_barrier_t *start;
	uint64_t random;
	uint64_t cost; /* nanoseconds of a processor */
	bool broken;
};

static struct channel channels[PEER_THREADS];
static uint8_t *arena;

/* ---- what a thread does ------------------------------------------------------------------------ */

static uint32_t random_size(struct worker *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (uint32_t)(LEAST + (w->random >> 32) % (MOST - LEAST + 1));
}

/* The sizes are drawn before the clock is read. */
static void draw_sizes(struct worker *w, struct object *o)
{
	for (unsigned i = 0; i < BATCH; i++)
		o[i].size = random_size(w);
}

/* Each is written to, as its first user would do: at both ends, so that none lies in another. */
static void mark(struct worker *w, struct object *o)
{
	if (w->peer == &PEER_HEAP_NOTHING)
		return;
	for (unsigned i = 0; i < BATCH; i++) {
		if (o[i].at == NULL) {
			w->broken = true;
			return;
		}
		memcpy(o[i].at, &o[i].at, sizeof(o[i].at));
		memcpy((char *)o[i].at + o[i].size - sizeof(o[i].at), &o[i].at, sizeof(o[i].at));
	}
}

static void look_at_marks(struct worker *w, const struct object *o)
{
	for (unsigned i = 0; i < BATCH && w->peer != &PEER_HEAP_NOTHING; i++) {
		const char *end = (const char *)o[i].at + o[i].size - sizeof(o[i].at);
		w->broken |= memcmp(o[i].at, &o[i].at, sizeof(o[i].at)) != 0 ||
			     memcmp(end, &o[i].at, sizeof(o[i].at)) != 0;
	}
}

static void take_batch(struct worker *w, struct object *o)
{
	draw_sizes(w, o);
	uint64_t before = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
	for (unsigned i = 0; i < BATCH; i++)
		o[i].at = w->table->alloc(w->table->heap, o[i].size, 8);
	w->cost += nanoseconds(CLOCK_THREAD_CPUTIME_ID) - before;
	mark(w, o);
}

static void free_batch(struct worker *w, struct object *o)
{
	look_at_marks(w, o);
	uint64_t before = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
	for (unsigned i = 0; i < BATCH; i++)
		w->table->free(w->table->heap, o[i].at, o[i].size, 8);
	w->cost += nanoseconds(CLOCK_THREAD_CPUTIME_ID) - before;
}

static void work_alone(struct worker *w)
{
	for (unsigned n = 0; n < BATCHES + WARM && !w->broken; n++) {
		if (n == WARM)
			w->cost = 0;
		take_batch(w, w->channel->object[0]);
		if (!w->broken)
			free_batch(w, w->channel->object[0]);
	}
}

/* The other one ends early only if it is broken, and says that it has done all. */
static void produce(struct worker *w)
{
	struct channel *c = w->channel;

	for (unsigned n = 0; n < BATCHES + WARM && !w->broken; n++) {
		while ((int)(n - atomic_load(&c->freed)) >= (int)AHEAD)
			sched_yield();
		if (n == WARM)
			w->cost = 0;
		take_batch(w, c->object[n % AHEAD]);
		if (!w->broken)
			atomic_store(&c->taken, n + 1);
	}
	if (w->broken)
		atomic_store(&c->taken, UINT32_MAX);
}

static void consume(struct worker *w)
{
	struct channel *c = w->channel;
	unsigned taken;

	for (unsigned n = 0; n < BATCHES + WARM && !w->broken; n++) {
		while ((taken = atomic_load(&c->taken)) <= n)
			sched_yield();
		if (taken == UINT32_MAX)
			return;
		if (n == WARM)
			w->cost = 0;
		free_batch(w, c->object[n % AHEAD]);
		atomic_store(&c->freed, n + 1);
	}
	if (w->broken)
		atomic_store(&c->freed, BATCHES + WARM);
}

/* ---- threads ----------------------------------------------------------------------------------- */

/* So that a producer and its consumer are on two processors, if there are two. */
static void *run_worker(void *arg)
{
	struct worker *w = arg;

	move_to_processor(w->number % 2);
	if (w->peer->enter != NULL)
		w->peer->enter(w->number);
	pthread_barrier_wait(w->start);
	w->work(w);
	return NULL;
}

/* Nanoseconds to take and free an object; negative if something was wrong. */
static double run_workers(const struct peer_heap *peer, const struct bench_heap *table,
			  unsigned threads, bool pass, unsigned round)
{
	struct worker worker[PEER_THREADS];
	pthread_barrier_t start;
	uint64_t cost = 0;
	bool broken = false;

	pthread_barrier_init(&start, NULL, threads);
	for (unsigned i = 0; i < threads; i++) {
		worker[i] = (struct worker){
			.number = i,
			.work = !pass        ? work_alone
				: i % 2 == 0 ? produce
					     : consume,
			.peer = peer,
			.table = table,
			.channel = &channels[pass ? i / 2 : i],
			.start = &start,
			.random = SEED * (round * PEER_THREADS + i + 1),
		};
		atomic_store(&worker[i].channel->taken, 0);
		atomic_store(&worker[i].channel->freed, 0);
	}
	for (unsigned i = 0; i < threads; i++) {
		if (pthread_create(&worker[i].id, NULL, run_worker, &worker[i]) != 0) {
			fprintf(stderr, "no thread\n");
			exit(1);
		}
	}
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(worker[i].id, NULL);
		cost += worker[i].cost;
		broken |= worker[i].broken;
	}
	pthread_barrier_destroy(&start);
	const double objects = (double)BATCHES * BATCH * (pass ? threads / 2 : threads);
	return broken ? -1 : (double)cost / objects;
}

/* ---- rows -------------------------------------------------------------------------------------- */

static const struct row {
	const char *name;
	unsigned threads;
	bool pass;
} rows[] = {
	{ "threads.own", 1, false }, { "threads.own", 2, false }, { "threads.own", 4, false },
	{ "threads.pass", 2, true }, { "threads.pass", 4, true },
};

/* False where the answers were wrong. */
static bool run_row(const struct row *row, const struct peer_heap *peer, unsigned round)
{
	const struct measure m = {
		.part = "threads", .size = "64 MiB", .peer = peer->name, .round = round
	};
	struct bench_heap table = { peer->create(arena, ARENA), peer->alloc, peer->free,
				    peer->realloc };
	struct around around;

	if (table.heap == NULL)
		return true;
	struct bench_heap locked = mutex_around_heap(&around, &table);
	double ns =
		run_workers(peer, peer->shared ? &table : &locked, row->threads, row->pass, round);
	if (ns < 0) {
		say_broken(&m, row->threads, row->name, "an object was not there, or written to");
		return false;
	}
	say_value(&m, row->threads, row->name, "ns", ns);
	peer->destroy(table.heap);
	return true;
}

bool threads_run(unsigned percent)
{
	unsigned rounds = ROUNDS * percent / 100 > 3 ? ROUNDS * percent / 100 : 3;
	bool right = true;

	fprintf(stderr, "%4.0f s  threads that share a heap\n", seconds());
	arena = take_memory(ARENA, ARENA);
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
			for (unsigned i = 0; i < PEER_HEAPS; i++) {
				unsigned k = (i + round) % PEER_HEAPS;
				const struct peer_heap *peer = peer_heaps[k];
				bool ok = run_row(&rows[r], peer, round);
				right &= ok || peer != &PEER_HEAP_ACRE;
			}
		}
	}
	return right;
}
