/* SPDX-License-Identifier: MIT */
/*
 * memmap_contracts.h - the static functions of memmap.c, each with its contract (docs/proof.md),
 * and the list that they fill. What each is for stands at its definition.
 */
#ifndef ACRE_MM_MEMMAP_CONTRACTS_H
#define ACRE_MM_MEMMAP_CONTRACTS_H

#include "mm/map/memmap.h"
#include "mm/map/memmap_paint_internal.h"

/* Regions in a table that has @room for so many; sorted and disjoint. */
struct memmap_list {
	struct memmap_region *entry;
	uint32_t count;
	uint32_t room;
};

/*@
	predicate good_list(struct memmap_list *list) =
		\valid(list) && list->count <= list->room &&
		\valid(list->entry + (0 .. list->room - 1)) &&
		\separated(list, list->entry + (0 .. list->room - 1));

	predicate same_table{L1, L2}(struct memmap_list *list) =
		\at(list->entry, L1) == \at(list->entry, L2) &&
		\at(list->room, L1) == \at(list->room, L2);

	// What append() leaves in a list of regions.
	predicate good_regions(struct memmap_region *list, integer count) =
		sorted_list(list, count) && usable_whole(list, count);
	predicate good_partition(struct memmap_list *list) =
		good_list(list) && good_regions(list->entry, list->count);

	predicate real_pieces(struct memmap_piece *piece, integer npieces) =
		\forall integer p; 0 <= p < npieces ==>
			piece[p].range.start < piece[p].range.end <= ACRE_PADDR_LIMIT;

	// What all of the list ended by, at or above @end, it still ends by.
	predicate keeps_ends{L1, L2}(struct memmap_list *list, integer end) =
		\forall integer addr; end <= addr &&
			\at(ends_by(list->entry, list->count, addr), L1) ==>
			\at(ends_by(list->entry, list->count, addr), L2);
	predicate same_starts{L1, L2}(struct memmap_region *list, integer count) =
		\forall integer i; 0 <= i < count ==>
			\at(list[i].range.start, L1) == \at(list[i].range.start, L2);
	predicate same_ends{L1, L2}(struct memmap_region *list, integer count) =
		\forall integer i; 0 <= i < count ==>
			\at(list[i].range.end, L1) == \at(list[i].range.end, L2);
	predicate same_kinds{L1, L2}(struct memmap_region *list, integer count) =
		\forall integer i; 0 <= i < count ==>
			\at(list[i].kind, L1) == \at(list[i].kind, L2);
	predicate same_ranges{L1, L2}(struct memmap_region *list, integer count) =
		\forall integer i; 0 <= i < count ==>
			\at(list[i].range.start, L1) == \at(list[i].range.start, L2) &&
			\at(list[i].range.end, L1) == \at(list[i].range.end, L2) &&
			\at(list[i].kind, L1) == \at(list[i].kind, L2);

	// A region that append() may be given: empty, or good and above all of the list.
	predicate good_next(struct memmap_region *next) =
		next->range.start < next->range.end ==> next->range.end <= ACRE_PADDR_LIMIT &&
			(next->kind == MEMMAP_USABLE ==>
			 next->range.start % FRAME_SIZE == 0 && next->range.end % FRAME_SIZE == 0);
*/

/* ---- input ----------------------------------------------------------------------------------- */

/*@
	assigns \nothing;
	ensures \result == ACRE_OK || \result == ACRE_ERR_RANGE;
	ensures \result == ACRE_OK <==> range.start <= range.end <= ACRE_PADDR_LIMIT;
*/
static enum acre_status check_range(struct acre_range range);

/*@
	assigns \nothing;
	ensures \result ==> MEMMAP_SLACK < kind < MEMMAP_KIND_COUNT;
*/
static bool is_reserving(enum memmap_kind kind);

/*@
	assigns \nothing;
	ensures \result.range == range && \result.kind == kind && \result.index == index;
*/
static struct memmap_region make_region(struct acre_range range, enum memmap_kind kind,
					const char *name, uint32_t index);

/*@
	requires \valid(list + at) && \valid_read(from) && \separated(list + at, from);
	assigns list[at];
	exits \false;
	ensures list[at].range.start == \old(from->range.start);
	ensures list[at].range.end == \old(from->range.end);
	ensures list[at].kind == \old(from->kind);
	ensures list[at].numa_node == \old(from->numa_node) && list[at].bank == \old(from->bank);
	ensures list[at].index == \old(from->index) && list[at].name == \old(from->name);
	ensures same_ranges{Pre, Post}(list, at);
*/
static void put(struct memmap_region *list, uint32_t at, const struct memmap_region *from);

/*@
	requires good_tables(map);
	requires input == map->declared && at < map->max_declared ||
		input == map->reservation && at < map->max_reservations;
	assigns input[at];
	exits \false;
	ensures input[at].range == \old(from.range);
	ensures input[at].kind == \old(from.kind);
	ensures good_tables(map);
	// No number of the map changes.
	ensures map->resolved == \old(map->resolved);
	ensures map->ndeclared == \old(map->ndeclared);
	ensures map->nreservations == \old(map->nreservations);
	ensures map->nbanks == \old(map->nbanks);
	ensures map->nregions == \old(map->nregions);
	ensures map->max_declared == \old(map->max_declared);
	ensures map->max_reservations == \old(map->max_reservations);
	ensures map->max_banks == \old(map->max_banks);
	ensures map->max_regions == \old(map->max_regions);
	ensures map->scratch.max_inputs == \old(map->scratch.max_inputs);
	ensures same_ranges{Pre, Post}(input, at);
	ensures input == map->reservation && at < map->max_reservations ==>
		same_ranges{Pre, Post}(map->declared, map->max_declared);
	ensures input == map->declared && at < map->max_declared ==>
		same_ranges{Pre, Post}(map->reservation, map->max_reservations);
*/
static void put_input(const struct memmap *map, struct memmap_region *input, uint32_t at,
		      struct memmap_region from);

/*@
	requires good_tables(map) && good_counts(map);
	requires \valid_read(input + (0 .. count - 1));
	requires count <= map->scratch.max_inputs && good_inputs(input, count);
	requires \separated(input + (0 .. count - 1),
		map->scratch.edge + (0 .. 2 * map->scratch.max_inputs - 1),
		map->scratch.piece + (0 .. 2 * map->scratch.max_inputs - 1),
		map->scratch.winner + (0 .. 2 * map->scratch.max_inputs - 1));
	assigns map->scratch.edge[0 .. 2 * map->scratch.max_inputs - 1],
		map->scratch.piece[0 .. 2 * map->scratch.max_inputs - 1],
		map->scratch.winner[0 .. 2 * map->scratch.max_inputs - 1];
	ensures good_tables(map);
	// No number of the map changes.
	ensures map->resolved == \old(map->resolved);
	ensures map->ndeclared == \old(map->ndeclared);
	ensures map->nreservations == \old(map->nreservations);
	ensures map->nbanks == \old(map->nbanks);
	ensures map->nregions == \old(map->nregions);
	ensures map->max_declared == \old(map->max_declared);
	ensures map->max_reservations == \old(map->max_reservations);
	ensures map->max_banks == \old(map->max_banks);
	ensures map->max_regions == \old(map->max_regions);
	ensures map->scratch.max_inputs == \old(map->scratch.max_inputs);
	ensures same_ranges{Pre, Post}(map->declared, map->max_declared);
	ensures same_ranges{Pre, Post}(map->reservation, map->max_reservations);
	ensures same_ranges{Pre, Post}(map->bank, map->max_banks);
	ensures \result <= (count == 0 ? 0 : 2 * count - 1);
	ensures good_pieces(map->scratch.piece, \result, input, count);
	ensures real_pieces(map->scratch.piece, \result);
*/
static uint32_t paint(const struct memmap *map, const struct memmap_region *input, uint32_t count);

/*@
	requires \valid_read(piece + (0 .. npieces - 1));
	requires real_pieces(piece, npieces);
	assigns \nothing;
*/
static struct acre_range range_above(const struct memmap_piece *piece, uint32_t npieces,
				     uint64_t bytes);

/* ---- lists of regions: sorted and disjoint --------------------------------------------------- */

/*@
	requires \valid_read(below) && \valid_read(above);
	assigns \nothing;
	ensures \result ==> below->range.end == above->range.start && below->kind == above->kind &&
		below->bank == above->bank && below->index == above->index;
*/
static bool can_join(const struct memmap_region *below, const struct memmap_region *above);

/*@
	requires good_list(list) && list->count > 0;
	assigns list->entry[list->count - 1].range.end;
	exits \false;
	ensures list->entry[list->count - 1].range.end == end;
	ensures same_ranges{Pre, Post}(list->entry, list->count - 1);
	ensures keeps_ends{Pre, Post}(list, end);
*/
static void extend(struct memmap_list *list, acre_paddr_t end);

/*@
	requires good_partition(list) && \valid_read(next) && good_next(next);
	requires \separated(next, list, list->entry + (0 .. list->room - 1));
	requires next->range.start < next->range.end ==>
		ends_by(list->entry, list->count, next->range.start);
	assigns list->entry[0 .. list->room - 1], list->count;
	ensures same_table{Pre, Post}(list);
	ensures \old(list->count) <= list->count <= \old(list->count) + 1;
	ensures list->count <= list->room;
	ensures \result || list->count == list->room;
	ensures good_inputs(list->entry, list->count);
	ensures in_order(list->entry, list->count);
	ensures usable_whole(list->entry, list->count);
	ensures keeps_ends{Pre, Post}(list, next->range.end);
*/
static bool append(struct memmap_list *list, const struct memmap_region *next);

/* ---- resolving ------------------------------------------------------------------------------- */

/*@
	requires good_list(banks) && banks->count < banks->room;
	requires \valid_read(owner) && \valid_read(piece);
	requires \separated(owner, banks, banks->entry + (0 .. banks->room - 1));
	requires \separated(piece, banks, banks->entry + (0 .. banks->room - 1));
	requires sorted_list(banks->entry, banks->count);
	requires piece->range.start < piece->range.end <= ACRE_PADDR_LIMIT;
	requires ends_by(banks->entry, banks->count, piece->range.start);
	assigns banks->entry[0 .. banks->room - 1], banks->count;
	ensures same_table{Pre, Post}(banks);
	ensures \old(banks->count) <= banks->count <= \old(banks->count) + 1;
	ensures good_inputs(banks->entry, banks->count);
	ensures in_order(banks->entry, banks->count);
	ensures ends_by(banks->entry, banks->count, piece->range.end);
*/
static void add_piece(struct memmap_list *banks, const struct memmap_region *owner,
		      const struct memmap_piece *piece);

/*@
	requires good_list(banks) && banks->count == 0 && npieces <= banks->room;
	requires \valid_read(declared + (0 .. ndeclared - 1));
	requires \valid_read(piece + (0 .. npieces - 1));
	requires \separated(banks, banks->entry + (0 .. banks->room - 1),
		declared + (0 .. ndeclared - 1), piece + (0 .. npieces - 1));
	requires good_inputs(declared, ndeclared);
	requires good_pieces(piece, npieces, declared, ndeclared);
	assigns banks->entry[0 .. banks->room - 1], banks->count;
	ensures same_table{Pre, Post}(banks);
	ensures banks->count <= npieces;
	ensures good_inputs(banks->entry, banks->count);
	ensures in_order(banks->entry, banks->count);
*/
static void join_pieces(struct memmap_list *banks, const struct memmap_region *declared,
			uint32_t ndeclared, const struct memmap_piece *piece, uint32_t npieces);

/*@
	requires good_partition(regions) && \valid_read(bank);
	requires owner != \null ==> \valid_read(owner);
	requires \separated(bank, regions, regions->entry + (0 .. regions->room - 1));
	requires \separated(owner, regions, regions->entry + (0 .. regions->room - 1));
	requires range.start <= range.end <= ACRE_PADDR_LIMIT;
	requires ends_by(regions->entry, regions->count, range.start);
	requires range.start < range.end && kind == MEMMAP_USABLE ==>
		range.start % FRAME_SIZE == 0 && range.end % FRAME_SIZE == 0;
	assigns regions->entry[0 .. regions->room - 1], regions->count;
	ensures same_table{Pre, Post}(regions);
	ensures regions->count <= \old(regions->count) + 1;
	ensures regions->count <= regions->room;
	ensures good_inputs(regions->entry, regions->count);
	ensures in_order(regions->entry, regions->count);
	ensures usable_whole(regions->entry, regions->count);
	ensures ends_by(regions->entry, regions->count, range.end);
*/
static bool append_range(struct memmap_list *regions, const struct memmap_region *bank,
			 struct acre_range range, enum memmap_kind kind,
			 const struct memmap_region *owner);

/*@
	assigns \nothing;
	ensures addr - FRAME_SIZE < \result <= addr && \result % FRAME_SIZE == 0;
*/
static acre_paddr_t frame_down(acre_paddr_t addr);

/*@
	requires addr <= ACRE_PADDR_LIMIT;
	assigns \nothing;
	ensures addr <= \result < addr + FRAME_SIZE && \result % FRAME_SIZE == 0;
*/
static acre_paddr_t frame_up(acre_paddr_t addr);

/*@
	requires good_partition(regions) && \valid_read(bank);
	requires \separated(bank, regions, regions->entry + (0 .. regions->room - 1));
	requires range.start <= range.end <= ACRE_PADDR_LIMIT;
	requires ends_by(regions->entry, regions->count, range.start);
	assigns regions->entry[0 .. regions->room - 1], regions->count;
	ensures same_table{Pre, Post}(regions);
	ensures regions->count <= regions->room;
	ensures good_inputs(regions->entry, regions->count);
	ensures in_order(regions->entry, regions->count);
	ensures usable_whole(regions->entry, regions->count);
	ensures ends_by(regions->entry, regions->count, range.end);
*/
static bool append_free(struct memmap_list *regions, const struct memmap_region *bank,
			struct acre_range range);

/*@
	requires \valid_read(piece + (0 .. npieces - 1)) && first <= npieces;
	assigns \nothing;
	ensures first <= \result <= npieces;
	ensures \result < npieces ==> addr < piece[\result].range.end;
*/
static uint32_t skip_pieces(const struct memmap_piece *piece, uint32_t first, uint32_t npieces,
			    acre_paddr_t addr);

/*@
	requires good_partition(regions) && \valid_read(bank) && \valid_read(owner);
	requires \separated(bank, regions, regions->entry + (0 .. regions->room - 1));
	requires \separated(owner, regions, regions->entry + (0 .. regions->room - 1));
	requires from <= taken.start < taken.end <= ACRE_PADDR_LIMIT;
	requires ends_by(regions->entry, regions->count, from);
	requires owner->kind != MEMMAP_USABLE;
	assigns regions->entry[0 .. regions->room - 1], regions->count;
	ensures same_table{Pre, Post}(regions);
	ensures regions->count <= regions->room;
	ensures good_inputs(regions->entry, regions->count);
	ensures in_order(regions->entry, regions->count);
	ensures usable_whole(regions->entry, regions->count);
	ensures ends_by(regions->entry, regions->count, taken.end);
*/
static bool append_taken(struct memmap_list *regions, const struct memmap_region *bank,
			 acre_paddr_t from, struct acre_range taken,
			 const struct memmap_region *owner);

/*@
	requires good_partition(regions) && \valid_read(bank);
	requires \valid_read(reservation + (0 .. nreservations - 1));
	requires \valid_read(piece + (0 .. npieces - 1)) && first <= npieces;
	requires \separated(bank, regions, regions->entry + (0 .. regions->room - 1));
	requires \separated(reservation + (0 .. nreservations - 1), regions,
		regions->entry + (0 .. regions->room - 1));
	requires \separated(piece + (0 .. npieces - 1), regions,
		regions->entry + (0 .. regions->room - 1));
	requires first < npieces ==> bank->range.start < piece[first].range.end;
	requires good_inputs(reservation, nreservations);
	requires usable_none(reservation, nreservations);
	requires good_pieces(piece, npieces, reservation, nreservations);
	requires bank->range.start < bank->range.end <= ACRE_PADDR_LIMIT;
	requires ends_by(regions->entry, regions->count, bank->range.start);
	assigns regions->entry[0 .. regions->room - 1], regions->count;
	ensures same_table{Pre, Post}(regions);
	ensures regions->count <= regions->room;
	ensures good_inputs(regions->entry, regions->count);
	ensures in_order(regions->entry, regions->count);
	ensures usable_whole(regions->entry, regions->count);
	ensures ends_by(regions->entry, regions->count, bank->range.end);
*/
static bool divide_bank(struct memmap_list *regions, const struct memmap_region *bank,
			const struct memmap_region *reservation, uint32_t nreservations,
			const struct memmap_piece *piece, uint32_t first, uint32_t npieces);

/*@
	requires good_list(regions) && regions->count == 0;
	requires \valid_read(bank + (0 .. nbanks - 1)) && sorted_list(bank, nbanks);
	requires \valid_read(reservation + (0 .. nreservations - 1));
	requires \valid_read(piece + (0 .. npieces - 1));
	requires \separated(bank + (0 .. nbanks - 1), regions,
		regions->entry + (0 .. regions->room - 1));
	requires \separated(reservation + (0 .. nreservations - 1), regions,
		regions->entry + (0 .. regions->room - 1));
	requires \separated(piece + (0 .. npieces - 1), regions,
		regions->entry + (0 .. regions->room - 1));
	requires good_inputs(reservation, nreservations);
	requires usable_none(reservation, nreservations);
	requires good_pieces(piece, npieces, reservation, nreservations);
	assigns regions->entry[0 .. regions->room - 1], regions->count;
	ensures same_table{Pre, Post}(regions);
	ensures regions->count <= regions->room;
	ensures good_inputs(regions->entry, regions->count);
	ensures in_order(regions->entry, regions->count);
	ensures usable_whole(regions->entry, regions->count);
*/
static bool divide_banks(struct memmap_list *regions, const struct memmap_region *bank,
			 uint32_t nbanks, const struct memmap_region *reservation,
			 uint32_t nreservations, const struct memmap_piece *piece,
			 uint32_t npieces);

/*@
	requires good_map(map) && !map->resolved;
	assigns map->nbanks, map->bank[0 .. map->max_banks - 1],
		map->scratch.edge[0 .. 2 * map->scratch.max_inputs - 1],
		map->scratch.piece[0 .. 2 * map->scratch.max_inputs - 1],
		map->scratch.winner[0 .. 2 * map->scratch.max_inputs - 1];
	// Nothing else of the map changes.
	ensures map->resolved == \old(map->resolved);
	ensures map->ndeclared == \old(map->ndeclared);
	ensures map->nreservations == \old(map->nreservations);
	ensures map->nregions == \old(map->nregions);
	ensures map->max_declared == \old(map->max_declared);
	ensures map->max_reservations == \old(map->max_reservations);
	ensures map->max_banks == \old(map->max_banks);
	ensures map->max_regions == \old(map->max_regions);
	ensures map->scratch.max_inputs == \old(map->scratch.max_inputs);
	ensures map->declared == \old(map->declared);
	ensures map->reservation == \old(map->reservation);
	ensures map->bank == \old(map->bank);
	ensures map->region == \old(map->region);
	ensures map->scratch.edge == \old(map->scratch.edge);
	ensures map->scratch.piece == \old(map->scratch.piece);
	ensures map->scratch.winner == \old(map->scratch.winner);
	ensures good_inputs(map->declared, map->ndeclared);
	ensures good_inputs(map->reservation, map->nreservations);
	ensures usable_none(map->reservation, map->nreservations);
	ensures map->nbanks <= map->max_banks;
	ensures good_inputs(map->bank, map->nbanks);
	ensures in_order(map->bank, map->nbanks);
*/
static void resolve_banks(struct memmap *map);

/*@
	requires good_tables(map);
	requires good_counts(map);
	requires good_inputs(map->declared, map->ndeclared);
	requires good_inputs(map->reservation, map->nreservations);
	requires usable_none(map->reservation, map->nreservations);
	requires sorted_list(map->bank, map->nbanks);
	assigns map->nregions, map->region[0 .. map->max_regions - 1],
		map->scratch.edge[0 .. 2 * map->scratch.max_inputs - 1],
		map->scratch.piece[0 .. 2 * map->scratch.max_inputs - 1],
		map->scratch.winner[0 .. 2 * map->scratch.max_inputs - 1];
	// No other number of the map changes.
	ensures map->resolved == \old(map->resolved);
	ensures map->ndeclared == \old(map->ndeclared);
	ensures map->nreservations == \old(map->nreservations);
	ensures map->nbanks == \old(map->nbanks);
	ensures map->max_declared == \old(map->max_declared);
	ensures map->max_reservations == \old(map->max_reservations);
	ensures map->max_banks == \old(map->max_banks);
	ensures map->max_regions == \old(map->max_regions);
	ensures map->scratch.max_inputs == \old(map->scratch.max_inputs);
	ensures map->nregions <= map->max_regions;
	ensures good_inputs(map->region, map->nregions);
	ensures in_order(map->region, map->nregions);
	ensures usable_whole(map->region, map->nregions);
*/
static bool resolve_regions(struct memmap *map);

/* ---- carving --------------------------------------------------------------------------------- */

/* Below, the new region, slack, above, and two neighbours. */
#define CARVE_PARTS 6u

/*@
	// @carved is in @whole, with all frames that it touches.
	predicate can_cut(struct acre_range whole, struct acre_range carved) =
		whole.start <= carved.start < carved.end <= whole.end <= ACRE_PADDR_LIMIT &&
		(whole.end % FRAME_SIZE == 0 || carved.end % FRAME_SIZE == 0);
*/

/*@
	requires good_partition(parts) && parts->count <= 1 && parts->room == CARVE_PARTS;
	requires \valid_read(whole) && \valid_read(carved);
	requires \separated(whole, parts, parts->entry + (0 .. CARVE_PARTS - 1));
	requires \separated(carved, parts, parts->entry + (0 .. CARVE_PARTS - 1));
	requires ends_by(parts->entry, parts->count, whole->range.start);
	requires can_cut(whole->range, carved->range);
	requires whole->kind == MEMMAP_USABLE ==>
		whole->range.start % FRAME_SIZE == 0 && whole->range.end % FRAME_SIZE == 0;
	requires carved->kind == MEMMAP_USABLE || whole->kind == MEMMAP_USABLE ==>
		carved->range.start % FRAME_SIZE == 0;
	requires carved->kind == MEMMAP_USABLE ==> carved->range.end % FRAME_SIZE == 0;
	assigns parts->entry[0 .. CARVE_PARTS - 1], parts->count;
	ensures same_table{Pre, Post}(parts);
	ensures parts->count <= 5;
	ensures good_inputs(parts->entry, parts->count);
	ensures in_order(parts->entry, parts->count);
	ensures usable_whole(parts->entry, parts->count);
	ensures ends_by(parts->entry, parts->count, \old(whole->range.end));
*/
static void cut(struct memmap_list *parts, const struct memmap_region *whole,
		const struct memmap_region *carved);

/*@
	requires \valid(region + (to .. to + tail - 1)) && \valid(region + (end .. end + tail - 1));
	requires to + tail <= UINT32_MAX && end + tail <= UINT32_MAX;
	assigns region[to .. to + tail - 1];
*/
static void move_tail(struct memmap_region *region, uint32_t end, uint32_t to, uint32_t tail);

/*@
	requires good_tables(map) && first <= end <= map->nregions <= map->max_regions;
	requires \valid_read(parts) && parts->count <= CARVE_PARTS;
	requires \valid_read(parts->entry + (0 .. parts->count - 1));
	requires \separated(map, parts, parts->entry + (0 .. parts->count - 1),
		map->region + (0 .. map->max_regions - 1));
	requires map->nregions - (end - first) + parts->count <= map->max_regions;
	assigns map->region[0 .. map->max_regions - 1], map->nregions;
	ensures map->nregions == \old(map->nregions) - (end - first) + parts->count;
*/
static void replace(struct memmap *map, uint32_t first, uint32_t end,
		    const struct memmap_list *parts);

/*@
	requires good_list(parts) && parts->count == 0 && parts->room == CARVE_PARTS;
	requires at - 1 <= first <= at < end <= at + 2 && \valid_read(carved);
	requires \valid_read(region + (first .. end - 1));
	requires good_regions(region, end);
	requires \separated(region + (first .. end - 1), parts,
		parts->entry + (0 .. CARVE_PARTS - 1));
	requires \separated(carved, parts, parts->entry + (0 .. CARVE_PARTS - 1));
	requires can_cut(region[at].range, carved->range);
	requires carved->kind == MEMMAP_USABLE || region[at].kind == MEMMAP_USABLE ==>
		carved->range.start % FRAME_SIZE == 0;
	requires carved->kind == MEMMAP_USABLE ==> carved->range.end % FRAME_SIZE == 0;
	assigns parts->entry[0 .. CARVE_PARTS - 1], parts->count;
	ensures same_table{Pre, Post}(parts);
	ensures parts->count <= CARVE_PARTS;
*/
static void gather_parts(struct memmap_list *parts, const struct memmap_region *region,
			 uint32_t first, uint32_t at, uint32_t end,
			 const struct memmap_region *carved);

/*@
	requires good_tables(map) && map->nregions <= map->max_regions && at < map->nregions;
	requires good_regions(map->region, map->nregions);
	requires can_cut(map->region[at].range, carved.range);
	requires carved.kind == MEMMAP_USABLE || map->region[at].kind == MEMMAP_USABLE ==>
		carved.range.start % FRAME_SIZE == 0;
	requires carved.kind == MEMMAP_USABLE ==> carved.range.end % FRAME_SIZE == 0;
	assigns map->region[0 .. map->max_regions - 1], map->nregions;
	ensures \result == ACRE_OK || \result == ACRE_ERR_FULL;
	ensures \result != ACRE_OK ==> map->nregions == \old(map->nregions);
	ensures map->nregions <= map->max_regions;
*/
static enum acre_status carve(struct memmap *map, uint32_t at, struct memmap_region carved);

/*@
	requires good_tables(map) && good_counts(map) && \valid(at);
	requires \separated(at, map, map->region + (0 .. map->max_regions - 1));
	requires sorted_list(map->region, map->nregions);
	assigns *at;
	ensures \result == ACRE_OK ==> *at < map->nregions && map->region[*at].kind == from &&
		can_cut(map->region[*at].range, range) && range.end <= map->region[*at].range.end &&
		range.start % FRAME_SIZE == 0 && range.end % FRAME_SIZE == 0;
*/
static enum acre_status find_to_carve(const struct memmap *map, struct acre_range range,
				      enum memmap_kind from, uint32_t *at);

/* ---- placing --------------------------------------------------------------------------------- */

/*@
	requires 0 < align && \valid(start);
	assigns *start;
	ensures \result ==> range.start <= *start && *start + size <= range.end &&
		*start % FRAME_SIZE == 0;
*/
static bool highest_start(struct acre_range range, uint64_t size, uint64_t align,
			  acre_paddr_t *start);

/*@
	requires \valid_read(map) && \valid_read(request);
	assigns \nothing;
	ensures \result == ACRE_OK ==> map->resolved && request->size > 0 &&
		request->kind != MEMMAP_USABLE &&
		map->nreservations < map->max_reservations;
*/
static enum acre_status check_request(const struct memmap *map,
				      const struct memmap_request *request);

/* ---- asking ---------------------------------------------------------------------------------- */

/*@
	requires good_tables(map) && map->nbanks <= map->max_banks;
	requires sorted_list(map->bank, map->nbanks);
	assigns \nothing;
	ensures range.start <= \result.start && \result.end <= range.end;
*/
static struct acre_range first_hole(const struct memmap *map, struct acre_range range);

#endif
