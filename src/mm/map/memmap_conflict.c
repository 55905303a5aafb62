/* SPDX-License-Identifier: MIT */
/*
 * memmap_conflict.c - where two owners claim one byte. The partition has decided already, for the
 * more restrictive one; this finds who lost, so that it can be said.
 *
 * Each reservation is held against the regions that it touches. Every byte of RAM in it is its own
 * or that of another owner, which won. Regions side by side with one owner are one answer.
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

/* Does @other lie in or around each reservation of @owner's that meets @range? */
static bool nests_with(const struct memmap *map, const struct memmap_region *owner,
		       struct acre_range range, struct acre_range other)
{
	for (uint32_t i = 0; i < map->nreservations; i++) {
		const struct memmap_region *claim = &map->reservation[i];
		if (memmap_same_owner(claim, owner) &&
		    !acre_range_is_empty(memmap_intersection(claim->range, range)) &&
		    !is_within(claim->range, other) && !is_within(other, claim->range))
			return false;
	}
	return true;
}

/* Two nodes for one range of the firmware's, or the parts of the kernel, are no contradiction. */
static bool contradicts(const struct memmap *map, const struct memmap_region *winner,
			struct acre_range run, const struct memmap_region *loser)
{
	if (is_nobodys(winner->kind) || is_nobodys(loser->kind) ||
	    memmap_same_owner(winner, loser) ||
	    (winner->kind == MEMMAP_KERNEL && loser->kind == MEMMAP_KERNEL))
		return false;
	if ((winner->kind != MEMMAP_FIRMWARE && loser->kind != MEMMAP_FIRMWARE) ||
	    !is_node(winner->kind) || !is_node(loser->kind))
		return true;
	return !is_within(loser->range, run) &&
	       !nests_with(map, winner, memmap_intersection(run, loser->range), loser->range);
}

/* What the owner of region *@at has there without a gap; *@at becomes the first region after it. */
static struct acre_range owned_run(const struct memmap *map, uint32_t *at)
{
	const struct memmap_region *owner = &map->region[*at];
	struct acre_range run = owner->range;

	while (++*at < map->nregions && map->region[*at].range.start == run.end &&
	       memmap_same_owner(&map->region[*at], owner))
		run.end = map->region[*at].range.end;
	return run;
}

/* The first part of @loser from @from on that another has; false if there is none. */
static bool find_conflict(const struct memmap *map, const struct memmap_region *loser,
			  acre_paddr_t from, struct memmap_conflict *conflict)
{
	uint32_t at = memmap_first_above(map->region, map->nregions, from);

	while (at < map->nregions && map->region[at].range.start < loser->range.end) {
		const struct memmap_region *winner = &map->region[at];
		const struct acre_range run = owned_run(map, &at);
		if (contradicts(map, winner, run, loser)) {
			*conflict =
				(struct memmap_conflict){ memmap_intersection(run, loser->range),
							  winner, loser };
			return true;
		}
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
