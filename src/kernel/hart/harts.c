/* SPDX-License-Identifier: MIT */
/*
 * harts.c - the table of harts, filled in once from the device tree, and the guard below each
 * stack.
 */
#include "kernel/hart/harts.h"

#include "fdt/fdt_harts.h"
#include "kernel/hart/csr.h"
#include "kernel/hart/hart_slot.h"
#include "kernel/kernel_sbi.h"
#include "kernel/machine.h"
#include "lib/compiler.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "sbi/ipi.h"

#define GUARD_PATTERN 0x5afe57acc5afe57aull

static struct hart *hart_table[PLATFORM_MAX_HARTS];
static unsigned nharts;
static unsigned ndisabled;

#define CPU_NAME_MAX 31u /* of a node's name that is printed */

/* ---- the guard below a stack ---------------------------------------------------------------- */

static uint64_t *guard_of(const struct hart *hart)
{
	return (uint64_t *)(hart->stack_low - HART_GUARD_SIZE);
}

void hart_guard_init(struct hart *hart)
{
	for (unsigned i = 0; i < HART_GUARD_SIZE / 8; i++)
		guard_of(hart)[i] = GUARD_PATTERN;
}

bool hart_guard_intact(const struct hart *hart)
{
	for (unsigned i = 0; i < HART_GUARD_SIZE / 8; i++) {
		if (guard_of(hart)[i] != GUARD_PATTERN)
			return false;
	}
	return true;
}

void hart_check_guard(const struct hart *hart)
{
	if (unlikely(!hart_guard_intact(hart)))
		acre_panic("stack overflow on hart %llu: the guard below 0x%llx was written to",
			   (unsigned long long)hart->id, (unsigned long long)hart->stack_low);
}

/* ---- the table ------------------------------------------------------------------------------ */

static struct hart *hart_create(uint64_t id)
{
	frame_nr_t pfn =
		frame_alloc_range_zeroed(&machine.frames, HART_AREA_SIZE / FRAME_SIZE, FRAME_SIZE);

	if (pfn == FRAME_NONE)
		return NULL;
	uint64_t area = frame_to_paddr(pfn);
	struct hart *hart = (struct hart *)(area + HART_RECORD_OFFSET);
	hart->id = id;
	hart->emergency_high = area + HART_EMERGENCY_SIZE;
	hart->stack_low = area + HART_EMERGENCY_SIZE + HART_GUARD_SIZE;
	hart->stack_high = (uint64_t)hart;
	hart_guard_init(hart);
	hart_slot_init_all(hart);
	return hart;
}

static bool hart_is_known(uint64_t id)
{
	for (unsigned i = 0; i < nharts; i++) {
		if (hart_table[i]->id == id)
			return true;
	}
	return false;
}

static void hart_add(uint64_t id)
{
	if (hart_is_known(id))
		return;
	if (nharts == PLATFORM_MAX_HARTS) {
		acre_log_warn("hart %llu is left out: raise PLATFORM_MAX_HARTS (%u)\n",
			      (unsigned long long)id, PLATFORM_MAX_HARTS);
		return;
	}
	struct hart *hart = hart_create(id);
	if (hart == NULL) {
		acre_log_warn(
			"hart %llu is left out: no %u KiB of contiguous memory for its stacks\n",
			(unsigned long long)id, HART_AREA_SIZE / 1024);
		return;
	}
	hart->index = nharts;
	hart_table[nharts++] = hart;
}

void hart_interrupts_on(void)
{
	csr_set(sie, 1ul << IRQ_SOFT);
	csr_set(sstatus, SSTATUS_SIE);
}

void harts_init_boot(void)
{
	struct hart *self = hart_self();

	hart_guard_init(self);
	self->state = HART_RUNNING;
	hart_table[0] = self;
	nharts = 1;
}

/* The first mention of the hart @id in the tree; false if there is none. */
static bool first_mention(const struct fdt *fdt, uint64_t id, struct fdt_hart *first)
{
	struct fdt_hart_cursor cursor;

	fdt_harts_begin(&cursor, fdt);
	while (fdt_harts_next(&cursor, first) == ACRE_OK) {
		if (first->why == ACRE_OK && first->id == id)
			return true;
	}
	return false;
}

static const char *cpu_name(const struct fdt_hart *found)
{
	return fdt_text_is_printable(found->name, CPU_NAME_MAX) ? found->name : "a cpu";
}

/* Is it the first mention of a hart, and all in order? If not, that is said. */
static bool is_in_order(const struct fdt *fdt, const struct fdt_hart *found)
{
	const char *name = cpu_name(found);
	struct fdt_hart first;

	if (found->why != ACRE_OK) {
		acre_log_warn("%s is left out: no one can say which hart it is, by its reg: %s\n",
			      name, acre_status_str(found->why));
		return false;
	}
	if (first_mention(fdt, found->id, &first) &&
	    (first.node != found->node || first.index != found->index)) {
		acre_log_warn("%s is left out: the device tree has hart %llu already\n", name,
			      (unsigned long long)found->id);
		return false;
	}
	if (found->doubtful)
		acre_log_warn("%s: its status is not okay, and does not switch it off: hart %llu "
			      "is taken as disabled\n",
			      name, (unsigned long long)found->id);
	return true;
}

void harts_init(const struct fdt *fdt)
{
	struct fdt_hart_cursor cursor;
	struct fdt_hart found;

	hart_interrupts_on();
	fdt_harts_begin(&cursor, fdt);
	while (fdt_harts_next(&cursor, &found) == ACRE_OK) {
		if (!is_in_order(fdt, &found))
			continue;
		if (found.enabled)
			hart_add(found.id);
		else
			ndisabled++;
	}
}

unsigned harts_count(void)
{
	return nharts;
}

unsigned harts_disabled(void)
{
	return ndisabled;
}

struct hart *hart_at(unsigned index)
{
	return hart_table[index];
}

void *platform_hart_record_of(unsigned hart)
{
	return hart < nharts ? hart_table[hart] : NULL;
}

bool harts_enabled_in_tree(const struct fdt *fdt, uint64_t id)
{
	struct fdt_hart found;

	return first_mention(fdt, id, &found) && found.enabled;
}

/* ---- reaching one --------------------------------------------------------------------------- */

bool hart_is_up(const struct hart *hart)
{
	switch (atomic_load_explicit(&hart->state, memory_order_relaxed)) {
	case HART_CALLED:
	case HART_RUNNING:
	case HART_DONE:
	case HART_PARKED:
		return true;
	default:
		return false;
	}
}

long hart_wake(const struct hart *hart)
{
	return sbi_send_ipi(&kernel_sbi, 1, hart->id);
}
