/* SPDX-License-Identifier: MIT */
/*
 * memmap_room.h - how large a map of a device tree is, and where in RAM its tables can lie: asked
 * of the tree itself, before there is a map.
 */
#ifndef ACRE_MM_MEMMAP_ROOM_H
#define ACRE_MM_MEMMAP_ROOM_H

#include "mm/map/memmap_fdt.h"

/* What memmap_init() must be told for a map that memmap_from_fdt() fills. */
struct memmap_need {
	uint32_t nbanks;
	uint32_t nreservations; /* also those without a place yet */
};

/*
 * memmap_count_from_fdt - *@need is at least what memmap_from_fdt() and memmap_place_from_fdt() add
 * for the same @fdt and @boot. What the caller adds itself comes on top.
 * Pre:    fdt_open() said ACRE_OK. @reporter as in memmap_from_fdt(); may be NULL.
 * Result: ACRE_OK; else as memmap_from_fdt() for what is wrong with the tree itself.
 * Cost:   one walk over the tree; no storage.
 */
acre_nodiscard enum acre_status memmap_count_from_fdt(const struct fdt *fdt,
						      const struct memmap_boot *boot,
						      const struct memmap_reporter *reporter,
						      struct memmap_need *need);

/*
 * memmap_find_room - the lowest place for @bytes in RAM, in whole frames, that nothing of @fdt and
 * @boot reserves, inside mem=, and outside of the `alloc-ranges` of reservations without a place if
 * there is such a place. RAM of touching memory nodes is one piece. What
 * memmap_guard_firmware() keeps out is kept out here. Never frame 0.
 *
 *	RAM            |firmware|...........|kernel|.......|dtb|....|alloc-ranges.....|
 *	room of bytes           |=====|
 *
 * It knows what @fdt and @boot say, and nothing else: memory that the caller means to reserve besides
 * has to be a part of @boot, or *@room must be checked against it.
 *
 * Pre:    memmap_count_from_fdt() said ACRE_OK for the same @fdt and @boot. @bytes is not 0 and at
 *         most ACRE_PADDR_LIMIT.
 * Result: ACRE_OK and *@room; ACRE_ERR_NOMEM when there is no such place, *@room is unchanged then.
 * Cost:   two walks over the tree for each piece of RAM up to the place, and one for each time that
 *         the place moves: a handful on real machines; the square of the tree at worst.
 */
acre_nodiscard enum acre_status memmap_find_room(const struct fdt *fdt,
						 const struct memmap_boot *boot, uint64_t bytes,
						 struct acre_range *room);

#endif
