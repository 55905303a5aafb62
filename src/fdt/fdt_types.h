/* SPDX-License-Identifier: MIT */
/*
 * fdt_types.h - the nouns of fdt.h: node, property, event; then the structures of a tree and of a
 * walk, and the words of the contracts. A user of fdt.h reads the first part; the members of struct
 * fdt and struct fdt_cursor are for src/fdt and for who debugs it.
 */
#ifndef ACRE_FDT_FDT_TYPES_H
#define ACRE_FDT_FDT_TYPES_H

#include <stdbool.h>
#include <stdint.h>

/* Nodes below each other, the root included. Past it: ACRE_ERR_TOO_DEEP. */
#define FDT_MAX_DEPTH 64u

/* Cells in an address or a size. Three are fine while the highest is zero. */
#define FDT_MAX_CELLS 3u

#define FDT_CELL 4u /* bytes in a cell; tokens, names and values are aligned to it */

/* A node: a place in the structure block. */
struct fdt_node {
	uint32_t offset;      /* of its FDT_BEGIN_NODE token */
	uint32_t body;        /* of the first token after its name */
	uint32_t depth;       /* 0 is the root */
	uint32_t name_length; /* without the NUL */
	const char *name;     /* with unit address: "memory@80000000"; "" for the root */
};

struct fdt_property {
	const char *name;
	uint32_t name_offset; /* in the strings block */
	uint32_t value;       /* offset of the value in the structure block */
	uint32_t length;      /* of the value in bytes */
};

/* What a walk meets, in the order of the blob. */
enum fdt_event_kind {
	FDT_EVENT_NODE,     /* a node begins: @node */
	FDT_EVENT_PROPERTY, /* of the node that is open: @property */
	FDT_EVENT_NODE_END, /* the node at @depth ends */
};

struct fdt_event {
	enum fdt_event_kind kind;
	uint32_t depth;               /* of the node that begins, has the property, or ends */
	struct fdt_node node;         /* FDT_EVENT_NODE only */
	struct fdt_property property; /* FDT_EVENT_PROPERTY only */
};

/* ---- a tree and a walk ----------------------------------------------------------------------- */

/* @size bytes at @base may be read. */
struct fdt_block {
	const uint8_t *base;
	uint32_t size;
};

/* An open tree. */
struct fdt {
	struct fdt_block blob;      /* all of it */
	struct fdt_block reserve;   /* the memory reservation block, up to the next block */
	struct fdt_block structure; /* the structure block */
	struct fdt_block strings;   /* the strings block, up to its last NUL */
	uint32_t version;
	uint32_t boot_hart;  /* boot_cpuid_phys; OpenSBI leaves it 0, trust a0 instead */
	uint32_t root;       /* offset of the root node's token in the structure block */
	const char *problem; /* "" after ACRE_OK, else what fdt_open() found, in words */
	uint32_t problem_at; /* and where: bytes from the start of the blob */
};

/* A walk: where it is. */
struct fdt_cursor {
	const struct fdt *fdt;
	uint32_t offset;     /* of the next token */
	uint32_t open;       /* nodes that are open: depth of the innermost + 1 */
	uint32_t floor;      /* the walk ends when this many are open again */
	bool after_subnode;  /* the open node had a subnode: no property may follow */
	bool started;        /* a node was open at some time */
	const char *problem; /* what fdt_next() found broken, in words; else "" */
};

/* ---- words of the contracts ------------------------------------------------------------------ */

/*@
	predicate readable_block(struct fdt_block *b) =
		\valid_read(b) && \valid_read(b->base + (0 .. b->size - 1));

	// The big-endian number in the four bytes at @at.
	logic integer cell_at(struct fdt_block *b, integer at) =
		b->base[at] * 0x1000000 + b->base[at + 1] * 0x10000 + b->base[at + 2] * 0x100 +
		b->base[at + 3];

	// The number in @count cells from @at on.
	logic integer cells_at(struct fdt_block *b, integer at, integer count) =
		count <= 0 ? 0 :
		cells_at(b, at, count - 1) * 0x100000000 + cell_at(b, at + 4 * (count - 1));

	predicate no_nul(struct fdt_block *b, integer from, integer to) =
		\forall integer i; from <= i < to ==> b->base[i] != 0;

	// @length bytes without a NUL from @at on, and a NUL after them, all inside.
	predicate string_at(struct fdt_block *b, integer at, integer length) =
		0 <= length && 0 <= at && at + length < b->size && b->base[at + length] == 0 &&
		no_nul(b, at, at + length);

	// A string starts at @at and ends inside.
	predicate ends_inside(struct fdt_block *b, integer at) =
		\exists integer nul; 0 <= at <= nul < b->size && b->base[nul] == 0;

	// The bytes from @at on are @length bytes of @text.
	predicate same_bytes(struct fdt_block *b, integer at, char *text, integer length) =
		\forall integer i; 0 <= i < length ==> b->base[at + i] == (uint8_t)text[i];

	// A string of the caller's, its NUL at text[length].
	predicate text_of_length(char *text, integer length) =
		0 <= length <= 0xffffffff && text[length] == 0 &&
		(\forall integer i; 0 <= i < length ==> text[i] != 0);
	predicate is_text(char *text) = \exists integer length;
		text_of_length(text, length) && \valid_read(text + (0 .. length));

	// The string at @at is @text, NUL and all.
	predicate is_string(struct fdt_block *b, integer at, char *text, integer length) =
		at + length < b->size && same_bytes(b, at, text, length + 1);
*/

/*@
	predicate block_inside(struct fdt_block *b, struct fdt_block *outer) =
		\exists integer start; 0 <= start && b->base == outer->base + start &&
			start + b->size <= outer->size;

	// What fdt_open() promises, and all that the other functions need.
	predicate has_structure(struct fdt *f) =
		\valid_read(f) && \valid_read(f->structure.base + (0 .. f->structure.size - 1));
	predicate has_strings(struct fdt *f) =
		\valid_read(f->strings.base + (0 .. f->strings.size - 1)) &&
		(f->strings.size == 0 || f->strings.base[f->strings.size - 1] == 0);
	predicate readable_tree(struct fdt *f) = has_structure(f) && has_strings(f);
*/

/*@
	predicate node_inside(struct fdt *f, struct fdt_node n) =
		n.offset + 4 <= n.body <= f->structure.size && n.depth < FDT_MAX_DEPTH &&
		string_at(&f->structure, n.offset + 4, n.name_length);

	predicate property_inside(struct fdt *f, struct fdt_property p) =
		p.value + p.length <= f->structure.size &&
		ends_inside(&f->strings, p.name_offset);
*/

#endif
