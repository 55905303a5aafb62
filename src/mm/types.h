/* SPDX-License-Identifier: MIT */
/*
 * types.h - the units of memory. A physical address, a frame number, a count of frames and a count
 * of bytes are different things and have different names.
 */
#ifndef ACRE_MM_TYPES_H
#define ACRE_MM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Plain numbers, which #if can read. */
#define FRAME_SHIFT 12
#define FRAME_SIZE  4096ul

/* RV64 physical addresses have at most 56 bits (Privileged Architecture, Sv39 to Sv57). */
#define ACRE_PADDR_BITS  56
#define ACRE_PADDR_LIMIT (1ul << ACRE_PADDR_BITS)

typedef uint64_t acre_paddr_t;  /* a physical address, in bytes */
typedef uint64_t frame_nr_t;    /* a frame number: paddr >> FRAME_SHIFT */
typedef uint64_t frame_count_t; /* a count of frames */

/* Not a frame. Frame 0 is a frame like any other. */
#define FRAME_NONE UINT64_MAX

/* Bytes [start, end), empty when start == end. */
struct acre_range {
	acre_paddr_t start;
	acre_paddr_t end;
};

/*@
	requires r.start <= r.end;
	assigns \nothing;
	ensures \result == r.end - r.start;
*/
static inline uint64_t acre_range_size(struct acre_range r)
{
	return r.end - r.start;
}

/*@
	assigns \nothing;
	ensures \result <==> r.start >= r.end;
*/
static inline bool acre_range_is_empty(struct acre_range r)
{
	return r.start >= r.end;
}

/*@
	assigns \nothing;
	ensures \result <==> r.start <= addr < r.end;
*/
static inline bool acre_range_contains(struct acre_range r, acre_paddr_t addr)
{
	return addr >= r.start && addr < r.end;
}

/*@
	requires pfn <= UINT64_MAX / FRAME_SIZE;
	assigns \nothing;
	ensures \result == pfn * FRAME_SIZE;
*/
static inline acre_paddr_t frame_to_paddr(frame_nr_t pfn)
{
	return pfn * FRAME_SIZE;
}

/*@
	assigns \nothing;
	ensures \result == addr / FRAME_SIZE;
*/
static inline frame_nr_t frame_from_paddr(acre_paddr_t addr)
{
	return addr / FRAME_SIZE;
}

#endif
