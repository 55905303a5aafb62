/* SPDX-License-Identifier: MIT */
/* ipi.c - software interrupts by IPI or by the legacy call. */
#include "sbi/ipi.h"

#include "sbi/ecall.h"
#include "sbi/hart_mask.h"

static long legacy_send_ipi(unsigned long mask, unsigned long base)
{
	struct sbi_legacy_mask vector;
	long error = sbi_legacy_mask_make(&vector, mask, base);

	if (error != SBI_SUCCESS)
		return error;
	return sbi_ecall_legacy(SBI_EID_LEGACY_SEND_IPI, (uintptr_t)&vector, 0, 0, 0);
}

long sbi_send_ipi(const struct sbi *sbi, unsigned long mask, unsigned long base)
{
	if (sbi_has(sbi, SBI_EXT_IPI))
		return sbi_ecall(SBI_EID_IPI, SBI_IPI_SEND_IPI, mask, base, 0, 0, 0, 0).error;
	if (sbi_has(sbi, SBI_EXT_LEGACY_SEND_IPI))
		return legacy_send_ipi(mask, base);
	return SBI_ERR_NOT_SUPPORTED;
}
