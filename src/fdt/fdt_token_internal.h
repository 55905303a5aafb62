/* SPDX-License-Identifier: MIT */
/*
 * fdt_token_internal.h - the only code that loads bytes of a device tree blob.
 *
 * A blob is cut into blocks (Devicetree Specification v0.4, chapter 5). A block is a window of
 * known length, all offsets are relative to its start, and each function here checks that what it
 * reads lies inside. The files above work on offsets and on the answers of this file, so that a
 * proof of this file is a proof that no tree makes us read outside the blob.
 */
#ifndef ACRE_FDT_FDT_TOKEN_INTERNAL_H
#define ACRE_FDT_FDT_TOKEN_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fdt/fdt_types.h"
#include "lib/attributes.h"
#include "lib/status.h"

/* The tokens of the structure block (5.4.1). */
enum fdt_token_kind {
	FDT_TOKEN_BEGIN_NODE = 1,
	FDT_TOKEN_END_NODE = 2,
	FDT_TOKEN_PROP = 3,
	FDT_TOKEN_NOP = 4,
	FDT_TOKEN_END = 9,
};

struct fdt_token {
	enum fdt_token_kind kind;
	uint32_t offset; /* of the token itself */
	uint32_t next; /* of the token after it: > offset, a multiple of 4, <= size of the block */
	uint32_t data; /* BEGIN_NODE: offset of the name; PROP: of the value; both in the block */
	uint32_t length; /* BEGIN_NODE: of the name without its NUL; PROP: of the value */
	uint32_t name;   /* PROP: offset of the name in the strings block, not yet checked */
};

/*@
	// What the members promise: the token, all of it, lies in the block, and it has an end.
	predicate token_inside(struct fdt_block *b, struct fdt_token t) =
		t.offset + 4 <= t.data && t.data + t.length <= t.next <= b->size &&
		t.next % 4 == 0 && t.next - (t.data + t.length) <= 4 &&
		(t.kind == FDT_TOKEN_BEGIN_NODE || t.kind == FDT_TOKEN_END_NODE ||
		 t.kind == FDT_TOKEN_PROP || t.kind == FDT_TOKEN_NOP || t.kind == FDT_TOKEN_END);

	// And what they say is what the blob says.
	predicate token_read(struct fdt_block *b, integer at, struct fdt_token t) =
		token_inside(b, t) && t.offset == at && t.kind == cell_at(b, at) &&
		(t.kind == FDT_TOKEN_BEGIN_NODE ==>
			t.data == at + 4 && string_at(b, at + 4, t.length)) &&
		(t.kind == FDT_TOKEN_PROP ==> t.data == at + 12 &&
			t.length == cell_at(b, at + 4) && t.name == cell_at(b, at + 8));
*/

/*
 * fdt_block_cell - *@value = the big-endian 32-bit number at @offset (any alignment).
 * Result: false, and *@value untouched, unless all four bytes lie in @block. O(1).
 */
/*@
	requires readable_block(block) && \valid(value);
	requires \separated(value, block);
	assigns *value;
	ensures \result <==> offset + 4 <= block->size;
	ensures \result ==> *value == cell_at(block, offset);
	ensures !\result ==> *value == \old(*value);
*/
acre_nodiscard bool fdt_block_cell(const struct fdt_block *block, uint32_t offset, uint32_t *value);

/*
 * fdt_block_string - *@length = the number of bytes from @offset to the first NUL.
 * Result: false, and *@length untouched, if there is no NUL in @block at or after @offset and
 *         before @end.
 * Pre:    none; an @end past the block counts as the end of the block. O(length).
 */
/*@
	requires readable_block(block) && \valid(length);
	requires \separated(length, block);
	assigns *length;
	ensures \result ==> string_at(block, offset, *length) && offset + *length < end;
	ensures !\result ==> no_nul(block, offset, \min(end, block->size));
	ensures !\result ==> *length == \old(*length);
*/
acre_nodiscard bool fdt_block_string(const struct fdt_block *block, uint32_t offset, uint32_t end,
				     uint32_t *length);

/*
 * fdt_block_equals - do the bytes at @offset spell @text, and is the byte after them a NUL?
 * False too if they do not lie in @block. O(length of @text), and stops at the first difference.
 */
/*@
	requires readable_block(block);
	requires text: is_text(text);
	assigns \nothing;
	ensures \forall integer length; text_of_length(text, length) ==>
		(\result <==> is_string(block, offset, text, length));
*/
bool fdt_block_equals(const struct fdt_block *block, uint32_t offset, const char *text);

/*
 * fdt_block_index - which of the @count strings @names stands at @offset? @count if none does.
 * O(count): only names that begin with the right byte are compared.
 */
/*@
	requires readable_block(block) && \valid_read(names + (0 .. count - 1));
	requires text: \forall integer i; 0 <= i < count ==> is_text(names[i]);
	assigns \nothing;
	ensures \result <= count;
	ensures \result < count ==> \forall integer length;
		text_of_length(names[\result], length) ==>
			is_string(block, offset, names[\result], length);
	ensures \forall integer i, length; 0 <= i < \result && text_of_length(names[i], length) ==>
		!is_string(block, offset, names[i], length);
*/
uint32_t fdt_block_index(const struct fdt_block *block, uint32_t offset, const char *const names[],
			 uint32_t count);

/*
 * fdt_block_starts_with - do the bytes at @offset, all of them in @block, begin with the @length
 * bytes of @text? *@following is then the byte after them. False unless that one
 * lies in the block as well.
 */
/*@
	requires readable_block(block) && \valid(following);
	requires \valid_read(text + (0 .. length - 1));
	requires \separated(following, block) && \separated(following, text + (0 .. length - 1));
	requires \separated(following, block->base + (0 .. block->size - 1));
	assigns *following;
	ensures \result <==>
		offset + length < block->size && same_bytes(block, offset, text, length);
	ensures \result ==> *following == block->base[offset + length];
	ensures !\result ==> *following == \old(*following);
*/
bool fdt_block_starts_with(const struct fdt_block *block, uint32_t offset, const char *text,
			   uint32_t length, uint8_t *following);

/* fdt_block_text - the string at @offset of which fdt_block_string() found the end. */
/*@
	requires readable_block(block) && ends_inside(block, offset);
	assigns \result \from block->base, offset;
*/
static inline const char *fdt_block_text(const struct fdt_block *block, uint32_t offset)
{
	return (const char *)(block->base + offset);
}

/*
 * fdt_block_last_nul - *@offset = where the last NUL of @block is; false if there is none.
 * Every string that starts at or before it ends in the block. O(bytes after it).
 */
/*@
	requires readable_block(block) && \valid(offset);
	requires \separated(offset, block);
	assigns *offset;
	ensures \result ==> *offset < block->size && block->base[*offset] == 0 &&
		no_nul(block, *offset + 1, block->size);
	ensures !\result ==> no_nul(block, 0, block->size) && *offset == \old(*offset);
*/
acre_nodiscard bool fdt_block_last_nul(const struct fdt_block *block, uint32_t *offset);

/*
 * fdt_token_read - the token at @offset of the structure block.
 * Result: ACRE_ERR_MISALIGNED when @offset is no multiple of 4, ACRE_ERR_TRUNCATED when the token,
 *         its name or its value does not end in @block, ACRE_ERR_MALFORMED for a token that the
 *         specification does not know. *@token is valid for ACRE_OK only.
 * Cost:   O(length of a node's name), else O(1).
 */
/*@
	requires readable_block(block) && \valid(token);
	requires \separated(token, block);
	assigns *token;
	ensures \result == ACRE_OK || \result == ACRE_ERR_MISALIGNED ||
		\result == ACRE_ERR_TRUNCATED || \result == ACRE_ERR_MALFORMED;
	ensures \result == ACRE_ERR_MISALIGNED <==> offset % 4 != 0;
	ensures \result == ACRE_OK ==> token_read(block, offset, *token);
*/
acre_nodiscard enum acre_status fdt_token_read(const struct fdt_block *block, uint32_t offset,
					       struct fdt_token *token);

#endif
