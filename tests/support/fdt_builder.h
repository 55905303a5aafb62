/* SPDX-License-Identifier: MIT */
/*
 * fdt_builder.h - makes flattened device trees in memory, good ones and broken ones, for tests.
 *
 *	struct fdt_builder b;
 *
 *	fdt_build(&b, buffer, sizeof(buffer));
 *	fdt_build_memreserve(&b, 0x80000000, 0x1000);     all of them before the first node
 *	fdt_build_begin(&b, "");
 *	fdt_build_u32(&b, "#address-cells", 2);
 *	fdt_build_end(&b);
 *	size_t size = fdt_build_finish(&b);               0: the buffer was too small
 *
 * Nothing is checked: a property after a subnode, a node that is not ended, a token that does not
 * exist are all written as they are asked for.
 */
#ifndef FDT_BUILDER_H
#define FDT_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fdt_builder {
	uint8_t *buffer;
	size_t capacity;
	size_t end;       /* of what is written: header, reservation block, structure block */
	size_t structure; /* where the structure block begins, 0 before the first token */
	size_t strings; /* the strings gather from here on to the end of the buffer, until finish */
	bool full;      /* something did not fit */
};

/* fdt_build - begin a tree in @buffer. */
void fdt_build(struct fdt_builder *b, void *buffer, size_t capacity);

/* fdt_build_memreserve - an entry of the reservation block; only before the first node. */
void fdt_build_memreserve(struct fdt_builder *b, uint64_t address, uint64_t size);

void fdt_build_begin(struct fdt_builder *b, const char *name);
void fdt_build_end(struct fdt_builder *b);

/* fdt_build_prop - a property of @length bytes; the others are for the usual kinds of value. */
void fdt_build_prop(struct fdt_builder *b, const char *name, const void *value, size_t length);
void fdt_build_empty(struct fdt_builder *b, const char *name);
void fdt_build_u32(struct fdt_builder *b, const char *name, uint32_t value);
void fdt_build_u64(struct fdt_builder *b, const char *name, uint64_t value);
void fdt_build_string(struct fdt_builder *b, const char *name, const char *text);
void fdt_build_cells(struct fdt_builder *b, const char *name, const uint32_t *cell, size_t count);

/* FDT_BUILD_CELLS(b, "reg", 0, 0x80000000, 0, 0x1000) */
#define FDT_BUILD_CELLS(b, name, ...)                                                              \
	fdt_build_cells(b, name, (const uint32_t[]){ __VA_ARGS__ },                                \
			sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

/* fdt_build_token - any cell into the structure block: FDT_NOP (4), or what is no token. */
void fdt_build_token(struct fdt_builder *b, uint32_t token);

/*
 * fdt_build_finish - FDT_END, strings block, header (version 17).
 * Result: bytes of the blob, or 0 if the buffer is too small.
 */
size_t fdt_build_finish(struct fdt_builder *b);

/* fdt_build_finish_raw - the same without FDT_END. */
size_t fdt_build_finish_raw(struct fdt_builder *b);

/* fdt_build_get, fdt_build_set - a big-endian cell of a finished blob, at any byte. */
uint32_t fdt_build_get(const void *blob, size_t at);
void fdt_build_set(void *blob, size_t at, uint32_t value);

/* Where the fields of the header are. */
enum {
	FDT_BUILD_MAGIC = 0,
	FDT_BUILD_TOTAL = 4,
	FDT_BUILD_STRUCT = 8,
	FDT_BUILD_STRINGS = 12,
	FDT_BUILD_RESERVE = 16,
	FDT_BUILD_VERSION = 20,
	FDT_BUILD_LAST_COMPATIBLE = 24,
	FDT_BUILD_BOOT_HART = 28,
	FDT_BUILD_STRINGS_SIZE = 32,
	FDT_BUILD_STRUCT_SIZE = 36,
	FDT_BUILD_HEADER_SIZE = 40,
};

#endif
