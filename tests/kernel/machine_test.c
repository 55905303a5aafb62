/* SPDX-License-Identifier: MIT */
/* The machine that we really run on: is what the kernel believes of it consistent? */
#include "kernel/machine.h"

#include "kernel/hart/hart.h"
#include "kernel/memory/kernel_heap.h"
#include "kernel/trap/symbols.h"
#include "lib/string.h"
#include "selftest/irq_stress.h"
#include "tests/support/frame_ask.h"
#include "tests/support/ktest.h"

extern const char image_start[];
extern const char image_end[];
extern const char text_start[];

KTEST(machine, every_byte_of_ram_has_one_owner)
{
	uint64_t sum = 0;

	REQUIRE_VALID(memmap_validate(&machine.memmap));
	for (unsigned kind = 0; kind < MEMMAP_KIND_COUNT; kind++)
		sum += memmap_bytes(&machine.memmap, (enum memmap_kind)kind);
	EXPECT_EQ(sum, memmap_ram_bytes(&machine.memmap));
}

KTEST(machine, the_pool_manages_all_usable_memory_and_nothing_else)
{
	irq_stress_pause();
	EXPECT_EQ(frame_managed_count(&machine.frames) * FRAME_SIZE,
		  memmap_bytes(&machine.memmap, MEMMAP_USABLE) +
			  memmap_bytes(&machine.memmap, MEMMAP_LENT));
	REQUIRE_VALID(frame_validate(&machine.frames));
	for (uint32_t i = 0; i < machine.memmap.nregions; i++) {
		const struct memmap_region *r = &machine.memmap.region[i];
		bool usable = r->kind == MEMMAP_USABLE || r->kind == MEMMAP_LENT;
		EXPECT_EQ(frame_is_managed(&machine.frames, frame_from_paddr(r->range.start)),
			  usable);
		EXPECT_EQ(frame_is_managed(&machine.frames, frame_from_paddr(r->range.end - 1)),
			  usable);
	}
}

static enum memmap_kind kind_at(uint64_t address)
{
	const struct memmap_region *r = memmap_find(&machine.memmap, address);

	return r != NULL ? r->kind : MEMMAP_KIND_COUNT;
}

KTEST(machine, the_image_and_the_tree_are_not_handed_out)
{
	struct acre_range dtb = { (uint64_t)machine.dtb,
				  (uint64_t)machine.dtb + fdt_total_size(&machine.fdt) };

	EXPECT_EQ(kind_at((uint64_t)image_start), MEMMAP_KERNEL);
	EXPECT_EQ(kind_at((uint64_t)image_end - 1), MEMMAP_KERNEL);
	EXPECT_EQ(kind_at((uint64_t)hart_self()), MEMMAP_KERNEL);
	for (uint64_t at = dtb.start; at < dtb.end; at += 512) {
		/* Firmware may keep the tree outside of RAM, or inside of its own memory. */
		EXPECT(kind_at(at) != MEMMAP_USABLE);
		EXPECT(!frame_is_managed(&machine.frames, frame_from_paddr(at)));
	}
}

/*
 * Firmware's memory would fault, and it lies low: there one frame in each 2 MiB, further up fewer and fewer.
 * Each costs an emulator's host as much as 2 MiB.
 */
KTEST(machine, managed_frames_can_be_written)
{
	frame_count_t stride = 512;
	unsigned tried = 0;

	irq_stress_pause();
	for (frame_nr_t pfn = ask_next_free(&machine.frames, 0); pfn != FRAME_NONE;
	     pfn = ask_next_free(&machine.frames, (pfn | (stride - 1)) + 1)) {
		volatile uint64_t *word = frame_ptr(&machine.frames, pfn);
		uint64_t old = *word;
		*word = ~old;
		EXPECT_EQ(*word, ~old);
		*word = old;
		if (++tried % 16 == 0)
			stride *= 2;
	}
	EXPECT(tried != 0);
}

KTEST(machine, the_kernel_heap_is_valid)
{
	REQUIRE_VALID(heap_validate(&kernel_heap));
}

KTEST(machine, a_frame_number_of_the_image_is_a_foreign_frame)
{
	EXPECT(frame_free(&machine.frames, frame_from_paddr((uint64_t)image_start)) != ACRE_OK);
	EXPECT_EQ(ktest_bad_frees(), 1);
}

KTEST(symbols, name_the_function_that_contains_an_address)
{
	uint64_t offset = 0;
	const char *name = symbol_find((uint64_t)memmap_find + 4, &offset);

	REQUIRE(name != NULL);
	EXPECT_STR(name, "memmap_find");
	EXPECT_EQ(offset, 4);
	EXPECT_STR(symbol_find((uint64_t)text_start, &offset), "_start");
	EXPECT_EQ(offset, 0);
	EXPECT(symbol_find((uint64_t)text_start - 1, &offset) == NULL);
	EXPECT(symbol_find((uint64_t)image_end, &offset) == NULL);
	EXPECT(symbol_find(0, &offset) == NULL);
}
