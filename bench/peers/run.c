/* SPDX-License-Identifier: MIT */
/* run.c - the clock of bench_now(), threads that wait for each other in it, and crashes. */
#include "bench/peers/run.h"

#include "bench/peers/around.h"
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- lines -------------------------------------------------------------------------------------- */

static void say(const struct measure *m, unsigned threads, const char *workload, const char *what)
{
	printf("figure\t%s\t%s\t%u\t%s\t%s\t%u\t%s\t", m->part, m->size, threads, workload, m->peer,
	       m->round, what);
}

void say_value(const struct measure *m, unsigned threads, const char *workload, const char *what,
	       double value)
{
	say(m, threads, workload, what);
	printf("%.4f\n", value);
	fflush(stdout);
}

void say_broken(const struct measure *m, unsigned threads, const char *workload, const char *why)
{
	say(m, threads, workload, "broken");
	printf("%s\n", why);
	fflush(stdout);
}

/* ---- the clock ---------------------------------------------------------------------------------- */

/* How bench_now() behaves on this thread. */
static _Thread_local enum { ALONE, TOGETHER, UNTIMED } clock_mode;

double seconds(void)
{
	static uint64_t start;
	uint64_t now = nanoseconds(CLOCK_MONOTONIC);

	if (start == 0)
		start = now;
	return (double)(now - start) / 1e9;
}

/*
 * TOGETHER: a workload reads the clock when its window opens and when it closes. All threads wait for the last one
 * at both: before the first reading and after the second.
 */
static struct {
	unsigned threads;
	atomic_uint arrived;
	atomic_uint generation;
} gate;

static _Thread_local bool opened;
static _Thread_local uint64_t waited;

/* How long this thread had to wait for a processor, so far; 0 where the system does not say. */
static uint64_t time_waited(void)
{
	FILE *file = fopen("/proc/thread-self/schedstat", "r");
	char line[96] = "";
	char *second = line;

	if (file == NULL)
		return 0;
	if (fgets(line, sizeof(line), file) != NULL)
		(void)strtoull(line, &second, 10); /* the time that it ran */
	fclose(file);
	return strtoull(second, NULL, 10);
}

static void wait_at_gate(void)
{
	unsigned generation = atomic_load(&gate.generation);

	if (atomic_fetch_add(&gate.arrived, 1) + 1 == gate.threads) {
		atomic_store(&gate.arrived, 0);
		atomic_fetch_add(&gate.generation, 1);
		return;
	}
	while (atomic_load(&gate.generation) == generation)
		sched_yield();
}

/*
 * While a window is open its threads go before all else, where the system permits that: on a machine
 * with other work to do they would hardly ever be two. Each has a processor of its own then.
 */
static _Thread_local bool has_processor;

static void go_first(bool first)
{
	const struct sched_param priority = { .sched_priority = first };

	if (has_processor)
		(void)sched_setscheduler(0, first ? SCHED_FIFO : SCHED_OTHER, &priority);
}

static uint64_t now_together(void)
{
	opened = !opened;
	if (opened) {
		wait_at_gate(); /* for whoever is late */
		go_first(true);
		waited = time_waited();
		wait_at_gate();
	}
	uint64_t now = nanoseconds(CLOCK_MONOTONIC);
	if (!opened) {
		waited = time_waited() - waited;
		wait_at_gate();
		go_first(false);
	}
	return now;
}

/*
 * ALONE: the time that the processor worked for this thread, whoever else it works for; that clock is slow to read and
 * coarse, so what took less than the shortest turn of somebody else is measured by the one on the wall. The time that
 * this function takes itself is not in it.
 */
#define SHORT 1000000u /* nanoseconds */

static uint64_t now_alone(void)
{
	static _Thread_local uint64_t wall, own, said;
	uint64_t by_wall = nanoseconds(CLOCK_MONOTONIC) - wall;
	uint64_t before = own;

	own = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
	said += by_wall < SHORT ? by_wall : own - before;
	wall = nanoseconds(CLOCK_MONOTONIC);
	return said;
}

/* UNTIMED: a checked build reads the clock around each operation, and so does the trace. */
uint64_t bench_now(void)
{
	switch (clock_mode) {
	case TOGETHER:
		return now_together();
	case UNTIMED:
		return 0;
	default:
		return now_alone();
	}
}

/* ---- crashes ------------------------------------------------------------------------------------ */

static sigjmp_buf escape;
static volatile sig_atomic_t guarded;

static void on_crash(int signal)
{
	if (guarded)
		siglongjmp(escape, signal);
	_Exit(128 + signal);
}

static void catch_crashes(void)
{
	static const int signals[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	static bool caught;
	struct sigaction action = { .sa_handler = on_crash, .sa_flags = SA_ONSTACK | SA_NODEFER };
	stack_t stack = { .ss_size = 1 << 16 };

	if (caught)
		return;
	caught = true;
	stack.ss_sp = take_memory(stack.ss_size, 16);
	sigaltstack(&stack, NULL);
	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

/* Run it; false if it crashed. */
static bool survives(const struct bench_workload *w, struct bench_run *r)
{
	catch_crashes();
	if (sigsetjmp(escape, 1) != 0) {
		guarded = 0;
		r->broken = "crashed";
		return false;
	}
	guarded = 1;
	w->run(r);
	guarded = 0;
	return true;
}

/* ---- running ------------------------------------------------------------------------------------ */

static bool say_result(const struct measure *m, unsigned threads, const struct bench_workload *w,
		       const struct bench_run *r, double cost, double ops)
{
	if (r->broken != NULL && !m->nothing) {
		say_broken(m, threads, w->name, r->broken);
		return false;
	}
	if (ops > 0)
		say_value(m, threads, w->name, "ns", cost / ops);
	else
		say_value(m, threads, w->name, "per_mille", (double)r->per_mille);
	return true;
}

bool run_plain(const struct measure *m, const struct bench_workload *w, struct bench_run *r)
{
	clock_mode = ALONE;
	if (m->enter != NULL)
		m->enter(0);
	bench_start(r);
	survives(w, r);
	return say_result(m, 1, w, r, (double)r->cost, (double)r->ops);
}

bool run_checked(const struct measure *m, const struct bench_workload *w, struct bench_run *r)
{
	clock_mode = UNTIMED;
	if (m->enter != NULL)
		m->enter(0);
	bench_start(r);
	trace_restart();
	survives(w, r);
	if (r->broken != NULL)
		say_broken(m, 1, w->name, r->broken);
	return r->broken == NULL;
}

struct thread {
	pthread_t id;
	unsigned number;
	const struct measure *m;
	const struct bench_workload *w;
	struct bench_run *r;
	uint64_t waited;
};

/* A processor for each thread, if there are enough: else they might take turns on one. */
void move_to_processor(unsigned number)
{
	cpu_set_t mine, one;

	if (sched_getaffinity(0, sizeof(mine), &mine) != 0 || CPU_COUNT(&mine) < (int)MAX_THREADS)
		return;
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &mine) || number-- != 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		has_processor = pthread_setaffinity_np(pthread_self(), sizeof(one), &one) == 0;
		return;
	}
}

static void *work(void *arg)
{
	struct thread *t = arg;

	move_to_processor(t->number);
	if (t->m->enter != NULL)
		t->m->enter(t->number);
	clock_mode = ALONE;
	bench_start(t->r);
	clock_mode = TOGETHER;
	opened = false;
	t->w->run(t->r);
	t->waited = waited;
	return NULL;
}

bool run_threads(const struct measure *m, const struct bench_workload *w, struct bench_run *r,
		 unsigned threads, bool *quiet)
{
	struct thread thread[MAX_THREADS];
	double cost = 0;
	double ops = 0;
	double lost = 0;

	gate.threads = threads;
	for (unsigned i = 0; i < threads; i++) {
		thread[i] = (struct thread){ .number = i, .m = m, .w = w, .r = &r[i] };
		if (pthread_create(&thread[i].id, NULL, work, &thread[i]) != 0) {
			fprintf(stderr, "no thread\n");
			exit(1);
		}
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(thread[i].id, NULL);
	for (unsigned i = 0; i < threads; i++) {
		cost = (double)r[i].cost > cost ? (double)r[i].cost : cost;
		ops += (double)r[i].ops;
		lost = (double)thread[i].waited > lost ? (double)thread[i].waited : lost;
		if (r[i].broken != NULL)
			r[0].broken = r[i].broken;
	}
	say_value(m, threads, w->name, "waited", cost > 0 ? 1000 * lost / cost : 0);
	*quiet = lost <= QUIET * cost;
	return say_result(m, threads, w, &r[0], cost, ops);
}

/* ---- memory ------------------------------------------------------------------------------------- */

void *take_memory(size_t size, size_t align)
{
	void *memory;

	if (posix_memalign(&memory, align < sizeof(void *) ? sizeof(void *) : align, size) != 0) {
		fprintf(stderr, "no memory\n");
		exit(1);
	}
	memset(memory, 0, size);
	return memory;
}
