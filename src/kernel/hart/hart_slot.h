/* SPDX-License-Identifier: MIT */
/*
 * hart_slot.h - slots in the records of harts: room for a part of the kernel that keeps something
 * for each hart, and hooks that are called when a hart starts, is interrupted, or is about to stop.
 * lib/hart_slots.h says how to reach a slot.
 *
 *	record  | struct hart | slot | slot | ... | free |
 *	        0             offset, the same in every record
 *
 * A slot is never given back. Traps and panics work without any: what they need is in struct hart.
 */
#ifndef ACRE_KERNEL_HART_SLOT_H
#define ACRE_KERNEL_HART_SLOT_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/hart/hart.h"
#include "lib/attributes.h"
#include "lib/hart_slots.h"
#include "lib/status.h"

/*
 * A type of slot. Each function may be NULL, and gets @context; @slot is that of the hart that the
 * function is about. enter(), leave() and interrupted() are called on that hart, with interrupts
 * off.
 */
struct hart_slot_type {
	const char *name; /* what is in it, for people */
	size_t size;      /* bytes, not 0 */
	size_t align;     /* a power of two, at most HART_RECORD_SIZE */
	/*
	 * Make a slot ready, from all zeros, and touch nothing else: once for each hart, before it
	 * first runs and before another hart can reach the slot. The slot of a hart that stops stays
	 * as leave() has left it, and the hart finds it so when it is started again.
	 */
	void (*init)(void *slot, void *context);
	/* The hart was started, for the first time or again, and has not run its function yet. */
	void (*enter)(void *slot, void *context);
	/* The hart has had a software interrupt, whatever for. */
	void (*interrupted)(void *slot, void *context);
	/*
	 * The hart is about to go back to the firmware: hand over what other harts should have. The
	 * types that were registered last come first, so what they need of earlier ones is there.
	 */
	void (*leave)(void *slot, void *context);
	/* Print what there is to know about a slot, of any hart. Interrupts are on. */
	void (*report)(const void *slot, const void *context);
	void *context;
};

/*
 * hart_slot_register - room for @type in the record of each hart, also of harts that are created
 * later. Harts that run already do not enter: hart_wake() lets them be interrupted. @type stays
 * where it is permanently.
 * Pre:    one hart registers at a time.
 * Result: ACRE_OK and *@slots; ACRE_ERR_INVALID for a size or alignment that is none; ACRE_ERR_FULL
 *         if the record has no room left: raise HART_RECORD_SIZE. Nothing has changed after an
 *         error.
 * Cost:   O(harts).
 */
acre_nodiscard enum acre_status hart_slot_register(const struct hart_slot_type *type,
						   struct hart_slots *slots);

/* hart_slot_name - what is in the slot that has byte @offset of a record, any number; NULL: none. */
const char *hart_slot_name(uintptr_t offset);

/*
 * The functions of all types, for @hart or for @self, the hart that asks. Called by harts.c
 * (init), hart_life.c (enter, leave), traps.c (interrupted) and report.c.
 */
void hart_slot_init_all(struct hart *hart);
void hart_slot_enter_all(struct hart *self);
void hart_slot_interrupted_all(struct hart *self);
void hart_slot_leave_all(struct hart *self);
void hart_slot_report_all(const struct hart *hart);

#endif
