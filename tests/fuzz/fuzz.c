/* SPDX-License-Identifier: MIT */
/* fuzz.c - what the fuzzers have in common; and the seam, which they do not use. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/platform.h"

_Thread_local unsigned host_hart;
atomic_bool host_panicking;
_Thread_local unsigned long host_irq_enabled = 1;

void platform_write(const char *text, size_t len)
{
	fwrite(text, 1, len, stderr);
}

noreturn void platform_panic(const void *caller, const char *message)
{
	fprintf(stderr, "panic by %p: %s\n", caller, message);
	abort();
}

void platform_bad_free(const struct bad_free *report)
{
	fprintf(stderr, "bad free: %s\n", report->what);
	abort();
}

uint8_t *fuzz_copy(const uint8_t *data, size_t size)
{
	static const uint8_t magic[4] = { 0xd0, 0x0d, 0xfe, 0xed };

	if (size < sizeof(magic))
		return NULL;
	uint8_t *copy = malloc(size);
	if (copy != NULL) {
		memcpy(copy, data, size);
		memcpy(copy, magic, sizeof(magic));
	}
	return copy;
}
