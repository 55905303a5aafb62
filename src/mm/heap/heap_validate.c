/* SPDX-License-Identifier: MIT */
/* heap_validate.c - walks a whole heap: which invariant of its parts, or of heap.c, is broken? */
#include "mm/heap/heap_internal.h"

#define LOOKS 16u

static const char *check_tables(struct heap *h)
{
	struct run run;

	for (uint32_t i = 0; i < h->runs.buddy.nregions; i++) {
		const void *start =
			(const void *)h->table[i].start; /* NOLINT(performance-no-int-to-ptr) */
		if (run_of(&h->runs, start, &run) == ACRE_OK && run.kind != RUN_TABLE)
			return "H2: a table of the heap can be handed out";
	}
	return NULL;
}

static const char *check_class_of_size(const struct heap *h, size_t size)
{
	unsigned class = heap_class_of(h, size);

	if (class == 0 || class > SLAB_CLASSES || slab_class_size(class) < size ||
	    (class > 1 && slab_class_size(class - 1) >= size))
		return "H3: a size does not have the smallest class";
	unsigned now = heap_class_now(h, size);
	if (now != class && now != slab_shared_class(class))
		return "H3: a size is served by a class that is not for it";
	return NULL;
}

static const char *validate_once(struct heap *h)
{
	const char *broken = run_pool_validate(&h->runs);

	if (broken == NULL && h->object_limit != HEAP_MAX_OBJECT + 1)
		broken = "H1: the heap was not initialised";
	if (broken == NULL)
		broken = slab_pool_validate(&h->slabs);
	if (broken == NULL)
		broken = check_tables(h);
	for (size_t size = 0; broken == NULL && size <= HEAP_MAX_OBJECT; size += SLAB_UNIT)
		broken = check_class_of_size(h, size);
	return broken;
}

/*
 * What another hart has under way (a slab whose run is not back yet) looks like damage. Damage is
 * still there when one looks again.
 */
const char *heap_validate(struct heap *h)
{
	const char *broken = NULL;

	for (unsigned look = 0; look < LOOKS; look++) {
		broken = validate_once(h);
		if (broken == NULL)
			return NULL;
	}
	return broken;
}
