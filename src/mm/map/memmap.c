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
 * HOW MANY. n inputs have at most 2n edges, so at most 2n - 1 pieces between edges; this bounds
 * edge[], piece[] and bank[]. With b declared banks and r reservations the line has at most
 * 2(b + r) - 1 pieces. Of these at most (2b - 1) + r are free, since bank[] has at most 2b - 1
 * intervals and each reservation splits at most one more free interval in two. A free piece becomes
 * up to three regions (slack, usable, slack), any other one. Together
 *
 *	2(b + r) - 1 + 2(2b - 1 + r) = 6b + 4r - 3 regions.
 *
 * The table has 10b + 6r: a claim from the start of a usable region adds one, and there is room for
 * two of those in each bank (frame tables, records of debug mode). A reservation that is placed
 * later adds up to three and has four places set aside; a reservation that is lent adds two.
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
 * member, remainders stand for masks, and there is no short cut past an append() that fails,
 * because provers follow that.
 */
#include "mm/map/memmap.h"

#include "lib/align.h"
#include "lib/string.h"
#include "mm/map/memmap_contracts.h"
#include "mm/map/memmap_internal.h"
#include "mm/map/memmap_paint_internal.h"

/* ---- input ----------------------------------------------------------------------------------- */

static enum acre_status check_range(struct acre_range range)
{
	if (range.start > range.end || range.end > ACRE_PADDR_LIMIT)
		return ACRE_ERR_RANGE;
	return ACRE_OK;
}

/* May something be reserved or claimed as @kind? */
static bool is_reserving(enum memmap_kind kind)
{
	return kind > MEMMAP_SLACK && kind != MEMMAP_LENT && (unsigned)kind < MEMMAP_KIND_COUNT;
}

static struct memmap_region make_region(struct acre_range range, enum memmap_kind kind,
					const char *name, uint32_t index)
{
	return (struct memmap_region){
		.range = range,
		.kind = kind,
		.numa_node = MEMMAP_NO_NODE,
		.bank = MEMMAP_NO_BANK,
		.index = index,
		.name = name != NULL ? name : "",
	};
}

/* list[at] = *@from. Member by member, for a copy of the whole is more than provers follow. */
static void put(struct memmap_region *list, uint32_t at, const struct memmap_region *from)
{
	struct memmap_region *to = &list[at];

	to->range.start = from->range.start;
	to->range.end = from->range.end;
	to->kind = from->kind;
	to->numa_node = from->numa_node;
	to->bank = from->bank;
	to->index = from->index;
	to->name = from->name;
}

/* input[at] = @from in a list of inputs of the map, which has room for it. */
static void put_input(const struct memmap *map, struct memmap_region *input, uint32_t at,
		      struct memmap_region from)
{
	(void)map; /* the contract needs it */
	put(input, at, &from);
}

enum acre_status memmap_add_bank(struct memmap *map, struct acre_range range, uint32_t numa_node,
				 const char *name)
{
	enum acre_status status = check_range(range);

	if (map->resolved)
		return ACRE_ERR_INVALID;
	if (status != ACRE_OK || acre_range_is_empty(range))
		return status;
	if (map->ndeclared >= map->max_declared)
		return ACRE_ERR_FULL;
	struct memmap_region bank = make_region(range, MEMMAP_USABLE, name, MEMMAP_NO_INDEX);
	bank.numa_node = numa_node;
	put_input(map, map->declared, map->ndeclared, bank);
	map->ndeclared++;
	//@ assert good_inputs(map->declared, map->ndeclared);
	//@ assert good_inputs(map->reservation, map->nreservations);
	//@ assert usable_none(map->reservation, map->nreservations);
	return ACRE_OK;
}

enum acre_status memmap_reserve_nth(struct memmap *map, struct acre_range range,
				    enum memmap_kind kind, const char *name, uint32_t index)
{
	enum acre_status status = check_range(range);

	if (map->resolved || !is_reserving(kind))
		return ACRE_ERR_INVALID;
	if (status != ACRE_OK || acre_range_is_empty(range))
		return status;
	if (map->nreservations >= map->max_reservations)
		return ACRE_ERR_FULL;
	struct memmap_region reservation = make_region(range, kind, name, index);
	put_input(map, map->reservation, map->nreservations, reservation);
	map->nreservations++;
	//@ assert good_inputs(map->declared, map->ndeclared);
	//@ assert good_inputs(map->reservation, map->nreservations);
	//@ assert usable_none(map->reservation, map->nreservations);
	return ACRE_OK;
}

enum acre_status memmap_reserve(struct memmap *map, struct acre_range range, enum memmap_kind kind,
				const char *name)
{
	return memmap_reserve_nth(map, range, kind, name, MEMMAP_NO_INDEX);
}

/* @input, a list of the map's, in scratch.piece[]. Result: how many pieces. */
static uint32_t paint(const struct memmap *map, const struct memmap_region *input, uint32_t count)
{
	return memmap_paint(&map->scratch, input, count);
}

/* What lies above the first @bytes of the pieces, as one range; empty if there is no more. */
static struct acre_range range_above(const struct memmap_piece *piece, uint32_t npieces,
				     uint64_t bytes)
{
	/*@
		loop invariant 0 <= i <= npieces;
		loop assigns i, bytes;
		loop variant npieces - i;
	*/
	for (uint32_t i = 0; i < npieces; i++) {
		const uint64_t size = acre_range_size(piece[i].range);
		if (bytes < size)
			return (struct acre_range){ piece[i].range.start + bytes,
						    piece[npieces - 1].range.end };
		bytes -= size;
	}
	return (struct acre_range){ 0, 0 };
}

enum acre_status memmap_limit(struct memmap *map, uint64_t bytes, const char *name)
{
	if (map->resolved || bytes == 0)
		return ACRE_ERR_INVALID;
	uint32_t npieces = paint(map, map->declared, map->ndeclared);
	//@ assert good_inputs(map->declared, map->ndeclared);
	//@ assert good_inputs(map->reservation, map->nreservations);
	//@ assert usable_none(map->reservation, map->nreservations);
	struct acre_range rest = range_above(map->scratch.piece, npieces, bytes);
	return memmap_reserve(map, rest, MEMMAP_LEFT_OUT, name);
}

/* ---- lists of regions: sorted and disjoint --------------------------------------------------- */

bool memmap_same_owner(const struct memmap_region *a, const struct memmap_region *b)
{
	return a->kind == b->kind && a->index == b->index && strcmp(a->name, b->name) == 0;
}

static bool can_join(const struct memmap_region *below, const struct memmap_region *above)
{
	return below->range.end == above->range.start && below->bank == above->bank &&
	       memmap_same_owner(below, above);
}

/* Make the last region of @list reach up to @end. */
static void extend(struct memmap_list *list, acre_paddr_t end)
{
	list->entry[list->count - 1].range.end = end;
}

/* Append @next, joined to the last one where that is the same thing (I8). False if it is full. */
static bool append(struct memmap_list *list, const struct memmap_region *next)
{
	if (acre_range_is_empty(next->range))
		return true;
	if (list->count > 0 && can_join(&list->entry[list->count - 1], next)) {
		extend(list, next->range.end);
		//@ assert same_ranges{Pre, Here}(list->entry, list->count - 1);
		//@ assert good_inputs(list->entry, list->count);
		//@ assert in_order(list->entry, list->count);
		//@ assert usable_whole(list->entry, list->count);
		//@ assert keeps_ends{Pre, Here}(list, next->range.end);
		return true;
	}
	if (list->count >= list->room)
		return false;
	put(list->entry, list->count, next);
	//@ assert same_ranges{Pre, Here}(list->entry, list->count);
	//@ assert good_inputs(list->entry, list->count + 1);
	//@ assert in_order(list->entry, list->count + 1);
	//@ assert usable_whole(list->entry, list->count + 1);
	list->count++;
	//@ assert keeps_ends{Pre, Here}(list, next->range.end);
	return true;
}

uint32_t memmap_first_above(const struct memmap_region *list, uint32_t count, acre_paddr_t addr)
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

/* Append @piece, which is @owner's, to the banks. A bank is named after its lowest piece. */
static void add_piece(struct memmap_list *banks, const struct memmap_region *owner,
		      const struct memmap_piece *piece)
{
	const uint32_t at = banks->count;

	if (at > 0 && banks->entry[at - 1].range.end == piece->range.start &&
	    banks->entry[at - 1].numa_node == owner->numa_node) {
		extend(banks, piece->range.end);
		return;
	}
	struct memmap_region bank =
		make_region(piece->range, MEMMAP_USABLE, owner->name, MEMMAP_NO_INDEX);
	bank.numa_node = owner->numa_node;
	bank.bank = at;
	put(banks->entry, at, &bank);
	banks->count++;
}

/* Pass 1: the banks that the pieces of declared memory make. */
static void join_pieces(struct memmap_list *banks, const struct memmap_region *declared,
			uint32_t ndeclared, const struct memmap_piece *piece, uint32_t npieces)
{
	(void)ndeclared; /* the contract needs it */
	/*@
		loop invariant 0 <= i <= npieces && banks->count <= i;
		loop invariant good_list(banks) && same_table{Pre, Here}(banks);
		loop invariant good_inputs(banks->entry, banks->count);
		loop invariant in_order(banks->entry, banks->count);
		loop invariant i < npieces ==> ends_by(banks->entry, banks->count,
			piece[i].range.start);
		loop assigns i, banks->count, \at(banks->entry[0 .. banks->room - 1], Pre);
		loop variant npieces - i;
	*/
	for (uint32_t i = 0; i < npieces; i++)
		add_piece(banks, &declared[piece[i].owner], &piece[i]);
}

/* Append @range of @bank to the partition. False if that is full. */
static bool append_range(struct memmap_list *regions, const struct memmap_region *bank,
			 struct acre_range range, enum memmap_kind kind,
			 const struct memmap_region *owner)
{
	struct memmap_region next = make_region(range, kind, owner != NULL ? owner->name : "",
						owner != NULL ? owner->index : MEMMAP_NO_INDEX);

	next.bank = bank->bank;
	next.numa_node = bank->numa_node;
	return append(regions, &next);
}

/*
 * The frame boundaries next to @addr. A remainder is what provers understand; it compiles to this
 * code.
 */
static acre_paddr_t frame_down(acre_paddr_t addr)
{
	return addr - addr % FRAME_SIZE;
}

static acre_paddr_t frame_up(acre_paddr_t addr)
{
	return frame_down(addr + FRAME_SIZE - 1);
}

struct acre_range memmap_whole_frames(struct acre_range range)
{
	struct acre_range whole = { frame_up(range.start), frame_down(range.end) };

	return acre_range_is_empty(whole) ? (struct acre_range){ range.start, range.start } : whole;
}

/* No reservation covers @range: whole frames of it are usable, the rest is slack. */
static bool append_free(struct memmap_list *regions, const struct memmap_region *bank,
			struct acre_range range)
{
	struct acre_range whole = memmap_whole_frames(range);
	struct acre_range below = { range.start, whole.start };
	struct acre_range above = { whole.end, range.end };

	bool fits = append_range(regions, bank, below, MEMMAP_SLACK, NULL);

	/*
	 * Where one does not fit, the partition is given up: no matter what becomes of the others.
	 */
	fits = append_range(regions, bank, whole, MEMMAP_USABLE, NULL) && fits;
	return append_range(regions, bank, above, MEMMAP_SLACK, NULL) && fits;
}

struct acre_range memmap_intersection(struct acre_range a, struct acre_range b)
{
	return (struct acre_range){ a.start > b.start ? a.start : b.start,
				    a.end < b.end ? a.end : b.end };
}

/* The first of piece[first .. npieces) that ends after @addr, @npieces if none does. */
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

/* The part of @bank from @from on: what is free up to @taken, which lies in it, then that. */
static bool append_taken(struct memmap_list *regions, const struct memmap_region *bank,
			 acre_paddr_t from, struct acre_range taken,
			 const struct memmap_region *owner)
{
	bool fits = append_free(regions, bank, (struct acre_range){ from, taken.start });

	return append_range(regions, bank, taken, owner->kind, owner) && fits;
}

/* Pass 3 for one bank: piece[first ..) are the painted reservations that end after its start. */
static bool divide_bank(struct memmap_list *regions, const struct memmap_region *bank,
			const struct memmap_region *reservation, uint32_t nreservations,
			const struct memmap_piece *piece, uint32_t first, uint32_t npieces)
{
	const struct acre_range ram = bank->range;
	acre_paddr_t from = ram.start;
	bool fits = true;

	(void)nreservations; /* the contract needs it */
	/*@
		loop invariant first <= i <= npieces && ram.start <= from <= ram.end;
		loop invariant i < npieces ==> from == ram.start || from <= piece[i].range.start;
		loop invariant good_partition(regions) && same_table{Pre, Here}(regions);
		loop invariant ends_by(regions->entry, regions->count, from);
		loop assigns i, from, fits, regions->count,
			\at(regions->entry[0 .. regions->room - 1], Pre);
		loop variant npieces - i;
	*/
	for (uint32_t i = first; i < npieces && piece[i].range.start < ram.end; i++) {
		const struct acre_range taken = memmap_intersection(piece[i].range, ram);
		fits = append_taken(regions, bank, from, taken, &reservation[piece[i].owner]) &&
		       fits;
		from = taken.end;
	}
	return append_free(regions, bank, (struct acre_range){ from, ram.end }) && fits;
}

/* Pass 3: banks and painted reservations, both in order. False if the table is full. */
static bool divide_banks(struct memmap_list *regions, const struct memmap_region *bank,
			 uint32_t nbanks, const struct memmap_region *reservation,
			 uint32_t nreservations, const struct memmap_piece *piece, uint32_t npieces)
{
	uint32_t first = 0;

	/*@
		loop invariant 0 <= i <= nbanks && first <= npieces;
		loop invariant same_ranges{Pre, Here}(bank, nbanks);
		loop invariant good_partition(regions) && same_table{Pre, Here}(regions);
		loop invariant i < nbanks ==>
			ends_by(regions->entry, regions->count, bank[i].range.start);
		loop assigns i, first, regions->count,
			\at(regions->entry[0 .. regions->room - 1], Pre);
		loop variant nbanks - i;
	*/
	for (uint32_t i = 0; i < nbanks; i++) {
		first = skip_pieces(piece, first, npieces, bank[i].range.start);
		if (!divide_bank(regions, &bank[i], reservation, nreservations, piece, first,
				 npieces))
			return false;
	}
	return true;
}

/* Pass 1: bank[] from declared[]. */
static void resolve_banks(struct memmap *map)
{
	uint32_t npieces = paint(map, map->declared, map->ndeclared);
	struct memmap_list banks = { map->bank, 0, map->max_banks };

	join_pieces(&banks, map->declared, map->ndeclared, map->scratch.piece, npieces);
	//@ assert same_starts{Pre, Here}(map->declared, map->ndeclared);
	//@ assert same_ends{Pre, Here}(map->declared, map->ndeclared);
	//@ assert same_starts{Pre, Here}(map->reservation, map->nreservations);
	//@ assert same_ends{Pre, Here}(map->reservation, map->nreservations);
	//@ assert same_kinds{Pre, Here}(map->reservation, map->nreservations);
	map->nbanks = banks.count;
}

/* Passes 2 and 3: region[] from bank[] and reservation[]. False if the table is full. */
static bool resolve_regions(struct memmap *map)
{
	uint32_t npieces = paint(map, map->reservation, map->nreservations);
	struct memmap_list regions = { map->region, 0, map->max_regions };
	//@ assert sorted_list(map->bank, map->nbanks);
	bool fit = divide_banks(&regions, map->bank, map->nbanks, map->reservation,
				map->nreservations, map->scratch.piece, npieces);

	map->nregions = regions.count;
	return fit;
}

enum acre_status memmap_resolve(struct memmap *map)
{
	if (map->resolved)
		return ACRE_ERR_INVALID;
	resolve_banks(map);
	//@ ghost banks_are_there: ;
	map->resolved = resolve_regions(map);
	//@ assert same_starts{banks_are_there, Here}(map->bank, map->nbanks);
	//@ assert same_ends{banks_are_there, Here}(map->bank, map->nbanks);
	//@ assert good_inputs(map->bank, map->nbanks);
	//@ assert in_order(map->bank, map->nbanks);
	//@ assert same_starts{banks_are_there, Here}(map->declared, map->ndeclared);
	//@ assert same_ends{banks_are_there, Here}(map->declared, map->ndeclared);
	//@ assert same_starts{banks_are_there, Here}(map->reservation, map->nreservations);
	//@ assert same_ends{banks_are_there, Here}(map->reservation, map->nreservations);
	//@ assert same_kinds{banks_are_there, Here}(map->reservation, map->nreservations);
	if (map->resolved)
		return ACRE_OK;
	map->nbanks = 0;
	map->nregions = 0;
	return ACRE_ERR_FULL;
}

/* ---- carving --------------------------------------------------------------------------------- */

/*
 * Append region @whole, cut around @carved: what is below, the carved, slack up to a frame, what is
 * above.
 */
static void cut(struct memmap_list *parts, const struct memmap_region *whole,
		const struct memmap_region *carved)
{
	const struct acre_range below = { whole->range.start, carved->range.start };
	const struct acre_range slack = { carved->range.end, frame_up(carved->range.end) };
	const struct acre_range above = { slack.end, whole->range.end };

	(void)append_range(parts, whole, below, whole->kind, whole);
	(void)append_range(parts, whole, carved->range, carved->kind, carved);
	(void)append_range(parts, whole, slack, MEMMAP_SLACK, NULL);
	(void)append_range(parts, whole, above, whole->kind, whole);
}

/* Move the regions from @end on up or down, so that they begin at @to. */
static void move_tail(struct memmap_region *region, uint32_t end, uint32_t to, uint32_t tail)
{
	if (to > end) {
		/*@
			loop invariant 0 <= i <= tail;
			loop assigns i, region[to .. to + tail - 1];
			loop variant i;
		*/
		for (uint32_t i = tail; i > 0; i--)
			put(region, to + i - 1, &region[end + i - 1]);
	} else if (to < end) {
		/*@
			loop invariant 0 <= i <= tail;
			loop assigns i, region[to .. to + tail - 1];
			loop variant tail - i;
		*/
		for (uint32_t i = 0; i < tail; i++)
			put(region, to + i, &region[end + i]);
	}
}

/* Put @parts where region[first .. end) is. The caller has checked that they fit. */
static void replace(struct memmap *map, uint32_t first, uint32_t end,
		    const struct memmap_list *parts)
{
	struct memmap_region *region = map->region;
	const struct memmap_region *part = parts->entry;
	const uint32_t nparts = parts->count;
	const uint32_t tail = map->nregions - end;

	move_tail(region, end, first + nparts, tail);
	/*@
		loop invariant 0 <= i <= nparts;
		loop assigns i, region[first .. first + nparts - 1];
		loop variant nparts - i;
	*/
	for (uint32_t i = 0; i < nparts; i++)
		put(region, first + i, &part[i]);
	map->nregions = first + nparts + tail;
}

/* The parts that region[first .. end) becomes when @carved is cut out of region[at] in it. */
static void gather_parts(struct memmap_list *parts, const struct memmap_region *region,
			 uint32_t first, uint32_t at, uint32_t end,
			 const struct memmap_region *carved)
{
	if (first < at)
		(void)append(parts, &region[first]);
	cut(parts, &region[at], carved);
	//@ assert same_ranges{Pre, Here}(region + first, end - first);
	if (at + 1 < end)
		(void)append(parts, &region[at + 1]);
}

/*
 * Make @carved (range, kind, name, index) out of part of region @at, which contains all frames that
 * it touches. ACRE_ERR_FULL, and nothing changed, if the table has no room.
 */
static enum acre_status carve(struct memmap *map, uint32_t at, struct memmap_region carved)
{
	struct memmap_region part[CARVE_PARTS];
	struct memmap_list parts = { part, 0, CARVE_PARTS };
	/* The neighbours take part, because one of them may be the same thing as what is made. */
	uint32_t first = at > 0 ? at - 1 : at;
	uint32_t end = at + 1 < map->nregions ? at + 2 : at + 1;

	gather_parts(&parts, map->region, first, at, end, &carved);
	if (parts.count > map->max_regions - (map->nregions - (end - first)))
		return ACRE_ERR_FULL;
	replace(map, first, end, &parts);
	return ACRE_OK;
}

/* The region of kind @from that contains all of @range, whole frames. */
static enum acre_status find_to_carve(const struct memmap *map, struct acre_range range,
				      enum memmap_kind from, uint32_t *at)
{
	if (acre_range_is_empty(range))
		return ACRE_ERR_INVALID;
	if (range.start % FRAME_SIZE != 0 || range.end % FRAME_SIZE != 0)
		return ACRE_ERR_MISALIGNED;
	*at = memmap_first_above(map->region, map->nregions, range.start);
	if (*at == map->nregions || map->region[*at].kind != from ||
	    range.start < map->region[*at].range.start || range.end > map->region[*at].range.end)
		return ACRE_ERR_NOT_FOUND;
	return ACRE_OK;
}

enum acre_status memmap_claim_nth(struct memmap *map, struct acre_range range,
				  enum memmap_kind kind, const char *name, uint32_t index)
{
	struct memmap_region claimed = make_region(range, kind, name, index);
	uint32_t at;

	if (!is_reserving(kind))
		return ACRE_ERR_INVALID;
	enum acre_status status = find_to_carve(map, range, MEMMAP_USABLE, &at);
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
	return carve(map, at, make_region(range, to, map->region[at].name, map->region[at].index));
}

/* ---- placing --------------------------------------------------------------------------------- */

/* The highest start of @size bytes in @range; false if there is none. */
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

static enum acre_status check_request(const struct memmap *map,
				      const struct memmap_request *request)
{
	if (!map->resolved || !is_reserving(request->kind) || request->size == 0)
		return ACRE_ERR_INVALID;
	if (request->align != 0 && !is_power_of_two(request->align))
		return ACRE_ERR_INVALID;
	return map->nreservations < map->max_reservations ? ACRE_OK : ACRE_ERR_FULL;
}

enum acre_status memmap_place(struct memmap *map, const struct memmap_request *request,
			      struct acre_range *placed)
{
	const uint64_t align = request->align > FRAME_SIZE ? request->align : FRAME_SIZE;
	const struct acre_range window = request->window;
	const uint64_t size = request->size;
	enum acre_status status = check_request(map, request);
	uint32_t at = map->nregions;
	acre_paddr_t start = 0;
	bool found = false;

	if (status != ACRE_OK)
		return status;
	/*@
		loop invariant at <= map->nregions;
		loop invariant found ==> at < map->nregions &&
			map->region[at].kind == MEMMAP_USABLE && start % FRAME_SIZE == 0 &&
			window.start <= start && start + size <= window.end &&
			map->region[at].range.start <= start &&
			start + size <= map->region[at].range.end;
		loop assigns found, at, start;
		loop variant at + (found ? 0 : 1);
	*/
	while (!found && at > 0) {
		const struct memmap_region *region = &map->region[--at];
		found = region->kind == MEMMAP_USABLE &&
			highest_start(memmap_intersection(region->range, window), size, align,
				      &start);
	}
	if (!found)
		return ACRE_ERR_NOT_FOUND;
	const struct acre_range range = { start, start + size };
	struct memmap_region there =
		make_region(range, request->kind, request->name, MEMMAP_NO_INDEX);
	status = carve(map, at, there);
	//@ assert good_counts(map);
	if (status != ACRE_OK)
		return status;
	put_input(map, map->reservation, map->nreservations, there);
	map->nreservations++;
	placed->start = range.start;
	placed->end = range.end;
	return ACRE_OK;
}

/* ---- asking ---------------------------------------------------------------------------------- */

const struct memmap_region *memmap_find(const struct memmap *map, acre_paddr_t addr)
{
	uint32_t at = memmap_first_above(map->region, map->nregions, addr);

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
static struct acre_range first_hole(const struct memmap *map, struct acre_range range)
{
	uint32_t bank = memmap_first_above(map->bank, map->nbanks, range.start);

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
			put(part, 0, reservation);
			part->range.start = hole.start;
			part->range.end = hole.end;
			cursor->from = hole.end;
			return true;
		}
		cursor->from = 0;
	}
	return false;
}
