/* SPDX-License-Identifier: MIT */
/*
 * tty.h - the console as the person at it has it: what was typed, what the terminal can do, and
 * whether Ctrl-C has asked a command to stop. Only the hart that has the prompt calls these.
 */
#ifndef ACRE_KERNEL_TTY_H
#define ACRE_KERNEL_TTY_H

#include <stdbool.h>

#include "kernel/terminal.h"

extern struct terminal tty_terminal; /* what it can do */

/* Where the terminal knows escape sequences: an empty screen, with the cursor at its beginning. */
#define TTY_CLEAR "\033[H\033[2J"

/* tty_wait - the next byte that was typed. Other interrupts are served meanwhile. */
char tty_wait(void);

/*
 * tty_begin - a command begins: it is not stopped, and has printed nothing. A command may
 * run another one.
 * tty_end - it has ended. Result: was it stopped by Ctrl-C? True for the outermost one alone.
 */
void tty_begin(void);
bool tty_end(void);

/*
 * tty_stopped - was Ctrl-C typed since the command began? Long work asks that now and then. What
 * else was typed is kept for tty_wait(), up to 4 KiB; more is lost, unless it comes from a pipe.
 * False outside of a command.
 */
bool tty_stopped(void);

/*
 * tty_more - called by a long report after each line: true if it may print another one. Where
 * the terminal has rows, it waits for a key after each page. False: the person has had enough.
 * True outside of a command.
 */
bool tty_more(void);

/* tty_nap - wait @ms milliseconds; false if Ctrl-C was typed. */
bool tty_nap(unsigned ms);

#endif
