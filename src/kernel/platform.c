/* SPDX-License-Identifier: MIT */
/* platform.c - the seam on SBI: console, and what happens to a refused free. */
#include "kernel/platform.h"

#include "kernel/kernel_sbi.h"
#include "kernel/symbols.h"
#include "lib/fmt.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "sbi/console.h"

struct sbi kernel_sbi;
void (*bad_free_hook)(const struct bad_free *report);

static bool bad_free_reports;

void platform_write(const char *text, size_t len)
{
	sbi_console_write(&kernel_sbi, text, len);
}

void platform_set_bad_free_reports(bool reports)
{
	bad_free_reports = reports;
}

void bad_free_sentence(char *buf, size_t size, const struct bad_free *report)
{
	uint64_t offset = 0;
	const char *name = symbol_find((uint64_t)report->caller, &offset);

	fmt_buffer(
		buf, size,
		"%s: refused to free 0x%llx (%llu bytes said) for %s+0x%llx: %s [0x%llx, 0x%llx)",
		report->allocator, (unsigned long long)report->address,
		(unsigned long long)report->size, name != NULL ? name : "?",
		(unsigned long long)(name != NULL ? offset : (uint64_t)report->caller),
		report->what, (unsigned long long)report->actual_start,
		(unsigned long long)(report->actual_start + report->actual_size));
}

void platform_bad_free(const struct bad_free *report)
{
	char sentence[200];

	if (bad_free_hook != NULL) {
		bad_free_hook(report);
		return;
	}
	bad_free_sentence(sentence, sizeof(sentence), report);
	if (!bad_free_reports)
		panic_from(report->caller, "%s", sentence);
	log_error("%s", sentence);
}
