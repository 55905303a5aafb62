/* SPDX-License-Identifier: MIT */
/* heap_threads.c - threads that play harts share one heap, and free each other's blocks. */
#include <pthread.h>
#include <stdatomic.h>

#include "lib/string.h"
#include "mm/heap/heap.h"
#include "tests/support/ktest.h"

#define THREADS 4
#define SLOTS   64
#define ROUNDS  4000

struct arena {
	struct heap h;
	uint8_t *_Atomic slot[SLOTS]; /* blocks that any thread may take and free */
	atomic_uint damaged;
};

struct thread {
	pthread_t id;
	unsigned hart;
	struct arena *arena;
};

/* The first 8 bytes say how many there are, and all the rest is that number's low byte. */
static uint8_t *make_block(struct heap *h, uint64_t size)
{
	uint8_t *p = heap_alloc(h, size, NULL);

	if (p == NULL)
		return NULL;
	memset(p, (int)(size & 0xff), size);
	memcpy(p, &size, sizeof(size));
	return p;
}

static void drop_block(struct arena *a, uint8_t *p)
{
	uint64_t size;
	bool good = true;

	memcpy(&size, p, sizeof(size));
	for (uint64_t i = sizeof(size); i < size; i++)
		good &= p[i] == (size & 0xff);
	if (!good)
		atomic_fetch_add(&a->damaged, 1);
	heap_free_sized(&a->h, p, size, NULL);
}

static void *work(void *arg)
{
	struct thread *t = arg;
	uint64_t random = 0x9e3779b97f4a7c15ull * (t->hart + 1);

	host_hart = t->hart;
	for (unsigned round = 0; round < ROUNDS; round++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		uint64_t most = random >> 48 & 31 ? 500 : 30000; /* some are runs */
		uint8_t *p = make_block(&t->arena->h, 8 + random % most);
		p = atomic_exchange(&t->arena->slot[random >> 32 & (SLOTS - 1)], p);
		if (p != NULL)
			drop_block(t->arena, p);
	}
	return NULL;
}

static void share(bool own_stocks, size_t size)
{
	struct arena *a = ktest_alloc(sizeof(*a), 64);
	struct slab_stock *stock = ktest_alloc((THREADS + 1) * sizeof(*stock), 8);
	uint8_t *memory = ktest_alloc(size, 16);
	struct thread thread[THREADS];

	memset(a, 0, sizeof(*a));
	heap_init(&a->h);
	if (own_stocks) {
		const struct hart_slots slots =
			hart_slots_array(stock, sizeof(*stock), THREADS + 1);
		heap_use_stocks(&a->h, &slots);
	}
	REQUIRE_EQ(heap_add_region_self(&a->h, memory, size), ACRE_OK);
	for (unsigned i = 0; i < THREADS; i++) {
		thread[i] = (struct thread){ .hart = i + 1, .arena = a };
		REQUIRE_EQ(pthread_create(&thread[i].id, NULL, work, &thread[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		REQUIRE_EQ(pthread_join(thread[i].id, NULL), 0);
	for (unsigned i = 0; i < SLOTS; i++) {
		if (a->slot[i] != NULL)
			drop_block(a, a->slot[i]);
	}
	EXPECT_EQ(a->damaged, 0);
	EXPECT_EQ(a->h.count.refusals, 0);
	struct heap_stats stats;
	heap_stats(&a->h, &stats);
	EXPECT_EQ(stats.used_bytes, 0);
	EXPECT_EQ(stats.live_blocks, 0);
	REQUIRE_VALID(heap_validate(&a->h));
}

/* Of 64 KiB nothing is left again and again: slabs are retired and started all the time. */
KTEST(heap_threads, harts_free_the_blocks_of_others)
{
	share(false, 64 << 10);
	share(false, 1 << 20);
}

KTEST(heap_threads, harts_with_stocks_of_their_own_free_the_blocks_of_others)
{
	share(true, 64 << 10);
	share(true, 1 << 20);
}

#define CLASS                                                                                      \
	3u /* of 48 bytes; slab_alloc() has no attribute that lets an analyser miss the frees */

/* Also where the one block that each has comes and goes, so that all their slabs are empty between. */
KTEST(heap_threads, harts_with_a_block_each_have_a_slab_each)
{
	struct arena *a = ktest_alloc(sizeof(*a), 64);
	struct slab_stock *stock = ktest_alloc(THREADS * sizeof(*stock), 8);
	const struct hart_slots slots = hart_slots_array(stock, sizeof(*stock), THREADS);
	uint8_t *memory = ktest_alloc(1 << 20, 4096);
	void *block[THREADS];
	struct slab_stats stats;

	heap_init(&a->h);
	heap_use_stocks(&a->h, &slots);
	REQUIRE_EQ(heap_add_region_self(&a->h, memory, 1 << 20), ACRE_OK);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < THREADS; i++) {
			host_hart = i;
			block[i] = slab_alloc(&a->h.slabs, CLASS);
			for (unsigned k = 0; k < i; k++)
				EXPECT((uintptr_t)block[i] / 4096 != (uintptr_t)block[k] / 4096);
		}
		for (unsigned i = 0; i < THREADS; i++) {
			host_hart = i;
			heap_free(&a->h, block[i], NULL);
		}
		REQUIRE_VALID(heap_validate(&a->h));
	}
	slab_class_stats(&a->h.slabs, CLASS, &stats);
	EXPECT_EQ(stats.starts, THREADS);
	for (unsigned i = 0; i < THREADS; i++) { /* who stops has none */
		host_hart = i;
		heap_stock_leave(&stock[i], &a->h);
	}
	slab_class_stats(&a->h.slabs, CLASS, &stats);
	EXPECT_EQ(stats.slabs, 1); /* the only one that is listed */
	host_hart = 0;
	REQUIRE_VALID(heap_validate(&a->h));
}

/* Harts take from slabs of their own while there is memory, and from any when there is none. */
KTEST(heap_threads, harts_keep_away_from_the_slabs_of_others)
{
	struct arena *a = ktest_alloc(sizeof(*a), 64);
	struct slab_stock *stock = ktest_alloc((THREADS + 1) * sizeof(*stock), 8);
	const struct hart_slots slots = hart_slots_array(stock, sizeof(*stock), THREADS + 1);
	uint8_t *memory = ktest_alloc(1 << 20, 4096);
	void *block[THREADS];

	heap_init(&a->h);
	heap_use_stocks(&a->h, &slots);
	REQUIRE_EQ(heap_add_region_self(&a->h, memory, 1 << 20), ACRE_OK);
	for (unsigned i = 0; i < THREADS; i++) {
		host_hart = i;
		block[i] = slab_alloc(&a->h.slabs, CLASS);
		heap_free(&a->h, slab_alloc(&a->h.slabs, CLASS), NULL);
		for (unsigned k = 0; k < i; k++)
			EXPECT((uintptr_t)block[i] / 4096 != (uintptr_t)block[k] / 4096);
	}
	REQUIRE_VALID(heap_validate(&a->h));
	/* One that has stopped keeps nobody away. */
	host_hart = 0;
	heap_stock_leave(&stock[0], &a->h);
	host_hart = THREADS;
	void *same = slab_alloc(&a->h.slabs, CLASS);
	EXPECT_EQ((uintptr_t)same / 4096, (uintptr_t)block[0] / 4096);
	/* Where memory is short all that is free is anybody's. */
	size_t n = 0;
	while (slab_alloc(&a->h.slabs, CLASS) != NULL)
		n++;
	struct heap_stats stats;
	heap_stats(&a->h, &stats);
	EXPECT_EQ(stats.live_blocks, n + THREADS + 1);
	EXPECT(stats.largest_free < 4096);
	REQUIRE_VALID(heap_validate(&a->h));
	host_hart = 0;
}
