/* SPDX-License-Identifier: MIT */
/*
 * memmap_types.h - the nouns of memmap.h: kinds and regions; then the map itself with its tables,
 * and the words of the contracts. A user of memmap.h reads the first part, and walks
 * region[] and bank[] of struct memmap.
 */
#ifndef ACRE_MM_MEMMAP_TYPES_H
#define ACRE_MM_MEMMAP_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "mm/types.h"

/* Least restrictive first: where two overlap, the greater wins. */
enum memmap_kind {
	MEMMAP_USABLE,     /* whole frames, for the pool */
	MEMMAP_SLACK,      /* lost to rounding: the rest of a frame that is partly something else */
	MEMMAP_METADATA,   /* tables of the frame pool, or of the map itself */
	MEMMAP_REUSABLE,   /* reserved-memory with `reusable` */
	MEMMAP_LENT,       /* that, for the time being in the frame pool: mm_lend_reusable() */
	MEMMAP_LEFT_OUT,   /* RAM that is not used: mem=, or too little to be worth its tables */
	MEMMAP_MEMRESERVE, /* the /memreserve/ block */
	MEMMAP_RESERVED,   /* reserved-memory */
	MEMMAP_INITRD,
	MEMMAP_DTB,
	MEMMAP_KERNEL, /* the image, part by part: code, constants, BSS, heap, boot stack */
	MEMMAP_FIRMWARE,
	MEMMAP_NO_MAP, /* reserved-memory with `no-map`: not to be touched at all */
	MEMMAP_KIND_COUNT
};

#define MEMMAP_NO_NODE  UINT32_MAX
#define MEMMAP_NO_BANK  UINT32_MAX
#define MEMMAP_NO_INDEX UINT32_MAX

struct memmap_region {
	struct acre_range range;
	enum memmap_kind kind;
	uint32_t numa_node; /* of the bank, MEMMAP_NO_NODE if it has none */
	uint32_t bank;      /* index into bank[], for regions of the partition */
	uint32_t index;     /* which of several with one name, else MEMMAP_NO_INDEX */
	const char *name;   /* who asked for it, "" if no one in particular; not copied */
};

/* A reservation that may lie anywhere in a window. */
struct memmap_request {
	uint64_t size;  /* bytes, any number but 0 */
	uint64_t align; /* of its start: a power of two, or 0; at least a frame is taken */
	struct acre_range window; /* all of it inside here; { 0, ACRE_PADDR_LIMIT } for anywhere */
	enum memmap_kind kind;
	const char *name;
};

/* The state of a walk over what lies outside, or has two owners; starts as { 0, 0 }. */
struct memmap_outside_cursor {
	uint32_t reservation;
	acre_paddr_t from;
};

/* ---- the map --------------------------------------------------------------------------------- */

/* The most banks, and the most reservations, that a map is for: what its arithmetic can count. */
#define MEMMAP_MOST_INPUTS ((1u << 27) - 1u)

/* What memmap_paint() works in: tables for max_inputs inputs, two entries for each. */
struct memmap_scratch {
	uint32_t max_inputs;
	struct memmap_edge {
		acre_paddr_t at;
		uint32_t owner; /* index of the input that begins or ends here */
		bool begins;
	} * edge;
	struct memmap_piece {
		struct acre_range range;
		uint32_t owner; /* index of the input that wins here */
	} * piece;
	uint32_t *winner; /* the tournament: [1] wins over all */
};

/*
 * The map: what was declared and reserved, and from memmap_resolve() on the partition. All tables
 * lie in the storage that memmap_init() was lent.
 */
struct memmap {
	bool resolved;
	uint32_t ndynamic; /* memmap_from_fdt() saw so many reservations without a place */
	uint32_t ndeclared;
	uint32_t nreservations;
	uint32_t nbanks;   /* 0 until memmap_resolve() */
	uint32_t nregions; /* 0 until memmap_resolve() */
	uint32_t max_declared;
	uint32_t max_reservations;
	uint32_t max_banks; /* banks of different nodes that overlap are cut: twice max_declared */
	uint32_t max_regions;
	struct memmap_region *declared;    /* banks as added */
	struct memmap_region *reservation; /* as added */
	struct memmap_region *bank;        /* sorted, disjoint */
	struct memmap_region *region;      /* the partition */
	struct memmap_scratch scratch;     /* for memmap_resolve() */
};

/* ---- words of the contracts ------------------------------------------------------------------ */

/*@
	// What memmap_add_bank() and memmap_reserve() let in.
	predicate good_inputs(struct memmap_region *input, integer count) =
		\forall integer i; 0 <= i < count ==>
			input[i].range.start < input[i].range.end <= ACRE_PADDR_LIMIT;

	// No entry is empty; each ends at ACRE_PADDR_LIMIT or below, and before the next starts.
	predicate in_order(struct memmap_region *list, integer count) =
		\forall integer i, j; 0 <= i < j < count ==>
			list[i].range.end <= list[j].range.start;
	predicate sorted_list(struct memmap_region *list, integer count) =
		good_inputs(list, count) && in_order(list, count);
	predicate ends_by(struct memmap_region *list, integer count, integer addr) =
		\forall integer i; 0 <= i < count ==> list[i].range.end <= addr;

	// The storage that memmap_init() was lent, cut into tables.
	predicate good_scratch(struct memmap_scratch *s) =
		s->max_inputs <= MEMMAP_MOST_INPUTS &&
		\valid(s->edge + (0 .. 2 * s->max_inputs - 1)) &&
		\valid(s->piece + (0 .. 2 * s->max_inputs - 1)) &&
		\valid(s->winner + (0 .. 2 * s->max_inputs - 1)) &&
		\separated(s->edge + (0 .. 2 * s->max_inputs - 1),
			s->piece + (0 .. 2 * s->max_inputs - 1),
			s->winner + (0 .. 2 * s->max_inputs - 1));
	predicate good_tables(struct memmap *map) =
		\valid(map) && good_scratch(&map->scratch) &&
		map->max_declared <= map->scratch.max_inputs &&
		map->max_reservations <= map->scratch.max_inputs &&
		map->max_banks == 2 * map->max_declared &&
		map->max_regions <= 16 * MEMMAP_MOST_INPUTS &&
		\valid(map->declared + (0 .. map->max_declared - 1)) &&
		\valid(map->reservation + (0 .. map->max_reservations - 1)) &&
		\valid(map->bank + (0 .. map->max_banks - 1)) &&
		\valid(map->region + (0 .. map->max_regions - 1)) &&
		\separated(map, map->declared + (0 .. map->max_declared - 1),
			map->reservation + (0 .. map->max_reservations - 1),
			map->bank + (0 .. map->max_banks - 1),
			map->region + (0 .. map->max_regions - 1),
			map->scratch.edge + (0 .. 2 * map->scratch.max_inputs - 1),
			map->scratch.piece + (0 .. 2 * map->scratch.max_inputs - 1),
			map->scratch.winner + (0 .. 2 * map->scratch.max_inputs - 1));

	predicate good_counts(struct memmap *map) =
		map->ndeclared <= map->max_declared &&
		map->nreservations <= map->max_reservations &&
		map->nbanks <= map->max_banks && map->nregions <= map->max_regions;

	predicate usable_whole(struct memmap_region *list, integer count) =
		\forall integer i; 0 <= i < count && list[i].kind == MEMMAP_USABLE ==>
			list[i].range.start % FRAME_SIZE == 0 &&
			list[i].range.end % FRAME_SIZE == 0;

	predicate usable_none(struct memmap_region *list, integer count) =
		\forall integer i; 0 <= i < count ==> list[i].kind != MEMMAP_USABLE;

	// Each function of memmap.h but memmap_init() finds it so, and leaves it so. For those that
	// cut regions (claim, place, recast) this is not proved (docs/proof.md).
	predicate good_map(struct memmap *map) =
		good_tables(map) && good_counts(map) &&
		(map->resolved || map->nbanks == 0 && map->nregions == 0) &&
		good_inputs(map->declared, map->ndeclared) &&
		good_inputs(map->reservation, map->nreservations) &&
		usable_none(map->reservation, map->nreservations) &&
		sorted_list(map->bank, map->nbanks) &&
		sorted_list(map->region, map->nregions) &&
		usable_whole(map->region, map->nregions);
*/

#endif
