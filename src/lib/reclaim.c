/* SPDX-License-Identifier: MIT */
/* reclaim.c - the list of hooks, and whose turn it is to be asked. */
#include "lib/reclaim.h"

#include "lib/lock_scoped.h"
#include "lib/platform.h"

void reclaim_init(struct reclaim_list *reclaim, const struct hart_slots *slots)
{
	*reclaim = (struct reclaim_list){ .slots = *slots };
	reclaim->slots.spare = &reclaim->shared;
	ticket_lock_init_level(&reclaim->lock, "reclaim hooks", TICKET_LOCK_RECLAIM);
}

void reclaim_add(struct reclaim_list *reclaim, struct reclaim_hook *hook)
{
	LOCK_SCOPED(held, &reclaim->lock);
	struct reclaim_hook *_Atomic *end = &reclaim->first;
	struct reclaim_hook *other;

	while ((other = atomic_load_explicit(end, memory_order_relaxed)) != NULL)
		end = &other->next;
	atomic_store_explicit(&hook->next, NULL, memory_order_relaxed);
	atomic_store_explicit(end, hook, memory_order_release);
}

static struct reclaim_hook *hook_after(struct reclaim_list *reclaim, struct reclaim_hook *last)
{
	return atomic_load_explicit(last != NULL ? &last->next : &reclaim->first,
				    memory_order_acquire);
}

static bool ask_hook(struct reclaim_hook *hook, size_t bytes)
{
	atomic_fetch_add_explicit(&hook->asked, 1, memory_order_relaxed);
	if (!hook->give(hook->context, bytes))
		return false;
	atomic_fetch_add_explicit(&hook->gave, 1, memory_order_relaxed);
	return true;
}

static bool ask_rest(struct reclaim_list *reclaim, struct reclaim_hook **last, size_t bytes)
{
	struct reclaim_hook *hook;

	while ((hook = hook_after(reclaim, *last)) != NULL) {
		*last = hook;
		if (ask_hook(hook, bytes))
			return true;
	}
	return false;
}

/* The slot stays the same one if a hook goes on as another hart. */
bool reclaim_more(struct reclaim_list *reclaim, struct reclaim_hook **last, size_t bytes)
{
	if (reclaim == NULL || !platform_may_wait() || hook_after(reclaim, *last) == NULL)
		return false;
	struct reclaim_slot *slot = hart_slots_own(&reclaim->slots);
	if (atomic_exchange_explicit(&slot->busy, 1, memory_order_acquire) != 0)
		return false;
	bool gave = ask_rest(reclaim, last, bytes);
	atomic_store_explicit(&slot->busy, 0, memory_order_release);
	return gave;
}
