/* SPDX-License-Identifier: MIT */
/* frame_choose_host.c - harts keep to their own chunks. One thread plays all of them, step by step: the number is set. */
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "tests/support/frame_room.h"
#include "tests/support/ktest.h"

#define HARTS  3u
#define CHUNKS 24u
#define FIRST  0x80200u
#define FRAMES (CHUNKS * CHUNK_BITS)
#define STEPS  20000u

struct game {
	struct frame_pool pool;
	uint32_t held[HARTS][FRAMES];
	uint32_t nheld[HARTS];
	bool is_held[FRAMES];
	uint8_t taker[CHUNKS]; /* who took the last frame of it, plus 1 */
	uint32_t moved;        /* frames that were taken out of another one's chunk */
};

static struct game *game_new(unsigned nstocks)
{
	struct game *g = ktest_alloc(sizeof(*g), 64);
	size_t bytes = frame_metadata_bytes(FRAMES);

	memset(g, 0, sizeof(*g));
	REQUIRE_EQ(frame_pool_init_for(&g->pool, 0, ktest_alloc(sizeof(struct frame_room), 64),
				       nstocks),
		   ACRE_OK);
	REQUIRE_EQ(frame_pool_add_bank(&g->pool, FIRST, FRAMES, ktest_alloc(bytes, 8), bytes),
		   ACRE_OK);
	REQUIRE_EQ(frame_insert(&g->pool, FIRST, FRAMES), ACRE_OK);
	return g;
}

static bool take(struct game *g, unsigned hart)
{
	host_hart = hart;
	frame_nr_t pfn = frame_alloc(&g->pool);
	if (pfn == FRAME_NONE)
		return false;
	uint8_t *taker = &g->taker[(pfn - FIRST) / CHUNK_BITS];
	g->moved += *taker != 0 && *taker != hart + 1;
	*taker = (uint8_t)(hart + 1);
	REQUIRE(!g->is_held[pfn - FIRST]);
	g->is_held[pfn - FIRST] = true;
	g->held[hart][g->nheld[hart]++] = (uint32_t)(pfn - FIRST);
	return true;
}

static void give_any(struct game *g, unsigned hart)
{
	uint32_t *held = g->held[hart];
	uint64_t i = ktest_random() % g->nheld[hart];
	uint32_t frame = held[i];

	held[i] = held[--g->nheld[hart]];
	host_hart = hart;
	g->is_held[frame] = false;
	REQUIRE_EQ(frame_free(&g->pool, FIRST + frame), ACRE_OK);
}

/* Nine tenths are taken, by all in turn. */
static struct game *nearly_full(void)
{
	struct game *g = game_new(HARTS);

	for (uint32_t i = 0; i < FRAMES * 9 / 10; i++)
		REQUIRE(take(g, i % HARTS));
	EXPECT_EQ(g->moved, 0);
	return g;
}

static uint64_t holds(const struct game *g)
{
	struct ticket_lock_stats stats;

	ticket_lock_look(&g->pool.lock, &stats);
	return stats.holds;
}

KTEST(frame_choose, harts_in_a_pool_that_is_nearly_full_keep_to_their_own)
{
	struct game *g = nearly_full();

	for (uint32_t i = 0; i < STEPS; i++) {
		give_any(g, i % HARTS);
		REQUIRE(take(g, i % HARTS));
	}
	uint64_t before = holds(g);
	g->moved = 0;
	for (uint32_t i = 0; i < STEPS; i++) {
		give_any(g, i % HARTS);
		REQUIRE(take(g, i % HARTS));
	}
	ktest_note("%u steps: %llu locks, %u frames from a chunk of another", STEPS,
		   (unsigned long long)(holds(g) - before), g->moved);
	EXPECT(holds(g) - before <= STEPS / 100);
	EXPECT(g->moved <= STEPS / 100);
	host_hart = 0;
	REQUIRE_VALID(frame_validate(&g->pool));
}

/* What one has given back is anybody's when there is nothing else. */
KTEST(frame_choose, and_still_one_gets_every_frame_that_is_free)
{
	struct game *g = nearly_full();

	for (uint32_t i = 0; i < STEPS; i++) {
		give_any(g, i % HARTS);
		REQUIRE(take(g, i % HARTS));
	}
	while (g->nheld[1] != 0)
		give_any(g, 1);
	uint64_t free = frame_free_count(&g->pool);
	for (uint64_t i = 0; i < free; i++)
		REQUIRE(take(g, 2));
	EXPECT(!take(g, 2));
	EXPECT(!take(g, 0));
	host_hart = 0;
	EXPECT(frame_pool_is_empty(&g->pool));
	REQUIRE_VALID(frame_validate(&g->pool));
}

/* Harts 1 and 2 take from one stock. */
KTEST(frame_choose, harts_without_a_stock_share_one)
{
	struct game *g = game_new(1);
	const struct frame_stock *shared = &g->pool.shared;

	for (uint32_t i = 0; i < STEPS; i++) {
		const unsigned hart = (unsigned)ktest_below(HARTS);
		if (g->nheld[hart] != 0 && ktest_below(5) < 2)
			give_any(g, hart);
		else
			(void)take(g, hart);
		const frame_nr_t base = atomic_load(&shared->base);
		frame_leave(&g->pool);
		EXPECT_EQ(atomic_load(&shared->base), base);
		if (i % 500 == 0)
			REQUIRE_VALID(frame_validate(&g->pool));
	}
	EXPECT(atomic_load(&shared->base) != FRAME_NONE);
	EXPECT_EQ(frame_free_count(&g->pool), FRAMES - g->nheld[0] - g->nheld[1] - g->nheld[2]);
	host_hart = HARTS + 50; /* its number is far past them too */
	while (frame_alloc(&g->pool) != FRAME_NONE)
		;
	host_hart = 0;
	EXPECT(frame_pool_is_empty(&g->pool));
	REQUIRE_VALID(frame_validate(&g->pool));
}
