/* SPDX-License-Identifier: MIT */
/*
 * print.h - text for people, one whole line at a time: each call holds the print lock, so that
 * lines of several harts do not mix.
 */
#ifndef LIB_PRINT_H
#define LIB_PRINT_H

#include <stdarg.h>

#include "lib/compiler.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* print - always shown; formats as fmt.h says. Any hart, any interrupt state; takes the print lock.
 */
void print(const char *format, ...) printf_like(1, 2);

/* print_unlocked - the same without the lock: only for a hart that panics, alone. */
void print_unlocked(const char *format, ...) printf_like(1, 2);

/*
 * print_let_finish - for a hart that is about to panic: let another that is in the middle of a line end it.
 * Bounded, whatever the other does. Begin when platform_panicking() is true: print() prints nothing
 * new from then on.
 */
void print_let_finish(void);

/* log_at - a line shown if @level is at most the current level, after "error: ", "warning: " or
 * none. */
void log_at(enum log_level level, const char *format, ...) printf_like(2, 3);

/* log_set_level - show lines up to @level from now on (LOG_INFO at the start). */
void log_set_level(enum log_level level);

#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

#endif
