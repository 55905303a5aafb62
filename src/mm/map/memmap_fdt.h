/* SPDX-License-Identifier: MIT */
/*
 * memmap_fdt.h - fill a memory map from what a device tree says. The only part of mm that knows
 * device trees; a kernel that boots without one calls memmap_add_bank() and memmap_reserve()
 * itself.
 *
 * A tree is text from outside. What is odd about it is a finding, delivered through a callback,
 * since mm prints nothing; what makes it impossible to say which memory is free is an error.
 */
#ifndef ACRE_MM_MEMMAP_FDT_H
#define ACRE_MM_MEMMAP_FDT_H

#include "fdt/fdt.h"
#include "lib/attributes.h"
#include "lib/status.h"
#include "mm/map/memmap.h"

enum memmap_severity {
	MEMMAP_NOTE,    /* worth a line, changes nothing */
	MEMMAP_WARNING, /* the tree is odd, the safe reading was taken */
	MEMMAP_ERROR, /* no safe reading: memmap_from_fdt() fails; or a reservation has no place */
};

/* All strings are never NULL, printable, and valid at least until the callback returns. */
struct memmap_finding {
	enum memmap_severity severity;
	enum acre_status status; /* what is wrong in the words of lib/status.h, or ACRE_OK */
	const char *node;        /* "memory@80000000", "/memreserve/"; "" if it is about no node */
	const char *property;    /* "reg"; "" if it is about none */
	const char *value; /* of the property, in cells: "<0x0 0x80000000>"; "" if there is none */
	struct acre_range range; /* the memory concerned, clipped to ACRE_PADDR_LIMIT; or empty */
	const char *what;        /* what is wrong and what was done: "kept out at its widest" */
};

/* Where findings go. @report may be NULL: then they are dropped, the errors still returned. */
struct memmap_reporter {
	void (*report)(void *ctx, const struct memmap_finding *finding);
	void *ctx;
};

#define MEMMAP_FINDING_LEN 320u

/*
 * memmap_finding_str - @finding as a sentence for a log or a panic: "memory@80000000: reg =
 * <0x0 0x80000000 0x0>: left out of the memory (malformed)".
 * Result: @buf, terminated; cut if it has to be.
 */
const char *memmap_finding_str(char buf[MEMMAP_FINDING_LEN], const struct memmap_finding *finding);

/* A part of the running image that has a name of its own. */
struct memmap_part {
	struct acre_range range;
	const char *name; /* not copied */
};

/* What the boot code knows and the tree does not say. Any of them may be empty. */
struct memmap_boot {
	struct acre_range image; /* the running image with BSS and boot stack: MEMMAP_KERNEL */
	const struct memmap_part *part; /* of it; where two overlap, the first has it */
	uint32_t nparts;
	uint64_t limit;             /* mem=: use the first so many bytes of RAM; 0: all */
	struct acre_range dtb;      /* the blob: MEMMAP_DTB */
	struct acre_range initrd;   /* an initrd of which the tree does not say: MEMMAP_INITRD */
	struct acre_range firmware; /* where the firmware is, if that is known: MEMMAP_FIRMWARE */
};

/*
 * memmap_from_fdt - add every bank and every static reservation of @fdt, and those of @boot.
 *
 *	memory nodes                       banks, with their NUMA node
 *	/memreserve/ entry n               MEMMAP_MEMRESERVE, named "/memreserve/", index n
 *	children of /reserved-memory       named by their node:
 *	  called mmode_resv* or mmode_pmp*   MEMMAP_FIRMWARE: OpenSBI's own, also if it says no-map
 *	  with no-map                        MEMMAP_NO_MAP
 *	  with reusable                      MEMMAP_REUSABLE
 *	  else                               MEMMAP_RESERVED
 *	/chosen linux,initrd-*             MEMMAP_INITRD, named "initrd"
 *	outside of /chosen
 *	  linux,usable-memory-range          MEMMAP_LEFT_OUT, named so
 *	@boot                              its parts by their names, the rest "kernel
 *	                                   padding", or all of it "kernel image"; "device
 *	                                   tree", "initrd", "firmware"; above limit: "mem="
 *
 * Then the rule of memmap_guard_firmware() is applied, unless @boot says where the firmware is. The
 * map is not resolved yet: the caller may add more. Names point into the blob, which the map
 * reserves; a name that cannot be printed is replaced by one that says so.
 *
 * A malformed memory entry is left out. A malformed reservation is taken at its widest. A
 * reservation that names no memory (neither `reg` nor `size`, one end of an initrd) forbids none.
 * All are findings. A reservation whose place cannot be read is an error, since any memory could be
 * its. Dynamic reservations (`size` without `reg`) are only counted: memmap_place_from_fdt() is for
 * them.
 *
 * Pre:    fdt_open() said ACRE_OK; memmap_init(), not resolved.
 * Result: ACRE_OK; else what the first finding of MEMMAP_ERROR says, of which there is at least
 *         one: ACRE_ERR_FULL (the map was made for fewer), ACRE_ERR_NOT_FOUND (no memory
 *         at all), ACRE_ERR_MALFORMED and others (a reservation of unknown place), or how the blob
 *         is broken. The map is then good for nothing but memmap_init().
 * Cost:   one walk over the tree.
 */
acre_nodiscard enum acre_status memmap_from_fdt(struct memmap *map, const struct fdt *fdt,
						const struct memmap_boot *boot,
						const struct memmap_reporter *reporter);

/* Pairs of one linux,usable-memory-range or alloc-ranges that are looked at. */
#define MEMMAP_MAX_WINDOWS 16u

/*
 * memmap_place_from_fdt - find places for the dynamic reservations of @fdt by memmap_place(): in
 * the order of the tree, each in the first of its `alloc-ranges` that has one, else anywhere.
 * docs/memory-map.md says why. A reservation that cannot be read or placed is a finding of
 * MEMMAP_ERROR; its memory was promised to no driver, so the map is as good as before.
 * Pre:    @map was filled by memmap_from_fdt() from the same tree, and is resolved.
 * Result: how many were not placed.
 * Cost:   nothing if there are none; else another walk over the tree, and O(regions) for each
 *         window.
 */
acre_nodiscard uint32_t memmap_place_from_fdt(struct memmap *map, const struct fdt *fdt,
					      const struct memmap_reporter *reporter);

/* Pieces of RAM at whose start firmware may lie. */
#define MEMMAP_GUARDS 2u

/* Of the lowest RAM, where the image is elsewhere: as much as loaders leave below a kernel at most. */
#define MEMMAP_GUARD_MOST (UINT64_C(32) << 20)

/*
 * memmap_guard_firmware - keep out what may be firmware that does not say where it is.
 *
 * The firmware of a RISC-V machine is in RAM and is protected from us, so that a byte of it handed
 * out is a fault at some later time. OpenSBI says where it is; other firmware may not, or says it
 * with cells that mean another place. What all of them have in common is that they lie at the start
 * of RAM: of the RAM that the image is in (QEMU virt: firmware at 0x80000000, kernel at
 * 0x80200000), or, where a loader has put the image into another bank, of the lowest. If any
 * reservation, whatever its name, covers the first byte of one of the two, the firmware has
 * declared itself, and the memory between it and the image is as usable as any. Else each is kept
 * out from its start to the first byte that is reserved, or to the image; of the lowest RAM, where
 * no image says how far, MEMMAP_GUARD_MOST bytes at most.
 *
 *	RAM        |firmware |      | image  |                 |
 *	said       |=========|                                    the rest is usable
 *	not said   |================|                             all below the image is kept out
 *
 * What was left out on purpose (MEMMAP_LEFT_OUT) is no reservation here. An image that is not in
 * RAM, or empty, says nothing about firmware: nothing is kept out.
 *
 * Pre:    not resolved.
 * Result: ACRE_OK, also where nothing is to be done; ACRE_ERR_FULL. @guarded is what was reserved,
 *         below the image and in the lowest RAM; empty where nothing was.
 * Cost:   O(reservations + square of banks).
 */
acre_nodiscard enum acre_status memmap_guard_firmware(struct memmap *map, struct acre_range image,
						      struct acre_range guarded[MEMMAP_GUARDS]);

#endif
