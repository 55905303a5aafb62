/* SPDX-License-Identifier: MIT */
/*
 * print.c - formatted lines to platform_write(), whole, and without turning interrupts off for as
 * long as a console may take for one.
 *
 *	acre_print() --format--> text --ring_append()--> ring --write_piece()--> platform_write()
 *	                              lock held               lock held
 *
 * A line is put into the ring as a whole, so lines of several harts do not mix. Then the hart
 * that printed it writes what is in the ring, its own line and those before it, a few bytes at a
 * time, and takes the lock again for each of these pieces: in between interrupts are what they
 * were, and others get their turn. So acre_print() returns when its text is on the console, and no
 * hart holds the lock for longer than a piece takes, or a copy to the ring.
 *
 * A handler that prints on top of a hart that is in the middle of a line finds the rest of that
 * line in the ring, and writes it first. It never finds the lock held by its own hart: interrupts
 * are off there.
 *
 * Invariants: P1  out <= in <= out + RING_SIZE; byte k of all that was ever printed is
 *                 ring[k % RING_SIZE], for out <= k < in.
 *             P2  in and out change with the lock held, or by the one hart that panics.
 */
#include "lib/print.h"

#include <stddef.h>

#include "lib/compiler.h"
#include "lib/fmt.h"
#include "lib/lock_scoped.h"
#include "lib/platform.h"
#include "lib/string.h"

#define RING_SIZE 1024u
/* A console may take some hundred instructions for each byte. */
#define PIECE_SIZE 8u

/* There is one console, so this is the one piece of state in lib that is not the caller's. */
static struct {
	struct ticket_lock lock;
	atomic_bool busy; /* a hart uses what follows, with the lock */
	uint64_t in;
	uint64_t out;
	char ring[RING_SIZE];
} console;

static int level_above_info;

/* Looks at a lock whose holder may never come back: some milliseconds. */
#define MAX_WAIT 1000000u

void acre_print_init(void)
{
	ticket_lock_init_level(&console.lock, "console", TICKET_LOCK_PRINT);
}

const struct ticket_lock *acre_print_lock(void)
{
	return &console.lock;
}

/* A line in between would tear the report of the hart that panics. */
static void stand_aside(void)
{
	while (unlikely(platform_panicking()))
		platform_relax();
}

/*
 * With the lock: begin to change the ring. False if another hart has panicked meanwhile: it looks
 * at busy after it has raised its flag, so one of the two sees the other.
 */
static bool ring_enter(void)
{
	atomic_store_explicit(&console.busy, true, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (likely(!platform_panicking()))
		return true;
	atomic_store_explicit(&console.busy, false, memory_order_relaxed);
	return false;
}

static void ring_leave(void)
{
	atomic_store_explicit(&console.busy, false, memory_order_release);
}

/* ---- the ring -------------------------------------------------------------------------------- */

static void copy_in(const char *text, size_t len)
{
	while (len != 0) {
		size_t at = console.in % RING_SIZE;
		size_t n = len < RING_SIZE - at ? len : RING_SIZE - at;
		memcpy(&console.ring[at], text, n);
		console.in += n;
		text += n;
		len -= n;
	}
}

/* Put @text at the end, if there is room for all of it; then *@end is the place after it. */
static bool ring_append(const char *text, size_t len, uint64_t *end)
{
	LOCK_SCOPED(held, &console.lock);

	if (!ring_enter())
		return false;
	bool fits = RING_SIZE - (console.in - console.out) >= len;
	if (fits) {
		copy_in(text, len);
		*end = console.in;
	}
	ring_leave();
	return fits;
}

/* A few of the bytes that are in the ring. */
static void write_some(void)
{
	size_t at = console.out % RING_SIZE;
	size_t n = console.in - console.out;

	if (n > PIECE_SIZE)
		n = PIECE_SIZE;
	if (n > RING_SIZE - at)
		n = RING_SIZE - at;
	platform_write(&console.ring[at], n);
	console.out += n;
}

/* One piece, of any hart's line. False if all before @end is written. */
static bool write_piece(uint64_t end)
{
	stand_aside();
	LOCK_SCOPED(held, &console.lock);

	if (!ring_enter())
		return true;
	if (console.out < end)
		write_some();
	bool more = console.out < end;
	ring_leave();
	return more;
}

static void ring_write(const char *text, size_t len)
{
	uint64_t end = 0;

	stand_aside();
	while (unlikely(!ring_append(text, len, &end)))
		(void)write_piece(UINT64_MAX);
	while (write_piece(end))
		;
}

void acre_print_let_finish(bool others_run)
{
	atomic_thread_fence(memory_order_seq_cst); /* ring_enter() has the other one */
	for (unsigned i = 0; others_run && i < MAX_WAIT && !ticket_lock_held(&console.lock) &&
			     atomic_load_explicit(&console.busy, memory_order_acquire);
	     i++)
		platform_relax();
	while (console.out < console.in)
		write_some();
}

/* ---- formatting ------------------------------------------------------------------------------ */

/* Pieces are gathered, so that a line is put as a whole. */
struct gather {
	void (*put)(const char *text, size_t len);
	char *text;
	size_t room;
	size_t len;
};

static void flush(struct gather *g)
{
	if (g->len != 0)
		g->put(g->text, g->len);
	g->len = 0;
}

static void gather(void *ctx, const char *text, size_t len)
{
	struct gather *g = ctx;

	while (len != 0) {
		size_t n = g->room - g->len;
		if (n > len)
			n = len;
		memcpy(g->text + g->len, text, n);
		g->len += n;
		text += n;
		len -= n;
		if (g->len == g->room)
			flush(g);
	}
}

static void write_formatted(struct gather *g, const char *prefix, const char *format, va_list args)
{
	gather(g, prefix, strlen(prefix));
	fmt_vformat(gather, g, format, args);
	flush(g);
}

static void vprint(const char *prefix, const char *format, va_list args)
{
	char text[ACRE_PRINT_LINE];
	struct gather g = { .put = ring_write, .text = text, .room = sizeof(text) };

	write_formatted(&g, prefix, format, args);
}

void acre_print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprint("", format, args);
	va_end(args);
}

void acre_print_unlocked(const char *format, ...)
{
	char text[128]; /* there may be little left of the stack */
	struct gather g = { .put = platform_write, .text = text, .room = sizeof(text) };
	va_list args;

	va_start(args, format);
	write_formatted(&g, "", format, args);
	va_end(args);
}

void acre_log_set_level(enum acre_log_level level)
{
	level_above_info = (int)level - (int)ACRE_LOG_INFO;
}

void acre_log_at(enum acre_log_level level, const char *format, ...)
{
	static const char prefix[][10] = { "error: ", "warning: ", "", "debug: " };
	va_list args;

	if ((int)level - (int)ACRE_LOG_INFO > level_above_info)
		return;
	va_start(args, format);
	vprint(prefix[level], format, args);
	va_end(args);
}
