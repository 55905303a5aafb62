/* SPDX-License-Identifier: MIT */
/*
 * heap_sequences.c - every sequence of a few calls on a heap of three frames, in which a slab has two objects
 * or three, the descriptors soon take a run of their own, and runs are short of memory.
 */
#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/heap/heap.h"
#include "tests/support/ktest.h"

#define BYTES   (3 * PAGE_MAP_FRAME)
#define SLOTS   3u
#define ACTIONS 3u
#define CALLS   5u

struct slot {
	uint8_t *p;
	size_t bytes;
};

struct sequence {
	struct heap h;
	struct slot slot[SLOTS];
	uint8_t *memory;
	uint8_t *table;
};

/* Every byte of a live block says whose it is. */
static void mark_all(struct sequence *s, unsigned i)
{
	s->slot[i].bytes = heap_usable_size(&s->h, s->slot[i].p);
	memset(s->slot[i].p, (int)(i + 1), s->slot[i].bytes);
}

static void expect_mark(const struct sequence *s, unsigned i, size_t bytes)
{
	const uint8_t *p = s->slot[i].p;

	/* All are equal to the first one. */
	if (bytes != 0)
		REQUIRE(p[0] == i + 1 && memcmp(p, p + 1, bytes - 1) == 0);
}

static void free_slot(struct sequence *s, unsigned i)
{
	heap_free(&s->h, s->slot[i].p, NULL);
	s->slot[i] = (struct slot){ 0 };
}

static void resize_slot(struct sequence *s, unsigned i, size_t size)
{
	size_t before = s->slot[i].bytes;
	uint8_t *p = heap_realloc(&s->h, s->slot[i].p, size, NULL);

	if (p == NULL) {
		EXPECT(size > before);
		return;
	}
	s->slot[i].p = p;
	expect_mark(s, i, size < before ? size : before);
	mark_all(s, i);
	EXPECT(s->slot[i].bytes >= size);
}

static void call(struct sequence *s, unsigned choice)
{
	static const size_t taken[ACTIONS] = { 500, 700, 3000 };
	static const size_t resized[ACTIONS] = { 0, 600, 4000 };
	unsigned i = choice / ACTIONS;

	if (s->slot[i].p == NULL) {
		s->slot[i].p = heap_alloc(&s->h, taken[choice % ACTIONS], NULL);
		if (s->slot[i].p != NULL)
			mark_all(s, i);
	} else if (choice % ACTIONS == 0) {
		free_slot(s, i);
	} else {
		resize_slot(s, i, resized[choice % ACTIONS]);
	}
}

static void expect_right(struct sequence *s)
{
	struct heap_stats stats;
	size_t used = 0;

	REQUIRE_VALID(heap_validate(&s->h));
	for (unsigned i = 0; i < SLOTS; i++) {
		expect_mark(s, i, s->slot[i].bytes);
		used += s->slot[i].bytes;
	}
	heap_stats(&s->h, &stats);
	REQUIRE_EQ(stats.used_bytes, used);
}

/* @number has the calls as its digits. Each sequence is looked at when it ends: its parts are sequences too. */
static void run_sequence(struct sequence *s, unsigned number, unsigned calls)
{
	memset(s->slot, 0, sizeof(s->slot));
	heap_init(&s->h);
	REQUIRE_EQ(heap_add_region(&s->h, s->memory, BYTES, s->table, heap_table_bytes(BYTES)),
		   ACRE_OK);
	for (unsigned i = 0; i < calls; i++, number /= SLOTS * ACTIONS)
		call(s, number % (SLOTS * ACTIONS));
	expect_right(s);
	for (unsigned i = 0; i < SLOTS; i++)
		free_slot(s, i);
	expect_right(s);
}

KTEST(heap_sequences, of_five_calls_are_right)
{
	struct sequence *s = ktest_alloc(sizeof(*s), 64);
	unsigned n = 1;

	s->memory = ktest_alloc(BYTES, 1 << 14);
	s->table = ktest_alloc(heap_table_bytes(BYTES), 8);
	for (unsigned calls = 0; calls <= CALLS; calls++, n *= SLOTS * ACTIONS) {
		for (unsigned number = 0; number < n; number++)
			run_sequence(s, number, calls);
	}
	EXPECT_EQ(ktest_bad_frees(), 0);
}
