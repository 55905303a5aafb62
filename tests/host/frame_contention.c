/* SPDX-License-Identifier: MIT */
/*
 * Searches in batches that other harts undo. Between two batches, which is when interrupts come on, chunks
 * become stale that were scanned before. By the order of the lock each of the other harts gets in once
 * between two batches of a search. Here they get in as often as it takes, in one thread, so that it is the
 * same in each run.
 *
 * What must hold: the search ends, says what is true, and took no more batches than frame_internal.h says:
 * of a budget of 32 until two full scans are spent, then each of twice the budget of the one before.
 */
#include "lib/bits.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_internal.h"
#include "mm/frame/frame_types.h"
#include "tests/support/frame_room.h"
#include "tests/support/ktest.h"

#define FIRST  (64 * CHUNK_BITS)
#define CHUNKS 96u
#define FRAMES ((frame_count_t)CHUNKS * CHUNK_BITS)

/* What a chunk costs, at most: its runs, its bits, and its share of the nodes above it and of ways down. */
#define COST_OF_CHUNK (CHUNK_RUN_COST + CHUNK_TRY_COST)

static struct {
	struct frame_pool *pool;
	unsigned undone;  /* chunks that become stale between two batches */
	unsigned next;    /* the first of those, next time */
	unsigned batches; /* of the search that goes on */
	unsigned most;    /* then the others leave it alone: a failure is no hang */
	uint32_t serving;
} others;

static void make(struct frame_pool *pool, void *metadata)
{
	REQUIRE_EQ(frame_pool_init_in(pool, 0, ktest_alloc(sizeof(struct frame_room), 64)),
		   ACRE_OK);
	REQUIRE_EQ(frame_pool_add_bank(pool, FIRST, FRAMES, metadata, frame_metadata_bytes(FRAMES)),
		   ACRE_OK);
	REQUIRE_EQ(frame_insert(pool, FIRST, FRAMES), ACRE_OK);
}

static struct frame_pool *pool_of_chunks(void)
{
	void *metadata = ktest_alloc(frame_metadata_bytes(FRAMES), 8);
	struct frame_pool *pool = ktest_alloc(sizeof(*pool), 64);

	make(pool, metadata);
	return pool;
}

/* Of each chunk only frames that are no multiple of @step are left. */
static void take_every(struct frame_pool *pool, frame_count_t step)
{
	for (frame_nr_t pfn = FIRST; pfn < FIRST + FRAMES; pfn += step)
		REQUIRE_EQ(frame_alloc_at(pool, pfn, 1), ACRE_OK);
}

/* Its first frame is freed and taken again: nothing has changed, but the chunk is stale. */
static void undo(struct frame_pool *pool, unsigned c)
{
	frame_nr_t pfn = FIRST + c * CHUNK_BITS;

	REQUIRE_EQ(frame_free(pool, pfn), ACRE_OK);
	REQUIRE_EQ(frame_alloc_at(pool, pfn, 1), ACRE_OK);
}

static void others_get_in(void)
{
	struct frame_pool *pool = others.pool;
	void (*hook)(void) = host_irqs_on_hook;

	if (pool->lock.serving == others.serving || others.batches == others.most)
		return;
	host_irqs_on_hook = NULL;
	host_hart = 1;
	others.batches++;
	unsigned left = others.undone;
	for (unsigned i = 0; i < CHUNKS && left != 0; i++) {
		others.next = (others.next + 1) % CHUNKS;
		if (chunk_tree_is_stale(&pool->bank[0].chunks, others.next))
			continue;
		undo(pool, others.next);
		left--;
	}
	others.serving = pool->lock.serving;
	host_hart = 0;
	host_irqs_on_hook = hook;
}

/* How many batches have the first budget. */
static unsigned short_batches(void)
{
	return 2 * COST_OF_CHUNK * (CHUNKS + 2) / FRAME_BATCH + 1;
}

/* How many batches a full search may take if the others undo as much as they like. */
static unsigned batches_at_most(void)
{
	return short_batches() + bits_log2_ceil(2 * COST_OF_CHUNK * CHUNKS / FRAME_BATCH) + 1;
}

static void begin(struct frame_pool *pool, unsigned undone)
{
	others.pool = pool;
	others.undone = undone;
	others.next = CHUNKS - 1;
	others.batches = 0;
	others.most = 20 * batches_at_most();
	others.serving = pool->lock.serving;
	host_irqs_on_hook = others_get_in;
}

/* A search that has found nothing: it ended in time, and that there is nothing was true. */
static void end(frame_nr_t found, const char *what)
{
	host_irqs_on_hook = NULL;
	ktest_note("%s: %u batches, others undid up to %u chunks between two", what, others.batches,
		   others.undone);
	EXPECT_EQ(found, FRAME_NONE);
	EXPECT(others.batches <= batches_at_most());
	if (others.undone >= FRAME_BATCH - 1)
		EXPECT(others.batches > short_batches());
	REQUIRE_VALID(frame_validate(others.pool));
	EXPECT(others.batches >= 4); /* or nothing was put to the test */
}

/* How many chunks others undo: less than a batch scans, about as many, and all there are. */
static const unsigned undone[] = { 1, 4, 31, CHUNKS };

KTEST(frame_contention, a_search_for_an_aligned_run_ends)
{
	for (unsigned i = 0; i < ARRAY_SIZE(undone); i++) {
		struct frame_pool *pool = pool_of_chunks();

		take_every(pool, CHUNK_BITS / 2);
		begin(pool, undone[i]);
		end(frame_alloc_range(pool, CHUNK_BITS, CHUNK_BITS * FRAME_SIZE), "512 at 512");
	}
}

KTEST(frame_contention, a_search_for_a_single_frame_ends)
{
	for (unsigned i = 0; i < ARRAY_SIZE(undone); i++) {
		struct frame_pool *pool = pool_of_chunks();

		for (unsigned c = 0; c < CHUNKS; c++)
			REQUIRE_EQ(frame_alloc_at(pool, FIRST + c * CHUNK_BITS, CHUNK_BITS),
				   ACRE_OK);
		for (unsigned c = 0; c < CHUNKS; c++)
			undo(pool, c);
		begin(pool, undone[i]);
		end(frame_alloc(pool), "single");
	}
}

KTEST(frame_contention, a_search_for_a_run_of_any_length_ends)
{
	for (unsigned i = 0; i < ARRAY_SIZE(undone); i++) {
		struct frame_pool *pool = pool_of_chunks();

		take_every(pool, CHUNK_BITS / 2);
		begin(pool, undone[i]);
		end(frame_alloc_range(pool, CHUNK_BITS / 2, FRAME_SIZE), "256 anywhere");
	}
}

/* Threes at 4 k + 1: none begins at a multiple of 2 or more, and the bits of each chunk must be looked at. */
KTEST(frame_contention, a_search_at_an_odd_alignment_ends)
{
	for (unsigned i = 0; i < ARRAY_SIZE(undone); i++) {
		struct frame_pool *pool = pool_of_chunks();

		take_every(pool, 4);
		begin(pool, undone[i]);
		end(frame_alloc_range(pool, 3, 16 * FRAME_SIZE), "3 at 16");
	}
}

/* ---- what becomes free behind a search that goes on ------------------------------------------------ */

/* In batch @when of the search chunk @c gets a run that fits. */
static struct {
	unsigned when;
	unsigned c;
} gift;

static void others_give(void)
{
	struct frame_pool *pool = others.pool;
	frame_nr_t pfn = FIRST + gift.c * CHUNK_BITS + 32;

	if (pool->lock.serving != others.serving && others.batches == gift.when) {
		host_irqs_on_hook = NULL;
		REQUIRE_EQ(frame_free(pool, pfn), ACRE_OK);
		host_irqs_on_hook = others_give;
		gift.when = UINT32_MAX;
	}
	others_get_in();
}

/* Wherever it is and whenever it comes, the search finds it: it begins before or behind where the search is. */
KTEST(frame_contention, what_becomes_free_behind_a_search_is_found)
{
	struct frame_pool *pool = pool_of_chunks();
	void *metadata = (void *)pool->bank[0].free;

	for (unsigned c = 0; c < CHUNKS; c += 19) {
		for (unsigned when = 0; when < 36; when += 7) {
			make(pool, metadata);
			take_every(pool, 4);
			gift.c = c;
			gift.when = when;
			begin(pool, 1);
			host_irqs_on_hook = others_give;
			frame_nr_t found = frame_alloc_range(pool, 3, 16 * FRAME_SIZE);
			host_irqs_on_hook = NULL;
			if (!EXPECT_EQ(found, FIRST + c * CHUNK_BITS + 32))
				ktest_note("chunk %u, after batch %u", c, when);
			REQUIRE_VALID(frame_validate(pool));
		}
	}
}

/* ---- debug mode claims a run in batches -------------------------------------------------------------- */

#define REAL 300u /* frames that there are */
#define RUN  250u /* of one run, some pieces long */

static struct {
	struct frame_pool *pool;
	unsigned when;  /* interrupts have come on so often */
	frame_nr_t pfn; /* then another frees this */
	frame_count_t nframes;
	bool got_in;
	enum acre_status status;
} rival;

static void rival_frees(void)
{
	if (rival.when-- != 0)
		return;
	host_irqs_on_hook = NULL;
	host_hart = 1;
	rival.got_in = true;
	rival.status = frame_free_range(rival.pool, rival.pfn, rival.nframes);
	host_hart = 0;
}

static struct frame_pool *debugged_pool(void)
{
	static const frame_nr_t first = 7;
	struct frame_pool *pool = ktest_alloc(sizeof(*pool), 64);
	char *ram = ktest_alloc(REAL * FRAME_SIZE, FRAME_SIZE);
	size_t bytes = frame_metadata_bytes(REAL);
	size_t record_bytes = frame_record_bytes(REAL);

	REQUIRE_EQ(frame_pool_init_in(pool, (uint64_t)(uintptr_t)ram - frame_to_paddr(first),
				      ktest_alloc(sizeof(struct frame_room), 64)),
		   ACRE_OK);
	REQUIRE_EQ(frame_pool_add_bank(pool, first, REAL, ktest_alloc(bytes, 8), bytes), ACRE_OK);
	REQUIRE_EQ(frame_pool_debug(pool, first, ktest_alloc(record_bytes, 8), record_bytes),
		   ACRE_OK);
	REQUIRE_EQ(frame_insert(pool, first, REAL), ACRE_OK);
	return pool;
}

/* Frees a run while another frees [@from, @from + @n) of it, whenever that can be; one frees each frame, or nobody. */
static void free_with_a_rival(frame_count_t from, frame_count_t n, bool rival_is_right)
{
	struct frame_pool *pool = debugged_pool();
	unsigned times = 0, faster = 0;

	do {
		frame_nr_t pfn = frame_alloc_range(pool, RUN, FRAME_SIZE);
		REQUIRE(pfn != FRAME_NONE);
		rival.pool = pool;
		rival.when = times++;
		rival.pfn = pfn + from;
		rival.nframes = n;
		rival.got_in = false;
		rival.status = ACRE_ERR_NOT_ALLOCATED;
		host_irqs_on_hook = rival_frees;
		enum acre_status status = frame_free_range(pool, pfn, RUN);
		host_irqs_on_hook = NULL;
		REQUIRE_VALID(frame_validate(pool));
		if (rival_is_right)
			EXPECT((status == ACRE_OK) != (rival.status == ACRE_OK));
		else
			EXPECT(status == ACRE_OK && rival.status == ACRE_ERR_NOT_ALLOCATED);
		EXPECT_EQ(ktest_bad_frees(), rival.got_in ? 1 : 0);
		faster += rival.status == ACRE_OK;
		if (rival.status == ACRE_OK) { /* and all the rest is as it was */
			REQUIRE_EQ(frame_free_count(pool), REAL - RUN + n);
			if (from != 0)
				REQUIRE_EQ(frame_free_range(pool, pfn, from), ACRE_OK);
			if (from + n < RUN)
				REQUIRE_EQ(frame_free_range(pool, pfn + from + n, RUN - from - n),
					   ACRE_OK);
		}
		REQUIRE_EQ(frame_free_count(pool), REAL);
	} while (rival.got_in);
	/* Pieces are looked at, and claimed: the rival could get in between any two, and be first or not. */
	EXPECT(times > 2 * (RUN / 64));
	EXPECT(faster > 0 || !rival_is_right);
	EXPECT(faster < times - 1);
}

KTEST(frame_contention, a_run_that_two_free_at_once_is_freed_by_one)
{
	free_with_a_rival(0, RUN, true);
	free_with_a_rival(100, 100, true);
	free_with_a_rival(RUN - 1, 1, true);
}

KTEST(frame_contention, a_wrong_free_does_not_get_in_the_way_of_a_right_one)
{
	free_with_a_rival(200, RUN - 200 + 1, false);
}
