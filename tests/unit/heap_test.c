/* SPDX-License-Identifier: MIT */
/* Cases for mm/heap. */
#include "mm/heap/heap.h"

#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/fmt.h"
#include "lib/string.h"
#include "mm/heap/buddy_internal.h"
#include "tests/support/ktest.h"

#define HERE ((const void *)0xca11e4)

/*
 * The compiler knows from heap.h what an allocation is, and would refuse to build a case that
 * frees twice or asks for 2^64 bytes. What went through here it knows nothing about.
 */
static void *hide(void *p)
{
	void *volatile hidden = p;

	return hidden;
}

static size_t hide_size(size_t n)
{
	volatile size_t hidden = n;

	return hidden;
}

struct fixture {
	struct heap h;
	uint8_t *memory;
	uint8_t *table;
	size_t size;
};

/* A heap over @size bytes, @offset behind a multiple of @align. */
static struct fixture *make(size_t size, size_t align, size_t offset)
{
	struct fixture *f = ktest_alloc(sizeof(*f), 64);

	f->size = size;
	f->memory = (uint8_t *)ktest_alloc(size + offset, align) + offset;
	f->table = ktest_alloc(BUDDY_TABLE_SIZE(size), 8);
	heap_init(&f->h);
	REQUIRE_EQ(heap_add_region(&f->h, f->memory, size, f->table, BUDDY_TABLE_SIZE(size)),
		   ACRE_OK);
	REQUIRE_VALID(heap_validate(&f->h));
	return f;
}

static struct heap_stats stats_of(struct heap *h)
{
	struct heap_stats s;

	heap_stats(h, &s);
	return s;
}

static bool all_bytes(const void *p, uint8_t value, size_t n)
{
	const uint8_t *byte = p;

	for (size_t i = 0; i < n; i++) {
		if (byte[i] != value)
			return false;
	}
	return true;
}

static bool same_bytes(const void *a, const void *b, size_t size)
{
	return memcmp(a, b, size) == 0;
}

/* The bytes that a block for @size and @align has: written otherwise than in heap.c. */
static size_t block_size(size_t size, size_t align)
{
	size_t bytes = 16;

	while (bytes < size || bytes < align)
		bytes *= 2;
	return bytes;
}

/* ---- sizes and alignments ---------------------------------------------------------------- */

KTEST(heap, a_zeroed_heap_has_no_memory)
{
	struct heap *h = ktest_alloc(sizeof(*h), 64);

	memset(h, 0, sizeof(*h));
	EXPECT(heap_alloc(h, 1, HERE) == NULL);
	heap_free(h, NULL, HERE);
	EXPECT_EQ(stats_of(h).total_bytes, 0);
	EXPECT_EQ(stats_of(h).count.failures, 1);
}

/* 2^k - 1, 2^k and 2^k + 1 for every k: the next power of two, aligned to itself. */
KTEST(heap, gives_each_size_the_next_power_of_two)
{
	struct fixture *f = make(128 << 10, 4096, 0);

	for (unsigned k = 0; k <= 14; k++) {
		for (size_t size = ((size_t)1 << k) - 1; size <= ((size_t)1 << k) + 1; size++) {
			void *p = heap_alloc(&f->h, size, HERE);
			REQUIRE(p != NULL);
			size_t usable = heap_usable_size(&f->h, p);
			EXPECT_EQ(usable, block_size(size, 16));
			EXPECT(is_aligned((uintptr_t)p, usable));
			EXPECT_EQ(stats_of(&f->h).used_bytes, usable);
			memset(hide(p), 0xff, usable);
			REQUIRE_VALID(heap_validate(&f->h));
			heap_free(&f->h, p, HERE);
			REQUIRE_VALID(heap_validate(&f->h));
		}
	}
	EXPECT_EQ(stats_of(&f->h).used_bytes, 0);
}

KTEST(heap, size_0_is_a_block_of_its_own)
{
	struct fixture *f = make(1024, 1024, 0);
	void *a = heap_alloc(&f->h, 0, HERE);
	void *b = heap_zalloc(&f->h, 0, HERE);
	void *c = heap_calloc(&f->h, 0, 8, HERE);
	void *d = heap_calloc(&f->h, 8, 0, HERE);
	void *e = heap_realloc(&f->h, NULL, 0, HERE);

	EXPECT(a != NULL && b != NULL && c != NULL && d != NULL && e != NULL);
	EXPECT(a != b && b != c && c != d && d != e);
	EXPECT_EQ(heap_usable_size(&f->h, a), 16);
	e = heap_realloc(&f->h, e, 100, HERE);
	EXPECT_EQ(heap_usable_size(&f->h, e), 128);
	e = heap_realloc(&f->h, e, 0, HERE);
	EXPECT_EQ(heap_usable_size(&f->h, e), 16);
	EXPECT_EQ(stats_of(&f->h).live_blocks, 5);
	REQUIRE_VALID(heap_validate(&f->h));
	heap_free_sized(&f->h, a, 0, HERE);
	heap_free_sized(&f->h, b, 0, HERE);
	heap_free(&f->h, c, HERE);
	heap_free(&f->h, d, HERE);
	heap_free_sized(&f->h, e, 0, HERE);
	EXPECT_EQ(stats_of(&f->h).used_bytes, 0);
	REQUIRE_VALID(heap_validate(&f->h));
}

KTEST(heap, meets_every_alignment)
{
	struct fixture *f = make(128 << 10, 64 << 10, 0);
	static const size_t sizes[] = { 0, 1, 16, 17, 100, 4096, 5000 };

	for (size_t align = 1; align <= 64 << 10; align *= 2) {
		for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
			void *p = heap_alloc_aligned(&f->h, sizes[i], align, HERE);
			REQUIRE(p != NULL);
			EXPECT(is_aligned((uintptr_t)p, align));
			EXPECT(is_aligned((uintptr_t)p, 16));
			EXPECT_EQ(heap_usable_size(&f->h, p), block_size(sizes[i], align));
			REQUIRE_VALID(heap_validate(&f->h));
			heap_free_sized(&f->h, p, sizes[i], HERE);
			EXPECT_EQ(stats_of(&f->h).used_bytes, 0);
		}
	}
	EXPECT_EQ(ktest_bad_frees(), 0);
	/* There are such orders, but no such blocks here. */
	for (size_t align = 1 << 20; align <= HEAP_MAX_SIZE; align *= 2)
		EXPECT(heap_alloc_aligned(&f->h, 1, align, HERE) == NULL);
	REQUIRE_VALID(heap_validate(&f->h));
}

KTEST(heap, refuses_alignments_that_are_no_power_of_two)
{
	static const size_t aligns[] = { 0, 3, 24, 4095, 4097, ((size_t)1 << 32), SIZE_MAX };
	struct fixture *f = make(8192, 4096, 0);

	for (unsigned i = 0; i < ARRAY_SIZE(aligns); i++) {
		EXPECT(heap_alloc_aligned(&f->h, 16, aligns[i], HERE) == NULL);
		EXPECT_EQ(stats_of(&f->h).count.failures, i + 1);
		REQUIRE_VALID(heap_validate(&f->h));
	}
	EXPECT_EQ(stats_of(&f->h).used_bytes, 0);
}

KTEST(heap, refuses_sizes_beyond_the_largest_order)
{
	static const size_t sizes[] = {
		4097, 1 << 20, HEAP_MAX_SIZE, HEAP_MAX_SIZE + 1, (size_t)1 << 63, SIZE_MAX,
	};
	struct fixture *f = make(4096, 4096, 0);
	void *p = heap_alloc(&f->h, 10, HERE);

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT(heap_alloc(&f->h, hide_size(sizes[i]), HERE) == NULL);
		EXPECT(heap_zalloc(&f->h, hide_size(sizes[i]), HERE) == NULL);
		EXPECT(heap_realloc(&f->h, p, hide_size(sizes[i]), HERE) == NULL);
		EXPECT_EQ(stats_of(&f->h).count.failures, 3 * (i + 1));
		REQUIRE_VALID(heap_validate(&f->h));
	}
	EXPECT_EQ(stats_of(&f->h).used_bytes, 16);
	heap_free(&f->h, p, HERE);
}

KTEST(heap, calloc_clears_and_refuses_products_that_overflow)
{
	struct fixture *f = make(64 << 10, 4096, 0);
	static const size_t factors[][2] = {
		{ SIZE_MAX, 2 },
		{ 2, SIZE_MAX },
		{ (size_t)1 << 32, (size_t)1 << 32 },
		{ SIZE_MAX / 16 + 2, 16 }, /* the product would be 16 */
	};

	memset(f->memory, 0xa5, f->size / 2); /* free blocks: the links of the first are beyond */
	heap_init(&f->h);
	REQUIRE_EQ(heap_add_region(&f->h, f->memory, f->size, f->table, f->size / 16), ACRE_OK);
	for (size_t n = 1; n <= 2000; n += 1 + n / 3) {
		void *p = heap_calloc(&f->h, n, 7, HERE);
		REQUIRE(p != NULL);
		EXPECT(all_bytes(p, 0, n * 7));
		memset(p, 0xa5, n * 7);
		heap_free(&f->h, p, HERE);
		p = heap_zalloc(&f->h, n * 7, HERE);
		REQUIRE(p != NULL);
		EXPECT(all_bytes(p, 0, n * 7));
		memset(p, 0xa5, n * 7);
		heap_free_sized(&f->h, p, n * 7, HERE);
		REQUIRE_VALID(heap_validate(&f->h));
	}
	for (unsigned i = 0; i < ARRAY_SIZE(factors); i++) {
		EXPECT(heap_calloc(&f->h, hide_size(factors[i][0]), hide_size(factors[i][1]),
				   HERE) == NULL);
		EXPECT_EQ(stats_of(&f->h).count.failures, i + 1);
		EXPECT_EQ(stats_of(&f->h).last_failure.size, SIZE_MAX);
		REQUIRE_VALID(heap_validate(&f->h));
	}
	EXPECT_EQ(stats_of(&f->h).used_bytes, 0);
}

/* ---- realloc ----------------------------------------------------------------------------- */

static void fill(uint8_t *p, size_t n, uint8_t seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(seed + i * 7);
}

static bool is_filled(const uint8_t *p, size_t n, uint8_t seed)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] != (uint8_t)(seed + i * 7))
			return false;
	}
	return true;
}

KTEST(heap, realloc_keeps_contents_through_any_sizes)
{
	struct fixture *f = make(64 << 10, 4096, 0);
	uint8_t *block[4] = { 0 };
	size_t size[4] = { 0 };

	for (unsigned round = 0; round < 300; round++) {
		unsigned i = (unsigned)ktest_below(4);
		size_t to = ktest_below(1 + ktest_below(8000));
		uint8_t *p = heap_realloc(&f->h, block[i], to, HERE);

		REQUIRE_VALID(heap_validate(&f->h));
		size_t kept = to < size[i] ? to : size[i];
		if (p == NULL) {
			EXPECT(is_filled(block[i], size[i], (uint8_t)i));
			continue;
		}
		EXPECT(is_filled(p, kept, (uint8_t)i));
		EXPECT_EQ(heap_usable_size(&f->h, p), block_size(to, 16));
		fill(p, to, (uint8_t)i);
		block[i] = p;
		size[i] = to;
	}
	for (unsigned i = 0; i < 4; i++) {
		if (block[i] != NULL)
			heap_free_sized(&f->h, block[i], size[i], HERE);
	}
	EXPECT_EQ(ktest_bad_frees(), 0);
	EXPECT_EQ(stats_of(&f->h).used_bytes, 0);
	REQUIRE_VALID(heap_validate(&f->h));
}

KTEST(heap, realloc_stays_in_place_when_it_can)
{
	struct fixture *f = make(4096, 4096, 0);
	uint8_t *p = heap_alloc(&f->h, 1000, HERE);

	REQUIRE(p == f->memory);
	fill(p, 1000, 1);
	EXPECT(heap_realloc(&f->h, p, 1024, HERE) == p); /* the same order */
	EXPECT(heap_realloc(&f->h, p, 513, HERE) == p);
	EXPECT(heap_realloc(&f->h, p, 100, HERE) == p); /* shrinks */
	EXPECT_EQ(heap_usable_size(&f->h, p), 128);
	EXPECT_EQ(stats_of(&f->h).used_bytes, 128);
	EXPECT(heap_realloc(&f->h, p, 4096, HERE) == p); /* grows over all */
	EXPECT_EQ(stats_of(&f->h).free_bytes, 0);
	EXPECT(is_filled(p, 100, 1));
	EXPECT_EQ(stats_of(&f->h).count.resizes, 4);
	EXPECT_EQ(stats_of(&f->h).count.allocations, 1);
	EXPECT_EQ(stats_of(&f->h).count.frees, 0);
	REQUIRE_VALID(heap_validate(&f->h));
	heap_free(&f->h, p, HERE);
}

KTEST(heap, realloc_moves_when_it_must)
{
	struct fixture *f = make(4096, 4096, 0);
	uint8_t *p = heap_alloc(&f->h, 64, HERE);
	uint8_t *wall = heap_alloc(&f->h, 64, HERE);

	REQUIRE(p == f->memory && wall == p + 64);
	fill(p, 64, 3);
	uint8_t *q = heap_realloc(&f->h, p, 65, HERE);
	REQUIRE(q != NULL && q != f->memory);
	EXPECT(is_filled(q, 64, 3));
	EXPECT_EQ(heap_usable_size(&f->h, f->memory), 0);
	EXPECT_EQ(stats_of(&f->h).count.allocations, 3);
	EXPECT_EQ(stats_of(&f->h).count.frees, 1);
	EXPECT_EQ(stats_of(&f->h).count.resizes, 0);
	REQUIRE_VALID(heap_validate(&f->h));
	heap_free(&f->h, q, HERE);
	heap_free(&f->h, wall, HERE);
}

KTEST(heap, a_failed_realloc_leaves_the_block_as_it_was)
{
	struct fixture *f = make(1024, 1024, 0);
	uint8_t *p = heap_alloc(&f->h, 500, HERE);
	uint8_t *wall = heap_alloc(&f->h, 16, HERE);
	uint8_t *table_before = ktest_alloc(64, 8);
	struct buddy *before = ktest_alloc(sizeof(*before), 16);

	REQUIRE(p != NULL && wall != NULL);
	fill(hide(p), 512, 9); /* all of the block, of which the compiler knows 500 bytes */
	memcpy(table_before, f->table, 64);
	memcpy(before, &f->h.buddy, sizeof(*before));
	EXPECT(heap_realloc(&f->h, p, 513, HERE) == NULL);
	EXPECT(same_bytes(table_before, f->table, 64));
	EXPECT(same_bytes(before, &f->h.buddy, sizeof(*before)));
	EXPECT(is_filled(hide(p), 512, 9));
	struct heap_stats s = stats_of(&f->h);
	EXPECT_EQ(s.count.failures, 1);
	EXPECT_EQ(s.last_failure.size, 513);
	EXPECT(s.last_failure.caller == HERE);
	EXPECT_EQ(s.live_blocks, 2);
	REQUIRE_VALID(heap_validate(&f->h));
	heap_free_sized(&f->h, hide(p), 500, HERE);
	heap_free(&f->h, wall, HERE);
	EXPECT_EQ(ktest_bad_frees(), 0);
}

/* An aligned block becomes an ordinary one: from then on its size alone tells the order. */
KTEST(heap, realloc_of_an_aligned_block)
{
	struct fixture *f = make(8192, 4096, 0);
	void *p = heap_alloc_aligned(&f->h, 20, 4096, HERE);

	REQUIRE(p != NULL);
	EXPECT(heap_realloc(&f->h, p, 4000, HERE) == p);
	heap_free_sized(&f->h, hide(p), 20, HERE);
	EXPECT_EQ(ktest_bad_frees(), 1);
	EXPECT(heap_realloc(&f->h, hide(p), 30, HERE) == p);
	EXPECT_EQ(heap_usable_size(&f->h, p), 32);
	heap_free_sized(&f->h, hide(p), 30, HERE);
	EXPECT_EQ(ktest_bad_frees(), 0);
	EXPECT_EQ(stats_of(&f->h).used_bytes, 0);
}

/* ---- refusals ---------------------------------------------------------------------------- */

/* A refused free: one report, what it says, and nothing changed but the count. */
static void expect_refusal(struct fixture *f, void *ptr, size_t size, const char *what,
			   const void *start, size_t actual)
{
	size_t table_size = BUDDY_TABLE_SIZE(f->size);
	uint8_t *copy = ktest_alloc(sizeof(struct buddy) + table_size + f->size, 16);
	uint64_t refusals = f->h.count.refusals;

	memcpy(copy, &f->h.buddy, sizeof(struct buddy));
	memcpy(copy + sizeof(struct buddy), f->table, table_size);
	memcpy(copy + sizeof(struct buddy) + table_size, f->memory, f->size);
	if (size != 0)
		heap_free_sized(&f->h, ptr, size, HERE);
	else
		heap_free(&f->h, ptr, HERE);
	EXPECT(same_bytes(copy, &f->h.buddy, sizeof(struct buddy)));
	EXPECT(same_bytes(copy + sizeof(struct buddy), f->table, table_size));
	EXPECT(same_bytes(copy + sizeof(struct buddy) + table_size, f->memory, f->size));
	REQUIRE_VALID(heap_validate(&f->h));
	EXPECT_EQ(f->h.count.refusals, refusals + 1);
	EXPECT(!ticket_lock_held(&f->h.lock));

	EXPECT_EQ(ktest_bad_frees(), 1);
	const struct platform_bad_free *report = ktest_last_bad_free();
	EXPECT_STR(report->allocator, "heap");
	EXPECT_EQ(report->address, (uintptr_t)ptr);
	EXPECT_EQ(report->size, size);
	EXPECT(report->caller == HERE);
	EXPECT_STR(report->what, what);
	EXPECT_EQ(report->actual_start, (uintptr_t)start);
	EXPECT_EQ(report->actual_size, actual);
}

KTEST(heap, refuses_what_is_no_block_and_says_what_it_is)
{
	struct fixture *f = make(1024, 1024, 0);
	uint8_t *m = f->memory;
	uint8_t *a = hide(heap_alloc(&f->h, 64, HERE));
	uint8_t *b = hide(heap_alloc(&f->h, 64, HERE));

	REQUIRE(a == m && b == m + 64);
	expect_refusal(f, a + 16, 0, "inside a live block", a, 64);
	expect_refusal(f, a + 63, 0, "misaligned, inside a live block", a, 64);
	expect_refusal(f, a + 1, 64, "misaligned, inside a live block", a, 64);
	expect_refusal(f, m + 128, 0, "free already", m + 128, 128);
	expect_refusal(f, m + 512 + 32, 0, "free already, inside a free block", m + 512, 512);
	expect_refusal(f, m + 512 + 33, 0, "misaligned, inside a free block", m + 512, 512);
	expect_refusal(f, m + 1024, 0, "not in the heap", m + 1024, 0);
	expect_refusal(f, m - 1, 0, "not in the heap", m - 1, 0);
	expect_refusal(f, f, 0, "not in the heap", f, 0);
	expect_refusal(f, (void *)UINTPTR_MAX, 0, "not in the heap", (void *)UINTPTR_MAX, 0);
	heap_free(&f->h, hide(a), HERE);
	expect_refusal(f, a, 0, "free already", a, 64);
	expect_refusal(f, a, 64, "free already", a, 64);
	heap_free(&f->h, hide(b), HERE);
	expect_refusal(f, b, 0, "free already, inside a free block", m, 1024);
	EXPECT_EQ(stats_of(&f->h).used_bytes, 0);
	EXPECT_EQ(stats_of(&f->h).count.frees, 2);
}

KTEST(heap, refuses_a_size_that_could_not_have_made_the_block)
{
	struct fixture *f = make(16 << 10, 4096, 0);

	for (size_t size = 0; size <= 200; size++) {
		void *p = heap_alloc(&f->h, size, HERE);
		size_t usable = block_size(size, 16);
		size_t below = usable == 16 ? 0 : usable / 2;
		unsigned refused = 0;

		REQUIRE(p != NULL);
		for (size_t said = 1; said <= 300; said++) {
			if (said > below && said <= usable)
				continue;
			heap_free_sized(&f->h, hide(p), said, HERE);
			refused += ktest_bad_frees();
			REQUIRE_EQ(heap_usable_size(&f->h, p), usable);
		}
		EXPECT_EQ(refused, 300 - (usable - below));
		heap_free_sized(&f->h, hide(p), size, HERE);
		EXPECT_EQ(ktest_bad_frees(), 0);
		REQUIRE_EQ(heap_usable_size(&f->h, p), 0);
	}
	void *p = hide(heap_alloc(&f->h, 100, HERE));
	REQUIRE(p != NULL);
	heap_free_sized(&f->h, p, SIZE_MAX, HERE);
	EXPECT_EQ(ktest_bad_frees(), 1);
	EXPECT_STR(ktest_last_bad_free()->what, "a live block of another size");
	EXPECT_EQ(ktest_last_bad_free()->actual_size, 128);
	REQUIRE_VALID(heap_validate(&f->h));
}

KTEST(heap, a_sized_free_knows_blocks_that_alignment_made)
{
	struct fixture *f = make(16 << 10, 4096, 0);
	void *p = hide(heap_alloc_aligned(&f->h, 20, 4096, HERE));

	REQUIRE(p != NULL);
	expect_refusal(f, p, 4097, "a live block of another size", p, 4096);
	expect_refusal(f, p, 4096, "a live block of another size", p, 4096);
	expect_refusal(f, p, 2049, "a live block of another size", p, 4096);
	heap_free_sized(&f->h, p, 20, HERE);
	EXPECT_EQ(ktest_bad_frees(), 0);
	EXPECT_EQ(stats_of(&f->h).used_bytes, 0);
}

KTEST(heap, realloc_refuses_what_is_no_block)
{
	struct fixture *f = make(1024, 1024, 0);
	uint8_t *p = hide(heap_alloc(&f->h, 64, HERE));

	REQUIRE(p != NULL);
	EXPECT(heap_realloc(&f->h, p + 16, 100, HERE) == NULL);
	EXPECT_EQ(ktest_bad_frees(), 1);
	EXPECT_STR(ktest_last_bad_free()->what, "inside a live block");
	EXPECT(heap_realloc(&f->h, f, 100, HERE) == NULL);
	EXPECT_EQ(ktest_bad_frees(), 1);
	EXPECT_EQ(stats_of(&f->h).count.failures, 0);
	EXPECT_EQ(stats_of(&f->h).count.refusals, 2);
	EXPECT_EQ(stats_of(&f->h).live_blocks, 1);
	REQUIRE_VALID(heap_validate(&f->h));
}

KTEST(heap, free_of_null_is_nothing)
{
	struct fixture *f = make(1024, 1024, 0);

	heap_free(&f->h, NULL, HERE);
	heap_free_sized(&f->h, NULL, 100, HERE);
	EXPECT_EQ(ktest_bad_frees(), 0);
	EXPECT_EQ(stats_of(&f->h).count.frees, 0);
	EXPECT_EQ(heap_usable_size(&f->h, NULL), 0);
	REQUIRE_VALID(heap_validate(&f->h));
}

KTEST(heap, usable_size_of_what_is_no_block_is_0)
{
	struct fixture *f = make(1024, 1024, 0);
	uint8_t *p = heap_alloc(&f->h, 64, HERE);
	struct buddy_block block;

	REQUIRE(p != NULL);
	EXPECT_EQ(heap_usable_size(&f->h, p), 64);
	EXPECT_EQ(heap_usable_size(&f->h, hide(p + 1)), 0);
	EXPECT_EQ(heap_usable_size(&f->h, hide(p + 16)), 0);
	EXPECT_EQ(heap_usable_size(&f->h, f->memory + 64), 0);
	EXPECT_EQ(heap_usable_size(&f->h, f), 0);
	EXPECT_EQ(heap_block_of(&f->h, p + 63, &block), ACRE_OK);
	EXPECT(block.start == p && block.order == 6 && block.live);
	EXPECT_EQ(heap_block_of(&f->h, f->memory + 64, &block), ACRE_OK);
	EXPECT(block.start == f->memory + 64 && !block.live);
	EXPECT_EQ(heap_block_of(&f->h, f, &block), ACRE_ERR_RANGE);
	EXPECT_EQ(ktest_bad_frees(), 0);
	heap_free(&f->h, p, HERE);
}

/* ---- or panic ---------------------------------------------------------------------------- */

struct hungry {
	struct heap *h;
	size_t size, align;
};

static void ask_too_much(void *arg)
{
	struct hungry *hungry = arg;

	heap_free(hungry->h, heap_alloc_or_panic(hungry->h, hungry->size, hungry->align, HERE),
		  HERE);
}

KTEST(heap, or_panic_says_what_was_asked_and_how_the_heap_is)
{
	struct fixture *f = make(4096, 4096, 0);
	static const struct {
		size_t size, align;
		const char *start;
	} asked[] = {
		{ 5000, 16, "out of memory: 5000 bytes aligned to 16 for 0xca11e4: " },
		{ 1, 1 << 20, "out of memory: 1 bytes aligned to 1048576 for 0xca11e4: " },
		{ SIZE_MAX, 16,
		  "out of memory: 18446744073709551615 bytes aligned to 16 for 0xca11e4: " },
	};
	void *block = heap_alloc(&f->h, 1500, HERE);

	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		struct hungry hungry = { &f->h, asked[i].size, asked[i].align };
		char want[256];

		fmt_buffer(want, sizeof(want),
			   "%sthe heap has handed out 2 KiB of 4 KiB (peak 2 KiB) in 1 blocks, its "
			   "largest free block is 2 KiB, %zu requests failed",
			   asked[i].start, i + 1);
		EXPECT(ktest_panics(ask_too_much, &hungry));
		EXPECT_STR(ktest_panic_message(), want);
		REQUIRE_VALID(heap_validate(&f->h));
	}
	EXPECT_EQ(stats_of(&f->h).used_bytes, 2048);
	EXPECT(!ticket_lock_held(&f->h.lock));
	heap_free(&f->h, block, HERE);
}

KTEST(heap, or_panic_gives_memory_while_there_is_some)
{
	struct fixture *f = make(4096, 4096, 0);
	void *a = heap_alloc_or_panic(&f->h, 10, 256, HERE);

	EXPECT(is_aligned((uintptr_t)a, 256));
	EXPECT_EQ(stats_of(&f->h).live_blocks, 1);
	heap_free(&f->h, a, HERE);
}

/* ---- figures ----------------------------------------------------------------------------- */

KTEST(heap, counts_what_happens)
{
	struct fixture *f = make(4096, 4096, 0);
	void *a = heap_alloc(&f->h, 100, HERE);
	void *b = heap_zalloc(&f->h, 1000, HERE);

	REQUIRE(a != NULL && b != NULL);
	heap_free(&f->h, a, HERE);
	EXPECT(heap_alloc_aligned(&f->h, 3000, 64, HERE) == NULL);
	struct heap_stats s = stats_of(&f->h);
	EXPECT_EQ(s.total_bytes, 4096);
	EXPECT_EQ(s.used_bytes, 1024);
	EXPECT_EQ(s.free_bytes, 3072);
	EXPECT_EQ(s.largest_free, 2048);
	EXPECT_EQ(s.live_blocks, 1);
	EXPECT_EQ(s.regions, 1);
	EXPECT_EQ(s.count.requested_bytes, 1100);
	EXPECT_EQ(s.count.peak_bytes, 1152);
	EXPECT_EQ(s.count.allocations, 2);
	EXPECT_EQ(s.count.frees, 1);
	EXPECT_EQ(s.count.failures, 1);
	EXPECT_EQ(s.count.refusals, 0);
	EXPECT_EQ(s.last_failure.size, 3000);
	EXPECT_EQ(s.last_failure.align, 64);
	EXPECT(s.last_failure.caller == HERE);
	EXPECT(heap_realloc(&f->h, b, 2048, HERE) != NULL);
	EXPECT_EQ(stats_of(&f->h).count.peak_bytes, 3072); /* b had to move */
	EXPECT_EQ(stats_of(&f->h).count.requested_bytes, 3148);
}

KTEST(heap, exhausts_and_recovers_to_one_block)
{
	struct fixture *f = make(256 << 10, 256 << 10, 0);
	size_t count = 0;
	void **first = NULL;

	/* A chain through the blocks themselves: each holds the address of the one before. */
	for (void **p; (p = heap_alloc(&f->h, 33, HERE)) != NULL; count++) {
		*p = first;
		first = p;
	}
	EXPECT_EQ(count, (256 << 10) / 64);
	EXPECT_EQ(stats_of(&f->h).free_bytes, 0);
	EXPECT_EQ(stats_of(&f->h).count.failures, 1);
	REQUIRE_VALID(heap_validate(&f->h));
	for (size_t n = 0; first != NULL; n++) {
		void **next = *first;
		heap_free(&f->h, first, HERE);
		first = next;
		if (n % 256 == 0)
			REQUIRE_VALID(heap_validate(&f->h));
	}
	EXPECT_EQ(stats_of(&f->h).largest_free, 256 << 10);
	EXPECT_EQ(stats_of(&f->h).live_blocks, 0);
	REQUIRE_VALID(heap_validate(&f->h));
}

/* validate() must be able to fail. */
KTEST(heap, validate_sees_each_kind_of_damage)
{
	struct fixture *f = make(1024, 1024, 0);
	struct heap *h = &f->h;
	void *p = heap_alloc(h, 100, HERE);

	REQUIRE(p == f->memory);
	f->table[0] = buddy_head_live(7, 2);
	EXPECT_STR(heap_validate(h), "H2: a live block has a tag that does not exist");
	f->table[0] = buddy_head_live(7, 0);
	h->count.frees++;
	EXPECT_STR(heap_validate(h), "H2: the number of live blocks is not allocations - frees");
	h->count.frees--;
	h->count.peak_bytes = 127;
	EXPECT_STR(heap_validate(h), "H3: the peak is below what is handed out");
	h->count.peak_bytes = 1025;
	EXPECT_STR(heap_validate(h), "H3: the peak is above the total");
	h->count.peak_bytes = 128;
	h->buddy.max_order = 30;
	EXPECT_STR(heap_validate(h), "H1: the heap was not initialised");
	h->buddy.max_order = BUDDY_MAX_ORDER;
	h->buddy.free_bytes--;
	EXPECT_STR(heap_validate(h), "I7: free_bytes is not the sum of the free blocks");
	h->buddy.free_bytes++;
	REQUIRE_VALID(heap_validate(h));
	heap_free(h, p, HERE);
}

/* ---- regions ----------------------------------------------------------------------------- */

KTEST(heap, grows_by_regions_at_any_time)
{
	struct fixture *f = make(1024, 1024, 0);
	uint8_t *more = ktest_alloc(8192, 4096);

	void *a = heap_alloc(&f->h, 1024, HERE);
	REQUIRE(a != NULL);
	EXPECT(heap_alloc(&f->h, 1, HERE) == NULL);
	EXPECT_EQ(heap_add_region_self(&f->h, more, 8192), ACRE_OK);
	REQUIRE_VALID(heap_validate(&f->h));
	EXPECT_EQ(stats_of(&f->h).regions, 2);
	EXPECT_EQ(stats_of(&f->h).total_bytes, 1024 + 8192 / 17 * 16);
	void *b = heap_alloc(&f->h, 4096, HERE);
	EXPECT(b == more);
	EXPECT_EQ(heap_add_region_self(&f->h, more + 4096, 4096), ACRE_ERR_OVERLAP);
	EXPECT_EQ(heap_add_region(&f->h, f->memory, 512, f->table, 32), ACRE_ERR_OVERLAP);
	EXPECT_EQ(stats_of(&f->h).regions, 2);
	heap_free(&f->h, a, HERE);
	heap_free(&f->h, b, HERE);
	EXPECT_EQ(stats_of(&f->h).used_bytes, 0);
	REQUIRE_VALID(heap_validate(&f->h));
}

/* Every base and size: table and memory both lie inside, and nothing around is written. */
KTEST(heap, carves_the_table_from_the_region_itself)
{
	struct heap *h = ktest_alloc(sizeof(*h), 64);
	uint8_t *memory = ktest_alloc(512, 16);

	for (size_t offset = 0; offset <= 17; offset++) {
		for (size_t size = 0; size <= 400; size += 1 + size / 20) {
			size_t lost = (16 - offset % 16) % 16;
			size_t granules = size > lost ? (size - lost) / 17 : 0;

			memset(memory, 0xa5, 512);
			heap_init(h);
			EXPECT_EQ(heap_add_region_self(h, memory + offset, size),
				  granules != 0 ? ACRE_OK : ACRE_ERR_INVALID);
			EXPECT_EQ(stats_of(h).total_bytes, granules * 16);
			REQUIRE_VALID(heap_validate(h));
			for (void *p; (p = heap_alloc(h, 16, HERE)) != NULL;)
				memset(p, 0x5a, 16);
			REQUIRE_VALID(heap_validate(h));
			EXPECT(all_bytes(memory, 0xa5, offset));
			EXPECT(all_bytes(memory + offset + size, 0xa5, 512 - offset - size));
		}
	}
	heap_init(h);
	EXPECT_EQ(heap_add_region_self(h, memory, SIZE_MAX), ACRE_ERR_OVERFLOW);
}

/* ---- at random --------------------------------------------------------------------------- */

struct live {
	uint8_t *p;
	size_t size;
	size_t bytes; /* of the block */
	uint8_t seed;
};

struct model {
	struct fixture *f;
	struct live live[128];
	size_t used;
	uint64_t requested;
};

static void model_take(struct model *m, struct live *l)
{
	size_t size = ktest_below(1 + ktest_below(ktest_below(8) == 0 ? 20000 : 600));
	size_t align = ktest_below(4) == 0 ? (size_t)1 << ktest_below(13) : 16;
	size_t largest = stats_of(&m->f->h).largest_free;

	l->p = heap_alloc_aligned(&m->f->h, size, align, HERE);
	EXPECT_EQ(l->p != NULL, block_size(size, align) <= largest);
	if (l->p == NULL)
		return;
	EXPECT(is_aligned((uintptr_t)l->p, align));
	l->size = size;
	l->bytes = block_size(size, align);
	l->seed = (uint8_t)ktest_random();
	fill(l->p, size, l->seed);
	m->used += l->bytes;
	m->requested += size;
}

static void model_resize(struct model *m, struct live *l)
{
	size_t size = ktest_below(1 + ktest_below(3000));
	uint8_t *p = heap_realloc(&m->f->h, l->p, size, HERE);

	if (p == NULL) {
		EXPECT(is_filled(l->p, l->size, l->seed));
		return;
	}
	EXPECT(is_filled(p, size < l->size ? size : l->size, l->seed));
	m->used += block_size(size, 16) - l->bytes;
	m->requested += size;
	l->p = p;
	l->size = size;
	l->bytes = block_size(size, 16);
	fill(p, size, l->seed);
}

static void model_free(struct model *m, struct live *l)
{
	EXPECT(is_filled(l->p, l->size, l->seed));
	if (ktest_below(2) == 0)
		heap_free(&m->f->h, l->p, HERE);
	else
		heap_free_sized(&m->f->h, l->p, l->size, HERE);
	m->used -= l->bytes;
	l->p = NULL;
}

static void model_step(struct model *m)
{
	struct live *l = &m->live[ktest_below(ARRAY_SIZE(m->live))];

	if (l->p == NULL)
		model_take(m, l);
	else if (ktest_below(5) == 0)
		model_resize(m, l);
	else
		model_free(m, l);
	REQUIRE_VALID(heap_validate(&m->f->h));
	EXPECT_EQ(stats_of(&m->f->h).used_bytes, m->used);
	EXPECT_EQ(stats_of(&m->f->h).count.requested_bytes, m->requested);
}

static void run_model(struct fixture *f, unsigned steps)
{
	struct model *m = ktest_alloc(sizeof(*m), 64);
	size_t largest = stats_of(&f->h).largest_free;

	memset(m, 0, sizeof(*m));
	m->f = f;
	for (unsigned i = 0; i < steps; i++)
		model_step(m);
	for (unsigned i = 0; i < ARRAY_SIZE(m->live); i++) {
		if (m->live[i].p != NULL)
			model_free(m, &m->live[i]);
	}
	EXPECT_EQ(ktest_bad_frees(), 0);
	EXPECT_EQ(stats_of(&f->h).used_bytes, 0);
	EXPECT_EQ(stats_of(&f->h).largest_free, largest);
	REQUIRE_VALID(heap_validate(&f->h));
}

KTEST(heap, agrees_with_a_list_of_live_blocks)
{
	run_model(make(256 << 10, 4096, 0), 400);
}

KTEST(heap, agrees_with_a_list_at_an_odd_base_and_over_two_regions)
{
	struct fixture *f = make((96 << 10) + 77, 4096, 1003);

	REQUIRE_EQ(heap_add_region_self(&f->h, (uint8_t *)ktest_alloc(32 << 10, 16) + 5, 32000),
		   ACRE_OK);
	run_model(f, 400);
}
