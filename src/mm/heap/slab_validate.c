/* SPDX-License-Identifier: MIT */
/* slab_validate.c - walks all slabs of a pool: which invariant of slab.c is broken? */
#include "lib/align.h"
#include "lib/lock_scoped.h"
#include "mm/heap/slab_internal.h"

static const char *check_frames(const struct slab_pool *pool, const struct slab *slab)
{
	uintptr_t base = (uintptr_t)SLAB_READ(slab, base);
	uintptr_t end = base + (size_t)SLAB_READ(slab, count) * SLAB_READ(slab, size);

	for (uintptr_t at = base; at < end; at += PAGE_MAP_FRAME) {
		if (page_map_find(pool->map, at) != slab)
			return "S1: a frame of a slab does not lead to it";
	}
	return NULL;
}

static bool is_of_size(const struct slab_class *c, const struct slab *slab)
{
	uint64_t size = SLAB_READ(slab, size);

	return (c->size == 0 || c->size == size) &&
	       SLAB_READ(slab, reciprocal) == UINT64_MAX / size + 1;
}

/* In a run, whose bytes are added to *@bytes; or in no region. */
static bool has_memory(const struct slab_pool *pool, const struct slab_class *c,
		       const struct slab *slab, size_t *bytes)
{
	const uint8_t *base = SLAB_READ(slab, base);
	bool placed = c->kind.placed;
	struct run run;

	if (run_of(pool->runs, base, &run) != ACRE_OK)
		return placed;
	*bytes += run.bytes;
	return !placed && run.kind == RUN_SLAB && run.start == base &&
	       run.bytes >= SLAB_READ(slab, count) * SLAB_READ(slab, size);
}

/* Adds the bytes of its run to *@bytes. */
static const char *check_slab(const struct slab_pool *pool, const struct slab_class *c,
			      const struct slab *slab, size_t *bytes)
{
	uint64_t count = SLAB_READ(slab, count);
	uint64_t any = 0;

	if (SLAB_READ(slab, class) != c->number || !is_of_size(c, slab))
		return "S1: a slab is not what its class says";
	if (count < c->least || count > c->count)
		return "S1: a slab has too few objects, or too many";
	if (!is_aligned((uintptr_t)SLAB_READ(slab, base), PAGE_MAP_FRAME) ||
	    !has_memory(pool, c, slab, bytes))
		return "S1: a slab does not lie in a run of its own";
	for (unsigned w = 0; w < SLAB_WORDS; w++) {
		uint64_t word = bitmap_atomic_word(&slab->free[w]);
		if ((word & ~slab_mask(count, w)) != 0)
			return "S2: a bit is set for an object that does not exist";
		any |= word;
	}
	if (any != 0 && SLAB_READ(slab, state) == SLAB_FULL)
		return "S3: a slab with a free object is not listed";
	return check_frames(pool, slab);
}

/* Is @slab, of a hart, after one of another hart, and has its own hart one before that? */
static bool lies_apart(const struct slab_class *c, const struct slab *slab)
{
	const struct slab *prev = SLAB_READ(slab, prev);
	uint32_t owner = SLAB_READ(slab, owner);

	if (prev == NULL || SLAB_READ(prev, owner) == owner)
		return false;
	for (const struct slab *s = SLAB_READ(c, list[SLAB_STOCK]); s != prev;
	     s = SLAB_READ(s, next)) {
		if (SLAB_READ(s, owner) == owner)
			return true;
	}
	return false;
}

/* Adds how many slabs there are to *@n, and the bytes of their runs to *@bytes. */
static const char *check_list(const struct slab_pool *pool, const struct slab_class *c,
			      unsigned state, size_t *n, size_t *bytes)
{
	const struct slab *prev = NULL;

	for (const struct slab *slab = SLAB_READ(c, list[state]); slab != NULL;
	     slab = SLAB_READ(slab, next)) {
		const char *broken = check_slab(pool, c, slab, bytes);
		if (broken != NULL)
			return broken;
		if (SLAB_READ(slab, prev) != prev || ++*n > SLAB_READ(c, nslabs))
			return "S3: the list of a class is damaged";
		if (SLAB_READ(slab, state) != state)
			return "S3: a slab is on the list of another state";
		if (state == SLAB_STOCK && lies_apart(c, slab))
			return "S3: the slabs of a hart do not lie side by side";
		prev = slab;
	}
	return NULL;
}

static const char *check_class(struct slab_pool *pool, struct slab_class *c, size_t *bytes)
{
	LOCK_SCOPED(held, &c->lock);
	size_t n = 0;

	for (unsigned state = 0; state < SLAB_STATES; state++) {
		const char *broken = check_list(pool, c, state, &n, bytes);
		if (broken != NULL)
			return broken;
	}
	if (n != SLAB_READ(c, nslabs))
		return "S3: a class does not have the slabs that it counts";
	return NULL;
}

/* Adds how many there are to *@n. */
static const char *check_spares(struct slab_pool *pool, size_t *n)
{
	LOCK_SCOPED(held, &pool->runs->lock);

	for (const struct slab *slab = pool->spare; slab != NULL; slab = SLAB_READ(slab, next)) {
		uint64_t any = 0;
		for (unsigned w = 0; w < SLAB_WORDS; w++)
			any |= bitmap_atomic_word(&slab->free[w]);
		if (SLAB_READ(slab, class) != 0 || SLAB_READ(slab, count) != 0 || any != 0)
			return "S4: a spare descriptor is in use";
		if (++*n > SLAB_READ(pool, ndescriptors))
			return "S4: there are more spare descriptors than descriptors";
	}
	*n += pool->nfresh;
	return *n == SLAB_READ(pool, ndescriptors) ? NULL : "S4: a descriptor is lost";
}

const char *slab_pool_validate(struct slab_pool *pool)
{
	struct run_stats runs;
	size_t bytes = 0;
	size_t n = 0;

	for (unsigned class = 1; class <= SLAB_LARGE; class ++) {
		const char *broken = check_class(pool, &pool->class[class], &bytes);
		if (broken != NULL)
			return broken;
		n += SLAB_READ(&pool->class[class], nslabs);
	}
	run_pool_stats(pool->runs, &runs);
	if (runs.slab_bytes != bytes)
		return "S5: a run is a slab's, and no slab has it";
	return check_spares(pool, &n);
}
