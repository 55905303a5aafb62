/* SPDX-License-Identifier: MIT */
/* bootargs.c - the kernel's own arguments, one table, and one loop over words. */
#include "kernel/bootargs.h"

#include "kernel/memory/trace_ring.h"
#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/string.h"

/* trace=on */
#define TRACE_EVENTS 4096u

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

/* ADDRESS,SIZE. Some loaders say it here and not by properties of /chosen. */
static const char *set_initrd(void *into, const char *value, size_t len)
{
	struct bootargs *args = into;
	uint64_t start, size;
	size_t comma = 0;

	while (value != NULL && comma < len && value[comma] != ',')
		comma++;
	if (value == NULL || comma == len || !word_to_bytes(value, comma, &start) ||
	    !word_to_bytes(value + comma + 1, len - comma - 1, &size))
		return "must be an address and a number of bytes, like 0x84000000,16M";
	if (start > ACRE_PADDR_LIMIT || size > ACRE_PADDR_LIMIT - start)
		return "ends past the last physical address";
	args->initrd = (struct acre_range){ start, start + size };
	return NULL;
}

static const char *set_term(void *into, const char *value, size_t len)
{
	return terminal_read(&((struct bootargs *)into)->terminal, value, value != NULL ? len : 0);
}

static const char *set_trace(void *into, const char *value, size_t len)
{
	struct bootargs *args = into;
	uint64_t events = TRACE_EVENTS;

	if (value == NULL || (!word_is(value, len, "on") && !word_to_number(value, len, &events)) ||
	    !is_power_of_two(events) || events < TRACE_LEAST_EVENTS || events > TRACE_MOST_EVENTS)
		return "must be on, or how many events a hart keeps: a power of two from 2 to "
		       "16777216";
	args->trace_events = events;
	return NULL;
}

static const char *set_run(void *into, const char *value, size_t len)
{
	if (value == NULL || len == 0)
		return "must be a command, with commas for blanks";
	((struct bootargs *)into)->run = (struct word){ value, len };
	return NULL;
}

static const struct boot_argument kernel_argument[] = {
	{ "poweroff", "poweroff", "power off instead of a prompt", set_poweroff },
	{ "loglevel", "loglevel=error|warn|info|debug", "what is printed", set_loglevel },
	{ "badfree", "badfree=panic|report", "what a refused free leads to", set_badfree },
	{ "boothart", "boothart=ID", "start over on another hart", set_boothart },
	{ "mem", "mem=BYTES", "use the first BYTES of RAM only", set_mem },
	{ "frames", "frames=debug", "record who took or freed each frame", set_frames },
	{ "heap_max", "heap_max=BYTES", "of frames that the heap may take beside its arena",
	  set_heap_max },
	{ "heap_keep", "heap_keep=BYTES", "of free memory that the heap keeps", set_heap_keep },
	{ "initrd", "initrd=ADDRESS,BYTES", "where a loader has put the initrd", set_initrd },
	{ "initrdmem", "initrdmem=ADDRESS,BYTES", "as initrd=", set_initrd },
	{ "trace", "trace=on|EVENTS",
	  "keep who took and freed memory, the last EVENTS of each hart", set_trace },
	{ "semihosting", "semihosting", "a debugger listens for the exit code", set_semihosting },
	{ "run", "run=COMMAND", "run it before the prompt, commas for blanks, ; between two",
	  set_run },
	{ "term", "term=COLUMNSxROWS[,dumb] | none", "what the terminal can do", set_term },
};

/* The next word that is for the kernel: what comes after "--" is for others. */
static bool next_word(const char *text, size_t len, size_t *at, struct word *word)
{
	if (!word_next(text, len, at, word))
		return false;
	if (!word_is(word->text, word->len, "--"))
		return true;
	*at = len;
	return false;
}

/* A word as an argument: whose it is, if anyone's, and its value, NULL if it has none. */
struct parsed {
	const struct boot_argument *argument;
	void *into;
	const char *value;
	size_t value_len;
};

static bool find_argument(const struct boot_arguments *all, const char *name, size_t len,
			  struct parsed *parsed)
{
	for (unsigned i = 0; i < all->count; i++) {
		if (word_is(name, len, all->argument[i].name)) {
			parsed->argument = &all->argument[i];
			parsed->into = all->into;
			return true;
		}
	}
	return false;
}

/* Result: false if neither the kernel nor @more knows the word. */
static bool parse_word(struct bootargs *args, const struct boot_arguments *more,
		       const struct word *word, struct parsed *parsed)
{
	const struct boot_arguments own = { kernel_argument, ARRAY_SIZE(kernel_argument), args };
	size_t name_len = 0;

	while (name_len < word->len && word->text[name_len] != '=')
		name_len++;
	parsed->value = name_len < word->len ? word->text + name_len + 1 : NULL;
	parsed->value_len = parsed->value != NULL ? word->len - name_len - 1 : 0;
	return find_argument(&own, word->text, name_len, parsed) ||
	       find_argument(more, word->text, name_len, parsed);
}

void bootargs_parse(struct bootargs *args, const struct boot_arguments *more, const char *text,
		    size_t len, void (*complain)(const char *word, size_t len, const char *reason))
{
	struct word word;
	struct parsed parsed;

	memset(args, 0, sizeof(*args));
	args->loglevel = ACRE_LOG_INFO;
	args->heap_max = UINT64_MAX;
	for (size_t at = 0; next_word(text, len, &at, &word);) {
		if (!parse_word(args, more, &word, &parsed))
			continue;
		const char *reason =
			parsed.argument->set(parsed.into, parsed.value, parsed.value_len);
		if (reason != NULL)
			complain(word.text, word.len, reason);
	}
}

bool bootargs_next_unknown(const struct boot_arguments *more, const char *text, size_t len,
			   size_t *at, struct word *word)
{
	struct parsed parsed;

	while (next_word(text, len, at, word)) {
		if (!parse_word(NULL, more, word, &parsed))
			return true;
	}
	return false;
}

const struct boot_argument *bootargs_at(const struct boot_arguments *more, unsigned i)
{
	if (i < ARRAY_SIZE(kernel_argument))
		return &kernel_argument[i];
	i -= (unsigned)ARRAY_SIZE(kernel_argument);
	return i < more->count ? &more->argument[i] : NULL;
}

const char *bootargs_name(const struct boot_arguments *more, unsigned i)
{
	const struct boot_argument *argument = bootargs_at(more, i);

	return argument != NULL ? argument->name : NULL;
}

const struct boot_argument *bootargs_find(const struct boot_arguments *more, const char *name)
{
	const struct boot_argument *argument;

	for (unsigned i = 0; (argument = bootargs_at(more, i)) != NULL; i++) {
		if (strcmp(argument->name, name) == 0)
			return argument;
	}
	return NULL;
}
