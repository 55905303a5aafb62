/* SPDX-License-Identifier: MIT */
/* frame_query.c - questions: is a frame free, how many are. */
#include "lib/compiler.h"
#include "lib/lock_scoped.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_internal.h"

bool frame_is_free(struct frame_pool *pool, frame_nr_t pfn)
{
	LOCK_SCOPED(held, &pool->lock);
	const struct frame_bank *bank = frame_bank_of(pool, pfn);

	return bank != NULL && bitmap_atomic_test(bank->free, pfn - bank->base);
}

bool frame_is_managed(struct frame_pool *pool, frame_nr_t pfn)
{
	LOCK_SCOPED(held, &pool->lock);
	const struct frame_bank *bank = frame_bank_of(pool, pfn);

	return bank != NULL && bitmap_atomic_test(bank->inserted, pfn - bank->base);
}

/* A question that goes through all chunks drops the lock after so many. */
#define CHUNKS_ASKED 512u

/*
 * All banks in one hold of the lock, if few chunks are broken; else false, and @count is of no use.
 */
static bool count_in_one_hold(struct frame_pool *pool, frame_count_t *count)
{
	LOCK_SCOPED(held, &pool->lock);
	unsigned budget = FRAME_BATCH;

	*count = 0;
	for (uint32_t b = 0; b < pool->nbanks; b++) {
		uint64_t some = chunk_tree_count_bounded(&pool->bank[b].chunks, &budget);
		if (some == CHUNK_TREE_LATER)
			return false;
		*count += some;
	}
	return true;
}

/* The next few chunks from chunk *@c of bank *@b on; false if there are none. */
static bool count_some(struct frame_pool *pool, uint32_t *b, uint64_t *c, frame_count_t *count)
{
	LOCK_SCOPED(held, &pool->lock);

	if (*b == pool->nbanks)
		return false;
	const struct chunk_tree *chunks = &pool->bank[*b].chunks;
	*count += chunk_tree_count_some(chunks, c, CHUNKS_ASKED, FRAME_BATCH);
	if (*c == chunks->nchunks) {
		*c = 0;
		++*b;
	}
	return true;
}

frame_count_t frame_free_count(struct frame_pool *pool)
{
	frame_count_t count;
	uint32_t b = 0;
	uint64_t c = 0;

	if (likely(count_in_one_hold(pool, &count)))
		return count;
	count = 0;
	while (count_some(pool, &b, &c, &count))
		;
	return count;
}

frame_count_t frame_managed_count(struct frame_pool *pool)
{
	LOCK_SCOPED(held, &pool->lock);

	return pool->managed;
}

bool frame_pool_is_empty(struct frame_pool *pool)
{
	struct frame_search search = FRAME_SEARCH;

	return frame_search(pool, frame_search_lowest, &search) == FRAME_NONE;
}

/* A summary that is being made: how long the run of free frames is that ends where it stands. */
struct summing {
	struct frame_summary *summary;
	frame_count_t run;
};

static void add_run(struct summing *s, frame_count_t n)
{
	s->run += n;
	if (s->run > s->summary->longest)
		s->summary->longest = s->run;
}

/* The runs of set bits of @free, of which bits [@from, @to) are looked at. */
static void add_runs(struct summing *s, uint64_t free, unsigned from, unsigned to)
{
	while (from < to) {
		uint64_t used = ~free >> from; /* zeros come in from above: as if free */
		unsigned n = used == 0 ? to - from : bits_ctz(used);
		n = n < to - from ? n : to - from;
		add_run(s, n);
		from += n;
		if (from == to)
			return;
		s->run = 0;
		uint64_t rest = free >> from;
		from = rest == 0 ? to : from + bits_ctz(rest);
	}
}

/* Bits [@from, @to) of one chunk of @bank. */
static void sum_chunk(struct frame_pool *pool, const struct frame_bank *bank, uint64_t from,
		      uint64_t to, struct summing *s)
{
	LOCK_SCOPED(held, &pool->lock);
	frame_count_t before = s->summary->free;

	for (uint64_t i = from; i < to;) {
		uint64_t at = i / BITS_PER_WORD;
		uint64_t end = (at + 1) * BITS_PER_WORD < to ? (at + 1) * BITS_PER_WORD : to;
		uint64_t mask = bitmap_from(i) & bitmap_upto(end - 1);
		uint64_t free = bitmap_atomic_word(&bank->free[at]);
		s->summary->managed += bits_count(bitmap_atomic_word(&bank->inserted[at]) & mask);
		s->summary->free += bits_count(free & mask);
		add_runs(s, free, (unsigned)(i % BITS_PER_WORD),
			 (unsigned)((end - 1) % BITS_PER_WORD) + 1);
		i = end;
	}
	if (s->summary->free - before == CHUNK_BITS)
		s->summary->whole++;
}

void frame_summarize(struct frame_pool *pool, frame_nr_t pfn, frame_count_t n,
		     struct frame_summary *summary)
{
	*summary = (struct frame_summary){ 0 };
	for (uint32_t b = 0; b < pool->nbanks; b++) {
		const struct frame_bank *bank = &pool->bank[b];
		struct summing s = { .summary = summary };
		frame_nr_t low = pfn > bank->first ? pfn : bank->first;
		frame_nr_t high = bank->first + bank->nframes;
		if (pfn < high && n < high - pfn)
			high = pfn + n;
		for (uint64_t i = low; i < high;) {
			uint64_t end = (i / CHUNK_BITS + 1) * CHUNK_BITS;
			end = end < high ? end : high;
			sum_chunk(pool, bank, i - bank->base, end - bank->base, &s);
			i = end;
		}
	}
}
