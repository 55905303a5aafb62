/* SPDX-License-Identifier: MIT */
/* trap_frame.h - what is saved of a hart that trapped, and what the causes of traps are called. */
#ifndef ACRE_KERNEL_TRAP_FRAME_H
#define ACRE_KERNEL_TRAP_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "boot/boot_abi.h"

/* What trap.S saves, on the stack of the hart that trapped. */
struct trap_frame {
	uint64_t x[32]; /* x[0] is not used */
	uint64_t sepc;
	uint64_t sstatus;
	uint64_t scause;
	uint64_t stval;
};

_Static_assert(offsetof(struct trap_frame, sepc) == TRAP_FRAME_SEPC, "boot_abi.h");
_Static_assert(offsetof(struct trap_frame, sstatus) == TRAP_FRAME_SSTATUS, "boot_abi.h");
_Static_assert(offsetof(struct trap_frame, scause) == TRAP_FRAME_SCAUSE, "boot_abi.h");
_Static_assert(offsetof(struct trap_frame, stval) == TRAP_FRAME_STVAL, "boot_abi.h");
_Static_assert(sizeof(struct trap_frame) == TRAP_FRAME_SIZE, "boot_abi.h");

/* trap_cause_str - the name of an scause value ("load access fault"); never NULL. */
const char *trap_cause_str(uint64_t scause);

#endif
