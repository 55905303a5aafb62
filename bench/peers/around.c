/* SPDX-License-Identifier: MIT */
/* around.c - a mutex around an allocator that threads may not share; a clock around each operation. */
#include "bench/peers/around.h"

#include <string.h>

#include "bench/peers/run.h"

/* ---- the mutex ---------------------------------------------------------------------------------- */

static void mutex_init(struct around *a)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP);
	pthread_mutex_init(&a->mutex, &attributes);
	pthread_mutexattr_destroy(&attributes);
}

static uint64_t locked_alloc(void *around)
{
	struct around *a = around;

	pthread_mutex_lock(&a->mutex);
	uint64_t frame = a->frames->alloc(a->frames->pool);
	pthread_mutex_unlock(&a->mutex);
	return frame;
}

static bool locked_free(void *around, uint64_t frame)
{
	struct around *a = around;

	pthread_mutex_lock(&a->mutex);
	bool ok = a->frames->free(a->frames->pool, frame);
	pthread_mutex_unlock(&a->mutex);
	return ok;
}

static uint64_t locked_run_alloc(void *around, uint64_t n, uint64_t align)
{
	struct around *a = around;

	pthread_mutex_lock(&a->mutex);
	uint64_t frame = a->frames->run_alloc(a->frames->pool, n, align);
	pthread_mutex_unlock(&a->mutex);
	return frame;
}

static bool locked_run_free(void *around, uint64_t frame, uint64_t n)
{
	struct around *a = around;

	pthread_mutex_lock(&a->mutex);
	bool ok = a->frames->run_free(a->frames->pool, frame, n);
	pthread_mutex_unlock(&a->mutex);
	return ok;
}

struct bench_frames mutex_around_frames(struct around *a, const struct bench_frames *frames)
{
	a->frames = frames;
	mutex_init(a);
	return (struct bench_frames){ a, locked_alloc, locked_free, locked_run_alloc,
				      locked_run_free };
}

static void *locked_heap_alloc(void *around, size_t size, size_t align)
{
	struct around *a = around;

	pthread_mutex_lock(&a->mutex);
	void *block = a->heap->alloc(a->heap->heap, size, align);
	pthread_mutex_unlock(&a->mutex);
	return block;
}

static void locked_heap_free(void *around, void *block, size_t size, size_t align)
{
	struct around *a = around;

	pthread_mutex_lock(&a->mutex);
	a->heap->free(a->heap->heap, block, size, align);
	pthread_mutex_unlock(&a->mutex);
}

static void *locked_heap_realloc(void *around, void *block, size_t size, size_t align,
				 size_t new_size)
{
	struct around *a = around;

	pthread_mutex_lock(&a->mutex);
	block = a->heap->realloc(a->heap->heap, block, size, align, new_size);
	pthread_mutex_unlock(&a->mutex);
	return block;
}

struct bench_heap mutex_around_heap(struct around *a, const struct bench_heap *heap)
{
	a->heap = heap;
	mutex_init(a);
	return (struct bench_heap){ a, locked_heap_alloc, locked_heap_free, locked_heap_realloc };
}

/* ---- the trace ---------------------------------------------------------------------------------- */

#define TRACE_LENGTH (1u << 22)

static struct {
	uint32_t *least; /* time of each operation */
	uint64_t next;
	uint64_t end; /* operations in the longest run */
} trace;

void trace_forget(void)
{
	if (trace.least == NULL)
		trace.least = take_memory(TRACE_LENGTH * sizeof(trace.least[0]), 64);
	memset(trace.least, 0xff, TRACE_LENGTH * sizeof(trace.least[0]));
	trace.end = 0;
}

void trace_restart(void)
{
	trace.next = 0;
}

static uint64_t now(void)
{
	return nanoseconds(CLOCK_MONOTONIC);
}

static void note(uint64_t before)
{
	uint64_t time = now() - before;
	uint64_t i = trace.next++;

	if (i < TRACE_LENGTH && time < trace.least[i])
		trace.least[i] = (uint32_t)time;
	if (i < TRACE_LENGTH && i >= trace.end)
		trace.end = i + 1;
}

uint64_t trace_worst(void)
{
	uint64_t reading = UINT64_MAX;
	uint64_t worst = 0;

	for (unsigned i = 0; i < 1000; i++) {
		uint64_t before = now();
		uint64_t time = now() - before;
		reading = time < reading ? time : reading;
	}
	for (uint64_t i = 0; i < trace.end; i++)
		worst = trace.least[i] > worst ? trace.least[i] : worst;
	return worst > reading ? worst - reading : 0;
}

static uint64_t traced_alloc(void *around)
{
	const struct bench_frames *f = ((struct around *)around)->frames;
	uint64_t before = now();
	uint64_t frame = f->alloc(f->pool);

	note(before);
	return frame;
}

static bool traced_free(void *around, uint64_t frame)
{
	const struct bench_frames *f = ((struct around *)around)->frames;
	uint64_t before = now();
	bool ok = f->free(f->pool, frame);

	note(before);
	return ok;
}

static uint64_t traced_run_alloc(void *around, uint64_t n, uint64_t align)
{
	const struct bench_frames *f = ((struct around *)around)->frames;
	uint64_t before = now();
	uint64_t frame = f->run_alloc(f->pool, n, align);

	note(before);
	return frame;
}

static bool traced_run_free(void *around, uint64_t frame, uint64_t n)
{
	const struct bench_frames *f = ((struct around *)around)->frames;
	uint64_t before = now();
	bool ok = f->run_free(f->pool, frame, n);

	note(before);
	return ok;
}

struct bench_frames trace_around_frames(struct around *a, const struct bench_frames *frames)
{
	a->frames = frames;
	return (struct bench_frames){ a, traced_alloc, traced_free, traced_run_alloc,
				      traced_run_free };
}

static void *traced_heap_alloc(void *around, size_t size, size_t align)
{
	const struct bench_heap *h = ((struct around *)around)->heap;
	uint64_t before = now();
	void *block = h->alloc(h->heap, size, align);

	note(before);
	return block;
}

static void traced_heap_free(void *around, void *block, size_t size, size_t align)
{
	const struct bench_heap *h = ((struct around *)around)->heap;
	uint64_t before = now();

	h->free(h->heap, block, size, align);
	note(before);
}

static void *untraced_heap_realloc(void *around, void *block, size_t size, size_t align,
				   size_t new_size)
{
	const struct bench_heap *h = ((struct around *)around)->heap;

	return h->realloc(h->heap, block, size, align, new_size);
}

struct bench_heap trace_around_heap(struct around *a, const struct bench_heap *heap)
{
	a->heap = heap;
	return (struct bench_heap){ a, traced_heap_alloc, traced_heap_free, untraced_heap_realloc };
}
