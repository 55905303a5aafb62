/* SPDX-License-Identifier: MIT */
/* free_list.c - a stack of frames, linked through an array. */
#include "bench/free_list.h"

void free_list_init(struct free_list *list, uint64_t first, uint32_t n, uint32_t *next)
{
	*list = (struct free_list){ .first = first, .head = 0, .next = next };
	for (uint32_t i = 0; i < n; i++)
		next[i] = i + 1 < n ? i + 1 : FREE_LIST_END;
}

uint64_t free_list_alloc(struct free_list *list)
{
	uint32_t i = list->head;

	if (i == FREE_LIST_END)
		return UINT64_MAX;
	list->head = list->next[i];
	return list->first + i;
}

void free_list_free(struct free_list *list, uint64_t frame)
{
	uint32_t i = (uint32_t)(frame - list->first);

	list->next[i] = list->head;
	list->head = i;
}
