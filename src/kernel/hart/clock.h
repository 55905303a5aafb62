/* SPDX-License-Identifier: MIT */
/* clock.h - the platform's time counter, whose rate the device tree tells. */
#ifndef ACRE_KERNEL_CLOCK_H
#define ACRE_KERNEL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * clock_init - @hz is the device tree's timebase-frequency, @ticks and @instructions the counters at the
 * kernel's first instruction; @instructions is NO_INSTRUCTION_COUNT where that counter cannot be read.
 */
void clock_init(uint64_t hz, uint64_t ticks, uint64_t instructions);

/* clock_ticks - the counter now. */
uint64_t clock_ticks(void);

/* clock_ticks_per_ms - at least 1. */
uint64_t clock_ticks_per_ms(void);

/* clock_ticks_per_second - 0 if the device tree does not say. */
uint64_t clock_ticks_per_second(void);

/* clock_us_since_entry - microseconds since the kernel's first instruction, 0 if the rate is unknown. */
uint64_t clock_us_since_entry(void);

/*
 * clock_instructions_since_entry - instructions that this hart has retired since the kernel's first one, the
 * firmware's included. False where nobody counts them: the counter may not be read, stands still, or counts
 * something else, as an emulator's does that gives the host's time for it.
 */
bool clock_instructions_since_entry(uint64_t *count);

/*
 * clock_arm - set the timer of this hart to the first time that it is wanted for, or turn its interrupt
 * off. For those who have used it for something else. Interrupts are off. Result: does it do what is wanted?
 */
bool clock_arm(void);

/*
 * clock_nap - wait in wfi until any interrupt is pending or about @ms milliseconds are over. Interrupts
 * stay off or on as they are; if they are off, a software interrupt that is pending is taken for one that
 * was to end the nap. A wait that does not end in wfi would starve the other harts under an
 * emulator that runs them in turn.
 */
void clock_nap(uint64_t ms);

#endif
