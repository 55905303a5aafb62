/* SPDX-License-Identifier: MIT */
/* lock.c - the ticket lock of lock.h, in C11 atomics. */
#include "lib/lock.h"

#include "lib/atomic_store.h"
#include "lib/compiler.h"
#include "lib/lock_internal.h"
#include "lib/panic.h"
#include "lib/platform.h"

/*
 * I1  serving <= next (modulo 2^32), and next - serving is the number of harts that hold or wait.
 * I2  holder is written only by the hart that is served, so a hart that reads its own number there
 *     has it from itself: a relaxed load is exact for the question 'is it me?'.
 * I3  interrupts are off on a hart from before its ticket is drawn until after it is given up.
 * I4  all but next is written by the holder alone, in plain stores: others only read it.
 * I5  a lock was held serving + wraps * 2^32 times, and is for one more time if it is held.
 */

/*
 * How often a hart pauses before it looks again, for each one ahead of it: about as long as those
 * hold the lock. The next in line looks often; the harts after it leave the line of serving
 * alone meanwhile.
 */
#define PAUSES 4u

void ticket_lock_init_level(struct ticket_lock *lock, const char *name,
			    enum ticket_lock_level level)
{
	*lock = (struct ticket_lock){ .name = name, .level = level };
}

void ticket_lock_init(struct ticket_lock *lock, const char *name)
{
	ticket_lock_init_level(lock, name, TICKET_LOCK_NO_LEVEL);
}

bool ticket_lock_held(struct ticket_lock *lock)
{
	return atomic_load_explicit(&lock->holder, memory_order_relaxed) == platform_hart() + 1;
}

const char *ticket_lock_name(const struct ticket_lock *lock)
{
	return lock->name != NULL ? lock->name : "unnamed";
}

static const void *site_of(const struct ticket_lock *lock)
{
	return atomic_load_explicit(&lock->site, memory_order_relaxed);
}

/* How many are to be served before @ticket. 0: it is. */
static inline uint32_t ahead_of(const struct ticket_lock *lock, uint32_t ticket)
{
	return ticket - atomic_load_explicit(&lock->serving, memory_order_acquire);
}

/* ---- taking ---------------------------------------------------------------------------------- */

/* This hart, whose number plus 1 is @self, is served. */
static force_inline racy_stores void hold(struct ticket_lock *lock, uint32_t self, const void *site)
{
	store_plain(&lock->holder, uint32_t, self);
	store_plain(&lock->site, const void *, site);
	ticket_lock_order_push(lock);
}

/* Count a wait. The holder does it, after the wait. */
static racy_stores void count_wait(struct ticket_lock *lock, uint64_t spins, uint32_t grants)
{
	uint64_t contended = atomic_load_explicit(&lock->contended, memory_order_relaxed);
	uint64_t all = atomic_load_explicit(&lock->spins, memory_order_relaxed);

	store_plain(&lock->contended, uint64_t, contended + 1);
	store_plain(&lock->spins, uint64_t, all + spins);
	if (grants > atomic_load_explicit(&lock->most_grants, memory_order_relaxed))
		store_plain(&lock->most_grants, uint32_t, grants);
}

/*
 * Out of line, and the last that acquire() does: so that it needs no stack where the lock is free.
 */
static never_inline racy_stores unsigned long wait_and_hold(struct ticket_lock *lock,
							    uint32_t ticket, uint32_t ahead,
							    const void *site, unsigned long irq)
{
	uint32_t grants = ahead;
	uint64_t spins = 0;

	/* An IPI cannot reach a hart that spins with interrupts off; the flag of a panic can. */
	for (; unlikely(platform_panicking()) || ahead != 0;
	     ahead = ahead_of(lock, ticket), spins++) {
		for (uint64_t i = (uint64_t)ahead * PAUSES; i != 0; i--)
			platform_relax();
	}
	if (spins != 0)
		count_wait(lock, spins, grants);
	hold(lock, platform_hart() + 1, site);
	return irq;
}

static never_inline acre_noreturn void taken_twice(const struct ticket_lock *lock, const void *site)
{
	acre_panic_from(site, "lock '%s' taken twice on one hart, first at %p",
			ticket_lock_name(lock), site_of(lock));
}

static never_inline acre_noreturn void out_of_order(const struct ticket_lock *lock,
						    const struct ticket_lock *held,
						    const void *site)
{
	acre_panic_from(site, "lock '%s' taken at %p against the order: '%s' is held, taken at %p",
			ticket_lock_name(lock), site, ticket_lock_name(held), site_of(held));
}

/*
 * May this hart, whose interrupts are off, wait for @lock? If not, that is a bug of the caller's.
 */
static force_inline void check_caller(struct ticket_lock *lock, uint32_t self, const void *site,
				      unsigned long irq)
{
	if (unlikely(atomic_load_explicit(&lock->holder, memory_order_relaxed) == self)) {
		platform_irq_restore(irq);
		taken_twice(lock, site);
	}
	const struct ticket_lock *against = ticket_lock_order_against(lock);
	if (unlikely(against != NULL)) {
		platform_irq_restore(irq);
		out_of_order(lock, against, site);
	}
}

racy_stores unsigned long ticket_lock_acquire(struct ticket_lock *lock)
{
	unsigned long irq = platform_irq_save();
	uint32_t self = platform_hart() + 1;

	check_caller(lock, self, acre_caller(), irq);
	uint32_t ticket = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);
	uint32_t ahead = ahead_of(lock, ticket);
	if (unlikely(ahead != 0))
		return wait_and_hold(lock, ticket, ahead, acre_caller(), irq);
	hold(lock, self, acre_caller());
	return irq;
}

racy_stores unsigned long ticket_lock_acquire_turn(struct ticket_lock *lock,
						   struct ticket_lock_turn *turn)
{
	unsigned long irq = platform_irq_save();

	check_caller(lock, platform_hart() + 1, acre_caller(), irq);
	turn->ticket = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);
	turn->grants = ahead_of(lock, turn->ticket);
	return wait_and_hold(lock, turn->ticket, turn->grants, acre_caller(), irq);
}

/* ---- giving back ----------------------------------------------------------------------------- */

static never_inline acre_noreturn void not_held(const struct ticket_lock *lock, const void *site)
{
	acre_panic_from(site, "lock '%s' released by a hart that does not hold it",
			ticket_lock_name(lock));
}

racy_stores void ticket_lock_release(struct ticket_lock *lock, unsigned long irq)
{
	if (unlikely(!ticket_lock_held(lock)))
		not_held(lock, acre_caller());
	ticket_lock_order_pop(lock);
	/* Only the holder writes serving, so a plain increment of what it read is enough. */
	uint32_t next = atomic_load_explicit(&lock->serving, memory_order_relaxed) + 1;
	if (unlikely(next == 0))
		store_plain(&lock->wraps, uint32_t,
			    atomic_load_explicit(&lock->wraps, memory_order_relaxed) + 1);
	store_plain(&lock->holder, uint32_t, 0);
	store_release(&lock->serving, next);
	platform_irq_restore(irq);
}

/* ---- looking --------------------------------------------------------------------------------- */

void ticket_lock_look(const struct ticket_lock *lock, struct ticket_lock_stats *stats)
{
	uint32_t before = atomic_load_explicit(&lock->serving, memory_order_acquire);
	uint64_t wraps = atomic_load_explicit(&lock->wraps, memory_order_relaxed);

	*stats = (struct ticket_lock_stats){
		.contended = atomic_load_explicit(&lock->contended, memory_order_relaxed),
		.spins = atomic_load_explicit(&lock->spins, memory_order_relaxed),
		.most_grants = atomic_load_explicit(&lock->most_grants, memory_order_relaxed),
		.holder = atomic_load_explicit(&lock->holder, memory_order_relaxed),
		.site = site_of(lock),
	};
	atomic_thread_fence(memory_order_acquire);
	stats->queue = atomic_load_explicit(&lock->next, memory_order_relaxed) - before;
	stats->holds = (wraps << 32 | before) + (stats->queue != 0);
	stats->exact = stats->queue == 0;
}
