/* SPDX-License-Identifier: MIT */
/*
 * liars.c - the benchmark's workloads on an honest allocator, and on such as give wrong answers: tests/bench/bench.t
 * reads what they found. A line each: LIE WORKLOAD plain|checked SUM: what is broken, or ok.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/frame_workloads.h"
#include "bench/heap_workloads.h"
#include "bench/target/table/bench_target.h"

#define FRAMES 4096u
#define FIRST  512u
#define SLOTS  4096u
#define SLOT   16384u
#define BLOCKS 200000u

/* Whoever lies does it at one of so many calls. */
#define RARELY 1000u

struct liar {
	const char *lie;
	unsigned calls;
	unsigned char out[FRAMES];
	uint64_t lowest; /* no frame, or no slot, below it is free */
	unsigned char used[SLOTS];
	unsigned char *arena;
};

uint64_t bench_now(void)
{
	static uint64_t now;

	return now++;
}

/* Is it time for this lie? */
static bool lies(struct liar *l, const char *lie)
{
	return strcmp(l->lie, lie) == 0 && ++l->calls % RARELY == 0;
}

/* ---- frames ------------------------------------------------------------------------------------- */

/* The lowest free frame from @i on, or FRAMES. */
static uint64_t next_free(const struct liar *l, uint64_t i)
{
	const unsigned char *found = memchr(&l->out[i], 0, FRAMES - i);

	return found != NULL ? (uint64_t)(found - l->out) : FRAMES;
}

static bool is_free(const struct liar *l, uint64_t i, uint64_t n)
{
	for (uint64_t k = 0; k < n; k++) {
		if (l->out[i + k])
			return false;
	}
	return true;
}

static uint64_t run_alloc(void *pool, uint64_t n, uint64_t align)
{
	struct liar *l = pool;
	uint64_t i = (l->lowest + align - 1) / align * align;

	if (lies(l, "foreign"))
		return FIRST + FRAMES;
	if (lies(l, "none") || (n == 512 && strcmp(l->lie, "no-huge") == 0))
		return BENCH_NONE;
	if (n == 1)
		i = next_free(l, i);
	while (i + n <= FRAMES && !is_free(l, i, n))
		i += align;
	if (i + n > FRAMES)
		return strcmp(l->lie, "always") == 0 ? FIRST : BENCH_NONE;
	if (strcmp(l->lie, "unaligned") == 0 && n > 1 && i > 0 && is_free(l, i + 1, n))
		i++;
	if (n == 1)
		l->lowest = i;
	if (!lies(l, "twice"))
		memset(&l->out[i], 1, n);
	return FIRST + i;
}

static bool run_free(void *pool, uint64_t frame, uint64_t n)
{
	struct liar *l = pool;

	if (lies(l, "refuses"))
		return false;
	if (frame - FIRST >= FRAMES || n > FRAMES - (frame - FIRST))
		return true;
	memset(&l->out[frame - FIRST], 0, n);
	if (frame - FIRST < l->lowest)
		l->lowest = frame - FIRST;
	return true;
}

static uint64_t one_alloc(void *pool)
{
	return run_alloc(pool, 1, 1);
}

static bool one_free(void *pool, uint64_t frame)
{
	return run_free(pool, frame, 1);
}

/* ---- blocks: each has a slot of its own --------------------------------------------------------- */

static void *block_alloc(void *heap, size_t size, size_t align)
{
	struct liar *l = heap;
	uint64_t i = l->lowest;

	(void)size;
	if (lies(l, "full"))
		return NULL;
	while (l->used[i])
		i++;
	l->lowest = i;
	if (lies(l, "overlap") && i > 0)
		return l->arena + (i - 1) * SLOT;
	l->used[i] = 1;
	return l->arena + i * SLOT + (lies(l, "crooked") ? align / 2 : 0);
}

static void block_free(void *heap, void *ptr, size_t size, size_t align)
{
	struct liar *l = heap;
	uint64_t i = (uint64_t)((unsigned char *)ptr - l->arena) / SLOT;

	(void)size;
	(void)align;
	l->used[i] = 0;
	if (i < l->lowest)
		l->lowest = i;
}

static void *block_realloc(void *heap, void *ptr, size_t size, size_t align, size_t new_size)
{
	struct liar *l = heap;

	(void)size;
	(void)align;
	(void)new_size;
	if (lies(l, "forgets"))
		memset(ptr, 0x5c, 1);
	return ptr;
}

/* ---- all of them -------------------------------------------------------------------------------- */

static void try(struct bench_run *r, const struct liar *l, const struct bench_workload *w,
		const char *how)
{
	bench_start(r);
	memset(r->taken, 0, (size_t)SLOTS * SLOT / 64);
	w->run(r);
	printf("%s %s %s %llu: %s\n", l->lie, w->name, how, (unsigned long long)r->sum,
	       r->broken != NULL ? r->broken : "ok");
}

static void try_frames(const char *lie, struct bench_run *r)
{
	static struct liar l;
	static struct bench_frames table = { &l, one_alloc, one_free, run_alloc, run_free };

	r->frames = &table;
	for (unsigned i = 0; i < FRAME_WORKLOADS; i++) {
		l = (struct liar){ .lie = lie };
		try(r, &l, &frame_workloads_table[i], "plain");
		l = (struct liar){ .lie = lie };
		try(r, &l, &frame_workloads_table_checked[i], "checked");
	}
}

static void try_blocks(const char *lie, struct bench_run *r)
{
	static struct liar l;
	static struct bench_heap table = { &l, block_alloc, block_free, block_realloc };

	r->heap = &table;
	/* random200, realloc3000, fifo, lifo, fixed48, uniform2048 */
	static const unsigned tried[] = { 1, 4, 10, 11, 12, 13 };

	for (unsigned k = 0; k < sizeof(tried) / sizeof(tried[0]); k++) {
		const unsigned i = tried[k];
		l = (struct liar){ .lie = lie, .arena = r->arena };
		try(r, &l, &heap_workloads_table[i], "plain");
		l = (struct liar){ .lie = lie, .arena = r->arena };
		try(r, &l, &heap_workloads_table_checked[i], "checked");
	}
}

static void *room(size_t bytes)
{
	void *memory = aligned_alloc(SLOT, (bytes + SLOT - 1) / SLOT * SLOT);

	if (memory == NULL)
		abort();
	return memset(memory, 0, bytes);
}

int main(void)
{
	static const char *const frame_lies[] = { "honest",  "twice",     "foreign", "none",
						  "no-huge", "unaligned", "refuses", "always" };
	static const char *const block_lies[] = { "honest", "full", "overlap", "crooked",
						  "forgets" };
	struct bench_run r = {
		.seed = 88172645463325252u,
		.bank = { { FIRST, FRAMES } },
		.nbanks = 1,
		.nframes = FRAMES,
		.live = room(FRAMES * sizeof(uint64_t)),
		.seen = room(FRAMES / 8),
		.arena = room((size_t)SLOTS * SLOT),
		.arena_bytes = (uint64_t)SLOTS * SLOT,
		.given_bytes = (uint64_t)SLOTS * SLOT,
		.taken = room((size_t)SLOTS * SLOT / 64),
		.block = room(BLOCKS * sizeof(struct bench_block)),
		.max_blocks = BLOCKS,
	};

	for (size_t i = 0; i < sizeof(frame_lies) / sizeof(frame_lies[0]); i++)
		try_frames(frame_lies[i], &r);
	for (size_t i = 0; i < sizeof(block_lies) / sizeof(block_lies[0]); i++)
		try_blocks(block_lies[i], &r);
	free(r.live);
	free(r.seen);
	free(r.arena);
	free(r.taken);
	free(r.block);
	return 0;
}
