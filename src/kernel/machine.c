/* SPDX-License-Identifier: MIT */
/*
 * machine.c - from the device tree to the frame pool: DTB -> facts -> regions -> frames. What goes
 * wrong here cannot be survived, so it panics; the sentence says what the tree said.
 */
#include "kernel/machine.h"

#include "fdt/fdt_harts.h"
#include "fdt/fdt_info.h"
#include "kernel/memory/kernel_image.h"
#include "kernel/text.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/map/memmap_fdt.h"
#include "mm/setup.h"

/* No tree that we have seen is larger than 200 KiB; what claims more than this is no tree. */
#define DTB_LIMIT (16u << 20)

struct machine machine;

static const char *first_isa(const struct fdt *fdt)
{
	struct fdt_hart_cursor cursor;
	struct fdt_hart hart;

	fdt_harts_begin(&cursor, fdt);
	while (fdt_harts_next(&cursor, &hart) == ACRE_OK) {
		if (hart.why == ACRE_OK && hart.enabled)
			return hart.isa != NULL        ? hart.isa
			       : hart.isa_base != NULL ? hart.isa_base
						       : "";
	}
	return "";
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
	machine.bootargs = "";
	if (fdt_model(fdt, &machine.model) != ACRE_OK)
		(void)!fdt_compatible(fdt, &machine.model);
	(void)!fdt_bootargs(fdt, &machine.bootargs);
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

void machine_map_memory(uint64_t limit)
{
	uint64_t dtb = (uint64_t)machine.dtb;
	struct memmap_part part[KERNEL_IMAGE_PARTS];
	const struct memmap_boot boot = {
		.image = kernel_image_parts(part),
		.part = part,
		.nparts = KERNEL_IMAGE_PARTS,
		.limit = limit,
		.dtb = { dtb, dtb + fdt_total_size(&machine.fdt) },
	};
	char error[MEMMAP_FINDING_LEN] = "";
	const struct memmap_reporter reporter = { .report = report_finding, .ctx = error };

	machine.mem_limit = limit;
	memmap_init(&machine.memmap);
	enum acre_status s = memmap_from_fdt(&machine.memmap, &machine.fdt, &boot, &reporter);
	if (s == ACRE_OK)
		s = memmap_resolve(&machine.memmap);
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

void machine_init_frames(bool debug)
{
	enum acre_status s = debug ? mm_init_frames_debug(&machine.frames, &machine.memmap, 0)
				   : mm_init_frames(&machine.frames, &machine.memmap, 0);

	if (s != ACRE_OK && machine.mem_limit != 0)
		acre_panic(
			"no frame pool can be made of this memory: %s; mem= in the boot arguments "
			"allows the first %llu bytes of it",
			acre_status_str(s), (unsigned long long)machine.mem_limit);
	if (s != ACRE_OK)
		acre_panic("no frame pool can be made of this memory: %s", acre_status_str(s));
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
