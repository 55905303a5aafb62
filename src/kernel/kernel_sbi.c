/* SPDX-License-Identifier: MIT */
/*
 * kernel_sbi.c - the firmware as the kernel sees it, and platform_write() of the seam through it.
 */
#include "kernel/kernel_sbi.h"

#include "lib/platform.h"
#include "sbi/console.h"

struct sbi kernel_sbi;

void platform_write(const char *text, size_t len)
{
	sbi_console_write(&kernel_sbi, text, len);
}
