/* SPDX-License-Identifier: MIT */
/*
 * abort_platform.c - the seam for host programs in which a panic or a refused free is a failure of the
 * program: it says so and aborts, which a fuzzer or a script sees.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/abort_platform.h"

_Thread_local unsigned host_hart;
atomic_bool host_panicking;
_Thread_local unsigned long host_irq_enabled = 1;
void (*host_irqs_on_hook)(void);

void platform_write(const char *text, size_t len)
{
	fwrite(text, 1, len, stderr);
}

acre_noreturn void platform_panic(const void *caller, const char *message)
{
	fprintf(stderr, "panic by %p: %s\n", caller, message);
	abort();
}

void (*host_bad_free_hook)(const struct platform_bad_free *report);

void platform_bad_free(const struct platform_bad_free *report)
{
	if (host_bad_free_hook != NULL) {
		host_bad_free_hook(report);
		return;
	}
	fprintf(stderr, "bad free: %s\n", report->what);
	abort();
}
