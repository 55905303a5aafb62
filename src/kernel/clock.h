/* SPDX-License-Identifier: MIT */
/* clock.h - the platform's time counter, whose rate the device tree tells. */
#ifndef KERNEL_CLOCK_H
#define KERNEL_CLOCK_H

#include <stdint.h>

/* clock_init - @hz is the device tree's timebase-frequency, @entry the counter at the first instruction. */
void clock_init(uint64_t hz, uint64_t entry);

/* clock_ticks - the counter now. */
uint64_t clock_ticks(void);

/* clock_ticks_per_ms - at least 1. */
uint64_t clock_ticks_per_ms(void);

/* clock_us_since_entry - microseconds since the kernel's first instruction, 0 if the rate is unknown. */
uint64_t clock_us_since_entry(void);

/*
 * clock_nap - wait in wfi until any interrupt is pending or about @ms milliseconds are over. Interrupts
 * stay off or on as they are. A wait that does not end in wfi would starve the other harts under an
 * emulator that runs them in turn.
 */
void clock_nap(uint64_t ms);

#endif
