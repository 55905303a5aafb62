/* SPDX-License-Identifier: MIT */
/* monitor.c - the prompt: a line is read, and its words are run. Lines are untrusted. */
#include "kernel/monitor/monitor.h"

#include "kernel/command.h"
#include "kernel/hart/harts.h"
#include "kernel/monitor/complete.h"
#include "kernel/monitor/line_edit.h"
#include "kernel/tty.h"
#include "kernel/words.h"
#include "lib/print.h"
#include "lib/string.h"

#define MAX_WORDS 16u

static const char prompt[] = "acre> ";

/* A line while its command runs: its words, each terminated, side by side. */
struct command_line {
	char *word[MAX_WORDS];
	char text[LINE_SIZE + MAX_WORDS];
};

static unsigned split_line(struct command_line *command, const char *text, size_t len)
{
	char *end = command->text;
	unsigned nwords = 0;
	size_t at = 0;
	struct word next;

	while (nwords < MAX_WORDS && word_next(text, len, &at, &next)) {
		command->word[nwords++] = end;
		memcpy(end, next.text, next.len);
		end[next.len] = '\0';
		end += next.len + 1;
	}
	return nwords;
}

/* One for all lines: what the prompt does takes no memory, so that it changes nothing that it shows. */
static void run_line(const char *text, size_t len)
{
	static struct command_line command;
	unsigned nwords = split_line(&command, text, len);

	if (nwords != 0)
		command_run(nwords, command.word);
}

static void refuse_line(void)
{
	acre_print("a line has at most %u bytes: not run\n", LINE_SIZE);
}

void monitor_run_text(struct word text)
{
	char line[LINE_SIZE];
	size_t at = 0;

	while (at < text.len) {
		size_t len = 0;
		for (; at < text.len && text.text[at] != ';'; at++, len++) {
			if (len < LINE_SIZE)
				line[len] = text.text[at] == ',' ? ' ' : text.text[at];
		}
		at++;
		if (len > LINE_SIZE) {
			refuse_line();
			continue;
		}
		acre_print("%s%.*s\n", prompt, (int)len, line);
		run_line(line, len);
	}
}

static void put_text(const char *text, size_t len)
{
	if (len != 0)
		acre_print("%.*s", (int)len, text);
}

/* The last column stays free: a terminal goes to the next line there, or does not. */
static size_t width_of_text(void)
{
	unsigned columns = tty_terminal.columns;

	return columns != 0 ? columns - sizeof(prompt) : 0;
}

static void show_again(struct line_edit *line)
{
	acre_print("%s", prompt);
	line_edit_show(line);
}

/* Until a line has ended. False if it was dropped. */
static bool read_line(struct line_edit *line)
{
	acre_print("%s", prompt);
	line_edit_begin(line, width_of_text());
	for (;;) {
		switch (line_edit_byte(line, tty_wait())) {
		case LINE_DONE:
			return true;
		case LINE_DROPPED:
			return false;
		case LINE_COMPLETE:
			if (complete(line)) {
				complete_list(line);
				show_again(line);
			}
			break;
		case LINE_REDRAW:
			acre_print("%s", tty_terminal.ansi ? TTY_CLEAR : "\n");
			show_again(line);
			break;
		case LINE_TYPING:
			break;
		}
	}
}

acre_noreturn void monitor_run(void)
{
	static struct line_edit line;

	line_edit_init(&line, put_text);
	acre_print("\n'help' lists the commands.\n");
	for (;;) {
		if (!read_line(&line))
			continue;
		if (line.too_long)
			refuse_line();
		else
			run_line(line.text, line.len);
		hart_check_guard(hart_self());
	}
}
