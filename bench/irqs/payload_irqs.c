/* SPDX-License-Identifier: MIT */
/*
 * payload_irqs.c - a kernel that measures for how long it has interrupts off, part by part: the longest stretch
 * that each kind of work has, over work that is as bad for it as it can be. One hart, under -icount; the lines are
 * read by bench/run like all others. docs/locking.md says which of them are bounded, and by what.
 */
#include "bench/irqs/watch.h"
#include "bench/stocks.h"
#include "kernel/hart/clock.h"
#include "kernel/hart/csr.h"
#include "kernel/machine.h"
#include "kernel/memory/kernel_heap.h"
#include "kernel/memory/kmalloc.h"
#include "kernel/payload.h"
#include "kernel/trap/exit.h"
#include "kernel/trap/symbols.h"
#include "lib/compiler.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/frame/frame_scoped.h"
#include "mm/frame_backing.h"
#include "mm/heap/heap.h"
#include "selftest/irq_stress.h"

#define FIRST  0x80000u
#define CHUNKS 512u /* 1 GiB */
#define FRAMES ((frame_count_t)CHUNKS * CHUNK_BITS)
#define BLOCKS 64u
#define MANY   256u /* banks */

static struct frame_pool pool; /* of frame numbers: nobody touches the memory */
static struct frame_bank bank_table[MANY];

static void *metadata;
static uint64_t random_state;
static unsigned passed;
static unsigned failed;

static uint64_t below(uint64_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % n;
}

static void must(bool ok, const char *sentence)
{
	if (ok)
		return;
	failed++;
	exit_note_failure();
	acre_print("bench FAILED irqs_off: %s\n", sentence);
}

/* ---- a part ----------------------------------------------------------------------------------- */

static uint64_t longest_of_all;

static struct irqs_stretch measure(void (*work)(void))
{
	irqs_watch_reset();
	work();
	return irqs_watch_longest();
}

static void row(const char *name, struct irqs_stretch stretch)
{
	uint64_t offset;
	const char *site = symbol_find(stretch.site - 1, &offset);

	must(stretch.count != 0, name);
	passed++;
	acre_print("bench irqs_off.%s %llu instr worst=- site=%s\n", name,
		   (unsigned long long)stretch.instructions, site != NULL ? site : "-");
}

/* One whose bound does not depend on what is asked for. */
static void row_bounded(const char *name, void (*work)(void))
{
	struct irqs_stretch stretch = measure(work);

	row(name, stretch);
	if (stretch.instructions > longest_of_all)
		longest_of_all = stretch.instructions;
}

/* ---- frames ------------------------------------------------------------------------------------- */

static void make_pool(void)
{
	size_t bytes = frame_metadata_bytes(FRAMES);

	if (metadata == NULL)
		metadata = frame_ptr(&machine.frames,
				     frame_alloc_range(&machine.frames,
						       (bytes + FRAME_SIZE - 1) >> FRAME_SHIFT,
						       FRAME_SIZE));
	/* Setting up is for boot: off all the time, so that it is no stretch. */
	csr_clear(sstatus, SSTATUS_SIE);
	if (frame_pool_init(&pool, 0, bank_table, MANY, bench_stocks(&pool)) != ACRE_OK ||
	    frame_pool_add_bank(&pool, FIRST, FRAMES, metadata, bytes) != ACRE_OK ||
	    frame_insert(&pool, FIRST, FRAMES) != ACRE_OK)
		acre_panic("the pool to measure cannot be made");
	csr_set(sstatus, SSTATUS_SIE);
}

/* All chunks have changed since they were looked at. @kind: how many frames of each are left, and where. */
static void change_all(unsigned kind)
{
	for (uint64_t c = 0; c < CHUNKS; c++) {
		frame_nr_t first = FIRST + c * CHUNK_BITS;
		switch (kind) {
		case 0: /* all but one */
			must(frame_alloc_at(&pool, first + below(CHUNK_BITS), 1) == ACRE_OK,
			     "a free frame cannot be taken");
			break;
		case 1: /* every second one */
			for (frame_nr_t i = 0; i < CHUNK_BITS; i += 2)
				must(frame_alloc_at(&pool, first + i, 1) == ACRE_OK,
				     "a free frame cannot be taken");
			break;
		case 3: /* every fourth one: threes, none of which begins at a multiple of 2 or of 4 */
			for (frame_nr_t i = 0; i < CHUNK_BITS; i += 4)
				must(frame_alloc_at(&pool, first + i, 1) == ACRE_OK,
				     "a free frame cannot be taken");
			break;
		default: /* one */
			must(frame_alloc_at(&pool, first + 1, CHUNK_BITS - 1) == ACRE_OK,
			     "free frames cannot be taken");
		}
	}
}

/* Asked for where everything is stale: what there is, and what there is not. */
static void search(frame_count_t n, uint64_t align)
{
	frame_nr_t pfn = frame_alloc_range(&pool, n, align);

	if (pfn != FRAME_NONE)
		must(frame_free_range(&pool, pfn, n) == ACRE_OK, "a run cannot be freed");
}

static void search_all_kinds(void)
{
	static const frame_count_t length[] = { 1, 2, 3, 5, 16, 31, 64, 100, 333, 512 };

	for (unsigned kind = 0; kind < 3; kind++) {
		for (unsigned i = 0; i < ARRAY_SIZE(length); i++) {
			make_pool();
			change_all(kind);
			search(length[i], FRAME_SIZE);
			search(length[i], FRAME_SIZE);
		}
		for (unsigned order = 0; order <= CHUNK_ORDER; order++) {
			make_pool();
			change_all(kind);
			search(1ull << order, FRAME_SIZE << order);
			search(1ull << order, FRAME_SIZE << order);
		}
		make_pool();
		change_all(kind);
		must(frame_free_count(&pool) != 0, "nothing is free");
		must(!frame_pool_is_empty(&pool), "nothing is free");
	}
}

/* Down to the last one, in chunks that have one left each, and back. */
static void drain(void)
{
	make_pool();
	change_all(2);
	while (frame_alloc(&pool) != FRAME_NONE)
		;
	must(frame_pool_is_empty(&pool), "a frame was left");
	for (uint64_t c = 0; c < CHUNKS; c++)
		must(frame_free(&pool, FIRST + c * CHUNK_BITS + below(CHUNK_BITS)) == ACRE_OK,
		     "a frame cannot be freed");
	while (frame_alloc(&pool) != FRAME_NONE)
		;
	for (frame_nr_t pfn = FIRST; pfn < FIRST + FRAMES; pfn += CHUNK_BITS)
		must(frame_free_range(&pool, pfn, CHUNK_BITS) == ACRE_OK, "2 MiB cannot be freed");
}

static void churn(void)
{
	static struct {
		frame_nr_t pfn;
		frame_count_t n;
	} held[256];

	make_pool();
	for (unsigned i = 0; i < 20000; i++) {
		unsigned k = (unsigned)below(ARRAY_SIZE(held));
		if (held[k].n != 0) {
			must(frame_free_range(&pool, held[k].pfn, held[k].n) == ACRE_OK,
			     "a run cannot be freed");
			held[k].n = 0;
			continue;
		}
		held[k].n = i % 3 == 0 ? 1 + below(CHUNK_BITS) : 1ull << below(10);
		uint64_t align = i % 3 == 0 ? FRAME_SIZE : held[k].n << FRAME_SHIFT;
		held[k].pfn = frame_alloc_range(&pool, held[k].n, align);
		if (held[k].pfn == FRAME_NONE)
			held[k].n = 0;
	}
}

/* Neither at any frame, nor a power of two at its own alignment: nothing there is remembered of all chunks. */
static void odd_alignment(void)
{
	static const struct {
		unsigned kind;
		frame_count_t n;
		frame_count_t align;
	} none[] = {
		{ 1, 3, 16 },  { 3, 3, 2 },      { 3, 3, 16 },     { 3, 2, 16 }, { 3, 1, 4 },
		{ 3, 1, 512 }, { 0, 513, 1024 }, { 0, 700, 2048 }, { 1, 1, 2 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(none); i++) {
		make_pool();
		change_all(none[i].kind);
		for (unsigned twice = 0; twice < 2; twice++)
			must(frame_alloc_range(&pool, none[i].n, none[i].align * FRAME_SIZE) ==
				     FRAME_NONE,
			     "there is no such run");
	}
}

static void frames(void)
{
	search_all_kinds();
	drain();
	churn();
}

/* Debug mode, of real frames, since it writes to them: what it does with the lock does not grow with a run. */
#define REAL_FRAMES 4096u /* 16 MiB */
/*
 * Where in a chunk they begin has its part in the figure: always at the same place, however large
 * the image is.
 */
#define REAL_ALIGN (CHUNK_BITS / 4 * FRAME_SIZE)

/* The pool is of @n frames of the machine from @first on. */
static void make_real_pool(frame_nr_t first, frame_count_t n, frame_nr_t records)
{
	csr_clear(sstatus, SSTATUS_SIE);
	if (frame_pool_init(&pool, machine.frames.offset, bank_table, MANY, bench_stocks(&pool)) !=
		    ACRE_OK ||
	    frame_pool_add_bank(&pool, first, n, metadata, frame_metadata_bytes(n)) != ACRE_OK ||
	    (records != FRAME_NONE && frame_pool_debug(&pool, first, frame_ptr(&pool, records),
						       frame_record_bytes(n)) != ACRE_OK) ||
	    frame_insert(&pool, first, n) != ACRE_OK)
		acre_panic("the pool to measure cannot be made");
	csr_set(sstatus, SSTATUS_SIE);
}

static void frames_debug(void)
{
	size_t bytes = frame_record_bytes(REAL_FRAMES);
	frame_count_t nrecords = (bytes + FRAME_SIZE - 1) >> FRAME_SHIFT;
	FRAME_SCOPED(real) = frame_scoped_alloc_range(&machine.frames, REAL_FRAMES, REAL_ALIGN);
	FRAME_SCOPED(records) = frame_scoped_alloc_range(&machine.frames, nrecords, FRAME_SIZE);
	const frame_nr_t first = real.pfn;

	must(first != FRAME_NONE && records.pfn != FRAME_NONE, "16 MiB cannot be had");
	make_real_pool(first, REAL_FRAMES, records.pfn);
	search(REAL_FRAMES, FRAME_SIZE);
	search(3, 16 * FRAME_SIZE);
	while (frame_alloc(&pool) != FRAME_NONE)
		;
	for (frame_nr_t pfn = first; pfn < first + REAL_FRAMES; pfn += CHUNK_BITS)
		must(frame_free_range(&pool, pfn, CHUNK_BITS) == ACRE_OK, "2 MiB cannot be freed");
}

/* ---- what is listed apart ------------------------------------------------------------------------- */

/*
 * As many banks as there may be, of a chunk each, in which one frame is left, then none: what knows of each bank by
 * itself that it has nothing.
 */
static void make_banks(void)
{
	static char *tables;
	size_t bytes = frame_metadata_bytes(CHUNK_BITS);
	frame_count_t n = (bytes * MANY + FRAME_SIZE - 1) >> FRAME_SHIFT;

	if (tables == NULL)
		tables = frame_ptr(&machine.frames,
				   frame_alloc_range(&machine.frames, n, FRAME_SIZE));
	csr_clear(sstatus, SSTATUS_SIE);
	if (frame_pool_init(&pool, 0, bank_table, MANY, bench_stocks(&pool)) != ACRE_OK)
		acre_panic("the pool to measure cannot be made");
	for (uint64_t b = 0; b < MANY; b++) {
		frame_nr_t first = FIRST + 2 * b * CHUNK_BITS;
		if (frame_pool_add_bank(&pool, first, CHUNK_BITS, tables + b * bytes, bytes) !=
			    ACRE_OK ||
		    frame_insert(&pool, first, CHUNK_BITS) != ACRE_OK)
			acre_panic("the pool to measure cannot be made");
	}
	csr_set(sstatus, SSTATUS_SIE);
	for (uint64_t b = 0; b < MANY; b++)
		must(frame_alloc_at(&pool, FIRST + 2 * b * CHUNK_BITS + 1, CHUNK_BITS - 1) ==
			     ACRE_OK,
		     "free frames cannot be taken");
}

static void banks_256(void)
{
	make_banks();
	search(3, FRAME_SIZE); /* learns the chunks, and nothing of what is above them */
	search(2, 2 * FRAME_SIZE);
	search(3, 16 * FRAME_SIZE);
	while (frame_alloc(&pool) != FRAME_NONE)
		;
	must(frame_pool_is_empty(&pool), "a frame was left");
	search(3, FRAME_SIZE);
	must(frame_free(&pool, FIRST) == ACRE_OK, "a frame cannot be freed");
	must(frame_alloc(&pool) == FIRST && frame_alloc(&pool) == FRAME_NONE,
	     "not the one frame that is free");
}

static void run_of_1_gib(void)
{
	make_pool();
	frame_nr_t pfn = frame_alloc_range(&pool, FRAMES, FRAME_SIZE);
	must(pfn == FIRST && frame_free_range(&pool, pfn, FRAMES) == ACRE_OK,
	     "all in one run cannot be had");
	pfn = frame_alloc_range(&pool, FRAMES, (uint64_t)FRAMES << FRAME_SHIFT);
	must(pfn == FIRST && frame_free_range(&pool, pfn, FRAMES) == ACRE_OK,
	     "all in one run cannot be had");
}

/* ---- a heap that grows ---------------------------------------------------------------------------- */

static struct heap grown_heap;
static struct frame_backing backing_frames;

static void make_grown_heap(frame_nr_t arena, size_t bytes)
{
	csr_clear(sstatus, SSTATUS_SIE);
	frame_backing_init(&backing_frames, &machine.frames, NULL);
	heap_init(&grown_heap);
	if (heap_add_region_self(&grown_heap, frame_ptr(&machine.frames, arena), bytes) !=
		    ACRE_OK ||
	    heap_set_backing(&grown_heap, &backing_frames.backing) != ACRE_OK)
		acre_panic("the heap to measure cannot be made");
	csr_set(sstatus, SSTATUS_SIE);
}

/* No block of @bytes fits any more. */
static void fill_heap(size_t bytes)
{
	struct heap_stats stats;

	for (;;) {
		heap_stats(&grown_heap, &stats);
		if (stats.largest_free < bytes)
			return;
		must(heap_alloc(&grown_heap, bytes, NULL) != NULL, "there is no block");
	}
}

/*
 * A heap with @arena_bytes takes a region of @bytes for a block of @block, and gives it back: the first time with
 * leaves of the page map, which it keeps, and once more without.
 */
static void grow_and_shrink(size_t arena_bytes, size_t block, size_t bytes)
{
	const frame_count_t n = arena_bytes / FRAME_SIZE;
	FRAME_SCOPED(arena) = frame_scoped_alloc_range(&machine.frames, n, FRAME_SIZE);
	struct heap_stats stats;

	must(arena.pfn != FRAME_NONE, "there is no arena");
	make_grown_heap(arena.pfn, arena_bytes);
	fill_heap(block);
	for (unsigned i = 0; i < 2; i++) {
		void *last = heap_alloc(&grown_heap, block, NULL);
		heap_stats(&grown_heap, &stats);
		must(last != NULL && stats.grown_bytes == bytes, "the heap did not grow by that");
		heap_free(&grown_heap, last, NULL);
		must(heap_shrink(&grown_heap) == bytes, "the heap did not give back all");
	}
}

static void grow_2_mib(void)
{
	grow_and_shrink((size_t)1 << 20, (size_t)64 << 10, (size_t)2 << 20);
}

/* An eighth of what it has. */
static void grow_64_mib(void)
{
	grow_and_shrink((size_t)512 << 20, (size_t)4 << 20, (size_t)64 << 20);
}

static void validate_frames(void)
{
	make_pool();
	change_all(1);
	irqs_watch_reset();
	must(frame_validate(&pool) == NULL, "the pool is broken");
}

static void validate_heap(void)
{
	must(heap_validate(&kernel_heap) == NULL, "the heap is broken");
}

/* ---- the rest ------------------------------------------------------------------------------------- */

static void zeroing(void)
{
	frame_nr_t first = frame_alloc_range(&machine.frames, REAL_FRAMES, CHUNK_BITS * FRAME_SIZE);

	must(first != FRAME_NONE, "16 MiB cannot be had");
	make_real_pool(first, REAL_FRAMES, FRAME_NONE);
	for (unsigned i = 0; i < 8; i++) {
		frame_nr_t pfn = frame_alloc_range_zeroed(&pool, CHUNK_BITS, FRAME_SIZE);
		must(pfn != FRAME_NONE && frame_free_range(&pool, pfn, CHUNK_BITS) == ACRE_OK,
		     "2 MiB of zeros cannot be had");
		kfree(kzalloc(1 << 20));
	}
	must(frame_free_range(&machine.frames, first, REAL_FRAMES) == ACRE_OK,
	     "16 MiB cannot be given back");
}

static void heap(void)
{
	static void *block[BLOCKS];

	for (unsigned i = 0; i < 20000; i++) {
		void **b = &block[below(BLOCKS)];
		if (*b != NULL && below(4) == 0) {
			void *moved = krealloc(*b, 1ull << below(18));
			*b = moved != NULL ? moved : *b;
		} else if (*b != NULL) {
			kfree(*b);
			*b = NULL;
		} else {
			*b = kmalloc(1 + below(1ull << below(20)));
		}
	}
	for (unsigned i = 0; i < BLOCKS; i++) {
		kfree(block[i]);
		block[i] = NULL;
	}
	/* One granule out of everything, and back: all splits, all merges. */
	kfree(kmalloc(1));
	struct heap_stats stats;
	heap_stats(&kernel_heap, &stats);
}

static void console(void)
{
	static char text[ACRE_PRINT_LINE];

	memset(text, '#', sizeof(text) - 1);
	for (unsigned n = 1; n < 120; n += 17)
		acre_print("# %s\n", text + sizeof(text) - 1 - n);
}

static void handlers(void)
{
	struct irq_stress_rates rates = { .tick_hz = 10000 };
	const uint64_t end = clock_ticks() + clock_ticks_per_second() / 10;

	if (irq_stress_init() != ACRE_OK || irq_stress_set(&rates) != ACRE_OK)
		return;
	while (clock_ticks() < end)
		(void)below(2);
	rates.tick_hz = 0;
	(void)irq_stress_set(&rates);
}

static uint64_t bench_seed; /* seed=, 0 if there is none */
static const struct boot_argument bench_argument[] = {
	{ "seed", "seed=N", "of the workloads", bootargs_set_number },
};
const struct boot_arguments payload_arguments = { bench_argument, ARRAY_SIZE(bench_argument),
						  &bench_seed };

acre_noreturn void payload_run(const struct bootargs *args)
{
	uint64_t counted;

	(void)args;
	must(clock_instructions_since_entry(&counted),
	     "nobody counts instructions here (-icount shift=0,sleep=off)");
	random_state = bench_seed != 0 ? bench_seed : 1;
	acre_print("seed %llu\n", (unsigned long long)random_state);
	irqs_watch_traps();
	csr_set(sstatus, SSTATUS_SIE);
	row_bounded("frames", frames);
	row_bounded("odd_alignment_1gib", odd_alignment);
	row_bounded("heap", heap);
	row_bounded("zeroing", zeroing);
	row_bounded("handlers", handlers);
	row_bounded("console", console);
	row_bounded("frames_debug", frames_debug);
	row("longest", (struct irqs_stretch){ .instructions = longest_of_all, .count = 1 });
	row("banks_256", measure(banks_256));
	row("run_1gib", measure(run_of_1_gib));
	row("heap_grow_2mib", measure(grow_2_mib));
	row("heap_grow_64mib", measure(grow_64_mib));
	row("validate_frames_1gib", measure(validate_frames));
	row("validate_heap", measure(validate_heap));
	if (failed != 0)
		acre_print("FAIL %u failed, %u passed\n", failed, passed);
	else
		acre_print("PASS %u passed\n", passed);
	machine_exit(exit_verdict_so_far());
}
