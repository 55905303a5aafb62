/* SPDX-License-Identifier: MIT */
/*
 * memmap_fuzz.c - libFuzzer: any bytes as a device tree, and the memory map that comes of it.
 *
 * What must hold for every blob that opens:
 *   F1  the map validates: after resolving, after each placement, after a claim;
 *   F2  no byte of the image, of the tree, or of anything that the tree reserves is usable;
 *   F3  every usable byte lies in an enabled memory node;
 *   F4  a reservation that lies nobody knows where is an error, and an error has a finding that
 *       says why;
 *   F5  what findings say is printable;
 *   F6  the same blob makes the same map.
 *
 * Where the image and the tree lie, and whether there is a mem=, is chosen by boot_cpuid_phys, a
 * field of the header in which nobody here is interested.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fdt/fdt.h"
#include "fdt/fdt_memory.h"
#include "mm/map/memmap.h"
#include "mm/map/memmap_fdt.h"
#include "mm/map/memmap_room.h"
#include "tests/fuzz/fuzz.h"

static struct memmap map;
static struct memmap again;

static void must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "broken: %s\n", what);
		abort();
	}
}

static void must_validate(const struct memmap *m)
{
	const char *broken = memmap_validate(m);

	if (broken != NULL)
		must(false, broken);
}

static struct memmap_boot choose_boot(const struct fdt *fdt)
{
	static const struct acre_range image[] = {
		{ 0x80200000, 0x80d43000 },
		{ 0x80200123, 0x80300001 },
		{ 0, 0x100000 },
		{ ACRE_PADDR_LIMIT - 0x1800, ACRE_PADDR_LIMIT },
	};
	static const uint64_t dtb[] = { 0x87e00000, 0x80208008, 0x1000, ACRE_PADDR_LIMIT - 0x2000 };
	static const uint64_t limit[] = { 0, 0, 1, 0x123456, 0x4000000, UINT64_MAX };
	uint32_t choice = fdt_boot_hart(fdt);
	uint64_t address = dtb[choice / 4 % 4];

	return (struct memmap_boot){
		.image = image[choice % 4],
		.dtb = { address, address + fdt_total_size(fdt) },
		.limit = limit[choice / 16 % 6],
	};
}

/* ---- findings -------------------------------------------------------------------------------- */

struct tally {
	unsigned errors;
};

static void count_finding(void *ctx, const struct memmap_finding *finding)
{
	struct tally *tally = ctx;
	char words[MEMMAP_FINDING_LEN];

	memmap_finding_str(words, finding);
	must(strlen(words) < MEMMAP_FINDING_LEN, "a finding fits its buffer");
	for (const char *c = words; *c != '\0'; c++)
		must(*c >= ' ' && *c <= '~', "a finding is printable");
	tally->errors += finding->severity == MEMMAP_ERROR;
}

/* ---- what the tree says against what the map says -------------------------------------------- */

static bool is_free(uint64_t at)
{
	const struct memmap_region *region = at < ACRE_PADDR_LIMIT ? memmap_find(&map, at) : NULL;

	return region != NULL && (region->kind == MEMMAP_USABLE || region->kind == MEMMAP_SLACK ||
				  region->kind == MEMMAP_METADATA);
}

/* By its ends, its middle, and where the regions in it begin. */
static void must_be_taken(uint64_t start, uint64_t end)
{
	if (start >= end)
		return;
	must(!is_free(start) && !is_free(end - 1) && !is_free(start + (end - start) / 2),
	     "nothing that is reserved is free");
	for (uint32_t i = 0; i < map.nregions; i++) {
		uint64_t at = map.region[i].range.start;

		must(at < start || at >= end || !is_free(at), "nothing that is reserved is free");
	}
}

static bool is_reservation(enum fdt_fact_kind kind)
{
	return kind == FDT_FACT_RESERVED || kind == FDT_FACT_MEMRESERVE ||
	       kind == FDT_FACT_INITRD || kind == FDT_FACT_ELFCOREHDR;
}

/* No `reg`, one end of an initrd: it forbids nothing. */
static bool names_no_memory(const struct fdt_memory_fact *fact)
{
	return fact->why == ACRE_ERR_NOT_FOUND && strcmp(fact->property, "ranges") != 0;
}

/* The facts, one by one, against the map. Result: does one of them make a map impossible? */
static bool check_facts(const struct fdt *fdt, bool mapped)
{
	struct fdt_memory_cursor cursor;
	struct fdt_memory_fact fact;
	bool unknown_place = false;

	fdt_memory_begin(&cursor, fdt);
	while (fdt_memory_next(&cursor, &fact) == ACRE_OK) {
		bool malformed = fact.kind == FDT_FACT_MALFORMED;

		if (!is_reservation(malformed ? fact.about : fact.kind))
			continue;
		if (malformed && names_no_memory(&fact))
			continue;
		if (!fact.has_range)
			unknown_place = true;
		else if (mapped)
			must_be_taken(fact.base, fact.base + fact.size);
	}
	return unknown_place;
}

static bool in_memory_node(const struct fdt *fdt, struct acre_range range)
{
	struct fdt_memory_cursor cursor;
	struct fdt_memory_fact fact;
	uint64_t at = range.start;
	bool grown = true;

	/* Several nodes may cover it together, in any order. */
	while (grown && at < range.end) {
		grown = false;
		fdt_memory_begin(&cursor, fdt);
		while (fdt_memory_next(&cursor, &fact) == ACRE_OK) {
			if (fact.kind == FDT_FACT_MEMORY && fact.base <= at &&
			    fact.size > at - fact.base) {
				at = fact.base + fact.size;
				grown = true;
			}
		}
	}
	return at >= range.end;
}

#define MAX_LOOKED_UP 8u /* each is a walk over the tree, or several */

static void check_map(const struct fdt *fdt, const struct memmap_boot *boot)
{
	unsigned looked_up = 0;

	must_be_taken(boot->image.start, boot->image.end);
	must_be_taken(boot->dtb.start, boot->dtb.end);
	for (uint32_t i = 0; i < map.nregions && looked_up < MAX_LOOKED_UP; i++) {
		if (map.region[i].kind != MEMMAP_USABLE)
			continue;
		must(in_memory_node(fdt, map.region[i].range), "what is usable is memory");
		looked_up++;
	}
}

/* ---- the map --------------------------------------------------------------------------------- */

static bool same_region(const struct memmap_region *a, const struct memmap_region *b)
{
	return a->range.start == b->range.start && a->range.end == b->range.end &&
	       a->kind == b->kind && a->numa_node == b->numa_node && a->bank == b->bank &&
	       a->index == b->index && strcmp(a->name, b->name) == 0;
}

/* Tables to the byte, so that a sanitizer sees what goes past them. */
static void make_tables(struct memmap *m, const struct fdt *fdt, const struct memmap_boot *boot)
{
	struct memmap_need need;

	(void)!memmap_count_from_fdt(fdt, boot, NULL, &need);
	const uint64_t bytes = memmap_table_bytes(need.nbanks, need.nreservations);
	free(m->declared);
	void *tables = malloc(bytes);
	must(bytes == 0 || memmap_init(m, tables, bytes - 1, need.nbanks, need.nreservations) ==
				   ACRE_ERR_NOMEM,
	     "tables that are too small are refused");
	must(memmap_init(m, tables, bytes, need.nbanks, need.nreservations) == ACRE_OK,
	     "there are tables");
}

/* Room for tables is whole frames that no one reserves, and is found where there is some. */
static void check_room(const struct memmap *m, const struct fdt *fdt,
		       const struct memmap_boot *boot, uint64_t bytes)
{
	struct acre_range room;

	if (memmap_find_room(fdt, boot, bytes, &room) != ACRE_OK) {
		uint32_t cursor = 0;
		const struct memmap_region *region;
		while ((region = memmap_next(m, MEMMAP_USABLE, &cursor)) != NULL)
			must(region->range.start == 0 || acre_range_size(region->range) < bytes,
			     "a room that there is is found");
		return;
	}
	must(acre_range_size(room) >= bytes && acre_range_size(room) - bytes < FRAME_SIZE &&
		     room.start % FRAME_SIZE == 0 && room.end % FRAME_SIZE == 0,
	     "a room has the size");
	while (room.start < room.end) {
		const struct memmap_region *region = memmap_find(m, room.start);
		must(region != NULL &&
			     (region->kind == MEMMAP_USABLE || region->kind == MEMMAP_SLACK),
		     "a room is usable memory, or where two nodes share a frame");
		room.start = region->range.end;
	}
}

static enum acre_status make(struct memmap *m, const struct fdt *fdt,
			     const struct memmap_boot *boot, struct tally *tally)
{
	const struct memmap_reporter reporter = { count_finding, tally };

	make_tables(m, fdt, boot);
	enum acre_status s = memmap_from_fdt(m, fdt, boot, &reporter);
	must(s != ACRE_ERR_FULL, "no table is too small");
	if (s != ACRE_OK) {
		must(tally->errors > 0, "an error has a finding");
		return s;
	}
	must(tally->errors == 0, "a finding of an error fails");
	must(memmap_resolve(m) == ACRE_OK, "what was collected can be resolved");
	must_validate(m);
	check_room(m, fdt, boot, 3 * FRAME_SIZE + 1);
	uint32_t unplaced = memmap_place_from_fdt(m, fdt, &reporter);
	must(unplaced == 0 || tally->errors > 0, "what has no place has a finding");
	must_validate(m);
	return ACRE_OK;
}

static void claim_something(void)
{
	uint32_t cursor = 0;
	const struct memmap_region *usable = memmap_next(&map, MEMMAP_USABLE, &cursor);

	if (usable == NULL)
		return;
	uint64_t middle = usable->range.start +
			  (acre_range_size(usable->range) / 2 & ~(uint64_t)(FRAME_SIZE - 1));
	struct acre_range frame = { middle, middle + FRAME_SIZE };
	must(memmap_claim(&map, frame, MEMMAP_METADATA, "claim") == ACRE_OK, "a frame is claimed");
	must_validate(&map);
}

static void check_blob(const struct fdt *fdt)
{
	const struct memmap_boot boot = choose_boot(fdt);
	struct tally tally = { 0 }, tally_again = { 0 };
	enum acre_status s = make(&map, fdt, &boot, &tally);

	must(make(&again, fdt, &boot, &tally_again) == s, "the same blob, the same answer");
	if (check_facts(fdt, s == ACRE_OK))
		must(s != ACRE_OK, "a reservation of unknown place is an error");
	if (s != ACRE_OK)
		return;
	must(map.nregions == again.nregions, "the same blob, as many regions");
	for (uint32_t i = 0; i < map.nregions; i++)
		must(same_region(&map.region[i], &again.region[i]), "the same blob, the same map");
	check_map(fdt, &boot);
	claim_something();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fdt fdt;
	uint8_t *blob = fuzz_copy(data, size);

	if (blob != NULL && fdt_open(&fdt, blob, size) == ACRE_OK)
		check_blob(&fdt);
	free(blob);
	return 0;
}
