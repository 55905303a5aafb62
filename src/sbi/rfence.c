/* SPDX-License-Identifier: MIT */
/* rfence.c - remote fences by RFENCE or by the legacy calls. */
#include "sbi/rfence.h"

#include "sbi/ecall.h"
#include "sbi/hart_mask.h"

struct fence {
	unsigned long fid; /* of RFENCE */
	enum sbi_ext legacy;
	unsigned long start, size, asid; /* 0 where the call does not use them */
};

static long fence(const struct sbi *sbi, unsigned long mask, unsigned long base,
		  const struct fence *f)
{
	struct sbi_legacy_mask vector;

	if (sbi_has(sbi, SBI_EXT_RFENCE))
		return sbi_ecall(SBI_EID_RFENCE, f->fid, mask, base, f->start, f->size, f->asid, 0)
			.error;
	if (!sbi_has(sbi, f->legacy))
		return SBI_ERR_NOT_SUPPORTED;
	long error = sbi_legacy_mask_make(&vector, mask, base);
	if (error != SBI_SUCCESS)
		return error;
	return sbi_ecall_legacy(sbi_ext_id(f->legacy), (uintptr_t)&vector, f->start, f->size,
				f->asid);
}

long sbi_remote_fence_i(const struct sbi *sbi, unsigned long mask, unsigned long base)
{
	return fence(sbi, mask, base,
		     &(struct fence){ .fid = SBI_RFENCE_REMOTE_FENCE_I,
				      .legacy = SBI_EXT_LEGACY_REMOTE_FENCE_I });
}

long sbi_remote_sfence_vma(const struct sbi *sbi, unsigned long mask, unsigned long base,
			   unsigned long start, unsigned long size)
{
	return fence(sbi, mask, base,
		     &(struct fence){ .fid = SBI_RFENCE_REMOTE_SFENCE_VMA,
				      .legacy = SBI_EXT_LEGACY_REMOTE_SFENCE_VMA,
				      .start = start,
				      .size = size });
}

long sbi_remote_sfence_vma_asid(const struct sbi *sbi, unsigned long mask, unsigned long base,
				unsigned long start, unsigned long size, unsigned long asid)
{
	return fence(sbi, mask, base,
		     &(struct fence){ .fid = SBI_RFENCE_REMOTE_SFENCE_VMA_ASID,
				      .legacy = SBI_EXT_LEGACY_REMOTE_SFENCE_VMA_ASID,
				      .start = start,
				      .size = size,
				      .asid = asid });
}
