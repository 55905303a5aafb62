/* SPDX-License-Identifier: MIT */
/*
 * hart_life.c - the life of a hart that is not the boot hart:
 *
 *            hart_run     firmware         hart_main            function returns
 *   STOPPED ---------> CLAIMED -> STARTING ----------> RUNNING -----------------> DONE
 *      ^                  |           |                   ^                         |
 *      |                  |           | no answer         | sees it                 | hart_join
 *      | hart_stop:       |           v                   |                         v
 *      | the firmware     |         LOST               CALLED <---- CLAIMED <---- PARKED
 *      | has it           |                               |    IPI         hart_run |
 *      +------------------|-------- STOPPING <------------|-------------------------+
 *                         |           |   ^                       hart_stop, IPI
 *                         |  too late v   | hart_stop, hart_run: has the firmware got it now?
 *                         |          LATE
 *                         '-- the firmware refuses: back to where it was
 *
 * Each arrow has one owner, so a plain store is enough, except where two may want one hart:
 *   - hart_run() and hart_stop() take a hart out of STOPPED and PARKED, by compare and swap: of two
 *     that want one hart one gets it;
 *   - the hart itself leaves STARTING, CALLED and RUNNING; only the roll call also gives up on a
 *     hart that is STARTING: a hart that comes after that finds itself LOST and goes back to the
 *     firmware;
 *   - hart_join() takes a hart out of DONE: until then the caller of hart_run() may read what the
 *     function has left;
 *   - the hart that asked another to stop takes it out of STOPPING, after the firmware has said
 *     that it is stopped: before that its stack is still in use. If the firmware does not say so in
 *     time the hart is LATE, and stops when it can; the next caller that wants it, by compare and
 *     swap, asks again. The hart itself does not distinguish the two.
 *
 * A hart that waits, DONE or PARKED, is in wfi with interrupts off around the look at its state, so
 * that an interrupt that is sent after the state was changed cannot be missed: it is pending, and
 * ends the wfi. Then they are on for a moment, and the handler runs. A hart that waits serves the
 * work queue too (work.c).
 */
#include "kernel/hart/hart_life.h"

#include "kernel/hart/clock.h"
#include "kernel/hart/csr.h"
#include "kernel/hart/hart_slot.h"
#include "kernel/hart/harts.h"
#include "kernel/hart/isa.h"
#include "kernel/hart/work.h"
#include "kernel/kernel_sbi.h"
#include "kernel/machine.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "mm/frame/frame_scoped.h"
#include "sbi/hsm.h"

/*
 * In which no hart answers. An emulator with more harts than its host has cores may take seconds
 * for all.
 */
#define ANSWER_MS 10000

/* ---- starting and waking -------------------------------------------------------------------- */

static long start_hart(const struct hart *hart)
{
	return sbi_hart_start(&kernel_sbi, hart->id, (uint64_t)hart_start_entry, (uint64_t)hart);
}

/* Of two that want the same hart one gets it. */
static bool claim_hart(struct hart *hart, uint32_t from, uint32_t to)
{
	return atomic_compare_exchange_strong(&hart->state, &from, to);
}

/* With the hart in STOPPING, by us. Has the firmware got it? */
static bool has_been_stopped(struct hart *hart)
{
	if (sbi_hart_status(&kernel_sbi, hart->id) != SBI_HSM_STATE_STOPPED)
		return false;
	hart_check_guard(hart);
	atomic_store(&hart->state, HART_STOPPED);
	return true;
}

/* One that did not stop in time: if it has done so since, it is like any other. */
static enum acre_status look_at_late(struct hart *hart)
{
	if (!claim_hart(hart, HART_LATE, HART_STOPPING) || has_been_stopped(hart))
		return ACRE_OK;
	atomic_store(&hart->state, HART_LATE);
	(void)hart_wake(hart);
	return ACRE_ERR_BUSY;
}

enum acre_status hart_run(unsigned index, void (*function)(void *), void *argument)
{
	if (index == 0 || index >= harts_count())
		return ACRE_ERR_INVALID;
	struct hart *hart = hart_at(index);
	enum acre_status late = look_at_late(hart);
	if (late != ACRE_OK)
		return late;
	uint32_t was = HART_PARKED;
	if (!claim_hart(hart, was, HART_CLAIMED)) {
		was = HART_STOPPED;
		if (!claim_hart(hart, was, HART_CLAIMED))
			return ACRE_ERR_INVALID;
	}
	hart->function = function;
	hart->argument = argument;
	hart->caller = hart_self();
	atomic_store(&hart->state, was == HART_PARKED ? HART_CALLED : HART_STARTING);
	long error = was == HART_PARKED ? hart_wake(hart) : start_hart(hart);
	/* A hart that was not woken may have seen it anyway, and comes. */
	if (error != SBI_SUCCESS &&
	    claim_hart(hart, was == HART_PARKED ? HART_CALLED : HART_STARTING, was))
		return sbi_status(error);
	return ACRE_OK;
}

/*
 * A hart that was started and has stopped without having been here came in at _start: see entry.S.
 * Its state is read twice, since in between it may have come; or found that it lacks something.
 */
static bool went_astray(const struct hart *hart)
{
	return atomic_load(&hart->state) == HART_STARTING &&
	       sbi_hart_status(&kernel_sbi, hart->id) == SBI_HSM_STATE_STOPPED &&
	       atomic_load(&hart->state) == HART_STARTING && atomic_load(&hart->lacking) == 0;
}

static void start_again(const struct hart *hart)
{
	acre_log_at(ACRE_LOG_INFO, "hart %llu went astray in the firmware: started again\n",
		    (unsigned long long)hart->id);
	(void)start_hart(hart); /* if this fails, the time runs out */
}

static enum acre_status wait_until_done(struct hart *hart, uint64_t ms)
{
	uint64_t since = clock_ticks();

	for (;;) {
		uint32_t state = atomic_load(&hart->state);
		if (state == HART_DONE)
			return ACRE_OK;
		if (state == HART_STARTING && atomic_load(&hart->lacking) != 0)
			return ACRE_ERR_UNSUPPORTED;
		/*
		 * Time counts only while it is not seen at all: it may work for as long as it
		 * likes.
		 */
		if (state == HART_RUNNING || work_is_served(hart))
			since = clock_ticks();
		else if (clock_ticks() - since > ms * clock_ticks_per_ms())
			return ACRE_ERR_TIMEOUT;
		if (went_astray(hart))
			start_again(hart);
		if (!work_serve(hart_self()))
			clock_nap(1);
	}
}

static void close_box(struct hart *self)
{
	while (!work_close(self)) {
		if (!work_serve(self))
			clock_nap(1);
	}
}

enum acre_status hart_join(unsigned index, uint64_t ms)
{
	if (index == 0 || index >= harts_count())
		return ACRE_ERR_INVALID;
	struct hart *hart = hart_at(index);
	bool opened = work_open(hart_self());
	enum acre_status s = wait_until_done(hart, ms);

	if (opened)
		close_box(hart_self());
	if (s != ACRE_OK)
		return s;
	hart_check_guard(hart);
	atomic_store(&hart->state, HART_PARKED);
	return ACRE_OK;
}

/* ---- parking and stopping ------------------------------------------------------------------- */

/* Is it wanted for something else than work, and free to go? Its box is closed then. */
static bool is_wanted_elsewhere(struct hart *self)
{
	uint32_t state = atomic_load(&self->state);

	return (state == HART_CALLED || state == HART_STOPPING || state == HART_LATE) &&
	       work_close(self);
}

/*
 * Interrupts are on, except for the look and the wfi: what comes in between is pending and ends it.
 */
static void park(struct hart *self)
{
	for (;;) {
		unsigned long irq = platform_irq_save();
		bool off = is_wanted_elsewhere(self);
		if (!off && !work_is_given(self))
			wait_for_interrupt();
		platform_irq_restore(irq);
		if (off)
			return;
		(void)work_serve(self);
	}
}

/* Back into the firmware's hands. */
static acre_noreturn void return_to_firmware(const struct hart *self)
{
	csr_clear(sstatus, SSTATUS_SIE);
	csr_clear(sie, ~0ul);
	hart_check_guard(self);
	long error = sbi_hart_stop(&kernel_sbi);
	acre_panic("hart %llu: the firmware does not stop it: %s", (unsigned long long)self->id,
		   sbi_error_str(error));
}

/* Called by entry.S on the hart's own stack. */
acre_noreturn void hart_main(struct hart *self)
{
	if (!claim_hart(self, HART_STARTING, HART_RUNNING))
		return_to_firmware(self); /* no hart waits for it any more */
	(void)platform_panicking();       /* we were not there to be interrupted */
	hart_slot_enter_all(self);
	hart_interrupts_on();
	for (;;) {
		self->function(self->argument);
		hart_check_guard(self);
		const struct hart *caller = self->caller;
		(void)work_open(self); /* before it is known that we wait */
		atomic_store(&self->state, HART_DONE);
		(void)hart_wake(caller); /* or else it looks every millisecond */
		park(self);
		if (!claim_hart(self, HART_CALLED, HART_RUNNING))
			break;
	}
	csr_clear(sstatus, SSTATUS_SIE);
	hart_slot_leave_all(self);
	return_to_firmware(self);
}

enum acre_status hart_stop(unsigned index, uint64_t ms)
{
	if (index == 0 || index >= harts_count())
		return ACRE_ERR_INVALID;
	struct hart *hart = hart_at(index);
	if (!claim_hart(hart, HART_PARKED, HART_STOPPING) &&
	    !claim_hart(hart, HART_LATE, HART_STOPPING))
		return ACRE_ERR_INVALID;
	const uint64_t since = clock_ticks();
	while (!has_been_stopped(hart)) {
		if (clock_ticks() - since > ms * clock_ticks_per_ms()) {
			atomic_store(&hart->state, HART_LATE);
			return ACRE_ERR_TIMEOUT;
		}
		(void)hart_wake(hart); /* if this fails, the time runs out */
		clock_nap(1);
	}
	return ACRE_OK;
}

/* ---- the roll call -------------------------------------------------------------------------- */

static _Atomic uint64_t last_answer; /* when; before that, when they were called */

/* The hart takes a frame and gives it back: a refused free is reported (frame.h). */
static void answer_roll_call(void *unused)
{
	(void)unused;
	atomic_store(&last_answer, clock_ticks());
	FRAME_SCOPED(taken) = frame_scoped_alloc(&machine.frames);
	(void)taken.pfn; /* the checkers call it unused */
}

/* The hart that started us over (boothart=) may be about to stop, not stopped. */
static void let_it_stop(const struct hart *hart, uint64_t until)
{
	while (clock_ticks() < until) {
		long state = sbi_hart_status(&kernel_sbi, hart->id);
		if (state != SBI_HSM_STATE_STARTED && state != SBI_HSM_STATE_STOP_PENDING)
			return;
		clock_nap(1);
	}
}

/* When it is no use to wait any more, as it looks now. */
static uint64_t answer_deadline(void)
{
	return atomic_load(&last_answer) + ANSWER_MS * clock_ticks_per_ms();
}

/* As long as others answer, there is hope. */
static enum acre_status await_answer(unsigned index)
{
	enum acre_status s;

	do {
		uint64_t until = answer_deadline();
		uint64_t now = clock_ticks();
		s = hart_join(index, now < until ? (until - now) / clock_ticks_per_ms() : 0);
	} while (s == ACRE_ERR_TIMEOUT && clock_ticks() < answer_deadline());
	return s;
}

static void leave_hart_out(struct hart *hart, enum acre_status why)
{
	char names[ISA_NAMES_LEN];
	uint64_t lacking = atomic_load(&hart->lacking);

	/*
	 * Its area stays as it is: the hart may still come, late, and run on it, back to the
	 * firmware.
	 */
	atomic_store(&hart->state, HART_LOST);
	if (lacking != 0)
		acre_log_warn(
			"hart %llu is left out: it has no %s, which this kernel was built for\n",
			(unsigned long long)hart->id, isa_names(names, lacking));
	else
		acre_log_warn("hart %llu is left out: %s\n", (unsigned long long)hart->id,
			      acre_status_str(why));
}

unsigned harts_roll_call(void)
{
	const unsigned n = harts_count();
	unsigned answered = 1;

	atomic_store(&last_answer, clock_ticks());
	for (unsigned i = 1; i < n; i++) {
		let_it_stop(hart_at(i), answer_deadline());
		enum acre_status s = hart_run(i, answer_roll_call, NULL);
		if (s != ACRE_OK)
			leave_hart_out(hart_at(i), s);
	}
	/* One that does not stop has taken all the time. */
	atomic_store(&last_answer, clock_ticks());
	for (unsigned i = 1; i < n; i++) {
		if (atomic_load(&hart_at(i)->state) == HART_LOST)
			continue;
		enum acre_status s = await_answer(i);
		/* It may have come just as we gave up. */
		if (s == ACRE_ERR_TIMEOUT && !claim_hart(hart_at(i), HART_STARTING, HART_LOST))
			s = hart_join(i, ANSWER_MS);
		if (s == ACRE_OK)
			answered++;
		else
			leave_hart_out(hart_at(i), s);
	}
	return answered;
}
