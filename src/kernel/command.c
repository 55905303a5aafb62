/* SPDX-License-Identifier: MIT */
/* command.c - look-up in the table that kernel.ld makes, and reading the words of a command. */
#include "kernel/command.h"

#include "kernel/bootargs.h"
#include "kernel/trap/symbols.h"
#include "kernel/tty.h"
#include "kernel/words.h"
#include "lib/align.h"
#include "lib/print.h"
#include "lib/string.h"

#define MAX_NAME 16u /* bytes of a name that is compared with what was typed */

extern const struct command commands_start[];
extern const struct command commands_end[];

static const struct boot_arguments *more_arguments; /* beside the kernel's own; set at boot */

void command_explain_arguments(const struct boot_arguments *more)
{
	more_arguments = more;
}

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands_start; c < commands_end; c++) {
		if (strcmp(name, c->name) == 0)
			return c;
	}
	return NULL;
}

const char *command_name(size_t i)
{
	for (const struct command *c = commands_start; c < commands_end; c++) {
		if (i-- == 0)
			return c->name;
	}
	return NULL;
}

/* ---- help ------------------------------------------------------------------------------------- */

/* The commands, then the boot arguments that are called like no command. */
static const char *help_candidate(size_t i)
{
	const char *name;

	for (size_t k = 0; (name = command_name(k)) != NULL; k++) {
		if (i-- == 0)
			return name;
	}
	for (unsigned k = 0; (name = bootargs_name(more_arguments, k)) != NULL; k++) {
		if (command_find(name) == NULL && i-- == 0)
			return name;
	}
	return NULL;
}

static void list_all(void)
{
	const struct boot_argument *argument;

	for (const struct command *c = commands_start; c < commands_end; c++) {
		acre_print("  %-28s %s\n", c->usage, c->help);
		if (!command_more())
			return;
	}
	acre_print("boot arguments:");
	for (unsigned i = 0; (argument = bootargs_at(more_arguments, i)) != NULL; i++)
		acre_print(" %s", argument->name);
	acre_print("\nTab completes a word, Up brings lines back, Ctrl-C stops a command.\n");
}

static void explain_name(unsigned nwords, char *const *word)
{
	if (nwords == 0) {
		list_all();
		return;
	}
	const struct command *command = command_find(word[0]);
	const struct boot_argument *argument = bootargs_find(more_arguments, word[0]);
	if (command != NULL)
		acre_print("%s\n    %s\n    example: %s\n", command->usage, command->help,
			   command->example);
	if (argument != NULL)
		acre_print("%s\n    a boot argument: %s\n", argument->usage, argument->help);
	if (command == NULL && argument == NULL)
		acre_print("'%s' is neither a command nor a boot argument\n", word[0]);
}

COMMAND(help) = {
	.name = "help",
	.usage = "help [NAME]",
	.help = "this list; or what a command or a boot argument does",
	.example = "help why",
	.candidate = help_candidate,
	.max_words = 1,
	.run_words = explain_name,
};

/* ---- running ---------------------------------------------------------------------------------- */

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/*
 * How many bytes must be inserted, deleted, replaced, or swapped with the next one, to make @b of
 * @a.
 */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[3][MAX_NAME +
			1]; /* row[i % 3][j]: from the first i bytes of a to the first j of b */
	size_t n = strlen(b);
	unsigned i = 0;

	if (n > MAX_NAME || strlen(a) > MAX_NAME)
		return MAX_NAME;
	for (unsigned j = 0; j <= n; j++)
		row[0][j] = j;
	while (a[i] != '\0') {
		const unsigned *before = row[i % 3];
		const unsigned *two_before = row[(i + 2) % 3];
		unsigned *now = row[++i % 3];
		now[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			now[j] = smaller(before[j - 1] + (a[i - 1] != b[j - 1]),
					 smaller(before[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = smaller(now[j], two_before[j - 2] + 1);
		}
	}
	return row[i % 3][n];
}

/* The command that is most like @name: at most a third of it is different. NULL: none is. */
static const char *nearest(const char *name)
{
	unsigned best = smaller((unsigned)strlen(name), MAX_NAME) / 3 + 1;
	const char *found = NULL;
	const char *each;

	for (size_t i = 0; (each = command_name(i)) != NULL; i++) {
		unsigned d = distance(name, each);
		if (d < best) {
			best = d;
			found = each;
		}
	}
	return found;
}

static void say_unknown(const char *name)
{
	const char *like = nearest(name);

	if (like != NULL)
		acre_print("unknown command '%s'; is it '%s'?\n", name, like);
	else
		acre_print("unknown command '%s'; try 'help'\n", name);
}

void command_run(unsigned nwords, char *const *word)
{
	const struct command *command = command_find(word[0]);

	tty_begin();
	if (command == NULL)
		say_unknown(word[0]);
	else if (nwords - 1 > command->max_words)
		acre_print("too many words; usage: %s\n", command->usage);
	else if (command->run != NULL)
		command->run();
	else
		command->run_words(nwords - 1, word + 1);
	if (tty_end())
		acre_print("^C\n");
}

bool command_more(void)
{
	return tty_more();
}

bool command_stopped(void)
{
	return tty_stopped();
}

/* ---- words ------------------------------------------------------------------------------------ */

/* NAME or NAME+OFFSET. */
static bool symbol_to_number(const char *word, uint64_t *number)
{
	size_t len = 0;
	uint64_t offset = 0;

	while (word[len] != '\0' && word[len] != '+')
		len++;
	if (word[len] == '+' && !word_to_number(word + len + 1, strlen(word + len + 1), &offset))
		return false;
	return symbol_address(word, len, number) && add_checked(*number, offset, number);
}

bool command_number(const char *word, uint64_t *number)
{
	if (word_to_bytes(word, strlen(word), number) || symbol_to_number(word, number))
		return true;
	acre_print("'%s' is no number: decimal, or hexadecimal after 0x, with K, M, G or T or "
		   "without, of at most 64 bits; or a function, as in kernel_main+0x10\n",
		   word);
	return false;
}

bool command_address(const char *usage, unsigned nwords, char *const *word, uint64_t *address)
{
	if (nwords == 0) {
		acre_print("which address? usage: %s\n", usage);
		return false;
	}
	return command_number(word[0], address);
}
