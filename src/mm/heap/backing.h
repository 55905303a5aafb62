/* SPDX-License-Identifier: MIT */
/*
 * backing.h - where a heap takes memory from when its regions have no more: frames of a pool, as a
 * rule (mm/frame_backing.h).
 */
#ifndef ACRE_MM_BACKING_H
#define ACRE_MM_BACKING_H

#include <stddef.h>
#include <stdint.h>

#include "lib/platform.h"

/* Where memory has to lie. */
struct heap_place {
	uint64_t below; /* no byte of it at this physical address or above; UINT64_MAX: anywhere */
	uint32_t node;  /* of this NUMA node, or HEAP_ANY_NODE */
};

#define HEAP_ANY_NODE UINT32_MAX

struct heap_backing {
	/*
	 * take - @bytes of memory, whole frames of 4 KiB, at a multiple of @align, a power of two that is
	 * 4 KiB at least, and where @place says; NULL is anywhere. Result: NULL if there is none. It
	 * is called with interrupts off and locks of the heap held, so it must not use the heap, and
	 * a pool that asks hooks for memory asks none.
	 * give - take it back: all that one take() returned. No lock is held.
	 */
	void *(*take)(void *context, size_t bytes, size_t align, const struct heap_place *place);
	void (*give)(void *context, void *start, size_t bytes);
	void *context;
	uintptr_t low; /* all of it lies in [low, high) */
	uintptr_t high;
};

static inline void *heap_backing_take(const struct heap_backing *backing, size_t bytes,
				      size_t align, const struct heap_place *place)
{
	unsigned long irq = platform_irq_save();
	void *memory = backing->take(backing->context, bytes, align, place);

	platform_irq_restore(irq);
	return memory;
}

#endif
