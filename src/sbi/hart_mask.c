/* SPDX-License-Identifier: MIT */
/* hart_mask.c - from word and base to the vector of the legacy calls. */
#include "sbi/hart_mask.h"

#define WORD_BITS 64u

long sbi_legacy_mask_make(struct sbi_legacy_mask *vector, unsigned long mask, unsigned long base)
{
	bool all = base == (unsigned long)SBI_HART_MASK_ALL;

	for (size_t i = 0; i < SBI_LEGACY_MASK_WORDS; i++)
		vector->word[i] = all ? ~0ul : 0;
	if (all || mask == 0)
		return SBI_SUCCESS;
	unsigned long first = base / WORD_BITS;
	unsigned shift = base % WORD_BITS;
	unsigned long low = mask << shift;
	unsigned long high = shift != 0 ? mask >> (WORD_BITS - shift) : 0;
	if (first >= SBI_LEGACY_MASK_WORDS || (high != 0 && first + 1 >= SBI_LEGACY_MASK_WORDS))
		return SBI_ERR_INVALID_PARAM;
	vector->word[first] = low;
	if (high != 0)
		vector->word[first + 1] = high;
	return SBI_SUCCESS;
}
