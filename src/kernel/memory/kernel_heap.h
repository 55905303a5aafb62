/* SPDX-License-Identifier: MIT */
/* kernel_heap.h - the one heap of the kernel. Its users call kmalloc.h. */
#ifndef ACRE_KERNEL_KERNEL_HEAP_H
#define ACRE_KERNEL_KERNEL_HEAP_H

#include "mm/heap/heap.h"
#include "mm/types.h"

extern struct heap kernel_heap;

/*
 * kernel_heap_init - make kernel_heap out of KERNEL_HEAP_SIZE bytes of BSS. Panics if it cannot.
 * Pre:    called once, by the boot hart, before any other hart uses it.
 */
void kernel_heap_init(void);

/* kernel_heap_arena - where its blocks are; kernel_heap_table - where its notes about them are. */
struct acre_range kernel_heap_arena(void);
struct acre_range kernel_heap_table(void);

#endif
