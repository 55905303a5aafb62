/* SPDX-License-Identifier: MIT */
/*
 * lock_order_internal.h - in debug builds (-DACRE_DEBUG): which locks each hart holds. lock.c
 * panics where a hart takes one against the order (enum ticket_lock_level). In other builds nothing, at no
 * cost.
 */
#ifndef ACRE_LIB_LOCK_ORDER_INTERNAL_H
#define ACRE_LIB_LOCK_ORDER_INTERNAL_H

#include "lib/lock.h"

#ifdef ACRE_DEBUG

/*
 * ticket_lock_order_against - a lock that this hart holds and whose level is not below that of @lock,
 * which it is about to wait for; NULL if there is none. Interrupts are off.
 */
const struct ticket_lock *ticket_lock_order_against(const struct ticket_lock *lock);

/*
 * ticket_lock_order_push - this hart holds @lock now; ticket_lock_order_pop - and no longer. Interrupts are off.
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
