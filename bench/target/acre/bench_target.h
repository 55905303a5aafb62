/* SPDX-License-Identifier: MIT */
/* bench_target.h (acre) - the kernel's own public functions, called directly and out of line. */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "mm/heap/heap.h"

/* The pointers of a struct bench_run are to the pool and to the heap. */
static inline uint64_t target_frame_alloc(struct bench_frames *f)
{
	return frame_alloc((struct frame_pool *)f);
}

static inline bool target_frame_free(struct bench_frames *f, uint64_t frame)
{
	return frame_free((struct frame_pool *)f, frame) == ACRE_OK;
}

static inline uint64_t target_run_alloc(struct bench_frames *f, uint64_t n, uint64_t align)
{
	return frame_alloc_range((struct frame_pool *)f, n, align << FRAME_SHIFT);
}

static inline bool target_run_free(struct bench_frames *f, uint64_t frame, uint64_t n)
{
	return frame_free_range((struct frame_pool *)f, frame, n) == ACRE_OK;
}

static inline void *target_heap_alloc(struct bench_heap *h, size_t size, size_t align)
{
	if (align <= HEAP_MIN_ALIGN)
		return heap_alloc((struct heap *)h, size, NULL);
	return heap_alloc_aligned((struct heap *)h, size, align, NULL);
}

static inline void target_heap_free(struct bench_heap *h, void *ptr, size_t size, size_t align)
{
	(void)size;
	(void)align;
	heap_free((struct heap *)h, ptr, NULL);
}

static inline void *target_heap_realloc(struct bench_heap *h, void *ptr, size_t size, size_t align,
					size_t new_size)
{
	(void)size;
	(void)align;
	return heap_realloc((struct heap *)h, ptr, new_size, NULL);
}

#endif
