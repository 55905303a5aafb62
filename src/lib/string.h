/* SPDX-License-Identifier: MIT */
/*
 * string.h - the memory and string functions that a freestanding compiler may call by itself, and
 * the few that we use. Semantics as in ISO C17 7.24.
 */
#ifndef ACRE_LIB_STRING_H
#define ACRE_LIB_STRING_H

#include <stddef.h>

void *memcpy(void *restrict dest, const void *restrict src, size_t len);
void *memmove(void *dest, const void *src, size_t len);
void *memset(void *dest, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t max);
/*@ assigns \nothing; */
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);

#endif
