/* SPDX-License-Identifier: MIT */
/* frame_room.h - what the caller of frame_pool_init() lends: for some banks, and some harts. */
#ifndef FRAME_ROOM_H
#define FRAME_ROOM_H

#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"

#define FRAME_ROOM_BANKS 8u
/* Harts past these have no stock. */
#define FRAME_ROOM_HARTS (PLATFORM_MAX_HARTS < 64u ? PLATFORM_MAX_HARTS : 64u)

struct frame_room {
	struct frame_stock stock[FRAME_ROOM_HARTS];
	struct frame_bank bank[FRAME_ROOM_BANKS];
};

/* frame_pool_init_for - frame_pool_init() with the memory of @room; @nharts harts have a stock. */
static inline enum acre_status frame_pool_init_for(struct frame_pool *pool, uint64_t offset,
						   struct frame_room *room, unsigned nharts)
{
	const struct hart_slots stocks =
		hart_slots_array(room->stock, sizeof(room->stock[0]), nharts);

	return frame_pool_init(pool, offset, room->bank, FRAME_ROOM_BANKS, &stocks);
}

/* frame_pool_init_in - the same with as many stocks as there is room for. */
static inline enum acre_status frame_pool_init_in(struct frame_pool *pool, uint64_t offset,
						  struct frame_room *room)
{
	return frame_pool_init_for(pool, offset, room, FRAME_ROOM_HARTS);
}

#endif
