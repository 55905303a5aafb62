/* SPDX-License-Identifier: MIT */
/*
 * lock_order.c - the locks that a hart holds, in the order in which it took them.
 *
 * Each hart looks at its own row only, with interrupts off: so a handler leaves it as it found it.
 * Locks may be released in any order. If a hart holds more locks than its row has room for, the
 * others are not recorded: a lock is checked against the locks in the row.
 */
#include "lib/lock_internal.h"

#ifdef ACRE_DEBUG

#include "lib/platform.h"

#define DEPTH 8u

static struct row {
	const struct ticket_lock *held[DEPTH];
	unsigned n;
} rows[PLATFORM_MAX_HARTS];

const struct ticket_lock *ticket_lock_order_against(const struct ticket_lock *lock)
{
	const struct row *row = &rows[platform_hart()];

	if (lock->level == TICKET_LOCK_NO_LEVEL)
		return NULL;
	for (unsigned i = 0; i < row->n; i++) {
		if (row->held[i]->level != TICKET_LOCK_NO_LEVEL &&
		    row->held[i]->level >= lock->level)
			return row->held[i];
	}
	return NULL;
}

void ticket_lock_order_push(const struct ticket_lock *lock)
{
	struct row *row = &rows[platform_hart()];

	if (row->n < DEPTH)
		row->held[row->n++] = lock;
}

void ticket_lock_order_pop(const struct ticket_lock *lock)
{
	struct row *row = &rows[platform_hart()];

	for (unsigned i = row->n; i-- > 0;) {
		if (row->held[i] != lock)
			continue;
		row->n--;
		for (; i < row->n; i++)
			row->held[i] = row->held[i + 1];
		return;
	}
}

#endif
