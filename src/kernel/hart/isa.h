/* SPDX-License-Identifier: MIT */
/*
 * isa.h - words about a hart that lacks what the kernel was built for: boot/isa.S finds that out.
 */
#ifndef ACRE_KERNEL_ISA_H
#define ACRE_KERNEL_ISA_H

#include <stdint.h>

#include "boot/isa_bits.h"
#include "lib/attributes.h"

#define ISA_NAMES_LEN (ISA_COUNT * sizeof("zba, "))

/* isa_names - the extensions @bits, as in "zba, zbs". Result: @text, terminated. */
const char *isa_names(char text[ISA_NAMES_LEN], uint64_t bits);

/*
 * isa_refuse - say that hart @hart_id lacks the extensions @lacking, and what to do, and switch the
 * machine off. The boot hart's first and last C function: no BSS, no record, no trap can be
 * reported.
 */
acre_noreturn void isa_refuse(uint64_t hart_id, uint64_t lacking);

#endif
