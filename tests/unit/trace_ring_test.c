/* SPDX-License-Identifier: MIT */
/* trace_ring_test.c - what a ring keeps, what a reader gets, and in which order. */
#include "kernel/memory/trace_ring.h"
#include "lib/string.h"
#include "tests/support/ktest.h"

#define HARTS  3u
#define EVENTS 8u

struct rig {
	struct trace trace;
	uint64_t at[HARTS];
};

static void rig_init(struct rig *r, uint64_t events)
{
	size_t bytes = trace_bytes(HARTS, events);
	void *memory = ktest_alloc(bytes, 64);

	memset(memory, 0xa5, bytes);
	trace_init(&r->trace, memory, HARTS, events, 10000000);
}

static void put(struct rig *r, unsigned hart, uint64_t counter)
{
	const struct trace_event e = { .verb = TRACE_KFREE, .counter = counter };

	trace_put(&r->trace, hart, &e);
}

KTEST(trace_ring, gives_back_what_was_put)
{
	struct rig r;
	const struct trace_event all[] = {
		{ .verb = TRACE_KMALLOC_ALIGNED,
		  .align_log2 = 31,
		  .counter = UINT64_MAX >> 8,
		  .address = UINT64_MAX - 15,
		  .size = UINT64_MAX >> 8,
		  .site = UINT64_MAX },
		{ .verb = TRACE_FRAMES_FREED, .counter = 1, .address = 0x80000000, .size = 4096 },
		{ .verb = TRACE_KREALLOC, .counter = 2, .site = 0x80200002 },
	};

	rig_init(&r, EVENTS);
	for (unsigned i = 0; i < 3; i++) {
		struct trace_event e = { .verb = TRACE_NONE };

		EXPECT(!trace_read(&r.trace, 1, i, &e));
		trace_put(&r.trace, 1, &all[i]);
		REQUIRE(trace_read(&r.trace, 1, i, &e));
		EXPECT_EQ(e.verb, all[i].verb);
		EXPECT_EQ(e.hart, 1);
		EXPECT_EQ(e.align_log2, all[i].align_log2);
		EXPECT_EQ(e.number, i);
		EXPECT_EQ(e.counter, all[i].counter);
		EXPECT_EQ(e.address, all[i].address);
		EXPECT_EQ(e.size, all[i].size);
		EXPECT_EQ(e.site, all[i].site);
	}
	EXPECT_EQ(trace_written(&r.trace, 0), 0);
	EXPECT_EQ(trace_written(&r.trace, 1), 3);
}

KTEST(trace_ring, a_size_that_does_not_fit_is_the_largest)
{
	struct rig r;
	const struct trace_event big = { .verb = TRACE_KMALLOC, .size = UINT64_MAX };
	struct trace_event e;

	rig_init(&r, EVENTS);
	trace_put(&r.trace, 0, &big);
	REQUIRE(trace_read(&r.trace, 0, 0, &e));
	EXPECT_EQ(e.size, UINT64_MAX >> 8);
	EXPECT_EQ(e.align_log2, 0);
}

KTEST(trace_ring, keeps_the_last_and_counts_what_is_gone)
{
	struct trace_event e;
	struct rig r;

	for (uint64_t events = TRACE_LEAST_EVENTS; events <= 64; events *= 2) {
		rig_init(&r, events);
		for (uint64_t n = 0; n < 3 * events + 1; n++) {
			uint64_t kept = n < events ? n : events - 1;

			EXPECT_EQ(trace_written(&r.trace, 2), n);
			EXPECT_EQ(trace_overwritten(&r.trace, 2), n - kept);
			for (uint64_t i = 0; i <= n; i++) {
				bool there = i < n && i >= n - kept;
				REQUIRE_EQ(trace_read(&r.trace, 2, i, &e), there);
				EXPECT(!there || (e.number == i && e.counter == 100 + i));
			}
			put(&r, 2, 100 + n);
		}
		EXPECT_EQ(trace_written(&r.trace, 1), 0);
	}
}

/* The writer stopped in the middle of an event: of its own it left nothing, of the oldest no more. */
KTEST(trace_ring, an_event_that_is_half_written_is_none)
{
	struct trace_event e;
	struct rig r;

	rig_init(&r, EVENTS);
	for (unsigned i = 0; i < EVENTS; i++)
		put(&r, 0, i);
	atomic_store(&trace_ring_of(&r.trace, 0)->slot[0].word[1], 0xbad);
	EXPECT(!trace_read(&r.trace, 0, 0, &e));
	EXPECT(!trace_read(&r.trace, 0, EVENTS, &e));
	REQUIRE(trace_read(&r.trace, 0, 1, &e));
	EXPECT_EQ(e.address, 0);
	put(&r, 0, EVENTS);
	REQUIRE(trace_read(&r.trace, 0, EVENTS, &e));
	EXPECT_EQ(e.address, 0);
}

KTEST(trace_ring, a_hart_without_a_ring_writes_nothing)
{
	struct rig r;

	rig_init(&r, EVENTS);
	put(&r, HARTS, 1);
	put(&r, UINT32_MAX, 1);
	for (unsigned hart = 0; hart < HARTS; hart++)
		EXPECT_EQ(trace_written(&r.trace, hart), 0);
	memset(&r.trace, 0, sizeof(r.trace));
	put(&r, 0, 1);
}

static void expect_walk(struct rig *r, uint64_t n, const uint64_t *counter, unsigned count)
{
	struct trace_walk walk;
	struct trace_event e;

	trace_walk_begin(&walk, &r->trace, r->at, n);
	for (unsigned i = 0; i < count; i++) {
		REQUIRE(trace_walk_next(&walk, &e));
		EXPECT_EQ(e.counter, counter[i]);
	}
	EXPECT(!trace_walk_next(&walk, &e));
}

KTEST(trace_ring, a_walk_merges_the_harts)
{
	const uint64_t all[] = { 10, 11, 12, 13, 14, 15 };
	struct rig r;

	rig_init(&r, EVENTS);
	expect_walk(&r, 5, NULL, 0);
	put(&r, 2, 10);
	put(&r, 0, 11);
	put(&r, 0, 12);
	put(&r, 2, 13);
	put(&r, 1, 14);
	put(&r, 0, 15);
	expect_walk(&r, 0, NULL, 0);
	expect_walk(&r, 1, all + 5, 1);
	expect_walk(&r, 4, all + 2, 4);
	expect_walk(&r, 6, all, 6);
	expect_walk(&r, UINT64_MAX, all, 6);
}

/* Random steps against a list. Of one counter the harts come in their order. */
KTEST(trace_ring, a_walk_has_the_last_events_of_a_random_run)
{
	struct rig r;

	for (unsigned round = 0; round < 50; round++) {
		uint64_t wanted[HARTS * EVENTS];
		unsigned count = 0;

		rig_init(&r, EVENTS);
		for (uint64_t n = ktest_below(40), counter = 0; n > 0; n--) {
			counter += ktest_below(3);
			put(&r, (unsigned)ktest_below(HARTS), counter);
		}
		for (unsigned hart = 0; hart < HARTS; hart++) {
			for (uint64_t i = trace_overwritten(&r.trace, hart);
			     i < trace_written(&r.trace, hart); i++) {
				struct trace_event e;
				unsigned at = count++;

				REQUIRE(trace_read(&r.trace, hart, i, &e));
				for (; at > 0 && wanted[at - 1] > e.counter; at--)
					wanted[at] = wanted[at - 1];
				wanted[at] = e.counter;
			}
		}
		unsigned n = (unsigned)ktest_below(count + 2);
		n = n < count ? n : count;
		expect_walk(&r, n, wanted + count - n, n);
	}
}

KTEST(trace_ring, a_walk_goes_on_where_events_are_overwritten_meanwhile)
{
	struct trace_walk walk;
	struct trace_event e;
	struct rig r;

	rig_init(&r, EVENTS);
	for (unsigned i = 0; i < EVENTS; i++)
		put(&r, 0, i);
	trace_walk_begin(&walk, &r.trace, r.at, 5);
	REQUIRE(trace_walk_next(&walk, &e));
	EXPECT_EQ(e.counter, 3);
	for (unsigned i = 0; i < EVENTS; i++)
		put(&r, 0, 100 + i);
	for (unsigned i = 1; i < 5; i++) {
		REQUIRE(trace_walk_next(&walk, &e));
		EXPECT_EQ(e.counter, 100 + i);
	}
	EXPECT(!trace_walk_next(&walk, &e));
}

KTEST(trace_ring, each_verb_has_a_name)
{
	for (unsigned a = TRACE_NONE + 1; a < TRACE_VERBS; a++) {
		EXPECT(strcmp(trace_verb_name((enum trace_verb)a), "?") != 0);
		for (unsigned b = a + 1; b < TRACE_VERBS; b++)
			EXPECT(strcmp(trace_verb_name((enum trace_verb)a),
				      trace_verb_name((enum trace_verb)b)) != 0);
	}
	EXPECT_STR(trace_verb_name(TRACE_NONE), "?");
	EXPECT_STR(trace_verb_name(TRACE_VERBS), "?");
}
