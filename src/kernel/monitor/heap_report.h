/* SPDX-License-Identifier: MIT */
/* heap_report.h - the kernel's heap in a few lines, as at boot. The command `heap` has more. */
#ifndef ACRE_KERNEL_HEAP_REPORT_H
#define ACRE_KERNEL_HEAP_REPORT_H

void report_heap(void);

#endif
