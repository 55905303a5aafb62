/* SPDX-License-Identifier: MIT */
/*
 * bad_free.c - platform_bad_free() of the seam: what happens after an allocator has refused a free.
 */
#include "kernel/bad_free.h"

#include "kernel/hart/harts.h"
#include "kernel/text.h"
#include "kernel/trap/symbols.h"
#include "lib/fmt.h"
#include "lib/panic.h"
#include "lib/print.h"

void (*bad_free_hook)(const struct platform_bad_free *report);

static bool bad_free_reports;

bool bad_free_set_reports(bool reports)
{
	bool before = bad_free_reports;

	bad_free_reports = reports;
	return before;
}

/* The function that made the call which returns to @caller. */
static const char *name_of(const void *caller)
{
	uint64_t offset;
	const char *name = symbol_find((uint64_t)caller - 1, &offset);

	return name != NULL ? name : "";
}

static unsigned long long hart_id(unsigned index)
{
	return index < harts_count() ? hart_at(index)->id : index;
}

void bad_free_sentence(char *buf, size_t size, const struct platform_bad_free *report)
{
	uint64_t caller = (uint64_t)report->caller;
	uint64_t end = report->actual_start + report->actual_size;
	const char *name = name_of(report->caller);
	char block[48] = "";
	char said[32] = "";
	char past[100] = "";

	if (report->past != NULL)
		fmt_buffer(past, sizeof(past), ", %s by 0x%llx %s on hart %llu", report->past,
			   (ull)(uint64_t)report->past_caller, name_of(report->past_caller),
			   hart_id(report->past_hart));
	if (report->size != 0)
		fmt_buffer(said, sizeof(said), " (%llu bytes)", (ull)report->size);
	if (report->actual_size != 0)
		fmt_buffer(block, sizeof(block), " [0x%llx, 0x%llx)", (ull)report->actual_start,
			   (ull)end);
	if (report->is_write) {
		fmt_buffer(buf, size, "%s: 0x%llx was %s%s%s; found for 0x%llx %s",
			   report->allocator, (ull)report->address, report->what, block, past,
			   (ull)caller, name);
		return;
	}
	fmt_buffer(buf, size, "%s: refused to free 0x%llx%s for 0x%llx %s: %s%s%s",
		   report->allocator, (ull)report->address, said, (ull)caller, name, report->what,
		   block, past);
}

void platform_bad_free(const struct platform_bad_free *report)
{
	char sentence[BAD_FREE_LEN];

	if (bad_free_hook != NULL) {
		bad_free_hook(report);
		return;
	}
	bad_free_sentence(sentence, sizeof(sentence), report);
	if (!bad_free_reports)
		acre_panic_from(report->caller, "%s", sentence);
	acre_log_error("%s\n", sentence);
}
