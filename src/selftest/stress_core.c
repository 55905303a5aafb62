/* SPDX-License-Identifier: MIT */
/*
 * stress_core.c - the players of stress_core.h.
 *
 * What is taken gets a mark, all of it or here and there, and always at both ends:
 *
 *	word 0       owner, and 2^32 if every word is marked
 *	word 1       serial: the owner's count of marks
 *	word 2       bytes
 *	word 3       seal: the three above and the address, mixed
 *	word i       seal + i, for every i or for one in 64, and for the last
 *
 * Who gives it back looks at all of that first, and breaks the seal. So a block that two have at a
 * time is found by the agent that looks second, even where both allocators believe all is well.
 *
 * Single frames are taken and given without a lock, so a player does that most of the time. How
 * often it does something else, in a thousand steps, is what sets the phases apart.
 */
#include "selftest/stress_core.h"

#include "lib/align.h"
#include "lib/attributes.h"
#include "lib/fmt.h"
#include "lib/platform.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"

#define WORDS_PER_FRAME (FRAME_SIZE / 8)
#define MARK_WORDS      4u
#define SPARSE          64u /* words from mark to mark where not all are marked */
#define LEAST_BYTES     48u
#define ALL_MARKED      (1ull << 32)
#define FRAMES_BIT      1u /* in a slot */
/* Of a drained frame: the next one. Not marked where marks are sparse. */
#define LINK_WORD   4u
#define YIELD_STEPS 16u       /* steps */
#define MAX_WAIT    10000000u /* turns of a loop */
#define LAST_FRAMES 64u       /* that are free while they are fought for */
/*
 * Calls of verbs that not every player uses all the time, from which on each of them must have
 * come.
 */
#define MANY_OTHERS 4000u
#define VERB_LINE   110u

static uint64_t mix_bits(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdull;
	x ^= x >> 29;
	return x * 0xc4ceb9fe1a85ec53ull;
}

static uint64_t next_random(struct stress_agent *a)
{
	a->random ^= a->random << 13;
	a->random ^= a->random >> 7;
	a->random ^= a->random << 17;
	return a->random >> 11;
}

static void note_call(struct stress_agent *a, enum stress_verb verb)
{
	a->operations++;
	a->did[verb]++;
}

static void note_wrong(struct stress_agent *a, const char *what)
{
	if (a->nwrong++ == 0)
		a->wrong = what;
}

/* ---- marks ---------------------------------------------------------------------------------- */

static uint64_t seal_of(const uint64_t *word)
{
	return mix_bits(word[0] ^
			mix_bits(word[1] ^ mix_bits(word[2] ^ mix_bits((uintptr_t)word))));
}

static void mark_block(struct stress_agent *a, uint64_t *word, size_t bytes, uint64_t serial,
		       bool all)
{
	size_t n = bytes / 8;
	size_t step = all ? 1 : SPARSE;

	word[0] = a->owner | (all ? ALL_MARKED : 0);
	word[1] = serial;
	word[2] = bytes;
	uint64_t seal = seal_of(word);
	word[3] = seal;
	for (size_t i = all ? MARK_WORDS : SPARSE; i < n; i += step)
		word[i] = seal + i;
	word[n - 1] = seal + n - 1;
}

/* Is it whole? The seal is broken then: it has no owner from now on. */
static const char *unmark_block(uint64_t *word, size_t bytes)
{
	bool all = (word[0] & ALL_MARKED) != 0;
	size_t n = bytes / 8;
	size_t step = all ? 1 : SPARSE;
	uint64_t seal = word[3];

	if (seal != seal_of(word) || word[2] != bytes)
		return "a block lost its mark while a player had it";
	uint64_t differs = word[n - 1] ^ (seal + n - 1);
	for (size_t i = all ? MARK_WORDS : SPARSE; i < n; i += step)
		differs |= word[i] ^ (seal + i);
	if (differs != 0)
		return "a block was written to while a player had it";
	word[3] = ~seal;
	return NULL;
}

/* The same for one's own: it must be the very mark that was made. */
static void look_at_own(struct stress_agent *a, uint64_t *word, size_t bytes, uint64_t serial)
{
	if ((word[0] & ~ALL_MARKED) != a->owner || word[1] != serial)
		note_wrong(a, "a block has the mark of another");
	const char *broken = unmark_block(word, bytes);
	if (broken != NULL)
		note_wrong(a, broken);
}

/* ---- frames --------------------------------------------------------------------------------- */

static frame_nr_t pfn_of(const struct stress *s, const void *at)
{
	return ((uintptr_t)at - s->pool->offset) >> FRAME_SHIFT;
}

static void freed(struct stress_agent *a, enum stress_verb verb, enum acre_status s)
{
	if (s == ACRE_OK)
		note_call(a, verb);
	else
		note_wrong(a, "a frame that was handed out cannot be given back");
}

/* @n frames, taken by @verb, are ours from now on. */
static void own_frames(struct stress *s, struct stress_agent *a, struct stress_block *b,
		       enum stress_verb verb, frame_nr_t pfn, frame_count_t n)
{
	note_call(a, verb);
	b->at = frame_ptr(s->pool, pfn);
	b->serial = a->serial;
	b->bytes = (uint32_t)(n * FRAME_SIZE);
	b->is_frames = true;
	for (frame_count_t i = 0; i < n; i++) {
		uint64_t serial = a->serial++;
		mark_block(a, (uint64_t *)b->at + i * WORDS_PER_FRAME, FRAME_SIZE, serial,
			   serial % 16 == 0);
	}
}

static void alloc_single(struct stress *s, struct stress_agent *a, struct stress_block *b)
{
	frame_nr_t pfn = frame_alloc(s->pool);

	if (pfn == FRAME_NONE)
		a->none++;
	else
		own_frames(s, a, b, DID_FRAME_ALLOC, pfn, 1);
}

static void free_single(struct stress *s, struct stress_agent *a, struct stress_block *b)
{
	look_at_own(a, b->at, FRAME_SIZE, b->serial);
	freed(a, DID_FRAME_FREE, frame_free(s->pool, pfn_of(s, b->at)));
	b->at = NULL;
}

/* A run; now and then a long one at its natural alignment. */
static void alloc_run(struct stress *s, struct stress_agent *a, struct stress_block *b)
{
	uint64_t r = next_random(a);
	unsigned order = (unsigned)(r % 16 == 0 ? r / 16 % 10 : r / 16 % 5);
	bool natural = (r >> 12 & 1) != 0;
	frame_count_t n = natural ? (frame_count_t)1 << order : 1 + r / 16 % 20;
	uint64_t align = natural ? FRAME_SIZE << order : FRAME_SIZE;
	frame_nr_t pfn = frame_alloc_range(s->pool, n, align);

	if (pfn == FRAME_NONE) {
		a->none++;
		return;
	}
	if (!is_aligned(frame_to_paddr(pfn), align))
		note_wrong(a, "a run is not aligned as it was asked for");
	own_frames(s, a, b, DID_FRAME_ALLOC_RANGE, pfn, n);
}

/* Wherever this is free. */
static void alloc_run_at(struct stress *s, struct stress_agent *a, struct stress_block *b)
{
	const struct frame_bank *bank = &s->pool->bank[next_random(a) % s->pool->nbanks];
	frame_count_t n = 1 + next_random(a) % 8;
	frame_nr_t pfn = bank->first + next_random(a) % bank->nframes;

	if (frame_alloc_at(s->pool, pfn, n) == ACRE_OK)
		own_frames(s, a, b, DID_FRAME_ALLOC_AT, pfn, n);
	else
		a->none++;
}

static bool is_zero(const uint64_t *word, size_t n)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < n; i++)
		bits |= word[i];
	return bits == 0;
}

static void alloc_zeroed(struct stress *s, struct stress_agent *a, struct stress_block *b)
{
	frame_count_t n = next_random(a) % 2 == 0 ? 2 + next_random(a) % 3 : 1;
	frame_nr_t pfn = n == 1 ? frame_alloc_zeroed(s->pool)
				: frame_alloc_range_zeroed(s->pool, n, FRAME_SIZE);

	if (pfn == FRAME_NONE) {
		a->none++;
		return;
	}
	if (!is_zero(frame_ptr(s->pool, pfn), n * WORDS_PER_FRAME))
		note_wrong(a, "a zeroed frame is not all zero");
	own_frames(s, a, b, n == 1 ? DID_FRAME_ALLOC_ZEROED : DID_FRAME_ALLOC_RANGE_ZEROED, pfn, n);
}

/* Frames [@first, @first + @n) of @b, in one call. */
static void free_part(struct stress *s, struct stress_agent *a, const struct stress_block *b,
		      frame_count_t first, frame_count_t n)
{
	if (n == 0)
		return;
	for (frame_count_t i = first; i < first + n; i++)
		look_at_own(a, (uint64_t *)b->at + i * WORDS_PER_FRAME, FRAME_SIZE, b->serial + i);
	freed(a, DID_FRAME_FREE_RANGE, frame_free_range(s->pool, pfn_of(s, b->at) + first, n));
}

static void free_block_frames(struct stress *s, struct stress_agent *a, struct stress_block *b)
{
	frame_count_t n = b->bytes / FRAME_SIZE;
	frame_count_t keep = 0;

	switch (next_random(a) % 5) {
	case 0: /* frame by frame */
		for (frame_count_t i = 0; i < n; i++) {
			uint64_t *word = (uint64_t *)b->at + i * WORDS_PER_FRAME;
			look_at_own(a, word, FRAME_SIZE, b->serial + i);
			freed(a, DID_FRAME_FREE_ADDRESS,
			      frame_free_address(s->pool, frame_to_paddr(pfn_of(s, word))));
		}
		break;
	case 1: /* from its middle outwards */
		free_part(s, a, b, n / 3, n / 3);
		free_part(s, a, b, n / 3 * 2, n - n / 3 * 2);
		free_part(s, a, b, 0, n / 3);
		break;
	case 2: /* the second half; the first one stays */
		keep = n / 2;
		free_part(s, a, b, keep, n - keep);
		break;
	default:
		free_part(s, a, b, 0, n);
		break;
	}
	b->bytes = (uint32_t)(keep * FRAME_SIZE);
	if (keep == 0)
		b->at = NULL;
}

/* ---- blocks of the heap --------------------------------------------------------------------- */

static uint32_t any_size(struct stress_agent *a)
{
	uint64_t r = next_random(a);

	return (uint32_t)(LEAST_BYTES + (r % 32 == 0 ? r / 32 % 20000 : r / 32 % 1000));
}

static void own_block(struct stress_agent *a, struct stress_block *b, enum stress_verb verb,
		      void *at, uint32_t bytes)
{
	note_call(a, verb);
	*b = (struct stress_block){ .at = at, .serial = a->serial++, .bytes = bytes };
	mark_block(a, at, align_down(bytes, 8u), b->serial, b->serial % 8 == 0);
}

static void alloc_heap_block(struct stress *s, struct stress_agent *a, struct stress_block *b)
{
	uint32_t bytes = any_size(a);
	enum stress_verb verb = DID_HEAP_ALLOC;
	void *at;

	switch (next_random(a) % 8) {
	case 0:
		verb = DID_HEAP_ZALLOC;
		at = heap_zalloc(s->heap, bytes, acre_caller());
		break;
	case 1:
		verb = DID_HEAP_CALLOC;
		bytes -= bytes % 8;
		at = heap_calloc(s->heap, bytes / 8, 8, acre_caller());
		break;
	case 2:
	case 3:
		verb = DID_HEAP_ALLOC_ALIGNED;
		at = heap_alloc_aligned(s->heap, bytes, 16u << next_random(a) % 5, acre_caller());
		break;
	default:
		at = heap_alloc(s->heap, bytes, acre_caller());
	}
	if (at == NULL) {
		a->none++;
		return;
	}
	if ((verb == DID_HEAP_ZALLOC || verb == DID_HEAP_CALLOC) && !is_zero(at, bytes / 8))
		note_wrong(a, "a zeroed block is not all zero");
	own_block(a, b, verb, at, bytes);
}

/*
 * What is kept of a block that changes its size is what both sizes reach: its mark, if not all of
 * it.
 */
static void resize_block(struct stress *s, struct stress_agent *a, struct stress_block *b)
{
	uint32_t bytes = any_size(a);
	uint64_t *old = b->at;
	uint64_t head[MARK_WORDS];

	look_at_own(a, old, align_down(b->bytes, 8u), b->serial);
	memcpy(head, old, sizeof(head));
	uint64_t *at = heap_realloc(s->heap, old, bytes, acre_caller());
	if (at == NULL) {
		a->none++;
		mark_block(a, old, align_down(b->bytes, 8u), b->serial, false);
		return;
	}
	if (at[0] != head[0] || at[1] != head[1] || at[2] != head[2] || at[3] != head[3])
		note_wrong(a, "a block lost its contents as its size changed");
	own_block(a, b, DID_HEAP_REALLOC, at, bytes);
}

static void free_heap_block(struct stress *s, struct stress_agent *a, struct stress_block *b)
{
	look_at_own(a, b->at, align_down(b->bytes, 8u), b->serial);
	if (next_random(a) % 2 == 0) {
		heap_free_sized(s->heap, b->at, b->bytes, acre_caller());
		note_call(a, DID_HEAP_FREE_SIZED);
	} else {
		heap_free(s->heap, b->at, acre_caller());
		note_call(a, DID_HEAP_FREE);
	}
	b->at = NULL;
}

/* ---- from hand to hand ---------------------------------------------------------------------- */

/* Give back what is of another; all that is known about it is its mark. */
static void free_foreign(struct stress *s, struct stress_agent *a, uintptr_t what)
{
	uint64_t *at = (uint64_t *)(what & ~(uintptr_t)FRAMES_BIT);
	bool is_frame = (what & FRAMES_BIT) != 0;
	const char *broken = unmark_block(at, is_frame ? FRAME_SIZE : at[2]);

	if (broken != NULL) {
		note_wrong(a, broken);
		return; /* it may be another player's */
	}
	a->foreign++;
	if (is_frame) {
		freed(a, DID_FRAME_FREE, frame_free(s->pool, pfn_of(s, at)));
	} else {
		heap_free(s->heap, at, acre_caller());
		note_call(a, DID_HEAP_FREE);
	}
}

/* Leave it where any player may find it, and give back what was there. */
static void pass_on_block(struct stress *s, struct stress_agent *a, struct stress_block *b)
{
	/* What another is to give back must say by itself how long it is: a size of whole words. */
	if (!b->is_frames && b->bytes % 8 != 0) {
		free_heap_block(s, a, b);
		return;
	}
	uintptr_t what = (uintptr_t)b->at | (b->is_frames ? FRAMES_BIT : 0);
	/* Frames and blocks each have their half, so that who passes frames needs no lock. */
	uintptr_t half = b->is_frames ? 0 : STRESS_SLOTS / 2;

	what = atomic_exchange(&s->slot[half + next_random(a) % (STRESS_SLOTS / 2)], what);
	b->at = NULL;
	if (what != 0)
		free_foreign(s, a, what);
}

/* ---- what a player does --------------------------------------------------------------------- */

/* A block of the heap, where that is not a run of frames: nearly always without a lock, as below. */
static void step_block(struct stress *s, struct stress_agent *a)
{
	uint64_t r = next_random(a);
	struct stress_block *b = &a->other[r % a->nother];

	if (b->at == NULL)
		alloc_heap_block(s, a, b);
	else if (b->is_frames)
		return;
	else if (r / STRESS_OTHERS % 4 == 0)
		pass_on_block(s, a, b);
	else if (r / STRESS_OTHERS % 16 == 1)
		resize_block(s, a, b);
	else
		free_heap_block(s, a, b);
}

/* Without a lock, except one in some hundred, which needs another chunk. */
static void step_single(struct stress *s, struct stress_agent *a)
{
	uint64_t r = next_random(a);
	struct stress_block *b = &a->single[r % a->nsingle];

	if (r >> 52 != 0) { /* the highest bit */
		step_block(s, a);
		return;
	}

	if (b->at == NULL)
		alloc_single(s, a, b);
	else if (r / STRESS_SINGLES % 4 == 0)
		pass_on_block(s, a, b);
	else
		free_single(s, a, b);
}

static void alloc_other(struct stress *s, struct stress_agent *a, struct stress_block *b)
{
	switch (next_random(a) % 15) {
	case 0:
		alloc_run_at(s, a, b);
		break;
	case 1:
	case 2:
		alloc_zeroed(s, a, b);
		break;
	case 3:
		if (frame_free_count(s->pool) > frame_managed_count(s->pool))
			note_wrong(a, "more frames are free than there are");
		note_call(a, DID_FRAME_FREE_COUNT);
		break;
	case 4: /* as if it stopped; and it comes back */
		frame_leave(s->pool);
		note_call(a, DID_FRAME_LEAVE);
		break;
	case 5:
	case 6:
	case 7:
		alloc_run(s, a, b);
		break;
	default:
		alloc_heap_block(s, a, b);
		break;
	}
}

static void step_other(struct stress *s, struct stress_agent *a)
{
	uint64_t r = next_random(a);
	struct stress_block *b = &a->other[r % a->nother];

	r /= STRESS_OTHERS;
	if (b->at == NULL) {
		alloc_other(s, a, b);
	} else if (b->is_frames) {
		if (frame_is_free(s->pool, pfn_of(s, b->at)))
			note_wrong(a, "a frame that a player has is said to be free");
		note_call(a, DID_FRAME_IS_FREE);
		free_block_frames(s, a, b);
	} else if (r % 4 == 0) {
		pass_on_block(s, a, b);
	} else if (r % 4 == 1) {
		resize_block(s, a, b);
	} else {
		free_heap_block(s, a, b);
	}
}

/* A handler does the same on a smaller scale, and mostly without a lock. */
void stress_tick(struct stress_player *p)
{
	struct stress *s = p->stress;
	struct stress_agent *a = &p->handler;

	p->ticks++;
	if (s->only_alloc) {
		struct stress_block *b = &a->single[next_random(a) % a->nsingle];
		if (b->at == NULL)
			alloc_single(s, a, b);
	} else if (next_random(a) % 1024 < s->share) {
		step_other(s, a);
	} else {
		step_single(s, a);
	}
}

static bool is_stopped(const struct stress *s)
{
	return s->runner->stopped != NULL && s->runner->stopped();
}

/* Result: may it go on? */
static bool yield(struct stress_player *p)
{
	if (p->stress->runner->yield != NULL)
		p->stress->runner->yield(p);
	return !is_stopped(p->stress);
}

/* Bounded too where most calls find nothing. */
static void part_mixed(struct stress_player *p)
{
	struct stress *s = p->stress;
	struct stress_agent *a = &p->hart;
	uint64_t steps = 2 * (p->target - a->operations) + 1000;

	for (; a->operations < p->target && steps != 0; steps--) {
		if (steps % YIELD_STEPS == 0 && !yield(p))
			return;
		if (next_random(a) % 1000 < s->share)
			step_other(s, a);
		else
			step_single(s, a);
	}
}

/* So many steps, whatever comes of them. */
static void part_last_frames(struct stress_player *p)
{
	for (uint64_t steps = p->target - p->hart.operations; steps != 0; steps--) {
		if (steps % YIELD_STEPS == 0 && !yield(p))
			return;
		step_single(p->stress, &p->hart);
	}
}

/*
 * Every frame that can be had. They are linked, since there is no room to note so many elsewhere.
 */
static void part_drain(struct stress_player *p)
{
	struct stress *s = p->stress;
	struct stress_block b;
	frame_nr_t pfn;

	while ((pfn = frame_alloc(s->pool)) != FRAME_NONE) {
		own_frames(s, &p->hart, &b, DID_FRAME_ALLOC, pfn, 1);
		uint64_t *word = b.at;
		mark_block(&p->hart, word, FRAME_SIZE, b.serial, false);
		word[LINK_WORD] = (uintptr_t)p->drained;
		p->drained = word;
		if (++p->ndrained % YIELD_STEPS == 0 && !yield(p))
			break;
	}
	p->hart.none++;
}

static void free_drained(struct stress_player *p, struct stress_player *of)
{
	while (of->drained != NULL) {
		uint64_t *word = of->drained;
		of->drained = (uint64_t *)(uintptr_t)word[LINK_WORD];
		of->ndrained--;
		if ((word[0] & ~ALL_MARKED) != of->hart.owner)
			note_wrong(&p->hart, "a drained frame has the mark of another");
		p->hart.foreign += p != of;
		const char *broken = unmark_block(word, FRAME_SIZE);
		if (broken != NULL)
			note_wrong(&p->hart, broken);
		freed(&p->hart, DID_FRAME_FREE,
		      frame_free(p->stress->pool, pfn_of(p->stress, word)));
		if (of->ndrained % YIELD_STEPS == 0)
			(void)yield(p);
	}
}

/* What the neighbour has drained. */
static void part_free_drained(struct stress_player *p)
{
	struct stress *s = p->stress;
	uint32_t i = p->index;

	do {
		i = i + 1 < s->nplayers ? i + 1 : 0;
	} while (!s->player[i].plays);
	free_drained(p, &s->player[i]);
}

static void free_all(struct stress *s, struct stress_agent *a)
{
	for (uint32_t i = 0; i < a->nsingle; i++) {
		if (a->single[i].at != NULL)
			free_single(s, a, &a->single[i]);
	}
	for (uint32_t i = 0; i < a->nother; i++) {
		struct stress_block *b = &a->other[i];
		while (b->at != NULL) {
			if (b->is_frames)
				free_block_frames(s, a, b);
			else
				free_heap_block(s, a, b);
		}
	}
}

static void part_free_all(struct stress_player *p)
{
	free_all(p->stress, &p->hart);
}

/* ---- when all is quiet ---------------------------------------------------------------------- */

static void stress_fail(struct stress *s, const char *sentence)
{
	if (s->failed == NULL)
		s->failed = sentence;
}

/* What all players have, and the check that each piece is really handed out. */
struct census {
	frame_count_t frames;
	uint64_t bytes;
};

static void count_block(struct stress *s, struct census *c, void *at, size_t bytes, bool is_frames)
{
	if (!is_frames) {
		size_t usable = heap_usable_size(s->heap, at);
		c->bytes += usable;
		if (usable < bytes)
			stress_fail(s, "a block that a player has is none of the heap");
		return;
	}
	for (frame_count_t i = 0; i < bytes / FRAME_SIZE; i++, c->frames++) {
		if (frame_is_free(s->pool, pfn_of(s, at) + i))
			stress_fail(s, "a frame that a player has is free");
	}
}

static void count_agent(struct stress *s, struct census *c, const struct stress_agent *a)
{
	const struct stress_block *b;

	for (b = a->single; b < a->single + a->nsingle; b++) {
		if (b->at != NULL)
			count_block(s, c, b->at, b->bytes, b->is_frames);
	}
	for (b = a->other; b < a->other + a->nother; b++) {
		if (b->at != NULL)
			count_block(s, c, b->at, b->bytes, b->is_frames);
	}
	if (a->wrong != NULL)
		stress_fail(s, a->wrong);
}

/* Each of the others is in the queue at most once, before a hart that waits. */
static bool overtaken(const struct stress *s, const struct ticket_lock *lock)
{
	struct ticket_lock_stats stats;

	ticket_lock_look(lock, &stats);
	return stats.most_grants >= s->nplayers;
}

/* Frames that are free, or those of the heap, which may come and go. */
static frame_count_t frames_left(struct frame_pool *pool, struct heap *heap)
{
	return frame_free_count(pool) + heap_backed_bytes(heap) / FRAME_SIZE;
}

/* No agent works now: every frame and every byte is free, or a player has it. */
static void check_census(struct stress *s)
{
	struct census c = { .frames = s->nballast };
	struct heap_stats heap;

	for (uint32_t i = 0; i < s->nplayers; i++) {
		count_agent(s, &c, &s->player[i].hart);
		count_agent(s, &c, &s->player[i].handler);
		c.frames += s->player[i].ndrained;
	}
	for (uint32_t i = 0; i < STRESS_SLOTS; i++) {
		uintptr_t what = atomic_load(&s->slot[i]);
		uint64_t *at = (uint64_t *)(what & ~(uintptr_t)FRAMES_BIT);
		if (what != 0)
			count_block(s, &c, at, at[2], (what & FRAMES_BIT) != 0);
	}
	if (frames_left(s->pool, s->heap) + c.frames != s->frames)
		stress_fail(s, "a frame is neither free nor with a player, or both");
	heap_stats(s->heap, &heap);
	if (heap.used_bytes != s->heap_used + c.bytes)
		stress_fail(s, "bytes of the heap are neither free nor with a player, or both");
	if (overtaken(s, &s->pool->lock) || overtaken(s, &s->heap->runs.lock))
		stress_fail(s, "a hart that waited for a lock saw more turns of others "
			       "than there are others");
	const char *broken = frame_validate(s->pool);
	if (broken == NULL)
		broken = heap_validate(s->heap);
	if (broken != NULL)
		stress_fail(s, broken);
}

struct stress_phase stress_total(const struct stress *s)
{
	struct stress_phase total = { .name = "all" };

	for (uint32_t i = 0; i < s->nphases; i++) {
		total.operations += s->phase[i].operations;
		total.locks += s->phase[i].locks;
		total.waits += s->phase[i].waits;
		total.ticks += s->phase[i].ticks;
	}
	return total;
}

/* Adds what @lock has seen. */
static void add_lock(struct stress_phase *sum, const struct ticket_lock *lock)
{
	struct ticket_lock_stats stats;

	ticket_lock_look(lock, &stats);
	sum->locks += stats.holds;
	sum->waits += stats.contended;
}

static struct stress_phase figures_so_far(const struct stress *s)
{
	struct stress_phase sum = { 0 };

	add_lock(&sum, &s->pool->lock);
	add_lock(&sum, &s->heap->runs.lock);
	for (unsigned class = 1; class <= SLAB_CLASSES; class ++)
		add_lock(&sum, &s->heap->slabs.class[class].lock);
	for (uint32_t i = 0; i < s->nplayers; i++) {
		sum.operations += s->player[i].hart.operations + s->player[i].handler.operations;
		sum.ticks += s->player[i].ticks;
	}
	return sum;
}

static uint32_t playing(const struct stress *s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->nplayers; i++)
		n += s->player[i].plays;
	return n;
}

/*
 * No player begins before all are there, or there would be little to share; but none waits for
 * ever. Harts do not sleep here: they would all wake up at the same time, to wait in one line for
 * their first chunk, which takes longer.
 */
static void start_together(struct stress_player *p)
{
	struct stress *s = p->stress;

	atomic_fetch_add(&s->here, 1);
	for (unsigned i = 0; i < MAX_WAIT && atomic_load(&s->here) < s->awaited; i++)
		platform_relax();
	s->part(p);
}

/* What has happened since @before is of this phase. */
static void add_since(struct stress *s, const struct stress_phase *before)
{
	struct stress_phase after = figures_so_far(s);
	struct stress_phase *phase = &s->phase[s->nphases - 1];

	phase->operations += after.operations - before->operations;
	phase->locks += after.locks - before->locks;
	phase->waits += after.waits - before->waits;
	phase->ticks += after.ticks - before->ticks;
}

/*
 * It is the turn of the next @most from player *@first on, which moves on. Result: how many that
 * are.
 */
static uint32_t next_turn(struct stress *s, uint32_t *first, uint32_t most)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->nplayers; i++) {
		struct stress_player *p = &s->player[i];
		p->turn = p->plays && i >= *first && n < most;
		n += p->turn;
	}
	while (*first < s->nplayers && (s->player[*first].turn || !s->player[*first].plays))
		(*first)++;
	return n;
}

/*
 * Let all play @part, @most at a time; what happened is added to phase @name, the last one or a new
 * one.
 */
static void play_in_turns(struct stress *s, const char *name, stress_part part, uint32_t most)
{
	struct stress_phase before = figures_so_far(s);
	uint32_t first = 0;

	if (s->failed != NULL)
		return; /* the sentence that is wrong may be a lie that ends in a panic */
	if (s->nphases == 0 || s->phase[s->nphases - 1].name != name)
		s->phase[s->nphases++] = (struct stress_phase){ .name = name };
	s->part = part;
	while (s->failed == NULL && (s->awaited = next_turn(s, &first, most)) != 0) {
		atomic_store(&s->here, 0);
		if (!s->runner->all(s, start_together))
			stress_fail(s, "a hart did not come");
		if (is_stopped(s))
			stress_fail(s, "stopped");
	}
	add_since(s, &before);
	check_census(s);
}

static void play_all(struct stress *s, const char *name, stress_part part)
{
	play_in_turns(s, name, part, s->nplayers);
}

/* ---- phases --------------------------------------------------------------------------------- */

static void set_targets(struct stress *s, uint64_t operations)
{
	for (uint32_t i = 0; i < s->nplayers; i++)
		s->player[i].target = s->player[i].hart.operations + operations / playing(s) + 1;
}

static void report_phase(const struct stress *s)
{
	const struct stress_phase *phase = &s->phase[s->nphases - 1];

	s->line("  %-20s %9llu operations %7llu locks %6llu waits %7llu handlers", phase->name,
		(unsigned long long)phase->operations, (unsigned long long)phase->locks,
		(unsigned long long)phase->waits, (unsigned long long)phase->ticks);
}

/* @share of a thousand steps take a lock. */
static void mixed(struct stress *s, const char *name, uint32_t share, uint64_t operations)
{
	if (s->failed != NULL)
		return;
	s->share = share;
	set_targets(s, operations);
	play_in_turns(s, name, part_mixed, share < 1000 ? s->nplayers : s->runner->lock_limit);
	for (uint32_t i = 0; s->failed == NULL && i < s->nplayers; i++) {
		const struct stress_player *p = &s->player[i];
		if (p->plays && p->hart.operations < p->target)
			stress_fail(s, "a hart got too little memory to go on");
	}
	report_phase(s);
}

/* Hold runs, long ones first, until only @leave frames are free. */
static void alloc_ballast(struct stress *s, frame_count_t leave)
{
	frame_count_t free = frame_free_count(s->pool);

	for (frame_count_t n = (frame_count_t)1 << 30; n != 0; n /= 2) {
		while (free >= n && free - n >= leave) {
			frame_nr_t pfn = frame_alloc_range(s->pool, n, FRAME_SIZE);
			if (pfn == FRAME_NONE)
				break;
			uint64_t *word = frame_ptr(s->pool, pfn);
			word[0] = (uintptr_t)s->ballast;
			word[1] = n;
			s->ballast = word;
			s->nballast += n;
			free -= n;
		}
	}
}

static void free_ballast(struct stress *s)
{
	while (s->ballast != NULL) {
		const uint64_t *word = s->ballast;
		frame_count_t n = word[1];
		frame_nr_t pfn = pfn_of(s, word);
		s->ballast = (void *)(uintptr_t)word[0];
		s->nballast -= n;
		if (frame_free_range(s->pool, pfn, n) != ACRE_OK)
			stress_fail(s, "a run that was held cannot be given back");
	}
}

static void last_frames(struct stress *s, uint64_t operations)
{
	s->share = 0;
	alloc_ballast(s, LAST_FRAMES);
	set_targets(s, operations);
	play_in_turns(s, "the last frames", part_last_frames, s->runner->lock_limit);
	report_phase(s);
	free_ballast(s);
}

static void must_be_empty(struct stress *s)
{
	if (frame_free_count(s->pool) != 0 || !frame_pool_is_empty(s->pool))
		stress_fail(s, "frames were free, and no player could have them");
}

/*
 * All drain the pool at the same time; then one does so alone, while the others are idle: what they
 * have in stock is theirs no more. No agent frees meanwhile, so that the answer that there is none
 * is true.
 */
static void drain(struct stress *s)
{
	static const char name[] = "drained to the last";

	/* Debug mode takes the lock for each frame. */
	alloc_ballast(s, s->pool->debug ? STRESS_IN_DRAIN / 16 : STRESS_IN_DRAIN);
	s->only_alloc = true;
	play_in_turns(s, name, part_drain, s->runner->lock_limit);
	must_be_empty(s);
	s->only_alloc = false;
	play_all(s, name, part_free_drained);
	if (s->failed == NULL) {
		struct stress_phase before = figures_so_far(s);
		part_drain(&s->player[0]);
		add_since(s, &before);
		must_be_empty(s);
		free_drained(&s->player[0], &s->player[0]);
		check_census(s);
	}
	report_phase(s);
	free_ballast(s);
}

static void free_everything(struct stress *s)
{
	play_in_turns(s, "given back", part_free_all, s->runner->lock_limit);
	if (s->failed != NULL)
		return;
	for (uint32_t i = 0; i < s->nplayers; i++)
		free_all(s, &s->player[i].handler);
	for (uint32_t i = 0; i < STRESS_SLOTS; i++) {
		uintptr_t what = atomic_exchange(&s->slot[i], 0);
		if (what != 0)
			free_foreign(s, &s->player[0].hart, what);
	}
	check_census(s);
	if (s->failed == NULL && frames_left(s->pool, s->heap) != s->frames)
		stress_fail(s, "not every frame came back");
}

/* ---- what was called ------------------------------------------------------------------------ */

static const struct {
	const char *name; /* without frame_ and heap_ */
	const char *left_out;
} verbs[STRESS_VERBS] = {
#define FRAME(verb)                                                                                \
	{                                                                                          \
#verb, "frame_" #verb " never did anything"                                        \
	}
#define HEAP(verb)                                                                                 \
	{                                                                                          \
#verb, "heap_" #verb " never did anything"                                         \
	}
	[DID_FRAME_ALLOC] = FRAME(alloc),
	[DID_FRAME_ALLOC_ZEROED] = FRAME(alloc_zeroed),
	[DID_FRAME_ALLOC_RANGE] = FRAME(alloc_range),
	[DID_FRAME_ALLOC_RANGE_ZEROED] = FRAME(alloc_range_zeroed),
	[DID_FRAME_ALLOC_AT] = FRAME(alloc_at),
	[DID_FRAME_FREE] = FRAME(free),
	[DID_FRAME_FREE_RANGE] = FRAME(free_range),
	[DID_FRAME_FREE_ADDRESS] = FRAME(free_address),
	[DID_FRAME_LEAVE] = FRAME(leave),
	[DID_FRAME_IS_FREE] = FRAME(is_free),
	[DID_FRAME_FREE_COUNT] = FRAME(free_count),
	[DID_HEAP_ALLOC] = HEAP(alloc),
	[DID_HEAP_ALLOC_ALIGNED] = HEAP(alloc_aligned),
	[DID_HEAP_ZALLOC] = HEAP(zalloc),
	[DID_HEAP_CALLOC] = HEAP(calloc),
	[DID_HEAP_REALLOC] = HEAP(realloc),
	[DID_HEAP_FREE] = HEAP(free),
	[DID_HEAP_FREE_SIZED] = HEAP(free_sized),
#undef FRAME
#undef HEAP
};

uint64_t stress_did(const struct stress *s, enum stress_verb verb)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < s->nplayers; i++)
		sum += s->player[i].hart.did[verb] + s->player[i].handler.did[verb];
	return sum;
}

const char *stress_left_out(const struct stress *s)
{
	uint64_t others = 0;
	const char *missing = NULL;

	for (enum stress_verb verb = 0; verb < STRESS_VERBS; verb++) {
		uint64_t n = stress_did(s, verb);
		if (verb != DID_FRAME_ALLOC && verb != DID_FRAME_FREE && verb < DID_HEAP_ALLOC)
			others += n;
		if (n == 0 && missing == NULL)
			missing = verbs[verb].left_out;
	}
	return others >= MANY_OTHERS ? missing : NULL;
}

/* The verbs from @first to @last in one line. */
static void report_verbs(const struct stress *s, const char *what, enum stress_verb first,
			 enum stress_verb last)
{
	char text[VERB_LINE];
	size_t len = 0;

	for (enum stress_verb verb = first; verb <= last && len < sizeof(text); verb++)
		len += fmt_buffer(text + len, sizeof(text) - len, " %s %llu", verbs[verb].name,
				  (unsigned long long)stress_did(s, verb));
	s->line("  %s:%s", what, text);
}

/* ---- setting up, and saying so -------------------------------------------------------------- */

size_t stress_bytes(uint32_t nplayers)
{
	return sizeof(struct stress) + nplayers * sizeof(struct stress_player);
}

static void agent_init(struct stress_agent *a, uint64_t owner, uint64_t seed)
{
	a->owner = owner;
	a->random = mix_bits(seed + owner * 0x9e3779b97f4a7c15ull) | 1;
	a->serial = mix_bits(a->random) >> 32;
}

void stress_init(struct stress *s, uint32_t nplayers, uint64_t seed, struct frame_pool *pool,
		 struct heap *heap, const struct stress_runner *runner)
{
	struct heap_stats stats;

	memset(s, 0, stress_bytes(nplayers));
	s->pool = pool;
	s->heap = heap;
	s->runner = runner;
	s->seed = seed;
	s->nplayers = nplayers;
	for (uint32_t i = 0; i < nplayers; i++) {
		struct stress_player *p = &s->player[i];
		p->stress = s;
		p->plays = true;
		p->index = i;
		agent_init(&p->hart, 2 * i + 1, seed);
		p->hart.single = p->single;
		p->hart.nsingle = STRESS_SINGLES;
		p->hart.other = p->other;
		p->hart.nother = STRESS_OTHERS;
		agent_init(&p->handler, 2 * i + 2, seed);
		p->handler.single = p->ticked_single;
		p->handler.other = p->ticked_other;
		p->handler.nsingle = p->handler.nother = STRESS_TICKED;
	}
	s->frames = frames_left(pool, heap);
	heap_stats(heap, &stats);
	s->heap_used = stats.used_bytes;
}

static void report_totals(const struct stress *s)
{
	struct stress_phase total = stress_total(s);
	uint64_t none = 0, foreign = 0;

	for (uint32_t i = 0; i < s->nplayers; i++) {
		const struct stress_player *p = &s->player[i];
		none += p->hart.none + p->handler.none;
		foreign += p->hart.foreign + p->handler.foreign;
	}
	report_verbs(s, "frames taken", DID_FRAME_ALLOC, DID_FRAME_ALLOC_AT);
	report_verbs(s, "frames given", DID_FRAME_FREE, DID_FRAME_LEAVE);
	report_verbs(s, "frames else", DID_FRAME_IS_FREE, DID_FRAME_FREE_COUNT);
	report_verbs(s, "heap", DID_HEAP_ALLOC, DID_HEAP_FREE_SIZED);
	s->line("  freed for another: %llu; found no memory: %llu", (unsigned long long)foreign,
		(unsigned long long)none);
	if (s->failed != NULL)
		s->line("stress failed: %s (seed %llu, %u harts)", s->failed,
			(unsigned long long)s->seed, playing(s));
	else
		s->line("stress ok: seed %llu, %u harts, %llu operations, %llu locks, "
			"%llu waits, %llu handlers",
			(unsigned long long)s->seed, playing(s),
			(unsigned long long)total.operations, (unsigned long long)total.locks,
			(unsigned long long)total.waits, (unsigned long long)total.ticks);
}

bool stress_run(struct stress *s, uint64_t operations, void (*line)(const char *format, ...))
{
	s->line = line;
	const uint64_t locked = operations * s->runner->locked;

	mixed(s, "frames and blocks", 0, operations);
	mixed(s, "1 in 100 locked", 10, locked / 50);
	mixed(s, "1 in 20 locked", 50, locked / 500);
	mixed(s, "1 in 5 locked", 200, locked / 2000);
	mixed(s, "all locked", 1000, 100 + locked / 4000);
	if (s->failed == NULL)
		last_frames(s, locked / 2000);
	if (s->failed == NULL)
		drain(s);
	free_everything(s);
	const char *left_out = stress_left_out(s);
	if (left_out != NULL)
		stress_fail(s, left_out);
	report_totals(s);
	return s->failed == NULL;
}
