/* SPDX-License-Identifier: MIT */
/*
 * frame_threads.c - threads that play harts share one frame pool. Who gets a frame writes its number
 * into a word that belongs to that frame: if somebody else's is there, the frame was handed out twice. The
 * words are plain, so that the thread sanitizer sees too whether giving back happens before taking.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "tests/support/frame_room.h"
#include "tests/support/ktest.h"

#define MAX_THREADS 8u
#define FIRST       0x80240u
#define FRAMES      5000u
#define SLOTS       256u
#define MAX_RUN     600u

struct arena {
	struct frame_pool *pool;
	uint64_t owner[FRAMES];
	/* Frames that any thread may free: pfn, 0 for none. */
	_Atomic uint64_t slot[SLOTS];
	atomic_uint wrong;
	atomic_uint inserts; /* of frames that were taken out before */
};

struct thread {
	pthread_t id;
	unsigned hart;
	unsigned rounds;
	struct arena *arena;
	uint64_t random;
	uint64_t taken, given;
	void (*work)(struct thread *);
};

static uint64_t next(struct thread *t)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return t->random;
}

static void own(struct thread *t, frame_nr_t pfn, frame_count_t n)
{
	for (frame_count_t i = 0; i < n; i++) {
		uint64_t *owner = &t->arena->owner[pfn - FIRST + i];
		if (*owner != 0)
			atomic_fetch_add(&t->arena->wrong, 1);
		*owner = t->hart;
	}
	t->taken += n;
}

/* @by: whose they are; whoever frees a frame of another has it from a slot. */
static void give(struct thread *t, frame_nr_t pfn, frame_count_t n)
{
	for (frame_count_t i = 0; i < n; i++) {
		uint64_t *owner = &t->arena->owner[pfn - FIRST + i];
		if (*owner == 0)
			atomic_fetch_add(&t->arena->wrong, 1);
		*owner = 0;
	}
	t->given += n;
	enum acre_status s =
		n == 1 ? frame_free(t->arena->pool, pfn) : frame_free_range(t->arena->pool, pfn, n);
	if (s != ACRE_OK)
		atomic_fetch_add(&t->arena->wrong, 1);
}

/* Single frames, left in a slot for whoever comes by. */
static void pass_single(struct thread *t)
{
	frame_nr_t pfn = frame_alloc(t->arena->pool);

	if (pfn == FRAME_NONE)
		pfn = 0;
	else
		own(t, pfn, 1);
	pfn = atomic_exchange(&t->arena->slot[next(t) % SLOTS], pfn);
	if (pfn != 0)
		give(t, pfn, 1);
}

/* A run, aligned or not, given back at once, in two parts, or frame by frame. */
static void take_run(struct thread *t)
{
	unsigned order = (unsigned)(next(t) % 11);
	frame_count_t n = next(t) % 2 == 0 ? (frame_count_t)1 << order : 1 + next(t) % MAX_RUN;
	uint64_t align = next(t) % 2 == 0 ? FRAME_SIZE << order : FRAME_SIZE;
	frame_nr_t pfn = frame_alloc_range(t->arena->pool, n, align);

	if (pfn == FRAME_NONE)
		return;
	if ((pfn & (align / FRAME_SIZE - 1)) != 0)
		atomic_fetch_add(&t->arena->wrong, 1);
	own(t, pfn, n);
	switch (next(t) % 4) {
	case 0:
		for (frame_count_t i = 0; i < n; i++)
			give(t, pfn + i, 1);
		break;
	case 1:
		give(t, pfn + n / 2, n - n / 2);
		if (n / 2 != 0)
			give(t, pfn, n / 2);
		break;
	default:
		give(t, pfn, n);
		break;
	}
}

/* By address, wherever it happens to be free. */
static void take_at(struct thread *t)
{
	frame_count_t n = 1 + next(t) % 40;
	frame_nr_t pfn = FIRST + next(t) % (FRAMES - n);

	if (frame_alloc_at(t->arena->pool, pfn, n) != ACRE_OK)
		return;
	own(t, pfn, n);
	give(t, pfn, n);
}

/*
 * One thread takes frames out of the pool and puts them in again, whole words of them, while the others
 * take them as soon as they are there. That they were written before is ordered by a fence, which the
 * thread sanitizer does not know: so nobody owns anything here, frames only come and go.
 */
static void come_and_go(struct thread *t)
{
	struct frame_pool *pool = t->arena->pool;
	frame_count_t n = 100 + next(t) % 300;
	frame_nr_t pfn = FIRST + next(t) % (FRAMES - n);

	if (t->hart != 1) {
		pfn = frame_alloc(pool);
		if (pfn == FRAME_NONE)
			return;
		t->taken++;
		bool single = next(t) % 2 == 0;
		if ((single ? frame_free(pool, pfn) : frame_free_range(pool, pfn, 1)) != ACRE_OK)
			atomic_fetch_add(&t->arena->wrong, 1); /* handed out twice */
		t->given++;
		return;
	}
	if (frame_remove(pool, pfn, n) != ACRE_OK)
		return;
	atomic_fetch_add(&t->arena->inserts, 1);
	if (frame_insert(pool, pfn, n) != ACRE_OK)
		atomic_fetch_add(&t->arena->wrong, 1);
}

static void singles(struct thread *t)
{
	pass_single(t);
}

static void mixed(struct thread *t)
{
	switch (next(t) % 8) {
	case 0:
		take_run(t);
		break;
	case 1:
		take_at(t);
		break;
	case 2:
		(void)frame_free_count(t->arena->pool);
		(void)frame_is_free(t->arena->pool, FIRST + next(t) % FRAMES);
		break;
	default:
		pass_single(t);
		break;
	}
}

static void *start(void *arg)
{
	struct thread *t = arg;

	host_hart = t->hart;
	for (unsigned round = 0; round < t->rounds; round++)
		t->work(t);
	return NULL;
}

/* What the threads play in. */
struct shape {
	frame_count_t inserted;
	frame_count_t split; /* so many frames are a bank, and the rest is another; 0: one bank */
	unsigned nstocks;
};

static void add_frames(struct frame_pool *pool, frame_nr_t first, frame_count_t n,
		       frame_count_t inserted)
{
	size_t bytes = frame_metadata_bytes(n);

	REQUIRE_EQ(frame_pool_add_bank(pool, first, n, ktest_alloc(bytes, 64), bytes), ACRE_OK);
	REQUIRE_EQ(frame_insert(pool, first, inserted), ACRE_OK);
}

static struct arena *arena_of(const struct shape *shape)
{
	struct arena *a = ktest_alloc(sizeof(*a), 64);
	frame_count_t split = shape->split;

	memset(a, 0, sizeof(*a));
	a->pool = ktest_alloc(sizeof(*a->pool), 64);
	REQUIRE_EQ(frame_pool_init_for(a->pool, 0, ktest_alloc(sizeof(struct frame_room), 64),
				       shape->nstocks),
		   ACRE_OK);
	if (split != 0)
		add_frames(a->pool, FIRST, split, split);
	add_frames(a->pool, FIRST + split, FRAMES - split, shape->inserted - split);
	return a;
}

static struct arena *arena_new(frame_count_t inserted)
{
	return arena_of(&(struct shape){ .inserted = inserted, .nstocks = FRAME_ROOM_HARTS });
}

/* Everything is back, and every frame can be had exactly once. */
static void expect_whole(struct arena *a, frame_count_t inserted)
{
	EXPECT_EQ(a->wrong, 0);
	EXPECT_EQ(frame_free_count(a->pool), inserted);
	REQUIRE_VALID(frame_validate(a->pool));
	memset(a->owner, 0, sizeof(a->owner));
	for (frame_count_t i = 0; i < inserted; i++) {
		frame_nr_t pfn = frame_alloc(a->pool);
		REQUIRE(pfn - FIRST < inserted && a->owner[pfn - FIRST] == 0);
		a->owner[pfn - FIRST] = 1;
	}
	EXPECT_EQ(frame_alloc(a->pool), FRAME_NONE);
	REQUIRE_VALID(frame_validate(a->pool));
}

static void play_in(const struct shape *shape, unsigned nthreads, unsigned rounds,
		    void (*work)(struct thread *))
{
	struct arena *a = arena_of(shape);
	struct thread thread[MAX_THREADS];
	uint64_t taken = 0, given = 0;

	for (unsigned i = 0; i < nthreads; i++) {
		thread[i] = (struct thread){ .hart = i + 1,
					     .rounds = rounds,
					     .arena = a,
					     .random = ktest_random(),
					     .work = work };
		REQUIRE_EQ(pthread_create(&thread[i].id, NULL, start, &thread[i]), 0);
	}
	for (unsigned i = 0; i < nthreads; i++) {
		REQUIRE_EQ(pthread_join(thread[i].id, NULL), 0);
		taken += thread[i].taken;
		given += thread[i].given;
	}
	struct thread self = { .arena = a };
	for (unsigned i = 0; i < SLOTS; i++) {
		if (a->slot[i] != 0)
			give(&self, a->slot[i], 1);
	}
	EXPECT(taken > 0);
	EXPECT_EQ(a->inserts > 0, work == come_and_go);
	EXPECT_EQ(given + self.given, taken);
	expect_whole(a, shape->inserted);
}

static void play(unsigned nthreads, unsigned rounds, frame_count_t inserted,
		 void (*work)(struct thread *))
{
	const struct shape shape = { .inserted = inserted, .nstocks = FRAME_ROOM_HARTS };

	play_in(&shape, nthreads, rounds, work);
}

KTEST(frame_threads, two_harts_free_the_frames_of_each_other)
{
	play(2, 50000, FRAMES, singles);
}

/* Fewer frames than slots: most of the time nothing is free, and stocks are in each other's way. */
KTEST(frame_threads, harts_fight_for_the_last_frames)
{
	play(4, 20000, 130, singles);
}

KTEST(frame_threads, singles_runs_and_frames_by_address_at_once)
{
	play(2, 20000, FRAMES, mixed);
	play(4, 10000, FRAMES, mixed);
}

KTEST(frame_threads, eight_harts_in_two_chunks)
{
	play(8, 5000, 700, mixed);
}

KTEST(frame_threads, frames_are_handed_out_while_they_are_inserted)
{
	play(3, 20000, FRAMES, come_and_go);
}

/* Harts 2, 3 and 4 share a stock, and write it with the lock. */
KTEST(frame_threads, harts_without_a_stock_share_one)
{
	const struct shape many = { .inserted = FRAMES, .nstocks = 2 };
	const struct shape few = { .inserted = 130, .nstocks = 0 };

	play_in(&many, 4, 10000, mixed);
	play_in(&few, 4, 10000, singles);
}

/* All harts take from the chunk that two banks share: it has most of the frames. */
KTEST(frame_threads, two_banks_share_a_chunk)
{
	const struct shape all = { .inserted = FRAMES, .split = 2600, .nstocks = MAX_THREADS + 1 };
	const struct shape few = { .inserted = 700, .split = 660, .nstocks = 3 };

	play_in(&all, 4, 10000, mixed);
	play_in(&few, 4, 10000, singles);
	play_in(&few, 4, 10000, mixed);
}

/* No threads, but the numbers of harts: each begins a chunk of its own, as long as there is one. */
KTEST(frame_threads, harts_stay_out_of_each_others_chunks)
{
	struct arena *a = arena_new(FRAMES);
	frame_nr_t pfn[4];

	for (frame_nr_t c = 0; c < 8; c++) /* all chunks are broken */
		REQUIRE_EQ(frame_alloc_at(a->pool, 0x80400 + c * 512, 7), ACRE_OK);
	for (unsigned hart = 0; hart < 4; hart++) {
		host_hart = hart;
		pfn[hart] = frame_alloc(a->pool);
		for (unsigned k = 0; k < hart; k++)
			EXPECT(pfn[hart] / 512 != pfn[k] / 512);
	}
	for (unsigned i = 0; i < 100; i++) {
		host_hart = i % 4;
		EXPECT_EQ(frame_alloc(a->pool) / 512, pfn[host_hart] / 512);
	}
	host_hart = 0;
	REQUIRE_VALID(frame_validate(a->pool));
}

/* Nor do they come into those that another has left, and where it may still have frames, while whole ones are left. */
KTEST(frame_threads, harts_stay_out_of_chunks_that_others_have_left)
{
	struct arena *a = arena_new(FRAMES);

	host_hart = 0;
	for (unsigned i = 0; i < 1024; i++) { /* two chunks, of which every tenth frame is kept */
		frame_nr_t pfn = frame_alloc(a->pool);
		REQUIRE(pfn != FRAME_NONE);
		a->owner[pfn - FIRST] = i % 10 == 0;
	}
	for (frame_nr_t i = 0; i < FRAMES; i++) {
		if (a->owner[i] == 0 && !frame_is_free(a->pool, FIRST + i))
			REQUIRE_EQ(frame_free(a->pool, FIRST + i), ACRE_OK);
	}
	host_hart = 1;
	for (unsigned i = 0; i < 512; i++) {
		frame_nr_t pfn = frame_alloc(a->pool);
		REQUIRE(pfn != FRAME_NONE);
		for (frame_nr_t k = pfn / 512 * 512; k < pfn / 512 * 512 + 512; k++)
			EXPECT(k - FIRST >= FRAMES || a->owner[k - FIRST] == 0);
	}
	host_hart = 0;
	REQUIRE_VALID(frame_validate(a->pool));
}
