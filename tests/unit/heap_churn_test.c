/* SPDX-License-Identifier: MIT */
/*
 * heap_churn_test.c - objects come and go beside some that stay: the heap uses again what is free,
 * and does not grow with each round.
 */
#include "lib/compiler.h"
#include "tests/support/grown_heap.h"

#define HERE  ((const void *)0xca11e4)
#define STEPS 12000u

static void *take(struct grown_heap *g, size_t size)
{
	void *object = heap_alloc(&g->heap, size, HERE);

	REQUIRE(object != NULL);
	return object;
}

/* @pinned are taken first, and fill slabs that stay full. */
static void churn(size_t size, unsigned live, unsigned pinned)
{
	struct grown_heap *g = grown_heap();
	void **object = ktest_alloc(live * sizeof(*object), 8);
	const size_t limit = (live + pinned) * size * 3 / 2 + ((size_t)64 << 10);

	for (unsigned i = 0; i < pinned; i++)
		(void)take(g, size);
	for (unsigned i = 0; i < live; i++)
		object[i] = take(g, size);
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned a = (unsigned)(ktest_random() % live);
		unsigned b = (a + 1 + (unsigned)(ktest_random() % (live - 1))) % live;
		heap_free(&g->heap, object[a], HERE);
		heap_free(&g->heap, object[b], HERE);
		object[a] = take(g, size);
		object[b] = take(g, size);
		if (step % 1000 == 0)
			REQUIRE(grown_stats(g).slab_bytes <= limit);
	}
	EXPECT(grown_stats(g).slab_bytes <= limit);
	grown_expect_books(g);
}

KTEST(heap_churn, beside_no_objects_that_stay)
{
	churn(64, 4000, 0);
	churn(1024, 800, 0);
}

KTEST(heap_churn, beside_objects_that_stay)
{
	churn(64, 4000, 2000);
	churn(256, 2000, 1000);
	churn(1024, 800, 100);
	churn(8192, 90, 40);
}
