/* SPDX-License-Identifier: MIT */
/* chunk_tree_states_host.c (host) - every state of larger trees than an emulated hart has time for. */
#include "tests/support/chunk_tree_states.h"

#include "lib/compiler.h"
#include "tests/support/ktest.h"

static void visit(uint64_t first_chunk, uint64_t nchunks, unsigned npatterns, const int8_t *orders,
		  const uint64_t *runs)
{
	const struct chunk_tree_world world = {
		.first_chunk = first_chunk,
		.nchunks = nchunks,
		.npatterns = npatterns,
		.orders = orders,
		.runs = runs,
		.max_states = 200000,
		.min_states = 1000,
	};

	chunk_tree_states_visit(&world);
}

static const uint64_t no_runs[] = { 0 };

/* Small orders: where searches begin, and how far a chunk is looked at. */
KTEST(chunk_tree_states, two_chunks_are_right_for_each_order)
{
	static const int8_t orders[][3] = {
		{ 0, 9, -1 }, { 5, 8, -1 }, { 7, 9, -1 }, { 8, 10, -1 }
	};

	for (unsigned i = 0; i < ARRAY_SIZE(orders); i++)
		visit(6, 2, 4, orders[i], no_runs);
}

KTEST(chunk_tree_states, two_chunks_are_right_for_runs)
{
	static const int8_t orders[] = { 8, -1 };
	static const uint64_t runs[] = { 1, 600, 0 };

	visit(6, 2, 3, orders, runs);
}

/* In one group of eight, from an even number and an odd one; and across two groups. */
KTEST(chunk_tree_states, three_chunks_are_right_wherever_they_begin)
{
	static const int8_t orders[] = { 9, 10, 11, -1 };

	for (uint64_t first = 4; first < 8; first++)
		visit(first, 3, 2, orders, no_runs);
}

KTEST(chunk_tree_states, three_chunks_are_right_with_parts_of_chunks)
{
	static const int8_t orders[] = { 10, -1 };

	visit(6, 3, 3, orders, no_runs);
}

KTEST(chunk_tree_states, three_chunks_are_right_for_runs)
{
	static const int8_t orders[] = { -1 };
	static const uint64_t runs[] = { 513, 0 };

	visit(0, 3, 2, orders, runs);
}
