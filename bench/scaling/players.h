/* SPDX-License-Identifier: MIT */
/*
 * players.h - harts, real ones or played ones, that take and give memory, and what that has cost
 * each of them. payload_scaling.c makes them and has the loops over frames; objects.c has the loops
 * over objects of the heap.
 */
#ifndef BENCH_SCALING_PLAYERS_H
#define BENCH_SCALING_PLAYERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/scaling/lines.h"
#include "kernel/hart/hart.h"
#include "lib/platform.h"

#define SLOTS 64u   /* a power of two */
#define HELD  100u  /* hold: about so many */
#define FILL  1500u /* fill: at most so many */

/* What operations of one kind have cost. */
struct cost {
	uint64_t operations;
	uint64_t disturbed; /* operations with at least one foreign write */
	uint64_t foreign;   /* foreign writes of all */
};

struct player {
	unsigned index;
	bool giving;  /* fill: on the way down */
	uint64_t top; /* fill: that is where it turns */
	uint64_t random;
	struct cost own;     /* on frames or objects that it took itself, or on blocks */
	struct cost others;  /* frees of what another took */
	struct player *next; /* who frees what this one takes */
	uint32_t *held;      /* frames, from the first of the pool */
	void **object;       /* or objects, in the same place */
	uint64_t nheld, capacity;
	size_t size;                   /* full: of the object that was given back last, or 0 */
	_Atomic uintptr_t slot[SLOTS]; /* for the next player; 0: none */
	unsigned in, out;
	void *block;         /* what step_block() has, if anything */
	struct hart *played; /* the record of a hart that is played */
	uint64_t target;     /* operations; at once only */
} acre_aligned_to(LINE_SIZE);

static inline uint64_t player_random(struct player *p)
{
	p->random ^= p->random << 13;
	p->random ^= p->random >> 7;
	p->random ^= p->random << 17;
	return p->random >> 11;
}

/* player_count - an operation of @cost is done, before which there were @before foreign writes. */
static inline void player_count(struct cost *cost, uint64_t before)
{
	uint64_t foreign = lines_foreign(platform_hart()) - before;

	cost->operations++;
	cost->foreign += foreign;
	cost->disturbed += foreign != 0;
}

/*
 * objects_begin - the heap may take as much memory as @n players need, and has none too much.
 * Result: how many objects each of them holds where the heap is nearly full. objects_end - all that
 * @p holds goes back.
 */
uint64_t objects_begin(unsigned n);
void objects_end(struct player *p);

/* What a player does with objects when it has a turn; as the loops over frames of the same name. */
void step_object_hold(struct player *p);
void step_object_fill(struct player *p);
void step_object_full(struct player *p);
void step_object_pass(struct player *p);

#endif
