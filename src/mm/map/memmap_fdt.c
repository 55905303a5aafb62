/* SPDX-License-Identifier: MIT */
/* memmap_fdt.c - facts of a device tree become banks and reservations; oddities become findings. */
#include "mm/map/memmap_fdt.h"

#include "lib/fmt.h"
#include "lib/string.h"
#include "mm/map/memmap_fdt_internal.h"

/* The specification's names are shorter (2.2.1: 31 characters, '@', an address). */
#define NAME_LIMIT   63u
#define ODD_NAME     "(unprintable name)"
#define MEMRESERVE   "/memreserve/"
#define USABLE_RANGE "linux,usable-memory-range"
#define ELFCOREHDR   "linux,elfcorehdr"

#define TOO_MANY_BANKS        "more banks of memory than the map was made for:"
#define TOO_MANY_RESERVATIONS "more reservations than the map was made for:"

/* As many cells of a value as a line can show. */
#define VALUE_CELLS 6u
#define VALUE_LEN   96u

/* ---- findings -------------------------------------------------------------------------------- */

const char *memmap_finding_str(char buf[MEMMAP_FINDING_LEN], const struct memmap_finding *finding)
{
	bool has_node = finding->node[0] != '\0';
	bool has_property = finding->property[0] != '\0';
	bool has_value = finding->value[0] != '\0';
	bool has_status = finding->status != ACRE_OK;
	char range[48] = "";

	if (!acre_range_is_empty(finding->range))
		fmt_buffer(range, sizeof(range), " [0x%llx, 0x%llx)",
			   (unsigned long long)finding->range.start,
			   (unsigned long long)finding->range.end);
	fmt_buffer(buf, MEMMAP_FINDING_LEN, "%s%s%s%s%s%s%s%s%s%s%s", finding->node,
		   has_node ? ": " : "", finding->property, has_value ? " = " : "", finding->value,
		   has_property ? ": " : "", finding->what, range, has_status ? " (" : "",
		   has_status ? acre_status_str(finding->status) : "", has_status ? ")" : "");
	return buf;
}

static void deliver(struct importer *importer, const struct memmap_finding *finding)
{
	if (finding->severity == MEMMAP_ERROR && importer->first_error == ACRE_OK)
		importer->first_error = finding->status;
	if (importer->reporter != NULL && importer->reporter->report != NULL)
		importer->reporter->report(importer->reporter->ctx, finding);
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
		return fact->property;
	case FDT_FACT_RESERVED:
		return "reg";
	case FDT_FACT_ELFCOREHDR:
		return ELFCOREHDR;
	case FDT_FACT_DYNAMIC:
		return "size";
	case FDT_FACT_INITRD:
		return "linux,initrd-start";
	case FDT_FACT_USABLE:
		return USABLE_RANGE;
	default:
		return "";
	}
}

/* Is @value the text of a property that is one, and can be printed? */
static bool is_text(const struct importer *importer, const char *property,
		    const struct fdt_property *value, const char **text)
{
	return (strcmp(property, "status") == 0 || strcmp(property, "device_type") == 0) &&
	       fdt_read_string(importer->fdt, value, text) == ACRE_OK &&
	       fdt_text_is_printable(*text, NAME_LIMIT);
}

/* The first cells of @value, and whether that is all: "<0x0 0x80000000>", "<0x1 ...> 402 bytes". */
static void print_cells(const struct importer *importer, const struct fdt_property *value,
			char text[VALUE_LEN])
{
	size_t at = fmt_buffer(text, VALUE_LEN, "<");
	uint32_t ncells = 0;
	uint64_t cell;

	while (ncells < VALUE_CELLS && at < VALUE_LEN &&
	       fdt_read_cells(importer->fdt, value, ncells, 1, &cell) == ACRE_OK) {
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

static void print_value(const struct importer *importer, const char *property,
			const struct fdt_property *value, char text[VALUE_LEN])
{
	const char *words;

	if (is_text(importer, property, value, &words))
		fmt_buffer(text, VALUE_LEN, "\"%s\"", words);
	else
		print_cells(importer, value, text);
}

/* Does the range of @fact end past the last physical address? */
static bool is_past_limit(const struct fdt_memory_fact *fact)
{
	return fact->base > ACRE_PADDR_LIMIT || fact->size > ACRE_PADDR_LIMIT - fact->base;
}

/* The part of the range of @fact that physical addresses reach; empty if none, or no range. */
static struct acre_range clipped(const struct fdt_memory_fact *fact)
{
	struct acre_range range = { fact->base, ACRE_PADDR_LIMIT };

	if (!fact->has_range || range.start > ACRE_PADDR_LIMIT)
		range.start = ACRE_PADDR_LIMIT;
	else if (!is_past_limit(fact))
		range.end = fact->base + fact->size;
	return range;
}

/* Report what is wrong with @fact: node, property, value and range are taken from it. */
static void report_fact(struct importer *importer, const struct fdt_memory_fact *fact,
			enum memmap_severity severity, enum acre_status status, const char *what)
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
		if (!is_malformed && fdt_find_property(importer->fdt, &fact->node, finding.property,
						       &value) != ACRE_OK)
			value.length = 0;
		if (value.length != 0)
			print_value(importer, finding.property, &value, text);
	}
	deliver(importer, &finding);
}

/* Report what is about no node in particular. */
static void report_at_large(struct importer *importer, enum memmap_severity severity,
			    enum acre_status status, struct acre_range range, const char *what)
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

	deliver(importer, &finding);
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
static enum memmap_kind kind_of(const struct fdt_memory_fact *fact)
{
	switch (subject(fact)) {
	case FDT_FACT_MEMRESERVE:
		return MEMMAP_MEMRESERVE;
	case FDT_FACT_INITRD:
		return MEMMAP_INITRD;
	case FDT_FACT_ELFCOREHDR:
		return MEMMAP_RESERVED;
	default:
		if (is_firmware(fact))
			return MEMMAP_FIRMWARE;
		if (fact->no_map)
			return MEMMAP_NO_MAP;
		return fact->reusable && fact->kind != FDT_FACT_MALFORMED ? MEMMAP_REUSABLE
									  : MEMMAP_RESERVED;
	}
}

static const char *owner_of(const struct fdt_memory_fact *fact)
{
	switch (subject(fact)) {
	case FDT_FACT_MEMRESERVE:
		return MEMRESERVE;
	case FDT_FACT_INITRD:
		return "initrd";
	case FDT_FACT_ELFCOREHDR:
		return ELFCOREHDR;
	default:
		return printable(fact->name);
	}
}

static enum acre_status tell_bank(const struct importer *importer, struct acre_range range,
				  uint32_t numa_node, const char *name)
{
	return importer->to->add_bank != NULL
		       ? importer->to->add_bank(importer->ctx, range, numa_node, name)
		       : ACRE_OK;
}

static enum acre_status tell_reservation(const struct importer *importer, struct acre_range range,
					 enum memmap_kind kind, const char *name, uint32_t index)
{
	return importer->to->reserve != NULL
		       ? importer->to->reserve(importer->ctx, range, kind, name, index)
		       : ACRE_OK;
}

static void add_memory(struct importer *importer, const struct fdt_memory_fact *fact)
{
	uint32_t node = fact->numa_node == FDT_NO_NUMA_NODE ? MEMMAP_NO_NODE : fact->numa_node;

	if (is_past_limit(fact)) {
		report_fact(importer, fact, MEMMAP_WARNING, ACRE_ERR_RANGE,
			    "left out, since it ends past the last physical address");
		return;
	}
	enum acre_status status = tell_bank(importer, clipped(fact), node, printable(fact->name));
	if (status != ACRE_OK) {
		importer->is_full = true;
		report_fact(importer, fact, MEMMAP_ERROR, status, TOO_MANY_BANKS);
	} else if (!acre_range_is_empty(clipped(fact))) {
		importer->has_memory = true;
	}
}

/* Keep out the range of @fact, well-formed or not, as far as RAM can be there at all. */
static void reserve(struct importer *importer, const struct fdt_memory_fact *fact)
{
	uint32_t index = subject(fact) == FDT_FACT_MEMRESERVE ? fact->index : MEMMAP_NO_INDEX;
	enum acre_status status =
		tell_reservation(importer, clipped(fact), kind_of(fact), owner_of(fact), index);

	if (status != ACRE_OK) {
		importer->is_full = true;
		report_fact(importer, fact, MEMMAP_ERROR, status, TOO_MANY_RESERVATIONS);
	}
}

static void add_reservation(struct importer *importer, const struct fdt_memory_fact *fact)
{
	if (fact->size != 0 && is_past_limit(fact))
		report_fact(importer, fact, MEMMAP_NOTE, ACRE_ERR_RANGE,
			    "kept out, though it ends past the last physical address");
	if (fact->no_map && fact->reusable)
		report_fact(importer, fact, MEMMAP_WARNING, ACRE_ERR_INVALID,
			    "says both no-map and reusable, taken as no-map");
	reserve(importer, fact);
}

/* Memory whose place or size is in doubt is left out; a doubtful node number costs the number. */
static void add_malformed_memory(struct importer *importer, const struct fdt_memory_fact *fact)
{
	bool is_left_out = strcmp(fact->property, "numa-node-id") != 0;

	report_fact(importer, fact, MEMMAP_WARNING, fact->why,
		    is_left_out ? "left out of the memory" : "memory taken as of no NUMA node");
}

/* Does it name no memory at all? */
static bool names_nothing(const struct fdt_memory_fact *fact)
{
	return fact->why == ACRE_ERR_NOT_FOUND && strcmp(fact->property, "ranges") != 0;
}

static const char *forbids_nothing(const struct fdt_memory_fact *fact)
{
	return fact->about == FDT_FACT_INITRD ? "no initrd: it has not both ends"
					      : "reserves nothing: it has neither reg nor size";
}

static bool is_about_status(const struct fdt_memory_fact *fact)
{
	return strcmp(fact->property, "status") == 0;
}

/* A reservation that is not as it should be: at its widest, or not at all. */
static void add_malformed_reservation(struct importer *importer, const struct fdt_memory_fact *fact)
{
	if (names_nothing(fact)) {
		report_fact(importer, fact, MEMMAP_WARNING, ACRE_OK, forbids_nothing(fact));
		return;
	}
	if (!fact->has_range) {
		report_fact(importer, fact, MEMMAP_ERROR, fact->why,
			    "reserves memory, but no one can say which");
		return;
	}
	report_fact(importer, fact, MEMMAP_WARNING, fact->why,
		    is_about_status(fact) && fact->why == ACRE_ERR_INVALID
			    ? "kept out: only disabled and fail switch it off"
			    : "kept out at its widest");
	reserve(importer, fact);
}

/* ---- what may be used at all ----------------------------------------------------------------- */

static void leave_range_out(struct importer *importer, acre_paddr_t start, acre_paddr_t end)
{
	struct acre_range range = { start, end };

	if (importer->is_full || acre_range_is_empty(range))
		return;
	enum acre_status status =
		tell_reservation(importer, range, MEMMAP_LEFT_OUT, USABLE_RANGE, MEMMAP_NO_INDEX);
	if (status != ACRE_OK) {
		importer->is_full = true;
		report_at_large(importer, MEMMAP_ERROR, status, range, TOO_MANY_RESERVATIONS);
	}
}

/* All that is not in linux,usable-memory-range. */
static void leave_out_the_rest(struct importer *importer)
{
	acre_paddr_t from = 0;

	if (!importer->is_restricted)
		return;
	if (importer->nusable == 0 && importer->first_error == ACRE_OK)
		report_at_large(importer, MEMMAP_ERROR, ACRE_ERR_NOT_FOUND,
				(struct acre_range){ 0, 0 },
				"chosen: " USABLE_RANGE " leaves no memory to use");
	for (uint32_t i = 0; i < importer->nusable; i++) {
		leave_range_out(importer, from, importer->usable[i].start);
		if (importer->usable[i].end > from)
			from = importer->usable[i].end;
	}
	leave_range_out(importer, from, ACRE_PADDR_LIMIT);
}

/* Where two nodes say what may be used, no more may be than both of them allow. */
static void begin_usable(struct importer *importer, const struct fdt_memory_fact *fact)
{
	if (importer->is_restricted && importer->usable_node != fact->node.offset) {
		leave_out_the_rest(importer);
		importer->nusable = 0;
	}
	importer->is_restricted = true;
	importer->usable_node = fact->node.offset;
}

/* Note one pair of linux,usable-memory-range; sorted by insertion, since there are few. */
static void add_usable(struct importer *importer, const struct fdt_memory_fact *fact)
{
	struct acre_range range = clipped(fact);

	begin_usable(importer, fact);
	uint32_t at = importer->nusable;
	if (acre_range_is_empty(range))
		return;
	if (at == MEMMAP_MAX_WINDOWS) {
		report_fact(importer, fact, MEMMAP_WARNING, ACRE_ERR_FULL,
			    "left out with all that follow, raise MEMMAP_MAX_WINDOWS");
		return;
	}
	for (; at > 0 && importer->usable[at - 1].start > range.start; at--)
		importer->usable[at] = importer->usable[at - 1];
	importer->usable[at] = range;
	importer->nusable++;
}

/* Usable memory in doubt is not used; all of it in doubt is an error. */
static void add_malformed_usable(struct importer *importer, const struct fdt_memory_fact *fact)
{
	begin_usable(importer, fact);
	if (fact->why == ACRE_ERR_OVERFLOW)
		report_fact(importer, fact, MEMMAP_WARNING, fact->why,
			    "a pair that cannot be is not usable");
	else
		report_fact(importer, fact, MEMMAP_ERROR, fact->why,
			    "forbids memory, but no one can say which");
}

/* mem= in the boot arguments. */
static void limit(struct importer *importer, uint64_t bytes)
{
	if (importer->is_full || bytes == 0)
		return;
	enum acre_status status = memmap_limit(importer->map, bytes, "mem=");
	if (status != ACRE_OK) {
		importer->is_full = true;
		report_at_large(importer, MEMMAP_ERROR, status, (struct acre_range){ 0, 0 },
				"mem=: " TOO_MANY_RESERVATIONS);
	}
}

/* ---- windows ---------------------------------------------------------------------------------- */

/* Where the pair @index of `alloc-ranges` is; false, and a finding, if that cannot be said. */
static bool read_alloc_range(struct importer *importer, const struct fdt_memory_cursor *cursor,
			     const struct fdt_memory_fact *fact, uint32_t index,
			     struct acre_range *window)
{
	struct fdt_memory_fact pair = *fact;
	enum acre_status status = fdt_alloc_range(cursor, index, &pair.base, &pair.size);

	if (status == ACRE_OK) {
		pair.has_range = true;
		*window = clipped(&pair);
		return true;
	}
	pair.kind = FDT_FACT_MALFORMED;
	pair.property = "alloc-ranges";
	if (fdt_find_property(importer->fdt, &fact->node, pair.property, &pair.value) != ACRE_OK)
		pair.value.length = 0;
	report_fact(importer, &pair, MEMMAP_WARNING, status,
		    "a pair that cannot be is no place to use");
	return false;
}

/* Who looks for a place of its own leaves these to them, for the time being. */
static void leave_windows(struct importer *importer, const struct fdt_memory_cursor *cursor,
			  const struct fdt_memory_fact *fact)
{
	struct acre_range window;

	if (importer->to->leave_window == NULL)
		return;
	for (uint32_t i = 0; i < fact->nwindows && i < MEMMAP_MAX_WINDOWS; i++) {
		if (read_alloc_range(importer, cursor, fact, i, &window))
			importer->to->leave_window(importer->ctx, window);
	}
}

/* ---- any fact -------------------------------------------------------------------------------- */

/* Only a `status` that cannot be read leaves the rest of a reservation without a place intact. */
static bool is_intact(const struct fdt_memory_fact *fact)
{
	return fact->kind == FDT_FACT_DYNAMIC || is_about_status(fact);
}

static void add_dynamic(struct importer *importer, const struct fdt_memory_cursor *cursor,
			const struct fdt_memory_fact *fact)
{
	importer->ndynamic++;
	if (is_intact(fact))
		leave_windows(importer, cursor, fact);
}

static void add_malformed(struct importer *importer, const struct fdt_memory_cursor *cursor,
			  const struct fdt_memory_fact *fact)
{
	if (fact->about == FDT_FACT_MEMORY)
		add_malformed_memory(importer, fact);
	else if (fact->about == FDT_FACT_DYNAMIC)
		add_dynamic(importer, cursor, fact);
	else if (fact->about == FDT_FACT_USABLE)
		add_malformed_usable(importer, fact);
	else
		add_malformed_reservation(importer, fact);
}

static void add_fact(struct importer *importer, const struct fdt_memory_cursor *cursor,
		     const struct fdt_memory_fact *fact)
{
	switch (fact->kind) {
	case FDT_FACT_MEMORY:
		add_memory(importer, fact);
		return;
	case FDT_FACT_DYNAMIC:
		add_dynamic(importer, cursor, fact);
		return;
	case FDT_FACT_USABLE:
		add_usable(importer, fact);
		return;
	case FDT_FACT_MALFORMED:
		add_malformed(importer, cursor, fact);
		return;
	case FDT_FACT_RESERVED:
	case FDT_FACT_MEMRESERVE:
	case FDT_FACT_INITRD:
	case FDT_FACT_ELFCOREHDR:
		add_reservation(importer, fact);
		return;
	}
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* All facts; after a full table the rest has no place to go. */
static void add_facts(struct importer *importer)
{
	struct fdt_memory_cursor cursor;
	struct fdt_memory_fact fact;
	enum acre_status status = ACRE_OK;

	fdt_memory_begin(&cursor, importer->fdt);
	while (!importer->is_full) {
		status = fdt_memory_next(&cursor, &fact);
		if (status != ACRE_OK)
			break;
		add_fact(importer, &cursor, &fact);
	}
	if (status != ACRE_OK && status != ACRE_ERR_END)
		report_at_large(importer, MEMMAP_ERROR, status, (struct acre_range){ 0, 0 },
				"the device tree breaks off");
}

/* What the booting code says is not from the tree, but it is checked too. */
static void reserve_own(struct importer *importer, struct acre_range range, enum memmap_kind kind,
			const char *name)
{
	enum acre_status status = tell_reservation(importer, range, kind, name, MEMMAP_NO_INDEX);

	if (status == ACRE_ERR_FULL)
		importer->is_full = true;
	if (status != ACRE_OK)
		report_at_large(importer, MEMMAP_ERROR, status, range, name);
}

/* Does @addr lie in a bank as declared? */
static const struct memmap_region *declared_at(const struct memmap *map, acre_paddr_t addr)
{
	for (uint32_t i = 0; i < map->ndeclared; i++) {
		if (acre_range_contains(map->declared[i].range, addr))
			return &map->declared[i];
	}
	return NULL;
}

/* The start of the RAM that reaches up to @top without a hole; @top itself if there is none. */
static acre_paddr_t lowest_below(const struct memmap *map, acre_paddr_t top)
{
	const struct memmap_region *bank;

	while (top > 0 && (bank = declared_at(map, top - 1)) != NULL)
		top = bank->range.start;
	return top;
}

/* The lowest RAM, as far as it reaches without a hole; empty if there is none. */
static struct acre_range lowest_ram(const struct memmap *map)
{
	struct acre_range ram = { ACRE_PADDR_LIMIT, ACRE_PADDR_LIMIT };
	const struct memmap_region *bank;

	for (uint32_t i = 0; i < map->ndeclared; i++) {
		const struct acre_range range = map->declared[i].range;
		if (!acre_range_is_empty(range) && range.start < ram.start)
			ram = range;
	}
	while (ram.end < ACRE_PADDR_LIMIT && (bank = declared_at(map, ram.end)) != NULL)
		ram.end = bank->range.end;
	return ram;
}

void memmap_guard_begin(struct memmap_guard *guard, struct acre_range below,
			struct acre_range lowest)
{
	guard->ram[0] = below;
	guard->ram[1] = lowest;
	if (lowest.start >= below.start)
		guard->ram[1].end = lowest.start; /* the same */
	else if (acre_range_size(lowest) > MEMMAP_GUARD_MOST)
		guard->ram[1].end = lowest.start + MEMMAP_GUARD_MOST;
	for (unsigned i = 0; i < MEMMAP_GUARDS; i++)
		guard->reserved[i] = guard->ram[i].end;
}

void memmap_guard_note(struct memmap_guard *guard, struct acre_range range, enum memmap_kind kind)
{
	for (unsigned i = 0; i < MEMMAP_GUARDS; i++) {
		const struct acre_range ram = guard->ram[i];
		const acre_paddr_t start = range.start < ram.start ? ram.start : range.start;
		if (kind != MEMMAP_LEFT_OUT && start < range.end && start < guard->reserved[i])
			guard->reserved[i] = start;
	}
}

void memmap_guard_end(const struct memmap_guard *guard, struct acre_range guarded[MEMMAP_GUARDS])
{
	bool is_declared = false;

	for (unsigned i = 0; i < MEMMAP_GUARDS; i++)
		is_declared |= guard->reserved[i] == guard->ram[i].start &&
			       !acre_range_is_empty(guard->ram[i]);
	for (unsigned i = 0; i < MEMMAP_GUARDS; i++) {
		guarded[i] = (struct acre_range){ guard->ram[i].start, guard->reserved[i] };
		if (is_declared)
			guarded[i].end = guarded[i].start;
	}
}

enum acre_status memmap_guard_firmware(struct memmap *map, struct acre_range image,
				       struct acre_range guarded[MEMMAP_GUARDS])
{
	const acre_paddr_t start = lowest_below(map, image.start);
	struct acre_range below = { start, image.start };
	struct acre_range lowest = lowest_ram(map);
	struct memmap_guard guard;
	enum acre_status status = ACRE_OK;

	if (acre_range_is_empty(image) ||
	    (acre_range_is_empty(below) && declared_at(map, start) == NULL))
		below = lowest = (struct acre_range){ start, start };
	memmap_guard_begin(&guard, below, lowest);
	for (uint32_t i = 0; i < map->nreservations; i++)
		memmap_guard_note(&guard, map->reservation[i].range, map->reservation[i].kind);
	memmap_guard_end(&guard, guarded);
	for (unsigned i = 0; i < MEMMAP_GUARDS && status == ACRE_OK; i++) {
		if (!acre_range_is_empty(guarded[i]))
			status = memmap_reserve(map, guarded[i], MEMMAP_FIRMWARE,
						"possible firmware");
	}
	return status;
}

static void guard_firmware(struct importer *importer, struct acre_range image)
{
	struct acre_range guarded[MEMMAP_GUARDS];
	enum acre_status status = memmap_guard_firmware(importer->map, image, guarded);

	for (unsigned i = 0; i < MEMMAP_GUARDS; i++) {
		if (acre_range_is_empty(guarded[i]))
			continue;
		if (status != ACRE_OK)
			report_at_large(importer, MEMMAP_ERROR, status, guarded[i],
					TOO_MANY_RESERVATIONS);
		else
			report_at_large(importer, MEMMAP_WARNING, ACRE_OK, guarded[i],
					"nothing reserves the start of this RAM, where firmware "
					"may lie: kept out,");
	}
}

static void check_under_image(struct importer *importer, struct acre_range image)
{
	if (importer->has_memory && !acre_range_is_empty(image) &&
	    declared_at(importer->map, image.start) == NULL)
		report_at_large(importer, MEMMAP_WARNING, ACRE_OK, image,
				"the running kernel is not in the memory of the device tree:");
}

enum acre_status memmap_fdt_walk(struct importer *importer, const struct memmap_boot *boot)
{
	for (uint32_t i = 0; i < boot->nparts; i++)
		reserve_own(importer, boot->part[i].range, MEMMAP_KERNEL, boot->part[i].name);
	reserve_own(importer, boot->image, MEMMAP_KERNEL,
		    boot->nparts == 0 ? "kernel image" : "kernel padding");
	reserve_own(importer, boot->dtb, MEMMAP_DTB, "device tree");
	reserve_own(importer, boot->initrd, MEMMAP_INITRD, "initrd");
	reserve_own(importer, boot->firmware, MEMMAP_FIRMWARE, "firmware");
	add_facts(importer);
	leave_out_the_rest(importer);
	if (!importer->is_full && !importer->has_memory)
		report_at_large(importer, MEMMAP_ERROR, ACRE_ERR_NOT_FOUND,
				(struct acre_range){ 0, 0 },
				"the device tree has no enabled memory");
	return importer->first_error;
}

static enum acre_status fill_bank(void *map, struct acre_range range, uint32_t numa_node,
				  const char *name)
{
	return memmap_add_bank(map, range, numa_node, name);
}

static enum acre_status fill_reservation(void *map, struct acre_range range, enum memmap_kind kind,
					 const char *name, uint32_t index)
{
	return memmap_reserve_nth(map, range, kind, name, index);
}

enum acre_status memmap_from_fdt(struct memmap *map, const struct fdt *fdt,
				 const struct memmap_boot *boot,
				 const struct memmap_reporter *reporter)
{
	static const struct memmap_sink fill = {
		.add_bank = fill_bank,
		.reserve = fill_reservation,
	};
	struct importer importer = {
		.to = &fill, .ctx = map, .map = map, .fdt = fdt, .reporter = reporter
	};

	(void)memmap_fdt_walk(&importer, boot);
	map->ndynamic = importer.ndynamic;
	limit(&importer, boot->limit);
	if (!importer.is_full)
		check_under_image(&importer, boot->image);
	if (importer.first_error == ACRE_OK && acre_range_is_empty(boot->firmware))
		guard_firmware(&importer, boot->image);
	return importer.first_error;
}

/* ---- reservations without a place ------------------------------------------------------------ */

/* The first window that has a place. */
static enum acre_status place_in_windows(struct importer *importer,
					 const struct fdt_memory_cursor *cursor,
					 const struct fdt_memory_fact *fact,
					 struct memmap_request *request)
{
	enum acre_status status = ACRE_ERR_NOT_FOUND;
	struct acre_range placed;

	for (uint32_t i = 0;
	     i < fact->nwindows && i < MEMMAP_MAX_WINDOWS && status == ACRE_ERR_NOT_FOUND; i++) {
		if (read_alloc_range(importer, cursor, fact, i, &request->window))
			status = memmap_place(importer->map, request, &placed);
	}
	return status;
}

static enum acre_status place(struct importer *importer, const struct fdt_memory_cursor *cursor,
			      const struct fdt_memory_fact *fact)
{
	struct memmap_request request = {
		.size = fact->size,
		.align = fact->alignment,
		.window = { 0, ACRE_PADDR_LIMIT },
		.kind = kind_of(fact),
		.name = owner_of(fact),
	};
	struct acre_range placed;

	if (fact->no_map && fact->reusable)
		report_fact(importer, fact, MEMMAP_WARNING, ACRE_ERR_INVALID,
			    "says both no-map and reusable, taken as no-map");
	if (fact->nwindows != 0)
		return place_in_windows(importer, cursor, fact, &request);
	return memmap_place(importer->map, &request, &placed);
}

static void report_unplaced(struct importer *importer, const struct fdt_memory_fact *fact,
			    enum acre_status status)
{
	const char *what = "no place for it in usable memory: ask for less, or lower its alignment";

	if (status == ACRE_ERR_FULL)
		what = "not placed: more reservations than the map was made for";
	else if (fact->nwindows > MEMMAP_MAX_WINDOWS)
		what = "no place for it in the first pairs of its alloc-ranges: raise "
		       "MEMMAP_MAX_WINDOWS";
	else if (fact->nwindows != 0)
		what = "no place for it in its alloc-ranges: "
		       "widen them, ask for less, or lower its alignment";
	report_fact(importer, fact, MEMMAP_ERROR,
		    status == ACRE_ERR_NOT_FOUND ? ACRE_ERR_NOMEM : status, what);
}

/* Can it be said what it asks for? */
static bool is_placeable(struct importer *importer, const struct fdt_memory_fact *fact)
{
	if (fact->kind == FDT_FACT_DYNAMIC)
		return true;
	if (is_intact(fact)) {
		report_fact(importer, fact, MEMMAP_WARNING, fact->why, "placed as if it said okay");
		return true;
	}
	report_fact(importer, fact, MEMMAP_ERROR, fact->why,
		    "not placed, since no one can say what it asks for");
	return false;
}

uint32_t memmap_place_from_fdt(struct memmap *map, const struct fdt *fdt,
			       const struct memmap_reporter *reporter)
{
	struct importer importer = { .map = map, .fdt = fdt, .reporter = reporter };
	struct fdt_memory_cursor cursor;
	struct fdt_memory_fact fact;
	uint32_t placed = 0;
	uint32_t tried = 0;
	enum acre_status status = ACRE_OK;

	fdt_memory_begin(&cursor, fdt);
	while (tried < map->ndynamic && status != ACRE_ERR_FULL) {
		if (fdt_memory_next(&cursor, &fact) != ACRE_OK)
			break;
		if (subject(&fact) != FDT_FACT_DYNAMIC)
			continue;
		tried++;
		if (!is_placeable(&importer, &fact))
			continue;
		/* Those without a place count too: a map that was made for few is not kept long. */
		status = tried <= map->max_reservations ? place(&importer, &cursor, &fact)
							: ACRE_ERR_FULL;
		if (status == ACRE_OK)
			placed++;
		else
			report_unplaced(&importer, &fact, status);
	}
	return map->ndynamic - placed;
}
