/* SPDX-License-Identifier: MIT */
/* panic_report.h - the last words: where, why, registers, who called whom. */
#ifndef ACRE_KERNEL_PANIC_REPORT_H
#define ACRE_KERNEL_PANIC_REPORT_H

#include <stdint.h>

#include "lib/attributes.h"

struct trap_frame;

/*
 * panic_on_trap - report an exception that no test asked for, and stop the machine with a failing
 * exit code. No lock, no allocation.
 */
acre_noreturn void panic_on_trap(const struct trap_frame *frame);

/*
 * panic_hook - if set, called with each panic's message before anything is printed, and need not
 * return: how a test survives the panic that it asked for. One hart at a time.
 */
extern void (*panic_hook)(const char *message);

/* panic_address_hook - if set, called to say in a line what is at the address of an access fault. */
extern void (*panic_address_hook)(uint64_t address);

#endif
