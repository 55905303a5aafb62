/* SPDX-License-Identifier: MIT */
/* Cases for mm/heap/slab and page_map: white-box where a word has to be damaged. */
#include "mm/heap/slab.h"

#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/heap/slab_internal.h"
#include "tests/support/ktest.h"

struct fixture {
	struct slab_pool slabs;
	struct run_pool runs;
	struct page_map map;
	uint8_t *memory;
};

/* Slabs over @size bytes, @offset after a multiple of a frame, with @spare descriptors. */
static struct fixture *make(size_t size, size_t offset, size_t spare)
{
	struct fixture *f = ktest_alloc(sizeof(*f), 64);
	size_t bytes = run_table_bytes(size);

	memset(f, 0, sizeof(*f));
	f->memory = (uint8_t *)ktest_alloc(size + offset, 4096) + offset;
	run_pool_init(&f->runs);
	slab_pool_init(&f->slabs, &f->runs, &f->map);
	page_map_add_region(&f->map, (uintptr_t)f->memory, size,
			    ktest_alloc(page_map_bytes(size), 8));
	slab_pool_grow(&f->slabs, 1 << 20, /* a slab may have all its frames */
		       ktest_alloc(spare * sizeof(struct slab), SLAB_ALIGN), spare);
	REQUIRE_EQ(run_pool_add_region(&f->runs, f->memory, size, ktest_alloc(bytes, 8), bytes),
		   ACRE_OK);
	f->runs.plenty = SIZE_MAX; /* never scarce: heap_share_test.c has that */
	return f;
}

static void expect_valid(struct fixture *f)
{
	REQUIRE_VALID(run_pool_validate(&f->runs));
	REQUIRE_VALID(slab_pool_validate(&f->slabs));
}

static enum slab_found free_object(struct fixture *f, void *ptr)
{
	struct slab *slab = page_map_find(&f->map, (uintptr_t)ptr);

	return slab != NULL ? slab_free(&f->slabs, slab, ptr) : SLAB_NO_OBJECT;
}

static struct slab_stats stats_of(struct fixture *f, unsigned class)
{
	struct slab_stats s;

	slab_class_stats(&f->slabs, class, &s);
	return s;
}

/* 16 apart to 128, then 8 a doubling to 16 KiB: written otherwise than in slab.c. */
KTEST(slab, has_classes_that_waste_an_eighth_at_most)
{
	size_t size = 0;

	for (unsigned class = 1; class <= SLAB_CLASSES; class ++) {
		size_t step = 16;
		while (step * 8 <= size / 2 * 2 && step * 16 <= size)
			step *= 2;
		size += step;
		EXPECT_EQ(slab_class_size(class), size);
		EXPECT(is_aligned(size, 16));
	}
	EXPECT_EQ(size, SLAB_MAX_SIZE);
}

/* Every object of every class: apart, inside, aligned, found again from each of its bytes. */
static void fill_one_slab(struct fixture *f, unsigned class)
{
	size_t size = slab_class_size(class);
	uint32_t usual = f->slabs.class[class].usual;
	uint32_t count = size >= 2048 && is_power_of_two(size) && usual >= 4 ? usual / 2 : usual;
	uint8_t *object[256] = { 0 };
	struct slab_object found;

	REQUIRE(count <= ARRAY_SIZE(object));
	EXPECT(usual >= SLAB_OBJECTS || usual == SLAB_MAX_FRAMES * PAGE_MAP_FRAME / size);
	for (uint32_t i = 0; i < count; i++) {
		object[i] = slab_alloc(&f->slabs, class);
		REQUIRE(object[i] != NULL);
		EXPECT_EQ(object[i], object[0] + i * size);
	}
	EXPECT(is_aligned((uintptr_t)object[0], PAGE_MAP_FRAME));
	EXPECT_EQ(stats_of(f, class).slabs, 1);
	EXPECT_EQ(stats_of(f, class).live, count);
	struct slab *slab = page_map_find(&f->map, (uintptr_t)object[0]);
	REQUIRE(slab != NULL);
	for (size_t i = 0; i < count * size; i++) {
		bool ok = slab_object_of(slab, object[0] + i, &found) && found.index == i / size &&
			  found.start == object[i / size] && found.live && found.class == class;
		REQUIRE(ok);
	}
	EXPECT(!slab_object_of(slab, object[0] + count * size, &found));
	EXPECT(!slab_object_of(slab, object[0] - 1, &found));
	expect_valid(f);
	for (uint32_t i = 0; i < count; i++) {
		EXPECT_EQ(free_object(f, object[i] + 1), SLAB_NO_OBJECT);
		EXPECT_EQ(free_object(f, object[i]), SLAB_FREED);
		EXPECT_EQ(free_object(f, object[i]), SLAB_FREE_ALREADY);
		expect_valid(f);
	}
	EXPECT_EQ(stats_of(f, class).slabs, 1); /* it is the stock */
	EXPECT(slab_give_up_empty(&f->slabs));
	EXPECT(!slab_give_up_empty(&f->slabs));
	EXPECT_EQ(stats_of(f, class).slabs, 0);
	EXPECT_EQ(f->runs.used_bytes, 0);
	EXPECT_EQ(free_object(f, object[0]), SLAB_NO_OBJECT);
	expect_valid(f);
}

/* Where a class has some slabs the next ones are longer, up to a limit: few for many objects. */
KTEST(slab, makes_longer_slabs_where_there_are_many)
{
	struct fixture *f = make(256 << 10, 0, 32);
	unsigned class = 3; /* of 48 bytes */
	const struct slab_class *c = &f->slabs.class[class];
	const unsigned n = 2000;
	uint8_t **object = ktest_alloc(n * sizeof(*object), 8);
	uint64_t most = 0;

	EXPECT_EQ(c->count, SLAB_WORDS * 64);
	EXPECT_EQ(c->usual, PAGE_MAP_FRAME / 48);
	for (unsigned i = 0; i < n; i++) {
		object[i] = slab_alloc(&f->slabs, class);
		REQUIRE(object[i] != NULL);
		memset(object[i], (int)i, 48);
		struct slab *slab = page_map_find(&f->map, (uintptr_t)object[i]);
		most = SLAB_READ(slab, count) > most ? SLAB_READ(slab, count) : most;
	}
	EXPECT_EQ(most, c->count);
	struct slab_stats stats = stats_of(f, class);
	EXPECT(stats.slabs < n / c->usual / 2);
	EXPECT(stats.objects - stats.live <
	       c->count); /* one slab is not full, and it is a small part */
	expect_valid(f);
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < 48; k++)
			REQUIRE(object[i][k] == (uint8_t)i);
		EXPECT_EQ(free_object(f, object[i]), SLAB_FREED);
	}
	expect_valid(f);
}

KTEST(slab, hands_out_every_object_of_every_class)
{
	struct fixture *f = make(256 << 10, 0, 4);

	for (unsigned class = 1; class <= SLAB_CLASSES; class ++)
		fill_one_slab(f, class);
}

/* Until nothing is left, and back: many slabs of one class; with descriptors that run out. */
static void exhaust(unsigned class, size_t offset)
{
	struct fixture *f = make(128 << 10, offset, 1);
	size_t most = (128 << 10) / slab_class_size(class) + 1;
	uint8_t **object = ktest_alloc(most * sizeof(*object), 8);
	size_t n = 0;

	while ((object[n] = slab_alloc(&f->slabs, class)) != NULL) {
		memset(object[n], (int)n, slab_class_size(class));
		n++;
	}
	expect_valid(f);
	EXPECT_EQ(stats_of(f, class).live, n);
	EXPECT_EQ(stats_of(f, class).objects, n); /* NULL only where all are handed out */
	EXPECT(n * slab_class_size(class) >= (80 << 10));
	for (size_t left = n; left > 0; left--) {
		size_t pick = ktest_below(left);
		EXPECT_EQ(free_object(f, object[pick]), SLAB_FREED);
		object[pick] = object[left - 1];
		if (left % 16 == 0)
			expect_valid(f);
	}
	expect_valid(f);
	EXPECT_EQ(stats_of(f, class).live, 0);
	(void)slab_give_up_empty(&f->slabs);
	struct run_stats runs;
	run_pool_stats(&f->runs, &runs);
	EXPECT_EQ(runs.slab_bytes, 0);
	EXPECT_EQ(runs.used_bytes, runs.table_bytes); /* descriptors stay */
}

KTEST(slab, exhausts_and_recovers)
{
	exhaust(1, 0);
	exhaust(7, 512);
	exhaust(23, 1024);
	exhaust(40, 4608);
	exhaust(57, 0);
	exhaust(SLAB_CLASSES, 0);
}

/* Slabs that are wholly free are no memory lost to another class. */
KTEST(slab, an_empty_slab_of_one_class_serves_another)
{
	struct fixture *f = make(64 << 10, 0, 16);
	void *object[8];

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned class = 33; class <= SLAB_CLASSES; class ++) {
			uint32_t n = f->slabs.class[class].count;
			n = n < 4 ? n : 4;
			for (uint32_t i = 0; i < n; i++) {
				object[i] = slab_alloc(&f->slabs, class);
				REQUIRE(object[i] != NULL);
			}
			for (uint32_t i = 0; i < n; i++)
				EXPECT_EQ(free_object(f, object[i]), SLAB_FREED);
			expect_valid(f);
		}
	}
}

#define OF_EIGHT 40u /* a class of 2,048 bytes: 8 a slab, in four frames */

/* All objects of @n slabs of OF_EIGHT, in the order of the slabs. */
static void fill_slabs(struct fixture *f, uint8_t **object, unsigned n)
{
	REQUIRE_EQ(f->slabs.class[OF_EIGHT].count, 8);
	f->slabs.class[OF_EIGHT].starts_short = false;
	for (unsigned i = 0; i < 8 * n; i++)
		object[i] = slab_alloc(&f->slabs, OF_EIGHT);
	REQUIRE_EQ(stats_of(f, OF_EIGHT).slabs, n);
}

static uint64_t holds_of(struct fixture *f, unsigned class)
{
	struct ticket_lock_stats stats;

	ticket_lock_look(&f->slabs.class[class].lock, &stats);
	return stats.holds;
}

/* Where objects of all its slabs come back, a hart goes from one to the next, and takes no lock. */
KTEST(slab, goes_round_among_the_slabs_of_a_hart_without_a_lock)
{
	struct fixture *f = make(256 << 10, 0, 8);
	uint8_t *object[24];

	fill_slabs(f, object, 3);
	uint64_t holds = holds_of(f, OF_EIGHT);
	for (unsigned round = 0; round < 5; round++) {
		EXPECT_EQ(free_object(f, object[9]), SLAB_FREED);
		EXPECT_EQ(free_object(f, object[1]), SLAB_FREED);
		EXPECT_EQ(free_object(f, object[10]), SLAB_FREED);
		EXPECT(slab_alloc(&f->slabs, OF_EIGHT) == object[1]);
		EXPECT(slab_alloc(&f->slabs, OF_EIGHT) == object[9]);
		EXPECT(slab_alloc(&f->slabs, OF_EIGHT) == object[10]);
		EXPECT_EQ(free_object(f, object[17]), SLAB_FREED);
		EXPECT(slab_alloc(&f->slabs, OF_EIGHT) == object[17]);
		EXPECT_EQ(free_object(f, object[0]), SLAB_FREED);
		EXPECT(slab_alloc(&f->slabs, OF_EIGHT) == object[0]);
	}
	EXPECT_EQ(holds_of(f, OF_EIGHT), holds);
	EXPECT_EQ(stats_of(f, OF_EIGHT).slabs, 3);
	expect_valid(f);
}

/* The fullest first: slabs with few objects left become empty, and go. */
KTEST(slab, takes_from_the_listed_slab_that_was_full_last)
{
	struct fixture *f = make(256 << 10, 0, 8);
	struct slab_class *c = &f->slabs.class[OF_EIGHT];
	uint8_t *object[24];

	fill_slabs(f, object, 3);
	slab_stock_leave(&f->slabs, &f->slabs.shared); /* now all three are of no hart */
	EXPECT(SLAB_READ(c, list[SLAB_STOCK]) == NULL);
	EXPECT_EQ(slab_class_live(&f->slabs, OF_EIGHT, NULL, 0), 24);
	expect_valid(f);
	for (unsigned i = 0; i < 7; i++)
		EXPECT_EQ(free_object(f, object[i]), SLAB_FREED);
	EXPECT_EQ(free_object(f, object[12]), SLAB_FREED);
	EXPECT(slab_alloc(&f->slabs, OF_EIGHT) == object[12]);
	expect_valid(f);
	EXPECT_EQ(free_object(f, object[7]), SLAB_FREED);
	EXPECT_EQ(stats_of(f, OF_EIGHT).slabs, 3);
	EXPECT(slab_alloc(&f->slabs, OF_EIGHT) == object[0]); /* before a new one starts */
	expect_valid(f);
	slab_stock_leave(&f->slabs, &f->slabs.shared); /* two of them */
	EXPECT(SLAB_READ(c, list[SLAB_STOCK]) == NULL);
	expect_valid(f);
}

/* The two of 16 KiB that were empty first stay, and the last one. */
KTEST(slab, keeps_32_kib_of_empty_slabs_side_by_side)
{
	for (unsigned backwards = 0; backwards < 2; backwards++) {
		struct fixture *f = make(256 << 10, 0, 8);
		uint8_t *object[32];

		fill_slabs(f, object, 4);
		for (unsigned i = 0; i < 32; i++) {
			size_t slabs = i < 23 ? 4 : 3;
			EXPECT_EQ(free_object(f, object[backwards ? 31 - i : i]), SLAB_FREED);
			EXPECT_EQ(stats_of(f, OF_EIGHT).slabs, backwards && i == 31 ? 2 : slabs);
			expect_valid(f);
		}
		uint64_t holds = holds_of(f, OF_EIGHT);
		for (unsigned round = 0; round < 10; round++) {
			for (unsigned i = 0; i < 16; i++)
				object[i] = slab_alloc(&f->slabs, OF_EIGHT);
			for (unsigned i = 0; i < 16; i++)
				EXPECT_EQ(free_object(f, object[i]), SLAB_FREED);
		}
		EXPECT_EQ(holds_of(f, OF_EIGHT), holds); /* none was started, none went */
		expect_valid(f);
	}
}

/* Beside each of them are 32 KiB of empty slabs, but one is in the stock, and one is the last. */
KTEST(slab, keeps_the_slab_that_it_takes_from_and_the_last_one)
{
	struct fixture *f = make(256 << 10, 0, 8);
	uint8_t *object[32];

	fill_slabs(f, object, 4);
	EXPECT_EQ(free_object(f, object[0]), SLAB_FREED);
	EXPECT(slab_alloc(&f->slabs, OF_EIGHT) == object[0]);
	for (unsigned i = 8; i < 32; i++)
		EXPECT_EQ(free_object(f, object[i]), SLAB_FREED);
	EXPECT_EQ(stats_of(f, OF_EIGHT).slabs, 4);
	for (unsigned i = 0; i < 8; i++)
		EXPECT_EQ(free_object(f, object[i]), SLAB_FREED);
	EXPECT_EQ(stats_of(f, OF_EIGHT).slabs, 4);
	expect_valid(f);
}

/* Not even one of whose words all objects are free goes. */
KTEST(slab, keeps_what_has_a_live_object)
{
	struct fixture *f = make(64 << 10, 0, 10);
	struct slab_class *c = &f->slabs.class[1];
	enum { N = 2560 }; /* of ten slabs of a frame */
	uint8_t **object = ktest_alloc(N * sizeof(*object), 8);

	for (unsigned i = 0; i < N; i++)
		object[i] = slab_alloc(&f->slabs, 1);
	EXPECT_EQ(c->nslabs, 10);
	for (unsigned i = 0; i < N; i++) {
		if (i / 256 != 1)
			EXPECT_EQ(free_object(f, object[i]), SLAB_FREED);
	}
	const uint32_t left = c->nslabs; /* where they lie in the list is not said */
	EXPECT(left >= 9);
	for (unsigned i = 256; i < 512; i++) {
		EXPECT_EQ(c->nslabs, left);
		EXPECT_EQ(free_object(f, object[i]), SLAB_FREED);
	}
	EXPECT_EQ(c->nslabs, 9);
	expect_valid(f);
}

/* Of listed ones a class keeps one that is empty. */
KTEST(slab, keeps_one_empty_slab_that_is_listed)
{
	struct fixture *f = make(256 << 10, 0, 8);
	struct slab_class *c = &f->slabs.class[OF_EIGHT];
	uint8_t *object[24];

	fill_slabs(f, object, 3);
	slab_stock_leave(&f->slabs, &f->slabs.shared);
	for (unsigned i = 0; i < 24; i++) {
		EXPECT_EQ(free_object(f, object[i]), SLAB_FREED);
		EXPECT_EQ(stats_of(f, OF_EIGHT).slabs, i < 15 ? 3 : i < 23 ? 2 : 1);
		expect_valid(f);
	}
	EXPECT(c->kept == SLAB_READ(c, list[SLAB_LISTED]) && c->kept != NULL);
}

/* What the stock of a hart points to may have become something else. */
KTEST(slab, an_old_stock_does_no_harm)
{
	struct fixture *f = make(64 << 10, 0, 1);
	void *a = slab_alloc(&f->slabs, 10);
	bitmap_word *word = atomic_load(&f->slabs.shared.word[10]);

	EXPECT_EQ(free_object(f, a), SLAB_FREED);
	EXPECT(slab_give_up_empty(&f->slabs));
	void *b = slab_alloc(&f->slabs, 20); /* the one descriptor again */
	REQUIRE(page_map_find(&f->map, (uintptr_t)b) == slab_of_word(word));
	uint8_t *c = slab_alloc(&f->slabs, 10);
	struct slab_object found;
	REQUIRE(c != NULL);
	EXPECT(slab_object_of(page_map_find(&f->map, (uintptr_t)c), c, &found));
	EXPECT_EQ(found.class, 10);
	expect_valid(f);
	EXPECT_EQ(stats_of(f, 20).live, 1); /* the bit that was taken in vain is back */
	EXPECT_EQ(free_object(f, b), SLAB_FREED);
	EXPECT_EQ(free_object(f, c), SLAB_FREED);
	expect_valid(f);
}

KTEST(slab, reports_a_free_of_what_no_slab_has_any_more)
{
	struct fixture *f = make(64 << 10, 0, 1);
	void *a = slab_alloc(&f->slabs, 10);
	struct slab *slab = page_map_find(&f->map, (uintptr_t)a);

	EXPECT_EQ(free_object(f, a), SLAB_FREED);
	EXPECT(slab_give_up_empty(&f->slabs));
	EXPECT_EQ(slab_free(&f->slabs, slab, a), SLAB_NO_OBJECT); /* between its two loads */
	(void)bitmap_atomic_set(&slab->free[0], 4);               /* or later still */
	REQUIRE(slab_alloc(&f->slabs, 10) != NULL);
	EXPECT_EQ(ktest_bad_frees(), 1);
	EXPECT_STR(ktest_last_bad_free()->what, "freed twice at the same moment");
	expect_valid(f);
}

/* validate() must be able to fail. */
static void expect_broken(struct fixture *f, void *at, uint8_t value, const char *invariant)
{
	uint8_t *byte = at;
	uint8_t good = *byte;

	expect_valid(f);
	*byte = value;
	const char *sentence = slab_pool_validate(&f->slabs);
	EXPECT(sentence != NULL && strncmp(sentence, invariant, 2) == 0);
	*byte = good;
}

KTEST(slab, validate_sees_each_kind_of_damage)
{
	struct fixture *f = make(64 << 10, 0, 2);
	unsigned class = 24;
	uint8_t *a = slab_alloc(&f->slabs, class);
	struct slab *slab = page_map_find(&f->map, (uintptr_t)a);
	struct slab_class *c = &f->slabs.class[class];

	EXPECT_EQ(free_object(f, slab_alloc(&f->slabs, 30)), SLAB_FREED);
	EXPECT(slab_give_up_empty(&f->slabs)); /* so that a descriptor is spare */
	expect_broken(f, &slab->class, 7, "S1");
	expect_broken(f, &slab->count, 9, "S1");
	expect_broken(f, &slab->count, 0, "S1");
	expect_broken(f, &slab->count, 7, "S2");
	expect_broken(f, &slab->size, 1, "S1");
	expect_broken(f, &slab->reciprocal, 1, "S1");
	expect_broken(f, (uint8_t *)&slab->base + 1, (uint8_t)((uintptr_t)a >> 8 ^ 0x10), "S1");
	expect_broken(f, (uint8_t *)&slab->free[0] + 1, 1, "S2");
	expect_broken(f, &slab->free[1], 1, "S2");
	expect_broken(f, &slab->free[SLAB_WORDS - 1], 1, "S2");
	expect_broken(f, &slab->state, SLAB_FULL, "S3");
	expect_broken(f, &slab->state, SLAB_LISTED, "S3");
	expect_broken(f, &slab->prev, 8, "S3");
	expect_broken(f, &c->nslabs, 2, "S3");
	expect_broken(f, &f->slabs.ndescriptors, 3, "S4");
	expect_broken(f, &f->slabs.spare->free[0], 1, "S4");
	expect_broken(f, &f->slabs.spare->free[1], 1, "S4");
	page_map_set(&f->map, a, 1, NULL);
	EXPECT_STR(slab_pool_validate(&f->slabs), "S1: a frame of a slab does not lead to it");
	page_map_set(&f->map, a, 1, slab);
	void *run = run_alloc(&f->runs, 4096, 4096, RUN_SLAB);
	EXPECT_STR(slab_pool_validate(&f->slabs), "S5: a run is a slab's, and no slab has it");
	EXPECT_EQ(run_free(&f->runs, run, RUN_SLAB, 0), ACRE_OK);
	uint8_t *b = slab_alloc(&f->slabs, 40); /* of four frames */
	struct slab *longer = page_map_find(&f->map, (uintptr_t)b);
	atomic_store(&longer->base, b + PAGE_MAP_FRAME);
	EXPECT_STR(slab_pool_validate(&f->slabs), "S1: a slab does not lie in a run of its own");
	atomic_store(&longer->base, b);
	expect_valid(f);
}

KTEST(slab, validate_sees_slabs_of_a_hart_that_lie_apart)
{
	struct fixture *f = make(256 << 10, 0, 8);
	uint8_t *object[24];

	fill_slabs(f, object, 3);
	struct slab *middle = page_map_find(&f->map, (uintptr_t)object[8]);
	expect_broken(f, &middle->owner, 1, "S3");
	expect_valid(f);
}
