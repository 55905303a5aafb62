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
static never_inline bool first_offence(const struct frame_pool *pool, const struct frame_bank *bank,
				       uint64_t index, frame_count_t n, struct offence *offence)
{
	uint64_t missing = bitmap_atomic_next_clear(bank->inserted, index, index + n);
	uint64_t free = bitmap_atomic_next_set(bank->free, index, index + n);
	uint64_t first = missing < free ? missing : free;

	if (first == BITMAP_NONE)
		return false;
	bool is_free = free == first || frame_zeroed_has(pool, bank->base + first);
	*offence = (struct offence){ ACRE_ERR_NOT_ALLOCATED, bank->base + first, true,
				     is_free ? "free already" : "never inserted", .past = { 0 } };
	return true;
}

/* Free the frames if all of them are handed out; else false, and nothing has changed. Lock held. */
static always_inline bool free_checked(struct frame_pool *pool, frame_nr_t pfn,
				       frame_count_t nframes)
{
	struct frame_bank *bank = frame_bank_of(pool, pfn);

	if (unlikely(bank == NULL) || unlikely(nframes == 0) ||
	    unlikely(nframes > bank->first + bank->nframes - pfn))
		return false;
	uint64_t index = pfn - bank->base;
	return likely(are_handed_out(bank, index, nframes)) &&
	       likely(frame_free_bits(bank, index, nframes));
}

/* Why free_checked() refuses. Lock held. */
static never_inline struct offence explain(struct frame_pool *pool, frame_nr_t pfn,
					   frame_count_t nframes)
{
	struct frame_bank *bank = frame_bank_of(pool, pfn);
	struct offence offence;

	if (nframes == 0)
		return (struct offence){ ACRE_ERR_INVALID, pfn, false, "a range of no frames",
					 .past = { 0 } };
	if (bank == NULL)
		return (struct offence){ ACRE_ERR_RANGE, pfn, false,
					 pfn == FRAME_NONE ? "no frame" : "not in any bank",
					 .past = { 0 } };
	frame_count_t inside = bank->first + bank->nframes - pfn;
	if (first_offence(pool, bank, pfn - bank->base, nframes < inside ? nframes : inside,
			  &offence))
		return offence;
	if (nframes > inside)
		return (struct offence){ ACRE_ERR_RANGE, pfn + inside, false,
					 "past the end of the bank", .past = { 0 } };
	return (struct offence){ ACRE_ERR_NOT_ALLOCATED, pfn, true,
				 "freed by another hart at the same moment", .past = { 0 } };
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
				       frame_count_t nframes, struct offence *offence)
{
	*offence = explain(pool, pfn, nframes);
	(void)frame_past(pool, offence->pfn, &offence->past);
}

/* In debug mode. @zeroed: one frame, all zero. */
static bool try_free_recorded(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
			      bool zeroed, const void *caller, struct offence *offence)
{
	bool ok = frame_debug_free(pool, pfn, nframes, zeroed, caller);
	LOCK_SCOPED(held, &pool->lock);

	if (ok && ((zeroed && frame_zeroed_keep(pool, pfn)) || free_checked(pool, pfn, nframes)))
		return true;
	explain_fully(pool, pfn, nframes, offence);
	return false;
}

/* @said: how many frames the caller named, 0 if it did not. */
static never_inline enum acre_status free_recorded(struct frame_pool *pool, frame_nr_t pfn,
						   frame_count_t nframes, frame_count_t said,
						   bool zeroed, const void *caller)
{
	struct offence offence;

	return try_free_recorded(pool, pfn, nframes, zeroed, caller, &offence)
		       ? ACRE_OK
		       : report_refusal(&offence, pfn, said, caller);
}

static always_inline bool try_free(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
				   struct offence *offence)
{
	LOCK_SCOPED(held, &pool->lock);

	if (likely(free_checked(pool, pfn, nframes)))
		return true;
	explain_fully(pool, pfn, nframes, offence);
	return false;
}

static enum acre_status free_frames(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
				    frame_count_t said, const void *caller)
{
	struct offence offence;

	if (unlikely(pool->debug))
		return free_recorded(pool, pfn, nframes, said, false, caller);
	return likely(try_free(pool, pfn, nframes, &offence))
		       ? ACRE_OK
		       : report_refusal(&offence, pfn, said, caller);
}

static bool try_free_zeroed(struct frame_pool *pool, frame_nr_t pfn, struct offence *offence)
{
	LOCK_SCOPED(held, &pool->lock);

	if (likely(frame_zeroed_keep(pool, pfn)) || likely(free_checked(pool, pfn, 1)))
		return true;
	explain_fully(pool, pfn, 1, offence);
	return false;
}

enum acre_status frame_free_one_zeroed(struct frame_pool *pool, frame_nr_t pfn, const void *caller)
{
	struct offence offence;

	if (unlikely(pool->debug))
		return free_recorded(pool, pfn, 1, 0, true, caller);
	return try_free_zeroed(pool, pfn, &offence) ? ACRE_OK
						    : report_refusal(&offence, pfn, 0, caller);
}

enum acre_status frame_free_one(struct frame_pool *pool, frame_nr_t pfn, const void *caller)
{
	return free_frames(pool, pfn, 1, 0, caller);
}

enum acre_status frame_free_range(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes)
{
	return free_frames(pool, pfn, nframes, nframes, acre_caller());
}

enum acre_status frame_free_address(struct frame_pool *pool, acre_paddr_t addr)
{
	if (is_aligned(addr, FRAME_SIZE))
		return free_frames(pool, frame_from_paddr(addr), 1, 0, acre_caller());
	platform_bad_free(&(struct platform_bad_free){
		.allocator = "frame",
		.address = addr,
		.caller = acre_caller(),
		.what = "misaligned",
		.actual_start = align_down(addr, FRAME_SIZE),
		.actual_size = FRAME_SIZE,
	});
	return ACRE_ERR_MISALIGNED;
}
