/* SPDX-License-Identifier: MIT */
/*
 * selftest.c - the payload of a normal kernel (TESTS=1): interrupts and self-tests if a boot
 * argument asks for them, then the prompt, which has the commands of this folder too.
 */
#include "selftest/selftest.h"

#include "kernel/command.h"
#include "kernel/memory/ledger.h"
#include "kernel/monitor/monitor.h"
#include "kernel/payload.h"
#include "kernel/trap/exit.h"
#include "lib/print.h"
#include "lib/string.h"
#include "selftest/background.h"
#include "selftest/irq_stress.h"
#include "selftest/selftest_args.h"

#define DEFAULT_SEED 1u

static struct selftest_args selftest_args;

const struct boot_arguments payload_arguments = { selftest_argument, SELFTEST_ARGUMENTS,
						  &selftest_args };

uint64_t selftest_seed(void)
{
	return selftest_args.has_seed ? selftest_args.seed : DEFAULT_SEED;
}

const struct irq_stress_rates *selftest_rates(void)
{
	return &selftest_args.rates;
}

/* Whatever the cases did, every byte has one owner, as before. */
static void run_cases(const char *glob)
{
	if (selftest_run(glob, selftest_seed()) != 0)
		exit_note_failure();
	ledger_check_or_panic();
}

static void run_test_command(unsigned nwords, char *const *word)
{
	const char *glob = nwords != 0 ? word[0] : NULL;

	if (glob != NULL && strcmp(glob, "--list") == 0)
		selftest_list();
	else if (background_runs())
		acre_print("a stress is running: not now\n");
	else
		run_cases(glob);
}

COMMAND(test) = {
	.name = "test",
	.usage = "test [GLOB | --list]",
	.help = "run the self-tests whose suite.name matches",
	.example = "test heap.*",
	.candidate = selftest_name,
	.max_words = 1,
	.run_words = run_test_command,
};

/* tick=HZ, ipi=HZ: interrupts that the kernel does not need, and that must not disturb it. */
static void start_irq_stress(const struct irq_stress_rates *rates)
{
	enum acre_status s = irq_stress_init();

	if (s == ACRE_OK && rates->tick_hz == 0 && rates->ipi_hz == 0)
		return;
	if (s == ACRE_OK)
		s = irq_stress_set(rates);
	if (s != ACRE_OK)
		acre_log_warn("no ticks: %s\n", acre_status_str(s));
	else
		acre_print("ticks     %llu a second on each hart, and %llu interrupts to others\n",
			   (unsigned long long)rates->tick_hz, (unsigned long long)rates->ipi_hz);
}

acre_noreturn void payload_run(const struct bootargs *args)
{
	start_irq_stress(selftest_rates());
	if (selftest_args.test)
		run_cases(selftest_args.test_glob[0] != '\0' ? selftest_args.test_glob : NULL);
	monitor_run_text(args->run);
	if (args->poweroff)
		machine_exit(exit_verdict_so_far());
	monitor_run();
}
