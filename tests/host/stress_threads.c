/* SPDX-License-Identifier: MIT */
/*
 * stress_threads.c - threads play the stress of kernel/stress_core.h, the very file that harts play in the
 * kernel, on a pool and a heap of their own with memory behind them. No interrupts here: what a handler does
 * is done between two operations.
 */
#include <pthread.h>

#include "kernel/stress_core.h"
#include "tests/ktest.h"

#define MAX_THREADS 8u
#define FIRST       0x80240u
#define FRAMES      3000u
#define ARENA       (1u << 20)

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
		REQUIRE_EQ(pthread_create(&thread[i].id, NULL, start, &thread[i]), 0);
	}
	for (unsigned i = 0; i < s->nplayers; i++)
		REQUIRE_EQ(pthread_join(thread[i].id, NULL), 0);
	return true;
}

static void breathe(struct stress_player *p)
{
	unsigned long irq = platform_irq_save();

	stress_tick(p);
	platform_irq_restore(irq);
}

static const struct stress_crew threads = { .all = on_all_threads,
					    .breathe = breathe,
					    .locked = 100 };

static struct frame_pool *pool_new(void)
{
	struct frame_pool *pool = ktest_alloc(sizeof(*pool), 64);
	size_t bytes = frame_metadata_bytes(FRAMES);
	uint8_t *memory = ktest_alloc(FRAMES * PAGE_SIZE, PAGE_SIZE);

	REQUIRE_EQ(frame_pool_init(pool, (uintptr_t)memory - pfn_to_paddr(FIRST)), STATUS_OK);
	REQUIRE_EQ(frame_pool_add_bank(pool, FIRST, FRAMES, ktest_alloc(bytes, 64), bytes),
		   STATUS_OK);
	REQUIRE_EQ(frame_insert(pool, FIRST, FRAMES), STATUS_OK);
	return pool;
}

static struct heap *heap_new(void)
{
	struct heap *heap = ktest_alloc(sizeof(*heap), 64);

	heap_init(heap);
	REQUIRE_EQ(heap_add_region_self(heap, ktest_alloc(ARENA, 16), ARENA), STATUS_OK);
	return heap;
}

static void play(unsigned nthreads, uint64_t operations)
{
	struct stress *s = ktest_alloc(stress_bytes(nthreads), 64);

	stress_init(s, nthreads, ktest_random(), pool_new(), heap_new(), &threads);
	EXPECT(stress_run(s, operations, ktest_note));
	EXPECT_STR(s->failed, NULL);
	EXPECT(stress_total(s).operations >= operations);
	EXPECT(stress_total(s).ticks > 0);
}

KTEST(stress_threads, two)
{
	play(2, 200000);
}

KTEST(stress_threads, three)
{
	play(3, 200000);
}

KTEST(stress_threads, four)
{
	play(4, 200000);
}

KTEST(stress_threads, eight)
{
	play(8, 200000);
}
