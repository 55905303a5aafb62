/* SPDX-License-Identifier: MIT */
/*
 * memmap_conflict.c - where two owners claim one byte. The partition has decided already, for the
 * more restrictive one; this finds who lost, so that it can be said.
 *
 * Each reservation is held against the regions that it touches. Every byte of RAM in it is its own
 * or somebody else's who won. Regions side by side with one owner are one answer.
 */
#include "mm/map/memmap.h"
#include "mm/map/memmap_internal.h"

static bool is_within(struct acre_range inner, struct acre_range outer)
{
	return outer.start <= inner.start && inner.end <= outer.end;
}

/* Kinds that children of /reserved-memory have. */
static bool is_node(enum memmap_kind kind)
{
	return kind == MEMMAP_RESERVED || kind == MEMMAP_REUSABLE || kind == MEMMAP_NO_MAP ||
	       kind == MEMMAP_FIRMWARE;
}

/* Kinds that restate or cut what others own: an entry of /memreserve/ has no owner. */
static bool is_nobodys(enum memmap_kind kind)
{
	return kind == MEMMAP_MEMRESERVE || kind == MEMMAP_LEFT_OUT || kind < MEMMAP_REUSABLE;
}

/* The whole of what @winner was cut from: the first reservation with that owner around it. */
static struct acre_range claim_of(const struct memmap *map, const struct memmap_region *winner)
{
	for (uint32_t i = 0; i < map->nreservations; i++) {
		const struct memmap_region *claim = &map->reservation[i];
		if (memmap_same_owner(claim, winner) && is_within(winner->range, claim->range))
			return claim->range;
	}
	return winner->range;
}

/* Two nodes for one range of the firmware's, or the parts of the kernel, are no contradiction. */
static bool contradicts(const struct memmap *map, const struct memmap_region *winner,
			const struct memmap_region *loser)
{
	if (is_nobodys(winner->kind) || is_nobodys(loser->kind) ||
	    memmap_same_owner(winner, loser) ||
	    (winner->kind == MEMMAP_KERNEL && loser->kind == MEMMAP_KERNEL))
		return false;
	if ((winner->kind != MEMMAP_FIRMWARE && loser->kind != MEMMAP_FIRMWARE) ||
	    !is_node(winner->kind) || !is_node(loser->kind))
		return true;
	const struct acre_range claim = claim_of(map, winner);
	return !is_within(claim, loser->range) && !is_within(loser->range, claim);
}

/* The first part of @loser from @from on that another has; false if there is none. */
static bool find_conflict(const struct memmap *map, const struct memmap_region *loser,
			  acre_paddr_t from, struct memmap_conflict *conflict)
{
	for (uint32_t i = memmap_first_above(map->region, map->nregions, from);
	     i < map->nregions && map->region[i].range.start < loser->range.end; i++) {
		const struct memmap_region *winner = &map->region[i];
		if (!contradicts(map, winner, loser))
			continue;
		*conflict = (struct memmap_conflict){ winner->range, winner, loser };
		while (++i < map->nregions && memmap_same_owner(&map->region[i], winner) &&
		       map->region[i].range.start == conflict->range.end)
			conflict->range.end = map->region[i].range.end;
		if (conflict->range.start < loser->range.start)
			conflict->range.start = loser->range.start;
		if (conflict->range.end > loser->range.end)
			conflict->range.end = loser->range.end;
		return true;
	}
	return false;
}

bool memmap_next_conflict(const struct memmap *map, struct memmap_outside_cursor *cursor,
			  struct memmap_conflict *conflict)
{
	for (; cursor->reservation < map->nreservations; cursor->reservation++) {
		const struct memmap_region *loser = &map->reservation[cursor->reservation];
		const acre_paddr_t from =
			loser->range.start < cursor->from ? cursor->from : loser->range.start;
		if (from < loser->range.end && find_conflict(map, loser, from, conflict)) {
			cursor->from = conflict->range.end;
			return true;
		}
		cursor->from = 0;
	}
	return false;
}
