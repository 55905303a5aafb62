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
		uint8_t *p = make_block(&t->arena->h, 8 + random % 500);
		p = atomic_exchange(&t->arena->slot[random >> 32 & (SLOTS - 1)], p);
		if (p != NULL)
			drop_block(t->arena, p);
	}
	return NULL;
}

KTEST(heap_threads, harts_free_the_blocks_of_others)
{
	struct arena *a = ktest_alloc(sizeof(*a), 64);
	uint8_t *memory = ktest_alloc(32 << 10, 16);
	struct thread thread[THREADS];

	memset(a, 0, sizeof(*a));
	heap_init(&a->h);
	REQUIRE_EQ(heap_add_region_self(&a->h, memory, 32 << 10), ACRE_OK);
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
	EXPECT_EQ(a->h.count.allocations + a->h.count.failures, THREADS * ROUNDS);
	EXPECT_EQ(a->h.count.allocations, a->h.count.frees);
	REQUIRE_VALID(heap_validate(&a->h));
}
