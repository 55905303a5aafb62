/* SPDX-License-Identifier: MIT */
/*
 * lend.c - the commands `lend` and `reclaim`: a reservation that its owner calls reusable goes to
 * the frame pool, and comes back before the owner needs it. A driver would know when that is. This
 * kernel has none, so the operator says it.
 */
#include "kernel/command.h"
#include "kernel/machine.h"
#include "kernel/memory/ledger.h"
#include "lib/print.h"
#include "mm/setup.h"

/*
 * The reusable region around @address has just gone from one state to the other: the books must
 * agree.
 */
static void say_moved(acre_paddr_t address, frame_count_t before, const char *where)
{
	const struct memmap_region *region = memmap_find(&machine.memmap, address);
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
	if (s == ACRE_OK)
		say_moved(address, before, "lent to the frame pool");
	else if (s == ACRE_ERR_NOT_FOUND)
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
	if (s == ACRE_OK)
		say_moved(address, before, "reserved again");
	else if (s == ACRE_ERR_NOT_FOUND)
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
	.max_words = 1,
	.run_words = lend,
};

COMMAND(reclaim) = {
	.name = "reclaim",
	.usage = "reclaim ADDRESS",
	.help = "take back what was lent there, if all of it is free",
	.max_words = 1,
	.run_words = reclaim,
};
