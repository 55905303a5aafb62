/* SPDX-License-Identifier: MIT */
/*
 * fdt.h - a read-only reader of flattened device trees (Devicetree Specification v0.4, chapter 5).
 *
 * The blob is untrusted. fdt_open() checks all of it once: header, reservation block, every token,
 * name and property. Afterwards nothing here can fail for the shape of the blob; the checks stay in
 * place anyway, so that a blob that changes under our hands gives wrong answers but never a
 * read outside it.
 *
 * Nothing is copied and nothing is allocated: strings that are handed out point into the blob, end
 * with a NUL inside it, and live as long as the blob. Print them only after
 * fdt_text_is_printable(). No locks, no globals: any number of harts may read one `struct fdt`.
 *
 * Where a node has two properties of one name, or a node two children, the first one wins.
 */
#ifndef ACRE_FDT_FDT_H
#define ACRE_FDT_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fdt/fdt_types.h"
#include "lib/attributes.h"
#include "lib/status.h"

/* ---- the whole ------------------------------------------------------------------------------- */

/*
 * fdt_open - check the blob at @blob, of which at most @limit bytes may be read, and describe it.
 *
 * Checked: magic; total size within @limit; version at least 16 and compatible with 17; the
 * reservation block aligned to 8 and the structure block to 4; every block inside the total size,
 * after the header, and apart from the others (their order is free); the reservation block ends
 * with its terminator; the structure block is one tree of known tokens that ends with FDT_END, the
 * root's name is empty, properties stand before subnodes, depth is within FDT_MAX_DEPTH, each name
 * and value is inside its block. The address @blob needs no alignment. What follows FDT_END inside
 * the structure block, and what lies between blocks, is ignored.
 *
 * Pre:    @limit bytes at @blob are readable and hold still; @blob is not NULL.
 * Result: ACRE_OK; ACRE_ERR_TRUNCATED (shorter than it says or than it needs), ACRE_ERR_MALFORMED,
 *         ACRE_ERR_MISALIGNED, ACRE_ERR_OVERLAP, ACRE_ERR_UNSUPPORTED (version), ACRE_ERR_TOO_DEEP.
 *         *@fdt is then good for nothing but @problem and @problem_at.
 * Cost:   O(size of the blob).
 */
/*@
	requires \valid(fdt) && \valid_read((uint8_t *)blob + (0 .. limit - 1));
	assigns *fdt;
	ensures \result == ACRE_OK ==>
		readable_tree(fdt) && readable_block(&fdt->reserve) && fdt->blob.base == blob &&
		fdt->blob.size <= limit && block_inside(&fdt->reserve, &fdt->blob) &&
		block_inside(&fdt->structure, &fdt->blob) &&
		block_inside(&fdt->strings, &fdt->blob);
*/
acre_nodiscard enum acre_status fdt_open(struct fdt *fdt, const void *blob, size_t limit);

/* fdt_total_size - bytes that the blob says it has, which includes gaps between its blocks. */
/*@
	requires \valid_read(fdt);
	assigns \nothing;
	ensures \result == fdt->blob.size;
*/
uint32_t fdt_total_size(const struct fdt *fdt);

/*
 * fdt_boot_hart - boot_cpuid_phys of the header. OpenSBI does not set it, so a0 is the truth there;
 * for kernels that other firmware starts.
 */
/*@
	requires \valid_read(fdt);
	assigns \nothing;
	ensures \result == fdt->boot_hart;
*/
uint32_t fdt_boot_hart(const struct fdt *fdt);

/*
 * fdt_reserve_entry - the /memreserve/ entry @index (5.3), as it stands: it may be empty or wrap.
 * Result: ACRE_OK; ACRE_ERR_END at and after the terminating pair of zeros; ACRE_ERR_TRUNCATED if
 *         the block ends without one (never after fdt_open() said ACRE_OK). O(1).
 * An @index past the terminator is not told from one before it: count up from 0 and stop.
 */
/*@
	requires \valid_read(fdt) && readable_block(&fdt->reserve);
	requires \valid(address) && \valid(size);
	requires \separated(address, size, fdt);
	assigns *address, *size;
	ensures \result == ACRE_OK || \result == ACRE_ERR_END || \result == ACRE_ERR_TRUNCATED;
	ensures \result == ACRE_ERR_TRUNCATED <==> fdt->reserve.size < 16 * index + 16;
	ensures \result == ACRE_ERR_END ==> *address == 0 && *size == 0;
	ensures \result != ACRE_ERR_TRUNCATED ==>
		*address == cells_at(&fdt->reserve, 16 * index, 2) &&
		*size == cells_at(&fdt->reserve, 16 * index + 8, 2);
*/
acre_nodiscard enum acre_status fdt_reserve_entry(const struct fdt *fdt, uint32_t index,
						  uint64_t *address, uint64_t *size);

/* ---- walking --------------------------------------------------------------------------------- */

/* fdt_walk - a walk over the whole tree, from FDT_EVENT_NODE of the root to FDT_EVENT_NODE_END. */
/*@
	requires \valid(cursor);
	assigns *cursor;
	ensures cursor->fdt == fdt && cursor->offset == 0 && cursor->open == 0;
*/
void fdt_walk(struct fdt_cursor *cursor, const struct fdt *fdt);

/*
 * fdt_walk_node - a walk over what is inside @node: properties first, then subnodes with all they
 * contain. The end of @node itself is ACRE_ERR_END.
 */
/*@
	requires \valid(cursor) && \valid_read(node) && \separated(cursor, node);
	assigns *cursor;
	ensures cursor->fdt == fdt && cursor->offset == node->body;
	ensures 0 < cursor->open <= FDT_MAX_DEPTH;
*/
void fdt_walk_node(struct fdt_cursor *cursor, const struct fdt *fdt, const struct fdt_node *node);

/*
 * fdt_next - the next event.
 * Result: ACRE_OK; ACRE_ERR_END after the last one, and ever after; else how the structure block is
 *         broken, as in fdt_open() (never after that said ACRE_OK).
 * Cost:   O(bytes passed): each call moves on by at least one token or ends.
 */
/*@
	requires \valid(cursor) && cursor->open <= FDT_MAX_DEPTH && \valid(event);
	requires readable_tree(cursor->fdt);
	requires \separated(event, cursor, cursor->fdt);
	assigns *cursor, *event;
	ensures cursor->open <= FDT_MAX_DEPTH && cursor->fdt == \old(cursor->fdt);
	ensures \result == ACRE_OK ==> \old(cursor->offset) < cursor->offset;
	ensures \result == ACRE_OK ==> cursor->offset <= cursor->fdt->structure.size;
	ensures \result == ACRE_OK ==> event->depth < FDT_MAX_DEPTH;
	ensures \result != ACRE_OK ==> cursor->offset == \old(cursor->offset) ||
		\old(cursor->offset) < cursor->offset <= cursor->fdt->structure.size;
	ensures \result == ACRE_OK && event->kind == FDT_EVENT_NODE ==>
		node_inside(cursor->fdt, event->node) && event->node.depth == event->depth &&
		event->node.body == cursor->offset && event->node.offset < cursor->offset;
	ensures \result == ACRE_OK && event->kind == FDT_EVENT_PROPERTY ==>
		property_inside(cursor->fdt, event->property);
*/
acre_nodiscard enum acre_status fdt_next(struct fdt_cursor *cursor, struct fdt_event *event);

/* ---- finding --------------------------------------------------------------------------------- */

/* fdt_root - the root node of an open tree. */
/*@
	requires readable_tree(fdt);
	requires \valid(node) && \separated(node, fdt);
	assigns *node;
*/
void fdt_root(const struct fdt *fdt, struct fdt_node *node);

/*
 * fdt_find - the node at @path ("/", "/chosen", "/soc/serial@10000000"). A part without '@' also
 * matches the first node that has that name with any unit address. Slashes may repeat or trail.
 * Result: ACRE_OK; ACRE_ERR_NOT_FOUND; ACRE_ERR_INVALID if @path does not start with '/' (no
 *         aliases).
 * Cost:   one walk.
 */
/*@
	requires readable_tree(fdt);
	requires text: is_text(path);
	requires \valid(node) && \separated(node, fdt);
	assigns *node;
	ensures \result != ACRE_OK ==> *node == \old(*node);
*/
acre_nodiscard enum acre_status fdt_find(const struct fdt *fdt, const char *path,
					 struct fdt_node *node);

/*
 * fdt_find_property - the first property @name of @node.
 * Result: ACRE_OK or ACRE_ERR_NOT_FOUND. Cost: O(bytes of the node's own properties).
 */
/*@
	requires readable_tree(fdt);
	requires \valid_read(node) && \valid(property);
	requires text: is_text(name);
	requires \separated(property, fdt, node);
	assigns *property;
	ensures \result == ACRE_OK ==> property_inside(fdt, *property);
	ensures \result != ACRE_OK ==> *property == \old(*property);
*/
acre_nodiscard enum acre_status fdt_find_property(const struct fdt *fdt,
						  const struct fdt_node *node, const char *name,
						  struct fdt_property *property);

/* fdt_node_is_named - is @node called @name, with any unit address or none? "memory" is
 * "memory@0", but not "memory-controller@0". */
/*@
	requires readable_tree(fdt);
	requires \valid_read(node);
	requires text: is_text(name);
	assigns \nothing;
*/
bool fdt_node_is_named(const struct fdt *fdt, const struct fdt_node *node, const char *name);

/* fdt_property_is_named - is @property called @name? */
/*@
	requires readable_tree(fdt);
	requires \valid_read(property);
	requires text: is_text(name);
	assigns \nothing;
	ensures \forall integer length; text_of_length(name, length) ==>
		(\result <==> is_string(&fdt->strings, property->name_offset, name, length));
*/
bool fdt_property_is_named(const struct fdt *fdt, const struct fdt_property *property,
			   const char *name);

/*
 * fdt_property_index - which of the @count @names is the name of @property? @count if none.
 * Cost: O(count): a comparison stops at the first difference.
 */
/*@
	requires readable_tree(fdt);
	requires \valid_read(property);
	requires \valid_read(names + (0 .. count - 1));
	requires text: \forall integer i; 0 <= i < count ==> is_text(names[i]);
	assigns \nothing;
	ensures \result <= count;
*/
uint32_t fdt_property_index(const struct fdt *fdt, const struct fdt_property *property,
			    const char *const names[], uint32_t count);

/* ---- values ---------------------------------------------------------------------------------- */

/*
 * fdt_read_u32, fdt_read_u64 - a value of exactly 4 or 8 bytes; fdt_read_number - either.
 * Result: ACRE_OK, or ACRE_ERR_MALFORMED for another length (*@value untouched).
 */
/*@
	requires readable_tree(fdt);
	requires \valid_read(property) && \valid(value);
	requires \separated(value, fdt, property);
	assigns *value;
	ensures \result == ACRE_OK || \result == ACRE_ERR_MALFORMED;
	ensures \result == ACRE_OK ==> property->length == 4 &&
		*value == cells_at(&fdt->structure, property->value, 1);
	ensures \result != ACRE_OK ==> *value == \old(*value);
*/
acre_nodiscard enum acre_status fdt_read_u32(const struct fdt *fdt,
					     const struct fdt_property *property, uint32_t *value);
/*@
	requires readable_tree(fdt);
	requires \valid_read(property) && \valid(value);
	requires \separated(value, fdt, property);
	assigns *value;
	ensures \result == ACRE_OK || \result == ACRE_ERR_MALFORMED;
	ensures \result == ACRE_OK ==> property->length == 8 &&
		*value == cells_at(&fdt->structure, property->value, 2);
	ensures \result != ACRE_OK ==> *value == \old(*value);
*/
acre_nodiscard enum acre_status fdt_read_u64(const struct fdt *fdt,
					     const struct fdt_property *property, uint64_t *value);
/*@
	requires readable_tree(fdt);
	requires \valid_read(property) && \valid(value);
	requires \separated(value, fdt, property);
	assigns *value;
	ensures \result == ACRE_OK || \result == ACRE_ERR_MALFORMED;
	ensures \result == ACRE_OK ==> *value ==
		cells_at(&fdt->structure, property->value, property->length / 4);
	ensures \result != ACRE_OK ==> *value == \old(*value);
*/
acre_nodiscard enum acre_status fdt_read_number(const struct fdt *fdt,
						const struct fdt_property *property,
						uint64_t *value);

/*
 * fdt_read_cells - the number in @count cells that start at cell @first of the value.
 * Result: ACRE_OK (0 cells are the number 0); ACRE_ERR_TRUNCATED if the value has not so many
 *         cells; ACRE_ERR_OVERFLOW if the number does not fit in 64 bits; ACRE_ERR_UNSUPPORTED past
 *         FDT_MAX_CELLS. *@value is untouched unless ACRE_OK. O(1).
 */
/*@
	requires readable_tree(fdt);
	requires \valid_read(property) && \valid(value);
	requires \separated(value, fdt, property);
	assigns *value;
	ensures \result == ACRE_OK ==> count <= FDT_MAX_CELLS &&
		4 * (first + count) <= property->length &&
		*value == cells_at(&fdt->structure, property->value + 4 * first, count);
	ensures \result != ACRE_OK ==> *value == \old(*value);
*/
acre_nodiscard enum acre_status fdt_read_cells(const struct fdt *fdt,
					       const struct fdt_property *property, uint32_t first,
					       uint32_t count, uint64_t *value);

/*
 * fdt_read_string - the value as one string, or the first of a list.
 * Result: ACRE_OK, or ACRE_ERR_MALFORMED if the value has no NUL. O(length of the string).
 */
/*@
	requires readable_tree(fdt);
	requires \valid_read(property) && \valid(text);
	requires \separated(text, fdt, property);
	assigns *text;
	ensures \result == ACRE_OK || \result == ACRE_ERR_MALFORMED;
	ensures \result == ACRE_OK ==> ends_inside(&fdt->structure, property->value);
	ensures \result != ACRE_OK ==> *text == \old(*text);
*/
acre_nodiscard enum acre_status fdt_read_string(const struct fdt *fdt,
						const struct fdt_property *property,
						const char **text);

/*
 * fdt_next_string - the strings of a list, one after the other, from *@position == 0 on.
 * Result: ACRE_OK; ACRE_ERR_END after the last one; ACRE_ERR_MALFORMED if what is left has no NUL.
 */
/*@
	requires readable_tree(fdt);
	requires \valid_read(property) && \valid(position) && \valid(text);
	requires \separated(position, text, fdt, property);
	assigns *position, *text;
	ensures \result == ACRE_OK ==>
		\old(*position) < *position <= property->length &&
		property->value + property->length <= UINT32_MAX &&
		string_at(&fdt->structure, property->value + \old(*position),
			  *position - \old(*position) - 1);
	ensures \result == ACRE_OK || \result == ACRE_ERR_END || \result == ACRE_ERR_MALFORMED;
	ensures \result != ACRE_OK ==> *position == \old(*position) && *text == \old(*text);
*/
acre_nodiscard enum acre_status fdt_next_string(const struct fdt *fdt,
						const struct fdt_property *property,
						uint32_t *position, const char **text);

/* fdt_has_string - is @text one of the strings of the list? Cost: O(length of the value). */
/*@
	requires readable_tree(fdt);
	requires \valid_read(property);
	requires text: is_text(text);
	requires \separated(property, fdt);
	assigns \nothing;
*/
bool fdt_has_string(const struct fdt *fdt, const struct fdt_property *property, const char *text);

/* What a `status` property says of its node (2.3.4). A node without one is okay. */
enum fdt_state {
	FDT_STATE_OKAY,  /* "okay", "ok" */
	FDT_STATE_OFF,   /* "disabled", "fail", "fail-..." */
	FDT_STATE_OTHER, /* a word that is none of these, "reserved" among them */
};

/*
 * fdt_read_status - *@state = what this value of a `status` property says.
 * Result: ACRE_OK, or ACRE_ERR_MALFORMED if the value is not a string (*@state untouched).
 */
/*@
	requires readable_tree(fdt);
	requires \valid_read(property) && \valid(state);
	requires \separated(state, fdt, property);
	assigns *state;
	ensures \result == ACRE_OK || \result == ACRE_ERR_MALFORMED;
	ensures \result != ACRE_OK ==> *state == \old(*state);
*/
acre_nodiscard enum acre_status fdt_read_status(const struct fdt *fdt,
						const struct fdt_property *property,
						enum fdt_state *state);

/*
 * fdt_copy_text - the value up to its first NUL, or where it has none, to its end, into @buf of @size
 * bytes, which is not 0; with a NUL after it.
 * Result: ACRE_OK; ACRE_ERR_FULL if only the first @size - 1 bytes are there.
 */
/*@
	requires readable_tree(fdt);
	requires \valid_read(property) && size > 0 && \valid(buf + (0 .. size - 1));
	requires \separated(buf + (0 .. size - 1), fdt, property,
		fdt->structure.base + (0 .. fdt->structure.size - 1));
	assigns buf[0 .. size - 1];
	ensures \result == ACRE_OK || \result == ACRE_ERR_FULL;
*/
acre_nodiscard enum acre_status fdt_copy_text(const struct fdt *fdt,
					      const struct fdt_property *property, char *buf,
					      size_t size);

/*
 * fdt_text_is_printable - is @text 1 to @max bytes of printable ASCII, and then a NUL? What a tree
 * says may carry terminal escapes; print it only if this is true.
 * Pre: @text is a string that the reader handed out, or NULL (false). O(min(length, max)).
 */
/*@
	requires text == \null || is_text(text);
	assigns \nothing;
	ensures \result <==> text != \null && \exists integer length; 1 <= length <= max &&
		text_of_length(text, length) &&
		\forall integer i; 0 <= i < length ==> ' ' <= text[i] <= '~';
*/
bool fdt_text_is_printable(const char *text, size_t max);

#endif
