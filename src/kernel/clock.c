/* SPDX-License-Identifier: MIT */
/* clock.c - reading the time CSR, and waiting with the SBI timer. */
#include "kernel/clock.h"

#include "kernel/csr.h"
#include "kernel/kernel_sbi.h"
#include "sbi/timer.h"

static uint64_t frequency;
static uint64_t entry_ticks;

void clock_init(uint64_t hz, uint64_t entry)
{
	frequency = hz;
	entry_ticks = entry;
}

uint64_t clock_ticks(void)
{
	return csr_read(time);
}

uint64_t clock_ticks_per_ms(void)
{
	return frequency >= 1000 ? frequency / 1000 : 1;
}

uint64_t clock_us_since_entry(void)
{
	uint64_t ticks = clock_ticks() - entry_ticks;

	if (frequency == 0)
		return 0;
	/* Seconds and the rest apart: ticks * 1000000 would overflow after some hours. */
	return ticks / frequency * 1000000 + ticks % frequency * 1000000 / frequency;
}

void clock_nap(uint64_t ms)
{
	if (sbi_set_timer(&kernel_sbi, clock_ticks() + ms * clock_ticks_per_ms()) != SBI_SUCCESS)
		return;
	csr_set(sie, 1ul << IRQ_TIMER);
	wait_for_interrupt();
	csr_clear(sie, 1ul << IRQ_TIMER);
}
