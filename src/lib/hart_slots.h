/* SPDX-License-Identifier: MIT */
/*
 * hart_slots.h - a slot for each hart, in which an instance keeps what it has for that hart.
 *
 * There are two kinds. Slots in the records of the harts are at one offset from the start of every
 * record: a hart reaches its own by one addition. Where the platform has such records
 * (PLATFORM_HAS_HART_RECORD), it says how to get a slot in them; there are few slots, and they
 * are never given back. Slots in an array lie a stride apart, and are as many as the caller has
 * memory for: for a platform without records, and for instances that come and go.
 *
 * A slot is plain memory. This header says where it is, not who may touch it and when.
 */
#ifndef ACRE_LIB_HART_SLOTS_H
#define ACRE_LIB_HART_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "lib/platform.h"

/* Where an instance has the storage of each hart. */
struct hart_slots {
	uintptr_t offset; /* not 0: bytes from the start of a hart's record to the slot */
	char *first;      /* else: an array; the slot of hart 0 */
	size_t stride;    /* ... bytes from one hart's to the next */
	unsigned count;   /* ... of so many harts */
	void *spare;      /* ... and what a hart of a number past them gets */
};

/*
 * hart_slots_array - slots in an array: that of hart i is @stride * i bytes after @first. There is
 * no spare slot; the caller sets `spare` where a hart of number @count or more may ask.
 * Pre:    @first points to @count * @stride bytes, which outlive the result. @first and @stride are
 *         multiples of the alignment of a slot.
 */
static inline struct hart_slots hart_slots_array(void *first, size_t stride, unsigned count)
{
	const struct hart_slots slots = { .first = first, .stride = stride, .count = count };

	return slots;
}

/*
 * hart_slots_own - the slot of the hart that asks. Interrupts and migration are the caller's
 * business: a handler of the same hart gets the same slot, and a caller that may move to another
 * hart holds interrupts off from before this call until it has written. A caller that only reads
 * must be able to use the slot of another hart.
 * Pre:    the hart's number is below `count`, or `spare` is set, or the slots are in records.
 * Result: never NULL. `spare` for a hart past the array: all such harts share it.
 * Cost:   in records: a load, a branch that is always the same for one instance, an addition. In an
 *         array: a comparison and a multiplication more.
 */
static acre_always_inline void *hart_slots_own(const struct hart_slots *slots)
{
#if PLATFORM_HAS_HART_RECORD
	if (__builtin_expect(slots->offset != 0, 1))
		return (char *)platform_hart_record() + slots->offset;
#endif
	const unsigned hart = platform_hart();

	return hart < slots->count ? slots->first + hart * slots->stride : slots->spare;
}

/*
 * hart_slots_near - the same by one addition. Pre: hart_slots_are_near(@slots), which stays as it is;
 * a fast path may ask that once, and leave slots that are not to a slow one.
 */
static acre_always_inline bool hart_slots_are_near(const struct hart_slots *slots)
{
	return !PLATFORM_HAS_HART_RECORD || slots->offset != 0;
}

static acre_always_inline void *hart_slots_near(const struct hart_slots *slots)
{
#if PLATFORM_HAS_HART_RECORD
	return (char *)platform_hart_record() + slots->offset;
#else
	return hart_slots_own(slots);
#endif
}

/*
 * hart_slots_of - the slot of hart @hart, any number. That hart may be using it at the same time.
 * Result: NULL if there is none: @hart has no record, or is past the array. Never `spare`.
 */
static inline void *hart_slots_of(const struct hart_slots *slots, unsigned hart)
{
#if PLATFORM_HAS_HART_RECORD
	if (slots->offset != 0) {
		char *record = platform_hart_record_of(hart);

		return record != NULL ? record + slots->offset : NULL;
	}
#endif
	return hart < slots->count ? slots->first + hart * slots->stride : NULL;
}

#endif
