/* SPDX-License-Identifier: MIT */
/*
 * eva_token_layer.c - what stands for fdt_token.c when Eva looks at the code above it.
 *
 * Whatever that code asks about the blob, the answer is any answer: any cell, any token with any
 * offsets and lengths, found or not, and another one the next time. So what Eva says holds for each
 * blob of each length, and for one that changes under our hands as well.
 *
 * The little that is taken from the contracts in fdt_token_internal.h, which WP proves: a function
 * writes nothing but its result; it writes all of it when it succeeds (here: only then, so that a
 * caller who looks all the same is found out); fdt_block_index() stays within the table,
 * fdt_block_last_nul() within the block; a token's kind is one of those that there are. What those
 * contracts want of a caller is tried out: a block can be read at both ends, and a text is read to
 * its end.
 */
#include "fdt/fdt_token_internal.h"
#include "tests/proof/any.h"

static volatile uint8_t seen;

static void read_block(const struct fdt_block *block)
{
	if (block->size != 0) {
		seen = block->base[0];
		seen = block->base[block->size - 1];
	}
}

static void read_text(const char *text)
{
	while (*text != '\0')
		text++;
}

bool fdt_block_cell(const struct fdt_block *block, uint32_t offset, uint32_t *value)
{
	(void)offset;
	read_block(block);
	if (any)
		return false;
	*value = any_u32();
	return true;
}

bool fdt_block_string(const struct fdt_block *block, uint32_t offset, uint32_t end,
		      uint32_t *length)
{
	(void)offset;
	(void)end;
	read_block(block);
	if (any)
		return false;
	*length = any_u32();
	return true;
}

bool fdt_block_equals(const struct fdt_block *block, uint32_t offset, const char *text)
{
	(void)offset;
	read_block(block);
	read_text(text);
	return any != 0;
}

uint32_t fdt_block_index(const struct fdt_block *block, uint32_t offset, const char *const names[],
			 uint32_t count)
{
	uint32_t index = any_u32();

	(void)offset;
	read_block(block);
	for (uint32_t i = 0; i < count; i++)
		read_text(names[i]);
	return index < count ? index : count;
}

bool fdt_block_starts_with(const struct fdt_block *block, uint32_t offset, const char *text,
			   uint32_t length, uint8_t *following)
{
	(void)offset;
	read_block(block);
	for (uint32_t i = 0; i < length; i++)
		seen = (uint8_t)text[i];
	if (any)
		return false;
	*following = (uint8_t)any;
	return true;
}

bool fdt_block_last_nul(const struct fdt_block *block, uint32_t *offset)
{
	read_block(block);
	if (any || block->size == 0)
		return false;
	*offset = any_below(block->size);
	return true;
}

static enum fdt_token_kind any_kind(void)
{
	static const enum fdt_token_kind kinds[] = {
		FDT_TOKEN_BEGIN_NODE, FDT_TOKEN_END_NODE, FDT_TOKEN_PROP,
		FDT_TOKEN_NOP,        FDT_TOKEN_END,
	};

	return kinds[any_below(sizeof(kinds) / sizeof(kinds[0]))];
}

enum acre_status fdt_token_read(const struct fdt_block *block, uint32_t offset,
				struct fdt_token *token)
{
	(void)offset;
	read_block(block);
	if (any)
		return any ? ACRE_ERR_MISALIGNED : any ? ACRE_ERR_TRUNCATED : ACRE_ERR_MALFORMED;
	token->kind = any_kind();
	token->offset = any_u32();
	token->next = any_u32();
	token->data = any_u32();
	token->length = any_u32();
	token->name = any_u32();
	return ACRE_OK;
}
