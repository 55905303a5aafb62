/* SPDX-License-Identifier: MIT */
/*
 * command.h - the commands of the prompt. Each is defined beside what it shows, and is in the
 * kernel if that file is; kernel.ld gathers them in one table, in the order of their names.
 *
 *	COMMAND(frames) = {
 *		.name = "frames",
 *		.usage = "frames",
 *		.help = "the frame pool",
 *		.run = report_frames,
 *	};
 */
#ifndef ACRE_KERNEL_COMMAND_H
#define ACRE_KERNEL_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

struct command {
	const char *name;
	const char *usage;
	const char *help;   /* what `help` says; NULL: it is not listed */
	void (*run)(void);  /* for a command without words, */
	unsigned max_words; /* or for one with so many words after its name, at most: */
	void (*run_words)(unsigned nwords, char *const *word);
};

#define COMMAND(verb)                                                                              \
	static const struct command command_##verb                                                 \
		__attribute__((used, aligned(8), section(".commands." #verb)))

/*
 * command_run - run the command word[0] with the words after it; say so if there is none, or if
 * there are too many words for it. Pre: nwords > 0.
 */
void command_run(unsigned nwords, char *const *word);

/*
 * command_address - the one address that a command was given; say what is wrong if it was given
 * none, or if it is no number. Result: false then.
 */
bool command_address(const char *usage, unsigned nwords, char *const *word, uint64_t *address);

#endif
