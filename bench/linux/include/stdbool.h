/* SPDX-License-Identifier: MIT */
/* stdbool.h (bench/linux) - Linux has it elsewhere. */
#include <linux/stddef.h>
#include <linux/types.h>
