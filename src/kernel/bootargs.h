/* SPDX-License-Identifier: MIT */
/*
 * bootargs.h - the kernel's command line, /chosen/bootargs: words separated by blanks, `name` or
 * `name=value`. docs/design.md has the table of them.
 */
#ifndef ACRE_KERNEL_BOOTARGS_H
#define ACRE_KERNEL_BOOTARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/print.h"
#include "selftest/irq_stress.h"

#define BOOTARGS_GLOB_SIZE 64

struct bootargs {
	bool test;                          /* run the self-tests */
	char test_glob[BOOTARGS_GLOB_SIZE]; /* those that match, "" for all */
	bool poweroff;                      /* and power off instead of a prompt */
	bool semihosting;                   /* a semihosting debugger listens */
	bool bad_free_reports;              /* badfree=report: a refused free does not panic */
	bool frames_debug;                  /* frames=debug: the debug tier of mm/frame/frame.h */
	bool has_boothart;
	uint64_t boothart; /* start over on this hart */
	bool has_seed;
	uint64_t mem_limit;                 /* mem=: use the first so many bytes of RAM; 0: all */
	struct irq_stress_rates irq_stress; /* tick=, ipi= */
	uint64_t seed;                      /* of the self-tests' random numbers */
	enum log_level loglevel;
};

/*
 * bootargs_parse - read @text of @len bytes (untrusted, need not be terminated) into *@args. Each word that
 * is unknown, or whose value makes no sense, is passed to complain() with the reason, and has no effect.
 */
void bootargs_parse(struct bootargs *args, const char *text, size_t len,
		    void (*complain)(const char *word, size_t len, const char *reason));

#endif
