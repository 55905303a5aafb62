/* SPDX-License-Identifier: MIT */
/*
 * fdt_harts.h - the harts that /cpus lists (Devicetree Specification v0.4, 3.7 and 3.8; the RISC-V
 * binding riscv/cpus.yaml).
 */
#ifndef ACRE_FDT_FDT_HARTS_H
#define ACRE_FDT_FDT_HARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "fdt/fdt.h"
#include "fdt/fdt_ranges.h"
#include "lib/attributes.h"

struct fdt_hart {
	enum acre_status why; /* ACRE_OK, or why @id could not be read: skip it, but say so */
	uint64_t id;          /* hart id */
	bool enabled;         /* status is absent, "okay" or "ok" */
	bool doubtful;        /* its status neither switches it on nor off: it is not enabled */
	uint32_t index;       /* which of the harts of its node it is */
	const char *isa;      /* riscv,isa; NULL if absent or no string */
	const char *isa_base; /* riscv,isa-base, which newer trees have instead; or NULL */
	struct fdt_property isa_extensions; /* beside it: strings; empty if absent */
	const char *mmu_type; /* "riscv,sv39" ...; NULL if absent: no MMU is promised */
	const char *name;     /* of the node: "cpu@0" */
	uint32_t node;        /* its offset */
};

struct fdt_hart_cursor;

/* fdt_harts_begin - start over at the first hart of @fdt, which must be open. */
void fdt_harts_begin(struct fdt_hart_cursor *cursor, const struct fdt *fdt);

/*
 * fdt_harts_next - the next hart, enabled or not, in the order of the blob.
 * Result: ACRE_OK, ACRE_ERR_END, or how the blob is broken. All calls together are one walk.
 */
acre_nodiscard enum acre_status fdt_harts_next(struct fdt_hart_cursor *cursor,
					       struct fdt_hart *hart);

/*
 * fdt_timebase - *@hz = timebase-frequency of /cpus, or else of the first cpu that has one. A value
 * that is zero, or of neither 4 nor 8 bytes, is passed over.
 * Result: ACRE_OK; else *@hz is untouched: ACRE_ERR_NOT_FOUND; ACRE_ERR_MALFORMED if there are only
 *         such. Cost: one walk.
 */
acre_nodiscard enum acre_status fdt_timebase(const struct fdt *fdt, uint64_t *hz);

/* Properties that fdt_harts.c looks for. */
#define FDT_HART_PROPERTIES 7u

/* The walk. Private to fdt_harts.c. */
struct fdt_hart_cursor {
	const struct fdt *fdt;
	struct fdt_cursor walk;
	struct fdt_cells cells; /* of /cpus */
	bool in_cpus;
	bool pending;   /* the properties of a child of /cpus are being read */
	uint32_t index; /* the next entry of its `reg`: one for each hart */
	uint32_t count;
	struct fdt_node node;
	uint32_t seen;
	struct fdt_property property[FDT_HART_PROPERTIES];
};

#endif
