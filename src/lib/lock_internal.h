/* SPDX-License-Identifier: MIT */
/*
 * lock_internal.h - what shows that a ticket lock is fair, for white-box tests; and the order of
 * locks, which lock_order.c knows and lock.c asks.
 */
#ifndef ACRE_LIB_LOCK_INTERNAL_H
#define ACRE_LIB_LOCK_INTERNAL_H

#include "lib/lock.h"

#include "lib/attributes.h"

/* What is known of one turn, after it has come. */
struct ticket_lock_turn {
	uint32_t ticket; /* the place in the queue: drawn, and served, one after the other */
	uint32_t grants; /* holds of others between drawing and this one */
};

/*
 * ticket_lock_acquire_turn - ticket_lock_acquire(), and what that turn was. With N harts
 * @turn->grants is at most N - 1: each of the others is in the queue at most once.
 */
acre_nodiscard unsigned long ticket_lock_acquire_turn(struct ticket_lock *lock,
						      struct ticket_lock_turn *turn);

/*
 * The order of locks, in debug builds (-DACRE_DEBUG): lock_order.c knows which locks each hart
 * holds, and lock.c panics where a hart takes one against the order (enum ticket_lock_level). In
 * other builds nothing, at no cost.
 */
#ifdef ACRE_DEBUG

/*
 * ticket_lock_order_against - a lock that this hart holds and whose level is not below that of
 * @lock, which it is about to wait for; NULL if there is none. Interrupts are off.
 */
const struct ticket_lock *ticket_lock_order_against(const struct ticket_lock *lock);

/*
 * ticket_lock_order_push - this hart holds @lock now; ticket_lock_order_pop - and no longer.
 * Interrupts are off.
 */
void ticket_lock_order_push(const struct ticket_lock *lock);
void ticket_lock_order_pop(const struct ticket_lock *lock);

#else

static inline const struct ticket_lock *ticket_lock_order_against(const struct ticket_lock *lock)
{
	(void)lock;
	return NULL;
}

static inline void ticket_lock_order_push(const struct ticket_lock *lock)
{
	(void)lock;
}

static inline void ticket_lock_order_pop(const struct ticket_lock *lock)
{
	(void)lock;
}

#endif

#endif
