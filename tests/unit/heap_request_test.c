/* SPDX-License-Identifier: MIT */
/* heap_request_test.c - large blocks in frames of their own; flags; places. */
#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "tests/support/grown_heap.h"

#define HERE ((const void *)0xca11e4)
#define LARGE                                                                                      \
	((size_t)100 << 10) /* more than a run of the arena can be, and than HEAP_MAX_OBJECT */

static const struct heap_place anywhere = { UINT64_MAX, HEAP_ANY_NODE };

/* ---- large blocks --------------------------------------------------------------------------- */

KTEST(heap_request, a_large_block_has_frames_of_its_own)
{
	struct grown_heap *g = grown_heap();
	uint8_t *block = heap_alloc(&g->heap, LARGE + 1, HERE);
	struct heap_block found;

	REQUIRE(block != NULL);
	EXPECT(is_aligned((uintptr_t)block, FRAME_SIZE));
	EXPECT_EQ(heap_usable_size(&g->heap, block), LARGE + FRAME_SIZE);
	EXPECT_EQ(grown_stats(g).placed_bytes, LARGE + FRAME_SIZE);
	EXPECT_EQ(grown_stats(g).grown_bytes, 0);
	EXPECT_EQ(grown_stats(g).live_blocks, 1);
	EXPECT_EQ(grown_stats(g).used_bytes, LARGE + FRAME_SIZE);
	memset(hidden(block), 0x5a, LARGE + FRAME_SIZE);
	for (size_t at = 0; at < LARGE + FRAME_SIZE; at += 1000) {
		REQUIRE_EQ(heap_block_of(&g->heap, block + at, &found), ACRE_OK);
		EXPECT(found.what == HEAP_RUN && found.live && found.start == block &&
		       found.bytes == LARGE + FRAME_SIZE);
	}
	grown_expect_books(g);
	heap_free(&g->heap, hidden(block), HERE);
	EXPECT_EQ(grown_stats(g).placed_bytes, 0);
	EXPECT_EQ(heap_block_of(&g->heap, block, &found), ACRE_ERR_RANGE);
	grown_expect_books(g);
}

KTEST(heap_request, more_large_blocks_than_regions)
{
	enum { N = 40 };
	struct grown_heap *g = grown_heap();
	void *block[N];

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < N; i++) {
			block[i] = heap_alloc(&g->heap, LARGE - 40000 + i * 512, HERE);
			REQUIRE((block[i] != NULL) == (i < N));
			memset(block[i], (int)i, 40000);
		}
		EXPECT_EQ(grown_stats(g).regions, 1 + (grown_stats(g).grown_bytes != 0));
		grown_expect_books(g);
		for (unsigned i = 0; i < N; i++) {
			EXPECT_EQ(*(uint8_t *)block[i * 7 % N], i * 7 % N);
			heap_free(&g->heap, block[i * 7 % N], HERE);
		}
	}
	EXPECT_EQ(grown_stats(g).placed_bytes, 0);
	grown_expect_books(g);
}

KTEST(heap_request, wrong_frees_of_large_blocks_are_refused)
{
	struct grown_heap *g = grown_heap();
	uint8_t *block = heap_alloc(&g->heap, LARGE, HERE);

	REQUIRE(block != NULL);
	heap_free(&g->heap, hidden(block + 16), HERE);
	heap_free(&g->heap, hidden(block + FRAME_SIZE), HERE);
	heap_free_sized(&g->heap, hidden(block), LARGE - FRAME_SIZE, HERE);
	EXPECT_EQ(heap_usable_size(&g->heap, block), LARGE);
	heap_free_sized(&g->heap, hidden(block), LARGE - FRAME_SIZE + 1, HERE);
	EXPECT_EQ(grown_stats(g).count.refusals, 3);
	heap_free(&g->heap, block, HERE); /* 'free already', or in no memory of the heap */
	EXPECT_EQ(grown_stats(g).count.refusals, 4);
	EXPECT_EQ(ktest_bad_frees(), 4);
	grown_expect_books(g);
}

KTEST(heap_request, a_large_block_is_resized_where_it_stands_or_moves)
{
	struct grown_heap *g = grown_heap();
	uint8_t *block = heap_alloc(&g->heap, LARGE, HERE);

	REQUIRE(block != NULL);
	memset(block, 0x6b, LARGE);
	EXPECT(heap_realloc(&g->heap, block, LARGE * 2 / 3, HERE) == block);
	EXPECT(heap_realloc(&g->heap, block, LARGE, HERE) == block);
	uint8_t *larger = heap_realloc(&g->heap, block, 3 * LARGE, HERE);
	REQUIRE(larger != NULL && larger != block);
	EXPECT(larger[0] == 0x6b && larger[LARGE - 1] == 0x6b);
	uint8_t *small = heap_realloc(&g->heap, larger, 100, HERE);
	REQUIRE(small != NULL && small != larger);
	EXPECT(small[0] == 0x6b && small[99] == 0x6b);
	EXPECT_EQ(grown_stats(g).placed_bytes, 0);
	heap_free_sized(&g->heap, small, 100, HERE);
	block = heap_alloc(&g->heap, LARGE, HERE);
	EXPECT(heap_realloc(&g->heap, block, LARGE - 5 * FRAME_SIZE, HERE) == block);
	heap_free_sized(&g->heap, block, LARGE - 5 * FRAME_SIZE, HERE);
	EXPECT_EQ(grown_stats(g).count.refusals, 0);
	grown_expect_books(g);
}

KTEST(heap_request, large_blocks_keep_the_limit)
{
	struct grown_heap *g = grown_heap();

	heap_set_limits(&g->heap, 2 * LARGE, 0);
	void *one = heap_alloc(&g->heap, LARGE, HERE);
	void *two = heap_alloc(&g->heap, LARGE, HERE);
	EXPECT(one != NULL && two != NULL);
	EXPECT(heap_alloc(&g->heap, LARGE, HERE) == NULL);
	EXPECT_EQ(grown_stats(g).count.failures, 1);
	heap_free(&g->heap, one, HERE);
	one = heap_alloc(&g->heap, LARGE, HERE);
	EXPECT(one != NULL);
	heap_free(&g->heap, one, HERE);
	heap_free(&g->heap, two, HERE);
	grown_expect_books(g);
}

KTEST(heap_request, a_small_block_at_a_large_alignment_takes_no_region)
{
	struct grown_heap *g = grown_heap();
	void *block = heap_alloc_aligned(&g->heap, 64, (size_t)1 << 20, HERE);

	REQUIRE(block != NULL);
	EXPECT(is_aligned((uintptr_t)block, (size_t)1 << 20));
	EXPECT_EQ(grown_stats(g).grown_bytes, 0);
	EXPECT_EQ(grown_stats(g).placed_bytes, FRAME_SIZE);
	heap_free(&g->heap, block, HERE);
	grown_expect_books(g);
}

/* Of a pool without two frames side by side. */
KTEST(heap_request, a_scattered_pool_gives_frame_by_frame)
{
	struct grown_heap *g = grown_heap();
	const frame_nr_t first = frame_from_paddr(grown_node(g, 0).start);
	unsigned n = 0;

	heap_free(&g->heap, heap_alloc(&g->heap, LARGE, HERE), HERE); /* leaf, descriptors */
	for (frame_nr_t pfn = first; pfn < first + GROWN_FRAMES; pfn += 2)
		(void)!frame_alloc_at(&g->pool, pfn, 1);
	while (heap_alloc(&g->heap, 3000, HERE) != NULL)
		n++;
	EXPECT(n > GROWN_FRAMES / 2 - 32);
	EXPECT(frame_free_count(&g->pool) < 4);
	REQUIRE_VALID(heap_validate(&g->heap));
}

KTEST(heap_request, a_table_does_not_lie_in_a_large_block)
{
	struct grown_heap *g = grown_heap();
	uint8_t *block = heap_alloc(&g->heap, LARGE, HERE);
	uint8_t *memory = ktest_alloc(GROWN_ARENA, FRAME_SIZE);

	REQUIRE(block != NULL);
	EXPECT_EQ(heap_add_region(&g->heap, memory, GROWN_ARENA, block,
				  heap_table_bytes(GROWN_ARENA)),
		  ACRE_ERR_OVERLAP);
	heap_free(&g->heap, block, HERE);
	grown_expect_books(g);
}

/* ---- flags ---------------------------------------------------------------------------------- */

static enum acre_status request(struct grown_heap *g, size_t size, unsigned flags,
				const struct heap_place *place, void **block)
{
	const struct heap_request wanted = { .size = size, .flags = flags, .place = place };

	return heap_alloc_request(&g->heap, &wanted, block, HERE);
}

KTEST(heap_request, a_heap_that_may_not_grow_takes_no_frame)
{
	static const size_t sizes[] = { 16, 1000, 9000, 20000 };
	struct grown_heap *g = grown_heap();
	const frame_count_t free = frame_free_count(&g->pool);
	enum { MOST = 4200 };
	void **block = ktest_alloc(MOST * sizeof(*block), 8);

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned n = 0;
		while (n < MOST && request(g, sizes[i], HEAP_NO_GROW, NULL, &block[n]) == ACRE_OK)
			n++;
		EXPECT(n > 1 && n < MOST);
		EXPECT_EQ(frame_free_count(&g->pool), free);
		EXPECT_EQ(request(g, LARGE, HEAP_NO_GROW, NULL, &block[n]), ACRE_ERR_NOMEM);
		EXPECT(block[n] == NULL);
		grown_expect_books(g);
		while (n > 0)
			heap_free(&g->heap, block[--n], HERE);
	}
	EXPECT_EQ(grown_stats(g).grows, 0);
}

KTEST(heap_request, zeroed_blocks_of_each_kind_are_zero)
{
	static const size_t sizes[] = { 1, 100, 16384, 20000, LARGE };
	struct grown_heap *g = grown_heap();

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint8_t *dirty = heap_alloc(&g->heap, sizes[i], HERE);
		REQUIRE(dirty != NULL);
		memset(dirty, 0xee, sizes[i]);
		heap_free(&g->heap, dirty, HERE);
		void *block;
		REQUIRE_EQ(request(g, sizes[i], HEAP_ZERO, NULL, &block), ACRE_OK);
		for (size_t at = 0; at < sizes[i]; at++)
			REQUIRE_EQ(((uint8_t *)block)[at], 0);
		heap_free(&g->heap, block, HERE);
	}
}

/* ---- places --------------------------------------------------------------------------------- */

static bool lies_in(const void *block, size_t size, struct acre_range range)
{
	uint64_t start = (uint64_t)(uintptr_t)block;

	return start >= range.start && start + size <= range.end;
}

KTEST(heap_request, a_block_lies_on_its_node)
{
	struct grown_heap *g = grown_heap();

	for (unsigned node = 0; node < GROWN_NODES; node++) {
		const struct heap_place place = { UINT64_MAX, node };
		void *block[64];
		unsigned n = 0;
		while (n < ARRAY_SIZE(block) && request(g, LARGE, 0, &place, &block[n]) == ACRE_OK)
			n++;
		EXPECT(n >= (GROWN_FRAMES / GROWN_NODES - 32) / (LARGE / FRAME_SIZE));
		EXPECT(n < ARRAY_SIZE(block));
		grown_expect_books(g);
		while (n > 0) {
			n--;
			EXPECT(lies_in(block[n], LARGE, grown_node(g, node)));
			heap_free(&g->heap, block[n], HERE);
		}
	}
	const struct heap_place nowhere = { UINT64_MAX, 7 };
	void *block;
	EXPECT_EQ(request(g, LARGE, 0, &nowhere, &block), ACRE_ERR_NOMEM);
	EXPECT(block == NULL);
	EXPECT_EQ(grown_stats(g).placed_bytes, 0);
	grown_expect_books(g);
}

KTEST(heap_request, a_block_lies_below_its_address)
{
	struct grown_heap *g = grown_heap();
	const struct acre_range low = grown_node(g, 0);
	const struct acre_range high = grown_node(g, 1);
	const struct acre_range part = { low.start, low.end - 100 * FRAME_SIZE - 1 };
	const struct heap_place below = { part.end, HEAP_ANY_NODE };
	const struct heap_place upper = { high.start + 40 * FRAME_SIZE, 1 };
	const struct heap_place too_low = { low.start, HEAP_ANY_NODE };
	void *block[64];
	unsigned n = 0;

	while (n < ARRAY_SIZE(block) && request(g, LARGE, 0, &below, &block[n]) == ACRE_OK) {
		EXPECT(lies_in(block[n], LARGE, part));
		n++;
	}
	EXPECT(n > 10 && n < ARRAY_SIZE(block));
	REQUIRE_EQ(request(g, LARGE, 0, &upper, &block[n]), ACRE_OK);
	EXPECT(lies_in(block[n], LARGE, (struct acre_range){ high.start, upper.below }));
	n++;
	REQUIRE_EQ(request(g, LARGE, 0, &anywhere, &block[n]), ACRE_OK);
	EXPECT(!lies_in(block[n], LARGE, part));
	EXPECT_EQ(request(g, LARGE, 0, &too_low, &block[n + 1]), ACRE_ERR_NOMEM);
	grown_expect_books(g);
	do
		heap_free(&g->heap, block[n], HERE);
	while (n-- > 0);
	EXPECT_EQ(grown_stats(g).placed_bytes, 0);
}

KTEST(heap_request, an_aligned_block_at_a_place)
{
	struct grown_heap *g = grown_heap();
	const struct heap_place place = { UINT64_MAX, 1 };
	const struct heap_request wanted = {
		.size = LARGE, .align = (size_t)512 << 10, .flags = HEAP_ZERO, .place = &place
	};
	void *block;

	REQUIRE_EQ(heap_alloc_request(&g->heap, &wanted, &block, HERE), ACRE_OK);
	EXPECT(is_aligned((uintptr_t)block, wanted.align));
	EXPECT(lies_in(block, LARGE, grown_node(g, 1)));
	heap_free_sized(&g->heap, block, LARGE, HERE);
	EXPECT_EQ(grown_stats(g).count.refusals, 0);
	grown_expect_books(g);
}

KTEST(heap_request, what_has_no_meaning_is_said)
{
	struct grown_heap *g = grown_heap();
	struct heap *bare = ktest_alloc(sizeof(*bare), 128);
	const struct heap_request odd = { .size = 5, .align = 48 };
	const struct heap_request huge = { .size = HEAP_MAX_SIZE + 1, .place = &anywhere };
	const struct heap_request placed = { .size = LARGE, .place = &anywhere };
	void *block;

	EXPECT_EQ(request(g, HEAP_MAX_OBJECT, 0, &anywhere, &block), ACRE_ERR_INVALID);
	EXPECT_EQ(request(g, LARGE, HEAP_NO_GROW, &anywhere, &block), ACRE_ERR_INVALID);
	EXPECT_EQ(request(g, LARGE, 4, NULL, &block), ACRE_ERR_INVALID);
	EXPECT_EQ(grown_stats(g).count.failures, 0);
	EXPECT_EQ(heap_alloc_request(&g->heap, &odd, &block, HERE), ACRE_ERR_MISALIGNED);
	EXPECT_EQ(grown_stats(g).count.bad_alignments, 1);
	EXPECT_EQ(heap_alloc_request(&g->heap, &huge, &block, HERE), ACRE_ERR_NOMEM);
	EXPECT_EQ(grown_stats(g).count.failures, 1);
	EXPECT_EQ(grown_stats(g).last_failure.size, HEAP_MAX_SIZE + 1);
	heap_init(bare);
	EXPECT_EQ(heap_alloc_request(bare, &placed, &block, HERE), ACRE_ERR_UNSUPPORTED);
	EXPECT(block == NULL);
}
