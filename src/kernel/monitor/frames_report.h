/* SPDX-License-Identifier: MIT */
/* frames_report.h - the frame pool in a few lines, as at boot. The command `frames` has more. */
#ifndef ACRE_KERNEL_FRAMES_REPORT_H
#define ACRE_KERNEL_FRAMES_REPORT_H

void report_frames(void);

#endif
