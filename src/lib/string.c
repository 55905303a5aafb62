/* SPDX-License-Identifier: MIT */
/*
 * string.c - ISO C memory and string functions for a place without a C library. Copies and fills go
 * eight bytes at a time where both sides allow it.
 */
#include "lib/string.h"

#include <stdint.h>

/* A word that may alias anything, as memory functions must. */
typedef uint64_t __attribute__((may_alias)) word_t;

#define WORD  sizeof(word_t)
#define BLOCK (16 * WORD) /* what memset() fills at a time */

static inline size_t misalignment(const void *p)
{
	return (uintptr_t)p & (WORD - 1);
}

/* From the first byte up: right for dest below src however they overlap, as a word is read whole
 * before it is written, and what is written was read already. */
static void copy_up(uint8_t *d, const uint8_t *s, size_t len)
{
	if (misalignment(d) == misalignment(s)) {
		for (; len != 0 && misalignment(d) != 0; len--)
			*d++ = *s++;
		for (; len >= WORD; len -= WORD, d += WORD, s += WORD)
			*(word_t *)(void *)d = *(const word_t *)(const void *)s;
	}
	for (; len != 0; len--)
		*d++ = *s++;
}

/* From the last byte down: right for dest above src. */
static void copy_down(uint8_t *d, const uint8_t *s, size_t len)
{
	if (misalignment(d) == misalignment(s)) {
		for (; len != 0 && misalignment(d + len) != 0; len--)
			d[len - 1] = s[len - 1];
		for (; len >= WORD; len -= WORD)
			*(word_t *)(void *)(d + len - WORD) =
				*(const word_t *)(const void *)(s + len - WORD);
	}
	for (; len != 0; len--)
		d[len - 1] = s[len - 1];
}

void *memcpy(void *restrict dest, const void *restrict src, size_t len)
{
	copy_up(dest, src, len);
	return dest;
}

void *memmove(void *dest, const void *src, size_t len)
{
	if ((uintptr_t)dest - (uintptr_t)src >= len) /* dest is below src, or after its end */
		copy_up(dest, src, len);
	else
		copy_down(dest, src, len);
	return dest;
}

/*
 * Written out, since boot fills the tables of all memory by this: a loop would cost as much again.
 */
static inline void fill_block(word_t *w, word_t word)
{
	w[0] = w[1] = w[2] = w[3] = word;
	w[4] = w[5] = w[6] = w[7] = word;
	w[8] = w[9] = w[10] = w[11] = word;
	w[12] = w[13] = w[14] = w[15] = word;
}

void *memset(void *dest, int value, size_t len)
{
	uint8_t *d = dest;
	uint8_t byte = (uint8_t)value;
	word_t word = byte * 0x0101010101010101ull;

	for (; len != 0 && misalignment(d) != 0; len--)
		*d++ = byte;
	for (; len >= BLOCK; len -= BLOCK, d += BLOCK)
		fill_block((word_t *)(void *)d, word);
	for (; len >= WORD; len -= WORD, d += WORD)
		*(word_t *)(void *)d = word;
	for (; len != 0; len--)
		*d++ = byte;
	return dest;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a;
	const uint8_t *y = b;

	for (size_t i = 0; i < len; i++) {
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	}
	return 0;
}

size_t strlen(const char *text)
{
	size_t len = 0;

	while (text[len] != '\0')
		len++;
	return len;
}

size_t strnlen(const char *text, size_t max)
{
	size_t len = 0;

	while (len < max && text[len] != '\0')
		len++;
	return len;
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (size_t i = 0; i < max; i++) {
		uint8_t x = (uint8_t)a[i];
		uint8_t y = (uint8_t)b[i];
		if (x != y)
			return x < y ? -1 : 1;
		if (x == 0)
			return 0;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}
