/* SPDX-License-Identifier: MIT */
/*
 * panic_report.c - platform_panic() of the seam, and the report of a trap.
 *
 * The first hart that panics raises platform_panic_flag, stops the others, prints its report alone
 * and ends the machine. The others stop in one of two ways:
 *
 *   - a hart with interrupts on, or soon on, gets an interrupt, and the handler looks at the flag;
 *   - a hart with interrupts off waits: for a lock, to print, to end the machine well. While it
 *     waits it reads the flag.
 *
 * Both end in platform_panic_stop(), which says that the hart has stopped. The first hart waits for
 * that, but not for long, and names harts that do not stop. A panic inside the report prints one
 * more line and ends it too.
 */
#include "kernel/trap/panic_report.h"

#include <stdatomic.h>

#include "kernel/hart/clock.h"
#include "kernel/hart/csr.h"
#include "kernel/hart/harts.h"
#include "kernel/trap/exit.h"
#include "kernel/trap/symbols.h"
#include "kernel/trap/trap_frame.h"
#include "lib/fmt.h"
#include "lib/platform.h"
#include "lib/print.h"

#define MAX_BACKTRACE 32u
#define STOP_MS       1000u /* for the other harts: an emulator may be slow to run them */

volatile bool platform_panic_flag;
void (*panic_hook)(const char *message);
void (*panic_address_hook)(uint64_t address);

static _Atomic uint32_t reporter; /* index + 1 of the hart that reports, 0 if none */

bool platform_panic_stop(void)
{
	struct hart *self = hart_self();

	if (atomic_load(&reporter) == self->index + 1)
		return true;
	csr_clear(sstatus, SSTATUS_SIE);
	csr_clear(sie, ~0ul);
	atomic_store(&self->has_stopped, true);
	for (;;)
		wait_for_interrupt();
}

static bool must_stop(const struct hart *self, const struct hart *hart)
{
	return hart != self && hart_is_up(hart) && !atomic_load(&hart->has_stopped);
}

static bool others_have_stopped(const struct hart *self)
{
	for (unsigned i = 0; i < harts_count(); i++) {
		if (must_stop(self, hart_at(i)))
			return false;
	}
	return true;
}

static void stop_others(const struct hart *self)
{
	const uint64_t end = clock_ticks() + STOP_MS * clock_ticks_per_ms();

	for (unsigned i = 0; i < harts_count(); i++) {
		if (must_stop(self, hart_at(i)))
			(void)hart_wake(hart_at(i));
	}
	while (!others_have_stopped(self) && clock_ticks() < end)
		platform_relax();
}

/* Those on their way to us or from us as well, whom we do not stop. */
static bool another_may_run(const struct hart *self)
{
	for (unsigned i = 0; i < harts_count(); i++) {
		const struct hart *hart = hart_at(i);
		if (hart != self && atomic_load(&hart->state) != HART_STOPPED &&
		    !atomic_load(&hart->has_stopped))
			return true;
	}
	return false;
}

static void name_who_goes_on(const struct hart *self)
{
	for (unsigned i = 0; i < harts_count(); i++) {
		if (must_stop(self, hart_at(i)))
			acre_print_unlocked("hart %llu did not stop: its interrupts are off\n",
					    (unsigned long long)hart_at(i)->id);
	}
}

/* A hart that panics while another reports has nothing to add. */
static void become_reporter(struct hart *self)
{
	uint32_t none = 0;

	csr_clear(sstatus, SSTATUS_SIE);
	if (!atomic_compare_exchange_strong(&reporter, &none, self->index + 1) &&
	    none != self->index + 1)
		(void)platform_panic_stop();
	platform_panic_flag = true;
	if (self->panic_depth++ > 0) {
		acre_print_unlocked("PANIC inside the report of a panic\n");
		machine_exit(EXIT_FAILED);
	}
	stop_others(self);
	acre_print_let_finish(another_may_run(self));
}

/* @inside: how far before @address the function that is meant still is. */
static void print_place(const char *label, uint64_t address, unsigned inside)
{
	uint64_t offset = 0;
	const char *name = symbol_find(address - inside, &offset);

	offset += inside;
	if (name != NULL)
		acre_print_unlocked("  %s 0x%016llx %s+0x%llx\n", label,
				    (unsigned long long)address, name, (unsigned long long)offset);
	else
		acre_print_unlocked("  %s 0x%016llx\n", label, (unsigned long long)address);
}

/* The frame pointer points past the caller's frame pointer and the return address. */
static bool frame_is_readable(const struct hart *self, uint64_t fp)
{
	uint64_t emergency_low = self->emergency_high - HART_EMERGENCY_SIZE;

	/* 0 ends the chain. */
	if (fp == 0 || (fp & 7) != 0)
		return false;
	/* The guard too: a stack that ran over is worth a look. */
	return (fp >= self->stack_low - HART_GUARD_SIZE + 16 && fp <= self->stack_high) ||
	       (fp >= emergency_low + 16 && fp <= self->emergency_high);
}

/*
 * Print the callers of the function whose frame pointer is @fp: all of them, or those from the
 * return address @from on. A broken chain ends the walk; it is bounded in any case. Result: was any
 * printed?
 */
static bool print_callers(const struct hart *self, uint64_t fp, uint64_t from)
{
	bool printing = from == 0;
	bool printed = false;

	for (unsigned i = 0; i < MAX_BACKTRACE && frame_is_readable(self, fp); i++) {
		const uint64_t *frame = (const uint64_t *)fp;
		uint64_t ra = frame[-1];
		if (ra == 0)
			break;
		printing |= ra == from;
		if (printing) {
			/* A call that is a function's last instruction returns to the next one. */
			print_place("by", ra, 1);
			printed = true;
		}
		fp = frame[-2];
	}
	return printed;
}

/* Where the function that contains @address begins; 0 if there is none. */
static uint64_t function_of(uint64_t address)
{
	uint64_t offset;

	return symbol_find(address, &offset) != NULL ? address - offset : 0;
}

/*
 * Print who called what trapped. A function that calls nothing leaves its return address in ra, and
 * its frame, if it has one, holds the caller's frame pointer where others hold the return address.
 * This is also true of a function that has just begun, and of a jump to nowhere. Once a function
 * has called something, ra is in the function itself.
 */
static void print_callers_of_trap(const struct hart *self, const struct trap_frame *frame)
{
	uint64_t fp = frame->x[8];
	uint64_t ra = frame->x[1];
	uint64_t saved = frame_is_readable(self, fp) ? ((const uint64_t *)fp)[-1] : 0;
	uint64_t caller = function_of(ra - 1);

	if (ra != saved && caller != 0 && caller != function_of(frame->sepc))
		print_place("by", ra, 1);
	print_callers(self, frame_is_readable(self, saved) ? saved : fp, 0);
}

static void print_stack_state(const struct hart *self)
{
	if (!hart_guard_intact(self))
		acre_print_unlocked("the stack of this hart ran over into its guard below 0x%llx\n",
				    (unsigned long long)self->stack_low);
}

acre_noreturn void platform_panic(const void *caller, const char *message)
{
	struct hart *self = hart_self();

	if (panic_hook != NULL)
		panic_hook(message);
	become_reporter(self);
	acre_print_unlocked("\nPANIC on hart %llu: %s\n", (unsigned long long)self->id, message);
	print_stack_state(self);
	acre_print_unlocked("backtrace:\n");
	/* Not our own frames: begin with who called acre_panic(), if the chain leads there. */
	uint64_t fp = (uint64_t)__builtin_frame_address(0);
	if (!print_callers(self, fp, (uint64_t)caller))
		print_callers(self, fp, 0);
	name_who_goes_on(self);
	machine_exit(EXIT_FAILED);
}

static void print_registers(const struct trap_frame *frame)
{
	static const char name[32][4] = {
		"",   "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
		"a1", "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
		"s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
	};

	for (unsigned i = 1; i < 32; i++)
		acre_print_unlocked("%4s 0x%016llx%s", name[i], (unsigned long long)frame->x[i],
				    i % 4 == 0 || i == 31 ? "\n" : "");
}

static bool is_access_fault(uint64_t scause)
{
	return scause == 1 || scause == 5 || scause == 7; /* of an instruction, a load, a store */
}

acre_noreturn void panic_on_trap(const struct trap_frame *frame)
{
	struct hart *self = hart_self();

	if (panic_hook != NULL)
		panic_hook(trap_cause_str(frame->scause));
	become_reporter(self);
	acre_print_unlocked("\nPANIC on hart %llu: %s\n", (unsigned long long)self->id,
			    trap_cause_str(frame->scause));
	acre_print_unlocked("sepc 0x%016llx stval 0x%016llx scause 0x%llx sstatus 0x%llx\n",
			    (unsigned long long)frame->sepc, (unsigned long long)frame->stval,
			    (unsigned long long)frame->scause, (unsigned long long)frame->sstatus);
	if (is_access_fault(frame->scause) && panic_address_hook != NULL)
		panic_address_hook(frame->stval);
	print_registers(frame);
	print_stack_state(self);
	acre_print_unlocked("backtrace:\n");
	print_place("at", frame->sepc, 0);
	print_callers_of_trap(self, frame);
	name_who_goes_on(self);
	machine_exit(EXIT_FAILED);
}
