/* SPDX-License-Identifier: MIT */
/*
 * trace_ring.h - the last events of each hart: a ring of fixed-size events for each, without a lock.
 * trace.h has the kernel's one. A dump of memory is read by the same layout: scripts/trace_format.py.
 */
#ifndef ACRE_KERNEL_TRACE_RING_H
#define ACRE_KERNEL_TRACE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/atomic_store.h"
#include "lib/attributes.h"

/* What was called. trace_verb_name() has the words; scripts/trace_format.py has both. */
enum trace_verb {
	TRACE_NONE,
	TRACE_KMALLOC,
	TRACE_KZALLOC,
	TRACE_KCALLOC,
	TRACE_KMALLOC_ALIGNED,
	TRACE_KREALLOC_FROM, /* before the call: the block that it is about */
	TRACE_KREALLOC,      /* after it: the block that came of it */
	TRACE_KFREE,
	TRACE_KFREE_SIZED,
	TRACE_KCACHE_ALLOC,
	TRACE_KCACHE_FREE,
	TRACE_FRAMES_TAKEN,
	TRACE_FRAMES_FREED,
	TRACE_VERBS
};

struct trace_event {
	enum trace_verb verb;
	unsigned hart;       /* its dense index */
	unsigned align_log2; /* of TRACE_KMALLOC_ALIGNED */
	uint64_t number;     /* of all events of this hart, from 0 */
	uint64_t counter;    /* 56 bits are kept */
	uint64_t address;    /* what was handed out (0: nothing was), or is being freed */
	uint64_t size; /* bytes that were asked for; TRACE_KFREE: 0. More than 56 bits: all ones */
	uint64_t site; /* where the call returns to */
};

/*
 * An event in memory:
 *
 *	word[0]  | counter, 56 bits | verb, 8 bits |
 *	word[1]  address
 *	word[2]  | align_log2, 8 bits | size, 56 bits |
 *	word[3]  site
 */
struct trace_slot {
	_Atomic uint64_t word[4];
};

struct trace_ring {
	_Atomic uint64_t next; /* the number of the next event: so many were written */
	uint64_t id;           /* of the hart, as the firmware calls it: for who prints events */
	struct trace_slot slot[] acre_aligned_to(64);
};

#define TRACE_MAGIC   0x6361727465726361ull /* "acretrac" in memory */
#define TRACE_VERSION 1u

#define TRACE_LEAST_EVENTS 2u
#define TRACE_MOST_EVENTS  ((uint64_t)1 << 24)

/* All rings. All bytes 0: there are none. */
struct trace {
	uint64_t magic;
	uint32_t version;
	uint32_t harts;
	uint64_t events; /* slots of a ring: a power of two */
	uint64_t stride; /* bytes from the ring of a hart to that of the next */
	uint64_t rings;  /* the address of the first ring */
	uint64_t hz;     /* of the counter, which is one clock for all harts; 0: not known */
	_Atomic uint32_t on;
};

/* trace_bytes - the memory of @harts rings of @events. */
size_t trace_bytes(unsigned harts, uint64_t events);

/*
 * trace_init - @t has a ring of @events for each hart below @harts, in @memory, which is aligned to
 * 64 and of trace_bytes(), and is kept. It is off.
 * Pre: @events is a power of two from TRACE_LEAST_EVENTS on.
 */
void trace_init(struct trace *t, void *memory, unsigned harts, uint64_t events, uint64_t hz);

static inline struct trace_ring *trace_ring_of(const struct trace *t, unsigned hart)
{
	return (struct trace_ring *)(uintptr_t)(t->rings + hart * t->stride);
}

/*
 * trace_put - write @e into the ring of hart @hart, over the oldest event. A hart without a ring
 * writes nothing.
 * Pre: the caller is that hart, and interrupts are off.
 */
static inline void trace_put(struct trace *t, unsigned hart, const struct trace_event *e)
{
	const uint64_t most = UINT64_MAX >> 8;

	if (hart >= t->harts)
		return;
	struct trace_ring *ring = trace_ring_of(t, hart);
	uint64_t number = atomic_load_explicit(&ring->next, memory_order_relaxed);
	_Atomic uint64_t *word = ring->slot[number & (t->events - 1)].word;

	/* Who reads one of these words reads a `next` afterwards that is @number or more. */
	atomic_thread_fence(memory_order_release);
	store_relaxed(&word[0], e->counter << 8 | e->verb);
	store_relaxed(&word[1], e->address);
	store_relaxed(&word[2], (e->size < most ? e->size : most) | (uint64_t)e->align_log2 << 56);
	store_relaxed(&word[3], e->site);
	store_release(&ring->next, number + 1);
}

/* ---- reading: any hart, at any time ------------------------------------------------------------ */

/*
 * trace_written - how many events hart @hart has written. trace_overwritten - how many of them are
 * gone: a ring keeps one event less than it has slots, since the next one may be half written.
 */
uint64_t trace_written(const struct trace *t, unsigned hart);
uint64_t trace_overwritten(const struct trace *t, unsigned hart);

/* trace_read - event @number of @hart. False if it is overwritten, or was not written yet. */
acre_nodiscard bool trace_read(const struct trace *t, unsigned hart, uint64_t number,
			       struct trace_event *e);

/* trace_verb_name - "kmalloc" and so on; "?" for what is none. */
const char *trace_verb_name(enum trace_verb verb);

/* A walk over the events of all harts in the order of their counters; then of the harts' numbers. */
struct trace_walk {
	const struct trace *trace;
	uint64_t *at; /* of each hart: the number of its next event */
	uint64_t left;
};

/*
 * trace_walk_begin - the last @n events. @at has room for each hart of @t, and is used until the end.
 * trace_walk_next - the next of them, or false. What is overwritten meanwhile is left out, and newer
 * ones come for it.
 * Cost: O(harts) for each event, in both.
 */
void trace_walk_begin(struct trace_walk *walk, const struct trace *t, uint64_t *at, uint64_t n);
acre_nodiscard bool trace_walk_next(struct trace_walk *walk, struct trace_event *e);

#endif
