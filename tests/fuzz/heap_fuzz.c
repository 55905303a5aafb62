/* SPDX-License-Identifier: MIT */
/*
 * heap_fuzz.c - libFuzzer: any bytes as calls of a heap, against a list of live blocks and what was written to them.
 *
 * The first byte chooses the regions; four bytes are a call, so that leaving some out, repeating
 * them or putting two lists together, as the fuzzer does, makes lists of calls again. Free memory is
 * written to now and then, as an owner may do after its free.
 *
 * From 128 on the first byte also says that the heap has a backing: frames across the border of two
 * windows, which may fail from any call on. Those that the heap does not have are poisoned.
 */
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/align.h"
#include "lib/compiler.h"
#include "mm/heap/heap.h"
#include "mm/heap/heap_bulk.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/abort_platform.h"

#define MAX_CALLS  400u
#define CALL_BYTES 4u
#define BLOCKS     32u
#define MEMORY     (1u << 20)
#define SEVERAL    12u /* blocks in bulk */

#define FRAME   PAGE_MAP_FRAME
#define WINDOW  PAGE_MAP_WINDOW
#define FRAMES  400u
#define FOREVER UINT32_MAX

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

/* Two windows, and frames on both sides of the border, which are the backing's. */
static uint8_t windows[2 * WINDOW] acre_aligned_to(WINDOW);
static uint8_t *const frames = windows + WINDOW - 20 * FRAME;
static size_t taken[FRAMES]; /* by the heap: in the first frame how many, in the others 1 */
static size_t ntaken;
static uint32_t takes_left;
static bool has_backing;

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

/* ---- the backing ----------------------------------------------------------------------------- */

static bool are_free(size_t first, size_t n)
{
	for (size_t i = first; i < first + n; i++) {
		if (taken[i] != 0)
			return false;
	}
	return true;
}

static void *take_frames(void *context, size_t bytes, size_t align,
			 const struct heap_place *anywhere)
{
	const size_t n = bytes / FRAME;

	(void)context;
	(void)anywhere;
	must(n != 0 && is_aligned(bytes, FRAME) && is_power_of_two(align) && align >= FRAME,
	     "the backing is asked for what it cannot have");
	if (takes_left == 0)
		return NULL;
	takes_left -= takes_left != FOREVER;
	for (size_t i = 0; i + n <= FRAMES; i++) {
		uint8_t *start = frames + i * FRAME;
		if (!is_aligned((uintptr_t)start, align) || !are_free(i, n))
			continue;
		for (size_t k = 1; k < n; k++)
			taken[i + k] = 1;
		taken[i] = n;
		ntaken += n;
		ASAN_UNPOISON_MEMORY_REGION(start, bytes);
		return start;
	}
	return NULL;
}

static void give_frames(void *context, void *start, size_t bytes)
{
	const size_t first = (size_t)((uint8_t *)start - frames) / FRAME;
	const size_t n = bytes / FRAME;

	(void)context;
	must(first < FRAMES && n != 0 && taken[first] == n, "what is given was not taken");
	(void)heap_backed_bytes(&heap); /* no lock is held, or this would be a panic */
	memset(taken + first, 0, n * sizeof(taken[0]));
	ntaken -= n;
	ASAN_POISON_MEMORY_REGION(start, bytes);
}

static void add_backing(void)
{
	const struct heap_backing backing = { .take = take_frames,
					      .give = give_frames,
					      .low = (uintptr_t)frames,
					      .high = (uintptr_t)frames + FRAMES * FRAME };

	memset(taken, 0, sizeof(taken));
	ntaken = 0;
	takes_left = FOREVER;
	ASAN_POISON_MEMORY_REGION(frames, FRAMES * FRAME);
	must(heap_set_backing(&heap, &backing) == ACRE_OK, "a backing is refused");
}

/* ---- calls ------------------------------------------------------------------------------------ */

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

/* An analyser that knew these for allocators would lose sight of a block in live[], and object. */
static void *(*volatile alloc)(struct heap *, size_t, const void *) = heap_alloc;
static void *(*volatile alloc_aligned)(struct heap *, size_t, size_t,
				       const void *) = heap_alloc_aligned;

static void take(struct live *l, size_t size, unsigned shift, uint8_t seed)
{
	size_t align = (size_t)1 << shift;
	void *at = shift <= 4 ? alloc(&heap, size, NULL) : alloc_aligned(&heap, size, align, NULL);

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

	if (has_backing && (offset & 32) != 0)
		at = frames + offset % (FRAMES * FRAME);

	for (unsigned i = 0; i < BLOCKS; i++) {
		if (live[i].at == at)
			return;
	}
	heap_free(&heap, at, NULL);
	must(refused == before + 1, "a free of no block was not refused");
}

/* Blocks that were got several at a time. What there is no place for goes back. */
static void took_several(void **block, size_t n, size_t size, uint8_t seed)
{
	size_t i = 0;

	for (unsigned k = 0; k < BLOCKS && i < n; k++) {
		if (live[k].at == NULL)
			took(&live[k], block[i++], size, (uint8_t)(seed + k));
	}
	heap_free_bulk(&heap, n - i, block + i, NULL);
}

static void take_several(size_t size, size_t n, uint8_t seed)
{
	void *block[SEVERAL];

	if (heap_alloc_bulk(&heap, size, n, block, NULL))
		took_several(block, n, size, seed);
}

static void give_several(unsigned first, size_t most)
{
	void *block[SEVERAL];
	size_t n = 0;

	for (unsigned i = first; i < BLOCKS && n < most; i++) {
		if (live[i].at == NULL)
			continue;
		look(&live[i], live[i].bytes);
		block[n++] = live[i].at;
		live[i].at = NULL;
	}
	heap_free_bulk(&heap, n, block, NULL);
}

static void use_a_reserve(size_t size, size_t n, size_t used, uint8_t seed)
{
	struct heap_reserve reserve;
	void *room[SEVERAL];
	void *block[SEVERAL];

	if (!heap_reserve_open(&reserve, &heap, size, n, room, NULL))
		return;
	for (size_t i = 0; i < used; i++) {
		block[i] = heap_reserve_take(&reserve);
		must((block[i] != NULL) == (i < n), "a reserve has more or less than it must");
	}
	heap_reserve_close(&reserve, NULL);
	took_several(block, used < n ? used : n, size, seed);
}

static void call_of_all(const uint8_t *byte, size_t size)
{
	const size_t n = 1 + byte[0] % (SEVERAL - 1);

	switch (byte[3] / 2 % 8) {
	case 0:
		(void)slab_give_up_empty(&heap.slabs);
		break;
	case 1:
	case 2:
		(void)heap_shrink(&heap);
		break;
	case 3:
		heap_set_limits(&heap, byte[1] % 4 == 0 ? SIZE_MAX : (size_t)byte[1] << 13,
				byte[2] % 2 == 0 ? 0 : (size_t)byte[2] << 12);
		break;
	case 4:
		takes_left = byte[1] % 2 == 0 ? FOREVER : byte[2] % 8;
		break;
	case 5:
		take_several(size, n, byte[3]);
		break;
	case 6:
		give_several(byte[0] % BLOCKS, 1 + byte[1] % (SEVERAL - 1));
		break;
	default:
		use_a_reserve(size, n, byte[2] % SEVERAL, byte[3]);
	}
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
		call_of_all(byte, size);
		break;
	case 2:
	case 3:
		if (l->at != NULL)
			resize(l, size, byte[3]);
		break;
	default:
		if (l->at == NULL)
			take(l, has_backing && byte[3] > 250 ? size * 16 : size, byte[3] % 16,
			     byte[3]);
		else
			give(l, byte[3] & 1);
	}
}

static void add_region(unsigned layout, unsigned i, uint8_t *table)
{
	size_t size = layouts[layout].size[i];

	if (size == 0)
		return;
	enum acre_status s = heap_add_region(&heap, memory + layouts[layout].base[i], size, table,
					     heap_table_bytes(size));
	must(s == ACRE_OK || (s == ACRE_ERR_FULL && has_backing), "a region is refused");
}

static void scribble_over(uint8_t *start, size_t bytes, size_t stride)
{
	struct heap_block block;

	for (size_t i = 0; i < bytes; i += stride) {
		if (heap_block_of(&heap, start + i, &block) == ACRE_OK && !block.live &&
		    block.what != HEAP_TABLE)
			start[i] = (uint8_t)i;
	}
}

static void scribble(void)
{
	scribble_over(memory, MEMORY, 509);
	if (has_backing)
		scribble_over(frames, FRAMES * FRAME, 3067);
}

static struct heap_stats must_be_valid(void)
{
	const char *broken = heap_validate(&heap);
	struct heap_stats stats;
	size_t used = 0;

	must(broken == NULL, broken);
	heap_stats(&heap, &stats);
	for (unsigned i = 0; i < BLOCKS; i++)
		used += live[i].at != NULL ? live[i].bytes : 0;
	must(stats.used_bytes == used, "used_bytes is not the sum of the live blocks");
	must(!has_backing ||
		     stats.grown_bytes + stats.placed_bytes + stats.backed_bytes == ntaken * FRAME,
	     "the frames that the heap has are not those that it took");
	return stats;
}

/* What is left is for good; a region too, where descriptors lie in it. */
static void free_all(void)
{
	for (unsigned i = 0; i < BLOCKS; i++) {
		if (live[i].at != NULL)
			give(&live[i], i % 2 == 0);
	}
	heap_set_limits(&heap, SIZE_MAX, 0);
	(void)heap_shrink(&heap);
	const struct heap_stats stats = must_be_valid();
	must(stats.slab_bytes == 0 && stats.run_bytes == 0, "something is not free");
	must(stats.grown_bytes == 0 || stats.table_bytes != 0, "the heap keeps a region");
	must(heap_shrink(&heap) == 0, "what could go has not gone");
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
	if (has_backing)
		add_backing();
	for (size_t i = 0; i < n; i++) {
		if (i == n / 3)
			add_region(layout, 1, table[1]);
		call(data + i * CALL_BYTES);
		if (i % 16 == 0)
			scribble();
		if (i % 8 == 0)
			(void)must_be_valid();
	}
	free_all();
	ASAN_UNPOISON_MEMORY_REGION(frames, FRAMES * FRAME);
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
	has_backing = data[0] >= 128;
	run(data[0] % ARRAY_SIZE(layouts), data + 1, n < MAX_CALLS ? n : MAX_CALLS);
	return 0;
}
