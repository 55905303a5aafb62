/* SPDX-License-Identifier: MIT */
/*
 * fdt_builder.c - makes flattened device trees in memory.
 *
 * The structure block grows from the front of the buffer, the strings gather in its last quarter.
 * finish() moves them down behind the structure.
 */
#include "tests/support/fdt_builder.h"

#include "lib/string.h"

#define TOKEN_BEGIN_NODE 1u
#define TOKEN_END_NODE   2u
#define TOKEN_PROP       3u
#define TOKEN_END        9u

uint32_t fdt_build_get(const void *blob, size_t at)
{
	const uint8_t *p = (const uint8_t *)blob + at;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

void fdt_build_set(void *blob, size_t at, uint32_t value)
{
	uint8_t *p = (uint8_t *)blob + at;

	p[0] = (uint8_t)(value >> 24);
	p[1] = (uint8_t)(value >> 16);
	p[2] = (uint8_t)(value >> 8);
	p[3] = (uint8_t)value;
}

/* Where the strings gather: the last quarter of the buffer. */
static size_t strings_base(const struct fdt_builder *b)
{
	return b->capacity - b->capacity / 4;
}

static void append(struct fdt_builder *b, const void *bytes, size_t length)
{
	if (length > strings_base(b) || b->end > strings_base(b) - length) {
		b->full = true;
		return;
	}
	memcpy(b->buffer + b->end, bytes, length);
	b->end += length;
}

static void append_cell(struct fdt_builder *b, uint32_t value)
{
	uint8_t cell[4];

	fdt_build_set(cell, 0, value);
	append(b, cell, sizeof(cell));
}

static void append_padded(struct fdt_builder *b, const void *bytes, size_t length)
{
	static const uint8_t zeros[4];

	append(b, bytes, length);
	append(b, zeros, (4 - length % 4) % 4);
}

void fdt_build(struct fdt_builder *b, void *buffer, size_t capacity)
{
	*b = (struct fdt_builder){ .buffer = buffer, .capacity = capacity };
	b->strings = strings_base(b);
	b->full = strings_base(b) < FDT_BUILD_HEADER_SIZE;
	b->end = FDT_BUILD_HEADER_SIZE;
}

void fdt_build_memreserve(struct fdt_builder *b, uint64_t address, uint64_t size)
{
	append_cell(b, (uint32_t)(address >> 32));
	append_cell(b, (uint32_t)address);
	append_cell(b, (uint32_t)(size >> 32));
	append_cell(b, (uint32_t)size);
}

/* The first token ends the reservation block. */
void fdt_build_token(struct fdt_builder *b, uint32_t token)
{
	if (b->structure == 0) {
		fdt_build_memreserve(b, 0, 0);
		b->structure = b->end;
	}
	append_cell(b, token);
}

void fdt_build_begin(struct fdt_builder *b, const char *name)
{
	fdt_build_token(b, TOKEN_BEGIN_NODE);
	append_padded(b, name, strlen(name) + 1);
}

void fdt_build_end(struct fdt_builder *b)
{
	fdt_build_token(b, TOKEN_END_NODE);
}

/* The offset of @name in the strings block, where each name stands once. */
static uint32_t intern(struct fdt_builder *b, const char *name)
{
	size_t base = strings_base(b);
	size_t length = strlen(name) + 1;

	for (size_t at = base; at < b->strings;) {
		const char *there = (const char *)b->buffer + at;

		if (strcmp(there, name) == 0)
			return (uint32_t)(at - base);
		at += strlen(there) + 1;
	}
	if (length > b->capacity - b->strings) {
		b->full = true;
		return 0;
	}
	memcpy(b->buffer + b->strings, name, length);
	b->strings += length;
	return (uint32_t)(b->strings - length - base);
}

void fdt_build_prop(struct fdt_builder *b, const char *name, const void *value, size_t length)
{
	fdt_build_token(b, TOKEN_PROP);
	append_cell(b, (uint32_t)length);
	append_cell(b, intern(b, name));
	append_padded(b, value, length);
}

void fdt_build_empty(struct fdt_builder *b, const char *name)
{
	fdt_build_prop(b, name, "", 0);
}

void fdt_build_u32(struct fdt_builder *b, const char *name, uint32_t value)
{
	fdt_build_cells(b, name, &value, 1);
}

void fdt_build_u64(struct fdt_builder *b, const char *name, uint64_t value)
{
	FDT_BUILD_CELLS(b, name, (uint32_t)(value >> 32), (uint32_t)value);
}

void fdt_build_string(struct fdt_builder *b, const char *name, const char *text)
{
	fdt_build_prop(b, name, text, strlen(text) + 1);
}

void fdt_build_cells(struct fdt_builder *b, const char *name, const uint32_t *cell, size_t count)
{
	fdt_build_token(b, TOKEN_PROP);
	append_cell(b, (uint32_t)(4 * count));
	append_cell(b, intern(b, name));
	for (size_t i = 0; i < count; i++)
		append_cell(b, cell[i]);
}

size_t fdt_build_finish(struct fdt_builder *b)
{
	fdt_build_token(b, TOKEN_END);
	return fdt_build_finish_raw(b);
}

size_t fdt_build_finish_raw(struct fdt_builder *b)
{
	size_t strings_size = b->strings - strings_base(b);
	size_t total = b->end + strings_size;

	if (b->full)
		return 0;
	memmove(b->buffer + b->end, b->buffer + strings_base(b), strings_size);
	fdt_build_set(b->buffer, FDT_BUILD_MAGIC, 0xd00dfeed);
	fdt_build_set(b->buffer, FDT_BUILD_TOTAL, (uint32_t)total);
	fdt_build_set(b->buffer, FDT_BUILD_STRUCT, (uint32_t)b->structure);
	fdt_build_set(b->buffer, FDT_BUILD_STRINGS, (uint32_t)b->end);
	fdt_build_set(b->buffer, FDT_BUILD_RESERVE, FDT_BUILD_HEADER_SIZE);
	fdt_build_set(b->buffer, FDT_BUILD_VERSION, 17);
	fdt_build_set(b->buffer, FDT_BUILD_LAST_COMPATIBLE, 16);
	fdt_build_set(b->buffer, FDT_BUILD_BOOT_HART, 0);
	fdt_build_set(b->buffer, FDT_BUILD_STRINGS_SIZE, (uint32_t)strings_size);
	fdt_build_set(b->buffer, FDT_BUILD_STRUCT_SIZE, (uint32_t)(b->end - b->structure));
	return total;
}
