/* SPDX-License-Identifier: MIT */
/* fuzz.c - what the fuzzers have in common. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

uint8_t *fuzz_copy(const uint8_t *data, size_t size)
{
	static const uint8_t magic[4] = { 0xd0, 0x0d, 0xfe, 0xed };

	if (size < sizeof(magic))
		return NULL;
	uint8_t *copy = malloc(size);
	if (copy != NULL) {
		memcpy(copy, data, size);
		memcpy(copy, magic, sizeof(magic));
	}
	return copy;
}
