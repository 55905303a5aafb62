/* SPDX-License-Identifier: MIT */
/*
 * heap_workloads.c - what is done to a heap. The loops are defined in docs/performance.md, and other
 * people's figures are of the same ones. Those called random and realloc draw sizes and alignments as
 * talc's benchmark does.
 */
#include "bench/heap_workloads.h"

#include "bench/calls.h"

#define STEPS     200000u
#define FEW       300u /* with fewer live ones, no step frees */
#define MAX_ALIGN 4096u

#define EFFICIENCY_MAX     10000u
#define EFFICIENCY_REGROWN 99999u

#define LIVE32 64u
#define PAIRS  100000u

#define QUEUE        1024u
#define RING         (2 * (uint64_t)QUEUE)
#define STACK        1024u
#define BURST        64u
#define VECTORS      64u
#define VECTOR_FIRST 32u
#define LAST_OCTAVE  16384u

/* ---- one step ----------------------------------------------------------------------------------- */

/* Inlined or not, a step must be so in both copies of a loop: that is measured, and that which is subtracted. */
#define STEP inline __attribute__((__always_inline__))

static uint64_t random_size(struct bench_run *r, uint64_t max)
{
	return bench_between(r, 4, bench_between(r, 16, max));
}

/* 8 in three of four cases, else 16 in three of four, and so on. */
static uint64_t random_align(struct bench_run *r)
{
	uint64_t x = bench_random(r) >> 1;
	uint64_t align = 8;

	for (; (x & 3) == 0 && align < MAX_ALIGN; x >>= 2)
		align *= 2;
	return align;
}

/* Put a new block at the end; false when there is no memory. */
static STEP bool take_one(struct bench_run *r, uint64_t n, uint64_t size, uint64_t align)
{
	void *ptr = alloc_block(r, size, align);

	r->sum += (uintptr_t)ptr;
	if (ptr == NULL)
		return false;
	r->block[n] = (struct bench_block){ ptr, (uint32_t)size, (uint32_t)align };
	return true;
}

/* The last one moves into the gap. */
static STEP void give_one(struct bench_run *r, uint64_t n, uint64_t i)
{
	free_block(r, &r->block[i]);
	r->block[i] = r->block[n - 1];
}

static STEP bool resize_one(struct bench_run *r, uint64_t i, uint64_t size)
{
	struct bench_block *b = &r->block[i];
	void *ptr = block_resize(r, b, size);

	r->sum += (uintptr_t)ptr;
	if (ptr == NULL)
		return false;
	b->ptr = ptr;
	b->size = (uint32_t)size;
	return true;
}

static void give_all(struct bench_run *r, uint64_t n)
{
	for (uint64_t i = n; i > 0; i--)
		free_block(r, &r->block[i - 1]);
}

/* ---- one block ----------------------------------------------------------------------------------- */

/* With 64 of the size live, take one and give it back: one operation. */
static void pair32(struct bench_run *r)
{
	bool ok = true;

	for (uint64_t i = 0; i < LIVE32; i++)
		ok &= take_one(r, i, 32, 8);
	bench_must(r, ok, "the heap is full where it must not be");
	if (!ok)
		return;
	bench_open(r);
	for (uint64_t i = 0; i < PAIRS; i++) {
		ok &= take_one(r, LIVE32, 32, 8);
		free_block(r, &r->block[LIVE32]);
	}
	bench_close(r, PAIRS);
	bench_must(r, ok, "the heap is full where it must not be");
	give_all(r, LIVE32);
}

/* ---- random steps ------------------------------------------------------------------------------- */

/* Each step draws from 0 .. @draws - 1, where 6 is a reallocation. */
static void random_steps(struct bench_run *r, uint64_t max, uint64_t draws)
{
	uint64_t n = 0;
	bool ok = true;

	bench_open(r);
	for (uint64_t i = 0; i < STEPS; i++) {
		uint64_t draw = bench_below(r, draws);
		if (draw == 6 && n > 0) {
			ok &= resize_one(r, bench_below(r, n), bench_between(r, 1, 3 * max));
		} else if (draw < 3 || n < FEW) {
			uint64_t size = random_size(r, max);
			bool taken = take_one(r, n, size, random_align(r));
			n += taken;
			ok &= taken;
		} else {
			give_one(r, n, bench_below(r, n));
			n--;
		}
	}
	bench_close(r, STEPS);
	bench_must(r, ok, "the heap is full where it must not be");
	give_all(r, n);
}

static void random200(struct bench_run *r)
{
	random_steps(r, 200, 6);
}

static void random3000(struct bench_run *r)
{
	random_steps(r, 3000, 6);
}

static void random30000(struct bench_run *r)
{
	random_steps(r, 30000, 6);
}

static void realloc3000(struct bench_run *r)
{
	random_steps(r, 3000, 7);
}

/* ---- frees of many small blocks ----------------------------------------------------------------- */

static void shuffle_blocks(struct bench_run *r, uint64_t n)
{
	for (uint64_t i = n; i > 1; i--) {
		uint64_t j = bench_below(r, i);
		struct bench_block b = r->block[i - 1];
		r->block[i - 1] = r->block[j];
		r->block[j] = b;
	}
}

static void free_blocks(struct bench_run *r, uint64_t n)
{
	bool ok = true;

	for (uint64_t i = 0; i < n; i++)
		ok &= take_one(r, i, bench_between(r, 32, 64), 8);
	bench_must(r, ok, "the heap is full where it must not be");
	if (!ok)
		return;
	shuffle_blocks(r, n);
	bench_open(r);
	for (uint64_t i = 0; i < n; i++)
		free_block(r, &r->block[i]);
	bench_close(r, n);
}

static void free_small(struct bench_run *r)
{
	free_blocks(r, 20000);
}

static void free_small_1k(struct bench_run *r)
{
	free_blocks(r, 1000);
}

static void free_small_1m(struct bench_run *r)
{
	free_blocks(r, HEAP_MOST_BLOCKS);
}

/* ---- how much fits ------------------------------------------------------------------------------ */

/* One step of the mix; false at the first request that cannot be met. */
static bool crowd(struct bench_run *r, uint64_t *n)
{
	uint64_t draw = bench_below(r, 10);

	if (draw < 5 || *n == 0) {
		uint64_t size = random_size(r, EFFICIENCY_MAX);
		if (*n == r->max_blocks || !take_one(r, *n, size, random_align(r)))
			return false;
		++*n;
	} else if (draw == 5) {
		give_one(r, *n, bench_below(r, *n));
		--*n;
	} else {
		return resize_one(r, bench_below(r, *n), bench_between(r, 1, EFFICIENCY_REGROWN));
	}
	return true;
}

static void efficiency(struct bench_run *r)
{
	uint64_t bytes = 0;
	uint64_t n = 0;

	while (crowd(r, &n))
		;
	for (uint64_t i = 0; i < n; i++)
		bytes += r->block[i].size;
	bench_must(r, n < r->max_blocks, "more blocks than the benchmark has room for");
	r->per_mille = bytes * 1000 / r->given_bytes;
	give_all(r, n);
}

/* ---- other sizes, and other orders ---------------------------------------------------------------- */

/*
 * A power law: 16 to 31 in half of all cases, 32 to 63 in half of the others, and so on; so that the
 * blocks of each octave have the same number of bytes.
 */
static uint64_t power_law_size(struct bench_run *r)
{
	uint64_t x = bench_random(r) >> 1;
	uint64_t octave = 16;

	for (; (x & 1) != 0 && octave < LAST_OCTAVE; x >>= 1)
		octave *= 2;
	return octave + bench_below(r, octave);
}

static uint64_t uniform2048_size(struct bench_run *r)
{
	return bench_between(r, 16, 2048);
}

static uint64_t fixed48_size(struct bench_run *r)
{
	(void)r;
	return 48;
}

static uint64_t small_size(struct bench_run *r)
{
	return bench_between(r, 16, 256);
}

/* As random_steps(), with no alignment. */
static STEP void steps_of(struct bench_run *r, uint64_t (*size)(struct bench_run *))
{
	uint64_t n = 0;
	bool ok = true;

	bench_open(r);
	for (uint64_t i = 0; i < STEPS; i++) {
		if (n < FEW || bench_below(r, 2) == 0) {
			bool taken = take_one(r, n, size(r), 8);
			n += taken;
			ok &= taken;
		} else {
			give_one(r, n, bench_below(r, n));
			n--;
		}
	}
	bench_close(r, STEPS);
	bench_must(r, ok, "the heap is full where it must not be");
	give_all(r, n);
}

static void power_law(struct bench_run *r)
{
	steps_of(r, power_law_size);
}

static void fixed48(struct bench_run *r)
{
	steps_of(r, fixed48_size);
}

static void uniform2048(struct bench_run *r)
{
	steps_of(r, uniform2048_size);
}

/* A queue: take one for its end, give the first back. */
static void fifo(struct bench_run *r)
{
	bool ok = true;

	for (uint64_t i = 0; i < QUEUE; i++)
		ok &= take_one(r, i, small_size(r), 8);
	bench_must(r, ok, "the heap is full where it must not be");
	if (!ok)
		return;
	bench_open(r);
	for (uint64_t i = 0; i < PAIRS; i++) {
		ok &= take_one(r, (i + QUEUE) % RING, small_size(r), 8);
		free_block(r, &r->block[i % RING]);
	}
	bench_close(r, PAIRS);
	bench_must(r, ok, "the heap is full where it must not be");
	for (uint64_t i = PAIRS; ok && i < PAIRS + QUEUE; i++)
		free_block(r, &r->block[i % RING]);
}

/* A stack that grows and shrinks by bursts. */
static void lifo(struct bench_run *r)
{
	uint64_t n = 0;
	uint64_t left = 0;
	bool grows = true;
	bool ok = true;

	bench_open(r);
	for (uint64_t i = 0; i < STEPS; i++) {
		if (left == 0 || n == 0 || n == STACK) {
			grows = n == 0 || (n < STACK && bench_below(r, 2) == 0);
			left = bench_between(r, 1, BURST);
		}
		left--;
		if (grows) {
			bool taken = take_one(r, n, small_size(r), 8);
			n += taken;
			ok &= taken;
		} else {
			n--;
			free_block(r, &r->block[n]);
		}
	}
	bench_close(r, STEPS);
	bench_must(r, ok, "the heap is full where it must not be");
	give_all(r, n);
}

/* One that has its length starts over: the next is taken before it goes back. */
static STEP bool vector_step(struct bench_run *r, uint64_t i, uint32_t *length)
{
	const struct bench_block old = r->block[i];

	if (old.size < *length)
		return resize_one(r, i, old.size + old.size / 2);
	*length = (uint32_t)power_law_size(r);
	if (!take_one(r, i, VECTOR_FIRST, 8))
		return false;
	free_block(r, &old);
	return true;
}

/* Each grows by half, at times drawn at random, until it has the length that was drawn for it. */
static void vectors(struct bench_run *r)
{
	uint32_t length[VECTORS];
	bool ok = true;

	for (uint64_t i = 0; i < VECTORS; i++) {
		length[i] = (uint32_t)power_law_size(r);
		ok &= take_one(r, i, VECTOR_FIRST, 8);
	}
	bench_must(r, ok, "the heap is full where it must not be");
	if (!ok)
		return;
	bench_open(r);
	for (uint64_t i = 0; i < STEPS; i++) {
		uint64_t which = bench_below(r, VECTORS);
		ok &= vector_step(r, which, &length[which]);
	}
	bench_close(r, STEPS);
	bench_must(r, ok, "the heap is full where it must not be");
	give_all(r, VECTORS);
}

const struct bench_workload BENCH_NAME(heap_workloads)[HEAP_WORKLOADS] = {
	{ "heap.pair32", pair32 },
	{ "heap.random200", random200 },
	{ "heap.random3000", random3000 },
	{ "heap.random30000", random30000 },
	{ "heap.realloc3000", realloc3000 },
	{ "heap.free_small", free_small },
	{ "heap.free_small_1k", free_small_1k },
	{ "heap.free_small_1m", free_small_1m },
	{ "heap.efficiency", efficiency },
	{ "heap.power_law", power_law },
	{ "heap.fifo", fifo },
	{ "heap.lifo", lifo },
	{ "heap.fixed48", fixed48 },
	{ "heap.uniform2048", uniform2048 },
	{ "heap.vectors", vectors },
};
