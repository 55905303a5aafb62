/* SPDX-License-Identifier: MIT */
/* kernel_sbi.h - the kernel's one view of its firmware, probed once by kernel_main(). */
#ifndef KERNEL_KERNEL_SBI_H
#define KERNEL_KERNEL_SBI_H

#include "sbi/sbi.h"

extern struct sbi kernel_sbi;

#endif
