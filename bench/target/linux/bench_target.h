/* SPDX-License-Identifier: MIT */
/*
 * bench_target.h (linux) - the functions of a Linux kernel that hand out pages and blocks. With
 * BENCH_EMPTY the same without the calls themselves: what the loops cost then is their own cost,
 * and so is all that is translated here.
 *
 * kmalloc() aligns a block to the largest power of two that divides its size.
 */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include <linux/align.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A run that cannot be had is not waited for. */
#define LINUX_RUN_GFP (GFP_NOWAIT | __GFP_NOWARN)

/* How many more frames the workload may have. */
struct bench_frames {
	uint64_t left;
};

#ifdef BENCH_EMPTY

#include "bench/target/empty_call.h"

static inline struct page *linux_take_pages(gfp_t gfp, unsigned order)
{
	CALL_2(gfp, order);
	return (struct page *)a;
}

static inline void linux_give_pages(struct page *page, unsigned order)
{
	CALL_2((uintptr_t)page, order);
}

static inline void *linux_take(size_t size)
{
	CALL_2(size, GFP_KERNEL);
	return (void *)a;
}

static inline void linux_give(void *ptr)
{
	CALL_1((uintptr_t)ptr);
}

static inline void *linux_resize(void *ptr, size_t size)
{
	CALL_3((uintptr_t)ptr, size, GFP_KERNEL);
	return (void *)a;
}

#else

static inline struct page *linux_take_pages(gfp_t gfp, unsigned order)
{
	return alloc_pages(gfp, order);
}

static inline void linux_give_pages(struct page *page, unsigned order)
{
	__free_pages(page, order);
}

static inline void *linux_take(size_t size)
{
	return kmalloc(size, GFP_KERNEL);
}

static inline void linux_give(void *ptr)
{
	kfree(ptr);
}

static inline void *linux_resize(void *ptr, size_t size)
{
	return krealloc(ptr, size, GFP_KERNEL);
}

#endif

static inline uint64_t target_frame_alloc(struct bench_frames *f)
{
	if (f->left == 0)
		return BENCH_NONE;
	f->left--;
	return page_to_pfn(linux_take_pages(GFP_KERNEL, 0));
}

static inline bool target_frame_free(struct bench_frames *f, uint64_t frame)
{
	f->left++;
	linux_give_pages(pfn_to_page(frame), 0);
	return true;
}

/* A block of the buddy allocator: as many frames as its alignment. */
static inline uint64_t target_run_alloc(struct bench_frames *f, uint64_t n, uint64_t align)
{
	struct page *page;

	if (f->left < n)
		return BENCH_NONE;
	page = linux_take_pages(LINUX_RUN_GFP, (unsigned)ilog2(align));
	if (page == NULL)
		return BENCH_NONE;
	f->left -= n;
	return page_to_pfn(page);
}

static inline bool target_run_free(struct bench_frames *f, uint64_t frame, uint64_t n)
{
	f->left += n;
	linux_give_pages(pfn_to_page(frame), (unsigned)ilog2(n));
	return true;
}

static inline void *target_heap_alloc(struct bench_heap *h, size_t size, size_t align)
{
	(void)h;
	return linux_take(ALIGN(size, align));
}

static inline void target_heap_free(struct bench_heap *h, void *ptr, size_t size, size_t align)
{
	(void)h;
	(void)size;
	(void)align;
	linux_give(ptr);
}

static inline void *target_heap_realloc(struct bench_heap *h, void *ptr, size_t size, size_t align,
					size_t new_size)
{
	(void)h;
	(void)size;
	(void)align;
	return linux_resize(ptr, new_size);
}

#endif
