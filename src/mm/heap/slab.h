/* SPDX-License-Identifier: MIT */
/*
 * slab.h - slabs: objects of one size side by side, in a run of 1 to 16 frames. slab.c explains how
 * they work and numbers the rules.
 *
 * All functions may be called on any hart, in any interrupt state, also by a handler that
 * interrupted one of them; a caller may go on as another hart anywhere in them. They take the lock
 * of a class, and after it the lock of the runs, so a caller must hold neither.
 */
#ifndef ACRE_MM_SLAB_H
#define ACRE_MM_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "lib/bitmap_atomic.h"
#include "lib/hart_slots.h"
#include "lib/lock.h"
#include "mm/heap/backing.h"
#include "mm/heap/page_map.h"
#include "mm/heap/runs.h"

/*
 * Classes are numbered from 1: those of sizes, 16 bytes apart to 128, then 8 for each doubling to
 * 16 KiB; those of caches, which slab_class_open() makes; and one for objects so large that each
 * has frames of its own. 0 is no class.
 */
#define SLAB_CLASSES    64u
#define SLAB_CACHES     31u
#define SLAB_LARGE      (SLAB_CLASSES + SLAB_CACHES + 1)
#define SLAB_UNIT       16u
#define SLAB_MAX_SIZE   ((size_t)16384)
#define SLAB_WORDS      4u  /* of 64 objects; 256 of 16 bytes fit into a frame */
#define SLAB_MAX_FRAMES 16u /* of a slab of more than one object */
#define SLAB_OBJECTS    8u  /* a slab has as many at least, where they fit */
#define SLAB_ALIGN      128u

/* What a slab is to its class, which has a list for each. Changes under the lock of the class. */
enum slab_state {
	SLAB_SPARE,  /* of no class */
	SLAB_FULL,   /* it had no free object when it was left */
	SLAB_LISTED, /* it has free objects, for the hart that asks next */
	SLAB_STOCK,  /* a hart's own, with free objects or without: its owner takes from it */
	SLAB_STATES
};

/* The descriptor of a slab, in tables beside the memory. It stays one. */
struct slab {
	/* A line of their own: bit i of word w is object 64 w + i. */
	bitmap_word free[SLAB_WORDS] acre_aligned_to(SLAB_ALIGN);
	bitmap_word loose[SLAB_WORDS]; /* handed out for less than the class says */

	/* Words of 64 bits, since what is shorter costs instructions where it is used. */
	_Atomic(uint8_t *) base;
	_Atomic uint64_t class;
	_Atomic uint64_t size;       /* of an object */
	_Atomic uint64_t reciprocal; /* 2^64 / size, rounded up */
	_Atomic uint64_t count;      /* of objects */
	_Atomic uint32_t state;      /* enum slab_state */
	_Atomic uint32_t
		owner; /* the hart of a SLAB_STOCK; PLATFORM_MAX_HARTS: of harts that share */
	_Atomic(struct slab *) next; /* of slabs of its class and state, or of the spare ones */
	_Atomic(struct slab *) prev;
};

_Static_assert(sizeof(struct slab) == SLAB_ALIGN, "a word leads to its slab");
_Static_assert(offsetof(struct slab, base) == SLAB_ALIGN / 2, "a line of their own");

/*
 * Where a hart takes its next objects from: for each class a word of some slab, only a hint; and
 * the first of its own slabs, which lie side by side in the list of the class, whose lock guards it.
 */
struct slab_stock {
	_Atomic(bitmap_word *) word[SLAB_LARGE]; /* large ones are of no stock */
	_Atomic(struct slab *) first[SLAB_LARGE];
};

/* What the objects of a cache are. */
struct slab_kind {
	const char *name;
	size_t size;  /* a multiple of align */
	size_t align; /* a power of two, at least SLAB_UNIT */
	/* If it is not NULL: called for each object of a new slab, with no lock held. */
	void (*construct)(void *object, void *context);
	void *context;
	bool placed; /* its slabs are frames at `place`, not runs */
	struct heap_place place;
};

struct slab_class {
	struct ticket_lock lock;
	_Atomic(struct slab *) list[SLAB_STATES]; /* by state */
	struct slab *kept; /* a listed one that was wholly free when it was looked at */
	unsigned number;
	size_t size;             /* of an object; 0: each has its own, or there is no such class */
	uint64_t reciprocal;     /* 2^64 / size, rounded up */
	uint32_t count;          /* of objects, in the longest slab */
	uint32_t least;          /* ... in the shortest */
	bool starts_short;       /* the first slab has half as many as usual */
	_Atomic uint32_t usual;  /* of objects, in the first slabs: fewer in a small arena */
	_Atomic uint32_t most;   /* of objects, in later ones */
	_Atomic uint32_t nslabs; /* written with the lock, as all of this is */
	uint32_t peak;           /* of nslabs */
	uint64_t starts;
	uint64_t retires;
	struct slab_kind kind; /* of a cache; of the others only `placed` is set */
};

/* Where slabs get frames of their own. No lock is held. take is NULL: there are none. */
struct slab_frames {
	void *(*take)(void *context, size_t bytes, size_t align, const struct heap_place *place);
	void (*give)(void *context, void *start, size_t bytes);
	void *context;
};

struct slab_pool {
	struct run_pool *runs;
	struct page_map *map;
	const struct heap_backing *backing; /* of descriptors; NULL: they are cut out of the runs */
	struct slab_frames frames;
	struct hart_slots stocks;
	size_t share;       /* bytes that a slab may have */
	bitmap_word none;   /* what a stock points to that has none: always 0 */
	struct slab *spare; /* these four with the lock of the runs */
	struct slab *fresh; /* descriptors that have never been one: nfresh side by side */
	size_t nfresh;
	_Atomic size_t ndescriptors; /* spare or not */
	_Atomic size_t backed_bytes; /* of those, from `backing` */
	struct slab_stock shared;    /* of harts that have none */
	struct slab_class class[SLAB_LARGE + 1];
};

/*
 * slab_class_size - bytes of an object of @class, 1 to SLAB_CLASSES.
 * slab_shared_class - the class of the next power of two from @class on, which serves the sizes of
 * @class as well as long as one slab is enough for all of them.
 */
size_t slab_class_size(unsigned class);
unsigned slab_shared_class(unsigned class);

/* slab_pool_init - no slabs, which are to be cut out of @runs. No hart has a stock of its own. */
void slab_pool_init(struct slab_pool *pool, struct run_pool *runs, struct page_map *map);

/*
 * slab_pool_grow - there are @total_bytes of memory from now on, of which a slab has a 16th at most;
 * and @n descriptors at @table, aligned to SLAB_ALIGN, which the pool keeps. Before the memory is
 * used.
 */
void slab_pool_grow(struct slab_pool *pool, size_t total_bytes, struct slab *table, size_t n);

/*
 * slab_stock_init - @slot is the stock, of nothing, of a hart. Not while the hart uses it.
 * slab_stock_leave - the hart of @slot, which calls this with interrupts off, takes no objects for a
 * while: other harts need not avoid its slabs.
 */
void slab_stock_init(struct slab_pool *pool, struct slab_stock *slot);
void slab_stock_leave(struct slab_pool *pool, struct slab_stock *slot);

/*
 * slab_class_open - @class, above SLAB_CLASSES and below SLAB_LARGE, which is of no cache, is one of
 * @kind, which is copied. Its shortest slab has one object.
 * slab_class_clear - the slabs of @class that are wholly free are given up.
 * slab_class_close - it is of no cache any more; false if it has a slab.
 * slab_class_live - of the live objects of @class the first @max: their number, of all that there
 * are.
 * Pre: no object of the class is taken or freed meanwhile. One hart opens, closes or calls
 * slab_pool_grow() at a time.
 */
void slab_class_open(struct slab_pool *pool, unsigned class, const struct slab_kind *kind);
void slab_class_clear(struct slab_pool *pool, unsigned class);
acre_nodiscard bool slab_class_close(struct slab_pool *pool, unsigned class);
size_t slab_class_live(struct slab_pool *pool, unsigned class, const void **object, size_t max);

/*
 * slab_alloc - take an object of @class, 1 to SLAB_LARGE - 1.
 * Result: the object; NULL where no slab of the class has one free, no other class has a slab that
 *         is wholly free, and there is no run for a slab of two objects; where these would be more
 *         than a 16th of the memory; or where memory is scarce and an object is long: then the
 *         caller asks for a run, and for slab_alloc_left() if there is none.
 * Cost:   one atomic instruction and no lock where the stock of the hart has one; else docs/heap.md.
 * slab_alloc_no_grow - slab_alloc() where the memory may not grow.
 * slab_alloc_left - an object of a slab of @class that there is, of any hart; no slab is started and
 * none is given up.
 * slab_stock_is_used_up - is the slab full from which this hart takes objects of @class? A hint. False
 * where it has none.
 */
acre_nodiscard void *slab_alloc(struct slab_pool *pool, unsigned class);
acre_nodiscard void *slab_alloc_no_grow(struct slab_pool *pool, unsigned class);
acre_nodiscard void *slab_alloc_left(struct slab_pool *pool, unsigned class);
bool slab_stock_is_used_up(const struct slab_pool *pool, unsigned class);

/*
 * slab_alloc_large - an object of @bytes, rounded up to frames, that is a slab of its own, of class
 * SLAB_LARGE, at a multiple of @align, a power of two that is a frame at least; where @place says,
 * if it is not NULL. NULL where there are no such frames, or no descriptor.
 */
acre_nodiscard void *slab_alloc_large(struct slab_pool *pool, size_t bytes, size_t align,
				      const struct heap_place *place);

/* What slab_free() may find. */
enum slab_found {
	SLAB_FREED,
	SLAB_NO_OBJECT,    /* no object starts there: it may be a run after the slab */
	SLAB_FREE_ALREADY, /* ... is free */
};

/*
 * slab_free - free the object at @ptr of @slab, which page_map_find() said owns its frame.
 * Cost:   one atomic instruction and no lock, unless the slab was full or becomes wholly free.
 */
acre_nodiscard enum slab_found slab_free(struct slab_pool *pool, struct slab *slab, void *ptr);

/* An object, as slab_object_of() finds it. */
struct slab_object {
	uint8_t *start;
	size_t size;
	unsigned class;
	uint32_t index;
	bool live;
	bool loose; /* the size that it was asked for may be of a lower class */
};

/*
 * slab_object_of - the object of @slab that has the byte at @addr. False if none has. True of the
 * moment of asking, and of any other as long as the caller has the object.
 */
acre_nodiscard bool slab_object_of(const struct slab *slab, const void *addr,
				   struct slab_object *object);

/* slab_set_loose - say of an object that the caller has whether it was asked for less. */
void slab_set_loose(struct slab *slab, const struct slab_object *object, bool loose);

/* slab_give_up_empty - give the runs of all slabs back that are wholly free. Were there any? */
bool slab_give_up_empty(struct slab_pool *pool);

struct slab_stats {
	const char *name; /* of a cache, or NULL */
	size_t size;      /* of an object */
	size_t slabs;     /* now */
	size_t peak;      /* at most at one time */
	size_t objects;   /* in all slabs, free or not */
	size_t live;      /* handed out */
	size_t bytes;     /* of all objects */
	size_t live_bytes;
	uint64_t starts;
	uint64_t retires;
};

/* slab_class_stats - the figures of @class, of a moment. Cost: O(its slabs), with its lock. */
void slab_class_stats(struct slab_pool *pool, unsigned class, struct slab_stats *stats);

/*
 * slab_pool_validate - do all slabs keep the invariants (slab.c numbers them)? NULL if so, else the
 * sentence that is broken. Pre: no other call on the pool is under way. In slab_validate.c.
 */
const char *slab_pool_validate(struct slab_pool *pool);

#endif
