/* SPDX-License-Identifier: MIT */
/*
 * memmap_types.h - the nouns of memmap.h: kinds and regions; then the map itself with its limits,
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
	MEMMAP_METADATA,   /* the frame pool's own tables */
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

/* The state of a walk over what lies outside; starts as { 0, 0 }. */
struct memmap_outside_cursor {
	uint32_t reservation;
	acre_paddr_t from;
};

/* ---- the map --------------------------------------------------------------------------------- */

/* Raise these, and nothing else, for a machine with more. */
#define MEMMAP_MAX_BANKS        128u
#define MEMMAP_MAX_RESERVATIONS 1088u /* 1,024 of a tree, and what the kernel adds itself */

#define MEMMAP_MAX_INPUTS (MEMMAP_MAX_BANKS + MEMMAP_MAX_RESERVATIONS)
/* Banks of different nodes that overlap are cut: n intervals make at most 2n - 1 pieces. */
#define MEMMAP_MAX_CUT_BANKS (2u * MEMMAP_MAX_BANKS)
/*
 * Resolving needs at most 6 x banks + 4 x reservations - 3 (memmap.c counts them), so this is
 * never too small for that and leaves room for at least MEMMAP_MAX_RESERVATIONS + 1 claims.
 */
#define MEMMAP_MAX_REGIONS (6u * MEMMAP_MAX_INPUTS)

/* Workspace of memmap_resolve(); it is here because a kernel's stack has no room for it. */
struct memmap_scratch {
	struct memmap_edge {
		acre_paddr_t at;
		uint32_t owner; /* index of the input that begins or ends here */
		bool begins;
	} edge[2u * MEMMAP_MAX_INPUTS];
	struct memmap_piece {
		struct acre_range range;
		uint32_t owner; /* index of the input that wins here */
	} piece[2u * MEMMAP_MAX_INPUTS];
	uint32_t winner[2u * MEMMAP_MAX_INPUTS]; /* the tournament: [1] wins over all */
};

/* The map: what was declared and reserved, and from memmap_resolve() on the partition. */
struct memmap {
	bool resolved;
	uint32_t ndynamic; /* memmap_from_fdt() saw so many reservations without a place */
	uint32_t ndeclared;
	uint32_t nreservations;
	uint32_t nbanks;                                           /* 0 until memmap_resolve() */
	uint32_t nregions;                                         /* 0 until memmap_resolve() */
	struct memmap_region declared[MEMMAP_MAX_BANKS];           /* banks as added */
	struct memmap_region reservation[MEMMAP_MAX_RESERVATIONS]; /* as added */
	struct memmap_region bank[MEMMAP_MAX_CUT_BANKS];           /* sorted, disjoint */
	struct memmap_region region[MEMMAP_MAX_REGIONS];           /* the partition */
	struct memmap_scratch scratch;
};

/* 447 KiB with 128 banks and 1,088 reservations: for BSS, not for a stack. */
_Static_assert(sizeof(struct memmap) <=
		       448u * MEMMAP_MAX_BANKS + 368u * MEMMAP_MAX_RESERVATIONS + 64u,
	       "struct memmap has grown");

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

	predicate good_counts(struct memmap *map) =
		map->ndeclared <= MEMMAP_MAX_BANKS &&
		map->nreservations <= MEMMAP_MAX_RESERVATIONS &&
		map->nbanks <= MEMMAP_MAX_CUT_BANKS && map->nregions <= MEMMAP_MAX_REGIONS;

	predicate usable_whole(struct memmap_region *list, integer count) =
		\forall integer i; 0 <= i < count && list[i].kind == MEMMAP_USABLE ==>
			list[i].range.start % FRAME_SIZE == 0 &&
			list[i].range.end % FRAME_SIZE == 0;

	predicate usable_none(struct memmap_region *list, integer count) =
		\forall integer i; 0 <= i < count ==> list[i].kind != MEMMAP_USABLE;

	// Each function of memmap.h but memmap_init() finds it so, and leaves it so. For those that
	// cut regions (claim, place, recast) this is not proved (docs/proof.md).
	predicate good_map(struct memmap *map) =
		good_counts(map) && good_inputs(&map->declared[0], map->ndeclared) &&
		good_inputs(&map->reservation[0], map->nreservations) &&
		usable_none(&map->reservation[0], map->nreservations) &&
		sorted_list(&map->bank[0], map->nbanks) &&
		sorted_list(&map->region[0], map->nregions) &&
		usable_whole(&map->region[0], map->nregions);
*/

#endif
