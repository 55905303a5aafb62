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
#include "lib/hart_slots.h"
#include "lib/lock.h"
#include "mm/index/chunk_tree.h"
#include "mm/types.h"

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
	frame_count_t fast_nbits; /* as far as the fast paths go: nbits; 0 in a watched pool */
	bitmap_word *free;        /* bit i: can be handed out */
	bitmap_word *inserted;    /* bit i: is the pool's, free or handed out */
	struct chunk_tree chunks; /* over free */
	chunk_byte *taker;   /* [chunk]: tag of the hart that entered it last (frame_choose.c) */
	frame_count_t nbits; /* whole chunks that cover the bank */
	frame_nr_t first;
	frame_count_t nframes;
	frame_count_t managed;        /* set bits of inserted */
	uint64_t inserted_end;        /* no index from this on is inserted */
	struct frame_record *records; /* [pfn - first], NULL without debug mode */
} acre_aligned_to(64);

/*
 * Where a hart takes single frames from: a word of some bank. Only a hint (frame_stock.c). Its hart
 * alone writes it, with interrupts off.
 */
struct frame_stock {
	_Atomic frame_nr_t base; /* the frame that bit 0 of the word stands for, or FRAME_NONE */
	struct frame_bank *_Atomic bank; /* that has it */
	frame_nr_t seek; /* where its last search among its own chunks ended, or FRAME_NONE */
} acre_aligned_to(64);

/* There was no run of @n frames at a multiple of @align after so many changes (frame_search.c). */
struct frame_none {
	frame_count_t n; /* 0: nothing is remembered */
	frame_count_t align;
	uint64_t changes;
};

struct reclaim_list;
struct frame_observer;

struct frame_pool {
	/* Guards all but free bits, a stock (its hart's) and records (frame_pool.c). */
	struct ticket_lock lock;
	uint64_t offset;          /* a frame's pointer is its physical address plus this */
	struct frame_bank *bank;  /* nbanks of them, sorted; the caller has lent max_banks */
	struct hart_slots stocks; /* a struct frame_stock for each hart; lent too */
	uint32_t nbanks;
	uint32_t max_banks;
	uint32_t nstocks; /* no hart from this on has taken single frames yet */
	bool debug;       /* debug mode is on */
	bool watched;     /* debug mode, an observer, or both: the fast paths are closed */
	const struct frame_observer *observer; /* or NULL */
	frame_count_t managed;
	_Atomic uint64_t events;      /* that debug mode has recorded */
	struct reclaim_list *reclaim; /* who is asked before an allocation fails, or NULL */
	struct frame_none none;
	struct chunk_changes changes; /* in all banks */
	struct frame_stock shared; /* for harts without a stock, and in debug mode: with the lock */
};

/* frame_ptr - where the bytes of @pfn are. Pre: @pfn < FRAME_LIMIT. */
static inline void *frame_ptr(const struct frame_pool *pool, frame_nr_t pfn)
{
	return (void *)(uintptr_t)(frame_to_paddr(pfn) + pool->offset);
}

/* frame_of_ptr - the frame that has the byte at @ptr: the reverse of frame_ptr(). */
static inline frame_nr_t frame_of_ptr(const struct frame_pool *pool, const void *ptr)
{
	return frame_from_paddr((uint64_t)(uintptr_t)ptr - pool->offset);
}

#endif
