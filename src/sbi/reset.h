/* SPDX-License-Identifier: MIT */
/*
 * reset.h - leave: switch off or start over.
 *
 * Say what there is to say before the call: there are boards on which the firmware claims that it
 * can do this and then hangs (QEMU's spike), and no way to know.
 */
#ifndef ACRE_SBI_RESET_H
#define ACRE_SBI_RESET_H

#include "sbi/sbi.h"

#include "lib/attributes.h"

/* What is to be said before sbi_shutdown(). */
#define SBI_SHUTDOWN_WARNING "powering off; if the board stays on, it is safe to switch it off\n"

/*
 * sbi_shutdown - switch the machine off; @reason is SBI_SRST_REASON_*.
 *         Legacy shutdown, which knows no reason, is used only where SRST is absent. It is not a
 *         second try: where SRST refuses, the legacy call has been seen to hang (QEMU's sifive_u).
 * Result: only if it failed: the error; SBI_ERR_FAILED if the firmware came back saying nothing.
 * Source: SBI v3.0 sections 10.1, 5.9.
 */
acre_nodiscard long sbi_shutdown(const struct sbi *sbi, uint32_t reason);

/*
 * sbi_reboot - cold reboot: everything starts over, memory contents are lost.
 * Result: only if it failed: the error. There is no legacy fallback.
 * Source: SBI v3.0 section 10.1.
 */
acre_nodiscard long sbi_reboot(const struct sbi *sbi, uint32_t reason);

#endif
