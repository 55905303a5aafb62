/* SPDX-License-Identifier: MIT */
/* report.c - the lines of report.h. */
#include "kernel/monitor/report.h"

#include "fdt/fdt_info.h"
#include "kernel/command.h"
#include "kernel/hart/clock.h"
#include "kernel/hart/hart_slot.h"
#include "kernel/hart/harts.h"
#include "kernel/kernel_sbi.h"
#include "kernel/machine.h"
#include "kernel/memory/heap_frames.h"
#include "kernel/memory/kernel_heap.h"
#include "kernel/memory/trace.h"
#include "kernel/text.h"
#include "lib/compiler.h"
#include "lib/fmt.h"
#include "lib/print.h"
#include "sbi/console.h"

/* Distances of other nodes' memory, as the tree has them; nothing on a machine without nodes. */
static void report_numa(void)
{
	struct fdt_property matrix;
	struct fdt_distance found;
	enum acre_status s = fdt_find_distances(&machine.fdt, &matrix);

	if (s == ACRE_ERR_MALFORMED)
		acre_log_warn("distance-map: distance-matrix is not whole entries: not used\n");
	if (s != ACRE_OK || matrix.length == 0)
		return;
	acre_print("numa      from-to distance: ");
	for (uint32_t i = 0; fdt_read_distance(&machine.fdt, &matrix, i, &found) == ACRE_OK; i++)
		acre_print("%s%u-%u %u", i == 0 ? "" : ", ", found.from, found.to, found.distance);
	acre_print("\n");
}

void report_machine(void)
{
	char version[SBI_IMPL_VERSION_LEN];

	acre_print("firmware  SBI %u.%u, %s %s, console by %s\n", kernel_sbi.spec_major,
		   kernel_sbi.spec_minor, sbi_impl_name(kernel_sbi.impl_id),
		   sbi_impl_version_str(&kernel_sbi, version), sbi_console_name(&kernel_sbi));
	acre_print("machine   %s\n",
		   machine.model[0] != '\0' ? machine.model : "(the tree does not say)");
	acre_print("isa       %s\n",
		   machine.isa[0] != '\0' ? machine.isa : "(the tree does not say)");
	acre_print("harts     %u of %u answered, %u disabled; booted on hart %llu\n",
		   machine.harts_online, harts_count(), harts_disabled(),
		   (ull)machine.boot_hart_id);
	if (machine.bootargs[0] != '\0')
		acre_print("bootargs  %s\n", machine.bootargs);
	report_numa();
}

static const char *state_str(const struct hart *hart)
{
	static const char *const name[] = {
		[HART_STOPPED] = "stopped",   [HART_CLAIMED] = "about to be woken",
		[HART_STARTING] = "starting", [HART_CALLED] = "about to wake",
		[HART_RUNNING] = "running",   [HART_DONE] = "done",
		[HART_PARKED] = "parked",     [HART_STOPPING] = "stopping",
		[HART_LATE] = "late to stop", [HART_LOST] = "did not answer",
	};

	return name[atomic_load(&hart->state)];
}

void report_harts(void)
{
	for (unsigned i = 0; i < harts_count(); i++) {
		const struct hart *hart = hart_at(i);
		acre_print("  hart %-4llu %s; interrupts: %llu of the timer, %llu of other harts\n",
			   (ull)hart->id, state_str(hart), (ull)hart->timer_interrupts,
			   (ull)hart->software_interrupts);
		hart_slot_report_all(hart);
		if (!command_more())
			return;
	}
}

static void print_region(const struct memmap_region *region)
{
	char size[FMT_SIZE_LEN];
	char name[MEMMAP_NAME_LEN];

	acre_print("  [0x%016llx, 0x%016llx) %12s  %-17s  %s\n", (ull)region->range.start,
		   (ull)region->range.end, fmt_size(size, acre_range_size(region->range)),
		   memmap_kind_str(region->kind), memmap_name(name, region));
}

static void report_outside(const struct memmap *map)
{
	struct memmap_outside_cursor cursor = { 0 };
	struct memmap_region part;

	for (bool first = true; memmap_outside(map, &cursor, &part); first = false) {
		if (first)
			acre_print("reserved outside RAM: listed, not counted\n");
		print_region(&part);
	}
}

/* The kinds above must be all of RAM, and what the pool manages what is usable and lent. */
static void report_sum(const struct memmap *map)
{
	uint64_t sum = 0;
	frame_count_t managed = frame_managed_count(&machine.frames);
	frame_count_t free = frame_free_count(&machine.frames);

	for (unsigned kind = 0; kind < MEMMAP_KIND_COUNT; kind++)
		sum += memmap_bytes(map, (enum memmap_kind)kind);
	acre_print("sum       %llu bytes, %s RAM; in frames: %llu bytes free, %llu handed out\n",
		   (ull)sum, sum == memmap_ram_bytes(map) ? "all of" : "which is NOT all of",
		   (ull)(free * FRAME_SIZE), (ull)((managed - free) * FRAME_SIZE));
}

void report_memory(void)
{
	const struct memmap *map = &machine.memmap;
	char size[FMT_SIZE_LEN];

	acre_print("memory    %s of RAM in %u bank%s\n", fmt_size(size, memmap_ram_bytes(map)),
		   map->nbanks, map->nbanks == 1 ? "" : "s");
	if (!command_more())
		return;
	for (uint32_t i = 0; i < map->nregions; i++) {
		print_region(&map->region[i]);
		if (!command_more())
			return;
	}
	acre_print("taken out of RAM, and left:\n");
	if (!command_more())
		return;
	for (unsigned kind = 0; kind < MEMMAP_KIND_COUNT; kind++) {
		uint64_t bytes = memmap_bytes(map, (enum memmap_kind)kind);
		if (bytes == 0)
			continue;
		acre_print("  %-17s  %12s  %llu bytes\n", memmap_kind_str((enum memmap_kind)kind),
			   fmt_size(size, bytes), (ull)bytes);
		if (!command_more())
			return;
	}
	report_sum(map);
	report_outside(map);
}

void report_ready(void)
{
	uint64_t instructions;

	if (clock_ticks_per_second() != 0)
		acre_print("ready     %llu us after entry", (ull)clock_us_since_entry());
	else
		acre_print("ready     after entry, but how long no one can say");
	if (clock_instructions_since_entry(&instructions))
		acre_print(", %llu instructions", (ull)instructions);
	acre_print("\n");
}

static void report_sbi(void)
{
	char version[SBI_IMPL_VERSION_LEN];

	acre_print("  specification %u.%u, implementation %lu (%s) version %s\n",
		   kernel_sbi.spec_major, kernel_sbi.spec_minor, kernel_sbi.impl_id,
		   sbi_impl_name(kernel_sbi.impl_id), sbi_impl_version_str(&kernel_sbi, version));
	acre_print("  mvendorid 0x%lx, marchid 0x%lx, mimpid 0x%lx; console by %s\n",
		   kernel_sbi.mvendorid, kernel_sbi.marchid, kernel_sbi.mimpid,
		   sbi_console_name(&kernel_sbi));
	for (unsigned ext = 0; ext < SBI_EXT_COUNT && command_more(); ext++)
		acre_print("  0x%08lx %-28s %s\n", sbi_ext_id(ext), sbi_ext_name(ext),
			   sbi_has(&kernel_sbi, ext) ? "yes" : "no");
}

COMMAND(sbi) = {
	.name = "sbi",
	.usage = "sbi",
	.help = "the firmware and its extensions",
	.example = "sbi",
	.run = report_sbi,
};

static void report_machine_and_harts(void)
{
	report_machine();
	report_harts();
}

COMMAND(mem) = {
	.name = "mem",
	.usage = "mem",
	.help = "every region of memory and who owns it",
	.example = "mem",
	.run = report_memory,
};

COMMAND(harts) = {
	.name = "harts",
	.usage = "harts",
	.help = "firmware, machine and harts",
	.example = "harts",
	.run = report_machine_and_harts,
};
