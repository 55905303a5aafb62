/* SPDX-License-Identifier: MIT */
/*
 * system_peer.c - an allocator that takes its memory from an operating system: PEER_NAME says
 * which. Its functions are called by the workloads themselves (bench/target/system).
 */
#include <stddef.h>

#include "bench/peers-rv64/system_peer.h"

#define QUOTE2(a) #a
#define QUOTE(a)  QUOTE2(a)

static void *create(uint8_t *arena, size_t size)
{
	(void)size;
	return arena;
}

static void destroy(void *heap)
{
	(void)heap;
}

const struct peer_heap PEER_HEAP_SYSTEM = {
	.name = QUOTE(PEER_NAME),
	.note = "",
	.unbounded = true,
	.create = create,
	.destroy = destroy,
};
