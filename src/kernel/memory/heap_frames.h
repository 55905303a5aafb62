/* SPDX-License-Identifier: MIT */
/* heap_frames.h - the frames of the kernel's heap. */
#ifndef ACRE_KERNEL_HEAP_FRAMES_H
#define ACRE_KERNEL_HEAP_FRAMES_H

#include <stdint.h>

#include "mm/types.h"

/*
 * kernel_heap_grows - from now on the heap takes frames of the machine's pool when the arena does not
 * suffice, @most bytes of them, and gives them back when the pool is short, except @keep bytes of
 * free memory. Says so if it cannot.
 * Pre:    kernel_heap_init() and machine_init_frames() have been called; no other hart runs.
 */
void kernel_heap_grows(uint64_t most, uint64_t keep);

/* kernel_heap_frames - how many frames the heap has just now. */
frame_count_t kernel_heap_frames(void);

#endif
