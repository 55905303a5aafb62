/* SPDX-License-Identifier: MIT */
/*
 * calls.h - the calls that workloads make. In a plain build they are the target's, and nothing else. In a
 * checked build (BENCH_CHECKED=1), whose figures nobody takes, each is measured alone for the worst one, and each
 * answer is held against a map of what is out: nothing twice, nothing foreign, aligned as asked.
 */
#ifndef BENCH_CALLS_H
#define BENCH_CALLS_H

#include "bench/bench.h"
#include "bench_target.h"

/* One copy of the workloads for each target: its tables are called frame_workloads_TARGET ... */
#define BENCH_JOIN2(a, b) a##_##b
#define BENCH_JOIN(a, b)  BENCH_JOIN2(a, b)
#if BENCH_CHECKED
#define BENCH_NAME(name) BENCH_JOIN(BENCH_JOIN(name, BENCH_TARGET), checked)
#else
#define BENCH_NAME(name) BENCH_JOIN(name, BENCH_TARGET)
#endif

#if BENCH_CHECKED

static inline void bench_note_cost(struct bench_run *r, uint64_t cost)
{
	cost = cost > r->reading ? cost - r->reading : 0;
	if (cost > r->worst)
		r->worst = cost;
}

#define BENCH_TIMED(r, call)                                                                       \
	do {                                                                                       \
		uint64_t before_ = bench_now();                                                    \
		call;                                                                              \
		bench_note_cost(r, bench_now() - before_);                                         \
	} while (0)
#define BENCH_CHECK(call) call

#else

#define BENCH_TIMED(r, call) call
#define BENCH_CHECK(call)    ((void)0)

#endif

static inline uint64_t alloc_frame(struct bench_run *r)
{
	uint64_t frame;

	BENCH_TIMED(r, frame = target_frame_alloc(r->frames));
	BENCH_CHECK(bench_check_alloc(r, frame, 1, 1));
	return frame;
}

static inline bool free_frame(struct bench_run *r, uint64_t frame)
{
	bool ok;

	BENCH_TIMED(r, ok = target_frame_free(r->frames, frame));
	BENCH_CHECK(bench_check_free(r, frame, 1, ok));
	return ok;
}

static inline uint64_t alloc_run(struct bench_run *r, uint64_t n, uint64_t align)
{
	uint64_t frame;

	BENCH_TIMED(r, frame = target_run_alloc(r->frames, n, align));
	BENCH_CHECK(bench_check_alloc(r, frame, n, align));
	return frame;
}

static inline bool free_run(struct bench_run *r, uint64_t frame, uint64_t n)
{
	bool ok;

	BENCH_TIMED(r, ok = target_run_free(r->frames, frame, n));
	BENCH_CHECK(bench_check_free(r, frame, n, ok));
	return ok;
}

static inline void *alloc_block(struct bench_run *r, uint64_t size, uint64_t align)
{
	void *ptr;

	BENCH_TIMED(r, ptr = target_heap_alloc(r->heap, size, align));
	BENCH_CHECK(bench_check_block(r, ptr, size, align));
	return ptr;
}

static inline void free_block(struct bench_run *r, const struct bench_block *b)
{
	BENCH_CHECK(bench_check_unblock(r, b->ptr, b->size));
	BENCH_TIMED(r, target_heap_free(r->heap, b->ptr, b->size, b->align));
}

/* May copy, so it is not held against the worst single operation. */
static inline void *block_resize(struct bench_run *r, const struct bench_block *b, uint64_t size)
{
	BENCH_CHECK(bench_check_unblock(r, b->ptr, b->size));
	void *ptr = target_heap_realloc(r->heap, b->ptr, b->size, b->align, size);
	BENCH_CHECK(bench_check_resized(r, b, ptr, size));
	return ptr;
}

#endif
