/* SPDX-License-Identifier: MIT */
/* heap_frames.c - the kernel's heap grows by frames of the machine's pool. */
#include "kernel/memory/heap_frames.h"

#include "kernel/machine.h"
#include "kernel/memory/kernel_heap.h"
#include "lib/print.h"
#include "mm/frame_backing.h"

static struct frame_backing kernel_frames;

static bool shrink_heap(void *unused, size_t bytes)
{
	(void)unused;
	(void)bytes;
	return heap_shrink(&kernel_heap) != 0;
}

static struct reclaim_hook heap_hook;

void kernel_heap_grows(uint64_t most, uint64_t keep)
{
	frame_backing_init(&kernel_frames, &machine.frames, &machine.memmap);
	enum acre_status s = heap_set_backing(&kernel_heap, &kernel_frames.backing);

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
