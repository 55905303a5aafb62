/* SPDX-License-Identifier: MIT */
/* acre_bench.h - what the files of the benchmark inside of a Linux kernel share. */
#ifndef BENCH_LINUX_ACRE_BENCH_H
#define BENCH_LINUX_ACRE_BENCH_H

#include "bench/bench.h"
#include "bench/frame_workloads.h"
#include "bench/heap_workloads.h"

#define BENCH_SEED 88172645463325252ull

/* The copies of the workloads for target/linux, and what is subtracted from the first. */
extern const struct bench_workload frame_workloads_linux[FRAME_WORKLOADS];
extern const struct bench_workload frame_workloads_linux_checked[FRAME_WORKLOADS];
extern const struct bench_workload frame_workloads_linux_empty[FRAME_WORKLOADS];
extern const struct bench_workload heap_workloads_linux[HEAP_WORKLOADS];
extern const struct bench_workload heap_workloads_linux_checked[HEAP_WORKLOADS];
extern const struct bench_workload heap_workloads_linux_empty[HEAP_WORKLOADS];

/* bench_memory - @bytes, cleared; the kernel panics if there are none. */
void *bench_memory(uint64_t bytes);

/* bench_is - is @w called @name? */
bool bench_is(const struct bench_workload *w, const char *name);

/*
 * bench_row - print what an operation of @r cost, less what @empty did (NULL: nothing), or why
 * there is no such figure.
 */
void bench_row(const char *allocator, const char *name, const struct bench_run *r,
	       const struct bench_run *empty);

/* The parts: pages, blocks, and the objects of a cache. */
void bench_pages(void);
void bench_blocks(void);
void bench_objects(void);

#endif
