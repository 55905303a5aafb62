/* SPDX-License-Identifier: MIT */
/* lock.c (cases) - what one hart can see of the ticket lock; several are in
 * tests/host/lock_threads.c. */
#include "lib/lock.h"

#include <stddef.h>

#include "lib/fmt.h"
#include "lib/platform.h"
#include "lib/string.h"
#include "tests/ktest.h"

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

	lock_init(&lock, "test");
	EXPECT(!lock_held(&lock));
	for (unsigned i = 0; i < 10; i++) {
		unsigned long irq = lock_acquire(&lock);
		EXPECT(lock_held(&lock));
		EXPECT_EQ(tickets_out(&lock), 1);
		lock_release(&lock, irq);
		EXPECT(!lock_held(&lock));
		EXPECT_EQ(tickets_out(&lock), 0);
	}
}

KTEST(lock, of_zeros_is_free)
{
	static struct ticket_lock lock;
	unsigned long irq = lock_acquire(&lock);

	EXPECT(lock_held(&lock));
	lock_release(&lock, irq);
	EXPECT(!lock_held(&lock));
}

KTEST(lock, holds_interrupts_off_and_puts_them_back)
{
	struct ticket_lock lock;
	unsigned long before = irq_state();

	lock_init(&lock, "test");
	unsigned long irq = lock_acquire(&lock);
	EXPECT_EQ(irq, before);
	EXPECT_EQ(irq_state(), 0);
	lock_release(&lock, irq);
	EXPECT_EQ(irq_state(), before);
}

KTEST(lock, inside_another_leaves_interrupts_off)
{
	struct ticket_lock outer, inner;
	unsigned long before = irq_state();

	lock_init(&outer, "outer");
	lock_init(&inner, "inner");
	unsigned long irq_outer = lock_acquire(&outer);
	unsigned long irq_inner = lock_acquire(&inner);
	EXPECT_EQ(irq_inner, 0);
	lock_release(&inner, irq_inner);
	EXPECT_EQ(irq_state(), 0);
	EXPECT(lock_held(&outer));
	lock_release(&outer, irq_outer);
	EXPECT_EQ(irq_state(), before);
}

KTEST(lock, draws_one_ticket_after_the_other_past_2_to_the_32)
{
	struct ticket_lock lock;

	lock_init(&lock, "test");
	lock.next = lock.serving = UINT32_MAX - 1;
	for (uint32_t ticket = UINT32_MAX - 1; ticket != 2; ticket++) {
		EXPECT_EQ(lock.next, ticket);
		unsigned long irq = lock_acquire(&lock);
		EXPECT_EQ(lock.next, ticket + 1);
		EXPECT_EQ(lock.serving, ticket);
		lock_release(&lock, irq);
		EXPECT_EQ(lock.serving, ticket + 1);
	}
}

static void take(void *lock)
{
	unsigned long irq = lock_acquire(lock);

	lock_release(lock, irq);
}

static void give_back(void *lock)
{
	lock_release(lock, 0);
}

KTEST(lock, taken_twice_panics_and_names_the_first_place)
{
	struct ticket_lock lock;
	char want[128];

	lock_init(&lock, "twice");
	unsigned long irq = lock_acquire(&lock);
	EXPECT(lock.site != NULL);
	fmt_buffer(want, sizeof(want), "lock 'twice' taken twice on one hart, first at %p",
		   lock.site);
	EXPECT(ktest_panics(take, &lock));
	EXPECT_STR(ktest_panic_message(), want);
	EXPECT(lock_held(&lock)); /* and nothing has changed */
	EXPECT_EQ(tickets_out(&lock), 1);
	lock_release(&lock, irq);
	EXPECT(!ktest_panics(take, &lock));
}

KTEST(lock, released_when_free_panics)
{
	struct ticket_lock lock;

	lock_init(&lock, "free");
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

	lock_init(&lock, "test");
	lock.holder = platform_hart() + 2; /* another hart */
	EXPECT(!lock_held(&lock));
	EXPECT(ktest_panics(give_back, &lock));
	EXPECT_EQ(lock.holder, platform_hart() + 2);
	lock.holder = 0;
}
