/* SPDX-License-Identifier: MIT */
/* free_list.h - the simplest allocator of single frames; nobody can be faster. */
#ifndef BENCH_FREE_LIST_H
#define BENCH_FREE_LIST_H

#include <stdint.h>

struct free_list {
	uint64_t first;
	uint32_t head;
	uint32_t *next; /* of each frame; the list ends with FREE_LIST_END */
};

#define FREE_LIST_END UINT32_MAX

/* free_list_init - @n free frames from @first on; @next has room for as many. */
void free_list_init(struct free_list *list, uint64_t first, uint32_t n, uint32_t *next);

/* free_list_alloc - a frame, or UINT64_MAX; free_list_free - take it back, unseen. */
uint64_t free_list_alloc(struct free_list *list);
void free_list_free(struct free_list *list, uint64_t frame);

#endif
