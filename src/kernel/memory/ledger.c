/* SPDX-License-Identifier: MIT */
/* ledger.c - the books and the audit of ledger.h. */
#include "kernel/memory/ledger.h"

#include "boot/boot_abi.h"
#include "kernel/machine.h"
#include "kernel/memory/kernel_heap.h"
#include "lib/panic.h"
#include "lib/string.h"

extern const char image_start[], image_end[];
extern const char text_start[], text_end[];
extern const char rodata_start[], rodata_end[];
extern const char data_start[], data_end[];
extern const char bss_start[], bss_end[];
extern const char boot_hart_area[];

static struct acre_range between(const char *start, const char *end)
{
	return (struct acre_range){ (uint64_t)start, (uint64_t)end };
}

struct acre_range ledger_image(struct memmap_part part[LEDGER_IMAGE_PARTS])
{
	/* Where two overlap, the first has it: the first three lie in BSS. Padding is the image's. */
	const struct memmap_part all[LEDGER_IMAGE_PARTS] = {
		{ between(boot_hart_area, boot_hart_area + HART_AREA_SIZE), "boot hart's stacks" },
		{ kernel_heap_arena(), "kernel heap" },
		{ kernel_heap_table(), "kernel heap's table" },
		{ between(text_start, text_end), "kernel text" },
		{ between(rodata_start, rodata_end), "kernel rodata" },
		{ between(data_start, data_end), "kernel data" },
		{ between(bss_start, bss_end), "kernel bss" },
	};

	memcpy(part, all, sizeof(all));
	return between(image_start, image_end);
}

/* Is [range) all of the kernel or of what is more restrictive, as far as it is RAM? */
static bool is_kernels(struct acre_range range)
{
	while (range.start < range.end) {
		const struct memmap_region *region = memmap_find(&machine.memmap, range.start);
		if (region == NULL) /* a kernel outside of what the tree calls memory */
			return true;
		if (region->kind < MEMMAP_KERNEL)
			return false;
		range.start = region->range.end;
	}
	return true;
}

/* Does the first byte of each part, where it is the kernel's, have the name of the part? */
static const char *check_image(void)
{
	struct memmap_part part[LEDGER_IMAGE_PARTS];
	struct acre_range image = ledger_image(part);

	if (!is_kernels(image))
		return "L2: part of the image is not the kernel's";
	for (uint32_t i = 0; i < 3; i++) {
		const struct memmap_region *region =
			memmap_find(&machine.memmap, part[i].range.start);
		if (region == NULL || region->kind != MEMMAP_KERNEL)
			continue;
		if (strcmp(region->name, part[i].name) != 0 ||
		    region->range.end > part[i].range.end)
			return "L2: part of the image is under another name";
	}
	return NULL;
}

static const char *check_pool(void)
{
	const struct memmap *map = &machine.memmap;
	uint64_t lent = memmap_bytes(map, MEMMAP_LENT);
	const struct memmap_region *region;
	uint32_t cursor = 0;

	if (frame_managed_count(&machine.frames) * FRAME_SIZE !=
	    memmap_bytes(map, MEMMAP_USABLE) + lent)
		return "L3: the frame pool manages not what is usable and lent";
	if (frame_free_count(&machine.frames) > frame_managed_count(&machine.frames))
		return "L3: more frames are free than there are";
	while ((region = memmap_next(map, MEMMAP_METADATA, &cursor)) != NULL) {
		if (region->index >= map->nbanks)
			return "L4: frame tables of no bank";
	}
	return NULL;
}

const char *ledger_check(void)
{
	const char *broken = memmap_validate(&machine.memmap);

	if (broken == NULL)
		broken = check_image();
	return broken == NULL ? check_pool() : broken;
}

void ledger_check_or_panic(void)
{
	const char *broken = ledger_check();

	if (broken != NULL)
		acre_panic("the books of memory are wrong: %s", broken);
}
