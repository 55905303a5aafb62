/* SPDX-License-Identifier: MIT */
/*
 * frame_stock.c - the word of 64 frames from which a hart takes its next single frames.
 *
 * The frames of a stock are not the hart's. They are free, and any hart may take them; but harts
 * choose chunks that no other hart uses (frame_choose.c), so another hart takes them only when
 * memory is short. This has simple consequences:
 *
 *   - a handler that interrupts any instruction of frame_single.c may take and free frames: two
 *     atomic instructions on one word do not meet;
 *   - a frame may be freed on any hart: it is the same bit;
 *   - an idle or a dead hart holds no frames back;
 *   - a frame in a stock is free, so a second free of it is refused like any other;
 *   - an allocation fails only if every bit was clear when it was read.
 *
 *	 stock of hart 0 --+                +-- stock of hart 1
 *	                   v                v
 *	chunk 7  |00000000|..#.##..| ...    |  chunk 9  |........|#.#...
 *	          used up   next frame: the lowest bit
 *
 * A stock is two numbers, the first frame of the word and the bank. A caller may read them while
 * they change: a handler moves the stock in between, or the caller is preempted, goes on as another
 * hart, and has the stock of the one before. So it may have the frame of one moment and the bank of
 * another. It asks one thing: does that bank have that frame? If so, the pair is a word of the
 * pool, whoever uses it, and its bits say what can be taken. If not, the slow path follows. That
 * one comparison also finds a hart without a stock (FRAME_NONE is in no bank), and debug mode (the
 * fast paths of no bank reach any frame).
 *
 * A stock is written by its hart alone, with interrupts off, which also pins the caller to the
 * hart. Harts for which the caller of frame_pool_init() has lent no slot have pool->shared as their
 * stock, and so has every hart in debug mode. It is written with the lock, and read without it like
 * any.
 */
#include "lib/compiler.h"
#include "lib/platform.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_internal.h"

/* Any pair of an old and a new value does no harm, so the order does not matter. */
static inline void move_stock(struct frame_stock *stock, struct frame_bank *bank, frame_nr_t base)
{
	atomic_store_explicit(&stock->bank, bank, memory_order_relaxed);
	atomic_store_explicit(&stock->base, base, memory_order_relaxed);
}

void frame_stock_init(void *slot, void *context)
{
	const struct frame_pool *pool = context;
	struct frame_stock *stock = slot;

	move_stock(stock, pool->bank, FRAME_NONE);
	stock->seek = FRAME_NONE;
}

void frame_stock_leave(void *slot, void *context)
{
	const struct frame_pool *pool = context;

	if (slot != &pool->shared)
		move_stock(slot, pool->bank, FRAME_NONE);
}

frame_nr_t frame_stock_take_from(struct frame_stock *stock, struct frame_bank *bank, uint64_t c)
{
	bitmap_word *words = &bank->free[c * CHUNK_WORDS];

	for (uint64_t w = 0; w < CHUNK_WORDS; w++) {
		unsigned i;
		if (!frame_take_lowest(&words[w], &i))
			continue;
		frame_nr_t base = bank->base + c * CHUNK_BITS + w * BITS_PER_WORD;
		move_stock(stock, bank, base);
		return base + i;
	}
	return FRAME_NONE;
}

frame_nr_t frame_stock_take_nearby(struct frame_stock *stock)
{
	struct frame_bank *bank = frame_stock_bank(stock);
	uint64_t index = frame_stock_base(stock) - bank->base;

	if (index >= bank->nbits)
		return FRAME_NONE;
	return frame_stock_take_from(stock, bank, index / CHUNK_BITS);
}
