/* SPDX-License-Identifier: MIT */
/*
 * irq_stress.c - what the handlers of irq_stress.h do, and how they are kept from doing it.
 *
 * The handlers of each hart have room for some frames, runs of frames and blocks of the heap. At
 * each turn a handler allocates one of them, writes its mark to it, and keeps it for some turns; or
 * it frees one that it has kept, and panics if the mark is gone. A handler that interrupts another
 * hart leaves a frame there, and the handler of that hart frees it. So frames are freed on other
 * harts than they were allocated on.
 *
 * T1  The room of a hart is touched only while `busy` is set, by the code that has set it. A
 *     handler that finds it set does nothing: it has interrupted that code. No code waits for
 *     `busy` with interrupts off.
 * T2  A handler reads `paused` after it has set `busy`. irq_stress_pause() sets `paused` first;
 *     then it sets `busy` of each hart in turn and empties that room. So no handler allocates or
 *     leaves a frame after the pause has reached its room. A frame that was left there before lies
 *     in `handed`, and the pause frees it in a second round.
 * T3  The same is true of the periods: no handler allocates once both are 0 and there has been a
 *     pause.
 * T4  In a pause, as much has been freed as was allocated, summed up over all harts.
 */
#include "selftest/irq_stress.h"

#include "kernel/hart/clock.h"
#include "kernel/hart/hart_slot.h"
#include "kernel/hart/harts.h"
#include "kernel/machine.h"
#include "kernel/memory/kmalloc.h"
#include "lib/compiler.h"
#include "lib/panic.h"
#include "lib/print.h"

#define WORDS_PER_FRAME (FRAME_SIZE / 8)
#define MAX_RUN         16u
#define MAX_BLOCK       2048u
#define MARK            0x7e57ed7e57ed7e57ull
/* So many handlers may wait for a lock at the same time. */
#define LOCK_LIMIT 8u

/* All zero: irq_stress_init() has not been called, or found no room. */
static struct hart_slots stress_slots;
static _Atomic uint64_t tick_period; /* in ticks of the time counter, 0: never */
static _Atomic uint64_t ipi_period;
static _Atomic uint32_t paused;
static _Atomic uint32_t lock_users;

struct irq_stress *irq_stress_of(const struct hart *hart)
{
	return hart_slots_of(&stress_slots, hart->index);
}

/* ---- what a handler has ---------------------------------------------------------------------- */

static void check_handler_mark(const char *what, uint64_t address, const uint64_t *first,
			       const uint64_t *last)
{
	uint64_t mark = address ^ MARK;

	if (unlikely(*first != mark || *last != mark))
		acre_panic("the %s at 0x%llx was written to while a handler of hart %llu had it",
			   what, (unsigned long long)address, (unsigned long long)hart_self()->id);
}

static void mark_handler_frames(frame_nr_t pfn, frame_count_t n)
{
	for (frame_count_t i = 0; i < n; i++) {
		uint64_t *words = frame_ptr(&machine.frames, pfn + i);
		words[0] = words[WORDS_PER_FRAME - 1] = frame_to_paddr(pfn + i) ^ MARK;
	}
}

static void check_handler_frames(frame_nr_t pfn, frame_count_t n)
{
	for (frame_count_t i = 0; i < n; i++) {
		const uint64_t *words = frame_ptr(&machine.frames, pfn + i);
		check_handler_mark("frame", frame_to_paddr(pfn + i), &words[0],
				   &words[WORDS_PER_FRAME - 1]);
	}
}

static void handler_free_frame(struct irq_stress *t, frame_nr_t pfn)
{
	check_handler_frames(pfn, 1);
	if (frame_free(&machine.frames, pfn) == ACRE_OK)
		t->frames.given++;
}

static void handler_alloc_frame(struct irq_stress *t)
{
	frame_nr_t pfn = frame_alloc(&machine.frames);

	if (pfn == FRAME_NONE) {
		t->frames.failed++;
		return;
	}
	mark_handler_frames(pfn, 1);
	t->frame[t->nframes++] = pfn;
	t->frames.taken++;
}

static void handler_free_run(struct irq_stress *t)
{
	frame_nr_t pfn = t->run[--t->nruns].pfn;
	frame_count_t n = t->run[t->nruns].nframes;

	check_handler_frames(pfn, n);
	if (frame_free_range(&machine.frames, pfn, n) == ACRE_OK)
		t->runs.given++;
}

static void handler_alloc_run(struct irq_stress *t, uint32_t random)
{
	frame_count_t n = 2 + random % (MAX_RUN - 1);
	frame_nr_t pfn = frame_alloc_range(&machine.frames, n, FRAME_SIZE);

	if (pfn == FRAME_NONE) {
		t->runs.failed++;
		return;
	}
	mark_handler_frames(pfn, n);
	t->run[t->nruns].pfn = pfn;
	t->run[t->nruns++].nframes = n;
	t->runs.taken++;
}

static void handler_free_block(struct irq_stress *t)
{
	uint64_t *block = t->block[--t->nblocks];

	check_handler_mark("block", (uint64_t)block, &block[0], &block[1]);
	kfree(block);
	t->blocks.given++;
}

static void handler_alloc_block(struct irq_stress *t, uint32_t random)
{
	uint64_t *block = kmalloc(16 + random % MAX_BLOCK);

	if (block == NULL) {
		t->blocks.failed++;
		return;
	}
	block[0] = block[1] = (uint64_t)block ^ MARK;
	t->block[t->nblocks++] = block;
	t->blocks.taken++;
}

static void handler_free_handed(struct irq_stress *t)
{
	uint64_t handed = atomic_exchange(&t->handed, 0);

	if (handed != 0)
		handler_free_frame(t, handed - 1);
}

static void handler_free_all(struct irq_stress *t)
{
	while (t->nframes != 0)
		handler_free_frame(t, t->frame[--t->nframes]);
	while (t->nruns != 0)
		handler_free_run(t);
	while (t->nblocks != 0)
		handler_free_block(t);
	handler_free_handed(t);
}

/* ---- one turn -------------------------------------------------------------------------------- */

/* Frees when there is no room left, and half of the times when there is something to free. */
static bool frees_now(uint32_t n, uint32_t max, uint32_t random)
{
	return n == max || (n != 0 && (random & 1) != 0);
}

static void run_turn(struct irq_stress *t, uint32_t random)
{
	if (frees_now(t->nruns, IRQ_STRESS_RUNS, random))
		handler_free_run(t);
	else
		handler_alloc_run(t, random >> 10);
}

static void block_turn(struct irq_stress *t, uint32_t random)
{
	if (frees_now(t->nblocks, IRQ_STRESS_BLOCKS, random))
		handler_free_block(t);
	else
		handler_alloc_block(t, random >> 10);
}

static void frame_turn(struct irq_stress *t, uint32_t random)
{
	if (frees_now(t->nframes, IRQ_STRESS_FRAMES, random))
		handler_free_frame(t, t->frame[--t->nframes]);
	else
		handler_alloc_frame(t);
}

/*
 * Mostly single frames, which take no lock: where harts outnumber the processors that run them,
 * each turn of a lock takes long, and the longer the more harts spin. If all handlers waited for
 * one, it would never end: by the time the last has had its turn the first is due again. So a
 * handler that finds LOCK_LIMIT others at it takes no lock either. The random numbers are the
 * handler's own: it must not share them with what it interrupts.
 */
static void take_turn(struct irq_stress *t)
{
	uint32_t random = (uint32_t)((++t->turns * 0x9e3779b97f4a7c15ull) >> 35);
	uint32_t kind = random >> 8 & 7;

	if (kind < 2 && atomic_fetch_add(&lock_users, 1) < LOCK_LIMIT) {
		if (kind == 0)
			run_turn(t, random);
		else
			block_turn(t, random);
	} else {
		frame_turn(t, random);
	}
	if (kind < 2)
		atomic_fetch_sub(&lock_users, 1);
}

static bool try_claim_room(struct irq_stress *t)
{
	return atomic_exchange(&t->busy, 1) == 0;
}

static void release_room(struct irq_stress *t)
{
	atomic_store(&t->busy, 0);
}

/* In a handler. T2, T3: `paused` and the period are read after `busy` is set. */
static bool may_work(struct irq_stress *t, const _Atomic uint64_t *period)
{
	if (try_claim_room(t)) {
		if (atomic_load(&paused) == 0 && atomic_load(period) != 0)
			return true;
		release_room(t);
	}
	t->idle++;
	return false;
}

/* Another hart that would hear us, in turn; ourselves if there is none. */
static struct hart *next_peer(const struct hart *self)
{
	const unsigned n = harts_count();
	unsigned step = n > 1 ? (unsigned)(irq_stress_of(self)->sent % (n - 1)) : 0;

	for (unsigned i = 1; i < n; i++) {
		struct hart *peer = hart_at((self->index + 1 + (step + i) % (n - 1)) % n);
		if (hart_is_up(peer))
			return peer;
	}
	return hart_at(self->index);
}

/* Leave @peer a frame. If the last one is still there, free that one here. */
static void hand_frame_to(struct irq_stress *t, const struct hart *peer)
{
	if (t->nframes == 0)
		return;
	uint64_t before = atomic_exchange(&irq_stress_of(peer)->handed, t->frame[--t->nframes] + 1);
	t->passed++;
	if (before != 0)
		handler_free_frame(t, before - 1);
}

static void interrupt_another(const struct hart *self)
{
	struct irq_stress *t = irq_stress_of(self);
	struct hart *peer = next_peer(self);

	if (may_work(t, &ipi_period)) {
		hand_frame_to(t, peer);
		release_room(t);
	}
	(void)hart_wake(peer);
	t->sent++;
}

/* The next time, at least a period from now: the code that is interrupted must make progress. */
static uint64_t next_time(uint64_t at, const _Atomic uint64_t *period_now)
{
	uint64_t period = atomic_load(period_now);
	uint64_t now = clock_ticks();

	if (period == 0)
		return 0;
	return at + period > now ? at + period : now + period;
}

static bool is_due(uint64_t at)
{
	return at != 0 && at <= clock_ticks();
}

void irq_stress_timer(struct hart *self)
{
	struct irq_stress *t = irq_stress_of(self);

	if (is_due(t->tick_at)) {
		t->ticks++;
		if (may_work(t, &tick_period)) {
			take_turn(t);
			release_room(t);
		}
		t->tick_at = next_time(t->tick_at, &tick_period);
	}
	if (is_due(t->ipi_at)) {
		interrupt_another(self);
		t->ipi_at = next_time(t->ipi_at, &ipi_period);
	}
}

/* All harts hear of a rate at the same time. They should not tick at the same time ever after. */
static uint64_t first_time(const struct hart *self, uint64_t now, const _Atomic uint64_t *period)
{
	uint64_t apart = atomic_load(period) / harts_count();

	return next_time(now + self->index * apart, period);
}

/* @self, this hart, ticks from now on, if harts tick. Interrupts are off. */
static void join_hart(struct hart *self)
{
	struct irq_stress *t = irq_stress_of(self);
	uint64_t now = clock_ticks();

	t->tick_at = first_time(self, now, &tick_period);
	t->ipi_at = first_time(self, now, &ipi_period);
	(void)clock_arm();
}

/* Rates that were set meanwhile: what is on already takes them over by itself. */
static void hear_of_rates(struct hart *self)
{
	const struct irq_stress *t = irq_stress_of(self);

	if ((t->tick_at == 0) != (atomic_load(&tick_period) == 0) ||
	    (t->ipi_at == 0) != (atomic_load(&ipi_period) == 0))
		join_hart(self);
}

void irq_stress_software(struct hart *self)
{
	struct irq_stress *t = irq_stress_of(self);

	hear_of_rates(self);
	if (t->ipi_at == 0)
		return;
	t->calls++;
	if (!may_work(t, &ipi_period))
		return;
	handler_free_handed(t);
	take_turn(t);
	release_room(t);
}

uint64_t irq_stress_next(const struct hart *self)
{
	uint64_t tick = irq_stress_of(self)->tick_at;
	uint64_t ipi = irq_stress_of(self)->ipi_at;

	if (tick == 0 || ipi == 0)
		return tick + ipi;
	return tick < ipi ? tick : ipi;
}

/* ---- coming and going ------------------------------------------------------------------------ */

/* Not in a handler. A handler that has the room is not what we interrupted, so it ends. */
static void claim_room(struct irq_stress *t)
{
	while (!try_claim_room(t))
		clock_nap(1);
}

static void enter_hart(void *slot, void *unused)
{
	(void)slot;
	(void)unused;
	join_hart(hart_self());
}

static void interrupted_hart(void *slot, void *unused)
{
	(void)slot;
	(void)unused;
	irq_stress_software(hart_self());
}

/* This hart is about to stop: its handlers free all that they have, and do nothing more. */
static void leave_hart(void *slot, void *unused)
{
	struct irq_stress *t = slot;

	(void)unused;
	t->tick_at = 0;
	t->ipi_at = 0;
	(void)clock_arm();
	claim_room(t);
	handler_free_all(t);
	release_room(t);
}

/* ---- the report ------------------------------------------------------------------------------ */

static void print_count(const char *what, const struct irq_stress_count *count)
{
	acre_print(", %s %llu taken, %llu given back", what, (unsigned long long)count->taken,
		   (unsigned long long)count->given);
	if (count->failed != 0)
		acre_print(", %llu lacking", (unsigned long long)count->failed);
}

/* They go on counting while we print. */
static void report_hart(const void *slot, const void *unused)
{
	const struct irq_stress *t = slot;

	(void)unused;
	if (t->ticks + t->calls + t->sent == 0)
		return;
	acre_print("          handlers: %llu of ticks, %llu of calls, %llu calls sent",
		   (unsigned long long)t->ticks, (unsigned long long)t->calls,
		   (unsigned long long)t->sent);
	print_count("frames", &t->frames);
	acre_print(", %llu left to others", (unsigned long long)t->passed);
	print_count("runs", &t->runs);
	print_count("blocks", &t->blocks);
	acre_print("\n");
}

/* ---- setting up, and rates ------------------------------------------------------------------- */

enum acre_status irq_stress_init(void)
{
	static const struct timer_client timer = { irq_stress_next, irq_stress_timer };
	static const struct hart_slot_type type = {
		.name = "interrupt stress",
		.size = sizeof(struct irq_stress),
		.align = _Alignof(struct irq_stress),
		.enter = enter_hart,
		.interrupted = interrupted_hart,
		.leave = leave_hart,
		.report = report_hart,
	};
	enum acre_status s = hart_slot_register(&type, &stress_slots);

	if (s == ACRE_OK)
		clock_add_client(&timer);
	return s;
}

static uint64_t period_of(uint64_t hz)
{
	uint64_t period = hz != 0 ? clock_ticks_per_ms() * 1000 / hz : 0;

	return hz != 0 && period == 0 ? 1 : period;
}

enum acre_status irq_stress_set(const struct irq_stress_rates *rates)
{
	if (stress_slots.offset == 0)
		return ACRE_ERR_FULL;
	if (!clock_moves())
		return ACRE_ERR_UNSUPPORTED;
	atomic_store(&tick_period, period_of(rates->tick_hz));
	atomic_store(&ipi_period, period_of(rates->ipi_hz));
	for (unsigned i = 0; i < harts_count(); i++) {
		if (hart_is_up(hart_at(i)))
			(void)hart_wake(hart_at(i));
	}
	if (rates->tick_hz == 0 && rates->ipi_hz == 0) {
		irq_stress_pause();
		irq_stress_resume();
	}
	return ACRE_OK;
}

/* ---- pausing --------------------------------------------------------------------------------- */

void irq_stress_pause(void)
{
	atomic_fetch_add(&paused, 1);
	if (stress_slots.offset == 0)
		return;
	for (unsigned i = 0; i < harts_count(); i++) {
		struct irq_stress *t = irq_stress_of(hart_at(i));
		claim_room(t);
		handler_free_all(t);
		release_room(t);
	}
	/* A handler may have handed over to a hart that we had been at already. */
	for (unsigned i = 0; i < harts_count(); i++) {
		struct irq_stress *t = irq_stress_of(hart_at(i));
		claim_room(t);
		handler_free_handed(t);
		release_room(t);
	}
}

void irq_stress_resume(void)
{
	atomic_fetch_sub(&paused, 1);
}

unsigned irq_stress_pauses(void)
{
	return atomic_load(&paused);
}
