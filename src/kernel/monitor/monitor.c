/* SPDX-License-Identifier: MIT */
/* monitor.c - the line editor of the prompt. Lines are untrusted and may be of any length. */
#include "kernel/monitor/monitor.h"

#include "kernel/command.h"
#include "kernel/hart/clock.h"
#include "kernel/hart/harts.h"
#include "kernel/kernel_sbi.h"
#include "kernel/machine.h"
#include "kernel/memory/kmalloc.h"
#include "kernel/words.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/heap/heap_cache.h"
#include "sbi/console.h"

#define LINE_SIZE 256u
#define MAX_WORDS 16u

struct line {
	char text[LINE_SIZE];
	size_t len;
	bool too_long;
};

/* A line while its command runs: its words, each terminated, side by side. */
struct command_line {
	char *word[MAX_WORDS];
	char text[LINE_SIZE + MAX_WORDS];
};

static unsigned split_line(struct command_line *command, const struct line *line)
{
	char *end = command->text;
	unsigned nwords = 0;
	size_t at = 0;
	struct word next;

	while (nwords < MAX_WORDS && word_next(line->text, line->len, &at, &next)) {
		command->word[nwords++] = end;
		memcpy(end, next.text, next.len);
		end[next.len] = '\0';
		end += next.len + 1;
	}
	return nwords;
}

static void run_line(struct heap_cache *lines, const struct line *line)
{
	static struct command_line spare; /* the command may be what makes memory */
	struct command_line *taken = kcache_alloc(lines);
	struct command_line *command = taken != NULL ? taken : &spare;
	unsigned nwords = split_line(command, line);
	if (nwords != 0)
		command_run(nwords, command->word);
	kcache_free(lines, taken);
}

static char wait_for_byte(void)
{
	for (;;) {
		int c = sbi_console_getc(&kernel_sbi);
		if (c >= 0)
			return (char)c;
		clock_nap(1);
	}
}

static void erase(struct line *line, size_t count)
{
	for (; count != 0 && line->len != 0; count--, line->len--)
		acre_print("\b \b");
}

/* Until CR or LF. Backspace, Ctrl-U and Ctrl-C edit; what does not fit is swallowed. */
static void read_line(struct line *line)
{
	line->len = 0;
	line->too_long = false;
	for (;;) {
		char c = wait_for_byte();
		if (c == '\r' || c == '\n') {
			acre_print("\n");
			return;
		}
		if (c == '\b' || c == 127) {
			erase(line, 1);
		} else if (c == 'U' - '@') {
			erase(line, line->len);
		} else if (c == 'C' - '@') {
			line->len = 0;
			line->too_long = false;
			acre_print("^C\n");
			return;
		} else if (c >= ' ' && c <= '~') {
			if (line->len == sizeof(line->text)) {
				line->too_long = true;
				continue;
			}
			line->text[line->len++] = c;
			acre_print("%c", c);
		}
	}
}

acre_noreturn void monitor_run(void)
{
	static struct line line;
	static struct heap_cache lines;

	kcache_create(&lines, "lines", sizeof(struct command_line));
	acre_print("\n'help' lists the commands.\n");
	for (;;) {
		acre_print("acre> ");
		read_line(&line);
		if (line.too_long)
			acre_print("a line has at most %u bytes: not run\n", LINE_SIZE);
		else
			run_line(&lines, &line);
		hart_check_guard(hart_self());
	}
}
