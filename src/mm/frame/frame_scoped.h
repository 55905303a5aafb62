/* SPDX-License-Identifier: MIT */
/*
 * frame_scoped.h - an owner type: frames that free themselves at the end of the block that took
 * them. It is for a function that has frames for its own time only, or hands them on at its end
 * and has several ways to fail before that.
 *
 * C has no destructors, but gcc and clang call a function when a variable with the cleanup
 * attribute leaves its scope: by the end of the block, return, break or goto.
 *
 *	enum acre_status make_table(struct frame_pool *pool, frame_nr_t *out)
 *	{
 *		FRAME_SCOPED(table) = frame_scoped_of(pool, frame_alloc_zeroed(pool), 1);
 *		FRAME_SCOPED(leaf) = frame_scoped_alloc(pool);
 *
 *		if (table.pfn == FRAME_NONE || leaf.pfn == FRAME_NONE)
 *			return ACRE_ERR_NOMEM;               neither leaks
 *		...
 *		*out = frame_scoped_keep(&table);       the caller's from now on
 *		return ACRE_OK;                       leaf is freed here
 *	}
 *
 * Exactly one variable owns a frame. Do not copy one; a jump that skips the end of the block
 * (longjmp, a panic) skips the free as well.
 *
 * What takes or frees is part of the function that uses it, at any level of optimisation: reports
 * and records name that function.
 */
#ifndef ACRE_MM_FRAME_SCOPED_H
#define ACRE_MM_FRAME_SCOPED_H

#include "mm/frame/frame.h"

#include "lib/attributes.h"

struct frame_scoped {
	struct frame_pool *pool;
	frame_nr_t pfn;        /* FRAME_NONE: owns nothing */
	frame_count_t nframes; /* from there */
};

/* FRAME_SCOPED - declare the owner @name. It must be initialised in the same declaration. */
#define FRAME_SCOPED(name)                                                                         \
	__attribute__((__cleanup__(frame_scoped_release))) struct frame_scoped name

/*
 * frame_scoped_of - an owner of @nframes frames from @pfn that were just taken; none if FRAME_NONE.
 */
static inline struct frame_scoped frame_scoped_of(struct frame_pool *pool, frame_nr_t pfn,
						  frame_count_t nframes)
{
	return (struct frame_scoped){ .pool = pool, .pfn = pfn, .nframes = nframes };
}

/* frame_scoped_alloc - an owner of one frame; its pfn is FRAME_NONE when none is free. */
static acre_always_inline struct frame_scoped frame_scoped_alloc(struct frame_pool *pool)
{
	return frame_scoped_of(pool, frame_alloc(pool), 1);
}

/* frame_scoped_alloc_range - the same of @nframes frames, as frame_alloc_range() takes them. */
static acre_always_inline struct frame_scoped frame_scoped_alloc_range(struct frame_pool *pool,
								       frame_count_t nframes,
								       uint64_t align)
{
	return frame_scoped_of(pool, frame_alloc_range(pool, nframes, align), nframes);
}

/* frame_scoped_keep - the frame is the caller's now and is not freed; its number, or FRAME_NONE. */
static inline acre_nodiscard frame_nr_t frame_scoped_keep(struct frame_scoped *owner)
{
	frame_nr_t pfn = owner->pfn;

	owner->pfn = FRAME_NONE;
	return pfn;
}

/*
 * frame_scoped_release - free now what @owner owns; the end of its block does it. A free that the
 * pool refuses is reported through platform_bad_free(), as every one is.
 */
static acre_always_inline void frame_scoped_release(struct frame_scoped *owner)
{
	frame_nr_t pfn = frame_scoped_keep(owner);

	if (pfn != FRAME_NONE)
		(void)frame_free_range(owner->pool, pfn, owner->nframes);
}

#endif
