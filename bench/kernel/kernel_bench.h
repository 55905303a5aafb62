/* SPDX-License-Identifier: MIT */
/* kernel_bench.h - what the files of the kernel's benchmark payload share. */
#ifndef BENCH_KERNEL_BENCH_H
#define BENCH_KERNEL_BENCH_H

#include "bench/bench.h"

struct heap;

/* A figure of @unit, with as many decimals as it is worth. */
struct bench_figure {
	uint64_t value; /* times 10 to the power of decimals */
	unsigned decimals;
	const char *unit;
};

/* One of the runs that make up a row: results, and which windows of all were its own. */
struct bench_pass {
	struct bench_run run;
	unsigned first_window;
};

/* bench_memory - @bytes of the machine's memory, cleared; panics if there are none. bench_drop - give them back. */
void *bench_memory(uint64_t bytes, uint64_t align);
void bench_drop(void *memory, uint64_t bytes);

/* bench_begin_pass - start @pass on its run's input; bench_end_pass - count its windows. */
void bench_begin_pass(struct bench_pass *pass);
void bench_end_pass(struct bench_pass *pass);

/*
 * bench_row - print the cost of an operation in @measured less that in @overhead (NULL: nothing), with the worst one of
 * @checked (NULL: there is none). Says FAILED, and remembers, if one of them is broken or two differ in what they got.
 */
void bench_row(const char *name, const char *suffix, const struct bench_pass *measured,
	       const struct bench_pass *overhead, const struct bench_pass *checked,
	       unsigned decimals);

/* bench_row_figure - print a row that has no cost; @broken is NULL or what went wrong. */
void bench_row_figure(const char *name, const char *suffix, struct bench_figure figure,
		      const char *broken);

/* bench_peer_row - the same as bench_row(), for an allocator that is here for scale. */
void bench_peer_row(const char *peer, const char *name, const struct bench_pass *measured,
		    const struct bench_pass *overhead);

/* The parts. */
void bench_frames(uint64_t seed);
void bench_frame_setup(uint64_t seed);
void bench_heap(uint64_t seed);
void bench_growth(void);
void bench_bulk(void);
void bench_caches(void);
void bench_trace(void);

/*
 * bench_new_heap - the heap that is measured, with no memory yet. There is one, since a record has no
 * room for the stocks of many.
 */
struct heap *bench_new_heap(void);

#endif
