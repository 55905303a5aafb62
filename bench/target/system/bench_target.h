/* SPDX-License-Identifier: MIT */
/*
 * bench_target.h (system) - an allocator that has the functions of C's library under names of its
 * own, which begin with PEER_PREFIX. Called directly; with BENCH_EMPTY not at all. It has no
 * frames.
 */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYSTEM_JOIN2(a, b) a##b
#define SYSTEM_JOIN(a, b)  SYSTEM_JOIN2(a, b)
#define ITS(name)          SYSTEM_JOIN(PEER_PREFIX, name)

#ifdef BENCH_EMPTY

#include "bench/target/empty_call.h"

static inline void *system_alloc(size_t size)
{
	CALL_1(size);
	return (void *)a;
}

static inline void *system_aligned(size_t align, size_t size)
{
	CALL_2(align, size);
	return (void *)a;
}

static inline void *system_realloc(void *ptr, size_t size)
{
	CALL_2((uintptr_t)ptr, size);
	return (void *)a;
}

static inline void system_free(void *ptr)
{
	CALL_1((uintptr_t)ptr);
}

#else

void *ITS(malloc)(size_t size);
void *ITS(memalign)(size_t align, size_t size);
void *ITS(realloc)(void *ptr, size_t size);
void ITS(free)(void *ptr);

static inline void *system_alloc(size_t size)
{
	return ITS(malloc)(size);
}

static inline void *system_aligned(size_t align, size_t size)
{
	return ITS(memalign)(align, size);
}

static inline void *system_realloc(void *ptr, size_t size)
{
	return ITS(realloc)(ptr, size);
}

static inline void system_free(void *ptr)
{
	ITS(free)(ptr);
}

#endif

static inline void *target_heap_alloc(struct bench_heap *h, size_t size, size_t align)
{
	(void)h;
	return align <= sizeof(void *) ? system_alloc(size) : system_aligned(align, size);
}

static inline void target_heap_free(struct bench_heap *h, void *ptr, size_t size, size_t align)
{
	(void)h;
	(void)size;
	(void)align;
	system_free(ptr);
}

static inline void *target_heap_realloc(struct bench_heap *h, void *ptr, size_t size, size_t align,
					size_t new_size)
{
	(void)h;
	(void)size;
	(void)align;
	return system_realloc(ptr, new_size);
}

/* heap_workloads.c includes what frames are called by, too. */
static inline uint64_t target_frame_alloc(struct bench_frames *f)
{
	(void)f;
	return BENCH_NONE;
}

static inline bool target_frame_free(struct bench_frames *f, uint64_t frame)
{
	(void)f;
	(void)frame;
	return false;
}

static inline uint64_t target_run_alloc(struct bench_frames *f, uint64_t n, uint64_t align)
{
	(void)f;
	(void)n;
	(void)align;
	return BENCH_NONE;
}

static inline bool target_run_free(struct bench_frames *f, uint64_t frame, uint64_t n)
{
	(void)f;
	(void)frame;
	(void)n;
	return false;
}

#endif
