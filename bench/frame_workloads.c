/* SPDX-License-Identifier: MIT */
/*
 * frame_workloads.c - what is done to an allocator of frames. The loops are defined in docs/performance.md and
 * other people's figures are of the same loops: change one, and it is another benchmark.
 */
#include "bench/frame_workloads.h"

#include "bench/calls.h"

#define PAIRS      200000u
#define CHURNS     400000u
#define NONE_RUNS  10u
#define HUGE_PAIRS 20000u
#define HUGE       512u /* frames in 2 MiB */

/* ---- what several workloads begin or end with --------------------------------------------------- */

/* Take frames until live[0 .. n - 1] is full. */
static void fill(struct bench_run *r, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		r->live[i] = alloc_frame(r);
	bench_distinct(r, n);
}

/* Give back live[from .. to - 1], the last one first. */
static void give_down_to(struct bench_run *r, uint64_t from, uint64_t to)
{
	bool ok = true;

	for (uint64_t i = to; i > from; i--)
		ok &= free_frame(r, r->live[i - 1]);
	bench_must(r, ok, "a frame that was taken cannot be given back");
}

/* ---- single frames ------------------------------------------------------------------------------ */

static void pair(struct bench_run *r)
{
	uint64_t sum = 0;
	bool ok = true;

	bench_open(r);
	for (uint64_t i = 0; i < PAIRS; i++) {
		uint64_t frame = alloc_frame(r);
		sum += frame;
		ok &= free_frame(r, frame);
	}
	bench_close(r, PAIRS);
	r->sum += sum;
	bench_must(r, ok, "a frame that was taken cannot be given back");
}

static void drain(struct bench_run *r)
{
	uint64_t n;

	bench_open(r);
	for (n = 0; n < r->nframes; n++) {
		uint64_t frame = alloc_frame(r);
		if (frame == BENCH_NONE)
			break;
		r->live[n] = frame;
	}
	bench_close(r, n);
	bench_must(r, n == r->nframes, "no frame is left before every one was taken");
	bench_must(r, alloc_frame(r) == BENCH_NONE, "more frames than there are");
	bench_distinct(r, n);
	give_down_to(r, 0, n);
}

static void free_random(struct bench_run *r)
{
	bool ok = true;

	fill(r, r->nframes);
	bench_shuffle(r, r->nframes);
	bench_open(r);
	for (uint64_t i = 0; i < r->nframes; i++)
		ok &= free_frame(r, r->live[i]);
	bench_close(r, r->nframes);
	bench_must(r, ok, "a frame that was taken cannot be given back");
}

static void churn90(struct bench_run *r)
{
	uint64_t n = r->nframes * 9 / 10;
	bool ok = true;

	fill(r, n);
	bench_shuffle(r, n);
	bench_open(r);
	for (uint64_t i = 0; i < CHURNS; i++) {
		uint64_t *slot = &r->live[bench_below(r, n)];
		ok &= free_frame(r, *slot);
		*slot = alloc_frame(r);
	}
	bench_close(r, CHURNS);
	bench_must(r, ok, "a frame that was taken cannot be given back");
	bench_distinct(r, n);
	give_down_to(r, 0, n);
}

/* ---- runs --------------------------------------------------------------------------------------- */

/* Fill to 90 %, shuffle, give back down to half: live[0 .. result - 1] stay. */
static uint64_t scatter(struct bench_run *r)
{
	uint64_t full = r->nframes * 9 / 10;
	uint64_t half = r->nframes / 2;

	fill(r, full);
	bench_shuffle(r, full);
	give_down_to(r, half, full);
	return half;
}

/* 512 of them in 1 GiB, and in another pool the same share of it. */
static uint64_t nruns(const struct bench_run *r)
{
	return r->nframes >= 1u << 18 ? 512 : r->nframes >> 9;
}

/* Where the scattered frames end in live[] there is room for the runs. */
static void runs(struct bench_run *r, uint64_t length)
{
	uint64_t half = scatter(r);
	uint64_t *run = &r->live[half];
	uint64_t n = nruns(r);
	bool ok = true;

	bench_open(r);
	for (uint64_t i = 0; i < n; i++)
		run[i] = alloc_run(r, length, length);
	bench_close(r, n);
	for (uint64_t i = 0; i < n; i++) {
		bench_must(r, run[i] != BENCH_NONE, "a run was not found");
		bench_must(r, run[i] % length == 0, "a run is not aligned");
		r->sum = r->sum * 31 + run[i];
	}
	for (uint64_t i = 0; i < n; i++)
		ok &= run[i] == BENCH_NONE || free_run(r, run[i], length);
	bench_must(r, ok, "a run that was taken cannot be given back");
	give_down_to(r, 0, half);
}

static void run2(struct bench_run *r)
{
	runs(r, 2);
}

static void run4(struct bench_run *r)
{
	runs(r, 4);
}

static void run8(struct bench_run *r)
{
	runs(r, 8);
}

static void run16(struct bench_run *r)
{
	runs(r, 16);
}

/*
 * The tenth that was never taken may hold huge runs. They are taken first, so that there is none for
 * any allocator, wherever it has put the rest.
 */
static void run512_none(struct bench_run *r)
{
	uint64_t half = scatter(r);
	uint64_t *huge = &r->live[half];
	uint64_t nhuge = 0;
	uint64_t none = 0;
	bool ok = true;

	while (nhuge < r->nframes / HUGE && (huge[nhuge] = alloc_run(r, HUGE, HUGE)) != BENCH_NONE)
		nhuge++;
	bench_open(r);
	for (uint64_t i = 0; i < NONE_RUNS; i++)
		none += alloc_run(r, HUGE, HUGE) == BENCH_NONE;
	bench_close(r, NONE_RUNS);
	r->sum += nhuge;
	bench_must(r, none == NONE_RUNS, "a huge run where there is none");
	for (uint64_t i = 0; i < nhuge; i++)
		ok &= free_run(r, huge[i], HUGE);
	bench_must(r, ok, "a run that was taken cannot be given back");
	give_down_to(r, 0, half);
}

static void run512_pair(struct bench_run *r)
{
	uint64_t sum = 0;
	uint64_t all = 0;
	bool ok = true;

	bench_open(r);
	for (uint64_t i = 0; i < HUGE_PAIRS; i++) {
		uint64_t run = alloc_run(r, HUGE, HUGE);
		sum += run;
		all |= run;
		ok &= free_run(r, run, HUGE);
	}
	bench_close(r, HUGE_PAIRS);
	r->sum += sum;
	bench_must(r, ok, "a run that was taken cannot be given back");
	bench_must(r, all % HUGE == 0, "a run is not aligned");
}

/* ---- huge frames that survive ------------------------------------------------------------------- */

/* Take two frames for each that is given back, a random one, until half of the pool is out. */
static uint64_t grow_to_half(struct bench_run *r)
{
	uint64_t n = 0;
	bool ok = true;

	while (n < r->nframes / 2) {
		if (n == 0 || bench_below(r, 3) != 0) {
			r->live[n++] = alloc_frame(r);
			continue;
		}
		uint64_t *slot = &r->live[bench_below(r, n)];
		ok &= free_frame(r, *slot);
		*slot = r->live[--n];
	}
	bench_must(r, ok, "a frame that was taken cannot be given back");
	bench_distinct(r, n);
	return n;
}

/* Then give random ones back until a quarter is out, which is shuffled afterwards. */
static uint64_t shrink_to_quarter(struct bench_run *r)
{
	uint64_t half = grow_to_half(r);
	uint64_t quarter = r->nframes / 4;

	bench_shuffle(r, half);
	give_down_to(r, quarter, half);
	return quarter;
}

static void huge_survival(struct bench_run *r)
{
	uint64_t quarter = shrink_to_quarter(r);

	r->per_mille = bench_huge_per_mille(r, quarter, HUGE);
	give_down_to(r, 0, quarter);
}

/* The same pool after each live frame was, on the average, replaced eight times. */
static void huge_recovery(struct bench_run *r)
{
	uint64_t quarter = shrink_to_quarter(r);
	bool ok = true;

	for (uint64_t i = 0; i < 8 * quarter; i++) {
		uint64_t *slot = &r->live[bench_below(r, quarter)];
		ok &= free_frame(r, *slot);
		*slot = alloc_frame(r);
	}
	bench_must(r, ok, "a frame that was taken cannot be given back");
	r->per_mille = bench_huge_per_mille(r, quarter, HUGE);
	give_down_to(r, 0, quarter);
}

const struct bench_workload BENCH_NAME(frame_workloads)[FRAME_WORKLOADS] = {
	{ "frame.pair", pair },
	{ "frame.drain", drain },
	{ "frame.free_random", free_random },
	{ "frame.churn90", churn90 },
	{ "frame.run2", run2 },
	{ "frame.run4", run4 },
	{ "frame.run8", run8 },
	{ "frame.run16", run16 },
	{ "frame.run512_none", run512_none },
	{ "frame.run512_pair", run512_pair },
	{ "frame.huge_survival", huge_survival },
	{ "frame.huge_recovery", huge_recovery },
};
