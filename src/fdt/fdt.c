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
 *   I1. every block lies inside the blob, after the header; no two overlap;
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

#include "fdt/fdt_token_internal.h"

#define FDT_MAGIC 0xd00dfeedu

/* The layout that we know (17), and the first version that has it except size_dt_struct. */
#define FDT_OLDEST_VERSION 16u
#define FDT_OUR_VERSION    17u

#define FDT_HEADER_SIZE_V16 36u
#define FDT_HEADER_SIZE     40u

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

/*@
	requires \valid(fdt);
	assigns fdt->problem, fdt->problem_at;
	ensures \result == why;
*/
static enum acre_status refuse(struct fdt *fdt, enum acre_status why, const char *problem,
			       uint32_t at)
{
	fdt->problem = problem;
	fdt->problem_at = at;
	return why;
}

/* A field of the header, which is known to be inside. */
/*@
	requires \valid_read(fdt) && readable_block(&fdt->blob);
	assigns \nothing;
	ensures at + 4 <= fdt->blob.size ==> \result == cell_at(&fdt->blob, at);
*/
static uint32_t header_field(const struct fdt *fdt, uint32_t at)
{
	uint32_t value = 0;

	(void)!fdt_block_cell(&fdt->blob, at, &value);
	return value;
}

/*@
	requires \valid(fdt) && \valid_read(base + (0 .. limit - 1));
	assigns fdt->blob, fdt->problem, fdt->problem_at;
	ensures \result == ACRE_OK ==> readable_block(&fdt->blob) && fdt->blob.base == base &&
		FDT_HEADER_SIZE_V16 <= fdt->blob.size <= limit;
*/
static enum acre_status check_size(struct fdt *fdt, const uint8_t *base, size_t limit)
{
	uint32_t magic, total;

	fdt->blob.base = base;
	fdt->blob.size = limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
	if (!fdt_block_cell(&fdt->blob, AT_MAGIC, &magic) ||
	    !fdt_block_cell(&fdt->blob, AT_TOTAL, &total))
		return refuse(fdt, ACRE_ERR_TRUNCATED, "no room for a header", AT_MAGIC);
	if (magic != FDT_MAGIC)
		return refuse(fdt, ACRE_ERR_MALFORMED, "no device tree: wrong magic number",
			      AT_MAGIC);
	if (total > fdt->blob.size)
		return refuse(fdt, ACRE_ERR_TRUNCATED, "total size is more than there is",
			      AT_TOTAL);
	if (total < FDT_HEADER_SIZE_V16)
		return refuse(fdt, ACRE_ERR_TRUNCATED, "total size is less than a header",
			      AT_TOTAL);
	fdt->blob.size = total;
	return ACRE_OK;
}

/*@
	requires \valid(fdt) && readable_block(&fdt->blob) && \valid(header_size);
	requires \separated(header_size, fdt) && FDT_HEADER_SIZE_V16 <= fdt->blob.size;
	assigns fdt->version, fdt->boot_hart, fdt->problem, fdt->problem_at, *header_size;
	ensures \result == ACRE_OK ==> *header_size <= fdt->blob.size &&
		(*header_size == FDT_HEADER_SIZE_V16 || *header_size == FDT_HEADER_SIZE);
*/
static enum acre_status check_version(struct fdt *fdt, uint32_t *header_size)
{
	uint32_t last = header_field(fdt, AT_LAST_COMPATIBLE);

	fdt->version = header_field(fdt, AT_VERSION);
	if (fdt->version < FDT_OLDEST_VERSION)
		return refuse(fdt, ACRE_ERR_UNSUPPORTED, "version before 16", AT_VERSION);
	if (last > fdt->version)
		return refuse(fdt, ACRE_ERR_MALFORMED,
			      "compatible with versions after its own only", AT_LAST_COMPATIBLE);
	if (last > FDT_OUR_VERSION)
		return refuse(fdt, ACRE_ERR_UNSUPPORTED, "not compatible with version 17",
			      AT_LAST_COMPATIBLE);
	*header_size = FDT_HEADER_SIZE_V16;
	if (fdt->version >= FDT_OUR_VERSION)
		*header_size = FDT_HEADER_SIZE;
	if (fdt->blob.size < *header_size)
		return refuse(fdt, ACRE_ERR_TRUNCATED, "total size is less than a header",
			      AT_TOTAL);
	fdt->boot_hart = header_field(fdt, AT_BOOT_HART);
	return ACRE_OK;
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
/*@
	requires \valid_read(block + (0 .. NBLOCKS - 1)) && which < NBLOCKS;
	assigns \nothing;
	ensures \result <= total;
	ensures \forall integer i; 0 <= i < NBLOCKS && i != which && block[i].size != 0 &&
		block[i].start >= block[which].start ==> \result <= block[i].start;
*/
static uint32_t room_end(const struct extent block[NBLOCKS], uint32_t which, uint32_t total)
{
	uint32_t end = total;

	/*@
		loop invariant 0 <= i <= NBLOCKS && end <= total;
		loop invariant \forall integer j; 0 <= j < i && j != which && block[j].size != 0 &&
			block[j].start >= block[which].start ==> end <= block[j].start;
		loop assigns i, end;
		loop variant NBLOCKS - i;
	*/
	for (uint32_t i = 0; i < NBLOCKS; i++) {
		if (i == which || block[i].size == 0) /* an empty block overlaps none */
			continue;
		if (block[i].start >= block[which].start && block[i].start < end)
			end = block[i].start;
	}
	return end;
}

/*
 * One block: after the header, inside the blob, apart from the others. A block whose size the
 * header does not give takes all the room that there is (@whole).
 */
/*@
	requires \valid(fdt) && readable_block(&fdt->blob) && \valid(found) && which < NBLOCKS;
	requires \valid_read(block + (0 .. NBLOCKS - 1));
	requires \separated(found, &fdt->blob, &fdt->problem, &fdt->problem_at,
			    block + (0 .. NBLOCKS - 1));
	requires \separated(fdt, block + (0 .. NBLOCKS - 1));
	requires whole ==> block[which].size != 0;
	assigns *found, fdt->problem, fdt->problem_at;
	ensures \result == ACRE_OK ==> found->base == fdt->blob.base + block[which].start &&
		header_size <= block[which].start && readable_block(found) &&
		block[which].start + found->size <= fdt->blob.size &&
		block_inside(found, &fdt->blob);
	ensures \result == ACRE_OK && found->size != 0 ==>
		\forall integer i; 0 <= i < NBLOCKS && i != which && block[i].size != 0 &&
			block[i].start >= block[which].start ==>
			block[which].start + found->size <= block[i].start;
*/
static enum acre_status check_block(struct fdt *fdt, const struct extent block[NBLOCKS],
				    uint32_t which, bool whole, uint32_t header_size,
				    struct fdt_block *found)
{
	const struct extent *b = &block[which];
	uint32_t start = b->start;
	uint32_t total = fdt->blob.size;
	uint32_t end = room_end(block, which, total);

	if (start < header_size || start > total)
		return refuse(fdt, ACRE_ERR_TRUNCATED, block_outside[which], b->at);
	if (!whole && b->size > total - start)
		return refuse(fdt, ACRE_ERR_TRUNCATED, block_outside[which], b->at);
	if (b->size != 0 && (end <= start || (!whole && b->size > end - start)))
		return refuse(fdt, ACRE_ERR_OVERLAP, block_overlaps[which], b->at);
	found->base = fdt->blob.base + start;
	found->size = whole ? end - start : b->size;
	return ACRE_OK;
}

/*@
	requires \valid(fdt) && readable_block(&fdt->blob);
	requires FDT_HEADER_SIZE_V16 <= header_size <= fdt->blob.size;
	assigns fdt->reserve, fdt->structure, fdt->strings, fdt->problem, fdt->problem_at;
	ensures \result == ACRE_OK ==> readable_block(&fdt->reserve) &&
		readable_block(&fdt->structure) && readable_block(&fdt->strings) &&
		block_inside(&fdt->reserve, &fdt->blob) &&
		block_inside(&fdt->structure, &fdt->blob) &&
		block_inside(&fdt->strings, &fdt->blob);
*/
static enum acre_status check_blocks(struct fdt *fdt, uint32_t header_size)
{
	bool has_struct_size = header_size >= FDT_HEADER_SIZE;
	struct extent block[NBLOCKS] = {
		[RESERVE] = { header_field(fdt, AT_RESERVE), FDT_RESERVE_ENTRY, AT_RESERVE },
		[STRUCTURE] = { header_field(fdt, AT_STRUCT), FDT_CELL, AT_STRUCT },
		[STRINGS] = { header_field(fdt, AT_STRINGS), header_field(fdt, AT_STRINGS_SIZE),
			      AT_STRINGS },
	};
	enum acre_status s;

	if (has_struct_size)
		block[STRUCTURE].size = header_field(fdt, AT_STRUCT_SIZE);
	if (block[RESERVE].start % FDT_RESERVE_ALIGN != 0)
		return refuse(fdt, ACRE_ERR_MISALIGNED, "reservation block not aligned to 8 bytes",
			      AT_RESERVE);
	if (block[STRUCTURE].start % FDT_CELL != 0)
		return refuse(fdt, ACRE_ERR_MISALIGNED, "structure block not aligned to 4 bytes",
			      AT_STRUCT);
	s = check_block(fdt, block, RESERVE, true, header_size, &fdt->reserve);
	if (s != ACRE_OK)
		return s;
	s = check_block(fdt, block, STRUCTURE, !has_struct_size, header_size, &fdt->structure);
	if (s != ACRE_OK)
		return s;
	return check_block(fdt, block, STRINGS, false, header_size, &fdt->strings);
}

/* I3: what stands after the last NUL is no string. */
/*@
	requires \valid(fdt) && has_structure(fdt) && readable_block(&fdt->strings);
	requires block_inside(&fdt->strings, &fdt->blob);
	assigns fdt->strings.size;
	ensures has_structure(fdt);
	ensures has_strings(fdt);
	ensures block_inside(&fdt->strings, &fdt->blob);
*/
static void cut_strings(struct fdt *fdt)
{
	uint32_t last;

	fdt->strings.size = fdt_block_last_nul(&fdt->strings, &last) ? last + 1 : 0;
}

/* I2. */
/*@
	requires \valid(fdt) && readable_block(&fdt->blob) && readable_block(&fdt->reserve);
	assigns fdt->problem, fdt->problem_at;
	ensures \result == ACRE_OK ==>
		\exists integer i; 0 <= i && 16 * i + 16 <= fdt->reserve.size &&
			cells_at(&fdt->reserve, 16 * i, 2) == 0 &&
			cells_at(&fdt->reserve, 16 * i + 8, 2) == 0;
*/
static enum acre_status check_reserve(struct fdt *fdt)
{
	uint32_t count = fdt->reserve.size / FDT_RESERVE_ENTRY;
	uint64_t address, size;

	/*@
		loop invariant 0 <= i <= count;
		loop assigns i, address, size;
		loop variant count - i;
	*/
	for (uint32_t i = 0; i < count; i++) {
		if (fdt_reserve_entry(fdt, i, &address, &size) == ACRE_ERR_END)
			return ACRE_OK;
	}
	return refuse(fdt, ACRE_ERR_TRUNCATED, "reservation block has no end",
		      header_field(fdt, AT_RESERVE));
}

/* From one end to the other. *@root is the root node, if there is one. */
/*@
	requires \valid(cursor) && cursor->open <= FDT_MAX_DEPTH && \valid(root) &&
		\separated(cursor, root, cursor->fdt);
	requires readable_tree(cursor->fdt);
	requires cursor->offset <= cursor->fdt->structure.size;
	requires root->offset <= cursor->fdt->structure.size;
	assigns *cursor, *root;
	ensures cursor->offset <= cursor->fdt->structure.size;
	ensures root->offset <= cursor->fdt->structure.size && cursor->fdt == \old(cursor->fdt);
*/
static enum acre_status walk_all(struct fdt_cursor *cursor, struct fdt_node *root)
{
	struct fdt_event event = { 0 };
	enum acre_status s;

	/*@
		loop invariant cursor->open <= FDT_MAX_DEPTH &&
			cursor->fdt == \at(cursor->fdt, Pre);
		loop invariant readable_tree(cursor->fdt);
		loop invariant cursor->offset <= cursor->fdt->structure.size;
		loop invariant root->offset <= cursor->fdt->structure.size;
		loop assigns *cursor, *root, event, s;
		loop variant cursor->fdt->structure.size - cursor->offset;
	*/
	while ((s = fdt_next(cursor, &event)) == ACRE_OK) {
		if (event.kind == FDT_EVENT_NODE && event.depth == 0)
			*root = event.node;
	}
	return s;
}

/* Where in the blob @offset of the structure block is. */
/*@
	requires \valid_read(fdt) && readable_block(&fdt->blob);
	requires FDT_HEADER_SIZE_V16 <= fdt->blob.size;
	assigns \nothing;
	ensures cell_at(&fdt->blob, AT_STRUCT) + offset <= UINT32_MAX ==>
		\result == cell_at(&fdt->blob, AT_STRUCT) + offset;
*/
static uint32_t place_in_blob(const struct fdt *fdt, uint32_t offset)
{
	/* Fits, unless the blob has changed since; a wrong answer is all that may follow then. */
	return (uint32_t)((uint64_t)header_field(fdt, AT_STRUCT) + offset);
}

/* I4 and I5, by walking once. */
/*@
	requires \valid(fdt) && has_structure(fdt);
	requires has_strings(fdt);
	requires readable_block(&fdt->blob) && FDT_HEADER_SIZE_V16 <= fdt->blob.size;
	assigns fdt->root, fdt->problem, fdt->problem_at;
	ensures has_structure(fdt) && has_strings(fdt);
*/
static enum acre_status check_structure(struct fdt *fdt)
{
	struct fdt_node root = { 0 };
	struct fdt_cursor cursor;

	fdt_walk(&cursor, fdt);
	enum acre_status s = walk_all(&cursor, &root);
	if (s != ACRE_ERR_END) {
		fdt->problem = cursor.problem;
		fdt->problem_at = place_in_blob(fdt, cursor.offset);
		return s;
	}
	if (root.name_length != 0)
		return refuse(fdt, ACRE_ERR_MALFORMED, "the root node has a name",
			      place_in_blob(fdt, root.offset));
	fdt->root = root.offset;
	return ACRE_OK;
}

/*@
	requires \valid(fdt) && \valid_read(base + (0 .. limit - 1));
	assigns *fdt;
	ensures \result == ACRE_OK ==> has_structure(fdt);
	ensures \result == ACRE_OK ==> has_strings(fdt);
	ensures \result == ACRE_OK ==> readable_block(&fdt->reserve);
	ensures \result == ACRE_OK ==> fdt->blob.base == base && fdt->blob.size <= limit;
	ensures \result == ACRE_OK ==> block_inside(&fdt->reserve, &fdt->blob);
	ensures \result == ACRE_OK ==> block_inside(&fdt->structure, &fdt->blob);
	ensures \result == ACRE_OK ==> block_inside(&fdt->strings, &fdt->blob);
*/
static enum acre_status open_bytes(struct fdt *fdt, const uint8_t *base, size_t limit)
{
	uint32_t header_size;
	enum acre_status s;

	*fdt = (struct fdt){ .problem = "" };
	s = check_size(fdt, base, limit);
	if (s == ACRE_OK)
		s = check_version(fdt, &header_size);
	if (s == ACRE_OK)
		s = check_blocks(fdt, header_size);
	if (s == ACRE_OK)
		s = check_reserve(fdt);
	if (s != ACRE_OK)
		return s;
	cut_strings(fdt);
	return check_structure(fdt);
}

enum acre_status fdt_open(struct fdt *fdt, const void *blob, size_t limit)
{
	return open_bytes(fdt, blob, limit);
}

uint32_t fdt_total_size(const struct fdt *fdt)
{
	return fdt->blob.size;
}

uint32_t fdt_boot_hart(const struct fdt *fdt)
{
	return fdt->boot_hart;
}

/*@
	assigns \nothing;
	ensures \result == high * 0x100000000 + low;
*/
static uint64_t join_cells(uint32_t high, uint32_t low)
{
	return high * ((uint64_t)UINT32_MAX + 1) + low;
}

enum acre_status fdt_reserve_entry(const struct fdt *fdt, uint32_t index, uint64_t *address,
				   uint64_t *size)
{
	uint32_t cell[FDT_RESERVE_ENTRY / FDT_CELL];

	if (index > UINT32_MAX / FDT_RESERVE_ENTRY)
		return ACRE_ERR_TRUNCATED;
	/*@
		loop invariant 0 <= i <= 4 && (i > 0 ==> 16 * index + 4 * i <= fdt->reserve.size);
		loop invariant \forall integer j; 0 <= j < i ==>
			cell[j] == cell_at(&fdt->reserve, 16 * index + 4 * j);
		loop assigns i, cell[0 .. 3];
		loop variant 4 - i;
	*/
	for (uint32_t i = 0; i < FDT_RESERVE_ENTRY / FDT_CELL; i++) {
		if (!fdt_block_cell(&fdt->reserve, index * FDT_RESERVE_ENTRY + i * FDT_CELL,
				    &cell[i]))
			return ACRE_ERR_TRUNCATED;
	}
	*address = join_cells(cell[0], cell[1]);
	*size = join_cells(cell[2], cell[3]);
	return *address == 0 && *size == 0 ? ACRE_ERR_END : ACRE_OK;
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

/*@
	requires \valid(cursor);
	assigns cursor->problem;
	ensures \result == why;
*/
static enum acre_status broken(struct fdt_cursor *cursor, enum acre_status why, const char *problem)
{
	cursor->problem = problem;
	return why;
}

/*@
	requires \valid(cursor);
	assigns cursor->problem;
	ensures \result == why;
*/
static enum acre_status broken_token(struct fdt_cursor *cursor, enum acre_status why)
{
	if (why == ACRE_ERR_MALFORMED)
		return broken(cursor, why, "unknown token");
	return broken(cursor, why, "the structure block ends inside a token or without FDT_END");
}

/*@
	requires readable_tree(fdt) && \valid_read(token) && depth < FDT_MAX_DEPTH;
	requires token_inside(&fdt->structure, *token) && token->data == token->offset + 4;
	requires string_at(&fdt->structure, token->data, token->length);
	assigns \nothing;
	ensures node_inside(fdt, \result);
	ensures \result.body == token->next && \result.depth == depth;
*/
static struct fdt_node describe_node(const struct fdt *fdt, const struct fdt_token *token,
				     uint32_t depth)
{
	return (struct fdt_node){
		.offset = token->offset,
		.body = token->next,
		.depth = depth,
		.name_length = token->length,
		.name = fdt_block_text(&fdt->structure, token->data),
	};
}

/*@
	requires \valid(cursor) && cursor->open <= FDT_MAX_DEPTH && \valid_read(token) &&
		\valid(event);
	requires readable_tree(cursor->fdt);
	requires \separated(cursor, cursor->fdt, token, event);
	requires token_inside(&cursor->fdt->structure, *token);
	requires token->data == token->offset + 4;
	requires string_at(&cursor->fdt->structure, token->data, token->length);
	assigns *event, cursor->open, cursor->started, cursor->after_subnode, cursor->problem;
	ensures cursor->open <= FDT_MAX_DEPTH;
	ensures \result == ACRE_OK ==> event->kind == FDT_EVENT_NODE;
	ensures \result == ACRE_OK ==> event->depth == event->node.depth;
	ensures \result == ACRE_OK ==> event->node.body == token->next;
	ensures \result == ACRE_OK ==> node_inside(cursor->fdt, event->node);
*/
static enum acre_status open_node(struct fdt_cursor *cursor, const struct fdt_token *token,
				  struct fdt_event *event)
{
	if (cursor->open == 0 && cursor->started)
		return broken(cursor, ACRE_ERR_MALFORMED, "a second root node");
	if (cursor->open >= FDT_MAX_DEPTH)
		return broken(cursor, ACRE_ERR_TOO_DEEP, "nodes nested deeper than FDT_MAX_DEPTH");
	event->kind = FDT_EVENT_NODE;
	event->depth = cursor->open;
	cursor->open++;
	cursor->started = true;
	cursor->after_subnode = false;
	event->node = describe_node(cursor->fdt, token, event->depth);
	return ACRE_OK;
}

/*@
	requires \valid(cursor) && \valid(event) && \separated(cursor, event);
	requires cursor->open <= FDT_MAX_DEPTH;
	assigns *event, cursor->open, cursor->after_subnode, cursor->problem;
	ensures cursor->open <= FDT_MAX_DEPTH;
	ensures \result == ACRE_OK ==>
		event->kind == FDT_EVENT_NODE_END && event->depth < FDT_MAX_DEPTH;
*/
static enum acre_status close_node(struct fdt_cursor *cursor, struct fdt_event *event)
{
	if (cursor->open == 0)
		return broken(cursor, ACRE_ERR_MALFORMED, "the end of a node that did not begin");
	if (cursor->open == cursor->floor)
		return ACRE_ERR_END; /* the cursor stays here, and so does the answer */
	cursor->open--;
	cursor->after_subnode = true;
	event->kind = FDT_EVENT_NODE_END;
	event->depth = cursor->open;
	return ACRE_OK;
}

/*@
	requires \valid(cursor) && cursor->open <= FDT_MAX_DEPTH && \valid_read(token) &&
		\valid(event);
	requires readable_tree(cursor->fdt);
	requires \separated(cursor, cursor->fdt, token, event);
	requires token_inside(&cursor->fdt->structure, *token);
	assigns *event, cursor->problem;
	ensures \result == ACRE_OK ==> event->kind == FDT_EVENT_PROPERTY;
	ensures \result == ACRE_OK ==> event->depth < FDT_MAX_DEPTH;
	ensures \result == ACRE_OK ==> property_inside(cursor->fdt, event->property);
*/
static enum acre_status property(struct fdt_cursor *cursor, const struct fdt_token *token,
				 struct fdt_event *event)
{
	if (cursor->open == 0)
		return broken(cursor, ACRE_ERR_MALFORMED, "a property outside a node");
	if (cursor->after_subnode)
		return broken(cursor, ACRE_ERR_MALFORMED, "a property after a subnode");
	if (token->name >= cursor->fdt->strings.size) /* I3 */
		return broken(cursor, ACRE_ERR_MALFORMED,
			      "a property name outside the strings block");
	event->kind = FDT_EVENT_PROPERTY;
	event->depth = cursor->open - 1;
	event->property.name = fdt_block_text(&cursor->fdt->strings, token->name);
	event->property.name_offset = token->name;
	event->property.value = token->data;
	event->property.length = token->length;
	return ACRE_OK;
}

/*@
	requires \valid(cursor);
	assigns cursor->problem;
	ensures \result != ACRE_OK;
*/
static enum acre_status end_tree(struct fdt_cursor *cursor)
{
	if (cursor->open != 0)
		return broken(cursor, ACRE_ERR_MALFORMED, "FDT_END inside a node");
	if (!cursor->started)
		return broken(cursor, ACRE_ERR_MALFORMED, "no root node");
	return ACRE_ERR_END;
}

enum acre_status fdt_next(struct fdt_cursor *cursor, struct fdt_event *event)
{
	uint32_t offset = cursor->offset;
	struct fdt_token token;
	enum acre_status s;

	/*@
		loop invariant offset == cursor->offset ||
			cursor->offset < offset <= cursor->fdt->structure.size;
		loop invariant readable_tree(cursor->fdt);
		loop assigns offset, s, token;
		loop variant cursor->fdt->structure.size - offset;
	*/
	do {
		s = fdt_token_read(&cursor->fdt->structure, offset, &token);
		if (s == ACRE_OK && token.kind == FDT_TOKEN_NOP)
			offset = token.next;
	} while (s == ACRE_OK && token.kind == FDT_TOKEN_NOP);
	cursor->offset = offset;
	if (s != ACRE_OK)
		return broken_token(cursor, s);
	uint32_t next = token.next;
	switch (token.kind) {
	case FDT_TOKEN_BEGIN_NODE:
		s = open_node(cursor, &token, event);
		break;
	case FDT_TOKEN_END_NODE:
		s = close_node(cursor, event);
		break;
	case FDT_TOKEN_PROP:
		s = property(cursor, &token, event);
		break;
	default:
		s = end_tree(cursor);
		break;
	}
	if (s == ACRE_OK)
		cursor->offset = next;
	return s;
}

/* ---- finding --------------------------------------------------------------------------------- */

void fdt_root(const struct fdt *fdt, struct fdt_node *node)
{
	struct fdt_cursor cursor;
	struct fdt_event event = { 0 };

	fdt_walk(&cursor, fdt);
	cursor.offset = fdt->root;
	if (fdt_next(&cursor, &event) == ACRE_OK && event.kind == FDT_EVENT_NODE)
		*node = event.node;
	else /* the blob has changed since it was opened */
		*node = (struct fdt_node){ .body = fdt->root, .name = "" };
}

/* Is @node called by the @length bytes of @part? With '@' in it, @part is the whole name. */
/*@
	requires readable_tree(fdt);
	requires \valid_read(node) && \valid_read(part + (0 .. length - 1));
	assigns \nothing;
*/
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
	/*@
		loop invariant 0 <= i <= length;
		loop assigns i;
		loop variant length - i;
	*/
	for (uint32_t i = 0; i < length; i++) {
		if (part[i] == '@')
			return false;
	}
	return following == '@';
}

/*@ predicate within_text(char *text, integer at) =
	0 <= at && \forall integer length; text_of_length(text, length) ==> at <= length; */

/* Where path[at ..) goes on after its slashes. */
/*@
	requires is_text(path) && within_text(path, at);
	assigns \nothing;
	ensures at <= \result && within_text(path, \result);
*/
static uint32_t skip_slashes(const char *path, uint32_t at)
{
	/*@
		loop invariant \at(at, Pre) <= at && within_text(path, at);
		loop assigns at;
		loop variant UINT32_MAX - at;
	*/
	while (path[at] == '/')
		at++;
	return at;
}

/* Where the part at path[at ..) ends. */
/*@
	requires is_text(path) && within_text(path, at);
	assigns \nothing;
	ensures at <= \result && within_text(path, \result);
*/
static uint32_t part_end(const char *path, uint32_t at)
{
	/*@
		loop invariant \at(at, Pre) <= at && within_text(path, at);
		loop assigns at;
		loop variant UINT32_MAX - at;
	*/
	while (path[at] != '\0' && path[at] != '/')
		at++;
	return at;
}

/*
 * Walk on to a node called @part at @depth. When the node above it ends first, there is none.
 */
/*@
	requires \valid(cursor) && cursor->open <= FDT_MAX_DEPTH && \valid(found) &&
		\separated(cursor, found, cursor->fdt);
	requires readable_tree(cursor->fdt);
	requires \valid_read(part + (0 .. length - 1));
	assigns *cursor, *found;
	ensures cursor->open <= FDT_MAX_DEPTH && cursor->fdt == \old(cursor->fdt);
	ensures \result == ACRE_OK ==> depth < FDT_MAX_DEPTH &&
		\old(cursor->offset) < cursor->offset <= cursor->fdt->structure.size;
*/
static enum acre_status find_part(struct fdt_cursor *cursor, uint32_t depth, const char *part,
				  uint32_t length, struct fdt_node *found)
{
	struct fdt_event event = { 0 };

	/*@
		loop invariant cursor->open <= FDT_MAX_DEPTH &&
			cursor->fdt == \at(cursor->fdt, Pre);
		loop invariant readable_tree(cursor->fdt);
		loop invariant cursor->offset == \at(cursor->offset, Pre) ||
			\at(cursor->offset, Pre) < cursor->offset <= cursor->fdt->structure.size;
		loop assigns *cursor, event;
		loop variant cursor->fdt->structure.size - cursor->offset;
	*/
	for (;;) {
		enum acre_status s = fdt_next(cursor, &event);

		if (s != ACRE_OK)
			return s == ACRE_ERR_END ? ACRE_ERR_NOT_FOUND : s;
		if (event.kind == FDT_EVENT_NODE_END && event.depth < depth)
			return ACRE_ERR_NOT_FOUND;
		if (event.kind == FDT_EVENT_NODE && event.depth == depth &&
		    name_matches(cursor->fdt, &event.node, part, length)) {
			*found = event.node;
			return ACRE_OK;
		}
	}
}

/* One walk: each part is looked for as a child of the node that matched the part before. */
enum acre_status fdt_find(const struct fdt *fdt, const char *path, struct fdt_node *node)
{
	struct fdt_cursor cursor;
	struct fdt_node found;
	uint32_t depth = 1;

	if (*path != '/')
		return ACRE_ERR_INVALID;
	uint32_t at = skip_slashes(path, 0);
	uint32_t end = part_end(path, at);
	fdt_root(fdt, &found);
	fdt_walk_node(&cursor, fdt, &found);
	/*@
		loop invariant cursor.open <= FDT_MAX_DEPTH && cursor.fdt == fdt &&
			1 <= depth <= 64;
		loop invariant readable_tree(fdt);
		loop invariant at <= end && within_text(path, end);
		loop assigns cursor, found, at, end, depth;
		loop variant fdt->structure.size - cursor.offset;
	*/
	while (at < end) {
		enum acre_status s = find_part(&cursor, depth, path + at, end - at, &found);

		if (s != ACRE_OK)
			return s;
		at = skip_slashes(path, end);
		end = part_end(path, at);
		depth++;
	}
	*node = found;
	return ACRE_OK;
}

enum acre_status fdt_find_property(const struct fdt *fdt, const struct fdt_node *node,
				   const char *name, struct fdt_property *found)
{
	struct fdt_cursor cursor;
	struct fdt_event event = { 0 };
	enum acre_status s;

	fdt_walk_node(&cursor, fdt, node);
	/*@
		loop invariant cursor.open <= FDT_MAX_DEPTH && cursor.fdt == fdt;
		loop invariant readable_tree(fdt);
		loop assigns cursor, event, s;
		loop variant fdt->structure.size - cursor.offset;
	*/
	for (;;) {
		s = fdt_next(&cursor, &event);
		if (s != ACRE_OK && s != ACRE_ERR_END)
			return s;
		if (s == ACRE_ERR_END || event.kind != FDT_EVENT_PROPERTY)
			return ACRE_ERR_NOT_FOUND; /* properties come first */
		if (fdt_property_is_named(fdt, &event.property, name)) {
			*found = event.property;
			return ACRE_OK;
		}
	}
}

bool fdt_node_is_named(const struct fdt *fdt, const struct fdt_node *node, const char *name)
{
	return name_matches(fdt, node, name, part_end(name, 0));
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
/*@
	requires readable_tree(fdt);
	requires \valid_read(p) && \valid(value);
	requires \separated(value, fdt, p);
	assigns *value;
	ensures \result ==> 4 * (index + 1) <= p->length &&
		*value == cell_at(&fdt->structure, p->value + 4 * index);
	ensures !\result ==> *value == \old(*value);
*/
static bool value_cell(const struct fdt *fdt, const struct fdt_property *p, uint32_t index,
		       uint32_t *value)
{
	if (index >= p->length / FDT_CELL)
		return false;
	uint64_t at = p->value + (uint64_t)index * FDT_CELL;
	return at <= UINT32_MAX && fdt_block_cell(&fdt->structure, (uint32_t)at, value);
}

enum acre_status fdt_read_u32(const struct fdt *fdt, const struct fdt_property *p, uint32_t *value)
{
	if (p->length != FDT_CELL || !value_cell(fdt, p, 0, value))
		return ACRE_ERR_MALFORMED;
	return ACRE_OK;
}

enum acre_status fdt_read_u64(const struct fdt *fdt, const struct fdt_property *p, uint64_t *value)
{
	uint32_t high, low;

	if (p->length != 2 * FDT_CELL || !value_cell(fdt, p, 0, &high) ||
	    !value_cell(fdt, p, 1, &low))
		return ACRE_ERR_MALFORMED;
	*value = join_cells(high, low);
	return ACRE_OK;
}

enum acre_status fdt_read_number(const struct fdt *fdt, const struct fdt_property *p,
				 uint64_t *value)
{
	uint32_t cell;

	if (p->length != FDT_CELL)
		return fdt_read_u64(fdt, p, value);
	if (!value_cell(fdt, p, 0, &cell))
		return ACRE_ERR_MALFORMED;
	*value = cell;
	return ACRE_OK;
}

enum acre_status fdt_read_cells(const struct fdt *fdt, const struct fdt_property *p, uint32_t first,
				uint32_t count, uint64_t *value)
{
	uint32_t ncells = p->length / FDT_CELL;
	uint64_t number = 0;

	if (count > FDT_MAX_CELLS)
		return ACRE_ERR_UNSUPPORTED;
	if ((uint64_t)first + count > ncells)
		return ACRE_ERR_TRUNCATED;
	/*@
		loop invariant 0 <= i <= count;
		loop invariant number == cells_at(&fdt->structure, p->value + 4 * first, i);
		loop assigns i, number;
		loop variant count - i;
	*/
	for (uint32_t i = 0; i < count; i++) {
		uint32_t cell;

		if (!value_cell(fdt, p, first + i, &cell))
			return ACRE_ERR_TRUNCATED;
		if (number > UINT32_MAX)
			return ACRE_ERR_OVERFLOW;
		number = join_cells((uint32_t)number, cell);
	}
	*value = number;
	return ACRE_OK;
}

enum acre_status fdt_read_string(const struct fdt *fdt, const struct fdt_property *p,
				 const char **text)
{
	uint32_t position = 0;

	return fdt_next_string(fdt, p, &position, text) == ACRE_OK ? ACRE_OK : ACRE_ERR_MALFORMED;
}

/*
 * The next string of a list: *@start is where in the structure block, *@position moves past it.
 */
/*@
	requires readable_tree(fdt);
	requires \valid_read(p) && \valid(position) && \valid(start);
	requires \separated(position, start, fdt, p);
	assigns *position, *start;
	ensures \result == ACRE_OK || \result == ACRE_ERR_END || \result == ACRE_ERR_MALFORMED;
	ensures \result == ACRE_OK ==> \old(*position) < *position <= p->length &&
		p->value + p->length <= UINT32_MAX && *start == p->value + \old(*position);
	ensures \result == ACRE_OK ==>
		string_at(&fdt->structure, *start, *position - \old(*position) - 1);
	ensures \result != ACRE_OK ==> *position == \old(*position);
*/
static enum acre_status next_string(const struct fdt *fdt, const struct fdt_property *p,
				    uint32_t *position, uint32_t *start)
{
	uint64_t at = (uint64_t)p->value + *position;
	uint64_t end = (uint64_t)p->value + p->length;
	uint32_t length;

	if (*position >= p->length)
		return ACRE_ERR_END;
	if (end > UINT32_MAX ||
	    !fdt_block_string(&fdt->structure, (uint32_t)at, (uint32_t)end, &length))
		return ACRE_ERR_MALFORMED;
	uint64_t after = (uint64_t)*position + length + 1; /* the value's end at most */
	*start = (uint32_t)at;
	*position = after < p->length ? (uint32_t)after : p->length;
	return ACRE_OK;
}

enum acre_status fdt_next_string(const struct fdt *fdt, const struct fdt_property *p,
				 uint32_t *position, const char **text)
{
	uint32_t start;
	enum acre_status s = next_string(fdt, p, position, &start);

	if (s == ACRE_OK)
		*text = fdt_block_text(&fdt->structure, start);
	return s;
}

/* A match includes its NUL, which stands inside the value: so does the text. */
bool fdt_has_string(const struct fdt *fdt, const struct fdt_property *p, const char *text)
{
	uint32_t position = 0;

	/*@
		loop invariant position <= p->length || position == 0;
		loop assigns position;
		loop variant p->length - position;
	*/
	for (;;) {
		uint32_t start;

		if (next_string(fdt, p, &position, &start) != ACRE_OK)
			return false;
		if (fdt_block_equals(&fdt->structure, start, text))
			return true;
	}
}

enum acre_status fdt_read_status(const struct fdt *fdt, const struct fdt_property *p,
				 enum fdt_state *state)
{
	static const char okay[] = "okay";
	static const char ok[] = "ok";
	static const char disabled[] = "disabled";
	static const char fail[] = "fail";
	const struct fdt_block *block = &fdt->structure;
	const char *unused;
	uint8_t following = 0;

	if (fdt_read_string(fdt, p, &unused) != ACRE_OK)
		return ACRE_ERR_MALFORMED;
	/*@ assert text_of_length(&okay[0], 4) && text_of_length(&ok[0], 2) &&
		text_of_length(&disabled[0], 8) && text_of_length(&fail[0], 4); */
	if (fdt_block_equals(block, p->value, okay) || fdt_block_equals(block, p->value, ok))
		*state = FDT_STATE_OKAY;
	else if (fdt_block_equals(block, p->value, disabled) ||
		 (fdt_block_starts_with(block, p->value, fail, 4, &following) &&
		  (following == '\0' || following == '-')))
		*state = FDT_STATE_OFF;
	else
		*state = FDT_STATE_OTHER;
	return ACRE_OK;
}

enum acre_status fdt_copy_text(const struct fdt *fdt, const struct fdt_property *p, char *buf,
			       size_t size)
{
	const struct fdt_block *block = &fdt->structure;
	uint64_t at = p->value;

	/*@
		loop invariant 0 <= i <= size && at == p->value + i;
		loop assigns i, at, buf[0 .. size - 1];
		loop variant size - i;
	*/
	for (size_t i = 0; i < size; i++, at++) {
		uint8_t byte = 0;
		if (i == p->length || at > UINT32_MAX ||
		    !fdt_block_starts_with(block, (uint32_t)at, "", 0, &byte))
			byte = 0;
		buf[i] = (char)byte;
		if (byte == 0)
			return ACRE_OK;
	}
	buf[size - 1] = '\0';
	return ACRE_ERR_FULL;
}

bool fdt_text_is_printable(const char *text, size_t max)
{
	if (text == NULL || *text == '\0')
		return false;
	/*@
		loop invariant 0 <= i <= max;
		loop invariant \forall integer j; 0 <= j < i ==> ' ' <= text[j] <= '~';
		loop invariant text[i] != 0;
		loop assigns i;
		loop variant max - i;
	*/
	for (size_t i = 0; i < max; i++) {
		if (text[i] < ' ' || text[i] > '~')
			return false;
		if (text[i + 1] == '\0')
			return true;
	}
	return false;
}
