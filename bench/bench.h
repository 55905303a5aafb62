/* SPDX-License-Identifier: MIT */
/*
 * bench.h - what every workload shares: its input, its random numbers, the window that is measured,
 * and what came of it. Freestanding: the same files run in the kernel, where the cost is retired
 * instructions, and on the host beside other allocators, where it is nanoseconds (README.md).
 *
 * A workload is a function of a struct bench_run. It prepares, opens a window, works, closes the
 * window, and looks at what it has got; it starts from an allocator where all is free and leaves it
 * so. Only what happens inside of a window is paid for.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an allocator of frames returns when it has none. */
#define BENCH_NONE UINT64_MAX

#define BENCH_MAX_BANKS 4u

/* The frames [first, first + n); no bank overlaps another. */
struct bench_bank {
	uint64_t first;
	uint64_t n;
};

/* A live block of the heap. */
struct bench_block {
	void *ptr;
	uint32_t size;
	uint32_t align;
};

/* The allocator under test: bench_target.h of the include path says what these are. */
struct bench_frames;
struct bench_heap;

struct bench_run {
	/* Given by whoever runs the workload. */
	uint64_t seed; /* not 0 */
	struct bench_frames *frames;
	struct bench_heap *heap;
	struct bench_bank bank[BENCH_MAX_BANKS];
	unsigned nbanks;
	uint64_t nframes;          /* in all banks, or this thread's part of them */
	uint64_t *live;            /* room for nframes frame numbers */
	struct bench_block *block; /* room for max_blocks */
	uint64_t max_blocks;
	unsigned char *arena; /* where the heap's blocks may lie, if the checks are to know that */
	uint64_t arena_bytes;
	uint64_t *seen; /* a bit for each frame of the banks */
	/* Bits, all clear: one for each frame, or for 8 bytes of the arena. Checked builds only. */
	uint64_t *taken;
	uint64_t given_bytes; /* all memory that the heap has, tables included (heap.efficiency) */

	/* What came of it. */
	uint64_t ops;       /* operations in the windows */
	uint64_t cost;      /* of all windows, in the units of bench_now() */
	uint64_t worst;     /* single operation; only a checked build measures it */
	uint64_t sum;       /* of all answers in order: equal runs give equal sums */
	uint64_t per_mille; /* for a workload that measures a share and no cost */
	unsigned windows;
	const char *broken; /* NULL, or what the allocator did wrong first */

	/* The workload's own. */
	uint64_t random;
	uint64_t opened;
	uint64_t reading; /* what one pair of bench_now() costs by itself */
};

struct bench_workload {
	const char *name;
	void (*run)(struct bench_run *r);
};

/* bench_now - retired instructions, or nanoseconds: whoever links this provides it. */
uint64_t bench_now(void);

/*
 * bench_mark - called at the start and at the end of each window, outside of what is counted:
 * a tool that watches from outside the machine knows a window by it. Does nothing.
 */
void bench_mark(void);

/* bench_start - forget results, seed the random numbers. */
void bench_start(struct bench_run *r);

/* bench_open, bench_close - the window. It may be opened several times: costs and @ops add up. */
void bench_open(struct bench_run *r);
void bench_close(struct bench_run *r, uint64_t ops);

/* bench_fail - remember @broken if it is the first. bench_must - the same, unless @ok. */
void bench_fail(struct bench_run *r, const char *broken);
void bench_must(struct bench_run *r, bool ok, const char *broken);

/* bench_distinct - insist that live[0 .. n - 1] are frames of the banks, and none twice. */
void bench_distinct(struct bench_run *r, uint64_t n);

/* bench_huge_per_mille - with live[0 .. n - 1] out, which share of the free frames lies in free aligned runs. */
uint64_t bench_huge_per_mille(struct bench_run *r, uint64_t n, uint64_t run);

/* bench_shuffle - live[0 .. n - 1], every order as likely as any other. */
void bench_shuffle(struct bench_run *r, uint64_t n);

/* For checked builds: what was given out, and came back (calls.h). */
void bench_check_alloc(struct bench_run *r, uint64_t frame, uint64_t n, uint64_t align);
void bench_check_free(struct bench_run *r, uint64_t frame, uint64_t n, bool accepted);
void bench_check_block(struct bench_run *r, void *ptr, uint64_t size, uint64_t align);
void bench_check_unblock(struct bench_run *r, void *ptr, uint64_t size);
/* @b was unblocked before; it is now @ptr of @size bytes, or NULL: then it is as it was. */
void bench_check_resized(struct bench_run *r, const struct bench_block *b, void *ptr,
			 uint64_t size);

/* Marsaglia's 64-bit xorshift. */
static inline uint64_t bench_random(struct bench_run *r)
{
	uint64_t x = r->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return r->random = x;
}

/* bench_below - uniform in 0 .. n - 1, without a division. */
static inline uint64_t bench_below(struct bench_run *r, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)bench_random(r) * n) >> 64);
}

/* bench_between - uniform in low .. high, both included. */
static inline uint64_t bench_between(struct bench_run *r, uint64_t low, uint64_t high)
{
	return low + bench_below(r, high - low + 1);
}

#endif
