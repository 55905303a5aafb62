/* SPDX-License-Identifier: MIT */
/* free_list.h - the simplest allocator of single frames; nobody can be faster. */
#ifndef BENCH_FREE_LIST_H
#define BENCH_FREE_LIST_H

#include <stdint.h>

struct free_list {
	int64_t head;  /* negative: none is free */
	int32_t *next; /* for each frame the one below it in the stack */
};

/* free_list_init - the frames 0 .. @n - 1, all free; @next has room for as many. */
void free_list_init(struct free_list *list, uint32_t n, int32_t *next);

/* free_list_alloc - a frame, or a negative number; free_list_free - take it back, unseen. */
int64_t free_list_alloc(struct free_list *list);
void free_list_free(struct free_list *list, int64_t frame);

#endif
