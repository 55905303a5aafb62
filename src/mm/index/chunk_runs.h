/* SPDX-License-Identifier: MIT */
/*
 * chunk_runs.h - the runs of set bits of a bitmap, chunk by chunk: how long the one at the
 * beginning is, the longest, the one at the end. With these the lowest run of any length is found
 * without reading the bits (Go's page allocator does it so). A part of chunk_tree, which says when
 * a chunk has changed; chunk_runs.c draws it.
 */
#ifndef ACRE_MM_CHUNK_RUNS_H
#define ACRE_MM_CHUNK_RUNS_H

#include <stddef.h>
#include <stdint.h>

struct chunk_runs;

/* chunk_runs_bytes - storage for @nchunks, aligned to 8: 0.12 bits a bit. */
size_t chunk_runs_bytes(uint64_t nchunks);

/* chunk_runs_init - nothing is known yet. Cost: fills the storage. */
void chunk_runs_init(struct chunk_runs *runs, uint64_t nchunks, void *storage);

/* chunk_runs_forget - nothing is known about the @n > 0 chunks from @c, and what is above them. */
void chunk_runs_forget(struct chunk_runs *runs, uint64_t c, uint64_t n);

/* ---- what it is made of ---------------------------------------------------------------------- */

/* 8^12 chunks: more than 2^56 bytes have. */
#define CHUNK_RUNS_MAX_LEVELS 13u

/* Lengths in bits. Not known: all of them UINT64_MAX. */
struct chunk_run_node {
	uint64_t head;
	uint64_t best;
	uint64_t tail;
};

struct chunk_runs {
	uint64_t nchunks;
	unsigned nlevels;
	uint32_t *leaf;                                      /* ten bits each, or all ones */
	struct chunk_run_node *level[CHUNK_RUNS_MAX_LEVELS]; /* [k] for 8^k chunks a node, k > 0 */
};

#endif
