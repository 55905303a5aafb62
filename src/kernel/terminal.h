/* SPDX-License-Identifier: MIT */
/* terminal.h - what the terminal of the console can do, as a person or a script says it. */
#ifndef ACRE_KERNEL_TERMINAL_H
#define ACRE_KERNEL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * All zero, as for a pipe or a terminal of which nothing is known: a line may have any length,
 * nothing waits for a key, and only printable bytes, backspace, CR and LF go out.
 */
struct terminal {
	unsigned columns; /* 0: any number */
	unsigned rows;    /* 0: any number */
	bool ansi;        /* it knows the escape sequences of ECMA-48 */
};

#define TERMINAL_MIN_COLUMNS 20u
#define TERMINAL_MIN_ROWS    4u
#define TERMINAL_MAX_SIZE    1000u

/*
 * terminal_read - "80x24", "80x24,dumb" or "none" in @text[0, @len): what the boot argument term=
 * and the command `term` take. Without `dumb` the terminal knows escape sequences.
 * Result: NULL; or what is wrong with it, and then *@terminal is as it was.
 */
const char *terminal_read(struct terminal *terminal, const char *text, size_t len);

#endif
