/* SPDX-License-Identifier: MIT */
/*
 * memmap.c - from a heap of claims to a partition of RAM.
 *
 * INPUT. Two lists in the order of adding, both untrusted: declared[] says where RAM is, and
 * reservation[] who wants what of it. Entries may overlap in any way, be of any alignment and size
 * (but not empty: those are dropped), and reservations may lie where there is no RAM.
 *
 * OUTPUT. bank[]: the union of the declared banks, cut where the NUMA node changes. region[]: each
 * byte of that union exactly once, with its winner's kind and name.
 *
 *	declared[0]     |==========node 0==========|
 *	declared[1]                     |=======node 1=======|          |==node 1==|
 *	bank[]          |------- 0 ----------------|--- 1 ---|          |--- 2 ----|
 *
 *	reservation[0]      |==dtb==|
 *	reservation[1]           |===firmware===|        |====reserved====|
 *	region[]        |us.|dtb.|firmware......|us|.us..|res|          |r|..us....|
 *	                                                       (listed
 *	                                                       as outside)
 *
 * HOW. Three passes, each a loop over sorted things:
 *
 * 1. memmap_paint() the declared banks: cut the line at every edge and give each piece between two
 *    edges to one of the inputs that cover it. Which one is a tournament: a complete binary tree in
 *    an array, leaf [count + i] is input i (or NO_INPUT while the sweep is outside it), each inner
 *    node [k] is the stronger of [2k] and [2k + 1], so [1] is the winner and an edge costs one path
 *    from leaf to root. Stronger is the greater kind, then the first added. Banks have one kind, so
 *    there the first added wins. Touching pieces of one node become one bank.
 * 2. memmap_paint() the reservations in the same way.
 * 3. Walk banks and painted reservations together. What a reservation covers becomes a region of
 *    its kind, clipped to the bank; what lies between is free, and is rounded inward to frames:
 *
 *	frames       |       |       |       |       |       |       |
 *	reserved     ....|===|===|==|........................|==|.....
 *	free         xxxx            xxxxxxxxxxxxxxxxxxxxxxxx    xxxxx
 *	becomes      slack          s|......usable...........|  slack
 *
 *    So a frame of which one byte is reserved (or missing) is not handed out, and the bytes that
 *    are lost by that are known.
 *
 * HOW MANY. n inputs have at most 2n edges, hence at most 2n - 1 pieces between edges; this bounds
 * edge[], piece[] and bank[]. With b declared banks and r reservations the line has at most
 * 2(b + r) - 1 pieces. Of these at most (2b - 1) + r are free, since bank[] has at most 2b - 1
 * intervals and each reservation splits at most one more free interval in two. A free piece becomes
 * up to three regions (slack, usable, slack), any other one. Together
 *
 *	2(b + r) - 1 + 2(2b - 1 + r) = 6b + 4r - 3 <= MEMMAP_MAX_REGIONS = 6(b + r).
 *
 * Each claim adds up to two, so 2r + 3 spare places are good for r + 1 claims in the worst case. A
 * placed reservation adds up to three and counts as one of r, which has four places set aside.
 *
 * INVARIANTS, once resolved (memmap_validate() checks them, the tests cite them):
 *
 *  I1  Banks are not empty, end at ACRE_PADDR_LIMIT or below, are sorted and disjoint; banks that
 *      touch differ in node.
 *  I2  The union of bank[] is the union of declared[].
 *  I3  Regions are not empty, are sorted and disjoint, have a kind and a name.
 *  I4  Each region lies inside the bank that it names, and has its node.
 *  I5  Regions leave no gap in any bank: their bytes over all kinds sum up to the bytes of bank[].
 *  I6  Usable regions begin and end at frame boundaries.
 *  I7  No slack region contains a whole frame.
 *  I8  Touching regions of one bank differ in kind, name or index.
 *  I9  What a reservation covers is, where there is RAM, of its kind or one that is more
 *      restrictive. No reserved byte is usable.
 *  I10 The counts are within their tables.
 *
 * All addresses are at most ACRE_PADDR_LIMIT = 2^56 by the time they are in a table (check_range()
 * is the only way in), so no sum of bytes here can overflow.
 *
 * The comments that begin with an @ are contracts, which scripts/prove proves. docs/proof.md says
 * how much of the above they are. Why some code here is as it is: regions are copied member by
 * member, remainders stand for masks, and there is no short cut past an append_range() that fails,
 * because provers follow that.
 */
#include "mm/map/memmap.h"

#include "lib/align.h"
#include "lib/string.h"
#include "mm/map/memmap_paint_internal.h"

/* ---- input ----------------------------------------------------------------------------------- */

void memmap_init(struct memmap *map)
{
	map->resolved = false;
	map->ndynamic = 0;
	map->ndeclared = 0;
	map->nreservations = 0;
	map->nbanks = 0;
	map->nregions = 0;
}

/*@
	assigns \nothing;
	ensures \result == ACRE_OK || \result == ACRE_ERR_RANGE;
	ensures \result == ACRE_OK <==> range.start <= range.end <= ACRE_PADDR_LIMIT;
*/
static enum acre_status check_range(struct acre_range range)
{
	if (range.start > range.end || range.end > ACRE_PADDR_LIMIT)
		return ACRE_ERR_RANGE;
	return ACRE_OK;
}

/* May something be reserved or claimed as @kind? */
/*@
	assigns \nothing;
	ensures \result ==> MEMMAP_SLACK < kind < MEMMAP_KIND_COUNT;
*/
static bool is_reserving(enum memmap_kind kind)
{
	return kind > MEMMAP_SLACK && kind != MEMMAP_LENT && (unsigned)kind < MEMMAP_KIND_COUNT;
}

/*@
	assigns \nothing;
	ensures \result.range == range && \result.kind == kind;
	ensures \result.index == MEMMAP_NO_INDEX;
*/
static struct memmap_region make_region(struct acre_range range, enum memmap_kind kind,
					const char *name)
{
	return (struct memmap_region){
		.range = range,
		.kind = kind,
		.numa_node = MEMMAP_NO_NODE,
		.bank = MEMMAP_NO_BANK,
		.index = MEMMAP_NO_INDEX,
		.name = name != NULL ? name : "",
	};
}

/*@
	predicate same_ranges{L1, L2}(struct memmap_region *list, integer count) =
		\forall integer i; 0 <= i < count ==>
			\at(list[i].range.start, L1) == \at(list[i].range.start, L2) &&
			\at(list[i].range.end, L1) == \at(list[i].range.end, L2) &&
			\at(list[i].kind, L1) == \at(list[i].kind, L2);
*/

/* *@to = *@from. Member by member, for a copy of the whole is more than provers follow. */
/*@
	requires \valid(to) && \valid_read(from) && \separated(to, from);
	assigns to->range.start, to->range.end, to->kind, to->numa_node, to->bank, to->index,
		to->name;
	exits \false;
	ensures to->range.start == from->range.start && to->range.end == from->range.end;
	ensures to->kind == from->kind;
	ensures to->numa_node == from->numa_node && to->bank == from->bank;
	ensures to->index == from->index && to->name == from->name;
*/
static void copy_region(struct memmap_region *to, const struct memmap_region *from)
{
	to->range.start = from->range.start;
	to->range.end = from->range.end;
	to->kind = from->kind;
	to->numa_node = from->numa_node;
	to->bank = from->bank;
	to->index = from->index;
	to->name = from->name;
}

enum acre_status memmap_add_bank(struct memmap *map, struct acre_range range, uint32_t numa_node,
				 const char *name)
{
	enum acre_status status = check_range(range);
	uint32_t at = map->ndeclared;

	if (map->resolved)
		return ACRE_ERR_INVALID;
	if (status != ACRE_OK || acre_range_is_empty(range))
		return status;
	if (at >= MEMMAP_MAX_BANKS)
		return ACRE_ERR_FULL;
	struct memmap_region bank = make_region(range, MEMMAP_USABLE, name);
	bank.numa_node = numa_node;
	/*@ assert in_order(&map->bank[0], map->nbanks); */
	/*@ assert in_order(&map->region[0], map->nregions); */
	/*@ assert usable_whole(&map->region[0], map->nregions); */
	/*@ assert usable_none(&map->reservation[0], map->nreservations); */
	copy_region(&map->declared[at], &bank);
	map->ndeclared = at + 1;
	/*@ assert good_inputs(&map->declared[0], map->ndeclared); */
	/*@ assert good_inputs(&map->reservation[0], map->nreservations); */
	/*@ assert same_ranges{Pre, Here}(&map->bank[0], MEMMAP_MAX_CUT_BANKS); */
	/*@ assert good_inputs(&map->bank[0], map->nbanks); */
	/*@ assert in_order(&map->bank[0], map->nbanks); */
	/*@ assert same_ranges{Pre, Here}(&map->region[0], MEMMAP_MAX_REGIONS); */
	/*@ assert good_inputs(&map->region[0], map->nregions); */
	/*@ assert in_order(&map->region[0], map->nregions); */
	/*@ assert usable_whole(&map->region[0], map->nregions); */
	/*@ assert usable_none(&map->reservation[0], map->nreservations); */
	return ACRE_OK;
}

enum acre_status memmap_reserve_nth(struct memmap *map, struct acre_range range,
				    enum memmap_kind kind, const char *name, uint32_t index)
{
	enum acre_status status = check_range(range);
	uint32_t at = map->nreservations;

	if (map->resolved || !is_reserving(kind))
		return ACRE_ERR_INVALID;
	if (status != ACRE_OK || acre_range_is_empty(range))
		return status;
	if (at >= MEMMAP_MAX_RESERVATIONS)
		return ACRE_ERR_FULL;
	struct memmap_region reservation = make_region(range, kind, name);
	reservation.index = index;
	/*@ assert in_order(&map->bank[0], map->nbanks); */
	/*@ assert in_order(&map->region[0], map->nregions); */
	/*@ assert usable_whole(&map->region[0], map->nregions); */
	/*@ assert usable_none(&map->reservation[0], map->nreservations); */
	copy_region(&map->reservation[at], &reservation);
	/*@ assert same_ranges{Pre, Here}(&map->reservation[0], at); */
	map->nreservations = at + 1;
	/*@ assert good_inputs(&map->reservation[0], map->nreservations); */
	/*@ assert good_inputs(&map->declared[0], map->ndeclared); */
	/*@ assert same_ranges{Pre, Here}(&map->bank[0], MEMMAP_MAX_CUT_BANKS); */
	/*@ assert good_inputs(&map->bank[0], map->nbanks); */
	/*@ assert in_order(&map->bank[0], map->nbanks); */
	/*@ assert same_ranges{Pre, Here}(&map->region[0], MEMMAP_MAX_REGIONS); */
	/*@ assert good_inputs(&map->region[0], map->nregions); */
	/*@ assert in_order(&map->region[0], map->nregions); */
	/*@ assert usable_whole(&map->region[0], map->nregions); */
	/*@ assert usable_none(&map->reservation[0], map->nreservations); */
	return ACRE_OK;
}

enum acre_status memmap_reserve(struct memmap *map, struct acre_range range, enum memmap_kind kind,
				const char *name)
{
	return memmap_reserve_nth(map, range, kind, name, MEMMAP_NO_INDEX);
}

/* Declared memory in scratch.piece[]. Result: how many. */
/*@
	requires \valid(map) && good_map(map);
	assigns map->scratch;
	ensures good_map(map);
	ensures \result <= 2 * MEMMAP_MAX_BANKS;
	ensures good_pieces(&map->scratch.piece[0], \result, &map->declared[0], map->ndeclared);
*/
static uint32_t paint_declared(struct memmap *map)
{
	/*@ assert in_order(&map->bank[0], map->nbanks); */
	/*@ assert in_order(&map->region[0], map->nregions); */
	/*@ assert usable_whole(&map->region[0], map->nregions); */
	/*@ assert usable_none(&map->reservation[0], map->nreservations); */
	uint32_t npieces = memmap_paint(&map->scratch, map->declared, map->ndeclared);

	/*@ assert same_ranges{Pre, Here}(&map->declared[0], MEMMAP_MAX_BANKS); */
	/*@ assert same_ranges{Pre, Here}(&map->reservation[0], MEMMAP_MAX_RESERVATIONS); */
	/*@ assert same_ranges{Pre, Here}(&map->bank[0], MEMMAP_MAX_CUT_BANKS); */
	/*@ assert same_ranges{Pre, Here}(&map->region[0], MEMMAP_MAX_REGIONS); */
	/*@ assert good_inputs(&map->declared[0], map->ndeclared); */
	/*@ assert good_inputs(&map->reservation[0], map->nreservations); */
	/*@ assert usable_none(&map->reservation[0], map->nreservations); */
	/*@ assert good_inputs(&map->bank[0], map->nbanks); */
	/*@ assert in_order(&map->bank[0], map->nbanks); */
	/*@ assert good_inputs(&map->region[0], map->nregions); */
	/*@ assert in_order(&map->region[0], map->nregions); */
	/*@ assert usable_whole(&map->region[0], map->nregions); */
	return npieces;
}

enum acre_status memmap_limit(struct memmap *map, uint64_t bytes, const char *name)
{
	const struct memmap_piece *piece = map->scratch.piece;
	uint32_t npieces;

	if (map->resolved || bytes == 0)
		return ACRE_ERR_INVALID;
	npieces = paint_declared(map);
	/*@
		loop invariant 0 <= i <= npieces;
		loop assigns i, bytes;
		loop variant npieces - i;
	*/
	for (uint32_t i = 0; i < npieces; i++) {
		uint64_t size = acre_range_size(piece[i].range);
		if (bytes < size) {
			struct acre_range rest = { piece[i].range.start + bytes,
						   piece[npieces - 1].range.end };
			return memmap_reserve(map, rest, MEMMAP_LEFT_OUT, name);
		}
		bytes -= size;
	}
	return ACRE_OK;
}

/* ---- lists of regions: sorted and disjoint --------------------------------------------------- */

/*@
	requires \valid_read(below) && \valid_read(above);
	assigns \nothing;
	ensures \result ==> below->range.end == above->range.start && below->kind == above->kind &&
		below->bank == above->bank && below->index == above->index;
*/
static bool can_join(const struct memmap_region *below, const struct memmap_region *above)
{
	return below->range.end == above->range.start && below->kind == above->kind &&
	       below->bank == above->bank && below->index == above->index &&
	       strcmp(below->name, above->name) == 0;
}

/* Append @next, joined to the last one where that is the same thing (I8). False if it is full. */
/*@
	requires \valid(list + (0 .. capacity - 1)) && \valid(count) && \valid_read(next);
	requires \separated(count, list + (0 .. capacity - 1)) && \separated(count, next);
	requires \separated(next, list + (0 .. capacity - 1));
	requires *count <= capacity && good_inputs(list, *count) && in_order(list, *count);
	requires usable_whole(list, *count);
	requires next->range.start < next->range.end && next->kind == MEMMAP_USABLE ==>
		next->range.start % FRAME_SIZE == 0 && next->range.end % FRAME_SIZE == 0;
	requires next->range.start < next->range.end ==> next->range.end <= ACRE_PADDR_LIMIT &&
		ends_by(list, *count, next->range.start);
	assigns list[0 .. capacity - 1], *count;
	ensures \old(*count) <= *count <= \old(*count) + 1 && *count <= capacity;
	ensures \result || *count == capacity;
	ensures good_inputs(list, *count);
	ensures in_order(list, *count);
	ensures usable_whole(list, *count);
	ensures \forall integer addr; next->range.end <= addr &&
		\at(ends_by(list, *count, addr), Pre) ==> ends_by(list, *count, addr);
*/
static bool append_region(struct memmap_region *list, uint32_t *count, uint32_t capacity,
			  const struct memmap_region *next)
{
	uint32_t at = *count;

	if (next->range.start >= next->range.end)
		return true;
	if (at > 0 && can_join(&list[at - 1], next)) {
		list[at - 1].range.end = next->range.end;
		/*@ assert same_ranges{Pre, Here}(list, at - 1); */
		/*@ assert good_inputs(list, at); */
		/*@ assert in_order(list, at); */
		/*@ assert usable_whole(list, at); */
		return true;
	}
	if (at >= capacity)
		return false;
	copy_region(&list[at], next);
	/*@ assert same_ranges{Pre, Here}(list, at); */
	/*@ assert good_inputs(list, at + 1); */
	/*@ assert in_order(list, at + 1); */
	/*@ assert usable_whole(list, at + 1); */
	*count = at + 1;
	/*@ assert usable_whole(list, at + 1); */
	return true;
}

/* Index of the first in @list that ends after @addr, @count if none does. Binary search. */
/*@
	requires \valid_read(list + (0 .. count - 1)) && sorted_list(list, count);
	assigns \nothing;
	ensures \result <= count;
	ensures \result < count ==> list[\result].range.end > addr;
	ensures \forall integer i; 0 <= i < \result ==> list[i].range.end <= addr;
*/
static uint32_t first_ending_after(const struct memmap_region *list, uint32_t count,
				   acre_paddr_t addr)
{
	uint32_t low = 0;
	uint32_t high = count;

	/*@
		loop invariant 0 <= low <= high <= count;
		loop invariant \forall integer i; 0 <= i < low ==> list[i].range.end <= addr;
		loop invariant high < count ==> list[high].range.end > addr;
		loop assigns low, high;
		loop variant high - low;
	*/
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (list[middle].range.end > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* ---- resolving ------------------------------------------------------------------------------- */

/*
 * Add @piece, which is @owner's, after bank[0 .. nbanks). Result: how many there are then. A bank
 * is named after its lowest piece.
 */
/*@
	requires \valid(bank + (0 .. nbanks)) && \valid_read(owner) && \valid_read(piece);
	requires \separated(bank + (0 .. nbanks), owner) && \separated(bank + (0 .. nbanks), piece);
	requires nbanks < MEMMAP_MAX_CUT_BANKS;
	requires good_inputs(bank, nbanks) && in_order(bank, nbanks);
	requires piece->range.start < piece->range.end <= ACRE_PADDR_LIMIT;
	requires ends_by(bank, nbanks, piece->range.start);
	assigns bank[0 .. nbanks];
	exits \false;
	ensures nbanks <= \result <= nbanks + 1;
	ensures good_inputs(bank, \result);
	ensures in_order(bank, \result);
	ensures ends_by(bank, \result, piece->range.end);
*/
static uint32_t add_piece(struct memmap_region *bank, uint32_t nbanks,
			  const struct memmap_region *owner, const struct memmap_piece *piece)
{
	if (nbanks > 0 && bank[nbanks - 1].range.end == piece->range.start &&
	    bank[nbanks - 1].numa_node == owner->numa_node) {
		bank[nbanks - 1].range.end = piece->range.end;
		/*@ assert same_ranges{Pre, Here}(bank, nbanks - 1); */
		/*@ assert good_inputs(bank, nbanks); */
		/*@ assert in_order(bank, nbanks); */
		return nbanks;
	}
	copy_region(&bank[nbanks], owner);
	bank[nbanks].range.start = piece->range.start;
	bank[nbanks].range.end = piece->range.end;
	bank[nbanks].bank = nbanks;
	/*@ assert same_ranges{Pre, Here}(bank, nbanks); */
	/*@ assert good_inputs(bank, nbanks + 1); */
	/*@ assert in_order(bank, nbanks + 1); */
	return nbanks + 1;
}

/* The banks that the pieces of declared memory make. */
/*@
	requires \valid(bank + (0 .. MEMMAP_MAX_CUT_BANKS - 1)) && npieces <= MEMMAP_MAX_CUT_BANKS;
	requires \valid_read(declared + (0 .. ndeclared - 1));
	requires \valid_read(piece + (0 .. npieces - 1));
	requires \separated(bank + (0 .. MEMMAP_MAX_CUT_BANKS - 1),
		declared + (0 .. ndeclared - 1));
	requires \separated(bank + (0 .. MEMMAP_MAX_CUT_BANKS - 1), piece + (0 .. npieces - 1));
	requires good_inputs(declared, ndeclared);
	requires good_pieces(piece, npieces, declared, ndeclared);
	assigns bank[0 .. MEMMAP_MAX_CUT_BANKS - 1];
	exits \false;
	ensures \result <= npieces;
	ensures good_inputs(bank, \result);
	ensures in_order(bank, \result);
*/
static uint32_t join_pieces(struct memmap_region *bank, const struct memmap_region *declared,
			    uint32_t ndeclared, const struct memmap_piece *piece, uint32_t npieces)
{
	uint32_t nbanks = 0;

	(void)ndeclared; /* the contract needs it */
	/*@
		loop invariant 0 <= i <= npieces && nbanks <= i;
		loop invariant same_ranges{Pre, Here}(declared, ndeclared);
		loop invariant same_pieces{Pre, Here}(piece, npieces);
		loop invariant good_inputs(bank, nbanks);
		loop invariant in_order(bank, nbanks);
		loop invariant i < npieces ==> ends_by(bank, nbanks, piece[i].range.start);
		loop assigns i, nbanks, bank[0 .. MEMMAP_MAX_CUT_BANKS - 1];
		loop variant npieces - i;
	*/
	for (uint32_t i = 0; i < npieces; i++) {
		/*@ assert piece[i].owner < ndeclared; */
		/*@ assert piece[i].range.start < piece[i].range.end <= ACRE_PADDR_LIMIT; */
		/*@ assert i + 1 < npieces ==> piece[i].range.end <= piece[i + 1].range.start; */
		nbanks = add_piece(bank, nbanks, &declared[piece[i].owner], &piece[i]);
	}
	return nbanks;
}

/* Pass 1: bank[] from declared[]. */
/*@
	requires \valid(map) && map->ndeclared <= MEMMAP_MAX_BANKS;
	requires good_inputs(&map->declared[0], map->ndeclared);
	assigns map->nbanks, map->bank[0 .. MEMMAP_MAX_CUT_BANKS - 1], map->scratch;
	ensures map->nbanks <= MEMMAP_MAX_CUT_BANKS;
	ensures good_inputs(&map->bank[0], map->nbanks);
	ensures in_order(&map->bank[0], map->nbanks);
	ensures same_ranges{Pre, Post}(&map->declared[0], MEMMAP_MAX_BANKS);
	ensures same_ranges{Pre, Post}(&map->reservation[0], MEMMAP_MAX_RESERVATIONS);
*/
static void resolve_banks(struct memmap *map)
{
	uint32_t npieces = memmap_paint(&map->scratch, map->declared, map->ndeclared);

	map->nbanks =
		join_pieces(map->bank, map->declared, map->ndeclared, map->scratch.piece, npieces);
}

/* Append @range of bank @bank to the partition. False if that is full. */
/*@
	requires \valid(map) && bank < map->nbanks <= MEMMAP_MAX_CUT_BANKS;
	requires map->nregions <= MEMMAP_MAX_REGIONS;
	requires good_inputs(&map->region[0], map->nregions);
	requires in_order(&map->region[0], map->nregions);
	requires usable_whole(&map->region[0], map->nregions);
	requires range.start <= range.end <= ACRE_PADDR_LIMIT;
	requires ends_by(&map->region[0], map->nregions, range.start);
	requires range.start < range.end && kind == MEMMAP_USABLE ==>
		range.start % FRAME_SIZE == 0 && range.end % FRAME_SIZE == 0;
	assigns map->region[0 .. MEMMAP_MAX_REGIONS - 1], map->nregions;
	ensures map->nregions <= MEMMAP_MAX_REGIONS;
	ensures good_inputs(&map->region[0], map->nregions);
	ensures in_order(&map->region[0], map->nregions);
	ensures usable_whole(&map->region[0], map->nregions);
	ensures same_ranges{Pre, Post}(&map->bank[0], MEMMAP_MAX_CUT_BANKS);
	ensures same_ranges{Pre, Post}(&map->declared[0], MEMMAP_MAX_BANKS);
	ensures same_ranges{Pre, Post}(&map->reservation[0], MEMMAP_MAX_RESERVATIONS);
	ensures same_pieces{Pre, Post}(&map->scratch.piece[0], 2 * MEMMAP_MAX_INPUTS);
	ensures ends_by(&map->region[0], map->nregions, range.end);
*/
static bool append_range(struct memmap *map, uint32_t bank, struct acre_range range,
			 enum memmap_kind kind, const char *name, uint32_t index)
{
	struct memmap_region next = make_region(range, kind, name);

	next.index = index;
	next.bank = bank;
	next.numa_node = map->bank[bank].numa_node;
	return append_region(map->region, &map->nregions, MEMMAP_MAX_REGIONS, &next);
}

/*
 * The frame boundaries next to @addr. A remainder is what provers understand; the code is the same.
 */
/*@
	assigns \nothing;
	ensures addr - FRAME_SIZE < \result <= addr && \result % FRAME_SIZE == 0;
*/
static acre_paddr_t frame_down(acre_paddr_t addr)
{
	return addr - addr % FRAME_SIZE;
}

/*@
	requires addr <= ACRE_PADDR_LIMIT;
	assigns \nothing;
	ensures addr <= \result < addr + FRAME_SIZE && \result % FRAME_SIZE == 0;
*/
static acre_paddr_t frame_up(acre_paddr_t addr)
{
	return frame_down(addr + FRAME_SIZE - 1);
}

struct acre_range memmap_whole_frames(struct acre_range range)
{
	struct acre_range whole = { frame_up(range.start), frame_down(range.end) };

	return acre_range_is_empty(whole) ? (struct acre_range){ range.start, range.start } : whole;
}

/* No input covers @range: whole frames of it are usable, the rest is slack. */
/*@
	requires \valid(map) && bank < map->nbanks <= MEMMAP_MAX_CUT_BANKS;
	requires map->nregions <= MEMMAP_MAX_REGIONS;
	requires good_inputs(&map->region[0], map->nregions);
	requires in_order(&map->region[0], map->nregions);
	requires usable_whole(&map->region[0], map->nregions);
	requires range.start <= range.end <= ACRE_PADDR_LIMIT;
	requires ends_by(&map->region[0], map->nregions, range.start);
	assigns map->region[0 .. MEMMAP_MAX_REGIONS - 1], map->nregions;
	ensures map->nregions <= MEMMAP_MAX_REGIONS;
	ensures good_inputs(&map->region[0], map->nregions);
	ensures in_order(&map->region[0], map->nregions);
	ensures usable_whole(&map->region[0], map->nregions);
	ensures same_ranges{Pre, Post}(&map->bank[0], MEMMAP_MAX_CUT_BANKS);
	ensures same_ranges{Pre, Post}(&map->declared[0], MEMMAP_MAX_BANKS);
	ensures same_ranges{Pre, Post}(&map->reservation[0], MEMMAP_MAX_RESERVATIONS);
	ensures same_pieces{Pre, Post}(&map->scratch.piece[0], 2 * MEMMAP_MAX_INPUTS);
	ensures ends_by(&map->region[0], map->nregions, range.end);
*/
static bool put_free(struct memmap *map, uint32_t bank, struct acre_range range)
{
	struct acre_range whole = memmap_whole_frames(range);
	struct acre_range below = { range.start, whole.start };
	struct acre_range above = { whole.end, range.end };

	bool fits = append_range(map, bank, below, MEMMAP_SLACK, "", MEMMAP_NO_INDEX);

	/*
	 * Where one does not fit, the partition is given up: no matter what becomes of the others.
	 */
	fits = append_range(map, bank, whole, MEMMAP_USABLE, "", MEMMAP_NO_INDEX) && fits;
	return append_range(map, bank, above, MEMMAP_SLACK, "", MEMMAP_NO_INDEX) && fits;
}

/*@
	assigns \nothing;
	ensures \result.start == \max(a.start, b.start) && \result.end == \min(a.end, b.end);
*/
static struct acre_range intersection(struct acre_range a, struct acre_range b)
{
	return (struct acre_range){ a.start > b.start ? a.start : b.start,
				    a.end < b.end ? a.end : b.end };
}

/* The first of piece[first .. npieces) that ends after @addr, @npieces if none does. */
/*@
	requires \valid_read(piece + (0 .. npieces - 1)) && first <= npieces;
	assigns \nothing;
	ensures first <= \result <= npieces;
	ensures \result < npieces ==> addr < piece[\result].range.end;
*/
static uint32_t skip_pieces(const struct memmap_piece *piece, uint32_t first, uint32_t npieces,
			    acre_paddr_t addr)
{
	/*@
		loop invariant \at(first, Pre) <= first <= npieces;
		loop assigns first;
		loop variant npieces - first;
	*/
	while (first < npieces && piece[first].range.end <= addr)
		first++;
	return first;
}

/* Pass 3 for one bank: piece[first ..) are the painted reservations that end after its start. */
/*@
	requires \valid(map) && bank < map->nbanks <= MEMMAP_MAX_CUT_BANKS;
	requires map->nreservations <= MEMMAP_MAX_RESERVATIONS;
	requires first <= npieces <= 2 * MEMMAP_MAX_INPUTS;
	requires first < npieces ==>
		map->bank[bank].range.start < map->scratch.piece[first].range.end;
	requires good_inputs(&map->reservation[0], map->nreservations);
	requires usable_none(&map->reservation[0], map->nreservations);
	requires good_pieces(&map->scratch.piece[0], npieces, &map->reservation[0],
			     map->nreservations);
	requires map->bank[bank].range.start < map->bank[bank].range.end <= ACRE_PADDR_LIMIT;
	requires map->nregions <= MEMMAP_MAX_REGIONS;
	requires good_inputs(&map->region[0], map->nregions);
	requires in_order(&map->region[0], map->nregions);
	requires usable_whole(&map->region[0], map->nregions);
	requires ends_by(&map->region[0], map->nregions, map->bank[bank].range.start);
	assigns map->region[0 .. MEMMAP_MAX_REGIONS - 1], map->nregions;
	ensures map->nregions <= MEMMAP_MAX_REGIONS;
	ensures good_inputs(&map->region[0], map->nregions);
	ensures in_order(&map->region[0], map->nregions);
	ensures usable_whole(&map->region[0], map->nregions);
	ensures same_ranges{Pre, Post}(&map->bank[0], MEMMAP_MAX_CUT_BANKS);
	ensures same_ranges{Pre, Post}(&map->declared[0], MEMMAP_MAX_BANKS);
	ensures same_ranges{Pre, Post}(&map->reservation[0], MEMMAP_MAX_RESERVATIONS);
	ensures same_pieces{Pre, Post}(&map->scratch.piece[0], 2 * MEMMAP_MAX_INPUTS);
	ensures ends_by(&map->region[0], map->nregions, \old(map->bank[bank].range.end));
*/
static bool divide_bank(struct memmap *map, uint32_t bank, uint32_t first, uint32_t npieces)
{
	const struct memmap_piece *piece = map->scratch.piece;
	struct acre_range ram = map->bank[bank].range;
	acre_paddr_t from = ram.start;
	bool fits = true;

	/*@
		loop invariant first <= i <= npieces;
		loop invariant ram.start <= from <= ram.end;
		loop invariant i < npieces ==> from == ram.start || from <= piece[i].range.start;
		loop invariant map->nregions <= MEMMAP_MAX_REGIONS;
		loop invariant good_inputs(&map->region[0], map->nregions);
		loop invariant in_order(&map->region[0], map->nregions);
		loop invariant usable_whole(&map->region[0], map->nregions);
		loop invariant same_ranges{Pre, Here}(&map->bank[0], MEMMAP_MAX_CUT_BANKS);
		loop invariant same_ranges{Pre, Here}(&map->declared[0], MEMMAP_MAX_BANKS);
		loop invariant same_ranges{Pre, Here}(&map->reservation[0],
			MEMMAP_MAX_RESERVATIONS);
		loop invariant same_pieces{Pre, Here}(&map->scratch.piece[0],
			2 * MEMMAP_MAX_INPUTS);
		loop invariant ends_by(&map->region[0], map->nregions, from);
		loop assigns i, from, fits, map->region[0 .. MEMMAP_MAX_REGIONS - 1], map->nregions;
		loop variant npieces - i;
	*/
	for (uint32_t i = first; i < npieces && piece[i].range.start < ram.end; i++) {
		/*@ assert piece[i].owner < map->nreservations; */
		/*@ assert piece[i].range.start < piece[i].range.end <= ACRE_PADDR_LIMIT; */
		/*@ assert ram.start < piece[i].range.end; */
		/*@ assert i + 1 < npieces ==> piece[i].range.end <= piece[i + 1].range.start; */
		const struct memmap_region *owner = &map->reservation[piece[i].owner];
		struct acre_range part = intersection(piece[i].range, ram);
		/*@ assert owner->kind != MEMMAP_USABLE; */
		/*@ assert from <= part.start < part.end <= ram.end; */
		fits = put_free(map, bank, (struct acre_range){ from, part.start }) && fits;
		fits = append_range(map, bank, part, owner->kind, owner->name, owner->index) &&
		       fits;
		from = part.end;
	}
	return put_free(map, bank, (struct acre_range){ from, ram.end }) && fits;
}

/* Pass 3: banks and painted reservations, both in order. False if the table is full. */
/*@
	requires \valid(map) && good_counts(map) && map->nregions == 0;
	requires npieces <= 2 * MEMMAP_MAX_INPUTS;
	requires good_inputs(&map->reservation[0], map->nreservations);
	requires usable_none(&map->reservation[0], map->nreservations);
	requires good_pieces(&map->scratch.piece[0], npieces, &map->reservation[0],
			     map->nreservations);
	requires good_inputs(&map->bank[0], map->nbanks);
	requires in_order(&map->bank[0], map->nbanks);
	assigns map->region[0 .. MEMMAP_MAX_REGIONS - 1], map->nregions;
	ensures map->nregions <= MEMMAP_MAX_REGIONS;
	ensures good_inputs(&map->region[0], map->nregions);
	ensures in_order(&map->region[0], map->nregions);
	ensures usable_whole(&map->region[0], map->nregions);
	ensures same_ranges{Pre, Post}(&map->bank[0], MEMMAP_MAX_CUT_BANKS);
	ensures same_ranges{Pre, Post}(&map->declared[0], MEMMAP_MAX_BANKS);
	ensures same_ranges{Pre, Post}(&map->reservation[0], MEMMAP_MAX_RESERVATIONS);
	ensures same_pieces{Pre, Post}(&map->scratch.piece[0], 2 * MEMMAP_MAX_INPUTS);
*/
static bool divide_banks(struct memmap *map, uint32_t npieces)
{
	uint32_t first = 0;

	/*@
		loop invariant 0 <= bank <= map->nbanks && first <= npieces;
		loop invariant map->nregions <= MEMMAP_MAX_REGIONS;
		loop invariant good_inputs(&map->reservation[0], map->nreservations);
		loop invariant usable_none(&map->reservation[0], map->nreservations);
		loop invariant good_pieces(&map->scratch.piece[0], npieces, &map->reservation[0],
					   map->nreservations);
		loop invariant good_inputs(&map->region[0], map->nregions);
		loop invariant in_order(&map->region[0], map->nregions);
		loop invariant usable_whole(&map->region[0], map->nregions);
		loop invariant same_ranges{Pre, Here}(&map->bank[0], MEMMAP_MAX_CUT_BANKS);
		loop invariant same_ranges{Pre, Here}(&map->declared[0], MEMMAP_MAX_BANKS);
		loop invariant same_ranges{Pre, Here}(&map->reservation[0],
			MEMMAP_MAX_RESERVATIONS);
		loop invariant same_pieces{Pre, Here}(&map->scratch.piece[0],
			2 * MEMMAP_MAX_INPUTS);
		loop invariant bank < map->nbanks ==>
			ends_by(&map->region[0], map->nregions, map->bank[bank].range.start);
		loop assigns bank, first, map->region[0 .. MEMMAP_MAX_REGIONS - 1], map->nregions;
		loop variant map->nbanks - bank;
	*/
	for (uint32_t bank = 0; bank < map->nbanks; bank++) {
		/*@ assert map->bank[bank].range.start < map->bank[bank].range.end <=
			ACRE_PADDR_LIMIT; */
		/*@ assert bank + 1 < map->nbanks ==>
			map->bank[bank].range.end <= map->bank[bank + 1].range.start; */
		first = skip_pieces(map->scratch.piece, first, npieces,
				    map->bank[bank].range.start);
		if (!divide_bank(map, bank, first, npieces))
			return false;
	}
	return true;
}

/* Pass 2: scratch.piece[] from reservation[]. Result: how many. */
/*@
	requires \valid(map) && map->nreservations <= MEMMAP_MAX_RESERVATIONS;
	requires good_inputs(&map->reservation[0], map->nreservations);
	assigns map->scratch;
	ensures \result <= 2 * MEMMAP_MAX_INPUTS;
	ensures good_pieces(&map->scratch.piece[0], \result, &map->reservation[0],
			    map->nreservations);
	ensures same_ranges{Pre, Post}(&map->bank[0], MEMMAP_MAX_CUT_BANKS);
	ensures same_ranges{Pre, Post}(&map->declared[0], MEMMAP_MAX_BANKS);
	ensures same_ranges{Pre, Post}(&map->reservation[0], MEMMAP_MAX_RESERVATIONS);
*/
static uint32_t paint_reservations(struct memmap *map)
{
	return memmap_paint(&map->scratch, map->reservation, map->nreservations);
}

/* The partition is there if it has @fit; if not, there is none. */
/*@
	requires \valid(map);
	requires good_counts(map);
	requires good_inputs(&map->declared[0], map->ndeclared);
	requires good_inputs(&map->reservation[0], map->nreservations);
	requires usable_none(&map->reservation[0], map->nreservations);
	requires good_inputs(&map->bank[0], map->nbanks);
	requires in_order(&map->bank[0], map->nbanks);
	requires good_inputs(&map->region[0], map->nregions);
	requires in_order(&map->region[0], map->nregions);
	requires usable_whole(&map->region[0], map->nregions);
	assigns map->resolved, map->nbanks, map->nregions;
	ensures good_counts(map);
	ensures good_inputs(&map->declared[0], map->ndeclared);
	ensures good_inputs(&map->reservation[0], map->nreservations);
	ensures usable_none(&map->reservation[0], map->nreservations);
	ensures good_inputs(&map->bank[0], map->nbanks);
	ensures in_order(&map->bank[0], map->nbanks);
	ensures good_inputs(&map->region[0], map->nregions);
	ensures in_order(&map->region[0], map->nregions);
	ensures usable_whole(&map->region[0], map->nregions);
	ensures \result == ACRE_OK ==> map->resolved;
*/
static enum acre_status conclude(struct memmap *map, bool fit)
{
	map->resolved = fit;
	if (!fit) {
		map->nbanks = 0;
		map->nregions = 0;
	}
	return fit ? ACRE_OK : ACRE_ERR_FULL;
}

enum acre_status memmap_resolve(struct memmap *map)
{
	if (map->resolved)
		return ACRE_ERR_INVALID;
	resolve_banks(map);
	map->nregions = 0;
	uint32_t npieces = paint_reservations(map);
	/*@ assert good_inputs(&map->bank[0], map->nbanks); */
	/*@ assert in_order(&map->bank[0], map->nbanks); */
	bool fit = divide_banks(map, npieces);
	/*@ assert good_inputs(&map->declared[0], map->ndeclared); */
	/*@ assert good_inputs(&map->reservation[0], map->nreservations); */
	/*@ assert usable_none(&map->reservation[0], map->nreservations); */
	/*@ assert good_inputs(&map->bank[0], map->nbanks); */
	/*@ assert in_order(&map->bank[0], map->nbanks); */
	return conclude(map, fit);
}

/* ---- carving --------------------------------------------------------------------------------- */

/* Below, the new region, slack, above, and two neighbours. */
#define CARVE_PARTS 6u

/*@
	// @carved is in @whole, with all frames that it touches.
	predicate can_cut(struct acre_range whole, struct acre_range carved) =
		whole.start <= carved.start < carved.end <= whole.end <= ACRE_PADDR_LIMIT &&
		(whole.end % FRAME_SIZE == 0 || carved.end % FRAME_SIZE == 0);
*/

/*
 * Cut region @whole around @carved: what is below, the carved, slack up to a frame, what is above.
 */
/*@
	requires \valid(part + (0 .. CARVE_PARTS - 1)) && \valid(nparts);
	requires \valid_read(whole) && \valid_read(carved);
	requires \separated(nparts, part + (0 .. CARVE_PARTS - 1), whole, carved);
	requires *nparts <= 1 && good_inputs(part, *nparts) && in_order(part, *nparts);
	requires usable_whole(part, *nparts);
	requires ends_by(part, *nparts, whole->range.start);
	requires can_cut(whole->range, carved->range);
	requires whole->kind == MEMMAP_USABLE ==>
		whole->range.start % FRAME_SIZE == 0 && whole->range.end % FRAME_SIZE == 0;
	requires carved->kind == MEMMAP_USABLE || whole->kind == MEMMAP_USABLE ==>
		carved->range.start % FRAME_SIZE == 0;
	requires carved->kind == MEMMAP_USABLE ==> carved->range.end % FRAME_SIZE == 0;
	assigns part[0 .. CARVE_PARTS - 1], *nparts;
	ensures *nparts <= 5;
	ensures good_inputs(part, *nparts);
	ensures in_order(part, *nparts);
	ensures usable_whole(part, *nparts);
	ensures ends_by(part, *nparts, \old(whole->range.end));
*/
static void cut(struct memmap_region *part, uint32_t *nparts, const struct memmap_region *whole,
		const struct memmap_region *carved)
{
	struct memmap_region slack = make_region(carved->range, MEMMAP_SLACK, "");
	struct memmap_region below, above;

	copy_region(&below, whole);
	copy_region(&above, whole);
	slack.bank = whole->bank;
	slack.numa_node = whole->numa_node;
	slack.range.start = carved->range.end;
	slack.range.end = frame_up(carved->range.end);
	below.range.end = carved->range.start;
	above.range.start = slack.range.end;
	/*@ assert ends_by(part, *nparts, carved->range.start); */
	(void)append_region(part, nparts, CARVE_PARTS, &below);
	/*@ assert ends_by(part, *nparts, carved->range.start); */
	(void)append_region(part, nparts, CARVE_PARTS, carved);
	/*@ assert ends_by(part, *nparts, slack.range.start); */
	(void)append_region(part, nparts, CARVE_PARTS, &slack);
	/*@ assert ends_by(part, *nparts, slack.range.start) ||
		ends_by(part, *nparts, above.range.start); */
	(void)append_region(part, nparts, CARVE_PARTS, &above);
}

/* Put part[0 .. nparts) where region[first .. end) is. The caller has checked that it fits. */
/*@
	requires \valid(map) && first <= end <= map->nregions <= MEMMAP_MAX_REGIONS;
	requires \valid_read(part + (0 .. nparts - 1)) && \separated(map, part + (0 .. nparts - 1));
	requires nparts <= CARVE_PARTS &&
		nparts <= MEMMAP_MAX_REGIONS - (map->nregions - (end - first));
	assigns map->region[0 .. MEMMAP_MAX_REGIONS - 1], map->nregions;
	ensures map->nregions == \old(map->nregions) - (end - first) + nparts;
	ensures map->nregions <= MEMMAP_MAX_REGIONS;
*/
static void replace(struct memmap *map, uint32_t first, uint32_t end,
		    const struct memmap_region *part, uint32_t nparts)
{
	uint32_t tail = map->nregions - end;

	/* Not if they stay where they are. */
	if (first + nparts > end) {
		/*@
			loop invariant 0 <= i <= tail;
			loop assigns i, map->region[0 .. MEMMAP_MAX_REGIONS - 1];
			loop variant i;
		*/
		for (uint32_t i = tail; i > 0; i--)
			copy_region(&map->region[first + nparts + i - 1],
				    &map->region[end + i - 1]);
	} else if (first + nparts < end) {
		/*@
			loop invariant 0 <= i <= tail;
			loop assigns i, map->region[0 .. MEMMAP_MAX_REGIONS - 1];
			loop variant tail - i;
		*/
		for (uint32_t i = 0; i < tail; i++)
			copy_region(&map->region[first + nparts + i], &map->region[end + i]);
	}
	/*@
		loop invariant 0 <= i <= nparts;
		loop assigns i, map->region[0 .. MEMMAP_MAX_REGIONS - 1];
		loop variant nparts - i;
	*/
	for (uint32_t i = 0; i < nparts; i++)
		copy_region(&map->region[first + i], &part[i]);
	map->nregions = first + nparts + tail;
}

/*
 * Make @carved (range, kind, name, index) out of part of region @at, which contains all frames that
 * it touches. ACRE_ERR_FULL, and nothing changed, if the table has no room.
 */
/*@
	requires \valid(map) && map->nregions <= MEMMAP_MAX_REGIONS && at < map->nregions;
	requires good_inputs(&map->region[0], map->nregions);
	requires in_order(&map->region[0], map->nregions);
	requires usable_whole(&map->region[0], map->nregions);
	requires can_cut(map->region[at].range, carved.range);
	requires carved.kind == MEMMAP_USABLE || map->region[at].kind == MEMMAP_USABLE ==>
		carved.range.start % FRAME_SIZE == 0;
	requires carved.kind == MEMMAP_USABLE ==> carved.range.end % FRAME_SIZE == 0;
	assigns map->region[0 .. MEMMAP_MAX_REGIONS - 1], map->nregions;
	ensures \result == ACRE_OK || \result == ACRE_ERR_FULL;
	ensures \result != ACRE_OK ==> map->nregions == \old(map->nregions);
	ensures map->nregions <= MEMMAP_MAX_REGIONS;
*/
static enum acre_status carve(struct memmap *map, uint32_t at, struct memmap_region carved)
{
	struct memmap_region part[CARVE_PARTS];
	uint32_t nparts = 0;
	/* The neighbours take part, because one of them may be the same thing as what is made. */
	uint32_t first = at > 0 ? at - 1 : at;
	uint32_t end = at + 1 < map->nregions ? at + 2 : at + 1;

	carved.bank = map->region[at].bank;
	carved.numa_node = map->region[at].numa_node;
	if (first < at)
		(void)append_region(part, &nparts, CARVE_PARTS, &map->region[first]);
	cut(part, &nparts, &map->region[at], &carved);
	if (at + 1 < end)
		(void)append_region(part, &nparts, CARVE_PARTS, &map->region[at + 1]);
	if (nparts > MEMMAP_MAX_REGIONS - (map->nregions - (end - first)))
		return ACRE_ERR_FULL;
	replace(map, first, end, part, nparts);
	return ACRE_OK;
}

/* The region of kind @from that contains all of @range, whole frames. */
/*@
	requires \valid_read(map) && good_counts(map) && \valid(at) && \separated(at, map);
	requires sorted_list(&map->region[0], map->nregions);
	assigns *at;
	ensures \result == ACRE_OK ==> *at < map->nregions && map->region[*at].kind == from &&
		can_cut(map->region[*at].range, range) && range.end <= map->region[*at].range.end &&
		range.start % FRAME_SIZE == 0 && range.end % FRAME_SIZE == 0;
*/
static enum acre_status find_to_carve(const struct memmap *map, struct acre_range range,
				      enum memmap_kind from, uint32_t *at)
{
	if (acre_range_is_empty(range))
		return ACRE_ERR_INVALID;
	if (range.start % FRAME_SIZE != 0 || range.end % FRAME_SIZE != 0)
		return ACRE_ERR_MISALIGNED;
	*at = first_ending_after(map->region, map->nregions, range.start);
	if (*at == map->nregions || map->region[*at].kind != from ||
	    range.start < map->region[*at].range.start || range.end > map->region[*at].range.end)
		return ACRE_ERR_NOT_FOUND;
	return ACRE_OK;
}

enum acre_status memmap_claim_nth(struct memmap *map, struct acre_range range,
				  enum memmap_kind kind, const char *name, uint32_t index)
{
	struct memmap_region claimed = make_region(range, kind, name);
	uint32_t at;

	if (!is_reserving(kind))
		return ACRE_ERR_INVALID;
	enum acre_status status = find_to_carve(map, range, MEMMAP_USABLE, &at);
	claimed.index = index;
	return status == ACRE_OK ? carve(map, at, claimed) : status;
}

enum acre_status memmap_claim(struct memmap *map, struct acre_range range, enum memmap_kind kind,
			      const char *name)
{
	return memmap_claim_nth(map, range, kind, name, MEMMAP_NO_INDEX);
}

enum acre_status memmap_recast(struct memmap *map, struct acre_range range, enum memmap_kind from,
			       enum memmap_kind to)
{
	uint32_t at;

	if ((unsigned)to >= MEMMAP_KIND_COUNT)
		return ACRE_ERR_INVALID;
	enum acre_status status = find_to_carve(map, range, from, &at);
	if (status != ACRE_OK)
		return status;
	struct memmap_region recast = make_region(range, to, map->region[at].name);
	recast.index = map->region[at].index;
	return carve(map, at, recast);
}

/* ---- placing --------------------------------------------------------------------------------- */

/* The highest start of @size bytes in @range; false if there is none. */
/*@
	requires 0 < align && \valid(start);
	assigns *start;
	ensures \result ==> range.start <= *start && *start + size <= range.end &&
		*start % FRAME_SIZE == 0;
*/
static bool highest_start(struct acre_range range, uint64_t size, uint64_t align,
			  acre_paddr_t *start)
{
	if (acre_range_is_empty(range) || size > acre_range_size(range))
		return false;
	*start = range.end - size;
	*start -= *start % align;
	/* The latter is so, since @align is a power of two and at least a frame. */
	return *start >= range.start && *start % FRAME_SIZE == 0;
}

/*@
	requires \valid_read(map) && \valid_read(request);
	assigns \nothing;
	ensures \result == ACRE_OK ==> map->resolved && request->size > 0 &&
		request->kind != MEMMAP_USABLE &&
		map->nreservations < MEMMAP_MAX_RESERVATIONS;
*/
static enum acre_status check_request(const struct memmap *map,
				      const struct memmap_request *request)
{
	if (!map->resolved || !is_reserving(request->kind) || request->size == 0)
		return ACRE_ERR_INVALID;
	if (request->align != 0 && !is_power_of_two(request->align))
		return ACRE_ERR_INVALID;
	return map->nreservations < MEMMAP_MAX_RESERVATIONS ? ACRE_OK : ACRE_ERR_FULL;
}

enum acre_status memmap_place(struct memmap *map, const struct memmap_request *request,
			      struct acre_range *placed)
{
	uint64_t align = request->align > FRAME_SIZE ? request->align : FRAME_SIZE;
	enum acre_status status = check_request(map, request);
	uint32_t count = map->nreservations;
	uint32_t at = map->nregions;
	acre_paddr_t start = 0;
	bool found = false;

	if (status != ACRE_OK)
		return status;
	/*@
		loop invariant at <= map->nregions;
		loop invariant found ==> at < map->nregions &&
			map->region[at].kind == MEMMAP_USABLE && start % FRAME_SIZE == 0 &&
			request->window.start <= start &&
			start + request->size <= request->window.end &&
			map->region[at].range.start <= start &&
			start + request->size <= map->region[at].range.end;
		loop assigns found, at, start;
		loop variant at + (found ? 0 : 1);
	*/
	while (!found && at > 0) {
		const struct memmap_region *region = &map->region[--at];
		found = region->kind == MEMMAP_USABLE &&
			highest_start(intersection(region->range, request->window), request->size,
				      align, &start);
	}
	if (!found)
		return ACRE_ERR_NOT_FOUND;
	struct memmap_region there = make_region(
		(struct acre_range){ start, start + request->size }, request->kind, request->name);
	status = carve(map, at, there);
	/*@ assert good_counts(map); */
	if (status != ACRE_OK)
		return status;
	copy_region(&map->reservation[count], &there);
	map->nreservations = count + 1;
	/*@ assert request->size == \at(request->size, Pre); */
	/*@ assert request->window.start == \at(request->window.start, Pre); */
	/*@ assert request->window.end == \at(request->window.end, Pre); */
	placed->start = there.range.start;
	placed->end = there.range.end;
	return ACRE_OK;
}

/* ---- asking ---------------------------------------------------------------------------------- */

const struct memmap_region *memmap_find(const struct memmap *map, acre_paddr_t addr)
{
	uint32_t at = first_ending_after(map->region, map->nregions, addr);

	if (at == map->nregions || addr < map->region[at].range.start)
		return NULL;
	return &map->region[at];
}

const struct memmap_region *memmap_next(const struct memmap *map, enum memmap_kind kind,
					uint32_t *cursor)
{
	/*@
		loop invariant \at(*cursor, Pre) <= *cursor;
		loop assigns *cursor;
		loop variant map->nregions - *cursor;
	*/
	while (*cursor < map->nregions) {
		uint32_t at = *cursor;
		*cursor = at + 1;
		if (map->region[at].kind == kind)
			return &map->region[at];
	}
	return NULL;
}

uint64_t memmap_bytes(const struct memmap *map, enum memmap_kind kind)
{
	uint64_t bytes = 0;

	/*@
		loop invariant 0 <= i <= map->nregions;
		loop invariant ends_by(&map->region[0], i, ACRE_PADDR_LIMIT);
		loop invariant bytes <= (i == 0 ? 0 : map->region[i - 1].range.end);
		loop assigns i, bytes;
		loop variant map->nregions - i;
	*/
	for (uint32_t i = 0; i < map->nregions; i++) {
		if (map->region[i].kind == kind)
			bytes += acre_range_size(map->region[i].range);
	}
	return bytes;
}

uint64_t memmap_ram_bytes(const struct memmap *map)
{
	uint64_t bytes = 0;

	/*@
		loop invariant 0 <= i <= map->nbanks;
		loop invariant bytes <= (i == 0 ? 0 : map->bank[i - 1].range.end);
		loop assigns i, bytes;
		loop variant map->nbanks - i;
	*/
	for (uint32_t i = 0; i < map->nbanks; i++)
		bytes += acre_range_size(map->bank[i].range);
	return bytes;
}

/* The first part of @range that is in no bank; empty if all of it is RAM. */
/*@
	requires \valid_read(map) && map->nbanks <= MEMMAP_MAX_CUT_BANKS;
	requires good_inputs(&map->bank[0], map->nbanks);
	requires in_order(&map->bank[0], map->nbanks);
	assigns \nothing;
	ensures range.start <= \result.start && \result.end <= range.end;
*/
static struct acre_range first_hole(const struct memmap *map, struct acre_range range)
{
	uint32_t bank = first_ending_after(map->bank, map->nbanks, range.start);

	/* Banks that touch are one stretch of RAM here. */
	/*@
		loop invariant bank <= map->nbanks;
		loop invariant \at(range.start, Pre) <= range.start;
		loop invariant bank < map->nbanks ==> range.start < map->bank[bank].range.end;
		loop assigns bank, range.start;
		loop variant map->nbanks - bank;
	*/
	for (; bank < map->nbanks && map->bank[bank].range.start <= range.start; bank++)
		range.start = map->bank[bank].range.end;
	if (bank < map->nbanks && map->bank[bank].range.start < range.end)
		range.end = map->bank[bank].range.start;
	return range;
}

bool memmap_outside(const struct memmap *map, struct memmap_outside_cursor *cursor,
		    struct memmap_region *part)
{
	/*@
		loop invariant good_inputs(&map->bank[0], map->nbanks);
		loop invariant in_order(&map->bank[0], map->nbanks);
		loop assigns cursor->reservation, cursor->from;
		loop variant map->nreservations - cursor->reservation;
	*/
	for (; cursor->reservation < map->nreservations; cursor->reservation++) {
		const struct memmap_region *reservation = &map->reservation[cursor->reservation];
		struct acre_range rest = reservation->range;
		if (rest.start < cursor->from)
			rest.start = cursor->from;
		struct acre_range hole = first_hole(map, rest);
		if (!acre_range_is_empty(hole) && reservation->kind != MEMMAP_LEFT_OUT) {
			copy_region(part, reservation);
			part->range.start = hole.start;
			part->range.end = hole.end;
			cursor->from = hole.end;
			return true;
		}
		cursor->from = 0;
	}
	return false;
}
