/* SPDX-License-Identifier: MIT */
/*
 * heap_scenarios.c - harts and handlers that share a heap of 16 frames: slabs of two objects of 2 KiB, slabs of two
 * words of objects of 32 bytes, and runs; with one stock for all, or one each.
 *
 * What is checked: no object is handed out twice; what was written to one is there until it is given back; NULL is
 * said where there is none, and only there; of two who free one object one is refused; a slab that is retired while
 * somebody looks at it, and started again for another class, does no harm. In the end the heap is valid: no slab with
 * a free object is off its list. Run weakly, each plain access of the heap is looked at for races too (weak.c).
 */
#include "mm/heap/heap.h"

#include <string.h>

#include "lib/attributes.h"
#include "lib/platform.h"
#include "mm/heap/heap_internal.h"
#include "tests/concurrency/explore/explore.h"
#include "tests/concurrency/explore/owners.h"

#define FRAMES 16u
#define OBJECT 2048u /* two in a slab of a frame, which is all that a slab may have here */
#define OTHER  1024u /* four in one */
#define OTHERS 5u    /* more than a slab has */
#define SMALL  32u   /* 128 in one, whose bits are two words */
#define HARTS  2u    /* that have stocks, if any has */

static struct heap heap;
static uint8_t memory[FRAMES * PAGE_MAP_FRAME] acre_aligned_to(65536);
static uint8_t table[HEAP_TABLE_BYTES(sizeof(memory))] acre_aligned_to(128);
static struct slab_stock stocks[HARTS];

static struct heap_world {
	struct owners owners;
	size_t size; /* of the objects that activities take and free */
	void *block[EXPLORE_MAX_ACTIVITIES + 1];
	void *nonsense; /* no block */
	unsigned refusals, rights, nones;
	bitmap_word *watched; /* the word of the bit of the object that is freed again */
	uint64_t before;      /* that word, before it was last written */
	bool seen_free;       /* that free saw that the object was free */
} world;

/* ---- what activities do ---------------------------------------------------------------------- */

static void own(uint8_t *block, size_t size)
{
	EXPLORE_CHECK(size > OBJECT || (size_t)(block - memory) % size == 0,
		      "an object of another size");
	owners_take(&world.owners, block, size);
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
	owners_give(&world.owners, block, size);
	heap_free(&heap, block, acre_caller());
	world.block[explore_me()] = NULL;
}

static void take_and_free(void)
{
	free_block(take(world.size), world.size);
}

static void take_and_free_run(void)
{
	free_block(take(9216), 9216);
}

static void take_one(void)
{
	(void)take(world.size);
}

/* What setup has left for this activity. */
static void free_mine(void)
{
	uint8_t *block = world.block[explore_me()];

	owners_inherit(&world.owners, block, world.size);
	free_block(block, world.size);
}

static void free_mine_and_take(void)
{
	free_mine();
	take_and_free();
}

/* All that are empty go back, as where there is no memory; and their descriptor is used for another class. */
static void give_up_and_take_other(void)
{
	(void)slab_give_up_empty(&heap.slabs);
	(void)take(OTHER);
}

/* ... which is full when another one starts, before its objects are freed one after another. */
static void give_up_and_fill_other(void)
{
	uint8_t *block[OTHERS];

	(void)slab_give_up_empty(&heap.slabs);
	for (unsigned i = 0; i < OTHERS; i++)
		block[i] = take(OTHER);
	for (unsigned i = 0; i < OTHERS; i++)
		free_block(block[i], OTHER);
}

/* The hart stops: its slabs are no hart's. */
static void leave(void)
{
	unsigned long irq = platform_irq_save();

	slab_stock_leave(&heap.slabs, &heap.slabs.shared);
	platform_irq_restore(irq);
}

static void free_mine_and_take_other(void)
{
	free_mine();
	give_up_and_take_other();
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

/* Activity 0 frees an object that is free, while another activity takes it. */
static void watch_word(const volatile void *at)
{
	uint64_t now;

	if (at != (const volatile void *)world.watched)
		return;
	memcpy(&now, (const void *)world.watched, sizeof(now));
	if (explore_me() == 0)
		world.seen_free |= world.before & now & 1;
	world.before = now;
}

/* Where the other activity has taken it by then, nobody can tell. Where it was free still, all can. */
static void free_a_free_one(void)
{
	free_the_same();
	if (world.rights != 0 && world.seen_free)
		explore_fail("a free saw that the object was free, and then freed it");
}

static void free_nonsense(void)
{
	heap_free(&heap, world.nonsense, acre_caller());
	world.refusals++;
}

/* ---- worlds and checks ----------------------------------------------------------------------- */

/* A heap of which nothing is handed out; its harts have stocks, or share one. */
static void new_heap(size_t size, bool own_stocks)
{
	memset(&world, 0, sizeof(world));
	owners_reset(&world.owners, memory, sizeof(memory));
	memset(table, 0xff, sizeof(table)); /* it may hold anything */
	world.size = size;
	heap_init(&heap);
	if (own_stocks) {
		const struct hart_slots slots = hart_slots_array(stocks, sizeof(stocks[0]), HARTS);
		heap_use_stocks(&heap, &slots);
	}
	world.nonsense = memory + 8;
	EXPLORE_CHECK(heap_add_region(&heap, memory, sizeof(memory), table, sizeof(table)) ==
			      ACRE_OK,
		      "no heap");
	explore_keep(&heap, sizeof(heap), "heap");
	explore_keep(table, sizeof(table), "table");
	explore_keep(stocks, sizeof(stocks), "stocks");
	explore_keep(&world, sizeof(world), "world");
}

static void no_slab(void)
{
	new_heap(OBJECT, false);
}

/* @live objects are handed out already, one each to activity 0, 1, ...; one slab, which is the stock. */
static void heap_of(unsigned live)
{
	new_heap(OBJECT, false);
	for (unsigned i = 0; i < live; i++)
		world.block[i] = heap_alloc(&heap, OBJECT, NULL);
}

/* A slab of two, both free: it is the stock. */
static void one_slab(void)
{
	heap_of(1);
	heap_free(&heap, world.block[0], NULL);
	world.block[0] = NULL;
}

/* It was retired, but the stock still leads to it; its run is used. */
static void no_slab_but_a_stock(void)
{
	one_slab();
	(void)slab_give_up_empty(&heap.slabs);
	world.block[EXPLORE_MAX_ACTIVITIES - 1] = heap_alloc(&heap, 9216, NULL);
}

/* A slab that is full, and no hart's. */
static void full_slab(void)
{
	heap_of(2);
	leave();
}

/* A slab of which activity 0 has one object. */
static void half_a_slab(void)
{
	heap_of(1);
}

/* The objects of activities 1 and 2. */
static void full_slab_of_two_others(void)
{
	heap_of(2);
	world.block[2] = world.block[0];
	world.block[0] = NULL;
}

/* One of its objects is nobody's here: it is freed in the end. */
static void full_slab_of_another(void)
{
	heap_of(2);
	world.block[EXPLORE_MAX_ACTIVITIES - 1] = world.block[1];
	world.block[1] = NULL;
}

/* Two slabs that are full, and no hart's. */
static void two_full_slabs(void)
{
	heap_of(4);
	leave();
}

static void check_heap(void)
{
	const char *broken = heap_validate(&heap);
	struct heap_stats stats;

	EXPLORE_CHECK(broken == NULL, "invalid: %s", broken);
	heap_stats(&heap, &stats);
	EXPLORE_CHECK(stats.count.failures == world.nones, "%u times none, %u counted", world.nones,
		      (unsigned)stats.count.failures);
	EXPLORE_CHECK(stats.count.refusals == world.refusals && explore_refused() == world.refusals,
		      "%u to be refused, %u counted, %u reported", world.refusals,
		      (unsigned)stats.count.refusals, explore_refused());
}

/* The stock is empty; of another slab, which is no hart's, the object of activity 0 is left. */
static void the_stock_is_empty(void)
{
	heap_of(3); /* 0 and 1 of slab A; 2 of slab B */
	heap_free(&heap, world.block[1], NULL);
	heap_free(&heap, world.block[2], NULL);
	world.block[1] = world.block[2] = NULL;
	leave();
	heap_free(&heap, heap_alloc(&heap, OBJECT, NULL), NULL); /* B is the stock again */
	check_heap();
}

/* The stock is full; the slab before it, of the same hart, is empty. */
static void the_next_slab_is_empty(void)
{
	heap_of(4); /* 0 and 1 of slab A; 2 and 3 of slab B, which is the stock */
	heap_free(&heap, world.block[0], NULL);
	heap_free(&heap, world.block[1], NULL);
	world.block[0] = world.block[1] = NULL;
	check_heap();
}

/* A listed slab with one free object, to which the stock leads, as after a time without memory. */
static void listed_slab(void)
{
	heap_of(2);
	struct slab *slab = page_map_find(&heap.map, (uintptr_t)world.block[0]);

	leave();
	heap_free(&heap, world.block[0], NULL);
	world.block[0] = NULL;
	heap.slabs.shared.word[heap_class_now(&heap, OBJECT)] = &slab->free[0];
	check_heap();
}

/* Of ten slabs of a hart all are empty but the second, whose objects two activities have. */
static void nine_empty_slabs(void)
{
	void *block[20];

	new_heap(OBJECT, false);
	explore_keep(memory, sizeof(memory), "memory"); /* so many descriptors lie in there too */
	for (unsigned i = 0; i < 20; i++)
		block[i] = heap_alloc(&heap, OBJECT, NULL);
	for (unsigned i = 0; i < 20; i++) {
		if (i / 2 != 1)
			heap_free(&heap, block[i], NULL);
	}
	world.block[0] = block[2];
	world.block[1] = block[3];
	check_heap();
}

/* Each hart has a stock, and its activity an object of a slab of its own, which is half free. */
static void a_slab_each(void)
{
	new_heap(OBJECT, true);
	for (unsigned i = 0; i < HARTS; i++) {
		explore_as(i);
		world.block[i] = heap_alloc(&heap, OBJECT, NULL);
	}
	explore_as(0);
	check_heap();
}

/* The stock of hart 0 is a slab that is wholly free; hart 1 has nothing yet. */
static void a_stock_of_its_own(void)
{
	new_heap(OBJECT, true);
	heap_free(&heap, heap_alloc(&heap, OBJECT, NULL), NULL);
}

/*
 * A slab of two words, of which only the first object is handed out, so that it goes when that is freed: the class
 * keeps another one. The stock leads to its second word, as after a time without memory; it is nobody's slab.
 */
static void two_words(void)
{
	void *block[PAGE_MAP_FRAME / SMALL + 1];

	new_heap(SMALL, false);
	for (unsigned i = 0; i < PAGE_MAP_FRAME / SMALL + 1; i++)
		block[i] = heap_alloc(&heap, SMALL, NULL);
	for (unsigned i = PAGE_MAP_FRAME / SMALL; i > 0; i--)
		heap_free(&heap, block[i], NULL);
	world.block[0] = block[0];
	slab_stock_leave(&heap.slabs, &heap.slabs.shared);
	struct slab *slab = page_map_find(&heap.map, (uintptr_t)block[0]);
	heap.slabs.shared.word[heap_class_now(&heap, SMALL)] = &slab->free[1];
	check_heap();
}

/* One object, which two think is theirs; the slab has another one that is free. */
static void one_of_two(void)
{
	heap_of(1);
	world.block[EXPLORE_MAX_ACTIVITIES] = world.block[0];
	world.block[0] = NULL;
}

/* Of two objects of a slab, which is the stock, the first is free. */
static void first_of_two_is_free(void)
{
	heap_of(2);
	world.block[EXPLORE_MAX_ACTIVITIES] = world.block[0];
	world.block[EXPLORE_MAX_ACTIVITIES - 1] = world.block[1];
	heap_free(&heap, world.block[0], NULL);
	world.block[0] = world.block[1] = NULL;
	world.watched =
		&page_map_find(&heap.map, (uintptr_t)world.block[EXPLORE_MAX_ACTIVITIES])->free[0];
	memcpy(&world.before, (const void *)world.watched, sizeof(world.before));
	EXPLORE_CHECK(world.before == 1, "another object is free");
}

/* There is enough for all at once; in the end all is whole again. */
static void check(void)
{
	struct heap_stats stats;

	check_heap();
	EXPLORE_CHECK(world.nones == 0, "none, but there was enough for all");
	for (unsigned i = 0; i < EXPLORE_MAX_ACTIVITIES; i++)
		heap_free(&heap, world.block[i], NULL);
	check_heap();
	(void)slab_give_up_empty(&heap.slabs);
	heap_stats(&heap, &stats);
	EXPLORE_CHECK(stats.used_bytes == 0 && stats.slab_bytes == 0,
		      "it is not whole again: %zu in blocks, %zu in slabs", stats.used_bytes,
		      stats.slab_bytes);
}

static void check_double(void)
{
	EXPLORE_CHECK(world.rights == 1 && world.refusals == 1, "freed twice: %u right, %u refused",
		      world.rights, world.refusals);
	check();
}

static void check_freed_again(void)
{
	if (world.rights != 0)
		world.block[1] = NULL;
	check();
}

const struct explore_scenario explore_heap_scenarios[] = {
	{ .name = "heap.taken_and_freed",
	  .switches = 3,
	  .weak_switches = 2,
	  .setup = one_slab,
	  .check = check,
	  .activity = { { take_and_free, 0, false },
			{ take_and_free, 1, false },
			{ take_and_free, 1, true } } },
	{ .name = "heap.a_full_slab_is_freed",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = full_slab,
	  .check = check,
	  .activity = { { free_mine, 0, false },
			{ free_mine, 1, false },
			{ take_and_free, 1, true } } },
	{ .name = "heap.freed_while_it_leaves_the_list",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = listed_slab,
	  .check = check,
	  .activity = { { take_one, 0, false }, { free_mine, 1, false }, { take_one, 0, true } } },
	{ .name = "heap.freed_while_its_hart_leaves",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = full_slab_of_another,
	  .check = check,
	  .activity = { { free_mine, 0, false }, { leave, 1, false }, { take_one, 0, true } } },
	{ .name = "heap.two_slabs_become_empty",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = two_full_slabs,
	  .check = check,
	  .activity = { { free_mine, 0, false },
			{ free_mine, 1, false },
			{ free_mine, 0, true },
			{ free_mine, 1, true } } },
	{ .name = "heap.one_becomes_empty_while_the_stock_is_used",
	  .switches = 3,
	  .weak_switches = 2,
	  .setup = the_stock_is_empty,
	  .check = check,
	  .activity = { { free_mine, 0, false }, { take_one, 1, false } } },
	{ .name = "heap.one_more_slab_of_a_hart_becomes_empty",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = nine_empty_slabs,
	  .check = check,
	  .activity = { { free_mine, 0, false },
			{ free_mine_and_take, 1, false },
			{ take_one, 0, true } } },
	{ .name = "heap.goes_round_while_the_next_slab_is_retired",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = the_next_slab_is_empty,
	  .check = check,
	  .activity = { { take_one, 0, false }, { give_up_and_take_other, 1, false } } },
	{ .name = "heap.goes_round_while_its_hart_leaves",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = the_next_slab_is_empty,
	  .check = check,
	  .activity = { { take_one, 0, false }, { leave, 1, false } } },
	{ .name = "heap.settled_when_it_is_of_another_class",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = the_stock_is_empty,
	  .check = check,
	  .activity = { { free_mine, 0, false }, { give_up_and_fill_other, 1, false } } },
	{ .name = "heap.retired_and_started_for_another_class",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = one_slab,
	  .check = check,
	  .activity = { { take_one, 0, false }, { give_up_and_take_other, 1, false } } },
	{ .name = "heap.started_again_elsewhere",
	  .switches = 2,
	  .weak_switches = 1,
	  .weaker = true,
	  .setup = no_slab_but_a_stock,
	  .check = check,
	  .activity = { { take_one, 0, false }, { take_and_free, 1, false } } },
	{ .name = "heap.retired_under_a_free",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = full_slab,
	  .check = check,
	  .activity = { { free_mine_and_take, 0, false },
			{ free_mine, 1, false },
			{ give_up_and_take_other, 1, true } } },
	{ .name = "heap.three_harts",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = half_a_slab,
	  .check = check,
	  .activity = { { free_mine, 0, false },
			{ take_one, 1, false },
			{ give_up_and_take_other, 2, false } } },
	{ .name = "heap.retired_by_a_handler_under_a_take",
	  .switches = 3,
	  .weak_switches = 1,
	  .setup = one_slab,
	  .check = check,
	  .activity = { { take_one, 0, false }, { give_up_and_take_other, 0, true } } },
	{ .name = "heap.a_handler_frees_the_last_and_starts_its_slab_again",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = full_slab_of_two_others,
	  .check = check,
	  .activity = { { take_one, 0, false },
			{ free_mine_and_take_other, 0, true },
			{ free_mine, 1, false } } },
	{ .name = "heap.retired_word_by_word",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = two_words,
	  .check = check,
	  .activity = { { free_mine, 0, false },
			{ take_and_free, 1, false },
			{ take_one, 1, true } } },
	{ .name = "heap.stocks_of_their_own",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = a_slab_each,
	  .check = check,
	  .activity = { { free_mine_and_take, 0, false },
			{ free_mine_and_take, 1, false },
			{ take_and_free, 1, true } } },
	{ .name = "heap.freed_twice_at_once",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = one_of_two,
	  .check = check_double,
	  .activity = { { free_the_same, 0, false }, { free_the_same, 1, false } } },
	{ .name = "heap.freed_again_while_it_is_taken",
	  .switches = 3,
	  .weak_switches = 2,
	  .setup = first_of_two_is_free,
	  .check = check_freed_again,
	  .wrote = watch_word,
	  .activity = { { free_a_free_one, 0, false }, { take_one, 1, false } } },
	{ .name = "heap.refused_while_others_work",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = one_slab,
	  .check = check,
	  .activity = { { take_and_free, 0, false },
			{ free_nonsense, 1, false },
			{ take_and_free_run, 1, true } } },
	{ .name = "heap.refused_while_the_first_slab_starts",
	  .switches = 2,
	  .weak_switches = 2,
	  .setup = no_slab,
	  .check = check,
	  .activity = { { take_one, 0, false }, { free_nonsense, 1, false } } },
	{ .name = "heap.runs_taken_and_freed",
	  .switches = 2,
	  .weak_switches = 1,
	  .setup = one_slab,
	  .check = check,
	  .activity = { { take_and_free_run, 0, false },
			{ take_and_free_run, 1, false },
			{ take_and_free_run, 1, true } } },
	{ .name = "heap.threads_move",
	  .switches = 4,
	  .migrations = 2,
	  .harts = 2,
	  .setup = one_slab,
	  .check = check,
	  .activity = { { take_and_free, 0, false }, { take_and_free, 1, false } } },
	{ .name = "heap.threads_with_stocks_move",
	  .switches = 2,
	  .migrations = 1,
	  .harts = 2,
	  .setup = a_stock_of_its_own,
	  .check = check,
	  .activity = { { take_one, 0, false }, { give_up_and_take_other, 1, false } } },
	{ .name = NULL },
};
