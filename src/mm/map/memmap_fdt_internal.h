/* SPDX-License-Identifier: MIT */
/*
 * memmap_fdt_internal.h - one walk over what a device tree and the boot code say of memory, and who
 * is told: a map that is filled (memmap_fdt.c), a count, or the search for a place (memmap_room.c).
 */
#ifndef ACRE_MM_MEMMAP_FDT_INTERNAL_H
#define ACRE_MM_MEMMAP_FDT_INTERNAL_H

#include "fdt/fdt_memory.h"
#include "mm/map/memmap_fdt.h"

/* Who is told. What is NULL is not of interest. What does not return ACRE_OK ends the walk. */
struct memmap_sink {
	enum acre_status (*add_bank)(void *ctx, struct acre_range range, uint32_t numa_node,
				     const char *name);
	enum acre_status (*reserve)(void *ctx, struct acre_range range, enum memmap_kind kind,
				    const char *name, uint32_t index);
	/* A pair of alloc-ranges of a reservation without a place. */
	void (*leave_window)(void *ctx, struct acre_range window);
};

/* One walk. */
struct importer {
	const struct memmap_sink *to;
	void *ctx;          /* of the sink */
	struct memmap *map; /* NULL where none is filled */
	const struct fdt *fdt;
	const struct memmap_reporter *reporter;
	enum acre_status first_error; /* ACRE_OK as long as there is none */
	uint32_t ndynamic;            /* reservations without a place, so far */
	bool has_memory;              /* a bank that is not empty was delivered */
	bool is_full;                 /* the sink takes no more: what comes now has no place */
	bool is_restricted;   /* there is a linux,usable-memory-range, and these are its pairs: */
	uint32_t usable_node; /* offset of the node that has it */
	uint32_t nusable;
	struct acre_range usable[MEMMAP_MAX_WINDOWS]; /* not empty, by start */
};

/*
 * memmap_fdt_walk - deliver all of it, in the order of memmap_from_fdt(), except what takes a
 * filled map: mem= and the firmware's guard. Result: importer->first_error.
 */
enum acre_status memmap_fdt_walk(struct importer *importer, const struct memmap_boot *boot);

/*
 * The rule of memmap_guard_firmware() while reservations are looked at one by one: where firmware
 * may lie, and the first byte in each that is reserved, the end if there is none.
 */
struct memmap_guard {
	struct acre_range ram[MEMMAP_GUARDS];
	acre_paddr_t reserved[MEMMAP_GUARDS];
};

/* memmap_guard_begin - @below: the RAM below the image, to its start; @lowest: the lowest RAM. */
void memmap_guard_begin(struct memmap_guard *guard, struct acre_range below,
			struct acre_range lowest);
void memmap_guard_note(struct memmap_guard *guard, struct acre_range range, enum memmap_kind kind);
/* memmap_guard_end - what is to be kept out; empty where nothing is. */
void memmap_guard_end(const struct memmap_guard *guard, struct acre_range guarded[MEMMAP_GUARDS]);

#endif
