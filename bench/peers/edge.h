/* SPDX-License-Identifier: MIT */
/* edge.h - a heap that is as full as it can be, for a long time. */
#ifndef PEERS_EDGE_H
#define PEERS_EDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/target/table/bench_target.h"

#define EDGE_ARENA ((size_t)8 << 20)
#define EDGE_STEPS 1000000u
#define EDGE_SEED  88172645463325252u
#define EDGE_KINDS 3u

extern const char *const edge_names[EDGE_KINDS]; /* of the distributions */

struct edge {
	double filled; /* of EDGE_ARENA: bytes asked for in live blocks at the first failure */
	double mean;   /* ... in the mean of the second half of the steps */
	double least;  /* ... at least after a failure, in all of them */
	uint64_t failures;
	uint64_t left;      /* blocks that are not free in the end, since it was late by then */
	bool late;          /* it takes too long */
	const char *broken; /* NULL, or what the heap did wrong */
};

/*
 * edge_run - take blocks of distribution @kind until the first failure; then EDGE_STEPS times take
 * one, or free any if there is none to take. In the end all are free. @late: after so many seconds
 * it stops, wherever it is.
 */
void edge_run(const struct bench_heap *heap, unsigned kind, double late, struct edge *e);

#endif
