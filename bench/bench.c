/* SPDX-License-Identifier: MIT */
/* bench.c - the window, and the checks of what an allocator answers. */
#include "bench/bench.h"

/* ---- results ------------------------------------------------------------------------------------ */

void bench_fail(struct bench_run *r, const char *broken)
{
	if (r->broken == NULL)
		r->broken = broken;
}

void bench_must(struct bench_run *r, bool ok, const char *broken)
{
	if (!ok)
		bench_fail(r, broken);
}

/* What two readings cost when nothing is between them: the least of a few. */
static uint64_t cost_of_reading(void)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < 64; i++) {
		uint64_t before = bench_now();
		uint64_t cost = bench_now() - before;
		if (cost < least)
			least = cost;
	}
	return least;
}

void bench_start(struct bench_run *r)
{
	r->ops = 0;
	r->cost = 0;
	r->worst = 0;
	r->sum = 0;
	r->per_mille = 0;
	r->windows = 0;
	r->broken = NULL;
	r->random = r->seed;
	r->reading = cost_of_reading();
}

/* ---- the window --------------------------------------------------------------------------------- */

/* A symbol to stop at, so it may neither vanish nor be inlined. */
__attribute__((noinline)) void bench_mark(void)
{
	__asm__ volatile("");
}

/* The counters are read inside of the marks, so that both see one and the same stretch. */
__attribute__((noinline)) void bench_open(struct bench_run *r)
{
	bench_mark();
	r->opened = bench_now();
}

__attribute__((noinline)) void bench_close(struct bench_run *r, uint64_t ops)
{
	r->cost += bench_now() - r->opened;
	bench_mark();
	r->ops += ops;
	r->windows++;
}

/* ---- frames ------------------------------------------------------------------------------------- */

/* Where the bit of @frame is, if @frame and the @n - 1 behind it lie in one bank; else BENCH_NONE. */
static uint64_t index_of(const struct bench_run *r, uint64_t frame, uint64_t n)
{
	uint64_t before = 0;

	for (unsigned b = 0; b < r->nbanks; b++) {
		const struct bench_bank *bank = &r->bank[b];
		if (frame >= bank->first && frame - bank->first < bank->n)
			return n <= bank->n - (frame - bank->first) ? before + frame - bank->first
								    : BENCH_NONE;
		before += bank->n;
	}
	return BENCH_NONE;
}

static bool test_bit(const uint64_t *bits, uint64_t i)
{
	return (bits[i / 64] >> (i % 64) & 1) != 0;
}

static void flip_bit(uint64_t *bits, uint64_t i)
{
	bits[i / 64] ^= (uint64_t)1 << (i % 64);
}

/* See live[0 .. n - 1]: in seen their bits are set and no others. They may be of the whole banks. */
static void see(struct bench_run *r, uint64_t n)
{
	uint64_t bits = 0;

	for (unsigned b = 0; b < r->nbanks; b++)
		bits += r->bank[b].n;
	for (uint64_t i = 0; i < (bits + 63) / 64; i++)
		r->seen[i] = 0;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t at = index_of(r, r->live[i], 1);
		if (r->live[i] == BENCH_NONE)
			bench_fail(r, "no frame, though there are free ones");
		else if (at == BENCH_NONE)
			bench_fail(r, "a frame that is in no bank");
		else if (test_bit(r->seen, at))
			bench_fail(r, "a frame was handed out twice");
		else
			flip_bit(r->seen, at);
	}
}

void bench_distinct(struct bench_run *r, uint64_t n)
{
	see(r, n);
	for (uint64_t i = 0; i < n; i++)
		r->sum = r->sum * 31 + r->live[i];
}

/* How many whole aligned runs of @run frames the bank has of which none is seen; its bits begin at @at. */
static uint64_t free_runs(const struct bench_run *r, const struct bench_bank *bank, uint64_t at,
			  uint64_t run)
{
	uint64_t found = 0;

	for (uint64_t i = (run - bank->first % run) % run; i + run <= bank->n; i += run) {
		uint64_t k = 0;
		while (k < run && !test_bit(r->seen, at + i + k))
			k++;
		found += k == run;
	}
	return found;
}

uint64_t bench_huge_per_mille(struct bench_run *r, uint64_t n, uint64_t run)
{
	uint64_t found = 0;
	uint64_t at = 0;

	see(r, n);
	for (unsigned b = 0; b < r->nbanks; b++) {
		found += free_runs(r, &r->bank[b], at, run);
		at += r->bank[b].n;
	}
	return found * run * 1000 / (r->nframes - n);
}

void bench_shuffle(struct bench_run *r, uint64_t n)
{
	for (uint64_t i = n; i > 1; i--) {
		uint64_t j = bench_below(r, i);
		uint64_t frame = r->live[i - 1];
		r->live[i - 1] = r->live[j];
		r->live[j] = frame;
	}
}

void bench_check_alloc(struct bench_run *r, uint64_t frame, uint64_t n, uint64_t align)
{
	if (frame == BENCH_NONE)
		return;
	uint64_t at = index_of(r, frame, n);
	bench_must(r, at != BENCH_NONE, "a run that is in no bank");
	bench_must(r, frame % align == 0, "a run that is not aligned");
	for (uint64_t i = 0; at != BENCH_NONE && i < n; i++) {
		bench_must(r, !test_bit(r->taken, at + i), "a frame was handed out twice");
		flip_bit(r->taken, at + i);
	}
}

void bench_check_free(struct bench_run *r, uint64_t frame, uint64_t n, bool accepted)
{
	uint64_t at = index_of(r, frame, n);

	bench_must(r, accepted, "a free was refused");
	bench_must(r, at != BENCH_NONE, "a frame was freed that is in no bank");
	for (uint64_t i = 0; at != BENCH_NONE && i < n; i++) {
		bench_must(r, test_bit(r->taken, at + i), "a frame was freed that was not out");
		flip_bit(r->taken, at + i);
	}
}

/* ---- blocks ------------------------------------------------------------------------------------- */

/* Every block is aligned to 8 bytes at least: no two have a byte in the same eight. */
static void flip_block(struct bench_run *r, const void *ptr, uint64_t size, bool was)
{
	if (r->taken == NULL)
		return;
	uint64_t from = (uint64_t)((const unsigned char *)ptr - r->arena);
	uint64_t to = from + size;

	if (from > r->arena_bytes || size > r->arena_bytes - from) {
		bench_fail(r, "a block outside of the arena");
		return;
	}
	for (uint64_t i = from / 8; i < (to + 7) / 8;) {
		uint64_t n = (to + 7) / 8 - i < 64 - i % 64 ? (to + 7) / 8 - i : 64 - i % 64;
		uint64_t mask = (UINT64_MAX >> (64 - n)) << (i % 64);
		bench_must(r, (r->taken[i / 64] & mask) == (was ? mask : 0), "blocks overlap");
		r->taken[i / 64] ^= mask;
		i += n;
	}
}

/* Its first and its last byte say how long it is. */
static void stamp(void *ptr, uint64_t size)
{
	unsigned char *bytes = ptr;

	bytes[0] = (unsigned char)size;
	bytes[size - 1] = (unsigned char)size;
}

static void check_stamp(struct bench_run *r, const void *ptr, uint64_t size, bool whole)
{
	const unsigned char *bytes = ptr;

	bench_must(r, bytes[0] == (unsigned char)size, "the contents of a block were lost");
	bench_must(r, !whole || bytes[size - 1] == (unsigned char)size,
		   "the contents of a block were lost");
}

void bench_check_block(struct bench_run *r, void *ptr, uint64_t size, uint64_t align)
{
	if (ptr == NULL)
		return;
	bench_must(r, (uintptr_t)ptr % align == 0, "a block that is not aligned");
	flip_block(r, ptr, size, false);
	stamp(ptr, size);
}

void bench_check_unblock(struct bench_run *r, void *ptr, uint64_t size)
{
	check_stamp(r, ptr, size, true);
	flip_block(r, ptr, size, true);
}

void bench_check_resized(struct bench_run *r, const struct bench_block *b, void *ptr, uint64_t size)
{
	if (ptr == NULL) {
		bench_check_block(r, b->ptr, b->size, 1);
		return;
	}
	check_stamp(r, ptr, b->size, size >= b->size);
	bench_check_block(r, ptr, size, 8);
}
