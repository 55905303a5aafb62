/* SPDX-License-Identifier: MIT */
/*
 * buddy_large.c - the real order 31. Blocks of 2 GiB do not fit in the machines that the kernel is
 * tested on, but an address space that is reserved and not filled holds them: 4 GiB at a multiple
 * of 4 GiB, thus two buddies of order 31, and a MiB on either side.
 */
#include <sys/mman.h>

#include "lib/align.h"
#include "mm/heap/heap.h"
#include "tests/support/ktest.h"

#define GIB ((size_t)1 << 30)

/* Not in a case: a failing case leaves by longjmp, and must not leave 8 GiB mapped. */
struct area {
	uint8_t *memory; /* 4 GiB aligned to 4 GiB, with 1 MiB before and behind */
	uint8_t *table;
	size_t table_size;
	void *memory_map;
	void *table_map;
};

static void *reserve(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static bool map_area(struct area *a)
{
	a->table_size = BUDDY_TABLE_SIZE(4 * GIB + (2 << 20));
	a->memory_map = reserve(8 * GIB + (2 << 20));
	a->table_map = reserve(a->table_size);
	if (a->memory_map == NULL || a->table_map == NULL)
		return false;
	uintptr_t map = (uintptr_t)a->memory_map;
	uintptr_t at = (map + (1 << 20) + 4 * GIB - 1) & ~(4 * GIB - 1);
	a->memory = (uint8_t *)a->memory_map + (at - map);
	a->table = a->table_map;
	return true;
}

static void unmap_area(struct area *a)
{
	if (a->memory_map != NULL)
		munmap(a->memory_map, 8 * GIB + (2 << 20));
	if (a->table_map != NULL)
		munmap(a->table_map, a->table_size);
}

/* Two buddies of order 31, freed either way round, both stay listed: nothing merges beyond. */
static bool keeps_both(struct heap *h, const struct area *a, bool lower_first)
{
	uint8_t *x = heap_alloc(h, 2 * GIB, NULL);
	uint8_t *y = heap_alloc(h, GIB + 1, NULL);
	bool ok = EXPECT(x != NULL && y != NULL && x != y);

	ok &= EXPECT(x == a->memory || x == a->memory + 2 * GIB);
	ok &= EXPECT(y == a->memory || y == a->memory + 2 * GIB);
	ok &= EXPECT(heap_alloc(h, 2 * GIB, NULL) == NULL);
	ok &= EXPECT_EQ(heap_usable_size(h, y), 2 * GIB);
	heap_free_sized(h, lower_first == (x < y) ? x : y, 2 * GIB, NULL);
	heap_free_sized(h, lower_first == (x < y) ? y : x, 2 * GIB, NULL);
	return ok & EXPECT_EQ(buddy_largest_free(&h->buddy), 2 * GIB);
}

static void run(struct area *a)
{
	static struct heap h;

	heap_init(&h);
	if (!EXPECT_EQ(heap_add_region(&h, a->memory - (1 << 20), 4 * GIB + (2 << 20), a->table,
				       a->table_size),
		       ACRE_OK))
		return;
	EXPECT_EQ(h.buddy.free_bytes, 4 * GIB + (2 << 20));
	EXPECT(heap_alloc(&h, 2 * GIB + 1, NULL) == NULL);
	for (unsigned round = 0; round < 2; round++)
		EXPECT(keeps_both(&h, a, round == 0));
	EXPECT_STR(heap_validate(&h), NULL);

	/* The smallest block at the largest alignment is a whole one, and a granule can use it up.
	 */
	uint8_t *p = heap_alloc_aligned(&h, 1, 2 * GIB, NULL);
	EXPECT(p != NULL && is_aligned((uintptr_t)p, 2 * GIB));
	p = heap_realloc(&h, p, 16, NULL);
	EXPECT_EQ(heap_usable_size(&h, p), 16);
	p = heap_realloc(&h, p, 2 * GIB, NULL);
	EXPECT_EQ(heap_usable_size(&h, p), 2 * GIB);
	heap_free(&h, p, NULL);
	EXPECT_EQ(h.buddy.nonempty >> 31, 1);
	EXPECT_EQ(h.count.allocations, h.count.frees);
	EXPECT_EQ(h.count.refusals, 0);
	EXPECT_STR(heap_validate(&h), NULL);
}

KTEST(buddy_large, two_buddies_of_order_31_both_stay)
{
	struct area a = { 0 };

	if (EXPECT(map_area(&a)))
		run(&a);
	unmap_area(&a);
}
