/* SPDX-License-Identifier: MIT */
/*
 * chunk_bytes.h - a byte for each chunk of 512 bits, and eight such bytes compared at a time.
 *
 * Eight bytes lie in one 64-bit word, a group: the first in the lowest byte, little-endian, as
 * RISC-V is. A few operations on the word answer a question for all eight bytes. The answer has the
 * topmost bit set in each byte for which it is yes; chunk_bytes_first() says which is the first.
 */
#ifndef ACRE_MM_CHUNK_BYTES_H
#define ACRE_MM_CHUNK_BYTES_H

#include <stdatomic.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "lib/bits.h"

#define CHUNK_ORDER 9u
#define CHUNK_BITS  (1u << CHUNK_ORDER)
#define CHUNK_WORDS (CHUNK_BITS / BITS_PER_WORD)

/*
 * What a node's byte says. In seven bits: something below has changed; no bit is set; else best
 * order + 2. In the topmost one: all chunks below are known to be whole, full or empty.
 */
#define CHUNK_STALE 0u
#define CHUNK_NONE  1u
#define CHUNK_WHOLE 0x80u
#define CHUNK_EMPTY (CHUNK_NONE | CHUNK_WHOLE)
#define CHUNK_FULL  ((CHUNK_ORDER + 2u) | CHUNK_WHOLE)

typedef _Atomic uint8_t chunk_byte;

/* Eight of them; the group begins at a multiple of 8. */
typedef uint64_t __attribute__((__may_alias__)) chunk_byte_group;

/* A group of ones: times a byte, that byte eight times. */
#define CHUNK_EVERY_BYTE (UINT64_MAX / 0xff)
#define CHUNK_EVERY_TOP  (CHUNK_EVERY_BYTE * 0x80)

/* chunk_byte_group_of - the group that has *@byte. Only for functions marked racy_reads. */
static acre_always_inline uint64_t chunk_byte_group_of(const chunk_byte *byte)
{
	return *(const volatile chunk_byte_group *)((uintptr_t)byte & ~(uintptr_t)7);
}

/* chunk_byte_best - a byte without CHUNK_WHOLE. */
static acre_always_inline unsigned chunk_byte_best(unsigned byte)
{
	return byte & ~CHUNK_WHOLE;
}

/* chunk_bytes_at_least - which bytes are at least @byte, of 1 to 127, CHUNK_WHOLE left out? */
static inline uint64_t chunk_bytes_at_least(uint64_t group, unsigned byte)
{
	return ((group | CHUNK_EVERY_TOP) - CHUNK_EVERY_BYTE * byte) & CHUNK_EVERY_TOP;
}

/* chunk_bytes_stale - which bytes are stale, CHUNK_WHOLE left out? */
static inline uint64_t chunk_bytes_stale(uint64_t group)
{
	return chunk_bytes_at_least(group, 1) ^ CHUNK_EVERY_TOP;
}

/* chunk_bytes_broken - which bytes are without CHUNK_WHOLE? */
static inline uint64_t chunk_bytes_broken(uint64_t group)
{
	return ~group & CHUNK_EVERY_TOP;
}

/* chunk_bytes_equal - which bytes are @byte? */
static inline uint64_t chunk_bytes_equal(uint64_t group, unsigned byte)
{
	const uint64_t low = CHUNK_EVERY_BYTE * 127;
	uint64_t x = group ^ CHUNK_EVERY_BYTE * byte;

	return ~(((x & low) + low) | x | low);
}

/* chunk_bytes_first - the first of eight for which the answer @mask is yes: 8 if there is none. */
static inline unsigned chunk_bytes_first(uint64_t mask)
{
#if PLATFORM_HAS_CTZ
	return mask == 0 ? 8 : bits_ctz(mask) / 8;
#else
	/* The topmost bits of the bytes before it, added up: less work than any bits_ctz(). */
	return (unsigned)(((mask - 1) & ~mask & CHUNK_EVERY_TOP) / 0x80 * CHUNK_EVERY_BYTE >> 56);
#endif
}

/* chunk_bytes_packed - the answer @mask with one bit a byte: bit i for byte i. */
static inline unsigned chunk_bytes_packed(uint64_t mask)
{
	/* Bit 8i of the first factor and bit 7 * (8 - i) of the second one make bit 56 + i. */
	return (unsigned)((mask >> 7) * 0x0102040810204080 >> 56);
}

#endif
