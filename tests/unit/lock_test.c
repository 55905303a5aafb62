/* SPDX-License-Identifier: MIT */
/* lock_test.c (cases) - what one hart can see of the ticket lock; several are in
 * tests/host/lock_threads.c. */
#include "lib/lock.h"

#include <stddef.h>

#include "lib/compiler.h"
#include "lib/fmt.h"
#include "lib/lock_internal.h"
#include "lib/lock_scoped.h"
#include "lib/platform.h"
#include "lib/string.h"
#include "tests/support/ktest.h"

static unsigned long irq_state(void)
{
	unsigned long state = platform_irq_save();

	platform_irq_restore(state);
	return state;
}

static uint32_t tickets_out(const struct ticket_lock *lock)
{
	return lock->next - lock->serving;
}

KTEST(lock, is_held_from_acquire_to_release)
{
	struct ticket_lock lock;

	ticket_lock_init(&lock, "test");
	EXPECT(!ticket_lock_held(&lock));
	for (unsigned i = 0; i < 10; i++) {
		unsigned long irq = ticket_lock_acquire(&lock);
		EXPECT(ticket_lock_held(&lock));
		EXPECT_EQ(tickets_out(&lock), 1);
		ticket_lock_release(&lock, irq);
		EXPECT(!ticket_lock_held(&lock));
		EXPECT_EQ(tickets_out(&lock), 0);
	}
}

KTEST(lock, of_zeros_is_free)
{
	static struct ticket_lock lock;
	unsigned long irq = ticket_lock_acquire(&lock);

	EXPECT(ticket_lock_held(&lock));
	ticket_lock_release(&lock, irq);
	EXPECT(!ticket_lock_held(&lock));
}

KTEST(lock, holds_interrupts_off_and_puts_them_back)
{
	struct ticket_lock lock;
	unsigned long before = irq_state();

	ticket_lock_init(&lock, "test");
	unsigned long irq = ticket_lock_acquire(&lock);
	EXPECT_EQ(irq, before);
	EXPECT_EQ(irq_state(), 0);
	ticket_lock_release(&lock, irq);
	EXPECT_EQ(irq_state(), before);
}

KTEST(lock, inside_another_leaves_interrupts_off)
{
	struct ticket_lock outer, inner;
	unsigned long before = irq_state();

	ticket_lock_init(&outer, "outer");
	ticket_lock_init(&inner, "inner");
	unsigned long irq_outer = ticket_lock_acquire(&outer);
	unsigned long irq_inner = ticket_lock_acquire(&inner);
	EXPECT_EQ(irq_inner, 0);
	ticket_lock_release(&inner, irq_inner);
	EXPECT_EQ(irq_state(), 0);
	EXPECT(ticket_lock_held(&outer));
	ticket_lock_release(&outer, irq_outer);
	EXPECT_EQ(irq_state(), before);
}

KTEST(lock, draws_one_ticket_after_the_other_past_2_to_the_32)
{
	struct ticket_lock lock;

	ticket_lock_init(&lock, "test");
	lock.next = lock.serving = UINT32_MAX - 1;
	for (uint32_t ticket = UINT32_MAX - 1; ticket != 2; ticket++) {
		EXPECT_EQ(lock.next, ticket);
		unsigned long irq = ticket_lock_acquire(&lock);
		EXPECT_EQ(lock.next, ticket + 1);
		EXPECT_EQ(lock.serving, ticket);
		ticket_lock_release(&lock, irq);
		EXPECT_EQ(lock.serving, ticket + 1);
	}
}

static void take(void *lock)
{
	unsigned long irq = ticket_lock_acquire(lock);

	ticket_lock_release(lock, irq);
}

static void give_back(void *lock)
{
	ticket_lock_release(lock, 0);
}

KTEST(lock, taken_twice_panics_and_names_the_first_place)
{
	struct ticket_lock lock;
	char want[128];

	ticket_lock_init(&lock, "twice");
	unsigned long irq = ticket_lock_acquire(&lock);
	EXPECT(lock.site != NULL);
	fmt_buffer(want, sizeof(want), "lock 'twice' taken twice on one hart, first at %p",
		   lock.site);
	EXPECT(ktest_panics(take, &lock));
	EXPECT_STR(ktest_panic_message(), want);
	EXPECT(ticket_lock_held(&lock)); /* and nothing has changed */
	EXPECT_EQ(tickets_out(&lock), 1);
	ticket_lock_release(&lock, irq);
	EXPECT(!ktest_panics(take, &lock));
}

KTEST(lock, released_when_free_panics)
{
	struct ticket_lock lock;

	ticket_lock_init(&lock, "free");
	EXPECT(ktest_panics(give_back, &lock));
	EXPECT_STR(ktest_panic_message(), "lock 'free' released by a hart that does not hold it");
	EXPECT_EQ(tickets_out(&lock), 0);
	EXPECT(!ktest_panics(take, &lock));
	EXPECT(ktest_panics(give_back, &lock)); /* once too often */
}

KTEST(lock, without_a_name_says_so)
{
	struct ticket_lock lock = { 0 };

	EXPECT(ktest_panics(give_back, &lock));
	EXPECT_STR(ktest_panic_message(),
		   "lock 'unnamed' released by a hart that does not hold it");
}

KTEST(lock, knows_its_holder_only)
{
	struct ticket_lock lock;

	ticket_lock_init(&lock, "test");
	lock.holder = platform_hart() + 2; /* another hart */
	EXPECT(!ticket_lock_held(&lock));
	EXPECT(ktest_panics(give_back, &lock));
	EXPECT_EQ(lock.holder, platform_hart() + 2);
	lock.holder = 0;
}

/* ---- until the end of a block ------------------------------------------------------------------ */

static unsigned count_to(struct ticket_lock *lock, unsigned n)
{
	LOCK_SCOPED(held, lock);

	for (unsigned i = 0;; i++) {
		if (i == n)
			return ticket_lock_held(lock) ? i : 0;
	}
}

KTEST(lock, that_is_scoped_is_given_back_however_the_block_is_left)
{
	struct ticket_lock lock;
	unsigned long before = irq_state();

	ticket_lock_init(&lock, "test");
	EXPECT_EQ(count_to(&lock, 3), 3);
	EXPECT(!ticket_lock_held(&lock));
	for (unsigned i = 0; i < 3; i++) {
		LOCK_SCOPED(held, &lock);
		EXPECT(ticket_lock_held(&lock));
		EXPECT_EQ(irq_state(), 0);
		if (i == 1)
			continue;
		if (i == 2)
			break;
	}
	EXPECT(!ticket_lock_held(&lock));
	EXPECT_EQ(irq_state(), before);
	EXPECT_EQ(lock.serving, 4);
}

/* ---- what a lock has seen ---------------------------------------------------------------------- */

KTEST(lock, counts_its_holds_past_2_to_the_32)
{
	struct ticket_lock lock;
	struct ticket_lock_stats stats;

	ticket_lock_init(&lock, "test");
	ticket_lock_look(&lock, &stats);
	EXPECT_EQ(stats.holds, 0);
	EXPECT(stats.exact);
	lock.next = lock.serving = UINT32_MAX;
	unsigned long irq = ticket_lock_acquire(&lock);
	ticket_lock_look(&lock, &stats);
	EXPECT_EQ(stats.holds, 1ull << 32);
	EXPECT_EQ(stats.queue, 1);
	EXPECT_EQ(stats.holder, platform_hart() + 1);
	EXPECT(stats.site == lock.site);
	EXPECT(!stats.exact);
	ticket_lock_release(&lock, irq);
	ticket_lock_look(&lock, &stats);
	EXPECT_EQ(stats.holds, 1ull << 32);
	EXPECT_EQ(stats.holder, 0);
	EXPECT(stats.exact);
	EXPECT_EQ(stats.contended, 0);
	EXPECT_EQ(stats.spins, 0);
	EXPECT_EQ(stats.most_grants, 0);
}

KTEST(lock, says_what_a_turn_was)
{
	struct ticket_lock lock;
	struct ticket_lock_turn turn;

	ticket_lock_init(&lock, "test");
	for (uint32_t i = 0; i < 3; i++) {
		unsigned long irq = ticket_lock_acquire_turn(&lock, &turn);
		EXPECT_EQ(turn.ticket, i);
		EXPECT_EQ(turn.grants, 0);
		EXPECT(ticket_lock_held(&lock));
		ticket_lock_release(&lock, irq);
	}
}

/* ---- the order ----------------------------------------------------------------------------------- */

#ifdef ACRE_DEBUG

static struct {
	struct ticket_lock heap, frames, print, other;
} ordered;

static void init_ordered(void)
{
	ticket_lock_init_level(&ordered.heap, "the heap", TICKET_LOCK_HEAP);
	ticket_lock_init_level(&ordered.frames, "the frames", TICKET_LOCK_FRAMES);
	ticket_lock_init_level(&ordered.print, "the console", TICKET_LOCK_PRINT);
	ticket_lock_init(&ordered.other, "another");
}

KTEST(lock, in_order_may_be_held_together)
{
	init_ordered();
	{
		LOCK_SCOPED(heap, &ordered.heap);
		LOCK_SCOPED(other, &ordered.other);
		LOCK_SCOPED(frames, &ordered.frames);
		LOCK_SCOPED(print, &ordered.print);
		EXPECT(ticket_lock_held(&ordered.print));
	}
	EXPECT(!ktest_panics(take, &ordered.heap));
}

KTEST(lock, against_the_order_panics_and_names_both_places)
{
	char want[160];

	init_ordered();
	unsigned long irq = ticket_lock_acquire(&ordered.frames);
	EXPECT(ktest_panics(take, &ordered.heap));
	EXPECT(strncmp(ktest_panic_message(), "lock 'the heap' taken at 0x", 27) == 0);
	fmt_buffer(want, sizeof(want), " against the order: 'the frames' is held, taken at %p",
		   ordered.frames.site);
	const char *message = ktest_panic_message();
	size_t len = strlen(message), tail = strlen(want);
	REQUIRE(len > tail);
	EXPECT_STR(message + len - tail, want);
	EXPECT_EQ(tickets_out(&ordered.heap), 0);
	ticket_lock_release(&ordered.frames, irq);
	EXPECT(!ktest_panics(take, &ordered.heap));
}

KTEST(lock, of_one_level_are_not_held_together)
{
	struct ticket_lock second;

	init_ordered();
	ticket_lock_init_level(&second, "a second heap", TICKET_LOCK_HEAP);
	unsigned long irq = ticket_lock_acquire(&ordered.heap);
	EXPECT(ktest_panics(take, &second));
	ticket_lock_release(&ordered.heap, irq);
	EXPECT(!ktest_panics(take, &second));
}

/* Every pair of levels, each way round: the lower one comes first, and no two of one level. */
KTEST(lock, of_each_pair_may_be_held_together_in_one_order_alone)
{
	static const enum ticket_lock_level level[] = { TICKET_LOCK_HEAP,    TICKET_LOCK_SLABS,
							TICKET_LOCK_RUNS,    TICKET_LOCK_FRAMES,
							TICKET_LOCK_RECLAIM, TICKET_LOCK_PRINT };
	struct ticket_lock held, wanted;

	for (unsigned i = 0; i < ARRAY_SIZE(level); i++) {
		for (unsigned k = 0; k < ARRAY_SIZE(level); k++) {
			ticket_lock_init_level(&held, "held", level[i]);
			ticket_lock_init_level(&wanted, "wanted", level[k]);
			unsigned long irq = ticket_lock_acquire(&held);
			bool panics = ktest_panics(take, &wanted);
			ticket_lock_release(&held, irq);
			EXPECT_EQ(panics, i >= k);
		}
	}
}

/* A lock between two others may be given back first. */
KTEST(lock, is_forgotten_by_the_order_when_it_is_given_back)
{
	init_ordered();
	unsigned long irq_heap = ticket_lock_acquire(&ordered.heap);
	unsigned long irq_frames = ticket_lock_acquire(&ordered.frames);
	unsigned long irq_print = ticket_lock_acquire(&ordered.print);
	ticket_lock_release(&ordered.frames, irq_frames);
	EXPECT(ktest_panics(take, &ordered.frames));
	ticket_lock_release(&ordered.print, irq_print);
	EXPECT(!ktest_panics(take, &ordered.frames));
	ticket_lock_release(&ordered.heap, irq_heap);
}

#endif
