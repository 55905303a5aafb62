/* SPDX-License-Identifier: MIT */
/*
 * fdt_info.h - single answers out of a device tree: what machine, which arguments, where a device.
 */
#ifndef ACRE_FDT_FDT_INFO_H
#define ACRE_FDT_FDT_INFO_H

#include <stddef.h>
#include <stdint.h>

#include "fdt/fdt.h"
#include "lib/attributes.h"

/*
 * fdt_model - *@text = `model` of the root; fdt_compatible - the first string of its `compatible`;
 * fdt_bootargs - `bootargs` of /chosen.
 * Result: ACRE_OK; ACRE_ERR_NOT_FOUND; ACRE_ERR_MALFORMED if the value is no string (*@text
 *         untouched).
 */
acre_nodiscard enum acre_status fdt_model(const struct fdt *fdt, const char **text);
acre_nodiscard enum acre_status fdt_compatible(const struct fdt *fdt, const char **text);
acre_nodiscard enum acre_status fdt_bootargs(const struct fdt *fdt, const char **text);

/*
 * fdt_copy_bootargs - `bootargs` of /chosen into @buf of @size bytes, which is not 0: up to its first
 * NUL, or where it has none, to its end. For boot arguments that are no string.
 * Result: ACRE_OK; ACRE_ERR_NOT_FOUND (@buf untouched); ACRE_ERR_FULL if only the first @size - 1
 *         bytes are there.
 */
acre_nodiscard enum acre_status fdt_copy_bootargs(const struct fdt *fdt, char *buf, size_t size);

/* How far the memory of a NUMA node is from another node; 10 is a node's own. */
struct fdt_distance {
	uint32_t from;
	uint32_t to;
	uint32_t distance;
};

/*
 * fdt_find_distances - the distance-matrix of /distance-map, which is compatible with
 * numa-distance-map-v1.
 * Result: ACRE_OK; ACRE_ERR_NOT_FOUND if there is none; ACRE_ERR_MALFORMED if it is not whole
 *         entries. Cost: a walk to the node.
 */
acre_nodiscard enum acre_status fdt_find_distances(const struct fdt *fdt,
						   struct fdt_property *matrix);

/*
 * fdt_read_distance - entry @index of the @matrix that fdt_find_distances() found.
 * Result: ACRE_OK; ACRE_ERR_END after the last one. O(1).
 */
acre_nodiscard enum acre_status fdt_read_distance(const struct fdt *fdt,
						  const struct fdt_property *matrix, uint32_t index,
						  struct fdt_distance *distance);

struct fdt_device {
	struct fdt_node node;
	uint64_t base; /* physical address: translated through every bus above */
	uint64_t size; /* bytes */
};

/*
 * fdt_find_compatible - the first enabled node that lists @compatible and whose first `reg` pair
 * translates to a physical address. A node below a disabled one, or below one without `ranges`,
 * does not count.
 * Result: ACRE_OK or ACRE_ERR_NOT_FOUND (or how the blob is broken). Cost: one walk; 2 KiB of
 *         stack.
 */
acre_nodiscard enum acre_status fdt_find_compatible(const struct fdt *fdt, const char *compatible,
						    struct fdt_device *device);

#endif
