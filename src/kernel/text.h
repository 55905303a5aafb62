/* SPDX-License-Identifier: MIT */
/*
 * text.h - text from outside (the device tree, the console) made printable: every byte that is not
 * printable ASCII becomes '?'; and a short name for the type of numbers that are printed.
 */
#ifndef ACRE_KERNEL_TEXT_H
#define ACRE_KERNEL_TEXT_H

#include <stddef.h>

#define TEXT_SHORT_SIZE 64

/* What %llu and %llx take, whatever type the number has. */
typedef unsigned long long ull;

/*
 * text_short - at most TEXT_SHORT_SIZE - 1 bytes of @text[0, @len) in @buf, terminated. Result:
 * @buf.
 */
const char *text_short(char buf[TEXT_SHORT_SIZE], const char *text, size_t len);

/*
 * text_copy - all of the terminated @text, on the kernel's heap, until kfree(). Panics
 * without memory. Pre: one hart copies at a time.
 */
char *text_copy(const char *text);

#endif
