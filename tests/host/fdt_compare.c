/* SPDX-License-Identifier: MIT */
/*
 * fdt_compare.c - src/fdt against libfdt, token by token and property by property.
 *
 * Where both take a blob they must agree on everything. What only one of them takes, and why:
 *
 *   libfdt only
 *   - versions 1 to 15, whose layout differs (not tried);
 *   - blocks that overlap; a reservation block that is not aligned to 8 or a structure block that
 *     is not aligned to 4;
 *   - a reservation block that ends by an entry of size 0 only (5.3.2 wants the address 0 as well)
 *     or in another block;
 *   - no root at all; properties before the root or behind a subnode, which libfdt's lookups do not
 *     find either; nodes nested deeper than FDT_MAX_DEPTH;
 *   - version 16: a structure block that ends in another block, a name that ends behind the strings
 *     block (libfdt heeds its size from 17 on);
 *   - values of 2 GiB and more, with which libfdt 1.6 goes backwards (not tried).
 *   src/fdt only
 *   - NOPs between the end of the root and FDT_END, since 'FDT_NOP will be ignored by
 *     any program' (5.4.1).
 */
#include "tests/host/fdt_compare.h"

/* Both have a struct of this name. */
#define fdt_property libfdt_property
#include <libfdt.h>
#undef fdt_property

#include <stdbool.h>
#include <string.h>

#include "fdt/fdt.h"
#include "fdt/fdt_token_internal.h"

/* What fdt_open() refuses though libfdt takes it: see above. */
static bool may_refuse(const struct fdt *ours, enum acre_status s)
{
	static const char *const problem[] = {
		"reservation block not aligned to 8 bytes",
		"structure block not aligned to 4 bytes",
		"reservation block overlaps another",
		"structure block overlaps another",
		"strings block overlaps another",
		"reservation block has no end",
		"no root node",
		"a property outside a node",
		"a property after a subnode",
		"nodes nested deeper than FDT_MAX_DEPTH",
	};

	for (size_t i = 0; i < sizeof(problem) / sizeof(problem[0]); i++) {
		if (strcmp(ours->problem, problem[i]) == 0)
			return true;
	}
	if (ours->version == 16 &&
	    strcmp(ours->problem, "a property name outside the strings block") == 0)
		return true;
	return s == ACRE_ERR_TRUNCATED && ours->version == 16;
}

/* Where @field of the header says, up to the end of the blob. */
static bool window_at(const struct fdt_block *blob, uint32_t field, struct fdt_block *window)
{
	uint32_t offset;

	if (!fdt_block_cell(blob, field, &offset) || offset > blob->size)
		return false;
	*window = (struct fdt_block){ blob->base + offset, blob->size - offset };
	return true;
}

bool fdt_compare_can_ask(const void *blob, size_t size)
{
	const struct fdt_block whole = { blob, (uint32_t)size };
	struct fdt_block structure;
	struct fdt_token token = { .kind = FDT_TOKEN_NOP };
	uint32_t version, length, at = 0;

	if (size < FDT_V1_SIZE || size > UINT32_MAX || !fdt_block_cell(&whole, 20, &version) ||
	    version < 16 || !window_at(&whole, 8, &structure))
		return false;
	/* Token by token, whatever the tree: what we refuse early, libfdt may read on. */
	while (token.kind != FDT_TOKEN_END && fdt_token_read(&structure, at, &token) == ACRE_OK)
		at = token.next;
	return token.kind == FDT_TOKEN_END || !fdt_block_cell(&structure, at + FDT_CELL, &length) ||
	       length <= INT32_MAX;
}

/* What fdt_check_full() refuses though src/fdt takes it. */
static bool has_nop_behind_root(const struct fdt *ours)
{
	struct fdt_cursor cursor;
	struct fdt_event event;
	struct fdt_token token;

	fdt_walk(&cursor, ours);
	do {
		if (fdt_next(&cursor, &event) != ACRE_OK)
			return false;
	} while (event.kind != FDT_EVENT_NODE_END || event.depth != 0);
	return fdt_token_read(&ours->structure, cursor.offset, &token) == ACRE_OK &&
	       token.kind == FDT_TOKEN_NOP;
}

static const char *compare_reservations(const struct fdt *ours, const void *blob)
{
	int count = fdt_num_mem_rsv(blob);
	uint64_t address, size, their_address, their_size;

	for (int i = 0; i < count; i++) {
		if (fdt_reserve_entry(ours, (uint32_t)i, &address, &size) != ACRE_OK)
			return "as many /memreserve/ entries";
		if (fdt_get_mem_rsv(blob, i, &their_address, &their_size) != 0 ||
		    address != their_address || size != their_size)
			return "the same /memreserve/ entries";
	}
	/* libfdt stops at a size of 0, whatever the address. */
	enum acre_status s = fdt_reserve_entry(ours, (uint32_t)count, &address, &size);
	return s == ACRE_ERR_END || size == 0 ? NULL : "no more /memreserve/ entries";
}

static const char *compare_node(const void *blob, int offset, const struct fdt_event *event)
{
	int length;
	const char *name = fdt_get_name(blob, offset, &length);

	if (event->kind != FDT_EVENT_NODE || event->node.offset != (uint32_t)offset)
		return "a node at the same place";
	if (name == NULL || event->node.name_length != (uint32_t)length || event->node.name != name)
		return "a node of the same name";
	return NULL;
}

static const char *compare_property(const struct fdt *ours, const void *blob, int offset,
				    const struct fdt_event *event)
{
	int length;
	const char *name;
	const void *value = fdt_getprop_by_offset(blob, offset, &name, &length);

	if (event->kind != FDT_EVENT_PROPERTY || value == NULL)
		return "a property at the same place";
	if (event->property.name != name || strcmp(event->property.name, name) != 0)
		return "a property of the same name";
	if (event->property.length != (uint32_t)length ||
	    ours->structure.base + event->property.value != (const uint8_t *)value)
		return "a property of the same value";
	return NULL;
}

/* Every property can be found by its node and name, and is the one that libfdt finds. */
static const char *compare_lookup(const struct fdt *ours, const void *blob,
				  const struct fdt_node *node, const struct fdt_property *p)
{
	struct fdt_property found;
	int length;
	const void *value = fdt_getprop(blob, (int)node->offset, p->name, &length);

	if (value == NULL || fdt_find_property(ours, node, p->name, &found) != ACRE_OK)
		return "a property that is found by name";
	if (found.length != (uint32_t)length ||
	    ours->structure.base + found.value != (const uint8_t *)value)
		return "the first property of a name is the one that is found";
	return NULL;
}

/* Lookups cost a walk each: only so many. */
#define MAX_LOOKUPS 64u

static const char *compare_structure(const struct fdt *ours, const void *blob)
{
	struct fdt_cursor cursor;
	struct fdt_event event;
	struct fdt_node node = { .name = "" };
	unsigned lookups = 0;
	const char *broken = NULL;
	int offset = 0, next = 0;

	fdt_walk(&cursor, ours);
	for (; broken == NULL; offset = next) {
		uint32_t tag = fdt_next_tag(blob, offset, &next);

		if (tag == FDT_END)
			return fdt_next(&cursor, &event) == ACRE_ERR_END ? NULL : "the same end";
		if (tag == FDT_NOP)
			continue;
		if (fdt_next(&cursor, &event) != ACRE_OK)
			return "as many tokens";
		if (tag == FDT_BEGIN_NODE) {
			broken = compare_node(blob, offset, &event);
			node = event.node;
		} else if (tag == FDT_PROP) {
			broken = compare_property(ours, blob, offset, &event);
			if (broken == NULL && lookups++ < MAX_LOOKUPS)
				broken = compare_lookup(ours, blob, &node, &event.property);
		} else if (event.kind != FDT_EVENT_NODE_END) {
			broken = "the end of a node at the same place";
		}
	}
	return broken;
}

static const char *compare_path(const struct fdt *ours, const void *blob, const char *path)
{
	struct fdt_node node;
	int offset = fdt_path_offset(blob, path);
	enum acre_status s = fdt_find(ours, path, &node);

	if ((offset >= 0) != (s == ACRE_OK))
		return "a path that both find or neither";
	if (s == ACRE_OK && node.offset != (uint32_t)offset)
		return "a path that leads to the same node";
	return NULL;
}

/* The full path of every node, and what is left of it without the last unit address. */
static const char *compare_paths(const struct fdt *ours, const void *blob)
{
	unsigned lookups = 0;
	int offset = 0;
	char path[512];

	if (ours->root != 0) /* libfdt's paths begin at offset 0 */
		return NULL;
	for (; offset >= 0 && lookups++ < MAX_LOOKUPS; offset = fdt_next_node(blob, offset, NULL)) {
		const char *broken;

		if (fdt_get_path(blob, offset, path, sizeof(path)) != 0)
			continue;
		broken = compare_path(ours, blob, path);
		if (broken != NULL)
			return broken;
		char *at = strrchr(path, '@');
		if (at == NULL)
			continue;
		*at = '\0';
		broken = compare_path(ours, blob, path);
		if (broken != NULL)
			return broken;
	}
	return NULL;
}

const char *fdt_compare(const void *blob, size_t size)
{
	struct fdt ours;
	enum acre_status s = fdt_open(&ours, blob, size);

	if (!fdt_compare_can_ask(blob, size))
		return NULL;
	bool theirs = fdt_check_full(blob, size) == 0;
	const char *broken;

	if (s != ACRE_OK)
		return !theirs || may_refuse(&ours, s) ? NULL : ours.problem;
	if (!theirs && !has_nop_behind_root(&ours))
		return "a blob that libfdt takes as well";
	broken = compare_reservations(&ours, blob);
	if (broken == NULL)
		broken = compare_structure(&ours, blob);
	if (broken == NULL)
		broken = compare_paths(&ours, blob);
	return broken;
}
