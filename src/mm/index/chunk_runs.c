/* SPDX-License-Identifier: MIT */
/*
 * chunk_runs.c - three lengths for each chunk, for each eight chunks, and so on.
 *
 *	bits of a node       ####....##.#######...##########.....#######
 *	                     |__|                 |________|     |_____|
 *	                     head 4               best 10        tail 7
 *
 * Those of a node follow from those of its children, left to right: what ends one child goes on in
 * the next one's head. This file keeps and forgets the lengths; chunk_find_run.c computes them, as
 * a search needs them.
 *
 * Invariants (chunk_tree_validate() checks them by these numbers):
 *   R1  what is known is right.
 *   R2  above a node that is not known nothing is known.
 *   R3  the runs of a chunk are known only if its byte in the chunk_tree is not stale: only then is
 *       a change to its bits announced.
 */
#include "mm/index/chunk_runs.h"

#include "lib/string.h"
#include "mm/index/chunk_levels.h"

#define ALL_ONES 0xff /* memset() with it forgets leaves and nodes alike */

static uint64_t leaf_bytes(uint64_t nchunks)
{
	return (nchunks + 1) / 2 * 2 * sizeof(uint32_t);
}

size_t chunk_runs_bytes(uint64_t nchunks)
{
	if (nchunks == 0)
		return 0;
	uint64_t bytes = leaf_bytes(nchunks);
	for (unsigned k = 1; chunk_level_nodes(nchunks, k - 1) > 1; k++)
		bytes += chunk_level_nodes(nchunks, k) * sizeof(struct chunk_run_node);
	return bytes;
}

void chunk_runs_init(struct chunk_runs *runs, uint64_t nchunks, void *storage)
{
	char *at = storage;

	memset(storage, ALL_ONES, chunk_runs_bytes(nchunks));
	*runs = (struct chunk_runs){ .nchunks = nchunks, .leaf = storage, .nlevels = 1 };
	at += leaf_bytes(nchunks);
	for (; chunk_level_nodes(nchunks, runs->nlevels - 1) > 1; runs->nlevels++) {
		runs->level[runs->nlevels] = (struct chunk_run_node *)(void *)at;
		at += chunk_level_nodes(nchunks, runs->nlevels) * sizeof(struct chunk_run_node);
	}
}

void chunk_runs_forget(struct chunk_runs *runs, uint64_t c, uint64_t n)
{
	uint64_t last = c + n - 1;

	if (n == 1 && runs->leaf[c] == UINT32_MAX)
		return; /* R2 */
	memset(&runs->leaf[c], ALL_ONES, n * sizeof(runs->leaf[0]));
	for (unsigned k = 1; k < runs->nlevels; k++) {
		c >>= CHUNK_GROUP_SHIFT;
		last >>= CHUNK_GROUP_SHIFT;
		memset(&runs->level[k][c], ALL_ONES,
		       (last - c + 1) * sizeof(struct chunk_run_node));
	}
}
