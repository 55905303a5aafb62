/* SPDX-License-Identifier: MIT */
/*
 * fdt.c - check a blob once, then walk it, find in it, and read values (Devicetree Specification
 * v0.4, chapter 5).
 *
 *	 0        off_mem_rsvmap     off_dt_struct      off_dt_strings     totalsize
 *	 +--------+----------+-------+-----------+------+-----------+------+
 *	 | header | reserve  |       | structure |      | strings   |      |
 *	 +--------+----------+-------+-----------+------+-----------+------+
 *	            (address, size)    tokens: nodes,     names of
 *	            ..., (0, 0)        properties, END    properties
 *
 * The blocks may come in any order. What fdt_open() has established:
 *
 *   I1. every block lies inside the blob, behind the header; no two overlap;
 *   I2. the reservation block holds a pair of zeros, and all entries stand before it;
 *   I3. the strings block ends with a NUL (it is cut there), so that an offset below its size is
 *       the start of a string that ends inside: one comparison checks a name, however long, which
 *       keeps a walk linear although many properties may share one long name;
 *   I4. the structure block is one tree, at most FDT_MAX_DEPTH deep, in which each node's
 *       properties stand before its subnodes;
 *   I5. every name and value of that tree lies inside its block (fdt_token.c).
 *
 * A walk needs no stack: the depth is a number, and 'a property may still come' is one bit, which
 * begins with a node and ends with its first subnode.
 */
#include "fdt/fdt.h"

#define FDT_MAGIC 0xd00dfeedu

/* The layout that we know (17), and the first version that has it but for size_dt_struct. */
#define FDT_OLDEST_VERSION 16u
#define FDT_OUR_VERSION    17u

#define FDT_RESERVE_ALIGN 8u
#define FDT_RESERVE_ENTRY 16u

/* ---- the header ------------------------------------------------------------------------------ */

/* Offsets of the header's fields (5.2). */
enum {
	AT_MAGIC = 0,
	AT_TOTAL = 4,
	AT_STRUCT = 8,
	AT_STRINGS = 12,
	AT_RESERVE = 16,
	AT_VERSION = 20,
	AT_LAST_COMPATIBLE = 24,
	AT_BOOT_HART = 28,
	AT_STRINGS_SIZE = 32,
	AT_STRUCT_SIZE = 36, /* since version 17 */
};

/* Where a block says that it is. */
struct extent {
	uint32_t start;
	uint32_t size;
	uint32_t at; /* the header's field, for complaints */
};

static enum status refuse(struct fdt *fdt, enum status why, const char *problem, uint32_t at)
{
	fdt->problem = problem;
	fdt->problem_at = at;
	return why;
}

/* A field of the header, which is known to be inside. */
static uint32_t header_field(const struct fdt *fdt, uint32_t at)
{
	uint32_t value = 0;

	(void)!fdt_block_cell(&fdt->blob, at, &value);
	return value;
}

static enum status check_size(struct fdt *fdt, const uint8_t *base, size_t limit)
{
	uint32_t magic, total;

	fdt->blob.base = base;
	fdt->blob.size = limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
	if (!fdt_block_cell(&fdt->blob, AT_MAGIC, &magic) ||
	    !fdt_block_cell(&fdt->blob, AT_TOTAL, &total))
		return refuse(fdt, ERR_TRUNCATED, "no room for a header", AT_MAGIC);
	if (magic != FDT_MAGIC)
		return refuse(fdt, ERR_MALFORMED, "no device tree: wrong magic number", AT_MAGIC);
	if (total > fdt->blob.size)
		return refuse(fdt, ERR_TRUNCATED, "total size is more than there is", AT_TOTAL);
	if (total < FDT_HEADER_SIZE_V16)
		return refuse(fdt, ERR_TRUNCATED, "total size is less than a header", AT_TOTAL);
	fdt->blob.size = total;
	return STATUS_OK;
}

static enum status check_version(struct fdt *fdt, uint32_t *header_size)
{
	uint32_t last = header_field(fdt, AT_LAST_COMPATIBLE);

	fdt->version = header_field(fdt, AT_VERSION);
	if (fdt->version < FDT_OLDEST_VERSION)
		return refuse(fdt, ERR_UNSUPPORTED, "version before 16", AT_VERSION);
	if (last > fdt->version)
		return refuse(fdt, ERR_MALFORMED, "compatible with versions after its own only",
			      AT_LAST_COMPATIBLE);
	if (last > FDT_OUR_VERSION)
		return refuse(fdt, ERR_UNSUPPORTED, "not compatible with version 17",
			      AT_LAST_COMPATIBLE);
	*header_size = FDT_HEADER_SIZE_V16;
	if (fdt->version >= FDT_OUR_VERSION)
		*header_size = FDT_HEADER_SIZE;
	if (fdt->blob.size < *header_size)
		return refuse(fdt, ERR_TRUNCATED, "total size is less than a header", AT_TOTAL);
	fdt->boot_hart = header_field(fdt, AT_BOOT_HART);
	return STATUS_OK;
}

/* ---- the blocks ------------------------------------------------------------------------------ */

enum { RESERVE, STRUCTURE, STRINGS, NBLOCKS };

static const char *const block_outside[NBLOCKS] = {
	[RESERVE] = "reservation block outside the blob",
	[STRUCTURE] = "structure block outside the blob",
	[STRINGS] = "strings block outside the blob",
};

static const char *const block_overlaps[NBLOCKS] = {
	[RESERVE] = "reservation block overlaps another",
	[STRUCTURE] = "structure block overlaps another",
	[STRINGS] = "strings block overlaps another",
};

/* Where the block @which has to end: at the start of the next one, or with the blob. */
static uint32_t room_end(const struct extent block[NBLOCKS], uint32_t which, uint32_t total)
{
	uint32_t end = total;

	for (uint32_t i = 0; i < NBLOCKS; i++) {
		if (i == which || block[i].size == 0) /* an empty block is in nobody's way */
			continue;
		if (block[i].start >= block[which].start && block[i].start < end)
			end = block[i].start;
	}
	return end;
}

/*
 * One block: behind the header, inside the blob, apart from the others. A block whose size the
 * header does not give takes all the room that there is (@whole).
 */
static enum status check_block(struct fdt *fdt, const struct extent block[NBLOCKS], uint32_t which,
			       bool whole, uint32_t header_size, struct fdt_block *found)
{
	const struct extent *b = &block[which];
	uint32_t total = fdt->blob.size;
	uint32_t end = room_end(block, which, total);

	if (b->start < header_size || b->start > total)
		return refuse(fdt, ERR_TRUNCATED, block_outside[which], b->at);
	if (!whole && b->size > total - b->start)
		return refuse(fdt, ERR_TRUNCATED, block_outside[which], b->at);
	if (b->size != 0 && (end <= b->start || (!whole && b->size > end - b->start)))
		return refuse(fdt, ERR_OVERLAP, block_overlaps[which], b->at);
	found->base = fdt->blob.base + b->start;
	found->size = whole ? end - b->start : b->size;
	return STATUS_OK;
}

static enum status check_blocks(struct fdt *fdt, uint32_t header_size)
{
	bool has_struct_size = header_size >= FDT_HEADER_SIZE;
	struct extent block[NBLOCKS] = {
		[RESERVE] = { header_field(fdt, AT_RESERVE), FDT_RESERVE_ENTRY, AT_RESERVE },
		[STRUCTURE] = { header_field(fdt, AT_STRUCT), FDT_CELL, AT_STRUCT },
		[STRINGS] = { header_field(fdt, AT_STRINGS), header_field(fdt, AT_STRINGS_SIZE),
			      AT_STRINGS },
	};
	enum status s;

	if (has_struct_size)
		block[STRUCTURE].size = header_field(fdt, AT_STRUCT_SIZE);
	if (block[RESERVE].start % FDT_RESERVE_ALIGN != 0)
		return refuse(fdt, ERR_MISALIGNED, "reservation block not aligned to 8 bytes",
			      AT_RESERVE);
	if (block[STRUCTURE].start % FDT_CELL != 0)
		return refuse(fdt, ERR_MISALIGNED, "structure block not aligned to 4 bytes",
			      AT_STRUCT);
	s = check_block(fdt, block, RESERVE, true, header_size, &fdt->reserve);
	if (s != STATUS_OK)
		return s;
	s = check_block(fdt, block, STRUCTURE, !has_struct_size, header_size, &fdt->structure);
	if (s != STATUS_OK)
		return s;
	return check_block(fdt, block, STRINGS, false, header_size, &fdt->strings);
}

/* I3: what stands behind the last NUL is no string. */
static void cut_strings(struct fdt *fdt)
{
	uint32_t last;

	fdt->strings.size = fdt_block_last_nul(&fdt->strings, &last) ? last + 1 : 0;
}

/* I2. */
static enum status check_reserve(struct fdt *fdt)
{
	uint64_t address, size;
	uint32_t index = 0;
	enum status s;

	do {
		s = fdt_reserve_entry(fdt, index++, &address, &size);
	} while (s == STATUS_OK);
	if (s != ERR_END)
		return refuse(fdt, s, "reservation block has no end",
			      header_field(fdt, AT_RESERVE));
	return STATUS_OK;
}

/* I4 and I5, by walking once. */
static enum status check_structure(struct fdt *fdt)
{
	uint32_t start = header_field(fdt, AT_STRUCT);
	struct fdt_cursor cursor;
	struct fdt_event event;
	enum status s;

	fdt_walk(&cursor, fdt);
	while ((s = fdt_next(&cursor, &event)) == STATUS_OK) {
		if (event.kind != FDT_EVENT_NODE || event.depth != 0)
			continue;
		fdt->root = event.node.offset;
		if (event.node.name_length != 0)
			return refuse(fdt, ERR_MALFORMED, "the root node has a name",
				      start + fdt->root);
	}
	if (s != ERR_END)
		return refuse(fdt, s, cursor.problem, start + cursor.offset);
	return STATUS_OK;
}

enum status fdt_open(struct fdt *fdt, const void *blob, size_t limit)
{
	uint32_t header_size;
	enum status s;

	*fdt = (struct fdt){ .problem = "" };
	s = check_size(fdt, blob, limit);
	if (s == STATUS_OK)
		s = check_version(fdt, &header_size);
	if (s == STATUS_OK)
		s = check_blocks(fdt, header_size);
	if (s == STATUS_OK)
		s = check_reserve(fdt);
	if (s != STATUS_OK)
		return s;
	cut_strings(fdt);
	return check_structure(fdt);
}

uint32_t fdt_total_size(const struct fdt *fdt)
{
	return fdt->blob.size;
}

uint32_t fdt_boot_hart(const struct fdt *fdt)
{
	return fdt->boot_hart;
}

enum status fdt_reserve_entry(const struct fdt *fdt, uint32_t index, uint64_t *address,
			      uint64_t *size)
{
	uint32_t cell[FDT_RESERVE_ENTRY / FDT_CELL];

	if (index >= fdt->reserve.size / FDT_RESERVE_ENTRY)
		return ERR_TRUNCATED;
	for (uint32_t i = 0; i < FDT_RESERVE_ENTRY / FDT_CELL; i++) {
		if (!fdt_block_cell(&fdt->reserve, index * FDT_RESERVE_ENTRY + i * FDT_CELL,
				    &cell[i]))
			return ERR_TRUNCATED;
	}
	*address = (uint64_t)cell[0] << 32 | cell[1];
	*size = (uint64_t)cell[2] << 32 | cell[3];
	return *address == 0 && *size == 0 ? ERR_END : STATUS_OK;
}

/* ---- walking --------------------------------------------------------------------------------- */

void fdt_walk(struct fdt_cursor *cursor, const struct fdt *fdt)
{
	*cursor = (struct fdt_cursor){ .fdt = fdt, .problem = "" };
}

void fdt_walk_node(struct fdt_cursor *cursor, const struct fdt *fdt, const struct fdt_node *node)
{
	uint32_t open = node->depth < FDT_MAX_DEPTH ? node->depth + 1 : FDT_MAX_DEPTH;

	*cursor = (struct fdt_cursor){
		.fdt = fdt,
		.offset = node->body,
		.open = open,
		.floor = open,
		.started = true,
		.problem = "",
	};
}

static enum status broken(struct fdt_cursor *cursor, enum status why, const char *problem)
{
	cursor->problem = problem;
	return why;
}

static enum status broken_token(struct fdt_cursor *cursor, enum status why)
{
	if (why == ERR_MALFORMED)
		return broken(cursor, why, "unknown token");
	return broken(cursor, why, "the structure block ends inside a token or without FDT_END");
}

static enum status begin_node(struct fdt_cursor *cursor, const struct fdt_token *token,
			      struct fdt_event *event)
{
	if (cursor->open == 0 && cursor->started)
		return broken(cursor, ERR_MALFORMED, "a second root node");
	if (cursor->open >= FDT_MAX_DEPTH)
		return broken(cursor, ERR_TOO_DEEP, "nodes nested deeper than FDT_MAX_DEPTH");
	event->kind = FDT_EVENT_NODE;
	event->depth = cursor->open;
	event->node = (struct fdt_node){
		.offset = token->offset,
		.body = token->next,
		.depth = cursor->open,
		.name_length = token->length,
		.name = fdt_block_text(&cursor->fdt->structure, token->data),
	};
	cursor->open++;
	cursor->started = true;
	cursor->behind_subnode = false;
	cursor->offset = token->next;
	return STATUS_OK;
}

static enum status end_node(struct fdt_cursor *cursor, const struct fdt_token *token,
			    struct fdt_event *event)
{
	if (cursor->open == 0)
		return broken(cursor, ERR_MALFORMED, "the end of a node that did not begin");
	if (cursor->open == cursor->floor)
		return ERR_END; /* the cursor stays here, and so does the answer */
	cursor->open--;
	cursor->behind_subnode = true;
	cursor->offset = token->next;
	event->kind = FDT_EVENT_NODE_END;
	event->depth = cursor->open;
	return STATUS_OK;
}

static enum status property(struct fdt_cursor *cursor, const struct fdt_token *token,
			    struct fdt_event *event)
{
	if (cursor->open == 0)
		return broken(cursor, ERR_MALFORMED, "a property outside a node");
	if (cursor->behind_subnode)
		return broken(cursor, ERR_MALFORMED, "a property behind a subnode");
	if (token->name >= cursor->fdt->strings.size) /* I3 */
		return broken(cursor, ERR_MALFORMED, "a property name outside the strings block");
	event->kind = FDT_EVENT_PROPERTY;
	event->depth = cursor->open - 1;
	event->property = (struct fdt_property){
		.name = fdt_block_text(&cursor->fdt->strings, token->name),
		.name_offset = token->name,
		.value = token->data,
		.length = token->length,
	};
	cursor->offset = token->next;
	return STATUS_OK;
}

static enum status end_tree(struct fdt_cursor *cursor)
{
	if (cursor->open != 0)
		return broken(cursor, ERR_MALFORMED, "FDT_END inside a node");
	if (!cursor->started)
		return broken(cursor, ERR_MALFORMED, "no root node");
	return ERR_END;
}

enum status fdt_next(struct fdt_cursor *cursor, struct fdt_event *event)
{
	struct fdt_token token;

	for (;;) {
		enum status s = fdt_token_read(&cursor->fdt->structure, cursor->offset, &token);

		if (s != STATUS_OK)
			return broken_token(cursor, s);
		switch (token.kind) {
		case FDT_TOKEN_NOP:
			cursor->offset = token.next;
			break;
		case FDT_TOKEN_BEGIN_NODE:
			return begin_node(cursor, &token, event);
		case FDT_TOKEN_END_NODE:
			return end_node(cursor, &token, event);
		case FDT_TOKEN_PROP:
			return property(cursor, &token, event);
		default:
			return end_tree(cursor);
		}
	}
}

/* ---- finding --------------------------------------------------------------------------------- */

void fdt_root(const struct fdt *fdt, struct fdt_node *node)
{
	struct fdt_cursor cursor;
	struct fdt_event event;

	fdt_walk(&cursor, fdt);
	cursor.offset = fdt->root;
	if (fdt_next(&cursor, &event) == STATUS_OK && event.kind == FDT_EVENT_NODE)
		*node = event.node;
	else /* the blob has changed since it was opened */
		*node = (struct fdt_node){ .body = fdt->root, .name = "" };
}

/* Is @node called by the @length bytes of @part? With '@' in it, @part is the whole name. */
static bool name_matches(const struct fdt *fdt, const struct fdt_node *node, const char *part,
			 uint32_t length)
{
	uint8_t following;

	if (node->offset > UINT32_MAX - FDT_CELL ||
	    !fdt_block_starts_with(&fdt->structure, node->offset + FDT_CELL, part, length,
				   &following))
		return false;
	if (following == '\0')
		return true;
	for (uint32_t i = 0; i < length; i++) {
		if (part[i] == '@')
			return false;
	}
	return following == '@';
}

static const char *skip_slashes(const char *path)
{
	while (*path == '/')
		path++;
	return path;
}

static uint32_t part_length(const char *part)
{
	uint32_t length = 0;

	while (part[length] != '\0' && part[length] != '/')
		length++;
	return length;
}

/*
 * One walk: @depth is where the next part must be found, as a child of the last node that matched.
 * When that one ends first, there is no such child.
 */
enum status fdt_find(const struct fdt *fdt, const char *path, struct fdt_node *node)
{
	struct fdt_cursor cursor;
	struct fdt_event event;
	uint32_t depth = 1;
	enum status s;

	if (*path != '/')
		return ERR_INVALID;
	const char *part = skip_slashes(path);
	uint32_t length = part_length(part);
	struct fdt_node found;
	fdt_root(fdt, &found);
	fdt_walk_node(&cursor, fdt, &found);
	while (length != 0) {
		s = fdt_next(&cursor, &event);
		if (s != STATUS_OK)
			return s == ERR_END ? ERR_NOT_FOUND : s;
		if (event.kind == FDT_EVENT_NODE_END && event.depth < depth)
			return ERR_NOT_FOUND;
		if (event.kind != FDT_EVENT_NODE || event.depth != depth ||
		    !name_matches(fdt, &event.node, part, length))
			continue;
		found = event.node;
		part = skip_slashes(part + length);
		length = part_length(part);
		depth++;
	}
	*node = found;
	return STATUS_OK;
}

enum status fdt_find_property(const struct fdt *fdt, const struct fdt_node *node, const char *name,
			      struct fdt_property *found)
{
	struct fdt_cursor cursor;
	struct fdt_event event;
	enum status s;

	fdt_walk_node(&cursor, fdt, node);
	for (;;) {
		s = fdt_next(&cursor, &event);
		if (s != STATUS_OK && s != ERR_END)
			return s;
		if (s == ERR_END || event.kind != FDT_EVENT_PROPERTY)
			return ERR_NOT_FOUND; /* properties come first */
		if (fdt_property_is_named(fdt, &event.property, name)) {
			*found = event.property;
			return STATUS_OK;
		}
	}
}

bool fdt_node_is_named(const struct fdt *fdt, const struct fdt_node *node, const char *name)
{
	return name_matches(fdt, node, name, part_length(name));
}

bool fdt_property_is_named(const struct fdt *fdt, const struct fdt_property *p, const char *name)
{
	return fdt_block_equals(&fdt->strings, p->name_offset, name);
}

uint32_t fdt_property_index(const struct fdt *fdt, const struct fdt_property *p,
			    const char *const names[], uint32_t count)
{
	return fdt_block_index(&fdt->strings, p->name_offset, names, count);
}

/* ---- values ---------------------------------------------------------------------------------- */

/* Cell @index of the value; false if it has not so many. */
static bool value_cell(const struct fdt *fdt, const struct fdt_property *p, uint32_t index,
		       uint32_t *value)
{
	if (index >= p->length / FDT_CELL || p->value > UINT32_MAX - p->length)
		return false;
	return fdt_block_cell(&fdt->structure, p->value + index * FDT_CELL, value);
}

enum status fdt_read_u32(const struct fdt *fdt, const struct fdt_property *p, uint32_t *value)
{
	if (p->length != FDT_CELL || !value_cell(fdt, p, 0, value))
		return ERR_MALFORMED;
	return STATUS_OK;
}

enum status fdt_read_u64(const struct fdt *fdt, const struct fdt_property *p, uint64_t *value)
{
	uint32_t high, low;

	if (p->length != 2 * FDT_CELL || !value_cell(fdt, p, 0, &high) ||
	    !value_cell(fdt, p, 1, &low))
		return ERR_MALFORMED;
	*value = (uint64_t)high << 32 | low;
	return STATUS_OK;
}

enum status fdt_read_number(const struct fdt *fdt, const struct fdt_property *p, uint64_t *value)
{
	uint32_t cell;

	if (p->length != FDT_CELL)
		return fdt_read_u64(fdt, p, value);
	if (!value_cell(fdt, p, 0, &cell))
		return ERR_MALFORMED;
	*value = cell;
	return STATUS_OK;
}

enum status fdt_read_cells(const struct fdt *fdt, const struct fdt_property *p, uint32_t first,
			   uint32_t count, uint64_t *value)
{
	uint32_t ncells = p->length / FDT_CELL;
	uint64_t number = 0;

	if (count > FDT_MAX_CELLS)
		return ERR_UNSUPPORTED;
	if (count > ncells || first > ncells - count)
		return ERR_TRUNCATED;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t cell;

		if (!value_cell(fdt, p, first + i, &cell))
			return ERR_TRUNCATED;
		if (number > UINT32_MAX)
			return ERR_OVERFLOW;
		number = number << 32 | cell;
	}
	*value = number;
	return STATUS_OK;
}

enum status fdt_read_string(const struct fdt *fdt, const struct fdt_property *p, const char **text)
{
	uint32_t position = 0;

	return fdt_next_string(fdt, p, &position, text) == STATUS_OK ? STATUS_OK : ERR_MALFORMED;
}

enum status fdt_next_string(const struct fdt *fdt, const struct fdt_property *p, uint32_t *position,
			    const char **text)
{
	uint32_t length;

	if (*position >= p->length)
		return ERR_END;
	if (p->value > UINT32_MAX - p->length ||
	    !fdt_block_string(&fdt->structure, p->value + *position, p->value + p->length, &length))
		return ERR_MALFORMED;
	*text = fdt_block_text(&fdt->structure, p->value + *position);
	*position += length + 1;
	return STATUS_OK;
}

/* A match includes its NUL, which stands inside the value: so does the text. */
bool fdt_has_string(const struct fdt *fdt, const struct fdt_property *p, const char *text)
{
	uint32_t position = 0;

	for (;;) {
		uint32_t start = position;
		const char *unused;

		if (fdt_next_string(fdt, p, &position, &unused) != STATUS_OK)
			return false;
		if (fdt_block_equals(&fdt->structure, p->value + start, text))
			return true;
	}
}

enum status fdt_read_status(const struct fdt *fdt, const struct fdt_property *p, bool *enabled)
{
	const char *unused;

	if (fdt_read_string(fdt, p, &unused) != STATUS_OK)
		return ERR_MALFORMED;
	*enabled = fdt_block_equals(&fdt->structure, p->value, "okay") ||
		   fdt_block_equals(&fdt->structure, p->value, "ok");
	return STATUS_OK;
}
