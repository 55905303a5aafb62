/* SPDX-License-Identifier: MIT */
/*
 * heap_fuzz.c - libFuzzer: any bytes as calls of a heap, against a list of live blocks and what was written to them.
 *
 * The first byte chooses the regions; four bytes are a call, so that leaving some out, repeating them or putting two
 * lists together, as the fuzzer does, makes lists of calls again. Free memory is written to now and then, as an owner
 * may do after its free.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/align.h"
#include "lib/compiler.h"
#include "mm/heap/heap.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/abort_platform.h"

#define MAX_CALLS  400u
#define CALL_BYTES 4u
#define BLOCKS     32u
#define MEMORY     (1u << 20)

/* Regions of one block of memory; the second one is given after a third of the calls. */
static const struct {
	size_t base[2];
	size_t size[2];
} layouts[] = {
	{ { 0, 0 }, { MEMORY, 0 } },
	{ { 512, 0 }, { 200000, 0 } },
	{ { 5000, 300000 }, { 65536, 400000 } },
	{ { 700000, 100 }, { 300000, 699900 } },
	{ { 4096, 8192 }, { 4096, 40000 } },
};

struct live {
	uint8_t *at;
	size_t size; /* as was said last */
	size_t bytes;
	uint8_t seed;
};

static struct heap heap;
static struct live live[BLOCKS];
static uint8_t *memory;
static unsigned refused;

static void note_bad_free(const struct platform_bad_free *report)
{
	(void)report;
	refused++;
}

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

/* Some bytes of each block, at both ends and in between. */
static void paint(struct live *l, uint8_t seed)
{
	l->seed = seed;
	for (size_t i = 0; i < l->bytes; i += 1 + l->bytes / 40)
		l->at[i] = (uint8_t)(seed + i);
	l->at[l->bytes - 1] = seed;
}

static void look(const struct live *l, size_t bytes)
{
	for (size_t i = 0; i < bytes && i + 1 < l->bytes; i += 1 + l->bytes / 40)
		must(l->at[i] == (uint8_t)(l->seed + i), "somebody else wrote to a block");
}

static void took(struct live *l, void *at, size_t size, uint8_t seed)
{
	l->at = at;
	l->size = size;
	l->bytes = heap_usable_size(&heap, at);
	must(l->bytes >= size && l->bytes != 0, "a block is shorter than was asked for");
	for (unsigned i = 0; i < BLOCKS; i++) {
		const struct live *o = &live[i];
		must(o == l || o->at == NULL || o->at + o->bytes <= l->at ||
			     l->at + l->bytes <= o->at,
		     "two blocks overlap");
	}
	paint(l, seed);
}

static void take(struct live *l, size_t size, unsigned shift, uint8_t seed)
{
	size_t align = (size_t)1 << shift;
	void *at = shift <= 4 ? heap_alloc(&heap, size, NULL)
			      : heap_alloc_aligned(&heap, size, align, NULL);

	must(is_aligned((uintptr_t)at, align < 16 ? 16 : align), "a block is not aligned");
	if (at != NULL)
		took(l, at, size, seed);
}

static void resize(struct live *l, size_t size, uint8_t seed)
{
	look(l, l->bytes);
	struct live old = *l;
	uint8_t *at = heap_realloc(&heap, l->at, size, NULL);

	if (at == NULL) {
		must(size > l->bytes, "a block cannot shrink");
		look(l, l->bytes);
		return;
	}
	old.at = at; /* with the pattern of before, as far as both reach */
	look(&old, size < old.bytes ? size : old.bytes);
	took(l, at, size, seed);
}

static void give(struct live *l, bool sized)
{
	look(l, l->bytes);
	if (sized)
		heap_free_sized(&heap, l->at, l->size, NULL);
	else
		heap_free(&heap, l->at, NULL);
	l->at = NULL;
}

/* A pointer to anywhere: right only where a live block starts. */
static void give_any(size_t offset)
{
	uint8_t *at = memory + offset % (MEMORY + 4096) - 2048 * (offset % 2);
	unsigned before = refused;

	for (unsigned i = 0; i < BLOCKS; i++) {
		if (live[i].at == at)
			return;
	}
	heap_free(&heap, at, NULL);
	must(refused == before + 1, "a free of no block was not refused");
}

static void call(const uint8_t *byte)
{
	struct live *l = &live[byte[0] % BLOCKS];
	size_t size = (size_t)(byte[1] | byte[2] << 8);

	size = byte[3] & 1 ? size : size % 700; /* most are small */
	switch (byte[0] / BLOCKS) {
	case 0:
		give_any((size_t)byte[1] << 12 | (size_t)byte[2] << 4 | byte[3]);
		break;
	case 1:
		(void)slab_give_up_empty(&heap.slabs);
		break;
	case 2:
	case 3:
		if (l->at != NULL)
			resize(l, size, byte[3]);
		break;
	default:
		if (l->at == NULL)
			take(l, size, byte[3] % 16, byte[3]);
		else
			give(l, byte[3] & 1);
	}
}

static void add_region(unsigned layout, unsigned i, uint8_t *table)
{
	size_t size = layouts[layout].size[i];

	if (size != 0)
		must(heap_add_region(&heap, memory + layouts[layout].base[i], size, table,
				     heap_table_bytes(size)) == ACRE_OK,
		     "a region is refused");
}

static void scribble(void)
{
	struct heap_block block;

	for (size_t i = 0; i < MEMORY; i += 509) {
		if (heap_block_of(&heap, memory + i, &block) == ACRE_OK && !block.live &&
		    block.what != HEAP_TABLE)
			memory[i] = (uint8_t)i;
	}
}

static void must_be_valid(void)
{
	const char *broken = heap_validate(&heap);
	struct heap_stats stats;
	size_t used = 0;

	must(broken == NULL, broken);
	heap_stats(&heap, &stats);
	for (unsigned i = 0; i < BLOCKS; i++)
		used += live[i].at != NULL ? live[i].bytes : 0;
	must(stats.used_bytes == used, "used_bytes is not the sum of the live blocks");
}

static void run(unsigned layout, const uint8_t *data, size_t n)
{
	/* Blocks of their own, so that a step past the tables is seen. */
	uint8_t *table[2] = { malloc(heap_table_bytes(layouts[layout].size[0])),
			      malloc(heap_table_bytes(layouts[layout].size[1]) + 1) };

	memory = aligned_alloc(4096, MEMORY);
	memset(live, 0, sizeof(live));
	heap_init(&heap);
	add_region(layout, 0, table[0]);
	for (size_t i = 0; i < n; i++) {
		if (i == n / 3)
			add_region(layout, 1, table[1]);
		call(data + i * CALL_BYTES);
		if (i % 16 == 0)
			scribble();
		if (i % 8 == 0)
			must_be_valid();
	}
	for (unsigned i = 0; i < BLOCKS; i++) {
		if (live[i].at != NULL)
			give(&live[i], i % 2 == 0);
	}
	(void)slab_give_up_empty(&heap.slabs);
	must_be_valid();
	free(memory);
	free(table[0]);
	free(table[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	size_t n = (size - 1) / CALL_BYTES;
	host_bad_free_hook = note_bad_free;
	run(data[0] % ARRAY_SIZE(layouts), data + 1, n < MAX_CALLS ? n : MAX_CALLS);
	return 0;
}
