/* SPDX-License-Identifier: MIT */
/*
 * callers.c - a report and a record name the function that took or freed, and no wrapper. The
 * functions that ask are in a section of their own, so that an address in one of them is told from
 * any other. callers.t builds this at several levels of optimisation, since what is inlined, and
 * which last call is a jump, depends on it.
 */
#include <setjmp.h>
#include <stdio.h>

#include "kernel/memory/kernel_heap.h"
#include "kernel/memory/kmalloc.h"
#include "lib/platform.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_scoped.h"
#include "mm/frame/frame_types.h"

#define USER __attribute__((__noinline__, __section__("users")))

#define FIRST  0x80200u
#define FRAMES 4u
#define RUN    2u

extern const char __start_users[];
extern const char __stop_users[];

struct heap kernel_heap;

static struct frame_pool pool;
static uint64_t metadata[256];
static uint64_t records[2 * FRAMES];
static uint8_t ram[FRAMES * FRAME_SIZE] acre_aligned_to(FRAME_SIZE);
static uint64_t arena[512];

static const void *const marker = metadata; /* the caller that is passed on */
static frame_nr_t pfn;                      /* what to free, or was taken */
static volatile enum acre_status status;
static void *volatile block;

static unsigned reports;
static const void *reported;
static jmp_buf panicked;
static unsigned failures;

void platform_write(const char *text, size_t len)
{
	fwrite(text, 1, len, stdout);
}

acre_noreturn void platform_panic(const void *caller, const char *message)
{
	(void)message;
	reports++;
	reported = caller;
	longjmp(panicked, 1);
}

void platform_bad_free(const struct platform_bad_free *report)
{
	reports++;
	reported = report->caller;
}

/* ---- the users: no call in here is the last of its function ------------------------------------- */

static USER void use_free(void)
{
	status = frame_free(&pool, pfn);
}

static USER void use_free_range(void)
{
	status = frame_free_range(&pool, pfn, RUN);
}

static USER void use_free_address(void)
{
	status = frame_free_address(&pool, frame_to_paddr(pfn));
}

static USER void use_free_ptr(void)
{
	status = frame_free_ptr(&pool, frame_ptr(&pool, pfn));
}

static USER void use_free_scoped(void)
{
	{
		FRAME_SCOPED(owner) = frame_scoped_of(&pool, pfn, 1);
		(void)owner.pfn; /* clang calls it unused */
	}
	status = ACRE_OK;
}

static USER void use_free_from(void)
{
	status = frame_free_from(&pool, pfn, marker);
}

static USER void use_free_range_from(void)
{
	status = frame_free_range_from(&pool, pfn, RUN, marker);
}

static USER void use_free_inside(void)
{
	status = frame_free_address(&pool, frame_to_paddr(pfn) + 8);
}

static USER void use_free_ptr_inside(void)
{
	status = frame_free_ptr(&pool, (char *)frame_ptr(&pool, pfn) + 8);
}

static USER void use_alloc(void)
{
	pfn = frame_alloc(&pool);
}

static USER void use_alloc_zeroed(void)
{
	pfn = frame_alloc_zeroed(&pool);
}

static USER void use_alloc_ptr(void)
{
	pfn = frame_of_ptr(&pool, frame_alloc_ptr(&pool));
}

static USER void use_alloc_scoped(void)
{
	struct frame_scoped owner = frame_scoped_alloc(&pool);

	pfn = frame_scoped_keep(&owner);
}

static USER void use_alloc_range_scoped(void)
{
	struct frame_scoped owner = frame_scoped_alloc_range(&pool, RUN, FRAME_SIZE);

	pfn = frame_scoped_keep(&owner);
}

static USER void use_alloc_range(void)
{
	pfn = frame_alloc_range(&pool, RUN, FRAME_SIZE);
}

static USER void use_alloc_natural(void)
{
	pfn = frame_alloc_range(&pool, RUN, RUN * FRAME_SIZE);
}

static USER void use_alloc_range_zeroed(void)
{
	pfn = frame_alloc_range_zeroed(&pool, RUN, FRAME_SIZE);
}

static USER void use_alloc_at(void)
{
	pfn = FIRST;
	status = frame_alloc_at(&pool, pfn, RUN);
}

static USER void use_alloc_from(void)
{
	pfn = frame_alloc_from(&pool, marker);
}

static USER void use_alloc_range_from(void)
{
	status = frame_alloc_range_from(&pool, RUN, FRAME_SIZE, &pfn, marker);
}

static USER void use_alloc_at_from(void)
{
	pfn = FIRST;
	status = frame_alloc_at_from(&pool, pfn, RUN, marker);
}

/* ---- frames ------------------------------------------------------------------------------------- */

struct use {
	const char *name;
	void (*by)(void);
	bool from; /* it passes the marker */
};

static const struct use frees[] = {
	{ "frame_free", use_free, false },
	{ "frame_free_range", use_free_range, false },
	{ "frame_free_address", use_free_address, false },
	{ "frame_free_ptr", use_free_ptr, false },
	{ "FRAME_SCOPED", use_free_scoped, false },
	{ "frame_free_from", use_free_from, true },
	{ "frame_free_range_from", use_free_range_from, true },
};

static const struct use misaligned[] = {
	{ "frame_free_address inside of a frame", use_free_inside, false },
	{ "frame_free_ptr inside of a frame", use_free_ptr_inside, false },
};

static const struct use takes[] = {
	{ "frame_alloc", use_alloc, false },
	{ "frame_alloc_zeroed", use_alloc_zeroed, false },
	{ "frame_alloc_ptr", use_alloc_ptr, false },
	{ "frame_scoped_alloc", use_alloc_scoped, false },
	{ "frame_scoped_alloc_range", use_alloc_range_scoped, false },
	{ "frame_alloc_range", use_alloc_range, false },
	{ "frame_alloc_range, a power of two", use_alloc_natural, false },
	{ "frame_alloc_range_zeroed", use_alloc_range_zeroed, false },
	{ "frame_alloc_at", use_alloc_at, false },
	{ "frame_alloc_from", use_alloc_from, true },
	{ "frame_alloc_range_from", use_alloc_range_from, true },
	{ "frame_alloc_at_from", use_alloc_at_from, true },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void expect(bool holds, const char *name, const char *what)
{
	if (holds)
		return;
	printf("%s: %s\n", name, what);
	failures++;
}

static bool is_named(const void *caller, bool from)
{
	return from ? caller == marker
		    : (const char *)caller >= __start_users && (const char *)caller < __stop_users;
}

static void expect_report(const struct use *use, const char *what)
{
	reports = 0;
	use->by();
	expect(reports == 1, use->name, "there was not one report");
	expect(is_named(reported, use->from), use->name, what);
}

static void expect_record(const struct use *use, const char *what)
{
	struct frame_past past = { 0 };

	expect(frame_past(&pool, pfn, &past), use->name, "there is no record");
	expect(past.what != NULL && strcmp(past.what, what) == 0, use->name, "another record");
	expect(is_named(past.caller, use->from), use->name, "the record names another function");
}

static void start(bool debug)
{
	static struct frame_bank bank[1];
	static struct frame_stock stock[1];
	const struct hart_slots stocks = hart_slots_array(stock, sizeof(stock[0]), 1);
	const uint64_t offset = (uint64_t)(uintptr_t)ram - frame_to_paddr(FIRST);
	bool ok = frame_pool_init(&pool, offset, bank, 1, &stocks) == ACRE_OK &&
		  frame_pool_add_bank(&pool, FIRST, FRAMES, metadata, sizeof(metadata)) == ACRE_OK;

	if (debug)
		ok &= frame_pool_debug(&pool, FIRST, records, sizeof(records)) == ACRE_OK;
	expect(ok && frame_insert(&pool, FIRST, FRAMES) == ACRE_OK, "the pool", "cannot be made");
}

/* Each frees frames twice. */
static void free_each(bool debug)
{
	for (unsigned i = 0; i < COUNT(frees); i++) {
		pfn = FIRST;
		expect(frame_alloc_at(&pool, pfn, RUN) == ACRE_OK, frees[i].name, "no frames");
		reports = 0;
		frees[i].by();
		expect(reports == 0, frees[i].name, "a right free was refused");
		if (debug)
			expect_record(&frees[i], "freed");
		expect_report(&frees[i], "the report of a double free names another function");
		if (frame_free_count(&pool) != FRAMES)
			(void)frame_free(&pool, pfn + 1);
	}
	pfn = FIRST;
	for (unsigned i = 0; i < COUNT(misaligned); i++)
		expect_report(&misaligned[i], "the report names another function");
}

/* Each takes frames that were written to after they were freed. */
static void take_each(void)
{
	for (unsigned i = 0; i < COUNT(takes); i++) {
		expect(frame_alloc_at(&pool, FIRST, FRAMES) == ACRE_OK &&
			       frame_free_range(&pool, FIRST, FRAMES) == ACRE_OK,
		       takes[i].name, "frames are missing");
		for (unsigned f = 0; f < FRAMES; f++)
			ram[f * FRAME_SIZE] ^= 1;
		reports = 0;
		takes[i].by();
		expect(reports != 0 && is_named(reported, takes[i].from), takes[i].name,
		       "the report of a frame that was written to names another function");
		expect_record(&takes[i], "taken");
		for (frame_nr_t f = FIRST; f < FIRST + FRAMES; f++) {
			if (!frame_is_free(&pool, f))
				(void)frame_free(&pool, f);
		}
		for (unsigned f = 0; f < FRAMES; f++) /* those that stayed free */
			memcpy(&ram[f * FRAME_SIZE], &ram[f * FRAME_SIZE + 8], 8);
	}
}

/* ---- the kernel's heap --------------------------------------------------------------------------- */

static volatile size_t huge = sizeof(arena) + 1;

static USER void use_kfree(void)
{
	kfree(block);
	status = ACRE_OK;
}

static USER void use_kfree_sized(void)
{
	kfree_sized(block, 1);
	status = ACRE_OK;
}

static USER void use_krealloc(void)
{
	block = krealloc(block, 1);
}

static USER void use_kmalloc_or_panic(void)
{
	if (setjmp(panicked) == 0)
		block = kmalloc_or_panic(huge);
}

static const struct use refused[] = {
	{ "kfree", use_kfree, false },
	{ "kfree_sized", use_kfree_sized, false },
	{ "krealloc", use_krealloc, false },
	{ "kmalloc_or_panic", use_kmalloc_or_panic, false },
};

static USER void fail_kmalloc(void)
{
	block = kmalloc(huge);
}

static USER void fail_kzalloc(void)
{
	block = kzalloc(huge);
}

static USER void fail_kcalloc(void)
{
	block = kcalloc(huge, 2);
}

static USER void fail_kmalloc_aligned(void)
{
	block = kmalloc_aligned(huge, 64);
}

static USER void fail_krealloc(void)
{
	block = krealloc(NULL, huge);
}

static const struct use failing[] = {
	{ "kmalloc", fail_kmalloc, false },
	{ "kzalloc", fail_kzalloc, false },
	{ "kcalloc", fail_kcalloc, false },
	{ "kmalloc_aligned", fail_kmalloc_aligned, false },
	{ "krealloc that fails", fail_krealloc, false },
};

static void blocks(void)
{
	heap_init(&kernel_heap);
	expect(heap_add_region_self(&kernel_heap, arena, sizeof(arena)) == ACRE_OK, "the heap",
	       "cannot be made");
	for (unsigned i = 0; i < COUNT(refused); i++) {
		block = (char *)arena + 8;
		expect_report(&refused[i], "the report names another function");
	}
	for (unsigned i = 0; i < COUNT(failing); i++) {
		kernel_heap.last_failure.caller = NULL;
		failing[i].by();
		expect(block == NULL, failing[i].name, "there is a block");
		expect(is_named(kernel_heap.last_failure.caller, false), failing[i].name,
		       "the failure names another function");
	}
}

int main(void)
{
	start(false);
	free_each(false);
	start(true);
	free_each(true);
	take_each();
	blocks();
	printf("%u failures\n", failures);
	return failures != 0;
}
