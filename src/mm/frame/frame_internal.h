/* SPDX-License-Identifier: MIT */
/* frame_internal.h - what the frame_*.c share. For them and for white-box tests. */
#ifndef ACRE_MM_FRAME_INTERNAL_H
#define ACRE_MM_FRAME_INTERNAL_H

#include "lib/attributes.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"

/* After changing a bit: is the chunk already stale? If not, the caller marks it stale. */
static inline bool chunk_is_stale(const chunk_byte *leaf)
{
	atomic_thread_fence(memory_order_seq_cst); /* chunk_tree.c says why */
	return likely(atomic_load_explicit(leaf, memory_order_relaxed) == CHUNK_STALE);
}

/* ---- single frames (frame_single.c) ---------------------------------------------------------- */

/*
 * frame_take_lowest - the lowest set bit of @word is clear now and the caller's: *@index. False if
 * there is none.
 */
static force_inline bool frame_take_lowest(bitmap_word *word, unsigned *index)
{
	for (;;) {
		uint64_t bits = bitmap_atomic_word(word);
		if (bits == 0)
			return false;
		uint64_t bit = bits_lowest(bits, index);
		if (likely((atomic_fetch_and_explicit(word, ~bit, memory_order_acquire) & bit) !=
			   0))
			return true;
	}
}

/* frame_cleared - clear @nframes frames from @pfn, which are the caller's: no lock needed. */
static inline frame_nr_t frame_cleared(struct frame_pool *pool, frame_nr_t pfn,
				       frame_count_t nframes)
{
	if (pfn != FRAME_NONE)
		memset(frame_ptr(pool, pfn), 0, nframes << FRAME_SHIFT);
	return pfn;
}

/* ---- stocks (frame_stock.c) ------------------------------------------------------------------ */

static inline frame_nr_t frame_stock_base(const struct frame_stock *stock)
{
	return atomic_load_explicit(&stock->base, memory_order_relaxed);
}

static inline struct frame_bank *frame_stock_bank(const struct frame_stock *stock)
{
	return atomic_load_explicit(&stock->bank, memory_order_relaxed);
}

/*
 * frame_stock_here - the stock of this hart, which may write it: interrupts are off. pool->shared,
 * which needs the lock, if it has none or in debug mode.
 */
static inline struct frame_stock *frame_stock_here(struct frame_pool *pool)
{
	return likely(!pool->debug) ? hart_slots_own(&pool->stocks) : &pool->shared;
}

/*
 * frame_stock_take_from - a frame of chunk @c of @bank; @stock is a word of it from now on.
 * frame_stock_take_nearby - a frame of the chunk where @stock is.
 * FRAME_NONE: there is none. The caller may write @stock, and asks chunk_is_stale() next.
 */
frame_nr_t frame_stock_take_from(struct frame_stock *stock, struct frame_bank *bank, uint64_t c);
frame_nr_t frame_stock_take_nearby(struct frame_stock *stock);

/* ---- searches (frame_search.c) --------------------------------------------------------------- */

/* What a search is for, and how far it has got. */
struct frame_search {
	unsigned budget; /* what is left of this batch */
	unsigned batch;  /* the budget that it began with */
	uint64_t spent;  /* by the batches before it */
	bool shared;     /* single frames: also from chunks that other harts take from */
	frame_count_t n; /* runs: how long, and at a multiple of what */
	frame_count_t align;
	frame_nr_t low; /* runs at any place: runs that begin in [low, end); */
	frame_nr_t end;
	frame_nr_t next;  /* the search has got to here, */
	frame_nr_t again; /* and searches [again, again_end) once more */
	frame_nr_t again_end;
	uint64_t seen; /* the changes before this one are taken into account */
};

/*
 * A step of a search: one batch, with the lock held. What it returns is found; or FRAME_NONE, there
 * is none; or FRAME_LATER, the budget did not suffice.
 */
typedef frame_nr_t frame_search_step(struct frame_pool *pool, struct frame_search *search);

#define FRAME_LATER CHUNK_TREE_LATER

/* The budget of the first batch (chunk_tree.h). */
#define FRAME_BATCH 32u

/* A search that has not begun. */
#define FRAME_SEARCH                                                                               \
	{                                                                                          \
		.budget = FRAME_BATCH, .batch = FRAME_BATCH, .end = FRAME_LIMIT                    \
	}

/* frame_search - take @step after @step until one has an answer. Takes the lock for each. */
frame_nr_t frame_search(struct frame_pool *pool, frame_search_step *step,
			struct frame_search *search);

/*
 * frame_search_lowest - a step: the lowest free frame, which stays free.
 * frame_search_run - take the lowest run of @n frames at a multiple of @align. Takes the lock.
 * frame_search_run_in - the lowest of which all lies in the frames [@low, @high).
 */
frame_nr_t frame_search_lowest(struct frame_pool *pool, struct frame_search *search);
frame_nr_t frame_search_run(struct frame_pool *pool, frame_count_t n, frame_count_t align);
frame_nr_t frame_search_run_in(struct frame_pool *pool, frame_count_t n, frame_count_t align,
			       frame_nr_t low, frame_nr_t high);

/* ---- which chunk (frame_choose.c) ------------------------------------------------------------ */

/*
 * frame_choose_own - a frame from another chunk that this hart entered last; FRAME_NONE if it does
 * not soon find one that has enough. No lock; interrupts are off.
 * frame_choose_any - from any chunk; FRAME_NONE or FRAME_LATER. Lock held.
 */
frame_nr_t frame_choose_own(struct frame_pool *pool, struct frame_stock *stock);
frame_nr_t frame_choose_any(struct frame_pool *pool, struct frame_stock *stock,
			    struct frame_search *search);

/* ---- banks ----------------------------------------------------------------------------------- */

/* frame_bank_below - the last bank that starts at @pfn or below; the first if there is none. */
static inline struct frame_bank *frame_bank_below(const struct frame_pool *pool, frame_nr_t pfn)
{
	struct frame_bank *bank = pool->bank;
	uint64_t half;

	for (uint64_t n = pool->nbanks; n > 1; n = half) {
		half = n / 2;
		if (bank[half].first <= pfn) {
			bank += half;
			half = n - half;
		}
	}
	return bank;
}

/*
 * frame_bank_among - the bank of @pfn, or NULL, by search. frame_bank_of - the bank too, and
 * faster if it is the lowest.
 */
static inline struct frame_bank *frame_bank_among(const struct frame_pool *pool, frame_nr_t pfn)
{
	struct frame_bank *bank = frame_bank_below(pool, pfn);

	return pfn - bank->first < bank->nframes ? bank : NULL;
}

static inline struct frame_bank *frame_bank_of(const struct frame_pool *pool, frame_nr_t pfn)
{
	if (likely(pfn - pool->bank->first < pool->bank->nframes))
		return pool->bank;
	return frame_bank_among(pool, pfn);
}

/* ---- frees with the lock (frame_free.c) ------------------------------------------------------ */

/*
 * frame_free_one - the slow path of frame_free(), with the lock: debug mode, and frames that are not
 * inserted, which it refuses and reports. An observer has heard of it.
 * frame_refuse_free_one - report the free of @pfn, which was free already.
 * frame_refuse_misaligned - report the free of @addr, inside of a frame.
 */
enum acre_status frame_free_one(struct frame_pool *pool, frame_nr_t pfn, const void *caller);
enum acre_status frame_refuse_free_one(frame_nr_t pfn, const void *caller);
enum acre_status frame_refuse_misaligned(acre_paddr_t addr, const void *caller);

/* ---- debug mode (frame_debug.c) ------------------------------------------------------------- */

enum frame_record_state {
	FRAME_RECORD_NEVER,
	FRAME_RECORD_TAKEN,
	FRAME_RECORD_FREEING,
	FRAME_RECORD_FREED,
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
 * frame_debug_free - @caller frees them: fill them with the pattern and record it. The free bits
 * change after that. False, and nothing has changed, if they are not all handed out, or another
 * hart is freeing one of them. Not with the lock.
 */
acre_nodiscard bool frame_debug_free(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
				     const void *caller);

/* frame_debug_forget - they are no longer inserted. Lock held. */
void frame_debug_forget(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes);

/* ---- watched pools (frame_watch.c) ----------------------------------------------------------- */

/*
 * frame_watch - after debug mode or the observer has changed: open or close the fast paths. Lock
 * held.
 */
static inline void frame_watch(struct frame_pool *pool)
{
	pool->watched = pool->debug || pool->observer != NULL;
	for (uint32_t b = 0; b < pool->nbanks; b++)
		pool->bank[b].fast_nbits = pool->watched ? 0 : pool->bank[b].nbits;
}

/*
 * Of a watched pool: what debug mode records and the observer hears. No lock.
 * frame_watch_taken - @caller has got [@pfn, @pfn + @nframes); FRAME_NONE: it got none.
 * frame_watch_freeing - @caller frees them. Debug mode records that itself.
 */
void frame_watch_taken(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
		       const void *caller);
void frame_watch_freeing(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
			 const void *caller);

#endif
