/* SPDX-License-Identifier: MIT */
/* free_list.c - a stack of frames, linked through an array. */
#include "bench/free_list.h"

void free_list_init(struct free_list *list, uint32_t n, int32_t *next)
{
	list->head = 0;
	list->next = next;
	for (uint32_t i = 0; i < n; i++)
		next[i] = i + 1 < n ? (int32_t)i + 1 : -1;
}

int64_t free_list_alloc(struct free_list *list)
{
	int64_t frame = list->head;

	if (frame >= 0)
		list->head = list->next[frame];
	return frame;
}

void free_list_free(struct free_list *list, int64_t frame)
{
	list->next[frame] = (int32_t)list->head;
	list->head = frame;
}
