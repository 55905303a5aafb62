/* SPDX-License-Identifier: MIT */
/* complete.h - the rest of a word that was begun, as far as only one word can be meant. */
#ifndef ACRE_KERNEL_COMPLETE_H
#define ACRE_KERNEL_COMPLETE_H

#include <stdbool.h>

#include "kernel/monitor/line_edit.h"

/*
 * complete - complete the word before the cursor of @e: a command, or what its command says that
 * its words may be. Result: true if several words can be meant and nothing was added: then
 * complete_list() prints them, on lines of their own.
 */
bool complete(struct line_edit *e);
void complete_list(const struct line_edit *e);

#endif
