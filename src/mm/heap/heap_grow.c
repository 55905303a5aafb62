/* SPDX-License-Identifier: MIT */
/*
 * heap_grow.c - regions that come from the backing when the others do not suffice, and go back when
 * nothing in them is used.
 *
 *	piece of 2^n bytes   | what is handed out ...                            | table of its runs |
 *	leaf, for good       slab of each of the 512 frames of a window of 2 MiB
 *	root, for good       window --> leaf
 *
 * A piece is a power of two at a multiple of its size, since that is what the frame pool finds at
 * once: an eighth of what the heap has or more, once half of the regions are in use as much as it
 * has, so that they suffice however large the heap becomes; 2 MiB at least, less where there is not
 * as much. What does not fit into any such piece gets one that is exact to a frame.
 *
 * The table of a piece lies in it and goes with it. Page map and descriptors do not: somebody who
 * frees a block may be interrupted with a pointer to them for any time. A window that has a leaf
 * keeps it, and descriptors are used again, so a heap that grows and shrinks between the same
 * bounds takes nothing more for good after the first time. Descriptors for which the backing has
 * no frame are cut out of the runs (slab.c); a region in which there are some stays.
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

static bool add_leaf_locked(struct heap *h, uintptr_t addr)
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

/* ---- frames ------------------------------------------------------------------------------------- */

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

static void give_placed(void *heap, void *start, size_t bytes)
{
	struct heap *h = heap;

	{
		LOCK_SCOPED(held, &h->lock);
		h->grown.placed_bytes -= bytes;
	}
	give_piece(h, start, bytes);
}

static bool add_leaf(struct heap *h, uintptr_t addr)
{
	LOCK_SCOPED(held, &h->lock);

	return add_leaf_locked(h, addr);
}

/* For a slab, or to become a region. The lock is free between two leaves: there may be many. */
static void *take_placed(void *heap, size_t bytes, size_t align, const struct heap_place *place)
{
	struct heap *h = heap;
	void *start = take_placed_bytes(h, bytes, align, place);
	const uintptr_t end = (uintptr_t)start + bytes;
	bool done = start != NULL;

	for (uintptr_t at = (uintptr_t)start; done && at < end;
	     at = align_down(at, PAGE_MAP_WINDOW) + PAGE_MAP_WINDOW)
		done = add_leaf(h, at);
	if (!done && start != NULL)
		give_placed(h, start, bytes);
	return done ? start : NULL;
}

/* ---- pieces ------------------------------------------------------------------------------------ */

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

/* A piece of @bytes, or half of that, and so on, into which @need bytes fit. */
static struct heap_piece take_piece(struct heap *h, size_t bytes, size_t need)
{
	size_t least = need < PIECE_LEAST ? PIECE_LEAST : (size_t)1 << bits_log2_ceil(need);
	struct heap_piece piece;

	if (least - run_table_bytes(least) < need)
		least *= 2;
	for (piece.bytes = bytes > least ? bytes : least; piece.bytes >= least; piece.bytes /= 2) {
		piece.start = take_placed(h, piece.bytes, piece.bytes, NULL);
		if (piece.start != NULL)
			return piece;
	}
	piece.bytes = align_up(need + run_table_bytes(least), PAGE_MAP_FRAME);
	piece.start = take_placed(h, piece.bytes, PAGE_MAP_FRAME, NULL);
	return piece;
}

/* Has the heap got a region since it had got @added? If not, *@bytes is what it should grow by. */
static bool has_grown(struct heap *h, uint64_t added, size_t *bytes)
{
	LOCK_SCOPED(held, &h->lock);
	const uint32_t i = buddy_next_region(&h->runs.buddy);

	*bytes = i < BUDDY_MAX_REGIONS ? usual_piece(h, i) : 0;
	return h->runs.added != added;
}

/* @piece becomes a region, unless another hart has added one meanwhile. */
static bool add_piece(struct heap *h, const struct heap_piece *piece, uint64_t added)
{
	LOCK_SCOPED(held, &h->lock);
	const size_t table = align_up(run_table_bytes(piece->bytes), RUN_GRANULE);
	const uint32_t i = buddy_next_region(&h->runs.buddy);
	uint8_t *start = piece->start;

	if (h->runs.added != added || i == BUDDY_MAX_REGIONS)
		return false;
	h->grown.piece[i] = *piece;
	h->grown.placed_bytes -= piece->bytes;
	h->grown.bytes += piece->bytes;
	h->grown.grows++;
	h->table[i].start = (uintptr_t)start + piece->bytes - table;
	h->table[i].bytes = table;
	slab_pool_grow(&h->slabs, h->runs.buddy.total_bytes + piece->bytes, NULL, 0);
	return run_pool_add_free_region(&h->runs, start, piece->bytes - table,
					start + piece->bytes - table, table) == ACRE_OK;
}

/* run_alloc() asks for that: no run of @bytes at a multiple of @align fits. */
static bool grow(void *heap, size_t bytes, size_t align, uint64_t added)
{
	struct heap *h = heap;
	const size_t slack = align > PAGE_MAP_FRAME ? align : PAGE_MAP_FRAME;
	size_t usual;

	if (has_grown(h, added, &usual))
		return true;
	if (usual == 0)
		return false;
	const struct heap_piece piece = take_piece(h, usual, bytes + slack);
	if (piece.start != NULL && add_piece(h, &piece, added))
		return true;
	if (piece.start != NULL)
		give_placed(h, piece.start, piece.bytes);
	return has_grown(h, added, &usual);
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

size_t heap_shrink(struct heap *h)
{
	size_t bytes = 0;

	(void)slab_give_up_empty(&h->slabs);
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

bool heap_grown_table_of(struct heap *h, uintptr_t addr, uint8_t **start, size_t *bytes)
{
	LOCK_SCOPED(held, &h->lock);
	const size_t root = align_up(h->map.nwindows * sizeof(page_map_leaf), PAGE_MAP_FRAME);

	for (uint32_t i = 0; i < BUDDY_MAX_REGIONS; i++) {
		const struct heap_piece *piece = &h->grown.piece[i];
		size_t used = piece->bytes - h->table[i].bytes;
		if (piece->bytes != 0 &&
		    is_table(addr, (uint8_t *)piece->start + used, h->table[i].bytes, start, bytes))
			return true;
	}
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
	h->slabs.frames = (struct slab_frames){ take_placed, give_placed, h };
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
