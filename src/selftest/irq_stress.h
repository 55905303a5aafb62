/* SPDX-License-Identifier: MIT */
/*
 * irq_stress.h - interrupts for their own sake: the boot arguments tick=HZ and ipi=HZ let a timer
 * interrupt every hart, and harts interrupt each other, in the middle of whatever they do. The
 * handlers allocate and free memory. A test that passes under this holds for any interrupt.
 */
#ifndef ACRE_SELFTEST_IRQ_STRESS_H
#define ACRE_SELFTEST_IRQ_STRESS_H

#include <stdint.h>

#include "lib/attributes.h"
#include "lib/status.h"
#include "mm/types.h"

struct hart;

#define IRQ_STRESS_MAX_HZ 100000u

#define IRQ_STRESS_FRAMES 8u
#define IRQ_STRESS_RUNS   4u
#define IRQ_STRESS_BLOCKS 4u

struct irq_stress_count {
	uint64_t taken;
	uint64_t given;
	uint64_t failed; /* there was none */
};

/* What the handlers of one hart have. */
struct irq_stress {
	_Atomic uint32_t busy; /* a handler has this room, or a pause, or a hart that stops */
	uint32_t turns;
	uint64_t tick_at; /* next tick, 0: none */
	uint64_t ipi_at;  /* next interrupt to another hart */
	uint32_t nframes, nruns, nblocks;
	frame_nr_t frame[IRQ_STRESS_FRAMES];
	struct {
		frame_nr_t pfn;
		frame_count_t nframes;
	} run[IRQ_STRESS_RUNS];
	uint64_t *block[IRQ_STRESS_BLOCKS];
	_Atomic uint64_t handed; /* a frame that another hart has put here, plus 1; 0 for none */

	uint64_t ticks; /* handlers that ran, of the timer */
	uint64_t calls; /* of an interrupt by a hart, whatever for */
	uint64_t sent;
	uint64_t passed; /* frames that were left to another hart to give back */
	uint64_t idle;   /* handlers that did nothing, in a pause */
	struct irq_stress_count frames, runs, blocks;
} acre_aligned_to(64);

/* irq_stress_of - that of @hart, a slot of it. Pre: irq_stress_init() has succeeded. */
struct irq_stress *irq_stress_of(const struct hart *hart);

/* How often a second, at most IRQ_STRESS_MAX_HZ; 0: not at all. */
struct irq_stress_rates {
	uint64_t tick_hz; /* the timer of each hart */
	uint64_t ipi_hz;  /* interrupts that each hart sends to others */
};

/*
 * irq_stress_init - register with the clock, and a slot of each hart (kernel/hart/hart_slot.h).
 * Pre:    once, on one hart, after harts_init().
 * Result: ACRE_OK; what hart_slot_register() says, and nothing has changed.
 */
acre_nodiscard enum acre_status irq_stress_init(void);

/*
 * irq_stress_set - from now on, at these rates, on every hart, also on harts that are started
 * later. A hart hears of it by an interrupt. If both are 0, no handler has any memory when this
 * returns.
 * Result: ACRE_OK; ACRE_ERR_FULL without a successful irq_stress_init(); ACRE_ERR_UNSUPPORTED if
 *         the device tree does not say how fast time counts. Nothing has changed after an error.
 */
enum acre_status irq_stress_set(const struct irq_stress_rates *rates);

/*
 * irq_stress_pause - interrupts go on, but no handler has any memory, nor takes any, until
 * irq_stress_resume(): so that frames and bytes can be counted. May nest, on any hart, but not in a
 * handler.
 * Cost: a look at each hart; waits for handlers that run.
 */
void irq_stress_pause(void);
void irq_stress_resume(void);

/*
 * irq_stress_pauses - how many irq_stress_pause() have not been resumed. The runner of the cases
 * needs it: after a panic in a case it resumes the pauses that the case has left.
 */
unsigned irq_stress_pauses(void);

/* ---- the handlers, which cases call too ------------------------------------------------------ */

/* irq_stress_next - when @self needs the timer, 0 for never. */
uint64_t irq_stress_next(const struct hart *self);

/* irq_stress_timer, irq_stress_software - on @self, this hart. Interrupts are off. */
void irq_stress_timer(struct hart *self);
void irq_stress_software(struct hart *self);

#endif
