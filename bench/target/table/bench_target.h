/* SPDX-License-Identifier: MIT */
/*
 * bench_target.h (table) - allocators behind tables of functions, for a program that compares many
 * in one run. Each call costs a load and an indirect jump more than a direct one, the same for all.
 * With BENCH_EMPTY the loads are made and the jumps are not (RV64 only).
 */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Frames are numbers; @n and @align count frames. Taking returns BENCH_NONE (UINT64_MAX) for
 * none.
 */
struct bench_frames {
	void *pool;
	uint64_t (*alloc)(void *pool);
	bool (*free)(void *pool, uint64_t frame);
	uint64_t (*run_alloc)(void *pool, uint64_t n, uint64_t align);
	bool (*run_free)(void *pool, uint64_t frame, uint64_t n);
};

/* Taking returns NULL for none; giving back says what had been asked for. */
struct bench_heap {
	void *heap;
	void *(*alloc)(void *heap, size_t size, size_t align);
	void (*free)(void *heap, void *ptr, size_t size, size_t align);
	void *(*realloc)(void *heap, void *ptr, size_t size, size_t align, size_t new_size);
};

#ifdef BENCH_EMPTY
#include "bench/target/table/empty.h"
#else

static inline uint64_t target_frame_alloc(struct bench_frames *f)
{
	return f->alloc(f->pool);
}

static inline bool target_frame_free(struct bench_frames *f, uint64_t frame)
{
	return f->free(f->pool, frame);
}

static inline uint64_t target_run_alloc(struct bench_frames *f, uint64_t n, uint64_t align)
{
	return f->run_alloc(f->pool, n, align);
}

static inline bool target_run_free(struct bench_frames *f, uint64_t frame, uint64_t n)
{
	return f->run_free(f->pool, frame, n);
}

static inline void *target_heap_alloc(struct bench_heap *h, size_t size, size_t align)
{
	return h->alloc(h->heap, size, align);
}

static inline void target_heap_free(struct bench_heap *h, void *ptr, size_t size, size_t align)
{
	h->free(h->heap, ptr, size, align);
}

static inline void *target_heap_realloc(struct bench_heap *h, void *ptr, size_t size, size_t align,
					size_t new_size)
{
	return h->realloc(h->heap, ptr, size, align, new_size);
}

#endif

#endif
