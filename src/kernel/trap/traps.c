/* SPDX-License-Identifier: MIT */
/* traps.c - interrupts are counted and answered; every exception is fatal unless a test asked for it. */
#include "kernel/trap/traps.h"

#include "kernel/hart/clock.h"
#include "kernel/hart/csr.h"
#include "kernel/hart/harts.h"
#include "kernel/trap/panic_report.h"
#include "lib/compiler.h"
#include "lib/platform.h"
#include "selftest/irq_stress.h"

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

/* Level-triggered: what is not answered here would come again at once. */
static void handle_interrupt(struct hart *self, struct trap_frame *frame)
{
	switch (frame->scause & ~SCAUSE_INTERRUPT) {
	case IRQ_SOFT:
		csr_clear(sip, 1ul << IRQ_SOFT);
		(void)platform_panicking(); /* it may have been to stop us */
		self->software_interrupts++;
		irq_stress_software(self);
		return;
	case IRQ_TIMER:
		self->timer_interrupts++;
		irq_stress_timer(self);
		(void)clock_arm();
		return;
	default:
		panic_on_trap(frame);
	}
}

void trap_handle(struct trap_frame *frame)
{
	struct hart *self = hart_self();

	if (self->trap_hook != NULL && self->trap_hook(frame))
		return;
	if (!(frame->scause & SCAUSE_INTERRUPT))
		panic_on_trap(frame);
	self->in_handler = true;
	handle_interrupt(self, frame);
	self->in_handler = false;
	hart_check_guard(self);
}
