/* SPDX-License-Identifier: MIT */
/*
 * setup.c - where the frame tables go, and which frames the pool gets.
 *
 *	bank of the map   |kernel|..usable......|dtb|....usable.........|firmware|
 *	                         |tables|                               ^ last usable frame
 *	bank of the pool                |...............................|
 *	inserted                        |.......|   |...................|
 *
 * There are two passes. The first gives each bank its tables and makes it known to the pool, with
 * no frame in it. The second inserts the memory that is usable then. In one pass a bank's frames
 * might be in the pool already when a later bank needs some of them for its tables.
 *
 * The pool's table of banks lies in the last frame of the first tables if it fits there, else in a
 * place of its own. A bank costs 2.2 bits for each frame between its first usable one and its last,
 * usable or not.
 *
 * Reusable reservations get tables as well, if those take at most one part in REUSABLE_COST of what
 * is usable: without tables they could never be lent.
 *
 * Where nearly all of a huge bank is reserved, that is more than there is to gain: such a bank is
 * trimmed. Two frames side by side are always worth it, one frame never is.
 */
#include "mm/setup.h"

#include "lib/align.h"
#include "lib/fmt.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"

#define REUSABLE_COST 8u
#define CUT_COST      32u

/* ---- what a part of a bank has ---------------------------------------------------------------- */

struct usable {
	struct acre_range span;  /* from the first usable frame to the last */
	struct acre_range reach; /* the same with reusable frames counted */
	struct acre_range gap;   /* the widest between two usable regions */
	uint32_t nregions;
	uint64_t bytes; /* of all usable regions */
};

static bool is_in(const struct memmap_region *region, uint32_t bank, struct acre_range part)
{
	return region->bank == bank && acre_range_contains(part, region->range.start);
}

static struct acre_range reach_of(const struct memmap *map, uint32_t bank, struct acre_range part,
				  struct acre_range span)
{
	const struct memmap_region *region;
	uint32_t cursor = 0;

	while ((region = memmap_next(map, MEMMAP_REUSABLE, &cursor)) != NULL) {
		struct acre_range whole = memmap_whole_frames(region->range);
		if (!is_in(region, bank, part) || acre_range_is_empty(whole))
			continue;
		if (whole.start < span.start)
			span.start = whole.start;
		if (whole.end > span.end)
			span.end = whole.end;
	}
	return span;
}

static struct usable usable_of(const struct memmap *map, uint32_t bank, struct acre_range part)
{
	struct usable u = { .bytes = 0 };
	const struct memmap_region *region;
	uint32_t cursor = 0;

	while ((region = memmap_next(map, MEMMAP_USABLE, &cursor)) != NULL) {
		if (!is_in(region, bank, part))
			continue;
		const struct acre_range gap = { u.span.end, region->range.start };
		if (u.nregions == 0)
			u.span.start = region->range.start;
		else if (acre_range_size(gap) > acre_range_size(u.gap))
			u.gap = gap;
		u.span.end = region->range.end;
		u.bytes += acre_range_size(region->range);
		u.nregions++;
	}
	u.reach = u.bytes != 0 ? reach_of(map, bank, part, u.span) : u.span;
	return u;
}

static frame_count_t frames_in(struct acre_range range)
{
	return acre_range_size(range) >> FRAME_SHIFT;
}

static uint64_t whole_frames(uint64_t bytes)
{
	return align_down(bytes + FRAME_SIZE - 1, FRAME_SIZE);
}

/* Bytes of tables for the frames in @span, in whole frames. @span has at most 2^44 frames. */
static uint64_t table_bytes(struct acre_range span)
{
	return whole_frames(frame_metadata_bytes(frames_in(span)));
}

/* What the pool's bank spans. */
static struct acre_range bank_span(const struct usable *u)
{
	return table_bytes(u->reach) <= u->bytes / REUSABLE_COST ? u->reach : u->span;
}

/* What of usable @region may be a place for tables: all but what a pointer to nothing points to. */
static struct acre_range room_in(struct acre_range region, uint64_t offset)
{
	if (region.start + offset == 0)
		region.start += FRAME_SIZE;
	return region;
}

/*
 * The lowest usable memory that has room for @bytes of tables, in @bank if there is any; empty if
 * there is none.
 */
static struct acre_range find_place(const struct memmap *map, uint64_t offset, uint32_t bank,
				    uint64_t bytes)
{
	struct acre_range elsewhere = { 0, 0 };
	const struct memmap_region *region;
	uint32_t cursor = 0;

	while ((region = memmap_next(map, MEMMAP_USABLE, &cursor)) != NULL) {
		const struct acre_range room = room_in(region->range, offset);
		if (acre_range_size(room) < bytes)
			continue;
		if (region->bank == bank)
			return (struct acre_range){ room.start, room.start + bytes };
		if (acre_range_is_empty(elsewhere))
			elsewhere = (struct acre_range){ room.start, room.start + bytes };
	}
	return elsewhere;
}

/* ---- the two passes -------------------------------------------------------------------------- */

/* What the pool is made of. The pool is initialised when its table of banks has a place. */
struct setup {
	struct frame_pool *pool;
	struct memmap *map;
	uint64_t offset;
	const struct hart_slots *stocks;
	uint32_t nbanks; /* that the pool shall have */
	bool has_pool;
};

static enum acre_status make_pool(struct setup *s, acre_paddr_t banks, uint32_t room)
{
	enum acre_status status = frame_pool_init(
		s->pool, s->offset, (void *)(uintptr_t)(banks + s->offset), room, s->stocks);

	s->has_pool = status == ACRE_OK;
	return status;
}

/*
 * A claim for the table of banks alone: for all banks, or, where memory is in small
 * pieces, for as many as there is a piece for.
 */
static enum acre_status place_bank_table(struct setup *s)
{
	for (uint32_t room = s->nbanks; room != 0; room /= 2) {
		uint64_t bytes = whole_frames(room * sizeof(struct frame_bank));
		const struct acre_range place =
			find_place(s->map, s->offset, MEMMAP_NO_BANK, bytes);
		if (acre_range_is_empty(place))
			continue;
		enum acre_status status =
			memmap_claim(s->map, place, MEMMAP_METADATA, MM_BANKS_NAME);
		return status == ACRE_OK ? make_pool(s, place.start, room) : status;
	}
	return ACRE_ERR_NOMEM;
}

/* Is the table of banks too small for one more? */
static bool is_full(const struct setup *s)
{
	return s->has_pool && s->pool->nbanks == s->pool->max_banks;
}

/* Is there room for the table of banks in the last frame of the tables for @span? */
static bool has_room_for_banks(const struct setup *s, struct acre_range span)
{
	return table_bytes(span) - frame_metadata_bytes(frames_in(span)) >=
	       s->nbanks * sizeof(struct frame_bank);
}

/* Its tables in @place, then the bank: what is usable, without them. */
static enum acre_status add_bank_with_tables(struct setup *s, uint32_t bank, struct acre_range part,
					     struct acre_range place, bool reaches)
{
	const acre_paddr_t tables = place.start;
	uint64_t bytes = acre_range_size(place);
	enum acre_status status =
		memmap_claim_nth(s->map, place, MEMMAP_METADATA, MM_TABLES_NAME, bank);

	if (status == ACRE_OK && !s->has_pool) {
		bytes -= s->nbanks * sizeof(struct frame_bank);
		status = make_pool(s, tables + bytes, s->nbanks);
	}
	if (status != ACRE_OK)
		return status;
	struct usable u = usable_of(s->map, bank, part);
	struct acre_range span = reaches ? u.reach : u.span;
	return frame_pool_add_bank(s->pool, frame_from_paddr(span.start), frames_in(span),
				   (void *)(uintptr_t)(tables + s->offset), bytes);
}

static void warn_left_out(const struct memmap *map, uint32_t bank, uint64_t bytes)
{
	char size[FMT_SIZE_LEN];

	acre_log_warn(
		"%s of bank %u, [0x%llx, 0x%llx), cannot be used: less than the frame tables that "
		"it would need\n",
		fmt_size(size, bytes), bank, (unsigned long long)map->bank[bank].range.start,
		(unsigned long long)map->bank[bank].range.end);
}

/* Do tables for two parts, below and above the widest gap, take less than those for all of it? */
static bool is_worth_cutting(const struct usable *u)
{
	const struct acre_range below = { u->span.start, u->gap.start };
	const struct acre_range above = { u->gap.end, u->span.end };

	return u->nregions > 1 && table_bytes(u->span) > u->bytes / CUT_COST &&
	       table_bytes(below) + table_bytes(above) < table_bytes(u->span);
}

/*
 * Cut @part off at its widest gap until what is left of it is worth the tables that it needs, and
 * there is a place for them; *@place is empty if that never happens.
 */
static struct usable cut_part(const struct setup *s, uint32_t bank, struct acre_range *part,
			      struct acre_range *place)
{
	for (;;) {
		struct usable u = usable_of(s->map, bank, *part);
		const uint64_t bytes = table_bytes(bank_span(&u));
		*place = (struct acre_range){ 0, 0 };
		if (u.bytes > bytes && !is_full(s) && !is_worth_cutting(&u))
			*place = find_place(s->map, s->offset, bank, bytes);
		if (!acre_range_is_empty(*place) || u.nregions < 2)
			return u;
		part->end = u.gap.start;
	}
}

static uint32_t count_usable_regions(const struct memmap *map)
{
	uint32_t count = 0;

	for (uint32_t cursor = 0; memmap_next(map, MEMMAP_USABLE, &cursor) != NULL;)
		count++;
	return count;
}

/*
 * How many banks the pool may have: one for each bank of the map, as nearly always; or, where one
 * has to be cut, one for each usable region, since tables that are taken leave less for others.
 */
static uint32_t count_banks(const struct setup *s)
{
	for (uint32_t bank = 0; bank < s->map->nbanks; bank++) {
		const struct acre_range range = s->map->bank[bank].range;
		struct acre_range part = range;
		struct acre_range place;
		(void)cut_part(s, bank, &part, &place);
		if (part.end != range.end)
			return count_usable_regions(s->map);
	}
	return s->map->nbanks;
}

/* First pass for one part. What is not worth its tables is left out, and counted. */
static enum acre_status set_up_part(struct setup *s, uint32_t bank, struct acre_range *part,
				    uint64_t *left_out)
{
	const struct acre_range whole = *part;
	struct acre_range place;
	struct usable u = cut_part(s, bank, part, &place);
	const struct acre_range span = bank_span(&u);

	if (u.bytes == 0)
		return ACRE_OK;
	if (acre_range_is_empty(place)) {
		*left_out += u.bytes;
		return memmap_claim(s->map, u.span, MEMMAP_LEFT_OUT, "not worth its frame tables");
	}
	if (s->has_pool || has_room_for_banks(s, span))
		return add_bank_with_tables(s, bank, *part, place,
					    acre_range_size(span) != acre_range_size(u.span));
	enum acre_status status = place_bank_table(s);
	*part = whole;
	part->end = part->start; /* once more */
	return status;
}

/* First pass for one bank. One without usable memory, or with too little, adds nothing. */
static enum acre_status set_up_bank(struct setup *s, uint32_t bank)
{
	const struct acre_range range = s->map->bank[bank].range;
	struct acre_range part = range;
	uint64_t left_out = 0;
	enum acre_status status = ACRE_OK;

	while (status == ACRE_OK && !acre_range_is_empty(part)) {
		status = set_up_part(s, bank, &part, &left_out);
		part = (struct acre_range){ part.end, range.end };
	}
	if (left_out != 0)
		warn_left_out(s->map, bank, left_out);
	return status;
}

static enum acre_status insert_usable(struct frame_pool *pool, const struct memmap *map)
{
	const struct memmap_region *region;
	uint32_t cursor = 0;

	while ((region = memmap_next(map, MEMMAP_USABLE, &cursor)) != NULL) {
		enum acre_status status = frame_insert(pool, frame_from_paddr(region->range.start),
						       frames_in(region->range));
		if (status != ACRE_OK)
			return status;
	}
	return ACRE_OK;
}

/* ---- debug mode ------------------------------------------------------------------------------ */

/*
 * Where the records of pool bank @b, which is of @bank of the map, go; false if there is no room.
 */
static bool place_records(const struct frame_pool *pool, struct memmap *map, uint32_t b,
			  uint32_t bank, struct acre_range *records)
{
	uint64_t bytes = whole_frames(frame_record_bytes(pool->bank[b].nframes));

	*records = find_place(map, pool->offset, bank, bytes);
	if (acre_range_is_empty(*records) || memmap_bytes(map, MEMMAP_USABLE) == bytes)
		return false;
	return memmap_claim_nth(map, *records, MEMMAP_METADATA, MM_RECORDS_NAME, bank) == ACRE_OK;
}

/* Between the passes, when all tables have their place. A bank without room does without. */
static enum acre_status add_all_records(struct frame_pool *pool, struct memmap *map)
{
	for (uint32_t b = 0; b < pool->nbanks; b++) {
		const frame_nr_t first = pool->bank[b].first;
		const uint32_t bank = memmap_find(map, frame_to_paddr(first))->bank;
		struct acre_range records;

		if (!place_records(pool, map, b, bank, &records)) {
			acre_log_warn("no room for records of the frames of bank %u\n", bank);
			continue;
		}
		enum acre_status status =
			frame_pool_debug(pool, first,
					 frame_ptr(pool, frame_from_paddr(records.start)),
					 acre_range_size(records));
		if (status != ACRE_OK)
			return status;
	}
	return ACRE_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static enum acre_status init_frames(struct frame_pool *pool, struct memmap *map, uint64_t offset,
				    const struct hart_slots *stocks, bool debug)
{
	struct setup s = { .pool = pool, .map = map, .offset = offset, .stocks = stocks };
	enum acre_status status = ACRE_OK;

	if (!map->resolved)
		return ACRE_ERR_INVALID;
	if (!is_aligned(offset, FRAME_SIZE))
		return ACRE_ERR_MISALIGNED;
	s.nbanks = count_banks(&s);
	for (uint32_t bank = 0; status == ACRE_OK && bank < map->nbanks; bank++)
		status = set_up_bank(&s, bank);
	if (status == ACRE_OK && !s.has_pool)
		status = ACRE_ERR_NOMEM;
	if (status == ACRE_OK && debug)
		status = add_all_records(pool, map);
	if (status == ACRE_OK)
		status = insert_usable(pool, map);
	if (status == ACRE_OK && frame_pool_is_empty(pool))
		status = ACRE_ERR_NOMEM;
	return status;
}

enum acre_status mm_init_frames(struct frame_pool *pool, struct memmap *map, uint64_t offset,
				const struct hart_slots *stocks)
{
	return init_frames(pool, map, offset, stocks, false);
}

enum acre_status mm_init_frames_debug(struct frame_pool *pool, struct memmap *map, uint64_t offset,
				      const struct hart_slots *stocks)
{
	return init_frames(pool, map, offset, stocks, true);
}

/* ---- reusable reservations ------------------------------------------------------------------- */

/* The whole frames of the region of @kind that contains @addr; empty if there is none. */
static struct acre_range whole_frames_at(const struct memmap *map, acre_paddr_t addr,
					 enum memmap_kind kind)
{
	const struct memmap_region *region = memmap_find(map, addr);

	if (region == NULL || region->kind != kind)
		return (struct acre_range){ 0, 0 };
	return memmap_whole_frames(region->range);
}

enum acre_status mm_lend_reusable(struct frame_pool *pool, struct memmap *map, acre_paddr_t addr)
{
	struct acre_range range = whole_frames_at(map, addr, MEMMAP_REUSABLE);

	if (acre_range_is_empty(range))
		return ACRE_ERR_NOT_FOUND;
	enum acre_status status = memmap_recast(map, range, MEMMAP_REUSABLE, MEMMAP_LENT);
	if (status != ACRE_OK)
		return status;
	status = frame_insert(pool, frame_from_paddr(range.start), frames_in(range));
	/* Joining what was cut needs no slot. */
	if (status != ACRE_OK && memmap_recast(map, range, MEMMAP_LENT, MEMMAP_REUSABLE) != ACRE_OK)
		acre_panic("a region of the memory map cannot be joined again");
	return status;
}

enum acre_status mm_take_back_reusable(struct frame_pool *pool, struct memmap *map,
				       acre_paddr_t addr)
{
	struct acre_range range = whole_frames_at(map, addr, MEMMAP_LENT);

	if (acre_range_is_empty(range))
		return ACRE_ERR_NOT_FOUND;
	enum acre_status status =
		frame_remove(pool, frame_from_paddr(range.start), frames_in(range));
	if (status != ACRE_OK)
		return status;
	return memmap_recast(map, range, MEMMAP_LENT, MEMMAP_REUSABLE);
}
