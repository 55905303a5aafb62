/* SPDX-License-Identifier: MIT */
/* stdint.h (bench/linux) - what the workloads want of it, in a Linux kernel. */
#ifndef BENCH_LINUX_STDINT_H
#define BENCH_LINUX_STDINT_H

#include <linux/limits.h>
#include <linux/types.h>

#define UINT64_MAX U64_MAX

#endif
