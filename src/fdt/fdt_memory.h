/* SPDX-License-Identifier: MIT */
/*
 * fdt_memory.h - all that a device tree says about memory, as a sequence of facts, in one pass.
 *
 *	struct fdt_memory_cursor cursor;
 *	struct fdt_memory_fact fact;
 *	enum acre_status s;
 *
 *	fdt_memory_begin(&cursor, &fdt);
 *	while ((s = fdt_memory_next(&cursor, &fact)) == ACRE_OK)
 *		...
 *	if (s != ACRE_ERR_END)
 *		the blob is broken, which fdt_open() should have found
 *
 * The facts are what the tree says, not what follows from it: they overlap, repeat, lie outside RAM
 * and come in the order of the blob (the /memreserve/ entries first). What cannot be read as it
 * should is a fact as well, FDT_FACT_MALFORMED, and the walk goes on.
 */
#ifndef ACRE_FDT_FDT_MEMORY_H
#define ACRE_FDT_FDT_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "fdt/fdt.h"
#include "fdt/fdt_ranges.h"
#include "lib/attributes.h"

#define FDT_NO_NUMA_NODE UINT32_MAX

enum fdt_fact_kind {
	FDT_FACT_MEMORY,     /* a `reg` pair of an enabled memory node; never empty. Of one with
			      * linux,usable-memory, a pair of that */
	FDT_FACT_RESERVED,   /* a `reg` pair of an enabled child of /reserved-memory */
	FDT_FACT_DYNAMIC,    /* such a child with `size` instead: see fdt_alloc_range() */
	FDT_FACT_MEMRESERVE, /* an entry of the reservation block */
	FDT_FACT_INITRD,     /* /chosen linux,initrd-start and -end; never empty */
	FDT_FACT_ELFCOREHDR, /* /chosen linux,elfcorehdr: another kernel's dump begins there */
	FDT_FACT_USABLE,     /* a pair of /chosen linux,usable-memory-range: all else is left out */
	FDT_FACT_MALFORMED,  /* something that should have been one of these: see @about */
};

struct fdt_memory_fact {
	enum fdt_fact_kind kind;
	bool has_range;     /* @base and @size are a range: always, except DYNAMIC and MALFORMED */
	bool no_map;        /* RESERVED, DYNAMIC */
	bool reusable;      /* RESERVED, DYNAMIC */
	uint32_t index;     /* of the pair in `reg`, or of the /memreserve/ entry */
	uint32_t numa_node; /* MEMORY: numa-node-id, FDT_NO_NUMA_NODE if it has none */
	uint64_t base;      /* bytes; base + size <= 2^64 - 1 wherever has_range */
	uint64_t size;      /* bytes */
	uint64_t alignment; /* DYNAMIC: `alignment` in bytes, 0 if it does not say */
	uint32_t nwindows;  /* DYNAMIC: pairs of `alloc-ranges`, 0 if it may lie anywhere */
	const char *name;   /* the node's name, in the blob; "" for MEMRESERVE */
	struct fdt_node node; /* the node, all zeros for MEMRESERVE */

	/*
	 * MALFORMED only. A malformed memory entry is to be left out. A malformed reservation is to
	 * be taken at its widest: @has_range says that [base, base + size) covers it, else nothing
	 * can be said about where it lies. Of a USABLE, ACRE_ERR_OVERFLOW is one pair that is to be
	 * left out; anything else is the whole property, of which nothing can be said. A RESERVED or
	 * an INITRD with ACRE_ERR_NOT_FOUND for @property names no memory: `reg` is missing or empty,
	 * one end of the initrd is missing, or the end lies below the start. A DYNAMIC whose `status`
	 * is at fault is complete otherwise.
	 */
	enum fdt_fact_kind about; /* what it would have been */
	enum acre_status
		why; /* what is wrong with it; ACRE_ERR_NOT_FOUND: @property says nothing */
	const char *property;      /* which property is at fault; "" for MEMRESERVE */
	struct fdt_property value; /* its value, length 0 if it is missing or is the parent's */
};

struct fdt_memory_cursor;

/* fdt_memory_begin - start over at the first fact of @fdt, which must be open. */
void fdt_memory_begin(struct fdt_memory_cursor *cursor, const struct fdt *fdt);

/*
 * fdt_memory_next - the next fact.
 * Result: ACRE_OK; ACRE_ERR_END after the last one; else how the blob is broken (as fdt_next()).
 * Cost:   all calls together are one walk over the tree.
 */
acre_nodiscard enum acre_status fdt_memory_next(struct fdt_memory_cursor *cursor,
						struct fdt_memory_fact *fact);

/*
 * fdt_alloc_range - pair @index of the `alloc-ranges` of the FDT_FACT_DYNAMIC that @cursor gave
 * last: it may lie in [*@base, *@base + *@size), as the root sees addresses. The size may be 0.
 * Pre:    @index < @nwindows of that fact, which has `size` and `alignment`.
 * Result: ACRE_OK; ACRE_ERR_OVERFLOW if it ends past 2^64 - 1; else why it cannot be read or moved
 *         through `ranges` (both untouched). O(FDT_MAX_RANGES).
 */
acre_nodiscard enum acre_status fdt_alloc_range(const struct fdt_memory_cursor *cursor,
						uint32_t index, uint64_t *base, uint64_t *size);

/* Properties that decide what a node is: fdt_memory.c names them. */
#define FDT_MEMORY_PROPERTIES 14u

/* The walk. Private to fdt_memory.c. */
struct fdt_memory_cursor {
	const struct fdt *fdt;
	struct fdt_cursor walk;
	uint32_t phase; /* where fdt_memory_next() goes on */
	uint32_t index; /* the next /memreserve/ entry, or pair of the pending node */
	uint32_t count; /* pairs of the pending node */
	uint32_t role;  /* what the pending node may be: one whose properties are being read */
	bool in_reserved;
	bool has_ranges;            /* /reserved-memory has `ranges` */
	struct fdt_property ranges; /* this one */
	struct fdt_cells root_cells;
	struct fdt_cells reserved_cells;

	/* The pending node, and the first property of each name that counts. */
	struct fdt_node node;
	uint32_t seen; /* a bit for each */
	struct fdt_property property[FDT_MEMORY_PROPERTIES];
	uint32_t numa_node;
	/* Why a reservation's `status` cannot be read: it counts as enabled then. */
	enum acre_status status_why;
	enum acre_status usable_why; /* why linux,usable-memory-range has no pairs */
};

#endif
