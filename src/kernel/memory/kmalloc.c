/* SPDX-License-Identifier: MIT */
/* kmalloc.c - kmalloc.h on the kernel's heap. */
#include "kernel/memory/kmalloc.h"

#include "kernel/memory/kernel_heap.h"
#include "lib/attributes.h"
#include "lib/panic.h"
#include "mm/heap/heap_cache.h"

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

void kcache_create(struct heap_cache *cache, const char *name, size_t size)
{
	const struct heap_cache_kind kind = { .name = name, .size = size };
	enum acre_status s = heap_cache_create(cache, &kernel_heap, &kind);

	if (s != ACRE_OK)
		acre_panic_from(acre_caller(), "no cache of %s, of %zu bytes each: %s", name, size,
				acre_status_str(s));
}

void *kcache_alloc(struct heap_cache *cache)
{
	return heap_cache_alloc(cache, acre_caller());
}

void kcache_free(struct heap_cache *cache, void *object)
{
	heap_cache_free(cache, object, acre_caller());
}
