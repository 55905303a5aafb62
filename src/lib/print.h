/* SPDX-License-Identifier: MIT */
/*
 * print.h - text for people, one whole line at a time: what a call prints stays together, so that
 * lines of several harts do not mix. The console gets it in pieces, between which interrupts are as
 * they were.
 */
#ifndef ACRE_LIB_PRINT_H
#define ACRE_LIB_PRINT_H

#include <stdarg.h>
#include <stdbool.h>

#include "lib/attributes.h"

struct ticket_lock;

enum acre_log_level { ACRE_LOG_ERROR, ACRE_LOG_WARN, ACRE_LOG_INFO, ACRE_LOG_DEBUG };

/*
 * acre_print_init - give the print lock its name and its place in the order of locks. Call it
 * before other harts print; a kernel that does not call it has a print lock without either.
 */
void acre_print_init(void);

/* So much of what one call prints stays together. */
#define ACRE_PRINT_LINE 384u

/*
 * acre_print - always shown; formats as fmt.h says. Returns when it is on the console. Any hart,
 * any interrupt state; takes the print lock once for each few bytes. A caller that has interrupts
 * off, or holds another lock, has them off for the whole line: tens of thousands of instructions on
 * a slow console.
 */
void acre_print(const char *format, ...) acre_printf_like(1, 2);

/* acre_print_unlocked - the same without the lock: only for a hart that panics, alone. */
void acre_print_unlocked(const char *format, ...) acre_printf_like(1, 2);

/*
 * acre_print_let_finish - for a hart that is about to panic: let another hart that is in the middle
 * of a line end it. Bounded, whatever the other hart does: this hart writes what is left of the
 * line. Pre: platform_panicking() is true, so acre_print() prints nothing new. @others_run is false
 * if every other hart has stopped where it looked at that: then no hart is in the middle of a line,
 * and this hart does not wait.
 */
void acre_print_let_finish(bool others_run);

/* acre_print_lock - the lock, for a report of its counts. */
const struct ticket_lock *acre_print_lock(void);

/* acre_log_at - a line shown if @level is at most the current one. Errors and warnings say so. */
void acre_log_at(enum acre_log_level level, const char *format, ...) acre_printf_like(2, 3);

/* acre_log_set_level - show lines up to @level from now on (ACRE_LOG_INFO at the start). */
void acre_log_set_level(enum acre_log_level level);

#define acre_log_error(...) acre_log_at(ACRE_LOG_ERROR, __VA_ARGS__)
#define acre_log_warn(...)  acre_log_at(ACRE_LOG_WARN, __VA_ARGS__)
#define acre_log_info(...)  acre_log_at(ACRE_LOG_INFO, __VA_ARGS__)
#define acre_log_debug(...) acre_log_at(ACRE_LOG_DEBUG, __VA_ARGS__)

#endif
