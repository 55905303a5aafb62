/* SPDX-License-Identifier: MIT */
/* chunk_tree_states.h - every state that a tiny chunk_tree can be brought to (chunk_tree_states_test.c). */
#ifndef TESTS_CHUNK_TREE_STATES_H
#define TESTS_CHUNK_TREE_STATES_H

#include <stdbool.h>
#include <stdint.h>

#define STATES_MAX_CHUNKS 3u

struct chunk_tree_world {
	uint64_t first_chunk;
	uint64_t nchunks;
	unsigned npatterns;   /* what a chunk may look like: the first so many of the list there */
	const int8_t *orders; /* that are searched for, ended by -1 */
	const uint64_t *runs; /* lengths of runs that are searched for, ended by 0 */
	uint32_t max_states;  /* room; the case fails when it is not enough */
	uint32_t min_states;  /* there are at least so many, or something was not tried */
};

/* chunk_tree_states_visit - ends the running case on the first step after which something is wrong. */
void chunk_tree_states_visit(const struct chunk_tree_world *is);

#endif
