/* SPDX-License-Identifier: MIT */
/*
 * heap_bulk.h - several blocks of one size at a time; and a reserve: blocks that are taken in
 * advance, so that code which may not fail has them.
 */
#ifndef ACRE_MM_HEAP_BULK_H
#define ACRE_MM_HEAP_BULK_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/attributes.h"

struct heap;

/*
 * heap_alloc_bulk - @n blocks of at least @size bytes: block[0] to block[@n - 1].
 * Result: true, and all are the caller's, each to be freed in any way; or false: there are not as
 *         many, and the caller has none.
 * Cost:   objects: one atomic instruction for objects in one word, 64 at most; at least as
 *         many as heap_alloc() would take of the same words. Larger blocks: heap_alloc() for each.
 */
acre_nodiscard bool heap_alloc_bulk(struct heap *h, size_t size, size_t n, void **block,
				    const void *caller);

/*
 * heap_free_bulk - heap_free() of block[0] to block[@n - 1], blocks of any kind and NULL. What is no
 * live block is refused and reported one by one, also the second of two equal pointers; the others
 * are freed.
 * Cost:   one atomic instruction for objects that follow one another in @block and lie in one word.
 */
void heap_free_bulk(struct heap *h, size_t n, void *const *block, const void *caller);

/* A reserve. No other hart can use what is in it, and no handler. */
struct heap_reserve {
	struct heap *heap;
	void **block;
	size_t n; /* that are left */
};

/*
 * heap_reserve_open - a reserve of @n blocks of @size bytes. @room has room for @n pointers, and is
 * lent until heap_reserve_close(). Result: false if there are not as many; then there is no
 * reserve.
 */
acre_nodiscard bool heap_reserve_open(struct heap_reserve *reserve, struct heap *h, size_t size,
				      size_t n, void **room, const void *caller);

/*
 * heap_reserve_take - one of the blocks, the caller's from now on, to be freed by heap_free(). NULL
 * when all have been taken. No lock, no atomic instruction: one caller at a time.
 */
acre_nodiscard void *heap_reserve_take(struct heap_reserve *reserve);

/* heap_reserve_close - what was not taken goes back. */
void heap_reserve_close(struct heap_reserve *reserve, const void *caller);

#endif
