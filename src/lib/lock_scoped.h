/* SPDX-License-Identifier: MIT */
/*
 * lock_scoped.h - a lock that is given back at the end of the block that took it, by whatever way
 * it is left: the end, return, break, goto. The one way in which locks are taken here.
 *
 *	bool frame_is_free(struct frame_pool *pool, frame_nr_t pfn)
 *	{
 *		LOCK_SCOPED(held, &pool->lock);
 *
 *		return ...;             looked up with the lock held; then it is dropped
 *	}
 *
 * The value of a return is made before the lock is dropped. A jump that skips the end of the block
 * (a panic) keeps the lock. Do not copy a guard. frame_scoped.h does the same for frames.
 */
#ifndef ACRE_LIB_LOCK_SCOPED_H
#define ACRE_LIB_LOCK_SCOPED_H

#include "lib/lock.h"

#include "lib/compiler.h"

struct lock_scoped {
	struct ticket_lock *lock;
	unsigned long irq;
};

static force_inline void lock_scoped_release(struct lock_scoped *guard)
{
	ticket_lock_release(guard->lock, guard->irq);
}

/*
 * LOCK_SCOPED - take @lock, until the end of this block. The cast to void keeps a compiler that
 * does not know the cleanup attribute from reporting an unused variable.
 */
#define LOCK_SCOPED(name, lock)                                                                    \
	__attribute__((cleanup(lock_scoped_release))) struct lock_scoped name =                    \
		lock_scoped_of(lock);                                                              \
	(void)(name)

static force_inline struct lock_scoped lock_scoped_of(struct ticket_lock *lock)
{
	return (struct lock_scoped){ .lock = lock, .irq = ticket_lock_acquire(lock) };
}

#endif
