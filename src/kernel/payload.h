/* SPDX-License-Identifier: MIT */
/*
 * payload.h - what the kernel does once it is up. Chosen at link time (make PAYLOAD=, TESTS=): the
 * prompt, with the self-tests or without them, or a benchmark. Each payload defines both of these.
 */
#ifndef ACRE_KERNEL_PAYLOAD_H
#define ACRE_KERNEL_PAYLOAD_H

#include "kernel/bootargs.h"
#include "lib/attributes.h"

/*
 * payload_arguments - its boot arguments, beside the kernel's own. They are set before
 * payload_run().
 */
extern const struct boot_arguments payload_arguments;

/* payload_run - called on the boot hart, with everything set up and all harts parked. */
acre_noreturn void payload_run(const struct bootargs *args);

#endif
