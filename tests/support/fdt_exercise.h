/* SPDX-License-Identifier: MIT */
/*
 * fdt_exercise.h - runs everything that src/fdt can do over one blob, good or hostile, and checks
 * what must hold for any of them. Used by the cases and by the fuzzer.
 */
#ifndef FDT_EXERCISE_H
#define FDT_EXERCISE_H

#include <stddef.h>

#include "fdt/fdt.h"

/*
 * fdt_exercise - open the blob (*@opened is what fdt_open() said) and, if that works, walk all of
 * it, by the tree and by every iterator.
 * Result: NULL, or the sentence that is broken:
 *   an opened blob shows no structural error any more; every name and value lies inside the blob
 *   and every string ends in it; depths fit each other; no iterator gives more than the blob can
 *   hold; a range does not pass the end of the address space.
 */
const char *fdt_exercise(const void *blob, size_t limit, enum acre_status *opened);

#endif
