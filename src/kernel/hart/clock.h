/* SPDX-License-Identifier: MIT */
/*
 * clock.h - the platform's time counter, whose rate the device tree tells, and the one timer of
 * each hart, which several clients share.
 */
#ifndef ACRE_KERNEL_CLOCK_H
#define ACRE_KERNEL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct hart;

/*
 * clock_init - @hz is the device tree's timebase-frequency, @ticks and @instructions the counters
 * at the kernel's first instruction; @instructions is NO_INSTRUCTION_COUNT where that counter
 * cannot be read. A rate below 1,000 Hz is not believed: limits of time are counted at 100 MHz
 * then, which is too long on most machines and loses no hart, and a warning says so. Where the
 * counter stands still, each look at it counts as a microsecond, so that waiting ends.
 */
void clock_init(uint64_t hz, uint64_t ticks, uint64_t instructions);

/* clock_moves - does the counter move? If not, no timer fires. */
bool clock_moves(void);

/* clock_ticks - the counter now. */
uint64_t clock_ticks(void);

/* clock_ticks_per_ms - at least 1; assumed if the rate is not known. */
uint64_t clock_ticks_per_ms(void);

/* clock_ticks_per_second - 0 if that is not known. */
uint64_t clock_ticks_per_second(void);

/*
 * clock_us_since_entry - microseconds since the kernel's first instruction, 0 if the rate is
 * unknown.
 */
uint64_t clock_us_since_entry(void);

/*
 * clock_instructions_since_entry - instructions that this hart has retired since the kernel's first
 * one, the firmware's included. False where they are not counted: the counter may not be read,
 * stands still, or counts something else, as an emulator's does that gives the host's time for it.
 */
bool clock_instructions_since_entry(uint64_t *count);

#define CLOCK_MAX_CLIENTS 4u

/* A part of the kernel that wants the timer now and then. clock_nap() is one. */
struct timer_client {
	/* The time for which it wants the timer of this hart, @self; 0: none. */
	uint64_t (*next)(const struct hart *self);
	/*
	 * After an interrupt of the timer, in the handler: its time may have come or not. NULL:
	 * nothing to do.
	 */
	void (*fire)(struct hart *self);
};

/*
 * clock_add_client - ask @client, which stays where it is permanently, from the next clock_arm() of
 * each hart on. Panics if there are CLOCK_MAX_CLIENTS.
 * Pre:    clock_init() is done; one hart registers at a time.
 */
void clock_add_client(const struct timer_client *client);

/*
 * clock_arm - set the timer of this hart to the earliest time that a client wants, or turn its
 * interrupt off. Call it after a client has changed its mind. Interrupts are off. Result: does the
 * timer do what is wanted?
 */
bool clock_arm(void);

/*
 * clock_interrupt - the handler of the timer's interrupt, on @self: all clients, and clock_arm().
 * For traps.c.
 */
void clock_interrupt(struct hart *self);

/*
 * clock_nap - wait in wfi until any interrupt is pending or about @ms milliseconds are over.
 * Interrupts stay off or on as they are; if they are off, a software interrupt that is pending is
 * taken for one that was to end the nap. A wait that does not end in wfi would starve the other
 * harts under an emulator that runs them in turn.
 */
void clock_nap(uint64_t ms);

#endif
