/* SPDX-License-Identifier: MIT */
/*
 * A frame pool that all harts share while a timer ticks on each of them, and its handler takes and gives
 * frames as well, at whatever instruction it happens to come. Who gets a frame puts its mark on it: if
 * there is one already, it was handed out twice. In the end everything is back, each frame once.
 *
 * The pool is one of the test's own; there are no bytes behind its frames.
 */
#include "kernel/hart/clock.h"
#include "kernel/hart/csr.h"
#include "kernel/hart/hart_life.h"
#include "kernel/hart/harts.h"
#include "kernel/kernel_sbi.h"
#include "kernel/trap/traps.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "sbi/timer.h"
#include "tests/support/frame_room.h"
#include "tests/support/ktest.h"

#define FIRST     0x123456u
#define FRAMES    2000u
#define SLOTS     64u
#define KEPT      8u   /* by a handler, at most */
#define ROUNDS    600u /* of all harts together: a turn of a lock may have to wait for the host */
#define MIN_TICKS 20u  /* a hart */
#define MAX_MS    5000u /* for that; a timer that does not tick fails the case and does not hang it */
#define AT_ONCE   8u    /* harts: see lock_limit in selftest/stress_core.h */

/* A hart and its handler count apart: one interrupts the other. */
struct tally {
	uint64_t taken, given;
	uint64_t wrong;
};

struct player {
	uint64_t random;
	struct tally hart;
	struct tally handler;
	uint64_t ticks;
	frame_nr_t kept[KEPT]; /* by the handler */
	unsigned nkept;
} acre_aligned_to(64);

struct game {
	struct frame_pool pool;
	_Atomic uint32_t owner[FRAMES];
	_Atomic uint64_t slot[SLOTS]; /* frames that any hart may free: pfn, 0 for none */
	unsigned rounds;
	unsigned nplayers;
	struct player player[];
};

/* The handler knows nothing but the hart that it runs on. */
static struct game *game;

static struct player *self(void)
{
	return &game->player[hart_self()->index];
}

static uint64_t next(struct player *p)
{
	p->random ^= p->random << 13;
	p->random ^= p->random >> 7;
	p->random ^= p->random << 17;
	return p->random;
}

static void own(struct tally *t, frame_nr_t pfn, frame_count_t n)
{
	for (frame_count_t i = 0; i < n; i++)
		t->wrong += atomic_exchange(&game->owner[pfn - FIRST + i], 1) != 0;
	t->taken += n;
}

static void give(struct tally *t, frame_nr_t pfn, frame_count_t n)
{
	for (frame_count_t i = 0; i < n; i++)
		t->wrong += atomic_exchange(&game->owner[pfn - FIRST + i], 0) != 1;
	t->given += n;
	t->wrong += (n == 1 ? frame_free(&game->pool, pfn)
			    : frame_free_range(&game->pool, pfn, n)) != ACRE_OK;
}

/* A handler must not share its random numbers with what it interrupts: it has but the ticks. */
static bool on_tick(struct trap_frame *frame)
{
	struct player *p = self();

	if (frame->scause != (SCAUSE_INTERRUPT | IRQ_TIMER))
		return false;
	p->ticks++;
	if (p->nkept == KEPT || (p->nkept > 0 && p->ticks % 3 == 0)) {
		give(&p->handler, p->kept[--p->nkept], 1);
	} else {
		frame_nr_t pfn = p->ticks % 4 == 0 ? frame_alloc_range(&game->pool, 1, FRAME_SIZE)
						   : frame_alloc(&game->pool);
		if (pfn != FRAME_NONE) {
			own(&p->handler, pfn, 1);
			p->kept[p->nkept++] = pfn;
		}
	}
	(void)!sbi_set_timer(&kernel_sbi, clock_ticks() + 1 + p->ticks * 7 % 41);
	csr_clear(sie, 1ul << IRQ_TIMER);
	return true;
}

static void pass_single(struct player *p)
{
	frame_nr_t pfn = frame_alloc(&game->pool);

	if (pfn == FRAME_NONE)
		pfn = 0;
	else
		own(&p->hart, pfn, 1);
	pfn = atomic_exchange(&game->slot[next(p) % SLOTS], pfn);
	if (pfn != 0)
		give(&p->hart, pfn, 1);
}

static void take_run(struct player *p)
{
	frame_count_t n = 1 + next(p) % 40;
	unsigned order = (unsigned)(next(p) % 6);
	bool natural = next(p) % 2 == 0;

	if (natural)
		n = 1u << order;
	frame_nr_t pfn =
		frame_alloc_range(&game->pool, n, natural ? FRAME_SIZE << order : FRAME_SIZE);
	if (pfn == FRAME_NONE)
		return;
	own(&p->hart, pfn, n);
	give(&p->hart, pfn + n / 2, n - n / 2);
	for (frame_count_t i = 0; i < n / 2; i++)
		give(&p->hart, pfn + i, 1);
}

/* What each hart does, with a timer that ticks now and then. */
static void play(void *unused)
{
	struct player *p = self();
	uint64_t until = clock_ticks() + MAX_MS * clock_ticks_per_ms();

	(void)unused;
	hart_self()->trap_hook = on_tick;
	(void)!sbi_set_timer(&kernel_sbi, clock_ticks() + 10);
	for (unsigned round = 0;
	     round < game->rounds || (p->ticks < MIN_TICKS && clock_ticks() < until); round++) {
		csr_set(sie, 1ul << IRQ_TIMER); /* each tick turns it off */
		if (next(p) % 8 == 0)
			take_run(p);
		else
			pass_single(p);
	}
	unsigned long irq = platform_irq_save();
	hart_self()->trap_hook = NULL;
	(void)!sbi_set_timer(&kernel_sbi, SBI_TIMER_NEVER);
	(void)clock_arm();
	platform_irq_restore(irq);
}

static void game_new(frame_count_t inserted, unsigned rounds)
{
	size_t bytes = frame_metadata_bytes(FRAMES);
	unsigned n = harts_count();

	game = ktest_alloc(sizeof(*game) + n * sizeof(game->player[0]), 64);
	memset(game, 0, sizeof(*game) + n * sizeof(game->player[0]));
	game->nplayers = n;
	game->rounds = 1 + rounds / n;
	for (unsigned i = 0; i < n; i++)
		game->player[i].random = ktest_random();
	REQUIRE_EQ(frame_pool_init_in(&game->pool, 0, ktest_alloc(sizeof(struct frame_room), 64)),
		   ACRE_OK);
	REQUIRE_EQ(frame_pool_add_bank(&game->pool, FIRST, FRAMES, ktest_alloc(bytes, 64), bytes),
		   ACRE_OK);
	REQUIRE_EQ(frame_insert(&game->pool, FIRST, inserted), ACRE_OK);
}

static bool is_here(unsigned index)
{
	return atomic_load(&hart_at(index)->state) != HART_LOST;
}

/* Those from @first up to @end; the first of them all is this one. */
static void on_harts(unsigned first, unsigned end, void (*fn)(void *))
{
	for (unsigned i = first; i < end; i++) {
		if (i != 0 && is_here(i))
			EXPECT_EQ(hart_run(i, fn, NULL), ACRE_OK);
	}
	if (first == 0)
		fn(NULL);
	for (unsigned i = first; i < end; i++) {
		if (i != 0 && is_here(i))
			EXPECT_EQ(hart_join(i, 20000), ACRE_OK);
	}
}

static void give_back_what_is_left(struct player *p)
{
	while (p->nkept > 0)
		give(&p->handler, p->kept[--p->nkept], 1);
	for (unsigned i = 0; p == self() && i < SLOTS; i++) {
		if (game->slot[i] != 0)
			give(&p->handler, game->slot[i], 1);
	}
}

static void expect_whole(frame_count_t inserted)
{
	uint64_t taken = 0, given = 0;

	for (unsigned i = 0; i < game->nplayers; i++) {
		struct player *p = &game->player[i];
		if (!is_here(i))
			continue;
		EXPECT(p->ticks != 0); /* how many is the host's affair */
		give_back_what_is_left(p);
		EXPECT_EQ(p->hart.wrong + p->handler.wrong, 0);
		taken += p->hart.taken + p->handler.taken;
		given += p->hart.given + p->handler.given;
	}
	EXPECT_EQ(taken, given);
	EXPECT(taken > 0);
	EXPECT_EQ(frame_free_count(&game->pool), inserted);
	REQUIRE_VALID(frame_validate(&game->pool));
	for (frame_count_t i = 0; i < inserted; i++) {
		frame_nr_t pfn = frame_alloc(&game->pool);
		REQUIRE(pfn - FIRST < inserted);
		REQUIRE_EQ(atomic_exchange(&game->owner[pfn - FIRST], 1), 0);
	}
	EXPECT_EQ(frame_alloc(&game->pool), FRAME_NONE);
}

static void run(frame_count_t inserted, unsigned rounds)
{
	const unsigned n = harts_count();

	game_new(inserted, rounds);
	for (unsigned first = 0; first < n; first += AT_ONCE)
		on_harts(first, n < first + AT_ONCE ? n : first + AT_ONCE, play);
	expect_whole(inserted);
}

KTEST(frame_irq_stress, handlers_and_harts_share_a_pool)
{
	run(FRAMES, ROUNDS);
}

/* So few that most of the time none is free, and everybody is in everybody's chunk. */
KTEST(frame_irq_stress, handlers_and_harts_fight_for_the_last_frames)
{
	run(70, ROUNDS / 4);
}
