/* SPDX-License-Identifier: MIT */
/*
 * frame_bench.c - the rows about frames. The pools under test manage frame numbers behind which there need be no
 * memory: nobody touches it, so 1 TiB fits into any machine that has room for the tables.
 */
#include "bench/frame_workloads.h"
#include "bench/free_list.h"
#include "bench/kernel/kernel_bench.h"
#include "bench/stocks.h"
#include "kernel/machine.h"
#include "lib/panic.h"
#include "lib/string.h"

#define FIRST       0x80000u /* 2 GiB: aligned to whatever is asked for here */
#define GIB_FRAMES  ((uint64_t)1 << 18)
#define TIB_FRAMES  ((uint64_t)1 << 28)
#define BANK_GAP    0x100000u /* frames between two banks that nobody has */
#define ZERO_FRAMES 512u
#define ZERO_ROUNDS 8u

static struct frame_pool pool;
static struct frame_bank bank_table[BENCH_MAX_BANKS];

static struct free_list list;

/* ---- pools -------------------------------------------------------------------------------------- */

/* Memory that every row uses again. */
struct store {
	uint64_t *metadata; /* for the largest pool, and for four banks */
	size_t bytes;       /* of one bank's */
	struct bench_run run;
};

static void make_store(struct store *s, uint64_t seed, uint64_t nframes, unsigned nbanks)
{
	struct bench_run *r = &s->run;

	*r = (struct bench_run){ .seed = seed, .nbanks = nbanks, .nframes = nframes };
	for (unsigned b = 0; b < nbanks; b++)
		r->bank[b] = (struct bench_bank){ FIRST + b * (nframes / nbanks + BANK_GAP),
						  nframes / nbanks };
	s->bytes = (frame_metadata_bytes(nframes / nbanks) + 63) & ~(size_t)63;
	s->metadata = bench_memory(nbanks * s->bytes, FRAME_SIZE);
	r->seen = bench_memory(nframes / 8, FRAME_SIZE);
	r->taken = bench_memory(nframes / 8, FRAME_SIZE);
	if (nframes <= GIB_FRAMES)
		r->live = bench_memory(nframes * sizeof(r->live[0]), FRAME_SIZE);
}

static void drop_store(struct store *s)
{
	bench_drop(s->metadata, s->run.nbanks * s->bytes);
	bench_drop(s->run.seen, s->run.nframes / 8);
	bench_drop(s->run.taken, s->run.nframes / 8);
	bench_drop(s->run.live, s->run.nframes * sizeof(s->run.live[0]));
}

/* A new pool with everything free. */
static enum acre_status fill_pool(struct store *s)
{
	enum acre_status status = ACRE_OK;

	for (unsigned b = 0; b < s->run.nbanks && status == ACRE_OK; b++) {
		const struct bench_bank *bank = &s->run.bank[b];
		status = frame_pool_add_bank(&pool, bank->first, bank->n,
					     (uint8_t *)s->metadata + b * s->bytes, s->bytes);
		if (status == ACRE_OK)
			status = frame_insert(&pool, bank->first, bank->n);
	}
	return status;
}

static void make_pool(struct store *s)
{
	if (frame_pool_init(&pool, 0, bank_table, BENCH_MAX_BANKS, bench_stocks(&pool)) !=
		    ACRE_OK ||
	    fill_pool(s) != ACRE_OK)
		acre_panic("the benchmark's pool cannot be made");
}

/* ---- a workload --------------------------------------------------------------------------------- */

static void check_pool(struct bench_run *r)
{
	bench_must(r, frame_free_count(&pool) == r->nframes, "not every frame came back");
	if (r->nframes <= GIB_FRAMES)
		bench_must(r, frame_validate(&pool) == NULL, "the pool is broken");
}

/* On a new pool. */
static void run_acre(struct bench_pass *pass, struct store *s, const struct bench_workload *w)
{
	make_pool(s);
	pass->run = s->run;
	pass->run.frames = (struct bench_frames *)&pool;
	bench_begin_pass(pass);
	w->run(&pass->run);
	bench_end_pass(pass);
	check_pool(&pass->run);
}

static void run_standin(struct bench_pass *pass, struct store *s, const struct bench_workload *w)
{
	pass->run = s->run;
	pass->run.frames = NULL;
	bench_begin_pass(pass);
	w->run(&pass->run);
	bench_end_pass(pass);
}

static struct bench_pass measured;
static struct bench_pass overhead;
static struct bench_pass checked;

/* Workload @i on @s, under @name. */
static void row(struct store *s, unsigned i, const char *name, const char *suffix)
{
	run_acre(&measured, s, &frame_workloads_acre[i]);
	run_standin(&overhead, s, &frame_workloads_standin[i]);
	run_acre(&checked, s, &frame_workloads_acre_checked[i]);
	bench_row(name, suffix, &measured, &overhead, &checked, 2);
}

/* One that says which share of the pool something is. */
static void row_share(struct store *s, unsigned i)
{
	const struct bench_workload *w = &frame_workloads_acre[i];

	run_acre(&measured, s, w);
	bench_row_figure(w->name, "", (struct bench_figure){ measured.run.per_mille, 1, "percent" },
			 measured.run.broken);
}

/* The simplest allocator in the same harness, to hold the harness against other people's. */
static void row_free_list(struct store *s, unsigned i, int32_t *next)
{
	const struct bench_workload *w = &frame_workloads_free_list[i];

	free_list_init(&list, (uint32_t)s->run.nframes, next);
	measured.run = s->run;
	measured.run.bank[0].first = 0;
	measured.run.frames = (struct bench_frames *)&list;
	bench_begin_pass(&measured);
	w->run(&measured.run);
	bench_end_pass(&measured);
	run_standin(&overhead, s, &frame_workloads_standin[i]);
	bench_peer_row("free_list", w->name, &measured, &overhead);
}

static void row_metadata(const char *suffix, uint64_t nframes)
{
	uint64_t bits = (uint64_t)frame_metadata_bytes(nframes) * 8;

	bench_row_figure("frame.metadata_bits", suffix,
			 (struct bench_figure){ (bits * 1000 + nframes - 1) / nframes, 3, "bits" },
			 NULL);
}

/* ---- all of them -------------------------------------------------------------------------------- */

enum { PAIR, DRAIN, FREE_RANDOM, CHURN90, RUN2, RUN512_PAIR = RUN2 + 5, SURVIVAL, RECOVERY };

_Static_assert(RECOVERY + 1 == FRAME_WORKLOADS, "frame_workloads.c has them in this order");

static void one_bank(uint64_t seed)
{
	struct store s;

	make_store(&s, seed, GIB_FRAMES, 1);
	for (unsigned i = PAIR; i <= RUN512_PAIR; i++)
		row(&s, i, frame_workloads_acre[i].name, "");
	row_share(&s, SURVIVAL);
	row_share(&s, RECOVERY);
	row_metadata("", GIB_FRAMES);
	int32_t *next = bench_memory(GIB_FRAMES * sizeof(*next), FRAME_SIZE);
	for (unsigned i = PAIR; i <= CHURN90; i++)
		row_free_list(&s, i, next);
	bench_drop(next, GIB_FRAMES * sizeof(*next));
	drop_store(&s);
}

static void several_banks(uint64_t seed, unsigned nbanks, const char *suffix)
{
	struct store s;

	make_store(&s, seed, GIB_FRAMES, nbanks);
	for (unsigned i = PAIR; i <= CHURN90; i++)
		row(&s, i, frame_workloads_acre[i].name, suffix);
	row(&s, RUN512_PAIR, frame_workloads_acre[RUN512_PAIR].name, suffix);
	drop_store(&s);
}

void bench_frames(uint64_t seed)
{
	one_bank(seed);
	several_banks(seed, 2, ".2banks");
	several_banks(seed, 4, ".4banks");
}

/* ---- setting up, a tebibyte, clearing ------------------------------------------------------------ */

static void row_init(struct store *s)
{
	enum acre_status status;

	measured.run = s->run;
	if (frame_pool_init(&pool, 0, bank_table, BENCH_MAX_BANKS, bench_stocks(&pool)) != ACRE_OK)
		acre_panic("the benchmark's pool cannot be made");
	bench_begin_pass(&measured);
	bench_open(&measured.run);
	status = fill_pool(s);
	bench_close(&measured.run, TIB_FRAMES);
	bench_end_pass(&measured);
	bench_must(&measured.run, status == ACRE_OK, "the pool cannot be made");
	bench_must(&measured.run, frame_free_count(&pool) == TIB_FRAMES, "not every frame is free");
	bench_row("frame.init", "", &measured, NULL, NULL, 4);
}

/* One round: take all, cleared or not. */
static void zero_round(struct bench_run *r, frame_nr_t (*take)(struct frame_pool *), bool cleared)
{
	for (unsigned i = 0; i < ZERO_FRAMES; i++)
		memset(frame_ptr(&pool, r->bank[0].first + i), 0xa5, FRAME_SIZE);
	bench_open(r);
	for (unsigned i = 0; i < ZERO_FRAMES; i++)
		r->live[i] = take(&pool);
	bench_close(r, ZERO_FRAMES);
	bench_distinct(r, ZERO_FRAMES);
	for (unsigned i = 0; cleared && i < ZERO_FRAMES; i++) {
		const uint64_t *words = frame_ptr(&pool, r->live[i]);
		for (unsigned k = 0; k < FRAME_SIZE / sizeof(*words); k++)
			bench_must(r, words[k] == 0, "a frame that is not clear");
	}
	for (unsigned i = 0; i < ZERO_FRAMES; i++)
		bench_must(r, frame_free(&pool, r->live[i]) == ACRE_OK, "a free was refused");
}

static void zero_pass(struct bench_pass *pass, struct store *s,
		      frame_nr_t (*take)(struct frame_pool *), bool cleared)
{
	make_pool(s);
	pass->run = s->run;
	bench_begin_pass(pass);
	for (unsigned i = 0; i < ZERO_ROUNDS; i++)
		zero_round(&pass->run, take, cleared);
	bench_end_pass(pass);
	check_pool(&pass->run);
}

/* What clearing adds to taking a frame that was used before: here there must be memory behind it. */
static void row_zero(uint64_t seed)
{
	void *memory = bench_memory(ZERO_FRAMES << FRAME_SHIFT, FRAME_SIZE);
	struct store s;

	make_store(&s, seed, ZERO_FRAMES, 1);
	s.run.bank[0].first = frame_from_paddr((uintptr_t)memory);
	zero_pass(&measured, &s, frame_alloc_zeroed, true);
	zero_pass(&overhead, &s, frame_alloc, false);
	bench_row("frame.zero", "", &measured, &overhead, NULL, 2);
	drop_store(&s);
	bench_drop(memory, ZERO_FRAMES << FRAME_SHIFT);
}

void bench_frame_setup(uint64_t seed)
{
	struct store s;

	make_store(&s, seed, TIB_FRAMES, 1);
	row_init(&s);
	row(&s, PAIR, "frame.pair_1tib", "");
	row_metadata("_1tib", TIB_FRAMES);
	drop_store(&s);
	row_zero(seed);
}
