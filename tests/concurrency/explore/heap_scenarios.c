/* SPDX-License-Identifier: MIT */
/*
 * heap_scenarios.c - harts and handlers that share a heap of a few blocks of 16 bytes.
 *
 * The heap is under one lock, so what can go wrong is that something is done without it: run weakly, each plain
 * access of heap.c and buddy.c is looked at for races (weak.c). Besides: no byte is handed out twice; what was
 * written to a block is there until it is given back; NULL is said where there is none, and only there; of two who
 * free one block one is refused. In the end the heap is valid, counts what it must, and is whole again.
 */
#include "mm/heap/heap.h"

#include <string.h>

#include "lib/attributes.h"
#include "tests/concurrency/explore/explore.h"

#define GRANULES 4u

static struct heap heap;
static uint8_t memory[GRANULES * BUDDY_GRANULE] acre_aligned_to(GRANULES *BUDDY_GRANULE);
static uint8_t table[BUDDY_TABLE_SIZE(sizeof(memory))];

static struct heap_world {
	uint8_t owner[GRANULES]; /* activity + 1; 0: nobody */
	void *block[EXPLORE_MAX_ACTIVITIES + 1];
	void *nonsense; /* no block */
	unsigned refusals, rights, nones;
	size_t bytes;
} world;

/* ---- what activities do ---------------------------------------------------------------------- */

static uint8_t *owner_of(const void *block)
{
	return &world.owner[(size_t)((const uint8_t *)block - memory) / BUDDY_GRANULE];
}

static void own(uint8_t *block, size_t size)
{
	EXPLORE_CHECK(block >= memory && size <= sizeof(memory) - (size_t)(block - memory),
		      "a block of nowhere");
	for (size_t i = 0; i < size; i += BUDDY_GRANULE) {
		EXPLORE_CHECK(*owner_of(block + i) == 0, "handed out twice");
		*owner_of(block + i) = (uint8_t)(explore_me() + 1);
	}
	explore_use(block, size);
	memset(block, 0xa0 + (int)explore_me(), size);
}

static void disown(uint8_t *block, size_t size)
{
	explore_use(block, size);
	for (size_t i = 0; i < size; i++)
		EXPLORE_CHECK(block[i] == 0xa0 + explore_me(), "somebody else wrote to it");
	for (size_t i = 0; i < size; i += BUDDY_GRANULE)
		*owner_of(block + i) = 0;
}

static uint8_t *take(size_t size)
{
	uint8_t *block = heap_alloc(&heap, size, acre_caller());

	if (block != NULL)
		own(block, size);
	else
		world.nones++;
	world.block[explore_me()] = block;
	return block;
}

static void free_block(uint8_t *block, size_t size)
{
	if (block == NULL)
		return;
	disown(block, size);
	heap_free(&heap, block, acre_caller());
	world.block[explore_me()] = NULL;
}

static void take_16_and_free(void)
{
	free_block(take(16), 16);
}

static void take_32_and_free(void)
{
	free_block(take(32), 32);
}

static void take_16(void)
{
	(void)take(16);
}

static void take_cleared_and_free(void)
{
	uint8_t *block = heap_zalloc(&heap, 16, acre_caller());

	if (block == NULL) {
		world.nones++;
		return;
	}
	explore_use(block, 16);
	for (unsigned i = 0; i < 16; i++)
		EXPLORE_CHECK(block[i] == 0, "not cleared");
	own(block, 16);
	disown(block, 16);
	heap_free_sized(&heap, block, 16, acre_caller());
}

/* It grows where it stands, or moves, or not at all; then it shrinks. */
static void grow_and_shrink(void)
{
	uint8_t *block = take(16);

	if (block == NULL)
		return;
	disown(block, 16); /* It may be another one; if it is this one, nobody else has it. */
	uint8_t *grown = heap_realloc(&heap, block, 32, acre_caller());
	if (grown == NULL) {
		world.nones++;
		own(block, 16);
		free_block(block, 16);
		return;
	}
	for (unsigned i = 0; i < 16; i++)
		EXPLORE_CHECK(grown[i] == 0xa0 + explore_me(), "not what was written to it");
	own(grown, 32);
	disown(grown, 32);
	EXPLORE_CHECK(heap_realloc(&heap, grown, 16, acre_caller()) == grown, "it moved to shrink");
	own(grown, 16);
	free_block(grown, 16);
}

/* Two have the same block, and both give it back. */
static void free_the_same(void)
{
	unsigned before = explore_refused_by_me();

	heap_free(&heap, world.block[EXPLORE_MAX_ACTIVITIES], acre_caller());
	if (explore_refused_by_me() != before)
		world.refusals++;
	else
		world.rights++;
}

static void free_nonsense(void)
{
	heap_free(&heap, world.nonsense, acre_caller());
	world.refusals++;
}

/* ---- worlds and checks ----------------------------------------------------------------------- */

static void heap_of(unsigned granules)
{
	memset(&world, 0, sizeof(world));
	memset(table, 0, sizeof(table));
	heap_init(&heap);
	world.nonsense = memory + 8;
	world.bytes = granules * BUDDY_GRANULE;
	EXPLORE_CHECK(heap_add_region(&heap, memory, world.bytes, table, granules) == ACRE_OK,
		      "no heap");
	explore_keep(&heap, sizeof(heap), "heap");
	explore_keep(memory, sizeof(memory), "memory");
	explore_keep(table, sizeof(table), "table");
	explore_keep(&world, sizeof(world), "world");
}

static void four(void)
{
	heap_of(4);
}

static void two(void)
{
	heap_of(2);
}

/* One block, which two think is theirs. */
static void one_of_two(void)
{
	heap_of(2);
	world.block[EXPLORE_MAX_ACTIVITIES] = heap_alloc(&heap, 16, NULL);
}

static void check(void)
{
	struct heap_stats stats;
	const char *broken = heap_validate(&heap);

	EXPLORE_CHECK(broken == NULL, "invalid: %s", broken);
	heap_stats(&heap, &stats);
	EXPLORE_CHECK(stats.count.failures == world.nones, "%u times none, %u counted", world.nones,
		      (unsigned)stats.count.failures);
	EXPLORE_CHECK(stats.count.refusals == world.refusals && explore_refused() == world.refusals,
		      "%u to be refused, %u counted, %u reported", world.refusals,
		      (unsigned)stats.count.refusals, explore_refused());
	for (unsigned i = 0; i < EXPLORE_MAX_ACTIVITIES; i++)
		heap_free(&heap, world.block[i], NULL);
	heap_stats(&heap, &stats);
	EXPLORE_CHECK(stats.largest_free == world.bytes, "it is not whole again");
}

/* There is enough for all at once. */
static void check_enough(void)
{
	EXPLORE_CHECK(world.nones == 0, "none, but there was enough for all");
	check();
}

/* Three want one of two. */
static void check_one_too_many(void)
{
	EXPLORE_CHECK(world.nones == 1, "three wanted one of two, %u got none", world.nones);
	check();
}

static void check_double(void)
{
	EXPLORE_CHECK(world.rights == 1 && world.refusals == 1, "freed twice: %u right, %u refused",
		      world.rights, world.refusals);
	check();
}

const struct explore_scenario explore_heap_scenarios[] = {
	{ .name = "heap.taken_and_freed",
	  .switches = 3,
	  .weak_switches = 2,
	  .setup = four,
	  .check = check_enough,
	  .activity = { { take_16_and_free, 0, false },
			{ take_16_and_free, 1, false },
			{ take_cleared_and_free, 1, true } } },
	{ .name = "heap.resized_while_others_take",
	  .switches = 3,
	  .weak_switches = 2,
	  .setup = four,
	  .check = check,
	  .activity = { { grow_and_shrink, 0, false },
			{ take_16_and_free, 1, false },
			{ take_32_and_free, 0, true } } },
	{ .name = "heap.one_too_many",
	  .switches = 4,
	  .weak_switches = 3,
	  .setup = two,
	  .check = check_one_too_many,
	  .activity = { { take_16, 0, false }, { take_16, 1, false }, { take_16, 1, true } } },
	{ .name = "heap.freed_twice_at_once",
	  .switches = 6,
	  .weak_switches = 5,
	  .setup = one_of_two,
	  .check = check_double,
	  .activity = { { free_the_same, 0, false }, { free_the_same, 1, false } } },
	{ .name = "heap.refused_while_others_work",
	  .switches = 3,
	  .weak_switches = 2,
	  .setup = four,
	  .check = check_enough,
	  .activity = { { take_16_and_free, 0, false },
			{ free_nonsense, 1, false },
			{ take_16_and_free, 1, true } } },
	{ .name = NULL },
};
