/* SPDX-License-Identifier: MIT */
/* frame_internal.h - what the frame_*.c share. For them and for white-box tests. */
#ifndef ACRE_MM_FRAME_INTERNAL_H
#define ACRE_MM_FRAME_INTERNAL_H

#include "lib/attributes.h"
#include "lib/compiler.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"

/* After changing a bit: is the chunk already stale? If not, mark it stale. */
static inline bool chunk_is_stale(const chunk_byte *leaf)
{
	atomic_thread_fence(memory_order_seq_cst); /* chunk_tree.c says why */
	return likely(atomic_load_explicit(leaf, memory_order_relaxed) == CHUNK_STALE);
}

/*
 * ---- searches that drop the lock now and then ----------------------------------------------
 *
 * A search may have to scan every chunk there is, if all have changed since the last one. No hart
 * should have interrupts off for so long. So it runs in batches: each takes the lock, scans a few
 * chunks, and drops it. A chunk that was scanned is not stale afterwards (chunk_tree.c), and the
 * next batch begins anew. So only a batch that got to the end in one hold of the lock says 'none',
 * and that was true then. A search for a run of any length and alignment goes on where it was
 * instead, and searches again what has changed below (struct run_search in frame_run.c). It says
 * 'none' when, in one hold, nothing is left of either.
 *
 * It ends. A hart makes at most a few chunks stale in one hold, and each other hart has at most one
 * hold while this one waits for its turn. As long as that costs less than the budget of a batch,
 * more chunks are scanned than become stale. With more harts than that, a search that has spent two
 * full scans doubles its batch until one is enough: at most as many times as the number of chunks
 * has bits.
 */

/* What a batch that was not enough returns, in place of a frame or FRAME_NONE. */
#define FRAME_LATER (FRAME_NONE - 1)

/* The budget of a batch (chunk_tree.h), as long as other harts do not undo its work. */
#define FRAME_BATCH 32u

struct frame_search {
	unsigned budget; /* what is left of this batch */
	unsigned batch;  /* the budget that it began with */
	uint64_t spent;  /* by the batches before it */
	bool shared;     /* single frames: also from chunks that other harts take from */
};

static inline struct frame_search frame_search(void)
{
	return (struct frame_search){ .budget = FRAME_BATCH, .batch = FRAME_BATCH };
}

/* frame_search_retry - was that batch not enough? Then begin the next one. */
bool frame_search_retry(const struct frame_pool *pool, struct frame_search *search,
			frame_nr_t found);

/* frame_lowest_free - the lowest frame whose bit is free, FRAME_NONE or FRAME_LATER. Lock held. */
frame_nr_t frame_lowest_free(struct frame_pool *pool, struct frame_search *search);

/* ---- single frames: frame_single.c takes from chunks that frame_choose.c chooses ------------ */

/*
 * frame_take_from_chunk - a frame of the chunk whose words are @words, whose byte is *@leaf, and
 * whose first frame is @base. The stock, of this hart, is there from now on. FRAME_NONE: it has
 * none. Interrupts are off. The caller asks chunk_is_stale(@leaf) next.
 */
frame_nr_t frame_take_from_chunk(struct frame_stock *stock, bitmap_word *words, chunk_byte *leaf,
				 frame_nr_t base);

/*
 * frame_choose_own - a frame from another chunk that this hart entered last; FRAME_NONE if it does
 * not soon find one that has enough. No lock; interrupts are off.
 * frame_choose_any - from any chunk; FRAME_NONE or FRAME_LATER. Lock held.
 */
frame_nr_t frame_choose_own(struct frame_pool *pool, struct frame_stock *stock);
frame_nr_t frame_choose_any(struct frame_pool *pool, struct frame_stock *stock,
			    struct frame_search *search);

/* frame_banks_upto - how many banks start at @pfn or below. */
static inline uint32_t frame_banks_upto(const struct frame_pool *pool, frame_nr_t pfn)
{
	uint32_t low = 0;
	uint32_t high = pool->nbanks;

	while (low < high) {
		uint32_t mid = (low + high) / 2;
		if (pool->bank[mid].first <= pfn)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/*
 * frame_bank_among - the bank of @pfn, or NULL, by search. frame_bank_of - the same, and faster if
 * it is the lowest bank.
 */
static inline struct frame_bank *frame_bank_among(struct frame_pool *pool, frame_nr_t pfn)
{
	uint32_t upto = frame_banks_upto(pool, pfn);
	if (upto == 0)
		return NULL;
	struct frame_bank *bank = &pool->bank[upto - 1];
	return pfn - bank->first < bank->nframes ? bank : NULL;
}

static inline struct frame_bank *frame_bank_of(struct frame_pool *pool, frame_nr_t pfn)
{
	if (likely(pfn - pool->bank[0].first < pool->bank[0].nframes))
		return &pool->bank[0];
	return frame_bank_among(pool, pfn);
}

/*
 * frame_free_one - the slow path of frame_free(), with the lock: it refuses and reports, or frees
 * the frame if the fast path has failed only because another hart changed the bit at that moment.
 */
enum acre_status frame_free_one(struct frame_pool *pool, frame_nr_t pfn, const void *caller);

/* frame_free_one_zeroed - frame_free_zeroed() for @caller. */
enum acre_status frame_free_one_zeroed(struct frame_pool *pool, frame_nr_t pfn, const void *caller);

/* ---- frames that are known to be zero (frame_zero.c) ---------------------------------------- */

/* Each needs the lock, except frame_zeroed_count(): without the lock its answer is a hint. */

/* frame_zeroed_count - how many frames are on the list. */
static inline uint32_t frame_zeroed_count(const struct frame_pool *pool)
{
	return atomic_load_explicit(&pool->nzeroed, memory_order_relaxed);
}

/*
 * frame_zeroed_has - is @pfn on the list? frame_zeroed_next - the lowest on it that is >= @pfn, or
 * FRAME_NONE.
 */
bool frame_zeroed_has(const struct frame_pool *pool, frame_nr_t pfn);
frame_nr_t frame_zeroed_next(const struct frame_pool *pool, frame_nr_t pfn);

/*
 * frame_zeroed_keep - put @pfn, which is handed out and all zero, on the list. False: no room, or
 * it is not handed out.
 */
bool frame_zeroed_keep(struct frame_pool *pool, frame_nr_t pfn);

/*
 * frame_zeroed_flush - frames on the list among [@pfn, @pfn + @nframes) become free frames like any
 * other.
 * frame_zeroed_flush_some - a few of them do, for a search that has found nothing else. Result:
 * FRAME_LATER, the next batch may find something; FRAME_NONE if the list was empty.
 */
void frame_zeroed_flush(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes);
frame_nr_t frame_zeroed_flush_some(struct frame_pool *pool, const struct frame_search *search);

/* ---- debug mode (frame_debug.c) ------------------------------------------------------------- */

enum frame_record_state {
	FRAME_RECORD_NEVER,
	FRAME_RECORD_TAKEN,
	FRAME_RECORD_FREEING,
	FRAME_RECORD_FREED,
	FRAME_RECORD_ZEROED,
};

static inline enum frame_record_state frame_record_state(const struct frame_record *record)
{
	return (enum frame_record_state)(
		atomic_load_explicit(&record->event, memory_order_acquire) & 0xff);
}

/*
 * frame_debug_take - [@pfn, @pfn + @nframes) was just handed out to @caller: check the bytes of
 * each frame that was freed before, report each that was written to, and record it. FRAME_NONE does
 * nothing. No lock.
 */
void frame_debug_take(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
		      const void *caller);

/*
 * frame_debug_free - @caller frees them: fill them with the pattern (if they are not all @zeroed)
 * and record it. The free bits change after that. False, and nothing has changed, if they are not
 * all handed out, or another hart is freeing one of them. Not with the lock.
 */
acre_nodiscard bool frame_debug_free(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
				     bool zeroed, const void *caller);

/* frame_debug_forget - they are no longer inserted. Lock held. */
void frame_debug_forget(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes);

/* frame_debug_is_lie - @pfn is handed out and not all zero. */
bool frame_debug_is_lie(struct frame_pool *pool, frame_nr_t pfn);

/*
 * frame_alloc_recorded, frame_alloc_range_recorded - frame_alloc() and frame_alloc_range() for
 * @caller.
 */
frame_nr_t frame_alloc_recorded(struct frame_pool *pool, const void *caller);
frame_nr_t frame_alloc_range_recorded(struct frame_pool *pool, frame_count_t nframes,
				      uint64_t align_bytes, const void *caller);

#endif
