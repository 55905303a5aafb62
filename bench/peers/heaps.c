/* SPDX-License-Identifier: MIT */
/*
 * heaps.c - the heaps side by side. Each workload starts from a heap that was just made, in an arena that they
 * take turns with; otherwise as frames.c.
 */
#include "bench/peers/heaps.h"

#include <stdio.h>
#include <string.h>

#include "bench/heap_workloads.h"
#include "bench/peers/around.h"
#include "bench/peers/peers.h"
#include "bench/peers/run.h"

#define ARENA        ((size_t)64 << 20)
#define LARGE_ARENA  (2 * ARENA) /* for a million blocks */
#define MOST_BLOCKS  1000000u
#define FEW_BLOCKS   200000u
#define SEED         88172645463325252u
#define ROUNDS       11u
#define PATIENCE     2.0 /* seconds for one workload on one heap; then no more rounds of it */
#define CHECKED_RUNS 5u
#define MAX_ROUNDS   50u /* of threads, to find quiet ones */
#define SEEDS        5u  /* how much fits depends on the numbers drawn: the mean of some */

/* Who needs more nanoseconds to free one of 20,000 blocks would take minutes for a million. */
#define TOO_SLOW 400.0

_Static_assert(HEAP_MOST_BLOCKS <= MOST_BLOCKS, "room for the largest workload");

static struct {
	double free_small; /* nanoseconds */
	double spent[HEAP_WORKLOADS];
	unsigned quiet[HEAP_WORKLOADS]; /* rounds of threads */
	bool broken[HEAP_WORKLOADS];
} state[PEER_HEAPS];

static uint8_t *arena;
static uint64_t *taken;
static struct bench_block *blocks[MAX_THREADS];
static bool ours_is_right = true;

/* ---- which workload is which -------------------------------------------------------------------- */

static bool is(unsigned w, const char *name)
{
	return strcmp(heap_workloads_table[w].name, name) == 0;
}

static bool wants(unsigned i, unsigned w)
{
	const struct peer_heap *peer = peer_heaps[i];

	if (state[i].broken[w] || state[i].spent[w] > PATIENCE)
		return false;
	if (is(w, "heap.free_small_1m"))
		return state[i].free_small < TOO_SLOW;
	if (is(w, "heap.efficiency"))
		return !peer->unbounded && peer != &PEER_HEAP_NOTHING;
	return true;
}

static size_t arena_of(unsigned w)
{
	return is(w, "heap.free_small_1m") ? LARGE_ARENA : ARENA;
}

/* ---- one workload on one heap ------------------------------------------------------------------- */

static struct measure about(unsigned i, unsigned round)
{
	return (struct measure){ .part = "heap",
				 .size = "64 MiB",
				 .peer = peer_heaps[i]->name,
				 .round = round,
				 .enter = peer_heaps[i]->enter,
				 .nothing = peer_heaps[i] == &PEER_HEAP_NOTHING };
}

static bool make(unsigned i, unsigned w, struct bench_heap *table)
{
	const struct peer_heap *peer = peer_heaps[i];

	*table = (struct bench_heap){ peer->create(arena, arena_of(w)), peer->alloc, peer->free,
				      peer->realloc };
	return table->heap != NULL;
}

static struct bench_run run_of(unsigned w, struct bench_heap *table, unsigned round,
			       unsigned thread)
{
	return (struct bench_run){
		.seed = SEED + (uint64_t)round * MAX_THREADS + thread,
		.heap = table,
		.block = blocks[thread],
		.max_blocks = is(w, "heap.free_small_1m") ? MOST_BLOCKS : FEW_BLOCKS,
		.arena = arena,
		.arena_bytes = arena_of(w),
		.given_bytes = arena_of(w),
	};
}

/* A heap that answered rightly is whole; of another nobody knows. */
static void note(unsigned i, unsigned w, const struct bench_heap *table, bool right, double before)
{
	state[i].spent[w] += seconds() - before;
	if (right) {
		peer_heaps[i]->destroy(table->heap);
		return;
	}
	state[i].broken[w] = true;
	if (peer_heaps[i] == &PEER_HEAP_ACRE)
		ours_is_right = false;
}

static void run_one(unsigned i, unsigned w, unsigned round)
{
	struct measure m = about(i, round);
	struct bench_heap table;
	double before = seconds();

	if (!wants(i, w) || !make(i, w, &table))
		return;
	struct bench_run r = run_of(w, &table, round, 0);
	note(i, w, &table, run_plain(&m, &heap_workloads_table[w], &r), before);
	if (is(w, "heap.free_small"))
		state[i].free_small = (double)r.cost / (double)r.ops;
}

/* Every answer is checked, and the worst is found. */
static void check_one(unsigned i, unsigned w, unsigned round)
{
	struct measure m = about(i, round);
	struct bench_heap table;
	struct around around;

	if (peer_heaps[i] == &PEER_HEAP_NOTHING || is(w, "heap.efficiency") || !wants(i, w))
		return;
	trace_forget();
	for (unsigned k = 0; k < CHECKED_RUNS && make(i, w, &table); k++) {
		struct bench_heap traced = trace_around_heap(&around, &table);
		struct bench_run r = run_of(w, &traced, 0, 0);
		memset(taken, 0, LARGE_ARENA / 64);
		r.taken = peer_heaps[i]->unbounded ? NULL : taken;
		bool right = run_checked(&m, &heap_workloads_table_checked[w], &r);
		note(i, w, &table, right, seconds());
		if (!right)
			return;
	}
	say_value(&m, 1, heap_workloads_table[w].name, "worst", (double)trace_worst());
}

static void run_two(unsigned i, unsigned w, unsigned round)
{
	struct measure m = about(i, round);
	struct bench_run r[MAX_THREADS];
	struct bench_heap table;
	struct around around;
	double before = seconds();
	bool quiet;

	state[i].spent[w] = 0;
	if (is(w, "heap.free_small_1m") || is(w, "heap.efficiency") ||
	    state[i].quiet[w] >= ENOUGH || !wants(i, w) || !make(i, w, &table))
		return;
	struct bench_heap locked = mutex_around_heap(&around, &table);
	for (unsigned k = 0; k < MAX_THREADS; k++)
		r[k] = run_of(w, peer_heaps[i]->shared ? &table : &locked, round, k);
	note(i, w, &table, run_threads(&m, &heap_workloads_table[w], r, MAX_THREADS, &quiet),
	     before);
	state[i].quiet[w] += quiet;
	if (seconds() - before > PATIENCE)
		state[i].quiet[w] = ENOUGH;
}

/* ---- all of them -------------------------------------------------------------------------------- */

static void run_rounds(unsigned rounds, double limit, void (*run)(unsigned, unsigned, unsigned))
{
	double start = seconds();

	for (unsigned i = 0; i < PEER_HEAPS; i++)
		memset(state[i].spent, 0, sizeof(state[i].spent));
	for (unsigned round = 0; round < rounds && seconds() - start < limit; round++) {
		for (unsigned w = 0; w < HEAP_WORKLOADS; w++) {
			for (unsigned i = 0; i < PEER_HEAPS; i++)
				run((i + round) % PEER_HEAPS, w, round);
		}
	}
}

bool heaps_run(unsigned percent)
{
	unsigned rounds = ROUNDS * percent / 100 > SEEDS ? ROUNDS * percent / 100 : SEEDS;
	double limit = phase_seconds(percent);

	arena = take_memory(LARGE_ARENA, LARGE_ARENA);
	taken = take_memory(LARGE_ARENA / 64, 64);
	for (unsigned i = 0; i < MAX_THREADS; i++)
		blocks[i] = take_memory(MOST_BLOCKS * sizeof(blocks[i][0]), 64);
	fprintf(stderr, "%4.0f s  heaps\n", seconds());
	run_rounds(rounds, limit, run_one);
	fprintf(stderr, "%4.0f s  heaps, every answer checked\n", seconds());
	run_rounds(1, limit, check_one);
	fprintf(stderr, "%4.0f s  heaps, %u threads\n", seconds(), MAX_THREADS);
	run_rounds(MAX_ROUNDS, limit, run_two);
	return ours_is_right;
}
