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
	for (uint32_t i = 0; i < map->nregions; i++)
		print_region(&map->region[i]);
	acre_print("taken out of RAM, and left:\n");
	for (unsigned kind = 0; kind < MEMMAP_KIND_COUNT; kind++) {
		uint64_t bytes = memmap_bytes(map, (enum memmap_kind)kind);
		if (bytes != 0)
			acre_print("  %-17s  %12s  %llu bytes\n",
				   memmap_kind_str((enum memmap_kind)kind), fmt_size(size, bytes),
				   (ull)bytes);
	}
	report_sum(map);
	report_outside(map);
}

void report_frames(void)
{
	struct frame_pool *pool = &machine.frames;
	char managed[FMT_SIZE_LEN];
	char free[FMT_SIZE_LEN];
	frame_count_t nmanaged = frame_managed_count(pool);
	frame_count_t nfree = frame_free_count(pool);

	acre_print("frames    %llu managed (%s), %llu free (%s), of %llu bytes each\n",
		   (ull)nmanaged, fmt_size(managed, nmanaged * FRAME_SIZE), (ull)nfree,
		   fmt_size(free, nfree * FRAME_SIZE), (ull)FRAME_SIZE);
	acre_print("          the heap has %llu of the frames that are handed out\n",
		   (ull)kernel_heap_frames());
	if (pool->debug)
		acre_print("          debug mode: who took or freed a frame is recorded, "
			   "free ones are filled\n");
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

void report_heap(void)
{
	struct heap_stats s;
	char total[FMT_SIZE_LEN];
	char used[FMT_SIZE_LEN];
	char peak[FMT_SIZE_LEN];
	char largest[FMT_SIZE_LEN];

	heap_stats(&kernel_heap, &s);
	acre_print("heap      %s in %u region%s, %s used in %llu blocks, peak %s, "
		   "largest free run %s\n",
		   fmt_size(total, s.total_bytes), s.regions, s.regions == 1 ? "" : "s",
		   fmt_size(used, s.used_bytes), (ull)s.live_blocks, fmt_size(peak, s.peak_bytes),
		   fmt_size(largest, s.largest_free));
	if (s.grown_bytes + s.placed_bytes + s.backed_bytes != 0)
		acre_print("          %s in frames: taken %llu times, given back %llu times; "
			   "and %s that it keeps\n",
			   fmt_size(total, s.grown_bytes + s.placed_bytes), (ull)s.grows,
			   (ull)s.shrinks, fmt_size(used, s.backed_bytes));
	acre_print("          %llu failures, %llu bad alignments, %llu refused frees\n",
		   (ull)s.count.failures, (ull)s.count.bad_alignments, (ull)s.count.refusals);
}

/* One line of the table of report_heap_classes(). */
static void report_class(unsigned class, const struct slab_stats *s)
{
	char size[FMT_SIZE_LEN];
	const char *what = class == SLAB_LARGE ? "large" : fmt_size(size, s->size);

	acre_print("  %-10s %6zu %7zu %8zu %9zu %10zu %10zu\n", s->name != NULL ? s->name : what,
		   s->slabs, s->peak, s->live, s->objects - s->live, s->live_bytes, s->bytes);
}

/* The heap by classes: its last column adds up to all of its memory. */
static void report_heap_classes(void)
{
	struct heap_stats h;
	struct slab_stats s;
	size_t in_objects = 0;

	report_heap();
	acre_print("  objects of  slabs    peak     live      free live bytes      bytes\n");
	for (unsigned class = 1; class <= SLAB_LARGE; class ++) {
		slab_class_stats(&kernel_heap.slabs, class, &s);
		in_objects += s.bytes;
		if (s.starts != 0)
			report_class(class, &s);
	}
	heap_stats(&kernel_heap, &h);
	const struct {
		const char *what;
		size_t bytes;
	} rest[] = {
		{ "rests of slabs", h.slab_bytes > in_objects ? h.slab_bytes - in_objects : 0 },
		{ "larger blocks", h.run_bytes },
		{ "tables in the heap", h.table_bytes },
		{ "free", h.free_bytes },
		{ "sum", h.total_bytes },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rest); i++)
		acre_print("  %-54s %10zu\n", rest[i].what, rest[i].bytes);
}

static void report_machine_and_harts(void)
{
	report_machine();
	report_harts();
}

COMMAND(mem) = {
	.name = "mem",
	.usage = "mem",
	.help = "every region of memory and who owns it",
	.run = report_memory,
};

COMMAND(frames) = {
	.name = "frames",
	.usage = "frames",
	.help = "the frame pool",
	.run = report_frames,
};

COMMAND(heap) = {
	.name = "heap",
	.usage = "heap",
	.help = "the kernel heap",
	.run = report_heap_classes,
};

COMMAND(harts) = {
	.name = "harts",
	.usage = "harts",
	.help = "firmware, machine and harts",
	.run = report_machine_and_harts,
};
