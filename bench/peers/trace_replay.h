/* SPDX-License-Identifier: MIT */
/*
 * trace_replay.h - does again what a program did (trace_file.h), on any heap, in one thread. Each
 * block is written to at both ends, and looked at there when it is freed or moved.
 */
#ifndef TRACE_REPLAY_H
#define TRACE_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/peers/trace_file.h"
#include "bench/target/table/bench_target.h"

/* A live block. */
struct replay_block {
	uint8_t *at; /* NULL: the slot has none */
	uint32_t size;
	uint8_t align_log2;
};

struct replay {
	const struct trace *trace;
	const struct bench_heap *heap;
	struct replay_block *block; /* trace->slots of them */
	/* Each byte of a block is written and looked at, and the block must lie in [low, high). */
	bool thorough;
	const uint8_t *low;
	const uint8_t *high;
	uint64_t deadline; /* on the clock below; then it stops. 0: never */
	uint64_t (*now)(void);

	/* What came of it. */
	uint64_t done;      /* operations; fewer than there are: the heap was full, or too slow */
	bool late;          /* ... it was too slow */
	const char *broken; /* NULL, or what the heap did wrong */
};

/* replay_run - all operations, until the heap has no memory. The blocks that remain stay. */
void replay_run(struct replay *r);

/* replay_end - look at the blocks that remain and free them. */
void replay_end(struct replay *r);

#endif
