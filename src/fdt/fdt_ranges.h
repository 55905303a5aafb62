/* SPDX-License-Identifier: MIT */
/*
 * fdt_ranges.h - cell counts, (address, size) pairs, and translation through a bus (Devicetree
 * Specification v0.4, 2.3.5, 2.3.6 and 2.3.8).
 */
#ifndef ACRE_FDT_FDT_RANGES_H
#define ACRE_FDT_FDT_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "fdt/fdt.h"
#include "lib/attributes.h"

/*
 * Entries of one `ranges` that are looked at: bounds the cost of a hostile one. Else ACRE_ERR_FULL.
 */
#define FDT_MAX_RANGES 32u

/* How a node counts the cells in the `reg` of its children. */
struct fdt_cells {
	uint32_t address; /* #address-cells, 0 .. FDT_MAX_CELLS */
	uint32_t size;    /* #size-cells, 0 .. FDT_MAX_CELLS */
	bool address_seen;
	bool size_seen;
	enum acre_status address_why; /* ACRE_OK, or why @address is of no use */
	enum acre_status size_why;    /* the same for @size */
};

/*@ predicate good_counts(struct fdt_cells c) =
	c.address <= FDT_MAX_CELLS && c.size <= FDT_MAX_CELLS; */

/* fdt_cells_init - what holds where a node does not say: 2 and 1. */
/*@
	requires \valid(cells);
	assigns *cells;
	ensures good_counts(*cells);
*/
void fdt_cells_init(struct fdt_cells *cells);

/*
 * fdt_cells_note - if @property is the first #address-cells or #size-cells that @cells is shown,
 * take its value over. A value that is not one cell counts as ACRE_ERR_MALFORMED, one past
 * FDT_MAX_CELLS as ACRE_ERR_UNSUPPORTED; it is remembered, and the functions that need the count
 * return it.
 * Result: was it one of the two?
 */
/*@
	requires readable_tree(fdt) && \valid_read(property) && \valid(cells);
	requires \separated(cells, fdt) && \separated(cells, property);
	requires good_counts(*cells);
	assigns *cells;
	ensures good_counts(*cells);
*/
bool fdt_cells_note(const struct fdt *fdt, const struct fdt_property *property,
		    struct fdt_cells *cells);

/*
 * fdt_cells_why - ACRE_OK if both counts are of use, else why not; fdt_cells_culprit - the name
 * of the property that is at fault, "" if none is.
 */
/*@
	requires \valid_read(cells);
	assigns \nothing;
	ensures \result == ACRE_OK <==>
		cells->address_why == ACRE_OK && cells->size_why == ACRE_OK;
*/
enum acre_status fdt_cells_why(const struct fdt_cells *cells);
/*@
	requires \valid_read(cells);
	assigns \result \from *cells;
*/
const char *fdt_cells_culprit(const struct fdt_cells *cells);

/*
 * fdt_pair_count - *@count = how many (address, size) pairs @reg holds.
 * Result: ACRE_OK with *@count > 0; ACRE_ERR_TRUNCATED if @reg is empty, ACRE_ERR_MALFORMED if its
 *         length is not a multiple of a pair or a pair has no cells (*@count untouched).
 * Pre:    fdt_cells_why() is ACRE_OK, here and below.
 */
/*@
	requires \valid_read(reg) && \valid_read(cells) && \valid(count);
	requires \separated(count, reg) && \separated(count, cells) && good_counts(*cells);
	assigns *count;
	ensures \result == ACRE_OK ==> 0 < *count &&
		*count * 4 * (cells->address + cells->size) == reg->length;
	ensures \result != ACRE_OK ==> *count == \old(*count);
*/
acre_nodiscard enum acre_status fdt_pair_count(const struct fdt_property *reg,
					       const struct fdt_cells *cells, uint32_t *count);

/*
 * fdt_read_base, fdt_read_size - the two halves of pair @index of @reg. Their sum is not checked:
 * it may be past 2^64. Result: as fdt_read_cells(). O(1).
 */
/*@
	requires readable_tree(fdt) && \valid_read(reg) && \valid_read(cells) && \valid(base);
	requires \separated(base, fdt) && \separated(base, reg) && \separated(base, cells);
	requires good_counts(*cells);
	assigns *base;
	ensures \result == ACRE_OK ==> *base == cells_at(&fdt->structure,
		reg->value + 4 * (index * (cells->address + cells->size)), cells->address);
	ensures \result != ACRE_OK ==> *base == \old(*base);
*/
acre_nodiscard enum acre_status fdt_read_base(const struct fdt *fdt, const struct fdt_property *reg,
					      const struct fdt_cells *cells, uint32_t index,
					      uint64_t *base);
/*@
	requires readable_tree(fdt) && \valid_read(reg) && \valid_read(cells) && \valid(size);
	requires \separated(size, fdt) && \separated(size, reg) && \separated(size, cells);
	requires good_counts(*cells);
	assigns *size;
	ensures \result == ACRE_OK ==> *size == cells_at(&fdt->structure,
		reg->value + 4 * (index * (cells->address + cells->size) + cells->address),
		cells->size);
	ensures \result != ACRE_OK ==> *size == \old(*size);
*/
acre_nodiscard enum acre_status fdt_read_size(const struct fdt *fdt, const struct fdt_property *reg,
					      const struct fdt_cells *cells, uint32_t index,
					      uint64_t *size);

/*
 * fdt_translate - map @size bytes at *@address of a bus to its parent by the bus's `ranges`: none
 * of it changes if @ranges is empty, else one entry must hold all of it.
 * Pre:    @child are the bus's own counts, @parent those of the node above.
 * Result: ACRE_OK; ACRE_ERR_RANGE if no entry holds it; ACRE_ERR_MALFORMED, ACRE_ERR_OVERFLOW,
 *         ACRE_ERR_FULL for a `ranges` that cannot be read (*@address unchanged on failure).
 *         O(FDT_MAX_RANGES).
 */
/*@
	requires readable_tree(fdt) && \valid_read(ranges) && \valid(address);
	requires \valid_read(child) && \valid_read(parent);
	requires \separated(address, fdt) && \separated(address, ranges);
	requires \separated(address, child) && \separated(address, parent);
	requires good_counts(*child) && good_counts(*parent);
	assigns *address;
	ensures \result == ACRE_OK && ranges->length != 0 ==> *address + size <= UINT64_MAX;
	ensures \result != ACRE_OK || ranges->length == 0 ==> *address == \old(*address);
*/
acre_nodiscard enum acre_status fdt_translate(const struct fdt *fdt,
					      const struct fdt_property *ranges,
					      const struct fdt_cells *child,
					      const struct fdt_cells *parent, uint64_t size,
					      uint64_t *address);

#endif
