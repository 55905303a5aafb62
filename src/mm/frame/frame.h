/* SPDX-License-Identifier: MIT */
/*
 * frame.h - the frame pool: which 4 KiB frames of physical memory are free, and which are handed
 * out.
 *
 *	frame_pool_init(&pool, offset);
 *	frame_pool_add_bank(&pool, first, n, metadata, frame_metadata_bytes(n));
 *	frame_insert(&pool, first + 10, n - 10);        what of the bank may be handed out
 *	frame_nr_t pfn = frame_alloc(&pool);
 *	...
 *	frame_free(&pool, pfn);
 *
 * A pool is an instance that the caller owns (mm/frame/frame_types.h has the structure). All
 * functions may be called on any hart, in any interrupt state, also by a handler that interrupted
 * one of them. A single frame is taken or freed by one atomic instruction. Everything else takes
 * the pool's lock and drops it, so a caller must not hold that lock. Lock order: heap, frame, print
 * (docs/locking.md).
 *
 * A frame is in one of three states: never inserted, free, or handed out. A function that would
 * break a state refuses: it returns an error, and neither the pool nor the memory that it manages
 * has changed. A refused free is also reported, once, through platform_bad_free(), after the lock
 * is dropped.
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

struct frame_pool;

/* Frame numbers are below this: 2^56 bytes of physical addresses. */
#define FRAME_LIMIT (ACRE_PADDR_LIMIT >> FRAME_SHIFT)

/* ---- setting up ------------------------------------------------------------------------------ */

/*
 * frame_metadata_bytes - how much metadata a bank of @nframes needs: 2.17 bits a frame, and some
 * hundred bytes. Any @nframes.
 */
size_t frame_metadata_bytes(frame_count_t nframes);

/*
 * frame_pool_init - a pool of nothing. @offset is added to a physical address, modulo 2^64, to get
 * a pointer to its byte: 0 where physical memory is mapped one to one.
 * Pre:    @pool is not in use yet.
 * Result: ACRE_OK; ACRE_ERR_MISALIGNED if @offset is not a multiple of FRAME_SIZE.
 */
acre_nodiscard enum acre_status frame_pool_init(struct frame_pool *pool, uint64_t offset);

/*
 * frame_pool_add_bank - make the frames [@first, @first + @nframes) known. None can be handed out
 * until frame_insert() says which. Banks may touch; no run is ever handed out across two of them.
 * The pool keeps @metadata, of @bytes >= frame_metadata_bytes(@nframes) and aligned to 8, for good.
 * Pre:    no other hart uses the pool meanwhile.
 * Result: ACRE_OK; ACRE_ERR_INVALID for an empty bank or no metadata; ACRE_ERR_RANGE past
 *         FRAME_LIMIT; ACRE_ERR_MISALIGNED for the metadata; ACRE_ERR_NOMEM when it is too small;
 *         ACRE_ERR_OVERLAP with another bank; ACRE_ERR_FULL past FRAME_MAX_BANKS.
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
 * debug mode every call takes the lock. The pool keeps @records, of @bytes >= frame_record_bytes()
 * of the bank and aligned to 8, for good.
 * Pre:    no other hart uses the pool meanwhile.
 * Result: ACRE_OK; ACRE_ERR_INVALID for no records, or once a frame was inserted; ACRE_ERR_RANGE if
 *         @pfn is in no bank; ACRE_ERR_MISALIGNED for the records; ACRE_ERR_NOMEM when they are too
 *         small.
 * Cost:   clears the records. A pool that is not in debug mode pays nothing: its fast paths have no
 *         instruction more.
 */
size_t frame_record_bytes(frame_count_t nframes);
acre_nodiscard enum acre_status frame_pool_debug(struct frame_pool *pool, frame_nr_t pfn,
						 void *records, size_t bytes);

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
 * frame_remove - take free frames out for good, as if they had never been inserted.
 * Result: ACRE_OK; ACRE_ERR_INVALID for none; ACRE_ERR_RANGE if not all lie in one bank;
 *         ACRE_ERR_NOT_FOUND if any was never inserted; ACRE_ERR_OVERLAP if any is handed out.
 * Cost:   nframes / 64 words.
 */
acre_nodiscard enum acre_status frame_remove(struct frame_pool *pool, frame_nr_t pfn,
					     frame_count_t nframes);

/* ---- taking ---------------------------------------------------------------------------------- */

/*
 * frame_alloc - take a free frame, any one. A chunk of 2 MiB that is wholly free is broken last.
 * Result: the frame, now the caller's, or FRAME_NONE when none is free. Contents are not cleared.
 * Cost:   one atomic instruction, no lock. For one frame in 64 also a step to the next word, for
 *         one in some hundred a search for the next chunk, with the lock.
 */
acre_nodiscard frame_nr_t frame_alloc(struct frame_pool *pool);

/*
 * frame_alloc_zeroed - frame_alloc(), all bytes 0. The frame comes from the list of zeroed frames,
 * or is cleared now, with no lock held. Cost: that of the lock, or of clearing FRAME_SIZE bytes.
 */
acre_nodiscard frame_nr_t frame_alloc_zeroed(struct frame_pool *pool);

/*
 * frame_alloc_range - take @nframes contiguous frames whose physical address is a multiple of
 * @align_bytes: the lowest such run. All of it lies in one bank. Frames on the list of zeroed
 * frames are part of it only if there is no run without them.
 * Pre:    @align_bytes is a power of two >= FRAME_SIZE.
 * Result: the first frame, or FRAME_NONE when there is no such run, @nframes is 0, or @align_bytes
 *         is not what it must be; then nothing has changed. Contents are not cleared.
 * Cost:   search: O(levels) for any length at FRAME_SIZE, for a power of two at its own alignment,
 *         and for the answer that there is none. In addition each chunk that has changed since the
 *         last search is scanned once; at other alignments also each chunk that has such a run, but
 *         not aligned. The search runs in batches, and the lock is free between two of them.
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
 * frame_alloc_at - take exactly the frames [@pfn, @pfn + @nframes).
 * Result: ACRE_OK; ACRE_ERR_INVALID for none; ACRE_ERR_RANGE if not all lie in one bank;
 *         ACRE_ERR_NOT_FOUND if any was never inserted; ACRE_ERR_OVERLAP if any is handed out.
 * Cost:   nframes / 64 words.
 */
acre_nodiscard enum acre_status frame_alloc_at(struct frame_pool *pool, frame_nr_t pfn,
					       frame_count_t nframes);

/*
 * frame_leave - this hart will stop, and take no single frames for a while. It forgets its stock
 * and its recent chunks, from which the other harts kept away as long as there were free frames
 * elsewhere. The frames in them were free all the time. The hart may come back at any time. Cost:
 * some stores, no lock.
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
 * frame_free_zeroed - frame_free(), by a caller who promises that all bytes of the frame are 0, so
 * that they need not be cleared for the next frame_alloc_zeroed().
 * Result: as frame_free(); in debug mode ACRE_ERR_INVALID, reported, if they are not.
 * Cost:   that of the lock.
 */
enum acre_status frame_free_zeroed(struct frame_pool *pool, frame_nr_t pfn);

/*
 * frame_prezero - clear up to @nframes free frames ahead of time, for frame_alloc_zeroed(): work
 * for a hart that has nothing else to do. Stops when FRAME_ZEROED_MAX frames are on the list, or
 * all frames that are free. A frame is handed out while it is cleared, without the lock.
 * Result: how many frames are on the list now; with 0 @nframes it does nothing else.
 */
frame_count_t frame_prezero(struct frame_pool *pool, frame_count_t nframes);

/*
 * frame_free_range - free [@pfn, @pfn + @nframes): all or part of one run, or runs that touch.
 * Result: as frame_free(), if it holds for any of them (the report names the first);
 *         ACRE_ERR_INVALID for none. All are freed or none is.
 * Cost:   nframes / 64 words.
 */
enum acre_status frame_free_range(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes);

/* frame_free_address - frame_free() by physical address; ACRE_ERR_MISALIGNED inside of a frame. */
enum acre_status frame_free_address(struct frame_pool *pool, acre_paddr_t addr);

/* ---- asking ---------------------------------------------------------------------------------- */

/*
 * Answers are true for the moment when the lock was held. Any @pfn. A question that goes through
 * all chunks drops the lock now and then: its answer is exact if no frame is taken or freed
 * meanwhile.
 */

/* frame_is_free - can @pfn be handed out? */
bool frame_is_free(struct frame_pool *pool, frame_nr_t pfn);

/* frame_is_managed - is @pfn the pool's, free or handed out? */
bool frame_is_managed(struct frame_pool *pool, frame_nr_t pfn);

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
 */
const char *frame_validate(struct frame_pool *pool);

#endif
