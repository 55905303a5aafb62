/* SPDX-License-Identifier: MIT */
/*
 * heap_waste_test.c - what a few objects of many sizes cost. The sizes of a doubling share one slab
 * as long as it has room; then each has slabs of its own, the first of which has eight objects or a
 * frame. So where a program has one or two of each, much of its slabs is free, and of no use for
 * anything else. Traces of programs show that (bench/traces); this is the smallest case, and how
 * bad it may be at most. Less is better: then the bound goes down.
 */
#include "lib/compiler.h"
#include "mm/heap/heap.h"
#include "tests/support/ktest.h"

#define HERE  ((const void *)0xca11e5)
#define ARENA ((size_t)2 << 20)

struct wasteful {
	struct heap heap;
	size_t asked;
};

static struct wasteful *one_object_of_each_size(unsigned classes)
{
	struct wasteful *w = ktest_alloc(sizeof(*w), 128);

	heap_init(&w->heap);
	w->asked = 0;
	REQUIRE_EQ(heap_add_region_self(&w->heap, ktest_alloc(ARENA, PAGE_MAP_FRAME), ARENA),
		   ACRE_OK);
	for (unsigned class = 1; class <= classes; class ++) {
		const size_t size = slab_class_size(class);
		REQUIRE(heap_alloc(&w->heap, size, HERE) != NULL);
		w->asked += size;
	}
	REQUIRE_VALID(heap_validate(&w->heap));
	return w;
}

static size_t taken(struct wasteful *w)
{
	struct heap_stats s;

	heap_stats(&w->heap, &s);
	return s.slab_bytes + s.run_bytes;
}

/* 204 KB that are asked for take 898 KB. */
KTEST(heap_waste, of_one_object_of_each_size_is_bounded)
{
	struct wasteful *w = one_object_of_each_size(SLAB_CLASSES);

	EXPECT(taken(w) <= w->asked * 9 / 2);
}

/* 25 KB take 104 KB. */
KTEST(heap_waste, of_one_object_of_each_small_size_is_bounded)
{
	struct wasteful *w = one_object_of_each_size(40);

	EXPECT(taken(w) <= w->asked * 9 / 2);
}
