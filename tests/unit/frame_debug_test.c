/* SPDX-License-Identifier: MIT */
/* Debug mode: which caller had a frame, and was it written to afterwards? */
#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "mm/setup.h"
#include "tests/support/frame_room.h"
#include "tests/support/ktest.h"
#include "tests/support/map_room.h"

#define FIRST  0x4321u
#define FRAMES 40u
#define SECOND 0x10000u /* a bank without records, and without bytes */
#define OTHERS 30u
#define WORDS  (FRAME_SIZE / sizeof(uint64_t))

struct rig {
	struct frame_pool *pool;
	uint8_t *ram;
	void *records;
	size_t bytes;
};

static void add_bank(struct rig *r, frame_nr_t first, frame_count_t nframes)
{
	size_t bytes = frame_metadata_bytes(nframes);

	REQUIRE_EQ(frame_pool_add_bank(r->pool, first, nframes, ktest_alloc(bytes, 8), bytes),
		   ACRE_OK);
}

/* A bank of which nothing is inserted yet. */
static void rig_init(struct rig *r)
{
	r->ram = ktest_alloc(FRAMES * FRAME_SIZE, FRAME_SIZE);
	memset(r->ram, 0xa5, FRAMES * FRAME_SIZE);
	r->pool = ktest_alloc(sizeof(*r->pool), 64);
	uint64_t offset = (uint64_t)(uintptr_t)r->ram - FIRST * FRAME_SIZE;
	REQUIRE_EQ(frame_pool_init_in(r->pool, offset, ktest_alloc(sizeof(struct frame_room), 64)),
		   ACRE_OK);
	add_bank(r, FIRST, FRAMES);
	r->bytes = frame_record_bytes(FRAMES);
	r->records = ktest_alloc(r->bytes, 8);
	memset(r->records, 0x77, r->bytes);
}

/* In debug mode, with all but the last two frames free. */
static struct frame_pool *rig_of(struct rig *r)
{
	rig_init(r);
	REQUIRE_EQ(frame_pool_debug(r->pool, FIRST + 3, r->records, r->bytes), ACRE_OK);
	REQUIRE_EQ(frame_insert(r->pool, FIRST, FRAMES - 2), ACRE_OK);
	REQUIRE_VALID(frame_validate(r->pool));
	return r->pool;
}

static uint64_t *words_of(struct frame_pool *pool, frame_nr_t pfn)
{
	return frame_ptr(pool, pfn);
}

/* Take @pfn, write to it, give it back. */
static void use(struct frame_pool *pool, frame_nr_t pfn)
{
	REQUIRE_EQ(frame_alloc_at(pool, pfn, 1), ACRE_OK);
	memset(frame_ptr(pool, pfn), 0x5a, FRAME_SIZE);
	REQUIRE_EQ(frame_free(pool, pfn), ACRE_OK);
	REQUIRE_VALID(frame_validate(pool));
}

static void expect_past(struct frame_pool *pool, frame_nr_t pfn, const char *what)
{
	struct frame_past past = { .what = NULL };

	EXPECT_EQ(frame_past(pool, pfn, &past), what != NULL);
	EXPECT_STR(past.what, what);
	if (what == NULL)
		return;
	EXPECT(past.caller != NULL);
	EXPECT_EQ(past.hart, platform_hart());
	EXPECT(past.number != 0);
}

static uint64_t number_of(struct frame_pool *pool, frame_nr_t pfn)
{
	struct frame_past past = { .number = 0 };

	(void)frame_past(pool, pfn, &past);
	return past.number;
}

/* ---- setting up ---------------------------------------------------------------------------------- */

KTEST(frame_debug, records_take_16_bytes_a_frame)
{
	EXPECT_EQ(frame_record_bytes(0), 0);
	EXPECT_EQ(frame_record_bytes(1), 16);
	EXPECT_EQ(frame_record_bytes(1u << 18), 4u << 20);
}

KTEST(frame_debug, refuses_records_that_make_no_sense)
{
	struct rig r;

	rig_init(&r);
	EXPECT_EQ(frame_pool_debug(r.pool, FIRST, NULL, r.bytes), ACRE_ERR_INVALID);
	EXPECT_EQ(frame_pool_debug(r.pool, FIRST, (char *)r.records + 4, r.bytes),
		  ACRE_ERR_MISALIGNED);
	EXPECT_EQ(frame_pool_debug(r.pool, FIRST, r.records, r.bytes - 1), ACRE_ERR_NOMEM);
	EXPECT_EQ(frame_pool_debug(r.pool, FIRST - 1, r.records, r.bytes), ACRE_ERR_RANGE);
	EXPECT_EQ(frame_pool_debug(r.pool, FIRST + FRAMES, r.records, r.bytes), ACRE_ERR_RANGE);
	REQUIRE_VALID(frame_validate(r.pool));
	REQUIRE_EQ(frame_insert(r.pool, FIRST, 1), ACRE_OK);
	EXPECT_EQ(frame_pool_debug(r.pool, FIRST, r.records, r.bytes), ACRE_ERR_INVALID);
	REQUIRE_VALID(frame_validate(r.pool));
	for (size_t i = 0; i < r.bytes; i++)
		REQUIRE_EQ(((uint8_t *)r.records)[i], 0x77);
	expect_past(r.pool, FIRST, NULL);
}

/* ---- who ----------------------------------------------------------------------------------------- */

KTEST(frame_debug, every_way_to_take_and_give_is_recorded)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r);
	frame_nr_t pfn;

	for (unsigned i = 0; i < FRAMES; i++)
		expect_past(pool, FIRST + i, NULL);
	expect_past(pool, FIRST + FRAMES, NULL);
	expect_past(pool, FRAME_NONE, NULL);

	pfn = frame_alloc(pool);
	expect_past(pool, pfn, "taken");
	EXPECT_EQ(frame_free(pool, pfn), ACRE_OK);
	expect_past(pool, pfn, "freed");
	pfn = frame_alloc_zeroed(pool);
	expect_past(pool, pfn, "taken");
	EXPECT_EQ(frame_free_address(pool, frame_to_paddr(pfn)), ACRE_OK);
	expect_past(pool, pfn, "freed");
	REQUIRE_VALID(frame_validate(pool));

	pfn = frame_alloc_range(pool, 5, FRAME_SIZE);
	for (unsigned i = 0; i < 5; i++)
		expect_past(pool, pfn + i, "taken");
	EXPECT_EQ(number_of(pool, pfn), number_of(pool, pfn + 4));
	expect_past(pool, pfn + 5, NULL);
	EXPECT_EQ(frame_free_range(pool, pfn + 1, 3), ACRE_OK);
	expect_past(pool, pfn, "taken");
	expect_past(pool, pfn + 1, "freed");
	expect_past(pool, pfn + 3, "freed");
	expect_past(pool, pfn + 4, "taken");
	EXPECT(number_of(pool, pfn) < number_of(pool, pfn + 1));
	REQUIRE_VALID(frame_validate(pool));

	pfn = frame_alloc_range_zeroed(pool, 4, 4 * FRAME_SIZE);
	EXPECT_EQ(pfn % 4, 0);
	expect_past(pool, pfn + 3, "taken");
	EXPECT_EQ(frame_alloc_range(pool, 0, FRAME_SIZE), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range(pool, 1, FRAME_SIZE / 2), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range(pool, 1, 3 * FRAME_SIZE), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range(pool, FRAMES, FRAME_SIZE), FRAME_NONE);
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame_debug, a_removed_frame_is_forgotten)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r);

	use(pool, FIRST + 7);
	expect_past(pool, FIRST + 7, "freed");
	REQUIRE_EQ(frame_remove(pool, FIRST + 7, 2), ACRE_OK);
	expect_past(pool, FIRST + 7, NULL);
	REQUIRE_VALID(frame_validate(pool));
	/* Meanwhile it is somebody else's, who writes what he likes. */
	memset(frame_ptr(pool, FIRST + 7), 1, FRAME_SIZE);
	REQUIRE_EQ(frame_insert(pool, FIRST + 7, 2), ACRE_OK);
	REQUIRE_EQ(frame_alloc_at(pool, FIRST + 7, 2), ACRE_OK);
	REQUIRE_VALID(frame_validate(pool));
	EXPECT_EQ(ktest_bad_frees(), 0);
}

/* A hart that has a stock would take frames from it that nobody records. */
KTEST(frame_debug, is_not_turned_on_once_frames_were_handed_out_even_if_all_are_gone)
{
	struct rig r;

	rig_init(&r);
	REQUIRE_EQ(frame_insert(r.pool, FIRST, 3), ACRE_OK);
	REQUIRE_EQ(frame_free(r.pool, frame_alloc(r.pool)), ACRE_OK);
	REQUIRE_EQ(frame_remove(r.pool, FIRST, 3), ACRE_OK);
	EXPECT_EQ(frame_pool_debug(r.pool, FIRST, r.records, r.bytes), ACRE_ERR_INVALID);
	REQUIRE_VALID(frame_validate(r.pool));
}

/* Draining yields each frame once, and a pool in debug mode is a pool like any other. */
KTEST(frame_debug, every_frame_is_handed_out_once)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r);
	bool out[FRAMES] = { false };

	for (unsigned round = 0; round < 3; round++) {
		memset(out, 0, sizeof(out));
		for (unsigned i = 0; i < FRAMES - 2; i++) {
			frame_nr_t pfn = frame_alloc(pool);
			REQUIRE(pfn - FIRST < FRAMES - 2);
			EXPECT(!out[pfn - FIRST]);
			out[pfn - FIRST] = true;
			memset(frame_ptr(pool, pfn), (int)i, FRAME_SIZE);
		}
		EXPECT_EQ(frame_alloc(pool), FRAME_NONE);
		EXPECT(frame_pool_is_empty(pool));
		REQUIRE_VALID(frame_validate(pool));
		for (unsigned i = 0; i < FRAMES - 2; i++)
			EXPECT_EQ(frame_free(pool, FIRST + i), ACRE_OK);
		EXPECT_EQ(frame_free_count(pool), FRAMES - 2);
		REQUIRE_VALID(frame_validate(pool));
	}
}

KTEST(frame_debug, a_bank_without_records_goes_without)
{
	struct rig r;

	rig_init(&r);
	add_bank(&r, SECOND, OTHERS);
	REQUIRE_EQ(frame_pool_debug(r.pool, FIRST, r.records, r.bytes), ACRE_OK);
	REQUIRE_EQ(frame_insert(r.pool, SECOND, OTHERS), ACRE_OK);
	for (unsigned i = 0; i < OTHERS; i++)
		REQUIRE_EQ(frame_alloc(r.pool) - SECOND < OTHERS, true);
	EXPECT_EQ(frame_alloc(r.pool), FRAME_NONE);
	expect_past(r.pool, SECOND, NULL);
	EXPECT_EQ(frame_free(r.pool, SECOND + 3), ACRE_OK);
	EXPECT_EQ(frame_free(r.pool, SECOND + 3), ACRE_ERR_NOT_ALLOCATED);
	EXPECT_EQ(ktest_bad_frees(), 1);
	EXPECT(ktest_last_bad_free()->past == NULL);
	REQUIRE_VALID(frame_validate(r.pool));
}

/* A bank that comes below the others becomes the first, by which frame_free() would go quickly. */
KTEST(frame_debug, stays_on_where_a_bank_is_added)
{
	struct rig r;

	rig_init(&r);
	REQUIRE_EQ(frame_pool_debug(r.pool, FIRST, r.records, r.bytes), ACRE_OK);
	add_bank(&r, 5, OTHERS);
	REQUIRE_VALID(frame_validate(r.pool));
	REQUIRE_EQ(frame_insert(r.pool, FIRST, 1), ACRE_OK);
	EXPECT_EQ(frame_alloc(r.pool), FIRST);
	EXPECT_EQ(frame_free(r.pool, FIRST), ACRE_OK);
	expect_past(r.pool, FIRST, "freed");
	REQUIRE_VALID(frame_validate(r.pool));
}

/* ---- what is refused ----------------------------------------------------------------------------- */

static void expect_refused(const char *what, const char *past)
{
	const struct platform_bad_free *report = ktest_last_bad_free();

	EXPECT_EQ(ktest_bad_frees(), 1);
	EXPECT_STR(report->what, what);
	EXPECT(!report->is_write);
	EXPECT_STR(report->past, past);
	EXPECT_EQ(report->past_caller != NULL, past != NULL);
	EXPECT_EQ(report->past_hart, past != NULL ? platform_hart() : 0);
}

KTEST(frame_debug, a_refused_free_says_who_freed_it)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r);

	use(pool, FIRST + 7);
	EXPECT_EQ(frame_free(pool, FIRST + 7), ACRE_ERR_NOT_ALLOCATED);
	expect_refused("free already", "freed");
	EXPECT_EQ(frame_free(pool, FIRST + 8), ACRE_ERR_NOT_ALLOCATED);
	expect_refused("free already", NULL);
	EXPECT_EQ(frame_free(pool, FIRST + FRAMES - 1), ACRE_ERR_NOT_ALLOCATED);
	expect_refused("never inserted", NULL);
	EXPECT_EQ(frame_free(pool, FIRST + FRAMES), ACRE_ERR_RANGE);
	expect_refused("not in any bank", NULL);
	EXPECT_EQ(frame_free_range(pool, FIRST, 0), ACRE_ERR_INVALID);
	expect_refused("a range of no frames", NULL);
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame_debug, a_refused_range_is_neither_filled_nor_recorded)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r);

	REQUIRE_EQ(frame_alloc_at(pool, FIRST, 10), ACRE_OK);
	REQUIRE_EQ(frame_free(pool, FIRST + 6), ACRE_OK);
	words_of(pool, FIRST)[0] = 12345;
	EXPECT_EQ(frame_free_range(pool, FIRST, 10), ACRE_ERR_NOT_ALLOCATED);
	expect_refused("free already", "freed");
	EXPECT_EQ(ktest_last_bad_free()->actual_start, frame_to_paddr(FIRST + 6));
	EXPECT_EQ(words_of(pool, FIRST)[0], 12345);
	expect_past(pool, FIRST, "taken");
	expect_past(pool, FIRST + 9, "taken");
	EXPECT_EQ(frame_free_count(pool), FRAMES - 2 - 9);
	REQUIRE_VALID(frame_validate(pool));
	EXPECT_EQ(frame_free_range(pool, FIRST, 6), ACRE_OK);
	REQUIRE_VALID(frame_validate(pool));
}

/* ---- writes after the free ----------------------------------------------------------------------- */

static void expect_write(frame_nr_t pfn, unsigned offset)
{
	const struct platform_bad_free *report = ktest_last_bad_free();

	EXPECT_EQ(ktest_bad_frees(), 1);
	EXPECT(report->is_write);
	EXPECT_STR(report->allocator, "frame");
	EXPECT_STR(report->what, "written after it was freed");
	EXPECT_EQ(report->address, frame_to_paddr(pfn) + offset);
	EXPECT_EQ(report->actual_start, frame_to_paddr(pfn));
	EXPECT_EQ(report->actual_size, FRAME_SIZE);
	EXPECT_STR(report->past, "freed");
	EXPECT(report->past_caller != NULL && report->caller != NULL);
	EXPECT_EQ(report->past_hart, platform_hart());
}

KTEST(frame_debug, a_write_after_the_free_is_found_to_the_byte)
{
	static const unsigned at[] = { 0, 1, 7, 8, 1000, FRAME_SIZE - 1 };
	struct rig r;
	struct frame_pool *pool = rig_of(&r);
	frame_nr_t pfn = FIRST + 11;

	for (unsigned i = 0; i < ARRAY_SIZE(at); i++) {
		use(pool, pfn);
		r.ram[11 * FRAME_SIZE + at[i]] ^= 0x80;
		EXPECT_EQ(frame_alloc_at(pool, pfn, 1), ACRE_OK);
		expect_write(pfn, at[i]);
		expect_past(pool, pfn, "taken");
		EXPECT_EQ(frame_free(pool, pfn), ACRE_OK);
		REQUIRE_VALID(frame_validate(pool));
	}
}

KTEST(frame_debug, whoever_gets_the_frame_next_finds_it)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r);

	use(pool, FIRST + 11);
	words_of(pool, FIRST + 11)[3] = 0;
	EXPECT_EQ(frame_alloc_range(pool, FRAMES - 2, FRAME_SIZE), FIRST);
	expect_write(FIRST + 11, 24);
	EXPECT_EQ(frame_free_range(pool, FIRST, FRAMES - 2), ACRE_OK);
	words_of(pool, FIRST + 12)[0] ^= 0xff00;
	words_of(pool, FIRST + 12)[9] = 0;
	for (unsigned i = 0; i < FRAMES - 2; i++)
		REQUIRE(frame_alloc(pool) != FRAME_NONE);
	expect_write(FIRST + 12, 1);
	EXPECT_EQ(frame_free(pool, FIRST + 12), ACRE_OK);
	words_of(pool, FIRST + 12)[9] = 0;
	EXPECT_EQ(frame_alloc_zeroed(pool), FIRST + 12);
	expect_write(FIRST + 12, 72);
	EXPECT_EQ(words_of(pool, FIRST + 12)[0], 0);
	REQUIRE_VALID(frame_validate(pool));
}

KTEST(frame_debug, what_was_never_handed_out_is_not_looked_at)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r);

	memset(r.ram, 0x11, FRAMES * FRAME_SIZE);
	EXPECT_EQ(frame_alloc_range(pool, FRAMES - 2, FRAME_SIZE), FIRST);
	EXPECT_EQ(ktest_bad_frees(), 0);
	/* Neither is what was not inserted touched, ever. */
	EXPECT_EQ(frame_free_range(pool, FIRST, FRAMES - 2), ACRE_OK);
	EXPECT(words_of(pool, FIRST)[0] != 0x1111111111111111);
	for (size_t i = (FRAMES - 2) * FRAME_SIZE; i < FRAMES * FRAME_SIZE; i++)
		REQUIRE_EQ(r.ram[i], 0x11);
}

KTEST(frame_debug, validate_sees_a_way_that_is_open)
{
	struct rig r;
	struct frame_pool *pool = rig_of(&r);

	struct frame_stock *stock = hart_slots_own(&pool->stocks);

	pool->bank[0].fast_nbits = pool->bank[0].nbits;
	EXPECT_STR(frame_validate(pool),
		   "F6: the fast paths reach all of a bank, and nothing of a watched pool");
	pool->bank[0].fast_nbits = 0;
	pool->nstocks = platform_hart() + 1;
	atomic_store(&stock->base, pool->bank[0].base);
	EXPECT_STR(frame_validate(pool), "F6: in debug mode no hart has a stock");
	atomic_store(&stock->base, FRAME_NONE);
	pool->debug = false;
	EXPECT(frame_validate(pool) != NULL);
	pool->debug = true;
	REQUIRE_VALID(frame_validate(pool));
	frame_nr_t pfn = frame_alloc(pool);
	atomic_fetch_or_explicit(&pool->bank[0].free[(pfn - pool->bank[0].base) / 64],
				 bitmap_bit(pfn - pool->bank[0].base), memory_order_relaxed);
	EXPECT(frame_validate(pool) != NULL);
}

/* ---- from the map of memory ---------------------------------------------------------------------- */

#define BASE   0x80000000u
#define BACKED 40u /* frames: of the tables and records, and a few of those that follow */

static struct memmap *map_of(struct rig *r, uint64_t bytes)
{
	const struct hart_slots no_stocks = { 0 };
	struct memmap *map = new_map();

	r->ram = ktest_alloc(BACKED * FRAME_SIZE, FRAME_SIZE);
	r->pool = ktest_alloc(sizeof(*r->pool), 64);
	REQUIRE_EQ(memmap_add_bank(map, (struct acre_range){ BASE, BASE + bytes }, 0, "ram"),
		   ACRE_OK);
	REQUIRE_EQ(memmap_resolve(map), ACRE_OK);
	REQUIRE_EQ(mm_init_frames_debug(r->pool, map, (uint64_t)(uintptr_t)r->ram - BASE,
					&no_stocks),
		   ACRE_OK);
	REQUIRE_VALID(memmap_validate(map));
	REQUIRE_VALID(frame_validate(r->pool));
	EXPECT_EQ(frame_managed_count(r->pool) * FRAME_SIZE, memmap_bytes(map, MEMMAP_USABLE));
	EXPECT_EQ(memmap_bytes(map, MEMMAP_USABLE) + memmap_bytes(map, MEMMAP_METADATA), bytes);
	return map;
}

KTEST(frame_debug, records_are_a_region_of_the_memory_map)
{
	struct rig r;
	struct memmap *map = map_of(&r, 8u << 20);
	const struct memmap_region *tables = memmap_find(map, BASE);

	REQUIRE(tables != NULL);
	EXPECT_STR(tables->name, MM_TABLES_NAME);
	const struct memmap_region *records = memmap_find(map, tables->range.end);
	REQUIRE(records != NULL);
	EXPECT_EQ(records->kind, MEMMAP_METADATA);
	EXPECT_STR(records->name, MM_RECORDS_NAME);
	EXPECT_EQ(records->index, 0);
	EXPECT_EQ(acre_range_size(records->range), 2048 / 256 * FRAME_SIZE);
	frame_nr_t pfn = frame_alloc(r.pool);
	EXPECT_EQ(pfn, frame_from_paddr(records->range.end));
	expect_past(r.pool, pfn, "taken");
	EXPECT_EQ(frame_free(r.pool, pfn), ACRE_OK);
	expect_past(r.pool, pfn, "freed");
}

/* Two frames: one for the tables, one to manage; a third would be the first that records could have. */
KTEST(frame_debug, a_machine_without_room_for_records_goes_without)
{
	struct rig r;

	(void)map_of(&r, 2 * FRAME_SIZE);
	EXPECT(!r.pool->debug);
	EXPECT_EQ(frame_managed_count(r.pool), 1);
	(void)map_of(&r, 3 * FRAME_SIZE);
	EXPECT(r.pool->debug);
	EXPECT_EQ(frame_managed_count(r.pool), 1);
}
