/* SPDX-License-Identifier: MIT */
/* screen.c - the commands `term`, what the terminal can do, and `watch`, a command again and again. */
#include "kernel/command.h"
#include "kernel/text.h"
#include "kernel/tty.h"
#include "lib/print.h"
#include "lib/string.h"

#define MAX_SECONDS 3600u

static void run_term(unsigned nwords, char *const *word)
{
	const struct terminal *t = &tty_terminal;
	const char *wrong =
		nwords != 0 ? terminal_read(&tty_terminal, word[0], strlen(word[0])) : NULL;

	if (wrong != NULL)
		acre_print("'%s' %s\n", word[0], wrong);
	else if (t->columns == 0)
		acre_print("nothing is known of the terminal: no pages, and nothing is cleared\n");
	else
		acre_print("%u columns, %u rows, %s\n", t->columns, t->rows,
			   t->ansi ? "with escape sequences" : "dumb");
}

COMMAND(term) = {
	.name = "term",
	.usage = "term [COLUMNSxROWS[,dumb] | none]",
	.help = "what the terminal can do",
	.example = "term 120x40",
	.max_words = 1,
	.run_words = run_term,
};

/* In place where the terminal can; else one after the other. A command waits for no key meanwhile. */
static void run_watch(unsigned nwords, char *const *word)
{
	uint64_t seconds;
	struct terminal before = tty_terminal;

	if (nwords < 2) {
		acre_print("usage: watch SECONDS COMMAND...\n");
		return;
	}
	if (!command_number(word[0], &seconds))
		return;
	if (command_find(word[1]) == NULL) {
		command_run(nwords - 1, word + 1); /* which says so, once */
		return;
	}
	if (seconds == 0 || seconds > MAX_SECONDS) {
		acre_print("1 to %u seconds\n", MAX_SECONDS);
		return;
	}
	do {
		tty_terminal.rows = 0;
		if (tty_terminal.ansi)
			acre_print(TTY_CLEAR);
		acre_print("every %llu s; Ctrl-C ends it\n", (ull)seconds);
		command_run(nwords - 1, word + 1);
	} while (tty_nap((unsigned)seconds * 1000));
	tty_terminal = before;
}

COMMAND(watch) = {
	.name = "watch",
	.usage = "watch SECONDS COMMAND...",
	.help = "run a command again and again, until Ctrl-C",
	.example = "watch 1 frames map",
	.candidate = command_name,
	.max_words = 8,
	.run_words = run_watch,
};
