/* SPDX-License-Identifier: MIT */
/*
 * ledger.h - every byte of RAM has exactly one owner. The memory map is the book; what the linker,
 * the frame pool and the heap say must agree with it.
 */
#ifndef ACRE_KERNEL_LEDGER_H
#define ACRE_KERNEL_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * ledger_check - do all books agree, to the byte? NULL if so, else the sentence that is broken.
 *   L1  the map keeps its invariants: its kinds sum up to RAM.
 *   L2  each byte of the image belongs to the kernel, unless something more restrictive claims it
 *       too, and each part under its own name.
 *   L3  the frame pool manages exactly the usable and the lent memory.
 *   L4  each part of the metadata is of a bank that there is, or of none.
 * Pre:    machine_init_frames() is done. Any hart, while no hart lends or takes back.
 * Cost:   as memmap_validate().
 */
const char *ledger_check(void);

/* ledger_check_or_panic - for a caller that cannot go on with wrong books. */
void ledger_check_or_panic(void);

/* ledger_say_conflicts - a warning for each two owners that claim the same bytes. */
void ledger_say_conflicts(void);

/*
 * ledger_image_is_ours - is all of the image RAM, and the kernel's? ledger_say_image - if not, an
 * error line. The kernel runs there anyway, so boot goes on.
 */
bool ledger_image_is_ours(void);
void ledger_say_image(void);

/*
 * ledger_say - for the report of an access fault: whose the byte at @address is, by the map alone,
 * and why it may not answer. A line; no lock, no allocation; any state of the machine.
 */
void ledger_say(uint64_t address);

#endif
