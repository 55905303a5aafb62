/* SPDX-License-Identifier: MIT */
/*
 * why.c - the sentence of why.h, put together piece by piece: what the memory map says, then what
 * those know who have divided the region further (frame pool, harts, heap, names of functions).
 */
#include "kernel/monitor/why.h"

#include <stdarg.h>

#include "boot/boot_abi.h"
#include "kernel/command.h"
#include "kernel/hart/hart_slot.h"
#include "kernel/hart/harts.h"
#include "kernel/kernel_sbi.h"
#include "kernel/machine.h"
#include "kernel/memory/kernel_heap.h"
#include "kernel/memory/trace.h"
#include "kernel/text.h"
#include "kernel/trap/symbols.h"
#include "lib/fmt.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/setup.h"

struct sentence {
	char *buf;
	size_t len;
};

static acre_printf_like(2, 3) void say(struct sentence *s, const char *format, ...)
{
	va_list args;

	if (s->len >= WHY_LEN)
		return;
	va_start(args, format);
	s->len += fmt_vbuffer(s->buf + s->len, WHY_LEN - s->len, format, args);
	va_end(args);
}

static void say_range(struct sentence *s, struct acre_range range)
{
	say(s, "[0x%llx, 0x%llx)", (ull)range.start, (ull)range.end);
}

/* ---- no RAM --------------------------------------------------------------------------------- */

static void say_bank(struct sentence *s, uint32_t bank)
{
	say(s, "bank %u, ", (unsigned)bank);
	say_range(s, machine.memmap.bank[bank].range);
}

/* The reservations that want @addr anyway. */
static void say_outside(struct sentence *s, acre_paddr_t addr)
{
	struct memmap_outside_cursor cursor = { 0 };
	struct memmap_region part;
	char name[MEMMAP_NAME_LEN];

	while (memmap_outside(&machine.memmap, &cursor, &part)) {
		if (!acre_range_contains(part.range, addr))
			continue;
		say(s, "; reserved anyway by %s (%s), ", memmap_name(name, &part),
		    memmap_kind_str(part.kind));
		say_range(s, part.range);
	}
}

static void say_no_ram(struct sentence *s, acre_paddr_t addr)
{
	const struct memmap *map = &machine.memmap;
	uint32_t above = 0;

	if (addr >= ACRE_PADDR_LIMIT) {
		say(s, "no physical address: those end at 0x%llx", (ull)ACRE_PADDR_LIMIT);
		return;
	}
	while (above < map->nbanks && map->bank[above].range.start <= addr)
		above++;
	say(s, "not RAM: ");
	if (above == 0) {
		say(s, "below ");
		say_bank(s, 0);
	} else if (above == map->nbanks) {
		say(s, "above ");
		say_bank(s, above - 1);
	} else {
		say(s, "between ");
		say_bank(s, above - 1);
		say(s, ", and ");
		say_bank(s, above);
	}
	say_outside(s, addr);
}

/* ---- the heap --------------------------------------------------------------------------------- */

/* False if the heap has no memory there. */
static bool say_heap(struct sentence *s, acre_paddr_t addr)
{
	static const char *const what[] = {
		[HEAP_SLAB_REST] = "the rest of a slab",
		[HEAP_RUN] = "a live block",
		[HEAP_FREE_RUN] = "a free run",
		[HEAP_FREE] = "memory of the heap that is free",
		[HEAP_TABLE] = "a table of the heap",
	};
	struct heap_block block;

	if (heap_block_of(&kernel_heap, (const void *)(uintptr_t)addr, &block) != ACRE_OK)
		return false;
	if (block.what == HEAP_OBJECT && block.cache != NULL)
		say(s, "in object %u of a slab of the cache '%s', %s, ", block.index, block.cache,
		    block.live ? "live" : "free");
	else if (block.what == HEAP_OBJECT)
		say(s, "in object %u of a slab of %zu-byte objects, %s, ", block.index, block.bytes,
		    block.live ? "live" : "free");
	else
		say(s, "in %s ", what[block.what]);
	uint64_t start = (uint64_t)block.start;
	say_range(s, (struct acre_range){ start, start + block.bytes });
	return true;
}

/* ---- frames --------------------------------------------------------------------------------- */

/* The piece of the area of one hart that @addr is in. False if it is not in there. */
static bool say_hart_area(struct sentence *s, const struct hart *hart, acre_paddr_t addr)
{
	uint64_t area = (uint64_t)hart - HART_RECORD_OFFSET;
	const char *what = "the stack";

	if (addr < area || addr - area >= HART_AREA_SIZE)
		return false;
	if (addr - area < HART_EMERGENCY_SIZE)
		what = "the emergency stack";
	else if (addr - area < HART_EMERGENCY_SIZE + HART_GUARD_SIZE)
		what = "the guard below the stack";
	else if (addr - area >= HART_RECORD_OFFSET)
		what = "the record";
	say(s, "%s of hart %llu", what, (ull)hart->id);
	const char *slot = hart_slot_name(addr - (uint64_t)hart);
	if (slot != NULL)
		say(s, ", in its %s", slot);
	return true;
}

static bool say_harts(struct sentence *s, acre_paddr_t addr)
{
	for (unsigned i = 0; i < harts_count(); i++) {
		if (say_hart_area(s, hart_at(i), addr))
			return true;
	}
	return false;
}

static bool say_trace(struct sentence *s, acre_paddr_t addr)
{
	const struct acre_range rings = trace_rings();

	if (addr < rings.start || addr >= rings.end)
		return false;
	say(s, "the events of the trace");
	return true;
}

static void say_frame(struct sentence *s, acre_paddr_t addr)
{
	frame_nr_t pfn = frame_from_paddr(addr);

	if (!frame_is_managed(&machine.frames, pfn)) {
		say(s, "a frame that was taken out of the pool, ");
	} else if (frame_is_free(&machine.frames, pfn)) {
		say(s, "in a free frame, ");
	} else {
		say(s, "in a frame that is handed out, ");
		if (say_harts(s, addr) || say_trace(s, addr) || say_heap(s, addr))
			say(s, ", ");
	}
	say_range(s, (struct acre_range){ frame_to_paddr(pfn), frame_to_paddr(pfn + 1) });
}

/* What debug mode knows. */
static void say_past(struct sentence *s, acre_paddr_t addr)
{
	struct frame_past past;
	uint64_t offset = 0;

	if (!frame_past(&machine.frames, frame_from_paddr(addr), &past))
		return;
	const char *name = symbol_find((uint64_t)past.caller - 1, &offset);
	say(s, "; %s by 0x%llx", past.what, (ull)(uint64_t)past.caller);
	if (name != NULL)
		say(s, " %s+0x%llx", name, (ull)offset + 1);
	say(s, " on hart %llu, event %llu",
	    past.hart < harts_count() ? (ull)hart_at(past.hart)->id : past.hart, (ull)past.number);
}

static void say_numa(struct sentence *s, const struct memmap_region *region)
{
	if (region->numa_node != MEMMAP_NO_NODE)
		say(s, " (NUMA node %u)", (unsigned)region->numa_node);
}

static void say_usable(struct sentence *s, const struct memmap_region *region, acre_paddr_t addr)
{
	say_frame(s, addr);
	say(s, ", of the usable memory ");
	say_range(s, region->range);
	say(s, " of bank %u", (unsigned)region->bank);
	say_numa(s, region);
	say_past(s, addr);
}

/* ---- the kernel ----------------------------------------------------------------------------- */

static void say_kernel(struct sentence *s, const struct memmap_region *region, acre_paddr_t addr)
{
	uint64_t offset = 0;
	const char *function = symbol_find(addr, &offset);

	say(s, "the kernel's own: %s, ", region->name);
	say_range(s, region->range);
	if (function != NULL)
		say(s, ", in %s+0x%llx", function, (ull)offset);
	else if (acre_range_contains(kernel_heap_arena(), addr)) {
		say(s, ", ");
		if (!say_heap(s, addr))
			say(s, "in no block");
	} else if (addr - ((uint64_t)hart_at(0) - HART_RECORD_OFFSET) < HART_AREA_SIZE) {
		say(s, ", ");
		(void)say_hart_area(s, hart_at(0), addr);
	}
}

/* ---- all other owners ----------------------------------------------------------------------- */

static void say_reserved(struct sentence *s, const struct memmap_region *region, const char *how)
{
	say(s, "inside /reserved-memory/%s, ", region->name);
	say_range(s, region->range);
	say(s, ", %s", how);
}

static void say_firmware(struct sentence *s, const struct memmap_region *region)
{
	if (strncmp(region->name, "mmode_", 6) == 0) {
		say_reserved(s, region, "memory of the firmware");
		return;
	}
	say(s, "kept for the firmware, ");
	say_range(s, region->range);
	say(s, ": %s", region->name);
}

/* Of a region that touches @region on one side and is the reason why there is slack. */
static void say_neighbour(struct sentence *s, const struct memmap_region *other)
{
	char name[MEMMAP_NAME_LEN];

	say(s, ", beside %s", memmap_name(name, other));
}

static void say_slack(struct sentence *s, const struct memmap_region *region)
{
	const struct memmap_region *below =
		region->range.start > 0 ? memmap_find(&machine.memmap, region->range.start - 1)
					: NULL;
	const struct memmap_region *above = memmap_find(&machine.memmap, region->range.end);
	bool is_said = false;

	say(s, "rounding slack, ");
	say_range(s, region->range);
	say(s, ": the rest of a frame that is not free as a whole");
	if (below != NULL && below->kind > MEMMAP_SLACK) {
		say_neighbour(s, below);
		is_said = true;
	}
	if (above != NULL && above->kind > MEMMAP_SLACK) {
		say_neighbour(s, above);
		is_said = true;
	}
	if (!is_said)
		say(s, ", at the edge of bank %u", (unsigned)region->bank);
}

static void say_region(struct sentence *s, const struct memmap_region *region, acre_paddr_t addr)
{
	const char *name = region->name;

	switch (region->kind) {
	case MEMMAP_USABLE:
		say_usable(s, region, addr);
		return;
	case MEMMAP_SLACK:
		say_slack(s, region);
		return;
	case MEMMAP_METADATA:
		if (region->index == MEMMAP_NO_INDEX) {
			say(s, "the %s, ", name);
			break;
		}
		say(s, "the frame pool's own %s of bank %u, ",
		    strcmp(name, MM_RECORDS_NAME) == 0 ? "records" : "tables",
		    (unsigned)region->index);
		break;
	case MEMMAP_REUSABLE:
		say_reserved(s, region, "reusable, and not lent to the frame pool");
		return;
	case MEMMAP_LENT:
		say_reserved(s, region, "reusable and lent to the frame pool: ");
		say_frame(s, addr);
		say_past(s, addr);
		return;
	case MEMMAP_LEFT_OUT:
		say(s, "RAM that is left out by %s, ", name);
		break;
	case MEMMAP_MEMRESERVE:
		say(s, "inside entry %u of the tree's /memreserve/ block, ",
		    (unsigned)region->index);
		break;
	case MEMMAP_RESERVED:
		say_reserved(s, region, "reserved");
		return;
	case MEMMAP_NO_MAP:
		say_reserved(s, region, "no-map: not to be touched");
		return;
	case MEMMAP_INITRD:
		say(s, "inside the initrd, as /chosen says, ");
		break;
	case MEMMAP_DTB:
		say(s, "inside the device tree, ");
		say_range(s, region->range);
		say(s, ", as %s passed it", sbi_impl_name(kernel_sbi.impl_id));
		return;
	case MEMMAP_KERNEL:
		say_kernel(s, region, addr);
		return;
	case MEMMAP_FIRMWARE:
		say_firmware(s, region);
		return;
	case MEMMAP_KIND_COUNT:
		return;
	}
	say_range(s, region->range);
}

/* Other owners that claim it too, and did not get it. */
static void say_losers(struct sentence *s, acre_paddr_t addr)
{
	struct memmap_outside_cursor cursor = { 0 };
	struct memmap_conflict conflict;
	char name[MEMMAP_NAME_LEN];

	while (memmap_next_conflict(&machine.memmap, &cursor, &conflict)) {
		if (!acre_range_contains(conflict.range, addr))
			continue;
		say(s, "; claimed by %s (%s) too, ", memmap_name(name, conflict.loser),
		    memmap_kind_str(conflict.loser->kind));
		say_range(s, conflict.loser->range);
	}
}

const char *why_str(char buf[WHY_LEN], acre_paddr_t addr)
{
	struct sentence s = { buf, 0 };
	const struct memmap_region *region = memmap_find(&machine.memmap, addr);

	say(&s, "0x%llx: ", (ull)addr);
	if (region == NULL)
		say_no_ram(&s, addr);
	else
		say_region(&s, region, addr);
	say_losers(&s, addr);
	return buf;
}

bool why_is_kernels(acre_paddr_t addr)
{
	char unused[WHY_LEN] = "";
	struct sentence s = { unused, 0 };

	return say_harts(&s, addr) || say_trace(&s, addr) || say_heap(&s, addr);
}

static void print_why(unsigned nwords, char *const *word)
{
	char sentence[WHY_LEN];
	uint64_t address;

	if (command_address("why ADDRESS", nwords, word, &address))
		acre_print("%s\n", why_str(sentence, address));
}

COMMAND(why) = {
	.name = "why",
	.usage = "why ADDRESS",
	.help = "whose is the byte there, and why",
	.example = "why kernel_main+0x10",
	.candidate = symbol_name,
	.max_words = 1,
	.run_words = print_why,
};
