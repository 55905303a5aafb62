/* SPDX-License-Identifier: MIT */
/* terminal.c - reading what terminal.h describes. */
#include "kernel/terminal.h"

#include "kernel/words.h"

const char *terminal_read(struct terminal *terminal, const char *text, size_t len)
{
	struct terminal found = { .ansi = true };
	uint64_t columns, rows;
	size_t x = 0, comma;

	if (word_is(text, len, "none")) {
		*terminal = (struct terminal){ 0 };
		return NULL;
	}
	while (x < len && text[x] != 'x')
		x++;
	for (comma = x; comma < len && text[comma] != ',';)
		comma++;
	if (comma < len) {
		if (!word_is(text + comma + 1, len - comma - 1, "dumb"))
			return "may have `,dumb` after the size and nothing else";
		found.ansi = false;
	}
	if (x == len || !word_to_number(text, x, &columns) ||
	    !word_to_number(text + x + 1, comma - x - 1, &rows))
		return "must be columns and rows, like 80x24, or none";
	if (columns < TERMINAL_MIN_COLUMNS || columns > TERMINAL_MAX_SIZE ||
	    rows < TERMINAL_MIN_ROWS || rows > TERMINAL_MAX_SIZE)
		return "must be 20 to 1000 columns and 4 to 1000 rows";
	found.columns = (unsigned)columns;
	found.rows = (unsigned)rows;
	*terminal = found;
	return NULL;
}
