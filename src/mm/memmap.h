/* SPDX-License-Identifier: MIT */
/*
 * memmap.h - region algebra: what RAM there is, who owns which part of it, what is left over.
 *
 *   1. memmap_add_bank() and memmap_reserve() collect what the machine says, in any order;
 *   2. memmap_resolve() turns that into a partition: every byte of RAM lies in exactly one region,
 *      sorted by address, and the most restrictive kind wins where reservations overlap;
 *   3. memmap_place() finds a place for reservations that have none, memmap_claim() gives part of the
 *      usable memory another kind (frame metadata), memmap_recast() part of any.
 *
 * No lock, no allocation, no printing: one hart uses a map at a time, all memory is in the map.
 * docs/memory-map.md says the same with more drawings.
 */
#ifndef MM_MEMMAP_H
#define MM_MEMMAP_H

#include "lib/compiler.h"
#include "lib/status.h"
#include "mm/types.h"

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

#define MEMMAP_NO_NODE  UINT32_MAX
#define MEMMAP_NO_BANK  UINT32_MAX
#define MEMMAP_NO_INDEX UINT32_MAX

/* Least restrictive first: where two overlap, the greater wins. */
enum region_kind {
	REGION_USABLE,   /* whole frames, for the pool */
	REGION_SLACK,    /* lost to rounding: the rest of a frame that is partly something else */
	REGION_METADATA, /* the frame pool's own tables */
	REGION_REUSABLE, /* reserved-memory with `reusable` */
	REGION_LENT,     /* that, for the time being in the frame pool: mm_lend_reusable() */
	REGION_LEFT_OUT, /* RAM that nobody is to use: mem=, or too little to be worth its tables */
	REGION_MEMRESERVE, /* the /memreserve/ block */
	REGION_RESERVED,   /* reserved-memory */
	REGION_INITRD,
	REGION_DTB,
	REGION_KERNEL, /* the image, part by part: code, constants, BSS, heap, boot stack */
	REGION_FIRMWARE,
	REGION_NO_MAP, /* reserved-memory with `no-map`: not to be touched at all */
	REGION_KIND_COUNT
};

/* region_kind_str - "usable", "rounding slack", "device tree", ...; never NULL, any value accepted.
 */
const char *region_kind_str(enum region_kind kind);

struct region {
	struct range range;
	enum region_kind kind;
	uint32_t numa_node; /* of the bank, MEMMAP_NO_NODE if it has none */
	uint32_t bank;      /* index into bank[], for regions of the partition */
	uint32_t index;     /* which of several with one name, else MEMMAP_NO_INDEX */
	const char *name;   /* who asked for it, "" if nobody in particular; not copied */
};

/* Workspace of memmap_resolve(); it is here because a kernel's stack has no room for it. */
struct memmap_scratch {
	struct memmap_edge {
		paddr_t at;
		uint32_t owner; /* index of the input that begins or ends here */
		bool begins;
	} edge[2u * MEMMAP_MAX_INPUTS];
	struct memmap_piece {
		struct range range;
		uint32_t owner; /* index of the input that wins here */
	} piece[2u * MEMMAP_MAX_INPUTS];
	uint32_t winner[2u * MEMMAP_MAX_INPUTS]; /* the tournament: [1] wins over all */
};

struct memmap {
	bool resolved;
	uint32_t ndynamic; /* memmap_from_fdt() saw so many reservations without a place */
	uint32_t ndeclared;
	uint32_t nreservations;
	uint32_t nbanks;                                    /* 0 until memmap_resolve() */
	uint32_t nregions;                                  /* 0 until memmap_resolve() */
	struct region declared[MEMMAP_MAX_BANKS];           /* banks as added */
	struct region reservation[MEMMAP_MAX_RESERVATIONS]; /* as added */
	struct region bank[MEMMAP_MAX_CUT_BANKS];           /* sorted, disjoint */
	struct region region[MEMMAP_MAX_REGIONS];           /* the partition */
	struct memmap_scratch scratch;
};

/* 447 KiB with 128 banks and 1,088 reservations: for BSS, not for a stack. */
_Static_assert(sizeof(struct memmap) <=
		       448u * MEMMAP_MAX_BANKS + 368u * MEMMAP_MAX_RESERVATIONS + 64u,
	       "struct memmap has grown");

/* memmap_init - an empty map. Cost: O(1), nothing of the tables is touched. */
void memmap_init(struct memmap *map);

/*
 * memmap_add_bank - RAM in @range (bytes, any alignment). Banks may overlap or touch each other:
 * where two overlap, the first added keeps its node.
 * Result: STATUS_OK, also for an empty range, which adds nothing; ERR_RANGE when start > end or end
 *         is past PADDR_LIMIT; ERR_FULL past MEMMAP_MAX_BANKS; ERR_INVALID when the map is resolved
 *         already. The map is unchanged on failure.
 * Owner:  @name (may be NULL for "") is not copied: it lives as long as the map.
 */
nodiscard enum status memmap_add_bank(struct memmap *map, struct range range, uint32_t numa_node,
				      const char *name);

/*
 * memmap_reserve - keep @range out of the usable memory, as @kind, for @name. Bytes, any alignment;
 * may overlap others and lie outside RAM in part or whole. Where two of one kind overlap, the first
 * added keeps its name.
 * Result: as memmap_add_bank(), but ERR_FULL past MEMMAP_MAX_RESERVATIONS, and ERR_INVALID also for
 *         a @kind that reserves nothing (REGION_USABLE, REGION_SLACK, no kind at all).
 */
nodiscard enum status memmap_reserve(struct memmap *map, struct range range, enum region_kind kind,
				     const char *name);

/* memmap_reserve_nth - the same for the reservation @index of those that share @name. */
nodiscard enum status memmap_reserve_nth(struct memmap *map, struct range range,
					 enum region_kind kind, const char *name, uint32_t index);

/*
 * memmap_limit - leave out (REGION_LEFT_OUT, for @name) all RAM but the first @bytes of what is declared
 * by now, in order of address, overlaps counted once.
 * Result: STATUS_OK, also where there is no more than that; ERR_INVALID for 0 bytes or when the map is
 *         resolved; ERR_FULL as memmap_reserve().
 * Cost:   O(n log n) in banks.
 */
nodiscard enum status memmap_limit(struct memmap *map, uint64_t bytes, const char *name);

/*
 * memmap_resolve - compute bank[] and the partition region[]. Usable extents are rounded inward to
 * frames (so that memory is rounded inward and reservations outward), the rest of those frames
 * becomes REGION_SLACK.
 * Result: STATUS_OK; ERR_INVALID when it is resolved already; ERR_FULL past MEMMAP_MAX_REGIONS,
 *         which cannot happen with the constants above. Not resolved, and unchanged, on failure.
 * Cost:   O(n log n) in banks + reservations; no recursion, a few words of stack.
 */
nodiscard enum status memmap_resolve(struct memmap *map);

/*
 * memmap_claim - turn @range of one usable region into @kind for @name.
 * Pre:    resolved (before that no region is usable).
 * Result: ERR_INVALID when @range is empty or backwards or @kind reserves nothing; ERR_MISALIGNED
 *         when it is not whole frames; ERR_NOT_FOUND when no usable region contains all of it;
 *         ERR_FULL past MEMMAP_MAX_REGIONS. The map is unchanged on failure.
 * Cost:   O(n): the regions above move by up to two places.
 */
nodiscard enum status memmap_claim(struct memmap *map, struct range range, enum region_kind kind,
				   const char *name);

/* memmap_claim_nth - the same for the claim @index of those that share @name. */
nodiscard enum status memmap_claim_nth(struct memmap *map, struct range range,
				       enum region_kind kind, const char *name, uint32_t index);

/* A reservation that may lie anywhere in a window. */
struct memmap_request {
	uint64_t size;       /* bytes, any number but 0 */
	uint64_t align;      /* of its start: a power of two, or 0; at least a frame is taken */
	struct range window; /* all of it inside here; { 0, PADDR_LIMIT } for anywhere */
	enum region_kind kind;
	const char *name;
};

/*
 * memmap_place - reserve @request->size bytes at the highest suitable address: aligned, inside the
 * window to the byte, all frames that it touches usable and in one bank. The rest of the last frame
 * becomes slack, as if the place had been reserved before resolving.
 *
 *	usable region    |.....................................|
 *	window                  |=======================|
 *	aligned          ^       ^       ^       ^       ^       ^
 *	placed                           |=========|s                  s: slack
 *
 * Pre:    resolved.
 * Result: STATUS_OK and *@placed; ERR_INVALID for a request that makes no sense or before resolving;
 *         ERR_NOT_FOUND when there is no such place; ERR_FULL past MEMMAP_MAX_RESERVATIONS, in
 *         which each placed one counts. Map and *@placed are unchanged on failure.
 * Cost:   O(n) in regions.
 */
nodiscard enum status memmap_place(struct memmap *map, const struct memmap_request *request,
				   struct range *placed);

/*
 * memmap_recast - turn @range of one region of kind @from into @to; its name stays.
 * Pre:    resolved. For those who know what they do: that no reservation becomes usable is checked
 *         by memmap_validate() only.
 * Result: as memmap_claim().
 */
nodiscard enum status memmap_recast(struct memmap *map, struct range range, enum region_kind from,
				    enum region_kind to);

/*
 * memmap_find - the region of the partition that contains @addr, or NULL if that is not RAM. Valid
 * until the next claim. Cost: O(log n).
 */
const struct region *memmap_find(const struct memmap *map, paddr_t addr);

/*
 * memmap_next - the first region of @kind at index *@cursor or after, in order of address; NULL at
 * the end. *@cursor starts at 0 and moves behind the result.
 */
const struct region *memmap_next(const struct memmap *map, enum region_kind kind, uint32_t *cursor);

#define MEMMAP_NAME_LEN 96u

/* memmap_name - the name of @region with its index, if it has one: "/memreserve/ 3". Result: @buf. */
const char *memmap_name(char buf[MEMMAP_NAME_LEN], const struct region *region);

/* memmap_bytes - bytes of all regions of @kind. O(n). */
uint64_t memmap_bytes(const struct memmap *map, enum region_kind kind);

/* memmap_ram_bytes - bytes of the union of all banks; 0 until it is resolved. O(banks). */
uint64_t memmap_ram_bytes(const struct memmap *map);

/* The state of a walk over what lies outside; starts as { 0, 0 }. */
struct memmap_outside_cursor {
	uint32_t reservation;
	paddr_t from;
};

/*
 * memmap_outside - the next part of a reservation that lies outside RAM, each reservation for
 * itself, in the order in which they were added. Such parts are listed, never summed. What is left
 * out (REGION_LEFT_OUT) is left out of RAM only.
 * Pre:    resolved.
 * Result: true and *@part (kind and name of the reservation, MEMMAP_NO_BANK), or false at the end.
 */
nodiscard bool memmap_outside(const struct memmap *map, struct memmap_outside_cursor *cursor,
			      struct region *part);

/*
 * memmap_validate - does the partition keep its promises (memmap.c numbers them)? NULL if so, else
 * the sentence that is broken. Part of every boot: the sums must match to the byte.
 * Pre:    resolved.
 * Cost:   O(n) in regions, plus a walk over the regions that each reservation touches, plus the
 *         square of the number of declared banks.
 */
const char *memmap_validate(const struct memmap *map);

#endif
