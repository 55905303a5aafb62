/* SPDX-License-Identifier: MIT */
/* watch.h - the longest stretch with interrupts off, in retired instructions, of the one hart that there is. */
#ifndef BENCH_IRQS_WATCH_H
#define BENCH_IRQS_WATCH_H

#include <stdint.h>

struct irqs_stretch {
	uint64_t instructions;
	uint64_t site;  /* who turned interrupts off, or was interrupted */
	uint64_t count; /* of stretches that were looked at */
};

/*
 * irqs_watch_off, irqs_watch_on - interrupts have just gone off, for whom @site called; they are about to come on. For the
 * seam (arch/platform_arch.h).
 */
void irqs_watch_off(const void *site);
void irqs_watch_on(void);

/* irqs_watch_traps - from now on each trap is a stretch too. */
void irqs_watch_traps(void);

/* irqs_watch_reset - forget what was seen. irqs_watch_longest - the longest since then. */
void irqs_watch_reset(void);
struct irqs_stretch irqs_watch_longest(void);

#endif
