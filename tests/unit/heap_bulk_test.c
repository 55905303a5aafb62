/* SPDX-License-Identifier: MIT */
/* heap_bulk_test.c - several blocks at a time, and a reserve. */
#include "mm/heap/heap_bulk.h"

#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/heap/heap.h"
#include "tests/support/ktest.h"

#define HERE  ((const void *)0xca11e4)
#define SIZE  ((size_t)512 << 10)
#define MANY  300u
#define ROUND 2000u

struct rig {
	struct heap heap;
	void *block[MANY];
	uint8_t *memory;
};

static struct rig *make(void)
{
	struct rig *r = ktest_alloc(sizeof(*r), 64);
	const size_t table = heap_table_bytes(SIZE);

	r->memory = ktest_alloc(SIZE, 4096);
	heap_init(&r->heap);
	REQUIRE_EQ(heap_add_region(&r->heap, r->memory, SIZE, ktest_alloc(table, 8), table),
		   ACRE_OK);
	return r;
}

static struct heap_stats stats_of(struct rig *r)
{
	struct heap_stats s;

	heap_stats(&r->heap, &s);
	return s;
}

/* Each says its number, all over. */
static void mark(struct rig *r, unsigned n, size_t size)
{
	for (unsigned i = 0; i < n; i++) {
		EXPECT(heap_usable_size(&r->heap, r->block[i]) >= size);
		memset(r->block[i], (int)i, size);
	}
}

static void expect_marks(struct rig *r, unsigned n, size_t size)
{
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *byte = r->block[i];
		for (size_t k = 0; k < size; k++)
			REQUIRE_EQ(byte[k], (uint8_t)i);
	}
}

KTEST(heap_bulk, takes_and_frees_any_number_of_any_size)
{
	static const size_t sizes[] = { 0, 1, 16, 17, 48, 100, 512, 1000, 1024, 1500 };
	static const unsigned counts[] = { 0, 1, 2, 63, 64, 65, 130, 257, MANY };
	struct rig *r = make();

	for (unsigned s = 0; s < ARRAY_SIZE(sizes); s++) {
		for (unsigned c = 0; c < ARRAY_SIZE(counts); c++) {
			const unsigned n = counts[c];
			REQUIRE(heap_alloc_bulk(&r->heap, sizes[s], n, r->block, HERE));
			EXPECT_EQ(stats_of(r).live_blocks, n);
			mark(r, n, sizes[s]);
			expect_marks(r, n, sizes[s]);
			heap_free_bulk(&r->heap, n, r->block, HERE);
			EXPECT_EQ(stats_of(r).live_blocks, 0);
			REQUIRE_VALID(heap_validate(&r->heap));
		}
	}
	EXPECT_EQ(ktest_bad_frees(), 0);
	EXPECT_EQ(stats_of(r).count.failures, 0);
}

KTEST(heap_bulk, takes_runs_too)
{
	struct rig *r = make();

	REQUIRE(heap_alloc_bulk(&r->heap, 20000, 10, r->block, HERE));
	mark(r, 10, 20000);
	expect_marks(r, 10, 20000);
	heap_free_bulk(&r->heap, 10, r->block, HERE);
	EXPECT_EQ(stats_of(r).used_bytes, 0);
	REQUIRE_VALID(heap_validate(&r->heap));
}

KTEST(heap_bulk, takes_all_or_none)
{
	static const size_t sizes[] = { 2000, 5000, 9000, 20000 };
	struct rig *r = make();

	for (unsigned s = 0; s < ARRAY_SIZE(sizes); s++) {
		const unsigned too_many = (unsigned)(SIZE / sizes[s]) + 1;
		EXPECT(!heap_alloc_bulk(&r->heap, sizes[s], too_many, r->block, HERE));
		EXPECT_EQ(stats_of(r).used_bytes, 0);
		EXPECT_EQ(stats_of(r).count.failures, s + 1);
		REQUIRE_VALID(heap_validate(&r->heap));
		REQUIRE(heap_alloc_bulk(&r->heap, sizes[s], too_many / 2, r->block, HERE));
		heap_free_bulk(&r->heap, too_many / 2, r->block, HERE);
		EXPECT_EQ(stats_of(r).used_bytes, 0);
	}
	EXPECT_EQ(ktest_bad_frees(), 0);
}

KTEST(heap_bulk, refuses_what_is_no_block_and_frees_the_rest)
{
	struct rig *r = make();
	void *run;

	REQUIRE(heap_alloc_bulk(&r->heap, 64, 10, r->block, HERE));
	run = heap_alloc(&r->heap, 20000, HERE);
	REQUIRE(run != NULL);
	uint8_t *first = r->block[0];
	void *all[] = {
		r->block[0], r->block[1], r->block[1], NULL,        r->block[2], first + 8,
		run,         r->block[3], run,         &r,          r->block[4], r->block[3],
		r->block[5], r->block[6], r->block[7], r->block[8], r->block[9], r->block[0],
	};
	heap_free_bulk(&r->heap, ARRAY_SIZE(all), all, HERE);
	/* 1 and 3 and 0 twice, one inside, the run twice, one that is not the heap's */
	EXPECT_EQ(ktest_bad_frees(), 6);
	EXPECT_EQ(stats_of(r).count.refusals, 6);
	EXPECT_EQ(stats_of(r).used_bytes, 0);
	REQUIRE_VALID(heap_validate(&r->heap));
}

KTEST(heap_bulk, frees_that_are_second_ones_change_nothing)
{
	struct rig *r = make();

	REQUIRE(heap_alloc_bulk(&r->heap, 32, 128, r->block, HERE));
	heap_free_bulk(&r->heap, 40, r->block, HERE);
	heap_free_bulk(&r->heap, 60, r->block, HERE);
	EXPECT_EQ(ktest_bad_frees(), 40);
	EXPECT_EQ(stats_of(r).live_blocks, 68);
	heap_free_bulk(&r->heap, 68, r->block + 60, HERE);
	EXPECT_EQ(stats_of(r).live_blocks, 0);
	REQUIRE_VALID(heap_validate(&r->heap));
}

KTEST(heap_bulk, mixes_with_single_calls)
{
	struct rig *r = make();
	unsigned live = 0;

	for (unsigned step = 0; step < ROUND; step++) {
		unsigned n = (unsigned)(ktest_random() % 70);
		if (ktest_random() % 2 == 0 && live + n <= MANY) {
			if (ktest_random() % 4 == 0 && n > 0) {
				n = 1;
				r->block[live] = heap_alloc(&r->heap, 48, HERE);
				REQUIRE(r->block[live] != NULL);
			} else {
				REQUIRE(heap_alloc_bulk(&r->heap, 48, n, &r->block[live], HERE));
			}
			for (unsigned i = live; i < live + n; i++)
				*(uint64_t *)r->block[i] = i;
			live += n;
		} else {
			n = n < live ? n : live;
			for (unsigned i = live - n; i < live; i++)
				EXPECT_EQ(*(uint64_t *)r->block[i], i);
			live -= n;
			heap_free_bulk(&r->heap, n, &r->block[live], HERE);
		}
		EXPECT_EQ(stats_of(r).live_blocks, live);
	}
	heap_free_bulk(&r->heap, live, r->block, HERE);
	REQUIRE_VALID(heap_validate(&r->heap));
	EXPECT_EQ(ktest_bad_frees(), 0);
}

/* ---- a reserve -------------------------------------------------------------------------------- */

KTEST(heap_bulk, a_reserve_has_what_it_was_opened_with)
{
	struct rig *r = make();
	struct heap_reserve reserve;
	void *taken[12];
	unsigned n = 0;

	REQUIRE(heap_reserve_open(&reserve, &r->heap, 700, 12, r->block, HERE));
	/* Whatever others take, it is there. */
	void *other[MANY];
	while (n < MANY && (other[n] = heap_alloc(&r->heap, 700, HERE)) != NULL)
		n++;
	for (unsigned i = 0; i < 8; i++) {
		taken[i] = heap_reserve_take(&reserve);
		REQUIRE(taken[i] != NULL);
		memset(taken[i], 0x5a, 700);
	}
	for (unsigned i = 0; i < n; i++)
		heap_free(&r->heap, other[i], HERE);
	EXPECT_EQ(stats_of(r).live_blocks, 12);
	heap_reserve_close(&reserve, HERE);
	EXPECT_EQ(stats_of(r).live_blocks, 8);
	EXPECT(heap_reserve_take(&reserve) == NULL);
	heap_reserve_close(&reserve, HERE);
	heap_free_bulk(&r->heap, 8, taken, HERE);
	EXPECT_EQ(stats_of(r).live_blocks, 0);
	EXPECT_EQ(ktest_bad_frees(), 0);
}

KTEST(heap_bulk, a_reserve_is_opened_with_all_or_not_at_all)
{
	struct rig *r = make();
	struct heap_reserve reserve = { 0 };

	EXPECT(!heap_reserve_open(&reserve, &r->heap, 16384, 64, r->block, HERE));
	EXPECT(reserve.heap == NULL);
	EXPECT_EQ(stats_of(r).used_bytes, 0);
	REQUIRE(heap_reserve_open(&reserve, &r->heap, 16, 2, r->block, HERE));
	void *a = heap_reserve_take(&reserve);
	void *b = heap_reserve_take(&reserve);
	EXPECT(a != NULL && b != NULL && a != b && heap_reserve_take(&reserve) == NULL);
	heap_reserve_close(&reserve, HERE);
	heap_free(&r->heap, a, HERE);
	heap_free(&r->heap, b, HERE);
	EXPECT_EQ(stats_of(r).used_bytes, 0);
}
