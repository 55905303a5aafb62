/* SPDX-License-Identifier: MIT */
/*
 * frame_scenarios.c - harts, handlers and threads that share a pool of a few frames.
 *
 * In each of them: no frame is handed out twice, none is lost, a right free is never refused; 'none' is
 * never said where some frame (or run) was free from the beginning of the call to its end; in the end the
 * pool is valid, counts what it must, and hands out each frame that is free exactly once.
 *
 *	chunk 0  frames 0 to 511      words 0 to 7
 *	chunk 1  frames 512 to 1023   words 8 to 15
 *	...
 *
 * Nearly all have one bank; otherwise all banks have the same number of chunks, and touch.
 *
 * Frames are named by their index, and only a few are inserted.
 */
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "tests/support/frame_room.h"

#include <string.h>

#include "lib/compiler.h"
#include "lib/platform.h"
#include "tests/concurrency/explore/explore.h"

#define FIRST  0x80000u
#define FRAMES 3072u /* at most */
#define WORDS  (FRAMES / 64)

#define MAX_FREES 32u /* in one run */

/* What a call that takes frames could have had all the time. */
struct call {
	bool is_on;
	uint64_t had[WORDS];
};

static struct frame_pool pool;
static struct frame_room room;
static unsigned nframes;
static uint64_t metadata[1024];
static uint8_t bytes[4][FRAME_SIZE] acre_aligned_to(FRAME_SIZE); /* of the first frames */

static struct world {
	struct call call[EXPLORE_MAX_ACTIVITIES + 1];
	/* Frees: the bit may be set, but until then the call goes on. */
	struct freed {
		frame_nr_t first;
		frame_count_t n;
		struct explore_moment until;
	} freed[MAX_FREES];
	unsigned nfreed;
	uint8_t is_inserted[FRAMES];
	uint8_t owner[FRAMES];     /* activity + 1; 0: nobody */
	_Atomic uint64_t mailbox;  /* a frame for another hart; 0: none */
	_Atomic uint32_t payload;  /* plain memory: what stands in a frame */
	unsigned refusals, rights; /* of those who free the same frame */
	uint64_t word_before;      /* word 0, before it was last written */
	bool seen_free;            /* the free of a free frame saw that it was free */
	unsigned inserted;
	frame_nr_t got[EXPLORE_MAX_ACTIVITIES + 1];
} world;

/* ---- the checks ------------------------------------------------------------------------------ */

static unsigned words_of_bank(void)
{
	return nframes / 64 / pool.nbanks;
}

static bitmap_word *free_word(unsigned w)
{
	return &pool.bank[w / words_of_bank()].free[w % words_of_bank()];
}

static uint64_t word_now(unsigned w)
{
	uint64_t value;

	memcpy(&value, (const void *)free_word(w), sizeof(value));
	return value;
}

/* What is not free for a moment was not free all the time. */
static void bits_changed(const volatile void *at)
{
	for (unsigned b = 0; b < pool.nbanks; b++) {
		uintptr_t w = ((uintptr_t)at - (uintptr_t)pool.bank[b].free) / sizeof(uint64_t);

		if (w >= words_of_bank())
			continue;
		w += b * words_of_bank();
		for (unsigned i = 0; i <= EXPLORE_MAX_ACTIVITIES; i++) {
			if (world.call[i].is_on)
				world.call[i].had[w] &= word_now((unsigned)w);
		}
	}
}

static void begin(void)
{
	struct call *call = &world.call[explore_me()];

	for (unsigned w = 0; w < nframes / 64; w++)
		call->had[w] = explore_surely(free_word(w), word_now(w));
	for (unsigned i = 0; i < world.nfreed; i++) {
		const struct freed *f = &world.freed[i];

		for (uint64_t k = f->first; k < f->first + f->n && !explore_knows(f->until); k++)
			call->had[k / 64] &= ~(1ull << k % 64);
	}
	call->is_on = true;
}

static bool had(const struct call *call, uint64_t i, frame_count_t n)
{
	for (; n != 0; n--, i++) {
		if ((call->had[i / 64] >> i % 64 & 1) == 0)
			return false;
	}
	return true;
}

/* A call for @n frames at a multiple of @align has answered @pfn. */
static frame_nr_t end(frame_nr_t pfn, frame_count_t n, frame_count_t align)
{
	struct call *call = &world.call[explore_me()];

	call->is_on = false;
	world.got[explore_me()] = pfn;
	if (pfn == FRAME_NONE) {
		for (uint64_t i = 0; i + n <= nframes; i += align)
			EXPLORE_CHECK(!had(call, i, n),
				      "none, but %u from frame %u were free all the time",
				      (unsigned)n, (unsigned)i);
		return pfn;
	}
	EXPLORE_CHECK(pfn - FIRST < nframes && n <= nframes - (pfn - FIRST),
		      "a frame of nowhere: %#llx", (unsigned long long)pfn);
	EXPLORE_CHECK((pfn - FIRST) % align == 0, "not aligned");
	for (frame_count_t i = 0; i < n; i++) {
		uint8_t *owner = &world.owner[pfn - FIRST + i];
		EXPLORE_CHECK(world.is_inserted[pfn - FIRST + i], "frame %u was never inserted",
			      (unsigned)(pfn - FIRST + i));
		EXPLORE_CHECK(*owner == 0, "frame %u handed out twice",
			      (unsigned)(pfn - FIRST + i));
		*owner = (uint8_t)(explore_me() + 1);
	}
	return pfn;
}

static frame_nr_t take(void)
{
	begin();
	return end(frame_alloc(&pool), 1, 1);
}

static frame_nr_t take_run(frame_count_t n, frame_count_t align)
{
	begin();
	return end(frame_alloc_range(&pool, n, align * FRAME_SIZE), n, align);
}

/* It is about to be freed; returned() - it was, and the call has ended. */
static struct freed *disown(frame_nr_t pfn, frame_count_t n)
{
	for (frame_count_t i = 0; i < n; i++) {
		uint8_t *owner = &world.owner[pfn - FIRST + i];
		EXPLORE_CHECK(*owner != 0, "the scenario frees what nobody has");
		*owner = 0;
	}
	EXPLORE_CHECK(world.nfreed < MAX_FREES, "more frees than there is room for");
	struct freed *freed = &world.freed[world.nfreed++];
	*freed = (struct freed){ pfn - FIRST, n, { 0, EXPLORE_NEVER } };
	return freed;
}

static void returned(struct freed *freed)
{
	freed->until = explore_now();
}

static void free_frame(frame_nr_t pfn)
{
	if (pfn == FRAME_NONE)
		return;
	struct freed *freed = disown(pfn, 1);
	EXPLORE_CHECK(frame_free(&pool, pfn) == ACRE_OK, "the free of frame %u was refused",
		      (unsigned)(pfn - FIRST));
	returned(freed);
}

static void free_run(frame_nr_t pfn, frame_count_t n)
{
	if (pfn == FRAME_NONE)
		return;
	struct freed *freed = disown(pfn, n);
	EXPLORE_CHECK(frame_free_range(&pool, pfn, n) == ACRE_OK, "the free of a run was refused");
	returned(freed);
}

static unsigned owned(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < nframes; i++)
		n += world.owner[i] != 0;
	return n;
}

/* Everything stands still: is it all there? */
static void check(void)
{
	unsigned n = world.inserted - owned();
	const char *broken = frame_validate(&pool);

	explore_as(0);
	EXPLORE_CHECK(broken == NULL, "invalid: %s", broken);
	EXPLORE_CHECK(frame_free_count(&pool) == n, "%u frames are free, %u counted", n,
		      (unsigned)frame_free_count(&pool));
	EXPLORE_CHECK(explore_refused() == world.refusals, "a free was refused");
	/* Another hart than those that have stocks. */
	explore_as(3);
	for (unsigned i = 0; i < n; i++)
		EXPLORE_CHECK(take() != FRAME_NONE, "%u frames are lost", n - i);
	EXPLORE_CHECK(take() == FRAME_NONE, "a frame too many");
}

/* ---- worlds ---------------------------------------------------------------------------------- */

static void insert(unsigned index, unsigned n)
{
	EXPLORE_CHECK(frame_insert(&pool, FIRST + index, n) == ACRE_OK, "insert");
	world.inserted += n;
	memset(&world.is_inserted[index], 1, n);
}

/* Take frame @index as if somebody had it. */
static void hold(unsigned index)
{
	EXPLORE_CHECK(frame_alloc_at(&pool, FIRST + index, 1) == ACRE_OK, "alloc_at");
	world.owner[index] = EXPLORE_MAX_ACTIVITIES + 1;
}

static void add_bank(unsigned index, unsigned n, size_t metadata_bytes)
{
	char *at = (char *)metadata + index / n * metadata_bytes;

	EXPLORE_CHECK(frame_pool_add_bank(&pool, FIRST + index, n, at, metadata_bytes) == ACRE_OK,
		      "no bank");
}

static void new_pool_of(unsigned banks, unsigned chunks)
{
	const unsigned n = chunks * CHUNK_BITS;
	const size_t metadata_bytes = (frame_metadata_bytes(n) + 7) / 8 * 8;

	nframes = banks * n;
	EXPLORE_CHECK(banks * metadata_bytes <= sizeof(metadata), "too little metadata");
	memset(&world, 0, sizeof(world));
	memset(metadata, 0, sizeof(metadata));
	uint64_t offset = (uint64_t)(uintptr_t)bytes - ((uint64_t)FIRST << FRAME_SHIFT);
	EXPLORE_CHECK(frame_pool_init_in(&pool, offset, &room) == ACRE_OK, "no pool");
	for (unsigned index = 0; index < nframes; index += n)
		add_bank(index, n, metadata_bytes);
	/* All of the pool that can change. */
	explore_keep(&pool, sizeof(pool), "pool");
	explore_keep(room.bank, banks * sizeof(room.bank[0]), "banks");
	explore_keep(room.stock, EXPLORE_MAX_ACTIVITIES * sizeof(room.stock[0]), "stocks");
	explore_keep(metadata, banks * metadata_bytes, "bits");
	explore_keep(&world, sizeof(world), "world");
}

/* Frames whose bytes matter. */
static void new_pool_with_bytes(void)
{
	new_pool_of(1, 2);
	memset(bytes, 0xff, sizeof(bytes));
	explore_keep(bytes, sizeof(bytes), "bytes");
}

static void new_pool(void)
{
	new_pool_of(1, 2);
}

/* @hart takes from the word of frame @index from now on, having taken one there. */
static void take_stock_at(unsigned hart, unsigned index)
{
	explore_as(hart);
	frame_nr_t pfn = take();
	EXPLORE_CHECK(pfn - FIRST == index, "hart %u has frame %u, not %u", hart,
		      (unsigned)(pfn - FIRST), index);
	explore_as(0);
}

/* No chunk is stale, so every free frame is found. */
static void refresh_all(void)
{
	(void)!frame_alloc_range(&pool, CHUNK_BITS, CHUNK_BITS * FRAME_SIZE);
}

/* Harts 0 and 1 take from the same word, in which three frames are left. */
static void one_word(void)
{
	new_pool();
	insert(10, 5);
	take_stock_at(0, 10);
	take_stock_at(1, 11);
}

/* Hart 0 has a word with two frames, hart 1 one with one, in chunks of their own. */
static void two_stocks(void)
{
	new_pool();
	insert(10, 3);
	insert(600, 2);
	take_stock_at(0, 10);
	take_stock_at(1, 600);
}

/* Hart 0 takes from word 0, which is empty but for what is freed; there is one in word 1. */
static void two_words(void)
{
	new_pool();
	insert(10, 3);
	insert(70, 1);
	take_stock_at(0, 10);
	hold(11);
	hold(12);
	world.got[EXPLORE_MAX_ACTIVITIES] = FRAME_NONE;
}

/*
 * Hart 0 takes from word 0, in which frame 11 is left. Frames @other and @other + 1 are free and have the same bits in
 * another word: a bit of that word with the base of word 0 would be a frame that is handed out.
 */
static void one_left_and(unsigned banks, unsigned other)
{
	new_pool_of(banks, 2 / banks);
	insert(10, 2);
	insert(other, 2);
	take_stock_at(0, 10);
}

static void one_left_and_a_word(void)
{
	one_left_and(1, 64 + 10);
}

static void one_left_and_a_chunk(void)
{
	one_left_and(1, CHUNK_BITS + 10);
}

static void one_left_and_a_bank(void)
{
	one_left_and(2, CHUNK_BITS + 10);
}

/* Nothing is free, and that is known. Frames 10 to 13 are handed out, each may be freed by anybody. */
static void all_used(void)
{
	new_pool();
	insert(10, 4);
	for (unsigned i = 10; i < 14; i++)
		hold(i);
	refresh_all();
}

/* Frames 12 and 13 are free; 10 and 11 are handed out; hart 1 takes from that word. */
static void nearly_a_run(void)
{
	new_pool();
	insert(10, 4);
	take_stock_at(1, 10);
	hold(11);
	refresh_all();
}

/* Two at the end of word 0, of which hart 1 takes the first; one at the beginning of word 1; and frame 600. */
static void across_words(void)
{
	new_pool();
	insert(62, 3);
	insert(600, 1);
	take_stock_at(1, 62);
	explore_as(1);
	free_frame(FIRST + 62);
	refresh_all();
}

/*
 * Pairs in five chunks, three in the sixth: a search for three, of which nothing is known, drops the lock on its
 * way. Frame 12, which would make three of the first pair, is handed out.
 */
static void six_chunks(void)
{
	new_pool_of(1, 6);
	insert(10, 3);
	hold(12);
	for (unsigned c = 1; c < 5; c++)
		insert(c * CHUNK_BITS + 10, 2);
	insert(5 * CHUNK_BITS + 10, 3);
}

/* Three frames of rubbish. */
static void three_dirty(void)
{
	new_pool_with_bytes();
	insert(0, 3);
}

/*
 * Three frames side by side are free only where chunk 3 begins, two of them in chunk 2; a step of a
 * search for them ends there. Hart 1 takes from the word where chunk 3 begins. Frame 1533, which
 * would make three that begin below, is handed out.
 */
static void four_chunks(void)
{
	const unsigned last = 3 * CHUNK_BITS;

	new_pool_of(1, 4);
	insert(last, 2);
	take_stock_at(1, last);
	explore_as(1);
	free_frame(FIRST + last);
	explore_as(0);
	insert(10, 2);
	insert(CHUNK_BITS + 10, 2);
	insert(last - 3, 3);
	hold(last - 3);
}

/*
 * Hart 1 has entered both chunks: it has frames 10 and 600, and 601 is free. Frame 11 came and went,
 * so chunk 0 is stale.
 */
static void one_at_each_moment(void)
{
	new_pool();
	insert(10, 2);
	take_stock_at(1, 10);
	hold(11);
	insert(600, 2);
	take_stock_at(1, 600);
	free_frame(FIRST + 11);
	hold(11);
}

/* ---- activities ------------------------------------------------------------------------------ */

static void take_one(void)
{
	(void)take();
}

static void take_two(void)
{
	(void)take();
	(void)take();
}

static void take_all(void)
{
	while (take() != FRAME_NONE) {
	}
}

static void take_and_free(void)
{
	free_frame(take());
}

static void take_free_take(void)
{
	free_frame(take());
	(void)take();
}

/* A hart that stops; it may start again. */
static void leave_and_take(void)
{
	frame_leave(&pool);
	(void)take();
}

static void take_pair(void)
{
	(void)take_run(2, 2);
}

static void take_and_free_pair(void)
{
	free_run(take_run(2, 2), 2);
}

static void take_three_anywhere(void)
{
	(void)take_run(3, 1);
}

static void free_12_take_three(void)
{
	free_frame(FIRST + 12);
	(void)take_run(3, 1);
}

static void take_three_even(void)
{
	(void)take_run(3, 2);
}

/* The first three are whole before the last three are broken: at each moment there are three. */
static void free_12_break_the_last(void)
{
	const unsigned last = 5 * CHUNK_BITS + 12;

	free_frame(FIRST + 12);
	if (frame_alloc_at(&pool, FIRST + last, 1) == ACRE_OK)
		world.owner[last] = (uint8_t)(explore_me() + 1);
}

static void free_10(void)
{
	free_frame(FIRST + 10);
}

static void free_11(void)
{
	free_frame(FIRST + 11);
}

static void free_12(void)
{
	free_frame(FIRST + 12);
}

/* Who gives a frame back knows that there is one, until it has it again. */
static void free_11_take_run(void)
{
	free_frame(FIRST + 11);
	(void)take_run(1, 1);
}

/* Who hears of another that it was given back knows that there is one as well. */
static void free_11_and_tell(void)
{
	free_frame(FIRST + 11);
	atomic_store_explicit(&world.mailbox, 1, memory_order_release);
}

static void take_run_if_told(void)
{
	if (atomic_load_explicit(&world.mailbox, memory_order_acquire) != 0)
		(void)take_run(1, 1);
}

/* What was written to the frame goes with it. */
static void send(void)
{
	frame_nr_t pfn = take();

	if (pfn == FRAME_NONE)
		return;
	atomic_store_explicit(&world.mailbox, pfn, memory_order_release);
	(void)take();
}

static void receive(void)
{
	frame_nr_t pfn = atomic_exchange_explicit(&world.mailbox, 0, memory_order_acquire);

	if (pfn == 0)
		return;
	free_frame(pfn);
	(void)take();
}

/* A frame's bytes: who has it alone may write to it; who gets it next sees that. */
static void use(frame_nr_t pfn)
{
	if (pfn - FIRST != 11)
		return;
	uint32_t n = atomic_load_explicit(&world.payload, memory_order_relaxed);
	atomic_store_explicit(&world.payload, n + 1, memory_order_relaxed);
	uint32_t now = atomic_load_explicit(&world.payload, memory_order_relaxed);
	EXPLORE_CHECK(now == n + 1, "another writes to the same frame");
	world.rights++;
}

static void use_11_and_free(void)
{
	use(FIRST + 11);
	free_frame(FIRST + 11);
}

static void take_and_use(void)
{
	frame_nr_t pfn = take();

	if (pfn != FRAME_NONE)
		use(pfn);
	free_frame(pfn);
}

static void check_use(void)
{
	uint32_t n = atomic_load_explicit(&world.payload, memory_order_relaxed);

	EXPLORE_CHECK(n == world.rights, "%u times written to the frame, %u seen", world.rights, n);
	check();
}

/* Frame 11 belongs to two who both give it back: a mistake that is to be seen. */
static void free_11_too(void)
{
	world.owner[11] = 0;
	if (frame_free(&pool, FIRST + 11) == ACRE_OK)
		world.rights++;
	else
		world.refusals++;
}

static void check_double(void)
{
	EXPLORE_CHECK(world.rights == 1 && world.refusals == 1, "freed twice: %u right, %u refused",
		      world.rights, world.refusals);
	check();
}

/* Activity 0 frees frame 12, which is free, while another activity takes it. */
static void watch_frame_12(const volatile void *at)
{
	bits_changed(at);
	if (at != (const volatile void *)free_word(0))
		return;
	if (explore_me() == 0)
		world.seen_free |= (world.word_before & word_now(0)) >> 12 & 1;
	world.word_before = word_now(0);
}

static void nearly_a_run_watched(void)
{
	nearly_a_run();
	world.word_before = word_now(0);
}

/* Where the other activity has taken it by then, nobody can tell. Where it was free still, all can. */
static void free_12_again(void)
{
	if (frame_free(&pool, FIRST + 12) != ACRE_OK)
		world.refusals++;
	else if (world.seen_free)
		explore_fail("a free saw that the frame was free, and then freed it");
	else
		world.rights++;
}

static void check_freed_again(void)
{
	if (world.rights != 0)
		world.owner[12] = 0;
	check();
}

static void refused_11(void)
{
	if (frame_free(&pool, FIRST + 500) == ACRE_OK)
		explore_fail("a frame was freed that was never inserted");
	world.refusals++;
}

/* Hart 0's stock goes to word 1, */
static void move_on(void)
{
	world.got[EXPLORE_MAX_ACTIVITIES] = take();
}

/* and back to word 0, where a frame is left. */
static void move_back(void)
{
	free_frame(FIRST + 11);
	free_frame(FIRST + 12);
	(void)take();
}

/* The run that is found first loses a frame; then there is one below it. */
static void take_one_free_1533(void)
{
	(void)take();
	free_frame(FIRST + 3 * CHUNK_BITS - 3);
}

static void take_three_twice(void)
{
	(void)take_run(3, 1);
	(void)take_run(3, 1);
}

static void free_10_take_one(void)
{
	free_frame(FIRST + 10);
	(void)take();
}

/* The bytes of a frame are whose frame it is. */
static uint8_t *bytes_of(frame_nr_t pfn)
{
	return pfn - FIRST < ARRAY_SIZE(bytes) ? bytes[pfn - FIRST] : NULL;
}

static void dirty(frame_nr_t pfn)
{
	uint8_t *at = bytes_of(pfn);

	if (at == NULL)
		return;
	explore_use(at, EXPLORE_MAX_ACTIVITIES);
	at[explore_me()] = 0xff;
}

static void check_zero(frame_nr_t pfn)
{
	uint8_t *at = bytes_of(pfn);

	if (at == NULL)
		return;
	explore_use(at, EXPLORE_MAX_ACTIVITIES);
	EXPLORE_CHECK(at[0] == 0 && memcmp(at, at + 1, FRAME_SIZE - 1) == 0, "frame %u is not zero",
		      (unsigned)(pfn - FIRST));
}

static void take_zeroed_free(void)
{
	begin();
	frame_nr_t pfn = end(frame_alloc_zeroed(&pool), 1, 1);

	check_zero(pfn);
	dirty(pfn);
	free_frame(pfn);
}

static void take_dirty_free(void)
{
	frame_nr_t pfn = take();

	dirty(pfn);
	free_frame(pfn);
}

static void check_three(void)
{
	EXPLORE_CHECK(world.got[0] != FRAME_NONE, "none, but there were three at each moment");
	check();
}

static void check_one(void)
{
	EXPLORE_CHECK(world.got[0] != FRAME_NONE, "none, but one frame was free at each moment");
	check();
}

#define POOL(set_up) .setup = (set_up), .check = check, .wrote = bits_changed

const struct explore_scenario explore_frame_scenarios[] = {
	{ .name = "frame.two_harts_in_one_word",
	  .switches = 5,
	  .weak_switches = 4,
	  POOL(one_word),
	  .activity = { { take_two, 0, false }, { take_two, 1, false } } },
	{ .name = "frame.three_harts_in_one_word",
	  .switches = 2,
	  .weak_switches = 1,
	  POOL(one_word),
	  .activity = { { take_two, 0, false },
			{ take_and_free, 1, false },
			{ take_one, 2, false } } },
	{ .name = "frame.a_handler_takes_and_frees",
	  .switches = 4,
	  .weak_switches = 3,
	  POOL(one_word),
	  .activity = { { take_free_take, 0, false },
			{ take_and_free, 0, true },
			{ take_two, 1, false } } },
	{ .name = "frame.handlers_move_the_stock_and_back",
	  .switches = 6,
	  .weak_switches = 5,
	  POOL(two_words),
	  .activity = { { take_one, 0, false }, { move_on, 0, true }, { move_back, 0, true } } },
	{ .name = "frame.the_stock_of_another_is_taken",
	  .switches = 3,
	  .weak_switches = 2,
	  POOL(two_stocks),
	  .activity = { { take_and_free, 0, false }, { take_all, 1, false } } },
	{ .name = "frame.an_idle_stock_is_drained",
	  .switches = 3,
	  .weak_switches = 2,
	  POOL(two_stocks),
	  .activity = { { take_all, 1, false }, { take_all, 2, false } } },
	{ .name = "frame.a_hart_leaves_and_its_handler_takes",
	  .switches = 3,
	  .weak_switches = 2,
	  POOL(two_stocks),
	  .activity = { { leave_and_take, 0, false },
			{ take_and_free, 0, true },
			{ take_one, 1, false } } },
	{ .name = "frame.freed_on_another_hart",
	  .switches = 4,
	  .weak_switches = 3,
	  POOL(two_stocks),
	  .activity = { { send, 0, false }, { receive, 1, false }, { receive, 2, false } } },
	{ .name = "frame.a_run_takes_what_singles_want",
	  .switches = 3,
	  .weak_switches = 2,
	  POOL(nearly_a_run),
	  .activity = { { take_and_free_pair, 0, false },
			{ take_and_free, 1, false },
			{ free_11, 1, true } } },
	{ .name = "frame.a_run_of_frames_that_are_given_back",
	  .switches = 3,
	  .weak_switches = 2,
	  POOL(all_used),
	  .activity = { { free_10, 0, false }, { free_11, 1, false }, { take_pair, 2, false } } },
	{ .name = "frame.a_run_across_words_and_a_single",
	  .switches = 4,
	  .weak_switches = 3,
	  POOL(across_words),
	  .activity = { { take_three_anywhere, 0, false }, { take_and_free, 1, false } } },
	{ .name = "frame.a_search_that_drops_the_lock",
	  .switches = 2,
	  .weak_switches = 1,
	  POOL(six_chunks),
	  .activity = { { take_three_anywhere, 0, false },
			{ free_12_take_three, 1, false },
			{ take_one, 0, true } } },
	{ .name = "frame.a_search_that_goes_on_also_searches_below",
	  .switches = 3,
	  .weak_switches = 2,
	  .setup = six_chunks,
	  .check = check_three,
	  .wrote = bits_changed,
	  .activity = { { take_three_even, 0, false }, { free_12_break_the_last, 1, false } } },
	{ .name = "frame.who_gives_back_hears_no_none",
	  .switches = 3,
	  .weak_switches = 2,
	  POOL(all_used),
	  .activity = { { free_10, 0, false },
			{ free_11_take_run, 1, false },
			{ free_12, 0, true } } },
	{ .name = "frame.who_is_told_hears_no_none",
	  .switches = 3,
	  .weak_switches = 2,
	  POOL(all_used),
	  .activity = { { free_10, 0, false },
			{ free_11_and_tell, 1, false },
			{ take_run_if_told, 2, false } } },
	{ .name = "frame.a_search_and_frees_at_once",
	  .switches = 2,
	  .weak_switches = 2,
	  POOL(all_used),
	  .activity = { { take_pair, 0, false },
			{ free_11_take_run, 1, false },
			{ free_10, 1, true } } },
	{ .name = "frame.what_was_written_is_seen",
	  .switches = 3,
	  .weak_switches = 3,
	  .setup = nearly_a_run,
	  .check = check_use,
	  .wrote = bits_changed,
	  .activity = { { use_11_and_free, 0, false }, { take_and_use, 1, false } } },
	{ .name = "frame.freed_twice_at_once",
	  .switches = 4,
	  .weak_switches = 4,
	  .setup = nearly_a_run,
	  .check = check_double,
	  .wrote = bits_changed,
	  .activity = { { free_11_too, 0, false }, { free_11_too, 1, false } } },
	{ .name = "frame.freed_again_while_it_is_taken",
	  .switches = 3,
	  .weak_switches = 2,
	  .setup = nearly_a_run_watched,
	  .check = check_freed_again,
	  .wrote = watch_frame_12,
	  .activity = { { free_12_again, 0, false }, { take_one, 1, false } } },
	{ .name = "frame.refused_while_others_work",
	  .switches = 3,
	  .weak_switches = 2,
	  POOL(nearly_a_run),
	  .activity = { { take_free_take, 0, false },
			{ refused_11, 1, false },
			{ free_11, 1, true } } },
	{ .name = "frame.none_is_remembered_only_where_it_is_true",
	  .switches = 3,
	  .weak_switches = 2,
	  POOL(four_chunks),
	  .activity = { { take_three_twice, 0, false }, { take_one_free_1533, 1, false } } },
	{ .name = "frame.one_is_free_at_each_moment",
	  .switches = 3,
	  .weak_switches = 2,
	  .setup = one_at_each_moment,
	  .check = check_one,
	  .wrote = bits_changed,
	  .activity = { { take_one, 0, false }, { free_10_take_one, 1, false } } },
	{ .name = "frame.cleared_while_others_take",
	  .switches = 3,
	  .weak_switches = 2,
	  POOL(three_dirty),
	  .activity = { { take_zeroed_free, 0, false },
			{ take_zeroed_free, 1, false },
			{ take_dirty_free, 0, true } } },
	{ .name = "frame.threads_free_and_migrate",
	  .switches = 2,
	  .weak_switches = 1,
	  .migrations = 1,
	  .harts = 2,
	  POOL(all_used),
	  .activity = { { free_11_take_run, 0, false },
			{ free_10, 0, false },
			{ free_12, 1, false } } },
	{ .name = "frame.threads_take_and_migrate",
	  .switches = 3,
	  .weak_switches = 1,
	  .migrations = 1,
	  .harts = 2,
	  POOL(one_left_and_a_word),
	  .activity = { { take_two, 0, false }, { take_two, 0, false } } },
	{ .name = "frame.threads_enter_a_chunk_and_migrate",
	  .switches = 2,
	  .weak_switches = 1,
	  .migrations = 1,
	  .harts = 3,
	  POOL(one_left_and_a_chunk),
	  .activity = { { take_two, 0, false }, { take_two, 0, false } } },
	{ .name = "frame.threads_enter_a_bank_and_migrate",
	  .switches = 2,
	  .weak_switches = 2,
	  .migrations = 1,
	  .harts = 2,
	  POOL(one_left_and_a_bank),
	  .activity = { { take_two, 0, false }, { take_one, 0, false } } },
	{ .name = "frame.threads_leave_and_migrate",
	  .switches = 2,
	  .weak_switches = 1,
	  .migrations = 1,
	  .harts = 2,
	  POOL(one_left_and_a_word),
	  .activity = { { leave_and_take, 0, false }, { take_two, 0, false } } },
	{ .name = "frame.threads_take_free_and_migrate",
	  .switches = 2,
	  .weak_switches = 1,
	  .migrations = 2,
	  .harts = 2,
	  POOL(one_left_and_a_chunk),
	  .activity = { { take_free_take, 0, false }, { take_and_free, 1, false } } },
	{ .name = NULL },
};
