/* SPDX-License-Identifier: MIT */
/*
 * ticket.h - a heap that has no lock behind one: our own ticket lock (lib/lock.h), taken and
 * dropped in each call. So it is as safe to share as ours is, and what is compared does the same.
 */
#ifndef PEERS_TICKET_H
#define PEERS_TICKET_H

#include "bench/target/table/bench_target.h"
#include "lib/lock.h"

struct ticket_around {
	struct ticket_lock lock;
	const struct bench_heap *heap;
	struct bench_heap table;
};

/*
 * ticket_around_heap - the table that results; @a lives as long as it is used, and so does @heap.
 * forward_around_heap - the same without the lock: what the second call costs, to be subtracted.
 */
struct bench_heap *ticket_around_heap(struct ticket_around *a, const struct bench_heap *heap);
struct bench_heap *forward_around_heap(struct ticket_around *a, const struct bench_heap *heap);

#endif
