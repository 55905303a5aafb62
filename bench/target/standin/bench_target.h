/* SPDX-License-Identifier: MIT */
/*
 * bench_target.h (standin) - calls that do nothing: what the loops cost then is their own cost, and is
 * subtracted. There is no instruction where the call would be, but to the compiler there might be one
 * that does all that a call may do, so that it lays the loop out as it does around a call. The call
 * itself and the return are the allocator's expense.
 */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/target/empty_call.h"

static inline uint64_t target_frame_alloc(struct bench_frames *f)
{
	CALL_1((uintptr_t)f);
	return a;
}

static inline bool target_frame_free(struct bench_frames *f, uint64_t frame)
{
	CALL_2((uintptr_t)f, frame);
	return a == 0;
}

static inline uint64_t target_run_alloc(struct bench_frames *f, uint64_t n, uint64_t align)
{
	CALL_3((uintptr_t)f, n, align);
	return a;
}

static inline bool target_run_free(struct bench_frames *f, uint64_t frame, uint64_t n)
{
	CALL_3((uintptr_t)f, frame, n);
	return a == 0;
}

/* The kernel's functions want to know who calls, and nothing of the old size. */
static inline void *target_heap_alloc(struct bench_heap *h, size_t size, size_t align)
{
	(void)align;
	CALL_3((uintptr_t)h, size, 0);
	return (void *)(uintptr_t)a;
}

static inline void target_heap_free(struct bench_heap *h, void *ptr, size_t size, size_t align)
{
	(void)size;
	(void)align;
	CALL_3((uintptr_t)h, (uintptr_t)ptr, 0);
}

static inline void *target_heap_realloc(struct bench_heap *h, void *ptr, size_t size, size_t align,
					size_t new_size)
{
	(void)h;
	(void)size;
	(void)align;
	CALL_3((uintptr_t)ptr, new_size, 0);
	return (void *)(uintptr_t)a;
}

#endif
