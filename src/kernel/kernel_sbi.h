/* SPDX-License-Identifier: MIT */
/* kernel_sbi.h - the kernel's one view of its firmware, probed once by kernel_main(). */
#ifndef ACRE_KERNEL_KERNEL_SBI_H
#define ACRE_KERNEL_KERNEL_SBI_H

#include "sbi/sbi.h"

extern struct sbi kernel_sbi;

#endif
