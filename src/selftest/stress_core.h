/* SPDX-License-Identifier: MIT */
/*
 * stress_core.h - many harts, one frame pool, one heap, every verb of both, and what each of them
 * got is marked as its own and looked at when it is given back.
 *
 * Needs no machine: selftest/stress.c lets harts play, with timers that tick; on the host threads
 * play, under the thread sanitizer. A struct stress_runner says how.
 *
 * A run goes through phases. In each, all players work at the same time until they have done their
 * part; between two phases no player works, and then every frame and every byte of the heap is
 * accounted for: free, or still with a player, with its mark intact.
 */
#ifndef ACRE_SELFTEST_STRESS_CORE_H
#define ACRE_SELFTEST_STRESS_CORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "mm/frame/frame.h"
#include "mm/heap/heap.h"

#define STRESS_SINGLES                                                                             \
	64u /* single frames that a player has at most; a power of two, like the others */
#define STRESS_OTHERS   32u /* runs and blocks of the heap */
#define STRESS_TICKED   8u  /* of each, what its handler has */
#define STRESS_SLOTS    256u
#define STRESS_PHASES   8u
#define STRESS_IN_DRAIN 16384u /* frames that are left to be drained: 64 MiB */

/*
 * What a player does, and how often it did what it was asked to: so that nothing is left out
 * unseen.
 */
enum stress_verb {
	DID_FRAME_ALLOC,
	DID_FRAME_ALLOC_ZEROED,
	DID_FRAME_ALLOC_RANGE,
	DID_FRAME_ALLOC_RANGE_ZEROED,
	DID_FRAME_ALLOC_AT,
	DID_FRAME_FREE,
	DID_FRAME_FREE_RANGE,
	DID_FRAME_FREE_ADDRESS,
	DID_FRAME_LEAVE,
	DID_FRAME_IS_FREE,
	DID_FRAME_FREE_COUNT,
	DID_HEAP_ALLOC,
	DID_HEAP_ALLOC_ALIGNED,
	DID_HEAP_ZALLOC,
	DID_HEAP_CALLOC,
	DID_HEAP_REALLOC,
	DID_HEAP_FREE,
	DID_HEAP_FREE_SIZED,
	STRESS_VERBS
};

/* Something that was taken: frames that each have a mark, or a block of the heap. */
struct stress_block {
	void *at; /* NULL: nothing */
	uint64_t serial;
	uint32_t bytes;
	bool is_frames;
};

/*
 * What allocates and frees: the code of a player; or its handler, which interrupts that code
 * anywhere and shares nothing with it.
 */
struct stress_agent {
	uint64_t owner; /* in its marks */
	uint64_t random;
	uint64_t serial;            /* of its next mark */
	uint64_t operations;        /* calls of the allocators that did what they were asked to */
	uint64_t did[STRESS_VERBS]; /* the same for each verb */
	uint64_t none;              /* calls that found no memory */
	uint64_t foreign;           /* blocks of others that it gave back */
	uint64_t nwrong;
	const char *wrong; /* the first thing that was wrong, NULL if nothing was */
	struct stress_block *single, *other;
	uint32_t nsingle, nother;
};

struct stress;

struct stress_player {
	struct stress *stress;
	bool plays; /* false: there is a hart, but it did not come */
	bool turn;  /* now */
	uint32_t index;
	struct stress_agent hart, handler;
	uint64_t ticks;
	uint64_t target; /* hart.operations at the end of this phase */
	uint64_t *drained;
	uint64_t ndrained;
	struct stress_block single[STRESS_SINGLES];
	struct stress_block other[STRESS_OTHERS];
	struct stress_block ticked_single[STRESS_TICKED];
	struct stress_block ticked_other[STRESS_TICKED];
} acre_aligned_to(64);

typedef void (*stress_part)(struct stress_player *p);

/*
 * How players run: harts in the kernel, threads on the host.
 *   all         let part(p) run for each player whose turn it is, all at the same time, and wait
 *               until the last has returned; false if one did not come
 *   yield       called by each player every few operations, on its own hart; may be NULL
 *   locked      how much is made of operations that take a lock. 1 where harts may outnumber the
 *               processors that emulate them: there a wait takes as long as 100,000 operations
 *   lock_limit  so many players run at the same time where each operation takes a lock, then the
 *               next so many. Where k harts spin on two processors, each turn of a lock waits
 *               until the host has run k / 2 others
 */
struct stress_runner {
	bool (*all)(struct stress *s, stress_part part);
	void (*yield)(struct stress_player *p);
	bool (*stopped)(void); /* asked now and then; NULL: it is never stopped */
	uint32_t locked;
	uint32_t lock_limit;
};

/* What happened in one phase. */
struct stress_phase {
	const char *name; /* NULL: there was no such phase */
	uint64_t operations;
	uint64_t locks; /* acquisitions of the pool's lock and of the heap's */
	uint64_t waits; /* acquisitions that had to wait */
	uint64_t ticks; /* handlers that ran */
};

struct stress {
	struct frame_pool *pool;
	struct heap *heap;
	const struct stress_runner *runner;
	uint64_t seed;
	uint32_t nplayers;
	stress_part part; /* what is played now */
	uint32_t awaited; /* so many have to be here before it begins */
	_Atomic uint32_t here;
	uint32_t share;       /* of the operations that have to take a lock, in a thousand */
	bool only_alloc;      /* handlers give nothing back now */
	frame_count_t frames; /* free at the start, or the heap's */
	uint64_t heap_used;   /* bytes at the start */
	void *ballast;        /* runs that are held so that memory is short */
	frame_count_t nballast;
	void (*line)(const char *format, ...);
	uint32_t nphases;
	struct stress_phase phase[STRESS_PHASES];
	const char *failed; /* the first sentence that is not true, NULL if all is well */
	/*
	 * What any player may give back: an address, with its lowest bit set for frames; 0 for
	 * nothing.
	 */
	_Atomic uintptr_t slot[STRESS_SLOTS];
	struct stress_player player[];
};

/* stress_bytes - how much memory a struct stress of @nplayers needs, aligned to 64. */
size_t stress_bytes(uint32_t nplayers);

/*
 * stress_init - set up @s, of stress_bytes(), for all of @pool and @heap.
 * Pre: from now until the end of stress_run() no other code allocates or frees memory of either.
 */
void stress_init(struct stress *s, uint32_t nplayers, uint64_t seed, struct frame_pool *pool,
		 struct heap *heap, const struct stress_runner *runner);

/* More than a machine does in a year, and what is made of it still fits in 64 bits. */
#define STRESS_MAX_OPERATIONS 1000000000000u

/*
 * stress_run - all phases, of about @operations in all; everything is given back in the end.
 * Each phase is reported through line(), and in the end the whole.
 * Pre:    @operations is at most STRESS_MAX_OPERATIONS.
 * Result: true if nothing was wrong, and all players did what they were asked to. s->failed says
 *         what was wrong.
 * Cost:   some 100 instructions an operation; but where more harts wait for a lock than the
 *         emulator has processors, a turn may take a time slice of the host.
 */
acre_nodiscard bool stress_run(struct stress *s, uint64_t operations,
			       void (*line)(const char *format, ...));

/* stress_tick - what a handler does, on the hart of @p, with interrupts off. */
void stress_tick(struct stress_player *p);

/* stress_total - all phases together. */
struct stress_phase stress_total(const struct stress *s);

/*
 * stress_did - how often @verb did what it was asked to. stress_left_out - a sentence that names a
 * verb that never did, NULL if each of them did, or if there were too few calls to tell.
 */
uint64_t stress_did(const struct stress *s, enum stress_verb verb);
const char *stress_left_out(const struct stress *s);

#endif
