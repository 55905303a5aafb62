/* SPDX-License-Identifier: MIT */
/*
 * frame_types.h - what a frame pool is made of. For a caller who owns an instance, for debuggers
 * and for white-box tests: mm/frame/frame.h has the functions. frame_pool.c draws it and numbers
 * its invariants.
 */
#ifndef ACRE_MM_FRAME_TYPES_H
#define ACRE_MM_FRAME_TYPES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "lib/bitmap_atomic.h"
#include "lib/lock.h"
#include "lib/platform.h"
#include "mm/index/chunk_tree.h"
#include "mm/types.h"

/* Raise this, and nothing else, for a machine with more. */
#define FRAME_MAX_BANKS 256u

/* How many free frames a pool keeps on its list of frames that are known to be all zero. */
#define FRAME_ZEROED_MAX 64u

/*
 * What happened to a frame last, in debug mode. The hart that has the frame writes it, without the
 * lock; frame_debug.c says what is in it.
 */
struct frame_record {
	_Atomic uint64_t site;
	_Atomic uint64_t event;
};

/*
 * One contiguous piece of RAM. Index i stands for frame base + i; base is the first frame rounded
 * down to a chunk of 2 MiB.
 */
struct frame_bank {
	frame_nr_t base;
	frame_count_t nbits;   /* whole chunks that cover the bank */
	bitmap_word *free;     /* bit i: can be handed out */
	bitmap_word *inserted; /* bit i: is the pool's, free or handed out */
	chunk_byte *taker;     /* [chunk]: tag of the hart that entered it last (frame_choose.c) */
	struct chunk_tree chunks;
	frame_nr_t first;
	frame_count_t nframes;
	frame_count_t managed;        /* set bits of inserted, and zeroed frames */
	uint64_t inserted_end;        /* no index from this on is inserted */
	struct frame_record *records; /* [pfn - first], NULL without debug mode */
};

/* From how many chunks a hart took last: other harts keep away from them for a while. */
#define FRAME_RECENT_CHUNKS 5u

/*
 * Where one hart takes single frames from: a word of some bank. Only a hint: the bits stay where
 * every hart can see and take them. Its hart alone writes it, with interrupts off.
 */
struct frame_stock {
	bitmap_word *_Atomic word; /* never NULL: the pool's empty_word if the hart has no stock */
	_Atomic frame_nr_t base;   /* the frame that bit 0 of the word stands for, or FRAME_NONE */
	chunk_byte *_Atomic leaf;  /* the byte of its chunk, or the pool's dummy_leaf */
	_Atomic uint64_t moves;    /* how often the three above have changed */
	/* Tags of the chunks that it took from lately; 0: none. */
	_Atomic uint32_t recent[FRAME_RECENT_CHUNKS];
	uint32_t next_recent; /* the one of these that is forgotten next */
	frame_nr_t seek;      /* where its last search among its own chunks ended, or FRAME_NONE */
} acre_aligned_to(64);

struct frame_pool {
	/* Guards all but what an owner writes alone: free bits, stocks, records (frame_pool.c). */
	struct ticket_lock lock;
	uint64_t offset; /* a frame's pointer is its physical address plus this */
	frame_count_t managed;
	frame_count_t fast_nbits; /* frame_free(): bank[0].nbits; 0 in debug mode */
	uint64_t fast_min_align;  /* frame_alloc_range(): FRAME_SIZE; UINT64_MAX in debug mode */
	uint32_t nbanks;
	uint32_t nstocks; /* no hart from this on has a stock */
	struct frame_bank bank[FRAME_MAX_BANKS];
	/* Free, and all zero: nzeroed of them (frame_zero.c). */
	frame_nr_t zeroed[FRAME_ZEROED_MAX];
	_Atomic uint32_t nzeroed;
	bool debug;              /* debug mode is on */
	chunk_byte dummy_leaf;   /* the leaf of a hart that has no stock */
	bitmap_word empty_word;  /* its word: always 0 */
	_Atomic uint64_t events; /* that debug mode has recorded */
	struct frame_stock stock[PLATFORM_MAX_HARTS];
	struct frame_stock debug_stock; /* debug mode takes from here, with the lock */
	struct chunk_changes changes;   /* in all banks */
};

/* frame_ptr - where the bytes of @pfn are. Pre: @pfn < FRAME_LIMIT. */
static inline void *frame_ptr(const struct frame_pool *pool, frame_nr_t pfn)
{
	return (void *)(uintptr_t)(frame_to_paddr(pfn) + pool->offset);
}

#endif
