/* SPDX-License-Identifier: MIT */
/* heap_workloads.h - the workloads of heap_workloads.c, one array for each way that it is compiled. */
#ifndef BENCH_HEAP_WORKLOADS_H
#define BENCH_HEAP_WORKLOADS_H

#include "bench/bench.h"

#define HEAP_WORKLOADS 15u

/* Blocks that the largest workload has live; any other has less than 200,000. */
#define HEAP_MOST_BLOCKS 1000000u

/*
 * In this order: pair32, random200, random3000, random30000, realloc3000, free_small, free_small_1k,
 * free_small_1m (of HEAP_MOST_BLOCKS, so it needs an arena of 128 MiB), efficiency (of which per_mille is
 * the result, not cost), power_law, fifo, lifo, fixed48, uniform2048, vectors.
 */
extern const struct bench_workload heap_workloads_acre[HEAP_WORKLOADS];
extern const struct bench_workload heap_workloads_acre_checked[HEAP_WORKLOADS];
extern const struct bench_workload heap_workloads_standin[HEAP_WORKLOADS];
extern const struct bench_workload heap_workloads_table[HEAP_WORKLOADS];
extern const struct bench_workload heap_workloads_table_checked[HEAP_WORKLOADS];

#endif
