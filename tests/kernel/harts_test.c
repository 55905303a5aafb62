/* SPDX-License-Identifier: MIT */
/* The other harts: they start, run on their own stacks, contend for locks and frames, park and stop. */
#include "kernel/hart/hart_life.h"
#include "kernel/hart/harts.h"

#include "kernel/hart/clock.h"
#include "kernel/hart/csr.h"
#include "kernel/kernel_sbi.h"
#include "kernel/machine.h"
#include "kernel/memory/kernel_heap.h"
#include "kernel/memory/kmalloc.h"
#include "kernel/trap/traps.h"
#include "lib/lock.h"
#include "lib/string.h"
#include "mm/frame/frame_scoped.h"
#include "sbi/hsm.h"
#include "selftest/irq_stress.h"
#include "tests/support/frames_at_rest.h"
#include "tests/support/ktest.h"

/*
 * Where more harts spin than the emulator has processors to run them on, a turn of a ticket lock may
 * have to wait for the host's scheduler, some milliseconds: so all turns together are bounded.
 */
#define TURNS 240u

/* Each takes some milliseconds to stop and to start: of many harts, so many will do. */
static unsigned some(void)
{
	return harts_count() < 9 ? harts_count() : 9;
}

static unsigned rounds(void)
{
	return 1 + TURNS / harts_count();
}

/* Runs fn(arg) on every hart that there is, this one included, and waits for all. */
static unsigned on_all_harts(void (*fn)(void *), void *arg)
{
	unsigned started = 1;

	for (unsigned i = 1; i < harts_count(); i++) {
		if (atomic_load(&hart_at(i)->state) == HART_LOST)
			continue;
		EXPECT_EQ(hart_run(i, fn, arg), ACRE_OK);
		started++;
	}
	fn(arg);
	for (unsigned i = 1; i < harts_count(); i++) {
		if (atomic_load(&hart_at(i)->state) != HART_LOST)
			EXPECT_EQ(hart_join(i, 20000), ACRE_OK);
	}
	return started;
}

struct shared {
	struct ticket_lock lock;
	uint64_t counter; /* plain: only the lock protects it */
	uint64_t on_own_stack;
	uint64_t failures;
};

static void count_under_lock(void *arg)
{
	struct shared *shared = arg;
	struct hart *self = hart_self();
	uint64_t here = (uint64_t)__builtin_frame_address(0);

	for (unsigned i = 0; i < rounds(); i++) {
		unsigned long irq = ticket_lock_acquire(&shared->lock);
		shared->counter++;
		if (i == 0)
			shared->on_own_stack += here > self->stack_low && here <= self->stack_high;
		ticket_lock_release(&shared->lock, irq);
	}
}

KTEST(harts, lose_no_increment_under_the_lock)
{
	struct shared shared;

	memset(&shared, 0, sizeof(shared));
	ticket_lock_init(&shared.lock, "harts");
	unsigned n = on_all_harts(count_under_lock, &shared);
	EXPECT_EQ(shared.counter, n * rounds());
	EXPECT_EQ(shared.on_own_stack, n);
}

/* Each takes frames and blocks, marks them as its own, and looks again before it gives them back. */
static void take_mark_look_give(void *arg)
{
	struct shared *shared = arg;
	uint64_t mark = hart_self()->id + 1;
	uint64_t failures = 0;

	for (unsigned i = 0; i < rounds(); i++) {
		FRAME_SCOPED(taken) = frame_scoped_alloc(&machine.frames);
		uint64_t *block = kmalloc(64 + i);
		if (taken.pfn == FRAME_NONE || block == NULL) {
			failures++;
		} else {
			uint64_t *frame = frame_ptr(&machine.frames, taken.pfn);
			frame[0] = frame[511] = block[0] = block[7] = mark;
			for (unsigned spin = 0; spin < 20; spin++)
				platform_relax();
			failures += frame[0] != mark || frame[511] != mark || block[0] != mark ||
				    block[7] != mark;
		}
		kfree(block);
	}
	unsigned long irq = ticket_lock_acquire(&shared->lock);
	shared->failures += failures;
	ticket_lock_release(&shared->lock, irq);
}

KTEST(harts, never_own_one_frame_or_block_together)
{
	struct shared shared;

	memset(&shared, 0, sizeof(shared));
	ticket_lock_init(&shared.lock, "harts");
	on_all_harts(take_mark_look_give, &shared);
	EXPECT_EQ(shared.failures, 0);
	irq_stress_pause();
	REQUIRE_VALID(frame_validate(&machine.frames));
}

/* ---- all of them, however many ---------------------------------------------------------------- */

#define SINGLES 4u
#define RUN     3u
#define BLOCK   200u
/* What all need a lock for is done by so many at once: see lock_limit in selftest/stress_core.h. */
#define LOCK_LIMIT 8u

/* What one hart took. */
struct taken {
	frame_nr_t single[SINGLES];
	frame_nr_t run;
	uint64_t *block;
	uint64_t interrupts; /* that it had answered before */
};

static struct {
	struct taken *taken; /* of each hart, by index */
	_Atomic uint32_t failures;
} table;

static bool is_here(unsigned index)
{
	return atomic_load(&hart_at(index)->state) != HART_LOST;
}

/* On every hart that there is, so many at once. */
static unsigned by_turns(void (*fn)(void *), void *arg, unsigned most)
{
	const unsigned n = harts_count();
	unsigned ran = 0;

	for (unsigned first = 0; first < n; first += most) {
		for (unsigned i = first; i < n && i < first + most; i++) {
			if (i != 0 && is_here(i))
				EXPECT_EQ(hart_run(i, fn, arg), ACRE_OK);
		}
		if (first == 0)
			fn(arg);
		for (unsigned i = first; i < n && i < first + most; i++) {
			if (i != 0 && is_here(i))
				EXPECT_EQ(hart_join(i, 20000), ACRE_OK);
			ran += is_here(i);
		}
	}
	return ran;
}

static void check(bool holds)
{
	if (!holds)
		atomic_fetch_add(&table.failures, 1);
}

static void mark_frame(frame_nr_t pfn, uint64_t mark)
{
	check(pfn != FRAME_NONE);
	if (pfn != FRAME_NONE)
		*(uint64_t *)frame_ptr(&machine.frames, pfn) = mark;
}

static void check_and_free(frame_nr_t pfn, uint64_t mark)
{
	check(*(uint64_t *)frame_ptr(&machine.frames, pfn) == mark);
	check(frame_free(&machine.frames, pfn) == ACRE_OK);
}

static void take_singles(void *unused)
{
	const struct hart *self = hart_self();
	struct taken *mine = &table.taken[self->index];

	(void)unused;
	for (unsigned i = 0; i < SINGLES; i++) {
		mine->single[i] = frame_alloc(&machine.frames);
		mark_frame(mine->single[i], self->id + i);
	}
}

static void take_run_and_block(void *unused)
{
	const struct hart *self = hart_self();
	struct taken *mine = &table.taken[self->index];

	(void)unused;
	mine->run = frame_alloc_range(&machine.frames, RUN, FRAME_SIZE);
	mark_frame(mine->run, self->id);
	mine->block = kmalloc(BLOCK);
	check(mine->block != NULL);
	if (mine->block != NULL)
		mine->block[0] = mine->block[BLOCK / 8 - 1] = self->id;
}

/* The one after this one, as long as there is another one. */
static const struct hart *next_hart(void)
{
	unsigned i = hart_self()->index;

	do
		i = (i + 1) % harts_count();
	while (!is_here(i));
	return hart_at(i);
}

/* Half of what this hart has itself, and what another one has left. */
static void give_singles(void *unused)
{
	const struct hart *self = hart_self();
	const struct hart *other = next_hart();

	(void)unused;
	for (unsigned i = 0; i < SINGLES / 2; i++)
		check_and_free(table.taken[self->index].single[i], self->id + i);
	for (unsigned i = SINGLES / 2; i < SINGLES; i++)
		check_and_free(table.taken[other->index].single[i], other->id + i);
}

static void give_run_and_block(void *unused)
{
	const struct hart *other = next_hart();
	const struct taken *theirs = &table.taken[other->index];

	(void)unused;
	check(*(uint64_t *)frame_ptr(&machine.frames, theirs->run) == other->id);
	check(frame_free_range(&machine.frames, theirs->run, RUN) == ACRE_OK);
	check(theirs->block[0] == other->id && theirs->block[BLOCK / 8 - 1] == other->id);
	kfree(theirs->block);
}

static void expect_parked(unsigned index)
{
	const struct hart *hart = hart_at(index);

	EXPECT_EQ(atomic_load(&hart->state), HART_PARKED);
	EXPECT_EQ(sbi_hart_status(&kernel_sbi, hart->id), SBI_HSM_STATE_STARTED);
}

/* It came since an interrupt was sent to it, which it answers before it goes on, or soon. */
static void expect_interrupted(unsigned index)
{
	const volatile uint64_t *now = &hart_at(index)->software_interrupts;
	const uint64_t end = clock_ticks() + 5000 * clock_ticks_per_ms();

	while (*now == table.taken[index].interrupts && clock_ticks() < end)
		clock_nap(1);
	EXPECT(*now > table.taken[index].interrupts);
}

static uint64_t heap_used(void)
{
	struct heap_stats stats;

	heap_stats(&kernel_heap, &stats);
	return stats.used_bytes;
}

/* One case for as many harts as there are, and cheap: tests/boot/harts.t runs it with 64. */
KTEST(harts, park_wake_take_and_give_for_each_other)
{
	table.taken = ktest_alloc(harts_count() * sizeof(*table.taken), 8);
	atomic_store(&table.failures, 0);
	irq_stress_pause();
	const frame_count_t free = frames_at_rest();
	const uint64_t used = heap_used();
	for (unsigned i = 0; i < harts_count(); i++) {
		table.taken[i].interrupts = hart_at(i)->software_interrupts;
		if (i != 0 && is_here(i))
			expect_parked(i);
	}
	unsigned n = by_turns(take_singles, NULL, harts_count());
	EXPECT_EQ(by_turns(take_run_and_block, NULL, LOCK_LIMIT), n);
	REQUIRE_EQ(table.failures, 0);
	EXPECT_EQ(frames_at_rest(), free - n * (SINGLES + RUN));
	EXPECT(heap_used() >= used + n * BLOCK);
	EXPECT_EQ(by_turns(give_singles, NULL, harts_count()), n);
	EXPECT_EQ(by_turns(give_run_and_block, NULL, LOCK_LIMIT), n);
	EXPECT_EQ(table.failures, 0);
	EXPECT_EQ(frames_at_rest(), free);
	EXPECT_EQ(heap_used(), used);
	REQUIRE_VALID(frame_validate(&machine.frames));
	REQUIRE_VALID(heap_validate(&kernel_heap));
	for (unsigned i = 1; i < harts_count(); i++) {
		if (!is_here(i))
			continue;
		expect_parked(i);
		expect_interrupted(i);
	}
	ktest_note("%u harts: each took %u frames and a block; "
		   "the next one gave back %u and the block",
		   n, SINGLES + RUN, SINGLES / 2 + RUN);
}

/* ---- parking and stopping ---------------------------------------------------------------------- */

static void nothing(void *unused)
{
	(void)unused;
}

KTEST(harts, park_and_are_woken_again)
{
	for (unsigned round = 0; round < 3; round++)
		on_all_harts(nothing, NULL);
	for (unsigned i = 1; i < harts_count(); i++) {
		struct hart *hart = hart_at(i);
		if (atomic_load(&hart->state) == HART_LOST)
			continue;
		EXPECT_EQ(atomic_load(&hart->state), HART_PARKED);
		EXPECT_EQ(sbi_hart_status(&kernel_sbi, hart->id), SBI_HSM_STATE_STARTED);
	}
}

static void stop(unsigned index)
{
	EXPECT_EQ(hart_stop(index, 5000), ACRE_OK);
	EXPECT_EQ(atomic_load(&hart_at(index)->state), HART_STOPPED);
	EXPECT_EQ(sbi_hart_status(&kernel_sbi, hart_at(index)->id), SBI_HSM_STATE_STOPPED);
}

KTEST(harts, start_again_after_they_stopped)
{
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 1; i < some(); i++) {
			if (atomic_load(&hart_at(i)->state) != HART_LOST)
				stop(i);
		}
		on_all_harts(nothing, NULL);
	}
}

static struct {
	volatile bool held;
	volatile bool released;
} handler;

/* A handler that takes its time: meanwhile the hart does nothing else. */
static bool hold_it(struct trap_frame *frame)
{
	if (frame->scause != (SCAUSE_INTERRUPT | IRQ_SOFT))
		return false;
	handler.held = true;
	while (!handler.released && !platform_panicking())
		platform_relax();
	return false;
}

/* Hart @index, which is parked, is in its handler, and does not stop. */
static void make_late(unsigned index)
{
	struct hart *hart = hart_at(index);
	const uint64_t end = clock_ticks() + 5000 * clock_ticks_per_ms();

	handler.held = handler.released = false;
	hart->trap_hook = hold_it;
	EXPECT_EQ(hart_wake(hart), SBI_SUCCESS);
	while (!handler.held && clock_ticks() < end)
		clock_nap(1);
	EXPECT(handler.held);
	EXPECT_EQ(hart_stop(index, 2), ACRE_ERR_TIMEOUT);
	EXPECT_EQ(hart_run(index, nothing, NULL), ACRE_ERR_BUSY);
	EXPECT_EQ(hart_stop(index, 2), ACRE_ERR_TIMEOUT);
	EXPECT_EQ(atomic_load(&hart->state), HART_LATE);
	EXPECT(!hart_is_up(hart));
	hart->trap_hook = NULL;
	handler.released = true;
}

static enum acre_status run_when_it_has_gone(unsigned index)
{
	const uint64_t end = clock_ticks() + 5000 * clock_ticks_per_ms();
	enum acre_status s;

	while ((s = hart_run(index, nothing, NULL)) == ACRE_ERR_BUSY && clock_ticks() < end)
		clock_nap(1);
	return s;
}

KTEST(harts, that_stop_too_late_are_had_again)
{
	for (unsigned i = 1; i < some(); i++) {
		if (!is_here(i))
			continue;
		make_late(i);
		stop(i);
		REQUIRE_EQ(hart_run(i, nothing, NULL), ACRE_OK);
		REQUIRE_EQ(hart_join(i, 5000), ACRE_OK);
		make_late(i);
		REQUIRE_EQ(run_when_it_has_gone(i), ACRE_OK);
		REQUIRE_EQ(hart_join(i, 5000), ACRE_OK);
	}
}

static void take_and_give(void *ok)
{
	frame_nr_t pfn = frame_alloc(&machine.frames);

	*(bool *)ok = pfn != FRAME_NONE && frame_free(&machine.frames, pfn) == ACRE_OK;
}

KTEST(harts, that_stop_leave_no_stock_of_frames)
{
	for (unsigned i = 1; i < some(); i++) {
		const struct frame_stock *stock = hart_slots_of(&machine.frames.stocks, i);
		bool ok = false;
		if (atomic_load(&hart_at(i)->state) == HART_LOST)
			continue;
		REQUIRE_EQ(hart_run(i, take_and_give, &ok), ACRE_OK);
		REQUIRE_EQ(hart_join(i, 5000), ACRE_OK);
		EXPECT(ok);
		/* Debug mode has one stock for all. */
		EXPECT(machine.frames.debug || atomic_load(&stock->base) != FRAME_NONE);
		stop(i);
		EXPECT_EQ(atomic_load(&stock->base), FRAME_NONE);
		REQUIRE_EQ(hart_run(i, take_and_give, &ok), ACRE_OK);
		REQUIRE_EQ(hart_join(i, 5000), ACRE_OK);
	}
}

struct use {
	const struct frame_stock *own; /* as the hart reaches it */
	frame_nr_t base_before;
	frame_nr_t base;
	frame_nr_t pfn;
	bool ok;
};

static void use_stock(void *arg)
{
	struct use *use = arg;

	use->own = hart_slots_own(&machine.frames.stocks);
	use->base_before = atomic_load(&use->own->base);
	use->pfn = frame_alloc(&machine.frames);
	use->base = atomic_load(&use->own->base);
	use->ok = frame_free(&machine.frames, use->pfn) == ACRE_OK;
}

KTEST(harts, take_frames_from_the_stock_that_others_find_by_number)
{
	irq_stress_pause(); /* its handlers take frames too */
	for (unsigned i = 1; i < some(); i++) {
		struct use use = { 0 };
		const struct frame_stock *stock = hart_slots_of(&machine.frames.stocks, i);
		if (!is_here(i)) {
			EXPECT_EQ(atomic_load(&stock->base), FRAME_NONE);
			continue;
		}
		stop(i);
		REQUIRE_EQ(hart_run(i, use_stock, &use), ACRE_OK);
		REQUIRE_EQ(hart_join(i, 5000), ACRE_OK);
		EXPECT(use.own == stock);
		EXPECT(use.ok);
		EXPECT_EQ(use.base_before, FRAME_NONE);
		/* Debug mode has one stock for all. */
		EXPECT(machine.frames.debug || use.pfn / 64 * 64 == use.base);
	}
}

static void wait_for_it(void *go)
{
	while (!*(volatile bool *)go)
		clock_nap(1);
}

KTEST(harts, that_run_are_neither_run_nor_stopped)
{
	for (unsigned i = 1; i < some(); i++) {
		bool go = false;
		if (atomic_load(&hart_at(i)->state) == HART_LOST)
			continue;
		REQUIRE_EQ(hart_run(i, wait_for_it, &go), ACRE_OK);
		EXPECT_EQ(hart_run(i, nothing, NULL), ACRE_ERR_INVALID);
		EXPECT_EQ(hart_stop(i, 10), ACRE_ERR_INVALID);
		*(volatile bool *)&go = true;
		EXPECT_EQ(hart_join(i, 5000), ACRE_OK);
	}
}

extern const char _start[];

static void increment(void *arg)
{
	(*(unsigned *)arg)++;
}

/* As by a firmware that lets a hart go before it knows where to: entry.S sends it back. */
KTEST(harts, that_come_in_at_the_start_are_sent_back_and_started_again)
{
	for (unsigned i = 1; i < some(); i++) {
		struct hart *hart = hart_at(i);
		unsigned ran = 0;
		if (atomic_load(&hart->state) == HART_LOST)
			continue;
		stop(i);
		hart->function = increment;
		hart->argument = &ran;
		hart->caller = hart_self();
		atomic_store(&hart->state, HART_STARTING);
		REQUIRE_EQ(sbi_hart_start(&kernel_sbi, hart->id, (uint64_t)_start, 0), SBI_SUCCESS);
		EXPECT_EQ(hart_join(i, 5000), ACRE_OK);
		EXPECT_EQ(ran, 1);
	}
}

/* As one that was given up by the roll call, and comes after all. */
KTEST(harts, that_come_when_they_are_lost_go_back)
{
	for (unsigned i = 1; i < some(); i++) {
		struct hart *hart = hart_at(i);
		unsigned ran = 0;
		if (atomic_load(&hart->state) == HART_LOST)
			continue;
		stop(i);
		hart->function = increment;
		hart->argument = &ran;
		atomic_store(&hart->state, HART_LOST);
		/* It may go astray like any other, but never into the function. */
		REQUIRE_EQ(sbi_hart_start(&kernel_sbi, hart->id, (uint64_t)hart_start_entry,
					  (uint64_t)hart),
			   SBI_SUCCESS);
		const uint64_t end = clock_ticks() + 5000 * clock_ticks_per_ms();
		while (sbi_hart_status(&kernel_sbi, hart->id) != SBI_HSM_STATE_STOPPED &&
		       clock_ticks() < end)
			clock_nap(1);
		EXPECT_EQ(sbi_hart_status(&kernel_sbi, hart->id), SBI_HSM_STATE_STOPPED);
		EXPECT_EQ(atomic_load(&hart->state), HART_LOST);
		EXPECT_EQ(hart_run(i, nothing, NULL), ACRE_ERR_INVALID);
		EXPECT_EQ(ran, 0);
		atomic_store(&hart->state, HART_STOPPED);
		REQUIRE_EQ(hart_run(i, nothing, NULL), ACRE_OK);
		EXPECT_EQ(hart_join(i, 5000), ACRE_OK);
	}
}

KTEST(harts, that_are_none_are_refused)
{
	EXPECT_EQ(hart_run(0, nothing, NULL), ACRE_ERR_INVALID);
	EXPECT_EQ(hart_run(harts_count(), nothing, NULL), ACRE_ERR_INVALID);
	EXPECT_EQ(hart_run(UINT32_MAX, nothing, NULL), ACRE_ERR_INVALID);
	EXPECT_EQ(hart_stop(0, 10), ACRE_ERR_INVALID);
	EXPECT_EQ(hart_stop(harts_count(), 10), ACRE_ERR_INVALID);
	EXPECT_EQ(hart_join(0, 10), ACRE_ERR_INVALID);
	EXPECT_EQ(hart_join(harts_count(), 10), ACRE_ERR_INVALID);
	EXPECT_EQ(hart_join(UINT32_MAX, 10), ACRE_ERR_INVALID);
}

KTEST(harts, indices_are_dense_and_ids_unique)
{
	EXPECT_EQ(platform_hart(), 0);
	EXPECT_EQ(hart_at(0)->id, machine.boot_hart_id);
	for (unsigned i = 0; i < harts_count(); i++) {
		EXPECT_EQ(hart_at(i)->index, i);
		EXPECT(hart_guard_intact(hart_at(i)));
		for (unsigned k = 0; k < i; k++)
			EXPECT(hart_at(k)->id != hart_at(i)->id);
	}
}

static void check_guard(void *hart)
{
	hart_check_guard(hart);
}

KTEST(harts, a_written_guard_is_a_panic)
{
	uint64_t *guard = ktest_alloc(HART_GUARD_SIZE, 8);
	struct hart hart;

	memset(&hart, 0, sizeof(hart));
	hart.id = 42;
	hart.stack_low = (uint64_t)guard + HART_GUARD_SIZE;
	hart_guard_init(&hart);
	EXPECT(!ktest_panics(check_guard, &hart));
	for (unsigned i = 0; i < HART_GUARD_SIZE / 8; i += 73) {
		guard[i] ^= 1;
		EXPECT(!hart_guard_intact(&hart));
		EXPECT(ktest_panics(check_guard, &hart));
		guard[i] ^= 1;
	}
	EXPECT(hart_guard_intact(&hart));
}
