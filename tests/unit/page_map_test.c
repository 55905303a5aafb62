/* SPDX-License-Identifier: MIT */
/* page_map_test.c - which slab has a granule: in regions, in windows, and where there is neither. */
#include "mm/heap/page_map.h"

#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/heap/slab.h"
#include "tests/support/ktest.h"

#define BASE    ((uintptr_t)0x80000000)
#define LOW     ((uintptr_t)0x40123000)
#define WINDOWS 5u
#define HIGH    (((LOW >> 21) + WINDOWS - 1) << 21 | 1)

struct rig {
	struct page_map map;
	struct slab *slab; /* their addresses are all that counts */
	page_map_leaf *root;
	page_map_owner *leaf;
};

static struct rig *rig(void)
{
	struct rig *r = ktest_alloc(sizeof(*r), 8);

	*r = (struct rig){ 0 };
	r->slab = ktest_alloc(4 * sizeof(*r->slab), SLAB_ALIGN);
	r->root = ktest_alloc(page_map_root_bytes(LOW, HIGH), 8);
	r->leaf = ktest_alloc(PAGE_MAP_LEAF * sizeof(*r->leaf), 8);
	page_map_set_root(&r->map, LOW, HIGH, r->root);
	return r;
}

/* The base of window @w. */
static uintptr_t window(unsigned w)
{
	return ((LOW >> PAGE_MAP_WINDOW_SHIFT) + w) << PAGE_MAP_WINDOW_SHIFT;
}

static void set(struct rig *r, uintptr_t addr, size_t bytes, struct slab *slab)
{
	page_map_set(&r->map, (const void *)addr, bytes, slab);
}

KTEST(page_map, a_root_is_as_long_as_its_windows)
{
	EXPECT_EQ(page_map_root_bytes(0, 1), 8);
	EXPECT_EQ(page_map_root_bytes(0, PAGE_MAP_WINDOW), 8);
	EXPECT_EQ(page_map_root_bytes(0, PAGE_MAP_WINDOW + 1), 16);
	EXPECT_EQ(page_map_root_bytes(PAGE_MAP_WINDOW - 1, PAGE_MAP_WINDOW + 1), 16);
	EXPECT_EQ(page_map_root_bytes(LOW, HIGH), WINDOWS * 8);
	/* 512 bytes for 128 MiB, 4 MiB for 1 TiB */
	EXPECT_EQ(page_map_root_bytes(0x80000000, 0x88000000), 512);
	EXPECT_EQ(page_map_root_bytes(0, (uintptr_t)1 << 40), 4u << 20);
}

KTEST(page_map, windows_have_leaves_when_they_are_added)
{
	struct rig *r = rig();

	EXPECT_EQ(page_map_has_leaf(&r->map, window(0) - 1), -1);
	EXPECT_EQ(page_map_has_leaf(&r->map, window(WINDOWS)), -1);
	EXPECT_EQ(page_map_has_leaf(&r->map, 0), -1);
	EXPECT_EQ(page_map_has_leaf(&r->map, UINTPTR_MAX), -1);
	for (unsigned w = 0; w < WINDOWS; w++)
		EXPECT_EQ(page_map_has_leaf(&r->map, window(w)), 0);
	page_map_add_leaf(&r->map, window(3) + 4711, r->leaf);
	for (unsigned w = 0; w < WINDOWS; w++) {
		EXPECT_EQ(page_map_has_leaf(&r->map, window(w)), w == 3);
		EXPECT_EQ(page_map_has_leaf(&r->map, window(w + 1) - 1), w == 3);
	}
}

KTEST(page_map, without_a_root_there_is_nothing)
{
	struct page_map *map = ktest_alloc(sizeof(*map), 8);

	*map = (struct page_map){ 0 };
	EXPECT_EQ(page_map_has_leaf(map, 0), -1);
	EXPECT_EQ(page_map_has_leaf(map, LOW), -1);
	EXPECT(page_map_find(map, 0) == NULL);
	EXPECT(page_map_find(map, UINTPTR_MAX) == NULL);
}

KTEST(page_map, the_frames_of_a_slab_in_a_window_lead_to_it)
{
	struct rig *r = rig();
	const uintptr_t end = window(3);

	page_map_add_leaf(&r->map, window(2), r->leaf);
	set(r, window(2), 2 * PAGE_MAP_FRAME, &r->slab[0]);
	set(r, end - 3 * PAGE_MAP_FRAME, 2 * PAGE_MAP_FRAME + 1, &r->slab[1]);
	EXPECT(page_map_find(&r->map, window(2) - 1) == NULL);
	EXPECT(page_map_find(&r->map, window(2)) == &r->slab[0]);
	EXPECT(page_map_find(&r->map, window(2) + 2 * PAGE_MAP_FRAME - 1) == &r->slab[0]);
	EXPECT(page_map_find(&r->map, window(2) + 2 * PAGE_MAP_FRAME) == NULL);
	EXPECT(page_map_find(&r->map, end - 3 * PAGE_MAP_FRAME - 1) == NULL);
	EXPECT(page_map_find(&r->map, end - 3 * PAGE_MAP_FRAME) == &r->slab[1]);
	/* Of the last frame it has a granule only. */
	EXPECT(page_map_find(&r->map, end - PAGE_MAP_FRAME + RUN_GRANULE - 1) == &r->slab[1]);
	EXPECT(page_map_find(&r->map, end - PAGE_MAP_FRAME + RUN_GRANULE) == NULL);
	EXPECT(page_map_find(&r->map, end) == NULL);
	set(r, window(2), 2 * PAGE_MAP_FRAME, NULL);
	EXPECT(page_map_find(&r->map, window(2)) == NULL);
}

/* From the last frame of one window to the first of the next but one. */
KTEST(page_map, a_slab_crosses_from_window_to_window)
{
	struct rig *r = rig();
	const uintptr_t start = window(1) - PAGE_MAP_FRAME;
	const size_t bytes = 2 * PAGE_MAP_WINDOW + 2 * PAGE_MAP_FRAME;
	page_map_owner *leaf[WINDOWS];

	for (unsigned w = 0; w < WINDOWS; w++) {
		leaf[w] = ktest_alloc(PAGE_MAP_LEAF * sizeof(*leaf[w]), 8);
		page_map_add_leaf(&r->map, window(w), leaf[w]);
	}
	set(r, start, bytes, &r->slab[0]);
	for (uintptr_t at = start - PAGE_MAP_FRAME; at <= start + bytes; at += PAGE_MAP_FRAME)
		EXPECT((page_map_find(&r->map, at) == &r->slab[0]) == (at - start < bytes));
	set(r, start, bytes, NULL);
	for (uintptr_t at = start - PAGE_MAP_FRAME; at <= start + bytes; at += PAGE_MAP_FRAME)
		EXPECT(page_map_find(&r->map, at) == NULL);
}

KTEST(page_map, a_region_among_the_windows_has_its_own)
{
	struct rig *r = rig();
	const uintptr_t base = window(1) + 512;
	const size_t size = PAGE_MAP_WINDOW + 1024; /* into the next window */

	page_map_add_region(&r->map, base, size, ktest_alloc(page_map_bytes(size), 8));
	page_map_add_leaf(&r->map, window(2), r->leaf);
	/* A slab of a region may cross from one window to the next. */
	set(r, window(2) - PAGE_MAP_FRAME, 2 * PAGE_MAP_FRAME, &r->slab[0]);
	EXPECT(page_map_find(&r->map, window(2) - 1) == &r->slab[0]);
	EXPECT(page_map_find(&r->map, window(2)) == &r->slab[0]);
	EXPECT(page_map_find(&r->map, window(2) + PAGE_MAP_FRAME) == NULL);
	/* Past the region the window has the rest. */
	set(r, window(2) + PAGE_MAP_FRAME, PAGE_MAP_FRAME, &r->slab[1]);
	EXPECT(page_map_find(&r->map, window(2) + PAGE_MAP_FRAME) == &r->slab[1]);
	EXPECT(page_map_find(&r->map, window(2)) == &r->slab[0]);
}

/* ---- regions: no slab is looked at, so any address will do for one ---------------------------- */

static struct page_map *make(void)
{
	struct page_map *map = ktest_alloc(sizeof(*map), 64);

	memset(map, 0, sizeof(*map));
	return map;
}

static void add(struct page_map *map, uintptr_t base, size_t size)
{
	page_map_add_region(map, base, size, ktest_alloc(page_map_bytes(size), 8));
}

static void own(struct page_map *map, uintptr_t start, size_t bytes, uintptr_t slab)
{
	page_map_set(map, (const void *)start, bytes, (struct slab *)slab);
}

static uintptr_t find(const struct page_map *map, uintptr_t addr)
{
	return (uintptr_t)page_map_find(map, addr);
}

KTEST(page_map, knows_each_byte_of_a_slab_and_no_other)
{
	struct page_map *map = make();

	add(map, BASE + 100, 5 * PAGE_MAP_FRAME); /* touches six frames */
	EXPECT_EQ(find(map, BASE + 100), 0);
	own(map, BASE + PAGE_MAP_FRAME, 2 * PAGE_MAP_FRAME - RUN_GRANULE + 1, SLAB_ALIGN);
	own(map, BASE + 5 * PAGE_MAP_FRAME, 3 * RUN_GRANULE, 2 * SLAB_ALIGN);
	EXPECT_EQ(find(map, BASE + PAGE_MAP_FRAME - 1), 0);
	EXPECT_EQ(find(map, BASE + PAGE_MAP_FRAME), SLAB_ALIGN);
	EXPECT_EQ(find(map, BASE + 3 * PAGE_MAP_FRAME - 1), SLAB_ALIGN);
	EXPECT_EQ(find(map, BASE + 3 * PAGE_MAP_FRAME), 0);
	EXPECT_EQ(find(map, BASE + 5 * PAGE_MAP_FRAME + 3 * RUN_GRANULE - 1), 2 * SLAB_ALIGN);
	EXPECT_EQ(find(map, BASE + 5 * PAGE_MAP_FRAME + 3 * RUN_GRANULE), 0);
	EXPECT_EQ(find(map, BASE + 6 * PAGE_MAP_FRAME), 0);
	EXPECT_EQ(find(map, BASE - 1), 0);
	EXPECT_EQ(find(map, 0), 0);
	EXPECT_EQ(find(map, UINTPTR_MAX), 0);
	own(map, BASE + PAGE_MAP_FRAME, PAGE_MAP_FRAME + 1, 0);
	EXPECT_EQ(find(map, BASE + PAGE_MAP_FRAME), 0);
}

KTEST(page_map, takes_no_more_of_its_table_than_it_asks_for)
{
	struct page_map *map = make();
	page_map_owner guard[8];

	for (uintptr_t offset = 0; offset < PAGE_MAP_FRAME; offset += 819) {
		for (size_t size = 1; size < 3 * PAGE_MAP_FRAME; size += 1023) {
			size_t n = page_map_bytes(size) / sizeof(guard[0]);
			REQUIRE(n < ARRAY_SIZE(guard));
			memset(map, 0, sizeof(*map));
			memset(guard, 0xa5, sizeof(guard));
			page_map_add_region(map, BASE + offset, size, guard);
			EXPECT_EQ((uintptr_t)guard[n], 0xa5a5a5a5a5a5a5a5);
			EXPECT_EQ(map->region[0].base, BASE);
			EXPECT_EQ(map->region[0].size / PAGE_MAP_FRAME,
				  (offset + size + PAGE_MAP_FRAME - 1) / PAGE_MAP_FRAME);
		}
	}
}

/* As many as there may be, which touch: the frame after one is the next one's. */
KTEST(page_map, keeps_regions_apart)
{
	struct page_map *map = make();

	for (uintptr_t i = 0; i < BUDDY_MAX_REGIONS; i++)
		add(map, BASE + i * 2 * PAGE_MAP_FRAME, 2 * PAGE_MAP_FRAME);
	for (uintptr_t i = 0; i < BUDDY_MAX_REGIONS; i++)
		own(map, BASE + i * 2 * PAGE_MAP_FRAME, 1, (1 + i) * SLAB_ALIGN);
	for (uintptr_t i = 0; i < BUDDY_MAX_REGIONS; i++) {
		EXPECT_EQ(find(map, BASE + i * 2 * PAGE_MAP_FRAME), (1 + i) * SLAB_ALIGN);
		EXPECT_EQ(find(map, BASE + i * 2 * PAGE_MAP_FRAME + RUN_GRANULE), 0);
		EXPECT_EQ(find(map, BASE + (i * 2 + 1) * PAGE_MAP_FRAME), 0);
	}
	EXPECT_EQ(find(map, BASE + BUDDY_MAX_REGIONS * 2 * PAGE_MAP_FRAME), 0);
}
