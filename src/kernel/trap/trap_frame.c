/* SPDX-License-Identifier: MIT */
/* trap_frame.c - the names of causes (Privileged Architecture, 'Supervisor Cause Register'). */
#include "kernel/trap/trap_frame.h"

#include "kernel/hart/csr.h"
#include "lib/compiler.h"

const char *trap_cause_str(uint64_t scause)
{
	static const char *const exception[] = {
		[0] = "instruction address misaligned",
		[1] = "instruction access fault",
		[2] = "illegal instruction",
		[3] = "breakpoint",
		[4] = "load address misaligned",
		[5] = "load access fault",
		[6] = "store address misaligned",
		[7] = "store access fault",
		[8] = "environment call from U-mode",
		[9] = "environment call from S-mode",
		[12] = "instruction page fault",
		[13] = "load page fault",
		[15] = "store page fault",
	};
	uint64_t code = scause & ~SCAUSE_INTERRUPT;

	if (scause & SCAUSE_INTERRUPT) {
		switch (code) {
		case IRQ_SOFT:
			return "software interrupt";
		case IRQ_TIMER:
			return "timer interrupt";
		case IRQ_EXTERNAL:
			return "external interrupt";
		default:
			return "unknown interrupt";
		}
	}
	if (code < ARRAY_SIZE(exception) && exception[code] != NULL)
		return exception[code];
	return "unknown exception";
}
