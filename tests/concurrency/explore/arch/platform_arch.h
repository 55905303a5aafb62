/* SPDX-License-Identifier: MIT */
/* platform_arch.h (explore) - the inline half of the seam where the scheduler plays the harts. */
#ifndef PLATFORM_ARCH_H
#define PLATFORM_ARCH_H

#include <stdbool.h>

#define PLATFORM_HAS_CTZ         1
#define PLATFORM_MAX_HARTS       4
#define PLATFORM_HAS_HART_RECORD 0

unsigned long platform_irq_save(void);
void platform_irq_restore(unsigned long state);
bool platform_may_wait(void);
unsigned platform_hart(void);
void platform_relax(void);
bool platform_panicking(void);

#endif
