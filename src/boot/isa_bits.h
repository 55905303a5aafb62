/* SPDX-License-Identifier: MIT */
/*
 * isa_bits.h - the extensions of the instruction set that a build may ask for (make ISA=) and a
 * hart may lack. Numbers only; a bit each. The Makefile refuses to build for an extension that is
 * not here.
 */
#ifndef ACRE_BOOT_ISA_BITS_H
#define ACRE_BOOT_ISA_BITS_H

#define ISA_ZBA   1
#define ISA_ZBB   2
#define ISA_ZBC   4
#define ISA_ZBS   8
#define ISA_COUNT 4

#endif
