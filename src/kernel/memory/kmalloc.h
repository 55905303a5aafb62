/* SPDX-License-Identifier: MIT */
/*
 * kmalloc.h - memory from the kernel's heap, under the names that kernel programmers know. Each is
 * the heap_ function of that name (mm/heap/heap.h has the contracts) on kernel_heap, on behalf of
 * the caller: at least 16-byte aligned, 0 bytes are 1 byte, NULL when there is none, wrong pointers
 * refused, any hart, any interrupt state.
 */
#ifndef ACRE_KERNEL_KMALLOC_H
#define ACRE_KERNEL_KMALLOC_H

#include <stddef.h>

#include "lib/attributes.h"

struct heap_cache;

/* kfree - NULL is nothing. */
void kfree(void *ptr);
/* kfree_sized - refuses a size that could not have made this block. */
void kfree_sized(void *ptr, size_t size);

#define KMALLOCED                                                                                  \
	acre_nodiscard acre_allocates acre_released_by(kfree, 1) acre_released_by(kfree_sized, 1)

KMALLOCED acre_sized_by(1) void *kmalloc(size_t size);
KMALLOCED acre_sized_by(1) void *kzalloc(size_t size);
/* kcalloc - cleared, and NULL if the product overflows. */
KMALLOCED acre_sized_by(1, 2) void *kcalloc(size_t n, size_t size);
/* kmalloc_aligned - at a multiple of @align, any power of two up to 2^31. */
KMALLOCED acre_sized_by(1) void *kmalloc_aligned(size_t size, size_t align);
/* krealloc - NULL is kmalloc(); if this returns NULL, @ptr is as it was. */
acre_nodiscard acre_sized_by(2) void *krealloc(void *ptr, size_t size);

/* kmalloc_or_panic - never NULL: panics on behalf of the caller where there is no memory. */
KMALLOCED acre_never_null acre_sized_by(1) void *kmalloc_or_panic(size_t size);

/* kmalloc_usable_size - the bytes that the block really has; 0 for what is no block. */
size_t kmalloc_usable_size(const void *ptr);

#undef KMALLOCED

/*
 * kcache_create - heap_cache_create() (mm/heap/heap_cache.h) on the kernel's heap, for objects of
 * @size bytes; @name is kept. Panics on behalf of the caller if there can be no such cache.
 * kcache_alloc - an object, or NULL. kcache_free - NULL is nothing.
 */
void kcache_create(struct heap_cache *cache, const char *name, size_t size);
acre_nodiscard void *kcache_alloc(struct heap_cache *cache);
void kcache_free(struct heap_cache *cache, void *object);

#endif
