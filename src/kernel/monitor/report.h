/* SPDX-License-Identifier: MIT */
/* report.h - what the kernel tells people about the machine: at boot, and at the prompt. */
#ifndef ACRE_KERNEL_REPORT_H
#define ACRE_KERNEL_REPORT_H

/* Each prints some lines, aligned, and changes nothing. */
void report_machine(void); /* what booted it, model, ISA, harts */
void report_harts(void);   /* a line for each hart, and what its clients say */
void report_memory(void);  /* every region, and what was taken out of RAM by whom */
void report_ready(void);   /* the time from entry */

#endif
