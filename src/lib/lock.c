/* SPDX-License-Identifier: MIT */
/* lock.c - the ticket lock of lock.h, in C11 atomics. */
#include "lib/lock.h"

#include <stddef.h>

#include "lib/panic.h"
#include "lib/platform.h"

/*
 * I1  serving <= next (modulo 2^32), and next - serving is the number of harts that hold or wait.
 * I2  holder is written only by the hart that is served, so a hart that reads its own number there
 *     has it from itself: a relaxed load is exact for the question 'is it me?'.
 * I3  interrupts are off on a hart from before its ticket is drawn until after it is given up.
 */

void lock_init(struct ticket_lock *lock, const char *name)
{
	atomic_init(&lock->next, 0);
	atomic_init(&lock->serving, 0);
	atomic_init(&lock->holder, 0);
	lock->site = NULL;
	lock->name = name;
}

bool lock_held(struct ticket_lock *lock)
{
	return atomic_load_explicit(&lock->holder, memory_order_relaxed) == platform_hart() + 1;
}

bool lock_held_elsewhere(struct ticket_lock *lock)
{
	uint32_t holder = atomic_load_explicit(&lock->holder, memory_order_relaxed);

	return holder != 0 && holder != platform_hart() + 1;
}

static const char *name_of(const struct ticket_lock *lock)
{
	return lock->name != NULL ? lock->name : "unnamed";
}

static inline bool is_served(const struct ticket_lock *lock, uint32_t ticket)
{
	return atomic_load_explicit(&lock->serving, memory_order_acquire) == ticket;
}

static void wait_for(const struct ticket_lock *lock, uint32_t ticket)
{
	if (likely(is_served(lock, ticket)))
		return;
	while (!is_served(lock, ticket))
		platform_relax();
	/* An IPI cannot reach a hart that spins with interrupts off; this flag can. */
	while (unlikely(platform_panicking()))
		platform_relax();
}

unsigned long lock_acquire(struct ticket_lock *lock)
{
	unsigned long irq = platform_irq_save();

	if (unlikely(lock_held(lock))) {
		platform_irq_restore(irq);
		panic_from(CALLER(), "lock '%s' taken twice on one hart, first at %p",
			   name_of(lock), lock->site);
	}
	wait_for(lock, atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed));
	atomic_store_explicit(&lock->holder, platform_hart() + 1, memory_order_relaxed);
	lock->site = CALLER();
	return irq;
}

void lock_release(struct ticket_lock *lock, unsigned long irq)
{
	if (unlikely(!lock_held(lock)))
		panic_from(CALLER(), "lock '%s' released by a hart that does not hold it",
			   name_of(lock));
	atomic_store_explicit(&lock->holder, 0, memory_order_relaxed);
	/* Only the holder writes serving, so a plain increment of what it read is enough. */
	uint32_t served = atomic_load_explicit(&lock->serving, memory_order_relaxed);
	atomic_store_explicit(&lock->serving, served + 1, memory_order_release);
	platform_irq_restore(irq);
}
