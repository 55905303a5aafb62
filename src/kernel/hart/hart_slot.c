/* SPDX-License-Identifier: MIT */
/*
 * hart_slot.c - the slots in a record, in the order in which they were registered, which is that of
 * their offsets. No slot comes back, so each begins after the one before it.
 */
#include "kernel/hart/hart_slot.h"

#include "lib/align.h"

/* A slot has lines of its own: other harts that look at it do not slow down what is beside it. */
#define SLOT_LINE  64u
#define SLOT_FIRST ((sizeof(struct hart) + SLOT_LINE - 1) / SLOT_LINE * SLOT_LINE)
/* More do not fit into a record, so its size is the only limit. */
#define SLOT_MAX ((HART_RECORD_SIZE - SLOT_FIRST) / SLOT_LINE)

static struct {
	const struct hart_slot_type *type;
	uintptr_t offset;
} slot_table[SLOT_MAX];
static _Atomic unsigned nslots; /* written last: another hart may look meanwhile */

static unsigned slot_count(void)
{
	return atomic_load_explicit(&nslots, memory_order_acquire);
}

static void *slot_in(const void *record, unsigned i)
{
	return (char *)record + slot_table[i].offset;
}

static void init_slot(unsigned i, void *record)
{
	const struct hart_slot_type *type = slot_table[i].type;

	if (type->init != NULL)
		type->init(slot_in(record, i), type->context);
}

/* The first multiple of @align after the @n slots that there are; HART_RECORD_SIZE at most. */
static uintptr_t next_offset(unsigned n, size_t align)
{
	uintptr_t end = SLOT_FIRST;

	if (n != 0)
		end = slot_table[n - 1].offset + slot_table[n - 1].type->size;
	if (align < SLOT_LINE)
		align = SLOT_LINE;
	return align_down(end + align - 1, align);
}

enum acre_status hart_slot_register(const struct hart_slot_type *type, struct hart_slots *slots)
{
	const unsigned n = slot_count();
	void *record;

	if (type->size == 0 || !is_power_of_two(type->align) || type->align > HART_RECORD_SIZE)
		return ACRE_ERR_INVALID;
	const uintptr_t offset = next_offset(n, type->align);
	if (type->size > HART_RECORD_SIZE - offset)
		return ACRE_ERR_FULL;
	slot_table[n].type = type;
	slot_table[n].offset = offset;
	for (unsigned hart = 0; (record = platform_hart_record_of(hart)) != NULL; hart++)
		init_slot(n, record);
	*slots = (struct hart_slots){ .offset = offset };
	atomic_store_explicit(&nslots, n + 1, memory_order_release);
	return ACRE_OK;
}

const char *hart_slot_name(uintptr_t offset)
{
	for (unsigned i = 0, n = slot_count(); i < n; i++) {
		if (offset - slot_table[i].offset < slot_table[i].type->size)
			return slot_table[i].type->name;
	}
	return NULL;
}

void hart_slot_init_all(struct hart *hart)
{
	for (unsigned i = 0, n = slot_count(); i < n; i++)
		init_slot(i, hart);
}

void hart_slot_enter_all(struct hart *self)
{
	for (unsigned i = 0, n = slot_count(); i < n; i++) {
		const struct hart_slot_type *type = slot_table[i].type;
		if (type->enter != NULL)
			type->enter(slot_in(self, i), type->context);
	}
}

void hart_slot_interrupted_all(struct hart *self)
{
	for (unsigned i = 0, n = slot_count(); i < n; i++) {
		const struct hart_slot_type *type = slot_table[i].type;
		if (type->interrupted != NULL)
			type->interrupted(slot_in(self, i), type->context);
	}
}

void hart_slot_leave_all(struct hart *self)
{
	for (unsigned i = slot_count(); i-- > 0;) {
		const struct hart_slot_type *type = slot_table[i].type;
		if (type->leave != NULL)
			type->leave(slot_in(self, i), type->context);
	}
}

void hart_slot_report_all(const struct hart *hart)
{
	for (unsigned i = 0, n = slot_count(); i < n; i++) {
		const struct hart_slot_type *type = slot_table[i].type;
		if (type->report != NULL)
			type->report(slot_in(hart, i), type->context);
	}
}
