/* SPDX-License-Identifier: MIT */
/* fuzz.h - what the fuzzers have in common. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* A fuzzer: libFuzzer calls it with what it made up, replay.c with the bytes of a file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * fuzz_copy - @data in a block of its own, from malloc(), which ends where the data ends, so that a
 * read past it is seen; aligned as libfdt wants it. Few mutations hit the magic number of a device
 * tree, so it is put there. NULL if there is no room for that.
 */
uint8_t *fuzz_copy(const uint8_t *data, size_t size);

#endif
