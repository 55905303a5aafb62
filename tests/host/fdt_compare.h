/* SPDX-License-Identifier: MIT */
/* fdt_compare.h - src/fdt against libfdt, token by token and property by property. */
#ifndef FDT_COMPARE_H
#define FDT_COMPARE_H

#include <stddef.h>

/*
 * fdt_compare - do both readers see the same in these bytes? @blob is aligned to 8.
 * Result: NULL, or the sentence that is broken. A blob that only one of them takes is fine where
 *         fdt_compare.c lists the reason.
 */
const char *fdt_compare(const void *blob, size_t size);

#endif
