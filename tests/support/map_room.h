/* SPDX-License-Identifier: MIT */
/* map_room.h - memory maps for cases, with tables from ktest_alloc(). */
#ifndef ACRE_TESTS_MAP_ROOM_H
#define ACRE_TESTS_MAP_ROOM_H

#include "lib/string.h"
#include "mm/map/memmap.h"
#include "tests/support/ktest.h"

/* More than most cases need. */
#define MAP_BANKS        128u
#define MAP_RESERVATIONS 1024u

/* An empty map for so many; what was in its memory before must not matter, and is not 0. */
static inline struct memmap *new_map_for(uint32_t nbanks, uint32_t nreservations)
{
	const uint64_t bytes = memmap_table_bytes(nbanks, nreservations);
	struct memmap *map = ktest_alloc(sizeof(*map), _Alignof(struct memmap));
	void *tables = ktest_alloc(bytes, _Alignof(struct memmap_region));

	memset(map, 0xa5, sizeof(*map));
	memset(tables, 0xa5, bytes < 256 ? bytes : 256); /* large, so only a sample of them */
	REQUIRE_EQ(memmap_init(map, tables, bytes, nbanks, nreservations), ACRE_OK);
	return map;
}

static inline struct memmap *new_map(void)
{
	return new_map_for(MAP_BANKS, MAP_RESERVATIONS);
}

/* The same tables, with nothing in them. */
static inline void empty_map(struct memmap *map)
{
	REQUIRE_EQ(memmap_init(map, map->declared, UINT64_MAX, map->max_declared,
			       map->max_reservations),
		   ACRE_OK);
}

#endif
