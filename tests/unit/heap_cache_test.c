/* SPDX-License-Identifier: MIT */
/* heap_cache_test.c - caches: sizes, alignments, constructors, places, refusals, leaks. */
#include "mm/heap/heap_cache.h"

#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "tests/support/grown_heap.h"

#define HERE  ((const void *)0xca11e4)
#define MOST  300u
#define MAGIC 0x600dc0deu

static void create(struct heap_cache *cache, struct grown_heap *g, size_t size, size_t align)
{
	const struct heap_cache_kind kind = { .name = "things", .size = size, .align = align };

	REQUIRE_EQ(heap_cache_create(cache, &g->heap, &kind), ACRE_OK);
}

static struct slab_stats stats_of(const struct heap_cache *cache)
{
	struct slab_stats s;

	heap_cache_stats(cache, &s);
	return s;
}

static void destroy(struct heap_cache *cache)
{
	EXPECT_EQ(heap_cache_destroy(cache), ACRE_OK);
	EXPECT(cache->heap == NULL);
}

/* ---- sizes and alignments ------------------------------------------------------------------- */

static void fill_and_empty(struct grown_heap *g, size_t size, size_t align, unsigned n)
{
	struct heap_cache cache = { 0 };
	uint8_t *object[MOST];

	create(&cache, g, size, align);
	for (unsigned i = 0; i < n; i++) {
		object[i] = heap_cache_alloc(&cache, HERE);
		REQUIRE(object[i] != NULL);
		EXPECT(is_aligned((uintptr_t)object[i], align != 0 ? align : HEAP_MIN_ALIGN));
		EXPECT(heap_usable_size(&g->heap, object[i]) >= size);
		memset(object[i], (int)(i + 1), size);
	}
	EXPECT_EQ(stats_of(&cache).live, n);
	EXPECT_EQ(stats_of(&cache).size, align_up(size, align > 16 ? align : 16));
	grown_expect_books(g);
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *o = object[i];
		EXPECT(o[0] == (uint8_t)(i + 1) && o[size - 1] == (uint8_t)(i + 1));
		heap_cache_free(&cache, object[i], HERE);
	}
	EXPECT_EQ(stats_of(&cache).live, 0);
	grown_expect_books(g);
	destroy(&cache);
	grown_expect_books(g);
}

KTEST(heap_cache, has_objects_of_any_size_and_alignment)
{
	static const struct {
		size_t size;
		size_t align;
		unsigned n;
	} kinds[] = {
		{ 1, 0, MOST },    { 24, 8, MOST },    { 100, 64, MOST },    { 136, 0, MOST },
		{ 40, 4096, 64 },  { 700, 256, MOST }, { 5000, 0, 100 },     { 16385, 0, 40 },
		{ 40000, 16, 20 }, { 100, 65536, 12 }, { 300000, 32768, 5 }, { 1, 1, 1 },
		{ 65536, 0, 10 },  { 65537, 0, 10 },   { 8192, 8192, 60 },
	};
	struct grown_heap *g = grown_heap();

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		fill_and_empty(g, kinds[i].size, kinds[i].align, kinds[i].n);
	heap_shrink(&g->heap);
	EXPECT_EQ(grown_stats(g).grown_bytes, 0);
	EXPECT_EQ(grown_stats(g).live_blocks, 0);
}

KTEST(heap_cache, is_exact_to_its_size)
{
	struct grown_heap *g = grown_heap();
	struct heap_cache cache = { 0 };

	create(&cache, g, 520, 8); /* the class for that size has 576 */
	void *object = heap_cache_alloc(&cache, HERE);
	EXPECT_EQ(heap_usable_size(&g->heap, object), 528);
	heap_cache_free(&cache, object, HERE);
	destroy(&cache);
}

/* ---- constructors --------------------------------------------------------------------------- */

struct thing {
	uint32_t magic;
	uint32_t lives;
	char rest[120];
};

static void construct_thing(void *object, void *context)
{
	struct thing *t = object;

	t->magic = MAGIC;
	t->lives = 0;
	++*(unsigned *)context;
}

KTEST(heap_cache, constructs_each_object_once)
{
	struct grown_heap *g = grown_heap();
	struct heap_cache cache = { 0 };
	unsigned constructed = 0;
	struct thing *thing[40];
	const struct heap_cache_kind kind = { .name = "constructed",
					      .size = sizeof(struct thing),
					      .construct = construct_thing,
					      .context = &constructed };

	REQUIRE_EQ(heap_cache_create(&cache, &g->heap, &kind), ACRE_OK);
	EXPECT_EQ(constructed, 0);
	for (uint32_t round = 0; round < 10; round++) {
		for (unsigned i = 0; i < ARRAY_SIZE(thing); i++) {
			thing[i] = heap_cache_alloc(&cache, HERE);
			REQUIRE(thing[i] != NULL);
			EXPECT_EQ(thing[i]->magic, MAGIC);
			EXPECT(thing[i]->lives <= round);
			thing[i]->lives++;
		}
		EXPECT(constructed >= ARRAY_SIZE(thing));
		EXPECT_EQ(constructed % stats_of(&cache).objects, 0);
		for (unsigned i = 0; i < ARRAY_SIZE(thing); i++)
			heap_cache_free(&cache, thing[i], HERE);
	}
	EXPECT(constructed < 10 * ARRAY_SIZE(thing));
	/* In slabs that were given up they are made anew. */
	const unsigned before = constructed;
	heap_shrink(&g->heap);
	thing[0] = heap_cache_alloc(&cache, HERE);
	EXPECT(constructed > before);
	EXPECT_EQ(thing[0]->lives, 0);
	heap_cache_free(&cache, thing[0], HERE);
	destroy(&cache);
}

/* ---- refusals ------------------------------------------------------------------------------- */

KTEST(heap_cache, refuses_what_is_no_live_object_of_it)
{
	struct grown_heap *g = grown_heap();
	struct heap_cache one = { 0 };
	struct heap_cache two = { 0 };
	uint8_t on_stack[16];

	create(&one, g, 100, 0);
	create(&two, g, 100, 0);
	uint8_t *of_one = heap_cache_alloc(&one, HERE);
	uint8_t *of_two = heap_cache_alloc(&two, HERE);
	uint8_t *block = heap_alloc(&g->heap, 100, HERE);
	uint8_t *run = heap_alloc(&g->heap, 20000, HERE);

	heap_cache_free(&one, of_two, HERE);
	heap_cache_free(&one, block, HERE);
	heap_cache_free(&one, run, HERE);
	heap_cache_free(&one, of_one + 8, HERE);
	heap_cache_free(&one, on_stack, HERE);
	EXPECT_EQ(heap_realloc(&g->heap, hidden(of_one), 50, HERE) == NULL, true);
	heap_free_sized(&g->heap, hidden(of_one), 100, HERE);
	EXPECT_EQ(ktest_bad_frees(), 7);
	EXPECT_EQ(stats_of(&one).live, 1);
	EXPECT_EQ(stats_of(&two).live, 1);
	heap_cache_free(&one, of_one, HERE);
	heap_cache_free(&one, NULL, HERE);
	EXPECT_EQ(ktest_bad_frees(), 0);
	heap_cache_free(&one, of_one, HERE);
	EXPECT_EQ(ktest_bad_frees(), 1);
	heap_free(&g->heap, of_two, HERE); /* that may be */
	heap_free(&g->heap, block, HERE);
	heap_free(&g->heap, run, HERE);
	EXPECT_EQ(ktest_bad_frees(), 0);
	destroy(&one);
	destroy(&two);
	grown_expect_books(g);
}

KTEST(heap_cache, refuses_kinds_that_are_none)
{
	struct grown_heap *g = grown_heap();
	struct heap *bare = ktest_alloc(sizeof(*bare), 128);
	struct heap_cache cache = { 0 };
	const struct heap_place place = { UINT64_MAX, 0 };
	const struct {
		struct heap_cache_kind kind;
		enum acre_status status;
	} cases[] = {
		{ { .size = 8 }, ACRE_ERR_INVALID },
		{ { .name = "x" }, ACRE_ERR_INVALID },
		{ { .name = "x", .size = 8, .align = 24 }, ACRE_ERR_MISALIGNED },
		{ { .name = "x", .size = HEAP_MAX_SIZE + 1 }, ACRE_ERR_RANGE },
		{ { .name = "x", .size = 8, .align = 2 * HEAP_MAX_SIZE }, ACRE_ERR_RANGE },
	};
	const struct heap_cache_kind placed = { .name = "x", .size = 8, .place = &place };

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT_EQ(heap_cache_create(&cache, &g->heap, &cases[i].kind), cases[i].status);
	heap_init(bare);
	EXPECT_EQ(heap_cache_create(&cache, bare, &placed), ACRE_ERR_UNSUPPORTED);
	EXPECT(cache.heap == NULL);
}

KTEST(heap_cache, there_are_as_many_as_it_says_and_their_numbers_are_used_again)
{
	struct grown_heap *g = grown_heap();
	struct heap_cache *cache = ktest_alloc((HEAP_MAX_CACHES + 1) * sizeof(*cache), 8);
	const struct heap_cache_kind kind = { .name = "many", .size = 64 };

	memset(cache, 0, (HEAP_MAX_CACHES + 1) * sizeof(*cache));
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < HEAP_MAX_CACHES; i++)
			create(&cache[i], g, 16 * (i + 1 + round), 0);
		EXPECT_EQ(heap_cache_create(&cache[HEAP_MAX_CACHES], &g->heap, &kind),
			  ACRE_ERR_FULL);
		for (unsigned i = 0; i < HEAP_MAX_CACHES; i++) {
			void *object = heap_cache_alloc(&cache[i], HERE);
			EXPECT_EQ(heap_usable_size(&g->heap, object), 16 * (i + 1 + round));
			heap_cache_free(&cache[i], object, HERE);
		}
		for (unsigned i = 0; i < HEAP_MAX_CACHES; i++)
			destroy(&cache[i]);
	}
	grown_expect_books(g);
}

/* ---- leaks, failures, places ------------------------------------------------------------------ */

KTEST(heap_cache, that_has_live_objects_is_not_destroyed)
{
	struct grown_heap *g = grown_heap();
	struct heap_cache cache = { 0 };
	void *object[6];
	const void *live[6] = { NULL };

	create(&cache, g, 200, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(object); i++)
		object[i] = heap_cache_alloc(&cache, HERE);
	heap_cache_free(&cache, object[1], HERE);
	EXPECT_EQ(heap_cache_destroy(&cache), ACRE_ERR_BUSY); /* it says four of the five */
	EXPECT_EQ(slab_class_live(&g->heap.slabs, cache.class, live, 4), 5);
	EXPECT(live[0] == object[0] && live[1] == object[2] && live[3] == object[4]);
	EXPECT(live[4] == NULL);
	EXPECT_EQ(stats_of(&cache).live, 5);
	object[1] = heap_cache_alloc(&cache, HERE); /* it goes on */
	EXPECT(object[1] != NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(object); i++)
		heap_cache_free(&cache, object[i], HERE);
	destroy(&cache);
	grown_expect_books(g);
}

KTEST(heap_cache, counts_what_it_could_not_give)
{
	struct grown_heap *g = grown_heap();
	struct heap_cache cache = { 0 };
	void *object[MOST];
	unsigned n = 0;

	create(&cache, g, 3000, 0);
	heap_set_limits(&g->heap, 0, 0);
	while (n < MOST && (object[n] = heap_cache_alloc(&cache, HERE)) != NULL)
		n++;
	EXPECT(n >= GROWN_ARENA / 3000 * 8 / 10 && n < MOST);
	EXPECT_EQ(cache.failures, 1);
	EXPECT_EQ(grown_stats(g).count.failures, 1);
	while (n > 0)
		heap_cache_free(&cache, object[--n], HERE);
	destroy(&cache);
}

/* Of an arena, as objects are freed; not only when the cache is destroyed. */
KTEST(heap_cache, gives_slabs_back)
{
	struct grown_heap *g = grown_heap();
	struct heap_cache cache = { 0 };
	void *object[MOST];
	unsigned n = 0;

	create(&cache, g, 1000, 0);
	heap_set_limits(&g->heap, 0, 0);
	while (n < MOST && (object[n] = heap_cache_alloc(&cache, HERE)) != NULL)
		n++;
	const uint64_t slabs = stats_of(&cache).slabs;
	while (n > 0)
		heap_cache_free(&cache, object[--n], HERE);
	EXPECT(stats_of(&cache).slabs < slabs);
	destroy(&cache);
	grown_expect_books(g);
}

KTEST(heap_cache, has_all_its_objects_at_its_place)
{
	struct grown_heap *g = grown_heap();
	struct heap_cache cache = { 0 };
	const struct acre_range range = grown_node(g, 1);
	const struct heap_place place = { range.start + (range.end - range.start) / 2, 1 };
	const struct heap_cache_kind kind = { .name = "placed", .size = 600, .place = &place };
	uint8_t *object[MOST];

	REQUIRE_EQ(heap_cache_create(&cache, &g->heap, &kind), ACRE_OK);
	for (unsigned i = 0; i < MOST; i++) {
		object[i] = heap_cache_alloc(&cache, HERE);
		REQUIRE(object[i] != NULL);
		EXPECT((uint64_t)(uintptr_t)object[i] >= range.start);
		EXPECT((uint64_t)(uintptr_t)object[i] + 600 <= place.below);
		memset(object[i], (int)i, 600);
	}
	EXPECT(grown_stats(g).placed_bytes >= MOST * 600);
	EXPECT_EQ(grown_stats(g).grown_bytes, 0);
	grown_expect_books(g);
	for (unsigned i = 0; i < MOST; i++) {
		EXPECT_EQ(object[i][599], (uint8_t)i);
		heap_cache_free(&cache, object[i], HERE);
	}
	destroy(&cache);
	EXPECT_EQ(grown_stats(g).placed_bytes, 0);
	grown_expect_books(g);
}

/* A hook says by that whether it gave anything. */
KTEST(heap_cache, frames_of_an_empty_placed_slab_count_as_given_back)
{
	struct grown_heap *g = grown_heap();
	struct heap_cache cache = { 0 };
	const struct heap_place place = { UINT64_MAX, HEAP_ANY_NODE };
	const struct heap_cache_kind kind = { .name = "placed", .size = 2048, .place = &place };

	REQUIRE_EQ(heap_cache_create(&cache, &g->heap, &kind), ACRE_OK);
	heap_cache_free(&cache, heap_cache_alloc(&cache, HERE), HERE);
	const size_t placed = grown_stats(g).placed_bytes;
	EXPECT(placed != 0);
	EXPECT_EQ(heap_shrink(&g->heap), placed);
	EXPECT_EQ(heap_shrink(&g->heap), 0);
	destroy(&cache);
}

KTEST(heap_cache, objects_of_stocks_near_and_far)
{
	struct grown_heap *g = ktest_alloc(sizeof(*g), 128);
	const struct hart_slots stocks =
		hart_slots_array(g->stock, sizeof(g->stock[0]), PLATFORM_MAX_HARTS);
	struct heap_cache cache = { 0 };
	struct grown_heap *grown = grown_heap_of(&stocks);
	struct heap_block block;

	create(&cache, grown, 80, 0);
	void *object = heap_cache_alloc(&cache, HERE);
	REQUIRE_EQ(heap_block_of(&grown->heap, (uint8_t *)object + 5, &block), ACRE_OK);
	EXPECT(block.what == HEAP_OBJECT && block.live && block.start == object);
	EXPECT(block.cache != NULL && strcmp(block.cache, "things") == 0);
	heap_cache_free(&cache, object, HERE);
	destroy(&cache);
}
