/* SPDX-License-Identifier: MIT */
/*
 * objects.c - loops over objects of the kernel's heap: of several sizes, each of which is a class
 * of its own, drawn anew for each object. Players that hold many of them hold parts of many slabs.
 */
#include "bench/scaling/players.h"
#include "kernel/memory/kernel_heap.h"
#include "kernel/memory/kmalloc.h"
#include "lib/compiler.h"
#include "lib/panic.h"
#include "lib/string.h"

/* What the heap may take for each player, beside its arena. */
#define HEAP_EACH ((size_t)1 << 20)

static const uint16_t sizes[] = { 16, 48, 96, 208, 512, 1024 };

/* ---- operations ------------------------------------------------------------------------------- */

static size_t any_object_size(struct player *p)
{
	return sizes[player_random(p) % ARRAY_SIZE(sizes)];
}

static void *take_object(struct player *p, size_t size)
{
	uint64_t before = lines_foreign(p->index);
	void *object = kmalloc(size);

	player_count(&p->own, before);
	if (object == NULL)
		acre_panic("the heap has no object for player %u", p->index);
	return object;
}

static void give_object(struct player *p, struct cost *cost, void *object)
{
	uint64_t before = lines_foreign(p->index);

	kfree(object);
	player_count(cost, before);
}

static void hold_object(struct player *p, size_t size)
{
	p->object[p->nheld++] = take_object(p, size);
}

static void give_object_at(struct player *p, uint64_t i)
{
	void *object = p->object[i];

	p->object[i] = p->object[--p->nheld];
	give_object(p, &p->own, object);
}

static void give_any_object(struct player *p)
{
	give_object_at(p, player_random(p) % p->nheld);
}

/* ---- loops ------------------------------------------------------------------------------------ */

void step_object_hold(struct player *p)
{
	if (p->nheld < HELD || (p->nheld == HELD && player_random(p) % 2 == 0))
		hold_object(p, any_object_size(p));
	else
		give_any_object(p);
}

void step_object_fill(struct player *p)
{
	if (p->nheld == 0)
		p->top = FILL / 2 + player_random(p) % (FILL / 2);
	p->giving = p->nheld == 0 ? false : p->giving || p->nheld >= p->top;
	if (p->giving)
		give_any_object(p);
	else
		hold_object(p, any_object_size(p));
}

/* What comes in is as large as what went out: else the heap might be full for one size only. */
void step_object_full(struct player *p)
{
	if (p->nheld < p->capacity) {
		hold_object(p, p->size != 0 ? p->size : any_object_size(p));
		p->size = 0;
		return;
	}
	uint64_t i = player_random(p) % p->nheld;
	p->size = heap_usable_size(&kernel_heap, p->object[i]);
	give_object_at(p, i);
}

void step_object_pass(struct player *p)
{
	struct player *to = p->next;
	uintptr_t object = atomic_exchange(&p->slot[p->out % SLOTS], 0);

	if (object != 0) {
		p->out++;
		give_object(p, &p->others, (void *)object);
		return;
	}
	if (atomic_load(&to->slot[to->in % SLOTS]) == 0)
		atomic_store(&to->slot[to->in++ % SLOTS],
			     (uintptr_t)take_object(p, any_object_size(p)));
}

/* ---- before and after ------------------------------------------------------------------------- */

uint64_t objects_begin(unsigned n)
{
	struct heap_stats stats;
	size_t sum = 0;

	heap_set_limits(&kernel_heap, n * HEAP_EACH, 0);
	(void)heap_shrink(&kernel_heap);
	heap_stats(&kernel_heap, &stats);
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
		sum += sizes[i];
	size_t bytes = stats.free_bytes + n * HEAP_EACH - stats.grown_bytes;
	return bytes / 10 * 9 / n * ARRAY_SIZE(sizes) / sum;
}

void objects_end(struct player *p)
{
	while (p->nheld != 0)
		kfree(p->object[--p->nheld]);
	for (unsigned i = 0; i < SLOTS; i++)
		kfree((void *)atomic_exchange(&p->slot[i], 0));
}
