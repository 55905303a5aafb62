/* SPDX-License-Identifier: MIT */
/*
 * trace_bench.c - what the trace costs: a block through kmalloc() and kfree() while it is off and
 * while it is on, and a frame of the machine's pool while it is on. The last rows: the pool is
 * watched from then on.
 */
#include "bench/kernel/kernel_bench.h"
#include "kernel/machine.h"
#include "kernel/memory/kmalloc.h"
#include "kernel/memory/trace.h"
#include "lib/panic.h"

#define ROUNDS 20000u
#define SIZE   32u
#define EVENTS 4096u

static struct bench_pass measured;

static void begin(void)
{
	measured.run = (struct bench_run){ 0 };
	bench_begin_pass(&measured);
	bench_open(&measured.run);
}

/* @events: as many were written since there were @before. */
static void end(const char *name, bool all, uint64_t before, uint64_t events)
{
	struct bench_run *r = &measured.run;

	bench_close(r, ROUNDS);
	bench_end_pass(&measured);
	bench_must(r, all, "there was no memory");
	bench_must(r, events == 0 || trace_written(&kernel_trace, 0) - before == events,
		   "the trace has not seen every call");
	bench_row(name, "", &measured, NULL, NULL, 2);
}

static void block_pairs(const char *name, uint64_t events)
{
	uint64_t before = events != 0 ? trace_written(&kernel_trace, 0) : 0;
	bool all = true;

	begin();
	for (unsigned i = 0; i < ROUNDS; i++) {
		void *block = kmalloc(SIZE);
		all = block != NULL && all;
		kfree(block);
	}
	end(name, all, before, events);
}

static void frame_pairs(const char *name)
{
	uint64_t before = trace_written(&kernel_trace, 0);
	bool all = true;

	begin();
	for (unsigned i = 0; i < ROUNDS; i++)
		all = frame_free(&machine.frames, frame_alloc(&machine.frames)) == ACRE_OK && all;
	end(name, all, before, 2 * (uint64_t)ROUNDS);
}

void bench_trace(void)
{
	block_pairs("trace.kmalloc_off", 0);
	trace_start(&machine.frames, 1, EVENTS, 0);
	if (!trace_is_on())
		acre_panic("the benchmark has no trace");
	block_pairs("trace.kmalloc_on", 2 * (uint64_t)ROUNDS);
	frame_pairs("trace.frame_on");
	(void)trace_switch(false);
}
