/* SPDX-License-Identifier: MIT */
/*
 * bitmap_atomic.h - runs of bits in an array of words that several harts change at the same time.
 *
 * Each word is changed by one atomic instruction. So changes of other harts in that word are never
 * lost, and a hart that changes a bit learns what it was: of several harts that want to clear one
 * set bit, exactly one finds it set. Acquire and release: the hart that clears a bit sees what was
 * written before the bit was set. No locks, no state.
 */
#ifndef ACRE_LIB_BITMAP_ATOMIC_H
#define ACRE_LIB_BITMAP_ATOMIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "lib/bitmap.h"
#include "lib/platform.h"

typedef _Atomic uint64_t bitmap_word;

/* bitmap_atomic_word - the word now, as a hint: another hart may change it at any time. */
static inline uint64_t bitmap_atomic_word(const bitmap_word *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

/*
 * bitmap_atomic_set - set @bits of @word, as one release. Result: the word before.
 */
static inline uint64_t bitmap_atomic_set(bitmap_word *word, uint64_t bits)
{
#ifdef PLATFORM_HAS_OR_RELEASE
	return platform_or_release(word, bits);
#else
	return atomic_fetch_or_explicit(word, bits, memory_order_release);
#endif
}

/* bitmap_atomic_test - is bit @i set just now? */
static inline bool bitmap_atomic_test(const bitmap_word *words, uint64_t i)
{
	return (bitmap_atomic_word(&words[i / BITS_PER_WORD]) & bitmap_bit(i)) != 0;
}

/*
 * bitmap_atomic_take - clear the @n bits from @first if all of them are set.
 * Result: false when one was clear, and then the bits are as they were; for a moment others may
 *         have seen some of them clear.
 * Cost:   one atomic instruction a word.
 */
acre_nodiscard bool bitmap_atomic_take(bitmap_word *words, uint64_t first, uint64_t n);

/*
 * bitmap_atomic_put - set the @n bits from @first.
 * Result: were all of them clear? Not mended if not: a bit that was set for a moment may have been
 *         taken by another, so it cannot be cleared again. Look first, and call it a race if it is.
 */
acre_nodiscard bool bitmap_atomic_put(bitmap_word *words, uint64_t first, uint64_t n);

/*
 * bitmap_atomic_fill - set them, whatever they were. Only the first and the last word are changed
 * by atomic instructions; those in between are stored, each once, so that a hart which finds a bit
 * set there may take it immediately. Pre: no other hart sets bits in between. Cost: that of
 * memset().
 */
void bitmap_atomic_fill(bitmap_word *words, uint64_t first, uint64_t n);

/*
 * bitmap_atomic_next_set, bitmap_atomic_next_clear - the lowest such bit in [@first, @end), or
 * BITMAP_NONE. Exact where no other hart changes them.
 */
uint64_t bitmap_atomic_next_set(const bitmap_word *words, uint64_t first, uint64_t end);
uint64_t bitmap_atomic_next_clear(const bitmap_word *words, uint64_t first, uint64_t end);

/* bitmap_atomic_count - how many of the @n bits from @first are set. */
uint64_t bitmap_atomic_count(const bitmap_word *words, uint64_t first, uint64_t n);

#endif
