/* SPDX-License-Identifier: MIT */
/* rows.c - run each workload: measured, with empty calls, and with every answer checked. */
#include "bench/peers-rv64/rows.h"

#include "bench/frame_workloads.h"
#include "bench/heap_workloads.h"
#include "bench/target/table/bench_target.h"

#define SEED        88172645463325252ull
#define SEEDS       5u /* how much fits depends on the numbers drawn: the mean of some */
#define FIRST       ((uint64_t)1 << 20)
#define FRAMES      ((uint64_t)1 << 18)
#define ARENA       ((uint64_t)64 << 20)
#define LARGE_ARENA (2 * ARENA)
#define FEW_BLOCKS  200000u

/* Who needs more instructions to free one of 20,000 blocks would take an hour for a million. */
#define TOO_SLOW 600u

extern const struct bench_workload frame_workloads_table_empty[FRAME_WORKLOADS];
extern const struct bench_workload heap_workloads_table_empty[HEAP_WORKLOADS];

/* One run: results, and which windows of all were its own. */
struct pass {
	struct bench_run run;
	unsigned first_window;
};

struct row {
	const char *peer;
	const char *name;
	struct pass measured;
	struct pass empty;
	struct pass checked;
};

static struct row row;
static unsigned windows;
static uint64_t *live;
static uint64_t *seen;
static uint64_t *taken;
static uint8_t *arena;
static struct bench_block *blocks;

void rows_begin(void)
{
	arena = rows_memory(LARGE_ARENA, LARGE_ARENA);
	live = rows_memory(FRAMES * sizeof(*live), 64);
	seen = rows_memory(FRAMES / 8, 64);
	taken = rows_memory(LARGE_ARENA / 64, 64);
	blocks = rows_memory(HEAP_MOST_BLOCKS * sizeof(*blocks), 64);
}

/*
 * ---- a row
 * --------------------------------------------------------------------------------------
 */

static bool same(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static void clear_taken(void)
{
	for (uint64_t i = 0; i < LARGE_ARENA / 512; i++)
		taken[i] = 0;
}

static void run_pass(struct pass *p, const struct bench_workload *w)
{
	bench_start(&p->run);
	p->first_window = windows;
	w->run(&p->run);
	windows += p->run.windows;
}

static const char *what_is_broken(const struct row *r, bool same_answers)
{
	if (r->checked.run.broken != NULL)
		return r->checked.run.broken;
	if (r->measured.run.broken != NULL)
		return r->measured.run.broken;
	if (same_answers && r->checked.run.sum != r->measured.run.sum)
		return "the checked run got other answers than the measured one";
	if (r->empty.run.ops != r->measured.run.ops)
		return "the empty calls made another number of operations";
	return r->measured.run.ops == 0 ? "nothing was measured" : NULL;
}

static void print_row(const struct row *r, bool same_answers)
{
	const char *broken = what_is_broken(r, same_answers);

	if (broken != NULL) {
		rows_print("broken %s %s %s\n", r->peer, r->name, broken);
		return;
	}
	rows_print("row %s %s ops=%llu cost=%llu less=%llu worst=%llu windows=%u+%u empty=%u+%u\n",
		   r->peer, r->name, (unsigned long long)r->measured.run.ops,
		   (unsigned long long)r->measured.run.cost, (unsigned long long)r->empty.run.cost,
		   (unsigned long long)r->checked.run.worst, r->measured.first_window,
		   r->measured.run.windows, r->empty.first_window, r->empty.run.windows);
}

/*
 * ---- frames
 * -------------------------------------------------------------------------------------
 */

static bool run_frames(struct pass *p, const struct peer_frames *peer,
		       const struct bench_workload *w)
{
	struct bench_frames table = { peer->create(FIRST, FRAMES), peer->alloc, peer->free,
				      peer->run_alloc, peer->run_free };

	p->run = (struct bench_run){ .seed = SEED,
				     .frames = &table,
				     .bank = { { .first = FIRST, .n = FRAMES } },
				     .nbanks = 1,
				     .nframes = FRAMES,
				     .live = live,
				     .seen = seen,
				     .taken = taken };
	if (table.pool == NULL) {
		rows_print("broken %s %s it cannot be made\n", peer->name, w->name);
		return false;
	}
	run_pass(p, w);
	peer->destroy(table.pool);
	return true;
}

static void share_of_frames(const struct peer_frames *peer, unsigned i)
{
	const struct bench_workload *w = &frame_workloads_table[i];
	struct bench_run *r = &row.measured.run;

	if (!run_frames(&row.measured, peer, w))
		return;
	if (r->broken != NULL)
		rows_print("broken %s %s %s\n", peer->name, w->name, r->broken);
	else
		rows_print("share %s %s per_mille=%llu\n", peer->name, w->name,
			   (unsigned long long)r->per_mille);
}

static void row_of_frames(const struct peer_frames *peer, unsigned i)
{
	row.peer = peer->name;
	row.name = frame_workloads_table[i].name;
	clear_taken();
	if (run_frames(&row.measured, peer, &frame_workloads_table[i]) &&
	    run_frames(&row.empty, peer, &frame_workloads_table_empty[i]) &&
	    run_frames(&row.checked, peer, &frame_workloads_table_checked[i]))
		print_row(&row, true);
}

void rows_of_frames(const struct peer_frames *peer)
{
	for (unsigned i = 0; i < FRAME_WORKLOADS; i++) {
		const char *name = frame_workloads_table[i].name;
		if (same(name, "frame.huge_survival") || same(name, "frame.huge_recovery"))
			share_of_frames(peer, i);
		else
			row_of_frames(peer, i);
	}
}

/*
 * ---- heaps
 * --------------------------------------------------------------------------------------
 */

static bool run_heap(struct pass *p, const struct peer_heap *peer, const struct bench_workload *w,
		     uint64_t seed)
{
	bool large = same(w->name, "heap.free_small_1m");
	uint64_t bytes = large ? LARGE_ARENA : ARENA;
	struct bench_heap table = { peer->create(arena, bytes), peer->alloc, peer->free,
				    peer->realloc };

	p->run = (struct bench_run){ .seed = seed,
				     .heap = &table,
				     .block = blocks,
				     .max_blocks = large ? HEAP_MOST_BLOCKS : FEW_BLOCKS,
				     .arena = arena,
				     .arena_bytes = bytes,
				     .given_bytes = bytes,
				     .taken = peer->unbounded ? NULL : taken };
	if (table.heap == NULL) {
		rows_print("broken %s %s it cannot be made\n", peer->name, w->name);
		return false;
	}
	run_pass(p, w);
	peer->destroy(table.heap);
	return true;
}

static void efficiency(const struct peer_heap *peer, unsigned i)
{
	const struct bench_workload *w = &heap_workloads_table_checked[i];
	struct bench_run *r = &row.checked.run;
	uint64_t sum = 0;

	for (unsigned k = 0; k < SEEDS; k++) {
		clear_taken();
		if (!run_heap(&row.checked, peer, w, SEED + k))
			return;
		if (r->broken != NULL) {
			rows_print("broken %s %s %s\n", peer->name, w->name, r->broken);
			return;
		}
		sum += r->per_mille;
	}
	rows_print("share %s %s per_mille=%llu\n", peer->name, w->name,
		   (unsigned long long)((sum + SEEDS / 2) / SEEDS));
}

static void row_of_heap(const struct peer_heap *peer, unsigned i)
{
	row.peer = peer->name;
	row.name = heap_workloads_table[i].name;
	clear_taken();
	if (run_heap(&row.measured, peer, &heap_workloads_table[i], SEED) &&
	    run_heap(&row.empty, peer, &heap_workloads_table_empty[i], SEED) &&
	    run_heap(&row.checked, peer, &heap_workloads_table_checked[i], SEED))
		print_row(&row, !peer->unbounded);
}

void rows_of_heap(const struct peer_heap *peer)
{
	bool slow = false;

	for (unsigned i = 0; i < HEAP_WORKLOADS; i++) {
		const char *name = heap_workloads_table[i].name;
		if (same(name, "heap.efficiency")) {
			if (!peer->unbounded)
				efficiency(peer, i);
		} else if (!slow || !same(name, "heap.free_small_1m")) {
			row_of_heap(peer, i);
			if (same(name, "heap.free_small"))
				slow = row.measured.run.cost > TOO_SLOW * row.measured.run.ops;
		}
	}
}
