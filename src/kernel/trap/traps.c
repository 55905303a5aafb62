/* SPDX-License-Identifier: MIT */
/*
 * traps.c - interrupts are counted and answered; every exception is fatal unless a test asked for
 * it.
 */
#include "kernel/trap/traps.h"

#include "kernel/hart/clock.h"
#include "kernel/hart/csr.h"
#include "kernel/hart/hart_slot.h"
#include "kernel/hart/harts.h"
#include "kernel/trap/panic_report.h"
#include "lib/platform.h"

/* Level-triggered: an interrupt that is not answered here would come again immediately. */
static void handle_interrupt(struct hart *self, struct trap_frame *frame)
{
	switch (frame->scause & ~SCAUSE_INTERRUPT) {
	case IRQ_SOFT:
		csr_clear(sip, 1ul << IRQ_SOFT);
		(void)platform_panicking(); /* it may have been to stop us */
		self->software_interrupts++;
		hart_slot_interrupted_all(self);
		return;
	case IRQ_TIMER:
		self->timer_interrupts++;
		clock_interrupt(self);
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
