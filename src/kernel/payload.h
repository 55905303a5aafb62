/* SPDX-License-Identifier: MIT */
/* payload.h - what the kernel does once it is up: chosen at link time. */
#ifndef ACRE_KERNEL_PAYLOAD_H
#define ACRE_KERNEL_PAYLOAD_H

#include "kernel/bootargs.h"
#include "lib/compiler.h"

acre_noreturn void payload_run(const struct bootargs *args);

#endif
