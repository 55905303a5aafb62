/* SPDX-License-Identifier: MIT */
/*
 * reclaim.h - hooks that can give memory back, and are asked before an allocation fails.
 *
 *	frame pool --.                     .-- hook: the heap's empty regions
 *	             |---> reclaim_list -->|-- hook: a cache
 *	heap --------'                     '-- hook: a user's
 *
 * An allocator that has nothing left asks the hooks, one after the other, and tries again after
 * each hook that gave something. For one failing allocation each hook is asked once, so this ends,
 * whatever the hooks answer.
 *
 * A hook runs where the caller of the allocator runs, at thread level, with interrupts on and no
 * lock of an allocator held. So it may take its time, allocate and free. What it allocates asks no
 * hooks: a hart runs one at a time, and a failure inside of a hook is a plain failure. This is
 * also true of callers with interrupts off and of handlers. So an allocator that takes memory of
 * another one while it holds a lock runs no hooks: the outermost caller does, when the locks are
 * free again.
 */
#ifndef ACRE_LIB_RECLAIM_H
#define ACRE_LIB_RECLAIM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "lib/hart_slots.h"
#include "lib/lock.h"

/* A part that can give memory back. The owner fills in the first three. It is never removed. */
struct reclaim_hook {
	const char *name;
	/*
	 * give - free memory: @bytes of it or more, if that can be. Result: was anything freed?
	 * It may be called on several harts at the same time.
	 */
	bool (*give)(void *context, size_t bytes);
	void *context;
	_Atomic uint64_t asked;            /* how often */
	_Atomic uint64_t gave;             /* ... and how often it gave something */
	struct reclaim_hook *_Atomic next; /* the last one's is NULL */
};

/* The storage of a hart (lib/hart_slots.h). All bytes 0 is right. */
struct reclaim_slot {
	_Atomic uint32_t busy; /* 1: a hook runs */
};

struct reclaim_list {
	struct reclaim_hook *_Atomic first;
	struct hart_slots slots;    /* a struct reclaim_slot for each hart */
	struct reclaim_slot shared; /* of harts that have none */
	struct ticket_lock lock;    /* who adds one */
};

/*
 * reclaim_init - no hooks. @slots are copied. Harts without a slot share one: while one of them is
 * in a hook, the others ask none. @reclaim points into itself, so it must not be copied.
 */
void reclaim_init(struct reclaim_list *reclaim, const struct hart_slots *slots);

/*
 * reclaim_add - @hook will be asked from now on, after all that were added before. It is
 * never removed. Any hart and interrupt state; takes the lock of @reclaim.
 */
void reclaim_add(struct reclaim_list *reclaim, struct reclaim_hook *hook);

/*
 * reclaim_more - before an allocation of @bytes fails: ask the hooks after *@last, NULL at first,
 * until one has given something. *@last is the one that was asked last.
 * Result: true: try again. False: all have been asked, or the caller may ask none (see above), or
 *         @reclaim is NULL.
 * Cost:   that of the hooks.
 */
acre_nodiscard bool reclaim_more(struct reclaim_list *reclaim, struct reclaim_hook **last,
				 size_t bytes);

#endif
