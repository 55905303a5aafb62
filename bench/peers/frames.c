/* SPDX-License-Identifier: MIT */
/*
 * frames.c - the pools of frames side by side.
 *
 * For each size all pools exist at one time. A round runs each workload on one pool after the other, so that
 * whatever the machine does meanwhile hits all of them alike, and the ratio of a round is taken between
 * neighbours. A workload that is slow on some pool gets fewer rounds there.
 */
#include "bench/peers/frames.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/frame_workloads.h"
#include "bench/peers/around.h"
#include "bench/peers/peers.h"
#include "bench/peers/run.h"

/* A multiple of every size: some peers align indices, and to a buddy a pool is one block then. */
#define FIRST ((uint64_t)1 << 28)

#define HUGE         ((uint64_t)512)
#define SEED         88172645463325252u
#define SINGLES      4u /* the first so many workloads take single frames */
#define DRAIN        1u /* and this one takes all */
#define CHECKED_RUNS 5u
#define MAX_ROUNDS   50u /* of threads, to find quiet ones */

/* The tables of 16 GiB are large enough to show what the bank table of an empty machine hides. */
#define MOST_FOR_METADATA (1u << 22)

struct size {
	const char *name;
	uint64_t nframes; /* of the pool */
	uint64_t free;    /* at its end; all else is taken before, as 2 MiB runs */
	unsigned rounds;
	double patience; /* seconds for one workload on one pool; then no more rounds of it */
	bool checked;
};

static const struct size sizes[] = {
	{ "128 MiB", 1 << 15, 1 << 15, 15, 1, true },
	{ "16 GiB", 1 << 22, 1 << 20, 5, 2, false },
	{ "1 TiB", 1 << 28, 1 << 18, 7, 2, false },
};

struct pool {
	const struct peer_frames *peer;
	const struct size *size;
	struct bench_frames table;
	size_t bytes;                    /* that it took to make it */
	double spent[FRAME_WORKLOADS];   /* seconds */
	unsigned quiet[FRAME_WORKLOADS]; /* rounds of threads */
	bool dead;                       /* it gave a wrong answer, and nobody knows its state */
};

/* Room for what the workloads note, for the largest of them. */
static struct {
	uint64_t *live;
	uint64_t *seen;
	uint64_t *taken;
} room[MAX_THREADS];

static bool ours_is_right = true;

/* ---- pools -------------------------------------------------------------------------------------- */

static size_t bytes_in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* Take all but the last @size->free frames, from the lowest on. */
static bool take_the_rest(struct pool *p)
{
	const struct size *size = p->size;
	uint64_t step = p->table.run_alloc != NULL ? HUGE : 1;

	for (uint64_t n = size->nframes - size->free; n > 0; n -= step) {
		uint64_t frame = step == 1 ? p->table.alloc(p->table.pool)
					   : p->table.run_alloc(p->table.pool, HUGE, HUGE);
		if (frame >= FIRST + size->nframes - size->free)
			return false;
	}
	return true;
}

static bool pool_make(struct pool *p, const struct peer_frames *peer, const struct size *size)
{
	size_t before = bytes_in_use();

	*p = (struct pool){ .peer = peer, .size = size };
	void *made = peer->create(FIRST, size->nframes);
	if (made == NULL)
		return false;
	p->bytes = bytes_in_use() - before;
	p->table = (struct bench_frames){ made, peer->alloc, peer->free, peer->run_alloc,
					  peer->run_free };
	return true;
}

static struct measure about(const struct pool *p, unsigned round)
{
	return (struct measure){ .part = "frames",
				 .size = p->size->name,
				 .peer = p->peer->name,
				 .round = round,
				 .enter = p->peer->enter,
				 .nothing = p->peer == &PEER_FRAMES_NOTHING };
}

static struct bench_run run_of(struct pool *p, struct bench_frames *table, unsigned round,
			       unsigned thread, unsigned threads)
{
	return (struct bench_run){
		.seed = SEED + (uint64_t)round * MAX_THREADS + thread,
		.frames = table,
		.bank = { { FIRST + p->size->nframes - p->size->free, p->size->free } },
		.nbanks = 1,
		.nframes = p->size->free / threads,
		.live = room[thread].live,
		.seen = room[thread].seen,
		.taken = room[thread].taken,
	};
}

/* All bytes it has when half of its frames are free, here and there. */
static void measure_metadata(struct pool *p)
{
	struct measure m = about(p, 0);
	struct bench_run r = run_of(p, &p->table, 0, 0, 1);
	size_t before = bytes_in_use();
	uint64_t n = 0;

	if (p->size->nframes > MOST_FOR_METADATA)
		return;
	bench_start(&r);
	while (n < p->size->nframes && (r.live[n] = p->table.alloc(p->table.pool)) != BENCH_NONE)
		n++;
	bench_shuffle(&r, n);
	for (uint64_t i = 0; i < n / 2; i++)
		p->table.free(p->table.pool, r.live[i]);
	size_t bytes = p->bytes + (bytes_in_use() - before);
	for (uint64_t i = n / 2; i < n; i++)
		p->table.free(p->table.pool, r.live[i]);
	say_value(&m, 1, "frame.metadata_bits", "bits",
		  8.0 * (double)bytes / (double)p->size->nframes);
}

/* ---- one workload on one pool ------------------------------------------------------------------- */

/* Those that measure no cost. */
static bool is_share(unsigned w)
{
	return strncmp(frame_workloads_table[w].name, "frame.huge_", 11) == 0;
}

static bool wants(const struct pool *p, unsigned w)
{
	if (p->dead || is_share(w) || p->spent[w] > p->size->patience)
		return false;
	return w < SINGLES || p->table.run_alloc != NULL;
}

static void note(struct pool *p, unsigned w, bool right, double before)
{
	p->spent[w] += seconds() - before;
	if (right)
		return;
	p->dead = true;
	if (p->peer == &PEER_FRAMES_ACRE)
		ours_is_right = false;
}

static void run_one(struct pool *p, unsigned w, unsigned round)
{
	struct measure m = about(p, round);
	struct bench_run r = run_of(p, &p->table, round, 0, 1);
	double before = seconds();

	if (wants(p, w))
		note(p, w, run_plain(&m, &frame_workloads_table[w], &r), before);
}

/* Every answer is checked, and the worst is found. */
static void check_one(struct pool *p, unsigned w)
{
	struct measure m = about(p, 0);
	struct around around;
	struct bench_frames traced = trace_around_frames(&around, &p->table);
	struct bench_run r = run_of(p, &traced, 0, 0, 1);

	if (p->peer == &PEER_FRAMES_NOTHING || p->dead || is_share(w) ||
	    (w >= SINGLES && p->table.run_alloc == NULL))
		return;
	memset(r.taken, 0, p->size->free / 8);
	trace_forget();
	for (unsigned i = 0; i < CHECKED_RUNS && !p->dead; i++)
		note(p, w, run_checked(&m, &frame_workloads_table_checked[w], &r), seconds());
	if (!p->dead)
		say_value(&m, 1, frame_workloads_table[w].name, "worst", (double)trace_worst());
}

/* frame.drain for threads: who is done first cannot know that no frame is left. */
static void drain_together(struct bench_run *r)
{
	struct bench_frames *f = r->frames;
	uint64_t n = 0;

	bench_open(r);
	while (n < r->nframes && (r->live[n] = f->alloc(f->pool)) != BENCH_NONE)
		n++;
	bench_close(r, n);
	bench_must(r, n == r->nframes, "no frame is left before every one was taken");
	bench_distinct(r, n);
	for (uint64_t i = n; i-- > 0;)
		bench_must(r, f->free(f->pool, r->live[i]), "a frame cannot be given back");
}

static const struct bench_workload together[] = { { "frame.drain", drain_together } };

/* What threads do at one time: single frames, and pairs of huge runs. */
static const struct bench_workload *for_threads(unsigned w)
{
	const struct bench_workload *workload = &frame_workloads_table[w];

	if (strcmp(workload->name, together[0].name) == 0)
		return &together[0];
	return w < SINGLES || strcmp(workload->name, "frame.run512_pair") == 0 ? workload : NULL;
}

static void run_two(struct pool *p, unsigned w, unsigned round)
{
	struct measure m = about(p, round);
	struct around around;
	struct bench_frames locked = mutex_around_frames(&around, &p->table);
	struct bench_run r[MAX_THREADS];
	double before = seconds();
	bool quiet;

	p->spent[w] = 0;
	if (for_threads(w) == NULL || p->quiet[w] >= ENOUGH || !wants(p, w))
		return;
	for (unsigned i = 0; i < MAX_THREADS; i++)
		r[i] = run_of(p, p->peer->shared ? &p->table : &locked, round, i, MAX_THREADS);
	note(p, w, run_threads(&m, for_threads(w), r, MAX_THREADS, &quiet), before);
	p->quiet[w] += quiet;
}

/* ---- before the first round, and after the last ------------------------------------------------- */

static void remake(struct pool *p)
{
	p->peer->destroy(p->table.pool);
	if (!pool_make(p, p->peer, p->size)) {
		fprintf(stderr, "%s: no pool\n", p->peer->name);
		exit(1);
	}
}

/* A share is no figure that wants rounds. @name: of the row. */
static void share(struct pool *p, unsigned w, const char *name)
{
	struct measure m = about(p, 0);
	struct bench_run r = run_of(p, &p->table, 0, 0, 1);
	struct bench_workload named = { name, frame_workloads_table[w].run };

	if (!p->dead)
		note(p, w, run_plain(&m, &named, &r), seconds());
}

/* Huge frames in a pool that is new, and in one that all the loops have been through. */
static void shares_of_new(struct pool *p)
{
	for (unsigned w = 0; w < FRAME_WORKLOADS && p->size->checked; w++) {
		if (is_share(w)) {
			share(p, w, frame_workloads_table[w].name);
			remake(p);
		}
	}
}

static void shares_of_used(struct pool *p)
{
	char name[64];

	for (unsigned w = 0; w < FRAME_WORKLOADS && p->size->checked; w++) {
		if (is_share(w)) {
			snprintf(name, sizeof(name), "%s_used", frame_workloads_table[w].name);
			share(p, w, name);
		}
	}
}

/* What all this took from a pool left it in disorder, so it is made anew. */
static void prepare(struct pool *p)
{
	if (p->peer == &PEER_FRAMES_NOTHING)
		return;
	shares_of_new(p);
	measure_metadata(p);
	remake(p);
	if (!take_the_rest(p)) {
		fprintf(stderr, "%s does not take the lowest frames first\n", p->peer->name);
		exit(1);
	}
}

static void finish(struct pool *p, unsigned rounds)
{
	if (p->peer != &PEER_FRAMES_NOTHING)
		shares_of_used(p);
	memset(p->spent, 0, sizeof(p->spent));
	run_one(p, DRAIN, rounds); /* has everything come back? */
	if (!p->dead)
		p->peer->destroy(p->table.pool);
}

/* ---- all of them -------------------------------------------------------------------------------- */

/* Who begins changes from round to round. */
static void run_rounds(struct pool *pool, unsigned n, unsigned rounds, double limit,
		       void (*run)(struct pool *, unsigned, unsigned))
{
	double start = seconds();

	for (unsigned i = 0; i < n; i++)
		memset(pool[i].spent, 0, sizeof(pool[i].spent));
	for (unsigned round = 0; round < rounds && seconds() - start < limit; round++) {
		for (unsigned w = 0; w < FRAME_WORKLOADS; w++) {
			for (unsigned i = 0; i < n; i++)
				run(&pool[(i + round) % n], w, round);
		}
	}
}

static void run_size(const struct size *size, unsigned percent)
{
	struct pool pool[PEER_FRAMES];
	unsigned rounds = size->rounds * percent / 100 > 0 ? size->rounds * percent / 100 : 1;
	double limit = phase_seconds(percent);
	unsigned n = 0;

	for (unsigned i = 0; i < PEER_FRAMES; i++)
		n += pool_make(&pool[n], peer_frames[i], size);
	fprintf(stderr, "%4.0f s  frames, %s\n", seconds(), size->name);
	for (unsigned i = 0; i < n; i++)
		prepare(&pool[i]);
	if (size->checked) {
		for (unsigned w = 0; w < FRAME_WORKLOADS * n; w++)
			check_one(&pool[w % n], w / n);
	}
	run_rounds(pool, n, rounds, limit, run_one);
	fprintf(stderr, "%4.0f s  frames, %s, %u threads\n", seconds(), size->name, MAX_THREADS);
	run_rounds(pool, n, MAX_ROUNDS, limit, run_two);
	for (unsigned i = 0; i < n; i++)
		finish(&pool[i], rounds);
}

bool frames_run(unsigned percent)
{
	uint64_t most = MOST_FOR_METADATA;

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		most = sizes[i].free > most ? sizes[i].free : most;
	for (unsigned i = 0; i < MAX_THREADS; i++) {
		room[i].live = take_memory(most * sizeof(uint64_t), 64);
		room[i].seen = take_memory(most / 8, 64);
		room[i].taken = take_memory(most / 8, 64);
	}
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		run_size(&sizes[i], percent);
	return ours_is_right;
}
