/* SPDX-License-Identifier: MIT */
/* heap_frames.c - the kernel's heap grows by frames of the machine's pool. */
#include "kernel/memory/heap_frames.h"

#include "kernel/machine.h"
#include "kernel/memory/kernel_heap.h"
#include "lib/panic.h"
#include "lib/print.h"

/* The heap knows pointers, and none to address 0: a frame there is set aside. */
static void *take_for_heap(void *unused, size_t bytes, size_t align)
{
	struct frame_pool *pool = &machine.frames;
	const frame_count_t n = bytes / FRAME_SIZE;
	frame_nr_t pfn = frame_alloc_range(pool, n, align);

	(void)unused;
	if (pfn == 0) {
		if (n > 1 && frame_free_range(pool, 1, n - 1) != ACRE_OK)
			acre_panic("frames that were just taken are not");
		pfn = frame_alloc_range(pool, n, align);
	}
	return pfn != FRAME_NONE ? frame_ptr(pool, pfn) : NULL;
}

static void give_from_heap(void *unused, void *start, size_t bytes)
{
	struct frame_pool *pool = &machine.frames;

	(void)unused;
	if (frame_free_range(pool, frame_of_ptr(pool, start), bytes / FRAME_SIZE) != ACRE_OK)
		acre_panic("the heap gave back frames at %p that it did not have", start);
}

static bool shrink_heap(void *unused, size_t bytes)
{
	(void)unused;
	(void)bytes;
	return heap_shrink(&kernel_heap) != 0;
}

static struct reclaim_hook heap_hook;

/*
 * The banks from the lowest on, as far as the heap's root for them is less than a 1,024th of the
 * memory in them: a bank far above the others may be small.
 */
static struct acre_range range_of_banks(void)
{
	const struct frame_pool *pool = &machine.frames;
	struct acre_range range = { frame_to_paddr(pool->bank[0].first), 0 };
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < pool->nbanks; i++) {
		const struct frame_bank *bank = &pool->bank[i];
		uint64_t end = frame_to_paddr(bank->first + bank->nframes);
		bytes += bank->nframes * FRAME_SIZE;
		if (i == 0 || page_map_root_bytes(range.start, end) <= bytes / 1024)
			range.end = end;
	}
	return range;
}

void kernel_heap_grows(uint64_t most, uint64_t keep)
{
	const struct acre_range range = range_of_banks();
	const struct heap_backing backing = {
		.take = take_for_heap,
		.give = give_from_heap,
		.low = (uintptr_t)frame_ptr(&machine.frames, frame_from_paddr(range.start)),
		.high = (uintptr_t)frame_ptr(&machine.frames, frame_from_paddr(range.end)),
	};
	enum acre_status s = heap_set_backing(&kernel_heap, &backing);

	if (s != ACRE_OK) {
		acre_log_warn("the heap cannot grow: %s\n", acre_status_str(s));
		return;
	}
	heap_set_limits(&kernel_heap, most, keep);
	heap_set_reclaim(&kernel_heap, &machine.reclaim);
	heap_hook.name = "heap";
	heap_hook.give = shrink_heap;
	reclaim_add(&machine.reclaim, &heap_hook);
}

frame_count_t kernel_heap_frames(void)
{
	return heap_backed_bytes(&kernel_heap) / FRAME_SIZE;
}
