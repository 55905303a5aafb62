/* SPDX-License-Identifier: MIT */
/*
 * lock.h - a ticket lock: FIFO, saves and restores the interrupt state, knows its holder.
 *
 * A hart draws a ticket and waits until it is served, so that no hart is ever overtaken (Mellor-
 * Crummey and Scott 1991, section 2.2). Interrupts go off before the ticket is drawn: otherwise a
 * handler that took the lock on this hart between drawing and holding would wait for a ticket that
 * cannot be served. Taking a lock twice on one hart panics instead of hanging; a hart that waits
 * while another panics stops permanently (docs/locking.md). lock_scoped.h gives a lock back at the
 * end of a block.
 */
#ifndef ACRE_LIB_LOCK_H
#define ACRE_LIB_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"

/*
 * The order of locks: a hart that holds one may take only those of a higher level
 * (docs/locking.md).
 * Checked in debug builds (lock_internal.h). A lock without a level is outside of the order.
 */
enum ticket_lock_level {
	TICKET_LOCK_NO_LEVEL,
	TICKET_LOCK_HEAP,  /* growth, caches and counts */
	TICKET_LOCK_SLABS, /* of a class */
	TICKET_LOCK_RUNS,  /* of a heap */
	TICKET_LOCK_FRAMES,
	TICKET_LOCK_RECLAIM, /* the list of hooks (reclaim.h) */
	TICKET_LOCK_PRINT
};

struct ticket_lock;

/* ticket_lock_init - a free lock, outside of the order. Pre: no other hart knows @lock yet. */
void ticket_lock_init(struct ticket_lock *lock, const char *name);

/* ticket_lock_init_level - ticket_lock_init() with a place in the order. */
void ticket_lock_init_level(struct ticket_lock *lock, const char *name,
			    enum ticket_lock_level level);

/*
 * ticket_lock_acquire - take @lock with interrupts off on this hart.
 * Result: the interrupt state to pass to ticket_lock_release(). Panics if this hart holds @lock
 *         already.
 * Cost: one AMO when free; else waits for the harts that drew before.
 */
acre_nodiscard unsigned long ticket_lock_acquire(struct ticket_lock *lock);

/*
 * ticket_lock_release - give @lock to the next in line and restore the interrupt state @irq.
 * Panics if this hart does not hold @lock.
 */
void ticket_lock_release(struct ticket_lock *lock, unsigned long irq);

/* ticket_lock_held - does this hart hold @lock? Exact for the asking hart. */
bool ticket_lock_held(struct ticket_lock *lock);

/* ticket_lock_name - never NULL. */
const char *ticket_lock_name(const struct ticket_lock *lock);

/* What a lock has seen since ticket_lock_init(). */
struct ticket_lock_stats {
	uint64_t holds;       /* with the one that lasts, if there is one */
	uint64_t contended;   /* of those, waited for */
	uint64_t spins;       /* unsuccessful looks, all together */
	uint32_t most_grants; /* holds of others that one wait saw, at most */
	uint32_t queue;       /* harts that hold it or wait */
	uint32_t holder;      /* platform_hart() + 1, 0: no hart */
	const void *site;     /* where that hart took it */
	bool exact;           /* no hart had the lock while the counts were read */
};

/*
 * ticket_lock_look - write down what @lock has seen, without taking it. Of a lock that is in use
 * meanwhile it is a glance: every count is one that was true lately, but they need not be of one
 * moment.
 */
void ticket_lock_look(const struct ticket_lock *lock, struct ticket_lock_stats *stats);

/* What several harts write is this far apart: a cache line of every RISC-V that there is today. */
#define TICKET_LOCK_LINE 64u

/*
 *	line 0   | next |                                            each hart that joins writes it
 *	line 1   | serving | holder | site | counts | name | level | only the holder writes it
 *	line 2   what the lock guards
 *
 * A hart that joins the queue writes line 0 once, and reads line 1 until it is served: it disturbs
 * neither the holder nor the harts that wait. What the holder writes disturbs only the harts that
 * wait.
 *
 * A lock of zeros is free, has no name and is outside of the order: a lock in BSS works without
 * ticket_lock_init().
 */
struct ticket_lock {
	/* The ticket that the next hart draws. */
	_Atomic uint32_t next acre_aligned_to(TICKET_LOCK_LINE);

	/* The ticket whose hart holds the lock. */
	_Atomic uint32_t serving acre_aligned_to(TICKET_LOCK_LINE);
	_Atomic uint32_t holder;      /* platform_hart() + 1 of the holder, 0 when free */
	_Atomic(const void *) site;   /* where the holder took it; valid while held */
	_Atomic uint64_t contended;   /* holds that were waited for */
	_Atomic uint64_t spins;       /* looks at serving while waiting, all together */
	_Atomic uint32_t most_grants; /* holds of others that one wait saw, at most */
	_Atomic uint32_t wraps;       /* how often serving came back to 0 */
	const char *name;             /* for reports; lives for ever */
	enum ticket_lock_level level;
};

_Static_assert(offsetof(struct ticket_lock, serving) == TICKET_LOCK_LINE,
	       "a line for harts that join the queue");
_Static_assert(sizeof(struct ticket_lock) == 2ul * TICKET_LOCK_LINE,
	       "what is guarded has its own lines");

#endif
