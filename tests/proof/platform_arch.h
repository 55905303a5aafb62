/* SPDX-License-Identifier: MIT */
/* platform_arch.h (proof) - the inline half of the seam, of which a proof needs no body. */
#ifndef PLATFORM_ARCH_H
#define PLATFORM_ARCH_H

#include <stdbool.h>

#define PLATFORM_HAS_CTZ         0
#define PLATFORM_MAX_HARTS       512
#define PLATFORM_HAS_HART_RECORD 0

unsigned long platform_irq_save(void);
void platform_irq_restore(unsigned long state);
unsigned platform_hart(void);
void platform_relax(void);
bool platform_panicking(void);

#endif
