/* SPDX-License-Identifier: MIT */
#include "kernel/bootargs.h"

#include "lib/compiler.h"
#include "lib/string.h"
#include "selftest/selftest_args.h"
#include "tests/support/ktest.h"

static unsigned complaints;
static char last_word[32];

static void complain(const char *word, size_t len, const char *reason)
{
	complaints++;
	if (len >= sizeof(last_word))
		len = sizeof(last_word) - 1;
	memcpy(last_word, word, len);
	last_word[len] = '\0';
	EXPECT(reason != NULL && reason[0] != '\0');
}

/* The kernel's arguments, and those of a payload: of the one that has the self-tests. */
struct both {
	struct bootargs kernel;
	struct selftest_args payload;
};

/* The words that no one knows are complained of too, after the others. */
static void parse_text(struct bootargs *args, const struct boot_arguments *more, const char *text,
		       size_t len)
{
	struct word word;

	complaints = 0;
	bootargs_parse(args, more, text, len, complain);
	for (size_t at = 0; bootargs_next_unknown(more, text, len, &at, &word);)
		complain(word.text, word.len, "unknown");
}

static struct both parse_both(const char *text)
{
	struct both both;
	struct boot_arguments more = { selftest_argument, SELFTEST_ARGUMENTS, &both.payload };

	memset(&both, 0, sizeof(both));
	parse_text(&both.kernel, &more, text, strlen(text));
	return both;
}

static struct bootargs parse(const char *text)
{
	return parse_both(text).kernel;
}

static struct selftest_args parse_payload(const char *text)
{
	return parse_both(text).payload;
}

KTEST(bootargs, none_is_the_default)
{
	struct both both = parse_both("");
	struct bootargs args = both.kernel;

	EXPECT(!both.payload.test && !args.poweroff && !args.semihosting && !args.bad_free_reports);
	EXPECT(!args.has_boothart && !both.payload.has_seed);
	EXPECT_EQ(args.loglevel, ACRE_LOG_INFO);
	EXPECT_EQ(complaints, 0);
}

KTEST(bootargs, all_at_once)
{
	struct both both = parse_both(" test=frame.* poweroff\tloglevel=debug badfree=report "
				      "boothart=3 seed=0x10 semihosting frames=debug");
	struct bootargs args = both.kernel;

	EXPECT(both.payload.test && args.poweroff && args.semihosting && args.bad_free_reports);
	EXPECT_STR(both.payload.test_glob, "frame.*");
	EXPECT(args.has_boothart && both.payload.has_seed && args.frames_debug);
	EXPECT_EQ(args.boothart, 3);
	EXPECT_EQ(both.payload.seed, 16);
	EXPECT_EQ(args.loglevel, ACRE_LOG_DEBUG);
	EXPECT_EQ(complaints, 0);
}

KTEST(bootargs, the_last_of_a_name_counts)
{
	EXPECT_EQ(parse("loglevel=error loglevel=warn").loglevel, ACRE_LOG_WARN);
	EXPECT(!parse("badfree=report badfree=panic").bad_free_reports);
}

KTEST(bootargs, mem_takes_binary_suffixes)
{
	EXPECT_EQ(parse("").mem_limit, 0);
	EXPECT_EQ(parse("").heap_max, UINT64_MAX);
	EXPECT_EQ(parse("").heap_keep, 0);
	EXPECT_EQ(parse("heap_max=0 heap_keep=2M").heap_max, 0);
	EXPECT_EQ(parse("heap_max=0 heap_keep=2M").heap_keep, 2 << 20);
	EXPECT_EQ(parse("heap_max=1M heap_max=3M").heap_max, 3 << 20);
	EXPECT_EQ(parse("heap_keep=16777215T").heap_keep, (uint64_t)16777215 << 40);
	EXPECT_EQ(parse("mem=1").mem_limit, 1);
	EXPECT_EQ(parse("mem=64M").mem_limit, 64 << 20);
	EXPECT_EQ(parse("mem=64M mem=3k").mem_limit, 3 << 10);
	EXPECT_EQ(parse("mem=64M mem=none").mem_limit, 64 << 20);
	EXPECT_EQ(complaints, 1);
}

KTEST(bootargs, trace_is_on_or_a_power_of_two)
{
	static const char *const wrong[] = {
		"trace",      "trace=",         "trace=off", "trace=0",   "trace=1",
		"trace=4095", "trace=33554432", "trace=-4",  "trace=on4",
	};

	EXPECT_EQ(parse("").trace_events, 0);
	EXPECT_EQ(parse("trace=on").trace_events, 4096);
	EXPECT_EQ(parse("trace=2").trace_events, 2);
	EXPECT_EQ(parse("trace=0x1000000").trace_events, 1 << 24);
	EXPECT_EQ(complaints, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(parse(wrong[i]).trace_events, 0);
		EXPECT_EQ(complaints, 1);
	}
}

KTEST(bootargs, initrd_is_an_address_and_a_size)
{
	static const char *const wrong[] = {
		"initrd",
		"initrd=",
		"initrd=,",
		"initrd=0x84000000",
		"initrd=0x84000000,",
		"initrd=,16M",
		"initrd=0x84000000,16M,",
		"initrd=0x84000000,16MB",
		"initrd=/boot/initrd.img",
		"initrdmem=0x84000000+16M",
		"initrd=0x100000000000000,1",
		"initrd=0x1,0x100000000000000",
		"initrd=1,0xffffffffffffffff",
	};

	EXPECT(acre_range_is_empty(parse("").initrd));
	EXPECT_EQ(parse("initrd=0x84000000,16M").initrd.start, 0x84000000);
	EXPECT_EQ(parse("initrd=0x84000000,16M").initrd.end, 0x85000000);
	EXPECT_EQ(parse("initrdmem=2G,1").initrd.end, 0x80000001);
	EXPECT_EQ(parse("initrd=1M,1 initrdmem=2M,4").initrd.end, 0x200004);
	EXPECT(acre_range_is_empty(parse("initrd=0x84000000,0").initrd));
	EXPECT_EQ(parse("initrd=0,0x100000000000000").initrd.end, ACRE_PADDR_LIMIT);
	EXPECT_EQ(complaints, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT(acre_range_is_empty(parse(wrong[i]).initrd));
		EXPECT_EQ(complaints, 1);
	}
}

KTEST(bootargs, test_without_a_pattern_is_all)
{
	struct selftest_args args = parse_payload("test");

	EXPECT(args.test);
	EXPECT_STR(args.test_glob, "");
}

KTEST(bootargs, what_makes_no_sense_is_reported_and_has_no_effect)
{
	static const char *const wrong[] = {
		"nonsense",
		"tests",
		"tes",
		"=",
		"=1",
		"poweroff=yes",
		"loglevel",
		"loglevel=",
		"loglevel=5",
		"badfree",
		"badfree=maybe",
		"boothart",
		"boothart=",
		"boothart=-1",
		"boothart=0x",
		"seed=1e3",
		"semihosting=",
		"poweroff=",
		"mem",
		"mem=",
		"heap_max",
		"heap_keep=",
		"heap_max=-1",
		"heap_keep=8M8",
		"heap_max=0x",
		"heap_max=16777216T",
		"heap_keep=99999999999999999999",
		"mem=0",
		"mem=0G",
		"mem=12X",
		"mem=M",
		"mem=16777216T",
		"mem=-1",
		"mem=0x",
		"mem=1MM",
		"frames",
		"frames=",
		"frames=debugs",
	};
	struct both normal = parse_both("");

	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct both args = parse_both(wrong[i]);
		EXPECT_EQ(complaints, 1);
		EXPECT_STR(last_word, wrong[i]);
		EXPECT_EQ(memcmp(&args, &normal, sizeof(args)), 0);
	}
}

KTEST(bootargs, a_pattern_that_does_not_fit_is_refused)
{
	char text[5 + SELFTEST_GLOB_SIZE + 1];

	memset(text, 'x', sizeof(text));
	memcpy(text, "test=", 5);
	text[sizeof(text) - 1] = '\0';
	EXPECT(!parse_payload(text).test);
	EXPECT_EQ(complaints, 1);
	text[sizeof(text) - 2] = '\0'; /* one less does */
	EXPECT(parse_payload(text).test);
	EXPECT_EQ(complaints, 0);
}

KTEST(bootargs, text_need_not_be_terminated)
{
	const struct boot_arguments none = { .count = 0 };
	struct bootargs args;

	parse_text(&args, &none, "poweroffX", 8);
	EXPECT(args.poweroff);
	EXPECT_EQ(complaints, 0);
}

KTEST(bootargs, rates_of_interrupts_are_numbers_within_bounds)
{
	struct selftest_args args = parse_payload("tick=1000 ipi=0x10");

	EXPECT_EQ(args.rates.tick_hz, 1000);
	EXPECT_EQ(args.rates.ipi_hz, 16);
	EXPECT_EQ(complaints, 0);
	args = parse_payload("tick=1 ipi=100000");
	EXPECT_EQ(args.rates.tick_hz, 1);
	EXPECT_EQ(args.rates.ipi_hz, 100000);
	EXPECT_EQ(complaints, 0);
	args = parse_payload("tick tick= tick=0 tick=fast tick=100001 ipi ipi=0 ipi=-1 ipi=1k");
	EXPECT_EQ(args.rates.tick_hz, 0);
	EXPECT_EQ(args.rates.ipi_hz, 0);
	EXPECT_EQ(complaints, 9);
}

/* In a kernel whose payload has none of its own. */
KTEST(bootargs, what_no_payload_asks_for_is_unknown)
{
	static const char text[] = "test tick=100 poweroff seed=1 ipi=1";
	const struct boot_arguments none = { .count = 0 };
	struct bootargs args;

	parse_text(&args, &none, text, sizeof(text) - 1);
	EXPECT(args.poweroff);
	EXPECT_EQ(complaints, 4);
	EXPECT_STR(last_word, "ipi=1");
}

KTEST(bootargs, what_comes_after_two_dashes_is_for_others)
{
	struct both both = parse_both("seed=3 --quiet ---- -- seed=4 poweroff nonsense mem=0 --");

	EXPECT_EQ(both.payload.seed, 3);
	EXPECT(!both.kernel.poweroff);
	EXPECT_EQ(complaints, 2); /* of those that only begin so */
	EXPECT_STR(last_word, "----");
	EXPECT(!parse("-- poweroff").poweroff);
	EXPECT_EQ(complaints, 0);
	EXPECT(parse("poweroff --").poweroff);
	EXPECT_EQ(complaints, 0);
}

KTEST(bootargs, a_number_is_set_only_if_it_is_one)
{
	uint64_t number = 7;

	EXPECT(bootargs_set_number(&number, NULL, 0) != NULL);
	EXPECT(bootargs_set_number(&number, "7x", 2) != NULL);
	EXPECT(bootargs_set_number(&number, "18446744073709551616", 20) != NULL);
	EXPECT_EQ(number, 7);
	EXPECT(bootargs_set_number(&number, "0x20", 4) == NULL);
	EXPECT_EQ(number, 32);
}

KTEST(bootargs, the_terminal_is_set_or_nothing_is)
{
	struct bootargs args = parse("term=80x24");

	EXPECT(args.terminal.columns == 80 && args.terminal.rows == 24 && args.terminal.ansi);
	EXPECT_EQ(complaints, 0);
	EXPECT_EQ(parse("term=80x24 term=9x9").terminal.columns, 80);
	EXPECT_EQ(complaints, 1);
	EXPECT_EQ(parse("term").terminal.columns, 0);
	EXPECT_EQ(complaints, 1);
	EXPECT_EQ(parse("").terminal.columns, 0);
}

KTEST(bootargs, each_argument_is_explained_once)
{
	const struct boot_arguments more = { selftest_argument, SELFTEST_ARGUMENTS, NULL };
	const struct boot_argument *argument;
	unsigned n = 0;

	for (; (argument = bootargs_at(&more, n)) != NULL; n++) {
		EXPECT(bootargs_find(&more, argument->name) == argument);
		EXPECT(strncmp(argument->usage, argument->name, strlen(argument->name)) == 0);
		EXPECT(argument->help[0] != '\0');
		EXPECT(bootargs_name(&more, n) == argument->name);
	}
	EXPECT(n > SELFTEST_ARGUMENTS);
	EXPECT(bootargs_name(&more, n) == NULL);
	EXPECT(bootargs_find(&more, "") == NULL && bootargs_find(&more, "me") == NULL);
}
