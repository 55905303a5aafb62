/* SPDX-License-Identifier: MIT */
/*
 * fdt_token.c - cells, strings and tokens of a device tree blob.
 *
 * Everything that loads a byte of a blob is in this file. Bytes are loaded one at a time: the blob
 * may stand at any address. Bounds are checked as `len < need || off > len - need`, which cannot
 * wrap, whatever the blob says.
 */
#include "fdt/fdt_token.h"

/* Do @length bytes at @offset lie inside? */
static bool block_holds(const struct fdt_block *block, uint32_t offset, uint32_t length)
{
	return length <= block->size && offset <= block->size - length;
}

bool fdt_block_cell(const struct fdt_block *block, uint32_t offset, uint32_t *value)
{
	if (!block_holds(block, offset, FDT_CELL))
		return false;
	const uint8_t *at = block->base + offset;
	*value = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
	return true;
}

bool fdt_block_string(const struct fdt_block *block, uint32_t offset, uint32_t end,
		      uint32_t *length)
{
	if (end > block->size)
		end = block->size;
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
	for (uint32_t i = 0; i < length; i++) {
		if (block->base[offset + i] != (uint8_t)text[i])
			return false;
	}
	*following = block->base[offset + length];
	return true;
}

bool fdt_block_equals(const struct fdt_block *block, uint32_t offset, const char *text)
{
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
	for (uint32_t i = 0; i < count; i++) {
		if ((uint8_t)names[i][0] == block->base[offset] &&
		    fdt_block_equals(block, offset, names[i]))
			return i;
	}
	return count;
}

bool fdt_block_last_nul(const struct fdt_block *block, uint32_t *offset)
{
	for (uint32_t end = block->size; end > 0; end--) {
		if (block->base[end - 1] == 0) {
			*offset = end - 1;
			return true;
		}
	}
	return false;
}

/* A token ends where its last byte does, rounded up to a cell. */
static enum status end_token(const struct fdt_block *block, uint32_t end, struct fdt_token *token)
{
	uint32_t padding = (FDT_CELL - end % FDT_CELL) % FDT_CELL;

	if (!block_holds(block, end, padding))
		return ERR_TRUNCATED;
	token->next = end + padding;
	return STATUS_OK;
}

/* The name of a node stands behind the token: bytes, a NUL, padding. */
static enum status read_begin_node(const struct fdt_block *block, struct fdt_token *token)
{
	token->data = token->offset + FDT_CELL;
	if (!fdt_block_string(block, token->data, block->size, &token->length))
		return ERR_TRUNCATED;
	return end_token(block, token->data + token->length + 1, token);
}

/* Behind the token: the length of the value, the offset of the name, the value, padding. */
static enum status read_property(const struct fdt_block *block, struct fdt_token *token)
{
	if (!block_holds(block, token->offset, 3 * FDT_CELL) ||
	    !fdt_block_cell(block, token->offset + FDT_CELL, &token->length) ||
	    !fdt_block_cell(block, token->offset + 2 * FDT_CELL, &token->name))
		return ERR_TRUNCATED;
	token->data = token->offset + 3 * FDT_CELL;
	if (!block_holds(block, token->data, token->length))
		return ERR_TRUNCATED;
	return end_token(block, token->data + token->length, token);
}

enum status fdt_token_read(const struct fdt_block *block, uint32_t offset, struct fdt_token *token)
{
	uint32_t kind;

	if (offset % FDT_CELL != 0)
		return ERR_MISALIGNED;
	if (!fdt_block_cell(block, offset, &kind))
		return ERR_TRUNCATED;
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
		return ERR_MALFORMED;
	}
}

bool fdt_text_is_printable(const char *text, size_t max)
{
	if (text == NULL || *text == '\0')
		return false;
	for (size_t i = 0; i < max; i++) {
		if (text[i] < ' ' || text[i] > '~')
			return false;
		if (text[i + 1] == '\0')
			return true;
	}
	return false;
}
