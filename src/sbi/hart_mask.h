/* SPDX-License-Identifier: MIT */
/*
 * hart_mask.h - which harts a call is for, as the legacy calls want it.
 *
 * Since 0.2 a set of harts is a word and the hart id of its bit 0 (SBI v3.0 section 3.1). Before,
 * it was the address of a vector of words that starts at hart 0 (chapter 5).
 */
#ifndef ACRE_SBI_HART_MASK_H
#define ACRE_SBI_HART_MASK_H

#include "sbi/sbi.h"

#include "lib/attributes.h"

/* Harts 0 to 511 can be named to a legacy firmware, which is far more than any of them served. */
#define SBI_LEGACY_MASK_WORDS 8u

struct sbi_legacy_mask {
	unsigned long word[SBI_LEGACY_MASK_WORDS];
};

/*
 * sbi_legacy_mask_make - bit i of @mask as hart @base + i in @vector; all harts if @base is
 *         SBI_HART_MASK_ALL.
 * Result: SBI_SUCCESS, or SBI_ERR_INVALID_PARAM when a hart of the set is past the vector's end.
 */
acre_nodiscard long sbi_legacy_mask_make(struct sbi_legacy_mask *vector, unsigned long mask,
					 unsigned long base);

#endif
