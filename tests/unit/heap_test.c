/* SPDX-License-Identifier: MIT */
/* Cases for mm/heap. */
#include "mm/heap/heap.h"

#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/fmt.h"
#include "lib/string.h"
#include "mm/heap/heap_internal.h"
#include "mm/heap/runs_internal.h"
#include "tests/support/ktest.h"

#define HERE ((const void *)0xca11e4)

/*
 * The compiler knows from heap.h what an allocation is, and would refuse to build a case that
 * frees twice or asks for 2^64 bytes; and one that compares an allocation with another pointer is
 * decided without looking, by gcc 16. What went through here it knows nothing about.
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
	size_t table_size;
	size_t size;
};

/* A heap over @size bytes, @offset after a multiple of @align. */
static struct fixture *make(size_t size, size_t align, size_t offset)
{
	struct fixture *f = ktest_alloc(sizeof(*f), 64);

	f->size = size;
	f->memory = (uint8_t *)ktest_alloc(size + offset, align) + offset;
	f->table_size = heap_table_bytes(size);
	f->table = ktest_alloc(f->table_size, 8);
	heap_init(&f->h);
	REQUIRE_EQ(heap_add_region(&f->h, f->memory, size, f->table, f->table_size), ACRE_OK);
	REQUIRE_VALID(heap_validate(&f->h));
	return f;
}

/* As it is after a while: no size shares the class of another. */
static struct fixture *make_unshared(size_t size, size_t align, size_t offset)
{
	struct fixture *f = make(size, align, offset);

	for (size_t i = 0; i < HEAP_SIZES; i++)
		f->h.serving[i] = f->h.class_of[i];
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

/* The bytes of an object for @size, at a multiple of @align: written otherwise than in slab.c. */
static size_t object_size(size_t size, size_t align)
{
	size_t bytes = 16;
	size_t step = 16;

	while (bytes < size || bytes % align != 0) {
		bytes += step;
		if (bytes == 16 * step)
			step *= 2;
	}
	return bytes;
}

static size_t run_size(size_t size)
{
	return size <= 2048 ? 2048 : (size + 511) / 512 * 512;
}

static size_t block_size(size_t size, size_t align)
{
	size_t object = align <= 4096 ? object_size(size, align) : SIZE_MAX;

	return size <= HEAP_MAX_OBJECT && object <= HEAP_MAX_OBJECT ? object : run_size(size);
}

static size_t power_of_two_from(size_t size)
{
	size_t power = 16;

	while (power < size)
		power *= 2;
	return power;
}

/*
 * At first sizes share the object of the next power of two. In a small arena, or where memory is
 * short, a run is what a larger object would be too.
 */
static bool is_block_size(size_t usable, size_t size, size_t align)
{
	return usable == block_size(size, align < 16 ? 16 : align) || usable == run_size(size) ||
	       (size <= HEAP_MAX_OBJECT && align <= 4096 &&
		usable == power_of_two_from(size > align ? size : align));
}

/* Is there no such block? One that there is goes back. */
static bool has_none(struct heap *h, size_t size, size_t align)
{
	void *p = heap_alloc_aligned(h, size, align, HERE);
	bool none = p == NULL;

	heap_free(h, p, HERE);
	return none;
}

/* Is all memory but that of tables unused, once no slab is kept any more? */
static bool is_whole(struct heap *h)
{
	struct heap_stats s;

	(void)slab_give_up_empty(&h->slabs);
	heap_stats(h, &s);
	return s.used_bytes == 0 && s.slab_bytes == 0 && s.live_blocks == 0 &&
	       s.free_bytes + s.table_bytes == s.total_bytes;
}

/* ---- sizes and alignments ---------------------------------------------------------------- */

KTEST(heap, a_zeroed_heap_has_no_memory)
{
	struct heap *h = ktest_alloc(sizeof(*h), 64);

	memset(h, 0, sizeof(*h));
	EXPECT_EQ(heap_add_region_self(h, ktest_alloc(8 << 10, 4096), 8 << 10), ACRE_ERR_INVALID);
	EXPECT_EQ(h->map.nregions, 0);
	EXPECT(heap_alloc(h, 1, HERE) == NULL);
	heap_free(h, NULL, HERE);
	EXPECT_EQ(stats_of(h).total_bytes, 0);
	EXPECT_EQ(stats_of(h).count.failures, 1);
}

/* Every size up to 2 KiB, and then some: never less, an eighth more at most, 16 apart at least. */
KTEST(heap, gives_each_size_its_class)
{
	struct fixture *f = make_unshared(128 << 10, 4096, 0);

	for (size_t size = 0; size <= 40000; size += 1 + (size > 2100) * (size / 50)) {
		void *p = heap_alloc(&f->h, size, HERE);
		REQUIRE(p != NULL);
		size_t usable = heap_usable_size(&f->h, p);
		EXPECT(is_block_size(usable, size, 16));
		EXPECT(usable >= size &&
		       (size < 128 || usable <= size + size / 8 + 1 || usable == run_size(size)));
		EXPECT(is_aligned((uintptr_t)p, 16));
		EXPECT_EQ(stats_of(&f->h).used_bytes, usable);
		memset(hide(p), 0xff, usable);
		heap_free(&f->h, p, HERE);
		if (size % 16 == 1)
			REQUIRE_VALID(heap_validate(&f->h));
	}
	EXPECT(is_whole(&f->h));
}

KTEST(heap, size_0_is_a_block_of_its_own)
{
	struct fixture *f = make_unshared(64 << 10, 4096, 0);
	void *a = hide(heap_alloc(&f->h, 0, HERE));
	void *b = hide(heap_zalloc(&f->h, 0, HERE));
	void *c = hide(heap_calloc(&f->h, 0, 8, HERE));
	void *d = hide(heap_calloc(&f->h, 8, 0, HERE));
	void *e = heap_realloc(&f->h, NULL, 0, HERE);

	EXPECT(a != NULL && b != NULL && c != NULL && d != NULL && e != NULL);
	EXPECT(a != b && b != c && c != d && d != e);
	EXPECT_EQ(heap_usable_size(&f->h, a), 16);
	e = heap_realloc(&f->h, e, 100, HERE);
	EXPECT_EQ(heap_usable_size(&f->h, e), 112);
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
			EXPECT(is_block_size(heap_usable_size(&f->h, p), sizes[i], align));
			REQUIRE_VALID(heap_validate(&f->h));
			heap_free_sized(&f->h, p, sizes[i], HERE);
			EXPECT_EQ(stats_of(&f->h).used_bytes, 0);
		}
	}
	EXPECT_EQ(ktest_bad_frees(), 0);
	/* There are such alignments; whether there is such a block depends on where the memory lies. */
	for (size_t align = 1 << 20; align <= HEAP_MAX_SIZE; align *= 2) {
		uintptr_t first = ((uintptr_t)f->memory + align - 1) & ~(align - 1);
		void *p = heap_alloc_aligned(&f->h, 1, align, HERE);
		EXPECT_EQ(p != NULL, first - (uintptr_t)f->memory < f->size);
		heap_free(&f->h, p, HERE);
	}
	REQUIRE_VALID(heap_validate(&f->h));
}

KTEST(heap, refuses_alignments_that_are_no_power_of_two)
{
	static const size_t aligns[] = { 0, 3, 24, 4095, 4097, ((size_t)1 << 32), SIZE_MAX };
	struct fixture *f = make(8192, 4096, 0);

	for (unsigned i = 0; i < ARRAY_SIZE(aligns); i++) {
		EXPECT(heap_alloc_aligned(&f->h, 16, aligns[i], HERE) == NULL);
		/* 2^32 is one, but of no block. */
		bool is_none = !is_power_of_two(aligns[i]);
		EXPECT_EQ(stats_of(&f->h).count.bad_alignments, i + is_none - (i == 6));
		EXPECT_EQ(stats_of(&f->h).count.failures, i >= 5);
		REQUIRE_VALID(heap_validate(&f->h));
	}
	EXPECT_EQ(stats_of(&f->h).used_bytes, 0);
}

KTEST(heap, refuses_sizes_beyond_the_largest_order)
{
	static const size_t sizes[] = {
		65537, 1 << 20, HEAP_MAX_SIZE, HEAP_MAX_SIZE + 1, (size_t)1 << 63, SIZE_MAX,
	};
	struct fixture *f = make(64 << 10, 4096, 0);
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

	memset(f->memory, 0xa5, f->size);
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

	for (unsigned round = 0; round < 1000; round++) {
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
		size_t usable = heap_usable_size(&f->h, p);
		EXPECT(usable >= to && (usable == block_size(to, 16) || usable / 2 <= to ||
					(usable == power_of_two_from(usable) && usable / 4 <= to)));
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

KTEST(heap, realloc_of_a_run_stays_in_place_when_it_can)
{
	struct fixture *f = make(256 << 10, 256 << 10, 0);
	uint8_t *p = heap_alloc(&f->h, 50000, HERE);

	REQUIRE(p != NULL);
	fill(p, 1000, 1);
	EXPECT(heap_realloc(&f->h, p, 50001, HERE) == p);
	EXPECT(heap_realloc(&f->h, p, 20000, HERE) == p); /* shrinks, to the granule */
	EXPECT_EQ(heap_usable_size(&f->h, p), run_size(20000));
	EXPECT(heap_realloc(&f->h, p, 5000, HERE) == p); /* as a run, though there is a class */
	EXPECT_EQ(heap_usable_size(&f->h, p), run_size(5000));
	EXPECT(heap_realloc(&f->h, p, 100000, HERE) == p); /* grows over all that is free there */
	EXPECT(is_filled(p, 1000, 1));
	REQUIRE_VALID(heap_validate(&f->h));
	uint8_t *q = heap_realloc(&f->h, p, 500, HERE); /* no run is so short */
	REQUIRE(q != NULL && q != p);
	EXPECT_EQ(heap_usable_size(&f->h, q), 512);
	EXPECT(is_filled(q, 500, 1));
	heap_free_sized(&f->h, q, 500, HERE);
	EXPECT(is_whole(&f->h));
}

/* A slab ends in the middle of a frame, and the run begins there. */
KTEST(heap, realloc_of_a_run_in_the_last_frame_of_a_slab_stays_in_place)
{
	struct fixture *f = make_unshared(256 << 10, 256 << 10, 0);
	uint8_t *object = heap_alloc(&f->h, 3000, HERE); /* 5 of 3 KiB */
	uint8_t *run = NULL;
	uint8_t *before[16] = { 0 };

	for (unsigned i = 0; i < 16 && run == NULL; i++) {
		before[i] = heap_alloc(&f->h, 16500, HERE);
		EXPECT(page_map_find(&f->h.map, (uintptr_t)before[i]) == NULL);
		if (page_map_find(&f->h.map, (uintptr_t)before[i] & -PAGE_MAP_FRAME) != NULL)
			run = before[i];
	}
	REQUIRE(object != NULL && run != NULL);
	EXPECT(heap_realloc(&f->h, run, 16000, HERE) == run);
	EXPECT_EQ(heap_usable_size(&f->h, run), 16384);
	for (unsigned i = 0; i < 16; i++)
		heap_free(&f->h, before[i], HERE);
	heap_free(&f->h, object, HERE);
	EXPECT(is_whole(&f->h));
}

KTEST(heap, realloc_of_an_object_stays_in_its_class_or_shrinks_by_half)
{
	struct fixture *f = make_unshared(256 << 10, 4096, 0);
	uint8_t *p = heap_alloc(&f->h, 1000, HERE);

	REQUIRE(p != NULL);
	fill(p, 1000, 1);
	EXPECT_EQ(heap_usable_size(&f->h, p), 1024);
	EXPECT(heap_realloc(&f->h, p, 1024, HERE) == p); /* the same class */
	EXPECT(heap_realloc(&f->h, p, 961, HERE) == p);
	heap_free_sized(&f->h, hide(p), 512, HERE);
	EXPECT_EQ(ktest_bad_frees(), 1);
	EXPECT(heap_realloc(&f->h, p, 512, HERE) == p); /* another one, and half of it is enough */
	EXPECT_EQ(heap_usable_size(&f->h, p), 1024);
	EXPECT(heap_realloc(&f->h, p, 256, HERE) == p); /* 513 may have been asked for */
	EXPECT(is_filled(p, 256, 1));
	uint8_t *q = heap_realloc(&f->h, p, 255, HERE);
	REQUIRE(q != NULL && q != p);
	EXPECT(is_filled(q, 255, 1));
	q = heap_realloc(&f->h, q, 512, HERE);
	REQUIRE(q != NULL);
	fill(q, 511, 1);
	EXPECT_EQ(heap_usable_size(&f->h, q), 512);
	EXPECT_EQ(heap_usable_size(&f->h, p), 0);
	q = heap_realloc(&f->h, q, 513, HERE); /* a larger class is another slab */
	REQUIRE(q != NULL);
	EXPECT_EQ(heap_usable_size(&f->h, q), 576);
	EXPECT(is_filled(q, 511, 1));
	EXPECT(heap_realloc(&f->h, q, 300, HERE) == q);
	heap_free_sized(&f->h, q, 300, HERE); /* what was asked for last */
	EXPECT_EQ(ktest_bad_frees(), 0);
	EXPECT(is_whole(&f->h));
}

/* Fills @f with blocks of @size after the @n that there are; how many then. */
static size_t fill_up(struct fixture *f, size_t size, void **block, size_t n)
{
	while (n < 256 && (block[n] = heap_alloc(&f->h, size, HERE)) != NULL)
		n++;
	REQUIRE(n < 256);
	return n;
}

KTEST(heap, a_realloc_that_cannot_move_shrinks_or_leaves_the_block_as_it_was)
{
	struct fixture *f = make(64 << 10, 4096, 0);
	void *block[256] = { 0 };
	size_t large = fill_up(f, 1000, block, 0);
	size_t n = fill_up(f, 100, block, large);

	REQUIRE(large > 8);
	uint64_t failures = stats_of(&f->h).count.failures;
	fill(hide(block[5]), 1024, 9);
	EXPECT(heap_realloc(&f->h, block[5], 20000, HERE) == NULL);
	EXPECT(is_filled(hide(block[5]), 1024, 9));
	struct heap_stats s = stats_of(&f->h);
	EXPECT_EQ(s.count.failures, failures + 1);
	EXPECT_EQ(s.last_failure.size, 20000);
	EXPECT(s.last_failure.caller == HERE);
	EXPECT_EQ(s.live_blocks, n);
	REQUIRE_VALID(heap_validate(&f->h));
	EXPECT(heap_realloc(&f->h, block[5], 100, HERE) ==
	       block[5]); /* nothing is free elsewhere */
	EXPECT_EQ(heap_usable_size(&f->h, block[5]), 1024);
	EXPECT_EQ(stats_of(&f->h).count.failures, failures + 1);
	for (size_t i = 0; i < n; i++)
		heap_free_sized(&f->h, block[i], i < large && i != 5 ? 1000 : 100, HERE);
	EXPECT_EQ(ktest_bad_frees(), 0);
	EXPECT(is_whole(&f->h));
}

/* ---- refusals ---------------------------------------------------------------------------- */

/* A refused free: one report, what it says, and nothing changed but the count. */
static void expect_refusal(struct fixture *f, void *ptr, size_t size, const char *what,
			   const void *start, size_t actual)
{
	uint8_t *table = ktest_alloc(f->table_size, 8);
	uint64_t refusals = f->h.count.refusals;
	size_t used = stats_of(&f->h).used_bytes;
	/* gcc's analyser would follow the pointer into each case, and be right about what it sees. */
	uintptr_t offset = hide_size((uintptr_t)ptr - (uintptr_t)f->memory);
	void *same = (void *)((uintptr_t)f->memory + offset);

	memcpy(table, f->table, f->table_size);
	if (size != 0)
		heap_free_sized(&f->h, same, size, HERE);
	else
		heap_free(&f->h, same, HERE);
	EXPECT(same_bytes(table, f->table, f->table_size));
	REQUIRE_VALID(heap_validate(&f->h));
	EXPECT_EQ(f->h.count.refusals, refusals + 1);
	EXPECT_EQ(stats_of(&f->h).used_bytes, used);
	EXPECT(!ticket_lock_held(&f->h.lock) && !ticket_lock_held(&f->h.runs.lock));

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

KTEST(heap, refuses_what_is_no_object_and_says_what_it_is)
{
	struct fixture *f = make_unshared(64 << 10, 4096, 0);
	uint8_t *a = hide(heap_alloc(&f->h, 144, HERE));
	uint8_t *b = hide(heap_alloc(&f->h, 144, HERE));

	REQUIRE(b == a + 144);
	expect_refusal(f, a + 16, 0, "inside a live block", a, 144);
	expect_refusal(f, a + 143, 0, "misaligned, inside a live block", a, 144);
	expect_refusal(f, a + 1, 144, "misaligned, inside a live block", a, 144);
	expect_refusal(f, b + 144, 0, "free already", b + 144, 144);
	expect_refusal(f, b + 160, 0, "free already, inside a free block", b + 144, 144);
	expect_refusal(f, b + 145, 0, "misaligned, inside a free block", b + 144, 144);
	expect_refusal(f, a + 28 * 144, 0, "between two blocks", a, 4096);
	heap_free(&f->h, hide(a), HERE);
	expect_refusal(f, a, 0, "free already", a, 144);
	expect_refusal(f, a, 144, "free already", a, 144);
	heap_free(&f->h, hide(b), HERE);
	expect_refusal(f, b, 0, "free already", b, 144);
	EXPECT(is_whole(&f->h));
}

KTEST(heap, refuses_what_is_no_run_and_says_what_it_is)
{
	struct fixture *f = make(64 << 10, 64 << 10, 0);
	uint8_t *m = f->memory;
	uint8_t *a = hide(heap_alloc(&f->h, 20000, HERE));

	REQUIRE(a == m);
	expect_refusal(f, a + 512, 0, "inside a live block", a, 20480);
	expect_refusal(f, a + 513, 0, "misaligned, inside a live block", a, 20480);
	expect_refusal(f, a, 20481, "a live block of another size", a, 20480);
	expect_refusal(f, a, 1, "a live block of another size", a, 20480);
	expect_refusal(f, m + (40 << 10), 0, "free already, inside a free block", m + 20480,
		       (64 << 10) - 20480);
	expect_refusal(f, m + (64 << 10), 0, "not in the heap", m + (64 << 10), 0);
	expect_refusal(f, m - 1, 0, "not in the heap", m - 1, 0);
	expect_refusal(f, f, 0, "not in the heap", f, 0);
	expect_refusal(f, (void *)UINTPTR_MAX, 0, "not in the heap", (void *)UINTPTR_MAX, 0);
	heap_free_sized(&f->h, hide(a), 20000, HERE);
	EXPECT_EQ(ktest_bad_frees(), 0);
	heap_free(&f->h, a, HERE);
	EXPECT_EQ(ktest_bad_frees(), 1);
	EXPECT_STR(ktest_last_bad_free()->what, "free already");
}

/* Whatever an owner writes, to a block that it has or had: the heap is as before. */
KTEST(heap, no_write_of_an_owner_breaks_it)
{
	struct fixture *f = make(64 << 10, 4096, 0);
	void *block[32];

	for (unsigned round = 0; round < 5; round++) {
		for (unsigned i = 0; i < 32; i++)
			block[i] = heap_alloc(&f->h, i * 37 % 2000, HERE);
		for (unsigned i = 0; i < 32; i += 2)
			heap_free(&f->h, block[i], HERE);
		for (size_t i = 0; i < f->size; i++) {
			struct heap_block at;
			if (heap_block_of(&f->h, f->memory + i, &at) != ACRE_OK ||
			    at.what != HEAP_TABLE) /* more descriptors of slabs than were lent */
				f->memory[i] = (uint8_t)ktest_random();
		}
		REQUIRE_VALID(heap_validate(&f->h));
		for (unsigned i = 1; i < 32; i += 2)
			heap_free(&f->h, block[i], HERE);
		EXPECT_EQ(ktest_bad_frees(), 0);
		EXPECT_EQ(stats_of(&f->h).used_bytes, 0);
	}
	EXPECT(is_whole(&f->h));
}

#define AFTER_FREE 5u

/* What its last owner may write to a block of @bytes at @p that is free, the @how-th of AFTER_FREE. */
static void write_after_free(void **p, size_t bytes, unsigned how, void *live)
{
	void *word[AFTER_FREE] = { p, NULL, live, (void *)UINTPTR_MAX, NULL };

	for (size_t i = 0; i < bytes / sizeof(*p); i++)
		p[i] = how == AFTER_FREE - 1 ? (void *)(uintptr_t)ktest_random() : word[how];
}

struct marked {
	uint64_t *p;
	size_t bytes;
};

/* All of a block says its number. */
static void mark(struct heap *h, struct marked *block, void *p, size_t number)
{
	block->p = p;
	block->bytes = heap_usable_size(h, p);
	for (size_t i = 0; i < block->bytes / sizeof(*block->p); i++)
		block->p[i] = number;
}

static bool is_marked(const struct marked *block, size_t number)
{
	for (size_t i = 0; i < block->bytes / sizeof(*block->p); i++) {
		if (block->p[i] != number)
			return false;
	}
	return true;
}

/* As a realloc of nothing: gcc's analyser mixes up the elements of an array of what it sees allocated. */
static void *take(struct heap *h, size_t size)
{
	return heap_realloc(h, NULL, size, HERE);
}

static bool is_object(const struct heap *h, const void *p)
{
	struct slab *slab = page_map_find(&h->map, (uintptr_t)p);
	struct slab_object object;

	return slab != NULL && slab_object_of(slab, p, &object);
}

/*
 * Every second of @n blocks goes back, is written to, and is taken again: all that are objects, as
 * none of their slabs is empty. Of runs there may be fewer, if the memory is cut in another way.
 */
static void free_and_take_again(struct heap *h, size_t size, struct marked *block, size_t n,
				unsigned how)
{
	size_t objects = 0;
	size_t again = 0;

	for (size_t i = 0; i < n; i += 2) {
		objects += is_object(h, block[i].p);
		heap_free(h, block[i].p, HERE);
	}
	for (size_t i = 0; i < n; i += 2)
		write_after_free((void **)block[i].p, block[i].bytes, how, block[1].p);
	REQUIRE_VALID(heap_validate(h));
	for (size_t i = 0; i < n; i += 2) {
		void *p = take(h, size);
		again += p != NULL;
		mark(h, &block[i], p, i);
	}
	EXPECT(again >= objects && again != 0);
}

/* All that there is, of which half goes back and is taken again. */
static void write_after_each_free(struct heap *h, size_t size, struct marked *block, unsigned how)
{
	size_t n = 0;

	for (void *p; (p = take(h, size)) != NULL; n++)
		mark(h, &block[n], p, n);
	REQUIRE(n >= 2);
	free_and_take_again(h, size, block, n, how);
	for (size_t i = 0; i < n; i++) {
		EXPECT(is_marked(&block[i], i));
		heap_free(h, block[i].p, HERE);
	}
	EXPECT_EQ(ktest_bad_frees(), 0);
	EXPECT(is_whole(h));
	REQUIRE_VALID(heap_validate(h));
}

/* A list head that is set to itself, a link that is set to NULL: no block is lost or had twice. */
KTEST(heap, what_is_written_after_a_free_costs_no_block)
{
	static const size_t sizes[] = { 16, 32, 200, 2000, 3000, 9000 };
	struct fixture *f = make(64 << 10, 64 << 10, 0);
	struct marked *block = ktest_alloc((f->size / 16 + 1) * sizeof(*block), 8);

	for (unsigned s = 0; s < ARRAY_SIZE(sizes); s++) {
		for (unsigned how = 0; how < AFTER_FREE; how++)
			write_after_each_free(&f->h, sizes[s], block, how);
	}
}

/* The same where one block is free, and its neighbour is not: it is had once. */
KTEST(heap, a_list_head_in_a_freed_block_gives_no_block_twice)
{
	static const size_t sizes[] = { 32, 9000 };

	for (unsigned s = 0; s < ARRAY_SIZE(sizes); s++) {
		for (unsigned how = 0; how < AFTER_FREE; how++) {
			struct fixture *f = make(64 << 10, 4096, 0);
			void *a = heap_alloc(&f->h, sizes[s], HERE);
			void **after = hide(a);
			void *keep = heap_alloc(&f->h, sizes[s], HERE);
			heap_free(&f->h, a, HERE);
			write_after_free(after, sizes[s], how, keep);
			void *x = heap_zalloc(&f->h, sizes[s], HERE);
			void *y = heap_zalloc(&f->h, sizes[s], HERE);
			EXPECT(x != NULL && y != NULL && x != y && x != keep && y != keep);
			EXPECT_EQ(stats_of(&f->h).live_blocks, 3);
			REQUIRE_VALID(heap_validate(&f->h));
		}
	}
}

KTEST(heap, refuses_a_size_that_could_not_have_made_the_block)
{
	struct fixture *f = make_unshared(64 << 10, 4096, 0);

	for (size_t size = 0; size <= 400; size += 1 + size / 40) {
		void *p = heap_alloc(&f->h, size, HERE);
		size_t usable = block_size(size, 16);
		unsigned refused = 0;
		unsigned right = 0;

		REQUIRE(p != NULL);
		for (size_t said = 1; said <= 500; said++) {
			/* Of its class, or of one that shared it. */
			if (block_size(said, 16) == usable || power_of_two_from(said) == usable) {
				right++;
				continue;
			}
			heap_free_sized(&f->h, hide(p), said, HERE);
			refused += ktest_bad_frees();
			REQUIRE_EQ(heap_usable_size(&f->h, p), usable);
		}
		EXPECT_EQ(refused, 500 - right);
		heap_free_sized(&f->h, hide(p), size, HERE);
		EXPECT_EQ(ktest_bad_frees(), 0);
		REQUIRE_EQ(heap_usable_size(&f->h, p), 0);
	}
	void *p = hide(heap_alloc(&f->h, 100, HERE));
	REQUIRE(p != NULL);
	heap_free_sized(&f->h, hide(p), SIZE_MAX, HERE);
	EXPECT_EQ(ktest_bad_frees(), 1);
	EXPECT_STR(ktest_last_bad_free()->what, "a live block of another size");
	EXPECT_EQ(ktest_last_bad_free()->actual_size, 112);
	/* One that moved is no block for less than it was asked for. */
	p = hide(heap_realloc(&f->h, p, 300, HERE));
	EXPECT_EQ(heap_usable_size(&f->h, p), 320);
	expect_refusal(f, p, 200, "a live block of another size", p, 320);
	heap_free_sized(&f->h, p, 300, HERE);
	EXPECT_EQ(ktest_bad_frees(), 0);
	REQUIRE_VALID(heap_validate(&f->h));
}

KTEST(heap, a_sized_free_knows_blocks_that_alignment_made)
{
	struct fixture *f = make(64 << 10, 4096, 0);
	void *p = hide(heap_alloc_aligned(&f->h, 20, 2048, HERE));

	REQUIRE(p != NULL);
	EXPECT_EQ(heap_usable_size(&f->h, p), 2048);
	expect_refusal(f, p, 2049, "a live block of another size", p, 2048);
	heap_free_sized(&f->h, p, 20, HERE);
	EXPECT_EQ(ktest_bad_frees(), 0);
	p = hide(heap_alloc(&f->h, 2048, HERE)); /* the same object, asked for as it is */
	expect_refusal(f, p, 20, "a live block of another size", p, 2048);
	heap_free_sized(&f->h, p, 2048, HERE);
	p = hide(heap_alloc_aligned(&f->h, 20, 8192, HERE)); /* a run: exact to the granule */
	EXPECT_EQ(heap_usable_size(&f->h, p), 2048);
	expect_refusal(f, p, 2049, "a live block of another size", p, 2048);
	heap_free_sized(&f->h, p, 20, HERE);
	EXPECT_EQ(ktest_bad_frees(), 0);
	EXPECT(is_whole(&f->h));
}

KTEST(heap, realloc_refuses_what_is_no_block)
{
	struct fixture *f = make(64 << 10, 4096, 0);
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
	heap_free(&f->h, p, HERE);
}

KTEST(heap, free_of_null_is_nothing)
{
	struct fixture *f = make(1024, 1024, 0);

	heap_free(&f->h, NULL, HERE);
	heap_free_sized(&f->h, NULL, 100, HERE);
	EXPECT_EQ(ktest_bad_frees(), 0);
	EXPECT_EQ(stats_of(&f->h).count.refusals, 0);
	EXPECT_EQ(heap_usable_size(&f->h, NULL), 0);
	REQUIRE_VALID(heap_validate(&f->h));
}

KTEST(heap, usable_size_of_what_is_no_block_is_0)
{
	struct fixture *f = make(64 << 10, 4096, 0);
	uint8_t *p = heap_alloc(&f->h, 64, HERE);

	REQUIRE(p != NULL);
	EXPECT_EQ(heap_usable_size(&f->h, p), 64);
	EXPECT_EQ(heap_usable_size(&f->h, hide(p + 1)), 0);
	EXPECT_EQ(heap_usable_size(&f->h, hide(p + 16)), 0);
	EXPECT_EQ(heap_usable_size(&f->h, hide(p + 64)), 0);
	EXPECT_EQ(heap_usable_size(&f->h, f->memory + (60 << 10)), 0);
	EXPECT_EQ(heap_usable_size(&f->h, f), 0);
	EXPECT_EQ(ktest_bad_frees(), 0);
	heap_free(&f->h, p, HERE);
}

KTEST(heap, says_what_every_byte_belongs_to)
{
	struct fixture *f = make(256 << 10, 4096, 0);
	uint8_t *object = heap_alloc(&f->h, 1000, HERE);
	uint8_t *run = heap_alloc(&f->h, 20000, HERE);
	struct heap_block block;

	REQUIRE(object != NULL && run != NULL);
	EXPECT_EQ(heap_block_of(&f->h, object + 1023, &block), ACRE_OK);
	EXPECT(block.what == HEAP_OBJECT && block.live && block.index == 0);
	EXPECT(block.start == object && block.bytes == 1024);
	EXPECT_EQ(heap_block_of(&f->h, object + 1024 * 5 + 7, &block), ACRE_OK);
	EXPECT(block.what == HEAP_OBJECT && !block.live && block.index == 5);
	EXPECT(block.start == object + 1024 * 5);
	EXPECT_EQ(heap_block_of(&f->h, run + 19999, &block), ACRE_OK);
	EXPECT(block.what == HEAP_RUN && block.live && block.start == run && block.bytes == 20480);
	EXPECT_EQ(heap_block_of(&f->h, f->memory + f->size - 1, &block), ACRE_OK);
	EXPECT((block.what == HEAP_FREE || block.what == HEAP_FREE_RUN) && !block.live);
	EXPECT_EQ(heap_block_of(&f->h, f, &block), ACRE_ERR_RANGE);
	EXPECT_EQ(heap_block_of(&f->h, NULL, &block), ACRE_ERR_RANGE);
	heap_free(&f->h, object, HERE);
	heap_free(&f->h, run, HERE);
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
	struct fixture *f = make(64 << 10, 64 << 10, 0);
	static const struct {
		size_t size, align;
		const char *start;
	} asked[] = {
		{ 70000, 16, "out of memory: 70000 bytes aligned to 16 for 0xca11e4: " },
		{ 1, 1 << 20, "out of memory: 1 bytes aligned to 1048576 for 0xca11e4: " },
		{ SIZE_MAX, 16,
		  "out of memory: 18446744073709551615 bytes aligned to 16 for 0xca11e4: " },
	};
	void *block = heap_alloc(&f->h, 32 << 10, HERE);

	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		struct hungry hungry = { &f->h, asked[i].size, asked[i].align };
		char want[256];

		fmt_buffer(
			want, sizeof(want),
			"%sthe heap has handed out 32 KiB of 64 KiB (peak 32 KiB) in 1 blocks, its "
			"largest free run is 32 KiB, %zu requests failed",
			asked[i].start, i + 1);
		EXPECT(ktest_panics(ask_too_much, &hungry));
		EXPECT_STR(ktest_panic_message(), want);
		REQUIRE_VALID(heap_validate(&f->h));
	}
	struct hungry crooked = { &f->h, 10, 24 };
	EXPECT(ktest_panics(ask_too_much, &crooked));
	EXPECT_STR(ktest_panic_message(),
		   "10 bytes aligned to 24 for 0xca11e4: that is no power of two");
	EXPECT(!ticket_lock_held(&f->h.lock) && !ticket_lock_held(&f->h.runs.lock));
	heap_free(&f->h, block, HERE);
}

KTEST(heap, or_panic_gives_memory_while_there_is_some)
{
	struct fixture *f = make(64 << 10, 4096, 0);
	void *a = heap_alloc_or_panic(&f->h, 10, 256, HERE);

	EXPECT(is_aligned((uintptr_t)a, 256));
	EXPECT_EQ(stats_of(&f->h).live_blocks, 1);
	heap_free(&f->h, a, HERE);
}

/* ---- figures ----------------------------------------------------------------------------- */

KTEST(heap, counts_what_there_is)
{
	struct fixture *f = make_unshared(256 << 10, 4096, 0);
	void *a = heap_alloc(&f->h, 100, HERE);
	void *b = heap_zalloc(&f->h, 1000, HERE);
	void *c = heap_alloc(&f->h, 20000, HERE);

	REQUIRE(a != NULL && b != NULL && c != NULL);
	EXPECT(has_none(&f->h, 300000, 64));
	struct heap_stats s = stats_of(&f->h);
	EXPECT_EQ(s.total_bytes, 256 << 10);
	EXPECT_EQ(s.used_bytes, 112 + 1024 + 20480);
	EXPECT_EQ(s.object_bytes, 112 + 1024);
	EXPECT_EQ(s.run_bytes, 20480);
	EXPECT_EQ(s.slab_bytes, 8192 + 8192);
	EXPECT_EQ(s.table_bytes, 0);
	EXPECT_EQ(s.free_bytes, (256 << 10) - 20480 - 16384);
	EXPECT_EQ(s.peak_bytes, 20480 + 16384);
	EXPECT_EQ(s.live_blocks, 3);
	EXPECT_EQ(s.regions, 1);
	EXPECT_EQ(s.count.failures, 1);
	EXPECT_EQ(s.count.refusals, 0);
	EXPECT_EQ(s.last_failure.size, 300000);
	EXPECT_EQ(s.last_failure.align, 64);
	EXPECT(s.last_failure.caller == HERE);
	heap_free(&f->h, a, HERE);
	heap_free(&f->h, b, HERE);
	heap_free(&f->h, c, HERE);
	s = stats_of(&f->h);
	EXPECT_EQ(s.used_bytes, 0);
	EXPECT_EQ(s.slab_bytes, 8192 + 8192); /* one of each class is kept */
	EXPECT_EQ(s.peak_bytes, 20480 + 16384);
	void *all = hide(heap_alloc(&f->h, 256 << 10, HERE)); /* until it is needed */
	EXPECT(all == f->memory);
	EXPECT_EQ(stats_of(&f->h).slab_bytes, 0);
	heap_free(&f->h, all, HERE);
}

/* Slabs go as their last objects are freed, not only when memory is short. */
static void fill_and_drain(struct heap *h)
{
	void *block[256];
	unsigned n = 0;

	while (n < ARRAY_SIZE(block) && (block[n] = heap_alloc(h, 1000, HERE)) != NULL)
		n++;
	const size_t full = stats_of(h).slab_bytes;
	EXPECT(full >= 200 << 10);
	while (n > 0)
		heap_free(h, block[--n], HERE);
	EXPECT(stats_of(h).slab_bytes + (32 << 10) <= full);
	REQUIRE_VALID(heap_validate(h));
	EXPECT(is_whole(h));
}

KTEST(heap, gives_slabs_back_wherever_they_lie)
{
	struct fixture *one = make(256 << 10, 4096, 0);
	struct fixture *two = make(8 << 10, 4096, 0);

	fill_and_drain(&one->h);
	REQUIRE_EQ(heap_add_region_self(&two->h, ktest_alloc(256 << 10, 4096), 256 << 10), ACRE_OK);
	fill_and_drain(&two->h);
}

/* Of every size that there is a class for: NULL only where there is neither an object nor a run. */
KTEST(heap, exhausts_and_recovers)
{
	struct fixture *f = make(256 << 10, 4096, 0);

	for (size_t size = 16; size <= 30000; size = size * 3 - 7) {
		heap_init(&f->h);
		REQUIRE_EQ(heap_add_region(&f->h, f->memory, f->size, f->table, f->table_size),
			   ACRE_OK);
		size_t count = 0;
		void **first = NULL;

		/* A chain through the blocks themselves. */
		for (void **p; (p = heap_alloc(&f->h, size, HERE)) != NULL; count++) {
			*p = first;
			first = p;
		}
		struct heap_stats s = stats_of(&f->h);
		EXPECT_EQ(s.live_blocks, count);
		EXPECT(s.largest_free < run_size(size));
		EXPECT(count * size > 180u << 10);
		REQUIRE_VALID(heap_validate(&f->h));
		for (size_t n = 0; first != NULL; n++) {
			void **next = *first;
			heap_free(&f->h, first, HERE);
			first = next;
			if (n % 1024 == 0)
				REQUIRE_VALID(heap_validate(&f->h));
		}
		EXPECT(is_whole(&f->h));
		REQUIRE_VALID(heap_validate(&f->h));
	}
}

/* validate() must be able to fail. */
KTEST(heap, validate_sees_each_kind_of_damage)
{
	struct fixture *f = make(256 << 10, 4096, 0);
	struct heap *h = &f->h;
	void *p = heap_alloc(h, 20000, HERE);

	REQUIRE(p != NULL);
	h->object_limit = 5;
	EXPECT_STR(heap_validate(h), "H1: the heap was not initialised");
	h->object_limit = HEAP_MAX_OBJECT + 1;
	h->class_of[7]++;
	EXPECT_STR(heap_validate(h), "H3: a size does not have the smallest class");
	h->class_of[7]--;
	h->class_of[1]++;
	EXPECT_STR(heap_validate(h), "H3: a size does not have the smallest class");
	h->class_of[1]--;
	h->class_of[300]--;
	EXPECT_STR(heap_validate(h), "H3: a size does not have the smallest class");
	h->class_of[300]++;
	h->serving[9] = 15; /* 144 bytes, of which class 16 has as many */
	EXPECT_STR(heap_validate(h), "H3: a size is served by a class that is not for it");
	h->serving[9] = 16;
	uintptr_t table = h->table[0].start;
	h->table[0].start = (uintptr_t)p;
	EXPECT_STR(heap_validate(h), "H2: a table of the heap can be handed out");
	h->table[0].start = table;
	h->runs.used_bytes--;
	EXPECT_STR(heap_validate(h), "R6: used_bytes is not the sum of the runs");
	h->runs.used_bytes++;
	REQUIRE_VALID(heap_validate(h));
	heap_free(h, p, HERE);
}

/* ---- regions ----------------------------------------------------------------------------- */

KTEST(heap, tables_cost_a_64th_at_most)
{
	static const size_t sizes[] = { 4096,    10000,    65536,   1 << 20,        3 << 20,
					8 << 20, 64 << 20, 1 << 30, (size_t)1 << 35 };

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t exact = heap_table_bytes(sizes[i]);
		EXPECT(exact <= HEAP_TABLE_BYTES(sizes[i]));
		if (sizes[i] >= 2 << 20)
			EXPECT(HEAP_TABLE_BYTES(sizes[i]) <= sizes[i] / 64);
	}
	for (size_t size = 512; size < 2 << 20; size += 511)
		EXPECT(heap_table_bytes(size) <= HEAP_TABLE_BYTES(size));
}

/* A table of the size that is asked for is enough, at any address, and nothing around is written. */
KTEST(heap, writes_to_its_table_only)
{
	struct heap *h = ktest_alloc(sizeof(*h), 64);
	uint8_t *memory = ktest_alloc(40 << 10, 4096);
	uint8_t *table = ktest_alloc(16 << 10, 128);

	for (size_t size = 4096; size <= 36 << 10; size += 2777) {
		size_t bytes = heap_table_bytes(size);
		for (size_t offset = 1; offset <= 130; offset += 43) {
			memset(table, 0xa5, 16 << 10);
			memset(memory, 0xa5, 40 << 10);
			heap_init(h);
			REQUIRE_EQ(heap_add_region(h, memory + 3 * offset, size, table + offset,
						   bytes),
				   ACRE_OK);
			uintptr_t first = (uintptr_t)memory + 3 * offset;
			EXPECT_EQ(stats_of(h).total_bytes,
				  align_down(first + size, 512) - (first + 511) / 512 * 512);
			void **last = NULL;
			for (void **p; (p = heap_alloc(h, 16 + offset, HERE)) != NULL; last = p)
				*p = last;
			REQUIRE_VALID(heap_validate(h));
			EXPECT(all_bytes(table, 0xa5, offset));
			EXPECT(all_bytes(table + offset + bytes, 0xa5, 100));
			EXPECT(all_bytes(memory, 0xa5, 3 * offset));
			EXPECT(all_bytes(memory + 3 * offset + size, 0xa5, 100));
			while (last != NULL) {
				void **next = *last;
				heap_free(h, last, HERE);
				last = next;
			}
		}
	}
}

KTEST(heap, refuses_what_is_no_region)
{
	struct fixture *f = make(64 << 10, 4096, 0);
	uint8_t *more = ktest_alloc(64 << 10, 4096);
	uint8_t *table = ktest_alloc(16 << 10, 8);
	size_t bytes = heap_table_bytes(8192);
	struct heap *before = ktest_alloc(sizeof(*before), 64);

	memset(table, 0xa5, 16 << 10);
	memcpy(before, &f->h, sizeof(*before));
	before->lock = f->h.lock;
	struct {
		void *base;
		size_t size;
		void *table;
		size_t table_size;
		enum acre_status want;
	} wrong[] = {
		{ more, 8192, NULL, bytes, ACRE_ERR_INVALID },
		{ more, 8192, table, bytes - 1, ACRE_ERR_NOMEM },
		{ more, 511, table, bytes, ACRE_ERR_INVALID },
		{ more + 1, 1000, table, bytes, ACRE_ERR_INVALID },
		{ NULL, 8192, table, bytes, ACRE_ERR_INVALID },
		{ more, SIZE_MAX, table, bytes, ACRE_ERR_OVERFLOW },
		{ more, (size_t)1 << 36, table, SIZE_MAX, ACRE_ERR_RANGE },
		{ more, 8192, (void *)(UINTPTR_MAX - 100), bytes, ACRE_ERR_OVERFLOW },
		{ f->memory, 8192, table, bytes, ACRE_ERR_OVERLAP },
		{ f->memory + (60 << 10), 8192, table, bytes, ACRE_ERR_OVERLAP },
		{ more, 8192, more + 8191, bytes, ACRE_ERR_OVERLAP },
		{ more, 8192, f->table + 100, bytes, ACRE_ERR_OVERLAP },
		{ f->table, 4096, table, bytes, ACRE_ERR_OVERLAP },
		{ more, 8192, f->memory + 4096, bytes,
		  ACRE_ERR_OVERLAP }, /* free memory of the heap */
	};
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(heap_add_region(&f->h, hide(wrong[i].base), wrong[i].size, wrong[i].table,
					  wrong[i].table_size),
			  wrong[i].want);
		EXPECT(same_bytes(before->table, f->h.table, sizeof(before->table)));
		EXPECT(same_bytes(&before->map, &f->h.map, sizeof(before->map)));
		EXPECT_EQ(stats_of(&f->h).total_bytes, 64 << 10);
		EXPECT(all_bytes(table, 0xa5, 16 << 10));
		REQUIRE_VALID(heap_validate(&f->h));
	}
	EXPECT_EQ(heap_add_region(&f->h, more, 8192, table, bytes), ACRE_OK);
	REQUIRE_VALID(heap_validate(&f->h));
}

KTEST(heap, grows_by_regions_at_any_time)
{
	struct fixture *f = make(64 << 10, 64 << 10, 0);
	uint8_t *more = ktest_alloc(256 << 10, 4096);

	void *a = heap_alloc(&f->h, 64 << 10, HERE);
	REQUIRE(a != NULL);
	EXPECT(has_none(&f->h, 1, 16));
	EXPECT_EQ(heap_add_region_self(&f->h, more, 256 << 10), ACRE_OK);
	REQUIRE_VALID(heap_validate(&f->h));
	EXPECT_EQ(stats_of(&f->h).regions, 2);
	uint8_t *b = hide(heap_alloc(&f->h, 100, HERE));
	EXPECT(b >= more && b < more + (256 << 10));
	uint8_t *c = heap_alloc(&f->h, 200 << 10, HERE);
	EXPECT(c >= more && c < more + (256 << 10));
	EXPECT_EQ(heap_add_region_self(&f->h, more + 4096, 64 << 10), ACRE_ERR_OVERLAP);
	EXPECT_EQ(heap_add_region_self(&f->h, hide(f), 100), ACRE_ERR_INVALID);
	EXPECT_EQ(heap_add_region_self(&f->h, more, SIZE_MAX), ACRE_ERR_OVERFLOW);
	heap_free(&f->h, a, HERE);
	heap_free_sized(&f->h, hide(b), 100, HERE);
	heap_free(&f->h, c, HERE);
	heap_free(&f->h, b, HERE);
	EXPECT_EQ(ktest_bad_frees(), 1);
	EXPECT_STR(ktest_last_bad_free()->what, "free already");
	EXPECT_EQ(ktest_last_bad_free()->size, 0); /* none was said */
	EXPECT(is_whole(&f->h));
	REQUIRE_VALID(heap_validate(&f->h));
}

KTEST(heap, takes_32_regions)
{
	struct heap *h = ktest_alloc(sizeof(*h), 64);
	uint8_t *more = ktest_alloc((BUDDY_MAX_REGIONS + 1) * (8 << 10), 4096);
	uint8_t *last = more + (size_t)BUDDY_MAX_REGIONS * (8 << 10);
	void *block[BUDDY_MAX_REGIONS];

	heap_init(h);
	for (size_t i = 0; i < BUDDY_MAX_REGIONS; i++)
		REQUIRE_EQ(heap_add_region_self(h, more + i * (8 << 10), 8 << 10), ACRE_OK);
	EXPECT_EQ(heap_add_region_self(h, last, 8 << 10), ACRE_ERR_FULL);
	EXPECT_EQ(h->map.nregions, BUDDY_MAX_REGIONS);
	for (size_t i = 0; i < BUDDY_MAX_REGIONS; i++)
		REQUIRE((block[i] = heap_alloc(h, 4096, HERE)) != NULL);
	REQUIRE_VALID(heap_validate(h));
	heap_free(h, hide(last), HERE);
	EXPECT_EQ(ktest_bad_frees(), 1);
	EXPECT_STR(ktest_last_bad_free()->what, "not in the heap");
	for (size_t i = 0; i < BUDDY_MAX_REGIONS; i++)
		heap_free(h, block[i], HERE);
	EXPECT(is_whole(h));
}

KTEST(heap, a_region_with_its_own_table_has_a_granule_at_least)
{
	struct fixture *f = make(8 << 10, 4096, 0);
	void *more = ktest_alloc(8 << 10, 4096);
	size_t size = 0;

	for (; size < heap_table_bytes(size) + RUN_GRANULE; size++)
		EXPECT_EQ(heap_add_region_self(&f->h, more, size), ACRE_ERR_INVALID);
	EXPECT_EQ(heap_add_region_self(&f->h, more, size), ACRE_OK);
	EXPECT_EQ(stats_of(&f->h).total_bytes, (8 << 10) + RUN_GRANULE);
	REQUIRE_VALID(heap_validate(&f->h));
}

/* The table of a second region may be a block of the first: then it cannot be freed. */
KTEST(heap, a_table_may_be_a_live_block)
{
	struct fixture *f = make_unshared(256 << 10, 4096, 0);
	uint8_t *more = ktest_alloc(128 << 10, 4096);
	size_t bytes = heap_table_bytes(128 << 10);

	REQUIRE(bytes < 5000);
	uint8_t *object = hide(heap_alloc(&f->h, 5000, HERE));
	uint8_t *table = hide(heap_alloc(&f->h, 20000, HERE));
	REQUIRE(object != NULL && table != NULL);
	EXPECT_EQ(heap_add_region(&f->h, more, 128 << 10, table + 19000, bytes), ACRE_ERR_OVERLAP);
	EXPECT_EQ(heap_usable_size(&f->h, object), 5120); /* an object, not a run */
	EXPECT_EQ(heap_add_region(&f->h, more, 128 << 10, object, bytes), ACRE_ERR_OVERLAP);
	EXPECT_EQ(heap_add_region(&f->h, more, 128 << 10, table + 10, bytes), ACRE_OK);
	REQUIRE_VALID(heap_validate(&f->h));
	expect_refusal(f, table, 0, "in a table of the heap", table, run_size(20000));
	expect_refusal(f, table, 20000, "in a table of the heap", table, run_size(20000));
	EXPECT(heap_realloc(&f->h, table, 100, HERE) == NULL);
	EXPECT_EQ(ktest_bad_frees(), 1);
	heap_free(&f->h, object, HERE);
	EXPECT(is_whole(&f->h));
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
};

static void model_take(struct model *m, struct live *l)
{
	size_t size = ktest_below(1 + ktest_below(ktest_below(8) == 0 ? 40000 : 600));
	size_t align = ktest_below(4) == 0 ? (size_t)1 << ktest_below(13) : 16;

	l->p = hide(heap_alloc_aligned(&m->f->h, size, align, HERE));
	if (l->p == NULL) {
		EXPECT(align > 512 || stats_of(&m->f->h).largest_free < run_size(size));
		return;
	}
	EXPECT(is_aligned((uintptr_t)l->p, align));
	l->size = size;
	l->bytes = heap_usable_size(&m->f->h, l->p);
	EXPECT(is_block_size(l->bytes, size, align));
	l->seed = (uint8_t)ktest_random();
	fill(l->p, l->bytes, l->seed);
	m->used += l->bytes;
}

static void model_resize(struct model *m, struct live *l)
{
	size_t size = ktest_below(1 + ktest_below(30000));
	uint8_t *p = hide(heap_realloc(&m->f->h, l->p, size, HERE));

	if (p == NULL) {
		EXPECT(size > l->bytes);
		EXPECT(is_filled(l->p, l->bytes, l->seed));
		return;
	}
	EXPECT(is_filled(p, size < l->bytes ? size : l->bytes, l->seed));
	m->used -= l->bytes;
	l->p = p;
	l->size = size;
	l->bytes = heap_usable_size(&m->f->h, p);
	EXPECT(l->bytes >= size);
	m->used += l->bytes;
	fill(p, l->bytes, l->seed);
}

static void model_free(struct model *m, struct live *l)
{
	EXPECT(is_filled(l->p, l->bytes, l->seed));
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
}

static void run_model(struct fixture *f, unsigned steps)
{
	struct model *m = ktest_alloc(sizeof(*m), 64);

	memset(m, 0, sizeof(*m));
	m->f = f;
	for (unsigned i = 0; i < steps; i++)
		model_step(m);
	for (unsigned i = 0; i < ARRAY_SIZE(m->live); i++) {
		if (m->live[i].p != NULL)
			model_free(m, &m->live[i]);
	}
	EXPECT_EQ(ktest_bad_frees(), 0);
	EXPECT(is_whole(&f->h));
	REQUIRE_VALID(heap_validate(&f->h));
}

KTEST(heap, agrees_with_a_list_of_live_blocks)
{
	run_model(make(256 << 10, 4096, 0), 600);
}

KTEST(heap, agrees_with_a_list_at_an_odd_base_and_over_two_regions)
{
	struct fixture *f = make((96 << 10) + 77, 4096, 1003);

	REQUIRE_EQ(heap_add_region_self(&f->h, (uint8_t *)ktest_alloc(64 << 10, 16) + 5, 64000),
		   ACRE_OK);
	run_model(f, 400);
}
