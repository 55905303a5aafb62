/* SPDX-License-Identifier: MIT */
/* lift_platform.c - the linked half of the seam (lib/platform.h): three functions. */
#include "tests/lift/lift_platform.h"

#include "lib/platform.h"
#include "lib/print.h"

static unsigned bad_frees;

unsigned lift_bad_frees(void)
{
	return bad_frees;
}

void platform_write(const char *text, size_t len)
{
	lift_put(text, len);
}

acre_noreturn void platform_panic(const void *caller, const char *message)
{
	acre_print_unlocked("lift: panic at %p: %s\n", caller, message);
	lift_exit(1);
}

void platform_bad_free(const struct platform_bad_free *report)
{
	bad_frees++;
	acre_print("lift: refused: %s 0x%llx is %s\n", report->allocator,
		   (unsigned long long)report->address, report->what);
}
