/* SPDX-License-Identifier: MIT */
/*
 * machine.h - the kernel's one machine: its device tree, memory map and frame pool, and what else
 * the tree said. Filled in once by kernel_main(); the heap is in kernel/memory/kmalloc.h, the
 * firmware in kernel/kernel_sbi.h.
 */
#ifndef ACRE_KERNEL_MACHINE_H
#define ACRE_KERNEL_MACHINE_H

#include "fdt/fdt.h"
#include "lib/reclaim.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "mm/map/memmap.h"

struct machine {
	const void *dtb;
	struct fdt fdt;
	const char *model; /* "" when the tree has none; these three are safe to print */
	const char *isa;   /* of the first enabled hart */
	const char *bootargs;
	uint64_t boot_hart_id;
	uint64_t timebase_hz;
	unsigned harts_online;
	uint64_t mem_limit; /* mem= of the boot arguments, 0: none */
	struct memmap memmap;
	struct frame_pool frames;
	struct reclaim_list reclaim; /* who is asked before an allocation fails */
};

extern struct machine machine;

/*
 * machine_read_tree - open the device tree and read what is not memory. Panics, saying why, if it
 * is none.
 */
void machine_read_tree(const void *dtb, uint64_t boot_hart_id);

/*
 * machine_map_memory - build the memory map of the first @limit bytes of RAM (0: all), in which
 * @initrd is kept out (which may be empty), and check its sums.
 * machine_init_frames - the frame pool on it, in debug mode if @debug.
 */
void machine_map_memory(uint64_t limit, struct acre_range initrd);
void machine_init_frames(bool debug);

/*
 * machine_adopt_names - copy what the device tree calls things to the heap, unprintable bytes
 * replaced, so that everything printed from now on is plain text.
 */
void machine_adopt_names(void);

#endif
