/* SPDX-License-Identifier: MIT */
/*
 * print_threads.c (host) - threads that play harts print at once: lines stay whole, the console
 * gets pieces. And which lines a level shows.
 */
#include <pthread.h>
#include <stdio.h>

#include "lib/lock.h"
#include "lib/platform.h"
#include "lib/print.h"
#include "lib/string.h"
#include "tests/support/ktest.h"

#define HARTS 4u
#define LINES 150u
#define MOST  (HARTS * LINES * (ACRE_PRINT_LINE + 1))

/* What the console got. Written with the print lock held. */
static struct {
	char *text;
	size_t len;
	size_t longest; /* piece */
	bool irqs_off;
} got;

static void collect(const char *text, size_t len)
{
	if (len > got.longest)
		got.longest = len;
	got.irqs_off &= host_irq_enabled == 0;
	if (len <= MOST - got.len)
		memcpy(got.text + got.len, text, len);
	got.len += len;
}

static void begin(void)
{
	got.text = ktest_alloc(MOST, 8);
	got.len = got.longest = 0;
	got.irqs_off = true;
	host_write_hook = collect;
}

struct player {
	pthread_t thread;
	unsigned hart;
	bool irqs_kept;
};

/* Line @i of @hart, without its end: lengths of all kinds. */
static unsigned fill_of(unsigned hart, unsigned i)
{
	return (i * 37 + hart * 11) % (ACRE_PRINT_LINE - 16);
}

static void *print_lines(void *arg)
{
	struct player *me = arg;
	char fill[ACRE_PRINT_LINE];

	host_hart = me->hart;
	me->irqs_kept = true;
	memset(fill, 'a' + (int)me->hart, sizeof(fill));
	for (unsigned i = 0; i < LINES; i++) {
		fill[fill_of(me->hart, i)] = '\0';
		acre_print("%u %u %s\n", me->hart, i, fill);
		fill[fill_of(me->hart, i)] = (char)('a' + me->hart);
		me->irqs_kept &= host_irq_enabled == 1;
	}
	return NULL;
}

/* The line at @at, which must be the next one of some hart; its length with the end, or 0. */
static size_t check_line(const char *at, size_t left, unsigned *next)
{
	char want[ACRE_PRINT_LINE + 1];

	for (unsigned hart = 0; hart < HARTS; hart++) {
		if (next[hart] == LINES)
			continue;
		unsigned n = fill_of(hart, next[hart]);
		size_t len = (size_t)snprintf(want, sizeof(want), "%u %u ", hart, next[hart]);
		memset(want + len, 'a' + (int)hart, n);
		want[len + n] = '\n';
		len += n + 1;
		if (len <= left && memcmp(at, want, len) == 0) {
			next[hart]++;
			return len;
		}
	}
	return 0;
}

KTEST(print, keeps_the_lines_of_several_harts_whole_and_in_order)
{
	struct player player[HARTS];
	unsigned next[HARTS] = { 0 };
	size_t len;

	begin();
	for (unsigned i = 0; i < HARTS; i++) {
		player[i] = (struct player){ .hart = i };
		REQUIRE_EQ(pthread_create(&player[i].thread, NULL, print_lines, &player[i]), 0);
	}
	for (unsigned i = 0; i < HARTS; i++)
		pthread_join(player[i].thread, NULL);
	host_write_hook = NULL;
	for (unsigned i = 0; i < HARTS; i++)
		EXPECT(player[i].irqs_kept);
	EXPECT(got.irqs_off);
	EXPECT(got.longest <= 8);
	REQUIRE(got.len <= MOST);
	for (size_t at = 0; at < got.len; at += len) {
		len = check_line(got.text + at, got.len - at, next);
		REQUIRE(len != 0);
	}
	for (unsigned i = 0; i < HARTS; i++)
		EXPECT_EQ(next[i], LINES);
}

/* The line of a hart that stands aside is half written: who panics writes the rest of it first. */
static void stop_after_a_piece(const char *text, size_t len)
{
	collect(text, len);
	if (got.len >= 16 && got.len - len < 16) /* where the ring ends a piece is shorter */
		atomic_store(&host_panicking, true);
}

static void *print_one(void *unused)
{
	(void)unused;
	host_hart = 1;
	acre_print("a line of more than one or two pieces\n");
	return NULL;
}

KTEST(print, lets_who_panics_end_the_line_of_another)
{
	pthread_t thread;

	begin();
	host_write_hook = stop_after_a_piece;
	REQUIRE_EQ(pthread_create(&thread, NULL, print_one, NULL), 0);
	while (!atomic_load(&host_panicking))
		platform_relax();
	acre_print_let_finish(true);
	acre_print_unlocked("PANIC\n");
	host_write_hook = NULL;
	atomic_store(&host_panicking, false);
	pthread_join(thread, NULL);
	static const char want[] = "a line of more than one or two pieces\nPANIC\n";
	EXPECT_EQ(got.len, sizeof(want) - 1);
	EXPECT_EQ(memcmp(got.text, want, sizeof(want) - 1), 0);
}

KTEST(print, shows_lines_up_to_the_level)
{
	static const char want[] = "error: e\n"
				   "error: e\nwarning: w\n"
				   "error: e\nwarning: w\ni\n"
				   "error: e\nwarning: w\ni\ndebug: d\n";

	begin();
	for (unsigned level = ACRE_LOG_ERROR; level <= ACRE_LOG_DEBUG; level++) {
		acre_log_set_level((enum acre_log_level)level);
		acre_log_error("e\n");
		acre_log_warn("w\n");
		acre_log_info("i\n");
		acre_log_debug("d\n");
	}
	acre_log_set_level(ACRE_LOG_INFO);
	host_write_hook = NULL;
	REQUIRE_EQ(got.len, sizeof(want) - 1);
	EXPECT_EQ(memcmp(got.text, want, sizeof(want) - 1), 0);
}
