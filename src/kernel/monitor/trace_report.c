/* SPDX-License-Identifier: MIT */
/* trace_report.c - the command `trace`. */
#include "kernel/command.h"
#include "kernel/memory/trace.h"
#include "kernel/text.h"
#include "kernel/trap/symbols.h"
#include "kernel/words.h"
#include "lib/compiler.h"
#include "lib/print.h"
#include "lib/string.h"

static void report_state(void)
{
	const struct trace *t = &kernel_trace;
	uint64_t written = 0;
	uint64_t overwritten = 0;

	for (unsigned hart = 0; hart < t->harts; hart++) {
		written += trace_written(t, hart);
		overwritten += trace_overwritten(t, hart);
	}
	acre_print("trace     %s; %llu events, of which %llu are overwritten\n",
		   trace_is_on() ? "on" : "off", (ull)written, (ull)overwritten);
	acre_print("          each of %u harts keeps %llu; the counter is the time CSR, "
		   "%llu ticks a second\n",
		   t->harts, (ull)t->events - 1, (ull)t->hz);
}

/* scripts/trace_format.py writes the same line. */
static void print_event(const struct trace_event *e)
{
	uint64_t offset = 0;
	const char *name = symbol_find(e->site - 1, &offset);

	acre_print("%12llu  hart %-3llu  %-15s  0x%010llx  %8llu B  by 0x%llx", (ull)e->counter,
		   (ull)trace_ring_of(&kernel_trace, e->hart)->id, trace_verb_name(e->verb),
		   (ull)e->address, (ull)e->size, (ull)e->site);
	if (name != NULL)
		acre_print(" %s+0x%llx", name, (ull)offset + 1);
	acre_print("\n");
}

static void report_last(uint64_t n)
{
	static uint64_t at[PLATFORM_MAX_HARTS];
	struct trace_walk walk;
	struct trace_event e;

	trace_walk_begin(&walk, &kernel_trace, at, n);
	while (command_more() && trace_walk_next(&walk, &e))
		print_event(&e);
}

static void run_trace(unsigned nwords, char *const *word)
{
	uint64_t n;

	if (kernel_trace.rings == 0) {
		acre_print("there is no trace: boot with the argument trace=on\n");
		return;
	}
	if (nwords == 0) {
		report_state();
	} else if (strcmp(word[0], "on") == 0 || strcmp(word[0], "off") == 0) {
		(void)trace_switch(word[0][1] == 'n');
		report_state();
	} else if (word_to_number(word[0], strlen(word[0]), &n)) {
		report_last(n);
	} else {
		acre_print("'%s' is neither on, off, nor how many events to show\n", word[0]);
	}
}

static const char *trace_word(size_t i)
{
	static const char *const word[] = { "on", "off" };

	return i < ARRAY_SIZE(word) ? word[i] : NULL;
}

COMMAND(trace) = {
	.name = "trace",
	.usage = "trace [on | off | N]",
	.help = "who took and freed memory: the last N events",
	.example = "trace 20",
	.candidate = trace_word,
	.max_words = 1,
	.run_words = run_trace,
};
