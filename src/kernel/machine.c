/* SPDX-License-Identifier: MIT */
/*
 * machine.c - from the device tree to the frame pool: DTB -> facts -> regions -> frames. What goes
 * wrong here cannot be survived, so it panics; the sentence says what the tree said.
 */
#include "kernel/machine.h"

#include "fdt/fdt_harts.h"
#include "fdt/fdt_info.h"
#include "kernel/hart/hart_slot.h"
#include "kernel/memory/kernel_image.h"
#include "kernel/text.h"
#include "lib/fmt.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/map/memmap_fdt.h"
#include "mm/map/memmap_room.h"
#include "mm/setup.h"

#define MACHINE_MAP_NAME "memory map's own tables"

/* No tree that we have seen is larger than 200 KiB; what claims more than this is no tree. */
#define DTB_LIMIT (16u << 20)

struct machine machine;

/* "rv64i", and its extensions: as a list, since the tree has one. */
static const char *isa_of_lists(const struct fdt *fdt, const struct fdt_hart *hart)
{
	static char text[512];
	size_t at = fmt_buffer(text, sizeof(text), "%s", hart->isa_base);
	const char *extension;
	uint32_t position = 0;

	while (at < sizeof(text) && hart->isa_extensions.length != 0 &&
	       fdt_next_string(fdt, &hart->isa_extensions, &position, &extension) == ACRE_OK)
		at += fmt_buffer(text + at, sizeof(text) - at, " %s", extension);
	return text;
}

static const char *first_isa(const struct fdt *fdt)
{
	struct fdt_hart_cursor cursor;
	struct fdt_hart hart;

	fdt_harts_begin(&cursor, fdt);
	while (fdt_harts_next(&cursor, &hart) == ACRE_OK) {
		if (hart.why == ACRE_OK && hart.enabled)
			return hart.isa_base != NULL ? isa_of_lists(fdt, &hart)
			       : hart.isa != NULL    ? hart.isa
						     : "";
	}
	return "";
}

/* Boot arguments without an end are read anyway: there may be a mem= in them. */
static const char *read_bootargs(const struct fdt *fdt)
{
	static char open_ended[1024];
	const char *text = "";

	if (fdt_bootargs(fdt, &text) != ACRE_ERR_MALFORMED)
		return text;
	enum acre_status s = fdt_copy_bootargs(fdt, open_ended, sizeof(open_ended));
	acre_log_warn("chosen: bootargs has no NUL at its end: %s\n",
		      s == ACRE_OK ? "read as if it had" : "what is after 1,023 bytes is not read");
	return open_ended;
}

void machine_read_tree(const void *dtb, uint64_t boot_hart_id)
{
	struct fdt *fdt = &machine.fdt;

	if (dtb == NULL)
		acre_panic("no device tree: the firmware passed 0 in a1");
	enum acre_status s = fdt_open(fdt, dtb, DTB_LIMIT);
	if (s != ACRE_OK)
		acre_panic("the device tree at %p is %s at byte %u: %s", dtb, acre_status_str(s),
			   fdt->problem_at, fdt->problem);
	machine.dtb = dtb;
	machine.boot_hart_id = boot_hart_id;
	machine.isa = first_isa(fdt);
	/* Each of these may be missing; then it stays as it is. */
	machine.model = "";
	machine.bootargs = read_bootargs(fdt);
	if (fdt_model(fdt, &machine.model) != ACRE_OK)
		(void)!fdt_compatible(fdt, &machine.model);
	(void)!fdt_timebase(fdt, &machine.timebase_hz);
}

/* @first: room for the words of the first error. */
static void report_finding(void *first, const struct memmap_finding *finding)
{
	static const enum acre_log_level level[] = {
		[MEMMAP_NOTE] = ACRE_LOG_INFO,
		[MEMMAP_WARNING] = ACRE_LOG_WARN,
		[MEMMAP_ERROR] = ACRE_LOG_ERROR,
	};
	char sentence[MEMMAP_FINDING_LEN];
	char *error = first;

	if (finding->severity == MEMMAP_ERROR && error[0] == '\0')
		memmap_finding_str(error, finding);
	acre_log_at(level[finding->severity], "%s\n", memmap_finding_str(sentence, finding));
}

static void check_map(void)
{
	const char *broken = memmap_validate(&machine.memmap);

	if (broken != NULL)
		acre_panic("the memory map is wrong: %s", broken);
}

/* memmap_table_bytes() of one bank and 30 reservations, which is more than a small machine has. */
#define SMALL_TABLES 11560u

/* The map's own reservation: its tables. */
#define OWN_RESERVATIONS 1u

/* What is odd about the tree may be why: it is said first. */
static acre_noreturn void panic_without_room(const struct memmap_boot *boot,
					     const struct memmap_reporter *reporter, uint64_t bytes)
{
	struct memmap_need need;

	(void)!memmap_count_from_fdt(&machine.fdt, boot, reporter, &need);
	if (boot->limit != 0)
		acre_panic("no place in memory for the %llu bytes of its map; mem= in the boot "
			   "arguments allows the first %llu bytes of it",
			   (unsigned long long)bytes, (unsigned long long)boot->limit);
	acre_panic("no place in memory for the %llu bytes of its map", (unsigned long long)bytes);
}

/*
 * An empty map that is large enough for what the tree says. *@tables is where in RAM its tables are,
 * or empty if they are static.
 */
static void init_map(const struct memmap_boot *boot, const struct memmap_reporter *reporter,
		     const struct memmap_need *need, struct acre_range *tables)
{
	static uint64_t small_tables[SMALL_TABLES / sizeof(uint64_t)];
	const uint32_t nreservations = need->nreservations + OWN_RESERVATIONS;
	const uint64_t bytes = memmap_table_bytes(need->nbanks, nreservations);
	void *storage = small_tables;
	uint64_t size = sizeof(small_tables);
	enum acre_status s = ACRE_OK;

	*tables = (struct acre_range){ 0, 0 };
	if (bytes > sizeof(small_tables)) {
		s = memmap_find_room(&machine.fdt, boot, bytes, tables);
		if (s != ACRE_OK)
			panic_without_room(boot, reporter, bytes);
		storage = (void *)(uintptr_t)tables->start;
		size = acre_range_size(*tables);
	}
	s = memmap_init(&machine.memmap, storage, size, need->nbanks, nreservations);
	if (s != ACRE_OK)
		acre_panic("the memory map has no tables: %s", acre_status_str(s));
}

/* The partition of all that the tree and @boot say. */
static enum acre_status make_map(const struct memmap_boot *boot,
				 const struct memmap_reporter *reporter)
{
	struct memmap_need need;
	struct acre_range tables;
	enum acre_status s = memmap_count_from_fdt(&machine.fdt, boot, NULL, &need);

	if (s != ACRE_OK) /* once more, to hear why */
		return memmap_count_from_fdt(&machine.fdt, boot, reporter, &need);
	init_map(boot, reporter, &need, &tables);
	s = memmap_from_fdt(&machine.memmap, &machine.fdt, boot, reporter);
	if (s == ACRE_OK)
		s = memmap_reserve(&machine.memmap, tables, MEMMAP_METADATA, MACHINE_MAP_NAME);
	return s == ACRE_OK ? memmap_resolve(&machine.memmap) : s;
}

void machine_map_memory(uint64_t limit, struct acre_range initrd)
{
	uint64_t dtb = (uint64_t)machine.dtb;
	struct memmap_part part[KERNEL_IMAGE_PARTS];
	const struct memmap_boot boot = {
		.image = kernel_image_parts(part),
		.part = part,
		.nparts = KERNEL_IMAGE_PARTS,
		.limit = limit,
		.dtb = { dtb, dtb + fdt_total_size(&machine.fdt) },
		.initrd = initrd,
	};
	char error[MEMMAP_FINDING_LEN] = "";
	const struct memmap_reporter reporter = { .report = report_finding, .ctx = error };

	machine.mem_limit = limit;
	enum acre_status s = make_map(&boot, &reporter);
	if (s != ACRE_OK)
		acre_panic("no memory map can be made of this device tree: %s",
			   error[0] != '\0' ? error : acre_status_str(s));
	uint32_t unplaced = memmap_place_from_fdt(&machine.memmap, &machine.fdt, &reporter);
	if (unplaced != 0)
		acre_log_warn("%u of %u dynamic reservations have no place: "
			      "their drivers will not find them\n",
			      unplaced, machine.memmap.ndynamic);
	check_map();
}

static const struct hart_slot_type stock_type = {
	.name = "stock of frames",
	.size = sizeof(struct frame_stock),
	.align = _Alignof(struct frame_stock),
	.init = frame_stock_init,
	.leave = frame_stock_leave,
	.context = &machine.frames,
};

static const struct hart_slot_type reclaim_type = {
	.name = "reclaim",
	.size = sizeof(struct reclaim_slot),
	.align = _Alignof(struct reclaim_slot),
};

static void init_reclaim(void)
{
	struct hart_slots slots;

	if (hart_slot_register(&reclaim_type, &slots) != ACRE_OK)
		acre_panic("the records of harts have no room to say who is asked for memory");
	reclaim_init(&machine.reclaim, &slots);
	frame_pool_reclaim(&machine.frames, &machine.reclaim);
}

void machine_init_frames(bool debug)
{
	struct hart_slots stocks;
	enum acre_status s = hart_slot_register(&stock_type, &stocks);

	if (s != ACRE_OK)
		acre_panic("the records of harts have no room for their stocks of frames");
	s = debug ? mm_init_frames_debug(&machine.frames, &machine.memmap, 0, &stocks)
		  : mm_init_frames(&machine.frames, &machine.memmap, 0, &stocks);

	if (s != ACRE_OK && machine.mem_limit != 0)
		acre_panic(
			"no frame pool can be made of this memory: %s; mem= in the boot arguments "
			"allows the first %llu bytes of it",
			acre_status_str(s), (unsigned long long)machine.mem_limit);
	if (s != ACRE_OK)
		acre_panic("no frame pool can be made of this memory: %s", acre_status_str(s));
	init_reclaim();
}

/* Neighbours often have one name: it is copied once. */
struct name_copy {
	const char *from;
	const char *to;
};

static void adopt_name(struct memmap_region *region, struct name_copy *last)
{
	if (region->name == NULL || region->name[0] == '\0')
		return;
	if (region->name != last->from) {
		last->from = region->name;
		last->to = text_copy(region->name);
	}
	region->name = last->to;
}

void machine_adopt_names(void)
{
	struct memmap *map = &machine.memmap;
	struct name_copy last = { 0 };

	for (uint32_t i = 0; i < map->nbanks; i++)
		adopt_name(&map->bank[i], &last);
	for (uint32_t i = 0; i < map->nreservations; i++)
		adopt_name(&map->reservation[i], &last);
	for (uint32_t i = 0; i < map->nregions; i++)
		adopt_name(&map->region[i], &last);
	machine.model = text_copy(machine.model);
	machine.isa = text_copy(machine.isa);
	machine.bootargs = text_copy(machine.bootargs);
}
