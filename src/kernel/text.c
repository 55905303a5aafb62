/* SPDX-License-Identifier: MIT */
/* text.c - see text.h. */
#include "kernel/text.h"

#include "kernel/memory/kmalloc.h"
#include "lib/string.h"

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

char *text_copy(const char *text)
{
	size_t len = strlen(text);
	char *copy = kmalloc_or_panic(len + 1);

	copy_printable(copy, text, len);
	return copy;
}
