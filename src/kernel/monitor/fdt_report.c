/* SPDX-License-Identifier: MIT */
/*
 * fdt_report.c - the command `fdt`: the device tree as its source would have it, and after each
 * `reg` of memory that the processor sees, whose that is.
 */
#include "fdt/fdt.h"
#include "kernel/command.h"
#include "kernel/machine.h"
#include "kernel/text.h"
#include "lib/print.h"
#include "lib/string.h"

#define DEFAULT_ADDRESS_CELLS 2u
#define DEFAULT_SIZE_CELLS    1u
#define MAX_VALUE             1024u /* bytes of a value that are shown */
#define PER_LINE              4u    /* cells */

/* What a node says about the `reg` of its children. */
struct bus {
	uint32_t address_cells;
	uint32_t size_cells;
	bool is_mapped; /* their addresses are the processor's */
};

struct printer {
	const struct fdt *fdt;
	struct bus bus[FDT_MAX_DEPTH]; /* of the nodes that are open */
};

static void indent(uint32_t depth)
{
	acre_print("%*s", (int)(4 * depth), "");
}

static uint8_t value_byte(const struct printer *p, const struct fdt_property *property, uint32_t i)
{
	return p->fdt->structure.base[property->value + i];
}

/* ---- values ----------------------------------------------------------------------------------- */

/* One or more strings of printable bytes, none of them empty. */
static bool is_text_list(const struct printer *p, const struct fdt_property *property)
{
	bool after_nul = true;

	for (uint32_t i = 0; i < property->length; i++) {
		uint8_t c = value_byte(p, property, i);
		if (c == 0 ? after_nul : c < ' ' || c > '~')
			return false;
		after_nul = c == 0;
	}
	return property->length != 0 && after_nul;
}

/* Printable bytes. A quote and a backslash have a backslash before them. */
static void print_strings(const struct printer *p, const struct fdt_property *property)
{
	acre_print("\"");
	for (uint32_t i = 0; i + 1 < property->length; i++) {
		char c = (char)value_byte(p, property, i);
		if (c == '\0')
			acre_print("\", \"");
		else
			acre_print(c == '"' || c == '\\' ? "\\%c" : "%c", c);
	}
	acre_print("\"");
}

static bool print_cell_list(const struct printer *p, const struct fdt_property *property,
			    uint32_t depth, uint32_t shown)
{
	uint64_t cell;

	acre_print("<");
	for (uint32_t i = 0; i < shown / FDT_CELL; i++) {
		if (i != 0 && i % PER_LINE == 0) {
			acre_print("\n");
			if (!command_more())
				return false;
			indent(depth + 1);
		}
		if (fdt_read_cells(p->fdt, property, i, 1, &cell) == ACRE_OK)
			acre_print("%s0x%llx", i % PER_LINE != 0 ? " " : "", (ull)cell);
	}
	acre_print(">");
	return true;
}

static void print_bytes(const struct printer *p, const struct fdt_property *property,
			uint32_t shown)
{
	acre_print("[");
	for (uint32_t i = 0; i < shown; i++)
		acre_print("%s%02x", i != 0 ? " " : "", value_byte(p, property, i));
	acre_print("]");
}

/* ---- whose ------------------------------------------------------------------------------------ */

/* Where the next bank above @addr begins, or UINT64_MAX. */
static uint64_t next_bank(uint64_t addr)
{
	const struct memmap *map = &machine.memmap;

	for (uint32_t i = 0; i < map->nbanks; i++) {
		if (map->bank[i].range.start > addr)
			return map->bank[i].range.start;
	}
	return UINT64_MAX;
}

/* A line for each region in there, and for what is between them. */
static bool print_claim(struct acre_range range, uint32_t depth)
{
	char name[MEMMAP_NAME_LEN];

	while (range.start < range.end) {
		const struct memmap_region *region = memmap_find(&machine.memmap, range.start);
		uint64_t end = region != NULL ? region->range.end : next_bank(range.start);
		if (end > range.end)
			end = range.end;
		indent(depth);
		acre_print("/* [0x%llx, 0x%llx) ", (ull)range.start, (ull)end);
		if (region == NULL)
			acre_print("no RAM */\n");
		else
			acre_print("%s %s */\n", memmap_kind_str(region->kind),
				   memmap_name(name, region));
		if (!command_more())
			return false;
		range.start = end;
	}
	return true;
}

/* The pairs of a `reg`. */
static bool print_claims(const struct printer *p, const struct fdt_property *property,
			 const struct bus *bus, uint32_t depth)
{
	uint32_t cells = bus->address_cells + bus->size_cells;
	uint64_t start, size;

	for (uint32_t i = 0; cells != 0 && (i + cells) * FDT_CELL <= property->length; i += cells) {
		if (fdt_read_cells(p->fdt, property, i, bus->address_cells, &start) != ACRE_OK ||
		    fdt_read_cells(p->fdt, property, i + bus->address_cells, bus->size_cells,
				   &size) != ACRE_OK ||
		    size == 0 || size > UINT64_MAX - start)
			continue;
		if (!print_claim((struct acre_range){ start, start + size }, depth))
			return false;
	}
	return true;
}

/* ---- nodes ------------------------------------------------------------------------------------ */

static void begin_node(const struct fdt_event *event)
{
	char name[TEXT_SHORT_SIZE];

	indent(event->depth);
	acre_print("%s {\n", event->depth == 0
				     ? "/"
				     : text_short(name, event->node.name, event->node.name_length));
}

/* What a node says about its children: at its beginning nothing yet, then each property. */
static void note_bus(struct printer *p, const struct fdt_event *event)
{
	struct bus *bus = &p->bus[event->depth];
	const struct fdt_property *property = &event->property;

	if (event->kind == FDT_EVENT_NODE)
		*bus = (struct bus){ DEFAULT_ADDRESS_CELLS, DEFAULT_SIZE_CELLS, event->depth == 0 };
	if (event->kind != FDT_EVENT_PROPERTY)
		return;
	if (fdt_property_is_named(p->fdt, property, "#address-cells"))
		(void)!fdt_read_u32(p->fdt, property, &bus->address_cells);
	else if (fdt_property_is_named(p->fdt, property, "#size-cells"))
		(void)!fdt_read_u32(p->fdt, property, &bus->size_cells);
	else if (fdt_property_is_named(p->fdt, property, "ranges") && property->length == 0)
		bus->is_mapped = event->depth == 0 || p->bus[event->depth - 1].is_mapped;
	if (bus->address_cells > FDT_MAX_CELLS || bus->size_cells > FDT_MAX_CELLS)
		bus->is_mapped = false;
}

static bool print_property(const struct printer *p, const struct fdt_event *event)
{
	const struct fdt_property *property = &event->property;
	uint32_t shown = property->length < MAX_VALUE ? property->length : MAX_VALUE;
	const struct bus *parent = event->depth != 0 ? &p->bus[event->depth - 1] : NULL;
	char name[TEXT_SHORT_SIZE];

	indent(event->depth + 1);
	acre_print("%s", text_short(name, property->name, strlen(property->name)));
	if (property->length != 0)
		acre_print(" = ");
	if (shown == property->length && is_text_list(p, property))
		print_strings(p, property);
	else if (property->length % FDT_CELL != 0)
		print_bytes(p, property, shown);
	else if (property->length != 0 && !print_cell_list(p, property, event->depth + 1, shown))
		return false;
	acre_print(shown < property->length ? "; /* the first of %u bytes */\n" : ";\n",
		   (unsigned)property->length);
	if (!command_more())
		return false;
	return parent == NULL || !parent->is_mapped ||
	       !fdt_property_is_named(p->fdt, property, "reg") ||
	       print_claims(p, property, parent, event->depth + 1);
}

/*
 * From the root on, so that what parents say is known. @node: with its subnodes it is what is
 * printed.
 */
static void print_tree(const struct fdt *fdt, const struct fdt_node *node)
{
	struct printer p = { .fdt = fdt };
	struct fdt_cursor walk;
	struct fdt_event event;
	bool inside = false;

	fdt_walk(&walk, fdt);
	while (fdt_next(&walk, &event) == ACRE_OK) {
		bool more = true;
		if (event.kind == FDT_EVENT_NODE && event.node.offset == node->offset)
			inside = true;
		note_bus(&p, &event);
		if (!inside)
			continue;
		if (event.kind == FDT_EVENT_NODE) {
			begin_node(&event);
			more = command_more();
		} else if (event.kind == FDT_EVENT_PROPERTY) {
			more = print_property(&p, &event);
		} else {
			indent(event.depth);
			acre_print("};\n");
			more = command_more() && event.depth != node->depth;
		}
		if (!more)
			return;
	}
}

static bool print_reservations(const struct fdt *fdt)
{
	uint64_t address, size;

	for (uint32_t i = 0; fdt_reserve_entry(fdt, i, &address, &size) == ACRE_OK; i++) {
		acre_print("/memreserve/ 0x%llx 0x%llx;\n", (ull)address, (ull)size);
		if (!command_more())
			return false;
	}
	return true;
}

static void run_fdt(unsigned nwords, char *const *word)
{
	const char *path = nwords != 0 ? word[0] : "/";
	struct fdt_node node;
	enum acre_status s = fdt_find(&machine.fdt, path, &node);

	if (s == ACRE_ERR_INVALID)
		acre_print("'%s' is no path: it begins with a '/'\n", path);
	else if (s != ACRE_OK)
		acre_print("the tree has no node %s\n", path);
	else if (node.depth != 0 || print_reservations(&machine.fdt))
		print_tree(&machine.fdt, &node);
}

/* The paths of the nodes below the root, and of their children. */
static const char *fdt_candidate(size_t i)
{
	static char path[2 * TEXT_SHORT_SIZE + 1];
	static size_t parent_len;
	struct fdt_cursor walk;
	struct fdt_event event;

	fdt_walk(&walk, &machine.fdt);
	while (fdt_next(&walk, &event) == ACRE_OK) {
		char name[TEXT_SHORT_SIZE];
		if (event.kind != FDT_EVENT_NODE || event.depth == 0 || event.depth > 2 ||
		    event.node.name_length >= TEXT_SHORT_SIZE)
			continue;
		text_short(name, event.node.name, event.node.name_length);
		size_t at = event.depth == 1 ? 0 : parent_len;
		path[at] = '/';
		memcpy(path + at + 1, name, strlen(name) + 1);
		if (event.depth == 1)
			parent_len = 1 + strlen(name);
		if (i-- == 0)
			return path;
	}
	return NULL;
}

COMMAND(fdt) = {
	.name = "fdt",
	.usage = "fdt [PATH]",
	.help = "the device tree, and whose the memory in it is",
	.example = "fdt /reserved-memory",
	.candidate = fdt_candidate,
	.max_words = 1,
	.run_words = run_fdt,
};
