/* SPDX-License-Identifier: MIT */
/* fdt_ranges.c - cell counts, (address, size) pairs, and translation through a bus. */
#include "fdt/fdt_ranges.h"

#include "lib/align.h"

/* Assumed where a node does not say (2.3.5). */
#define FDT_DEFAULT_ADDRESS_CELLS 2u
#define FDT_DEFAULT_SIZE_CELLS    1u

void fdt_cells_init(struct fdt_cells *cells)
{
	*cells = (struct fdt_cells){
		.address = FDT_DEFAULT_ADDRESS_CELLS,
		.size = FDT_DEFAULT_SIZE_CELLS,
		.address_why = ACRE_OK,
		.size_why = ACRE_OK,
	};
}

/* The first of a name wins, also when it is of no use. */
/*@
	requires readable_tree(fdt) && \valid_read(p) && \valid(seen) && \valid(count) &&
		\valid(why);
	requires \separated(seen, count, why);
	requires \separated(seen, fdt) && \separated(seen, p) && \separated(count, fdt) &&
		\separated(count, p) && \separated(why, fdt) && \separated(why, p);
	assigns *seen, *count, *why;
	ensures *count == \old(*count) || *count <= FDT_MAX_CELLS;
*/
static void note_count(const struct fdt *fdt, const struct fdt_property *p, bool *seen,
		       uint32_t *count, enum acre_status *why)
{
	uint32_t value = 0;

	if (*seen)
		return;
	enum acre_status s = fdt_read_u32(fdt, p, &value);
	if (s == ACRE_OK && value > FDT_MAX_CELLS)
		s = ACRE_ERR_UNSUPPORTED;
	if (s == ACRE_OK)
		*count = value;
	*seen = true;
	*why = s;
}

bool fdt_cells_note(const struct fdt *fdt, const struct fdt_property *p, struct fdt_cells *cells)
{
	if (fdt_property_is_named(fdt, p, "#address-cells")) {
		note_count(fdt, p, &cells->address_seen, &cells->address, &cells->address_why);
		return true;
	}
	if (fdt_property_is_named(fdt, p, "#size-cells")) {
		note_count(fdt, p, &cells->size_seen, &cells->size, &cells->size_why);
		return true;
	}
	return false;
}

enum acre_status fdt_cells_why(const struct fdt_cells *cells)
{
	return cells->address_why != ACRE_OK ? cells->address_why : cells->size_why;
}

const char *fdt_cells_culprit(const struct fdt_cells *cells)
{
	if (cells->address_why != ACRE_OK)
		return "#address-cells";
	return cells->size_why != ACRE_OK ? "#size-cells" : "";
}

enum acre_status fdt_pair_count(const struct fdt_property *reg, const struct fdt_cells *cells,
				uint32_t *count)
{
	uint32_t pair = (cells->address + cells->size) * FDT_CELL;

	if (reg->length == 0)
		return ACRE_ERR_TRUNCATED;
	if (pair == 0 || reg->length % pair != 0)
		return ACRE_ERR_MALFORMED;
	*count = reg->length / pair;
	return ACRE_OK;
}

/* @count cells, @skip cells into entry @index of a list whose entries have @width cells each. */
/*@
	requires readable_tree(fdt) && \valid_read(list) && \valid(value);
	requires \separated(value, fdt) && \separated(value, list);
	requires width <= 3 * FDT_MAX_CELLS && skip <= 2 * FDT_MAX_CELLS;
	assigns *value;
	ensures \result == ACRE_OK ==> *value ==
		cells_at(&fdt->structure, list->value + 4 * (index * width + skip), count);
	ensures \result != ACRE_OK ==> *value == \old(*value);
*/
static enum acre_status read_entry(const struct fdt *fdt, const struct fdt_property *list,
				   uint32_t width, uint32_t index, uint32_t skip, uint32_t count,
				   uint64_t *value)
{
	uint64_t first = (uint64_t)index * width + skip;

	if (first > UINT32_MAX)
		return ACRE_ERR_TRUNCATED;
	return fdt_read_cells(fdt, list, (uint32_t)first, count, value);
}

enum acre_status fdt_read_base(const struct fdt *fdt, const struct fdt_property *reg,
			       const struct fdt_cells *cells, uint32_t index, uint64_t *base)
{
	return read_entry(fdt, reg, cells->address + cells->size, index, 0, cells->address, base);
}

enum acre_status fdt_read_size(const struct fdt *fdt, const struct fdt_property *reg,
			       const struct fdt_cells *cells, uint32_t index, uint64_t *size)
{
	return read_entry(fdt, reg, cells->address + cells->size, index, cells->address,
			  cells->size, size);
}

/* One entry of `ranges`: @size bytes at @child of the bus are at @parent above it. */
struct window {
	uint64_t child;
	uint64_t parent;
	uint64_t size;
};

/*@
	requires readable_tree(fdt) && \valid_read(ranges) && \valid(w);
	requires \valid_read(child) && \valid_read(parent);
	requires \separated(w, fdt) && \separated(w, ranges);
	requires \separated(w, child) && \separated(w, parent);
	requires good_counts(*child) && good_counts(*parent);
	assigns *w;
*/
static enum acre_status read_window(const struct fdt *fdt, const struct fdt_property *ranges,
				    const struct fdt_cells *child, const struct fdt_cells *parent,
				    uint32_t index, struct window *w)
{
	uint32_t width = child->address + parent->address + child->size;
	enum acre_status s;

	s = read_entry(fdt, ranges, width, index, 0, child->address, &w->child);
	if (s == ACRE_OK)
		s = read_entry(fdt, ranges, width, index, child->address, parent->address,
			       &w->parent);
	if (s == ACRE_OK)
		s = read_entry(fdt, ranges, width, index, child->address + parent->address,
			       child->size, &w->size);
	return s;
}

/* Move *@address from the bus to its parent. ACRE_ERR_RANGE: not in this window. */
/*@
	requires \valid_read(w) && \valid(address) && \separated(address, w);
	assigns *address;
	ensures \result == ACRE_OK ==> w->child <= \old(*address) &&
		\old(*address) - w->child + size <= w->size &&
		*address == w->parent + (\old(*address) - w->child) &&
		*address + size <= UINT64_MAX;
	ensures \result != ACRE_OK ==> *address == \old(*address);
*/
static enum acre_status through_window(const struct window *w, uint64_t size, uint64_t *address)
{
	uint64_t at = *address, start = w->child, room = w->size;
	uint64_t moved, end;

	if (at < start)
		return ACRE_ERR_RANGE;
	uint64_t offset = at - start;
	if (offset >= room || size > room - offset)
		return ACRE_ERR_RANGE;
	if (!add_checked(w->parent, offset, &moved) || !add_checked(moved, size, &end))
		return ACRE_ERR_OVERFLOW;
	*address = moved;
	return ACRE_OK;
}

enum acre_status fdt_translate(const struct fdt *fdt, const struct fdt_property *ranges,
			       const struct fdt_cells *child, const struct fdt_cells *parent,
			       uint64_t size, uint64_t *address)
{
	uint32_t width = (child->address + parent->address + child->size) * FDT_CELL;
	struct window w;

	if (ranges->length == 0)
		return ACRE_OK;
	if (width == 0 || ranges->length % width != 0)
		return ACRE_ERR_MALFORMED;
	uint32_t count = ranges->length / width;
	if (count > FDT_MAX_RANGES)
		return ACRE_ERR_FULL;
	/*@
		loop invariant 0 <= i <= count && *address == \at(*address, Pre);
		loop assigns i, w, *address;
		loop variant count - i;
	*/
	for (uint32_t i = 0; i < count; i++) {
		enum acre_status s = read_window(fdt, ranges, child, parent, i, &w);

		if (s == ACRE_OK)
			s = through_window(&w, size, address);
		if (s != ACRE_ERR_RANGE)
			return s;
	}
	return ACRE_ERR_RANGE;
}
