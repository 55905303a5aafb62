/* SPDX-License-Identifier: MIT */
/* grid.c - cells in rows. */
#include "kernel/monitor/grid.h"

#include "kernel/command.h"
#include "kernel/text.h"
#include "kernel/tty.h"
#include "lib/align.h"
#include "lib/fmt.h"
#include "lib/print.h"

#define LABEL_WIDTH     22u /* "  0x0000000080000000  " */
#define DEFAULT_COLUMNS 80u
#define MAX_CELLS       128u /* in a row: a power of two */

const char *grid_shade(uint64_t used, uint64_t all, bool ascii)
{
	static const char *const plain[GRID_SHADES] = { ".", "-", "+", "*", "#" };
	static const char *const block[GRID_SHADES] = { "\u00b7", "\u2591", "\u2592", "\u2593",
							"\u2588" };
	unsigned shade = 0;

	if (all != 0 && used == all)
		shade = GRID_SHADES - 1;
	else if (used != 0)
		shade = 1 + (unsigned)(used / (all / (GRID_SHADES - 2) + 1));
	return ascii ? plain[shade] : block[shade];
}

/* The largest power of two of cells for which there is room. */
static unsigned cells_in_a_row(void)
{
	unsigned columns = tty_terminal.columns != 0 ? tty_terminal.columns : DEFAULT_COLUMNS;
	unsigned cells = MAX_CELLS;

	while (cells > 1 && LABEL_WIDTH + cells >= columns)
		cells /= 2;
	return cells;
}

bool grid_print(struct acre_range range, uint64_t unit, unsigned rows,
		void (*cell)(struct acre_range part, void *context), void *context)
{
	unsigned cells = cells_in_a_row();
	uint64_t start = align_down(range.start, unit);
	char size[FMT_SIZE_LEN];

	while ((range.end - start) / unit > (uint64_t)cells * rows) {
		unit *= 2;
		start = align_down(range.start, unit);
	}
	acre_print("  each sign is %s\n", fmt_size(size, unit));
	while (start < range.end) {
		acre_print("  0x%016llx  ", (ull)start);
		for (unsigned i = 0; i < cells && start < range.end; i++, start += unit) {
			struct acre_range part = { start, start + unit };
			if (part.start < range.start)
				part.start = range.start;
			if (part.end > range.end)
				part.end = range.end;
			cell(part, context);
		}
		acre_print("\n");
		if (!command_more())
			return false;
	}
	return true;
}
