/* SPDX-License-Identifier: MIT */
/*
 * trace.c - where the trace gets its memory and its events. kmalloc.c asks trace_is_on() and tells
 * of blocks; of frames the pool tells its observer.
 *
 * The counter is the time CSR: it is one clock for all harts, so their events can be put in order,
 * which those of instret, a count of each hart, cannot.
 */
#include "kernel/memory/trace.h"

#include "lib/align.h"
#include "lib/bits.h"
#include "lib/compiler.h"
#include "lib/fmt.h"
#include "lib/platform.h"
#include "lib/print.h"
#include "mm/frame/frame_types.h"

struct trace kernel_trace;

static inline uint64_t time_now(void)
{
	uint64_t ticks;

	__asm__ volatile("csrr %0, time" : "=r"(ticks)::"memory");
	return ticks;
}

/* Interrupts are off before the clock is read, so that the counters of a ring never go back. */
static force_inline void put_event(struct trace_event *e)
{
	unsigned long irq = platform_irq_save();

	e->counter = time_now();
	trace_put(&kernel_trace, platform_hart(), e);
	platform_irq_restore(irq);
}

void trace_block(enum trace_verb verb, const void *block, size_t size, const void *site)
{
	struct trace_event e = {
		.verb = verb,
		.address = (uintptr_t)block,
		.size = size,
		.site = (uintptr_t)site,
	};

	put_event(&e);
}

void trace_aligned(const void *block, size_t size, size_t align, const void *site)
{
	struct trace_event e = {
		.verb = TRACE_KMALLOC_ALIGNED,
		.align_log2 = is_power_of_two(align) ? bits_ctz(align) : 0,
		.address = (uintptr_t)block,
		.size = size,
		.site = (uintptr_t)site,
	};

	put_event(&e);
}

/* ---- frames ------------------------------------------------------------------------------------ */

static void put_frames(enum trace_verb verb, frame_nr_t pfn, frame_count_t nframes,
		       const void *caller)
{
	struct trace_event e = {
		.verb = verb,
		.address = pfn < FRAME_LIMIT ? frame_to_paddr(pfn) : 0,
		.size = nframes <= UINT64_MAX >> FRAME_SHIFT ? nframes << FRAME_SHIFT : UINT64_MAX,
		.site = (uintptr_t)caller,
	};

	if (trace_is_on())
		put_event(&e);
}

static void frames_taken(void *unused, frame_nr_t pfn, frame_count_t nframes, const void *caller)
{
	(void)unused;
	put_frames(TRACE_FRAMES_TAKEN, pfn, nframes, caller);
}

static void frames_freeing(void *unused, frame_nr_t pfn, frame_count_t nframes, const void *caller)
{
	(void)unused;
	put_frames(TRACE_FRAMES_FREED, pfn, nframes, caller);
}

static const struct frame_observer observer = { .taken = frames_taken, .freeing = frames_freeing };

/* ---- the switch -------------------------------------------------------------------------------- */

bool trace_switch(bool on)
{
	if (kernel_trace.rings == 0)
		return false;
	atomic_store_explicit(&kernel_trace.on, on ? 1 : 0, memory_order_relaxed);
	return true;
}

struct acre_range trace_rings(void)
{
	const struct trace *t = &kernel_trace;

	return (struct acre_range){ t->rings,
				    t->rings + align_up(t->harts * t->stride, FRAME_SIZE) };
}

void trace_name_hart(unsigned hart, uint64_t id)
{
	if (hart < kernel_trace.harts)
		trace_ring_of(&kernel_trace, hart)->id = id;
}

void trace_start(struct frame_pool *pool, unsigned harts, uint64_t events, uint64_t hz)
{
	const size_t bytes = align_up(trace_bytes(harts, events), FRAME_SIZE);
	char size[FMT_SIZE_LEN];

	if (events == 0)
		return;
	frame_nr_t pfn = frame_alloc_range(pool, bytes >> FRAME_SHIFT, FRAME_SIZE);
	if (pfn == FRAME_NONE) {
		acre_log_warn("trace: there are no frames for rings of %s: nothing is traced\n",
			      fmt_size(size, bytes));
		return;
	}
	trace_init(&kernel_trace, frame_ptr(pool, pfn), harts, events, hz);
	frame_pool_observe(pool, &observer);
	(void)trace_switch(true);
}
