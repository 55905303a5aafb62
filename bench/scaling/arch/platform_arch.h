/* SPDX-License-Identifier: MIT */
/*
 * platform_arch.h (bench/scaling) - the kernel's own seam, but a bit is set by the compiler's atomic
 * operation: a store in assembler would not be announced.
 */
#ifndef BENCH_SCALING_PLATFORM_ARCH_H
#define BENCH_SCALING_PLATFORM_ARCH_H

#include "kernel/rv64/platform_arch.h"
#undef PLATFORM_HAS_OR_RELEASE

#endif
