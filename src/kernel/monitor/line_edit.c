/* SPDX-License-Identifier: MIT */
/*
 * line_edit.c - the line editor.
 *
 * The terminal shows text[from, from + drawn), and its cursor stands at text[from + column]. Each
 * key changes text and cursor, and then draw() makes the terminal agree: it moves to the first byte
 * that differs, by backspaces or by printing what stands there already; prints the rest; blanks
 * what is left of the old line; and moves back. Between keys column == cursor - from.
 */
#include "kernel/monitor/line_edit.h"

#include "lib/string.h"

#define CTRL(letter) ((letter) - '@')
#define NO_CHANGE    LINE_SIZE /* as the first byte that differs: only the cursor has moved */

/* ---- what the terminal shows ------------------------------------------------------------------ */

static void put_times(struct line_edit *e, char c, size_t times)
{
	while (times-- != 0)
		e->put(&c, 1);
}

/* Move to @column, between 0 and what is drawn. */
static void move_to(struct line_edit *e, size_t column)
{
	if (column < e->column)
		put_times(e, '\b', e->column - column);
	else
		e->put(e->text + e->from + e->column, column - e->column);
	e->column = column;
}

/* Show text[from + column, ...) from the cursor on, and blanks where more was shown before. */
static void draw_rest(struct line_edit *e)
{
	size_t n = e->len - e->from;

	if (e->width != 0 && n > e->width)
		n = e->width;
	e->put(e->text + e->from + e->column, n - e->column);
	e->column = n;
	if (e->drawn > n) {
		put_times(e, ' ', e->drawn - n);
		put_times(e, '\b', e->drawn - n);
	}
	e->drawn = n;
}

/* Which part is shown, so that the cursor is in it? True if it is another one now. */
static bool scroll(struct line_edit *e)
{
	size_t from = e->from;

	if (e->width == 0)
		return false;
	if (e->cursor < from)
		from = e->cursor > e->width / 2 ? e->cursor - e->width / 2 : 0;
	else if (e->cursor - from > e->width - 1)
		from = e->cursor - e->width / 2;
	if (from == e->from)
		return false;
	put_times(e, '\b', e->column);
	e->column = 0;
	e->from = from;
	return true;
}

/* text[changed, ...) is new. */
static void draw(struct line_edit *e, size_t changed)
{
	if (scroll(e)) {
		draw_rest(e);
	} else if (changed < NO_CHANGE) {
		size_t at = changed > e->from ? changed - e->from : 0;
		if (at < e->column)
			move_to(e, at);
		draw_rest(e);
	}
	move_to(e, e->cursor - e->from);
}

void line_edit_show(struct line_edit *e)
{
	e->column = e->drawn = 0;
	(void)scroll(e);
	draw_rest(e);
	move_to(e, e->cursor - e->from);
}

/* ---- changes ---------------------------------------------------------------------------------- */

void line_edit_insert(struct line_edit *e, const char *text, size_t len)
{
	size_t at = e->cursor;

	if (len > LINE_SIZE - e->len) {
		e->too_long = true;
		return;
	}
	memmove(e->text + at + len, e->text + at, e->len - at);
	memcpy(e->text + at, text, len);
	e->len += len;
	e->cursor += len;
	draw(e, at);
}

static void delete (struct line_edit *e, size_t from, size_t to)
{
	if (from == to)
		return;
	memmove(e->text + from, e->text + to, e->len - to);
	e->len -= to - from;
	e->cursor = from;
	e->too_long = e->too_long && e->len != 0;
	draw(e, from);
}

static void kill(struct line_edit *e, size_t from, size_t to)
{
	if (from != to) {
		e->nkilled = to - from;
		memcpy(e->killed, e->text + from, e->nkilled);
	}
	delete (e, from, to);
}

static void move_cursor(struct line_edit *e, size_t to)
{
	e->cursor = to;
	draw(e, NO_CHANGE);
}

static size_t word_before(const struct line_edit *e)
{
	size_t at = e->cursor;

	while (at > 0 && e->text[at - 1] == ' ')
		at--;
	while (at > 0 && e->text[at - 1] != ' ')
		at--;
	return at;
}

static size_t word_after(const struct line_edit *e)
{
	size_t at = e->cursor;

	while (at < e->len && e->text[at] == ' ')
		at++;
	while (at < e->len && e->text[at] != ' ')
		at++;
	return at;
}

/* ---- history ---------------------------------------------------------------------------------- */

/* The line that was kept as the @back-th last. */
static const char *kept(const struct line_edit *e, unsigned back, size_t *len)
{
	const char *line = e->history[(e->nhistory - back) % LINE_HISTORY];

	for (*len = 0; *len < LINE_SIZE && line[*len] != '\0';)
		++*len;
	return line;
}

/* Not an empty one, and not the last one again. */
static void keep_line(struct line_edit *e)
{
	char *line = e->history[e->nhistory % LINE_HISTORY];
	size_t len = 0;
	const char *last = e->nhistory != 0 ? kept(e, 1, &len) : NULL;

	if (e->len == 0 || e->too_long ||
	    (last != NULL && len == e->len && memcmp(last, e->text, len) == 0))
		return;
	memcpy(line, e->text, e->len);
	if (e->len < LINE_SIZE)
		line[e->len] = '\0';
	e->nhistory++;
}

static void replace_line(struct line_edit *e, const char *text, size_t len)
{
	memcpy(e->text, text, len);
	e->len = e->cursor = len;
	e->too_long = false;
	draw(e, 0);
}

static void show_kept(struct line_edit *e, unsigned back)
{
	size_t len;
	const char *line;

	if (e->shown == 0) {
		memcpy(e->typed, e->text, e->len);
		e->ntyped = e->len;
	}
	e->shown = back;
	if (back == 0) {
		replace_line(e, e->typed, e->ntyped);
		return;
	}
	line = kept(e, back, &len);
	replace_line(e, line, len);
}

static void older(struct line_edit *e)
{
	if (e->shown < e->nhistory && e->shown < LINE_HISTORY)
		show_kept(e, e->shown + 1);
}

static void newer(struct line_edit *e)
{
	if (e->shown != 0)
		show_kept(e, e->shown - 1);
}

/* ---- keys ------------------------------------------------------------------------------------- */

static enum line_event end_line(struct line_edit *e, enum line_event event)
{
	move_cursor(e, e->len);
	if (event == LINE_DROPPED) {
		e->len = 0;
		e->too_long = false;
		e->put("^C", 2);
	} else {
		keep_line(e);
	}
	e->put("\n", 1);
	return event;
}

static enum line_event control_key(struct line_edit *e, char c)
{
	switch (c) {
	case '\r':
	case '\n':
		return end_line(e, LINE_DONE);
	case CTRL('C'):
		return end_line(e, LINE_DROPPED);
	case '\t':
		return LINE_COMPLETE;
	case CTRL('L'):
		return LINE_REDRAW;
	case '\b':
	case 127:
		delete (e, e->cursor != 0 ? e->cursor - 1 : 0, e->cursor);
		break;
	case CTRL('D'):
		delete (e, e->cursor, e->cursor < e->len ? e->cursor + 1 : e->cursor);
		break;
	case CTRL('U'):
		kill(e, 0, e->cursor);
		break;
	case CTRL('K'):
		kill(e, e->cursor, e->len);
		break;
	case CTRL('W'):
		kill(e, word_before(e), e->cursor);
		break;
	case CTRL('Y'):
		line_edit_insert(e, e->killed, e->nkilled);
		break;
	case CTRL('A'):
		move_cursor(e, 0);
		break;
	case CTRL('E'):
		move_cursor(e, e->len);
		break;
	case CTRL('B'):
		move_cursor(e, e->cursor != 0 ? e->cursor - 1 : 0);
		break;
	case CTRL('F'):
		move_cursor(e, e->cursor < e->len ? e->cursor + 1 : e->len);
		break;
	case CTRL('P'):
		older(e);
		break;
	case CTRL('N'):
		newer(e);
		break;
	default:
		break;
	}
	return LINE_TYPING;
}

/* ESC and a letter. */
static void meta_key(struct line_edit *e, char c)
{
	if (c == 'b')
		move_cursor(e, word_before(e));
	else if (c == 'f')
		move_cursor(e, word_after(e));
	else if (c == 'd')
		kill(e, e->cursor, word_after(e));
	else if (c == 127)
		kill(e, word_before(e), e->cursor);
}

/* ESC [ or ESC O, digits, and this. */
static void terminal_key(struct line_edit *e, char c)
{
	static const char by_number[] = { ['1'] = CTRL('A'),
					  ['3'] = CTRL('D'),
					  ['4'] = CTRL('E'),
					  ['7'] = CTRL('A'),
					  ['8'] = CTRL('E') };
	static const struct {
		char key, control;
	} same[] = { { 'A', CTRL('P') }, { 'B', CTRL('N') }, { 'C', CTRL('F') },
		     { 'D', CTRL('B') }, { 'H', CTRL('A') }, { 'F', CTRL('E') } };

	if (c == '~' && e->parameter < sizeof(by_number))
		(void)control_key(e, by_number[e->parameter]);
	for (unsigned i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		if (same[i].key == c)
			(void)control_key(e, same[i].control);
	}
}

enum { NO_ESCAPE, AFTER_ESCAPE, IN_SEQUENCE };

/* A byte of an escape sequence. False: it is none, and the sequence ends before it. */
static bool escape_byte(struct line_edit *e, char c)
{
	unsigned char state = e->escape;

	e->escape = NO_ESCAPE;
	if ((unsigned char)c < ' ')
		return false;
	if (state == AFTER_ESCAPE && (c == '[' || c == 'O')) {
		e->escape = IN_SEQUENCE;
		e->parameter = 0;
	} else if (state == AFTER_ESCAPE) {
		meta_key(e, c);
	} else if (c >= '0' && c <= '?') {
		e->escape = IN_SEQUENCE;
		e->parameter = e->parameter == 0 ? (unsigned char)c : 1;
	} else {
		terminal_key(e, c);
	}
	return true;
}

enum line_event line_edit_byte(struct line_edit *e, char c)
{
	char last = e->last;

	e->last = c;
	if (e->escape != NO_ESCAPE && escape_byte(e, c))
		return LINE_TYPING;
	if (c == '\n' && last == '\r')
		return LINE_TYPING; /* of CR LF */
	if (c == CTRL('['))
		e->escape = AFTER_ESCAPE;
	else if ((unsigned char)c < ' ' || c == 127)
		return control_key(e, c);
	else if ((unsigned char)c <= '~')
		line_edit_insert(e, &c, 1);
	return LINE_TYPING;
}

/* ---- beginning -------------------------------------------------------------------------------- */

void line_edit_init(struct line_edit *e, void (*put)(const char *text, size_t len))
{
	memset(e, 0, sizeof(*e));
	e->put = put;
}

void line_edit_begin(struct line_edit *e, size_t width)
{
	e->len = e->cursor = e->from = e->drawn = e->column = 0;
	e->too_long = false;
	e->escape = NO_ESCAPE;
	e->shown = 0;
	e->width = width;
}
