/* SPDX-License-Identifier: MIT */
/* chunk_tree_ask.h - the questions of chunk_tree.h with an unlimited budget, for cases. */
#ifndef CHUNK_TREE_ASK_H
#define CHUNK_TREE_ASK_H

#include "mm/index/chunk_tree.h"

/* Is it known that chunk @c has no bit set? */
static inline bool ask_is_empty(const struct chunk_tree *tree, uint64_t c)
{
	return tree->leaf[c] == CHUNK_EMPTY;
}

static inline uint64_t ask_order(struct chunk_tree *tree, unsigned order)
{
	unsigned budget = ~0U;

	return chunk_tree_find_bounded(tree, order, &budget);
}

static inline uint64_t ask_aligned_run(struct chunk_tree *tree, uint64_t n, uint64_t align)
{
	struct chunk_run run = { .n = n, .align = align, .from = 0, .to = CHUNK_TREE_LATER };
	unsigned budget = ~0U;

	return chunk_tree_find_run_bounded(tree, &run, &budget);
}

static inline uint64_t ask_run(struct chunk_tree *tree, uint64_t n)
{
	return ask_aligned_run(tree, n, 1);
}

static inline uint64_t ask_count(const struct chunk_tree *tree)
{
	unsigned budget = ~0U;

	return chunk_tree_count_bounded(tree, &budget);
}

#endif
