/* SPDX-License-Identifier: MIT */
/*
 * memmap_room.c - two questions to a device tree that need no storage, each answered by walks over
 * it: how many banks and reservations there are, and where the tables for so many can lie.
 *
 * RAM is looked at piece by piece from below. A piece grows as long as a walk finds a bank that
 * touches it. In a piece, a place begins as low as it can and moves up past whatever reserves part
 * of it, until a whole walk finds nothing that does.
 */
#include "mm/map/memmap_room.h"

#include "lib/align.h"
#include "mm/map/memmap_fdt_internal.h"

/* ---- how many -------------------------------------------------------------------------------- */

/* What memmap_from_fdt() adds when it has walked over the tree: mem= and the firmware's guards. */
#define ADDED_LATER (1 + MEMMAP_GUARDS)

static enum acre_status count_bank(void *ctx, struct acre_range range, uint32_t numa_node,
				   const char *name)
{
	struct memmap_need *need = ctx;

	(void)range;
	(void)numa_node;
	(void)name;
	need->nbanks++;
	return ACRE_OK;
}

static enum acre_status count_reservation(void *ctx, struct acre_range range, enum memmap_kind kind,
					  const char *name, uint32_t index)
{
	struct memmap_need *need = ctx;

	(void)range;
	(void)kind;
	(void)name;
	(void)index;
	need->nreservations++;
	return ACRE_OK;
}

enum acre_status memmap_count_from_fdt(const struct fdt *fdt, const struct memmap_boot *boot,
				       const struct memmap_reporter *reporter,
				       struct memmap_need *need)
{
	static const struct memmap_sink count = {
		.add_bank = count_bank,
		.reserve = count_reservation,
	};
	struct importer importer = { .to = &count, .ctx = need, .fdt = fdt, .reporter = reporter };

	*need = (struct memmap_need){ 0, 0 };
	enum acre_status status = memmap_fdt_walk(&importer, boot);
	need->nreservations += importer.ndynamic + ADDED_LATER;
	return status;
}

/* ---- RAM, piece by piece --------------------------------------------------------------------- */

struct ram {
	acre_paddr_t from;
	struct acre_range piece; /* the lowest so far that ends above from */
	bool has_grown;
};

static enum acre_status join_bank(void *ctx, struct acre_range range, uint32_t numa_node,
				  const char *name)
{
	struct ram *ram = ctx;
	struct acre_range *piece = &ram->piece;
	const struct acre_range before = *piece;

	(void)numa_node;
	(void)name;
	if (range.start < ram->from)
		range.start = ram->from;
	if (acre_range_is_empty(range) || range.start > piece->end)
		return ACRE_OK;
	if (range.end < piece->start) {
		*piece = range;
	} else {
		if (range.start < piece->start)
			piece->start = range.start;
		if (range.end > piece->end)
			piece->end = range.end;
	}
	ram->has_grown |= piece->start != before.start || piece->end != before.end;
	return ACRE_OK;
}

/* The lowest piece of RAM that ends above @from, cut off there; empty if there is none. */
static struct acre_range next_piece(const struct fdt *fdt, const struct memmap_boot *boot,
				    acre_paddr_t from)
{
	static const struct memmap_sink join = { .add_bank = join_bank };
	struct ram ram = { .from = from, .piece = { ACRE_PADDR_LIMIT, ACRE_PADDR_LIMIT } };

	do {
		struct importer importer = { .to = &join, .ctx = &ram, .fdt = fdt };
		ram.has_grown = false;
		(void)memmap_fdt_walk(&importer, boot);
	} while (ram.has_grown);
	return ram.piece;
}

/* ---- a place in a piece ---------------------------------------------------------------------- */

/* What is looked for, and what was seen on the way. */
struct search {
	const struct fdt *fdt;
	const struct memmap_boot *boot;
	uint64_t bytes; /* whole frames */
	bool avoids_windows;
	bool has_windows;
	bool has_moved;
	struct acre_range guarded[MEMMAP_GUARDS]; /* what may be firmware */
	struct acre_range place;                  /* as low as it can be by now */
};

static void move_past(struct search *search, struct acre_range taken)
{
	struct acre_range *place = &search->place;

	if (acre_range_is_empty(taken) || taken.start >= place->end || taken.end <= place->start)
		return;
	place->start = align_down(taken.end + FRAME_SIZE - 1, FRAME_SIZE);
	place->end = place->start + search->bytes;
	search->has_moved = true;
}

static enum acre_status avoid_reservation(void *ctx, struct acre_range range, enum memmap_kind kind,
					  const char *name, uint32_t index)
{
	struct search *search = ctx;

	(void)kind;
	(void)name;
	(void)index;
	move_past(search, range);
	return ACRE_OK;
}

static void avoid_window(void *ctx, struct acre_range window)
{
	struct search *search = ctx;

	search->has_windows = true;
	if (search->avoids_windows)
		move_past(search, window);
}

/*
 * The lowest place in the part of @piece that ends at @end; false if there is none. Frame 0 is no
 * place: its address is that of nothing.
 */
static bool find_in(struct search *search, struct acre_range piece, acre_paddr_t end)
{
	static const struct memmap_sink avoid = {
		.reserve = avoid_reservation,
		.leave_window = avoid_window,
	};
	acre_paddr_t start = align_down(piece.start + FRAME_SIZE - 1, FRAME_SIZE);

	if (start == 0)
		start = FRAME_SIZE;
	search->place = (struct acre_range){ start, start + search->bytes };
	while (search->place.end <= end) {
		struct importer importer = { .to = &avoid, .ctx = search, .fdt = search->fdt };
		search->has_moved = false;
		(void)memmap_fdt_walk(&importer, search->boot);
		for (unsigned i = 0; i < MEMMAP_GUARDS; i++)
			move_past(search, search->guarded[i]);
		if (!search->has_moved)
			return true;
	}
	return false;
}

/* ---- what may be firmware -------------------------------------------------------------------- */

static enum acre_status note_reservation(void *ctx, struct acre_range range, enum memmap_kind kind,
					 const char *name, uint32_t index)
{
	(void)name;
	(void)index;
	memmap_guard_note(ctx, range, kind);
	return ACRE_OK;
}

/* What memmap_guard_firmware() will keep out. */
static void find_guards(struct search *search)
{
	static const struct memmap_sink note = { .reserve = note_reservation };
	const struct memmap_boot *boot = search->boot;
	const acre_paddr_t image = boot->image.start;
	const struct acre_range lowest = next_piece(search->fdt, boot, 0);
	struct acre_range piece = lowest;
	struct memmap_guard guard;
	struct importer importer = { .to = &note, .ctx = &guard, .fdt = search->fdt };

	if (acre_range_is_empty(boot->image) || !acre_range_is_empty(boot->firmware))
		return;
	while (!acre_range_is_empty(piece) && piece.end < image)
		piece = next_piece(search->fdt, boot, piece.end);
	if (acre_range_is_empty(piece) || piece.start > image)
		return;
	memmap_guard_begin(&guard, (struct acre_range){ piece.start, image }, lowest);
	(void)memmap_fdt_walk(&importer, boot);
	memmap_guard_end(&guard, search->guarded);
}

/* ---- where ----------------------------------------------------------------------------------- */

/* The same in any piece of the RAM that mem= leaves. */
static bool find_in_ram(struct search *search)
{
	const struct memmap_boot *boot = search->boot;
	uint64_t left = boot->limit != 0 ? boot->limit : ACRE_PADDR_LIMIT;
	struct acre_range piece = next_piece(search->fdt, boot, 0);

	while (!acre_range_is_empty(piece) && left != 0) {
		const uint64_t size = acre_range_size(piece) < left ? acre_range_size(piece) : left;
		if (find_in(search, piece, piece.start + size))
			return true;
		left -= size;
		piece = next_piece(search->fdt, boot, piece.end);
	}
	return false;
}

enum acre_status memmap_find_room(const struct fdt *fdt, const struct memmap_boot *boot,
				  uint64_t bytes, struct acre_range *room)
{
	struct search search = {
		.fdt = fdt,
		.boot = boot,
		.bytes = align_down(bytes + FRAME_SIZE - 1, FRAME_SIZE),
		.avoids_windows = true,
	};
	find_guards(&search);
	bool is_found = find_in_ram(&search);

	if (!is_found && search.has_windows) {
		search.avoids_windows = false;
		is_found = find_in_ram(&search);
	}
	if (!is_found)
		return ACRE_ERR_NOMEM;
	*room = search.place;
	return ACRE_OK;
}
