/* SPDX-License-Identifier: MIT */
/* timer.h - the next timer interrupt of this hart. */
#ifndef ACRE_SBI_TIMER_H
#define ACRE_SBI_TIMER_H

#include "sbi/sbi.h"

#include "lib/attributes.h"

/* A time that does not come: sbi_set_timer() with it takes a pending timer interrupt back. */
#define SBI_TIMER_NEVER UINT64_MAX

/*
 * sbi_set_timer - raise the supervisor timer interrupt on this hart once the time CSR reaches
 *         @time (absolute, in ticks of the timebase), and clear the one that is pending. One timer
 *         per hart: the last call counts. TIME, else the legacy call.
 * Result: SBI_SUCCESS or the error.
 * Source: SBI v3.0 sections 6.1, 5.1.
 */
acre_nodiscard long sbi_set_timer(const struct sbi *sbi, uint64_t time);

#endif
