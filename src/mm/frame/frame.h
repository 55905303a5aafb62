/* SPDX-License-Identifier: MIT */
/*
 * frame.h - the frame pool: which 4 KiB frames of physical memory are free, and which are handed
 * out.
 *
 *	frame_pool_init(&pool, offset, banks, ARRAY_SIZE(banks), &stocks);
 *	frame_pool_add_bank(&pool, first, n, metadata, frame_metadata_bytes(n));
 *	frame_insert(&pool, first + 10, n - 10);        what of the bank may be handed out
 *	frame_nr_t pfn = frame_alloc(&pool);
 *	...
 *	frame_free(&pool, pfn);
 *
 * A pool is an instance that the caller owns (mm/frame/frame_types.h has the structure). All
 * functions may be called on any hart, in any interrupt state, also by a handler that interrupted
 * one of them. A caller may be preempted and go on as another hart anywhere in them, but not while
 * the seam has interrupts off. A single frame is taken or freed by one atomic instruction.
 * Everything else takes the pool's lock and drops it, so a caller must not hold that lock
 * (docs/locking.md has the order of locks).
 *
 * A frame is in one of three states: never inserted, free, or handed out. A function refuses a call
 * that does not fit the state: it returns an error, and neither the pool nor the memory that it
 * manages has changed. A refused free is also reported, once, through platform_bad_free(), after
 * the lock is dropped.
 *
 * Frame 0 is a frame like any other; "none" is FRAME_NONE.
 */
#ifndef ACRE_MM_FRAME_H
#define ACRE_MM_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "lib/status.h"
#include "mm/types.h"

struct frame_bank;
struct frame_pool;
struct hart_slots;
struct reclaim_list;

/* Frame numbers are below this: 2^56 bytes of physical addresses. */
#define FRAME_LIMIT (ACRE_PADDR_LIMIT >> FRAME_SHIFT)

/* ---- setting up ------------------------------------------------------------------------------ */

/*
 * frame_metadata_bytes - how much metadata a bank of @nframes needs: 2.2 bits a frame, and some
 * hundred bytes. Any @nframes.
 */
size_t frame_metadata_bytes(frame_count_t nframes);

/*
 * frame_pool_init - a pool of nothing. @offset is added to a physical address, modulo 2^64, to get
 * a pointer to its byte: 0 where physical memory is mapped one to one. The pool keeps @banks, room
 * for @max_banks banks, and the slots of @stocks, a struct frame_stock for each hart, permanently
 * (lib/hart_slots.h; @stocks itself is copied). Harts that have no slot there share one stock,
 * which moves with the lock. The pool points into itself, so it must not be copied.
 * Pre:    @pool is not in use yet.
 * Result: ACRE_OK; ACRE_ERR_INVALID for no banks, or slots that are too small; ACRE_ERR_MISALIGNED
 *         if @offset is not a multiple of FRAME_SIZE, or for @banks or the slots. Nothing is
 *         written on failure.
 */
acre_nodiscard enum acre_status frame_pool_init(struct frame_pool *pool, uint64_t offset,
						struct frame_bank *banks, uint32_t max_banks,
						const struct hart_slots *stocks);

/*
 * frame_stock_init - @slot, a struct frame_stock of the pool @context, is that of a hart which has
 * none yet: for a slot that comes into being after frame_pool_init(). Pre: its hart does not run.
 * frame_stock_leave - the hart of @slot, which calls this with interrupts off, gives up its stock:
 * what frame_leave() does.
 */
void frame_stock_init(void *slot, void *context);
void frame_stock_leave(void *slot, void *context);

/*
 * frame_pool_add_bank - make the frames [@first, @first + @nframes) known. None can be handed out
 * until frame_insert() says which. Banks may touch; no run is ever handed out across two of them.
 * The pool keeps @metadata, of @bytes >= frame_metadata_bytes(@nframes) and aligned to 8,
 * permanently.
 * Pre:    no other call on the pool is under way, also none that is interrupted or preempted.
 * Result: ACRE_OK; ACRE_ERR_INVALID for an empty bank or no metadata; ACRE_ERR_RANGE past
 *         FRAME_LIMIT; ACRE_ERR_MISALIGNED for the metadata; ACRE_ERR_NOMEM when it is too small;
 *         ACRE_ERR_OVERLAP with another bank; ACRE_ERR_FULL past the banks that there is room
 *         for.
 * Cost:   fills the metadata, lock held: meant for boot.
 */
acre_nodiscard enum acre_status frame_pool_add_bank(struct frame_pool *pool, frame_nr_t first,
						    frame_count_t nframes, void *metadata,
						    size_t bytes);

/*
 * frame_record_bytes - how much memory the records of a bank of @nframes need: 16 bytes a frame.
 * frame_pool_debug - turn debug mode on, for the bank that has @pfn. For each of its frames a
 * record says which caller took or freed it last, and on which hart. A frame is filled with a
 * pattern when it is freed, and its bytes are compared with the pattern when it is handed out. In
 * debug mode single frames are taken and freed with the lock, in all banks. The pool keeps
 * @records, of @bytes >= frame_record_bytes() of the bank and aligned to 8, permanently.
 * Pre:    no other call on the pool is under way, also none that is interrupted or preempted.
 * Result: ACRE_OK; ACRE_ERR_INVALID for no records, or once a frame was inserted; ACRE_ERR_RANGE if
 *         @pfn is in no bank; ACRE_ERR_MISALIGNED for the records; ACRE_ERR_NOMEM when they are too
 *         small.
 * Cost:   clears the records. A pool that is not in debug mode pays nothing: its fast paths have no
 *         instruction more.
 */
size_t frame_record_bytes(frame_count_t nframes);
acre_nodiscard enum acre_status frame_pool_debug(struct frame_pool *pool, frame_nr_t pfn,
						 void *records, size_t bytes);

/* What is called for each take and free: on the hart that does it, in its interrupt state. */
struct frame_observer {
	/* @caller has got @nframes frames from @pfn on; FRAME_NONE: there were none. */
	void (*taken)(void *context, frame_nr_t pfn, frame_count_t nframes, const void *caller);
	/* @caller frees them. They are its own still, and the free may be refused. */
	void (*freeing)(void *context, frame_nr_t pfn, frame_count_t nframes, const void *caller);
	void *context;
};

/*
 * frame_pool_observe - @observer, which is kept, is called by each function below that takes or frees
 * frames, with no lock held. It does not call the pool. NULL: there is no observer, as at first. It
 * is not called for frame_insert(), frame_remove() and what an argument rules out.
 * Pre:    no other call on the pool is under way, also none that is interrupted or preempted.
 * Cost:   single frames take the slow path while there is an observer, without the lock. A pool
 *         without one pays nothing: its fast paths have no instruction more.
 */
void frame_pool_observe(struct frame_pool *pool, const struct frame_observer *observer);

/*
 * frame_pool_reclaim - before frame_alloc() or frame_alloc_range() of any kind fails, the hooks of
 * @reclaim are asked for frames (lib/reclaim.h), if the caller may wait. NULL: no hook is, as at
 * first. @reclaim is kept. Pre: no other call on the pool is under way.
 */
void frame_pool_reclaim(struct frame_pool *pool, struct reclaim_list *reclaim);

/*
 * frame_insert - give the frames [@pfn, @pfn + @nframes) of one bank to the pool for the first
 * time: they are free from now on.
 * Result: ACRE_OK; ACRE_ERR_INVALID for none; ACRE_ERR_RANGE if not all lie in one bank;
 *         ACRE_ERR_OVERLAP if any is the pool's already, free or handed out.
 * Cost:   nframes / 64 words, filled and not counted. Words below a frame that was inserted earlier
 *         are checked first, and set by an atomic instruction each.
 */
acre_nodiscard enum acre_status frame_insert(struct frame_pool *pool, frame_nr_t pfn,
					     frame_count_t nframes);

/*
 * frame_remove - take free frames out of the pool, as if they had never been inserted. A double
 * free of one of them at that moment may not be noticed: then the frame is free although it was
 * removed.
 * Result: ACRE_OK; ACRE_ERR_INVALID for none; ACRE_ERR_RANGE if not all lie in one bank;
 *         ACRE_ERR_NOT_FOUND if any was never inserted; ACRE_ERR_OVERLAP if any is handed out.
 * Cost:   nframes / 64 words.
 */
acre_nodiscard enum acre_status frame_remove(struct frame_pool *pool, frame_nr_t pfn,
					     frame_count_t nframes);

/* ---- taking ---------------------------------------------------------------------------------- */

/*
 * frame_alloc - take a free frame, any one. A chunk of 2 MiB that is wholly free is broken only if
 * no broken one with enough free frames is found soon.
 * Result: the frame, now the caller's, or FRAME_NONE when none is free, also after the hooks of
 *         frame_pool_reclaim() were asked. Contents are not cleared.
 * Cost:   one atomic instruction, no lock. For one frame in 64 also a step to the next word, for
 *         one in some hundred a search for the next chunk, with the lock.
 */
acre_nodiscard frame_nr_t frame_alloc(struct frame_pool *pool);

/*
 * frame_alloc_zeroed - frame_alloc(), all bytes 0. Cost: that of clearing FRAME_SIZE bytes, with no
 * lock held.
 */
acre_nodiscard frame_nr_t frame_alloc_zeroed(struct frame_pool *pool);

/*
 * frame_alloc_range - take @nframes contiguous frames whose physical address is a multiple of
 * @align_bytes: the lowest such run. All of it lies in one bank.
 * Pre:    @align_bytes is a power of two >= FRAME_SIZE.
 * Result: the first frame, or FRAME_NONE when there is no such run, @nframes is 0, or @align_bytes
 *         is not what it must be; then nothing has changed. Contents are not cleared.
 *         frame_alloc_range_from() tells these apart.
 * Cost:   search: O(levels) for any length at FRAME_SIZE, for a power of two at its own alignment,
 *         and for the answer that there is none. In addition each chunk that has changed since the
 *         last search is scanned once; at other alignments also each chunk that has such a run, but
 *         not aligned, unless nothing has changed since the last such search found none. The search
 *         runs in batches, and the lock is free between two of them.
 *         Marking: nframes / 64 words.
 */
acre_nodiscard frame_nr_t frame_alloc_range(struct frame_pool *pool, frame_count_t nframes,
					    uint64_t align_bytes);

/*
 * frame_alloc_range_zeroed - frame_alloc_range(), all bytes 0, cleared after the lock is dropped.
 */
acre_nodiscard frame_nr_t frame_alloc_range_zeroed(struct frame_pool *pool, frame_count_t nframes,
						   uint64_t align_bytes);

/*
 * frame_alloc_range_in - frame_alloc_range(), but all of the run lies in the frames [@low, @high):
 * for a device that reaches no more, or memory of a NUMA node.
 * Result: also FRAME_NONE if no run fits there. Hooks are asked as by frame_alloc_range().
 * Cost:   that of an odd alignment: chunks that have such a run, but not aligned, are scanned.
 */
acre_nodiscard frame_nr_t frame_alloc_range_in(struct frame_pool *pool, frame_count_t nframes,
					       uint64_t align_bytes, frame_nr_t low,
					       frame_nr_t high);

/*
 * frame_alloc_at - take exactly the frames [@pfn, @pfn + @nframes).
 * Result: ACRE_OK; ACRE_ERR_INVALID for none; ACRE_ERR_RANGE if not all lie in one bank;
 *         ACRE_ERR_NOT_FOUND if any was never inserted; ACRE_ERR_OVERLAP if any is handed out.
 * Cost:   nframes / 64 words.
 */
acre_nodiscard enum acre_status frame_alloc_at(struct frame_pool *pool, frame_nr_t pfn,
					       frame_count_t nframes);

/*
 * frame_leave - this hart will stop, and take no single frames for a while. It gives up its stock,
 * which the other harts avoided as long as there were free frames elsewhere. The frames in
 * it were free all the time. The hart may come back at any time. Cost: two stores, no lock.
 */
void frame_leave(struct frame_pool *pool);

/* ---- freeing --------------------------------------------------------------------------------- */

/*
 * frame_free - free one frame, taken alone or as part of a run.
 * Result: ACRE_OK; ACRE_ERR_NOT_ALLOCATED if it is free already or was never inserted;
 *         ACRE_ERR_RANGE if it is in no bank. A refused free is reported and changes nothing.
 * Cost:   one atomic instruction, no lock; O(log banks) in other banks than the lowest.
 */
enum acre_status frame_free(struct frame_pool *pool, frame_nr_t pfn);

/*
 * frame_free_range - free [@pfn, @pfn + @nframes): all or part of one run, or runs that touch.
 * Result: as frame_free(), if it holds for any of them (the report names the first);
 *         ACRE_ERR_INVALID for none. All are freed or none is; but if another hart frees one of
 *         them at that moment, by mistake, all may be free although this free is refused.
 * Cost:   nframes / 64 words.
 */
enum acre_status frame_free_range(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes);

/*
 * frame_free_address - frame_free() by physical address; ACRE_ERR_MISALIGNED, reported, inside of a
 * frame.
 */
enum acre_status frame_free_address(struct frame_pool *pool, acre_paddr_t addr);

/* ---- by pointer ------------------------------------------------------------------------------ */

/*
 * frame_alloc_ptr - frame_alloc(), the address of the frame's first byte (frame_ptr() in
 * frame_types.h). NULL when no frame is free. Pre: no frame of the pool lies at NULL.
 * frame_free_ptr - frame_free() by the address of its first byte; ACRE_ERR_MISALIGNED, reported,
 * inside of a frame. NULL is refused like any other address.
 */
acre_nodiscard void *frame_alloc_ptr(struct frame_pool *pool);
enum acre_status frame_free_ptr(struct frame_pool *pool, void *ptr);

/* ---- for a wrapper --------------------------------------------------------------------------- */

/*
 * These do so on behalf of @caller, an address in the code that asks: reports and the records of
 * debug mode name it. A wrapper passes acre_caller(). A wrapper that hands out
 * cleared frames clears them itself, at frame_ptr(). To free by pointer, ask frame_of_ptr().
 *
 * frame_alloc_range_from - also says why there is no run. Result: ACRE_OK, and *@pfn is the first
 * frame; else *@pfn is FRAME_NONE: ACRE_ERR_NOMEM when there is no such run; ACRE_ERR_INVALID if
 * @nframes is 0; ACRE_ERR_MISALIGNED if @align_bytes is not what it must be.
 */
acre_nodiscard frame_nr_t frame_alloc_from(struct frame_pool *pool, const void *caller);
acre_nodiscard enum acre_status frame_alloc_range_from(struct frame_pool *pool,
						       frame_count_t nframes, uint64_t align_bytes,
						       frame_nr_t *pfn, const void *caller);
acre_nodiscard enum acre_status frame_alloc_at_from(struct frame_pool *pool, frame_nr_t pfn,
						    frame_count_t nframes, const void *caller);
enum acre_status frame_free_from(struct frame_pool *pool, frame_nr_t pfn, const void *caller);
enum acre_status frame_free_range_from(struct frame_pool *pool, frame_nr_t pfn,
				       frame_count_t nframes, const void *caller);

/* ---- asking ---------------------------------------------------------------------------------- */

/*
 * Answers are true for the moment when the lock was held; single frames are taken and freed without
 * it, so an answer may be old when the caller has it. Any @pfn. A question that goes through all
 * chunks drops the lock in between: its answer is exact if no frame is taken or freed meanwhile.
 */

/* frame_is_free - can @pfn be handed out? */
bool frame_is_free(struct frame_pool *pool, frame_nr_t pfn);

/* frame_is_managed - is @pfn the pool's, free or handed out? */
bool frame_is_managed(struct frame_pool *pool, frame_nr_t pfn);

/* What there is in a range of frames. */
struct frame_summary {
	frame_count_t managed; /* the pool's, free or handed out */
	frame_count_t free;
	frame_count_t whole;   /* pieces of 2 MiB, at multiples of it, that are free */
	frame_count_t longest; /* run of free frames, in one bank */
};

/*
 * frame_summarize - look at [@pfn, @pfn + @n), any frames; those of no bank are nothing. For maps:
 * the lock is taken for 2 MiB at a time, and what changes meanwhile may be counted or not.
 * Cost: O(n / 64 + chunks).
 */
void frame_summarize(struct frame_pool *pool, frame_nr_t pfn, frame_count_t n,
		     struct frame_summary *summary);

/* What happened to a frame last. */
struct frame_past {
	const char *what;   /* "taken" or "freed" */
	const void *caller; /* by whom */
	unsigned hart;      /* platform_hart() of it */
	uint64_t number;    /* events count up from 1 */
};

/*
 * frame_past - what debug mode has recorded of @pfn. False, with *@past unchanged, if there is no
 * record: debug mode is off, or the frame was never handed out. Takes no lock: while a frame is
 * being taken or freed, the answer is the state before or after.
 */
bool frame_past(struct frame_pool *pool, frame_nr_t pfn, struct frame_past *past);

/*
 * frame_free_count, frame_managed_count - how many there are. Managed: O(1). Free: the words of
 * each chunk that is neither full nor empty, and a byte for each of the others. With more than a
 * few such chunks the lock is dropped in between, and frames that are taken or freed meanwhile may
 * be counted or not.
 */
frame_count_t frame_free_count(struct frame_pool *pool);
frame_count_t frame_managed_count(struct frame_pool *pool);

/* frame_pool_is_empty - is no frame free? O(levels). */
bool frame_pool_is_empty(struct frame_pool *pool);

/*
 * frame_validate - walk everything with the lock held: NULL if the invariants of frame_pool.c hold,
 * else the sentence that is broken. For tests and debuggers.
 * Pre: no frame is taken or freed meanwhile.
 */
const char *frame_validate(struct frame_pool *pool);

#endif
