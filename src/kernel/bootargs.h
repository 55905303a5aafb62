/* SPDX-License-Identifier: MIT */
/*
 * bootargs.h - the kernel's command line, /chosen/bootargs: words separated by blanks, `name` or
 * `name=value`. README.md has the table of them. The payload may add arguments of its own
 * (payload.h). As with Linux, the word `--` ends what is for the kernel.
 */
#ifndef ACRE_KERNEL_BOOTARGS_H
#define ACRE_KERNEL_BOOTARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/terminal.h"
#include "kernel/words.h"
#include "lib/print.h"
#include "mm/types.h"

/* What the kernel itself wants to know. */
struct bootargs {
	bool poweroff;         /* power off instead of a prompt */
	bool semihosting;      /* a semihosting debugger listens */
	bool bad_free_reports; /* badfree=report: a refused free does not panic */
	bool frames_debug;     /* frames=debug: debug mode of mm/frame/frame.h */
	bool has_boothart;
	uint64_t boothart;        /* start over on this hart */
	uint64_t mem_limit;       /* mem=: use the first so many bytes of RAM; 0: all */
	struct acre_range initrd; /* initrd=, initrdmem=: where a loader has put it; or empty */
	uint64_t heap_max;        /* heap_max=: bytes of frames that the heap may take */
	uint64_t heap_keep;       /* heap_keep=: free bytes that it does not give back */
	uint64_t trace_events;    /* trace=: events that each hart keeps; 0: none */
	struct terminal terminal; /* term= */
	struct word run;          /* run=: inside of the text that was parsed; empty: none */
	enum acre_log_level loglevel;
};

/*
 * An argument: set() gets the value (NULL if the word has none) and writes what it means to *@into.
 * Result: NULL; or why the value is refused, and then nothing was written.
 */
struct boot_argument {
	const char *name;
	const char *usage; /* with its value */
	const char *help;
	const char *(*set)(void *into, const char *value, size_t len);
};

/* The arguments of one part of the kernel, and where it wants to have what they mean. */
struct boot_arguments {
	const struct boot_argument *argument;
	unsigned count;
	void *into;
};

/* bootargs_set_number - a set() for any number: @into is a uint64_t. */
const char *bootargs_set_number(void *into, const char *value, size_t len);

/*
 * bootargs_parse - read @text of @len bytes (untrusted, need not be terminated) into *@args, and
 * the words that are of @more to where these want them. Each word whose value makes no sense is
 * passed to complain() with the reason, and has no effect.
 */
void bootargs_parse(struct bootargs *args, const struct boot_arguments *more, const char *text,
		    size_t len, void (*complain)(const char *word, size_t len, const char *reason));

/*
 * bootargs_next_unknown - the next word of @text[0, @len) at or after *@at that neither the kernel
 * nor @more knows; *@at moves past it. Result: false when there is none.
 */
bool bootargs_next_unknown(const struct boot_arguments *more, const char *text, size_t len,
			   size_t *at, struct word *word);

/*
 * bootargs_at - the @i-th argument, the kernel's before those of @more; NULL past the last.
 * bootargs_name - its name. bootargs_find - the one called @name, or NULL.
 */
const struct boot_argument *bootargs_at(const struct boot_arguments *more, unsigned i);
const char *bootargs_name(const struct boot_arguments *more, unsigned i);
const struct boot_argument *bootargs_find(const struct boot_arguments *more, const char *name);

#endif
