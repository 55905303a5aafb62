/* SPDX-License-Identifier: MIT */
/*
 * lines.h - which hart wrote to a cache line last.
 *
 * In this build the compiler calls a function before each store of src/mm and src/lib/lock.c, atomic ones
 * included, as it does for its address sanitizer (mk/scaling.mk). From these calls a table is kept: line,
 * and the hart that wrote to it last. A write to a line that another hart wrote to last is what
 * a machine with caches has to fetch from that other hart: here it is called foreign.
 *
 * Of several stores of one piece of straight code to one address the compiler announces the first only.
 * That changes nothing unless another hart writes to the line between the two.
 */
#ifndef BENCH_SCALING_LINES_H
#define BENCH_SCALING_LINES_H

#include <stdint.h>

#define LINE_SIZE 64u

/* lines_begin - forget all, and count from now on; lines_end - stop. Nobody may be in an allocator. */
void lines_begin(void);
void lines_end(void);

/* lines_foreign - how many foreign writes hart @index has made since lines_begin(). */
uint64_t lines_foreign(unsigned index);

/* lines_lost - writes to lines of which nothing was known any more since the table is too small. */
uint64_t lines_lost(void);

/*
 * lines_worst - the line with the @nth most foreign writes, from 0; its address, or 0 if there are not so
 * many. *@count is how often.
 */
uintptr_t lines_worst(unsigned nth, uint64_t *count);

#endif
