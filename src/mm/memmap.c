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
 * 1. paint() the declared banks: cut the line at every edge and give each piece between two edges
 *    to one of the inputs that cover it. Which one is a tournament: a complete binary tree in an
 *    array, leaf [count + i] is input i (or NOBODY while the sweep is outside it), each inner node
 *    [k] is the stronger of [2k] and [2k + 1], so [1] is the winner and an edge costs one path from
 *    leaf to root. Stronger is the greater kind, then the first added. Banks have one kind, so
 *    there the first added wins. Touching pieces of one node become one bank.
 * 2. paint() the reservations in the same way.
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
 *  I1  Banks are not empty, end at PADDR_LIMIT or below, are sorted and disjoint; banks that touch
 *      differ in node.
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
 * All addresses are at most PADDR_LIMIT = 2^56 by the time they are in a table (check_range() is
 * the only way in), so no sum of bytes here can overflow.
 */
#include "mm/memmap.h"

#include "lib/align.h"
#include "lib/fmt.h"
#include "lib/string.h"

#define NOBODY UINT32_MAX

const char *region_kind_str(enum region_kind kind)
{
	static const char *const text[REGION_KIND_COUNT] = {
		[REGION_USABLE] = "usable",           [REGION_SLACK] = "rounding slack",
		[REGION_METADATA] = "frame metadata", [REGION_REUSABLE] = "reusable",
		[REGION_MEMRESERVE] = "memreserve",   [REGION_RESERVED] = "reserved",
		[REGION_INITRD] = "initrd",           [REGION_DTB] = "device tree",
		[REGION_KERNEL] = "kernel",           [REGION_FIRMWARE] = "firmware",
		[REGION_NO_MAP] = "no-map",           [REGION_LENT] = "reusable, lent",
		[REGION_LEFT_OUT] = "left out",
	};

	return (unsigned)kind < REGION_KIND_COUNT ? text[kind] : "unknown kind";
}

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

static enum status check_range(struct range range)
{
	if (range.start > range.end || range.end > PADDR_LIMIT)
		return ERR_RANGE;
	return STATUS_OK;
}

/* May something be reserved or claimed as @kind? */
static bool is_reserving(enum region_kind kind)
{
	return kind > REGION_SLACK && kind != REGION_LENT && (unsigned)kind < REGION_KIND_COUNT;
}

static struct region make_region(struct range range, enum region_kind kind, const char *name)
{
	return (struct region){
		.range = range,
		.kind = kind,
		.numa_node = MEMMAP_NO_NODE,
		.bank = MEMMAP_NO_BANK,
		.index = MEMMAP_NO_INDEX,
		.name = name != NULL ? name : "",
	};
}

enum status memmap_add_bank(struct memmap *map, struct range range, uint32_t numa_node,
			    const char *name)
{
	enum status status = check_range(range);

	if (map->resolved)
		return ERR_INVALID;
	if (status != STATUS_OK || range_is_empty(range))
		return status;
	if (map->ndeclared >= MEMMAP_MAX_BANKS)
		return ERR_FULL;
	map->declared[map->ndeclared] = make_region(range, REGION_USABLE, name);
	map->declared[map->ndeclared].numa_node = numa_node;
	map->ndeclared++;
	return STATUS_OK;
}

enum status memmap_reserve_nth(struct memmap *map, struct range range, enum region_kind kind,
			       const char *name, uint32_t index)
{
	enum status status = check_range(range);

	if (map->resolved || !is_reserving(kind))
		return ERR_INVALID;
	if (status != STATUS_OK || range_is_empty(range))
		return status;
	if (map->nreservations >= MEMMAP_MAX_RESERVATIONS)
		return ERR_FULL;
	map->reservation[map->nreservations] = make_region(range, kind, name);
	map->reservation[map->nreservations++].index = index;
	return STATUS_OK;
}

enum status memmap_reserve(struct memmap *map, struct range range, enum region_kind kind,
			   const char *name)
{
	return memmap_reserve_nth(map, range, kind, name, MEMMAP_NO_INDEX);
}

/* ---- sorting edges: heapsort, since it needs neither recursion nor room ---------------------- */

/* Put edge[root] at its place in the max-heap edge[root .. count). */
static void sift_down(struct memmap_edge *edge, uint32_t root, uint32_t count)
{
	struct memmap_edge moving = edge[root];
	uint32_t child = 2 * root + 1;

	while (child < count) {
		if (child + 1 < count && edge[child].at < edge[child + 1].at)
			child++;
		if (edge[child].at <= moving.at)
			break;
		edge[root] = edge[child];
		root = child;
		child = 2 * root + 1;
	}
	edge[root] = moving;
}

static void sort_edges(struct memmap_edge *edge, uint32_t count)
{
	for (uint32_t i = count / 2; i > 0; i--)
		sift_down(edge, i - 1, count);
	for (uint32_t last = count; last > 1; last--) {
		struct memmap_edge greatest = edge[0];
		edge[0] = edge[last - 1];
		edge[last - 1] = greatest;
		sift_down(edge, 0, last - 1);
	}
}

/* Two edges for each of @count inputs, sorted by address. Result: how many. */
static uint32_t collect_edges(struct memmap_edge *edge, const struct region *input, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = 2 * i;
		edge[at] = (struct memmap_edge){ input[i].range.start, i, true };
		edge[at + 1] = (struct memmap_edge){ input[i].range.end, i, false };
	}
	sort_edges(edge, 2 * count);
	return 2 * count;
}

/* ---- the tournament -------------------------------------------------------------------------- */

static uint32_t stronger(const struct region *input, uint32_t a, uint32_t b)
{
	if (a == NOBODY || b == NOBODY)
		return a == NOBODY ? b : a;
	if (input[a].kind != input[b].kind)
		return input[a].kind > input[b].kind ? a : b;
	return a < b ? a : b;
}

/* Seat @entrant (input @i, or NOBODY for its seat left empty) and replay its path to the top. */
static void seat(uint32_t *winner, const struct region *input, uint32_t count, uint32_t i,
		 uint32_t entrant)
{
	uint32_t at = count + i;

	winner[at] = entrant;
	for (; at > 1; at /= 2) {
		uint32_t left = at & ~1u;
		winner[at / 2] = stronger(input, winner[left], winner[left + 1]);
	}
}

/* ---- painting -------------------------------------------------------------------------------- */

/*
 * Cut the union of @count inputs (none empty) into scratch->piece[]: sorted, disjoint, each with
 * the strongest of the inputs that cover it. Result: how many pieces, at most 2 * count - 1.
 *
 * Between two neighbouring edge addresses nothing begins or ends, so one winner holds for all of
 * it. All edges of one address are applied before the winner is asked, so their order is no matter.
 * Pieces of one owner may touch: whoever uses them joins what belongs together.
 */
static uint32_t paint(struct memmap_scratch *scratch, const struct region *input, uint32_t count)
{
	uint32_t nedges = collect_edges(scratch->edge, input, count);
	uint32_t npieces = 0;
	paddr_t from = 0;

	for (uint32_t i = 0; i < 2 * count; i++)
		scratch->winner[i] = NOBODY;
	for (uint32_t i = 0; i < nedges;) {
		struct range range = { from, scratch->edge[i].at };
		if (scratch->winner[1] != NOBODY)
			scratch->piece[npieces++] =
				(struct memmap_piece){ range, scratch->winner[1] };
		for (; i < nedges && scratch->edge[i].at == range.end; i++) {
			const struct memmap_edge *edge = &scratch->edge[i];
			seat(scratch->winner, input, count, edge->owner,
			     edge->begins ? edge->owner : NOBODY);
		}
		from = range.end;
	}
	return npieces;
}

enum status memmap_limit(struct memmap *map, uint64_t bytes, const char *name)
{
	const struct memmap_piece *piece = map->scratch.piece;
	uint32_t npieces;

	if (map->resolved || bytes == 0)
		return ERR_INVALID;
	npieces = paint(&map->scratch, map->declared, map->ndeclared);
	for (uint32_t i = 0; i < npieces; i++) {
		uint64_t size = range_size(piece[i].range);
		struct range rest = { piece[i].range.start + bytes, piece[npieces - 1].range.end };
		if (bytes < size)
			return memmap_reserve(map, rest, REGION_LEFT_OUT, name);
		bytes -= size;
	}
	return STATUS_OK;
}

/* ---- lists of regions: sorted and disjoint --------------------------------------------------- */

static bool can_join(const struct region *below, const struct region *above)
{
	return below->range.end == above->range.start && below->kind == above->kind &&
	       below->bank == above->bank && below->index == above->index &&
	       strcmp(below->name, above->name) == 0;
}

/* Append @next, joined to the last one where that is the same thing (I8). False if it is full. */
static bool append(struct region *list, uint32_t *count, uint32_t capacity,
		   const struct region *next)
{
	if (range_is_empty(next->range))
		return true;
	if (*count > 0 && can_join(&list[*count - 1], next)) {
		list[*count - 1].range.end = next->range.end;
		return true;
	}
	if (*count >= capacity)
		return false;
	list[(*count)++] = *next;
	return true;
}

/* Index of the first in @list that ends after @addr, @count if none does. Binary search. */
static uint32_t first_ending_after(const struct region *list, uint32_t count, paddr_t addr)
{
	uint32_t low = 0;
	uint32_t high = count;

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

/* Pass 1: bank[] from declared[]. A bank is named after its lowest piece. */
static void settle_banks(struct memmap *map)
{
	uint32_t npieces = paint(&map->scratch, map->declared, map->ndeclared);

	map->nbanks = 0;
	for (uint32_t i = 0; i < npieces; i++) {
		const struct memmap_piece *piece = &map->scratch.piece[i];
		const struct region *owner = &map->declared[piece->owner];
		struct region *last = map->nbanks > 0 ? &map->bank[map->nbanks - 1] : NULL;
		if (last != NULL && last->range.end == piece->range.start &&
		    last->numa_node == owner->numa_node) {
			last->range.end = piece->range.end;
			continue;
		}
		map->bank[map->nbanks] = *owner;
		map->bank[map->nbanks].range = piece->range;
		map->bank[map->nbanks].bank = map->nbanks;
		map->nbanks++;
	}
}

/* Append @range of bank @bank to the partition. False if that is full. */
static bool put(struct memmap *map, uint32_t bank, struct range range, enum region_kind kind,
		const char *name, uint32_t index)
{
	struct region next = make_region(range, kind, name);

	next.index = index;
	next.bank = bank;
	next.numa_node = map->bank[bank].numa_node;
	return append(map->region, &map->nregions, MEMMAP_MAX_REGIONS, &next);
}

/* The whole frames inside @range; empty, at its start, if there is none. */
static struct range whole_frames(struct range range)
{
	struct range whole = { 0, align_down(range.end, PAGE_SIZE) };

	if (!align_up_checked(range.start, PAGE_SIZE, &whole.start) || range_is_empty(whole))
		return (struct range){ range.start, range.start };
	return whole;
}

/* Nobody wants @range: whole frames of it are usable, the rest is slack. */
static bool put_free(struct memmap *map, uint32_t bank, struct range range)
{
	struct range whole = whole_frames(range);
	struct range below = { range.start, whole.start };
	struct range above = { whole.end, range.end };

	return put(map, bank, below, REGION_SLACK, "", MEMMAP_NO_INDEX) &&
	       put(map, bank, whole, REGION_USABLE, "", MEMMAP_NO_INDEX) &&
	       put(map, bank, above, REGION_SLACK, "", MEMMAP_NO_INDEX);
}

static struct range intersection(struct range a, struct range b)
{
	return (struct range){ a.start > b.start ? a.start : b.start,
			       a.end < b.end ? a.end : b.end };
}

/*
 * Pass 3 for one bank: piece[*first ..) are the painted reservations that end after the bank
 * before. Moves *@first up to the first one that ends after the start of this bank.
 */
static bool divide_bank(struct memmap *map, uint32_t bank, uint32_t *first, uint32_t npieces)
{
	const struct memmap_piece *piece = map->scratch.piece;
	struct range ram = map->bank[bank].range;
	paddr_t from = ram.start;

	while (*first < npieces && piece[*first].range.end <= ram.start)
		(*first)++;
	for (uint32_t i = *first; i < npieces && piece[i].range.start < ram.end; i++) {
		const struct region *owner = &map->reservation[piece[i].owner];
		struct range part = intersection(piece[i].range, ram);
		if (!put_free(map, bank, (struct range){ from, part.start }) ||
		    !put(map, bank, part, owner->kind, owner->name, owner->index))
			return false;
		from = part.end;
	}
	return put_free(map, bank, (struct range){ from, ram.end });
}

enum status memmap_resolve(struct memmap *map)
{
	uint32_t first = 0;

	if (map->resolved)
		return ERR_INVALID;
	settle_banks(map);
	map->nregions = 0;
	uint32_t npieces = paint(&map->scratch, map->reservation, map->nreservations);
	for (uint32_t bank = 0; bank < map->nbanks; bank++) {
		if (!divide_bank(map, bank, &first, npieces)) {
			map->nbanks = 0;
			map->nregions = 0;
			return ERR_FULL;
		}
	}
	map->resolved = true;
	return STATUS_OK;
}

/* ---- carving --------------------------------------------------------------------------------- */

/* Below, the new region, slack, above, and two neighbours. */
#define CARVE_PARTS 6u

/* Cut region @whole around @carved: what is below, the carved, slack up to a frame, what is above. */
static void cut(struct region *part, uint32_t *nparts, const struct region *whole,
		const struct region *carved)
{
	struct region below = *whole;
	struct region slack = make_region(carved->range, REGION_SLACK, "");
	struct region above = *whole;

	slack.bank = whole->bank;
	slack.numa_node = whole->numa_node;
	slack.range.start = carved->range.end;
	/* Below PADDR_LIMIT, a multiple of frames. */
	slack.range.end = align_down(carved->range.end + PAGE_SIZE - 1, PAGE_SIZE);
	below.range.end = carved->range.start;
	above.range.start = slack.range.end;
	(void)append(part, nparts, CARVE_PARTS, &below);
	(void)append(part, nparts, CARVE_PARTS, carved);
	(void)append(part, nparts, CARVE_PARTS, &slack);
	(void)append(part, nparts, CARVE_PARTS, &above);
}

/* Put part[0 .. nparts) where region[first .. end) is. The caller has checked that it fits. */
static void replace(struct memmap *map, uint32_t first, uint32_t end, const struct region *part,
		    uint32_t nparts)
{
	uint32_t tail = map->nregions - end;

	if (first + nparts > end) {
		for (uint32_t i = tail; i > 0; i--)
			map->region[first + nparts + i - 1] = map->region[end + i - 1];
	} else {
		for (uint32_t i = 0; i < tail; i++)
			map->region[first + nparts + i] = map->region[end + i];
	}
	for (uint32_t i = 0; i < nparts; i++)
		map->region[first + i] = part[i];
	map->nregions = first + nparts + tail;
}

/*
 * Make @carved (range, kind, name, index) out of part of region @at, which contains all frames that it
 * touches. ERR_FULL, and nothing changed, if the table has no room.
 */
static enum status carve(struct memmap *map, uint32_t at, struct region carved)
{
	struct region part[CARVE_PARTS];
	uint32_t nparts = 0;
	/* The neighbours take part, because one of them may be the same thing as what is made. */
	uint32_t first = at > 0 ? at - 1 : at;
	uint32_t end = at + 1 < map->nregions ? at + 2 : at + 1;

	carved.bank = map->region[at].bank;
	carved.numa_node = map->region[at].numa_node;
	for (uint32_t i = first; i < end; i++) {
		if (i == at)
			cut(part, &nparts, &map->region[at], &carved);
		else
			(void)append(part, &nparts, CARVE_PARTS, &map->region[i]);
	}
	if (nparts > MEMMAP_MAX_REGIONS - (map->nregions - (end - first)))
		return ERR_FULL;
	replace(map, first, end, part, nparts);
	return STATUS_OK;
}

/* The region of kind @from that contains all of @range, whole frames. */
static enum status find_to_carve(const struct memmap *map, struct range range,
				 enum region_kind from, uint32_t *at)
{
	if (range_is_empty(range))
		return ERR_INVALID;
	if (!is_aligned(range.start, PAGE_SIZE) || !is_aligned(range.end, PAGE_SIZE))
		return ERR_MISALIGNED;
	*at = first_ending_after(map->region, map->nregions, range.start);
	if (*at == map->nregions || map->region[*at].kind != from ||
	    range.start < map->region[*at].range.start || range.end > map->region[*at].range.end)
		return ERR_NOT_FOUND;
	return STATUS_OK;
}

enum status memmap_claim_nth(struct memmap *map, struct range range, enum region_kind kind,
			     const char *name, uint32_t index)
{
	struct region claimed = make_region(range, kind, name);
	uint32_t at;

	if (!is_reserving(kind))
		return ERR_INVALID;
	enum status status = find_to_carve(map, range, REGION_USABLE, &at);
	claimed.index = index;
	return status == STATUS_OK ? carve(map, at, claimed) : status;
}

enum status memmap_claim(struct memmap *map, struct range range, enum region_kind kind,
			 const char *name)
{
	return memmap_claim_nth(map, range, kind, name, MEMMAP_NO_INDEX);
}

enum status memmap_recast(struct memmap *map, struct range range, enum region_kind from,
			  enum region_kind to)
{
	uint32_t at;

	if ((unsigned)to >= REGION_KIND_COUNT)
		return ERR_INVALID;
	enum status status = find_to_carve(map, range, from, &at);
	if (status != STATUS_OK)
		return status;
	struct region recast = make_region(range, to, map->region[at].name);
	recast.index = map->region[at].index;
	return carve(map, at, recast);
}

/* ---- placing --------------------------------------------------------------------------------- */

/* The highest start of @size bytes in @range; false if there is none. */
static bool highest_start(struct range range, uint64_t size, uint64_t align, paddr_t *start)
{
	if (range_is_empty(range) || size > range_size(range))
		return false;
	*start = align_down(range.end - size, align);
	return *start >= range.start;
}

static enum status check_request(const struct memmap *map, const struct memmap_request *request)
{
	if (!map->resolved || !is_reserving(request->kind) || request->size == 0)
		return ERR_INVALID;
	if (request->align != 0 && !is_power_of_two(request->align))
		return ERR_INVALID;
	return map->nreservations < MEMMAP_MAX_RESERVATIONS ? STATUS_OK : ERR_FULL;
}

enum status memmap_place(struct memmap *map, const struct memmap_request *request,
			 struct range *placed)
{
	uint64_t align = request->align > PAGE_SIZE ? request->align : PAGE_SIZE;
	enum status status = check_request(map, request);
	uint32_t at = map->nregions;
	paddr_t start = 0;
	bool found = false;

	if (status != STATUS_OK)
		return status;
	while (!found && at > 0) {
		const struct region *region = &map->region[--at];
		found = region->kind == REGION_USABLE &&
			highest_start(intersection(region->range, request->window), request->size,
				      align, &start);
	}
	if (!found)
		return ERR_NOT_FOUND;
	struct region there = make_region((struct range){ start, start + request->size },
					  request->kind, request->name);
	status = carve(map, at, there);
	if (status != STATUS_OK)
		return status;
	map->reservation[map->nreservations++] = there;
	*placed = there.range;
	return STATUS_OK;
}

/* ---- asking ---------------------------------------------------------------------------------- */

const struct region *memmap_find(const struct memmap *map, paddr_t addr)
{
	uint32_t at = first_ending_after(map->region, map->nregions, addr);

	if (at == map->nregions || addr < map->region[at].range.start)
		return NULL;
	return &map->region[at];
}

const struct region *memmap_next(const struct memmap *map, enum region_kind kind, uint32_t *cursor)
{
	while (*cursor < map->nregions) {
		const struct region *region = &map->region[(*cursor)++];
		if (region->kind == kind)
			return region;
	}
	return NULL;
}

const char *memmap_name(char buf[MEMMAP_NAME_LEN], const struct region *region)
{
	if (region->index == MEMMAP_NO_INDEX)
		fmt_buffer(buf, MEMMAP_NAME_LEN, "%s", region->name);
	else
		fmt_buffer(buf, MEMMAP_NAME_LEN, "%s %u", region->name, (unsigned)region->index);
	return buf;
}

uint64_t memmap_bytes(const struct memmap *map, enum region_kind kind)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < map->nregions; i++) {
		if (map->region[i].kind == kind)
			bytes += range_size(map->region[i].range);
	}
	return bytes;
}

uint64_t memmap_ram_bytes(const struct memmap *map)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < map->nbanks; i++)
		bytes += range_size(map->bank[i].range);
	return bytes;
}

/* The first part of @range that is in no bank; empty if all of it is RAM. */
static struct range first_hole(const struct memmap *map, struct range range)
{
	uint32_t bank = first_ending_after(map->bank, map->nbanks, range.start);

	/* Banks that touch are one stretch of RAM here. */
	for (; bank < map->nbanks && map->bank[bank].range.start <= range.start; bank++)
		range.start = map->bank[bank].range.end;
	if (bank < map->nbanks && map->bank[bank].range.start < range.end)
		range.end = map->bank[bank].range.start;
	return range;
}

bool memmap_outside(const struct memmap *map, struct memmap_outside_cursor *cursor,
		    struct region *part)
{
	for (; cursor->reservation < map->nreservations; cursor->reservation++) {
		const struct region *reservation = &map->reservation[cursor->reservation];
		struct range rest = reservation->range;
		if (rest.start < cursor->from)
			rest.start = cursor->from;
		struct range hole = first_hole(map, rest);
		if (!range_is_empty(hole) && reservation->kind != REGION_LEFT_OUT) {
			*part = *reservation;
			part->range = hole;
			cursor->from = hole.end;
			return true;
		}
		cursor->from = 0;
	}
	return false;
}
