/* SPDX-License-Identifier: MIT */
/* abort_platform.h - what a program with abort_platform.c may change about it. */
#ifndef TESTS_ABORT_PLATFORM_H
#define TESTS_ABORT_PLATFORM_H

#include "lib/platform.h"

/* Told of a refused free, if it is not NULL: then the program goes on. */
extern void (*host_bad_free_hook)(const struct platform_bad_free *report);

#endif
