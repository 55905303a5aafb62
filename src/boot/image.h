/* SPDX-License-Identifier: MIT */
/*
 * image.h - the RISC-V Linux boot image header (Documentation/riscv/boot-image-header.rst), which
 * makes the flat image one that U-Boot's booti takes. It stands at the very start of the image and
 * its first word is an instruction.
 */
#ifndef ACRE_BOOT_IMAGE_H
#define ACRE_BOOT_IMAGE_H

/* Where the image wants to be, from the start of RAM. */
#define IMAGE_TEXT_OFFSET 0x200000
#define IMAGE_FLAGS       0 /* bit 0: big endian */
#define IMAGE_VERSION     ((0 << 16) | 2)
#define IMAGE_MAGIC       0x5643534952 /* "RISCV" */
#define IMAGE_MAGIC2      0x05435352   /* "RSC\x05" */

#endif
