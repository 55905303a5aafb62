/* SPDX-License-Identifier: MIT */
/* frame_workloads.h - the workloads of frame_workloads.c, one array for each way that it is compiled. */
#ifndef BENCH_FRAME_WORKLOADS_H
#define BENCH_FRAME_WORKLOADS_H

#include "bench/bench.h"

#define FRAME_WORKLOADS 12u

/* Each in the order of docs/performance.md. Of the last two per_mille is the result, not cost. */
extern const struct bench_workload frame_workloads_acre[FRAME_WORKLOADS];
extern const struct bench_workload frame_workloads_acre_checked[FRAME_WORKLOADS];
extern const struct bench_workload frame_workloads_standin[FRAME_WORKLOADS];
extern const struct bench_workload frame_workloads_free_list[FRAME_WORKLOADS];
extern const struct bench_workload frame_workloads_table[FRAME_WORKLOADS];
extern const struct bench_workload frame_workloads_table_checked[FRAME_WORKLOADS];

#endif
