/* SPDX-License-Identifier: MIT */
/* exit.h - how the machine ends, and how the verdict reaches an emulator or a debugger. */
#ifndef ACRE_KERNEL_EXIT_H
#define ACRE_KERNEL_EXIT_H

#include <stdbool.h>

#include "fdt/fdt.h"
#include "lib/attributes.h"

enum exit_verdict { EXIT_OK, EXIT_FAILED };

/*
 * exit_init - find the device that carries an exit code (sifive,test), if the device tree has one.
 */
void exit_init(const struct fdt *fdt);

/* exit_allow_semihosting - a boot argument says that a semihosting debugger listens. */
void exit_allow_semihosting(void);

/* exit_note_failure - something failed: the verdict is EXIT_FAILED from now on. */
void exit_note_failure(void);
enum exit_verdict exit_verdict_so_far(void);

/*
 * machine_exit - power off with @verdict. Tries, in this order: the sifive,test device, semihosting
 * if allowed, SBI system reset, legacy shutdown. Before it asks the firmware it says what to do if
 * that has no effect. A board that can do none of them says so and waits. No lock, no allocation.
 */
acre_noreturn void machine_exit(enum exit_verdict verdict);

/* machine_reboot - a cold reboot through SBI; if there is none, says so and powers off. */
acre_noreturn void machine_reboot(void);

#endif
