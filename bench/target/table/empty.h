/* SPDX-License-Identifier: MIT */
/*
 * empty.h (table) - the pointers are loaded, and nothing is called: all that a loop costs by
 * itself.
 */
#ifndef BENCH_TABLE_EMPTY_H
#define BENCH_TABLE_EMPTY_H

#include "bench/target/empty_call.h"

/* The compiler has to have @x in a register. */
#define LOADED(x) __asm__ volatile("" : : "r"(x))

static inline uint64_t target_frame_alloc(struct bench_frames *f)
{
	LOADED(f->alloc);
	CALL_1((uintptr_t)f->pool);
	return a;
}

static inline bool target_frame_free(struct bench_frames *f, uint64_t frame)
{
	LOADED(f->free);
	CALL_2((uintptr_t)f->pool, frame);
	return a == 0;
}

static inline uint64_t target_run_alloc(struct bench_frames *f, uint64_t n, uint64_t align)
{
	LOADED(f->run_alloc);
	CALL_3((uintptr_t)f->pool, n, align);
	return a;
}

static inline bool target_run_free(struct bench_frames *f, uint64_t frame, uint64_t n)
{
	LOADED(f->run_free);
	CALL_3((uintptr_t)f->pool, frame, n);
	return a == 0;
}

static inline void *target_heap_alloc(struct bench_heap *h, size_t size, size_t align)
{
	LOADED(h->alloc);
	CALL_3((uintptr_t)h->heap, size, align);
	return (void *)(uintptr_t)a;
}

static inline void target_heap_free(struct bench_heap *h, void *ptr, size_t size, size_t align)
{
	LOADED(h->free);
	CALL_4((uintptr_t)h->heap, (uintptr_t)ptr, size, align);
}

static inline void *target_heap_realloc(struct bench_heap *h, void *ptr, size_t size, size_t align,
					size_t new_size)
{
	LOADED(h->realloc);
	CALL_5((uintptr_t)h->heap, (uintptr_t)ptr, size, align, new_size);
	return (void *)(uintptr_t)a;
}

#endif
