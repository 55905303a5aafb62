/* SPDX-License-Identifier: MIT */
/* heap_report.c - the kernel's heap: figures, classes, caches, and a map of its memory. */
#include "kernel/monitor/heap_report.h"

#include "kernel/command.h"
#include "kernel/memory/kernel_heap.h"
#include "kernel/monitor/grid.h"
#include "kernel/text.h"
#include "lib/bits.h"
#include "lib/compiler.h"
#include "lib/fmt.h"
#include "lib/print.h"
#include "lib/string.h"

#define MAP_ROWS 32u

void report_heap(void)
{
	struct heap_stats s;
	char total[FMT_SIZE_LEN];
	char used[FMT_SIZE_LEN];
	char peak[FMT_SIZE_LEN];
	char largest[FMT_SIZE_LEN];

	heap_stats(&kernel_heap, &s);
	acre_print("heap      %s in %u region%s, %s used in %llu blocks, peak %s, "
		   "largest free run %s\n",
		   fmt_size(total, s.total_bytes), s.regions, s.regions == 1 ? "" : "s",
		   fmt_size(used, s.used_bytes), (ull)s.live_blocks, fmt_size(peak, s.peak_bytes),
		   fmt_size(largest, s.largest_free));
	if (s.grown_bytes + s.placed_bytes + s.backed_bytes != 0)
		acre_print("          %s in frames: taken %llu times, given back %llu times; "
			   "and %s that it keeps\n",
			   fmt_size(total, s.grown_bytes + s.placed_bytes), (ull)s.grows,
			   (ull)s.shrinks, fmt_size(used, s.backed_bytes));
	acre_print("          %llu failures, %llu bad alignments, %llu refused frees\n",
		   (ull)s.count.failures, (ull)s.count.bad_alignments, (ull)s.count.refusals);
}

/* One line of the table of report_heap_classes(). */
static void report_class(unsigned class, const struct slab_stats *s)
{
	char size[FMT_SIZE_LEN];
	const char *what = class == SLAB_LARGE ? "large" : fmt_size(size, s->size);

	acre_print("  %-10s %6zu %7zu %8zu %9zu %10zu %10zu\n", s->name != NULL ? s->name : what,
		   s->slabs, s->peak, s->live, s->objects - s->live, s->live_bytes, s->bytes);
}

/* The heap by classes: its last column adds up to all of its memory. */
static void report_heap_classes(void)
{
	struct heap_stats h;
	struct slab_stats s;
	size_t in_objects = 0;

	report_heap();
	acre_print("  objects of  slabs    peak     live      free live bytes      bytes\n");
	for (unsigned class = 1; class <= SLAB_LARGE; class ++) {
		slab_class_stats(&kernel_heap.slabs, class, &s);
		in_objects += s.bytes;
		if (s.starts != 0)
			report_class(class, &s);
	}
	heap_stats(&kernel_heap, &h);
	const struct {
		const char *what;
		size_t bytes;
	} rest[] = {
		{ "rests of slabs", h.slab_bytes > in_objects ? h.slab_bytes - in_objects : 0 },
		{ "larger blocks", h.run_bytes },
		{ "tables in the heap", h.table_bytes },
		{ "free", h.free_bytes },
		{ "sum", h.total_bytes },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rest); i++)
		acre_print("  %-54s %10zu\n", rest[i].what, rest[i].bytes);
}

/* Where a request for @size bytes looks for an object. */
static void report_one_class(size_t size)
{
	unsigned class = 1;
	struct slab_stats s;

	while (class <= SLAB_CLASSES && slab_class_size(class) < size)
		class ++;
	if (class > SLAB_CLASSES) {
		acre_print("%zu bytes: no object, but a run of its own, or frames\n", size);
		return;
	}
	slab_class_stats(&kernel_heap.slabs, class, &s);
	acre_print("%zu bytes: an object of %zu bytes, of class %u", size, s.size, class);
	if (slab_shared_class(class) != class)
		acre_print("; or of %zu bytes, of class %u, while that class has a slab with room",
			   slab_class_size(slab_shared_class(class)), slab_shared_class(class));
	acre_print("\n");
	acre_print("  class %u: %zu slabs, at most %zu, started %llu times, given up %llu times; "
		   "%zu of %zu objects live\n",
		   class, s.slabs, s.peak, (ull)s.starts, (ull)s.retires, s.live, s.objects);
}

/* ---- caches ----------------------------------------------------------------------------------- */

static void report_caches(void)
{
	struct slab_stats s;

	acre_print("  cache        bytes   slabs    live    free     bytes in all\n");
	for (unsigned class = SLAB_CLASSES + 1; class < SLAB_LARGE; class ++) {
		slab_class_stats(&kernel_heap.slabs, class, &s);
		if (s.name == NULL)
			continue;
		acre_print("  %-10s %7zu %7zu %7zu %7zu %16zu\n", s.name, s.size, s.slabs, s.live,
			   s.objects - s.live, s.bytes);
		if (!command_more())
			return;
	}
}

COMMAND(caches) = {
	.name = "caches",
	.usage = "caches",
	.help = "the caches of objects of the heap",
	.example = "caches",
	.run = report_caches,
};

/* ---- the map ---------------------------------------------------------------------------------- */

/* Of the first byte of the part: 'a' for objects of 16 bytes, 'b' to 32, ... 'k' to 16 KiB. */
static void print_content(struct acre_range part, void *context)
{
	struct heap_block block;
	char sign;

	(void)context;
	if (heap_block_of(&kernel_heap, (void *)(uintptr_t)part.start, &block) != ACRE_OK)
		sign = ' ';
	else if (block.what == HEAP_OBJECT)
		sign = (char)('a' + bits_log2_ceil(block.bytes) - 4);
	else if (block.what == HEAP_RUN)
		sign = '#';
	else if (block.what == HEAP_TABLE)
		sign = 'T';
	else if (block.what == HEAP_FREE || block.what == HEAP_FREE_RUN)
		sign = '.';
	else
		sign = '-';
	acre_print("%c", sign);
}

static void map_regions(void)
{
	const struct buddy *buddy = &kernel_heap.runs.buddy;

	for (unsigned i = 0; i < buddy->nregions; i++) {
		const struct buddy_region *region = &buddy->region[i];
		if (region->size == 0)
			continue;
		acre_print("region %u\n", i);
		if (!grid_print((struct acre_range){ region->base, region->base + region->size },
				PAGE_MAP_FRAME, MAP_ROWS, print_content, NULL))
			return;
	}
	acre_print("  a sign is what its first byte belongs to: a object to 16 bytes, b to 32, ... "
		   "k to 16 KiB,\n"
		   "  - rest of a slab, # block with a run of its own, T table, . free\n");
}

/* ---- the command ------------------------------------------------------------------------------ */

static const char *word_of_heap(size_t i)
{
	return i == 0 ? "map" : NULL;
}

static void run_heap(unsigned nwords, char *const *word)
{
	uint64_t size;

	if (nwords == 0)
		report_heap_classes();
	else if (strcmp(word[0], "map") == 0)
		map_regions();
	else if (command_number(word[0], &size))
		report_one_class(size);
}

COMMAND(heap) = {
	.name = "heap",
	.usage = "heap [BYTES | map]",
	.help = "the kernel heap; where so many bytes come from; or what is where",
	.example = "heap 100",
	.candidate = word_of_heap,
	.max_words = 1,
	.run_words = run_heap,
};
