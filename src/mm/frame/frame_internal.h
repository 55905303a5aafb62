/* SPDX-License-Identifier: MIT */
/* frame_internal.h - what the frame_*.c share. Nobody else includes it. */
#ifndef ACRE_MM_FRAME_INTERNAL_H
#define ACRE_MM_FRAME_INTERNAL_H

#include "mm/frame/frame.h"
#include "mm/frame/frame_pool.h"

/* Behind a change to a bit: does the tree know? If not, it must be touched. */
static inline bool chunk_is_stale(const chunk_byte *leaf)
{
	atomic_thread_fence(memory_order_seq_cst); /* chunk_tree.c says why */
	return likely(atomic_load_explicit(leaf, memory_order_relaxed) == CHUNK_STALE);
}

/*
 * ---- searches that drop the lock now and then ------------------------------------------------------
 *
 * A search may have to look at every chunk there is, if all have changed since the last one. So that nobody has
 * interrupts off for so long, it is done in portions: each takes the lock, looks at a few chunks, and drops
 * it. What it has looked at is known from then on (chunk_tree.c), and the next portion begins anew: so only one
 * that got to the end in one hold of the lock says 'none', and that was true then. A search for a run of any length
 * and alignment goes on where it was instead, and looks again at what has changed behind it (struct run_search in
 * frame_run.c): it says 'none' when, in one hold, nothing is left of either.
 *
 * It ends. A hart makes at most a few chunks stale in one hold, and each other hart has at most one hold while
 * this one waits for its turn: as long as they cost it fewer looks than a portion has, more becomes known than is
 * forgotten. With more of them, or where they have luck, a search that has spent what looking at everything twice would
 * cost doubles its portions until one is enough: that takes at most as many as the number of chunks has bits.
 */

/* What a portion that was not enough returns, in place of a frame or FRAME_NONE. */
#define FRAME_LATER (FRAME_NONE - 1)

/* Looks of a portion (chunk_tree.h), as long as others do not undo them. */
#define FRAME_BATCH 32u

struct frame_search {
	unsigned budget; /* left in this portion */
	unsigned batch;  /* of so many */
	uint64_t spent;  /* by those before it */
	bool shared;     /* single frames: also of chunks that other harts take from */
};

static inline struct frame_search frame_search(void)
{
	return (struct frame_search){ .budget = FRAME_BATCH, .batch = FRAME_BATCH };
}

/* frame_search_retry - was that portion not enough? Then make the next one ready. */
bool frame_search_retry(const struct frame_pool *pool, struct frame_search *search,
			frame_nr_t found);

/* ---- single frames: frame_single.c takes them from chunks that frame_choose.c chooses -------------- */

/*
 * frame_take_from_chunk - a frame of the chunk whose words are @words, what is known of it in @leaf, and whose first
 * frame is @base; the stock, of this hart, is there from now on. FRAME_NONE: it has none. Interrupts are off; whoever
 * takes it looks at @leaf next (chunk_is_stale()).
 */
frame_nr_t frame_take_from_chunk(struct frame_stock *stock, bitmap_word *words, chunk_byte *leaf,
				 frame_nr_t base);

/*
 * frame_choose_own - a frame from another chunk that this hart was the last to take from; FRAME_NONE if it finds none
 * that has enough soon. No lock; interrupts are off.
 * frame_choose_any - from any chunk; FRAME_NONE or FRAME_LATER. Lock held.
 */
frame_nr_t frame_choose_own(struct frame_pool *pool, struct frame_stock *stock);
frame_nr_t frame_choose_any(struct frame_pool *pool, struct frame_stock *stock,
			    struct frame_search *search);

/* How many banks start below @pfn, or at it. */
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

/* The bank of @pfn, or NULL, by search; frame_bank_of - the same, the first bank first. */
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
 * frame_free_one - frame_free() once more, with the lock and closely: to refuse and report it, or to do
 * what another hart was about to prevent.
 */
enum acre_status frame_free_one(struct frame_pool *pool, frame_nr_t pfn, const void *caller);

/* frame_free_one_zeroed - the same for frame_free_zeroed(). */
enum acre_status frame_free_one_zeroed(struct frame_pool *pool, frame_nr_t pfn, const void *caller);

/* ---- frames that are known to be zero (frame_zero.c); all with the lock held ------------------- */

/* How many. To be asked without the lock it is a hint. */
static inline uint32_t frame_zeroed_count(const struct frame_pool *pool)
{
	return atomic_load_explicit(&pool->nzeroed, memory_order_relaxed);
}

/* frame_zeroed_has - is @pfn one of them? frame_zeroed_next - the lowest that is >= @pfn, or FRAME_NONE. */
bool frame_zeroed_has(const struct frame_pool *pool, frame_nr_t pfn);
frame_nr_t frame_zeroed_next(const struct frame_pool *pool, frame_nr_t pfn);

/* frame_zeroed_keep - @pfn is handed out, and zero: make it one of them. False: no room, or it is not. */
bool frame_zeroed_keep(struct frame_pool *pool, frame_nr_t pfn);

/*
 * frame_zeroed_flush - those among [@pfn, @pfn + @nframes) become free frames like any other.
 * frame_zeroed_flush_some - a few of them do, for a search that has found nothing else. Result: FRAME_LATER, the
 * next portion may find something; FRAME_NONE if there was none.
 */
void frame_zeroed_flush(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes);
frame_nr_t frame_zeroed_flush_some(struct frame_pool *pool, const struct frame_search *search);

/* ---- the debug tier (frame_debug.c), where it is on ---------------------------------------------- */

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
 * frame_debug_take - [@pfn, @pfn + @nframes) was just handed out to @caller: look at the bytes of each frame
 * that was free before, report those that somebody wrote to, and record it. FRAME_NONE is nothing. No lock.
 */
void frame_debug_take(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
		      const void *caller);

/*
 * frame_debug_give - @caller gives them back: fill them with the pattern (if they are not all @zeroed) and
 * record it. The free bits are not changed: that comes next. False, and nothing has changed, if they are
 * not all handed out, or another is giving one of them back. Not with the lock.
 */
acre_nodiscard bool frame_debug_free(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
				     bool zeroed, const void *caller);

/* frame_debug_forget - they are no longer inserted. Lock held. */
void frame_debug_forget(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes);

/* frame_debug_is_lie - @pfn is handed out and not all zero. */
bool frame_debug_is_lie(struct frame_pool *pool, frame_nr_t pfn);

/* frame_alloc_recorded, frame_alloc_range_recorded - frame_alloc() and frame_alloc_range() for @caller. */
frame_nr_t frame_alloc_recorded(struct frame_pool *pool, const void *caller);
frame_nr_t frame_alloc_range_recorded(struct frame_pool *pool, frame_count_t nframes,
				      uint64_t align_bytes, const void *caller);

/* ---- for those ---------------------------------------------------------------------------------- */

/* frame_lowest_free - a frame whose bit is free, FRAME_NONE or FRAME_LATER. Lock held. */
frame_nr_t frame_lowest_free(struct frame_pool *pool, struct frame_search *search);

#endif
