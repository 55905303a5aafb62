/* SPDX-License-Identifier: MIT */
/*
 * fdt_ranges.h - cell counts, (address, size) pairs, and translation through a bus (Devicetree
 * Specification v0.4, 2.3.5, 2.3.6 and 2.3.8).
 */
#ifndef FDT_FDT_RANGES_H
#define FDT_FDT_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "fdt/fdt.h"

/* Entries of one `ranges` that are looked at: bounds the cost of a hostile one. Past it: ERR_FULL.
 */
#define FDT_MAX_RANGES 32u

/* How a node counts the cells in the `reg` of its children. */
struct fdt_cells {
	uint32_t address; /* #address-cells, 0 .. FDT_MAX_CELLS */
	uint32_t size;    /* #size-cells, 0 .. FDT_MAX_CELLS */
	bool address_seen;
	bool size_seen;
	enum status address_why; /* STATUS_OK, or why @address is of no use */
	enum status size_why;    /* the same for @size */
};

/* fdt_cells_init - what holds where a node does not say: 2 and 1. */
void fdt_cells_init(struct fdt_cells *cells);

/*
 * fdt_cells_note - if @property is the first #address-cells or #size-cells that @cells is shown,
 * take its value over. A value that is not one cell counts as ERR_MALFORMED, one past FDT_MAX_CELLS
 * as ERR_UNSUPPORTED; it is remembered, and comes back from those who need the count.
 * Result: was it one of the two?
 */
bool fdt_cells_note(const struct fdt *fdt, const struct fdt_property *property,
		    struct fdt_cells *cells);

/* fdt_cells_why - STATUS_OK if both counts are of use, else why not; fdt_cells_culprit - the name
 * of the property that is at fault, "" if none is. */
enum status fdt_cells_why(const struct fdt_cells *cells);
const char *fdt_cells_culprit(const struct fdt_cells *cells);

/*
 * fdt_pair_count - *@count = how many (address, size) pairs @reg holds.
 * Result: STATUS_OK with *@count > 0; ERR_TRUNCATED if @reg is empty, ERR_MALFORMED if its length
 *         is not a multiple of a pair or a pair has no cells (*@count untouched).
 * Pre:    fdt_cells_why() is STATUS_OK, here and below.
 */
nodiscard enum status fdt_pair_count(const struct fdt_property *reg, const struct fdt_cells *cells,
				     uint32_t *count);

/*
 * fdt_read_base, fdt_read_size - the two halves of pair @index of @reg. Nobody looks at their sum:
 * it may be past 2^64. Result: as fdt_read_cells(). O(1).
 */
nodiscard enum status fdt_read_base(const struct fdt *fdt, const struct fdt_property *reg,
				    const struct fdt_cells *cells, uint32_t index, uint64_t *base);
nodiscard enum status fdt_read_size(const struct fdt *fdt, const struct fdt_property *reg,
				    const struct fdt_cells *cells, uint32_t index, uint64_t *size);

/*
 * fdt_translate - map @size bytes at *@address of a bus to its parent by the bus's `ranges`: none
 * of it changes if @ranges is empty, else one entry must hold all of it.
 * Pre:    @child are the bus's own counts, @parent those of the node above.
 * Result: STATUS_OK; ERR_RANGE if no entry holds it; ERR_MALFORMED, ERR_OVERFLOW, ERR_FULL for a
 *         `ranges` that cannot be read (*@address unchanged on failure). O(FDT_MAX_RANGES).
 */
nodiscard enum status fdt_translate(const struct fdt *fdt, const struct fdt_property *ranges,
				    const struct fdt_cells *child, const struct fdt_cells *parent,
				    uint64_t size, uint64_t *address);

#endif
