/* SPDX-License-Identifier: MIT */
/* memmap_model.h - random maps against an array that is painted cell by cell (memmap_model_test.c). */
#ifndef TESTS_MEMMAP_MODEL_H
#define TESTS_MEMMAP_MODEL_H

#include <stdint.h>

/*
 * memmap_model_run - @trials random maps over @frames frames in cells of @cell_size bytes (a power
 * of two up to a frame). Ends the running case on the first difference.
 */
void memmap_model_run(uint32_t trials, uint32_t frames, uint32_t cell_size);

#endif
