/* SPDX-License-Identifier: MIT */
/* heap_validate.c - walks a whole heap: which invariant of heap.c or buddy.c is broken? */
#include "lib/lock_scoped.h"
#include "mm/heap/buddy_internal.h"
#include "mm/heap/heap_internal.h"

/* Pre: @r passed buddy_validate(). Adds to *@live; false if a tag is none of the heap's. */
static bool count_live(const struct buddy_region *r, uint64_t *live)
{
	uintptr_t end = (uintptr_t)r->base + r->size;

	for (uintptr_t addr = (uintptr_t)r->base; addr < end;) {
		uint8_t entry = *buddy_entry(r, addr);
		unsigned kind = buddy_kind(entry);

		if (kind > BUDDY_KIND_LIVE + HEAP_TAG_ALIGNED)
			return false;
		*live += kind >= BUDDY_KIND_LIVE;
		addr += buddy_bytes(buddy_order(entry));
	}
	return true;
}

static const char *check_figures(const struct heap *h)
{
	uint64_t live = 0;

	for (uint32_t i = 0; i < h->buddy.nregions; i++) {
		if (!count_live(&h->buddy.region[i], &live))
			return "H2: a live block has a tag that does not exist";
	}
	if (live != h->count.allocations - h->count.frees)
		return "H2: the number of live blocks is not allocations - frees";
	if (h->count.peak_bytes < h->buddy.total_bytes - h->buddy.free_bytes)
		return "H3: the peak is below what is handed out";
	if (h->count.peak_bytes > h->buddy.total_bytes)
		return "H3: the peak is above the total";
	return NULL;
}

const char *heap_validate(struct heap *h)
{
	LOCK_SCOPED(held, &h->lock);
	const char *broken = buddy_validate(&h->buddy);

	if (broken == NULL && h->buddy.max_order != BUDDY_MAX_ORDER)
		broken = "H1: the heap was not initialised";
	if (broken == NULL)
		broken = check_figures(h);
	return broken;
}
