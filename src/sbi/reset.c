/* SPDX-License-Identifier: MIT */
/* reset.c - system reset by SRST, shutdown also by the legacy call. */
#include "sbi/reset.h"

#include "sbi/ecall.h"

/* A reset that returns has failed, even if the firmware calls it a success. */
static long failed(long error)
{
	return error == SBI_SUCCESS ? SBI_ERR_FAILED : error;
}

static long system_reset(const struct sbi *sbi, uint32_t type, uint32_t reason)
{
	if (!sbi_has(sbi, SBI_EXT_SRST))
		return SBI_ERR_NOT_SUPPORTED;
	return failed(
		sbi_ecall(SBI_EID_SRST, SBI_SRST_SYSTEM_RESET, type, reason, 0, 0, 0, 0).error);
}

long sbi_shutdown(const struct sbi *sbi, uint32_t reason)
{
	if (!sbi_has(sbi, SBI_EXT_SRST) && sbi_has(sbi, SBI_EXT_LEGACY_SHUTDOWN))
		return failed(sbi_ecall_legacy(SBI_EID_LEGACY_SHUTDOWN, 0, 0, 0, 0));
	return system_reset(sbi, SBI_SRST_TYPE_SHUTDOWN, reason);
}

long sbi_reboot(const struct sbi *sbi, uint32_t reason)
{
	return system_reset(sbi, SBI_SRST_TYPE_COLD_REBOOT, reason);
}
