/* SPDX-License-Identifier: MIT */
/*
 * chunk_tree_internal.h - the levels of a chunk_tree: which chunks a node stands for, and where
 * its byte (chunk_tree.c) and its runs (chunk_find_run.c) are.
 *
 * Level 0 is the chunks themselves. Eight nodes of a level have one parent on the next, so a node
 * of level k stands for 8^k chunks. Chunk 0 is node tree->lead of level 0.
 */
#ifndef ACRE_MM_CHUNK_TREE_INTERNAL_H
#define ACRE_MM_CHUNK_TREE_INTERNAL_H

#include <stdint.h>

#include "mm/index/chunk_tree.h"

#define CHUNK_GROUP       8u
#define CHUNK_GROUP_SHIFT 3u

/* chunk_level_node - the node of level @k that @node of level 0 lies below. */
static inline uint64_t chunk_level_node(uint64_t node, unsigned k)
{
	return node >> (CHUNK_GROUP_SHIFT * k);
}

/* chunk_level_first - the first node of level 0 below @node of level @k. */
static inline uint64_t chunk_level_first(uint64_t node, unsigned k)
{
	return node << (CHUNK_GROUP_SHIFT * k);
}

/*
 * chunk_level_chunk - the first chunk below @node of level @k, or the next that there is; nchunks
 * if there is none. That of @node + 1 is where the chunks of @node end.
 */
static inline uint64_t chunk_level_chunk(const struct chunk_tree *tree, unsigned k, uint64_t node)
{
	uint64_t first = chunk_level_first(node, k);
	uint64_t c = first > tree->lead ? first - tree->lead : 0;

	return c < tree->nchunks ? c : tree->nchunks;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static inline chunk_byte *byte_of(const struct chunk_tree *tree, unsigned k, uint64_t node)
{
	return (chunk_byte *)(tree->level[k] + node);
}

static inline unsigned node_byte(const struct chunk_tree *tree, unsigned k, uint64_t node)
{
	return atomic_load_explicit(byte_of(tree, k, node), memory_order_relaxed);
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* Lengths in bits. Not known: all of them RUNS_UNKNOWN. */
struct chunk_runs {
	uint64_t head;
	uint64_t best;
	uint64_t tail;
};

#define RUNS_UNKNOWN UINT64_MAX

/* Those of a chunk: ten bits each, or all ones. */
#define LEAF_RUNS_UNKNOWN UINT32_MAX
#define LEAF_RUN_BITS     10u
#define LEAF_RUN_MASK     ((1u << LEAF_RUN_BITS) - 1)

/* leaf_runs - where the runs of @node of level 0 are, which stands for a chunk. */
static inline uint32_t *leaf_runs(const struct chunk_tree *tree, uint64_t node)
{
	return (uint32_t *)tree->runs[0] + node;
}

/* node_runs - where those of @node of level @k > 0 are, which stands for a chunk. */
static inline struct chunk_runs *node_runs(const struct chunk_tree *tree, unsigned k, uint64_t node)
{
	return (struct chunk_runs *)tree->runs[k] + node;
}

/* runs_of - the runs of @node, which stands for a chunk. */
static inline struct chunk_runs runs_of(const struct chunk_tree *tree, unsigned k, uint64_t node)
{
	if (k != 0)
		return *node_runs(tree, k, node);
	uint32_t leaf = *leaf_runs(tree, node);
	if (leaf == LEAF_RUNS_UNKNOWN)
		return (struct chunk_runs){ .best = RUNS_UNKNOWN };
	return (struct chunk_runs){ leaf & LEAF_RUN_MASK, leaf >> LEAF_RUN_BITS & LEAF_RUN_MASK,
				    leaf >> 2 * LEAF_RUN_BITS };
}

#endif
