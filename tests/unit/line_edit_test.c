/* SPDX-License-Identifier: MIT */
/*
 * Keys go into the editor; its line must be what the keys mean, and a model of a terminal must show
 * it, with the cursor where it belongs.
 */
#include "kernel/monitor/line_edit.h"

#include "lib/string.h"
#include "tests/support/ktest.h"

#define COLUMNS (LINE_SIZE + 2)

/* A row of a terminal, right of the prompt. It knows backspace and printable bytes. */
static struct {
	char cell[COLUMNS];
	size_t cursor;
	size_t rows; /* newlines so far */
	size_t rightmost;
	bool wrong; /* it was sent what it does not know */
} terminal;

static void new_row(void)
{
	memset(terminal.cell, ' ', sizeof(terminal.cell));
	terminal.cursor = 0;
	terminal.rightmost = 0;
}

static void show(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n') {
			terminal.rows++;
			new_row();
		} else if (text[i] == '\b') {
			terminal.wrong |= terminal.cursor == 0;
			terminal.cursor -= terminal.cursor != 0;
		} else if (text[i] >= ' ' && text[i] <= '~' && terminal.cursor < COLUMNS) {
			terminal.cell[terminal.cursor++] = text[i];
			if (terminal.cursor > terminal.rightmost)
				terminal.rightmost = terminal.cursor;
		} else {
			terminal.wrong = true;
		}
	}
}

static struct line_edit *new_editor(size_t width)
{
	struct line_edit *e = ktest_alloc(sizeof(*e), 16);

	line_edit_init(e, show);
	line_edit_begin(e, width);
	memset(&terminal, 0, sizeof(terminal));
	new_row();
	return e;
}

static enum line_event type(struct line_edit *e, const char *keys, size_t len)
{
	enum line_event event = LINE_TYPING;

	for (size_t i = 0; i < len; i++)
		event = line_edit_byte(e, keys[i]);
	return event;
}

#define TYPE(e, keys) type((e), (keys), sizeof(keys) - 1)

/* The terminal shows a part of the line in which the cursor is, and nothing else. */
static void expect_shown(const struct line_edit *e)
{
	size_t from = e->cursor - terminal.cursor;
	size_t n = e->len - from;

	REQUIRE(terminal.cursor <= e->cursor);
	if (e->width != 0 && n > e->width)
		n = e->width;
	EXPECT(e->width != 0 || from == 0);
	EXPECT(e->width == 0 || terminal.cursor < e->width);
	EXPECT(e->width == 0 || terminal.rightmost <= e->width);
	EXPECT(memcmp(terminal.cell, e->text + from, n) == 0);
	for (size_t i = n; i < COLUMNS; i++)
		REQUIRE(terminal.cell[i] == ' ');
	EXPECT(!terminal.wrong);
}

static void expect_line(const struct line_edit *e, const char *text, size_t cursor)
{
	EXPECT_EQ(e->len, strlen(text));
	EXPECT(memcmp(e->text, text, strlen(text)) == 0);
	EXPECT_EQ(e->cursor, cursor);
	expect_shown(e);
}

KTEST(line_edit, inserts_and_deletes_at_the_cursor)
{
	struct line_edit *e = new_editor(0);

	TYPE(e, "frmes\x02\x02\x02"
		"a");
	expect_line(e, "frames", 3);
	TYPE(e, "\b\b");
	expect_line(e, "fmes", 1);
	TYPE(e, "\x04");
	expect_line(e, "fes", 1);
	TYPE(e, "\x01\b\x05\x04");
	expect_line(e, "fes", 3);
	TYPE(e, "\x7f");
	expect_line(e, "fe", 2);
}

KTEST(line_edit, keys_of_terminals_move)
{
	struct line_edit *e = new_editor(0);

	TYPE(e, "one two\033[D\033[D");
	expect_line(e, "one two", 5);
	TYPE(e, "\033[C");
	expect_line(e, "one two", 6);
	TYPE(e, "\033[H");
	expect_line(e, "one two", 0);
	TYPE(e, "\033[3~\033OF");
	expect_line(e, "ne two", 6);
	TYPE(e, "\033[1~");
	expect_line(e, "ne two", 0);
	TYPE(e, "\033[4~\033b\033b\033f");
	expect_line(e, "ne two", 2);
	TYPE(e, "\033[1;5C\033[200~\033[99Z\033x\033[7~x");
	expect_line(e, "xne two", 1);
}

KTEST(line_edit, an_escape_that_is_cut_off_loses_no_key)
{
	struct line_edit *e = new_editor(0);

	TYPE(e, "a\033");
	EXPECT_EQ(TYPE(e, "\n"), LINE_DONE);
	line_edit_begin(e, 0);
	TYPE(e, "b\033[\x01");
	expect_line(e, "b", 0);
	TYPE(e, "\033[1");
	EXPECT_EQ(TYPE(e, "\r"), LINE_DONE);
}

KTEST(line_edit, kills_and_yanks)
{
	struct line_edit *e = new_editor(0);

	TYPE(e, "stress 100 7\x17");
	expect_line(e, "stress 100 ", 11);
	TYPE(e, "\x17\x17");
	expect_line(e, "", 0);
	TYPE(e, "\x19");
	expect_line(e, "stress ", 7);
	TYPE(e, "5\x01\033f\x0b");
	expect_line(e, "stress", 6);
	TYPE(e, "\x15\x19\x19");
	expect_line(e, "stressstress", 12);
	TYPE(e, "\x01\033d");
	expect_line(e, "", 0);
}

KTEST(line_edit, history_goes_back_and_forth)
{
	struct line_edit *e = new_editor(0);
	static const char *const line[] = { "mem", "frames", "heap" };

	for (unsigned i = 0; i < 3; i++) {
		type(e, line[i], strlen(line[i]));
		EXPECT_EQ(TYPE(e, "\n"), LINE_DONE);
		line_edit_begin(e, 0);
	}
	TYPE(e, "why\033[A");
	expect_line(e, "heap", 4);
	TYPE(e, "\x10\x10\x10\x10");
	expect_line(e, "mem", 3);
	TYPE(e, "\x0e\033[B");
	expect_line(e, "heap", 4);
	TYPE(e, "\x0e\x0e");
	expect_line(e, "why", 3);
}

KTEST(line_edit, history_keeps_no_line_twice_and_no_empty_one)
{
	struct line_edit *e = new_editor(0);

	TYPE(e, "mem\n");
	line_edit_begin(e, 0);
	TYPE(e, "\n");
	line_edit_begin(e, 0);
	TYPE(e, "mem\n");
	EXPECT_EQ(e->nhistory, 1);
	for (unsigned i = 0; i < 3 * LINE_HISTORY; i++) {
		char c = (char)('a' + i % 26);
		line_edit_begin(e, 0);
		type(e, &c, 1);
		TYPE(e, "\n");
	}
	line_edit_begin(e, 0);
	for (unsigned i = 0; i < 2 * LINE_HISTORY; i++)
		TYPE(e, "\x10");
	const char oldest = 'a' + (3 * LINE_HISTORY - LINE_HISTORY) % 26;
	EXPECT_EQ(e->text[0], oldest);
	EXPECT_EQ(e->len, 1);
}

KTEST(line_edit, a_full_line_stays_and_says_so)
{
	struct line_edit *e = new_editor(0);

	for (unsigned i = 0; i < LINE_SIZE; i++)
		TYPE(e, "x");
	EXPECT(!e->too_long);
	TYPE(e, "yz");
	EXPECT(e->too_long);
	EXPECT_EQ(e->len, LINE_SIZE);
	expect_shown(e);
	EXPECT_EQ(TYPE(e, "\n"), LINE_DONE);
	EXPECT_EQ(e->nhistory, 0);
	line_edit_begin(e, 0);
	for (unsigned i = 0; i <= LINE_SIZE; i++)
		TYPE(e, "x");
	TYPE(e, "\x15");
	EXPECT(!e->too_long);
	TYPE(e, "\x19");
	EXPECT_EQ(e->len, LINE_SIZE);
	TYPE(e, "\n");
	EXPECT_EQ(e->nhistory, 1);
	line_edit_begin(e, 0);
	TYPE(e, "\x10");
	EXPECT_EQ(e->len, LINE_SIZE);
	TYPE(e, "z\x10");
	EXPECT(e->too_long);
	TYPE(e, "\x0e");
	EXPECT(!e->too_long);
}

KTEST(line_edit, ends_and_drops_lines)
{
	struct line_edit *e = new_editor(0);

	TYPE(e, "mem\x02");
	EXPECT_EQ(TYPE(e, "\x03"), LINE_DROPPED);
	EXPECT_EQ(e->len, 0);
	EXPECT_EQ(e->nhistory, 0);
	EXPECT_EQ(terminal.rows, 1);
	EXPECT_EQ(TYPE(e, "\t"), LINE_COMPLETE);
	EXPECT_EQ(TYPE(e, "\x0c"), LINE_REDRAW);
	EXPECT_EQ(TYPE(e, "\r"), LINE_DONE);
	line_edit_begin(e, 0);
	EXPECT_EQ(TYPE(e, "\n"), LINE_TYPING); /* of CR LF */
	EXPECT_EQ(TYPE(e, "\n"), LINE_DONE);
	EXPECT_EQ(TYPE(e, "\xff\x80\x1f"), LINE_TYPING);
	EXPECT_EQ(e->len, 0);
}

KTEST(line_edit, is_drawn_again_where_it_was)
{
	struct line_edit *e = new_editor(0);

	TYPE(e, "frames map\033[D\033[D");
	new_row();
	line_edit_show(e);
	expect_line(e, "frames map", 8);
}

/* After each of many keys the terminal shows what it should, however narrow it is. */
KTEST(line_edit, any_keys_are_shown_right_at_any_width)
{
	static const char *const key[] = { "a",     "b ",    "xyz",   "\b",   "\x01",
					   "\x05",  "\x02",  "\x06",  "\x0b", "\x15",
					   "\x17",  "\x19",  "\x10",  "\x0e", "\x04",
					   "\033b", "\033f", "\033d", "\n" };

	for (size_t width = 0; width < 60; width += width < 3 ? 1 : 13) {
		struct line_edit *e = new_editor(width);
		for (unsigned i = 0; i < 3000; i++) {
			const char *k = key[ktest_random() % (sizeof(key) / sizeof(key[0]))];
			if (type(e, k, strlen(k)) == LINE_DONE)
				line_edit_begin(e, width);
			REQUIRE(e->cursor <= e->len && e->len <= LINE_SIZE);
			expect_shown(e);
		}
	}
}
