/* SPDX-License-Identifier: MIT */
/* bootargs.c - the kernel's own arguments, one table, and one loop over words. */
#include "kernel/bootargs.h"

#include "kernel/words.h"
#include "lib/compiler.h"
#include "lib/string.h"

const char *bootargs_set_number(void *into, const char *value, size_t len)
{
	return value != NULL && word_to_number(value, len, into) ? NULL : "must be a number";
}

/* One without a value. */
static const char *set_flag(bool *flag, const char *value)
{
	if (value != NULL)
		return "takes no value";
	*flag = true;
	return NULL;
}

static const char *set_poweroff(void *into, const char *value, size_t len)
{
	struct bootargs *args = into;

	(void)len;
	return set_flag(&args->poweroff, value);
}

static const char *set_semihosting(void *into, const char *value, size_t len)
{
	struct bootargs *args = into;

	(void)len;
	return set_flag(&args->semihosting, value);
}

static const char *set_loglevel(void *into, const char *value, size_t len)
{
	static const char *const level[] = { "error", "warn", "info", "debug" };
	struct bootargs *args = into;

	for (unsigned i = 0; value != NULL && i < ARRAY_SIZE(level); i++) {
		if (word_is(value, len, level[i])) {
			args->loglevel = (enum acre_log_level)i;
			return NULL;
		}
	}
	return "must be error, warn, info or debug";
}

static const char *set_badfree(void *into, const char *value, size_t len)
{
	struct bootargs *args = into;

	if (value != NULL && word_is(value, len, "report"))
		args->bad_free_reports = true;
	else if (value != NULL && word_is(value, len, "panic"))
		args->bad_free_reports = false;
	else
		return "must be panic or report";
	return NULL;
}

static const char *set_frames(void *into, const char *value, size_t len)
{
	struct bootargs *args = into;

	if (value == NULL || !word_is(value, len, "debug"))
		return "must be debug";
	args->frames_debug = true;
	return NULL;
}

static const char *set_boothart(void *into, const char *value, size_t len)
{
	struct bootargs *args = into;

	if (value == NULL || !word_to_number(value, len, &args->boothart))
		return "must be a hart id";
	args->has_boothart = true;
	return NULL;
}

static const char *set_byte_count(uint64_t *bytes, const char *value, size_t len)
{
	if (value == NULL || !word_to_bytes(value, len, bytes))
		return "must be a number of bytes that fits in 64 bits, like 512M or 0x8000000";
	return NULL;
}

static const char *set_heap_max(void *into, const char *value, size_t len)
{
	return set_byte_count(&((struct bootargs *)into)->heap_max, value, len);
}

static const char *set_heap_keep(void *into, const char *value, size_t len)
{
	return set_byte_count(&((struct bootargs *)into)->heap_keep, value, len);
}

static const char *set_mem(void *into, const char *value, size_t len)
{
	struct bootargs *args = into;
	uint64_t limit;
	const char *reason = set_byte_count(&limit, value, len);

	if (reason != NULL)
		return reason;
	if (limit == 0)
		return "no memory at all is too little";
	args->mem_limit = limit;
	return NULL;
}

static const struct boot_argument kernel_argument[] = {
	{ "poweroff", set_poweroff },   { "semihosting", set_semihosting },
	{ "loglevel", set_loglevel },   { "badfree", set_badfree },
	{ "boothart", set_boothart },   { "mem", set_mem },
	{ "frames", set_frames },       { "heap_max", set_heap_max },
	{ "heap_keep", set_heap_keep },
};

static const struct boot_argument *find_argument(const struct boot_arguments *all, const char *name,
						 size_t len)
{
	for (unsigned i = 0; i < all->count; i++) {
		if (word_is(name, len, all->argument[i].name))
			return &all->argument[i];
	}
	return NULL;
}

/* Result: NULL, or why the word has no effect. */
static const char *apply_word(const struct boot_arguments *group, unsigned ngroups,
			      const struct word *word)
{
	size_t name_len = 0;

	while (name_len < word->len && word->text[name_len] != '=')
		name_len++;
	const char *value = name_len < word->len ? word->text + name_len + 1 : NULL;
	size_t value_len = value != NULL ? word->len - name_len - 1 : 0;
	for (unsigned i = 0; i < ngroups; i++) {
		const struct boot_argument *found = find_argument(&group[i], word->text, name_len);
		if (found != NULL)
			return found->set(group[i].into, value, value_len);
	}
	return "unknown";
}

void bootargs_parse(struct bootargs *args, const struct boot_arguments *more, const char *text,
		    size_t len, void (*complain)(const char *word, size_t len, const char *reason))
{
	struct word word;

	memset(args, 0, sizeof(*args));
	args->loglevel = ACRE_LOG_INFO;
	args->heap_max = UINT64_MAX;
	const struct boot_arguments group[] = {
		{ kernel_argument, ARRAY_SIZE(kernel_argument), args },
		*more,
	};
	for (size_t at = 0; word_next(text, len, &at, &word);) {
		const char *reason = apply_word(group, ARRAY_SIZE(group), &word);
		if (reason != NULL)
			complain(word.text, word.len, reason);
	}
}
