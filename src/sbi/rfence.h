/* SPDX-License-Identifier: MIT */
/*
 * rfence.h - fences on other harts, carried out before the call returns. Each takes the harts as
 * sbi_send_ipi() does, and falls back to the legacy call of the same name. The kernel calls none of
 * them yet: they are here for paging.
 */
#ifndef ACRE_SBI_RFENCE_H
#define ACRE_SBI_RFENCE_H

#include "sbi/sbi.h"

#include "lib/attributes.h"

/*
 * sbi_remote_fence_i - FENCE.I on each of the harts: they fetch what was written as code.
 * Result: SBI_SUCCESS, SBI_ERR_INVALID_PARAM for a hart that is not there, or the error.
 * Source: SBI v3.0 sections 8.1, 5.6.
 */
acre_nodiscard long sbi_remote_fence_i(const struct sbi *sbi, unsigned long mask,
				       unsigned long base);

/*
 * sbi_remote_sfence_vma - SFENCE.VMA on each of the harts for the virtual addresses [@start,
 *         @start + @size) of every address space; @size = ~0ul, or both 0: all addresses.
 * Result: as above, and SBI_ERR_INVALID_ADDRESS.
 * Source: SBI v3.0 sections 8.2, 5.7.
 */
acre_nodiscard long sbi_remote_sfence_vma(const struct sbi *sbi, unsigned long mask,
					  unsigned long base, unsigned long start,
					  unsigned long size);

/*
 * sbi_remote_sfence_vma_asid - the same for the address space @asid only.
 * Source: SBI v3.0 sections 8.3, 5.8.
 */
acre_nodiscard long sbi_remote_sfence_vma_asid(const struct sbi *sbi, unsigned long mask,
					       unsigned long base, unsigned long start,
					       unsigned long size, unsigned long asid);

#endif
