/* SPDX-License-Identifier: MIT */
/*
 * fdt_token.h - the only code that loads bytes of a device tree blob.
 *
 * A blob is cut into blocks (Devicetree Specification v0.4, chapter 5). A block is a window of
 * known length, all offsets are relative to its start, and each function here checks that what it
 * reads lies inside. Whoever stands above works on offsets and on the answers of this file, so that
 * a proof of this file is a proof that no tree makes us read outside the blob.
 */
#ifndef FDT_FDT_TOKEN_H
#define FDT_FDT_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "lib/status.h"

/* @size bytes at @base may be read. */
struct fdt_block {
	const uint8_t *base;
	uint32_t size;
};

#define FDT_CELL 4u /* bytes in a cell; tokens, names and values are aligned to it */

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
	uint32_t next; /* of the token behind it: > offset, a multiple of 4, <= size of the block */
	uint32_t data; /* BEGIN_NODE: offset of the name; PROP: of the value; both in the block */
	uint32_t length; /* BEGIN_NODE: of the name without its NUL; PROP: of the value */
	uint32_t name;   /* PROP: offset of the name in the strings block, not yet checked */
};

/*
 * fdt_block_cell - *@value = the big-endian 32-bit number at @offset (any alignment).
 * Result: false, and *@value untouched, unless all four bytes lie in @block. O(1).
 */
nodiscard bool fdt_block_cell(const struct fdt_block *block, uint32_t offset, uint32_t *value);

/*
 * fdt_block_string - *@length = the number of bytes from @offset to the first NUL.
 * Result: false, and *@length untouched, if there is no NUL in @block at or behind @offset and
 *         before @end.
 * Pre:    none; an @end past the block counts as the end of the block. O(length).
 */
nodiscard bool fdt_block_string(const struct fdt_block *block, uint32_t offset, uint32_t end,
				uint32_t *length);

/*
 * fdt_block_equals - do the bytes at @offset spell @text, and is the byte behind them a NUL?
 * False too if they do not lie in @block. O(length of @text), and stops at the first difference.
 */
bool fdt_block_equals(const struct fdt_block *block, uint32_t offset, const char *text);

/*
 * fdt_block_index - which of the @count strings @names stands at @offset? @count if none does.
 * O(count): only those that begin with the right byte are compared.
 */
uint32_t fdt_block_index(const struct fdt_block *block, uint32_t offset, const char *const names[],
			 uint32_t count);

/*
 * fdt_block_starts_with - do the bytes at @offset, all of them in @block, begin with the @length
 * bytes of @text? *@following, if not NULL, is then the byte behind them. False unless that one
 * lies in the block as well.
 */
bool fdt_block_starts_with(const struct fdt_block *block, uint32_t offset, const char *text,
			   uint32_t length, uint8_t *following);

/* fdt_block_text - the string at @offset of which fdt_block_string() found the end. */
static inline const char *fdt_block_text(const struct fdt_block *block, uint32_t offset)
{
	return (const char *)(block->base + offset);
}

/*
 * fdt_block_last_nul - *@offset = where the last NUL of @block is; false if there is none.
 * Every string that starts at or before it ends in the block. O(bytes behind it).
 */
nodiscard bool fdt_block_last_nul(const struct fdt_block *block, uint32_t *offset);

/*
 * fdt_token_read - the token at @offset of the structure block.
 * Result: ERR_MISALIGNED when @offset is no multiple of 4, ERR_TRUNCATED when the token, its name
 *         or its value does not end in @block, ERR_MALFORMED for a token that the specification
 *         does not know. *@token is valid for STATUS_OK only.
 * Cost:   O(length of a node's name), else O(1).
 */
nodiscard enum status fdt_token_read(const struct fdt_block *block, uint32_t offset,
				     struct fdt_token *token);

/*
 * fdt_text_is_printable - is @text 1 to @max bytes of printable ASCII, NUL behind? What a tree says
 * may carry terminal escapes; print it only if this is true.
 * Pre: @text is a string that the reader handed out, or NULL (false). O(min(length, max)).
 */
bool fdt_text_is_printable(const char *text, size_t max);

#endif
