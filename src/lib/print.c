/* SPDX-License-Identifier: MIT */
/* print.c - formatted lines to platform_write(), under the print lock. */
#include "lib/print.h"

#include <stddef.h>

#include "lib/fmt.h"
#include "lib/lock.h"
#include "lib/platform.h"
#include "lib/string.h"

/* There is one console, so this is the one piece of state in lib that is not the caller's. */
static struct ticket_lock print_lock;
static int level_above_info;

/* Looks at a lock whose holder may never come back: some milliseconds. */
#define MAX_WAIT 1000000u

/* Pieces are gathered, so that a line is few calls of the platform. */
struct gather {
	char text[128];
	size_t len;
};

static void flush(struct gather *g)
{
	if (g->len != 0)
		platform_write(g->text, g->len);
	g->len = 0;
}

static void gather(void *ctx, const char *text, size_t len)
{
	struct gather *g = ctx;

	while (len != 0) {
		size_t n = sizeof(g->text) - g->len;
		if (n > len)
			n = len;
		memcpy(g->text + g->len, text, n);
		g->len += n;
		text += n;
		len -= n;
		if (g->len == sizeof(g->text))
			flush(g);
	}
}

static void write_formatted(const char *prefix, const char *format, va_list args)
{
	struct gather g;

	g.len = 0;
	gather(&g, prefix, strlen(prefix));
	fmt_vformat(gather, &g, format, args);
	flush(&g);
}

/* A line in between would tear the report of the hart that panics. */
static void stand_aside(void)
{
	while (unlikely(platform_panicking()))
		platform_relax();
}

static void write_locked(const char *prefix, const char *format, va_list args)
{
	stand_aside();
	unsigned long irq = lock_acquire(&print_lock);

	write_formatted(prefix, format, args);
	lock_release(&print_lock, irq);
}

void print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_locked("", format, args);
	va_end(args);
}

void print_unlocked(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_formatted("", format, args);
	va_end(args);
}

void print_let_finish(void)
{
	for (unsigned i = 0; i < MAX_WAIT && lock_held_elsewhere(&print_lock); i++)
		platform_relax();
}

void log_set_level(enum log_level level)
{
	level_above_info = (int)level - (int)LOG_INFO;
}

void log_at(enum log_level level, const char *format, ...)
{
	static const char prefix[][10] = { "error: ", "warning: ", "", "debug: " };
	va_list args;

	if ((int)level - (int)LOG_INFO > level_above_info)
		return;
	va_start(args, format);
	write_locked(prefix[level], format, args);
	va_end(args);
}
