/* SPDX-License-Identifier: MIT */
/* fdt_compare.h - src/fdt against libfdt, token by token and property by property. */
#ifndef FDT_COMPARE_H
#define FDT_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * fdt_compare - do both readers see the same in these bytes? @blob is aligned to 8.
 * Result: NULL, or the sentence that is broken. A blob that only one of them takes is fine where
 *         fdt_compare.c lists the reason.
 */
const char *fdt_compare(const void *blob, size_t size);

/*
 * fdt_compare_can_ask - may libfdt be shown this blob? Not versions before 16, by which libfdt 1.6
 * can be made to crash, and no value of 2 GiB or more, at which its offsets go backwards and it may
 * never end.
 */
bool fdt_compare_can_ask(const void *blob, size_t size);

#endif
