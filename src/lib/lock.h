/* SPDX-License-Identifier: MIT */
/*
 * lock.h - a ticket lock: FIFO, saves and restores the interrupt state, knows its holder.
 *
 * A hart draws a ticket and waits until it is served, so that no hart is ever overtaken (Mellor-
 * Crummey and Scott 1991, section 2.2). Interrupts go off before the ticket is drawn: a handler
 * that took the same lock on the same hart between the two would wait for a ticket that can't be
 * served. Taking a lock twice on one hart panics instead of hanging; a hart that waits while
 * another panics stops waiting for good (docs/locking.md).
 */
#ifndef LIB_LOCK_H
#define LIB_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"

struct ticket_lock {
	_Atomic uint32_t next;    /* the ticket that the next hart draws */
	_Atomic uint32_t serving; /* the ticket whose hart holds the lock */
	_Atomic uint32_t holder;  /* platform_hart() + 1 of the holder, 0 when free */
	const void *site;         /* where the holder took it; valid while held */
	const char *name;         /* for reports; lives for ever */
};

/* A lock of zeros is free and nameless: BSS needs no initialiser. lock_init() gives it a name. */

/* lock_init - a free lock. Pre: nobody else knows @lock yet. */
void lock_init(struct ticket_lock *lock, const char *name);

/*
 * lock_acquire - take @lock with interrupts off on this hart.
 * Result: the interrupt state to pass to lock_release(). Panics if this hart holds @lock already.
 * Cost: one AMO when free; else waits for the harts that drew before.
 */
nodiscard unsigned long lock_acquire(struct ticket_lock *lock);

/*
 * lock_release - give @lock to the next in line and restore the interrupt state @irq.
 * Panics if this hart does not hold @lock.
 */
void lock_release(struct ticket_lock *lock, unsigned long irq);

/* lock_held - does this hart hold @lock? Exact for the asking hart. */
bool lock_held(struct ticket_lock *lock);

/* lock_held_elsewhere - did another hart hold @lock just now? A hint: for those who may not wait. */
bool lock_held_elsewhere(struct ticket_lock *lock);

#endif
