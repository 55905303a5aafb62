/* SPDX-License-Identifier: MIT */
/*
 * page_map.h - which slab a granule of memory belongs to: one pointer for each frame, its owner.
 *
 *	address --> region --> owner[(address - base) / 4096] --> slab, or NULL: none
 *	        '-> root[(address - base) / 2 MiB] --> leaf[address / 4096 % 512] --> slab
 *
 * There are two kinds of memory. Regions stay; each comes with its owners. Windows of 2 MiB, aligned,
 * are for memory that comes and goes: the root has a pointer for each window that there may be, and
 * a window in which the heap has had memory once has a leaf from then on. So a caller that was
 * interrupted with a pointer to a leaf finds one, whatever has become of the memory.
 *
 * A slab begins at a frame, but may end within one, and runs may lie after it there. The owner of
 * that frame says how many granules are the slab's, in the low bits of the pointer. So for an
 * address in the run no slab is found, whatever becomes of the slab beside it meanwhile. That
 * matters because a descriptor is read in pieces, which fit together only for the owner of an
 * object in it.
 *
 * Here a region begins and ends at frames, so two may share one. Of two that share it only the
 * lower one has a slab there; which of the two says so does not matter.
 *
 * Read without a lock, by any hart at any time: an owner is one word, and the slab that it leads to
 * is never anything but a descriptor (slab.c). Written by the hart that starts or retires the slab.
 * Regions and leaves are only ever added.
 */
#ifndef ACRE_MM_PAGE_MAP_H
#define ACRE_MM_PAGE_MAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "mm/heap/buddy.h"
#include "mm/heap/runs.h"

#define PAGE_MAP_SHIFT 12u
#define PAGE_MAP_FRAME ((size_t)1 << PAGE_MAP_SHIFT)

struct slab;

typedef _Atomic(struct slab *) page_map_owner;

struct page_map_region {
	uintptr_t base; /* of the first frame that it touches */
	size_t size;
	page_map_owner *owner;
};

#define PAGE_MAP_WINDOW_SHIFT 21u
#define PAGE_MAP_WINDOW       ((size_t)1 << PAGE_MAP_WINDOW_SHIFT)
#define PAGE_MAP_LEAF         (PAGE_MAP_WINDOW / PAGE_MAP_FRAME) /* owners: one frame of them */

/* Where the leaf of a window is, or NULL. */
typedef _Atomic(page_map_owner *) page_map_leaf;

struct page_map {
	uintptr_t windows;         /* the base of the first one */
	size_t nwindows;           /* 0: there is no root */
	page_map_leaf *root;       /* nwindows of them */
	_Atomic uint32_t nregions; /* written last */
	struct page_map_region region[BUDDY_MAX_REGIONS];
};

/* page_map_bytes - how large a table a region of @size bytes at any base needs. */
static inline size_t page_map_bytes(size_t size)
{
	return (size / PAGE_MAP_FRAME + 2) * sizeof(page_map_owner);
}

/*
 * page_map_add_region - make the frames of [@base, @base + @size) known, with no owner. @owners is
 * of page_map_bytes(), which the map keeps.
 * Pre:    one hart adds at a time; there is room; no region has any of this.
 */
void page_map_add_region(struct page_map *map, uintptr_t base, size_t size, page_map_owner *owners);

/*
 * page_map_set_root - memory of the windows from that of @low to that of @high - 1 may come and go.
 * @root is of page_map_root_bytes(), which the map keeps.
 * Pre:    there was no root; no other hart uses the map.
 */
static inline size_t page_map_root_bytes(uintptr_t low, uintptr_t high)
{
	return (((high - 1) >> PAGE_MAP_WINDOW_SHIFT) - (low >> PAGE_MAP_WINDOW_SHIFT) + 1) *
	       sizeof(page_map_leaf);
}
void page_map_set_root(struct page_map *map, uintptr_t low, uintptr_t high, page_map_leaf *root);

/*
 * page_map_has_leaf - the window of @addr: 1 if it has one, 0 if it lacks one, and -1 if there is
 * no place for one in the root.
 * page_map_add_leaf - @owners, PAGE_MAP_LEAF of them, are the leaf of the window of @addr, which
 * lacks one. The map keeps them. Pre: one hart adds at a time.
 */
int page_map_has_leaf(const struct page_map *map, uintptr_t addr);
void page_map_add_leaf(struct page_map *map, uintptr_t addr, page_map_owner *owners);

/*
 * page_map_set - @slab, or NULL, is the owner of the granules that [@start, @start + @bytes)
 * touches, and of no others in these frames. Pre: @start is that of a frame.
 */
void page_map_set(struct page_map *map, const void *start, size_t bytes, struct slab *slab);

/* In the low bits of an owner: how many granules of its last frame a slab has; 0: all. */
#define PAGE_MAP_PART ((uintptr_t)(PAGE_MAP_FRAME / RUN_GRANULE - 1))

/* page_map_look - the slab that owns all of the frame of @addr, which is in @r; or NULL. */
static acre_always_inline struct slab *page_map_look(const struct page_map_region *r,
						     uintptr_t addr)
{
	struct slab *owner = atomic_load_explicit(&r->owner[(addr - r->base) >> PAGE_MAP_SHIFT],
						  acre_order_of_address);

	return __builtin_expect(((uintptr_t)owner & PAGE_MAP_PART) == 0, 1) ? owner : NULL;
}

/* page_map_part_of - the slab of @owner, if the granule of @addr is one that it has. */
static acre_always_inline struct slab *page_map_part_of(struct slab *owner, uintptr_t addr)
{
	const uintptr_t part = (uintptr_t)owner & PAGE_MAP_PART;

	if (__builtin_expect(part == 0, 1))
		return owner;
	if ((addr >> RUN_GRANULE_ORDER & PAGE_MAP_PART) >= part)
		return NULL;
	return (struct slab *)(void *)((char *)owner - part);
}

/* page_map_in_first - is @addr in the first region, as nearly all addresses are? */
static acre_always_inline bool page_map_in_first(const struct page_map *map, uintptr_t addr)
{
	return addr - map->region[0].base < map->region[0].size;
}

static acre_always_inline page_map_leaf *page_map_leaf_slot(const struct page_map *map,
							    uintptr_t addr)
{
	size_t w = (addr - map->windows) >> PAGE_MAP_WINDOW_SHIFT;

	return w < map->nwindows ? &map->root[w] : NULL;
}

/* What is read through the pointer is not older than it: the load comes after that of the pointer. */
static acre_always_inline page_map_owner *page_map_leaf_of(const struct page_map *map,
							   uintptr_t addr)
{
	page_map_leaf *slot = page_map_leaf_slot(map, addr);

	return slot != NULL ? atomic_load_explicit(slot, acre_order_of_address) : NULL;
}

static acre_always_inline page_map_owner *page_map_in_leaf(page_map_owner *leaf, uintptr_t addr)
{
	return &leaf[addr >> PAGE_MAP_SHIFT & (PAGE_MAP_LEAF - 1)];
}

/*
 * page_map_find - the slab that owns the granule of @addr, any address; or NULL. Cost: constant in
 * a window; else O(regions).
 */
struct slab *page_map_find(const struct page_map *map, uintptr_t addr);

static acre_always_inline struct slab *page_map_find_inline(const struct page_map *map,
							    uintptr_t addr)
{
	page_map_owner *leaf = page_map_leaf_of(map, addr);
	struct slab *owner = NULL;

	if (leaf != NULL)
		owner = atomic_load_explicit(page_map_in_leaf(leaf, addr), acre_order_of_address);
	if (__builtin_expect(owner != NULL, 1))
		return page_map_part_of(owner, addr);
	uint32_t n = atomic_load_explicit(&map->nregions, memory_order_acquire);
	for (uint32_t i = 0; i < n && owner == NULL; i++) {
		const struct page_map_region *r = &map->region[i];
		if (addr - r->base < r->size)
			owner = atomic_load_explicit(&r->owner[(addr - r->base) >> PAGE_MAP_SHIFT],
						     acre_order_of_address);
	}
	return page_map_part_of(owner, addr);
}

#endif
