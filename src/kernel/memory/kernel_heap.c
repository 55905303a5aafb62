/* SPDX-License-Identifier: MIT */
/*
 * kernel_heap.c - the kernel's heap: an arena and its table in BSS, so that there is a heap before
 * anything is known about the machine. The size is a build setting (`make KERNEL_HEAP_SIZE=...`).
 */
#include "kernel/memory/kernel_heap.h"

#include "lib/panic.h"

#ifndef KERNEL_HEAP_SIZE
#error "KERNEL_HEAP_SIZE is not set; the Makefile does"
#endif

#define HEAP_BYTES ((size_t)KERNEL_HEAP_SIZE)

_Static_assert(KERNEL_HEAP_SIZE >= 16384, "KERNEL_HEAP_SIZE: some slabs and runs must fit");

/*
 * Aligned to a frame only, so that the image does not grow with the heap's alignment: wherever it
 * lies, an arena contains an aligned block of half its size, if that is a power of two. Its section
 * makes it the last of BSS (kernel.ld).
 */
static uint8_t heap_arena[HEAP_BYTES] acre_aligned_to(4096)
	__attribute__((__section__(".bss.heap_arena")));
static uint8_t heap_table[HEAP_TABLE_BYTES(HEAP_BYTES)];

struct heap kernel_heap;

void kernel_heap_init(void)
{
	heap_init(&kernel_heap);
	enum acre_status s = heap_add_region(&kernel_heap, heap_arena, sizeof(heap_arena),
					     heap_table, sizeof(heap_table));
	if (s != ACRE_OK)
		acre_panic("the kernel's heap of %zu bytes at %p cannot be set up: %s",
			   sizeof(heap_arena), (void *)heap_arena, acre_status_str(s));
}

struct acre_range kernel_heap_arena(void)
{
	return (struct acre_range){ (uint64_t)heap_arena,
				    (uint64_t)heap_arena + sizeof(heap_arena) };
}

struct acre_range kernel_heap_table(void)
{
	return (struct acre_range){ (uint64_t)heap_table,
				    (uint64_t)heap_table + sizeof(heap_table) };
}
