/* SPDX-License-Identifier: MIT */
/*
 * string_names.h - on the host src/lib/string.c and its cases are built under other names: the C
 * library and the sanitizers' runtime own the real ones there.
 */
#define memcpy  acre_memcpy
#define memmove acre_memmove
#define memset  acre_memset
#define memcmp  acre_memcmp
#define strlen  acre_strlen
#define strnlen acre_strnlen
#define strcmp  acre_strcmp
#define strncmp acre_strncmp
