/* SPDX-License-Identifier: MIT */
/* page_map.c - the page map: regions and leaves are added, owners are written. */
#include "mm/heap/page_map.h"

#include "lib/align.h"
#include "lib/assert.h"
#include "lib/atomic_store.h"
#include "lib/compiler.h"

void page_map_add_region(struct page_map *map, uintptr_t base, size_t size, page_map_owner *owners)
{
	uint32_t n = atomic_load_explicit(&map->nregions, memory_order_relaxed);
	uintptr_t first = base >> PAGE_MAP_SHIFT;
	size_t frames = ((base + size - 1) >> PAGE_MAP_SHIFT) - first + 1;

	for (size_t i = 0; i < frames; i++)
		atomic_init(&owners[i], NULL);
	map->region[n].base = first << PAGE_MAP_SHIFT;
	map->region[n].size = frames << PAGE_MAP_SHIFT;
	map->region[n].owner = owners;
	store_release(&map->nregions, n + 1);
}

/* ---- windows ---------------------------------------------------------------------------------- */

void page_map_set_root(struct page_map *map, uintptr_t low, uintptr_t high, page_map_leaf *root)
{
	map->windows = align_down(low, PAGE_MAP_WINDOW);
	map->nwindows = page_map_root_bytes(low, high) / sizeof(*root);
	map->root = root;
	for (size_t w = 0; w < map->nwindows; w++)
		atomic_init(&root[w], NULL);
}

int page_map_has_leaf(const struct page_map *map, uintptr_t addr)
{
	if (page_map_leaf_slot(map, addr) == NULL)
		return -1;
	return page_map_leaf_of(map, addr) != NULL;
}

void page_map_add_leaf(struct page_map *map, uintptr_t addr, page_map_owner *owners)
{
	ASSERT(page_map_has_leaf(map, addr) == 0);
	for (size_t i = 0; i < PAGE_MAP_LEAF; i++)
		store_relaxed(&owners[i], NULL);
	store_release(page_map_leaf_slot(map, addr), owners);
}

/* ---- owners ----------------------------------------------------------------------------------- */

struct slab *page_map_find(const struct page_map *map, uintptr_t addr)
{
	return page_map_find_inline(map, addr);
}

/*
 * The owner of the frame of @addr. Regions come first, in the order in which they were added, so
 * this is always the same one.
 */
static force_inline page_map_owner *owner_at(const struct page_map *map, uintptr_t addr)
{
	uint32_t n = atomic_load_explicit(&map->nregions, memory_order_acquire);

	for (uint32_t i = 0; i < n; i++) {
		if (addr - map->region[i].base < map->region[i].size)
			return &map->region[i]
					.owner[(addr - map->region[i].base) >> PAGE_MAP_SHIFT];
	}
	page_map_owner *leaf = page_map_leaf_of(map, addr);
	ASSERT(leaf != NULL); /* a slab lies in a region, or in a window that has a leaf */
	return page_map_in_leaf(leaf, addr);
}

/* @slab, or NULL, as the owner of the frame in which it ends: before @end. */
static struct slab *owner_of_last(struct slab *slab, uintptr_t end)
{
	const uintptr_t n = (end + RUN_GRANULE - 1) / RUN_GRANULE & PAGE_MAP_PART;

	return slab != NULL ? (struct slab *)(void *)((char *)slab + n) : NULL;
}

/* The frames from that of @addr to that of @last, in one window; the last one has @last_owner. */
static force_inline void set_in_window(const struct page_map *map, uintptr_t addr, uintptr_t last,
				       struct slab *slab, struct slab *last_owner)
{
	page_map_owner *owner = owner_at(map, addr);

	for (size_t n = (last >> PAGE_MAP_SHIFT) - (addr >> PAGE_MAP_SHIFT); n > 0; n--)
		store_relaxed(owner++, slab);
	store_relaxed(owner, last_owner);
}

/* A window at a time: what comes after the owners of one, in a leaf, is not the map's. */
static never_inline void set_windows(const struct page_map *map, uintptr_t addr, uintptr_t end,
				     struct slab *slab)
{
	while (addr < end) {
		uintptr_t next = align_down(addr, PAGE_MAP_WINDOW) + PAGE_MAP_WINDOW;
		bool ends = next >= end;
		set_in_window(map, addr, (ends ? end : next) - 1, slab,
			      ends ? owner_of_last(slab, end) : slab);
		addr = next;
	}
}

void page_map_set(struct page_map *map, const void *start, size_t bytes, struct slab *slab)
{
	const uintptr_t addr = (uintptr_t)start;
	const uintptr_t end = addr + bytes;

	ASSERT(is_aligned(addr, PAGE_MAP_FRAME));
	/* A hart that comes to @slab through the map, by whatever pointer, finds a descriptor. */
	atomic_thread_fence(memory_order_release);
	if (likely(((addr ^ (end - 1)) >> PAGE_MAP_WINDOW_SHIFT) == 0))
		set_in_window(map, addr, end - 1, slab, owner_of_last(slab, end));
	else
		set_windows(map, addr, end, slab);
}
