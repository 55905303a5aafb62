/* SPDX-License-Identifier: MIT */
/* fdt_exercise.c - everything that src/fdt can do, over one blob. */
#include "tests/support/fdt_exercise.h"

#include "fdt/fdt_harts.h"
#include "fdt/fdt_info.h"
#include "fdt/fdt_memory.h"

/* Does @text begin in the blob and end there? */
static bool ends_inside(const struct fdt *fdt, const char *text)
{
	const char *start = (const char *)fdt->blob.base;
	const char *end = start + fdt->blob.size;

	if (text < start || text >= end)
		return false;
	while (text < end && *text != '\0')
		text++;
	return text < end;
}

static bool value_inside(const struct fdt *fdt, const struct fdt_property *p)
{
	return p->length <= fdt->structure.size && p->value <= fdt->structure.size - p->length;
}

/* Reads the value in all ways; what it returns only keeps the compiler from dropping the reads. */
static uint64_t read_value(const struct fdt *fdt, const struct fdt_property *p)
{
	uint64_t sum = 0, value = 0;
	uint32_t cell = 0, position = 0;
	const char *text;
	enum fdt_state state = FDT_STATE_OTHER;

	sum += fdt_read_u32(fdt, p, &cell) == ACRE_OK ? cell : 0;
	sum += fdt_read_u64(fdt, p, &value) == ACRE_OK ? value : 0;
	sum += fdt_read_number(fdt, p, &value) == ACRE_OK ? value : 0;
	for (uint32_t i = 0; i <= 2 * FDT_MAX_CELLS; i++)
		sum += fdt_read_cells(fdt, p, i, i / 2, &value) == ACRE_OK ? value : 0;
	sum += fdt_read_status(fdt, p, &state) == ACRE_OK && state == FDT_STATE_OKAY;
	while (fdt_next_string(fdt, p, &position, &text) == ACRE_OK)
		sum += fdt_text_is_printable(text, 64);
	return sum;
}

static const char *check_property(const struct fdt *fdt, const struct fdt_property *p)
{
	uint32_t position = 0;
	const char *text;

	if (!ends_inside(fdt, p->name))
		return "a property's name ends inside the blob";
	if (!value_inside(fdt, p))
		return "a property's value lies inside the structure block";
	while (fdt_next_string(fdt, p, &position, &text) == ACRE_OK) {
		if (!ends_inside(fdt, text))
			return "a string ends inside the blob";
		if (position > p->length)
			return "a string ends inside its value";
	}
	(void)read_value(fdt, p);
	return NULL;
}

static const char *check_walk(const struct fdt *fdt)
{
	struct fdt_cursor cursor;
	struct fdt_event event;
	uint32_t open = 0;
	enum acre_status s;

	fdt_walk(&cursor, fdt);
	while ((s = fdt_next(&cursor, &event)) == ACRE_OK) {
		const char *broken = NULL;

		if (event.kind == FDT_EVENT_NODE) {
			if (event.depth != open++ || event.depth != event.node.depth)
				return "a node is one deeper than the node around it";
			if (!ends_inside(fdt, event.node.name))
				return "a node's name ends inside the blob";
		} else if (event.kind == FDT_EVENT_NODE_END) {
			if (event.depth != --open)
				return "a node ends where it began";
		} else {
			if (event.depth + 1 != open)
				return "a property belongs to the innermost node";
			broken = check_property(fdt, &event.property);
		}
		if (broken != NULL)
			return broken;
		if (open > FDT_MAX_DEPTH)
			return "the depth is bounded";
	}
	if (s != ACRE_ERR_END || fdt_next(&cursor, &event) != ACRE_ERR_END)
		return "a walk over an opened tree ends, and stays at its end";
	return NULL;
}

static bool windows_end(const struct fdt_memory_cursor *cursor, const struct fdt_memory_fact *fact)
{
	for (uint32_t i = 0; i < fact->nwindows; i++) {
		uint64_t base, size;

		if (fdt_alloc_range(cursor, i, &base, &size) == ACRE_OK && size > UINT64_MAX - base)
			return false;
	}
	return true;
}

static const char *check_facts(const struct fdt *fdt)
{
	struct fdt_memory_cursor cursor;
	struct fdt_memory_fact fact;
	uint32_t count = 0;
	enum acre_status s;

	fdt_memory_begin(&cursor, fdt);
	while ((s = fdt_memory_next(&cursor, &fact)) == ACRE_OK) {
		if (++count > fdt->blob.size)
			return "there are fewer facts than bytes";
		if (fact.has_range && fact.size > UINT64_MAX - fact.base)
			return "a range ends in the address space";
		if (fact.name[0] != '\0' && !ends_inside(fdt, fact.name))
			return "a fact's name ends inside the blob";
		if (!value_inside(fdt, &fact.value))
			return "a fact's value lies inside the structure block";
		if ((fact.kind == FDT_FACT_MALFORMED) != (fact.why != ACRE_OK))
			return "a malformed fact says why, another does not";
		if (fact.kind != FDT_FACT_MALFORMED && fact.kind != FDT_FACT_DYNAMIC &&
		    !fact.has_range)
			return "a fact has a range";
		if (fact.kind == FDT_FACT_MEMORY && fact.size == 0)
			return "memory is not empty";
		if (!windows_end(&cursor, &fact))
			return "an alloc-ranges pair ends in the address space";
	}
	return s == ACRE_ERR_END && fdt_memory_next(&cursor, &fact) == ACRE_ERR_END
		       ? NULL
		       : "the facts of an opened tree end, and stay at their end";
}

static const char *check_harts(const struct fdt *fdt)
{
	struct fdt_hart_cursor cursor;
	struct fdt_hart hart;
	uint32_t count = 0;
	uint64_t hz = 0;
	enum acre_status s;

	fdt_harts_begin(&cursor, fdt);
	while ((s = fdt_harts_next(&cursor, &hart)) == ACRE_OK) {
		if (++count > fdt->blob.size)
			return "there are fewer harts than bytes";
		if (!ends_inside(fdt, hart.name) ||
		    (hart.isa != NULL && !ends_inside(fdt, hart.isa)) ||
		    (hart.mmu_type != NULL && !ends_inside(fdt, hart.mmu_type)))
			return "a hart's strings end inside the blob";
	}
	if (s != ACRE_ERR_END)
		return "the harts of an opened tree end";
	s = fdt_timebase(fdt, &hz);
	return s == ACRE_OK && hz == 0 ? "a clock ticks" : NULL;
}

static const char *check_answers(const struct fdt *fdt)
{
	const char *text;
	struct fdt_device device;
	struct fdt_node node;

	if ((fdt_model(fdt, &text) == ACRE_OK && !ends_inside(fdt, text)) ||
	    (fdt_compatible(fdt, &text) == ACRE_OK && !ends_inside(fdt, text)) ||
	    (fdt_bootargs(fdt, &text) == ACRE_OK && !ends_inside(fdt, text)))
		return "an answer ends inside the blob";
	if (fdt_find_compatible(fdt, "sifive,test1", &device) == ACRE_OK &&
	    device.size > UINT64_MAX - device.base)
		return "a device ends in the address space";
	if (fdt_find(fdt, "/", &node) != ACRE_OK || node.depth != 0 || node.name[0] != '\0')
		return "an opened tree has a root without a name";
	return NULL;
}

const char *fdt_exercise(const void *blob, size_t limit, enum acre_status *opened)
{
	struct fdt fdt;
	const char *broken;

	*opened = fdt_open(&fdt, blob, limit);
	if (*opened != ACRE_OK)
		return fdt.problem[0] != '\0' ? NULL : "a refused blob has a problem";
	if (fdt.problem[0] != '\0')
		return "an opened blob has no problem";
	broken = check_walk(&fdt);
	if (broken == NULL)
		broken = check_facts(&fdt);
	if (broken == NULL)
		broken = check_harts(&fdt);
	if (broken == NULL)
		broken = check_answers(&fdt);
	return broken;
}
