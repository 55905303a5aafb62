/* SPDX-License-Identifier: MIT */
/*
 * bench_target.h (free_list) - the simplest thing that can work, for scale and to hold this harness against other
 * people's figures: an array of links, no lock, no check, no runs. Out of line like the real one.
 */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/free_list.h"

static inline uint64_t target_frame_alloc(struct bench_frames *f)
{
	return (uint64_t)free_list_alloc((struct free_list *)f);
}

static inline bool target_frame_free(struct bench_frames *f, uint64_t frame)
{
	free_list_free((struct free_list *)f, (int64_t)frame);
	return true;
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

/* It has no blocks. */
static inline void *target_heap_alloc(struct bench_heap *h, size_t size, size_t align)
{
	(void)h;
	(void)size;
	(void)align;
	return NULL;
}

static inline void target_heap_free(struct bench_heap *h, void *ptr, size_t size, size_t align)
{
	(void)h;
	(void)ptr;
	(void)size;
	(void)align;
}

static inline void *target_heap_realloc(struct bench_heap *h, void *ptr, size_t size, size_t align,
					size_t new_size)
{
	(void)h;
	(void)ptr;
	(void)size;
	(void)align;
	(void)new_size;
	return NULL;
}

#endif
