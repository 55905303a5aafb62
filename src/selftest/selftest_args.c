/* SPDX-License-Identifier: MIT */
/* selftest_args.c - see selftest_args.h. */
#include "selftest/selftest_args.h"

#include "kernel/words.h"
#include "lib/string.h"

static const char *set_test(void *into, const char *value, size_t len)
{
	struct selftest_args *args = into;

	if (value != NULL && len >= sizeof(args->test_glob))
		return "the pattern is too long";
	args->test = true;
	if (value != NULL) {
		memcpy(args->test_glob, value, len);
		args->test_glob[len] = '\0';
	}
	return NULL;
}

static const char *set_seed(void *into, const char *value, size_t len)
{
	struct selftest_args *args = into;
	const char *wrong = bootargs_set_number(&args->seed, value, len);

	args->has_seed = args->has_seed || wrong == NULL;
	return wrong;
}

/* 0 would be the same as no argument, and is more likely a mistake. */
static const char *set_rate(uint64_t *hz, const char *value, size_t len)
{
	uint64_t number;

	if (value == NULL || !word_to_number(value, len, &number) || number == 0 ||
	    number > IRQ_STRESS_MAX_HZ)
		return "must be how often a second: 1 to 100000";
	*hz = number;
	return NULL;
}

_Static_assert(IRQ_STRESS_MAX_HZ == 100000, "set_rate() says so");

static const char *set_tick(void *into, const char *value, size_t len)
{
	struct selftest_args *args = into;

	return set_rate(&args->rates.tick_hz, value, len);
}

static const char *set_ipi(void *into, const char *value, size_t len)
{
	struct selftest_args *args = into;

	return set_rate(&args->rates.ipi_hz, value, len);
}

const struct boot_argument selftest_argument[SELFTEST_ARGUMENTS] = {
	{ "test", "test | test=GLOB", "run the self-tests, or some", set_test },
	{ "seed", "seed=N", "for self-tests that draw random numbers", set_seed },
	{ "tick", "tick=HZ", "timer interrupts that test the kernel", set_tick },
	{ "ipi", "ipi=HZ", "interrupts of other harts that test the kernel", set_ipi },
};
