/* SPDX-License-Identifier: MIT */
/*
 * hart_slot_test.c - slots in the records of harts. A slot never comes back, so these cases register
 * theirs once, whichever runs first and however often they run.
 */
#include "kernel/hart/hart_slot.h"

#include "kernel/hart/clock.h"
#include "kernel/hart/hart_life.h"
#include "kernel/hart/harts.h"
#include "kernel/hart/work.h"
#include "kernel/machine.h"
#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/frame/frame_types.h"
#include "tests/support/ktest.h"

/* What the hooks of a hart have seen. */
struct marks {
	uint64_t inits;
	uint64_t enters;
	uint64_t interrupts;
	uint64_t leaves;
	uint64_t wrong; /* calls with interrupts on, on another hart, or with another context */
	const void *self;
};

static uint64_t context_of_marks;
static struct hart_slots marks_slots;
static struct hart_slots lines_slots;
static struct hart_slots far_slots;

static void init_marks(void *slot, void *context)
{
	struct marks *marks = slot;

	marks->inits++;
	marks->wrong += context != &context_of_marks;
}

static struct marks *marks_in_hook(void *slot, void *context)
{
	struct marks *marks = slot;
	unsigned long irq = platform_irq_save();

	platform_irq_restore(irq);
	marks->wrong +=
		irq != 0 || slot != hart_slots_own(&marks_slots) || context != &context_of_marks;
	return marks;
}

static void enter_marks(void *slot, void *context)
{
	marks_in_hook(slot, context)->enters++;
}

static void interrupt_marks(void *slot, void *context)
{
	marks_in_hook(slot, context)->interrupts++;
}

static void leave_marks(void *slot, void *context)
{
	marks_in_hook(slot, context)->leaves++;
}

static const struct hart_slot_type marks_type = {
	.name = "marks of a test",
	.size = sizeof(struct marks),
	.align = 8,
	.init = init_marks,
	.enter = enter_marks,
	.interrupted = interrupt_marks,
	.leave = leave_marks,
	.context = &context_of_marks,
};

/* Registered later, so it leaves first. */
static void leave_lines(void *slot, void *unused)
{
	const struct marks *marks = hart_slots_own(&marks_slots);
	uint64_t *leaves_before = slot;

	(void)unused;
	*leaves_before = marks->leaves;
}

static const struct hart_slot_type lines_type = {
	.name = "lines",
	.size = 65,
	.align = 8,
	.leave = leave_lines,
};
static const struct hart_slot_type far_type = { .name = "far", .size = 1, .align = 512 };

/* ---- registering ----------------------------------------------------------------------------- */

static void expect_refused(size_t size, size_t align, enum acre_status s)
{
	static struct hart_slot_type type; /* it would have to stay if it were taken */
	struct hart_slots slots;
	struct hart_slots before;

	type.size = size;
	type.align = align;
	memset(&slots, 0x5a, sizeof(slots));
	before = slots;
	EXPECT_EQ(hart_slot_register(&type, &slots), s);
	EXPECT_EQ(memcmp(&slots, &before, sizeof(slots)), 0);
}

static void refuse_all(uintptr_t end)
{
	expect_refused(0, 8, ACRE_ERR_INVALID);
	expect_refused(8, 0, ACRE_ERR_INVALID);
	expect_refused(8, 24, ACRE_ERR_INVALID);
	expect_refused(8, 2 * HART_RECORD_SIZE, ACRE_ERR_INVALID);
	expect_refused(8, HART_RECORD_SIZE, ACRE_ERR_FULL);
	expect_refused(HART_RECORD_SIZE - end + 1, 1, ACRE_ERR_FULL);
	expect_refused(HART_RECORD_SIZE, 1, ACRE_ERR_FULL);
	expect_refused(SIZE_MAX, 8, ACRE_ERR_FULL);
}

/* The end of the last slot so far: at the first byte past it no slot has a name. */
static uintptr_t end_of_slots(void)
{
	uintptr_t end = HART_RECORD_SIZE;

	while (end > sizeof(struct hart) && hart_slot_name(end - 1) == NULL)
		end--;
	return (end + 63) / 64 * 64;
}

static void register_all(void)
{
	if (far_slots.offset != 0)
		return;
	uintptr_t end = end_of_slots();
	refuse_all(end);
	REQUIRE_EQ(hart_slot_register(&marks_type, &marks_slots), ACRE_OK);
	EXPECT_EQ(marks_slots.offset, end);
	end = end_of_slots();
	refuse_all(end);
	REQUIRE_EQ(hart_slot_register(&lines_type, &lines_slots), ACRE_OK);
	EXPECT_EQ(lines_slots.offset, end);
	REQUIRE_EQ(hart_slot_register(&far_type, &far_slots), ACRE_OK);
}

KTEST(hart_slot, that_do_not_fit_are_refused_and_nothing_changes)
{
	register_all();
	refuse_all(end_of_slots());
	EXPECT_EQ(hart_slot_name(far_slots.offset + far_type.size), NULL);
}

KTEST(hart_slot, are_aligned_and_apart)
{
	register_all();
	EXPECT(marks_slots.offset >= sizeof(struct hart));
	EXPECT(lines_slots.offset >= marks_slots.offset + marks_type.size);
	EXPECT(far_slots.offset >= lines_slots.offset + lines_type.size);
	EXPECT(far_slots.offset + far_type.size <= HART_RECORD_SIZE);
	for (unsigned i = 0; i < harts_count(); i++) {
		EXPECT(is_aligned((uint64_t)hart_slots_of(&marks_slots, i), 64));
		EXPECT(is_aligned((uint64_t)hart_slots_of(&lines_slots, i), 64));
		EXPECT(is_aligned((uint64_t)hart_slots_of(&far_slots, i), 512));
	}
}

KTEST(hart_slot, have_names)
{
	register_all();
	EXPECT_EQ(hart_slot_name(0), NULL);
	EXPECT_EQ(hart_slot_name(sizeof(struct hart) - 1), NULL);
	EXPECT(hart_slot_name(marks_slots.offset) == marks_type.name);
	EXPECT(hart_slot_name(lines_slots.offset) == lines_type.name);
	EXPECT(hart_slot_name(lines_slots.offset + 64) == lines_type.name);
	EXPECT_EQ(hart_slot_name(lines_slots.offset + 65), NULL);
	EXPECT_EQ(hart_slot_name(HART_RECORD_SIZE - 1), NULL);
	EXPECT_EQ(hart_slot_name(UINTPTR_MAX), NULL);
}

/* ---- reaching one ---------------------------------------------------------------------------- */

static uint64_t own_slot(void *unused)
{
	struct marks *own = hart_slots_own(&marks_slots);

	(void)unused;
	own->self = hart_self();
	EXPECT(hart_slots_are_near(&marks_slots) && hart_slots_near(&marks_slots) == own);
	return (uint64_t)own;
}

KTEST(hart_slot, each_hart_has_its_own)
{
	static uint64_t found[PLATFORM_MAX_HARTS];
	struct hart_set all = hart_set_of_all();

	register_all();
	REQUIRE_EQ(work_run(&all, own_slot, NULL, found), ACRE_OK);
	for (unsigned i = 0; i < harts_count(); i++) {
		if (!hart_set_has(&all, i))
			continue;
		const struct marks *marks = hart_slots_of(&marks_slots, i);
		EXPECT_EQ(found[i], (uint64_t)marks);
		EXPECT_EQ(found[i], (uint64_t)hart_at(i) + marks_slots.offset);
		EXPECT(marks->self == hart_at(i));
	}
	EXPECT(hart_slots_of(&marks_slots, harts_count()) == NULL);
	EXPECT(hart_slots_of(&marks_slots, UINT32_MAX) == NULL);
}

/* In an array too, on real harts. */
static uint64_t own_of_array(void *slots)
{
	return (uint64_t)hart_slots_own(slots);
}

KTEST(hart_slot, of_an_array_are_a_harts_own_or_the_spare_one)
{
	static uint64_t found[PLATFORM_MAX_HARTS];
	uint64_t array[2];
	uint64_t spare;
	struct hart_set all = hart_set_of_all();
	struct hart_slots slots = hart_slots_array(array, sizeof(array[0]), ARRAY_SIZE(array));

	slots.spare = &spare;
	REQUIRE_EQ(work_run(&all, own_of_array, &slots, found), ACRE_OK);
	for (unsigned i = 0; i < harts_count(); i++) {
		if (hart_set_has(&all, i))
			EXPECT_EQ(found[i], (uint64_t)(i < 2 ? &array[i] : &spare));
	}
}

/* ---- coming and going ------------------------------------------------------------------------ */

KTEST(hart_slot, are_initialised_once_for_each_hart)
{
	register_all();
	for (unsigned i = 0; i < harts_count(); i++) {
		const struct marks *marks = hart_slots_of(&marks_slots, i);
		EXPECT_EQ(marks->inits, 1);
		EXPECT_EQ(marks->wrong, 0);
	}
}

/* What harts.c does for a hart that it creates. */
KTEST(hart_slot, of_a_new_record_are_initialised)
{
	struct hart *hart = ktest_alloc(HART_RECORD_SIZE, HART_RECORD_SIZE);

	register_all();
	memset(hart, 0, HART_RECORD_SIZE);
	hart_slot_init_all(hart);
	const struct marks *marks = (const void *)((const char *)hart + marks_slots.offset);
	EXPECT_EQ(marks->inits, 1);
	EXPECT_EQ(marks->enters + marks->leaves + marks->wrong, 0);
}

/* A record of zeros would have a stock at frame 0, of no bank. */
KTEST(hart_slot, of_a_new_record_is_no_stock_of_frames)
{
	struct hart *hart = ktest_alloc(HART_RECORD_SIZE, HART_RECORD_SIZE);
	const uintptr_t offset = machine.frames.stocks.offset;

	EXPECT_STR(hart_slot_name(offset), "stock of frames");
	memset(hart, 0, HART_RECORD_SIZE);
	hart_slot_init_all(hart);
	const struct frame_stock *stock = (const void *)((const char *)hart + offset);
	EXPECT_EQ(atomic_load(&stock->base), FRAME_NONE);
	EXPECT(atomic_load(&stock->bank) == machine.frames.bank);
	EXPECT_EQ(stock->seek, FRAME_NONE);
}

static void nothing(void *unused)
{
	(void)unused;
}

static void interrupt_itself(void *seen)
{
	const struct marks *own = hart_slots_own(&marks_slots);
	const volatile uint64_t *interrupts = &own->interrupts;
	const uint64_t before = *interrupts;
	const uint64_t since = clock_ticks();

	(void)hart_wake(hart_self());
	while (*interrupts == before && clock_ticks() - since < 5000 * clock_ticks_per_ms())
		;
	*(bool *)seen = *interrupts > before;
}

/* A hart that is known to run, and not hart 0; 0 if there is none. */
static unsigned other_hart(void)
{
	for (unsigned i = 1; i < harts_count(); i++) {
		if (atomic_load(&hart_at(i)->state) == HART_PARKED)
			return i;
	}
	return 0;
}

KTEST(hart_slot, hear_of_an_interrupt)
{
	const unsigned index = other_hart();
	bool seen = false;

	register_all();
	interrupt_itself(&seen);
	EXPECT(seen);
	if (index == 0)
		return;
	seen = false;
	REQUIRE_EQ(hart_run(index, interrupt_itself, &seen), ACRE_OK);
	REQUIRE_EQ(hart_join(index, 5000), ACRE_OK);
	EXPECT(seen);
}

/* Whether it was in wfi, and had to be interrupted to hear of it, no one can say. */
KTEST(hart_slot, hear_of_a_stop_and_of_a_start)
{
	const unsigned index = other_hart();

	if (index == 0)
		return;
	register_all();
	const struct marks *marks = hart_slots_of(&marks_slots, index);
	const struct marks before = *marks;
	REQUIRE_EQ(hart_stop(index, 5000), ACRE_OK);
	EXPECT_EQ(marks->leaves, before.leaves + 1);
	EXPECT_EQ(*(const uint64_t *)hart_slots_of(&lines_slots, index), before.leaves);
	EXPECT_EQ(marks->enters, before.enters);
	REQUIRE_EQ(hart_run(index, nothing, NULL), ACRE_OK);
	REQUIRE_EQ(hart_join(index, 5000), ACRE_OK);
	EXPECT_EQ(marks->leaves, before.leaves + 1);
	EXPECT_EQ(marks->enters, before.enters + 1);
	EXPECT_EQ(marks->inits, 1);
	EXPECT_EQ(marks->wrong, 0);
}
