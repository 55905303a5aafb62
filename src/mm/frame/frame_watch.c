/* SPDX-License-Identifier: MIT */
/*
 * frame_watch.c - a watched pool: debug mode (frame_debug.c), an observer, or both, see each frame
 * that is taken or freed.
 *
 * So that a pool that is not watched pays nothing for single frames, the switch is fast_nbits of
 * each bank, which is 0 in a watched pool. The fast paths of frame_alloc() and frame_free() compare
 * an index with it in any case, and find that no index is below it. The slow paths, and all calls
 * for ranges, ask pool->watched.
 *
 * What is taken is told when it is the caller's, what is freed while it still is. So of two harts
 * between which a frame goes the free is told first.
 */
#include "lib/lock_scoped.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_internal.h"

void frame_pool_observe(struct frame_pool *pool, const struct frame_observer *observer)
{
	LOCK_SCOPED(held, &pool->lock);

	pool->observer = observer;
	frame_watch(pool);
}

void frame_watch_taken(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
		       const void *caller)
{
	const struct frame_observer *observer = pool->observer;

	frame_debug_take(pool, pfn, nframes, caller);
	if (observer != NULL)
		observer->taken(observer->context, pfn, nframes, caller);
}

void frame_watch_freeing(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
			 const void *caller)
{
	const struct frame_observer *observer = pool->observer;

	if (observer != NULL)
		observer->freeing(observer->context, pfn, nframes, caller);
}
