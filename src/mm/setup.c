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

/* ---- what a bank has ------------------------------------------------------------------------- */

struct usable {
	struct acre_range span;  /* from the first usable frame to the last */
	struct acre_range reach; /* the same with reusable frames counted */
	struct acre_range first; /* the lowest usable region */
	struct acre_range last;  /* the highest; the same if there is only one */
	uint64_t bytes;          /* of all usable regions */
};

static struct acre_range reach_of(const struct memmap *map, uint32_t bank, struct acre_range span)
{
	const struct memmap_region *region;
	uint32_t cursor = 0;

	while ((region = memmap_next(map, MEMMAP_REUSABLE, &cursor)) != NULL) {
		struct acre_range whole = memmap_whole_frames(region->range);
		if (region->bank != bank || acre_range_is_empty(whole))
			continue;
		if (whole.start < span.start)
			span.start = whole.start;
		if (whole.end > span.end)
			span.end = whole.end;
	}
	return span;
}

static struct usable usable_of(const struct memmap *map, uint32_t bank)
{
	struct usable u = { .bytes = 0 };
	const struct memmap_region *region;
	uint32_t cursor = 0;

	while ((region = memmap_next(map, MEMMAP_USABLE, &cursor)) != NULL) {
		if (region->bank != bank)
			continue;
		if (u.bytes == 0)
			u.first = region->range;
		u.last = region->range;
		u.bytes += acre_range_size(region->range);
	}
	u.span = (struct acre_range){ u.first.start, u.last.end };
	u.reach = u.bytes != 0 ? reach_of(map, bank, u.span) : u.span;
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

/* The lowest usable region of at least @bytes, in @bank if there is one; NULL if there is none. */
static const struct memmap_region *find_place(const struct memmap *map, uint32_t bank,
					      uint64_t bytes)
{
	const struct memmap_region *elsewhere = NULL;
	const struct memmap_region *region;
	uint32_t cursor = 0;

	while ((region = memmap_next(map, MEMMAP_USABLE, &cursor)) != NULL) {
		if (acre_range_size(region->range) < bytes)
			continue;
		if (region->bank == bank)
			return region;
		if (elsewhere == NULL)
			elsewhere = region;
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
 * A claim for the table of banks alone: for all banks of the map, or, where memory is in small
 * pieces, for as many as there is a piece for.
 */
static enum acre_status place_bank_table(struct setup *s)
{
	for (uint32_t room = s->map->nbanks; room != 0; room /= 2) {
		uint64_t bytes = whole_frames(room * sizeof(struct frame_bank));
		const struct memmap_region *place = find_place(s->map, MEMMAP_NO_BANK, bytes);
		if (place == NULL)
			continue;
		const acre_paddr_t banks = place->range.start; /* the claim moves regions */
		enum acre_status status =
			memmap_claim(s->map, (struct acre_range){ banks, banks + bytes },
				     MEMMAP_METADATA, MM_BANKS_NAME);
		return status == ACRE_OK ? make_pool(s, banks, room) : status;
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
	       s->map->nbanks * sizeof(struct frame_bank);
}

/* Tables of @bytes in @place, then the bank: @span, or what is left of it without the tables. */
static enum acre_status add_bank_with_tables(struct setup *s, uint32_t bank,
					     const struct memmap_region *place, uint64_t bytes,
					     bool reaches)
{
	const acre_paddr_t tables = place->range.start; /* the claim below moves regions */
	enum acre_status status =
		memmap_claim_nth(s->map, (struct acre_range){ tables, tables + bytes },
				 MEMMAP_METADATA, MM_TABLES_NAME, bank);

	if (status == ACRE_OK && !s->has_pool) {
		bytes -= s->map->nbanks * sizeof(struct frame_bank);
		status = make_pool(s, tables + bytes, s->map->nbanks);
	}
	if (status != ACRE_OK)
		return status;
	struct usable u = usable_of(s->map, bank);
	struct acre_range span = reaches ? u.reach : u.span;
	return frame_pool_add_bank(s->pool, frame_from_paddr(span.start), frames_in(span),
				   (void *)(uintptr_t)(tables + s->offset), bytes);
}

static void warn_trimmed(const struct memmap *map, uint32_t bank, uint64_t bytes)
{
	char size[FMT_SIZE_LEN];

	acre_log_warn(
		"%s of bank %u, [0x%llx, 0x%llx), cannot be used: less than the frame tables that "
		"it would need\n",
		fmt_size(size, bytes), bank, (unsigned long long)map->bank[bank].range.start,
		(unsigned long long)map->bank[bank].range.end);
}

/* Cut the smaller one of the outermost regions off. */
static enum acre_status trim(struct memmap *map, const struct usable *u)
{
	struct acre_range poorer =
		acre_range_size(u->first) < acre_range_size(u->last) ? u->first : u->last;

	return memmap_claim(map, poorer, MEMMAP_LEFT_OUT, "not worth its frame tables");
}

/* First pass for one bank. A bank without usable memory, or with too little, adds nothing. */
static enum acre_status set_up_bank(struct setup *s, uint32_t bank)
{
	struct memmap *map = s->map;
	struct usable u = usable_of(map, bank);
	uint64_t before = u.bytes;
	enum acre_status status = ACRE_OK;

	while (u.bytes != 0 && status == ACRE_OK) {
		struct acre_range span = bank_span(&u);
		uint64_t bytes = table_bytes(span);
		const struct memmap_region *place =
			u.bytes > bytes && !is_full(s) ? find_place(map, bank, bytes) : NULL;
		if (place != NULL && !s->has_pool && !has_room_for_banks(s, span)) {
			status = place_bank_table(s);
			u = usable_of(map, bank);
			before = u.bytes;
			continue;
		}
		if (place != NULL) {
			status = add_bank_with_tables(s, bank, place, bytes,
						      acre_range_size(span) !=
							      acre_range_size(u.span));
			break;
		}
		status = trim(map, &u);
		u = usable_of(map, bank);
	}
	if (u.bytes != before)
		warn_trimmed(map, bank, before - u.bytes);
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
	const struct memmap_region *place = find_place(map, bank, bytes);

	if (place == NULL || memmap_bytes(map, MEMMAP_USABLE) == bytes)
		return false;
	*records = (struct acre_range){ place->range.start, place->range.start + bytes };
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
