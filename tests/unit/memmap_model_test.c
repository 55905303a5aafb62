/* SPDX-License-Identifier: MIT */
/*
 * memmap_model_test.c (cases) - random maps against a model that knows nothing of edges or sweeps: an
 * array with an entry for each cell of the address space (a byte, or a few), painted in the order
 * in which things were added.
 */
#include "tests/support/memmap_model.h"

#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/map/memmap.h"
#include "tests/support/ktest.h"
#include "tests/support/map_room.h"

#define MAX_THINGS 12u
#define NO_OWNER   0xffu
#define NO_RAM     0xffu

struct cell {
	uint8_t node; /* NO_RAM outside all banks */
	uint8_t kind;
	uint8_t owner; /* index into names, NO_OWNER if nobody's */
	uint8_t pad;
};

struct model {
	struct memmap *map;
	struct cell *cell;
	uint32_t ncells;
	uint32_t cell_size;
	uint32_t per_frame;
	acre_paddr_t base;
};

/* Two things may have the same name, so that joining is tried too. */
static const char *const names[] = { "a", "b", "c", "d", "a", "b", "e", "a", "f", "g", "h", "c" };

static const char *name_of(uint8_t owner)
{
	return owner == NO_OWNER ? "" : names[owner];
}

struct span {
	uint32_t start;
	uint32_t end;
};

/* Small or large, anywhere or at frame boundaries, now and then empty or a single cell. */
static struct span random_span(const struct model *m)
{
	uint32_t start = (uint32_t)ktest_below(m->ncells);
	uint32_t len = (uint32_t)ktest_below(ktest_below(2) ? m->per_frame + 2 : m->ncells / 2);

	switch (ktest_below(4)) {
	case 0:
		start -= start % m->per_frame;
		break;
	case 1:
		start -= start % m->per_frame;
		len -= len % m->per_frame;
		break;
	default:
		break;
	}
	if (len > m->ncells - start)
		len = m->ncells - start;
	return (struct span){ start, start + len };
}

static struct acre_range range_of(const struct model *m, struct span span)
{
	return (struct acre_range){ m->base + (acre_paddr_t)span.start * m->cell_size,
				    m->base + (acre_paddr_t)span.end * m->cell_size };
}

static void add_banks(struct model *m)
{
	uint64_t n = 1 + ktest_below(6);

	for (uint64_t i = 0; i < n; i++) {
		struct span span = random_span(m);
		uint8_t node = (uint8_t)ktest_below(3);
		REQUIRE_EQ(memmap_add_bank(m->map, range_of(m, span), node, "ram"), ACRE_OK);
		for (uint32_t c = span.start; c < span.end; c++) {
			if (m->cell[c].node == NO_RAM)
				m->cell[c].node = node;
		}
	}
}

/* Any that can be reserved. */
static uint8_t random_kind(void)
{
	uint64_t kind = MEMMAP_METADATA + ktest_below(MEMMAP_KIND_COUNT - MEMMAP_METADATA);

	return (uint8_t)(kind != MEMMAP_LENT ? kind : MEMMAP_LEFT_OUT);
}

static void add_reservations(struct model *m)
{
	uint32_t n = (uint32_t)ktest_below(MAX_THINGS + 1);

	for (uint32_t i = 0; i < n; i++) {
		struct span span = random_span(m);
		uint8_t kind = random_kind();
		REQUIRE_EQ(memmap_reserve(m->map, range_of(m, span), (enum memmap_kind)kind,
					  names[i]),
			   ACRE_OK);
		for (uint32_t c = span.start; c < span.end; c++) {
			if (kind > m->cell[c].kind) {
				m->cell[c].kind = kind;
				m->cell[c].owner = (uint8_t)i;
			}
		}
	}
}

/* Now and then only so much RAM, from below, is to be used. */
static void add_limit(struct model *m)
{
	uint32_t cells = 1 + (uint32_t)ktest_below(m->ncells);
	const uint8_t owner = 3;

	if (ktest_below(3) != 0)
		return;
	REQUIRE_EQ(memmap_limit(m->map, (uint64_t)cells * m->cell_size, names[owner]), ACRE_OK);
	for (uint32_t c = 0; c < m->ncells; c++) {
		if (m->cell[c].node == NO_RAM)
			continue;
		if (cells > 0) {
			cells--;
		} else if (m->cell[c].kind < MEMMAP_LEFT_OUT) {
			m->cell[c].kind = MEMMAP_LEFT_OUT;
			m->cell[c].owner = owner;
		}
	}
}

/* A frame that is not all free RAM of one node is not usable: its free cells are slack. */
static void round_frames(struct model *m)
{
	for (uint32_t frame = 0; frame < m->ncells; frame += m->per_frame) {
		bool whole = true;
		for (uint32_t c = frame; c < frame + m->per_frame; c++)
			whole = whole && m->cell[c].kind == MEMMAP_USABLE &&
				m->cell[c].node != NO_RAM && m->cell[c].node == m->cell[frame].node;
		for (uint32_t c = frame; !whole && c < frame + m->per_frame; c++) {
			if (m->cell[c].kind == MEMMAP_USABLE)
				m->cell[c].kind = MEMMAP_SLACK;
		}
	}
}

static bool matches(const struct model *m, const struct cell *cell,
		    const struct memmap_region *region)
{
	return region->kind == (enum memmap_kind)cell->kind && region->numa_node == cell->node &&
	       m->map->bank[region->bank].numa_node == cell->node &&
	       strcmp(region->name, name_of(cell->owner)) == 0;
}

/* Every cell lies in the region that says what the cell says, or in none. */
static void compare(const struct model *m)
{
	uint32_t r = 0;

	REQUIRE_VALID(memmap_validate(m->map));
	for (uint32_t c = 0; c < m->ncells; c++) {
		acre_paddr_t at = m->base + (acre_paddr_t)c * m->cell_size;
		while (r < m->map->nregions && m->map->region[r].range.end <= at)
			r++;
		bool is_ram = r < m->map->nregions && m->map->region[r].range.start <= at;
		if (is_ram == (m->cell[c].node != NO_RAM) &&
		    (!is_ram || matches(m, &m->cell[c], &m->map->region[r])))
			continue;
		ktest_note("cell %u at %#llx", c, (unsigned long long)at);
		REQUIRE(is_ram == (m->cell[c].node != NO_RAM));
		REQUIRE_EQ(m->map->region[r].kind, m->cell[c].kind);
		REQUIRE(matches(m, &m->cell[c], &m->map->region[r]));
	}
}

/* memmap_find() agrees with a walk, at random places. */
static void compare_finding(const struct model *m)
{
	for (unsigned i = 0; i < 8; i++) {
		uint32_t c = (uint32_t)ktest_below(m->ncells);
		acre_paddr_t at = m->base + (acre_paddr_t)c * m->cell_size;
		const struct memmap_region *region = memmap_find(m->map, at);
		REQUIRE((region != NULL) == (m->cell[c].node != NO_RAM));
		REQUIRE(region == NULL || acre_range_contains(region->range, at));
	}
}

/* Each reservation's cells without RAM, and only those, are listed. */
static void compare_outside(const struct model *m)
{
	struct memmap_outside_cursor cursor = { 0, 0 };
	struct memmap_region part;
	uint64_t listed = 0;
	uint64_t want = 0;

	while (memmap_outside(m->map, &cursor, &part)) {
		REQUIRE(!acre_range_is_empty(part.range));
		REQUIRE(memmap_find(m->map, part.range.start) == NULL);
		REQUIRE(memmap_find(m->map, part.range.end - 1) == NULL);
		listed += acre_range_size(part.range);
	}
	for (uint32_t i = 0; i < m->map->nreservations; i++) {
		struct acre_range range = m->map->reservation[i].range;
		if (m->map->reservation[i].kind == MEMMAP_LEFT_OUT)
			continue;
		for (acre_paddr_t at = range.start; at < range.end; at += m->cell_size) {
			if (m->cell[(at - m->base) / m->cell_size].node == NO_RAM)
				want += m->cell_size;
		}
	}
	REQUIRE_EQ(listed, want);
}

static bool is_free(const struct model *m, struct span span)
{
	for (uint32_t c = span.start; c < span.end; c++) {
		if (m->cell[c].node != m->cell[span.start].node || m->cell[c].node == NO_RAM ||
		    m->cell[c].kind != MEMMAP_USABLE)
			return false;
	}
	return true;
}

static void try_claim(struct model *m)
{
	struct span span = random_span(m);
	uint8_t owner = (uint8_t)ktest_below(MAX_THINGS);
	uint32_t regions = m->map->nregions;
	enum acre_status status =
		memmap_claim(m->map, range_of(m, span), MEMMAP_METADATA, names[owner]);

	if (span.start == span.end)
		REQUIRE_EQ(status, ACRE_ERR_INVALID);
	else if (span.start % m->per_frame != 0 || span.end % m->per_frame != 0)
		REQUIRE_EQ(status, ACRE_ERR_MISALIGNED);
	else
		REQUIRE_EQ(status, is_free(m, span) ? ACRE_OK : ACRE_ERR_NOT_FOUND);
	if (status != ACRE_OK)
		REQUIRE_EQ(m->map->nregions, regions);
	for (uint32_t c = span.start; status == ACRE_OK && c < span.end; c++) {
		m->cell[c].kind = MEMMAP_METADATA;
		m->cell[c].owner = owner;
	}
	compare(m);
}

/* The highest place by trying each cell; m->ncells if there is none. */
static uint32_t find_place(const struct model *m, struct span window, uint32_t size, uint64_t align)
{
	for (uint32_t c = window.end; c-- > window.start;) {
		uint32_t frames = (size + m->per_frame - 1) / m->per_frame;
		struct span touched = { c, c + frames * m->per_frame };
		if ((m->base + (acre_paddr_t)c * m->cell_size) % align == 0 &&
		    c + size <= window.end && touched.end <= m->ncells && is_free(m, touched))
			return c;
	}
	return m->ncells;
}

static void try_place(struct model *m)
{
	struct span window = random_span(m);
	uint32_t size = 1 + (uint32_t)ktest_below(m->ncells / 3);
	uint8_t owner = (uint8_t)ktest_below(MAX_THINGS);
	struct memmap_request request = {
		.size = (uint64_t)size * m->cell_size,
		.align = 1ull << ktest_below(16),
		.window = range_of(m, window),
		.kind = (enum memmap_kind)random_kind(),
		.name = names[owner],
	};
	uint64_t align = request.align > FRAME_SIZE ? request.align : FRAME_SIZE;
	uint32_t want = find_place(m, window, size, align);
	struct acre_range placed = { 1, 1 };
	enum acre_status status = memmap_place(m->map, &request, &placed);

	REQUIRE_EQ(status, want < m->ncells ? ACRE_OK : ACRE_ERR_NOT_FOUND);
	if (status == ACRE_OK) {
		struct span there = { want, want + size };
		REQUIRE_EQ(placed.start, range_of(m, there).start);
		REQUIRE_EQ(placed.end, range_of(m, there).end);
		for (uint32_t c = want; c < want + size; c++) {
			m->cell[c].kind = (uint8_t)request.kind;
			m->cell[c].owner = owner;
		}
		for (uint32_t c = want + size; c % m->per_frame != 0; c++)
			m->cell[c].kind = MEMMAP_SLACK;
	}
	compare(m);
}

static void try_map(struct model *m)
{
	const acre_paddr_t size = (acre_paddr_t)m->ncells * m->cell_size;
	const acre_paddr_t base[] = { 0, 0x80000000, ACRE_PADDR_LIMIT - size };

	m->base = base[ktest_below(ARRAY_SIZE(base))];
	for (uint32_t c = 0; c < m->ncells; c++)
		m->cell[c] = (struct cell){ NO_RAM, MEMMAP_USABLE, NO_OWNER, 0 };
	empty_map(m->map);
	add_banks(m);
	add_reservations(m);
	add_limit(m);
	round_frames(m);
	REQUIRE_EQ(memmap_resolve(m->map), ACRE_OK);
	compare(m);
	compare_finding(m);
	compare_outside(m);
	/* The count that memmap.c gives as the most that can be needed. */
	REQUIRE(m->map->nregions + 3 <= 6 * m->map->ndeclared + 4 * m->map->nreservations ||
		m->map->nregions == 0);
	for (unsigned i = 0; i < 6; i++) {
		if (ktest_below(2) != 0)
			try_claim(m);
		else
			try_place(m);
	}
	compare_finding(m);
	compare_outside(m);
}

void memmap_model_run(uint32_t trials, uint32_t frames, uint32_t cell_size)
{
	struct model m = {
		.cell_size = cell_size,
		.per_frame = (uint32_t)FRAME_SIZE / cell_size,
		.ncells = frames * ((uint32_t)FRAME_SIZE / cell_size),
	};

	m.map = new_map();
	m.cell = ktest_alloc(m.ncells * sizeof(*m.cell), 16);
	for (uint32_t i = 0; i < trials; i++)
		try_map(&m);
}

KTEST(memmap_model, agrees_with_painted_cells)
{
	memmap_model_run(100, 16, 512);
}

KTEST(memmap_model, agrees_with_painted_bytes)
{
	memmap_model_run(2, 10, 1);
}
