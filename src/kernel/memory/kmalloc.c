/* SPDX-License-Identifier: MIT */
/* kmalloc.c - kmalloc.h on the kernel's heap. */
#include "kernel/memory/kmalloc.h"

#include "kernel/memory/kernel_heap.h"
#include "lib/attributes.h"

void kfree(void *ptr)
{
	heap_free(&kernel_heap, ptr, acre_caller());
}

void kfree_sized(void *ptr, size_t size)
{
	heap_free_sized(&kernel_heap, ptr, size, acre_caller());
}

void *kmalloc(size_t size)
{
	return heap_alloc(&kernel_heap, size, acre_caller());
}

void *kzalloc(size_t size)
{
	return heap_zalloc(&kernel_heap, size, acre_caller());
}

void *kcalloc(size_t n, size_t size)
{
	return heap_calloc(&kernel_heap, n, size, acre_caller());
}

void *kmalloc_aligned(size_t size, size_t align)
{
	return heap_alloc_aligned(&kernel_heap, size, align, acre_caller());
}

void *krealloc(void *ptr, size_t size)
{
	return heap_realloc(&kernel_heap, ptr, size, acre_caller());
}

void *kmalloc_or_panic(size_t size)
{
	return heap_alloc_or_panic(&kernel_heap, size, HEAP_MIN_ALIGN, acre_caller());
}

size_t kmalloc_usable_size(const void *ptr)
{
	return heap_usable_size(&kernel_heap, ptr);
}
