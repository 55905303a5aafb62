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
static page_map_owner *owner_at(const struct page_map *map, uintptr_t addr)
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

/* A window at a time: what comes after the owners of one, in a leaf, is not the map's. */
void page_map_set(struct page_map *map, const void *start, size_t bytes, struct slab *slab)
{
	const uintptr_t end = (uintptr_t)start + bytes;
	const uintptr_t last = (end - 1) >> PAGE_MAP_SHIFT;
	struct slab *last_owner = owner_of_last(slab, end);
	uintptr_t frame = (uintptr_t)start >> PAGE_MAP_SHIFT;

	ASSERT(is_aligned((uintptr_t)start, PAGE_MAP_FRAME));
	/* Who comes to @slab through the map, by whatever pointer, finds a descriptor. */
	atomic_thread_fence(memory_order_release);
	while (frame <= last) {
		page_map_owner *owner = owner_at(map, frame << PAGE_MAP_SHIFT);
		do
			store_relaxed(owner++, frame < last ? slab : last_owner);
		while (++frame <= last && frame % PAGE_MAP_LEAF != 0);
	}
}
