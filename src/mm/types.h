/* SPDX-License-Identifier: MIT */
/*
 * types.h - the units of memory. A physical address, a frame number, a count of frames and a count
 * of bytes are different things and have different names.
 */
#ifndef MM_TYPES_H
#define MM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12u
#define PAGE_SIZE  ((uint64_t)1 << PAGE_SHIFT)

/* RV64 physical addresses have at most 56 bits (Privileged Architecture, Sv39 to Sv57). */
#define PADDR_BITS  56u
#define PADDR_LIMIT ((uint64_t)1 << PADDR_BITS)

typedef uint64_t paddr_t;  /* a physical address, in bytes */
typedef uint64_t pfn_t;    /* a frame number: paddr >> PAGE_SHIFT */
typedef uint64_t npages_t; /* a count of frames */

/* Not a frame. Frame 0 is a frame like any other. */
#define PFN_NONE UINT64_MAX

/* Bytes [start, end), empty when start == end. */
struct range {
	paddr_t start;
	paddr_t end;
};

/*@
	requires r.start <= r.end;
	assigns \nothing;
	ensures \result == r.end - r.start;
*/
static inline uint64_t range_size(struct range r)
{
	return r.end - r.start;
}

/*@
	assigns \nothing;
	ensures \result <==> r.start >= r.end;
*/
static inline bool range_is_empty(struct range r)
{
	return r.start >= r.end;
}

/*@
	assigns \nothing;
	ensures \result <==> r.start <= addr < r.end;
*/
static inline bool range_contains(struct range r, paddr_t addr)
{
	return addr >= r.start && addr < r.end;
}

/*@
	assigns \nothing;
	ensures \result <==> a.start < b.end && b.start < a.end;
*/
static inline bool range_overlaps(struct range a, struct range b)
{
	return a.start < b.end && b.start < a.end;
}

/*@
	requires pfn <= UINT64_MAX / PAGE_SIZE;
	assigns \nothing;
	ensures \result == pfn * PAGE_SIZE;
*/
static inline paddr_t pfn_to_paddr(pfn_t pfn)
{
	return pfn * PAGE_SIZE;
}

/*@
	assigns \nothing;
	ensures \result == addr / PAGE_SIZE;
*/
static inline pfn_t paddr_to_pfn(paddr_t addr)
{
	return addr / PAGE_SIZE;
}

#endif
