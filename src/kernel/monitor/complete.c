/* SPDX-License-Identifier: MIT */
/* complete.c - what Tab does. The candidates are walked as often as needed; nothing is kept. */
#include "kernel/monitor/complete.h"

#include "kernel/command.h"
#include "kernel/tty.h"
#include "kernel/words.h"
#include "lib/print.h"
#include "lib/string.h"

#define DEFAULT_COLUMNS 80u

/* The word before the cursor, and the names that it may become. */
struct begun {
	const char *text;
	size_t len;
	const char *(*candidate)(size_t i);
};

static struct begun word_begun(const struct line_edit *e)
{
	struct begun begun = { .candidate = command_name };
	size_t start = e->cursor;
	size_t at = 0;
	struct word first;
	char name[LINE_SIZE + 1];

	while (start > 0 && e->text[start - 1] != ' ')
		start--;
	begun.text = e->text + start;
	begun.len = e->cursor - start;
	if (word_next(e->text, start, &at, &first)) {
		memcpy(name, first.text, first.len);
		name[first.len] = '\0';
		const struct command *command = command_find(name);
		begun.candidate = command != NULL ? command->candidate : NULL;
	}
	return begun;
}

static bool may_become(const struct begun *begun, const char *name)
{
	return strlen(name) >= begun->len && memcmp(name, begun->text, begun->len) == 0;
}

/* The next candidate that fits, from the *@i-th on; NULL if there is none. */
static const char *next_fit(const struct begun *begun, size_t *i)
{
	const char *name;

	while (begun->candidate != NULL && (name = begun->candidate(*i)) != NULL) {
		++*i;
		if (may_become(begun, name))
			return name;
	}
	return NULL;
}

bool complete(struct line_edit *e)
{
	struct begun begun = word_begun(e);
	char common[LINE_SIZE]; /* what all that fit begin with */
	size_t i = 0, len = 0;
	bool any = false, several = false;

	for (const char *name; (name = next_fit(&begun, &i)) != NULL; any = true) {
		size_t n = 0;
		while (n < LINE_SIZE && name[n] != '\0' &&
		       (!any || (n < len && name[n] == common[n])))
			n++;
		if (!any)
			memcpy(common, name, n);
		several |= any && (n < len || name[n] != '\0'); /* a name may come twice */
		len = n;
	}
	if (several && len == begun.len)
		return true;
	if (any)
		line_edit_insert(e, common + begun.len, len - begun.len);
	if (any && !several && e->len < LINE_SIZE)
		line_edit_insert(e, " ", 1);
	return false;
}

/* In columns of equal width, as many as there is room for. */
void complete_list(const struct line_edit *e)
{
	struct begun begun = word_begun(e);
	size_t columns = tty_terminal.columns != 0 ? tty_terminal.columns : DEFAULT_COLUMNS;
	size_t widest = 0, at = 0;
	const char *name;

	for (size_t i = 0; (name = next_fit(&begun, &i)) != NULL;)
		widest = strlen(name) > widest ? strlen(name) : widest;
	tty_begin();
	acre_print("\n");
	for (size_t i = 0; (name = next_fit(&begun, &i)) != NULL;) {
		acre_print("%-*s", (int)widest + 2, name);
		at += widest + 2;
		if (at + widest + 2 > columns) {
			at = 0;
			acre_print("\n");
			if (!tty_more())
				break;
		}
	}
	if (at != 0)
		acre_print("\n");
	(void)tty_end();
}
