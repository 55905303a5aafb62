/* SPDX-License-Identifier: MIT */
/*
 * fdt_memory.c - what a tree says about memory, fact by fact (Devicetree Specification v0.4, 3.4,
 * 3.5, 5.3; the reserved-memory and chosen bindings).
 *
 * The order of properties inside a node is free, but all of them stand before its subnodes. So the
 * properties that count are remembered while they pass (the first of each name), and what the node
 * is gets decided when the next node begins or this one ends:
 *
 *   MEMRESERVE --terminator--> WALK --end of a node's properties--> PAIRS
 *                                ^----------- none left ---------------'
 *
 * WALK looks at events until the properties of a node with a role are complete. That event is left
 * for later: the cursor goes back to it. finish_node() then says how many pairs of `reg` there are
 * to hand out and may hand out one fact of its own; PAIRS hands out the rest, one a call, and WALK
 * meets the event again. Nothing else is ever read twice, so that all calls together are one walk.
 *
 * Roles by place: the root; its children named chosen or reserved-memory; any other child of the
 * root, which may be memory by its name or by its device_type; children of reserved-memory.
 *
 * Where the tree is wrong, memory is left out and reservations are kept, as wide as they can be
 * read. `status` of /reserved-memory itself is not looked at, for the same reason.
 */
#include "fdt/fdt_memory.h"

#include "fdt/fdt_token_internal.h"
#include "lib/align.h"

enum { PHASE_MEMRESERVE, PHASE_WALK, PHASE_PAIRS };

enum { ROLE_NONE, ROLE_ROOT, ROLE_CHOSEN, ROLE_MEMORY, ROLE_RESERVED_ROOT, ROLE_RESERVED };

enum {
	REG,
	STATUS,
	DEVICE_TYPE,
	NUMA_NODE_ID,
	SIZE,
	ALIGNMENT,
	ALLOC_RANGES,
	NO_MAP,
	REUSABLE,
	INITRD_START,
	INITRD_END,
	USABLE_RANGE,
	USABLE_MEMORY,
	ELFCOREHDR,
	NPROPERTIES
};

_Static_assert(NPROPERTIES == FDT_MEMORY_PROPERTIES, "the cursor has a slot for each property");

static const char *const property_name[NPROPERTIES] = {
	[REG] = "reg",
	[STATUS] = "status",
	[DEVICE_TYPE] = "device_type",
	[NUMA_NODE_ID] = "numa-node-id",
	[SIZE] = "size",
	[ALIGNMENT] = "alignment",
	[ALLOC_RANGES] = "alloc-ranges",
	[NO_MAP] = "no-map",
	[REUSABLE] = "reusable",
	[INITRD_START] = "linux,initrd-start",
	[INITRD_END] = "linux,initrd-end",
	[USABLE_RANGE] = "linux,usable-memory-range",
	[USABLE_MEMORY] = "linux,usable-memory",
	[ELFCOREHDR] = "linux,elfcorehdr",
};

void fdt_memory_begin(struct fdt_memory_cursor *c, const struct fdt *fdt)
{
	*c = (struct fdt_memory_cursor){ .fdt = fdt, .phase = PHASE_MEMRESERVE, .role = ROLE_NONE };
	fdt_walk(&c->walk, fdt);
	fdt_cells_init(&c->root_cells);
	fdt_cells_init(&c->reserved_cells);
}

/* ---- facts ----------------------------------------------------------------------------------- */

static bool node_has(const struct fdt_memory_cursor *c, unsigned which)
{
	return (c->seen >> which & 1) != 0;
}

/* A fact about the pending node; the rest of it is for the caller to fill in. */
static void node_fact(const struct fdt_memory_cursor *c, struct fdt_memory_fact *fact,
		      enum fdt_fact_kind kind)
{
	*fact = (struct fdt_memory_fact){
		.kind = kind,
		.about = kind,
		.no_map = node_has(c, NO_MAP),
		.reusable = node_has(c, REUSABLE),
		.index = c->index,
		.numa_node = c->numa_node,
		.name = c->node.name,
		.node = c->node,
		.property = "",
	};
}

static void set_range(struct fdt_memory_fact *fact, uint64_t base, uint64_t size)
{
	fact->has_range = true;
	fact->base = base;
	fact->size = size;
}

/* Turn @fact, which would have been good, into a complaint about the pending node's @property. */
static void spoil(struct fdt_memory_fact *fact, enum acre_status why, const char *property)
{
	fact->kind = FDT_FACT_MALFORMED;
	fact->why = why;
	fact->property = property;
}

static bool malformed(const struct fdt_memory_cursor *c, struct fdt_memory_fact *fact,
		      enum fdt_fact_kind about, enum acre_status why, unsigned which)
{
	node_fact(c, fact, about);
	spoil(fact, why, property_name[which]);
	if (node_has(c, which))
		fact->value = c->property[which];
	return true;
}

/* The counts in the parent are at fault. */
static bool malformed_cells(const struct fdt_memory_cursor *c, struct fdt_memory_fact *fact,
			    enum fdt_fact_kind about, const struct fdt_cells *cells)
{
	node_fact(c, fact, about);
	if (fdt_cells_why(cells) != ACRE_OK)
		spoil(fact, fdt_cells_why(cells), fdt_cells_culprit(cells));
	else /* an address or a size of no cells says nothing */
		spoil(fact, ACRE_ERR_INVALID,
		      cells->address == 0 ? "#address-cells" : "#size-cells");
	return true;
}

static bool cells_are_good(const struct fdt_cells *cells)
{
	return fdt_cells_why(cells) == ACRE_OK && cells->address != 0 && cells->size != 0;
}

/* ---- the reservation block ------------------------------------------------------------------- */

static enum acre_status next_memreserve(struct fdt_memory_cursor *c, struct fdt_memory_fact *fact)
{
	uint64_t base, size;
	enum acre_status s = fdt_reserve_entry(c->fdt, c->index, &base, &size);

	if (s != ACRE_OK)
		return s;
	*fact = (struct fdt_memory_fact){
		.kind = FDT_FACT_MEMRESERVE,
		.about = FDT_FACT_MEMRESERVE,
		.index = c->index++,
		.numa_node = FDT_NO_NUMA_NODE,
		.name = "",
		.node = { .name = "" },
		.property = "",
	};
	set_range(fact, base, size);
	if (size > UINT64_MAX - base) {
		spoil(fact, ACRE_ERR_OVERFLOW, "");
		fact->size = UINT64_MAX - base;
	}
	return ACRE_OK;
}

/* ---- nodes whose properties are complete ----------------------------------------------------- */

/* finish_*() - true when *@fact was filled in; c->count pairs are to be handed out afterwards. */

/*
 * Is the pending node not switched off? @c->status_why says whether that is in doubt: the value
 * cannot be read, or is an unknown word.
 */
static bool is_enabled(struct fdt_memory_cursor *c)
{
	enum fdt_state state = FDT_STATE_OKAY;

	c->status_why = ACRE_OK;
	if (node_has(c, STATUS))
		c->status_why = fdt_read_status(c->fdt, &c->property[STATUS], &state);
	if (state == FDT_STATE_OTHER)
		c->status_why = ACRE_ERR_INVALID;
	return state != FDT_STATE_OFF;
}

static bool has_memory_type(const struct fdt_memory_cursor *c)
{
	const char *type;

	if (!node_has(c, DEVICE_TYPE) ||
	    fdt_read_string(c->fdt, &c->property[DEVICE_TYPE], &type) != ACRE_OK)
		return false;
	return fdt_block_equals(&c->fdt->structure, c->property[DEVICE_TYPE].value, "memory");
}

/* What lists the memory of the node: a kernel that is started by another is given part of `reg`. */
static unsigned memory_list(const struct fdt_memory_cursor *c)
{
	return node_has(c, USABLE_MEMORY) ? USABLE_MEMORY : REG;
}

static bool finish_memory(struct fdt_memory_cursor *c, struct fdt_memory_fact *fact)
{
	bool typed = has_memory_type(c);
	enum acre_status s;

	if (!typed && !fdt_node_is_named(c->fdt, &c->node, "memory"))
		return false;
	if (!is_enabled(c))
		return false;
	if (c->status_why != ACRE_OK)
		return malformed(c, fact, FDT_FACT_MEMORY, c->status_why, STATUS);
	if (!typed && node_has(c, DEVICE_TYPE)) /* says that it is something else */
		return malformed(c, fact, FDT_FACT_MEMORY, ACRE_ERR_MALFORMED, DEVICE_TYPE);
	if (!cells_are_good(&c->root_cells))
		return malformed_cells(c, fact, FDT_FACT_MEMORY, &c->root_cells);
	const unsigned list = memory_list(c);
	if (!node_has(c, list))
		return malformed(c, fact, FDT_FACT_MEMORY, ACRE_ERR_NOT_FOUND, list);
	s = fdt_pair_count(&c->property[list], &c->root_cells, &c->count);
	if (s != ACRE_OK)
		return malformed(c, fact, FDT_FACT_MEMORY, s, list);
	if (!node_has(c, NUMA_NODE_ID))
		return false;
	s = fdt_read_u32(c->fdt, &c->property[NUMA_NODE_ID], &c->numa_node);
	/* The memory is good anyway: its pairs follow, with no node. */
	return s != ACRE_OK && malformed(c, fact, FDT_FACT_MEMORY, s, NUMA_NODE_ID);
}

/* `size` is as wide as an address or size of /reserved-memory, and so is `alignment`. */
static enum acre_status read_whole(const struct fdt_memory_cursor *c, unsigned which,
				   uint64_t *value)
{
	const struct fdt_property *p = &c->property[which];

	if (p->length != c->reserved_cells.size * FDT_CELL)
		return ACRE_ERR_MALFORMED;
	return fdt_read_cells(c->fdt, p, 0, c->reserved_cells.size, value);
}

static enum acre_status read_alignment(const struct fdt_memory_cursor *c, uint64_t *alignment)
{
	enum acre_status s;

	*alignment = 0;
	if (!node_has(c, ALIGNMENT))
		return ACRE_OK;
	s = read_whole(c, ALIGNMENT, alignment);
	return s == ACRE_OK && *alignment != 0 && !is_power_of_two(*alignment) ? ACRE_ERR_INVALID
									       : s;
}

static enum acre_status count_windows(const struct fdt_memory_cursor *c, uint32_t *count)
{
	*count = 0;
	if (!node_has(c, ALLOC_RANGES))
		return ACRE_OK;
	return fdt_pair_count(&c->property[ALLOC_RANGES], &c->reserved_cells, count);
}

static bool finish_dynamic(struct fdt_memory_cursor *c, struct fdt_memory_fact *fact)
{
	uint64_t size, alignment;
	uint32_t nwindows;
	enum acre_status s = read_whole(c, SIZE, &size);

	if (s == ACRE_OK && size == 0)
		s = ACRE_ERR_INVALID;
	if (s != ACRE_OK)
		return malformed(c, fact, FDT_FACT_DYNAMIC, s, SIZE);
	if ((s = read_alignment(c, &alignment)) != ACRE_OK)
		malformed(c, fact, FDT_FACT_DYNAMIC, s, ALIGNMENT);
	else if ((s = count_windows(c, &nwindows)) != ACRE_OK)
		malformed(c, fact, FDT_FACT_DYNAMIC, s, ALLOC_RANGES);
	else if (c->status_why != ACRE_OK)
		malformed(c, fact, FDT_FACT_DYNAMIC, c->status_why, STATUS);
	else
		node_fact(c, fact, FDT_FACT_DYNAMIC);
	if (s == ACRE_OK)
		fact->nwindows = nwindows;
	fact->size = size;
	fact->alignment = alignment;
	return true;
}

static bool finish_reserved(struct fdt_memory_cursor *c, struct fdt_memory_fact *fact)
{
	enum acre_status s;

	if (!is_enabled(c))
		return false;
	if (node_has(c, REG) ? c->property[REG].length == 0 : !node_has(c, SIZE))
		return malformed(c, fact, FDT_FACT_RESERVED, ACRE_ERR_NOT_FOUND, REG);
	if (!cells_are_good(&c->reserved_cells))
		return malformed_cells(c, fact,
				       node_has(c, REG) ? FDT_FACT_RESERVED : FDT_FACT_DYNAMIC,
				       &c->reserved_cells);
	if (!node_has(c, REG))
		return finish_dynamic(c, fact);
	s = fdt_pair_count(&c->property[REG], &c->reserved_cells, &c->count);
	return s != ACRE_OK && malformed(c, fact, FDT_FACT_RESERVED, s, REG);
}

/* One turn even where there are no pairs: usable_pair() says why. */
static void finish_usable_range(struct fdt_memory_cursor *c)
{
	if (!node_has(c, USABLE_RANGE))
		return;
	c->usable_why = ACRE_ERR_INVALID;
	if (cells_are_good(&c->root_cells))
		c->usable_why =
			fdt_pair_count(&c->property[USABLE_RANGE], &c->root_cells, &c->count);
	if (c->usable_why != ACRE_OK)
		c->count = 1;
}

static bool finish_initrd(struct fdt_memory_cursor *c, struct fdt_memory_fact *fact)
{
	uint64_t start, end;
	enum acre_status s;

	if (!node_has(c, INITRD_START) && !node_has(c, INITRD_END))
		return false;
	if (!node_has(c, INITRD_START))
		return malformed(c, fact, FDT_FACT_INITRD, ACRE_ERR_NOT_FOUND, INITRD_START);
	if (!node_has(c, INITRD_END))
		return malformed(c, fact, FDT_FACT_INITRD, ACRE_ERR_NOT_FOUND, INITRD_END);
	s = fdt_read_number(c->fdt, &c->property[INITRD_START], &start);
	if (s != ACRE_OK)
		return malformed(c, fact, FDT_FACT_INITRD, s, INITRD_START);
	s = fdt_read_number(c->fdt, &c->property[INITRD_END], &end);
	if (s != ACRE_OK)
		return malformed(c, fact, FDT_FACT_INITRD, s, INITRD_END);
	if (end < start) /* an end of 0 is what templates of boards have */
		return malformed(c, fact, FDT_FACT_INITRD, ACRE_ERR_NOT_FOUND, INITRD_END);
	if (end == start) /* how some loaders say that there is none */
		return false;
	node_fact(c, fact, FDT_FACT_INITRD);
	set_range(fact, start, end - start);
	return true;
}

static bool finish_node(struct fdt_memory_cursor *c, struct fdt_memory_fact *fact)
{
	c->index = 0;
	c->count = 0;
	switch (c->role) {
	case ROLE_CHOSEN:
		finish_usable_range(c);
		c->count += node_has(c, ELFCOREHDR); /* after the pairs */
		return finish_initrd(c, fact);
	case ROLE_MEMORY:
		return finish_memory(c, fact);
	case ROLE_RESERVED:
		return finish_reserved(c, fact);
	default:
		return false; /* what they say was noted as it came */
	}
}

/* ---- pairs of reg ---------------------------------------------------------------------------- */

/* Pair @index of a list in the cells of the root. */
static enum acre_status read_pair(const struct fdt_memory_cursor *c, unsigned list, uint32_t index,
				  uint64_t *base, uint64_t *size)
{
	const struct fdt_property *pairs = &c->property[list];
	enum acre_status s = fdt_read_base(c->fdt, pairs, &c->root_cells, index, base);

	if (s == ACRE_OK)
		s = fdt_read_size(c->fdt, pairs, &c->root_cells, index, size);
	return s == ACRE_OK && *size > UINT64_MAX - *base ? ACRE_ERR_OVERFLOW : s;
}

/* True when *@fact was filled in: an empty pair is no fact. */
static bool memory_pair(struct fdt_memory_cursor *c, struct fdt_memory_fact *fact)
{
	const unsigned list = memory_list(c);
	uint64_t base = 0, size = 0;
	enum acre_status s = read_pair(c, list, c->index, &base, &size);

	if (s != ACRE_OK)
		return malformed(c, fact, FDT_FACT_MEMORY, s, list);
	if (size == 0)
		return false;
	node_fact(c, fact, FDT_FACT_MEMORY);
	fact->property = property_name[list];
	set_range(fact, base, size);
	return true;
}

/* Is an address under /reserved-memory what it is above? */
static bool ranges_are_identity(const struct fdt_memory_cursor *c)
{
	return !c->has_ranges || c->ranges.length == 0;
}

/* Move *@address of /reserved-memory, where @size bytes are, through its `ranges` to the root. */
static enum acre_status translate(const struct fdt_memory_cursor *c, uint64_t size,
				  uint64_t *address)
{
	if (ranges_are_identity(c))
		return ACRE_OK;
	if (fdt_cells_why(&c->root_cells) != ACRE_OK)
		return fdt_cells_why(&c->root_cells);
	if (!cells_are_good(&c->root_cells))
		return ACRE_ERR_INVALID;
	return fdt_translate(c->fdt, &c->ranges, &c->reserved_cells, &c->root_cells, size, address);
}

/* Move the range of @fact through `ranges`. False, and the range gone, if that does not work. */
static bool move_reservation(const struct fdt_memory_cursor *c, struct fdt_memory_fact *fact)
{
	enum acre_status s = translate(c, fact->size, &fact->base);

	if (s == ACRE_OK)
		return true;
	spoil(fact, s, "ranges");
	fact->value = c->ranges;
	fact->has_range = false;
	return false;
}

/*
 * A size that is too large for its type, or that ends past the last address, is taken to reach the
 * last address. A base that cannot be read leaves nothing to say.
 */
static bool reserved_pair(struct fdt_memory_cursor *c, struct fdt_memory_fact *fact)
{
	const struct fdt_property *reg = &c->property[REG];
	uint64_t base, size;
	enum acre_status s = fdt_read_base(c->fdt, reg, &c->reserved_cells, c->index, &base);

	if (s != ACRE_OK)
		return malformed(c, fact, FDT_FACT_RESERVED, s, REG);
	s = fdt_read_size(c->fdt, reg, &c->reserved_cells, c->index, &size);
	if (s == ACRE_OK && size > UINT64_MAX - base)
		s = ACRE_ERR_OVERFLOW;
	if (s != ACRE_OK) {
		malformed(c, fact, FDT_FACT_RESERVED, s, REG);
		if (ranges_are_identity(c))
			set_range(fact, base, UINT64_MAX - base);
		return true;
	}
	node_fact(c, fact, FDT_FACT_RESERVED);
	set_range(fact, base, size);
	if (move_reservation(c, fact) && c->status_why != ACRE_OK) {
		spoil(fact, c->status_why, property_name[STATUS]);
		fact->value = c->property[STATUS];
	}
	return true;
}

/* What is said to be usable is taken at its narrowest: a pair that wraps is none. */
static bool usable_pair(struct fdt_memory_cursor *c, struct fdt_memory_fact *fact)
{
	uint64_t base = 0, size = 0;
	enum acre_status s = c->usable_why;

	if (!cells_are_good(&c->root_cells))
		return malformed_cells(c, fact, FDT_FACT_USABLE, &c->root_cells);
	if (s == ACRE_OK)
		s = read_pair(c, USABLE_RANGE, c->index, &base, &size);
	if (s != ACRE_OK)
		return malformed(c, fact, FDT_FACT_USABLE, s, USABLE_RANGE);
	node_fact(c, fact, FDT_FACT_USABLE);
	set_range(fact, base, size);
	return true;
}

/* The header of another kernel's dump: one pair. */
static bool elfcorehdr(struct fdt_memory_cursor *c, struct fdt_memory_fact *fact)
{
	uint64_t base = 0, size = 0;
	uint32_t count = 0;
	enum acre_status s;

	if (!cells_are_good(&c->root_cells))
		return malformed_cells(c, fact, FDT_FACT_ELFCOREHDR, &c->root_cells);
	s = fdt_pair_count(&c->property[ELFCOREHDR], &c->root_cells, &count);
	if (s == ACRE_OK && count != 1)
		s = ACRE_ERR_MALFORMED;
	if (s == ACRE_OK)
		s = read_pair(c, ELFCOREHDR, 0, &base, &size);
	if (s != ACRE_OK)
		return malformed(c, fact, FDT_FACT_ELFCOREHDR, s, ELFCOREHDR);
	node_fact(c, fact, FDT_FACT_ELFCOREHDR);
	set_range(fact, base, size);
	return true;
}

enum acre_status fdt_alloc_range(const struct fdt_memory_cursor *c, uint32_t index, uint64_t *base,
				 uint64_t *size)
{
	const struct fdt_property *pairs = &c->property[ALLOC_RANGES];
	uint64_t from, length;
	enum acre_status s = fdt_read_base(c->fdt, pairs, &c->reserved_cells, index, &from);

	if (s == ACRE_OK)
		s = fdt_read_size(c->fdt, pairs, &c->reserved_cells, index, &length);
	if (s == ACRE_OK && length > UINT64_MAX - from)
		s = ACRE_ERR_OVERFLOW;
	if (s == ACRE_OK)
		s = translate(c, length, &from);
	if (s != ACRE_OK)
		return s;
	*base = from;
	*size = length;
	return ACRE_OK;
}

static bool pair(struct fdt_memory_cursor *c, struct fdt_memory_fact *fact)
{
	switch (c->role) {
	case ROLE_MEMORY:
		return memory_pair(c, fact);
	case ROLE_CHOSEN:
		if (node_has(c, ELFCOREHDR) && c->index == c->count - 1)
			return elfcorehdr(c, fact);
		return usable_pair(c, fact);
	default:
		return reserved_pair(c, fact);
	}
}

/* The next pair of the pending node that is a fact; false when none is left. */
static bool next_pair(struct fdt_memory_cursor *c, struct fdt_memory_fact *fact)
{
	while (c->index < c->count) {
		bool is_fact = pair(c, fact);

		c->index++;
		if (is_fact)
			return true;
	}
	return false;
}

/* ---- the walk -------------------------------------------------------------------------------- */

static uint32_t role_of(const struct fdt_memory_cursor *c, const struct fdt_node *node)
{
	if (node->depth == 0)
		return ROLE_ROOT;
	if (node->depth == 2 && c->in_reserved)
		return ROLE_RESERVED;
	if (node->depth != 1)
		return ROLE_NONE;
	if (fdt_node_is_named(c->fdt, node, "reserved-memory"))
		return ROLE_RESERVED_ROOT;
	if (fdt_node_is_named(c->fdt, node, "chosen"))
		return ROLE_CHOSEN;
	return ROLE_MEMORY;
}

static void begin_memory_node(struct fdt_memory_cursor *c, const struct fdt_node *node)
{
	if (node->depth == 1)
		c->in_reserved = false;
	c->role = role_of(c, node);
	if (c->role == ROLE_NONE)
		return;
	c->node = *node;
	c->seen = 0;
	c->numa_node = FDT_NO_NUMA_NODE;
	if (c->role == ROLE_RESERVED_ROOT) {
		c->in_reserved = true;
		c->has_ranges = false;
		fdt_cells_init(&c->reserved_cells);
	}
}

static void note_memory_property(struct fdt_memory_cursor *c, const struct fdt_property *p)
{
	if (c->role == ROLE_NONE)
		return;
	if (c->role == ROLE_ROOT) {
		fdt_cells_note(c->fdt, p, &c->root_cells);
		return;
	}
	if (c->role == ROLE_RESERVED_ROOT) {
		if (!fdt_cells_note(c->fdt, p, &c->reserved_cells) && !c->has_ranges &&
		    fdt_property_is_named(c->fdt, p, "ranges")) {
			c->has_ranges = true;
			c->ranges = *p;
		}
		return;
	}
	uint32_t which = fdt_property_index(c->fdt, p, property_name, NPROPERTIES);
	if (which < NPROPERTIES && !node_has(c, which)) {
		c->seen |= 1u << which;
		c->property[which] = *p;
	}
}

/*
 * Walk until a node with a role has shown all its properties (ACRE_OK, the walk standing before
 * the event that said so) or the tree ends.
 */
static enum acre_status walk_to_next_role(struct fdt_memory_cursor *c)
{
	struct fdt_event event = { 0 };

	for (;;) {
		struct fdt_cursor here = c->walk;
		enum acre_status s = fdt_next(&c->walk, &event);

		if (s != ACRE_OK)
			return s;
		if (event.kind == FDT_EVENT_PROPERTY) {
			note_memory_property(c, &event.property);
		} else if (c->role != ROLE_NONE) {
			c->walk = here;
			return ACRE_OK;
		} else if (event.kind == FDT_EVENT_NODE) {
			begin_memory_node(c, &event.node);
		}
	}
}

enum acre_status fdt_memory_next(struct fdt_memory_cursor *c, struct fdt_memory_fact *fact)
{
	enum acre_status s;

	if (c->phase == PHASE_MEMRESERVE) {
		s = next_memreserve(c, fact);
		if (s != ACRE_ERR_END)
			return s;
		c->phase = PHASE_WALK;
	}
	for (;;) {
		if (c->phase == PHASE_PAIRS) {
			if (next_pair(c, fact))
				return ACRE_OK;
			c->role = ROLE_NONE;
			c->phase = PHASE_WALK;
		}
		s = walk_to_next_role(c);
		if (s != ACRE_OK)
			return s;
		c->phase = PHASE_PAIRS;
		if (finish_node(c, fact))
			return ACRE_OK;
	}
}
