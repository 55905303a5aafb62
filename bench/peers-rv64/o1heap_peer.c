/* SPDX-License-Identifier: MIT */
/*
 * o1heap_peer.c - o1heap behind the table. It aligns to 32 bytes and has no reallocation: for more
 * alignment a block is taken that is as much larger, with its own start before the aligned one.
 */
#include "bench/peers/peers.h"

#include <o1heap.h>

static void *create(uint8_t *arena, size_t size)
{
	return o1heapInit(arena, size);
}

static void destroy(void *heap)
{
	(void)heap;
}

static void *alloc(void *heap, size_t size, size_t align)
{
	if (align <= O1HEAP_ALIGNMENT)
		return o1heapAllocate(heap, size);
	uintptr_t start = (uintptr_t)o1heapAllocate(heap, size + align);
	if (start == 0)
		return NULL;
	uintptr_t aligned = (start + align) & ~(uintptr_t)(align - 1);
	((uintptr_t *)aligned)[-1] = start;
	return (void *)aligned;
}

static void give_back(void *heap, void *block, size_t size, size_t align)
{
	(void)size;
	o1heapFree(heap, align <= O1HEAP_ALIGNMENT ? block : (void *)((uintptr_t *)block)[-1]);
}

static void *resize(void *heap, void *block, size_t size, size_t align, size_t new_size)
{
	void *moved = alloc(heap, new_size, align);

	if (moved == NULL)
		return NULL;
	__builtin_memcpy(moved, block, size < new_size ? size : new_size);
	give_back(heap, block, size, align);
	return moved;
}

const struct peer_heap PEER_HEAP_O1HEAP = {
	.name = "o1heap",
	.note = "",
	.create = create,
	.destroy = destroy,
	.alloc = alloc,
	.free = give_back,
	.realloc = resize,
};
