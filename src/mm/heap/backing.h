/* SPDX-License-Identifier: MIT */
/*
 * backing.h - where a heap takes memory from when its regions have no more: frames of a pool, as a
 * rule.
 */
#ifndef ACRE_MM_BACKING_H
#define ACRE_MM_BACKING_H

#include <stddef.h>
#include <stdint.h>

#include "lib/platform.h"

struct heap_backing {
	/*
	 * take - @bytes of memory, whole frames of 4 KiB, at a multiple of @align, a power of two that is
	 * 4 KiB at least. NULL: there is none. It is called with interrupts off and locks of the heap
	 * held, so it must not use the heap, and a pool that asks hooks for memory asks none.
	 * give - take it back: all that one take() returned. No lock is held.
	 */
	void *(*take)(void *context, size_t bytes, size_t align);
	void (*give)(void *context, void *start, size_t bytes);
	void *context;
	uintptr_t low; /* all of it lies in [low, high) */
	uintptr_t high;
};

static inline void *heap_backing_take(const struct heap_backing *backing, size_t bytes,
				      size_t align)
{
	unsigned long irq = platform_irq_save();
	void *memory = backing->take(backing->context, bytes, align);

	platform_irq_restore(irq);
	return memory;
}

#endif
