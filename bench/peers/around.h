/* SPDX-License-Identifier: MIT */
/* around.h - tables that go around another allocator's: with a mutex, or with a clock. */
#ifndef AROUND_H
#define AROUND_H

#include <pthread.h>

#include "bench/target/table/bench_target.h"

/* One mutex for all calls. Adaptive: it spins for a moment before it sleeps. */
struct around {
	pthread_mutex_t mutex;
	const struct bench_frames *frames;
	const struct bench_heap *heap;
};

/* The tables that result; @a lives as long as they are used, and so does what they go around. */
struct bench_frames mutex_around_frames(struct around *a, const struct bench_frames *frames);
struct bench_heap mutex_around_heap(struct around *a, const struct bench_heap *heap);
struct bench_frames trace_around_frames(struct around *a, const struct bench_frames *frames);
struct bench_heap trace_around_heap(struct around *a, const struct bench_heap *heap);

/*
 * There is one trace. Equal runs do the same operations: of the i-th one the least time counts that it
 * took in any run, so that an interrupt or a neighbour in one of them does not. Reallocations, which
 * may copy, are left out.
 *
 * trace_forget - a new series of runs; trace_restart - the next of them begins; trace_worst - the longest of
 * those least times, without what the clock takes itself, in nanoseconds.
 */
void trace_forget(void);
void trace_restart(void);
uint64_t trace_worst(void);

#endif
