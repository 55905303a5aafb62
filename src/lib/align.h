/* SPDX-License-Identifier: MIT */
/*
 * align.h - rounding and checked arithmetic on addresses and sizes: the one place where an add or
 * a multiply may overflow, and says so. Units are whatever the caller uses for both operands.
 */
#ifndef ACRE_LIB_ALIGN_H
#define ACRE_LIB_ALIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"

/*@ assigns \nothing; */
static inline bool is_power_of_two(uint64_t x)
{
	return x != 0 && (x & (x - 1)) == 0;
}

/* is_aligned - @align is a power of two. */
/*@
	requires align > 0;
	assigns \nothing;
*/
static inline bool is_aligned(uint64_t x, uint64_t align)
{
	return (x & (align - 1)) == 0;
}

/* align_down - the largest multiple of @align (a power of two) that is <= @x. Cannot overflow. */
/*@
	requires align > 0;
	assigns \nothing;
*/
static inline uint64_t align_down(uint64_t x, uint64_t align)
{
	return x & ~(align - 1);
}

/* align_up - the smallest multiple of @align (a power of two) that is >= @x. Pre: there is one. */
/*@
	requires align > 0 && x + (align - 1) <= UINT64_MAX;
	assigns \nothing;
*/
static inline uint64_t align_up(uint64_t x, uint64_t align)
{
	return align_down(x + (align - 1), align);
}

/* add_checked - *@sum = @a + @b; false, and *@sum untouched, if that does not fit in 64 bits. */
/*@
	requires \valid(sum);
	assigns *sum;
	ensures \result <==> a + b <= UINT64_MAX;
	ensures *sum == (\result ? a + b : \old(*sum));
*/
static inline acre_nodiscard bool add_checked(uint64_t a, uint64_t b, uint64_t *sum)
{
	if (b > UINT64_MAX - a)
		return false;
	*sum = a + b;
	return true;
}

/* mul_checked - *@product = @a * @b; false, and *@product untouched, if that does not fit. */
/*@
	requires \valid(product);
	assigns *product;
	ensures \result <==> a * b <= UINT64_MAX;
	ensures *product == (\result ? a * b : \old(*product));
*/
static inline acre_nodiscard bool mul_checked(uint64_t a, uint64_t b, uint64_t *product)
{
	if (a != 0 && b > UINT64_MAX / a)
		return false;
	*product = a * b;
	return true;
}

/* align_up_checked - *@up = the smallest multiple of @align >= @x; false if that is 2^64. */
/*@
	requires align > 0 && \valid(up);
	assigns *up;
	ensures \result <==> x + (align - 1) <= UINT64_MAX;
*/
static inline acre_nodiscard bool align_up_checked(uint64_t x, uint64_t align, uint64_t *up)
{
	uint64_t sum;

	if (!add_checked(x, align - 1, &sum))
		return false;
	*up = align_down(sum, align);
	return true;
}

#endif
