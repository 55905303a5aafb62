/* SPDX-License-Identifier: MIT */
/* memmap_fdt.c - facts of a device tree become banks and reservations; oddities become findings. */
#include "mm/memmap_fdt.h"

#include "fdt/fdt_memory.h"
#include "lib/fmt.h"
#include "lib/string.h"

/* The specification's names are shorter (2.2.1: 31 characters, '@', an address). */
#define NAME_LIMIT 63u
#define ODD_NAME   "(unprintable name)"
#define MEMRESERVE "/memreserve/"

/* As many cells of a value as a line can show. */
#define VALUE_CELLS 6u
#define VALUE_LEN   96u

struct filler {
	struct memmap *map;
	const struct fdt *fdt;
	const struct memmap_reporter *reporter;
	enum status first_error; /* STATUS_OK as long as there is none */
	bool is_full;            /* a table of the map is: what comes now has no place */
};

/* ---- findings -------------------------------------------------------------------------------- */

const char *memmap_finding_str(char buf[MEMMAP_FINDING_LEN], const struct memmap_finding *finding)
{
	bool has_node = finding->node[0] != '\0';
	bool has_property = finding->property[0] != '\0';
	bool has_value = finding->value[0] != '\0';
	bool has_status = finding->status != STATUS_OK;
	char range[48] = "";

	if (!range_is_empty(finding->range))
		fmt_buffer(range, sizeof(range), " [0x%llx, 0x%llx)",
			   (unsigned long long)finding->range.start,
			   (unsigned long long)finding->range.end);
	fmt_buffer(buf, MEMMAP_FINDING_LEN, "%s%s%s%s%s%s%s%s%s%s%s", finding->node,
		   has_node ? ": " : "", finding->property, has_value ? " = " : "", finding->value,
		   has_property ? ": " : "", finding->what, range, has_status ? " (" : "",
		   has_status ? status_str(finding->status) : "", has_status ? ")" : "");
	return buf;
}

static void report(struct filler *filler, const struct memmap_finding *finding)
{
	if (finding->severity == MEMMAP_ERROR && filler->first_error == STATUS_OK)
		filler->first_error = finding->status;
	if (filler->reporter != NULL && filler->reporter->report != NULL)
		filler->reporter->report(filler->reporter->ctx, finding);
}

static const char *printable(const char *name)
{
	return fdt_text_is_printable(name, NAME_LIMIT) ? name : ODD_NAME;
}

/* What a fact is about, malformed or not. */
static enum fdt_fact_kind subject(const struct fdt_memory_fact *fact)
{
	return fact->kind == FDT_FACT_MALFORMED ? fact->about : fact->kind;
}

/* The property that a well-formed fact was read from. */
static const char *source_property(const struct fdt_memory_fact *fact)
{
	switch (subject(fact)) {
	case FDT_FACT_MEMORY:
	case FDT_FACT_RESERVED:
		return "reg";
	case FDT_FACT_DYNAMIC:
		return "size";
	case FDT_FACT_INITRD:
		return "linux,initrd-start";
	default:
		return "";
	}
}

/* The first cells of @value, and whether that is all: "<0x0 0x80000000>", "<0x1 ...> 402 bytes". */
static void print_value(const struct filler *filler, const struct fdt_property *value,
			char text[VALUE_LEN])
{
	size_t at = fmt_buffer(text, VALUE_LEN, "<");
	uint32_t ncells = 0;
	uint64_t cell;

	while (ncells < VALUE_CELLS && at < VALUE_LEN &&
	       fdt_read_cells(filler->fdt, value, ncells, 1, &cell) == STATUS_OK) {
		at += fmt_buffer(text + at, VALUE_LEN - at, "%s0x%llx", ncells == 0 ? "" : " ",
				 (unsigned long long)cell);
		ncells++;
	}
	if (at >= VALUE_LEN)
		return;
	if (value->length == ncells * FDT_CELL)
		fmt_buffer(text + at, VALUE_LEN - at, ">");
	else
		fmt_buffer(text + at, VALUE_LEN - at, "%s...> %u bytes", ncells == 0 ? "" : " ",
			   (unsigned)value->length);
}

/* Does the range of @fact end past the last physical address? */
static bool is_past_limit(const struct fdt_memory_fact *fact)
{
	return fact->base > PADDR_LIMIT || fact->size > PADDR_LIMIT - fact->base;
}

/* The part of the range of @fact that physical addresses reach; empty if none, or no range. */
static struct range clipped(const struct fdt_memory_fact *fact)
{
	struct range range = { fact->base, PADDR_LIMIT };

	if (!fact->has_range || range.start > PADDR_LIMIT)
		range.start = PADDR_LIMIT;
	else if (!is_past_limit(fact))
		range.end = fact->base + fact->size;
	return range;
}

/* Report what is wrong with @fact: node, property, value and range are taken from it. */
static void complain(struct filler *filler, const struct fdt_memory_fact *fact,
		     enum memmap_severity severity, enum status status, const char *what)
{
	bool is_malformed = fact->kind == FDT_FACT_MALFORMED;
	struct fdt_property value = fact->value;
	char text[VALUE_LEN] = "";
	struct memmap_finding finding = {
		.severity = severity,
		.status = status,
		.node = MEMRESERVE,
		.property = is_malformed ? fact->property : source_property(fact),
		.value = text,
		.range = clipped(fact),
		.what = what,
	};

	if (subject(fact) != FDT_FACT_MEMRESERVE) {
		finding.node = printable(fact->name);
		if (!is_malformed && fdt_find_property(filler->fdt, &fact->node, finding.property,
						       &value) != STATUS_OK)
			value.length = 0;
		if (value.length != 0)
			print_value(filler, &value, text);
	}
	report(filler, &finding);
}

/* Report what is about no node in particular. */
static void complain_at_large(struct filler *filler, enum memmap_severity severity,
			      enum status status, struct range range, const char *what)
{
	struct memmap_finding finding = {
		.severity = severity,
		.status = status,
		.node = "",
		.property = "",
		.value = "",
		.range = range,
		.what = what,
	};

	report(filler, &finding);
}

/* ---- one fact -------------------------------------------------------------------------------- */

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/*
 * OpenSBI marks its own memory by the name alone: mmode_resv<n> since version 0.7, mmode_pmp<n>
 * before; no-map is there in some versions only. U-Boot passes these nodes on.
 */
static bool is_firmware(const struct fdt_memory_fact *fact)
{
	return starts_with(fact->name, "mmode_resv") || starts_with(fact->name, "mmode_pmp");
}

/* What a reservation keeps its memory for. Of one that is malformed `reusable` is not believed. */
static enum region_kind kind_of(const struct fdt_memory_fact *fact)
{
	switch (subject(fact)) {
	case FDT_FACT_MEMRESERVE:
		return REGION_MEMRESERVE;
	case FDT_FACT_INITRD:
		return REGION_INITRD;
	default:
		if (is_firmware(fact))
			return REGION_FIRMWARE;
		if (fact->no_map)
			return REGION_NO_MAP;
		return fact->reusable && fact->kind != FDT_FACT_MALFORMED ? REGION_REUSABLE
									  : REGION_RESERVED;
	}
}

static const char *owner_of(const struct fdt_memory_fact *fact)
{
	switch (subject(fact)) {
	case FDT_FACT_MEMRESERVE:
		return MEMRESERVE;
	case FDT_FACT_INITRD:
		return "initrd";
	default:
		return printable(fact->name);
	}
}

static void add_memory(struct filler *filler, const struct fdt_memory_fact *fact)
{
	uint32_t node = fact->numa_node == FDT_NO_NUMA_NODE ? MEMMAP_NO_NODE : fact->numa_node;

	if (is_past_limit(fact)) {
		complain(filler, fact, MEMMAP_WARNING, ERR_RANGE,
			 "left out, since it ends past the last physical address");
		return;
	}
	enum status status =
		memmap_add_bank(filler->map, clipped(fact), node, printable(fact->name));
	if (status != STATUS_OK) {
		filler->is_full = true;
		complain(filler, fact, MEMMAP_ERROR, status,
			 "too many banks of memory, raise MEMMAP_MAX_BANKS");
	}
}

/* Keep out the range of @fact, well-formed or not, as far as RAM can be there at all. */
static void reserve(struct filler *filler, const struct fdt_memory_fact *fact)
{
	enum status status =
		memmap_reserve(filler->map, clipped(fact), kind_of(fact), owner_of(fact));

	if (status != STATUS_OK) {
		filler->is_full = true;
		complain(filler, fact, MEMMAP_ERROR, status,
			 "too many reservations, raise MEMMAP_MAX_RESERVATIONS");
	}
}

static void add_reservation(struct filler *filler, const struct fdt_memory_fact *fact)
{
	if (fact->size != 0 && is_past_limit(fact))
		complain(filler, fact, MEMMAP_NOTE, ERR_RANGE,
			 "kept out, though it ends past the last physical address");
	if (fact->no_map && fact->reusable)
		complain(filler, fact, MEMMAP_WARNING, ERR_INVALID,
			 "says both no-map and reusable, taken as no-map");
	reserve(filler, fact);
}

/* Memory whose place or size is in doubt is left out; a doubtful node number costs the number. */
static void add_malformed_memory(struct filler *filler, const struct fdt_memory_fact *fact)
{
	bool is_left_out = strcmp(fact->property, "numa-node-id") != 0;

	complain(filler, fact, MEMMAP_WARNING, fact->why,
		 is_left_out ? "left out of the memory" : "memory taken as of no NUMA node");
}

/* A reservation that is not as it should be: at its widest, or not at all. */
static void add_malformed_reservation(struct filler *filler, const struct fdt_memory_fact *fact)
{
	if (!fact->has_range) {
		complain(filler, fact, MEMMAP_ERROR, fact->why,
			 "reserves memory, but nobody can say which");
		return;
	}
	complain(filler, fact, MEMMAP_WARNING, fact->why, "kept out at its widest");
	reserve(filler, fact);
}

static void add_malformed(struct filler *filler, const struct fdt_memory_fact *fact)
{
	if (fact->about == FDT_FACT_MEMORY)
		add_malformed_memory(filler, fact);
	else if (fact->about == FDT_FACT_DYNAMIC)
		complain(filler, fact, MEMMAP_WARNING, fact->why,
			 "malformed dynamic reservation, not placed");
	else
		add_malformed_reservation(filler, fact);
}

static void add_fact(struct filler *filler, const struct fdt_memory_fact *fact)
{
	switch (fact->kind) {
	case FDT_FACT_MEMORY:
		add_memory(filler, fact);
		return;
	case FDT_FACT_DYNAMIC:
		complain(filler, fact, MEMMAP_WARNING, ERR_UNSUPPORTED,
			 "dynamic reservation, not placed yet");
		return;
	case FDT_FACT_MALFORMED:
		add_malformed(filler, fact);
		return;
	case FDT_FACT_RESERVED:
	case FDT_FACT_MEMRESERVE:
	case FDT_FACT_INITRD:
		add_reservation(filler, fact);
		return;
	}
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* All facts; after a full table the rest has no place to go. */
static void add_facts(struct filler *filler)
{
	struct fdt_memory_cursor cursor;
	struct fdt_memory_fact fact;
	enum status status = STATUS_OK;

	fdt_memory_begin(&cursor, filler->fdt);
	while (!filler->is_full) {
		status = fdt_memory_next(&cursor, &fact);
		if (status != STATUS_OK)
			break;
		add_fact(filler, &fact);
	}
	if (status != STATUS_OK && status != ERR_END)
		complain_at_large(filler, MEMMAP_ERROR, status, (struct range){ 0, 0 },
				  "the device tree breaks off");
}

/* What the booting code says is not from the tree, but it is checked all the same. */
static void reserve_own(struct filler *filler, struct range range, enum region_kind kind,
			const char *name)
{
	enum status status = memmap_reserve(filler->map, range, kind, name);

	if (status == ERR_FULL)
		filler->is_full = true;
	if (status != STATUS_OK)
		complain_at_large(filler, MEMMAP_ERROR, status, range, name);
}

/* Does @addr lie in a bank as declared? */
static const struct region *declared_at(const struct memmap *map, paddr_t addr)
{
	for (uint32_t i = 0; i < map->ndeclared; i++) {
		if (range_contains(map->declared[i].range, addr))
			return &map->declared[i];
	}
	return NULL;
}

/* The start of the RAM that reaches up to @top without a hole; @top itself if there is none. */
static paddr_t lowest_below(const struct memmap *map, paddr_t top)
{
	const struct region *bank;

	while (top > 0 && (bank = declared_at(map, top - 1)) != NULL)
		top = bank->range.start;
	return top;
}

static bool has_firmware(const struct memmap *map)
{
	for (uint32_t i = 0; i < map->nreservations; i++) {
		if (map->reservation[i].kind == REGION_FIRMWARE)
			return true;
	}
	return false;
}

enum status memmap_guard_firmware(struct memmap *map, struct range image, struct range *guarded)
{
	*guarded = (struct range){ image.start, image.start };
	if (range_is_empty(image) || has_firmware(map))
		return STATUS_OK;
	guarded->start = lowest_below(map, image.start);
	return memmap_reserve(map, *guarded, REGION_FIRMWARE, "below the kernel");
}

static void guard_firmware(struct filler *filler, struct range image)
{
	struct range guarded;
	enum status status = memmap_guard_firmware(filler->map, image, &guarded);

	if (status != STATUS_OK)
		complain_at_large(filler, MEMMAP_ERROR, status, guarded,
				  "too many reservations, raise MEMMAP_MAX_RESERVATIONS");
	else if (!range_is_empty(guarded))
		complain_at_large(filler, MEMMAP_WARNING, STATUS_OK, guarded,
				  "no firmware says where it is: all memory below the kernel image "
				  "is kept out,");
}

static void check_memory(struct filler *filler, struct range image)
{
	if (filler->map->ndeclared == 0)
		complain_at_large(filler, MEMMAP_ERROR, ERR_NOT_FOUND, (struct range){ 0, 0 },
				  "the device tree has no enabled memory");
	else if (!range_is_empty(image) && declared_at(filler->map, image.start) == NULL)
		complain_at_large(filler, MEMMAP_WARNING, STATUS_OK, image,
				  "the running kernel is not in the memory of the device tree:");
}

enum status memmap_from_fdt(struct memmap *map, const struct fdt *fdt,
			    const struct memmap_boot *boot, const struct memmap_reporter *reporter)
{
	struct filler filler = { .map = map, .fdt = fdt, .reporter = reporter };

	reserve_own(&filler, boot->image, REGION_KERNEL, "kernel image");
	reserve_own(&filler, boot->dtb, REGION_DTB, "device tree");
	reserve_own(&filler, boot->firmware, REGION_FIRMWARE, "firmware");
	add_facts(&filler);
	if (!filler.is_full)
		check_memory(&filler, boot->image);
	if (filler.first_error == STATUS_OK)
		guard_firmware(&filler, boot->image);
	return filler.first_error;
}
