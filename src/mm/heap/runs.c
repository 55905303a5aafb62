/* SPDX-License-Identifier: MIT */
/*
 * runs.c - runs: what the memory of a heap is divided into, down to granules of 512 bytes.
 *
 * The granules of a region are divided into runs without gaps: absent ones, each of which is a free
 * block of the buddy structure; free ones; blocks, slabs and tables. Two tables say where and what:
 *
 *	starts   a bit a granule: does a run start here? A hierarchical bitmap, so that the start of
 *	         the run around any granule is found in O(levels)
 *	entry    32 bits a granule. Those of a run's first and of its last granule are its kind and
 *	         length (boundary tags: Knuth, The Art of Computer Programming 1, 2.5)
 *
 *	granule   0   1   2   3   4   5   6   7   8   9  10  11  12  13  14  15
 *	starts    1   0   0   0   0   1   0   0   0   0   0   1   0   0   1   0
 *	entry    B5   .   .   .  B5  F6  nxt prv  .   .  F6  B3   .  B3  A2  A2
 *	memory   |      block 5     |        free 6         |  block 3  | absent|
 *
 * So one look finds what lies before a run, and one what lies after it. Free runs of
 * RUN_MIN_GRANULES and more are on lists, one for each length below RUN_EXACT, then one for each
 * 16th part of a doubling; their links lie in the entries of the second and the third granule.
 * `nonempty` has a bit for each list, and `words` one for each word of it. The first list that can
 * have a run long enough is looked through before the next ones, but at most RUN_LOOKS runs are
 * looked at; then comes the list in which every run is long enough, whatever the alignment costs.
 * So the fit is the best for runs below 256 KiB and within a 16th for long ones.
 *
 * Where no free run fits, a span comes from the buddy structure: the smallest block of the size
 * asked for, but of 2^span_order bytes at least. It becomes a free run, and is merged with free runs
 * that touch it: runs know no borders of spans, only those of regions. If there is no such block,
 * all the blocks that there are come in, the largest first, until something fits; then a last
 * search leaves nothing out. So the answer is NULL only if no stretch of unused memory is long
 * enough.
 *
 * When a free run becomes as long as a span, the largest block in it goes back, but a run of that
 * length stays free: so a heap that is nearly empty does not take and give back a span for each
 * block. One call gives back one block at most, and none when a slab retires, which takes long
 * enough: so no call takes long.
 *
 * A region that is there in advance is absent at first. A region by which the heap grows is one
 * free run, since something is about to be cut from it: its blocks need not be made, found and
 * brought in.
 *
 * Invariants, with the lock free (runs_validate.c checks them):
 *
 *   R1  The buddy structure keeps its own invariants, and has the same regions.
 *   R2  Runs divide each region without gaps, both ends of each agree, and `starts` has a
 *       bit for the first granule of each and no other.
 *   R3  Absent runs are the free blocks of the buddy structure.
 *   R4  No two free runs touch.
 *   R5  A free run of RUN_MIN_GRANULES or more is on the list for its length, once, and nothing
 *       else is; `nonempty` and `words` say which lists are not empty.
 *   R6  used_bytes is the sum of the runs that are used; the peak is not below it.
 *
 * Costs: at most RUN_LOOKS looks, a constant number of operations on `starts` and on lists, and on
 * the way to and from the buddy structure O(orders) of its operations. docs/heap.md has formulas.
 * Space: 4 bytes and 1.02 bits a granule, and the tables of the buddy structure.
 */
#include "mm/heap/runs.h"

#include "lib/align.h"
#include "lib/assert.h"
#include "lib/atomic_store.h"
#include "lib/bits.h"
#include "lib/compiler.h"
#include "lib/lock_scoped.h"
#include "mm/heap/runs_internal.h"

/* Runs that a search looks at before it asks for one that fits in any case. */
#define RUN_LOOKS 8u

/* Large is what is more than this part of a span, and than this many bytes. */
#define LARGE_PART  4u
#define LARGE_LEAST ((size_t)64 << 10)

/* Granules side by side. */
struct piece {
	struct run_region *r;
	uint64_t g;
	uint64_t n;
};

/* ---- the runs of a region ----------------------------------------------------------------- */

/* The bit of a start. Where its word has others the levels above it know that already. */
static inline void set_start(struct run_region *r, uint64_t g)
{
	uint64_t bit = run_start_bit(r, g);
	uint64_t *word = &r->starts.words[bit / BITS_PER_WORD];

	if (likely(*word != 0))
		*word |= bitmap_bit(bit);
	else
		bitmap_tree_set_bit(&r->starts, bit);
}

static inline void clear_start(struct run_region *r, uint64_t g)
{
	uint64_t bit = run_start_bit(r, g);
	uint64_t *word = &r->starts.words[bit / BITS_PER_WORD];
	uint64_t left = *word & ~bitmap_bit(bit);

	if (likely(left != 0))
		*word = left;
	else
		bitmap_tree_clear_bit(&r->starts, bit);
}

/* Both ends of a run say what it is. */
static inline void set_ends(struct run_region *r, uint64_t g, uint64_t n, enum run_kind kind)
{
	uint32_t entry = run_entry(kind, n);

	r->entry[g] = entry;
	r->entry[g + n - 1] = entry;
}

static inline void start_run(struct run_region *r, uint64_t g, uint64_t n, enum run_kind kind)
{
	set_start(r, g);
	set_ends(r, g, n, kind);
}

/* ---- lists of free runs ------------------------------------------------------------------- */

/* The @n granules from @g on are a free run. The caller sees to the bit of its start. */
static force_inline void list_run(struct run_pool *pool, struct run_region *r, uint64_t g,
				  uint64_t n)
{
	set_ends(r, g, n, RUN_FREE);
	if (n < RUN_MIN_GRANULES)
		return;
	uint64_t bin = run_bin_of(n);
	uint32_t number = run_number(r, g);
	uint32_t next = pool->bin[bin];

	r->entry[g + RUN_NEXT] = next;
	r->entry[g + RUN_PREV] = RUN_NONE;
	pool->bin[bin] = number;
	if (next != RUN_NONE) {
		run_entries(pool, next)[RUN_PREV] = number;
	} else {
		pool->nonempty[bin / BITS_PER_WORD] |= bitmap_bit(bin);
		pool->words |= bitmap_bit(bin / BITS_PER_WORD);
	}
}

/* The first run of list @bin is on it no more: @next is the first now. */
static force_inline void unlist_first(struct run_pool *pool, uint64_t bin, uint32_t next)
{
	uint64_t *word = &pool->nonempty[bin / BITS_PER_WORD];

	pool->bin[bin] = next;
	if (next != RUN_NONE) {
		run_entries(pool, next)[RUN_PREV] = RUN_NONE;
		return;
	}
	*word &= ~bitmap_bit(bin);
	if (*word == 0)
		pool->words &= ~bitmap_bit(bin / BITS_PER_WORD);
}

/* The free run at @g is on its list no more. */
static force_inline void unlist_run(struct run_pool *pool, struct run_region *r, uint64_t g,
				    uint64_t n)
{
	if (n < RUN_MIN_GRANULES)
		return;
	uint32_t next = r->entry[g + RUN_NEXT];
	uint32_t prev = r->entry[g + RUN_PREV];

	if (prev == RUN_NONE) {
		unlist_first(pool, run_bin_of(n), next);
		return;
	}
	run_entries(pool, prev)[RUN_NEXT] = next;
	if (next != RUN_NONE)
		run_entries(pool, next)[RUN_PREV] = prev;
}

/* The first list from @bin, RUN_BINS at most, that is not empty; RUN_BINS if none is. */
static inline uint64_t next_bin(const struct run_pool *pool, uint64_t bin)
{
	uint64_t w = bin / BITS_PER_WORD;
	uint64_t word = bitmap_rest(pool->nonempty[w], bin);

	if (word == 0) {
		uint64_t words = bitmap_rest(pool->words, w + 1);
		if (words == 0)
			return RUN_BINS;
		w = bits_ctz(words);
		word = pool->nonempty[w];
	}
	return w * BITS_PER_WORD + bits_ctz(word);
}

/* ---- spans -------------------------------------------------------------------------------- */

/* @p, and the free runs that touch it, which leave their lists. */
static force_inline struct piece with_neighbours(struct run_pool *pool, struct piece p)
{
	uint32_t after = p.r->entry[p.g + p.n];
	uint32_t before = run_entry_before(p.r, p.g);

	if (run_entry_kind(after) == RUN_FREE) {
		uint64_t n = run_entry_length(after);
		unlist_run(pool, p.r, p.g + p.n, n);
		p.n += n;
	}
	if (run_entry_kind(before) == RUN_FREE) {
		uint64_t n = run_entry_length(before);
		p.g -= n;
		p.n += n;
		unlist_run(pool, p.r, p.g, n);
	}
	return p;
}

/* There is one run now, @all, where @part, whose start has its bit, and its neighbours were. */
static force_inline void clear_starts(const struct piece *part, const struct piece *all)
{
	if (all->g + all->n > part->g + part->n)
		clear_start(all->r, part->g + part->n);
	if (all->g < part->g)
		clear_start(all->r, part->g);
}

static never_inline struct run_region *region_after_first(struct run_pool *pool, uintptr_t addr)
{
	for (uint32_t i = 1; i < pool->buddy.nregions; i++) {
		struct run_region *r = &pool->region[i];
		if (run_offset(r, addr) / RUN_GRANULE < r->ngranules)
			return r;
	}
	return NULL;
}

/* The region that has @addr, or NULL; most often it is the first. */
static force_inline struct run_region *region_of(struct run_pool *pool, uintptr_t addr)
{
	struct run_region *r = &pool->region[0];

	if (likely(run_offset(r, addr) / RUN_GRANULE < r->ngranules))
		return r;
	return region_after_first(pool, addr);
}

static inline void *granule_ptr(const struct run_region *r, uint64_t g)
{
	return r->base + (size_t)g * RUN_GRANULE;
}

/* @block of the buddy structure, an absent run, is free now, but on no list. */
static struct piece bring_in(struct run_pool *pool, const struct buddy_block *block)
{
	struct run_region *r = &pool->region[block->region];
	struct piece span = { r, run_offset(r, block->start) / RUN_GRANULE,
			      buddy_bytes(block->order) / RUN_GRANULE };

	buddy_take(&pool->buddy, block);
	struct piece all = with_neighbours(pool, span);
	clear_starts(&span, &all);
	return all;
}

/* A span of 2^@order bytes or more, or else the largest there is, is @p. False if there is none. */
static bool take_span(struct run_pool *pool, unsigned order, struct piece *p)
{
	struct buddy_block block;

	if (buddy_find(&pool->buddy, order, &block) != ACRE_OK) {
		size_t largest = buddy_largest_free(&pool->buddy);
		if (largest == 0)
			return false;
		(void)!buddy_find(&pool->buddy, bits_log2(largest), &block);
	}
	*p = bring_in(pool, &block);
	return true;
}

/* The absent run at @g of @r, as a block. */
static struct buddy_block absent_at(const struct run_pool *pool, const struct run_region *r,
				    uint64_t g)
{
	return (struct buddy_block){
		.start = (uintptr_t)granule_ptr(r, g),
		.order = bits_log2(run_length_at(r, g)) + RUN_GRANULE_ORDER,
		.region = (uint32_t)(r - pool->region),
	};
}

/* The absent run at @g of @r becomes free. */
static void take_span_at(struct run_pool *pool, const struct run_region *r, uint64_t g)
{
	const struct buddy_block block = absent_at(pool, r, g);
	struct piece p = bring_in(pool, &block);

	list_run(pool, p.r, p.g, p.n);
}

/* The largest block that lies in the @n granules of @r from @g on: of a quarter of them or more. */
static struct piece largest_block(struct run_region *r, uint64_t g, uint64_t n)
{
	uint64_t first = run_first(r) + g;
	unsigned order = bits_log2(n);

	if (order > BUDDY_MAX_ORDER - RUN_GRANULE_ORDER)
		order = BUDDY_MAX_ORDER - RUN_GRANULE_ORDER;
	for (;; order--) {
		uint64_t size = (uint64_t)1 << order;
		uint64_t skipped = -first & (size - 1);
		if (skipped + size <= n)
			return (struct piece){ r, g + skipped, size };
	}
}

/*
 * The block @p, whose start has its bit, goes back. It is one absent run with the blocks that it
 * is merged with: of two halves the upper one starts no run any more.
 */
static void return_block(struct run_pool *pool, const struct piece *p)
{
	const struct buddy_block block =
		buddy_release(&pool->buddy, (uintptr_t)granule_ptr(p->r, p->g),
			      bits_log2(p->n) + RUN_GRANULE_ORDER);
	uint64_t first = run_first(p->r);
	uint64_t n = buddy_bytes(block.order) / RUN_GRANULE;

	for (uint64_t half = p->n; half < n; half *= 2)
		clear_start(p->r, (((first + p->g) | half) & -half) - first);
	set_ends(p->r, run_offset(p->r, block.start) / RUN_GRANULE, n, RUN_ABSENT);
}

/* Is a run listed that is as long as a span? */
static inline bool has_reserve(const struct run_pool *pool)
{
	return next_bin(pool, run_bin_of(run_span(pool))) < RUN_BINS;
}

/*
 * The @n granules from @g on, a span or more, are free, but listed nowhere. The largest block goes
 * back, but something as long as a span stays. The rest is listed.
 */
static never_inline void list_or_return(struct run_pool *pool, struct run_region *r, uint64_t g,
					uint64_t n)
{
	uint64_t span = run_span(pool);
	uint64_t spare = has_reserve(pool) ? n : n - span;
	struct piece block = { r, g, 0 };

	if (spare >= span)
		block = largest_block(r, g, spare);
	if (block.n < span) {
		list_run(pool, r, g, n);
		return;
	}
	uint64_t after = block.g + block.n;
	if (after < g + n) {
		set_start(r, after);
		list_run(pool, r, after, g + n - after);
	}
	if (g < block.g) {
		set_start(r, block.g);
		list_run(pool, r, g, block.g - g);
	}
	return_block(pool, &block);
}

/* @p, of @kind so far, whose start has its bit, becomes free. For a slab no block goes back. */
static force_inline void free_piece(struct run_pool *pool, struct piece p, enum run_kind kind)
{
	struct piece all = with_neighbours(pool, p);

	if (likely(all.n < run_span(pool)) || kind == RUN_SLAB) {
		list_run(pool, all.r, all.g, all.n);
		clear_starts(&p, &all);
	} else {
		clear_starts(&p, &all);
		list_or_return(pool, all.r, all.g, all.n);
	}
}

/* ---- setting up --------------------------------------------------------------------------- */

void run_pool_init(struct run_pool *pool)
{
	*pool = (struct run_pool){ 0 };
	ticket_lock_init_level(&pool->lock, "runs", TICKET_LOCK_RUNS);
	buddy_init(&pool->buddy, RUN_GRANULE_ORDER, BUDDY_MAX_ORDER);
}

static size_t bytes_for_buddy(size_t size)
{
	return buddy_table_bytes(RUN_GRANULE_ORDER, BUDDY_MAX_ORDER, size);
}

/* What comes after the tables of the buddy structure: words of `starts`, entries. */
static size_t bytes_for_runs(size_t size)
{
	size_t ngranules = size / RUN_GRANULE;

	return bitmap_tree_words(ngranules) * sizeof(uint64_t) +
	       (ngranules + 2) * sizeof(uint32_t); /* one before the first, one after the last */
}

size_t run_table_bytes(size_t size)
{
	return bytes_for_buddy(size) + bytes_for_runs(size);
}

/* A 16th of all memory at most: there are at most four splits or merges up to all of it. */
static void choose_span(struct run_pool *pool)
{
	size_t share = pool->buddy.total_bytes / RUN_SPANS;
	unsigned order =
		share < buddy_bytes(RUN_MIN_SPAN_ORDER) ? RUN_MIN_SPAN_ORDER : bits_log2(share);

	pool->span_order = order < BUDDY_MAX_ORDER ? order : BUDDY_MAX_ORDER;
	size_t large = buddy_bytes(pool->span_order) / LARGE_PART;
	store_relaxed(&pool->large, large > LARGE_LEAST ? large : LARGE_LEAST);
	store_relaxed(&pool->plenty, pool->buddy.total_bytes / 2);
}

/* Granules of the largest block that starts at @g of @r and has no more than @n. */
static uint64_t largest_at(const struct run_region *r, uint64_t g, uint64_t n)
{
	uintptr_t addr = (uintptr_t)granule_ptr(r, g);

	return buddy_bytes(buddy_order_at(addr, addr + n * RUN_GRANULE, BUDDY_MAX_ORDER)) /
	       RUN_GRANULE;
}

/* All of @r is absent: a run for each block that the buddy structure made of it. */
static void start_absent(struct run_region *r)
{
	uint64_t n;

	for (uint64_t g = 0; g < r->ngranules; g += n) {
		n = largest_at(r, g, r->ngranules - g);
		start_run(r, g, n, RUN_ABSENT);
	}
}

/* Region @i of the buddy structure is one of runs, none as yet; @words are for that. */
static struct run_region *set_up_region(struct run_pool *pool, uint32_t i, uint8_t *base,
					uint64_t *words)
{
	const struct buddy_region *added = &pool->buddy.region[i];
	struct run_region *r = &pool->region[i];

	r->base = base + (added->base - (uintptr_t)base);
	r->ngranules = (uint32_t)(added->size / RUN_GRANULE);
	r->number = (i << RUN_REGION_SHIFT) + 1;
	(void)!bitmap_tree_init(&r->starts, words, r->ngranules);
	r->entry = (uint32_t *)(words + r->starts.start[r->starts.nlevels]) + 1;
	r->entry[-1] = run_entry(RUN_TABLE, 0);
	r->entry[r->ngranules] = run_entry(RUN_TABLE, 0);
	choose_span(pool);
	pool->added++;
	return r;
}

/* @free: it is one free run; else all of it is the buddy structure's. */
static enum acre_status add_region(struct run_pool *pool, uint8_t *base, size_t size, void *table,
				   size_t table_bytes, bool free)
{
	LOCK_SCOPED(held, &pool->lock);
	const size_t buddy = bytes_for_buddy(size);
	const uint32_t i = buddy_next_region(&pool->buddy);

	if (size > RUN_MAX_REGION)
		return ACRE_ERR_RANGE;
	if (table_bytes < buddy + bytes_for_runs(size))
		return ACRE_ERR_NOMEM;
	enum acre_status s =
		free ? buddy_add_taken_region(&pool->buddy, (uintptr_t)base, size, table, buddy)
		     : buddy_add_region(&pool->buddy, (uintptr_t)base, size, table, buddy);
	if (s != ACRE_OK)
		return s;
	struct run_region *r = set_up_region(pool, i, base, (uint64_t *)((uint8_t *)table + buddy));
	if (free) {
		set_start(r, 0);
		list_run(pool, r, 0, r->ngranules);
	} else {
		start_absent(r);
	}
	return ACRE_OK;
}

enum acre_status run_pool_add_region(struct run_pool *pool, uint8_t *base, size_t size, void *table,
				     size_t table_bytes)
{
	return add_region(pool, base, size, table, table_bytes, false);
}

enum acre_status run_pool_add_free_region(struct run_pool *pool, uint8_t *base, size_t size,
					  void *table, size_t table_bytes)
{
	return add_region(pool, base, size, table, table_bytes, true);
}

static bool is_unused(const struct run_region *r)
{
	uint64_t g = 0;

	while (g < r->ngranules && run_kind_at(r, g) <= RUN_FREE)
		g += run_length_at(r, g);
	return g >= r->ngranules;
}

/* No list has a run of @r any more, and the buddy structure has no block of it. */
static void drop_all_runs(struct run_pool *pool, struct run_region *r)
{
	uint64_t n;

	for (uint64_t g = 0; g < r->ngranules; g += n) {
		n = run_length_at(r, g);
		if (run_kind_at(r, g) == RUN_FREE) {
			unlist_run(pool, r, g, n);
		} else {
			const struct buddy_block block = absent_at(pool, r, g);
			buddy_take(&pool->buddy, &block);
		}
	}
}

enum acre_status run_pool_remove_region(struct run_pool *pool, uint32_t i)
{
	LOCK_SCOPED(held, &pool->lock);

	if (i >= pool->buddy.nregions || pool->buddy.region[i].size == 0)
		return ACRE_ERR_NOT_FOUND;
	struct run_region *r = &pool->region[i];
	if (!is_unused(r))
		return ACRE_ERR_BUSY;
	drop_all_runs(pool, r);
	*r = (struct run_region){ 0 };
	enum acre_status s = buddy_remove_region(&pool->buddy, i);
	ASSERT(s == ACRE_OK);
	if (pool->buddy.total_bytes != 0)
		choose_span(pool);
	return s;
}

/* Bytes in use. Pre: this hart holds the lock, so that no other hart writes them. */
static inline size_t used_bytes(const struct run_pool *pool)
{
	return atomic_load_explicit(&pool->used_bytes, memory_order_relaxed);
}

/* ---- searching ---------------------------------------------------------------------------- */

static inline size_t unused_bytes(const struct run_pool *pool)
{
	return pool->buddy.total_bytes - used_bytes(pool);
}

/* What is searched for: granules, and a mask of the bits of a granule number that must be 0. */
struct wish {
	uint64_t n;
	uint64_t mask;
};

/* A free run, from @g on, and where in it a wish fits: from @at on. No region: there is none. */
struct fit {
	struct run_region *r;
	uint64_t g;
	uint64_t n;
	uint64_t at;
};

static force_inline bool fits(struct fit *fit, struct wish wish)
{
	uint64_t skipped = -(run_first(fit->r) + fit->g) & wish.mask;

	fit->at = fit->g + skipped;
	return skipped + wish.n <= fit->n;
}

/* Look through the list that starts with @number, at most *@looks runs. */
static force_inline struct fit look_through(struct run_pool *pool, uint32_t number,
					    struct wish wish, uint32_t *looks)
{
	struct fit fit;

	for (; number != RUN_NONE && *looks > 0; --*looks) {
		fit.r = run_region_of_number(pool, number);
		fit.g = run_granule_of_number(number);
		fit.n = run_length_at(fit.r, fit.g);
		if (fits(&fit, wish))
			return fit;
		number = fit.r->entry[fit.g + RUN_NEXT];
	}
	return (struct fit){ 0 };
}

/* A run that is listed: from @number on in list @bin, then in those for longer ones. */
static struct fit search(struct run_pool *pool, struct wish wish, uint64_t bin, uint32_t number,
			 uint32_t looks)
{
	struct fit fit = look_through(pool, number, wish, &looks);

	while (fit.r == NULL && looks > 0) {
		bin = next_bin(pool, bin + 1);
		if (bin == RUN_BINS)
			return fit;
		fit = look_through(pool, pool->bin[bin], wish, &looks);
	}
	if (fit.r != NULL || wish.n + wish.mask > RUN_MAX_GRANULES)
		return fit;
	/* Every run of the list after that of the longest that may not do. */
	bin = next_bin(pool, run_bin_of(wish.n + wish.mask - 1) + 1);
	looks = 1;
	return bin < RUN_BINS ? look_through(pool, pool->bin[bin], wish, &looks) : fit;
}

/* Bring in what there is until @wish fits. */
static struct fit search_spans(struct run_pool *pool, struct wish wish)
{
	uint64_t most = wish.n > wish.mask ? wish.n : wish.mask + 1;
	unsigned order = pool->span_order;
	struct piece p;

	if (most > run_span(pool))
		order = bits_log2_ceil(most) + RUN_GRANULE_ORDER;
	while (take_span(pool, order, &p)) {
		struct fit fit = { p.r, p.g, p.n, 0 };
		if (fits(&fit, wish))
			return fit;
		list_run(pool, p.r, p.g, p.n);
	}
	return (struct fit){ 0 };
}

static inline struct fit unlist_fit(struct run_pool *pool, struct fit fit)
{
	if (fit.r != NULL)
		unlist_run(pool, fit.r, fit.g, fit.n);
	return fit;
}

/* No list has it yet: something comes in; if that does not do, a last look leaves nothing out. */
static never_inline struct fit find_in_spans(struct run_pool *pool, struct wish wish)
{
	struct fit fit = { 0 };

	if (unused_bytes(pool) < wish.n * RUN_GRANULE)
		return fit;
	fit = search_spans(pool, wish);
	if (fit.r != NULL)
		return fit;
	uint64_t bin = next_bin(pool, run_bin_of(wish.n));
	if (bin < RUN_BINS)
		fit = search(pool, wish, bin, pool->bin[bin], UINT32_MAX);
	return unlist_fit(pool, fit);
}

/* The first run of @bin, the first list, is not it. */
static never_inline struct fit find_fit(struct run_pool *pool, struct wish wish, uint64_t bin)
{
	uint32_t next = run_entries(pool, pool->bin[bin])[RUN_NEXT];
	struct fit fit = search(pool, wish, bin, next, RUN_LOOKS - 1);

	return fit.r != NULL ? unlist_fit(pool, fit) : find_in_spans(pool, wish);
}

/* A run that is on no list, or on none any more. Most often it is the first of the first list. */
static force_inline struct fit take_fit(struct run_pool *pool, struct wish wish)
{
	uint64_t bin = next_bin(pool, run_bin_of(wish.n));
	uint32_t look = 1;

	if (unlikely(bin == RUN_BINS))
		return find_in_spans(pool, wish);
	struct fit fit = look_through(pool, pool->bin[bin], wish, &look);
	if (unlikely(fit.r == NULL))
		return find_fit(pool, wish, bin);
	unlist_first(pool, bin, fit.r->entry[fit.g + RUN_NEXT]);
	return fit;
}

/* ---- taking and giving back ----------------------------------------------------------------- */

static inline void note_used(struct run_pool *pool, uint64_t n)
{
	size_t used = used_bytes(pool) + (size_t)n * RUN_GRANULE;

	store_relaxed(&pool->used_bytes, used);
	if (used > pool->peak_bytes)
		pool->peak_bytes = used;
}

static inline void note_unused(struct run_pool *pool, uint64_t n)
{
	store_relaxed(&pool->used_bytes, used_bytes(pool) - (size_t)n * RUN_GRANULE);
}

/* Bytes to granules, RUN_MIN_GRANULES at least; more than there can be if they are too many. */
static inline uint32_t granules_for(size_t bytes)
{
	size_t n = bytes / RUN_GRANULE + (bytes % RUN_GRANULE != 0);

	if (n < RUN_MIN_GRANULES)
		return RUN_MIN_GRANULES;
	return n < RUN_MAX_GRANULES ? (uint32_t)n : RUN_MAX_GRANULES;
}

/* The @n granules of @fit become a run of @kind; what is left of it before and after is free. */
static force_inline void cut_run(struct run_pool *pool, struct fit fit, uint64_t n,
				 enum run_kind kind)
{
	uint64_t end = fit.g + fit.n;
	uint64_t after = fit.at + n;

	set_ends(fit.r, fit.at, n, kind);
	if (after < end)
		list_run(pool, fit.r, after, end - after);
	if (unlikely(fit.g < fit.at)) {
		list_run(pool, fit.r, fit.g, fit.at - fit.g);
		set_start(fit.r, fit.at);
	}
	if (after < end)
		set_start(fit.r, after);
}

static force_inline void *take(struct run_pool *pool, size_t bytes, size_t align,
			       enum run_kind kind)
{
	struct wish wish = { granules_for(bytes), 0 };

	if (align > RUN_GRANULE)
		wish.mask = align / RUN_GRANULE - 1;
	struct fit fit = take_fit(pool, wish);
	if (fit.r == NULL)
		return NULL;
	note_used(pool, wish.n);
	cut_run(pool, fit, wish.n, kind);
	return granule_ptr(fit.r, fit.at);
}

void *run_take(struct run_pool *pool, size_t bytes, size_t align, enum run_kind kind)
{
	return take(pool, bytes, align, kind);
}

static void *take_with_lock(struct run_pool *pool, size_t bytes, size_t align, enum run_kind kind,
			    uint64_t *added)
{
	LOCK_SCOPED(held, &pool->lock);

	*added = pool->added;
	return take(pool, bytes, align, kind);
}

bool run_pool_grow(struct run_pool *pool, size_t bytes, size_t align, uint64_t added)
{
	return pool->grow != NULL && pool->grow(pool->context, bytes, align, added);
}

void *run_alloc(struct run_pool *pool, size_t bytes, size_t align, enum run_kind kind)
{
	uint64_t added;
	void *run;

	do
		run = take_with_lock(pool, bytes, align, kind, &added);
	while (unlikely(run == NULL) && run_pool_grow(pool, bytes, align, added));
	return run;
}

void *run_alloc_no_grow(struct run_pool *pool, size_t bytes, size_t align, enum run_kind kind)
{
	LOCK_SCOPED(held, &pool->lock);

	return run_take(pool, bytes, align, kind);
}

/* @p is the run of @kind that starts at @ptr, if one does. */
static force_inline enum acre_status find(struct run_pool *pool, const void *ptr,
					  enum run_kind kind, struct piece *p)
{
	p->r = region_of(pool, (uintptr_t)ptr);
	if (unlikely(p->r == NULL))
		return ACRE_ERR_RANGE;
	uintptr_t offset = run_offset(p->r, (uintptr_t)ptr);
	p->g = (offset / RUN_GRANULE);
	p->n = run_length_at(p->r, p->g);
	if (unlikely(!is_aligned(offset, RUN_GRANULE) || !run_is_start(p->r, p->g) ||
		     run_kind_at(p->r, p->g) != kind))
		return ACRE_ERR_NOT_ALLOCATED;
	return ACRE_OK;
}

static force_inline enum acre_status give(struct run_pool *pool, void *ptr, enum run_kind kind,
					  size_t said)
{
	struct piece p;
	enum acre_status s = find(pool, ptr, kind, &p);

	if (s != ACRE_OK)
		return s;
	if (said != 0 && granules_for(said) != p.n)
		return ACRE_ERR_INVALID;
	note_unused(pool, p.n);
	free_piece(pool, p, kind);
	return ACRE_OK;
}

enum acre_status run_give(struct run_pool *pool, void *ptr, enum run_kind kind, size_t said)
{
	return give(pool, ptr, kind, said);
}

enum acre_status run_free(struct run_pool *pool, void *ptr, enum run_kind kind, size_t said)
{
	LOCK_SCOPED(held, &pool->lock);

	return give(pool, ptr, kind, said);
}

/* The last granules of the block @p become free: all but @to. */
static void shorten(struct run_pool *pool, const struct piece *p, uint64_t to)
{
	struct piece rest = { p->r, p->g + to, p->n - to };

	note_unused(pool, rest.n);
	set_ends(p->r, p->g, to, RUN_BLOCK);
	set_start(rest.r, rest.g);
	free_piece(pool, rest, RUN_BLOCK);
}

/* Are @n granules from @g on unused: free or absent? The region's end is used. */
static bool are_unused(const struct run_region *r, uint64_t g, uint64_t n)
{
	for (uint64_t end = g + n; g < end; g += run_length_at(r, g)) {
		if (run_kind_at(r, g) > RUN_FREE)
			return false;
	}
	return true;
}

/* The block @p takes those granules that it lacks of @to from what follows. */
static bool lengthen(struct run_pool *pool, const struct piece *p, uint64_t to)
{
	struct run_region *r = p->r;
	uint64_t next = p->g + p->n;
	uint64_t more = to - p->n;

	if (!are_unused(r, next, more))
		return false;
	while (run_kind_at(r, next) != RUN_FREE || run_length_at(r, next) < more) {
		bool absent = run_kind_at(r, next) == RUN_ABSENT;
		take_span_at(pool, r, absent ? next : next + run_length_at(r, next));
	}
	struct piece rest = { r, next + more, run_length_at(r, next) - more };
	unlist_run(pool, r, next, rest.n + more);
	clear_start(r, next);
	set_ends(r, p->g, to, RUN_BLOCK);
	note_used(pool, more);
	if (rest.n > 0) {
		set_start(r, rest.g);
		free_piece(pool, rest, RUN_BLOCK);
	}
	return true;
}

enum acre_status run_resize(struct run_pool *pool, void *ptr, size_t bytes)
{
	LOCK_SCOPED(held, &pool->lock);
	struct piece p;
	uint64_t to = granules_for(bytes);

	if (find(pool, ptr, RUN_BLOCK, &p) != ACRE_OK)
		return ACRE_ERR_NOT_ALLOCATED;
	if (to > p.n)
		return lengthen(pool, &p, to) ? ACRE_OK : ACRE_ERR_NOMEM;
	if (to < p.n)
		shorten(pool, &p, to);
	return ACRE_OK;
}

/* ---- questions ---------------------------------------------------------------------------- */

/* @p is the run that has the byte at @addr. */
static enum acre_status run_around(struct run_pool *pool, const void *addr, struct piece *p)
{
	p->r = region_of(pool, (uintptr_t)addr);
	if (p->r == NULL)
		return ACRE_ERR_RANGE;
	p->g = run_start_of(p->r, (run_offset(p->r, (uintptr_t)addr) / RUN_GRANULE));
	p->n = run_length_at(p->r, p->g);
	return ACRE_OK;
}

static struct run as_run(const struct piece *p)
{
	return (struct run){
		.start = granule_ptr(p->r, p->g),
		.bytes = (size_t)p->n * RUN_GRANULE,
		.kind = run_kind_at(p->r, p->g),
	};
}

enum acre_status run_of(struct run_pool *pool, const void *addr, struct run *run)
{
	LOCK_SCOPED(held, &pool->lock);
	struct piece p;
	enum acre_status s = run_around(pool, addr, &p);

	if (s == ACRE_OK)
		*run = as_run(&p);
	return s;
}

enum acre_status run_mark_table(struct run_pool *pool, const void *ptr, size_t bytes)
{
	LOCK_SCOPED(held, &pool->lock);
	struct piece p;

	if (run_around(pool, ptr, &p) != ACRE_OK)
		return ACRE_ERR_NOT_ALLOCATED;
	struct run run = as_run(&p);
	size_t before = (size_t)((const uint8_t *)ptr - run.start);
	if (run.kind != RUN_BLOCK || bytes > run.bytes - before)
		return ACRE_ERR_NOT_ALLOCATED;
	set_ends(p.r, p.g, p.n, RUN_TABLE);
	return ACRE_OK;
}

/* What only a walk tells. */
struct run_counts {
	uint64_t blocks;
	uint64_t block_granules;
	uint64_t table_granules;
	uint64_t longest; /* of stretches that are not used */
	uint32_t regions;
};

static struct run_counts count_runs(const struct run_region *r, struct run_counts counts)
{
	uint64_t stretch = 0;
	uint64_t n;

	counts.regions += r->ngranules != 0;
	for (uint64_t g = 0; g < r->ngranules; g += n) {
		enum run_kind kind = run_kind_at(r, g);
		n = run_length_at(r, g);
		if (kind <= RUN_FREE) {
			stretch += n;
			if (stretch > counts.longest)
				counts.longest = stretch;
			continue;
		}
		stretch = 0;
		if (kind == RUN_BLOCK) {
			counts.blocks++;
			counts.block_granules += n;
		} else if (kind == RUN_TABLE) {
			counts.table_granules += n;
		}
	}
	return counts;
}

size_t run_pool_free_bytes(struct run_pool *pool)
{
	LOCK_SCOPED(held, &pool->lock);

	return unused_bytes(pool);
}

void run_pool_stats(struct run_pool *pool, struct run_stats *stats)
{
	LOCK_SCOPED(held, &pool->lock);
	struct run_counts counts = { 0 };

	for (uint32_t i = 0; i < pool->buddy.nregions; i++)
		counts = count_runs(&pool->region[i], counts);
	*stats = (struct run_stats){
		.total_bytes = pool->buddy.total_bytes,
		.used_bytes = used_bytes(pool),
		.block_bytes = counts.block_granules * RUN_GRANULE,
		.blocks = counts.blocks,
		.table_bytes = counts.table_granules * RUN_GRANULE,
		.span_bytes = pool->buddy.total_bytes - pool->buddy.free_bytes,
		.largest_free = counts.longest * RUN_GRANULE,
		.peak_bytes = pool->peak_bytes,
		.regions = counts.regions,
	};
	stats->slab_bytes = stats->used_bytes - stats->block_bytes - stats->table_bytes;
}
