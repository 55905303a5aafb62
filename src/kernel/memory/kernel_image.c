/* SPDX-License-Identifier: MIT */
/* kernel_image.c - the linker's symbols (kernel.ld) as ranges with names. */
#include "kernel/memory/kernel_image.h"

#include "boot/boot_abi.h"
#include "kernel/memory/kernel_heap.h"
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

struct acre_range kernel_image_parts(struct memmap_part part[KERNEL_IMAGE_PARTS])
{
	/*
	 * Where two overlap, the first has it: the first three lie in BSS. Padding is the image's.
	 */
	const struct memmap_part all[KERNEL_IMAGE_PARTS] = {
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
