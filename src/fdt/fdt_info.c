/* SPDX-License-Identifier: MIT */
/* fdt_info.c - single answers: model, boot arguments, the address of a device. */
#include "fdt/fdt_info.h"

#include "fdt/fdt_ranges.h"

static enum acre_status node_string(const struct fdt *fdt, const char *path, const char *name,
				    const char **text)
{
	struct fdt_property property;
	struct fdt_node node;
	enum acre_status s = fdt_find(fdt, path, &node);

	if (s == ACRE_OK)
		s = fdt_find_property(fdt, &node, name, &property);
	if (s == ACRE_OK)
		s = fdt_read_string(fdt, &property, text);
	return s;
}

enum acre_status fdt_model(const struct fdt *fdt, const char **text)
{
	return node_string(fdt, "/", "model", text);
}

enum acre_status fdt_compatible(const struct fdt *fdt, const char **text)
{
	return node_string(fdt, "/", "compatible", text);
}

enum acre_status fdt_bootargs(const struct fdt *fdt, const char **text)
{
	return node_string(fdt, "/chosen", "bootargs", text);
}

enum acre_status fdt_copy_bootargs(const struct fdt *fdt, char *buf, size_t size)
{
	struct fdt_property p;
	struct fdt_node node;
	enum acre_status s = fdt_find(fdt, "/chosen", &node);

	if (s == ACRE_OK)
		s = fdt_find_property(fdt, &node, "bootargs", &p);
	return s == ACRE_OK ? fdt_copy_text(fdt, &p, buf, size) : s;
}

static bool is_distance_map(const struct fdt *fdt, const struct fdt_node *node)
{
	struct fdt_property p;

	return fdt_find_property(fdt, node, "compatible", &p) == ACRE_OK &&
	       fdt_has_string(fdt, &p, "numa-distance-map-v1");
}

/* Cells of an entry: from, to, distance. */
#define DISTANCE_CELLS 3u

enum acre_status fdt_find_distances(const struct fdt *fdt, struct fdt_property *matrix)
{
	struct fdt_node node;
	enum acre_status s = fdt_find(fdt, "/distance-map", &node);

	if (s != ACRE_OK || !is_distance_map(fdt, &node))
		return ACRE_ERR_NOT_FOUND;
	s = fdt_find_property(fdt, &node, "distance-matrix", matrix);
	if (s != ACRE_OK)
		return s;
	return matrix->length % (DISTANCE_CELLS * FDT_CELL) == 0 ? ACRE_OK : ACRE_ERR_MALFORMED;
}

enum acre_status fdt_read_distance(const struct fdt *fdt, const struct fdt_property *matrix,
				   uint32_t index, struct fdt_distance *distance)
{
	uint64_t cell[DISTANCE_CELLS] = { 0 };
	enum acre_status s = ACRE_OK;

	if (index >= matrix->length / (DISTANCE_CELLS * FDT_CELL))
		return ACRE_ERR_END;
	for (uint32_t i = 0; s == ACRE_OK && i < DISTANCE_CELLS; i++)
		s = fdt_read_cells(fdt, matrix, index * DISTANCE_CELLS + i, 1, &cell[i]);
	if (s != ACRE_OK)
		return s;
	*distance = (struct fdt_distance){
		.from = (uint32_t)cell[0],
		.to = (uint32_t)cell[1],
		.distance = (uint32_t)cell[2],
	};
	return ACRE_OK;
}

/* ---- devices --------------------------------------------------------------------------------- */

/* What a node on the path from the root says to those below it. */
struct level {
	struct fdt_cells cells;
	bool enabled;
	bool has_ranges;
	uint32_t ranges; /* offset of the value */
	uint32_t ranges_length;
};

/* The node whose properties are being read. */
struct candidate {
	struct fdt_node node;
	struct fdt_property reg;
	bool pending;
	bool has_reg;
	bool compatible;
	bool compatible_seen;
	bool status_seen;
};

struct search {
	const struct fdt *fdt;
	const char *compatible;
	struct candidate candidate;
	struct level level[FDT_MAX_DEPTH]; /* by depth */
};

static void begin_device_node(struct search *search, const struct fdt_node *node)
{
	struct level *level = &search->level[node->depth];

	*level = (struct level){ .enabled = true };
	if (node->depth != 0)
		level->enabled = search->level[node->depth - 1].enabled;
	fdt_cells_init(&level->cells);
	search->candidate = (struct candidate){ .node = *node, .pending = true };
}

static void note_status(struct search *search, struct level *level, const struct fdt_property *p)
{
	enum fdt_state state = FDT_STATE_OTHER;

	if (search->candidate.status_seen)
		return;
	search->candidate.status_seen = true;
	if (fdt_read_status(search->fdt, p, &state) != ACRE_OK || state != FDT_STATE_OKAY)
		level->enabled = false;
}

static void note_device_property(struct search *search, const struct fdt_event *event)
{
	const struct fdt *fdt = search->fdt;
	const struct fdt_property *p = &event->property;
	struct level *level = &search->level[event->depth];
	struct candidate *candidate = &search->candidate;

	if (fdt_cells_note(fdt, p, &level->cells))
		return;
	if (!candidate->has_reg && fdt_property_is_named(fdt, p, "reg")) {
		candidate->has_reg = true;
		candidate->reg = *p;
	} else if (!candidate->compatible_seen && fdt_property_is_named(fdt, p, "compatible")) {
		candidate->compatible_seen = true;
		candidate->compatible = fdt_has_string(fdt, p, search->compatible);
	} else if (!level->has_ranges && fdt_property_is_named(fdt, p, "ranges")) {
		level->has_ranges = true;
		level->ranges = p->value;
		level->ranges_length = p->length;
	} else if (fdt_property_is_named(fdt, p, "status")) {
		note_status(search, level, p);
	}
}

/* From the bus at @depth up to the root, whose addresses are physical. */
static bool to_physical(const struct search *search, uint32_t depth, uint64_t size,
			uint64_t *address)
{
	for (; depth > 0; depth--) {
		const struct level *bus = &search->level[depth];
		const struct level *above = &search->level[depth - 1];
		struct fdt_property ranges = { .value = bus->ranges, .length = bus->ranges_length };

		if (!bus->has_ranges || fdt_cells_why(&above->cells) != ACRE_OK ||
		    fdt_translate(search->fdt, &ranges, &bus->cells, &above->cells, size,
				  address) != ACRE_OK)
			return false;
	}
	return true;
}

/* The properties of the candidate are complete: is it the device, and where? */
static bool finish_candidate(struct search *search, struct fdt_device *device)
{
	const struct candidate *c = &search->candidate;
	uint64_t base, size = 0;
	uint32_t count;

	if (!c->pending || !c->compatible || !c->has_reg || c->node.depth == 0)
		return false;
	uint32_t depth = c->node.depth;
	if (!search->level[depth].enabled)
		return false;
	const struct fdt_cells *cells = &search->level[depth - 1].cells;
	if (fdt_cells_why(cells) != ACRE_OK || cells->address == 0 ||
	    fdt_pair_count(&c->reg, cells, &count) != ACRE_OK ||
	    fdt_read_base(search->fdt, &c->reg, cells, 0, &base) != ACRE_OK ||
	    fdt_read_size(search->fdt, &c->reg, cells, 0, &size) != ACRE_OK ||
	    size > UINT64_MAX - base || !to_physical(search, depth - 1, size, &base))
		return false;
	*device = (struct fdt_device){ .node = c->node, .base = base, .size = size };
	return true;
}

enum acre_status fdt_find_compatible(const struct fdt *fdt, const char *compatible,
				     struct fdt_device *device)
{
	struct search search = { .fdt = fdt, .compatible = compatible };
	struct fdt_cursor cursor;
	struct fdt_event event = { 0 };
	enum acre_status s;

	fdt_walk(&cursor, fdt);
	while ((s = fdt_next(&cursor, &event)) == ACRE_OK) {
		if (event.kind == FDT_EVENT_PROPERTY) {
			note_device_property(&search, &event);
			continue;
		}
		if (finish_candidate(&search, device))
			return ACRE_OK;
		search.candidate.pending = false;
		if (event.kind == FDT_EVENT_NODE)
			begin_device_node(&search, &event.node);
	}
	return s == ACRE_ERR_END ? ACRE_ERR_NOT_FOUND : s;
}
