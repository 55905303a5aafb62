/* SPDX-License-Identifier: MIT */
/*
 * main.c - the kernel's life, top to bottom. Everything is zero when we come in, except the record
 * of this hart, which entry.S has filled in. Each line below may use what the lines above it have
 * set up.
 */

#include "boot/boot_abi.h"
#include "kernel/bad_free.h"
#include "kernel/bootargs.h"
#include "kernel/command.h"
#include "kernel/hart/clock.h"
#include "kernel/hart/hart_life.h"
#include "kernel/hart/hart_slot.h"
#include "kernel/hart/harts.h"
#include "kernel/kernel_sbi.h"
#include "kernel/machine.h"
#include "kernel/memory/heap_frames.h"
#include "kernel/memory/kernel_heap.h"
#include "kernel/memory/ledger.h"
#include "kernel/memory/trace.h"
#include "kernel/monitor/frames_report.h"
#include "kernel/monitor/heap_report.h"
#include "kernel/monitor/report.h"
#include "kernel/payload.h"
#include "kernel/text.h"
#include "kernel/trap/exit.h"
#include "kernel/trap/panic_report.h"
#include "kernel/tty.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"

acre_noreturn void kernel_main(uint64_t hart_id, const void *dtb, uint64_t entry_ticks,
			       uint64_t entry_instructions);

static void complain_of_word(const char *word, size_t len, const char *reason)
{
	char text[TEXT_SHORT_SIZE];

	acre_log_warn("boot argument '%s': %s\n", text_short(text, word, len), reason);
}

/* In one line: a command line that was written for another kernel has many. */
static void list_unknown_words(void)
{
	char text[TEXT_SHORT_SIZE];
	struct word word;
	bool any = false;

	for (size_t at = 0; bootargs_next_unknown(&payload_arguments, machine.bootargs,
						  strlen(machine.bootargs), &at, &word);) {
		if (!any)
			acre_log_warn("unknown boot arguments:");
		acre_print(" %s", text_short(text, word.text, word.len));
		any = true;
	}
	if (any)
		acre_print("\n");
}

/*
 * boothart=N: begin again on hart N, if this is another one. Nothing is kept: that hart clears BSS
 * and goes through all of this itself.
 */
static void hand_over_to_boothart(const struct bootargs *args)
{
	if (!args->has_boothart || args->boothart == machine.boot_hart_id)
		return;
	/* Some firmware claims to start a hart that is disabled, and then no hart would run. */
	if (!harts_enabled_in_tree(&machine.fdt, args->boothart)) {
		acre_log_warn("boothart=%llu: the device tree has no such hart enabled; "
			      "staying on hart %llu\n",
			      (unsigned long long)args->boothart,
			      (unsigned long long)machine.boot_hart_id);
		return;
	}
	acre_print("starting over on hart %llu\n", (unsigned long long)args->boothart);
	long error = boot_handover(args->boothart, machine.dtb);
	acre_log_warn("boothart=%llu: %s; staying on hart %llu\n",
		      (unsigned long long)args->boothart, sbi_error_str(error),
		      (unsigned long long)machine.boot_hart_id);
}

static void apply_bootargs(struct bootargs *args)
{
	bootargs_parse(args, &payload_arguments, machine.bootargs, strlen(machine.bootargs),
		       complain_of_word);
	list_unknown_words();
	acre_log_set_level(args->loglevel);
	(void)bad_free_set_reports(args->bad_free_reports);
	tty_terminal = args->terminal;
	command_explain_arguments(&payload_arguments);
	if (args->semihosting)
		exit_allow_semihosting();
}

/* Each hart takes objects of the heap from a stock of its own, in its record. */
static const struct hart_slot_type object_stock_type = {
	.name = "stock of objects",
	.size = sizeof(struct slab_stock),
	.align = _Alignof(struct slab_stock),
	.init = heap_stock_init,
	.leave = heap_stock_leave,
	.context = &kernel_heap,
};

static void init_heap(const struct bootargs *args)
{
	struct hart_slots stocks;

	kernel_heap_init(); /* its arena is in BSS */
	if (hart_slot_register(&object_stock_type, &stocks) != ACRE_OK)
		acre_panic("the records of harts have no room for their stocks of objects");
	heap_use_stocks(&kernel_heap, &stocks);
	kernel_heap_grows(args->heap_max, args->heap_keep);
}

static void init_trace(uint64_t events)
{
	trace_start(&machine.frames, harts_count(), events, clock_ticks_per_second());
	for (unsigned i = 0; i < harts_count(); i++)
		trace_name_hart(i, hart_at(i)->id);
}

acre_noreturn void kernel_main(uint64_t hart_id, const void *dtb, uint64_t entry_ticks,
			       uint64_t entry_instructions)
{
	struct bootargs args;

	harts_init_boot();
	acre_print_init();
	sbi_probe(&kernel_sbi);          /* a console, if the firmware has one */
	machine_read_tree(dtb, hart_id); /* checks the blob once */
	exit_init(&machine.fdt);         /* from here on a panic has an exit code */
	clock_init(machine.timebase_hz, entry_ticks, entry_instructions);
	apply_bootargs(&args);
	hand_over_to_boothart(&args); /* may not return */
	panic_address_hook = ledger_say;
	machine_map_memory(args.mem_limit, args.initrd); /* regions, to the byte */
	ledger_say_conflicts();                          /* who claims what another has */
	ledger_say_image();
	machine_init_frames(args.frames_debug); /* takes its tables from them */
	ledger_check_or_panic();                /* every byte has one owner */
	init_heap(&args);                       /* blocks of any size */
	machine_adopt_names();
	harts_init(&machine.fdt); /* stacks and records from frames */
	init_trace(args.trace_events);
	machine.harts_online = harts_roll_call();
	report_machine();
	report_memory();
	report_frames();
	report_heap();
	report_ready();
	ledger_say_image(); /* once more: the first line is far up by now */
	payload_run(&args);
}
