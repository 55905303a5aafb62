/* SPDX-License-Identifier: MIT */
/*
 * monitor.c - the payload of a normal kernel: the self-tests if a boot argument asks for them, else a
 * prompt. Lines are untrusted and may be of any length; their words are on the heap while one runs.
 */
#include "kernel/hart/clock.h"
#include "kernel/hart/harts.h"
#include "kernel/kernel_sbi.h"
#include "kernel/machine.h"
#include "kernel/memory/kmalloc.h"
#include "kernel/memory/ledger.h"
#include "kernel/memory/why.h"
#include "kernel/monitor/locks.h"
#include "kernel/monitor/report.h"
#include "kernel/payload.h"
#include "kernel/text.h"
#include "kernel/trap/exit.h"
#include "kernel/words.h"
#include "lib/fmt.h"
#include "lib/print.h"
#include "lib/string.h"
#include "sbi/console.h"
#include "selftest/crash.h"
#include "selftest/selftest.h"
#include "selftest/stress.h"

#define LINE_SIZE 256u
#define MAX_WORDS 16u

/* Of the self-tests' random numbers, unless seed= says another. */
#define DEFAULT_SEED 1u

#define STRESS_OPERATIONS 1000000u

struct line {
	char text[LINE_SIZE];
	size_t len;
	bool too_long;
};

/* ---- commands ------------------------------------------------------------------------------- */

static uint64_t seed;

typedef void (*command_fn)(unsigned argc, char **argv);

static void do_help(unsigned argc, char **argv);

static void do_mem(unsigned argc, char **argv)
{
	(void)argc;
	(void)argv;
	report_memory();
}

static void do_why(unsigned argc, char **argv)
{
	char sentence[WHY_LEN];
	uint64_t address;

	if (argc < 2)
		acre_print("which address? usage: why ADDRESS\n");
	else if (!word_to_number(argv[1], strlen(argv[1]), &address))
		acre_print("'%s' is no address: decimal, or hexadecimal after 0x, of at most 64 "
			   "bits\n",
			   argv[1]);
	else
		acre_print("%s\n", why_str(sentence, address));
}

static void do_frames(unsigned argc, char **argv)
{
	(void)argc;
	(void)argv;
	report_frames();
}

static void do_heap(unsigned argc, char **argv)
{
	(void)argc;
	(void)argv;
	report_heap();
}

static void do_harts(unsigned argc, char **argv)
{
	(void)argc;
	(void)argv;
	report_machine();
	report_harts();
}

static void do_locks(unsigned argc, char **argv)
{
	(void)argc;
	(void)argv;
	report_locks();
}

/* Whatever the cases did, the books are as right as before. */
static void run_tests(const char *glob)
{
	if (selftest_run(glob, seed) != 0)
		exit_note_failure();
	ledger_check_or_panic();
}

static void do_test(unsigned argc, char **argv)
{
	const char *glob = argc > 1 ? argv[1] : NULL;

	if (glob != NULL && strcmp(glob, "--list") == 0) {
		selftest_list();
		return;
	}
	run_tests(glob);
}

/* A line of the report; acre_print() has none of its own. */
static void print_line(const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	fmt_vbuffer(text, sizeof(text), format, args);
	va_end(args);
	acre_print("%s\n", text);
}

static void do_stress(unsigned argc, char **argv)
{
	uint64_t number[2] = { STRESS_OPERATIONS, seed };

	for (unsigned i = 1; i < argc; i++) {
		if (!word_to_number(argv[i], strlen(argv[i]), &number[i - 1])) {
			acre_print("'%s' is no number; usage: stress [OPERATIONS] [SEED]\n",
				   argv[i]);
			return;
		}
	}
	if (number[0] > STRESS_MAX_OPERATIONS) {
		acre_print("'%s' is too many: at most %llu operations\n", argv[1],
			   (unsigned long long)STRESS_MAX_OPERATIONS);
		return;
	}
	if (!stress_machine(number[0], number[1], NULL, print_line))
		exit_note_failure();
	ledger_check_or_panic();
}

static void do_poweroff(unsigned argc, char **argv)
{
	(void)argc;
	(void)argv;
	machine_exit(exit_verdict_so_far());
}

static void do_reboot(unsigned argc, char **argv)
{
	(void)argc;
	(void)argv;
	machine_reboot();
}

static void do_crash(unsigned argc, char **argv)
{
	crash_on_purpose(argc > 1 ? argv[1] : "");
}

static const struct {
	const char *name;
	const char *usage;
	const char *help; /* NULL: not listed */
	unsigned max_words;
	command_fn run;
} command[] = {
	{ "help", "help", "this list", 1, do_help },
	{ "mem", "mem", "every region of memory and who owns it", 1, do_mem },
	{ "why", "why ADDRESS", "whose is the byte there, and why", 2, do_why },
	{ "frames", "frames", "the frame pool", 1, do_frames },
	{ "heap", "heap", "the kernel heap", 1, do_heap },
	{ "harts", "harts", "firmware, machine and harts", 1, do_harts },
	{ "locks", "locks", "what each lock has seen, and who holds it", 1, do_locks },
	{ "test", "test [GLOB | --list]", "run the self-tests whose suite.name matches", 2,
	  do_test },
	{ "stress", "stress [OPERATIONS] [SEED]", "all harts use both allocators at once", 3,
	  do_stress },
	{ "crash", "crash [WAY]", NULL, 2, do_crash },
	{ "poweroff", "poweroff", "switch the machine off; fails if a self-test failed", 1,
	  do_poweroff },
	{ "reboot", "reboot", "start the machine over", 1, do_reboot },
};

static void do_help(unsigned argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (unsigned i = 0; i < ARRAY_SIZE(command); i++) {
		if (command[i].help != NULL)
			acre_print("  %-28s %s\n", command[i].usage, command[i].help);
	}
}

static void run_command(unsigned argc, char **argv)
{
	for (unsigned i = 0; i < ARRAY_SIZE(command); i++) {
		if (strcmp(argv[0], command[i].name) != 0)
			continue;
		if (argc > command[i].max_words)
			acre_print("too many words; usage: %s\n", command[i].usage);
		else
			command[i].run(argc, argv);
		return;
	}
	acre_print("unknown command '%s'; try 'help'\n", argv[0]);
}

/* ---- lines ---------------------------------------------------------------------------------- */

static void run_line(const struct line *line)
{
	char *argv[MAX_WORDS];
	unsigned argc = 0;
	size_t at = 0;
	struct word word;

	while (argc < MAX_WORDS && word_next(line->text, line->len, &at, &word)) {
		argv[argc] = kmalloc_or_panic(word.len + 1);
		memcpy(argv[argc], word.text, word.len);
		argv[argc++][word.len] = '\0';
	}
	if (argc != 0)
		run_command(argc, argv);
	while (argc != 0)
		kfree(argv[--argc]);
}

static char wait_for_byte(void)
{
	for (;;) {
		int c = sbi_console_getc(&kernel_sbi);
		if (c >= 0)
			return (char)c;
		/* Nothing else to do: one frame a turn, so that a byte does not wait. */
		(void)frame_prezero(&machine.frames, 1);
		clock_nap(1);
	}
}

static void erase(struct line *line, size_t count)
{
	for (; count != 0 && line->len != 0; count--, line->len--)
		acre_print("\b \b");
}

/* Until CR or LF. Backspace, Ctrl-U and Ctrl-C edit; what does not fit is swallowed. */
static void read_line(struct line *line)
{
	line->len = 0;
	line->too_long = false;
	for (;;) {
		char c = wait_for_byte();
		if (c == '\r' || c == '\n') {
			acre_print("\n");
			return;
		}
		if (c == '\b' || c == 127) {
			erase(line, 1);
		} else if (c == 'U' - '@') {
			erase(line, line->len);
		} else if (c == 'C' - '@') {
			line->len = 0;
			line->too_long = false;
			acre_print("^C\n");
			return;
		} else if (c >= ' ' && c <= '~') {
			if (line->len == sizeof(line->text)) {
				line->too_long = true;
				continue;
			}
			line->text[line->len++] = c;
			acre_print("%c", c);
		}
	}
}

static acre_noreturn void prompt(void)
{
	static struct line line;

	acre_print("\n'help' lists the commands.\n");
	for (;;) {
		acre_print("acre> ");
		read_line(&line);
		if (line.too_long)
			acre_print("a line has at most %u bytes: not run\n", LINE_SIZE);
		else
			run_line(&line);
		hart_check_guard(hart_self());
	}
}

acre_noreturn void payload_run(const struct bootargs *args)
{
	seed = args->has_seed ? args->seed : DEFAULT_SEED;
	if (args->test) {
		run_tests(args->test_glob[0] != '\0' ? args->test_glob : NULL);
	}
	if (args->poweroff)
		machine_exit(exit_verdict_so_far());
	prompt();
}
