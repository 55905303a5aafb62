/* SPDX-License-Identifier: MIT */
/* Cases for mm/heap/runs: white-box where an entry has to be damaged. */
#include "mm/heap/runs.h"

#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/heap/runs_internal.h"
#include "tests/support/ktest.h"

/* A pool touches no memory, so its regions may lie anywhere. */
static uint8_t *at(uintptr_t address)
{
	return (uint8_t *)address; /* NOLINT(performance-no-int-to-ptr) */
}

#define BASE ((uintptr_t)0x5500000000)

static struct run_pool *make(uintptr_t base, size_t size)
{
	struct run_pool *pool = ktest_alloc(sizeof(*pool), 64);
	size_t bytes = run_table_bytes(size);

	run_pool_init(pool);
	REQUIRE_EQ(run_pool_add_region(pool, at(base), size, ktest_alloc(bytes, 8), bytes),
		   ACRE_OK);
	REQUIRE_VALID(run_pool_validate(pool));
	return pool;
}

static struct run_stats stats_of(struct run_pool *pool)
{
	struct run_stats s;

	run_pool_stats(pool, &s);
	return s;
}

static size_t rounded(size_t bytes)
{
	size_t least = RUN_MIN_GRANULES * RUN_GRANULE;

	bytes = (bytes + RUN_GRANULE - 1) / RUN_GRANULE * RUN_GRANULE;
	return bytes > least ? bytes : least;
}

KTEST(run, a_zeroed_pool_has_nothing)
{
	struct run_pool *pool = ktest_alloc(sizeof(*pool), 64);
	struct run run;

	memset(pool, 0, sizeof(*pool));
	EXPECT(run_alloc(pool, 1, 1, RUN_BLOCK) == NULL);
	EXPECT_EQ(run_free(pool, at(BASE), RUN_BLOCK, 0), ACRE_ERR_RANGE);
	EXPECT_EQ(run_of(pool, at(BASE), &run), ACRE_ERR_RANGE);
	EXPECT_EQ(stats_of(pool).total_bytes, 0);
	REQUIRE_VALID(run_pool_validate(pool));
}

KTEST(run, refuses_regions_as_the_buddy_structure_does)
{
	struct run_pool *pool = make(BASE, 64 << 10);
	size_t bytes = run_table_bytes(64 << 10);
	void *table = ktest_alloc(bytes, 8);

	EXPECT_EQ(run_pool_add_region(pool, at(BASE + 1024), 4096, table, bytes), ACRE_ERR_OVERLAP);
	EXPECT_EQ(run_pool_add_region(pool, at(BASE << 1), 4096, table, 16), ACRE_ERR_NOMEM);
	EXPECT_EQ(run_pool_add_region(pool, at(BASE << 1), (size_t)1 << 36, table, bytes),
		  ACRE_ERR_RANGE);
	EXPECT_EQ(stats_of(pool).regions, 1);
	EXPECT_EQ(run_pool_add_region(pool, at(BASE + (64 << 10)), 64 << 10, table, bytes),
		  ACRE_OK);
	REQUIRE_VALID(run_pool_validate(pool));
	EXPECT_EQ(stats_of(pool).largest_free, 64 << 10); /* runs end where regions do */
}

/* Every number of granules there can be, at every base: exact, and all of the memory is used. */
KTEST(run, is_exact_to_a_granule)
{
	for (uintptr_t base = BASE; base < BASE + 4096; base += 512) {
		struct run_pool *pool = make(base, 64 << 10);
		for (size_t n = 1; n <= 128; n++) {
			void *a = run_alloc(pool, n * 512 - n % 512, 1, RUN_BLOCK);
			size_t largest = stats_of(pool).largest_free;
			void *b = run_alloc(pool, (128 - n) * 512, 1, RUN_BLOCK);
			REQUIRE(a != NULL);
			EXPECT_EQ(stats_of(pool).used_bytes,
				  rounded(n * 512) + (b != NULL ? rounded((128 - n) * 512) : 0));
			EXPECT_EQ(b != NULL, rounded((128 - n) * 512) <= largest);
			REQUIRE_VALID(run_pool_validate(pool));
			EXPECT_EQ(run_free(pool, a, RUN_BLOCK, n * 512), ACRE_OK);
			if (b != NULL)
				EXPECT_EQ(run_free(pool, b, RUN_BLOCK, 0), ACRE_OK);
			REQUIRE_VALID(run_pool_validate(pool));
			EXPECT_EQ(stats_of(pool).largest_free, 64 << 10);
		}
		if (base != BASE)
			break; /* one odd base will do with so many sizes */
	}
}

/* Of the largest alignment there is one place, which may be taken: that is asked for alone. */
KTEST(run, meets_every_alignment)
{
	struct run_pool *pool = make(BASE + 512, (1 << 20) - 512);

	for (size_t align = 1; align <= 1 << 18; align *= 2) {
		for (size_t bytes = 1; bytes < 40000; bytes += 7001) {
			void *wall = run_alloc(pool, 1, 1, RUN_BLOCK);
			uint8_t *p = run_alloc(pool, bytes, align, RUN_BLOCK);
			REQUIRE(p != NULL);
			EXPECT(is_aligned((uintptr_t)p, align));
			REQUIRE_VALID(run_pool_validate(pool));
			EXPECT_EQ(run_free(pool, wall, RUN_BLOCK, 0), ACRE_OK);
			EXPECT_EQ(run_free(pool, p, RUN_BLOCK, bytes), ACRE_OK);
			REQUIRE_VALID(run_pool_validate(pool));
		}
	}
	EXPECT(run_alloc(pool, 40000, 1 << 19, RUN_BLOCK) == at(BASE + (1 << 19)));
	EXPECT(run_alloc(pool, 1, 1 << 20, RUN_BLOCK) == NULL);
	EXPECT(run_alloc(pool, 1, (size_t)1 << 31, RUN_BLOCK) == NULL);
}

KTEST(run, refuses_what_is_no_run)
{
	struct run_pool *pool = make(BASE, 64 << 10);
	uint8_t *a = run_alloc(pool, 4096, 1, RUN_BLOCK);
	uint8_t *b = run_alloc(pool, 4096, 4096, RUN_SLAB);

	REQUIRE(a != NULL && b != NULL);
	for (size_t i = 0; i < 64 << 10; i += 256) {
		if (at(BASE + i) != a)
			EXPECT_EQ(run_free(pool, at(BASE + i), RUN_BLOCK, 0),
				  ACRE_ERR_NOT_ALLOCATED);
		if (at(BASE + i) != b)
			EXPECT_EQ(run_free(pool, at(BASE + i), RUN_SLAB, 0),
				  ACRE_ERR_NOT_ALLOCATED);
	}
	EXPECT_EQ(run_free(pool, a, RUN_BLOCK, 4097), ACRE_ERR_INVALID);
	EXPECT_EQ(run_free(pool, a, RUN_BLOCK, 3584), ACRE_ERR_INVALID);
	EXPECT_EQ(run_free(pool, at(BASE - 1), RUN_BLOCK, 0), ACRE_ERR_RANGE);
	EXPECT_EQ(run_free(pool, at(BASE + (64 << 10)), RUN_BLOCK, 0), ACRE_ERR_RANGE);
	EXPECT_EQ(stats_of(pool).used_bytes, 8192);
	REQUIRE_VALID(run_pool_validate(pool));
	EXPECT_EQ(run_free(pool, a, RUN_BLOCK, 3585), ACRE_OK);
	EXPECT_EQ(run_free(pool, a, RUN_BLOCK, 0), ACRE_ERR_NOT_ALLOCATED);
	EXPECT_EQ(run_free(pool, b, RUN_SLAB, 0), ACRE_OK);
	EXPECT_EQ(stats_of(pool).used_bytes, 0);
}

KTEST(run, a_table_stays_for_good)
{
	struct run_pool *pool = make(BASE, 64 << 10);
	uint8_t *a = run_alloc(pool, 4096, 1, RUN_BLOCK);

	EXPECT_EQ(run_mark_table(pool, a + 100, 4096), ACRE_ERR_NOT_ALLOCATED);
	EXPECT_EQ(run_mark_table(pool, a + 8192, 16), ACRE_ERR_NOT_ALLOCATED);
	EXPECT_EQ(run_mark_table(pool, a + 100, 3996), ACRE_OK);
	EXPECT_EQ(run_free(pool, a, RUN_BLOCK, 0), ACRE_ERR_NOT_ALLOCATED);
	EXPECT_EQ(run_resize(pool, a, 100), ACRE_ERR_NOT_ALLOCATED);
	EXPECT_EQ(stats_of(pool).table_bytes, 4096);
	REQUIRE_VALID(run_pool_validate(pool));
}

KTEST(run, resizes_where_it_stands)
{
	struct run_pool *pool = make(BASE, 64 << 10);
	uint8_t *a = run_alloc(pool, 20000, 1, RUN_BLOCK);
	uint8_t *wall = run_alloc(pool, 4096, 1, RUN_BLOCK);

	REQUIRE(a == at(BASE) && wall == a + rounded(20000));
	EXPECT_EQ(run_resize(pool, a, 20480), ACRE_OK);
	EXPECT_EQ(run_resize(pool, a, 20481), ACRE_ERR_NOMEM);
	for (size_t bytes = 20000; bytes > 1000; bytes -= 999) {
		EXPECT_EQ(run_resize(pool, a, bytes), ACRE_OK);
		EXPECT_EQ(stats_of(pool).used_bytes, rounded(bytes) + 4096);
		REQUIRE_VALID(run_pool_validate(pool));
	}
	for (size_t bytes = 1000; bytes <= 20480; bytes += 333) {
		EXPECT_EQ(run_resize(pool, a, bytes), ACRE_OK);
		EXPECT_EQ(stats_of(pool).used_bytes, rounded(bytes) + 4096);
		REQUIRE_VALID(run_pool_validate(pool));
	}
	EXPECT_EQ(run_resize(pool, a + 512, 512), ACRE_ERR_NOT_ALLOCATED);
	EXPECT_EQ(run_free(pool, wall, RUN_BLOCK, 0), ACRE_OK);
	EXPECT_EQ(run_free(pool, a, RUN_BLOCK, 0), ACRE_OK);
	REQUIRE_VALID(run_pool_validate(pool));
}

/* The shortest hole that is long enough is filled, wherever it lies. */
KTEST(run, takes_the_best_fit)
{
	struct run_pool *pool = make(BASE, 8 << 20); /* no hole has a whole span */
	static const size_t holes[] = { 40, 12, 33, 20, 63, 9, 50 };
	uint8_t *hole[ARRAY_SIZE(holes)];

	for (unsigned i = 0; i < ARRAY_SIZE(holes); i++) {
		hole[i] = run_alloc(pool, (holes[i] + RUN_MIN_GRANULES) * 512, 1, RUN_BLOCK);
		REQUIRE(hole[i] != NULL);
		EXPECT_EQ(run_resize(pool, hole[i], holes[i] * 512), ACRE_OK);
		REQUIRE(run_alloc(pool, 1, 1, RUN_BLOCK) == hole[i] + holes[i] * 512);
	}
	while (run_alloc(pool, 1, 1, RUN_BLOCK) != NULL)
		;
	for (unsigned i = 0; i < ARRAY_SIZE(holes); i++)
		EXPECT_EQ(run_free(pool, hole[i], RUN_BLOCK, 0), ACRE_OK);
	for (size_t n = RUN_MIN_GRANULES; n <= 63; n++) {
		unsigned best = 4;
		for (unsigned i = 0; i < ARRAY_SIZE(holes); i++) {
			if (holes[i] >= n && holes[i] < holes[best])
				best = i;
		}
		uint8_t *p = run_alloc(pool, n * 512, 1, RUN_BLOCK);
		EXPECT(p == hole[best]);
		EXPECT_EQ(run_free(pool, p, RUN_BLOCK, 0), ACRE_OK);
		REQUIRE_VALID(run_pool_validate(pool));
	}
}

KTEST(run, gives_whole_spans_back_but_one)
{
	struct run_pool *pool = make(BASE, 4 << 20);
	void *block[64];

	for (unsigned i = 0; i < 64; i++) {
		block[i] = run_alloc(pool, 64 << 10, 1, RUN_BLOCK);
		REQUIRE(block[i] != NULL);
	}
	EXPECT_EQ(stats_of(pool).span_bytes, 4 << 20);
	for (unsigned i = 0; i < 64; i++) {
		EXPECT_EQ(run_free(pool, block[i * 37 % 64], RUN_BLOCK, 0), ACRE_OK);
		REQUIRE_VALID(run_pool_validate(pool));
	}
	EXPECT_EQ(stats_of(pool).span_bytes, buddy_bytes(pool->span_order));
	EXPECT_EQ(pool->buddy.free_bytes, (4 << 20) - buddy_bytes(pool->span_order));
	/* From the one that is kept, without another: nothing moves to or from the buddy structure. */
	size_t before = pool->buddy.free_bytes;
	for (unsigned i = 0; i < 10; i++) {
		void *p = run_alloc(pool, 30000, 1, RUN_BLOCK);
		EXPECT_EQ(pool->buddy.free_bytes, before);
		EXPECT_EQ(run_free(pool, p, RUN_BLOCK, 0), ACRE_OK);
	}
	/* And it is no hindrance to a run of everything. */
	void *all = run_alloc(pool, 4 << 20, 1, RUN_BLOCK);
	EXPECT(all == at(BASE));
	REQUIRE_VALID(run_pool_validate(pool));
	EXPECT_EQ(run_free(pool, all, RUN_BLOCK, 4 << 20), ACRE_OK);
	REQUIRE_VALID(run_pool_validate(pool));
}

/* Whatever the holes are aligned to, an aligned run is found if there is one. */
KTEST(run, gives_back_a_region_of_which_nothing_is_used)
{
	struct run_pool *pool = make(BASE, 1 << 20);
	const size_t size = (4 << 20) - 3 * RUN_GRANULE;
	const size_t bytes = run_table_bytes(size);
	void *table = ktest_alloc(bytes, 8);
	void *block[8];

	void *all = run_alloc(pool, 1 << 20, RUN_GRANULE, RUN_BLOCK);
	REQUIRE(all != NULL);
	for (unsigned round = 0; round < 3; round++) {
		REQUIRE_EQ(run_pool_add_region(pool, at(2 * BASE + RUN_GRANULE), size, table,
					       bytes),
			   ACRE_OK);
		for (unsigned i = 0; i < 8; i++) {
			block[i] = run_alloc(pool, 1000 + i * 30000, RUN_GRANULE, RUN_BLOCK);
			REQUIRE(block[i] != NULL);
		}
		for (unsigned i = 0; i < 8; i++) {
			EXPECT_EQ(run_pool_remove_region(pool, 1), ACRE_ERR_BUSY);
			REQUIRE_VALID(run_pool_validate(pool));
			EXPECT_EQ(run_free(pool, block[(i * 3) % 8], RUN_BLOCK, 0), ACRE_OK);
		}
		EXPECT_EQ(run_pool_remove_region(pool, 0), ACRE_ERR_BUSY);
		EXPECT_EQ(run_pool_remove_region(pool, 2), ACRE_ERR_NOT_FOUND);
		REQUIRE_EQ(run_pool_remove_region(pool, 1), ACRE_OK);
		EXPECT_EQ(run_pool_remove_region(pool, 1), ACRE_ERR_NOT_FOUND);
		memset(table, 0xee, bytes);
		REQUIRE_VALID(run_pool_validate(pool));
		EXPECT_EQ(stats_of(pool).total_bytes, 1 << 20);
		EXPECT_EQ(stats_of(pool).regions, 1);
		EXPECT(run_alloc(pool, 1, 1, RUN_BLOCK) == NULL);
		EXPECT_EQ(run_free(pool, block[0], RUN_BLOCK, 0), ACRE_ERR_RANGE);
	}
	EXPECT_EQ(run_free(pool, all, RUN_BLOCK, 0), ACRE_OK);
	REQUIRE_VALID(run_pool_validate(pool));
}

/* A region that is wanted is one free run, of any bounds, and goes like any other. */
KTEST(run, a_region_may_come_as_one_free_run)
{
	struct run_pool *pool = make(BASE, 64 << 10);
	void *table = ktest_alloc(run_table_bytes(200 * RUN_GRANULE), 8);

	for (uintptr_t n = 1; n <= 200; n++) {
		const uintptr_t base = 2 * BASE + n % 16 * RUN_GRANULE;
		const size_t bytes = run_table_bytes(n * RUN_GRANULE);
		struct run run;

		EXPECT_EQ(run_pool_add_free_region(pool, at(base), n * RUN_GRANULE, table,
						   bytes - 1),
			  ACRE_ERR_NOMEM);
		EXPECT_EQ(run_pool_add_free_region(pool, at(BASE), n * RUN_GRANULE, table, bytes),
			  ACRE_ERR_OVERLAP);
		REQUIRE_EQ(run_pool_add_free_region(pool, at(base), n * RUN_GRANULE, table, bytes),
			   ACRE_OK);
		REQUIRE_VALID(run_pool_validate(pool));
		for (uintptr_t g = 0; g < n; g++) {
			REQUIRE_EQ(run_of(pool, at(base + g * RUN_GRANULE), &run), ACRE_OK);
			EXPECT(run.kind == RUN_FREE && run.start == at(base) &&
			       run.bytes == n * RUN_GRANULE);
		}
		EXPECT_EQ(stats_of(pool).total_bytes, (64 << 10) + n * RUN_GRANULE);
		if (n > 128) {
			uint8_t *all = run_alloc(pool, n * RUN_GRANULE, RUN_GRANULE, RUN_BLOCK);
			REQUIRE(all == at(base));
			EXPECT_EQ(run_pool_remove_region(pool, 1), ACRE_ERR_BUSY);
			EXPECT_EQ(run_free(pool, all, RUN_BLOCK, 0), ACRE_OK);
			REQUIRE_VALID(run_pool_validate(pool));
		}
		EXPECT_EQ(run_pool_remove_region(pool, 1), ACRE_OK);
		memset(table, 0xee, bytes);
		REQUIRE_VALID(run_pool_validate(pool));
	}
}

KTEST(run, finds_the_one_aligned_place)
{
	struct run_pool *pool = make(BASE, 128 << 10);
	uint8_t *block[32];

	for (unsigned i = 0; i < 32; i++)
		block[i] = run_alloc(pool, 4096, 1, RUN_BLOCK);
	EXPECT(run_alloc(pool, 1, 1, RUN_BLOCK) == NULL);
	/* Holes of 4096 bytes that are aligned, but to twice as much only one in two is. */
	for (unsigned i = 1; i < 32; i += 2)
		EXPECT_EQ(run_free(pool, block[i], RUN_BLOCK, 0), ACRE_OK);
	EXPECT(run_alloc(pool, 4096, 8192, RUN_BLOCK) == NULL);
	EXPECT_EQ(run_free(pool, block[22], RUN_BLOCK, 0), ACRE_OK);
	EXPECT(run_alloc(pool, 4096, 8192, RUN_BLOCK) == block[22]);
	REQUIRE_VALID(run_pool_validate(pool));
}

KTEST(run, says_what_every_byte_is)
{
	struct run_pool *pool = make(BASE + (32 << 10), 96 << 10); /* the first 32 KiB come in */
	uint8_t *a = run_alloc(pool, 5000, 1, RUN_BLOCK);
	struct run run;

	for (size_t i = 0; i < 5120; i++) {
		REQUIRE_EQ(run_of(pool, a + i, &run), ACRE_OK);
		REQUIRE(run.start == a && run.bytes == 5120 && run.kind == RUN_BLOCK);
	}
	EXPECT_EQ(run_of(pool, a + 5120, &run), ACRE_OK);
	EXPECT(run.start == a + 5120 && run.kind == RUN_FREE);
	EXPECT_EQ(run_of(pool, at(BASE + (128 << 10)), &run), ACRE_ERR_RANGE);
	EXPECT_EQ(run_of(pool, at(BASE + (128 << 10) - 1), &run), ACRE_OK);
	EXPECT_EQ(run.kind, RUN_ABSENT);
	EXPECT(run.start == at(BASE + (64 << 10)));
}

/* ---- damage ------------------------------------------------------------------------------- */

static void expect_broken(struct run_pool *pool, void *word, uint32_t value, const char *invariant)
{
	uint32_t *at_word = word;
	uint32_t good = *at_word;

	REQUIRE_VALID(run_pool_validate(pool));
	*at_word = value;
	const char *sentence = run_pool_validate(pool);
	EXPECT(sentence != NULL && strncmp(sentence, invariant, 2) == 0);
	*at_word = good;
}

/* The same for both entries of the run at granule @g. */
static void expect_both_ends_broken(struct run_pool *pool, uint64_t g, uint32_t value,
				    const char *invariant)
{
	struct run_region *r = &pool->region[0];
	uint32_t *last = &r->entry[g + run_length_at(r, g) - 1];
	uint32_t good = *last;

	REQUIRE_VALID(run_pool_validate(pool));
	r->entry[g] = value;
	*last = value;
	const char *sentence = run_pool_validate(pool);
	EXPECT(sentence != NULL && strncmp(sentence, invariant, 2) == 0);
	r->entry[g] = good;
	*last = good;
}

KTEST(run, validate_sees_each_kind_of_damage)
{
	struct run_pool *pool = make(BASE + (256 << 10), 768 << 10); /* the first 256 KiB come in */
	uint8_t *a = run_alloc(pool, 2048, 1, RUN_BLOCK);
	uint8_t *b = run_alloc(pool, 4096, 1, RUN_BLOCK);
	uint8_t *c = run_alloc(pool, 2048, 1, RUN_BLOCK);
	struct run_region *r = &pool->region[0];
	uint64_t absent = run_start_of(r, r->ngranules - 1);

	REQUIRE(b != NULL && c != NULL && absent != 0);
	EXPECT_EQ(run_free(pool, b, RUN_BLOCK, 0), ACRE_OK);
	expect_broken(pool, &r->ngranules, 3, "R1");
	expect_broken(pool, &r->base, 3, "R1");
	expect_broken(pool, &r->entry[0], run_entry((enum run_kind)7, 4), "R2");
	expect_broken(pool, &r->entry[0], run_entry(RUN_BLOCK, 5), "R2");
	expect_broken(pool, &r->entry[0], run_entry(RUN_BLOCK, 0), "R2");
	expect_broken(pool, &r->entry[3], run_entry(RUN_FREE, 4), "R2");
	expect_broken(pool, &r->entry[-1], run_entry(RUN_FREE, 4), "R2");
	expect_broken(pool, &r->entry[r->ngranules], run_entry(RUN_FREE, 4), "R2");
	expect_both_ends_broken(pool, 0, run_entry(RUN_FREE, 4), "R4");
	expect_both_ends_broken(pool, absent, run_entry(RUN_FREE, r->ngranules - absent), "R4");
	expect_both_ends_broken(pool, absent, run_entry(RUN_BLOCK, r->ngranules - absent), "R3");
	expect_broken(pool, &r->entry[4 + RUN_NEXT], 3, "R5");
	expect_broken(pool, &r->entry[4 + RUN_PREV], 3, "R5");
	expect_broken(pool, &pool->bin[8], 1, "R5");
	expect_broken(pool, &pool->bin[8], RUN_NONE, "R5");
	expect_broken(pool, &pool->bin[9], 5, "R5");
	expect_broken(pool, &pool->nonempty[0], 0, "R5");
	expect_broken(pool, &pool->words, 0, "R5");
	expect_broken(pool, &pool->used_bytes, 0, "R6");
	expect_broken(pool, &pool->peak_bytes, 0, "R6");
	REQUIRE_VALID(run_pool_validate(pool));
	(void)a;
}

/* ---- all sequences, and at random ----------------------------------------------------------- */

#define SMALL 9u /* granules: two runs of the least length, and one */

/* What a run pool of SMALL granules should have, as a plain map: 0, or the number of the block. */
struct small_model {
	struct run_pool *pool;
	void *table;
	uint8_t owner[SMALL];
	uint8_t *block[3];
	size_t granules[3];
};

static bool has_hole(const struct small_model *m, size_t n)
{
	for (size_t i = 0, free = 0; i < SMALL; i++) {
		free = m->owner[i] == 0 ? free + 1 : 0;
		if (free == n)
			return true;
	}
	return false;
}

/*
 * False: @choice is a second name for another one here, so what begins like this is tried with
 * that.
 */
static bool small_step(struct small_model *m, unsigned choice)
{
	unsigned i = choice / 4;
	size_t n = RUN_MIN_GRANULES + choice % 4;

	if (m->block[i] != NULL) {
		if (choice % 4 != 0)
			return false;
		EXPECT_EQ(run_free(m->pool, m->block[i], RUN_BLOCK, m->granules[i] * 512), ACRE_OK);
		for (size_t g = 0; g < SMALL; g++)
			m->owner[g] = m->owner[g] == i + 1 ? 0 : m->owner[g];
		m->block[i] = NULL;
	} else {
		m->block[i] = run_alloc(m->pool, n * 512, 1, RUN_BLOCK);
		EXPECT_EQ(m->block[i] != NULL, has_hole(m, n));
		m->granules[i] = n;
		for (size_t g = 0; m->block[i] != NULL && g < n; g++) {
			size_t at_granule = ((uintptr_t)m->block[i] - BASE - 512) / 512 + g;
			REQUIRE_EQ(m->owner[at_granule], 0);
			m->owner[at_granule] = (uint8_t)(i + 1);
		}
	}
	return true;
}

#define STEPS 5u

/* From an empty pool on; it is looked at after the last of them. */
static bool small_steps(struct small_model *m, const unsigned *choice, unsigned n)
{
	run_pool_init(m->pool);
	REQUIRE_EQ(run_pool_add_region(m->pool, at(BASE + 512), SMALL * 512, m->table,
				       run_table_bytes(SMALL * 512)),
		   ACRE_OK);
	memset(m->owner, 0, sizeof(m->owner));
	memset(m->block, 0, sizeof(m->block));
	for (unsigned i = 0; i < n; i++) {
		if (!small_step(m, choice[i]))
			return false;
	}
	REQUIRE_VALID(run_pool_validate(m->pool));
	return true;
}

/* Two owners, each of whom takes 4 to 7 granules or gives back: every sequence of up to 5 steps. */
KTEST(run, all_sequences_of_a_small_pool)
{
	struct small_model m = { 0 };
	unsigned choice[STEPS] = { 0 };

	m.pool = ktest_alloc(sizeof(*m.pool), 64);
	m.table = ktest_alloc(run_table_bytes(SMALL * 512), 8);
	for (unsigned n = 1; n != 0;) {
		bool is_new = small_steps(&m, choice, n);

		if (is_new && n < STEPS) {
			choice[n++] = 0; /* the first that begins like this one */
			continue;
		}
		while (n != 0 && ++choice[n - 1] == 8)
			n--;
	}
}

struct random_block {
	uint8_t *start;
	size_t bytes;
};

static void expect_apart(const struct random_block *block, size_t n, size_t i)
{
	for (size_t k = 0; k < n; k++) {
		if (k == i || block[k].start == NULL)
			continue;
		REQUIRE(block[k].start + rounded(block[k].bytes) <= block[i].start ||
			block[i].start + rounded(block[i].bytes) <= block[k].start);
	}
}

static void random_step(struct run_pool *pool, struct random_block *block, size_t n)
{
	size_t i = ktest_below(n);
	size_t bytes = 1 + ktest_below(1 + ktest_below(60000));

	if (block[i].start == NULL) {
		size_t align = (size_t)1 << ktest_below(1 + ktest_below(18));
		size_t largest = stats_of(pool).largest_free;
		block[i] = (struct random_block){ run_alloc(pool, bytes, align, RUN_BLOCK), bytes };
		if (align <= 512)
			EXPECT_EQ(block[i].start != NULL, rounded(bytes) <= largest);
		EXPECT(is_aligned((uintptr_t)block[i].start, align));
	} else if (ktest_below(3) == 0) {
		if (run_resize(pool, block[i].start, bytes) == ACRE_OK)
			block[i].bytes = bytes;
		else
			EXPECT(rounded(bytes) > rounded(block[i].bytes));
	} else {
		EXPECT_EQ(run_free(pool, block[i].start, RUN_BLOCK, block[i].bytes), ACRE_OK);
		block[i].start = NULL;
	}
	if (block[i].start != NULL)
		expect_apart(block, n, i);
}

static void random_run_rounds(struct run_pool *pool, unsigned rounds)
{
	struct random_block block[48] = { { 0 } };
	size_t used = 0;

	for (unsigned round = 0; round < rounds; round++) {
		random_step(pool, block, ARRAY_SIZE(block));
		REQUIRE_VALID(run_pool_validate(pool));
		used = 0;
		for (unsigned i = 0; i < ARRAY_SIZE(block); i++)
			used += block[i].start != NULL ? rounded(block[i].bytes) : 0;
		EXPECT_EQ(pool->used_bytes, used);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(block); i++) {
		if (block[i].start != NULL)
			EXPECT_EQ(run_free(pool, block[i].start, RUN_BLOCK, 0), ACRE_OK);
	}
	REQUIRE_VALID(run_pool_validate(pool));
	EXPECT_EQ(pool->used_bytes, 0);
}

KTEST(run, agrees_with_a_list_of_blocks)
{
	random_run_rounds(make(BASE, 1 << 20), 1000);
	random_run_rounds(make(BASE + 12345, 300000), 1000);
	struct run_pool *pool = make(BASE + (1 << 19), 1 << 18);
	size_t bytes = run_table_bytes(1 << 19);
	REQUIRE_EQ(run_pool_add_region(pool, at(BASE), 1 << 19, ktest_alloc(bytes, 8), bytes),
		   ACRE_OK);
	random_run_rounds(pool, 1000);
}
