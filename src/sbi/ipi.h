/* SPDX-License-Identifier: MIT */
/* ipi.h - a software interrupt on other harts. */
#ifndef ACRE_SBI_IPI_H
#define ACRE_SBI_IPI_H

#include "sbi/sbi.h"

#include "lib/attributes.h"

/*
 * sbi_send_ipi - raise the supervisor software interrupt on hart @base + i for each bit i of @mask,
 *         on all if @base is SBI_HART_MASK_ALL. The receiver clears SSIP in sip by itself.
 *         IPI, else the legacy call (harts up to 511).
 * Result: SBI_SUCCESS, or SBI_ERR_INVALID_PARAM when a hart does not exist or is not ours (some
 *         firmware is silent about that), or the error.
 * Source: SBI v3.0 sections 7.1, 5.5.
 */
acre_nodiscard long sbi_send_ipi(const struct sbi *sbi, unsigned long mask, unsigned long base);

#endif
