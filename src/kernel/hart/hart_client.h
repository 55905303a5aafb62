/* SPDX-License-Identifier: MIT */
/*
 * hart_client.h - hooks for a part of the kernel that keeps something for each hart, and so has to
 * hear when a hart has started, is interrupted, or is about to stop. The kernel itself registers
 * none; src/selftest/irq_stress.c does.
 */
#ifndef ACRE_KERNEL_HART_CLIENT_H
#define ACRE_KERNEL_HART_CLIENT_H

#include "kernel/hart/hart.h"

#define HART_MAX_CLIENTS 4u

/*
 * Each may be NULL. The first three are called on @self, the hart that they are about, with
 * interrupts off.
 */
struct hart_client {
	void (*started)(struct hart *self); /* it was started, and has not run its function yet */
	void (*interrupted)(struct hart *self);  /* it has had a software interrupt, whatever for */
	void (*stopping)(struct hart *self);     /* it is about to go back to the firmware */
	void (*report)(const struct hart *hart); /* print what there is to know about @hart */
};

/*
 * hart_client_add - call @client, which stays where it is for good, from now on. Harts that run
 * already are not started again: hart_wake() lets them be interrupted. Panics if there are
 * HART_MAX_CLIENTS.
 * Pre:    one hart registers at a time.
 */
void hart_client_add(const struct hart_client *client);

/* Tell all clients. For hart_life.c, traps.c and report.c. */
void hart_clients_started(struct hart *self);
void hart_clients_interrupted(struct hart *self);
void hart_clients_stopping(struct hart *self);
void hart_clients_report(const struct hart *hart);

#endif
