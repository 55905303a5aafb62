/* SPDX-License-Identifier: MIT */
/*
 * lift.c - src/lib, src/fdt and src/mm at work in a program that is not the kernel they were
 * written for: tree -> map -> frames -> heap, each used and given back. It is also the example that
 * docs/porting.md goes through, so it does things one at a time.
 */
#include "fdt/fdt.h"
#include "lib/attributes.h"
#include "lib/fmt.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "mm/heap/heap.h"
#include "mm/map/memmap.h"
#include "mm/map/memmap_fdt.h"
#include "mm/setup.h"
#include "tests/lift/lift_platform.h"

#if FRAME_SIZE != 1 << FRAME_SHIFT
#error "FRAME_SIZE is a number that the preprocessor can read"
#endif

#define HEAP_FRAMES 256u

/* Instances are whoever's who needs them. These are large, so they are not on the stack. */
/* memmap_table_bytes() says how much for how many; memmap_count_from_fdt() how many a tree has. */
#define MAP_BANKS        4u
#define MAP_RESERVATIONS 32u
static uint64_t map_tables[2048];
static struct memmap map;
static struct frame_pool pool;
static struct frame_stock stock[PLATFORM_MAX_HARTS];
static struct heap heap;

static bool failed(const char *what, const char *why)
{
	acre_print("lift: %s: %s\n", what, why);
	return false;
}

static bool expect(bool holds, const char *what)
{
	return holds || failed("not so", what);
}

static bool expect_valid(const char *what, const char *sentence)
{
	return sentence == NULL || failed(what, sentence);
}

/* 1. What the tree says, what is ours, and from that: what is free. */

static void show_finding(void *ctx, const struct memmap_finding *finding)
{
	char text[MEMMAP_FINDING_LEN];

	(void)ctx;
	acre_print("lift: tree: %s\n", memmap_finding_str(text, finding));
}

static bool read_map(struct acre_range image)
{
	const struct memmap_reporter reporter = { .report = show_finding };
	const struct memmap_boot boot = { .image = image };
	struct fdt fdt;
	enum acre_status s;

	s = fdt_open(&fdt, lift_dtb, (size_t)(lift_dtb_end - lift_dtb));
	if (s != ACRE_OK)
		return failed("tree", fdt.problem);
	s = memmap_init(&map, map_tables, sizeof(map_tables), MAP_BANKS, MAP_RESERVATIONS);
	if (s != ACRE_OK)
		return failed("tables", acre_status_str(s));
	s = memmap_from_fdt(&map, &fdt, &boot, &reporter);
	if (s != ACRE_OK)
		return failed("map", acre_status_str(s));
	s = memmap_resolve(&map);
	if (s != ACRE_OK)
		return failed("resolve", acre_status_str(s));
	return expect_valid("map", memmap_validate(&map));
}

static void show_map(void)
{
	char size[FMT_SIZE_LEN];

	for (uint32_t i = 0; i < map.nregions; i++) {
		const struct memmap_region *r = &map.region[i];
		acre_print("lift: [0x%llx, 0x%llx) %s %s %s\n", (unsigned long long)r->range.start,
			   (unsigned long long)r->range.end,
			   fmt_size(size, acre_range_size(r->range)), memmap_kind_str(r->kind),
			   r->name);
	}
}

/* 3. Frames: one, a run at its alignment, and what happens to a wrong free. */

static bool use_frames(void)
{
	frame_count_t before = frame_free_count(&pool);
	frame_nr_t one = frame_alloc_zeroed(&pool);
	frame_nr_t run = frame_alloc_range(&pool, 512, 512 * FRAME_SIZE);

	if (!expect(one != FRAME_NONE && run != FRAME_NONE, "frames can be had"))
		return false;
	memset(frame_ptr(&pool, run), 0x5a, 512 * FRAME_SIZE);
	const uint64_t *words = frame_ptr(&pool, one);
	bool ok = expect(words[0] == 0 && words[511] == 0, "a zeroed frame is zeros");
	ok &= expect(frame_to_paddr(run) % (512 * FRAME_SIZE) == 0,
		     "a run is where it was asked for");
	ok &= expect(frame_free_range(&pool, run, 512) == ACRE_OK, "a run goes back");
	ok &= expect(frame_free(&pool, one) == ACRE_OK, "a frame goes back");

	unsigned reports = lift_bad_frees();
	ok &= expect(frame_free(&pool, one) == ACRE_ERR_NOT_ALLOCATED, "but only once");
	ok &= expect(lift_bad_frees() == reports + 1, "and the seam hears of it");
	ok &= expect(frame_free_count(&pool) == before, "nothing is lost");
	return ok && expect_valid("frames", frame_validate(&pool));
}

/* 4. A heap over some of the frames. */

static bool use_heap(void)
{
	frame_nr_t first = frame_alloc_range(&pool, HEAP_FRAMES, FRAME_SIZE);

	if (!expect(first != FRAME_NONE, "the heap gets its frames"))
		return false;
	heap_init(&heap);
	enum acre_status s =
		heap_add_region_self(&heap, frame_ptr(&pool, first), HEAP_FRAMES * FRAME_SIZE);
	if (s != ACRE_OK)
		return failed("heap", acre_status_str(s));

	char *text = heap_alloc(&heap, 40, acre_caller());
	uint64_t *table = heap_calloc(&heap, 100, sizeof(*table), acre_caller());
	void *far = heap_alloc_aligned(&heap, 64, 4096, acre_caller());
	bool ok = expect(text != NULL && table != NULL && far != NULL, "blocks can be had");
	if (ok) {
		fmt_buffer(text, 40, "%u frames feed a heap", HEAP_FRAMES);
		acre_print("lift: %s\n", text);
		ok &= expect(table[99] == 0, "calloc clears");
		ok &= expect((uintptr_t)far % 4096 == 0, "alignment is kept");
	}
	heap_free(&heap, far, acre_caller());
	heap_free_sized(&heap, table, 100 * sizeof(*table), acre_caller());
	heap_free(&heap, text, acre_caller());
	ok &= expect(lift_neighbours(&pool, &heap) == 0, "the core calls its own functions");

	struct heap_stats stats;
	heap_stats(&heap, &stats);
	ok &= expect(stats.used_bytes == 0 && stats.live_blocks == 0, "the heap is whole again");
	ok &= expect_valid("heap", heap_validate(&heap));
	return expect(frame_free_range(&pool, first, HEAP_FRAMES) == ACRE_OK,
		      "the heap's frames go back") &&
	       ok;
}

int lift_main(struct acre_range image, uint64_t offset)
{
	if (!read_map(image))
		return 1;
	/* 2. A pool over all that is usable; its tables are taken out of the map. */
	const struct hart_slots stocks =
		hart_slots_array(stock, sizeof(stock[0]), PLATFORM_MAX_HARTS);
	enum acre_status s = mm_init_frames(&pool, &map, offset, &stocks);
	if (s != ACRE_OK) {
		failed("pool", acre_status_str(s));
		return 1;
	}
	show_map();
	frame_count_t before = frame_free_count(&pool);
	if (!use_frames() || !use_heap() ||
	    !expect(frame_free_count(&pool) == before, "every frame came back"))
		return 1;
	acre_print("lift: %llu frames free of %llu\nlift: ok\n",
		   (unsigned long long)frame_free_count(&pool),
		   (unsigned long long)frame_managed_count(&pool));
	return 0;
}
