/* SPDX-License-Identifier: MIT */
/*
 * harts.h - the table of harts: which there are, their records and stacks, and how one interrupts
 * another.
 */
#ifndef ACRE_KERNEL_HARTS_H
#define ACRE_KERNEL_HARTS_H

#include "fdt/fdt.h"
#include "kernel/hart/hart.h"
#include "lib/attributes.h"

/* hart_guard_init - fill the guard below the stack of @hart. hart_guard_intact - is it still so? */
void hart_guard_init(struct hart *hart);
acre_nodiscard bool hart_guard_intact(const struct hart *hart);

/* hart_check_guard - panic, naming the hart, if its stack ran over. Cost: 512 loads. */
void hart_check_guard(const struct hart *hart);

/*
 * harts_init_boot - put the hart that runs this, the boot hart, into the table as hart 0, and fill
 * the guard below its stack. entry.S has filled in its record. Boot only, first of all.
 * harts_init - learn from the device tree which other harts there are and give each a record and
 * stacks from the frame pool. Disabled harts are left out; harts past PLATFORM_MAX_HARTS, or
 * without memory, are left out and named. Boot only.
 */
void harts_init_boot(void);
void harts_init(const struct fdt *fdt);

/*
 * harts_count - harts in the table, boot hart included; harts_disabled - left out by the device
 * tree.
 */
unsigned harts_count(void);
unsigned harts_disabled(void);

/* hart_at - record of hart @index < harts_count(). */
struct hart *hart_at(unsigned index);

/* harts_enabled_in_tree - does the device tree have an enabled hart @id? */
bool harts_enabled_in_tree(const struct fdt *fdt, uint64_t id);

/*
 * hart_is_up - does @hart execute our code, parked or not, so that an interrupt would reach it? A
 * hint.
 */
bool hart_is_up(const struct hart *hart);

/* hart_wake - a software interrupt on @hart. Result: what the firmware says. */
long hart_wake(const struct hart *hart);

/* hart_interrupts_on - let this hart hear software interrupts, and turn its interrupts on. */
void hart_interrupts_on(void);

#endif
