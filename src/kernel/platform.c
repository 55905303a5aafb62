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
	typedef unsigned long long ull;
	uint64_t caller = (uint64_t)report->caller;
	uint64_t end = report->actual_start + report->actual_size;
	uint64_t offset;
	const char *name = symbol_find(caller - 1, &offset);
	char block[48] = "";
	char said[32] = "";

	if (report->size != 0)
		fmt_buffer(said, sizeof(said), " (%llu bytes)", (ull)report->size);
	if (report->actual_size != 0)
		fmt_buffer(block, sizeof(block), " [0x%llx, 0x%llx)", (ull)report->actual_start,
			   (ull)end);
	fmt_buffer(buf, size, "%s: refused to free 0x%llx%s for 0x%llx %s: %s%s", report->allocator,
		   (ull)report->address, said, (ull)caller, name != NULL ? name : "", report->what,
		   block);
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
	log_error("%s\n", sentence);
}
