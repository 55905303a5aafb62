/* SPDX-License-Identifier: MIT */
/*
 * frame_debug.c - debug mode: which caller had a frame, and was it written to after it was freed?
 *
 * Each frame of a bank has a record of what happened to it last:
 *
 *	site    where the call came from that took it, or freed it
 *	event   | number of the event, 40 bits | hart, 16 bits | state, 8 bits |
 *
 *	       insert             take                  free, first half
 *	  . -------------> NEVER -------> TAKEN -----------------------> FREEING
 *	    remove: back         free bit   ^                               |
 *	                         cleared    |                               | filled with POISON
 *	                         before     +------------ FREED <-----------+
 *	                                    take    then free bit set
 *
 * NEVER is all zeros: nothing is known of the bytes. FREED: they are all POISON. A hart that takes
 * a frame owns it, by its bit, before it reads and writes the record. A hart that frees a run
 * changes TAKEN to FREEING with the lock, a few frames at a time, and back again if not all of them
 * are TAKEN. So of two harts that free one frame one is refused, and the other owns it until the
 * bit is set. So filling and checking the bytes, which take long, need no lock.
 *
 * The switch is pool->debug, and the pool is watched (frame_watch.c), so that a pool that is not in
 * debug mode pays nothing for single frames. In debug mode they are taken from the shared stock,
 * with the lock (frame_stock_here()), and what is taken or freed is recorded.
 *
 * A bank without records is not in debug mode; the other banks are.
 */
#include "lib/align.h"
#include "lib/bits.h"
#include "lib/compiler.h"
#include "lib/lock_scoped.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_internal.h"

#define TAKEN   FRAME_RECORD_TAKEN
#define FREEING FRAME_RECORD_FREEING
#define FREED   FRAME_RECORD_FREED

/* Odd, and no address that could be: a pointer that was read from a freed frame traps. */
#define POISON 0x7fe3d9a5c3f1e08bull

#define WORDS (FRAME_SIZE / sizeof(uint64_t))

#define HART_SHIFT   8u
#define HART_BITS    16u
#define NUMBER_SHIFT (HART_SHIFT + HART_BITS)

_Static_assert(PLATFORM_MAX_HARTS <= 1u << HART_BITS, "a record has 16 bits for the hart");
_Static_assert(sizeof(struct frame_record) == 16, "16 bytes a frame, as frame.h says");

/* ---- setting up ----------------------------------------------------------------------------- */

size_t frame_record_bytes(frame_count_t nframes)
{
	return nframes * sizeof(struct frame_record);
}

/* Then a hart may have a stock, also if all was removed again. */
static bool was_ever_inserted(const struct frame_pool *pool)
{
	for (uint32_t b = 0; b < pool->nbanks; b++) {
		if (pool->bank[b].inserted_end != 0)
			return true;
	}
	return false;
}

static enum acre_status attach_records(struct frame_pool *pool, frame_nr_t pfn, void *records,
				       size_t bytes)
{
	struct frame_bank *bank = frame_bank_of(pool, pfn);

	if (bank == NULL)
		return ACRE_ERR_RANGE;
	if (bytes < frame_record_bytes(bank->nframes))
		return ACRE_ERR_NOMEM;
	if (was_ever_inserted(pool))
		return ACRE_ERR_INVALID;
	memset(records, 0, frame_record_bytes(bank->nframes));
	bank->records = records;
	pool->debug = true;
	frame_watch(pool);
	return ACRE_OK;
}

enum acre_status frame_pool_debug(struct frame_pool *pool, frame_nr_t pfn, void *records,
				  size_t bytes)
{
	if (records == NULL)
		return ACRE_ERR_INVALID;
	if (!is_aligned((uintptr_t)records, sizeof(uint64_t)))
		return ACRE_ERR_MISALIGNED;
	LOCK_SCOPED(held, &pool->lock);
	return attach_records(pool, pfn, records, bytes);
}

/* ---- records -------------------------------------------------------------------------------- */

/* Of [@pfn, @pfn + @nframes), or NULL if that is not all in one bank, or the bank has none. */
static struct frame_record *records_of(struct frame_pool *pool, frame_nr_t pfn,
				       frame_count_t nframes)
{
	struct frame_bank *bank = frame_bank_of(pool, pfn);

	if (bank == NULL || bank->records == NULL || nframes > bank->first + bank->nframes - pfn)
		return NULL;
	return &bank->records[pfn - bank->first];
}

static uint64_t event_of(const struct frame_record *record)
{
	return atomic_load_explicit(&record->event, memory_order_acquire);
}

/* What all frames of one call get. */
static uint64_t new_event(struct frame_pool *pool)
{
	uint64_t number = atomic_fetch_add_explicit(&pool->events, 1, memory_order_relaxed) + 1;

	return number << NUMBER_SHIFT | (uint64_t)platform_hart() << HART_SHIFT;
}

static void write_record(struct frame_record *record, const void *caller, uint64_t event)
{
	atomic_store_explicit(&record->site, (uintptr_t)caller, memory_order_relaxed);
	atomic_store_explicit(&record->event, event, memory_order_release);
}

bool frame_past(struct frame_pool *pool, frame_nr_t pfn, struct frame_past *past)
{
	const struct frame_record *record = records_of(pool, pfn, 1);
	uint64_t event = record != NULL ? event_of(record) : 0;

	if (event == 0)
		return false;
	*past = (struct frame_past){
		.what = (event & 0xff) <= FREEING ? "taken" : "freed",
		.caller = (const void *)(uintptr_t)atomic_load_explicit(&record->site,
									memory_order_relaxed),
		.hart = event >> HART_SHIFT & ((1u << HART_BITS) - 1),
		.number = event >> NUMBER_SHIFT,
	};
	return true;
}

void frame_debug_forget(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes)
{
	struct frame_record *record = records_of(pool, pfn, nframes);

	for (frame_count_t i = 0; record != NULL && i < nframes; i++)
		write_record(&record[i], NULL, 0);
}

/* ---- bytes ---------------------------------------------------------------------------------- */

static void fill_frame(struct frame_pool *pool, frame_nr_t pfn)
{
	uint64_t *words = frame_ptr(pool, pfn);

	for (unsigned i = 0; i < WORDS; i += 4) {
		words[i] = POISON;
		words[i + 1] = POISON;
		words[i + 2] = POISON;
		words[i + 3] = POISON;
	}
}

/* The offset of the first byte of the frame that is not that of POISON, or FRAME_SIZE. */
static unsigned first_wrong(struct frame_pool *pool, frame_nr_t pfn)
{
	const uint64_t *words = frame_ptr(pool, pfn);

	for (unsigned i = 0; i < WORDS; i++) {
		uint64_t wrong = words[i] ^ POISON;
		if (unlikely(wrong != 0)) /* little-endian, as RISC-V is */
			return i * (unsigned)sizeof(words[0]) + bits_ctz(wrong) / 8;
	}
	return FRAME_SIZE;
}

/* ---- taking and freeing --------------------------------------------------------------------- */

/* @pfn was just taken: was it written to since the free that its record tells of? */
static void check_contents(struct frame_pool *pool, frame_nr_t pfn, const void *caller)
{
	const struct frame_record *record = records_of(pool, pfn, 1);
	struct frame_past past = { 0 };

	if (frame_record_state(record) != FREED)
		return;
	unsigned offset = first_wrong(pool, pfn);
	if (likely(offset == FRAME_SIZE))
		return;
	(void)frame_past(pool, pfn, &past);
	platform_bad_free(&(struct platform_bad_free){
		.allocator = "frame",
		.address = frame_to_paddr(pfn) + offset,
		.caller = caller,
		.what = "written after it was freed",
		.actual_start = frame_to_paddr(pfn),
		.actual_size = FRAME_SIZE,
		.is_write = true,
		.past = past.what,
		.past_caller = past.caller,
		.past_hart = past.hart,
	});
}

void frame_debug_take(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
		      const void *caller)
{
	struct frame_record *record = pfn != FRAME_NONE ? records_of(pool, pfn, nframes) : NULL;

	if (record == NULL)
		return;
	uint64_t event = new_event(pool) | TAKEN;
	for (frame_count_t i = 0; i < nframes; i++) {
		check_contents(pool, pfn + i, caller);
		write_record(&record[i], caller, event);
	}
}

/*
 * A run is claimed in batches of so many frames. The lock is free in between: no hart waits for all
 * of it.
 */
#define CLAIM_BATCH 64u

static frame_count_t batch_at(frame_count_t i, frame_count_t nframes)
{
	return nframes - i < CLAIM_BATCH ? nframes - i : CLAIM_BATCH;
}

/*
 * Are all of the @n records in state @state? If so, and @next is another one, that is what they are
 * in now.
 */
static bool change_all(struct frame_pool *pool, struct frame_record *record, frame_count_t n,
		       enum frame_record_state state, enum frame_record_state next)
{
	LOCK_SCOPED(held, &pool->lock);

	for (frame_count_t i = 0; i < n; i++) {
		if (frame_record_state(&record[i]) != state)
			return false;
	}
	for (frame_count_t i = 0; i < n && next != state; i++)
		atomic_store_explicit(&record[i].event, event_of(&record[i]) - state + next,
				      memory_order_release);
	return true;
}

/*
 * From TAKEN to FREEING, batch by batch, until one is not all TAKEN: how many. The rest of a record
 * stays.
 */
static frame_count_t claim_batches(struct frame_pool *pool, struct frame_record *record,
				   frame_count_t nframes)
{
	frame_count_t i = 0;

	while (i < nframes && change_all(pool, &record[i], batch_at(i, nframes), TAKEN, FREEING))
		i += batch_at(i, nframes);
	return i;
}

/*
 * All of them from TAKEN to FREEING, or none. They are checked first: a free that is wrong in any
 * case must not claim a frame that another hart correctly frees meanwhile. Of two harts that free
 * the same frames at the same moment at least one finds a batch claimed, and takes its own claims
 * back.
 */
static bool claim_run(struct frame_pool *pool, struct frame_record *record, frame_count_t nframes)
{
	for (frame_count_t i = 0; i < nframes; i += batch_at(i, nframes)) {
		if (!change_all(pool, &record[i], batch_at(i, nframes), TAKEN, TAKEN))
			return false;
	}
	frame_count_t claimed = claim_batches(pool, record, nframes);
	for (frame_count_t i = 0; claimed != nframes && i < claimed; i += batch_at(i, claimed))
		(void)!change_all(pool, &record[i], batch_at(i, claimed), FREEING, TAKEN);
	return claimed == nframes;
}

bool frame_debug_free(struct frame_pool *pool, frame_nr_t pfn, frame_count_t nframes,
		      const void *caller)
{
	struct frame_record *record = records_of(pool, pfn, nframes);

	/* Without records the bits decide, and so they do for what is not all in one bank. */
	if (record == NULL || nframes == 0)
		return true;
	uint64_t event = new_event(pool);
	bool ours = claim_run(pool, record, nframes);
	for (frame_count_t i = 0; ours && i < nframes; i++) {
		fill_frame(pool, pfn + i);
		write_record(&record[i], caller, event | FREED);
	}
	return ours;
}
