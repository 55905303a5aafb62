/* SPDX-License-Identifier: MIT */
/*
 * memmap.h - region algebra: what RAM there is, who owns which part of it, what is left over.
 *
 *   1. memmap_add_bank() and memmap_reserve() collect what the machine says, in any order;
 *   2. memmap_resolve() turns that into a partition: every byte of RAM lies in exactly one region,
 *      sorted by address, and the most restrictive kind wins where reservations overlap;
 *   3. memmap_claim() gives part of the usable memory another kind afterwards (frame metadata).
 */
#ifndef MM_MEMMAP_H
#define MM_MEMMAP_H

#include "lib/compiler.h"
#include "lib/status.h"
#include "mm/types.h"

/* Raise these, and nothing else, for a machine with more. */
#define MEMMAP_MAX_BANKS        128u
#define MEMMAP_MAX_RESERVATIONS 1024u
/* Each bank or reservation adds at most two edges, and each piece at most two crumbs of rounding.
 */
#define MEMMAP_MAX_REGIONS (6u * (MEMMAP_MAX_BANKS + MEMMAP_MAX_RESERVATIONS))

#define MEMMAP_NO_NODE UINT32_MAX

/* Least restrictive first: where two overlap, the greater wins. */
enum region_kind {
	REGION_USABLE,     /* whole frames, for the pool */
	REGION_SLACK,      /* lost to rounding: the rest of a frame that is partly something else */
	REGION_METADATA,   /* the frame pool's own tables */
	REGION_REUSABLE,   /* reserved-memory with `reusable` */
	REGION_MEMRESERVE, /* the /memreserve/ block */
	REGION_RESERVED,   /* reserved-memory */
	REGION_INITRD,
	REGION_DTB,
	REGION_KERNEL, /* image, BSS and boot stack */
	REGION_FIRMWARE,
	REGION_NO_MAP, /* reserved-memory with `no-map`: not to be touched at all */
	REGION_KIND_COUNT
};

/* region_kind_str - "usable", "rounding slack", "device tree", ...; never NULL. */
const char *region_kind_str(enum region_kind kind);

struct region {
	struct range range;
	enum region_kind kind;
	uint32_t numa_node; /* of the bank, MEMMAP_NO_NODE if it has none */
	uint32_t bank;      /* index into bank[], for regions of the partition */
	const char
		*name; /* who asked for it, "" if nobody in particular; the caller's, not copied */
};

struct memmap {
	uint32_t nbanks;
	uint32_t nreservations;
	uint32_t nregions;                                  /* 0 until memmap_resolve() */
	struct region bank[MEMMAP_MAX_BANKS];               /* after resolve: sorted, disjoint */
	struct region reservation[MEMMAP_MAX_RESERVATIONS]; /* as added */
	struct region region[MEMMAP_MAX_REGIONS];           /* the partition */
};

/* memmap_init - an empty map. */
void memmap_init(struct memmap *map);

/*
 * memmap_add_bank - RAM in @range (bytes, any alignment). Banks may overlap or touch each other.
 * Pre:    not resolved yet.
 * Result: STATUS_OK, also for an empty range, which adds nothing; ERR_RANGE when start > end or end
 *         is past PADDR_LIMIT; ERR_FULL past MEMMAP_MAX_BANKS. The map is unchanged on failure.
 */
nodiscard enum status memmap_add_bank(struct memmap *map, struct range range, uint32_t numa_node,
				      const char *name);

/*
 * memmap_reserve - keep @range out of the usable memory, as @kind, for @name. Bytes, any alignment;
 * may overlap others and lie outside RAM in part or whole.
 * Result: as memmap_add_bank(), but ERR_FULL past MEMMAP_MAX_RESERVATIONS.
 */
nodiscard enum status memmap_reserve(struct memmap *map, struct range range, enum region_kind kind,
				     const char *name);

/*
 * memmap_resolve - compute the partition. Usable extents are rounded inward to frames (so that
 * memory is rounded inward and reservations outward), the rest of those frames becomes
 * REGION_SLACK. Result: STATUS_OK, or ERR_FULL past MEMMAP_MAX_REGIONS. Cost: O(n log n) in banks +
 * reservations.
 */
nodiscard enum status memmap_resolve(struct memmap *map);

/*
 * memmap_claim - turn [range) of one usable region into @kind for @name. Frame aligned.
 * Result: ERR_MISALIGNED, ERR_NOT_FOUND when no usable region contains all of @range, ERR_FULL.
 * The map is unchanged on failure.
 */
nodiscard enum status memmap_claim(struct memmap *map, struct range range, enum region_kind kind,
				   const char *name);

/* memmap_find - the region of the partition that contains @addr, or NULL if that is not RAM. O(log
 * n). */
const struct region *memmap_find(const struct memmap *map, paddr_t addr);

/* memmap_next - the first region of @kind at index *@cursor or after, NULL at the end; advances
 * *@cursor. */
const struct region *memmap_next(const struct memmap *map, enum region_kind kind, uint32_t *cursor);

/* memmap_bytes - bytes of all regions of @kind; memmap_ram_bytes - bytes of the union of all banks.
 */
uint64_t memmap_bytes(const struct memmap *map, enum region_kind kind);
uint64_t memmap_ram_bytes(const struct memmap *map);

/*
 * memmap_outside - the next part of a reservation that lies outside RAM, starting at *@cursor == 0;
 * false at the end. Such parts are listed, never summed.
 */
struct memmap_outside_cursor {
	uint32_t reservation;
	paddr_t from;
};
bool memmap_outside(const struct memmap *map, struct memmap_outside_cursor *cursor,
		    struct region *part);

/*
 * memmap_validate - does the partition keep its promises (memmap.c numbers them)? NULL if so, else
 * the sentence that is broken. Part of every boot: the sums must match to the byte. O(n).
 */
const char *memmap_validate(const struct memmap *map);

#endif
