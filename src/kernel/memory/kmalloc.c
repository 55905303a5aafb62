/* SPDX-License-Identifier: MIT */
/* kmalloc.c - kmalloc.h on the kernel's heap. */
#include "kernel/memory/kmalloc.h"

#include "kernel/memory/kernel_heap.h"
#include "lib/compiler.h"

void kfree(void *ptr)
{
	heap_free(&kernel_heap, ptr, CALLER());
}

void kfree_sized(void *ptr, size_t size)
{
	heap_free_sized(&kernel_heap, ptr, size, CALLER());
}

void *kmalloc(size_t size)
{
	return heap_alloc(&kernel_heap, size, CALLER());
}

void *kzalloc(size_t size)
{
	return heap_zalloc(&kernel_heap, size, CALLER());
}

void *kcalloc(size_t n, size_t size)
{
	return heap_calloc(&kernel_heap, n, size, CALLER());
}

void *kmalloc_aligned(size_t size, size_t align)
{
	return heap_alloc_aligned(&kernel_heap, size, align, CALLER());
}

void *krealloc(void *ptr, size_t size)
{
	return heap_realloc(&kernel_heap, ptr, size, CALLER());
}

void *kmalloc_or_panic(size_t size)
{
	return heap_alloc_or_panic(&kernel_heap, size, HEAP_MIN_ALIGN, CALLER());
}

size_t kmalloc_usable_size(const void *ptr)
{
	return heap_usable_size(&kernel_heap, ptr);
}
