/* SPDX-License-Identifier: MIT */
/*
 * hsm.h - start, stop, suspend harts and ask for their state. There is no legacy fallback: before
 * HSM all harts came out of the firmware at the same time.
 */
#ifndef ACRE_SBI_HSM_H
#define ACRE_SBI_HSM_H

#include "sbi/sbi.h"

#include "lib/attributes.h"

/*
 * sbi_hart_start - let the stopped hart @hartid begin at the physical address @start, in S-mode
 *         with satp = 0, interrupts off, its id in a0 and @opaque in a1.
 * Result: SBI_SUCCESS (the hart is on its way, not there: some firmware says so even of harts that
 *         never come), SBI_ERR_INVALID_ADDRESS, SBI_ERR_INVALID_PARAM (no such hart),
 *         SBI_ERR_ALREADY_AVAILABLE (it runs already), SBI_ERR_FAILED.
 * Source: SBI v3.0 section 9.1.
 */
acre_nodiscard long sbi_hart_start(const struct sbi *sbi, unsigned long hartid, unsigned long start,
				   unsigned long opaque);

/*
 * sbi_hart_stop - give this hart back to the firmware. Its memory is no longer used, so a
 *         hart that waits for SBI_HSM_STATE_STOPPED may then take its stack. Pre: interrupts off on
 *         this hart.
 * Result: only if it failed: SBI_ERR_FAILED or the error.
 * Source: SBI v3.0 section 9.2.
 */
acre_nodiscard long sbi_hart_stop(const struct sbi *sbi);

/*
 * sbi_hart_status - the state of hart @hartid, which may be out of date when it arrives.
 * Result: SBI_HSM_STATE_* (>= 0), or SBI_ERR_INVALID_PARAM when there is no such hart.
 * Source: SBI v3.0 section 9.3.
 */
acre_nodiscard long sbi_hart_status(const struct sbi *sbi, unsigned long hartid);

/*
 * sbi_hart_suspend - put this hart to sleep until an interrupt that is enabled in sie is pending;
 *         @type is SBI_HSM_SUSPEND_* or one of the platform's. Interrupts may be off.
 *         Retentive: returns when it wakes, @resume and @opaque are not used. Non-retentive: the
 *         hart wakes up at the physical address @resume as if started, with @opaque in a1.
 * Result: SBI_SUCCESS after a retentive sleep, else the error (SBI_ERR_NOT_SUPPORTED,
 *         SBI_ERR_INVALID_PARAM, SBI_ERR_INVALID_ADDRESS, SBI_ERR_FAILED).
 * Source: SBI v3.0 section 9.4.
 */
acre_nodiscard long sbi_hart_suspend(const struct sbi *sbi, uint32_t type, unsigned long resume,
				     unsigned long opaque);

#endif
