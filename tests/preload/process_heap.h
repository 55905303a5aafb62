/* SPDX-License-Identifier: MIT */
/* process_heap.h - the one heap of a process, and the memory that it grows by. */
#ifndef PROCESS_HEAP_H
#define PROCESS_HEAP_H

#include "mm/heap/heap.h"

/* process_heap_start - make it. Once, before any other thread is there; uses no malloc(). */
struct heap *process_heap_start(void);

/*
 * process_heap_check - is all of it as it should be? NULL, or the sentence that is not true.
 * Pre: nobody else uses the heap.
 */
const char *process_heap_check(void);

#endif
