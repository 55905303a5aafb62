/* SPDX-License-Identifier: MIT */
/*
 * command.h - the commands of the prompt. Each is defined beside what it shows, and is in the
 * kernel if that file is; kernel.ld gathers them in one table, in the order of their names.
 *
 *	COMMAND(frames) = {
 *		.name = "frames",
 *		.usage = "frames",
 *		.help = "the frame pool",
 *		.example = "frames",
 *		.run = report_frames,
 *	};
 */
#ifndef ACRE_KERNEL_COMMAND_H
#define ACRE_KERNEL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct command {
	const char *name;
	const char *usage;
	const char *help;    /* what `help` says */
	const char *example; /* a line to type */
	/*
	 * What its words may be, for Tab: the @i-th name, which stays until the next call; NULL past
	 * the last. May be NULL.
	 */
	const char *(*candidate)(size_t i);
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
 * command_explain_arguments - `help` explains the boot arguments @more, which stay, beside the kernel's
 * own.
 */
struct boot_arguments;
void command_explain_arguments(const struct boot_arguments *more);

/* command_find - the command @name, or NULL. command_name - the @i-th of the list, or NULL. */
const struct command *command_find(const char *name);
const char *command_name(size_t i);

/*
 * command_number - the number that @word is: decimal, or hexadecimal after 0x; with a suffix of K,
 * M, G or T, for powers of 1024; or a function of the kernel, with +OFFSET or without. If it is
 * none, or has more than 64 bits, say so. Result: false then.
 */
bool command_number(const char *word, uint64_t *number);

/*
 * command_address - the first word as command_number() reads it; say what is wrong if there is none,
 * or if it is no number. Result: false then.
 */
bool command_address(const char *usage, unsigned nwords, char *const *word, uint64_t *address);

/*
 * command_more - called by a long report after each line: may it print another one? It waits for a
 * key where the terminal's page is full. command_stopped - called by long work now and then: was
 * Ctrl-C typed?
 */
bool command_more(void);
bool command_stopped(void);

#endif
