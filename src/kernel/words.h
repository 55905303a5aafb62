/* SPDX-License-Identifier: MIT */
/* words.h - cutting a line of untrusted text into words, and reading numbers from them. */
#ifndef ACRE_KERNEL_WORDS_H
#define ACRE_KERNEL_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct word {
	const char *text; /* inside the line, not terminated */
	size_t len;
};

/*
 * word_next - the next word of @text[0, @len) at or after *@at, which moves past it. Blanks,
 * control characters and NUL separate words. Result: false when there is none.
 */
bool word_next(const char *text, size_t len, size_t *at, struct word *word);

/* word_is - is @text[0, @len) the terminated string @name? */
bool word_is(const char *text, size_t len, const char *name);

/*
 * word_to_number - decimal, or hexadecimal after 0x; all of @text must be digits and fit in 64
 * bits.
 */
bool word_to_number(const char *text, size_t len, uint64_t *number);

/*
 * word_to_bytes - the same with a suffix of K, M, G or T, of either case, for powers of 1024:
 * "512M".
 */
bool word_to_bytes(const char *text, size_t len, uint64_t *bytes);

/* word_matches - does the terminated @text match @glob, in which * is any bytes and ? is any byte? */
bool word_matches(const char *glob, const char *text);

#endif
