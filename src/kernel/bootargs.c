/* SPDX-License-Identifier: MIT */
/* bootargs.c - one table of arguments, one loop over words. */
#include "kernel/bootargs.h"

#include "kernel/words.h"
#include "lib/compiler.h"
#include "lib/string.h"

/* Each takes the value (NULL if there is none) and returns NULL or the reason why it is refused. */
typedef const char *(*setter)(struct bootargs *args, const char *value, size_t len);

static const char *set_test(struct bootargs *args, const char *value, size_t len)
{
	if (value != NULL && len >= sizeof(args->test_glob))
		return "the pattern is too long";
	args->test = true;
	if (value != NULL) {
		memcpy(args->test_glob, value, len);
		args->test_glob[len] = '\0';
	}
	return NULL;
}

static const char *set_poweroff(struct bootargs *args, const char *value, size_t len)
{
	(void)len;
	args->poweroff = true;
	return value == NULL ? NULL : "takes no value";
}

static const char *set_semihosting(struct bootargs *args, const char *value, size_t len)
{
	(void)len;
	args->semihosting = true;
	return value == NULL ? NULL : "takes no value";
}

static const char *set_loglevel(struct bootargs *args, const char *value, size_t len)
{
	static const char *const level[] = { "error", "warn", "info", "debug" };

	for (unsigned i = 0; value != NULL && i < ARRAY_SIZE(level); i++) {
		if (word_is(value, len, level[i])) {
			args->loglevel = (enum log_level)i;
			return NULL;
		}
	}
	return "must be error, warn, info or debug";
}

static const char *set_badfree(struct bootargs *args, const char *value, size_t len)
{
	if (value != NULL && word_is(value, len, "report"))
		args->bad_free_reports = true;
	else if (value != NULL && word_is(value, len, "panic"))
		args->bad_free_reports = false;
	else
		return "must be panic or report";
	return NULL;
}

static const char *set_frames(struct bootargs *args, const char *value, size_t len)
{
	if (value == NULL || !word_is(value, len, "debug"))
		return "must be debug";
	args->frames_debug = true;
	return NULL;
}

static const char *set_boothart(struct bootargs *args, const char *value, size_t len)
{
	if (value == NULL || !word_to_number(value, len, &args->boothart))
		return "must be a hart id";
	args->has_boothart = true;
	return NULL;
}

static const char *set_seed(struct bootargs *args, const char *value, size_t len)
{
	if (value == NULL || !word_to_number(value, len, &args->seed))
		return "must be a number";
	args->has_seed = true;
	return NULL;
}

static const char *set_mem(struct bootargs *args, const char *value, size_t len)
{
	if (value == NULL || !word_to_bytes(value, len, &args->mem_limit))
		return "must be a number of bytes that fits in 64 bits, like 512M or 0x8000000";
	return args->mem_limit != 0 ? NULL : "no memory at all is too little";
}

/* 0 would be the same as no argument, and is more likely a mistake. */
static const char *set_rate(uint64_t *hz, const char *value, size_t len)
{
	if (value == NULL || !word_to_number(value, len, hz) || *hz == 0 || *hz > IRQ_STRESS_MAX_HZ)
		return "must be how often a second: 1 to 100000";
	return NULL;
}

_Static_assert(IRQ_STRESS_MAX_HZ == 100000, "set_rate() says so");

static const char *set_tick(struct bootargs *args, const char *value, size_t len)
{
	return set_rate(&args->irq_stress.tick_hz, value, len);
}

static const char *set_ipi(struct bootargs *args, const char *value, size_t len)
{
	return set_rate(&args->irq_stress.ipi_hz, value, len);
}

static const struct {
	const char *name;
	setter set;
} argument[] = {
	{ "test", set_test },         { "poweroff", set_poweroff },
	{ "loglevel", set_loglevel }, { "badfree", set_badfree },
	{ "boothart", set_boothart }, { "seed", set_seed },
	{ "mem", set_mem },           { "semihosting", set_semihosting },
	{ "frames", set_frames },     { "tick", set_tick },
	{ "ipi", set_ipi },
};

static const char *apply(struct bootargs *args, const char *word, size_t len)
{
	size_t name_len = 0;

	while (name_len < len && word[name_len] != '=')
		name_len++;
	const char *value = name_len < len ? word + name_len + 1 : NULL;
	size_t value_len = value != NULL ? len - name_len - 1 : 0;
	for (unsigned i = 0; i < ARRAY_SIZE(argument); i++) {
		if (word_is(word, name_len, argument[i].name))
			return argument[i].set(args, value, value_len);
	}
	return "unknown";
}

void bootargs_parse(struct bootargs *args, const char *text, size_t len,
		    void (*complain)(const char *word, size_t len, const char *reason))
{
	struct word word;

	memset(args, 0, sizeof(*args));
	args->loglevel = LOG_INFO;
	for (size_t at = 0; word_next(text, len, &at, &word);) {
		struct bootargs before = *args;
		const char *reason = apply(args, word.text, word.len);
		if (reason != NULL) {
			*args = before;
			complain(word.text, word.len, reason);
		}
	}
}
