/* SPDX-License-Identifier: MIT */
/*
 * clock.c - reading the time and instret CSRs, and sharing the SBI timer of a hart between its
 * clients.
 */
#include "kernel/hart/clock.h"

#include "boot/boot_abi.h"
#include "kernel/hart/csr.h"
#include "kernel/hart/hart.h"
#include "kernel/kernel_sbi.h"
#include "lib/compiler.h"
#include "lib/panic.h"
#include "lib/platform.h"
#include "lib/print.h"
#include "sbi/timer.h"

#define LEAST_HZ   1000u
#define ASSUMED_HZ 100000000u
#define MANY_LOOKS 100000u /* in which the slowest counter moves */

static uint64_t frequency;
static bool is_rate_known;
static bool stands_still;
static _Atomic uint64_t looks; /* at a counter that stands still */
static uint64_t entry_ticks;
static uint64_t entry_instructions;

static const struct timer_client *timer_client[CLOCK_MAX_CLIENTS];
static _Atomic unsigned ntimer_clients; /* written last: another hart may look meanwhile */

static unsigned timer_clients(void)
{
	return atomic_load_explicit(&ntimer_clients, memory_order_acquire);
}

/* ---- counters ------------------------------------------------------------------------------- */

static uint64_t nap_end(const struct hart *self)
{
	return self->nap_until;
}

/* Its interrupt ends the wfi, and is not handled. */
static const struct timer_client nap = { .next = nap_end };

static bool time_moves(void)
{
	const uint64_t before = csr_read(time);

	for (unsigned i = 0; i < MANY_LOOKS; i++) {
		if (csr_read(time) != before)
			return true;
	}
	return false;
}

void clock_init(uint64_t hz, uint64_t ticks, uint64_t instructions)
{
	clock_add_client(&nap);
	entry_ticks = ticks;
	entry_instructions = instructions;
	stands_still = !time_moves();
	is_rate_known = hz >= LEAST_HZ && !stands_still;
	frequency = stands_still ? 1000000 : is_rate_known ? hz : ASSUMED_HZ;
	if (stands_still)
		acre_log_warn("the time counter stands still: looks at it are counted\n");
	else if (!is_rate_known)
		acre_log_warn("cpus: timebase-frequency is missing, or no rate (%llu Hz): limits "
			      "of time are counted at %u MHz\n",
			      (unsigned long long)hz, ASSUMED_HZ / 1000000);
}

bool clock_moves(void)
{
	return !stands_still;
}

uint64_t clock_ticks(void)
{
	const uint64_t ticks = csr_read(time);

	return likely(!stands_still) ? ticks : ticks + atomic_fetch_add(&looks, 1);
}

uint64_t clock_ticks_per_ms(void)
{
	return frequency / 1000;
}

uint64_t clock_ticks_per_second(void)
{
	return is_rate_known ? frequency : 0;
}

uint64_t clock_us_since_entry(void)
{
	uint64_t ticks = clock_ticks() - entry_ticks;

	if (!is_rate_known)
		return 0;
	/* Seconds and the rest apart: ticks * 1000000 would overflow after some hours. */
	return ticks / frequency * 1000000 + ticks % frequency * 1000000 / frequency;
}

/* What the counter gains by nine instructions: the first read and eight that do nothing. */
static uint64_t count_nine(void)
{
	uint64_t before;
	uint64_t after;

	__asm__ volatile("rdinstret %0\n"
			 ".rept 8\n"
			 "nop\n"
			 ".endr\n"
			 "rdinstret %1"
			 : "=&r"(before), "=r"(after)::"memory");
	return after - before;
}

bool clock_instructions_since_entry(uint64_t *count)
{
	if (entry_instructions == (uint64_t)NO_INSTRUCTION_COUNT)
		return false;
	/* Three times, since time might give the right number once, by chance. */
	for (unsigned i = 0; i < 3; i++) {
		if (count_nine() != 9)
			return false;
	}
	*count = csr_read(instret) - entry_instructions;
	return true;
}

/* ---- the timer ------------------------------------------------------------------------------ */

void clock_add_client(const struct timer_client *client)
{
	unsigned n = timer_clients();

	if (n < CLOCK_MAX_CLIENTS) {
		timer_client[n] = client;
		atomic_store_explicit(&ntimer_clients, n + 1, memory_order_release);
	} else {
		acre_panic("more than %u parts want the timer", CLOCK_MAX_CLIENTS);
	}
}

/* The earliest time that a client wants; 0 if none wants any. */
static uint64_t earliest_time(const struct hart *self)
{
	uint64_t first = 0;

	for (unsigned i = 0, n = timer_clients(); i < n; i++) {
		uint64_t next = timer_client[i]->next(self);
		if (next != 0 && (first == 0 || next < first))
			first = next;
	}
	return first;
}

/* Level-triggered: the interrupt is pending until a new time is set, or it is turned off. */
bool clock_arm(void)
{
	uint64_t first = earliest_time(hart_self());

	if (first != 0 && !stands_still && sbi_set_timer(&kernel_sbi, first) == SBI_SUCCESS) {
		csr_set(sie, 1ul << IRQ_TIMER);
		return true;
	}
	csr_clear(sie, 1ul << IRQ_TIMER);
	return first == 0;
}

void clock_interrupt(struct hart *self)
{
	for (unsigned i = 0, n = timer_clients(); i < n; i++) {
		if (timer_client[i]->fire != NULL)
			timer_client[i]->fire(self);
	}
	(void)clock_arm();
}

/*
 * Interrupts are off from before the timer is set: its interrupt ends the wfi, and would not if it
 * were handled.
 */
void clock_nap(uint64_t ms)
{
	struct hart *self = hart_self();
	unsigned long irq = platform_irq_save();

	self->nap_until = clock_ticks() + ms * clock_ticks_per_ms();
	if (clock_arm())
		wait_for_interrupt();
	self->nap_until = 0;
	(void)clock_arm();
	/* Where no handler runs, a software interrupt that woke us would end the next nap too. */
	(void)platform_panicking();
	if (irq == 0)
		csr_clear(sip, 1ul << IRQ_SOFT);
	platform_irq_restore(irq);
}
