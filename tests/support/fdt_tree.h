/* SPDX-License-Identifier: MIT */
/* fdt_tree.h - a tree that a case builds, opens and reads. */
#ifndef FDT_TREE_H
#define FDT_TREE_H

#include "fdt/fdt.h"
#include "tests/support/fdt_builder.h"

struct fdt_tree {
	struct fdt_builder b; /* pass &t->b to fdt_build_*() */
	struct fdt fdt;
	uint8_t *blob; /* after fdt_tree_seal() */
	size_t size;
	uint8_t *buffer;
	size_t capacity;
};

/* fdt_tree_new - an empty tree with room for @capacity bytes, from ktest_alloc(). */
struct fdt_tree *fdt_tree_new(size_t capacity);

/*
 * fdt_tree_seal - finish the tree and move it to the very end of its block, so that the host's
 * sanitizer sees a read one byte past it. Ends the case if it does not fit.
 */
void fdt_tree_seal(struct fdt_tree *t);

/* fdt_tree_open - seal and open; ends the case if the reader refuses. */
const struct fdt *fdt_tree_open(struct fdt_tree *t);

/*
 * fdt_tree_sample - a tree with something of everything, about 2 KiB: two /memreserve/ entries, two
 * memory nodes (three pairs), four reservations, an initrd, three harts (one disabled), a bus with
 * a test device. Not sealed.
 */
struct fdt_tree *fdt_tree_sample(void);

#endif
