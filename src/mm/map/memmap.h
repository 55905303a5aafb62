/* SPDX-License-Identifier: MIT */
/*
 * memmap.h - region algebra: what RAM there is, who owns which part of it, what is left over.
 *
 *   1. memmap_add_bank() and memmap_reserve() collect what the machine says, in any order;
 *   2. memmap_resolve() turns that into a partition: every byte of RAM lies in exactly one region,
 *      sorted by address, and the most restrictive kind wins where reservations overlap;
 *   3. memmap_place() finds a place for reservations that have none, memmap_claim() gives part of
 *      the usable memory another kind (metadata), memmap_recast() part of any.
 *
 * A *bank* is a piece of RAM, a *reservation* a piece of memory that has an owner, in RAM or not;
 * a *region* is a piece of the partition and has one *kind* (memmap_types.h).
 *
 * No lock, no allocation, no printing: one hart uses a map at a time, all memory is in the map.
 * docs/memory-map.md says the same with more drawings.
 */
#ifndef ACRE_MM_MEMMAP_H
#define ACRE_MM_MEMMAP_H

#include "lib/attributes.h"
#include "lib/status.h"
#include "mm/map/memmap_types.h"

/* ---- what there is --------------------------------------------------------------------------- */

/*
 * memmap_table_bytes - how many bytes of storage a map for @nbanks declared banks and
 * @nreservations reservations needs, claims and placed reservations included: about 520 to 610
 * and 280 to 370 for each. Pre: neither is more than MEMMAP_MOST_INPUTS. In memmap_tables.c.
 */
uint64_t memmap_table_bytes(uint32_t nbanks, uint32_t nreservations);

/*
 * memmap_init - an empty map whose tables lie in @storage of @bytes bytes.
 * Result: ACRE_OK; ACRE_ERR_INVALID when @nbanks or @nreservations is more than MEMMAP_MOST_INPUTS;
 *         ACRE_ERR_MISALIGNED when @storage is not aligned as a uint64_t; ACRE_ERR_NOMEM when @bytes
 *         is less than memmap_table_bytes() says. The map is unchanged on failure.
 * Owner:  the map uses @storage as long as it is used itself.
 * Cost:   O(1), nothing of the tables is touched. In memmap_tables.c.
 */
acre_nodiscard enum acre_status memmap_init(struct memmap *map, void *storage, uint64_t bytes,
					    uint32_t nbanks, uint32_t nreservations);

/*
 * memmap_add_bank - RAM in @range (bytes, any alignment). Banks may overlap or touch each other:
 * where two overlap, the first added keeps its node.
 * Result: ACRE_OK, also for an empty range, which adds nothing; ACRE_ERR_RANGE when start > end or
 *         end is past ACRE_PADDR_LIMIT; ACRE_ERR_FULL past the number of banks that
 *         the map was made for; ACRE_ERR_INVALID when
 *         the map is resolved already. The map is unchanged on failure.
 * Owner:  @name (may be NULL for "") is not copied: it lives as long as the map.
 */
/*@
	requires good_map(map);
	assigns map->declared[map->ndeclared], map->ndeclared;
	ensures good_map(map);
	ensures \result == ACRE_OK ==> range.start <= range.end <= ACRE_PADDR_LIMIT;
	ensures \result == ACRE_OK && range.start < range.end ==>
		map->ndeclared == \old(map->ndeclared) + 1 &&
		map->declared[map->ndeclared - 1].range == range;
	ensures \result != ACRE_OK ==> map->ndeclared == \old(map->ndeclared);
*/
acre_nodiscard enum acre_status memmap_add_bank(struct memmap *map, struct acre_range range,
						uint32_t numa_node, const char *name);

/*
 * memmap_reserve - keep @range out of the usable memory, as @kind, for @name. Bytes, any alignment;
 * may overlap others and lie outside RAM in part or whole. Where two of one kind overlap, the first
 * added keeps its name.
 * Result: as memmap_add_bank(), but ACRE_ERR_FULL past the number of reservations, and
 *         ACRE_ERR_INVALID also for a @kind that reserves nothing (MEMMAP_USABLE, MEMMAP_SLACK, no
 *         kind at all).
 */
/*@
	requires good_map(map);
	assigns map->reservation[map->nreservations], map->nreservations;
	ensures good_map(map);
	ensures \result == ACRE_OK ==> range.start <= range.end <= ACRE_PADDR_LIMIT;
	ensures \result == ACRE_OK && range.start < range.end ==>
		map->nreservations == \old(map->nreservations) + 1 &&
		map->reservation[map->nreservations - 1].range == range &&
		map->reservation[map->nreservations - 1].kind == kind;
	ensures \result != ACRE_OK ==> map->nreservations == \old(map->nreservations);
*/
acre_nodiscard enum acre_status memmap_reserve(struct memmap *map, struct acre_range range,
					       enum memmap_kind kind, const char *name);

/* memmap_reserve_nth - this for the reservation @index of all that share @name. */
/*@
	requires good_map(map);
	assigns map->reservation[map->nreservations], map->nreservations;
	ensures good_map(map);
	ensures \result == ACRE_OK ==> range.start <= range.end <= ACRE_PADDR_LIMIT;
	ensures \result == ACRE_OK && range.start < range.end ==>
		map->nreservations == \old(map->nreservations) + 1 &&
		map->reservation[map->nreservations - 1].range == range &&
		map->reservation[map->nreservations - 1].kind == kind;
	ensures \result != ACRE_OK ==> map->nreservations == \old(map->nreservations);
*/
acre_nodiscard enum acre_status memmap_reserve_nth(struct memmap *map, struct acre_range range,
						   enum memmap_kind kind, const char *name,
						   uint32_t index);

/*
 * memmap_limit - leave out (MEMMAP_LEFT_OUT, for @name) all RAM except the first @bytes of what
 * is declared by now, in order of address, overlaps counted once.
 * Result: ACRE_OK, also where there is no more than that; ACRE_ERR_INVALID for 0 bytes or when the
 *         map is resolved; ACRE_ERR_FULL as memmap_reserve().
 * Cost:   O(n log n) in banks.
 */
/*@
	requires good_map(map);
	assigns map->reservation[map->nreservations], map->nreservations,
		map->scratch.edge[0 .. 2 * map->scratch.max_inputs - 1],
		map->scratch.piece[0 .. 2 * map->scratch.max_inputs - 1],
		map->scratch.winner[0 .. 2 * map->scratch.max_inputs - 1];
	ensures good_map(map);
	ensures \result != ACRE_OK ==> map->nreservations == \old(map->nreservations);
*/
acre_nodiscard enum acre_status memmap_limit(struct memmap *map, uint64_t bytes, const char *name);

/* ---- the partition --------------------------------------------------------------------------- */

/*
 * memmap_resolve - compute bank[] and the partition region[]. Usable extents are rounded inward to
 * frames (so that memory is rounded inward and reservations outward), the rest of those frames
 * becomes MEMMAP_SLACK.
 * Result: ACRE_OK; ACRE_ERR_INVALID when it is resolved already; ACRE_ERR_FULL
 *         when the regions do not fit, which cannot happen (memmap.c counts them). Not resolved, and
 *         unchanged, on failure.
 * Cost:   O(n log n) in banks + reservations; no recursion, a few words of stack.
 */
/*@
	requires good_map(map);
	assigns map->resolved, map->nbanks, map->nregions, map->bank[0 .. map->max_banks - 1],
		map->region[0 .. map->max_regions - 1],
		map->scratch.edge[0 .. 2 * map->scratch.max_inputs - 1],
		map->scratch.piece[0 .. 2 * map->scratch.max_inputs - 1],
		map->scratch.winner[0 .. 2 * map->scratch.max_inputs - 1];
	// good_map(map), part by part.
	ensures good_counts(map);
	ensures good_inputs(map->declared, map->ndeclared);
	ensures good_inputs(map->reservation, map->nreservations);
	ensures usable_none(map->reservation, map->nreservations);
	ensures sorted_list(map->bank, map->nbanks);
	ensures sorted_list(map->region, map->nregions);
	ensures usable_whole(map->region, map->nregions);
	ensures \result == ACRE_OK ==> map->resolved;
*/
acre_nodiscard enum acre_status memmap_resolve(struct memmap *map);

/*
 * memmap_claim - turn @range of one usable region into @kind for @name.
 * Pre:    resolved (before that no region is usable).
 * Result: ACRE_ERR_INVALID when @range is empty or backwards or @kind reserves nothing;
 *         ACRE_ERR_MISALIGNED when it is not whole frames; ACRE_ERR_NOT_FOUND when no usable region
 *         contains all of it; ACRE_ERR_FULL when the regions would not fit. The map is
 *         unchanged on failure.
 * Cost:   O(n): the regions above move by up to two places.
 */
/*@
	requires good_map(map);
	assigns map->region[0 .. map->max_regions - 1], map->nregions;
	ensures map->nregions <= map->max_regions;
	ensures \result != ACRE_OK ==> map->nregions == \old(map->nregions);
*/
acre_nodiscard enum acre_status memmap_claim(struct memmap *map, struct acre_range range,
					     enum memmap_kind kind, const char *name);

/* memmap_claim_nth - this for the claim @index of all that share @name. */
/*@
	requires good_map(map);
	assigns map->region[0 .. map->max_regions - 1], map->nregions;
	ensures map->nregions <= map->max_regions;
	ensures \result != ACRE_OK ==> map->nregions == \old(map->nregions);
*/
acre_nodiscard enum acre_status memmap_claim_nth(struct memmap *map, struct acre_range range,
						 enum memmap_kind kind, const char *name,
						 uint32_t index);

/*
 * memmap_place - reserve @request->size bytes at the highest suitable address: aligned, inside the
 * window to the byte, all frames that it touches usable and in one bank. The rest of the last frame
 * becomes slack, as if the place had been reserved before resolving.
 *
 *	usable region    |.....................................|
 *	window                  |=======================|
 *	aligned          ^       ^       ^       ^       ^       ^
 *	placed                           |=========|s                  s: slack
 *
 * Pre:    resolved.
 * Result: ACRE_OK and *@placed; ACRE_ERR_INVALID for a request that makes no sense or before
 *         resolving; ACRE_ERR_NOT_FOUND when there is no such place; ACRE_ERR_FULL past
 *         the number of reservations, in which each placed one counts. Map and *@placed are unchanged
 *         on failure.
 * Cost:   O(n) in regions.
 */
/*@
	requires good_map(map) && \valid_read(request) && \valid(placed);
	requires \separated(placed, request, map, map->region + (0 .. map->max_regions - 1),
		map->reservation + (0 .. map->max_reservations - 1));
	assigns map->region[0 .. map->max_regions - 1], map->nregions;
	assigns map->reservation[map->nreservations], map->nreservations, *placed;
	ensures good_counts(map);
	ensures \result != ACRE_OK ==> *placed == \old(*placed) &&
		map->nreservations == \old(map->nreservations);
	ensures \result == ACRE_OK ==>
		placed->start + \old(request->size) == placed->end &&
		\old(request->window.start) <= placed->start &&
		placed->end <= \old(request->window.end);
*/
acre_nodiscard enum acre_status memmap_place(struct memmap *map,
					     const struct memmap_request *request,
					     struct acre_range *placed);

/*
 * memmap_recast - turn @range of one region of kind @from into @to; its name stays.
 * Pre:    resolved. It does not check that no reservation becomes usable: only
 *         memmap_validate() does.
 * Result: as memmap_claim().
 */
/*@
	requires good_map(map);
	assigns map->region[0 .. map->max_regions - 1], map->nregions;
	ensures map->nregions <= map->max_regions;
	ensures \result != ACRE_OK ==> map->nregions == \old(map->nregions);
*/
acre_nodiscard enum acre_status memmap_recast(struct memmap *map, struct acre_range range,
					      enum memmap_kind from, enum memmap_kind to);

/* ---- questions ------------------------------------------------------------------------------- */

/*
 * memmap_find - the region of the partition that contains @addr, or NULL if that is not RAM. Valid
 * until the next claim. Cost: O(log n).
 */
/*@
	requires good_map(map);
	assigns \result \from map, *map, addr;
	ensures \result != \null ==> \valid_read(\result) &&
		\result->range.start <= addr < \result->range.end;
*/
const struct memmap_region *memmap_find(const struct memmap *map, acre_paddr_t addr);

/*
 * memmap_next - the first region of @kind at index *@cursor or after, in order of address; NULL at
 * the end. *@cursor starts at 0 and moves past the result.
 */
/*@
	requires good_map(map) && \valid(cursor);
	requires \separated(cursor, map, map->region + (0 .. map->max_regions - 1));
	assigns *cursor, \result \from map, *map, kind, *cursor;
	ensures \result != \null ==> \result == &map->region[*cursor - 1] &&
		\old(*cursor) < *cursor <= map->nregions && \result->kind == kind;
*/
const struct memmap_region *memmap_next(const struct memmap *map, enum memmap_kind kind,
					uint32_t *cursor);

/* memmap_bytes - bytes of all regions of @kind. O(n). */
/*@
	requires good_map(map);
	assigns \nothing;
	ensures \result <= ACRE_PADDR_LIMIT;
*/
uint64_t memmap_bytes(const struct memmap *map, enum memmap_kind kind);

/* memmap_ram_bytes - bytes of the union of all banks; 0 until it is resolved. O(banks). */
/*@
	requires good_map(map);
	assigns \nothing;
	ensures \result <= ACRE_PADDR_LIMIT;
*/
uint64_t memmap_ram_bytes(const struct memmap *map);

/*
 * memmap_outside - the next part of a reservation that lies outside RAM, each reservation for
 * itself, in the order in which they were added. Such parts are listed, never summed. What is left
 * out (MEMMAP_LEFT_OUT) is left out of RAM only.
 * Pre:    resolved.
 * Result: true and *@part (kind and name of the reservation, MEMMAP_NO_BANK), or false at the end.
 */
/*@
	requires good_map(map) && \valid(cursor) && \valid(part);
	requires \separated(part, cursor, map, map->reservation + (0 .. map->max_reservations - 1),
		map->bank + (0 .. map->max_banks - 1));
	assigns *cursor, *part;
	ensures \result ==> part->range.start < part->range.end;
*/
acre_nodiscard bool memmap_outside(const struct memmap *map, struct memmap_outside_cursor *cursor,
				   struct memmap_region *part);

/* Bytes with two owners: @winner, a region, has them; @loser, a reservation, does not. */
struct memmap_conflict {
	struct acre_range range;
	const struct memmap_region *winner;
	const struct memmap_region *loser;
};

/*
 * memmap_next_conflict - the next bytes of RAM with two owners, each reservation for itself, in the
 * order in which they were added. Entries of /memreserve/ and what is left out have no owner, the
 * parts of the kernel have one, and two nodes of which one is the firmware's and one lies in the
 * other agree. In memmap_conflict.c.
 * Pre:    resolved; @cursor is zero at first.
 * Result: true and *@conflict, whose pointers are good until the next claim; false at the end.
 * Cost:   all calls together: a walk over the regions that each reservation touches.
 */
acre_nodiscard bool memmap_next_conflict(const struct memmap *map,
					 struct memmap_outside_cursor *cursor,
					 struct memmap_conflict *conflict);

/*
 * memmap_whole_frames - the whole frames inside @range; empty, at its start, if there is none.
 * Pre: @range ends at ACRE_PADDR_LIMIT or below, as every range of a map does.
 */
/*@
	requires range.start <= range.end <= ACRE_PADDR_LIMIT;
	assigns \nothing;
	ensures range.start <= \result.start <= \result.end <= range.end;
	ensures \result.start == \result.end ==> \result.start == range.start;
	ensures \result.start < \result.end ==>
		\result.start % FRAME_SIZE == 0 && \result.end % FRAME_SIZE == 0;
*/
struct acre_range memmap_whole_frames(struct acre_range range);

/* memmap_kind_str - "usable", "rounding slack", "device tree", ...; never NULL. Any value. */
/*@ assigns \nothing; */
const char *memmap_kind_str(enum memmap_kind kind);

#define MEMMAP_NAME_LEN 96u

/*
 * memmap_name - the name of @region with its index, if it has one: "/memreserve/ 3". Result: @buf.
 */
const char *memmap_name(char buf[MEMMAP_NAME_LEN], const struct memmap_region *region);

/*
 * memmap_validate - does the partition keep its promises (memmap.c numbers them)? NULL if so, else
 * the sentence that is broken. Part of every boot: the sums must match to the byte.
 * Pre:    resolved.
 * Cost:   O(n) in regions, plus a walk over the regions that each reservation touches, plus the
 *         square of the number of declared banks.
 */
const char *memmap_validate(const struct memmap *map);

#endif
