/* SPDX-License-Identifier: MIT */
/*
 * heap_grow.c - regions that come from the backing when the others do not suffice, and go back when
 * nothing in them is used.
 *
 *	piece of 2^n bytes   | what is handed out ...                            | table of its runs |
 *	leaf, kept           slab of each of the 512 frames of a window of 2 MiB
 *	root, kept           window --> leaf
 *
 * A piece is a power of two at a multiple of its size, since the frame pool finds that without a
 * search: an eighth of what the heap has or more, once half of the regions are in use as much as it
 * has, so that they suffice however large the heap becomes; 2 MiB at least, less where there is not
 * as much. What does not fit into any such piece gets one that is exact to a frame.
 *
 * The table of a piece lies in it and goes with it. Page map and descriptors do not: a caller that
 * frees a block may be interrupted with a pointer to them for any time. A window that has a leaf
 * keeps it, and descriptors are used again, so a heap that grows and shrinks between the same
 * bounds takes nothing more that it keeps after the first time. Descriptors for which the backing
 * has no frame are cut out of the runs (slab.c); a region in which there are some stays.
 *
 * The lock of the heap is held while a region is added or taken out, and that of the runs within
 * it. The backing is asked with interrupts off, so that its pool asks no hooks for memory
 * (lib/reclaim.h): the caller of heap_alloc() does, if nothing helps.
 */
#include "mm/heap/heap.h"

#include "lib/align.h"
#include "lib/bits.h"
#include "lib/compiler.h"
#include "lib/lock_scoped.h"
#include "mm/heap/heap_internal.h"

#define PIECE_LEAST ((size_t)64 << 10)
#define PIECE_USUAL PAGE_MAP_WINDOW
#define PIECE_MOST  ((size_t)64 << 30) /* of which a region, without its table, may have less */
#define PIECE_SHARE 8u                 /* of the heap */

static void give_piece(struct heap *h, void *start, size_t bytes)
{
	h->grown.backing.give(h->grown.backing.context, start, bytes);
}

/* ---- the page map ------------------------------------------------------------------------------ */

static bool add_leaf(struct heap *h, uintptr_t addr)
{
	const size_t bytes = PAGE_MAP_LEAF * sizeof(page_map_owner);
	page_map_owner *leaf;

	switch (page_map_has_leaf(&h->map, addr)) {
	case 1:
		return true;
	case 0:
		leaf = heap_backing_take(&h->grown.backing, bytes, PAGE_MAP_FRAME, NULL);
		if (leaf == NULL)
			return false;
		page_map_add_leaf(&h->map, addr, leaf);
		h->grown.table_bytes += bytes;
		return true;
	default: /* not where the backing said that it would be */
		return false;
	}
}

static bool add_leaves(struct heap *h, uintptr_t start, size_t bytes)
{
	for (uintptr_t at = start; at < start + bytes;
	     at = align_down(at, PAGE_MAP_WINDOW) + PAGE_MAP_WINDOW) {
		if (!add_leaf(h, at))
			return false;
	}
	return true;
}

/* ---- frames for one slab ----------------------------------------------------------------------- */

/* May the heap take @bytes more? */
static bool is_within_limit(const struct heap *h, size_t bytes)
{
	const struct heap_grown *grown = &h->grown;
	size_t has = grown->bytes + grown->placed_bytes;

	return bytes <= grown->most && has <= grown->most - bytes;
}

static void *take_placed_bytes(struct heap *h, size_t bytes, size_t align,
			       const struct heap_place *place)
{
	LOCK_SCOPED(held, &h->lock);

	if (!is_within_limit(h, bytes))
		return NULL;
	void *start = heap_backing_take(&h->grown.backing, bytes, align, place);
	if (start != NULL)
		h->grown.placed_bytes += bytes;
	return start;
}

static void give_from_slab(void *heap, void *start, size_t bytes)
{
	struct heap *h = heap;

	{
		LOCK_SCOPED(held, &h->lock);
		h->grown.placed_bytes -= bytes;
	}
	give_piece(h, start, bytes);
}

static bool add_leaf_of(struct heap *h, uintptr_t addr)
{
	LOCK_SCOPED(held, &h->lock);

	return add_leaf(h, addr);
}

/* slab.c asks for that. The lock is free between two leaves: there may be many. */
static void *take_for_slab(void *heap, size_t bytes, size_t align, const struct heap_place *place)
{
	struct heap *h = heap;
	void *start = take_placed_bytes(h, bytes, align, place);
	const uintptr_t end = (uintptr_t)start + bytes;
	bool done = start != NULL;

	for (uintptr_t at = (uintptr_t)start; done && at < end;
	     at = align_down(at, PAGE_MAP_WINDOW) + PAGE_MAP_WINDOW)
		done = add_leaf_of(h, at);
	if (!done && start != NULL)
		give_from_slab(h, start, bytes);
	return done ? start : NULL;
}

/* ---- pieces ------------------------------------------------------------------------------------ */

static void *take_piece_of(struct heap *h, size_t bytes, size_t align)
{
	return is_within_limit(h, bytes) ? heap_backing_take(&h->grown.backing, bytes, align, NULL)
					 : NULL;
}

/* How much the heap should grow by, with region @i. */
static size_t usual_piece(const struct heap *h, uint32_t i)
{
	size_t bytes = h->runs.buddy.total_bytes;

	if (i < BUDDY_MAX_REGIONS / 2)
		bytes /= PIECE_SHARE;
	if (bytes > PIECE_MOST)
		return PIECE_MOST;
	return bytes > PIECE_USUAL ? (size_t)1 << bits_log2_ceil(bytes) : PIECE_USUAL;
}

/* The piece for region @i, into which @need bytes fit: *@bytes of it. */
static void *take_piece(struct heap *h, uint32_t i, size_t need, size_t *bytes)
{
	size_t least = need < PIECE_LEAST ? PIECE_LEAST : (size_t)1 << bits_log2_ceil(need);

	if (least - run_table_bytes(least) < need)
		least *= 2;
	*bytes = usual_piece(h, i);
	for (*bytes = *bytes > least ? *bytes : least; *bytes >= least; *bytes /= 2) {
		void *start = take_piece_of(h, *bytes, *bytes);
		if (start != NULL)
			return start;
	}
	*bytes = align_up(need + run_table_bytes(least), PAGE_MAP_FRAME);
	return take_piece_of(h, *bytes, PAGE_MAP_FRAME);
}

/* The piece becomes region @i. False, and nothing has changed but leaves, if that cannot be. */
static bool add_grown_region(struct heap *h, uint32_t i, uint8_t *start, size_t bytes)
{
	const size_t table = align_up(run_table_bytes(bytes), RUN_GRANULE);

	if (!add_leaves(h, (uintptr_t)start, bytes))
		return false;
	h->grown.piece[i] = (struct heap_piece){ start, bytes };
	h->grown.bytes += bytes;
	h->grown.grows++;
	h->table[i].start = (uintptr_t)start + bytes - table;
	h->table[i].bytes = table;
	slab_pool_grow(&h->slabs, h->runs.buddy.total_bytes + bytes, NULL, 0);
	return run_pool_add_free_region(&h->runs, start, bytes - table, start + bytes - table,
					table) == ACRE_OK;
}

/* *@piece: a piece that could not become a region, and has to go back when the lock is dropped. */
static bool grow_with_lock(struct heap *h, size_t bytes, size_t align, uint64_t added,
			   struct heap_piece *piece)
{
	LOCK_SCOPED(held, &h->lock);
	const size_t slack = align > PAGE_MAP_FRAME ? align : PAGE_MAP_FRAME;
	const uint32_t i = buddy_next_region(&h->runs.buddy);

	if (h->runs.added != added) /* another hart was faster */
		return true;
	if (i == BUDDY_MAX_REGIONS)
		return false;
	piece->start = take_piece(h, i, bytes + slack, &piece->bytes);
	if (piece->start == NULL || !add_grown_region(h, i, piece->start, piece->bytes))
		return false;
	piece->start = NULL;
	return true;
}

/* run_alloc() asks for that: no run of @bytes at a multiple of @align fits. */
static bool grow(void *heap, size_t bytes, size_t align, uint64_t added)
{
	struct heap_piece piece = { 0 };
	bool grown = grow_with_lock(heap, bytes, align, added, &piece);

	if (piece.start != NULL)
		give_piece(heap, piece.start, piece.bytes);
	return grown;
}

/* ---- giving back ------------------------------------------------------------------------------- */

/* May @bytes go, so that what is free in the heap stays above the mark? */
static bool is_above_mark(struct heap *h, size_t bytes)
{
	size_t free = run_pool_free_bytes(&h->runs);

	return h->grown.keep == 0 || (free > bytes && free - bytes >= h->grown.keep);
}

/* Region @i, if nothing in it is used, is no region any more: its piece, or nothing. */
static struct heap_piece remove_piece(struct heap *h, uint32_t i)
{
	LOCK_SCOPED(held, &h->lock);
	const struct heap_piece piece = h->grown.piece[i];
	const struct heap_piece none = { 0 };

	if (piece.bytes == 0 || !is_above_mark(h, piece.bytes) ||
	    run_pool_remove_region(&h->runs, i) != ACRE_OK)
		return none;
	h->grown.piece[i] = none;
	h->grown.bytes -= piece.bytes;
	h->grown.shrinks++;
	h->table[i].start = 0;
	h->table[i].bytes = 0;
	slab_pool_grow(&h->slabs, h->runs.buddy.total_bytes, NULL, 0);
	return piece;
}

/* In slabs that have frames of their own, now. */
static size_t placed_bytes(struct heap *h)
{
	LOCK_SCOPED(held, &h->lock);

	return h->grown.placed_bytes;
}

size_t heap_shrink(struct heap *h)
{
	const size_t before = placed_bytes(h);

	(void)slab_give_up_empty(&h->slabs);
	const size_t after = placed_bytes(h); /* others may have taken some meanwhile */
	size_t bytes = before > after ? before - after : 0;

	for (uint32_t i = 0; i < BUDDY_MAX_REGIONS; i++) {
		const struct heap_piece piece = remove_piece(h, i);
		if (piece.bytes != 0)
			give_piece(h, piece.start, piece.bytes);
		bytes += piece.bytes;
	}
	return bytes;
}

/* ---- what is whose ----------------------------------------------------------------------------- */

/* One of [@start, @start + @bytes) that has @addr? */
static bool is_table(uintptr_t addr, void *table, size_t size, uint8_t **start, size_t *bytes)
{
	*start = table;
	*bytes = size;
	return addr - (uintptr_t)table < size;
}

static bool is_in_piece(struct heap *h, uintptr_t addr, uint8_t **start, size_t *bytes)
{
	LOCK_SCOPED(held, &h->lock);

	for (uint32_t i = 0; i < BUDDY_MAX_REGIONS; i++) {
		const struct heap_piece *piece = &h->grown.piece[i];
		size_t used = piece->bytes - h->table[i].bytes;
		if (piece->bytes != 0 &&
		    is_table(addr, (uint8_t *)piece->start + used, h->table[i].bytes, start, bytes))
			return true;
	}
	return false;
}

/* Leaves and root stay: without the lock, since there may be many. */
bool heap_grown_table_of(struct heap *h, uintptr_t addr, uint8_t **start, size_t *bytes)
{
	const size_t root = align_up(h->map.nwindows * sizeof(page_map_leaf), PAGE_MAP_FRAME);

	if (is_in_piece(h, addr, start, bytes))
		return true;
	for (size_t w = 0; w < h->map.nwindows; w++) {
		page_map_owner *leaf =
			page_map_leaf_of(&h->map, h->map.windows + (w << PAGE_MAP_WINDOW_SHIFT));
		if (leaf != NULL &&
		    is_table(addr, leaf, PAGE_MAP_LEAF * sizeof(*leaf), start, bytes))
			return true;
	}
	return root != 0 && is_table(addr, h->map.root, root, start, bytes);
}

/* ---- setting up -------------------------------------------------------------------------------- */

enum acre_status heap_set_backing(struct heap *h, const struct heap_backing *backing)
{
	if (backing->low >= backing->high)
		return ACRE_ERR_INVALID;
	size_t bytes = align_up(page_map_root_bytes(backing->low, backing->high), PAGE_MAP_FRAME);
	page_map_leaf *root = heap_backing_take(backing, bytes, PAGE_MAP_FRAME, NULL);
	if (root == NULL)
		return ACRE_ERR_NOMEM;
	page_map_set_root(&h->map, backing->low, backing->high, root);
	h->grown = (struct heap_grown){ .backing = *backing, .most = SIZE_MAX };
	h->grown.table_bytes = bytes;
	h->slabs.backing = &h->grown.backing;
	h->slabs.frames = (struct slab_frames){ take_for_slab, give_from_slab, h };
	h->runs.context = h;
	h->runs.grow = grow;
	return ACRE_OK;
}

void heap_set_limits(struct heap *h, size_t most, size_t keep)
{
	LOCK_SCOPED(held, &h->lock);

	h->grown.most = most;
	h->grown.keep = keep;
}

void heap_set_reclaim(struct heap *h, struct reclaim_list *reclaim)
{
	h->reclaim = reclaim;
}

size_t heap_backed_bytes(struct heap *h)
{
	struct heap_stats stats;

	heap_grown_stats(h, &stats);
	return stats.grown_bytes + stats.placed_bytes + stats.backed_bytes;
}

void heap_grown_stats(struct heap *h, struct heap_stats *stats)
{
	LOCK_SCOPED(held, &h->lock);

	stats->grown_bytes = h->grown.bytes;
	stats->placed_bytes = h->grown.placed_bytes;
	stats->backed_bytes = h->grown.table_bytes +
			      atomic_load_explicit(&h->slabs.backed_bytes, memory_order_relaxed);
	stats->grows = h->grown.grows;
	stats->shrinks = h->grown.shrinks;
}
