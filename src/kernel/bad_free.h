/* SPDX-License-Identifier: MIT */
/* bad_free.h - what the kernel does after an allocator has refused a free: a report, or a panic. */
#ifndef ACRE_KERNEL_BAD_FREE_H
#define ACRE_KERNEL_BAD_FREE_H

#include <stdbool.h>

#include "lib/platform.h"

/*
 * bad_free_set_reports - true: a refused free is reported and the kernel goes on; false (at the
 * start): it panics. Result: what was set before.
 */
bool bad_free_set_reports(bool reports);

/*
 * bad_free_hook - if set, gets the refused frees instead: how a test counts the frees that it
 * caused.
 */
extern void (*bad_free_hook)(const struct platform_bad_free *report);

#define BAD_FREE_LEN 320u

/*
 * bad_free_sentence - "heap: refused to free 0x.. for 0x.. NAME: inside a live block [start, end)"
 * into @buf of @size bytes, terminated; after it, if that is known, ", freed by 0x.. NAME on hart
 * 2".
 */
void bad_free_sentence(char *buf, size_t size, const struct platform_bad_free *report);

#endif
