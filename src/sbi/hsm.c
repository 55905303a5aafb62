/* SPDX-License-Identifier: MIT */
/* hsm.c - the calls of the hart state management extension. */
#include "sbi/hsm.h"

#include "sbi/ecall.h"

static struct sbi_ret hsm_call(const struct sbi *sbi, unsigned long fid, unsigned long a0,
			       unsigned long a1, unsigned long a2)
{
	if (!sbi_has(sbi, SBI_EXT_HSM))
		return (struct sbi_ret){ .error = SBI_ERR_NOT_SUPPORTED };
	return sbi_ecall(SBI_EID_HSM, fid, a0, a1, a2, 0, 0, 0);
}

long sbi_hart_start(const struct sbi *sbi, unsigned long hartid, unsigned long start,
		    unsigned long opaque)
{
	return hsm_call(sbi, SBI_HSM_HART_START, hartid, start, opaque).error;
}

long sbi_hart_stop(const struct sbi *sbi)
{
	long error = hsm_call(sbi, SBI_HSM_HART_STOP, 0, 0, 0).error;

	return error == SBI_SUCCESS ? SBI_ERR_FAILED : error;
}

long sbi_hart_status(const struct sbi *sbi, unsigned long hartid)
{
	struct sbi_ret ret = hsm_call(sbi, SBI_HSM_HART_GET_STATUS, hartid, 0, 0);

	return ret.error == SBI_SUCCESS ? (long)ret.value : ret.error;
}

long sbi_hart_suspend(const struct sbi *sbi, uint32_t type, unsigned long resume,
		      unsigned long opaque)
{
	return hsm_call(sbi, SBI_HSM_HART_SUSPEND, type, resume, opaque).error;
}
