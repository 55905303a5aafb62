/* SPDX-License-Identifier: MIT */
/*
 * monitor.h - the prompt: reads a line, runs the command that it names (kernel/command.h), and so
 * on for ever.
 */
#ifndef ACRE_KERNEL_MONITOR_H
#define ACRE_KERNEL_MONITOR_H

#include "kernel/words.h"
#include "lib/attributes.h"

/*
 * monitor_run_text - run the commands in @text as if they were typed: a comma stands for a blank, a
 * semicolon is between two. Pre: as monitor_run().
 */
void monitor_run_text(struct word text);

/*
 * monitor_run - pre: on the boot hart, with interrupts on. While it waits for a byte it clears free
 * frames.
 */
acre_noreturn void monitor_run(void);

#endif
