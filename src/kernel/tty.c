/* SPDX-License-Identifier: MIT */
/* tty.c - bytes that are typed while a command runs wait in a ring; Ctrl-C is no such byte. */
#include "kernel/tty.h"

#include "kernel/hart/clock.h"
#include "kernel/kernel_sbi.h"
#include "lib/print.h"
#include "sbi/console.h"

#define CTRL_C    ('C' - '@')
#define MAX_AHEAD 4096u /* a power of two */

struct terminal tty_terminal;

static char ahead[MAX_AHEAD];
static unsigned first, end; /* count up; their difference is what waits */
static unsigned commands;   /* that run, one inside of another */
static bool stopped;
static unsigned lines; /* printed since the last key */

/* What was typed before it was called is not looked at. */
static char wait_for_byte(void)
{
	for (;;) {
		int c = sbi_console_getc(&kernel_sbi);
		if (c >= 0)
			return (char)c;
		clock_nap(1);
	}
}

char tty_wait(void)
{
	return first != end ? ahead[first++ % MAX_AHEAD] : wait_for_byte();
}

void tty_begin(void)
{
	if (commands++ == 0)
		stopped = false;
	lines = 0;
}

bool tty_end(void)
{
	return --commands == 0 && stopped;
}

/*
 * What has come. False: nothing has. Ctrl-C is noted; other bytes wait. If too many do, those of a
 * person are lost, so that Ctrl-C is seen; those of a pipe stay where they are.
 */
static bool read_ahead(void)
{
	if (end - first == MAX_AHEAD && tty_terminal.columns == 0)
		return false;
	int c = sbi_console_getc(&kernel_sbi);

	if (c == CTRL_C)
		stopped = true;
	else if (c >= 0 && end - first < MAX_AHEAD)
		ahead[end++ % MAX_AHEAD] = (char)c;
	return c >= 0;
}

bool tty_stopped(void)
{
	while (commands != 0 && !stopped && read_ahead())
		;
	return commands != 0 && stopped;
}

/* A page is full: a blank is for the next page, Enter for a line, q for the end. */
static void wait_for_key(void)
{
	static const char prompt[] = "-- more: space, Enter or q --";

	acre_print("%s", prompt);
	for (;;) {
		char c = wait_for_byte(); /* what was typed before is for the prompt */
		if (c == ' ')
			lines = 0;
		else if (c == '\r' || c == '\n')
			lines--;
		else if (c == 'q' || c == CTRL_C)
			stopped = true;
		else
			continue;
		break;
	}
	acre_print("\r%*s\r", (int)sizeof(prompt) - 1, "");
}

bool tty_more(void)
{
	if (commands == 0)
		return true;
	if (tty_stopped())
		return false;
	if (tty_terminal.rows != 0 && ++lines >= tty_terminal.rows - 1)
		wait_for_key();
	return !stopped;
}

/* A look at each millisecond, so that where no time passes the wait ends too. */
bool tty_nap(unsigned ms)
{
	uint64_t until = clock_ticks() + ms * clock_ticks_per_ms();

	for (; ms != 0 && clock_ticks() < until && !tty_stopped(); clock_nap(1))
		ms -= !clock_moves();
	return !stopped;
}
