/* SPDX-License-Identifier: MIT */
/* Interrupts that take and give memory: that they come, what they leave behind, and what a pause is. */
#include "selftest/irq_stress.h"

#include "kernel/hart/clock.h"
#include "kernel/hart/hart_life.h"
#include "kernel/hart/harts.h"
#include "kernel/machine.h"
#include "kernel/memory/kernel_heap.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "selftest/selftest.h"
#include "tests/support/frames_at_rest.h"
#include "tests/support/ktest.h"

/* For that: an interrupt that does not come fails the case and does not hang it. */
#define MAX_MS 30000u

/*
 * Handlers that have to wait for a lock have to wait for the emulator's host to run the hart before them. So
 * with more harts than it has processors, each has to come more rarely.
 */
static uint64_t fast(void)
{
	return 10 + 4000 / (harts_count() * harts_count());
}

/* Handlers of a kind on each hart. */
static uint64_t enough(void)
{
	return harts_count() <= 8 ? 20 : 3;
}

/* Two of the harts' own rates would be too few to wait for. */
static void irq_stress_on(void)
{
	const struct irq_stress_rates rates = { fast(), fast() };

	REQUIRE_EQ(irq_stress_set(&rates), ACRE_OK);
}

/* The rates of the boot arguments again. */
static void irq_stress_as_before(void)
{
	EXPECT_EQ(irq_stress_set(selftest_rates()), ACRE_OK);
}

static struct irq_stress_count sum_of(size_t kind)
{
	struct irq_stress_count sum = { 0 };

	for (unsigned i = 0; i < harts_count(); i++) {
		const struct irq_stress_count *c =
			(const void *)((const uint8_t *)irq_stress_of(hart_at(i)) + kind);
		sum.taken += c->taken;
		sum.given += c->given;
		sum.failed += c->failed;
	}
	return sum;
}

/* Pre: a pause. Result: how much has been taken so far. */
static uint64_t expect_all_given_back(size_t kind)
{
	struct irq_stress_count sum = sum_of(kind);

	EXPECT_EQ(sum.taken, sum.given);
	return sum.taken;
}

static void expect_empty(const struct irq_stress *t)
{
	EXPECT_EQ(t->nframes + t->nruns + t->nblocks, 0);
	EXPECT_EQ(atomic_load(&t->handed), 0);
}

/* On each hart that hears them. Those that are parked only handle interrupts; this one works meanwhile. */
static bool have_come(const uint64_t *ticks, const uint64_t *calls)
{
	for (unsigned i = 0; i < harts_count(); i++) {
		const volatile struct irq_stress *t = irq_stress_of(hart_at(i));
		if (hart_is_up(hart_at(i)) &&
		    (t->ticks < ticks[i] + enough() || t->calls < calls[i] + enough()))
			return false;
	}
	return true;
}

/* For us, and for the handlers of each hart. */
static void need_frames(void)
{
	const frame_count_t n = 64 * harts_count();

	if (frame_managed_count(&machine.frames) < n)
		ktest_skip("fewer than %llu frames", (unsigned long long)n);
}

/* Something that handlers may come in between. */
static void work_a_bit(void)
{
	frame_nr_t pfn[20];

	for (unsigned i = 0; i < ARRAY_SIZE(pfn); i++) {
		pfn[i] = frame_alloc(&machine.frames);
		REQUIRE(pfn[i] != FRAME_NONE);
		memset(frame_ptr(&machine.frames, pfn[i]), (int)i, FRAME_SIZE);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(pfn); i++) {
		const uint8_t *bytes = frame_ptr(&machine.frames, pfn[i]);
		EXPECT(bytes[0] == i && bytes[FRAME_SIZE - 1] == i);
		EXPECT_EQ(frame_free(&machine.frames, pfn[i]), ACRE_OK);
	}
}

static void work_until_enough(void)
{
	const uint64_t end = clock_ticks() + MAX_MS * clock_ticks_per_ms();
	uint64_t *ticks = ktest_alloc(harts_count() * sizeof(*ticks), 8);
	uint64_t *calls = ktest_alloc(harts_count() * sizeof(*calls), 8);

	for (unsigned i = 0; i < harts_count(); i++) {
		ticks[i] = irq_stress_of(hart_at(i))->ticks;
		calls[i] = irq_stress_of(hart_at(i))->calls;
	}
	while (!have_come(ticks, calls) && clock_ticks() < end) {
		work_a_bit();
		clock_nap(1);
	}
	EXPECT(have_come(ticks, calls));
}

KTEST(irq_stress, come_on_every_hart_and_lose_nothing)
{
	need_frames();
	irq_stress_pause();
	frame_count_t free = frames_at_rest();
	uint64_t taken = expect_all_given_back(offsetof(struct irq_stress, frames));
	irq_stress_resume();
	irq_stress_on();
	work_until_enough();
	irq_stress_pause();
	EXPECT_EQ(frames_at_rest(), free);
	REQUIRE_VALID(frame_validate(&machine.frames));
	REQUIRE_VALID(heap_validate(&kernel_heap));
	EXPECT(expect_all_given_back(offsetof(struct irq_stress, frames)) > taken);
	EXPECT(expect_all_given_back(offsetof(struct irq_stress, runs)) != 0);
	EXPECT(expect_all_given_back(offsetof(struct irq_stress, blocks)) != 0);
	for (unsigned i = 0; i < harts_count(); i++)
		expect_empty(irq_stress_of(hart_at(i)));
	irq_stress_resume();
	irq_stress_as_before();
}

KTEST(irq_stress, do_nothing_in_a_pause_but_come)
{
	need_frames();
	irq_stress_on();
	irq_stress_pause();
	irq_stress_pause();
	irq_stress_resume();
	EXPECT_EQ(irq_stress_pauses(), 1);
	uint64_t taken = sum_of(offsetof(struct irq_stress, frames)).taken;
	uint64_t idle = irq_stress_of(hart_self())->idle;
	frame_count_t free = frames_at_rest();
	work_until_enough();
	EXPECT(irq_stress_of(hart_self())->idle > idle);
	EXPECT_EQ(sum_of(offsetof(struct irq_stress, frames)).taken, taken);
	EXPECT_EQ(frames_at_rest(), free);
	irq_stress_resume();
	irq_stress_as_before();
}

static void work_there(void *unused)
{
	(void)unused;
	work_a_bit();
}

KTEST(irq_stress, stop_with_their_hart_and_start_with_it)
{
	struct hart *hart = NULL;

	need_frames();
	irq_stress_on();
	work_until_enough();
	for (unsigned i = 1; i < harts_count() && hart == NULL; i++) {
		if (hart_is_up(hart_at(i)))
			hart = hart_at(i);
	}
	if (hart != NULL) {
		EXPECT_EQ(hart_stop(hart->index, 5000), ACRE_OK);
		EXPECT_EQ(irq_stress_of(hart)->nframes + irq_stress_of(hart)->nruns +
				  irq_stress_of(hart)->nblocks,
			  0);
		EXPECT_EQ(irq_stress_next(hart), 0);
		work_until_enough();
		REQUIRE_EQ(hart_run(hart->index, work_there, NULL), ACRE_OK);
		EXPECT_EQ(hart_join(hart->index, 5000), ACRE_OK);
		EXPECT(irq_stress_next(hart) != 0);
		work_until_enough();
	}
	irq_stress_as_before();
}

static void pause(void *unused)
{
	(void)unused;
	irq_stress_pause();
}

/* As somebody would who has kept a pointer to a frame that he gave back. */
KTEST(irq_stress, notice_a_write_to_what_they_have)
{
	struct irq_stress *t = irq_stress_of(hart_self());
	unsigned long irq;

	irq_stress_on();
	irq = platform_irq_save();
	/* What a handler would do. */
	for (unsigned i = 0; i < 1000 && t->nframes == 0; i++) {
		t->tick_at = 1;
		irq_stress_timer(hart_self());
	}
	REQUIRE(t->nframes != 0); /* else there are no frames */
	uint64_t *words = frame_ptr(&machine.frames, t->frame[t->nframes - 1]);
	words[511] ^= 1;
	EXPECT(ktest_panics(pause, NULL));
	EXPECT(strncmp(ktest_panic_message(), "the frame at 0x", 15) == 0);
	/* Where it was interrupted by the panic. */
	words[511] ^= 1;
	t->nframes++;
	atomic_store(&t->busy, 0);
	platform_irq_restore(irq);
	irq_stress_as_before();
}
