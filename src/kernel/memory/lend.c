/* SPDX-License-Identifier: MIT */
/*
 * lend.c - the commands `lend`, `reclaim` and `loans`: a reservation that its owner calls reusable
 * goes to the frame pool, and comes back before the owner needs it. A driver would know when that
 * is. This kernel has none, so the operator says it.
 */
#include "kernel/command.h"
#include "kernel/machine.h"
#include "kernel/memory/kernel_heap.h"
#include "kernel/memory/kmalloc.h"
#include "kernel/memory/ledger.h"
#include "lib/print.h"
#include "mm/heap/heap_cache.h"
#include "mm/setup.h"

/* A reservation that is lent. Without memory for a record it is lent anyway. */
struct loan {
	struct loan *next;
	struct acre_range range;
	frame_count_t nframes;
};

static struct heap_cache loan_cache;
static struct loan *first_loan;

static void note_loan(const struct memmap_region *region, frame_count_t nframes)
{
	if (loan_cache.heap == NULL)
		kcache_create(&loan_cache, "loans", sizeof(struct loan));
	struct loan *loan = kcache_alloc(&loan_cache);

	if (loan == NULL)
		return;
	*loan = (struct loan){ first_loan, region->range, nframes };
	first_loan = loan;
}

/* @address is in it. The region there may have become longer. */
static void forget_loan(acre_paddr_t address)
{
	struct loan **at = &first_loan;

	while (*at != NULL && !acre_range_contains((*at)->range, address))
		at = &(*at)->next;
	struct loan *loan = *at;
	if (loan == NULL)
		return;
	*at = loan->next;
	kcache_free(&loan_cache, loan);
}

static void show_loans(void)
{
	char name[MEMMAP_NAME_LEN];

	if (first_loan == NULL)
		acre_print("nothing is lent\n");
	for (const struct loan *loan = first_loan; loan != NULL; loan = loan->next) {
		const struct memmap_region *region =
			memmap_find(&machine.memmap, loan->range.start);
		acre_print("[0x%llx, 0x%llx) of %s: %llu frames\n",
			   (unsigned long long)loan->range.start,
			   (unsigned long long)loan->range.end, memmap_name(name, region),
			   (unsigned long long)loan->nframes);
	}
}

/*
 * The reusable region around @address has just gone from one state to the other: the books must
 * agree.
 */
static void say_moved(const struct memmap_region *region, frame_count_t before, const char *where)
{
	frame_count_t now = frame_managed_count(&machine.frames);
	char name[MEMMAP_NAME_LEN];

	acre_print("%llu frames of %s are %s\n",
		   (unsigned long long)(now > before ? now - before : before - now),
		   memmap_name(name, region), where);
	ledger_check_or_panic();
}

static void lend(unsigned nwords, char *const *word)
{
	frame_count_t before = frame_managed_count(&machine.frames);
	acre_paddr_t address;

	if (!command_address("lend ADDRESS", nwords, word, &address))
		return;
	enum acre_status s = mm_lend_reusable(&machine.frames, &machine.memmap, address);
	if (s == ACRE_OK) {
		const struct memmap_region *region = memmap_find(&machine.memmap, address);
		note_loan(region, frame_managed_count(&machine.frames) - before);
		say_moved(region, before, "lent to the frame pool");
	} else if (s == ACRE_ERR_NOT_FOUND)
		acre_print("no whole frame is there of a reusable reservation that is not lent\n");
	else
		acre_print("not lent: %s\n", acre_status_str(s));
}

static void reclaim(unsigned nwords, char *const *word)
{
	frame_count_t before = frame_managed_count(&machine.frames);
	acre_paddr_t address;

	if (!command_address("reclaim ADDRESS", nwords, word, &address))
		return;
	enum acre_status s = mm_take_back_reusable(&machine.frames, &machine.memmap, address);
	if (s == ACRE_ERR_OVERLAP && heap_shrink(&kernel_heap) != 0)
		s = mm_take_back_reusable(&machine.frames, &machine.memmap, address);
	if (s == ACRE_OK) {
		const struct memmap_region *region = memmap_find(&machine.memmap, address);
		forget_loan(address);
		say_moved(region, before, "reserved again");
	} else if (s == ACRE_ERR_NOT_FOUND)
		acre_print("nothing that is lent is there\n");
	else if (s == ACRE_ERR_OVERLAP)
		acre_print("some of its frames are handed out: try again when they are free\n");
	else
		acre_print("not reclaimed: %s\n", acre_status_str(s));
}

COMMAND(lend) = {
	.name = "lend",
	.usage = "lend ADDRESS",
	.help = "lend the reusable reservation there to the frame pool",
	.example = "lend 0xa8000000",
	.max_words = 1,
	.run_words = lend,
};

COMMAND(loans) = {
	.name = "loans",
	.usage = "loans",
	.help = "what is lent to the frame pool",
	.example = "loans",
	.run = show_loans,
};

COMMAND(reclaim) = {
	.name = "reclaim",
	.usage = "reclaim ADDRESS",
	.help = "take back what was lent there, if all of it is free",
	.example = "reclaim 0xa8000000",
	.max_words = 1,
	.run_words = reclaim,
};
