/* SPDX-License-Identifier: MIT */
/*
 * trace_ring_threads.c - harts write as fast as they can, into rings that are very short, while
 * others read: no event that is read is one of two halves.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "kernel/memory/trace_ring.h"
#include "tests/support/ktest.h"

#define WRITERS 2
#define READERS 2
#define EVENTS  4u
#define ENOUGH  200000u

struct arena {
	struct trace trace;
	atomic_uint torn;
	atomic_uint read;
};

struct thread {
	pthread_t id;
	unsigned hart;
	struct arena *arena;
};

/* All of an event follows from the hart and the number. */
static struct trace_event event_of_number(unsigned hart, uint64_t number)
{
	uint64_t mark = (number << 4 | hart) * 0x9e3779b97f4a7c15ull;

	return (struct trace_event){
		.verb = (enum trace_verb)(1 + number % (TRACE_VERBS - 1)),
		.hart = hart,
		.align_log2 = (unsigned)(number % 30),
		.number = number,
		.counter = number,
		.address = mark,
		.size = mark >> 8,
		.site = ~mark,
	};
}

static bool is_whole(const struct trace_event *e)
{
	const struct trace_event w = event_of_number(e->hart, e->number);

	return e->verb == w.verb && e->align_log2 == w.align_log2 && e->counter == w.counter &&
	       e->address == w.address && e->size == w.size && e->site == w.site;
}

static void *write_all(void *arg)
{
	struct thread *t = arg;

	for (uint64_t n = 0; atomic_load(&t->arena->read) < ENOUGH; n++) {
		const struct trace_event e = event_of_number(t->hart, n);
		trace_put(&t->arena->trace, t->hart, &e);
	}
	return NULL;
}

static void note(struct arena *a, const struct trace_event *e)
{
	atomic_fetch_add(&a->read, 1);
	if (!is_whole(e))
		atomic_fetch_add(&a->torn, 1);
}

/* The oldest that may still be there, which is overwritten next; and a walk. */
static void *read_all(void *arg)
{
	struct thread *t = arg;
	struct arena *a = t->arena;
	struct trace_walk walk;
	struct trace_event e;
	uint64_t at[WRITERS];

	while (atomic_load(&a->read) < ENOUGH) {
		for (unsigned hart = 0; hart < WRITERS; hart++) {
			uint64_t oldest = trace_overwritten(&a->trace, hart);
			for (uint64_t n = oldest; n < oldest + EVENTS; n++) {
				if (trace_read(&a->trace, hart, n, &e))
					note(a, &e);
			}
		}
		trace_walk_begin(&walk, &a->trace, at, 4);
		while (trace_walk_next(&walk, &e))
			note(a, &e);
	}
	return NULL;
}

KTEST(trace_ring_threads, no_event_that_is_read_is_torn)
{
	struct arena *a = ktest_alloc(sizeof(*a), 64);
	struct thread thread[WRITERS + READERS];
	struct trace_event e;

	*a = (struct arena){ .read = 0 };
	trace_init(&a->trace, ktest_alloc(trace_bytes(WRITERS, EVENTS), 64), WRITERS, EVENTS, 1);
	for (unsigned i = 0; i < WRITERS + READERS; i++) {
		thread[i] = (struct thread){ .hart = i, .arena = a };
		REQUIRE_EQ(pthread_create(&thread[i].id, NULL, i < WRITERS ? write_all : read_all,
					  &thread[i]),
			   0);
	}
	for (unsigned i = 0; i < WRITERS + READERS; i++)
		REQUIRE_EQ(pthread_join(thread[i].id, NULL), 0);
	EXPECT_EQ(atomic_load(&a->torn), 0);
	for (unsigned hart = 0; hart < WRITERS; hart++) {
		uint64_t written = trace_written(&a->trace, hart);

		EXPECT_EQ(trace_overwritten(&a->trace, hart), written - (EVENTS - 1));
		REQUIRE(trace_read(&a->trace, hart, written - 1, &e));
		EXPECT(is_whole(&e));
	}
}
