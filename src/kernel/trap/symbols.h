/* SPDX-License-Identifier: MIT */
/*
 * symbols.h - names of functions, for backtraces. The table is made from the linked image itself.
 */
#ifndef ACRE_KERNEL_SYMBOLS_H
#define ACRE_KERNEL_SYMBOLS_H

#include <stdint.h>

/*
 * symbol_find - the function that contains @address, and how far into it that is (*@offset).
 * Result: its name, or NULL if @address is not in the kernel's code. O(log n), no lock.
 */
const char *symbol_find(uint64_t address, uint64_t *offset);

#endif
