/* SPDX-License-Identifier: MIT */
/* hart_client.c - a short list of clients, in the order in which they were registered. */
#include "kernel/hart/hart_client.h"

#include "lib/panic.h"

static const struct hart_client *hart_client[HART_MAX_CLIENTS];
static _Atomic unsigned nhart_clients; /* written last: another hart may look meanwhile */

static unsigned clients(void)
{
	return atomic_load_explicit(&nhart_clients, memory_order_acquire);
}

void hart_client_add(const struct hart_client *client)
{
	unsigned n = clients();

	if (n < HART_MAX_CLIENTS) {
		hart_client[n] = client;
		atomic_store_explicit(&nhart_clients, n + 1, memory_order_release);
	} else {
		acre_panic("more than %u parts want to know of harts", HART_MAX_CLIENTS);
	}
}

void hart_clients_started(struct hart *self)
{
	for (unsigned i = 0, n = clients(); i < n; i++) {
		if (hart_client[i]->started != NULL)
			hart_client[i]->started(self);
	}
}

void hart_clients_interrupted(struct hart *self)
{
	for (unsigned i = 0, n = clients(); i < n; i++) {
		if (hart_client[i]->interrupted != NULL)
			hart_client[i]->interrupted(self);
	}
}

void hart_clients_stopping(struct hart *self)
{
	for (unsigned i = 0, n = clients(); i < n; i++) {
		if (hart_client[i]->stopping != NULL)
			hart_client[i]->stopping(self);
	}
}

void hart_clients_report(const struct hart *hart)
{
	for (unsigned i = 0, n = clients(); i < n; i++) {
		if (hart_client[i]->report != NULL)
			hart_client[i]->report(hart);
	}
}
