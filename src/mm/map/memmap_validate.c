/* SPDX-License-Identifier: MIT */
/* memmap_validate.c - the invariants of memmap.c (its essay numbers them), checked one by one. */
#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/map/memmap.h"

static const char *check_counts(const struct memmap *map)
{
	if (!map->resolved)
		return "the map is not resolved";
	if (map->ndeclared > map->max_declared || map->nreservations > map->max_reservations ||
	    map->nbanks > map->max_banks || map->nregions > map->max_regions)
		return "I10: a count is past the end of its table";
	return NULL;
}

static const char *check_banks(const struct memmap *map)
{
	for (uint32_t i = 0; i < map->nbanks; i++) {
		const struct memmap_region *bank = &map->bank[i];
		if (acre_range_is_empty(bank->range))
			return "I1: a bank is empty";
		if (bank->range.end > ACRE_PADDR_LIMIT)
			return "I1: a bank ends past the greatest physical address";
		if (i == 0)
			continue;
		if (bank->range.start < bank[-1].range.end)
			return "I1: banks are out of order or overlap";
		if (bank->range.start == bank[-1].range.end &&
		    bank->numa_node == bank[-1].numa_node)
			return "I1: two banks of one node touch";
	}
	return NULL;
}

/* Is all of @range in list[0 .. count)? The list may be in any order and overlap. */
static bool is_covered(const struct memmap_region *list, uint32_t count, struct acre_range range)
{
	bool moved = true;

	while (moved && range.start < range.end) {
		moved = false;
		for (uint32_t i = 0; i < count; i++) {
			if (acre_range_contains(list[i].range, range.start)) {
				range.start = list[i].range.end;
				moved = true;
			}
		}
	}
	return range.start >= range.end;
}

static const char *check_union(const struct memmap *map)
{
	for (uint32_t i = 0; i < map->ndeclared; i++) {
		if (!is_covered(map->bank, map->nbanks, map->declared[i].range))
			return "I2: declared memory is in no bank";
	}
	for (uint32_t i = 0; i < map->nbanks; i++) {
		if (!is_covered(map->declared, map->ndeclared, map->bank[i].range))
			return "I2: a bank has memory that is not declared";
	}
	return NULL;
}

/* I6 and I7: does the region keep to the rules of its kind? */
static const char *check_rounding(const struct memmap_region *region)
{
	struct acre_range range = region->range;
	uint64_t frame_start;

	switch (region->kind) {
	case MEMMAP_USABLE:
		if (!is_aligned(range.start, FRAME_SIZE) || !is_aligned(range.end, FRAME_SIZE))
			return "I6: a usable region is not made of whole frames";
		return NULL;
	case MEMMAP_SLACK:
		if (align_up_checked(range.start, FRAME_SIZE, &frame_start) &&
		    frame_start < range.end && range.end - frame_start >= FRAME_SIZE)
			return "I7: a whole frame is lost as rounding slack";
		return NULL;
	default:
		return NULL;
	}
}

static const char *check_region(const struct memmap *map, const struct memmap_region *region)
{
	if (acre_range_is_empty(region->range))
		return "I3: a region is empty";
	if ((unsigned)region->kind >= MEMMAP_KIND_COUNT)
		return "I3: a region is of no known kind";
	if (region->name == NULL)
		return "I3: a region has no name";
	if (region->bank >= map->nbanks)
		return "I4: a region is in a bank that does not exist";
	const struct memmap_region *bank = &map->bank[region->bank];
	if (region->range.start < bank->range.start || region->range.end > bank->range.end)
		return "I4: a region is not inside its bank";
	if (region->numa_node != bank->numa_node)
		return "I4: a region has not the node of its bank";
	return check_rounding(region);
}

static const char *check_neighbours(const struct memmap_region *below,
				    const struct memmap_region *above)
{
	if (above->range.start < below->range.end)
		return "I3: regions are out of order or overlap";
	if (above->bank != below->bank)
		return NULL;
	if (above->range.start != below->range.end)
		return "I5: memory of a bank is in no region";
	if (above->kind == below->kind && above->index == below->index &&
	    strcmp(above->name, below->name) == 0)
		return "I8: two regions of one kind and name touch";
	return NULL;
}

static const char *check_regions(const struct memmap *map)
{
	for (uint32_t i = 0; i < map->nregions; i++) {
		const char *broken = check_region(map, &map->region[i]);
		if (broken == NULL && i > 0)
			broken = check_neighbours(&map->region[i - 1], &map->region[i]);
		if (broken != NULL)
			return broken;
	}
	return NULL;
}

static const char *check_sums(const struct memmap *map)
{
	uint64_t bytes = 0;

	for (unsigned kind = 0; kind < MEMMAP_KIND_COUNT; kind++)
		bytes += memmap_bytes(map, (enum memmap_kind)kind);
	return bytes == memmap_ram_bytes(map)
		       ? NULL
		       : "I5: the bytes of all kinds are not the bytes of RAM";
}

/* Index of the first region that ends after @addr. */
static uint32_t first_region_after(const struct memmap *map, acre_paddr_t addr)
{
	uint32_t low = 0;
	uint32_t high = map->nregions;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (map->region[middle].range.end > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static const char *check_reservations(const struct memmap *map)
{
	for (uint32_t r = 0; r < map->nreservations; r++) {
		const struct memmap_region *reservation = &map->reservation[r];
		uint32_t i = first_region_after(map, reservation->range.start);
		for (; i < map->nregions && map->region[i].range.start < reservation->range.end;
		     i++) {
			if (map->region[i].kind < reservation->kind)
				return "I9: reserved memory is in a less restrictive region";
		}
	}
	return NULL;
}

const char *memmap_validate(const struct memmap *map)
{
	static const char *(*const check[])(const struct memmap *map) = {
		check_counts,  check_banks, check_union,
		check_regions, check_sums,  check_reservations,
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(check); i++) {
		const char *broken = check[i](map);
		if (broken != NULL)
			return broken;
	}
	return NULL;
}
