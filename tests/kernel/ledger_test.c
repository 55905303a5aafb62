/* SPDX-License-Identifier: MIT */
/* ledger_test.c (cases) - each byte of the machine has one owner, and `why` says which. */
#include "kernel/memory/ledger.h"

#include "kernel/hart/harts.h"
#include "kernel/machine.h"
#include "kernel/memory/kernel_heap.h"
#include "kernel/memory/kernel_image.h"
#include "kernel/memory/kmalloc.h"
#include "kernel/memory/trace.h"
#include "kernel/monitor/why.h"
#include "kernel/text.h"
#include "lib/compiler.h"
#include "lib/fmt.h"
#include "lib/string.h"
#include "selftest/irq_stress.h"
#include "tests/support/frames_at_rest.h"
#include "tests/support/ktest.h"

/* Does the answer about @addr contain @text? */
static bool says(uint64_t addr, const char *text)
{
	static char sentence[WHY_LEN];
	size_t len = strlen(text);

	why_str(sentence, addr);
	for (const char *at = sentence; *at != '\0'; at++) {
		if (strncmp(at, text, len) == 0)
			return true;
	}
	ktest_note("%s", sentence);
	return false;
}

KTEST(ledger, the_image_is_in_ram_and_the_kernels)
{
	EXPECT(ledger_image_is_ours());
}

KTEST(ledger, the_books_agree)
{
	REQUIRE_VALID(ledger_check());
}

/* Byte sums by the linker's symbols against those of the map. */
KTEST(ledger, the_parts_are_the_image)
{
	struct memmap_part part[KERNEL_IMAGE_PARTS];
	struct acre_range image = kernel_image_parts(part);
	uint64_t sum = 0, of_part[KERNEL_IMAGE_PARTS] = { 0 }, padding = 0;

	for (uint32_t i = 0; i < machine.memmap.nregions; i++) {
		const struct memmap_region *r = &machine.memmap.region[i];
		if (r->kind != MEMMAP_KERNEL)
			continue;
		EXPECT(r->range.start >= image.start && r->range.end <= image.end);
		sum += acre_range_size(r->range);
		bool is_known = strcmp(r->name, "kernel padding") == 0;
		padding += is_known ? acre_range_size(r->range) : 0;
		for (uint32_t p = 0; p < KERNEL_IMAGE_PARTS; p++) {
			if (strcmp(r->name, part[p].name) == 0) {
				of_part[p] += acre_range_size(r->range);
				is_known = true;
			}
		}
		EXPECT(is_known);
	}
	EXPECT_EQ(sum, acre_range_size(image));
	/* Stacks, arena and table lie in BSS, the last part, and are not counted twice. */
	for (uint32_t p = 0; p + 1 < KERNEL_IMAGE_PARTS; p++)
		EXPECT_EQ(of_part[p], acre_range_size(part[p].range));
	EXPECT_EQ(of_part[0] + of_part[1] + of_part[2] + of_part[6],
		  acre_range_size(part[6].range));
	EXPECT_EQ(of_part[5], 0); /* data */
	EXPECT(padding < 3 * FRAME_SIZE);
}

/* What is free, what is handed out, and all kinds but those two, are the bytes of RAM. */
KTEST(ledger, frames_and_regions_sum_up_to_ram)
{
	irq_stress_pause();
	frame_count_t free = frames_at_rest();
	frame_count_t out = frame_managed_count(&machine.frames) - free;
	uint64_t sum = (free + out) * FRAME_SIZE;
	frame_count_t counted = 0;

	for (unsigned kind = 0; kind < MEMMAP_KIND_COUNT; kind++) {
		if (kind != MEMMAP_USABLE && kind != MEMMAP_LENT)
			sum += memmap_bytes(&machine.memmap, (enum memmap_kind)kind);
	}
	EXPECT_EQ(sum, memmap_ram_bytes(&machine.memmap));
	/*
	 * What is handed out is the other harts' areas and the trace, nothing else: the cases return
	 * theirs.
	 */
	counted += acre_range_size(trace_rings()) / FRAME_SIZE;
	for (unsigned i = 1; i < harts_count(); i++)
		counted += HART_AREA_SIZE / FRAME_SIZE;
	EXPECT_EQ(out, counted);
}

KTEST(ledger, why_knows_each_piece_of_a_hart)
{
	static const struct {
		uint64_t offset;
		const char *what;
	} piece[] = {
		{ 0, "the emergency stack of hart " },
		{ HART_EMERGENCY_SIZE - 1, "the emergency stack of hart " },
		{ HART_EMERGENCY_SIZE, "the guard below the stack of hart " },
		{ HART_EMERGENCY_SIZE + HART_GUARD_SIZE, "the stack of hart " },
		{ HART_RECORD_OFFSET - 1, "the stack of hart " },
		{ HART_RECORD_OFFSET, "the record of hart " },
		{ HART_AREA_SIZE - 1, "the record of hart " },
	};

	for (unsigned h = 0; h < harts_count(); h++) {
		uint64_t area = (uint64_t)hart_at(h) - HART_RECORD_OFFSET;
		for (unsigned i = 0; i < ARRAY_SIZE(piece); i++) {
			char text[64];
			fmt_buffer(text, sizeof(text), "%s%llu", piece[i].what,
				   (ull)hart_at(h)->id);
			EXPECT(says(area + piece[i].offset, text));
		}
		char text[64];
		fmt_buffer(text, sizeof(text), "the record of hart %llu, in its interrupt stress",
			   (ull)hart_at(h)->id);
		EXPECT(says((uint64_t)irq_stress_of(hart_at(h)), text));
	}
}

KTEST(ledger, why_follows_a_frame_from_free_to_handed_out)
{
	frame_nr_t pfn = frame_alloc(&machine.frames);
	char text[64];

	irq_stress_pause();
	REQUIRE(pfn != FRAME_NONE);
	uint64_t addr = frame_to_paddr(pfn);
	fmt_buffer(text, sizeof(text), "in a frame that is handed out, [0x%llx, 0x%llx), of",
		   (ull)addr, (ull)(addr + FRAME_SIZE));
	EXPECT(says(addr, text));
	EXPECT(says(addr + FRAME_SIZE - 1, text));
	EXPECT_EQ(frame_free(&machine.frames, pfn), ACRE_OK);
	fmt_buffer(text, sizeof(text), "in a free frame, [0x%llx, 0x%llx), of", (ull)addr,
		   (ull)(addr + FRAME_SIZE));
	EXPECT(says(addr + 17, text));
}

KTEST(ledger, why_follows_a_block_of_the_heap)
{
	void *object = kmalloc(1024);
	void *run = kmalloc(20000);
	const uint64_t at = (uint64_t)object;
	char text[64];

	irq_stress_pause();
	REQUIRE(object != NULL && run != NULL);
	EXPECT(says(at, " of a slab of 1024-byte objects, live, ["));
	fmt_buffer(text, sizeof(text), "live, [0x%llx, 0x%llx)", (ull)at, (ull)at + 1024);
	EXPECT(says(at, text));
	EXPECT(says(at + 1023, text));
	EXPECT(says(at, "kernel heap, ["));
	fmt_buffer(text, sizeof(text), ", in a live block [0x%llx, 0x%llx)", (ull)run,
		   (ull)run + 20480);
	EXPECT(says((uint64_t)run + 20479, text));
	kfree(object);
	kfree(run);
	EXPECT(says(at, "-byte objects, free, ["));
	struct acre_range table = kernel_heap_table();
	EXPECT(says(table.start, "kernel heap's table, ["));
	EXPECT(says(table.end - 1, "kernel heap's table, ["));
}

KTEST(ledger, why_names_functions_and_constants)
{
	static const char constant[] = "some text";

	EXPECT(says((uint64_t)why_str, "kernel text, ["));
	EXPECT(says((uint64_t)why_str, ", in why_str+0x0"));
	EXPECT(says((uint64_t)constant, "kernel rodata, ["));
	EXPECT(says((uint64_t)&machine, "kernel bss, ["));
}

KTEST(ledger, why_knows_the_tree_the_tables_and_the_slack)
{
	const struct memmap *map = &machine.memmap;
	const struct memmap_region *region;
	uint32_t cursor = 0;

	if ((region = memmap_find(map, (uint64_t)machine.dtb)) != NULL &&
	    region->kind == MEMMAP_DTB)
		EXPECT(says((uint64_t)machine.dtb, "inside the device tree, ["));
	REQUIRE(memmap_next(map, MEMMAP_METADATA, &cursor) != NULL);
	cursor = 0;
	while ((region = memmap_next(map, MEMMAP_METADATA, &cursor)) != NULL)
		EXPECT(says(region->range.end - 1, region->index == MEMMAP_NO_INDEX
							   ? region->name
							   : "the frame pool's own "));
	cursor = 0;
	while ((region = memmap_next(map, MEMMAP_SLACK, &cursor)) != NULL)
		EXPECT(says(region->range.start, "rounding slack, ["));
	cursor = 0;
	while ((region = memmap_next(map, MEMMAP_FIRMWARE, &cursor)) != NULL)
		EXPECT(says(region->range.start, "firmware"));
}

/* Both edges of each region: the sentence tells where it begins or ends. */
KTEST(ledger, why_has_an_answer_for_both_ends_of_every_region)
{
	for (uint32_t i = 0; i < machine.memmap.nregions; i++) {
		const struct memmap_region *r = &machine.memmap.region[i];
		char text[48];
		fmt_buffer(text, sizeof(text), "[0x%llx, 0x%llx)", (ull)r->range.start,
			   (ull)r->range.end);
		EXPECT(says(r->range.start, text));
		EXPECT(says(r->range.end - 1, text));
	}
}

KTEST(ledger, why_says_what_is_no_ram)
{
	const struct memmap *map = &machine.memmap;
	const struct memmap_region *last = &map->bank[map->nbanks - 1];

	if (map->bank[0].range.start > 0)
		EXPECT(says(map->bank[0].range.start - 1, "not RAM: below bank 0, ["));
	EXPECT(says(last->range.end, "not RAM: above bank "));
	EXPECT(says(ACRE_PADDR_LIMIT - 1, "not RAM: above bank "));
	EXPECT(says(ACRE_PADDR_LIMIT, "no physical address"));
	EXPECT(says(UINT64_MAX, "no physical address"));
	for (uint32_t i = 1; i < map->nbanks; i++) {
		if (map->bank[i - 1].range.end < map->bank[i].range.start)
			EXPECT(says(map->bank[i - 1].range.end, "not RAM: between bank "));
	}
}
