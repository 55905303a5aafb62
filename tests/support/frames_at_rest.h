/* SPDX-License-Identifier: MIT */
/* frames_at_rest.h - frames of the machine that no case has: free ones, and those of the heap. */
#ifndef FRAMES_AT_REST_H
#define FRAMES_AT_REST_H

#include "kernel/machine.h"
#include "kernel/memory/heap_frames.h"

static inline frame_count_t frames_at_rest(void)
{
	return frame_free_count(&machine.frames) + kernel_heap_frames();
}

#endif
