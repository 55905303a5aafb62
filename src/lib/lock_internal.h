/* SPDX-License-Identifier: MIT */
/* lock_internal.h - what shows that a ticket lock is fair: for lock.c and white-box tests. */
#ifndef ACRE_LIB_LOCK_INTERNAL_H
#define ACRE_LIB_LOCK_INTERNAL_H

#include "lib/lock.h"

/* What is known of one turn, after it has come. */
struct ticket_lock_turn {
	uint32_t ticket; /* the place in the queue: drawn, and served, one after the other */
	uint32_t grants; /* holds of others between drawing and this one */
};

/*
 * ticket_lock_acquire_turn - ticket_lock_acquire(), and what that turn was. With N harts @turn->grants is at most
 * N - 1: each of the others is in the queue at most once.
 */
acre_nodiscard unsigned long ticket_lock_acquire_turn(struct ticket_lock *lock,
						      struct ticket_lock_turn *turn);

#endif
