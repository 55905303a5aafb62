/* SPDX-License-Identifier: MIT */
/* frame_free.c - frees with the lock: of ranges, and of frames that the fast path has refused. */
#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/lock_scoped.h"
#include "lib/platform.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_bits_internal.h"
#include "mm/frame/frame_internal.h"

/* Why a free is refused: the first frame that is not handed out, and what it is instead. */
struct offence {
	enum acre_status status;
	frame_nr_t pfn;
	bool exists; /* it is in a bank */
	const char *what;
	struct frame_past past; /* .what is NULL if it is not recorded */
};

/* A bit for each frame of word @at that is not handed out. */
static inline uint64_t not_handed_out(const struct frame_bank *bank, uint64_t at)
{
	return ~bitmap_atomic_word(&bank->inserted[at]) | bitmap_atomic_word(&bank->free[at]);
}

/* Are all of [@index, @index + @n) handed out? */
static bool are_handed_out(const struct frame_bank *bank, uint64_t index, frame_count_t n)
{
	uint64_t at = index / BITS_PER_WORD;
	uint64_t last = (index + n - 1) / BITS_PER_WORD;
	uint64_t mask = bitmap_from(index);
	uint64_t wrong = 0;

	if (at < last) {
		wrong = not_handed_out(bank, at) & mask;
		while (++at < last)
			wrong |= not_handed_out(bank, at);
		mask = UINT64_MAX;
	}
	return (wrong | (not_handed_out(bank, at) & mask & bitmap_upto(index + n - 1))) == 0;
}

/* The first of [@index, @index + @n) that is not handed out; false if there is none. */
static never_inline bool first_offence(const struct frame_bank *bank, uint64_t index,
				       frame_count_t n, struct offence *offence)
{
	uint64_t missing = bitmap_atomic_next_clear(bank->inserted, index, index + n);
	uint64_t free = bitmap_atomic_next_set(bank->free, index, index + n);
	uint64_t first = missing < free ? missing : free;

	if (first == BITMAP_NONE)
		return false;
	*offence = (struct offence){ ACRE_ERR_NOT_ALLOCATED, bank->base + first, true,
				     free == first ? "free already" : "never inserted",
				     .past = { 0 } };
	return true;
}

/*
 * Free the frames if all of them are handed out; else false. Nothing has changed then, unless
 * another hart freed one of them between the check and the change: *@raced. Lock held.
 */
static force_inline bool free_checked(struct frame_pool *pool, frame_nr_t pfn,
				      frame_count_t nframes, bool *raced)
{
	*raced = false;
	struct frame_bank *bank = frame_bank_of(pool, pfn);

	if (unlikely(bank == NULL) || unlikely(nframes == 0) ||
	    unlikely(nframes > bank->first + bank->nframes - pfn))
		return false;
	uint64_t index = pfn - bank->base;
	if (unlikely(!are_handed_out(bank, index, nframes)))
		return false;
	*raced = unlikely(!frame_free_bits(bank, index, nframes));
	return !*raced;
}

/* Why free_checked() refuses. Lock held. */
static never_inline struct offence explain(struct frame_pool *pool, frame_nr_t pfn,
					   frame_count_t nframes, bool raced)
{
	struct frame_bank *bank = frame_bank_of(pool, pfn);
	struct offence offence;

	if (raced)
		return (struct offence){ ACRE_ERR_NOT_ALLOCATED, pfn, true,
					 "freed by another hart at the same moment",
					 .past = { 0 } };
	if (nframes == 0)
		return (struct offence){ ACRE_ERR_INVALID, pfn, false, "a range of no frames",
					 .past = { 0 } };
	if (bank == NULL)
		return (struct offence){ ACRE_ERR_RANGE, pfn, false,
					 pfn == FRAME_NONE ? "no frame" : "not in any bank",
					 .past = { 0 } };
	frame_count_t inside = bank->first + bank->nframes - pfn;
	if (first_offence(bank, pfn - bank->base, nframes < inside ? nframes : inside, &offence))
		return offence;
	if (nframes > inside)
		return (struct offence){ ACRE_ERR_RANGE, pfn + inside, false,
					 "past the end of the bank", .past = { 0 } };
	/* Debug mode refused: another hart had begun to free one of them, and took it back. */
	return (struct offence){ ACRE_ERR_NOT_ALLOCATED, pfn, true, "being freed by another hart",
				 .past = { 0 } };
}

/* A frame number that no address can have is reported as the highest address. */
static uint64_t address_of(frame_nr_t pfn)
{
	return pfn <= UINT64_MAX >> FRAME_SHIFT ? frame_to_paddr(pfn) : UINT64_MAX;
}

static uint64_t bytes_of(frame_count_t nframes)
{
	return nframes <= UINT64_MAX >> FRAME_SHIFT ? nframes << FRAME_SHIFT : UINT64_MAX;
}

static never_inline enum acre_status report_refusal(const struct offence *offence, frame_nr_t pfn,
						    frame_count_t said, const void *caller)
{
	platform_bad_free(&(struct platform_bad_free){
		.allocator = "frame",
		.address = address_of(pfn),
		.size = bytes_of(said),
		.caller = caller,
		.what = offence->what,
		.actual_start = address_of(offence->pfn),
		.actual_size = offence->exists ? FRAME_SIZE : 0,
		.past = offence->past.what,
		.past_caller = offence->past.caller,
		.past_hart = offence->past.hart,
	});
	return offence->status;
}

/* Why free_checked() refuses, and what is recorded of that frame. Lock held. */
static never_inline void explain_fully(struct frame_pool *pool, frame_nr_t pfn,
				       frame_count_t nframes, bool raced, struct offence *offence)
{
	*offence = explain(pool, pfn, nframes, raced);
	(void)frame_past(pool, offence->pfn, &offence->past);
}

/* In debug mode. */
static bool try_free_recorded(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
			      const void *caller, struct offence *offence)
{
	bool ok = frame_debug_free(pool, pfn, nframes, caller);
	bool raced = false;
	LOCK_SCOPED(held, &pool->lock);

	if (ok && free_checked(pool, pfn, nframes, &raced))
		return true;
	explain_fully(pool, pfn, nframes, raced, offence);
	return false;
}

/* @said: how many frames the caller named, 0 if it did not. */
static never_inline enum acre_status free_recorded(struct frame_pool *pool, frame_nr_t pfn,
						   frame_count_t nframes, frame_count_t said,
						   const void *caller)
{
	struct offence offence;

	return try_free_recorded(pool, pfn, nframes, caller, &offence)
		       ? ACRE_OK
		       : report_refusal(&offence, pfn, said, caller);
}

static force_inline bool try_free(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
				  struct offence *offence)
{
	bool raced;
	LOCK_SCOPED(held, &pool->lock);

	if (likely(free_checked(pool, pfn, nframes, &raced)))
		return true;
	explain_fully(pool, pfn, nframes, raced, offence);
	return false;
}

static enum acre_status free_plain(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
				   frame_count_t said, const void *caller)
{
	struct offence offence;

	return likely(try_free(pool, pfn, nframes, &offence))
		       ? ACRE_OK
		       : report_refusal(&offence, pfn, said, caller);
}

enum acre_status frame_free_one(struct frame_pool *pool, frame_nr_t pfn, const void *caller)
{
	return likely(!pool->debug) ? free_plain(pool, pfn, 1, 0, caller)
				    : free_recorded(pool, pfn, 1, 0, caller);
}

enum acre_status frame_refuse_free_one(frame_nr_t pfn, const void *caller)
{
	const struct offence offence = { ACRE_ERR_NOT_ALLOCATED, pfn, true, "free already",
					 .past = { 0 } };

	return report_refusal(&offence, pfn, 0, caller);
}

static never_inline enum acre_status free_range_watched(struct frame_pool *pool, frame_nr_t pfn,
							frame_count_t nframes, const void *caller)
{
	frame_watch_freeing(pool, pfn, nframes, caller);
	return pool->debug ? free_recorded(pool, pfn, nframes, nframes, caller)
			   : free_plain(pool, pfn, nframes, nframes, caller);
}

static force_inline enum acre_status free_range(struct frame_pool *pool, frame_nr_t pfn,
						frame_count_t nframes, const void *caller)
{
	return likely(!pool->watched) ? free_plain(pool, pfn, nframes, nframes, caller)
				      : free_range_watched(pool, pfn, nframes, caller);
}

enum acre_status frame_free_range(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes)
{
	return free_range(pool, pfn, nframes, acre_caller());
}

enum acre_status frame_free_range_from(struct frame_pool *pool, frame_nr_t pfn,
				       frame_count_t nframes, const void *caller)
{
	return free_range(pool, pfn, nframes, caller);
}

enum acre_status frame_refuse_misaligned(acre_paddr_t addr, const void *caller)
{
	platform_bad_free(&(struct platform_bad_free){
		.allocator = "frame",
		.address = addr,
		.caller = caller,
		.what = "misaligned",
		.actual_start = align_down(addr, FRAME_SIZE),
		.actual_size = FRAME_SIZE,
	});
	return ACRE_ERR_MISALIGNED;
}
