/* SPDX-License-Identifier: MIT */
/* stocks.h - the stocks of a pool or a heap that is measured: where those of the kernel's are. */
#ifndef BENCH_STOCKS_H
#define BENCH_STOCKS_H

#include "kernel/hart/hart_slot.h"
#include "lib/panic.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "mm/heap/heap.h"

/* The slots of @type in @slots, which are registered once. */
static inline const struct hart_slots *bench_slots(const struct hart_slot_type *type,
						   struct hart_slots *slots)
{
	if (slots->offset == 0 && hart_slot_register(type, slots) != ACRE_OK)
		acre_panic("a record has no room for the %s", type->name);
	return slots;
}

/* bench_stocks - slots in the records of harts, for @pool: always the same pool. */
static inline const struct hart_slots *bench_stocks(struct frame_pool *pool)
{
	static struct hart_slot_type type; /* BSS: a kernel has no data that is initialised */
	static struct hart_slots slots;

	type = (struct hart_slot_type){
		.name = "stock of the pool that is measured",
		.size = sizeof(struct frame_stock),
		.align = _Alignof(struct frame_stock),
		.init = frame_stock_init,
		.leave = frame_stock_leave,
		.context = pool,
	};
	return bench_slots(&type, &slots);
}

/* bench_heap_stocks - the same for @heap: always the same heap. */
static inline const struct hart_slots *bench_heap_stocks(struct heap *heap)
{
	static struct hart_slot_type type;
	static struct hart_slots slots;

	type = (struct hart_slot_type){
		.name = "stock of the heap that is measured",
		.size = sizeof(struct slab_stock),
		.align = _Alignof(struct slab_stock),
		.init = heap_stock_init,
		.leave = heap_stock_leave,
		.context = heap,
	};
	return bench_slots(&type, &slots);
}

#endif
