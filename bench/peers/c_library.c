/* SPDX-License-Identifier: MIT */
/* c_library.c - malloc() of the C library, for scale: what a program has that asks for nothing else. */
#include <gnu/libc-version.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peers/peers.h"

#define MALLOC_ALIGN 16u /* of each block, unasked */

static void *create(uint8_t *arena, size_t size)
{
	(void)size;
	return arena;
}

static void destroy(void *heap)
{
	(void)heap;
}

static void *alloc(void *heap, size_t size, size_t align)
{
	(void)heap;
	return align <= MALLOC_ALIGN ? malloc(size) : memalign(align, size);
}

static void give_back(void *heap, void *block, size_t size, size_t align)
{
	(void)heap;
	(void)size;
	(void)align;
	free(block);
}

/* realloc() keeps no larger alignment. */
static void *resize(void *heap, void *block, size_t size, size_t align, size_t new_size)
{
	if (align <= MALLOC_ALIGN)
		return realloc(block, new_size);

	void *moved = alloc(heap, new_size, align);
	if (moved != NULL) {
		memcpy(moved, block, size < new_size ? size : new_size);
		free(block);
	}
	return moved;
}

const struct peer_heap PEER_HEAP_C_LIBRARY = {
	.name = "glibc",
	.note = "for scale: memory from the system, a cache for each thread",
	.shared = true,
	.unbounded = true,
	.version = gnu_get_libc_version,
	.create = create,
	.destroy = destroy,
	.alloc = alloc,
	.free = give_back,
	.realloc = resize,
};
