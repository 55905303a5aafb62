/* SPDX-License-Identifier: MIT */
/*
 * symbols.h - names of functions, for backtraces and for the prompt. The table is made from the linked image itself.
 */
#ifndef ACRE_KERNEL_SYMBOLS_H
#define ACRE_KERNEL_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * symbol_find - the function that contains @address, and how far into it that is (*@offset).
 * Result: its name, or NULL if @address is not in the kernel's code. O(log n), no lock.
 */
const char *symbol_find(uint64_t address, uint64_t *offset);

/*
 * symbol_address - where the function @name[0, @len) begins: the first one, if several have the
 * name. False if there is none. O(n).
 */
bool symbol_address(const char *name, size_t len, uint64_t *address);

/* symbol_name - the @i-th name, in the order of addresses; NULL past the last. O(1). */
const char *symbol_name(size_t i);

#endif
