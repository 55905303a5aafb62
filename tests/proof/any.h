/* SPDX-License-Identifier: MIT */
/* any.h - numbers of which Eva knows nothing: it takes each read for a new one. */
#ifndef TESTS_ANALYSER_ANY_H
#define TESTS_ANALYSER_ANY_H

#include <stdint.h>

extern volatile uint64_t any;

static inline uint32_t any_u32(void)
{
	return (uint32_t)any;
}

/* 0 .. end - 1; @end is not 0. */
static inline uint32_t any_below(uint32_t end)
{
	return (uint32_t)(any % end);
}

#endif
