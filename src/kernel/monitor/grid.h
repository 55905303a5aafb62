/* SPDX-License-Identifier: MIT */
/* grid.h - maps of memory: rows of cells, each a character that says how its bytes are used. */
#ifndef ACRE_KERNEL_GRID_H
#define ACRE_KERNEL_GRID_H

#include <stdbool.h>
#include <stdint.h>

#include "mm/types.h"

/* So many steps from a cell of which nothing is used to one that is used up. */
#define GRID_SHADES 5u

/* grid_shade - the sign of a share of @used in @all; that of nothing for an @all of 0. */
const char *grid_shade(uint64_t used, uint64_t all, bool ascii);

/*
 * grid_print - @range in rows as wide as the terminal, at most @rows of them, each with its address
 * in front. A cell stands for the same number of bytes, which is @unit times a power of two, and
 * which is said first; cell() prints the one for the part that it gets. Result: false if the person
 * has had enough.
 */
bool grid_print(struct acre_range range, uint64_t unit, unsigned rows,
		void (*cell)(struct acre_range part, void *context), void *context);

#endif
