/* SPDX-License-Identifier: MIT */
/*
 * quick_bench.c - the command `bench`: what the usual calls cost on this machine, as it is now. For
 * a first look: `make bench` has the loops that figures in docs/ come from, in a kernel of its own.
 *
 * Costs are retired instructions where the counter means that, else ticks of the clock: then they
 * depend on the machine, and on an emulator's host. The loop itself is measured too and subtracted.
 */
#include "kernel/command.h"
#include "kernel/hart/clock.h"
#include "kernel/machine.h"
#include "kernel/memory/kernel_heap.h"
#include "kernel/memory/kmalloc.h"
#include "kernel/words.h"
#include "lib/compiler.h"
#include "lib/print.h"
#include "mm/heap/heap_cache.h"
#include "selftest/background.h"

#define TIMES           2000u
#define PASSES          5u
#define RUN_PAIRS       512u /* frames of 2 MiB */
#define BLOCK           3000u
#define PAGE_OF_OBJECTS 16u

static struct heap_cache cache;

/* Each does its operation once; false if there is no memory. */

static never_inline bool do_nothing(void)
{
	return true;
}

static never_inline bool frame_pair(void)
{
	frame_nr_t pfn = frame_alloc(&machine.frames);

	return pfn != FRAME_NONE && frame_free(&machine.frames, pfn) == ACRE_OK;
}

static never_inline bool run_pair(void)
{
	frame_nr_t pfn = frame_alloc_range(&machine.frames, RUN_PAIRS, RUN_PAIRS * FRAME_SIZE);

	return pfn != FRAME_NONE && frame_free_range(&machine.frames, pfn, RUN_PAIRS) == ACRE_OK;
}

static never_inline bool zeroed_pair(void)
{
	frame_nr_t pfn = frame_alloc_zeroed(&machine.frames);

	return pfn != FRAME_NONE && frame_free(&machine.frames, pfn) == ACRE_OK;
}

static bool block_pair(size_t size)
{
	void *block = kmalloc(size);

	kfree(block);
	return block != NULL;
}

static never_inline bool pair_of_32(void)
{
	return block_pair(32);
}

static never_inline bool pair_of_3000(void)
{
	return block_pair(BLOCK);
}

static never_inline bool cache_pair(void)
{
	void *object = kcache_alloc(&cache);

	kcache_free(&cache, object);
	return object != NULL;
}

static never_inline bool sixteen_blocks(void)
{
	void *block[PAGE_OF_OBJECTS];
	bool all = true;

	for (unsigned i = 0; i < PAGE_OF_OBJECTS; i++)
		all &= (block[i] = kmalloc(16 + 16 * i)) != NULL;
	for (unsigned i = 0; i < PAGE_OF_OBJECTS; i++)
		kfree(block[i]);
	return all;
}

static const struct quick_row {
	const char *name;
	bool (*once)(void);
	const char *what;
} rows[] = {
	{ "frame.pair", frame_pair, "take a frame, give it back" },
	{ "frame.run512_pair", run_pair, "take 2 MiB, give them back" },
	{ "frame.zeroed_pair", zeroed_pair, "take a cleared frame, give it back" },
	{ "heap.pair32", pair_of_32, "take 32 bytes, give them back" },
	{ "heap.pair3000", pair_of_3000, "take 3,000 bytes, give them back" },
	{ "heap.sixteen", sixteen_blocks, "take 16 blocks of 16 to 256 bytes, give them back" },
	{ "cache.pair", cache_pair, "take an object of a cache, give it back" },
};

static const char *row_name(size_t i)
{
	return i < ARRAY_SIZE(rows) ? rows[i].name : NULL;
}

static uint64_t now(bool instructions)
{
	uint64_t count;

	return instructions && clock_instructions_since_entry(&count) ? count : clock_ticks();
}

/*
 * What @once costs TIMES times: the least of some passes, since other harts and an emulator's host
 * disturb. 0 if there was no memory.
 */
static uint64_t cost(bool (*once)(void), bool instructions)
{
	bool ok = once(); /* a slab has to be started, a stock to be chosen */
	uint64_t least = UINT64_MAX;

	for (unsigned pass = 0; pass < PASSES && ok; pass++) {
		uint64_t start = now(instructions);
		for (unsigned i = 0; i < TIMES; i++)
			ok &= once();
		uint64_t took = now(instructions) - start;
		least = took < least ? took : least;
	}
	return ok ? least : 0;
}

static void print_row(const struct quick_row *row, bool instructions)
{
	uint64_t all = cost(row->once, instructions);
	uint64_t loop = cost(do_nothing, instructions);
	uint64_t hundredths = all > loop ? (all - loop) * 100 / TIMES : 0;

	if (all == 0)
		acre_print("  %-18s no memory for it\n", row->name);
	else
		acre_print("  %-18s %6llu.%02llu %s: %s\n", row->name,
			   (unsigned long long)(hundredths / 100),
			   (unsigned long long)(hundredths % 100),
			   instructions ? "instructions" : "ticks", row->what);
}

static void run_bench(unsigned nwords, char *const *word)
{
	uint64_t count;
	bool instructions = clock_instructions_since_entry(&count);
	bool any = false;

	if (background_runs()) {
		acre_print("a stress is running: not now\n");
		return;
	}
	if (cache.heap == NULL)
		kcache_create(&cache, "bench", BLOCK);
	if (!instructions)
		acre_print("instructions are not counted here: ticks of the clock, %llu a second\n",
			   (unsigned long long)clock_ticks_per_second());
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (nwords != 0 && !word_matches(word[0], rows[i].name))
			continue;
		any = true;
		print_row(&rows[i], instructions);
		if (!command_more())
			return;
	}
	if (!any)
		acre_print("no row matches '%s'\n", word[0]);
}

COMMAND(bench) = {
	.name = "bench",
	.usage = "bench [GLOB]",
	.help = "what the usual calls cost here",
	.example = "bench heap.*",
	.candidate = row_name,
	.max_words = 1,
	.run_words = run_bench,
};
