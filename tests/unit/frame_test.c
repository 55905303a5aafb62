/* SPDX-License-Identifier: MIT */
/*
 * The frame pool, verb by verb. RAM is wherever a case says that it is; only the cases about
 * clearing have bytes behind their frames.
 */
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"

#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/frame/frame_scoped.h"
#include "tests/support/frame_ask.h"
#include "tests/support/frame_room.h"
#include "tests/support/ktest.h"

#define MAX_RIG_BANKS 4u
#define MANY          256u /* banks */

struct rig {
	struct frame_pool *pool;
	unsigned nbanks;
	struct rig_bank {
		void *metadata;
		size_t bytes;
		void *copy;
	} bank[MAX_RIG_BANKS];
	struct frame_room *room;
	struct frame_pool *copy;
	struct frame_room *room_copy;
};

static void rig_init(struct rig *r, uint64_t offset)
{
	*r = (struct rig){ 0 };
	r->pool = ktest_alloc(sizeof(*r->pool), 64);
	r->room = ktest_alloc(sizeof(*r->room), 64);
	r->copy = ktest_alloc(sizeof(*r->copy), 64);
	r->room_copy = ktest_alloc(sizeof(*r->room_copy), 64);
	REQUIRE_EQ(frame_pool_init_in(r->pool, offset, r->room), ACRE_OK);
	REQUIRE_VALID(frame_validate(r->pool));
}

static void rig_add_bank(struct rig *r, frame_nr_t first, frame_count_t nframes)
{
	struct rig_bank *b = &r->bank[r->nbanks++];

	b->bytes = frame_metadata_bytes(nframes);
	b->metadata = ktest_alloc(b->bytes, 8);
	b->copy = ktest_alloc(b->bytes, 8);
	memset(b->metadata, 0x77, b->bytes);
	REQUIRE_EQ(frame_pool_add_bank(r->pool, first, nframes, b->metadata, b->bytes), ACRE_OK);
	REQUIRE_VALID(frame_validate(r->pool));
}

/* A pool of one bank with every frame free. */
static struct frame_pool *rig_of(struct rig *r, frame_nr_t first, frame_count_t nframes)
{
	rig_init(r, 0);
	rig_add_bank(r, first, nframes);
	REQUIRE_EQ(frame_insert(r->pool, first, nframes), ACRE_OK);
	REQUIRE_VALID(frame_validate(r->pool));
	return r->pool;
}

/* The bits of a bank. What the pool knows about them besides may come and go. */
static size_t bytes_of_bits(const struct rig *r, unsigned b)
{
	for (unsigned i = 0; i < r->pool->nbanks; i++) {
		if ((void *)r->pool->bank[i].free == r->bank[b].metadata)
			return 2 * r->pool->bank[i].nbits / 8;
	}
	return 0;
}

/* Remember the pool and its bits, for expect_broken() all of its metadata. */
static void rig_remember(struct rig *r)
{
	memcpy(r->copy, r->pool, sizeof(*r->pool));
	memcpy(r->room_copy, r->room, sizeof(*r->room));
	for (unsigned b = 0; b < r->nbanks; b++)
		memcpy(r->bank[b].copy, r->bank[b].metadata, r->bank[b].bytes);
}

static void rig_unchanged(const struct rig *r)
{
	EXPECT_EQ(r->copy->nbanks, r->pool->nbanks);
	EXPECT_EQ(r->copy->managed, r->pool->managed);
	for (unsigned b = 0; b < r->nbanks; b++)
		EXPECT_EQ(memcmp(r->bank[b].copy, r->bank[b].metadata, bytes_of_bits(r, b)), 0);
	EXPECT(!ticket_lock_held(&r->pool->lock));
	REQUIRE_VALID(frame_validate(r->pool));
}

/* Exactly one free was refused since the last look, and this is what it was. */
static void expect_report(uint64_t address, uint64_t size, const char *what, uint64_t actual_start,
			  uint64_t actual_size)
{
	const struct platform_bad_free *report = ktest_last_bad_free();

	EXPECT_EQ(ktest_bad_frees(), 1);
	EXPECT_STR(report->allocator, "frame");
	EXPECT_EQ(report->address, address);
	EXPECT_EQ(report->size, size);
	EXPECT_STR(report->what, what);
	EXPECT_EQ(report->actual_start, actual_start);
	EXPECT_EQ(report->actual_size, actual_size);
	EXPECT(report->caller != NULL);
	EXPECT_STR(report->past, NULL); /* only debug mode records one */
}

/* ---- batches ----------------------------------------------------------------------------------- */

/* How often the lock was taken since @before. */
static uint32_t holds_since(const struct rig *r, uint32_t before)
{
	return r->pool->lock.serving - before;
}

/* Every chunk has one frame less than all, and all have changed. */
static void poke_every_chunk(struct rig *r, frame_count_t chunks)
{
	for (frame_count_t c = 0; c < chunks; c++)
		REQUIRE_EQ(frame_alloc_at(r->pool, (c + 1) * CHUNK_BITS + 7 * (c % 64), 1),
			   ACRE_OK);
}

KTEST(frame, a_long_search_drops_the_lock_now_and_then)
{
	const frame_count_t chunks = 300;
	struct rig r;

	rig_of(&r, CHUNK_BITS, chunks * CHUNK_BITS);
	poke_every_chunk(&r, chunks);
	uint32_t before = r.pool->lock.serving;
	EXPECT_EQ(frame_alloc_range(r.pool, CHUNK_BITS, CHUNK_BITS * FRAME_SIZE), FRAME_NONE);
	EXPECT(holds_since(&r, before) > chunks / 40 && holds_since(&r, before) < chunks / 10);
	before = r.pool->lock.serving;
	EXPECT_EQ(frame_alloc_range(r.pool, CHUNK_BITS, CHUNK_BITS * FRAME_SIZE), FRAME_NONE);
	EXPECT_EQ(holds_since(&r, before), 0); /* it is known */
	EXPECT_EQ(frame_alloc_range(r.pool, 3 * CHUNK_BITS, FRAME_SIZE), FRAME_NONE);
	EXPECT(holds_since(&r, before) > chunks / 8);
	before = r.pool->lock.serving;
	EXPECT_EQ(frame_free_count(r.pool), chunks * (CHUNK_BITS - 1));
	EXPECT(holds_since(&r, before) > chunks / 40);
	REQUIRE_VALID(frame_validate(r.pool));
}

KTEST(frame, a_long_search_finds_the_last_chunk)
{
	const frame_count_t chunks = 300;
	struct rig r;

	rig_of(&r, CHUNK_BITS, chunks * CHUNK_BITS);
	poke_every_chunk(&r, chunks - 1);
	EXPECT_EQ(frame_alloc_range(r.pool, CHUNK_BITS, CHUNK_BITS * FRAME_SIZE),
		  chunks * CHUNK_BITS);
	EXPECT_EQ(frame_alloc_range(r.pool, CHUNK_BITS, CHUNK_BITS * FRAME_SIZE), FRAME_NONE);
	REQUIRE_VALID(frame_validate(r.pool));
}

/* Only the last frame of the last chunk is left, and nothing is known. */
KTEST(frame, the_last_single_frame_is_found_behind_many_used_chunks)
{
	const frame_count_t chunks = 300;
	const frame_nr_t last = (chunks + 1) * CHUNK_BITS - 1;
	struct rig r;

	rig_of(&r, CHUNK_BITS, chunks * CHUNK_BITS);
	poke_every_chunk(&r, chunks);
	/* Behind the tree's back as far as it goes: each chunk is stale already. */
	for (frame_count_t c = 1; c <= chunks; c++) {
		for (frame_nr_t pfn = c * CHUNK_BITS; pfn < (c + 1) * CHUNK_BITS; pfn++) {
			uint64_t index = pfn - r.pool->bank[0].base;
			if (pfn % 64 == 0 && pfn + 64 <= last)
				atomic_fetch_and(&r.pool->bank[0].free[index / 64], 0);
		}
	}
	atomic_fetch_and(&r.pool->bank[0].free[(last - CHUNK_BITS) / 64], 1ull << 63);
	EXPECT(!frame_pool_is_empty(r.pool));
	EXPECT_EQ(ask_next_free(r.pool, 0), last);
	EXPECT_EQ(frame_free_count(r.pool), 1);
	EXPECT_EQ(frame_alloc(r.pool), last);
	EXPECT_EQ(frame_alloc(r.pool), FRAME_NONE);
	EXPECT(frame_pool_is_empty(r.pool));
	REQUIRE_VALID(frame_validate(r.pool));
}

/*
 * Another hart has taken some frames of a run and has not said so yet: what is left of it stays free. Of those that begin
 * a chunk the lengths are believed, so that the run is found.
 */
KTEST(frame, a_run_that_is_not_all_there_any_more_is_put_back)
{
	const frame_count_t n = 3;
	struct rig r;
	struct frame_pool *pool = rig_of(&r, CHUNK_BITS, 2 * CHUNK_BITS);
	bitmap_word *word = &pool->bank[0].free[0];

	REQUIRE_EQ(frame_alloc_at(pool, CHUNK_BITS + n, 2 * CHUNK_BITS - n), ACRE_OK);
	for (uint64_t left = 0; left < 1u << n; left++) {
		atomic_fetch_or(word, bits_mask(0, n));
		chunk_tree_mark_stale(&pool->bank[0].chunks, 0, 1);
		REQUIRE_EQ(frame_alloc_range(pool, n + 1, FRAME_SIZE), FRAME_NONE); /* now it is */
		atomic_fetch_and(word, left);
		frame_nr_t found = frame_alloc_range(pool, n, FRAME_SIZE);
		EXPECT_EQ(found, left == bits_mask(0, n) ? CHUNK_BITS : FRAME_NONE);
		EXPECT_EQ(*word, found == FRAME_NONE ? left : 0);
		REQUIRE_VALID(frame_validate(pool));
	}
}

/* One that has little is passed over as well. */
KTEST(frame, a_broken_chunk_that_has_enough_comes_before_a_whole_one)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 0, 3 * CHUNK_BITS);

	REQUIRE_EQ(frame_alloc_at(pool, 0, CHUNK_BITS - 10), ACRE_OK);
	REQUIRE_EQ(frame_alloc_at(pool, CHUNK_BITS, 100), ACRE_OK);
	EXPECT_EQ(frame_alloc(pool) / CHUNK_BITS, 1);
	REQUIRE_VALID(frame_validate(pool));
}

/* ---- setting up ------------------------------------------------------------------------------ */

KTEST(frame, metadata_is_below_two_and_a_half_bits_a_frame)
{
	EXPECT_EQ(frame_metadata_bytes(0), 0);
	for (frame_count_t n = 8192; n < FRAME_LIMIT; n = n * 3 + 1)
		EXPECT(frame_metadata_bytes(n) * 8 < n * 5 / 2);
	EXPECT(frame_metadata_bytes(1ull << 18) * 8 < (1ull << 18) / 100 * 217);
	EXPECT(frame_metadata_bytes(1ull << 28) * 8 < (1ull << 28) / 100 * 217);
	EXPECT(frame_metadata_bytes(1) < 512);
}

/* A bank touches the most chunks that its frames can, and its chunks the most groups of eight. */
KTEST(frame, metadata_is_enough_wherever_the_bank_begins)
{
	const size_t most = frame_metadata_bytes(9 * CHUNK_BITS);
	uint8_t *memory = ktest_alloc(most, 8);
	struct rig r;

	rig_init(&r, 0);
	for (frame_nr_t first = CHUNK_BITS - 1; first < 8 * CHUNK_BITS; first += CHUNK_BITS) {
		for (frame_count_t n = 2; n < 9 * CHUNK_BITS; n += CHUNK_BITS) {
			const frame_nr_t last = first + n - 1;
			const size_t bytes = frame_metadata_bytes(n);

			REQUIRE_EQ(frame_pool_init_in(r.pool, 0, r.room), ACRE_OK);
			REQUIRE_EQ(frame_pool_add_bank(r.pool, first, n, memory + most - bytes,
						       bytes),
				   ACRE_OK);
			REQUIRE_EQ(frame_insert(r.pool, first, 1), ACRE_OK);
			REQUIRE_EQ(frame_insert(r.pool, last, 1), ACRE_OK);
			EXPECT_EQ(frame_alloc(r.pool) + frame_alloc(r.pool), first + last);
			EXPECT_EQ(frame_free(r.pool, first), ACRE_OK);
			EXPECT_EQ(frame_free(r.pool, last), ACRE_OK);
			REQUIRE_VALID(frame_validate(r.pool));
		}
	}
}

KTEST(frame, a_pool_of_one_bank_and_one_hart_is_below_two_kib)
{
	EXPECT(sizeof(struct frame_pool) + sizeof(struct frame_bank) + sizeof(struct frame_stock) <=
	       2048);
}

KTEST(frame, an_offset_that_is_not_whole_pages_is_refused)
{
	struct rig r;

	rig_init(&r, 0);
	rig_add_bank(&r, 5, 10);
	rig_remember(&r);
	EXPECT_EQ(frame_pool_init_in(r.pool, 8, r.room), ACRE_ERR_MISALIGNED);
	EXPECT_EQ(frame_pool_init_in(r.pool, FRAME_SIZE + 1, r.room), ACRE_ERR_MISALIGNED);
	EXPECT_EQ(frame_pool_init(r.pool, 0, NULL, 1, &r.pool->stocks), ACRE_ERR_INVALID);
	EXPECT_EQ(frame_pool_init(r.pool, 0, r.room->bank, 0, &r.pool->stocks), ACRE_ERR_INVALID);
	struct frame_bank *crooked = (void *)((uintptr_t)r.room->bank + 8);
	EXPECT_EQ(frame_pool_init(r.pool, 0, crooked, 1, &r.pool->stocks), ACRE_ERR_MISALIGNED);
	rig_unchanged(&r);
}

KTEST(frame, a_pool_of_nothing_gives_nothing)
{
	struct rig r;

	rig_init(&r, 0);
	rig_remember(&r);
	EXPECT_EQ(frame_alloc(r.pool), FRAME_NONE);
	EXPECT_EQ(frame_alloc_zeroed(r.pool), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range(r.pool, 3, FRAME_SIZE), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range_zeroed(r.pool, 3, FRAME_SIZE), FRAME_NONE);
	EXPECT_EQ(frame_alloc_at(r.pool, 0, 1), ACRE_ERR_RANGE);
	EXPECT_EQ(frame_insert(r.pool, 0, 1), ACRE_ERR_RANGE);
	EXPECT_EQ(frame_remove(r.pool, 0, 1), ACRE_ERR_RANGE);
	EXPECT(!frame_is_free(r.pool, 0));
	EXPECT(!frame_is_managed(r.pool, 0));
	EXPECT_EQ(ask_next_free(r.pool, 0), FRAME_NONE);
	EXPECT(frame_pool_is_empty(r.pool));
	EXPECT_EQ(frame_free_count(r.pool), 0);
	EXPECT_EQ(frame_managed_count(r.pool), 0);
	EXPECT_EQ(frame_free(r.pool, 0), ACRE_ERR_RANGE);
	expect_report(0, 0, "not in any bank", 0, 0);
	rig_unchanged(&r);
}

KTEST(frame, a_bank_is_known_but_empty_until_frames_are_inserted)
{
	struct rig r;

	rig_init(&r, 0);
	rig_add_bank(&r, 100, 70);
	EXPECT(frame_pool_is_empty(r.pool));
	EXPECT_EQ(frame_alloc(r.pool), FRAME_NONE);
	EXPECT(!frame_is_managed(r.pool, 100));
	REQUIRE_EQ(frame_insert(r.pool, 164, 2), ACRE_OK);
	REQUIRE_VALID(frame_validate(r.pool));
	EXPECT_EQ(frame_managed_count(r.pool), 2);
	EXPECT_EQ(frame_free_count(r.pool), 2);
	EXPECT(!frame_pool_is_empty(r.pool));
	EXPECT(frame_is_free(r.pool, 164) && frame_is_free(r.pool, 165));
	EXPECT(!frame_is_free(r.pool, 163) && !frame_is_free(r.pool, 166));
	EXPECT_EQ(ask_next_free(r.pool, 0), 164);
	EXPECT_EQ(ask_next_free(r.pool, 165), 165);
	EXPECT_EQ(ask_next_free(r.pool, 166), FRAME_NONE);
}

KTEST(frame, refuses_banks_that_make_no_sense)
{
	struct rig r;
	size_t bytes = frame_metadata_bytes(100);
	uint64_t *metadata = ktest_alloc(bytes + 8, 8);

	rig_init(&r, 0);
	rig_add_bank(&r, 1000, 100);
	rig_remember(&r);
	EXPECT_EQ(frame_pool_add_bank(r.pool, 0, 0, metadata, bytes), ACRE_ERR_INVALID);
	EXPECT_EQ(frame_pool_add_bank(r.pool, 0, 100, NULL, bytes), ACRE_ERR_INVALID);
	EXPECT_EQ(frame_pool_add_bank(r.pool, 0, 100, metadata, bytes - 1), ACRE_ERR_NOMEM);
	EXPECT_EQ(frame_pool_add_bank(r.pool, 0, 100, (char *)metadata + 4, bytes),
		  ACRE_ERR_MISALIGNED);
	EXPECT_EQ(frame_pool_add_bank(r.pool, FRAME_LIMIT, 1, metadata, bytes), ACRE_ERR_RANGE);
	EXPECT_EQ(frame_pool_add_bank(r.pool, FRAME_LIMIT - 99, 100, metadata, bytes),
		  ACRE_ERR_RANGE);
	EXPECT_EQ(frame_pool_add_bank(r.pool, FRAME_NONE, 1, metadata, bytes), ACRE_ERR_RANGE);
	EXPECT_EQ(frame_pool_add_bank(r.pool, 5, UINT64_MAX, metadata, SIZE_MAX), ACRE_ERR_RANGE);
	EXPECT_EQ(frame_pool_add_bank(r.pool, 1000, 100, metadata, bytes), ACRE_ERR_OVERLAP);
	EXPECT_EQ(frame_pool_add_bank(r.pool, 1099, 1, metadata, bytes), ACRE_ERR_OVERLAP);
	EXPECT_EQ(frame_pool_add_bank(r.pool, 901, 100, metadata, bytes), ACRE_ERR_OVERLAP);
	EXPECT_EQ(frame_pool_add_bank(r.pool, 1050, 10, metadata, bytes), ACRE_ERR_OVERLAP);
	rig_unchanged(&r);
	REQUIRE_VALID(frame_validate(r.pool));

	EXPECT_EQ(frame_pool_add_bank(r.pool, FRAME_LIMIT - 100, 100, metadata, bytes), ACRE_OK);
	REQUIRE_VALID(frame_validate(r.pool));
}

KTEST(frame, keeps_banks_sorted_in_whatever_order_they_come_and_says_when_it_is_full)
{
	struct rig r;
	const size_t bytes = frame_metadata_bytes(1);
	char *metadata = ktest_alloc(bytes * (MANY + 1), 8);

	rig_init(&r, 0);
	const struct hart_slots stocks = r.pool->stocks;
	REQUIRE_EQ(frame_pool_init(r.pool, 0, ktest_alloc(MANY * sizeof(struct frame_bank), 64),
				   MANY, &stocks),
		   ACRE_OK);
	for (frame_nr_t i = 0; i < MANY; i++) {
		frame_nr_t first = (i * 37 % MANY) * 3; /* 37 is odd: each value once */
		REQUIRE_EQ(frame_pool_add_bank(r.pool, first, 1, metadata + i * bytes, bytes),
			   ACRE_OK);
		REQUIRE_EQ(frame_insert(r.pool, first, 1), ACRE_OK);
		REQUIRE_VALID(frame_validate(r.pool));
	}
	rig_remember(&r);
	EXPECT_EQ(frame_pool_add_bank(r.pool, 1, 1, metadata + MANY * bytes, bytes), ACRE_ERR_FULL);
	rig_unchanged(&r);
	for (frame_nr_t i = 0; i < MANY; i++) {
		EXPECT_EQ(ask_next_free(r.pool, i * 3), i * 3);
		EXPECT_EQ(ask_next_free(r.pool, i * 3 + 1), i + 1 < MANY ? i * 3 + 3 : FRAME_NONE);
		EXPECT(!frame_is_managed(r.pool, i * 3 + 1));
	}
	for (frame_nr_t i = 0; i < MANY; i++) {
		frame_nr_t pfn = frame_alloc(r.pool);
		EXPECT(pfn % 3 == 0 && pfn < MANY * 3);
	}
	EXPECT_EQ(frame_alloc(r.pool), FRAME_NONE);
	REQUIRE_VALID(frame_validate(r.pool));
	atomic_store(&r.pool->shared.base,
		     1); /* the validate looks for it in all banks there are */
	EXPECT_STR(frame_validate(r.pool), "F5: a stock is a word of a bank");
}

/* ---- inserting and removing ------------------------------------------------------------------ */

KTEST(frame, inserts_all_of_a_range_or_nothing)
{
	struct rig r;

	rig_init(&r, 0);
	rig_add_bank(&r, 1000, 200);
	rig_add_bank(&r, 1200, 50); /* touches the first */
	REQUIRE_EQ(frame_insert(r.pool, 1100, 10), ACRE_OK);
	REQUIRE_EQ(frame_alloc(r.pool), 1100);
	rig_remember(&r);
	EXPECT_EQ(frame_insert(r.pool, 1000, 0), ACRE_ERR_INVALID);
	EXPECT_EQ(frame_insert(r.pool, 1109, 1), ACRE_ERR_OVERLAP);
	EXPECT_EQ(frame_insert(r.pool, 1100, 1), ACRE_ERR_OVERLAP); /* handed out */
	EXPECT_EQ(frame_insert(r.pool, 1000, 101), ACRE_ERR_OVERLAP);
	EXPECT_EQ(frame_insert(r.pool, 1109, 20), ACRE_ERR_OVERLAP);
	EXPECT_EQ(frame_insert(r.pool, 999, 2), ACRE_ERR_RANGE);
	EXPECT_EQ(frame_insert(r.pool, 1199, 2), ACRE_ERR_RANGE); /* two banks */
	EXPECT_EQ(frame_insert(r.pool, 1249, 2), ACRE_ERR_RANGE);
	EXPECT_EQ(frame_insert(r.pool, 1100, UINT64_MAX), ACRE_ERR_RANGE);
	EXPECT_EQ(frame_insert(r.pool, FRAME_NONE, 1), ACRE_ERR_RANGE);
	rig_unchanged(&r);
	EXPECT_EQ(frame_insert(r.pool, 1000, 100), ACRE_OK);
	EXPECT_EQ(frame_insert(r.pool, 1110, 90), ACRE_OK);
	EXPECT_EQ(frame_insert(r.pool, 1200, 50), ACRE_OK);
	REQUIRE_VALID(frame_validate(r.pool));
	EXPECT_EQ(frame_managed_count(r.pool), 250);
	EXPECT_EQ(frame_free_count(r.pool), 249);
}

/* Upwards nothing is looked at, downwards all is; a piece that was taken out can come back. */
KTEST(frame, inserts_in_any_order)
{
	struct rig r;

	rig_init(&r, 0);
	rig_add_bank(&r, 1000, 300);
	REQUIRE_EQ(frame_insert(r.pool, 1200, 70), ACRE_OK);
	REQUIRE_EQ(frame_insert(r.pool, 1000, 65), ACRE_OK);
	REQUIRE_EQ(frame_insert(r.pool, 1065, 135), ACRE_OK);
	REQUIRE_EQ(frame_insert(r.pool, 1271, 29), ACRE_OK);
	REQUIRE_EQ(frame_remove(r.pool, 1250, 20), ACRE_OK);
	rig_remember(&r);
	EXPECT_EQ(frame_insert(r.pool, 1250, 50), ACRE_ERR_OVERLAP);
	EXPECT_EQ(frame_insert(r.pool, 1299, 1), ACRE_ERR_OVERLAP);
	rig_unchanged(&r);
	EXPECT_EQ(frame_insert(r.pool, 1250, 21), ACRE_OK);
	REQUIRE_VALID(frame_validate(r.pool));
	EXPECT_EQ(frame_free_count(r.pool), 300);
	EXPECT_EQ(frame_managed_count(r.pool), 300);
}

KTEST(frame, removes_only_what_is_free)
{
	struct rig r;

	rig_init(&r, 0);
	rig_add_bank(&r, 1000, 200);
	REQUIRE_EQ(frame_insert(r.pool, 1010, 180), ACRE_OK);
	REQUIRE_EQ(frame_alloc_at(r.pool, 1100, 1), ACRE_OK);
	rig_remember(&r);
	EXPECT_EQ(frame_remove(r.pool, 1050, 0), ACRE_ERR_INVALID);
	EXPECT_EQ(frame_remove(r.pool, 1100, 1), ACRE_ERR_OVERLAP);
	EXPECT_EQ(frame_remove(r.pool, 1050, 51), ACRE_ERR_OVERLAP);
	EXPECT_EQ(frame_remove(r.pool, 1009, 2), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(frame_remove(r.pool, 1189, 2), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(frame_remove(r.pool, 1199, 2), ACRE_ERR_RANGE);
	EXPECT_EQ(frame_remove(r.pool, 999, 1), ACRE_ERR_RANGE);
	rig_unchanged(&r);

	EXPECT_EQ(frame_remove(r.pool, 1010, 64), ACRE_OK);
	REQUIRE_VALID(frame_validate(r.pool));
	EXPECT_EQ(frame_managed_count(r.pool), 116);
	EXPECT_EQ(frame_free_count(r.pool), 115);
	EXPECT(!frame_is_managed(r.pool, 1073) && frame_is_managed(r.pool, 1074));
	EXPECT_EQ(ask_next_free(r.pool, 0), 1074);
	EXPECT_EQ(frame_free(r.pool, 1010), ACRE_ERR_NOT_ALLOCATED);
	expect_report(1010 * FRAME_SIZE, 0, "never inserted", 1010 * FRAME_SIZE, FRAME_SIZE);
	EXPECT_EQ(frame_insert(r.pool, 1010, 64), ACRE_OK); /* and may come back */
	EXPECT_EQ(ask_next_free(r.pool, 0), 1010);
	REQUIRE_VALID(frame_validate(r.pool));
}

/* ---- taking ---------------------------------------------------------------------------------- */

static void drain_and_refill(frame_nr_t first, frame_count_t nframes)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, first, nframes);
	bool *seen = ktest_alloc(nframes * sizeof(*seen), 1);

	memset(seen, 0, nframes * sizeof(*seen));
	for (frame_count_t i = 0; i < nframes; i++) {
		frame_nr_t pfn = frame_alloc(pool);
		REQUIRE(pfn - first < nframes && !seen[pfn - first]);
		seen[pfn - first] = true;
		REQUIRE(!frame_is_free(pool, pfn) && frame_is_managed(pool, pfn));
		REQUIRE_EQ(frame_free_count(pool), nframes - i - 1);
	}
	REQUIRE_VALID(frame_validate(pool));
	REQUIRE(frame_pool_is_empty(pool));
	rig_remember(&r);
	REQUIRE_EQ(frame_alloc(pool), FRAME_NONE);
	REQUIRE_EQ(frame_alloc_range(pool, 1, FRAME_SIZE), FRAME_NONE);
	rig_unchanged(&r);
	for (frame_count_t i = 0; i < nframes; i++) {
		frame_nr_t pfn = first + (i * 7 + 3) % nframes; /* nframes is no multiple of 7 */
		REQUIRE_EQ(frame_free(pool, pfn), ACRE_OK);
		REQUIRE(frame_is_free(pool, pfn));
	}
	REQUIRE_VALID(frame_validate(pool));
	REQUIRE_EQ(frame_free_count(pool), nframes);
	REQUIRE_EQ(frame_alloc_range(pool, nframes, FRAME_SIZE), first);
	REQUIRE_EQ(frame_free_range(pool, first, nframes), ACRE_OK);
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame, draining_yields_each_frame_once_wherever_ram_is)
{
	drain_and_refill(0, 300); /* frame 0 is a frame like any other */
	drain_and_refill(1, 64);
	drain_and_refill(0x80200, 4097);
	drain_and_refill(12345, 129);
	drain_and_refill((1ull << 55) >> FRAME_SHIFT, 300);
	drain_and_refill(FRAME_LIMIT - 257, 257);
}

KTEST(frame, single_frames_fill_a_chunk_before_they_break_another)
{
	struct rig r;
	struct frame_pool *pool =
		rig_of(&r, 40, 3000); /* the first chunk and the last are broken */

	for (unsigned i = 0; i < 300; i++)
		REQUIRE_EQ(frame_alloc(pool), 40 + i);
	EXPECT_EQ(frame_free(pool, 150), ACRE_OK);
	EXPECT_EQ(frame_free(pool, 77), ACRE_OK);
	REQUIRE_VALID(frame_validate(pool));
	for (unsigned i = 300; i < 512 - 40 + 2; i++)
		REQUIRE(frame_alloc(pool) < 512);
	REQUIRE_VALID(frame_validate(pool));
	for (unsigned i = 2560; i < 3040; i++)
		REQUIRE_EQ(frame_alloc(pool), i);
	for (unsigned i = 0; i < 40; i++)
		EXPECT_EQ(frame_free(pool, 300 + i), ACRE_OK);
	for (unsigned i = 0; i < 40; i++)
		EXPECT_EQ(frame_alloc(pool), 300 + i); /* sooner than a whole chunk */
	EXPECT_EQ(frame_free(pool, 300), ACRE_OK);
	EXPECT_EQ(frame_alloc(pool), 300); /* the chunk is in use still */
	EXPECT_EQ(frame_alloc(pool), 512);
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame, a_hart_goes_round_among_its_own_chunks_without_the_lock)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 0x80000, 20 * 512);
	struct ticket_lock_stats before, after;

	while (frame_alloc(pool) != FRAME_NONE)
		;
	for (unsigned i = 0; i < 20 * 512; i += 10)
		REQUIRE_EQ(frame_free(pool, 0x80000 + i), ACRE_OK);
	ticket_lock_look(&pool->lock, &before);
	for (unsigned i = 0; i < 20 * 512; i += 10)
		REQUIRE(frame_alloc(pool) != FRAME_NONE);
	ticket_lock_look(&pool->lock, &after);
	EXPECT_EQ(after.holds, before.holds);
	EXPECT_EQ(frame_alloc(pool), FRAME_NONE);
	REQUIRE_VALID(frame_validate(pool));
}

/* Chunks are looked at in groups of eight, and a bank may begin anywhere in one. */
KTEST(frame, a_chunk_of_ones_own_is_found_wherever_it_is)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 0x80000 + 3 * 512, 20 * 512);
	struct ticket_lock_stats before, after;

	while (frame_alloc(pool) != FRAME_NONE)
		;
	for (frame_nr_t c = 0; c < 20; c++) {
		frame_nr_t first = 0x80000 + (3 + c * 7 % 20) * 512;
		REQUIRE_EQ(frame_free_range(pool, first, 40), ACRE_OK);
		ticket_lock_look(&pool->lock, &before);
		for (frame_nr_t i = 0; i < 40; i++)
			REQUIRE_EQ(frame_alloc(pool), first + i);
		ticket_lock_look(&pool->lock, &after);
		EXPECT_EQ(after.holds, before.holds);
		EXPECT_EQ(frame_alloc(pool), FRAME_NONE); /* now it is known to be empty */
	}
	REQUIRE_VALID(frame_validate(pool));
}

/* A chunk that has changed counts as broken until somebody has looked at it. */
KTEST(frame, a_hart_that_leaves_has_no_stock_and_may_come_back)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 0x80000, 3 * 512);
	const struct frame_stock *stock = hart_slots_own(&pool->stocks);
	frame_nr_t pfn[4];

	frame_leave(pool);
	REQUIRE_VALID(frame_validate(pool));
	for (unsigned i = 0; i < 4; i++) {
		pfn[i] = frame_alloc(pool);
		REQUIRE(pfn[i] != FRAME_NONE);
		EXPECT(atomic_load(&stock->base) != FRAME_NONE);
		frame_leave(pool);
		EXPECT_EQ(atomic_load(&stock->base), FRAME_NONE);
		REQUIRE_VALID(frame_validate(pool));
		EXPECT_EQ(frame_free_count(pool), 3 * 512 - i - 1);
	}
	/* It broke no second chunk. */
	for (unsigned i = 1; i < 4; i++)
		EXPECT_EQ(pfn[i] / 512, pfn[0] / 512);
	for (unsigned i = 0; i < 4; i++)
		EXPECT_EQ(frame_free(pool, pfn[i]), ACRE_OK);
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame, a_hart_without_a_stock_gets_every_frame_and_leaves_nothing)
{
	struct rig r;

	rig_init(&r, 0);
	struct frame_pool *pool = r.pool;
	REQUIRE_EQ(frame_pool_init_for(pool, 0, r.room, 0), ACRE_OK);
	EXPECT(hart_slots_own(&pool->stocks) == &pool->shared);
	rig_add_bank(&r, 0x80000, 1200);
	REQUIRE_EQ(frame_insert(pool, 0x80000, 1200), ACRE_OK);
	for (unsigned i = 0; i < 1200; i++) {
		const frame_nr_t pfn = frame_alloc(pool);
		const frame_nr_t base = atomic_load(&pool->shared.base);
		REQUIRE(pfn != FRAME_NONE && pfn / 64 * 64 == base);
		frame_leave(pool); /* other harts may be using it */
		EXPECT_EQ(atomic_load(&pool->shared.base), base);
	}
	EXPECT_EQ(frame_alloc(pool), FRAME_NONE);
	REQUIRE_VALID(frame_validate(pool));
	EXPECT_EQ(frame_free(pool, 0x80007), ACRE_OK);
	EXPECT_EQ(frame_alloc(pool), 0x80007);
	EXPECT_EQ(frame_free_range(pool, 0x80000, 1200), ACRE_OK);
	REQUIRE_VALID(frame_validate(pool));
}

/* Frame 1300 begins the second bank; the first one has bits for it too, and they stay clear. */
KTEST(frame, two_banks_share_a_chunk_and_each_frees_its_own_frames)
{
	struct rig r;
	bool seen[600] = { false };
	unsigned shared = 0;

	rig_init(&r, 0);
	rig_add_bank(&r, 1000, 300);
	rig_add_bank(&r, 1300, 300);
	REQUIRE_EQ(frame_insert(r.pool, 1000, 300), ACRE_OK);
	REQUIRE_EQ(frame_insert(r.pool, 1300, 300), ACRE_OK);
	const struct frame_stock *stock = hart_slots_own(&r.pool->stocks);
	for (unsigned i = 0; i < 600; i++) {
		frame_nr_t pfn = frame_alloc(r.pool);
		REQUIRE(pfn - 1000 < 600 && !seen[pfn - 1000]);
		seen[pfn - 1000] = true;
		shared += atomic_load(&stock->base) / CHUNK_BITS == 2;
		/* Given back and taken again, while the stock is there. */
		frame_nr_t other = 1000 + i * 7 % 600;
		bool ours = seen[other - 1000];
		EXPECT_EQ(frame_free(r.pool, other), ours ? ACRE_OK : ACRE_ERR_NOT_ALLOCATED);
		EXPECT_EQ(ktest_bad_frees(), !ours);
		EXPECT(frame_is_free(r.pool, other));
		if (ours)
			EXPECT_EQ(frame_alloc_at(r.pool, other, 1), ACRE_OK);
		REQUIRE_VALID(frame_validate(r.pool));
	}
	EXPECT_EQ(shared, 276 + 236); /* of both banks */
	EXPECT_EQ(frame_alloc(r.pool), FRAME_NONE);
	for (frame_nr_t pfn = 1000; pfn < 1600; pfn++)
		REQUIRE_EQ(frame_free(r.pool, pfn), ACRE_OK);
	REQUIRE_VALID(frame_validate(r.pool));
}

KTEST(frame, a_pool_that_was_used_up_and_given_back_has_whole_chunks_again)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 1024, 16 * 512);
	bool used[16] = { false };
	unsigned broken = 0;

	while (frame_alloc(pool) != FRAME_NONE)
		;
	for (unsigned i = 0; i < 16 * 512; i++)
		REQUIRE_EQ(frame_free(pool, 1024 + i), ACRE_OK);
	for (unsigned i = 0; i < 3 * 512; i++)
		used[(frame_alloc(pool) - 1024) / 512] = true;
	for (unsigned c = 0; c < 16; c++)
		broken += used[c];
	EXPECT_EQ(broken, 3);
	REQUIRE_VALID(frame_validate(pool));
}

/* Not to the lowest one: what was freed there meanwhile has time to become whole again. */
KTEST(frame, the_next_chunk_to_break_is_behind_the_one_that_is_used_up)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 0x80200, 5 * 512);

	while (frame_alloc(pool) != FRAME_NONE)
		;
	for (frame_nr_t c = 0; c < 4; c++) /* the last 100 of four chunks are free */
		REQUIRE_EQ(frame_free_range(pool, 0x80200 + c * 512 + 412, 100), ACRE_OK);
	for (frame_nr_t c = 0; c < 4; c++) {
		for (frame_nr_t i = 412; i < 512; i++)
			REQUIRE_EQ(frame_alloc(pool), 0x80200 + c * 512 + i);
		if (c == 1)
			REQUIRE_EQ(frame_free_range(pool, 0x80200, 200), ACRE_OK);
	}
	EXPECT_EQ(frame_alloc(pool), 0x80200); /* and around */
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame, runs_are_aligned_in_physical_memory_and_not_by_index)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 0x80203, 3000);

	for (uint64_t align = 1; align <= 1024; align *= 2) {
		frame_nr_t want = (0x80203 + align - 1) / align * align;
		frame_nr_t pfn = frame_alloc_range(pool, 3, align * FRAME_SIZE);
		EXPECT_EQ(pfn, want);
		EXPECT_EQ(frame_free_range(pool, pfn, 3), ACRE_OK);
		REQUIRE_VALID(frame_validate(pool));
	}
	EXPECT_EQ(frame_alloc_range(pool, 1, 1ull << 40), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range(pool, 1, 1ull << 63), FRAME_NONE);
	/* 2 MiB, as a page table wants it: the frames are 0x80400, 0x80600, 0x80800, 0x80a00. */
	for (frame_nr_t want = 0x80400; want <= 0x80a00; want += 512)
		EXPECT_EQ(frame_alloc_range(pool, 512, 512 * FRAME_SIZE),
			  want + 512 <= 0x80203 + 3000 ? want : FRAME_NONE);
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame, a_run_of_any_length_up_to_the_bank)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 5, 400);

	for (frame_count_t n = 1; n <= 400; n++) {
		EXPECT_EQ(frame_alloc_range(pool, n, FRAME_SIZE), 5);
		EXPECT_EQ(frame_free_count(pool), 400 - n);
		EXPECT_EQ(frame_free_range(pool, 5, n), ACRE_OK);
		REQUIRE_VALID(frame_validate(pool));
	}
	rig_remember(&r);
	EXPECT_EQ(frame_alloc_range(pool, 401, FRAME_SIZE), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range(pool, UINT64_MAX, FRAME_SIZE), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range_zeroed(pool, UINT64_MAX, FRAME_SIZE), FRAME_NONE);
	rig_unchanged(&r);
}

KTEST(frame, refuses_runs_that_make_no_sense)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 5, 400);

	rig_remember(&r);
	EXPECT_EQ(frame_alloc_range(pool, 0, FRAME_SIZE), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range(pool, 1, 0), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range(pool, 1, 1), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range(pool, 1, FRAME_SIZE / 2), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range(pool, 1, 3 * FRAME_SIZE), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range(pool, 1, FRAME_SIZE + 1), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range_zeroed(pool, 0, FRAME_SIZE), FRAME_NONE);
	EXPECT_EQ(frame_alloc_at(pool, 5, 0), ACRE_ERR_INVALID);
	rig_unchanged(&r);
}

static void expect_no_run(struct rig *r, frame_count_t nframes, uint64_t align, enum acre_status s)
{
	frame_nr_t pfn = 7;

	rig_remember(r);
	EXPECT_EQ(frame_alloc_range_from(r->pool, nframes, align, &pfn, r), s);
	EXPECT_EQ(pfn, FRAME_NONE);
	rig_unchanged(r);
}

KTEST(frame, says_why_there_is_no_run)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 5, 400);
	frame_nr_t pfn = FRAME_NONE;

	expect_no_run(&r, 0, FRAME_SIZE, ACRE_ERR_INVALID);
	expect_no_run(&r, 0, 3, ACRE_ERR_INVALID);
	expect_no_run(&r, 1, 0, ACRE_ERR_MISALIGNED);
	expect_no_run(&r, 1, FRAME_SIZE / 2, ACRE_ERR_MISALIGNED);
	expect_no_run(&r, 1, FRAME_SIZE + 1, ACRE_ERR_MISALIGNED);
	expect_no_run(&r, 1, 3 * FRAME_SIZE, ACRE_ERR_MISALIGNED);
	expect_no_run(&r, 401, FRAME_SIZE, ACRE_ERR_NOMEM);
	expect_no_run(&r, UINT64_MAX, FRAME_SIZE, ACRE_ERR_NOMEM);
	expect_no_run(&r, 1, 1ull << 63, ACRE_ERR_NOMEM);
	expect_no_run(&r, 512, 512 * FRAME_SIZE, ACRE_ERR_NOMEM);
	expect_no_run(&r, 1ull << 51, 1ull << 63, ACRE_ERR_NOMEM);
	EXPECT_EQ(frame_alloc_range_from(pool, 3, 4 * FRAME_SIZE, &pfn, &r), ACRE_OK);
	EXPECT_EQ(pfn, 8);
	EXPECT_EQ(frame_alloc_range_from(pool, 397, FRAME_SIZE, &pfn, &r), ACRE_ERR_NOMEM);
	EXPECT_EQ(frame_free_count(pool), 397);
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame, takes_exactly_what_is_asked_for_by_address)
{
	struct rig r;

	rig_init(&r, 0);
	rig_add_bank(&r, 100, 200);
	REQUIRE_EQ(frame_insert(r.pool, 110, 180), ACRE_OK);
	EXPECT_EQ(frame_alloc_at(r.pool, 150, 20), ACRE_OK);
	REQUIRE_VALID(frame_validate(r.pool));
	EXPECT_EQ(frame_free_count(r.pool), 160);
	rig_remember(&r);
	EXPECT_EQ(frame_alloc_at(r.pool, 150, 1), ACRE_ERR_OVERLAP);
	EXPECT_EQ(frame_alloc_at(r.pool, 140, 11), ACRE_ERR_OVERLAP);
	EXPECT_EQ(frame_alloc_at(r.pool, 169, 5), ACRE_ERR_OVERLAP);
	EXPECT_EQ(frame_alloc_at(r.pool, 109, 2), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(frame_alloc_at(r.pool, 289, 2), ACRE_ERR_NOT_FOUND);
	EXPECT_EQ(frame_alloc_at(r.pool, 299, 2), ACRE_ERR_RANGE);
	EXPECT_EQ(frame_alloc_at(r.pool, 99, 2), ACRE_ERR_RANGE);
	EXPECT_EQ(frame_alloc_at(r.pool, 110, UINT64_MAX), ACRE_ERR_RANGE);
	EXPECT_EQ(frame_alloc_at(r.pool, FRAME_NONE, 1), ACRE_ERR_RANGE);
	rig_unchanged(&r);
	EXPECT_EQ(frame_alloc_at(r.pool, 110, 40), ACRE_OK);
	EXPECT_EQ(frame_alloc(r.pool), 170);
	EXPECT_EQ(frame_alloc_at(r.pool, 171, 119), ACRE_OK);
	EXPECT(frame_pool_is_empty(r.pool));
	REQUIRE_VALID(frame_validate(r.pool));
}

KTEST(frame, no_run_crosses_from_one_bank_into_the_next)
{
	struct rig r;

	rig_init(&r, 0);
	rig_add_bank(&r, 1030, 30); /* added out of order; touches the next one */
	rig_add_bank(&r, 1000, 30);
	rig_add_bank(&r, 5000, 100);
	REQUIRE_EQ(frame_insert(r.pool, 1000, 30), ACRE_OK);
	REQUIRE_EQ(frame_insert(r.pool, 1030, 30), ACRE_OK);
	REQUIRE_EQ(frame_insert(r.pool, 5000, 100), ACRE_OK);
	REQUIRE_VALID(frame_validate(r.pool));
	EXPECT_EQ(frame_alloc_range(r.pool, 31, FRAME_SIZE), 5000);
	EXPECT_EQ(frame_alloc_range(r.pool, 20, FRAME_SIZE), 1000);
	EXPECT_EQ(frame_alloc_range(r.pool, 20, FRAME_SIZE), 1030);
	EXPECT_EQ(frame_alloc_range(r.pool, 20, FRAME_SIZE), 5031);
	EXPECT_EQ(frame_alloc_range(r.pool, 10, FRAME_SIZE), 1020);
	EXPECT_EQ(frame_alloc_at(r.pool, 1055, 6), ACRE_ERR_RANGE);
	EXPECT_EQ(ask_next_free(r.pool, 1000), 1050);
	EXPECT_EQ(ask_next_free(r.pool, 1060), 5051);
	EXPECT_EQ(ask_next_free(r.pool, 5100), FRAME_NONE);
	EXPECT_EQ(ask_next_free(r.pool, FRAME_NONE), FRAME_NONE);
	REQUIRE_VALID(frame_validate(r.pool));

	rig_remember(&r); /* both ends of it are handed out, but in two banks */
	EXPECT_EQ(frame_free_range(r.pool, 1025, 10), ACRE_ERR_RANGE);
	expect_report(1025 * FRAME_SIZE, 10 * FRAME_SIZE, "past the end of the bank",
		      1030 * FRAME_SIZE, 0);
	rig_unchanged(&r);
}

KTEST(frame, a_bank_added_late_and_below_is_used_first)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 1000, 10);

	for (unsigned i = 0; i < 10; i++)
		EXPECT_EQ(frame_alloc(pool), 1000 + i);
	rig_add_bank(&r, 10, 10);
	EXPECT_EQ(frame_alloc(pool), FRAME_NONE);
	REQUIRE_EQ(frame_insert(pool, 15, 2), ACRE_OK);
	EXPECT_EQ(frame_alloc(pool), 15);
	EXPECT_EQ(frame_free(pool, 1005), ACRE_OK);
	REQUIRE_VALID(frame_validate(pool));
	EXPECT_EQ(frame_alloc(pool), 16);
	EXPECT_EQ(frame_alloc(pool), 1005);
	EXPECT_EQ(frame_alloc(pool), FRAME_NONE);
	EXPECT_EQ(frame_free(pool, 16), ACRE_OK);
	REQUIRE_VALID(frame_validate(pool));
	EXPECT_EQ(frame_alloc(pool), 16);
}

KTEST(frame, a_long_run_that_comes_back_is_the_lowest_again)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 0x80200, 8 * 512);

	REQUIRE_EQ(frame_alloc_range(pool, 3 * 512, FRAME_SIZE), 0x80200);
	for (unsigned k = 0; k <= 9; k++) /* every search has gone past it */
		REQUIRE(frame_alloc_range(pool, 1u << k, FRAME_SIZE << k) != FRAME_NONE);
	EXPECT_EQ(frame_free_range(pool, 0x80200, 3 * 512), ACRE_OK);
	REQUIRE_VALID(frame_validate(pool));
	for (unsigned k = 0; k <= 9; k++) {
		EXPECT_EQ(frame_alloc_range(pool, 1u << k, FRAME_SIZE << k), 0x80200);
		EXPECT_EQ(frame_free_range(pool, 0x80200, 1u << k), ACRE_OK);
	}
	REQUIRE_VALID(frame_validate(pool));
}

/* ---- giving back ----------------------------------------------------------------------------- */

KTEST(frame, a_run_may_be_freed_in_parts)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 64, 500);
	frame_nr_t run = frame_alloc_range(pool, 300, 64 * FRAME_SIZE);

	REQUIRE_EQ(run, 64);
	EXPECT_EQ(frame_free_range(pool, run + 100, 100), ACRE_OK);
	REQUIRE_VALID(frame_validate(pool));
	EXPECT_EQ(frame_free(pool, run + 99), ACRE_OK);
	EXPECT_EQ(frame_free_address(pool, frame_to_paddr(run)), ACRE_OK);
	EXPECT_EQ(frame_free_range(pool, run + 1, 98), ACRE_OK);
	EXPECT_EQ(frame_free_range(pool, run + 200, 100), ACRE_OK);
	REQUIRE_VALID(frame_validate(pool));
	EXPECT_EQ(frame_free_count(pool), 500);
}

KTEST(frame, refuses_a_double_free)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 64, 500);
	frame_nr_t pfn = frame_alloc(pool);

	EXPECT_EQ(frame_free(pool, pfn), ACRE_OK);
	rig_remember(&r);
	EXPECT_EQ(frame_free(pool, pfn), ACRE_ERR_NOT_ALLOCATED);
	expect_report(64 * FRAME_SIZE, 0, "free already", 64 * FRAME_SIZE, FRAME_SIZE);
	EXPECT_EQ(frame_free_address(pool, 563 * FRAME_SIZE), ACRE_ERR_NOT_ALLOCATED);
	expect_report(563 * FRAME_SIZE, 0, "free already", 563 * FRAME_SIZE, FRAME_SIZE);
	rig_unchanged(&r);
}

KTEST(frame, refuses_frames_that_it_never_had)
{
	struct rig r;

	rig_init(&r, 0);
	rig_add_bank(&r, 100, 100);
	REQUIRE_EQ(frame_insert(r.pool, 120, 60), ACRE_OK);
	REQUIRE_EQ(frame_alloc_range(r.pool, 60, FRAME_SIZE), 120);
	rig_remember(&r);
	EXPECT_EQ(frame_free(r.pool, 119), ACRE_ERR_NOT_ALLOCATED);
	expect_report(119 * FRAME_SIZE, 0, "never inserted", 119 * FRAME_SIZE, FRAME_SIZE);
	EXPECT_EQ(frame_free(r.pool, 180), ACRE_ERR_NOT_ALLOCATED);
	expect_report(180 * FRAME_SIZE, 0, "never inserted", 180 * FRAME_SIZE, FRAME_SIZE);
	EXPECT_EQ(frame_free(r.pool, 99), ACRE_ERR_RANGE);
	expect_report(99 * FRAME_SIZE, 0, "not in any bank", 99 * FRAME_SIZE, 0);
	EXPECT_EQ(frame_free(r.pool, 200), ACRE_ERR_RANGE);
	expect_report(200 * FRAME_SIZE, 0, "not in any bank", 200 * FRAME_SIZE, 0);
	EXPECT_EQ(frame_free(r.pool, FRAME_NONE), ACRE_ERR_RANGE);
	expect_report(UINT64_MAX, 0, "no frame", UINT64_MAX, 0);
	EXPECT_EQ(frame_free_range(r.pool, FRAME_NONE, UINT64_MAX), ACRE_ERR_RANGE);
	expect_report(UINT64_MAX, UINT64_MAX, "no frame", UINT64_MAX, 0);
	EXPECT_EQ(frame_free_address(r.pool, 0), ACRE_ERR_RANGE);
	expect_report(0, 0, "not in any bank", 0, 0);
	rig_unchanged(&r);
}

KTEST(frame, refuses_an_address_inside_a_frame)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 64, 10);

	REQUIRE_EQ(frame_alloc(pool), 64);
	rig_remember(&r);
	EXPECT_EQ(frame_free_address(pool, 64 * FRAME_SIZE + 8), ACRE_ERR_MISALIGNED);
	expect_report(64 * FRAME_SIZE + 8, 0, "misaligned", 64 * FRAME_SIZE, FRAME_SIZE);
	EXPECT_EQ(frame_free_address(pool, UINT64_MAX), ACRE_ERR_MISALIGNED);
	expect_report(UINT64_MAX, 0, "misaligned", UINT64_MAX - FRAME_SIZE + 1, FRAME_SIZE);
	rig_unchanged(&r);
	EXPECT_EQ(frame_free_address(pool, 64 * FRAME_SIZE), ACRE_OK);
}

KTEST(frame, frees_all_of_a_range_or_nothing_and_names_the_first_that_is_wrong)
{
	struct rig r;

	rig_init(&r, 0);
	rig_add_bank(&r, 1000, 300);
	REQUIRE_EQ(frame_insert(r.pool, 1000, 250), ACRE_OK);
	REQUIRE_EQ(frame_alloc_at(r.pool, 1020, 230), ACRE_OK);
	REQUIRE_EQ(frame_free(r.pool, 1100), ACRE_OK);
	REQUIRE_EQ(frame_free(r.pool, 1200), ACRE_OK);
	rig_remember(&r);
	EXPECT_EQ(frame_free_range(r.pool, 1020, 81), ACRE_ERR_NOT_ALLOCATED);
	expect_report(1020 * FRAME_SIZE, 81 * FRAME_SIZE, "free already", 1100 * FRAME_SIZE,
		      FRAME_SIZE);
	EXPECT_EQ(frame_free_range(r.pool, 1101, 150), ACRE_ERR_NOT_ALLOCATED);
	expect_report(1101 * FRAME_SIZE, 150 * FRAME_SIZE, "free already", 1200 * FRAME_SIZE,
		      FRAME_SIZE);
	EXPECT_EQ(frame_free_range(r.pool, 1201, 60), ACRE_ERR_NOT_ALLOCATED);
	expect_report(1201 * FRAME_SIZE, 60 * FRAME_SIZE, "never inserted", 1250 * FRAME_SIZE,
		      FRAME_SIZE);
	EXPECT_EQ(frame_free_range(r.pool, 1201, 1000), ACRE_ERR_NOT_ALLOCATED);
	expect_report(1201 * FRAME_SIZE, 1000 * FRAME_SIZE, "never inserted", 1250 * FRAME_SIZE,
		      FRAME_SIZE);
	EXPECT_EQ(frame_free_range(r.pool, 1020, 0), ACRE_ERR_INVALID);
	expect_report(1020 * FRAME_SIZE, 0, "a range of no frames", 1020 * FRAME_SIZE, 0);
	EXPECT_EQ(frame_free_range(r.pool, 1030, UINT64_MAX), ACRE_ERR_NOT_ALLOCATED);
	expect_report(1030 * FRAME_SIZE, UINT64_MAX, "free already", 1100 * FRAME_SIZE, FRAME_SIZE);
	rig_unchanged(&r);
	EXPECT_EQ(frame_free_range(r.pool, 1020, 80), ACRE_OK);
	EXPECT_EQ(frame_free_range(r.pool, 1101, 99), ACRE_OK);
	EXPECT_EQ(frame_free_range(r.pool, 1201, 49), ACRE_OK);
	EXPECT_EQ(frame_free_count(r.pool), 250);
	REQUIRE_VALID(frame_validate(r.pool));
}

/* The one call in here is the culprit: it must not be inlined, unrolled or turned into a jump. */
static never_inline const void *culprit_here(struct frame_pool *pool, frame_nr_t pfn)
{
	frame_free(pool, pfn);
	return ktest_last_bad_free()->caller;
}

KTEST(frame, a_refused_free_names_who_freed)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 64, 10);
	const void *culprit = culprit_here(pool, 64);
	EXPECT(culprit != NULL);
	EXPECT(culprit_here(pool, 65) == culprit);
	frame_free(pool, 64);
	EXPECT(ktest_last_bad_free()->caller != culprit);
	frame_free_range(pool, 64, 2);
	EXPECT(ktest_last_bad_free()->caller != culprit);
	EXPECT_EQ(ktest_bad_frees(), 4);
}

/* ---- memory ---------------------------------------------------------------------------------- */

#define RAM_FRAMES 8u

/* A pool whose frames, from @first, have bytes behind them, all 0xee. */
static uint8_t *rig_with_ram(struct rig *r, frame_nr_t first)
{
	uint8_t *ram = ktest_alloc(RAM_FRAMES * FRAME_SIZE, FRAME_SIZE);

	memset(ram, 0xee, RAM_FRAMES * FRAME_SIZE);
	rig_init(r, (uint64_t)(uintptr_t)ram - frame_to_paddr(first));
	rig_add_bank(r, first, RAM_FRAMES);
	REQUIRE_EQ(frame_insert(r->pool, first, RAM_FRAMES), ACRE_OK);
	return ram;
}

static bool frame_is(const uint8_t *bytes, uint8_t byte)
{
	for (unsigned i = 0; i < FRAME_SIZE; i++) {
		if (bytes[i] != byte)
			return false;
	}
	return true;
}

static void check_clearing(frame_nr_t first)
{
	struct rig r;
	uint8_t *ram = rig_with_ram(&r, first);

	EXPECT(frame_ptr(r.pool, first) == ram);
	EXPECT(frame_ptr(r.pool, first + 3) == ram + 3 * FRAME_SIZE);
	EXPECT_EQ(frame_alloc(r.pool), first);
	EXPECT_EQ(frame_alloc_zeroed(r.pool), first + 1);
	EXPECT_EQ(frame_alloc_range(r.pool, 2, FRAME_SIZE), first + 2);
	EXPECT_EQ(frame_alloc_range_zeroed(r.pool, 3, FRAME_SIZE), first + 4);
	for (unsigned i = 0; i < RAM_FRAMES; i++)
		EXPECT(frame_is(ram + i * FRAME_SIZE, i == 1 || (i >= 4 && i < 7) ? 0 : 0xee));
	EXPECT_EQ(frame_free_range(r.pool, first, 7), ACRE_OK); /* touches no byte */
	EXPECT(frame_is(ram, 0xee));
	REQUIRE_VALID(frame_validate(r.pool));
}

KTEST(frame, clears_the_frames_that_it_was_asked_to_clear_and_no_other)
{
	check_clearing(0);
	check_clearing(0x80201);
	check_clearing((1ull << 55) >> FRAME_SHIFT);
	check_clearing(FRAME_LIMIT - RAM_FRAMES);
}

static void check_pointers(frame_nr_t first)
{
	struct rig r, other;
	uint8_t *ram = rig_with_ram(&r, first);
	uint8_t *foreign = rig_with_ram(&other, first);
	const uint64_t start = frame_to_paddr(first);

	for (unsigned i = 0; i < RAM_FRAMES; i++) {
		EXPECT(frame_ptr(r.pool, first + i) == ram + i * FRAME_SIZE);
		EXPECT_EQ(frame_of_ptr(r.pool, ram + i * FRAME_SIZE), first + i);
		EXPECT_EQ(frame_of_ptr(r.pool, ram + (i + 1) * FRAME_SIZE - 1), first + i);
		EXPECT(frame_alloc_ptr(r.pool) == ram + i * FRAME_SIZE);
	}
	EXPECT(frame_alloc_ptr(r.pool) == NULL);
	rig_remember(&r);
	EXPECT_EQ(frame_free_ptr(r.pool, ram + 8), ACRE_ERR_MISALIGNED);
	expect_report(start + 8, 0, "misaligned", start, FRAME_SIZE);
	EXPECT_EQ(frame_free_ptr(r.pool, foreign), ACRE_ERR_RANGE);
	uint64_t address = frame_to_paddr(frame_of_ptr(r.pool, foreign));
	expect_report(address, 0, "not in any bank", address, 0);
	EXPECT_EQ(frame_free_ptr(r.pool, NULL), ACRE_ERR_RANGE);
	address = frame_to_paddr(frame_of_ptr(r.pool, NULL));
	expect_report(address, 0, "not in any bank", address, 0);
	rig_unchanged(&r);
	EXPECT_EQ(frame_free_ptr(r.pool, ram + 3 * FRAME_SIZE), ACRE_OK);
	EXPECT_EQ(frame_free_count(r.pool), 1);
	EXPECT_EQ(frame_free_ptr(r.pool, ram + 3 * FRAME_SIZE), ACRE_ERR_NOT_ALLOCATED);
	expect_report(start + 3 * FRAME_SIZE, 0, "free already", start + 3 * FRAME_SIZE,
		      FRAME_SIZE);
	EXPECT(frame_alloc_ptr(r.pool) == ram + 3 * FRAME_SIZE);
	REQUIRE_VALID(frame_validate(r.pool));
}

KTEST(frame, by_pointer_wherever_the_bytes_are)
{
	check_pointers(0);
	check_pointers(0x80201);
	check_pointers((1ull << 55) >> FRAME_SHIFT);
	check_pointers(FRAME_LIMIT - RAM_FRAMES);
}

/* ---- scoped frames --------------------------------------------------------------------------- */

static frame_nr_t leave_early(struct frame_pool *pool, bool early)
{
	FRAME_SCOPED(first) = frame_scoped_alloc(pool);
	FRAME_SCOPED(run) = frame_scoped_alloc_range(pool, 4, FRAME_SIZE);

	EXPECT(first.pfn == 64 && run.pfn == 65);
	EXPECT_EQ(frame_free_count(pool), 5);
	if (early)
		return FRAME_NONE;
	return frame_scoped_keep(&first);
}

KTEST(frame, a_scoped_frame_frees_itself_unless_it_is_kept)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 64, 10);

	EXPECT_EQ(leave_early(pool, true), FRAME_NONE);
	EXPECT_EQ(frame_free_count(pool), 10);
	REQUIRE_VALID(frame_validate(pool));
	EXPECT_EQ(leave_early(pool, false), 64);
	EXPECT_EQ(frame_free_count(pool), 9);
	EXPECT(!frame_is_free(pool, 64));
	EXPECT_EQ(frame_free(pool, 64), ACRE_OK);
	for (unsigned i = 0; i < 3; i++) {
		FRAME_SCOPED(inner) = frame_scoped_alloc(pool);
		EXPECT_EQ(inner.pfn, 64);
		if (i == 1)
			continue;
		frame_scoped_release(&inner); /* early; the end of the block finds nothing */
		EXPECT_EQ(frame_free_count(pool), 10);
	}
	EXPECT_EQ(frame_free_count(pool), 10);
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame, a_scoped_frame_that_could_not_be_had_frees_nothing)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 64, 1);

	{
		FRAME_SCOPED(one) = frame_scoped_alloc(pool);
		FRAME_SCOPED(none) = frame_scoped_alloc(pool);
		EXPECT_EQ(one.pfn, 64);
		EXPECT_EQ(none.pfn, FRAME_NONE);
		EXPECT_EQ(frame_scoped_keep(&none), FRAME_NONE);
	}
	EXPECT_EQ(ktest_bad_frees(), 0);
	EXPECT_EQ(frame_free_count(pool), 1);
	REQUIRE_VALID(frame_validate(pool));
}

/* ---- the walk -------------------------------------------------------------------------------- */

/* The walk must cite the invariant by its number; then all is mended again. */
static void expect_broken(struct rig *r, const char *number)
{
	const char *sentence = frame_validate(r->pool);

	if (!EXPECT(sentence != NULL && strncmp(sentence, number, 2) == 0))
		ktest_note("it says '%s', not %s", sentence, number);
	memcpy(r->pool, r->copy, sizeof(*r->pool));
	memcpy(r->room, r->room_copy, sizeof(*r->room));
	for (unsigned b = 0; b < r->nbanks; b++)
		memcpy(r->bank[b].metadata, r->bank[b].copy, r->bank[b].bytes);
	REQUIRE_VALID(frame_validate(r->pool));
}

static void flip(bitmap_word *words, uint64_t i)
{
	words[i / 64] ^= bitmap_bit(i);
}

KTEST(frame, validate_sees_each_broken_invariant)
{
	struct rig r;
	struct frame_bank *bank = rig_of(&r, 64, 100)->bank;

	rig_add_bank(&r, 1000, 100);
	REQUIRE_EQ(frame_insert(r.pool, 1000, 50), ACRE_OK);
	r.pool->nstocks = 4;
	rig_remember(&r);

	bank[1].first = 163;
	expect_broken(&r, "F1");
	bank[1].first = FRAME_LIMIT - 99;
	expect_broken(&r, "F1");
	bank[0].nframes = 0;
	expect_broken(&r, "F1");
	r.pool->nbanks = FRAME_ROOM_BANKS + 1;
	expect_broken(&r, "F1");
	bank[0].nbits = 511;
	expect_broken(&r, "F2");
	bank[0].nbits = 1024;
	expect_broken(&r, "F2");
	bank[1].base = 0;
	expect_broken(&r, "F2");
	flip(bank[1].free, 1050 - 512); /* free, and never inserted */
	expect_broken(&r, "F3");
	flip(bank[1].inserted, 1049 - 512);
	expect_broken(&r, "F3");
	flip(bank[1].inserted, 1100 - 512); /* behind the end */
	expect_broken(&r, "F3");
	flip(bank[1].inserted, 1099 - 512);
	expect_broken(&r, "F4");
	bank[0].managed++;
	expect_broken(&r, "F4");
	r.pool->managed--;
	expect_broken(&r, "F4");
	chunk_tree_refresh(&bank[0].chunks, 0);
	rig_remember(&r);
	flip(bank[0].free, 64); /* the tree is not told */
	flip(bank[0].free, 128);
	expect_broken(&r, "C1");
	atomic_store(&r.room->stock[3].base, 64 + 1);
	expect_broken(&r, "F5");
	atomic_store(&r.room->stock[3].base, 100 * 512); /* of no bank */
	expect_broken(&r, "F5");
	atomic_store(&r.room->stock[3].bank, NULL);
	expect_broken(&r, "F5");
	atomic_store(&r.pool->shared.base, 7 * 512);
	expect_broken(&r, "F5");
	bank[1].fast_nbits = 0;
	expect_broken(&r, "F6");
}

/* The same by one question for each frame. */
static struct frame_summary summary_by_frames(struct frame_pool *pool, frame_nr_t pfn,
					      frame_count_t n)
{
	struct frame_summary s = { 0 };
	frame_count_t run = 0, in_piece = 0;

	for (frame_nr_t i = pfn; i < pfn + n; i++) {
		bool free = frame_is_free(pool, i);
		s.managed += frame_is_managed(pool, i);
		s.free += free;
		run = free ? run + 1 : 0;
		s.longest = run > s.longest ? run : s.longest;
		in_piece = i % 512 == 0 ? 0 : in_piece;
		in_piece += free;
		s.whole += in_piece == 512;
	}
	return s;
}

static void expect_summary(struct frame_pool *pool, frame_nr_t pfn, frame_count_t n)
{
	struct frame_summary want = summary_by_frames(pool, pfn, n);
	struct frame_summary got;

	frame_summarize(pool, pfn, n, &got);
	EXPECT_EQ(got.managed, want.managed);
	EXPECT_EQ(got.free, want.free);
	EXPECT_EQ(got.longest, want.longest);
	EXPECT_EQ(got.whole, want.whole);
}

KTEST(frame, a_summary_agrees_with_the_frames_one_by_one)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r, 1000, 2100);

	expect_summary(pool, 1000, 2100);
	for (unsigned i = 0; i < 60; i++) {
		frame_nr_t from = 1000 + ktest_random() % 2100;
		frame_count_t n = 1 + ktest_random() % 90;
		if (i % 3 != 0)
			(void)!frame_alloc_at(pool, from, n < 3100 - from ? n : 3100 - from);
		frame_nr_t at = 900 + ktest_random() % 2300;
		expect_summary(pool, at, ktest_random() % 700);
		expect_summary(pool, 900, 2300);
	}
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame, a_summary_of_two_banks_has_no_run_across_them)
{
	struct rig r;
	struct frame_summary s;

	rig_init(&r, 0);
	rig_add_bank(&r, 512, 100);
	rig_add_bank(&r, 612, 200);
	REQUIRE_EQ(frame_insert(r.pool, 512, 100), ACRE_OK);
	REQUIRE_EQ(frame_insert(r.pool, 612, 200), ACRE_OK);
	frame_summarize(r.pool, 0, UINT64_MAX, &s);
	EXPECT_EQ(s.managed, 300);
	EXPECT_EQ(s.free, 300);
	EXPECT_EQ(s.longest, 200);
	frame_summarize(r.pool, 0, 0, &s);
	EXPECT_EQ(s.managed, 0);
}
