/* SPDX-License-Identifier: MIT */
/* command.c - look-up in the table that kernel.ld makes. */
#include "kernel/command.h"

#include <stddef.h>

#include "kernel/words.h"
#include "lib/print.h"
#include "lib/string.h"

extern const struct command commands_start[];
extern const struct command commands_end[];

static void list_commands(void)
{
	for (const struct command *c = commands_start; c < commands_end; c++) {
		if (c->help != NULL)
			acre_print("  %-28s %s\n", c->usage, c->help);
	}
}

COMMAND(help) = {
	.name = "help",
	.usage = "help",
	.help = "this list",
	.run = list_commands,
};

static const struct command *find_command(const char *name)
{
	for (const struct command *c = commands_start; c < commands_end; c++) {
		if (strcmp(name, c->name) == 0)
			return c;
	}
	return NULL;
}

void command_run(unsigned nwords, char *const *word)
{
	const struct command *command = find_command(word[0]);

	if (command == NULL)
		acre_print("unknown command '%s'; try 'help'\n", word[0]);
	else if (nwords - 1 > command->max_words)
		acre_print("too many words; usage: %s\n", command->usage);
	else if (command->run != NULL)
		command->run();
	else
		command->run_words(nwords - 1, word + 1);
}

bool command_address(const char *usage, unsigned nwords, char *const *word, uint64_t *address)
{
	if (nwords == 0) {
		acre_print("which address? usage: %s\n", usage);
		return false;
	}
	if (!word_to_number(word[0], strlen(word[0]), address)) {
		acre_print("'%s' is no address: decimal, or hexadecimal after 0x, "
			   "of at most 64 bits\n",
			   word[0]);
		return false;
	}
	return true;
}
