/* SPDX-License-Identifier: MIT */
/* heap_request.c - requests that say more than a size: flags, and where the block has to lie. */
#include "lib/align.h"
#include "lib/reclaim.h"
#include "lib/string.h"
#include "mm/heap/heap_internal.h"

#define ALL_FLAGS ((unsigned)HEAP_NO_GROW | (unsigned)HEAP_ZERO)

static enum acre_status check_heap_request(const struct heap *h, const struct heap_request *request)
{
	const bool no_grow = (request->flags & HEAP_NO_GROW) != 0;

	if ((request->flags & ~ALL_FLAGS) != 0)
		return ACRE_ERR_INVALID;
	if (request->align != 0 && !is_power_of_two(request->align))
		return ACRE_ERR_MISALIGNED;
	if (request->place == NULL)
		return ACRE_OK;
	if (no_grow || request->size <= HEAP_MAX_OBJECT)
		return ACRE_ERR_INVALID;
	return h->slabs.frames.take != NULL ? ACRE_OK : ACRE_ERR_UNSUPPORTED;
}

static void *alloc_placed(struct heap *h, const struct heap_request *request, size_t align)
{
	void *ptr;

	if (request->size > HEAP_MAX_SIZE || align > HEAP_MAX_SIZE)
		return NULL;
	if (align < PAGE_MAP_FRAME)
		align = PAGE_MAP_FRAME;
	do
		ptr = slab_alloc_large(&h->slabs, request->size, align, request->place);
	while (ptr == NULL && slab_give_up_empty(&h->slabs));
	return ptr;
}

static void *alloc_requested(struct heap *h, const struct heap_request *request, size_t align)
{
	const bool grow = (request->flags & HEAP_NO_GROW) == 0;
	const bool can_be = request->size <= HEAP_MAX_SIZE && align <= HEAP_MAX_SIZE;
	struct reclaim_hook *asked = NULL;
	void *ptr;

	do
		ptr = request->place != NULL ? alloc_placed(h, request, align)
					     : heap_alloc_any(h, request->size, align, grow);
	while (ptr == NULL && grow && can_be && reclaim_more(h->reclaim, &asked, request->size));
	return ptr;
}

enum acre_status heap_alloc_request(struct heap *h, const struct heap_request *request,
				    void **block, const void *caller)
{
	const size_t align = request->align != 0 ? request->align : HEAP_MIN_ALIGN;
	enum acre_status s = check_heap_request(h, request);

	*block = s == ACRE_OK ? alloc_requested(h, request, align) : NULL;
	if (s == ACRE_OK && *block == NULL)
		s = ACRE_ERR_NOMEM;
	if (s == ACRE_ERR_NOMEM || s == ACRE_ERR_MISALIGNED)
		(void)!heap_note_failure(h, request->size, align, caller);
	if (s == ACRE_OK && (request->flags & HEAP_ZERO) != 0)
		memset(*block, 0, request->size);
	return s;
}
