/* SPDX-License-Identifier: MIT */
/*
 * trace.h - the kernel's trace: who took and freed what, and when (docs/trace.md). The boot argument
 * `trace=` makes it.
 */
#ifndef ACRE_KERNEL_TRACE_H
#define ACRE_KERNEL_TRACE_H

#include "kernel/memory/trace_ring.h"
#include "mm/frame/frame.h"
#include "mm/types.h"

/* What a debugger and scripts/acre-trace look for. */
extern struct trace kernel_trace;

static inline bool trace_is_on(void)
{
	return __builtin_expect(atomic_load_explicit(&kernel_trace.on, memory_order_relaxed) != 0,
				0) != 0;
}

/*
 * trace_start - from now on: rings of @events for each of @harts harts, in frames of @pool, whose
 * observer the trace is. @hz is the rate of the time counter, or 0. Without memory for the rings a
 * warning says so, and nothing is traced. @events is what trace_init() wants; 0: nothing happens.
 * Pre:    boot: no other hart runs.
 */
void trace_start(struct frame_pool *pool, unsigned harts, uint64_t events, uint64_t hz);

/* trace_name_hart - the hart of index @hart has the id @id. Pre: trace_start() is done. */
void trace_name_hart(unsigned hart, uint64_t id);

/* trace_rings - the memory of the rings, whole frames; empty if there are none. */
struct acre_range trace_rings(void);

/*
 * trace_switch - go on or stop; what was written stays. A pool that is traced keeps its fast paths
 * closed. Result: false if there are no rings.
 */
bool trace_switch(bool on);

/*
 * trace_block - @verb, for the caller of which the call returns to @site, got @block; or frees it, and
 * then this is called first. @size is 0 where it is not known. Any interrupt state; takes no lock.
 * trace_aligned - kmalloc_aligned(), which was asked for a multiple of @align.
 */
void trace_block(enum trace_verb verb, const void *block, size_t size, const void *site);
void trace_aligned(const void *block, size_t size, size_t align, const void *site);

#endif
