/* SPDX-License-Identifier: MIT */
/* timer.c - the timer by TIME or by the legacy call; both take all 64 bits in a0 on RV64. */
#include "sbi/timer.h"

#include "sbi/ecall.h"

long sbi_set_timer(const struct sbi *sbi, uint64_t time)
{
	if (sbi_has(sbi, SBI_EXT_TIME))
		return sbi_ecall(SBI_EID_TIME, SBI_TIME_SET_TIMER, time, 0, 0, 0, 0, 0).error;
	if (sbi_has(sbi, SBI_EXT_LEGACY_SET_TIMER))
		return sbi_ecall_legacy(SBI_EID_LEGACY_SET_TIMER, time, 0, 0, 0);
	return SBI_ERR_NOT_SUPPORTED;
}
