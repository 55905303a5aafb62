/* SPDX-License-Identifier: MIT */
/*
 * stress_threads.c - threads play the stress of selftest/stress_core.h, the very file that harts play in the
 * kernel, on a pool and a heap of their own with memory behind them. No interrupts here: what a handler does
 * is done between two operations.
 */
#include <pthread.h>

#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "selftest/stress_core.h"
#include "tests/support/frame_room.h"
#include "tests/support/ktest.h"

#define MAX_THREADS 8u
#define FIRST       0x80240u
#define FRAMES      3000u
#define ARENA       (1u << 20)
#define OPERATIONS  200000u

struct thread {
	pthread_t id;
	struct stress_player *player;
	stress_part part;
};

static void *start(void *arg)
{
	struct thread *t = arg;

	host_hart = t->player->index;
	t->part(t->player);
	return NULL;
}

static bool on_all_threads(struct stress *s, stress_part part)
{
	struct thread thread[MAX_THREADS];

	for (unsigned i = 0; i < s->nplayers; i++) {
		thread[i] = (struct thread){ .player = &s->player[i], .part = part };
		if (s->player[i].turn)
			REQUIRE_EQ(pthread_create(&thread[i].id, NULL, start, &thread[i]), 0);
	}
	for (unsigned i = 0; i < s->nplayers; i++) {
		if (s->player[i].turn)
			REQUIRE_EQ(pthread_join(thread[i].id, NULL), 0);
	}
	return true;
}

static void yield(struct stress_player *p)
{
	unsigned long irq = platform_irq_save();

	stress_tick(p);
	platform_irq_restore(irq);
}

static const struct stress_runner threads = {
	.all = on_all_threads, .yield = yield, .locked = 100, .lock_limit = MAX_THREADS
};
/* As many harts do where all need a lock. */
static const struct stress_runner in_turns = {
	.all = on_all_threads, .yield = yield, .locked = 100, .lock_limit = 3
};

static struct frame_pool *pool_new(void)
{
	struct frame_pool *pool = ktest_alloc(sizeof(*pool), 64);
	size_t bytes = frame_metadata_bytes(FRAMES);
	uint8_t *memory = ktest_alloc(FRAMES * FRAME_SIZE, FRAME_SIZE);

	REQUIRE_EQ(frame_pool_init_in(pool, (uintptr_t)memory - frame_to_paddr(FIRST),
				      ktest_alloc(sizeof(struct frame_room), 64)),
		   ACRE_OK);
	REQUIRE_EQ(frame_pool_add_bank(pool, FIRST, FRAMES, ktest_alloc(bytes, 64), bytes),
		   ACRE_OK);
	REQUIRE_EQ(frame_insert(pool, FIRST, FRAMES), ACRE_OK);
	return pool;
}

static struct heap *heap_new(void)
{
	struct heap *heap = ktest_alloc(sizeof(*heap), 64);

	heap_init(heap);
	REQUIRE_EQ(heap_add_region_self(heap, ktest_alloc(ARENA, 16), ARENA), ACRE_OK);
	return heap;
}

/* Had any verb been left out, it would have been named. */
static void expect_that_any_is_missed(struct stress *s)
{
	for (enum stress_verb verb = 0; verb < STRESS_VERBS; verb++) {
		uint64_t *did[2 * MAX_THREADS], kept[2 * MAX_THREADS];
		uint32_t n = 0;
		EXPECT(stress_did(s, verb) > 0);
		for (uint32_t i = 0; i < s->nplayers; i++) {
			did[n++] = &s->player[i].hart.did[verb];
			did[n++] = &s->player[i].handler.did[verb];
		}
		for (uint32_t i = 0; i < n; i++) {
			kept[i] = *did[i];
			*did[i] = 0;
		}
		EXPECT(stress_left_out(s) != NULL);
		for (uint32_t i = 0; i < n; i++)
			*did[i] = kept[i];
		EXPECT_STR(stress_left_out(s), NULL);
	}
}

static void play(unsigned nthreads, const struct stress_runner *runner)
{
	struct stress *s = ktest_alloc(stress_bytes(nthreads), 64);

	stress_init(s, nthreads, ktest_random(), pool_new(), heap_new(), runner);
	EXPECT(stress_run(s, OPERATIONS, ktest_note));
	EXPECT_STR(s->failed, NULL);
	EXPECT(stress_total(s).operations >= OPERATIONS);
	EXPECT(stress_total(s).ticks > 0);
	expect_that_any_is_missed(s);
}

KTEST(stress_threads, two)
{
	play(2, &threads);
}

KTEST(stress_threads, three)
{
	play(3, &threads);
}

KTEST(stress_threads, four)
{
	play(4, &threads);
}

KTEST(stress_threads, eight)
{
	play(8, &threads);
}

KTEST(stress_threads, eight_of_which_three_at_a_time_run)
{
	play(8, &in_turns);
}
