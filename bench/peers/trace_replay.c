/* SPDX-License-Identifier: MIT */
/*
 * trace_replay.c - what a trace says, done on a heap.
 *
 * What a block has at its ends depends on its slot and its size, so two blocks that overlap there,
 * and a block whose bytes were not kept, are found when they are freed, moved or left over. A
 * thorough replay fills every byte: so any two that overlap are found. calloc() is replayed as an
 * allocation, since none of the heaps' tables has it: to clear is the same for all.
 */
#include "bench/peers/trace_replay.h"

#include <string.h>

#define ENDS  16u        /* a block of so many bytes has a word at each end, a shorter one a byte */
#define CHUNK (1u << 14) /* operations between two looks at the clock */

static inline uint64_t word_of(uint64_t slot, uint64_t size)
{
	return (slot + 1) * 0x9e3779b97f4a7c15u + size * 0xc2b2ae3d27d4eb4fu;
}

/* ---- the ends of a block ------------------------------------------------------------------------ */

static inline void write_ends(const struct replay_block *b, uint64_t word)
{
	if (b->size >= ENDS) {
		memcpy(b->at, &word, sizeof(word));
		memcpy(b->at + b->size - sizeof(word), &word, sizeof(word));
	} else {
		b->at[0] = (uint8_t)word;
		b->at[b->size - 1] = (uint8_t)word;
	}
}

/* Both ends of the first @kept bytes of what was a block of @size bytes, which are at @at now. */
static inline bool has_ends(const uint8_t *at, uint32_t size, uint32_t kept, uint64_t word)
{
	uint64_t first = word;
	uint64_t last = word;

	if (size < ENDS)
		return at[0] == (uint8_t)word && (kept < size || at[size - 1] == (uint8_t)word);
	memcpy(&first, at, kept < sizeof(first) ? kept : sizeof(first));
	if (kept >= size)
		memcpy(&last, at + size - sizeof(last), sizeof(last));
	return first == word && last == word;
}

/* ---- every byte --------------------------------------------------------------------------------- */

static void write_all(const struct replay_block *b, uint64_t word)
{
	uint32_t i = 0;

	for (; i + sizeof(word) <= b->size; i += sizeof(word))
		memcpy(b->at + i, &word, sizeof(word));
	memcpy(b->at + i, &word, b->size - i);
	if (b->size < ENDS)
		memset(b->at, (uint8_t)word, b->size);
	else
		memcpy(b->at + b->size - sizeof(word), &word, sizeof(word));
}

/* A word at each multiple of 8 from the start, and one at the end, which was written last. */
static bool has_all(const uint8_t *at, uint32_t size, uint32_t kept, uint64_t word)
{
	uint32_t whole = size < ENDS ? 0 : (size - (uint32_t)sizeof(word)) / 8 * 8;
	uint64_t found;

	for (uint32_t i = 0; size < ENDS && i < kept && i < size; i++) {
		if (at[i] != (uint8_t)word)
			return false;
	}
	for (uint32_t i = 0; i < whole && i + sizeof(word) <= kept; i += sizeof(word)) {
		memcpy(&found, at + i, sizeof(found));
		if (found != word)
			return false;
	}
	return has_ends(at, size, kept, word);
}

/* ---- operations --------------------------------------------------------------------------------- */

static void blame(struct replay *r, const char *what)
{
	if (r->broken == NULL)
		r->broken = what;
}

static inline void look_at(struct replay *r, const struct replay_block *b, const uint8_t *at,
			   uint32_t kept, uint64_t slot, const char *what)
{
	const uint64_t word = word_of(slot, b->size);

	if (r->thorough ? !has_all(at, b->size, kept, word) : !has_ends(at, b->size, kept, word))
		blame(r, what);
}

static inline void write_to(struct replay *r, const struct replay_block *b,
			    const struct trace_op *op)
{
	const uint64_t word = word_of(op->slot, b->size);

	if (((uintptr_t)b->at & (((uintptr_t)1 << op->align_log2) - 1)) != 0)
		blame(r, "a block is not aligned");
	if (!r->thorough) {
		write_ends(b, word);
		return;
	}
	if (r->low != NULL &&
	    (b->at < r->low || b->at >= r->high || b->size > (size_t)(r->high - b->at))) {
		blame(r, "a block lies outside of the arena");
		return;
	}
	write_all(b, word);
}

static inline bool do_alloc(struct replay *r, const struct trace_op *op)
{
	struct replay_block *b = &r->block[op->slot];

	b->at = r->heap->alloc(r->heap->heap, op->size, (size_t)1 << op->align_log2);
	if (b->at == NULL)
		return false;
	b->size = op->size;
	b->align_log2 = op->align_log2;
	write_to(r, b, op);
	return true;
}

static inline void do_free(struct replay *r, uint32_t slot)
{
	struct replay_block *b = &r->block[slot];

	look_at(r, b, b->at, b->size, slot, "a block was overwritten");
	r->heap->free(r->heap->heap, b->at, b->size, (size_t)1 << b->align_log2);
	b->at = NULL;
}

/* It owes the alignment of malloc() and no more; the heap is told of the block's first one. */
static inline bool do_realloc(struct replay *r, const struct trace_op *op)
{
	struct replay_block *b = &r->block[op->slot];
	const uint32_t kept = b->size < op->size ? b->size : op->size;

	look_at(r, b, b->at, b->size, op->slot, "a block was overwritten");
	uint8_t *at = r->heap->realloc(r->heap->heap, b->at, b->size, (size_t)1 << b->align_log2,
				       op->size);
	if (at == NULL)
		return false;
	look_at(r, b, at, kept, op->slot, "the contents of a block were lost as it moved");
	b->at = at;
	b->size = op->size;
	write_to(r, b, op);
	return true;
}

static inline bool do_op(struct replay *r, const struct trace_op *op)
{
	switch (op->kind) {
	case TRACE_ALLOC:
		return do_alloc(r, op);
	case TRACE_REALLOC:
		return do_realloc(r, op);
	default:
		do_free(r, op->slot);
		return true;
	}
}

void replay_run(struct replay *r)
{
	const struct trace *t = r->trace;

	memset(r->block, 0, t->slots * sizeof(r->block[0]));
	r->broken = NULL;
	r->late = false;
	for (r->done = 0; r->done < t->n; r->done++) {
		if (!do_op(r, &t->op[r->done]))
			return;
		if (r->done % CHUNK == 0 && r->deadline != 0 && r->now() > r->deadline) {
			r->late = true;
			return;
		}
	}
}

void replay_end(struct replay *r)
{
	for (uint32_t slot = 0; slot < r->trace->slots; slot++) {
		if (r->block[slot].at != NULL)
			do_free(r, slot);
	}
}
