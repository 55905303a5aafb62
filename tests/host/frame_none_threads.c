/* SPDX-License-Identifier: MIT */
/*
 * frame_none_threads.c - nobody is told 'none' where something is free all the time. Threads that play harts
 * do one thing each at the same moment, round after round; what they hold in between is such that
 * the one who asks must get something.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "tests/support/frame_room.h"
#include "tests/support/ktest.h"

#define FIRST  0x51e00u /* a multiple of two chunks */
#define FRAMES 1024u
#define ROUNDS 8000u
#define HARTS  3u

struct game {
	struct frame_pool pool;
	atomic_uint arrived;   /* at the barrier, from the first round on */
	frame_nr_t got[HARTS]; /* by each hart, in this round */
	frame_nr_t held[2];
	uint32_t nones;
	/* what hart 0 does before a round, what each does in it, what hart 0 looks at behind it */
	void (*before)(struct game *g);
	void (*act)(struct game *g, unsigned hart);
	void (*after)(struct game *g);
};

struct player {
	pthread_t id;
	unsigned hart;
	struct game *game;
};

static void wait_for_all(struct game *g, unsigned times)
{
	atomic_fetch_add(&g->arrived, 1);
	while (atomic_load(&g->arrived) < times * HARTS)
		platform_relax();
}

static void *play(void *arg)
{
	struct player *p = arg;
	struct game *g = p->game;

	host_hart = p->hart;
	for (unsigned round = 0; round < ROUNDS; round++) {
		if (p->hart == 0)
			g->before(g);
		wait_for_all(g, 3 * round + 1);
		g->act(g, p->hart);
		wait_for_all(g, 3 * round + 2);
		if (p->hart == 0)
			g->after(g);
		wait_for_all(g, 3 * round + 3);
	}
	return NULL;
}

static struct game *game_of(frame_count_t inserted)
{
	struct game *g = ktest_alloc(sizeof(*g), 64);
	size_t bytes = frame_metadata_bytes(FRAMES);

	*g = (struct game){ .nones = 0 };
	REQUIRE_EQ(frame_pool_init_in(&g->pool, 0, ktest_alloc(sizeof(struct frame_room), 64)),
		   ACRE_OK);
	REQUIRE_EQ(frame_pool_add_bank(&g->pool, FIRST, FRAMES, ktest_alloc(bytes, 8), bytes),
		   ACRE_OK);
	REQUIRE_EQ(frame_insert(&g->pool, FIRST, inserted), ACRE_OK);
	return g;
}

static void run(struct game *g)
{
	struct player player[HARTS];

	for (unsigned hart = 0; hart < HARTS; hart++) {
		player[hart] = (struct player){ .hart = hart, .game = g };
		REQUIRE_EQ(pthread_create(&player[hart].id, NULL, play, &player[hart]), 0);
	}
	for (unsigned hart = 0; hart < HARTS; hart++)
		REQUIRE_EQ(pthread_join(player[hart].id, NULL), 0);
	REQUIRE_VALID(frame_validate(&g->pool));
	EXPECT_EQ(g->nones, 0);
}

static void give_back(struct game *g, frame_nr_t pfn, frame_count_t n)
{
	if (pfn != FRAME_NONE)
		(void)frame_free_range(&g->pool, pfn, n);
}

/* ---- two frames, both handed out, and the tree knows that there are none --------------------------- */

static void hold_both(struct game *g)
{
	g->held[0] = frame_alloc(&g->pool);
	g->held[1] = frame_alloc(&g->pool);
	(void)frame_pool_is_empty(&g->pool);
}

static void free_and_ask(struct game *g, unsigned hart)
{
	g->got[hart] = FRAME_NONE;
	if (hart == 2)
		return;
	frame_free(&g->pool, g->held[hart]);
	g->got[hart] = frame_alloc_range(&g->pool, 1, FRAME_SIZE);
}

static void both_have_one(struct game *g)
{
	for (unsigned hart = 0; hart < 2; hart++) {
		g->nones += g->got[hart] == FRAME_NONE;
		give_back(g, g->got[hart], 1);
	}
}

KTEST(frame_none_threads, who_has_freed_a_frame_finds_one)
{
	struct game *g = game_of(2);

	g->before = hold_both;
	g->act = free_and_ask;
	g->after = both_have_one;
	run(g);
}

/* ---- two whole chunks: one hart wants both and is too late ------------------------------------------ */

static void nothing(struct game *g)
{
	(void)g;
}

static void both_one_frame_or_a_chunk(struct game *g, unsigned hart)
{
	static const frame_count_t n[HARTS] = { 1024, 1, 512 };

	g->got[hart] = n[hart] == 1 ? frame_alloc(&g->pool)
				    : frame_alloc_range(&g->pool, n[hart], n[hart] * FRAME_SIZE);
}

static void chunk_unless_both(struct game *g)
{
	g->nones += g->got[0] == FRAME_NONE && g->got[2] == FRAME_NONE;
	give_back(g, g->got[0], 1024);
	give_back(g, g->got[1], 1);
	give_back(g, g->got[2], 512);
}

KTEST(frame_none_threads, a_run_that_was_not_got_is_not_missed)
{
	struct game *g = game_of(1024);

	g->before = nothing;
	g->act = both_one_frame_or_a_chunk;
	g->after = chunk_unless_both;
	run(g);
}
