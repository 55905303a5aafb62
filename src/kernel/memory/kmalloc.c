/* SPDX-License-Identifier: MIT */
/*
 * kmalloc.c - kmalloc.h on the kernel's heap, and what the trace is told: of a block that was handed
 * out, after the call; of a free, before it, while no other hart can have the block. While the trace
 * is off each call costs one test more.
 */
#include "kernel/memory/kmalloc.h"

#include "kernel/memory/kernel_heap.h"
#include "kernel/memory/trace.h"
#include "lib/align.h"
#include "lib/attributes.h"
#include "lib/compiler.h"
#include "lib/panic.h"
#include "mm/heap/heap_cache.h"

/*
 * The trace is on: a block was handed out; blocks are being freed. Apart, and called last, so that
 * nothing is saved while it is off.
 */
static never_inline void *traced(enum trace_verb verb, void *block, size_t size, const void *caller)
{
	trace_block(verb, block, size, caller);
	return block;
}

static never_inline void traced_free(void *ptr, const void *caller)
{
	trace_block(TRACE_KFREE, ptr, 0, caller);
	heap_free(&kernel_heap, ptr, caller);
}

static never_inline void traced_free_sized(void *ptr, size_t size, const void *caller)
{
	trace_block(TRACE_KFREE_SIZED, ptr, size, caller);
	heap_free_sized(&kernel_heap, ptr, size, caller);
}

void kfree(void *ptr)
{
	if (likely(!trace_is_on()))
		heap_free(&kernel_heap, ptr, acre_caller());
	else
		traced_free(ptr, acre_caller());
}

void kfree_sized(void *ptr, size_t size)
{
	if (likely(!trace_is_on()))
		heap_free_sized(&kernel_heap, ptr, size, acre_caller());
	else
		traced_free_sized(ptr, size, acre_caller());
}

void *kmalloc(size_t size)
{
	if (likely(!trace_is_on()))
		return heap_alloc(&kernel_heap, size, acre_caller());
	return traced(TRACE_KMALLOC, heap_alloc(&kernel_heap, size, acre_caller()), size,
		      acre_caller());
}

void *kzalloc(size_t size)
{
	if (likely(!trace_is_on()))
		return heap_zalloc(&kernel_heap, size, acre_caller());
	return traced(TRACE_KZALLOC, heap_zalloc(&kernel_heap, size, acre_caller()), size,
		      acre_caller());
}

void *kcalloc(size_t n, size_t size)
{
	uint64_t bytes = SIZE_MAX;

	if (likely(!trace_is_on()))
		return heap_calloc(&kernel_heap, n, size, acre_caller());
	if (!mul_checked(n, size, &bytes))
		bytes = SIZE_MAX;
	return traced(TRACE_KCALLOC, heap_calloc(&kernel_heap, n, size, acre_caller()), bytes,
		      acre_caller());
}

void *kmalloc_aligned(size_t size, size_t align)
{
	void *block = heap_alloc_aligned(&kernel_heap, size, align, acre_caller());

	if (unlikely(trace_is_on()))
		trace_aligned(block, size, align, acre_caller());
	return block;
}

void *krealloc(void *ptr, size_t size)
{
	if (likely(!trace_is_on()))
		return heap_realloc(&kernel_heap, ptr, size, acre_caller());
	trace_block(TRACE_KREALLOC_FROM, ptr, size, acre_caller());
	return traced(TRACE_KREALLOC, heap_realloc(&kernel_heap, ptr, size, acre_caller()), size,
		      acre_caller());
}

void *kmalloc_or_panic(size_t size)
{
	void *block = heap_alloc_or_panic(&kernel_heap, size, HEAP_MIN_ALIGN, acre_caller());

	return likely(!trace_is_on()) ? block : traced(TRACE_KMALLOC, block, size, acre_caller());
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

/* Bytes of its objects. */
static size_t object_size(const struct heap_cache *cache)
{
	return kernel_heap.slabs.class[cache->class].size;
}

void *kcache_alloc(struct heap_cache *cache)
{
	if (likely(!trace_is_on()))
		return heap_cache_alloc(cache, acre_caller());
	return traced(TRACE_KCACHE_ALLOC, heap_cache_alloc(cache, acre_caller()),
		      object_size(cache), acre_caller());
}

static never_inline void traced_cache_free(struct heap_cache *cache, void *object,
					   const void *caller)
{
	trace_block(TRACE_KCACHE_FREE, object, object_size(cache), caller);
	heap_cache_free(cache, object, caller);
}

void kcache_free(struct heap_cache *cache, void *object)
{
	if (likely(!trace_is_on()))
		heap_cache_free(cache, object, acre_caller());
	else
		traced_cache_free(cache, object, acre_caller());
}
