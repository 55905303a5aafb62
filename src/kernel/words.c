/* SPDX-License-Identifier: MIT */
/* words.c - the words of words.h. */
#include "kernel/words.h"

#include "lib/align.h"
#include "lib/string.h"

static bool separates(char c)
{
	return (unsigned char)c <= ' ' || c == 127;
}

bool word_next(const char *text, size_t len, size_t *at, struct word *word)
{
	while (*at < len && separates(text[*at]))
		(*at)++;
	word->text = text + *at;
	while (*at < len && !separates(text[*at]))
		(*at)++;
	word->len = (size_t)(text + *at - word->text);
	return word->len != 0;
}

bool word_is(const char *text, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(text, name, len) == 0;
}

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

bool word_to_number(const char *text, size_t len, uint64_t *number)
{
	unsigned base = 10;
	uint64_t value = 0;

	if (len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
		len -= 2;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned digit = digit_value(text[i]);
		if (digit >= base || !mul_checked(value, base, &value) ||
		    !add_checked(value, digit, &value))
			return false;
	}
	if (len == 0)
		return false;
	*number = value;
	return true;
}

/* How often 1024 is multiplied by, 0 if @c is no suffix. */
static unsigned suffix_power(char c)
{
	static const char suffix[] = "kmgt";

	for (unsigned i = 0; suffix[i] != '\0'; i++) {
		if ((c | ('a' ^ 'A')) == suffix[i])
			return i + 1;
	}
	return 0;
}

bool word_to_bytes(const char *text, size_t len, uint64_t *bytes)
{
	unsigned power = len > 0 ? suffix_power(text[len - 1]) : 0;
	uint64_t number;

	if (!word_to_number(text, power != 0 ? len - 1 : len, &number))
		return false;
	for (; power > 0; power--) {
		if (!mul_checked(number, 1024, &number))
			return false;
	}
	*bytes = number;
	return true;
}

/* Iterative: on a mismatch the last '*' swallows one byte more. */
bool word_matches(const char *glob, const char *text)
{
	const char *star = NULL;
	const char *resume = NULL;

	while (*text != '\0') {
		if (*glob == '*') {
			star = glob++;
			resume = text;
		} else if (*glob == '?' || *glob == *text) {
			glob++;
			text++;
		} else if (star != NULL) {
			glob = star + 1;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return *glob == '\0';
}
