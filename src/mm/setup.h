/* SPDX-License-Identifier: MIT */
/*
 * setup.h - from the map of memory to a pool of frames: where the two meet, once, at boot.
 */
#ifndef ACRE_MM_SETUP_H
#define ACRE_MM_SETUP_H

#include <stdint.h>

#include "lib/attributes.h"
#include "lib/hart_slots.h"
#include "lib/status.h"
#include "mm/frame/frame.h"
#include "mm/map/memmap.h"

/* What the regions are called that are claimed here; their index is the bank. */
#define MM_TABLES_NAME  "frame tables of bank"
#define MM_BANKS_NAME   "table of the frame pool's banks"
#define MM_RECORDS_NAME "frame records of bank"

/*
 * mm_init_frames - initialise @pool with the usable frames of @map, which @pool manages afterwards,
 * all of them free: frame_managed_count() * FRAME_SIZE == memmap_bytes(@map, MEMMAP_USABLE).
 * @offset and @stocks as in frame_pool_init().
 *
 * Each bank of the map that has usable frames becomes one bank of the pool, from its first usable
 * frame to its last; or, where its tables stay small beside its usable memory, as far as its
 * reusable reservations reach, so that these can be lent later. Its tables are taken from its own
 * usable memory, or where no piece of that is large enough, from another bank's, and claimed as
 * MEMMAP_METADATA. So is the pool's table of banks, if it does not fit into the last frame of the
 * first tables. A bank with less usable memory than its tables would take is trimmed at its poorer
 * end until it is worth them; what is cut off is claimed as MEMMAP_LEFT_OUT and a warning says so.
 *
 * Pre:    @map is resolved; usable memory is mapped at address + @offset; neither it nor @pool is
 *         in use.
 * Result: ACRE_OK; ACRE_ERR_INVALID if @map is not resolved; ACRE_ERR_MISALIGNED for @offset;
 *         ACRE_ERR_NOMEM if not one frame is left to manage; ACRE_ERR_FULL when @map has no slot
 *         left for a claim. After ACRE_ERR_NOMEM or ACRE_ERR_FULL neither @pool nor @map is of use.
 * Cost:   fills the tables; O(banks * regions).
 */
acre_nodiscard enum acre_status mm_init_frames(struct frame_pool *pool, struct memmap *map,
					       uint64_t offset, const struct hart_slots *stocks);

/*
 * mm_init_frames_debug - mm_init_frames(), in debug mode (frame.h). The records of each bank, 16
 * bytes a frame, are taken as its tables are, after all tables, and claimed as a MEMMAP_METADATA of
 * their own. A bank for which there is no room has none; a warning says so.
 */
acre_nodiscard enum acre_status mm_init_frames_debug(struct frame_pool *pool, struct memmap *map,
						     uint64_t offset,
						     const struct hart_slots *stocks);

/*
 * mm_lend_reusable - hand the whole frames of the MEMMAP_REUSABLE of @map that contains @addr to
 * @pool: they are free, and the region is MEMMAP_LENT from now on. The owner of the reservation has
 * agreed to that with the property `reusable`, provided that mm_take_back_reusable() comes before
 * the device needs the memory.
 * Pre:    @pool was made from @map by mm_init_frames(); one hart uses @map.
 * Result: ACRE_OK; ACRE_ERR_NOT_FOUND if @addr is in no such region, or in one without a whole
 *         frame; ACRE_ERR_RANGE if @pool has no tables for it; ACRE_ERR_FULL when @map has no slot
 *         left. Nothing has changed on failure.
 */
acre_nodiscard enum acre_status mm_lend_reusable(struct frame_pool *pool, struct memmap *map,
						 acre_paddr_t addr);

/*
 * mm_take_back_reusable - the reverse, for the MEMMAP_LENT that contains @addr, if all its frames
 * are free.
 * Result: ACRE_OK; ACRE_ERR_NOT_FOUND; ACRE_ERR_OVERLAP while any of its frames is handed out
 *         (nothing has changed, try again later).
 */
acre_nodiscard enum acre_status mm_take_back_reusable(struct frame_pool *pool, struct memmap *map,
						      acre_paddr_t addr);

#endif
