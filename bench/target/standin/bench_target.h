/* SPDX-License-Identifier: MIT */
/*
 * bench_target.h (standin) - the cheapest thing that the loops can be run with: what they cost then is their own cost, and
 * is subtracted. No call: the price of calling an allocator is the allocator's. The compiler must not
 * see through the answers, or it would take the loops apart.
 */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint64_t target_frame_alloc(struct bench_frames *f)
{
	uint64_t frame = (uintptr_t)f;

	__asm__ volatile("" : "+r"(frame));
	return frame;
}

static inline bool target_frame_free(struct bench_frames *f, uint64_t frame)
{
	bool ok = true;

	(void)f;
	__asm__ volatile("" : "+r"(ok) : "r"(frame));
	return ok;
}

static inline uint64_t target_run_alloc(struct bench_frames *f, uint64_t n, uint64_t align)
{
	(void)n;
	(void)align;
	return target_frame_alloc(f);
}

static inline bool target_run_free(struct bench_frames *f, uint64_t frame, uint64_t n)
{
	(void)n;
	return target_frame_free(f, frame);
}

static inline void *target_heap_alloc(struct bench_heap *h, size_t size, size_t align)
{
	(void)size;
	(void)align;
	__asm__ volatile("" : "+r"(h));
	return h;
}

static inline void target_heap_free(struct bench_heap *h, void *ptr, size_t size, size_t align)
{
	(void)h;
	(void)size;
	(void)align;
	__asm__ volatile("" : : "r"(ptr));
}

static inline void *target_heap_realloc(struct bench_heap *h, void *ptr, size_t size, size_t align,
					size_t new_size)
{
	(void)size;
	(void)align;
	(void)new_size;
	__asm__ volatile("" : "+r"(ptr) : "r"(h));
	return ptr;
}

#endif
