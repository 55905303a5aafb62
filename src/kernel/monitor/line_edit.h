/* SPDX-License-Identifier: MIT */
/*
 * line_edit.h - one line that a person types, with the keys of Emacs and of terminals. Bytes go in,
 * bytes go out; it knows neither console nor kernel.
 *
 * Out go printable bytes, backspaces and newlines only, so that any terminal shows the line, and a
 * pipe has it as it was typed. A line longer than the terminal is wide moves sideways.
 */
#ifndef ACRE_KERNEL_LINE_EDIT_H
#define ACRE_KERNEL_LINE_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_SIZE    256u
#define LINE_HISTORY 16u /* a power of two */

/* What a byte has led to. */
enum line_event {
	LINE_TYPING,
	LINE_DONE,     /* Enter: .text[0, .len) is the line; the cursor is on the next one */
	LINE_DROPPED,  /* Ctrl-C: likewise, and the line is empty */
	LINE_COMPLETE, /* Tab */
	LINE_REDRAW,   /* Ctrl-L */
};

struct line_edit {
	char text[LINE_SIZE];
	size_t len;
	size_t cursor;
	bool too_long; /* something was typed that did not fit */

	/* All of these are for line_edit.c alone. */
	void (*put)(const char *text, size_t len);
	size_t width;         /* columns for the text; 0: any number */
	size_t from;          /* the first byte that is shown */
	size_t drawn;         /* so many are */
	size_t column;        /* where the terminal's cursor is, from .from on */
	unsigned char escape; /* how much of an escape sequence has come */
	unsigned char parameter;
	char last; /* CR, if that was the last byte: an LF after it is nothing */
	char killed[LINE_SIZE];
	size_t nkilled;
	char history[LINE_HISTORY][LINE_SIZE]; /* a ring; terminated unless full */
	unsigned nhistory;                     /* lines ever kept */
	unsigned shown;        /* lines back that is shown; 0: the one being typed */
	char typed[LINE_SIZE]; /* that, while another one is shown */
	size_t ntyped;
};

/* line_edit_init - no line, no history. @put shows @len bytes at @text. */
void line_edit_init(struct line_edit *e, void (*put)(const char *text, size_t len));

/*
 * line_edit_begin - a new, empty line; the prompt has just been printed. @width: columns that are
 * left of the terminal, 0 for any number.
 */
void line_edit_begin(struct line_edit *e, size_t width);

/* line_edit_byte - a byte was typed. Keys that mean nothing are ignored. O(length of the line). */
enum line_event line_edit_byte(struct line_edit *e, char c);

/* line_edit_insert - as if @text[0, @len), which is printable, was typed at the cursor. */
void line_edit_insert(struct line_edit *e, const char *text, size_t len);

/* line_edit_show - draw the line again: the terminal's cursor is just after the prompt. */
void line_edit_show(struct line_edit *e);

#endif
