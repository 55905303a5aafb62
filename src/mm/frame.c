/* SPDX-License-Identifier: MIT */
/*
 * frame.c - the frame pool: banks, each with two bits a frame, under one lock.
 *
 * A bank is one contiguous piece of RAM. Its metadata, which the caller supplies, is two bitmaps
 * over the same indices, index i standing for frame first + i:
 *
 *	frame         first                                        first + npages - 1
 *	              |                                                             |
 *	inserted      0 0 0 0 1 1 1 1 1 1 1 1 1 1 1 1 0 0 0 1 1 1 1 1 1 1 1 1 1 1 1 1
 *	free (tree)   0 0 0 0 0 0 1 1 0 1 1 1 1 1 0 0 0 0 0 1 1 1 1 1 1 1 1 1 1 1 1 1
 *	              |_____| |_| |_|
 *	   never inserted  handed  free
 *	  (kernel, tables)  out
 *
 * 'free' is a hierarchical bitmap (bitmap_tree.c), since it is searched; 'inserted' is a plain one,
 * since it is only asked about ranges that somebody names. A free may happen exactly where inserted
 * is 1 and free is 0: that is the whole of the check against double and foreign frees.
 *
 *	metadata of a bank:   | tree level 0 | level 1 | ... | inserted |
 *	                        n bits         n / 64          n bits
 *
 * Allocation is first fit by address: the lowest frame, the lowest run. That is deterministic, and
 * keeps what is in use together, so that long runs survive at the far end. Two lower bounds shorten
 * the way to the lowest frame: lowest_bank, and in each bank lowest. An upper bound, inserted_end,
 * spares boot, which inserts upwards, a look at words that are clear: four million of them at 1 TiB.
 *
 * Invariants (frame_validate() checks them by these numbers):
 *   F1  banks are not empty, sorted by address, disjoint, and below FRAME_LIMIT.
 *   F2  the tree of each bank is a valid bitmap_tree of npages bits.
 *   F3  free implies inserted; the bits of inserted behind npages are clear.
 *   F4  a bank's managed and free are the numbers of set bits; the pool's are the sums of those.
 *   F5  no index below a bank's lowest is free.
 *   F6  no bank below lowest_bank has a free frame.
 *   F7  no index from a bank's inserted_end on is inserted.
 *
 * Each public function is: check the arguments, take the lock, look, and only if all is well change
 * (take(), give(), and the two in frame_insert() and frame_remove() are the only places that do),
 * drop the lock, then report or clear memory.
 */
#include "mm/frame.h"

#include "lib/align.h"
#include "lib/panic.h"
#include "lib/platform.h"
#include "lib/string.h"

/* ---- setting up ------------------------------------------------------------------------------ */

size_t frame_metadata_bytes(npages_t npages)
{
	return (bitmap_tree_words(npages) + bitmap_words(npages)) * sizeof(uint64_t);
}

enum status frame_pool_init(struct frame_pool *pool, uint64_t offset)
{
	if (!is_aligned(offset, PAGE_SIZE))
		return ERR_MISALIGNED;
	memset(pool, 0, sizeof(*pool));
	lock_init(&pool->lock, "frames");
	pool->offset = offset;
	return STATUS_OK;
}

static bool is_frame_range(pfn_t first, npages_t npages)
{
	return first < FRAME_LIMIT && npages <= FRAME_LIMIT - first;
}

/* How many banks start below @pfn, or at it. */
static uint32_t banks_upto(const struct frame_pool *pool, pfn_t pfn)
{
	uint32_t low = 0;
	uint32_t high = pool->nbanks;

	while (low < high) {
		uint32_t mid = (low + high) / 2;
		if (pool->bank[mid].first <= pfn)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Where in the table a bank of [@first, @first + @npages) belongs. */
static enum status find_slot(const struct frame_pool *pool, pfn_t first, npages_t npages,
			     uint32_t *slot)
{
	uint32_t at = banks_upto(pool, first);

	if (at > 0 && first - pool->bank[at - 1].first < pool->bank[at - 1].npages)
		return ERR_OVERLAP;
	if (at < pool->nbanks && pool->bank[at].first - first < npages)
		return ERR_OVERLAP;
	if (pool->nbanks == FRAME_MAX_BANKS)
		return ERR_FULL;
	*slot = at;
	return STATUS_OK;
}

static enum status bank_init(struct frame_bank *bank, pfn_t first, npages_t npages, uint64_t *words)
{
	*bank = (struct frame_bank){ .first = first, .npages = npages };
	bank->inserted = words + bitmap_tree_words(npages);
	memset(bank->inserted, 0, bitmap_words(npages) * sizeof(words[0]));
	return bitmap_tree_init(&bank->tree, words, npages);
}

static enum status add_bank(struct frame_pool *pool, pfn_t first, npages_t npages, uint64_t *words)
{
	uint32_t slot;
	enum status status = find_slot(pool, first, npages, &slot);

	if (status != STATUS_OK)
		return status;
	memmove(&pool->bank[slot + 1], &pool->bank[slot],
		(pool->nbanks - slot) * sizeof(pool->bank[0]));
	pool->nbanks++; /* F6 still holds: the new bank has no free frame, and none moved down */
	return bank_init(&pool->bank[slot], first, npages, words);
}

enum status frame_pool_add_bank(struct frame_pool *pool, pfn_t first, npages_t npages,
				void *metadata, size_t bytes)
{
	if (npages == 0 || metadata == NULL)
		return ERR_INVALID;
	if (!is_frame_range(first, npages))
		return ERR_RANGE;
	if (!is_aligned((uintptr_t)metadata, sizeof(uint64_t)))
		return ERR_MISALIGNED;
	if (bytes < frame_metadata_bytes(npages))
		return ERR_NOMEM;
	unsigned long irq = lock_acquire(&pool->lock);
	enum status status = add_bank(pool, first, npages, metadata);
	lock_release(&pool->lock, irq);
	return status;
}

/* ---- finding and marking, lock held ---------------------------------------------------------- */

/* The bank of @pfn, or NULL. */
static struct frame_bank *bank_of(struct frame_pool *pool, pfn_t pfn)
{
	uint32_t upto = banks_upto(pool, pfn);

	if (upto == 0)
		return NULL;
	struct frame_bank *bank = &pool->bank[upto - 1];
	return pfn - bank->first < bank->npages ? bank : NULL;
}

/* The bank that has all of [@pfn, @pfn + @npages), and the index of @pfn in it. */
static enum status locate(struct frame_pool *pool, pfn_t pfn, npages_t npages,
			  struct frame_bank **bank, uint64_t *index)
{
	if (npages == 0)
		return ERR_INVALID;
	*bank = bank_of(pool, pfn);
	if (*bank == NULL)
		return ERR_RANGE;
	*index = pfn - (*bank)->first;
	return npages <= (*bank)->npages - *index ? STATUS_OK : ERR_RANGE;
}

/* [@index, @index + @n) was free and is not now. */
static void take(struct frame_pool *pool, struct frame_bank *bank, uint64_t index, npages_t n)
{
	if (n == 1)
		bitmap_tree_clear_bit(&bank->tree, index);
	else
		bitmap_tree_clear(&bank->tree, index, n);
	bank->free -= n;
	pool->free -= n;
	if (index == bank->lowest)
		bank->lowest = index + n;
}

/* [@index, @index + @n) is inserted and not free, and is free now. */
static void give(struct frame_pool *pool, struct frame_bank *bank, uint64_t index, npages_t n)
{
	if (n == 1)
		bitmap_tree_set_bit(&bank->tree, index);
	else
		bitmap_tree_set(&bank->tree, index, n);
	bank->free += n;
	pool->free += n;
	if (index < bank->lowest)
		bank->lowest = index;
	if (bank < &pool->bank[pool->lowest_bank])
		pool->lowest_bank = (uint32_t)(bank - pool->bank);
}

/* Are all of [@index, @index + @n) free? If not, say why, as frame_alloc_at() does. */
static enum status check_free(const struct frame_bank *bank, uint64_t index, npages_t n)
{
	if (bitmap_tree_all_set(&bank->tree, index, n))
		return STATUS_OK;
	if (bitmap_next_clear(bank->inserted, index, index + n) != BITMAP_NONE)
		return ERR_NOT_FOUND;
	return ERR_OVERLAP;
}

/* Take [@pfn, @pfn + @npages) and say where that is, or say why not and change nothing. */
static enum status take_exactly(struct frame_pool *pool, pfn_t pfn, npages_t npages,
				struct frame_bank **bank, uint64_t *index)
{
	enum status status = locate(pool, pfn, npages, bank, index);

	if (status == STATUS_OK)
		status = check_free(*bank, *index, npages);
	if (status == STATUS_OK)
		take(pool, *bank, *index, npages);
	return status;
}

/* ---- inserting and removing ------------------------------------------------------------------ */

/* Is any of [@index, @index + @n) inserted? */
static bool any_inserted(const struct frame_bank *bank, uint64_t index, npages_t n)
{
	uint64_t end = index + n < bank->inserted_end ? index + n : bank->inserted_end;

	return bitmap_next_set(bank->inserted, index, end) != BITMAP_NONE;
}

enum status frame_insert(struct frame_pool *pool, pfn_t pfn, npages_t npages)
{
	struct frame_bank *bank;
	uint64_t index;
	unsigned long irq = lock_acquire(&pool->lock);
	enum status status = locate(pool, pfn, npages, &bank, &index);

	if (status == STATUS_OK && any_inserted(bank, index, npages))
		status = ERR_OVERLAP;
	if (status == STATUS_OK) {
		bitmap_set(bank->inserted, index, npages);
		if (index + npages > bank->inserted_end)
			bank->inserted_end = index + npages;
		bank->managed += npages;
		pool->managed += npages;
		give(pool, bank, index, npages);
	}
	lock_release(&pool->lock, irq);
	return status;
}

enum status frame_remove(struct frame_pool *pool, pfn_t pfn, npages_t npages)
{
	struct frame_bank *bank;
	uint64_t index;
	unsigned long irq = lock_acquire(&pool->lock);
	enum status status = take_exactly(pool, pfn, npages, &bank, &index);

	if (status == STATUS_OK) {
		bitmap_clear(bank->inserted, index, npages);
		bank->managed -= npages;
		pool->managed -= npages;
	}
	lock_release(&pool->lock, irq);
	return status;
}

/* ---- taking ---------------------------------------------------------------------------------- */

/* The lowest free frame, lock held. */
static pfn_t take_lowest(struct frame_pool *pool)
{
	for (uint32_t b = pool->lowest_bank; b < pool->nbanks; b++) {
		struct frame_bank *bank = &pool->bank[b];

		if (bank->free == 0)
			continue;
		uint64_t index = bitmap_tree_next_set(&bank->tree, bank->lowest);
		ASSERT(index != BITMAP_NONE);
		pool->lowest_bank = b;
		bank->lowest = index;
		take(pool, bank, index, 1);
		return bank->first + index;
	}
	return PFN_NONE;
}

pfn_t frame_alloc(struct frame_pool *pool)
{
	unsigned long irq = lock_acquire(&pool->lock);
	pfn_t pfn = take_lowest(pool);

	lock_release(&pool->lock, irq);
	return pfn;
}

/* The lowest run, lock held. @align in frames. */
static pfn_t take_run(struct frame_pool *pool, npages_t npages, npages_t align)
{
	for (uint32_t b = pool->lowest_bank; b < pool->nbanks; b++) {
		struct frame_bank *bank = &pool->bank[b];

		if (bank->free < npages)
			continue;
		uint64_t index = bitmap_tree_first_run(&bank->tree, bank->lowest, npages, align,
						       bank->first);
		if (index == BITMAP_NONE)
			continue;
		take(pool, bank, index, npages);
		return bank->first + index;
	}
	return PFN_NONE;
}

pfn_t frame_alloc_range(struct frame_pool *pool, npages_t npages, uint64_t align_bytes)
{
	if (npages == 0 || !is_power_of_two(align_bytes) || align_bytes < PAGE_SIZE)
		return PFN_NONE;
	unsigned long irq = lock_acquire(&pool->lock);
	pfn_t pfn = take_run(pool, npages, align_bytes >> PAGE_SHIFT);
	lock_release(&pool->lock, irq);
	return pfn;
}

/* The frames are ours alone by now: no lock needed. */
static pfn_t zeroed(struct frame_pool *pool, pfn_t pfn, npages_t npages)
{
	if (pfn != PFN_NONE)
		memset(frame_ptr(pool, pfn), 0, npages << PAGE_SHIFT);
	return pfn;
}

pfn_t frame_alloc_zeroed(struct frame_pool *pool)
{
	return zeroed(pool, frame_alloc(pool), 1);
}

pfn_t frame_alloc_range_zeroed(struct frame_pool *pool, npages_t npages, uint64_t align_bytes)
{
	return zeroed(pool, frame_alloc_range(pool, npages, align_bytes), npages);
}

enum status frame_alloc_at(struct frame_pool *pool, pfn_t pfn, npages_t npages)
{
	struct frame_bank *bank;
	uint64_t index;
	unsigned long irq = lock_acquire(&pool->lock);
	enum status status = take_exactly(pool, pfn, npages, &bank, &index);

	lock_release(&pool->lock, irq);
	return status;
}

/* ---- giving back ----------------------------------------------------------------------------- */

/* Why a free is refused: the first frame that is not handed out, and what it is instead. */
struct offence {
	enum status status;
	pfn_t pfn;
	bool exists; /* it is in a bank */
	const char *what;
};

/* The first of [@index, @index + @n) that is not handed out; false if there is none. */
static bool first_offence(const struct frame_bank *bank, uint64_t index, npages_t n,
			  struct offence *offence)
{
	if (n == 1 && bitmap_test(bank->inserted, index) && !bitmap_tree_test(&bank->tree, index))
		return false; /* nearly every free there is */
	uint64_t missing = bitmap_next_clear(bank->inserted, index, index + n);
	uint64_t free = bitmap_tree_next_set(&bank->tree, index);
	uint64_t first = missing < free ? missing : free;

	if (first >= index + n) /* BITMAP_NONE is above all */
		return false;
	*offence = (struct offence){ ERR_NOT_ALLOCATED, bank->first + first, true,
				     free == first ? "free already" : "never inserted" };
	return true;
}

/* False, @offence filled and nothing changed, unless all were handed out. Lock held. */
static bool give_back(struct frame_pool *pool, pfn_t pfn, npages_t npages, struct offence *offence)
{
	struct frame_bank *bank = bank_of(pool, pfn);

	if (npages == 0) {
		*offence = (struct offence){ ERR_INVALID, pfn, false, "a range of no frames" };
		return false;
	}
	if (bank == NULL) {
		*offence = (struct offence){ ERR_RANGE, pfn, false,
					     pfn == PFN_NONE ? "no frame" : "not in any bank" };
		return false;
	}
	uint64_t index = pfn - bank->first;
	npages_t inside = bank->npages - index;
	if (first_offence(bank, index, npages < inside ? npages : inside, offence))
		return false;
	if (npages > inside) {
		*offence = (struct offence){ ERR_RANGE, pfn + inside, false,
					     "past the end of the bank" };
		return false;
	}
	give(pool, bank, index, npages);
	return true;
}

/* A frame number that no address can have is reported as the highest address. */
static uint64_t address_of(pfn_t pfn)
{
	return pfn <= UINT64_MAX >> PAGE_SHIFT ? pfn_to_paddr(pfn) : UINT64_MAX;
}

static uint64_t bytes_of(npages_t npages)
{
	return npages <= UINT64_MAX >> PAGE_SHIFT ? npages << PAGE_SHIFT : UINT64_MAX;
}

/* @said: how many frames the caller named, 0 if it did not. */
static enum status free_frames(struct frame_pool *pool, pfn_t pfn, npages_t npages, npages_t said,
			       const void *caller)
{
	struct offence offence;
	unsigned long irq = lock_acquire(&pool->lock);
	bool ok = give_back(pool, pfn, npages, &offence);

	lock_release(&pool->lock, irq);
	if (likely(ok))
		return STATUS_OK;
	platform_bad_free(&(struct bad_free){
		.allocator = "frame",
		.address = address_of(pfn),
		.size = bytes_of(said),
		.caller = caller,
		.what = offence.what,
		.actual_start = address_of(offence.pfn),
		.actual_size = offence.exists ? PAGE_SIZE : 0,
	});
	return offence.status;
}

enum status frame_free(struct frame_pool *pool, pfn_t pfn)
{
	return free_frames(pool, pfn, 1, 0, CALLER());
}

enum status frame_free_range(struct frame_pool *pool, pfn_t pfn, npages_t npages)
{
	return free_frames(pool, pfn, npages, npages, CALLER());
}

enum status frame_free_range_from(struct frame_pool *pool, pfn_t pfn, npages_t npages,
				  const void *caller)
{
	return free_frames(pool, pfn, npages, npages, caller);
}

enum status frame_free_address(struct frame_pool *pool, paddr_t addr)
{
	if (is_aligned(addr, PAGE_SIZE))
		return free_frames(pool, paddr_to_pfn(addr), 1, 0, CALLER());
	platform_bad_free(&(struct bad_free){
		.allocator = "frame",
		.address = addr,
		.caller = CALLER(),
		.what = "misaligned",
		.actual_start = align_down(addr, PAGE_SIZE),
		.actual_size = PAGE_SIZE,
	});
	return ERR_MISALIGNED;
}

/* ---- asking ---------------------------------------------------------------------------------- */

bool frame_is_free(struct frame_pool *pool, pfn_t pfn)
{
	unsigned long irq = lock_acquire(&pool->lock);
	const struct frame_bank *bank = bank_of(pool, pfn);
	bool yes = bank != NULL && bitmap_tree_test(&bank->tree, pfn - bank->first);

	lock_release(&pool->lock, irq);
	return yes;
}

bool frame_is_managed(struct frame_pool *pool, pfn_t pfn)
{
	unsigned long irq = lock_acquire(&pool->lock);
	const struct frame_bank *bank = bank_of(pool, pfn);
	bool yes = bank != NULL && bitmap_test(bank->inserted, pfn - bank->first);

	lock_release(&pool->lock, irq);
	return yes;
}

/* Lock held. */
static pfn_t next_free(const struct frame_pool *pool, pfn_t pfn)
{
	uint32_t upto = banks_upto(pool, pfn);

	/* The bank that @pfn is in or behind, then those above it from their start. */
	for (uint32_t b = upto != 0 ? upto - 1 : 0; b < pool->nbanks; b++) {
		const struct frame_bank *bank = &pool->bank[b];
		uint64_t from = pfn > bank->first ? pfn - bank->first : 0;
		uint64_t index = bitmap_tree_next_set(&bank->tree, from);

		if (index != BITMAP_NONE)
			return bank->first + index;
	}
	return PFN_NONE;
}

pfn_t frame_next_free(struct frame_pool *pool, pfn_t pfn)
{
	unsigned long irq = lock_acquire(&pool->lock);
	pfn_t found = next_free(pool, pfn);

	lock_release(&pool->lock, irq);
	return found;
}

npages_t frame_free_count(struct frame_pool *pool)
{
	unsigned long irq = lock_acquire(&pool->lock);
	npages_t count = pool->free;

	lock_release(&pool->lock, irq);
	return count;
}

npages_t frame_managed_count(struct frame_pool *pool)
{
	unsigned long irq = lock_acquire(&pool->lock);
	npages_t count = pool->managed;

	lock_release(&pool->lock, irq);
	return count;
}

bool frame_pool_is_empty(struct frame_pool *pool)
{
	return frame_free_count(pool) == 0;
}
