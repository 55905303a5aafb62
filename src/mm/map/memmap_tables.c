/* SPDX-License-Identifier: MIT */
/*
 * memmap_tables.c - the storage of a map, cut into its tables. Apart from memmap.c, since a prover
 * does not follow memory without a type.
 */
#include "lib/align.h"
#include "mm/map/memmap.h"

/* How many entries each table has. */
struct tables {
	uint32_t banks;
	uint32_t regions;
	uint32_t inputs; /* of one painting: all banks, or all reservations */
};

/* The essay of memmap.c derives these bounds. */
static struct tables tables_for(uint32_t nbanks, uint32_t nreservations)
{
	return (struct tables){
		.banks = 2 * nbanks,
		.regions = 10 * nbanks + 6 * nreservations,
		.inputs = nbanks > nreservations ? nbanks : nreservations,
	};
}

uint64_t memmap_table_bytes(uint32_t nbanks, uint32_t nreservations)
{
	const struct tables n = tables_for(nbanks, nreservations);
	const uint64_t regions = (uint64_t)nbanks + nreservations + n.banks + n.regions;
	const uint64_t per_input =
		2 * (sizeof(struct memmap_edge) + sizeof(struct memmap_piece) + sizeof(uint32_t));

	return regions * sizeof(struct memmap_region) + n.inputs * per_input;
}

enum acre_status memmap_init(struct memmap *map, void *storage, uint64_t bytes, uint32_t nbanks,
			     uint32_t nreservations)
{
	struct memmap_region *region = storage;

	if (nbanks > MEMMAP_MOST_INPUTS || nreservations > MEMMAP_MOST_INPUTS)
		return ACRE_ERR_INVALID;
	if (!is_aligned((uintptr_t)storage, _Alignof(struct memmap_region)))
		return ACRE_ERR_MISALIGNED;
	if (bytes < memmap_table_bytes(nbanks, nreservations))
		return ACRE_ERR_NOMEM;
	const struct tables n = tables_for(nbanks, nreservations);
	*map = (struct memmap){
		.max_declared = nbanks,
		.max_reservations = nreservations,
		.max_banks = n.banks,
		.max_regions = n.regions,
		.declared = region,
		.reservation = region + nbanks,
		.bank = region + nbanks + nreservations,
		.region = region + nbanks + nreservations + n.banks,
	};
	map->scratch.max_inputs = n.inputs;
	map->scratch.edge = (void *)(map->region + n.regions);
	map->scratch.piece = (void *)(map->scratch.edge + (size_t)2 * n.inputs);
	map->scratch.winner = (void *)(map->scratch.piece + (size_t)2 * n.inputs);
	return ACRE_OK;
}
