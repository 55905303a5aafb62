/* SPDX-License-Identifier: MIT */
/*
 * heap_share_test.c - sizes that share a slab (heap.c): the first objects of a size are those of
 * the next power of two, until the slab of those is full. And what is done where memory is scarce.
 */
#include "lib/compiler.h"
#include "mm/heap/heap.h"
#include "mm/heap/heap_internal.h"
#include "mm/heap/slab_internal.h"
#include "tests/support/ktest.h"

#define HERE  ((const void *)0xca11e6)
#define ARENA ((size_t)1 << 20)

/* The compiler knows what a free is. */
static void *hide(void *p)
{
	void *volatile hidden = p;

	return hidden;
}

static struct heap *make(size_t bytes)
{
	struct heap *h = ktest_alloc(sizeof(*h), 128);

	heap_init(h);
	REQUIRE_EQ(heap_add_region_self(h, ktest_alloc(bytes, PAGE_MAP_FRAME), bytes), ACRE_OK);
	return h;
}

static struct slab_stats stats_of(struct heap *h, unsigned class)
{
	struct slab_stats s;

	slab_class_stats(&h->slabs, class, &s);
	return s;
}

/* Slabs of all classes for sizes. */
static size_t slabs_of(struct heap *h)
{
	size_t n = 0;

	for (unsigned class = 1; class <= SLAB_CLASSES; class ++)
		n += stats_of(h, class).slabs;
	return n;
}

/* The classes that are shared: written otherwise than in slab.c. */
KTEST(heap_share, the_class_of_the_next_power_of_two_is_shared)
{
	for (unsigned class = 1; class <= SLAB_CLASSES; class ++) {
		const size_t size = slab_class_size(class);
		const size_t shared = slab_class_size(slab_shared_class(class));

		EXPECT((shared & (shared - 1)) == 0);
		EXPECT(shared >= size && shared / 2 < size);
	}
}

KTEST(heap_share, a_few_of_each_size_have_one_slab_a_doubling)
{
	struct heap *h = make(ARENA);

	for (size_t size = 1; size <= 4096; size += size < 128 ? 16 : size / 4) {
		uint8_t *p = heap_alloc(h, size, HERE);
		REQUIRE(p != NULL);
		EXPECT(heap_usable_size(h, p) < 2 * size || size <= 16);
	}
	EXPECT_EQ(slabs_of(h), 9); /* 16, 32, 64, ... 4096 */
	REQUIRE_VALID(heap_validate(h));
}

/*
 * The first size that finds the shared slab full has a class of its own from then on; no other size
 * has.
 */
KTEST(heap_share, a_size_has_its_class_where_the_shared_slab_is_full)
{
	struct heap *h = make(ARENA);
	const unsigned own = heap_class_of(h, 80);
	const unsigned shared = slab_shared_class(own);
	const size_t objects = PAGE_MAP_FRAME / 128;
	void *p[64];

	for (size_t i = 0; i < objects; i++) {
		p[i] = heap_alloc(h, i % 2 == 0 ? 80 : 100, HERE);
		EXPECT_EQ(heap_usable_size(h, p[i]), 128);
	}
	EXPECT_EQ(heap_class_now(h, 80), shared);
	p[objects] = heap_alloc(h, 80, HERE);
	EXPECT_EQ(heap_usable_size(h, p[objects]), 80);
	for (size_t size = 65; size <= 80; size++)
		EXPECT_EQ(heap_class_now(h, size), own);
	EXPECT_EQ(heap_class_now(h, 64), slab_shared_class(heap_class_of(h, 64)));
	EXPECT_EQ(heap_class_now(h, 81), shared);
	EXPECT_EQ(heap_class_now(h, 100), shared);
	REQUIRE_VALID(heap_validate(h));
	for (size_t i = 0; i <= objects; i++)
		heap_free_sized(h, p[i], i % 2 == 0 ? 80 : 100, HERE);
	EXPECT_EQ(ktest_bad_frees(), 0);
	REQUIRE_VALID(heap_validate(h));
}

/* Of a class with many sizes those that lie beside the one that was asked for. */
KTEST(heap_share, sizes_beside_it_have_their_class_too)
{
	struct heap *h = make(ARENA);
	const unsigned own = heap_class_of(h, 9000);

	while (heap_class_now(h, 9000) != own)
		REQUIRE(heap_alloc(h, 9000, HERE) != NULL);
	size_t served = 0;
	for (size_t size = 16; size <= HEAP_MAX_OBJECT; size += 16) {
		const unsigned now = heap_class_now(h, size);
		if (now == heap_class_of(h, size) && now != slab_shared_class(now)) {
			EXPECT_EQ(now, own);
			served++;
		}
	}
	EXPECT_EQ(served, 8);
	REQUIRE_VALID(heap_validate(h));
}

KTEST(heap_share, a_block_stays_where_it_is_while_its_object_has_room)
{
	struct heap *h = make(ARENA);
	uint8_t *p = heap_alloc(h, 700, HERE);

	EXPECT_EQ(heap_usable_size(h, p), 1024);
	EXPECT(heap_realloc(h, p, 1000, HERE) == p);
	EXPECT(heap_realloc(h, p, 600, HERE) == p);
	heap_free_sized(h, hide(p), 512, HERE);
	EXPECT_EQ(ktest_bad_frees(), 1);
	heap_free_sized(h, p, 600, HERE);
	EXPECT_EQ(ktest_bad_frees(), 0);
	REQUIRE_VALID(heap_validate(h));
}

/* All that there is in blocks of @size. Result: how many, at @p. */
static size_t fill(struct heap *h, size_t size, void **p, size_t most)
{
	size_t n = 0;

	while (n < most && (p[n] = heap_alloc(h, size, HERE)) != NULL)
		n++;
	REQUIRE(n < most);
	return n;
}

/* Whichever block goes back of a heap that is full: a request for as much has it. */
KTEST(heap_share, no_free_object_is_left_where_a_request_fails)
{
	static const size_t sizes[] = { 80, 100, 128, 1100, 4000, 4096, 9200 };
	const size_t most = 4096;
	void **p = ktest_alloc(most * sizeof(*p), 8);

	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		struct heap *h = make(ARENA / 4);
		const size_t n = fill(h, sizes[s], p, most);

		for (size_t i = 0; i < n; i++) {
			heap_free(h, p[i], HERE);
			p[i] = heap_alloc(h, sizes[s], HERE);
			REQUIRE(p[i] != NULL);
		}
		REQUIRE_VALID(heap_validate(h));
	}
}

/* The same where the object is of the shared class, by each way to ask. */
KTEST(heap_share, what_the_shared_class_has_is_found_by_each_request)
{
	const size_t most = 2048;
	void **p = ktest_alloc(most * sizeof(*p), 8);
	struct heap *h = make(64 << 10);
	struct heap_request request = { .size = 100, .align = 1 };
	void *block;

	(void)fill(h, 100, p, most);
	EXPECT_EQ(heap_class_now(h, 100), heap_class_of(h, 100));
	EXPECT_EQ(heap_usable_size(h, p[0]), 128);
	heap_free(h, hide(p[0]), HERE);
	EXPECT_EQ(heap_alloc_request(h, &request, &block, HERE), ACRE_OK);
	EXPECT(block == p[0]);
	heap_free(h, hide(p[0]), HERE);
	request.flags = HEAP_NO_GROW;
	EXPECT_EQ(heap_alloc_request(h, &request, &block, HERE), ACRE_OK);
	EXPECT(block == p[0]);
	heap_free(h, hide(p[0]), HERE);
	EXPECT(heap_realloc(h, NULL, 100, HERE) == p[0]);
	heap_free_sized(h, hide(p[0]), 1, HERE); /* not loose: it is what 100 bytes get */
	EXPECT_EQ(ktest_bad_frees(), 1);
	heap_free_sized(h, hide(p[0]), 100, HERE);
	EXPECT(heap_alloc_aligned(h, 40, 128, HERE) == p[0]);
	heap_free_sized(h, hide(p[0]), 40, HERE);
	EXPECT_EQ(ktest_bad_frees(), 0);
	REQUIRE_VALID(heap_validate(h));
}

/* What its own class has is found too, though another size of it still shares. */
KTEST(heap_share, what_the_smallest_class_has_is_found_by_a_size_that_shares)
{
	const size_t most = 1024;
	void **p = ktest_alloc(most * sizeof(*p), 8);
	struct heap *h = make(ARENA);

	while (heap_class_now(h, 9000) != heap_class_of(h, 9000))
		REQUIRE(heap_alloc(h, 9000, HERE) != NULL);
	void *own = heap_alloc(h, 9000, HERE);
	EXPECT_EQ(heap_usable_size(h, own), 9216);
	EXPECT(heap_class_now(h, 9200) != heap_class_of(h, 9200));
	(void)fill(h, 16000, p, most);
	(void)fill(h, 9000, p, most);
	heap_free(h, hide(own), HERE);
	EXPECT(heap_alloc(h, 9200, HERE) == own);
	REQUIRE_VALID(heap_validate(h));
}

/*
 * Many blocks of one size have their class, whatever function they are from; what grows keeps room.
 */
KTEST(heap_share, ends_for_each_function_that_takes_many)
{
	struct heap *h = make(ARENA);

	for (unsigned i = 0; i < 40; i++) {
		REQUIRE(heap_alloc_aligned(h, 80, 16, HERE) != NULL);
		uint8_t *q = heap_alloc_or_panic(h, 180, 16, HERE);
		*q = 0;
		uint8_t *p = heap_realloc(h, heap_alloc(h, 1000, HERE), 300, HERE);
		REQUIRE(p != NULL && heap_realloc(h, p, 200, HERE) != NULL);
	}
	EXPECT_EQ(heap_class_now(h, 80), heap_class_of(h, 80));
	EXPECT_EQ(heap_class_now(h, 180), heap_class_of(h, 180));
	REQUIRE_VALID(heap_validate(h));
}

/* Half of what was asked for, not of what there is: then an alignment is kept too. */
KTEST(heap_share, a_block_that_shrinks_by_half_stays)
{
	struct heap *h = make(ARENA);

	for (size_t size = 65; size <= 16384; size += size / 3) {
		uint8_t *p = heap_alloc(h, size, HERE);
		REQUIRE(p != NULL);
		EXPECT(heap_realloc(h, p, (size + 1) / 2, HERE) == p);
	}
	uint8_t *p = heap_alloc_aligned(h, 520, 256, HERE);
	EXPECT(heap_realloc(h, p, 440, HERE) == p);
	REQUIRE_VALID(heap_validate(h));
}

/* Where memory is short sharing takes no more of it than a class of its own would. */
KTEST(heap_share, a_scarce_heap_has_as_many_blocks_as_fit)
{
	const size_t most = 1024;
	void **p = ktest_alloc(most * sizeof(*p), 8);

	for (size_t size = 1100; size <= 1500; size += 100) {
		struct heap *h = make(ARENA / 2);
		REQUIRE(heap_alloc(h, 270 << 10, HERE) != NULL);
		EXPECT(fill(h, size, p, most) * size > (180 << 10));
	}
}

/*
 * With half of the memory used long objects get runs of their own: a slab would hold what is short.
 */
KTEST(heap_share, long_objects_are_runs_where_memory_is_scarce)
{
	struct heap *h = make(ARENA);
	void *half = heap_alloc(h, ARENA / 2, HERE);
	void *p = heap_alloc(h, 3000, HERE);
	void *q = heap_alloc(h, 1500, HERE);

	REQUIRE(half != NULL && p != NULL && q != NULL);
	EXPECT_EQ(heap_usable_size(h, p), 3072);
	EXPECT_EQ(stats_of(h, heap_class_now(h, 3000)).slabs, 0);
	EXPECT_EQ(stats_of(h, heap_class_now(h, 1500)).slabs,
		  1); /* of 2,048: a run takes no less */
	EXPECT_EQ(heap_usable_size(h, q), 2048);
	EXPECT_EQ(heap_usable_size(h, heap_alloc(h, 1000, HERE)), 1024);
	heap_free(h, half, HERE);
	EXPECT_EQ(stats_of(h, heap_class_now(h, 3000)).slabs, 0);
	EXPECT_EQ(heap_usable_size(h, heap_alloc(h, 3000, HERE)), 4096);
	EXPECT_EQ(stats_of(h, heap_class_now(h, 3000)).slabs, 1);
	heap_free_sized(h, p, 3000, HERE);
	heap_free_sized(h, q, 1500, HERE);
	EXPECT_EQ(ktest_bad_frees(), 0);
	REQUIRE_VALID(heap_validate(h));
}
