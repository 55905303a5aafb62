/* SPDX-License-Identifier: MIT */
/* why.h - whose is a byte of the machine, and why: one sentence for any address. */
#ifndef ACRE_KERNEL_WHY_H
#define ACRE_KERNEL_WHY_H

#include <stdbool.h>

#include "mm/types.h"

#define WHY_LEN 400u

/*
 * why_str - whose the byte at @addr is, by the memory map, the frame pool, the heap and the harts:
 * "0x87e01000: inside the device tree, [0x87e00000, 0x87e014c3), as OpenSBI passed it". Any @addr;
 * the byte itself is not read. Any hart; takes the locks of frames and heap for a moment.
 * Result: @buf, terminated; cut if it has to be.
 */
const char *why_str(char buf[WHY_LEN], acre_paddr_t addr);

/* why_is_kernels - is the byte at @addr the heap's, or a hart's stack or record? */
bool why_is_kernels(acre_paddr_t addr);

#endif
