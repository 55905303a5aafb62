/* SPDX-License-Identifier: MIT */
/* ticket.c - our ticket lock around the calls of a heap, or nothing around them. */
#include "bench/peers/ticket.h"

static void *alloc_in_turn(void *around, size_t size, size_t align)
{
	struct ticket_around *a = around;
	unsigned long irq = ticket_lock_acquire(&a->lock);
	void *block = a->heap->alloc(a->heap->heap, size, align);

	ticket_lock_release(&a->lock, irq);
	return block;
}

static void free_in_turn(void *around, void *block, size_t size, size_t align)
{
	struct ticket_around *a = around;
	unsigned long irq = ticket_lock_acquire(&a->lock);

	a->heap->free(a->heap->heap, block, size, align);
	ticket_lock_release(&a->lock, irq);
}

static void *realloc_in_turn(void *around, void *block, size_t size, size_t align, size_t new_size)
{
	struct ticket_around *a = around;
	unsigned long irq = ticket_lock_acquire(&a->lock);

	block = a->heap->realloc(a->heap->heap, block, size, align, new_size);
	ticket_lock_release(&a->lock, irq);
	return block;
}

static void *forward_alloc(void *around, size_t size, size_t align)
{
	const struct bench_heap *h = ((struct ticket_around *)around)->heap;

	return h->alloc(h->heap, size, align);
}

static void forward_free(void *around, void *block, size_t size, size_t align)
{
	const struct bench_heap *h = ((struct ticket_around *)around)->heap;

	h->free(h->heap, block, size, align);
}

static void *forward_realloc(void *around, void *block, size_t size, size_t align, size_t new_size)
{
	const struct bench_heap *h = ((struct ticket_around *)around)->heap;

	return h->realloc(h->heap, block, size, align, new_size);
}

struct bench_heap *ticket_around_heap(struct ticket_around *a, const struct bench_heap *heap)
{
	ticket_lock_init(&a->lock, "peer");
	a->heap = heap;
	a->table = (struct bench_heap){ a, alloc_in_turn, free_in_turn, realloc_in_turn };
	return &a->table;
}

struct bench_heap *forward_around_heap(struct ticket_around *a, const struct bench_heap *heap)
{
	a->heap = heap;
	a->table = (struct bench_heap){ a, forward_alloc, forward_free, forward_realloc };
	return &a->table;
}
