/* SPDX-License-Identifier: MIT */
/* traps.h - exceptions and interrupts in S-mode. */
#ifndef ACRE_KERNEL_TRAPS_H
#define ACRE_KERNEL_TRAPS_H

#include "kernel/trap/trap_frame.h"

/* trap_handle - called by trap.S with interrupts off. */
void trap_handle(struct trap_frame *frame);

#endif
