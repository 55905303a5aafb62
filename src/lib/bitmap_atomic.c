/* SPDX-License-Identifier: MIT */
/*
 * bitmap_atomic.c - runs of bits by atomic instructions, for words that others change at the same
 * time.
 */
#include "lib/bitmap_atomic.h"

#include "lib/compiler.h"

/* The bits of word @at that lie in [first, last]. */
static inline uint64_t part_of(uint64_t at, uint64_t first, uint64_t last)
{
	uint64_t mask = UINT64_MAX;

	if (at == first / BITS_PER_WORD)
		mask = bitmap_from(first);
	if (at == last / BITS_PER_WORD)
		mask &= bitmap_upto(last);
	return mask;
}

static inline uint64_t clear_bits(bitmap_word *word, uint64_t mask)
{
	return atomic_fetch_and_explicit(word, ~mask, memory_order_acquire);
}

/* Clear bits @first to @last of which only those below word @end were taken: put them back. */
static never_inline bool put_back(bitmap_word *words, uint64_t first, uint64_t last, uint64_t end,
				  uint64_t had)
{
	(void)bitmap_atomic_set(&words[end], had);
	for (uint64_t at = first / BITS_PER_WORD; at < end; at++)
		(void)bitmap_atomic_set(&words[at], part_of(at, first, last));
	return false;
}

bool bitmap_atomic_take(bitmap_word *words, uint64_t first, uint64_t n)
{
	if (n == 0)
		return true;
	uint64_t at = first / BITS_PER_WORD;
	uint64_t last = (first + n - 1) / BITS_PER_WORD;
	uint64_t mask = bitmap_from(first);
	uint64_t had;

	if (at < last) {
		had = clear_bits(&words[at], mask) & mask;
		while (likely(had == mask) && ++at < last) {
			mask = UINT64_MAX;
			had = atomic_exchange_explicit(&words[at], 0, memory_order_acquire);
		}
		if (unlikely(had != mask))
			return put_back(words, first, first + n - 1, at, had);
		mask = UINT64_MAX;
	}
	mask &= bitmap_upto(first + n - 1);
	had = clear_bits(&words[at], mask) & mask;
	return likely(had == mask) || put_back(words, first, first + n - 1, at, had);
}

bool bitmap_atomic_put(bitmap_word *words, uint64_t first, uint64_t n)
{
	if (n == 0)
		return true;
	uint64_t at = first / BITS_PER_WORD;
	uint64_t last = (first + n - 1) / BITS_PER_WORD;
	uint64_t mask = bitmap_from(first);
	uint64_t had = 0;

	if (at < last) {
		had = bitmap_atomic_set(&words[at], mask) & mask;
		while (++at < last)
			had |= atomic_exchange_explicit(&words[at], UINT64_MAX,
							memory_order_release);
		mask = UINT64_MAX;
	}
	mask &= bitmap_upto(first + n - 1);
	return (had | (bitmap_atomic_set(&words[at], mask) & mask)) == 0;
}

/* Written out, since boot fills the words of all memory. */
#define FILL(w)       store_once(&word[w], UINT64_MAX)
#define FILL_FOUR(w)  (FILL(w), FILL((w) + 1), FILL((w) + 2), FILL((w) + 3))
#define FILL_EIGHT(w) (FILL_FOUR(w), FILL_FOUR((w) + 4))
#define AT_A_TIME     32u

/*
 * Each word once, and whole: as soon as a bit is set another hart may take it, and it must not be
 * set again. memset() promises neither.
 */
static never_inline racy_stores void fill_words(bitmap_word *word, uint64_t n)
{
	const bitmap_word *end = word + n;

	for (const bitmap_word *last = word + n / AT_A_TIME * AT_A_TIME; word != last;
	     word += AT_A_TIME) {
		FILL_EIGHT(0);
		FILL_EIGHT(8);
		FILL_EIGHT(16);
		FILL_EIGHT(24);
	}
	for (; word != end; word++)
		FILL(0);
}

void bitmap_atomic_fill(bitmap_word *words, uint64_t first, uint64_t n)
{
	if (n == 0)
		return;
	uint64_t at = first / BITS_PER_WORD;
	uint64_t last = (first + n - 1) / BITS_PER_WORD;

	(void)bitmap_atomic_set(&words[at], part_of(at, first, first + n - 1));
	if (at == last)
		return;
	atomic_thread_fence(memory_order_release);
	fill_words(&words[at + 1], last - at - 1);
	(void)bitmap_atomic_set(&words[last], part_of(last, first, first + n - 1));
}

/* The lowest bit of [first, end) that is set once each word is xored with @flip. */
static inline uint64_t next_of(const bitmap_word *words, uint64_t first, uint64_t end,
			       uint64_t flip)
{
	if (first >= end)
		return BITMAP_NONE;
	uint64_t at = first / BITS_PER_WORD;
	uint64_t last = (end - 1) / BITS_PER_WORD;
	uint64_t word = (bitmap_atomic_word(&words[at]) ^ flip) & bitmap_from(first);

	while (word == 0) {
		if (at == last)
			return BITMAP_NONE;
		word = bitmap_atomic_word(&words[++at]) ^ flip;
	}
	uint64_t i = at * BITS_PER_WORD + bits_ctz(word);
	return i < end ? i : BITMAP_NONE;
}

uint64_t bitmap_atomic_next_set(const bitmap_word *words, uint64_t first, uint64_t end)
{
	return next_of(words, first, end, 0);
}

uint64_t bitmap_atomic_next_clear(const bitmap_word *words, uint64_t first, uint64_t end)
{
	return next_of(words, first, end, UINT64_MAX);
}

uint64_t bitmap_atomic_count(const bitmap_word *words, uint64_t first, uint64_t n)
{
	uint64_t count = 0;

	if (n == 0)
		return 0;
	uint64_t last = first + n - 1;
	for (uint64_t at = first / BITS_PER_WORD; at <= last / BITS_PER_WORD; at++)
		count += bits_count(bitmap_atomic_word(&words[at]) & part_of(at, first, last));
	return count;
}
