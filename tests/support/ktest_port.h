/* SPDX-License-Identifier: MIT */
/*
 * ktest_port.h - what the test runner asks of the place it runs in: tests/host/host_port.c and
 * tests/kernel/kernel_port.c implement it.
 */
#ifndef KTEST_PORT_H
#define KTEST_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/platform.h"

/* port_stopped - does the person at the console want the run to end here? Asked before each case. */
bool port_stopped(void);

/* port_alloc - NULL when there is none; port_free - of NULL is nothing. */
void *port_alloc(size_t size, size_t align);
void port_free(void *block);

/* port_memory_is_short - are there less than KTEST_MEMORY for a case, because this program was built so? */
bool port_memory_is_short(void);

/* port_free_frames, port_heap_bytes - what a case must leave as it found it. */
uint64_t port_free_frames(void);
uint64_t port_heap_bytes(void);

enum port_outcome { PORT_RETURNED, PORT_ABANDONED, PORT_PANICKED };

/*
 * port_try - run fn(arg); a panic inside it does not stop the machine but returns here. May nest
 * once: a panic test inside a case. port_escape() leaves the innermost port_try() with @outcome.
 */
enum port_outcome port_try(void (*fn)(void *), void *arg);
_Noreturn void port_escape(enum port_outcome outcome);

/* Called by the port's platform_panic() and platform_bad_free() (ktest.c). */
void ktest_on_panic(const char *message);
void ktest_on_bad_free(const struct platform_bad_free *report);

#endif
