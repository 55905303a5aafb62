/* SPDX-License-Identifier: MIT */
/*
 * chunk_levels.h - the geometry of trees in which eight nodes of a level have one parent on the
 * next. Level 0 is the chunks themselves; a node of level k stands for 8^k of them.
 */
#ifndef ACRE_MM_CHUNK_LEVELS_H
#define ACRE_MM_CHUNK_LEVELS_H

#include <stdint.h>

#define CHUNK_GROUP       8u
#define CHUNK_GROUP_SHIFT 3u

/* chunk_level_node - the node of level @k that chunk @c lies below. */
static inline uint64_t chunk_level_node(uint64_t c, unsigned k)
{
	return c >> (CHUNK_GROUP_SHIFT * k);
}

/*
 * chunk_level_first - the first chunk below @node of level @k. That of @node + 1 is where it ends.
 */
static inline uint64_t chunk_level_first(uint64_t node, unsigned k)
{
	return node << (CHUNK_GROUP_SHIFT * k);
}

/*
 * chunk_level_nodes - how many nodes of level @k stand for @n > 0 chunks, of which the first has
 * number 0.
 */
static inline uint64_t chunk_level_nodes(uint64_t n, unsigned k)
{
	return chunk_level_node(n - 1, k) + 1;
}

#endif
