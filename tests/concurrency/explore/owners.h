/* SPDX-License-Identifier: MIT */
/*
 * owners.h - which activity has which bytes of a heap's memory: no block is handed out twice, and
 * what its owner wrote to it stays.
 */
#ifndef TESTS_EXPLORE_OWNERS_H
#define TESTS_EXPLORE_OWNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OWNERS_UNIT 32u /* bytes; a block is a multiple of it */
#define OWNERS_MOST 2048u

struct owners {
	uint8_t *memory;
	size_t bytes;               /* OWNERS_MOST units at most */
	uint8_t owner[OWNERS_MOST]; /* activity + 1; 0: none */
};

/* owners_reset - no activity has anything of [@memory, @memory + @bytes). */
void owners_reset(struct owners *owners, uint8_t *memory, size_t bytes);

/* owners_take - the activity that runs got [@block, @block + @size), and writes to both ends. */
void owners_take(struct owners *owners, uint8_t *block, size_t size);

/* owners_give - it is about to give that back: both ends are as it wrote them. */
void owners_give(struct owners *owners, uint8_t *block, size_t size);

/* owners_inherit - what setup took is the activity's that runs from now on. */
void owners_inherit(struct owners *owners, uint8_t *block, size_t size);

/* owners_check - [@block, @block + @size) is as its owner left it, if it has one. For the end. */
void owners_check(struct owners *owners, const uint8_t *block, size_t size);

/* owners_has_none - no activity has any of [@start, @start + @bytes). */
bool owners_has_none(const struct owners *owners, const uint8_t *start, size_t bytes);

#endif
