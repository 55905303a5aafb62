/* SPDX-License-Identifier: MIT */
/*
 * edge.c - the long run at the edge of failure. A step takes a block of a size that is drawn; if
 * there is none the step frees one that is drawn among the live ones, each as likely. The size is
 * drawn anew then, so no size waits for room. A block has its number at both ends.
 */
#include "bench/peers/edge.h"

#include <string.h>

#include "bench/bench.h"
#include "bench/peers/run.h"

#define ALIGN  16u
#define HALF   500000u
#define LEAST  16u
#define CHUNK  (1u << 8) /* steps between two looks at the clock */
#define BLOCKS (EDGE_ARENA / LEAST)

_Static_assert(2 * HALF == EDGE_STEPS, "the half of the steps");

const char *const edge_names[EDGE_KINDS] = { "edge.kernel", "edge.power", "edge.uniform" };

/*
 * Sizes that a Unix-like kernel has many of, and how many in a thousand: short names and nodes,
 * entries of directories, inodes, buffers and their heads, control blocks of sockets and tasks,
 * pages, and now and then a stack.
 */
static const struct {
	uint32_t size;
	uint32_t weight;
} kernel_sizes[] = {
	{ 16, 60 },   { 32, 110 },  { 64, 170 },  { 72, 40 },   { 96, 60 },  { 104, 90 },
	{ 128, 80 },  { 192, 130 }, { 256, 60 },  { 512, 35 },  { 576, 50 }, { 640, 30 },
	{ 1024, 25 }, { 1152, 20 }, { 2048, 16 }, { 4096, 18 }, { 8192, 4 }, { 16384, 2 },
};

struct block {
	uint8_t *at;
	uint32_t size;
	uint32_t number;
};

struct run {
	const struct bench_heap *heap;
	struct bench_run random;
	unsigned kind;
	struct block *block;
	uint64_t n;
	uint64_t bytes;
	uint32_t numbers;
	double end; /* seconds() after which it is late */
	struct edge *e;
};

/* ---- sizes -------------------------------------------------------------------------------------- */

static uint32_t kernel_size(struct bench_run *r)
{
	uint64_t at = bench_below(r, 1000);

	for (unsigned i = 0; i < sizeof(kernel_sizes) / sizeof(kernel_sizes[0]); i++) {
		if (at < kernel_sizes[i].weight)
			return kernel_sizes[i].size;
		at -= kernel_sizes[i].weight;
	}
	return kernel_sizes[0].size;
}

/* As many of s bytes and more as 16 / s of all, to 64 KiB: half as many of twice the size. */
static uint32_t power_size(struct bench_run *r)
{
	const uint64_t scale = 1 << 20;
	uint64_t part = bench_between(r, LEAST * scale / (64 << 10), scale);

	return (uint32_t)(LEAST * scale / part);
}

static uint32_t draw_size(struct run *r)
{
	switch (r->kind) {
	case 0:
		return kernel_size(&r->random);
	case 1:
		return power_size(&r->random);
	default:
		return (uint32_t)bench_between(&r->random, LEAST, 4096);
	}
}

/* ---- blocks ------------------------------------------------------------------------------------- */

static void blame(struct run *r, const char *what)
{
	if (r->e->broken == NULL)
		r->e->broken = what;
}

static bool take_one(struct run *r)
{
	const uint32_t size = draw_size(r);
	uint8_t *at = r->heap->alloc(r->heap->heap, size, ALIGN);

	if (at == NULL)
		return false;
	if ((uintptr_t)at % ALIGN != 0)
		blame(r, "a block is not aligned");
	const uint32_t number = r->numbers++;
	memcpy(at, &number, sizeof(number));
	memcpy(at + size - sizeof(number), &number, sizeof(number));
	r->block[r->n++] = (struct block){ at, size, number };
	r->bytes += size;
	return true;
}

static void free_one(struct run *r, uint64_t i)
{
	const struct block b = r->block[i];

	if (memcmp(b.at, &b.number, sizeof(b.number)) != 0 ||
	    memcmp(b.at + b.size - sizeof(b.number), &b.number, sizeof(b.number)) != 0)
		blame(r, "a block was overwritten");
	r->heap->free(r->heap->heap, b.at, b.size, ALIGN);
	r->block[i] = r->block[--r->n];
	r->bytes -= b.size;
}

/* ---- the run ------------------------------------------------------------------------------------ */

static double share(const struct run *r)
{
	return (double)r->bytes / (double)EDGE_ARENA;
}

static void step(struct run *r)
{
	if (r->n < BLOCKS && take_one(r))
		return;
	r->e->failures++;
	if (share(r) < r->e->least)
		r->e->least = share(r);
	if (r->n > 0)
		free_one(r, bench_below(&r->random, r->n));
}

static bool is_late(struct run *r, uint64_t i)
{
	if (i % CHUNK == 0 && seconds() > r->end)
		r->e->late = true;
	return r->e->late;
}

static void fill(struct run *r)
{
	while (r->n < BLOCKS && !is_late(r, r->n) && take_one(r))
		;
	r->e->filled = r->e->least = share(r);
}

static void all_steps(struct run *r)
{
	double sum = 0;

	for (uint32_t i = 0; i < EDGE_STEPS && r->e->broken == NULL && !is_late(r, i); i++) {
		step(r);
		sum += i >= HALF ? share(r) : 0;
	}
	r->e->mean = sum / (double)(EDGE_STEPS - HALF);
}

void edge_run(const struct bench_heap *heap, unsigned kind, double late, struct edge *e)
{
	static struct block *blocks;
	struct run r = { .heap = heap, .kind = kind, .e = e, .end = seconds() + late };

	if (blocks == NULL)
		blocks = take_memory(BLOCKS * sizeof(blocks[0]), 64);
	r.block = blocks;
	r.random.random = EDGE_SEED;
	*e = (struct edge){ 0 };
	fill(&r);
	all_steps(&r);
	while (r.n > 0 && seconds() < r.end)
		free_one(&r, r.n - 1);
	e->left = r.n;
}
