/* SPDX-License-Identifier: MIT */
/*
 * lift_platform.h - what the program asks of the place it runs in (host.c, rv64.c), and what the
 * seam in lift_platform.c remembers for it.
 */
#ifndef LIFT_PLATFORM_H
#define LIFT_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "mm/types.h"

struct frame_pool;
struct heap;

/* The tree of tests/lift/board.dts, as dtc compiled it (board.S). */
extern const uint8_t lift_dtb[];
extern const uint8_t lift_dtb_end[];

/* lift_put - text to wherever people read it; lift_exit - the end, 0 for good. */
void lift_put(const char *text, size_t len);
acre_noreturn void lift_exit(int code);

/* lift_bad_frees - how many frees were refused so far. */
unsigned lift_bad_frees(void);

/*
 * lift_neighbours - takes and frees a frame and a block, in a file with words of another kernel.
 * Result: how often the core called a function of that kernel by mistake, 0 if all is well.
 */
unsigned lift_neighbours(struct frame_pool *pool, struct heap *heap);

/*
 * lift_main - the program. @image is what it occupies of the RAM in the tree, empty if nothing;
 * @offset added to a physical address, modulo 2^64, gives the pointer to it. Result: exit code.
 */
int lift_main(struct acre_range image, uint64_t offset);

#endif
