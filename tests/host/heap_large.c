/* SPDX-License-Identifier: MIT */
/*
 * heap_large.c - blocks of 2 GiB. Blocks of 2 GiB do not fit in the machines that the kernel is
 * tested on, but an address space that is reserved and not filled holds them: 4 GiB at a multiple
 * of 4 GiB, and a MiB on either side.
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
	a->table_size = HEAP_TABLE_BYTES(4 * GIB + (2 << 20));
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

static void run(struct area *a)
{
	static struct heap h;
	uint8_t *low = a->memory - (1 << 20);

	heap_init(&h);
	if (!EXPECT_EQ(heap_add_region(&h, low, 4 * GIB + (2 << 20), a->table, a->table_size),
		       ACRE_OK))
		return;
	EXPECT(heap_alloc(&h, 2 * GIB + 1, NULL) == NULL);
	uint8_t *x = heap_alloc_aligned(&h, 2 * GIB, 2 * GIB, NULL);
	uint8_t *y = heap_alloc(&h, 2 * GIB, NULL);
	EXPECT(x != NULL && y != NULL && is_aligned((uintptr_t)x, 2 * GIB));
	EXPECT(heap_alloc(&h, GIB, NULL) == NULL);
	EXPECT_EQ(heap_usable_size(&h, y), 2 * GIB);
	heap_free_sized(&h, x, 2 * GIB, NULL);
	heap_free_sized(&h, y, 2 * GIB, NULL);
	EXPECT_STR(heap_validate(&h), NULL);

	/* The smallest block at the largest alignment; two of them, and no third. */
	x = heap_alloc_aligned(&h, 1, 2 * GIB, NULL);
	y = heap_alloc_aligned(&h, 1, 2 * GIB, NULL);
	EXPECT(x != NULL && y != NULL && is_aligned((uintptr_t)x | (uintptr_t)y, 2 * GIB));
	uint8_t *grown = heap_realloc(&h, x, 2 * GIB, NULL);
	EXPECT_EQ(heap_usable_size(&h, grown), 2 * GIB);
	heap_free(&h, grown, NULL);
	heap_free(&h, y, NULL);
	EXPECT_EQ(h.count.refusals, 0);
	EXPECT_STR(heap_validate(&h), NULL);
}

KTEST(heap_large, has_blocks_of_2_gib)
{
	struct area a = { 0 };

	if (EXPECT(map_area(&a)))
		run(&a);
	unmap_area(&a);
}
