/* SPDX-License-Identifier: MIT */
/*
 * symbols.c - look-up in the table that scripts/gen-symbols makes: for each function its distance
 * from text_start and the place of its name, sorted by address.
 */
#include "kernel/trap/symbols.h"

#include "lib/string.h"

struct symbol {
	uint32_t text_offset;
	uint32_t name_offset;
};

extern const struct symbol symbol_table[];
extern const uint32_t symbol_count;
extern const char symbol_names[];
extern const char text_start[];
extern const char text_end[];

const char *symbol_find(uint64_t address, uint64_t *offset)
{
	uint64_t start = (uint64_t)text_start;

	if (address < start || address >= (uint64_t)text_end || symbol_count == 0)
		return NULL;
	/* The last entry at or below; entry 0 is at offset 0. */
	uint32_t low = 0;
	uint32_t high = symbol_count;
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;
		if (symbol_table[mid].text_offset <= address - start)
			low = mid;
		else
			high = mid;
	}
	*offset = address - start - symbol_table[low].text_offset;
	return symbol_names + symbol_table[low].name_offset;
}

const char *symbol_name(size_t i)
{
	return i < symbol_count ? symbol_names + symbol_table[i].name_offset : NULL;
}

bool symbol_address(const char *name, size_t len, uint64_t *address)
{
	const char *each;

	for (size_t i = 0; (each = symbol_name(i)) != NULL; i++) {
		if (strlen(each) == len && memcmp(each, name, len) == 0) {
			*address = (uint64_t)text_start + symbol_table[i].text_offset;
			return true;
		}
	}
	return false;
}
