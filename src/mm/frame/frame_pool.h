/* SPDX-License-Identifier: MIT */
/*
 * frame_pool.h - what a frame pool is made of. For a caller who owns an instance, for debuggers and for
 * white-box tests: mm/frame/frame.h has the functions.
 */
#ifndef ACRE_MM_FRAME_POOL_H
#define ACRE_MM_FRAME_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/bitmap_atomic.h"
#include "lib/compiler.h"
#include "lib/lock.h"
#include "lib/platform.h"
#include "mm/frame/frame.h"
#include "mm/index/chunk_tree.h"
#include "mm/types.h"

/*
 * The last that happened to a frame, in the debug tier. Written by who has the frame, without the lock;
 * frame_debug.c says what is in it.
 */
struct frame_record {
	_Atomic uint64_t site;
	_Atomic uint64_t event;
};

/*
 * One contiguous piece of RAM. Index i stands for frame base + i; base is the first frame rounded
 * down to a chunk of 2 MiB. frame_pool.c says what must hold.
 */
struct frame_bank {
	frame_nr_t base;
	frame_count_t nbits;   /* whole chunks that cover the bank */
	bitmap_word *free;     /* bit i: can be handed out */
	bitmap_word *inserted; /* bit i: is the pool's, free or handed out */
	chunk_byte *taker;     /* [chunk]: who took single frames from it last (frame_choose.c) */
	struct chunk_tree chunks;
	frame_nr_t first;
	frame_count_t nframes;
	frame_count_t managed;        /* set bits of inserted */
	uint64_t inserted_end;        /* no index from this on is inserted */
	struct frame_record *records; /* [pfn - first], NULL without the debug tier */
};

/* How many chunks that a hart has taken from are left to it for a while. */
#define FRAME_RECENT_CHUNKS 5u

/*
 * Where one hart takes single frames from: a word of some bank. Only a hint: the bits stay where all
 * can see and take them. Written by its hart alone, with interrupts off.
 */
struct frame_stock {
	bitmap_word *_Atomic word; /* never NULL: points to a word of zeros if there is none */
	_Atomic frame_nr_t base;   /* the frame that bit 0 of the word stands for */
	chunk_byte *_Atomic leaf;  /* what is known about its chunk */
	_Atomic uint64_t moves;    /* how often the three above have changed */
	/* Chunks that it took from lately: low bits of their numbers, plus 1; 0: none. */
	_Atomic uint32_t recent[FRAME_RECENT_CHUNKS];
	uint32_t next_recent; /* the one of these that is forgotten next */
	frame_nr_t seek; /* where the last search among its own chunks has ended, or FRAME_NONE */
} acre_aligned_to(64);

struct frame_pool {
	struct ticket_lock lock; /* guards all the rest but the bits */
	uint64_t offset;         /* a frame's pointer is its physical address plus this */
	frame_count_t managed;
	frame_count_t fast_nbits; /* frame_free(): bank[0].nbits; 0 in the debug tier */
	uint64_t
		fast_min_align; /* frame_alloc_range(): FRAME_SIZE; there, more than anyone asks for */
	uint32_t nbanks;
	uint32_t nstocks; /* no hart from this on has a stock */
	struct frame_bank bank[FRAME_MAX_BANKS];
	frame_nr_t
		zeroed[FRAME_ZEROED_MAX]; /* free, and all zero: nzeroed of them (frame_zero.c) */
	_Atomic uint32_t nzeroed;
	bool debug;              /* the debug tier is on */
	chunk_byte dummy_leaf;   /* for stocks that are none */
	bitmap_word empty_word;  /* a word of zeros, for those as well */
	_Atomic uint64_t events; /* that the debug tier has recorded */
	struct frame_stock stock[PLATFORM_MAX_HARTS];
	struct frame_stock debug_stock; /* the debug tier takes from here, with the lock */
	struct chunk_changes changes;   /* in all banks */
};

/* frame_ptr - where the bytes of @pfn are. Pre: @pfn < FRAME_LIMIT. */
static inline void *frame_ptr(const struct frame_pool *pool, frame_nr_t pfn)
{
	return (void *)(uintptr_t)(frame_to_paddr(pfn) + pool->offset);
}

#endif
