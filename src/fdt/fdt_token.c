/* SPDX-License-Identifier: MIT */
/*
 * fdt_token.c - cells, strings and tokens of a device tree blob.
 *
 * Everything that loads a byte of a blob is in this file, except fdt_text_is_printable(), which
 * reads a string that was handed out. Bytes are loaded one at a time: the blob may stand at any
 * address. Bounds are checked as `len < need || off > len - need`, which cannot
 * wrap, whatever the blob says.
 */
#include "fdt/fdt_token_internal.h"

/* Do @length bytes at @offset lie inside? */
/*@
	requires \valid_read(block);
	assigns \nothing;
	ensures \result <==> offset + length <= block->size;
*/
static bool block_holds(const struct fdt_block *block, uint32_t offset, uint32_t length)
{
	return length <= block->size && offset <= block->size - length;
}

bool fdt_block_cell(const struct fdt_block *block, uint32_t offset, uint32_t *value)
{
	if (!block_holds(block, offset, FDT_CELL))
		return false;
	const uint8_t *at = block->base + offset;
	*value = ((at[0] * 256u + at[1]) * 256u + at[2]) * 256u + at[3];
	return true;
}

bool fdt_block_string(const struct fdt_block *block, uint32_t offset, uint32_t end,
		      uint32_t *length)
{
	if (end > block->size)
		end = block->size;
	/*@
		loop invariant offset <= at && (at <= end || at == offset);
		loop invariant no_nul(block, offset, at);
		loop assigns at;
		loop variant end - at;
	*/
	for (uint32_t at = offset; at < end; at++) {
		if (block->base[at] == 0) {
			*length = at - offset;
			return true;
		}
	}
	return false;
}

bool fdt_block_starts_with(const struct fdt_block *block, uint32_t offset, const char *text,
			   uint32_t length, uint8_t *following)
{
	if (offset >= block->size || length >= block->size - offset)
		return false;
	/*@
		loop invariant 0 <= i <= length && same_bytes(block, offset, text, i);
		loop assigns i;
		loop variant length - i;
	*/
	for (uint32_t i = 0; i < length; i++) {
		if (block->base[offset + i] != (uint8_t)text[i])
			return false;
	}
	*following = block->base[offset + length];
	return true;
}

bool fdt_block_equals(const struct fdt_block *block, uint32_t offset, const char *text)
{
	/*@
		loop invariant offset <= at && (at <= block->size || at == offset);
		loop invariant text == \at(text, Pre) + (at - offset);
		loop invariant same_bytes(block, offset, \at(text, Pre), at - offset);
		loop invariant \forall integer i; 0 <= i < at - offset ==> \at(text, Pre)[i] != 0;
		loop assigns at, text;
		loop variant block->size - at;
	*/
	for (uint32_t at = offset; at < block->size; at++, text++) {
		if (block->base[at] != (uint8_t)*text)
			return false;
		if (*text == '\0')
			return true;
	}
	return false;
}

uint32_t fdt_block_index(const struct fdt_block *block, uint32_t offset, const char *const names[],
			 uint32_t count)
{
	if (offset >= block->size)
		return count;
	/*@
		loop invariant 0 <= i <= count;
		loop invariant \forall integer j, length;
			0 <= j < i && text_of_length(names[j], length) ==>
				!is_string(block, offset, names[j], length);
		loop assigns i;
		loop variant count - i;
	*/
	for (uint32_t i = 0; i < count; i++) {
		/*@ assert first: \forall integer length;
			is_string(block, offset, names[i], length) && length >= 0 ==>
				(uint8_t)names[i][0] == block->base[offset + 0]; */
		if ((uint8_t)names[i][0] == block->base[offset] &&
		    fdt_block_equals(block, offset, names[i]))
			return i;
	}
	return count;
}

bool fdt_block_last_nul(const struct fdt_block *block, uint32_t *offset)
{
	/*@
		loop invariant end <= block->size && no_nul(block, end, block->size);
		loop assigns end;
		loop variant end;
	*/
	for (uint32_t end = block->size; end > 0; end--) {
		if (block->base[end - 1] == 0) {
			*offset = end - 1;
			return true;
		}
	}
	return false;
}

/* A token ends where its last byte does, rounded up to a cell. */
/*@
	requires \valid_read(block) && \valid(token) && \separated(token, block);
	requires end <= block->size;
	assigns token->next;
	ensures \result == ACRE_OK || \result == ACRE_ERR_TRUNCATED;
	ensures \result == ACRE_OK ==> end <= token->next < end + 4 && token->next % 4 == 0 &&
		token->next <= block->size;
*/
static enum acre_status end_token(const struct fdt_block *block, uint32_t end,
				  struct fdt_token *token)
{
	uint32_t padding = (FDT_CELL - end % FDT_CELL) % FDT_CELL;

	if (!block_holds(block, end, padding))
		return ACRE_ERR_TRUNCATED;
	token->next = end + padding;
	return ACRE_OK;
}

/* The name of a node stands after the token: bytes, a NUL, padding. */
/*@
	requires readable_block(block) && \valid(token) && token->offset + 4 <= block->size;
	requires \separated(token, block);
	assigns token->next, token->data, token->length;
	ensures \result == ACRE_OK || \result == ACRE_ERR_TRUNCATED;
	ensures \result == ACRE_OK ==> token->data == token->offset + 4 &&
		string_at(block, token->data, token->length);
	ensures \result == ACRE_OK ==> token->next <= block->size && token->next % 4 == 0 &&
		token->data + token->length < token->next <= token->data + token->length + 4;
*/
static enum acre_status read_begin_node(const struct fdt_block *block, struct fdt_token *token)
{
	token->data = token->offset + FDT_CELL;
	if (!fdt_block_string(block, token->data, block->size, &token->length))
		return ACRE_ERR_TRUNCATED;
	return end_token(block, token->data + token->length + 1, token);
}

/* After the token: the length of the value, the offset of the name, the value, padding. */
/*@
	requires readable_block(block) && \valid(token) && token->offset + 4 <= block->size;
	requires \separated(token, block);
	assigns token->next, token->data, token->length, token->name;
	ensures \result == ACRE_OK || \result == ACRE_ERR_TRUNCATED;
	ensures \result == ACRE_OK ==> token->data == token->offset + 12 &&
		token->length == cell_at(block, token->offset + 4) &&
		token->name == cell_at(block, token->offset + 8);
	ensures \result == ACRE_OK ==> token->next <= block->size && token->next % 4 == 0 &&
		token->data + token->length <= token->next < token->data + token->length + 4;
*/
static enum acre_status read_property(const struct fdt_block *block, struct fdt_token *token)
{
	if (!fdt_block_cell(block, token->offset + FDT_CELL, &token->length) ||
	    !fdt_block_cell(block, token->offset + 2 * FDT_CELL, &token->name))
		return ACRE_ERR_TRUNCATED;
	token->data = token->offset + 3 * FDT_CELL;
	if (!block_holds(block, token->data, token->length))
		return ACRE_ERR_TRUNCATED;
	return end_token(block, token->data + token->length, token);
}

enum acre_status fdt_token_read(const struct fdt_block *block, uint32_t offset,
				struct fdt_token *token)
{
	uint32_t kind;

	if (offset % FDT_CELL != 0)
		return ACRE_ERR_MISALIGNED;
	if (!fdt_block_cell(block, offset, &kind))
		return ACRE_ERR_TRUNCATED;
	token->offset = offset;
	token->length = 0;
	token->name = 0;
	switch (kind) {
	case FDT_TOKEN_BEGIN_NODE:
		token->kind = FDT_TOKEN_BEGIN_NODE;
		return read_begin_node(block, token);
	case FDT_TOKEN_PROP:
		token->kind = FDT_TOKEN_PROP;
		return read_property(block, token);
	case FDT_TOKEN_END_NODE:
	case FDT_TOKEN_NOP:
	case FDT_TOKEN_END:
		token->kind = (enum fdt_token_kind)kind;
		token->data = offset + FDT_CELL;
		return end_token(block, token->data, token);
	default:
		return ACRE_ERR_MALFORMED;
	}
}
