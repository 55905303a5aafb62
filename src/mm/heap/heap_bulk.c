/* SPDX-License-Identifier: MIT */
/*
 * heap_bulk.c - several blocks at a time. The free ones of 64 objects are the bits of one word, so
 * one atomic instruction takes or frees any number of them. The rules are those of slab.c: the bits
 * first; what they are bits of is read afterwards.
 */
#include "mm/heap/heap_bulk.h"

#include "lib/bits.h"
#include "lib/compiler.h"
#include "mm/heap/heap.h"
#include "mm/heap/heap_internal.h"
#include "mm/heap/slab_internal.h"

/* ---- taking ----------------------------------------------------------------------------------- */

/* The lowest @n of @bits, or all of them. */
static uint64_t lowest_of(uint64_t bits, size_t n)
{
	uint64_t rest = bits;

	for (; n > 0 && rest != 0; n--)
		rest &= rest - 1;
	return bits & ~rest;
}

/* Objects of @class from the word that is the stock of this hart: as many as it has, but at most @n. */
static size_t take_objects(struct heap *h, uint64_t class, size_t n, void **block)
{
	const struct slab_stock *stock = hart_slots_own(&h->slabs.stocks);
	bitmap_word *word = atomic_load_explicit(&stock->word[class], acre_order_of_address);
	uint64_t wanted = lowest_of(bitmap_atomic_word(word), n);
	size_t count = 0;

	if (wanted == 0)
		return 0;
	uint64_t got = atomic_fetch_and_explicit(word, ~wanted, memory_order_acquire) & wanted;
	if (got == 0)
		return 0;
	if (unlikely(!slab_has_class(word, class))) {
		(void)bitmap_atomic_set(word, got);
		slab_settle(&h->slabs, slab_of_word(word));
		return 0;
	}
	uint8_t *first = slab_object(word, 0);
	const uint64_t size = SLAB_READ(slab_of_word(word), size);
	for (; got != 0; got &= got - 1)
		block[count++] = first + bits_ctz(got) * size;
	return count;
}

bool heap_alloc_bulk(struct heap *h, size_t size, size_t n, void **block, const void *caller)
{
	size_t got = 0;

	while (got < n) {
		const unsigned class = heap_class_now(h, size);
		size_t more = class != 0 ? take_objects(h, class, n - got, block + got) : 0;
		if (more == 0) { /* the stock has none: this brings some */
			block[got] = heap_take(h, size, caller);
			if (block[got] == NULL)
				break;
			more = 1;
		}
		got += more;
	}
	if (got == n)
		return true;
	heap_free_bulk(h, got, block, caller);
	return false;
}

/* ---- giving back ------------------------------------------------------------------------------ */

static void refuse_bits(struct heap *h, bitmap_word *word, uint64_t bits, const void *caller)
{
	for (; bits != 0; bits &= bits - 1)
		heap_refuse_pointer(h, slab_object(word, bits_ctz(bits)), 0, caller,
				    "free already");
}

/* What is read once of a slab of which a block is live. */
struct slab_shape {
	const uint8_t *base;
	uint64_t reciprocal;
	uint64_t count;
};

/* Which object starts at @ptr? False if none does. */
static force_inline bool index_of_object(const struct slab_shape *shape, const void *ptr,
					 uint64_t *index)
{
	struct slab_quotient q =
		slab_quotient_of((uint64_t)((const uint8_t *)ptr - shape->base), shape->reciprocal);

	*index = q.index;
	return q.exact && q.index < shape->count;
}

/* The first blocks, as far as they are objects of one word, each once. Result: how many. */
static size_t free_objects(struct heap *h, size_t n, void *const *block, const void *caller)
{
	struct slab *slab = page_map_find(&h->map, (uintptr_t)block[0]);
	uint64_t first, index;
	uint64_t bits = 0;
	size_t count = 0;

	if (slab == NULL)
		return 0;
	const struct slab_shape shape = { SLAB_READ(slab, base), SLAB_READ(slab, reciprocal),
					  SLAB_READ(slab, count) };
	if (!index_of_object(&shape, block[0], &first))
		return 0;
	for (; count < n && index_of_object(&shape, block[count], &index) &&
	       index / BITS_PER_WORD == first / BITS_PER_WORD && (bits & bitmap_bit(index)) == 0;
	     count++)
		bits |= bitmap_bit(index);
	bitmap_word *word = &slab->free[first / BITS_PER_WORD];
	uint64_t old = bitmap_atomic_set(word, bits);
	if (likely((bits & ~old) != 0) && slab_may_change(slab, old, bits))
		slab_settle(&h->slabs, slab);
	refuse_bits(h, word, old & bits, caller);
	return count;
}

void heap_free_bulk(struct heap *h, size_t n, void *const *block, const void *caller)
{
	for (size_t done = 0; done < n;) {
		size_t more = free_objects(h, n - done, block + done, caller);
		if (more == 0) {
			heap_free(h, block[done], caller);
			more = 1;
		}
		done += more;
	}
}

/* ---- a reserve -------------------------------------------------------------------------------- */

bool heap_reserve_open(struct heap_reserve *reserve, struct heap *h, size_t size, size_t n,
		       void **room, const void *caller)
{
	if (!heap_alloc_bulk(h, size, n, room, caller))
		return false;
	*reserve = (struct heap_reserve){ .heap = h, .block = room, .n = n };
	return true;
}

void *heap_reserve_take(struct heap_reserve *reserve)
{
	return reserve->n > 0 ? reserve->block[--reserve->n] : NULL;
}

void heap_reserve_close(struct heap_reserve *reserve, const void *caller)
{
	heap_free_bulk(reserve->heap, reserve->n, reserve->block, caller);
	reserve->n = 0;
}
