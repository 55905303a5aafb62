/* SPDX-License-Identifier: MIT */
/* text.c - see text.h. */
#include "kernel/text.h"

#include "kernel/memory/kmalloc.h"
#include "lib/string.h"
#include "mm/heap/heap_cache.h"

static void copy_printable(char *to, const char *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[len] = '\0';
}

const char *text_short(char buf[TEXT_SHORT_SIZE], const char *text, size_t len)
{
	copy_printable(buf, text, len < TEXT_SHORT_SIZE ? len : TEXT_SHORT_SIZE - 1);
	return buf;
}

/* Names of a device tree, and there may be many, are hardly ever longer. */
#define NAME_SIZE 32u

static struct heap_cache names;

static char *alloc_text(size_t size)
{
	char *text = NULL;

	if (names.heap == NULL)
		kcache_create(&names, "names", NAME_SIZE);
	if (size <= NAME_SIZE)
		text = kcache_alloc(&names);
	return text != NULL ? text : kmalloc_or_panic(size);
}

char *text_copy(const char *text)
{
	size_t len = strlen(text);
	char *copy = alloc_text(len + 1);

	copy_printable(copy, text, len);
	return copy;
}
