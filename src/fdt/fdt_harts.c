/* SPDX-License-Identifier: MIT */
/*
 * fdt_harts.c - the harts of /cpus, and how fast their clock ticks.
 *
 * As in fdt_memory.c a node is judged when its properties are complete. A cpu is a child of /cpus
 * with that name or that device_type. Its `reg` has #address-cells of /cpus for each hart, and
 * #size-cells is 0 whether or not the tree says so (3.7); usually there is one hart to a node.
 */
#include "fdt/fdt_harts.h"

#include "fdt/fdt_token_internal.h"

enum { REG, STATUS, DEVICE_TYPE, ISA, ISA_BASE, ISA_EXTENSIONS, MMU_TYPE, NPROPERTIES };

_Static_assert(NPROPERTIES == FDT_HART_PROPERTIES, "the cursor has a slot for each property");

static const char *const property_name[NPROPERTIES] = {
	[REG] = "reg",
	[STATUS] = "status",
	[DEVICE_TYPE] = "device_type",
	[ISA] = "riscv,isa",
	[ISA_BASE] = "riscv,isa-base",
	[ISA_EXTENSIONS] = "riscv,isa-extensions",
	[MMU_TYPE] = "mmu-type",
};

void fdt_harts_begin(struct fdt_hart_cursor *c, const struct fdt *fdt)
{
	*c = (struct fdt_hart_cursor){ .fdt = fdt };
	fdt_walk(&c->walk, fdt);
	fdt_cells_init(&c->cells);
}

static bool hart_has(const struct fdt_hart_cursor *c, unsigned which)
{
	return (c->seen >> which & 1) != 0;
}

/* The value of a string property, NULL if it is not there or is none. */
static const char *text_of(const struct fdt_hart_cursor *c, unsigned which)
{
	const char *text = NULL;

	if (!hart_has(c, which) || fdt_read_string(c->fdt, &c->property[which], &text) != ACRE_OK)
		return NULL;
	return text;
}

static bool is_cpu(const struct fdt_hart_cursor *c)
{
	if (fdt_node_is_named(c->fdt, &c->node, "cpu"))
		return true;
	return text_of(c, DEVICE_TYPE) != NULL &&
	       fdt_block_equals(&c->fdt->structure, c->property[DEVICE_TYPE].value, "cpu");
}

/* How many harts `reg` lists; one, to be reported as broken, where that cannot be said. */
static enum acre_status count_harts(struct fdt_hart_cursor *c)
{
	uint32_t entry = c->cells.address * FDT_CELL;

	c->count = 1;
	if (c->cells.address_why != ACRE_OK)
		return c->cells.address_why;
	if (!hart_has(c, REG))
		return ACRE_ERR_NOT_FOUND;
	if (entry == 0 || c->property[REG].length == 0 || c->property[REG].length % entry != 0)
		return ACRE_ERR_MALFORMED;
	c->count = c->property[REG].length / entry;
	return ACRE_OK;
}

/* May the harts of the node be started? Not if its status is in doubt. */
static void read_hart_status(const struct fdt_hart_cursor *c, struct fdt_hart *hart)
{
	enum fdt_state state = FDT_STATE_OKAY;

	if (hart_has(c, STATUS) && fdt_read_status(c->fdt, &c->property[STATUS], &state) != ACRE_OK)
		state = FDT_STATE_OTHER;
	hart->enabled = state == FDT_STATE_OKAY;
	hart->doubtful = state == FDT_STATE_OTHER;
}

/* Hart @c->index of the node. */
static void describe_hart(struct fdt_hart_cursor *c, struct fdt_hart *hart)
{
	uint32_t width = c->cells.address;

	*hart = (struct fdt_hart){
		.why = count_harts(c),
		.index = c->index,
		.isa = text_of(c, ISA),
		.isa_base = text_of(c, ISA_BASE),
		.isa_extensions = hart_has(c, ISA_EXTENSIONS) ? c->property[ISA_EXTENSIONS]
							      : (struct fdt_property){ 0 },
		.mmu_type = text_of(c, MMU_TYPE),
		.name = c->node.name,
		.node = c->node.offset,
	};
	read_hart_status(c, hart);
	if (hart->why == ACRE_OK) /* index < length / 4: the product fits */
		hart->why = fdt_read_cells(c->fdt, &c->property[REG], c->index * width, width,
					   &hart->id);
	c->index++;
}

static void begin_hart_node(struct fdt_hart_cursor *c, const struct fdt_node *node)
{
	if (node->depth == 1)
		c->in_cpus = fdt_node_is_named(c->fdt, node, "cpus");
	if (node->depth == 1 && c->in_cpus)
		fdt_cells_init(&c->cells);
	c->pending = node->depth == 2 && c->in_cpus;
	c->seen = 0;
	c->node = *node;
}

static void note_hart_property(struct fdt_hart_cursor *c, const struct fdt_event *event)
{
	if (event->depth == 1 && c->in_cpus) {
		fdt_cells_note(c->fdt, &event->property, &c->cells);
		return;
	}
	if (!c->pending)
		return;
	uint32_t which = fdt_property_index(c->fdt, &event->property, property_name, NPROPERTIES);
	if (which < NPROPERTIES && !hart_has(c, which)) {
		c->seen |= 1u << which;
		c->property[which] = event->property;
	}
}

/* Until the properties of a cpu are complete. What says so, a node in it or its end, is not needed. */
static enum acre_status walk_to_next_cpu(struct fdt_hart_cursor *c)
{
	struct fdt_event event = { 0 };

	for (;;) {
		enum acre_status s = fdt_next(&c->walk, &event);

		if (s != ACRE_OK)
			return s;
		if (event.kind == FDT_EVENT_PROPERTY) {
			note_hart_property(c, &event);
		} else if (c->pending && is_cpu(c)) {
			c->pending = false;
			return ACRE_OK;
		} else if (event.kind == FDT_EVENT_NODE) {
			begin_hart_node(c, &event.node);
		} else {
			c->pending = false;
		}
	}
}

enum acre_status fdt_harts_next(struct fdt_hart_cursor *c, struct fdt_hart *hart)
{
	if (c->index >= c->count) {
		enum acre_status s = walk_to_next_cpu(c);

		if (s != ACRE_OK)
			return s;
		c->index = 0;
	}
	describe_hart(c, hart);
	return ACRE_OK;
}

/* Does this property say how fast the clock ticks? *@hz is what it says, if it is any use. */
static enum acre_status read_timebase(const struct fdt *fdt, const struct fdt_property *p,
				      uint64_t *hz)
{
	uint64_t value = 0;
	enum acre_status s = fdt_read_number(fdt, p, &value);

	if (s == ACRE_OK && value == 0)
		return ACRE_ERR_MALFORMED;
	if (s == ACRE_OK)
		*hz = value;
	return s;
}

enum acre_status fdt_timebase(const struct fdt *fdt, uint64_t *hz)
{
	struct fdt_cursor cursor;
	struct fdt_event event = { 0 };
	bool in_cpus = false;
	enum acre_status s, found = ACRE_ERR_NOT_FOUND;

	fdt_walk(&cursor, fdt);
	while (found != ACRE_OK && (s = fdt_next(&cursor, &event)) != ACRE_ERR_END) {
		if (s != ACRE_OK)
			return s;
		if (event.kind == FDT_EVENT_NODE && event.depth == 1)
			in_cpus = fdt_node_is_named(fdt, &event.node, "cpus");
		if (event.kind == FDT_EVENT_PROPERTY && in_cpus && event.depth <= 2 &&
		    fdt_property_is_named(fdt, &event.property, "timebase-frequency"))
			found = read_timebase(fdt, &event.property, hz);
	}
	return found;
}
