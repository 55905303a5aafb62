/* SPDX-License-Identifier: MIT */
/*
 * fdt_ranges.h - cell counts, (address, size) pairs, and translation through a bus (Devicetree
 * Specification v0.4, 2.3.5, 2.3.6 and 2.3.8).
 */
#ifndef FDT_FDT_RANGES_H
#define FDT_FDT_RANGES_H

#include <stdint.h>

#include "fdt/fdt.h"

/* Entries of one `ranges` that are looked at: bounds the cost of a hostile one. Past it: ERR_FULL.
 */
#define FDT_MAX_RANGES 32u

/* How a node counts the cells in the `reg` of its children. */
struct fdt_cells {
	uint32_t address; /* #address-cells, 0 .. FDT_MAX_CELLS */
	uint32_t size;    /* #size-cells, 0 .. FDT_MAX_CELLS */
};

/* fdt_cells_init - what holds where a node does not say: 2 and 1. */
void fdt_cells_init(struct fdt_cells *cells);

/*
 * fdt_cells_note - if @property is #address-cells or #size-cells, take its value over into *@cells.
 * Result: STATUS_OK, also for any other property; ERR_MALFORMED when it is not one cell,
 *         ERR_UNSUPPORTED when it says more than FDT_MAX_CELLS (*@cells unchanged then).
 */
nodiscard enum status fdt_cells_note(const struct fdt *fdt, const struct fdt_property *property,
				     struct fdt_cells *cells);

/*
 * fdt_pair_count - *@count = how many (address, size) pairs @reg holds.
 * Result: STATUS_OK with *@count > 0; ERR_TRUNCATED if @reg is empty, ERR_MALFORMED if its length
 *         is not a multiple of a pair or a pair has no cells (*@count untouched).
 */
nodiscard enum status fdt_pair_count(const struct fdt_property *reg, const struct fdt_cells *cells,
				     uint32_t *count);

/*
 * fdt_read_pair - pair @index of @reg. The end is not looked at: base + size may be past 2^64.
 * Pre:    @index < what fdt_pair_count() said.
 * Result: as fdt_read_cells(). *@base is set as soon as the address could be read, also when the
 *         size could not; *@size is set on STATUS_OK only.
 */
nodiscard enum status fdt_read_pair(const struct fdt *fdt, const struct fdt_property *reg,
				    const struct fdt_cells *cells, uint32_t index, uint64_t *base,
				    uint64_t *size);

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
