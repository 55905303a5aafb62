/* SPDX-License-Identifier: MIT */
/*
 * traces.c - the heaps under what real programs asked for (trace_replay.h), in three parts: how
 * long it takes, the smallest arena that is enough, and how full an arena stays at the edge (edge.h).
 *
 * A heap that threads may not share runs bare and behind our ticket lock (ticket.h); ours and the
 * others that may be shared as they are. Of a round all run one after the other, each REPLAYS times
 * from a heap that was just made, of which the least time counts; what the replay takes on
 * 'nothing' is subtracted by the report. A heap that takes longer than PATIENCE is left out from
 * then on. The sizes of the lines (run.h) are "bare" and "locked"; WHAT has besides ns
 *
 *	arena     bytes of the smallest arena in which the trace completes, to 1 part in BISECT: the
 *	          geometric mean over PLACES of it, since a heap may align to addresses
 *	beside    bytes that the heap takes elsewhere when it is made
 *	filled, mean, least, failures     of the edge
 *	late      it takes longer than PATIENCE
 */
#include "bench/peers/traces.h"

#include <glob.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/peers/edge.h"
#include "bench/peers/peers.h"
#include "bench/peers/run.h"
#include "bench/peers/ticket.h"
#include "bench/peers/trace_file.h"
#include "bench/peers/trace_replay.h"

#define ARENA         ((size_t)64 << 20)
#define ROUNDS        9u
#define LEAST         3u  /* rounds, however short the run */
#define REPLAYS       3u  /* of one round; the least counts */
#define PATIENCE      1.0 /* seconds for one replay */
#define EDGE_PATIENCE 10.0
#define BISECT        256u
#define STEP          ((size_t)64) /* an arena is a multiple of it */
#define PLACES        4u
#define PLACE         ((size_t)291 * 4096) /* one is so far from the next: no power of two */
#define TRACES        32u

static struct trace traces[TRACES];
static unsigned ntraces;
static struct replay_block *blocks;
static uint8_t *arena;               /* ARENA bytes at each of the places */
static bool out[PEER_HEAPS][TRACES]; /* too slow, or broken */
static bool ours_is_right = true;

/* What the workload below runs: run.c survives its crash. */
static struct {
	unsigned heap;
	unsigned trace;
	uint8_t *arena;
	size_t arena_bytes;
	bool thorough;
	bool locked;
	bool completes;
	bool late;
	size_t beside;
} job;

static bool is_nothing(unsigned i)
{
	return peer_heaps[i] == &PEER_HEAP_NOTHING;
}

static bool is_bounded(unsigned i)
{
	return !peer_heaps[i]->unbounded && !is_nothing(i);
}

/* ---- one replay --------------------------------------------------------------------------------- */

static uint64_t clock_now(void)
{
	return nanoseconds(CLOCK_THREAD_CPUTIME_ID);
}

static size_t bytes_elsewhere(void)
{
	const struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static struct replay replay_of(const struct bench_heap *table)
{
	struct replay r = {
		.trace = &traces[job.trace],
		.heap = table,
		.block = blocks,
		.thorough = job.thorough,
		.now = clock_now,
		.deadline = clock_now() + (uint64_t)(PATIENCE * 1e9) * (job.thorough ? 4 : 1),
	};

	if (is_bounded(job.heap)) {
		r.low = job.arena;
		r.high = job.arena + job.arena_bytes;
	}
	return r;
}

/* On a new heap. Result: nanoseconds; what is wrong goes to @b. */
static uint64_t replay_once(struct bench_run *b)
{
	const struct peer_heap *peer = peer_heaps[job.heap];
	const size_t before = bytes_elsewhere();
	struct ticket_around around;
	struct bench_heap bare = { peer->create(job.arena, job.arena_bytes), peer->alloc,
				   peer->free, peer->realloc };

	job.completes = false;
	if (bare.heap == NULL)
		return 0;
	job.beside = bytes_elsewhere() - before;
	const bool forwards = job.locked && is_nothing(job.heap);
	const struct bench_heap *table = forwards     ? forward_around_heap(&around, &bare)
					 : job.locked ? ticket_around_heap(&around, &bare)
						      : &bare;
	struct replay r = replay_of(table);
	uint64_t start = bench_now();
	replay_run(&r);
	uint64_t cost = bench_now() - start;
	job.completes = r.done == r.trace->n;
	job.late = r.late;
	if (r.late) /* to free what is left would take as long */
		return cost;
	replay_end(&r);
	if (!is_nothing(job.heap) && r.broken != NULL)
		bench_fail(b, r.broken);
	else
		peer->destroy(bare.heap);
	return cost;
}

static void replay_job(struct bench_run *b)
{
	uint64_t least = UINT64_MAX;
	unsigned times = job.thorough ? 1 : REPLAYS;

	for (unsigned i = 0; i < times && b->broken == NULL; i++) {
		uint64_t cost = replay_once(b);
		least = cost < least ? cost : least;
		if (!job.completes)
			break;
	}
	b->cost = least;
	b->ops = traces[job.trace].n;
}

static void fit_job(struct bench_run *b)
{
	(void)replay_once(b);
}

static struct measure about(const char *part, const char *size, unsigned round)
{
	return (struct measure){ .part = part,
				 .size = size,
				 .peer = peer_heaps[job.heap]->name,
				 .round = round,
				 .enter = peer_heaps[job.heap]->enter,
				 .nothing = is_nothing(job.heap) };
}

/* Nothing more of it: it is too slow, or what it did was wrong. */
static void leave_out(const struct measure *m, const char *workload, bool right)
{
	out[job.heap][job.trace] = true;
	if (right)
		say_value(m, 1, workload, "late", 1);
	else if (peer_heaps[job.heap] == &PEER_HEAP_ACRE)
		ours_is_right = false;
}

/* ---- time --------------------------------------------------------------------------------------- */

static bool is_there(unsigned i)
{
	static enum { UNKNOWN, YES, NO } known[PEER_HEAPS];

	if (known[i] == UNKNOWN) {
		void *heap = peer_heaps[i]->create(arena, ARENA);
		known[i] = heap != NULL ? YES : NO;
		if (heap != NULL)
			peer_heaps[i]->destroy(heap);
	}
	return known[i] == YES;
}

/* One look at each byte, and at whether it is quick enough. */
static void check_one(unsigned i, unsigned t)
{
	struct bench_run b = { .seed = 1 };

	job.heap = i;
	job.trace = t;
	job.arena = arena;
	job.arena_bytes = ARENA;
	job.thorough = true;
	job.locked = false;
	if (is_nothing(i))
		return;
	const struct measure m = about("traces", "bare", 0);
	const struct bench_workload w = { traces[t].name, fit_job };
	bool right = run_checked(&m, &w, &b);
	if (right && !job.completes && !job.late) {
		say_broken(&m, 1, w.name, "64 MiB are not enough");
		right = false;
	}
	if (!right || job.late)
		leave_out(&m, w.name, right);
}

static void time_one(unsigned i, unsigned t, bool locked, unsigned round)
{
	struct bench_run b = { .seed = 1 };

	if (!is_there(i) || out[i][t] || (locked && peer_heaps[i]->shared && !is_nothing(i)))
		return;
	job.heap = i;
	job.trace = t;
	job.arena = arena;
	job.arena_bytes = ARENA;
	job.thorough = false;
	job.locked = locked;
	const struct measure m = about("traces", locked ? "locked" : "bare", round);
	const struct bench_workload w = { traces[t].name, replay_job };
	bool right = run_plain(&m, &w, &b);
	if (!right || job.late)
		leave_out(&m, w.name, right);
}

static void time_round(unsigned round)
{
	for (unsigned t = 0; t < ntraces; t++) {
		for (unsigned i = 0; i < PEER_HEAPS; i++) {
			time_one((i + round) % PEER_HEAPS, t, false, round);
			time_one((i + round) % PEER_HEAPS, t, true, round);
		}
	}
}

/* ---- the smallest arena ------------------------------------------------------------------------- */

/* Does the trace complete in @bytes? *@right: the heap did nothing wrong. */
static bool fits(size_t bytes, bool *right)
{
	const struct measure m = about("traces", "bare", 0);
	const struct bench_workload w = { traces[job.trace].name, fit_job };
	struct bench_run b = { .seed = 1 };

	job.arena_bytes = bytes;
	*right = run_checked(&m, &w, &b);
	return *right && job.completes;
}

static size_t round_up(size_t bytes)
{
	return (bytes + STEP) & ~(STEP - 1);
}

/*
 * Between what cannot be enough and what is, from @guess on. 0: even ARENA is not, or an answer was
 * wrong.
 */
static size_t smallest_arena(size_t guess)
{
	bool right = true;
	size_t low = traces[job.trace].peak & ~(STEP - 1);
	size_t high = guess;

	while (right && high < ARENA && !fits(high, &right)) {
		low = high;
		high = round_up(high + high / 8);
	}
	if (!right || (high >= ARENA && !fits(high = ARENA, &right)))
		return 0;
	while (right && high - low > STEP && high - low > high / BISECT) {
		size_t middle = (low + (high - low) / 2) & ~(STEP - 1);
		if (fits(middle, &right))
			high = middle;
		else
			low = middle;
	}
	return right ? high : 0;
}

/* At all places. The first is where to begin at the next. */
static double mean_arena(void)
{
	size_t bytes = round_up(traces[job.trace].peak + traces[job.trace].peak / 8);
	double logs = 0;

	for (unsigned place = 0; place < PLACES; place++) {
		job.arena = arena + place * PLACE;
		bytes = smallest_arena(bytes);
		if (bytes == 0)
			return 0;
		logs += log((double)bytes);
	}
	return round(exp(logs / PLACES));
}

static void fit_one(unsigned i, unsigned t)
{
	job.heap = i;
	job.trace = t;
	job.thorough = false;
	job.locked = false;
	if (!is_bounded(i) || !is_there(i) || out[i][t])
		return;
	const struct measure m = about("traces", "bare", 0);
	double bytes = mean_arena();
	if (bytes == 0)
		return;
	say_value(&m, 1, traces[t].name, "arena", bytes);
	say_value(&m, 1, traces[t].name, "beside", (double)job.beside);
}

/* ---- the edge ----------------------------------------------------------------------------------- */

static unsigned edge_kind;

static void edge_job(struct bench_run *b)
{
	const struct peer_heap *peer = peer_heaps[job.heap];
	struct bench_heap table = { peer->create(arena, EDGE_ARENA), peer->alloc, peer->free,
				    peer->realloc };
	const struct measure m = about("edge", "8 MiB", 0);
	struct edge e;

	edge_run(&table, edge_kind, EDGE_PATIENCE, &e);
	if (e.broken != NULL) {
		bench_fail(b, e.broken);
		return;
	}
	if (e.left == 0)
		peer->destroy(table.heap);
	say_value(&m, 1, edge_names[edge_kind], e.late ? "late" : "filled", e.filled);
	if (e.late)
		return;
	say_value(&m, 1, edge_names[edge_kind], "mean", e.mean);
	say_value(&m, 1, edge_names[edge_kind], "least", e.least);
	say_value(&m, 1, edge_names[edge_kind], "failures", (double)e.failures);
}

static void edge_one(unsigned i, unsigned kind)
{
	struct bench_run b = { .seed = 1 };

	if (!is_bounded(i) || !is_there(i))
		return;
	job.heap = i;
	edge_kind = kind;
	const struct measure m = about("edge", "8 MiB", 0);
	const struct bench_workload w = { edge_names[kind], edge_job };
	if (!run_checked(&m, &w, &b) && peer_heaps[i] == &PEER_HEAP_ACRE)
		ours_is_right = false;
}

/* ---- all of it ---------------------------------------------------------------------------------- */

static void say_facts(const struct trace *t)
{
	for (unsigned i = 0; i < t->nfacts; i++)
		printf("trace\t%s\t%s\t%s\n", t->name, t->fact[i][0], t->fact[i][1]);
}

/* All traces of the folder, or the end: a run without some of them would be another one. */
static void read_traces(const char *folder)
{
	char pattern[4096];
	uint64_t slots = 1;
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*.trace", folder);
	if (glob(pattern, 0, NULL, &found) != 0 || found.gl_pathc > TRACES) {
		fprintf(stderr, "traces: %s: none there, or more than %u\n", pattern, TRACES);
		exit(2);
	}
	for (ntraces = 0; ntraces < found.gl_pathc; ntraces++) {
		const char *wrong = trace_read(found.gl_pathv[ntraces], &traces[ntraces]);
		if (wrong != NULL) {
			fprintf(stderr, "traces: %s: %s\n", found.gl_pathv[ntraces], wrong);
			exit(2);
		}
		say_facts(&traces[ntraces]);
		slots = traces[ntraces].slots > slots ? traces[ntraces].slots : slots;
	}
	globfree(&found);
	blocks = take_memory(slots * sizeof(blocks[0]), 64);
}

static void each_heap_and_trace(void (*run)(unsigned, unsigned), unsigned n)
{
	for (unsigned t = 0; t < n; t++) {
		for (unsigned i = 0; i < PEER_HEAPS; i++) {
			if (is_there(i))
				run(i, t);
		}
	}
}

bool traces_run(unsigned percent)
{
	unsigned rounds = ROUNDS * percent / 100 > LEAST ? ROUNDS * percent / 100 : LEAST;
	const char *folder = getenv("TRACES");

	if (folder == NULL)
		return true;
	read_traces(folder);
	arena = take_memory(2 * ARENA, ARENA);
	fprintf(stderr, "%4.0f s  traces of programs, every byte checked\n", seconds());
	each_heap_and_trace(check_one, ntraces);
	fprintf(stderr, "%4.0f s  traces of programs, time\n", seconds());
	for (unsigned round = 0; round < rounds; round++)
		time_round(round);
	fprintf(stderr, "%4.0f s  traces of programs, the smallest arena\n", seconds());
	each_heap_and_trace(fit_one, ntraces);
	fprintf(stderr, "%4.0f s  an arena of 8 MiB at the edge of failure, seed %llu\n", seconds(),
		(unsigned long long)EDGE_SEED);
	each_heap_and_trace(edge_one, EDGE_KINDS);
	return ours_is_right;
}
