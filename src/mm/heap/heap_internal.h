/* SPDX-License-Identifier: MIT */
/* heap_internal.h - the tags of heap.c, for heap_validate.c. */
#ifndef ACRE_MM_HEAP_INTERNAL_H
#define ACRE_MM_HEAP_INTERNAL_H

#include "mm/heap/heap.h"

#define HEAP_TAG_EXACT   0u /* the size alone made the block's order */
#define HEAP_TAG_ALIGNED 1u /* the alignment made it; the size was of a smaller order */

#endif
